//! A lending market whose parameters a model moves, step by step, from what the market itself says.

use crate::{
    Proof, Scorer, Statement, Story, StoryError, Teller, Tiny, World,
    world::{account, small, tokens},
};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use std::time::Instant;
use verdict_chain::{
    Artifact, Chain, ChainExt, Fork, ModelRecord,
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
        token::MockToken::{approveCall, mintCall},
    },
};
use verdict_consumers::{
    Snapshot,
    context::Audience,
    live_integers,
    risk::{KIND, payload},
    snapshot_evidence,
};

/// The row of the table.
pub(crate) const TELLER: Teller = Teller { kind: &KIND, tell };

pub(crate) const VETO: u64 = 3600;
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
        anySign: false,
    };
    calls.map(feed).to_vec()
}

/// A market and everything that moves its parameters.
pub(crate) struct Lending {
    pub(crate) world: World,
    pub(crate) scorer: Scorer,
    pub(crate) model: ModelRecord,
    pub(crate) market: Address,
    pub(crate) features: Address,
    pub(crate) updater: Address,
    pub(crate) source: Address,
}

impl Lending {
    pub(crate) fn new(fork: Fork) -> Result<Self, StoryError> {
        let scorer = Scorer::new(Tiny::RISK, 1)?;
        let mut world = World::new(scorer.tau_g2(), fork)?;
        let model = world.register(&scorer)?;
        let borrower = account("borrower");
        let collateral = world.token(&[(borrower, tokens(400_000))])?;
        let debt = world.token(&[])?;
        let (market, updater) = deploy(&mut world, collateral, debt)?;
        let features = OnChainFeatures::constructorCall {
            registry_: world.core.registry,
            modelId_: U256::from(model.model_id),
            subject_: market.into_word(),
            feeds_: feeds(market),
        };
        let features = world.deploy("OnChainFeatures", &features)?;
        let prepare = OnChainFeatures::prepareCall {
            version: model.version,
        };
        world.chain.transact(features, &prepare)?;
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
            coupled: 0,
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
        let mint = mintCall {
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
        let supply = LendingMarket::supplyCall {
            amount: tokens(400_000),
        };
        chain.transact(market, &supply)?;
        let borrow = LendingMarket::borrowCall {
            amount: tokens(240_000),
        };
        chain.transact(market, &borrow)?;
        chain.act_as(account("keeper"));
        Ok(())
    }

    /// Has the chain read and quantise the inputs, and runs the model on just those integers.
    pub(crate) fn snapshot(&mut self) -> Result<Taken, StoryError> {
        let (chain, pin) = (&mut self.world.chain, self.model.pin);
        let snapshot = Snapshot::take(chain, self.features, pin)?;
        let integers = live_integers(chain, self.features, pin)?;
        let statement = self.scorer.run_integers(vec![vec![integers]])?;
        StoryError::check(
            "the words that the chain packed",
            &snapshot.words,
            &statement.inputs,
        )?;
        Ok(Taken {
            evidence: snapshot.evidence(),
            time: snapshot.timestamp,
            statement,
        })
    }

    pub(crate) fn prove(
        &self,
        audience: Audience,
        deadline: u64,
        statement: &Statement,
    ) -> Result<Proof, StoryError> {
        let payload = payload(self.market, U256::from(deadline));
        self.scorer.prove(statement, audience.context(payload))
    }

    pub(crate) fn propose(
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

/// A snapshot, and what the model makes of it.
pub(crate) struct Taken {
    pub(crate) evidence: Bytes,
    pub(crate) time: u64,
    pub(crate) statement: Statement,
}

impl Taken {
    /// Until when proofs about it are good.
    pub(crate) const fn deadline(&self) -> u64 {
        self.time + 3 * 3600
    }
}

/// Deploys a market, and the updater that moves its parameters within limits.
fn deploy(
    world: &mut World,
    collateral: Address,
    debt: Address,
) -> Result<(Address, Address), StoryError> {
    let market = LendingMarket::constructorCall {
        collateral,
        debt,
        initial: LendingMarket::Parameters {
            loanToValue: 7500,
            threshold: 8000,
            bonus: 10_500,
            supplyCap: tokens(1_000_000).to(),
            borrowCap: tokens(500_000).to(),
        },
    };
    let market = world.deploy("LendingMarket", &market)?;
    let adapter = Artifact::load("LendingMarketAdapter")?.bytecode;
    let adapter = world.chain.create("LendingMarketAdapter", adapter)?.0;
    let call = LendingMarket::setRiskManagerCall { manager: adapter };
    world.chain.transact(market, &call)?;
    let updater = RiskParameterUpdater::constructorCall {
        adapter_: adapter,
        admin: account("admin"),
        adminDelay: small(86_400),
        guardian: account("guardian"),
    };
    let updater = world.deploy("RiskParameterUpdater", &updater)?;
    let call = LendingMarketAdapter::setUpdaterCall { updater_: updater };
    world.chain.transact(adapter, &call)?;
    for role in [
        world.chain.read(updater, &PROPOSER_ROLECall {})?,
        world.chain.read(updater, &EXECUTOR_ROLECall {})?,
    ] {
        // For everybody.
        let account = Address::ZERO;
        let call = grantRoleCall { role, account };
        world.chain.transact(updater, &call)?;
    }
    for parameter in PARAMETERS {
        let call = setLimitCall {
            market,
            parameter,
            limit: limit(),
        };
        world.chain.transact(updater, &call)?;
    }
    Ok((market, updater))
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

fn tell(fork: Fork) -> Result<Story, StoryError> {
    let began = Instant::now();
    let mut lending = Lending::new(fork)?;
    let mut story = Story::new(&KIND, lending.scorer.shape());
    let updater = lending.updater;
    let taken = lending.snapshot()?;
    let audience = lending.world.audience(lending.source, &lending.model);
    let proof = lending.prove(audience, taken.deadline(), &taken.statement)?;
    before(&mut lending, &mut story, &taken, &proof)?;

    let outputs = &taken.statement.outputs;
    let call = lending.propose(taken.deadline(), &taken.evidence, outputs, &proof);
    let receipt = story.step(&mut lending.world.chain, "propose", updater, &call)?;
    story.gas = receipt.gas;
    story.gas_verification = lending.world.verification(&lending.model, &proof)?;
    story.proofs = 2;
    let again = ("the same proposal again", "EvidenceNotNewer", call);
    story.all_refused(&mut lending.world.chain, updater, &[again])?;
    let execute = || executeCall {
        proposal: U256::from(1),
    };
    let attempt = "execution within the veto window";
    let early = (attempt, "VetoWindowOpen", execute());
    story.all_refused(&mut lending.world.chain, updater, &[early])?;
    lending.world.chain.pass(VETO);
    story.step(&mut lending.world.chain, "execute", updater, &execute())?;
    let twice = ("a second execution", "NotPending", execute());
    story.all_refused(&mut lending.world.chain, updater, &[twice])?;

    let found = moved(&mut lending, &taken)?;
    stale_and_vetoed(&mut lending, &mut story)?;
    let percent = found.map(|ratio| f64::from(ratio) / 100.0);
    let [value, threshold, bonus] = percent;
    Ok(story.end(
        format!(
            "loan-to-value 75.00 → {value:.2} %, threshold 80.00 → {threshold:.2} %, bonus 5.00 → \
             {:.2} %",
            bonus - 100.0
        ),
        began,
    ))
}

/// What must not be proposed.
fn before(
    lending: &mut Lending,
    story: &mut Story,
    taken: &Taken,
    proof: &Proof,
) -> Result<(), StoryError> {
    let (updater, deadline) = (lending.updater, taken.deadline());
    let outputs = &taken.statement.outputs;
    let audience = lending.world.audience(lending.source, &lending.model);
    let elsewhere = Audience {
        chain_id: audience.chain_id + 1,
        ..audience
    };
    let foreign = lending.prove(elsewhere, deadline, &taken.statement)?;
    let mut looser = outputs.clone();
    if let Some(word) = looser.first_mut() {
        *word += U256::from(1);
    }
    let made_up = snapshot_evidence(1, taken.time, &taken.statement.inputs);
    let honest = lending.source;
    let attempts = [
        (
            "a proof for another chain",
            "ProofRejected",
            lending.propose(deadline, &taken.evidence, outputs, &foreign),
        ),
        (
            "a later deadline than the proof's",
            "ProofRejected",
            lending.propose(deadline + 1, &taken.evidence, outputs, proof),
        ),
        (
            "a loan-to-value one step higher",
            "ProofRejected",
            lending.propose(deadline, &taken.evidence, &looser, proof),
        ),
        (
            "a snapshot that nobody took",
            "UnknownSnapshot",
            lending.propose(deadline, &made_up, outputs, proof),
        ),
    ];
    story.all_refused(&mut lending.world.chain, updater, &attempts)?;
    lending.source = lending.new_source_by_admin()?;
    let elsewhere = lending.propose(deadline, &taken.evidence, outputs, proof);
    lending.source = honest;
    let attempt = ("a proof for another source", "ProofRejected", elsewhere);
    story.all_refused(&mut lending.world.chain, updater, &[attempt])
}

/// The market moved one step, and the update is there to read; the ratios in basis points.
fn moved(lending: &mut Lending, taken: &Taken) -> Result<[u16; 3], StoryError> {
    let (updater, market) = (lending.updater, lending.market);
    let reals = lending.scorer.reals(&taken.statement, 0);
    let call = LendingMarket::parametersCall {};
    let live = lending.world.chain.read(market, &call)?;
    let found = [live.loanToValue, live.threshold, live.bonus];
    let expected: Vec<u128> = [7500, 8000, 10_500]
        .into_iter()
        .zip(&reals)
        .map(|(before, real)| stepped(before, *real))
        .collect();
    let ratios = found.map(u128::from).to_vec();
    StoryError::check("the market's ratios", ratios, expected)?;
    let latest = getLatestUpdateByParameterAndMarketCall {
        updateType: "liquidationThreshold".into(),
        market,
    };
    let update = lending.world.chain.read(updater, &latest)?;
    let threshold = U256::from(u128::from(live.threshold) * BASIS_POINT).abi_encode();
    StoryError::check(
        "the update's new value",
        update.newValue.to_vec(),
        threshold,
    )?;
    Ok(found)
}

/// A stale snapshot is refused, and a guardian's veto stands.
fn stale_and_vetoed(lending: &mut Lending, story: &mut Story) -> Result<(), StoryError> {
    let updater = lending.updater;
    let taken = lending.snapshot()?;
    let audience = lending.world.audience(lending.source, &lending.model);
    let proof = lending.prove(audience, taken.deadline(), &taken.statement)?;
    let outputs = &taken.statement.outputs;
    let call = lending.propose(taken.deadline(), &taken.evidence, outputs, &proof);
    story.proofs += 1;
    let vetoed = lending.world.chain.clone();
    lending.world.chain.pass(MAXIMUM_AGE);
    let attempt = "a snapshot half an hour old";
    let old = (attempt, "EvidenceOutOfRange", call.clone());
    story.all_refused(&mut lending.world.chain, updater, &[old])?;
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
    let attempt = ("execution after a veto", "NotPending", execute);
    story.all_refused(&mut lending.world.chain, updater, &[attempt])
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
