// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Feed } from "../../src/features/Feeds.sol";
import { OnChainFeatures } from "../../src/features/OnChainFeatures.sol";
import { Ranks } from "../../src/libraries/Ranks.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { InputSchema, ModelSpec } from "../../src/types/Schemas.sol";
import { FeatureTest } from "./FeatureTest.sol";
import { MockFeed } from "./Mocks.sol";

/// @dev What four inputs cost on even grids, and as ranks: to make them readable, once, and to read
/// them. All accounts and slots cold. A value's rank is the middle one or next to it, so that the
/// search goes all the way.
contract OnChainFeaturesGasTest is FeatureTest {
    uint256 private constant VALUES = 4;
    string private constant GROUP = "OnChainFeatures";

    MockFeed private _mock = new MockFeed();

    function test_Gas_EvenGrids() public {
        OnChainFeatures source = _sourceOf(_register(_spec(uint32(VALUES), 1)));
        ModelPin pin = source.prepare(1);
        vm.snapshotGasLastCall(GROUP, "prepare, even grids");
        _measure(source, pin, "even grids");
    }

    function test_Gas_Ranks() public {
        uint256[3] memory counts = [uint256(8), 100, 1000];
        for (uint256 i = 0; i < 3; ++i) {
            _ranks(counts[i]);
        }
    }

    function _ranks(uint256 count) private {
        bytes memory table = _table(count);
        OnChainFeatures source = _sourceOf(_register(_rankedSpec(count), keccak256(table)));
        string memory name = string.concat("ranks among ", vm.toString(count), " each");
        bytes[] memory parts = Ranks.split(table);
        address[] memory accounts = new address[](parts.length);
        uint256 published = 0;
        for (uint256 i = 0; i < parts.length; ++i) {
            accounts[i] = source.publishBreakpoints(parts[i]);
            published += vm.lastCallGas().gasTotalUsed;
        }
        vm.snapshotValue(GROUP, string.concat("publishBreakpoints, ", name), published);
        ModelPin pin = source.prepareWithBreakpoints(1, accounts);
        vm.snapshotGasLastCall(GROUP, string.concat("prepare, ", name));
        for (uint256 i = 0; i < VALUES; ++i) {
            _mock.set(i, int256(count / 2 + i) * 1e18);
        }
        for (uint256 i = 0; i < accounts.length; ++i) {
            vm.cool(accounts[i]);
        }
        _measure(source, pin, name);
    }

    function _measure(OnChainFeatures source, ModelPin pin, string memory name) private {
        vm.cool(address(source));
        vm.cool(address(_mock));
        source.integers(pin);
        vm.snapshotGasLastCall(GROUP, string.concat("read live, ", name));
    }

    function _sourceOf(TestModel memory model) private returns (OnChainFeatures) {
        Feed[] memory feeds = new Feed[](VALUES);
        for (uint256 i = 0; i < VALUES; ++i) {
            feeds[i] = _feed(address(_mock), abi.encodeCall(MockFeed.read, (i)));
        }
        return new OnChainFeatures(registry, model.id, SUBJECT, feeds);
    }

    function _rankedSpec(uint256 count) private pure returns (ModelSpec memory spec) {
        spec = _spec(uint32(VALUES), 1);
        InputSchema memory schema = spec.inputs[0];
        (schema.scalesE36, schema.zeroPoints) = (new uint192[](VALUES), new int64[](VALUES));
        (schema.minima[0], schema.maxima[0]) = (0, int32(int256(count)));
    }

    /// @dev 1, 2, 3, … of every value.
    function _table(uint256 count) private pure returns (bytes memory table) {
        table = new bytes(8 * VALUES * count);
        for (uint256 i = 0; i < VALUES * count; ++i) {
            uint256 bits = uint256(Ranks.place(int256(1 + i % count), 0));
            for (uint256 j = 0; j < 8; ++j) {
                table[8 * i + j] = bytes1(uint8(bits >> (56 - 8 * j)));
            }
        }
    }
}
