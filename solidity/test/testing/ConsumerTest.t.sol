// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IInferenceVerifier } from "../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { PublicValues } from "../../src/libraries/PublicValues.sol";
import { ConsumerTest } from "../../testing/ConsumerTest.sol";
import { ExampleConsumer } from "../utils/ExampleConsumer.sol";

/// @dev That the test base proves what it is told to, to the example in README.md.
contract ConsumerTestTest is ConsumerTest {
    TestModel private _model;
    ExampleConsumer private _consumer;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(3, 1));
        _consumer = new ExampleConsumer(gateway, _model.id, _model.version);
    }

    function _proof(address consumer, uint256 round, uint256[] memory inputs, uint256[] memory outputs)
        private
        view
        returns (bytes memory)
    {
        bytes32 payload = keccak256(abi.encode(_consumer.ROUND_TYPEHASH(), round));
        uint256[] memory publicValues =
            PublicValues.assemble(_context(_model, consumer, payload), inputs, outputs, new uint256[](0));
        return _prove(_model, publicValues);
    }

    function testFuzz_AcceptsEveryStatement(int16 output, int16 a, int16 b, int16 c) public {
        int256[] memory values = new int256[](3);
        (values[0], values[1], values[2]) = (a, b, c);
        uint256[] memory inputs = _inputWords(values);
        uint256[] memory outputs = _outputWord(_model, output);
        _consumer.submit(inputs, outputs, _proof(address(_consumer), 0, inputs, outputs));
        // Scale: one hundredth.
        assertEq(_consumer.score(), int256(output) * 1e16);
        assertEq(_consumer.round(), 1);
    }

    function test_OneKeyHasManyProofs() public view {
        uint256[] memory publicValues = new uint256[](3);
        bytes memory first = _prove(_model, publicValues, 1);
        bytes memory second = _prove(_model, publicValues, 2);
        assertNotEq(keccak256(first), keccak256(second));
        gateway.verify(_model.pin, publicValues, first);
        gateway.verify(_model.pin, publicValues, second);
    }

    function test_RevertWhen_ProofIsOfAnotherRoundConsumerChainOrOutput() public {
        uint256[] memory inputs = _inputWords(new int256[](3));
        uint256[] memory outputs = _outputWord(_model, 7);
        bytes memory other = _proof(address(_consumer), 1, inputs, outputs);
        _refused(inputs, outputs, other);
        other = _proof(address(this), 0, inputs, outputs);
        _refused(inputs, outputs, other);
        other = _proof(address(_consumer), 0, inputs, _outputWord(_model, 8));
        _refused(inputs, outputs, other);
        bytes memory right = _proof(address(_consumer), 0, inputs, outputs);
        vm.chainId(5);
        _refused(inputs, outputs, right);
    }

    function _refused(uint256[] memory inputs, uint256[] memory outputs, bytes memory proof) private {
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _consumer.submit(inputs, outputs, proof);
    }
}
