//! The values of a text by their paths, for telling two versions of it apart.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{Document, joined};

/// Every value of a text by its path. A list of plain values is one; tables in a list go by the words that tell
/// them apart, so that one more does not move the others. Empty where the text is no TOML.
pub(crate) fn leaves(file: &str, text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Ok(document) = Document::parse(file, text) {
        put_table(document.root.get_ref(), "", &mut found);
    }
    found
}

fn put_table(table: &DeTable<'_>, path: &str, found: &mut BTreeMap<String, String>) {
    let mut keys: Vec<_> = table.iter().collect();
    // Those that stand alike in a list are told apart by their order in the text.
    keys.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in keys {
        put_value(value.get_ref(), joined(path, key.get_ref()), found);
    }
}

fn put_value(value: &DeValue<'_>, path: String, found: &mut BTreeMap<String, String>) {
    if let Some(table) = value.as_table() {
        return put_table(table, &path, found);
    }
    let tables: Vec<&DeTable<'_>> = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it.get_ref().as_table())
        .collect();
    if tables.is_empty() {
        found.insert(path, written(value));
        return;
    }
    let mut names: Vec<String> = Vec::new();
    for table in tables {
        let name = name_in_list(table);
        names.push(name.clone());
        let n_alike = names.iter().filter(|it| **it == name).count();
        let place = if n_alike == 1 {
            format!("{path}[{name}]")
        } else {
            format!("{path}[{name}, {n_alike}]")
        };
        put_table(table, &place, found);
    }
}

/// The value, or for a text its Chinese, by which people tell one table of a list from the others.
fn name_in_list(table: &DeTable<'_>) -> String {
    const TELLING: [&str; 5] = ["id", "forbidden", "question", "when", "zh"];
    let value = TELLING.iter().find_map(|key| table.get(*key));
    value.map_or_else(String::new, |it| {
        let chinese = it.get_ref().as_table().and_then(|it| it.get("zh"));
        written(chinese.unwrap_or(it).get_ref())
    })
}

fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(it) => it.to_string(),
        DeValue::Integer(it) => it.to_string(),
        DeValue::Float(it) => it.to_string(),
        DeValue::Boolean(it) => it.to_string(),
        DeValue::Datetime(it) => it.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|it| written(it.get_ref())).collect();
            items.join(", ")
        }
        DeValue::Table(_) => String::new(),
    }
}
