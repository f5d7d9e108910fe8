//! Who may depend on whom, and where every file begins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each of our crates may use of ours, tests aside.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("shouwen-domain", &[]),
    ("shouwen-conform", &["shouwen-domain"]),
    ("shouwen-store", &["shouwen-domain"]),
    ("shouwen-sync", &["shouwen-domain"]),
    (
        "shouwen-store-indexeddb",
        &["shouwen-domain", "shouwen-store"],
    ),
    (
        "shouwen-server",
        &["shouwen-domain", "shouwen-store", "shouwen-sync"],
    ),
    (
        "shouwen-sim",
        &["shouwen-domain", "shouwen-store", "shouwen-sync"],
    ),
    (
        "shouwen-demo",
        &["shouwen-domain", "shouwen-store", "shouwen-sync"],
    ),
    (
        "shouwen",
        &[
            "shouwen-domain",
            "shouwen-store",
            "shouwen-store-indexeddb",
            "shouwen-sync",
        ],
    ),
    ("xtask", &[]),
];

/// What a crate never uses, whoever wrote it.
const NEVER: [(&str, &[&str]); 5] = [
    (
        "shouwen-domain",
        &[
            "js-sys",
            "web-sys",
            "wasm-bindgen",
            "tokio",
            "rand",
            "getrandom",
            "leptos",
        ],
    ),
    (
        "shouwen-sync",
        &[
            "js-sys",
            "web-sys",
            "wasm-bindgen",
            "tokio",
            "rand",
            "getrandom",
            "leptos",
        ],
    ),
    (
        "shouwen-store",
        &["js-sys", "web-sys", "wasm-bindgen", "rusqlite", "leptos"],
    ),
    ("shouwen-store-indexeddb", &["leptos"]),
    ("shouwen-server", &["leptos", "wasm-bindgen", "web-sys"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Package → what it uses outside its tests.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs, since it runs this test");
    let metadata: Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata answers in JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    packages
        .iter()
        .map(|package| {
            let name = package["name"]
                .as_str()
                .expect("a package has a name")
                .to_owned();
            let dependencies = package["dependencies"]
                .as_array()
                .expect("a package has dependencies");
            let uses = dependencies
                .iter()
                .filter(|it| it["kind"].as_str() != Some("dev"))
                .filter_map(|it| it["name"].as_str().map(ToOwned::to_owned));
            (name, uses.collect())
        })
        .collect()
}

#[test]
fn our_crates_use_only_what_the_architecture_allows() {
    let may_use: BTreeMap<_, _> = MAY_USE.into_iter().collect();
    let ours: BTreeSet<&str> = may_use.keys().copied().collect();
    for (package, uses) in uses() {
        let allowed = may_use.get(package.as_str());
        let allowed = allowed
            .unwrap_or_else(|| panic!("{package} is not in the architecture: give it a row"));
        for used in uses.iter().filter(|it| ours.contains(it.as_str())) {
            assert!(
                allowed.contains(&used.as_str()),
                "{package} may not use {used}"
            );
        }
    }
}

#[test]
fn pure_crates_stay_pure() {
    let uses = uses();
    for (package, never) in NEVER {
        for banned in never {
            assert!(
                !uses[package].contains(*banned),
                "{package} may not use {banned}"
            );
        }
    }
}

fn files(folder: &Path, extension: &str, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder that opened can be listed").path();
        if path.is_dir() {
            if !path.ends_with("target") {
                files(&path, extension, into);
            }
        } else if path.extension().is_some_and(|it| it == extension) {
            into.push(path);
        }
    }
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    let mut sources = Vec::new();
    for folder in ["src", "crates", "xtask", "tests"] {
        files(&root().join(folder), "rs", &mut sources);
    }
    assert!(sources.len() > 50, "the folders are where they were");
    for path in sources {
        let text = std::fs::read_to_string(&path).expect("a source is UTF-8");
        assert!(
            text.starts_with("//!"),
            "{} does not open with //!",
            path.display()
        );
    }
}

#[test]
fn every_style_file_is_in_the_page() {
    let page = std::fs::read_to_string(root().join("index.html")).expect("the page is there");
    let mut styles = Vec::new();
    files(&root().join("style"), "css", &mut styles);
    for path in styles {
        let name = path
            .strip_prefix(root())
            .expect("it lies below the root")
            .display()
            .to_string();
        assert!(
            page.contains(&format!("\"{name}\"")),
            "{name} is not linked in index.html"
        );
    }
}
