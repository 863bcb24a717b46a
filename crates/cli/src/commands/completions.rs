//! `verdict completions`

use crate::{args::Cli, error::CliError, output::Output};
use clap::{Args, CommandFactory};
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
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "verdict", &mut script);
        output.raw(&script)
    }
}
