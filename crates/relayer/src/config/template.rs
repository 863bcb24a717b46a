//! The annotated file that `verdict relay init` writes.

use std::fmt::Write as _;
use verdict_chain::Deployment;
use verdict_consumers::CONSUMERS;

/// A configuration for a deployment: everything that is known is filled in, everything else is said.
pub fn template(deployment: &Deployment, deployment_path: &str) -> String {
    let mut text = format!(
        "# What `verdict relay --config FILE` does. Paths are relative to this file. Secrets are named, not\n\
         # written: {{ env = \"NAME\" }} or {{ file = \"PATH\" }}. `verdict relay check --config FILE` says what is\n\
         # missing; `verdict relay schema` prints all keys.\n\n\
         [chain]\n\
         id = {}\n\
         # Nodes, the preferred first; `quorum` of them must say the same about heads, nonces and receipts.\n\
         endpoints = [{{ env = \"VERDICT_RPC_URL\" }}]\n\
         quorum = 1\n\
         # How many blocks a transaction must be deep in the chain to be believed in.\n\
         confirmations = 3\n\
         deployment = {}\n\n\
         [database]\n\
         # `postgres://USER@HOST/NAME` for several relayers.\n\
         url = \"sqlite:relayer.db\"\n\n\
         [service]\n\
         listen = \"127.0.0.1:9464\"\n\
         socket = \"relayer.sock\"\n\n\
         [prover]\n\
         # The beginning of an imported set-up's digest (`verdict srs list`){}.\n\
         setup = \"{}\"\n\
         # What all proofs that are made at once may take.\n\
         memory = \"4 GiB\"\n\n\
         [signers.main]\n\
         keystore = \"keystore.json\"\n\
         password = {{ file = \"keystore.password\" }}\n",
        deployment.chain_id,
        quoted(deployment_path),
        if deployment.core.development_setup {
            ", or the INSECURE development one, as this deployment has it"
        } else {
            ""
        },
        if deployment.core.development_setup {
            "development"
        } else {
            ""
        },
    );
    for name in deployment.models.keys() {
        let _ = write!(
            text,
            "\n[models.{name}]\n# As it is registered.\npath = \"{name}.verdict\"\n"
        );
    }
    let model = deployment.models.keys().next();
    for (name, record) in &deployment.consumers {
        let Some(kind) = CONSUMERS.iter().find(|kind| kind.name == record.kind) else {
            continue;
        };
        let _ = write!(
            text,
            "\n# {} ({})\n[jobs.{name}]\nconsumer = \"{}\"\ncontract = \"{name}\"\nmodel = \"{}\"\nsigner = \"main\"\n",
            kind.submits,
            record.address,
            kind.name,
            model.map_or("MODEL", String::as_str),
        );
        text += example(kind.name);
    }
    text
}

fn quoted(path: &str) -> String {
    // A JSON text is a TOML one.
    serde_json::Value::from(path).to_string()
}

/// What a job of a kind usually looks like.
fn example(kind: &str) -> &'static str {
    match kind {
        "oracle" => {
            "triggers = [\n    { on = \"heartbeat\", before = \"5m\" },\n    { on = \"deviation\", bps = 50, every = \"30s\" },\n]\n\
             # The model's inputs, in its order: all places are asked, the median counts.\n\
             features = [\n    { name = \"price\", from = [{ source = \"http\", url = \"https://prices.example/eth\", pointer = \"/price\" }] },\n]\n\
             evidence = { kind = \"signed\", signers = [\"http://127.0.0.1:9465\"] }\n\
             policy = { max-fee = \"200 gwei\", deadline = \"5m\" }\n"
        }
        "risk" => {
            "# The model's source; what it proposes is executed when its veto window is over.\n\
             parameters = { source = \"SOURCE\" }\ntriggers = [{ on = \"interval\", every = \"6h\" }]\n\
             policy = { max-fee = \"200 gwei\" }\n"
        }
        "guard" => {
            "triggers = [{ on = \"block\", every = 1 }]\n# A pause is worth more than a price.\n\
             policy = { max-fee = \"500 gwei\", bump-after = \"12s\", deadline = \"3m\" }\n"
        }
        "airdrop" => {
            "parameters = { number = 1, entries = \"entries.csv\" }\ntriggers = [{ on = \"once\" }]\n\
             rows = \"features.csv\"\nevidence = { kind = \"signed\", signers = [\"http://127.0.0.1:9465\"] }\n"
        }
        _ => "triggers = [{ on = \"interval\", every = \"1h\" }]\n",
    }
}
