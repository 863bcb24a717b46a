//! `OnChainFeatures`: inputs that the chain itself reads, live or as a snapshot.

use crate::{ConsumerError, consumer::Hint, source::SourceKind};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolValue;
use verdict_chain::{
    Chain, ChainError, ChainExt, ConfigField, ConfigRules, Receipt,
    bindings::on_chain_features::OnChainFeatures,
};
use verdict_wire::breakpoint_parts;

/// The row of the table.
pub(crate) static KIND: SourceKind = SourceKind {
    kind: "on-chain",
    contract: "OnChainFeatures",
    evidence: "verdict evidence snapshot; inputs read live need none",
    config: ConfigRules {
        contracts: &["OnChainFeatures"],
        fields: FIELDS,
        words: &[],
        others: &["kind", "spec"],
    },
    hints: HINTS,
};

const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

const fn field(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("OnChainFeatures", name, meaning)
}

const fn feed(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("Feed", name, meaning)
}

/// As the contract documents them.
const FIELDS: &[ConfigField] = &[
    field("registry", "The registry of the model."),
    field("modelId", "The model; versions are prepared one by one."),
    field(
        "subject",
        "What the feeds are about; zero if there is nothing to tell apart.",
    )
    .default(ZERO),
    field(
        "feeds",
        "The model's inputs, in the manifest's order: a feed for every value. They fit in one \
         data contract: about fifty.",
    ),
    feed("target", "Which contract."),
    feed("data", "The whole calldata."),
    feed(
        "word",
        "The number is this 32-byte word of what it returns, from 0.",
    )
    .default("0"),
    feed(
        "isSigned",
        "Whether it is an `int256`; otherwise it is a `uint256`, and from 2^255 on it counts as \
         2^255 − 1.",
    )
    .default("false"),
    feed(
        "decimals",
        "It stands for `number / 10^decimals`; at most 36.",
    ),
    feed(
        "maxAge",
        "If not zero, word `timeWord` is a time, and one that is older, or further in the future, \
         makes the call a failure: for price feeds.",
    )
    .default("0"),
    feed("timeWord", "See there.").default("0"),
    feed("gasLimit", "Gas for the call; zero for all there is.").default("0"),
    feed(
        "optional",
        "Whether a failure gives `substitute`; otherwise it reverts. Needs a gas limit.",
    )
    .given("substitute"),
    feed("substitute", "In the same decimals.").default("0"),
    feed(
        "anySign",
        "Of a feed with `maxAge`: whether zero and negative numbers count, too.",
    )
    .default("false"),
];

/// What to do about its errors.
const HINTS: &[Hint] = &[
    Hint {
        errors: &["UnknownSnapshot"],
        advice: "take a snapshot first, with `verdict evidence snapshot`, and give what it writes as \
         evidence",
    },
    Hint {
        errors: &["VersionNotPrepared"],
        advice: "make the version's inputs readable first: `verdict evidence prepare`",
    },
    Hint {
        errors: &["WrongAccountCount", "WrongBreakpoints", "WrongPartLength"],
        advice: "the version's inputs are ranks among the model's breakpoints: `verdict evidence prepare`, with \
         the registered model, brings them",
    },
];

/// Evidence for `OnChainFeatures`: a snapshot that was taken.
pub fn snapshot_evidence(block: u64, timestamp: u64, words: &[U256]) -> Bytes {
    (U256::from(block), U256::from(timestamp), words.to_vec())
        .abi_encode_params()
        .into()
}

/// What it took to make a version's inputs readable.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The accounts that hold the model's breakpoints; none if no input is a rank.
    pub breakpoints: Vec<Address>,
    /// The transactions: one for each account that was not there yet, and the last one.
    pub receipts: Vec<Receipt>,
}

impl Prepared {
    /// Makes a version's inputs readable by the source. If inputs are ranks, `table` is the model's
    /// [`verdict_wire::breakpoint_table`], and is put where the source can read it; another model's is
    /// refused by the source.
    pub fn prepare(
        chain: &mut dyn Chain,
        source: Address,
        version: u32,
        table: Option<&[u8]>,
    ) -> Result<Self, ConsumerError> {
        let Some(table) = table else {
            let (_, receipt) = chain.transact(source, &OnChainFeatures::prepareCall { version })?;
            return Ok(Self {
                breakpoints: Vec::new(),
                receipts: vec![receipt],
            });
        };
        let (mut breakpoints, mut receipts) = (Vec::new(), Vec::new());
        for part in breakpoint_parts(table) {
            let call = OnChainFeatures::publishBreakpointsCall {
                part: part.to_vec().into(),
            };
            // The address follows from the bytes: what is there already is not sent again.
            let account = chain.read(source, &call)?;
            if chain.code(account)?.is_empty() {
                receipts.push(chain.transact(source, &call)?.1);
            }
            breakpoints.push(account);
        }
        let call = OnChainFeatures::prepareWithBreakpointsCall {
            version,
            breakpoints: breakpoints.clone(),
        };
        receipts.push(chain.transact(source, &call)?.1);
        Ok(Self {
            breakpoints,
            receipts,
        })
    }
}

/// A snapshot of a model version's inputs, which the source remembers.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The block it is of.
    pub block: u64,
    /// That block's time.
    pub timestamp: u64,
    /// The inputs, packed as a proof's public values have them.
    pub words: Vec<U256>,
    /// The transaction that took it.
    pub receipt: Receipt,
}

impl Snapshot {
    /// Has the chain read the inputs and remember them.
    pub fn take(chain: &mut dyn Chain, source: Address, pin: B256) -> Result<Self, ConsumerError> {
        let call = OnChainFeatures::snapshotCall { pin };
        let (_, receipt) = chain.transact(source, &call)?;
        Self::of_receipt(receipt, source, pin)
    }

    /// The snapshot that a transaction took.
    pub fn of_receipt(receipt: Receipt, source: Address, pin: B256) -> Result<Self, ConsumerError> {
        let event = receipt.event::<OnChainFeatures::SnapshotTaken>(source);
        let event = event.filter(|event| event.pin == pin).ok_or_else(|| {
            ConsumerError::Evidence(format!(
                "transaction {} took no snapshot of this model version at {source}",
                receipt.transaction
            ))
        })?;
        Ok(Self {
            block: event.blockNumber.saturating_to(),
            timestamp: event.timestamp.saturating_to(),
            words: event.words,
            receipt,
        })
    }

    /// What a consumer is shown of it.
    pub fn evidence(&self) -> Bytes {
        snapshot_evidence(self.block, self.timestamp, &self.words)
    }
}

/// The model's integers as the source reads them now, one input after the other.
pub fn live_integers(
    chain: &mut dyn Chain,
    source: Address,
    pin: B256,
) -> Result<Vec<i32>, ConsumerError> {
    let values = chain.read(source, &OnChainFeatures::integersCall { pin })?;
    Ok(values.into_iter().map(|value| value.as_i32()).collect())
}

/// The model whose inputs the source reads; refuses a contract that is no `OnChainFeatures`.
pub fn model_of_feeds(chain: &mut dyn Chain, source: Address) -> Result<U256, ConsumerError> {
    let call = OnChainFeatures::modelIdCall {};
    chain.read(source, &call).map_err(|error| match error {
        ChainError::Answer { .. } | ChainError::Refused(_) => ConsumerError::OtherSource {
            contract: source,
            expected: KIND.contract,
        },
        error => error.into(),
    })
}
