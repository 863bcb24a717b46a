//! `ScoredAirdrop`: an airdrop by a model's scores, one proof for a batch of accounts.

use crate::{
    ConsumerError, Entries,
    consumer::{Consumer, ConsumerKind, Example, Fact, Hint, hash},
    feeding::{self, Feeding, Foreseen, Occasion, Rule, Standing},
    parameter::{Arguments, Need, Parameter, ParameterKind},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use verdict_chain::{
    Chain, ChainError, ChainExt, ConfigField, ConfigRules,
    bindings::airdrop::{IScoredAirdrop, ScoredAirdrop},
};

/// A batch of an airdrop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AirdropBatch {
    /// The campaign.
    pub airdrop: Address,
    /// The batch's number.
    pub number: u64,
    /// The root of its entries.
    pub root: B256,
    /// Its entries.
    pub count: u32,
    /// Which of the campaign's models.
    pub place: u64,
}

/// What a proof for a `ScoredAirdrop` is bound to, and the subject of its evidence.
pub fn payload(batch: U256, entries_root: B256, count: u32) -> B256 {
    hash((
        keccak256("ScoredAirdropBatch(uint256 batch,bytes32 entriesRoot,uint256 count)"),
        batch,
        entries_root,
        U256::from(count),
    ))
}

impl AirdropBatch {
    fn digest(&self) -> B256 {
        payload(U256::from(self.number), self.root, self.count)
    }
}

impl Consumer for AirdropBatch {
    fn kind(&self) -> &'static ConsumerKind {
        &KIND
    }

    fn consumer(&self) -> Address {
        self.airdrop
    }

    fn pin(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        let models = chain.read(self.airdrop, &ScoredAirdrop::modelsCall {})?;
        let place = usize::try_from(self.place).ok();
        let model = place.and_then(|place| models.get(place).copied());
        let model = model.ok_or_else(|| ChainError::Answer {
            contract: self.airdrop,
            function: "models()".into(),
            detail: format!("the campaign has no model number {}", self.place),
        })?;
        Ok(model)
    }

    fn source(&self, chain: &mut dyn Chain) -> Result<Address, ConsumerError> {
        Ok(chain.read(self.airdrop, &ScoredAirdrop::sourceCall {})?)
    }

    fn subject(&self, _chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        Ok(self.digest())
    }

    fn payload(&self, _chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        Ok(self.digest())
    }

    fn calldata(&self, evidence: Bytes, outputs: Vec<U256>, proof: Bytes) -> Bytes {
        ScoredAirdrop::acceptBatchCall {
            batch: IScoredAirdrop::Batch {
                number: U256::from(self.number),
                model: U256::from(self.place),
                entriesRoot: self.root,
                count: self.count,
            },
            evidence,
            outputs,
            proof,
        }
        .abi_encode()
        .into()
    }

    fn meaning(&self, _returned: U256) -> &'static str {
        "allocated, in the token's smallest units"
    }

    fn facts(&self) -> Vec<Fact> {
        vec![
            Fact::new("number", "uint256", self.number),
            Fact::new("root", "bytes32", self.root),
            Fact::new("count", "uint32", self.count),
        ]
    }

    fn occasion(&self) -> Option<String> {
        Some(format!(
            "batch {} of {} entries with root {}",
            self.number, self.count, self.root
        ))
    }
}

const NUMBER: Parameter = Parameter {
    name: "number",
    value: "N",
    word: "NUMBER",
    help: "The batch's number",
    kind: ParameterKind::Number(u64::MAX),
    need: Need::Required,
    asked: true,
};

const ENTRIES: Parameter = Parameter {
    name: "entries",
    value: "FILE",
    word: "ENTRIES.csv",
    help: "Its entries: a file of `account,identity` lines in the order of the model's batch, or a JSON list",
    kind: ParameterKind::File,
    need: Need::Unless("root"),
    asked: true,
};

const ROOT: Parameter = Parameter {
    name: "root",
    value: "HEX",
    word: "ROOT",
    help: "The root of the tree of its entries, without the file",
    kind: ParameterKind::Hash,
    need: Need::With("count"),
    asked: true,
};

const COUNT: Parameter = Parameter {
    name: "count",
    value: "N",
    word: "COUNT",
    help: "How many entries it has",
    kind: ParameterKind::Number(u32::MAX as u64),
    need: Need::With("root"),
    asked: true,
};

const PLACE: Parameter = Parameter {
    name: "place",
    value: "N",
    word: "PLACE",
    help: "Which of the campaign's models",
    kind: ParameterKind::Number(u64::MAX),
    need: Need::Default("0"),
    asked: true,
};

fn at(airdrop: Address, arguments: &Arguments) -> Result<Box<dyn Consumer>, ConsumerError> {
    let (root, count) = match (
        arguments.file(ENTRIES.name),
        arguments.hash(ROOT.name),
        arguments.number(COUNT.name),
    ) {
        (Some(path), None, None) => {
            let entries = Entries::load(path)?;
            (entries.tree().root(), entries.count())
        }
        (None, Some(root), Some(count)) => {
            let count = u32::try_from(count)
                .map_err(|_| ConsumerError::Argument(format!("{count} entries are too many")))?;
            (root, count)
        }
        _ => {
            return Err(ConsumerError::Argument(
                "give `entries`, or `root` and `count`".into(),
            ));
        }
    };
    Ok(Box::new(AirdropBatch {
        airdrop,
        number: Arguments::need(arguments.number(NUMBER.name), NUMBER.name)?,
        root,
        count,
        place: arguments.number(PLACE.name).unwrap_or_default(),
    }))
}

/// How batches are handed in: each once, and none makes another worthless.
const FEEDING: Feeding = Feeding {
    newest_wins: false,
    priority: 10,
    parameters: &[],
    standing,
    lacks: feeding::anybody,
    due: feeding::nothing,
    occasion,
    refusals: &[
        (Rule::Superseded, &["BatchExists"]),
        (Rule::Renew, &["DataOutOfTime"]),
    ],
};

fn standing(
    chain: &mut dyn Chain,
    airdrop: Address,
    fixed: &Arguments,
) -> Result<Standing, ConsumerError> {
    let windows = chain.read(airdrop, &ScoredAirdrop::windowsCall {})?;
    let now = chain.latest()?.timestamp;
    let number = Arguments::need(fixed.number(NUMBER.name), NUMBER.name)?;
    let batch = U256::from(number);
    let accepted = chain.read(airdrop, &ScoredAirdrop::batchOfCall { batch });
    let closed = if accepted.is_ok_and(|batch| batch.count != 0) {
        Some(format!("batch {number} was accepted already"))
    } else if U256::from(now) >= U256::from(windows.batchesUntil) {
        Some("the time for batches is over".into())
    } else {
        None
    };
    Ok(Standing {
        closed,
        ..Standing::default()
    })
}

fn occasion(
    _: &mut dyn Chain,
    _: Address,
    foreseen: &Foreseen<'_>,
) -> Result<Occasion, ConsumerError> {
    Ok(Occasion::Now(foreseen.fixed.clone()))
}

/// The row of the table.
pub static KIND: ConsumerKind = ConsumerKind {
    name: "airdrop",
    contract: "ScoredAirdrop",
    submits: "A batch of scores to an airdrop",
    asks: "For a batch of an airdrop",
    proves: "… for an airdrop, by its entries' file or without it",
    parameters: &[NUMBER, ENTRIES, ROOT, COUNT, PLACE],
    forms: &[&[NUMBER, ENTRIES, PLACE], &[NUMBER, ROOT, COUNT, PLACE]],
    example: Example {
        contract: "campaign-1",
        submit: "--number 1 --entries entries.csv",
        asker: "campaign-1",
        ask: "--number 1 --entries entries.csv",
        context: "1 entries.csv",
    },
    at,
    feeding: FEEDING,
    config: ConfigRules {
        contracts: &["ScoredAirdrop"],
        fields: FIELDS,
        words: &[],
        others: &[],
    },
    hints: HINTS,
    answers: &[],
};

const fn campaign(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("Campaign", name, meaning)
}

const fn window(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("Windows", name, meaning)
}

const fn point(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("CurvePoint", name, meaning)
}

/// As the contract documents them.
const FIELDS: &[ConfigField] = &[
    campaign("gateway", "The way to the verifiers, and to the registry."),
    campaign(
        "token",
        "What is distributed. A token that takes a fee when it is transferred is refused when \
         it is deposited; if it starts doing so later, the account bears it. If balances shrink \
         by themselves, claims are served until there is nothing left; anyone can make that \
         good by a plain transfer. What they grow is the treasury's.",
    ),
    campaign("treasury", "Gets what is left."),
    campaign("windows", "The periods."),
    campaign(
        "models",
        "Versions that score batches: those of different sizes, of one model.",
    ),
    campaign(
        "curve",
        "The table from scores to amounts; see `AllocationCurve`.",
    ),
    campaign(
        "source",
        "Vouches for entries and inputs. The campaign trusts it, and whoever can change it, for \
         the accounts and their features: see `SignedFeatures`, `CommittedFeatures`.",
    ),
    campaign(
        "maximumAge",
        "How old the source's data can be when a batch is accepted, in seconds.",
    ),
    window("batchesUntil", "Batches, and funds, are accepted before."),
    window("claimsFrom", "Claims are possible from then …"),
    window("claimsUntil", "… until then."),
    window("sweepFrom", "From then on the treasury gets what is left."),
    point("score", "An integer as the model outputs it."),
    point(
        "amount",
        "What such a score gets, in the token's smallest units.",
    ),
];

/// What to do about its errors.
const HINTS: &[Hint] = &[
    Hint {
        errors: &["DataOutOfTime"],
        advice: "get fresh evidence and prove again",
    },
    Hint {
        errors: &["BatchExists"],
        advice: "this batch number was taken: nothing is to be done, or choose the next",
    },
    Hint {
        errors: &["BatchesClosed"],
        advice: "the time for batches is over",
    },
    Hint {
        errors: &["WrongEntryCount"],
        advice: "a batch has no more entries than the model's batch has items",
    },
    Hint {
        errors: &["Underfunded"],
        advice: "fund the campaign first",
    },
    Hint {
        errors: &["ClaimsClosed"],
        advice: "claim within the window it names",
    },
    Hint {
        errors: &["EntryPaid", "IdentityPaid", "AccountPaid"],
        advice: "it was paid already",
    },
    Hint {
        errors: &["NotInBatch"],
        advice: "the entry or its path is not of this batch",
    },
    Hint {
        errors: &["NothingToClaim"],
        advice: "the score is worth nothing",
    },
];
