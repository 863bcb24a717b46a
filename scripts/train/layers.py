"""Networks written once and evaluated twice: `Jax` computes and differentiates them, `Onnx` writes them down.

A network is a function of one of the two and of its input; both have the same methods. `Onnx` writes the nodes that
PyTorch's exporter writes (opset 17, batch of 1): Gemm with transB for a linear layer of two dimensions, MatMul and
Add for more, GELU through Erf, scalars as Constant nodes. Parameters have PyTorch's names and layouts.
"""

import os

import common

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
EPSILON = 1e-5
# Of the old running statistics of a batch normalisation, what is kept every step.
MOMENTUM = 0.9


def is_state(name):
    """Whether a parameter is followed rather than learned."""
    return name.endswith((".running_mean", ".running_var"))


class Jax:
    """Values are arrays with a batch axis. With `rng`, parameters missing from `params` are made."""

    def __init__(self, params, rng=None, training=False):
        self.params, self.rng, self.training = params, rng, training
        self.new_state = {}

    def parameter(self, name, shape, scale):
        """A learned array; `scale` is the standard deviation it starts with, or a constant as an array."""
        if self.rng is not None and name not in self.params:
            start = self.rng.normal(0.0, scale, shape) if np.isscalar(scale) else np.broadcast_to(scale, shape)
            self.params[name] = jnp.array(start, dtype=jnp.float32)
        return self.params[name]

    def conv(self, name, x, channels, kernel, stride=1, pad=0, groups=1, dilation=1, bias=True):
        fan_in = x.shape[1] // groups * kernel**2
        shape = (channels, x.shape[1] // groups, kernel, kernel)
        w = self.parameter(f"{name}.weight", shape, np.sqrt(2 / fan_in))
        axes = ("NCHW", "OIHW", "NCHW")
        pads = ((pad, pad), (pad, pad))
        y = lax.conv_general_dilated(
            x, w, (stride,) * 2, pads, rhs_dilation=(dilation,) * 2, dimension_numbers=axes, feature_group_count=groups
        )
        return y + self.parameter(f"{name}.bias", (channels,), np.zeros(1))[:, None, None] if bias else y

    def batch_norm(self, name, x):
        size = (x.shape[1],)
        scale, shift = (self.parameter(f"{name}.{k}", size, np.full(1, v)) for k, v in (("weight", 1.0), ("bias", 0.0)))
        mean = self.parameter(f"{name}.running_mean", size, np.zeros(1))
        var = self.parameter(f"{name}.running_var", size, np.ones(1))
        if self.training:
            m, v = x.mean((0, 2, 3)), x.var((0, 2, 3))
            n = x.size // x.shape[1]
            self.new_state[f"{name}.running_mean"] = MOMENTUM * mean + (1 - MOMENTUM) * m
            self.new_state[f"{name}.running_var"] = MOMENTUM * var + (1 - MOMENTUM) * v * n / (n - 1)
            mean, var = m, v
        factor = scale / jnp.sqrt(var + EPSILON)
        return x * factor[:, None, None] + (shift - mean * factor)[:, None, None]

    def linear(self, name, x, width):
        w = self.parameter(f"{name}.weight", (width, x.shape[-1]), np.sqrt(2 / x.shape[-1]))
        return x @ w.T + self.parameter(f"{name}.bias", (width,), np.zeros(1))

    def project(self, name, x, width):
        """A linear layer of each token."""
        return self.linear(name, x, width)

    def layer_norm(self, name, x):
        size = x.shape[-1:]
        scale, shift = (self.parameter(f"{name}.{k}", size, np.full(1, v)) for k, v in (("weight", 1.0), ("bias", 0.0)))
        centred = x - x.mean(-1, keepdims=True)
        return centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON) * scale + shift

    def learned(self, name, x, shape, scale):
        return x + self.parameter(name, shape, scale)

    def sub(self, x, value):
        return x - np.asarray(value, dtype=np.float32)

    def div(self, x, value):
        return x / np.asarray(value, dtype=np.float32)

    def relu(self, x):
        return jnp.maximum(x, 0)

    def relu6(self, x):
        return jnp.clip(x, 0, 6)

    def gelu(self, x):
        return 0.5 * x * (1 + lax.erf(x / np.float32(np.sqrt(2))))

    def silu(self, x):
        return x * jax.nn.sigmoid(x)

    def elu(self, x):
        return jax.nn.elu(x)

    def softplus(self, x):
        return jax.nn.softplus(x)

    def hardsigmoid(self, x):
        return jnp.clip(x / 6 + 0.5, 0, 1)

    def hardswish(self, x):
        return x * self.hardsigmoid(x)

    def tanh(self, x):
        return jnp.tanh(x)

    def softmax(self, x):
        return jax.nn.softmax(x, axis=-1)

    def add(self, x, y):
        return x + y

    def matmul(self, x, y):
        return x @ y

    def reshape(self, x, shape):
        return x.reshape(-1, *shape)

    def transpose(self, x, axes):
        return x.transpose(axes)

    def mean(self, x, axis):
        return x.mean(axis)

    def flatten(self, x):
        return x.reshape(len(x), -1)

    def max_pool(self, x, size):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, size, size), (1, 1, size, size), "VALID")

    def average_pool(self, x, size):
        return lax.reduce_window(x, 0.0, lax.add, (1, 1, size, size), (1, 1, size, size), "VALID") / size**2

    def global_average_pool(self, x):
        return x.mean((2, 3), keepdims=True)

    def pad(self, x, size):
        return jnp.pad(x, ((0, 0), (0, 0), (size, size), (size, size)))

    def concat(self, *parts):
        return jnp.concatenate(parts, axis=1)

    def upsample(self, x, times):
        return x.repeat(times, axis=2).repeat(times, axis=3)


class Onnx:
    """Values are names of tensors."""

    def __init__(self, params):
        self.params = {name: np.asarray(value, dtype=np.float32) for name, value in params.items()}
        self.nodes, self.initializers, self.counts = [], {}, {}

    def node(self, op, inputs, **attributes):
        count = self.counts[op] = self.counts.get(op, -1) + 1
        name = f"{op}_{count}"
        self.nodes.append(helper.make_node(op, inputs, [f"{name}_out"], name=name, **attributes))
        return f"{name}_out"

    def constant(self, value, kind=np.float32):
        return self.node("Constant", [], value=numpy_helper.from_array(np.asarray(value, dtype=kind)))

    def stored(self, name, value=None):
        self.initializers[name] = self.params[name] if value is None else value
        return name

    def conv(self, name, x, channels, kernel, stride=1, pad=0, groups=1, dilation=1, bias=True):
        return self.node(
            "Conv",
            [x, self.stored(f"{name}.weight")] + ([self.stored(f"{name}.bias")] if bias else []),
            dilations=[dilation] * 2,
            group=groups,
            kernel_shape=[kernel] * 2,
            pads=[pad] * 4,
            strides=[stride] * 2,
        )

    def batch_norm(self, name, x):
        kinds = ("weight", "bias", "running_mean", "running_var")
        inputs = [x, *(self.stored(f"{name}.{kind}") for kind in kinds)]
        return self.node("BatchNormalization", inputs, epsilon=EPSILON, momentum=MOMENTUM, training_mode=0)

    def linear(self, name, x, width):
        inputs = [x, self.stored(f"{name}.weight"), self.stored(f"{name}.bias")]
        return self.node("Gemm", inputs, alpha=1.0, beta=1.0, transB=1)

    def project(self, name, x, width):
        weight = self.stored(f"{name}.weight_transposed", self.params[f"{name}.weight"].T.copy())
        return self.node("Add", [self.stored(f"{name}.bias"), self.node("MatMul", [x, weight])])

    def layer_norm(self, name, x):
        inputs = [x, self.stored(f"{name}.weight"), self.stored(f"{name}.bias")]
        return self.node("LayerNormalization", inputs, axis=-1, epsilon=EPSILON)

    def learned(self, name, x, shape, scale):
        return self.node("Add", [x, self.stored(name)])

    def sub(self, x, value):
        return self.node("Sub", [x, self.constant(value)])

    def div(self, x, value):
        return self.node("Div", [x, self.constant(value)])

    def relu(self, x):
        return self.node("Relu", [x])

    def relu6(self, x):
        return self.node("Clip", [x, self.constant(0.0), self.constant(6.0)])

    def gelu(self, x):
        erf = self.node("Erf", [self.div(x, np.sqrt(2))])
        product = self.node("Mul", [x, self.node("Add", [erf, self.constant(1.0)])])
        return self.node("Mul", [product, self.constant(0.5)])

    def silu(self, x):
        return self.node("Mul", [x, self.node("Sigmoid", [x])])

    def elu(self, x):
        return self.node("Elu", [x], alpha=1.0)

    def softplus(self, x):
        return self.node("Softplus", [x])

    def hardsigmoid(self, x):
        return self.node("HardSigmoid", [x], alpha=1 / 6)

    def hardswish(self, x):
        return self.node("HardSwish", [x])

    def tanh(self, x):
        return self.node("Tanh", [x])

    def softmax(self, x):
        return self.node("Softmax", [x], axis=-1)

    def add(self, x, y):
        return self.node("Add", [x, y])

    def matmul(self, x, y):
        return self.node("MatMul", [x, y])

    def reshape(self, x, shape):
        return self.node("Reshape", [x, self.constant([1, *shape], np.int64)])

    def transpose(self, x, axes):
        return self.node("Transpose", [x], perm=axes)

    def mean(self, x, axis):
        return self.node("ReduceMean", [x], axes=[axis], keepdims=0)

    def flatten(self, x):
        return self.node("Flatten", [x], axis=1)

    def max_pool(self, x, size):
        window = {"kernel_shape": [size] * 2, "pads": [0] * 4, "strides": [size] * 2}
        return self.node("MaxPool", [x], ceil_mode=0, dilations=[1, 1], **window)

    def average_pool(self, x, size):
        window = {"kernel_shape": [size] * 2, "pads": [0] * 4, "strides": [size] * 2}
        return self.node("AveragePool", [x], ceil_mode=0, count_include_pad=1, **window)

    def global_average_pool(self, x):
        return self.node("GlobalAveragePool", [x])

    def pad(self, x, size):
        pads = self.constant([0, 0, size, size] * 2, np.int64)
        return self.node("Pad", [x, pads, self.constant(0.0)], mode="constant")

    def concat(self, *parts):
        return self.node("Concat", list(parts), axis=1)

    def upsample(self, x, times):
        nearest = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
        return self.node("Resize", [x, "", self.constant([1, 1, times, times])], cubic_coeff_a=-0.75, **nearest)

    def model(self, name, output, shape, output_shape):
        """What was written so far, its last tensor `output` called logits."""
        for node in self.nodes:
            node.output[:] = ["logits" if o == output else o for o in node.output]
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(common.INPUT, TensorProto.FLOAT, [1, *shape])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, *output_shape])],
            [numpy_helper.from_array(value, key) for key, value in self.initializers.items()],
        )
        return helper.make_model(
            graph,
            producer_name="verdict-train",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=common.IR_VERSION,
        )


def initialise(network, x, rng):
    """A network's parameters before training; `x` is a batch of its input."""
    params = {}
    network(Jax(params, rng), jnp.array(x[:2], dtype=jnp.float32))
    return params


def loss_of(outputs, y):
    """Cross-entropy for classes, mean squared error for real numbers."""
    if y.dtype.kind == "i":
        return -jnp.take_along_axis(jax.nn.log_softmax(outputs), y[:, None], axis=1).mean()
    return ((outputs[:, 0] - y) ** 2).mean()


def fit(network, params, rng, epoch_data, epochs, rate, batch=32, decay=1e-2, clip=1.0):
    """Adam with decoupled weight decay, a cosine rate and gradient clipping; `epoch_data(rng)` gives x and y."""

    def loss(learned, state, x, y):
        run = Jax(learned | state, training=True)
        return loss_of(network(run, x), y), run.new_state

    @jax.jit
    def step(learned, state, first, second, t, lr, x, y):
        grads, new_state = jax.grad(loss, has_aux=True)(learned, state, x, y)
        norm = jnp.sqrt(sum((g**2).sum() for g in grads.values()))
        scale = jnp.minimum(1.0, clip / (norm + 1e-12))
        out = {}, {}, {}
        for name, p in learned.items():
            g = grads[name] * scale
            m, v = 0.9 * first[name] + 0.1 * g, 0.999 * second[name] + 0.001 * g * g
            p = p * (1 - lr * decay) if p.ndim > 1 else p
            update = lr * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
            out[0][name], out[1][name], out[2][name] = p - update, m, v
        return out[0], state | new_state, out[1], out[2]

    learned = {k: v for k, v in params.items() if not is_state(k)}
    state = {k: v for k, v in params.items() if is_state(k)}
    first = {k: jnp.zeros_like(v) for k, v in learned.items()}
    second = dict(first)
    t = 0
    for _ in range(epochs):
        x, y = epoch_data(rng)
        x = x.astype(np.float32)
        order = rng.permutation(len(x))
        # Whole batches only: every shape is compiled anew.
        per_epoch = len(x) // batch
        for start in range(0, per_epoch * batch, batch):
            rows = order[start : start + batch]
            t += 1
            lr = rate * 0.5 * (1 + np.cos(np.pi * t / (epochs * per_epoch)))
            learned, state, first, second = step(
                learned, state, first, second, np.float32(t), np.float32(lr), x[rows], y[rows]
            )
    return learned | state


def predict(network, params, x, batch=256):
    run = jax.jit(lambda rows: network(Jax(params), rows))
    x = x.astype(np.float32)
    return np.concatenate([np.asarray(run(x[i : i + batch])) for i in range(0, len(x), batch)])
