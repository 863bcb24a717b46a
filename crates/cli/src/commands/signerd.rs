//! `verdict signerd`

use crate::{
    commands::relay::{LogFormat, within},
    error::CliError,
    report::output::Output,
};
use clap::Args;
use std::path::PathBuf;
use verdict_relayer::{
    config::Config,
    signerd::{Signerd, listen, serve},
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict signerd --config signer.toml\n  \
    verdict signerd --config signer.toml --log-format json\n\n\
    Vouches for features as one of a `SignedFeatures` source's signers. The file is a relayer's with a section [signerd]; its jobs say \
    what this signer knows of, and where it reads their features itself. A request is signed only if contract, model, question, time \
    and every value are what this signer sees; whoever asks is believed in nothing.")]
pub(crate) struct SignerdCommand {
    /// What to sign for, and where its features are
    #[arg(long, default_value = "signer.toml", value_name = "FILE")]
    config: PathBuf,
    /// How logs are written
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

impl SignerdCommand {
    /// How its logs are written.
    pub(crate) const fn log_format(&self) -> LogFormat {
        self.log_format
    }

    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        within(async {
            let signer = Signerd::open(Config::load(&self.config)?).await?;
            let (listener, address) = listen(&signer).await?;
            output.note(&format!("{} signs on http://{address}/", signer.address()));
            serve(signer, listener, verdict_relayer::told_to_stop()).await
        })
    }
}
