//! `InferenceOracle`: a price feed whose answers are inferences.

use crate::{
    ConsumerError,
    consumer::{AnswerNames, Consumer, ConsumerKind, Example, Hint, hash},
    feeding::{self, Feeding, Foreseen, Occasion, Rule, Standing},
    parameter::{Arguments, Need, Parameter, ParameterKind, Value},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use verdict_chain::{Chain, ChainExt, ConfigField, ConfigRules, bindings::oracle::InferenceOracle};

/// A round of an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OracleRound {
    /// The oracle.
    pub oracle: Address,
    /// When the inputs are true, as their source vouches for it; zero if it reads them live.
    pub time: u64,
    /// Whether to confirm the move that waits.
    pub confirm: bool,
}

/// What a proof for an `InferenceOracle` is bound to: the time of its inputs, zero if the source
/// reads them live; `parked_at` is zero unless it confirms a move.
pub fn payload(started_at: U256, parked_at: U256) -> B256 {
    hash((
        keccak256("VerdictOracleRound(uint256 startedAt,uint256 parkedAt)"),
        started_at,
        parked_at,
    ))
}

impl Consumer for OracleRound {
    fn kind(&self) -> &'static ConsumerKind {
        &KIND
    }

    fn consumer(&self) -> Address {
        self.oracle
    }

    fn pin(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        Ok(chain.read(self.oracle, &InferenceOracle::pinCall {})?)
    }

    fn source(&self, chain: &mut dyn Chain) -> Result<Address, ConsumerError> {
        Ok(chain.read(self.oracle, &InferenceOracle::sourceCall {})?)
    }

    fn subject(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        let config = chain.read(self.oracle, &InferenceOracle::configCall {})?;
        Ok(config.subject)
    }

    fn payload(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        let call = InferenceOracle::nextContextCall {
            startedAt: U256::from(self.time),
            confirming: self.confirm,
        };
        let next = chain.read(self.oracle, &call)?;
        Ok(payload(call.startedAt, next.parkedAt))
    }

    /// The evidence has the time.
    fn payload_of(&self, chain: &mut dyn Chain, evidence: &Bytes) -> Result<B256, ConsumerError> {
        let call = InferenceOracle::timeOfCall {
            evidence: evidence.clone(),
        };
        let time = chain.read(self.oracle, &call)?.saturating_to();
        Self { time, ..*self }.payload(chain)
    }

    fn calldata(&self, evidence: Bytes, outputs: Vec<U256>, proof: Bytes) -> Bytes {
        let data = match self.confirm {
            false => InferenceOracle::submitCall {
                evidence,
                outputs,
                proof,
            }
            .abi_encode(),
            true => InferenceOracle::confirmCall {
                evidence,
                outputs,
                proof,
            }
            .abi_encode(),
        };
        data.into()
    }

    fn meaning(&self, returned: U256) -> &'static str {
        match returned.is_zero() {
            true => "a move beyond the cap: it waits for its confirmation",
            false => "round",
        }
    }
}

/// A word of a context. What is submitted has it in its evidence, and what is signed has it anyway.
const TIME: Parameter = Parameter {
    name: "time",
    value: "TIME",
    word: "TIME",
    help: "When the inputs are true, in seconds since 1970, as in the evidence",
    kind: ParameterKind::Number(u64::MAX),
    need: Need::Required,
    asked: false,
};

const CONFIRM: Parameter = Parameter {
    name: "confirm",
    value: "",
    word: "confirm",
    help: "Confirm the large move that waits",
    kind: ParameterKind::Flag,
    need: Need::Optional,
    asked: false,
};

fn at(oracle: Address, arguments: &Arguments) -> Result<Box<dyn Consumer>, ConsumerError> {
    Ok(Box::new(OracleRound {
        oracle,
        time: arguments.number(TIME.name).unwrap_or_default(),
        confirm: arguments.flag(CONFIRM.name),
    }))
}

/// How rounds follow one another.
const FEEDING: Feeding = Feeding {
    newest_wins: true,
    priority: 50,
    parameters: &[],
    standing,
    lacks: feeding::anybody,
    due: feeding::nothing,
    occasion,
    refusals: &[
        (Rule::Superseded, &["InputsNotNewer"]),
        (Rule::Retry, &["InputsFromTheFuture"]),
        (
            Rule::Renew,
            &["InputsTooOld", "NothingParked", "ConfirmationTooEarly"],
        ),
    ],
};

fn standing(
    chain: &mut dyn Chain,
    oracle: Address,
    _: &Arguments,
) -> Result<Standing, ConsumerError> {
    let config = chain.read(oracle, &InferenceOracle::configCall {})?;
    let status = chain.read(oracle, &InferenceOracle::statusCall {})?;
    let closed = match (status.paused, status.halted) {
        (true, _) => Some("a guardian paused it"),
        (_, true) => Some("its model's version was withdrawn"),
        _ => None,
    };
    let answer = feeding::real(status.answer, config.decimals.into());
    Ok(Standing {
        closed: closed.map(Into::into),
        value: (!status.round.is_zero()).then_some(answer),
        index: usize::try_from(config.answerIndex).unwrap_or(usize::MAX),
        time: status.updatedAt.saturating_to(),
        heartbeat: Some(config.heartbeat.into()),
    })
}

/// An answer beyond the cap that waits already is repeated when that can confirm it, not before.
fn occasion(
    chain: &mut dyn Chain,
    oracle: Address,
    foreseen: &Foreseen<'_>,
) -> Result<Occasion, ConsumerError> {
    let of = |confirm: bool| {
        let time = Value::Number(foreseen.time);
        let arguments = Arguments::new().with(TIME.name, time);
        Occasion::Now(match confirm {
            true => arguments.with(CONFIRM.name, Value::Flag),
            false => arguments,
        })
    };
    let parked = chain.read(oracle, &InferenceOracle::parkedMoveCall {})?;
    let parked_at: u64 = parked.parkedAt.to();
    if parked_at == 0 {
        return Ok(of(false));
    }
    let config = chain.read(oracle, &InferenceOracle::configCall {})?;
    let range = chain.read(oracle, &InferenceOracle::unconfirmedRangeCall {})?;
    let decimals = config.decimals.into();
    let index = usize::try_from(config.answerIndex).unwrap_or(usize::MAX);
    let answer = foreseen.outputs.get(index).copied().unwrap_or(f64::NAN);
    let (least, greatest) = (
        feeding::real(range.least, decimals),
        feeding::real(range.greatest, decimals),
    );
    // An answer at the very edge may be taken for one within: it is an ordinary submission then.
    if answer >= least && answer <= greatest {
        return Ok(of(false));
    }
    let delay = config.confirmDelay.to::<u64>();
    let window = config.confirmWindow.to::<u64>();
    let from = parked_at.saturating_add(delay);
    let now = foreseen.now(chain)?;
    // A move to the other side takes the parked one's place at any time.
    let rises = |value: f64| value > greatest;
    let same_side = rises(answer) == rises(feeding::real(parked.answer, decimals));
    if !same_side || now > from.saturating_add(window) {
        return Ok(of(false));
    }
    if now < from {
        return Ok(Occasion::Later {
            time: from,
            why: format!("a move beyond the cap waits for its confirmation, from {from} on"),
        });
    }
    Ok(of(true))
}

/// The row of the table.
pub static KIND: ConsumerKind = ConsumerKind {
    name: "oracle",
    contract: "InferenceOracle",
    submits: "An answer to an oracle",
    asks: "For an oracle's next round",
    proves: "for an oracle, of inputs read live; with TIME, of inputs from then",
    parameters: &[CONFIRM],
    forms: &[&[CONFIRM], &[TIME, CONFIRM]],
    example: Example {
        contract: "score-feed",
        submit: "",
        asker: "score-feed",
        ask: "",
        context: "1800000000",
    },
    at,
    feeding: FEEDING,
    config: ConfigRules {
        contracts: &["InferenceOracle"],
        fields: FIELDS,
        words: &[],
        others: &[],
    },
    hints: HINTS,
    answers: &[
        AnswerNames {
            function: "latestRoundData()",
            names: ROUND,
        },
        AnswerNames {
            function: "settledRoundData()",
            names: ROUND,
        },
        AnswerNames {
            function: "getRoundData(uint80)",
            names: ROUND,
        },
    ],
};

/// As `AggregatorV3Interface` names them.
const ROUND: &[&str] = &[
    "roundId",
    "answer",
    "startedAt",
    "updatedAt",
    "answeredInRound",
];

const fn field(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("OracleConfig", name, meaning)
}

const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

/// As the contract documents them.
const FIELDS: &[ConfigField] = &[
    ConfigField::new("InferenceOracle", "gateway", "Who verifies."),
    ConfigField::new("InferenceOracle", "modelId", "The model, for good."),
    ConfigField::new(
        "InferenceOracle",
        "version",
        "Its first version here; must be active.",
    ),
    ConfigField::new(
        "InferenceOracle",
        "source",
        "Where features come from, for good.",
    ),
    ConfigField::new("InferenceOracle", "config", "What is fixed."),
    ConfigField::new(
        "InferenceOracle",
        "owner",
        "Resumes, announces versions, appoints guardians.",
    ),
    ConfigField::new("InferenceOracle", "guardian", "The first guardian."),
    field("description", "What the answer is."),
    field("decimals", "Of an answer; at most 36."),
    field(
        "answerIndex",
        "The answer is this value of the model's first output.",
    ),
    field(
        "subject",
        "What features are asked about; zero if there is nothing to tell apart.",
    )
    .default(ZERO),
    field("minAnswer", "No smaller answer is ever taken."),
    field("maxAnswer", "No greater one."),
    field(
        "maxMove",
        "Answers may move by so much in `moveWindow` without confirmation, or by",
    ),
    field(
        "maxMoveBps",
        "so many ten thousandths, whichever is more; at most 10,000. See `MoveBand`.",
    ),
    field("moveWindow", "In how many seconds; not zero."),
    field(
        "maxAge",
        "Of the inputs when the answer is submitted, in seconds.",
    ),
    field(
        "maxSkew",
        "How far in the future inputs may claim to be, in seconds.",
    ),
    field(
        "heartbeat",
        "How old an answer's inputs may be for readers, in seconds.",
    ),
    field(
        "confirmDelay",
        "How much later than a greater move became known, what confirms it must be, in seconds.",
    ),
    field(
        "confirmWindow",
        "How long a greater move can be confirmed after that, in seconds.",
    ),
    field("history", "How many rounds are kept; not zero."),
    field(
        "switchDelay",
        "How long another version of the model waits, in seconds.",
    ),
    field(
        "followsLatest",
        "Whether anyone can announce the model's latest version; otherwise only the owner.",
    ),
];

/// What to do about its errors.
const HINTS: &[Hint] = &[
    Hint {
        errors: &["InputsTooOld"],
        advice: "get fresh evidence and prove again",
    },
    Hint {
        errors: &["InputsFromTheFuture"],
        advice: "wait, or get evidence whose time has come",
    },
    Hint {
        errors: &["InputsNotNewer"],
        advice: "this evidence, or newer, was taken already: get newer evidence and prove again",
    },
    Hint {
        errors: &["AnswerOutOfRange"],
        advice: "the oracle takes no such answer, from nobody: check the inputs",
    },
    Hint {
        errors: &["NothingParked"],
        advice: "there is no move to confirm: submit instead",
    },
    Hint {
        errors: &["ConfirmationTooEarly"],
        advice: "wait until the time it names, then prove newer inputs",
    },
    Hint {
        errors: &["MovePending"],
        advice: "a large move waits for its confirmation: read latestRoundData, or confirm it",
    },
    Hint {
        errors: &["AnswerStale", "NoRound"],
        advice: "nobody has submitted in time: submit a proof",
    },
    Hint {
        errors: &["CapTooLarge"],
        advice: "maxMoveBps is at most 10,000, which is the whole answer",
    },
    Hint {
        errors: &["SourceDoesNotCover"],
        advice: "the feature source does not serve this version: compile the model with `--input \
                 public` or `--input committed` for every input, and where the source is an \
                 OnChainFeatures, `verdict evidence prepare` first",
    },
];
