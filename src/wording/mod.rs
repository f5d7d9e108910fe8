//! Values and refusals become words here, in both languages. Pure: nothing here touches the browser.
//!
//! The words stand in `locales/`; a test checks that both files hold the same keys and that every
//! key named in the code exists.

pub mod act;
pub mod answers;
pub mod fact;
pub mod refusal;
pub mod time;

use shouwen_domain::directory::Directory;
use shouwen_domain::id::{DepartmentId, PersonId};
use shouwen_domain::pack::Text;

/// The languages of the interface, Chinese first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// BCP 47.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    pub fn of_code(code: &str) -> Self {
        if code == Self::English.code() {
            Self::English
        } else {
            Self::Chinese
        }
    }

    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// Of a text that a pack or a directory gives in both.
    pub fn of(self, text: &Text) -> &str {
        match self {
            Self::Chinese => &text.zh,
            Self::English => &text.en,
        }
    }

    /// Between items of a list.
    pub const fn separator(self) -> &'static str {
        match self {
            Self::Chinese => "、",
            Self::English => ", ",
        }
    }
}

/// The words of a key: `say!(language, "left.late", span = "12 分钟")`.
#[macro_export]
macro_rules! say {
    ($language:expr, $key:expr $(, $name:ident = $value:expr)* $(,)?) => {
        rust_i18n::t!($key, locale = $language.code() $(, $name = $value)*).into_owned()
    };
}

/// A person's name, or the id where the directory lacks it.
pub fn person(directory: &Directory, id: &PersonId) -> String {
    directory
        .person(id)
        .map_or_else(|| id.to_string(), |it| it.name.clone())
}

/// A department's name, or the id where the directory lacks it.
pub fn department(language: Language, directory: &Directory, id: &DepartmentId) -> String {
    directory
        .department(id)
        .map_or_else(|| id.to_string(), |it| language.of(&it.name).to_owned())
}

/// Of the device that gave a case its number: "K7" in "0713-K7-018".
pub fn device_code(number: &str) -> Option<&str> {
    let mut parts = number.split('-');
    let (code, rest) = (parts.nth(1)?, parts.next()?);
    (!code.is_empty() && !rest.is_empty() && parts.next().is_none()).then_some(code)
}

/// A phone number without what people type around it; none where it can be none.
///
/// Mobile: `1[3-9]` and nine digits after stripping +86, spaces and dashes. Landline: 7 to 12 digits
/// with the area code, and an extension of up to 6.
pub fn phone(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|it| !matches!(it, ' ' | '-' | '－' | '(' | ')' | '（' | '）'))
        .collect();
    let plain = plain
        .strip_prefix("+86")
        .or_else(|| plain.strip_prefix("0086"))
        .unwrap_or(&plain);
    let (number, extension) = plain.split_once(['转', 'x', '#']).unwrap_or((plain, ""));
    let all_digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(number) || !all_digits(extension) || extension.len() > 6 {
        return None;
    }
    let mobile =
        number.len() == 11 && number.starts_with('1') && !matches!(&number[1..2], "0" | "1" | "2");
    let landline = !number.starts_with('1') && (7..=12).contains(&number.len());
    (mobile || landline).then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    fn flat(value: &serde_json::Value, path: &str, into: &mut BTreeMap<String, String>) {
        if let Some(entries) = value.as_object() {
            for (key, value) in entries {
                let dot = if path.is_empty() { "" } else { "." };
                flat(value, &format!("{path}{dot}{key}"), into);
            }
        } else {
            let text = value
                .as_str()
                .expect("a key holds words or a group of keys");
            into.insert(path.to_owned(), text.to_owned());
        }
    }

    fn locale(text: &str) -> BTreeMap<String, String> {
        let mut words = BTreeMap::new();
        flat(&serde_json::from_str(text).unwrap(), "", &mut words);
        words
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split("%{")
            .skip(1)
            .filter_map(|it| it.split_once('}'))
            .map(|it| it.0)
            .collect()
    }

    fn sources(folder: &Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|it| it == "rs") {
                into.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn both_languages_hold_the_same_keys_and_placeholders() {
        let (zh, en) = (
            locale(include_str!("locales/zh-CN.json")),
            locale(include_str!("locales/en.json")),
        );
        let keys = |it: &BTreeMap<String, String>| it.keys().cloned().collect::<BTreeSet<_>>();
        let (zh_keys, en_keys) = (keys(&zh), keys(&en));
        assert_eq!(
            zh_keys.difference(&en_keys).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "not in English"
        );
        assert_eq!(
            en_keys.difference(&zh_keys).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "not in Chinese"
        );
        for (key, text) in &zh {
            assert_eq!(placeholders(text), placeholders(&en[key]), "{key}");
        }
    }

    #[test]
    fn every_key_in_the_code_has_words_and_every_word_is_used() {
        let words = locale(include_str!("locales/zh-CN.json"));
        let mut files = Vec::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut files,
        );
        let code = files.join("\n");
        let literals: BTreeSet<&str> = code.split('"').skip(1).step_by(1).collect();
        let groups: BTreeSet<&str> = words
            .keys()
            .filter_map(|it| it.split_once('.'))
            .map(|it| it.0)
            .collect();
        let is_key = |it: &&&str| {
            it.split_once('.').is_some_and(|(group, name)| {
                groups.contains(group)
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            })
        };
        let unknown: Vec<_> = literals
            .iter()
            .filter(is_key)
            .filter(|it| !words.contains_key(**it))
            .collect();
        assert_eq!(
            unknown,
            Vec::<&&str>::new(),
            "named in the code, in no file"
        );
        let unused: Vec<_> = words
            .keys()
            .filter(|it| !literals.contains(it.as_str()))
            .collect();
        assert_eq!(unused, Vec::<&String>::new(), "in the files, named nowhere");
    }

    #[test]
    fn a_case_number_names_the_device_that_gave_it() {
        assert_eq!(device_code("0713-K7-018"), Some("K7"));
        for other in [
            "",
            "0713",
            "0713-K7",
            "0713--018",
            "0713-K7-",
            "0713-K7-018-2",
        ] {
            assert_eq!(device_code(other), None, "{other}");
        }
    }

    #[test]
    fn a_phone_is_read_as_people_type_it() {
        assert_eq!(phone("+86 138-0000-5678").as_deref(), Some("13800005678"));
        assert_eq!(
            phone("0571-88001002转801").as_deref(),
            Some("057188001002转801")
        );
        assert_eq!(phone("1380000567"), None);
        assert_eq!(phone("李女士"), None);
    }
}
