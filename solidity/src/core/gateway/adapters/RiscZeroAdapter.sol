// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IRiscZeroVerifier } from "../../../interfaces/IRiscZeroVerifier.sol";
import { ForeignVerifier } from "./ForeignVerifier.sol";

/// @title RISC Zero as a route
/// @notice `program` is the image id; the guest writes the public values to its journal.
contract RiscZeroAdapter is ForeignVerifier {
    /// @notice The seal is one of RISC Zero's development mode, which proves nothing.
    error FakeReceipt();

    /// @dev How seals of the development mode begin.
    bytes4 private constant _FAKE = 0xffffffff;

    /// @notice RISC Zero's verifier. Its router would do, but its owner can add what accepts
    /// anything: a version of the verifier itself can't change.
    IRiscZeroVerifier public immutable VERIFIER;

    /// @param verifier RISC Zero's. One that accepts an empty seal makes this a development set-up.
    constructor(IRiscZeroVerifier verifier)
        ForeignVerifier(address(verifier), abi.encodeCall(IRiscZeroVerifier.verify, ("", 0, sha256(""))))
    {
        VERIFIER = verifier;
    }

    /// @inheritdoc ForeignVerifier
    function _verify(bytes32 program, bytes memory journal, bytes calldata proof) internal view override {
        // `RiscZeroMockVerifier` takes these, and refuses an empty seal: the constructor can't tell
        // it by that.
        if (bytes4(proof) == _FAKE) revert FakeReceipt();
        VERIFIER.verify(proof, program, sha256(journal));
    }
}
