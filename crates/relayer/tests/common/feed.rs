//! A price service on loopback, which says whatever a test wants.

use axum::{
    Router,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What it says.
#[derive(Clone, Debug)]
pub enum Says {
    /// These values.
    Values(Vec<f64>),
    /// This body.
    Body(String),
    /// So many bytes.
    Bytes(usize),
    /// Nothing for so long.
    Silence(Duration),
    /// This status.
    Status(u16),
}

/// A price service; it ends with the runtime that it was started in.
#[derive(Clone, Debug)]
pub struct Feed {
    says: Arc<Mutex<Says>>,
    address: SocketAddr,
}

impl Feed {
    pub async fn start(values: &[f64]) -> Self {
        let says = Arc::new(Mutex::new(Says::Values(values.to_vec())));
        let router = Router::new()
            .route("/", get(answer))
            .with_state(says.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { says, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn says(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    pub fn values(&self, values: &[f64]) {
        self.says(Says::Values(values.to_vec()));
    }
}

async fn answer(State(says): State<Arc<Mutex<Says>>>) -> Response {
    let says = says.lock().unwrap().clone();
    match says {
        Says::Values(values) => serde_json::json!({ "values": values })
            .to_string()
            .into_response(),
        Says::Body(body) => body.into_response(),
        Says::Bytes(count) => Body::from(vec![b'['; count]).into_response(),
        Says::Silence(time) => {
            tokio::time::sleep(time).await;
            "".into_response()
        }
        Says::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
    }
}
