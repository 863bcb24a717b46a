//! Why a contract refused, by its custom error's name.

use alloy_primitives::Bytes;
use std::fmt;

/// Why a call reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revert {
    /// What the contract returned.
    pub data: Bytes,
    /// The error's name; `None` if no embedded contract has it.
    pub name: Option<String>,
    /// The error with its arguments, or the bytes.
    pub text: String,
}

impl Revert {
    /// What the EVM itself stopped at: out of gas, an invalid opcode.
    pub(crate) fn halt(reason: String) -> Self {
        Self {
            data: Bytes::new(),
            name: Some(reason.clone()),
            text: reason,
        }
    }

    pub(crate) const fn unnamed(data: Bytes, text: String) -> Self {
        Self {
            data,
            name: None,
            text,
        }
    }

    /// Whether the error has this name.
    pub fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
