//! What keeps queries of `Attention` from keys: masks, the order of tokens, windows, padding. What
//! the input decides about costs more than what is known when the model is compiled.

use crate::Result;
use crate::import::expand::{Expansion, int};
use crate::import::kinds::ElementKind;
use crate::import::node::Node;
use crate::import::shapes::broadcast_index;

/// Excludes a key.
const MASKED: f64 = -1e30;

/// What an `Attention` does to its scores, of a shape `[batch, heads, queries, keys]`.
pub(super) struct Mask {
    shape: Vec<usize>,
    /// What is added to each score; nothing if all of it is zero.
    bias: Vec<f64>,
    /// A value that is added to the scores.
    added: Option<String>,
    /// Whether each key takes part, as far as the input does not decide.
    open: Vec<bool>,
    /// Values that are true where keys take part, by the input.
    decided: Vec<String>,
}

/// The operand `attn_mask`.
struct Operand {
    name: String,
    /// Four axes.
    shape: Vec<usize>,
    truth: bool,
}

impl Mask {
    /// The mask of a node whose scores have this shape, with `past` keys before the first query's
    /// own.
    pub(super) fn new(
        x: &mut Expansion<'_, '_>,
        node: &Node<'_>,
        shape: Vec<usize>,
        past: usize,
    ) -> Result<Self> {
        let count = node.count(&shape)?;
        let mut mask = Self {
            shape,
            bias: vec![0.0; count],
            added: None,
            open: vec![true; count],
            decided: Vec::new(),
        };
        if let Some(operand) = mask.operand(x, node)? {
            mask.read(x, node, operand)?;
        }
        mask.order(x, node, past)?;
        Ok(mask)
    }

    /// The operand `attn_mask` under four axes.
    fn operand(&self, x: &Expansion<'_, '_>, node: &Node<'_>) -> Result<Option<Operand>> {
        let Some(name) = x.input(3) else {
            return Ok(None);
        };
        let truth = x.importer.kinds.get(&name) == Some(&ElementKind::Truth);
        let mut shape = x.shape(node, &name)?;
        let keys = self.shape[3];
        // A mask may be shorter than the keys, which excludes the rest.
        if shape.last() == Some(&1) && keys > 1 {
            return Err(node.unsupported("a mask of one key for all is not; give it one for each"));
        }
        while shape.len() < 4 {
            shape.insert(0, 1);
        }
        let mut target = self.shape.clone();
        target[3] = shape[3].min(keys);
        if broadcast_index(&shape, &target).is_none() {
            return Err(node.invalid(format!(
                "a mask of shape {shape:?} does not fit scores of shape {:?}",
                self.shape
            )));
        }
        Ok(Some(Operand { name, shape, truth }))
    }

    /// For each score the cell of an operand's shape that says something of it.
    fn cells(&self, own: &[usize]) -> Vec<Option<usize>> {
        let mut target = self.shape.clone();
        target[3] = own[3].min(target[3]);
        let index = broadcast_index(own, &target).unwrap_or_default();
        let (keys, short) = (self.shape[3], target[3]);
        let cell = |cell: usize| {
            let (row, key) = (cell / keys, cell % keys);
            index
                .get(row * short + key)
                .copied()
                .filter(|_| key < short)
        };
        (0..self.open.len()).map(cell).collect()
    }

    /// Takes the operand in.
    fn read(&mut self, x: &mut Expansion<'_, '_>, node: &Node<'_>, of: Operand) -> Result<()> {
        let cells = self.cells(&of.shape);
        for (open, cell) in self.open.iter_mut().zip(&cells) {
            *open &= cell.is_some();
        }
        if let Some(values) = x.known(&of.name) {
            for (place, cell) in cells.into_iter().enumerate() {
                let Some(value) = cell.map(|cell| values[cell]) else {
                    continue;
                };
                if of.truth {
                    self.open[place] &= value != 0.0;
                } else if value > MASKED {
                    self.bias[place] = value;
                } else {
                    self.open[place] = false;
                }
            }
            return Ok(());
        }
        let mut name = x.reshape(&of.name, &of.shape)?;
        let missing = self.shape[3].saturating_sub(of.shape[3]);
        if missing > 0 {
            let mut rest = of.shape.clone();
            rest[3] = missing;
            let zeros = vec![0.0; node.count(&rest)?];
            let rest = x.constant(rest, zeros);
            name = x.concat(&[name, rest], 3)?;
        }
        match of.truth {
            true => self.decided.push(name),
            false => self.added = Some(name),
        }
        Ok(())
    }

    /// Excludes what comes later, lies outside of a window, or is padding.
    fn order(&mut self, x: &mut Expansion<'_, '_>, node: &Node<'_>, past: usize) -> Result<()> {
        let (queries, keys) = (self.shape[2], self.shape[3]);
        // By how much a key's number exceeds the query's, not counting what came before.
        let ahead = (0..queries * keys).map(|cell| (cell % keys) as f64 - (cell / keys) as f64);
        let ahead = x.constant(vec![1, 1, queries, keys], ahead.collect());
        let before = match x.input(6) {
            None => x.number(past as f64),
            Some(lengths) => {
                let lengths = x.reshape(&lengths, &[self.shape[0], 1, 1, 1])?;
                let number = x.constant(
                    vec![1, 1, 1, keys],
                    (0..keys).map(|key| key as f64).collect(),
                );
                let within = x.op("Less", &[&number, &lengths])?;
                self.require(x, node, &within)?;
                let own = x.number(queries as f64);
                x.op("Sub", &[&lengths, &own])?
            }
        };
        if node.int("is_causal", 0) != 0 {
            let truth = x.op("LessOrEqual", &[&ahead, &before])?;
            self.require(x, node, &truth)?;
        }
        let windows = [
            ("left_window_size", -1.0, "GreaterOrEqual"),
            ("right_window_size", 1.0, "LessOrEqual"),
        ];
        for (name, sign, order) in windows {
            let size = node.int(name, -1);
            if size >= 0 {
                let size = x.number(sign * size as f64);
                let end = x.op("Add", &[&before, &size])?;
                let truth = x.op(order, &[&ahead, &end])?;
                self.require(x, node, &truth)?;
            }
        }
        Ok(())
    }

    /// A key takes part only where `truth` holds.
    fn require(&mut self, x: &Expansion<'_, '_>, node: &Node<'_>, truth: &str) -> Result<()> {
        let Some(values) = x.known(truth) else {
            self.decided.push(truth.to_owned());
            return Ok(());
        };
        let own = x.shape(node, truth)?;
        let index = broadcast_index(&own, &self.shape).unwrap_or_default();
        for (open, cell) in self.open.iter_mut().zip(index) {
            *open &= values[cell] != 0.0;
        }
        Ok(())
    }

    /// Whether some key is excluded.
    pub(super) fn excludes(&self) -> bool {
        self.open.contains(&false) || !self.decided.is_empty()
    }

    /// The scores with what is added to them.
    pub(super) fn added(&self, x: &mut Expansion<'_, '_>, scores: &str) -> Result<String> {
        let mut sum = scores.to_owned();
        if self.bias.iter().any(|bias| *bias != 0.0) {
            let bias = x.constant(self.shape.clone(), self.bias.clone());
            sum = x.op("Add", &[&sum, &bias])?;
        }
        match &self.added {
            Some(added) => x.op("Add", &[&sum, added]),
            None => Ok(sum),
        }
    }

    /// The soft-max of `scores`, what is added to them included, over the keys that take part;
    /// zero where none does.
    pub(super) fn weights(&self, x: &mut Expansion<'_, '_>, scores: &str) -> Result<String> {
        let soft_max = vec![int("axis", -1)];
        if !self.excludes() {
            return x.with("Softmax", &[scores], soft_max);
        }
        if !self.decided.is_empty() {
            return self.decided_weights(x, scores);
        }
        let bias = self.closed(x);
        let masked = x.op("Add", &[scores, &bias])?;
        let weights = x.with("Softmax", &[&masked], soft_max)?;
        let rows = self.open.chunks(self.shape[3]);
        let any: Vec<f64> = rows.map(|row| f64::from(row.contains(&true))).collect();
        if !any.contains(&0.0) {
            return Ok(weights);
        }
        let mut shape = self.shape.clone();
        shape[3] = 1;
        let any = x.constant(shape, any);
        x.op("Mul", &[&weights, &any])
    }
    /// What is added to the scores of keys that never take part.
    fn closed(&self, x: &mut Expansion<'_, '_>) -> String {
        let bias = |open: &bool| if *open { 0.0 } else { MASKED };
        let bias = self.open.iter().map(bias).collect();
        x.constant(self.shape.clone(), bias)
    }

    /// The soft-max over keys some of which take part by the input alone; zero where none does.
    fn decided_weights(&self, x: &mut Expansion<'_, '_>, scores: &str) -> Result<String> {
        let (zero, lowest) = (x.number(0.0), x.number(f64::NEG_INFINITY));
        let mut bias = self.closed(x);
        for truth in &self.decided {
            let more = x.op("Where", &[truth, &zero, &lowest])?;
            bias = x.op("Add", &[&bias, &more])?;
        }
        let masked = x.op("Add", &[scores, &bias])?;
        let weights = x.with("Softmax", &[&masked], vec![int("axis", -1)])?;
        let last = x.list(&[-1]);
        let largest = x.op("ReduceMax", &[&bias, &last])?;
        let none = x.op("Equal", &[&largest, &lowest])?;
        x.op("Where", &[&none, &zero, &weights])
    }
}
