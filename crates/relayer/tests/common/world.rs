//! Contracts on a real node, and a folder with all that a relayer's operator has.

use super::anvil::{Anvil, KEYS};
use alloy_primitives::{Address, B256, I256, U256, Uint, aliases::I96, keccak256};
use alloy_sol_types::SolCall;
use std::{fs, path::Path};
use tempfile::TempDir;
use verdict_chain::{
    Artifact, Chain, ChainExt, ContractRecord, CoreSettings, Deployment, ModelRecord, Registration,
    RpcChain, SignerSource,
    bindings::{
        airdrop::{IScoredAirdrop, ScoredAirdrop},
        guard::FraudPauseGuard,
        market::LendingMarket,
        market_adapter::LendingMarketAdapter,
        on_chain_features::OnChainFeatures,
        oracle::InferenceOracle,
        pause_adapter::PauseForAdapter,
        risk::RiskParameterUpdater,
        risk_source::ModelRiskSource,
        signed_features::SignedFeatures,
        token::MockToken,
        vault::EntryVault,
    },
    deploy_core, register_model, route_name,
};
use verdict_consumers::DataSigners;
use verdict_model::CompiledModel;
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
        self.register_as(name, scorer.model(), &scorer.registration().unwrap())
    }

    /// Registers what is said of a model and writes its file.
    pub fn register_as(
        &mut self,
        name: &str,
        model: &CompiledModel,
        registration: &Registration,
    ) -> ModelRecord {
        let core = self.deployment.core.clone();
        let (record, _) = register_model(&mut self.chain, &core, registration, None).unwrap();
        model
            .save(self.path().join(format!("{name}.verdict")))
            .unwrap();
        self.deployment.models.insert(name.into(), record.clone());
        self.save();
        record
    }

    /// An oracle of signed prices, moves of a tenth in an hour, and heartbeats of so many seconds.
    pub fn oracle(&mut self, name: &str, model: &ModelRecord, heartbeat: u32) -> Address {
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
                heartbeat,
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

    /// A token that everybody can mint, and what some accounts have of it.
    pub fn token(&mut self, holders: &[(Address, u64)]) -> Address {
        let code = Artifact::load("MockToken").unwrap().bytecode;
        let token = self.chain.create("MockToken", code).unwrap().0;
        for (to, amount) in holders.iter().copied() {
            let amount = tokens(amount);
            self.chain
                .transact(token, &MockToken::mintCall { to, amount })
                .unwrap();
        }
        token
    }

    /// A lending market whose ratios a model moves by what the market says itself; proposals wait
    /// for five seconds.
    pub fn risk(&mut self, model: &ModelRecord) -> (Address, Address) {
        let admin = self.chain.sender().unwrap();
        let collateral = self.token(&[(admin, 400_000)]);
        let debt = self.token(&[]);
        let market = LendingMarket::constructorCall {
            collateral,
            debt,
            initial: LendingMarket::Parameters {
                loanToValue: 7500,
                threshold: 8000,
                bonus: 10_500,
                supplyCap: tokens(1_000_000).to(),
                borrowCap: tokens(500_000).to(),
            },
        };
        let market = self.deploy("LendingMarket", &market);
        let adapter = Artifact::load("LendingMarketAdapter").unwrap().bytecode;
        let adapter = self
            .chain
            .create("LendingMarketAdapter", adapter)
            .unwrap()
            .0;
        let manager = LendingMarket::setRiskManagerCall { manager: adapter };
        self.chain.transact(market, &manager).unwrap();
        let updater = RiskParameterUpdater::constructorCall {
            adapter_: adapter,
            admin,
            adminDelay: Uint::from(86_400u64),
            guardian: admin,
        };
        let updater = self.deploy("RiskParameterUpdater", &updater);
        let set = LendingMarketAdapter::setUpdaterCall { updater_: updater };
        self.chain.transact(adapter, &set).unwrap();
        let calls = self
            .chain
            .read(updater, &RiskParameterUpdater::PROPOSER_ROLECall {})
            .unwrap();
        let executors = self
            .chain
            .read(updater, &RiskParameterUpdater::EXECUTOR_ROLECall {})
            .unwrap();
        for role in [calls, executors] {
            let account = Address::ZERO;
            let grant = RiskParameterUpdater::grantRoleCall { role, account };
            self.chain.transact(updater, &grant).unwrap();
        }
        for parameter in [1u8, 2, 3] {
            let limit = RiskParameterUpdater::RiskLimit {
                maximumChange: 20_000_000_000_000_000,
                minimumDelay: 30,
                relative: false,
                clamped: true,
                belowUsage: false,
                minimum: 500_000_000_000_000_000,
                maximum: 1_200_000_000_000_000_000,
                granularity: 100_000_000_000_000,
            };
            let set = RiskParameterUpdater::setLimitCall {
                market,
                parameter,
                limit,
            };
            self.chain.transact(updater, &set).unwrap();
        }
        self.borrow(market, collateral, debt);
        let source = self.risk_source(model, market);
        let add = RiskParameterUpdater::addSourceCall {
            source,
            vetoWindow: 5,
            executionWindow: 600,
            coupled: 0,
        };
        self.chain.transact(updater, &add).unwrap();
        self.list("updater", "risk", updater);
        self.list("market-source", "ModelRiskSource", source);
        (market, updater)
    }

    fn borrow(&mut self, market: Address, collateral: Address, debt: Address) {
        let mint = MockToken::mintCall {
            to: market,
            amount: tokens(500_000),
        };
        self.chain.transact(debt, &mint).unwrap();
        let approve = MockToken::approveCall {
            spender: market,
            value: U256::MAX,
        };
        self.chain.transact(collateral, &approve).unwrap();
        let supply = LendingMarket::supplyCall {
            amount: tokens(400_000),
        };
        self.chain.transact(market, &supply).unwrap();
        let borrow = LendingMarket::borrowCall {
            amount: tokens(240_000),
        };
        self.chain.transact(market, &borrow).unwrap();
    }

    fn risk_source(&mut self, model: &ModelRecord, market: Address) -> Address {
        let calls = [
            LendingMarket::priceCall {}.abi_encode(),
            LendingMarket::suppliedCall {}.abi_encode(),
            LendingMarket::borrowedCall {}.abi_encode(),
        ];
        let feed = |data: Vec<u8>| OnChainFeatures::Feed {
            target: market,
            data: data.into(),
            word: 0,
            isSigned: false,
            decimals: 18,
            maxAge: 0,
            timeWord: 0,
            gasLimit: 0,
            optional: false,
            substitute: I256::ZERO,
            anySign: false,
        };
        let features = OnChainFeatures::constructorCall {
            registry_: self.deployment.core.registry,
            modelId_: U256::from(model.model_id),
            subject_: market.into_word(),
            feeds_: calls.map(feed).to_vec(),
        };
        let features = self.deploy("OnChainFeatures", &features);
        let prepare = OnChainFeatures::prepareCall {
            version: model.version,
        };
        self.chain.transact(features, &prepare).unwrap();
        let bindings =
            (0u32..)
                .zip([1u8, 2, 3])
                .map(|(index, parameter)| ModelRiskSource::RiskBinding {
                    parameter,
                    output: 0,
                    index,
                    decimals: 18,
                });
        let source = ModelRiskSource::constructorCall {
            gateway: self.deployment.core.gateway,
            modelId: U256::from(model.model_id),
            version: model.version,
            market_: market,
            features_: features,
            maximumAge_: U256::from(1800),
            bindings_: bindings.collect(),
        };
        self.deploy("ModelRiskSource", &source)
    }

    /// A vault that a guard can pause, and a bond that the sender has deposited.
    pub fn guard(&mut self, model: &ModelRecord, sender: Address) -> (Address, Address) {
        let admin = self.chain.sender().unwrap();
        let token = self.token(&[(admin, 1_000)]);
        let vault = EntryVault::constructorCall {
            asset: token,
            maximumPause: U256::from(21_600),
        };
        let vault = self.deploy("EntryVault", &vault);
        let adapter = PauseForAdapter::constructorCall {
            target_: vault,
            owner_: admin,
        };
        let adapter = self.deploy("PauseForAdapter", &adapter);
        self.chain
            .transact(vault, &EntryVault::setPauserCall { pauser: adapter })
            .unwrap();
        let ether = U256::from(10u64).pow(U256::from(18));
        let config = FraudPauseGuard::GuardConfig {
            gateway: self.deployment.core.gateway,
            modelId: U256::from(model.model_id),
            version: model.version,
            scoreIndex: 0,
            threshold: I256::from_raw(ether / U256::from(10) * U256::from(8)),
            margin: ether / U256::from(20),
            features: self.source("signers"),
            anchoredSubject: true,
            evidenceBlocks: U256::from(100),
            target: adapter,
            pauseDuration: U256::from(21_600),
            cooldown: U256::from(3_600),
            freshCooldown: U256::from(3_600),
            period: U256::from(172_800),
            budget: U256::from(64_800),
            bondToken: token,
            bond: tokens(100),
            bounty: U256::ZERO,
            treasury: admin,
            reviewWindow: U256::from(86_400),
            resumeDelay: U256::from(1_800),
        };
        let guard = FraudPauseGuard::constructorCall {
            config,
            admin,
            adminDelay: Uint::from(86_400u64),
            governor: admin,
            resumer: admin,
        };
        let guard = self.deploy("FraudPauseGuard", &guard);
        self.chain
            .transact(adapter, &PauseForAdapter::setGuardCall { newGuard: guard })
            .unwrap();
        let approve = MockToken::approveCall {
            spender: guard,
            value: U256::MAX,
        };
        self.chain.transact(token, &approve).unwrap();
        let deposit = FraudPauseGuard::depositCall {
            account: sender,
            amount: tokens(100),
        };
        self.chain.transact(guard, &deposit).unwrap();
        self.list("guard", "guard", guard);
        (vault, guard)
    }

    /// A campaign that pays by score, funded.
    pub fn airdrop(&mut self, model: &ModelRecord, funds: u64) -> Address {
        let admin = self.chain.sender().unwrap();
        let token = self.token(&[(admin, funds)]);
        let start = self.chain.latest().unwrap().timestamp;
        let day = 86_400;
        let campaign = IScoredAirdrop::Campaign {
            gateway: self.deployment.core.gateway,
            token,
            treasury: admin,
            windows: IScoredAirdrop::Windows {
                batchesUntil: Uint::from(start + 20 * day),
                claimsFrom: Uint::from(start + 10 * day),
                claimsUntil: Uint::from(start + 40 * day),
                sweepFrom: Uint::from(start + 50 * day),
            },
            models: vec![IScoredAirdrop::ModelReference {
                modelId: U256::from(model.model_id),
                version: model.version,
            }],
            curve: [(0, 10), (50, 100), (200, 400)]
                .map(|(score, amount)| ScoredAirdrop::CurvePoint {
                    score,
                    amount: tokens(amount).to(),
                })
                .to_vec(),
            source: self.source("signers"),
            maximumAge: U256::from(7 * day),
        };
        let airdrop = self.deploy(
            "ScoredAirdrop",
            &ScoredAirdrop::constructorCall { campaign },
        );
        let approve = MockToken::approveCall {
            spender: airdrop,
            value: U256::MAX,
        };
        self.chain.transact(token, &approve).unwrap();
        let fund = ScoredAirdrop::fundCall {
            amount: tokens(funds),
        };
        self.chain.transact(airdrop, &fund).unwrap();
        self.list("campaign", "airdrop", airdrop);
        airdrop
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

/// `amount` of a token with 18 decimals.
pub fn tokens(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10u64).pow(U256::from(18))
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
