//! The sites this server answers for, and the texts that their rules are read from.
//!
//! Texts are parsed once, so that a mistake is found at the start, and handed out as they were written. Files that change
//! while a server runs are read again (`server::watch`).

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use shouwen_domain::Rules;
use shouwen_domain::calendar::{Calendar, CalendarError};
use shouwen_domain::directory::Directory;
use shouwen_domain::document::DocumentError;
use shouwen_domain::envelope::RuleHashes;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DepartmentId, PersonId, SiteId};
use shouwen_domain::pack::Pack;
use shouwen_domain::rules::UnknownZone;
use shouwen_domain::zone::{Zone, Zones};
use shouwen_sync::message::{NamedText, SiteTexts};

use crate::demo;

/// A text and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// As messages name it.
    path: String,
    text: String,
}

impl TextFile {
    pub fn read(path: &Path) -> Result<Self, SiteError> {
        let shown = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { path: shown, text }),
            Err(error) => Err(SiteError::Unreadable { path: shown, error }),
        }
    }

    pub fn built_in(name: &str, text: &str) -> Self {
        Self {
            path: name.to_owned(),
            text: text.to_owned(),
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Under its bare name: where it stands on the server is nobody's business.
    fn named(&self) -> NamedText {
        let name = Path::new(&self.path)
            .file_name()
            .map_or(self.path.clone(), |it| it.to_string_lossy().into_owned());
        NamedText {
            name,
            text: self.text.clone(),
        }
    }
}

/// What the rules of every site here are read from, beside its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTexts {
    pub pack: TextFile,
    pub calendar: Vec<TextFile>,
    pub zones: TextFile,
}

impl RuleTexts {
    pub fn built_in() -> Self {
        macro_rules! packs {
            ($name:literal) => {
                TextFile::built_in($name, include_str!(concat!("../../../packs/", $name)))
            };
        }
        Self {
            pack: packs!("property-service.toml"),
            calendar: vec![
                packs!("calendars/cn/2019.json"),
                packs!("calendars/cn/2020.json"),
                packs!("calendars/cn/2023.json"),
                packs!("calendars/cn/2024.json"),
                packs!("calendars/cn/2025.json"),
                packs!("calendars/cn/2026.json"),
            ],
            zones: packs!("zones.toml"),
        }
    }

    /// The built-in ones, each unless another was given.
    pub fn read(
        pack: Option<&Path>,
        calendar: &[PathBuf],
        zones: Option<&Path>,
    ) -> Result<Self, SiteError> {
        let mut texts = Self::built_in();
        if let Some(path) = pack {
            texts.pack = TextFile::read(path)?;
        }
        if !calendar.is_empty() {
            texts.calendar = calendar
                .iter()
                .map(|it| TextFile::read(it))
                .collect::<Result<_, _>>()?;
        }
        if let Some(path) = zones {
            texts.zones = TextFile::read(path)?;
        }
        Ok(texts)
    }
}

/// Where the texts of every site are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteFiles {
    /// Directories of sites, and folders of them: every `.toml` in one is a site's.
    pub directories: Vec<PathBuf>,
    /// The demonstration's site as well.
    pub demo: bool,
    /// Each in place of what comes with the program.
    pub pack: Option<PathBuf>,
    pub calendar: Vec<PathBuf>,
    pub zones: Option<PathBuf>,
}

/// What they held at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadTexts {
    rules: RuleTexts,
    /// Each with its file; the demonstration's has none.
    directories: Vec<(Option<PathBuf>, TextFile)>,
}

impl SiteFiles {
    pub fn read(&self) -> Result<ReadTexts, SiteError> {
        let mut directories = Vec::new();
        if self.demo {
            directories.push((None, demo::directory()));
        }
        for path in self.paths()? {
            let text = TextFile::read(&path)?;
            directories.push((Some(path), text));
        }
        Ok(ReadTexts {
            rules: RuleTexts::read(self.pack.as_deref(), &self.calendar, self.zones.as_deref())?,
            directories,
        })
    }

    /// The folder in which sites are enrolled.
    pub fn folder(&self) -> Option<&Path> {
        let mut folders = self.directories.iter().filter(|it| it.is_dir());
        folders.next().map(PathBuf::as_path)
    }

    fn paths(&self) -> Result<Vec<PathBuf>, SiteError> {
        let mut paths = Vec::new();
        for given in &self.directories {
            if given.is_dir() {
                let unreadable = |error| SiteError::Unreadable {
                    path: given.display().to_string(),
                    error,
                };
                let entries = std::fs::read_dir(given).map_err(unreadable)?;
                let found: io::Result<Vec<PathBuf>> = entries.map(|it| Ok(it?.path())).collect();
                let mut found = found.map_err(unreadable)?;
                found.retain(|it| it.extension().is_some_and(|it| it == "toml"));
                found.sort();
                paths.extend(found);
            } else {
                paths.push(given.clone());
            }
        }
        Ok(paths)
    }
}

impl ReadTexts {
    pub fn sites(&self) -> Result<Sites, SiteError> {
        let sites = self
            .directories
            .iter()
            .map(|(_, it)| Site::try_new(&self.rules, it));
        Sites::try_new(sites.collect::<Result<Vec<_>, _>>()?)
    }

    /// With this text in the place of what the file holds, or beside the others where there is no such file.
    #[must_use]
    pub fn with(mut self, file: &Path, text: String) -> Self {
        let text = TextFile {
            path: file.display().to_string(),
            text,
        };
        let of_file = |it: &&mut (Option<PathBuf>, TextFile)| it.0.as_deref() == Some(file);
        match self.directories.iter_mut().find(of_file) {
            Some(found) => found.1 = text,
            None => self.directories.push((Some(file.to_owned()), text)),
        }
        self
    }

    /// Where a site's directory stands, and what it says. Texts that hold together have one for every site.
    pub fn directory_of(&self, site: &SiteId) -> Option<(Option<&Path>, &str)> {
        let mut directories = self.directories.iter();
        directories.find_map(|(path, text)| {
            let directory = Directory::parse(&text.path, &text.text).ok()?;
            (directory.site == *site).then_some((path.as_deref(), text.text.as_str()))
        })
    }
}

/// A site whose texts hold together.
#[derive(Debug)]
pub struct Site {
    pub directory: Directory,
    /// By which its devices name the texts of their rules.
    pub hashes: RuleHashes,
    pub zone: Zone,
    texts: Answer,
}

/// The answer to `GET /api/site`, made once.
#[derive(Debug)]
pub struct Answer {
    pub body: Vec<u8>,
    pub etag: String,
}

impl Site {
    /// # Panics
    ///
    /// Never: writing to memory cannot fail.
    pub fn try_new(texts: &RuleTexts, directory: &TextFile) -> Result<Self, SiteError> {
        let rules = rules(texts, directory)?;
        for department in &rules.pack.departments {
            if rules.directory.department(department).is_none() {
                return Err(SiteError::NoSuchDepartment {
                    pack: texts.pack.path.clone(),
                    department: department.clone(),
                    directory: directory.path.clone(),
                });
            }
        }
        let message = SiteTexts {
            site: rules.directory.site.clone(),
            pack: texts.pack.named(),
            calendar: texts.calendar.iter().map(TextFile::named).collect(),
            zones: texts.zones.named(),
            directory: directory.named(),
        };
        let body = minicbor::to_vec(&message).expect("writing to memory cannot fail");
        let etag = format!("\"{}\"", Hash::of(&body));
        Ok(Self {
            hashes: rules.hashes(),
            zone: rules.zone().clone(),
            directory: rules.directory,
            texts: Answer { body, etag },
        })
    }

    pub const fn texts(&self) -> &Answer {
        &self.texts
    }
}

fn rules(texts: &RuleTexts, directory: &TextFile) -> Result<Rules, SiteError> {
    let named = |error: DocumentError| DocumentError {
        file: texts.zones.path.clone(),
        ..error
    };
    let calendar: Vec<_> = texts
        .calendar
        .iter()
        .map(|it| (it.path.as_str(), it.text.as_str()))
        .collect();
    Ok(Rules::try_new(
        Pack::parse(&texts.pack.path, &texts.pack.text)?,
        Calendar::parse(&calendar)?,
        &Zones::parse(&texts.zones.text).map_err(named)?,
        Directory::parse(&directory.path, &directory.text)?,
    )?)
}

/// Every site of this server. People sign in by their id alone, so it is unique among all of them.
#[derive(Debug)]
pub struct Sites(BTreeMap<SiteId, Site>);

impl Sites {
    pub fn try_new(sites: impl IntoIterator<Item = Site>) -> Result<Self, SiteError> {
        let mut by_id = BTreeMap::new();
        let mut site_of_person = BTreeMap::new();
        for site in sites {
            let id = site.directory.site.clone();
            for person in site.directory.people.keys() {
                if let Some(other) = site_of_person.insert(person.clone(), id.clone()) {
                    return Err(SiteError::PersonTwice {
                        person: person.clone(),
                        sites: [other, id],
                    });
                }
            }
            if by_id.insert(id.clone(), site).is_some() {
                return Err(SiteError::SiteTwice(id));
            }
        }
        Ok(Self(by_id))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Site> {
        self.0.values()
    }

    pub fn get(&self, id: &SiteId) -> Option<&Site> {
        self.0.get(id)
    }

    /// The one that somebody means: by its name, or because there is no other.
    pub fn meant(&self, named: Option<&SiteId>) -> Result<&Site, WhichSite> {
        let known = || self.0.keys().cloned().collect();
        if let Some(site) = named {
            return self.get(site).ok_or_else(|| WhichSite::Unknown {
                site: site.clone(),
                known: known(),
            });
        }
        let mut sites = self.iter();
        let only = sites.next().filter(|_| sites.next().is_none());
        only.ok_or_else(|| WhichSite::Unnamed { known: known() })
    }

    pub fn of_person(&self, person: &PersonId) -> Option<&Site> {
        self.0
            .values()
            .find(|it| it.directory.person(person).is_some())
    }
}

/// Why it is not clear which site is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichSite {
    Unknown { site: SiteId, known: Vec<SiteId> },
    Unnamed { known: Vec<SiteId> },
}

impl fmt::Display for WhichSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = match self {
            Self::Unknown { site, known } => {
                write!(f, "There is no site \"{site}\" here; there is: ")?;
                known
            }
            Self::Unnamed { known } => {
                f.write_str("Name the site with --to: ")?;
                known
            }
        };
        let known: Vec<&str> = known.iter().map(SiteId::as_str).collect();
        f.write_str(&known.join(", "))
    }
}

/// What is wrong with the texts of a site.
#[derive(Debug)]
pub enum SiteError {
    Unreadable {
        path: String,
        error: io::Error,
    },
    Document(DocumentError),
    Calendar(CalendarError),
    Zone(UnknownZone),
    /// The pack sends cases to a department that the site does not have.
    NoSuchDepartment {
        pack: String,
        department: DepartmentId,
        directory: String,
    },
    SiteTwice(SiteId),
    PersonTwice {
        person: PersonId,
        sites: [SiteId; 2],
    },
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "Failed to read {path}: {error}"),
            Self::Document(error) => error.fmt(f),
            Self::Calendar(error) => error.fmt(f),
            Self::Zone(error) => error.fmt(f),
            Self::NoSuchDepartment {
                pack,
                department,
                directory,
            } => {
                write!(
                    f,
                    "{pack} names the department \"{department}\", and {directory} does not have it"
                )
            }
            Self::SiteTwice(site) => write!(f, "Two files are of the site \"{site}\""),
            Self::PersonTwice {
                person,
                sites: [one, other],
            } if one == other => {
                write!(
                    f,
                    "Two files are of the site \"{one}\": \"{person}\" stands in both"
                )
            }
            Self::PersonTwice {
                person,
                sites: [one, other],
            } => write!(
                f,
                "The sites \"{one}\" and \"{other}\" both have a person \"{person}\"; on one server an id is of one person"
            ),
        }
    }
}

impl std::error::Error for SiteError {}

impl From<DocumentError> for SiteError {
    fn from(error: DocumentError) -> Self {
        Self::Document(error)
    }
}

impl From<CalendarError> for SiteError {
    fn from(error: CalendarError) -> Self {
        Self::Calendar(error)
    }
}

impl From<UnknownZone> for SiteError {
    fn from(error: UnknownZone) -> Self {
        Self::Zone(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(pack: impl Fn(&str) -> String, directory: impl Fn(&str) -> String) -> String {
        let mut texts = RuleTexts::built_in();
        texts.pack.text = pack(&texts.pack.text);
        let mut file = demo::directory();
        file.text = directory(&file.text);
        Site::try_new(&texts, &file).unwrap_err().to_string()
    }

    #[test]
    fn the_demonstration_site_holds_together() {
        let site = Site::try_new(&RuleTexts::built_in(), &demo::directory()).unwrap();
        assert_eq!(site.directory.departments.len(), 8);
        assert_eq!(site.directory.people.len(), 23);
        let texts: SiteTexts = minicbor::decode(&site.texts().body).unwrap();
        assert_eq!(texts.directory.name, "demo-site.toml");
        assert_eq!(texts.calendar[0].name, "2019.json");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let same = str::to_owned;
        let found = error(same, |it| it.replacen("rank = 6", "rank = \"six\"", 1));
        assert!(
            found.starts_with("demo-site.toml, line 79, column 8, person[1].rank: "),
            "{found}"
        );
        let found = error(|it| it.replacen("[\"service\"", "[\"servce\"", 1), same);
        assert!(found.contains("property-service.toml, line "), "{found}");
        let found = error(|it| it.replace("Asia/Shanghai", "Asia/Atlantis"), same);
        assert!(
            found.starts_with("property-service, line 25, column 8, time.zone: \"Asia/Atlantis\""),
            "{found}"
        );
    }

    #[test]
    fn a_person_of_two_sites_is_refused() {
        let site = |id: &str| {
            let mut file = demo::directory();
            file.text = file.text.replace("\"lanting\"", id);
            Site::try_new(&RuleTexts::built_in(), &file).unwrap()
        };
        let error = |sites| Sites::try_new(sites).unwrap_err().to_string();
        let found = error([site("\"lanting\""), site("\"cuihu\"")]);
        assert!(
            found.contains("\"lanting\" and \"cuihu\" both have a person"),
            "{found}"
        );
        assert!(
            error([site("\"cuihu\""), site("\"cuihu\"")])
                .contains("Two files are of the site \"cuihu\"")
        );
    }
}
