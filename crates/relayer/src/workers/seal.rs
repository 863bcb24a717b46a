//! What a relayer and a worker say is sealed with a key that the two share: XChaCha20-Poly1305 under
//! a random nonce, bound to the worker's name and to who speaks.

use crate::RelayError;
use alloy_primitives::{hex, keccak256};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, Payload},
};
use std::fmt;

/// The first byte of a sealed message.
const VERSION: u8 = 1;
const NONCE: usize = 24;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The relayer, to a worker.
    ToWorker,
    /// A worker, to a relayer.
    ToRelayer,
}

/// A key that a relayer and one worker share.
#[derive(Clone)]
pub struct Seal {
    cipher: XChaCha20Poly1305,
    name: String,
    fingerprint: String,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({}, #{})", self.name, self.fingerprint)
    }
}

impl Seal {
    /// A worker's, by its name and 32 bytes in hexadecimal.
    pub fn new(name: &str, key: &str) -> Result<Self, RelayError> {
        let wrong = || {
            RelayError::Config(format!(
                "the key of worker {name} is not 32 bytes in hexadecimal; `openssl rand -hex 32` makes one"
            ))
        };
        let key: [u8; 32] = hex::decode(key.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(wrong)?;
        let shown = keccak256([b"verdict worker key".as_slice(), &key].concat());
        Ok(Self {
            cipher: XChaCha20Poly1305::new(&Key::from(key)),
            name: name.to_owned(),
            fingerprint: hex::encode(&shown[..8]),
        })
    }

    /// The worker's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key is known by, which says nothing of it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn bound(&self, direction: Direction) -> Vec<u8> {
        let direction = match direction {
            Direction::ToWorker => "to worker ",
            Direction::ToRelayer => "to relayer from ",
        };
        format!("verdict work 1 {direction}{}", self.name).into_bytes()
    }

    /// Seals a message.
    pub fn seal(&self, direction: Direction, message: &[u8]) -> Result<Vec<u8>, RelayError> {
        let nonce = XNonce::generate();
        let bound = self.bound(direction);
        let payload = Payload {
            msg: message,
            aad: &bound,
        };
        let sealed = self
            .cipher
            .encrypt(&nonce, payload)
            .map_err(|_| RelayError::machine("seal a message", "it is too long"))?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what the other has sealed; `None` for what nobody with this key has sealed so.
    pub fn open(&self, direction: Direction, sealed: &[u8]) -> Option<Vec<u8>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE)?;
        if *version != VERSION {
            return None;
        }
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let bound = self.bound(direction);
        let payload = Payload {
            msg: sealed,
            aad: &bound,
        };
        self.cipher.decrypt(&XNonce::from(nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_by_the_other_alone() {
        use Direction::{ToRelayer, ToWorker};
        let (one, two) = ("11".repeat(32), "22".repeat(32));
        let seal = Seal::new("a", &one).unwrap();
        let sealed = seal.seal(ToWorker, b"work").unwrap();
        assert_eq!(seal.open(ToWorker, &sealed).unwrap(), b"work");
        assert_ne!(
            sealed,
            seal.seal(ToWorker, b"work").unwrap(),
            "a nonce each"
        );
        // Not the other way round, not for another worker, not with another key.
        assert!(seal.open(ToRelayer, &sealed).is_none());
        assert!(
            Seal::new("b", &one)
                .unwrap()
                .open(ToWorker, &sealed)
                .is_none()
        );
        assert!(
            Seal::new("a", &two)
                .unwrap()
                .open(ToWorker, &sealed)
                .is_none()
        );
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert!(seal.open(ToWorker, &other).is_none(), "byte {at}");
            assert!(seal.open(ToWorker, &sealed[..at]).is_none(), "{at} bytes");
        }
    }

    #[test]
    fn keys_are_32_bytes_and_never_shown() {
        for wrong in ["", "11", "zz", &"11".repeat(31), &"11".repeat(33)] {
            let error = Seal::new("a", wrong).unwrap_err().to_string();
            assert!(error.contains("32 bytes"), "{error}");
        }
        let seal = Seal::new("a", &"17".repeat(32)).unwrap();
        assert!(!format!("{seal:?}").contains("1717"), "{seal:?}");
    }
}
