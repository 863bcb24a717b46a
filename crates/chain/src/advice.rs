//! What to do about an error of the contracts that all consumers stand on.

use crate::Revert;

impl Revert {
    /// What to do about it, whoever the consumer is.
    pub fn advice(&self) -> Option<&'static str> {
        advice(self.name.as_deref()?)
    }
}

fn advice(name: &str) -> Option<&'static str> {
    Some(match name {
        "ProofRejected" => {
            "the proof is of other public values: prove again with the context that `verdict call \
             CONSUMER context …` prints now, the inputs of the evidence, and the outputs of that \
             proof"
        }
        "WrongPublicValueCount" => {
            "the proof is of another model, or of another batch size, than the consumer's"
        }
        "WrongProofLength" | "NotAVerifyingKey" => {
            "the proof is of another verifying key than the registered one: prove with its plan \
             and set-up"
        }
        "EnforcedPause" => "the contract is paused: its owner resumes it",
        "VersionHalted" | "ModelNotActive" | "VersionIsDeprecated" | "ModelDeprecated" => {
            "the model's owner withdrew this version: the consumer needs another"
        }
        "RouteIsFrozen" => "guardians froze the route to this verifier, for good",
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
        "WrongFeatureCount" | "WrongEvidenceLength" | "WrongWordCount" => {
            "the evidence has the words of another model"
        }
        _ => return None,
    })
}
