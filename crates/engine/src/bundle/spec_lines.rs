//! A spec compared with another, field by field.

use super::Report;
use verdict_wire::{
    COMMITTED_INPUT, InputSchema, ModelSpec, OutputSchema, PRIVATE_INPUT, PUBLIC_INPUT,
};

/// Compares everything but the key proof's digest.
pub(super) fn compare_specs(report: &mut Report, found: &ModelSpec, expected: &ModelSpec) {
    report.compare("spec inputItems", found.inputItems, expected.inputItems);
    report.compare("spec outputItems", found.outputItems, expected.outputItems);
    report.compare("spec commitments", found.commitments, expected.commitments);
    report.compare("spec inputs", found.inputs.len(), expected.inputs.len());
    report.compare("spec outputs", found.outputs.len(), expected.outputs.len());
    for (number, (found, expected)) in found.inputs.iter().zip(&expected.inputs).enumerate() {
        compare_inputs(report, &format!("spec inputs[{number}]"), found, expected);
    }
    for (number, (found, expected)) in found.outputs.iter().zip(&expected.outputs).enumerate() {
        compare_outputs(report, &format!("spec outputs[{number}]"), found, expected);
    }
}

fn compare_inputs(report: &mut Report, part: &str, found: &InputSchema, expected: &InputSchema) {
    let name = |field: &str| format!("{part}.{field}");
    report.compare(name("count"), found.count, expected.count);
    let [packed, wanted] = [found.packing, expected.packing].map(packing);
    report.compare(name("packing"), packed, wanted);
    let [seen, wanted] = [found.visibility, expected.visibility].map(visibility);
    report.compare(name("visibility"), seen, wanted);
    report.compare(name("minima"), list(&found.minima), list(&expected.minima));
    report.compare(name("maxima"), list(&found.maxima), list(&expected.maxima));
    let [scales, wanted] = [&found.scalesE36, &expected.scalesE36].map(|it| list(it));
    report.compare(name("scalesE36"), scales, wanted);
    let [zeros, wanted] = [&found.zeroPoints, &expected.zeroPoints].map(|it| list(it));
    report.compare(name("zeroPoints"), zeros, wanted);
}

fn compare_outputs(report: &mut Report, part: &str, found: &OutputSchema, expected: &OutputSchema) {
    let name = |field: &str| format!("{part}.{field}");
    report.compare(name("count"), found.count, expected.count);
    let [packed, wanted] = [found.packing, expected.packing].map(packing);
    report.compare(name("packing"), packed, wanted);
    report.compare(name("scaleE36"), found.scaleE36, expected.scaleE36);
}

fn packing(number: u8) -> String {
    match number {
        0 => "bytes".into(),
        1 => "signed".into(),
        2 => "wide".into(),
        other => format!("{other}, which is none"),
    }
}

fn visibility(number: u8) -> String {
    match number {
        PUBLIC_INPUT => "public".into(),
        PRIVATE_INPUT => "private".into(),
        COMMITTED_INPUT => "committed".into(),
        other => format!("{other}, which is none"),
    }
}

/// One value for all, or one each.
fn list(values: &[impl ToString]) -> String {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    texts.join(" ")
}
