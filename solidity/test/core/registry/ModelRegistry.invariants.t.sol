// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { IERC7992Registry } from "../../../src/interfaces/IERC7992.sol";
import { CoreTest } from "../../utils/CoreTest.sol";

/// @dev Does to a registry what owners and others may try, in any order, and remembers what they
/// announced.
contract RegistryHandler is Test {
    struct Proposal {
        bytes32 commitment;
        uint256 time;
    }

    IModelRegistry public immutable REGISTRY;

    address[] private _actors;
    IERC7992Registry.ModelCommitment[] private _commitments;

    // By model.
    mapping(uint256 id => Proposal) private _proposals;
    mapping(uint256 id => bytes32[]) public versions;
    mapping(uint256 id => bool) public modelDeprecated;
    mapping(uint256 id => mapping(uint256 version => bool)) public versionDeprecated;
    mapping(uint256 id => address) public owner;
    mapping(uint256 id => address) private _offered;

    // Set when something happened that must not.
    string public violation;
    uint256 public executions;

    constructor(IModelRegistry registry, IERC7992Registry.ModelCommitment[] memory commitments) {
        REGISTRY = registry;
        for (uint256 i = 0; i < commitments.length; ++i) {
            _commitments.push(commitments[i]);
        }
        for (uint256 i = 0; i < 3; ++i) {
            _actors.push(makeAddr(vm.toString(i)));
        }
    }

    function versionsOf(uint256 id) external view returns (uint256) {
        return versions[id].length;
    }

    function register(uint256 actor, uint256 which, uint256 delay) external {
        if (REGISTRY.modelCount() >= 2) return;
        IERC7992Registry.ModelCommitment memory commitment = _commitment(which);
        address who = _actors[actor % 3];
        uint32 chosen = uint32(bound(delay, REGISTRY.minimumDelay(), 4 days));
        vm.prank(who);
        uint256 id = REGISTRY.registerModel(commitment, chosen);
        owner[id] = who;
        versions[id].push(keccak256(abi.encode(commitment)));
    }

    function propose(uint256 actor, uint256 model, uint256 which) external {
        (address who, uint256 id) = _pick(actor, model);
        IERC7992Registry.ModelCommitment memory commitment = _commitment(which);
        vm.prank(who);
        try REGISTRY.updateModel(id, commitment) {
            _require(who == owner[id], "a stranger proposed");
            _require(_proposals[id].time == 0, "an update replaced a pending one");
            _proposals[id] = Proposal(keccak256(abi.encode(commitment)), block.timestamp);
        } catch { }
    }

    function cancel(uint256 actor, uint256 model) external {
        (address who, uint256 id) = _pick(actor, model);
        vm.prank(who);
        try REGISTRY.cancelUpdate(id) {
            _require(who == owner[id], "a stranger cancelled");
            delete _proposals[id];
        } catch { }
    }

    function execute(uint256 actor, uint256 model) external {
        (address who, uint256 id) = _pick(actor, model);
        vm.prank(who);
        try REGISTRY.executeUpdate(id) returns (uint32 version) {
            Proposal memory proposal = _proposals[id];
            uint256 due = proposal.time + REGISTRY.delayOf(id);
            _require(proposal.time != 0, "nothing was announced");
            _require(block.timestamp >= due, "faster than the delay");
            _require(block.timestamp < due + REGISTRY.executionWindow(), "later than the window");
            bytes32 found = keccak256(abi.encode(REGISTRY.versionOf(id, version).commitment));
            _require(found == proposal.commitment, "another commitment than announced");
            _require(!modelDeprecated[id], "a deprecated model was updated");
            versions[id].push(found);
            delete _proposals[id];
            ++executions;
        } catch { }
    }

    function deprecateVersion(uint256 actor, uint256 model, uint256 version) external {
        (address who, uint256 id) = _pick(actor, model);
        if (version % 4 != 0) return;
        version = bound(version, 0, versions[id].length + 1);
        vm.prank(who);
        try REGISTRY.deprecateVersion(id, uint32(version)) {
            _require(who == owner[id], "a stranger deprecated");
            versionDeprecated[id][version] = true;
        } catch { }
    }

    function deprecateModel(uint256 actor, uint256 model) external {
        // Seldom: nothing happens to the model afterwards.
        if (model % 16 != 0) return;
        (address who, uint256 id) = _pick(actor, model / 16);
        vm.prank(who);
        try REGISTRY.deprecateModel(id) {
            _require(who == owner[id], "a stranger deprecated");
            modelDeprecated[id] = true;
            delete _proposals[id];
        } catch { }
    }

    function transfer(uint256 actor, uint256 model, uint256 to) external {
        (address who, uint256 id) = _pick(actor, model);
        vm.prank(who);
        try REGISTRY.transferModel(id, _actors[to % 3]) {
            _require(who == owner[id], "a stranger offered");
            _offered[id] = _actors[to % 3];
        } catch { }
    }

    function accept(uint256 actor, uint256 model) external {
        (address who, uint256 id) = _pick(actor, model);
        vm.prank(who);
        try REGISTRY.acceptModel(id) {
            _require(who == _offered[id], "taken without an offer");
            owner[id] = who;
            delete _offered[id];
            delete _proposals[id];
        } catch { }
    }

    function wait(uint256 time) external {
        skip(bound(time, 1 hours, 8 days));
    }

    function _commitment(uint256 which) private view returns (IERC7992Registry.ModelCommitment memory) {
        return _commitments[which % _commitments.length];
    }

    /// @dev A model, mostly one that exists, and somebody, mostly its owner.
    function _pick(uint256 actor, uint256 model) private view returns (address who, uint256 id) {
        id = bound(model, 1, model % 8 == 0 ? REGISTRY.modelCount() + 1 : REGISTRY.modelCount());
        who = actor % 2 == 0 && owner[id] != address(0) ? owner[id] : _actors[actor % 3];
    }

    function _require(bool condition, string memory what) private {
        if (!condition) violation = what;
    }
}

/// forge-config: default.invariant.fail-on-revert = true
contract ModelRegistryInvariants is CoreTest {
    RegistryHandler private _handler;

    function setUp() public override {
        super.setUp();
        IERC7992Registry.ModelCommitment[] memory commitments = new IERC7992Registry.ModelCommitment[](3);
        for (uint32 i = 0; i < 3; ++i) {
            commitments[i] = _commitment(_newSeed(), _spec(i, i + 1));
        }
        _handler = new RegistryHandler(registry, commitments);
        targetContract(address(_handler));
        _handler.register(0, 0, DELAY);
    }

    /// @dev The properties below, all in one campaign.
    function invariant_OwnersCanOnlyAnnounceOrStop() public view {
        _nothingHappensThatMustNot();
        _deprecationIsForever();
        _modelsChangeHandsInTwoSteps();
    }

    /// @dev After each sequence.
    function afterInvariant() public view {
        _versionsNeverChange();
    }

    /// @notice No sequence of calls makes a version active that its owner did not announce a whole
    /// delay before, and nobody but the owner, or whom the owner offered the model to, changes
    /// anything.
    function _nothingHappensThatMustNot() private view {
        assertEq(_handler.violation(), "");
    }

    /// @notice A version, once it exists, is the same forever; there are as many as were registered
    /// and executed.
    function _versionsNeverChange() private view {
        for (uint256 id = 1; id <= registry.modelCount(); ++id) {
            assertEq(registry.versionCount(id), _handler.versionsOf(id));
            for (uint32 v = 1; v <= registry.versionCount(id); ++v) {
                IModelRegistry.ModelVersion memory version = registry.versionOf(id, v);
                assertEq(keccak256(abi.encode(version.commitment)), _handler.versions(id, v - 1));
                assertEq(version.key, registry.keyOf(version.commitment.vkHash));
                assertEq(registry.pinOf(id, v).key(), version.key);
                assertEq(registry.pinOf(id, v).version(), v);
            }
        }
    }

    /// @notice What was deprecated is never active again, and what wasn't is.
    function _deprecationIsForever() private view {
        for (uint256 id = 1; id <= registry.modelCount(); ++id) {
            for (uint32 v = 1; v <= registry.versionCount(id); ++v) {
                bool deprecated = _handler.modelDeprecated(id) || _handler.versionDeprecated(id, v);
                assertEq(registry.isActive(id, v), !deprecated);
            }
        }
    }

    /// @notice A model belongs to whom it was registered by or last accepted by.
    function _modelsChangeHandsInTwoSteps() private view {
        for (uint256 id = 1; id <= registry.modelCount(); ++id) {
            (,, address owner) = registry.getModel(id);
            assertEq(owner, _handler.owner(id));
        }
    }
}
