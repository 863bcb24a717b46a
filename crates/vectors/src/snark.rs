//! The contract that snark-verifier generates for one verifying key: written by others, from the
//! same key.
use crate::{
    evm::{End, Evm},
    solc,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use foundry_compilers::artifacts::{
    BytecodeHash, EvmVersion, Optimizer, Settings, SettingsMetadata, SolcInput, SolcLanguage,
    Source, Sources,
};
use halo2_axiom::{
    plonk::VerifyingKey,
    poly::{commitment::ParamsProver, kzg::commitment::ParamsKZG},
};
use halo2curves_axiom::bn256::{Bn256, Fq, Fr, G1Affine};
use snark_verifier::{
    loader::evm::EvmLoader,
    pcs::kzg::{Bdfg21, KzgAs},
    system::halo2::{Config, compile, transcript::evm::EvmTranscript},
    verifier::{SnarkVerifier, plonk::PlonkVerifier},
};
use std::{path::PathBuf, rc::Rc};

/// SHPLONK on KZG.
type Verifier = PlonkVerifier<KzgAs<Bn256, Bdfg21>>;

/// The Solidity of the verifier of `key` for `words` public values.
pub fn solidity(params: &ParamsKZG<Bn256>, key: &VerifyingKey<G1Affine>, words: usize) -> String {
    let protocol = compile(params, key, Config::kzg().with_num_instance(vec![words]));
    let deciding = (params.get_g()[0], params.g2(), params.s_g2()).into();
    let loader = EvmLoader::new::<Fq, Fr>();
    let protocol = protocol.loaded(&loader);
    let mut transcript = EvmTranscript::<_, Rc<EvmLoader>, _, _>::new(&loader);
    let instances = transcript.load_instances(vec![words]);
    let proof = Verifier::read_proof(&deciding, &protocol, &instances, &mut transcript).unwrap();
    Verifier::verify(&deciding, &protocol, &instances, &proof).unwrap();
    loader.solidity_code()
}

/// Creation code of generated sources. Optimizer and via-IR must be off: the one fails (stack too
/// deep), the other makes a contract that rejects everything.
pub fn creation_codes(sources: &[String]) -> Vec<Bytes> {
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
            contract
                .evm
                .as_ref()
                .unwrap()
                .bytecode
                .as_ref()
                .unwrap()
                .object
                .as_bytes()
                .unwrap()
                .clone()
        })
        .collect()
}

/// snark-verifier's calldata: public values, then the proof, nothing else.
pub fn calldata(values: &[B256], proof: &[u8]) -> Bytes {
    let mut data = values.concat();
    data.extend_from_slice(proof);
    data.into()
}

/// A deployed contract of a key of some width and number of public values.
#[derive(Clone, Debug)]
pub struct Contract {
    pub address: Address,
    pub words: usize,
    pub width: usize,
    pub code: Vec<u8>,
}

impl Contract {
    pub fn deploy(evm: &mut Evm, creation: Bytes, words: usize, width: usize) -> Self {
        let address = evm.deploy(creation);
        Self {
            address,
            words,
            width,
            code: evm.code(address).to_vec(),
        }
    }

    pub fn call(&self, evm: &mut Evm, values: &[B256], proof: &[u8]) -> End {
        evm.call(self.address, calldata(values, proof)).0
    }

    /// What the contract makes of calldata: it reads as much as it needs, zeros where there is
    /// nothing, and reduces scalars.
    pub fn as_read(&self, values: &[B256], proof: &[u8]) -> Vec<u8> {
        let scalars_at = self.words + 22;
        let scalars = 22 + self.width;
        let mut data = calldata(values, proof).to_vec();
        data.resize(32 * (scalars_at + scalars + 4), 0);
        for (index, word) in data.chunks_exact_mut(32).enumerate() {
            if index < self.words || (scalars_at..scalars_at + scalars).contains(&index) {
                let reduced = U256::from_be_slice(word) % crate::field::R;
                word.copy_from_slice(&reduced.to_be_bytes::<32>());
            }
        }
        data
    }

    /// The contract's code with words of the key that are baked into it replaced, wherever they are
    /// pushed. `None` if one of them isn't pushed, or its replacement is too long for the
    /// instruction.
    pub fn with_words(&self, changes: &[(U256, U256)]) -> Option<Vec<u8>> {
        let mut code = self.code.clone();
        let mut found = vec![false; changes.len()];
        let mut at = 0;
        while at < code.len() {
            let size = match code[at] {
                opcode @ 0x60..=0x7f => usize::from(opcode) - 0x5f,
                _ => 0,
            };
            let end = (at + 1 + size).min(code.len());
            let pushed = U256::from_be_slice(&code[at + 1..end.max(at + 1)]);
            // Shorter ones are not of the key.
            if size >= 28
                && let Some(change) = changes.iter().position(|(old, _)| *old == pushed)
            {
                let new = changes[change].1;
                if new.byte_len() > size {
                    return None;
                }
                code[at + 1..end].copy_from_slice(&new.to_be_bytes::<32>()[32 - size..]);
                found[change] = true;
            }
            at = end;
        }
        found.into_iter().all(|found| found).then_some(code)
    }
}
