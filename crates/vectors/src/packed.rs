//! Packed proofs: the committed vectors, the Rust verifier, and the contract that the same verifier
//! writes over snark-verifier's EVM loader.
use alloy_primitives::{B256, Bytes, keccak256};
use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fq, Fq2, Fr, G1Affine, G2Affine},
    ff::FromUniformBytes,
};
use serde::Deserialize;
use snark_verifier::{
    loader::{EcPointLoader, ScalarLoader, evm::EvmLoader},
    pcs::{
        AccumulationDecider,
        kzg::{Bdfg21, KzgAccumulator, KzgAs, KzgDecidingKey},
    },
    system::halo2::transcript::evm::EvmTranscript,
};
use std::{fs, path::Path, rc::Rc};
use verdict_argument::{
    Accumulator, ArgumentError, LoadedKey, Relation, VerifyingKey, accumulate, verify,
};
use verdict_circuit::TapeRelation;
use verdict_wire::words;

/// All that a verifier is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vector {
    pub key: Bytes,
    pub public_values: Vec<B256>,
    pub proof: Bytes,
    pub tau_g2: [B256; 4],
}

impl Vector {
    pub fn read(path: &Path) -> Self {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// The relation that the key's header names.
    pub fn relation(&self) -> TapeRelation {
        let header = &self.key[..32];
        assert_eq!(&header[..5], b"VDCT\x03");
        let [k, width, pack, hidden] = [5, 6, 7, 8].map(|at: usize| header[at]);
        let values = u16::from_be_bytes([header[9], header[10]]);
        TapeRelation::new(
            k.into(),
            width.into(),
            pack.into(),
            values.into(),
            hidden == 1,
        )
    }

    pub fn verifying_key(&self) -> VerifyingKey {
        let coordinates = self.key[32..].chunks_exact(32).map(B256::from_slice);
        let coordinates: Vec<B256> = coordinates.collect();
        let points = coordinates.chunks_exact(2);
        let points = points.map(|pair| words::read_point(&pair[0], &pair[1]).unwrap());
        let mut wide = [0u8; 64];
        wide[..32].copy_from_slice(keccak256(&self.key).as_slice());
        wide[..32].reverse();
        VerifyingKey {
            representation: Fr::from_uniform_bytes(&wide),
            commitments: points.collect(),
        }
    }

    pub fn tau(&self) -> G2Affine {
        let [x_im, x_re, y_im, y_re] = self.tau_g2.map(base);
        G2Affine::from_xy(Fq2::new(x_re, x_im), Fq2::new(y_re, y_im)).unwrap()
    }

    /// What the Rust verifier says.
    pub fn verify(&self) -> Result<(), ArgumentError> {
        let values: Result<Vec<Fr>, _> = self.public_values.iter().map(words::scalar).collect();
        let values = values.map_err(|error| ArgumentError::Rejected(error.to_string()))?;
        let key = self.verifying_key();
        verify(&self.relation(), &key, self.tau(), &values, &self.proof)
    }

    /// The contract that the verifier, run over the EVM's loader, writes for this key.
    pub fn solidity(&self) -> String {
        let relation = self.relation();
        let key = self.verifying_key();
        let loader = EvmLoader::new::<Fq, Fr>();
        let mut transcript = EvmTranscript::<G1Affine, Rc<EvmLoader>, _, _>::new(&loader);
        let count = relation.shape().instance;
        let instance = transcript.load_instances(vec![count]).remove(0);
        let points = key.commitments.iter();
        let loaded = LoadedKey {
            representation: loader.load_const(&key.representation),
            commitments: points
                .map(|point| loader.ec_point_load_const(point))
                .collect(),
        };
        let Accumulator { left, right } =
            accumulate(&relation, &loaded, &instance, &mut transcript).unwrap();
        let deciding: KzgDecidingKey<halo2curves_axiom::bn256::Bn256> =
            (G1Affine::generator(), G2Affine::generator(), self.tau()).into();
        let accumulator = KzgAccumulator::new(left, right);
        type Decider = KzgAs<halo2curves_axiom::bn256::Bn256, Bdfg21>;
        <Decider as AccumulationDecider<G1Affine, Rc<EvmLoader>>>::decide(&deciding, accumulator)
            .unwrap();
        loader.solidity_code()
    }
}

fn base(word: B256) -> Fq {
    let mut bytes = word.0;
    bytes.reverse();
    Fq::from_bytes(&bytes).unwrap()
}

/// The committed vectors, by name.
pub fn vectors() -> Vec<(String, Vector)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors/packed");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|path| (path.display().to_string(), Vector::read(&path)))
        .collect()
}
