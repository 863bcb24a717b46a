//! A pause that anyone can pull who proves that a model finds what happens suspicious.

use crate::{
    Consumer, Proof, Scorer, Statement, Story, StoryError, Tiny, World,
    world::{account, small, tokens},
};
use alloy_primitives::{Address, B256, Bytes, I256, U256};
use std::time::Instant;
use verdict_chain::{
    Chain, ChainExt, ModelRecord,
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
use verdict_consumers::context::{Audience, guard_payload, guard_subject};

const PAUSE: u64 = 6 * 3600;
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
        period: U256::from(2 * 86_400),
        budget: U256::from(3 * PAUSE),
        bondToken: token,
        bond: tokens(100),
        treasury: account("treasury"),
        reviewWindow: U256::from(REVIEW),
        resumeDelay: U256::from(1800),
    }
}

/// A vault with a guard.
struct Guarded {
    world: World,
    scorer: Scorer,
    model: ModelRecord,
    source: Address,
    vault: Address,
    guard: Address,
    reporter: Address,
}

impl Guarded {
    fn new() -> Result<Self, StoryError> {
        let scorer = Scorer::new(Tiny::GUARD, 1)?;
        let mut world = World::new(scorer.tau_g2())?;
        let model = world.register(&scorer)?;
        let source = world.signed_source()?;
        let (admin, reporter, saver) = (account("admin"), account("reporter"), account("saver"));
        let token = world.token(&[(reporter, tokens(1000)), (saver, tokens(1000))])?;
        let vault = world.deploy(
            "EntryVault",
            &EntryVault::constructorCall {
                asset: token,
                maximumPause: U256::from(PAUSE),
            },
        )?;
        let adapter = world.deploy(
            "PauseForAdapter",
            &PauseForAdapter::constructorCall {
                target_: vault,
                owner_: admin,
            },
        )?;
        world
            .chain
            .transact(vault, &EntryVault::setPauserCall { pauser: adapter })?;
        let guard = world.deploy(
            "FraudPauseGuard",
            &constructorCall {
                config: config(world.core.gateway, &model, source, adapter, token),
                admin,
                adminDelay: small(86_400),
                governor: account("governor"),
                resumer: account("resumer"),
            },
        )?;
        world
            .chain
            .transact(adapter, &PauseForAdapter::setGuardCall { newGuard: guard })?;

        world.chain.act_as(saver);
        let all = U256::MAX;
        world.chain.transact(
            token,
            &approveCall {
                spender: vault,
                value: all,
            },
        )?;
        world.chain.transact(
            vault,
            &EntryVault::depositCall {
                amount: tokens(500),
            },
        )?;
        world.chain.act_as(reporter);
        world.chain.transact(
            token,
            &approveCall {
                spender: guard,
                value: all,
            },
        )?;
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
    fn evidence(&mut self, statement: &Statement) -> Result<Evidence, StoryError> {
        let latest = self.world.chain.latest()?;
        let anchor = latest.number - 1;
        let hash = self.world.chain.block_hash(anchor)?;
        let subject = guard_subject(self.vault, U256::from(anchor), hash);
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

    fn prove(
        &self,
        audience: Audience,
        evidence: &Evidence,
        statement: &Statement,
    ) -> Result<Proof, StoryError> {
        let payload = guard_payload(evidence.anchor, evidence.hash);
        self.scorer.prove(statement, audience.context(payload))
    }

    fn audience(&self) -> Audience {
        self.world.audience(self.guard, &self.model)
    }
}

struct Evidence {
    anchor: U256,
    hash: B256,
    subject: B256,
    signed: Bytes,
}

impl Evidence {
    fn trigger(&self, outputs: &[U256], proof: &Proof) -> triggerCall {
        triggerCall {
            evidence: self.signed.clone(),
            anchorBlock: self.anchor,
            outputs: outputs.to_vec(),
            proof: proof.proof.clone(),
        }
    }
}

pub(crate) fn tell() -> Result<Story, StoryError> {
    let began = Instant::now();
    let mut guarded = Guarded::new()?;
    let (k, width) = guarded.scorer.shape();
    let mut story = Story::new(Consumer::Guard, k, width);
    let (guard, vault) = (guarded.guard, guarded.vault);
    // Share withdrawn, price deviation, calls a minute.
    let theft = guarded.scorer.run(&[vec![0.9, 0.15, 50.0]])?;
    let calm = guarded.scorer.run(&[vec![0.1, 0.01, 5.0]])?;
    let score = |statement: &Statement| {
        statement
            .integers
            .concat()
            .first()
            .copied()
            .unwrap_or_default()
    };
    let minimum = guarded.world.chain.read(guard, &minimumScoreCall {})?;
    let suspicious = I256::unchecked_from(score(&theft)) >= minimum
        && I256::unchecked_from(score(&calm)) < minimum;
    StoryError::check("the model tells theft from calm", suspicious, true)?;

    before(&mut guarded, &mut story, &theft, &calm)?;

    // The pause.
    let evidence = guarded.evidence(&theft)?;
    let anchor = evidence.anchor;
    let payload = guarded.world.chain.read(
        guard,
        &payloadOfCall {
            anchorBlock: anchor,
        },
    )?;
    StoryError::check("payload", payload, guard_payload(anchor, evidence.hash))?;
    let subject = guarded.world.chain.read(
        guard,
        &subjectOfCall {
            anchorBlock: anchor,
        },
    )?;
    StoryError::check("subject", subject, evidence.subject)?;
    let proof = guarded.prove(guarded.audience(), &evidence, &theft)?;
    story.proofs += 1;
    let call = evidence.trigger(&theft.outputs, &proof);
    story.gas = story
        .step(&mut guarded.world.chain, "trigger", guard, &call)?
        .gas;
    let paused = guarded
        .world
        .chain
        .read(vault, &EntryVault::isPausedCall {})?;
    StoryError::check("the vault is paused", paused, true)?;
    story.gas_verification = guarded.world.verification(&guarded.model, &proof)?;

    // Entries are closed, exits stay open.
    guarded.world.chain.act_as(account("saver"));
    let deposit = EntryVault::depositCall { amount: tokens(1) };
    story.refused(
        &mut guarded.world.chain,
        "a deposit while it is paused",
        "EntriesAreClosed",
        vault,
        &deposit,
    )?;
    let withdraw = EntryVault::withdrawCall {
        amount: tokens(200),
    };
    story.step(
        &mut guarded.world.chain,
        "withdraw while it is paused",
        vault,
        &withdraw,
    )?;

    guarded.world.chain.act_as(guarded.reporter);
    story.refused(
        &mut guarded.world.chain,
        "a second pause during the first",
        "AlreadyPaused",
        guard,
        &call,
    )?;
    guarded.world.chain.pass(PAUSE);
    let paused = guarded
        .world
        .chain
        .read(vault, &EntryVault::isPausedCall {})?;
    StoryError::check("the vault is open again, by itself", paused, false)?;
    story.refused(
        &mut guarded.world.chain,
        "a pause right after the first",
        "CoolingDown",
        guard,
        &call,
    )?;
    guarded.world.chain.pass(3600);
    story.refused(
        &mut guarded.world.chain,
        "the same evidence again, after the cooldown",
        "EvidenceUsed",
        guard,
        &call,
    )?;

    // Nobody objected: the bond goes back.
    guarded.world.chain.pass(REVIEW);
    let settle = settleCall {
        incident: U256::from(1),
    };
    story.step(&mut guarded.world.chain, "settle", guard, &settle)?;
    let account = guarded.reporter;
    let free = guarded
        .world
        .chain
        .read(guard, &freeBalanceOfCall { account })?;
    StoryError::check("the reporter's bond", free, tokens(100))?;
    Ok(story.end(
        format!(
            "score {} ≥ {minimum} paused deposits for 6 h, a withdrawal went through, the bond came back",
            score(&theft)
        ),
        began,
    ))
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
    let call = evidence.trigger(&calm.outputs, &proof);
    story.refused(
        &mut guarded.world.chain,
        "an honest proof of a calm hour",
        "ScoreTooLow",
        guard,
        &call,
    )?;
    let call = evidence.trigger(&theft.outputs, &proof);
    story.refused(
        &mut guarded.world.chain,
        "a calm hour's proof with a thief's score",
        "ProofRejected",
        guard,
        &call,
    )?;

    let evidence = guarded.evidence(theft)?;
    let elsewhere = Audience {
        chain_id: audience.chain_id + 1,
        ..audience
    };
    let proof = guarded.prove(elsewhere, &evidence, theft)?;
    let call = evidence.trigger(&theft.outputs, &proof);
    story.refused(
        &mut guarded.world.chain,
        "a proof for another chain",
        "ProofRejected",
        guard,
        &call,
    )?;

    // On a fork, the anchor has another hash: neither signatures nor proof are for this chain.
    let latest = guarded.world.chain.latest()?;
    let fork = guard_subject(guarded.vault, evidence.anchor, B256::repeat_byte(0xf0));
    let forked = Evidence {
        signed: guarded.sign(theft, fork, latest.timestamp, latest.number)?,
        hash: B256::repeat_byte(0xf0),
        subject: fork,
        anchor: evidence.anchor,
    };
    let proof = guarded.prove(audience, &forked, theft)?;
    let call = forked.trigger(&theft.outputs, &proof);
    story.refused(
        &mut guarded.world.chain,
        "evidence of a fork",
        "InvalidSignature",
        guard,
        &call,
    )?;

    let proof = guarded.prove(audience, &evidence, theft)?;
    let call = evidence.trigger(&theft.outputs, &proof);
    guarded
        .world
        .chain
        .act_as(account("somebody without a bond"));
    story.refused(
        &mut guarded.world.chain,
        "a reporter without a bond",
        "InsufficientBalance",
        guard,
        &call,
    )?;
    guarded.world.chain.act_as(guarded.reporter);
    guarded.world.chain.mine(101);
    story.refused(
        &mut guarded.world.chain,
        "evidence a hundred blocks old",
        "AnchorOutOfRange",
        guard,
        &call,
    )?;
    story.proofs += 4;
    Ok(())
}
