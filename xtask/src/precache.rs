//! Completes a built app: lists its files in the service worker and compresses them.
//!
//! The list is made from what was built, so that no hand-kept one can forget a file.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::styles;

const WORKER: &str = "sw.js";
const VERSION_PLACEHOLDER: &str = "/*PRECACHE_VERSION*/\"\"";
const FILES_PLACEHOLDER: &str = "/*PRECACHE_FILES*/[]";

/// Completes the folder that trunk is about to publish.
pub fn staged() -> Result<()> {
    let Some(staging) = std::env::var_os("TRUNK_STAGING_DIR") else {
        bail!("Trunk calls this after a build; name the folder to complete a build by hand.");
    };
    complete(Path::new(&staging), is_release())
}

/// Completes a built app in any folder.
pub fn folder(folder: &Path) -> Result<()> {
    complete(folder, true)
}

/// Compressing takes longer than building what a developer looks at.
fn is_release() -> bool {
    std::env::var_os("TRUNK_PROFILE").is_none_or(|profile| profile == "release")
}

fn complete(folder: &Path, compressed: bool) -> Result<()> {
    styles::join(folder)?;
    let files: Vec<PathBuf> = walk(folder)?
        .into_iter()
        .filter(|file| is_precached(file))
        .collect();
    let version = version(folder, &files)?;
    fill_worker(&folder.join(WORKER), &version, &files)?;
    println!("precache: version {version}, {} files", files.len());
    if compressed {
        compress(folder)?;
    }
    Ok(())
}

/// Every file in a folder and its folders, relative to it, sorted.
pub fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(next) = pending.pop() {
        let entries = fs::read_dir(&next)
            .with_context(|| format!("Failed to look into {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                found.push(path.strip_prefix(folder)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The worker must not hold itself: the browser fetches it afresh to learn of a new version.
fn is_precached(file: &Path) -> bool {
    file != Path::new(WORKER) && !matches!(extension(file), "br" | "gz" | "map")
}

/// Changes when any file's name or content does.
fn version(folder: &Path, files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(url(file)?);
        hash.update([0]);
        hash.update(content_hash(&folder.join(file))?);
    }
    let mut version = hex(&hash.finalize());
    version.truncate(16);
    Ok(version)
}

pub fn content_hash(file: &Path) -> Result<[u8; 32]> {
    let content = fs::read(file).with_context(|| format!("Failed to read {}", file.display()))?;
    Ok(Sha256::digest(content).into())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written to it");
        text
    })
}

fn fill_worker(worker: &Path, version: &str, files: &[PathBuf]) -> Result<()> {
    let template = fs::read_to_string(worker)
        .with_context(|| format!("Failed to read the service worker {}", worker.display()))?;
    let folder = worker.parent().unwrap_or(Path::new("."));
    let entries = files
        .iter()
        .map(|file| entry(folder, file))
        .collect::<Result<Vec<_>>>()?;
    let filled = fill(
        &template,
        VERSION_PLACEHOLDER,
        &serde_json::to_string(version)?,
    )?;
    let filled = fill(
        &filled,
        FILES_PLACEHOLDER,
        &serde_json::to_string(&entries)?,
    )?;
    fs::write(worker, filled).with_context(|| format!("Failed to write {}", worker.display()))
}

fn fill(template: &str, placeholder: &str, value: &str) -> Result<String> {
    match template.matches(placeholder).count() {
        1 => Ok(template.replace(placeholder, value)),
        0 => {
            bail!("The service worker lacks the placeholder {placeholder}, or was filled already.")
        }
        n => bail!("The service worker has the placeholder {placeholder} {n} times, not once."),
    }
}

/// What the worker fetches, and the digest without which it keeps nothing.
fn entry(folder: &Path, file: &Path) -> Result<serde_json::Value> {
    let digest = base64(&content_hash(&folder.join(file))?);
    Ok(serde_json::json!({ "path": url(file)?, "integrity": format!("sha256-{digest}") }))
}

/// The app is served from the root of its origin.
fn url(file: &Path) -> Result<String> {
    let parts: Option<Vec<&str>> = file.iter().map(std::ffi::OsStr::to_str).collect();
    let parts = parts.with_context(|| format!("The name of {} is not Unicode", file.display()))?;
    Ok(format!("/{}", parts.join("/")))
}

pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

/// Writes `.br` and `.gz` beside each file that gains by it; the server sends them as they are.
fn compress(folder: &Path) -> Result<()> {
    let (mut n_bytes, mut n_bytes_sent) = (0, 0);
    for file in walk(folder)?.iter().filter(|file| is_compressible(file)) {
        let path = folder.join(file);
        let content =
            fs::read(&path).with_context(|| format!("Failed to read {}", path.display()))?;
        let smallest = brotli(&content)?;
        write_smaller(&path, "gz", &content, &gzip(&content)?)?;
        write_smaller(&path, "br", &content, &smallest)?;
        n_bytes += content.len();
        n_bytes_sent += smallest.len().min(content.len());
    }
    println!("precache: {n_bytes} bytes of text and code compress to {n_bytes_sent}");
    Ok(())
}

fn is_compressible(file: &Path) -> bool {
    matches!(
        extension(file),
        "wasm" | "js" | "mjs" | "css" | "html" | "json" | "svg" | "txt" | "webmanifest"
    )
}

fn extension(file: &Path) -> &str {
    file.extension()
        .and_then(std::ffi::OsStr::to_str)
        .unwrap_or_default()
}

fn write_smaller(path: &Path, extension: &str, content: &[u8], packed: &[u8]) -> Result<()> {
    if packed.len() >= content.len() {
        return Ok(());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    fs::write(&name, packed).with_context(|| format!("Failed to write {}", name.display()))
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(content)?;
    Ok(packer.finish()?)
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    const BUFFER_BYTES: usize = 64 * 1024;
    const QUALITY: u32 = 11;
    const WINDOW_BITS: u32 = 22;
    let sink = Vec::new();
    let mut packer = brotli::CompressorWriter::new(sink, BUFFER_BYTES, QUALITY, WINDOW_BITS);
    packer.write_all(content)?;
    Ok(packer.into_inner())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Read;

    use super::*;

    const TEMPLATE: &str =
        "const VERSION = /*PRECACHE_VERSION*/\"\";\nconst FILES = /*PRECACHE_FILES*/[];\n";

    /// A built app in a folder of its own, gone when dropped.
    pub struct Built(pub PathBuf);

    impl Built {
        pub fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
            for (file, content) in files {
                let path = folder.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            Self(folder)
        }

        pub fn read(&self, file: &str) -> String {
            fs::read_to_string(self.0.join(file)).unwrap()
        }

        pub fn has(&self, file: &str) -> bool {
            self.0.join(file).exists()
        }
    }

    impl Drop for Built {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn the_worker_lists_every_file_but_itself_maps_and_compressed_ones() {
        let built = Built::new(
            "lists",
            &[
                ("sw.js", TEMPLATE),
                ("index.html", "<!doctype html>"),
                ("icons/192.png", "png"),
                ("app.js", "x"),
                ("app.js.map", "{}"),
                ("app.js.br", "old"),
                ("app.js.gz", "old"),
            ],
        );
        complete(&built.0, false).unwrap();
        let worker = built.read("sw.js");
        let (_, list) = worker.split_once("const FILES = ").unwrap();
        let list: serde_json::Value =
            serde_json::from_str(list.trim_end().trim_end_matches(';')).unwrap();
        let paths: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["path"].clone())
            .collect();
        assert_eq!(paths, ["/app.js", "/icons/192.png", "/index.html"]);
        // printf x | openssl dgst -sha256 -binary | base64
        assert_eq!(
            list[0]["integrity"],
            "sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE="
        );
    }

    #[test]
    fn base64_is_padded_as_the_standard_says() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ];
        for (bytes, text) in cases {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn the_version_follows_names_and_contents() {
        let version_of = |name: &str, files: &[(&str, &str)]| {
            let built = Built::new(name, files);
            let names = walk(&built.0).unwrap();
            version(&built.0, &names).unwrap()
        };
        let first = version_of("version-1", &[("a.js", "one")]);
        assert_eq!(first, version_of("version-2", &[("a.js", "one")]));
        assert_ne!(first, version_of("version-3", &[("a.js", "two")]));
        assert_ne!(first, version_of("version-4", &[("b.js", "one")]));
    }

    #[test]
    fn a_missing_placeholder_is_an_error_that_names_it() {
        for placeholder in [VERSION_PLACEHOLDER, FILES_PLACEHOLDER] {
            let built = Built::new("missing", &[("sw.js", &TEMPLATE.replace(placeholder, "0"))]);
            let error = complete(&built.0, false).unwrap_err().to_string();
            assert!(error.contains(placeholder), "{error}");
        }
    }

    #[test]
    fn a_missing_worker_is_an_error_that_names_it() {
        let built = Built::new("no-worker", &[("index.html", "")]);
        let error = complete(&built.0, false).unwrap_err().to_string();
        assert!(error.contains("sw.js"), "{error}");
    }

    #[test]
    fn compressed_files_hold_the_content_and_stand_only_where_they_are_smaller() {
        let text = "a phrase that comes again. ".repeat(200);
        let built = Built::new(
            "compressed",
            &[
                ("sw.js", TEMPLATE),
                ("app.css", &text),
                ("tiny.txt", "x"),
                ("photo.png", &text),
            ],
        );
        complete(&built.0, true).unwrap();

        let mut gz = String::new();
        flate2::read::GzDecoder::new(fs::File::open(built.0.join("app.css.gz")).unwrap())
            .read_to_string(&mut gz)
            .unwrap();
        assert_eq!(gz, text);

        let mut br = String::new();
        brotli::Decompressor::new(fs::File::open(built.0.join("app.css.br")).unwrap(), 4096)
            .read_to_string(&mut br)
            .unwrap();
        assert_eq!(br, text);

        assert!(!built.has("tiny.txt.br"));
        assert!(!built.has("photo.png.br"));
    }
}
