//! The program: reads the command line, speaks to the terminal, and stops when told to.

#![expect(
    clippy::print_stdout,
    reason = "the address and the demonstration's PINs are for whoever starts it"
)]

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use shouwen_domain::id::PersonId;
use shouwen_server::arguments::{self, Arguments, Database, Order};
use shouwen_server::clock::{Clock, SystemClock};
use shouwen_server::keys::Keys;
use shouwen_server::site::{RuleTexts, Site, Sites, TextFile};
use shouwen_server::storage::{Address, backup, export};
use shouwen_server::{Server, Settings, demo, server};
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
    let order = arguments::parse(words, |name| std::env::var_os(name)).context("See --help")?;
    match order {
        Order::Help => println!("{}", arguments::USAGE),
        Order::Version => println!("shouwen-server {}", env!("CARGO_PKG_VERSION")),
        Order::SetPin { person, arguments } => set_pin(&person, &arguments)?,
        Order::Backup { file, arguments } => back_up(&file, &arguments)?,
        Order::Export { file, arguments } => export_chains(&file, &arguments)?,
        Order::Verify { file } => println!("Whole: {}", backup::verify(&file)?),
        Order::Restore {
            file,
            replace,
            arguments,
        } => restore(&file, replace, &arguments)?,
        Order::Serve(arguments) => serve(arguments)?,
    }
    Ok(())
}

#[tokio::main]
async fn serve(arguments: Arguments) -> Result<()> {
    log_to_stderr()?;
    let sites = sites(&arguments)?;
    let table = sites
        .iter()
        .find(|it| demo::is_demo(&it.directory))
        .map(|it| demo::people_table(&it.directory));
    let database = database(&arguments)?;
    let keys = arguments.keys_file();
    let settings = Settings {
        listen: arguments.listen,
        keys,
        data: arguments.data,
        database,
        dist: arguments.dist,
        sites,
        demo: arguments.demo,
        behind_proxy: arguments.behind_proxy,
        clock: Arc::new(SystemClock),
    };
    let server = Server::start(settings).await?;
    let address = server.address();
    println!("Listening on http://{address}");
    if let Some(table) = table.filter(|_| arguments.demo) {
        println!("\nThe demonstration site; everybody can know these PINs:\n\n{table}");
        if !address.ip().is_loopback() {
            tracing::warn!("other machines can reach the demonstration, and its PINs are public");
        }
    }
    server
        .run(told_to_stop()?)
        .await
        .context("The server failed")?;
    tracing::info!("stopped");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn set_pin(person: &str, arguments: &Arguments) -> Result<()> {
    let sites = sites(arguments)?;
    let person: PersonId = person.parse()?;
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .context("Failed to read the PIN from standard input")?;
    let pin = line.trim_end_matches(['\r', '\n']);
    if pin.chars().count() < 6 || pin.len() > 128 {
        bail!("A PIN has at least six characters and at most 128 bytes");
    }
    server::set_pin(&arguments.data, database(arguments)?, &sites, &person, pin).await?;
    println!("Stored.");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn back_up(file: &Path, arguments: &Arguments) -> Result<()> {
    let storage = server::open_database(&arguments.data, database(arguments)?).await?;
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
    let restored = backup::restore(&storage, file, replace).await;
    storage.close().await;
    println!("Restored: {}", restored?);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn export_chains(file: &Path, arguments: &Arguments) -> Result<()> {
    let now = SystemClock.now();
    let keys = Keys::open(&arguments.keys_file(), now)?;
    let storage = server::open_database(&arguments.data, database(arguments)?).await?;
    let path = file.to_owned();
    let exported = storage
        .read(move |db| Ok(export::export(db, &keys, &path, now)))
        .await;
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

fn sites(arguments: &Arguments) -> Result<Sites> {
    let texts = RuleTexts::read(
        arguments.pack.as_deref(),
        &arguments.calendar,
        arguments.zones.as_deref(),
    )?;
    let mut directories = Vec::new();
    if arguments.demo {
        directories.push(demo::directory());
    }
    for path in &arguments.sites {
        directories.push(TextFile::read(path)?);
    }
    let sites: Vec<_> = directories
        .iter()
        .map(|it| Site::try_new(&texts, it))
        .collect::<Result<_, _>>()?;
    Ok(Sites::try_new(sites)?)
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
