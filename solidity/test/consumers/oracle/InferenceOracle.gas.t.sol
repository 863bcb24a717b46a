// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { CommittedFeatures } from "../../../src/features/CommittedFeatures.sol";
import { Feed } from "../../../src/features/Feeds.sol";
import { Features, IFeatureSource } from "../../../src/features/IFeatureSource.sol";
import { OnChainFeatures } from "../../../src/features/OnChainFeatures.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { MockFeed } from "../../features/Mocks.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev What an update costs over a transaction that only verifies: storage, event, signatures,
/// calldata, everything. Each call below is a transaction of its own.
/// forge-config: default.isolate = true
contract InferenceOracleGasTest is OracleTest {
    string private constant GROUP = "InferenceOracle";
    uint256 private constant TARGET = 60_000;
    // The band of answers has a slot of its own: 5,000 gas in every submission.
    uint256 private constant SIGNED_TARGET = 65_000;

    struct Gas {
        uint256 transaction;
        uint256 execution;
    }

    /// @dev With a history whose storage is paid for.
    function _deploy(IFeatureSource source_) private {
        oracle = _oracle(source_, _config());
        oracle.prepareHistory(0, 8);
    }

    /// @dev A transaction: what it takes in all, and without the price of its existence and
    /// calldata.
    function _transact(address target, bytes memory data) private returns (Gas memory gas) {
        (bool ok,) = target.call(data);
        assertTrue(ok);
        gas.transaction = vm.lastCallGas().gasTotalUsed;
        gas.execution = gas.transaction - 21_000;
        for (uint256 i = 0; i < data.length; ++i) {
            gas.execution -= data[i] == 0 ? 4 : 16;
        }
    }

    /// @dev A call of the verifier with what a submission proves.
    function _bare(uint256 time, uint256[] memory words, uint256[] memory outputs) private view returns (bytes memory) {
        (, uint256 context) = oracle.nextContext(time, false);
        uint256[] memory publicValues = PublicValues.assemble(context, words, outputs, new uint256[](0));
        bytes memory proof = _proofFor(time, 0, words, outputs);
        return abi.encodeCall(verifier.verify, (model.pin.key(), publicValues, proof));
    }

    /// @dev The second round, whose features are `words` by `evidence`, over a transaction that
    /// calls the verifier with the same statement. Returns what execution takes more.
    function _update(string memory name, uint256[] memory words, bytes memory evidence) private returns (uint256) {
        uint256[] memory outputs = _outputWord(model, 1001);
        uint256 time = oracle.timeOf(evidence);
        uint80 before = oracle.status().round;
        Gas memory bare = _transact(address(verifier), _bare(time, words, outputs));
        bytes memory proof = _proofFor(time, 0, words, outputs);
        Gas memory all = _transact(address(oracle), abi.encodeCall(oracle.submit, (evidence, outputs, proof)));
        assertEq(oracle.status().round, before + 1);
        uint256 over = all.execution - bare.execution;
        vm.snapshotValue(GROUP, string.concat(name, ": execution over a bare verification"), over);
        vm.snapshotValue(
            GROUP, string.concat(name, ": transaction over a bare verification"), all.transaction - bare.transaction
        );
        return over;
    }

    function _signedBy(string memory name, uint256 count, uint256 quorum) private returns (uint256) {
        source = _signedSource(count, quorum);
        _deploy(source);
        uint256 now_ = vm.getBlockTimestamp();
        bytes memory evidence = _evidence(source, address(oracle), model.pin, SUBJECT, _dataAt(now_), (1 << quorum) - 1);
        return _update(name, _wordsAt(now_), evidence);
    }

    function test_GasSigned() public {
        assertLt(_signedBy("submit, signed 1 of 1", 1, 1), TARGET);
        assertLt(_signedBy("submit, signed 2 of 3", 3, 2), SIGNED_TARGET);
        _signedBy("submit, signed 3 of 5", 5, 3);
        _signedBy("submit, signed 5 of 9", 9, 5);
    }

    function _onChain() private returns (OnChainFeatures chain, MockFeed mock) {
        mock = new MockFeed();
        Feed[] memory feeds = new Feed[](20);
        for (uint256 i = 0; i < 20; ++i) {
            feeds[i] = _feed(address(mock), abi.encodeCall(MockFeed.read, (i)));
        }
        chain = new OnChainFeatures(registry, model.id, SUBJECT, feeds);
        chain.prepare(1);
        _deploy(chain);
    }

    function test_GasOnChain() public {
        (OnChainFeatures chain,) = _onChain();
        Features memory taken = _snapshotOf(chain, model.pin);
        vm.snapshotGasLastCall(GROUP, "snapshot of 20 feeds");
        bytes memory evidence = abi.encode(taken.blockNumber, taken.timestamp, taken.words);
        assertLt(_update("submit, snapshot", taken.words, evidence), TARGET);
        skip(12);
        _update("submit, 20 feeds live", taken.words, "");
    }

    function test_GasCommitted() public {
        CommittedFeatures committed = new CommittedFeatures(registry, admin, 1 days, address(this), 1, 1 hours);
        _deploy(committed);
        uint256[] memory words = _wordsAt(START);
        uint256[] memory none = new uint256[](0);
        bytes32 hash =
            committed.hashOf(address(this), address(oracle), model.pin, SUBJECT, words, none, bytes32("salt"));
        committed.commit(address(oracle), SUBJECT, hash);
        skip(12);
        bytes memory evidence = abi.encode(address(this), words, none, bytes32("salt"));
        assertLt(_update("submit, committed", words, evidence), TARGET);
    }

    /// @dev While the history isn't full, and nobody paid for it: a new slot for every round.
    function test_GasOfANewSlot() public {
        bytes memory evidence = _signedAt(START);
        _update("submit, signed 2 of 3, new slot", _wordsAt(START), evidence);
    }

    function test_GasOfTheRest() public {
        _answer(10_000);
        vm.snapshotGasLastCall(GROUP, "submit: first round, transaction");
        skip(60);
        _answer(10_001);
        vm.snapshotGasLastCall(GROUP, "submit: transaction");
        skip(60);
        _answer(20_000);
        vm.snapshotGasLastCall(GROUP, "submit: parks a move, transaction");
        skip(CONFIRM_DELAY);
        _confirmation(20_000);
        vm.snapshotGasLastCall(GROUP, "confirm: transaction");
        _transact(address(oracle), abi.encodeCall(oracle.latestRoundData, ()));
        vm.snapshotGasLastCall(GROUP, "latestRoundData: transaction");
        _transact(address(oracle), abi.encodeCall(oracle.latestRoundDataStrict, ()));
        vm.snapshotGasLastCall(GROUP, "latestRoundDataStrict: transaction");
        _transact(address(oracle), abi.encodeCall(oracle.getRoundData, (1)));
        vm.snapshotGasLastCall(GROUP, "getRoundData: transaction");
    }
}
