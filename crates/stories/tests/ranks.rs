//! What a contract makes of a number is what this program makes of the same decimal: ranks among
//! thresholds of every kind, at numbers that lie on them, beside them, halfway to the next float, and
//! beyond all.
#![allow(clippy::unwrap_used)]

#[path = "../../compiler/tests/common/graph.rs"]
mod graph;

use alloy_primitives::{
    Address, B256, Bytes, FixedBytes, I256, U256, Uint, address, hex, keccak256,
};
use alloy_sol_types::SolValue;
use graph::{graph, tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};
use verdict_chain::{
    Artifact, Chain, ChainExt, Fork,
    bindings::{
        breakpoints::IModelBreakpoints,
        on_chain_features::OnChainFeatures::{self, Feed},
        registry::{IERC7992Registry::ModelCommitment, IModelRegistry},
    },
};
use verdict_circuit::Batch;
use verdict_compiler::{
    Activation, Comparison, FloatGraph, FloatLayer, FloatTerm, InputDomain, Options, Precision,
    Test, compile,
};
use verdict_consumers::{Prepared, live_integers};
use verdict_engine::{Engine, Setup};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, Packing, Visibility};
use verdict_stories::World;
use verdict_wire::{breakpoint_table, breakpoints_digest, model_spec, spec_digest};

/// Each feature's feed has others.
const DECIMALS: [u8; 6] = [0, 6, 8, 18, 27, 36];
const FEED: Address = address!("00000000000000000000000000000000000feed5");
/// With 64 bytes, keeps the second word under the first; with 32, returns what it has under it.
const FEED_CODE: [u8; 24] = hex!("366040146010575f35545f5260205ff35b6020355f355500");

/// A threshold of a kind that no even grid could hold, and whether the test rounds to 32 bits.
fn threshold(rng: &mut StdRng) -> (f64, bool) {
    let single = match rng.gen_range(0..10) {
        0 => f32::from_bits(rng.gen_range(0..100)),
        1 => -f32::from_bits(rng.gen_range(0..1 << 23)),
        2 => [0.0, -0.0, 1.0, f32::MAX, f32::MIN, 1e30][rng.gen_range(0..6)],
        3 => rng.gen_range(-1.0f32..1.0) * 1e-20,
        4 => rng.gen_range(-1.0f32..1.0).powi(15),
        5 => rng.gen_range(-1e6f32..1e6),
        // 64-bit floats, also far beyond what 256 bits can say.
        6 => {
            return (
                rng.gen_range(-1.0..1.0) * 10f64.powi(rng.gen_range(-300..300)),
                false,
            );
        }
        7 => {
            return (
                f64::from(rng.gen_range(-100_000i32..100_000)) / 100.0,
                false,
            );
        }
        _ => rng.gen_range(-2.0f32..2.0),
    };
    (single.into(), rng.r#gen())
}

/// A model that compares each of its features with a few thresholds; of numbers beyond a domain only
/// the domain's ends, if one is `stated`.
fn model(rng: &mut StdRng, stated: bool) -> Option<CompiledModel> {
    let orders = [
        Comparison::AtMost,
        Comparison::Below,
        Comparison::AtLeast,
        Comparison::Above,
    ];
    let features = DECIMALS.len();
    let mut rows = Vec::new();
    let mut tests = Vec::new();
    for feature in 0..features {
        for _ in 0..rng.gen_range(0..12) {
            let (threshold, single) = threshold(rng);
            rows.push(vec![(feature as u32, 1.0)]);
            tests.push(Some(Test {
                comparison: orders[rng.gen_range(0..4)],
                threshold,
                single,
                missing: false,
            }));
        }
    }
    let count = rows.len();
    if count == 0 {
        return None;
    }
    let layer = FloatLayer {
        nodes: vec![],
        terms: vec![FloatTerm::rows(0, rows)],
        bias: vec![0.0; count],
        activation: Activation::Step,
        precision: Precision::Tests(tests.into()),
        public_bias: false,
        masked: false,
        excluded: Vec::new(),
    };
    let tensors = vec![tensor("x", features, None), tensor("y", count, Some(layer))];
    let float: FloatGraph = graph("thresholds", tensors, vec![1]);
    let few = (0..5).map(|_| vec![(0..features).map(|_| rng.gen_range(-1.0..1.5)).collect()]);
    let data = DataSet::from_rows(few.collect(), &float.input_specs()).unwrap();
    let options = Options {
        input_visibility: Visibility::Public,
        input_domains: match stated {
            true => vec![InputDomain::Uniform(-1.0, 1.5)],
            false => vec![],
        },
        ..Options::default()
    };
    // A test of 64-bit floats may lie within the 32-bit float that another one asks for.
    compile(&float, &data, &options).ok()
}

/// A source that reads the model's features from the feed; its chain, and the version's pin.
fn source(model: &CompiledModel) -> (World, Address, B256) {
    let engine = Engine::new(Setup::development(None));
    let mut world = World::new(engine.setup().tau_g2().unwrap(), Fork::Osaka).unwrap();
    let (chain, registry) = (&mut world.chain, world.core.registry);
    chain.set_code(FEED, FEED_CODE.to_vec().into());

    // A key of another proof system: of it the registry reads how many public values there are.
    let graph = model.graph();
    let words = |id: &usize| Packing::of(&graph.tensors[*id]).words(graph.tensors[*id].len);
    let count = 1 + graph
        .inputs
        .iter()
        .chain(&graph.outputs)
        .map(words)
        .sum::<usize>();
    let key: U256 = U256::from(count) << 168;
    let account = address!("00000000000000000000000000000000000000ce");
    chain.set_code(
        account,
        [&[0][..], key.to_be_bytes::<32>().as_slice()]
            .concat()
            .into(),
    );
    chain
        .transact(registry, &IModelRegistry::indexKeyCall { key: account })
        .unwrap();

    let batch = Batch {
        items: 1,
        sums: vec![],
    };
    let spec = model_spec(model, &batch, B256::ZERO).unwrap();
    let breakpoints = breakpoints_digest(model.manifest());
    let publish = IModelBreakpoints::publishSpecCall {
        spec: SolValue::abi_decode(&spec.abi_encode()).unwrap(),
        breakpoints,
    };
    let (digest, _) = chain.transact(registry, &publish).unwrap();
    assert_eq!(digest, spec_digest(&spec, breakpoints));
    let commitment = ModelCommitment {
        modelHash: model.digest().into(),
        circuitHash: digest,
        vkHash: keccak256(key.to_be_bytes::<32>()),
        proofSystemId: FixedBytes([1; 4]),
        uri: String::new(),
    };
    let register = IModelRegistry::registerModel_1Call {
        commitment,
        delay: 2 * 86_400,
    };
    let (id, _) = chain.transact(registry, &register).unwrap();
    let pin = IModelRegistry::pinOfCall {
        modelId: id,
        version: 1,
    };
    let pin = chain.read(registry, &pin).unwrap();

    let feed = |(slot, decimals): (usize, &u8)| Feed {
        target: FEED,
        data: U256::from(slot).to_be_bytes_vec().into(),
        word: 0,
        isSigned: true,
        decimals: *decimals,
        maxAge: 0,
        timeWord: 0,
        gasLimit: 0,
        optional: false,
        substitute: I256::ZERO,
        anySign: false,
    };
    let arguments = OnChainFeatures::constructorCall {
        registry_: registry,
        modelId_: id,
        subject_: B256::ZERO,
        feeds_: DECIMALS.iter().enumerate().map(feed).collect(),
    };
    let code = Artifact::load("OnChainFeatures").unwrap();
    let code = code.with_arguments(&arguments);
    let (source, _) = chain.create("OnChainFeatures", code).unwrap();
    let table = breakpoint_table(model.manifest());
    Prepared::prepare(chain, source, 1, table.as_deref()).unwrap();
    (world, source, pin)
}

/// With 1,100 bits behind the point.
type Fixed = Uint<2560, 40>;
const POINT: usize = 1100;

/// The magnitude of a float times 10^`decimals`, exactly.
fn scaled(real: f64, decimals: u8) -> Fixed {
    let bits = real.to_bits() & !(1 << 63);
    let (raw, fraction) = ((bits >> 52) as usize, bits & ((1 << 52) - 1));
    let (mantissa, shift) = match raw {
        0 => (fraction, POINT - 1074),
        _ => (fraction | 1 << 52, raw + POINT - 1075),
    };
    (Fixed::from(mantissa) * Fixed::from(10).pow(Fixed::from(decimals))) << shift
}

/// Numbers that lie on a breakpoint, beside it, and about halfway to the float before and after it;
/// those that 256 bits cannot say are the largest they can.
fn candidates(breakpoint: f64, decimals: u8) -> Vec<I256> {
    let middle = |other: f64| (scaled(breakpoint, decimals) + scaled(other, decimals)) >> 1;
    let mut all = Vec::new();
    for near in [
        scaled(breakpoint, decimals),
        middle(breakpoint.next_down()),
        middle(breakpoint.next_up()),
    ] {
        let whole: Fixed = near >> POINT;
        let number = match whole.bit_len() < 255 {
            true => I256::from_raw(whole.to::<U256>()),
            false => I256::MAX - I256::unchecked_from(2),
        };
        let number = if breakpoint < 0.0 { -number } else { number };
        all.extend((-2..=2).map(|step| number + I256::unchecked_from(step)));
    }
    all
}

/// Compares all numbers, one of each feature's at a time; how many there were.
fn compare(model: &CompiledModel, columns: &[Vec<I256>]) -> usize {
    let (mut world, source, pin) = source(model);
    let rows = columns.iter().map(Vec::len).max().unwrap();
    for row in 0..rows {
        let numbers: Vec<I256> = columns
            .iter()
            .map(|column| column[row % column.len()])
            .collect();
        for (slot, number) in numbers.iter().enumerate() {
            let words = [U256::from(slot), number.into_raw()].map(|it| it.to_be_bytes::<32>());
            world
                .chain
                .send(Some(FEED), Bytes::from(words.concat()))
                .unwrap();
        }
        let real = |(number, decimals): (&I256, &u8)| format!("{number}e-{decimals}").parse();
        let reals: Result<Vec<f64>, _> = numbers.iter().zip(&DECIMALS).map(real).collect();
        let expected = model.quantise_input(&[reals.unwrap()], OutOfDomain::Saturate);
        let found = live_integers(&mut world.chain, source, pin).unwrap();
        assert_eq!(found, expected.unwrap().concat(), "{numbers:?}");
    }
    rows * columns.len()
}

#[test]
fn the_chain_ranks_every_decimal_as_this_program_does() {
    let (mut models, mut numbers) = (0, 0);
    for seed in 0..24 {
        let rng = &mut StdRng::seed_from_u64(seed);
        let Some(model) = model(rng, seed % 4 == 3) else {
            continue;
        };
        let input = &model.manifest().inputs[0];
        let column = |(feature, decimals): (usize, &u8)| {
            let breakpoints = input.breakpoints(feature).unwrap();
            let mut column: Vec<I256> = breakpoints
                .iter()
                .flat_map(|breakpoint| candidates(*breakpoint, *decimals))
                .collect();
            column.extend([I256::MIN, I256::MAX, I256::ZERO, I256::ONE, I256::MINUS_ONE]);
            column.extend((0..20).map(|_| {
                let number: I256 = I256::from_raw(U256::from_limbs(rng.r#gen()));
                number.asr(rng.gen_range(0..255))
            }));
            column
        };
        let columns: Vec<_> = DECIMALS.iter().enumerate().map(column).collect();
        numbers += compare(&model, &columns);
        models += 1;
    }
    assert!(models >= 12 && numbers >= 10_000, "{models} {numbers}");
}

/// What the digest covers: each breakpoint is in the table, at its place.
#[test]
fn another_breakpoint_is_another_spec() {
    let model = (0..).find_map(|seed| model(&mut StdRng::seed_from_u64(seed), false));
    let mut manifest = model.unwrap().manifest().clone();
    let table = breakpoint_table(&manifest).unwrap();
    let digest = breakpoints_digest(&manifest);
    let lists = manifest.inputs[0].breakpoints.iter().flatten();
    let all: Vec<u8> = lists.flatten().flat_map(|it| it.to_be_bytes()).collect();
    assert_eq!(table, all);
    assert_eq!(digest, keccak256(&table));
    for feature in 0..DECIMALS.len() {
        let count = manifest.inputs[0].breakpoints[feature]
            .as_ref()
            .unwrap()
            .len();
        for place in 0..count {
            let mut other = manifest.clone();
            let list = other.inputs[0].breakpoints[feature].as_mut().unwrap();
            list[place] = list[place].next_up();
            assert_ne!(breakpoints_digest(&other), digest);
        }
    }
    manifest.inputs[0].breakpoints.clear();
    assert_eq!(breakpoint_table(&manifest), None);
    assert_eq!(breakpoints_digest(&manifest), B256::ZERO);
}
