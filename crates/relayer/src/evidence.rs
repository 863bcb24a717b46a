//! Evidence of a quorum: what each data signer is asked, and how its answer is believed.
//!
//! A signer's answer is a signature over words that it was shown and has checked against its own
//! reading. It counts only if it is valid for the very statement that was asked, by a member of the
//! set in force: whatever else an endpoint sends is dropped.

use crate::{
    RelayError,
    config::{EvidenceConfig, Secret},
    net,
    rpc::Nodes,
};
use alloy_primitives::{Address, Bytes, U256};
use futures_util::{StreamExt, stream::FuturesUnordered};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use tokio::time::timeout;
use verdict_chain::Block;
use verdict_consumers::{Attestation, Statement, combine};

/// What a data signer is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SignRequest {
    /// The chain.
    pub chain_id: u64,
    /// The consumer's kind.
    pub consumer: String,
    /// The contract that the transaction goes to.
    pub contract: Address,
    /// The occasion's parameters.
    pub occasion: BTreeMap<String, String>,
    /// When the inputs are true, in seconds.
    pub timestamp: u64,
    /// The block that they are of; zero for none.
    pub block: u64,
    /// Grows from one piece of data to the next.
    pub sequence: u64,
    /// The model's integers: of every item, of every input.
    pub integers: Vec<Vec<Vec<i32>>>,
}

/// What a data signer answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SignAnswer {
    /// The member of the set.
    pub signer: Address,
    /// Its signature.
    pub signature: Bytes,
}

/// What a data signer says when it does not sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SignRefusal {
    /// Why.
    pub error: String,
}

/// Asks data signers.
#[derive(Clone, Debug)]
pub struct Signers {
    client: Client,
}

impl Signers {
    /// With a client of its own.
    pub fn new() -> Result<Self, RelayError> {
        let client = net::client(Duration::from_secs(60))?;
        Ok(Self { client })
    }

    /// Evidence that enough of them sign a statement. All are asked at once; whoever answers first
    /// is taken.
    pub async fn evidence(
        &self,
        config: &EvidenceConfig,
        folder: &Path,
        statement: Statement,
        request: &SignRequest,
        nodes: &Arc<Nodes>,
        at: Block,
    ) -> Result<Bytes, RelayError> {
        let EvidenceConfig::Signed {
            signers,
            token,
            timeout: patience,
        } = config
        else {
            return Ok(Bytes::new());
        };
        let token = token.as_ref().map(|token| token.read(folder)).transpose()?;
        let mut answers: FuturesUnordered<_> = signers
            .iter()
            .map(|signer| self.ask(signer, folder, token.as_deref(), request, patience.0))
            .collect();
        let needed = statement.set.quorum;
        let mut signed: Vec<(String, Attestation)> = Vec::new();
        let mut refusals = Vec::new();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok((host, answer)) => {
                    if signed.iter().any(|(_, it)| it.signer == answer.signer) {
                        refusals.push(format!("{host}: {} has signed already", answer.signer));
                        continue;
                    }
                    let attestation = Attestation::new(
                        statement.chain_id,
                        statement.question.source,
                        statement.data.clone(),
                        answer.signer,
                        answer.signature,
                    );
                    let (set, name) = (statement.set.clone(), host.clone());
                    let one = attestation.clone();
                    let valid = nodes.read(Some(at), Address::ZERO, move |chain| {
                        one.check(chain, &set, &name).map_err(RelayError::from)
                    });
                    match valid.await {
                        Ok(()) => signed.push((host, attestation)),
                        Err(error) => refusals.push(error.to_string()),
                    }
                }
                Err(error) => refusals.push(error.to_string()),
            }
            if signed.len() >= needed {
                break;
            }
        }
        for refusal in &refusals {
            tracing::warn!(refusal, "a data signer does not count");
        }
        if signed.len() < needed {
            return Err(RelayError::Signer {
                signer: format!("{} of {needed} signatures", signed.len()),
                detail: refusals.join("; "),
            });
        }
        let combined = nodes.read(Some(at), Address::ZERO, move |chain| {
            combine(chain, &signed).map_err(RelayError::from)
        });
        Ok(combined.await?.evidence)
    }

    async fn ask(
        &self,
        signer: &Secret,
        folder: &Path,
        token: Option<&str>,
        request: &SignRequest,
        patience: Duration,
    ) -> Result<(String, SignAnswer), RelayError> {
        let url = signer.read(folder)?;
        let host = net::host(&url);
        let fail = |detail: String| RelayError::Signer {
            signer: host.clone(),
            detail,
        };
        let mut post = self
            .client
            .post(format!("{}/v1/sign", url.trim_end_matches('/')))
            .json(request);
        if let Some(token) = token {
            post = post.bearer_auth(token);
        }
        let answer = async {
            let response = post.send().await.map_err(net::plain)?;
            let status = response.status();
            let body = net::body(response, net::DOCUMENT).await?;
            if status.is_success() {
                return serde_json::from_slice::<SignAnswer>(&body)
                    .map_err(|_| "answers with what is no signature".to_owned());
            }
            let refusal = serde_json::from_slice::<SignRefusal>(&body);
            let why = refusal.map(|refusal| refusal.error);
            let why: String = why.unwrap_or_default().chars().take(200).collect();
            Err(format!("refuses (HTTP status {}): {why}", status.as_u16()))
        };
        let answer = timeout(patience, answer).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".into()));
        Ok((host.clone(), answer.map_err(fail)?))
    }
}

/// The sequence of a piece of data: its time, as `verdict sign` has it.
pub(crate) const fn sequence(timestamp: u64) -> U256 {
    U256::from_limbs([timestamp, 0, 0, 0])
}
