//! Whole numbers have a type of so many bits. What ONNX's operators make of them either is exact over
//! the whole declared domain, or, where a value can leave its type, is refused by name: runtimes go
//! on modulo the type's number of values, and an integer circuit does not.
//!
//! Every operator is tried on every type and several domains, against arithmetic of 128 bits.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int, text};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, TensorProto, type_proto};
use verdict_compiler::{CompileError, FloatGraph, InputDomain, Options, compile};
use verdict_model::{DataSet, OutOfDomain, Row, execute};

/// A type of whole numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Type {
    data_type: DataType,
    name: &'static str,
    bits: u32,
    signed: bool,
}

const fn whole(data_type: DataType, name: &'static str, bits: u32, signed: bool) -> Type {
    Type {
        data_type,
        name,
        bits,
        signed,
    }
}

const TYPES: [Type; 7] = [
    whole(DataType::Uint8, "uint8", 8, false),
    whole(DataType::Int8, "int8", 8, true),
    whole(DataType::Uint16, "uint16", 16, false),
    whole(DataType::Int16, "int16", 16, true),
    whole(DataType::Uint32, "uint32", 32, false),
    whole(DataType::Int32, "int32", 32, true),
    whole(DataType::Int64, "int64", 64, true),
];

impl Type {
    fn limits(self) -> (i128, i128) {
        match self.signed {
            true => (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1),
            false => (0, (1 << self.bits) - 1),
        }
    }

    fn holds(self, value: i128) -> bool {
        let (low, high) = self.limits();
        (low..=high).contains(&value)
    }

    /// A constant of one number.
    fn number(self, name: &str, value: i64) -> TensorProto {
        TensorProto {
            name: name.into(),
            dims: vec![1],
            data_type: self.data_type as i32,
            raw_data: value.to_le_bytes()[..self.bits as usize / 8].to_vec(),
            ..Default::default()
        }
    }
}

/// What a node makes of two inputs of two cells, before anything wraps.
type Exact = fn(&[i128], &[i128]) -> Vec<i128>;

/// A node of inputs `x` and `z`, and of constants `two`, `three` and `axis`.
struct Case {
    op: &'static str,
    inputs: &'static [&'static str],
    attributes: Vec<AttributeProto>,
    exact: Exact,
    /// The type of its result, unless that is its operands'.
    to: Option<Type>,
}

fn case(op: &'static str, inputs: &'static [&'static str], exact: Exact) -> Case {
    Case {
        op,
        inputs,
        attributes: Vec::new(),
        exact,
        to: None,
    }
}

fn with(mut case: Case, attributes: Vec<AttributeProto>) -> Case {
    case.attributes = attributes;
    case
}

fn each(x: &[i128], z: &[i128], of: impl Fn(i128, i128) -> i128) -> Vec<i128> {
    x.iter().zip(z).map(|(x, z)| of(*x, *z)).collect()
}

fn sum(values: impl Iterator<Item = i128>) -> Vec<i128> {
    vec![values.sum()]
}

fn cases(of: Type) -> Vec<Case> {
    let mut all = vec![
        case("Add", &["x", "z"], |x, z| each(x, z, |x, z| x + z)),
        case("Add", &["x", "three"], |x, z| each(x, z, |x, _| x + 3)),
        case("Sub", &["x", "z"], |x, z| each(x, z, |x, z| x - z)),
        case("Sub", &["three", "x"], |x, z| each(x, z, |x, _| 3 - x)),
        case("Mul", &["x", "z"], |x, z| each(x, z, |x, z| x * z)),
        case("Mul", &["x", "three"], |x, z| each(x, z, |x, _| x * 3)),
        case("Mul", &["x", "x"], |x, z| each(x, z, |x, _| x * x)),
        case("Sum", &["x", "z", "x"], |x, z| each(x, z, |x, z| 2 * x + z)),
        case("Neg", &["x"], |x, z| each(x, z, |x, _| -x)),
        case("Abs", &["x"], |x, z| each(x, z, |x, _| x.abs())),
        case("Sign", &["x"], |x, z| each(x, z, |x, _| x.signum())),
        case("Relu", &["x"], |x, z| each(x, z, |x, _| x.max(0))),
        case("Max", &["x", "z"], |x, z| each(x, z, i128::max)),
        case("Min", &["x", "z"], |x, z| each(x, z, i128::min)),
        case("Clip", &["x", "two", "three"], |x, z| {
            each(x, z, |x, _| x.clamp(2, 3))
        }),
        case("Div", &["x", "three"], |x, z| each(x, z, |x, _| x / 3)),
        case("Mod", &["x", "three"], |x, z| {
            each(x, z, |x, _| x.rem_euclid(3))
        }),
        case("Pow", &["x", "two"], |x, z| each(x, z, |x, _| x * x)),
        case("Pow", &["x", "three"], |x, z| each(x, z, |x, _| x * x * x)),
        case("ReduceSum", &["x", "axis"], |x, _| sum(x.iter().copied())),
        case("ReduceMean", &["x"], |x, _| vec![(x[0] + x[1]) / 2]),
        case("ReduceL1", &["x"], |x, _| sum(x.iter().map(|x| x.abs()))),
        case("ReduceSumSquare", &["x"], |x, _| {
            sum(x.iter().map(|x| x * x))
        }),
        case("ReduceProd", &["x"], |x, _| vec![x[0] * x[1]]),
        case("ReduceMax", &["x"], |x, _| vec![x[0].max(x[1])]),
        case("ReduceL2", &["x"], |x, _| {
            let square = x[0] * x[0] + x[1] * x[1];
            vec![(square as f64).sqrt().trunc() as i128]
        }),
        case("CumSum", &["x", "one"], |x, _| vec![x[0], x[0] + x[1]]),
        with(
            case("Einsum", &["x", "z"], |x, z| {
                sum(each(x, z, |x, z| x * z).into_iter())
            }),
            vec![text("equation", "bi,bi->b")],
        ),
        with(
            case("Gemm", &["x", "z"], |x, z| {
                sum(each(x, z, |x, z| x * z).into_iter())
            }),
            vec![int("transB", 1)],
        ),
    ];
    all.extend([
        case("BitwiseAnd", &["x", "three"], |x, z| {
            each(x, z, |x, _| x & 3)
        }),
        case("BitwiseOr", &["two", "x"], |x, z| each(x, z, |x, _| x | 2)),
        case("BitwiseXor", &["x", "three"], |x, z| {
            each(x, z, |x, _| x ^ 3)
        }),
    ]);
    if of.bits == 8 {
        all.extend([
            case("BitwiseAnd", &["x", "z"], |x, z| each(x, z, |x, z| x & z)),
            case("BitwiseOr", &["x", "z"], |x, z| each(x, z, |x, z| x | z)),
            case("BitwiseXor", &["x", "z"], |x, z| each(x, z, |x, z| x ^ z)),
        ]);
    }
    // Runtimes have these of wide types alone.
    all.retain(|case| of.bits >= 32 || !["ReduceMean", "ReduceL2"].contains(&case.op));
    if !of.signed {
        let shift = |direction| vec![text("direction", direction)];
        all.push(with(
            case("BitShift", &["x", "two"], |x, z| each(x, z, |x, _| x >> 2)),
            shift("RIGHT"),
        ));
    }
    for to in TYPES {
        all.push(Case {
            to: Some(to),
            ..with(
                case("Cast", &["x"], |x, _| x.to_vec()),
                vec![int("to", to.data_type as i64)],
            )
        });
    }
    for reduction in &mut all {
        if reduction.op.starts_with("Reduce") && reduction.op != "ReduceSum" {
            let axes = common::ints("axes", &[1]);
            reduction.attributes = vec![axes, int("keepdims", 0)];
        }
    }
    all
}

fn graph(case: &Case, of: Type) -> Result<FloatGraph, CompileError> {
    let shape = || vec![Dim::Named("N"), Dim::Fixed(2)];
    let mut onnx = Onnx::default()
        .input("x", shape())
        .input("z", shape())
        .output("y")
        .output("kept")
        .indices("axis", &[1])
        .tensor(of.number("two", 2))
        .tensor(of.number("three", 3))
        .tensor(TensorProto {
            name: "one".into(),
            data_type: DataType::Int64 as i32,
            int64_data: vec![1],
            ..Default::default()
        })
        .node_with(case.op, case.inputs, "y", case.attributes.clone())
        .node("Max", &["x", "z"], "kept");
    for input in &mut onnx.graph().input {
        if let Some(type_proto::Value::TensorType(tensor)) =
            input.r#type.as_mut().and_then(|of| of.value.as_mut())
        {
            tensor.elem_type = of.data_type as i32;
        }
    }
    // Reductions take bounds and axes as they do in this version.
    let file = onnx.opset(13).save();
    verdict_compiler::import(&file.path)
}

fn rows((low, high): (i64, i64)) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut draw = |end: Option<bool>| -> f64 {
        match end {
            Some(true) => high as f64,
            Some(false) => low as f64,
            None => rng.gen_range(low..=high) as f64,
        }
    };
    let mut rows: Vec<Row> = (0..16)
        .map(|corner: u8| {
            let mut cells = (0..4).map(|bit| draw(Some(corner >> bit & 1 == 1)));
            let cells: Vec<f64> = cells.by_ref().collect();
            vec![cells[..2].to_vec(), cells[2..].to_vec()]
        })
        .collect();
    for _ in 0..60 {
        let cells: Vec<f64> = (0..4).map(|_| draw(None)).collect();
        rows.push(vec![cells[..2].to_vec(), cells[2..].to_vec()]);
    }
    rows
}

fn expected(case: &Case, row: &Row) -> Vec<i128> {
    let whole = |cells: &[f64]| cells.iter().map(|v| *v as i128).collect::<Vec<_>>();
    (case.exact)(&whole(&row[0]), &whole(&row[1]))
}

/// Compiles for `domain` and says what is wrong; calibration sees one quarter of it only, so that
/// nothing but the declared domain tells what wraps.
fn trial(case: &Case, of: Type, domain: (i64, i64)) -> Result<(), String> {
    let rows = rows(domain);
    let result = case.to.unwrap_or(of);
    let leaves = rows
        .iter()
        .flat_map(|row| expected(case, row))
        .any(|v| !result.holds(v));
    let options = Options {
        input_domains: vec![InputDomain::Uniform(domain.0 as f64, domain.1 as f64); 2],
        ..Options::default()
    };
    let few: Vec<Row> = rows
        .iter()
        .map(|row| {
            let less = |cells: &Vec<f64>| {
                cells
                    .iter()
                    .map(|v| (v / 4.0).trunc().max(domain.0 as f64))
                    .collect()
            };
            row.iter().map(less).collect()
        })
        .collect();
    let compiled = graph(case, of).and_then(|graph| {
        let seen = if leaves { &few } else { &rows };
        let data = DataSet::from_rows(seen.clone(), &graph.input_specs())?;
        let model = compile(&graph, &data, &options)?;
        Ok((graph, model))
    });
    let (graph, model) = match (compiled, leaves) {
        (Ok(compiled), false) => compiled,
        (Ok(_), true) => return Err(format!("leaves {} and is compiled", result.name)),
        (Err(error), leaves) => {
            let text = error.to_string();
            let named =
                text.contains("node `/y`") && text.contains(&format!("may leave {}", result.name));
            return match leaves && named {
                true => Ok(()),
                false => Err(format!("is refused: {text}")),
            };
        }
    };
    for row in &rows {
        let wanted: Vec<f64> = expected(case, row).iter().map(|v| *v as f64).collect();
        let ours = &graph.run(row).values[graph.outputs[0]];
        let integers = model
            .quantise_input(row, OutOfDomain::Reject)
            .map_err(|e| e.to_string())?;
        let trace = execute(model.graph(), &integers).map_err(|e| e.to_string())?;
        let output = model.graph().outputs[0];
        let scale = model.graph().tensors[output].scale;
        let proved: Vec<f64> = trace.values[output]
            .iter()
            .map(|v| f64::from(*v) * scale)
            .collect();
        if *ours != wanted {
            return Err(format!("{row:?} gives {wanted:?}, imported as {ours:?}"));
        }
        // Integers of a circuit have sixteen bits.
        let values = rows.iter().flat_map(|row| expected(case, row));
        let largest = values.fold(0, |most, value| value.abs().max(most));
        let tolerance = match largest > i128::from(i16::MAX) {
            true => largest as f64 / 500.0,
            false => 1e-6,
        };
        let mut pairs = wanted.iter().zip(&proved);
        let exact = pairs.all(|(a, b)| (a - b).abs() <= tolerance);
        if !exact {
            return Err(format!("{row:?} gives {wanted:?}, proved as {proved:?}"));
        }
    }
    Ok(())
}

#[test]
fn every_operator_is_exact_on_every_type_or_refused_by_name() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for of in TYPES {
        let domains = match of.signed {
            true => [(-5, 5), (-100, 100), (-20, 90)],
            false => [(0, 5), (0, 200), (3, 100)],
        };
        for case in cases(of) {
            for domain in domains {
                tried += 1;
                if let Err(what) = trial(&case, of, domain) {
                    let name =
                        format!("{} {:?} of {} in {domain:?}", case.op, case.inputs, of.name);
                    wrong.push(format!("{name} {what}"));
                }
            }
        }
    }
    assert!(tried > 700, "{tried}");
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn an_input_keeps_to_its_type() {
    let [of, ..] = TYPES;
    let max = case("Max", &["x", "z"], |x, z| each(x, z, i128::max));
    let built = |domains: Vec<InputDomain>| {
        let graph = graph(&max, of).unwrap();
        let data = DataSet::from_rows(rows((0, 255)), &graph.input_specs()).unwrap();
        let options = Options {
            input_domains: domains,
            ..Options::default()
        };
        compile(&graph, &data, &options)
    };
    // A margin around the data does not leave the type.
    let model = built(Vec::new()).unwrap();
    let row = |value: f64| vec![vec![value, 0.0], vec![0.0, 0.0]];
    let quantise = |value| model.quantise_input(&row(value), OutOfDomain::Reject);
    assert!(quantise(255.0).is_ok() && quantise(256.0).is_err() && quantise(-1.0).is_err());
    let error = built(vec![InputDomain::Uniform(0.0, 300.0); 2]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`x` has a type of whole numbers from 0 to 255"),
        "{text}"
    );
}
