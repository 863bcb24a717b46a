//! Features behind a URL.

use super::json;
use crate::{config::ReadingConfig, net};
use reqwest::Client;
use std::path::Path;
use tokio::time::timeout;
use verdict_chain::Block;

/// What the document says.
pub(super) async fn read(
    client: &Client,
    folder: &Path,
    source: &ReadingConfig,
    at: Block,
    count: usize,
) -> Result<Vec<f64>, String> {
    let ReadingConfig::Http {
        url,
        pointer,
        token,
        timeout: patience,
        time_pointer,
        max_age,
    } = source
    else {
        return Err("no HTTP source".into());
    };
    let url = url.read(folder).map_err(|error| error.to_string())?;
    let host = net::host(&url);
    let fail = |detail: String| format!("{host}: {detail}");
    let mut request = client.get(&url);
    if let Some(token) = token {
        let token = token.read(folder).map_err(|error| error.to_string())?;
        request = request.bearer_auth(token);
    }
    let answer = async {
        let response = request.send().await.map_err(net::plain)?;
        if !response.status().is_success() {
            return Err(format!("HTTP status {}", response.status().as_u16()));
        }
        net::body(response, net::DOCUMENT).await
    };
    let body = timeout(patience.0, answer).await;
    let body = body.unwrap_or_else(|_| Err("no answer in time".into()));
    let body = body.map_err(fail)?;
    if let (Some(pointer), Some(most)) = (time_pointer, max_age) {
        let time = json::numbers(&body, pointer, 1).map_err(fail)?;
        let time = time.first().copied().unwrap_or_default();
        // By the chain's clock, which the contract goes by.
        #[allow(clippy::cast_precision_loss)]
        let age = at.timestamp as f64 - time;
        if age.abs() > most.0.as_secs_f64() {
            return Err(fail(format!("its data are {age:.0} s old")));
        }
    }
    json::numbers(&body, pointer, count).map_err(fail)
}
