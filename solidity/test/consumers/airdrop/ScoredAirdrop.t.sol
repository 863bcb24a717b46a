// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { AllocationCurve } from "../../../src/consumers/airdrop/AllocationCurve.sol";
import { IScoredAirdrop } from "../../../src/consumers/airdrop/IScoredAirdrop.sol";
import { ScoredAirdrop } from "../../../src/consumers/airdrop/ScoredAirdrop.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { CommittedFeatures } from "../../../src/features/CommittedFeatures.sol";
import { IFeatureSource } from "../../../src/features/IFeatureSource.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { InputSchema, ModelSpec, OutputSchema, Packing, Visibility } from "../../../src/types/Schemas.sol";
import { AirdropTest } from "./AirdropTest.sol";
import { FalseToken } from "./Tokens.sol";

/// @dev What a campaign does, and every error.
contract ScoredAirdropTest is AirdropTest {
    // -------------------------------------------------------------------------------- what it does

    function test_Constants() public view {
        assertEq(
            airdrop.BATCH_TYPEHASH(), keccak256("ScoredAirdropBatch(uint256 batch,bytes32 entriesRoot,uint256 count)")
        );
        assertEq(address(airdrop.gateway()), address(gateway));
        assertEq(address(airdrop.token()), address(token));
        assertEq(airdrop.treasury(), treasury);
        assertEq(abi.encode(airdrop.windows()), abi.encode(_campaign().windows));
        assertEq(abi.encode(airdrop.curve()), abi.encode(_curve()));
        assertEq(address(airdrop.source()), address(source));
        assertEq(airdrop.maximumAge(), MAXIMUM_AGE);
        assertEq(airdrop.models().length, 2);
        assertTrue(ModelPin.unwrap(airdrop.models()[0]) == ModelPin.unwrap(model.pin));
    }

    function test_PayloadIsAsDocumented() public view {
        Submission memory s = _submission(7, _people(0, 5));
        assertEq(airdrop.payloadOf(s.batch), _payload(s));
    }

    /// @dev Data signers are one source; a hash that an operator put down before is another. It
    /// hides the features as well.
    function test_AnOperatorsCommitmentCanBeTheSource() public {
        address operator = makeAddr("operator");
        CommittedFeatures committed = new CommittedFeatures(registry, admin, 1 days, operator, 1 hours, 30 days);
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.source = committed;
        airdrop = new ScoredAirdrop(campaign);
        vm.prank(sponsor);
        token.approve(address(airdrop), FUNDS);
        _fund(FUNDS);

        Person[] memory people = _people(0, 3);
        Submission memory s = _submission(1, people);
        bytes32 hash = committed.hashOf(
            operator, address(airdrop), model.pin, _payload(s), s.inputs, s.commitments, bytes32("salt")
        );
        vm.prank(operator);
        committed.commit(address(airdrop), _payload(s), hash);
        skip(1 hours);
        s.evidence = abi.encode(operator, s.inputs, s.commitments, bytes32("salt"));
        _accept(s);
        vm.warp(claimsFrom);
        assertEq(airdrop.claim(_entry(1, people, 1)), _amount(people[1].score));
        // Another list is another subject.
        s = _submission(2, _people(5, 3));
        s.evidence = abi.encode(operator, s.inputs, s.commitments, bytes32("salt"));
        hash = committed.hashOf(
            operator, address(airdrop), model.pin, _payload(s), s.inputs, s.commitments, bytes32("salt")
        );
        _refused(s, abi.encodeWithSelector(CommittedFeatures.NotCommitted.selector, hash));
    }

    /// @dev Public features are vouched for, and proved, word by word.
    function test_PublicFeatures() public {
        ModelSpec memory spec = _scoringSpec(4);
        spec.inputs[0].visibility = Visibility.Public;
        spec.commitments = 0;
        TestModel memory open = _register(spec);
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.models[0] = IScoredAirdrop.ModelReference(open.id, open.version);
        airdrop = new ScoredAirdrop(campaign);
        vm.prank(sponsor);
        token.approve(address(airdrop), FUNDS);
        _fund(FUNDS);

        Submission memory s = _submission(address(airdrop), open, 0, 1, _people(0, 4));
        (s.inputs, s.commitments) = (new uint256[](4), new uint256[](0));
        s.inputs[3] = 77;
        _seal(s, address(airdrop), open);
        _accept(s);
        s.batch.number = 2;
        s.inputs = new uint256[](3);
        _seal(s, address(airdrop), open);
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.WrongWordCount.selector, 4, 0));
    }

    function test_Story() public {
        Person[] memory people = _people(0, ITEMS);
        uint256 expected = 0;
        for (uint256 i = 0; i < ITEMS; ++i) {
            expected += _amount(people[i].score);
        }
        Submission memory s = _submission(1, people);
        vm.expectEmit(true, true, true, false, address(airdrop));
        emit IScoredAirdrop.BatchAccepted(1, s.batch.entriesRoot, ITEMS, expected, address(0), address(this));
        assertEq(_accept(s), expected);
        assertEq(airdrop.allocated(), expected);
        assertEq(airdrop.batchOf(1).count, ITEMS);
        assertEq(airdrop.batchOf(1).acceptedAt, block.timestamp);

        vm.warp(claimsFrom);
        uint256 paid = 0;
        for (uint256 i = 0; i < ITEMS; ++i) {
            assertEq(airdrop.scoreOf(1, i), people[i].score);
            uint256 amount = _amount(people[i].score);
            assertEq(airdrop.amountOf(1, i), amount);
            assertEq(airdrop.allocationOf(int32(people[i].score)), amount);
            if (amount == 0) continue;
            assertFalse(airdrop.isPaid(1, i) || airdrop.isIdentityPaid(i) || airdrop.isAccountPaid(people[i].account));
            vm.expectEmit(address(airdrop));
            emit IScoredAirdrop.Claimed(1, i, people[i].account, people[i].identity, amount);
            assertEq(airdrop.claim(_entry(1, people, i)), amount);
            assertTrue(airdrop.isPaid(1, i) && airdrop.isIdentityPaid(i) && airdrop.isAccountPaid(people[i].account));
            assertEq(token.balanceOf(people[i].account), amount);
            paid += amount;
        }
        assertEq(airdrop.claimed(), paid);
        assertEq(airdrop.remaining(), FUNDS - paid);

        vm.warp(sweepFrom);
        vm.expectEmit(address(airdrop));
        emit IScoredAirdrop.Swept(IERC20(address(token)), FUNDS - paid);
        assertEq(airdrop.sweep(IERC20(address(token))), FUNDS - paid);
        assertEq(token.balanceOf(treasury), FUNDS - paid);
        assertEq(token.balanceOf(address(airdrop)), 0);
    }

    function test_AShortListLeavesPaddingOut() public {
        Person[] memory people = _people(1, 3);
        uint256 expected = _amount(people[0].score) + _amount(people[1].score) + _amount(people[2].score);
        assertEq(_accept(_submission(1, people)), expected);
    }

    function test_BatchesOfOtherSizes() public {
        _accept(_submission(1, _people(0, ITEMS)));
        Person[] memory last = _people(ITEMS, 1);
        _accept(_submission(address(airdrop), single, 1, 2, last));
        vm.warp(claimsFrom);
        assertEq(airdrop.claim(_entry(2, last, 0)), _amount(last[0].score));
    }

    function test_AnyoneClaimsAndTheAccountIsPaid() public {
        Person[] memory people = _people(1, 2);
        _accept(_submission(1, people));
        vm.warp(claimsFrom);
        vm.prank(makeAddr("someone else"));
        airdrop.claim(_entry(1, people, 1));
        assertEq(token.balanceOf(people[1].account), _amount(people[1].score));
        assertEq(token.balanceOf(makeAddr("someone else")), 0);
    }

    function test_ABatchMayComeWhileOthersClaim() public {
        Person[] memory first = _people(1, 2);
        _accept(_submission(1, first));
        vm.warp(claimsFrom);
        airdrop.claim(_entry(1, first, 0));
        Person[] memory second = _people(3, 2);
        _accept(_submission(2, second));
        airdrop.claim(_entry(2, second, 0));
    }

    function test_FundsCanBeAdded() public {
        vm.expectEmit(address(airdrop));
        emit IScoredAirdrop.Funded(sponsor, 5);
        _fund(5);
        assertEq(airdrop.funded(), FUNDS + 5);
        assertEq(token.balanceOf(address(airdrop)), FUNDS + 5);
    }

    function test_TheTreasuryGetsForeignTokensToo() public {
        FalseToken other = new FalseToken();
        token.mint(address(airdrop), 7);
        vm.warp(sweepFrom);
        assertEq(airdrop.sweep(IERC20(address(token))), FUNDS + 7);
        other.mint(address(airdrop), 1);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(other)));
        airdrop.sweep(IERC20(address(other)));
    }

    function test_AllModelsWithOnePackingEach() public {
        // Scores of 8 bits: their own campaign, with its own curve.
        ModelSpec memory spec = _scoringSpec(40);
        spec.outputs[0].packing = Packing.Bytes;
        TestModel memory bytesModel = _register(spec);
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.models = new IScoredAirdrop.ModelReference[](1);
        campaign.models[0] = IScoredAirdrop.ModelReference(bytesModel.id, 1);
        campaign.curve[2].score = 255;
        airdrop = new ScoredAirdrop(campaign);
        vm.prank(sponsor);
        token.approve(address(airdrop), FUNDS);
        _fund(FUNDS);

        Person[] memory people = _people(0, 40);
        for (uint256 i = 0; i < 40; ++i) {
            people[i].score = int256(i * 6);
        }
        uint256 sum = _accept(_submission(address(airdrop), bytesModel, 0, 1, people));
        uint256 expected = 0;
        for (uint256 i = 0; i < 40; ++i) {
            assertEq(airdrop.scoreOf(1, i), people[i].score);
            expected += airdrop.allocationOf(int32(people[i].score));
        }
        assertEq(sum, expected);
        // No byte is negative.
        assertEq(airdrop.allocationOf(-1), 0);
        assertEq(airdrop.allocationOf(-2), 0);
        assertEq(airdrop.allocationOf(type(int32).min), 0);
        vm.warp(claimsFrom);
        assertEq(airdrop.claim(_entry(1, people, 39)), airdrop.allocationOf(234));
    }

    /// @dev Whoever is on whatever list, everyone gets what the curve gives to their score, once,
    /// and sums agree.
    function testFuzz_EveryoneGetsTheirAmount(uint256 seed, uint8 size, uint8 order) public {
        uint256 count = bound(size, 1, ITEMS);
        Person[] memory people = new Person[](count);
        uint256 total = 0;
        for (uint256 i = 0; i < count; ++i) {
            bytes32 hash = keccak256(abi.encode(seed, i));
            people[i] =
                Person(address(bytes20(hash)), uint256(keccak256(abi.encode(hash))), int16(uint16(bytes2(hash))));
            total += _amount(people[i].score);
        }
        assertEq(_accept(_submission(seed, people)), total);
        vm.warp(claimsFrom);
        for (uint256 n = 0; n < count; ++n) {
            uint256 i = (n + order) % count;
            uint256 amount = _amount(people[i].score);
            IScoredAirdrop.Entry memory entry = _entry(seed, people, i);
            if (amount == 0) {
                _refusedClaim(entry, abi.encodeWithSelector(IScoredAirdrop.NothingToClaim.selector, seed, i));
            } else {
                assertEq(airdrop.claim(entry), amount);
                assertEq(token.balanceOf(people[i].account), amount);
                _refusedClaim(entry, abi.encodeWithSelector(IScoredAirdrop.EntryPaid.selector, seed, i));
            }
        }
        assertEq(airdrop.claimed(), total);
    }

    // ---------------------------------------------------------------------------------- deployment

    function _refusedCampaign(IScoredAirdrop.Campaign memory campaign, bytes memory errorData) private {
        vm.expectRevert(errorData);
        new ScoredAirdrop(campaign);
    }

    function test_RevertWhen_TokenSourceOrTreasuryIsNone() public {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.token = IERC20(makeAddr("no code"));
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.InvalidAddress.selector, campaign.token));
        campaign = _campaign();
        campaign.source = IFeatureSource(makeAddr("no code"));
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.InvalidAddress.selector, campaign.source));
        campaign = _campaign();
        campaign.treasury = address(0);
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.InvalidAddress.selector, address(0)));
        campaign.treasury = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.InvalidAddress.selector, campaign.treasury));
    }

    function _refusedWindows(uint256 batches, uint256 from, uint256 until, uint256 sweep) private {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        uint256 t = block.timestamp;
        campaign.windows =
            IScoredAirdrop.Windows(uint40(t + batches), uint40(t + from), uint40(t + until), uint40(t + sweep));
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.InvalidWindows.selector, campaign.windows));
    }

    function test_RevertWhen_WindowsOverlapOrAreTooShortOrLong() public {
        // No time for batches.
        _refusedWindows(0, 1 days, 3 days, 3 days);
        // The last batch's accounts would have less than a day.
        _refusedWindows(2 days + 1, 1 days, 3 days, 3 days);
        // Everyone would.
        _refusedWindows(1 days, 2 days + 1, 3 days, 3 days);
        // Claims and sweep overlap.
        _refusedWindows(2 days, 1 days, 3 days, 3 days - 1);
        // Too long.
        _refusedWindows(2 days, 1 days, 3 days, 3 * 365 days + 1);
        IScoredAirdrop.Campaign memory campaign = _campaign();
        uint40 t = uint40(block.timestamp);
        campaign.windows = IScoredAirdrop.Windows(t + 2 days, t + 2 days, t + 3 days, t + 3 days);
        new ScoredAirdrop(campaign);
    }

    function test_RevertWhen_ThereAreNoModelsOrTooMany() public {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.models = new IScoredAirdrop.ModelReference[](0);
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.WrongModelCount.selector, 16, 0));
        campaign.models = new IScoredAirdrop.ModelReference[](17);
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.WrongModelCount.selector, 16, 17));
    }

    function _withModel(ModelSpec memory spec) private returns (IScoredAirdrop.Campaign memory campaign) {
        TestModel memory other = _register(spec);
        campaign = _campaign();
        campaign.models[1] = IScoredAirdrop.ModelReference(other.id, 1);
    }

    function test_RevertWhen_TheModelDoesNotScore() public {
        bytes memory expected =
            abi.encodeWithSelector(IScoredAirdrop.NotAScoringModel.selector, registry.modelCount() + 1, 1);
        // Two values for each item.
        _refusedCampaign(_withModel(_batchSpec(4, 4, 2)), expected);
        // As many values for each item as there are items.
        expected = abi.encodeWithSelector(IScoredAirdrop.NotAScoringModel.selector, registry.modelCount() + 1, 1);
        _refusedCampaign(_withModel(_batchSpec(4, 4, 4)), expected);
        // One value for two items.
        ModelSpec memory spec = _scoringSpec(2);
        spec.outputs[0].count = 1;
        expected = abi.encodeWithSelector(IScoredAirdrop.NotAScoringModel.selector, registry.modelCount() + 1, 1);
        _refusedCampaign(_withModel(spec), expected);
        // Two outputs.
        spec = _scoringSpec(2);
        OutputSchema memory score = spec.outputs[0];
        spec.outputs = new OutputSchema[](2);
        (spec.outputs[0], spec.outputs[1]) = (score, score);
        expected = abi.encodeWithSelector(IScoredAirdrop.NotAScoringModel.selector, registry.modelCount() + 1, 1);
        _refusedCampaign(_withModel(spec), expected);
    }

    function test_RevertWhen_NobodyCouldAnswerForAnInput() public {
        ModelSpec memory spec = _scoringSpec(2);
        InputSchema memory hidden = spec.inputs[0];
        spec.inputs = new InputSchema[](2);
        (spec.inputs[0], spec.inputs[1]) = (hidden, _input(3, Visibility.Private));
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.NotCovered.selector, registry.modelCount() + 1, 1);
        _refusedCampaign(_withModel(spec), expected);
        // A source that says that it could.
        IScoredAirdrop.Campaign memory campaign = _withModel(spec);
        vm.mockCall(address(source), abi.encodePacked(source.covers.selector), abi.encode(true));
        expected = abi.encodeWithSelector(IScoredAirdrop.UnboundInput.selector, registry.modelCount(), 1, 1);
        _refusedCampaign(campaign, expected);
        vm.clearMockedCalls();
        spec.inputs[1].visibility = Visibility.Public;
        new ScoredAirdrop(_withModel(spec));
    }

    function test_RevertWhen_ModelsDisagreeOnScores() public {
        ModelSpec memory spec = _scoringSpec(2);
        spec.outputs[0].scaleE36 = 2e34;
        bytes memory expected =
            abi.encodeWithSelector(IScoredAirdrop.SchemaMismatch.selector, registry.modelCount() + 1, 1);
        _refusedCampaign(_withModel(spec), expected);
        spec = _scoringSpec(2);
        spec.outputs[0].packing = Packing.Wide;
        expected = abi.encodeWithSelector(IScoredAirdrop.SchemaMismatch.selector, registry.modelCount() + 1, 1);
        _refusedCampaign(_withModel(spec), expected);
    }

    function test_RevertWhen_TheCurveIsNone() public {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.curve[1].amount = 1;
        _refusedCampaign(campaign, abi.encodeWithSelector(AllocationCurve.AmountsDecreasing.selector, 1));
    }

    function test_RevertWhen_DataOfNoAgeOrOfAnyWouldBeTaken() public {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.maximumAge = 0;
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.InvalidMaximumAge.selector, 0));
        campaign.maximumAge = 3 * 365 days + 1;
        _refusedCampaign(campaign, abi.encodeWithSelector(IScoredAirdrop.InvalidMaximumAge.selector, 3 * 365 days + 1));
    }

    function test_RevertWhen_AVersionIsDeprecatedAlready() public {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        vm.prank(modelOwner);
        registry.deprecateVersion(single.id, single.version);
        _refusedCampaign(
            campaign, abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, single.id, single.version)
        );
    }

    /// @dev Whoever adds the route afterwards would pick what counts as a proof.
    function test_RevertWhen_AVersionHasNoRoute() public {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.models[1].modelId = _registerWithoutRoute(registry.specOf(single.id, single.version)).id;
        _refusedCampaign(campaign, _noRoute());
    }

    /// @dev As many models, as old data, as long a campaign as is allowed.
    function test_CampaignAtItsLimits() public {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.models = new IScoredAirdrop.ModelReference[](16);
        for (uint256 i = 0; i < 16; ++i) {
            campaign.models[i] = IScoredAirdrop.ModelReference(model.id, model.version);
        }
        campaign.maximumAge = 3 * 365 days;
        campaign.windows.sweepFrom = uint40(block.timestamp + 3 * 365 days);
        assertEq(new ScoredAirdrop(campaign).models().length, 16);
    }

    function test_RevertWhen_TheSourceDoesNotCoverTheModel() public {
        vm.mockCall(address(source), abi.encodeCall(source.covers, (single.pin)), abi.encode(false));
        _refusedCampaign(_campaign(), abi.encodeWithSelector(IScoredAirdrop.NotCovered.selector, single.id, 1));
    }

    // ------------------------------------------------------------------------------------- funding

    function test_RevertWhen_FundedTooLate() public {
        vm.warp(batchesUntil - 1);
        _fund(1);
        vm.warp(batchesUntil);
        vm.prank(sponsor);
        vm.expectRevert(abi.encodeWithSelector(IScoredAirdrop.BatchesClosed.selector, batchesUntil));
        airdrop.fund(1);
    }

    function test_RevertWhen_FundsDoNotFitTheirCounter() public {
        vm.prank(sponsor);
        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 128, (1 << 128) + FUNDS - 1)
        );
        airdrop.fund((1 << 128) - 1);
    }

    // ------------------------------------------------------------------------------------- batches

    function test_RevertWhen_BatchesAreClosed() public {
        vm.warp(batchesUntil - 1);
        Submission memory s = _submission(1, _people(0, 3));
        skip(1);
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.BatchesClosed.selector, batchesUntil));
        rewind(1);
        _accept(s);
    }

    function test_RevertWhen_DataAreStaleOrOfTheFuture() public {
        Submission memory s = _submission(1, _people(0, 3));
        skip(MAXIMUM_AGE + 1);
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.DataOutOfTime.selector, s.timestamp + 1, s.timestamp));
        rewind(1);
        uint256 now_ = vm.getBlockTimestamp();
        rewind(MAXIMUM_AGE + 1);
        _refused(
            s, abi.encodeWithSelector(IScoredAirdrop.DataOutOfTime.selector, s.timestamp - 1 - MAXIMUM_AGE, s.timestamp)
        );
        vm.warp(now_);
        _accept(s);
    }

    function test_RevertWhen_TheBatchExists() public {
        Submission memory s = _submission(5, _people(0, 3));
        _accept(s);
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.BatchExists.selector, 5));
        // Another of the same number, too.
        _refused(_submission(5, _people(3, 3)), abi.encodeWithSelector(IScoredAirdrop.BatchExists.selector, 5));
    }

    function test_RevertWhen_TheCampaignHasNoSuchModel() public {
        Submission memory s = _submission(1, _people(0, 3));
        s.batch.model = 2;
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.UnknownModel.selector, 2));
    }

    function test_RevertWhen_TheBatchHasNoEntriesOrTooMany() public {
        Submission memory s = _submission(1, _people(0, 3));
        s.batch.count = 0;
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.WrongEntryCount.selector, ITEMS, 0));
        s.batch.count = ITEMS + 1;
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.WrongEntryCount.selector, ITEMS, ITEMS + 1));
    }

    function test_RevertWhen_ThereAreOtherWordsThanTheModelHas() public {
        Submission memory s = _submission(1, _people(0, 3));
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.WrongWordCount.selector, 0, 1);
        (s.inputs, s.commitments) = (s.commitments, s.inputs);
        _seal(s, address(airdrop), single);
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, expected);
        s.inputs = new uint256[](0);
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, expected);
        s.commitments = new uint256[](2);
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, expected);
        // The verifier counts the rest.
        s = _submission(1, _people(0, 3));
        s.outputs = new uint256[](2);
        _refused(s, abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, 3, 4));
    }

    function test_RevertWhen_TheBatchIsWorthMoreThanIsLeft() public {
        Person[] memory people = _people(0, ITEMS);
        for (uint256 i = 0; i < ITEMS; ++i) {
            people[i].score = 1000;
        }
        // 12 batches of 8 capped accounts take 96,000 of 100,000.
        for (uint256 number = 0; number < 12; ++number) {
            _accept(_submission(number, people));
        }
        Submission memory s = _submission(12, people);
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.Underfunded.selector, 8 * CAP, 4 * CAP);
        _refused(s, expected);
        // A gift doesn't count, and claims free nothing.
        token.mint(address(airdrop), 4 * CAP);
        vm.warp(claimsFrom);
        airdrop.claim(_entry(3, people, 0));
        _refused(s, expected);
        _fund(4 * CAP - 1);
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.Underfunded.selector, 8 * CAP, 8 * CAP - 1));
        _fund(1);
        _accept(s);
        assertEq(airdrop.allocated(), airdrop.funded());
    }

    function test_RevertWhen_AScoreWordHasStrayBits() public {
        Submission memory s = _submission(1, _people(0, 3));
        s.outputs[0] |= 1 << (16 * uint256(ITEMS));
        _seal(s, address(airdrop), model);
        _refused(s, abi.encodeWithSelector(PublicValues.StrayBits.selector, 1));
    }

    // -------------------------------------------------------------------------------------- claims

    function test_RevertWhen_ClaimsAreClosed() public {
        Person[] memory people = _people(1, 3);
        _accept(_submission(1, people));
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.ClaimsClosed.selector, claimsFrom, claimsUntil);
        vm.warp(claimsFrom - 1);
        _refusedClaim(_entry(1, people, 0), expected);
        vm.warp(claimsUntil);
        _refusedClaim(_entry(1, people, 0), expected);
        vm.warp(claimsUntil - 1);
        airdrop.claim(_entry(1, people, 0));
        vm.warp(claimsFrom);
        airdrop.claim(_entry(1, people, 1));
    }

    function test_RevertWhen_ThereIsNoSuchBatch() public {
        Person[] memory people = _people(1, 3);
        _accept(_submission(1, people));
        vm.warp(claimsFrom);
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.UnknownBatch.selector, 2);
        _refusedClaim(_entry(2, people, 0), expected);
        vm.expectRevert(expected);
        airdrop.scoreOf(2, 0);
        vm.expectRevert(expected);
        airdrop.amountOf(2, 0);
        assertEq(airdrop.batchOf(2).data, address(0));
    }

    function test_RevertWhen_TheEntryIsPadding() public {
        Person[] memory people = _people(1, 3);
        _accept(_submission(1, people));
        vm.warp(claimsFrom);
        IScoredAirdrop.Entry memory entry = _entry(1, people, 2);
        entry.index = 3;
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.EntryOutOfRange.selector, 3, 3);
        _refusedClaim(entry, expected);
        vm.expectRevert(expected);
        airdrop.scoreOf(1, 3);
    }

    function test_RevertWhen_TheEntryIsNotInTheBatch() public {
        Person[] memory people = _people(1, 5);
        _accept(_submission(1, people));
        _accept(_submission(2, _people(6, 5)));
        vm.warp(claimsFrom);
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.NotInBatch.selector, 1, 2);
        IScoredAirdrop.Entry memory entry = _entry(1, people, 2);
        entry.account = address(this);
        _refusedClaim(entry, expected);
        entry = _entry(1, people, 2);
        ++entry.identity;
        _refusedClaim(entry, expected);
        // With another's place, that is another's score.
        entry = _entry(1, people, 3);
        entry.index = 2;
        _refusedClaim(entry, expected);
        entry = _entry(1, people, 2);
        entry.path[0] = bytes32(0);
        _refusedClaim(entry, expected);
        entry.path = new bytes32[](0);
        _refusedClaim(entry, expected);
        entry = _entry(1, people, 2);
        entry.batch = 2;
        _refusedClaim(entry, abi.encodeWithSelector(IScoredAirdrop.NotInBatch.selector, 2, 2));
        airdrop.claim(_entry(1, people, 2));
    }

    function test_RevertWhen_TheEntryWasPaid() public {
        Person[] memory people = _people(1, 3);
        _accept(_submission(1, people));
        vm.warp(claimsFrom);
        airdrop.claim(_entry(1, people, 1));
        _refusedClaim(_entry(1, people, 1), abi.encodeWithSelector(IScoredAirdrop.EntryPaid.selector, 1, 1));
    }

    function test_RevertWhen_TheIdentityWasPaid() public {
        Person[] memory people = _people(1, 3);
        people[2].identity = people[1].identity;
        _accept(_submission(1, people));
        Person[] memory others = _people(5, 3);
        others[0].identity = people[1].identity;
        _accept(_submission(2, others));
        vm.warp(claimsFrom);
        airdrop.claim(_entry(1, people, 2));
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.IdentityPaid.selector, people[1].identity);
        _refusedClaim(_entry(1, people, 1), expected);
        _refusedClaim(_entry(2, others, 0), expected);
    }

    function test_RevertWhen_TheAccountWasPaid() public {
        Person[] memory people = _people(1, 3);
        people[2].account = people[1].account;
        _accept(_submission(1, people));
        Person[] memory others = _people(5, 3);
        others[0].account = people[1].account;
        _accept(_submission(2, others));
        vm.warp(claimsFrom);
        airdrop.claim(_entry(2, others, 0));
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.AccountPaid.selector, people[1].account);
        _refusedClaim(_entry(1, people, 1), expected);
        _refusedClaim(_entry(1, people, 2), expected);
    }

    function test_RevertWhen_TheScoreIsWorthNothing() public {
        Person[] memory people = _people(1, 3);
        people[1].score = -1;
        _accept(_submission(1, people));
        vm.warp(claimsFrom);
        _refusedClaim(_entry(1, people, 1), abi.encodeWithSelector(IScoredAirdrop.NothingToClaim.selector, 1, 1));
        assertFalse(airdrop.isIdentityPaid(people[1].identity));
    }

    // ------------------------------------------------------------------------------------ sweeping

    function test_RevertWhen_SweptTooEarly() public {
        vm.warp(sweepFrom - 1);
        vm.expectRevert(abi.encodeWithSelector(IScoredAirdrop.SweepClosed.selector, sweepFrom));
        airdrop.sweep(IERC20(address(token)));
        vm.warp(sweepFrom);
        airdrop.sweep(IERC20(address(token)));
    }
}
