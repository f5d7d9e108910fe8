//! Brings every tool into place; says what it does, and does nothing where nothing is missing.
//!
//! Commands call the part they need, so that nobody has to remember to run `setup` first.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, bail};

use crate::{
    shell,
    tools::{self, Tool, WasmToolchain},
    wasm_fallback,
};

/// The browser for tests and the program that drives it.
pub struct Browser {
    pub chromium: PathBuf,
    pub chromedriver: PathBuf,
}

pub fn all() -> Result<()> {
    let (result, time) = shell::timed(|| {
        let toolchain = wasm()?;
        let browser = browser()?;
        let postgresql = postgresql()?;
        schemathesis()?;
        install(&Tool::deny())?;
        Ok((toolchain, browser, postgresql))
    });
    let (toolchain, browser, postgresql) = result?;
    println!(
        "setup: everything is in place ({:.1} s)\n  \
         tools     {}\n  wasm      {}\n  browser   {}\n  driver    {}\n  database  {}",
        time.as_secs_f64(),
        tools::cache()?.display(),
        match toolchain {
            WasmToolchain::Default => "the default toolchain",
            WasmToolchain::Distribution => "the distribution's toolchain",
        },
        browser.chromium.display(),
        browser.chromedriver.display(),
        match postgresql {
            Postgresql::Here(initdb) => initdb.display().to_string(),
            Postgresql::Named => "the one that SHOUWEN_TEST_DATABASE names".to_owned(),
        },
    );
    Ok(())
}

/// All that building the app needs.
pub fn wasm() -> Result<WasmToolchain> {
    let toolchain = ensure(
        "the wasm32 library of Rust",
        || Ok(wasm_toolchain()),
        add_wasm_target,
    )?;
    install(&Tool::trunk())?;
    install(&Tool::wasm_bindgen()?)?;
    node_modules()?;
    Ok(toolchain)
}

/// All that tests in a browser need.
pub fn browser() -> Result<Browser> {
    node_modules()?;
    ensure("Chromium and its driver", find_browser, install_browser)
}

/// The database for tests of the server: started by them, or one that runs already.
pub enum Postgresql {
    Here(PathBuf),
    Named,
}

pub fn postgresql() -> Result<Postgresql> {
    ensure(
        "PostgreSQL",
        || Ok(find_postgresql()),
        || {
            apt_install(&["postgresql"]).context(
                "Failed to install PostgreSQL; put its initdb and postgres on PATH, or name one \
                 that runs in SHOUWEN_TEST_DATABASE",
            )
        },
    )
}

/// A program in it checks what ours signs.
pub fn python() -> Result<PathBuf> {
    ensure(
        "Python 3",
        || Ok(shell::find("python3")),
        || {
            apt_install(&["python3"]).context(
                "Failed to install Python; install Python 3.11 or later and put it on PATH",
            )
        },
    )
}

/// Makes requests up out of what the server says about itself.
pub fn schemathesis() -> Result<PathBuf> {
    let python = python()?;
    let version = tools::SCHEMATHESIS_VERSION;
    let folder = tools::cache()?.join(format!("schemathesis-{version}"));
    let program = folder.join("bin/schemathesis");
    ensure(
        &format!("schemathesis {version}"),
        || Ok(program.is_file().then(|| program.clone())),
        || {
            // What was begun before and not finished is begun anew.
            let made = |clear: &str| {
                shell::run(
                    shell::command(&python)
                        .args(["-m", "venv", clear])
                        .arg(&folder),
                )
            };
            made("--clear").or_else(|error| {
                println!("setup: {error:#} Installing the distribution's package for that.");
                apt_install(&["python3-venv"])?;
                made("--clear")
            })?;
            shell::run(
                shell::command(folder.join("bin/python"))
                    .args(["-m", "pip", "install", "--quiet"])
                    .args(["--disable-pip-version-check", "--no-input"])
                    .arg(format!("schemathesis=={version}")),
            )
            .context("Failed to get schemathesis; pip has to reach a package index")
        },
    )
}

fn find_postgresql() -> Option<Postgresql> {
    if std::env::var_os("SHOUWEN_TEST_DATABASE").is_some_and(|it| !it.is_empty()) {
        return Some(Postgresql::Named);
    }
    // Debian keeps the programs of each version in a folder of their own, which is not on PATH.
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut there = versions.filter_map(|it| {
        let initdb = it.ok()?.path().join("bin/initdb");
        initdb.is_file().then_some(initdb)
    });
    shell::find("initdb")
        .or_else(|| there.next())
        .map(Postgresql::Here)
}

/// The packages of `package-lock.json`: wasm-opt, and what drives the browser.
fn node_modules() -> Result<()> {
    ensure(
        "node and npm",
        || Ok(find_node()),
        || {
            apt_install(&["nodejs", "npm"]).context(
                "Failed to install node and npm; install Node.js 20 or later and put it on PATH",
            )
        },
    )?;
    node_packages("")
}

/// The packages of a folder's `package-lock.json`, relative to the root.
pub fn node_packages(folder: &str) -> Result<()> {
    let folder = &shell::workspace_root().join(folder);
    ensure(
        "the packages of package-lock.json",
        || node_modules_are_current(folder),
        || npm_ci(folder),
    )
}

/// Does `make` unless `found` already finds it, and says so.
fn ensure<T>(
    what: &str,
    found: impl Fn() -> Result<Option<T>>,
    make: impl FnOnce() -> Result<()>,
) -> Result<T> {
    if let Some(thing) = found()? {
        return Ok(thing);
    }
    println!("setup: getting {what}");
    let (result, time) = shell::timed(make);
    result.with_context(|| format!("Failed to get {what}"))?;
    println!("setup: {what} took {:.1} s", time.as_secs_f64());
    found()?.with_context(|| format!("Failed to find {what}, although installing it went well"))
}

fn wasm_toolchain() -> Option<WasmToolchain> {
    if compiles_for_wasm(&[]) {
        return Some(WasmToolchain::Default);
    }
    let env = wasm_fallback::env();
    (wasm_fallback::is_possible() && compiles_for_wasm(&env)).then_some(WasmToolchain::Distribution)
}

/// Whether an empty library compiles: the one proof that compiler and library fit together.
pub fn compiles_for_wasm(env: &[(&'static str, std::ffi::OsString)]) -> bool {
    let child = shell::command("rustc")
        .args(["--target", "wasm32-unknown-unknown", "--crate-type=lib"])
        .args(["--crate-name=probe", "--emit=metadata=-", "-"])
        .envs(env.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    child.is_ok_and(|status| status.success())
}

fn add_wasm_target() -> Result<()> {
    let added =
        shell::run(shell::command("rustup").args(["target", "add", "wasm32-unknown-unknown"]));
    match added {
        Ok(()) => Ok(()),
        Err(error) if wasm_fallback::is_possible() => {
            println!("setup: {error:#} Building the library from the distribution's source.");
            wasm_fallback::install()
        }
        Err(error) => Err(error.context(
            "Failed to add the target wasm32-unknown-unknown; run `rustup target add \
             wasm32-unknown-unknown` where Rust's download host can be reached, or run this \
             as root on Debian, where the library can be built from source",
        )),
    }
}

/// A tool in its version, in the cache.
pub fn install(tool: &Tool) -> Result<()> {
    let what = format!("{} {}", tool.package, tool.version);
    let found = || Ok(tool.is_in_place()?.then_some(()));
    ensure(&what, found, || cargo_install(tool))
}

fn cargo_install(tool: &Tool) -> Result<()> {
    let attempt = |locked: bool| -> Result<()> {
        let mut command = shell::command("cargo");
        command
            .args(["install", "--quiet", tool.package])
            .args(["--version", &tool.version, "--root"])
            .arg(tool.folder()?);
        if locked {
            command.arg("--locked");
        }
        if tool.package == "trunk" {
            command.args(["--no-default-features", "--features", "rustls"]);
        }
        shell::run(&mut command)
    };
    // A version that its author locked can be gone from the index; a newer one then serves.
    attempt(true).or_else(|error| {
        println!("setup: {error:#} Trying without its own lock file.");
        attempt(false)
    })
}

fn find_node() -> Option<()> {
    shell::find("node").and(shell::find("npm")).map(drop)
}

fn node_modules_are_current(folder: &Path) -> Result<Option<()>> {
    let installed = std::fs::read(node_stamp(folder)).unwrap_or_default();
    let wanted = node_lock(folder)?;
    Ok((installed == wanted).then_some(()))
}

fn npm_ci(folder: &Path) -> Result<()> {
    let mut npm = shell::command("npm");
    npm.args(["ci", "--ignore-scripts", "--loglevel=error"]);
    shell::run(npm.current_dir(folder))?;
    std::fs::write(node_stamp(folder), node_lock(folder)?)
        .context("Failed to note what npm installed")
}

fn node_stamp(folder: &Path) -> PathBuf {
    folder.join("node_modules/.installed-lock.json")
}

fn node_lock(folder: &Path) -> Result<Vec<u8>> {
    let path = folder.join("package-lock.json");
    std::fs::read(&path).with_context(|| format!("Failed to read {}", path.display()))
}

fn find_browser() -> Result<Option<Browser>> {
    let chromium = named("SHOUWEN_CHROMIUM")?.or_else(|| {
        [
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ]
        .into_iter()
        .find_map(shell::find)
    });
    let chromedriver = named("CHROMEDRIVER")?.or_else(|| shell::find("chromedriver"));
    Ok(chromium
        .zip(chromedriver)
        .map(|(chromium, chromedriver)| Browser {
            chromium,
            chromedriver,
        }))
}

/// A program that the environment names.
fn named(variable: &str) -> Result<Option<PathBuf>> {
    let Some(path) = std::env::var_os(variable).map(PathBuf::from) else {
        return Ok(None);
    };
    if !path.is_file() {
        bail!(
            "{variable} names {}, where there is no file.",
            path.display()
        );
    }
    Ok(Some(path))
}

fn install_browser() -> Result<()> {
    apt_install(&["chromium", "chromium-driver", "fonts-noto-cjk"]).context(
        "Failed to install Chromium; install it together with its chromedriver and a font for \
         Chinese and put both on PATH, or name them in SHOUWEN_CHROMIUM and CHROMEDRIVER",
    )
}

/// Installs packages of Debian or its like; refuses where that cannot be done.
pub fn apt_install(packages: &[&str]) -> Result<()> {
    thread_local!(static UPDATED: Cell<bool> = const { Cell::new(false) });

    if !can_apt_install() {
        bail!("Only root on Debian or its like can install {packages:?} from here.");
    }
    let apt = || {
        let mut command = shell::command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    if !UPDATED.replace(true) {
        shell::run(apt().args(["update", "--quiet=2"]))?;
    }
    shell::run(
        apt()
            .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
            .args(packages)
            .stdout(Stdio::null()),
    )
}

pub fn can_apt_install() -> bool {
    Path::new("/etc/debian_version").is_file()
        && shell::find("apt-get").is_some()
        && shell::output(shell::command("id").arg("-u")).is_ok_and(|id| id == "0")
}
