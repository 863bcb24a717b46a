//! What becomes of a trigger.

use std::{fmt, str::FromStr};

/// Where a trigger is on its way.
///
/// ```text
/// observed ─▶ inferred ─▶ queued ─▶ proving ─▶ proved ─▶ submitted ─▶ confirmed
///     └───────────┴──────────┴─────────┴─────────┴──────────┴──▶ superseded, expired, failed
/// ```
///
/// A call that needs no proof goes from `observed` to `proved` at once. What goes wrong on the way
/// goes back to where it is begun again: `inferred` and `proving` to an earlier state, `proved` to
/// `observed` if the proof became void, `submitted` to `proved` if its transaction is certain never
/// to be in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It happened.
    Observed,
    /// Inputs were read, and the model computed.
    Inferred,
    /// Evidence and context are there: it waits for a prover.
    Queued,
    /// Somebody proves.
    Proving,
    /// The proof was verified: it waits for its transaction.
    Proved,
    /// A transaction was signed and kept; it may have been sent.
    Submitted,
    /// The transaction is deep enough in the chain.
    Confirmed,
    /// Something newer made it worthless.
    Superseded,
    /// Its time was over.
    Expired,
    /// Somebody has to look after it.
    Failed,
}

/// Every state, with its name in the database.
const NAMES: [(State, &str); 10] = [
    (State::Observed, "observed"),
    (State::Inferred, "inferred"),
    (State::Queued, "queued"),
    (State::Proving, "proving"),
    (State::Proved, "proved"),
    (State::Submitted, "submitted"),
    (State::Confirmed, "confirmed"),
    (State::Superseded, "superseded"),
    (State::Expired, "expired"),
    (State::Failed, "failed"),
];

impl State {
    /// Every state.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(state, _)| state)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(state, _)| *state == self);
        named.map_or("", |(_, name)| name)
    }

    /// Whether nothing more will happen by itself.
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Confirmed | Self::Superseded | Self::Expired | Self::Failed
        )
    }

    /// Whether no transaction of it can be anywhere.
    pub const fn is_unsent(self) -> bool {
        matches!(
            self,
            Self::Observed | Self::Inferred | Self::Queued | Self::Proving | Self::Proved
        )
    }

    /// Whether the one may follow the other.
    pub fn may_become(self, next: Self) -> bool {
        use State::{Confirmed, Expired, Failed, Observed, Proved, Proving, Queued, Submitted};
        match (self, next) {
            // An operator takes it up again.
            (Failed | Expired, Observed) => true,
            (from, _) if from.is_over() => false,
            (Self::Observed, Self::Inferred | Proved) => true,
            (Self::Inferred, Observed | Queued) => true,
            (Queued, Observed | Proving) => true,
            (Proving, Queued | Proved) => true,
            (Proved, Observed | Submitted) => true,
            (Submitted, Proved | Confirmed | Observed) => true,
            (_, Self::Superseded | Expired | Failed) => true,
            _ => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = NAMES.iter().find(|(_, name)| *name == text);
        named
            .map(|(state, _)| *state)
            .ok_or_else(|| format!("`{text}` is no state of a trigger"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for state in State::all() {
            assert_eq!(state.name().parse(), Ok(state));
        }
        assert!("sent".parse::<State>().is_err());
    }

    #[test]
    fn what_is_over_is_taken_up_again_by_nobody_but_an_operator() {
        for over in State::all().filter(|state| state.is_over()) {
            let next: Vec<State> = State::all().filter(|next| over.may_become(*next)).collect();
            let by_hand = matches!(over, State::Failed | State::Expired);
            assert_eq!(
                next,
                if by_hand {
                    vec![State::Observed]
                } else {
                    vec![]
                }
            );
        }
    }

    #[test]
    fn nothing_is_confirmed_that_was_not_submitted() {
        for state in State::all().filter(|state| *state != State::Submitted) {
            assert!(!state.may_become(State::Confirmed), "{state}");
        }
    }
}
