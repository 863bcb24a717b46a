//! A relation that has everything a relation may have, and a set-up whose secret is known.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use halo2curves_axiom::{
    bn256::{Fr, G1, G1Affine, G2Affine},
    ff::Field,
    group::Curve,
};
use rand::{SeedableRng, rngs::StdRng};
use verdict_argument::{
    ArgumentError, Arith, Column, Constants, FixedGroup, Phase, Powers, Prepared, Proven,
    ProvingKey, Relation, Row, Seen, Shape, prove, verify,
};

/// The secret of the tests' set-up.
pub fn tau() -> Fr {
    Fr::random(StdRng::seed_from_u64(99))
}

pub fn tau_g2() -> G2Affine {
    (G2Affine::generator() * tau()).to_affine()
}

pub fn powers(count: usize) -> Powers {
    let tau = tau();
    let scalars = std::iter::successors(Some(Fr::ONE), |power| Some(power * tau));
    let points: Vec<G1> = scalars.take(count).map(|s| G1::generator() * s).collect();
    let mut affine = vec![G1Affine::default(); count];
    G1::batch_normalize(&points, &mut affine);
    Powers::new(affine)
}

/// `x = q²` and `y = r·y' + (q + public)·(w_0 + r·w_1 + r²·w_2)` on every row but the first and the
/// blinding ones, where the selector is 1; on row 0, `y = public`. With a degree of 5, also
/// `x·q·(x − q²)·selector`.
#[derive(Clone, Debug)]
pub struct Toy {
    pub shape: Shape,
}

pub const WEIGHTS: usize = 3;

impl Toy {
    pub fn new(k: u32, pack: usize, degree: usize, hidden: bool) -> Self {
        let group = |columns, hidden| FixedGroup { columns, hidden };
        let phase = |columns, shifted, challenges| Phase {
            columns,
            shifted,
            challenges,
        };
        Self {
            shape: Shape {
                k,
                pack,
                fixed: vec![group(2, false), group(WEIGHTS, hidden)],
                phases: vec![phase(2, false, 1), phase(1, true, 0)],
                degree,
                blinding: 3,
                instance: 2,
            },
        }
    }
}

impl Relation for Toy {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn prepare<S: Arith>(&self, challenges: Vec<S>, _: &Constants<S>) -> Prepared<S> {
        let r = challenges[0].clone();
        let mut power = r.clone();
        let mut rest = Vec::new();
        for column in 3..2 + WEIGHTS {
            rest.push((power.clone(), column));
            power = power * r.clone();
        }
        Prepared {
            challenges,
            seen: vec![Seen::Column(0), Seen::Column(1), Seen::Sum(2, rest)],
        }
    }

    fn gates<S: Arith>(&self, row: &Row<'_, S>, gate: &mut impl FnMut(S)) {
        let [active, first, weight] = [0, 1, 2].map(|i: usize| row.fixed[i].clone());
        let [q, x, y] = [0, 1, 2].map(|i: usize| row.advice[i].clone());
        let before = row.previous[0].clone();
        let square = active.clone() * (x.clone() - q.clone() * q.clone());
        gate(square.clone());
        let made = (q.clone() + row.instance.clone()) * weight;
        gate(
            active.clone() * (y.clone() - row.challenges[0].clone() * before)
                - made * row.constants.one.clone(),
        );
        gate(first * (y - row.instance.clone()));
        if self.shape.degree == 5 {
            gate(square * q * x);
        }
    }
}

/// A satisfied instance: fixed columns, public values, first-phase columns.
pub struct Case {
    pub toy: Toy,
    pub columns: Vec<Column>,
    pub instance: Vec<Fr>,
    pub q: Vec<Fr>,
}

pub fn case(k: u32, pack: usize, degree: usize, hidden: bool) -> Case {
    let toy = Toy::new(k, pack, degree, hidden);
    let usable = toy.shape.usable();
    let mut active = vec![1i32; usable];
    active[0] = 0;
    let mut columns = vec![Column::new(active), Column::new(vec![1])];
    for weight in 0..WEIGHTS {
        // Zero where nothing is active, but for what hides the column.
        let mut values: Vec<i32> = (0..usable)
            .map(|i| (i * (weight + 3) % 17) as i32 - 8)
            .collect();
        values[0] = 0;
        columns.push(Column::new(values));
    }
    let q: Vec<Fr> = (0..usable).map(|i| -Fr::from(i as u64 * 5 + 1)).collect();
    Case {
        toy,
        columns,
        instance: vec![Fr::from(77), Fr::from(5)],
        q,
    }
}

impl Case {
    pub fn key(&self, powers: &Powers) -> ProvingKey {
        ProvingKey::new(&self.toy, self.columns.clone(), powers, |_| Fr::from(4)).unwrap()
    }

    /// The columns of a phase, as an honest prover has them.
    pub fn phase(&self, phase: usize, challenges: &[Fr]) -> Vec<Vec<Fr>> {
        if phase == 0 {
            let x = self.q.iter().map(Field::square).collect();
            return vec![self.q.clone(), x];
        }
        let rows = self.toy.shape.usable();
        let weights: Vec<Vec<Fr>> = self.columns[2..].iter().map(|c| c.values(rows)).collect();
        let mut y = vec![self.instance.first().copied().unwrap_or(Fr::ZERO)];
        for row in 1..rows {
            let weight = weights
                .iter()
                .rev()
                .fold(Fr::ZERO, |s, w| s * challenges[0] + w[row]);
            let public = self.instance.get(row).copied().unwrap_or(Fr::ZERO);
            y.push(challenges[0] * y[row - 1] + (self.q[row] + public) * weight);
        }
        vec![y]
    }

    pub fn prove(&self, powers: &Powers, seed: u64) -> Proven {
        self.try_prove(powers, seed, |_, _| {}).unwrap()
    }

    /// Proves with columns that were tampered with.
    pub fn try_prove(
        &self,
        powers: &Powers,
        seed: u64,
        tamper: impl Fn(usize, &mut Vec<Vec<Fr>>),
    ) -> Result<Proven, ArgumentError> {
        let key = self.key(powers);
        let witness = |phase: usize, challenges: &[Fr]| {
            let mut columns = self.phase(phase, challenges);
            tamper(phase, &mut columns);
            Ok(columns)
        };
        prove(
            &self.toy,
            &key,
            powers,
            &self.instance,
            witness,
            StdRng::seed_from_u64(seed),
        )
    }

    pub fn verify(
        &self,
        key: &ProvingKey,
        instance: &[Fr],
        proof: &[u8],
    ) -> Result<(), ArgumentError> {
        verify(&self.toy, key.verifying(), tau_g2(), instance, proof)
    }
}
