//! JSON-RPC over HTTP with answers of a bounded size.

use crate::net;
use alloy_json_rpc::{RequestPacket, ResponsePacket};
use alloy_transport::{TransportError, TransportErrorKind, TransportFut};
use reqwest::Client;
use std::task::{Context, Poll};
use tower::Service;
use url::Url;

/// A node's URL.
#[derive(Clone)]
pub(super) struct Bounded {
    client: Client,
    url: Url,
}

impl Bounded {
    pub(super) const fn new(client: Client, url: Url) -> Self {
        Self { client, url }
    }

    async fn post(self, packet: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let sent = self.client.post(self.url).json(&packet).send().await;
        let response = sent.map_err(|error| TransportErrorKind::custom_str(&net::plain(error)))?;
        let status = response.status();
        let body = net::body(response, net::ANSWER).await;
        let body = body.map_err(|detail| TransportErrorKind::custom_str(&detail))?;
        // Some nodes say what is wrong in a JSON-RPC answer of an HTTP error.
        match serde_json::from_slice(&body) {
            Ok(answer) => Ok(answer),
            Err(_) if !status.is_success() => Err(TransportErrorKind::custom_str(&format!(
                "answers with HTTP status {}",
                status.as_u16()
            ))),
            Err(_) => Err(TransportErrorKind::custom_str(
                "answers with what is no JSON-RPC",
            )),
        }
    }
}

impl Service<RequestPacket> for Bounded {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().post(packet))
    }
}
