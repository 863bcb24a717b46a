#![doc = include_str!("../README.md")]

pub mod airdrop;
mod attestation;
mod committed;
mod consumer;
pub mod context;
mod entries;
mod error;
mod feeding;
pub mod guard;
mod on_chain;
pub mod oracle;
pub mod parameter;
mod question;
pub mod risk;
mod signed;
mod signed_data;
mod source;
mod submit;
mod table;

pub use attestation::{Attestation, Quorum, Statement, combine};
pub use committed::{Commitment, Committed, committed_evidence};
pub use consumer::{AnswerNames, Consumer, ConsumerKind, Example, Fact, Hint, MakeConsumer};
pub use entries::{Entries, Tree};
pub use error::ConsumerError;
pub use feeding::{Due, Feeding, Foreseen, Occasion, Rule, Standing};
pub use on_chain::{Prepared, Snapshot, live_integers, model_of_feeds, snapshot_evidence};
pub use question::{Question, Registered};
pub use signed::SignerSet;
pub use signed_data::{DataSigners, Moment, SignedData};
pub use source::SourceKind;
pub use submit::{ConsumerExt, PreparedCall, Submitted};
pub use table::{
    CONSUMERS, SOURCES, Section, advice, answer_names, config_rules, consumer_kind, contract_of,
    kind_of, source_kind,
};
