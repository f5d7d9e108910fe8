//! A way to build for wasm where rustup cannot fetch its wasm32 library: an air-gapped office.
//!
//! Installs Debian's Rust, builds the library once from its source package, and links that
//! toolchain into rustup as `debian`. Native builds keep the normal toolchain. Where the target
//! is already there, nothing here runs. Needs root, since the library goes beside Debian's compiler.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{setup, shell, tools};

const TOOLCHAIN: &str = "debian";
const LINKER: &str = "wasm-ld-19";
const LIBRARY: &str = "/usr/lib/rustlib/wasm32-unknown-unknown/lib";
const PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-clippy",
    "lld-19",
];

pub fn install() -> Result<()> {
    setup::apt_install(&PACKAGES)?;
    build_library()?;
    shell::run(shell::command("rustup").args(["toolchain", "link", TOOLCHAIN, "/usr"]))?;
    if !setup::compiles_for_wasm(&env()) {
        bail!("The library in {LIBRARY} was built, but the compiler does not accept it.");
    }
    Ok(())
}

/// What selects this toolchain.
pub fn env() -> Vec<(&'static str, OsString)> {
    vec![
        ("RUSTUP_TOOLCHAIN", TOOLCHAIN.into()),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER.into()),
    ]
}

/// Whether this machine is one where the fallback can be, or can be put, in place.
pub fn is_possible() -> bool {
    shell::find("rustup").is_some() && (setup::can_apt_install() || Path::new(LIBRARY).is_dir())
}

/// The package brings the compiler for the target and the library's source, vendored crates
/// included, but not the library.
fn build_library() -> Result<()> {
    // A fresh folder: the results of two builds side by side give "can't find crate" errors.
    let folder = tools::cache()?.join("wasm-library");
    clear(&folder)?;
    fs::create_dir_all(folder.join("src"))?;
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    fs::write(folder.join("src/lib.rs"), "")?;
    shell::run(
        Command::new("/usr/bin/cargo")
            .current_dir(&folder)
            .args(["build", "--quiet", "--release"])
            .args(["--target", "wasm32-unknown-unknown"])
            .arg("-Zbuild-std=core,alloc,std,panic_abort,test")
            .env("RUSTC", "/usr/bin/rustc")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", folder.join("target"))
            // Without it, link-time optimisation has nothing to work on.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes"),
    )?;
    put_in_place(&folder.join("target/wasm32-unknown-unknown/release/deps"))?;
    clear(&folder)
}

fn put_in_place(built: &Path) -> Result<()> {
    clear(Path::new(LIBRARY))?;
    fs::create_dir_all(LIBRARY).with_context(|| format!("Failed to make {LIBRARY}"))?;
    for file in libraries(built)? {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, Path::new(LIBRARY).join(name))
            .with_context(|| format!("Failed to copy {}", file.display()))?;
    }
    Ok(())
}

fn libraries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder)
        .with_context(|| format!("Failed to look into {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            found.push(path);
        }
    }
    Ok(found)
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("Failed to remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
