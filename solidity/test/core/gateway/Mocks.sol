// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IBatchProofVerifier } from "../../../src/core/gateway/IBatchProofVerifier.sol";
import { IProofVerifier } from "../../../src/core/gateway/IProofVerifier.sol";
import { IERC8004ValidationRegistry } from "../../../src/interfaces/IERC8004ValidationRegistry.sol";
import { IRiscZeroVerifier } from "../../../src/interfaces/IRiscZeroVerifier.sol";
import { ISP1Verifier } from "../../../src/interfaces/ISP1Verifier.sol";

/// @dev Accepts every proof.
contract AnyProofVerifier is IProofVerifier {
    bool public immutable isDevelopmentSetup;

    constructor(bool development) {
        isDevelopmentSetup = development;
    }

    function verify(address, uint256[] calldata, bytes calldata) external view { }
}

/// @dev The same, and takes several at once.
contract AnyBatchVerifier is IBatchProofVerifier {
    bool public immutable isDevelopmentSetup;

    constructor(bool development) {
        isDevelopmentSetup = development;
    }

    function verify(address, uint256[] calldata, bytes calldata) external view { }

    function verifyMany(address[] calldata keys, uint256[][] calldata, bytes[] calldata) external pure {
        if (keys.length == 0) revert NoProofs();
    }
}

/// @dev Takes several at once, and reads calldata as leniently as Solidity does. A proof is the hash of
/// what it proves, one of several is followed by how many they are: so a test can tell who checked it.
contract HashBatchVerifier is IBatchProofVerifier {
    bool public constant isDevelopmentSetup = false;

    function verify(address key, uint256[] calldata publicValues, bytes calldata proof) external pure {
        require(keccak256(proof) == keccak256(proofOf(key, publicValues, 0)), "alone");
    }

    function verifyMany(address[] calldata keys, uint256[][] calldata publicValues, bytes[] calldata proofs)
        external
        pure
    {
        if (keys.length == 0) revert NoProofs();
        if (publicValues.length != keys.length || proofs.length != keys.length) {
            revert ListLengthsDiffer(keys.length, publicValues.length, proofs.length);
        }
        for (uint256 i = 0; i < keys.length; ++i) {
            require(keccak256(proofs[i]) == keccak256(proofOf(keys[i], publicValues[i], keys.length)), "together");
        }
    }

    function proofOf(address key, uint256[] calldata publicValues, uint256 many) public pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode(key, publicValues)), many);
    }
}

/// @dev Is no `IBatchProofVerifier`, though it has something to say of an empty list: `NoProofs()` as an
/// answer, or an error that only begins so.
contract AlmostBatchVerifier is IProofVerifier {
    bool public constant isDevelopmentSetup = false;

    bool private immutable _ANSWERS;

    constructor(bool answers) {
        _ANSWERS = answers;
    }

    function verify(address, uint256[] calldata, bytes calldata) external view { }

    function verifyMany(address[] calldata keys, uint256[][] calldata, bytes[] calldata) external view {
        require(keys.length == 0, "asked for many");
        bytes memory data = abi.encodeWithSelector(IBatchProofVerifier.NoProofs.selector);
        if (!_ANSWERS) data = bytes.concat(data, hex"00");
        bool answers = _ANSWERS;
        assembly ("memory-safe") {
            if answers { return(add(data, 0x20), mload(data)) }
            revert(add(data, 0x20), mload(data))
        }
    }
}

/// @dev Answers the same to everything.
contract Answers {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @dev Reverts with an answer.
contract Refuses {
    fallback() external {
        assembly {
            mstore(0, 0)
            revert(0, 32)
        }
    }
}

/// @dev Accepts one statement, of which the proof is keccak256. With `acceptsAll`, like SP1's mock,
/// an empty proof of anything.
contract MockSP1Verifier is ISP1Verifier {
    bool private immutable _ACCEPTS_ALL;

    constructor(bool acceptsAll) {
        _ACCEPTS_ALL = acceptsAll;
    }

    function verifyProof(bytes32 programVKey, bytes calldata publicValues, bytes calldata proofBytes) external view {
        if (_ACCEPTS_ALL && proofBytes.length == 0) return;
        require(keccak256(proofBytes) == keccak256(abi.encode(keccak256(abi.encode(programVKey, publicValues)))), "SP1");
    }
}

/// @dev Accepts one statement, of which the seal is a selector and keccak256. Like RISC Zero's
/// mock, takes any selector and refuses an empty seal, unless `acceptsAll`.
contract MockRiscZeroVerifier is IRiscZeroVerifier {
    bool private immutable _ACCEPTS_ALL;

    constructor(bool acceptsAll) {
        _ACCEPTS_ALL = acceptsAll;
    }

    function verify(bytes calldata seal, bytes32 imageId, bytes32 journalDigest) external view {
        if (_ACCEPTS_ALL) return;
        require(bytes32(seal[4:]) == keccak256(abi.encode(imageId, journalDigest)), "RISC Zero");
    }
}

/// @dev ERC-8004's registry of validations, as far as a validator can see.
contract MockValidationRegistry is IERC8004ValidationRegistry {
    struct Status {
        address validator;
        uint256 agentId;
        uint8 response;
        bytes32 responseHash;
        string tag;
        uint256 lastUpdate;
    }

    mapping(bytes32 requestHash => Status) private _status;
    mapping(uint256 agentId => bytes32[]) private _requestsOf;

    function validationRequest(address validator, uint256 agentId, string calldata, bytes32 requestHash) external {
        require(_status[requestHash].validator == address(0), "exists");
        _requestsOf[agentId].push(requestHash);
        (_status[requestHash].validator, _status[requestHash].agentId) = (validator, agentId);
    }

    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata,
        bytes32 responseHash,
        string calldata tag
    ) external {
        Status storage status = _status[requestHash];
        require(msg.sender == status.validator, "not the validator");
        (status.response, status.responseHash, status.tag) = (response, responseHash, tag);
        status.lastUpdate = block.timestamp;
    }

    function getValidationStatus(bytes32 requestHash)
        external
        view
        returns (address, uint256, uint8, bytes32, string memory, uint256)
    {
        Status storage s = _status[requestHash];
        return (s.validator, s.agentId, s.response, s.responseHash, s.tag, s.lastUpdate);
    }

    /// @dev As the published registry counts: those that have a response, of the validators, if any are
    /// named, and with the tag, if it isn't empty.
    function getSummary(uint256 agentId, address[] calldata validators, string calldata tag)
        external
        view
        returns (uint64 count, uint8 averageResponse)
    {
        uint256 total;
        bytes32[] storage requests = _requestsOf[agentId];
        for (uint256 i = 0; i < requests.length; ++i) {
            Status storage s = _status[requests[i]];
            if (s.lastUpdate == 0) continue;
            if (bytes(tag).length != 0 && keccak256(bytes(tag)) != keccak256(bytes(s.tag))) continue;
            bool named = validators.length == 0;
            for (uint256 j = 0; j < validators.length; ++j) {
                if (validators[j] == s.validator) named = true;
            }
            if (!named) continue;
            ++count;
            total += s.response;
        }
        averageResponse = count == 0 ? 0 : uint8(total / count);
    }
}
