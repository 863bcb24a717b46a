//! A service with everything around it: page, socket, signals, a configuration that may change.

use crate::{
    RelayError,
    config::Config,
    control::{Command, Control, ask},
    metrics::Metrics,
    relay::Relay,
    service::Service,
    web::serve_page,
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
    time::sleep,
};

/// How often the configuration's file is looked at.
const WATCH: Duration = Duration::from_secs(5);

/// A service that listens and has not begun.
#[derive(Debug)]
pub struct Running {
    service: Arc<Service>,
    page: TcpListener,
    token: Option<String>,
    control: Control,
    path: PathBuf,
}

impl Running {
    /// Opens everything that a configuration's file names.
    pub async fn open(path: &Path) -> Result<Self, RelayError> {
        let config = Config::load(path)?;
        let (listen, folder) = (config.service.listen, config.folder.clone());
        let token = config.service.token.as_ref().map(|it| it.read(&folder));
        let token = token.transpose()?;
        let control = Control::open(&config.path(&config.service.socket)).await?;
        let page = TcpListener::bind(listen)
            .await
            .map_err(|error| RelayError::machine(format!("listen on {listen}"), error))?;
        let relay = Relay::open(config).await?;
        Ok(Self {
            service: Service::new(relay, Arc::new(Metrics::new())),
            page,
            token,
            control,
            path: path.to_owned(),
        })
    }

    /// Where the page is.
    pub fn address(&self) -> Option<SocketAddr> {
        self.page.local_addr().ok()
    }

    /// The service.
    pub const fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Runs until a signal or an operator stops it.
    pub async fn run(self) -> Result<(), RelayError> {
        let service = self.service.clone();
        let socket = {
            let config = &service.relay().loaded().config;
            config.path(&config.service.socket)
        };
        let page = tokio::spawn(serve_page(service.clone(), self.page, self.token));
        let control = tokio::spawn(self.control.serve(service.clone(), self.path.clone()));
        let watch = tokio::spawn(watch(service.clone(), self.path, socket));
        let signals = tokio::spawn(signals(service.clone()));
        let done = service.run().await;
        let _ = control.await;
        watch.abort();
        signals.abort();
        page.abort();
        service.relay().store.close().await;
        done
    }
}

/// A runtime for the service.
pub fn runtime() -> Result<Runtime, RelayError> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| RelayError::machine("start a runtime", error))
}

/// Resolves when the process is told to stop.
pub async fn told_to_stop() {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    match signals {
        (Ok(mut terminate), Ok(mut interrupt)) => tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        },
        // Without signals there is only the socket.
        _ => std::future::pending().await,
    }
}

/// Stops the service when the process is told to.
async fn signals(service: Arc<Service>) {
    told_to_stop().await;
    tracing::info!("told to stop: what is under way is finished");
    service.stop();
}

/// Takes another configuration when its file changes, or on SIGHUP; a bad one is said and left alone.
async fn watch(service: Arc<Service>, path: PathBuf, socket: PathBuf) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return;
    };
    let read = |path: &Path| std::fs::read(path).ok();
    let mut known = read(&path);
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            () = sleep(WATCH) => false,
            () = service.stopped() => return,
        };
        let found = read(&path);
        if !asked && found == known {
            continue;
        }
        known = found;
        // As an operator would: one way to take a configuration, and to say what became of it.
        match ask(&socket, &Command::Reload).await {
            Ok(reply) if reply.ok => tracing::info!(message = reply.message, "configuration"),
            Ok(reply) => tracing::error!(why = reply.message, "the old configuration is kept"),
            Err(error) => tracing::error!(%error, "the old configuration is kept"),
        }
    }
}
