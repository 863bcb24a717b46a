// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Features } from "../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../src/features/SignedFeatures.sol";
import { SignerSet } from "../../src/features/SignerSet.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { ModelSpec, Visibility } from "../../src/types/Schemas.sol";
import { FeatureTest } from "./FeatureTest.sol";
import { Wallet, Yes } from "./Mocks.sol";

/// @dev What is signed, by whom, and for whom. The caller (consumer) is this contract.
/// `SignerSet.t.sol` has the owner's side.
contract SignedFeaturesTest is FeatureTest {
    TestModel private _model;
    SignedFeatures private _source;
    Features private _honest;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(20, 1));
        _source = _signedSource(5, 3);
        Features memory data = _data(_inputWords(new int256[](20)));
        (data.blockNumber, data.sequence) = (990, 7);
        data.commitments = new uint256[](1);
        data.commitments[0] = 1234;
        _honest = data;
    }

    function _sign(uint256 mask) private view returns (bytes memory) {
        return _evidence(_source, address(this), _model.pin, SUBJECT, _honest, mask);
    }

    function _take(bytes memory evidence) private view returns (Features memory) {
        return _source.features(_model.pin, SUBJECT, evidence);
    }

    // ------------------------------------------------------------------------------------ accepted

    function test_AQuorumYieldsWhatItSigned() public view {
        Features memory taken = _take(_sign(0x0d));
        assertEq(taken.words, _honest.words);
        assertEq(taken.commitments, _honest.commitments);
        assertEq(taken.timestamp, START);
        assertEq(taken.blockNumber, 990);
        assertEq(taken.sequence, 7);
        assertEq(taken.provenance, _source.digestOf(address(this), _model.pin, SUBJECT, _honest));
    }

    function test_MoreThanAQuorumMaySign() public view {
        assertEq(_take(_sign(0x1f)).sequence, 7);
    }

    /// @dev As the NatSpec says, computed by hand.
    function test_DigestIsEip712() public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("VerdictFeatures"),
                keccak256("1"),
                block.chainid,
                address(_source)
            )
        );
        bytes32 typehash = keccak256(
            "Features(address consumer,uint256 modelId,uint256 version,bytes32 subject,uint256 signerSet,uint256 timestamp,uint256 blockNumber,uint256 sequence,uint256[] words,uint256[] commitments)"
        );
        assertEq(_source.FEATURES_TYPEHASH(), typehash);
        bytes memory head = abi.encode(typehash, address(this), _model.id, uint256(1), SUBJECT, uint256(1), START);
        bytes32 words = keccak256(abi.encodePacked(_honest.words));
        bytes32 commitments = keccak256(abi.encodePacked(_honest.commitments));
        bytes memory tail = abi.encode(uint256(990), uint256(7), words, commitments);
        bytes32 struct_ = keccak256(bytes.concat(head, tail));
        assertEq(
            _source.digestOf(address(this), _model.pin, SUBJECT, _honest),
            keccak256(abi.encodePacked(hex"1901", domain, struct_))
        );
    }

    /// @dev ERC-1271: a contract among the signers, in its place.
    function test_ContractsSign() public {
        uint256 ownerKey = signerKeys[0];
        address wallet = address(new Wallet(signerSet[0]));
        address other = signerSet[1] == wallet ? signerSet[2] : signerSet[1];
        uint256 otherKey = signerSet[1] == wallet ? signerKeys[2] : signerKeys[1];
        bool first = wallet < other;
        (address[] memory set, uint256[] memory signingKeys) = (new address[](2), new uint256[](2));
        (set[0], set[1]) = first ? (wallet, other) : (other, wallet);
        (signingKeys[0], signingKeys[1]) = first ? (ownerKey, otherKey) : (otherKey, ownerKey);
        _source = new SignedFeatures(registry, dataOwner, set, 2, 0);
        signerKeys = signingKeys;
        assertEq(_take(_sign(3)).sequence, 7);

        // Only its owner's signature counts.
        bytes32 digest = _source.digestOf(address(this), _model.pin, SUBJECT, _honest);
        bytes[] memory signatures = new bytes[](2);
        (signatures[0], signatures[1]) = (_signature(first ? 1 : 0, digest), _signature(first ? 1 : 0, digest));
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, wallet));
        _take(_encode(_honest, 3, signatures));
    }

    /// @dev Features come out exactly if those who are named signed, and are a quorum.
    function testFuzz_ExactlyAQuorumOfSigners(uint256 mask, uint256 forged) public view {
        mask = bound(mask, 1, 31);
        forged &= mask;
        bytes32 digest = _source.digestOf(address(this), _model.pin, SUBJECT, _honest);
        uint256 count = 0;
        bytes[] memory all = new bytes[](5);
        for (uint256 i = 0; i < 5; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            bool forgery = (forged >> i) & 1 != 0;
            all[count++] = _signature(i, forgery ? keccak256(abi.encode(digest)) : digest);
        }
        bytes[] memory signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            signatures[i] = all[i];
        }
        (bool ok,) = address(_source)
            .staticcall(abi.encodeCall(_source.features, (_model.pin, SUBJECT, _encode(_honest, mask, signatures))));
        assertEq(ok, count >= 3 && forged == 0);
    }

    function test_CoversVersionsWithBoundInputsAlone() public {
        assertTrue(_source.covers(_model.pin));
        ModelSpec memory spec = _spec(1, 1);
        spec.inputs[0] = _input(1, Visibility.Private);
        TestModel memory hidden = _register(spec);
        assertFalse(_source.covers(hidden.pin));
        assertTrue(_source.covers(_register(_batchSpec(1, 5, 1)).pin));
        // Somebody else's registry.
        ModelPin other = ModelPin.wrap(ModelPin.unwrap(_model.pin) ^ bytes32(uint256(1) << 200));
        assertFalse(_source.covers(other));
        assertEq(address(_source.registry()), address(registry));
    }

    // ------------------------------------------------------------------------------------ refusals

    function test_RevertWhen_QuorumNotMet() public {
        bytes memory evidence = _sign(3);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumNotMet.selector, 3, 2));
        _take(evidence);
        bytes memory none = _encode(_honest, 0, new bytes[](0));
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumNotMet.selector, 3, 0));
        _take(none);
    }

    function test_RevertWhen_NotASigner() public {
        bytes memory evidence = _encode(_honest, 0x2f, new bytes[](5));
        vm.expectRevert(abi.encodeWithSelector(SignerSet.NotASigner.selector, 5));
        _take(evidence);
        evidence = _encode(_honest, 1 << 255, new bytes[](1));
        vm.expectRevert(abi.encodeWithSelector(SignerSet.NotASigner.selector, 255));
        _take(evidence);
    }

    function test_RevertWhen_WrongSignatureCount() public {
        bytes memory fewer = _encode(_honest, 7, new bytes[](2));
        vm.expectRevert(abi.encodeWithSelector(SignerSet.WrongSignatureCount.selector, 3, 2));
        _take(fewer);
        bytes memory more = _encode(_honest, 7, new bytes[](4));
        vm.expectRevert(abi.encodeWithSelector(SignerSet.WrongSignatureCount.selector, 3, 4));
        _take(more);
    }

    function test_RevertWhen_InvalidSignature() public {
        bytes32 digest = _source.digestOf(address(this), _model.pin, SUBJECT, _honest);
        bytes[] memory signatures = new bytes[](3);
        // Right signatures in the wrong order.
        (signatures[0], signatures[1], signatures[2]) =
        (_signature(1, digest), _signature(0, digest), _signature(2, digest));
        _invalid(_encode(_honest, 7, signatures), 0);
        // Empty, short, and one byte too long.
        (signatures[0], signatures[1]) = (_signature(0, digest), bytes(""));
        _invalid(_encode(_honest, 7, signatures), 1);
        signatures[1] = new bytes(64);
        _invalid(_encode(_honest, 7, signatures), 1);
        signatures[1] = bytes.concat(_signature(1, digest), hex"00");
        _invalid(_encode(_honest, 7, signatures), 1);
    }

    function _invalid(bytes memory evidence, uint256 signer) private {
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerSet[signer]));
        _take(evidence);
    }

    // ------------------------------------------------------------------------------------- attacks

    /// @dev Every part of what is signed counts.
    function test_Attack_TamperedData() public {
        bytes memory evidence = _sign(7);
        (,,,,,, bytes[] memory signatures) =
            abi.decode(evidence, (uint64, uint64, uint64, uint256[], uint256[], uint256, bytes[]));
        for (uint256 i = 0; i < 7; ++i) {
            Features memory data = _honest;
            if (i == 0) data.timestamp += 1;
            if (i == 1) data.blockNumber += 1;
            if (i == 2) data.sequence += 1;
            if (i == 3) data.words[0] ^= 1;
            if (i == 4) data.words = new uint256[](0);
            if (i == 5) data.commitments[0] ^= 1;
            // A word moves from one array to the other.
            if (i == 6) (data.words, data.commitments) = (data.commitments, data.words);
            _invalid(_encode(data, 7, signatures), 0);
        }
        _take(evidence);
    }

    function test_Attack_ReplayToAnotherConsumer() public {
        bytes memory evidence = _sign(7);
        vm.prank(makeAddr("another consumer"));
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerSet[0]));
        _take(evidence);
    }

    function test_Attack_ReplayOnAnotherChain() public {
        bytes memory evidence = _sign(7);
        vm.chainId(5);
        _invalid(evidence, 0);
    }

    function test_Attack_ReplayForAnotherModelVersionOrSubject() public {
        bytes memory evidence = _sign(7);
        ModelPin other = _register(_spec(20, 1)).pin;
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerSet[0]));
        _source.features(other, SUBJECT, evidence);
        other = _upgrade(_model, _spec(20, 1)).pin;
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerSet[0]));
        _source.features(other, SUBJECT, evidence);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerSet[0]));
        _source.features(_model.pin, "BTC/USD", evidence);
    }

    function test_Attack_ReplayAtAnotherSource() public {
        bytes memory evidence = _sign(7);
        _source = new SignedFeatures(registry, dataOwner, signerSet, 3, 0);
        _invalid(evidence, 0);
    }

    /// @dev What was signed under one set is void under the next, even if the signers are the same.
    function test_Attack_SignaturesOfAnEarlierSet() public {
        bytes memory evidence = _sign(7);
        vm.prank(dataOwner);
        _source.proposeRotation(signerSet, 3);
        skip(ROTATION_DELAY);
        _source.executeRotation();
        _invalid(evidence, 0);
        _take(_sign(7));
    }

    /// @dev One signer can't stand for a quorum: a mask has one bit for each.
    function test_Attack_OneSignerThreeTimes() public {
        bytes32 digest = _source.digestOf(address(this), _model.pin, SUBJECT, _honest);
        bytes[] memory signatures = new bytes[](3);
        for (uint256 i = 0; i < 3; ++i) {
            signatures[i] = _signature(0, digest);
        }
        _invalid(_encode(_honest, 7, signatures), 1);
    }

    /// @dev The other root of the same signature.
    function test_Attack_MalleatedSignature() public {
        bytes32 digest = _source.digestOf(address(this), _model.pin, SUBJECT, _honest);
        bytes[] memory signatures = new bytes[](3);
        (signatures[1], signatures[2]) = (_signature(1, digest), _signature(2, digest));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKeys[0], digest);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        signatures[0] = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        _invalid(_encode(_honest, 7, signatures), 0);
    }

    /// @dev A signer that is a contract can lie for itself, and fail for itself, no more.
    function test_Attack_MisbehavingContractSigner() public {
        address yes = address(new Yes(false));
        address no = address(new Yes(true));
        address[] memory set = new address[](2);
        (set[0], set[1]) = yes < no ? (yes, no) : (no, yes);
        _source = new SignedFeatures(registry, dataOwner, set, 1, 0);
        bytes[] memory signatures = new bytes[](1);
        uint256 mask = yes < no ? 1 : 2;
        _take(_encode(_honest, mask, signatures));
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, no));
        _take(_encode(_honest, 3 - mask, signatures));
    }

    function test_Attack_MalformedOffsets() public {
        bytes memory evidence = _sign(7);
        // Where the words, the commitments, the signatures are said to begin; how many there are.
        uint256[5] memory places = [uint256(127), 159, 223, 254, 294];
        for (uint256 i = 0; i < places.length; ++i) {
            bytes memory broken = bytes.concat(evidence);
            broken[places[i] - 2] = 0xff;
            vm.expectRevert();
            _take(broken);
        }
    }

    function test_RevertWhen_EvidenceTooShort() public {
        vm.expectRevert(SignedFeatures.EvidenceTooShort.selector);
        _take("");
        vm.expectRevert(SignedFeatures.EvidenceTooShort.selector);
        _take(new bytes(223));
    }
}
