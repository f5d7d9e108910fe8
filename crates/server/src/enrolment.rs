//! Sites and people, written into the texts that say who works where. A running server reads them again by itself.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

use shouwen_domain::directory::Directory;
use shouwen_domain::document::DocumentError;
use shouwen_domain::id::{PersonId, SiteId};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TomlError, Value};

use crate::arguments::ToEnrol;
use crate::disk;
use crate::site::{SiteError, SiteFiles, TextFile, WhichSite};

/// For whoever administers the server, and the account it runs under.
const READ_BY_GROUP: u32 = 0o640;

/// What an order changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enrolled {
    New,
    /// What is new of somebody or something that was there before.
    Changed(Vec<&'static str>),
    /// It was so before.
    Nothing,
}

/// Why nothing was enrolled. The files are as they were.
#[derive(Debug)]
pub enum EnrolError {
    Site(SiteError),
    /// There is no folder to enrol a site into.
    NoFolder,
    WhichSite(WhichSite),
    /// The demonstration's people come with the program.
    BuiltIn,
    /// A text that parses as a directory, and in which people stand in another way.
    NotTables {
        path: PathBuf,
    },
    Syntax {
        path: PathBuf,
        error: TomlError,
    },
    Lacks {
        person: PersonId,
        options: Vec<&'static str>,
    },
    Write {
        path: PathBuf,
        error: io::Error,
    },
}

impl Display for EnrolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(error) => error.fmt(f),
            Self::NoFolder => f.write_str(
                "Sites are enrolled into a folder: name one with --site; or put the file where it is to stay and name that with --site",
            ),
            Self::WhichSite(error) => error.fmt(f),
            Self::BuiltIn => {
                f.write_str("The demonstration's people come with the program and are not changed")
            }
            Self::NotTables { path } => write!(
                f,
                "{} does not list its people as [[person]]; write this one in by hand",
                path.display()
            ),
            Self::Syntax { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Lacks { person, options } => write!(
                f,
                "\"{person}\" is new to the site: give {} too",
                options.join(", ")
            ),
            Self::Write { path, error } => {
                write!(f, "{} cannot be written: {error}", path.display())
            }
        }
    }
}

impl Error for EnrolError {}

impl From<SiteError> for EnrolError {
    fn from(error: SiteError) -> Self {
        Self::Site(error)
    }
}

impl From<DocumentError> for EnrolError {
    fn from(error: DocumentError) -> Self {
        Self::Site(error.into())
    }
}

/// Takes a site's directory into the folder of sites, or in the place of the one that is known of that site.
pub fn enrol_site(files: &SiteFiles, file: &Path) -> Result<(SiteId, Enrolled), EnrolError> {
    let text = TextFile::read(file)?;
    let directory = Directory::parse(&file.display().to_string(), text.text())?;
    let known = files.read()?;
    let (place, enrolled) = match known.directory_of(&directory.site) {
        Some((None, _)) => return Err(EnrolError::BuiltIn),
        Some((Some(_), known)) if known == text.text() => {
            return Ok((directory.site, Enrolled::Nothing));
        }
        Some((Some(place), _)) => (place.to_owned(), Enrolled::Changed(vec!["directory"])),
        None => {
            let folder = files.folder().ok_or(EnrolError::NoFolder)?;
            (
                folder.join(format!("{}.toml", directory.site)),
                Enrolled::New,
            )
        }
    };
    // All of them together, or this one may be of somebody who works at another site.
    known.with(&place, text.text().to_owned()).sites()?;
    write(&place, text.text())?;
    Ok((directory.site, enrolled))
}

/// Writes a person into a site's directory, or what is new of them.
pub fn enrol_person(files: &SiteFiles, who: &ToEnrol) -> Result<(SiteId, Enrolled), EnrolError> {
    let known = files.read()?;
    let sites = known.sites()?;
    let site = sites
        .meant(who.to.as_ref())
        .map_err(EnrolError::WhichSite)?;
    let site = site.directory.site.clone();
    let (place, text) = match known.directory_of(&site) {
        Some((Some(place), text)) => (place.to_owned(), text),
        Some((None, _)) | None => return Err(EnrolError::BuiltIn),
    };
    let (text, enrolled) = with_person(&place, text, who)?;
    if enrolled != Enrolled::Nothing {
        known.with(&place, text.clone()).sites()?;
        write(&place, &text)?;
    }
    Ok((site, enrolled))
}

/// The text with this person in it; all else in it stays as it was written.
fn with_person(path: &Path, text: &str, who: &ToEnrol) -> Result<(String, Enrolled), EnrolError> {
    let mut document: DocumentMut = text.parse().map_err(|error| EnrolError::Syntax {
        path: path.to_owned(),
        error,
    })?;
    let people = document
        .get_mut("person")
        .and_then(Item::as_array_of_tables_mut)
        .ok_or_else(|| EnrolError::NotTables {
            path: path.to_owned(),
        })?;
    let is_this = |it: &Table| it.get("id").and_then(Item::as_str) == Some(who.person.as_str());
    let found = people.iter().position(is_this);
    let enrolled = if let Some(person) = found.and_then(|at| people.get_mut(at)) {
        let changed = change(person, who);
        if changed.is_empty() {
            Enrolled::Nothing
        } else {
            Enrolled::Changed(changed)
        }
    } else {
        add(people, who)?;
        Enrolled::New
    };
    Ok((document.to_string(), enrolled))
}

fn add(people: &mut ArrayOfTables, who: &ToEnrol) -> Result<(), EnrolError> {
    let needed = [
        ("--name", who.name.is_none()),
        ("--number", who.number.is_none()),
        ("--position", who.position.is_none()),
        ("--position-en", who.position_en.is_none()),
        ("--rank", who.rank.is_none()),
        ("--department", who.department.is_none()),
    ];
    let lacks: Vec<_> = needed
        .into_iter()
        .filter(|it| it.1)
        .map(|it| it.0)
        .collect();
    if !lacks.is_empty() {
        return Err(EnrolError::Lacks {
            person: who.person.clone(),
            options: lacks,
        });
    }
    let mut person = Table::new();
    person.insert("id", who.person.as_str().into());
    change(&mut person, who);
    people.push(person);
    Ok(())
}

/// Writes down what is given and stands there otherwise; its keys.
fn change(person: &mut Table, who: &ToEnrol) -> Vec<&'static str> {
    let mut changed = Vec::new();
    let mut put = |person: &mut Table, key, value: Option<Value>| {
        if let Some(value) = value
            && put(person, key, value)
        {
            changed.push(key);
        }
    };
    put(person, "name", who.name.as_deref().map(Value::from));
    put(person, "number", who.number.as_deref().map(Value::from));
    put(person, "position", position(person, who));
    put(person, "rank", who.rank.map(|it| i64::from(it).into()));
    put(
        person,
        "department",
        who.department.as_ref().map(|it| it.as_str().into()),
    );
    put(
        person,
        "deputy",
        who.deputy.as_ref().map(|it| it.as_str().into()),
    );
    changed
}

/// In both languages, of which one may be given.
fn position(person: &Table, who: &ToEnrol) -> Option<Value> {
    if who.position.is_none() && who.position_en.is_none() {
        return None;
    }
    let known = |language| {
        let names = person.get("position")?.as_table_like()?;
        names.get(language)?.as_str().map(str::to_owned)
    };
    let mut names = InlineTable::new();
    for (language, given) in [("zh", &who.position), ("en", &who.position_en)] {
        if let Some(name) = given.clone().or_else(|| known(language)) {
            names.insert(language, name.into());
        }
    }
    Some(names.into())
}

/// Whether it stood there otherwise. What is written around it stays.
fn put(person: &mut Table, key: &str, mut value: Value) -> bool {
    let Some(found) = person.get_mut(key).and_then(Item::as_value_mut) else {
        person.insert(key, Item::Value(value));
        return true;
    };
    let is_same = plain(found) == plain(&value);
    if !is_same {
        *value.decor_mut() = found.decor().clone();
        *found = value;
    }
    !is_same
}

/// However it is spaced, and however its quotes are written.
fn plain(value: &Value) -> String {
    match value {
        Value::String(it) => it.value().clone(),
        Value::InlineTable(table) => {
            let entries = table.iter().map(|(key, value)| (key, plain(value)));
            let entries: std::collections::BTreeMap<_, _> = entries.collect();
            format!("{entries:?}")
        }
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => value.to_string().trim().to_owned(),
    }
}

fn write(path: &Path, text: &str) -> Result<(), EnrolError> {
    disk::replace(path, text.as_bytes(), READ_BY_GROUP).map_err(|error| EnrolError::Write {
        path: path.to_owned(),
        error,
    })
}

/// For the terminal.
pub fn text(what: &str, enrolled: &Enrolled) -> String {
    match enrolled {
        Enrolled::New => format!("Enrolled: {what}\n"),
        Enrolled::Changed(keys) => format!("Changed of {what}: {}\n", keys.join(", ")),
        Enrolled::Nothing => format!("Nothing is new of {what}\n"),
    }
}
