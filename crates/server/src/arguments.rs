//! The command line, and the environment for what it does not say.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, Value};

use crate::storage::Address;

pub const USAGE: &str = "\
Usage: shouwen-server [options]                 answer devices
       shouwen-server backup FILE [options]     copy the database into a file, while servers run,
                                                and read it back
       shouwen-server verify FILE               read such a file from end to end
       shouwen-server restore FILE [options]    put it in the place of the database, while servers run
       shouwen-server export FILE [options]     write every chain with its signatures and receipts, to
                                                be checked without this program (docs/envelope.md)

  --listen ADDRESS   where to answer, such as 127.0.0.1:8080 (the default)   SHOUWEN_LISTEN
  --data DIR         the folder of the database; made if missing (data)      SHOUWEN_DATA
  --database URL     PostgreSQL, in place of SQLite in the data folder:      SHOUWEN_DATABASE
                     postgres://user:password@host:port/database
  --database-file F  reads that URL from the file's first line, so that      SHOUWEN_DATABASE_FILE
                     no password stands on a command line
  --keys FILE        head office's keys; made if missing (keys in the data     SHOUWEN_KEYS
                     folder). Several processes need the same file; keep a
                     copy away from the database: devices believe no others
  --dist DIR         the built app (dist)                                    SHOUWEN_DIST
  --site FILE.toml   a site's directory; once for each site                  SHOUWEN_SITE
  --pack FILE.toml   the policy pack, in place of property-service           SHOUWEN_PACK
  --calendar FILE    a year of the calendar, once for each; in place of      SHOUWEN_CALENDAR
                     the published years that come with the program
  --zones FILE.toml  the zone table, in place of the one that comes with it  SHOUWEN_ZONES
  --demo             serve the demonstration site and print its PINs         SHOUWEN_DEMO=1
  --behind-proxy     believe the last X-Forwarded-For                        SHOUWEN_BEHIND_PROXY=1
  --set-pin PERSON   read a PIN from standard input, store it, and end
  --replace          with restore: the database is not empty, and is replaced
  --version, --help

The environment counts where the option is not given; several files are divided as in PATH.
SHOUWEN_LOG is error, warn, info (the default), debug or trace.";

/// What the server is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    Serve(Arguments),
    SetPin {
        person: String,
        arguments: Arguments,
    },
    Backup {
        file: PathBuf,
        arguments: Arguments,
    },
    Verify {
        file: PathBuf,
    },
    Export {
        file: PathBuf,
        arguments: Arguments,
    },
    Restore {
        file: PathBuf,
        replace: bool,
        arguments: Arguments,
    },
    Help,
    Version,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    pub listen: String,
    pub data: PathBuf,
    pub database: Option<Database>,
    pub keys: Option<PathBuf>,
    pub dist: PathBuf,
    pub sites: Vec<PathBuf>,
    pub pack: Option<PathBuf>,
    pub calendar: Vec<PathBuf>,
    pub zones: Option<PathBuf>,
    pub demo: bool,
    pub behind_proxy: bool,
}

/// Where the address of a PostgreSQL stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    At(Address),
    NamedIn(PathBuf),
}

/// Reads `words` (without the program's name); `variable` looks into the environment.
pub fn parse(
    words: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Order, lexopt::Error> {
    let mut found = from_environment(&variable)?;
    let mut person = None;
    let (mut verb, mut file, mut replace) = (None, None, false);
    let (mut sites, mut calendar) = (Vec::new(), Vec::new());
    let mut parser = lexopt::Parser::from_args(words);
    while let Some(word) = parser.next()? {
        match word {
            Long("listen") => found.listen = parser.value()?.into_string()?,
            Long("data") => found.data = parser.value()?.into(),
            Long("database") => found.database = Some(database_at(parser.value()?)?),
            Long("database-file") => {
                found.database = Some(Database::NamedIn(parser.value()?.into()));
            }
            Long("keys") => found.keys = Some(parser.value()?.into()),
            Long("dist") => found.dist = parser.value()?.into(),
            Long("site") => sites.push(parser.value()?.into()),
            Long("pack") => found.pack = Some(parser.value()?.into()),
            Long("calendar") => calendar.push(parser.value()?.into()),
            Long("zones") => found.zones = Some(parser.value()?.into()),
            Long("demo") => found.demo = true,
            Long("behind-proxy") => found.behind_proxy = true,
            Long("set-pin") => person = Some(parser.value()?.into_string()?),
            Long("replace") => replace = true,
            Value(word) if verb.is_none() => {
                let word = word.into_string()?;
                if !["backup", "verify", "restore", "export"].contains(&word.as_str()) {
                    return Err(format!("There is no order \"{word}\"").into());
                }
                verb = Some(word);
            }
            Value(word) if file.is_none() => file = Some(PathBuf::from(word)),
            Long("help") | Short('h') => return Ok(Order::Help),
            Long("version") | Short('V') => return Ok(Order::Version),
            Short(_) | Long(_) | Value(_) => return Err(word.unexpected()),
        }
    }
    if !sites.is_empty() {
        found.sites = sites;
    }
    if !calendar.is_empty() {
        found.calendar = calendar;
    }
    if let Some(verb) = verb {
        let file = file.ok_or_else(|| format!("{verb} needs the name of a file"))?;
        return Ok(match verb.as_str() {
            "export" => Order::Export {
                file,
                arguments: found,
            },
            "backup" => Order::Backup {
                file,
                arguments: found,
            },
            "verify" => Order::Verify { file },
            _ => Order::Restore {
                file,
                replace,
                arguments: found,
            },
        });
    }
    if found.sites.is_empty() && !found.demo {
        return Err("No site was given: name one with --site FILE.toml, or try --demo".into());
    }
    Ok(match person {
        Some(person) => Order::SetPin {
            person,
            arguments: found,
        },
        None => Order::Serve(found),
    })
}

fn from_environment(
    variable: &impl Fn(&str) -> Option<OsString>,
) -> Result<Arguments, lexopt::Error> {
    let value = |name: &str| variable(name).filter(|it| !it.is_empty());
    let paths = |name: &str| {
        value(name)
            .map(|it| std::env::split_paths(&it).collect())
            .unwrap_or_default()
    };
    let flag = |name: &str| match value(name) {
        None => Ok(false),
        Some(it) if it == "1" => Ok(true),
        Some(it) if it == "0" => Ok(false),
        Some(it) => Err(lexopt::Error::from(format!(
            "{name} is {}; expected 1 or 0",
            it.display()
        ))),
    };
    let database = match (value("SHOUWEN_DATABASE"), value("SHOUWEN_DATABASE_FILE")) {
        (Some(url), _) => Some(database_at(url)?),
        (None, file) => file.map(|it| Database::NamedIn(it.into())),
    };
    Ok(Arguments {
        listen: value("SHOUWEN_LISTEN")
            .unwrap_or_else(|| "127.0.0.1:8080".into())
            .into_string()?,
        data: value("SHOUWEN_DATA")
            .unwrap_or_else(|| "data".into())
            .into(),
        database,
        keys: value("SHOUWEN_KEYS").map(Into::into),
        dist: value("SHOUWEN_DIST")
            .unwrap_or_else(|| "dist".into())
            .into(),
        sites: paths("SHOUWEN_SITE"),
        pack: value("SHOUWEN_PACK").map(Into::into),
        calendar: paths("SHOUWEN_CALENDAR"),
        zones: value("SHOUWEN_ZONES").map(Into::into),
        demo: flag("SHOUWEN_DEMO")?,
        behind_proxy: flag("SHOUWEN_BEHIND_PROXY")?,
    })
}

fn database_at(url: OsString) -> Result<Database, lexopt::Error> {
    let url = url.into_string()?;
    let address = url.parse().map_err(|it| {
        lexopt::Error::from(format!("The database's address cannot be read: {it}"))
    })?;
    Ok(Database::At(address))
}

impl Arguments {
    /// Where head office's keys are.
    pub fn keys_file(&self) -> PathBuf {
        self.keys.clone().unwrap_or_else(|| self.data.join("keys"))
    }
}

impl Database {
    /// Reads the file, where the address stands in one.
    pub fn address(&self) -> Result<Address, String> {
        let path = match self {
            Self::At(address) => return Ok(address.clone()),
            Self::NamedIn(path) => path,
        };
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|it| format!("The file {shown} cannot be read: {it}"))?;
        let line = text.lines().next().unwrap_or_default().trim();
        line.parse()
            .map_err(|it| format!("The database's address in {shown} cannot be read: {it}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str], environment: &[(&str, &str)]) -> Result<Order, String> {
        let variable = |name: &str| {
            environment
                .iter()
                .find(|it| it.0 == name)
                .map(|it| it.1.into())
        };
        parse(words.iter().map(OsString::from), variable).map_err(|it| it.to_string())
    }

    fn arguments(words: &[&str], environment: &[(&str, &str)]) -> Arguments {
        match read(words, environment) {
            Ok(Order::Serve(it)) => it,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_option_goes_before_the_environment_and_that_before_the_default() {
        let found = arguments(
            &["--data=here", "--demo"],
            &[("SHOUWEN_DATA", "there"), ("SHOUWEN_DIST", "app")],
        );
        assert_eq!(
            (found.data, found.dist, found.listen),
            ("here".into(), "app".into(), "127.0.0.1:8080".into())
        );
        let found = arguments(
            &[],
            &[("SHOUWEN_DEMO", "1"), ("SHOUWEN_SITE", "a.toml:b.toml")],
        );
        assert_eq!(
            found.sites,
            [PathBuf::from("a.toml"), PathBuf::from("b.toml")]
        );
    }

    #[test]
    fn a_database_is_named_by_option_variable_or_file() {
        let at = |words: &[&str], environment: &[(&str, &str)]| {
            arguments(&[words, &["--demo"]].concat(), environment)
                .database
                .map(|it| it.address())
        };
        let url = "postgres://me:secret@here/one";
        let environment = [
            ("SHOUWEN_DATABASE", "postgres://there/two"),
            ("SHOUWEN_DATABASE_FILE", "three"),
        ];
        assert_eq!(at(&[], &[]), None);
        assert_eq!(
            at(&["--database", url], &environment),
            Some(Ok(url.parse().unwrap()))
        );
        assert_eq!(
            at(&[], &environment),
            Some(Ok("postgres://there/two".parse().unwrap()))
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("address");
        let words = ["--database-file", file.to_str().unwrap()];
        assert!(at(&words, &environment).unwrap().is_err());
        std::fs::write(&file, format!("{url}\n")).unwrap();
        assert_eq!(at(&words, &environment), Some(Ok(url.parse().unwrap())));
        let refused =
            read(&["--demo", "--database", "postgres://me:secret@h:x/d"], &[]).unwrap_err();
        assert!(!refused.contains("secret"), "{refused}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert_eq!(
            read(&[], &[]).unwrap_err(),
            "No site was given: name one with --site FILE.toml, or try --demo"
        );
        assert_eq!(
            read(&["--port", "1"], &[]).unwrap_err(),
            "invalid option '--port'"
        );
        assert_eq!(
            read(&[], &[("SHOUWEN_DEMO", "yes")]).unwrap_err(),
            "SHOUWEN_DEMO is yes; expected 1 or 0"
        );
    }

    #[test]
    fn a_backup_is_ordered_with_its_file_and_needs_no_site() {
        match read(
            &["restore", "it.backup", "--replace", "--data", "here"],
            &[],
        ) {
            Ok(Order::Restore {
                file,
                replace: true,
                arguments,
            }) => assert_eq!((file, arguments.data), ("it.backup".into(), "here".into())),
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            read(&["--data", "here", "backup", "it.backup"], &[]),
            Ok(Order::Backup { .. })
        ));
        assert_eq!(
            read(&["verify"], &[]).unwrap_err(),
            "verify needs the name of a file"
        );
        assert_eq!(
            read(&["back", "up"], &[]).unwrap_err(),
            "There is no order \"back\""
        );
    }

    #[test]
    fn a_pin_is_set_for_a_person() {
        match read(&["--demo", "--set-pin", "li-na"], &[]) {
            Ok(Order::SetPin { person, .. }) => assert_eq!(person, "li-na"),
            other => panic!("{other:?}"),
        }
    }
}
