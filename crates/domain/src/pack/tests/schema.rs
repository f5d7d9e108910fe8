//! Every key that the reader knows is in the documentation, and every key there is one that the reader knows.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::pack::{Pack, PackProblem};

const DOCUMENTATION: &str = include_str!("../../../../../docs/packs.md");

/// The shipped pack with every section in it that it does without.
fn complete() -> String {
    [
        (
            "[deadlines.transfer]",
            "[deadlines]\n\n[deadlines.transfer]",
        ),
        (
            "[stage]\ndefault = \"observe\"\n",
            "[stage]\ndefault = \"observe\"\nrules = {}\ndepartments = {}\ndepartment_rules = {}\n",
        ),
        (
            "kinds.report = [\"channel\", \"category\", \"matter\"]\n",
            "kinds = { report = [\"channel\", \"category\", \"matter\"] }\n",
        ),
    ]
    .into_iter()
    .fold(super::SHIPPED.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// `categories.lift.reply.simple` becomes `categories.*.reply.simple`, `quiz[2].rule` becomes `quiz[].rule`.
fn pattern(path: &str) -> String {
    const NAMED_FREELY: [&str; 7] = [
        "categories",
        "emergencies",
        "rules",
        "papers",
        "capacities",
        "deadlines",
        "assessments",
    ];
    let mut before = "";
    let mut segments = Vec::new();
    for segment in path.split('.') {
        let name = segment.split('[').next().unwrap_or_default();
        segments.push(if NAMED_FREELY.contains(&before) {
            "*".to_owned()
        } else if name == segment {
            segment.to_owned()
        } else {
            format!("{name}[]")
        });
        before = segment;
    }
    segments.join(".")
}

/// Where an unknown key can be put into each table that a pack writes, one a pattern of its path.
fn places(text: &str) -> BTreeMap<String, usize> {
    fn walk(text: &str, table: &DeTable<'_>, path: &str, places: &mut BTreeMap<String, usize>) {
        for (key, value) in table {
            let path = if path.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{path}.{}", key.get_ref())
            };
            visit(text, value, &path, places);
        }
    }
    fn visit(
        text: &str,
        value: &Spanned<DeValue<'_>>,
        path: &str,
        places: &mut BTreeMap<String, usize>,
    ) {
        match value.get_ref() {
            DeValue::Table(table) => {
                let start = value.span().start;
                let at = match text[start..].chars().next() {
                    Some('{') => Some(start + 1),
                    Some('[') => text[start..].find('\n').map(|it| start + it + 1),
                    _ => None,
                };
                if let Some(at) = at {
                    places.entry(pattern(path)).or_insert(at);
                }
                walk(text, table, path, places);
            }
            DeValue::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    visit(text, item, &format!("{path}[{}]", i + 1), places);
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }
    let root = DeTable::parse(text).unwrap();
    let mut places = BTreeMap::from([(String::new(), 0)]);
    walk(text, root.get_ref(), "", &mut places);
    places
}

/// What the reader says that it expects, asked in every table by a key that it cannot know.
fn known() -> BTreeSet<String> {
    let text = complete();
    let mut known = BTreeSet::new();
    for (_, at) in places(&text) {
        let inline = text[..at].ends_with('{');
        let asked = if !inline {
            "zzz = 1\n"
        } else if text[at..].starts_with('}') {
            "zzz = 1"
        } else {
            "zzz = 1, "
        };
        let asking = format!("{}{asked}{}", &text[..at], &text[at..]);
        let error = Pack::parse("pack.toml", &asking).unwrap_err();
        let PackProblem::UnknownKey { expected } = error.problem else {
            continue;
        };
        let table = error.field.strip_suffix("zzz").unwrap();
        for key in expected {
            let path = format!("{table}{key}");
            let in_a_list = ["deadlines.", "assessments."].contains(&table);
            if key != "zh" && key != "en" {
                known.insert(if in_a_list { path } else { pattern(&path) });
            }
        }
    }
    known.retain(|it| !it.starts_with("required_fields.kinds."));
    known.insert("required_fields.kinds.*".to_owned());
    known
}

fn documented() -> BTreeSet<String> {
    DOCUMENTATION
        .lines()
        .filter_map(|it| it.strip_prefix("| `"))
        .filter_map(|it| it.split_once('`'))
        .map(|(key, _)| key.to_owned())
        .filter(|key| !key.starts_with('"'))
        .collect()
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_known() {
    let (known, documented) = (known(), documented());
    let missing: Vec<_> = known.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&known).collect();
    assert_eq!((missing, stale), (Vec::new(), Vec::new()));
    assert!(known.len() > 150, "{}", known.len());
}
