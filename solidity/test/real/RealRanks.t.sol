// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SpecJson } from "../../script/base/SpecJson.sol";
import { OracleConfig } from "../../src/consumers/oracle/IInferenceOracle.sol";
import { InferenceOracle } from "../../src/consumers/oracle/InferenceOracle.sol";
import { IInferenceVerifier } from "../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { Feed } from "../../src/features/Feeds.sol";
import { OnChainFeatures } from "../../src/features/OnChainFeatures.sol";
import { FixedPoint } from "../../src/libraries/FixedPoint.sol";
import { PublicValues } from "../../src/libraries/PublicValues.sol";
import { Ranks } from "../../src/libraries/Ranks.sol";
import { ModelSpec, Packing } from "../../src/types/Schemas.sol";
import { MockFeed } from "../features/Mocks.sol";
import { RealConsumerTest } from "./RealConsumerTest.sol";

contract RanksReader is SpecJson {
    function read(string calldata json) external view returns (ModelSpec memory, bytes memory) {
        return (_specOf(json), _breakpoints(json));
    }
}

/// @dev A tree whose ten features are ranks among its own thresholds, read on chain from feeds of 8
/// and 18 decimals, and a proof that the command line made of the same decimals.
contract RealRanksTest is RealConsumerTest {
    // Part of the proof's context.
    address private constant ORACLE = address(0xa0007);
    string private constant FOLDER = "../test-vectors/consumers/ranks";

    InferenceOracle private _oracle = InferenceOracle(ORACLE);
    MockFeed private _mock = new MockFeed();
    OnChainFeatures private _source;
    TestModel private _tree;
    // As input.json has them, in hundred-millionths.
    int256[10] private _numbers = [int256(59e8), 2e8, 27.3e8, 100e8, 158e8, 99.67e8, 41e8, 4e8, 4.6052e8, 85.33e8];

    function setUp() public override {
        super.setUp();
        (ModelSpec memory spec, bytes memory table) =
            new RanksReader().read(vm.readFile(string.concat(FOLDER, "/spec.json")));
        Real memory file = _real("ranks");
        _tree = _registerCompiled(file.modelHash, file.key, spec, keccak256(table));
        Feed[] memory feeds = new Feed[](10);
        for (uint256 i = 0; i < 10; ++i) {
            (feeds[i].target, feeds[i].data) = (address(_mock), abi.encodeCall(MockFeed.read, (i)));
            (feeds[i].isSigned, feeds[i].decimals) = (true, _decimals(i));
            _set(i, _numbers[i]);
        }
        _source = new OnChainFeatures(registry, _tree.id, 0, feeds);
        bytes[] memory parts = Ranks.split(table);
        address[] memory accounts = new address[](parts.length);
        for (uint256 i = 0; i < parts.length; ++i) {
            accounts[i] = _source.publishBreakpoints(parts[i]);
        }
        _source.prepareWithBreakpoints(1, accounts);
        _deployOracle();
    }

    function _decimals(uint256 feature) private pure returns (uint8) {
        return feature % 2 == 0 ? 8 : 18;
    }

    /// @dev A feature becomes this number of hundred-millionths.
    function _set(uint256 feature, int256 number) private {
        _mock.set(feature, _decimals(feature) == 8 ? number : number * 1e10);
    }

    function _deployOracle() private {
        OracleConfig memory config;
        (config.description, config.decimals) = ("progression of a disease", 8);
        (config.minAnswer, config.maxAnswer, config.maxMove, config.maxMoveBps) = (0, 1000e8, 1e8, 1000);
        (config.maxAge, config.maxSkew, config.heartbeat, config.moveWindow) = (1 hours, 1 minutes, 2 hours, 1 hours);
        (config.confirmDelay, config.confirmWindow) = (10 minutes, 1 hours);
        (config.history, config.switchDelay) = (16, 2 days);
        deployCodeTo(
            "InferenceOracle.sol:InferenceOracle",
            abi.encode(gateway, _tree.id, _tree.version, _source, config, admin, guardian),
            ORACLE
        );
    }

    /// @dev What the oracle computes is what the proof was made for. With $VERDICT_WRITE_CONTEXTS,
    /// written down for the prover.
    function test_ContextIsTheRanksProofs() public {
        (, uint256 context) = _oracle.nextContext(0, false);
        if (vm.envOr("VERDICT_WRITE_CONTEXTS", false)) {
            vm.createDir("deployments/test", true);
            string memory json = vm.serializeBytes32("ranks", "ranks", bytes32(context));
            vm.writeJson(json, "deployments/test/context-of-ranks.json");
            return;
        }
        assertEq(_real("ranks").context, context);
    }

    /// @dev The chain packs the words that the prover's program made of the same numbers.
    function test_AnOracleTakesATreesAnswerOfWhatTheChainReads() public {
        Real memory r = _real("ranks");
        assertEq(_source.features(_tree.pin, 0, "").words, r.words);
        assertEq(_oracle.submit("", r.outputs, r.proof), 1);
        (, int256 answer,,,) = _oracle.latestRoundDataStrict();
        assertEq(answer, FixedPoint.toDecimals(_integerOf(r), registry.outputSchemaOf(_tree.id, 1, 0).scaleE36, 8));
    }

    /// @dev The tree asks whether feature 2 is less than 27.3, as a 32-bit float. 27.29999829 is that
    /// float, and 27.29999828 the one before.
    function test_ThresholdsAreWhereTheModelHasThem() public {
        Real memory r = _real("ranks");
        uint256 snapshot = vm.snapshotState();
        _set(2, 27.29999829e8);
        assertEq(_source.features(_tree.pin, 0, "").words, r.words);
        assertEq(_oracle.submit("", r.outputs, r.proof), 1);

        vm.revertToState(snapshot);
        _set(2, 27.29999828e8);
        int256[] memory integers = _source.integers(_tree.pin);
        assertEq(integers[2], PublicValues.unpack(r.words, 0, Packing.Bytes, 10)[2] - 1);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _oracle.submit("", r.outputs, r.proof);
    }
}
