//! The table of consumers on the command line: a subcommand for each, with its parameters as
//! options.

use crate::{
    error::CliError,
    options::{chain::address, hex32},
};
use alloy_primitives::{Address, B256};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, value_parser};
use std::path::PathBuf;
use verdict_chain::Deployment;
use verdict_consumers::{
    CONSUMERS, Consumer, ConsumerKind, consumer_kind,
    parameter::{Arguments, Need, Parameter, ParameterKind, Value},
};

/// What was chosen of the table, and told about the occasion.
#[derive(Clone, Debug)]
pub(crate) struct Occasion {
    kind: &'static ConsumerKind,
    arguments: Arguments,
    /// Contracts as they were named: a deployment says which addresses those are.
    contracts: Vec<(&'static str, String)>,
}

/// A subcommand for each consumer, with those of its parameters that `parameters` chooses, and the
/// options of `W`.
pub(crate) fn subcommands<W: Args>(
    command: Command,
    about: fn(&ConsumerKind) -> &'static str,
    parameters: fn(&Parameter) -> bool,
) -> Command {
    CONSUMERS.iter().fold(command, |command, kind| {
        let own = kind.parameters.iter().filter(|it| parameters(it));
        let with_own = Command::new(kind.name).args(own.map(argument));
        // After the options: a group of them would put its own description here.
        command.subcommand(W::augment_args(with_own).about(about(kind)))
    })
}

/// A parameter as an option.
fn argument(parameter: &Parameter) -> Arg {
    let argument = Arg::new(parameter.name)
        .long(parameter.name)
        .help(parameter.help);
    let argument = match parameter.kind {
        ParameterKind::Flag => return argument.action(ArgAction::SetTrue),
        ParameterKind::Number(u64::MAX) | ParameterKind::Block => {
            argument.value_parser(value_parser!(u64))
        }
        ParameterKind::Number(largest) => {
            argument.value_parser(value_parser!(u64).range(..=largest))
        }
        ParameterKind::Hash => argument.value_parser(hex32),
        ParameterKind::Contract => argument,
        ParameterKind::File => argument.value_parser(value_parser!(PathBuf)),
    };
    let argument = argument.value_name(parameter.value);
    match parameter.need {
        Need::Required => argument.required(true),
        Need::Optional => argument,
        Need::Default(value) => argument.default_value(value),
        Need::Unless(other) => argument
            .required_unless_present(other)
            .conflicts_with(other),
        Need::With(other) => argument.requires(other),
    }
}

impl Occasion {
    /// What was given to a subcommand of a consumer; `None` of another subcommand.
    pub(crate) fn given(name: &str, matches: &ArgMatches) -> Option<Self> {
        let kind = consumer_kind(name)?;
        let mut given = Self {
            kind,
            arguments: Arguments::new(),
            contracts: Vec::new(),
        };
        for parameter in kind.parameters {
            given.read(parameter, matches);
        }
        Some(given)
    }

    fn read(&mut self, parameter: &'static Parameter, matches: &ArgMatches) {
        let name = parameter.name;
        // Not every subcommand has every parameter.
        let value = match parameter.kind {
            ParameterKind::Flag => matches
                .try_get_one::<bool>(name)
                .ok()
                .flatten()
                .filter(|given| **given)
                .map(|_| Value::Flag),
            ParameterKind::Number(_) | ParameterKind::Block => {
                one::<u64>(matches, name).map(Value::Number)
            }
            ParameterKind::Hash => one::<B256>(matches, name).map(Value::Hash),
            ParameterKind::File => one::<PathBuf>(matches, name).map(Value::File),
            ParameterKind::Contract => {
                let given = one::<String>(matches, name);
                self.contracts.extend(given.map(|given| (name, given)));
                None
            }
        };
        if let Some(value) = value {
            self.arguments = std::mem::take(&mut self.arguments).with(name, value);
        }
    }

    /// The consumer at an address.
    pub(crate) fn at(
        &self,
        contract: Address,
        deployment: &Deployment,
    ) -> Result<Box<dyn Consumer>, CliError> {
        let mut arguments = self.arguments.clone();
        for (name, given) in &self.contracts {
            let address = address(given, Some(deployment))?;
            arguments = arguments.with(name, Value::Contract(address));
        }
        Ok((self.kind.at)(contract, &arguments)?)
    }
}

fn one<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    matches.try_get_one::<T>(name).ok().flatten().cloned()
}

/// Lines of usage examples, one for each consumer.
pub(crate) fn examples(line: impl Fn(&ConsumerKind) -> String) -> String {
    let lines = CONSUMERS.iter().map(|kind| {
        let words: Vec<String> = line(kind).split_whitespace().map(Into::into).collect();
        format!("  {}\n", words.join(" "))
    });
    lines.collect()
}
