//! `verdict audit`

mod key;
mod stated;

use crate::{
    error::CliError,
    load::{self, Kind},
    options::{BatchArgs, SrsArgs, chain::ChainArgs, key_proof::KeyProofArgs},
    report::output::Output,
};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict audit model.architecture --key proof.json --key-proof key.proof --dev\n  \
    verdict audit model.verdict --key key.bin --srs 3f1c --batch 1000 --json\n  \
    verdict audit model.verdict --bundle model.bundle.json --dev\n  \
    verdict audit model.verdict --registered price --local chain.json --dev\n  \
    verdict audit model.architecture --registered 7:2 --bundle model.bundle.json --rpc https://node.example --srs 3f1c\n\n\
    A key: lays the architecture out again, commits to every column that is not a weight column, and compares. With a compiled model,\n\
    whose weights are public, every column must match. Of a key with private weights the key proof shows that what it hides are weights.\n\n\
    A bundle or a registered version: compares, line by line, everything that is stated of the model with what the model, or its\n\
    architecture, makes of it. For a registered version these are the code of registry, gateway and verifier, the code at the key's\n\
    address, vkHash, circuitHash and every field of the spec, modelHash, the route, the verifier's set-up, and the key.\n\n\
    What is compared is believed; what it is compared with is not: the model file, this program and the set-up are yours, every word of\n\
    the chain is the node's. A node that lies can show a version that nobody registered: ask two that do not know each other, with\n\
    --json, and compare. Which registry and gateway are meant the deployment's file says: they must be those that the consumer calls.\n\n\
    Exits with 4 if anything differs."
)]
pub(crate) struct AuditCommand {
    /// The architecture (`verdict redact`), or the compiled model
    #[arg(value_name = "ARCHITECTURE")]
    subject: PathBuf,
    /// The verifying key: a proof file, or the key's bytes, raw or in hexadecimal, as they are in a
    /// file or as the code of an account, with its leading STOP
    #[arg(long, value_name = "FILE", required_unless_present_any = ["registered", "bundle"])]
    key: Option<PathBuf>,
    /// A registered version: the model's id, or its name in the deployment, and its version [default
    /// version: the latest]
    #[arg(long, value_name = "ID[:VERSION]", conflicts_with = "key")]
    registered: Option<String>,
    #[command(flatten)]
    proof: KeyProofArgs,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    srs: SrsArgs,
    #[command(flatten)]
    chain: ChainArgs,
}

impl AuditCommand {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let kind = load::kind(&self.subject)?;
        if !matches!(kind, Kind::Architecture | Kind::Compiled) {
            return Err(CliError::Input(format!(
                "{} is neither an architecture (`verdict redact`) nor a compiled model",
                self.subject.display()
            )));
        }
        if let Some(version) = &self.registered {
            return self.registered(version, output);
        }
        match &self.key {
            Some(key) => self.key(key, output),
            None => self.bundle(output),
        }
    }
}
