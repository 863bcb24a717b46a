// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import { MorphoFeedOracle } from "../../../src/adapters/morpho/MorphoFeedOracle.sol";
import { Fallback, IStrictFeed, Unfit } from "../../../src/consumers/oracle/strict/IStrictFeed.sol";
import { MorphoMarket } from "./MorphoMarket.sol";

/// @dev A feed that says what it is told to.
contract ScriptedFeed {
    uint8 public decimals = 8;
    Fallback public whenUnfit;
    int256 private _answer;
    Unfit private _unfit;

    function set(int256 answer, Unfit unfit) external {
        (_answer, _unfit) = (answer, unfit);
    }

    function setKind(uint8 decimals_, Fallback whenUnfit_) external {
        (decimals, whenUnfit) = (decimals_, whenUnfit_);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (_unfit != Unfit.None) revert IStrictFeed.Unusable(_unfit);
        return (1, _answer, block.timestamp, block.timestamp, 1);
    }
}

/// @dev Morpho Blue's own code, with a feed that is told what to say. ../real/RealProtocols.t.sol has the
/// same with a proof.
contract MorphoFeedOracleTest is MorphoMarket {
    ScriptedFeed private _feed;
    MorphoFeedOracle private _oracle;

    function setUp() public {
        vm.warp(1000 days);
        _deployTokens();
        _feed = new ScriptedFeed();
        _feed.set(10e8, Unfit.None);
        _oracle = new MorphoFeedOracle(IStrictFeed(address(_feed)), collateralToken, loanToken);
        _deployMorpho(_oracle);
        _deposit(borrower, 100e18);
    }

    function test_Price() public {
        assertEq(_oracle.price(), 10e36);
        assertEq(_oracle.SCALE(), 1e28);
        assertEq(address(_oracle.FEED()), address(_feed));
        // 100 tokens at 10, of which 80 %.
        vm.prank(borrower);
        vm.expectRevert(bytes("insufficient collateral"));
        morpho.borrow(params, 800e18 + 1, 0, borrower, borrower);
        _borrow(borrower, 800e18);
        _oracle.price();
        vm.snapshotGasLastCall("MorphoFeedOracle", "price");
    }

    /// @dev A price means the same whatever decimals tokens and feed have.
    function testFuzz_DecimalsCancel(uint8 loan, uint8 collateral, uint8 answers, uint32 price) public {
        loan = uint8(bound(loan, 0, 18));
        collateral = uint8(bound(collateral, 0, 18));
        answers = uint8(bound(answers, 0, 18));
        vm.assume(price != 0);
        _feed.setKind(answers, Fallback.Reverts);
        _feed.set(int256(uint256(price) * 10 ** answers), Unfit.None);
        vm.mockCall(address(loanToken), abi.encodeCall(IERC20Metadata.decimals, ()), abi.encode(loan));
        vm.mockCall(address(collateralToken), abi.encodeCall(IERC20Metadata.decimals, ()), abi.encode(collateral));
        MorphoFeedOracle made = new MorphoFeedOracle(IStrictFeed(address(_feed)), collateralToken, loanToken);
        // Morpho's own arithmetic: a whole collateral token, in loan units.
        assertEq(10 ** collateral * made.price() / 1e36, uint256(price) * 10 ** loan);
    }

    /// @dev Without an answer nobody borrows, nobody takes collateral out, and nobody is liquidated;
    /// the rest goes on.
    function test_UnfitStopsWhatNeedsAPrice() public {
        _borrow(borrower, 700e18);
        for (uint256 i = 1; i < 10; ++i) {
            bytes memory reason = abi.encodeWithSelector(IStrictFeed.Unusable.selector, i);
            _feed.set(1e8, Unfit(i));
            vm.startPrank(borrower);
            vm.expectRevert(reason);
            morpho.borrow(params, 1, 0, borrower, borrower);
            vm.expectRevert(reason);
            morpho.withdrawCollateral(params, 1, borrower, borrower);
            vm.stopPrank();
            vm.expectRevert(reason);
            morpho.liquidate(params, borrower, 1e18, 0, "");
        }
        _have(borrower, loanToken, 0);
        vm.prank(borrower);
        morpho.repay(params, 100e18, 0, borrower, "");
        vm.prank(lender);
        morpho.withdraw(params, 1000e18, 0, lender, lender);
        _deposit(borrower, 1e18);
    }

    function test_LiquidatesAtTheFeedsPrice() public {
        _borrow(borrower, 700e18);
        vm.expectRevert(bytes("position is healthy"));
        morpho.liquidate(params, borrower, 1e18, 0, "");
        _feed.set(8e8, Unfit.None);
        _have(address(this), loanToken, 100e18);
        loanToken.approve(address(morpho), type(uint256).max);
        (uint256 seized,) = morpho.liquidate(params, borrower, 1e18, 0, "");
        assertEq(seized, 1e18);
    }

    /// @dev Feeds that say zero would let anybody liquidate everybody for nothing, feeds that say
    /// what was would let anybody borrow against it.
    function test_RevertWhen_FeedMustRevert() public {
        Fallback[2] memory kinds = [Fallback.Zero, Fallback.Last];
        for (uint256 i = 0; i < 2; ++i) {
            _feed.setKind(8, kinds[i]);
            vm.expectRevert(abi.encodeWithSelector(MorphoFeedOracle.FeedMustRevert.selector, kinds[i]));
            new MorphoFeedOracle(IStrictFeed(address(_feed)), collateralToken, loanToken);
        }
    }

    /// @dev What a price of zero does to a real market.
    function test_Attack_ZeroPriceLiquidatesEverybody() public {
        _borrow(borrower, 1e18);
        vm.mockCall(address(_oracle), abi.encodeCall(MorphoFeedOracle.price, ()), abi.encode(0));
        _have(address(this), loanToken, 1e18);
        loanToken.approve(address(morpho), type(uint256).max);
        (, uint256 paid) = morpho.liquidate(params, borrower, 100e18, 0, "");
        assertEq(collateralToken.balanceOf(address(this)), 100e18);
        assertEq(paid, 0);
    }

    function test_RevertWhen_NotPositive() public {
        int256[2] memory answers = [int256(0), -1];
        for (uint256 i = 0; i < 2; ++i) {
            _feed.set(answers[i], Unfit.None);
            vm.expectRevert(abi.encodeWithSelector(MorphoFeedOracle.NotPositive.selector, answers[i]));
            _oracle.price();
        }
    }

    function test_RevertWhen_TooManyDecimals() public {
        _feed.setKind(36, Fallback.Reverts);
        vm.mockCall(address(loanToken), abi.encodeCall(IERC20Metadata.decimals, ()), abi.encode(6));
        vm.expectRevert(abi.encodeWithSelector(MorphoFeedOracle.TooManyDecimals.selector, 18, 36));
        new MorphoFeedOracle(IStrictFeed(address(_feed)), collateralToken, loanToken);
    }
}
