//! The program's orders as they are typed: backup, verify, restore, and several processes on one database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "every test program uses a part")]
mod postgres;
mod support;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use postgres::Database;
use support::{Program, dist, get};

/// What an order printed, on success to the one side, on failure to the other.
fn order<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_shouwen-server"))
        .args(words)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

fn word(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_running_server_is_backed_up_and_restored_by_orders() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    let file = folder.path().join("it.backup");
    let server = Program::start(Program::command(&data, dist.path()));

    let said = order(["backup", word(&file), "--data", word(&data)]).unwrap();
    assert!(
        said.starts_with(
            "Backed up, read back and found whole: sites 1, chains 0, envelopes 0, bytes "
        ),
        "{said}"
    );
    assert!(!file.with_extension("backup.partial").exists());
    let whole = order(["verify", word(&file)]).unwrap();
    assert_eq!(
        whole.trim_start_matches("Whole: "),
        said.trim_start_matches("Backed up, read back and found whole: ")
    );
    let restored = order(["restore", word(&file), "--data", word(&other)]).unwrap();
    assert!(restored.starts_with("Restored: sites 1, "), "{restored}");
    order(["restore", word(&file), "--data", word(&data)]).unwrap();
    assert_eq!(get(server.address, "/healthz", &[]).status, 200);

    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 4;
    std::fs::write(&file, bytes).unwrap();
    let nothing = folder.path().join("nothing");
    let refused = order(["restore", word(&file), "--data", word(&nothing)]).unwrap_err();
    assert!(
        refused.starts_with("error: The backup is damaged between byte "),
        "{refused}"
    );
    assert!(!nothing.exists());
    let missing = order(["backup", "/nowhere/it", "--data", word(&data)]).unwrap_err();
    assert!(missing.contains("/nowhere/it.partial: "), "{missing}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_backup() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("it.backup"));
    drop(Program::start(Program::command(&data, dist().path())));
    order(["backup", word(&file), "--data", word(&data)]).unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn keys_that_anybody_on_the_machine_can_read_are_refused() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    let data = folder.path().join("data");
    drop(Program::start(Program::command(&data, dist.path())));
    let keys = data.join("keys");
    let words = ["admin", "devices", "--demo", "--data", word(&data)];
    set_mode(&keys, 0o644);
    let refused = order(words).unwrap_err();
    assert!(
        refused.contains(word(&keys)) && refused.contains("chmod 600"),
        "{refused}"
    );
    set_mode(&keys, 0o600);
    order(words).unwrap();
}

#[test]
fn two_programs_serve_one_postgresql_and_one_goes_on_without_the_other() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    let database = Database::fresh();
    let address = folder.path().join("address");
    std::fs::write(&address, database.url()).unwrap();
    set_mode(&address, 0o600);
    let data = folder.path().join("data");
    let start = || {
        let mut command = Program::command(&data, dist.path());
        command.arg("--database-file").arg(&address);
        command.arg("--keys").arg(folder.path().join("keys"));
        Program::start(command)
    };
    let (mut one, other) = (start(), start());
    for program in [&one, &other] {
        assert_eq!(get(program.address, "/healthz", &[]).status, 200);
    }
    one.kill_9();
    assert_eq!(get(other.address, "/healthz", &[]).status, 200);
    let file = folder.path().join("it.backup");
    let words = ["backup", word(&file), "--database-file", word(&address)];
    assert!(order(words).unwrap().contains("found whole: sites 1"));
}

#[test]
fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    // Nothing listens there: the port needs a right that no database has.
    let url = "postgres://me:secret@127.0.0.1:1/shouwen";
    let data = folder.path().join("data");
    let words = ["--demo", "--listen", "127.0.0.1:0", "--database", url];
    let more = ["--dist", word(dist.path()), "--data", word(&data)];
    let error = order(words.into_iter().chain(more)).unwrap_err();
    assert!(
        error.contains("PostgreSQL \"shouwen\" at 127.0.0.1 cannot be opened: "),
        "{error}"
    );
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn an_order_to_a_place_where_no_server_started_makes_nothing_and_names_it() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    let (data, nowhere) = (folder.path().join("data"), folder.path().join("nowhere"));
    let file = folder.path().join("it.backup");
    drop(Program::start(Program::command(&data, dist.path())));
    let devices = ["admin", "devices", "--demo", "--data"];
    let orders: [&[&str]; 3] = [
        &devices,
        &["backup", word(&file), "--data"],
        &["export", word(&file), "--data"],
    ];
    let keys = data.join("keys");
    for words in orders {
        let refused = |more: &[&str]| order([words, &[word(&nowhere)], more].concat()).unwrap_err();
        let no_database = format!(
            "error: The database in {} cannot be opened: There is none; ",
            nowhere.display()
        );
        let said = refused(&["--keys", word(&keys)]);
        assert!(said.starts_with(&no_database), "{words:?}: {said}");
        // A backup needs no keys.
        let no_keys = format!(
            "error: There are no keys in {}: ",
            nowhere.join("keys").display()
        );
        let said = refused(&[]);
        assert!(
            said.starts_with(if words[0] == "backup" {
                &no_database
            } else {
                &no_keys
            }),
            "{words:?}: {said}"
        );
        assert!(!nowhere.exists() && !file.exists(), "{words:?}");
    }
    order(devices.into_iter().chain([word(&data)])).unwrap();
}

#[test]
fn an_order_with_the_keys_of_another_head_office_is_refused() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    let [one, other] = ["one", "other"].map(|it| folder.path().join(it));
    for data in [&one, &other] {
        drop(Program::start(Program::command(data, dist.path())));
    }
    let keys = other.join("keys");
    let words = ["admin", "invite", "--demo", "--data", word(&one), "--keys"];
    let refused = order(words.into_iter().chain([word(&keys)])).unwrap_err();
    assert_eq!(
        refused,
        "error: This database belongs to other keys: name their file with --keys\n"
    );
}

#[test]
fn an_order_to_a_postgresql_without_our_tables_makes_none() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    drop(Program::start(Program::command(folder.path(), dist.path())));
    let database = Database::fresh();
    let (url, data) = (database.url(), word(folder.path()));
    let words = [
        "admin",
        "devices",
        "--demo",
        "--data",
        data,
        "--database",
        &url,
    ];
    let refused = order(words).unwrap_err();
    assert!(
        refused.contains("cannot be opened: There is none; "),
        "{refused}"
    );
    let made = database.connect().query(
        "SELECT relname::text FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid WHERE nspname = $1",
        &[&database.schema()],
    );
    assert!(made.unwrap().is_empty());
}
