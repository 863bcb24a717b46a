//! What a service must know of a kind of consumer to keep its contracts fed.

use crate::{
    ConsumerError,
    parameter::{Arguments, Parameter},
};
use alloy_primitives::{Address, Bytes};
use verdict_chain::{Chain, Revert};

/// How contracts of a kind are kept fed.
#[derive(Clone, Copy, Debug)]
pub struct Feeding {
    /// Whether a newer occasion makes an older one worthless that was not handed in.
    pub newest_wins: bool,
    /// Which of two jobs goes first where only one can: the greater.
    pub priority: i32,
    /// What only a service must be told, beside an occasion's parameters.
    pub parameters: &'static [Parameter],
    /// What the contract says of itself.
    pub standing: Read<Standing>,
    /// What an account that hands proofs in still lacks, for people; nothing if it can.
    pub lacks: Lacks,
    /// What is due without a proof.
    pub due: Read<Vec<Due>>,
    /// For what occasion a proof is made now, if for any.
    pub occasion: fn(&mut dyn Chain, Address, &Foreseen<'_>) -> Result<Occasion, ConsumerError>,
    /// What its refusals mean; see [`Feeding::rule`].
    pub refusals: &'static [(Rule, &'static [&'static str])],
}

/// What an account lacks, at a contract with what its operator fixed.
pub(crate) type Lacks =
    fn(&mut dyn Chain, Address, &Arguments, Address) -> Result<Vec<String>, ConsumerError>;

/// Reads something of a contract, with what its operator fixed.
pub(crate) type Read<T> = fn(&mut dyn Chain, Address, &Arguments) -> Result<T, ConsumerError>;

/// What a proof made now would say.
#[derive(Clone, Copy, Debug)]
pub struct Foreseen<'a> {
    /// What the operator fixed.
    pub fixed: &'a Arguments,
    /// When the inputs are true, in seconds; zero if the contract reads them live.
    pub time: u64,
    /// The newest block whose hash a contract can know.
    pub block: u64,
    /// The values of the model's first output.
    pub outputs: &'a [f64],
    /// The same as the model's integers.
    pub integers: &'a [i32],
}

impl Foreseen<'_> {
    /// When the inputs are true, those that are read live as much as others.
    pub(crate) fn now(&self, chain: &mut dyn Chain) -> Result<u64, ConsumerError> {
        match self.time {
            0 => Ok(chain.latest()?.timestamp),
            time => Ok(time),
        }
    }
}

/// Whether there is anything to prove for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// There is: with these parameters.
    Now(Arguments),
    /// Not before this time.
    Later {
        /// In seconds.
        time: u64,
        /// Why.
        why: String,
    },
    /// The contract has no use for it.
    Useless(String),
}

/// What a contract says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Why it takes nothing at the moment, if it doesn't.
    pub closed: Option<String>,
    /// The value that it has now, as a real number.
    pub value: Option<f64>,
    /// Which value of the model's first output that is.
    pub index: usize,
    /// When that value's inputs were true, in seconds; zero if there is none.
    pub time: u64,
    /// How old they may become, in seconds, if it says so.
    pub heartbeat: Option<u64>,
}

/// A call that is due and needs no proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Names it among all of the contract's, for good.
    pub key: String,
    /// What it is, for people.
    pub what: String,
    /// Whom to call.
    pub to: Address,
    /// With what.
    pub data: Bytes,
    /// After when it is worthless, in seconds.
    pub until: Option<u64>,
}

/// What a refusal means for whoever wanted to hand something in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The same, or something newer, is there already.
    Superseded,
    /// The same call can succeed later.
    Retry,
    /// It takes newer inputs and another proof.
    Renew,
    /// Somebody has to look after it.
    Alarm,
}

impl Feeding {
    /// What a refusal means; what is in no table is for people.
    pub fn rule(&self, revert: &Revert) -> Rule {
        let mut rows = self.refusals.iter().chain(COMMON);
        let row = rows.find(|(_, names)| names.iter().any(|name| revert.is(name)));
        row.map_or(Rule::Alarm, |row| row.0)
    }
}

/// Refusals of what all consumers stand on.
const COMMON: &[(Rule, &[&str])] = &[
    (Rule::Retry, &["EnforcedPause"]),
    // A context, a signer set or a breakpoint that changed after the proof was made.
    (
        Rule::Renew,
        &["ProofRejected", "InvalidSignature", "UnknownSnapshot"],
    ),
];

/// Anybody can hand proofs in.
pub(crate) fn anybody(
    _: &mut dyn Chain,
    _: Address,
    _: &Arguments,
    _: Address,
) -> Result<Vec<String>, ConsumerError> {
    Ok(Vec::new())
}

/// Nothing is due.
pub(crate) fn nothing(
    _: &mut dyn Chain,
    _: Address,
    _: &Arguments,
) -> Result<Vec<Due>, ConsumerError> {
    Ok(Vec::new())
}

/// A fixed-point number as a real one, for comparisons that need no exactness.
pub(crate) fn real(number: impl ToString, decimals: u32) -> f64 {
    let number: f64 = number.to_string().parse().unwrap_or(f64::NAN);
    number / 10f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX))
}
