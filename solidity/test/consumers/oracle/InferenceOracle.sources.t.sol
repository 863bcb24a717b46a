// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { CommittedFeatures } from "../../../src/features/CommittedFeatures.sol";
import { Feed } from "../../../src/features/Feeds.sol";
import { Features, IFeatureSource } from "../../../src/features/IFeatureSource.sol";
import { OnChainFeatures } from "../../../src/features/OnChainFeatures.sol";
import { SignedFeatures } from "../../../src/features/SignedFeatures.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { MockFeed } from "../../features/Mocks.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev One consumer, every source: the same words, and the same round.
contract InferenceOracleSourcesTest is OracleTest {
    MockFeed private _mock;
    int256[] private _values;

    function setUp() public override {
        super.setUp();
        _mock = new MockFeed();
        _values = new int256[](20);
        for (uint256 i = 0; i < 20; ++i) {
            _values[i] = int256(i * 77) - 500;
            // Hundredths, in 18 decimals.
            _mock.set(i, _values[i] * 1e16);
        }
    }

    function _onChain() private returns (OnChainFeatures chain) {
        Feed[] memory feeds = new Feed[](20);
        for (uint256 i = 0; i < 20; ++i) {
            feeds[i] = _feed(address(_mock), abi.encodeCall(MockFeed.read, (i)));
        }
        chain = new OnChainFeatures(registry, model.id, SUBJECT, feeds);
        chain.prepare(1);
    }

    /// @dev Asks as the oracle does, and submits.
    function _accepts(IFeatureSource from, bytes memory evidence, uint256 startedAt) private {
        vm.prank(address(oracle));
        Features memory features = from.features(model.pin, SUBJECT, evidence);
        assertEq(features.words, _inputWords(_values));
        assertEq(features.commitments.length, 0);
        assertEq(features.timestamp, startedAt);
        uint256[] memory outputs = _outputWord(model, 4321);
        uint256 named = evidence.length == 0 ? 0 : startedAt;
        assertEq(oracle.timeOf(evidence), named);
        uint80 round = oracle.submit(evidence, outputs, _proofFor(named, 0, features.words, outputs));
        assertEq(round, 1);
        (, int256 answer, uint256 started,,) = oracle.latestRoundData();
        assertEq(answer, 43.21e8);
        assertEq(started, startedAt);
    }

    function test_Signed() public {
        Features memory data = _data(_inputWords(_values));
        _accepts(source, _evidence(source, address(oracle), model.pin, SUBJECT, data, MASK), START);
    }

    function test_Snapshot() public {
        OnChainFeatures chain = _onChain();
        oracle = _oracle(chain, _config());
        Features memory taken = _snapshotOf(chain, model.pin);
        skip(5 minutes);
        _mock.set(0, 1e18);
        _accepts(chain, abi.encode(taken.blockNumber, taken.timestamp, taken.words), START);
    }

    function test_Live() public {
        OnChainFeatures chain = _onChain();
        oracle = _oracle(chain, _config());
        skip(5 minutes);
        _accepts(chain, "", START + 5 minutes);
    }

    function test_Committed() public {
        CommittedFeatures committed = new CommittedFeatures(registry, admin, 1 days, address(this), 60, 5 minutes);
        oracle = _oracle(committed, _config());
        uint256[] memory words = _inputWords(_values);
        uint256[] memory none = new uint256[](0);
        bytes32 hash = committed.hashOf(address(this), address(oracle), model.pin, SUBJECT, words, none, "salt");
        committed.commit(address(oracle), SUBJECT, hash);
        skip(60);
        _accepts(committed, abi.encode(address(this), words, none, bytes32("salt")), START);
    }

    /// @dev What is read live must be true when the transaction is mined: a proof of a moment ago
    /// fails, harmlessly.
    function test_RevertWhen_LiveInputsChanged() public {
        OnChainFeatures chain = _onChain();
        oracle = _oracle(chain, _config());
        uint256[] memory outputs = _outputWord(model, 4321);
        bytes memory proof = _proofFor(0, 0, _inputWords(_values), outputs);
        _mock.set(19, 0);
        vm.expectRevert(abi.encodeWithSignature("ProofRejected()"));
        oracle.submit("", outputs, proof);
        _mock.set(19, _values[19] * 1e16);
        assertEq(oracle.submit("", outputs, proof), 1);
    }

    /// @dev A switch to a version that the source isn't prepared for would stop the oracle: it
    /// can't be announced.
    function test_RevertWhen_SourceIsNotPreparedForTheNextVersion() public {
        OnChainFeatures chain = _onChain();
        oracle = _oracle(chain, _config());
        _upgrade(model, _spec(20, 1));
        vm.expectRevert(abi.encodeWithSignature("SourceDoesNotCover(uint256)", 2));
        oracle.announceVersion(2);
        ModelPin next = chain.prepare(2);
        assertTrue(chain.covers(next));
        oracle.announceVersion(2);
        // The signers' source never stands in the way.
        SignedFeatures signed = source;
        assertTrue(signed.covers(next));
    }
}
