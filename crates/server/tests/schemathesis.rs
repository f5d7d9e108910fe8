//! A generator of requests reads what the server says about itself, and holds it to that: `cargo xtask test --only api`
//! brings the generator and runs this.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use shouwen_server::bounds::Bounds;
use support::Running;

/// Many times what it takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_device_that_asks_anything_is_answered_as_it_was_told() {
    // A stream of news does not end; `live.rs` looks at it.
    generate(true, &["--exclude-path", "/api/live"]);
}

#[test]
fn somebody_without_a_token_who_asks_anything_is_answered_as_it_was_told() {
    generate(false, &[]);
}

/// The same requests each time.
fn generate(has_token: bool, more: &[&str]) {
    let program = std::env::var_os("SHOUWEN_SCHEMATHESIS")
        .expect("`cargo xtask test --only api` says where the generator is");
    let server = Running::start_with(Bounds {
        requests_of_address_a_minute: u32::MAX,
        requests_of_device_a_minute: u32::MAX,
        ..Bounds::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let checks = [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "allow_header_conformance",
    ];
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg(format!("http://{}/api/openapi.json", server.address))
        .args(["--checks", &checks.join(",")])
        .args(["--phases", "coverage,fuzzing", "--max-examples", "25"])
        .args(["--seed", "2038", "--generation-deterministic"])
        .args(["--request-timeout", "20"])
        .args(["--suppress-health-check", "all", "--warnings", "off"])
        .args(["--no-color", "--continue-on-failure"])
        .args(more)
        .env(
            "SCHEMATHESIS_HOOKS",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis.py"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder.path());
    if has_token {
        let token = server.wang().token;
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    let Ok(output) = told.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").arg(id.to_string()).status();
        panic!("it does not end");
    };
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    println!("{said}");
    assert!(said.contains("No issues found"), "{said}");
}
