//! The executor is the specification: what it computes satisfies the circuit, bit for bit, and
//! nothing else does.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::{slice, sync::Arc};
use support::{
    graphs::{self, Size},
    network::{Network, satisfied},
};
use verdict_circuit::{
    BLINDING_ROWS, CircuitError, Limits, Lowered, Tape, TapeCircuit, TraceCells, plan,
};
use verdict_model::{Function, Goal, IntegerGraph, Kernel, Table, Trace, Visibility, execute};

const NETWORKS: usize = 240;

/// What the random networks have to have met when all are through.
#[derive(Debug, Default)]
struct Met {
    dense: usize,
    sparse: usize,
    skips: usize,
    repeated_sources: usize,
    two_inputs: usize,
    extreme_weights: usize,
    unshifted: usize,
    no_value_at_zero: usize,
    long_packings: usize,
    public_inputs: usize,
    private_outputs: usize,
    wide_keys: usize,
}

impl Met {
    fn look(&mut self, graph: &IntegerGraph) {
        let some = |slot: &mut usize, met: bool| *slot += usize::from(met);
        some(&mut self.two_inputs, graph.inputs.len() > 1);
        some(
            &mut self.long_packings,
            graph.public_tensors().any(|id| graph.tensors[id].len > 15),
        );
        let visible = |ids: &[usize], v| ids.iter().any(|&id| graph.tensors[id].visibility == v);
        some(
            &mut self.public_inputs,
            visible(&graph.inputs, Visibility::Public),
        );
        some(
            &mut self.private_outputs,
            visible(&graph.outputs, Visibility::Private),
        );
        let at_zero = |f: &Table| {
            usize::try_from(-f.q_min)
                .ok()
                .and_then(|i| f.values.get(i).copied())
        };
        some(
            &mut self.no_value_at_zero,
            graph
                .functions
                .iter()
                .filter_map(Function::table)
                .any(|f| at_zero(f).is_some_and(|v| v != 0)),
        );
        some(
            &mut self.unshifted,
            graph.functions.iter().any(|f| f.shift() == 0),
        );
        some(
            &mut self.wide_keys,
            graph.functions.iter().any(|f| f.shift() > 20),
        );
        for (id, tensor) in graph.tensors.iter().enumerate() {
            let Some(layer) = &tensor.layer else { continue };
            let sources: Vec<usize> = layer.terms.iter().map(|term| term.source).collect();
            let mut once = sources.clone();
            once.sort_unstable();
            once.dedup();
            some(&mut self.repeated_sources, once.len() < sources.len());
            some(&mut self.skips, once.len() > 1 && once[0] + 1 < id);
            for term in &layer.terms {
                let weights: Vec<i32> = match &term.kernel {
                    Kernel::Dense { weights } => weights.clone(),
                    Kernel::Sparse { entries } => entries.iter().map(|entry| entry.2).collect(),
                    Kernel::Conv(conv) => conv.weights.clone(),
                };
                some(
                    &mut self.extreme_weights,
                    weights.iter().any(|w| *w == i32::MIN || *w == i32::MAX),
                );
                some(&mut self.dense, matches!(term.kernel, Kernel::Dense { .. }));
                some(
                    &mut self.sparse,
                    matches!(term.kernel, Kernel::Sparse { .. }),
                );
            }
        }
    }
}

/// Traces that differ from the true one in one cell: its value, its sum, or both together where a
/// table allows.
fn near_misses(network: &Network, rng: &mut ChaCha8Rng) -> Vec<(String, Trace)> {
    let graph = network.lowered.graph();
    let mut misses = Vec::new();
    for (id, tensor) in graph.tensors.iter().enumerate() {
        let cell = rng.gen_range(0..tensor.len);
        let mut miss = |what: &str, change: &dyn Fn(&mut Trace)| {
            let mut trace = network.trace.clone();
            change(&mut trace);
            misses.push((format!("{what} of cell {cell} of `{}`", tensor.name), trace));
        };
        let step = *[-1, 1].choose(rng).unwrap();
        miss("value", &|trace| trace.values[id][cell] += step);
        let Some(layer) = &tensor.layer else { continue };
        miss("sum", &|trace| trace.sums[id][cell] += i64::from(step));
        let function = &graph.functions[layer.function];
        let sum = network.trace.sums[id][cell] + (i64::from(step) << function.shift());
        if let Some(value) = function.value(sum) {
            miss("key and value", &|trace| {
                trace.sums[id][cell] = sum;
                trace.values[id][cell] = value;
            });
        }
    }
    misses
}

/// Whether a trace is what the executor makes of other private inputs that give the same public
/// words.
fn also_true(network: &Network, trace: &Trace) -> bool {
    let graph = network.lowered.graph();
    let inputs: Vec<Vec<i32>> = graph
        .inputs
        .iter()
        .map(|&id| trace.values[id].clone())
        .collect();
    execute(graph, &inputs).is_ok_and(|executed| {
        executed == *trace
            && network
                .lowered
                .instance(network.circuit.instance[0], slice::from_ref(trace), &[])
                == network.circuit.instance
    })
}

#[test]
fn the_circuit_accepts_what_the_executor_computes_and_nothing_near_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(2024);
    let mut met = Met::default();
    let mut misses = 0;
    for round in 0..NETWORKS {
        let (width, limb_bits) = (rng.gen_range(1..=5), rng.gen_range(1..=9));
        let network = Network::random(&mut rng, Size::SMALL, width, limb_bits);
        met.look(network.lowered.graph());
        let at = format!("round {round}, width {width}, limbs of {limb_bits} bits");
        assert!(satisfied(&network.circuit), "{at}");
        assert_eq!(
            network.circuit.instance.len(),
            network.circuit.tape.words() + 1,
            "{at}"
        );

        for word in 1..network.circuit.instance.len() {
            let mut wrong = network.circuit.clone();
            let bit = rng.gen_range(0..254);
            wrong.instance[word] += *[Fr::ONE, -Fr::ONE, Fr::from(2).pow_vartime([bit])]
                .choose(&mut rng)
                .unwrap();
            assert!(!satisfied(&wrong), "{at}, word {word}");
        }
        for (what, trace) in near_misses(&network, &mut rng) {
            // A private input that has no weight may well be another one.
            let expected = also_true(&network, &trace);
            assert_eq!(network.accepts(&trace), expected, "{at}, {what}");
            misses += usize::from(!expected);
        }
    }
    println!("{NETWORKS} networks, {misses} near misses rejected, {met:?}");
    assert!(misses > 5 * NETWORKS);
    let Met {
        dense,
        sparse,
        skips,
        repeated_sources,
        two_inputs,
        extreme_weights,
        ..
    } = met;
    let Met {
        unshifted,
        no_value_at_zero,
        long_packings,
        public_inputs,
        private_outputs,
        wide_keys,
        ..
    } = met;
    for (what, count) in [
        ("dense kernels", dense),
        ("sparse kernels", sparse),
        ("skip connections", skips),
        ("repeated sources", repeated_sources),
        ("two inputs", two_inputs),
        ("weights at the ends of i32", extreme_weights),
        ("tables without remainders", unshifted),
        ("tables with f(0) ≠ 0", no_value_at_zero),
        ("tensors of several words", long_packings),
        ("public inputs", public_inputs),
        ("private outputs", private_outputs),
        ("keys beyond 32 bits", wide_keys),
    ] {
        assert!(count >= 5, "the generator hardly makes {what}: {count}");
    }
}

#[test]
fn other_inputs_of_the_same_network_give_other_words() {
    let mut rng = ChaCha8Rng::seed_from_u64(77);
    for _ in 0..20 {
        let graph = graphs::random(&mut rng, Size::SMALL);
        let first = graphs::inputs(&mut rng, &graph);
        let second = graphs::inputs(&mut rng, &graph);
        let network = Network::new(graph.clone(), &first, 3, 4);
        let other = Network::new(graph, &second, 3, 4);
        assert_eq!(
            network.circuit.tape, other.circuit.tape,
            "the tape depends on the inputs"
        );
        let crossed = TapeCircuit {
            instance: other.circuit.instance.clone(),
            ..network.circuit.clone()
        };
        assert_eq!(
            satisfied(&crossed),
            network.circuit.instance == other.circuit.instance
        );
    }
}

#[test]
fn the_width_and_the_limbs_do_not_change_the_words() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..10 {
        let graph = graphs::random(&mut rng, Size::SMALL);
        let inputs = graphs::inputs(&mut rng, &graph);
        let first = Network::new(graph.clone(), &inputs, 1, 1);
        for (width, limb_bits) in [(2, 9), (5, 4), (8, 2), (64, 9)] {
            let network = Network::new(graph.clone(), &inputs, width, limb_bits);
            assert_eq!(network.circuit.instance, first.circuit.instance);
            assert!(satisfied(&network.circuit));
        }
    }
}

#[test]
fn sixteen_bit_inputs_are_provable_at_both_ends() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut graph = graphs::random(
        &mut rng,
        Size {
            layers: 1,
            ..Size::TINY
        },
    );
    let input = graph.inputs[0];
    graph.tensors[input].visibility = Visibility::Public;
    (graph.tensors[input].min, graph.tensors[input].max) = (-32768, 32767);
    for id in 0..graph.tensors.len() {
        let Some((low, high)) = graph.interval(id) else {
            continue;
        };
        let layer = graph.tensors[id].layer.clone().unwrap();
        let shift = (0..=31)
            .find(|shift| (high >> shift) - (low >> shift) < 512)
            .unwrap();
        let (q_min, q_max) = (low >> shift, high >> shift);
        graph.functions[layer.function] = Function::Table(Table {
            name: "saturate".into(),
            shift,
            q_min,
            values: (q_min..=q_max).map(|q| q.clamp(-100, 100) as i32).collect(),
        });
        (graph.tensors[id].min, graph.tensors[id].max) = (-100, 100);
    }
    for end in [-32768, 32767] {
        let inputs: Vec<Vec<i32>> = graph
            .inputs
            .iter()
            .map(|&id| {
                vec![end.clamp(graph.tensors[id].min, graph.tensors[id].max); graph.tensors[id].len]
            })
            .collect();
        assert!(
            satisfied(&Network::new(graph.clone(), &inputs, 2, 8).circuit),
            "{end}"
        );
    }
}

#[test]
fn a_trace_of_another_graph_is_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let network = Network::random(&mut rng, Size::SMALL, 2, 4);
    let mut cut = network.trace.clone();
    cut.values[0].pop();
    let mut short = network.trace.clone();
    short.sums.pop();
    for trace in [cut, short] {
        let error = TraceCells::new(&network.lowered, slice::from_ref(&trace), &[]).unwrap_err();
        assert!(matches!(error, CircuitError::Trace(_)));
        assert!(
            error
                .to_string()
                .starts_with("the trace does not belong to this model"),
            "{error}"
        );
    }
}

#[test]
fn a_graph_that_makes_nothing_public_is_refused() {
    let mut graph = support::network::sample();
    for tensor in &mut graph.tensors {
        tensor.visibility = Visibility::Private;
    }
    let error = Lowered::new(Arc::new(graph), 4).unwrap_err();
    assert!(
        error.to_string().contains("makes nothing public"),
        "{error}"
    );
}

#[test]
fn an_invalid_graph_is_refused() {
    let mut graph = support::network::sample();
    if let Function::Table(table) = &mut graph.functions[0] {
        table.values.truncate(3);
    }
    let error = Lowered::new(Arc::new(graph), 4).unwrap_err();
    assert!(matches!(error, CircuitError::Graph(_)), "{error}");
}

#[test]
fn plans_keep_their_word() {
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    for _ in 0..12 {
        let graph = Arc::new(graphs::random(&mut rng, Size::SMALL));
        let inputs = graphs::inputs(&mut rng, &graph);
        let trace = execute(&graph, &inputs).unwrap();
        for goal in [Goal::Gas, Goal::Time, Goal::Memory, Goal::Balanced] {
            let limits = Limits {
                max_width: rng.gen_range(1..10),
                ..Limits::default()
            };
            let plan = plan(graph.clone(), goal, limits).unwrap();
            assert_eq!(plan.goal, goal);
            assert_eq!(plan.chosen.rows, plan.tape.rows());
            assert_eq!(plan.chosen.k, plan.tape.height());
            assert!(plan.tape.rows() + BLINDING_ROWS <= 1 << plan.chosen.k);
            assert_eq!(plan.chosen.width, plan.tape.width());
            assert!(plan.candidates.iter().all(|c| c.width <= limits.max_width));
            assert!(plan.candidates.contains(&plan.chosen));
            let best = |slack: f64, key: fn(&verdict_circuit::Candidate) -> f64| {
                plan.candidates
                    .iter()
                    .all(|c| key(&plan.chosen) <= key(c) * slack)
            };
            match goal {
                Goal::Gas => assert!(best(1.0, |c| c.gas)),
                Goal::Time => assert!(best(1.25, |c| c.seconds)),
                Goal::Memory => assert!(best(1.25, |c| c.bytes)),
                Goal::Balanced => assert!(best(1.125, |c| c.gas)),
            }
            let witness = support::network::witness(&plan.lowered, &plan.tape, &trace).unwrap();
            assert!(satisfied(&TapeCircuit {
                program: plan.program.clone(),
                tape: plan.tape.clone(),
                witness: Some(Arc::new(witness)),
                instance: plan
                    .lowered
                    .instance(Fr::ZERO, slice::from_ref(&trace), &[]),
            }));
        }
    }
}

#[test]
fn a_wanted_width_is_used_and_a_height_that_is_too_small_is_named() {
    let graph = Arc::new(support::network::sample());
    for width in [1, 3, 9, 11] {
        let limits = Limits {
            width: Some(width),
            ..Limits::default()
        };
        let plan = plan(graph.clone(), Goal::Gas, limits).unwrap();
        assert_eq!((plan.chosen.width, plan.tape.width()), (width, width));
    }
    let least = plan(graph.clone(), Goal::Time, Limits::default())
        .unwrap()
        .candidates
        .iter()
        .map(|c| c.k)
        .min()
        .unwrap();
    let fits = plan(
        graph.clone(),
        Goal::Gas,
        Limits {
            max_k: least,
            ..Limits::default()
        },
    )
    .unwrap();
    assert!(fits.candidates.iter().all(|c| c.k == least));
    let error = plan(
        graph,
        Goal::Gas,
        Limits {
            max_k: least - 1,
            ..Limits::default()
        },
    )
    .unwrap_err();
    assert!(matches!(error, CircuitError::NoPlan(_)));
    let wanted = format!("needs a height above {}", least - 1);
    assert!(error.to_string().contains(&wanted), "{error}");
}

#[test]
fn tapes_of_equal_graphs_are_equal() {
    let lowered = Lowered::new(Arc::new(support::network::sample()), 3).unwrap();
    let tapes: Vec<Tape> = (0..2)
        .map(|_| Tape::new(&lowered.program, &lowered, 3).unwrap())
        .collect();
    assert_eq!(tapes[0], tapes[1]);
}

#[test]
fn tapes_of_different_layouts_have_different_digests() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut digests = std::collections::HashSet::new();
    let mut tapes: Vec<Tape> = Vec::new();
    for _ in 0..15 {
        let graph = Arc::new(graphs::random(&mut rng, Size::TINY));
        for (width, limb_bits) in [(1, 3), (2, 3), (2, 4)] {
            let lowered = Lowered::new(graph.clone(), limb_bits).unwrap();
            let tape = Tape::new(&lowered.program, &lowered, width).unwrap();
            let new = !tapes.contains(&tape);
            assert_eq!(
                digests.insert(tape.digest(&lowered.program)),
                new,
                "width {width}, limbs of {limb_bits} bits"
            );
            tapes.push(tape);
        }
    }
    // The same layout with another table.
    let mut graph = support::network::sample();
    let lowered = Lowered::new(Arc::new(graph.clone()), 3).unwrap();
    if let Function::Table(table) = &mut graph.functions[0] {
        table.values[7] -= 1;
    }
    let other = Lowered::new(Arc::new(graph), 3).unwrap();
    let tape = Tape::new(&lowered.program, &lowered, 2).unwrap();
    assert_ne!(tape.digest(&lowered.program), tape.digest(&other.program));
}

#[test]
fn more_tables_than_the_tape_can_number_are_refused() {
    let mut lowered = Lowered::new(Arc::new(support::network::sample()), 3).unwrap();
    lowered
        .program
        .regions
        .resize((1 << 16) - 1, verdict_circuit::Region::One);
    assert!(Tape::new(&lowered.program, &lowered, 1).is_ok());
    lowered.program.regions.push(verdict_circuit::Region::One);
    let error = Tape::new(&lowered.program, &lowered, 1).unwrap_err();
    assert!(error.to_string().contains("65536 tables"), "{error}");
}
