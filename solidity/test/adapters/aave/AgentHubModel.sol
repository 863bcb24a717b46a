// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { IRiskOracle } from "../../../src/consumers/risk/IRiskOracle.sol";
import { IAaveConfigurator } from "../../../src/interfaces/external/IAaveV3.sol";
import { IAavePoolFull, IAaveProviderFull } from "./IAave.sol";

/// @dev The oracle as a hub reads it.
interface IHubOracle {
    function getLatestUpdateByParameterAndMarket(string calldata updateType, address market)
        external
        view
        returns (IRiskOracle.RiskParameterUpdate memory);
}

/// @dev Aave's AgentHub with one agent of caps, in front of the real configurator. Written from the
/// published source (`AgentHub.sol`, `AaveCapsAgent.sol`, `RangeValidationModule.sol`): of each market
/// the latest update is fetched (a revert skips the market); it must not be older than the expiry, have a
/// higher number than the last that was injected, and come no sooner than the delay after that; the
/// agent refuses no change, a cap of zero, and one where there was none, and a change of more than
/// a share of the live cap. If nothing was injected, `NoActionCanBePerformed`. An injection that
/// reverts, reverts it all.
contract AgentHubModel {
    using AaveConfiguration for uint256;

    error NoActionCanBePerformed();

    IAaveProviderFull private immutable _PROVIDER;
    IHubOracle private immutable _ORACLE;
    string private _type;
    uint256 public constant EXPIRY = 12 hours;
    uint256 public constant DELAY = 3 days;
    uint256 private constant MOST = 3000;

    mapping(address market => uint256) public lastId;
    mapping(address market => uint256) public lastTime;

    constructor(IAaveProviderFull provider, IHubOracle oracle, string memory updateType) {
        (_PROVIDER, _ORACLE, _type) = (provider, oracle, updateType);
    }

    function execute(address market) external {
        bool injected;
        try _ORACLE.getLatestUpdateByParameterAndMarket(_type, market) returns (
            IRiskOracle.RiskParameterUpdate memory update
        ) {
            if (_isGood(update)) {
                (lastId[market], lastTime[market]) = (update.updateId, block.timestamp);
                uint256 cap = abi.decode(update.newValue, (uint256));
                if (_isSupply()) _configurator().setSupplyCap(update.market, cap);
                else _configurator().setBorrowCap(update.market, cap);
                injected = true;
            }
        } catch { }
        require(injected, NoActionCanBePerformed());
    }

    function _isGood(IRiskOracle.RiskParameterUpdate memory update) private view returns (bool) {
        if (update.timestamp + EXPIRY < block.timestamp) return false;
        if (lastId[update.market] >= update.updateId) return false;
        if (block.timestamp - lastTime[update.market] < DELAY) return false;
        uint256 data = IAavePoolFull(_PROVIDER.getPool()).getConfiguration(update.market);
        uint256 live = _isSupply() ? data.supplyCap() : data.borrowCap();
        uint256 cap = abi.decode(update.newValue, (uint256));
        if (live == cap || live == 0 || cap == 0) return false;
        return (cap > live ? cap - live : live - cap) <= live * MOST / 10_000;
    }

    function _isSupply() private view returns (bool) {
        return keccak256(bytes(_type)) == keccak256("SupplyCapUpdate");
    }

    function _configurator() private view returns (IAaveConfigurator) {
        return IAaveConfigurator(_PROVIDER.getPoolConfigurator());
    }
}
