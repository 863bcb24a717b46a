// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @dev What the model looks at.
contract Indicators {
    uint256[3] public values = [uint256(1e18), 2e18, 3e18];
}

/// @dev A transaction that does nothing but call.
contract Caller {
    function forward(address target, bytes calldata data) external {
        (bool ok, bytes memory reason) = target.call(data);
        if (!ok) {
            assembly {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }
}

/// @dev A verifier to which everything is proved.
contract Credulous {
    fallback() external { }
}
