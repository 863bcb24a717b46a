//! A lending market whose parameters a model moves, step by step, from what the market itself says.

use crate::{
    Consumer, Proof, Scorer, Statement, Story, StoryError, Tiny, World,
    world::{account, small, tokens},
};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use std::time::Instant;
use verdict_chain::{
    Chain, ChainExt, ModelRecord,
    bindings::{
        market::LendingMarket,
        market_adapter::LendingMarketAdapter,
        on_chain_features::OnChainFeatures::{self, Feed},
        risk::RiskParameterUpdater::{
            self, EXECUTOR_ROLECall, PROPOSER_ROLECall, RiskLimit, addSourceCall, executeCall,
            getLatestUpdateByParameterAndMarketCall, grantRoleCall, proposeCall, setLimitCall,
            vetoCall,
        },
        risk_source::ModelRiskSource::{self, RiskBinding},
        token::MockToken::approveCall,
    },
};
use verdict_consumers::{
    context::{Audience, risk_payload},
    snapshot_evidence,
};

const VETO: u64 = 3600;
const MAXIMUM_AGE: u64 = 1800;
/// A hundredth of a percent, of 18 decimals.
const BASIS_POINT: u128 = 100_000_000_000_000;
/// Loan-to-value, liquidation threshold, liquidation bonus: outputs 0, 1, 2.
const PARAMETERS: [u8; 3] = [1, 2, 3];

/// What the three ratios are held to: two percentage points at a time, towards what the model says.
pub(crate) fn limit() -> RiskLimit {
    RiskLimit {
        maximumChange: 200 * BASIS_POINT,
        minimumDelay: 21_600,
        relative: false,
        clamped: true,
        belowUsage: false,
        minimum: 5000 * BASIS_POINT,
        maximum: 12_000 * BASIS_POINT,
        granularity: BASIS_POINT,
    }
}

/// Which output is which parameter.
pub(crate) fn bindings() -> Vec<RiskBinding> {
    (0u32..)
        .zip(PARAMETERS)
        .map(|(index, parameter)| RiskBinding {
            parameter,
            output: 0,
            index,
            decimals: 18,
        })
        .collect()
}

/// The market's own view functions, in the order of the model's inputs.
pub(crate) fn feeds(market: Address) -> Vec<Feed> {
    let calls = [
        LendingMarket::priceCall {}.abi_encode(),
        LendingMarket::suppliedCall {}.abi_encode(),
        LendingMarket::borrowedCall {}.abi_encode(),
    ];
    let feed = |data: Vec<u8>| Feed {
        target: market,
        data: data.into(),
        word: 0,
        isSigned: false,
        decimals: 18,
        maxAge: 0,
        timeWord: 0,
        gasLimit: 0,
        optional: false,
        substitute: Default::default(),
    };
    calls.map(feed).to_vec()
}

/// A market and everything that moves its parameters.
struct Lending {
    world: World,
    scorer: Scorer,
    model: ModelRecord,
    market: Address,
    features: Address,
    updater: Address,
    source: Address,
}

impl Lending {
    fn new() -> Result<Self, StoryError> {
        let scorer = Scorer::new(Tiny::RISK, 1)?;
        let mut world = World::new(scorer.tau_g2())?;
        let model = world.register(&scorer)?;
        let admin = account("admin");
        let borrower = account("borrower");
        let collateral = world.token(&[(borrower, tokens(400_000))])?;
        let debt = world.token(&[])?;
        let initial = LendingMarket::Parameters {
            loanToValue: 7500,
            threshold: 8000,
            bonus: 10_500,
            supplyCap: tokens(1_000_000).to(),
            borrowCap: tokens(500_000).to(),
        };
        let market = world.deploy(
            "LendingMarket",
            &LendingMarket::constructorCall {
                collateral,
                debt,
                initial,
            },
        )?;
        let adapter = verdict_chain::Artifact::load("LendingMarketAdapter")?.bytecode;
        let adapter = world.chain.create("LendingMarketAdapter", adapter)?.0;
        world.chain.transact(
            market,
            &LendingMarket::setRiskManagerCall { manager: adapter },
        )?;
        let updater = world.deploy(
            "RiskParameterUpdater",
            &RiskParameterUpdater::constructorCall {
                adapter_: adapter,
                admin,
                adminDelay: small(86_400),
                guardian: account("guardian"),
            },
        )?;
        world.chain.transact(
            adapter,
            &LendingMarketAdapter::setUpdaterCall { updater_: updater },
        )?;
        for role in [
            world.chain.read(updater, &PROPOSER_ROLECall {})?,
            world.chain.read(updater, &EXECUTOR_ROLECall {})?,
        ] {
            // For everybody.
            let account = Address::ZERO;
            world
                .chain
                .transact(updater, &grantRoleCall { role, account })?;
        }
        for parameter in PARAMETERS {
            let limit = limit();
            world.chain.transact(
                updater,
                &setLimitCall {
                    market,
                    parameter,
                    limit,
                },
            )?;
        }
        let features = world.deploy(
            "OnChainFeatures",
            &OnChainFeatures::constructorCall {
                registry_: world.core.registry,
                modelId_: U256::from(model.model_id),
                subject_: market.into_word(),
                feeds_: feeds(market),
            },
        )?;
        let version = model.version;
        world
            .chain
            .transact(features, &OnChainFeatures::prepareCall { version })?;
        let mut lending = Self {
            source: Address::ZERO,
            world,
            scorer,
            model,
            market,
            features,
            updater,
        };
        lending.source = lending.new_source()?;
        lending.borrow(borrower, collateral, debt)?;
        Ok(lending)
    }

    /// A source for the market, known to the updater.
    fn new_source(&mut self) -> Result<Address, StoryError> {
        let arguments = ModelRiskSource::constructorCall {
            gateway: self.world.core.gateway,
            modelId: U256::from(self.model.model_id),
            version: self.model.version,
            market_: self.market,
            features_: self.features,
            maximumAge_: U256::from(MAXIMUM_AGE),
            bindings_: bindings(),
        };
        let source = self.world.deploy("ModelRiskSource", &arguments)?;
        let add = addSourceCall {
            source,
            vetoWindow: VETO as u32,
            executionWindow: 86_400,
        };
        self.world.chain.transact(self.updater, &add)?;
        Ok(source)
    }

    /// Someone supplies and borrows.
    fn borrow(
        &mut self,
        borrower: Address,
        collateral: Address,
        debt: Address,
    ) -> Result<(), StoryError> {
        let (market, chain) = (self.market, &mut self.world.chain);
        let mint = verdict_chain::bindings::token::MockToken::mintCall {
            to: market,
            amount: tokens(500_000),
        };
        chain.transact(debt, &mint)?;
        chain.act_as(borrower);
        let approve = approveCall {
            spender: market,
            value: U256::MAX,
        };
        chain.transact(collateral, &approve)?;
        chain.transact(
            market,
            &LendingMarket::supplyCall {
                amount: tokens(400_000),
            },
        )?;
        chain.transact(
            market,
            &LendingMarket::borrowCall {
                amount: tokens(240_000),
            },
        )?;
        chain.act_as(account("keeper"));
        Ok(())
    }

    /// Has the chain read and quantise the inputs, and runs the model on just those integers.
    fn snapshot(&mut self) -> Result<Snapshot, StoryError> {
        let pin = self.model.pin;
        let snapshot = OnChainFeatures::snapshotCall { pin };
        let (_, receipt) = self.world.chain.transact(self.features, &snapshot)?;
        let taken = receipt.event::<OnChainFeatures::SnapshotTaken>(self.features);
        let Some(taken) = taken else {
            return Err(StoryError::Unexpected {
                what: "SnapshotTaken",
                found: "nothing".into(),
                expected: "an event".into(),
            });
        };
        let integers = self
            .world
            .chain
            .read(self.features, &OnChainFeatures::integersCall { pin })?;
        let integers = integers.iter().map(|value| value.as_i32()).collect();
        let statement = self.scorer.run_integers(vec![vec![integers]])?;
        StoryError::check(
            "the words that the chain packed",
            &taken.words,
            &statement.inputs,
        )?;
        Ok(Snapshot {
            evidence: snapshot_evidence(taken.blockNumber.to(), taken.timestamp.to(), &taken.words),
            time: taken.timestamp.to(),
            statement,
        })
    }

    fn prove(
        &self,
        audience: Audience,
        deadline: u64,
        statement: &Statement,
    ) -> Result<Proof, StoryError> {
        let payload = risk_payload(self.market, U256::from(deadline));
        self.scorer.prove(statement, audience.context(payload))
    }

    fn propose(
        &self,
        deadline: u64,
        evidence: &Bytes,
        outputs: &[U256],
        proof: &Proof,
    ) -> proposeCall {
        proposeCall {
            source: self.source,
            deadline: U256::from(deadline),
            evidence: evidence.clone(),
            outputs: outputs.to_vec(),
            proof: proof.proof.clone(),
        }
    }
}

struct Snapshot {
    evidence: Bytes,
    time: u64,
    statement: Statement,
}

/// Where one step leads from `live` towards `target`, in basis points.
fn stepped(live: u128, target: f64) -> u128 {
    let target = (target * 1e4).max(0.0);
    let live_f = live as f64;
    let moved = target.clamp(live_f - 200.0, live_f + 200.0);
    // Towards the live value.
    let rounded = if moved > live_f {
        moved.floor()
    } else {
        moved.ceil()
    };
    rounded as u128
}

pub(crate) fn tell() -> Result<Story, StoryError> {
    let began = Instant::now();
    let mut lending = Lending::new()?;
    let (k, width) = lending.scorer.shape();
    let mut story = Story::new(Consumer::Risk, k, width);
    let (updater, market) = (lending.updater, lending.market);

    let snapshot = lending.snapshot()?;
    let deadline = snapshot.time + 3 * 3600;
    let audience = lending.world.audience(lending.source, &lending.model);
    let proof = lending.prove(audience, deadline, &snapshot.statement)?;
    let outputs = &snapshot.statement.outputs;

    // What must not be proposed.
    let elsewhere = Audience {
        chain_id: audience.chain_id + 1,
        ..audience
    };
    let foreign = lending.prove(elsewhere, deadline, &snapshot.statement)?;
    let call = lending.propose(deadline, &snapshot.evidence, outputs, &foreign);
    story.refused(
        &mut lending.world.chain,
        "a proof for another chain",
        "ProofRejected",
        updater,
        &call,
    )?;
    let call = lending.propose(deadline + 1, &snapshot.evidence, outputs, &proof);
    story.refused(
        &mut lending.world.chain,
        "a later deadline than the proof's",
        "ProofRejected",
        updater,
        &call,
    )?;
    let mut looser = outputs.clone();
    if let Some(word) = looser.first_mut() {
        *word += U256::from(1);
    }
    let call = lending.propose(deadline, &snapshot.evidence, &looser, &proof);
    story.refused(
        &mut lending.world.chain,
        "a loan-to-value one step higher",
        "ProofRejected",
        updater,
        &call,
    )?;
    let made_up = snapshot_evidence(1, snapshot.time, &snapshot.statement.inputs);
    let call = lending.propose(deadline, &made_up, outputs, &proof);
    story.refused(
        &mut lending.world.chain,
        "a snapshot that nobody took",
        "UnknownSnapshot",
        updater,
        &call,
    )?;

    let call = lending.propose(deadline, &snapshot.evidence, outputs, &proof);
    let honest = lending.source;
    lending.source = lending.new_source_by_admin()?;
    let elsewhere = lending.propose(deadline, &snapshot.evidence, outputs, &proof);
    lending.source = honest;
    story.refused(
        &mut lending.world.chain,
        "a proof for another source",
        "ProofRejected",
        updater,
        &elsewhere,
    )?;

    story.gas = story
        .step(&mut lending.world.chain, "propose", updater, &call)?
        .gas;
    story.gas_verification = lending.world.verification(&lending.model, &proof)?;
    story.proofs = 2;
    story.refused(
        &mut lending.world.chain,
        "the same proposal again",
        "EvidenceNotNewer",
        updater,
        &call,
    )?;
    let execute = executeCall {
        proposal: U256::from(1),
    };
    story.refused(
        &mut lending.world.chain,
        "execution within the veto window",
        "VetoWindowOpen",
        updater,
        &execute,
    )?;
    lending.world.chain.pass(VETO);
    story.step(&mut lending.world.chain, "execute", updater, &execute)?;
    story.refused(
        &mut lending.world.chain,
        "a second execution",
        "NotPending",
        updater,
        &execute,
    )?;

    // The market moved one step, and the update is there to read.
    let reals = lending.scorer.reals(&snapshot.statement, 0);
    let live = lending
        .world
        .chain
        .read(market, &LendingMarket::parametersCall {})?;
    let found = [live.loanToValue, live.threshold, live.bonus].map(u128::from);
    let expected: Vec<u128> = [7500, 8000, 10_500]
        .into_iter()
        .zip(&reals)
        .map(|(before, real)| stepped(before, *real))
        .collect();
    StoryError::check("the market's ratios", found.to_vec(), expected)?;
    let latest = getLatestUpdateByParameterAndMarketCall {
        updateType: "liquidationThreshold".into(),
        market,
    };
    let update = lending.world.chain.read(updater, &latest)?;
    let threshold = U256::from(found[1] * BASIS_POINT).abi_encode();
    StoryError::check(
        "the update's new value",
        update.newValue.to_vec(),
        threshold,
    )?;

    // A stale snapshot, and a guardian's veto.
    let snapshot = lending.snapshot()?;
    let deadline = snapshot.time + 3 * 3600;
    let proof = lending.prove(audience, deadline, &snapshot.statement)?;
    let call = lending.propose(
        deadline,
        &snapshot.evidence,
        &snapshot.statement.outputs,
        &proof,
    );
    story.proofs += 1;
    let vetoed = lending.world.chain.clone();
    lending.world.chain.pass(MAXIMUM_AGE);
    story.refused(
        &mut lending.world.chain,
        "a snapshot half an hour old",
        "EvidenceOutOfRange",
        updater,
        &call,
    )?;
    lending.world.chain = vetoed;
    lending.world.chain.transact(updater, &call)?;
    lending.world.chain.act_as(account("guardian"));
    let veto = vetoCall {
        proposal: U256::from(2),
    };
    story.step(&mut lending.world.chain, "veto", updater, &veto)?;
    lending.world.chain.pass(VETO);
    let execute = executeCall {
        proposal: U256::from(2),
    };
    story.refused(
        &mut lending.world.chain,
        "execution after a veto",
        "NotPending",
        updater,
        &execute,
    )?;
    Ok(story.end(
        format!(
            "loan-to-value 75.00 → {:.2} %, threshold 80.00 → {:.2} %, bonus 5.00 → {:.2} %",
            found[0] as f64 / 100.0,
            found[1] as f64 / 100.0,
            found[2] as f64 / 100.0 - 100.0
        ),
        began,
    ))
}

impl Lending {
    fn new_source_by_admin(&mut self) -> Result<Address, StoryError> {
        let before = self.world.chain.sender()?;
        self.world.chain.act_as(account("admin"));
        let source = self.new_source();
        self.world.chain.act_as(before);
        source
    }
}
