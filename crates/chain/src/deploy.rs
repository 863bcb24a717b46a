//! Deploys what every consumer stands on, and registers models.

use crate::{
    Artifact, ChainError, Core, ModelRecord, Receipt,
    bindings::{
        IInferenceVerifier, IVerifyingKeys,
        breakpoints::IModelBreakpoints,
        gateway::IVerdictGateway,
        gateway_contract::VerdictGateway,
        registry::{IERC7992Registry::ModelCommitment, IModelRegistry as ModelRegistry},
    },
    chain::{Chain, ChainExt},
    spec::{of_registry, to_breakpoints, to_registry},
};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, Uint, keccak256};
use alloy_sol_types::SolValue;
use verdict_wire::{ModelSpec, spec_digest};

/// What was done, or found done already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub what: &'static str,
    /// The contract.
    pub address: Address,
    /// What it cost; `None` if it was there already.
    pub gas: Option<u64>,
}

/// How the core is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreSettings {
    /// The set-up's `[τ]_2`.
    pub tau_g2: [U256; 4],
    /// The name of the route to its verifier.
    pub route: String,
    /// The least delay of models' updates, in seconds.
    pub minimum_delay: u32,
    /// How long a due update can be executed, in seconds.
    pub execution_window: u32,
    /// The gateway's administrator.
    pub admin: Address,
    /// How long a new administrator waits before accepting, in seconds.
    pub admin_delay: u64,
    /// Who can freeze routes.
    pub guardian: Address,
    /// Whether verifiers of the insecure development set-up are let in.
    pub allow_development: bool,
}

/// The name of the route to verifiers of this version.
pub fn route_name(development: bool) -> &'static str {
    if development {
        "verdict-kzg-bn254-v1-dev"
    } else {
        "verdict-kzg-bn254-v1"
    }
}

/// Deploys publisher, verifier, registry and gateway where they are not yet, and adds the route if
/// the sender may. The addresses depend on nothing but the settings: they are the same on every
/// chain, and the same as those of solidity/script/DeployCore.s.sol.
pub fn deploy_core(
    chain: &mut dyn Chain,
    settings: &CoreSettings,
) -> Result<(Core, Vec<Step>), ChainError> {
    let mut steps = Vec::new();
    let mut deploy = |chain: &mut dyn Chain, what: &'static str, code: Bytes| {
        let (address, receipt) = chain.create2(what, B256::ZERO, &code)?;
        let gas = receipt.map(|receipt| receipt.gas);
        steps.push(Step { what, address, gas });
        Ok::<_, ChainError>(address)
    };
    let verifying_keys = deploy(chain, "VerifyingKeys", Artifact::verifying_keys()?.bytecode)?;
    let verifier = Artifact::inference_verifier()?.with_setup(settings.tau_g2);
    let verifier = deploy(chain, "InferenceVerifier", verifier)?;
    let development_setup = chain.read(verifier, &IInferenceVerifier::isDevelopmentSetupCall {})?;
    if development_setup && !settings.allow_development {
        return Err(ChainError::DevelopmentSetup);
    }
    let arguments = (settings.minimum_delay, settings.execution_window).abi_encode_params();
    let registry = Artifact::load("ModelRegistry")?.bytecode;
    let registry = [registry.as_ref(), &arguments].concat().into();
    let registry = deploy(chain, "ModelRegistry", registry)?;
    let gateway =
        Artifact::load("VerdictGateway")?.with_arguments(&VerdictGateway::constructorCall {
            registry_: registry,
            admin: settings.admin,
            adminDelay: Uint::from(settings.admin_delay),
            guardian: settings.guardian,
            allowDevelopment: settings.allow_development,
        });
    let gateway = deploy(chain, "VerdictGateway", gateway)?;

    let selector = FixedBytes::from_slice(&keccak256(&settings.route)[..4]);
    let known = chain.read(gateway, &IVerdictGateway::routeOfCall { selector })?;
    let mut route_added = known.verifier == verifier;
    if !route_added && chain.sender()? == settings.admin {
        let call = IVerdictGateway::addRouteCall {
            name: settings.route.clone(),
            verifier,
        };
        let (_, receipt) = chain.transact(gateway, &call)?;
        steps.push(Step {
            what: "route",
            address: verifier,
            gas: Some(receipt.gas),
        });
        route_added = true;
    }
    let block = chain.latest()?.number;
    let core = Core {
        verifying_keys,
        verifier,
        registry,
        gateway,
        route: settings.route.clone(),
        selector,
        route_added,
        development_setup,
        block: Uint::from(block),
        tau_g2: settings.tau_g2.map(B256::from),
    };
    Ok((core, steps))
}

/// A model version, as the registry takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Digest of the compiled model.
    pub model_hash: B256,
    /// The verifying key's bytes.
    pub key: Bytes,
    /// What its public values mean.
    pub spec: ModelSpec,
    /// Digest of the breakpoints among which inputs are ranks; zero if none is.
    pub breakpoints: B256,
    /// Where to find more; may be empty.
    pub uri: String,
}

impl Registration {
    fn commitment(&self, core: &Core) -> ModelCommitment {
        ModelCommitment {
            modelHash: self.model_hash,
            circuitHash: spec_digest(&self.spec, self.breakpoints),
            vkHash: keccak256(&self.key),
            proofSystemId: core.selector,
            uri: self.uri.clone(),
        }
    }

    /// Publishes key and spec, where nobody has yet.
    fn publish(&self, chain: &mut dyn Chain, core: &Core) -> Result<Vec<Step>, ChainError> {
        let mut steps = Vec::new();
        let key = self.key.clone();
        let address = chain.read(
            core.verifying_keys,
            &IVerifyingKeys::addressOfCall { key: key.clone() },
        )?;
        let mut gas = None;
        if chain.code(address)?.is_empty() {
            let (_, receipt) =
                chain.transact(core.verifying_keys, &IVerifyingKeys::publishCall { key })?;
            gas = Some(receipt.gas);
        }
        steps.push(Step {
            what: "verifying key",
            address,
            gas,
        });
        let digest = keccak256(&self.key);
        let indexed = chain.read(core.registry, &ModelRegistry::keyOfCall { digest })?;
        if indexed.is_zero() {
            let (_, receipt) =
                chain.transact(core.registry, &ModelRegistry::indexKeyCall { key: address })?;
            steps.push(Step {
                what: "key's digest",
                address: core.registry,
                gas: Some(receipt.gas),
            });
        }
        let digest = spec_digest(&self.spec, self.breakpoints);
        match chain.read(core.registry, &ModelRegistry::specOf_1Call { digest }) {
            Ok(known) if of_registry(&known)? == self.spec => {}
            Ok(_) | Err(ChainError::Refused(_)) => {
                steps.push(Step {
                    what: "spec",
                    address: core.registry,
                    gas: Some(self.publish_spec(chain, core)?.gas),
                });
            }
            Err(error) => return Err(error),
        }
        Ok(steps)
    }

    fn publish_spec(&self, chain: &mut dyn Chain, core: &Core) -> Result<Receipt, ChainError> {
        if self.breakpoints.is_zero() {
            let call = ModelRegistry::publishSpecCall {
                spec: to_registry(&self.spec)?,
            };
            return Ok(chain.transact(core.registry, &call)?.1);
        }
        let call = IModelBreakpoints::publishSpecCall {
            spec: to_breakpoints(&self.spec)?,
            breakpoints: self.breakpoints,
        };
        Ok(chain.transact(core.registry, &call)?.1)
    }
}

/// Registers a new model, whose updates will be announced `delay` seconds in advance (or the
/// registry's least); the sender owns it.
pub fn register_model(
    chain: &mut dyn Chain,
    core: &Core,
    registration: &Registration,
    delay: Option<u32>,
) -> Result<(ModelRecord, Vec<Step>), ChainError> {
    let mut steps = registration.publish(chain, core)?;
    let commitment = registration.commitment(core);
    let delay = match delay {
        Some(delay) => delay,
        None => chain.read(core.registry, &ModelRegistry::minimumDelayCall {})?,
    };
    let call = ModelRegistry::registerModel_1Call { commitment, delay };
    let (_, receipt) = chain.transact(core.registry, &call)?;
    // Somebody else's model may have come between the dry run and the transaction.
    let event = receipt.event::<ModelRegistry::ModelRegistered>(core.registry);
    let event = event.ok_or_else(|| ChainError::Answer {
        contract: core.registry,
        function: "registerModel".into(),
        detail: "it emitted no ModelRegistered".into(),
    })?;
    steps.push(Step {
        what: "model",
        address: core.registry,
        gas: Some(receipt.gas),
    });
    Ok((record(chain, core, event.modelId, 1)?, steps))
}

/// An update that was proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// The number the version will have.
    pub version: u32,
    /// From when on it can be executed.
    pub eta: u64,
    /// Until when.
    pub expiry: u64,
}

/// Proposes another version of a model, for its owner.
pub fn propose_update(
    chain: &mut dyn Chain,
    core: &Core,
    registration: &Registration,
    model_id: U256,
) -> Result<(Proposed, Vec<Step>), ChainError> {
    let mut steps = registration.publish(chain, core)?;
    let call = ModelRegistry::updateModelCall {
        modelId: model_id,
        newCommitment: registration.commitment(core),
    };
    let (_, receipt) = chain.transact(core.registry, &call)?;
    steps.push(Step {
        what: "update",
        address: core.registry,
        gas: Some(receipt.gas),
    });
    let pending = chain.read(
        core.registry,
        &ModelRegistry::pendingUpdateCall { modelId: model_id },
    )?;
    let proposed = Proposed {
        version: pending.version,
        eta: pending.eta.to(),
        expiry: pending.expiry.to(),
    };
    Ok((proposed, steps))
}

/// What the registry says of a version.
pub fn record(
    chain: &mut dyn Chain,
    core: &Core,
    model_id: U256,
    version: u32,
) -> Result<ModelRecord, ChainError> {
    let (id, registry) = (model_id, core.registry);
    let pin = chain.read(
        registry,
        &ModelRegistry::pinOfCall {
            modelId: id,
            version,
        },
    )?;
    let of = chain.read(
        registry,
        &ModelRegistry::versionOfCall {
            modelId: id,
            version,
        },
    )?;
    Ok(ModelRecord {
        model_id: model_id.saturating_to(),
        version,
        pin,
        key: of.key,
        model_hash: of.commitment.modelHash,
        circuit_hash: of.commitment.circuitHash,
        vk_hash: of.commitment.vkHash,
    })
}
