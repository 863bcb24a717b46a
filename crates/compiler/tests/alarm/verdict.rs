//! Whether integers are close enough.

use super::common::{Onnx, int};
use super::data;
use verdict_compiler::{
    AccuracyReport, Compilation, CompileError, Options, OutputKind, accuracy, compile_with,
    least_cost, vouched,
};
use verdict_model::CompiledModel;

/// A linear model with few bits.
fn coarse(outputs: i64, bits: u32) -> (CompiledModel, AccuracyReport) {
    let count = 6 * outputs as usize;
    let weights: Vec<f32> = (0..count)
        .map(|i| ((i * 5) % 13) as f32 / 4.0 - 1.5)
        .collect();
    let graph = Onnx::vector(6)
        .weights("w", &[6, outputs], &weights)
        .node("MatMul", &["x", "w"], "h")
        .node("Tanh", &["h"], "t")
        .weights(
            "v",
            &[outputs, outputs],
            &vec![0.7; (outputs * outputs) as usize],
        )
        .node("MatMul", &["t", "v"], "m")
        .node("Add", &["m", "h"], "y")
        .output("y")
        .import();
    let options = Options {
        activation_bits: Some(bits),
        output_bits: Some(bits),
        input_bits: Some(bits),
        ..Options::default()
    };
    let data = data(&graph, 60);
    let made = compile_with(&graph, &data, &options, &least_cost);
    let Compilation {
        model, reference, ..
    } = made.unwrap();
    let report = accuracy(&reference, &graph, &model, &data).unwrap();
    (model, report)
}

fn refused(result: verdict_compiler::Result<CompiledModel>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, CompileError::Inaccurate { .. }), "{error}");
    error.to_string()
}

#[test]
fn errors_of_a_value_are_relative_to_its_range() {
    let (model, report) = coarse(1, 2);
    let output = &report.outputs[0];
    assert!(output.relative_error > 0.05, "{output:?}");
    assert_eq!(output.relative_error, output.max_abs_error / output.range);
    assert_eq!((output.top1_agreement, output.other_whole), (None, None));
    let message = refused(vouched(model.clone(), &report, &Options::default()));
    for part in [
        "output `y` is off by up to",
        "% of its range",
        "limit 5.0 %",
        "--activation-bits",
        "--accept-accuracy",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("badness"));
    // Accepted, the model says so.
    let accept = Options {
        accept_accuracy: true,
        ..Options::default()
    };
    let accepted = vouched(model.clone(), &report, &accept).unwrap();
    assert!(accepted.manifest().assurance.accepted_accuracy);
    assert_ne!(accepted.digest(), model.digest());
    // Fine integers are as they were, accepted or not.
    let (model, report) = coarse(1, 10);
    let same = vouched(model.clone(), &report, &accept).unwrap();
    assert_eq!(same, model);
}

#[test]
fn classes_that_change_are_too_many() {
    let (model, report) = coarse(5, 2);
    let same = report.outputs[0].top1_agreement.unwrap();
    assert!(same < 0.95, "{same}");
    let message = refused(vouched(model, &report, &Options::default()));
    assert!(message.contains("at another place"), "{message}");
    let (model, report) = coarse(5, 10);
    assert!(vouched(model, &report, &Options::default()).is_ok());
}

/// The file alone says that a soft-max's values are classes: whoever says so too wants nothing else of
/// them.
#[test]
fn scores_that_are_far_off_are_no_scores() {
    let (model, mut report) = coarse(3, 12);
    report.outputs[0].kind = OutputKind::Classes;
    report.outputs[0].relative_error = 0.33;
    report.outputs[0].top1_agreement = Some(1.0);
    let message = refused(vouched(model.clone(), &report, &Options::default()));
    assert!(message.contains("33.0 % of its range"), "{message}");
    let said = Options {
        output_kinds: vec![(None, OutputKind::Classes)],
        ..Options::default()
    };
    vouched(model.clone(), &report, &said).unwrap();
    report.outputs[0].relative_error = 0.09;
    vouched(model, &report, &Options::default()).unwrap();
}

#[test]
fn whole_numbers_that_change_are_counted() {
    let graph = Onnx::vector(4)
        .node_with(
            "ArgMax",
            &["x"],
            "y",
            vec![int("axis", 1), int("keepdims", 1)],
        )
        .output("y")
        .import();
    let options = Options {
        input_bits: Some(2),
        ..Options::default()
    };
    let data = data(&graph, 100);
    let made = compile_with(&graph, &data, &options, &least_cost);
    let Compilation {
        model, reference, ..
    } = made.unwrap();
    let report = accuracy(&reference, &graph, &model, &data).unwrap();
    assert!(
        report.outputs[0].other_whole.unwrap() > 5,
        "{:?}",
        report.outputs
    );
    let message = refused(vouched(model, &report, &options));
    assert!(message.contains("another whole number"), "{message}");
}

#[test]
fn nothing_compared_is_nothing_vouched_for() {
    let (model, mut report) = coarse(1, 10);
    report.rows = 0;
    let message = refused(vouched(model, &report, &Options::default()));
    assert!(message.contains("none of the"), "{message}");
}
