// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IERC7992Registry } from "../../../src/interfaces/IERC7992.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { ExampleConsumer } from "../../utils/ExampleConsumer.sol";

/// @dev What a malicious owner, or somebody who copies models, can't do.
contract ModelRegistryAttacks is CoreTest {
    TestModel private _model;
    IERC7992Registry.ModelCommitment private _harmless;
    IERC7992Registry.ModelCommitment private _evil;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(3, 1));
        _harmless = _commitment(_newSeed(), _spec(3, 1));
        _evil = _commitment(_newSeed(), _spec(3, 1));
    }

    function _propose(IERC7992Registry.ModelCommitment memory commitment) private {
        vm.prank(modelOwner);
        registry.updateModel(_model.id, commitment);
    }

    /// @dev The owner announces a harmless update, and replaces it in the last second.
    function test_Attack_OwnerSwapsTheVersionBetweenProposalAndExecution() public {
        _propose(_harmless);
        skip(DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UpdateAlreadyPending.selector, _model.id));
        _propose(_evil);

        vm.prank(modelOwner);
        registry.cancelUpdate(_model.id);
        _propose(_evil);
        // The whole delay again.
        skip(1);
        vm.expectPartialRevert(IModelRegistry.UpdateNotReady.selector);
        registry.executeUpdate(_model.id);
        assertEq(registry.pendingUpdate(_model.id).commitment.vkHash, _evil.vkHash);
    }

    /// @dev The owner updates between a consumer's choice and its use: the consumer's pin is what
    /// it was, and proofs of the new version are worthless to it.
    function test_Attack_OwnerUpdatesUnderAPinnedConsumer() public {
        ExampleConsumer consumer = new ExampleConsumer(gateway, _model.id, 1);
        TestModel memory next = _upgrade(_model, _spec(3, 1));
        uint256[] memory inputs = _inputWords(new int256[](3));
        bytes32 payload = keccak256(abi.encode(consumer.ROUND_TYPEHASH(), 0));

        uint256[] memory outputs = _outputWord(next, 666);
        uint256[] memory publicValues =
            PublicValues.assemble(_context(next, address(consumer), payload), inputs, outputs, new uint256[](0));
        bytes memory proof = _prove(next, publicValues);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        consumer.submit(inputs, outputs, proof);

        outputs = _outputWord(_model, 7);
        publicValues =
            PublicValues.assemble(_context(_model, address(consumer), payload), inputs, outputs, new uint256[](0));
        consumer.submit(inputs, outputs, _prove(_model, publicValues));
        assertEq(consumer.score(), 7e16);
    }

    /// @dev Deprecating the latest version must not send those who follow the model back to one
    /// with a known weakness, without a delay.
    function test_Attack_OwnerRollsFollowersBackByDeprecation() public {
        _upgrade(_model, _spec(3, 1));
        vm.prank(modelOwner);
        registry.deprecateVersion(_model.id, 2);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, _model.id, 2));
        registry.latestPin(_model.id);
        (, bool deprecated,) = registry.getModel(_model.id);
        assertTrue(deprecated);
    }

    /// @dev The owner prepares an update, waits until everyone has forgotten it, and executes it by
    /// surprise.
    function test_Attack_OwnerStockpilesAnUpdate() public {
        _propose(_evil);
        skip(DELAY + WINDOW);
        vm.expectPartialRevert(IModelRegistry.UpdateExpired.selector);
        registry.executeUpdate(_model.id);
    }

    /// @dev The seller of a model leaves an update behind.
    function test_Attack_SellerLeavesAnUpdatePending() public {
        _propose(_evil);
        vm.prank(modelOwner);
        registry.transferModel(_model.id, address(this));
        skip(DELAY - 1);
        vm.expectEmit(address(registry));
        emit IModelRegistry.UpdateCancelled(_model.id, 2);
        registry.acceptModel(_model.id);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NoUpdatePending.selector, _model.id));
        registry.executeUpdate(_model.id);
    }

    /// @dev Someone else indexes a key first, at an account of their own: the same key.
    function test_Attack_KeyIsIndexedAtAnotherAccountFirst() public {
        bytes memory key = _keyOf(99, _spec(3, 1));
        address account = makeAddr("attacker's");
        vm.etch(account, bytes.concat(hex"00", key));
        registry.indexKey(account);
        address published = keys.publish(key);
        registry.indexKey(published);
        assertEq(registry.keyOf(keccak256(key)), account);
        assertEq(account.code, published.code);
    }

    /// @dev A copy of a model is another model: no proof for one is good for the other.
    function test_Attack_ProofIsReplayedForACopyOfTheModel() public {
        IERC7992Registry.ModelCommitment memory commitment = registry.versionOf(_model.id, 1).commitment;
        uint256 copy = registry.registerModel(commitment);
        ModelPin pin = registry.pinOf(copy, 1);
        assertEq(pin.key(), _model.pin.key());
        uint256[] memory publicValues = new uint256[](3);
        publicValues[0] = _context(_model, address(this), "");
        bytes memory proof = _prove(_model, publicValues);
        gateway.verify(_model.pin, publicValues, proof);
        publicValues[0] = _context(TestModel(copy, 1, pin, 0), address(this), "");
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        gateway.verify(pin, publicValues, proof);
    }
}
