//! Which set-up a proof may be made or believed under.

use crate::EngineError;
use alloy_primitives::U256;
use std::sync::LazyLock;
use verdict_prover::{Cache, Ceremony, ProverError, Srs, StoredSrs};
use verdict_wire::words;

/// A set-up that was chosen, not read yet.
///
/// The insecure development set-up is had by its own name alone, [`Setup::development`]: whatever
/// is stored, and under whatever name, [`Setup::imported`] never yields it.
#[derive(Clone, Debug)]
pub struct Setup {
    kind: SetupKind,
}

#[derive(Clone, Debug)]
enum SetupKind {
    /// The insecure one, with the cache that may hold it.
    Development { cache: Option<Cache> },
    /// An imported one, and how few and how many points of it the cache has.
    Imported {
        digest: String,
        least: usize,
        most: usize,
        cache: Cache,
    },
}

impl Setup {
    /// The INSECURE development set-up, of which everybody knows the secret: for experiments and
    /// tests. With a cache, its points are kept there.
    pub fn development(cache: Option<Cache>) -> Self {
        let kind = SetupKind::Development { cache };
        Self { kind }
    }

    /// The one set-up in the cache whose digest begins with `wanted`; an empty `wanted` fits them
    /// all.
    pub fn imported(wanted: &str, cache: &Cache) -> Result<Self, EngineError> {
        let stored: Vec<StoredSrs> = Srs::stored(cache)?
            .into_iter()
            .filter(|srs| !srs.development)
            .collect();
        let mut digests: Vec<&str> = stored
            .iter()
            .map(|srs| srs.digest.as_str())
            .filter(|digest| digest.starts_with(wanted))
            .collect();
        digests.sort_unstable();
        digests.dedup();
        match digests.as_slice() {
            [digest] => {
                let same = stored.iter().filter(|srs| srs.digest == *digest);
                let points = same.map(|srs| srs.points);
                Ok(Self {
                    kind: SetupKind::Imported {
                        digest: (*digest).into(),
                        least: points.clone().min().unwrap_or(0),
                        most: points.max().unwrap_or(0),
                        cache: cache.clone(),
                    },
                })
            }
            [] if wanted.is_empty() => Err(EngineError::Setup(format!(
                "no set-up is imported in {}; run `verdict srs import FILE.ptau`, or pass --dev to use the INSECURE \
                 development set-up for experiments",
                cache.root().display()
            ))),
            [] => Err(EngineError::Setup(format!(
                "no imported set-up has a digest that begins with `{wanted}`; `verdict srs list` shows those there are, \
                 and the development set-up is used with --dev only"
            ))),
            several => Err(EngineError::Setup(format!(
                "several imported set-ups fit ({}); say which with --srs",
                several.join(", ")
            ))),
        }
    }

    /// How many points there are, `None` if as many can be made as one likes.
    pub const fn points(&self) -> Option<usize> {
        match &self.kind {
            SetupKind::Development { .. } => None,
            SetupKind::Imported { most, .. } => Some(*most),
        }
    }

    /// The known ceremony that it is of, if it is of one.
    pub fn ceremony(&self) -> Option<&'static Ceremony> {
        Ceremony::of(&self.digest())
    }

    /// Whether it is the insecure development set-up.
    pub const fn is_development(&self) -> bool {
        matches!(self.kind, SetupKind::Development { .. })
    }

    /// The digest of its `[τ]_2`.
    pub fn digest(&self) -> String {
        match &self.kind {
            SetupKind::Development { .. } => Srs::development_digest(),
            SetupKind::Imported { digest, .. } => digest.clone(),
        }
    }

    /// A name for reports.
    pub fn name(&self) -> &str {
        match &self.kind {
            SetupKind::Development { .. } => "development (INSECURE: anyone can forge proofs)",
            SetupKind::Imported { digest, .. } => digest,
        }
    }

    /// Reads or makes so many points of the set-up.
    pub fn open(&self, points: usize) -> Result<Srs, EngineError> {
        let srs = match &self.kind {
            SetupKind::Development { cache: None } => Srs::development(points),
            SetupKind::Development { cache: Some(cache) } => {
                Srs::development_cached(points, cache)?
            }
            SetupKind::Imported {
                digest,
                most,
                cache,
                ..
            } => Srs::cached(digest, points, cache)?.ok_or(ProverError::SrsTooSmall {
                have: *most,
                need: points,
            })?,
        };
        if srs.is_development() && !self.is_development() {
            return Err(EngineError::Setup(
                "this set-up is the INSECURE development set-up; pass --dev if that is what you want"
                    .into(),
            ));
        }
        Ok(srs)
    }

    /// Reads as few points as there are, for its one point `[τ]_2`, which every file of it holds.
    pub fn open_any(&self) -> Result<Srs, EngineError> {
        match &self.kind {
            SetupKind::Development { .. } => Ok(Srs::development(2)),
            SetupKind::Imported { least, .. } => self.open(*least),
        }
    }

    /// Its `[τ]_2`, as the verifier's constructor takes it.
    pub fn tau_g2(&self) -> Result<[U256; 4], EngineError> {
        match &self.kind {
            SetupKind::Development { .. } => Ok(development_tau_g2()),
            SetupKind::Imported { .. } => Ok(words::tau_g2(&self.open_any()?.tau_g2())),
        }
    }

    /// Refuses any other set-up than the one a proof was made under.
    pub fn must_be(&self, expected: &str) -> Result<(), EngineError> {
        let found = self.digest();
        if found == expected {
            return Ok(());
        }
        Err(ProverError::Mismatch {
            what: "the proof",
            found: format!("set-up {expected}"),
            expected: format!("set-up {found}"),
        }
        .into())
    }
}

/// The `[τ]_2` of the INSECURE development set-up.
pub(crate) fn development_tau_g2() -> [U256; 4] {
    static MADE: LazyLock<[U256; 4]> =
        LazyLock::new(|| words::tau_g2(&Srs::development(2).tau_g2()));
    *MADE
}
