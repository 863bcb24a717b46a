//! One contract that is kept fed.

use super::{Config, PolicyConfig, Secret, Span, TriggerConfig, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use verdict_consumers::{CONSUMERS, ConsumerKind, consumer_kind};

/// Most features of a job: the page and the database keep every reading.
const MOST_FEATURES: usize = 4_096;

/// One contract that is kept fed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct JobConfig {
    /// Its kind, as `verdict submit` names it: oracle, risk, guard, airdrop.
    pub consumer: String,
    /// Where submissions go: a name of the deployment or an address.
    pub contract: String,
    /// The model, by its name in `models`.
    pub model: String,
    /// Who sends, by its name in `signers`; a data signer needs none.
    #[serde(default)]
    pub signer: Option<String>,
    /// What else belongs to an occasion, as `verdict submit` takes it: `source` of a risk updater,
    /// `number` and `entries` of an airdrop.
    #[serde(default)]
    pub parameters: BTreeMap<String, Word>,
    /// When there is something to do.
    pub triggers: Vec<TriggerConfig>,
    /// The model's inputs, in its order, unless the contract's source reads them itself.
    #[serde(default)]
    pub features: Vec<FeatureConfig>,
    /// The model's inputs as rows of a data file, for batches.
    #[serde(default)]
    pub rows: Option<PathBuf>,
    /// What vouches for the inputs.
    #[serde(default)]
    pub evidence: EvidenceConfig,
    /// How transactions are sent.
    #[serde(default)]
    pub policy: PolicyConfig,
    /// Which job goes first where only one can: the greater [default: the consumer's; a pause
    /// outranks a price].
    #[serde(default)]
    pub priority: Option<i32>,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text or a whole number")]
pub enum Word {
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// Values of the model's input.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FeatureConfig {
    /// Its name, for triggers, pages and messages.
    pub name: String,
    /// How many values it has.
    #[serde(default = "one")]
    pub values: usize,
    /// Where it can be read; all are asked, the median counts.
    pub from: Vec<ReadingConfig>,
    /// How many of them must answer, and be no outliers [default: more than half].
    #[serde(default)]
    pub quorum: Option<usize>,
    /// Readings farther from the median than so many ten thousandths of it are outliers.
    #[serde(default)]
    pub outlier_bps: Option<f64>,
    /// What readings are multiplied with.
    #[serde(default = "unit")]
    pub scale: f64,
}

/// One place where a feature can be read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    tag = "source",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum ReadingConfig {
    /// A JSON document behind a URL.
    Http {
        /// Where.
        url: Secret,
        /// Where in the document (RFC 6901): a number, a text with one, or a list of so many values.
        #[serde(default)]
        pointer: String,
        /// What is sent as a bearer token.
        #[serde(default)]
        token: Option<Secret>,
        /// How long it may take.
        #[serde(default = "patience")]
        timeout: Span,
        /// Where the document says when it is true, in seconds since 1970.
        #[serde(default)]
        time_pointer: Option<String>,
        /// How old it may be by that; asks for `time-pointer`.
        #[serde(default)]
        max_age: Option<Span>,
    },
    /// What a contract's function returns.
    Chain {
        /// Which contract: a name of the deployment or an address.
        contract: String,
        /// The function with what it returns, such as `latestAnswer() returns (int256)`.
        function: String,
        /// Its arguments.
        #[serde(default)]
        arguments: Vec<String>,
        /// Which of the answers counts, from 0.
        #[serde(default)]
        answer: usize,
        /// The answer stands for itself over 10 to this.
        #[serde(default)]
        decimals: u8,
    },
    /// A JSON file.
    File {
        /// Which.
        path: PathBuf,
        /// Where in the document (RFC 6901).
        #[serde(default)]
        pointer: String,
    },
}

/// What vouches for inputs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum EvidenceConfig {
    /// Nothing: the source (`OnChainFeatures`) reads them in the very call.
    #[default]
    Live,
    /// A quorum of data signers (`SignedFeatures`).
    Signed {
        /// Their endpoints, as `verdict signerd` listens on them.
        signers: Vec<Secret>,
        /// What is sent to them as a bearer token.
        #[serde(default)]
        token: Option<Secret>,
        /// How long they may take.
        #[serde(default = "patience")]
        timeout: Span,
    },
}

const fn one() -> usize {
    1
}

const fn unit() -> f64 {
    1.0
}

const fn patience() -> Span {
    Span(Duration::from_secs(5))
}

impl JobConfig {
    /// Its row of the consumers' table.
    pub fn kind(&self) -> Result<&'static ConsumerKind, String> {
        consumer_kind(&self.consumer).ok_or_else(|| {
            let names = CONSUMERS.iter().map(|kind| kind.name);
            format!("consumer: {}", nearest(&self.consumer, names))
        })
    }

    /// Its priority.
    pub fn priority(&self) -> i64 {
        let own = || self.kind().map_or(0, |kind| kind.feeding.priority);
        self.priority.unwrap_or_else(own).into()
    }

    pub(super) fn validate(&self, config: &Config) -> Result<(), String> {
        self.kind()?;
        let known = |what: &str, name: &str, names: Vec<&str>| match names.contains(&name) {
            true => Ok(()),
            false => Err(format!("{what}: {}", nearest(name, names.into_iter()))),
        };
        let names = config.models.keys().map(String::as_str).collect();
        known("model", &self.model, names)?;
        let names = config.signers.keys().map(String::as_str).collect();
        if let Some(signer) = &self.signer {
            known("signer", signer, names)?;
        }
        if self.triggers.is_empty() {
            return Err("triggers: nothing would ever happen".into());
        }
        for trigger in &self.triggers {
            trigger
                .validate(self)
                .map_err(|it| format!("triggers.{it}"))?;
        }
        self.policy.validate()?;
        self.validate_inputs()
    }

    fn validate_inputs(&self) -> Result<(), String> {
        let given = (!self.features.is_empty(), self.rows.is_some());
        match (&self.evidence, given) {
            (_, (true, true)) => return Err("features and rows: give one of them".into()),
            (EvidenceConfig::Live, (true, _) | (_, true)) => {
                return Err(
                    "features: with live evidence the contract's source reads the inputs itself; \
                     leave them out, or give `evidence = { kind = \"signed\", … }`"
                        .into(),
                );
            }
            (EvidenceConfig::Signed { .. }, (false, false)) => {
                return Err("features: say what the signers are to sign".into());
            }
            (EvidenceConfig::Signed { signers, .. }, _) if signers.is_empty() => {
                return Err("evidence.signers: name at least one".into());
            }
            _ => {}
        }
        let values = self.features.iter().map(|feature| feature.values);
        if values.sum::<usize>() > MOST_FEATURES {
            return Err(format!("features: more than {MOST_FEATURES} values"));
        }
        let mut names: Vec<&str> = self.features.iter().map(|it| it.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("features: two are named `{}`", twice[0]));
        }
        self.features
            .iter()
            .try_for_each(|feature| feature.validate().map_err(|it| format!("features.{it}")))
    }
}

impl FeatureConfig {
    /// How many readings must agree.
    pub fn needed(&self) -> usize {
        self.quorum.unwrap_or(self.from.len() / 2 + 1)
    }

    fn validate(&self) -> Result<(), String> {
        let name = &self.name;
        if self.from.is_empty() {
            return Err(format!("{name}.from: say where it is read"));
        }
        if self.values == 0 {
            return Err(format!("{name}.values: at least 1"));
        }
        if !(1..=self.from.len()).contains(&self.needed()) {
            return Err(format!(
                "{name}.quorum: {} of {} readings cannot agree",
                self.needed(),
                self.from.len()
            ));
        }
        if self
            .outlier_bps
            .is_some_and(|bps| bps.is_nan() || bps <= 0.0)
        {
            return Err(format!("{name}.outlier-bps: more than zero"));
        }
        if !(self.scale.is_finite() && self.scale != 0.0) {
            return Err(format!("{name}.scale: a number other than zero"));
        }
        self.from.iter().try_for_each(|reading| match reading {
            ReadingConfig::Http {
                max_age: Some(_),
                time_pointer: None,
                ..
            } => Err(format!("{name}.max-age: asks for `time-pointer`")),
            ReadingConfig::Chain {
                function, answer, ..
            } => {
                let parsed = alloy_json_abi::Function::parse(function)
                    .map_err(|error| format!("{name}.function: {error}"))?;
                match parsed.outputs.len() > *answer {
                    true => Ok(()),
                    false => Err(format!(
                        "{name}.function: `{function}` has no answer {answer}; write what it returns, such as `latestAnswer() returns (int256)`"
                    )),
                }
            }
            _ => Ok(()),
        })
    }
}
