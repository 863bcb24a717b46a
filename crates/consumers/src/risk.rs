//! `RiskParameterUpdater` and `ModelRiskSource`: a lending market's parameters, moved by a model.

use crate::{
    ConsumerError,
    consumer::{Consumer, ConsumerKind, Example, Fact, Hint, hash},
    feeding::{Due, Feeding, Foreseen, Occasion, Rule, Standing},
    parameter::{Arguments, Need, Parameter, ParameterKind, Value},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use verdict_chain::{
    Chain, ChainExt, ConfigField, ConfigRules,
    bindings::{risk::RiskParameterUpdater, risk_source::ModelRiskSource},
};

/// A proposal to an updater of risk parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskProposal {
    /// The updater.
    pub updater: Address,
    /// The model's source, which the proof is for.
    pub source: Address,
    /// Until when the proof is good, in seconds since 1970.
    pub deadline: u64,
}

/// What a proof for a `ModelRiskSource` is bound to.
pub fn payload(market: Address, deadline: U256) -> B256 {
    hash((
        keccak256("RiskInference(address market,uint256 deadline)"),
        market,
        deadline,
    ))
}

impl RiskProposal {
    fn market(&self, chain: &mut dyn Chain) -> Result<Address, ConsumerError> {
        Ok(chain.read(self.source, &ModelRiskSource::marketCall {})?)
    }
}

impl Consumer for RiskProposal {
    fn kind(&self) -> &'static ConsumerKind {
        &KIND
    }

    fn consumer(&self) -> Address {
        self.source
    }

    fn contract(&self) -> Address {
        self.updater
    }

    fn pin(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        Ok(chain.read(self.source, &ModelRiskSource::pinCall {})?)
    }

    fn source(&self, chain: &mut dyn Chain) -> Result<Address, ConsumerError> {
        Ok(chain.read(self.source, &ModelRiskSource::featureSourceCall {})?)
    }

    fn subject(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        Ok(self.market(chain)?.into_word())
    }

    fn payload(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        Ok(payload(self.market(chain)?, U256::from(self.deadline)))
    }

    fn calldata(&self, evidence: Bytes, outputs: Vec<U256>, proof: Bytes) -> Bytes {
        RiskParameterUpdater::proposeCall {
            source: self.source,
            deadline: U256::from(self.deadline),
            evidence,
            outputs,
            proof,
        }
        .abi_encode()
        .into()
    }

    fn meaning(&self, _returned: U256) -> &'static str {
        "proposal"
    }

    fn facts(&self) -> Vec<Fact> {
        vec![Fact::new("deadline", "uint256", self.deadline)]
    }
}

const SOURCE: Parameter = Parameter {
    name: "source",
    value: "SOURCE",
    word: "SOURCE",
    help: "The model's source: a name of the deployment or an address",
    kind: ParameterKind::Contract,
    need: Need::Required,
    asked: false,
};

const DEADLINE: Parameter = Parameter {
    name: "deadline",
    value: "TIME",
    word: "DEADLINE",
    help: "Until when the proof is good, in seconds since 1970",
    kind: ParameterKind::Number(u64::MAX),
    need: Need::Required,
    asked: false,
};

/// Questions and contexts are a source's own: it is named in the updater's place.
fn at(contract: Address, arguments: &Arguments) -> Result<Box<dyn Consumer>, ConsumerError> {
    Ok(Box::new(RiskProposal {
        updater: contract,
        source: arguments.contract(SOURCE.name).unwrap_or(contract),
        deadline: arguments.number(DEADLINE.name).unwrap_or_default(),
    }))
}

/// How long after its inputs a proof is good, in seconds: proving and waiting for a block.
const HORIZON: u64 = 3_600;

/// How many of the newest proposals are looked at: what is older is executed or over.
const RECENT: u64 = 32;

/// How proposals follow one another: each goes through its veto window and is executed then.
const FEEDING: Feeding = Feeding {
    newest_wins: true,
    priority: 40,
    parameters: &[],
    standing,
    lacks,
    due,
    occasion,
    refusals: &[
        (
            Rule::Superseded,
            &["EvidenceNotNewer", "NotPending", "NothingToChange"],
        ),
        (Rule::Retry, &["VetoWindowOpen", "TooEarly"]),
        (Rule::Renew, &["EvidenceOutOfRange", "DeadlineOver"]),
    ],
};

fn standing(
    chain: &mut dyn Chain,
    updater: Address,
    fixed: &Arguments,
) -> Result<Standing, ConsumerError> {
    let source = Arguments::need(fixed.contract(SOURCE.name), SOURCE.name)?;
    let paused = chain.read(updater, &RiskParameterUpdater::pausedCall {})?;
    let of = RiskParameterUpdater::sourceOfCall { source };
    let state = chain.read(updater, &of)?;
    let market = chain.read(source, &ModelRiskSource::marketCall {})?;
    let restricted = RiskParameterUpdater::isRestrictedCall { market };
    let closed = if paused {
        Some("a guardian paused it")
    } else if state.market.is_zero() {
        Some("governance has not added this source")
    } else if chain.read(updater, &restricted)? {
        Some("guardians restricted the market")
    } else {
        None
    };
    Ok(Standing {
        closed: closed.map(Into::into),
        time: state.latestEvidence.to(),
        ..Standing::default()
    })
}

fn occasion(
    chain: &mut dyn Chain,
    _: Address,
    foreseen: &Foreseen<'_>,
) -> Result<Occasion, ConsumerError> {
    let now = foreseen.now(chain)?;
    let deadline = Value::Number(now.saturating_add(HORIZON));
    Ok(Occasion::Now(
        foreseen.fixed.clone().with(DEADLINE.name, deadline),
    ))
}

/// The roles of proposer and executor, unless everybody has them.
fn lacks(
    chain: &mut dyn Chain,
    updater: Address,
    _: &Arguments,
    account: Address,
) -> Result<Vec<String>, ConsumerError> {
    let roles = [
        (
            "PROPOSER_ROLE",
            chain.read(updater, &RiskParameterUpdater::PROPOSER_ROLECall {})?,
        ),
        (
            "EXECUTOR_ROLE",
            chain.read(updater, &RiskParameterUpdater::EXECUTOR_ROLECall {})?,
        ),
    ];
    let mut lacking = Vec::new();
    for (name, role) in roles {
        let mut has = false;
        // Granted to nobody's account, a role is everybody's.
        for account in [account, Address::ZERO] {
            has = has
                || chain.read(
                    updater,
                    &RiskParameterUpdater::hasRoleCall { role, account },
                )?;
        }
        if !has {
            lacking.push(format!("{account} does not have the updater's {name}"));
        }
    }
    Ok(lacking)
}

/// Executions of this source's proposals whose veto windows are over.
fn due(
    chain: &mut dyn Chain,
    updater: Address,
    fixed: &Arguments,
) -> Result<Vec<Due>, ConsumerError> {
    let source = Arguments::need(fixed.contract(SOURCE.name), SOURCE.name)?;
    let count: u64 = chain
        .read(updater, &RiskParameterUpdater::proposalCountCall {})?
        .saturating_to();
    let state = chain.read(updater, &RiskParameterUpdater::sourceOfCall { source })?;
    let now = chain.latest()?.timestamp;
    let mut due = Vec::new();
    for number in (0..=count).rev().take(RECENT as usize) {
        let proposal = U256::from(number);
        let call = RiskParameterUpdater::proposalOfCall { proposal };
        let Ok(record) = chain.read(updater, &call) else {
            continue;
        };
        let pending = record.source == source && record.status == PENDING;
        let eta: u64 = record.eta.to();
        if !pending || eta > now {
            continue;
        }
        let execute = RiskParameterUpdater::executeCall { proposal };
        due.push(Due {
            key: format!("execute-{updater}-{number}"),
            what: format!("execute proposal {number}"),
            to: updater,
            data: execute.abi_encode().into(),
            until: Some(eta.saturating_add(state.executionWindow.into())),
        });
        // The newest evidence that may be executed makes older proposals void.
        break;
    }
    Ok(due)
}

/// `ProposalStatus.Pending`.
const PENDING: u8 = 1;

/// The row of the table.
pub static KIND: ConsumerKind = ConsumerKind {
    name: "risk",
    contract: "RiskParameterUpdater",
    submits: "A proposal to an updater of risk parameters",
    asks: "For a ModelRiskSource, named as CONSUMER",
    proves: "… for a ModelRiskSource",
    parameters: &[SOURCE, DEADLINE],
    forms: &[&[DEADLINE]],
    example: Example {
        contract: "market-risk",
        submit: "--source market-source --deadline 1800000000",
        asker: "market-source",
        ask: "",
        context: "@now+10800",
    },
    at,
    feeding: FEEDING,
    config: ConfigRules {
        contracts: &["RiskParameterUpdater", "ModelRiskSource"],
        fields: FIELDS,
        words: &[("RiskParameter", PARAMETERS)],
        others: &[
            "vetoWindow",
            "executionWindow",
            "coupled",
            "openToAll",
            "limits",
        ],
    },
    hints: HINTS,
    answers: &[],
};

/// The members of `RiskParameter`.
const PARAMETERS: &[&str] = &[
    "collateralFactor",
    "loanToValue",
    "liquidationThreshold",
    "liquidationBonus",
    "supplyCap",
    "borrowCap",
];

const fn updater(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("RiskParameterUpdater", name, meaning)
}

const fn source(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("ModelRiskSource", name, meaning)
}

const fn binding(name: &'static str, meaning: &'static str) -> ConfigField {
    ConfigField::new("RiskBinding", name, meaning)
}

/// As the contracts document them.
const FIELDS: &[ConfigField] = &[
    updater("adapter", "The protocol's; must let this contract push."),
    updater("admin", "Sets sources and limits and appoints the others."),
    updater(
        "adminDelay",
        "How long a new administrator waits before accepting.",
    ),
    updater("guardian", "The first guardian."),
    source(
        "gateway",
        "The way to the verifier; its registry has the model.",
    ),
    source(
        "modelId",
        "The model; no batch, no input that is private without a commitment.",
    ),
    source("version", "Its version, active now."),
    source("market", "The market."),
    source("features", "Where the model's inputs come from."),
    source("maximumAge", "How old they can be, in seconds."),
    source(
        "bindings",
        "At least one, and none for the same parameter twice.",
    ),
    binding("parameter", "The parameter."),
    binding("output", "Which of the model's outputs."),
    binding("index", "Which of its values."),
    binding(
        "decimals",
        "Real numbers times 10^decimals are the parameter's units: 18 for ratios, the asset's \
         decimals for caps.",
    ),
];

/// What to do about their errors.
const HINTS: &[Hint] = &[
    Hint {
        errors: &["EvidenceNotNewer"],
        advice: "this evidence, or newer, was taken already: get newer evidence and prove again",
    },
    Hint {
        errors: &["EvidenceOutOfRange"],
        advice: "get evidence of the right time and prove again",
    },
    Hint {
        errors: &["DeadlineOver"],
        advice: "prove again with a later deadline",
    },
    Hint {
        errors: &["VetoWindowOpen"],
        advice: "wait until the time it names, then execute",
    },
    Hint {
        errors: &["ChangeTooLarge", "OutOfBounds"],
        advice: "the limits don't allow such a change",
    },
    Hint {
        errors: &["NothingToChange"],
        advice: "the market is as the model wants it already",
    },
    Hint {
        errors: &["NotPending"],
        advice: "the proposal was executed, vetoed, superseded, or has expired: propose anew",
    },
    Hint {
        errors: &["MarketIsRestricted"],
        advice: "guardians restricted this market",
    },
    Hint {
        errors: &["UnknownSource"],
        advice: "the administrator has to add this source to the updater first",
    },
];
