//! The program: reads the command line, speaks to the terminal, and stops when told to.

#![expect(
    clippy::print_stdout,
    reason = "the address and the demonstration's PINs are for whoever starts it"
)]

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use shouwen_domain::id::PersonId;
use shouwen_domain::moment::Minutes;
use shouwen_server::admin;
use shouwen_server::arguments::{self, Admin, Arguments, Database, OfDatabase, OfFiles, Order};
use shouwen_server::bounds::Bounds;
use shouwen_server::clock::{Clock, SystemClock};
use shouwen_server::keys::Keys;
use shouwen_server::storage::db::Db;
use shouwen_server::storage::orders::{OrdersFile, Replay};
use shouwen_server::storage::{Address, backup, export, looks};
use shouwen_server::{Server, Settings, customer, demo, enrolment, server};
use tracing::level_filters::LevelFilter;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code says it.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let words = std::env::args_os().skip(1);
    let parsed = arguments::parse(words, |name| std::env::var_os(name));
    let (order, arguments) = parsed.unwrap_or_else(|it| it.exit());
    match order {
        None => serve(arguments)?,
        Some(Order::Backup { file }) => back_up(&file, &arguments)?,
        Some(Order::Verify { file }) => println!("Whole: {}", backup::verify(&file)?),
        Some(Order::Restore { file, replace }) => restore(&file, replace, &arguments)?,
        Some(Order::Export { file, operator }) => export_chains(&file, &operator, &arguments)?,
        Some(Order::Admin(Admin::OfFiles(it))) => print!("{}", administer(it, &arguments)?),
        Some(Order::Admin(Admin::OfDatabase(it))) => administer_database(it, &arguments)?,
    }
    Ok(())
}

#[tokio::main]
async fn serve(arguments: Arguments) -> Result<()> {
    log_to_stderr()?;
    let database = database(&arguments)?;
    let keys = arguments.keys_file();
    let settings = Settings {
        listen: arguments.listen,
        tls: arguments.tls,
        keys,
        data: arguments.data,
        database,
        dist: arguments.dist,
        sites: arguments.sites,
        behind_proxy: arguments.behind_proxy,
        bounds: Bounds::default(),
        clock: Arc::new(SystemClock),
    };
    let is_demo = settings.sites.demo;
    let scheme = settings.tls.as_ref().map_or("http", |_| "https");
    let server = Server::start(settings).await?;
    let address = server.address();
    println!("Listening on {scheme}://{address}");
    if is_demo {
        let sites = server.sites();
        let mut directories = sites.iter().map(|it| &it.directory);
        let site = directories.find(|it| demo::is_demo(it));
        let table = site.map(demo::people_table).unwrap_or_default();
        let link = demo::code().link(&format!("{scheme}://{address}"));
        println!("\nThe demonstration: open {link}");
        println!(
            "or type {} on another device. Everybody can know these PINs:\n\n{table}",
            demo::code()
        );
        if !address.ip().is_loopback() {
            tracing::warn!("other machines can reach the demonstration, and its PINs are public");
        }
    }
    server.run(told_to_stop()?).await;
    tracing::info!("stopped");
    Ok(())
}

fn administer(order: OfFiles, arguments: &Arguments) -> Result<String> {
    Ok(match order {
        OfFiles::EnrolSite { file } => {
            let (site, enrolled) = enrolment::enrol_site(&arguments.sites, &file)?;
            enrolment::text(&format!("the site \"{site}\""), &enrolled)
        }
        OfFiles::EnrolPerson { who } => {
            let (site, enrolled) = enrolment::enrol_person(&arguments.sites, &who)?;
            enrolment::text(
                &format!("\"{}\" at the site \"{site}\"", who.person),
                &enrolled,
            )
        }
        OfFiles::RotateKeys { older_than } => {
            let older_than = Minutes(u32::from(older_than) * 24 * 60);
            let rotated = Keys::rotate(&arguments.keys_file(), older_than, SystemClock.now())?;
            admin::rotation_text(rotated)
        }
    })
}

#[tokio::main(flavor = "current_thread")]
async fn administer_database(what: OfDatabase, arguments: &Arguments) -> Result<()> {
    let sites = arguments.sites.read()?.sites()?;
    let keys = arguments.keys_file();
    let database = database(arguments)?;
    let office = admin::Office::open(sites, &arguments.data, database, &keys).await?;
    let done = order(&office, what).await;
    office.storage.close().await;
    print!("{}", done?);
    Ok(())
}

/// What is to be said of it.
async fn order(office: &admin::Office, order: OfDatabase) -> Result<String> {
    Ok(match order {
        OfDatabase::Invite { to, link } => {
            let invited = office.invite(to.as_ref(), link.is_some(), SystemClock.now());
            admin::invitation_text(&invited.await?, link.as_deref())
        }
        OfDatabase::SetPin { person } => {
            let mut line = String::new();
            std::io::stdin()
                .read_line(&mut line)
                .context("Failed to read the PIN from standard input")?;
            let pin = line.trim_end_matches(['\r', '\n']);
            office.set_pin(&person, pin).await?;
            "Stored.\n".to_owned()
        }
        OfDatabase::Devices { to } => admin::device_table(&office.devices(to.as_ref()).await?),
        OfDatabase::Revoke { whom } => {
            if office
                .decide_access(&whom, false, SystemClock.now())
                .await?
            {
                "Let in no more, from now on.\n".to_owned()
            } else {
                "That was ordered before.\n".to_owned()
            }
        }
        OfDatabase::Reinstate { whom } => {
            if office.decide_access(&whom, true, SystemClock.now()).await? {
                "Let in again, from now on.\n".to_owned()
            } else {
                "Nobody had ordered otherwise.\n".to_owned()
            }
        }
        OfDatabase::CasesOf { file, to } => {
            let lines = match &file {
                Some(file) => std::fs::read_to_string(file)
                    .with_context(|| format!("Failed to read {}", file.display()))?,
                None => std::io::read_to_string(std::io::stdin())
                    .context("Failed to read from standard input")?,
            };
            admin::case_table(&office.cases_of(to.as_ref(), &lines).await?)
        }
        OfDatabase::CopyOf {
            cases,
            into,
            to,
            operator,
        } => {
            let copy = office.copy_of(to.as_ref(), &cases, &operator, SystemClock.now());
            let copy = copy.await?;
            write_copy(&copy, &into)
                .with_context(|| format!("Failed to write into {}", into.display()))?;
            format!(
                "Written: {} pictures beside cases.txt\n",
                copy.pictures.len()
            )
        }
        OfDatabase::Erase { what } => {
            let ordered = office.erase(&what, SystemClock.now()).await?;
            format!(
                "Erased: {}, of which {} had not been before\n",
                what.cases.len(),
                ordered.len()
            )
        }
        OfDatabase::Looks { of } => {
            let (records, directory) = office.looks(&of).await?;
            admin::look_table(&records, directory)
        }
        OfDatabase::VerifyChains { to } => {
            let verified = office.verify_chains(to.as_ref()).await?;
            let text = admin::verified_text(&verified);
            if !verified.wrong.is_empty() {
                anyhow::bail!(text);
            }
            text
        }
        OfDatabase::Release { code, to } => {
            let n = office.release(to.as_ref(), &code).await?;
            format!("Passed on: {n}\n")
        }
    })
}

/// A folder that is not there yet, for its owner's eyes only.
fn write_copy(copy: &customer::Copy, folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    std::fs::write(folder.join("cases.txt"), &copy.text)?;
    let mut pictures = copy.pictures.iter();
    pictures.try_for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes))
}

#[tokio::main(flavor = "current_thread")]
async fn back_up(file: &Path, arguments: &Arguments) -> Result<()> {
    let storage = server::open_existing_database(&arguments.data, database(arguments)?).await?;
    let taken = backup::take(&storage, file, SystemClock.now()).await;
    storage.close().await;
    println!("Backed up, read back and found whole: {}", taken?);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn restore(file: &Path, replace: bool, arguments: &Arguments) -> Result<()> {
    // A file that cannot be used leaves not even an empty database behind.
    backup::verify(file)?;
    let storage = server::open_database(&arguments.data, database(arguments)?).await?;
    let keys = arguments.keys_file();
    // Without keys there are no orders either; a server that starts makes up for it.
    let orders = if keys.exists() {
        let now = SystemClock.now();
        Some(Replay {
            keys: Arc::new(Keys::open(&keys, now)?),
            file: OrdersFile::beside(&keys),
            now,
        })
    } else {
        None
    };
    let restored = backup::restore(&storage, file, replace, orders).await;
    storage.close().await;
    println!("Restored: {}", restored?);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn export_chains(file: &Path, operator: &PersonId, arguments: &Arguments) -> Result<()> {
    let now = SystemClock.now();
    let keys_file = arguments.keys_file();
    let keys = Arc::new(Keys::open_existing(&keys_file)?);
    let storage = server::open_existing_database(&arguments.data, database(arguments)?).await?;
    // Nothing leaves before it is on record that it does.
    let recorded = {
        let (keys, orders) = (Arc::clone(&keys), OrdersFile::beside(&keys_file));
        let (operator, id) = (operator.clone(), looks::new_id());
        storage
            .write_everywhere(move |db| {
                looks::record_export(db, &keys, &orders, &operator, id, now)
            })
            .await
    };
    let path = file.to_owned();
    let exported = match recorded {
        Ok(()) => {
            let write = move |db: &dyn Db| Ok(export::export(db, &keys, &path, now));
            storage.read_everywhere(write).await
        }
        Err(fault) => Err(fault),
    };
    storage.close().await;
    let exported = exported??;
    println!(
        "Written: {} chains, {} envelopes",
        exported.n_chains, exported.n_envelopes
    );
    Ok(())
}

fn database(arguments: &Arguments) -> Result<Option<Address>> {
    let address = arguments.database.as_ref().map(Database::address);
    address.transpose().map_err(anyhow::Error::msg)
}

fn log_to_stderr() -> Result<()> {
    let level = match std::env::var("SHOUWEN_LOG") {
        Ok(word) => word
            .parse()
            .ok()
            .with_context(|| format!("SHOUWEN_LOG is {word:?}, see --help"))?,
        Err(_) => LevelFilter::INFO,
    };
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().init();
    }
    Ok(())
}

#[cfg(unix)]
fn told_to_stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

#[cfg(not(unix))]
fn told_to_stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping");
    })
}
