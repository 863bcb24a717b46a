//! A registered version, as a chain tells it: everything that `verdict audit --registered` compares.
//!
//! All of it is the word of whoever answers for the chain.

use crate::{
    Artifact, Chain, ChainError, ChainExt, Clock, Core, EmbeddedChain,
    bindings::{
        IInferenceVerifier, breakpoints::IModelBreakpoints, gateway::IVerdictGateway,
        gateway_contract::VerdictGateway, registry::IModelRegistry,
    },
    spec::of_registry,
};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, Uint, keccak256};
use alloy_sol_types::SolValue;
use verdict_wire::ModelSpec;

/// What a chain says of a model version, and of the way its proofs take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredVersion {
    /// The model in the registry.
    pub model_id: U256,
    /// Its version.
    pub version: u32,
    /// Whether neither it nor the model is deprecated.
    pub active: bool,
    /// Digest of the compiled model, or of its architecture.
    pub model_hash: B256,
    /// Digest of its spec.
    pub circuit_hash: B256,
    /// Digest of its verifying key.
    pub vk_hash: B256,
    /// The route that its proofs take.
    pub proof_system: FixedBytes<4>,
    /// The account whose code is the verifying key.
    pub key: Address,
    /// That account's code.
    pub key_code: Bytes,
    /// The spec.
    pub spec: ModelSpec,
    /// Digest of the breakpoints among which inputs are ranks; zero if none is.
    pub breakpoints: B256,
    /// The gateway's registry.
    pub gateway_registry: Address,
    /// The verifier at the end of the route, or zero.
    pub verifier: Address,
    /// Whether the route is frozen.
    pub frozen: bool,
    /// What the verifier says of its set-up; `None` if it does not answer.
    pub setup: Option<SetupOf>,
}

/// What a verifier says of its set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetupOf {
    /// Its `[τ]_2`.
    pub tau_g2: [U256; 4],
    /// Whether it is the insecure development one.
    pub development: bool,
}

impl RegisteredVersion {
    /// Reads a version, the latest unless one is named.
    pub fn read(
        chain: &mut dyn Chain,
        core: &Core,
        model_id: U256,
        version: Option<u32>,
    ) -> Result<Self, ChainError> {
        let (registry, gateway) = (core.registry, core.gateway);
        let count = IModelRegistry::versionCountCall { modelId: model_id };
        let version = match version {
            Some(version) => version,
            None => chain.read(registry, &count)?,
        };
        let of = IModelRegistry::versionOfCall {
            modelId: model_id,
            version,
        };
        let of = chain.read(registry, &of)?;
        let active = IModelRegistry::isActiveCall {
            modelId: model_id,
            version,
        };
        let active = chain.read(registry, &active)?;
        let (spec, breakpoints) = registered_spec(chain, registry, model_id, version)?;
        let selector = of.commitment.proofSystemId;
        let route = chain.read(gateway, &IVerdictGateway::routeOfCall { selector })?;
        Ok(Self {
            model_id,
            version,
            active,
            model_hash: of.commitment.modelHash,
            circuit_hash: of.commitment.circuitHash,
            vk_hash: of.commitment.vkHash,
            proof_system: selector,
            key: of.key,
            key_code: chain.code(of.key)?,
            spec,
            breakpoints,
            gateway_registry: chain.read(gateway, &VerdictGateway::registryCall {})?,
            verifier: route.verifier,
            frozen: route.frozen,
            setup: setup_of(chain, route.verifier),
        })
    }

    /// The verifying key's bytes: the code after its leading STOP, without which it is no key.
    pub fn key_bytes(&self) -> Option<Bytes> {
        let (stop, bytes) = self.key_code.split_first()?;
        (*stop == 0).then(|| bytes.to_vec().into())
    }
}

/// What the public values of a version mean, as the registry has it: the spec, and the digest of the
/// breakpoints among which inputs are ranks, which is zero if none is.
pub fn registered_spec(
    chain: &mut dyn Chain,
    registry: Address,
    model_id: U256,
    version: u32,
) -> Result<(ModelSpec, B256), ChainError> {
    let call = IModelRegistry::specOf_0Call {
        modelId: model_id,
        version,
    };
    let spec = of_registry(&chain.read(registry, &call)?)?;
    // Registries of earlier versions have no ranks, and are not asked for any.
    let mut scales = spec.inputs.iter().flat_map(|input| &input.scalesE36);
    if !scales.any(|scale| scale.is_zero()) {
        return Ok((spec, B256::ZERO));
    }
    let call = IModelBreakpoints::breakpointsOf_0Call {
        modelId: model_id,
        version,
    };
    Ok((spec, chain.read(registry, &call)?))
}

/// What the verifier says of its set-up, if it is a verifier of this kind.
fn setup_of(chain: &mut dyn Chain, verifier: Address) -> Option<SetupOf> {
    let tau_g2 = chain
        .read(verifier, &IInferenceVerifier::tauG2Call {})
        .ok()?;
    let development = chain.read(verifier, &IInferenceVerifier::isDevelopmentSetupCall {});
    Some(SetupOf {
        tau_g2,
        development: development.ok()?,
    })
}

/// A contract's code on a chain beside what this program makes of it, both by their keccak256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeOf {
    /// The contract.
    pub contract: &'static str,
    /// Of the code at its address.
    pub found: B256,
    /// Of the code that the contract of this version has there.
    pub expected: B256,
}

/// Compares the code of registry, gateway and verifier with that of the contracts that come with
/// this program, made in an embedded EVM. `tau_g2` is the set-up that the verifier should have.
pub fn core_code(
    chain: &mut dyn Chain,
    core: &Core,
    verifier: Address,
    tau_g2: [U256; 4],
) -> Result<[CodeOf; 3], ChainError> {
    let (registry, gateway) = (core.registry, core.gateway);
    // What a contract has from its constructor is what it says itself: the code around it is what
    // makes it true.
    let delay = chain.read(registry, &IModelRegistry::minimumDelayCall {})?;
    let window = chain.read(registry, &IModelRegistry::executionWindowCall {})?;
    let arguments = (delay, window).abi_encode_params();
    let creation = Artifact::load("ModelRegistry")?.bytecode;
    let registry_creation = [creation.as_ref(), &arguments].concat().into();
    let development = IVerdictGateway::allowsDevelopmentSetupCall {};
    let gateway_creation =
        Artifact::load("VerdictGateway")?.with_arguments(&VerdictGateway::constructorCall {
            registry_: registry,
            // In storage, not in the code.
            admin: registry,
            adminDelay: Uint::ZERO,
            guardian: registry,
            allowDevelopment: chain.read(gateway, &development)?,
        });
    let verifier_creation = Artifact::inference_verifier()?.with_setup(tau_g2);
    let mut made = EmbeddedChain::new(chain.chain_id(), 0, Clock::Steps(1));
    // The gateway's constructor wants a registry that has code.
    made.set_code(registry, vec![0].into());
    let mut compare = |contract, at, creation: Bytes| {
        let expected = Chain::call(&mut made, None, creation)?;
        Ok::<_, ChainError>(CodeOf {
            contract,
            found: keccak256(chain.code(at)?),
            expected: keccak256(expected),
        })
    };
    Ok([
        compare("ModelRegistry", registry, registry_creation)?,
        compare("VerdictGateway", gateway, gateway_creation)?,
        compare("InferenceVerifier", verifier, verifier_creation)?,
    ])
}
