//! Three verifiers and the publisher of keys, and what they say about a mutant.
use crate::{
    evm::{End, Evm},
    generated::{Contracts, Header},
    mutate::{Material, Mutant, Random, Statement},
    support::{Proved, compiled, prove_in, tau},
};
use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use halo2curves_axiom::bn256::Fr;
use rand::SeedableRng;
use verdict_argument::PACKS;
use verdict_chain::{
    Artifact,
    bindings::{IInferenceVerifier, IVerifyingKeys},
};
use verdict_circuit::Limits;
use verdict_model::{Goal, Visibility};
use verdict_prover::verify_under;
use verdict_wire::{VerifyingKeyParts, instance, parse_key, public_values, verify_calldata, words};

/// Where a mutated verifying key is put.
const SCRATCH_KEY: Address = Address::repeat_byte(0xa1);

/// No rejection may use more, except for what the transaction's calldata costs whatever is done
/// with it.
const GAS_BOUND: u64 = 400_000;

/// A model with several proofs.
pub struct Model {
    pub name: String,
    pub good: Statement,
    pub twin: Statement,
    pub other: Statement,
    /// In packs of the two other sizes.
    pub repacked: Vec<Statement>,
    /// With weights that are hidden if the good ones are not, and the other way round.
    pub revealed: Statement,
}

/// How a model is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub inputs: Visibility,
    pub width: usize,
    pub pack: usize,
    pub hidden: bool,
}

impl Layout {
    fn prove(self, name: &str) -> Proved {
        let limits = Limits {
            width: Some(self.width),
            pack: Some(self.pack),
            ..Limits::default()
        };
        prove_in(name, Goal::Time, self.inputs, limits, self.hidden)
    }
}

impl Model {
    pub fn new(name: &str, layout: Layout) -> Self {
        let proved = layout.prove(name);
        let input = compiled(name, Goal::Time, layout.inputs).1;
        let statement = |proved: &Proved, context: u64, seed: u64| {
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
        let good = statement(&proved, 7, 2);
        let twin = statement(&proved, 7, 3);
        assert_eq!(good.values, twin.values);
        assert_ne!(good.proof, twin.proof);
        let repacked = PACKS.into_iter().filter(|pack| *pack != layout.pack);
        let repacked = repacked.map(|pack| {
            let other = statement(&Layout { pack, ..layout }.prove(name), 7, 5);
            assert_eq!(other.values, good.values);
            other
        });
        let hidden = !layout.hidden;
        Self {
            name: format!("{name}, {layout:?}"),
            repacked: repacked.collect(),
            revealed: statement(&Layout { hidden, ..layout }.prove(name), 7, 6),
            other: statement(&proved, 8, 4),
            good,
            twin,
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
        let setup = words::tau_g2(&tau());
        let verifier = evm.deploy(Artifact::inference_verifier().unwrap().with_setup(setup));
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

/// What was said about a mutant. `false`: the verifier was not asked, or cannot be.
#[derive(Clone, Debug, Default)]
pub struct Opinions {
    /// Our contract's error.
    pub ours: String,
    pub gas: u64,
    /// The error of `VerifyingKeys`, if the key is the mutant.
    pub publisher: Option<String>,
    /// The Rust verifier was asked.
    pub native: bool,
    /// The generated contract was asked.
    pub generated: bool,
    /// The generated contract read the good calldata out of this, and accepted.
    pub lenient: bool,
    pub problems: Vec<String>,
}

/// One model's verifiers.
pub struct Bench<'a> {
    pub material: &'a Material,
    pub key: &'a VerifyingKeyParts,
    pub contracts: &'a Contracts,
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
    /// Rust can't be told).
    fn statement(&self, chain: &mut Chain, statement: &Statement) -> Opinions {
        let (values, proof) = (&statement.values, &statement.proof);
        let mut opinions = Opinions {
            native: true,
            generated: true,
            ..Opinions::default()
        };
        let data = verify_calldata(self.material.address, values, proof);
        let (end, _, gas) = chain.evm.call(chain.verifier, data.clone());
        opinions.ours(&end, gas, &data);
        opinions.natively(self.key, statement);

        // The generated contract reads scalars modulo r and ignores what follows the proof: exactly
        // then it reads the good one.
        let good = &self.material.good;
        let contract = &self.contracts[&Header::of(&good.key).unwrap()];
        let same = contract.as_read(values, proof) == contract.as_read(&good.values, &good.proof);
        let accepted = contract.accepts(&mut chain.evm, &good.key, values, proof);
        if accepted != same {
            opinions.problems.push(format!(
                "the generated contract: accepted {accepted}, reads the good one {same}"
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
        }

        if let Ok(parts) = parts {
            opinions.native = instance(&statement.values).is_ok();
            opinions.natively(&parts, statement);
        }
        // A point that is on no curve is for the precompiles to refuse.
        let header = Header::of(&statement.key);
        if let Some(contract) = header.and_then(|header| self.contracts.get(&header)) {
            let Statement { key, values, proof } = statement;
            opinions.generated = true;
            if contract.accepts(&mut chain.evm, key, values, proof) {
                opinions
                    .problems
                    .push("the generated contract accepts".into());
            }
        }
        opinions
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
    fn natively(&mut self, key: &VerifyingKeyParts, statement: &Statement) {
        if let Ok(instance) = instance(&statement.values)
            && verify_under(key, tau(), &instance, &statement.proof).is_ok()
        {
            self.problems.push("the Rust verifier accepts".into());
        }
    }

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
