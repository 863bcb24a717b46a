//! Which steps of 32-bit arithmetic lead from inputs to what nodes make of them; see
//! [`single_steps`](crate::import::single_steps).

use tract_onnx::pb::NodeProto;

use crate::import::node::Node;
use crate::import::operator::Rounds;
use crate::import::shapes::broadcast_index;
use crate::import::single_steps::Step;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;
use crate::import::values::probe::Probe;
use crate::import::values::rows_of;

/// Values of more cells are no features in front of trees.
const MAX_FEATURES: usize = 1 << 14;

/// The steps that make a cell of a node's output.
type StepsOf<'s> = Box<dyn Fn(usize) -> Vec<Step> + 's>;

impl Importer<'_> {
    /// Keeps the steps that a node's output is made by, if they are known of its operand.
    pub(crate) fn note_steps(&mut self, proto: &NodeProto, rounds: Rounds) {
        for (cell, steps) in self.made_by(proto, rounds).unwrap_or_default() {
            self.single_steps.keep(&cell, steps);
        }
    }

    /// The cells of a node's output, and the steps that each is made by.
    fn made_by(
        &self,
        proto: &NodeProto,
        rounds: Rounds,
    ) -> Option<Vec<(Probe, Option<Vec<Step>>)>> {
        let output = proto.output.first()?;
        let whole = self.kinds.contains_key(output);
        if matches!(rounds, Rounds::No) || self.has_doubles || whole {
            return None;
        }
        let value = rows_of(self.values.get(output))?;
        if value.is_constant() || value.len() > MAX_FEATURES || !self.is_of_inputs(value) {
            return None;
        }
        let of_input = |index: usize| rows_of(self.values.get(proto.input.get(index)?));
        let (operand, steps) = self.steps_of(proto, rounds, &of_input)?;
        let places = broadcast_index(&operand.shape, &value.shape)?;
        let cells = places.into_iter().enumerate().filter_map(|(cell, place)| {
            let (before, after) = (Probe::of(operand, place)?, Probe::of(value, cell)?);
            let so_far = self.single_steps.so_far(&before);
            let all = so_far.map(|mut all| {
                all.extend(steps(cell));
                all
            });
            Some((after, all))
        });
        Some(cells.collect())
    }

    /// The operand that varies, and what becomes of it at each cell of the output.
    fn steps_of<'s>(
        &'s self,
        proto: &'s NodeProto,
        rounds: Rounds,
        operand: &dyn Fn(usize) -> Option<&'s Affine>,
    ) -> Option<(&'s Affine, StepsOf<'s>)> {
        let first = operand(0)?;
        if let Rounds::Scales(parameters) = rounds {
            let node = Node::new(self.path, proto, self.opset, false);
            let width = first.shape.last().copied().unwrap_or(1).max(1);
            let (offset, factor) = parameters(&node, width)?;
            let at = move |cell: usize| {
                let feature = cell % width;
                let offset = Step::Add(-(offset[feature] as f32));
                vec![offset, Step::Mul(factor[feature] as f32)]
            };
            return Some((first, Box::new(at)));
        }
        let second = operand(1)?;
        let (value, constant, swapped) = match (first.is_constant(), second.is_constant()) {
            (false, true) => (first, second, false),
            (true, false) => (second, first, true),
            _ => return None,
        };
        let step: fn(f32) -> Step = match (rounds, swapped) {
            (Rounds::Adds, _) => Step::Add,
            (Rounds::Subtracts, false) => |number| Step::Add(-number),
            (Rounds::Subtracts, true) => Step::From,
            (Rounds::Multiplies, _) => Step::Mul,
            (Rounds::Divides, false) => Step::Div,
            _ => return None,
        };
        // The output has the shape that both are broadcast to, one of which is its own.
        let numbers = if constant.len() == 1 {
            None
        } else {
            broadcast_index(&constant.shape, &value.shape)
        };
        if constant.len() > 1 && numbers.is_none() {
            return None;
        }
        let at = move |cell: usize| {
            let place = numbers
                .as_ref()
                .map_or(0, |places| places[cell % places.len()]);
            vec![step(constant.bias[place] as f32)]
        };
        Some((value, Box::new(at)))
    }

    /// Whether a value is made of inputs alone.
    fn is_of_inputs(&self, value: &Affine) -> bool {
        value.terms.keys().all(|source| {
            let given = self.builder.tensors[*source].layer.is_none();
            given || self.ml.stand_ins.contains_key(source)
        })
    }
}
