#![doc = include_str!("../README.md")]

pub mod config;
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
mod served;
mod service;
pub mod signerd;
pub mod store;
pub mod tx;
pub mod web;

pub use error::RelayError;
pub use job::Job;
pub use metrics::Metrics;
pub use pipeline::{Pool, Seen};
pub use relay::{Loaded, Relay};
pub use served::{Inference, Models, Served};
pub use service::Service;
