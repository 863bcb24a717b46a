//! Why a contract refused: its custom error by name, and what to do about it.

use crate::Artifact;
use alloy_dyn_abi::{DynSolValue, JsonAbiExt};
use alloy_json_abi::Error;
use alloy_primitives::{Bytes, Selector, hex};
use alloy_sol_types::{Panic, Revert as Reason, SolError};
use std::{collections::HashMap, fmt, sync::LazyLock};

/// The errors of all embedded contracts, by selector.
static ERRORS: LazyLock<HashMap<Selector, Error>> = LazyLock::new(|| {
    let mut errors = HashMap::new();
    for artifact in Artifact::names().filter_map(|name| Artifact::load(name).ok()) {
        for error in artifact.abi.errors() {
            errors
                .entry(error.selector())
                .or_insert_with(|| error.clone());
        }
    }
    errors
});

/// Why a call reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revert {
    /// What the contract returned.
    pub data: Bytes,
    /// The error's name; `None` if no embedded contract has it.
    pub name: Option<String>,
    /// The error with its arguments, or the bytes.
    pub text: String,
}

impl Revert {
    /// Decodes what a call that reverted returned.
    pub fn new(data: Bytes) -> Self {
        if data.is_empty() {
            return Self::unnamed(
                data,
                "nothing: no such function, or a check without a message".into(),
            );
        }
        if let Ok(reason) = Reason::abi_decode(&data) {
            let text = format!("\"{}\"", reason.reason);
            return Self {
                name: Some(reason.reason),
                data,
                text,
            };
        }
        if let Ok(panic) = Panic::abi_decode(&data) {
            return Self {
                data,
                name: Some("Panic".into()),
                text: panic.to_string(),
            };
        }
        let known = data
            .get(..4)
            .and_then(|selector| ERRORS.get(&Selector::from_slice(selector)));
        let decoded = known.and_then(|error| {
            let values = error.abi_decode_input(data.get(4..)?).ok()?;
            Some((error.name.clone(), describe(error, &values)))
        });
        match decoded {
            Some((name, text)) => Self {
                data,
                name: Some(name),
                text,
            },
            None => {
                let text = hex::encode_prefixed(&data);
                Self::unnamed(data, text)
            }
        }
    }

    /// What the EVM itself stopped at: out of gas, an invalid opcode.
    pub(crate) fn halt(reason: String) -> Self {
        Self {
            data: Bytes::new(),
            name: Some(reason.clone()),
            text: reason,
        }
    }

    const fn unnamed(data: Bytes, text: String) -> Self {
        Self {
            data,
            name: None,
            text,
        }
    }

    /// Whether the error has this name.
    pub fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&'static str> {
        advice(self.name.as_deref()?)
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `WrongProofLength { expected: 1, actual: 2 }`.
fn describe(error: &Error, values: &[DynSolValue]) -> String {
    if values.is_empty() {
        return error.name.clone();
    }
    let fields: Vec<String> = error
        .inputs
        .iter()
        .zip(values)
        .map(|(input, value)| format!("{}: {}", input.name, plain(value)))
        .collect();
    format!("{} {{ {} }}", error.name, fields.join(", "))
}

/// A value as people write it: numbers in decimal, bytes in hexadecimal.
pub(crate) fn plain(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(plain).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Function(function) => function.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => text.clone(),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => {
            format!("[{}]", list(values))
        }
        DynSolValue::Tuple(values) | DynSolValue::CustomStruct { tuple: values, .. } => {
            format!("({})", list(values))
        }
    }
}

/// The errors that a submitter meets, and the next step.
fn advice(name: &str) -> Option<&'static str> {
    Some(match name {
        "ProofRejected" => {
            "the proof is of other public values: prove again with the context that `verdict call CONSUMER context …` prints now, the inputs of \
             the evidence, and the outputs of that proof"
        }
        "WrongPublicValueCount" => {
            "the proof is of another model, or of another batch size, than the consumer's"
        }
        "WrongProofLength" | "NotAVerifyingKey" => {
            "the proof is of another verifying key than the registered one: prove with its plan and set-up"
        }
        "InputsTooOld" | "DataOutOfTime" => "get fresh evidence and prove again",
        "InputsFromTheFuture" => "wait, or get evidence whose time has come",
        "InputsNotNewer" | "EvidenceNotNewer" => {
            "this evidence, or newer, was taken already: get newer evidence and prove again"
        }
        "EvidenceUsed" => {
            "the evidence is from before the last pause: choose a newer anchor block and prove again"
        }
        "EvidenceOutOfRange" => "get evidence of the right time and prove again",
        "AnchorOutOfRange" | "UnknownBlockHash" => {
            "choose a recent block as the anchor and prove again"
        }
        "DeadlineOver" => "prove again with a later deadline",
        "AnswerOutOfRange" => "the oracle takes no such answer, from nobody: check the inputs",
        "NothingParked" => "there is no move to confirm: submit instead",
        "ConfirmationTooEarly" => "wait until the time it names, then prove newer inputs",
        "MovePending" => {
            "a large move waits for its confirmation: read latestRoundData, or confirm it"
        }
        "AnswerStale" | "NoRound" => "nobody has submitted in time: submit a proof",
        "QuorumNotMet" => {
            "collect more signatures: `verdict sign … --with FIRST`, then `verdict evidence combine`"
        }
        "SignersNotAscending" => "list the signers' addresses in ascending order, none twice",
        "NotCommitted" => {
            "the evidence is not what was committed to last, for this consumer and subject: give the file of that commitment"
        }
        "TooLate" => "commit again: `verdict evidence commit`",
        "InvalidSignature" => {
            "a signature is of other data, of another consumer or chain, or not of a signer in force: ask the signers again"
        }
        "UnknownSnapshot" => {
            "take a snapshot first, with `verdict evidence snapshot`, and give what it writes as evidence"
        }
        "VersionNotPrepared" => "call prepare(version) of the feature source",
        "WrongFeatureCount" | "WrongEvidenceLength" | "WrongWordCount" => {
            "the evidence has the words of another model"
        }
        "EnforcedPause" => "the contract is paused: its owner resumes it",
        "VersionHalted" | "ModelNotActive" | "VersionIsDeprecated" | "ModelDeprecated" => {
            "the model's owner withdrew this version: the consumer needs another"
        }
        "RouteIsFrozen" => "guardians froze the route to this verifier, for good",
        "ScoreTooLow" => {
            "the model does not find the evidence suspicious enough: there is nothing to pause for"
        }
        "AlreadyPaused" => "it is paused already",
        "CoolingDown" => "wait until the time it names",
        "BudgetExhausted" => "the guard has paused as long as it may in this period",
        "InsufficientBalance" => "deposit the bond first",
        "TooManyOpenIncidents" => "wait until the oldest incident's review is over",
        "VetoWindowOpen" => "wait until the time it names, then execute",
        "TooEarly" => {
            "wait: for a parameter, until it may move again; for a commitment, until the time it names"
        }
        "ChangeTooLarge" | "OutOfBounds" => "the limits don't allow such a change",
        "NothingToChange" => "the market is as the model wants it already",
        "NotPending" => {
            "the proposal was executed, vetoed, superseded, or has expired: propose anew"
        }
        "MarketIsRestricted" => "guardians restricted this market",
        "UnknownSource" => "the administrator has to add this source to the updater first",
        "BatchExists" => "this batch number was taken: nothing is to be done, or choose the next",
        "BatchesClosed" => "the time for batches is over",
        "WrongEntryCount" => "a batch has no more entries than the model's batch has items",
        "Underfunded" => "fund the campaign first",
        "ClaimsClosed" => "claim within the window it names",
        "EntryPaid" | "IdentityPaid" | "AccountPaid" => "it was paid already",
        "NotInBatch" => "the entry or its path is not of this batch",
        "NothingToClaim" => "the score is worth nothing",
        "AccessControlUnauthorizedAccount" | "OwnableUnauthorizedAccount" | "NotModelOwner" => {
            "use the account that may do this"
        }
        "UpdateNotReady" => "wait until the time it names",
        "UpdateExpired" => "propose the update again",
        "UpdateAlreadyPending" => "cancel the pending update first",
        "NoUpdatePending" => "propose an update first",
        "DevelopmentSetupRefused" => {
            "this gateway takes no verifier of the insecure development set-up"
        }
        "UnsupportedProofSystem" => {
            "the gateway's administrator has to add a route to this verifier first"
        }
        _ => return None,
    })
}
