//! `verdict address`

use crate::{
    error::CliError,
    options::chain::SignerArgs,
    report::output::{Output, Report},
};
use alloy_primitives::Address;
use clap::Args;
use serde::Serialize;
use verdict_chain::ChainError;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict address --private-key-file first.key\n  \
    verdict address --keystore key.json --password-file pass\n  \
    verdict address --ledger 1")]
pub(crate) struct AddressCommand {
    #[command(flatten)]
    signer: SignerArgs,
}

#[derive(Serialize)]
struct Shown {
    address: Address,
}

impl AddressCommand {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let source = self.signer.source()?.ok_or(ChainError::NoSigner)?;
        // An account is the same on every chain.
        let address = source.open(1)?.address();
        output.emit(&Shown { address })
    }
}

impl Report for Shown {
    fn text(&self) -> String {
        self.address.to_string()
    }
}
