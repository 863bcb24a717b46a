// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC165 } from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import { ERC7007Adapter } from "../../../src/core/gateway/adapters/ERC7007Adapter.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { IERC7007Verifier } from "../../../src/interfaces/IERC7007Verifier.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { InputSchema, ModelSpec, Visibility } from "../../../src/types/Schemas.sol";
import { CoreTest } from "../../utils/CoreTest.sol";

contract ERC7007AdapterTest is CoreTest {
    TestModel private _model;
    ERC7007Adapter private _adapter;
    bytes private _prompt;
    bytes private _data;
    bytes private _proof;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(20, 16));
        _adapter = new ERC7007Adapter(gateway, _model.id, 1);
        uint256[] memory inputs = _inputWords(new int256[](20));
        uint256[] memory outputs = _outputWords(_model, new int256[](16));
        uint256[] memory publicValues = PublicValues.assemble(
            _context(_model, address(_adapter), keccak256("VerdictAIGC()")), inputs, outputs, new uint256[](0)
        );
        (_prompt, _data) = (abi.encodePacked(inputs), abi.encodePacked(outputs));
        _proof = _prove(_model, publicValues);
    }

    function test_Verifies() public {
        assertTrue(_adapter.verify(_prompt, _data, _proof));
        vm.snapshotGasLastCall("ERC7007Adapter", "verify, 20 inputs, 16 outputs");
    }

    /// @dev A token stays what it was when its model is deprecated.
    function test_VerifiesAfterDeprecation() public {
        vm.prank(modelOwner);
        registry.deprecateModel(_model.id);
        assertTrue(_adapter.verify(_prompt, _data, _proof));
    }

    function test_DoesNotVerifyThroughAFrozenRoute() public {
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        assertFalse(_adapter.verify(_prompt, _data, _proof));
    }

    function testFuzz_DoesNotVerifyAnythingElse(uint256 which, uint256 bit) public view {
        (bytes memory prompt, bytes memory data, bytes memory proof) = (_prompt, _data, _proof);
        bytes memory changed = which % 3 == 0 ? prompt : which % 3 == 1 ? data : proof;
        bit %= changed.length * 8;
        changed[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        assertFalse(_adapter.verify{ gas: 3_000_000 }(prompt, data, proof));
    }

    function testFuzz_DoesNotVerifyOtherLengths(uint256 a, uint256 b, uint256 c) public view {
        bytes memory prompt = new bytes(bound(a, 0, 100));
        bytes memory data = new bytes(bound(b, 0, 100));
        bytes memory proof = new bytes(bound(c, 0, 2000));
        assertFalse(_adapter.verify{ gas: 3_000_000 }(prompt, _data, _proof));
        assertFalse(_adapter.verify{ gas: 3_000_000 }(_prompt, data, _proof));
        assertFalse(_adapter.verify{ gas: 3_000_000 }(_prompt, _data, proof));
    }

    /// @dev The same row of words, divided elsewhere: what was asked isn't what was answered. Nor
    /// do further bytes count.
    function test_Attack_PromptIsShownAsData() public view {
        bytes memory row = bytes.concat(_prompt, _data);
        for (uint256 cut = 0; cut <= row.length; cut += 32) {
            (bytes memory prompt, bytes memory data) = (new bytes(cut), new bytes(row.length - cut));
            for (uint256 i = 0; i < row.length; ++i) {
                if (i < cut) prompt[i] = row[i];
                else data[i - cut] = row[i];
            }
            assertEq(_adapter.verify(prompt, data, _proof), cut == _prompt.length);
        }
        assertFalse(_adapter.verify(bytes.concat(_prompt, hex"00"), _data, _proof));
        assertFalse(_adapter.verify(_prompt, bytes.concat(_data, hex"00"), _proof));
    }

    function test_AnotherAdaptersProofIsNoGood() public {
        assertFalse(new ERC7007Adapter(gateway, _model.id, 1).verify(_prompt, _data, _proof));
    }

    function test_TellsItsVersion() public view {
        assertEq(ModelPin.unwrap(_adapter.PIN()), ModelPin.unwrap(_model.pin));
        assertEq(address(_adapter.GATEWAY()), address(gateway));
        assertEq(_adapter.PAYLOAD(), keccak256("VerdictAIGC()"));
        assertTrue(_adapter.supportsInterface(type(IERC7007Verifier).interfaceId));
        assertTrue(_adapter.supportsInterface(type(IERC165).interfaceId));
        assertFalse(_adapter.supportsInterface(0xffffffff));
        assertEq(IERC7007Verifier.verify.selector, bytes4(keccak256("verify(bytes,bytes,bytes)")));
    }

    function test_RevertWhen_ThePromptIsNotPublic() public {
        uint256 committed = _register(_batchSpec(1, 3, 1)).id;
        uint256 without = _register(_spec(0, 1)).id;
        vm.expectRevert(ERC7007Adapter.PromptNotPublic.selector);
        new ERC7007Adapter(gateway, committed, 1);
        vm.expectRevert(ERC7007Adapter.PromptNotPublic.selector);
        new ERC7007Adapter(gateway, without, 1);
        // Only a part of it is public.
        ModelSpec memory spec = _spec(3, 1);
        spec.inputs = new InputSchema[](2);
        (spec.inputs[0], spec.inputs[1]) = (_input(3, Visibility.Public), _input(3, Visibility.Committed));
        spec.commitments = 1;
        uint256 half = _register(spec).id;
        vm.expectRevert(ERC7007Adapter.PromptNotPublic.selector);
        new ERC7007Adapter(gateway, half, 1);
    }

    function test_RevertWhen_TheVersionIsDeprecated() public {
        vm.prank(modelOwner);
        registry.deprecateVersion(_model.id, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, _model.id, 1));
        new ERC7007Adapter(gateway, _model.id, 1);
    }
}
