//! Finds the set-up that the command line means.

use crate::{args::SrsArgs, error::CliError};
use verdict_prover::{Cache, Srs, StoredSrs};

/// A set-up, not yet read.
#[derive(Clone, Debug)]
pub(crate) enum Setup {
    /// The insecure one.
    Development,
    /// An imported one and the largest height stored.
    Imported { digest: String, height: u32 },
}

impl Setup {
    /// Chooses; refuses the development set-up unless `--dev` asks for it, under whatever name it is stored.
    pub(crate) fn choose(args: &SrsArgs, cache: &Cache) -> Result<Self, CliError> {
        if args.dev {
            return Ok(Self::Development);
        }
        let stored: Vec<StoredSrs> = Srs::stored(cache)?
            .into_iter()
            .filter(|srs| !srs.development)
            .collect();
        let wanted = args.srs.as_deref().unwrap_or_default();
        let mut digests: Vec<&str> = stored
            .iter()
            .map(|srs| srs.digest.as_str())
            .filter(|digest| digest.starts_with(wanted))
            .collect();
        digests.sort_unstable();
        digests.dedup();
        match digests.as_slice() {
            [digest] => {
                let heights = stored
                    .iter()
                    .filter(|srs| srs.digest == *digest)
                    .map(|srs| srs.k);
                Ok(Self::Imported {
                    digest: (*digest).into(),
                    height: heights.max().unwrap_or(0),
                })
            }
            [] if wanted.is_empty() => Err(CliError::Setup(format!(
                "no set-up is imported in {}; run `verdict srs import FILE.ptau`, or pass --dev to use the INSECURE \
                 development set-up for experiments",
                cache.root().display()
            ))),
            [] => Err(CliError::Setup(format!(
                "no imported set-up has a digest that begins with `{wanted}`; `verdict srs list` shows those there are, and the \
                 development set-up is used with --dev only"
            ))),
            several => Err(CliError::Setup(format!(
                "several imported set-ups fit ({}); say which with --srs",
                several.join(", ")
            ))),
        }
    }

    /// The largest height there is, `None` if any height can be made.
    pub(crate) fn height(&self) -> Option<u32> {
        match self {
            Self::Development => None,
            Self::Imported { height, .. } => Some(*height),
        }
    }

    /// Reads or makes the set-up at height `k`.
    pub(crate) fn open(&self, k: u32, cache: &Cache) -> Result<Srs, CliError> {
        let srs = match self {
            Self::Development => Srs::development_cached(k, cache)?,
            Self::Imported { digest, height } => {
                Srs::cached(digest, k, cache)?.ok_or(verdict_prover::ProverError::SrsTooSmall {
                    have: *height,
                    need: k,
                })?
            }
        };
        if srs.is_development() && !matches!(self, Self::Development) {
            return Err(CliError::Setup(
                "this set-up is the INSECURE development set-up; pass --dev if that is what you want".into(),
            ));
        }
        Ok(srs)
    }

    /// Refuses any other set-up than the one a proof was made under.
    pub(crate) fn must_be(&self, expected: &str) -> Result<(), CliError> {
        let found = match self {
            Self::Development => Srs::development_digest(),
            Self::Imported { digest, .. } => digest.clone(),
        };
        if found == expected {
            return Ok(());
        }
        Err(verdict_prover::ProverError::Mismatch {
            what: "the proof",
            found: format!("set-up {expected}"),
            expected: format!("set-up {found}"),
        }
        .into())
    }

    /// As reports name it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Development => "development (INSECURE: anyone can forge proofs)",
            Self::Imported { digest, .. } => digest,
        }
    }
}
