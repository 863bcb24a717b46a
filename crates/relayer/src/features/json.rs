//! Numbers in a JSON document of a stranger's.

use serde_json::Value;

/// The numbers that a pointer (RFC 6901) leads to: one, or a list of `count`.
pub(super) fn numbers(text: &[u8], pointer: &str, count: usize) -> Result<Vec<f64>, String> {
    let document: Value = serde_json::from_slice(text).map_err(|_| "no JSON".to_owned())?;
    let found = document
        .pointer(pointer)
        .ok_or_else(|| format!("nothing at `{pointer}`"))?;
    match found {
        Value::Array(list) if list.len() == count => {
            list.iter().map(|value| number(value, pointer)).collect()
        }
        Value::Array(list) => Err(format!(
            "{} values at `{pointer}`, expected {count}",
            list.len()
        )),
        value => Ok(vec![number(value, pointer)?]),
    }
}

/// A number, or a text with one; services write prices as texts to keep their digits.
fn number(value: &Value, pointer: &str) -> Result<f64, String> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| format!("what is at `{pointer}` is no finite number"))
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn garbage_is_no_number() {
        let at = |text: &str, pointer: &str, count| numbers(text.as_bytes(), pointer, count);
        assert_eq!(at(r#"{"a":{"b":"1.5"}}"#, "/a/b", 1), Ok(vec![1.5]));
        assert_eq!(at("[1, 2.5]", "", 2), Ok(vec![1.0, 2.5]));
        for garbage in [
            "",
            "{",
            "null",
            r#""NaN""#,
            r#""inf""#,
            r#""1e999""#,
            "true",
            "[]",
            r#"["1", "x"]"#,
            r#"{"a":1}"#,
            "1e999",
        ] {
            assert!(at(garbage, "", 2).is_err(), "{garbage}");
        }
        // Nested beyond what a parser's stack holds: refused, not a crash.
        assert!(at(&"[".repeat(1 << 20), "", 1).is_err());
    }
}
