// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC1271 } from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import { OnChainFeatures } from "../../src/features/OnChainFeatures.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";

/// @dev View functions, well and badly behaved.
contract MockFeed {
    error Broken();

    mapping(uint256 id => int256) public valueOf;
    int256 public answer;
    uint256 public updatedAt;
    bool public broken;
    uint256 private _waste;

    function set(uint256 id, int256 value) external {
        valueOf[id] = value;
    }

    function setRound(int256 answer_, uint256 updatedAt_) external {
        (answer, updatedAt) = (answer_, updatedAt_);
    }

    function setBroken(bool broken_) external {
        broken = broken_;
    }

    function read(uint256 id) external view returns (int256) {
        if (broken) revert Broken();
        return valueOf[id];
    }

    /// @dev As price feeds answer.
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (7, answer, updatedAt, updatedAt, 7);
    }

    /// @dev 31 bytes.
    function short() external pure {
        assembly {
            return(0, 31)
        }
    }

    /// @dev A number, and a lot more.
    function bomb() external pure {
        assembly {
            mstore(0, 5)
            return(0, 100000)
        }
    }

    function burn() external view {
        while (gasleft() > 0) {
            assembly {
                pop(sload(_waste.slot))
            }
        }
    }

    /// @dev Takes some 50,000 gas.
    function expensive() external view returns (int256) {
        uint256 before = gasleft();
        while (before - gasleft() < 50_000) { }
        return 42e18;
    }

    /// @dev Takes a little more gas than that.
    function spend(uint256 gas) external view returns (int256) {
        uint256 before = gasleft();
        while (before - gasleft() < gas) { }
        return 42e18;
    }

    function asUnsigned(uint256 value) external pure returns (uint256) {
        return value;
    }
}

/// @dev A contract that signs with its owner's key.
contract Wallet is IERC1271 {
    address private immutable _OWNER;

    constructor(address owner) {
        _OWNER = owner;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        bool valid = ECDSA.recoverCalldata(hash, signature) == _OWNER;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @dev A contract that says yes to everything, or fails.
contract Yes is IERC1271 {
    bool private immutable _REVERTS;

    constructor(bool reverts) {
        _REVERTS = reverts;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        require(!_REVERTS, "no");
        return IERC1271.isValidSignature.selector;
    }
}

/// @dev A pool whose view price is wrong while it calls out.
contract CallingPool {
    uint256 public virtualPrice = 1e18;

    function removeLiquidity(address receiver) external {
        virtualPrice = 3e18;
        SnapshotThief(receiver).onCallback();
        virtualPrice = 1e18;
    }
}

/// @dev Has a snapshot taken of it then.
contract SnapshotThief {
    OnChainFeatures private immutable _SOURCE;
    ModelPin private immutable _PIN;

    constructor(OnChainFeatures source, ModelPin pin) {
        (_SOURCE, _PIN) = (source, pin);
    }

    function onCallback() external {
        _SOURCE.snapshot(_PIN);
    }
}
