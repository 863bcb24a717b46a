//! The `verdict` command: compile a model, prove an inference, verify it as a contract would.

mod args;
mod chain;
mod commands;
mod decode;
mod error;
mod features;
mod load;
mod measure;
mod meter;
mod names;
mod output;
mod planning;
mod report;
mod secret;
mod setup;

use clap::Parser;
use std::{io::IsTerminal, process::ExitCode};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let default = ["warn", "info", "debug", "trace"][usize::from(cli.verbose).min(3)];
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .init();
    let output = output::Output::new(cli.json);
    match commands::run(cli.command, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
