//! What a model's public values mean, as the registry stores it.

use crate::{ChainError, bindings::registry::IModelRegistry as registry};
use alloy_primitives::{B256, U256, Uint, keccak256};
use alloy_sol_types::SolValue;
use verdict_circuit::{Batch, WordLayout};
use verdict_model::{CompiledModel, Visibility};

/// The registry's `ModelSpec`: its digest is the `circuitHash` of a model.
pub type ModelSpec = registry::ModelSpec;

/// The spec of a model whose proofs are about a batch. `key_proof` is the digest of its key's key
/// proof if the weights are private, zero if they are public.
pub fn model_spec(
    model: &CompiledModel,
    batch: &Batch,
    key_proof: B256,
) -> Result<ModelSpec, ChainError> {
    let (graph, manifest) = (model.graph(), model.manifest());
    let items = Uint::<24, 1>::try_from(batch.items)
        .map_err(|_| ChainError::Spec(format!("a batch of {} items is too large", batch.items)))?;
    let mut inputs = Vec::new();
    for input in &manifest.inputs {
        // What the chain clamps to, so that it quantises as the compiler does; one range where all
        // features have the same.
        let mut ranges = input.ranges();
        if ranges.iter().all(|range| *range == ranges[0]) {
            ranges.truncate(1);
        }
        inputs.push(registry::InputSchema {
            count: count(input.shape.iter().product())?,
            packing: packing(input.packing.bits)?,
            visibility: match input.visibility {
                Visibility::Public => 0,
                Visibility::Private => 1,
                Visibility::Committed => 2,
            },
            minima: ranges.iter().map(|(min, _)| *min).collect(),
            maxima: ranges.iter().map(|(_, max)| *max).collect(),
            scalesE36: input
                .scales
                .iter()
                .map(|scale| scale_e36(*scale))
                .collect::<Result<_, _>>()?,
            zeroPoints: input.zero_points.clone(),
        });
    }
    let committed = manifest
        .inputs
        .iter()
        .filter(|input| input.visibility == Visibility::Committed)
        .count();
    let commitments = u16::try_from(committed * batch.items).map_err(|_| {
        ChainError::Spec("it has more commitments than a proof has public values".into())
    })?;

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
            return Err(ChainError::Spec(
                "some of its outputs have words for each item of the batch and others are reduced over it, or packed across it; \
                 the registry has no words for that: publish outputs of one kind"
                    .into(),
            ));
        }
        outputs.push(registry::OutputSchema {
            count: count(values)?,
            packing: packing(batch.packing(graph, id).bits)?,
            scaleE36: scale_e36(output.scale)?,
        });
    }
    let output_items = output_items.ok_or_else(|| {
        ChainError::Spec("it makes no output public; a proof would say nothing".into())
    })?;
    Ok(ModelSpec {
        inputItems: items,
        outputItems: output_items,
        commitments,
        inputs,
        outputs,
        keyProof: key_proof,
    })
}

/// keccak256 of the spec's ABI encoding.
pub fn spec_digest(spec: &ModelSpec) -> B256 {
    keccak256(spec.abi_encode())
}

fn count(values: usize) -> Result<u32, ChainError> {
    u32::try_from(values).map_err(|_| ChainError::Spec(format!("{values} values are too many")))
}

fn packing(bits: u32) -> Result<u8, ChainError> {
    match bits {
        8 => Ok(0),
        16 => Ok(1),
        32 => Ok(2),
        _ => Err(ChainError::Spec(format!(
            "values of {bits} bits have no packing on chain"
        ))),
    }
}

/// `scale·10^36`, rounded to nearest. Exact: what the chain computes with is what the manifest
/// says, not what a product of two floating-point numbers would be.
fn scale_e36(scale: f64) -> Result<Uint<192, 3>, ChainError> {
    let fail = || {
        ChainError::Spec(format!(
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
