//! `FraudPauseGuard`: a pause that a model's verdict pulls.

use crate::{
    ConsumerError,
    consumer::{Consumer, ConsumerKind, Example, Fact, Hint, hash},
    feeding::{self, Feeding, Foreseen, Occasion, Rule, Standing},
    parameter::{Arguments, Need, Parameter, ParameterKind, Value},
};
use alloy_primitives::{Address, B256, Bytes, I256, U256, keccak256};
use alloy_sol_types::SolCall;
use verdict_chain::{Chain, ChainExt, ConfigField, ConfigRules, bindings::guard::FraudPauseGuard};

/// A guard's pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardTrigger {
    /// The guard.
    pub guard: Address,
    /// The block that evidence and proof are bound to.
    pub anchor: u64,
}

/// What a proof for a `FraudPauseGuard` is bound to.
pub fn payload(anchor_block: U256, anchor_hash: B256) -> B256 {
    hash((
        keccak256("FraudPauseEvidence(uint256 anchorBlock,bytes32 anchorHash)"),
        anchor_block,
        anchor_hash,
    ))
}

/// What signers name as the subject of evidence for a guard with anchored subjects.
pub fn subject(target: Address, anchor_block: U256, anchor_hash: B256) -> B256 {
    hash((
        keccak256("FraudPauseSubject(address target,uint256 anchorBlock,bytes32 anchorHash)"),
        target,
        anchor_block,
        anchor_hash,
    ))
}

impl Consumer for GuardTrigger {
    fn kind(&self) -> &'static ConsumerKind {
        &KIND
    }

    fn consumer(&self) -> Address {
        self.guard
    }

    fn pin(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        Ok(chain.read(self.guard, &FraudPauseGuard::pinCall {})?)
    }

    fn source(&self, chain: &mut dyn Chain) -> Result<Address, ConsumerError> {
        Ok(chain.read(self.guard, &FraudPauseGuard::featureSourceCall {})?)
    }

    fn subject(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        let call = FraudPauseGuard::subjectOfCall {
            anchorBlock: U256::from(self.anchor),
        };
        Ok(chain.read(self.guard, &call)?)
    }

    fn payload(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        let call = FraudPauseGuard::payloadOfCall {
            anchorBlock: U256::from(self.anchor),
        };
        Ok(chain.read(self.guard, &call)?)
    }

    fn calldata(&self, evidence: Bytes, outputs: Vec<U256>, proof: Bytes) -> Bytes {
        FraudPauseGuard::triggerCall {
            evidence,
            anchorBlock: U256::from(self.anchor),
            outputs,
            proof,
        }
        .abi_encode()
        .into()
    }

    fn meaning(&self, _returned: U256) -> &'static str {
        "incident"
    }

    fn facts(&self) -> Vec<Fact> {
        vec![Fact::new("anchor", "uint256", self.anchor)]
    }

    fn occasion(&self) -> Option<String> {
        Some(format!("block {} or later, by its hash", self.anchor))
    }

    fn wants_block(&self) -> bool {
        true
    }
}

const ANCHOR: Parameter = Parameter {
    name: "anchor",
    value: "BLOCK",
    word: "ANCHOR|latest",
    help: "The block that evidence and proof are bound to: see `verdict call GUARD context guard latest`",
    kind: ParameterKind::Block,
    need: Need::Required,
    asked: true,
};

fn at(guard: Address, arguments: &Arguments) -> Result<Box<dyn Consumer>, ConsumerError> {
    Ok(Box::new(GuardTrigger {
        guard,
        anchor: Arguments::need(arguments.number(ANCHOR.name), ANCHOR.name)?,
    }))
}

/// How a guard is shown evidence: of the newest block, and only if the model finds enough in it.
const FEEDING: Feeding = Feeding {
    newest_wins: true,
    priority: 100,
    parameters: &[SCORE],
    standing,
    lacks,
    due: feeding::nothing,
    occasion,
    refusals: &[
        (Rule::Superseded, &["AlreadyPaused", "EvidenceUsed"]),
        (
            Rule::Renew,
            &["AnchorOutOfRange", "UnknownBlockHash", "EvidenceOutOfRange"],
        ),
        (Rule::Retry, &["CoolingDown", "TooManyOpenIncidents"]),
    ],
};

/// A bond, of which it stakes one for each incident.
fn lacks(
    chain: &mut dyn Chain,
    guard: Address,
    _: &Arguments,
    account: Address,
) -> Result<Vec<String>, ConsumerError> {
    let bond = chain.read(guard, &FraudPauseGuard::bondCall {})?;
    let free = chain.read(guard, &FraudPauseGuard::freeBalanceOfCall { account })?;
    Ok(match free < bond {
        true => vec![format!(
            "{account} has deposited {free} of the bond of {bond}: call `deposit` first"
        )],
        false => Vec::new(),
    })
}

/// The guard's `scoreIndex`, which it doesn't tell.
const SCORE: Parameter = Parameter {
    name: "score",
    value: "N",
    word: "SCORE",
    help: "Which value of the model's first output is the score",
    kind: ParameterKind::Number(u32::MAX as u64),
    need: Need::Default("0"),
    asked: false,
};

fn score(fixed: &Arguments) -> usize {
    let index = fixed.number(SCORE.name).unwrap_or_default();
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn standing(
    chain: &mut dyn Chain,
    guard: Address,
    fixed: &Arguments,
) -> Result<Standing, ConsumerError> {
    let pause = chain.read(guard, &FraudPauseGuard::currentPauseCall {})?;
    let now = U256::from(chain.latest()?.timestamp);
    let closed = if pause.holding && pause.until > now {
        Some(format!("it is paused already, until {}", pause.until))
    } else if chain
        .read(guard, &FraudPauseGuard::availableBudgetCall {})?
        .is_zero()
    {
        Some("its budget of pauses is used up".into())
    } else {
        None
    };
    Ok(Standing {
        closed,
        index: score(fixed),
        ..Standing::default()
    })
}

fn occasion(
    chain: &mut dyn Chain,
    guard: Address,
    foreseen: &Foreseen<'_>,
) -> Result<Occasion, ConsumerError> {
    let needed = chain.read(guard, &FraudPauseGuard::minimumScoreCall {})?;
    let index = score(foreseen.fixed);
    let Some(score) = foreseen.integers.get(index) else {
        return Ok(Occasion::Useless(format!("the model has no score {index}")));
    };
    if I256::try_from(*score).is_ok_and(|score| score < needed) {
        return Ok(Occasion::Useless(format!(
            "score {score}, and {needed} is needed (integers of the model)"
        )));
    }
    let anchor = Value::Number(foreseen.block);
    Ok(Occasion::Now(Arguments::new().with(ANCHOR.name, anchor)))
}

/// The row of the table.
pub static KIND: ConsumerKind = ConsumerKind {
    name: "guard",
    contract: "FraudPauseGuard",
    submits: "A reason to pause to a guard",
    asks: "For a guard",
    proves: "… for a guard; with `latest`, the anchor is chosen and printed",
    parameters: &[ANCHOR],
    forms: &[&[ANCHOR]],
    example: Example {
        contract: "vault-guard",
        submit: "--anchor 21000000",
        asker: "vault-guard",
        ask: "--anchor 21000000",
        context: "latest",
    },
    at,
    feeding: FEEDING,
    config: ConfigRules {
        contracts: &["FraudPauseGuard", "PauseForAdapter"],
        fields: FIELDS,
        words: &[],
        others: &["adapter"],
    },
    hints: HINTS,
    answers: &[],
};

const fn field(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("GuardConfig", name, meaning)
}

const fn contract(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("FraudPauseGuard", name, meaning)
}

const fn adapter(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("PauseForAdapter", name, meaning)
}

/// As the contracts document them. The adapter is deployed from the same file, under the guard's
/// name with `-adapter` behind it.
const FIELDS: &[ConfigField] = &[
    field(
        "gateway",
        "The way to the verifier; its registry has the model.",
    ),
    field("modelId", "The model."),
    field("version", "Its version, active now."),
    field(
        "scoreIndex",
        "Which value of the model's first output is the score.",
    ),
    field(
        "threshold",
        "From which score on the contract must be paused, with 18 decimals.",
    ),
    field(
        "margin",
        "Added to the threshold: more than the model's quantisation can be wrong by; 18 \
         decimals.",
    ),
    field("features", "Where the model's inputs come from."),
    field(
        "anchoredSubject",
        "Whether the subject that the feature source is asked about names the anchor block's \
         hash, so that signatures are worthless on a fork without it; for what the chain itself \
         knows it must not. See `subjectOf`.",
    ),
    field(
        "evidenceBlocks",
        "How old evidence can be, in blocks: 1 to 256, or to 8,191 where EIP-2935's history \
         contract exists.",
    ),
    field("target", "Owns the pauser role of the contract.").default("@{name}-adapter"),
    field(
        "pauseDuration",
        "Of each pause, in seconds; at most a quarter of `period`.",
    ),
    field(
        "cooldown",
        "Between the end of a pause and the next, in seconds, if that is for evidence from before \
         the end.",
    ),
    field(
        "freshCooldown",
        "The same, for evidence from after the end; not zero, at most `cooldown`, and at most an \
         hour.",
    ),
    field(
        "period",
        "A multiple of four seconds, from an hour to 48 days.",
    ),
    field(
        "budget",
        "In no window as long as `period`, wherever it begins, pauses take more seconds than \
         this.",
    ),
    field("bondToken", "An ERC-20 token."),
    field("bond", "What a reporter stakes."),
    field(
        "bounty",
        "What a reporter whose incident isn't rejected gets on top, as long as bounties are funded; at \
         most `bond`, so that crying wolf costs more than it can bring.",
    ),
    field("treasury", "Who gets the bond of a rejected incident."),
    field(
        "reviewWindow",
        "How long an incident can be rejected, in seconds; at least `pauseDuration`.",
    ),
    field(
        "resumeDelay",
        "How long the resumer's intention is visible before it takes effect; less than \
         `pauseDuration`.",
    ),
    contract("config", "Never changes."),
    contract("admin", "Appoints governors and resumers."),
    contract(
        "adminDelay",
        "How long a new administrator waits before accepting.",
    ),
    contract("governor", "The first governor."),
    contract("resumer", "The first resumer."),
    adapter(
        "target",
        "The contract; this adapter must be allowed to call its `pauseFor` and `resume`.",
    )
    .key("protected"),
    adapter("owner", "Appoints the guard.").key("adapterOwner"),
];

/// What to do about its errors.
const HINTS: &[Hint] = &[
    Hint {
        errors: &["EvidenceUsed"],
        advice: "the evidence is from before the last pause: choose a newer anchor block and prove again",
    },
    Hint {
        errors: &["AnchorOutOfRange", "UnknownBlockHash"],
        advice: "choose a recent block as the anchor and prove again",
    },
    Hint {
        errors: &["ScoreTooLow"],
        advice: "the model does not find the evidence suspicious enough: there is nothing to pause for",
    },
    Hint {
        errors: &["AlreadyPaused"],
        advice: "it is paused already",
    },
    Hint {
        errors: &["CoolingDown"],
        advice: "wait until the time it names",
    },
    Hint {
        errors: &["BudgetExhausted"],
        advice: "the guard has paused as long as it may in this period",
    },
    Hint {
        errors: &["InsufficientBalance"],
        advice: "deposit the bond first",
    },
    Hint {
        errors: &["TooManyOpenIncidents"],
        advice: "wait until the oldest incident's review is over",
    },
];
