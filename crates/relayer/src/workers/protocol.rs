//! What a relayer and its workers tell each other.

use crate::RelayError;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use verdict_engine::BatchOf;

/// The largest message that is sent, sealed: a server takes 1 MiB unless it was told otherwise.
pub(crate) const MESSAGE: usize = 768 << 10;

/// The largest message that is opened to find out who sent it; what is larger is nobody's.
pub(crate) const OPENED: usize = 16 << 20;

/// The largest model that is carried.
pub(crate) const MODEL: u64 = 1 << 30;

/// How often a worker says that it is there.
pub(crate) const PRESENCE: Duration = Duration::from_secs(2);

/// How long it is believed to be there without saying so.
pub(crate) const ABSENT: Duration = Duration::from_secs(7);

/// A proof that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// This try, of which there is one for ever.
    pub attempt: String,
    /// Who wants it.
    pub relayer: String,
    /// What for: the trigger's id.
    pub trigger: String,
    /// The digest of the compiled model, which is also its name where models are kept.
    pub model: [u8; 32],
    /// The length of its file.
    pub length: u64,
    /// The bundle: model, meaning of the public values, key, set-up.
    pub bundle: [u8; 32],
    /// The key's height.
    pub k: u32,
    /// The key's width.
    pub width: u64,
    /// The key's columns to a pack.
    pub pack: u64,
    /// How many items a proof is about, and what is public of them.
    pub batch: BatchOf,
    /// What it takes by its plan, in bytes.
    pub memory: u64,
    /// The model's integers: of every item, of every input.
    pub items: Vec<Vec<Vec<i32>>>,
    /// The context.
    pub context: [u8; 32],
    /// How often the worker says that it is still at it, in milliseconds.
    pub beat: u64,
    /// After how many milliseconds the answer is worthless.
    pub longest: u64,
}

/// What a relayer tells a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// A proof is wanted.
    Work(Box<Work>),
    /// Whether to begin.
    Go {
        /// Which.
        attempt: String,
        /// Whether.
        go: bool,
    },
    /// The answer has arrived; whether it was right is not said.
    Arrived {
        /// Whose.
        attempt: String,
    },
}

/// What a worker says to a relayer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// It is there.
    Here {
        /// What its proofs may take, in bytes.
        memory: u64,
        /// Whether it proves already.
        busy: bool,
    },
    /// It would begin.
    Ask {
        /// What.
        attempt: String,
    },
    /// It is still at it.
    Beat {
        /// At what.
        attempt: String,
        /// Each is greater than the last: an old one says nothing.
        number: u64,
    },
    /// The proof.
    Done {
        /// Of what.
        attempt: String,
        /// The context, then the public words.
        public_values: Vec<[u8; 32]>,
        /// The proof.
        proof: Vec<u8>,
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
    /// The model is not where it should be, or is another.
    Lacks {
        /// For what.
        attempt: String,
        /// Why.
        why: String,
    },
    /// It cannot.
    Cannot {
        /// What.
        attempt: String,
        /// Why.
        why: String,
    },
}

pub(crate) fn encode(message: &impl Serialize) -> Result<Vec<u8>, RelayError> {
    postcard::to_stdvec(message).map_err(|error| RelayError::machine("write a message", error))
}

/// Reads a message, all of it, and nothing after it.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    if bytes.len() > MESSAGE {
        return Err(format!("{} bytes, more than {MESSAGE}", bytes.len()));
    }
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(format!("{} bytes too many", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

/// A text of somebody else's, as far as it is kept.
pub(crate) fn shortened(text: &str) -> String {
    const KEPT: usize = 300;
    text.chars()
        .filter(|it| !it.is_control())
        .take(KEPT)
        .collect()
}
