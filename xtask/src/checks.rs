//! Every check, in the order that finds a mistake soonest.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{
    app, setup, shell,
    tools::{self, Tool},
};

struct Check {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<()>,
}

const CHECKS: [Check; 11] = [
    Check {
        name: "setup",
        about: "every tool is in place",
        run: setup::all,
    },
    Check {
        name: "fmt",
        about: "the code is formatted",
        run: fmt,
    },
    Check {
        name: "clippy",
        about: "no lint fires, natively",
        run: clippy,
    },
    Check {
        name: "clippy-wasm",
        about: "no lint fires in what runs in a browser",
        run: clippy_wasm,
    },
    Check {
        name: "deny",
        about: "licenses and sources of all that is built in are those that may be",
        run: deny,
    },
    Check {
        name: "unit",
        about: "every native test passes",
        run: native_tests,
    },
    Check {
        name: "api",
        about: "the server answers as its description says, whatever is asked",
        run: api,
    },
    Check {
        name: "wasm",
        about: "the store passes its suite on a real IndexedDB",
        run: wasm_tests,
    },
    Check {
        name: "build",
        about: "the app builds as people get it",
        run: build_app,
    },
    Check {
        name: "server",
        about: "the server builds",
        run: build_server,
    },
    Check {
        name: "browser",
        about: "journeys pass in a real browser",
        run: browser_tests,
    },
];

const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// Runs every check, and stops at the first that fails.
pub fn all() -> Result<()> {
    let mut times = Vec::new();
    for check in &CHECKS {
        println!("\n=== {}: {}", check.name, check.about);
        let (result, time) = shell::timed(check.run);
        times.push((check.name, time));
        if let Err(error) = result {
            print_times(&times);
            return Err(error.context(format!(
                "The check {0:?} failed; `cargo xtask test --only {0}` runs it alone",
                check.name
            )));
        }
        println!("=== {} passed in {:.1} s", check.name, time.as_secs_f64());
    }
    print_times(&times);
    println!("Every check passed.");
    Ok(())
}

/// Runs one check.
pub fn only(name: &str) -> Result<()> {
    let Some(check) = CHECKS.iter().find(|check| check.name == name) else {
        let names = CHECKS.map(|check| check.name).join(", ");
        bail!("There is no check {name:?}; there are {names}.");
    };
    let (result, time) = shell::timed(check.run);
    result.with_context(|| format!("The check {name:?} failed"))?;
    println!("=== {name} passed in {:.1} s", time.as_secs_f64());
    Ok(())
}

pub fn list() {
    for check in &CHECKS {
        println!("{:12} {}", check.name, check.about);
    }
}

/// The same checks, after the facts of a machine that nobody can look at afterwards.
pub fn ci() -> Result<()> {
    print_machine();
    all()
}

fn print_times(times: &[(&str, Duration)]) {
    println!();
    for (name, time) in times {
        println!("{name:12} {:7.1} s", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    println!("{:12} {:7.1} s\n", "total", total.as_secs_f64());
}

fn print_machine() {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("cores    {cores}");
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    if let Some(total) = memory.lines().next() {
        println!("memory   {}", total.trim_start_matches("MemTotal:").trim());
    }
    for program in ["rustc", "cargo", "node", "npm"] {
        let version = shell::output(shell::command(program).arg("--version"));
        println!(
            "{program:8} {}",
            version.unwrap_or_else(|error| error.to_string())
        );
    }
}

fn fmt() -> Result<()> {
    shell::run(shell::command("cargo").args(["fmt", "--all", "--check"]))
        .context("Some code is not formatted; `cargo fmt --all` does it")
}

fn clippy() -> Result<()> {
    shell::run(
        shell::command("cargo")
            .args(["clippy", "--quiet", "--workspace", "--all-targets"])
            .args(["--", "--deny", "warnings"]),
    )?;
    fuzz_targets()
}

/// What is fuzzed is a workspace of its own, which nothing else looks at: it has to compile.
fn fuzz_targets() -> Result<()> {
    shell::run(
        shell::command("cargo")
            .args(["check", "--quiet", "--locked"])
            .args(["--manifest-path", "crates/domain/fuzz/Cargo.toml"])
            .arg("--target-dir")
            .arg(shell::workspace_root().join("target/fuzz"))
            // Nothing is linked, so its engine, some minutes of C++, need not be built.
            .env("CUSTOM_LIBFUZZER_PATH", "/nothing/is/linked.a"),
    )
    .context("What `cargo xtask fuzz` runs does not compile")
}

fn clippy_wasm() -> Result<()> {
    let toolchain = setup::wasm()?;
    // The app's tests run natively, those of the store in the browser.
    for package in [
        &["--package=shouwen", "--bins"][..],
        &["--package=shouwen", "--bins", "--features=bench"],
        &["--package=shouwen-store-indexeddb", "--all-targets"],
    ] {
        shell::run(
            tools::wasm_command("cargo", toolchain)?
                .args(["clippy", "--quiet"])
                .args(WASM)
                .args(package)
                .args(["--", "--deny", "warnings"]),
        )?;
    }
    Ok(())
}

/// Says each time what it did not look at.
fn deny() -> Result<()> {
    deny_check(&["licenses", "bans", "sources"])?;
    println!(
        "deny: known faults of what is built in (advisories) were NOT looked at, since their list is not in any package \
         index: `cargo xtask advisories` does, where it can be reached (SECURITY.md)"
    );
    Ok(())
}

/// Whether a fault is known of anything that is built in. The list comes from the network, each time anew.
pub fn advisories() -> Result<()> {
    deny_check(&["advisories"]).context(
        "Either a fault is known of something above, or the list of faults cannot be reached from this machine",
    )
}

fn deny_check(what: &[&str]) -> Result<()> {
    let tool = Tool::deny();
    setup::install(&tool)?;
    shell::run(
        shell::command(tool.folder()?.join("bin/cargo-deny"))
            .args([
                "--workspace",
                "--all-features",
                "--locked",
                "--log-level=warn",
            ])
            .args(["check", "--hide-inclusion-graph"])
            .args(what),
    )
}

fn api() -> Result<()> {
    let schemathesis = setup::schemathesis()?;
    shell::run(
        shell::command("cargo")
            .args(["test", "--quiet", "--package=shouwen-server"])
            .args(["--test=schemathesis", "--", "--test-threads=1"])
            .env("SHOUWEN_SCHEMATHESIS", schemathesis),
    )
}

fn native_tests() -> Result<()> {
    setup::postgresql()?;
    shell::run(shell::command("cargo").args(["test", "--quiet", "--workspace"]))
}

/// `crates/store-indexeddb/webdriver.json` says how the browser is started.
fn wasm_tests() -> Result<()> {
    let toolchain = setup::wasm()?;
    let browser = setup::browser()?;
    shell::run(
        tools::wasm_command("cargo", toolchain)?
            .args(["test", "--package=shouwen-store-indexeddb"])
            .args(WASM)
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
                "wasm-bindgen-test-runner",
            )
            .env("CHROMEDRIVER", browser.chromedriver)
            // For all tests together; the runner's own 20 s are too short on a busy machine.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120"),
    )
}

fn build_app() -> Result<()> {
    app::build(app::Profile::Release)
}

fn build_server() -> Result<()> {
    shell::run(shell::command("cargo").args(["build", "--quiet", "--package=shouwen-server"]))
}

fn browser_tests() -> Result<()> {
    shell::run(
        node_with_browser()?
            .arg("--test")
            .args(browser_test_files()?),
    )
}

/// Node, with everything built and in place that scripts in `tests/browser` drive.
pub fn node_with_browser() -> Result<Command> {
    build_app()?;
    build_server()?;
    let browser = setup::browser()?;
    let mut node = shell::command("node");
    node.env("SHOUWEN_SERVER", server_program()?)
        .env("SHOUWEN_DIST", app::Profile::Release.dist())
        .env("SHOUWEN_CHROMIUM", browser.chromium);
    Ok(node)
}

/// Named one by one: versions of node differ in what they make of a folder.
fn browser_test_files() -> Result<Vec<PathBuf>> {
    let folder = shell::workspace_root().join("tests/browser");
    let entries = std::fs::read_dir(&folder)
        .with_context(|| format!("Failed to look into {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".test.mjs") || name.ends_with(".test.js") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("There is no *.test.mjs in {}.", folder.display());
    }
    files.sort();
    Ok(files)
}

/// Asks cargo, since the folder for built files can be set elsewhere.
fn server_program() -> Result<PathBuf> {
    let printed = shell::output(shell::command("cargo").args([
        "metadata",
        "--format-version=1",
        "--no-deps",
        "--offline",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&printed)?;
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    let name = format!("shouwen-server{}", std::env::consts::EXE_SUFFIX);
    Ok(PathBuf::from(target).join("debug").join(name))
}
