//! What a prover that cheats can hand over, and that nobody takes it: not the Rust verifier, not our
//! contract, not the generated one. Told to be honest, the same prover is believed by all three.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
// Changes of slots have one type, and some add a slot.
#![allow(clippy::ptr_arg)]

use alloy_primitives::Address;
use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::{SeedableRng, rngs::StdRng};
use std::{collections::BTreeSet, sync::Arc};
use verdict_argument::{VerifyingKey, verify};
use verdict_circuit::{
    Limits, Plan, Request, TraceCells, Witness, fixed_columns, phase_columns, plan_request,
};
use verdict_model::{Goal, IntegerGraph, Kernel, Visibility, execute};
use verdict_prover::{Keys, Srs, verify_under};
use verdict_vectors::{
    evm::End,
    forge::{Forger, Lie, Pack, Poly, shifted},
    generated::{Contracts, Header, deploy},
    judge::Chain,
    mutate::Statement,
    support::{HIDING, compiled, tau},
};
use verdict_wire::{VerifyingKeyParts, key_bytes, public_values};

/// One inference under one key.
struct Proved {
    plan: Plan,
    key: VerifyingKeyParts,
    witness: Witness,
    instance: Vec<Fr>,
    fixed: Vec<Vec<Fr>>,
}

/// Width, columns to a pack, whether weights are hidden: packs of weights with a slot that nobody
/// uses, and more than one where there is a link.
const FORMS: [(usize, usize, bool); 6] = [
    (3, 2, false),
    (5, 4, false),
    (9, 8, false),
    (3, 2, true),
    (5, 4, true),
    (9, 8, true),
];

impl Proved {
    fn new(graph: &Arc<IntegerGraph>, input: &[Vec<i32>], form: (usize, usize, bool)) -> Self {
        let (width, pack, hidden) = form;
        let request = Request {
            goal: Goal::Time,
            limits: Limits {
                width: Some(width),
                pack: Some(pack),
                ..Limits::default()
            },
            hiding: hidden.then_some(HIDING),
            ..Request::default()
        };
        let plan = plan_request(graph.clone(), request).unwrap();
        let srs = Srs::development(plan.chosen.points);
        let (program, tape) = (&plan.program, &plan.tape);
        let keys = Keys::generate(program, tape, plan.chosen.k, pack, srs).unwrap();
        let traces = [execute(graph, input).unwrap()];
        let cells = TraceCells::new(&plan.lowered, &traces, &[]).unwrap();
        let rows = 1 << plan.chosen.k;
        let fixed = fixed_columns(program, tape);
        Self {
            key: keys.on_chain().clone(),
            witness: Witness::new(program, tape, &cells).unwrap(),
            instance: plan.lowered.instance(Fr::from(7), &traces, &[]),
            fixed: fixed.iter().map(|column| column.values(rows)).collect(),
            plan,
        }
    }

    /// A proof of `instance` under a key, with the columns that this inference has. The forger takes
    /// the key's commitments for those of the fixed columns of `under`.
    fn forge(
        &self,
        key: &VerifyingKeyParts,
        under: &Self,
        srs: &Srs,
        instance: &[Fr],
        lie: Lie,
    ) -> Vec<u8> {
        let forger = Forger {
            relation: key.relation(),
            key: key.clone(),
            powers: srs.powers().points(),
            committed: under.fixed.clone(),
            claimed: self.fixed.clone(),
        };
        let columns = |phase: usize, challenges: &[Fr]| {
            let (program, tape) = (&self.plan.program, &self.plan.tape);
            phase_columns(phase, challenges, program, tape, &self.witness, instance)
        };
        forger.prove(instance, columns, lie, &mut StdRng::seed_from_u64(3))
    }
}

/// A lie, and whether the statement is false as well.
type Forgery = (&'static str, bool, Lie);

/// Changes `q` and `x` for one another.
fn exchanged(pack: Pack, _: usize, slots: &mut Vec<Poly>) {
    if pack == Pack::First(0) {
        slots.swap(0, 1);
    }
}

fn running_exchanged(pack: Pack, _: usize, slots: &mut Vec<Poly>) {
    if pack == Pack::Running(0) {
        slots.swap(0, 1);
    }
}

fn weights_exchanged(pack: Pack, _: usize, slots: &mut Vec<Poly>) {
    if pack == Pack::Hidden(0) {
        slots.swap(0, 1);
    }
}

/// Whether this is the last pack of `q x m`, whose last slot is that of `m`.
fn has_m(pack: Pack, slots: &[Poly]) -> bool {
    matches!(pack, Pack::First(_)) && slots.len() != 2
}

fn without_m(pack: Pack, _: usize, slots: &mut Vec<Poly>) {
    if has_m(pack, slots) {
        // A pack of nothing is the identity, which is refused before anything is computed.
        let nothing = if slots.len() > 1 {
            vec![]
        } else {
            vec![Fr::ONE]
        };
        *slots.last_mut().unwrap() = nothing;
    }
}

fn unused_slot(pack: Pack, _: usize, slots: &mut Vec<Poly>) {
    if has_m(pack, slots) {
        slots.push(vec![Fr::ONE, Fr::from(5)]);
    }
}

fn third_piece(pack: Pack, _: usize, slots: &mut Vec<Poly>) {
    if pack == Pack::Quotient {
        slots.push(vec![Fr::ONE, Fr::from(5)]);
    }
}

fn overflow(pack: Pack, n: usize, slots: &mut Vec<Poly>) {
    if pack == Pack::First(0) {
        let high = shifted(&[Fr::ONE, Fr::from(5)], n);
        let low = std::mem::replace(&mut slots[0], high);
        slots[0][..n].copy_from_slice(&low);
    }
}

fn other_blinding(pack: Pack, _: usize, slots: &mut Vec<Poly>) {
    if pack == Pack::Blinding {
        slots[0][0] += Fr::ONE;
    }
}

fn forgeries((width, pack, hidden): (usize, usize, bool)) -> Vec<Forgery> {
    let honest = Lie::default();
    let slots = |slots| Lie {
        slots: Some(slots),
        ..honest
    };
    let solved = |number| Lie {
        solved: Some(number),
        ..honest
    };
    let mut all = vec![
        ("another output", true, honest),
        ("two slots exchanged", false, slots(exchanged)),
        (
            "two slots of running columns exchanged",
            false,
            slots(running_exchanged),
        ),
        (
            "a slot missing, and its evaluation what the gates need",
            true,
            Lie {
                solved: Some(2),
                ..slots(without_m)
            },
        ),
        ("a slot missing", false, slots(without_m)),
        (
            "a slot that no column uses is not zero",
            false,
            slots(unused_slot),
        ),
        (
            "a higher degree than its evaluation",
            false,
            slots(overflow),
        ),
        (
            "a higher degree, and another output",
            true,
            Lie {
                overflows: true,
                ..honest
            },
        ),
        (
            "a running column one row back as the gates need it",
            true,
            solved(8),
        ),
        (
            "the same, opened at x alone",
            true,
            Lie {
                at_x_only: true,
                ..solved(8)
            },
        ),
        (
            "opened at x alone",
            false,
            Lie {
                at_x_only: true,
                ..honest
            },
        ),
        ("a weight as the gates need it", true, solved(21)),
        (
            "the quotient's second piece as the gates need it",
            true,
            solved(21 + width),
        ),
    ];
    for stride in [2, 4, 8].into_iter().filter(|stride| *stride != pack) {
        let other = Lie {
            stride: Some(stride),
            ..honest
        };
        all.push(("packs of another size", false, other));
    }
    if pack > 2 {
        all.push(("a third piece of the quotient", false, slots(third_piece)));
    }
    if hidden {
        all.push((
            "two hidden slots exchanged",
            false,
            slots(weights_exchanged),
        ));
        all.push(("another blinding", false, slots(other_blinding)));
    }
    all
}

/// Everybody who verifies.
struct Verifiers {
    chain: Chain,
    contracts: Contracts,
}

impl Verifiers {
    /// What the Rust verifier, our contract and the generated one say.
    fn ask(&mut self, key: &VerifyingKeyParts, instance: &[Fr], proof: &[u8]) -> [bool; 3] {
        let native = verify_under(key, tau(), instance, proof).is_ok();
        let statement = Statement {
            key: key_bytes(key),
            values: public_values(instance),
            proof: proof.to_vec(),
        };
        let (ours, _) = self.chain.verify(Address::repeat_byte(0xc0), &statement);
        assert!(matches!(ours, End::Accepted | End::Named(_)), "{ours:?}");
        let contract = self.contracts[&Header::of(&statement.key).unwrap()];
        let (key, values) = (&statement.key, &statement.values);
        let generated = contract.accepts(&mut self.chain.evm, key, values, proof);
        [native, ours == End::Accepted, generated]
    }
}

#[test]
fn no_lie_is_believed() {
    let (model, input) = compiled("logreg-breast-cancer", Goal::Time, Visibility::Private);
    let graph = model.shared_graph();
    let other = Arc::new(with_another_weight(graph));
    let all: Vec<_> = FORMS
        .iter()
        .map(|form| (*form, Proved::new(graph, &input, *form)))
        .collect();
    let mut chain = Chain::default();
    let headers: BTreeSet<Header> = all
        .iter()
        .map(|(_, it)| Header::of(&key_bytes(&it.key)).unwrap())
        .collect();
    let contracts = deploy(&mut chain.evm, &headers, tau());
    let mut verifiers = Verifiers { chain, contracts };
    let points = all.iter().map(|(_, it)| 32 << it.key.k).max().unwrap();
    let srs = Srs::development(points);
    let mut count = 0;
    for (form, proved) in &all {
        let (key, instance) = (&proved.key, &proved.instance);
        let honest = proved.forge(key, proved, &srs, instance, Lie::default());
        assert_eq!(verifiers.ask(key, instance, &honest), [true; 3], "{form:?}");
        // Degrees may be what they like: gates speak of values on the domain.
        let overflows = Lie {
            overflows: true,
            ..Lie::default()
        };
        let high = proved.forge(key, proved, &srs, instance, overflows);
        assert_eq!(verifiers.ask(key, instance, &high), [true; 3], "{form:?}");

        let mut wrong = instance.clone();
        *wrong.last_mut().unwrap() += Fr::ONE;
        for (what, is_false, lie) in forgeries(*form) {
            let instance = if is_false { &wrong } else { instance };
            let proof = proved.forge(key, proved, &srs, instance, lie);
            let said = verifiers.ask(key, instance, &proof);
            assert_eq!(said, [false; 3], "{form:?}: {what}");
            count += 1;
        }
        other_weights(
            &mut verifiers,
            proved,
            &Proved::new(&other, &input, *form),
            &srs,
        );
        count += 1;
    }
    println!("{count} forgeries of {} forms", FORMS.len());
}

/// A proof of what another model says, under this one's key: nothing is wrong with it but that its
/// weights are not the key's, which of hidden ones the link alone says.
fn other_weights(verifiers: &mut Verifiers, proved: &Proved, other: &Proved, srs: &Srs) {
    let form = (proved.key.pack, proved.key.hidden);
    let differ = proved.fixed.iter().zip(&other.fixed);
    let differ: Vec<bool> = differ.map(|(one, other)| one != other).collect();
    assert!(
        !differ[..8].contains(&true) && differ[8..].contains(&true),
        "{form:?}"
    );
    let (key, instance) = (&proved.key, &other.instance);
    let proof = other.forge(key, proved, srs, instance, Lie::default());
    let said = verifiers.ask(key, instance, &proof);
    assert_eq!(said, [false; 3], "{form:?}: other weights");

    // With a link as if the key committed to these weights. Under a key that does, though transcripts
    // begin as those of the first, the proof is a good one.
    let proof = other.forge(key, other, srs, instance, Lie::default());
    let committed = VerifyingKey {
        representation: key.representation(),
        commitments: other.key.commitments.clone(),
    };
    verify(&key.relation(), &committed, tau(), instance, &proof).unwrap();
    let said = verifiers.ask(key, instance, &proof);
    assert_eq!(said, [false; 3], "{form:?}: no link");
}

fn with_another_weight(graph: &IntegerGraph) -> IntegerGraph {
    let mut graph = graph.clone();
    let layer = graph
        .tensors
        .iter_mut()
        .rev()
        .find_map(|it| it.layer.as_mut());
    for term in &mut layer.unwrap().terms {
        match &mut term.kernel {
            Kernel::Dense { weights } => weights[0] += if weights[0] > 0 { -1 } else { 1 },
            Kernel::Sparse { entries } => entries[0].2 += if entries[0].2 > 0 { -1 } else { 1 },
            Kernel::Conv(conv) => conv.weights[0] += if conv.weights[0] > 0 { -1 } else { 1 },
        }
    }
    graph
}
