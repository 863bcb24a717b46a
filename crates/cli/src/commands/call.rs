//! `verdict call`

use crate::{
    error::{CliError, usage},
    options::{
        chain::{ChainArgs, address},
        names::{NAMES, expand_all},
    },
    report::output::{Output, Report, count},
};
use alloy_primitives::{Address, B256, U256};
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use verdict_chain::{
    Answer, Chain, ChainExt, Deployment, Invocation, bindings::registry::IModelRegistry,
};
use verdict_consumers::{
    CONSUMERS, Consumer, ConsumerExt, ConsumerKind, answer_names, consumer_kind, contract_of,
};

#[derive(Debug, Args)]
#[command(after_help = format!("Examples:\n  \
    verdict call score-feed latestRoundData --rpc https://node.example\n  \
    verdict call market-risk getLatestUpdateByParameterAndMarket liquidationThreshold @market\n  \
    verdict call 0x… 'balanceOf(address)(uint256)' 0x…\n  \
    verdict call registry model price\n  \
    verdict call score-feed context oracle 1800000000\n  \
    verdict call market-source context risk @now+10800\n  \
    verdict call token approve @campaign-1 1000000 --send --local chain.json\n  \
    verdict call market-risk execute 1 --send --local chain.json --after 3600\n\n\
    FUNCTION is the name of a function of a contract that comes with this program, a signature with its answer's types, or one of\n  \
    model NAME|ID                                   what the registry says of a model's latest version\n{}\n{NAMES}", contexts()))]
pub(crate) struct Call {
    /// A name of the deployment (or registry, gateway, verifier, verifying-keys), or an address
    #[arg(value_name = "CONTRACT")]
    contract: String,
    /// What to call
    #[arg(value_name = "FUNCTION")]
    function: String,
    /// Its arguments; structures as `(a,b)`, lists as `[a,b]`, names as `@name`
    #[arg(value_name = "ARGUMENT", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// Send a transaction, after a dry run, instead of only reading
    #[arg(long)]
    send: bool,
    #[command(flatten)]
    chain: ChainArgs,
}

#[derive(Serialize)]
struct Answered {
    chain: String,
    contract: Address,
    function: String,
    answers: Vec<Shown>,
    transaction: Option<B256>,
    gas: Option<u64>,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    value: Value,
    #[serde(skip)]
    text: String,
}

impl From<Answer> for Shown {
    fn from(answer: Answer) -> Self {
        Self {
            name: answer.name,
            kind: answer.kind,
            value: answer.value,
            text: answer.text,
        }
    }
}

impl Shown {
    fn new(name: &str, kind: &str, value: impl ToString) -> Self {
        let text = value.to_string();
        Self {
            name: name.into(),
            kind: kind.into(),
            value: Value::String(text.clone()),
            text,
        }
    }
}

impl Call {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let mut opened = self.chain.open()?;
        let chain = opened.chain();
        // Addresses alone need no deployment.
        let deployment = match self.chain.deployment(chain.chain_id()) {
            Ok((deployment, _)) => Some(deployment),
            Err(_) if self.contract.parse::<Address>().is_ok() => None,
            Err(error) => return Err(error),
        };
        let contract = address(&self.contract, deployment.as_ref())?;
        let mut answered = Answered {
            chain: chain.name(),
            contract,
            function: self.function.clone(),
            answers: Vec::new(),
            transaction: None,
            gas: None,
        };
        match self.function.as_str() {
            "context" => {
                let arguments = expand_all(&self.arguments, deployment.as_ref(), chain)?;
                let consumer = consumer(contract, &arguments, chain)?;
                let context = consumer.context(chain)?;
                answered.answers = vec![Shown::new("context", "bytes32", context)];
                let facts = consumer.facts().into_iter();
                let facts = facts.map(|fact| Shown::new(fact.name, fact.kind, fact.value));
                answered.answers.extend(facts);
            }
            "model" => answered.answers = self.model(chain, contract, deployment.as_ref())?,
            function => {
                let arguments = expand_all(&self.arguments, deployment.as_ref(), chain)?;
                let known = contracts(contract, deployment.as_ref());
                let invocation = Invocation::of(&known, function, &arguments)?;
                answered.function = invocation.signature();
                let data = invocation.data.clone();
                let answer = chain.call(Some(contract), data.clone())?;
                let answers = invocation.decode(&answer)?.into_iter();
                answered.answers = answers.map(Into::into).collect();
                if self.send {
                    let receipt = chain.send(Some(contract), data)?;
                    (answered.transaction, answered.gas) =
                        (Some(receipt.transaction), Some(receipt.gas));
                }
            }
        }
        // A local chain keeps the time that passed, too.
        opened.keep()?;
        output.emit(&answered)
    }

    fn model(
        &self,
        chain: &mut dyn Chain,
        registry: Address,
        deployment: Option<&Deployment>,
    ) -> Result<Vec<Shown>, CliError> {
        let [which] = self.arguments.as_slice() else {
            return Err(usage(
                "which model? give its name in the deployment, or its id",
            ));
        };
        let named = deployment.and_then(|deployment| deployment.models.get(which));
        let id = match (named, which.parse::<U256>()) {
            (Some(model), _) => U256::from(model.model_id),
            (None, Ok(id)) => id,
            (None, Err(_)) => {
                return Err(usage(format!(
                    "`{which}` is no model of the deployment and no id"
                )));
            }
        };
        let model = chain.read(registry, &IModelRegistry::getModelCall { modelId: id })?;
        let latest = chain.read(registry, &IModelRegistry::versionCountCall { modelId: id })?;
        let of = IModelRegistry::versionOfCall {
            modelId: id,
            version: latest,
        };
        let version = chain.read(registry, &of)?;
        let pending = chain.read(registry, &IModelRegistry::pendingUpdateCall { modelId: id })?;
        let mut all = vec![
            Shown::new("modelId", "uint256", id),
            Shown::new("owner", "address", model.owner),
            Shown::new("deprecated", "bool", model.deprecated),
            Shown::new("version", "uint32", latest),
            Shown::new("versionDeprecated", "bool", version.deprecated),
            Shown::new("activatedAt", "uint40", version.activatedAt),
            Shown::new("key", "address", version.key),
            Shown::new("modelHash", "bytes32", version.commitment.modelHash),
            Shown::new("circuitHash", "bytes32", version.commitment.circuitHash),
            Shown::new("vkHash", "bytes32", version.commitment.vkHash),
            Shown::new("proofSystemId", "bytes4", version.commitment.proofSystemId),
            Shown::new("uri", "string", version.commitment.uri),
        ];
        if pending.version != 0 {
            all.push(Shown::new("pendingVersion", "uint32", pending.version));
            all.push(Shown::new("pendingUntil", "uint40", pending.eta));
        }
        Ok(all)
    }
}

/// Which contracts of this program an address can be, by what the deployment says of it; the first
/// is what people would call it.
fn contracts(address: Address, deployment: Option<&Deployment>) -> Vec<&str> {
    let Some(deployment) = deployment else {
        return Vec::new();
    };
    let core = &deployment.core;
    if address == core.gateway {
        // What it forwards to its verifiers is in the interface alone.
        return vec!["IVerdictGateway", "VerdictGateway"];
    }
    let core = [
        (core.registry, "ModelRegistry"),
        (core.verifier, "InferenceVerifier"),
        (core.verifying_keys, "VerifyingKeys"),
    ];
    if let Some((_, name)) = core.iter().find(|(of, _)| *of == address) {
        return vec![name];
    }
    let mut records = deployment
        .consumers
        .values()
        .chain(deployment.sources.values());
    let record = records.find(|record| record.address == address);
    record
        .map(|record| contract_of(&record.kind))
        .into_iter()
        .collect()
}

/// The consumer and the occasion that `context` is asked for.
fn consumer(
    contract: Address,
    arguments: &[String],
    chain: &mut dyn Chain,
) -> Result<Box<dyn Consumer>, CliError> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let known = words
        .split_first()
        .and_then(|(name, words)| Some((consumer_kind(name)?, words)));
    let parsed = match known {
        // Of the newest block's hash, the EVM of a dry run knows nothing yet.
        Some((kind, words)) => {
            let newest = chain.latest()?.number.saturating_sub(1);
            kind.parse(contract, words, newest)
        }
        None => None,
    };
    let consumer = parsed.ok_or_else(|| {
        let usages = CONSUMERS.iter().flat_map(|kind| kind.usages());
        let usages: Vec<String> = usages.map(|usage| format!("`context {usage}`")).collect();
        let (last, first) = usages
            .split_last()
            .map_or(("", &[][..]), |(last, first)| (last, first));
        usage(format!("context of what? {} or {last}", first.join(", ")))
    })?;
    Ok(consumer?)
}

/// The forms of `context`, for `--help`.
fn contexts() -> String {
    let of = |kind: &ConsumerKind| {
        let mut proves = kind.proves;
        let lines = kind.usages().map(|usage| {
            let line = format!("  {:<46}  {proves}\n", format!("context {usage}"));
            proves = "…";
            line
        });
        lines.collect::<String>()
    };
    CONSUMERS.iter().map(|kind| of(kind)).collect()
}

impl Report for Answered {
    fn text(&self) -> String {
        let given = answer_names(&self.function);
        let names = self.answers.iter().enumerate().map(|(i, answer)| {
            let given = given.get(i).copied().unwrap_or_default();
            match answer.name.as_str() {
                "" => given,
                name => name,
            }
        });
        let names: Vec<&str> = names.collect();
        let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
        let lines = names.iter().zip(&self.answers);
        let lines = lines.map(|(name, answer)| match width {
            0 => answer.text.clone(),
            _ => format!("{name:<width$}  {}", answer.text),
        });
        let mut text = lines.collect::<Vec<_>>().join("\n");
        if let (Some(transaction), Some(gas)) = (self.transaction, self.gas) {
            text += &format!("\ntransaction {transaction}, {} gas", count(gas));
        }
        text.trim_start().to_owned() + "\n"
    }
}
