//! The embedded EVM: a chain of one's own, whose every transaction is a block.

use crate::{Block, CREATE2_DEPLOYER, Chain, ChainError, Receipt, Revert};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex, keccak256};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{ExecutionResult, Output},
    },
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::AccountInfo,
};
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// The account that sends transactions unless another is chosen.
const SENDER: Address = address!("fefefefefefefefefefefefefefefefefefefefe");
/// Hashes that the EVM can ask for.
const HASHES: u64 = 256;
/// The deterministic deployment proxy's code, which every chain has.
const DEPLOYER_CODE: [u8; 69] = hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// The rules of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fork {
    /// Ethereum's since December 2025.
    #[default]
    Osaka,
    /// Those that are planned to follow, as revm has them: state is dear (EIP-8037, EIP-8038) and so
    /// is calldata (EIP-7976). Their numbers are not final.
    Amsterdam,
}

impl Fork {
    const fn spec(self) -> SpecId {
        match self {
            Self::Osaka => SpecId::OSAKA,
            Self::Amsterdam => SpecId::AMSTERDAM,
        }
    }

    /// What a transaction may use. Since Osaka that is 2^24 for all; with Amsterdam it is for what is
    /// not state, and a contract's code can cost 2^25 on top.
    const fn gas_limit(self) -> u64 {
        match self {
            Self::Osaka => 1 << 24,
            Self::Amsterdam => 1 << 27,
        }
    }
}

/// Where block times come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// So many seconds from one block to the next: the same on every run.
    Steps(u64),
    /// The machine's clock.
    System,
}

/// A chain in this process. Accounts need no ether: gas costs nothing.
#[derive(Clone, Debug)]
pub struct EmbeddedChain {
    pub(super) db: CacheDB<EmptyDB>,
    pub(super) chain_id: u64,
    pub(super) head: Block,
    pub(super) sender: Address,
    pub(super) clock: Clock,
    pub(super) fork: Fork,
    pub(super) label: String,
}

impl EmbeddedChain {
    /// A new chain.
    pub fn new(chain_id: u64, timestamp: u64, clock: Clock) -> Self {
        let mut chain = Self {
            db: CacheDB::new(EmptyDB::default()),
            chain_id,
            head: Block {
                number: 0,
                timestamp,
                hash: B256::ZERO,
            },
            sender: SENDER,
            clock,
            fork: Fork::default(),
            label: "the embedded EVM".into(),
        };
        chain.set_code(CREATE2_DEPLOYER, DEPLOYER_CODE.to_vec().into());
        chain.mine(0);
        chain
    }

    /// From now on, this account sends transactions.
    pub fn act_as(&mut self, account: Address) -> &mut Self {
        self.sender = account;
        self
    }

    /// From now on, transactions run by these rules.
    pub fn under(mut self, fork: Fork) -> Self {
        self.fork = fork;
        self
    }

    /// Lets time pass, with one block at its end.
    pub fn pass(&mut self, seconds: u64) {
        let timestamp = self.head.timestamp.saturating_add(seconds);
        self.append(timestamp);
    }

    /// Appends empty blocks.
    pub fn mine(&mut self, blocks: u64) {
        if blocks == 0 {
            self.head.hash = self.hash_of(self.head.number, self.head.timestamp);
            self.remember();
        }
        for _ in 0..blocks {
            let timestamp = self.next_time();
            self.append(timestamp);
        }
    }

    /// Puts code to an account, as a genesis file does.
    pub fn set_code(&mut self, account: Address, code: Bytes) {
        let info = AccountInfo::from_bytecode(Bytecode::new_raw(code));
        self.db.insert_account_info(account, info);
    }

    /// Runs a transaction whether it succeeds or not, as a block of its own.
    pub(crate) fn run(
        &mut self,
        what: &'static str,
        kind: TxKind,
        data: Bytes,
    ) -> Result<ExecutionResult, ChainError> {
        let timestamp = self.next_time();
        let (tx, block) = (
            self.transaction(what, kind, data)?,
            self.block_at(timestamp),
        );
        let result = self
            .context(block)
            .build_mainnet()
            .transact_commit(tx)
            .map_err(|error| ChainError::Evm {
                what,
                reason: error.to_string(),
            })?;
        self.append(timestamp);
        Ok(result)
    }

    /// The same, and nothing stays.
    fn dry_run(&mut self, kind: TxKind, data: Bytes) -> Result<ExecutionResult, ChainError> {
        let what = "a call";
        let tx = self.transaction(what, kind, data)?;
        let block = self.block_at(self.next_time());
        let done = self
            .context(block)
            .build_mainnet()
            .transact(tx)
            .map_err(|error| ChainError::Evm {
                what,
                reason: error.to_string(),
            })?;
        Ok(done.result)
    }

    /// What a transaction of `block` runs in.
    fn context(
        &mut self,
        block: BlockEnv,
    ) -> Context<BlockEnv, TxEnv, CfgEnv, &mut CacheDB<EmptyDB>> {
        let spec = self.fork.spec();
        Context::mainnet()
            .with_db(&mut self.db)
            .with_block(block)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(spec);
                cfg.chain_id = self.chain_id;
            })
    }

    fn transaction(
        &self,
        what: &'static str,
        kind: TxKind,
        data: Bytes,
    ) -> Result<TxEnv, ChainError> {
        let account = self.db.cache.accounts.get(&self.sender);
        TxEnv::builder()
            .caller(self.sender)
            .kind(kind)
            .data(data)
            .nonce(account.map_or(0, |account| account.info.nonce))
            .chain_id(Some(self.chain_id))
            .gas_limit(self.fork.gas_limit())
            .gas_price(0)
            .build()
            .map_err(|error| ChainError::Evm {
                what,
                reason: format!("{error:?}"),
            })
    }

    fn next_time(&self) -> u64 {
        match self.clock {
            Clock::Steps(seconds) => self.head.timestamp.saturating_add(seconds),
            Clock::System => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |elapsed| elapsed.as_secs());
                now.max(self.head.timestamp.saturating_add(1))
            }
        }
    }

    fn block_at(&self, timestamp: u64) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.head.number + 1),
            timestamp: U256::from(timestamp),
            gas_limit: self.fork.gas_limit() * 2,
            ..BlockEnv::default()
        }
    }

    fn append(&mut self, timestamp: u64) {
        let number = self.head.number + 1;
        self.head = Block {
            number,
            timestamp,
            hash: self.hash_of(number, timestamp),
        };
        self.remember();
    }

    fn remember(&mut self) {
        let hashes = &mut self.db.cache.block_hashes;
        hashes.insert(U256::from(self.head.number), self.head.hash);
        if let Some(old) = self.head.number.checked_sub(HASHES) {
            hashes.remove(&U256::from(old));
        }
    }

    /// No state is hashed: what matters is that blocks differ, here and from one chain to the next.
    fn hash_of(&self, number: u64, timestamp: u64) -> B256 {
        let words = [self.chain_id, number, timestamp].map(u64::to_be_bytes);
        keccak256([self.head.hash.as_slice(), &words.concat()].concat())
    }
}

impl Chain for EmbeddedChain {
    fn name(&self) -> String {
        self.label.clone()
    }

    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn sender(&self) -> Result<Address, ChainError> {
        Ok(self.sender)
    }

    fn latest(&mut self) -> Result<Block, ChainError> {
        Ok(self.head)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ChainError> {
        let known = self.db.cache.block_hashes.get(&U256::from(number));
        known.copied().ok_or(ChainError::NoSuchBlock(number))
    }

    fn receipt(&mut self, transaction: B256) -> Result<Receipt, ChainError> {
        Err(ChainError::NoReceipt {
            chain: self.label.clone(),
            transaction,
            detail: "an embedded chain keeps none; do again what it did",
        })
    }

    fn code(&mut self, account: Address) -> Result<Bytes, ChainError> {
        let cache = &self.db.cache;
        let Some(known) = cache.accounts.get(&account) else {
            return Ok(Bytes::new());
        };
        let code = known.info.code.as_ref();
        let code = code.or_else(|| cache.contracts.get(&known.info.code_hash));
        Ok(code.map_or_else(Bytes::new, Bytecode::original_bytes))
    }

    fn call(&mut self, to: Option<Address>, data: Bytes) -> Result<Bytes, ChainError> {
        match self.dry_run(kind(to), data)? {
            ExecutionResult::Success { output, .. } => Ok(output.into_data()),
            other => Err(refused(other)),
        }
    }

    fn send(&mut self, to: Option<Address>, data: Bytes) -> Result<Receipt, ChainError> {
        let result = self.run("a transaction", kind(to), data)?;
        let gas = result.tx_gas_used();
        match result {
            ExecutionResult::Success { output, logs, .. } => Ok(Receipt {
                transaction: self.head.hash,
                block: self.head.number,
                gas,
                created: match output {
                    Output::Create(_, address) => address,
                    Output::Call(_) => None,
                },
                logs,
            }),
            other => Err(refused(other)),
        }
    }
}

fn kind(to: Option<Address>) -> TxKind {
    to.map_or(TxKind::Create, TxKind::Call)
}

pub(crate) fn revert_of(result: ExecutionResult) -> Revert {
    match result {
        ExecutionResult::Revert { output, .. } => Revert::new(output),
        ExecutionResult::Halt { reason, .. } => Revert::halt(format!("{reason:?}")),
        ExecutionResult::Success { .. } => {
            Revert::halt("success without the expected output".into())
        }
    }
}

fn refused(result: ExecutionResult) -> ChainError {
    ChainError::Refused(Box::new(revert_of(result)))
}
