//! What a check found, line by line.

use serde::{Deserialize, Serialize};

/// What is said of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The part is what was recomputed.
    Ok,
    /// The part is something else.
    Differs,
    /// Nobody with what is at hand can tell.
    Unknown,
}

/// One part, as it was stated and as it was recomputed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which part.
    pub part: String,
    /// The verdict.
    pub outcome: Outcome,
    /// What was stated.
    pub found: String,
    /// What was recomputed, where it can be.
    pub expected: Option<String>,
}

/// All lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// In the order in which they were checked.
    pub lines: Vec<Line>,
}

impl Report {
    /// Whether nothing differs.
    pub fn passes(&self) -> bool {
        self.differing().next().is_none()
    }

    /// The parts that differ.
    pub fn differing(&self) -> impl Iterator<Item = &str> {
        let lines = self.lines.iter();
        let differing = lines.filter(|line| line.outcome == Outcome::Differs);
        differing.map(|line| line.part.as_str())
    }

    /// Compares what was stated of a part with what was recomputed.
    pub fn compare<T: PartialEq + ToString>(
        &mut self,
        part: impl Into<String>,
        found: T,
        expected: T,
    ) {
        let outcome = match found == expected {
            true => Outcome::Ok,
            false => Outcome::Differs,
        };
        self.lines.push(Line {
            part: part.into(),
            outcome,
            found: found.to_string(),
            expected: Some(expected.to_string()),
        });
    }

    /// Notes a part that cannot be what it should be, and why.
    pub fn differs(&mut self, part: impl Into<String>, found: impl ToString, why: impl ToString) {
        self.lines.push(Line {
            part: part.into(),
            outcome: Outcome::Differs,
            found: found.to_string(),
            expected: Some(why.to_string()),
        });
    }

    /// Notes a part that nothing at hand tells anything about.
    pub fn unknown(&mut self, part: impl Into<String>, found: impl ToString) {
        self.lines.push(Line {
            part: part.into(),
            outcome: Outcome::Unknown,
            found: found.to_string(),
            expected: None,
        });
    }
}
