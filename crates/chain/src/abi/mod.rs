//! Functions and constructors of contracts, with arguments and answers as people write them.

mod arguments;
mod config;
mod fields;
mod invocation;
mod template;

pub use arguments::{creation_code, creation_code_of};
pub use config::{ConfigFile, Expand};
pub use fields::{ConfigField, ConfigRules, FieldDefault};
pub use invocation::{Answer, Invocation};
pub use template::config_template;
