//! Convolutions: which source cell meets which output cell.

use rayon::prelude::*;

use crate::graph::Conv;

/// A kernel's offset, a stride or a pad beyond this is no model anyone has.
const MAX_STEP: usize = 1 << 20;
/// From this many outputs per group on, what they see is laid out once for all of them …
const SHARED_BY: usize = 4;
/// … unless that takes more cells than this.
const MAX_SEEN: usize = 1 << 20;

/// Places along an axis that a place of a kernel joins: `(output, source)`.
type Pairs = Vec<(usize, usize)>;

impl<W: Copy + Default + PartialEq + Sync> Conv<W> {
    /// Why the convolution does not fit a source and an output of these lengths.
    pub(crate) fn check(&self, source_len: usize, output_len: usize) -> Result<(), String> {
        let steps = [self.size, self.stride, self.up, self.dilation];
        if steps.iter().flatten().any(|s| *s == 0 || *s > MAX_STEP)
            || self
                .pad
                .iter()
                .any(|pad| pad.unsigned_abs() > MAX_STEP as u64)
            || [self.source, self.output].iter().flatten().any(|s| *s == 0)
        {
            return Err("has an empty or oversized plane, kernel, stride, dilation or pad".into());
        }
        if self.groups == 0
            || self
                .channels
                .iter()
                .any(|n| *n == 0 || n % self.groups != 0)
        {
            return Err(format!(
                "has {} source and {} output channels, expected multiples of its {} groups",
                self.channels[0], self.channels[1], self.groups
            ));
        }
        let product = |factors: &[usize]| {
            factors
                .iter()
                .try_fold(1usize, |product, f| product.checked_mul(*f))
        };
        let [source, output] = [
            product(&[self.channels[0], self.source[0], self.source[1]]),
            product(&[self.channels[1], self.output[0], self.output[1]]),
        ];
        if source != Some(source_len) || output != Some(output_len) {
            return Err(format!(
                "maps {}×{}×{} to {}×{}×{} cells, the tensors have {source_len} and {output_len}",
                self.channels[0],
                self.source[0],
                self.source[1],
                self.channels[1],
                self.output[0],
                self.output[1]
            ));
        }
        let weights = product(&[
            self.channels[1],
            self.channels[0] / self.groups,
            self.size[0],
            self.size[1],
        ]);
        if weights != Some(self.weights.len()) {
            return Err(format!(
                "has {} weights, expected {} outputs × {} sources × {} × {}",
                self.weights.len(),
                self.channels[1],
                self.channels[0] / self.groups,
                self.size[0],
                self.size[1]
            ));
        }
        Ok(())
    }

    /// The pairs `(output place, source place)` along `axis` that the kernel's place `k` joins, by
    /// ascending output place.
    pub fn pairs(&self, axis: usize, k: usize) -> Pairs {
        (0..self.output[axis])
            .filter_map(|y| {
                let at = (self.stride[axis] * y + self.dilation[axis] * k) as i64 - self.pad[axis];
                let at = usize::try_from(at).ok()?;
                let x = at / self.up[axis];
                (at.is_multiple_of(self.up[axis]) && x < self.source[axis]).then_some((y, x))
            })
            .collect()
    }

    /// The source channels of output channel `output`'s group.
    pub fn sources(&self, output: usize) -> std::ops::Range<usize> {
        let per_group = self.channels[0] / self.groups;
        let group = output / (self.channels[1] / self.groups);
        group * per_group..(group + 1) * per_group
    }

    /// The weight between an output channel, a source channel by its number in the group, and a
    /// kernel place.
    pub fn weight(&self, output: usize, source: usize, row: usize, column: usize) -> W {
        let per_group = self.channels[0] / self.groups;
        let index = ((output * per_group + source) * self.size[0] + row) * self.size[1] + column;
        self.weights.get(index).copied().unwrap_or_default()
    }

    /// Number of weights that are not zero.
    pub fn non_zero(&self) -> usize {
        let zero = W::default();
        self.weights
            .iter()
            .filter(|weight| **weight != zero)
            .count()
    }

    /// Pairs of both axes by kernel place.
    pub(crate) fn all_pairs(&self) -> [Vec<Pairs>; 2] {
        [0, 1].map(|axis| (0..self.size[axis]).map(|k| self.pairs(axis, k)).collect())
    }

    /// Calls `visit(output cell, source cell, weight)` for every product whose weight is not zero.
    pub fn for_each(&self, mut visit: impl FnMut(usize, usize, W)) {
        let [rows, columns] = self.all_pairs();
        for output in 0..self.channels[1] {
            self.channel(output, &rows, |to, from, weight, column| {
                for &(y, x) in &columns[column] {
                    visit(to + y, from + x, weight);
                }
            });
        }
    }

    /// `add(sum, weight, source cell)` for every product whose weight is not zero.
    pub(crate) fn accumulate<S: Send, X: Copy + Default + Send + Sync>(
        &self,
        sums: &mut [S],
        source: &[X],
        add: impl Fn(&mut S, W, X) + Sync,
    ) {
        let [rows, columns] = self.all_pairs();
        let plane = (self.output[0] * self.output[1]).max(1);
        let [sources, outputs] = self.channels.map(|channels| channels / self.groups.max(1));
        let places = sources * self.size[0] * self.size[1];
        if outputs >= SHARED_BY && places * plane <= MAX_SEEN {
            for (group, sums) in sums.chunks_mut(outputs * plane).enumerate() {
                let seen = self.seen(group, source, &rows, &columns);
                let weights = self.weights.get(group * outputs * places..);
                let weights = weights.unwrap_or_default().par_chunks(places.max(1));
                sums.par_chunks_mut(plane)
                    .zip(weights)
                    .for_each(|(sums, weights)| {
                        for (seen, weight) in seen.chunks(plane).zip(weights) {
                            if *weight == W::default() {
                                continue;
                            }
                            for (sum, x) in sums.iter_mut().zip(seen) {
                                add(sum, *weight, *x);
                            }
                        }
                    });
            }
            return;
        }
        let columns: Vec<Run> = columns.iter().map(|pairs| Run::of(pairs)).collect();
        sums.par_chunks_mut(plane)
            .enumerate()
            .for_each(|(output, sums)| {
                self.channel(output, &rows, |to, from, weight, column| {
                    let run = &columns[column];
                    let sums = sums.get_mut(to - output * plane + run.y..);
                    let source = source.get(from + run.x..);
                    let (Some(sums), Some(source)) = (sums, source) else {
                        return;
                    };
                    if (run.dy, run.dx) == (1, 1) {
                        // Contiguous: the compiler vectorises.
                        for (sum, x) in sums.iter_mut().zip(source).take(run.count) {
                            add(sum, weight, *x);
                        }
                    } else {
                        let sums = sums.iter_mut().step_by(run.dy);
                        for (sum, x) in sums.zip(source.iter().step_by(run.dx)).take(run.count) {
                            add(sum, weight, *x);
                        }
                    }
                });
            });
    }

    /// What the outputs of a group see through every kernel place of every source channel, plane by
    /// plane; zero beyond the edges.
    fn seen<X: Copy + Default>(
        &self,
        group: usize,
        source: &[X],
        rows: &[Pairs],
        columns: &[Pairs],
    ) -> Vec<X> {
        let plane = self.output[0] * self.output[1];
        let sources = self.channels[0] / self.groups;
        let mut seen = vec![X::default(); sources * self.size[0] * self.size[1] * plane];
        let mut into = seen.chunks_mut(plane.max(1));
        for channel in group * sources..(group + 1) * sources {
            for rows in rows {
                for columns in columns {
                    let Some(into) = into.next() else { continue };
                    for (y, x) in rows {
                        let to = y * self.output[1];
                        let from = (channel * self.source[0] + x) * self.source[1];
                        for (y, x) in columns {
                            if let Some(x) = source.get(from + x) {
                                into[to + y] = *x;
                            }
                        }
                    }
                }
            }
        }
        seen
    }

    /// Calls `visit(first output cell, first source cell, weight, kernel column)` for every pair of
    /// rows of one output channel.
    fn channel(
        &self,
        output: usize,
        rows: &[Pairs],
        mut visit: impl FnMut(usize, usize, W, usize),
    ) {
        for (number, source) in self.sources(output).enumerate() {
            for (row, pairs) in rows.iter().enumerate() {
                for column in 0..self.size[1] {
                    let weight = self.weight(output, number, row, column);
                    if weight == W::default() {
                        continue;
                    }
                    for &(y, x) in pairs {
                        let to = (output * self.output[0] + y) * self.output[1];
                        let from = (source * self.source[0] + x) * self.source[1];
                        visit(to, from, weight, column);
                    }
                }
            }
        }
    }
}

impl Conv {
    /// Adds the convolution of `source` to `sums`. Wraps where an unvalidated graph would overflow.
    pub(crate) fn add_to(&self, sums: &mut [i64], source: &[i32]) {
        self.accumulate(sums, source, |sum, weight, x| {
            *sum = sum.wrapping_add(i64::from(weight) * i64::from(x));
        });
    }
}

impl Conv<f64> {
    /// Adds the convolution of `source` to `sums`.
    pub fn add_to(&self, sums: &mut [f64], source: &[f64]) {
        self.accumulate(sums, source, |sum, weight, x| *sum += weight * x);
    }

    /// Adds the magnitudes of the convolution's products to `sizes`.
    pub fn add_sizes_to(&self, sizes: &mut [f64], source: &[f64]) {
        self.accumulate(sizes, source, |size, weight, x| *size += (weight * x).abs());
    }
}

/// Pairs in steps: outputs `y, y + dy, …` meet sources `x, x + dx, …`.
struct Run {
    y: usize,
    x: usize,
    dy: usize,
    dx: usize,
    count: usize,
}

impl Run {
    /// What a kernel place joins is an arithmetic progression on either side.
    fn of(pairs: &[(usize, usize)]) -> Self {
        let (y, x) = pairs.first().copied().unwrap_or_default();
        let next = pairs.get(1).copied().unwrap_or((y + 1, x + 1));
        Self {
            y,
            x,
            dy: next.0 - y,
            dx: next.1 - x,
            count: pairs.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv() -> Conv {
        Conv {
            channels: [1, 1],
            source: [1, 4],
            output: [1, 4],
            size: [1, 3],
            stride: [1, 1],
            up: [1, 1],
            dilation: [1, 1],
            pad: [0, 1],
            groups: 1,
            weights: vec![1, 10, 100],
        }
    }

    fn run(conv: &Conv, source: &[i32]) -> Vec<i64> {
        let outputs = conv.channels[1] * conv.output[0] * conv.output[1];
        conv.check(source.len(), outputs).expect("fits");
        let mut sums = vec![0; outputs];
        conv.add_to(&mut sums, source);
        let mut again = vec![0; outputs];
        conv.for_each(|to, from, weight| again[to] += i64::from(weight) * i64::from(source[from]));
        assert_eq!(sums, again);
        sums
    }

    #[test]
    fn padding_stride_and_dilation_place_the_kernel() {
        assert_eq!(run(&conv(), &[1, 2, 3, 4]), [210, 321, 432, 43]);
        let strided = Conv {
            output: [1, 2],
            stride: [1, 2],
            ..conv()
        };
        assert_eq!(run(&strided, &[1, 2, 3, 4]), [210, 432]);
        let dilated = Conv {
            dilation: [1, 2],
            pad: [0, 2],
            ..conv()
        };
        assert_eq!(run(&dilated, &[1, 2, 3, 4]), [310, 420, 31, 42]);
        let cropped = Conv {
            size: [1, 1],
            weights: vec![1],
            output: [1, 2],
            pad: [0, -1],
            ..conv()
        };
        assert_eq!(run(&cropped, &[1, 2, 3, 4]), [2, 3]);
    }

    #[test]
    fn upsampling_is_a_transposed_convolution_of_ones() {
        let nearest = Conv {
            output: [1, 8],
            size: [1, 2],
            up: [1, 2],
            pad: [0, 1],
            weights: vec![1, 1],
            ..conv()
        };
        assert_eq!(run(&nearest, &[1, 2, 3, 4]), [1, 1, 2, 2, 3, 3, 4, 4]);
    }

    #[test]
    fn groups_do_not_mix() {
        let depthwise = Conv {
            channels: [2, 2],
            groups: 2,
            size: [1, 1],
            pad: [0, 0],
            weights: vec![1, -1],
            ..conv()
        };
        assert_eq!(
            run(&depthwise, &[1, 2, 3, 4, 5, 6, 7, 8]),
            [1, 2, 3, 4, -5, -6, -7, -8]
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(conv().check(4, 5).is_err());
        assert!(
            Conv {
                groups: 2,
                ..conv()
            }
            .check(4, 4)
            .is_err()
        );
        assert!(
            Conv {
                weights: vec![1],
                ..conv()
            }
            .check(4, 4)
            .is_err()
        );
        assert!(
            Conv {
                stride: [0, 1],
                ..conv()
            }
            .check(4, 4)
            .is_err()
        );
        assert!(
            Conv {
                size: [usize::MAX, usize::MAX],
                ..conv()
            }
            .check(4, 4)
            .is_err()
        );
    }
}
