//! A bare revm: contracts of any size, code put anywhere, calls that leave no trace.
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolInterface;
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::{
        TxEnv,
        result::{ExecutionResult, Output},
    },
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::AccountInfo,
};
use verdict_chain::bindings::{
    IInferenceVerifier::IInferenceVerifierErrors, IVerifyingKeys::IVerifyingKeysErrors,
};

const SENDER: Address = Address::repeat_byte(0xfd);
/// What a transaction may use since Osaka.
const CALL_GAS: u64 = 1 << 24;
/// Enough for contracts that no chain would take.
const DEPLOY_GAS: u64 = 1 << 30;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Accepted,
    /// A custom error of our contracts, with its arguments.
    Named(String),
    /// A revert with any other data.
    Raw(Bytes),
    /// Out of gas, invalid opcode, …
    Halt(String),
}

impl End {
    /// The answer in words, without the error's arguments.
    pub fn kind(&self) -> String {
        match self {
            Self::Accepted => "Accepted".into(),
            Self::Named(name) => name.split([' ', '(']).next().unwrap().into(),
            Self::Raw(data) if data.is_empty() => "(empty revert)".into(),
            Self::Raw(_) => "(unknown revert)".into(),
            Self::Halt(reason) => format!("(halt: {reason})"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Evm {
    db: CacheDB<EmptyDB>,
}

impl Default for Evm {
    fn default() -> Self {
        let mut db = CacheDB::new(EmptyDB::default());
        db.insert_account_info(
            SENDER,
            AccountInfo {
                balance: U256::MAX >> 1,
                ..Default::default()
            },
        );
        Self { db }
    }
}

impl Evm {
    /// Deploys creation code in a transaction, whatever the size of the contract.
    pub fn deploy(&mut self, code: Bytes) -> Address {
        match self.run(TxKind::Create, code, true) {
            ExecutionResult::Success {
                output: Output::Create(_, Some(address)),
                ..
            } => address,
            other => panic!("deployment failed: {other:?}"),
        }
    }

    /// The code of an account.
    pub fn code(&self, address: Address) -> Bytes {
        let account = &self.db.cache.accounts[&address].info;
        self.db.cache.contracts[&account.code_hash].original_bytes()
    }

    /// Makes `code` the code of an account.
    pub fn put(&mut self, address: Address, code: Vec<u8>) {
        let info = AccountInfo {
            code: Some(Bytecode::new_raw(code.into())),
            nonce: 1,
            ..Default::default()
        };
        self.db.insert_account_info(address, info);
    }

    /// Calls in a transaction of which only the result remains: how it ended, what it returned, the
    /// gas it used.
    pub fn call(&mut self, to: Address, data: Bytes) -> (End, Bytes, u64) {
        let result = self.run(TxKind::Call(to), data, false);
        let gas = result.tx_gas_used();
        match result {
            ExecutionResult::Success { output, .. } => (End::Accepted, output.into_data(), gas),
            ExecutionResult::Revert { output, .. } => (reverted(&output), output, gas),
            ExecutionResult::Halt { reason, .. } => {
                (End::Halt(format!("{reason:?}")), Bytes::new(), gas)
            }
        }
    }

    /// Sends a transaction, whose effects remain.
    pub fn send(&mut self, to: Address, data: Bytes) -> ExecutionResult {
        self.run(TxKind::Call(to), data, true)
    }

    fn run(&mut self, kind: TxKind, data: Bytes, remains: bool) -> ExecutionResult {
        let deploys = kind.is_create();
        let tx = TxEnv::builder()
            .caller(SENDER)
            .kind(kind)
            .data(data)
            .gas_limit(if deploys { DEPLOY_GAS } else { CALL_GAS })
            .gas_price(0)
            .build()
            .unwrap();
        let mut evm = Context::mainnet()
            .with_db(&mut self.db)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.disable_nonce_check = true;
                if deploys {
                    cfg.limit_contract_code_size = Some(usize::MAX);
                    cfg.limit_contract_initcode_size = Some(usize::MAX);
                    cfg.tx_gas_limit_cap = Some(u64::MAX);
                }
            })
            .modify_block_chained(|block| block.gas_limit = DEPLOY_GAS)
            .build_mainnet();
        if remains {
            evm.transact_commit(tx).unwrap()
        } else {
            evm.transact(tx).unwrap().result
        }
    }
}

fn reverted(data: &Bytes) -> End {
    let short = |debug: String| {
        let inner = debug.split_once('(').unwrap().1;
        inner.strip_suffix(')').unwrap().to_string()
    };
    if let Ok(error) = IInferenceVerifierErrors::abi_decode_validate(data) {
        return End::Named(short(format!("{error:?}")));
    }
    if let Ok(error) = IVerifyingKeysErrors::abi_decode_validate(data) {
        return End::Named(short(format!("{error:?}")));
    }
    End::Raw(data.clone())
}
