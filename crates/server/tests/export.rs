//! A whole chain, and the golden forms, checked by a program that shares no code with ours.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use shouwen_domain::id::CaseId;
use support::{Device, Program, dist, matter};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn verifier(words: &[&str]) -> Output {
    Command::new("python3")
        .arg(root().join("tests/verify_chains.py"))
        .args(words)
        .output()
        .expect("python3 is brought by `cargo xtask setup`")
}

#[track_caller]
fn agrees(words: &[&str], last_line: &str) {
    let output = verifier(words);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.trim_end().ends_with(last_line), "{said}");
}

#[test]
fn another_program_meets_published_vectors_and_our_golden_forms() {
    agrees(&["self-test"], "");
    let golden = root().join("crates/domain/tests/golden");
    agrees(&["golden", golden.to_str().unwrap()], "files agree");
}

#[test]
fn another_program_verifies_whole_exported_chains_and_finds_what_was_changed() {
    let (data, dist) = (tempfile::tempdir().unwrap(), dist());
    let program = Program::start(Program::command(data.path(), dist.path()));
    let mut wang = Device::sign_in(program.address, 1, "wang-jianguo", "100013");
    let envelopes: Vec<_> = (0..20).map(|n| wang.write(n)).collect();
    // A gap is filled, one is refused, one is taken back, and the phone is cloned.
    wang.push(&envelopes[5..]);
    let mut clone = wang.clone();
    let held = clone.write(1);
    clone.push(std::slice::from_ref(&held));
    clone.withdraw(&held);
    wang.push(&envelopes[..5]);
    let behind = wang.write(2);
    wang.push(&[behind]);
    (clone.chain, clone.sequence, clone.previous) =
        (clone.contact(true).new_chain.unwrap().chain, 0, None);
    let elsewhere = clone.write(3);
    let claimed = clone.claim("li-na", CaseId::from_random([9; 16]), &[matter("li-na")]);
    clone.push(&[elsewhere, claimed]);

    let file = data.path().join("chains");
    let exported = Command::new(env!("CARGO_BIN_EXE_shouwen-server"))
        .arg("export")
        .arg(&file)
        .args(["--demo", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    let said = String::from_utf8(exported.stdout).unwrap();
    // Head office's own chain says that this was written.
    assert_eq!(said, "Written: 3 chains, 25 envelopes\n");
    let name = file.to_str().unwrap();
    agrees(&["chains", name], "3 chains, 25 envelopes verify");

    let whole = std::fs::read(&file).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 7) {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        std::fs::write(&file, &changed).unwrap();
        assert!(!verifier(&["chains", name]).status.success(), "byte {at}");
    }
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    assert!(!verifier(&["chains", name]).status.success());
}
