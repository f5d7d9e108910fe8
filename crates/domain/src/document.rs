//! Strict reading of our own TOML texts (policy packs, the zone table): whatever is wrong is said with
//! file, line, column and field, and as a value that can be worded in any language.
//!
//! Start at [`DocumentError`]. The reader stops at the first thing that is wrong.

mod leaves;

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(crate) use leaves::leaves;

use crate::hours::HoursError;
use crate::rule::RuleId;

/// Where a text is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// The path of the field, such as `deadlines.reply.limit`; where the text is no TOML, the one before or around the
    /// place, empty before the first.
    pub field: String,
    pub problem: Problem,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, line {}, column {}",
            self.file, self.line, self.column
        )?;
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for DocumentError {}

/// What is wrong with a text of ours, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Not TOML; the message is the parser's, in English.
    Syntax {
        message: String,
    },
    UnknownKey {
        expected: Vec<String>,
    },
    MissingKey,
    MissingText {
        language: Language,
    },
    WrongType {
        expected: ValueType,
        found: ValueType,
    },
    OutOfRange {
        least: u32,
        most: u32,
        found: i64,
        unit: Unit,
    },
    /// A duration without a unit, or with one that does not fit here.
    WrongUnit {
        found: String,
        examples: &'static [&'static str],
    },
    UnknownWord {
        found: String,
        expected: Vec<String>,
    },
    UnknownRule {
        found: String,
    },
    /// A rule is cited whose text the pack does not give.
    RuleWithoutText {
        rule: String,
    },
    UnknownDepartment {
        found: String,
        known: Vec<String>,
    },
    BadWindow(HoursError),
    /// A value that does not look as it should.
    Malformed {
        found: String,
        example: &'static str,
    },
    Duplicate {
        found: String,
    },
    Empty,
    /// An exception that does not hold its phrase and more.
    NoException {
        found: String,
        phrase: String,
    },
    /// A better sentence that holds a phrase itself.
    HoldsPhrase {
        phrase: String,
    },
    /// A list that has to rise does not.
    NotInOrder,
    /// A limit where the moment is agreed or set by a sender.
    SetByHand,
    /// A key that has a meaning only beside another.
    OnlyWith {
        needs: &'static str,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { message } => write!(f, "This is not TOML: {message}"),
            Self::UnknownKey { expected } => {
                write!(
                    f,
                    "This key is not known here; expected {}",
                    expected.join(", ")
                )
            }
            Self::MissingKey => f.write_str("This key is missing"),
            Self::MissingText { language } => write!(f, "The {language} text is missing"),
            Self::WrongType { expected, found } => write!(f, "Expected {expected}, found {found}"),
            Self::OutOfRange {
                least,
                most,
                found,
                unit,
            } => {
                write!(f, "{found}{unit} is outside {least} to {most}{unit}")
            }
            Self::WrongUnit { found, examples } => {
                write!(
                    f,
                    "\"{found}\" is not a duration that fits here; expected such as \"{}\"",
                    examples.join("\", \"")
                )
            }
            Self::UnknownWord { found, expected } => {
                write!(
                    f,
                    "\"{found}\" is not known here; expected {}",
                    expected.join(", ")
                )
            }
            Self::UnknownRule { found } => {
                write!(
                    f,
                    "There is no rule \"{found}\"; the rules are {}",
                    all_rules()
                )
            }
            Self::RuleWithoutText { rule } => write!(
                f,
                "Rule {rule} is cited, and its text is not given under rules"
            ),
            Self::UnknownDepartment { found, known } => {
                write!(
                    f,
                    "There is no department \"{found}\"; the pack names {}",
                    known.join(", ")
                )
            }
            Self::SetByHand => f.write_str(
                "No limit belongs here: the moment is agreed, consented to or set by a sender",
            ),
            Self::OnlyWith { needs } => write!(f, "This belongs only where {needs}"),
            Self::BadWindow(error) => error.fmt(f),
            Self::Malformed { found, example } => {
                write!(f, "\"{found}\" is not of the form \"{example}\"")
            }
            Self::Duplicate { found } => write!(f, "\"{found}\" stands here twice"),
            Self::Empty => f.write_str("This must not be empty"),
            Self::NoException { found, phrase } => {
                write!(f, "\"{found}\" does not hold \"{phrase}\" and more")
            }
            Self::HoldsPhrase { phrase } => {
                write!(f, "This holds \"{phrase}\", which is not to be said")
            }
            Self::NotInOrder => f.write_str("This must come after the one before it"),
        }
    }
}

/// `F1 to F7, I1 to I15`, and so on.
fn all_rules() -> String {
    let letter = |it: &RuleId| it.as_str().chars().next();
    let subjects: Vec<String> = RuleId::ALL
        .chunk_by(|a, b| letter(a) == letter(b))
        .filter_map(|it| Some(format!("{} to {}", it.first()?, it.last()?)))
        .collect();
    subjects.join(", ")
}

/// A language in which every text of a pack is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Chinese,
    English,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chinese => "Chinese",
            Self::English => "English",
        })
    }
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Times,
    Minutes,
    WorkingMinutes,
    WorkingDays,
    Days,
    Percent,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Times => "",
            Self::Minutes => " minutes",
            Self::WorkingMinutes => " working minutes",
            Self::WorkingDays => " working days",
            Self::Days => " days",
            Self::Percent => " percent",
        })
    }
}

/// What TOML can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    Text,
    Integer,
    Float,
    Boolean,
    Instant,
    List,
    Table,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a text in quotes",
            Self::Integer => "a whole number",
            Self::Float => "a number with a fraction",
            Self::Boolean => "true or false",
            Self::Instant => "a date with time",
            Self::List => "a list",
            Self::Table => "a table",
        })
    }
}

impl ValueType {
    fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(_) => Self::Text,
            DeValue::Integer(_) => Self::Integer,
            DeValue::Float(_) => Self::Float,
            DeValue::Boolean(_) => Self::Boolean,
            DeValue::Datetime(_) => Self::Instant,
            DeValue::Array(_) => Self::List,
            DeValue::Table(_) => Self::Table,
        }
    }
}

/// A parsed text, still without meaning.
pub(crate) struct Document<'i> {
    file: &'i str,
    text: &'i str,
    root: Spanned<DeTable<'i>>,
}

impl<'i> Document<'i> {
    pub(crate) fn parse(file: &'i str, text: &'i str) -> Result<Self, DocumentError> {
        let root = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |it| it.start);
            let (line, column) = place(text, offset);
            let problem = Problem::Syntax {
                message: error.message().replace('\n', "; "),
            };
            DocumentError {
                file: file.to_owned(),
                line,
                column,
                field: field_around(text, offset),
                problem,
            }
        })?;
        Ok(Self { file, text, root })
    }

    pub(crate) fn table(&self, keys: &'static [&'static str]) -> Result<Table<'_>, DocumentError> {
        Table::checked(self, String::new(), 0..0, self.root.get_ref(), keys)
    }

    fn error(&self, span: &Range<usize>, field: &str, problem: Problem) -> DocumentError {
        let (line, column) = place(self.text, span.start);
        DocumentError {
            file: self.file.to_owned(),
            line,
            column,
            field: field.to_owned(),
            problem,
        }
    }
}

/// A table whose keys are all known.
pub(crate) struct Table<'a> {
    document: &'a Document<'a>,
    path: String,
    span: Range<usize>,
    entries: &'a DeTable<'a>,
    keys: &'static [&'static str],
}

impl<'a> Table<'a> {
    fn checked(
        document: &'a Document<'a>,
        path: String,
        span: Range<usize>,
        entries: &'a DeTable<'a>,
        keys: &'static [&'static str],
    ) -> Result<Self, DocumentError> {
        let unknown = entries
            .keys()
            .filter(|it| !keys.contains(&it.get_ref().as_ref()))
            .min_by_key(|it| it.span().start);
        if let Some(key) = unknown {
            let expected = keys.iter().map(|it| (*it).to_owned()).collect();
            return Err(document.error(
                &key.span(),
                &joined(&path, key.get_ref()),
                Problem::UnknownKey { expected },
            ));
        }
        Ok(Self {
            document,
            path,
            span,
            entries,
            keys,
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<Item<'a>> {
        debug_assert!(
            self.keys.contains(&key),
            "{key} is asked for and not in the list of keys"
        );
        let value = self.entries.get(key)?;
        Some(Item {
            document: self.document,
            path: joined(&self.path, key),
            span: value.span(),
            value: value.get_ref(),
        })
    }

    pub(crate) fn need(&self, key: &str) -> Result<Item<'a>, DocumentError> {
        self.get(key)
            .ok_or_else(|| self.missing(key, Problem::MissingKey))
    }

    pub(crate) fn missing(&self, key: &str, problem: Problem) -> DocumentError {
        self.document
            .error(&self.span, &joined(&self.path, key), problem)
    }
}

/// One value and where it stands.
pub(crate) struct Item<'a> {
    document: &'a Document<'a>,
    path: String,
    span: Range<usize>,
    value: &'a DeValue<'a>,
}

/// One key of a table with keys of the author's choosing.
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: Item<'a>,
    key_span: Range<usize>,
}

impl Entry<'_> {
    pub(crate) fn wrong_key(&self, problem: Problem) -> DocumentError {
        self.value
            .document
            .error(&self.key_span, &self.value.path, problem)
    }
}

impl<'a> Item<'a> {
    pub(crate) fn wrong(&self, problem: Problem) -> DocumentError {
        self.document.error(&self.span, &self.path, problem)
    }

    fn wrong_type(&self, expected: ValueType) -> DocumentError {
        self.wrong(Problem::WrongType {
            expected,
            found: ValueType::of(self.value),
        })
    }

    pub(crate) fn text(&self) -> Result<&'a str, DocumentError> {
        self.value
            .as_str()
            .ok_or_else(|| self.wrong_type(ValueType::Text))
    }

    pub(crate) fn boolean(&self) -> Result<bool, DocumentError> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong_type(ValueType::Boolean))
    }

    pub(crate) fn integer(&self, range: Range<u32>, unit: Unit) -> Result<u32, DocumentError> {
        let number = self
            .value
            .as_integer()
            .ok_or_else(|| self.wrong_type(ValueType::Integer))?;
        // A number too large for i64 is outside every range, and is reported as the largest there is.
        let farthest = if number.as_str().starts_with('-') {
            i64::MIN
        } else {
            i64::MAX
        };
        let found = i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(farthest);
        self.within(found, range, unit)
    }

    /// `found` if it lies in `range`, which includes its end.
    pub(crate) fn within(
        &self,
        found: i64,
        range: Range<u32>,
        unit: Unit,
    ) -> Result<u32, DocumentError> {
        u32::try_from(found)
            .ok()
            .filter(|it| (range.start..=range.end).contains(it))
            .ok_or_else(|| {
                self.wrong(Problem::OutOfRange {
                    least: range.start,
                    most: range.end,
                    found,
                    unit,
                })
            })
    }

    /// An offset date-time in its RFC 3339 form.
    pub(crate) fn instant(&self) -> Result<String, DocumentError> {
        let instant = self
            .value
            .as_datetime()
            .ok_or_else(|| self.wrong_type(ValueType::Instant))?;
        Ok(instant.to_string())
    }

    pub(crate) fn list(&self) -> Result<Vec<Self>, DocumentError> {
        let items = self
            .value
            .as_array()
            .ok_or_else(|| self.wrong_type(ValueType::List))?;
        let item = |(i, value): (usize, &'a Spanned<DeValue<'a>>)| Self {
            document: self.document,
            path: format!("{}[{}]", self.path, i + 1),
            span: value.span(),
            value: value.get_ref(),
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    pub(crate) fn table(&self, keys: &'static [&'static str]) -> Result<Table<'a>, DocumentError> {
        let entries = self
            .value
            .as_table()
            .ok_or_else(|| self.wrong_type(ValueType::Table))?;
        Table::checked(
            self.document,
            self.path.clone(),
            self.span.clone(),
            entries,
            keys,
        )
    }

    /// The entries of a table with keys of the author's choosing, in the author's order.
    pub(crate) fn entries(&self) -> Result<Vec<Entry<'a>>, DocumentError> {
        let table = self
            .value
            .as_table()
            .ok_or_else(|| self.wrong_type(ValueType::Table))?;
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().as_ref(),
                key_span: key.span(),
                value: Self {
                    document: self.document,
                    path: joined(&self.path, key.get_ref()),
                    span: value.span(),
                    value: value.get_ref(),
                },
            })
            .collect();
        entries.sort_by_key(|it| it.key_span.start);
        Ok(entries)
    }

    /// A text that is one of several words.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, DocumentError> {
        let found = self.text()?;
        words
            .iter()
            .find(|(word, _)| *word == found)
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                let expected = words.iter().map(|(word, _)| (*word).to_owned()).collect();
                self.wrong(Problem::UnknownWord {
                    found: found.to_owned(),
                    expected,
                })
            })
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// In a text that is no TOML: the header and the key last begun at a byte, as far as they look like it.
fn field_around(text: &str, offset: usize) -> String {
    let end = text
        .get(offset..)
        .and_then(|it| it.find('\n'))
        .map_or(text.len(), |it| offset + it);
    let is_path = |it: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_. \"".contains(c);
        !it.is_empty() && it.chars().all(plain)
    };
    let mut header = "";
    let mut headers_in_list: Vec<&str> = Vec::new();
    let mut key = "";
    let lines: Vec<&str> = text
        .get(..end)
        .unwrap_or(text)
        .lines()
        .map(str::trim)
        .collect();
    for line in &lines {
        let begun = line.strip_prefix('[').map(|it| it.trim_start_matches('['));
        let named = begun.map(|it| it.split(']').next().unwrap_or_default());
        if let Some(path) = named.filter(|it| is_path(it) && !it.contains('"')) {
            (header, key) = (path, "");
            if line.starts_with("[[") {
                headers_in_list.push(path);
            }
        } else if let Some((path, _)) = line.split_once('=')
            && is_path(path.trim())
        {
            key = path.trim();
        }
    }
    // A key that lacks its equals sign.
    let last = lines.last().copied().unwrap_or_default();
    let begun = last.split([' ', ':', '"']).next().unwrap_or_default();
    if is_path(begun) && !last.contains('=') {
        key = begun;
    }
    let place = headers_in_list.iter().filter(|it| **it == header).count();
    let header = if place > 0 {
        format!("{header}[{place}]")
    } else {
        header.to_owned()
    };
    if key.is_empty() {
        header
    } else {
        joined(&header, key)
    }
}

/// Line and column of a byte, both from 1, the column in characters.
pub(crate) fn place(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}
