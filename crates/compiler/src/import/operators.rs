//! The operators the importer knows, with what they ask for, how exact they are and how they are
//! imported: the gate that every node passes, the dispatch, and the source of docs/operators.md.
//!
//! No other file names an operator to tell it from others. An element-wise operator is a row and a
//! case that tests it; any other is a row, a function in `ops` or `ml`, and a case.

use crate::float::expression::{Binary, Expression, Unary};
use crate::import::guarantee::Guarantee;
use crate::import::ml::{encoders, forest, linear, normalizer, preprocess, svm};
use crate::import::operator::{Asked, End, Infinities, Integers, Learned, Operator, Part, Special};
use crate::import::operator::{Expand, Explicit, Follows, OfWhole, Planewise, Rounds};
use crate::import::ops::compare::{Order, Summand};
use crate::import::ops::expanded::{
    attention, branch, causal_conv, contrib, loops, losses, quantised, recurrent, rotary, whole,
};
use crate::import::ops::functions::Cellwise;
use crate::import::ops::interpolate::Sampler;
use crate::import::ops::{
    asked, average_pool, bits, blocks, by_constant, cell_windows, clip, compare, constants,
    conv_ops, conv_transpose, einsum, embedding, functions, interpolate, linear_ops, max_pool,
    maximum, move_ops, norms, one_hot, padding, plane_moves, plane_products, plane_sums, prelu,
    products, regions, resize, sampling, scatter, shape_ops, softmax, spectrum, split, top_k,
    unfold,
};
use crate::import::{defect, hints, kinds};

use Cellwise::{All, Fold, Pair, Parametric, Plain};
use Explicit::{Map, Maps, Several, Tensors};
use Guarantee::{Composed, Constant, Decision, Extreme, Function, Linear, Moved as Moves, Product};
use Planewise::{Any, Cut, First, Measured, Moved, Reshaped, Tried};

const fn onnx(name: &'static str, guarantee: Guarantee, conditions: &'static str) -> Operator {
    Operator::onnx(name, guarantee, conditions)
}

const fn ml(
    name: &'static str,
    guarantee: Guarantee,
    conditions: &'static str,
    learned: Learned,
) -> Operator {
    Operator::learned(name, guarantee, conditions, learned)
}

/// A row of onnxruntime's own domain.
const fn contributed(
    name: &'static str,
    guarantee: Guarantee,
    conditions: &'static str,
    expand: Expand,
) -> Operator {
    made_of_others(contrib::DOMAIN, name, guarantee, conditions, expand)
}

/// A row of operators that ONNX is trying out.
const fn preview(
    name: &'static str,
    guarantee: Guarantee,
    conditions: &'static str,
    expand: Expand,
) -> Operator {
    made_of_others(attention::PREVIEW, name, guarantee, conditions, expand)
}

/// A row of another domain, for an operator that is made of ONNX's own.
const fn made_of_others(
    domain: &'static str,
    name: &'static str,
    guarantee: Guarantee,
    conditions: &'static str,
    expand: Expand,
) -> Operator {
    let mut row = Operator::onnx(name, guarantee, conditions).expanded(expand);
    row.domain = domain;
    row
}

const FIXED_STEPS: &str = "a fixed number of steps, constant lengths of what is read from the end";
const STEPS: &str = "constant steps and zero points";
const WHOLE_INDICES: &str = "constant or whole indices";
const BITS: &str = "a constant operand, or two of types of 8 bits";
const FIXED_AXES: &str = "constant axes";

/// The operator that drops the fractions of what is whole by type.
pub(crate) const TRUNCATES: &str = "Cast";

/// The operator that is spelled out as `e / Σ e` with `e = exp(x − max x)`.
pub(crate) const SOFT_MAX: &str = "Softmax";

/// Every operator the importer knows, by domain and name.
pub const OPERATORS: &[Operator] = &[
    onnx("Abs", Function, "")
        .cellwise(Plain(|v| v.unary(Unary::Abs)))
        .stays_whole(),
    onnx("Acos", Function, "").cellwise(Plain(|v| v.unary(Unary::Acos))),
    onnx("Acosh", Function, "").cellwise(Plain(|v| v.unary(Unary::Acosh))),
    onnx("Add", Linear, "")
        .cellwise(Pair(|a, b| a.binary(Binary::Add, b)))
        .planewise(Any(|node, all, builder| {
            plane_sums::add(node, all, builder, 1.0)
        }))
        .explicit(Map(|node| linear_ops::add(node, 1.0)))
        .infinities(Infinities::Masked)
        .end(End::Adds)
        .rounds(Rounds::Adds)
        .stays_whole(),
    onnx("AffineGrid", Linear, "constant size").explicit(Map(sampling::affine_grid)),
    onnx("And", Decision, "")
        .cellwise(Pair(|a, b| {
            functions::truth(a).binary(Binary::Mul, &functions::truth(b))
        }))
        .varying(Tensors(compare::both))
        .holds(kinds::truth),
    onnx("ArgMax", Decision, "")
        .explicit(Tensors(|node, builder| {
            maximum::position(node, builder, false)
        }))
        .integers(Integers::First)
        .scores()
        .holds(kinds::whole)
        .end(End::Chooses { axis: 0 }),
    onnx("ArgMin", Decision, "")
        .explicit(Tensors(|node, builder| {
            maximum::position(node, builder, true)
        }))
        .integers(Integers::First)
        .scores()
        .holds(kinds::whole),
    onnx("Asin", Function, "").cellwise(Plain(|v| v.unary(Unary::Asin))),
    onnx("Asinh", Function, "").cellwise(Plain(|v| v.unary(Unary::Asinh))),
    onnx("Atan", Function, "").cellwise(Plain(|v| v.unary(Unary::Atan))),
    onnx("Atanh", Function, "").cellwise(Plain(|v| v.unary(Unary::Atanh))),
    onnx("Attention", Composed, "")
        .infinities(Infinities::Read)
        .expanded(attention::attention),
    onnx("AveragePool", Linear, "")
        .planewise(Tried(average_pool::average_pool))
        .explicit(Map(cell_windows::average_pool)),
    onnx(
        "BatchNormalization",
        Linear,
        "inference mode, constant parameters",
    )
    .planewise(First(plane_sums::batch_normalization))
    .explicit(Map(linear_ops::batch_normalization)),
    onnx(
        "BitShift",
        Function,
        "constant amounts, up to 32 different ones",
    )
    .cellwise(All(bits::shift))
    .varying(Tensors(bits::shifted))
    .defect(defect::FAR)
    .stays_within(),
    onnx("BitwiseAnd", Function, BITS)
        .cellwise(All(bits::and))
        .varying(Tensors(bits::both))
        .stays_within(),
    onnx("BitwiseNot", Linear, "")
        .cellwise(Parametric(bits::complement))
        .stays_within(),
    onnx("BitwiseOr", Function, BITS)
        .cellwise(All(bits::or))
        .varying(Tensors(bits::either))
        .stays_within(),
    onnx("BitwiseXor", Function, BITS)
        .cellwise(All(bits::xor))
        .varying(Tensors(bits::differing))
        .stays_within(),
    onnx("BlackmanWindow", Constant, "constant size")
        .explicit(Map(|node| spectrum::window(node, [0.42, 0.5, 0.08])))
        .holds(kinds::real),
    onnx("Cast", Function, "to a number")
        .cellwise(Parametric(functions::cast))
        .scores()
        .infinities(Infinities::Moved(shape_ops::identity))
        .holds(kinds::cast)
        .keeps_whole()
        .end(End::Passes)
        .may_be_empty()
        .stays_whole(),
    onnx("CastLike", Function, "to a number")
        .special(Special::As("Cast", kinds::cast_like))
        .holds(kinds::second),
    onnx("CausalConvWithState", Product, "a fixed number of tokens")
        .expanded(causal_conv::causal_conv),
    onnx("Ceil", Function, "").cellwise(Plain(|v| v.unary(Unary::Ceil))),
    onnx("Celu", Function, "")
        .cellwise(Parametric(functions::celu))
        .defect(defect::FACTOR),
    onnx("CenterCropPad", Moves, "constant shape").explicit(Map(move_ops::centre_crop_pad)),
    onnx("Clip", Function, "")
        .cellwise(Parametric(functions::clip))
        .planewise(Tried(clip::clip))
        .varying(Tensors(maximum::between))
        .infinities(Infinities::Read)
        .stays_within(),
    onnx("Col2Im", Linear, "constant shapes").explicit(Map(unfold::col_to_im)),
    onnx("Concat", Moves, "")
        .planewise(Any(plane_moves::concat))
        .explicit(Map(shape_ops::concat))
        .moves_words()
        .end(End::Adds)
        .may_be_empty(),
    onnx("Constant", Constant, "numbers")
        .special(Special::Constant(constants::constant))
        .holds(kinds::constant),
    onnx("ConstantOfShape", Constant, "constant shape")
        .explicit(Map(constants::of_shape))
        .holds(kinds::tensor),
    onnx("Conv", Product, "")
        .planewise(Tried(conv_ops::conv))
        .explicit(Tensors(cell_windows::conv))
        .integers(Integers::Factors)
        .stays_whole(),
    onnx("ConvInteger", Product, "constant zero points").expanded(quantised::conv_integer),
    onnx("ConvTranspose", Product, "")
        .planewise(Tried(conv_transpose::conv_transpose))
        .explicit(Tensors(cell_windows::conv_transpose))
        .integers(Integers::Factors)
        .defect(defect::OUTPUT_SHAPE)
        .stays_whole(),
    onnx("Cos", Function, "").cellwise(Plain(|v| v.unary(Unary::Cos))),
    onnx("Cosh", Function, "").cellwise(Plain(|v| v.unary(Unary::Cosh))),
    onnx("CumProd", Product, "constant axis").expanded(contrib::running_product),
    onnx("CumSum", Linear, "constant axis")
        .explicit(Map(linear_ops::cumulative_sum))
        .stays_whole(),
    onnx("DFT", Linear, "constant length and axis").explicit(Map(spectrum::dft)),
    onnx(
        "DeformConv",
        Linear,
        "constant weights, offsets, bias and mask; two spatial axes",
    )
    .explicit(Map(sampling::deformed_conv)),
    onnx("DepthToSpace", Moves, "")
        .planewise(Tried(blocks::depth_to_space))
        .explicit(Map(blocks::depth_to_space_cells)),
    onnx("DequantizeLinear", Linear, STEPS).expanded(quantised::dequantise),
    onnx("Div", Product, "whole numbers: constant divisors")
        .cellwise(All(functions::divide))
        .planewise(First(plane_products::div))
        .varying(Tensors(by_constant::divide))
        .with_reciprocal("Mul")
        .part(Part::Share)
        .end(End::Adds)
        .rounds(Rounds::Divides)
        .stays_whole(),
    onnx("Dropout", Moves, "inference mode, first output")
        .cellwise(Parametric(functions::dropout))
        .end(End::Passes)
        .holds(kinds::masked),
    onnx("DynamicQuantizeLinear", Composed, "").expanded(quantised::dynamic),
    onnx(
        "Einsum",
        Product,
        "one or two operands, no index twice in one",
    )
    .explicit(Tensors(einsum::einsum))
    .stays_whole(),
    onnx("Elu", Function, "").cellwise(Parametric(functions::exponential)),
    onnx("Equal", Decision, "")
        .cellwise(Pair(|a, b| a.binary(Binary::Equal, b)))
        .varying(Tensors(|node, builder| {
            compare::compare(node, builder, Order::Equal)
        }))
        .infinities(Infinities::Compared(f64::eq))
        .holds(kinds::truth)
        .follows(Follows::Compares(Order::Equal)),
    onnx("Erf", Function, "").cellwise(Plain(|v| v.unary(Unary::Erf))),
    onnx("Exp", Function, "")
        .cellwise(Plain(|v| v.unary(Unary::Exp)))
        .part(Part::Power),
    onnx("Expand", Moves, "constant shape")
        .explicit(Map(move_ops::expand))
        .infinities(Infinities::Moved(move_ops::expand))
        .moves_words(),
    onnx("EyeLike", Constant, "fixed shape")
        .explicit(Map(constants::eye))
        .holds(kinds::dtype),
    onnx("Flatten", Moves, "")
        .planewise(Reshaped(shape_ops::flatten))
        .explicit(Map(shape_ops::flatten))
        .moves_words()
        .end(End::Passes),
    onnx("Floor", Function, "").cellwise(Plain(|v| v.unary(Unary::Floor))),
    onnx("GRU", Composed, FIXED_STEPS)
        .expanded(recurrent::gru)
        .defect(defect::RECURRENT),
    onnx(
        "Gather",
        Moves,
        "constant or whole indices; up to 32,768 table entries where it picks from a constant",
    )
    .planewise(Moved(shape_ops::gather))
    .explicit(Tensors(embedding::gather))
    .moves_words()
    .follows(Follows::PicksRows),
    onnx("GatherElements", Moves, WHOLE_INDICES)
        .explicit(Tensors(move_ops::gather_elements))
        .follows(Follows::PicksCells),
    onnx("GatherND", Moves, WHOLE_INDICES).explicit(Tensors(move_ops::gather_nd)),
    onnx("Gelu", Function, "").cellwise(Parametric(functions::gelu_of)),
    onnx("Gemm", Product, "")
        .explicit(Tensors(linear_ops::gemm))
        .integers(Integers::FactorsOrSquares)
        .end(End::Adds)
        .stays_whole(),
    onnx("GlobalAveragePool", Linear, "").explicit(Map(linear_ops::global_average_pool)),
    onnx("GlobalLpPool", Composed, "")
        .expanded(contrib::global_lp_pool)
        .defect(defect::MEAN),
    onnx("GlobalMaxPool", Extreme, "")
        .planewise(Tried(max_pool::global_max_pool))
        .explicit(Tensors(cell_windows::global_max_pool)),
    onnx("Greater", Decision, "")
        .cellwise(Pair(|a, b| a.binary(Binary::Greater, b)))
        .varying(Tensors(|node, builder| {
            compare::compare(node, builder, Order::Greater)
        }))
        .infinities(Infinities::Compared(f64::gt))
        .holds(kinds::truth)
        .follows(Follows::Compares(Order::Greater)),
    onnx("GreaterOrEqual", Decision, "")
        .cellwise(Pair(|a, b| a.binary(Binary::GreaterOrEqual, b)))
        .varying(Tensors(|node, builder| {
            compare::compare(node, builder, Order::AtLeast)
        }))
        .infinities(Infinities::Compared(f64::ge))
        .holds(kinds::truth)
        .follows(Follows::Compares(Order::AtLeast)),
    onnx("GridSample", Linear, "constant grid").explicit(Map(sampling::grid_sample)),
    onnx("GroupNormalization", Composed, "constant parameters").explicit(Tensors(
        |node, builder| norms::channels(node, builder, true),
    )),
    onnx("HammingWindow", Constant, "constant size")
        .explicit(Map(|node| {
            spectrum::window(node, [25.0 / 46.0, 21.0 / 46.0, 0.0])
        }))
        .holds(kinds::real),
    onnx("HannWindow", Constant, "constant size")
        .explicit(Map(|node| spectrum::window(node, [0.5, 0.5, 0.0])))
        .holds(kinds::real),
    onnx("HardSigmoid", Function, "").cellwise(Parametric(functions::hard_sigmoid_of)),
    onnx("HardSwish", Function, "").cellwise(Plain(functions::hard_swish)),
    onnx("Hardmax", Decision, "")
        .explicit(Tensors(maximum::hardmax))
        .integers(Integers::First)
        .scores()
        .soft_max()
        .end(End::Chooses { axis: -1 }),
    onnx("Identity", Moves, "")
        .cellwise(Plain(Expression::clone))
        .explicit(Map(shape_ops::identity))
        .infinities(Infinities::Moved(shape_ops::identity))
        .moves_words()
        .end(End::Passes)
        .may_be_empty(),
    onnx("If", Composed, "constant condition").expanded(branch::choose),
    onnx("InstanceNormalization", Composed, "constant parameters").explicit(Tensors(
        |node, builder| norms::channels(node, builder, false),
    )),
    onnx("IsInf", Decision, "")
        .cellwise(All(asked::is_infinite))
        .infinities(Infinities::Asked(Asked::Infinite))
        .holds(kinds::truth),
    onnx("IsNaN", Decision, "")
        .cellwise(All(asked::is_undefined))
        .infinities(Infinities::Asked(Asked::Undefined))
        .holds(kinds::truth),
    onnx("LRN", Composed, "").expanded(contrib::local_response),
    onnx("LSTM", Composed, FIXED_STEPS)
        .expanded(recurrent::lstm)
        .defect(defect::RECURRENT),
    onnx(
        "LayerNormalization",
        Composed,
        "constant parameters, first output",
    )
    .explicit(Tensors(|node, builder| norms::layer(node, builder, true)))
    .integers(Integers::HeavyFirst),
    onnx("LeakyRelu", Function, "").cellwise(Parametric(functions::leaky_relu)),
    onnx("Less", Decision, "")
        .cellwise(Pair(|a, b| b.binary(Binary::Greater, a)))
        .varying(Tensors(|node, builder| {
            compare::compare(node, builder, Order::Less)
        }))
        .infinities(Infinities::Compared(f64::lt))
        .holds(kinds::truth)
        .follows(Follows::Compares(Order::Less)),
    onnx("LessOrEqual", Decision, "")
        .cellwise(Pair(|a, b| b.binary(Binary::GreaterOrEqual, a)))
        .varying(Tensors(|node, builder| {
            compare::compare(node, builder, Order::AtMost)
        }))
        .infinities(Infinities::Compared(f64::le))
        .holds(kinds::truth)
        .follows(Follows::Compares(Order::AtMost)),
    onnx("Log", Function, "").cellwise(Plain(|v| v.unary(Unary::Log))),
    onnx("LogSoftmax", Composed, "")
        .explicit(Tensors(|node, builder| {
            softmax::softmax(node, builder, true)
        }))
        .soft_max()
        .end(End::Chooses { axis: -1 }),
    onnx(
        "Loop",
        Composed,
        "a length that does not depend on the input",
    )
    .expanded(loops::repeat),
    onnx("LpNormalization", Composed, "").expanded(contrib::lp_norm),
    onnx("LpPool", Composed, "").expanded(contrib::lp_pool),
    onnx("MatMul", Product, "")
        .explicit(Tensors(linear_ops::matmul))
        .integers(Integers::FactorsOrSquares)
        .end(End::Adds)
        .stays_whole(),
    onnx("MatMulInteger", Product, "constant zero points").expanded(quantised::matmul_integer),
    onnx("Max", Extreme, "")
        .cellwise(Fold(Binary::Max))
        .varying(Tensors(|node, builder| {
            maximum::extreme(node, builder, false)
        }))
        .infinities(Infinities::Read),
    onnx("MaxPool", Extreme, "")
        .planewise(Tried(max_pool::max_pool))
        .explicit(Several(cell_windows::max_pool))
        .holds(kinds::positions),
    onnx("MaxUnpool", Moves, "constant places").explicit(Map(unfold::max_unpool)),
    onnx("Mean", Linear, "")
        .cellwise(All(functions::mean))
        .explicit(Map(linear_ops::mean)),
    onnx("MeanVarianceNormalization", Composed, "").expanded(contrib::mean_variance),
    onnx("MelWeightMatrix", Constant, "constant operands")
        .explicit(Map(spectrum::mel))
        .holds(kinds::real),
    onnx("Min", Extreme, "")
        .cellwise(Fold(Binary::Min))
        .varying(Tensors(|node, builder| {
            maximum::extreme(node, builder, true)
        }))
        .infinities(Infinities::Read),
    onnx("Mish", Function, "").cellwise(Plain(functions::mish)),
    onnx(
        "Mod",
        Function,
        "constant divisors, up to 32 different ones",
    )
    .cellwise(All(functions::modulo))
    .varying(Tensors(by_constant::modulo))
    .defect(defect::REMAINDER)
    .stays_within(),
    onnx("Mul", Product, "")
        .cellwise(Pair(|a, b| a.binary(Binary::Mul, b)))
        .planewise(Any(plane_products::mul))
        .explicit(Tensors(products::mul))
        .integers(Integers::Factors)
        .end(End::Adds)
        .rounds(Rounds::Multiplies)
        .stays_whole(),
    onnx("Neg", Linear, "")
        .cellwise(Plain(|v| v.unary(Unary::Neg)))
        .stays_whole(),
    onnx("NegativeLogLikelihoodLoss", Composed, "").expanded(losses::likelihood),
    onnx("NonZero", Constant, "constant operand")
        .explicit(Map(constants::non_zero))
        .holds(kinds::whole),
    onnx("Not", Decision, "")
        .cellwise(Plain(|v| v.with(Binary::Equal, 0.0)))
        .holds(kinds::truth),
    onnx("OneHot", Decision, "constant depth up to 512 and values")
        .explicit(Tensors(one_hot::one_hot))
        .defect(defect::DEPTH)
        .holds(kinds::third),
    onnx("Or", Decision, "")
        .cellwise(Pair(|a, b| {
            functions::truth(a).binary(Binary::Max, &functions::truth(b))
        }))
        .varying(Tensors(|node, builder| {
            compare::either(node, builder, -1.0)
        }))
        .holds(kinds::truth),
    onnx("PRelu", Function, "")
        .cellwise(Pair(functions::leaky))
        .planewise(Tried(prelu::prelu))
        .varying(Tensors(prelu::varying))
        .truncates(),
    onnx("Pad", Moves, "constant pads")
        .planewise(First(plane_moves::pad))
        .explicit(Map(padding::pad))
        .infinities(Infinities::Masked),
    onnx(
        "Pow",
        Function,
        "constant exponents or constant bases, up to 32 different ones",
    )
    .cellwise(Pair(functions::pow))
    .varying(Tensors(by_constant::power))
    .truncates(),
    onnx("QLinearConv", Function, STEPS).expanded(quantised::conv),
    onnx("QLinearMatMul", Function, STEPS).expanded(quantised::matmul),
    onnx("QuantizeLinear", Function, STEPS).expanded(quantised::quantise),
    onnx("RMSNormalization", Composed, "constant parameters")
        .explicit(Tensors(|node, builder| norms::layer(node, builder, false)))
        .integers(Integers::HeavyFirst),
    onnx("RNN", Composed, FIXED_STEPS)
        .expanded(recurrent::rnn)
        .defect(defect::RECURRENT),
    onnx("Range", Constant, "constant operands").explicit(Map(constants::range)),
    onnx("Reciprocal", Function, "")
        .cellwise(Plain(|v| Expression::constant(1.0).binary(Binary::Div, v))),
    onnx("ReduceL1", Composed, FIXED_AXES)
        .lists()
        .explicit(Tensors(|node, builder| {
            compare::reduce(node, builder, Summand::Magnitude, None)
        }))
        .stays_whole(),
    onnx("ReduceL2", Composed, FIXED_AXES)
        .lists()
        .explicit(Tensors(|node, builder| {
            compare::reduce(node, builder, Summand::Square, Some(Unary::Sqrt))
        }))
        .integers(Integers::First)
        .of_whole(OfWhole::Made(whole::norm)),
    onnx("ReduceLogSum", Composed, FIXED_AXES)
        .lists()
        .explicit(Tensors(|node, builder| {
            compare::reduce(node, builder, Summand::Cell, Some(Unary::Log))
        })),
    onnx("ReduceLogSumExp", Composed, FIXED_AXES)
        .lists()
        .explicit(Tensors(softmax::log_sum_exp))
        .integers(Integers::First),
    onnx("ReduceMax", Extreme, FIXED_AXES)
        .lists()
        .explicit(Tensors(|node, builder| {
            maximum::reduce(node, builder, false)
        }))
        .infinities(Infinities::Moved(|node| maximum::of_constants(node, false)))
        .scores()
        .defect(defect::LOWEST)
        .part(Part::Largest)
        .integers(Integers::First),
    onnx("ReduceMean", Linear, FIXED_AXES)
        .lists()
        .explicit(Map(|node| linear_ops::reduce(node, true)))
        .of_whole(OfWhole::Made(whole::mean)),
    onnx("ReduceMin", Extreme, FIXED_AXES)
        .lists()
        .explicit(Tensors(|node, builder| {
            maximum::reduce(node, builder, true)
        }))
        .infinities(Infinities::Moved(|node| maximum::of_constants(node, true)))
        .integers(Integers::First),
    onnx("ReduceProd", Product, FIXED_AXES)
        .lists()
        .explicit(Tensors(compare::product))
        .integers(Integers::First)
        .stays_whole(),
    onnx("ReduceSum", Linear, FIXED_AXES)
        .lists()
        .explicit(Map(|node| linear_ops::reduce(node, false)))
        .part(Part::Sum)
        .stays_whole(),
    onnx("ReduceSumSquare", Product, FIXED_AXES)
        .lists()
        .explicit(Tensors(|node, builder| {
            compare::reduce(node, builder, Summand::Square, None)
        }))
        .integers(Integers::First)
        .stays_whole(),
    onnx("Relu", Function, "")
        .cellwise(Plain(functions::relu))
        .stays_within(),
    onnx("Reshape", Moves, "constant shape")
        .planewise(Reshaped(shape_ops::reshape))
        .explicit(Map(shape_ops::reshape))
        .infinities(Infinities::Moved(shape_ops::reshape))
        .moves_words()
        .end(End::Passes)
        .may_be_empty(),
    onnx("Resize", Linear, "constant sizes and regions")
        .planewise(Tried(|node, all, builder| {
            resize::resize(node, all, builder, Sampler::Resize)
        }))
        .explicit(Map(|node| interpolate::resize(node, Sampler::Resize)))
        .may_be_empty(),
    onnx("ReverseSequence", Moves, "constant lengths").explicit(Map(move_ops::reverse_sequence)),
    onnx("RoiAlign", Linear, "constant regions").explicit(Tensors(regions::roi_align)),
    onnx("RotaryEmbedding", Linear, "constant caches").expanded(rotary::rotary),
    onnx("Round", Function, "").cellwise(Plain(|v| v.unary(Unary::Round))),
    onnx("STFT", Linear, "constant window, step and length").explicit(Map(spectrum::stft)),
    onnx("Scan", Composed, "opset 9 or newer").expanded(loops::scan),
    onnx("Scatter", Moves, WHOLE_INDICES).special(Special::As("ScatterElements", kinds::same)),
    onnx(
        "ScatterElements",
        Moves,
        "constant indices, or whole ones and reduction none or add",
    )
    .explicit(Tensors(scatter::scatter_elements))
    .stays_whole(),
    onnx(
        "ScatterND",
        Moves,
        "constant indices, or whole ones and reduction none or add",
    )
    .explicit(Tensors(scatter::scatter_nd))
    .stays_whole(),
    onnx("Selu", Function, "").cellwise(Parametric(functions::selu)),
    onnx("Shape", Constant, "")
        .planewise(Measured(constants::shape))
        .explicit(Map(constants::shape))
        .holds(kinds::whole)
        .only_shape()
        .may_be_empty(),
    onnx("Shrink", Function, "")
        .cellwise(Parametric(functions::shrink))
        .truncates(),
    onnx("Sigmoid", Function, "").cellwise(Plain(|v| v.unary(Unary::Sigmoid))),
    onnx("Sign", Function, "")
        .cellwise(Plain(|v| v.unary(Unary::Sign)))
        .stays_within(),
    onnx(
        "SimplifiedLayerNormalization",
        Composed,
        "constant parameters",
    )
    .expanded(contrib::simplified_norm),
    onnx("Sin", Function, "").cellwise(Plain(|v| v.unary(Unary::Sin))),
    onnx("Sinh", Function, "").cellwise(Plain(|v| v.unary(Unary::Sinh))),
    onnx("Size", Constant, "")
        .explicit(Map(constants::size))
        .holds(kinds::whole)
        .only_shape()
        .may_be_empty(),
    onnx("Slice", Moves, "constant bounds")
        .planewise(Moved(shape_ops::slice))
        .explicit(Map(shape_ops::slice))
        .infinities(Infinities::Moved(shape_ops::slice))
        .moves_words()
        .may_be_empty(),
    onnx("Softmax", Composed, "")
        .explicit(Tensors(|node, builder| {
            softmax::softmax(node, builder, false)
        }))
        .scores()
        .soft_max()
        .end(End::Chooses { axis: -1 }),
    onnx("SoftmaxCrossEntropyLoss", Composed, "").expanded(losses::cross_entropy),
    onnx("Softplus", Function, "").cellwise(Plain(functions::softplus)),
    onnx("Softsign", Function, "").cellwise(Plain(functions::softsign)),
    onnx("SpaceToDepth", Moves, "")
        .planewise(Tried(blocks::space_to_depth))
        .explicit(Map(blocks::space_to_depth_cells))
        .defect(defect::MODE),
    onnx("Split", Moves, "constant sizes")
        .planewise(Cut(split::split))
        .explicit(Maps(split::split))
        .moves_words(),
    onnx("Sqrt", Function, "").cellwise(Plain(|v| v.unary(Unary::Sqrt))),
    onnx("Squeeze", Moves, FIXED_AXES)
        .planewise(Reshaped(shape_ops::squeeze))
        .explicit(Map(shape_ops::squeeze))
        .infinities(Infinities::Moved(shape_ops::squeeze))
        .moves_words()
        .end(End::Passes)
        .may_be_empty(),
    onnx("Sub", Linear, "")
        .cellwise(Pair(|a, b| a.binary(Binary::Sub, b)))
        .planewise(Any(|node, all, builder| {
            plane_sums::add(node, all, builder, -1.0)
        }))
        .explicit(Map(|node| linear_ops::add(node, -1.0)))
        .end(End::Adds)
        .rounds(Rounds::Subtracts)
        .part(Part::Lead)
        .stays_whole(),
    onnx("Sum", Linear, "")
        .cellwise(Fold(Binary::Add))
        .planewise(Any(plane_sums::sum))
        .explicit(Map(linear_ops::sum))
        .end(End::Adds)
        .stays_whole(),
    onnx("SwiGLU", Product, "").expanded(contrib::gated),
    onnx("Swish", Function, "")
        .cellwise(Parametric(functions::swish))
        .defect(defect::SLOPE),
    onnx("Tan", Function, "").cellwise(Plain(|v| v.unary(Unary::Tan))),
    onnx("Tanh", Function, "").cellwise(Plain(|v| v.unary(Unary::Tanh))),
    onnx("ThresholdedRelu", Function, "").cellwise(Parametric(functions::thresholded_relu)),
    onnx("Tile", Moves, "constant repeats")
        .explicit(Map(move_ops::tile))
        .infinities(Infinities::Moved(move_ops::tile)),
    onnx(
        "TopK",
        Extreme,
        "constant K; beyond 1 along short axes only",
    )
    .explicit(Several(top_k::top_k))
    .integers(Integers::First)
    .holds(kinds::positions)
    .end(End::Chooses { axis: -1 }),
    onnx("Transpose", Moves, "")
        .planewise(Moved(shape_ops::transpose))
        .explicit(Map(shape_ops::transpose))
        .infinities(Infinities::Moved(shape_ops::transpose))
        .moves_words()
        .may_be_empty(),
    onnx("Trilu", Moves, "constant diagonal")
        .explicit(Map(move_ops::triangle))
        .infinities(Infinities::Moved(move_ops::triangle)),
    onnx("Unsqueeze", Moves, FIXED_AXES)
        .planewise(Reshaped(shape_ops::unsqueeze))
        .explicit(Map(shape_ops::unsqueeze))
        .infinities(Infinities::Moved(shape_ops::unsqueeze))
        .moves_words()
        .end(End::Passes)
        .may_be_empty(),
    onnx("Upsample", Linear, "constant scales")
        .planewise(Tried(|node, all, builder| {
            resize::resize(node, all, builder, Sampler::Upsample)
        }))
        .explicit(Map(|node| interpolate::resize(node, Sampler::Upsample)))
        .may_be_empty(),
    onnx("Where", Product, "")
        .cellwise(All(functions::choose))
        .varying(Tensors(products::choose))
        .infinities(Infinities::Chosen)
        .holds(kinds::second)
        .stays_within(),
    onnx("Xor", Decision, "")
        .cellwise(Pair(functions::differ))
        .varying(Tensors(|node, builder| {
            compare::either(node, builder, -2.0)
        }))
        .holds(kinds::truth),
    ml(
        "ArrayFeatureExtractor",
        Moves,
        WHOLE_INDICES,
        Learned::Tensors(preprocess::array_feature_extractor),
    )
    .moves_words()
    .holds(kinds::first),
    ml(
        "Binarizer",
        Decision,
        "",
        Learned::Tensors(encoders::binarizer),
    )
    .holds(kinds::first),
    ml(
        "FeatureVectorizer",
        Moves,
        "",
        Learned::Map(preprocess::feature_vectorizer),
    ),
    ml(
        "Imputer",
        Decision,
        "numbers",
        Learned::Tensors(preprocess::imputer),
    )
    .holds(kinds::first),
    ml(
        "LabelEncoder",
        Decision,
        "numbers, or words of an input",
        Learned::Tensors(encoders::label_encoder),
    )
    .categories()
    .holds(kinds::labels),
    ml(
        "LinearClassifier",
        Linear,
        "",
        Learned::Several(linear::classifier),
    )
    .holds(kinds::labels),
    ml(
        "LinearRegressor",
        Linear,
        "",
        Learned::Tensors(linear::regressor),
    ),
    ml(
        "Normalizer",
        Composed,
        "",
        Learned::Tensors(normalizer::normalizer),
    )
    .end(End::Passes),
    ml(
        "OneHotEncoder",
        Decision,
        "numbers, or words of an input",
        Learned::Tensors(encoders::one_hot),
    )
    .categories(),
    ml(
        "SVMClassifier",
        Composed,
        "",
        Learned::Several(svm::classifier),
    )
    .holds(kinds::labels),
    ml(
        "SVMRegressor",
        Composed,
        "",
        Learned::Tensors(svm::regressor),
    ),
    ml("Scaler", Linear, "", Learned::Map(preprocess::scaler)).rounds(Rounds::Scales(
        |node, features| preprocess::scaling(node, features).ok(),
    )),
    ml(
        "TreeEnsemble",
        Decision,
        "one row, no set membership",
        Learned::Tensors(forest::ensemble_5),
    ),
    ml(
        "TreeEnsembleClassifier",
        Decision,
        "one row",
        Learned::Several(forest::classifier),
    )
    .holds(kinds::labels),
    ml(
        "TreeEnsembleRegressor",
        Decision,
        "one row",
        Learned::Tensors(forest::regressor),
    ),
    ml("ZipMap", Moves, "", Learned::Map(shape_ops::identity))
        .passes_scores()
        .end(End::Passes),
    preview("FlexAttention", Composed, "", attention::flexible),
    contributed("BiasGelu", Function, "", contrib::bias_gelu),
    contributed("CDist", Composed, "", contrib::distances),
    contributed("DequantizeLinear", Linear, STEPS, quantised::dequantise),
    contributed("FastGelu", Function, "", contrib::fast_gelu),
    contributed("FusedConv", Product, "", contrib::conv),
    contributed("FusedGemm", Product, "", contrib::gemm),
    contributed("FusedMatMul", Product, "", contrib::matmul),
    contributed("Gelu", Function, "", contrib::gelu),
    contributed("QGemm", Function, STEPS, quantised::gemm),
    contributed("QLinearAdd", Function, STEPS, quantised::add),
    contributed(
        "QLinearAveragePool",
        Function,
        STEPS,
        quantised::average_pool,
    ),
    contributed("QLinearConcat", Function, STEPS, quantised::concat),
    contributed(
        "QLinearGlobalAveragePool",
        Function,
        STEPS,
        quantised::global_average_pool,
    ),
    contributed("QLinearLeakyRelu", Function, STEPS, quantised::leaky_relu),
    contributed("QLinearMul", Function, STEPS, quantised::mul),
    contributed("QLinearSigmoid", Function, STEPS, quantised::sigmoid),
    contributed("QuantizeLinear", Function, STEPS, quantised::quantise),
    contributed("QuickGelu", Function, "", contrib::quick_gelu),
    contributed(
        "SkipLayerNormalization",
        Composed,
        "constant parameters, first output",
        contrib::skip_norm,
    ),
    contributed(
        "SkipSimplifiedLayerNormalization",
        Composed,
        "constant parameters, first output",
        contrib::skip_simplified,
    ),
];

/// Advice on an operator that is not supported.
pub fn advice(name: &str) -> &'static str {
    hints::hint(name)
}

/// The operator, if the importer knows it.
pub(crate) fn find(domain: &str, name: &str) -> Option<&'static Operator> {
    let domain = if domain == "ai.onnx" { "" } else { domain };
    OPERATORS
        .iter()
        .find(|operator| operator.domain == domain && operator.name == name)
}

#[cfg(test)]
mod tests;
