// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ERC8004Validator } from "../../../src/core/gateway/adapters/ERC8004Validator.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IERC7992RegistryErrors } from "../../../src/interfaces/IERC7992.sol";
import { IERC8004ValidationRegistry } from "../../../src/interfaces/IERC8004ValidationRegistry.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { MockValidationRegistry } from "./Mocks.sol";

contract ERC8004ValidatorTest is CoreTest {
    uint256 private constant AGENT = 77;

    TestModel private _model;
    MockValidationRegistry private _validations;
    ERC8004Validator private _validator;
    ERC8004Validator.Claim private _claim;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(3, 1));
        _validations = new MockValidationRegistry();
        _validator = new ERC8004Validator(_validations, gateway);
        _claim.agentId = AGENT;
        _claim.modelId = _model.id;
        _claim.version = 1;
        _claim.inputs = _inputWords(new int256[](3));
        _claim.outputs = _outputWord(_model, 9);
        _claim.salt = keccak256("salt");
    }

    function _request(uint256 agent) private returns (bytes32 requestHash) {
        requestHash = _validator.requestHashOf(_claim);
        _validations.validationRequest(address(_validator), agent, "ipfs://request", requestHash);
    }

    function _publicValues() private view returns (uint256[] memory) {
        uint256 context = _context(_model, address(_validator), _validator.claimHashOf(_claim));
        return PublicValues.assemble(context, _claim.inputs, _claim.outputs, _claim.commitments);
    }

    function test_Validates() public {
        bytes32 requestHash = _request(AGENT);
        bytes memory proof = _prove(_model, _publicValues());
        bytes32 responseHash = keccak256(abi.encodePacked(_model.id, uint256(1), _publicValues()));
        string memory expected = string.concat("verdict-zkml/", vm.toString(_model.id), "/1");
        vm.expectCall(
            address(_validations),
            abi.encodeCall(
                IERC8004ValidationRegistry.validationResponse, (requestHash, 100, "", responseHash, expected)
            )
        );
        vm.expectEmit(address(_validator));
        emit ERC8004Validator.ClaimProved(requestHash, AGENT, address(this));
        _validator.validate(_claim, proof);
        vm.snapshotGasLastCall("ERC8004Validator", "validate, 3 inputs, 1 output");

        assertTrue(_validator.isValidated(_validator.claimHashOf(_claim)));
        (address validator, uint256 agent, uint8 response, bytes32 hash, string memory tag, uint256 time) =
            _validations.getValidationStatus(requestHash);
        assertEq(validator, address(_validator));
        assertEq(agent, AGENT);
        assertEq(response, 100);
        assertEq(hash, responseHash);
        assertEq(tag, expected);
        assertEq(time, block.timestamp);
    }

    /// @dev An agent's own model, and its own validator, earn it what they like; who asks for this
    /// validator and for the tag of the version that is known sees none of it.
    function test_Attack_OwnModelAndOwnValidator() public {
        TestModel memory known = _model;
        _model = _register(_spec(3, 1));
        (_claim.modelId, _claim.version) = (_model.id, 1);
        _request(AGENT);
        _validator.validate(_claim, _prove(_model, _publicValues()));
        string memory tag = _validator.tagOf(known.id, 1);
        bytes32 own = keccak256("own");
        _validations.validationRequest(address(this), AGENT, "", own);
        _validations.validationResponse(own, 100, "", 0, tag);

        address[] memory named = new address[](1);
        named[0] = address(_validator);
        (uint64 count,) = _validations.getSummary(AGENT, new address[](0), "");
        assertEq(count, 2);
        (count,) = _validations.getSummary(AGENT, named, "");
        assertEq(count, 1);
        (count,) = _validations.getSummary(AGENT, named, tag);
        assertEq(count, 0);

        _model = known;
        _claim.modelId = known.id;
        _request(AGENT);
        _validator.validate(_claim, _prove(_model, _publicValues()));
        uint8 average;
        (count, average) = _validations.getSummary(AGENT, named, tag);
        assertEq(count, 1);
        assertEq(average, 100);
    }

    function test_RequestHashIsAnEip712Struct() public view {
        bytes32 typehash = keccak256(
            "VerdictClaim(uint256 agentId,uint256 modelId,uint32 version,uint256[] inputs,uint256[] outputs,uint256[] commitments)"
        );
        assertEq(_validator.CLAIM_TYPEHASH(), typehash);
        bytes memory preimage = abi.encode(
            typehash,
            AGENT,
            _model.id,
            1,
            keccak256(abi.encodePacked(_claim.inputs)),
            keccak256(abi.encodePacked(_claim.outputs)),
            keccak256("")
        );
        bytes32 claimHash = keccak256(preimage);
        assertEq(_validator.claimHashOf(_claim), claimHash);
        typehash = keccak256(
            "VerdictRequest(VerdictClaim claim,bytes32 salt)VerdictClaim(uint256 agentId,uint256 modelId,uint32 version,uint256[] inputs,uint256[] outputs,uint256[] commitments)"
        );
        assertEq(_validator.REQUEST_TYPEHASH(), typehash);
        assertEq(_validator.requestHashOf(_claim), keccak256(abi.encode(typehash, claimHash, _claim.salt)));
        assertEq(address(_validator.GATEWAY()), address(gateway));
        assertEq(address(_validator.VALIDATIONS()), address(_validations));
    }

    function test_RevertWhen_TheClaimWasValidated() public {
        _request(AGENT);
        bytes memory proof = _prove(_model, _publicValues());
        _validator.validate(_claim, proof);
        bytes memory reason =
            abi.encodeWithSelector(ERC8004Validator.AlreadyValidated.selector, _validator.claimHashOf(_claim));
        vm.expectRevert(reason);
        _validator.validate(_claim, proof);
        // Nor do more salts bring more responses for one claim.
        _claim.salt = keccak256("another salt");
        _request(AGENT);
        vm.expectRevert(reason);
        _validator.validate(_claim, proof);
    }

    /// @dev Somebody requests with the first agent's hash, for his own agent, whenever he sees it. That
    /// hash is lost; the proof is not, and another salt is all it takes.
    function test_Attack_SquattedHashCostsNoProof() public {
        bytes memory proof = _prove(_model, _publicValues());
        _request(AGENT + 1);
        bytes32 squatted = _validator.requestHashOf(_claim);
        vm.expectRevert("exists");
        _validations.validationRequest(address(_validator), AGENT, "", squatted);
        vm.expectRevert(abi.encodeWithSelector(ERC8004Validator.NotRequested.selector, squatted));
        _validator.validate(_claim, proof);

        _claim.salt = keccak256("a salt that nobody saw in time");
        bytes32 requestHash = _request(AGENT);
        _validator.validate(_claim, proof);
        (, uint256 agent, uint8 response,,,) = _validations.getValidationStatus(requestHash);
        assertEq(agent, AGENT);
        assertEq(response, 100);
        (,, response,,,) = _validations.getValidationStatus(squatted);
        assertEq(response, 0);
    }

    function test_RevertWhen_NobodyAsked() public {
        bytes memory proof = _prove(_model, _publicValues());
        bytes memory reason =
            abi.encodeWithSelector(ERC8004Validator.NotRequested.selector, _validator.requestHashOf(_claim));
        vm.expectRevert(reason);
        _validator.validate(_claim, proof);
        // Another validator was asked.
        _validations.validationRequest(address(this), AGENT, "", _validator.requestHashOf(_claim));
        vm.expectRevert(reason);
        _validator.validate(_claim, proof);
    }

    function test_RevertWhen_TheProofIsWrong() public {
        _request(AGENT);
        uint256[] memory publicValues = _publicValues();
        publicValues[2] += 1;
        bytes memory proof = _prove(_model, publicValues);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _validator.validate(_claim, proof);
    }

    /// @dev An agent requests the validation of another's claim, as its own, before the other does.
    function test_Attack_AgentTakesTheCreditForAnothersClaim() public {
        bytes32 requestHash = _request(AGENT + 1);
        bytes memory proof = _prove(_model, _publicValues());
        vm.expectRevert(abi.encodeWithSelector(ERC8004Validator.NotRequested.selector, requestHash));
        _validator.validate(_claim, proof);
    }

    function test_Attack_ClaimOfADeprecatedModel() public {
        _request(AGENT);
        bytes memory proof = _prove(_model, _publicValues());
        vm.prank(modelOwner);
        registry.deprecateModel(_model.id);
        vm.expectRevert(abi.encodeWithSelector(IERC7992RegistryErrors.ModelDeprecated.selector, _model.id));
        _validator.validate(_claim, proof);
    }

    function test_RevertWhen_TheWordsAreNotAsTheVersionHasThem() public {
        uint256[] memory one = _claim.outputs;
        uint256[] memory none = new uint256[](0);
        uint256[] memory two = new uint256[](2);
        // The proof's words are the same: that of the input, and that of the output.
        _claim.inputs = none;
        _claim.outputs = two;
        _refuseWords();
        _claim.inputs = two;
        _claim.outputs = none;
        _refuseWords();
        _claim.inputs = one;
        _claim.commitments = one;
        _refuseWords();
        // Too many, too few.
        _claim.outputs = one;
        _refuseWords();
        _claim.inputs = none;
        _claim.commitments = none;
        _refuseWords();
    }

    function _refuseWords() private {
        _request(AGENT);
        vm.expectRevert(abi.encodeWithSelector(ERC8004Validator.WrongWordCount.selector, 1, 1, 0));
        _validator.validate(_claim, "");
    }

    /// @dev An agent shows what it put in as what came out: the same row of words, divided
    /// elsewhere.
    function test_Attack_InputsAreClaimedAsOutputs() public {
        uint256[] memory outputs = new uint256[](2);
        (outputs[0], outputs[1]) = (_outputWord(_model, 32_767)[0], _claim.outputs[0]);
        _claim.inputs = new uint256[](0);
        _claim.outputs = outputs;
        bytes32 requestHash = _request(AGENT);
        bytes memory proof = _prove(_model, _publicValues());
        vm.expectRevert(abi.encodeWithSelector(ERC8004Validator.WrongWordCount.selector, 1, 1, 0));
        _validator.validate(_claim, proof);
        assertFalse(_validator.isValidated(_validator.claimHashOf(_claim)));
        assertFalse(_validator.isValidated(requestHash));
    }

    /// @dev Anyone registers a model that says what he likes of his agent: its responses have a tag of
    /// their own, and another version's another.
    function test_Attack_SelfMadeModel() public {
        TestModel memory known = _model;
        modelOwner = makeAddr("agent");
        _model = _register(_spec(3, 1));
        _claim.modelId = _model.id;
        bytes32 requestHash = _request(AGENT);
        _validator.validate(_claim, _prove(_model, _publicValues()));
        (,,, bytes32 hash, string memory tag,) = _validations.getValidationStatus(requestHash);
        assertEq(tag, _validator.tagOf(_model.id, 1));
        assertNotEq(tag, _validator.tagOf(known.id, 1));
        assertNotEq(_validator.tagOf(known.id, 1), _validator.tagOf(known.id, 2));
        assertNotEq(_validator.tagOf(1, 11), _validator.tagOf(11, 1));
        assertNotEq(hash, keccak256(abi.encodePacked(known.id, uint256(1), _publicValues())));
    }

    /// @dev One proof, two agents with the same claim: the context names the agent.
    function test_Attack_ProofIsReplayedForAnotherRequest() public {
        bytes memory proof = _prove(_model, _publicValues());
        _claim.agentId = AGENT + 1;
        _request(AGENT + 1);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _validator.validate(_claim, proof);
    }
}
