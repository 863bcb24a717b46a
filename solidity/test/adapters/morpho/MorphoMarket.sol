// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IMorphoOracle } from "../../../src/interfaces/external/IMorphoOracle.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";
import { ForeignCode } from "../ForeignCode.sol";
import { IMorpho, MarketParams } from "./IMorpho.sol";

/// @dev A market of Morpho Blue as its package has it, that lends up to 80 %. A lender has put in a
/// million loan tokens.
abstract contract MorphoMarket is ForeignCode {
    uint256 internal constant LLTV = 0.8e18;

    IMorpho internal morpho;
    MarketParams internal params;
    MockToken internal loanToken;
    MockToken internal collateralToken;
    address internal lender = makeAddr("lender");
    address internal borrower = makeAddr("borrower");

    /// @dev Before the oracle, which wants to know the tokens.
    function _deployTokens() internal {
        (loanToken, collateralToken) = (new MockToken(), new MockToken());
    }

    function _deployMorpho(IMorphoOracle oracle) internal {
        morpho = IMorpho(_foreign("Morpho", abi.encode(address(this))));
        address irm = _foreign("IrmMock");
        morpho.enableIrm(irm);
        morpho.enableLltv(LLTV);
        params = MarketParams(address(loanToken), address(collateralToken), address(oracle), irm, LLTV);
        morpho.createMarket(params);
        _have(lender, loanToken, 1_000_000e18);
        vm.prank(lender);
        morpho.supply(params, 1_000_000e18, 0, lender, "");
    }

    function _have(address who, MockToken token, uint256 amount) internal {
        token.mint(who, amount);
        vm.prank(who);
        token.approve(address(morpho), type(uint256).max);
    }

    function _deposit(address who, uint256 amount) internal {
        _have(who, collateralToken, amount);
        vm.prank(who);
        morpho.supplyCollateral(params, amount, who, "");
    }

    function _borrow(address who, uint256 amount) internal {
        vm.prank(who);
        morpho.borrow(params, amount, 0, who, who);
    }
}
