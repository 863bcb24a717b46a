//! A real node: anvil.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Keys of anvil's first accounts, which everybody knows.
pub const KEYS: [&str; 4] = [
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
];

/// A node that ends with this.
#[derive(Debug)]
pub struct Anvil {
    child: Child,
    url: String,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Anvil {
    /// A chain of its own, with a block a second.
    pub fn start() -> Self {
        Self::with(&["--block-time", "1"])
    }

    /// A chain of its own, as some arguments say.
    pub fn with(arguments: &[&str]) -> Self {
        let program = root().join("node_modules/.bin/anvil");
        let mut child = Command::new(program)
            .args([
                "--port",
                "0",
                "--chain-id",
                "31337",
                "--gas-limit",
                "60000000",
            ])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("anvil is not installed: run scripts/setup.sh");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| {
            let line = line.ok()?;
            line.strip_prefix("Listening on ").map(str::to_owned)
        });
        // Whatever it says from here on is read, so that its pipe never fills up.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            url: format!("http://{}", url.expect("anvil did not start")),
            child,
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks the node for something of its own.
    pub async fn ask(&self, method: &str, parameters: serde_json::Value) -> serde_json::Value {
        let body =
            serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters});
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.post(&self.url).json(&body).send().await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
