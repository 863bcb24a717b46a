//! What a compilation is doing, for those who wait for it.

use std::fmt;

/// What a compilation begins with next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CompileStep {
    /// Rows of the data are run through the importer's reading of the file and through tract's.
    Compare {
        /// How many rows there are.
        rows: usize,
    },
    /// The calibration rows are run, to see which values tensors take.
    Measure {
        /// How many rows there are.
        rows: usize,
        /// Whether channels were scaled to be of equal size.
        equalised: bool,
    },
    /// Integers of some number of bits are made and compared with the float model.
    Try {
        /// How many were tried before.
        before: u32,
        /// Bits of activations.
        activation_bits: u32,
        /// Bits of outputs.
        output_bits: u32,
        /// No table has more than two to this many entries.
        table_bits: u32,
        /// What the search took so far, of the most that it may take.
        spent: f64,
    },
}

/// Told of every step before it begins.
pub type OnStep<'a> = dyn Fn(CompileStep) + 'a;

impl fmt::Display for CompileStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { rows } => write!(f, "compares {rows} rows with tract"),
            Self::Measure { rows, equalised } => {
                let channels = if *equalised {
                    ", channels equalised"
                } else {
                    ""
                };
                write!(f, "runs {rows} calibration rows{channels}")
            }
            Self::Try {
                before,
                activation_bits,
                output_bits,
                table_bits,
                spent,
            } => write!(
                f,
                "attempt {}: activations of {activation_bits} bits, outputs of {output_bits}, tables of 2^{table_bits}; {:.0} % of the \
                 longest search",
                before + 1,
                (spent * 100.0).min(100.0)
            ),
        }
    }
}
