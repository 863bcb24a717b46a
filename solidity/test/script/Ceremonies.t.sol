// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { Ceremonies } from "../../script/base/Ceremonies.sol";
import { InferenceVerifier } from "../../src/core/verifier/InferenceVerifier.sol";
import { DevelopmentSetup } from "../../src/core/verifier/libraries/DevelopmentSetup.sol";

contract CeremoniesTest is Test {
    uint256 private constant _P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

    function test_KnowsTheDevelopmentSetup() public {
        _check(DevelopmentSetup.tauG2(), "development");
        assertTrue(new InferenceVerifier(DevelopmentSetup.tauG2()).isDevelopmentSetup());
    }

    /// @dev As zkevm-contracts has it: X2x2, X2x1, X2y2, X2y1.
    function test_KnowsHermez() public {
        uint256[4] memory tau = [
            17_231_025_384_763_736_816_414_546_592_865_244_497_437_017_442_647_097_510_447_326_538_965_263_639_101,
            21_831_381_940_315_734_285_607_113_342_023_901_060_522_397_560_371_972_897_001_948_545_212_302_161_822,
            11_507_326_595_632_554_467_052_522_095_592_665_270_651_932_854_513_688_777_769_618_397_986_436_103_170,
            2_388_026_358_213_174_446_665_280_700_919_698_872_609_886_601_280_537_296_205_114_254_867_301_080_648
        ];
        _check(tau, "hermez");
    }

    /// @dev As EigenDA has it, and as OpenVM has it, negated: the sources must agree.
    function test_KnowsPerpetualPowersOfTau() public {
        uint256[4] memory tau = [
            10_478_571_113_809_844_268_398_751_534_081_669_357_808_742_555_529_167_819_607_714_577_862_447_855_483,
            19_394_299_006_376_106_554_626_551_996_044_114_846_855_237_028_623_244_664_226_757_033_024_550_999_552,
            10_552_783_866_161_062_341_197_740_743_287_753_408_530_108_186_218_052_255_509_661_543_860_392_060_676,
            9_205_262_336_805_673_656_533_560_220_225_620_941_045_451_042_642_528_799_409_071_118_332_922_267_006
        ];
        _check(tau, "perpetual-powers-of-tau-84");
        assertEq(tau[0], 0x172aa93c41f16e1e04d62ac976a5d945f4be0acab990c6dc19ac4a7cf68bf77b);
        assertEq(tau[1], 0x2ae0c8c3a090f7200ff398ee9845bbae8f8c1445ae7b632212775f60a0e21600);
        assertEq(_P - tau[2], 0x190fa476a5b352809ed41d7a0d7fe12b8f685e3c12a6d83855dba27aaf469643);
        assertEq(_P - tau[3], 0x1c0a500618907df9e4273d5181e31088deb1f05132de037cbfe73888f97f77c9);
    }

    function test_KnowsIgnition() public {
        uint256[4] memory tau = [
            0x260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1,
            0x0118c4d5b837bcc2bc89b5b398b5974e9f5944073b32078b7e231fec938883b0,
            0x04fc6369f7110fe3d25156c1bb9a72859cf2a04641f99ba4ee413c80da6a5fe4,
            0x22febda3c0c0632a56475b4214e5615e11e6dd3f96e6cea2854a87d4dacc5e55
        ];
        _check(tau, "aztec-ignition");
    }

    /// @dev [2]_2, the set-up of many a test, belongs to no ceremony.
    function test_KnowsNoOthers() public pure {
        uint256[4] memory tau = [
            14_583_779_054_894_525_174_450_323_658_765_874_724_019_480_979_794_335_525_732_096_752_006_891_875_705,
            18_029_695_676_650_738_226_693_292_988_307_914_797_657_423_701_064_905_010_927_197_838_374_790_804_409,
            11_474_861_747_383_700_316_476_719_153_975_578_001_603_231_366_361_248_090_558_603_872_215_261_634_898,
            2_140_229_616_977_736_810_657_479_771_656_733_941_598_412_651_537_078_903_776_637_920_509_952_744_750
        ];
        assertEq(Ceremonies.nameOf(tau), "");
    }

    /// @dev The point is in the group, as the verifier's constructor finds, and has the name; with
    /// any coordinate changed, the imaginary and the real one swapped, or negated, it has none.
    function _check(uint256[4] memory tau, string memory name) private {
        assertEq(Ceremonies.nameOf(tau), name);
        assertEq(new InferenceVerifier(tau).tauG2()[3], tau[3]);
        for (uint256 i = 0; i < 4; ++i) {
            tau[i] ^= 1;
            assertEq(Ceremonies.nameOf(tau), "");
            tau[i] ^= 1;
        }
        assertEq(Ceremonies.nameOf([tau[1], tau[0], tau[3], tau[2]]), "");
        assertEq(Ceremonies.nameOf([tau[0], tau[1], _P - tau[2], _P - tau[3]]), "");
    }
}
