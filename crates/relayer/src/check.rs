//! Whether a configuration would work, before anything runs.

use crate::{
    RelayError,
    config::{Config, EvidenceConfig},
    job::Job,
    net,
    pipeline::Seen,
    relay::Loaded,
    rpc::Nodes,
    served::Models,
    store::Store,
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use verdict_chain::Block;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What.
    pub what: String,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was found.
    pub found: String,
}

/// All that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Whether everything is as it must be.
    pub fn pass(&self) -> bool {
        self.0.iter().all(|finding| finding.ok)
    }

    fn good(&mut self, what: impl Into<String>, found: impl Into<String>) {
        self.note(what, true, found);
    }

    fn bad(&mut self, what: impl Into<String>, found: impl Into<String>) {
        self.note(what, false, found);
    }

    fn note(&mut self, what: impl Into<String>, ok: bool, found: impl Into<String>) {
        self.0.push(Finding {
            what: what.into(),
            ok,
            found: found.into(),
        });
    }
}

/// Looks at everything that a configuration names: nodes, database, accounts, models, contracts,
/// roles, feeds, signers. What is wrong is a finding; nothing is changed.
pub async fn check(config: Config) -> Result<Findings, RelayError> {
    let mut findings = Findings::default();
    match Store::open(&config.database_url()?).await {
        Ok(store) => {
            store.close().await;
            findings.good("database", "answers");
        }
        Err(error) => findings.bad("database", error.to_string()),
    }
    let config = Arc::new(config);
    let nodes = Nodes::new(&config)?;
    let head = match nodes.head().await {
        Ok(head) => head,
        Err(error) => {
            findings.bad("nodes", error.to_string());
            return Ok(findings);
        }
    };
    for node in nodes.status() {
        let what = format!("node {}", node.host);
        match node.trouble {
            None => findings.good(what, format!("is at block {}", head.number)),
            Some(trouble) => findings.bad(what, trouble),
        }
    }
    let models = Arc::new(Models::new(&config)?);
    let loaded = match Loaded::open(config.clone(), &nodes, &models, None).await {
        Ok(loaded) => loaded,
        Err(error) => {
            findings.bad("jobs", error.to_string());
            return Ok(findings);
        }
    };
    accounts(&config, &loaded, &nodes, &mut findings).await?;
    for (name, job) in &loaded.jobs {
        let (id, version) = job.model.registered();
        findings.good(
            format!("jobs.{name}.model"),
            format!("is version {version} of model {id} in every part"),
        );
        roles(name, job, &nodes, head, &mut findings).await;
        inputs(name, job, &loaded, &nodes, head, &mut findings).await;
        signers(name, job, &config, &mut findings).await?;
    }
    Ok(findings)
}

async fn accounts(
    config: &Config,
    loaded: &Loaded,
    nodes: &Arc<Nodes>,
    findings: &mut Findings,
) -> Result<(), RelayError> {
    for (name, wallet) in &loaded.wallets {
        let ether = nodes.ether(wallet.address()).await?;
        let ok = ether >= config.service.low_balance;
        let found = format!("{} has {ether:.4} ether", wallet.address());
        findings.note(format!("signers.{name}"), ok, found);
    }
    let shared = loaded.jobs.values().filter(|job| job.kind.name == "guard");
    for guard in shared {
        let others = loaded
            .jobs
            .values()
            .filter(|job| job.name != guard.name && job.wallet.address() == guard.wallet.address());
        if let Some(other) = others.map(|job| job.name.as_str()).next() {
            findings.bad(
                format!("jobs.{}.signer", guard.name),
                format!("`{other}` sends from the same account: its transaction can hold a pause up; give the guard one of its own"),
            );
        }
    }
    Ok(())
}

async fn roles(
    name: &str,
    job: &Arc<Job>,
    nodes: &Arc<Nodes>,
    head: Block,
    findings: &mut Findings,
) {
    let (asking, account) = (job.clone(), job.wallet.address());
    let lacks = nodes.read(Some(head), account, move |chain| {
        let lacks = asking.kind.feeding.lacks;
        lacks(chain, asking.contract, &asking.fixed, account).map_err(RelayError::from)
    });
    let what = format!("jobs.{name}.contract");
    match lacks.await {
        Ok(lacking) if lacking.is_empty() => {
            findings.good(
                what,
                format!("{} takes proofs from {account}", job.contract),
            );
        }
        Ok(lacking) => lacking
            .into_iter()
            .for_each(|it| findings.bad(what.clone(), it)),
        Err(error) => findings.bad(what, error.to_string()),
    }
}

async fn inputs(
    name: &str,
    job: &Arc<Job>,
    loaded: &Loaded,
    nodes: &Arc<Nodes>,
    head: Block,
    findings: &mut Findings,
) {
    let what = format!("jobs.{name}.features");
    match Seen::read(loaded, job, nodes, head).await {
        Ok(seen) => {
            let value = seen
                .value()
                .map_or_else(|| "nothing".into(), |it| it.to_string());
            let standing = match (&seen.standing.closed, seen.standing.value) {
                (Some(closed), _) => format!("the contract takes nothing: {closed}"),
                (None, Some(value)) => format!("the contract says {value}"),
                (None, None) => "the contract has no value".into(),
            };
            findings.good(what, format!("the model says {value}, {standing}"));
        }
        Err(error) => findings.bad(what, error.to_string()),
    }
}

async fn signers(
    name: &str,
    job: &Arc<Job>,
    config: &Config,
    findings: &mut Findings,
) -> Result<(), RelayError> {
    let EvidenceConfig::Signed {
        signers, timeout, ..
    } = &job.config.evidence
    else {
        return Ok(());
    };
    let client = net::client(timeout.0.max(Duration::from_secs(1)))?;
    for signer in signers {
        let url = signer.read(&config.folder)?;
        let what = format!("jobs.{name}.evidence {}", net::host(&url));
        let asked = client.get(format!("{}/health", url.trim_end_matches('/')));
        match asked.send().await {
            Ok(response) if response.status().is_success() => findings.good(what, "answers"),
            Ok(response) => {
                findings.bad(what, format!("HTTP status {}", response.status().as_u16()))
            }
            Err(error) => findings.bad(what, net::plain(error)),
        }
    }
    Ok(())
}
