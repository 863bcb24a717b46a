// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// Tests of ../../examples, which forge finds by these imports alone: its own folder for tests is
// this one.
import { ScoreGateTest } from "../../examples/score-gate/test/ScoreGate.t.sol";
