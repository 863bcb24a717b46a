//! What to do about operators that cannot be compiled.

/// Advice for an unsupported operator.
pub(super) fn hint(op: &str) -> &'static str {
    match op {
        "LpPool" | "GlobalLpPool" | "MaxUnpool" | "MaxRoiPool" | "RoiAlign" | "GridSample"
        | "DeformConv" => {
            "of the operators with windows, Conv, ConvTranspose, MaxPool, AveragePool, GlobalMaxPool and GlobalAveragePool are \
             supported"
        }
        "ConvInteger" | "QLinearConv" => "give the float model; Verdict quantises by itself",
        "Softmax" | "LogSoftmax" | "Hardmax" => {
            "export the logits (name the value before this node as the output) and take the arg-max outside"
        }
        "ArgMax" | "ArgMin" | "TopK" => {
            "export the scores it is applied to (name them as the output) and pick the best one outside"
        }
        "Gelu" | "Erf" => "train with Relu, Sigmoid or Tanh instead",
        "Elu" | "Selu" | "Celu" | "HardSwish" | "Mish" | "Softplus" | "Softsign"
        | "ThresholdedRelu" => "use Relu, LeakyRelu, Clip, Sigmoid or Tanh instead",
        "HardSigmoid" => "use Sigmoid, or a scaled Clip, instead",
        "LSTM" | "GRU" | "RNN" | "Scan" | "Loop" | "If" => {
            "control flow and recurrence come with a later version; unroll the network to a fixed length before exporting"
        }
        "Attention"
        | "LayerNormalization"
        | "InstanceNormalization"
        | "GroupNormalization"
        | "RMSNormalization" => {
            "it multiplies activations with one another; use BatchNormalization or drop the normalisation"
        }
        "Max" | "Min" => "with a constant bound, use Clip or Relu",
        "Pow" | "Sqrt" | "Exp" | "Log" | "Abs" | "Reciprocal" => {
            "compute this feature outside and give its result to the model"
        }
        "QuantizeLinear"
        | "DequantizeLinear"
        | "QLinearMatMul"
        | "MatMulInteger"
        | "DynamicQuantizeLinear" => "give the float model; Verdict quantises by itself",
        "LinearClassifier" | "LinearRegressor" | "SVMClassifier" | "SVMRegressor"
        | "Normalizer" | "Scaler" | "ZipMap" | "LabelEncoder" | "OneHotEncoder" | "Imputer"
        | "FeatureVectorizer" => {
            "rewrite the scikit-learn model with MatMul and Add (or a PyTorch Linear layer) and export its raw scores"
        }
        "TreeEnsemble" | "TreeEnsembleClassifier" | "TreeEnsembleRegressor" => {
            "decision trees come with a later version"
        }
        _ => {
            "supported are Gemm, MatMul, Conv, ConvTranspose, pooling, Add, Sub, Mul, Div, Neg, Sum, BatchNormalization, \
             ReduceMean, ReduceSum, Relu, LeakyRelu, PRelu, Clip, Sigmoid, Tanh, Resize and operators that move values; compute the rest outside the model"
        }
    }
}
