//! Operators that are made of others, an operator or a family for each file.

pub(crate) mod attention;
pub(crate) mod branch;
pub(crate) mod causal_conv;
pub(crate) mod contrib;
pub(crate) mod loops;
pub(crate) mod losses;
mod masks;
pub(crate) mod quantised;
pub(crate) mod recurrent;
pub(crate) mod rotary;
pub(crate) mod whole;
