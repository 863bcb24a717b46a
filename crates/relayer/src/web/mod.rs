//! What is served over HTTP: a page that shows the service, metrics, health. Nothing here changes
//! anything.

mod state;

pub use state::{ChainState, JobState, Snapshot, TriggerState};

use crate::{RelayError, service::Service};
use alloy_primitives::keccak256;
use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{Stream, stream};
use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};
use tokio::{net::TcpListener, time::sleep};

/// The page, whole: it asks nobody but this service for anything.
const PAGE: &str = include_str!("page.html");

/// How often the page is sent news.
const NEWS: Duration = Duration::from_secs(1);

/// What the page may do.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";

/// Serves page, metrics and health until the service stops; `listener` is bound already.
pub async fn serve_page(
    service: Arc<Service>,
    listener: TcpListener,
    token: Option<String>,
) -> Result<(), RelayError> {
    let stopping = service.clone();
    let router = Router::new()
        .route("/", get(page))
        .route("/state", get(snapshot))
        .route("/events", get(events))
        .route("/metrics", get(metrics))
        .layer(from_fn_with_state(token.map(Arc::<str>::from), guard))
        // Whoever watches over the process has no token, and learns nothing else.
        .route("/health", get(health))
        .route("/ready", get(ready))
        .with_state(service);
    serve(listener, router, async move { stopping.stopped().await }).await
}

async fn guard(
    State(token): State<Option<Arc<str>>>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    if authorised(token.as_deref(), &headers) {
        return next.run(request).await;
    }
    let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"verdict\"")];
    (StatusCode::UNAUTHORIZED, ask, "the token is the password\n").into_response()
}

async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE).into_response()
}

async fn snapshot(State(service): State<Arc<Service>>) -> Response {
    match service.snapshot().await {
        Ok(snapshot) => Json(snapshot).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// The same document, again and again, as server-sent events.
async fn events(
    State(service): State<Arc<Service>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = stream::unfold((service, true), |(service, first)| async move {
        if !first {
            tokio::select! {
                () = sleep(NEWS) => {}
                () = service.stopped() => return None,
            }
        }
        let event = match service.snapshot().await {
            Ok(snapshot) => Event::default().json_data(snapshot).unwrap_or_default(),
            Err(error) => Event::default().event("trouble").data(error.to_string()),
        };
        Some((Ok(event), (service, false)))
    });
    Sse::new(news).keep_alive(KeepAlive::default())
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    if let Ok(counts) = service.relay().store.counts(None).await {
        service.metrics().counts(&counts);
    }
    let _ = service.fleet().await;
    let kind = [(
        header::CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    match service.metrics().text() {
        Ok(text) => (kind, text).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// The process answers.
async fn health() -> &'static str {
    "ok\n"
}

/// It can do its work: the database answers, and the chain has been seen.
async fn ready(State(service): State<Arc<Service>>) -> Response {
    if let Err(error) = service.relay().store.ping().await {
        return unavailable(&error);
    }
    if service.head().is_none() {
        let text = "no block has been seen yet\n";
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    }
    // Without NATS it goes on here as far as proofs fit: worth knowing, and no reason to be restarted.
    match relay_trouble(&service) {
        Some(trouble) => format!("ok, without workers: NATS: {trouble}\n").into_response(),
        None => "ok\n".into_response(),
    }
}

fn relay_trouble(service: &Service) -> Option<String> {
    service.relay().fleet.as_ref()?.trouble()
}

fn unavailable(error: &RelayError) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response()
}

/// Serves a router until `stop` resolves.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RelayError> {
    axum::serve(listener, router)
        .with_graceful_shutdown(stop)
        .await
        .map_err(|error| RelayError::machine("serve", error))
}

/// Whether a request has the token, if there is one: as a bearer's, or as a password, which browsers
/// ask for.
pub(crate) fn authorised(token: Option<&str>, headers: &HeaderMap) -> bool {
    let Some(token) = token else {
        return true;
    };
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| match value.split_once(' ') {
        Some(("Bearer", token)) => Some(token.to_owned()),
        Some(("Basic", encoded)) => {
            let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
            decoded
                .split_once(':')
                .map(|(_, password)| password.to_owned())
        }
        _ => None,
    });
    // Digests are compared, so that how long it takes says nothing of the token.
    given.is_some_and(|given| keccak256(given) == keccak256(token))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_is_asked_for() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            headers
        };
        assert!(authorised(None, &HeaderMap::new()));
        assert!(!authorised(Some("t"), &HeaderMap::new()));
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        for (value, good) in [
            ("Bearer t".to_owned(), true),
            ("Bearer x".into(), false),
            ("t".into(), false),
            ("Bearer ".into(), false),
            (basic("anybody:t"), true),
            (basic("t:"), false),
            ("Basic !!".into(), false),
        ] {
            assert_eq!(authorised(Some("t"), &with(&value)), good, "{value}");
        }
    }

    #[test]
    fn the_page_asks_nobody_else() {
        for other in ["http://", "https://", "//cdn", "@import", "src="] {
            let namespace = "http://www.w3.org/2000/svg";
            assert!(!PAGE.replace(namespace, "").contains(other), "{other}");
        }
    }
}
