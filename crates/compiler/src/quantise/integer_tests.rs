//! Tests as exact integers: whatever grid the value's source is on, the integer test holds for an
//! integer exactly if the real test holds for the real number that this integer stands for. A
//! missing value (NaN) is an integer of its own just beyond the feature's range; where the
//! comparison would take it to the wrong side, a cell that is 1 for missing values corrects it.

use crate::Result;
use crate::float::comparison::{Comparison, Test};
use crate::float::graph::{FloatKernel, FloatTerm};
use verdict_model::ranks::representative;
use verdict_model::{Kernel, Layer, Term};

/// What real numbers integers stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reals<'a> {
    /// `(integer + zero) · scale`
    Even {
        /// The real value of one step.
        scale: f64,
        /// Steps from zero to the integer 0.
        zero: i64,
    },
    /// All numbers between two breakpoints, none of which any test tells from the others.
    Ranks(&'a [f64]),
}

impl Reals<'_> {
    /// A number that `integer` stands for.
    fn real(self, integer: i64) -> f64 {
        match self {
            Self::Even { scale, zero } => (integer + zero) as f64 * scale,
            Self::Ranks(breakpoints) => representative(breakpoints, integer),
        }
    }
}

/// The cell a test reads and what its integers are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand<'a> {
    /// The test is of `bias + weight · real`.
    pub(crate) weight: f64,
    /// The source cell's integers, missing ones not counted.
    pub(crate) range: (i32, i32),
    /// What they stand for.
    pub(crate) reals: Reals<'a>,
    /// The integer of a missing value.
    pub(crate) missing: Option<i32>,
}

/// An integer test: `sign · integer + offset (+ mark, if the value is missing)` is not negative, or
/// zero if the test is for equality. The sign is −1, 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct IntegerTest {
    sign: i32,
    offset: i64,
    mark: i64,
}

impl IntegerTest {
    fn at_least(integer: i64) -> Self {
        Self {
            sign: 1,
            offset: -integer,
            mark: 0,
        }
    }

    fn at_most(integer: i64) -> Self {
        Self {
            sign: -1,
            offset: integer,
            mark: 0,
        }
    }

    /// A test with the same result for every integer, whatever is tested for.
    fn always(value: bool) -> Self {
        Self {
            offset: if value { 0 } else { -1 },
            ..Self::default()
        }
    }

    fn sum(self, integer: i64) -> i64 {
        i64::from(self.sign) * integer + self.offset
    }
}

/// The first integer for which `test` has its upper value; one beyond the range if there is none.
/// Rounding keeps the order of real numbers, so the test has that value from there on.
fn first_upper(test: &Test, bias: f64, operand: &Operand<'_>) -> i64 {
    let rises = test.comparison.rises() == (operand.weight > 0.0);
    let (mut first, mut end) = (i64::from(operand.range.0), i64::from(operand.range.1) + 1);
    while first < end {
        let middle = first + (end - first) / 2;
        let real = operand.reals.real(middle);
        if test.holds(bias + operand.weight * real) == rises {
            end = middle;
        } else {
            first = middle + 1;
        }
    }
    first
}

/// The integer test that holds for an integer exactly if `test` holds for what it stands for. Where
/// it is `private`, it reads its operand even if the result is always the same.
fn integer_test(
    test: &Test,
    bias: f64,
    operand: &Operand<'_>,
    private: bool,
) -> Result<IntegerTest, String> {
    let (low, high) = (i64::from(operand.range.0), i64::from(operand.range.1));
    let code = operand.missing.map(i64::from);
    match test.comparison {
        Comparison::Missing => Ok(match code {
            None => IntegerTest::always(false),
            Some(code) if code > high => IntegerTest::at_least(code),
            Some(code) => IntegerTest::at_most(code),
        }),
        Comparison::Equal => equality(test, bias, operand, private),
        _ => Ok(comparison(test, bias, operand, (low, high), code, private)),
    }
}

/// A test for equality: of the integers one at most stands for the number asked for.
fn equality(
    test: &Test,
    bias: f64,
    operand: &Operand<'_>,
    private: bool,
) -> Result<IntegerTest, String> {
    let side = |comparison| {
        let test = Test {
            comparison,
            ..*test
        };
        first_upper(&test, bias, operand)
    };
    let (mut from, mut to) = (side(Comparison::AtLeast), side(Comparison::Above));
    if operand.weight < 0.0 {
        (from, to) = (to, from);
    }
    if to > from + 1 {
        return Err(format!(
            "an input's grid is too fine to tell whether a 32-bit number equals {}; subtract an offset from that feature before training",
            test.threshold
        ));
    }
    let mut result = match (from < to, private) {
        (true, _) => IntegerTest::at_least(from),
        (false, false) => IntegerTest::always(false),
        // Not even a missing value has this integer.
        (false, true) => IntegerTest::at_least(i64::from(operand.range.1) + 2),
    };
    if let (Some(code), true) = (operand.missing, test.missing) {
        result.mark = -result.sum(code.into());
    }
    Ok(result)
}

fn comparison(
    test: &Test,
    bias: f64,
    operand: &Operand<'_>,
    (low, high): (i64, i64),
    code: Option<i64>,
    private: bool,
) -> IntegerTest {
    let rises = test.comparison.rises() == (operand.weight > 0.0);
    let first = first_upper(test, bias, operand);
    let Some(code) = code else {
        return match (first == low, first > high) {
            (true, _) if !private => IntegerTest::always(rises),
            (_, true) if !private => IntegerTest::always(!rises),
            _ if rises => IntegerTest::at_least(first),
            _ => IntegerTest::at_most(first - 1),
        };
    };
    let mut result = if rises {
        IntegerTest::at_least(first)
    } else {
        IntegerTest::at_most(first - 1)
    };
    let sum = result.sum(code);
    if test.missing && sum < 0 {
        result.mark = -sum;
    } else if !test.missing && sum >= 0 {
        result.mark = -sum - 1;
    }
    result
}

/// One term's weights: `(output cell, source cell, weight)`.
type Entries = Vec<(u32, u32, i32)>;

/// The integer layer of `tests`, whose function number is still to be set. `operand(source, cell)`
/// says what a source cell's integers are, and nothing about marks of missing values. The places of
/// `private` weights do not depend on what is tested for.
pub(crate) fn integer_layer<'a>(
    tests: &[Option<Test>],
    terms: &[FloatTerm],
    bias: &[f64],
    operand: impl Fn(usize, u32) -> Option<Operand<'a>>,
    private: bool,
) -> Result<Layer, String> {
    let mut entries: Vec<Entries> = vec![Entries::new(); terms.len()];
    let mut biases = vec![-1; tests.len()];
    for (i, test) in tests.iter().enumerate() {
        let Some(test) = test else { continue };
        let read = terms.iter().enumerate().flat_map(|(term, of)| {
            let row = match &of.kernel {
                FloatKernel::Rows(rows) => rows.get(i).map_or(&[][..], Vec::as_slice),
                FloatKernel::Conv(_) => &[],
            };
            row.iter().map(move |(cell, weight)| (term, *cell, *weight))
        });
        let bias = bias.get(i).copied().unwrap_or(0.0);
        let (mut found, mut mark) = (None, None);
        for (term, cell, weight) in read {
            match operand(terms[term].source, cell) {
                None => mark = Some((term, cell)),
                Some(_) if found.is_some() => {
                    return Err(format!("test {i} reads more than one cell"));
                }
                Some(operand) => found = Some((term, cell, Operand { weight, ..operand })),
            }
        }
        let Some((term, cell, operand)) = found else {
            biases[i] = IntegerTest::always(test.holds(bias)).offset;
            continue;
        };
        let integer = integer_test(test, bias, &operand, private)?;
        biases[i] = integer.offset;
        if integer.sign != 0 {
            entries[term].push((i as u32, cell, integer.sign));
        }
        let marked = private && operand.missing.is_some() && mark.is_some();
        if integer.mark != 0 || marked {
            let weight = i32::try_from(integer.mark).ok();
            let (Some((term, cell)), Some(weight)) = (mark, weight) else {
                return Err(format!("test {i} has no mark for missing values"));
            };
            entries[term].push((i as u32, cell, weight));
        }
    }
    let sources = terms.iter().map(|term| term.source).zip(entries);
    let terms = sources
        .filter(|(_, entries)| !entries.is_empty())
        .map(|(source, entries)| Term {
            source,
            kernel: Kernel::Sparse { entries },
        });
    Ok(Layer {
        nodes: Vec::new(),
        terms: terms.collect(),
        bias: biases,
        function: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPARISONS: [Comparison; 5] = [
        Comparison::Equal,
        Comparison::AtMost,
        Comparison::Below,
        Comparison::AtLeast,
        Comparison::Above,
    ];

    fn passes(test: &Test, sum: i64) -> bool {
        match test.comparison {
            Comparison::Equal => sum == 0,
            _ => sum >= 0,
        }
    }

    /// Every integer, and the missing one, of every small test.
    #[test]
    fn integers_decide_as_their_real_numbers() {
        let thresholds = [-9.0, -2.0, -1.99, 0.0, 0.1f32.into(), 0.1, 0.3, 1.0, 99.0];
        for (weight, bias, zero) in [
            (1.0, 0.0, 0),
            (-1.0, 0.0, 3),
            (0.3, -0.7, -5),
            (-4.0, 0.1, 0),
        ] {
            for code in [None, Some(-9), Some(12)] {
                for (single, private) in [(false, false), (true, false), (true, true)] {
                    for (comparison, missing) in
                        COMPARISONS.iter().flat_map(|c| [(*c, false), (*c, true)])
                    {
                        for threshold in thresholds {
                            let test = Test {
                                comparison,
                                threshold,
                                single,
                                missing,
                            };
                            let operand = Operand {
                                weight,
                                range: (-8, 11),
                                reals: Reals::Even { scale: 0.1, zero },
                                missing: code,
                            };
                            let integer = integer_test(&test, bias, &operand, private).unwrap();
                            for q in -8..=11i64 {
                                let real = bias + weight * ((q + zero) as f64 * 0.1);
                                assert_eq!(
                                    passes(&test, integer.sum(q)),
                                    test.holds(real),
                                    "{test:?} {q}"
                                );
                            }
                            if let Some(code) = code {
                                let sum = integer.sum(code.into()) + integer.mark;
                                assert_eq!(passes(&test, sum), missing, "{test:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn marks_know_missing_values_only() {
        let test = Test {
            comparison: Comparison::Missing,
            threshold: 0.0,
            single: true,
            missing: true,
        };
        for code in [-1, 8] {
            let operand = Operand {
                weight: 1.0,
                range: (0, 7),
                reals: Reals::Even {
                    scale: 0.5,
                    zero: 0,
                },
                missing: Some(code),
            };
            let integer = integer_test(&test, 0.0, &operand, false).unwrap();
            for q in -1..=8 {
                assert_eq!(integer.sum(q) >= 0, q == i64::from(code));
            }
        }
        assert!(test.holds(f64::NAN) && !test.holds(0.0));
    }

    #[test]
    fn thirty_two_bit_models_compare_thirty_two_bit_values() {
        let test = |single| Test {
            comparison: Comparison::AtMost,
            threshold: 0.1f32.into(),
            single,
            missing: false,
        };
        // 0.1 as a double is below 0.1 as a float; 0.7 is the other way round.
        assert!(test(true).holds(0.1) && test(false).holds(0.1));
        let seven = Test {
            threshold: 0.7f32.into(),
            ..test(true)
        };
        assert!(seven.holds(0.7));
        assert!(
            !Test {
                single: false,
                ..seven
            }
            .holds(0.7)
        );
    }
}
