//! What a row of the tape does, and how three fixed columns say so at degree two.
//!
//! The nine opcodes are the points `(u, v, w) ≠ 0` of the principal lattice `u + v + w ≤ 2`,
//! `u, v, w ≥ 0`; the origin is an inactive row. That lattice is unisolvent for quadratics, so the
//! indicator of each opcode is a polynomial of degree two in the three columns, and
//! `σ = u + v + w ∈ {1, 2}` is a *linear* form that vanishes on inactive rows alone: every gate can
//! be switched off without spending a degree on a selector.

use verdict_argument::{Arith, Constants};

/// What one row of the tape does. The state is what the running columns hold *after* the row; `h'`
/// and its like are those of the row before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Op {
    /// No constraint holds here.
    Off = 0,
    /// `h = h' + w`; the position weight `S` stays.
    Hold,
    /// `h = r^c·h' + w`: the next lower block of `c` channels.
    Next,
    /// Opens a channel: `S = 1`, `y = r·y' + S·(q + instance)`.
    Channel,
    /// `h = w`: a new weight stream.
    Restart,
    /// `r^c·(h − w) = h'`: the next higher block of `c` channels.
    Back,
    /// Opens a level with its first channel: `d = g·d' + y' − x·h`, `S = 1`,
    /// `y = S·(q + instance)`.
    Level,
    /// `h = s·h' + w`, `S = s·S'`: the next position, or a shift of the kernel.
    Shift,
    /// `h = g·h' + w`: the next level nearer to the inputs.
    Skip,
    /// An end of the tape: `d' = 0` and `L' = 0`; opens a channel like [`Op::Level`], but loads
    /// nothing.
    Edge,
}

impl Op {
    /// All opcodes of active rows.
    pub const ALL: [Op; 9] = [
        Op::Hold,
        Op::Next,
        Op::Channel,
        Op::Restart,
        Op::Back,
        Op::Level,
        Op::Shift,
        Op::Skip,
        Op::Edge,
    ];

    /// The lattice point `(u, v, w)`.
    pub const fn point(self) -> [u64; 3] {
        match self {
            Op::Off => [0, 0, 0],
            Op::Hold => [1, 0, 0],
            Op::Next => [0, 1, 0],
            Op::Channel => [0, 0, 1],
            Op::Restart => [2, 0, 0],
            Op::Back => [0, 2, 0],
            Op::Level => [0, 0, 2],
            Op::Shift => [1, 1, 0],
            Op::Skip => [1, 0, 1],
            Op::Edge => [0, 1, 1],
        }
    }

    /// `σ = u + v + w`: 0 off, else 1 or 2. Table entries on the row are stored multiplied by it.
    pub const fn sigma(self) -> u64 {
        let [u, v, w] = self.point();
        u + v + w
    }
}

/// The indicator polynomial of an opcode: one at its lattice point, zero at the nine others.
pub(crate) fn indicator<S: Arith>(op: Op, [u, v, w]: &[S; 3], constants: &Constants<S>) -> S {
    let Constants { one, two, half } = constants;
    let sigma = || u.clone() + v.clone() + w.clone();
    let pair = |a: &S| a.clone() * (a.clone() - one.clone()) * half.clone();
    let single = |a: &S| a.clone() * (two.clone() - sigma());
    match op {
        Op::Off => (one.clone() - sigma()) * (two.clone() - sigma()) * half.clone(),
        Op::Hold => single(u),
        Op::Next => single(v),
        Op::Channel => single(w),
        Op::Restart => pair(u),
        Op::Back => pair(v),
        Op::Level => pair(w),
        Op::Shift => u.clone() * v.clone(),
        Op::Skip => u.clone() * w.clone(),
        Op::Edge => v.clone() * w.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves_axiom::{bn256::Fr, ff::Field};

    #[test]
    fn indicators_are_a_lagrange_basis_of_the_lattice() {
        for at in Op::ALL.into_iter().chain([Op::Off]) {
            let point = at.point().map(Fr::from);
            let constants = Constants::new(|value| value);
            for of in Op::ALL.into_iter().chain([Op::Off]) {
                let expected = if at == of { Fr::ONE } else { Fr::ZERO };
                assert_eq!(
                    indicator(of, &point, &constants),
                    expected,
                    "{of:?} at {at:?}"
                );
            }
        }
    }
}
