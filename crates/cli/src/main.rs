#![doc = include_str!("../README.md")]

mod cli;
mod commands;
mod error;
mod features;
mod load;
mod measure;
mod options;
mod report;
mod telemetry;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // tract is asked once for each value that is looked into, and warns of new opsets each time.
    let default = ["warn,tract_onnx=error", "info", "debug", "trace"];
    let default = default[usize::from(cli.verbose).min(3)];
    let _telemetry = telemetry::begin(cli.command.log_format(), default);
    let output = report::output::Output::new(cli.json);
    match cli.command.run(&output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
