//! The contract that the argument's verifier writes when it runs over snark-verifier's EVM loader:
//! one for all keys of a header, whose other words it reads from calldata, before public values and
//! proof.
//!
//! Transcript, arithmetic and reading are snark-verifier's; gates and opening are those that the
//! Rust verifier runs natively.
use crate::{
    evm::{End, Evm},
    field::{self, R},
    solc,
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use foundry_compilers::artifacts::{
    BytecodeHash, EvmVersion, Optimizer, Settings, SettingsMetadata, SolcInput, SolcLanguage,
    Source, Sources,
};
use halo2curves_axiom::{
    bn256::{Bn256, Fq, Fr, G1Affine, G2Affine},
    group::Curve,
};
use rayon::prelude::*;
use snark_verifier::{
    loader::{EcPointLoader, ScalarLoader, evm::EvmLoader},
    pcs::{
        AccumulationDecider,
        kzg::{Bdfg21, KzgAccumulator, KzgAs, KzgDecidingKey},
    },
    system::halo2::transcript::evm::EvmTranscript,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    rc::Rc,
};
use verdict_argument::{Accumulator, LoadedKey, PACKS, Relation, accumulate};
use verdict_circuit::TapeRelation;
use verdict_wire::words;

/// SHPLONK's last step on KZG.
type Decider = KzgAs<Bn256, Bdfg21>;

/// Sources that the compiler is given at once; it runs out of memory with many.
const SOURCES: usize = 6;

/// What the header of a key says, read here once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    pub k: u8,
    pub width: u8,
    pub pack: u8,
    pub hidden: bool,
    pub values: u16,
}

impl Header {
    /// The header of a key that there may be proofs under.
    pub fn of(key: &[u8]) -> Option<Self> {
        let (header, rest) = key.split_at_checked(32)?;
        let [
            b'V',
            b'D',
            b'C',
            b'T',
            3,
            k,
            width,
            pack,
            hidden,
            high,
            low,
            unused @ ..,
        ] = header
        else {
            return None;
        };
        let this = Self {
            k: *k,
            width: *width,
            pack: *pack,
            hidden: *hidden == 1,
            values: u16::from_be_bytes([*high, *low]),
        };
        let sensible = *hidden <= 1
            && unused.iter().all(|byte| *byte == 0)
            && PACKS.contains(&usize::from(*pack))
            && (1..=64).contains(width)
            && *k <= 28
            && this.values > 0;
        let fits = sensible
            && this.relation().shape().check().is_ok()
            && rest.len() == 64 * this.relation().shape().fixed_packs();
        fits.then_some(this)
    }

    pub fn relation(&self) -> TapeRelation {
        let [k, width, pack] = [self.k, self.width, self.pack].map(usize::from);
        TapeRelation::new(k as u32, width, pack, self.values.into(), self.hidden)
    }

    /// The contract's source.
    pub fn solidity(&self, tau: G2Affine) -> String {
        let relation = self.relation();
        let loader = EvmLoader::new::<Fq, Fr>();
        let mut transcript = EvmTranscript::<G1Affine, Rc<EvmLoader>, _, _>::new(&loader);
        let instance = transcript
            .load_instances(vec![self.values.into()])
            .remove(0);
        // Words that stand for the key's.
        let representation = -Fr::from(0x5645_5244_4943_5400);
        let commitments: Vec<G1Affine> = (0..relation.shape().fixed_packs())
            .map(|i| (G1Affine::generator() * Fr::from(7_000_000 + i as u64)).to_affine())
            .collect();
        let loaded = LoadedKey {
            representation: loader.load_const(&representation),
            commitments: commitments
                .iter()
                .map(|point| loader.ec_point_load_const(point))
                .collect(),
        };
        let Accumulator { left, right } =
            accumulate(&relation, &loaded, &instance, &mut transcript).unwrap();
        let deciding: KzgDecidingKey<Bn256> =
            (G1Affine::generator(), G2Affine::generator(), tau).into();
        let accumulator = KzgAccumulator::new(left, right);
        <Decider as AccumulationDecider<G1Affine, Rc<EvmLoader>>>::decide(&deciding, accumulator)
            .unwrap();

        let coordinates: Vec<U256> = commitments.iter().flat_map(field::to_words).collect();
        let mut source = shifted(&loader.solidity_code(), 32 * (1 + coordinates.len()));
        let mut read = |constant: String, at: usize| {
            assert!(source.contains(&constant), "{constant} is not in the code");
            source = source.replace(&constant, &format!("calldataload({at:#x})"));
        };
        read(
            U256::from_be_bytes(words::word(&representation).0).to_string(),
            0,
        );
        for (i, coordinate) in coordinates.iter().enumerate() {
            read(format!("{coordinate:#066x}"), 32 * (1 + i));
        }
        source
    }
}

/// The code, with everything in calldata so many bytes later.
fn shifted(source: &str, by: usize) -> String {
    let mut parts = source.split("calldataload(0x");
    let mut shifted = parts.next().unwrap().to_string();
    for part in parts {
        let (at, rest) = part.split_once(')').unwrap();
        let at = usize::from_str_radix(at, 16).unwrap() + by;
        shifted += &format!("calldataload({at:#x}){rest}");
    }
    shifted
}

/// Creation code of generated sources. Optimizer and via-IR must be off: the one fails (stack too
/// deep), the other makes a contract that rejects everything.
fn creation_codes(sources: &[String]) -> Vec<Bytes> {
    let name = |index: usize| PathBuf::from(format!("Halo2Verifier{index}.sol"));
    let settings = Settings {
        optimizer: Optimizer {
            enabled: Some(false),
            ..Default::default()
        },
        via_ir: None,
        metadata: Some(SettingsMetadata::new(BytecodeHash::None, false)),
        evm_version: Some(EvmVersion::Paris),
        ..Default::default()
    };
    let sources: Sources = sources
        .iter()
        .enumerate()
        .map(|(index, source)| (name(index), Source::new(source)))
        .collect();
    let count = sources.len();
    let output = solc::compile(
        &solc::solc("solc-0.8.19"),
        SolcInput::new(SolcLanguage::Solidity, sources, settings),
    );
    (0..count)
        .map(|index| {
            let contract = &output.contracts[&name(index)]["Halo2Verifier"];
            let code = contract.evm.as_ref().unwrap().bytecode.as_ref().unwrap();
            code.object.as_bytes().unwrap().clone()
        })
        .collect()
}

/// A deployed contract.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    pub address: Address,
    pub header: Header,
}

/// The contracts that there are, by the header that they are for.
pub type Contracts = BTreeMap<Header, Contract>;

/// Generates, compiles and deploys a contract for each header.
pub fn deploy(evm: &mut Evm, headers: &BTreeSet<Header>, tau: G2Affine) -> Contracts {
    let sources: Vec<String> = headers.iter().map(|header| header.solidity(tau)).collect();
    let codes: Vec<Vec<Bytes>> = sources.par_chunks(SOURCES).map(creation_codes).collect();
    let deployed = headers.iter().zip(codes.concat()).map(|(header, code)| {
        let (address, header) = (evm.deploy(code), *header);
        (header, Contract { address, header })
    });
    deployed.collect()
}

impl Contract {
    /// What it says, and the gas that it takes to say so.
    pub fn call(&self, evm: &mut Evm, key: &[u8], values: &[B256], proof: &[u8]) -> (End, u64) {
        assert_eq!(Header::of(key), Some(self.header));
        let representation = U256::from_be_bytes(keccak256(key).0) % R;
        let (first, values) = (representation.to_be_bytes::<32>(), values.concat());
        let data = [first.as_slice(), &key[32..], &values, proof].concat();
        let (end, _, gas) = evm.call(self.address, data.into());
        (end, gas)
    }

    pub fn accepts(&self, evm: &mut Evm, key: &[u8], values: &[B256], proof: &[u8]) -> bool {
        self.call(evm, key, values, proof).0 == End::Accepted
    }

    /// What the contract makes of public values and proof: it reads as much as it needs, zeros where
    /// there is nothing, and reduces scalars.
    pub fn as_read(&self, values: &[B256], proof: &[u8]) -> Vec<u8> {
        let relation = self.header.relation();
        let (shape, words) = (relation.shape(), usize::from(self.header.values));
        let scalars_at = words + 2 * shape.commitments();
        let scalars = scalars_at..scalars_at + shape.evaluations();
        let mut data = [values.concat().as_slice(), proof].concat();
        data.resize(32 * words + shape.proof_bytes(), 0);
        for (index, word) in data.chunks_exact_mut(32).enumerate() {
            if index < words || scalars.contains(&index) {
                let reduced = U256::from_be_slice(word) % R;
                word.copy_from_slice(&reduced.to_be_bytes::<32>());
            }
        }
        data
    }
}
