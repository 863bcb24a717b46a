// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { IRiskAdapter } from "../src/consumers/risk/IRiskAdapter.sol";
import { IRiskSource, RiskBinding } from "../src/consumers/risk/IRiskSource.sol";
import { RiskParameterUpdater } from "../src/consumers/risk/RiskParameterUpdater.sol";
import { MarketState, RISK_PARAMETERS, RiskLimit, RiskParameter } from "../src/consumers/risk/RiskTypes.sol";
import { IFeatureSource } from "../src/features/IFeatureSource.sol";
import { ModelPin } from "../src/types/ModelPin.sol";

/// @dev A protocol with one parameter.
contract OneParameter is IRiskAdapter {
    uint256 public cap;

    constructor(uint256 first) {
        cap = first;
    }

    function stateOf(address) external view returns (MarketState memory state) {
        state.supported = 0x10;
        state.values[4] = cap;
    }

    function push(address, uint8, uint256[RISK_PARAMETERS] calldata values) external {
        cap = values[4];
    }
}

/// @dev A model that says anything.
contract AnySource is IRiskSource {
    address public constant market = address(1);
    uint8 public constant mask = 0x10;
    int256 private _says;

    function say(int256 value) external {
        _says = value;
    }

    function infer(uint256, bytes calldata, uint256[] calldata, bytes calldata)
        external
        view
        returns (uint256, int256[RISK_PARAMETERS] memory values)
    {
        values[4] = _says;
        return (block.timestamp, values);
    }

    function checkUsable() external view { }

    function payloadOf(uint256) external pure returns (bytes32) { }

    function bindings() external pure returns (RiskBinding[] memory) { }

    function pin() external pure returns (ModelPin) { }

    function featureSource() external pure returns (IFeatureSource) { }

    function maximumAge() external pure returns (uint256) { }
}

/// @dev The risk step per time, of the updater itself: whatever the model says, and whenever it is
/// executed, a parameter moves by at most its step, and not twice within its delay. The steps of any
/// sequence are such pairs, so in T seconds it moves by at most step · (1 + T / delay).
contract RiskStepSymbolic is Test {
    uint128 private constant _STEP = 1000;
    uint32 private constant _DELAY = 6 hours;
    uint256 private constant _FIRST = 1_000_000;

    OneParameter private _adapter;
    AnySource private _source;
    RiskParameterUpdater private _updater;

    function setUp() public {
        vm.warp(1_000_000_000);
        (_adapter, _source) = (new OneParameter(_FIRST), new AnySource());
        _updater = new RiskParameterUpdater(_adapter, address(this), 1 days, address(2));
        _updater.grantRole(_updater.PROPOSER_ROLE(), address(0));
        _updater.grantRole(_updater.EXECUTOR_ROLE(), address(0));
        _updater.setLimit(
            address(1), RiskParameter.SupplyCap, RiskLimit(_STEP, _DELAY, false, true, true, 0, type(uint128).max, 1)
        );
        _updater.addSource(_source, 1 hours, 1 days, 0);
    }

    function _propose(int256 says) private returns (uint256) {
        _source.say(says);
        return _updater.propose(_source, 0, "", new uint256[](0), "");
    }

    function _distance(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? b - a : a - b;
    }

    function check_StepPerTime(int128 first, int128 second, uint24 wait, uint24 later) public {
        uint256 one = _propose(first);
        vm.warp(block.timestamp + 1);
        uint256 two = _propose(second);
        vm.warp(block.timestamp + 1 hours + uint256(wait));
        (bool moved,) = address(_updater).call(abi.encodeCall(_updater.execute, (one)));
        uint256 between = _adapter.cap();
        assert(_distance(_FIRST, between) <= _STEP);
        if (!moved) assert(between == _FIRST);
        vm.warp(block.timestamp + uint256(later));
        (bool again,) = address(_updater).call(abi.encodeCall(_updater.execute, (two)));
        uint256 cap = _adapter.cap();
        assert(_distance(between, cap) <= _STEP);
        if (!again) assert(cap == between);
        // Not twice within the delay.
        if (moved && again) assert(later >= _DELAY);
    }
}
