// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IProofVerifier } from "../../../src/core/gateway/IProofVerifier.sol";
import { IVerdictGateway } from "../../../src/core/gateway/IVerdictGateway.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { VerdictGateway } from "../../../src/core/gateway/VerdictGateway.sol";
import { ForeignVerifier } from "../../../src/core/gateway/adapters/ForeignVerifier.sol";
import { RiscZeroAdapter } from "../../../src/core/gateway/adapters/RiscZeroAdapter.sol";
import { SP1Adapter } from "../../../src/core/gateway/adapters/SP1Adapter.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { IERC7992Registry } from "../../../src/interfaces/IERC7992.sol";
import { IRiscZeroVerifier } from "../../../src/interfaces/IRiscZeroVerifier.sol";
import { ISP1Verifier } from "../../../src/interfaces/ISP1Verifier.sol";
import { DataContract } from "../../../src/libraries/DataContract.sol";
import { ModelSpec } from "../../../src/types/Schemas.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { ExampleConsumer } from "../../utils/ExampleConsumer.sol";
import { MockRiscZeroVerifier, MockSP1Verifier } from "./Mocks.sol";

/// @dev Models whose proofs are SP1's or RISC Zero's, to the same consumers.
contract ForeignVerifiersTest is CoreTest {
    bytes32 private constant PROGRAM = keccak256("program");

    SP1Adapter private _sp1;
    RiscZeroAdapter private _risc0;

    function setUp() public override {
        super.setUp();
        _sp1 = new SP1Adapter(new MockSP1Verifier(false));
        _risc0 = new RiscZeroAdapter(new MockRiscZeroVerifier(false));
        gateway = IVerdictGateway(address(new VerdictGateway(registry, admin, 1 days, guardian, false)));
        vm.startPrank(admin);
        gateway.addRoute("sp1-groth16-v5", address(_sp1));
        gateway.addRoute("risc0-groth16-v3", address(_risc0));
        vm.stopPrank();
    }

    function _sp1Proof(bytes memory journal) private pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode(PROGRAM, journal)));
    }

    function _risc0Seal(bytes memory journal) private pure returns (bytes memory) {
        return abi.encodePacked(bytes4(0x12345678), keccak256(abi.encode(PROGRAM, sha256(journal))));
    }

    function _registerForeign(ForeignVerifier adapter, string memory name, uint16 count)
        private
        returns (TestModel memory model)
    {
        bytes32 vkHash = registry.indexKey(adapter.publishKey(PROGRAM, count));
        bytes32 circuitHash = registry.publishSpec(_spec(3, 1));
        bytes4 route = bytes4(keccak256(bytes(name)));
        vm.prank(modelOwner);
        model.id = registry.registerModel(
            IERC7992Registry.ModelCommitment(keccak256("model"), circuitHash, vkHash, route, "")
        );
        (model.version, model.pin) = (1, registry.pinOf(model.id, 1));
    }

    // ------------------------------------------------------------------------------------- accepts

    /// @dev A consumer doesn't know whose proof it was.
    function test_ConsumersTakeForeignProofs() public {
        _consume(_registerForeign(_sp1, "sp1-groth16-v5", 3), true);
        _consume(_registerForeign(_risc0, "risc0-groth16-v3", 3), false);
    }

    function _consume(TestModel memory model, bool sp1) private {
        ExampleConsumer consumer = new ExampleConsumer(gateway, model.id, 1);
        uint256[] memory inputs = _inputWords(new int256[](3));
        uint256[] memory outputs = _outputWord(model, 42);
        bytes32 payload = keccak256(abi.encode(consumer.ROUND_TYPEHASH(), 0));
        bytes memory journal = abi.encodePacked(_context(model, address(consumer), payload), inputs, outputs);
        assertEq(journal.length, 96);
        consumer.submit(inputs, outputs, sp1 ? _sp1Proof(journal) : _risc0Seal(journal));
        assertEq(consumer.score(), 42e16);
        // Not for the next round.
        bytes memory proof = sp1 ? _sp1Proof(journal) : _risc0Seal(journal);
        vm.expectRevert(sp1 ? bytes("SP1") : bytes("RISC Zero"));
        consumer.submit(inputs, outputs, proof);
    }

    function test_TheJournalIsThePublicValues() public {
        uint256[] memory values = new uint256[](3);
        (values[0], values[1], values[2]) = (1, type(uint256).max, 3);
        bytes memory journal = bytes.concat(bytes32(values[0]), bytes32(values[1]), bytes32(values[2]));
        address key = _sp1.publishKey(PROGRAM, 3);
        bytes memory proof = _sp1Proof(journal);
        vm.expectCall(address(_sp1.VERIFIER()), abi.encodeCall(ISP1Verifier.verifyProof, (PROGRAM, journal, proof)));
        _sp1.verify(key, values, proof);
        proof = _risc0Seal(journal);
        vm.expectCall(
            address(_risc0.VERIFIER()), abi.encodeCall(IRiscZeroVerifier.verify, (proof, PROGRAM, sha256(journal)))
        );
        _risc0.verify(key, values, proof);
    }

    function test_PublishesKeys() public {
        address key = _sp1.publishKey(PROGRAM, 0x1234);
        bytes memory expected = bytes.concat("VDCF", hex"02000000001234", new bytes(21), PROGRAM);
        assertEq(key.code, bytes.concat(hex"00", expected));
        assertEq(_sp1.publishKey(PROGRAM, 0x1234), key);
        assertEq(registry.indexKey(key), keccak256(expected));
    }

    // ------------------------------------------------------------------------------------- refuses

    function test_RevertWhen_TheKeyIsNotAForeignOne() public {
        address key = _register(_spec(3, 1)).pin.key();
        _refuseKey(key);
        bytes memory right = _sp1.publishKey(PROGRAM, 3).code;
        for (uint256 i = 0; i < 33; ++i) {
            if (i == 10 || i == 11) continue;
            bytes memory wrong = bytes.concat(right);
            wrong[i] ^= 0x80;
            vm.etch(key, wrong);
            if (i == 0) vm.expectRevert(abi.encodeWithSelector(DataContract.NotADataContract.selector, key));
            if (i == 0) _sp1.verify(key, new uint256[](3), "");
            else _refuseKey(key);
        }
        vm.etch(key, bytes.concat(right, hex"00"));
        _refuseKey(key);
        vm.etch(key, hex"00");
        _refuseKey(key);
    }

    function _refuseKey(address key) private {
        vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.NotAForeignKey.selector, key));
        _sp1.verify(key, new uint256[](3), "");
    }

    function test_RevertWhen_PublicValuesAreTooFewOrTooMany() public {
        address key = _sp1.publishKey(PROGRAM, 3);
        for (uint256 count = 0; count < 6; ++count) {
            if (count == 3) continue;
            vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.WrongPublicValueCount.selector, 3, count));
            _sp1.verify(key, new uint256[](count), "");
        }
    }

    function test_RevertWhen_KeyAndSpecCountPublicValuesDifferently() public {
        bytes32 vkHash = registry.indexKey(_sp1.publishKey(PROGRAM, 4));
        bytes32 circuitHash = registry.publishSpec(_spec(3, 1));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongPublicValueCount.selector, 3, 4));
        registry.registerModel(IERC7992Registry.ModelCommitment(0, circuitHash, vkHash, bytes4("sp1."), ""));
    }

    function test_RevertWhen_ThereIsNoVerifier() public {
        vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.NoVerifier.selector, address(1)));
        new SP1Adapter(ISP1Verifier(address(1)));
        vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.NoVerifier.selector, address(1)));
        new RiscZeroAdapter(IRiscZeroVerifier(address(1)));
    }

    function test_RevertWhen_AReceiptIsFake() public {
        address key = _risc0.publishKey(PROGRAM, 3);
        bytes memory seal = abi.encodePacked(bytes4(0xffffffff), keccak256(abi.encode(PROGRAM, sha256(new bytes(96)))));
        vm.expectRevert(RiscZeroAdapter.FakeReceipt.selector);
        _risc0.verify(key, new uint256[](3), seal);
    }

    /// @dev Mocks of either system that accept anything are found out when their adapter is made.
    function test_Attack_MockOfAForeignVerifier() public {
        address[2] memory adapters = [
            address(new SP1Adapter(new MockSP1Verifier(true))),
            address(new RiscZeroAdapter(new MockRiscZeroVerifier(true)))
        ];
        for (uint256 i = 0; i < 2; ++i) {
            assertTrue(IProofVerifier(adapters[i]).isDevelopmentSetup());
            vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.DevelopmentSetupRefused.selector, adapters[i]));
            vm.prank(admin);
            gateway.addRoute("mock-v1", adapters[i]);
        }
        assertFalse(_sp1.isDevelopmentSetup());
        assertFalse(_risc0.isDevelopmentSetup());
    }
}
