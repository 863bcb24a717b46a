//! A real PostgreSQL server of the test's own.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A server that ends with this.
pub struct Postgres {
    server: Child,
    port: u16,
    _folder: TempDir,
}

/// The newest server that Debian's packages brought.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.expect("PostgreSQL is not installed: run scripts/setup-services.sh");
    let mut versions: Vec<PathBuf> = versions.map(|it| it.unwrap().path()).collect();
    versions.sort();
    versions.pop().unwrap().join("bin")
}

/// The server refuses to run as root: then it runs as the account that its package made.
fn command(program: &str) -> Command {
    let program = programs().join(program);
    let root =
        std::env::var("USER").as_deref() == Ok("root") || Path::new("/root/.").read_dir().is_ok();
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command.arg(program);
    command
}

impl Postgres {
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("verdict-pg")
            .tempdir_in("/tmp")
            .unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let _ = Command::new("chown")
            .args(["-R", "postgres"])
            .arg(folder.path())
            .status();
        let made = command("initdb")
            .args(["--auth=trust", "--username=verdict", "--no-sync", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .current_dir("/")
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = command("postgres")
            .args([
                "-c",
                "fsync=off",
                "-c",
                "listen_addresses=127.0.0.1",
                "-p",
                &port.to_string(),
                "-k",
            ])
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let this = Self {
            server,
            port,
            _folder: folder,
        };
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "PostgreSQL does not start"
            );
            sleep(Duration::from_millis(50));
        }
        sleep(Duration::from_millis(300));
        this
    }

    pub fn url(&self) -> String {
        format!("postgres://verdict@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its workers end with it.
        let _ = Command::new("kill")
            .args(["-INT", &self.server.id().to_string()])
            .status();
        let _ = self.server.wait();
    }
}
