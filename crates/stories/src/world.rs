//! A chain with everything that consumers stand on.

use crate::{Proof, Scorer, Statement, StoryError};
use alloy_primitives::{Address, B256, Bytes, U256, Uint, keccak256};
use verdict_chain::{
    Artifact, Chain, ChainExt, Clock, Core, CoreSettings, EmbeddedChain, Fork, ModelRecord,
    bindings::{signed_features::SignedFeatures, token::MockToken},
    deploy_core, register_model, route_name,
};
use verdict_consumers::{DataSigners, SignedData, context::Audience};
use verdict_wire::verify_calldata;

/// The chain's id, and its first block's time: the same on every run.
const CHAIN_ID: u64 = 31_337;
const START: u64 = 1_800_000_000;
const DAY: u32 = 86_400;

/// Two of three sign.
pub(crate) const QUORUM: usize = 2;

/// A chain, its core, and the accounts that act in the stories.
#[derive(Debug)]
pub struct World {
    /// The chain.
    pub chain: EmbeddedChain,
    /// Publisher, verifier, registry, gateway.
    pub core: Core,
    /// Who vouches for data off chain.
    pub signers: DataSigners,
}

/// An account of this name.
pub(crate) fn account(name: &str) -> Address {
    Address::from_slice(&keccak256(name)[12..])
}

/// `amount` of a token with 18 decimals.
pub(crate) fn tokens(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10u64).pow(U256::from(18))
}

impl World {
    /// Deploys the core under a set-up, on a chain with these rules.
    pub fn new(tau_g2: [U256; 4], fork: Fork) -> Result<Self, StoryError> {
        let mut chain = EmbeddedChain::new(CHAIN_ID, START, Clock::Steps(12)).under(fork);
        let admin = account("admin");
        chain.act_as(admin);
        let settings = CoreSettings {
            tau_g2,
            route: route_name(true).into(),
            minimum_delay: 2 * DAY,
            execution_window: 14 * DAY,
            admin,
            admin_delay: DAY.into(),
            guardian: account("guardian"),
            allow_development: true,
        };
        let (core, _) = deploy_core(&mut chain, &settings)?;
        let secrets =
            ["first", "second", "third"].map(|name| keccak256(format!("{name} data signer")));
        Ok(Self {
            chain,
            core,
            signers: DataSigners::new(&secrets)?,
        })
    }

    /// Registers a model.
    pub fn register(&mut self, scorer: &Scorer) -> Result<ModelRecord, StoryError> {
        let registration = scorer.registration()?;
        Ok(register_model(&mut self.chain, &self.core, &registration, None)?.0)
    }

    /// Deploys a contract.
    pub(crate) fn deploy(
        &mut self,
        name: &'static str,
        arguments: &impl alloy_sol_types::SolConstructor,
    ) -> Result<Address, StoryError> {
        let code = Artifact::load(name)?.with_arguments(arguments);
        Ok(self.chain.create(name, code)?.0)
    }

    /// Deploys a source of data that a quorum signs.
    pub(crate) fn signed_source(&mut self) -> Result<Address, StoryError> {
        let arguments = SignedFeatures::constructorCall {
            registry_: self.core.registry,
            owner_: account("data owner"),
            signers_: self.signers.addresses(),
            quorum_: U256::from(QUORUM),
            rotationDelay_: U256::from(60 * DAY),
        };
        self.deploy("SignedFeatures", &arguments)
    }

    /// Deploys a token, and gives everyone in the list some.
    pub(crate) fn token(&mut self, holders: &[(Address, U256)]) -> Result<Address, StoryError> {
        let code = Artifact::load("MockToken")?.bytecode;
        let token = self.chain.create("MockToken", code)?.0;
        for (to, amount) in holders.iter().copied() {
            self.chain
                .transact(token, &MockToken::mintCall { to, amount })?;
        }
        Ok(token)
    }

    /// Whom a proof is for.
    pub(crate) fn audience(&self, consumer: Address, model: &ModelRecord) -> Audience {
        Audience {
            chain_id: self.chain.chain_id(),
            consumer,
            model_id: U256::from(model.model_id),
            version: model.version,
        }
    }

    /// The newest block's time.
    pub(crate) fn now(&mut self) -> Result<u64, StoryError> {
        Ok(self.chain.latest()?.timestamp)
    }

    /// What signers sign of a statement's inputs.
    pub(crate) fn data(
        &self,
        consumer: Address,
        model: &ModelRecord,
        subject: B256,
        statement: &Statement,
        timestamp: u64,
    ) -> SignedData {
        SignedData {
            consumer,
            modelId: U256::from(model.model_id),
            version: U256::from(model.version),
            subject,
            signerSet: U256::from(1),
            timestamp: U256::from(timestamp),
            blockNumber: U256::ZERO,
            sequence: U256::from(timestamp),
            words: statement.inputs.clone(),
            commitments: statement.commitments.clone(),
        }
    }

    /// A quorum's evidence.
    pub(crate) fn sign(&self, source: Address, data: &SignedData) -> Result<Bytes, StoryError> {
        Ok(self
            .signers
            .evidence(self.chain.chain_id(), source, data, QUORUM)?)
    }

    /// Gas of the same proof's verification alone.
    pub(crate) fn verification(
        &mut self,
        model: &ModelRecord,
        proof: &Proof,
    ) -> Result<u64, StoryError> {
        let data = verify_calldata(model.key, &proof.public_values, &proof.proof);
        Ok(self.chain.send(Some(self.core.verifier), data)?.gas)
    }
}

/// Seconds in words that contracts use.
pub(crate) fn small<const BITS: usize, const LIMBS: usize>(value: u64) -> Uint<BITS, LIMBS> {
    Uint::from(value)
}
