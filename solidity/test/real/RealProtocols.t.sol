// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AaveConfiguration } from "../../src/adapters/aave/AaveConfiguration.sol";
import { AaveFreezeAdapter } from "../../src/adapters/aave/AaveFreezeAdapter.sol";
import { AaveRiskAdapter } from "../../src/adapters/aave/AaveRiskAdapter.sol";
import { MorphoFeedOracle } from "../../src/adapters/morpho/MorphoFeedOracle.sol";
import { FraudPauseGuard } from "../../src/consumers/guard/FraudPauseGuard.sol";
import { GuardConfig, IFraudPauseGuard } from "../../src/consumers/guard/IFraudPauseGuard.sol";
import { AggregatorV3Interface } from "../../src/consumers/oracle/AggregatorV3Interface.sol";
import { OracleConfig } from "../../src/consumers/oracle/IInferenceOracle.sol";
import { InferenceOracle } from "../../src/consumers/oracle/InferenceOracle.sol";
import { Fallback, IStrictFeed, StrictFeedConfig, Unfit } from "../../src/consumers/oracle/strict/IStrictFeed.sol";
import { StrictFeed } from "../../src/consumers/oracle/strict/StrictFeed.sol";
import { ModelRiskSource } from "../../src/consumers/risk/ModelRiskSource.sol";
import { RiskParameterUpdater } from "../../src/consumers/risk/RiskParameterUpdater.sol";
import { IInferenceVerifier } from "../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { MockToken } from "../../testing/mocks/MockToken.sol";
import { AaveMarket } from "../adapters/aave/AaveMarket.sol";
import { CometModel } from "../adapters/compound/CometPauseAdapter.t.sol";
import { MorphoMarket } from "../adapters/morpho/MorphoMarket.sol";
import { RealConsumerTest } from "./RealConsumerTest.sol";

/// @dev A model's proofs, as crates/prover made them, move and stop what protocols' own code does. The
/// contexts are those of RealProofs.t.sol, whose consumers stand at the same addresses.
abstract contract RealProtocolTest is RealConsumerTest {
    bytes internal constant REJECTED = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);
    address internal constant ORACLE = address(0xa0001);
    address internal constant RISK = address(0xa0002);
    address internal constant GUARD = address(0xa0003);
    address internal constant MARKET = address(0xa0005);
    uint256 internal constant DEADLINE = NOW + 1 days;
    uint256 internal constant ANCHOR = BLOCK + 1;

    InferenceOracle internal oracle = InferenceOracle(ORACLE);

    function _deployOracle() internal {
        OracleConfig memory config;
        (config.description, config.decimals) = ("tumour logit", 8);
        (config.minAnswer, config.maxAnswer, config.maxMove, config.maxMoveBps) = (-1000e8, 1000e8, 1e8, 1000);
        (config.maxAge, config.maxSkew, config.heartbeat, config.moveWindow) = (1 hours, 1 minutes, 2 hours, 1 hours);
        (config.confirmDelay, config.confirmWindow) = (10 minutes, 1 hours);
        (config.history, config.switchDelay) = (16, 2 days);
        deployCodeTo(
            "InferenceOracle.sol:InferenceOracle",
            abi.encode(gateway, real.id, real.version, source, config, admin, guardian),
            ORACLE
        );
    }

    function _submit() internal {
        Real memory r = _real("oracle");
        oracle.submit(_evidenceFor(ORACLE, real, 0, r.words), r.outputs, r.proof);
    }

    function _feed(Fallback whenUnfit, uint8 decimals) internal returns (StrictFeed) {
        StrictFeedConfig memory config;
        (config.oracle, config.decimals, config.whenUnfit) = (oracle, decimals, whenUnfit);
        return new StrictFeed(config);
    }
}

/// @dev Aave v3.0.2.
contract RealAaveTest is RealProtocolTest, AaveMarket {
    using AaveConfiguration for uint256;

    ModelRiskSource private _risk = ModelRiskSource(RISK);
    FraudPauseGuard private _guard = FraudPauseGuard(GUARD);
    RiskParameterUpdater private _updater;

    function setUp() public override {
        super.setUp();
        _deployAave();
        // The model is about the market at that address.
        deployCodeTo("MockToken.sol:MockToken", MARKET);
        weth = MockToken(MARKET);
        _list(MARKET, 18, address(wethPrice));
        configurator.configureReserveAsCollateral(MARKET, 7500, 8000, 10_500);
        _deployOracle();
    }

    function _deployRisk() private {
        AaveRiskAdapter adapter = new AaveRiskAdapter(provider, address(this));
        acl.addRiskAdmin(address(adapter));
        _updater = _newUpdater(adapter, MARKET, _risk);
        adapter.setUpdater(address(_updater));
    }

    /// @dev A proof moves a threshold of Aave's, and a borrower's health with it.
    function test_ProofMovesAThreshold() public {
        _deployRisk();
        _supply(lender, usdc, 1_000_000e6);
        _supply(borrower, weth, 10e18);
        _borrow(borrower, usdc, 10_000e6);
        (,,,,, uint256 before) = pool.getUserAccountData(borrower);
        Real memory r = _real("risk");
        bytes memory evidence = _evidenceFor(RISK, real, bytes32(uint256(uint160(MARKET))), r.words);
        uint256[] memory others = _copy(r.outputs);
        others[0] ^= 1;
        vm.expectRevert(REJECTED);
        _updater.propose(_risk, DEADLINE, evidence, others, r.proof);
        uint256 proposal = _updater.propose(_risk, DEADLINE, evidence, r.outputs, r.proof);
        skip(1 hours);
        _updater.execute(proposal);
        vm.snapshotGasLastCall("RealProtocols", "Aave, execute a threshold");
        assertEq(pool.getConfiguration(MARKET).threshold(), 8200);
        (,,,,, uint256 health) = pool.getUserAccountData(borrower);
        assertApproxEqRel(health, before * 82 / 80, 1e12);
    }

    /// @dev A proposal whose reserve Aave's governance froze meanwhile moves nothing.
    function test_Attack_ProofForAFrozenReserve() public {
        _deployRisk();
        Real memory r = _real("risk");
        bytes memory evidence = _evidenceFor(RISK, real, bytes32(uint256(uint160(MARKET))), r.words);
        uint256 proposal = _updater.propose(_risk, DEADLINE, evidence, r.outputs, r.proof);
        skip(1 hours);
        configurator.setReserveFreeze(MARKET, true);
        vm.expectRevert(abi.encodeWithSignature("ReserveFrozen(address)", MARKET));
        _updater.execute(proposal);
        configurator.setReserveFreeze(MARKET, false);
        _updater.execute(proposal);
        assertEq(pool.getConfiguration(MARKET).threshold(), 8200);
    }

    function _copy(uint256[] memory words) private pure returns (uint256[] memory copy) {
        copy = new uint256[](words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            copy[i] = words[i];
        }
    }

    // -------------------------------------------------------------------------------------- freeze

    function _deployGuard() private {
        AaveFreezeAdapter adapter = new AaveFreezeAdapter(provider, MARKET, admin);
        acl.addRiskAdmin(address(adapter));
        MockToken bond = new MockToken();
        GuardConfig memory config;
        (config.gateway, config.modelId, config.version) = (gateway, real.id, real.version);
        (config.threshold, config.margin) = (5e18, 0.5e18);
        (config.features, config.anchoredSubject, config.evidenceBlocks) = (source, true, 100);
        (config.target, config.pauseDuration, config.cooldown, config.freshCooldown) =
        (adapter, 6 hours, 1 hours, 10 minutes);
        (config.period, config.budget, config.bondToken, config.bond) = (2 days, 18 hours, bond, 100e18);
        (config.treasury, config.reviewWindow, config.resumeDelay) = (makeAddr("treasury"), 1 days, 30 minutes);
        deployCodeTo("FraudPauseGuard.sol:FraudPauseGuard", abi.encode(config, admin, 1 days, admin, guardian), GUARD);
        vm.prank(admin);
        adapter.setGuard(GUARD);
        bond.mint(address(this), 100e18);
        bond.approve(GUARD, 100e18);
        _guard.deposit(address(this), 100e18);
        vm.roll(BLOCK + 2);
        vm.setBlockhash(ANCHOR, keccak256("anchor"));
    }

    function _trigger() private {
        Real memory r = _real("guard");
        bytes memory evidence = _evidenceFor(GUARD, real, _guard.subjectOf(ANCHOR), r.words);
        _guard.trigger(evidence, ANCHOR, r.outputs, r.proof);
        vm.snapshotGasLastCall("RealProtocols", "Aave, freeze a reserve");
    }

    /// @dev A proof freezes a reserve: nobody gets in, everybody gets out; and anyone ends it in time.
    function test_ProofFreezesAReserve() public {
        _deployGuard();
        _supply(lender, weth, 10e18);
        uint256 before = pool.getConfiguration(MARKET);
        _trigger();
        assertTrue(pool.getConfiguration(MARKET).isFrozen());
        weth.mint(lender, 1e18);
        vm.startPrank(lender);
        weth.approve(address(pool), 1e18);
        vm.expectRevert(bytes("28"));
        pool.supply(MARKET, 1e18, lender, 0);
        vm.stopPrank();
        _withdraw(lender, weth, 4e18);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.PauseNotOver.selector, NOW + 6 hours));
        _guard.expire();
        skip(6 hours);
        vm.prank(makeAddr("anyone"));
        _guard.expire();
        assertEq(pool.getConfiguration(MARKET), before);
        _supply(lender, weth, 1e18);
    }

    /// @dev The same on 3.1 and later, whose loan-to-value is gone during a freeze and comes back.
    function test_ProofFreezesAReserveOfLaterVersions() public {
        _upgradeConfigurator();
        _deployGuard();
        uint256 before = pool.getConfiguration(MARKET);
        _trigger();
        assertEq(pool.getConfiguration(MARKET).ltv(), 0);
        skip(6 hours);
        _guard.expire();
        assertEq(pool.getConfiguration(MARKET), before);
    }

    /// @dev A pause of Aave's is Aave's: the guard spends neither its budget nor the bond on it.
    function test_Attack_ProofWhereAaveIsPaused() public {
        _deployGuard();
        configurator.setReservePause(MARKET, true);
        Real memory r = _real("guard");
        bytes memory evidence = _evidenceFor(GUARD, real, _guard.subjectOf(ANCHOR), r.words);
        vm.expectRevert(abi.encodeWithSelector(AaveFreezeAdapter.ReservePaused.selector, MARKET));
        _guard.trigger(evidence, ANCHOR, r.outputs, r.proof);
        assertEq(_guard.availableBudget(), 18 hours);
        assertEq(_guard.freeBalanceOf(address(this)), 100e18);
    }

    // --------------------------------------------------------------------------------------- prices

    function _price(address asset, address feed) private {
        address[] memory assets = new address[](1);
        address[] memory sources = new address[](1);
        (assets[0], sources[0]) = (asset, feed);
        prices.setAssetSources(assets, sources);
    }

    /// @dev AaveOracle takes whatever `latestAnswer` says. A feed that says zero when it is unfit sends
    /// it to its fallback; without one, and with a feed that reverts, nothing that needs the price
    /// happens.
    function test_AaveOracleReadsTheFeed() public {
        _submit();
        StrictFeed feed = _feed(Fallback.Zero, 8);
        _price(MARKET, address(feed));
        assertEq(prices.getAssetPrice(MARKET), 6.79349855e8);
        skip(2 hours + 1);
        vm.expectRevert();
        prices.getAssetPrice(MARKET);
        prices.setFallbackOracle(address(new FallbackPrices()));
        assertEq(prices.getAssetPrice(MARKET), 5e8);
        _price(MARKET, address(_feed(Fallback.Reverts, 8)));
        vm.expectRevert(abi.encodeWithSelector(IStrictFeed.Unusable.selector, Unfit.Stale));
        prices.getAssetPrice(MARKET);
    }

    /// @dev Users of a market whose price reverts can repay and withdraw what they lent.
    function test_StaleFeedStopsWhatNeedsAPrice() public {
        _submit();
        _price(MARKET, address(_feed(Fallback.Reverts, 8)));
        _supply(lender, usdc, 1_000_000e6);
        _supply(borrower, weth, 1000e18);
        _borrow(borrower, usdc, 5000e6);
        skip(2 hours + 1);
        bytes memory stale = abi.encodeWithSelector(IStrictFeed.Unusable.selector, Unfit.Stale);
        vm.startPrank(borrower);
        vm.expectRevert(stale);
        pool.borrow(address(usdc), 1e6, 2, 0, borrower);
        vm.expectRevert(stale);
        pool.withdraw(MARKET, 1e18, borrower);
        vm.stopPrank();
        vm.expectRevert(stale);
        pool.liquidationCall(MARKET, address(usdc), borrower, 1e6, false);
        _repay(borrower, usdc, 1000e6);
        _withdraw(lender, usdc, 1000e6);
    }
}

contract FallbackPrices {
    function getAssetPrice(address) external pure returns (uint256) {
        return 5e8;
    }
}

/// @dev Morpho Blue 1.0.0, and a Comet's price.
contract RealMorphoTest is RealProtocolTest, MorphoMarket {
    StrictFeed private _strict;

    function setUp() public override {
        super.setUp();
        _deployOracle();
        _deployTokens();
        _strict = _feed(Fallback.Reverts, 18);
        _deployMorpho(new MorphoFeedOracle(_strict, collateralToken, loanToken));
        _deposit(borrower, 100e18);
    }

    /// @dev A proof is a price, and what is borrowed against it is not a unit more.
    function test_ProofPricesAMarket() public {
        vm.prank(borrower);
        vm.expectRevert(abi.encodeWithSelector(IStrictFeed.Unusable.selector, Unfit.NoRound));
        morpho.borrow(params, 1, 0, borrower, borrower);
        _submit();
        // 100 tokens at 6.79349855, of which 80 %.
        uint256 most = 6.79349855e18 * 80;
        vm.prank(borrower);
        vm.expectRevert(bytes("insufficient collateral"));
        morpho.borrow(params, most + 1, 0, borrower, borrower);
        _borrow(borrower, most);
        vm.snapshotGasLastCall("RealProtocols", "Morpho, borrow");
    }

    /// @dev Stale, paused or halted: nobody borrows, and nobody is liquidated; debts can be repaid.
    function test_UnfitFeedStopsTheMarket() public {
        _submit();
        _borrow(borrower, 500e18);
        uint256 fresh = vm.snapshotState();
        Unfit[3] memory reasons = [Unfit.Stale, Unfit.Paused, Unfit.Halted];
        for (uint256 i = 0; i < 3; ++i) {
            if (i == 0) skip(2 hours + 1);
            if (i == 1) {
                vm.prank(guardian);
                oracle.pause();
            }
            if (i == 2) {
                vm.prank(modelOwner);
                registry.deprecateModel(real.id);
                oracle.halt();
            }
            bytes memory reason = abi.encodeWithSelector(IStrictFeed.Unusable.selector, reasons[i]);
            vm.prank(borrower);
            vm.expectRevert(reason);
            morpho.borrow(params, 1, 0, borrower, borrower);
            vm.expectRevert(reason);
            morpho.liquidate(params, borrower, 1e18, 0, "");
            _have(borrower, loanToken, 0);
            vm.prank(borrower);
            morpho.repay(params, 100e18, 0, borrower, "");
            vm.revertToState(fresh);
        }
    }

    /// @dev A Comet wants 8 decimals, and takes no price of zero or less.
    function test_CometReadsTheFeed() public {
        vm.expectRevert(CometModel.BadDecimals.selector);
        new CometModel(address(1), address(2), _strict);
        _submit();
        AggregatorV3Interface feed = _feed(Fallback.Reverts, 8);
        CometModel comet = new CometModel(address(1), address(2), feed);
        assertEq(comet.getPrice(feed), 6.79349855e8);
        AggregatorV3Interface zero = _feed(Fallback.Zero, 8);
        skip(2 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(IStrictFeed.Unusable.selector, Unfit.Stale));
        comet.getPrice(feed);
        vm.expectRevert(CometModel.BadPrice.selector);
        comet.getPrice(zero);
    }
}
