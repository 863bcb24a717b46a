// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { RiskAdapter } from "../../../src/adapters/RiskAdapter.sol";
import { AaveAgentOracle } from "../../../src/adapters/aave/AaveAgentOracle.sol";
import { AaveEModeAdapter } from "../../../src/adapters/aave/AaveEModeAdapter.sol";
import { IRiskOracle } from "../../../src/consumers/risk/IRiskOracle.sol";
import { ProposalStatus } from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { MarketState, RISK_PARAMETERS, RiskLimit, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { AaveEModeCategory, IAaveAddressesProvider } from "../../../src/interfaces/external/IAaveV3.sol";
import { AaveUpdater } from "./AaveUpdater.sol";
import { ScriptedSource } from "./ScriptedSource.sol";

/// @dev A category of eMode is moved, and published for Aave's agent of categories. This contract is
/// owner, and updater but where one is deployed.
contract AaveEModeAdapterTest is AaveUpdater {
    address private constant CATEGORY = address(1);

    AaveEModeAdapter private _adapter;

    function setUp() public {
        vm.warp(1000 days);
        _deployAave();
        configurator.setEModeCategory(1, 9000, 9300, 10_200, address(wethPrice), "ether");
        configurator.setAssetEModeCategory(address(weth), 1);
        _adapter = _new(false);
    }

    function _new(bool liquid) private returns (AaveEModeAdapter made) {
        made = new AaveEModeAdapter(provider, liquid, address(this));
        made.setUpdater(address(this));
        acl.addRiskAdmin(address(made));
    }

    function _values(uint256 ltv, uint256 threshold, uint256 bonus)
        private
        pure
        returns (uint256[RISK_PARAMETERS] memory values)
    {
        (values[1], values[2], values[3]) = (ltv, threshold, bonus);
    }

    function _check(uint16 ltv, uint16 threshold, uint16 bonus, address priceSource) private view {
        AaveEModeCategory memory live = pool.getEModeCategoryData(1);
        assertEq(live.ltv, ltv);
        assertEq(live.liquidationThreshold, threshold);
        assertEq(live.liquidationBonus, bonus);
        assertEq(live.priceSource, priceSource);
        assertEq(live.label, "ether");
    }

    function test_MovesACategory() public {
        MarketState memory state = _adapter.stateOf(CATEGORY);
        assertEq(state.supported, 0x0e);
        assertEq(state.ratioUnit, 1e14);
        assertEq(state.values[1], 0.9e18);
        assertEq(state.values[2], 0.93e18);
        assertEq(state.values[3], 1.02e18);
        _adapter.push(CATEGORY, 0x0e, _values(0.88e18, 0.92e18, 1.03e18));
        vm.snapshotGasLastCall("AaveEModeAdapter", "push a category");
        _check(8800, 9200, 10_300, address(wethPrice));
        _adapter.push(CATEGORY, 0x04, _values(0, 0.925e18, 0));
        _check(8800, 9250, 10_300, address(wethPrice));
    }

    function test_MovesACategoryOfLaterVersions() public {
        _upgradeConfigurator();
        AaveEModeAdapter later = _new(true);
        later.push(CATEGORY, 0x0e, _values(0.88e18, 0.92e18, 1.03e18));
        _check(8800, 9200, 10_300, address(0));
        // The other function isn't there.
        vm.expectRevert();
        _adapter.push(CATEGORY, 0x0e, _values(0.87e18, 0.92e18, 1.03e18));
    }

    function test_RevertWhen_VersionIsWrong() public {
        AaveEModeAdapter later = _new(true);
        vm.expectRevert();
        later.push(CATEGORY, 0x0e, _values(0.88e18, 0.92e18, 1.03e18));
        _check(9000, 9300, 10_200, address(wethPrice));
    }

    /// @dev Aave's own rules: zero, order, rounding, reserves below.
    function test_RevertWhen_AaveRefuses() public {
        uint256[RISK_PARAMETERS][5] memory refused = [
            _values(0, 0.93e18, 1.02e18),
            _values(0.94e18, 0.93e18, 1.02e18),
            _values(0.9e18, 0.99e18, 1.02e18),
            _values(0.9e18, 0.93e18, 1e18),
            _values(0.7e18, 0.8e18, 1.02e18)
        ];
        for (uint256 i = 0; i < 5; ++i) {
            vm.expectRevert(bytes("21"));
            _adapter.push(CATEGORY, 0x0e, refused[i]);
        }
    }

    function test_RevertWhen_UnknownCategory() public {
        address[4] memory markets = [address(0), address(2), address(257), address(weth)];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory reason = abi.encodeWithSelector(AaveEModeAdapter.UnknownCategory.selector, markets[i]);
            vm.expectRevert(reason);
            _adapter.stateOf(markets[i]);
            vm.expectRevert(reason);
            _adapter.push(markets[i], 0x0e, _values(0.9e18, 0.93e18, 1.02e18));
        }
    }

    function test_RevertWhen_NotRepresentable() public {
        uint256[2] memory values = [uint256(0.9e18 + 1), 65_536e14];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(AaveEModeAdapter.NotRepresentable.selector, RiskParameter.LoanToValue, values[i])
            );
            _adapter.push(CATEGORY, 0x02, _values(values[i], 0, 0));
        }
    }

    function test_RevertWhen_ParameterUnknown() public {
        uint8[3] memory masks = [0x01, 0x10, 0x40];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(AaveEModeAdapter.ParameterUnknown.selector, masks[i]));
            _adapter.push(CATEGORY, masks[i], _values(0, 0, 0));
        }
    }

    function test_RevertWhen_NotUpdaterOrNotAContract() public {
        vm.prank(address(2));
        vm.expectRevert(abi.encodeWithSelector(RiskAdapter.NotUpdater.selector, address(2)));
        _adapter.push(CATEGORY, 0x0e, _values(0, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(RiskAdapter.NotAContract.selector, address(3)));
        new AaveEModeAdapter(IAaveAddressesProvider(address(3)), true, address(this));
    }

    // ------------------------------------------------------------------------------ Aave's agents

    function _publishing() private returns (AaveAgentOracle oracle) {
        _deployUpdater(_adapter);
        for (uint256 i = 1; i < 4; ++i) {
            updater.setLimit(
                CATEGORY, RiskParameter(i), RiskLimit(STEP, DELAY, false, false, false, 0.3e18, 1.2e18, 1e14)
            );
        }
        source = new ScriptedSource(CATEGORY, 0x0e);
        updater.addSource(source, VETO, EXECUTION, 0x0e);
        oracle = new AaveAgentOracle(updater);
    }

    function _published(int256 ltv, int256 threshold, int256 bonus) private returns (uint256 proposal) {
        proposal = _propose([ltv, threshold, bonus, 0, 0]);
        skip(VETO);
        updater.publish(proposal);
    }

    function _read(AaveAgentOracle oracle) private view returns (IRiskOracle.RiskParameterUpdate memory) {
        return oracle.getLatestUpdateByParameterAndMarket("EModeCategoryUpdate", CATEGORY);
    }

    /// @dev What a proposal leaves as it is, is what is live: not what an older one said.
    function test_PublishesACategoryWhole() public {
        AaveAgentOracle oracle = _publishing();
        _published(0.89e18, 0.92e18, 1.02e18);
        IRiskOracle.RiskParameterUpdate memory update = _read(oracle);
        vm.snapshotGasLastCall("AaveAgentOracle", "read a category");
        assertEq(update.newValue, abi.encode(8900, 9200, 200));
        assertEq(update.previousValue, abi.encode(9000, 9300, 200));
        assertEq(update.updateType, "EModeCategoryUpdate");
        assertEq(update.updateId, 2);
        // Nobody took it. A day later another proposal, of the bonus alone.
        skip(DELAY);
        _published(0.9e18, 0.93e18, 1.03e18);
        update = _read(oracle);
        assertEq(update.newValue, abi.encode(9000, 9300, 300));
        assertEq(update.updateId, 3);
    }

    function test_Attack_FetchingACategoryThatWasVetoed() public {
        AaveAgentOracle oracle = _publishing();
        uint256 proposal = _published(0.89e18, 0.92e18, 1.02e18);
        updater.veto(proposal);
        vm.expectRevert(abi.encodeWithSelector(AaveAgentOracle.Withdrawn.selector, 2, ProposalStatus.Vetoed));
        _read(oracle);
    }

    function test_RevertWhen_NoCategoryWasPublished() public {
        AaveAgentOracle oracle = _publishing();
        vm.expectRevert(IRiskOracle.UpdateNotFound.selector);
        _read(oracle);
    }

    /// @dev A bonus alone was published once; then what has never been is what is live.
    function test_PublishesABonusAlone() public {
        AaveAgentOracle oracle = _publishing();
        _published(0.9e18, 0.93e18, 1.03e18);
        assertEq(_read(oracle).newValue, abi.encode(9000, 9300, 300));
    }
}
