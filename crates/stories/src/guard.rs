//! A pause that anyone can pull who proves that a model finds what happens suspicious.

use crate::{
    Proof, Scorer, Statement, Story, StoryError, Teller, Tiny, World,
    world::{account, small, tokens},
};
use alloy_primitives::{Address, B256, Bytes, I256, U256};
use std::time::Instant;
use verdict_chain::{
    Chain, ChainExt, Fork, ModelRecord,
    bindings::{
        guard::FraudPauseGuard::{
            GuardConfig, constructorCall, depositCall, freeBalanceOfCall, minimumScoreCall,
            payloadOfCall, settleCall, subjectOfCall, triggerCall,
        },
        pause_adapter::PauseForAdapter,
        token::MockToken::approveCall,
        vault::EntryVault,
    },
};
use verdict_consumers::{
    context::Audience,
    guard::{KIND, payload, subject},
};

/// The row of the table.
pub(crate) const TELLER: Teller = Teller { kind: &KIND, tell };

pub(crate) const PAUSE: u64 = 6 * 3600;
const REVIEW: u64 = 86_400;
const ETHER: u64 = 1_000_000_000_000_000_000;

/// What every guard here is made with.
pub(crate) fn config(
    gateway: Address,
    model: &ModelRecord,
    source: Address,
    adapter: Address,
    token: Address,
) -> GuardConfig {
    GuardConfig {
        gateway,
        modelId: U256::from(model.model_id),
        version: model.version,
        scoreIndex: 0,
        threshold: I256::unchecked_from(ETHER / 10 * 8),
        margin: U256::from(ETHER / 100 * 5),
        features: source,
        anchoredSubject: true,
        evidenceBlocks: U256::from(100),
        target: adapter,
        pauseDuration: U256::from(PAUSE),
        cooldown: U256::from(3600),
        freshCooldown: U256::from(3600),
        period: U256::from(2 * 86_400),
        budget: U256::from(3 * PAUSE),
        bondToken: token,
        bond: tokens(100),
        bounty: U256::ZERO,
        treasury: account("treasury"),
        reviewWindow: U256::from(REVIEW),
        resumeDelay: U256::from(1800),
    }
}

/// A vault with a guard.
pub(crate) struct Guarded {
    pub(crate) world: World,
    pub(crate) scorer: Scorer,
    pub(crate) model: ModelRecord,
    pub(crate) source: Address,
    pub(crate) vault: Address,
    pub(crate) guard: Address,
    pub(crate) reporter: Address,
}

impl Guarded {
    pub(crate) fn new(fork: Fork) -> Result<Self, StoryError> {
        let scorer = Scorer::new(Tiny::GUARD, 1)?;
        let mut world = World::new(scorer.tau_g2(), fork)?;
        let model = world.register(&scorer)?;
        let source = world.signed_source()?;
        let (reporter, saver) = (account("reporter"), account("saver"));
        let token = world.token(&[(reporter, tokens(1000)), (saver, tokens(1000))])?;
        let (vault, guard) = deploy(&mut world, &model, source, token)?;

        let approve = |spender| approveCall {
            spender,
            value: U256::MAX,
        };
        world.chain.act_as(saver);
        world.chain.transact(token, &approve(vault))?;
        let deposit = EntryVault::depositCall {
            amount: tokens(500),
        };
        world.chain.transact(vault, &deposit)?;
        world.chain.act_as(reporter);
        world.chain.transact(token, &approve(guard))?;
        let deposit = depositCall {
            account: reporter,
            amount: tokens(100),
        };
        world.chain.transact(guard, &deposit)?;
        world.chain.mine(3);
        Ok(Self {
            world,
            scorer,
            model,
            source,
            vault,
            guard,
            reporter,
        })
    }

    /// Signed evidence of the newest block, anchored in the one before.
    pub(crate) fn evidence(&mut self, statement: &Statement) -> Result<Evidence, StoryError> {
        let latest = self.world.chain.latest()?;
        let anchor = latest.number - 1;
        let hash = self.world.chain.block_hash(anchor)?;
        let subject = subject(self.vault, U256::from(anchor), hash);
        let signed = self.sign(statement, subject, latest.timestamp, latest.number)?;
        Ok(Evidence {
            anchor: U256::from(anchor),
            hash,
            subject,
            signed,
        })
    }

    fn sign(
        &self,
        statement: &Statement,
        subject: B256,
        time: u64,
        block: u64,
    ) -> Result<Bytes, StoryError> {
        let mut data = self
            .world
            .data(self.guard, &self.model, subject, statement, time);
        data.blockNumber = U256::from(block);
        self.world.sign(self.source, &data)
    }

    pub(crate) fn prove(
        &self,
        audience: Audience,
        evidence: &Evidence,
        statement: &Statement,
    ) -> Result<Proof, StoryError> {
        let payload = payload(evidence.anchor, evidence.hash);
        self.scorer.prove(statement, audience.context(payload))
    }

    fn check_paused(&mut self, what: &'static str, expected: bool) -> Result<(), StoryError> {
        let call = EntryVault::isPausedCall {};
        let paused = self.world.chain.read(self.vault, &call)?;
        StoryError::check(what, paused, expected)
    }

    pub(crate) fn audience(&self) -> Audience {
        self.world.audience(self.guard, &self.model)
    }
}

/// Deploys a vault, the adapter that can pause it, and the guard that can tell the adapter to.
fn deploy(
    world: &mut World,
    model: &ModelRecord,
    source: Address,
    token: Address,
) -> Result<(Address, Address), StoryError> {
    let admin = account("admin");
    let vault = EntryVault::constructorCall {
        asset: token,
        maximumPause: U256::from(PAUSE),
    };
    let vault = world.deploy("EntryVault", &vault)?;
    let adapter = PauseForAdapter::constructorCall {
        target_: vault,
        owner_: admin,
    };
    let adapter = world.deploy("PauseForAdapter", &adapter)?;
    let call = EntryVault::setPauserCall { pauser: adapter };
    world.chain.transact(vault, &call)?;
    let guard = constructorCall {
        config: config(world.core.gateway, model, source, adapter, token),
        admin,
        adminDelay: small(86_400),
        governor: account("governor"),
        resumer: account("resumer"),
    };
    let guard = world.deploy("FraudPauseGuard", &guard)?;
    let call = PauseForAdapter::setGuardCall { newGuard: guard };
    world.chain.transact(adapter, &call)?;
    Ok((vault, guard))
}

pub(crate) struct Evidence {
    pub(crate) anchor: U256,
    pub(crate) hash: B256,
    pub(crate) subject: B256,
    pub(crate) signed: Bytes,
}

impl Evidence {
    pub(crate) fn trigger(&self, outputs: &[U256], proof: &Proof) -> triggerCall {
        triggerCall {
            evidence: self.signed.clone(),
            anchorBlock: self.anchor,
            outputs: outputs.to_vec(),
            proof: proof.proof.clone(),
        }
    }
}

/// The output, which is the score.
fn score(statement: &Statement) -> i32 {
    let integers = statement.integers.concat();
    integers.first().copied().unwrap_or_default()
}

fn tell(fork: Fork) -> Result<Story, StoryError> {
    let began = Instant::now();
    let mut guarded = Guarded::new(fork)?;
    let mut story = Story::new(&KIND, guarded.scorer.shape());
    // Share withdrawn, price deviation, calls a minute.
    let theft = guarded.scorer.run(&[vec![0.9, 0.15, 50.0]])?;
    let calm = guarded.scorer.run(&[vec![0.1, 0.01, 5.0]])?;
    let minimum = guarded
        .world
        .chain
        .read(guarded.guard, &minimumScoreCall {})?;
    let suspicious = I256::unchecked_from(score(&theft)) >= minimum
        && I256::unchecked_from(score(&calm)) < minimum;
    StoryError::check("the model tells theft from calm", suspicious, true)?;

    before(&mut guarded, &mut story, &theft, &calm)?;
    let call = pause(&mut guarded, &mut story, &theft)?;
    after(&mut guarded, &mut story, &call)?;
    Ok(story.end(
        format!(
            "score {} ≥ {minimum} paused deposits for 6 h, a withdrawal went through, the bond \
             came back",
            score(&theft)
        ),
        began,
    ))
}

/// The pause: entries are closed, exits stay open.
fn pause(
    guarded: &mut Guarded,
    story: &mut Story,
    theft: &Statement,
) -> Result<triggerCall, StoryError> {
    let (guard, vault) = (guarded.guard, guarded.vault);
    let evidence = guarded.evidence(theft)?;
    let anchor = evidence.anchor;
    let call = payloadOfCall {
        anchorBlock: anchor,
    };
    let found = guarded.world.chain.read(guard, &call)?;
    StoryError::check("payload", found, payload(anchor, evidence.hash))?;
    let call = subjectOfCall {
        anchorBlock: anchor,
    };
    let found = guarded.world.chain.read(guard, &call)?;
    StoryError::check("subject", found, evidence.subject)?;
    let proof = guarded.prove(guarded.audience(), &evidence, theft)?;
    story.proofs += 1;
    let call = evidence.trigger(&theft.outputs, &proof);
    let receipt = story.step(&mut guarded.world.chain, "trigger", guard, &call)?;
    story.gas = receipt.gas;
    guarded.check_paused("the vault is paused", true)?;
    story.gas_verification = guarded.world.verification(&guarded.model, &proof)?;

    guarded.world.chain.act_as(account("saver"));
    let deposit = EntryVault::depositCall { amount: tokens(1) };
    let attempt = ("a deposit while it is paused", "EntriesAreClosed", deposit);
    story.all_refused(&mut guarded.world.chain, vault, &[attempt])?;
    let withdraw = EntryVault::withdrawCall {
        amount: tokens(200),
    };
    let step = "withdraw while it is paused";
    story.step(&mut guarded.world.chain, step, vault, &withdraw)?;
    Ok(call)
}

/// What the same call comes to while the pause lasts and after it; nobody objects, and the bond
/// goes back.
fn after(guarded: &mut Guarded, story: &mut Story, call: &triggerCall) -> Result<(), StoryError> {
    let guard = guarded.guard;
    guarded.world.chain.act_as(guarded.reporter);
    let mut refused = |guarded: &mut Guarded, attempt: &str, error: &str| {
        story.refused(&mut guarded.world.chain, attempt, error, guard, call)
    };
    refused(guarded, "a second pause during the first", "AlreadyPaused")?;
    guarded.world.chain.pass(PAUSE);
    guarded.check_paused("the vault is open again, by itself", false)?;
    refused(guarded, "a pause right after the first", "CoolingDown")?;
    guarded.world.chain.pass(3600);
    let attempt = "the same evidence again, after the cooldown";
    refused(guarded, attempt, "EvidenceUsed")?;

    guarded.world.chain.pass(REVIEW);
    let settle = settleCall {
        incident: U256::from(1),
    };
    story.step(&mut guarded.world.chain, "settle", guard, &settle)?;
    let call = freeBalanceOfCall {
        account: guarded.reporter,
    };
    let free = guarded.world.chain.read(guard, &call)?;
    StoryError::check("the reporter's bond", free, tokens(100))
}

/// What must not pause anything.
fn before(
    guarded: &mut Guarded,
    story: &mut Story,
    theft: &Statement,
    calm: &Statement,
) -> Result<(), StoryError> {
    let guard = guarded.guard;
    let audience = guarded.audience();
    let evidence = guarded.evidence(calm)?;
    let proof = guarded.prove(audience, &evidence, calm)?;
    let attempts = [
        (
            "an honest proof of a calm hour",
            "ScoreTooLow",
            evidence.trigger(&calm.outputs, &proof),
        ),
        (
            "a calm hour's proof with a thief's score",
            "ProofRejected",
            evidence.trigger(&theft.outputs, &proof),
        ),
    ];
    story.all_refused(&mut guarded.world.chain, guard, &attempts)?;

    let evidence = guarded.evidence(theft)?;
    let elsewhere = Audience {
        chain_id: audience.chain_id + 1,
        ..audience
    };
    let foreign = guarded.prove(elsewhere, &evidence, theft)?;
    let foreign = evidence.trigger(&theft.outputs, &foreign);
    let attempt = ("a proof for another chain", "ProofRejected", foreign);
    story.all_refused(&mut guarded.world.chain, guard, &[attempt])?;

    // On a fork, the anchor has another hash: neither signatures nor proof are for this chain.
    let latest = guarded.world.chain.latest()?;
    let fork = subject(guarded.vault, evidence.anchor, B256::repeat_byte(0xf0));
    let forked = Evidence {
        signed: guarded.sign(theft, fork, latest.timestamp, latest.number)?,
        hash: B256::repeat_byte(0xf0),
        subject: fork,
        anchor: evidence.anchor,
    };
    let proof = guarded.prove(audience, &forked, theft)?;
    let call = forked.trigger(&theft.outputs, &proof);
    let attempt = ("evidence of a fork", "InvalidSignature", call);
    story.all_refused(&mut guarded.world.chain, guard, &[attempt])?;

    let proof = guarded.prove(audience, &evidence, theft)?;
    let call = evidence.trigger(&theft.outputs, &proof);
    let poor = account("somebody without a bond");
    guarded.world.chain.act_as(poor);
    let attempt = (
        "a reporter without a bond",
        "InsufficientBalance",
        call.clone(),
    );
    story.all_refused(&mut guarded.world.chain, guard, &[attempt])?;
    guarded.world.chain.act_as(guarded.reporter);
    guarded.world.chain.mine(101);
    let attempt = ("evidence a hundred blocks old", "AnchorOutOfRange", call);
    story.all_refused(&mut guarded.world.chain, guard, &[attempt])?;
    story.proofs += 4;
    Ok(())
}
