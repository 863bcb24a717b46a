//! What is stated of a model, in a bundle or by a chain, audited.

use super::AuditCommand;
use crate::{
    error::{CliError, usage},
    report::{
        lines,
        output::{Output, Report},
    },
};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use serde::Serialize;
use verdict_chain::{Chain, Core, Deployment, RegisteredVersion, core_code};
use verdict_engine::{Bundle, Engine, Line, Report as Lines, Subject, silent};

#[derive(Serialize)]
struct Audited {
    passes: bool,
    /// The bundle's file, or the chain.
    stated_by: String,
    /// In the registry.
    model_id: Option<String>,
    version: Option<u32>,
    subject: &'static str,
    subject_digest: B256,
    setup: String,
    /// Of everything together; absent where a part differs.
    bundle_digest: Option<B256>,
    lines: Vec<Line>,
}

impl AuditCommand {
    /// A bundle alone.
    pub(super) fn bundle(&self, output: &Output) -> Result<(), CliError> {
        let (Some(bundle), Some(path)) = (self.proof.bundle()?, &self.proof.bundle) else {
            return Err(usage("give --key, --bundle or --registered"));
        };
        let subject = Subject::named(&self.subject, bundle.model, bundle.says_private())?;
        let engine = self.srs.engine()?;
        let batch = self.batch.given(subject.published())?;
        let report = bundle.check(&engine, &subject, batch.as_ref(), &silent)?;
        let audited = Audited {
            passes: report.passes(),
            stated_by: path.display().to_string(),
            model_id: None,
            version: None,
            subject: what(&subject),
            subject_digest: subject.digest(),
            setup: engine.setup().name().into(),
            bundle_digest: report.passes().then(|| bundle.digest()),
            lines: report.lines.clone(),
        };
        output.emit(&audited)?;
        lines::must_pass(&report, audited.stated_by, HINT)
    }

    /// A registered version.
    pub(super) fn registered(&self, version: &str, output: &Output) -> Result<(), CliError> {
        let mut opened = self.chain.read_only()?;
        let chain = opened.chain();
        let (deployment, _) = self.chain.deployment(chain.chain_id())?;
        let (id, number) = model_version(version, &deployment)?;
        let stated = RegisteredVersion::read(chain, &deployment.core, id, number)?;
        let private = !stated.spec.keyProof.is_zero();
        let subject = Subject::named(&self.subject, stated.model_hash, private)?;
        let engine = self.srs.engine()?;
        let mut report = chain_lines(chain, &deployment.core, &stated, &engine)?;

        let own = self.proof.bundle()?;
        let bundle = bundle_of(&stated, self.proof.key_proof()?);
        let batch = self.batch.given(subject.published())?;
        let checked = bundle.check(&engine, &subject, batch.as_ref(), &silent)?;
        report.lines.extend(checked.lines);
        if let Some(own) = own {
            report.compare("bundle", bundle.digest(), own.digest());
        }
        let audited = Audited {
            passes: report.passes(),
            stated_by: chain.name(),
            model_id: Some(stated.model_id.to_string()),
            version: Some(stated.version),
            subject: what(&subject),
            subject_digest: subject.digest(),
            setup: engine.setup().name().into(),
            bundle_digest: report.passes().then(|| bundle.digest()),
            lines: report.lines.clone(),
        };
        output.emit(&audited)?;
        let what = format!("model {}, version {}", stated.model_id, stated.version);
        lines::must_pass(&report, what, HINT)
    }
}

const HINT: &str = "do not use it before whoever states it explains; check that the model, --batch and the set-up are the right ones";

fn what(subject: &Subject) -> &'static str {
    match subject.is_private() {
        true => "architecture",
        false => "model",
    }
}

/// `ID`, `ID:VERSION`, or a name of the deployment in the id's place.
fn model_version(text: &str, deployment: &Deployment) -> Result<(U256, Option<u32>), CliError> {
    let (id, version) = match text.split_once(':') {
        Some((id, version)) => (id, Some(version)),
        None => (text, None),
    };
    let version = version.map(|version| {
        let number = version.parse::<u32>();
        number.map_err(|_| usage(format!("--registered {text}: `{version}` is no version")))
    });
    let known = deployment.models.get(id);
    let id = match (known, id.parse::<U256>()) {
        (Some(model), _) => U256::from(model.model_id),
        (None, Ok(id)) => id,
        (None, Err(_)) => {
            return Err(usage(format!(
                "--registered {text}: `{id}` is no id, and no model of the deployment has this name"
            )));
        }
    };
    Ok((id, version.transpose()?))
}

/// The version as a bundle; what a chain does not have is absent.
fn bundle_of(stated: &RegisteredVersion, key_proof: Option<Bytes>) -> Bundle {
    Bundle {
        model: stated.model_hash,
        manifest: None,
        batch: None,
        spec: stated.spec.clone(),
        breakpoints: stated.breakpoints,
        key: stated.key_bytes().unwrap_or_default(),
        tau_g2: stated.setup.map(|setup| setup.tau_g2).unwrap_or_default(),
        development: stated.setup.is_some_and(|setup| setup.development),
        key_proof,
    }
}

/// What only a chain states: contracts, accounts, digests, the route.
fn chain_lines(
    chain: &mut dyn Chain,
    core: &Core,
    stated: &RegisteredVersion,
    engine: &Engine,
) -> Result<Lines, CliError> {
    let mut lines = Lines::default();
    let tau_g2 = engine.setup().tau_g2()?;
    for code in core_code(chain, core, stated.verifier, tau_g2)? {
        let part = format!("code of {}", code.contract);
        lines.compare(part, code.found, code.expected);
    }
    lines.compare("gateway's registry", stated.gateway_registry, core.registry);
    let active = |active| match active {
        true => "active",
        false => "deprecated",
    };
    lines.compare("version", active(stated.active), active(true));
    match stated.key_bytes() {
        Some(key) => {
            lines.compare("code at the key", "a STOP, then data", "a STOP, then data");
            lines.compare("vkHash", stated.vk_hash, keccak256(key));
        }
        None => lines.differs("code at the key", &stated.key_code, "a STOP, then the key"),
    }
    let circuit = verdict_wire::spec_digest(&stated.spec, stated.breakpoints);
    lines.compare("circuitHash", stated.circuit_hash, circuit);
    let selector = FixedBytes::<4>::from_slice(&keccak256(&core.route)[..4]);
    lines.compare("proofSystemId", stated.proof_system, selector);
    match stated.verifier {
        Address::ZERO => lines.differs("route", "none", "a route of the gateway"),
        verifier => lines.compare("route's verifier", verifier, core.verifier),
    }
    let frozen = |frozen| match frozen {
        true => "frozen",
        false => "open",
    };
    lines.compare("route", frozen(stated.frozen), frozen(false));
    Ok(lines)
}

impl Report for Audited {
    fn text(&self) -> String {
        let version = self.model_id.as_ref().zip(self.version);
        let version = version.map_or_else(String::new, |(id, version)| {
            format!("model {id}, version {version}, of ")
        });
        let lines = Lines {
            lines: self.lines.clone(),
        };
        let conclusion = match self.bundle_digest {
            Some(digest) => format!("Nothing differs. Bundle {digest}"),
            None => "It is NOT what it says it is.".into(),
        };
        format!(
            "Audit of {version}{}\n  against {} {}\n  set-up {}\n{}{conclusion}\n",
            self.stated_by,
            self.subject,
            self.subject_digest,
            self.setup,
            lines::text(&lines)
        )
    }
}
