//! The command line, and the environment for what it does not say.

#![expect(
    clippy::doc_markdown,
    reason = "what stands beside an option is what --help prints"
)]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use shouwen_domain::id::{DepartmentId, PersonId, SiteId};

use crate::customer::CaseName;
use crate::disk;
use crate::site::SiteFiles;
use crate::storage::Address;
use crate::tls;

/// Head office: answers devices, unless told to do something else.
#[derive(Debug, Parser)]
#[command(
    name = "shouwen-server",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    args_override_self = true,
    after_help = "The environment counts where the option is not given; several files are divided as in PATH.\n\
                  SHOUWEN_LOG is error, warn, info (the default), debug or trace."
)]
struct CommandLine {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    order: Option<Order>,
}

/// What the server is to do in place of answering.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Order {
    /// Copy the database into a file, while servers run, and read it back
    Backup { file: PathBuf },
    /// Read such a file from end to end
    Verify { file: PathBuf },
    /// Put it in the place of the database, while servers run
    Restore {
        file: PathBuf,
        /// The database is not empty, and is replaced
        #[arg(long)]
        replace: bool,
    },
    /// Write every chain with its signatures and receipts, to be checked without this program (docs/envelope.md)
    Export {
        file: PathBuf,
        /// Who writes it, as it stands on record
        #[arg(long, value_name = "NAME", default_value = "head-office")]
        operator: PersonId,
    },
    /// Say who works here, who may come in, and who looked at what, while servers run
    #[command(subcommand)]
    Admin(Admin),
}

/// Who works here, who may come in, and who looked.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Admin {
    #[command(flatten)]
    OfFiles(OfFiles),
    #[command(flatten)]
    OfDatabase(OfDatabase),
}

/// What needs no database.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum OfFiles {
    /// Take a site's directory, FILE, into the folder that --site names, or in the place of the one known of that site;
    /// running servers go by it within moments
    EnrolSite { file: PathBuf },
    /// Write a person into the directory of their site, or what is new of them; running servers go by it within moments.
    /// Their PIN is set with `set-pin`
    EnrolPerson {
        #[command(flatten)]
        who: ToEnrol,
    },
    /// Renew head office's working keys, those for receipts, certificates and letters; running servers go on with them within
    /// moments, and devices from their next contact. The keys of before go on being believed
    RotateKeys {
        /// Leave alone those that are not older
        #[arg(long, value_name = "DAYS", default_value = "1")]
        older_than: u16,
    },
}

/// What is done in the database that belongs to the keys.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum OfDatabase {
    /// Give out a code with which one device joins a site: to be typed within a quarter of an hour, or as a link and a
    /// QR code for a day
    Invite {
        /// The site; not needed where there is one
        #[arg(long, value_name = "ID")]
        to: Option<SiteId>,
        /// Make a link to this address, such as https://office.example, and a QR code of it
        #[arg(long, value_name = "URL")]
        link: Option<String>,
    },
    /// Read a PIN from standard input and store it
    SetPin { person: PersonId },
    /// Say which devices joined, what each has written and not sent yet, and which are let in no more
    Devices {
        /// The site; not needed where there is one
        #[arg(long, value_name = "ID")]
        to: Option<SiteId>,
    },
    /// Let a person or a device in no more: a device closes for reading at its next contact, delivers what it had not
    /// sent, and erases what it holds; what it still brings waits until it is released
    Revoke {
        #[command(flatten)]
        whom: Whom,
    },
    /// Let them in again
    Reinstate {
        #[command(flatten)]
        whom: Whom,
    },
    /// Find the cases of a site that hold a customer's phone number or name: one a line, from the file or standard input,
    /// never from the command line
    CasesOf {
        file: Option<PathBuf>,
        /// The site; not needed where there is one
        #[arg(long, value_name = "ID")]
        to: Option<SiteId>,
    },
    /// Write all that is held of these cases into a new folder, for the customer to read: a text and the pictures
    CopyOf {
        /// Their numbers or ids, as `cases-of` says them
        #[arg(required = true, value_name = "CASE")]
        cases: Vec<CaseName>,
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        /// Who writes it, as it stands on record
        #[arg(long, value_name = "NAME", default_value = "head-office")]
        operator: PersonId,
        /// The site; not needed where there is one
        #[arg(long, value_name = "ID")]
        to: Option<SiteId>,
    },
    /// Erase the words, pictures and signatures of these cases for good, here and on every device at its next contact;
    /// what was done, by whom and when stays, and every chain verifies
    Erase {
        #[command(flatten)]
        what: ToErase,
    },
    /// Say who opened which case, saw a masked number, printed and exported, each once a person, case and day; no word of
    /// a customer is in it
    Looks {
        #[command(flatten)]
        of: LooksOf,
    },
    /// Follow every chain of a site from its first envelope to its last: links, hashes, places and signatures
    VerifyChains {
        /// The site; not needed where there is one
        #[arg(long, value_name = "ID")]
        to: Option<SiteId>,
    },
    /// Pass on what a device brought after it or its people were let in no more
    Release {
        /// The device's short code, as in its case numbers
        code: String,
        /// The site; not needed where there is one
        #[arg(long, value_name = "ID")]
        to: Option<SiteId>,
    },
}

/// A person, and what is to be written of them.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ToEnrol {
    /// Their id, with which they sign in
    #[arg(value_name = "ID")]
    pub person: PersonId,
    #[arg(long)]
    pub name: Option<String>,
    /// The staff number
    #[arg(long)]
    pub number: Option<String>,
    /// In Chinese
    #[arg(long)]
    pub position: Option<String>,
    /// In English
    #[arg(long, value_name = "POSITION")]
    pub position_en: Option<String>,
    /// A higher number is a higher position
    #[arg(long)]
    pub rank: Option<u8>,
    /// One of the site's
    #[arg(long, value_name = "ID")]
    pub department: Option<DepartmentId>,
    /// Who acts for them (AB角)
    #[arg(long, value_name = "ID")]
    pub deputy: Option<PersonId>,
    /// The site; not needed where there is one
    #[arg(long, value_name = "ID")]
    pub to: Option<SiteId>,
}

/// Cases, and the two who stand for it.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ToErase {
    /// Their numbers or ids, as `cases-of` says them
    #[arg(required = true, value_name = "CASE")]
    pub cases: Vec<CaseName>,
    /// Who orders it, as it stands on record
    #[arg(long, value_name = "NAME")]
    pub operator: PersonId,
    /// Who of the site's directory agrees: somebody else
    #[arg(long, value_name = "ID")]
    pub agreed: PersonId,
    /// The site; not needed where there is one
    #[arg(long, value_name = "ID")]
    pub to: Option<SiteId>,
}

/// A person, or a device.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Whom {
    /// Their id in the directory
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "device",
        conflicts_with = "device"
    )]
    pub person: Option<PersonId>,
    /// Its short code, as in its case numbers
    #[arg(long, value_name = "CODE")]
    pub device: Option<String>,
    /// The site of the device; not needed where there is one
    #[arg(long, value_name = "ID")]
    pub to: Option<SiteId>,
    /// Who orders it, as it stands on record
    #[arg(long, value_name = "NAME", default_value = "head-office")]
    pub operator: PersonId,
}

/// Of whom and of what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct LooksOf {
    /// Only of this case: its number, or its id as in its address
    #[arg(long, value_name = "CASE")]
    pub case: Option<String>,
    /// Only by this person: their id in the directory, or who exported
    #[arg(long, value_name = "ID")]
    pub person: Option<PersonId>,
    /// The site; not needed where there is one
    #[arg(long, value_name = "ID")]
    pub to: Option<SiteId>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Where, and with what")]
struct Options {
    /// Where to answer (127.0.0.1:8080) [env: SHOUWEN_LISTEN]
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Answer over TLS, with the certificate in this file, in PEM, and behind it those that lead to one that browsers
    /// know. Read again when it changes [env: SHOUWEN_TLS_CERTIFICATE]
    #[arg(long, global = true, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key, in PEM [env: SHOUWEN_TLS_KEY]
    #[arg(long, global = true, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// The folder of the database; made if missing (data) [env: SHOUWEN_DATA]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// PostgreSQL, in place of SQLite in the data folder: postgres://user:password@host:port/database
    /// [env: SHOUWEN_DATABASE]
    // Read later: an address that cannot be read is not repeated, since a password may stand in it.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        conflicts_with = "database_file"
    )]
    database: Option<OsString>,
    /// Read that URL from the file's first line, so that no password stands on a command line
    /// [env: SHOUWEN_DATABASE_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    database_file: Option<PathBuf>,
    /// Head office's keys; made if missing (keys in the data folder). Several processes need the same file; keep a copy
    /// away from the database: devices believe no others [env: SHOUWEN_KEYS]
    #[arg(long, global = true, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// The built app (dist) [env: SHOUWEN_DIST]
    #[arg(long, global = true, value_name = "DIR")]
    dist: Option<PathBuf>,
    /// A site's directory, once for each site; or a folder, in which every FILE.toml is a site's [env: SHOUWEN_SITE]
    #[arg(long, global = true, value_name = "FILE.toml")]
    site: Vec<PathBuf>,
    /// The policy pack, in place of property-service [env: SHOUWEN_PACK]
    #[arg(long, global = true, value_name = "FILE.toml")]
    pack: Option<PathBuf>,
    /// A year of the calendar, once for each; in place of the published years that come with the program
    /// [env: SHOUWEN_CALENDAR]
    #[arg(long, global = true, value_name = "FILE")]
    calendar: Vec<PathBuf>,
    /// The zone table, in place of the one that comes with the program [env: SHOUWEN_ZONES]
    #[arg(long, global = true, value_name = "FILE.toml")]
    zones: Option<PathBuf>,
    /// Serve the demonstration site, and print its PINs and a code with which every device joins [env: SHOUWEN_DEMO=1]
    #[arg(long, global = true)]
    demo: bool,
    /// A proxy stands in front and ends TLS: answer it in plain wherever it asks, and believe its X-Forwarded-For (the
    /// last one). Without this and without a certificate only this machine is answered [env: SHOUWEN_BEHIND_PROXY=1]
    #[arg(long, global = true)]
    behind_proxy: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    pub listen: String,
    pub tls: Option<tls::Files>,
    pub data: PathBuf,
    pub database: Option<Database>,
    pub keys: Option<PathBuf>,
    pub dist: PathBuf,
    pub sites: SiteFiles,
    pub behind_proxy: bool,
}

/// Where the address of a PostgreSQL stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    At(Address),
    NamedIn(PathBuf),
}

/// Reads `words` (without the program's name); `variable` looks into the environment. No order: to answer devices.
///
/// # Errors
///
/// What is wrong, or what was asked for with `--help` and `--version`.
pub fn parse(
    words: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<(Option<Order>, Arguments), clap::Error> {
    let program = OsString::from("shouwen-server");
    let CommandLine { options, order } =
        CommandLine::try_parse_from([program].into_iter().chain(words))?;
    let wrong = |what: String| {
        clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{what}\n"))
    };
    let arguments = with_environment(options, &variable).map_err(wrong)?;
    let needs_site = match &order {
        None | Some(Order::Admin(Admin::OfDatabase(_))) => true,
        Some(Order::Admin(Admin::OfFiles(it))) => !matches!(it, OfFiles::RotateKeys { .. }),
        Some(
            Order::Backup { .. }
            | Order::Verify { .. }
            | Order::Restore { .. }
            | Order::Export { .. },
        ) => false,
    };
    let sites = &arguments.sites;
    if needs_site && sites.directories.is_empty() && !sites.demo {
        return Err(wrong(
            "No site was given: name one with --site FILE.toml, or try --demo".to_owned(),
        ));
    }
    Ok((order, arguments))
}

fn with_environment(
    options: Options,
    variable: &impl Fn(&str) -> Option<OsString>,
) -> Result<Arguments, String> {
    let value = |name: &str| variable(name).filter(|it| !it.is_empty());
    let path = |given: Option<PathBuf>, name: &str| given.or_else(|| value(name).map(Into::into));
    let paths = |given: Vec<PathBuf>, name: &str| {
        let named = value(name).filter(|_| given.is_empty());
        named.map_or(given, |it| std::env::split_paths(&it).collect())
    };
    let flag = |given: bool, name: &str| match value(name).filter(|_| !given) {
        None => Ok(given),
        Some(it) if it == "1" => Ok(true),
        Some(it) if it == "0" => Ok(false),
        Some(it) => Err(format!("{name} is {}; expected 1 or 0", it.display())),
    };
    let text = |given: Option<String>, name: &str, otherwise: &str| match (given, value(name)) {
        (Some(it), _) => Ok(it),
        (None, Some(it)) => it
            .into_string()
            .map_err(|it| format!("{name} is {}, which is no text", it.display())),
        (None, None) => Ok(otherwise.to_owned()),
    };
    let database = match (options.database, options.database_file) {
        (Some(url), _) => Some(database_at(url)?),
        (None, Some(file)) => Some(Database::NamedIn(file)),
        (None, None) => match (value("SHOUWEN_DATABASE"), value("SHOUWEN_DATABASE_FILE")) {
            (Some(url), _) => Some(database_at(url)?),
            (None, file) => file.map(|it| Database::NamedIn(it.into())),
        },
    };
    let certificate = path(options.tls_certificate, "SHOUWEN_TLS_CERTIFICATE");
    let tls = match (certificate, path(options.tls_key, "SHOUWEN_TLS_KEY")) {
        (Some(certificate), Some(key)) => Some(tls::Files { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            return Err("A certificate needs its key: name its file with --tls-key".to_owned());
        }
        (None, Some(_)) => {
            return Err(
                "A key needs its certificate: name its file with --tls-certificate".to_owned(),
            );
        }
    };
    Ok(Arguments {
        tls,
        listen: text(options.listen, "SHOUWEN_LISTEN", "127.0.0.1:8080")?,
        data: path(options.data, "SHOUWEN_DATA").unwrap_or_else(|| "data".into()),
        database,
        keys: path(options.keys, "SHOUWEN_KEYS"),
        dist: path(options.dist, "SHOUWEN_DIST").unwrap_or_else(|| "dist".into()),
        sites: SiteFiles {
            directories: paths(options.site, "SHOUWEN_SITE"),
            demo: flag(options.demo, "SHOUWEN_DEMO")?,
            pack: path(options.pack, "SHOUWEN_PACK"),
            calendar: paths(options.calendar, "SHOUWEN_CALENDAR"),
            zones: path(options.zones, "SHOUWEN_ZONES"),
        },
        behind_proxy: flag(options.behind_proxy, "SHOUWEN_BEHIND_PROXY")?,
    })
}

fn database_at(url: OsString) -> Result<Database, String> {
    let unread = |why: String| format!("The database's address cannot be read: {why}");
    let url = url
        .into_string()
        .map_err(|_| unread("it is no text".to_owned()))?;
    Ok(Database::At(url.parse().map_err(unread)?))
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
        let bytes = disk::read_secret(path)
            .map_err(|it| format!("The file {shown} cannot be read: {it}"))?;
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().next().unwrap_or_default().trim();
        line.parse()
            .map_err(|it| format!("The database's address in {shown} cannot be read: {it}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        words: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<(Option<Order>, Arguments), String> {
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
            Ok((None, it)) => it,
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
        let last = arguments(&["--demo", "--data", "here", "--data", "there"], &[]);
        assert_eq!(last.data, PathBuf::from("there"));
        let found = arguments(
            &[],
            &[("SHOUWEN_DEMO", "1"), ("SHOUWEN_SITE", "a.toml:b.toml")],
        );
        assert_eq!(
            found.sites.directories,
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
        disk::write_new(&file, format!("{url}\n").as_bytes()).unwrap();
        assert_eq!(at(&words, &environment), Some(Ok(url.parse().unwrap())));
        let refused =
            read(&["--demo", "--database", "postgres://me:secret@h:x/d"], &[]).unwrap_err();
        assert!(!refused.contains("secret"), "{refused}");
    }

    #[test]
    fn a_certificate_comes_with_its_key_each_named_in_either_way() {
        let tls = |words: &[&str], environment: &[(&str, &str)]| {
            read(&[words, &["--demo"]].concat(), environment).map(|it| it.1.tls)
        };
        let both = || {
            Some(tls::Files {
                certificate: "c.pem".into(),
                key: "k.pem".into(),
            })
        };
        let (certificate, key) = ("SHOUWEN_TLS_CERTIFICATE", "SHOUWEN_TLS_KEY");
        let words = ["--tls-certificate", "c.pem", "--tls-key", "k.pem"];
        assert_eq!(tls(&[], &[]), Ok(None));
        assert_eq!(tls(&words, &[(key, "other")]), Ok(both()));
        assert_eq!(tls(&words[..2], &[(key, "k.pem")]), Ok(both()));
        let named = [(certificate, "c.pem"), (key, "k.pem")];
        assert_eq!(tls(&[], &named), Ok(both()));
        assert!(tls(&words[..2], &[]).unwrap_err().contains("--tls-key"));
        assert!(
            tls(&[], &named[1..])
                .unwrap_err()
                .contains("--tls-certificate")
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refused = |words: &[&str], environment: &[(&str, &str)], with: &str| {
            let said = read(words, environment).unwrap_err();
            assert!(said.contains(with), "{said}");
        };
        let no_site = "No site was given: name one with --site FILE.toml, or try --demo";
        refused(&[], &[], no_site);
        refused(&["admin", "invite"], &[], no_site);
        refused(&["--port", "1"], &[], "unexpected argument '--port' found");
        refused(&["admin"], &[], "invite");
        refused(&["verify"], &[], "<FILE>");
        refused(&["back", "up"], &[], "unrecognized subcommand 'back'");
        refused(
            &["--demo", "admin", "set-pin", "Li Na"],
            &[],
            "invalid value 'Li Na' for '<PERSON>'",
        );
        let environment = [("SHOUWEN_DEMO", "yes")];
        refused(&[], &environment, "SHOUWEN_DEMO is yes; expected 1 or 0");
    }

    #[test]
    fn an_order_is_read_with_options_before_and_behind_it_and_a_copy_needs_no_site() {
        let words = ["restore", "it.backup", "--replace", "--data", "here"];
        let (order, arguments) = read(&words, &[]).unwrap();
        let restore = Order::Restore {
            file: "it.backup".into(),
            replace: true,
        };
        assert_eq!((order, arguments.data), (Some(restore), "here".into()));
        let (order, _) = read(&["--data", "here", "backup", "it.backup"], &[]).unwrap();
        let file = "it.backup".into();
        assert_eq!(order, Some(Order::Backup { file }));
        let (order, _) = read(&["admin", "set-pin", "li-na", "--demo"], &[]).unwrap();
        let person = "li-na".parse().unwrap();
        assert_eq!(
            order,
            Some(Order::Admin(Admin::OfDatabase(OfDatabase::SetPin {
                person
            })))
        );
    }

    #[test]
    fn the_command_line_holds_together() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }
}
