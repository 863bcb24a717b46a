// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IBatchProofVerifier } from "../../../src/core/gateway/IBatchProofVerifier.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { SP1Adapter } from "../../../src/core/gateway/adapters/SP1Adapter.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IERC7992Verifier } from "../../../src/interfaces/IERC7992.sol";
import { ModelPin, ModelPins } from "../../../src/types/ModelPin.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { peek, poke } from "../../utils/Memory.sol";
import { AlmostBatchVerifier, AnyProofVerifier, HashBatchVerifier, MockSP1Verifier } from "./Mocks.sol";

/// @dev Several proofs through the gateway: what each alone must be, and no more is accepted.
contract VerdictGatewayManyTest is CoreTest {
    /// @dev What `verifyMany` takes.
    struct Lists {
        ModelPin[] pins;
        uint256[][] publicValues;
        bytes[] proofs;
    }

    bytes private constant REJECTED = abi.encodePacked(IInferenceVerifier.ProofRejected.selector);

    // Of different numbers of public values.
    TestModel[] private _models;
    HashBatchVerifier private _hashes;

    function setUp() public override {
        super.setUp();
        _models.push(_register(_spec(3, 1)));
        _models.push(_register(_spec(30, 1)));
        _models.push(_register(_spec(3, 2)));
        _hashes = new HashBatchVerifier();
    }

    // --------------------------------------------------------------------------------------- lists

    function _lists(uint256 count) private pure returns (Lists memory lists) {
        (lists.pins, lists.publicValues, lists.proofs) =
        (new ModelPin[](count), new uint256[][](count), new bytes[](count));
    }

    /// @dev Of all models in turn.
    function _mix(uint256 count) private view returns (Lists memory lists) {
        lists = _lists(count);
        for (uint256 i = 0; i < count; ++i) {
            TestModel memory model = _models[i % 3];
            lists.pins[i] = model.pin;
            lists.publicValues[i] = new uint256[](i % 3 == 1 ? 4 : 3);
            lists.publicValues[i][0] = _context(model, address(this), bytes32(i));
            lists.proofs[i] = _prove(model, lists.publicValues[i]);
        }
    }

    function _accept(Lists memory lists) private view {
        gateway.verifyMany(lists.pins, lists.publicValues, lists.proofs);
    }

    function _refuse(Lists memory lists, bytes memory reason) private {
        vm.expectRevert(reason);
        gateway.verifyMany(lists.pins, lists.publicValues, lists.proofs);
    }

    function _encoded(Lists memory lists) private pure returns (bytes memory) {
        // The interface's function; the contract has it in its fallback.
        return abi.encodeWithSignature(
            "verifyMany(bytes32[],uint256[][],bytes[])", lists.pins, lists.publicValues, lists.proofs
        );
    }

    function _refuseRaw(bytes memory data, bytes memory expected) private view {
        (bool ok, bytes memory reason) = address(gateway).staticcall{ gas: 5_000_000 }(data);
        assertFalse(ok);
        assertEq(reason, expected);
    }

    function _add(string memory name, address to) private returns (bytes4) {
        vm.prank(admin);
        return gateway.addRoute(name, to);
    }

    /// @dev A pin that no registry has seen: `verify` asks none.
    function _pin(bytes4 route, uint160 key) private pure returns (ModelPin) {
        return ModelPins.make(address(key), route, 1, 1);
    }

    /// @dev Statements of a `HashBatchVerifier`'s route, proved for a list of `many`; alone, if that is
    /// zero.
    function _hashed(bytes4 route, uint256 count, uint256 many) private view returns (Lists memory lists) {
        lists = _lists(count);
        for (uint256 i = 0; i < count; ++i) {
            lists.pins[i] = _pin(route, uint160(100 + i));
            lists.publicValues[i] = new uint256[](i);
            lists.proofs[i] = _hashes.proofOf(address(uint160(100 + i)), lists.publicValues[i], many);
        }
    }

    function _joined(Lists memory a, Lists memory b) private pure returns (Lists memory lists) {
        uint256 n = a.pins.length;
        lists = _lists(n + b.pins.length);
        for (uint256 i = 0; i < lists.pins.length; ++i) {
            (Lists memory from, uint256 j) = i < n ? (a, i) : (b, i - n);
            (lists.pins[i], lists.publicValues[i], lists.proofs[i]) =
            (from.pins[j], from.publicValues[j], from.proofs[j]);
        }
    }

    // ------------------------------------------------------------------------------------- accepts

    function test_VerifiesAnyMixOfModels() public view {
        for (uint256 count = 1; count < 8; ++count) {
            _accept(_mix(count));
        }
    }

    /// @dev The verifier gets keys for pins, and everything else as it was.
    function test_PassesCalldataOn() public {
        Lists memory lists = _mix(4);
        address[] memory keysOf = new address[](4);
        for (uint256 i = 0; i < 4; ++i) {
            keysOf[i] = lists.pins[i].key();
        }
        vm.expectCall(
            address(verifier), abi.encodeCall(verifier.verifyMany, (keysOf, lists.publicValues, lists.proofs)), 1
        );
        _accept(lists);
    }

    function test_ChecksOneRouteTogether() public {
        bytes4 route = _add("hashes-v1", address(_hashes));
        for (uint256 count = 1; count < 5; ++count) {
            _accept(_hashed(route, count, count));
            _refuse(_hashed(route, count, 0), "together");
        }
    }

    /// @dev Of several routes, though each of their verifiers could take its part of the list.
    function test_ChecksSeveralRoutesOneByOne() public {
        bytes4 route = _add("hashes-v1", address(_hashes));
        bytes4 other = _add("hashes-v2", address(_hashes));
        _accept(_joined(_hashed(route, 2, 0), _hashed(other, 2, 0)));
        _accept(_joined(_mix(2), _hashed(other, 1, 0)));
        _accept(_joined(_hashed(other, 1, 0), _mix(2)));
        _refuse(_joined(_hashed(route, 2, 4), _hashed(other, 2, 4)), "alone");
    }

    /// @dev A consumer of another proof system's models can hand in several as well.
    function test_ChecksOneByOneWhatKnowsNoLists() public {
        SP1Adapter adapter = new SP1Adapter(new MockSP1Verifier(false));
        bytes4 route = _add("sp1-groth16-v5", address(adapter));
        bytes32 program = keccak256("program");
        ModelPin pin = _pin(route, uint160(adapter.publishKey(program, 2)));
        Lists memory lists = _lists(3);
        for (uint256 i = 0; i < 3; ++i) {
            lists.pins[i] = pin;
            lists.publicValues[i] = new uint256[](2);
            lists.publicValues[i][1] = i;
            lists.proofs[i] = abi.encode(keccak256(abi.encode(program, abi.encodePacked(lists.publicValues[i]))));
        }
        _accept(lists);
        (lists.proofs[0], lists.proofs[1]) = (lists.proofs[1], lists.proofs[0]);
        _refuse(lists, "SP1");
    }

    /// @dev Whoever does not say `NoProofs()`, and nothing else, as an error is not asked for many.
    function test_AsksOnlyThoseWhoTakeLists() public {
        bytes4[3] memory routes = [
            _add("answers-v1", address(new AlmostBatchVerifier(true))),
            _add("longer-v1", address(new AlmostBatchVerifier(false))),
            _add("any-v1", address(new AnyProofVerifier(false)))
        ];
        for (uint256 i = 0; i < routes.length; ++i) {
            _accept(_hashed(routes[i], 3, 0));
        }
        (address found, bool frozen) = gateway.routeOf(routes[0]);
        assertNotEq(found, address(0));
        assertFalse(frozen);
    }

    /// @dev What a route's record says besides doesn't show.
    function test_RoutesOfBatchVerifiersLookLikeOthers() public {
        bytes4 route = _add("hashes-v1", address(_hashes));
        (address found, bool frozen) = gateway.routeOf(route);
        assertEq(found, address(_hashes));
        assertFalse(frozen);
        Lists memory alone = _hashed(route, 1, 0);
        gateway.verify(alone.pins[0], alone.publicValues[0], alone.proofs[0]);
        vm.prank(guardian);
        gateway.freezeRoute(route);
        (found, frozen) = gateway.routeOf(route);
        assertEq(found, address(_hashes));
        assertTrue(frozen);
    }

    // ------------------------------------------------------------------------------------- refuses

    function test_RevertWhen_ThereAreNoProofs() public {
        bytes memory reason = abi.encodeWithSelector(IBatchProofVerifier.NoProofs.selector);
        _refuse(_lists(0), reason);
        Lists memory lists = _mix(1);
        lists.pins = new ModelPin[](0);
        _refuse(lists, reason);
    }

    function test_RevertWhen_ListsDiffer() public {
        bytes4 route = _add("any-v1", address(new AnyProofVerifier(false)));
        for (uint256 values = 1; values < 4; ++values) {
            for (uint256 proofs = 1; proofs < 4; ++proofs) {
                if (values == 2 && proofs == 2) continue;
                bytes memory reason =
                    abi.encodeWithSelector(IBatchProofVerifier.ListLengthsDiffer.selector, 2, values, proofs);
                // Together, and one by one.
                _refuse(Lists(_mix(2).pins, _mix(values).publicValues, _mix(proofs).proofs), reason);
                _refuse(
                    Lists(
                        _hashed(route, 2, 0).pins,
                        _hashed(route, values, 0).publicValues,
                        _hashed(route, proofs, 0).proofs
                    ),
                    reason
                );
            }
        }
    }

    /// @dev A frozen route among open ones, at any place, and alone.
    function test_RevertWhen_ARouteIsFrozen() public {
        bytes4 route = _add("any-v1", address(new AnyProofVerifier(false)));
        bytes memory reason = abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        _refuse(_mix(2), reason);
        for (uint256 place = 0; place < 3; ++place) {
            _refuse(_joined(_joined(_hashed(route, place, 0), _mix(1)), _hashed(route, 2 - place, 0)), reason);
        }
        _accept(_hashed(route, 2, 0));
    }

    function test_RevertWhen_ThereIsNoRoute() public {
        Lists memory lists = _mix(3);
        for (uint256 i = 0; i < 3; ++i) {
            ModelPin pin = lists.pins[i];
            lists.pins[i] = _pin(NO_ROUTE, uint160(pin.key()));
            _refuse(lists, _noRoute());
            lists.pins[i] = ModelPin.wrap(0);
            _refuse(lists, abi.encodeWithSelector(IERC7992Verifier.UnsupportedProofSystem.selector, bytes4(0)));
            lists.pins[i] = pin;
        }
        _accept(lists);
    }

    /// @dev A verifier that destroys itself in the transaction in which it was made and added.
    function test_Attack_VerifierVanishes() public {
        address[2] memory found = [address(_hashes), address(new AnyProofVerifier(false))];
        bytes4[2] memory routes = [_add("hashes-v1", found[0]), _add("any-v1", found[1])];
        Lists[2] memory both = [_hashed(routes[0], 2, 2), _hashed(routes[1], 2, 2)];
        for (uint256 i = 0; i < 2; ++i) {
            Lists memory lists = both[i];
            _accept(lists);
            vm.etch(found[i], "");
            _refuse(lists, abi.encodeWithSelector(IVerdictRoutes.NotAVerifier.selector, found[i]));
            lists = _joined(_mix(1), lists);
            _refuse(lists, abi.encodeWithSelector(IVerdictRoutes.NotAVerifier.selector, found[i]));
        }
    }

    /// @dev The list of pins somewhere else, or longer than what was sent.
    function test_RevertWhen_PinsAreElsewhere() public view {
        bytes memory data = _encoded(_mix(2));
        bytes memory reason = abi.encodeWithSelector(IVerdictRoutes.NonCanonicalCalldata.selector);
        uint256[6] memory offsets = [uint256(0), 0x40, 0x80, 0x61, 1 << 255, type(uint256).max];
        for (uint256 i = 0; i < offsets.length; ++i) {
            _refuseRaw(poke(bytes.concat(data), 4, offsets[i]), reason);
        }
        uint256 most = (data.length - 132) / 32;
        uint256[5] memory counts = [most + 1, data.length / 32, 1 << 64, 1 << 251, type(uint256).max];
        for (uint256 i = 0; i < counts.length; ++i) {
            _refuseRaw(poke(bytes.concat(data), 100, counts[i]), reason);
        }
        assertEq(peek(data, 4), 96);
        assertEq(peek(data, 100), 2);
        // Nothing but the selector.
        _refuseRaw(abi.encodePacked(bytes4(bytes.concat(data))), reason);
    }

    /// @dev A verifier that reads calldata leniently: the keys that it would read are not those that
    /// the gateway made of pins.
    function test_Attack_KeysThatAreNoPins() public {
        bytes4 route = _add("hashes-v1", address(_hashes));
        Lists memory lists = _hashed(route, 1, 1);
        // A second list of keys, of one that the caller never pinned, within the public values.
        lists.publicValues[0] = new uint256[](2);
        (lists.publicValues[0][0], lists.publicValues[0][1]) = (1, 0xbad);
        lists.proofs[0] = _hashes.proofOf(address(0xbad), lists.publicValues[0], 1);
        _refuse(lists, "together");
        bytes memory data = _encoded(lists);
        uint256 wordsAt = 4 + 3 * 32 + 2 * 32 + 2 * 32 + 32;
        assertEq(peek(data, wordsAt + 32), 0xbad);
        _refuseRaw(poke(data, 4, wordsAt - 4), abi.encodeWithSelector(IVerdictRoutes.NonCanonicalCalldata.selector));
    }

    function test_RevertWhen_OneOfThemIsWrong() public {
        Lists memory lists = _mix(5);
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 word = 0; word < lists.publicValues[i].length; ++word) {
                lists.publicValues[i][word] ^= 1;
                _refuse(lists, REJECTED);
                lists.publicValues[i][word] ^= 1;
            }
        }
        _accept(lists);
    }

    /// @dev No proof stands for another statement, of the same model or of another.
    function test_Attack_ExchangedParts() public {
        Lists memory lists = _mix(6);
        for (uint256 i = 0; i < 6; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                (lists.proofs[i], lists.proofs[j]) = (lists.proofs[j], lists.proofs[i]);
                _refuse(lists, REJECTED);
                (lists.proofs[i], lists.proofs[j]) = (lists.proofs[j], lists.proofs[i]);
                bytes memory mine = lists.proofs[i];
                lists.proofs[i] = lists.proofs[j];
                _refuse(lists, REJECTED);
                lists.proofs[i] = mine;
                if (i % 3 == j % 3) continue;
                (lists.pins[i], lists.pins[j]) = (lists.pins[j], lists.pins[i]);
                (bool ok,) = address(gateway).staticcall(_encoded(lists));
                assertFalse(ok);
                (lists.pins[i], lists.pins[j]) = (lists.pins[j], lists.pins[i]);
            }
        }
        _accept(lists);
    }

    function test_RevertWhen_EtherIsSent() public {
        vm.deal(address(this), 1);
        (bool ok,) = address(gateway).call{ value: 1 }(_encoded(_mix(2)));
        assertFalse(ok);
    }

    // ------------------------------------------------------------------------------------ agreement

    /// @dev Accepted is exactly a list of which each is accepted alone, whatever was done to it.
    function testFuzz_AgreesWithOneByOne(uint256 count, uint256 seed) public {
        bytes4 route = _add("any-v1", address(new AnyProofVerifier(false)));
        Lists memory lists = _mix(bound(count, 1, 4));
        uint256 i = seed % lists.pins.length;
        uint256 what = (seed >> 8) % 6;
        if (what == 0) lists.publicValues[i][(seed >> 16) % 3] ^= 1 << (seed >> 32) % 253;
        if (what == 1) lists.proofs[i][(seed >> 16) % lists.proofs[i].length] ^= bytes1(uint8(1 << (seed >> 32) % 8));
        if (what == 2) lists.proofs[i] = lists.proofs[(seed >> 16) % lists.proofs.length];
        if (what == 3) lists.pins[i] = _pin(route, 1);
        if (what == 4) lists.pins[i] = lists.pins[(seed >> 16) % lists.pins.length];
        bool all = true;
        for (uint256 j = 0; j < lists.pins.length; ++j) {
            try gateway.verify{ gas: 3_000_000 }(lists.pins[j], lists.publicValues[j], lists.proofs[j]) { }
            catch {
                all = false;
            }
        }
        (bool ok,) = address(gateway).staticcall{ gas: 12_000_000 }(_encoded(lists));
        assertEq(ok, all);
        if (what == 3 || what == 5) assertTrue(ok);
    }

    /// forge-config: default.fuzz.runs = 512
    function testFuzz_RevertWhen_AnyBitIsFlipped(uint256 bit) public view {
        bytes memory data = _encoded(_mix(3));
        bit = bound(bit, 0, 8 * data.length - 1);
        // Model and version of a pin are the caller's to know: neither gateway nor verifier looks.
        for (uint256 i = 0; i < 3; ++i) {
            if (bit / 8 >= 132 + 32 * i + 24 && bit / 8 < 132 + 32 * i + 32) return;
        }
        data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool ok,) = address(gateway).staticcall{ gas: 5_000_000 }(data);
        assertFalse(ok);
    }
}
