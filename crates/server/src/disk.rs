//! Files that are whole at any moment, and on the disk when it is said so.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// For the eyes of the account's owner only.
pub const OWNERS: u32 = 0o600;

/// Makes a file for its owner's eyes only, where there is none.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, OWNERS)
}

/// Puts the bytes in the place of what the file holds: a reader finds the one or the other.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut next = path.as_os_str().to_owned();
    next.push(".next");
    let next = Path::new(&next);
    match std::fs::remove_file(next) {
        // Of somebody who came no further.
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    write(next, bytes, mode)?;
    rename(next, path)
}

/// The name is durable as well.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    let folder = to.parent().filter(|it| !it.as_os_str().is_empty());
    #[cfg(unix)]
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
