//! One model under one set-up, ready to prove.

use crate::{EngineError, OnStage, Salts, Setup, Stage, Subject, Verified};
use alloy_primitives::B256;
use rand::rngs::OsRng;
use std::sync::OnceLock;
use verdict_circuit::{Plan, Salt};
use verdict_model::{CompiledModel, Row, Trace, execute_batch};
use verdict_prover::{Audit, KeyProof, KeyedModel, audit_with};
use verdict_wire::{
    BatchFile, PROOF_FILE_VERSION, ProofFile, VerifyingKeyParts, instance, key_bytes, key_digest,
    public_values, words,
};

/// An opened model. Everything it proves is verified before it is handed out.
#[derive(Debug)]
pub struct Session {
    keyed: KeyedModel,
    setup: Setup,
    subject: Subject,
    /// The key proof, once it was made or checked.
    key_proof: OnceLock<KeyProof>,
}

impl Session {
    pub(crate) fn new(keyed: KeyedModel, setup: Setup, subject: Subject) -> Self {
        Self {
            keyed,
            setup,
            subject,
            key_proof: OnceLock::new(),
        }
    }

    /// The model.
    pub fn model(&self) -> &CompiledModel {
        self.keyed.model()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        self.keyed.plan()
    }

    /// The set-up.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The set-up's `[τ]_2`, as the verifier's constructor takes it.
    pub fn tau_g2(&self) -> [alloy_primitives::U256; 4] {
        words::tau_g2(&self.keyed.srs().tau_g2())
    }

    /// The verifying key.
    pub fn key(&self) -> &VerifyingKeyParts {
        self.keyed.keys().on_chain()
    }

    /// Whether the weights are private.
    pub const fn hides_weights(&self) -> bool {
        self.subject.is_private()
    }

    /// What names the model in proofs and registries. The digest of a model with private weights
    /// would let guesses at them be checked, so it is its architecture's then.
    pub const fn model_digest(&self) -> B256 {
        self.subject.digest()
    }

    /// What its proofs are about, and what strangers know of it.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What shows strangers that the key, whose weights are private, hides nothing but weights; it
    /// passed the audit. The same key has the same proof, whenever it is made. `None` if the weights
    /// are public.
    pub fn key_proof(&self) -> Result<Option<KeyProof>, EngineError> {
        if !self.hides_weights() {
            return Ok(None);
        }
        if let Some(proof) = self.key_proof.get() {
            return Ok(Some(proof.clone()));
        }
        let proof = self.keyed.key_proof()?;
        let audit = self.audit(&proof)?;
        if !audit.passes() {
            return Err(EngineError::Audit(
                "the key proof that was made of it is refused; this is a fault of Verdict, report it with the model's architecture"
                    .into(),
            ));
        }
        Ok(Some(self.key_proof.get_or_init(|| proof).clone()))
    }

    /// The audit of the key with a key proof.
    fn audit(&self, proof: &KeyProof) -> Result<Audit, EngineError> {
        let (subject, srs) = (self.subject.audited(), self.keyed.srs().clone());
        let batch = self.plan().lowered.batch();
        Ok(audit_with(subject, batch, self.key(), Some(proof), srs)?)
    }

    /// How many salts a proof takes: one for every committed input of every item.
    pub fn salt_count(&self) -> usize {
        let lowered = &self.plan().lowered;
        lowered.batch().items * lowered.commitments()
    }

    /// As many salts, from the operating system's randomness.
    pub fn random_salts(&self) -> Vec<Salt> {
        self.keyed.random_salts(OsRng)
    }

    /// What a proof will say before it is made: the executor's traces, and the public values under
    /// `context`.
    pub fn statement(
        &self,
        items: &[Row<i32>],
        salts: &[Salt],
        context: B256,
    ) -> Result<(Vec<Trace>, Vec<B256>), EngineError> {
        self.check_salts(salts)?;
        let traces = execute_batch(self.model().graph(), items)?;
        let instance = self
            .plan()
            .lowered
            .instance(words::scalar(&context)?, &traces, salts);
        Ok((traces, public_values(&instance)))
    }

    /// Proves one statement: the integer inputs of every item of the batch, one list per input,
    /// under the context that the consumer computes.
    ///
    /// What comes back was verified.
    pub fn prove(
        &self,
        items: &[Row<i32>],
        salts: Salts<'_>,
        context: B256,
        on_stage: OnStage<'_>,
    ) -> Result<Verified, EngineError> {
        let scalar = words::scalar(&context)?;
        let salts = match salts {
            Salts::Random => self.random_salts(),
            Salts::Given(salts) => salts.to_vec(),
        };
        self.check_salts(&salts)?;
        let key = self.key();
        let inference = self
            .keyed
            .prove_batch(items, &salts, scalar, OsRng, &|stage| {
                on_stage(Stage::of(stage));
            })?;
        on_stage(Stage::Verify);
        self.keyed.verify(&inference.instance, &inference.proof)?;
        let srs = self.keyed.srs();
        let file = ProofFile {
            version: PROOF_FILE_VERSION,
            model: self.model_digest(),
            key: key_digest(key),
            srs: srs.digest(),
            development: srs.is_development(),
            verifying_key: key_bytes(key).into(),
            public_values: public_values(&inference.instance),
            batch: BatchFile::of(self.model().graph(), self.plan().lowered.batch()),
            private_weights: self.hides_weights(),
            proof: inference.proof.into(),
        };
        Ok(Verified::new(file, inference.traces, salts))
    }

    /// Verifies what is said to be a proof under this session's key.
    pub fn verify(&self, public_values: &[B256], proof: &[u8]) -> Result<(), EngineError> {
        Ok(self.keyed.verify(&instance(public_values)?, proof)?)
    }

    fn check_salts(&self, salts: &[Salt]) -> Result<(), EngineError> {
        let expected = self.salt_count();
        if salts.len() == expected {
            return Ok(());
        }
        Err(EngineError::SaltCount {
            found: salts.len(),
            expected,
        })
    }
}
