//! What to do about operators that cannot be compiled.

/// Advice for an unsupported operator.
pub(crate) fn hint(op: &str) -> &'static str {
    match op {
        "MaxRoiPool" => {
            "of the operators with windows, Conv, ConvTranspose, MaxPool, AveragePool, LpPool, RoiAlign, GlobalMaxPool, GlobalLpPool and \
             GlobalAveragePool are supported"
        }
        "Unique" | "Compress" | "NonMaxSuppression" => {
            "its output's shape depends on the data; end the model before it (name its operand as the output)"
        }
        "DynamicQuantizeMatMul" => {
            "its steps depend on the input; quantise statically, or give the float model, which Verdict quantises by itself"
        }
        "CategoryMapper" | "DictVectorizer" | "CastMap" => {
            "words and maps have no integers to prove; number the categories before training (OrdinalEncoder, OneHotEncoder of numbers)"
        }
        _ => {
            "supported are linear operators (Gemm, MatMul, Conv, BatchNormalization …), pooling, element-wise functions (Relu, Gelu, Sigmoid, Exp …), \
             products and comparisons of activations, reductions, ArgMax, TopK, Softmax, norms, and operators that move values; compute \
             the rest outside the model"
        }
    }
}
