//! Every scenario in `scenarios/`, and the table in `RULES.md` that leads from each rule to code and scenario.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first thing that is wrong"
)]

mod language;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use language::Scenario;

fn all() -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files = Vec::new();
    files_in(&root, &mut files);
    files.sort();
    let mut scenarios = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a scenario is a text");
        let name = path
            .strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .expect("it lies in the crate")
            .display()
            .to_string();
        match language::read(&name, &text) {
            Ok(read) => scenarios.extend(read),
            Err(error) => panic!("{error}"),
        }
    }
    scenarios
}

fn files_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the scenarios are there") {
        let path = entry.expect("a folder is readable").path();
        if path.is_dir() {
            files_in(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn every_scenario_holds() {
    let scenarios = all();
    let wrong: Vec<String> = scenarios
        .iter()
        .filter_map(|it| {
            let error = language::run(it).err()?;
            Some(format!("{error}\n    在场景：{}", it.title))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} 个场景里 {} 个不成立\n{}",
        scenarios.len(),
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_title_is_there_once() {
    let mut titles = BTreeSet::new();
    for scenario in all() {
        assert!(
            titles.insert(scenario.title.clone()),
            "{}：两个场景都叫“{}”",
            scenario.file,
            scenario.title
        );
    }
}
