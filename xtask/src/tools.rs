//! Which tools in which version, and where they are kept.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, anyhow};

use crate::{shell, wasm_fallback};

pub const TRUNK_VERSION: &str = "0.21.14";
const FUZZ_VERSION: &str = "0.13.2";
const MUTANTS_VERSION: &str = "27.1.0";
const DENY_VERSION: &str = "0.20.2";
/// A program in Python, in an environment of its own: see `setup::schemathesis`.
pub const SCHEMATHESIS_VERSION: &str = "4.32.5";

/// Which toolchain builds for wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmToolchain {
    /// The one that builds everything else.
    Default,
    /// The distribution's, see [`wasm_fallback`].
    Distribution,
}

/// A program of ours in the cache, by name and version.
pub struct Tool {
    pub package: &'static str,
    pub version: String,
    /// The programs the package brings.
    pub programs: &'static [&'static str],
}

impl Tool {
    pub fn trunk() -> Self {
        Self {
            package: "trunk",
            version: TRUNK_VERSION.to_owned(),
            programs: &["trunk"],
        }
    }

    pub fn fuzz() -> Self {
        Self {
            package: "cargo-fuzz",
            version: FUZZ_VERSION.to_owned(),
            programs: &["cargo-fuzz"],
        }
    }

    pub fn mutants() -> Self {
        Self {
            package: "cargo-mutants",
            version: MUTANTS_VERSION.to_owned(),
            programs: &["cargo-mutants"],
        }
    }

    pub fn deny() -> Self {
        Self {
            package: "cargo-deny",
            version: DENY_VERSION.to_owned(),
            programs: &["cargo-deny"],
        }
    }

    pub fn wasm_bindgen() -> Result<Self> {
        Ok(Self {
            package: "wasm-bindgen-cli",
            version: wasm_bindgen_version()?,
            programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
        })
    }

    /// The folder of this version; `bin/` in it holds the programs.
    pub fn folder(&self) -> Result<PathBuf> {
        let name = self.package.trim_end_matches("-cli");
        Ok(cache()?.join(format!("{name}-{}", self.version)))
    }

    pub fn is_in_place(&self) -> Result<bool> {
        let bin = self.folder()?.join("bin");
        Ok(self
            .programs
            .iter()
            .all(|program| bin.join(program).with_extension(EXE).is_file()))
    }
}

const EXE: &str = std::env::consts::EXE_EXTENSION;

/// What a command that builds for wasm needs in its environment.
pub fn wasm_env(toolchain: WasmToolchain) -> Result<Vec<(&'static str, OsString)>> {
    let mut env = vec![("PATH", wasm_path()?)];
    if toolchain == WasmToolchain::Distribution {
        env.extend(wasm_fallback::env());
    }
    Ok(env)
}

/// A command that builds for wasm.
pub fn wasm_command(program: &str, toolchain: WasmToolchain) -> Result<Command> {
    let path = wasm_path()?;
    let program = find_in(&path, program).unwrap_or_else(|| program.into());
    let mut command = shell::command(program);
    command
        .envs(wasm_env(toolchain)?)
        // Names the cargo that runs us, which may not be the one that builds for wasm.
        .env_remove("CARGO");
    Ok(command)
}

/// PATH with our versions of the tools before all others.
fn wasm_path() -> Result<OsString> {
    let mut folders = vec![
        Tool::trunk().folder()?.join("bin"),
        Tool::wasm_bindgen()?.folder()?.join("bin"),
        node_programs(),
    ];
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    std::env::join_paths(folders).context("Failed to put the tools on PATH")
}

fn find_in(path: &OsString, program: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join(program).with_extension(EXE))
        .find(|candidate| candidate.is_file())
}

/// The programs that npm put into the project: wasm-opt among them.
pub fn node_programs() -> PathBuf {
    shell::workspace_root().join("node_modules/.bin")
}

/// The folder for tools; outlives `target/`, so that a clean build is not a clean installation.
pub fn cache() -> Result<PathBuf> {
    if let Some(folder) = set_folder("SHOUWEN_TOOLS") {
        return Ok(folder);
    }
    if let Some(folder) = set_folder("XDG_CACHE_HOME") {
        return Ok(folder.join("shouwen"));
    }
    std::env::home_dir()
        .map(|home| home.join(".cache/shouwen"))
        .ok_or_else(|| anyhow!("There is no home folder to keep tools in; set SHOUWEN_TOOLS."))
}

fn set_folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
}

/// The tool must be exactly the version that the library is.
fn wasm_bindgen_version() -> Result<String> {
    let root = shell::workspace_root();
    let manifest = read(&root.join("Cargo.toml"))?;
    let lock = read(&root.join("Cargo.lock")).unwrap_or_default();
    locked_version(&lock)
        .or_else(|| pinned_version(&manifest))
        .map(str::to_owned)
        .ok_or_else(|| {
            anyhow!("Neither Cargo.lock nor Cargo.toml says which wasm-bindgen the app uses.")
        })
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("Failed to read {}", path.display()))
}

fn locked_version(lock: &str) -> Option<&str> {
    let (_, rest) = lock.split_once("name = \"wasm-bindgen\"\nversion = \"")?;
    rest.split('"').next()
}

fn pinned_version(manifest: &str) -> Option<&str> {
    let (_, rest) = manifest.split_once("\nwasm-bindgen = \"=")?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_that_of_the_library_itself() {
        let lock = "[[package]]\nname = \"wasm-bindgen-backend\"\nversion = \"0.9.9\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock), Some("0.2.130"));
        assert_eq!(locked_version("[[package]]\nname = \"serde\"\n"), None);
    }

    #[test]
    fn the_pinned_version_is_read_without_its_sign() {
        let manifest = "[workspace.dependencies]\nwasm-bindgen = \"=0.2.130\"\n";
        assert_eq!(pinned_version(manifest), Some("0.2.130"));
        assert_eq!(pinned_version("wasm-bindgen = \"0.2\"\n"), None);
    }
}
