//! One model under one plan and one set-up, ready to prove.

use crate::{Architecture, Cache, KeyProof, Keys, ProverError, Srs, Subject, verify_under};
use halo2curves_axiom::bn256::Fr;
use rand::RngCore;
use std::sync::Arc;
use verdict_circuit::{KeyProofLayout, Plan, Salt, TraceCells, Witness};
use verdict_model::{CompiledModel, Row, Trace, execute_batch};

/// What [`KeyedModel::open`] and [`KeyedModel::prove`] are doing, for progress bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The keys are read or made.
    Keys,
    /// The model is executed and the first-phase columns are filled.
    Witness,
    /// The prover commits, divides and opens.
    Prove,
}

/// The observer is told when a stage begins.
pub type OnStage<'a> = &'a dyn Fn(Stage);

/// A compiled model under a plan and a set-up, with its keys.
#[derive(Debug)]
pub struct KeyedModel {
    model: CompiledModel,
    plan: Plan,
    srs: Srs,
    keys: Keys,
}

/// Inferences with their proof.
#[derive(Clone, Debug)]
pub struct Inference {
    /// Everything the executor computed, for each of the batch's items.
    pub traces: Vec<Trace>,
    /// What the inputs' commitments were salted with, item by item.
    pub salts: Vec<Salt>,
    /// The context, then the public words.
    pub instance: Vec<Fr>,
    /// The proof.
    pub proof: Vec<u8>,
}

impl KeyedModel {
    /// Makes the keys, or takes them from the cache.
    pub fn open(
        model: CompiledModel,
        plan: Plan,
        srs: Srs,
        cache: Option<&Cache>,
        on_stage: OnStage<'_>,
    ) -> Result<Self, ProverError> {
        let planned = plan.lowered.graph();
        if !std::ptr::eq(planned, model.graph()) && planned != model.graph() {
            let digest = model
                .digest()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            return Err(ProverError::Mismatch {
                what: "the plan",
                found: "another model".into(),
                expected: digest,
            });
        }
        on_stage(Stage::Keys);
        let (program, tape) = (&plan.program, &plan.tape);
        let (k, pack) = (plan.chosen.k, plan.chosen.pack);
        let keys = match cache {
            Some(cache) => Keys::cached(program, tape, k, pack, srs.clone(), cache)?,
            None => Keys::generate(program, tape, k, pack, srs.clone())?,
        };
        Ok(Self {
            model,
            plan,
            srs,
            keys,
        })
    }

    /// Executes the model on one item's integer inputs, one list per input, and proves it.
    /// `context` is what the consumer contract computes. Committed inputs get random salts.
    pub fn prove(
        &self,
        inputs: &[Vec<i32>],
        context: Fr,
        mut rng: impl RngCore,
        on_stage: OnStage<'_>,
    ) -> Result<Inference, ProverError> {
        let salts = self.random_salts(&mut rng);
        self.prove_batch(&[inputs.to_vec()], &salts, context, rng, on_stage)
    }

    /// A salt for every commitment of every item.
    pub fn random_salts(&self, mut rng: impl RngCore) -> Vec<Salt> {
        let lowered = &self.plan.lowered;
        (0..lowered.batch().items * lowered.commitments())
            .map(|_| Salt::random(&mut rng))
            .collect()
    }

    /// Executes the model on the inputs of every item of the plan's batch and proves them all at
    /// once. `salts` holds, item by item, a salt for every committed input.
    pub fn prove_batch(
        &self,
        items: &[Row<i32>],
        salts: &[Salt],
        context: Fr,
        rng: impl RngCore,
        on_stage: OnStage<'_>,
    ) -> Result<Inference, ProverError> {
        on_stage(Stage::Witness);
        let traces = execute_batch(self.model.graph(), items)?;
        let cells = TraceCells::new(&self.plan.lowered, &traces, salts)?;
        let instance = self.plan.lowered.instance(context, &traces, salts);
        let witness = Witness::new(&self.plan.program, &self.plan.tape, &cells)?;
        on_stage(Stage::Prove);
        let proof = self.keys.prove(&witness, &instance, rng)?;
        Ok(Inference {
            traces,
            salts: salts.to_vec(),
            instance,
            proof,
        })
    }

    /// Proves that the key, whose weights are private, is one of the model's architecture. The same
    /// key gives the same proof, however often it is made.
    pub fn key_proof(&self) -> Result<KeyProof, ProverError> {
        if self.plan.tape.hidden().is_none() {
            return Err(ProverError::Rejected(
                "the key's weights are public: whoever has the model makes it again".into(),
            ));
        }
        let layout = Arc::new(self.key_proof_layout()?);
        KeyProof::make(&layout, &self.plan.tape, self.keys.on_chain(), &self.srs)
    }

    /// How the key proof is laid out, by the architecture alone.
    pub fn key_proof_layout(&self) -> Result<KeyProofLayout, ProverError> {
        let architecture = Architecture::of(&self.model)?;
        let (chosen, batch) = (self.plan.chosen, self.plan.lowered.batch());
        let subject = Subject::Architecture(&architecture);
        let (_, tape) = subject.lay_out(batch, chosen.width, chosen.limb_bits)?;
        Ok(KeyProofLayout::new(Arc::new(tape), chosen.k, chosen.pack)?)
    }

    /// Verifies a proof under the key.
    pub fn verify(&self, instance: &[Fr], proof: &[u8]) -> Result<(), ProverError> {
        verify_under(self.keys.on_chain(), self.srs.tau_g2(), instance, proof)
    }

    /// The model.
    pub fn model(&self) -> &CompiledModel {
        &self.model
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The set-up.
    pub fn srs(&self) -> &Srs {
        &self.srs
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}
