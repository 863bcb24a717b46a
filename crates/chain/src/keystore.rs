//! Keystores as geth and Foundry write them (version 3 of the Web3 Secret Storage).

use crate::ChainError;
use alloy_signer_local::{LocalSignerError, PrivateKeySigner};
use serde::Deserialize;
use std::path::Path;
use verdict_wire::read_text;

/// Bytes that scrypt may use: a file must not make the program ask for more than any wallet does
/// (geth: 256 MiB).
const MEMORY: u64 = 1 << 30;
/// Rounds of PBKDF2 that a file may ask for; wallets ask for 262,144.
const ROUNDS: u64 = 10_000_000;

/// As much of a keystore as must be checked before it is decrypted: the decryption trusts these
/// lengths.
#[derive(Deserialize)]
struct Keystore {
    version: u64,
    crypto: Crypto,
}

#[derive(Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: Cipher,
    kdfparams: Derivation,
}

#[derive(Deserialize)]
struct Cipher {
    iv: String,
}

#[derive(Deserialize)]
struct Derivation {
    dklen: u64,
    #[serde(default)]
    c: u64,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    r: u64,
    #[serde(default)]
    p: u64,
}

/// Decrypts one.
pub(super) fn open(path: &Path, password: &str) -> Result<PrivateKeySigner, ChainError> {
    let fail = |detail: &str| ChainError::Signer(format!("keystore {}: {detail}", path.display()));
    let text = read_text(path)?;
    // The parser's message could repeat what is in the file, which may be a bare key.
    let known: Keystore = serde_json::from_str(&text).map_err(|error| {
        fail(&format!(
            "it is no keystore of version 3 (line {}, column {}); for a bare key use --private-key-file",
            error.line(),
            error.column()
        ))
    })?;
    let crypto = &known.crypto;
    if known.version != 3 || crypto.cipher != "aes-128-ctr" {
        return Err(fail(
            "only version 3 with the cipher aes-128-ctr is understood",
        ));
    }
    let derivation = &crypto.kdfparams;
    let memory = derivation
        .n
        .saturating_mul(derivation.r)
        .saturating_mul(128);
    let scrypt = derivation.c > 0 || (derivation.n.is_power_of_two() && derivation.n > 1);
    if crypto.cipherparams.iv.trim_start_matches("0x").len() != 32
        || derivation.dklen != 32
        || derivation.c > ROUNDS
        || memory > MEMORY
        || derivation.p > 16
        || !scrypt
    {
        return Err(fail(
            "it asks for a key derivation that no wallet uses; it may be damaged",
        ));
    }
    PrivateKeySigner::decrypt_keystore(path, password).map_err(|error| match error {
        LocalSignerError::EthKeystoreError(error) if error.to_string() == "Mac Mismatch" => {
            fail("the password is wrong, or the file is damaged; check the file given with --password-file")
        }
        _ => fail("it cannot be decrypted; it may be damaged"),
    })
}
