// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { VerdictScript } from "../../script/base/VerdictScript.sol";
import { EntryVault } from "../../testing/mocks/EntryVault.sol";
import { LendingMarket, LendingMarketAdapter } from "../../testing/mocks/LendingMarket.sol";
import { Token } from "../consumers/airdrop/Tokens.sol";

/// @dev What consumers are wired to, for the dry run and for tests: a token, a vault, a lending
/// market.
contract Fixtures is VerdictScript {
    struct Made {
        address token;
        address vault;
        address market;
        address riskAdapter;
    }

    function run() external returns (Made memory made) {
        made = make();
        vm.serializeAddress("fixtures", "token", made.token);
        vm.serializeAddress("fixtures", "vault", made.vault);
        vm.serializeAddress("fixtures", "market", made.market);
        vm.writeJson(vm.serializeAddress("fixtures", "riskAdapter", made.riskAdapter), vm.envString("VERDICT_FIXTURES"));
    }

    function make() public broadcasts returns (Made memory made) {
        Token token = new Token();
        token.mint(broadcaster, 1_000_000e18);
        LendingMarket market =
            new LendingMarket(token, token, LendingMarket.Parameters(7500, 8000, 10_500, 1_000_000e18, 500_000e18));
        LendingMarketAdapter adapter = new LendingMarketAdapter();
        market.setRiskManager(address(adapter));
        EntryVault vault = new EntryVault(token, 6 hours);
        made = Made(address(token), address(vault), address(market), address(adapter));
    }
}
