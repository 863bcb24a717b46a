//! `SignedFeatures`: inputs that a quorum of signers vouches for.

use crate::{ConsumerError, consumer::Hint, source::SourceKind};
use alloy_primitives::{Address, U256};
use verdict_chain::{
    Chain, ChainError, ChainExt, ConfigField, ConfigRules,
    bindings::signed_features::SignedFeatures,
};

/// The row of the table.
pub(crate) static KIND: SourceKind = SourceKind {
    kind: "signed",
    contract: "SignedFeatures",
    evidence: "verdict sign … by each signer, then verdict evidence combine",
    config: ConfigRules {
        contracts: &["SignedFeatures"],
        fields: FIELDS,
        words: &[],
        others: &["kind"],
    },
    hints: HINTS,
};

const fn field(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("SignedFeatures", name, meaning)
}

/// As the contract documents them.
const FIELDS: &[ConfigField] = &[
    field("registry", "The registry of the models."),
    field(
        "owner",
        "Rotates the signers after a delay, revokes single ones at once.",
    ),
    field("signers", "Strictly ascending."),
    field("quorum", "How many must sign."),
    field(
        "rotationDelay",
        "How long before its execution a rotation is announced, in seconds.",
    ),
];

/// What to do about its errors.
const HINTS: &[Hint] = &[
    Hint {
        errors: &["QuorumNotMet"],
        advice: "collect more signatures: `verdict sign … --with FIRST`, then `verdict evidence combine`",
    },
    Hint {
        errors: &["SignersNotAscending"],
        advice: "list the signers' addresses in ascending order, none twice",
    },
    Hint {
        errors: &["InvalidSignature"],
        advice: "a signature is of other data, of another consumer or chain, or not of a signer in force: \
         ask the signers again",
    },
    Hint {
        errors: &["EvidenceTooShort"],
        advice: "this feature source asks for signatures: give the file that `verdict evidence \
                 combine` wrote, with `--evidence @evidence.hex`",
    },
    Hint {
        errors: &["QuorumOutOfRange"],
        advice: "a quorum is at least one, and no more than there are signers",
    },
];

/// The signers of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerSet {
    /// The set's number, which is part of what is signed.
    pub number: U256,
    /// Its members in their order; zero in the place of one that was revoked.
    pub signers: Vec<Address>,
    /// How many must sign.
    pub quorum: usize,
}

impl SignerSet {
    /// The set in force; refuses a contract that is no `SignedFeatures`.
    pub fn of(chain: &mut dyn Chain, source: Address) -> Result<Self, ConsumerError> {
        let read = |chain: &mut dyn Chain| {
            let number = chain.read(source, &SignedFeatures::signerSetCall {})?;
            let signers = chain.read(source, &SignedFeatures::signersCall {})?;
            let quorum = chain.read(source, &SignedFeatures::quorumCall {})?;
            Ok::<_, ChainError>(Self {
                number,
                signers,
                quorum: quorum.saturating_to(),
            })
        };
        read(chain).map_err(|error| match error {
            ChainError::Answer { .. } | ChainError::Refused(_) => ConsumerError::Evidence(format!(
                "{source} has no signers: only a SignedFeatures takes signatures; for an \
                 OnChainFeatures use `verdict evidence snapshot`, for a CommittedFeatures \
                 `verdict evidence commit`"
            )),
            error => error.into(),
        })
    }

    /// The place of a member that counts.
    pub fn position(&self, signer: Address) -> Option<usize> {
        let mut members = self.signers.iter();
        members.position(|member| *member == signer && !signer.is_zero())
    }

    /// An error that names those who count.
    pub fn stranger(&self, signer: Address, source: Address) -> ConsumerError {
        let known = self.signers.iter().filter(|member| !member.is_zero());
        let known: Vec<String> = known.map(ToString::to_string).collect();
        ConsumerError::Evidence(format!(
            "{signer} is no signer in force of {source}; they are {}",
            known.join(", ")
        ))
    }
}
