//! Convolutions, squares and batches: what the executor computes satisfies the circuit, and nothing
//! near it does.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use support::{convs, network::satisfied};
use verdict_circuit::{
    Batch, CircuitError, Footprint, Lowered, Lowering, Outline, Salt, Tape, TapeCircuit,
    TraceCells, Witness, commit,
};
use verdict_model::{
    Conv, Function, IntegerGraph, Kernel, Layer, Packing, Table, Tensor, Term, Trace, Visibility,
    execute,
};

struct Case {
    lowered: Lowered,
    traces: Vec<Trace>,
    salts: Vec<Salt>,
    circuit: TapeCircuit,
}

fn case(rng: &mut ChaCha8Rng, graph: IntegerGraph, batch: Batch) -> Result<Case, CircuitError> {
    let items = batch.items;
    // Weights of 32 bits cannot be private.
    let outline = Outline::of(&graph, &[]);
    let lowering = Lowering {
        limb_bits: rng.gen_range(3..9),
        batch,
        hidden: (rng.gen_bool(0.3) && outline.secrets.fits(&graph)).then_some(outline),
    };
    let mut lowered = Lowered::with(Arc::new(graph), lowering)?;
    let width = rng.gen_range(1..6);
    lowered.align_words(width);
    let traces: Vec<Trace> = (0..items)
        .map(|_| {
            let inputs = support::graphs::inputs(rng, lowered.graph());
            execute(lowered.graph(), &inputs).unwrap()
        })
        .collect();
    let tape = Tape::new(&lowered.program, &lowered, width)?;
    let footprint = Footprint::new(&lowered.program, &lowered);
    assert_eq!(
        footprint.rows(&lowered.program, width).unwrap(),
        tape.rows()
    );
    let salts: Vec<Salt> = (0..items * lowered.commitments())
        .map(|_| Salt::random(&mut *rng))
        .collect();
    let circuit = circuit(&lowered, tape, &traces, &salts)?;
    Ok(Case {
        lowered,
        traces,
        salts,
        circuit,
    })
}

fn circuit(
    lowered: &Lowered,
    tape: Tape,
    traces: &[Trace],
    salts: &[Salt],
) -> Result<TapeCircuit, CircuitError> {
    let cells = TraceCells::new(lowered, traces, salts)?;
    let witness = Witness::new(&lowered.program, &tape, &cells)?;
    Ok(TapeCircuit {
        program: Arc::new(lowered.program.clone()),
        tape: Arc::new(tape),
        witness: Some(Arc::new(witness)),
        instance: lowered.instance(Fr::from(0xC0FFEE), traces, salts),
    })
}

/// Any one cell of any item, off by one.
fn miss(rng: &mut ChaCha8Rng, case: &Case) -> Option<TapeCircuit> {
    let graph = case.lowered.graph();
    let mut traces = case.traces.clone();
    let trace = traces.choose_mut(rng)?;
    let id = rng.gen_range(0..graph.tensors.len());
    let cell = rng.gen_range(0..graph.tensors[id].len);
    let step = *[-1, 1].choose(rng)?;
    match &graph.tensors[id].layer {
        Some(layer) => {
            let function = &graph.functions[layer.function];
            trace.sums[id][cell] += i64::from(step) << function.shift();
            trace.values[id][cell] = function.value(trace.sums[id][cell])?;
        }
        // A pixel may count for nothing.
        None => return None,
    }
    // An input outside its domain is not in the table.
    circuit(
        &case.lowered,
        (*case.circuit.tape).clone(),
        &traces,
        &case.salts,
    )
    .ok()
}

#[test]
fn random_convolutional_networks() {
    let mut rng = ChaCha8Rng::seed_from_u64(41);
    let mut misses = 0;
    for round in 0..120 {
        let graph = convs::random(&mut rng);
        let shown = format!("{graph:?}");
        let case = case(&mut rng, graph, Batch::single())
            .unwrap_or_else(|e| panic!("{round}: {e}\n{shown}"));
        assert!(satisfied(&case.circuit), "round {round}\n{shown}");
        for _ in 0..3 {
            if let Some(wrong) = miss(&mut rng, &case) {
                misses += 1;
                assert!(
                    !satisfied(&wrong),
                    "round {round}: a near miss passes\n{shown}"
                );
            }
        }
    }
    assert!(misses > 100, "{misses}");
}

/// `n` tokens of two channels: squares of the sums of each token's first value and another's second,
/// a channel for each distance, and what remains of them without the second's own square. Each
/// distance is read forwards, backwards or both ways around the circle.
fn products(rng: &mut ChaCha8Rng, n: usize) -> IntegerGraph {
    let tensor = |name: &str, channels: usize, range: (i32, i32), layer| Tensor {
        name: name.into(),
        shape: vec![channels, 1, n],
        len: channels * n,
        min: range.0,
        max: range.1,
        scale: 1.0,
        visibility: Visibility::Private,
        layer,
    };
    let conv = |channels: [usize; 2]| Conv {
        channels,
        source: [1, n],
        output: [1, n],
        size: [1, 2 * n - 1],
        stride: [1, 1],
        up: [1, 1],
        dilation: [1, 1],
        pad: [0, n as i64 - 1],
        groups: 1,
        weights: vec![0; channels[0] * channels[1] * (2 * n - 1)],
    };
    let (mut sums, mut square) = (conv([2, n]), conv([2, n]));
    for distance in 0..n {
        let ways = rng.gen_range(1..4);
        let at = |channel: usize, offset: usize| (distance * 2 + channel) * (2 * n - 1) + offset;
        sums.weights[at(0, n - 1)] = 1;
        for (way, offset) in [
            (1, n - 1 + distance),
            (2, (n - 1 + distance) - n.min(n - 1 + distance)),
        ] {
            if ways & way > 0 && (distance > 0 || way == 1) {
                sums.weights[at(1, offset)] = 1;
                square.weights[at(1, offset)] = -1;
            }
        }
    }
    let one = Conv {
        size: [1, 1],
        pad: [0, 0],
        groups: n,
        weights: vec![1; n],
        ..conv([n, n])
    };
    let layer = |terms: Vec<(usize, Conv)>, channels: usize, function| Layer {
        nodes: Vec::new(),
        terms: terms
            .into_iter()
            .map(|(source, conv)| Term {
                source,
                kernel: Kernel::Conv(conv),
            })
            .collect(),
        bias: vec![0; channels * n],
        function,
    };
    let table = Table {
        name: "eighth".into(),
        shift: 3,
        q_min: -3,
        values: (-3..=41).collect(),
    };
    let mut graph = IntegerGraph {
        tensors: vec![
            tensor("x", 2, (0, 9), None),
            tensor("sum", n, (0, 324), Some(layer(vec![(0, sums)], n, 0))),
            tensor(
                "rest",
                n,
                (-3, 41),
                Some(layer(vec![(1, one), (0, square)], n, 1)),
            ),
        ],
        functions: vec![Function::Square, Function::Table(table)],
        inputs: vec![0],
        outputs: vec![2],
    };
    graph.tensors[2].visibility = Visibility::Public;
    graph.validate().unwrap();
    graph
}

/// Channels that read at distances of their own spill there alone; with private weights, around all
/// of them alike.
#[test]
fn products_at_distances() {
    let mut rng = ChaCha8Rng::seed_from_u64(45);
    let mut misses = 0;
    for round in 0..40 {
        let n = rng.gen_range(2..8);
        let graph = products(&mut rng, n);
        let outline = Outline::of(&graph, &[]);
        let rows = |hidden: Option<Outline>| {
            let lowering = Lowering {
                limb_bits: 4,
                hidden,
                ..Lowering::default()
            };
            let lowered = Lowered::with(Arc::new(graph.clone()), lowering).unwrap();
            let tape = Tape::new(&lowered.program, &lowered, 2).unwrap();
            tape.rows()
        };
        let (public, private) = (rows(None), rows(Some(outline)));
        assert!(public < private || n == 2, "{n}: {public}, {private}");
        let batch = Batch {
            items: rng.gen_range(1..3),
            sums: Vec::new(),
        };
        let case = case(&mut rng, graph, batch).unwrap();
        assert!(satisfied(&case.circuit), "round {round}");
        for _ in 0..4 {
            if let Some(wrong) = miss(&mut rng, &case) {
                misses += 1;
                assert!(!satisfied(&wrong), "round {round}: a near miss passes");
            }
        }
        let mut wrong = case.circuit.clone();
        *wrong.instance.last_mut().unwrap() += Fr::ONE;
        assert!(!satisfied(&wrong), "round {round}: a wrong word passes");
    }
    assert!(misses > 50, "{misses}");
}

#[test]
fn random_batches() {
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    for round in 0..60 {
        let graph = match round % 3 {
            0 => convs::random(&mut rng),
            _ => support::graphs::random(&mut rng, support::graphs::Size::SMALL),
        };
        let mut batch = Batch {
            items: rng.gen_range(1..5),
            sums: Vec::new(),
        };
        if round % 2 == 0 {
            batch.sums = graph
                .public_tensors()
                .filter(|id| graph.outputs.contains(id))
                .collect();
        }
        let shown = format!("{batch:?} {graph:?}");
        let case = case(&mut rng, graph, batch).unwrap_or_else(|e| panic!("{round}: {e}\n{shown}"));
        assert!(satisfied(&case.circuit), "round {round}\n{shown}");
        for _ in 0..2 {
            if let Some(wrong) = miss(&mut rng, &case) {
                assert!(
                    !satisfied(&wrong),
                    "round {round}: a near miss passes\n{shown}"
                );
            }
        }
    }
}

#[test]
fn a_wrong_word_of_a_convolutional_network_is_rejected() {
    let mut rng = ChaCha8Rng::seed_from_u64(43);
    for _ in 0..20 {
        let graph = convs::random(&mut rng);
        let mut case = case(&mut rng, graph, Batch::single()).unwrap();
        let word = rng.gen_range(1..case.circuit.instance.len());
        case.circuit.instance[word] += Fr::ONE;
        assert!(!satisfied(&case.circuit));
    }
}

#[test]
fn committed_inputs() {
    let mut rng = ChaCha8Rng::seed_from_u64(44);
    for round in 0..6 {
        let mut graph = match round % 2 {
            0 => convs::random(&mut rng),
            _ => support::graphs::random(&mut rng, support::graphs::Size::SMALL),
        };
        for &id in &graph.inputs.clone() {
            graph.tensors[id].visibility = Visibility::Committed;
        }
        let batch = Batch {
            items: 1 + round / 2,
            sums: Vec::new(),
        };
        let case = case(&mut rng, graph, batch).unwrap();
        assert!(satisfied(&case.circuit), "round {round}");
        let graph = case.lowered.graph();
        // The last words are the commitments, input by input, item by item.
        let items = case.traces.len();
        for (number, &id) in graph.inputs.iter().enumerate() {
            for (item, trace) in case.traces.iter().enumerate() {
                let words = Packing::of(&graph.tensors[id]).pack(&trace.values[id]);
                let words: Vec<Fr> = words.into_iter().map(Fr::from_raw).collect();
                let salt = case.salts[item * graph.inputs.len() + number];
                let at = case.circuit.instance.len() - (graph.inputs.len() - number) * items + item;
                assert_eq!(case.circuit.instance[at], commit(&words, salt.value()));
            }
        }
        // Another input under the same commitment.
        let mut traces = case.traces.clone();
        let id = graph.inputs[0];
        let value = &mut traces[0].values[id][0];
        *value += if *value < graph.tensors[id].max {
            1
        } else {
            -1
        };
        let mut wrong = circuit(
            &case.lowered,
            (*case.circuit.tape).clone(),
            &traces,
            &case.salts,
        )
        .unwrap();
        wrong.instance = case.circuit.instance.clone();
        assert!(!satisfied(&wrong), "round {round}");
        // Another commitment.
        let mut wrong = case.circuit.clone();
        *wrong.instance.last_mut().unwrap() += Fr::ONE;
        assert!(!satisfied(&wrong), "round {round}");
    }
}
