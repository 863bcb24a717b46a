//! Which constants may be public of a model whose weights are private.
//!
//! Tables are public, so a function must not contain anything that was trained. Attributes are
//! architecture; a constant of the graph may be either, and its name does not tell. It counts as
//! trained unless it is one of the numbers that activation functions are written with, or the
//! caller says otherwise.

use std::collections::HashSet;

use crate::import::node::Node;
use crate::{CompileError, Result};

/// Numbers that exporters spell activation functions out with: ReLU6, HardSwish, GELU in its three
/// forms, square roots and squares. That a constant is one of them is all that a table then says.
const FAMILIAR: [f64; 16] = [
    0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    3.0,
    -3.0,
    6.0,
    0.5,
    -0.5,
    1.0 / 6.0,
    std::f64::consts::SQRT_2,
    std::f64::consts::FRAC_1_SQRT_2,
    0.797_884_560_802_865_4,
    0.044_715,
    1.702,
];

/// What the importer keeps out of functions.
#[derive(Debug, Default)]
pub(crate) struct Secrecy {
    /// Whether the weights are to stay private.
    pub(crate) private: bool,
    /// Constants that the caller says are not trained.
    public: HashSet<String>,
}

impl Secrecy {
    pub(crate) fn private(public: &[&str]) -> Self {
        Self {
            private: true,
            public: public.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The names that the caller gave.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.public.iter()
    }

    /// Whether the constant called `name` must not enter a function with this value.
    pub(crate) fn hides(&self, name: &str, value: f64) -> bool {
        self.private && !self.public.contains(name) && !is_familiar(value)
    }

    /// Refuses a node that needs the constant at operand `index` in a table, for its `values`.
    pub(crate) fn check(&self, node: &Node<'_>, index: usize, values: &[f64]) -> Result<()> {
        let name = node.input(index);
        match values.iter().any(|value| self.hides(&name, *value)) {
            true => Err(refused(node, &name)),
            false => Ok(()),
        }
    }
}

/// Why a node cannot be compiled: constant `name` would become public.
fn refused(node: &Node<'_>, name: &str) -> CompileError {
    node.invalid(format!(
        "with private weights its constant `{name}` would be public as part of a table; if it was not trained, say so with \
         --public-constant {name}, otherwise use an operator that only multiplies by it and adds it"
    ))
}

/// Whether a number, or what a 32-bit float keeps of it, is familiar.
fn is_familiar(value: f64) -> bool {
    let mut known = FAMILIAR.into_iter();
    known.any(|known| value == known || value == f64::from(known as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn familiar_numbers_and_named_constants_are_public() {
        let secrecy = Secrecy::private(&["scale"]);
        assert!(secrecy.hides("slope", 0.11) && secrecy.hides("slope", 0.500_1));
        assert!(!secrecy.hides("scale", 0.11));
        for number in FAMILIAR {
            assert!(!secrecy.hides("slope", number));
            assert!(!secrecy.hides("slope", f64::from(number as f32)));
        }
        assert!(!Secrecy::default().hides("slope", 0.11));
    }
}
