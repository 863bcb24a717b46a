//! `verdict deploy`

use crate::{
    error::{CliError, usage},
    options::{
        SrsArgs,
        chain::{ChainArgs, make_folder, name},
        names::{NAMES, expand, expand_all},
    },
    report::output::{Output, Report, Table, count},
};
use alloy_primitives::{Address, Bytes, U256};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use std::path::PathBuf;
use verdict_chain::{
    Artifact, Chain, ChainExt, ConfigFile, ContractRecord, CoreSettings, Deployment, Step,
    config_template, creation_code, creation_code_of, deploy_core, route_name,
};
use verdict_consumers::{Section, config_rules, contract_of, kind_of};
use verdict_wire::words;

#[derive(Debug, Args)]
#[command(after_help = format!("Examples:\n  \
    verdict deploy --local chain.json --dev\n  \
    verdict deploy --rpc https://node.example --keystore key.json --password-file pass --admin 0x… --guardian 0x…\n  \
    verdict deploy --local chain.json --dev --config solidity/script/config/core.development.json\n  \
    verdict deploy --config-template InferenceOracle > oracle.toml\n  \
    verdict deploy --local chain.json --as score-feed --config oracle.toml InferenceOracle\n  \
    verdict deploy --local chain.json --as feeds OnChainFeatures @registry @price.id @market.word '[(@market,@price(),0,false,18,0,0,0,false,0,false)]'\n  \
    verdict deploy --local chain.json --as signers SignedFeatures @registry @sender '[0x…,0x…,0x…]' 2 86400\n  \
    verdict deploy --local chain.json --as mine --artifact out/Mine.sol/Mine.json Mine @gateway\n\n\
    Without a contract: the publisher of keys, the verifier of the set-up, the registry, and the gateway with a route to the verifier, \
    at addresses that depend on nothing but these settings. With one: any contract that comes with this program, or of one's own. \
    A configuration names the constructor's arguments, and the fields of structures in them, in JSON or TOML: the files of \
    solidity/script/config are such. Signers are listed in the ascending order of their addresses.\n\n{NAMES}"))]
pub(crate) struct Deploy {
    /// A contract instead of the core, e.g. InferenceOracle
    #[arg(value_name = "CONTRACT")]
    contract: Option<String>,
    /// The constructor's arguments; structures as `(a,b)`, lists as `[a,b]`, names as `@name`
    #[arg(value_name = "ARGUMENT", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// The contract's name in the deployment's file [default: the configuration's]
    #[arg(long = "as", id = "label", value_name = "NAME", value_parser = name, requires = "contract")]
    label: Option<String>,
    /// The constructor's arguments by name, or the core's settings, from a file in JSON or TOML
    #[arg(long, value_name = "FILE", conflicts_with_all = ["arguments", "admin", "guardian", "allow_unknown_setup"])]
    config: Option<PathBuf>,
    /// Deploy nothing: print a configuration of CONTRACT to be filled in
    #[arg(long, requires = "contract", conflicts_with_all = ["label", "config", "arguments", "rpc", "local"])]
    config_template: bool,
    /// A contract of one's own, as forge compiles it: CONTRACT is what it is called
    #[arg(long, value_name = "FILE", requires = "contract")]
    artifact: Option<PathBuf>,
    /// The gateway's administrator [default: the sender]
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Address>,
    /// Who can freeze routes [default: the sender]
    #[arg(long, value_name = "ADDRESS")]
    guardian: Option<Address>,
    /// How long a new administrator waits before accepting, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    admin_delay: u64,
    /// How long updates of models are announced at least, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 172_800)]
    update_delay: u32,
    /// How long a due update can be executed, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1_209_600)]
    update_window: u32,
    /// Deploy a verifier of a set-up that is of no known ceremony: whoever knows its secret can
    /// forge proofs
    #[arg(long)]
    allow_unknown_setup: bool,
    #[command(flatten)]
    srs: SrsArgs,
    #[command(flatten)]
    chain: ChainArgs,
}

/// A step, as it is printed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Done {
    pub(crate) what: String,
    pub(crate) address: Address,
    /// Absent where it was there already.
    pub(crate) gas: Option<u64>,
}

impl From<Step> for Done {
    fn from(step: Step) -> Self {
        Self {
            what: step.what.into(),
            address: step.address,
            gas: step.gas,
        }
    }
}

/// Steps with addresses and gas.
pub(crate) fn steps(steps: &[Done]) -> String {
    let mut table = Table::new(&["what", "at", "gas"]);
    for step in steps {
        table.row([
            step.what.clone(),
            step.address.to_string(),
            step.gas.map_or_else(|| "was there".into(), count),
        ]);
    }
    table.render()
}

#[derive(Serialize)]
struct Deployed {
    chain: String,
    chain_id: u64,
    steps: Vec<Done>,
    development_setup: bool,
    route_added: bool,
    file: PathBuf,
    deployment: Deployment,
}

impl Deploy {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        if let Some(contract) = self.contract.as_ref().filter(|_| self.config_template) {
            let text = config_template(&self.artifact(contract)?, &config_rules(contract));
            return output.raw(text.as_bytes());
        }
        let mut opened = match self.contract {
            Some(_) => self.chain.open()?,
            None => self.chain.open_or_begin()?,
        };
        let chain = opened.chain();
        let file = self.chain.deployment_path(chain.chain_id());
        let (deployment, done) = match &self.contract {
            Some(contract) => self.one(chain, contract)?,
            None => {
                if file.exists() {
                    return Err(usage(format!(
                        "{} exists, and names what is deployed already; name another file with --deployment",
                        file.display()
                    )));
                }
                make_folder(&file)?;
                self.core(chain)?
            }
        };
        let (name, chain_id) = (chain.name(), chain.chain_id());
        // The chain first: addresses of a chain that was not kept would be of no use.
        opened.keep()?;
        deployment.save(&file)?;
        output.emit(&Deployed {
            chain: name,
            chain_id,
            steps: done.into_iter().map(Into::into).collect(),
            development_setup: deployment.core.development_setup,
            route_added: deployment.core.route_added,
            file,
            deployment,
        })
    }

    fn artifact(&self, contract: &str) -> Result<Artifact, CliError> {
        Ok(match &self.artifact {
            Some(path) => Artifact::of_forge(contract, path)?,
            None => Artifact::load(contract)?,
        })
    }

    fn core(&self, chain: &mut dyn Chain) -> Result<(Deployment, Vec<Step>), CliError> {
        let srs = self.srs.setup()?.open_any()?;
        let development = srs.is_development();
        let sender = chain.sender()?;
        let own = CoreSettings {
            tau_g2: words::tau_g2(&srs.tau_g2()),
            route: route_name(development).into(),
            minimum_delay: self.update_delay,
            execution_window: self.update_window,
            admin: self.admin.unwrap_or(sender),
            admin_delay: self.admin_delay,
            guardian: self.guardian.unwrap_or(sender),
            allow_development: development,
        };
        let (settings, allow_unknown) = match &self.config {
            Some(path) => configured_core(&ConfigFile::load(path)?, own)?,
            None => (own, self.allow_unknown_setup),
        };
        if !development && srs.ceremony().is_none() && !allow_unknown {
            return Err(CliError::Setup(format!(
                "set-up {} is of no known ceremony (`verdict srs list` shows which are): whoever knows its secret can forge every proof \
                 that this verifier accepts; choose another with --srs, or pass --allow-unknown-setup (`allowUnknownSetup` in a \
                 configuration) if you know who made it",
                srs.digest()
            )));
        }
        let (core, steps) = deploy_core(chain, &settings)?;
        Ok((Deployment::new(chain.chain_id(), core), steps))
    }

    fn one(
        &self,
        chain: &mut dyn Chain,
        contract: &str,
    ) -> Result<(Deployment, Vec<Step>), CliError> {
        let config = self.config.as_deref().map(ConfigFile::load).transpose()?;
        let label = self.label(config.as_ref())?;
        let (mut deployment, path) = self.chain.deployment(chain.chain_id())?;
        if deployment.consumers.contains_key(&label) || deployment.sources.contains_key(&label) {
            return Err(usage(format!(
                "{} has a contract named {label} already; choose another name",
                path.display()
            )));
        }
        let artifact = self.artifact(contract)?;
        let code = match &config {
            Some(config) => configured(config, &artifact, &deployment, chain)?,
            None => {
                let arguments = expand_all(&self.arguments, Some(&deployment), chain)?;
                creation_code(&artifact, &arguments)?
            }
        };
        let (address, receipt) = chain.create("the contract", code)?;
        let (section, kind) = kind_of(contract);
        let list = match section {
            Section::Sources => &mut deployment.sources,
            Section::Consumers => &mut deployment.consumers,
        };
        let record = ContractRecord {
            kind: kind.into(),
            address,
            more: Map::new(),
        };
        list.insert(label, record);
        let step = Step {
            what: "contract",
            address,
            gas: Some(receipt.gas),
        };
        Ok((deployment, vec![step]))
    }

    /// The contract's name: the command line's, or else the configuration's.
    fn label(&self, config: Option<&ConfigFile>) -> Result<String, CliError> {
        if let Some(label) = &self.label {
            return Ok(label.clone());
        }
        let own = config.and_then(|config| Some((config, config.text("name")?)));
        let Some((config, own)) = own else {
            return Err(usage(
                "what is the contract to be called in the deployment? give --as NAME",
            ));
        };
        Ok(name(own).map_err(|detail| config.error("name", detail))?)
    }
}

/// The settings of solidity/script/DeployCore.s.sol.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CoreConfig {
    #[serde(rename = "tauG2")]
    tau_g2: Option<[U256; 4]>,
    #[serde(default)]
    allow_unknown_setup: bool,
    route: String,
    registry: RegistryConfig,
    gateway: GatewayConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RegistryConfig {
    minimum_delay: u32,
    execution_window: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GatewayConfig {
    admin: Address,
    admin_delay: u64,
    guardian: Address,
    allow_development_setup: bool,
}

/// The core's settings by a configuration, which must be for the set-up that was chosen, and
/// whether one of no known ceremony will do.
fn configured_core(file: &ConfigFile, own: CoreSettings) -> Result<(CoreSettings, bool), CliError> {
    let config: CoreConfig = file.parse()?;
    if config.tau_g2.is_some_and(|tau| tau != own.tau_g2) {
        let detail = "it is another set-up's: choose that one with --srs, or --dev";
        return Err(file.error("tauG2", detail).into());
    }
    let CoreConfig {
        allow_unknown_setup,
        registry,
        gateway,
        ..
    } = config;
    let settings = CoreSettings {
        tau_g2: own.tau_g2,
        route: config.route,
        minimum_delay: registry.minimum_delay,
        execution_window: registry.execution_window,
        admin: gateway.admin,
        admin_delay: gateway.admin_delay,
        guardian: gateway.guardian,
        allow_development: gateway.allow_development_setup,
    };
    Ok((settings, allow_unknown_setup))
}

/// A contract's creation code by a configuration.
fn configured(
    config: &ConfigFile,
    artifact: &Artifact,
    deployment: &Deployment,
    chain: &mut dyn Chain,
) -> Result<Bytes, CliError> {
    if let (Some(kind), (Section::Sources, own)) =
        (config.text("kind"), kind_of(&artifact.contract))
        && kind != own
    {
        let detail = format!(
            "{} is of the kind \"{own}\", not \"{kind}\": deploy {}",
            artifact.contract,
            contract_of(kind)
        );
        return Err(config.error("kind", detail).into());
    }
    let rules = config_rules(&artifact.contract);
    let mut expand = |text: &str| {
        let expanded = expand(text, Some(deployment), chain);
        expanded.map_err(|error| error.to_string())
    };
    let values = config.arguments(artifact, &rules, &mut expand)?;
    Ok(creation_code_of(artifact, values)?)
}

impl Report for Deployed {
    fn text(&self) -> String {
        let mut text = format!("On {}\n{}", self.chain, steps(&self.steps));
        if self.development_setup {
            text += "The set-up is the INSECURE development set-up: anyone can forge proofs that this verifier accepts\n";
        }
        if !self.route_added {
            text += &format!(
                "To do, by the gateway's administrator: verdict call gateway addRoute {} {} --send\n",
                self.deployment.core.route, self.deployment.core.verifier
            );
        }
        text + &format!("Addresses in {}\n", self.file.display())
    }
}
