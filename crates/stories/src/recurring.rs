//! What each consumer costs when it has run for a while: its slots have been written before.

use crate::{
    StoryError,
    airdrop::{DAY, Funded},
    guard::{Guarded, PAUSE},
    oracle::Feed,
    risk::{Lending, VETO},
    story::Story,
    world::{account, tokens},
};
use alloy_primitives::U256;
use serde::Serialize;
use verdict_chain::{
    ChainExt, Fork,
    bindings::{
        market::LendingMarket, oracle::InferenceOracle::prepareHistoryCall,
        risk::RiskParameterUpdater::executeCall,
    },
};
use verdict_consumers::{context::Audience, oracle, risk::payload};

/// Laps of proposals, each executed: after the first 32 proposals and 64 updates nothing is new.
const LAPS: usize = 34;
/// Until parameters may move again.
const MINIMUM_DELAY: u64 = 21_600;

/// A transaction that is sent again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recurring {
    /// To whom.
    pub consumer: &'static str,
    /// Which.
    pub step: &'static str,
    /// What its receipt says.
    pub gas: u64,
    /// Gas of the verification of the consumer's proof alone, as a transaction.
    pub verification: u64,
}

impl Recurring {
    /// By how much it is dearer than the proof's verification alone.
    pub fn ratio(&self) -> f64 {
        self.gas as f64 / self.verification as f64
    }
}

/// All of them, by the rules of a fork.
///
/// # Errors
///
/// If a transaction that must succeed is refused.
pub fn recurring(fork: Fork) -> Result<Vec<Recurring>, StoryError> {
    let mut all = feed(fork)?;
    all.extend(lending(fork)?);
    all.extend(guarded(fork)?);
    all.extend(campaign(fork)?);
    Ok(all)
}

fn row(consumer: &'static str, step: &'static str, gas: u64, verification: u64) -> Recurring {
    Recurring {
        consumer,
        step,
        gas,
        verification,
    }
}

/// An oracle whose history has been paid for.
fn feed(fork: Fork) -> Result<Vec<Recurring>, StoryError> {
    let mut feed = Feed::new(fork)?;
    let prepare = prepareHistoryCall {
        first: U256::ZERO,
        count: U256::from(16),
    };
    feed.world.chain.transact(feed.oracle, &prepare)?;
    let mut story = Story::new(&oracle::KIND, feed.scorer.shape());
    feed.round(&mut story, 1, &[2001.5, 2003.0, 1999.0, 1.5])?;
    let last = feed.round(&mut story, 2, &[2010.0, 2012.5, 2008.0, 2.0])?;
    let bare = feed.world.verification(&feed.model, &last.proof)?;
    Ok(vec![row("oracle", "submit", story.gas, bare)])
}

/// A market whose parameters governance sets back after each execution, so that there is something to
/// move again.
fn lending(fork: Fork) -> Result<Vec<Recurring>, StoryError> {
    let mut lending = Lending::new(fork)?;
    let market = lending.market;
    let before = lending
        .world
        .chain
        .read(market, &LendingMarket::parametersCall {})?;
    let back = LendingMarket::setParametersCall {
        updated: LendingMarket::Parameters {
            loanToValue: before.loanToValue,
            threshold: before.threshold,
            bonus: before.bonus,
            supplyCap: before.supplyCap,
            borrowCap: before.borrowCap,
        },
    };
    let first = lending.snapshot()?;
    // One proof for all: the words are the same, and the deadline is far.
    let deadline = first.time + LAPS as u64 * 100_000;
    let audience: Audience = lending.world.audience(lending.source, &lending.model);
    let context = audience.context(payload(market, U256::from(deadline)));
    let proof = lending.scorer.prove(&first.statement, context)?;
    let (mut propose, mut execute) = (0, 0);
    for lap in 1..=LAPS {
        let taken = lending.snapshot()?;
        let outputs = &taken.statement.outputs;
        let call = lending.propose(deadline, &taken.evidence, outputs, &proof);
        propose = lending.world.chain.transact(lending.updater, &call)?.1.gas;
        lending.world.chain.pass(VETO.max(MINIMUM_DELAY));
        let call = executeCall {
            proposal: U256::from(lap),
        };
        execute = lending.world.chain.transact(lending.updater, &call)?.1.gas;
        lending.world.chain.act_as(account("admin"));
        lending.world.chain.transact(market, &back)?;
        lending.world.chain.act_as(account("keeper"));
    }
    let bare = lending.world.verification(&lending.model, &proof)?;
    Ok(vec![
        row("risk", "propose, three parameters", propose, bare),
        row("risk", "execute, three parameters", execute, bare),
    ])
}

/// A guard that pauses for the second time.
fn guarded(fork: Fork) -> Result<Vec<Recurring>, StoryError> {
    let mut guarded = Guarded::new(fork)?;
    let theft = guarded.scorer.run(&[vec![0.9, 0.15, 50.0]])?;
    let (mut gas, mut bare) = (0, 0);
    for _ in 0..2 {
        guarded.world.chain.act_as(guarded.reporter);
        let evidence = guarded.evidence(&theft)?;
        let proof = guarded.prove(guarded.audience(), &evidence, &theft)?;
        let call = evidence.trigger(&theft.outputs, &proof);
        if gas != 0 {
            // The reporter's balance of bonds isn't to end at zero, nor to begin there.
            let deposit = verdict_chain::bindings::guard::FraudPauseGuard::depositCall {
                account: guarded.reporter,
                amount: tokens(200),
            };
            guarded.world.chain.transact(guarded.guard, &deposit)?;
        }
        gas = guarded.world.chain.transact(guarded.guard, &call)?.1.gas;
        bare = guarded.world.verification(&guarded.model, &proof)?;
        guarded.world.chain.pass(PAUSE + 3600);
    }
    Ok(vec![row("guard", "trigger", gas, bare)])
}

/// Four accounts: the second of those that are paid.
fn campaign(fork: Fork) -> Result<Vec<Recurring>, StoryError> {
    let items = 4;
    let mut funded = Funded::new(items, fork)?;
    let time = funded.world.now()?;
    let evidence = funded.evidence(1, time)?;
    let proof = funded.prove(funded.audience(), 1)?;
    let call = funded.accept(1, &evidence, &funded.statement.outputs, &proof);
    let accept = funded.world.chain.transact(funded.airdrop, &call)?.1.gas;
    let bare = funded.world.verification(&funded.model, &proof)?;
    funded.world.chain.pass(10 * DAY);
    let mut claim = 0;
    for index in 0..2 {
        let call = funded.claim(index);
        claim = funded.world.chain.transact(funded.airdrop, &call)?.1.gas;
    }
    Ok(vec![
        row("airdrop", "acceptBatch, four accounts", accept, bare),
        row("airdrop", "claim", claim, bare),
    ])
}
