//! The embedded chain in a file, so that one command goes on where another stopped.

use crate::{Block, ChainError, Clock, EmbeddedChain};
use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{
    bytecode::Bytecode,
    database::{CacheDB, EmptyDB},
    state::AccountInfo,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path};
use verdict_wire::{read_text, write_json};

/// Version of the file format.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    verdict_chain: u32,
    chain_id: u64,
    number: u64,
    timestamp: u64,
    hashes: BTreeMap<u64, B256>,
    accounts: BTreeMap<Address, Account>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    nonce: u64,
    balance: U256,
    #[serde(default, skip_serializing_if = "is_empty")]
    code: Bytes,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    storage: BTreeMap<U256, U256>,
}

fn is_empty(code: &Bytes) -> bool {
    code.is_empty()
}

impl EmbeddedChain {
    /// Opens a chain's file. Times are the machine's.
    pub fn open(path: &Path) -> Result<Self, ChainError> {
        if !path.exists() {
            return Err(ChainError::NoChainFile(path.to_owned()));
        }
        let mut chain = Self::parse(path, &read_text(path)?)?;
        chain.name_after(path);
        Ok(chain)
    }

    /// Begins a new chain for a file that is not there yet.
    pub fn begin(path: &Path, chain_id: u64) -> Self {
        let mut chain = Self::new(chain_id, 0, Clock::System);
        chain.mine(1);
        chain.name_after(path);
        chain
    }

    fn name_after(&mut self, path: &Path) {
        self.label = format!("the embedded EVM of {}", path.display());
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ChainError> {
        let fail = |detail: String| ChainError::ChainFile {
            path: path.to_owned(),
            detail,
        };
        let file: File = serde_json::from_str(text).map_err(|error| fail(error.to_string()))?;
        if file.verdict_chain != VERSION {
            return Err(fail(format!(
                "version {}, expected {VERSION}",
                file.verdict_chain
            )));
        }
        let mut db = CacheDB::new(EmptyDB::default());
        for (address, account) in file.accounts {
            let mut info = AccountInfo {
                balance: account.balance,
                nonce: account.nonce,
                ..AccountInfo::default()
            };
            if !account.code.is_empty() {
                let code = Bytecode::new_raw_checked(account.code)
                    .map_err(|error| fail(format!("{address}: {error}")))?;
                info = info.with_code(code);
            }
            db.insert_account_info(address, info);
            for (slot, value) in account.storage {
                let Ok(()) = db.insert_account_storage(address, slot, value);
            }
        }
        let hash = file.hashes.get(&file.number).copied();
        let hash = hash.ok_or_else(|| fail("it lacks the hash of its newest block".into()))?;
        for (number, hash) in file.hashes {
            db.cache.block_hashes.insert(U256::from(number), hash);
        }
        let mut chain = Self::new(file.chain_id, file.timestamp, Clock::System);
        chain.db = db;
        chain.head = Block {
            number: file.number,
            timestamp: file.timestamp,
            hash,
        };
        Ok(chain)
    }

    /// Writes the chain, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), ChainError> {
        let cache = &self.db.cache;
        let accounts = cache.accounts.iter().map(|(address, account)| {
            let code = account.info.code.as_ref();
            let code = code.or_else(|| cache.contracts.get(&account.info.code_hash));
            let account = Account {
                nonce: account.info.nonce,
                balance: account.info.balance,
                code: code.map_or_else(Bytes::new, Bytecode::original_bytes),
                storage: account
                    .storage
                    .iter()
                    .filter(|(_, value)| !value.is_zero())
                    .map(|(slot, value)| (*slot, *value))
                    .collect(),
            };
            (*address, account)
        });
        let file = File {
            verdict_chain: VERSION,
            chain_id: self.chain_id,
            number: self.head.number,
            timestamp: self.head.timestamp,
            hashes: cache
                .block_hashes
                .iter()
                .map(|(number, hash)| (number.saturating_to(), *hash))
                .collect(),
            accounts: accounts.collect(),
        };
        Ok(write_json(path, &file)?)
    }
}
