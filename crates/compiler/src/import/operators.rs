//! The operators the importer knows, with what they ask for and how exact they are: the gate that every node passes, and the
//! source of docs/operators.md.

use crate::import::ml;

/// How far an operator's integers are from its real numbers, given its operands' errors. Every output of a model is rounded to its
/// own step besides.
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
    /// All of them.
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

    /// One word.
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

/// An operator the importer knows.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    /// Empty for ONNX's own, or `ai.onnx.ml`.
    pub domain: &'static str,
    /// The operator's name.
    pub name: &'static str,
    /// How exact it is.
    pub guarantee: Guarantee,
    /// What it asks for; empty if nothing.
    pub conditions: &'static str,
}

const fn onnx(name: &'static str, guarantee: Guarantee, conditions: &'static str) -> Operator {
    Operator {
        domain: "",
        name,
        guarantee,
        conditions,
    }
}

const fn ml(name: &'static str, guarantee: Guarantee, conditions: &'static str) -> Operator {
    Operator {
        domain: ml::DOMAIN,
        name,
        guarantee,
        conditions,
    }
}

use Guarantee::{Composed, Constant, Decision, Extreme, Function, Linear, Moved, Product};

const PLANES: &str = "one or two spatial axes, batch of 1";
const FIXED_INDICES: &str = "constant indices";
const FIXED_AXES: &str = "constant axes";

/// Every operator the importer knows, by domain and name.
pub const OPERATORS: &[Operator] = &[
    onnx("Abs", Function, ""),
    onnx("Acos", Function, ""),
    onnx("Acosh", Function, ""),
    onnx("Add", Linear, ""),
    onnx("And", Decision, ""),
    onnx("ArgMax", Decision, ""),
    onnx("ArgMin", Decision, ""),
    onnx("Asin", Function, ""),
    onnx("Asinh", Function, ""),
    onnx("Atan", Function, ""),
    onnx("Atanh", Function, ""),
    onnx("AveragePool", Linear, PLANES),
    onnx(
        "BatchNormalization",
        Linear,
        "inference mode, constant parameters",
    ),
    onnx("Cast", Function, "to a number"),
    onnx("CastLike", Function, "to a number"),
    onnx("Ceil", Function, ""),
    onnx("Celu", Function, ""),
    onnx("CenterCropPad", Moved, "constant shape"),
    onnx("Clip", Function, "constant bounds"),
    onnx("Concat", Moved, ""),
    onnx("Constant", Constant, "numbers"),
    onnx("ConstantOfShape", Constant, "constant shape"),
    onnx(
        "Conv",
        Linear,
        "constant weights; one or two spatial axes, batch of 1",
    ),
    onnx(
        "ConvTranspose",
        Linear,
        "constant weights; one or two spatial axes, batch of 1",
    ),
    onnx("Cos", Function, ""),
    onnx("Cosh", Function, ""),
    onnx("CumSum", Linear, "constant axis"),
    onnx("DepthToSpace", Moved, "batch of 1"),
    onnx("Div", Product, "whole numbers: constant divisors"),
    onnx("Dropout", Moved, "inference mode, first output"),
    onnx(
        "Einsum",
        Product,
        "one or two operands, no index twice in one",
    ),
    onnx("Elu", Function, ""),
    onnx("Equal", Decision, ""),
    onnx("Erf", Function, ""),
    onnx("Exp", Function, ""),
    onnx("Expand", Moved, "constant shape"),
    onnx("EyeLike", Constant, "fixed shape"),
    onnx("Flatten", Moved, ""),
    onnx("Floor", Function, ""),
    onnx(
        "Gather",
        Moved,
        "constant indices, or a constant picked from by up to 32,768 table entries",
    ),
    onnx("GatherElements", Moved, FIXED_INDICES),
    onnx("GatherND", Moved, FIXED_INDICES),
    onnx("Gelu", Function, ""),
    onnx("Gemm", Product, ""),
    onnx("GlobalAveragePool", Linear, ""),
    onnx("GlobalMaxPool", Extreme, PLANES),
    onnx("Greater", Decision, ""),
    onnx("GreaterOrEqual", Decision, ""),
    onnx("GroupNormalization", Composed, "constant parameters"),
    onnx("HardSigmoid", Function, ""),
    onnx("HardSwish", Function, ""),
    onnx("Hardmax", Decision, ""),
    onnx("Identity", Moved, ""),
    onnx("InstanceNormalization", Composed, "constant parameters"),
    onnx(
        "LayerNormalization",
        Composed,
        "constant parameters, first output",
    ),
    onnx("LeakyRelu", Function, ""),
    onnx("Less", Decision, ""),
    onnx("LessOrEqual", Decision, ""),
    onnx("Log", Function, ""),
    onnx("LogSoftmax", Composed, ""),
    onnx("MatMul", Product, ""),
    onnx("Max", Extreme, ""),
    onnx(
        "MaxPool",
        Extreme,
        "one or two spatial axes, batch of 1, first output",
    ),
    onnx("Mean", Linear, ""),
    onnx("Min", Extreme, ""),
    onnx("Mish", Function, ""),
    onnx(
        "Mod",
        Function,
        "constant divisors, up to 32 different ones",
    ),
    onnx("Mul", Product, ""),
    onnx("Neg", Linear, ""),
    onnx("Not", Decision, ""),
    onnx("OneHot", Decision, "constant depth up to 512 and values"),
    onnx("Or", Decision, ""),
    onnx("PRelu", Function, "constant slopes"),
    onnx("Pad", Moved, "constant pads"),
    onnx(
        "Pow",
        Function,
        "constant exponents or constant bases, up to 32 different ones",
    ),
    onnx("RMSNormalization", Composed, "constant parameters"),
    onnx("Range", Constant, "constant operands"),
    onnx("Reciprocal", Function, ""),
    onnx("ReduceL1", Composed, FIXED_AXES),
    onnx("ReduceL2", Composed, FIXED_AXES),
    onnx("ReduceLogSum", Composed, FIXED_AXES),
    onnx("ReduceLogSumExp", Composed, FIXED_AXES),
    onnx("ReduceMax", Extreme, FIXED_AXES),
    onnx("ReduceMean", Linear, FIXED_AXES),
    onnx("ReduceMin", Extreme, FIXED_AXES),
    onnx("ReduceProd", Product, FIXED_AXES),
    onnx("ReduceSum", Linear, FIXED_AXES),
    onnx("ReduceSumSquare", Product, FIXED_AXES),
    onnx("Relu", Function, ""),
    onnx("Reshape", Moved, "constant shape"),
    onnx(
        "Resize",
        Linear,
        "constant sizes; no antialiasing, no cropping",
    ),
    onnx("ReverseSequence", Moved, "constant lengths"),
    onnx("Round", Function, ""),
    onnx(
        "ScatterElements",
        Moved,
        "constant indices; reduction none or add",
    ),
    onnx(
        "ScatterND",
        Moved,
        "constant indices; reduction none or add",
    ),
    onnx("Selu", Function, ""),
    onnx("Shape", Constant, ""),
    onnx("Shrink", Function, ""),
    onnx("Sigmoid", Function, ""),
    onnx("Sign", Function, ""),
    onnx("Sin", Function, ""),
    onnx("Sinh", Function, ""),
    onnx("Size", Constant, ""),
    onnx("Slice", Moved, "constant bounds"),
    onnx("Softmax", Composed, ""),
    onnx("Softplus", Function, ""),
    onnx("Softsign", Function, ""),
    onnx("SpaceToDepth", Moved, "batch of 1"),
    onnx("Split", Moved, "constant sizes"),
    onnx("Sqrt", Function, ""),
    onnx("Squeeze", Moved, FIXED_AXES),
    onnx("Sub", Linear, ""),
    onnx("Sum", Linear, ""),
    onnx("Swish", Function, ""),
    onnx("Tan", Function, ""),
    onnx("Tanh", Function, ""),
    onnx("ThresholdedRelu", Function, ""),
    onnx("Tile", Moved, "constant repeats"),
    onnx(
        "TopK",
        Extreme,
        "constant K; beyond 1 along short axes only",
    ),
    onnx("Transpose", Moved, ""),
    onnx("Trilu", Moved, "constant diagonal"),
    onnx("Unsqueeze", Moved, FIXED_AXES),
    onnx("Upsample", Linear, "constant scales"),
    onnx("Where", Product, ""),
    onnx("Xor", Decision, ""),
    ml("ArrayFeatureExtractor", Moved, FIXED_INDICES),
    ml("Binarizer", Decision, ""),
    ml("FeatureVectorizer", Moved, ""),
    ml("Imputer", Decision, "numbers"),
    ml("LabelEncoder", Decision, "numbers"),
    ml("LinearClassifier", Linear, ""),
    ml("LinearRegressor", Linear, ""),
    ml("Normalizer", Composed, ""),
    ml("OneHotEncoder", Decision, "numbers"),
    ml("SVMClassifier", Composed, ""),
    ml("SVMRegressor", Composed, ""),
    ml("Scaler", Linear, ""),
    ml("TreeEnsemble", Decision, "one row, no set membership"),
    ml("TreeEnsembleClassifier", Decision, "one row"),
    ml("TreeEnsembleRegressor", Decision, "one row"),
    ml("ZipMap", Moved, ""),
];

/// Advice on an operator that is not supported.
pub fn advice(name: &str) -> &'static str {
    crate::import::hints::hint(name)
}

/// The operator, if the importer knows it.
pub(super) fn find(domain: &str, name: &str) -> Option<&'static Operator> {
    let domain = if domain == "ai.onnx" { "" } else { domain };
    OPERATORS
        .iter()
        .find(|operator| operator.domain == domain && operator.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_listed_once() {
        let keys: Vec<_> = OPERATORS.iter().map(|o| (o.domain, o.name)).collect();
        assert!(keys.is_sorted() && keys.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
