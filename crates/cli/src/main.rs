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
use commands::relay::LogFormat;
use std::{io::IsTerminal, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// Begins to log: as a service does, with times and more than warnings, or as a command.
fn logs(service: Option<LogFormat>, default: &str) {
    let default = match (service, default) {
        (Some(_), "warn,tract_onnx=error") => "info",
        _ => default,
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match service {
        None => logs.without_time().init(),
        Some(LogFormat::Text) => logs.init(),
        Some(LogFormat::Json) => logs.json().init(),
    }
}

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // tract is asked once for each value that is looked into, and warns of new opsets each time.
    let default = ["warn,tract_onnx=error", "info", "debug", "trace"];
    let default = default[usize::from(cli.verbose).min(3)];
    logs(cli.command.log_format(), default);
    let output = report::output::Output::new(cli.json);
    match cli.command.run(&output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
