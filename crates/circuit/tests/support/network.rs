//! Graphs on their tapes, and a sample network that has a bit of everything.

use super::{graphs, replay};
use halo2_axiom::dev::MockProver;
use halo2curves_axiom::bn256::Fr;
use rand_chacha::ChaCha8Rng;
use std::{slice, sync::Arc};
use verdict_circuit::{
    CircuitError, Lowered, Program, Tape, TapeCircuit, TraceCells, Witness,
    dishonest::{Fixed, Forgery, cells, ops, regions},
};
use verdict_model::{
    Function, IntegerGraph, Kernel, Layer, Table, Tensor, Term, Trace, Visibility, execute,
};

/// A graph, an inference and the circuit that proves it.
pub struct Network {
    pub lowered: Lowered,
    pub trace: Trace,
    pub circuit: TapeCircuit,
}

impl Network {
    pub fn new(graph: IntegerGraph, inputs: &[Vec<i32>], width: usize, limb_bits: u32) -> Self {
        let mut lowered = Lowered::new(Arc::new(graph), limb_bits).unwrap();
        lowered.align_words(width);
        let trace = execute(lowered.graph(), inputs).unwrap();
        let tape = Tape::new(&lowered.program, &lowered, width).unwrap();
        let witness = witness(&lowered, &tape, &trace).unwrap();
        let instance = lowered.instance(Fr::from(0xC0FFEE), slice::from_ref(&trace), &[]);
        let circuit = TapeCircuit {
            program: Arc::new(lowered.program.clone()),
            tape: Arc::new(tape),
            witness: Some(Arc::new(witness)),
            instance,
        };
        Self {
            lowered,
            trace,
            circuit,
        }
    }

    pub fn random(rng: &mut ChaCha8Rng, size: graphs::Size, width: usize, limb_bits: u32) -> Self {
        let graph = graphs::random(rng, size);
        let inputs = graphs::inputs(rng, &graph);
        Self::new(graph, &inputs, width, limb_bits)
    }

    /// The sample network.
    pub fn sample(width: usize) -> Self {
        Self::sample_with(width, 3)
    }

    pub fn sample_with(width: usize, limb_bits: u32) -> Self {
        Self::new(
            sample(),
            &[vec![3, -5, 9, 1], vec![200, 7]],
            width,
            limb_bits,
        )
    }

    /// Whether the circuit accepts another trace of the same graph for the same public words.
    pub fn accepts(&self, trace: &Trace) -> bool {
        match witness(&self.lowered, &self.circuit.tape, trace) {
            Ok(witness) => satisfied(&TapeCircuit {
                witness: Some(Arc::new(witness)),
                ..self.circuit.clone()
            }),
            Err(CircuitError::NotInTable { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// The product of two inputs, by squares.
    pub fn product(width: usize) -> Self {
        Self::new(product(), &[vec![13, -7]], width, 3)
    }

    /// A prover of this network that may cheat.
    pub fn forgery(&self) -> Forgery {
        Forgery::new(self.circuit.clone())
    }
}

pub fn witness(lowered: &Lowered, tape: &Tape, trace: &Trace) -> Result<Witness, CircuitError> {
    Witness::new(
        &lowered.program,
        tape,
        &TraceCells::new(lowered, slice::from_ref(trace), &[])?,
    )
}

pub fn satisfied(circuit: &TapeCircuit) -> bool {
    let k = circuit.tape.height();
    MockProver::run(k, circuit, vec![circuit.instance.clone()])
        .unwrap()
        .verify()
        .is_ok()
}

/// The first-phase columns of a forgery, to be changed.
pub fn columns(forgery: &mut Forgery) -> &mut Witness {
    Arc::make_mut(forgery.circuit.witness.as_mut().unwrap())
}

/// The region a row looks up, forged regions included.
pub fn region_of(forgery: &Forgery, row: usize) -> usize {
    let forged = forgery
        .fixed
        .iter()
        .rev()
        .find(|(column, at, _)| (*column, *at) == (Fixed::Region, row));
    match forged {
        None if regions(&forgery.circuit.tape)[row] == u16::MAX => usize::MAX,
        Some((.., value)) => (0..1 << 16).find(|&id| Fr::from(id) == *value).unwrap() as usize,
        None => usize::from(regions(&forgery.circuit.tape)[row]),
    }
}

/// The table row of entry `index` of `region`.
pub fn entry_row(program: &Program, region: usize, index: usize) -> usize {
    1 + program.regions[..region]
        .iter()
        .map(|region| region.len())
        .sum::<usize>()
        + index
}

/// Makes the multiplicities right for everything that is in the table, and `L` for what the rows
/// hold: the best a forger can do for a wrong look-up.
pub fn recount(forgery: &mut Forgery) {
    let program = forgery.circuit.program.clone();
    let rows = forgery.circuit.tape.rows();
    let looked_up: Vec<usize> = (0..rows).map(|row| region_of(forgery, row)).collect();
    let witness = columns(forgery);
    witness.m.fill(0);
    for (row, &region) in looked_up.iter().enumerate().take(rows - 1).skip(1) {
        let index = program
            .regions
            .get(region)
            .and_then(|region| region.index_of(witness.q[row], witness.x[row]));
        if let Some(index) = index {
            witness.m[entry_row(&program, region, index)] += 1;
        }
    }
    let witness = witness.clone();
    forgery.forge = Some(Arc::new(move |drawn, columns| {
        replay::look_ups(&program, &looked_up, &witness, drawn, columns);
    }));
}

/// Where a cell of a tape stands: level, exponent of `r`, exponent of `s`, as the opcodes have it,
/// and its row. Words included.
pub fn numbering(circuit: &TapeCircuit) -> Vec<(usize, usize, usize, usize)> {
    let (ops, program) = (ops(&circuit.tape), &circuit.program);
    let mut rows = cells(&circuit.tape)
        .iter()
        .map(|&row| row as usize)
        .peekable();
    let mut holders: Vec<usize> = (1..=circuit.tape.words()).collect();
    holders.extend(&mut rows);
    let mut found = Vec::new();
    let (mut level, mut channel, mut position) = (0usize, 0usize, 0usize);
    for (row, op) in ops.iter().enumerate().take(ops.len() - 1).skip(1) {
        use verdict_circuit::Op;
        match op {
            Op::Edge => (level, channel, position) = (0, 0, 0),
            Op::Level => (level, channel, position) = (level + 1, 0, 0),
            Op::Channel => (channel, position) = (channel + 1, 0),
            Op::Shift => position += 1,
            _ => {}
        }
        if holders.contains(&row) {
            found.push((level, channel, position, row));
        }
    }
    // What `r` is multiplied by from a channel to the end of its level.
    let total = |level: usize| {
        let opened = |(i, op): (usize, &verdict_circuit::Op)| (i, *op);
        let mut at = usize::MAX;
        let mut count = 0;
        for (_, op) in ops
            .iter()
            .enumerate()
            .map(opened)
            .take(ops.len() - 1)
            .skip(1)
        {
            match op {
                verdict_circuit::Op::Edge | verdict_circuit::Op::Level => at = at.wrapping_add(1),
                verdict_circuit::Op::Channel if at == level => count += 1,
                _ => {}
            }
        }
        count
    };
    let totals: Vec<usize> = (0..program.levels.len()).map(total).collect();
    found
        .into_iter()
        .map(|(level, channel, p, row)| (level, totals[level] - channel, p, row))
        .collect()
}

/// Lets the prover recompute everything but `h` from its first-phase columns and, if told where,
/// close the identity by changing one cell (column and row).
pub fn closing(mut forgery: Forgery, at: Option<(usize, usize)>) -> Forgery {
    let circuit = forgery.circuit.clone();
    let looked_up: Vec<usize> = (0..circuit.tape.rows())
        .map(|row| region_of(&forgery, row))
        .collect();
    forgery.forge = Some(Arc::new(move |drawn, columns| {
        let (ops, witness) = (ops(&circuit.tape), circuit.witness.as_ref().unwrap());
        match at {
            Some(at) => replay::close(ops, witness, &circuit.instance, drawn, columns, at),
            None => replay::replay(ops, witness, &circuit.instance, drawn, columns, None),
        }
        replay::look_ups(&circuit.program, &looked_up, witness, drawn, columns);
    }));
    forgery
}

/// The row of a cell by level and channel.
pub fn row_of(circuit: &TapeCircuit, level: usize, channel: usize) -> usize {
    let program = &circuit.program;
    let before = |channels: &[usize]| {
        channels
            .iter()
            .flat_map(|&pattern| program.patterns[pattern].contents())
            .filter(|content| content.carries())
            .count()
    };
    let levels = &circuit.program.levels;
    let earlier: usize = levels[..level]
        .iter()
        .map(|level| before(&level.channels))
        .sum();
    cells(&circuit.tape)[earlier + before(&levels[level].channels[..channel])] as usize
}

/// Private and public inputs, skip connections over one and two levels, tables with `f(0) ≠ 0` that
/// differ between regions of equal keys, two limbs, outputs of two words.
pub fn sample() -> IntegerGraph {
    let tensor =
        |name: &str, len: usize, range: (i32, i32), public: bool, layer: Option<Layer>| Tensor {
            name: name.into(),
            shape: vec![len],
            len,
            min: range.0,
            max: range.1,
            scale: 1.0,
            visibility: if public {
                Visibility::Public
            } else {
                Visibility::Private
            },
            layer,
        };
    let dense = |source, len: usize, seed: i32| Term {
        source,
        kernel: Kernel::Dense {
            weights: (0..len as i32).map(|i| (i * 7 + seed) % 11 - 5).collect(),
        },
    };
    let layer = |function, terms, len: i64| Layer {
        nodes: vec!["node".into()],
        terms,
        bias: (0..len).map(|i| 13 * i - 31).collect(),
        function,
    };
    let function = |name: &str, value: fn(i64) -> i64| {
        Function::Table(Table {
            name: name.into(),
            shift: 5,
            q_min: -60,
            values: (-60..=259).map(|q| value(q) as i32).collect(),
        })
    };
    IntegerGraph {
        tensors: vec![
            tensor("private", 4, (-5, 9), false, None),
            tensor("public", 2, (0, 255), true, None),
            tensor(
                "a",
                4,
                (-40, 7),
                false,
                Some(layer(0, vec![dense(0, 16, 1), dense(1, 8, 2)], 4)),
            ),
            tensor(
                "b",
                3,
                (1, 20),
                false,
                Some(layer(1, vec![dense(2, 12, 3)], 3)),
            ),
            tensor(
                "out",
                17,
                (-99, 300),
                true,
                Some(layer(
                    2,
                    vec![dense(3, 51, 4), dense(2, 68, 5), dense(0, 68, 6)],
                    17,
                )),
            ),
        ],
        functions: vec![
            function("minus", |q| (7 - q).clamp(-40, 7)),
            function("plus", |q| (q + 9).clamp(1, 20)),
            function("identity", |q| q.clamp(-99, 300)),
        ],
        inputs: vec![0, 1],
        outputs: vec![4],
    }
}

/// `x₀·x₁ = ((x₀ + x₁)² − (x₀ − x₁)²) / 4`.
pub fn product() -> IntegerGraph {
    let tensor = |name: &str, len: usize, range: (i32, i32), visibility, layer| Tensor {
        name: name.into(),
        shape: vec![len],
        len,
        min: range.0,
        max: range.1,
        scale: 1.0,
        visibility,
        layer,
    };
    let layer = |source, weights: Vec<i32>, len: usize, function| {
        Some(Layer {
            nodes: vec!["node".into()],
            terms: vec![Term {
                source,
                kernel: Kernel::Dense { weights },
            }],
            bias: vec![0; len],
            function,
        })
    };
    IntegerGraph {
        tensors: vec![
            tensor("x", 2, (-20, 20), Visibility::Private, None),
            tensor(
                "squares",
                2,
                (0, 1600),
                Visibility::Private,
                layer(0, vec![1, 1, 1, -1], 2, 0),
            ),
            tensor(
                "product",
                1,
                (-400, 400),
                Visibility::Public,
                layer(1, vec![1, -1], 1, 1),
            ),
        ],
        functions: vec![
            Function::Square,
            Function::Table(Table {
                name: "quarter".into(),
                shift: 2,
                q_min: -400,
                values: (-400..=400).collect(),
            }),
        ],
        inputs: vec![0],
        outputs: vec![2],
    }
}
