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
use std::path::Path;
use verdict_chain::{
    Answer, Chain, ChainExt, Deployment, Invocation, bindings::registry::IModelRegistry,
};
use verdict_consumers::{Entries, Target};

#[derive(Debug, Args)]
#[command(after_help = format!("Examples:\n  \
    verdict call score-feed latestRoundData --rpc https://node.example\n  \
    verdict call market-risk getLatestUpdateByParameterAndMarket liquidationThreshold @market\n  \
    verdict call 0x… 'balanceOf(address)(uint256)' 0x…\n  \
    verdict call registry model price\n  \
    verdict call score-feed context oracle\n  \
    verdict call market-source context risk @now+10800\n  \
    verdict call token approve @campaign-1 1000000 --send --local chain.json\n  \
    verdict call market-risk execute 1 --send --local chain.json --after 3600\n\n\
    FUNCTION is the name of a function of a contract that comes with this program, a signature with its answer's types, or one of\n  \
    model NAME|ID                                   what the registry says of a model's latest version\n  \
    context oracle [confirm]                        what to prove under for an oracle's next round\n  \
    context risk DEADLINE                           … for a ModelRiskSource\n  \
    context guard ANCHOR|latest                     … for a guard; with `latest`, the anchor is chosen and printed\n  \
    context airdrop NUMBER ENTRIES.csv [PLACE]      … for an airdrop\n  \
    context airdrop NUMBER ROOT COUNT [PLACE]       … without the entries' file\n\n{NAMES}"))]
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
                let target = target(contract, &arguments, chain)?;
                let context = target.context(chain)?;
                answered.answers = vec![Shown::new("context", "bytes32", context)];
                answered.answers.extend(occasion(&target));
            }
            "model" => answered.answers = self.model(chain, contract, deployment.as_ref())?,
            function => {
                let arguments = expand_all(&self.arguments, deployment.as_ref(), chain)?;
                let invocation = Invocation::new(function, &arguments)?;
                answered.function = invocation.signature();
                let data = invocation.data.clone();
                let answer = chain.call(Some(contract), data.clone())?;
                answered.answers = invocation
                    .decode(&answer)?
                    .into_iter()
                    .map(Into::into)
                    .collect();
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

/// What `context` is asked for.
fn target(
    contract: Address,
    arguments: &[String],
    chain: &mut dyn Chain,
) -> Result<Target, CliError> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| usage(format!("`{text}` is no number")))
    };
    let place = |text: Option<&&str>| text.map_or(Ok(0), |text| number(text));
    Ok(match arguments.as_slice() {
        ["oracle"] | ["oracle", "confirm"] => Target::Oracle {
            oracle: contract,
            confirm: arguments.len() == 2,
        },
        ["risk", deadline] => Target::Risk {
            updater: contract,
            source: contract,
            deadline: number(deadline)?,
        },
        ["guard", anchor] => Target::Guard {
            guard: contract,
            anchor: match *anchor {
                // Of the newest block's hash, the EVM of a dry run knows nothing yet.
                "latest" => chain.latest()?.number.saturating_sub(1),
                given => number(given)?,
            },
        },
        ["airdrop", batch, entries, rest @ ..]
            if entries.parse::<B256>().is_err() && rest.len() < 2 =>
        {
            let entries = Entries::load(Path::new(entries))?;
            Target::Airdrop {
                airdrop: contract,
                number: number(batch)?,
                root: entries.tree().root(),
                count: entries.count(),
                place: place(rest.first())?,
            }
        }
        ["airdrop", batch, root, entries, rest @ ..] if rest.len() < 2 => Target::Airdrop {
            airdrop: contract,
            number: number(batch)?,
            root: root
                .parse()
                .map_err(|_| usage(format!("`{root}` is not 32 bytes in hexadecimal")))?,
            count: u32::try_from(number(entries)?)
                .map_err(|_| usage(format!("{entries} entries are too many")))?,
            place: place(rest.first())?,
        },
        _ => {
            return Err(usage(
                "context of what? `context oracle [confirm]`, `context risk DEADLINE`, `context guard ANCHOR|latest`, \
                 `context airdrop NUMBER ENTRIES.csv [PLACE]` or `context airdrop NUMBER ROOT COUNT [PLACE]`",
            ));
        }
    })
}

/// What belongs to a context, and `verdict submit` is to be told again.
fn occasion(target: &Target) -> Vec<Shown> {
    match *target {
        Target::Oracle { .. } => Vec::new(),
        Target::Risk { deadline, .. } => vec![Shown::new("deadline", "uint256", deadline)],
        Target::Guard { anchor, .. } => vec![Shown::new("anchor", "uint256", anchor)],
        Target::Airdrop {
            number,
            root,
            count,
            ..
        } => vec![
            Shown::new("number", "uint256", number),
            Shown::new("root", "bytes32", root),
            Shown::new("count", "uint32", count),
        ],
    }
}

impl Report for Answered {
    fn text(&self) -> String {
        let width = self
            .answers
            .iter()
            .map(|it| it.name.len())
            .max()
            .unwrap_or(0);
        let lines = self.answers.iter().map(|it| match width {
            0 => it.text.clone(),
            _ => format!("{:<width$}  {}", it.name, it.text),
        });
        let mut text = lines.collect::<Vec<_>>().join("\n");
        if let (Some(transaction), Some(gas)) = (self.transaction, self.gas) {
            text += &format!("\ntransaction {transaction}, {} gas", count(gas));
        }
        text.trim_start().to_owned() + "\n"
    }
}
