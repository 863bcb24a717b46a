//! A chain, contracts, feeds and signers, all real, for the service's tests.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

pub mod anvil;
pub mod fed;
pub mod feed;
pub mod nats;
pub mod postgres;
pub mod proxy;
pub mod workers;
pub mod world;

use std::time::{Duration, Instant};

/// Waits until something holds; fails loudly if it does not within a minute and a half.
pub async fn until<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(
            started.elapsed() < Duration::from_secs(90),
            "in vain: {what}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// Logs if RUST_LOG asks for them.
pub fn logs() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_test_writer()
        .try_init();
}
