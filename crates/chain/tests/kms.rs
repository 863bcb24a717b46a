//! Signing with a key in AWS's key management, whose service is one of the test's own:
//! `cargo test -p verdict-chain --features aws-kms --test kms`.
#![cfg(feature = "aws-kms")]
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use alloy_primitives::{B256, Signature};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolStruct, eip712_domain, sol};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::{env, process::Command};
use tokio::{net::TcpListener, runtime::Runtime};
use verdict_chain::SignerSource;

sol! {
    #[derive(serde::Serialize)]
    struct Reading {
        uint256 value;
        uint64 at;
    }
}

/// What comes before a point in the DER form of a public key of secp256k1.
const SPKI: &str = "3056301006072a8648ce3d020106052b8104000a034200";

/// What the service does.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// It signs.
    Honest,
    /// Its signatures have the higher of the two values of `s`, as its own do half of the time.
    High,
    /// It signs with another key than it shows.
    OtherKey,
    /// It refuses.
    Refuses,
}

fn signer(seed: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(seed)).unwrap()
}

/// The service's answer, and whether it is one.
fn answer(mode: Mode, target: &str, body: &Value) -> (u16, Value) {
    assert_eq!(body["KeyId"], "alias/oracle");
    if mode == Mode::Refuses {
        return (
            400,
            json!({ "__type": "AccessDeniedException", "message": "not you" }),
        );
    }
    let key = signer(1);
    let answer = match target {
        "TrentService.GetPublicKey" => {
            let point = key.credential().verifying_key().to_encoded_point(false);
            let der = [
                &alloy_primitives::hex::decode(SPKI).unwrap(),
                point.as_bytes(),
            ]
            .concat();
            json!({
                "KeyId": "alias/oracle", "PublicKey": BASE64_STANDARD.encode(der), "KeySpec": "ECC_SECG_P256K1",
                "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": ["ECDSA_SHA_256"]
            })
        }
        "TrentService.Sign" => {
            assert_eq!(body["MessageType"], "DIGEST");
            let digest = BASE64_STANDARD
                .decode(body["Message"].as_str().unwrap())
                .unwrap();
            let key = if mode == Mode::OtherKey {
                signer(2)
            } else {
                key
            };
            let (signature, _) = key.credential().sign_prehash_recoverable(&digest).unwrap();
            let signature = match mode {
                Mode::High => {
                    let (r, s) = signature.split_scalars();
                    type K256 = alloy_signer::k256::ecdsa::Signature;
                    K256::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap()
                }
                _ => signature,
            };
            let der = BASE64_STANDARD.encode(signature.to_der().as_bytes());
            json!({ "KeyId": "alias/oracle", "Signature": der, "SigningAlgorithm": "ECDSA_SHA_256" })
        }
        other => panic!("{other}"),
    };
    (200, answer)
}

async fn post_to(State(mode): State<Mode>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let target = headers["x-amz-target"].to_str().unwrap();
    let (status, answer) = answer(mode, target, &serde_json::from_slice(&body).unwrap());
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}

/// What [`signs`] prints in a process whose environment names the service.
fn child(mode: Mode) -> String {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(post_to)).with_state(mode);
    runtime.spawn(async move { axum::serve(listener, router).await });
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "signs", "--ignored", "--nocapture"])
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "an-id")
        .env("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("a-secret-of-the-test"), "{text}");
    text
}

#[test]
#[ignore = "a part of the others, in an environment of its own"]
fn signs() {
    let source = SignerSource::AwsKms {
        key: "alias/oracle".into(),
    };
    let reading = Reading {
        value: alloy_primitives::U256::from(7),
        at: 9,
    };
    let domain = eip712_domain! { name: "Verdict", version: "1", chain_id: 5, };
    match source.open(5).and_then(|signer| {
        let signature = signer.sign(&reading, &domain)?;
        Ok((signer.address(), signature))
    }) {
        Ok((address, bytes)) => {
            let signature = Signature::from_raw(&bytes).unwrap();
            let digest = reading.eip712_signing_hash(&domain);
            let by = signature.recover_address_from_prehash(&digest).unwrap();
            assert!(signature.normalize_s().is_none(), "contracts refuse it");
            println!("shown {address}, signed by {by}");
        }
        Err(error) => println!("refused: {error}"),
    }
}

#[test]
fn a_key_in_the_service_signs_what_contracts_accept() {
    let address = signer(1).address();
    for mode in [Mode::Honest, Mode::High] {
        let said = child(mode);
        assert!(
            said.contains(&format!("shown {address}, signed by {address}")),
            "{said}"
        );
    }
}

#[test]
fn what_another_key_signed_is_not_passed_on() {
    let said = child(Mode::OtherKey);
    assert!(
        said.contains("refused: ") && !said.contains("signed by"),
        "{said}"
    );
}

#[test]
fn a_refusal_is_told() {
    let said = child(Mode::Refuses);
    assert!(said.contains("refused: ") && said.contains("AWS"), "{said}");
}
