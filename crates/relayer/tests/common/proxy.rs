//! A node that lies: anvil behind a proxy that does whatever a test wants.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How it behaves.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// As the node does.
    Honest,
    /// Answers with this status and no JSON.
    Down,
    /// Answers after so long.
    Slow(Duration),
    /// Says that it is of another chain.
    OtherChain,
    /// Its head is this block for ever.
    Stale(u64),
    /// Knows nothing of the newest block yet.
    Behind,
    /// Answers with what is no JSON.
    Garbage,
    /// Answers with more bytes than anybody should read.
    Endless,
    /// Knows no receipts.
    NoReceipts,
    /// Says that it took a transaction, and forgets it.
    Forgets,
    /// Takes no transaction.
    TakesNone,
    /// Gives events of so many blocks at most.
    FewLogs(u64),
    /// Has no events of the newest block yet, and says that there are none.
    LogsLate,
    /// Passes transactions on, and answers when nobody waits for it any more.
    LandsLate,
    /// Asks for so many wei a unit of gas.
    Dear(u128),
}

#[derive(Clone)]
pub struct Proxy {
    mode: Arc<Mutex<Mode>>,
    /// Every method that was asked for, in order.
    asked: Arc<Mutex<Vec<String>>>,
    /// What was asked of the chain's state.
    calls: Arc<Mutex<Vec<Value>>>,
    behind: String,
    address: SocketAddr,
    client: reqwest::Client,
}

impl Proxy {
    pub async fn start(behind: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            mode: Arc::new(Mutex::new(Mode::Honest)),
            asked: Arc::default(),
            calls: Arc::default(),
            behind: behind.into(),
            address: listener.local_addr().unwrap(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        let router = Router::new()
            .route("/", post(answer))
            .with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        proxy
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn behave(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub fn count(&self, method: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|it| *it == method).count()
    }

    /// The parameters of every call of a contract, in order.
    pub fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap().clone()
    }

    async fn forward(&self, request: &Value) -> Value {
        let sent = self.client.post(&self.behind).json(request).send().await;
        sent.unwrap().json().await.unwrap()
    }
}

async fn answer(State(proxy): State<Proxy>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let method = request["method"].as_str().unwrap_or_default().to_owned();
    proxy.asked.lock().unwrap().push(method.clone());
    if method == "eth_call" {
        proxy.calls.lock().unwrap().push(request["params"].clone());
    }
    let mode = proxy.mode.lock().unwrap().clone();
    let result = |value: Value| {
        let answer = json!({"jsonrpc": "2.0", "id": request["id"], "result": value});
        answer.to_string().into_response()
    };
    let fail = |message: &str| {
        let error = json!({"code": -32000, "message": message});
        json!({"jsonrpc": "2.0", "id": request["id"], "error": error})
            .to_string()
            .into_response()
    };
    match (&mode, method.as_str()) {
        (Mode::Down, _) => StatusCode::BAD_GATEWAY.into_response(),
        (Mode::Slow(time), _) => {
            tokio::time::sleep(*time).await;
            proxy.forward(&request).await.to_string().into_response()
        }
        (Mode::OtherChain, "eth_chainId") => result(json!("0x1")),
        (Mode::Stale(number), "eth_getBlockByNumber") if request["params"][0] == "latest" => {
            let mut request = request.clone();
            request["params"][0] = json!(format!("{number:#x}"));
            proxy.forward(&request).await.to_string().into_response()
        }
        (Mode::Behind, "eth_getBlockByNumber" | "eth_call" | "eth_getTransactionCount") => {
            let number =
                json!({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []});
            let newest = proxy.forward(&number).await["result"].clone();
            let hex = newest.as_str().unwrap().trim_start_matches("0x").to_owned();
            let before = format!("{:#x}", u64::from_str_radix(&hex, 16).unwrap() - 1);
            let place = usize::from(method != "eth_getBlockByNumber");
            let mut request = request.clone();
            if request["params"][place] == newest {
                return match place {
                    0 => result(Value::Null),
                    _ => fail("header not found"),
                };
            }
            if request["params"][place] == "latest" {
                request["params"][place] = json!(before);
            }
            proxy.forward(&request).await.to_string().into_response()
        }
        (Mode::Garbage, _) => "<html>502 Bad Gateway</html>".into_response(),
        (Mode::Endless, _) => vec![b' '; 40 << 20].into_response(),
        (Mode::NoReceipts, "eth_getTransactionReceipt") => result(Value::Null),
        (Mode::Forgets, "eth_sendRawTransaction") => {
            let raw = request["params"][0].as_str().unwrap();
            let raw = alloy_primitives::hex::decode(raw).unwrap();
            result(json!(alloy_primitives::keccak256(raw)))
        }
        (Mode::Forgets, "eth_getTransactionByHash") => result(Value::Null),
        (Mode::TakesNone, "eth_sendRawTransaction") => fail("txpool is full"),
        (Mode::FewLogs(most), "eth_getLogs") => {
            let block = |name: &str| {
                let text = request["params"][0][name].as_str().unwrap();
                u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
            };
            if block("toBlock") - block("fromBlock") + 1 > *most {
                return fail("query exceeds max block range");
            }
            proxy.forward(&request).await.to_string().into_response()
        }
        (Mode::LogsLate, "eth_getLogs") => {
            let number =
                json!({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []});
            let newest = proxy.forward(&number).await["result"].clone();
            let mut answer = proxy.forward(&request).await;
            let logs = answer["result"].as_array_mut().unwrap();
            logs.retain(|log| log["blockNumber"] != newest);
            answer.to_string().into_response()
        }
        (Mode::LandsLate, "eth_sendRawTransaction") => {
            let answer = proxy.forward(&request).await;
            tokio::time::sleep(Duration::from_secs(20)).await;
            answer.to_string().into_response()
        }
        (Mode::Dear(wei), "eth_feeHistory") => {
            let price = format!("{wei:#x}");
            let mut answer = proxy.forward(&request).await;
            let fees = answer["result"]["baseFeePerGas"].as_array_mut().unwrap();
            fees.iter_mut().for_each(|fee| *fee = json!(price));
            answer.to_string().into_response()
        }
        _ => proxy.forward(&request).await.to_string().into_response(),
    }
}
