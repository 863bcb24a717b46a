//! The tiny models that come with this crate, ready to prove.

use crate::StoryError;
use alloy_primitives::{B256, Bytes, U256};
use std::fs;
use verdict_chain::Registration;
use verdict_circuit::{Batch, Salt};
use verdict_compiler::{Options, compile, import};
use verdict_engine::{Bundle, Engine, OpenOptions, Salts, Session, Setup, silent};
use verdict_model::{CompiledModel, DataSet, Goal, OutOfDomain, Row, Trace, Visibility};
use verdict_wire::InputWords;

/// A model of `test-vectors/consumers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiny {
    /// Its name.
    pub name: &'static str,
    onnx: &'static [u8],
    calibration: &'static [u8],
    input: Visibility,
    bits: u32,
}

macro_rules! tiny {
    ($name:literal, $input:ident, $bits:literal) => {
        Tiny {
            name: $name,
            onnx: include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../test-vectors/consumers/",
                $name,
                "/model.onnx"
            )),
            calibration: include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../test-vectors/consumers/",
                $name,
                "/calibration.npz"
            )),
            input: Visibility::$input,
            bits: $bits,
        }
    };
}

impl Tiny {
    /// A fair price from three venues' prices and how much they swing.
    pub const ORACLE: Self = tiny!("oracle", Public, 11);
    /// A lending market's ratios from its collateral's price, what is supplied and what is
    /// borrowed.
    pub const RISK: Self = tiny!("risk", Public, 10);
    /// How much a vault's last hour looks like theft.
    pub const GUARD: Self = tiny!("guard", Public, 10);
    /// How much an account looks like a person; features stay private behind a commitment.
    pub const AIRDROP: Self = tiny!("airdrop", Committed, 10);

    /// The same with another visibility of its input.
    #[must_use]
    pub const fn with_input(mut self, input: Visibility) -> Self {
        self.input = input;
        self
    }

    fn compile(self) -> Result<CompiledModel, StoryError> {
        let folder = tempfile::tempdir()?;
        let (onnx, data) = (
            folder.path().join("model.onnx"),
            folder.path().join("calibration.npz"),
        );
        fs::write(&onnx, self.onnx)?;
        fs::write(&data, self.calibration)?;
        let float = import(&onnx)?;
        let data = DataSet::load(&data, &float.input_specs())?;
        let options = Options {
            goal: Goal::Time,
            input_visibility: self.input,
            // As low as the story allows: a table of 2^bits rows is what the circuit's height comes
            // from.
            activation_bits: Some(self.bits - 2),
            input_bits: Some(self.bits - 2),
            output_bits: Some(self.bits),
            table_bits: Some(self.bits),
            tune: false,
            ..Options::default()
        };
        Ok(compile(&float, &data, &options)?)
    }
}

/// What a proof will say, before it is made.
#[derive(Clone, Debug)]
pub struct Statement {
    items: Vec<Row<i32>>,
    salts: Vec<Salt>,
    traces: Vec<Trace>,
    /// The packed public inputs.
    pub inputs: Vec<U256>,
    /// The packed outputs.
    pub outputs: Vec<U256>,
    /// Commitments to private inputs.
    pub commitments: Vec<U256>,
    /// The outputs' integers, of each item.
    pub integers: Vec<Vec<i32>>,
}

/// A statement under a context, and its proof.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The context, then the words.
    pub public_values: Vec<B256>,
    /// The proof.
    pub proof: Bytes,
}

/// A model with its keys, for proofs about so many items.
#[derive(Debug)]
pub struct Scorer {
    session: Session,
    batch: Batch,
}

impl Scorer {
    /// Compiles, plans, makes the keys.
    pub fn new(tiny: Tiny, items: usize) -> Result<Self, StoryError> {
        let model = tiny.compile()?;
        let batch = Batch {
            items,
            sums: Vec::new(),
        };
        let options = OpenOptions {
            goal: Goal::Balanced,
            batch: batch.clone(),
            ..OpenOptions::default()
        };
        let engine = Engine::new(Setup::development(None));
        let session = engine.open(model, options, &silent)?;
        tracing::info!(
            model = tiny.name,
            items,
            k = session.plan().chosen.k,
            "ready to prove"
        );
        Ok(Self { session, batch })
    }

    /// The circuit's height and width.
    pub fn shape(&self) -> (u32, usize) {
        let chosen = &self.session.plan().chosen;
        (chosen.k, chosen.width)
    }

    /// The model.
    pub fn model(&self) -> &CompiledModel {
        self.session.model()
    }

    /// What the registry is told.
    pub fn registration(&self) -> Result<Registration, StoryError> {
        let bundle = Bundle::make(&self.session)?;
        Ok(Registration {
            model_hash: bundle.model,
            key: bundle.key,
            spec: bundle.spec,
            breakpoints: bundle.breakpoints,
            uri: String::new(),
        })
    }

    /// The set-up's `[τ]_2`.
    pub fn tau_g2(&self) -> [U256; 4] {
        self.session.tau_g2()
    }

    /// Runs the model on real numbers, a row for each item.
    pub fn run(&self, rows: &[Vec<f64>]) -> Result<Statement, StoryError> {
        let items = rows
            .iter()
            .map(|row| {
                self.model()
                    .quantise_input(std::slice::from_ref(row), OutOfDomain::Saturate)
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.run_integers(items)
    }

    /// Runs the model on integers: what a contract quantised itself.
    pub fn run_integers(&self, items: Vec<Row<i32>>) -> Result<Statement, StoryError> {
        let graph = self.model().graph();
        let salts = self.session.random_salts();
        let (traces, values) = self.session.statement(&items, &salts, B256::ZERO)?;
        let InputWords { words, commitments } = InputWords::of_proof(graph, &self.batch, &values)?;
        // The context and the inputs stand before the outputs, the commitments after them.
        let outputs = values
            .get(1 + words.len()..values.len() - commitments.len())
            .unwrap_or_default();
        Ok(Statement {
            outputs: outputs.iter().map(|word| (*word).into()).collect(),
            inputs: words,
            commitments,
            integers: traces
                .iter()
                .map(|trace| trace.outputs(graph).concat())
                .collect(),
            items,
            salts,
            traces,
        })
    }

    /// The outputs as real numbers, of one item.
    pub fn reals(&self, statement: &Statement, item: usize) -> Vec<f64> {
        let graph = self.model().graph();
        let outputs = statement.traces.get(item).map(|trace| trace.outputs(graph));
        let reals = self.model().dequantise_output(&outputs.unwrap_or_default());
        reals.concat()
    }

    /// Proves a statement under a context.
    pub fn prove(&self, statement: &Statement, context: B256) -> Result<Proof, StoryError> {
        let verified = self.session.prove(
            &statement.items,
            Salts::Given(&statement.salts),
            context,
            &silent,
        )?;
        Ok(Proof {
            public_values: verified.public_values().to_vec(),
            proof: verified.proof().clone(),
        })
    }
}
