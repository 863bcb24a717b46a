// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { CheckDeployment } from "../../script/CheckDeployment.s.sol";
import { DeployCore } from "../../script/DeployCore.s.sol";
import { DeploySource } from "../../script/DeploySource.s.sol";
import { RegisterModel } from "../../script/RegisterModel.s.sol";
import { DevelopmentSetup } from "../../src/core/verifier/libraries/DevelopmentSetup.sol";
import { Strings } from "@openzeppelin/contracts/utils/Strings.sol";

/// @dev Runs scripts as `forge script` would, with settings and results of their own. The
/// broadcaster is forge's default sender.
abstract contract ScriptTest is Test {
    using Strings for string;

    string internal constant MODEL = "logreg-breast-cancer";

    address internal sender;
    string internal results;
    string internal config;
    DeployCore.Core internal core;

    function setUp() public virtual {
        sender = DEFAULT_SENDER;
        vm.warp(1_800_000_000);
        vm.roll(1_000_000);
        vm.createDir("deployments/test", true);
    }

    /// @dev Where this test's results go. Tests run at the same time, so each has a file.
    function _use(string memory name) internal {
        results = string.concat("deployments/test/", name, ".json");
        if (vm.exists(results)) vm.removeFile(results);
    }

    /// @dev The committed settings, with the sender in all the roles.
    function _coreConfig() internal view returns (string memory) {
        string memory json = vm.readFile("script/config/core.development.json");
        return _replace(json, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", vm.toString(sender));
    }

    /// @dev [2]_2, which is of no ceremony.
    function _unknownTau() internal pure returns (uint256[4] memory) {
        return [
            14_583_779_054_894_525_174_450_323_658_765_874_724_019_480_979_794_335_525_732_096_752_006_891_875_705,
            18_029_695_676_650_738_226_693_292_988_307_914_797_657_423_701_064_905_010_927_197_838_374_790_804_409,
            11_474_861_747_383_700_316_476_719_153_975_578_001_603_231_366_361_248_090_558_603_872_215_261_634_898,
            2_140_229_616_977_736_810_657_479_771_656_733_941_598_412_651_537_078_903_776_637_920_509_952_744_750
        ];
    }

    /// @dev The development settings with another `[τ]_2`.
    function _withTau(uint256[4] memory tau) internal view returns (string memory settings) {
        settings = _coreConfig();
        uint256[4] memory development = DevelopmentSetup.tauG2();
        for (uint256 i = 0; i < 4; ++i) {
            settings = _replace(settings, vm.toString(bytes32(development[i])), vm.toString(bytes32(tau[i])));
        }
    }

    function _deployCore(string memory name) internal {
        _use(name);
        core = new DeployCore().deploy(_coreConfig(), results);
    }

    function _spec() internal view returns (string memory) {
        return vm.readFile(string.concat("script/config/models/", MODEL, ".json"));
    }

    function _proof() internal view returns (string memory) {
        return vm.readFile(string.concat("../test-vectors/", MODEL, "/proof.json"));
    }

    function _register() internal returns (uint256 modelId) {
        (modelId,) = new RegisterModel().register(MODEL, _spec(), _proof(), results);
    }

    /// @dev Core, model and signed source.
    function _deployAll(string memory name) internal returns (address source) {
        _deployCore(name);
        _register();
        source = new DeploySource().deploy(vm.readFile("script/config/source.development.json"), results);
    }

    function _check() internal {
        new CheckDeployment().check(results);
    }

    function _result(string memory path) internal view returns (address) {
        return vm.parseJsonAddress(vm.readFile(results), path);
    }

    function _replace(string memory text, string memory what, string memory with)
        internal
        pure
        returns (string memory)
    {
        string memory replaced = vm.replace(text, what, with);
        require(!replaced.equal(text), string.concat("not in the settings: ", what));
        return replaced;
    }

    /// @dev `"key": value,`
    function _pair(string memory key, string memory value) internal pure returns (string memory) {
        return string.concat('"', key, '": ', value, ", ");
    }

    function _pair(string memory key, address value) internal pure returns (string memory) {
        return string.concat('"', key, '": "', vm.toString(value), '", ');
    }

    /// @dev `"key": "value", rest`
    function _pair(string memory key, bytes32 value, string memory rest) internal pure returns (string memory) {
        return string.concat('"', key, '": "', vm.toString(value), '", ', rest);
    }

    function _pair(string memory key, uint256 value) internal pure returns (string memory) {
        return string.concat('"', key, '": "', vm.toString(value), '", ');
    }
}
