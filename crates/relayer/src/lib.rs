#![doc = include_str!("../README.md")]

pub mod check;
pub mod config;
pub mod control;
mod error;
pub mod evidence;
pub mod features;
mod job;
mod metrics;
mod net;
mod observe;
mod pipeline;
mod relay;
pub mod rpc;
mod run;
mod served;
mod service;
pub mod signerd;
pub mod store;
pub mod tx;
pub mod web;
pub mod workers;

pub use error::RelayError;
pub use job::Job;
pub use metrics::Metrics;
pub use pipeline::{Pool, Seen};
pub use relay::{Loaded, Relay};
pub use run::{Running, runtime, told_to_stop};
pub use served::{Inference, Models, Served};
pub use service::{AccountState, Service};
