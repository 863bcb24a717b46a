//! What a model's public values mean, as the registry stores it.

use crate::WireError;
use alloy_primitives::{B256, U256, Uint, keccak256};
use alloy_sol_types::SolValue;
use verdict_circuit::{Batch, WordLayout};
use verdict_model::{CompiledModel, InputManifest, Visibility};

pub use schemas::{InputSchema, ModelSpec, OutputSchema};

/// The structures of solidity/src/types/Schemas.sol; the enumerations are their numbers.
#[allow(missing_docs)]
mod schemas {
    alloy_sol_types::sol! {
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        struct OutputSchema {
            uint32 count;
            uint8 packing;
            uint192 scaleE36;
        }

        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        struct InputSchema {
            uint32 count;
            uint8 packing;
            uint8 visibility;
            int32[] minima;
            int32[] maxima;
            uint192[] scalesE36;
            int64[] zeroPoints;
        }

        /// Its digest is the `circuitHash` of a model.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        struct ModelSpec {
            uint24 inputItems;
            uint24 outputItems;
            uint16 commitments;
            InputSchema[] inputs;
            OutputSchema[] outputs;
            bytes32 keyProof;
        }
    }
}

/// What the registry writes for an input that is a public value.
pub const PUBLIC_INPUT: u8 = 0;
/// What it writes for an input that nobody but the prover knows.
pub const PRIVATE_INPUT: u8 = 1;
/// What it writes for an input that is committed to.
pub const COMMITTED_INPUT: u8 = 2;

/// The spec of a model whose proofs are about a batch. `key_proof` is the digest of the key proof
/// if the weights are private, zero if they are public; `model` may then be the architecture.
pub fn model_spec(
    model: &CompiledModel,
    batch: &Batch,
    key_proof: B256,
) -> Result<ModelSpec, WireError> {
    let manifest = model.manifest();
    let items = Uint::<24, 1>::try_from(batch.items)
        .map_err(|_| WireError::Spec(format!("a batch of {} items is too large", batch.items)))?;
    let inputs = manifest.inputs.iter().map(input_schema);
    let committed = manifest
        .inputs
        .iter()
        .filter(|input| input.visibility == Visibility::Committed)
        .count();
    let commitments = u16::try_from(committed * batch.items).map_err(|_| {
        WireError::Spec("it has more commitments than a proof has public values".into())
    })?;
    let (output_items, outputs) = output_schemas(model, batch, items)?;
    Ok(ModelSpec {
        inputItems: items,
        outputItems: output_items,
        commitments,
        inputs: inputs.collect::<Result<_, _>>()?,
        outputs,
        keyProof: key_proof,
    })
}

fn input_schema(input: &InputManifest) -> Result<InputSchema, WireError> {
    // What the chain clamps to, so that it quantises as the compiler does; one range where all
    // features have the same.
    let mut ranges = input.ranges();
    if ranges.iter().all(|range| *range == ranges[0]) {
        ranges.truncate(1);
    }
    // A rank has no scale: which numbers have it the breakpoints say, whose digest is that of the
    // table.
    let scales = input.scales.iter().enumerate();
    let scales = scales.map(|(feature, scale)| match input.breakpoints(feature) {
        Some(_) => Ok(Uint::ZERO),
        None => scale_e36(*scale),
    });
    Ok(InputSchema {
        count: count(input.shape.iter().product())?,
        packing: packing(input.packing.bits)?,
        visibility: match input.visibility {
            Visibility::Public => PUBLIC_INPUT,
            Visibility::Private => PRIVATE_INPUT,
            Visibility::Committed => COMMITTED_INPUT,
        },
        minima: ranges.iter().map(|(min, _)| *min).collect(),
        maxima: ranges.iter().map(|(_, max)| *max).collect(),
        scalesE36: scales.collect::<Result<_, _>>()?,
        zeroPoints: input.zero_points.clone(),
    })
}

/// The public outputs, and of how many items they are.
fn output_schemas(
    model: &CompiledModel,
    batch: &Batch,
    items: Uint<24, 1>,
) -> Result<(Uint<24, 1>, Vec<OutputSchema>), WireError> {
    let (graph, manifest) = (model.graph(), model.manifest());
    let mut outputs = Vec::new();
    let mut output_items = None;
    for (&id, output) in graph.outputs.iter().zip(&manifest.outputs) {
        if output.visibility != Visibility::Public {
            continue;
        }
        let len = graph.tensors[id].len;
        let (each, values) = match batch.layout(graph, id) {
            WordLayout::PerItem => (items, len),
            WordLayout::Across => (Uint::from(1), batch.items),
            WordLayout::Sum => (Uint::from(1), len),
        };
        if *output_items.get_or_insert(each) != each {
            return Err(WireError::Spec(
                "some of its outputs have words for each item of the batch and others are reduced over it, or packed across it; \
                 the registry has no words for that: publish outputs of one kind"
                    .into(),
            ));
        }
        outputs.push(OutputSchema {
            count: count(values)?,
            packing: packing(batch.packing(graph, id).bits)?,
            scaleE36: scale_e36(output.scale)?,
        });
    }
    let output_items = output_items.ok_or_else(|| {
        WireError::Spec("it makes no output public; a proof would say nothing".into())
    })?;
    Ok((output_items, outputs))
}

/// keccak256 of the spec's ABI encoding; with that of the digest of its breakpoints, unless there are
/// none and that is zero.
pub fn spec_digest(spec: &ModelSpec, breakpoints: B256) -> B256 {
    match breakpoints.is_zero() {
        true => keccak256(spec.abi_encode()),
        false => keccak256((spec.clone(), breakpoints).abi_encode_params()),
    }
}

/// The one digest of all that a model version is: of the artefact, its spec, its verifying key, its
/// key proof (zero if the weights are public) and the set-up's `[τ]_2`. A contract can compute it.
pub fn bundle_digest(
    model: B256,
    spec: B256,
    key: B256,
    key_proof: B256,
    tau_g2: [U256; 4],
) -> B256 {
    let tag = keccak256("verdict bundle v1");
    keccak256((tag, model, spec, key, key_proof, tau_digest(tau_g2)).abi_encode())
}

/// A set-up in one word: keccak256 of `[τ]_2`'s four.
pub fn tau_digest(tau_g2: [U256; 4]) -> B256 {
    keccak256(tau_g2.abi_encode())
}

fn count(values: usize) -> Result<u32, WireError> {
    u32::try_from(values).map_err(|_| WireError::Spec(format!("{values} values are too many")))
}

fn packing(bits: u32) -> Result<u8, WireError> {
    match bits {
        8 => Ok(0),
        16 => Ok(1),
        32 => Ok(2),
        _ => Err(WireError::Spec(format!(
            "values of {bits} bits have no packing on chain"
        ))),
    }
}
/// `scale·10^36`, rounded to nearest. Exact: what the chain computes with is what the manifest
/// says, not what a product of two floating-point numbers would be.
fn scale_e36(scale: f64) -> Result<Uint<192, 3>, WireError> {
    let fail = || {
        WireError::Spec(format!(
            "a scale of {scale:e} does not fit 192 bits with 36 decimals"
        ))
    };
    if !scale.is_finite() || scale <= 0.0 {
        return Err(fail());
    }
    let bits = scale.to_bits();
    let (raw, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    let (mantissa, exponent) = match raw {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, raw - 1075),
    };
    // 53 bits times 120.
    let product = U256::from(mantissa) * U256::from(10u64).pow(U256::from(36));
    let rounded = if exponent >= 0 {
        let shift = exponent.unsigned_abs() as usize;
        if product.bit_len() + shift > 192 {
            return Err(fail());
        }
        product << shift
    } else {
        let shift = exponent.unsigned_abs() as usize;
        if shift > 200 {
            return Err(fail());
        }
        (product >> shift) + U256::from(u8::from(product.bit(shift - 1)))
    };
    if rounded.is_zero() {
        return Err(fail());
    }
    if rounded.bit_len() > 192 {
        return Err(fail());
    }
    Ok(Uint::from_limbs_slice(&rounded.as_limbs()[..3]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn scales_are_exact() {
        let e36 = |text: &str| text.parse::<Uint<192, 3>>().unwrap();
        assert_eq!(
            scale_e36(1.0).unwrap(),
            e36("1000000000000000000000000000000000000")
        );
        assert_eq!(
            scale_e36(0.5).unwrap(),
            e36("500000000000000000000000000000000000")
        );
        assert_eq!(
            scale_e36(1024.0).unwrap(),
            e36("1024000000000000000000000000000000000000")
        );
        // The nearest f64 to a tenth is 0.1000000000000000055511151231257827…
        assert_eq!(
            scale_e36(0.1).unwrap(),
            e36("100000000000000005551115123125782702")
        );
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e30, 1e-40] {
            assert!(scale_e36(wrong).is_err(), "{wrong}");
        }
    }
}
