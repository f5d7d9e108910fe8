//! Messages as they lie in a file: one JSON object a line. All lines are read and checked before anything is sent.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Map, Value};

/// More are not replayed at once.
pub const MESSAGES: usize = 5_000;

const KEYS: [&str; 7] = [
    "id",
    "user",
    "time",
    "subject",
    "text",
    "reply",
    "reply_time",
];
const TIME: &str = "%Y-%m-%dT%H:%M:%S";

/// What somebody wrote, and perhaps what they were answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    /// The same customer behind every message of the same user; never sent.
    pub user: String,
    pub time: NaiveDateTime,
    pub subject: String,
    pub text: String,
    pub reply: Option<String>,
    /// From the message to its reply.
    pub reply_after: Option<TimeDelta>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// By time.
    pub messages: Vec<Message>,
    /// Keys that nothing is made of, and on how many lines each stands: said, so that no typo passes for an option.
    pub unused: BTreeMap<String, usize>,
}

/// The first line that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageError {
    pub file: String,
    pub line: usize,
    pub flaw: Flaw,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    NotUtf8,
    NotAnObject { column: usize },
    Missing(&'static str),
    NotText(&'static str),
    Empty(&'static str),
    NotATime(&'static str),
    SameId { id: String, line: usize },
    NoMessages,
    TooMany { n: usize },
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, flaw } = self;
        match flaw {
            Flaw::NoMessages => return write!(f, "{file}: there is no message in it"),
            Flaw::TooMany { n } => {
                return write!(
                    f,
                    "{file}: {n} messages are more than the {MESSAGES} that are replayed at once; use --limit"
                );
            }
            Flaw::NotUtf8
            | Flaw::NotAnObject { .. }
            | Flaw::Missing(_)
            | Flaw::NotText(_)
            | Flaw::Empty(_)
            | Flaw::NotATime(_)
            | Flaw::SameId { .. } => write!(f, "{file}, line {line}: ")?,
        }
        match flaw {
            Flaw::NotUtf8 => f.write_str("it is not UTF-8"),
            Flaw::NotAnObject { column: 0 } => f.write_str("it is JSON, but no object in braces"),
            Flaw::NotAnObject { column } => {
                write!(f, "it is not one JSON object (see column {column})")
            }
            Flaw::Missing(key) => write!(f, "`{key}` is missing"),
            Flaw::NotText(key) => write!(f, "`{key}` is not a text in quotation marks"),
            Flaw::Empty(key) => write!(f, "`{key}` is empty"),
            Flaw::NotATime(key) => write!(f, "`{key}` is not like 2011-10-31T16:38:21"),
            Flaw::SameId { id, line } => write!(f, "the `id` \"{id}\" is on line {line} already"),
            Flaw::NoMessages | Flaw::TooMany { .. } => Ok(()),
        }
    }
}

impl std::error::Error for MessageError {}

/// Reads all of a file; of what is right, the first `limit` lines count.
pub fn read(file: &str, bytes: &[u8], limit: usize) -> Result<Messages, MessageError> {
    let wrong = |line, flaw| MessageError {
        file: file.to_owned(),
        line,
        flaw,
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut found = Messages {
        messages: Vec::new(),
        unused: BTreeMap::new(),
    };
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for (line, bytes) in (1..).zip(bytes.split(|it| *it == b'\n')) {
        let text = std::str::from_utf8(bytes).map_err(|_| wrong(line, Flaw::NotUtf8))?;
        if text.trim().is_empty() {
            continue;
        }
        let object = object(text).map_err(|flaw| wrong(line, flaw))?;
        let message = message(&object).map_err(|flaw| wrong(line, flaw))?;
        if let Some(first) = ids.insert(message.id.clone(), line) {
            let id = message.id;
            return Err(wrong(line, Flaw::SameId { id, line: first }));
        }
        for key in object.keys().filter(|it| !KEYS.contains(&it.as_str())) {
            *found.unused.entry(key.clone()).or_default() += 1;
        }
        found.messages.push(message);
    }
    found.messages.truncate(limit);
    match found.messages.len() {
        0 => Err(wrong(0, Flaw::NoMessages)),
        n if n > MESSAGES => Err(wrong(0, Flaw::TooMany { n })),
        _ => {
            found.messages.sort_by_key(|it| it.time);
            Ok(found)
        }
    }
}

fn object(text: &str) -> Result<Map<String, Value>, Flaw> {
    match serde_json::from_str(text) {
        Ok(Value::Object(it)) => Ok(it),
        Ok(_) => Err(Flaw::NotAnObject { column: 0 }),
        Err(error) => Err(Flaw::NotAnObject {
            column: error.column().max(1),
        }),
    }
}

fn message(object: &Map<String, Value>) -> Result<Message, Flaw> {
    let time = time(object, "time")?.ok_or(Flaw::Missing("time"))?;
    let reply_time = self::time(object, "reply_time")?;
    Ok(Message {
        id: needed(object, "id")?,
        user: needed(object, "user")?,
        time,
        subject: text(object, "subject")?
            .ok_or(Flaw::Missing("subject"))?
            .trim()
            .to_owned(),
        text: needed(object, "text")?,
        reply: text(object, "reply")?
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty()),
        reply_after: reply_time
            .map(|it| it - time)
            .filter(|it| *it > TimeDelta::zero()),
    })
}

fn needed(object: &Map<String, Value>, key: &'static str) -> Result<String, Flaw> {
    let text = text(object, key)?.ok_or(Flaw::Missing(key))?.trim();
    if text.is_empty() {
        Err(Flaw::Empty(key))
    } else {
        Ok(text.to_owned())
    }
}

fn time(object: &Map<String, Value>, key: &'static str) -> Result<Option<NaiveDateTime>, Flaw> {
    let Some(text) = text(object, key)? else {
        return Ok(None);
    };
    let read = NaiveDateTime::parse_from_str(text, TIME).ok();
    // Parsing is lenient with digits and blanks: "26-3-2T8:00:00" would be the year 26.
    match read.filter(|it| it.format(TIME).to_string() == text) {
        Some(it) => Ok(Some(it)),
        None => Err(Flaw::NotATime(key)),
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &'static str) -> Result<Option<&'a str>, Flaw> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(it)) => Ok(Some(it)),
        Some(_) => Err(Flaw::NotText(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str =
        r#"{"id": "1", "user": "u", "time": "2011-10-31T16:38:21", "subject": "s", "text": "t"}"#;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let file = format!("{RIGHT}\n\n{line}\n");
        let error = read("some.jsonl", file.as_bytes(), usize::MAX).unwrap_err();
        assert_eq!(error.to_string(), format!("some.jsonl, line 3: {expected}"));
    }

    #[test]
    fn a_broken_line_is_named_with_what_is_wrong() {
        let second = RIGHT.replace("\"1\"", "\"2\"");
        check(
            &second.replace("T16", " 16"),
            "`time` is not like 2011-10-31T16:38:21",
        );
        check(
            &second.replace("2011-", "11-"),
            "`time` is not like 2011-10-31T16:38:21",
        );
        check(
            &second.replace("\"t\"", "7"),
            "`text` is not a text in quotation marks",
        );
        check(&second.replace("\"t\"", "\"  \""), "`text` is empty");
        check(&second.replace("\"user\"", "\"usr\""), "`user` is missing");
        check(&second[..40], "it is not one JSON object (see column 40)");
        check("[1]", "it is JSON, but no object in braces");
        check(RIGHT, "the `id` \"1\" is on line 1 already");
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        let error = read("some.jsonl", b"{\xff}", usize::MAX).unwrap_err();
        assert_eq!(error.to_string(), "some.jsonl, line 1: it is not UTF-8");
    }

    #[test]
    fn an_empty_file_is_refused() {
        let error = read("some.jsonl", b"\n", usize::MAX).unwrap_err();
        assert_eq!(error.to_string(), "some.jsonl: there is no message in it");
    }

    #[test]
    fn keys_that_nothing_is_made_of_are_counted() {
        let line = RIGHT.replace("\"text\"", "\"likes\": 3, \"text\"");
        let found = read("some.jsonl", line.as_bytes(), usize::MAX).unwrap();
        assert_eq!(found.unused, BTreeMap::from([("likes".to_owned(), 1)]));
    }

    #[test]
    fn a_mark_at_the_beginning_and_windows_line_ends_do_no_harm() {
        let file = format!("\u{feff}{RIGHT}\r\n");
        let found = read("some.jsonl", file.as_bytes(), usize::MAX).unwrap();
        assert_eq!(found.messages.len(), 1);
    }
}
