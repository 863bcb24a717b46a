//! Bindings of the verifier's contracts.
#![allow(missing_docs, clippy::too_many_arguments)]

pub use verdict_wire::bindings::{IInferenceVerifier, IVerifyingKeys};

/// One module for each contract: structs that several of them share are declared in each.
macro_rules! bindings {
    ($($(#[$doc:meta])* $module:ident: $contract:ident = $file:literal $(, uses $used:ident)?;)+) => {
        $(
            $(#[$doc])*
            pub mod $module {
                // A structure of another namespace that the macro looks for here.
                $(use self::$contract::$used;)?
                alloy_sol_types::sol! {
                    #[derive(Debug, PartialEq, Eq)]
                    $contract, $file
                }
            }
        )+
    };
}

// Generated from the compiled interfaces that are committed beside the code.
bindings! {
    /// Who owns a model, which versions it has, what its proofs mean. The interface: the contract's
    /// own has an event and an error of one name, as ERC-7992 wants it.
    registry: IModelRegistry = "artifacts/IModelRegistry.json";
    /// Specs of models whose inputs are ranks among breakpoints.
    breakpoints: IModelBreakpoints = "artifacts/IModelBreakpoints.json";
    /// The routes to verifiers.
    gateway: IVerdictGateway = "artifacts/IVerdictGateway.json";
    /// The gateway with its constructor and roles; its `verify` lives in a fallback, hence
    /// [`gateway`].
    gateway_contract: VerdictGateway = "artifacts/VerdictGateway.json";
    /// ERC-7007's `verify`.
    erc7007: ERC7007Adapter = "artifacts/ERC7007Adapter.json";
    /// ERC-8004's validation responses.
    erc8004: ERC8004Validator = "artifacts/ERC8004Validator.json";
    /// A route to SP1's verifier.
    sp1: SP1Adapter = "artifacts/SP1Adapter.json";
    /// A route to RISC Zero's verifier.
    risc_zero: RiscZeroAdapter = "artifacts/RiscZeroAdapter.json";
    /// Inputs that the chain itself knows.
    on_chain_features: OnChainFeatures = "artifacts/OnChainFeatures.json";
    /// Inputs that a quorum signs.
    signed_features: SignedFeatures = "artifacts/SignedFeatures.json";
    /// Inputs that were committed to.
    committed_features: CommittedFeatures = "artifacts/CommittedFeatures.json";
    /// The oracle.
    oracle: InferenceOracle = "artifacts/InferenceOracle.json";
    /// The updater of risk parameters.
    risk: RiskParameterUpdater = "artifacts/RiskParameterUpdater.json";
    /// What a model says about a market's risk.
    risk_source: ModelRiskSource = "artifacts/ModelRiskSource.json";
    /// The reference lending market.
    market: LendingMarket = "artifacts/LendingMarket.json";
    /// Lets the updater set the reference market's parameters.
    market_adapter: LendingMarketAdapter = "artifacts/LendingMarketAdapter.json";
    /// The guard.
    guard: FraudPauseGuard = "artifacts/FraudPauseGuard.json";
    /// Lets a guard pause contracts with `pauseFor`.
    pause_adapter: PauseForAdapter = "artifacts/PauseForAdapter.json";
    /// The reference vault: entries can be closed, exits can't.
    vault: EntryVault = "artifacts/EntryVault.json";
    /// A token that anyone can mint.
    token: MockToken = "artifacts/MockToken.json";
    /// The airdrop.
    airdrop: ScoredAirdrop = "artifacts/ScoredAirdrop.json", uses CurvePoint;
}
