#![doc = include_str!("../README.md")]

mod cli;
mod commands;
mod error;
mod features;
mod load;
mod measure;
mod options;
mod report;

use clap::Parser;
use std::{io::IsTerminal, process::ExitCode};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // tract is asked once for each value that is looked into, and warns of new opsets each time.
    let default = ["warn,tract_onnx=error", "info", "debug", "trace"];
    let default = default[usize::from(cli.verbose).min(3)];
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .init();
    let output = report::output::Output::new(cli.json);
    match cli.command.run(&output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
