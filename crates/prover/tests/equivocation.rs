//! An owner of private weights who wants a key that passes the audit and does not bind its inputs.
//!
//! The tape's weight columns hold the packing of public words and all of Poseidon. Left out of
//! them, an input is not bound, and one public input, or one commitment, has proofs of different
//! outputs, which the library and the contract accept. Such keys can be made; the audit must not pass
//! them, whatever proof comes along.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::{slice, sync::Arc};
use support::{models::rng, small};
use verdict_chain::{Harness, Verdict};
use verdict_circuit::{
    Batch, Cell, Cells, Content, Hiding, Lowered, Plan, Salt, Tap, Tape, Taps, TraceCells, Weight,
    Witness,
};
use verdict_model::{CompiledModel, Visibility, execute};
use verdict_prover::{Architecture, Finding, KeyProof, KeyedModel, Keys, Srs, Subject, audit_with};
use verdict_wire::{key_bytes, public_values, words};

/// The honest taps, but for those that bind an input.
struct Tampered<'a> {
    honest: &'a Lowered,
    /// The inputs, by channel, of which something is cut off.
    sources: Vec<usize>,
    cut: &'a (dyn Fn(&Lowered, &Tap) -> bool + Sync),
}

impl Taps for Tampered<'_> {
    fn taps(&self, level: usize, channel: usize, position: usize, into: &mut Vec<Tap>) {
        self.honest.taps(level, channel, position, into);
        let inputs = self.honest.program.levels.len() - 1;
        if level == inputs && self.sources.contains(&channel) {
            let cut = into.iter_mut().filter(|tap| (self.cut)(self.honest, tap));
            cut.for_each(|tap| tap.weight = Weight::Field(Fr::ZERO));
        }
    }
}

/// What is hashed comes from one trace, everything else from another.
struct Split<'a> {
    hashed: TraceCells<'a>,
    real: TraceCells<'a>,
}

impl Cells for Split<'_> {
    fn cell(&self, level: usize, channel: usize, position: usize) -> Cell {
        match self.hashed.cell(level, channel, position) {
            root @ Cell::Root(_) => root,
            _ => self.real.cell(level, channel, position),
        }
    }
}

struct Attack {
    model: CompiledModel,
    plan: Plan,
    tape: Arc<Tape>,
    srs: Srs,
    keys: Keys,
}

impl Attack {
    fn new(
        visibility: Visibility,
        sources: Vec<usize>,
        cut: &(dyn Fn(&Lowered, &Tap) -> bool + Sync),
    ) -> Self {
        let model = small::network(1, 1, visibility);
        let hiding = Hiding { seed: [7; 32] };
        let plan = small::planned(&model, Batch::single(), Some(hiding.clone()));
        let taps = Tampered {
            honest: &plan.lowered,
            sources,
            cut,
        };
        let tape = Tape::new(&plan.program, &taps, plan.chosen.width).unwrap();
        let tape = Arc::new(tape.hiding(hiding));
        let chosen = plan.chosen;
        let srs = Srs::development(chosen.points);
        let (k, pack) = (chosen.k, chosen.pack);
        let keys = Keys::generate(&plan.program, &tape, k, pack, srs.clone()).unwrap();
        Self {
            model,
            plan,
            tape,
            srs,
            keys,
        }
    }

    /// Proves that `claimed` gives what `real` does, to the library and to the contract. Returns the
    /// output.
    fn equivocate(&self, claimed: &[i32], real: &[i32]) -> Vec<i32> {
        let (plan, lowered) = (&self.plan, &self.plan.lowered);
        let salts = vec![Salt::from_root(Fr::from(123_456_789)); lowered.commitments()];
        let run = |inputs: &[i32]| execute(self.model.graph(), &[inputs.to_vec()]).unwrap();
        let (shown, trace) = (run(claimed), run(real));
        let cells = |trace| TraceCells::new(lowered, slice::from_ref(trace), &salts).unwrap();
        let split = Split {
            hashed: cells(&shown),
            real: cells(&trace),
        };
        let witness = Witness::new(&plan.program, &self.tape, &split).unwrap();
        let says = |trace| lowered.instance(Fr::from(42), slice::from_ref(trace), &salts);
        // Inputs and commitments are those of the claimed inputs, outputs those of the real ones.
        let mut instance = says(&shown);
        let output = match self.model.graph().tensors[0].visibility {
            Visibility::Public => 2,
            _ => 1,
        };
        instance[output] = says(&trace)[output];
        let proof = self.keys.prove(&witness, &instance, rng(5)).unwrap();
        let key = self.keys.on_chain();
        verdict_prover::verify_under(key, self.srs.tau_g2(), &instance, &proof).unwrap();
        let mut harness = Harness::new(words::tau_g2(&self.srs.tau_g2())).unwrap();
        let (address, _) = harness.publish(&key_bytes(key)).unwrap();
        let (verdict, _) = harness
            .verify(address, &public_values(&instance), &proof)
            .unwrap();
        assert!(matches!(verdict, Verdict::Accepted), "{verdict:?}");
        trace.values[2].clone()
    }

    /// No proof makes the audit pass: none, an honest key's, and what the owner makes of the own
    /// weights.
    fn is_refused(&self) {
        let architecture = Architecture::of(&self.model).unwrap();
        let key = self.keys.on_chain();
        let (plan, srs) = (&self.plan, &self.srs);
        let honest =
            KeyedModel::open(self.model.clone(), plan.clone(), srs.clone(), None, &|_| {}).unwrap();
        let layout = Arc::new(honest.key_proof_layout().unwrap());
        let proofs = [
            None,
            Some(honest.key_proof().unwrap()),
            Some(KeyProof::forge(&layout, &self.tape, key, srs).unwrap()),
        ];
        let audit = |key, proof: Option<&KeyProof>| {
            let subject = Subject::Architecture(&architecture);
            audit_with(subject, &Batch::single(), key, proof, srs.clone()).unwrap()
        };
        for proof in &proofs {
            let audit = audit(key, proof.as_ref());
            assert!(!audit.passes());
            let differing = audit.parts.iter().filter(|p| p.finding == Finding::Differs);
            let differing: Vec<&str> = differing.map(|part| part.part.as_str()).collect();
            assert_eq!(differing, ["key proof"]);
        }
        // The honest key passes with its own proof, and with no other.
        let honest_key = honest.keys().on_chain();
        assert!(audit(honest_key, proofs[1].as_ref()).passes());
        assert!(!audit(honest_key, proofs[2].as_ref()).passes());
    }
}

#[test]
fn a_feature_left_out_of_the_public_word_is_found() {
    // The third feature is left out of the public word.
    let attack = Attack::new(Visibility::Public, vec![2], &|_, tap| {
        tap.level == 0 && tap.channel == 0
    });
    let claimed = [3, -5, 0];
    let outputs = [[3, -5, -8], [3, -5, 0], [3, -5, 8]].map(|r| attack.equivocate(&claimed, &r));
    assert_ne!(outputs[0], outputs[2], "the attack itself has to work");
    attack.is_refused();
}

#[test]
fn features_left_out_of_the_hash_are_found() {
    // What is committed to is the vector of zeros, what is computed with is anything.
    let attack = Attack::new(Visibility::Committed, vec![0, 1, 2], &|lowered, tap| {
        let pattern = lowered.program.pattern(tap.level, tap.channel);
        matches!(pattern.runs[0].0, Content::Square)
    });
    let outputs = [[8, -8, 8], [0, 0, 0]].map(|real| attack.equivocate(&[0; 3], &real));
    assert_ne!(outputs[0], outputs[1], "the attack itself has to work");
    attack.is_refused();
}
