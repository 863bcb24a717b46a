//! A price feed on an embedded chain, from a model to an answer: deploy the core and an oracle by
//! the table, prove with `verdict-engine`, have two of three signers vouch for the inputs, submit,
//! read.
//!
//! `cargo run --release -p verdict-consumers --example oracle`
#![allow(clippy::print_stdout)]

use alloy_primitives::{Address, U256, keccak256};
use std::{
    error::Error,
    path::{Path, PathBuf},
};
use verdict_chain::{
    Artifact, Chain, ChainExt, Clock, ConfigFile, Core, CoreSettings, EmbeddedChain, ModelRecord,
    Registration, bindings::oracle::InferenceOracle, creation_code, creation_code_of, deploy_core,
    register_model, route_name,
};
use verdict_consumers::{
    ConsumerExt, DataSigners, Moment, SignedData, SignerSet, consumer_kind,
    parameter::{Arguments, Value},
};
use verdict_engine::{Bundle, Engine, OpenOptions, Salts, Session, Setup, silent};
use verdict_model::{CompiledModel, DataSet, OutOfDomain};
use verdict_wire::InputWords;

type Done<T> = Result<T, Box<dyn Error>>;

fn main() -> Done<()> {
    let (session, row) = open()?;
    let mut chain = EmbeddedChain::new(31_337, 1_800_000_000, Clock::Steps(12));
    let core = deploy(&mut chain, &session)?;
    let bundle = Bundle::make(&session)?;
    let registration = Registration {
        model_hash: bundle.model,
        key: bundle.key,
        spec: bundle.spec,
        breakpoints: bundle.breakpoints,
        uri: String::new(),
    };
    let (model, _) = register_model(&mut chain, &core, &registration, None)?;
    let signers = DataSigners::new(&["a", "b", "c"].map(keccak256))?;
    let oracle = oracle(&mut chain, &core, &model, &signers)?;

    // What the oracle wants of inputs of now, by its row of the table.
    let kind = consumer_kind("oracle").ok_or("no oracle in the table")?;
    let now = chain.latest()?.timestamp;
    let time = Arguments::new().with("time", Value::Number(now));
    let consumer = (kind.at)(oracle, &time)?;
    let question = consumer.question(&mut chain)?;
    let context = consumer.context(&mut chain)?;

    // The inputs, vouched for and proved.
    let item = session
        .model()
        .quantise_input(&[row], OutOfDomain::Reject)?;
    let graph = session.model().graph();
    let inputs = InputWords::pack(graph, std::slice::from_ref(&item), &[])?;
    let set = SignerSet::of(&mut chain, question.source)?;
    let time = U256::from(now);
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

/// A model of this repository, under the INSECURE development set-up.
fn open() -> Done<(Session, Vec<f64>)> {
    let folder = root().join("test-vectors/logreg-breast-cancer");
    let model = CompiledModel::load(folder.join("model.verdict"))?;
    let data = DataSet::load(folder.join("input.json"), &model.manifest().input_specs())?;
    let row = data.rows().first().and_then(|row| row.first());
    let row = row.cloned().ok_or("the data file has no rows")?;
    let engine = Engine::new(Setup::development(None));
    let session = engine.open(model, OpenOptions::default(), &silent)?;
    Ok((session, row))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
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
    let owner = chain.sender()?.to_string();
    let addresses = signers.addresses();
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let arguments = [
        core.registry.to_string(),
        owner.clone(),
        format!("[{}]", addresses.join(",")),
        "2".into(),
        "86400".into(),
    ];
    let code = creation_code(&Artifact::load("SignedFeatures")?, &arguments)?;
    let (source, _) = chain.create("the source", code)?;

    let kind = consumer_kind("oracle").ok_or("no oracle in the table")?;
    let artifact = Artifact::load(kind.contract)?;
    let path = root().join("solidity/script/config/oracle.example.json");
    // What the file's names stand for; the command line asks a deployment's file.
    let mut expand = |text: &str| {
        Ok(match text {
            "@gateway" => core.gateway.to_string(),
            "@data-signers" => source.to_string(),
            "@admin" | "@guardian" => owner.clone(),
            "@logreg-breast-cancer.id" => model.model_id.to_string(),
            "@logreg-breast-cancer.version" => model.version.to_string(),
            other => other.into(),
        })
    };
    let config = ConfigFile::load(&path)?;
    let values = config.arguments(&artifact, &kind.config, &mut expand)?;
    let (oracle, _) = chain.create("the oracle", creation_code_of(&artifact, values)?)?;
    Ok(oracle)
}
