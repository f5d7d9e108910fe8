//! What happens when the machine fails: the plug, the disk, a wrong start.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use shouwen_domain::envelope::Fate;
use shouwen_sync::message::FailureCode;
use support::{Device, Program, Running, dist, get};

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let (data, dist) = (tempfile::tempdir().unwrap(), dist());
    let mut program = Program::start(Program::command(data.path(), dist.path()));
    let mut wang = Device::sign_in(program.address, 1, "wang-jianguo", "100013");
    let mut pushed = Vec::new();
    for _ in 0..5 {
        let envelope = wang.write(100);
        assert_eq!(
            wang.push(std::slice::from_ref(&envelope))[0].fate,
            Fate::Accepted
        );
        program.kill_9();
        pushed.push(envelope);
        program = Program::start(Program::command(data.path(), dist.path()));
        wang.address = program.address;
        assert_eq!(wang.pull_all(), pushed);
    }
    let receipts = wang.push(&pushed);
    assert!(receipts.iter().all(|it| it.fate == Fate::Accepted));
}

#[test]
fn a_full_database_takes_nothing_keeps_answering_and_recovers() {
    let server = Running::start();
    let mut wang = server.wang();
    let before = [wang.write(3_000), wang.write(3_000)];
    wang.push(&before);
    let waiting: Vec<_> = (0..30).map(|_| wang.write(3_000)).collect();

    server.limit_pages(1);
    let declined = wang.post("/api/push", &wang.message(&waiting));
    assert_eq!(declined.declined(), (503, FailureCode::Storage));
    assert_eq!(wang.pull_all(), before);
    assert_eq!(get(server.address, "/healthz", &[]).status, 200);

    server.limit_pages(u32::MAX / 4);
    assert!(
        wang.push(&waiting)
            .iter()
            .all(|it| it.fate == Fate::Accepted)
    );
    assert_eq!(wang.pull_all(), [before.as_slice(), &waiting].concat());
}

/// Files of the program may not grow beyond a size: the kernel's own refusal, without a disk to fill.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_refuses_is_answered_and_recovered_from() {
    let (data, dist) = (tempfile::tempdir().unwrap(), dist());
    // Once without the limit, so that the database is there.
    Program::start(Program::command(data.path(), dist.path())).kill_9();
    let plain = Program::command(data.path(), dist.path());
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -S -f 800; exec \"$0\" \"$@\""])
        .arg(plain.get_program());
    let program = Program::start({
        limited.args(plain.get_args());
        limited
    });
    let mut wang = Device::sign_in(program.address, 1, "wang-jianguo", "100013");
    let mut accepted = Vec::new();
    let declined = loop {
        let envelope = wang.write(3_000);
        let answer = wang.post("/api/push", &wang.message(std::slice::from_ref(&envelope)));
        if answer.status != 200 {
            assert_eq!(answer.declined(), (503, FailureCode::Storage));
            break envelope;
        }
        accepted.push(envelope);
        assert!(accepted.len() < 500, "the limit is never met");
    };
    assert!(!accepted.is_empty());
    assert_eq!(wang.pull_all(), accepted);
    let lifted = Command::new("prlimit")
        .args([
            format!("--pid={}", program.child.id()),
            "--fsize=unlimited:".to_owned(),
        ])
        .status()
        .unwrap();
    assert!(lifted.success());
    assert_eq!(
        wang.push(std::slice::from_ref(&declined))[0].fate,
        Fate::Accepted
    );
    accepted.push(declined);
    assert_eq!(wang.pull_all(), accepted);
}

/// A server that starts all the same ends the wait by printing its address.
fn fails(command: &mut Command) -> String {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    let _ = child.kill();
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert!(said.is_empty() && !status.success(), "{said}");
    String::from_utf8(stderr).unwrap()
}

fn program(arguments: &[&str], data: &Path, dist: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shouwen-server"));
    command
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .arg("--data")
        .arg(data)
        .arg("--dist")
        .arg(dist);
    command
}

#[test]
fn a_wrong_start_says_what_is_wrong() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    let data = folder.path().join("data");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();

    let error = fails(&mut program(&["--demo"], &file.join("data"), dist.path()));
    assert!(
        error.contains("The data folder") && error.contains("cannot be written"),
        "{error}"
    );

    let error = fails(&mut program(&["--demo"], &data, folder.path()));
    assert!(error.contains("There is no index.html in"), "{error}");

    let error = fails(&mut program(&[], &data, dist.path()));
    assert!(error.contains("No site was given"), "{error}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shouwen-server"));
    command
        .args(["--demo", "--listen", &address])
        .arg("--data")
        .arg(&data)
        .arg("--dist")
        .arg(dist.path());
    let error = fails(&mut command);
    assert!(
        error.contains(&format!("Another program listens on {address} already")),
        "{error}"
    );

    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(
        data.join("shouwen.sqlite3"),
        "no database, but long enough to be one".repeat(100),
    )
    .unwrap();
    let error = fails(&mut program(&["--demo"], &data, dist.path()));
    assert!(
        error.contains("The database in") && error.contains("file is not a database"),
        "{error}"
    );
}

#[test]
fn a_broken_site_file_is_named_with_line_and_field() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    let site = folder.path().join("site.toml");
    std::fs::write(&site, "[site]\nid = \"here\"\nname = { zh = \"此处\" }\n").unwrap();
    let shown = site.to_str().unwrap();
    let error = fails(&mut program(
        &["--site", shown],
        &folder.path().join("data"),
        dist.path(),
    ));
    assert!(
        error.contains(&format!("{shown}, line 3, column ")),
        "{error}"
    );
    assert!(
        error.contains("site.name.en: The English text is missing"),
        "{error}"
    );
    let error = fails(&mut program(
        &["--demo", "--pack", shown],
        &folder.path().join("data"),
        dist.path(),
    ));
    assert!(
        error.contains(&format!(
            "{shown}, line 1, column 2, site: This key is not known here"
        )),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_stop_in_order_leaves_one_whole_file() {
    let (data, dist) = (tempfile::tempdir().unwrap(), dist());
    let mut program = Program::start(Program::command(data.path(), dist.path()));
    let mut wang = Device::sign_in(program.address, 1, "wang-jianguo", "100013");
    let envelope = wang.write(1);
    wang.push(&[envelope]);
    let told = Command::new("kill")
        .arg("-TERM")
        .arg(program.child.id().to_string())
        .status()
        .unwrap();
    assert!(told.success());
    assert!(program.child.wait().unwrap().success());
    let wal = std::fs::metadata(data.path().join("shouwen.sqlite3-wal")).map_or(0, |it| it.len());
    assert_eq!(wal, 0);
}

#[test]
fn a_pin_that_is_set_replaces_the_one_before() {
    use std::io::Write;
    let (data, dist) = (tempfile::tempdir().unwrap(), dist());
    let server = Program::start(Program::command(data.path(), dist.path()));
    let mut set = program(
        &["admin", "set-pin", "wang-jianguo", "--demo"],
        data.path(),
        dist.path(),
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::null())
    .spawn()
    .unwrap();
    set.stdin.take().unwrap().write_all(b"271828\n").unwrap();
    assert!(set.wait().unwrap().success());
    assert_eq!(
        support::try_pin(server.address, 1, "wang-jianguo", "100013").status,
        401
    );
    assert_eq!(
        support::try_pin(server.address, 1, "wang-jianguo", "271828").status,
        200
    );
}
