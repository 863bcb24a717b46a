//! Random networks of convolutions: strides, padding, dilation, groups, upsampling, residuals,
//! dense heads.

use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use verdict_model::{
    Conv, Function, IntegerGraph, Kernel, Layer, Table, Tensor, TensorId, Term, Visibility,
};

#[derive(Clone, Copy)]
struct Shape {
    channels: usize,
    size: [usize; 2],
}

impl Shape {
    fn len(self) -> usize {
        self.channels * self.size[0] * self.size[1]
    }
}

struct Builder<'a> {
    rng: &'a mut ChaCha8Rng,
    graph: IntegerGraph,
}

/// A random valid graph with at least one convolution.
pub fn random(rng: &mut ChaCha8Rng) -> IntegerGraph {
    loop {
        let mut builder = Builder {
            rng,
            graph: IntegerGraph {
                tensors: Vec::new(),
                functions: Vec::new(),
                inputs: Vec::new(),
                outputs: Vec::new(),
            },
        };
        if builder.build().is_some() && builder.graph.validate().is_ok() {
            return builder.graph;
        }
    }
}

impl Builder<'_> {
    fn build(&mut self) -> Option<()> {
        let mut shape = Shape {
            channels: self.rng.gen_range(1..3),
            size: [self.rng.gen_range(1..6), self.rng.gen_range(1..7)],
        };
        let public = self.rng.gen_bool(0.5);
        let mut last = self.tensor(shape, (0, 9), public, None);
        self.graph.inputs.push(last);
        for _ in 0..self.rng.gen_range(1..4) {
            let (id, next) = self.conv(last, shape)?;
            if self.rng.gen_bool(0.4) {
                (last, shape) = self.residual(id, next)?;
            } else {
                (last, shape) = (id, next);
            }
        }
        match self.rng.gen_range(0..3) {
            // The planes themselves.
            0 => self.publish(last),
            // A dense head.
            1 => {
                let out = self.dense(&[last], 3);
                self.publish(out);
            }
            // Both, so that the planes are read as planes and cell by cell.
            _ => {
                let (more, _) = self.conv(last, shape)?;
                let out = self.dense(&[last, more], 2);
                self.publish(out);
            }
        }
        Some(())
    }

    fn publish(&mut self, id: TensorId) {
        self.graph.tensors[id].visibility = Visibility::Public;
        self.graph.outputs.push(id);
    }

    fn tensor(
        &mut self,
        shape: Shape,
        range: (i32, i32),
        public: bool,
        layer: Option<Layer>,
    ) -> TensorId {
        let id = self.graph.tensors.len();
        self.graph.tensors.push(Tensor {
            name: format!("t{id}"),
            shape: vec![shape.channels, shape.size[0], shape.size[1]],
            len: shape.len(),
            min: range.0,
            max: range.1,
            scale: 1.0,
            visibility: if public {
                Visibility::Public
            } else {
                Visibility::Private
            },
            layer,
        });
        id
    }

    fn weight(&mut self) -> i32 {
        *[0, 1, -1, 2, -3, 5].choose(self.rng).unwrap()
    }

    fn geometry(&mut self, shape: Shape) -> Option<Conv> {
        let rng = &mut *self.rng;
        let size = [rng.gen_range(1..4), rng.gen_range(1..4)];
        let dilation = [rng.gen_range(1..3), rng.gen_range(1..3)];
        let mut stride = [1, 1];
        let mut up = [1, 1];
        for axis in 0..2 {
            match rng.gen_range(0..5) {
                0 => stride[axis] = rng.gen_range(2..4),
                1 => up[axis] = 2,
                _ => {}
            }
        }
        let pad = [0, 1].map(|axis| rng.gen_range(-1..=(size[axis] as i64)));
        let mut output = [0, 0];
        for axis in 0..2 {
            // Any number of outputs that sees the source somewhere.
            let reach = (shape.size[axis] - 1) * up[axis] + 1;
            let span = reach as i64 + pad[axis] + rng.gen_range(-1i64..3)
                - (dilation[axis] * (size[axis] - 1)) as i64;
            output[axis] = usize::try_from(span.div_euclid(stride[axis] as i64)).ok()?;
            if output[axis] == 0 || output[axis] > 9 {
                return None;
            }
        }
        let groups = if shape.channels == 2 && rng.gen_bool(0.3) {
            2
        } else {
            1
        };
        Some(Conv {
            channels: [shape.channels, groups * rng.gen_range(1..3)],
            source: shape.size,
            output,
            size,
            stride,
            up,
            dilation,
            pad,
            groups,
            weights: Vec::new(),
        })
    }

    fn filled(&mut self, mut conv: Conv) -> Kernel {
        let count = conv.channels[1] * conv.channels[0] / conv.groups * conv.size[0] * conv.size[1];
        conv.weights = (0..count).map(|_| self.weight()).collect();
        Kernel::Conv(conv)
    }

    fn conv(&mut self, source: TensorId, shape: Shape) -> Option<(TensorId, Shape)> {
        let conv = self.geometry(shape)?;
        let next = Shape {
            channels: conv.channels[1],
            size: conv.output,
        };
        let kernel = self.filled(conv);
        Some((self.layer(vec![Term { source, kernel }], next), next))
    }

    /// A convolution of the same shape plus its source.
    fn residual(&mut self, source: TensorId, shape: Shape) -> Option<(TensorId, Shape)> {
        let same = Conv {
            channels: [shape.channels; 2],
            source: shape.size,
            output: shape.size,
            size: [3, 3],
            stride: [1, 1],
            up: [1, 1],
            dilation: [1, 1],
            pad: [1, 1],
            groups: 1,
            weights: Vec::new(),
        };
        let kernel = self.filled(same.clone());
        let middle = self.layer(vec![Term { source, kernel }], shape);
        let kernel = self.filled(same.clone());
        let identity = Kernel::Conv(Conv {
            size: [1, 1],
            pad: [0, 0],
            groups: shape.channels,
            weights: vec![1; shape.channels],
            ..same
        });
        let terms = vec![
            Term {
                source: middle,
                kernel,
            },
            Term {
                source,
                kernel: identity,
            },
        ];
        Some((self.layer(terms, shape), shape))
    }

    fn dense(&mut self, sources: &[TensorId], len: usize) -> TensorId {
        let terms = sources
            .iter()
            .map(|&source| {
                let count = len * self.graph.tensors[source].len;
                Term {
                    source,
                    kernel: Kernel::Dense {
                        weights: (0..count).map(|_| self.weight()).collect(),
                    },
                }
            })
            .collect();
        let shape = Shape {
            channels: len,
            size: [1, 1],
        };
        self.layer(terms, shape)
    }

    /// A layer with a random bias and a table, or now and then a square, that covers what it
    /// reaches.
    fn layer(&mut self, terms: Vec<Term>, shape: Shape) -> TensorId {
        let plane = shape.size[0] * shape.size[1];
        let bias = match self.rng.gen_range(0..3) {
            0 => vec![0; shape.len()],
            1 => (0..shape.channels)
                .flat_map(|_| vec![self.rng.gen_range(-40..40); plane])
                .collect(),
            _ => (0..shape.len())
                .map(|_| self.rng.gen_range(-40..40))
                .collect(),
        };
        let function = self.graph.functions.len();
        let id = self.tensor(
            shape,
            (0, 0),
            false,
            Some(Layer {
                nodes: vec!["node".into()],
                terms,
                bias,
                function,
            }),
        );
        let (low, high) = self.graph.interval(id).unwrap();
        let largest = low.abs().max(high.abs());
        if largest < 90 && self.rng.gen_bool(0.3) {
            self.graph.functions.push(Function::Square);
            self.graph.tensors[id].max = (largest * largest) as i32;
            return id;
        }
        let shift = if self.rng.gen_bool(0.2) {
            0
        } else {
            (64 - largest.leading_zeros()).saturating_sub(4)
        };
        let values: Vec<i32> = (low >> shift..=high >> shift)
            .map(|q| q.clamp(-12, 12) as i32)
            .collect();
        let range = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
        (self.graph.tensors[id].min, self.graph.tensors[id].max) = range;
        self.graph.functions.push(Function::Table(Table {
            name: "saturate".into(),
            shift,
            q_min: low >> shift,
            values,
        }));
        id
    }
}
