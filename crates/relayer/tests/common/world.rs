//! Contracts on a real node, and a folder with all that a relayer's operator has.

use super::anvil::{Anvil, KEYS};
use alloy_primitives::{Address, B256, I256, U256, Uint, aliases::I96, keccak256};
use std::{fs, path::Path};
use tempfile::TempDir;
use verdict_chain::{
    Artifact, Chain, ChainExt, ContractRecord, CoreSettings, Deployment, ModelRecord, RpcChain,
    SignerSource, bindings::oracle::InferenceOracle, bindings::signed_features::SignedFeatures,
    deploy_core, register_model, route_name,
};
use verdict_consumers::DataSigners;
use verdict_stories::{Scorer, Tiny};

/// An operator's folder, and the chain that it is about.
pub struct World {
    pub folder: TempDir,
    pub chain: RpcChain,
    pub deployment: Deployment,
    pub signers: Vec<B256>,
}

impl World {
    /// The core on a chain, and a source that two of three signers vouch for.
    pub fn new(anvil: &Anvil, scorer: &Scorer) -> Self {
        let key = SignerSource::PrivateKey(KEYS[0].into());
        let mut chain = RpcChain::connect(anvil.url(), Some(&key)).unwrap();
        let admin = chain.sender().unwrap();
        let settings = CoreSettings {
            tau_g2: scorer.tau_g2(),
            route: route_name(true).into(),
            minimum_delay: 172_800,
            execution_window: 1_209_600,
            admin,
            admin_delay: 86_400,
            guardian: admin,
            allow_development: true,
        };
        let (core, _) = deploy_core(&mut chain, &settings).unwrap();
        let signers = ["a", "b", "c"].map(keccak256).to_vec();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sender.key"), KEYS[1]).unwrap();
        for (number, secret) in signers.iter().enumerate() {
            fs::write(
                folder.path().join(format!("signer{number}.key")),
                secret.to_string(),
            )
            .unwrap();
        }
        let mut world = Self {
            deployment: Deployment::new(chain.chain_id(), core),
            folder,
            chain,
            signers,
        };
        let source = SignedFeatures::constructorCall {
            registry_: world.deployment.core.registry,
            owner_: admin,
            signers_: DataSigners::new(&world.signers).unwrap().addresses(),
            quorum_: U256::from(2),
            rotationDelay_: U256::from(86_400),
        };
        let source = world.deploy("SignedFeatures", &source);
        world.list_source("signers", "signed", source);
        world
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn deploy(
        &mut self,
        name: &'static str,
        arguments: &impl alloy_sol_types::SolConstructor,
    ) -> Address {
        let code = Artifact::load(name).unwrap().with_arguments(arguments);
        self.chain.create(name, code).unwrap().0
    }

    pub fn list_source(&mut self, name: &str, kind: &str, address: Address) {
        let record = record(kind, address);
        self.deployment.sources.insert(name.into(), record);
        self.save();
    }

    pub fn list(&mut self, name: &str, kind: &str, address: Address) {
        let record = record(kind, address);
        self.deployment.consumers.insert(name.into(), record);
        self.save();
    }

    pub fn source(&self, name: &str) -> Address {
        self.deployment.sources[name].address
    }

    pub fn consumer(&self, name: &str) -> Address {
        self.deployment.consumers[name].address
    }

    fn save(&self) {
        self.deployment
            .save(&self.path().join("deployment.json"))
            .unwrap();
    }

    /// Registers a model and writes its file.
    pub fn register(&mut self, name: &str, scorer: &Scorer) -> ModelRecord {
        let registration = scorer.registration().unwrap();
        let core = self.deployment.core.clone();
        let (model, _) = register_model(&mut self.chain, &core, &registration, None).unwrap();
        scorer
            .model()
            .save(self.path().join(format!("{name}.verdict")))
            .unwrap();
        self.deployment.models.insert(name.into(), model.clone());
        self.save();
        model
    }

    /// An oracle of signed prices: heartbeats of a minute, moves of a tenth in an hour.
    pub fn oracle(&mut self, name: &str, model: &ModelRecord) -> Address {
        let admin = self.chain.sender().unwrap();
        let answer = |whole: i64| I96::unchecked_from(whole) * I96::unchecked_from(100_000_000i64);
        let arguments = InferenceOracle::constructorCall {
            gateway_: self.deployment.core.gateway,
            modelId_: U256::from(model.model_id),
            version_: model.version,
            source_: self.source("signers"),
            config_: InferenceOracle::OracleConfig {
                description: "fair price of ETH in USD".into(),
                decimals: 8,
                answerIndex: 0,
                subject: B256::right_padding_from(b"ETH/USD"),
                minAnswer: answer(100),
                maxAnswer: answer(10_000),
                maxMove: Uint::from(100_000_000u64),
                maxMoveBps: 1_000,
                moveWindow: 3_600,
                maxAge: Uint::from(600u64),
                maxSkew: Uint::from(30u64),
                heartbeat: 60,
                confirmDelay: Uint::from(60u64),
                confirmWindow: Uint::from(600u64),
                history: 64,
                switchDelay: 172_800,
                followsLatest: false,
            },
            owner_: admin,
            guardian: admin,
        };
        let oracle = self.deploy("InferenceOracle", &arguments);
        self.list(name, "oracle", oracle);
        oracle
    }

    /// The part of a configuration that is the same for all.
    pub fn settings(&self, endpoints: &[&str]) -> String {
        let endpoints: Vec<String> = endpoints.iter().map(|url| format!("\"{url}\"")).collect();
        format!(
            "[chain]\nid = 31337\nendpoints = [{}]\ndeployment = \"deployment.json\"\n\
             confirmations = 2\npoll = \"200ms\"\ntimeout = \"5s\"\nmax-head-age = \"0\"\n\n\
             [prover]\nsetup = \"development\"\nlease = \"5s\"\n\n",
            endpoints.join(", ")
        )
    }
}

fn record(kind: &str, address: Address) -> ContractRecord {
    ContractRecord {
        kind: kind.into(),
        address,
        more: serde_json::Map::new(),
    }
}

/// The tiny oracle's model.
pub fn oracle_model() -> Scorer {
    Scorer::new(Tiny::ORACLE, 1).unwrap()
}

/// The latest answer of an oracle: round, answer, when its inputs were true.
pub fn latest(chain: &mut dyn Chain, oracle: Address) -> (u64, I256, u64) {
    let status = chain.read(oracle, &InferenceOracle::statusCall {}).unwrap();
    (status.round.to(), status.answer, status.updatedAt.to())
}
