//! Values that a command line names instead of writing them out: `@NAME` in the arguments of
//! contracts' functions.

use crate::{
    error::{CliError, usage},
    options::chain::address,
};
use alloy_primitives::{hex, keccak256};
use verdict_chain::{Chain, Deployment};

/// For `--help`.
pub(crate) const NAMES: &str = "\
In ARGUMENT, also within structures and lists, these stand for values (`@@` for an @):\n  \
    @NAME                 the address of a contract of the deployment (@NAME.word: padded to 32 bytes)\n  \
    @MODEL.id             of a registered model; also .version, .pin, .key\n  \
    @now, @now+SECONDS    the chain's time, or so much later; also @now-SECONDS\n  \
    @sender               who sends\n  \
    @price()              a function's selector, for feeds: any signature, without names";

/// Replaces what stands for values.
pub(crate) fn expand(
    text: &str,
    deployment: Option<&Deployment>,
    chain: &mut dyn Chain,
) -> Result<String, CliError> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        expanded += before;
        if let Some(escaped) = after.strip_prefix('@') {
            expanded.push('@');
            rest = escaped;
            continue;
        }
        let end = after
            .find(|letter: char| !letter.is_ascii_alphanumeric() && !"-+._".contains(letter))
            .unwrap_or(after.len());
        let (token, tail) = after.split_at(end);
        if tail.starts_with('(') {
            let close = tail.find(')').ok_or_else(|| {
                usage(format!(
                    "`@{after}`: the signature has no closing parenthesis"
                ))
            })?;
            let (types, tail) = tail.split_at(close + 1);
            let hash = keccak256(format!("{token}{types}"));
            expanded += &hex::encode_prefixed(&hash[..4]);
            rest = tail;
            continue;
        }
        expanded += &value(token, deployment, chain)?;
        rest = tail;
    }
    Ok(expanded + rest)
}

/// The arguments with everything replaced.
pub(crate) fn expand_all(
    arguments: &[String],
    deployment: Option<&Deployment>,
    chain: &mut dyn Chain,
) -> Result<Vec<String>, CliError> {
    let expanded = arguments
        .iter()
        .map(|argument| expand(argument, deployment, chain));
    expanded.collect()
}

fn value(
    token: &str,
    deployment: Option<&Deployment>,
    chain: &mut dyn Chain,
) -> Result<String, CliError> {
    if token == "sender" {
        return Ok(chain.sender()?.to_string());
    }
    let shift = token.strip_prefix("now");
    if let Some(shift) = shift.filter(|it| it.is_empty() || it.starts_with(['+', '-'])) {
        let seconds = match shift.split_at_checked(1) {
            None => Some(0),
            Some((_, digits)) => digits.parse::<u64>().ok(),
        };
        let now = now(chain)?;
        let time = match (shift.chars().next(), seconds) {
            (None | Some('+'), Some(seconds)) => now.checked_add(seconds),
            (Some('-'), Some(seconds)) => now.checked_sub(seconds),
            _ => None,
        };
        return time.map(|time| time.to_string()).ok_or_else(|| {
            usage(format!(
                "`@{token}` is no time; expected e.g. @now+3600, in seconds"
            ))
        });
    }
    let (name, member) = token.split_once('.').unwrap_or((token, ""));
    let model = deployment.and_then(|deployment| deployment.models.get(name));
    if let Some(model) = model {
        return match member {
            "id" => Ok(model.model_id.to_string()),
            "version" => Ok(model.version.to_string()),
            "pin" => Ok(model.pin.to_string()),
            "key" => Ok(model.key.to_string()),
            _ => Err(usage(format!(
                "`@{token}`: of the model {name} there are @{name}.id, .version, .pin and .key"
            ))),
        };
    }
    let address = address(name, deployment)?;
    match member {
        "" => Ok(address.to_string()),
        "word" => Ok(address.into_word().to_string()),
        _ => Err(usage(format!(
            "`@{token}`: of the contract {name} there are @{name} and @{name}.word"
        ))),
    }
}

/// The time that a transaction sent now will see: the machine's, or the chain's where that is
/// ahead.
pub(crate) fn now(chain: &mut dyn Chain) -> Result<u64, CliError> {
    let machine = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    Ok(chain.latest()?.timestamp.max(machine))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use verdict_chain::{Clock, EmbeddedChain};

    #[test]
    fn names_stand_for_values() {
        let start = 4_000_000_000;
        let mut chain = EmbeddedChain::new(1, start, Clock::Steps(1));
        let mut expand = |text: &str| expand(text, None, &mut chain);
        assert_eq!(
            expand("(@now,[@now+60],a@@b)").unwrap(),
            format!("({start},[{}],a@b)", start + 60)
        );
        assert_eq!(expand("@balanceOf(address)").unwrap(), "0x70a08231");
        assert_eq!(
            expand("@sender").unwrap(),
            "0xfefeFEFeFEFEFEFEFeFefefefefeFEfEfefefEfe"
        );
        for wrong in [
            "@now+x",
            "@now+",
            "@nowhere",
            "@nobody",
            "@price(",
            "@now-9999999999",
        ] {
            assert_eq!(expand(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }
}
