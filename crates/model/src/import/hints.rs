//! What to do about operators that cannot be compiled.

/// Advice for an unsupported operator.
pub(super) fn hint(op: &str) -> &'static str {
    match op {
        "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool" | "GlobalAveragePool"
        | "GlobalMaxPool" => {
            "convolution and pooling come with a later version; until then use a dense model, or extract features outside"
        }
        "LSTM" | "GRU" | "RNN" | "Scan" | "Loop" | "If" => {
            "control flow and recurrence come with a later version; unroll the network to a fixed length before exporting"
        }
        "Attention" | "RotaryEmbedding" => {
            "export with opset 22 or older, which writes it as MatMul, Softmax and the like"
        }
        "CumSum" => "write it as a MatMul with a triangular matrix of ones",
        "Mod" | "BitShift" | "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "BitwiseNot" => {
            "integer arithmetic on activations is not supported; compute this feature outside and give its result to the model"
        }
        "NonZero" | "Unique" | "Compress" | "NonMaxSuppression" => {
            "its output's shape depends on the data; end the model before it (name its operand as the output)"
        }
        "QuantizeLinear"
        | "DequantizeLinear"
        | "QLinearMatMul"
        | "MatMulInteger"
        | "DynamicQuantizeLinear" => "give the float model; Verdict quantises by itself",
        "CategoryMapper" | "DictVectorizer" | "CastMap" => {
            "words and maps have no integers to prove; number the categories before training (OrdinalEncoder, OneHotEncoder of numbers)"
        }
        _ => {
            "supported are linear operators (Gemm, MatMul, BatchNormalization …), element-wise functions (Relu, Gelu, Sigmoid, Exp …), \
             products and comparisons of activations, reductions, ArgMax, TopK, Softmax, norms, and operators that move values; compute \
             the rest outside the model"
        }
    }
}
