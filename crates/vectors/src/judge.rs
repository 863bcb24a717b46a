//! Three verifiers and the publisher of keys, and what they say about a mutant.
use crate::{
    evm::{End, Evm},
    halo2,
    mutate::{Material, Mutant, Random, Statement},
    snark::Contract,
    support::{Proved, compiled, prove},
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use halo2curves_axiom::bn256::Fr;
use rand::SeedableRng;
use std::{collections::BTreeMap, sync::LazyLock};
use verdict_chain::{
    Artifact,
    bindings::{IInferenceVerifier, IVerifyingKeys},
};
use verdict_model::{Goal, Visibility};
use verdict_prover::Srs;
use verdict_wire::{instance, parse_key, public_values, verify_calldata, words};

/// Where a mutated verifying key, or snark-verifier's contract of it, is put.
const SCRATCH_KEY: Address = Address::repeat_byte(0xa1);
const SCRATCH_CONTRACT: Address = Address::repeat_byte(0xa2);

/// No rejection may use more, except for what the transaction's calldata costs whatever is done
/// with it.
const GAS_BOUND: u64 = 400_000;

/// The development set-up at every height that a mutated key of a small model may have.
static PARAMS: LazyLock<BTreeMap<u32, Srs>> =
    LazyLock::new(|| (3..=13).map(|k| (k, Srs::development(k))).collect());

/// A model with several proofs.
pub struct Model {
    pub name: &'static str,
    pub proved: Proved,
    pub good: Statement,
    pub twin: Statement,
    pub other: Statement,
}

impl Model {
    pub fn new(name: &'static str, inputs: Visibility, width: usize) -> Self {
        let proved = prove(name, Goal::Time, inputs, Some(width));
        let input = compiled(name, Goal::Time, inputs).1;
        let statement = |context: u64, seed: u64| {
            let random = Random::seed_from_u64(seed);
            let inference = proved
                .session
                .prove(&input, Fr::from(context), random, &|_| {})
                .unwrap();
            Statement {
                key: proved.key.clone(),
                values: public_values(&inference.instance),
                proof: inference.proof,
            }
        };
        let (good, twin, other) = (statement(7, 2), statement(7, 3), statement(8, 4));
        assert_eq!(good.values, twin.values);
        assert_ne!(good.proof, twin.proof);
        Self {
            name,
            proved,
            good,
            twin,
            other,
        }
    }
}

/// The contracts, and what is published.
#[derive(Clone)]
pub struct Chain {
    pub evm: Evm,
    pub verifier: Address,
    pub keys: Address,
}

impl Default for Chain {
    fn default() -> Self {
        let mut evm = Evm::default();
        let tau = words::tau_g2(&Srs::development(1).tau_g2());
        let verifier = evm.deploy(Artifact::inference_verifier().unwrap().with_setup(tau));
        let keys = evm.deploy(Artifact::verifying_keys().unwrap().bytecode);
        Self {
            evm,
            verifier,
            keys,
        }
    }
}

impl Chain {
    /// Whether `VerifyingKeys` takes a key, or which error it gives.
    pub fn publish(&mut self, key: &[u8]) -> (End, u64) {
        let data = IVerifyingKeys::publishCall {
            key: key.to_vec().into(),
        }
        .abi_encode();
        let (end, _, gas) = self.evm.call(self.keys, data.into());
        (end, gas)
    }

    /// Our verdict, with the key's bytes at some account, published or not.
    pub fn verify(&mut self, account: Address, statement: &Statement) -> (End, u64) {
        self.evm
            .put(account, [&[0], statement.key.as_slice()].concat());
        let data = verify_calldata(account, &statement.values, &statement.proof);
        let (end, _, gas) = self.evm.call(self.verifier, data);
        (end, gas)
    }
}

/// What was said about a mutant. `None`: the verifier has no way of being asked.
#[derive(Clone, Debug, Default)]
pub struct Opinions {
    /// Our contract's error.
    pub ours: String,
    pub gas: u64,
    /// The error of `VerifyingKeys`, if the key is the mutant.
    pub publisher: Option<String>,
    pub halo2: bool,
    pub snark: bool,
    /// snark-verifier's contract read the good calldata out of this, and accepted.
    pub lenient: bool,
    pub problems: Vec<String>,
}

/// One model's verifiers.
pub struct Bench<'a> {
    pub model: &'a Model,
    pub material: &'a Material,
    pub contract: &'a Contract,
    pub foreign_contract: &'a Contract,
}

impl Bench<'_> {
    pub fn judge(&self, chain: &mut Chain, mutant: &Mutant) -> Opinions {
        match mutant {
            Mutant::Statement { values, proof } => {
                let statement = Statement {
                    key: self.material.good.key.clone(),
                    values: values.clone(),
                    proof: proof.clone(),
                };
                self.statement(chain, &statement)
            }
            Mutant::Key(statement) => self.key(chain, statement),
            Mutant::Calldata(data) => self.calldata(chain, data),
        }
    }

    /// Another proof, other public values: everybody has an opinion (of words that are no scalars,
    /// halo2 can't be told).
    fn statement(&self, chain: &mut Chain, statement: &Statement) -> Opinions {
        let (values, proof) = (&statement.values, &statement.proof);
        let mut opinions = Opinions {
            halo2: true,
            snark: true,
            ..Opinions::default()
        };
        let data = verify_calldata(self.material.address, values, proof);
        let (end, _, gas) = chain.evm.call(chain.verifier, data.clone());
        opinions.ours(&end, gas, &data);
        if let Ok(instance) = instance(values) {
            let session = &self.model.proved.session;
            // halo2 itself, without the checks of lengths that `KeyedModel::verify` makes before
            // it.
            if verdict_prover::verify(
                session.keys().verifying(),
                session.srs().params(),
                &instance,
                proof,
            )
            .is_ok()
            {
                opinions.problems.push("halo2 accepts".into());
            }
        }

        // Their contract reads scalars modulo r and ignores what follows the proof: exactly then it
        // reads the good one.
        let good = &self.material.good;
        let same = self.contract.as_read(values, proof)
            == self.contract.as_read(&good.values, &good.proof);
        let accepted = self.contract.call(&mut chain.evm, values, proof) == End::Accepted;
        if accepted != same {
            opinions.problems.push(format!(
                "snark-verifier's contract: accepted {accepted}, reads the good one {same}"
            ));
        }
        opinions.lenient = accepted && same;
        opinions
    }

    /// Another verifying key.
    fn key(&self, chain: &mut Chain, statement: &Statement) -> Opinions {
        let mut opinions = Opinions::default();
        let (published, gas) = chain.publish(&statement.key);
        opinions.publisher = Some(published.kind());
        if !matches!(published, End::Accepted | End::Named(_)) || gas > 3_000_000 {
            opinions
                .problems
                .push(format!("publisher: {published:?}, {gas} gas"));
        }
        let parts = parse_key(&statement.key);
        if parts.is_ok() != (published == End::Accepted) {
            opinions.problems.push(format!(
                "publisher: {published:?}, but in Rust: {:?}",
                parts.as_ref().err()
            ));
        }

        let (end, gas) = chain.verify(SCRATCH_KEY, statement);
        if published == End::Accepted {
            let data = verify_calldata(SCRATCH_KEY, &statement.values, &statement.proof);
            opinions.ours(&end, gas, &data);
        } else {
            // Nobody should trust an account that `VerifyingKeys` did not make. Still nothing may
            // pass.
            opinions.ours = format!("{} (unpublished)", end.kind());
            if end == End::Accepted {
                opinions
                    .problems
                    .push("ours accepts under a key that can't be published".into());
            }
            return opinions;
        }

        let parts = parts.unwrap();
        if let (Some(srs), Ok(instance)) = (PARAMS.get(&parts.k), instance(&statement.values)) {
            opinions.halo2 = true;
            if halo2::accepts(&parts, srs.params(), &instance, &statement.proof) {
                opinions.problems.push("halo2 accepts".into());
            }
        }
        if let Some(accepted) = self.ask_snark(chain, statement) {
            opinions.snark = true;
            if accepted {
                opinions
                    .problems
                    .push("snark-verifier's contract accepts".into());
            }
        }
        opinions
    }

    /// snark-verifier's contract of a mutated key: the good one's, with the words that differ
    /// replaced in its code.
    fn ask_snark(&self, chain: &mut Chain, statement: &Statement) -> Option<bool> {
        let (values, proof) = (&statement.values, &statement.proof);
        if statement.key == self.material.foreign.key {
            return Some(
                self.foreign_contract.call(&mut chain.evm, values, proof) == End::Accepted,
            );
        }
        let code = self
            .contract
            .with_words(&changes(&self.material.good.key, &statement.key)?)?;
        chain.evm.put(SCRATCH_CONTRACT, code);
        let patched = Contract {
            address: SCRATCH_CONTRACT,
            ..self.contract.clone()
        };
        Some(patched.call(&mut chain.evm, values, proof) == End::Accepted)
    }

    /// Another encoding of the call: only our contract reads that one.
    fn calldata(&self, chain: &mut Chain, data: &[u8]) -> Opinions {
        let mut opinions = Opinions::default();
        let (end, _, gas) = chain.evm.call(chain.verifier, data.to_vec().into());
        // Solidity's decoder refuses what is no encoding of any arguments before our code runs, and
        // gives no reason.
        let no_encoding = IInferenceVerifier::verifyCall::abi_decode_validate(data).is_err();
        if no_encoding && end.kind() == "(empty revert)" {
            opinions.ours = "(no ABI encoding)".into();
            opinions.gas = gas;
            if gas > 100_000 {
                opinions
                    .problems
                    .push(format!("Solidity's decoder used {gas} gas"));
            }
        } else {
            opinions.ours(&end, gas, data);
        }
        opinions
    }
}

impl Opinions {
    /// `data` is the transaction's: since Prague (EIP-7623) calldata alone costs 10 a zero byte and
    /// 40 another one.
    fn ours(&mut self, end: &End, gas: u64, data: &[u8]) {
        let floor = 21_000
            + data
                .iter()
                .map(|byte| if *byte == 0 { 10 } else { 40 })
                .sum::<u64>();
        self.ours = end.kind();
        self.gas = gas;
        if !matches!(end, End::Named(_)) {
            self.problems.push(format!("ours: {end:?}"));
        }
        if gas >= GAS_BOUND && gas != floor {
            self.problems.push(format!("ours: rejected for {gas} gas"));
        }
    }
}

/// The words in which two keys of one shape differ; `None` if the shapes differ, or a word that
/// changes is in the key twice.
pub fn changes(from: &[u8], to: &[u8]) -> Option<Vec<(U256, U256)>> {
    if from.len() != to.len() || from[..32] != to[..32] {
        return None;
    }
    let words = |key: &[u8]| {
        key.chunks_exact(32)
            .map(U256::from_be_slice)
            .collect::<Vec<_>>()
    };
    let (from, to) = (words(from), words(to));
    let mut changes = Vec::new();
    for (old, new) in from.iter().zip(&to) {
        if old != new {
            if from.iter().filter(|word| *word == old).count() > 1 {
                return None;
            }
            changes.push((*old, *new));
        }
    }
    Some(changes)
}
