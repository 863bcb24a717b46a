// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import { Fallback, IStrictFeed } from "../../consumers/oracle/strict/IStrictFeed.sol";
import { IMorphoOracle } from "../../interfaces/external/IMorphoOracle.sol";

/// @title An oracle of a Morpho Blue market that reads a strict feed
/// @notice The feed tells what one whole collateral token is worth in whole loan tokens. Where it has
/// no answer to act on, this reverts, and with it what Morpho asks a price for: borrowing,
/// withdrawing collateral while there is debt, **and liquidations**. Supplying, repaying and
/// withdrawing what was lent go on.
/// @dev Only a feed that reverts will do: one that answers zero when it is unfit would make every
/// position of the market liquidatable for next to nothing, one that answers the last price would
/// let anybody borrow against it. A market's oracle is for ever, so a feed that is wrong can only be
/// left by leaving the market.
contract MorphoFeedOracle is IMorphoOracle {
    /// @notice The feed does something else than revert when it is unfit.
    error FeedMustRevert(Fallback whenUnfit);

    /// @notice With this loan token, feed and collateral, prices have no room in Morpho's 36
    /// decimals.
    error TooManyDecimals(uint256 collateral, uint256 feed);

    /// @notice The feed answered zero or less.
    error NotPositive(int256 answer);

    uint256 private constant _MORPHO_DECIMALS = 36;

    /// @notice The feed.
    IStrictFeed public immutable FEED;

    /// @notice Morpho's price is the feed's answer times this.
    uint256 public immutable SCALE;

    /// @param feed The feed; with `Fallback.Reverts`.
    /// @param collateralToken The market's collateral.
    /// @param loanToken What is lent.
    constructor(IStrictFeed feed, IERC20Metadata collateralToken, IERC20Metadata loanToken) {
        Fallback whenUnfit = feed.whenUnfit();
        if (whenUnfit != Fallback.Reverts) revert FeedMustRevert(whenUnfit);
        (uint256 collateral, uint256 answers) = (collateralToken.decimals(), feed.decimals());
        uint256 most = _MORPHO_DECIMALS + loanToken.decimals();
        if (collateral + answers > most) revert TooManyDecimals(collateral, answers);
        (FEED, SCALE) = (feed, 10 ** (most - collateral - answers));
    }

    /// @inheritdoc IMorphoOracle
    function price() external view returns (uint256) {
        (, int256 answer,,,) = FEED.latestRoundData();
        // Strict feeds never answer so; this contract doesn't rely on it.
        if (answer <= 0) revert NotPositive(answer);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(answer) * SCALE;
    }
}
