// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerdictGateway } from "../../../src/core/gateway/IVerdictGateway.sol";
import { VerdictGateway } from "../../../src/core/gateway/VerdictGateway.sol";
import { InferenceVerifier } from "../../../src/core/verifier/InferenceVerifier.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { CoreTest } from "../../utils/CoreTest.sol";

/// @dev A consumer that only verifies.
contract Caller {
    function forward(address target, bytes calldata data) external view {
        (bool ok,) = target.staticcall(data);
        require(ok, "rejected");
    }
}

/// @dev What the gateway costs over the bare verifier, to a consumer whose transaction touched
/// nothing before. A test's calls share what is warm: so each measurement has contracts of its own.
contract VerdictGatewayGasTest is CoreTest {
    /// @dev 4 and 40 public values.
    uint32 private constant FEW = 30;
    uint32 private constant MANY = 570;

    Caller private _caller;
    InferenceVerifier private _bare;
    TestModel private _bareModel;
    TestModel private _bareLarge;
    IVerdictGateway private _pinned;
    TestModel private _pinnedModel;
    TestModel private _pinnedLarge;
    TestModel private _activeModel;

    function setUp() public override {
        super.setUp();
        _caller = new Caller();
        _bare = new InferenceVerifier(_tauG2());
        _pinned = IVerdictGateway(address(new VerdictGateway(registry, admin, 1 days, guardian, true)));
        InferenceVerifier another = new InferenceVerifier(_tauG2());
        vm.prank(admin);
        _pinned.addRoute(PROOF_SYSTEM, address(another));
        _bareModel = _register(_spec(FEW, 1));
        _pinnedModel = _register(_spec(FEW, 1));
        _activeModel = _register(_spec(FEW, 1));
        _bareLarge = _register(_spec(MANY, 1));
        _pinnedLarge = _register(_spec(MANY, 1));
    }

    function _statement(TestModel memory model, uint256 inputs)
        private
        view
        returns (uint256[] memory publicValues, bytes memory proof)
    {
        publicValues = PublicValues.assemble(
            _context(model, address(_caller), ""),
            _inputWords(new int256[](inputs)),
            _outputWord(model, 52),
            new uint256[](0)
        );
        proof = _prove(model, publicValues);
    }

    /// @dev What one transaction of the consumer costs, without the transaction.
    function _measure(address target, bytes memory data) private returns (uint256) {
        _caller.forward(target, data);
        return vm.lastCallGas().gasTotalUsed;
    }

    function _measureBare(TestModel memory model, uint256 inputs) private returns (uint256) {
        (uint256[] memory values, bytes memory proof) = _statement(model, inputs);
        return _measure(address(_bare), abi.encodeCall(_bare.verify, (model.pin.key(), values, proof)));
    }

    function _measurePinned(TestModel memory model, uint256 inputs) private returns (uint256) {
        (uint256[] memory values, bytes memory proof) = _statement(model, inputs);
        return _measure(address(_pinned), abi.encodeCall(_pinned.verify, (model.pin, values, proof)));
    }

    function test_GasOverTheBareVerifier() public {
        uint256 bare = _measureBare(_bareModel, FEW);
        uint256 pinned = _measurePinned(_pinnedModel, FEW);
        (uint256[] memory values, bytes memory proof) = _statement(_activeModel, FEW);
        uint256 active =
            _measure(address(gateway), abi.encodeCall(gateway.verifyActive, (_activeModel.id, 1, values, proof)));

        vm.snapshotValue("VerdictGateway", "InferenceVerifier.verify", bare);
        vm.snapshotValue("VerdictGateway", "verify: over the bare verifier", pinned - bare);
        vm.snapshotValue("VerdictGateway", "verifyActive: over the bare verifier", active - bare);
        assertLt(pinned - bare, 6000);
    }

    function test_GasOverTheBareVerifierWithFortyPublicValues() public {
        uint256 bare = _measureBare(_bareLarge, MANY);
        uint256 pinned = _measurePinned(_pinnedLarge, MANY);
        vm.snapshotValue("VerdictGateway", "verify, 40 public values: over the bare verifier", pinned - bare);
        assertLt(pinned - bare, 6000);
    }

    /// @dev Ten of four public values: one by one, each in a transaction of its own, and together.
    function test_GasOfTen() public {
        (address[] memory keysOf, uint256[][] memory values, bytes[] memory proofs) =
            (new address[](10), new uint256[][](10), new bytes[](10));
        ModelPin[] memory pins = new ModelPin[](10);
        for (uint256 i = 0; i < 10; ++i) {
            (values[i], proofs[i]) = _statement(i % 2 == 0 ? _bareModel : _pinnedModel, FEW);
            pins[i] = i % 2 == 0 ? _bareModel.pin : _pinnedModel.pin;
            keysOf[i] = pins[i].key();
        }
        uint256 bare = _measure(address(_bare), abi.encodeCall(_bare.verifyMany, (keysOf, values, proofs)));
        vm.cool(_bareModel.pin.key());
        vm.cool(_pinnedModel.pin.key());
        uint256 many = _measure(address(_pinned), abi.encodeCall(_pinned.verifyMany, (pins, values, proofs)));
        vm.cool(_bareModel.pin.key());
        uint256 alone = _measure(address(gateway), abi.encodeCall(gateway.verify, (pins[0], values[0], proofs[0])));
        vm.snapshotValue("VerdictGateway", "verifyMany, ten: each", many / 10);
        vm.snapshotValue("VerdictGateway", "verifyMany, ten: over the bare verifier", many - bare);
        assertLt(many - bare, 12_000);
        assertLt(many / 10, alone / 2);
    }
}
