//! One file per command.

pub(crate) mod accuracy;
pub(crate) mod address;
pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod call;
pub(crate) mod commit;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod demo;
mod demo_all;
pub(crate) mod deploy;
pub(crate) mod entries;
pub(crate) mod estimate;
pub(crate) mod evidence;
pub(crate) mod gather;
pub(crate) mod hide;
pub(crate) mod inspect;
pub(crate) mod prove;
pub(crate) mod register;
pub(crate) mod sign;
pub(crate) mod srs;
pub(crate) mod submit;
pub(crate) mod verify;

use crate::{args::Command, error::CliError, output::Output};

/// Runs a command.
pub(crate) fn run(command: Command, output: &Output) -> Result<(), CliError> {
    match command {
        Command::Srs(args) => args.run(output),
        Command::Compile(args) => args.run(output),
        Command::Estimate(args) => args.run(output),
        Command::Prove(args) => args.run(output),
        Command::Verify(args) => args.run(output),
        Command::Accuracy(args) => args.run(output),
        Command::Gather(args) => args.run(output),
        Command::Label(args) => args.run(output),
        Command::Commit(args) => args.run(output),
        Command::Hide(args) => args.run(output),
        Command::Redact(args) => args.run(output),
        Command::Audit(args) => args.run(output),
        Command::Inspect(args) => args.run(output),
        Command::Demo(args) => args.run(output),
        Command::Deploy(args) => args.run(output),
        Command::Register(args) => args.run(output),
        Command::Address(args) => args.run(output),
        Command::Sign(args) => args.run(output),
        Command::Evidence(args) => args.run(output),
        Command::Entries(args) => args.run(output),
        Command::Submit(args) => args.run(output),
        Command::Call(args) => args.run(output),
        Command::Bench(args) => args.run(output),
        Command::BenchOne(args) => args.run(output),
        Command::Completions(args) => args.run(output),
    }
}
