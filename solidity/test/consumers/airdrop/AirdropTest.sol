// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import { CurvePoint } from "../../../src/consumers/airdrop/AllocationCurve.sol";
import { IScoredAirdrop } from "../../../src/consumers/airdrop/IScoredAirdrop.sol";
import { ScoredAirdrop } from "../../../src/consumers/airdrop/ScoredAirdrop.sol";
import { Features } from "../../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../../src/features/SignedFeatures.sol";
import { InferenceContext } from "../../../src/libraries/InferenceContext.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelSpec } from "../../../src/types/Schemas.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { Token } from "./Tokens.sol";

/// @dev A campaign with models for batches of 8 and of 1, three data signers of whom two must sign,
/// and what it takes to submit and claim.
abstract contract AirdropTest is CoreTest {
    /// @dev Who is on a list.
    struct Person {
        address account;
        uint256 identity;
        int256 score;
    }

    /// @dev What `acceptBatch` is given, and what the signers sign.
    struct Submission {
        IScoredAirdrop.Batch batch;
        uint256[] inputs;
        uint256[] outputs;
        uint256[] commitments;
        uint64 timestamp;
        bytes evidence;
        bytes proof;
    }

    uint24 internal constant ITEMS = 8;
    uint256 internal constant CAP = 1000e18;
    uint256 internal constant FUNDS = 100_000e18;

    address internal treasury = makeAddr("treasury");
    address internal sponsor = makeAddr("sponsor");

    uint256 internal constant MAXIMUM_AGE = 15 days;
    uint256 internal constant ROTATION_DELAY = 60 days;

    Token internal token;
    SignedFeatures internal source;
    ScoredAirdrop internal airdrop;
    // Of `ITEMS` items, and of one.
    TestModel internal model;
    TestModel internal single;

    uint40 internal batchesUntil;
    uint40 internal claimsFrom;
    uint40 internal claimsUntil;
    uint40 internal sweepFrom;

    // In ascending order of their addresses.
    uint256[] internal signerKeys;
    address[] internal signerList;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(1_800_000_000);
        (batchesUntil, claimsFrom) = (uint40(block.timestamp + 20 days), uint40(block.timestamp + 10 days));
        (claimsUntil, sweepFrom) = (uint40(block.timestamp + 40 days), uint40(block.timestamp + 50 days));
        model = _register(_scoringSpec(ITEMS));
        single = _register(_scoringSpec(1));
        _makeSigners(3);
        source = new SignedFeatures(registry, makeAddr("data owner"), signerList, 2, ROTATION_DELAY);
        token = new Token();
        airdrop = new ScoredAirdrop(_campaign());
        token.mint(sponsor, 10 * FUNDS);
        vm.prank(sponsor);
        token.approve(address(airdrop), type(uint256).max);
        _fund(FUNDS);
    }

    // ----------------------------------------------------------------------------------- campaigns

    /// @dev One score of 16 bits to an item, all in one tensor; features that a commitment hides.
    function _scoringSpec(uint24 items) internal pure returns (ModelSpec memory) {
        return _batchSpec(items, 4, 1);
    }

    function _makeSigners(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = 0xdada + i;
            uint256 place = 0;
            while (place < signerKeys.length && vm.addr(signerKeys[place]) < vm.addr(key)) ++place;
            signerKeys.push(key);
            for (uint256 j = signerKeys.length - 1; j > place; --j) {
                signerKeys[j] = signerKeys[j - 1];
            }
            signerKeys[place] = key;
        }
        for (uint256 i = 0; i < count; ++i) {
            signerList.push(vm.addr(signerKeys[i]));
        }
    }

    function _campaign() internal view virtual returns (IScoredAirdrop.Campaign memory campaign) {
        campaign.gateway = gateway;
        campaign.token = IERC20(address(token));
        campaign.treasury = treasury;
        campaign.windows = IScoredAirdrop.Windows(batchesUntil, claimsFrom, claimsUntil, sweepFrom);
        campaign.models = new IScoredAirdrop.ModelReference[](2);
        campaign.models[0] = IScoredAirdrop.ModelReference(model.id, model.version);
        campaign.models[1] = IScoredAirdrop.ModelReference(single.id, single.version);
        campaign.curve = _curve();
        campaign.source = source;
        campaign.maximumAge = MAXIMUM_AGE;
    }

    /// @dev Nothing below 0, then 10 to 100 by 100, then to the cap by 1000.
    function _curve() internal pure returns (CurvePoint[] memory points) {
        points = new CurvePoint[](3);
        points[0] = CurvePoint(0, 10e18);
        points[1] = CurvePoint(100, 100e18);
        points[2] = CurvePoint(1000, uint128(CAP));
    }

    function _fund(uint256 amount) internal {
        vm.prank(sponsor);
        airdrop.fund(amount);
    }

    // -------------------------------------------------------------------------------------- people

    /// @dev Person number `i`: an account and an identity that nobody else has, and a score; every
    /// fifth's is worth nothing.
    function _person(uint256 i) internal pure returns (Person memory) {
        address account = address(uint160(uint256(keccak256(abi.encode("account", i)))));
        return Person(account, i, i % 5 == 4 ? -int256(i) : int256(i * 37 % 1200));
    }

    function _people(uint256 from, uint256 count) internal pure returns (Person[] memory people) {
        people = new Person[](count);
        for (uint256 i = 0; i < count; ++i) {
            people[i] = _person(from + i);
        }
    }

    // ------------------------------------------------------------------------------------- entries

    function _leaf(uint256 index, Person memory person) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(index, person.account, person.identity))));
    }

    /// @dev The levels of a tree, one after the other; the last of an odd number goes up as it is.
    function _levels(Person[] memory people) internal pure returns (bytes32[][] memory levels) {
        levels = new bytes32[][](33);
        levels[0] = new bytes32[](people.length);
        for (uint256 i = 0; i < people.length; ++i) {
            levels[0][i] = _leaf(i, people[i]);
        }
        uint256 height = 0;
        while (levels[height].length > 1) {
            bytes32[] memory below = levels[height++];
            levels[height] = new bytes32[]((below.length + 1) / 2);
            for (uint256 i = 0; i < below.length; i += 2) {
                levels[height][i / 2] =
                    i + 1 == below.length ? below[i] : Hashes.commutativeKeccak256(below[i], below[i + 1]);
            }
        }
        assembly ("memory-safe") {
            mstore(levels, add(height, 1))
        }
    }

    function _root(Person[] memory people) internal pure returns (bytes32) {
        bytes32[][] memory levels = _levels(people);
        return levels[levels.length - 1][0];
    }

    function _path(bytes32[][] memory levels, uint256 index) internal pure returns (bytes32[] memory path) {
        path = new bytes32[](levels.length);
        uint256 length = 0;
        for (uint256 height = 0; height + 1 < levels.length; ++height) {
            uint256 sibling = index ^ 1;
            if (sibling < levels[height].length) path[length++] = levels[height][sibling];
            index /= 2;
        }
        assembly ("memory-safe") {
            mstore(path, length)
        }
    }

    function _entry(uint256 batch, Person[] memory people, uint256 index)
        internal
        pure
        returns (IScoredAirdrop.Entry memory)
    {
        Person memory person = people[index];
        bytes32[] memory path = _path(_levels(people), index);
        return IScoredAirdrop.Entry(batch, index, person.account, person.identity, path);
    }

    // ------------------------------------------------------------------------------------- batches

    /// @dev A batch that `airdrop` takes: of the campaign's model 0.
    function _submission(uint256 number, Person[] memory people) internal view returns (Submission memory) {
        return _submission(address(airdrop), model, 0, number, people);
    }

    function _submission(
        address consumer,
        TestModel memory scorer,
        uint256 place,
        uint256 number,
        Person[] memory people
    ) internal view returns (Submission memory s) {
        s.batch.number = number;
        s.batch.model = place;
        s.batch.entriesRoot = _root(people);
        s.batch.count = uint32(people.length);
        s.timestamp = uint64(vm.getBlockTimestamp());
        s.inputs = new uint256[](0);
        ModelSpec memory spec = registry.specOf(scorer.id, scorer.version);
        s.outputs = _scores(people, spec);
        s.commitments = new uint256[](spec.commitments);
        for (uint256 i = 0; i < s.commitments.length; ++i) {
            s.commitments[i] = uint256(keccak256(abi.encode("features", number, i))) >> 3;
        }
        _seal(s, consumer, scorer);
    }

    /// @dev Scores of items past the end of the list are padding: whatever the model says about
    /// whatever stands there.
    function _scores(Person[] memory people, ModelSpec memory spec) internal pure returns (uint256[] memory) {
        int256[] memory scores = new int256[](spec.inputItems);
        for (uint256 i = 0; i < scores.length; ++i) {
            scores[i] = i < people.length ? people[i].score : int256(999);
        }
        return PublicValues.pack(scores, spec.outputs[0].packing);
    }

    /// @dev Signs and proves a submission as it stands.
    function _seal(Submission memory s, address consumer, TestModel memory scorer) internal view {
        _proveFor(s, consumer, scorer, _payload(s));
        _signFor(s, consumer, scorer, _payload(s));
    }

    /// @dev A proof of the submission's words under a context.
    function _proveFor(Submission memory s, address consumer, TestModel memory scorer, bytes32 payload) internal view {
        s.proof = _prove(scorer, _publicValues(s, consumer, scorer, payload));
    }

    function _publicValues(Submission memory s, address consumer, TestModel memory scorer, bytes32 payload)
        internal
        view
        returns (uint256[] memory)
    {
        uint256 context = InferenceContext.digest(consumer, scorer.id, scorer.version, payload);
        return PublicValues.assemble(context, s.inputs, s.outputs, s.commitments);
    }

    /// @dev The first two signers' evidence of the submission's inputs.
    function _signFor(Submission memory s, address consumer, TestModel memory scorer, bytes32 subject) internal view {
        _signFor(s, consumer, scorer, subject, 2);
    }

    function _signFor(Submission memory s, address consumer, TestModel memory scorer, bytes32 subject, uint256 count)
        internal
        view
    {
        Features memory data;
        (data.words, data.commitments, data.timestamp) = (s.inputs, s.commitments, s.timestamp);
        bytes32 digest = source.digestOf(consumer, scorer.pin, subject, data);
        bytes[] memory signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            (uint8 v, bytes32 r, bytes32 t) = vm.sign(signerKeys[i], digest);
            signatures[i] = abi.encodePacked(r, t, v);
        }
        s.evidence = abi.encode(
            data.timestamp, uint64(0), uint64(0), data.words, data.commitments, (1 << count) - 1, signatures
        );
    }

    /// @dev As the interface says, not as the contract does.
    function _payload(Submission memory s) internal pure returns (bytes32) {
        bytes32 typehash = keccak256("ScoredAirdropBatch(uint256 batch,bytes32 entriesRoot,uint256 count)");
        return keccak256(abi.encode(typehash, s.batch.number, s.batch.entriesRoot, uint256(s.batch.count)));
    }

    function _accept(Submission memory s) internal returns (uint256) {
        return airdrop.acceptBatch(s.batch, s.evidence, s.outputs, s.proof);
    }

    /// @dev What `acceptBatches` takes.
    function _given(Submission[] memory list) internal pure returns (IScoredAirdrop.Submission[] memory given) {
        given = new IScoredAirdrop.Submission[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            Submission memory s = list[i];
            given[i] = IScoredAirdrop.Submission(s.batch, s.evidence, s.outputs, s.proof);
        }
    }

    /// @dev Expects `acceptBatch` to revert with the data.
    function _refused(Submission memory s, bytes memory errorData) internal {
        vm.expectRevert(errorData);
        airdrop.acceptBatch(s.batch, s.evidence, s.outputs, s.proof);
    }

    function _refusedClaim(IScoredAirdrop.Entry memory entry, bytes memory errorData) internal {
        vm.expectRevert(errorData);
        airdrop.claim(entry);
    }

    /// @dev The curve again, by its definition.
    function _amount(int256 score) internal pure returns (uint256) {
        CurvePoint[] memory points = _curve();
        if (score < points[0].score) return 0;
        for (uint256 i = points.length; i-- > 0;) {
            if (score < points[i].score) continue;
            if (i + 1 == points.length) return points[i].amount;
            uint256 run = uint256(int256(points[i + 1].score - points[i].score));
            return points[i].amount + uint256(score - points[i].score) * (points[i + 1].amount - points[i].amount) / run;
        }
        return 0;
    }
}
