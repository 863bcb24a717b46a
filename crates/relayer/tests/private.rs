//! A model whose weights are private is served like any other, on the machine that has its secret.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;
#[path = "../../engine/tests/common/private.rs"]
mod private;

use common::{
    anvil::Anvil,
    fed::{Fed, HIDING, Running},
    logs,
    world::{World, oracle_model},
};
use private::for_private_weights;
use std::fs;
use verdict_chain::Registration;
use verdict_engine::{Bundle, Engine, HidingFile, OpenOptions, Setup, silent};
use verdict_model::Goal;
use verdict_relayer::{Relay, config::Config, store::State};

/// An oracle whose model's weights are hidden.
fn private_fed() -> Fed {
    let scorer = oracle_model();
    let anvil = Anvil::start();
    let mut world = World::new(&anvil, &scorer);
    let model = for_private_weights(scorer.model());
    let secret = world.path().join("price.hiding.secret");
    let options = OpenOptions {
        goal: Goal::Time,
        hiding: Some(HidingFile::create(&secret, model.digest().into()).unwrap()),
        ..OpenOptions::default()
    };
    let engine = Engine::new(Setup::development(None));
    let session = engine.open(model.clone(), options, &silent).unwrap();
    let bundle = Bundle::make(&session).unwrap();
    assert!(bundle.says_private());
    let registration = Registration {
        model_hash: bundle.model,
        key: bundle.key,
        spec: bundle.spec,
        breakpoints: bundle.breakpoints,
        uri: String::new(),
    };
    let record = world.register_as("price", &model, &registration);
    let oracle = world.oracle("eth", &record, 60);
    Fed {
        anvil,
        world,
        oracle,
    }
}

#[test]
fn private_weights_are_proved_where_their_secret_is_and_it_never_changes() {
    logs();
    let mut fed = private_fed();
    let secret = fed.world.path().join("price.hiding.secret");
    let written = fs::read(&secret).unwrap();
    let runtime = common::runtime();
    let confirmed = runtime.block_on(async {
        let feeders = fed.feeders(2).await;
        let every = "{ on = \"interval\", every = \"2s\" }";
        let text = fed.config(&[fed.anvil.url()], &feeders, every, "");
        let without = text.replace(HIDING, "");
        assert_ne!(without, text);
        let config = Config::parse(&without, fed.world.path().into()).unwrap();
        let error = Relay::open(config).await.err().unwrap().to_string();
        assert!(error.contains("private weights"), "{error}");

        let running = Running::start(&fed.world, &text).await;
        running.until(State::Confirmed, 2).await;
        running.stopped().await
    });
    fed.counted(&confirmed);
    assert_eq!(fs::read(&secret).unwrap(), written);
}
