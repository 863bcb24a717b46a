//! An airdrop by proved scores: one proof covers a batch of accounts.

use crate::{
    Proof, Scorer, Statement, Story, StoryError, Teller, Tiny, World,
    world::{account, small, tokens},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::time::Instant;
use verdict_chain::{
    ChainExt, Fork, ModelRecord,
    bindings::{
        airdrop::{
            IScoredAirdrop::{Batch, Campaign, Entry, ModelReference, Windows},
            ScoredAirdrop::{
                CurvePoint, acceptBatchCall, allocatedCall, allocationOfCall, claimCall,
                constructorCall, fundCall, remainingCall,
            },
        },
        token::MockToken::{approveCall, balanceOfCall},
    },
};
use verdict_consumers::{
    Tree,
    airdrop::{KIND, payload},
    context::Audience,
};

/// The row of the table.
pub(crate) const TELLER: Teller = Teller { kind: &KIND, tell };

pub(crate) const DAY: u64 = 86_400;

/// Points of score, in the output's steps, and tokens: nothing below zero, then ever more.
pub(crate) fn curve() -> Vec<CurvePoint> {
    [(0, 10), (50, 100), (200, 400)]
        .map(|(score, amount)| CurvePoint {
            score,
            amount: tokens(amount).to(),
        })
        .to_vec()
}

/// What every campaign here is made with.
pub(crate) fn campaign(
    gateway: Address,
    token: Address,
    model: &ModelRecord,
    source: Address,
    start: u64,
) -> Campaign {
    Campaign {
        gateway,
        token,
        treasury: account("treasury"),
        windows: Windows {
            batchesUntil: small(start + 20 * DAY),
            claimsFrom: small(start + 10 * DAY),
            claimsUntil: small(start + 40 * DAY),
            sweepFrom: small(start + 50 * DAY),
        },
        models: vec![ModelReference {
            modelId: U256::from(model.model_id),
            version: model.version,
        }],
        curve: curve(),
        source,
        maximumAge: U256::from(7 * DAY),
    }
}

/// Days, transactions and counterparties of person number `i`; every fourth is a farm.
pub(crate) fn features(i: usize) -> Vec<f64> {
    let spread = |factor: usize, range: usize| ((i * factor) % range) as f64;
    if i % 4 == 3 {
        return vec![spread(7, 30), spread(11, 40), spread(3, 4)];
    }
    vec![
        200.0 + spread(97, 700),
        100.0 + spread(53, 350),
        20.0 + spread(13, 50),
    ]
}

/// Their account and identity.
pub(crate) fn person(i: usize) -> (Address, U256) {
    (account(&format!("person {i}")), U256::from(i))
}

/// A funded campaign for batches of so many people.
pub(crate) struct Funded {
    pub(crate) world: World,
    pub(crate) scorer: Scorer,
    pub(crate) model: ModelRecord,
    pub(crate) source: Address,
    pub(crate) token: Address,
    pub(crate) airdrop: Address,
    pub(crate) people: Vec<(Address, U256)>,
    pub(crate) tree: Tree,
    pub(crate) statement: Statement,
}

impl Funded {
    pub(crate) fn new(items: usize, fork: Fork) -> Result<Self, StoryError> {
        let scorer = Scorer::new(Tiny::AIRDROP, items)?;
        let mut world = World::new(scorer.tau_g2(), fork)?;
        let model = world.register(&scorer)?;
        let source = world.signed_source()?;
        let sponsor = account("sponsor");
        let funds = tokens(1000 * items as u64);
        let token = world.token(&[(sponsor, funds)])?;
        let start = world.now()?;
        let campaign = campaign(world.core.gateway, token, &model, source, start);
        let airdrop = world.deploy("ScoredAirdrop", &constructorCall { campaign })?;
        world.chain.act_as(sponsor);
        let approve = approveCall {
            spender: airdrop,
            value: funds,
        };
        world.chain.transact(token, &approve)?;
        world.chain.transact(airdrop, &fundCall { amount: funds })?;
        let people: Vec<_> = (0..items).map(person).collect();
        let rows: Vec<Vec<f64>> = (0..items).map(features).collect();
        Ok(Self {
            statement: scorer.run(&rows)?,
            tree: Tree::new(&people),
            world,
            scorer,
            model,
            source,
            token,
            airdrop,
            people,
        })
    }

    fn batch(&self, number: u64) -> Batch {
        Batch {
            number: U256::from(number),
            model: U256::ZERO,
            entriesRoot: self.tree.root(),
            count: self.people.len() as u32,
        }
    }

    fn payload(&self, number: u64) -> B256 {
        payload(
            U256::from(number),
            self.tree.root(),
            self.people.len() as u32,
        )
    }

    pub(crate) fn audience(&self) -> Audience {
        self.world.audience(self.airdrop, &self.model)
    }

    pub(crate) fn evidence(&self, number: u64, time: u64) -> Result<Bytes, StoryError> {
        let data = self.world.data(
            self.airdrop,
            &self.model,
            self.payload(number),
            &self.statement,
            time,
        );
        self.world.sign(self.source, &data)
    }

    pub(crate) fn prove(&self, audience: Audience, number: u64) -> Result<Proof, StoryError> {
        self.scorer
            .prove(&self.statement, audience.context(self.payload(number)))
    }

    pub(crate) fn accept(
        &self,
        number: u64,
        evidence: &Bytes,
        outputs: &[U256],
        proof: &Proof,
    ) -> acceptBatchCall {
        acceptBatchCall {
            batch: self.batch(number),
            evidence: evidence.clone(),
            outputs: outputs.to_vec(),
            proof: proof.proof.clone(),
        }
    }

    pub(crate) fn claim(&self, index: usize) -> claimCall {
        let (account, identity) = self.people.get(index).copied().unwrap_or_default();
        claimCall {
            entry: Entry {
                batch: U256::from(1),
                index: U256::from(index),
                account,
                identity,
                path: self.tree.path(index),
            },
        }
    }

    /// What an account's score is worth.
    fn allocation(&mut self, index: usize) -> Result<U256, StoryError> {
        let call = allocationOfCall {
            score: self.score(index),
        };
        Ok(self.world.chain.read(self.airdrop, &call)?)
    }

    fn score(&self, index: usize) -> i32 {
        let of = self.statement.integers.get(index);
        of.and_then(|values| values.first())
            .copied()
            .unwrap_or_default()
    }
}

fn tell(fork: Fork) -> Result<Story, StoryError> {
    let began = Instant::now();
    let items = 4;
    let mut funded = Funded::new(items, fork)?;
    let mut story = Story::new(&KIND, funded.scorer.shape());
    let airdrop = funded.airdrop;
    let time = funded.world.now()?;
    let evidence = funded.evidence(1, time)?;
    let outputs = funded.statement.outputs.clone();
    let audience = funded.audience();
    let proof = funded.prove(audience, 1)?;
    let call = funded.accept(1, &evidence, &outputs, &proof);
    before(&mut funded, &mut story, &evidence, &proof)?;

    let receipt = story.step(&mut funded.world.chain, "acceptBatch", airdrop, &call)?;
    story.gas = receipt.gas;
    story.proofs = 2;
    story.gas_verification = funded.world.verification(&funded.model, &proof)?;
    let mut owed = U256::ZERO;
    for index in 0..items {
        owed += funded.allocation(index)?;
    }
    let allocated = funded.world.chain.read(airdrop, &allocatedCall {})?;
    StoryError::check("allocated", allocated, owed)?;

    let again = funded.accept(2, &funded.evidence(2, time)?, &outputs, &proof);
    let replays = [
        ("the same batch again", "BatchExists", call),
        ("the same proof as batch 2", "ProofRejected", again.clone()),
    ];
    story.all_refused(&mut funded.world.chain, airdrop, &replays)?;
    let early = ("a claim before its time", "ClaimsClosed", funded.claim(0));
    story.all_refused(&mut funded.world.chain, airdrop, &[early])?;
    funded.world.chain.pass(8 * DAY);
    let old = ("data eight days old", "DataOutOfTime", again);
    story.all_refused(&mut funded.world.chain, airdrop, &[old])?;
    funded.world.chain.pass(2 * DAY);

    let (paid, people) = claims(&mut funded, &mut story, items)?;
    let remaining = funded.world.chain.read(airdrop, &remainingCall {})?;
    StoryError::check("remaining", remaining, tokens(1000 * items as u64) - paid)?;
    let whole = (paid / tokens(1)).saturating_to::<u64>();
    Ok(story.end(
        format!(
            "one proof scored {items} accounts behind commitments; {people} claimed {whole} \
             tokens, farms got nothing"
        ),
        began,
    ))
}

/// What must not be taken as batch 1.
fn before(
    funded: &mut Funded,
    story: &mut Story,
    evidence: &Bytes,
    proof: &Proof,
) -> Result<(), StoryError> {
    let outputs = funded.statement.outputs.clone();
    let audience = funded.audience();
    let elsewhere = Audience {
        chain_id: audience.chain_id + 1,
        ..audience
    };
    let foreign = funded.prove(elsewhere, 1)?;
    let mut better = outputs.clone();
    if let Some(word) = better.first_mut() {
        *word += U256::from(1);
    }
    let attempts = [
        (
            "a proof for another chain",
            "ProofRejected",
            funded.accept(1, evidence, &outputs, &foreign),
        ),
        (
            "a score one step higher",
            "ProofRejected",
            funded.accept(1, evidence, &better, proof),
        ),
    ];
    story.all_refused(&mut funded.world.chain, funded.airdrop, &attempts)
}

/// Everybody claims; what was paid, and to how many.
fn claims(
    funded: &mut Funded,
    story: &mut Story,
    items: usize,
) -> Result<(U256, usize), StoryError> {
    let (airdrop, token) = (funded.airdrop, funded.token);
    let (mut paid, mut people) = (U256::ZERO, 0);
    for index in 0..items {
        let claim = funded.claim(index);
        let amount = funded.allocation(index)?;
        if amount.is_zero() {
            let mut tried = story.rejected.iter();
            if tried.all(|it| it.expected != "NothingToClaim") {
                let farm = ("a farm's claim", "NothingToClaim", claim);
                story.all_refused(&mut funded.world.chain, airdrop, &[farm])?;
            }
            continue;
        }
        let receipt = funded.world.chain.transact(airdrop, &claim)?.1;
        if people == 0 {
            story.steps.push(crate::GasStep {
                step: "claim",
                gas: receipt.gas,
            });
        }
        let account = claim.entry.account;
        let balance = funded.world.chain.read(token, &balanceOfCall { account })?;
        StoryError::check("what the account got", balance, amount)?;
        paid += amount;
        people += 1;
    }
    let mut stolen = funded.claim(1);
    stolen.entry.account = account("thief");
    let attempts = [
        ("a second claim", "EntryPaid", funded.claim(0)),
        ("another account's entry", "NotInBatch", stolen),
    ];
    story.all_refused(&mut funded.world.chain, airdrop, &attempts)?;
    Ok((paid, people))
}

/// What accepting a batch costs.
#[derive(Clone, Copy, Debug)]
pub struct BatchCost {
    /// The circuit's height: it has 2^k rows.
    pub k: u32,
    /// Of the transaction with the proof.
    pub gas: u64,
    /// Of a transaction that only verifies the same proof.
    pub gas_verification: u64,
    /// Seconds to prove the scores.
    pub seconds: f64,
}

/// Accepts a batch of `items` accounts, whose scores one proof covers.
pub fn cost_of_batch(items: usize, fork: Fork) -> Result<BatchCost, StoryError> {
    let mut funded = Funded::new(items, fork)?;
    let time = funded.world.now()?;
    let evidence = funded.evidence(1, time)?;
    let began = Instant::now();
    let proof = funded.prove(funded.audience(), 1)?;
    let seconds = began.elapsed().as_secs_f64();
    let call = funded.accept(1, &evidence, &funded.statement.outputs, &proof);
    let (_, receipt) = funded.world.chain.transact(funded.airdrop, &call)?;
    Ok(BatchCost {
        k: funded.scorer.shape().0,
        gas: receipt.gas,
        gas_verification: funded.world.verification(&funded.model, &proof)?,
        seconds,
    })
}
