// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import { CodeWords } from "../../../src/consumers/airdrop/CodeWords.sol";

// Three ways to keep a batch's scores until they are claimed, without anything else that an airdrop
// does; `ScoredAirdrop` is built on the third. In all of them a claim proves membership: only what
// binds the score to the account differs.

/// @dev One commitment to (index, account, identity, score): computed on chain, since the scores
/// are known only there; whoever submits brings all accounts and identities.
contract CommitmentDesign {
    mapping(uint256 batch => bytes32) private _roots;

    function accept(
        uint256 batch,
        address[] calldata accounts,
        uint256[] calldata identities,
        uint256[] calldata scoreWords
    ) external {
        uint256 count = accounts.length;
        bytes32[] memory nodes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 value = (scoreWords[i / 15] >> (16 * (i % 15))) & 0xffff;
            nodes[i] = keccak256(bytes.concat(keccak256(abi.encode(i, accounts[i], identities[i], value))));
        }
        while (count > 1) {
            for (uint256 i = 0; i < count; i += 2) {
                nodes[i / 2] = i + 1 == count ? nodes[i] : Hashes.commutativeKeccak256(nodes[i], nodes[i + 1]);
            }
            count = (count + 1) / 2;
        }
        _roots[batch] = nodes[0];
    }

    function score(
        uint256 batch,
        uint256 index,
        address account,
        uint256 identity,
        uint256 score_,
        bytes32[] calldata path
    ) external returns (uint256) {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(index, account, identity, score_))));
        require(MerkleProof.verifyCalldata(path, _roots[batch], leaf));
        return score_;
    }
}

/// @dev The signers' root of (index, account, identity), and the proof's score words in storage.
contract SlotsDesign {
    struct Batch {
        bytes32 root;
        mapping(uint256 => uint256) scoreWords;
    }

    mapping(uint256 batch => Batch) private _batches;

    function accept(uint256 batch, bytes32 root, uint256[] calldata scoreWords) external {
        Batch storage b = _batches[batch];
        b.root = root;
        for (uint256 i = 0; i < scoreWords.length; ++i) {
            b.scoreWords[i] = scoreWords[i];
        }
    }

    function score(uint256 batch, uint256 index, address account, uint256 identity, bytes32[] calldata path)
        external
        returns (uint256)
    {
        Batch storage b = _batches[batch];
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(index, account, identity))));
        require(MerkleProof.verifyCalldata(path, b.root, leaf));
        return (b.scoreWords[index / 15] >> (16 * (index % 15))) & 0xffff;
    }
}

/// @dev The same, as the code of an account.
contract CodeDesign {
    mapping(uint256 batch => address) private _batches;

    function accept(uint256 batch, bytes32 root, uint256[] calldata scoreWords) external {
        _batches[batch] = CodeWords.write(root, scoreWords, 0, scoreWords.length);
    }

    function score(uint256 batch, uint256 index, address account, uint256 identity, bytes32[] calldata path)
        external
        returns (uint256)
    {
        address data = _batches[batch];
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(index, account, identity))));
        require(MerkleProof.verifyCalldata(path, bytes32(CodeWords.wordAt(data, 0)), leaf));
        return (CodeWords.wordAt(data, 1 + index / 15) >> (16 * (index % 15))) & 0xffff;
    }
}
