//! A real NATS server of the test's own, with JetStream.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// What its clients must say.
pub const TOKEN: &str = "let-me-in";

/// A server that ends with this.
pub struct Nats {
    server: Option<Child>,
    port: u16,
    folder: TempDir,
}

impl Nats {
    pub fn start() -> Self {
        let mut this = Self::away();
        this.restart();
        this
    }

    /// A server that is not there yet.
    pub fn away() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        // Messages may be larger than its default allows, so that tests can say too much.
        let config = format!(
            "listen: \"127.0.0.1:{port}\"\nmax_payload: 16777216\njetstream {{ store_dir: \"{}\" }}\n\
             authorization {{ token: \"{TOKEN}\" }}\n",
            folder.path().join("store").display()
        );
        std::fs::write(folder.path().join("nats.conf"), config).unwrap();
        std::fs::write(folder.path().join("token"), TOKEN).unwrap();
        Self {
            server: None,
            port,
            folder,
        }
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Forgets everything that it was to keep.
    pub fn forget(&self) {
        std::fs::remove_dir_all(self.folder.path().join("store")).unwrap();
    }

    pub fn restart(&mut self) {
        let program = ["/usr/sbin/nats-server", "/usr/bin/nats-server"];
        let program = program.iter().find(|it| Path::new(it).exists());
        let program = program.expect("nats-server is not installed: run scripts/setup-services.sh");
        let server = Command::new(program)
            .arg("-c")
            .arg(self.folder.path().join("nats.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.server = Some(server);
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(30), "NATS does not start");
            sleep(Duration::from_millis(20));
        }
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// What a configuration says of it; a worker's keys are at the top, a relayer's in `[workers]`.
    pub fn settings(&self) -> String {
        let token = self.folder.path().join("token");
        format!("nats = {:?}\ntoken = {{ file = {token:?} }}\n", self.url())
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
