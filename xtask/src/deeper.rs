//! Looks deeper than the checks of every change: fuzzing and mutation testing of the rules, and the server amid
//! failures. They take as long as they are given, so none is part of `test`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{checks, setup, shell, tools::Tool};

/// What reads bytes and texts from outside: a file each in `crates/domain/fuzz/fuzz_targets`.
const TARGETS: [&str; 6] = ["envelope", "fold", "messages", "phrases", "texts", "time"];

const MINUTE_S: u32 = 60;

/// Fuzzes the named targets, or all, each for so many minutes; the first finding ends it.
pub fn fuzz(args: &[&str]) -> Result<()> {
    let (minutes, named) = match args {
        ["--minutes", minutes, named @ ..] => (
            minutes
                .parse()
                .with_context(|| format!("{minutes:?} is no number of minutes"))?,
            named,
        ),
        named => (1_u32, named),
    };
    if let Some(unknown) = named.iter().find(|it| !TARGETS.contains(it)) {
        bail!("There is no target {unknown:?}; there are {TARGETS:?}.");
    }
    let targets = if named.is_empty() { &TARGETS } else { named };
    let tool = Tool::fuzz();
    setup::install(&tool)?;
    for target in targets {
        println!("\n=== fuzz {target}: {minutes} min");
        let seeds = seeds(target)?;
        let corpus = folder("corpus", target)?;
        shell::run(
            shell::command(tool.folder()?.join("bin/cargo-fuzz"))
                // Sanitizers and coverage are unstable flags of a compiler that is otherwise the stable one.
                .env("RUSTC_BOOTSTRAP", "1")
                .args(["run", "--fuzz-dir", "crates/domain/fuzz", "--target-dir"])
                .arg(fuzz_folder())
                .arg(target)
                .args([corpus, seeds])
                .arg("--")
                .arg(format!(
                    "-max_total_time={}",
                    minutes.saturating_mul(MINUTE_S)
                ))
                .args(["-timeout=10", "-print_final_stats=1", "-verbosity=0"]),
        )?;
    }
    Ok(())
}

/// Lets everything around the real server fail for so many minutes, half of them on each engine; or everything around
/// the app in real browsers.
pub fn chaos(args: &[&str]) -> Result<()> {
    let minutes: u32 = match args {
        ["--browser", args @ ..] => {
            return shell::run(
                checks::node_with_browser()?
                    .arg("tests/browser/chaos.mjs")
                    .args(args),
            );
        }
        [] => 4,
        ["--minutes", minutes] => minutes
            .parse()
            .with_context(|| format!("{minutes:?} is no number of minutes"))?,
        _ => bail!("chaos takes --minutes N or, first, --browser, and not {args:?}."),
    };
    setup::postgresql()?;
    let seconds = minutes.saturating_mul(MINUTE_S) / 2;
    shell::run(
        shell::command("cargo")
            .args(["test", "--quiet", "--package=shouwen-server"])
            .args(["--test=chaos", "--", "--nocapture", "--test-threads=1"])
            .env("SHOUWEN_CHAOS_SECONDS", seconds.to_string()),
    )
}

/// Where to begin: what the product ships, and every stored form that its tests pin down.
fn seeds(target: &str) -> Result<PathBuf> {
    let to = folder("seeds", target)?;
    let root = shell::workspace_root();
    match target {
        "texts" => {
            for from in ["packs", "packs/calendars/cn"] {
                each_file(&root.join(from), |name, text| {
                    fs::write(to.join(name), text).map_err(Into::into)
                })?;
            }
        }
        "phrases" => each_file(
            &root.join("crates/domain/tests/scenarios/l"),
            |name, text| fs::write(to.join(name), text).map_err(Into::into),
        )?,
        "envelope" | "fold" => {
            let kind = if target == "fold" {
                "Fact-"
            } else {
                "Envelope"
            };
            each_file(&root.join("crates/domain/tests/golden"), |name, text| {
                if name.starts_with(kind) {
                    fs::write(to.join(name), bytes_of(text)?)?;
                }
                Ok(())
            })?;
        }
        // Numbers: the engine finds them by itself.
        _ => {}
    }
    Ok(to)
}

/// The stored bytes at the head of a golden file.
fn bytes_of(golden: &str) -> Result<Vec<u8>> {
    let hex: String = golden
        .lines()
        .take_while(|it| !it.trim().is_empty())
        .collect();
    (0..hex.len() / 2)
        .map(|at| {
            let byte = hex.get(2 * at..2 * at + 2).unwrap_or_default();
            u8::from_str_radix(byte, 16).with_context(|| format!("{byte:?} is no byte"))
        })
        .collect()
}

fn each_file(folder: &Path, mut of: impl FnMut(&str, &str) -> Result<()>) -> Result<()> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("Failed to look into {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("Failed to read {}", path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            of(&name, &text).with_context(|| format!("Failed at {}", path.display()))?;
        }
    }
    Ok(())
}

fn fuzz_folder() -> PathBuf {
    shell::workspace_root().join("target/fuzz")
}

fn folder(what: &str, target: &str) -> Result<PathBuf> {
    let folder = fuzz_folder().join(what).join(target);
    fs::create_dir_all(&folder).with_context(|| format!("Failed to make {}", folder.display()))?;
    Ok(folder)
}

/// Changes the rules one place at a time and says which change no test notices. What is left out, and why, stands in
/// `.cargo/mutants.toml`.
pub fn mutants(args: &[&str]) -> Result<()> {
    let tool = Tool::mutants();
    setup::install(&tool)?;
    shell::run(
        shell::command(tool.folder()?.join("bin/cargo-mutants"))
            .args(["mutants", "--package=shouwen-domain", "--output=target"])
            .args(args),
    )
}
