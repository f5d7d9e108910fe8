//! `cargo xtask demo`: fills a running demonstration site with cases.

use std::io::{self, Write};
use std::process::ExitCode;

use shouwen_demo::arguments::{self, USAGE};

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let trouble = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(None) => writeln!(out, "{USAGE}").err().map(|it| it.to_string()),
        Ok(Some(wish)) => shouwen_demo::run(&wish, &mut out)
            .err()
            .map(|it| it.to_string()),
        Err(error) => Some(format!("{error}\n\n{USAGE}")),
    };
    match trouble {
        None => ExitCode::SUCCESS,
        Some(what) => {
            // Where even this cannot be written, the exit code says it.
            let _ = writeln!(io::stderr(), "error: {what}");
            ExitCode::FAILURE
        }
    }
}
