//! How exact an operator is, in words.

/// How far an operator's integers are from its real numbers, given its operands' errors. Every
/// output of a model is rounded to its own step besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Guarantee {
    /// Known at compile time.
    Constant,
    /// Moves cells.
    Moved,
    /// Multiplies by constants and adds.
    Linear,
    /// A function of one variable.
    Function,
    /// Picks the largest or smallest.
    Extreme,
    /// Decides something: its result is a whole number.
    Decision,
    /// Multiplies values that depend on the input.
    Product,
    /// Made of several of these.
    Composed,
}

impl Guarantee {
    /// All guarantees, from the simplest on.
    pub const ALL: [Self; 8] = [
        Self::Constant,
        Self::Moved,
        Self::Linear,
        Self::Function,
        Self::Extreme,
        Self::Decision,
        Self::Product,
        Self::Composed,
    ];

    /// The guarantee in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Moved => "moved",
            Self::Linear => "linear",
            Self::Function => "function",
            Self::Extreme => "extreme",
            Self::Decision => "decision",
            Self::Product => "product",
            Self::Composed => "composed",
        }
    }

    /// The bound, in words.
    pub fn bound(self) -> &'static str {
        match self {
            Self::Constant => "none: it is computed in double precision when the model is compiled",
            Self::Moved => "its operand's",
            Self::Linear => {
                "`Σ |w|·e + Σ |x|·δw + δb`: the operands' errors `e` times the weights, the values times the rounding of the \
                 weights (half a step each), and that of the bias"
            }
            Self::Function => {
                "`m·(e + u/2) + s/2`: the steepest slope `m` near the value times the operand's error and half a key's step `u`, and \
                 half a step `s` of the value; beyond the calibrated range values saturate"
            }
            Self::Extreme => {
                "that of the operand picked, whose integers are passed on as they are; operands that are no tensor yet are rounded to half a \
                 step first"
            }
            Self::Decision => {
                "none on the integers it compares; it can differ from the real numbers' only where these are within their errors of \
                 what decides"
            }
            Self::Product => {
                "`|a|·e_b + |b|·e_a + e_a·e_b`: it is exact in the integers of both factors, each rounded to half a step first unless it is a \
                 tensor already; but the weight of its squares is rounded where it cannot be made whole, which adds up to a tenth of the result \
                 where calibration leaves no room (`error_bounds` says how much)"
            }
            Self::Composed => {
                "that of the sums, products and look-ups it consists of, one after another; the source file's comment states it"
            }
        }
    }
}
