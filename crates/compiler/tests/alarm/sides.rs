//! Files that tract cannot run, or is known to be wrong about: the importer's reading is the
//! reference, and everybody is told.

use super::common::{Dim, File, Onnx, ints};
use super::data;
use prost::Message;
use tract_onnx::pb::{ModelProto, tensor_proto::DataType, type_proto};
use verdict_compiler::{
    Compilation, Options, Reference, ReferenceBy, accuracy, compile_with, import, least_cost,
};

/// Compiles a file that tract is no reference for; gives why.
fn unchecked(file: &File) -> String {
    let graph = import(&file.path).unwrap();
    let data = data(&graph, 40);
    let made = compile_with(&graph, &data, &Options::default(), &least_cost);
    let Compilation {
        model, reference, ..
    } = made.unwrap();
    assert!(model.manifest().assurance.unchecked);
    let report = accuracy(&reference, &graph, &model, &data).unwrap();
    assert_eq!(report.by, *reference.by());
    assert_eq!(report.import_error, 0.0);
    match reference.by() {
        ReferenceBy::Importer { reason } => reason.clone(),
        other => panic!("the reference is {other:?}"),
    }
}

#[test]
fn a_known_defect_is_put_down_to_tract() {
    let weights: Vec<f32> = (0..18).map(|i| ((i * 5) % 7) as f32 / 3.0 - 1.0).collect();
    let image = |side| {
        vec![
            Dim::Named("N"),
            Dim::Fixed(1),
            Dim::Fixed(side),
            Dim::Fixed(side),
        ]
    };
    let file = Onnx::default()
        .input("x", image(4))
        .weights("w", &[1, 2, 3, 3], &weights)
        .node_with(
            "ConvTranspose",
            &["x", "w"],
            "y",
            vec![ints("output_shape", &[8, 8]), ints("strides", &[2, 2])],
        )
        .output("y")
        .save();
    let reason = unchecked(&file);
    assert!(
        reason.contains("output_shape") && reason.contains("`/y`"),
        "{reason}"
    );
}

#[test]
fn a_panic_stays_inside() {
    let file = Onnx::vector(5)
        .indices("pads", &[0, -2, 0, 1])
        .node("Pad", &["x", "pads"], "y")
        .output("y")
        .save();
    let reason = unchecked(&file);
    assert!(
        reason.starts_with("tract cannot run the file: "),
        "{reason}"
    );
    assert!(!reason.contains('\n') && reason.len() < 500, "{reason}");
}

/// The same model with all its floats of another type.
fn of_type(model: Onnx, to: DataType) -> File {
    let mut model = ModelProto::decode(&model.bytes()[..]).unwrap();
    let graph = model.graph.as_mut().unwrap();
    for value in &mut graph.input {
        let of = value.r#type.as_mut().unwrap().value.as_mut().unwrap();
        let type_proto::Value::TensorType(of) = of;
        of.elem_type = to as i32;
    }
    for constant in &mut graph.initializer {
        let values = std::mem::take(&mut constant.float_data);
        constant.data_type = to as i32;
        constant.raw_data = match to {
            DataType::Double => values
                .iter()
                .flat_map(|v| f64::from(*v).to_le_bytes())
                .collect(),
            // Halves of small integers, which have a short mantissa.
            _ => values
                .iter()
                .flat_map(|v| {
                    let bits = v.to_bits();
                    let exponent = ((bits >> 23) & 255) as i32 - 127 + 15;
                    let half =
                        (bits >> 16 & 0x8000) | (exponent as u32) << 10 | (bits >> 13 & 0x3ff);
                    (half as u16).to_le_bytes()
                })
                .collect(),
        };
    }
    File::new("model.onnx", &model.encode_to_vec())
}

#[test]
fn other_precisions_are_checked_in_single() {
    let model = || {
        Onnx::vector(4)
            .weights(
                "w",
                &[4, 3],
                &[
                    1.5, -2.0, 0.5, 3.0, 1.0, -1.0, 2.5, 0.75, -0.5, 1.0, 2.0, -3.0,
                ],
            )
            .weights("b", &[3], &[0.25, -1.5, 2.0])
            .node("Gemm", &["x", "w", "b"], "h")
            .node("Relu", &["h"], "y")
            .output("y")
    };
    for to in [DataType::Double, DataType::Float16] {
        let file = of_type(model(), to);
        let mut graph = import(&file.path).unwrap();
        let rows = data(&graph, 40);
        let made = compile_with(&graph, &rows, &Options::default(), &least_cost);
        let Compilation {
            model, reference, ..
        } = made.unwrap();
        assert_eq!(*reference.by(), ReferenceBy::Tract, "{to:?}");
        assert_eq!(model.manifest().assurance, Default::default());
        // It is a check like any other.
        let output = graph.outputs[0];
        graph.tensors[output].layer.as_mut().unwrap().bias[0] += 0.01;
        assert!(Reference::checked(&graph, &rows, false).is_err());
    }
}
