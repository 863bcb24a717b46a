//! What every consumer is: the trait, and what a row of the table says.

use crate::{
    ConsumerError,
    feeding::Feeding,
    parameter::{self, Arguments, Form, Parameter},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::fmt;
use verdict_chain::{Chain, ConfigRules};

/// A consumer contract together with the occasion that a proof is for: an oracle and its next
/// round, a guard and an anchor block.
pub trait Consumer: fmt::Debug + Send + Sync {
    /// Its row of the table.
    fn kind(&self) -> &'static ConsumerKind;

    /// The contract that the proof's context names.
    fn consumer(&self) -> Address;

    /// The contract that the transaction goes to.
    fn contract(&self) -> Address {
        self.consumer()
    }

    /// The pin of the model version that the contract acts on.
    fn pin(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError>;

    /// The feature source that it asks.
    fn source(&self, chain: &mut dyn Chain) -> Result<Address, ConsumerError>;

    /// What it asks the source about.
    fn subject(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError>;

    /// What it puts into the proof's context.
    fn payload(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError>;

    /// The same, with some evidence.
    fn payload_of(&self, chain: &mut dyn Chain, _evidence: &Bytes) -> Result<B256, ConsumerError> {
        self.payload(chain)
    }

    /// The call that hands the proof in.
    fn calldata(&self, evidence: Bytes, outputs: Vec<U256>, proof: Bytes) -> Bytes;

    /// What the number that this call returns stands for.
    fn meaning(&self, returned: U256) -> &'static str;

    /// What whoever submits the proof must be told besides its context.
    fn facts(&self) -> Vec<Fact> {
        Vec::new()
    }

    /// What a subject that is a digest stands for.
    fn occasion(&self) -> Option<String> {
        None
    }

    /// Whether evidence must be of a block.
    fn wants_block(&self) -> bool {
        false
    }
}

/// Something that belongs to a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: &'static str,
    /// Its Solidity type.
    pub kind: &'static str,
    /// Its value.
    pub value: String,
}

impl Fact {
    pub(crate) fn new(name: &'static str, kind: &'static str, value: impl ToString) -> Self {
        Self {
            name,
            kind,
            value: value.to_string(),
        }
    }
}

/// What to do about errors of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The errors' names.
    pub errors: &'static [&'static str],
    /// The next step.
    pub advice: &'static str,
}

/// The names of a function's answers where its ABI has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerNames {
    /// The function's signature.
    pub function: &'static str,
    /// In the order of the answers.
    pub names: &'static [&'static str],
}

/// Makes a consumer of a contract's address and an occasion.
pub type MakeConsumer = fn(Address, &Arguments) -> Result<Box<dyn Consumer>, ConsumerError>;

/// A row of the table: what tools need to know of a kind of consumer.
#[derive(Debug)]
pub struct ConsumerKind {
    /// Its name in commands, deployments and stories.
    pub name: &'static str,
    /// The contract that a submission goes to.
    pub contract: &'static str,
    /// What a submission is, for usage texts.
    pub submits: &'static str,
    /// For what data are asked, for usage texts.
    pub asks: &'static str,
    /// What a context is for, for usage texts.
    pub proves: &'static str,
    /// What else belongs to an occasion.
    pub parameters: &'static [Parameter],
    /// How an occasion is written down as words.
    pub forms: &'static [Form],
    /// An example of a submission's parameters, and of a question's.
    pub example: Example,
    /// Makes a consumer of a contract's address and an occasion.
    pub at: MakeConsumer,
    /// How a service keeps its contracts fed.
    pub feeding: Feeding,
    /// What configures its contracts.
    pub config: ConfigRules,
    /// What to do about its errors.
    pub hints: &'static [Hint],
    /// Names of answers.
    pub answers: &'static [AnswerNames],
}

/// How usage texts show a consumer at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// A name of the contract that a submission goes to.
    pub contract: &'static str,
    /// Options of a submission.
    pub submit: &'static str,
    /// A name of the contract that asks.
    pub asker: &'static str,
    /// Options of a question.
    pub ask: &'static str,
    /// Words of a context.
    pub context: &'static str,
}

impl ConsumerKind {
    /// How an occasion can be written down as words, the kind's name first.
    pub fn usages(&self) -> impl Iterator<Item = String> + '_ {
        let forms = self.forms.iter();
        forms.map(|form| format!("{}{}", self.name, parameter::usage(form)))
    }

    /// The consumer at an address, with the occasion that some words write down; `None` if they
    /// have no form of this kind's. `newest` is the newest block whose hash a contract can know.
    pub fn parse(
        &self,
        at: Address,
        words: &[&str],
        newest: u64,
    ) -> Option<Result<Box<dyn Consumer>, ConsumerError>> {
        let arguments = parameter::parse(self.forms, words, newest)?;
        Some(arguments.and_then(|arguments| (self.at)(at, &arguments)))
    }

    /// The parameters that a question depends on.
    pub fn asked(&self) -> impl Iterator<Item = &'static Parameter> {
        self.parameters.iter().filter(|parameter| parameter.asked)
    }
}

/// keccak256 of values as `abi.encode` writes them.
pub(crate) fn hash(value: impl alloy_sol_types::SolValue) -> B256 {
    alloy_primitives::keccak256(value.abi_encode())
}
