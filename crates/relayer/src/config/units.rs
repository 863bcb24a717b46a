//! Values with units, as people write them.

use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// A length of time: `90s`, `5m`, `1h 30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Span(pub Duration);

/// A price of gas: `30 gwei`, `1500000 wei`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Gwei(pub u128);

/// An amount of memory: `512 MiB`, `4 GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Size(pub u64);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim() == "0" {
            return Ok(Self(Duration::ZERO));
        }
        humantime::parse_duration(&text).map(Self).map_err(|error| {
            format!("`{text}` is no length of time such as `90s` or `5m`: {error}")
        })
    }
}

impl TryFrom<String> for Gwei {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no price of gas such as `30 gwei`");
        let (number, unit) = split(&text).ok_or_else(wrong)?;
        let decimals = match unit {
            "wei" => 0,
            "gwei" => 9,
            "ether" => 18,
            _ => return Err(wrong()),
        };
        let wei = alloy_primitives::utils::parse_units(number, decimals).map_err(|_| wrong())?;
        let wei = wei.get_absolute();
        u128::try_from(wei).map(Self).map_err(|_| wrong())
    }
}

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no amount of memory such as `512 MiB`");
        let (number, unit) = split(&text).ok_or_else(wrong)?;
        let shift = match unit {
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let bytes = number.checked_mul(1 << shift).ok_or_else(wrong)?;
        Ok(Self(bytes))
    }
}

/// A number and its unit.
fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(at);
    (!number.is_empty()).then_some((number, unit.trim()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn units_are_read() {
        let gwei = |text: &str| Gwei::try_from(text.to_owned()).map(|it| it.0);
        assert_eq!(gwei("30 gwei"), Ok(30_000_000_000));
        assert_eq!(gwei("0.5gwei"), Ok(500_000_000));
        assert_eq!(gwei("7 wei"), Ok(7));
        for wrong in ["30", "-1 gwei", "gwei", "30 gas", "1e9 gwei", ""] {
            assert!(gwei(wrong).is_err(), "{wrong}");
        }
        let size = |text: &str| Size::try_from(text.to_owned()).map(|it| it.0);
        assert_eq!(size("2 GiB"), Ok(2 << 30));
        assert!(size("2 GB").is_err() && size("99999999999999 GiB").is_err());
        let span = |text: &str| Span::try_from(text.to_owned()).map(|it| it.0);
        assert_eq!(span("1h 30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(span("0"), Ok(Duration::ZERO));
        assert!(span("soon").is_err());
    }
}
