//! A price feed on an embedded chain, from a model to an answer: deploy the core and an oracle by
//! the table, prove with `verdict-engine`, have two of three signers vouch for the inputs, submit,
//! read.
//!
//! `cargo run --release -p verdict-consumers --example oracle`
#![allow(clippy::print_stdout)]

use alloy_primitives::{Address, U256, keccak256};
use serde_json::json;
use std::{error::Error, fs, path::Path};
use verdict_chain::{
    Artifact, Chain, ChainExt, Clock, ConfigFile, Core, CoreSettings, EmbeddedChain, ModelRecord,
    Registration, bindings::oracle::InferenceOracle, creation_code, creation_code_of, deploy_core,
    model_spec, register_model, route_name,
};
use verdict_circuit::Batch;
use verdict_compiler::{Options, compile, import};
use verdict_consumers::{
    ConsumerExt, DataSigners, Moment, SignedData, SignerSet, config_rules, consumer_kind,
    parameter::Arguments,
};
use verdict_engine::{Engine, OpenOptions, Salts, Session, Setup, silent};
use verdict_model::{DataSet, OutOfDomain, Visibility};
use verdict_wire::{InputWords, key_bytes};

type Done<T> = Result<T, Box<dyn Error>>;

fn main() -> Done<()> {
    let session = open()?;
    let mut chain = EmbeddedChain::new(31_337, 1_800_000_000, Clock::Steps(12));
    let core = deploy(&mut chain, &session)?;
    let batch = Batch::default();
    let registration = Registration {
        model_hash: session.model_digest()?,
        key: key_bytes(&session.key()).into(),
        spec: model_spec(session.model(), &batch)?,
        uri: String::new(),
    };
    let (model, _) = register_model(&mut chain, &core, &registration, None)?;
    let signers = DataSigners::new(&["a", "b", "c"].map(keccak256))?;
    let oracle = oracle(&mut chain, &core, &model, &signers)?;

    // What the oracle wants next, by its row of the table.
    let kind = consumer_kind("oracle").ok_or("no oracle in the table")?;
    let consumer = (kind.at)(oracle, &Arguments::new())?;
    let question = consumer.question(&mut chain)?;
    let context = consumer.context(&mut chain)?;

    // The inputs, vouched for and proved.
    let item = session
        .model()
        .quantise_input(&[vec![2001.5, 2003.0, 1999.0, 1.5]], OutOfDomain::Reject)?;
    let graph = session.model().graph();
    let inputs = InputWords::pack(graph, std::slice::from_ref(&item), &[])?;
    let set = SignerSet::of(&mut chain, question.source)?;
    let time = U256::from(chain.latest()?.timestamp);
    let moment = Moment {
        timestamp: time,
        block: U256::ZERO,
        sequence: time,
    };
    let data = SignedData::new(&question, set.number, moment, &inputs);
    let evidence = signers.evidence(chain.chain_id(), question.source, &data, set.quorum)?;
    let verified = session.prove(&[item], Salts::Random, context, &silent)?;

    let (values, proof) = (verified.public_values(), verified.proof().clone());
    let done = consumer.submit(&mut chain, core.registry, evidence, values, proof)?;
    let latest = chain.read(oracle, &InferenceOracle::latestRoundDataCall {})?;
    println!(
        "{} {}: {} with 8 decimals, {} gas",
        consumer.meaning(done.returned),
        done.returned,
        latest._1,
        done.receipt.gas
    );
    Ok(())
}

/// A tiny model of this repository, under the INSECURE development set-up.
fn open() -> Done<Session> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors/consumers/oracle");
    let float = import(&folder.join("model.onnx"))?;
    let data = DataSet::load(folder.join("calibration.npz"), &float.input_specs())?;
    let options = Options {
        input_visibility: Visibility::Public,
        table_bits: Some(11),
        ..Options::default()
    };
    let model = compile(&float, &data, &options)?;
    let engine = Engine::new(Setup::development(None));
    Ok(engine.open(model, OpenOptions::default(), &silent)?)
}

fn deploy(chain: &mut EmbeddedChain, session: &Session) -> Done<Core> {
    let admin = chain.sender()?;
    let settings = CoreSettings {
        tau_g2: session.tau_g2(),
        route: route_name(true).into(),
        minimum_delay: 172_800,
        execution_window: 1_209_600,
        admin,
        admin_delay: 86_400,
        guardian: admin,
        allow_development: true,
    };
    Ok(deploy_core(chain, &settings)?.0)
}

/// A source of signed inputs, by positional arguments, and the oracle, by a configuration.
fn oracle(
    chain: &mut EmbeddedChain,
    core: &Core,
    model: &ModelRecord,
    signers: &DataSigners,
) -> Done<Address> {
    let owner = chain.sender()?;
    let addresses = signers.addresses();
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let arguments = [
        core.registry.to_string(),
        owner.to_string(),
        format!("[{}]", addresses.join(",")),
        "2".into(),
        "86400".into(),
    ];
    let code = creation_code(&Artifact::load("SignedFeatures")?, &arguments)?;
    let (source, _) = chain.create("the source", code)?;

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("oracle.json");
    let config = json!({
        "gateway": core.gateway, "modelId": model.model_id, "version": model.version,
        "source": source, "owner": owner, "guardian": owner,
        "description": "fair price of ETH in USD", "decimals": 8, "answerIndex": 0,
        "minAnswer": "10000000000", "maxAnswer": "1000000000000",
        "maxMove": "100000000", "maxMoveBps": 1000, "maxAge": 3600, "maxSkew": 60,
        "heartbeat": 7200, "confirmDelay": 600, "confirmWindow": 3600, "history": 16,
        "switchDelay": 172_800, "followsLatest": false,
    });
    fs::write(&path, config.to_string())?;
    let kind = consumer_kind("oracle").ok_or("no oracle in the table")?;
    let artifact = Artifact::load(kind.contract)?;
    // A name would stand for a contract of a deployment's file; here is none.
    let mut expand = |text: &str| Ok(text.to_owned());
    let config = ConfigFile::load(&path)?;
    let values = config.arguments(&artifact, &config_rules(kind.contract), &mut expand)?;
    let (oracle, _) = chain.create("the oracle", creation_code_of(&artifact, values)?)?;
    Ok(oracle)
}
