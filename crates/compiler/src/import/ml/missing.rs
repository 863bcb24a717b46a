//! What missing values mean: settled once the whole graph is known.

use crate::float::graph::{FloatKernel, FloatTensor, Precision};
use crate::float::missing::Missing;
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;
use crate::{CompileError, Result};

impl Importer<'_> {
    /// `value` with `imputed(i)` wherever cell `i` is missing. Its cells must be cells of the
    /// inputs.
    ///
    /// The result reads a stand-in for the input, so that in the end it can be told whether
    /// anything reads the input's cell as it is.
    pub(crate) fn impute(
        &mut self,
        node: &Node<'_>,
        value: &Affine,
        imputed: impl Fn(usize) -> f64,
    ) -> Result<Affine> {
        if self.builder.secrecy.private {
            return Err(node.unsupported(
                "with private weights the values that it imputes would be public as the integers of missing values; impute before \
                 proving, or replace a number of your choice instead of NaN (its `replaced_value`)",
            ));
        }
        let direct = || {
            node.unsupported(
                "missing values can be imputed in the model's inputs alone; put the imputer first in the pipeline",
            )
        };
        let mut result = Affine::constant(value.shape.clone(), value.bias.clone());
        result.nodes.clone_from(&value.nodes);
        for (&source, rows) in &value.terms {
            if self.builder.tensors[source].layer.is_some() {
                return Err(direct());
            }
            let stand_in = self.stand_in(source);
            for (i, row) in rows.iter().enumerate() {
                for &(cell, weight) in row {
                    if row.len() > 1 || weight != 1.0 || value.bias[i] != 0.0 {
                        return Err(direct());
                    }
                    let input = self.ml.stand_ins.get(&stand_in).copied().unwrap_or(source);
                    let rule = Missing::Imputed(imputed(i));
                    match self.ml.imputed.insert((input, cell), rule) {
                        Some(before) if before != rule => {
                            return Err(node.unsupported(format!(
                                "imputing two different values for feature {cell} is not; use one imputer"
                            )));
                        }
                        _ => {}
                    }
                }
            }
            result.terms.insert(stand_in, rows.clone());
        }
        Ok(result)
    }

    /// The tensor that stands for input `source` with its missing values imputed; a stand-in stands
    /// for itself.
    fn stand_in(&mut self, source: usize) -> usize {
        if self.ml.stand_ins.contains_key(&source) {
            return source;
        }
        if let Some((stand_in, _)) = self
            .ml
            .stand_ins
            .iter()
            .find(|(_, input)| **input == source)
        {
            return *stand_in;
        }
        let input = &self.builder.tensors[source];
        let stand_in = FloatTensor {
            name: format!("{}/imputed", input.name),
            ..input.clone()
        };
        self.builder.tensors.push(stand_in);
        let id = self.builder.tensors.len() - 1;
        self.ml.stand_ins.insert(id, source);
        id
    }

    /// Removes the stand-ins, and says what a missing value of each input's cells means.
    pub(crate) fn settle_missing(
        &mut self,
        inputs: &[usize],
        outputs: &mut [usize],
    ) -> Result<Vec<Vec<Missing>>> {
        let missing = inputs
            .iter()
            .map(|input| self.missing_of(*input))
            .collect::<Result<_>>()?;
        if self.ml.stand_ins.is_empty() {
            return Ok(missing);
        }
        let mut number = Vec::with_capacity(self.builder.tensors.len());
        let mut kept = 0;
        for id in 0..self.builder.tensors.len() {
            // An input comes before whatever stands for it.
            number.push(match self.ml.stand_ins.get(&id) {
                Some(input) => number[*input],
                None => {
                    kept += 1;
                    kept - 1
                }
            });
        }
        let mut id = 0;
        self.builder.tensors.retain(|_| {
            id += 1;
            !self.ml.stand_ins.contains_key(&(id - 1))
        });
        for layer in self
            .builder
            .tensors
            .iter_mut()
            .filter_map(|tensor| tensor.layer.as_mut())
        {
            for term in &mut layer.terms {
                term.source = number[term.source];
            }
            if let Precision::Exact {
                within: Some(within),
            } = &mut layer.precision
            {
                *within = number[*within];
            }
        }
        for term in self.typed.iter_mut().flat_map(|value| &mut value.terms) {
            term.source = number[term.source];
        }
        outputs
            .iter_mut()
            .for_each(|output| *output = number[*output]);
        Ok(missing)
    }

    /// For each cell of `input`; nothing if no cell may be missing.
    fn missing_of(&self, input: usize) -> Result<Vec<Missing>> {
        let len = self.builder.tensors[input].len;
        let stand_in = self
            .ml
            .stand_ins
            .iter()
            .find(|(_, of)| **of == input)
            .map(|(id, _)| *id);
        // Who reads a cell as it is: nobody, tests, or somebody who computes with it.
        let (mut tested, mut computed) = (vec![false; len], vec![false; len]);
        let mut any_tests = false;
        for layer in self
            .builder
            .tensors
            .iter()
            .filter_map(|tensor| tensor.layer.as_ref())
        {
            for term in layer.terms.iter().filter(|term| term.source == input) {
                let tests = matches!(layer.precision, Precision::Tests(_));
                any_tests |= tests;
                let seen = if tests { &mut tested } else { &mut computed };
                match &term.kernel {
                    FloatKernel::Rows(rows) => rows
                        .iter()
                        .flatten()
                        .for_each(|(cell, _)| seen[*cell as usize] = true),
                    FloatKernel::Conv(_) => seen.fill(true),
                }
            }
        }
        if stand_in.is_none() && !any_tests {
            return Ok(Vec::new());
        }
        let rule = |cell: usize| {
            let imputed = self.ml.imputed.get(&(input, cell as u32));
            match imputed {
                Some(_) if tested[cell] || computed[cell] => Err(CompileError::InvalidModel {
                    path: self.path.into(),
                    detail: format!(
                        "feature {cell} of input `{}` is imputed in one place and used as it is in another; impute it for all",
                        self.builder.tensors[input].name
                    ),
                }),
                Some(rule) => Ok(*rule),
                None if computed[cell] => Ok(Missing::Refused),
                // A cell that nobody reads may well be missing.
                None => Ok(self
                    .ml
                    .missing
                    .get(&(input, cell as u32))
                    .copied()
                    .unwrap_or(Missing::Above)),
            }
        };
        let rules: Vec<Missing> = (0..len).map(rule).collect::<Result<_>>()?;
        let none = rules.iter().all(|rule| *rule == Missing::Refused);
        Ok(if none { Vec::new() } else { rules })
    }
}
