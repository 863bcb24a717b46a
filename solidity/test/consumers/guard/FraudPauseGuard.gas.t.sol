// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { FraudPauseGuard } from "../../../src/consumers/guard/FraudPauseGuard.sol";
import { GuardConfig } from "../../../src/consumers/guard/IFraudPauseGuard.sol";
import { IPauseAdapter } from "../../../src/consumers/guard/IPauseAdapter.sol";
import { OpenZeppelinPauseAdapter } from "../../../src/consumers/guard/OpenZeppelinPauseAdapter.sol";
import { Feed } from "../../../src/features/Feeds.sol";
import { Features } from "../../../src/features/IFeatureSource.sol";
import { OnChainFeatures } from "../../../src/features/OnChainFeatures.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { Caller, Indicators } from "../../utils/Mocks.sol";
import { PausableVault } from "./GuardMocks.sol";
import { GuardTest } from "./GuardTest.sol";

/// @dev What a pause costs over the bare verification of its proof, everything included: evidence,
/// bond, bookkeeping, and the pause itself in the protected contract. All accounts and slots cold.
contract FraudPauseGuardGasTest is GuardTest {
    OnChainFeatures private _source;
    Caller private _caller;
    PausableVault private _pausable;

    function setUp() public override {
        super.setUp();
        Indicators indicators = new Indicators();
        Feed[] memory feeds = new Feed[](3);
        for (uint256 i = 0; i < 3; ++i) {
            feeds[i].target = address(indicators);
            feeds[i].data = abi.encodeWithSignature("values(uint256)", i);
            feeds[i].decimals = 18;
        }
        _source = new OnChainFeatures(registry, model.id, bytes32(uint256(uint160(address(vault)))), feeds);
        _source.prepare(model.version);
        _pausable = new PausableVault(token);
        _caller = new Caller();
    }

    function _use(IPauseAdapter target, OnChainFeatures source) private {
        GuardConfig memory config = _config(target);
        config.features = source;
        guard = _newGuard(config);
        _fund(address(_caller));
        vm.roll(block.number + 2);
    }

    /// @dev Gas of one call, and of the bare verification of its proof.
    function _measure(bytes memory evidence, uint256 anchor, uint256[] memory words, string memory name) private {
        uint256[] memory outputs = _outputWord(model, 93);
        uint256 context = _context(model, address(guard), guard.payloadOf(anchor));
        uint256[] memory publicValues = PublicValues.assemble(context, words, outputs, new uint256[](0));
        bytes memory proof = _prove(model, publicValues);

        address key = model.pin.key();
        _cool();
        _caller.forward(address(verifier), abi.encodeCall(verifier.verify, (key, publicValues, proof)));
        uint256 bare = vm.lastCallGas().gasTotalUsed;
        _cool();
        _caller.forward(address(guard), abi.encodeCall(guard.trigger, (evidence, anchor, outputs, proof)));
        uint256 all = vm.snapshotGasLastCall("FraudPauseGuard", name);
        vm.snapshotValue("FraudPauseGuard", string.concat(name, ": over the bare verifier"), all - bare);
        assertLe(all - bare, 80_000);
    }

    function _cool() private {
        address[12] memory accounts = [
            address(gateway),
            address(registry),
            address(verifier),
            model.pin.key(),
            address(guard),
            address(guard.adapter()),
            guard.adapter().target(),
            address(guard.featureSource()),
            address(token),
            address(_source),
            address(keys),
            address(features)
        ];
        for (uint256 i = 0; i < accounts.length; ++i) {
            vm.cool(accounts[i]);
        }
    }

    function _snapshot() private returns (bytes memory evidence, uint256 anchor, uint256[] memory words) {
        Features memory taken = _snapshotOf(_source, model.pin);
        (anchor, words) = (block.number, taken.words);
        evidence = abi.encode(taken.blockNumber, taken.timestamp, words);
        _pass(12);
    }

    function test_Gas_PauseForWithASnapshot() public {
        _use(adapter, _source);
        (bytes memory evidence, uint256 anchor, uint256[] memory words) = _snapshot();
        _measure(evidence, anchor, words, "trigger, pauseFor, snapshot");
        _pass(PAUSE + COOLDOWN);
        (evidence, anchor, words) = _snapshot();
        _measure(evidence, anchor, words, "trigger, pauseFor, snapshot, again");
    }

    function test_Gas_OpenZeppelinPausableWithASnapshot() public {
        OpenZeppelinPauseAdapter wrapped = new OpenZeppelinPauseAdapter(address(_pausable), admin);
        _pausable.setPauser(address(wrapped));
        Feed[] memory feeds = _source.feeds();
        _source = new OnChainFeatures(registry, model.id, bytes32(uint256(uint160(address(_pausable)))), feeds);
        _source.prepare(model.version);
        _use(wrapped, _source);
        (bytes memory evidence, uint256 anchor, uint256[] memory words) = _snapshot();
        _measure(evidence, anchor, words, "trigger, Pausable, snapshot");
    }

    function test_Gas_Settling() public {
        _trigger(guard, 90);
        skip(REVIEW);
        _cool();
        guard.settle(1);
        vm.snapshotGasLastCall("FraudPauseGuard", "settle");
        _cool();
        guard.expire();
        vm.snapshotGasLastCall("FraudPauseGuard", "expire, pauseFor");
    }
}
