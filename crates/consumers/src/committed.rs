//! `CommittedFeatures`: inputs whose hash somebody put on chain beforehand.

use crate::{ConsumerError, Question, consumer::Hint, source::SourceKind};
use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolValue;
use rand::{RngCore, rngs::OsRng};
use verdict_chain::{
    Chain, ChainError, ChainExt, ConfigField, ConfigRules, Receipt,
    bindings::committed_features::CommittedFeatures,
};
use verdict_wire::InputWords;

/// The row of the table.
pub(crate) static KIND: SourceKind = SourceKind {
    kind: "committed",
    contract: "CommittedFeatures",
    evidence: "verdict evidence commit, before the proof is submitted",
    config: ConfigRules {
        contracts: &["CommittedFeatures"],
        fields: FIELDS,
        words: &[],
        others: &["kind"],
    },
    hints: HINTS,
};

const fn field(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("CommittedFeatures", name, meaning)
}

/// As the contract documents them.
const FIELDS: &[ConfigField] = &[
    field("registry", "The registry of the models."),
    field("admin", "Appoints committers."),
    field(
        "adminDelay",
        "How long a new administrator waits before accepting.",
    ),
    field("committer", "The first committer."),
    field("minimumAge", "Of what can be proved, in seconds."),
    field("maximumAge", "Of what can be proved, in seconds."),
];

/// What to do about its errors.
const HINTS: &[Hint] = &[
    Hint {
        errors: &["NotCommitted"],
        advice: "the evidence is not what was committed to last, for this consumer and subject: give the \
         file of that commitment",
    },
    Hint {
        errors: &["TooEarly"],
        advice: "wait: for a parameter, until it may move again; for a commitment, until the time it \
         names",
    },
    Hint {
        errors: &["TooLate"],
        advice: "commit again: `verdict evidence commit`",
    },
];

/// Evidence for `CommittedFeatures`: what was committed to, shown.
pub fn committed_evidence(committer: Address, inputs: &InputWords, salt: B256) -> Bytes {
    (
        committer,
        inputs.words.clone(),
        inputs.commitments.clone(),
        salt,
    )
        .abi_encode_params()
        .into()
}

/// A hash of inputs that is ready to be put on chain. Nothing was sent yet.
#[derive(Clone, Debug)]
pub struct Commitment {
    /// Who commits.
    pub committer: Address,
    /// What goes on chain.
    pub hash: B256,
    /// What shows it later; secret until then, and of no use to anyone who has lost it.
    pub evidence: Bytes,
    question: Question,
    minimum_age: u64,
    maximum_age: u64,
}

/// A hash that is on chain.
#[derive(Clone, Debug)]
pub struct Committed {
    /// When the inputs are true: when the hash was put on chain.
    pub timestamp: u64,
    /// From when on it can be shown.
    pub from: u64,
    /// Until when.
    pub until: u64,
    /// The transaction.
    pub receipt: Receipt,
}

impl Commitment {
    /// Makes a commitment under a salt of the operating system's randomness; refuses what the
    /// source would refuse.
    pub fn prepare(
        chain: &mut dyn Chain,
        question: Question,
        pin: B256,
        inputs: &InputWords,
    ) -> Result<Self, ConsumerError> {
        let (minimum_age, maximum_age) = ages(chain, question.source)?;
        let mut salt = B256::ZERO;
        OsRng.fill_bytes(&mut salt.0);
        let committer = chain.sender()?;
        let call = CommittedFeatures::hashOfCall {
            committer,
            consumer: question.consumer,
            pin,
            subject: question.subject,
            words: inputs.words.clone(),
            commitments: inputs.commitments.clone(),
            salt,
        };
        let commitment = Self {
            committer,
            hash: chain.read(question.source, &call)?,
            evidence: committed_evidence(committer, inputs, salt),
            question,
            minimum_age,
            maximum_age,
        };
        chain.read(question.source, &commitment.call())?;
        Ok(commitment)
    }

    /// Puts the hash on chain after `keep` has stored the evidence: without it, the hash is of no
    /// use.
    pub fn send<E: From<ConsumerError>>(
        &self,
        chain: &mut dyn Chain,
        keep: impl FnOnce(&Bytes) -> Result<(), E>,
    ) -> Result<Committed, E> {
        keep(&self.evidence)?;
        Ok(self.sent(chain)?)
    }

    fn sent(&self, chain: &mut dyn Chain) -> Result<Committed, ConsumerError> {
        let source = self.question.source;
        let (_, receipt) = chain.transact(source, &self.call())?;
        let of = CommittedFeatures::commitmentOfCall {
            committer: self.committer,
            consumer: self.question.consumer,
            subject: self.question.subject,
        };
        let time = chain.read(source, &of)?.timestamp;
        Ok(Committed {
            timestamp: time,
            from: time.saturating_add(self.minimum_age),
            until: time.saturating_add(self.maximum_age),
            receipt,
        })
    }

    const fn call(&self) -> CommittedFeatures::commitCall {
        CommittedFeatures::commitCall {
            consumer: self.question.consumer,
            subject: self.question.subject,
            hash: self.hash,
        }
    }
}

/// How old what is shown must be, and may be; refuses a contract that is no `CommittedFeatures`.
fn ages(chain: &mut dyn Chain, source: Address) -> Result<(u64, u64), ConsumerError> {
    let read = |chain: &mut dyn Chain| {
        let least = chain.read(source, &CommittedFeatures::minimumAgeCall {})?;
        let most = chain.read(source, &CommittedFeatures::maximumAgeCall {})?;
        Ok::<_, ChainError>((least.saturating_to(), most.saturating_to()))
    };
    read(chain).map_err(|error| match error {
        ChainError::Answer { .. } | ChainError::Refused(_) => ConsumerError::OtherSource {
            contract: source,
            expected: KIND.contract,
        },
        error => error.into(),
    })
}
