//! `verdict sign`

use crate::{
    error::CliError,
    features::{Asker, InputArgs, Vouched},
    options::{
        chain::{ChainArgs, address},
        consumers::examples,
        names::now,
    },
    report::{
        decode,
        output::{Output, Report, utc},
    },
};
use alloy_primitives::{Address, B256, Bytes, U256};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_chain::{Chain, ChainError, DataSigner};
use verdict_consumers::{Attestation, Moment, SignerSet, Statement};

#[derive(Debug, Args)]
#[command(after_help = format!("Examples:\n{}  \
    verdict sign oracle score-feed --model model.verdict --input input.json --with first.sig.json --rpc https://node.example --ledger\n  \
    verdict sign airdrop campaign-1 --number 1 --entries entries.csv --model model.verdict --input people.npz --salt people.salt.secret\n\n\
    Every signer of a SignedFeatures runs this with the inputs as that signer knows them. Time, block and sequence must be the same in \
    all signatures: the first signer's are chosen here, the others take them over with --with. Then: verdict evidence combine *.sig.json\n\n\
    A key file holds 32 random bytes in hexadecimal: `openssl rand -hex 32 > first.key`, readable by nobody else; `verdict address \
    --private-key-file first.key` prints its account. A SignedFeatures lists its signers' accounts in ascending order.",
    examples(|kind| format!("verdict sign {} {} {} --model model.verdict --input input.json --private-key-file first.key --local chain.json",
        kind.name, kind.example.asker, kind.example.ask))))]
pub(crate) struct Sign {
    #[command(subcommand)]
    asker: Asker<What>,
}

#[derive(Clone, Debug, Args)]
struct What {
    #[command(flatten)]
    inputs: InputArgs,
    /// Another signer's file: take its time, block and sequence, and refuse if the data differ from
    /// these
    #[arg(long, value_name = "SIG.json", conflicts_with_all = ["timestamp", "block", "sequence"])]
    with: Option<PathBuf>,
    /// When the inputs are true, in seconds since 1970 [default: now]
    #[arg(long, value_name = "TIME")]
    timestamp: Option<u64>,
    /// In which block they are true [default: for a guard the newest, otherwise none]
    #[arg(long, value_name = "BLOCK")]
    block: Option<u64>,
    /// Grows from one piece of data to the next [default: the time]
    #[arg(long, value_name = "N")]
    sequence: Option<u64>,
    /// The member of the signer set that this counts for, if that is a contract (ERC-1271)
    /// [default: the signer]
    #[arg(long, value_name = "ADDRESS")]
    signer: Option<Address>,
    /// Where to write the signature [default: CONSUMER.SIGNER.sig.json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    chain: ChainArgs,
}

/// What is signed, for those who answer for it.
#[derive(Serialize)]
struct Shown {
    chain: String,
    chain_id: u64,
    source: Address,
    consumer: Address,
    model_id: String,
    model: Option<String>,
    version: u32,
    subject: B256,
    /// What a subject that is a digest stands for.
    occasion: Option<String>,
    signer_set: String,
    signers: Vec<Address>,
    quorum: usize,
    timestamp: u64,
    block: u64,
    sequence: u64,
    inputs: Vec<decode::Values>,
    words: Vec<B256>,
    commitments: Vec<B256>,
    /// Commitments came from a proof, and what they commit to was not shown.
    unseen_commitments: bool,
    /// Of the domain, and of the struct: what a Ledger shows.
    domain_hash: B256,
    struct_hash: B256,
    digest: B256,
}

#[derive(Serialize)]
struct Signed {
    signed: Shown,
    signer: Address,
    signature: Bytes,
    out: PathBuf,
}

impl Sign {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let what = self.asker.what();
        let signer = what.chain.signer()?.ok_or(ChainError::NoSigner)?;
        let mut opened = what.chain.read_only()?;
        let chain = opened.chain();
        let (deployment, _) = what.chain.deployment(chain.chain_id())?;
        let consumer = address(&what.inputs.consumer, Some(&deployment))?;
        let asked = self.asker.asked(consumer, &deployment, chain)?;
        let set = SignerSet::of(chain, asked.question.source)?;
        let vouched = what.inputs.vouched(&asked.question, &deployment, chain)?;
        let other = what.with.as_ref().map(|path| Attestation::load(path));
        let other = other.transpose()?;
        let moment = match &other {
            Some(other) => other.data.moment(),
            None => what.moment(asked.wants_block, chain)?,
        };
        let (chain_id, inputs) = (chain.chain_id(), &vouched.words);
        let statement = Statement::new(chain_id, asked.question, set, moment, inputs);
        if let (Some(other), Some(path)) = (&other, &what.with) {
            statement.agree(other, &path.display().to_string())?;
        }

        let key: DataSigner = signer.open(chain_id)?;
        let member = what.signer.unwrap_or_else(|| key.address());
        statement.check(member)?;
        let shown = Shown::new(chain.name(), &statement, &vouched, asked.occasion);
        // Before the signature: a Ledger waits for its owner, who must know what for.
        if output.json() {
            output.note(&shown.text());
        } else {
            output.raw(shown.text().as_bytes())?;
        }
        let attestation = statement.sign(&key, member)?;
        let out = what.out.clone().unwrap_or_else(|| {
            let name = what.inputs.consumer.trim_start_matches("0x");
            format!("{name}.{member}.sig.json").into()
        });
        attestation.save(&out)?;
        output.emit(&Signed {
            signed: shown,
            signer: member,
            signature: attestation.signature,
            out,
        })
    }
}

impl What {
    /// When the inputs are true, if no other signer said it.
    fn moment(&self, wants_block: bool, chain: &mut dyn Chain) -> Result<Moment, CliError> {
        let timestamp = match self.timestamp {
            Some(timestamp) => timestamp,
            None => now(chain)?,
        };
        let block = match self.block {
            Some(block) => block,
            None if wants_block => chain.latest()?.number,
            None => 0,
        };
        Ok(Moment {
            timestamp: U256::from(timestamp),
            block: U256::from(block),
            sequence: U256::from(self.sequence.unwrap_or(timestamp)),
        })
    }
}

impl Shown {
    fn new(
        chain: String,
        statement: &Statement,
        vouched: &Vouched,
        occasion: Option<String>,
    ) -> Self {
        let Statement {
            question,
            set,
            data,
            chain_id,
        } = statement;
        let (domain_hash, struct_hash) = data.hashes(*chain_id, question.source);
        let words = |words: &[U256]| words.iter().map(|word| B256::from(*word)).collect();
        Self {
            chain,
            chain_id: *chain_id,
            source: question.source,
            consumer: question.consumer,
            model_id: question.model_id.to_string(),
            model: vouched.model.clone(),
            version: question.version,
            subject: question.subject,
            occasion,
            signer_set: set.number.to_string(),
            signers: set.signers.clone(),
            quorum: set.quorum,
            timestamp: data.timestamp.saturating_to(),
            block: data.blockNumber.saturating_to(),
            sequence: data.sequence.saturating_to(),
            inputs: vouched.values.clone(),
            words: words(&data.words),
            commitments: words(&data.commitments),
            unseen_commitments: vouched.unseen,
            domain_hash,
            struct_hash,
            digest: data.digest(*chain_id, question.source),
        }
    }

    fn text(&self) -> String {
        let name = self.model.as_ref();
        let name = name.map_or_else(String::new, |name| format!(" ({name})"));
        let mut text = format!(
            "To be signed, for {} on {} (chain {})\n  \
             consumer   {}\n  model      {}{name}, version {}\n  subject    {}{}\n  \
             time       {} ({})\n  block      {}\n  sequence   {}\n  \
             signers    set {}: {} of {} must sign\n",
            self.source,
            self.chain,
            self.chain_id,
            self.consumer,
            self.model_id,
            self.version,
            subject(&self.subject),
            self.occasion
                .as_ref()
                .map_or_else(String::new, |occasion| format!(": {occasion}")),
            utc(self.timestamp),
            self.timestamp,
            match self.block {
                0 => "none".into(),
                block => block.to_string(),
            },
            self.sequence,
            self.signer_set,
            self.quorum,
            self.signers.iter().filter(|it| !it.is_zero()).count(),
        );
        text += &decode::text(&self.inputs, &[]);
        for word in &self.words {
            text += &format!("word {word}\n");
        }
        for commitment in &self.commitments {
            text += &format!("commitment {commitment}\n");
        }
        if self.unseen_commitments {
            text += "WARNING: what the commitments are of was not shown here; sign only if you know it, or give --input and --salt\n";
        }
        text + &format!(
            "EIP-712 domain {}\n         struct {}\n         digest {}\n",
            self.domain_hash, self.struct_hash, self.digest
        )
    }
}

/// Text such as `ETH/USD`, an address, or 32 bytes.
fn subject(subject: &B256) -> String {
    let text: Vec<u8> = subject
        .iter()
        .copied()
        .take_while(|byte| *byte != 0)
        .collect();
    let rest = subject.iter().skip(text.len());
    let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let is_text = !text.is_empty() && text.iter().all(printable) && rest.clone().all(|it| *it == 0);
    match is_text {
        true => format!("\"{}\" ({subject})", String::from_utf8_lossy(&text)),
        false if subject.is_zero() => "none".into(),
        false if subject.iter().take(12).all(|byte| *byte == 0) => {
            Address::from_word(*subject).to_string()
        }
        false => subject.to_string(),
    }
}

impl Report for Signed {
    fn text(&self) -> String {
        format!(
            "Signed by {}\nWrote {}\nNext, with {} of these: verdict evidence combine SIG.json … --out evidence.hex\n",
            self.signer,
            self.out.display(),
            self.signed.quorum
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_read_well() {
        let text = B256::right_padding_from(b"ETH/USD");
        assert!(subject(&text).starts_with("\"ETH/USD\" (0x4554"));
        assert_eq!(subject(&B256::ZERO), "none");
        let address = Address::repeat_byte(0xab);
        assert_eq!(subject(&address.into_word()), address.to_string());
        let digest = B256::repeat_byte(0x41);
        assert!(subject(&digest).starts_with("\"AAAA"));
        assert_eq!(
            subject(&B256::repeat_byte(9)),
            B256::repeat_byte(9).to_string()
        );
    }
}
