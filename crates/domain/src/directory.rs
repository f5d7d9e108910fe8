//! Who works at a site, in which department, and which rooms it has: a text that head office keeps.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::document::{Document, DocumentError, Item, Language, Problem, Table, Unit};
use crate::hash::Hash;
use crate::id::{DepartmentId, PersonId, SiteId};
use crate::pack::Text;

/// A site's directory, complete and checked: every reference in it leads somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    pub site: SiteId,
    pub name: Text,
    pub departments: Vec<Department>,
    pub people: BTreeMap<PersonId, Person>,
    pub buildings: Vec<Building>,
    /// 管理处主任: the head of the management office.
    pub director: Option<PersonId>,
    /// 质检部
    pub quality: Option<DepartmentId>,
    /// 牵头部门: settles what one department cannot (C1).
    pub coordination: Option<DepartmentId>,
    /// Keeps the chat group: first responder where nobody is addressed (F1).
    pub keeper: Option<PersonId>,
    hash: Hash,
}

/// A department, or a contractor with a counterpart of ours (T11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    pub id: DepartmentId,
    pub name: Text,
    pub phone: String,
    pub place: Text,
    pub head: PersonId,
    /// Without the app: our own counterpart receives, signs and records each contact (T11).
    pub contractor: bool,
}

/// Somebody who works here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    /// The staff number.
    pub number: String,
    pub position: Text,
    /// A higher number is a higher position (F2).
    pub rank: u8,
    pub department: DepartmentId,
    /// AB角: acts for this person.
    pub deputy: Option<PersonId>,
}

/// A building with units, floors and rooms a floor and unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Building {
    pub name: String,
    pub units: u32,
    pub floors: u32,
    pub rooms: u32,
}

impl Directory {
    /// Reads the departments, people and buildings of one site; `packs/demo-site.toml` is a full one.
    ///
    /// ```
    /// use shouwen_domain::directory::Directory;
    ///
    /// let text = r#"
    ///     [site]
    ///     id = "lanting"
    ///     name = { zh = "兰亭花园", en = "Lanting Garden" }
    ///
    ///     [[department]]
    ///     id = "service"
    ///     name = { zh = "客服部", en = "Customer service" }
    ///     phone = "0571-0000 1001"
    ///     place = { zh = "1号楼一层大厅", en = "Building 1, ground-floor hall" }
    ///     head = "liu-min"
    /// "#;
    /// let nobody = Directory::parse("our-site.toml", text).unwrap_err();
    /// assert_eq!(nobody.to_string(), "our-site.toml, line 1, column 1, person: This key is missing");
    ///
    /// let person = r#"
    ///     [[person]]
    ///     id = "liu-min"
    ///     name = "刘敏"
    ///     number = "100003"
    ///     position = { zh = "客服主管", en = "Head of customer service" }
    ///     rank = 3
    ///     department = "service"
    /// "#;
    /// let directory = Directory::parse("our-site.toml", &format!("{text}{person}"))?;
    /// assert_eq!(directory.staff(&"service".parse()?)[0].name, "刘敏");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its place; a head or deputy whom nobody is.
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        let document = Document::parse(file, text)?;
        let root = document.table(&["site", "department", "person", "building"])?;
        let site = root.need("site")?.table(&[
            "id",
            "name",
            "director",
            "quality",
            "coordination",
            "keeper",
        ])?;
        let directory = Self {
            site: id(&site.need("id")?)?,
            name: names(&site, "name")?,
            departments: root
                .need("department")?
                .list()?
                .iter()
                .map(department)
                .collect::<Result<_, _>>()?,
            people: people(&root)?,
            buildings: match root.get("building") {
                Some(list) => list
                    .list()?
                    .iter()
                    .map(building)
                    .collect::<Result<_, _>>()?,
                None => Vec::new(),
            },
            director: optional_id(&site, "director")?,
            quality: optional_id(&site, "quality")?,
            coordination: optional_id(&site, "coordination")?,
            keeper: optional_id(&site, "keeper")?,
            hash: Hash::of(text.as_bytes()),
        };
        directory.check_references(&root)?;
        directory.check_posts(&site, &root)?;
        Ok(directory)
    }

    /// The department of that id.
    pub fn department(&self, id: &DepartmentId) -> Option<&Department> {
        self.departments.iter().find(|it| it.id == *id)
    }

    /// Whoever works here under that id.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// The people of a department, the highest position first.
    pub fn staff(&self, department: &DepartmentId) -> Vec<&Person> {
        let mut staff: Vec<_> = self
            .people
            .values()
            .filter(|it| it.department == *department)
            .collect();
        staff.sort_by(|a, b| b.rank.cmp(&a.rank).then_with(|| a.number.cmp(&b.number)));
        staff
    }

    /// SHA-256 of the text it was read from.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    fn check_references(&self, root: &Table<'_>) -> Result<(), DocumentError> {
        let known: Vec<String> = self
            .departments
            .iter()
            .map(|it| it.id.to_string())
            .collect();
        for item in root.need("person")?.list()? {
            let department = person(&item)?.department;
            if self.department(&department).is_none() {
                let found = department.to_string();
                return Err(item.wrong(Problem::UnknownDepartment { found, known }));
            }
        }
        for (item, department) in root
            .need("department")?
            .list()?
            .iter()
            .zip(&self.departments)
        {
            let is_head = self
                .person(&department.head)
                .is_some_and(|it| it.department == department.id);
            if !is_head {
                let expected = self
                    .staff(&department.id)
                    .iter()
                    .map(|it| it.id.to_string())
                    .collect();
                return Err(item.wrong(Problem::UnknownWord {
                    found: department.head.to_string(),
                    expected,
                }));
            }
        }
        Ok(())
    }
}

impl Directory {
    /// Posts and deputies are people and departments of the site.
    fn check_posts(&self, site: &Table<'_>, root: &Table<'_>) -> Result<(), DocumentError> {
        let people = || self.people.keys().map(ToString::to_string).collect();
        let departments = || {
            self.departments
                .iter()
                .map(|it| it.id.to_string())
                .collect()
        };
        for (key, person) in [("director", &self.director), ("keeper", &self.keeper)] {
            if let Some(person) = person.as_ref().filter(|it| self.person(it).is_none()) {
                return Err(site.need(key)?.wrong(Problem::UnknownWord {
                    found: person.to_string(),
                    expected: people(),
                }));
            }
        }
        for (key, id) in [
            ("quality", &self.quality),
            ("coordination", &self.coordination),
        ] {
            if let Some(id) = id.as_ref().filter(|it| self.department(it).is_none()) {
                return Err(site.need(key)?.wrong(Problem::UnknownWord {
                    found: id.to_string(),
                    expected: departments(),
                }));
            }
        }
        for item in root.need("person")?.list()? {
            let it = person(&item)?;
            let stands_in = it
                .deputy
                .filter(|deputy| *deputy == it.id || self.person(deputy).is_none());
            if let Some(deputy) = stands_in {
                let others = self.people.keys().filter(|other| **other != it.id);
                let item = item.table(PERSON_KEYS)?.need("deputy")?;
                return Err(item.wrong(Problem::UnknownWord {
                    found: deputy.to_string(),
                    expected: others.map(ToString::to_string).collect(),
                }));
            }
        }
        Ok(())
    }
}

fn department(item: &Item<'_>) -> Result<Department, DocumentError> {
    let table = item.table(&["id", "name", "phone", "place", "head", "contractor"])?;
    Ok(Department {
        id: id(&table.need("id")?)?,
        name: names(&table, "name")?,
        phone: text(&table, "phone")?,
        place: names(&table, "place")?,
        head: id(&table.need("head")?)?,
        contractor: table
            .get("contractor")
            .map_or(Ok(false), |it| it.boolean())?,
    })
}

fn people(root: &Table<'_>) -> Result<BTreeMap<PersonId, Person>, DocumentError> {
    let mut people = BTreeMap::new();
    for item in root.need("person")?.list()? {
        let person = person(&item)?;
        let found = person.id.to_string();
        if people.insert(person.id.clone(), person).is_some() {
            return Err(item.wrong(Problem::Duplicate { found }));
        }
    }
    Ok(people)
}

const PERSON_KEYS: &[&str] = &[
    "id",
    "name",
    "number",
    "position",
    "rank",
    "department",
    "deputy",
];

fn person(item: &Item<'_>) -> Result<Person, DocumentError> {
    let table = item.table(PERSON_KEYS)?;
    let rank = table.need("rank")?.integer(1..99, Unit::Times)?;
    Ok(Person {
        id: id(&table.need("id")?)?,
        name: text(&table, "name")?,
        number: text(&table, "number")?,
        position: names(&table, "position")?,
        rank: u8::try_from(rank).unwrap_or(u8::MAX),
        department: id(&table.need("department")?)?,
        deputy: optional_id(&table, "deputy")?,
    })
}

fn building(item: &Item<'_>) -> Result<Building, DocumentError> {
    let table = item.table(&["name", "units", "floors", "rooms"])?;
    Ok(Building {
        name: text(&table, "name")?,
        units: table.need("units")?.integer(1..40, Unit::Times)?,
        floors: table.need("floors")?.integer(1..120, Unit::Times)?,
        rooms: table.need("rooms")?.integer(1..60, Unit::Times)?,
    })
}

fn text(table: &Table<'_>, key: &str) -> Result<String, DocumentError> {
    let item = table.need(key)?;
    let text = item.text()?.trim();
    if text.is_empty() {
        Err(item.wrong(Problem::Empty))
    } else {
        Ok(text.to_owned())
    }
}

fn names(table: &Table<'_>, key: &str) -> Result<Text, DocumentError> {
    let names = table.need(key)?.table(&["zh", "en"])?;
    let one = |key, language| match names.get(key) {
        Some(_) => text(&names, key),
        None => Err(names.missing(key, Problem::MissingText { language })),
    };
    Ok(Text {
        zh: one("zh", Language::Chinese)?,
        en: one("en", Language::English)?,
    })
}

fn optional_id<T: std::str::FromStr>(
    table: &Table<'_>,
    key: &str,
) -> Result<Option<T>, DocumentError> {
    table.get(key).map(|it| id(&it)).transpose()
}

fn id<T: std::str::FromStr>(item: &Item<'_>) -> Result<T, DocumentError> {
    let text = item.text()?;
    text.parse().map_err(|_| {
        item.wrong(Problem::Malformed {
            found: text.to_owned(),
            example: "wang-jianguo",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
[site]
id = "lanting"
name = { zh = "兰亭花园", en = "Lanting Garden" }

[[department]]
id = "service"
name = { zh = "客服部", en = "Customer service" }
phone = "8001"
place = { zh = "大堂", en = "Lobby" }
head = "li-na"

[[person]]
id = "li-na"
name = "李娜"
number = "0701"
position = { zh = "客服主管", en = "Head of service" }
rank = 5
department = "service"
"#;

    fn error(text: &str) -> String {
        Directory::parse("site.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_directory_is_read() {
        let directory = Directory::parse("site.toml", SMALL).unwrap();
        assert_eq!(directory.staff(&"service".parse().unwrap())[0].name, "李娜");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let text = SMALL.replace("rank = 5", "rank = 5\ncolour = 3");
        assert_eq!(
            error(&text),
            "site.toml, line 19, column 1, person[1].colour: This key is not known here; \
             expected id, name, number, position, rank, department, deputy"
        );
    }

    #[test]
    fn a_head_from_elsewhere_is_refused() {
        let text = SMALL.replace("head = \"li-na\"", "head = \"wang\"");
        assert!(
            error(&text).contains("\"wang\" is not known here; expected li-na"),
            "{}",
            error(&text)
        );
    }

    #[test]
    fn a_missing_language_is_refused() {
        let text = SMALL.replace(", en = \"Lobby\"", "");
        assert!(
            error(&text).contains("department[1].place.en: The English text is missing"),
            "{}",
            error(&text)
        );
    }

    fn check_post(from: &str, to: &str, expected: &str) {
        let text = WITH_POSTS.replacen(from, to, 1);
        assert_ne!(text, WITH_POSTS, "{from}");
        assert_eq!(error(&text), expected);
    }

    const WITH_POSTS: &str = r#"
[site]
id = "lanting"
name = { zh = "兰亭花园", en = "Lanting Garden" }
director = "li-na"
keeper = "ma-jie"
quality = "service"
coordination = "service"

[[department]]
id = "service"
name = { zh = "客服部", en = "Customer service" }
phone = "8001"
place = { zh = "大堂", en = "Lobby" }
head = "li-na"
contractor = true

[[person]]
id = "li-na"
name = "李娜"
number = "0701"
position = { zh = "客服主管", en = "Head of service" }
rank = 5
department = "service"
deputy = "ma-jie"

[[person]]
id = "ma-jie"
name = "马杰"
number = "0706"
position = { zh = "楼管", en = "Building steward" }
rank = 2
department = "service"
"#;

    #[test]
    fn posts_are_read_and_may_all_be_vacant() {
        let vacant = Directory::parse("site.toml", SMALL).unwrap();
        assert_eq!(
            (
                &vacant.director,
                &vacant.keeper,
                &vacant.quality,
                &vacant.coordination
            ),
            (&None, &None, &None, &None)
        );
        let service: DepartmentId = "service".parse().unwrap();
        assert!(!vacant.department(&service).unwrap().contractor);

        let held = Directory::parse("site.toml", WITH_POSTS).unwrap();
        let (li_na, ma_jie): (PersonId, PersonId) =
            ("li-na".parse().unwrap(), "ma-jie".parse().unwrap());
        assert_eq!(
            (held.director, held.keeper),
            (Some(li_na.clone()), Some(ma_jie.clone()))
        );
        assert_eq!(
            (held.quality, held.coordination),
            (Some(service.clone()), Some(service))
        );
        assert_eq!(held.people[&li_na].deputy, Some(ma_jie));
        assert!(held.departments[0].contractor);
    }

    #[test]
    fn a_post_held_by_nobody_of_the_site_is_named() {
        check_post(
            "director = \"li-na\"",
            "director = \"wang\"",
            "site.toml, line 5, column 12, site.director: \"wang\" is not known here; expected li-na, ma-jie",
        );
        check_post(
            "keeper = \"ma-jie\"",
            "keeper = \"service\"",
            "site.toml, line 6, column 10, site.keeper: \"service\" is not known here; expected li-na, ma-jie",
        );
        check_post(
            "director = \"li-na\"",
            "director = \"Li Na\"",
            "site.toml, line 5, column 12, site.director: \"Li Na\" is not of the form \"wang-jianguo\"",
        );
    }

    #[test]
    fn a_post_of_no_department_is_named() {
        check_post(
            "quality = \"service\"",
            "quality = \"quality\"",
            "site.toml, line 7, column 11, site.quality: \"quality\" is not known here; expected service",
        );
        check_post(
            "coordination = \"service\"",
            "coordination = \"li-na\"",
            "site.toml, line 8, column 16, site.coordination: \"li-na\" is not known here; expected service",
        );
    }

    #[test]
    fn a_deputy_is_somebody_else_who_works_here() {
        check_post(
            "deputy = \"ma-jie\"",
            "deputy = \"li-na\"",
            "site.toml, line 25, column 10, person[1].deputy: \"li-na\" is not known here; expected ma-jie",
        );
        check_post(
            "deputy = \"ma-jie\"",
            "deputy = \"wang\"",
            "site.toml, line 25, column 10, person[1].deputy: \"wang\" is not known here; expected ma-jie",
        );
    }

    #[test]
    fn a_contractor_is_one_or_not() {
        check_post(
            "contractor = true",
            "contractor = \"yes\"",
            "site.toml, line 16, column 14, department[1].contractor: Expected true or false, found a text in quotes",
        );
    }
}
