//! Files that are whole at any moment, and on the disk when it is said so.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// For the eyes of the account's owner only.
pub const OWNERS: u32 = 0o600;

/// What anybody on the machine may do with a file, and what its group may that only the owner should.
#[cfg(unix)]
const NOT_PRIVATE: u32 = 0o027;

/// Reads a file that holds a secret; refuses one that anybody on the machine can read, or others than its owner can change.
pub fn read_secret(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        if mode & NOT_PRIVATE != 0 {
            let what = format!(
                "it is not private (mode {mode:03o}): anybody on this machine can read it, or others than its owner can \
                 change it; \"chmod 600\" mends that"
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a file for its owner's eyes only, where there is none.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, OWNERS)
}

/// Puts the bytes in the place of what the file holds, or makes it: a reader finds the one or the other. Whose it was and who
/// may read it stays so, since whoever gives the order is often not the account that servers run under; a new file is of
/// whoever owns its folder, with this mode.
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
    write(next, bytes, OWNERS)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
        let (like, mode) = match std::fs::metadata(path) {
            Ok(it) => {
                let mode = it.permissions().mode() & 0o777;
                (it, mode)
            }
            Err(_) => (std::fs::metadata(folder_of(path))?, mode),
        };
        let found = std::fs::metadata(next)?;
        if (found.uid(), found.gid()) != (like.uid(), like.gid()) {
            chown(next, Some(like.uid()), Some(like.gid()))?;
        }
        std::fs::set_permissions(next, PermissionsExt::from_mode(mode))?;
    }
    rename(next, path)
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}

/// The name is durable as well.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    #[cfg(unix)]
    File::open(folder_of(to))?.sync_all()?;
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

#[cfg(all(test, unix))]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_replaced_stays_whose_it_was() {
        use std::os::unix::fs::{MetadataExt, chown};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let is = |mode, bytes: &[u8]| {
            let found = std::fs::metadata(&path).unwrap();
            assert_eq!(found.permissions().mode() & 0o777, mode);
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
            (found.uid(), found.gid())
        };
        replace(&path, b"one", 0o640).unwrap();
        let owner = is(0o640, b"one");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        // Only an administrator gives files away.
        let given = chown(&path, Some(owner.0 + 7), Some(owner.1 + 7)).is_ok();
        let given = u32::from(given) * 7;
        replace(&path, b"two", 0o640).unwrap();
        assert_eq!(is(0o600, b"two"), (owner.0 + given, owner.1 + given));
        let others = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(others, 1, "nothing is left beside it");
    }

    #[test]
    fn a_secret_that_anybody_can_read_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_new(&path, b"secret").unwrap();
        for (mode, is_private) in [
            (0o600, true),
            (0o400, true),
            (0o640, true),
            (0o644, false),
            (0o602, false),
            (0o660, false),
        ] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match read_secret(&path) {
                Ok(bytes) => assert!(is_private && bytes == b"secret", "{mode:o}"),
                Err(error) => {
                    assert!(!is_private, "{mode:o}: {error}");
                    assert!(error.to_string().contains(&format!("mode {mode:o}")));
                }
            }
        }
    }
}
