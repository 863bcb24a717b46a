// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import { console } from "forge-std/console.sol";

import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { Packing } from "../../../src/types/Schemas.sol";
import { AirdropTest } from "./AirdropTest.sol";
import { CodeDesign, CommitmentDesign, SlotsDesign } from "./StorageDesigns.sol";

/// @dev Why scores are kept as code: whole transactions that only keep, and only read, them.
/// forge-config: default.isolate = true
contract StorageDesignsGasTest is AirdropTest {
    string private constant GROUP = "ScoredAirdrop";

    function _scoreWords(Person[] memory people) private pure returns (uint256[] memory) {
        int256[] memory scores = new int256[](people.length);
        for (uint256 i = 0; i < scores.length; ++i) {
            scores[i] = people[i].score;
        }
        return PublicValues.pack(scores, Packing.Signed);
    }

    function _note(string memory design, uint256 items, uint256 accept, uint256 claim) private {
        string memory n = string.concat("design ", design, ", N = ", vm.toString(items));
        vm.snapshotValue(GROUP, string.concat(n, ": accept, per account"), accept / items);
        vm.snapshotValue(GROUP, string.concat(n, ": claim"), claim);
        console.log(n, accept / items, claim, accept / items + claim);
    }

    function _leafWithScore(uint256 i, Person memory p, uint256 score) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(i, p.account, p.identity, score))));
    }

    /// @dev The path to item 2 of a tree whose leaves hold scores too.
    function _pathWithScores(Person[] memory people) private pure returns (bytes32[] memory) {
        bytes32[][] memory levels = _levels(people);
        for (uint256 i = 0; i < people.length; ++i) {
            levels[0][i] = _leafWithScore(i, people[i], _packed(people[i]));
        }
        for (uint256 h = 1; h < levels.length; ++h) {
            bytes32[] memory below = levels[h - 1];
            for (uint256 i = 0; i < below.length; i += 2) {
                levels[h][i / 2] =
                    i + 1 == below.length ? below[i] : Hashes.commutativeKeccak256(below[i], below[i + 1]);
            }
        }
        return _path(levels, 2);
    }

    function _slots(Person[] memory people, uint256[] memory words) private {
        SlotsDesign design = new SlotsDesign();
        design.accept(1, _root(people), words);
        uint256 accept = vm.lastCallGas().gasTotalUsed;
        Person memory p = people[2];
        assertEq(design.score(1, 2, p.account, p.identity, _path(_levels(people), 2)), _packed(p));
        _note("slots", people.length, accept, vm.lastCallGas().gasTotalUsed);
    }

    function _code(Person[] memory people, uint256[] memory words) private {
        CodeDesign design = new CodeDesign();
        design.accept(1, _root(people), words);
        uint256 accept = vm.lastCallGas().gasTotalUsed;
        Person memory p = people[2];
        assertEq(design.score(1, 2, p.account, p.identity, _path(_levels(people), 2)), _packed(p));
        _note("code", people.length, accept, vm.lastCallGas().gasTotalUsed);
    }

    function _commitment(Person[] memory people, uint256[] memory words) private {
        CommitmentDesign design = new CommitmentDesign();
        uint256 items = people.length;
        (address[] memory accounts, uint256[] memory identities) = (new address[](items), new uint256[](items));
        for (uint256 i = 0; i < items; ++i) {
            (accounts[i], identities[i]) = (people[i].account, people[i].identity);
        }
        design.accept(1, accounts, identities, words);
        uint256 accept = vm.lastCallGas().gasTotalUsed;
        Person memory p = people[2];
        bytes32[] memory path = _pathWithScores(people);
        assertEq(design.score(1, 2, p.account, p.identity, _packed(p), path), _packed(p));
        _note("commitment", items, accept, vm.lastCallGas().gasTotalUsed);
    }

    function _packed(Person memory p) private pure returns (uint256) {
        return uint256(p.score + 32_768);
    }

    function _measure(uint256 items) private {
        Person[] memory people = _people(0, items);
        uint256[] memory words = _scoreWords(people);
        _slots(people, words);
        _code(people, words);
        _commitment(people, words);
    }

    function test_GasOfTheDesigns() public {
        _measure(100);
        _measure(1000);
    }
}
