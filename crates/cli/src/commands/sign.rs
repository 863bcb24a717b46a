//! `verdict sign`

use crate::{
    error::CliError,
    features::{Asker, InputArgs, Vouched},
    options::{
        chain::{ChainArgs, address},
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
use verdict_chain::{Block, ChainError, DataSigner};
use verdict_consumers::{Attestation, ConsumerError, Question, SignedData, SignerSet};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict sign oracle score-feed --model model.verdict --input input.json --local chain.json --private-key-file first.key\n  \
    verdict sign oracle score-feed --model model.verdict --input input.json --with first.sig.json --rpc https://node.example --ledger\n  \
    verdict sign risk market-source --model model.verdict --input input.json --keystore key.json --password-file pass\n  \
    verdict sign guard vault-guard --anchor 21000000 --model model.verdict --input input.json --ledger\n  \
    verdict sign airdrop campaign-1 --number 1 --entries entries.csv --model model.verdict --input people.npz --salt people.salt.json\n\n\
    Every signer of a SignedFeatures runs this with the inputs as that signer knows them. Time, block and sequence must be the same in \
    all signatures: the first signer's are chosen here, the others take them over with --with. Then: verdict evidence combine *.sig.json")]
pub(crate) struct Sign {
    #[command(subcommand)]
    asker: Asker<What>,
}

#[derive(Clone, Debug, Args)]
struct What {
    #[command(flatten)]
    inputs: InputArgs,
    /// Another signer's file: take its time, block and sequence, and refuse if the data differ from these
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
    /// The member of the signer set that this counts for, if that is a contract (ERC-1271) [default: the signer]
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
struct Statement {
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
    signed: Statement,
    signer: Address,
    signature: Bytes,
    out: PathBuf,
}

impl Sign {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let what = self.asker.what();
        let source = what.chain.signer()?.ok_or(ChainError::NoSigner)?;
        let mut opened = what.chain.read_only()?;
        let chain = opened.chain();
        let (chain_id, chain_name) = (chain.chain_id(), chain.name());
        let (deployment, _) = what.chain.deployment(chain_id)?;
        let consumer = address(&what.inputs.consumer, Some(&deployment))?;
        let question = self.asker.question(consumer, &deployment, chain)?;
        let set = SignerSet::of(chain, question.source)?;
        let vouched = what.inputs.vouched(&question, &deployment, chain)?;
        let (latest, time) = (chain.latest()?, now(chain)?);
        let data = self.data(&question, &vouched, &set, latest, time, chain_id)?;

        let key: DataSigner = source.open(chain_id)?;
        let member = what.signer.unwrap_or_else(|| key.address());
        if set.position(member).is_none() {
            return Err(set.stranger(member, question.source).into());
        }
        let statement = Statement {
            occasion: self.asker.occasion()?,
            ..Statement::new(chain_name, chain_id, &question, &set, &vouched, &data)
        };
        // Before the signature: a Ledger waits for its owner, who must know what for.
        if output.json() {
            output.note(&statement.text());
        } else {
            output.raw(statement.text().as_bytes())?;
        }
        let signature = key.sign(&data, &SignedData::domain(chain_id, question.source))?;
        let attestation =
            Attestation::new(chain_id, question.source, data, member, signature.clone());
        let out = what.out.clone().unwrap_or_else(|| {
            let name = what.inputs.consumer.trim_start_matches("0x");
            format!("{name}.{member}.sig.json").into()
        });
        attestation.save(&out)?;
        output.emit(&Signed {
            signed: statement,
            signer: member,
            signature,
            out,
        })
    }

    /// What is signed; refuses to differ from what the other signer signed.
    fn data(
        &self,
        question: &Question,
        vouched: &Vouched,
        set: &SignerSet,
        latest: Block,
        now: u64,
        chain_id: u64,
    ) -> Result<SignedData, CliError> {
        let what = self.asker.what();
        let other = what.with.as_ref().map(|path| Attestation::load(path));
        let other = other.transpose()?;
        let (timestamp, block, sequence) = match &other {
            Some(Attestation { data, .. }) => (data.timestamp, data.blockNumber, data.sequence),
            None => {
                let timestamp = what.timestamp.unwrap_or(now);
                let block = match (what.block, self.asker.anchor()) {
                    (Some(block), _) => block,
                    (None, Some(_)) => latest.number,
                    (None, None) => 0,
                };
                let sequence = what.sequence.unwrap_or(timestamp);
                (
                    U256::from(timestamp),
                    U256::from(block),
                    U256::from(sequence),
                )
            }
        };
        let data = SignedData {
            consumer: question.consumer,
            modelId: question.model_id,
            version: U256::from(question.version),
            subject: question.subject,
            signerSet: set.number,
            timestamp,
            blockNumber: block,
            sequence,
            words: vouched.words.words.clone(),
            commitments: vouched.words.commitments.clone(),
        };
        if let (Some(other), Some(path)) = (other, &what.with) {
            let own = Attestation::new(
                chain_id,
                question.source,
                data.clone(),
                other.signer,
                Bytes::new(),
            );
            if let Some(detail) = other.difference(&own) {
                return Err(ConsumerError::OtherData {
                    one: path.display().to_string(),
                    other: "what your own inputs give".into(),
                    detail,
                }
                .into());
            }
        }
        Ok(data)
    }
}

impl Statement {
    fn new(
        chain: String,
        chain_id: u64,
        question: &Question,
        set: &SignerSet,
        vouched: &Vouched,
        data: &SignedData,
    ) -> Self {
        let (domain_hash, struct_hash) = data.hashes(chain_id, question.source);
        let words = |words: &[U256]| words.iter().map(|word| B256::from(*word)).collect();
        Self {
            chain,
            chain_id,
            source: question.source,
            consumer: question.consumer,
            model_id: question.model_id.to_string(),
            model: vouched.model.clone(),
            version: question.version,
            subject: question.subject,
            occasion: None,
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
            digest: data.digest(chain_id, question.source),
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
