//! A table of cases: all of them, or those under `cases`.

use std::fmt;

use serde_json::Value;

use crate::answer::{self, Outcome};
use crate::case::{Case, Malformed, World};

/// What came of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub file: String,
    pub n_cases: usize,
    pub n_agree: usize,
    /// Every case that does not agree, in order.
    pub others: Vec<Verdict>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The case's id, or where it stands in the table.
    pub id: String,
    pub op: String,
    pub outcome: Outcome,
}

/// A file that is no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoTable {
    pub file: String,
    pub message: String,
}

impl fmt::Display for NoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {{\"cases\": [...]}} or a list of cases; {}",
            self.file, self.message
        )
    }
}

impl std::error::Error for NoTable {}

/// # Errors
///
/// The text is not JSON, or holds no list of cases. A case that cannot be read is in the report, and stops no other.
pub fn check(file: &str, text: &str, world: &World) -> Result<Report, NoTable> {
    let no_table = |message: String| NoTable {
        file: file.to_owned(),
        message,
    };
    let root: Value = serde_json::from_str(text).map_err(|error| no_table(error.to_string()))?;
    let cases = root.get("cases").unwrap_or(&root).as_array();
    let cases = cases.ok_or_else(|| no_table("there is none".to_owned()))?;
    let others: Vec<_> = (1..)
        .zip(cases)
        .map(|(number, case)| verdict(number, case, world))
        .filter(|it| it.outcome != Outcome::Agrees)
        .collect();
    Ok(Report {
        file: file.to_owned(),
        n_cases: cases.len(),
        n_agree: cases.len() - others.len(),
        others,
    })
}

fn verdict(number: usize, case: &Value, world: &World) -> Verdict {
    let text = |field| case.get(field).and_then(Value::as_str);
    let outcome = match case.as_object() {
        None => Err(Malformed {
            field: format!("cases[{number}]"),
            expected: "an object".to_owned(),
            found: Some(case.to_string()),
        }),
        Some(fields) => Case::new(fields, &world.zones).and_then(|case| {
            let op = case.text("op", "the name of an operation")?;
            answer::outcome(op, &case, world)
        }),
    };
    Verdict {
        id: text("id").map_or_else(|| format!("cases[{number}]"), ToOwned::to_owned),
        op: text("op").unwrap_or("?").to_owned(),
        outcome: outcome.unwrap_or_else(Outcome::Malformed),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Verdict { id, op, outcome } in &self.others {
            match outcome {
                Outcome::Agrees => {}
                Outcome::Malformed(what) => {
                    writeln!(f, "{}: {id} ({op}) cannot be read: {what}", self.file)?;
                }
                Outcome::Differs {
                    expected,
                    found,
                    reckoning,
                } => {
                    writeln!(f, "{}: {id} ({op}) differs", self.file)?;
                    writeln!(f, "  expected {expected}")?;
                    writeln!(f, "  found    {found}")?;
                    for line in reckoning {
                        writeln!(f, "    {line}")?;
                    }
                }
            }
        }
        write!(
            f,
            "{}: agree {} of {}",
            self.file, self.n_agree, self.n_cases
        )
    }
}
