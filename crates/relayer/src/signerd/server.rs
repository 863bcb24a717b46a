//! Where a data signer takes requests.

use super::{Signerd, check::Refusal};
use crate::{
    RelayError,
    evidence::{SignRefusal, SignRequest},
    net, web,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::{future::Future, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// Where a signer takes requests.
pub async fn listen(signer: &Signerd) -> Result<(TcpListener, SocketAddr), RelayError> {
    let at = signer.listen();
    let fail = |error| RelayError::machine(format!("listen on {at}"), error);
    let listener = TcpListener::bind(at).await.map_err(fail)?;
    let address = listener.local_addr().map_err(fail)?;
    Ok((listener, address))
}

/// Serves requests until `stop` resolves; `listener` is bound already.
pub async fn serve(
    signer: Arc<Signerd>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RelayError> {
    let router = Router::new()
        .route("/v1/sign", post(sign))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(net::DOCUMENT))
        .with_state(signer);
    web::serve(listener, router, stop).await
}

async fn health(State(signer): State<Arc<Signerd>>) -> Response {
    match signer.nodes.head().await {
        Ok(head) => Json(serde_json::json!({
            "signer": signer.address(),
            "block": head.number,
        }))
        .into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    }
}

async fn sign(State(signer): State<Arc<Signerd>>, headers: HeaderMap, body: Bytes) -> Response {
    if !web::authorised(signer.token.as_deref(), &headers) {
        return refuse(StatusCode::UNAUTHORIZED, "no such token".into());
    }
    // By hand: a body that is no request gets an answer of the same form as any other refusal.
    let request: SignRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, error.to_string()),
    };
    match signer.answer(request).await {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => {
            tracing::warn!(?refusal, "not signed");
            match refusal {
                Refusal::Differs(why) => refuse(StatusCode::CONFLICT, why),
                Refusal::Busy => refuse(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many requests in a minute".into(),
                ),
                Refusal::Blind(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why),
            }
        }
    }
}

fn refuse(status: StatusCode, error: String) -> Response {
    (status, Json(SignRefusal { error })).into_response()
}
