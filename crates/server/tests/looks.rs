//! Records of reading: kept at head office, given to no device, and told to whoever may ask there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;
use std::process::Command;

use chrono::NaiveDate;
use shouwen_domain::event::{Fact, Look, Looked};
use shouwen_domain::id::CaseId;
use shouwen_server::admin;
use shouwen_server::arguments::LooksOf;
use shouwen_server::storage::feed;
use support::{Device, Program, Running, dist};

const CASE: CaseId = CaseId::from_random([7; 16]);

fn day() -> CaseId {
    CaseId::of_looks(NaiveDate::from_ymd_opt(2026, 7, 13).unwrap())
}

fn look(device: &mut Device, how: Look) {
    let case = Some(CASE);
    device.act(day(), Fact::Looked(Looked { case, how }));
}

fn table(server: &Running, of: &LooksOf) -> String {
    let office = server.office();
    let (records, directory) = server.block_on(office.looks(of)).unwrap();
    admin::look_table(&records, directory)
}

#[test]
fn a_look_is_on_record_at_head_office_and_no_device_is_given_it() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let director = server.device(3, "lin-zhiyuan", "100001");
    let act = wang.write(1);
    wang.push(&[act]);
    look(&mut wang, Look::Opened);
    look(&mut wang, Look::Unmasked);
    let site = wang.enrolled.site.clone();
    let reach = || {
        let of = site.clone();
        let read = server.storage.read(&site, move |db| feed::reach(db, &of));
        server.block_on(read).unwrap()
    };
    assert_eq!(reach(), (3, 1), "nothing new for those who listen");
    for device in [&wang, &li, &director] {
        assert_eq!(device.pull_all().len(), 1);
    }
    let act = wang.write(1);
    wang.push(&[act]);
    assert_eq!(reach(), (4, 4));
    assert_eq!(director.pull_all().len(), 2);

    let code = wang.code();
    let all = table(&server, &LooksOf::default());
    let line = |how: &str| {
        format!("2026-07-13 01:00Z  {how:<10}{code:<4}wang-jianguo 王建国  not arrived {CASE}")
    };
    let lines: Vec<_> = all.lines().collect();
    assert_eq!(lines, [line("opened"), line("unmasked")]);
    let of = |case: Option<String>, person: Option<&str>| {
        let person = person.map(|it| it.parse().unwrap());
        table(
            &server,
            &LooksOf {
                case,
                person,
                to: None,
            },
        )
    };
    assert_eq!(of(Some(CASE.to_string()), Some("wang-jianguo")), all);
    assert_eq!(of(Some("0713-K7-018".to_owned()), None), "");
    assert_eq!(of(None, Some("li-na")), "");
}

fn order(words: &[&str], data: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shouwen-server"))
        .args(words)
        .args(["--demo", "--data"])
        .arg(data)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn whoever_exports_is_on_record_whatever_becomes_of_the_database() {
    let (data, dist) = (tempfile::tempdir().unwrap(), dist());
    let program = Program::start(Program::command(data.path(), dist.path()));
    let mut wang = Device::sign_in(program.address, 1, "wang-jianguo", "100013");
    look(&mut wang, Look::Opened);
    let file = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    order(&["backup", &file("it.backup")], data.path());
    order(
        &["export", &file("chains"), "--operator", "gao-yun"],
        data.path(),
    );
    order(&["restore", &file("it.backup"), "--replace"], data.path());
    let said = order(&["admin", "looks"], data.path());
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].contains("opened    K"), "{said}");
    assert!(
        lines[1].ends_with("exported  HQ  gao-yun 高芸  all cases"),
        "{said}"
    );
    let said = order(&["admin", "looks", "--person", "wang-jianguo"], data.path());
    assert_eq!(said.lines().count(), 1, "{said}");
}
