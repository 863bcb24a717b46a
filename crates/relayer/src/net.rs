//! HTTP as a stranger's service speaks it: bounded in time, size and redirections, and never quoted
//! with its URL, which can hold a key.

use crate::RelayError;
use reqwest::{Client, Response, redirect::Policy};
use std::time::Duration;
pub(crate) use verdict_chain::host;

/// The largest document of a feature's source or a data signer.
pub(crate) const DOCUMENT: usize = 1 << 20;
/// The largest answer of a node: logs of a range of blocks.
pub(crate) const ANSWER: usize = 32 << 20;

/// A client that follows no redirection: what was configured is asked, and nobody else.
pub(crate) fn client(timeout: Duration) -> Result<Client, RelayError> {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| RelayError::machine("start an HTTP client", error))
}

/// The body of an answer, of no more than `most` bytes.
pub(crate) async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, String> {
    let announced = response.content_length().unwrap_or(0);
    if announced > most as u64 {
        return Err(format!("answers with {announced} bytes, more than {most}"));
    }
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(bytes),
            Ok(Some(chunk)) if bytes.len() + chunk.len() > most => {
                return Err(format!("answers with more than {most} bytes"));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(error) => return Err(plain(error)),
        }
    }
}

/// What went wrong, without the URL.
pub(crate) fn plain(error: reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot be reached"
    } else if error.is_body() || error.is_decode() {
        "the answer broke off"
    } else {
        "the request failed"
    };
    kind.into()
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn secrets_of_a_url_are_not_shown() {
        let url = "https://user:secret@node.example:8545/v3/secret?k=secret";
        assert_eq!(host(url), "node.example:8545");
        assert!(!host("node.example/secret").contains("secret"));
    }
}
