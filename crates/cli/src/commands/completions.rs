//! `verdict completions`

use crate::{error::CliError, report::output::Output};
use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  verdict completions bash > ~/.local/share/bash-completion/completions/verdict"
)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, mut command: clap::Command, output: &Output) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "verdict", &mut script);
        output.raw(&script)
    }
}
