//! `cargo xtask <command>`: one command for everything that is done with this repository.
//!
//! Depends on none of our crates, since it must run when they do not build.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks by printing"
)]

mod app;
mod bench;
mod checks;
mod deeper;
mod precache;
mod setup;
mod shell;
mod styles;
mod tools;
mod wasm_fallback;

use std::{ffi::OsString, process::ExitCode};

use anyhow::{Result, anyhow, bail};

const USAGE: &str = "\
Usage: cargo xtask <command>

  setup                   bring every tool that is needed into place
  build [--dev|--bench]   build the app into dist/ (--dev: quicker to build, larger to fetch; --bench: into
                          target/bench/dist, to be driven by the benchmarks)
  run [-- ARGS]           build the app and serve it on 127.0.0.1:8080 with demo data;
                          ARGS go to the server, --listen, --dist and --data replace the defaults
  test [--only STEP]      run every check in order, or one of them
  test --list             name the checks
  ci                      print the facts of this machine, then test
  advisories              say which faults are known of what is built in: needs the network
  bench [ARGS]            measure the app beside what one would pick instead, into bench/RESULTS.md: --only NAMES,
                          --n ROUNDS, --size N, --json FILE; --check: a budget that is not held is an error
  sim [ARGS]              run the simulator: --seeds N, --from S; --seed S for one of them;
                          --plant NAME with a bug planted, --plant list names them
  fuzz [--minutes N] [TARGET…]
                          fuzz what the rules read from outside: one minute each, or N
  chaos [--minutes N]     kill the real server, its database and the network under load, on SQLite and on
                          PostgreSQL: four minutes in all, or N
  chaos --browser [ARGS]  kill real browsers, clear their storage, freeze their tabs, update the app and cut the
                          network under them; then restore head office from an old copy while ten are left alone:
                          --minutes N, --seed S, --devices N, --only run or restore, --talk
  mutants [ARGS]          change the rules one place at a time, and say which change no test notices:
                          --file FILE, --list, and whatever cargo-mutants takes
  demo [ARGS]             make demonstration data
  repeats FILE...         measure how well repeats of an earlier matter are recognised
  conform FILE…           reckon every case of these tables of deadlines, and say which differ
  calendar import FILE…   check published years of holidays and write them into packs/calendars/cn
  calendar check FILE     compare the years there with a list of days off and make-up days
  precache [DIR]          list the built files in the service worker and compress them
                          (trunk calls this after each build)";

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Vec<OsString>) -> Result<()> {
    let words = words(&args)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((&command, args)) = words.split_first() else {
        bail!("No command was given.\n\n{USAGE}");
    };
    match (command, args) {
        ("help" | "--help" | "-h", []) => {
            println!("{USAGE}");
            Ok(())
        }
        ("setup", []) => setup::all(),
        ("build", []) => app::build(app::Profile::Release),
        ("build", ["--dev"]) => app::build(app::Profile::Dev),
        ("build", ["--bench"]) => app::build(app::Profile::Bench),
        ("run", args) => app::serve(args.strip_prefix(&["--"]).unwrap_or(args)),
        ("test", []) => checks::all(),
        ("test", ["--only", step]) => checks::only(step),
        ("test", ["--list"]) => {
            checks::list();
            Ok(())
        }
        ("bench", args) => bench::run(args),
        ("ci", []) => checks::ci(),
        ("advisories", []) => checks::advisories(),
        ("sim", args) => cargo_run(&["--release", "--package", "shouwen-sim"], args),
        ("fuzz", args) => deeper::fuzz(args),
        ("chaos", args) => deeper::chaos(args),
        ("mutants", args) => deeper::mutants(args),
        ("demo", args) => cargo_run(&["--package", "shouwen-demo"], args),
        ("repeats", args) => cargo_run(
            &[
                "--release",
                "--package",
                "shouwen-domain",
                "--example",
                "repeats",
            ],
            args,
        ),
        ("conform", files @ [_, ..]) => conform("tables", files),
        ("calendar", ["import", files @ ..]) if !files.is_empty() => conform("import", files),
        ("calendar", ["check", file]) => conform("check", &[*file]),
        ("precache", []) => precache::staged(),
        ("precache", [folder]) => precache::folder(folder.as_ref()),
        (
            "setup" | "build" | "test" | "ci" | "advisories" | "conform" | "calendar" | "precache",
            _,
        ) => {
            bail!("{command:?} does not take the arguments {args:?}.\n\n{USAGE}")
        }
        _ => bail!("There is no command {command:?}.\n\n{USAGE}"),
    }
}

fn words(args: &[OsString]) -> Result<Vec<String>> {
    args.iter()
        .map(|arg| {
            arg.to_str()
                .map(str::to_owned)
                .ok_or_else(|| anyhow!("The argument {} is not valid Unicode.", arg.display()))
        })
        .collect()
}

fn cargo_run(package: &[&str], args: &[&str]) -> Result<()> {
    let args = args.strip_prefix(&["--"]).unwrap_or(args);
    shell::run(
        shell::command("cargo")
            .args(["run", "--quiet"])
            .args(package)
            .arg("--")
            .args(args),
    )
}

fn conform(command: &str, files: &[&str]) -> Result<()> {
    let args: Vec<&str> = std::iter::once(command)
        .chain(files.iter().copied())
        .collect();
    cargo_run(&["--release", "--package", "shouwen-conform"], &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(args: &[&str]) -> String {
        let args = args.iter().map(OsString::from).collect();
        run(args).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_command_is_answered_with_the_usage() {
        let text = refusal(&["biuld"]);
        assert!(text.contains("There is no command \"biuld\""), "{text}");
        assert!(text.contains("Usage:"), "{text}");
    }

    #[test]
    fn an_unknown_argument_is_answered_with_the_usage() {
        let text = refusal(&["build", "--fast"]);
        assert!(text.contains("does not take the arguments"), "{text}");
        assert!(text.contains("Usage:"), "{text}");
    }

    #[test]
    fn a_table_or_calendar_command_without_a_file_is_answered_with_the_usage() {
        for args in [
            &["conform"][..],
            &["calendar"],
            &["calendar", "import"],
            &["calendar", "check"],
        ] {
            let text = refusal(args);
            assert!(text.contains("does not take the arguments"), "{text}");
        }
    }

    #[test]
    fn no_command_is_answered_with_the_usage() {
        assert!(refusal(&[]).contains("Usage:"));
    }
}
