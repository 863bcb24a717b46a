//! Specs as the registry's functions take and return them.

use crate::{
    ChainError,
    bindings::{
        breakpoints::IModelBreakpoints as breakpoints, registry::IModelRegistry as registry,
    },
};
use alloy_sol_types::SolValue;
use verdict_wire::{ModelSpec, WireError};

/// A spec as the registry's functions take it. Both types have the encoding that a spec's digest is
/// of, so whatever the contract had and the other lacked would not decode.
pub(crate) fn to_registry(spec: &ModelSpec) -> Result<registry::ModelSpec, ChainError> {
    registry::ModelSpec::abi_decode(&spec.abi_encode()).map_err(other_form)
}

/// The same, for the functions of specs with breakpoints.
pub(crate) fn to_breakpoints(spec: &ModelSpec) -> Result<breakpoints::ModelSpec, ChainError> {
    breakpoints::ModelSpec::abi_decode(&spec.abi_encode()).map_err(other_form)
}

/// A spec that the registry returned.
pub(crate) fn of_registry(spec: &registry::ModelSpec) -> Result<ModelSpec, ChainError> {
    ModelSpec::abi_decode(&spec.abi_encode()).map_err(other_form)
}

fn other_form(error: alloy_sol_types::Error) -> ChainError {
    WireError::Spec(format!(
        "its spec has another form than the registry's: {error}"
    ))
    .into()
}
