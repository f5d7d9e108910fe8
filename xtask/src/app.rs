//! Builds the app with trunk, and serves it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{
    precache, setup, shell,
    tools::{self, WasmToolchain},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// What people get: small, optimised as a whole, compressed.
    Release,
    /// What whoever writes the app looks at: quick to build.
    Dev,
    /// What people get, and lets benchmarks drive it.
    Bench,
}

impl Profile {
    /// Where it is built to. What is measured stands beside what is served.
    pub fn dist(self) -> PathBuf {
        let folder = match self {
            Self::Release | Self::Dev => "dist",
            Self::Bench => "target/bench/dist",
        };
        shell::workspace_root().join(folder)
    }

    fn stamp(self) -> PathBuf {
        let name = match self {
            Self::Release | Self::Dev => "target/xtask/app-inputs",
            Self::Bench => "target/bench/app-inputs",
        };
        shell::workspace_root().join(name)
    }
}

/// What the app is made of. A file that is not here can change without a new build.
const INPUTS: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "index.html",
    "src",
    "crates",
    "style",
    "public",
    "packs",
];

/// Never part of the app, whatever it comes to depend on.
const NOT_INPUTS: [&str; 3] = ["crates/server", "crates/sim", "crates/demo"];

/// Builds the app into its folder, unless what is there was built from the same files.
pub fn build(profile: Profile) -> Result<()> {
    let toolchain = setup::wasm()?;
    let inputs = inputs_hash(shell::workspace_root(), profile, toolchain)?;
    let dist = profile.dist();
    if is_current(profile, &inputs) {
        println!("build: {} is up to date", dist.display());
        return Ok(());
    }
    forget_inputs(profile)?;
    let (result, time) = shell::timed(|| trunk_build(profile, toolchain));
    result?;
    remember_inputs(profile, &inputs)?;
    println!("build: {} took {:.1} s", dist.display(), time.as_secs_f64());
    Ok(())
}

fn trunk_build(profile: Profile, toolchain: WasmToolchain) -> Result<()> {
    let mut trunk = tools::wasm_command("trunk", toolchain)?;
    trunk
        // All it needs is in place; without this it looks for newer tools.
        .args(["build", "--offline", "--skip-version-check"])
        .env(
            "SHOUWEN_XTASK",
            std::env::current_exe().context("Failed to find this program's own path")?,
        )
        // Trunk refuses to start when this has a value that is neither "true" nor "false".
        .env_remove("NO_COLOR");
    match profile {
        Profile::Release => drop(trunk.arg("--release")),
        Profile::Dev => {}
        Profile::Bench => {
            fs::create_dir_all(profile.dist()).context("Failed to make the folder to build to")?;
            trunk.args(["--release", "--features", "bench", "--dist"]);
            trunk.arg(profile.dist());
        }
    }
    shell::run(&mut trunk)
}

/// Builds the app and runs the server over it; `args` go to the server.
pub fn serve(args: &[&str]) -> Result<()> {
    build(Profile::Release)?;
    shell::run(
        shell::command("cargo")
            .args(["run", "--quiet", "--package", "shouwen-server", "--"])
            .args(server_args(args)),
    )
}

/// The defaults, each unless it was given.
fn server_args<'a>(given: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["--demo"];
    for (name, value) in [
        ("--listen", "127.0.0.1:8080"),
        ("--dist", "dist"),
        ("--data", "data"),
    ] {
        let assigned = format!("{name}=");
        if !given
            .iter()
            .any(|it| *it == name || it.starts_with(&assigned))
        {
            args.extend([name, value]);
        }
    }
    args.extend(given.iter().filter(|it| **it != "--demo"));
    args
}

fn is_current(profile: Profile, inputs: &str) -> bool {
    profile.dist().join("index.html").is_file()
        && fs::read_to_string(profile.stamp()).is_ok_and(|remembered| remembered == inputs)
}

fn forget_inputs(profile: Profile) -> Result<()> {
    let stamp = profile.stamp();
    if stamp.exists() {
        fs::remove_file(stamp).context("Failed to forget what the app was built from")?;
    }
    Ok(())
}

fn remember_inputs(profile: Profile, inputs: &str) -> Result<()> {
    let stamp = profile.stamp();
    fs::create_dir_all(stamp.parent().expect("the stamp stands in a folder"))
        .and_then(|()| fs::write(&stamp, inputs))
        .context("Failed to note what the app was built from")
}

fn inputs_hash(root: &Path, profile: Profile, toolchain: WasmToolchain) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(format!(
        "{profile:?} {toolchain:?} {}",
        tools::TRUNK_VERSION
    ));
    for file in files(root, &INPUTS)? {
        hash.update(precache::content_hash(&root.join(&file))?);
        hash.update(file.as_os_str().as_encoded_bytes());
    }
    Ok(precache::hex(&hash.finalize()))
}

/// Every input file, relative to the root, in the same order on every machine.
fn files(root: &Path, inputs: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for input in inputs {
        let path = root.join(input);
        if path.is_dir() {
            let inside = precache::walk(&path)?;
            found.extend(inside.into_iter().map(|file| Path::new(input).join(file)));
        } else if path.is_file() {
            found.push(PathBuf::from(input));
        }
    }
    found.retain(|file| !NOT_INPUTS.iter().any(|it| file.starts_with(it)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_gets_defaults_for_what_was_not_given() {
        assert_eq!(
            server_args(&[]),
            [
                "--demo",
                "--listen",
                "127.0.0.1:8080",
                "--dist",
                "dist",
                "--data",
                "data"
            ]
        );
        assert_eq!(
            server_args(&["--listen", "[::1]:9000", "--data=elsewhere", "--demo"]),
            [
                "--demo",
                "--dist",
                "dist",
                "--listen",
                "[::1]:9000",
                "--data=elsewhere"
            ]
        );
    }

    #[test]
    fn the_app_is_not_built_again_for_what_only_the_server_uses() {
        let root = std::env::temp_dir().join(format!("xtask-inputs-{}", std::process::id()));
        for file in [
            "src/main.rs",
            "crates/domain/src/lib.rs",
            "crates/server/src/main.rs",
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let hash = |profile| inputs_hash(&root, profile, WasmToolchain::Default).unwrap();
        let before = hash(Profile::Release);
        assert_ne!(hash(Profile::Dev), before);

        fs::write(root.join("crates/server/src/main.rs"), "changed").unwrap();
        assert_eq!(hash(Profile::Release), before);

        fs::write(root.join("crates/domain/src/lib.rs"), "changed").unwrap();
        assert_ne!(hash(Profile::Release), before);
        fs::remove_dir_all(root).unwrap();
    }
}
