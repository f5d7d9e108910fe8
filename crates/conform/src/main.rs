//! `shouwen-conform tables FILE…`, `… import FILE…`, `… check FILE`: what `cargo xtask conform` and
//! `cargo xtask calendar` run.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks by printing"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use shouwen_conform::case::World;
use shouwen_conform::{import, table, workdays};
use shouwen_domain::calendar::Calendar;
use shouwen_domain::zone::Zones;

const USAGE: &str = "\
Usage: shouwen-conform [--packs DIR] <command>

  tables FILE…   reckon each case of these tables; fails where one differs or cannot be read
  import FILE…   check published years and write them into DIR/calendars/cn
  check FILE     compare the years there with a list of days off and make-up days";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (packs, args) = match args[..] {
        ["--packs", packs, ref args @ ..] => (PathBuf::from(packs), args),
        ref args => {
            let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs");
            (PathBuf::from(ours), args)
        }
    };
    let done = match args {
        ["tables", files @ ..] if !files.is_empty() => tables(&packs, files),
        ["import", files @ ..] if !files.is_empty() => import(&packs, files),
        ["check", file] => check(&packs, file),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<bool, Box<dyn Error>>;

fn tables(packs: &Path, files: &[&str]) -> Done {
    let world = World {
        zones: Zones::parse(&read(&packs.join("zones.toml"))?)?,
        cn: calendar(&years(packs)?)?,
    };
    let (mut n_agree, mut n_cases, mut all_read) = (0, 0, true);
    for file in files {
        let report = read(Path::new(file)).and_then(|text| Ok(table::check(file, &text, &world)?));
        match report {
            Ok(report) => {
                println!("{report}");
                n_agree += report.n_agree;
                n_cases += report.n_cases;
            }
            Err(error) => {
                println!("{error}");
                all_read = false;
            }
        }
    }
    if files.len() > 1 {
        println!("in total: agree {n_agree} of {n_cases}");
    }
    Ok(all_read && n_agree == n_cases)
}

fn import(packs: &Path, files: &[&str]) -> Done {
    let mut shipped = years(packs)?;
    for file in files {
        let year = import::year(file, &read(Path::new(file))?, &shipped)?;
        let name = import::file_name(year.year);
        let is_same = shipped.get(&name) == Some(&year.text);
        if is_same {
            println!("{file}: {name} stays as it is");
        } else {
            let path = packs.join("calendars/cn").join(&name);
            fs::write(&path, &year.text).map_err(|error| named(&path, &error))?;
            println!(
                "{file}: wrote {}, {} days changed",
                path.display(),
                year.changes.len()
            );
            for change in &year.changes {
                println!("  {change}");
            }
        }
        shipped.insert(name, year.text);
    }
    Ok(true)
}

fn check(packs: &Path, file: &str) -> Done {
    let ours = calendar(&years(packs)?)?;
    let compared = workdays::compare(&read(Path::new(file))?, &ours)
        .map_err(|error| format!("{file}: {error}"))?;
    for year in &compared {
        println!("{year}");
    }
    let n_agree = compared.iter().filter(|it| it.agrees()).count();
    println!("{file}: agree in {n_agree} of {} years", compared.len());
    Ok(n_agree == compared.len())
}

fn years(packs: &Path) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let folder = packs.join("calendars/cn");
    let mut years = BTreeMap::new();
    for entry in fs::read_dir(&folder).map_err(|error| named(&folder, &error))? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "json") {
            let name = path.file_name().unwrap_or_default();
            years.insert(name.to_string_lossy().into_owned(), read(&path)?);
        }
    }
    Ok(years)
}

fn calendar(years: &BTreeMap<String, String>) -> Result<Calendar, Box<dyn Error>> {
    let files: Vec<_> = years
        .iter()
        .map(|it| (it.0.as_str(), it.1.as_str()))
        .collect();
    Ok(Calendar::parse(&files)?)
}

fn read(path: &Path) -> Result<String, Box<dyn Error>> {
    fs::read_to_string(path).map_err(|error| named(path, &error).into())
}

fn named(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
