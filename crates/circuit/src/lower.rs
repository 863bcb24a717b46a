//! From an integer graph to the tape's levels.
//!
//! A produced tensor lies one level beyond its farthest consumer, the outputs' consumer being the public words of level 0; all
//! inputs and the constant that feeds biases lie in the last level, whose own identity nothing asks for.

use crate::{
    error::CircuitError,
    field::int,
    program::{Channel, Content, Level, Limbs, Program, Region, Tap, Taps, Weight},
    witness::{Cell, Cells},
};
use halo2curves_axiom::bn256::Fr;
use std::sync::Arc;
use verdict_model::{Function, IntegerGraph, Kernel, Packing, TensorId, Trace};

/// A verifying key's header holds the number of public values, the context included, in two bytes.
const MAX_PUBLIC_VALUES: usize = 1 << 16;

/// A graph placed on levels.
#[derive(Clone, Debug)]
pub struct Lowered {
    graph: Arc<IntegerGraph>,
    /// The levels and tables.
    pub program: Program,
    /// Per level, the tensors in channel order with the channel of their first cell; words and the constant have none.
    placed: Vec<Vec<(TensorId, usize)>>,
    /// Per tensor, its level and first channel.
    place: Vec<Option<(usize, usize)>>,
    /// Per tensor, who consumes it: `(target tensor, term)`.
    consumers: Vec<Vec<(TensorId, usize)>>,
    /// Public tensors with their first word.
    words: Vec<(TensorId, usize)>,
    /// Sparse kernels by source: `sparse[tensor][cell]` lists `(target tensor, output, weight)`.
    sparse: Vec<Vec<Vec<(TensorId, u32, i32)>>>,
    constant: usize,
}

impl Lowered {
    /// Lowers a valid graph. Remainders are cut into limbs of at most `limb_bits` bits.
    pub fn new(graph: Arc<IntegerGraph>, limb_bits: u32) -> Result<Self, CircuitError> {
        graph
            .validate()
            .map_err(|error| CircuitError::Graph(error.to_string()))?;
        let count = graph.tensors.len();
        let mut consumers = vec![Vec::new(); count];
        let mut sparse: Vec<Vec<Vec<(TensorId, u32, i32)>>> = vec![Vec::new(); count];
        let mut level = vec![0usize; count];
        for id in graph.public_tensors() {
            level[id] = 1;
        }
        // A private output still has to be proved to exist; nothing consumes it, so it lies right behind the words.
        for &id in &graph.outputs {
            level[id] = level[id].max(1);
        }
        for (id, tensor) in graph.tensors.iter().enumerate().rev() {
            let Some(layer) = tensor.layer.as_ref().filter(|_| level[id] > 0) else {
                continue;
            };
            for (number, term) in layer.terms.iter().enumerate() {
                level[term.source] = level[term.source].max(level[id] + 1);
                consumers[term.source].push((id, number));
                if let Kernel::Conv(_) = &term.kernel {
                    return Err(CircuitError::Graph(
                        "it convolves, which has no layout".into(),
                    ));
                }
                if let Kernel::Sparse { entries } = &term.kernel {
                    let lists = &mut sparse[term.source];
                    lists.resize(graph.tensors[term.source].len, Vec::new());
                    for &(output, cell, weight) in entries {
                        lists[cell as usize].push((id, output, weight));
                    }
                }
            }
        }
        let produced = |id: TensorId| graph.tensors[id].layer.is_some();
        let last = 1
            + (0..count)
                .filter(|&id| produced(id))
                .map(|id| level[id])
                .max()
                .unwrap_or(0);
        for &id in &graph.inputs {
            level[id] = last;
        }

        let mut builder = Regions::new(limb_bits);
        let mut levels = vec![Level::default(); last + 1];
        let mut placed = vec![Vec::new(); last + 1];
        let mut place = vec![None; count];
        let mut words = Vec::new();
        for id in graph.public_tensors() {
            let tensor = &graph.tensors[id];
            words.push((id, levels[0].channels.len()));
            let n = Packing::of(tensor).words(tensor.len);
            levels[0].channels.extend((0..n).map(|_| Channel {
                content: Content::Word,
                positions: 1,
            }));
        }
        let count = levels[0].channels.len();
        if count + 1 >= MAX_PUBLIC_VALUES {
            return Err(CircuitError::Graph(format!(
                "it has {count} public words, a verifying key can ask for {}; make some tensors private",
                MAX_PUBLIC_VALUES - 2
            )));
        }
        if words.is_empty() {
            return Err(CircuitError::Graph(
                "the model makes nothing public, so a proof would say nothing; make an output or an input public".into(),
            ));
        }
        for (id, tensor) in graph.tensors.iter().enumerate() {
            let Some(at) = (level[id] > 0).then_some(level[id]) else {
                continue;
            };
            let content = match &tensor.layer {
                None => builder.input(i64::from(tensor.min), i64::from(tensor.max)),
                Some(layer) => match &graph.functions[layer.function] {
                    Function::Table(table) => builder.function(table),
                    Function::Square => {
                        return Err(CircuitError::Graph(
                            "it squares, which has no layout".into(),
                        ));
                    }
                },
            };
            place[id] = Some((at, levels[at].channels.len()));
            placed[at].push((id, levels[at].channels.len()));
            levels[at].channels.extend((0..tensor.len).map(|_| Channel {
                content: content.clone(),
                positions: 1,
            }));
        }
        let constant = levels[last].channels.len();
        levels[last].channels.push(Channel {
            content: Content::Cell {
                region: 1,
                limbs: 0,
            },
            positions: 1,
        });
        let program = Program {
            levels,
            regions: builder.regions,
            limbs: builder.limbs,
        };
        Ok(Self {
            graph,
            program,
            placed,
            place,
            consumers,
            words,
            sparse,
            constant,
        })
    }

    /// The graph.
    pub fn graph(&self) -> &IntegerGraph {
        &self.graph
    }

    /// Chooses how far the words' exponents lie above zero, so that public inputs, whose streams visit the words first and then
    /// the first layer's outputs from above, have a short way between the two.
    pub fn align_words(&mut self, width: usize) {
        let last = self.program.levels.len() - 1;
        let words = self.program.levels[0].channels.len();
        let inputs: usize = self.public_len(|id| self.graph.tensors[id].layer.is_none());
        let outputs: usize = self.public_len(|id| self.graph.tensors[id].layer.is_some());
        let top = self.program.levels[last - 1]
            .channels
            .len()
            .saturating_sub(1)
            / width;
        let input_words: usize = words - self.output_words();
        let cost = |padding: usize| {
            let output_block = (self.output_words() / 2 + padding) / width;
            let middle = (words.saturating_sub(input_words / 2) + padding) / width;
            inputs * middle.abs_diff(top) + outputs * output_block + padding
        };
        let candidates = [0, (top * width).saturating_sub(words - input_words / 2)];
        let padding = if inputs == 0 || last < 2 {
            0
        } else {
            candidates.into_iter().min_by_key(|&p| cost(p)).unwrap_or(0)
        };
        self.program.levels[0].padding = padding;
    }

    fn public_len(&self, keep: impl Fn(TensorId) -> bool) -> usize {
        self.words
            .iter()
            .filter(|(id, _)| keep(*id))
            .map(|(id, _)| self.graph.tensors[*id].len)
            .sum()
    }

    fn output_words(&self) -> usize {
        let of =
            |id: TensorId| Packing::of(&self.graph.tensors[id]).words(self.graph.tensors[id].len);
        self.words
            .iter()
            .filter(|(id, _)| self.graph.tensors[*id].layer.is_some())
            .map(|(id, _)| of(*id))
            .sum()
    }

    /// Context and public words of a trace, as the verifier sees them.
    pub fn instance(&self, context: Fr, trace: &Trace) -> Vec<Fr> {
        let mut instance = vec![context];
        for &(id, _) in &self.words {
            let packed = Packing::of(&self.graph.tensors[id]).pack(&trace.values[id]);
            instance.extend(packed.into_iter().map(Fr::from_raw));
        }
        instance
    }

    fn word_tap(&self, id: TensorId, cell: usize) -> Option<Tap> {
        let &(_, first) = self.words.iter().find(|(public, _)| *public == id)?;
        let packing = Packing::of(&self.graph.tensors[id]);
        let weight = power_of_two(packing.bits as usize * (cell % packing.per_word));
        Some(Tap {
            level: 0,
            channel: first + cell / packing.per_word,
            shift: 0,
            weight: Weight::Field(weight),
        })
    }

    fn constant_taps(&self, into: &mut Vec<Tap>) {
        for &(id, first) in &self.words {
            let tensor = &self.graph.tensors[id];
            let packing = Packing::of(tensor);
            if packing.offset == 0 {
                continue;
            }
            for word in 0..packing.words(tensor.len) {
                let values = packing.per_word.min(tensor.len - word * packing.per_word);
                let weight = (0..values)
                    .map(|i| power_of_two(packing.bits as usize * i))
                    .sum::<Fr>();
                let weight = Weight::Field(weight * int(packing.offset));
                into.push(Tap {
                    level: 0,
                    channel: first + word,
                    shift: 0,
                    weight,
                });
            }
        }
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            let (Some(layer), Some((level, first))) = (&tensor.layer, self.place[id]) else {
                continue;
            };
            into.extend(
                layer
                    .bias
                    .iter()
                    .enumerate()
                    .filter(|(_, bias)| **bias != 0)
                    .map(|(i, &bias)| Tap {
                        level,
                        channel: first + i,
                        shift: 0,
                        weight: Weight::Int(bias),
                    }),
            );
        }
    }

    /// The tensor and cell of a channel; `None` for the constant.
    fn cell_of(&self, level: usize, channel: usize) -> Option<(TensorId, usize)> {
        let list = &self.placed[level];
        if level + 1 == self.placed.len() && channel == self.constant {
            return None;
        }
        let index = list
            .partition_point(|&(_, first)| first <= channel)
            .checked_sub(1)?;
        Some((list[index].0, channel - list[index].1))
    }
}

impl Taps for Lowered {
    fn taps(&self, level: usize, channel: usize, into: &mut Vec<Tap>) {
        let Some((id, cell)) = self.cell_of(level, channel) else {
            self.constant_taps(into);
            return;
        };
        into.extend(self.word_tap(id, cell));
        let len = self.graph.tensors[id].len;
        for &(target, term) in &self.consumers[id] {
            let (Some((level, first)), Some(layer)) =
                (self.place[target], &self.graph.tensors[target].layer)
            else {
                continue;
            };
            if let Kernel::Dense { weights } = &layer.terms[term].kernel {
                let column = weights.iter().skip(cell).step_by(len).enumerate();
                into.extend(
                    column
                        .filter(|(_, weight)| **weight != 0)
                        .map(|(output, &weight)| Tap {
                            level,
                            channel: first + output,
                            shift: 0,
                            weight: Weight::Int(i64::from(weight)),
                        }),
                );
            }
        }
        if let Some(entries) = self.sparse[id].get(cell) {
            into.extend(entries.iter().filter_map(|&(target, output, weight)| {
                let (level, first) = self.place[target]?;
                let weight = Weight::Int(i64::from(weight));
                Some(Tap {
                    level,
                    channel: first + output as usize,
                    shift: 0,
                    weight,
                })
            }));
        }
        merge(into);
    }
}

/// Adds up taps with the same target: two terms of a layer may read the same tensor.
fn merge(taps: &mut Vec<Tap>) {
    if taps
        .windows(2)
        .all(|pair| (pair[0].level, pair[0].channel) < (pair[1].level, pair[1].channel))
    {
        return;
    }
    taps.sort_by_key(|tap| (tap.level, tap.channel, tap.shift));
    taps.dedup_by(|next, kept| {
        let same = (next.level, next.channel, next.shift) == (kept.level, kept.channel, kept.shift);
        if same {
            kept.weight = match (kept.weight, next.weight) {
                (Weight::Int(a), Weight::Int(b)) => Weight::Int(a + b),
                (a, b) => Weight::Field(a.field() + b.field()),
            };
        }
        same
    });
}

/// The values of a trace, cell by cell.
#[derive(Clone, Copy, Debug)]
pub struct TraceCells<'a> {
    lowered: &'a Lowered,
    trace: &'a Trace,
}

impl<'a> TraceCells<'a> {
    /// Checks that the trace has the graph's shape.
    pub fn new(lowered: &'a Lowered, trace: &'a Trace) -> Result<Self, CircuitError> {
        let tensors = &lowered.graph.tensors;
        let fits = trace.values.len() == tensors.len()
            && trace.sums.len() == tensors.len()
            && tensors.iter().zip(&trace.values).zip(&trace.sums).all(
                |((tensor, values), sums)| {
                    values.len() == tensor.len
                        && (tensor.layer.is_none() || sums.len() == tensor.len)
                },
            );
        if !fits {
            return Err(CircuitError::Trace(
                "tensors of other lengths; execute this model's graph".into(),
            ));
        }
        Ok(Self { lowered, trace })
    }
}

impl Cells for TraceCells<'_> {
    fn cell(&self, level: usize, channel: usize, _position: usize) -> Cell {
        let Some((id, cell)) = self.lowered.cell_of(level, channel) else {
            return (0, 1);
        };
        let y = self.trace.sums[id].get(cell).copied().unwrap_or(0);
        (y, i64::from(self.trace.values[id][cell]))
    }
}

/// Collects regions and limb splits, each once.
struct Regions {
    regions: Vec<Region>,
    limbs: Vec<Limbs>,
    limb_bits: u32,
}

impl Regions {
    fn new(limb_bits: u32) -> Self {
        Self {
            regions: vec![Region::Idle, Region::One],
            limbs: vec![Limbs::default()],
            limb_bits: limb_bits.max(1),
        }
    }

    fn intern(&mut self, region: Region) -> usize {
        self.regions
            .iter()
            .position(|known| *known == region)
            .unwrap_or_else(|| {
                self.regions.push(region);
                self.regions.len() - 1
            })
    }

    fn input(&mut self, min: i64, max: i64) -> Content {
        Content::Cell {
            region: self.intern(Region::Input { min, max }),
            limbs: 0,
        }
    }

    fn function(&mut self, function: &verdict_model::Table) -> Content {
        let region = Region::Function {
            shift: function.shift,
            q_min: function.q_min,
            values: function.values.clone(),
        };
        let region = self.intern(region);
        // Limbs as equal as can be.
        let pieces = function.shift.div_ceil(self.limb_bits);
        let mut offset = 0;
        let limbs = Limbs(
            (0..pieces)
                .map(|i| {
                    let bits = (function.shift - offset).div_ceil(pieces - i);
                    let limb = Region::Limb { offset, bits };
                    offset += bits;
                    self.intern(limb)
                })
                .collect(),
        );
        let limbs = self
            .limbs
            .iter()
            .position(|known| *known == limbs)
            .unwrap_or_else(|| {
                self.limbs.push(limbs);
                self.limbs.len() - 1
            });
        Content::Cell { region, limbs }
    }
}

fn power_of_two(bits: usize) -> Fr {
    let mut raw = [0u64; 4];
    raw[bits / 64] = 1 << (bits % 64);
    Fr::from_raw(raw)
}
