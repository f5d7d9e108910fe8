//! The demonstration: a site to try everything on, with PINs that everybody knows.

use std::fmt::Write;

use shouwen_domain::directory::{Directory, Person};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::PersonId;

use crate::invitation::Code;
use crate::site::TextFile;

const TEXT: &str = include_str!("../../../packs/demo-site.toml");

pub fn directory() -> TextFile {
    TextFile::built_in("demo-site.toml", TEXT)
}

/// Whether it is the demonstration's own text: a site of somebody's that bears its name gets no PINs.
pub fn is_demo(it: &Directory) -> bool {
    it.hash() == Hash::of(TEXT.as_bytes())
}

/// With which every device may join, as often as it likes.
///
/// # Panics
///
/// Never: it is a code.
pub fn code() -> Code {
    Code::read("DEMO-DEMO-DEMO").expect("it is as long as a code that is typed")
}

/// Everybody's PIN, in the order of their staff numbers: 100001, 100002 and so on.
pub fn pins(directory: &Directory) -> Vec<(PersonId, String)> {
    by_number(directory)
        .into_iter()
        .zip(100_001..)
        .map(|(it, pin): (_, u32)| (it.id.clone(), pin.to_string()))
        .collect()
}

fn by_number(directory: &Directory) -> Vec<&Person> {
    let mut people: Vec<_> = directory.people.values().collect();
    people.sort_by(|a, b| a.number.cmp(&b.number));
    people
}

/// Who may be tried, for the terminal.
pub fn people_table(directory: &Directory) -> String {
    let mut table = String::new();
    let mut line = |name: &str, position: &str, department: &str, pin: &str| {
        let (name, position) = (padded(name, 10), padded(position, 16));
        let _ = writeln!(table, "  {name}{position}{}{pin}", padded(department, 16));
    };
    line("name", "position", "department", "PIN");
    for (person, (_, pin)) in by_number(directory).into_iter().zip(pins(directory)) {
        let department = directory
            .department(&person.department)
            .map_or("", |it| it.name.zh.as_str());
        line(&person.name, &person.position.zh, department, &pin);
    }
    table
}

/// Chinese characters are two columns wide.
fn padded(text: &str, n_columns: usize) -> String {
    let width: usize = text
        .chars()
        .map(|it| if it.is_ascii() { 1 } else { 2 })
        .sum();
    format!(
        "{text}{}",
        " ".repeat(n_columns.saturating_sub(width).max(1))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{RuleTexts, Site};

    #[test]
    fn everybody_has_a_pin_of_their_own_and_stands_in_the_table() {
        let site = Site::try_new(&RuleTexts::built_in(), &directory()).unwrap();
        let table = people_table(&site.directory);
        assert!(
            table.contains("  王建国    巡查员          秩序部          100013\n"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 24);
    }
}
