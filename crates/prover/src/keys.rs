//! Proving and verifying keys.

use crate::{Cache, ProverError, Srs};
use halo2curves_axiom::bn256::{Fr, G1Affine};
use rand::{RngCore, rngs::OsRng};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};
use verdict_argument::{Powers, ProvingKey, Relation, prove};
use verdict_circuit::{Program, Tape, TapeRelation, Witness, fixed_columns, phase_columns};
use verdict_msm::Bases;
use verdict_wire::{VerifyingKeyParts, key_bytes, parse_key};

/// Proofs that are made without tables of multiples of the set-up's points. What a table takes to
/// make, about 60 µs a point, is what it saves in a dozen proofs: whoever waits as long never loses
/// more than half, however many proofs there will be.
const BEFORE_TABLES: usize = 12;
/// Set-ups of more points get no tables: what fits the memory saves too little of a proof.
const TABLE_POINTS: usize = 1 << 17;
/// What tables may take: all windows of so many points.
const TABLE_BYTES: usize = 112 << 20;

/// Both keys of a program on a tape under a set-up.
#[derive(Debug)]
pub struct Keys {
    program: Arc<Program>,
    tape: Arc<Tape>,
    relation: TapeRelation,
    key: ProvingKey,
    on_chain: VerifyingKeyParts,
    powers: Powers,
    /// The powers with tables.
    tables: OnceLock<Powers>,
    /// How many proofs were begun.
    begun: AtomicUsize,
}

/// What a key is made of, before there are commitments.
struct Parts<'a> {
    program: &'a Arc<Program>,
    tape: &'a Arc<Tape>,
    on_chain: VerifyingKeyParts,
    relation: TapeRelation,
    powers: Powers,
}

impl<'a> Parts<'a> {
    fn new(
        program: &'a Arc<Program>,
        tape: &'a Arc<Tape>,
        k: u32,
        pack: usize,
        srs: Srs,
    ) -> Result<Self, ProverError> {
        let on_chain = VerifyingKeyParts {
            k,
            width: tape.width(),
            pack,
            hidden: tape.hidden().is_some(),
            public_values: tape.words() + 1,
            commitments: Vec::new(),
        };
        let relation = on_chain.relation();
        relation.shape().check()?;
        let srs = srs.cut(relation.shape().points())?;
        Ok(Self {
            program,
            tape,
            on_chain,
            relation,
            powers: srs.powers().clone(),
        })
    }

    fn keys(self, key: ProvingKey) -> Keys {
        let mut on_chain = self.on_chain;
        on_chain.commitments = key.verifying().commitments.clone();
        Keys {
            program: self.program.clone(),
            tape: self.tape.clone(),
            relation: self.relation,
            key,
            on_chain,
            powers: self.powers,
            tables: OnceLock::new(),
            begun: AtomicUsize::new(0),
        }
    }

    fn generate(self) -> Result<Keys, ProverError> {
        let columns = fixed_columns(self.program, self.tape);
        let key = ProvingKey::new(
            &self.relation,
            columns,
            &self.powers,
            |commitments: &[G1Affine]| {
                let mut on_chain = self.on_chain.clone();
                on_chain.commitments = commitments.to_vec();
                on_chain.representation()
            },
        )?;
        Ok(self.keys(key))
    }
}

impl Keys {
    /// Makes both keys, of height `k` and with `pack` columns to a pack.
    pub fn generate(
        program: &Arc<Program>,
        tape: &Arc<Tape>,
        k: u32,
        pack: usize,
        srs: Srs,
    ) -> Result<Self, ProverError> {
        Parts::new(program, tape, k, pack, srs)?.generate()
    }

    /// Takes the verifying key, whose commitments are what key generation spends its time on, from
    /// the cache if it is there.
    ///
    /// The entry is named by a digest of the tape and of the set-up, and not believed: its
    /// commitments must be those of the fixed columns.
    pub fn cached(
        program: &Arc<Program>,
        tape: &Arc<Tape>,
        k: u32,
        pack: usize,
        srs: Srs,
        cache: &Cache,
    ) -> Result<Self, ProverError> {
        let digest = blake3::Hash::from(tape.digest(program)).to_hex();
        let name = format!("keys/{}-{k}-{pack}-{}", &digest[..32], srs.digest());
        let parts = Parts::new(program, tape, k, pack, srs)?;
        let Some(bytes) = cache.read(&name)? else {
            let keys = parts.generate()?;
            cache.write(&name, &key_bytes(&keys.on_chain))?;
            return Ok(keys);
        };
        let corrupt = |detail: String| ProverError::CorruptCache {
            path: cache.path(&name),
            detail,
        };
        let read = parse_key(&bytes).map_err(|error| corrupt(error.to_string()))?;
        let expected = VerifyingKeyParts {
            commitments: read.commitments.clone(),
            ..parts.on_chain.clone()
        };
        if read != expected {
            return Err(corrupt(
                "it is a key of another height, width or pack, or of other public values".into(),
            ));
        }
        let columns = fixed_columns(program, tape);
        let verifying = read.verifying();
        let key = ProvingKey::with_verifying(
            &parts.relation,
            columns,
            &parts.powers,
            verifying,
            &mut OsRng,
        )?;
        let key = key.ok_or_else(|| corrupt("it is the key of another model or set-up".into()))?;
        Ok(parts.keys(key))
    }

    /// Proves what a witness holds; `rng` blinds. `instance` is the context, then the public words.
    ///
    /// The bytes depend on nothing but the arguments. After a dozen proofs tables of multiples of the
    /// set-up's points are made, if they are not too large.
    pub fn prove(
        &self,
        witness: &Witness,
        instance: &[Fr],
        rng: impl RngCore,
    ) -> Result<Vec<u8>, ProverError> {
        let columns = |phase: usize, challenges: &[Fr]| {
            let (program, tape) = (&self.program, &self.tape);
            Ok::<_, ProverError>(phase_columns(
                phase, challenges, program, tape, witness, instance,
            ))
        };
        let proven = prove(
            &self.relation,
            &self.key,
            self.powers(),
            instance,
            columns,
            rng,
        )?;
        Ok(proven.bytes)
    }

    fn powers(&self) -> &Powers {
        let before = self.begun.fetch_add(1, Ordering::Relaxed);
        if before < BEFORE_TABLES || self.powers.len() > TABLE_POINTS {
            return &self.powers;
        }
        self.tables
            .get_or_init(|| self.powers.clone().with_tables(TABLE_BYTES))
    }

    /// What the tables of a set-up of so many points take while they are made, in bytes, beside what
    /// a plan says of a proof.
    pub fn table_bytes(points: usize) -> usize {
        // Rows are made one after the other from copies: measured at 2.4 to 2.6 times the table.
        match points {
            ..=TABLE_POINTS => Bases::table_bytes(points, TABLE_BYTES).saturating_mul(11) / 4,
            _ => 0,
        }
    }

    /// Size of a proof.
    pub fn proof_bytes(&self) -> usize {
        self.relation.shape().proof_bytes()
    }

    /// The verifying key in the form that goes on chain.
    pub const fn on_chain(&self) -> &VerifyingKeyParts {
        &self.on_chain
    }
}
