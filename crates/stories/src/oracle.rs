//! A price feed that answers what a model makes of signed prices.

use crate::{
    Proof, Scorer, Statement, Story, StoryError, Teller, Tiny, World,
    world::{account, small},
};
use alloy_primitives::{Address, B256, Bytes, I256, U256, aliases::I96, b256};
use std::time::Instant;
use verdict_chain::{
    Chain, ChainExt, Fork, ModelRecord,
    bindings::oracle::InferenceOracle::{
        self, OracleConfig, constructorCall, latestRoundDataCall, submitCall,
    },
};
use verdict_consumers::{
    context::Audience,
    oracle::{KIND, payload},
};

/// The row of the table.
pub(crate) const TELLER: Teller = Teller { kind: &KIND, tell };

/// "ETH/USD"
const SUBJECT: B256 = b256!("4554482f55534400000000000000000000000000000000000000000000000000");
const DECIMALS: u32 = 8;

/// What every oracle here is made with.
pub(crate) fn config() -> OracleConfig {
    let answer = |whole: i64| I96::unchecked_from(whole) * I96::unchecked_from(10i64.pow(DECIMALS));
    OracleConfig {
        description: "fair price of ETH in USD".into(),
        decimals: 8,
        answerIndex: 0,
        subject: SUBJECT,
        minAnswer: answer(100),
        maxAnswer: answer(10_000),
        maxMove: small(100_000_000),
        maxMoveBps: 1000,
        moveWindow: 3600,
        maxAge: small(3600),
        maxSkew: small(60),
        heartbeat: 7200,
        confirmDelay: small(600),
        confirmWindow: small(3600),
        history: 16,
        switchDelay: 172_800,
        followsLatest: false,
    }
}

/// An oracle, and what a submitter needs.
pub(crate) struct Feed {
    pub(crate) world: World,
    pub(crate) scorer: Scorer,
    pub(crate) model: ModelRecord,
    pub(crate) source: Address,
    pub(crate) oracle: Address,
}

impl Feed {
    pub(crate) fn new(fork: Fork) -> Result<Self, StoryError> {
        let scorer = Scorer::new(Tiny::ORACLE, 1)?;
        let mut world = World::new(scorer.tau_g2(), fork)?;
        let model = world.register(&scorer)?;
        let source = world.signed_source()?;
        let oracle = Self::deploy(&mut world, &model, source)?;
        Ok(Self {
            world,
            scorer,
            model,
            source,
            oracle,
        })
    }

    fn deploy(
        world: &mut World,
        model: &ModelRecord,
        source: Address,
    ) -> Result<Address, StoryError> {
        let arguments = constructorCall {
            gateway_: world.core.gateway,
            modelId_: U256::from(model.model_id),
            version_: model.version,
            source_: source,
            config_: config(),
            owner_: account("oracle's owner"),
            guardian: account("guardian"),
        };
        world.deploy("InferenceOracle", &arguments)
    }

    /// A quorum's evidence for some oracle.
    pub(crate) fn evidence(
        &self,
        oracle: Address,
        statement: &Statement,
        time: u64,
    ) -> Result<Bytes, StoryError> {
        let data = self
            .world
            .data(oracle, &self.model, SUBJECT, statement, time);
        self.world.sign(self.source, &data)
    }

    pub(crate) fn prove(
        &self,
        audience: Audience,
        time: u64,
        statement: &Statement,
    ) -> Result<Proof, StoryError> {
        let payload = payload(U256::from(time), U256::ZERO);
        self.scorer.prove(statement, audience.context(payload))
    }

    /// What the oracle will answer: the integer times its scale, with the feed's decimals, halves
    /// away from zero.
    fn answer(&self, statement: &Statement) -> Result<I256, StoryError> {
        let scale = self
            .scorer
            .registration()?
            .spec
            .outputs
            .first()
            .map(|output| output.scaleE36);
        let scale = U256::from(scale.unwrap_or_default());
        let integer = statement.integers.first().and_then(|values| values.first());
        let integer = i64::from(integer.copied().unwrap_or_default());
        let divisor = U256::from(10u64).pow(U256::from(36 - DECIMALS));
        let magnitude = U256::from(integer.unsigned_abs()) * scale;
        let rounded = (magnitude + divisor / U256::from(2)) / divisor;
        let signed = I256::from_raw(rounded);
        Ok(if integer < 0 { -signed } else { signed })
    }
}

fn submit(evidence: &Bytes, outputs: &[U256], proof: &Proof) -> submitCall {
    submitCall {
        evidence: evidence.clone(),
        outputs: outputs.to_vec(),
        proof: proof.proof.clone(),
    }
}

/// An accepted round.
pub(crate) struct Round {
    pub(crate) statement: Statement,
    pub(crate) evidence: Bytes,
    pub(crate) proof: Proof,
    pub(crate) answer: I256,
}

fn tell(fork: Fork) -> Result<Story, StoryError> {
    let began = Instant::now();
    let mut feed = Feed::new(fork)?;
    let mut story = Story::new(&KIND, feed.scorer.shape());
    feed.round(&mut story, 1, &[2001.5, 2003.0, 1999.0, 1.5])?;
    let last = feed.round(&mut story, 2, &[2010.0, 2012.5, 2008.0, 2.0])?;
    story.gas_verification = feed.world.verification(&feed.model, &last.proof)?;
    attacks(&mut feed, &mut story, &last)?;
    let latest = feed
        .world
        .chain
        .read(feed.oracle, &latestRoundDataCall {})?;
    StoryError::check("round after the attacks", latest._0.to::<u64>(), 2)?;

    let price = f64::from(i32::try_from(last.answer.as_i64() / 10_000).unwrap_or_default()) / 1e4;
    Ok(story.end(
        format!("2 rounds; latestRoundData says {price:.4} USD"),
        began,
    ))
}

impl Feed {
    /// Submits a round, and reads what it became.
    pub(crate) fn round(
        &mut self,
        story: &mut Story,
        round: u64,
        row: &[f64],
    ) -> Result<Round, StoryError> {
        let oracle = self.oracle;
        self.world.chain.pass(60);
        let time = self.world.now()?;
        let statement = self.scorer.run(&[row.to_vec()])?;
        let evidence = self.evidence(oracle, &statement, time)?;
        let audience = self.world.audience(oracle, &self.model);
        let proof = self.prove(audience, time, &statement)?;
        story.proofs += 1;
        let call = submit(&evidence, &statement.outputs, &proof);
        let step = match round {
            1 => "submit, first round",
            _ => "submit",
        };
        let receipt = story.step(&mut self.world.chain, step, oracle, &call)?;
        story.gas = receipt.gas;

        let latest = self.world.chain.read(oracle, &latestRoundDataCall {})?;
        StoryError::check("round", latest._0.to::<u64>(), round)?;
        StoryError::check("answer", latest._1, self.answer(&statement)?)?;
        StoryError::check("startedAt", latest._2, U256::from(time))?;
        let accepted = receipt.event::<InferenceOracle::RoundAccepted>(oracle);
        StoryError::check(
            "RoundAccepted",
            accepted.map(|event| event.answer),
            Some(latest._1),
        )?;
        Ok(Round {
            statement,
            evidence,
            proof,
            answer: latest._1,
        })
    }
}

/// All of these are sent as transactions.
fn attacks(feed: &mut Feed, story: &mut Story, last: &Round) -> Result<(), StoryError> {
    let (oracle, statement) = (feed.oracle, &last.statement);
    let again = submit(&last.evidence, &statement.outputs, &last.proof);
    let replay = ("the same submission again", "InputsNotNewer", again);
    story.all_refused(&mut feed.world.chain, oracle, &[replay])?;

    feed.world.chain.pass(60);
    let time = feed.world.now()?;
    let fresh = feed.evidence(oracle, statement, time)?;
    let audience = feed.world.audience(oracle, &feed.model);
    let elsewhere = Audience {
        chain_id: audience.chain_id + 1,
        ..audience
    };
    let foreign = feed.prove(elsewhere, time, statement)?;
    let honest = feed.prove(audience, time, statement)?;
    let mut higher = statement.outputs.clone();
    if let Some(word) = higher.first_mut() {
        *word += U256::from(1);
    }
    let other = feed.scorer.run(&[vec![2200.0, 2200.0, 2200.0, 1.0]])?;
    let swapped = feed.evidence(oracle, &other, time)?;
    let data = feed
        .world
        .data(oracle, &feed.model, SUBJECT, statement, time);
    let chain_id = feed.world.chain.chain_id();
    let signers = &feed.world.signers;
    let alone = signers.evidence(chain_id, feed.source, &data, 1)?;

    let outputs = &statement.outputs;
    let before = [
        (
            "the last round's proof with new signatures",
            "ProofRejected",
            submit(&fresh, outputs, &last.proof),
        ),
        (
            "a proof for another chain",
            "ProofRejected",
            submit(&fresh, outputs, &foreign),
        ),
    ];
    story.all_refused(&mut feed.world.chain, oracle, &before)?;
    another_oracle(feed, story, statement, time)?;
    let after = [
        (
            "an answer one step higher",
            "ProofRejected",
            submit(&fresh, &higher, &honest),
        ),
        (
            "other inputs than the proved ones",
            "ProofRejected",
            submit(&swapped, outputs, &honest),
        ),
        (
            "one signature where two must be",
            "QuorumNotMet",
            submit(&alone, outputs, &honest),
        ),
    ];
    story.all_refused(&mut feed.world.chain, oracle, &after)?;
    feed.world.chain.pass(3600);
    let late = submit(&fresh, outputs, &honest);
    let late = ("inputs an hour old", "InputsTooOld", late);
    story.all_refused(&mut feed.world.chain, oracle, &[late])?;
    story.proofs += 3;
    Ok(())
}

/// A twin with the same configuration does not take a proof for the first oracle.
fn another_oracle(
    feed: &mut Feed,
    story: &mut Story,
    statement: &Statement,
    time: u64,
) -> Result<(), StoryError> {
    let audience = feed.world.audience(feed.oracle, &feed.model);
    let twin = Feed::deploy(&mut feed.world, &feed.model, feed.source)?;
    let first = feed.prove(audience, time, statement)?;
    let signed = feed.evidence(twin, statement, time)?;
    let call = submit(&signed, &statement.outputs, &first);
    let attempt = ("a proof for another oracle", "ProofRejected", call);
    story.all_refused(&mut feed.world.chain, twin, &[attempt])
}
