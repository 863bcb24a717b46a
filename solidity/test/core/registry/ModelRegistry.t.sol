// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC165 } from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import { IModelBreakpoints } from "../../../src/core/registry/IModelBreakpoints.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { ModelRegistry } from "../../../src/core/registry/ModelRegistry.sol";
import { IERC7992Registry, IERC7992RegistryErrors } from "../../../src/interfaces/IERC7992.sol";
import { DataContract } from "../../../src/libraries/DataContract.sol";
import { ModelSpecs } from "../../../src/libraries/ModelSpecs.sol";
import { ModelPin, ModelPins } from "../../../src/types/ModelPin.sol";
import { ModelSpec, OutputSchema, Packing, PublicLayout } from "../../../src/types/Schemas.sol";
import { CoreTest } from "../../utils/CoreTest.sol";

contract ModelRegistryTest is CoreTest {
    IERC7992Registry.ModelCommitment private _first;
    IERC7992Registry.ModelCommitment private _second;
    uint256 private _id;

    function setUp() public override {
        super.setUp();
        _first = _commitment(_newSeed(), _spec(3, 2));
        _second = _commitment(_newSeed(), _spec(4, 20));
        vm.prank(modelOwner);
        _id = registry.registerModel(_first);
    }

    // -------------------------------------------------------------------------------------- models

    function test_RegistersModels() public {
        assertEq(_id, 1);
        vm.expectEmit(address(registry));
        emit IERC7992Registry.ModelRegistered(2, address(this), _second);
        assertEq(registry.registerModel(_second), 2);
        assertEq(registry.modelCount(), 2);

        (IERC7992Registry.ModelCommitment memory commitment, bool deprecated, address owner) = registry.getModel(2);
        assertEq(abi.encode(commitment), abi.encode(_second));
        assertFalse(deprecated);
        assertEq(owner, address(this));
        assertEq(registry.versionCount(2), 1);
        assertEq(registry.delayOf(2), DELAY);
        assertEq(registry.pendingUpdate(2).version, 0);
        assertEq(registry.pendingOwnerOf(2), address(0));
    }

    function test_RegistersTheSameModelTwice() public {
        // Whoever copies a model gets an id of its own: names and reputation belong to ids.
        assertEq(registry.registerModel(_first), 2);
    }

    function test_AModelChoosesALongerDelay() public {
        assertEq(registry.delayOf(registry.registerModel(_second, 30 days)), 30 days);
        assertEq(registry.delayOf(registry.registerModel(_second, DELAY)), DELAY);
        assertEq(registry.delayOf(registry.registerModel(_second, 365 days)), 365 days);
        assertEq(registry.minimumDelay(), DELAY);
        assertEq(registry.executionWindow(), WINDOW);
    }

    function test_PinHasKeyRouteModelAndVersion() public {
        ModelPin expected = ModelPins.make(registry.keyOf(_first.vkHash), ROUTE, uint32(_id), 1);
        assertEq(ModelPin.unwrap(registry.pinOf(_id, 1)), ModelPin.unwrap(expected));
        assertEq(ModelPin.unwrap(registry.activePin(_id, 1)), ModelPin.unwrap(expected));
        assertEq(ModelPin.unwrap(registry.latestPin(_id)), ModelPin.unwrap(expected));
        _update();
        expected = ModelPins.make(registry.keyOf(_second.vkHash), ROUTE, uint32(_id), 2);
        assertEq(ModelPin.unwrap(registry.latestPin(_id)), ModelPin.unwrap(expected));
        assertEq(ModelPin.unwrap(registry.activePin(_id, 2)), ModelPin.unwrap(expected));
    }

    function test_TellsWhatAVersionIs() public {
        skip(5);
        _update();
        IModelRegistry.ModelVersion memory version = registry.versionOf(_id, 2);
        assertEq(version.key, registry.keyOf(_second.vkHash));
        assertEq(version.activatedAt, block.timestamp);
        assertFalse(version.deprecated);
        assertEq(abi.encode(version.commitment), abi.encode(_second));

        PublicLayout memory shape = registry.layoutOf(_id, 2);
        assertEq(shape.inputWords, 1);
        assertEq(shape.outputWords, 2);
        assertEq(shape.commitments, 0);
        assertEq(shape.inputItems, 1);
        assertEq(shape.outputItems, 1);
        assertEq(abi.encode(registry.specOf(_id, 2)), abi.encode(_spec(4, 20)));
        assertEq(abi.encode(registry.specOf(_second.circuitHash)), abi.encode(_spec(4, 20)));
        OutputSchema memory schema = registry.outputSchemaOf(_id, 2, 0);
        assertEq(abi.encode(schema), abi.encode(OutputSchema(20, Packing.Signed, 1e34)));
    }

    function test_SupportsInterfaces() public view {
        IERC165 asked = IERC165(address(registry));
        assertTrue(asked.supportsInterface(type(IERC165).interfaceId));
        assertTrue(asked.supportsInterface(type(IERC7992Registry).interfaceId));
        assertTrue(asked.supportsInterface(type(IModelRegistry).interfaceId));
        assertTrue(asked.supportsInterface(type(IModelBreakpoints).interfaceId));
        assertFalse(asked.supportsInterface(0xffffffff));
    }

    /// @dev The ABI of ERC-7992's draft, error and event of one name included.
    function test_HasTheAbiOfErc7992() public pure {
        bytes4 id = bytes4(keccak256("registerModel((bytes32,bytes32,bytes32,bytes4,string))"))
            ^ bytes4(keccak256("updateModel(uint256,(bytes32,bytes32,bytes32,bytes4,string))"))
            ^ bytes4(keccak256("deprecateModel(uint256)")) ^ bytes4(keccak256("getModel(uint256)"));
        assertEq(type(IERC7992Registry).interfaceId, id);
        assertEq(IERC7992RegistryErrors.ModelDeprecated.selector, bytes4(keccak256("ModelDeprecated(uint256)")));
        assertEq(IERC7992Registry.ModelDeprecated.selector, keccak256("ModelDeprecated(uint256)"));
    }

    // ------------------------------------------------------------------------------ keys and specs

    function test_IndexesAKeyOnce() public {
        bytes memory key = _keyOf(99, _spec(3, 2));
        address account = keys.publish(key);
        vm.expectEmit(address(registry));
        emit IModelRegistry.VerifyingKeyIndexed(keccak256(key), account);
        assertEq(registry.indexKey(account), keccak256(key));
        assertEq(registry.keyOf(keccak256(key)), account);

        // Another account with the same key changes nothing.
        address copy = makeAddr("copy");
        vm.etch(copy, account.code);
        vm.recordLogs();
        assertEq(registry.indexKey(copy), keccak256(key));
        assertEq(registry.keyOf(keccak256(key)), account);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_PublishesASpecOnce() public {
        ModelSpec memory spec = _spec(7, 7);
        vm.expectEmit(true, false, false, false, address(registry));
        emit IModelRegistry.SpecPublished(ModelSpecs.digest(spec), address(0));
        assertEq(registry.publishSpec(spec), ModelSpecs.digest(spec));
        vm.recordLogs();
        assertEq(registry.publishSpec(spec), ModelSpecs.digest(spec));
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// @dev One public value that is a rank among seven breakpoints.
    function _ranked() private pure returns (ModelSpec memory spec) {
        spec = _spec(1, 1);
        spec.inputs[0].scalesE36[0] = 0;
        (spec.inputs[0].minima[0], spec.inputs[0].maxima[0]) = (0, 7);
    }

    /// @dev The table's digest is under the spec's, and both are there to read.
    function test_PublishesASpecWithBreakpointsOnce() public {
        (ModelSpec memory spec, bytes32 table) = (_ranked(), keccak256("table"));
        IModelBreakpoints ranks = IModelBreakpoints(address(registry));
        bytes32 digest = keccak256(abi.encode(spec, table));
        vm.expectEmit(true, false, false, false, address(registry));
        emit IModelRegistry.SpecPublished(digest, address(0));
        assertEq(ranks.publishSpec(spec, table), digest);
        vm.recordLogs();
        assertEq(ranks.publishSpec(spec, table), digest);
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(abi.encode(registry.specOf(digest)), abi.encode(spec));
        assertEq(ranks.breakpointsOf(digest), table);
        assertNotEq(ranks.publishSpec(spec, keccak256("tabel")), digest);

        TestModel memory model = _register(spec, table);
        assertEq(registry.versionOf(model.id, 1).commitment.circuitHash, digest);
    }

    function test_VersionsHaveTheirBreakpoints() public {
        IModelBreakpoints ranks = IModelBreakpoints(address(registry));
        TestModel memory model = _register(_ranked(), keccak256("table"));
        assertEq(ranks.breakpointsOf(model.id, 1), keccak256("table"));
        assertEq(abi.encode(registry.specOf(model.id, 1)), abi.encode(_ranked()));
        assertEq(registry.layoutOf(model.id, 1).inputWords, 1);
        _upgrade(model, _spec(3, 2));
        assertEq(ranks.breakpointsOf(model.id, 2), 0);
        assertEq(ranks.breakpointsOf(model.id, 1), keccak256("table"));
    }

    function test_ASpecWithoutBreakpointsIsTheSameEitherWay() public {
        IModelBreakpoints ranks = IModelBreakpoints(address(registry));
        bytes32 digest = ranks.publishSpec(_spec(7, 7), 0);
        assertEq(registry.publishSpec(_spec(7, 7)), digest);
        assertEq(ranks.breakpointsOf(digest), 0);
    }

    function test_RevertWhen_BreakpointsAreAskedForOfNothing() public {
        IModelBreakpoints ranks = IModelBreakpoints(address(registry));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.SpecNotPublished.selector, 1));
        ranks.breakpointsOf(bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionNotFound.selector, _id, 9));
        ranks.breakpointsOf(_id, 9);
    }

    function test_RevertWhen_RanksAndBreakpointsDoNotBelongTogether() public {
        vm.expectRevert(abi.encodeWithSelector(ModelSpecs.InvalidScale.selector, 0));
        registry.publishSpec(_ranked());
        IModelBreakpoints ranks = IModelBreakpoints(address(registry));
        vm.expectRevert(abi.encodeWithSelector(ModelSpecs.InvalidScale.selector, 0));
        ranks.publishSpec(_ranked(), 0);
        vm.expectRevert(ModelSpecs.NoRanks.selector);
        ranks.publishSpec(_spec(3, 2), "table");
    }

    function test_RevertWhen_AKeyIsNotData() public {
        vm.expectRevert(abi.encodeWithSelector(DataContract.NotADataContract.selector, address(this)));
        registry.indexKey(address(this));
    }

    function test_RevertWhen_AKeyHasNoHeader() public {
        address account = makeAddr("account");
        vm.etch(account, new bytes(32));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotAVerifyingKey.selector, account));
        registry.indexKey(account);
        vm.etch(account, new bytes(33));
        assertEq(registry.indexKey(account), keccak256(new bytes(32)));
    }

    function test_RevertWhen_ASpecIsWrong() public {
        ModelSpec memory spec = _spec(3, 2);
        spec.outputs[0].count = 0;
        vm.expectRevert(abi.encodeWithSelector(ModelSpecs.EmptyTensor.selector, 0));
        registry.publishSpec(spec);
    }

    function test_RevertWhen_ASpecIsNotAbiEncoded() public {
        bytes memory data = abi.encodeCall(registry.publishSpec, (_spec(3, 2)));
        // The last word but one is the output's packing: there is no fourth.
        data[data.length - 33] = 0x03;
        (bool ok, bytes memory reason) = address(registry).call(data);
        assertFalse(ok);
        assertEq(reason.length, 0);
    }

    function test_RevertWhen_AKeyIsNotIndexed() public {
        _first.vkHash = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.KeyNotIndexed.selector, 1));
        registry.registerModel(_first);
        vm.prank(modelOwner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.KeyNotIndexed.selector, 1));
        registry.updateModel(_id, _first);
    }

    function test_RevertWhen_ASpecIsNotPublished() public {
        _first.circuitHash = bytes32(uint256(1));
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.SpecNotPublished.selector, 1);
        vm.expectRevert(reason);
        registry.registerModel(_first);
        vm.expectRevert(reason);
        registry.specOf(bytes32(uint256(1)));
    }

    function test_RevertWhen_KeyAndSpecCountPublicValuesDifferently() public {
        _first.circuitHash = _second.circuitHash;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongPublicValueCount.selector, 4, 3));
        registry.registerModel(_first);
    }

    function test_RevertWhen_ThereIsNoProofSystem() public {
        _first.proofSystemId = 0;
        vm.expectRevert(IModelRegistry.NoProofSystem.selector);
        registry.registerModel(_first);
    }

    function test_LeastAndGreatestDelays() public {
        ModelRegistry longest = new ModelRegistry(365 days, 365 days);
        assertEq(longest.minimumDelay(), 365 days);
        assertEq(longest.executionWindow(), 365 days);
        assertEq(new ModelRegistry(0, 1).minimumDelay(), 0);
        assertEq(registry.delayOf(registry.registerModel(_first, DELAY)), DELAY);
        assertEq(registry.delayOf(registry.registerModel(_first, 365 days)), 365 days);
    }

    function test_RevertWhen_ADelayIsOutOfRange() public {
        bytes4 selector = IModelRegistry.DelayOutOfRange.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, DELAY, 365 days, DELAY - 1));
        registry.registerModel(_first, DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(selector, DELAY, 365 days, 365 days + 1));
        registry.registerModel(_first, 365 days + 1);
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 365 days, 365 days + 1));
        new ModelRegistry(365 days + 1, WINDOW);
        vm.expectRevert(abi.encodeWithSelector(selector, 1, 365 days, 0));
        new ModelRegistry(DELAY, 0);
        vm.expectRevert(abi.encodeWithSelector(selector, 1, 365 days, 365 days + 1));
        new ModelRegistry(DELAY, 365 days + 1);
    }

    // ------------------------------------------------------------------------------------- updates

    function test_ProposesAndExecutesUpdates() public {
        uint40 eta = uint40(block.timestamp + DELAY);
        vm.expectEmit(address(registry));
        emit IModelRegistry.UpdateProposed(_id, 2, eta, eta + WINDOW, _second);
        _propose(_second);
        IModelRegistry.PendingUpdate memory update = registry.pendingUpdate(_id);
        assertEq(update.version, 2);
        assertEq(update.eta, eta);
        assertEq(update.expiry, eta + WINDOW);
        assertEq(abi.encode(update.commitment), abi.encode(_second));
        // Nothing has changed yet.
        assertEq(registry.versionCount(_id), 1);
        (IERC7992Registry.ModelCommitment memory commitment,,) = registry.getModel(_id);
        assertEq(abi.encode(commitment), abi.encode(_first));

        skip(DELAY);
        vm.expectEmit(address(registry));
        emit IERC7992Registry.ModelUpdated(_id, _first, _second);
        // By anyone.
        assertEq(registry.executeUpdate(_id), 2);
        (commitment,,) = registry.getModel(_id);
        assertEq(abi.encode(commitment), abi.encode(_second));
        assertEq(registry.pendingUpdate(_id).version, 0);
        // The first version is what it was.
        assertEq(abi.encode(registry.versionOf(_id, 1).commitment), abi.encode(_first));
        assertTrue(registry.isActive(_id, 1));
    }

    function test_ExecutesInTheLastSecond() public {
        _propose(_second);
        skip(DELAY + WINDOW - 1);
        registry.executeUpdate(_id);
    }

    function test_CancelsAnUpdate() public {
        _propose(_second);
        vm.expectEmit(address(registry));
        emit IModelRegistry.UpdateCancelled(_id, 2);
        vm.prank(modelOwner);
        registry.cancelUpdate(_id);
        assertEq(registry.pendingUpdate(_id).version, 0);
        _update();
        assertEq(registry.versionCount(_id), 2);
    }

    function test_ReplacesAnExpiredUpdateAfterCancellingIt() public {
        _propose(_second);
        skip(DELAY + WINDOW);
        vm.prank(modelOwner);
        registry.cancelUpdate(_id);
        _update();
    }

    function test_RevertWhen_AnUpdateIsPending() public {
        _propose(_second);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UpdateAlreadyPending.selector, _id));
        _propose(_first);
    }

    function test_RevertWhen_NoUpdateIsPending() public {
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.NoUpdatePending.selector, _id);
        vm.expectRevert(reason);
        registry.executeUpdate(_id);
        vm.prank(modelOwner);
        vm.expectRevert(reason);
        registry.cancelUpdate(_id);
        _update();
        vm.expectRevert(reason);
        registry.executeUpdate(_id);
    }

    function test_RevertWhen_AnUpdateIsNotReady() public {
        uint256 eta = block.timestamp + DELAY;
        _propose(_second);
        skip(DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UpdateNotReady.selector, _id, eta));
        registry.executeUpdate(_id);
    }

    function test_RevertWhen_AnUpdateHasExpired() public {
        uint256 expiry = block.timestamp + DELAY + WINDOW;
        _propose(_second);
        skip(DELAY + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UpdateExpired.selector, _id, expiry));
        registry.executeUpdate(_id);
    }

    // --------------------------------------------------------------------------------- deprecation

    function test_DeprecatesAVersion() public {
        _update();
        vm.expectEmit(address(registry));
        emit IModelRegistry.VersionDeprecated(_id, 1);
        vm.prank(modelOwner);
        registry.deprecateVersion(_id, 1);
        assertTrue(registry.versionOf(_id, 1).deprecated);
        assertFalse(registry.isActive(_id, 1));
        assertTrue(registry.isActive(_id, 2));
        (, bool deprecated,) = registry.getModel(_id);
        assertFalse(deprecated);
        registry.latestPin(_id);
        // What it is can still be read.
        registry.pinOf(_id, 1);
    }

    function test_DeprecatesAModel() public {
        _propose(_second);
        vm.expectEmit(address(registry));
        emit IModelRegistry.UpdateCancelled(_id, 2);
        vm.expectEmit(address(registry));
        emit IERC7992Registry.ModelDeprecated(_id);
        vm.prank(modelOwner);
        registry.deprecateModel(_id);
        (, bool deprecated,) = registry.getModel(_id);
        assertTrue(deprecated);
        assertFalse(registry.isActive(_id, 1));
        registry.pinOf(_id, 1);
    }

    function test_RevertWhen_AModelIsDeprecated() public {
        vm.startPrank(modelOwner);
        registry.deprecateModel(_id);
        bytes memory reason = abi.encodeWithSelector(IERC7992RegistryErrors.ModelDeprecated.selector, _id);
        vm.expectRevert(reason);
        registry.deprecateModel(_id);
        vm.expectRevert(reason);
        registry.deprecateVersion(_id, 1);
        vm.expectRevert(reason);
        registry.updateModel(_id, _second);
        vm.expectRevert(reason);
        registry.executeUpdate(_id);
        vm.expectRevert(reason);
        registry.activePin(_id, 1);
        vm.expectRevert(reason);
        registry.latestPin(_id);
    }

    function test_RevertWhen_AVersionIsDeprecated() public {
        vm.startPrank(modelOwner);
        registry.deprecateVersion(_id, 1);
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, _id, 1);
        vm.expectRevert(reason);
        registry.deprecateVersion(_id, 1);
        vm.expectRevert(reason);
        registry.activePin(_id, 1);
        vm.expectRevert(reason);
        registry.latestPin(_id);
    }

    // ----------------------------------------------------------------------------------- ownership

    function test_ChangesHandsInTwoSteps() public {
        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelOwnershipTransferStarted(_id, modelOwner, address(this));
        vm.prank(modelOwner);
        registry.transferModel(_id, address(this));
        assertEq(registry.pendingOwnerOf(_id), address(this));
        (,, address owner) = registry.getModel(_id);
        assertEq(owner, modelOwner);

        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelOwnershipTransferred(_id, modelOwner, address(this));
        registry.acceptModel(_id);
        (,, owner) = registry.getModel(_id);
        assertEq(owner, address(this));
        assertEq(registry.pendingOwnerOf(_id), address(0));
        registry.updateModel(_id, _second);
    }

    function test_RevertWhen_TheCallerIsNotTheOwner() public {
        bytes memory reason = abi.encodeWithSelector(IERC7992Registry.NotModelOwner.selector, _id, address(this));
        vm.expectRevert(reason);
        registry.updateModel(_id, _second);
        vm.expectRevert(reason);
        registry.cancelUpdate(_id);
        vm.expectRevert(reason);
        registry.deprecateModel(_id);
        vm.expectRevert(reason);
        registry.deprecateVersion(_id, 1);
        vm.expectRevert(reason);
        registry.transferModel(_id, address(this));
        // Nor is whom it was offered to, yet.
        vm.prank(modelOwner);
        registry.transferModel(_id, address(this));
        vm.expectRevert(reason);
        registry.updateModel(_id, _second);
    }

    function test_RevertWhen_TheModelIsNotOffered() public {
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.NotPendingOwner.selector, _id, address(this));
        vm.expectRevert(reason);
        registry.acceptModel(_id);
        // The offer was withdrawn.
        vm.startPrank(modelOwner);
        registry.transferModel(_id, address(this));
        registry.transferModel(_id, address(0));
        vm.stopPrank();
        vm.expectRevert(reason);
        registry.acceptModel(_id);
        // It can be taken once.
        vm.prank(modelOwner);
        registry.transferModel(_id, address(this));
        registry.acceptModel(_id);
        vm.expectRevert(reason);
        registry.acceptModel(_id);
    }

    // ----------------------------------------------------------------------------------- not there

    function testFuzz_RevertWhen_TheModelIsNotThere(uint256 id) public {
        vm.assume(id != _id);
        bytes memory reason = abi.encodeWithSelector(IERC7992Registry.ModelNotFound.selector, id);
        bytes[] memory calls = new bytes[](19);
        calls[0] = abi.encodeCall(registry.getModel, (id));
        calls[1] = abi.encodeCall(registry.updateModel, (id, _second));
        calls[2] = abi.encodeCall(registry.executeUpdate, (id));
        calls[3] = abi.encodeCall(registry.cancelUpdate, (id));
        calls[4] = abi.encodeCall(registry.deprecateModel, (id));
        calls[5] = abi.encodeCall(registry.deprecateVersion, (id, 1));
        calls[6] = abi.encodeCall(registry.transferModel, (id, address(this)));
        calls[7] = abi.encodeCall(registry.acceptModel, (id));
        calls[8] = abi.encodeCall(registry.pinOf, (id, 1));
        calls[9] = abi.encodeCall(registry.activePin, (id, 1));
        calls[10] = abi.encodeCall(registry.latestPin, (id));
        calls[11] = abi.encodeCall(registry.layoutOf, (id, 1));
        calls[12] = abi.encodeWithSignature("specOf(uint256,uint32)", id, 1);
        calls[13] = abi.encodeCall(registry.outputSchemaOf, (id, 1, 0));
        calls[14] = abi.encodeCall(registry.versionOf, (id, 1));
        calls[15] = abi.encodeCall(registry.versionCount, (id));
        calls[16] = abi.encodeCall(registry.pendingUpdate, (id));
        calls[17] = abi.encodeCall(registry.delayOf, (id));
        calls[18] = abi.encodeCall(registry.pendingOwnerOf, (id));
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool ok, bytes memory data) = address(registry).call(calls[i]);
            assertFalse(ok);
            assertEq(data, reason);
        }
        assertFalse(registry.isActive(id, 1));
    }

    function test_RevertWhen_TheVersionIsZeroOrTheNext() public {
        testFuzz_RevertWhen_TheVersionIsNotThere(0);
        vm.stopPrank();
        testFuzz_RevertWhen_TheVersionIsNotThere(2);
    }

    function testFuzz_RevertWhen_TheVersionIsNotThere(uint32 version) public {
        vm.assume(version != 1);
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.VersionNotFound.selector, _id, version);
        bytes[] memory calls = new bytes[](7);
        calls[0] = abi.encodeCall(registry.pinOf, (_id, version));
        calls[1] = abi.encodeCall(registry.activePin, (_id, version));
        calls[2] = abi.encodeCall(registry.layoutOf, (_id, version));
        calls[3] = abi.encodeWithSignature("specOf(uint256,uint32)", _id, version);
        calls[4] = abi.encodeCall(registry.outputSchemaOf, (_id, version, 0));
        calls[5] = abi.encodeCall(registry.versionOf, (_id, version));
        calls[6] = abi.encodeCall(registry.deprecateVersion, (_id, version));
        vm.startPrank(modelOwner);
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool ok, bytes memory data) = address(registry).call(calls[i]);
            assertFalse(ok);
            assertEq(data, reason);
        }
        assertFalse(registry.isActive(_id, version));
    }

    function test_RevertWhen_TheOutputIsNotThere() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.OutputNotFound.selector, _id, 1, 1));
        registry.outputSchemaOf(_id, 1, 1);
    }

    // ----------------------------------------------------------------------------------------- gas

    function test_Gas() public {
        bytes memory key = _keyOf(99, _spec(3, 2));
        address account = keys.publish(key);
        registry.indexKey(account);
        vm.snapshotGasLastCall("ModelRegistry", "indexKey, 1 weight column");
        registry.indexKey(keys.publish(_forgeOf(99, 28, 64, new uint256[](60), 0).key));
        vm.snapshotGasLastCall("ModelRegistry", "indexKey, 64 weight columns");
        registry.publishSpec(_spec(30, 1));
        vm.snapshotGasLastCall("ModelRegistry", "publishSpec, shared scale");
        registry.registerModel(_first);
        vm.snapshotGasLastCall("ModelRegistry", "registerModel");
        _propose(_second);
        vm.snapshotGasLastCall("ModelRegistry", "updateModel");
        skip(DELAY);
        registry.executeUpdate(_id);
        vm.snapshotGasLastCall("ModelRegistry", "executeUpdate");
    }

    // ------------------------------------------------------------------------------------- helpers

    function _propose(IERC7992Registry.ModelCommitment memory commitment) private {
        vm.prank(modelOwner);
        registry.updateModel(_id, commitment);
    }

    function _update() private {
        _propose(_second);
        skip(DELAY);
        registry.executeUpdate(_id);
    }
}
