//! A customer's request: what is held of them is found, copied out, and erased for good.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use shouwen_domain::envelope::{Envelope, Fate};
use shouwen_domain::event::{
    AnsweredAtOnce, CaseErased, Channel, Content, Event, Fact, Kind, PhotoAdded, PhotoSource,
    Recorded, Urgency,
};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::CaseId;
use shouwen_domain::limits::CHUNK_BYTES;
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Difficulty;
use shouwen_server::admin::{self, AdminError};
use shouwen_server::arguments::{LooksOf, ToErase};
use shouwen_server::clock::Clock;
use shouwen_server::customer::CaseName;
use shouwen_sync::message::files::{ChunkTaken, PutChunk};
use shouwen_sync::message::{Ask, Bytes, Cursor};
use support::{Device, Program, Running, START_MS, bytes, dist, put};

const CASE: CaseId = CaseId::from_random([5; 16]);
const OTHER: CaseId = CaseId::from_random([6; 16]);
const NUMBER: &str = "0713-K7-001";
const PHONE: &str = "138 0000 5678";
const WORDS: &str = "厨房天花板滴水";

/// The customer's words, written down.
fn record(device: &mut Device, case: CaseId, number: &str, phone: &str) -> Vec<u8> {
    let record = Recorded {
        number: number.to_owned(),
        channel: Channel::Met,
        asked_at: Moment::from_unix_ms(START_MS),
        asked: Vec::new(),
        first_responder: "wang-jianguo".parse().unwrap(),
        department: "security".parse().unwrap(),
        category: "water-leak".parse().unwrap(),
        kind: Kind::Enquiry,
        proper: None,
        missing: Vec::new(),
        supervisor: None,
        urgency: Urgency::default(),
        late: false,
        missing_because: None,
        public_area: false,
        under_14: false,
        concerns: Vec::new(),
        asked_before: None,
        repeats: None,
        outer: None,
        due_by: None,
        difficulty: Difficulty::default(),
        emergency: None,
        sensitive: false,
        needs_rescuer: false,
        unnamed: false,
    };
    let content = Content {
        matter: Some(WORDS.to_owned()),
        customer: Some("李女士".to_owned()),
        phone: Some(phone.to_owned()),
        address: Some("3-2-1502".to_owned()),
        text: None,
    };
    write(device, case, Fact::Recorded(record), content)
}

fn write(device: &mut Device, case: CaseId, fact: Fact, content: Content) -> Vec<u8> {
    let mut stamp = device.stamp();
    stamp.case = case;
    let envelope = Envelope::seal(stamp, &[Event::new(fact, content)]).unwrap();
    let envelope = device.signed(envelope);
    device.sequence += 1;
    device.previous = Some(envelope.hash());
    envelope.to_bytes()
}

fn says(device: &mut Device, case: CaseId, text: &str) -> Vec<u8> {
    let fact = Fact::AnsweredAtOnce(AnsweredAtOnce::default());
    write(device, case, fact, Content::text(text))
}

fn photo() -> Vec<u8> {
    let begins = [0xff, 0xd8, 0xff, 0xe0];
    begins
        .into_iter()
        .chain(*b"a leak under the sink")
        .cycle()
        .take(CHUNK_BYTES + 9)
        .collect()
}

/// Brings the photo, and the act that names it.
fn take_a_photo(device: &mut Device, case: CaseId) {
    let (photo, token) = (photo(), device.token.clone());
    let fact = Fact::PhotoAdded(PhotoAdded {
        photo: Hash::of(&photo),
        source: PhotoSource::Camera,
        taken_at: None,
        placed: false,
    });
    let act = write(device, case, fact, Content::default());
    device.push(&[act]);
    for (n, part) in photo.chunks(CHUNK_BYTES).enumerate() {
        let chunk = PutChunk {
            n_bytes: u32::try_from(photo.len()).unwrap(),
            bytes: Bytes(part.to_vec()),
            is_sealed: false,
            first_certificate: None,
        };
        let path = format!("/api/files/{}/{n}", Hash::of(&photo));
        put(device.address, &path, Some(&token), &bytes(&chunk)).message::<ChunkTaken>();
    }
}

fn number(it: &str) -> CaseName {
    it.parse().unwrap()
}

fn erase(cases: &[CaseName], operator: &str, agreed: &str) -> ToErase {
    ToErase {
        cases: cases.to_vec(),
        operator: operator.parse().unwrap(),
        agreed: agreed.parse().unwrap(),
        to: None,
    }
}

impl Running {
    fn erase(&self, what: &ToErase) -> Result<usize, AdminError> {
        let office = self.office();
        let erased = self.block_on(office.erase(what, self.clock.now()));
        erased.map(|it| it.len())
    }

    /// Whether these bytes lie in any of the database's files.
    fn is_on_disk(&self, bytes: &[u8]) -> bool {
        let folder = self.database().parent().unwrap().to_owned();
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().path());
        let mut databases = files.filter(|it| it.to_string_lossy().contains(".sqlite3"));
        databases.any(|it| holds(&std::fs::read(it).unwrap(), bytes))
    }
}

fn holds(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|it| it == part)
}

fn with_words(envelopes: &[Vec<u8>]) -> usize {
    envelopes
        .iter()
        .filter(|it| holds(it, WORDS.as_bytes()))
        .count()
}

#[test]
fn the_words_and_the_picture_are_in_no_file_of_the_database_afterwards() {
    let server = Running::start();
    let mut wang = server.wang();
    // Of many, so that pages are full and divided.
    for n in 0..120 {
        let case = if n % 3 == 0 { CASE } else { OTHER };
        let text = if n % 3 == 0 { WORDS } else { "电梯异响" };
        let act = says(&mut wang, case, &format!("{text}{}", "。".repeat(n * 7)));
        wang.push(&[act]);
    }
    take_a_photo(&mut wang, CASE);
    let photo = photo();
    assert!(server.is_on_disk(WORDS.as_bytes()) && server.is_on_disk(&photo[..200]));
    let name = [CaseName::Id(CASE)];
    assert_eq!(
        server
            .erase(&erase(&name, "gao-yun", "lin-zhiyuan"))
            .unwrap(),
        1
    );
    assert!(!server.is_on_disk(WORDS.as_bytes()));
    assert!(!server.is_on_disk(&photo[..200]));
    assert!(server.is_on_disk("电梯异响".as_bytes()), "others'");
    assert_eq!(
        server
            .erase(&erase(&name, "gao-yun", "lin-zhiyuan"))
            .unwrap(),
        0
    );
    let late = says(&mut wang, CASE, WORDS);
    assert_eq!(wang.push(&[late])[0].fate, Fate::Accepted);
    assert!(!server.is_on_disk(WORDS.as_bytes()), "not for a moment");
}

#[test]
fn a_block_of_history_that_was_made_up_before_is_given_to_nobody() {
    let server = Running::start();
    let mut wang = server.wang();
    let acts: Vec<_> = (0..300).map(|_| says(&mut wang, CASE, WORDS)).collect();
    for some in acts.chunks(100) {
        wang.push(some);
    }
    let epoch = wang.ask(support::NEWS).from.epoch;
    let block = || {
        let from = Cursor { epoch, position: 0 };
        let page = wang.ask(Ask::History { from });
        page.entries
            .into_iter()
            .map(|it| it.envelope.0)
            .collect::<Vec<_>>()
    };
    assert!(with_words(&block()) > 100);
    // By another process than the one that keeps it.
    let other = server.start_beside();
    other
        .erase(&erase(&[CaseName::Id(CASE)], "gao-yun", "lin-zhiyuan"))
        .unwrap();
    assert_eq!(with_words(&block()), 0);
    assert!(block().len() > 100);
}

#[test]
fn a_customer_s_cases_are_found_by_phone_or_name_and_copied_out() {
    let server = Running::start();
    let mut wang = server.wang();
    let acts = [
        record(&mut wang, CASE, NUMBER, PHONE),
        record(&mut wang, OTHER, "0713-K7-002", "13900000000"),
        says(
            &mut wang,
            CaseId::from_random([7; 16]),
            "李女士（138-0000-5678）说又漏了",
        ),
        says(&mut wang, CaseId::from_random([8; 16]), "没有别的"),
    ];
    wang.push(&acts);
    take_a_photo(&mut wang, CASE);
    let office = server.office();
    let find = |lines: &str| server.block_on(office.cases_of(None, lines));
    let found = find("+86 13800005678\n").unwrap();
    let ids: Vec<_> = found.keys().map(|it| it.bytes()[0]).collect();
    assert_eq!(ids, [5, 7]);
    let both = find("13800005678\n\n李女士").unwrap();
    assert_eq!(both.len(), 3);
    let table = admin::case_table(&both);
    let line = table.lines().find(|it| it.starts_with(NUMBER)).unwrap();
    assert!(
        line.contains("2026-07-13 01:00Z") && line.ends_with("1,2"),
        "{table}"
    );
    assert!(!table.contains("李") && !table.contains("138"), "{table}");
    assert!(matches!(find(" \n"), Err(AdminError::NoTerms)));

    let gao = "gao-yun".parse().unwrap();
    let copy = |cases: &[CaseName]| {
        let copy = office.copy_of(None, cases, &gao, server.clock.now());
        server.block_on(copy)
    };
    let written = copy(&[number(NUMBER)]).unwrap();
    for held in [
        NUMBER,
        "2026-07-13 09:00",
        "王建国",
        "李女士",
        PHONE,
        "3-2-1502",
        WORDS,
    ] {
        assert!(written.text.contains(held), "{held}: {}", written.text);
    }
    let [(name, bytes)] = written.pictures.as_slice() else {
        panic!("{:?}", written.pictures)
    };
    assert!(written.text.contains(name) && *bytes == photo());
    let looks = LooksOf {
        case: Some(NUMBER.to_owned()),
        ..LooksOf::default()
    };
    let (looks, directory) = server.block_on(office.looks(&looks)).unwrap();
    let table = admin::look_table(&looks, directory);
    assert!(
        table.contains("exported  HQ  gao-yun 高芸  ") && table.lines().count() == 1,
        "{table}"
    );

    server
        .erase(&erase(&[number(NUMBER)], "gao-yun", "lin-zhiyuan"))
        .unwrap();
    assert_eq!(find("13800005678").unwrap().len(), 1);
    let after = copy(&[number(NUMBER)]).unwrap();
    assert!(
        after.text.contains("客户信息已于 2026-07-13 09:00 删除"),
        "{}",
        after.text
    );
    assert!(after.text.contains(NUMBER) && !after.text.contains(WORDS));
    assert_eq!(after.pictures, []);
}

#[test]
fn an_erasure_takes_two_people_and_a_case_that_there_is() {
    let server = Running::start();
    let mut wang = server.wang();
    let act = record(&mut wang, CASE, NUMBER, PHONE);
    wang.push(&[act]);
    let refused = |cases: &[CaseName], operator: &str, agreed: &str| {
        let error = server.erase(&erase(cases, operator, agreed)).unwrap_err();
        assert_eq!(with_words(&wang.pull_all()), 1, "nothing was done");
        error.to_string()
    };
    let here = [number(NUMBER)];
    let said = refused(&here, "lin-zhiyuan", "lin-zhiyuan");
    assert!(said.starts_with("An erasure takes two people"), "{said}");
    let said = refused(&here, "gao-yun", "nobody");
    assert!(said.contains("has no person \"nobody\""), "{said}");
    let said = refused(
        &[here[0].clone(), number("0713-K7-999")],
        "gao-yun",
        "lin-zhiyuan",
    );
    assert!(said.contains("has no case \"0713-K7-999\""), "{said}");

    server
        .erase(&erase(&here, "gao-yun", "lin-zhiyuan"))
        .unwrap();
    let given = wang.pull_all();
    assert_eq!(with_words(&given), 0);
    let order = Envelope::from_bytes(given.last().unwrap()).unwrap();
    assert_eq!(order.header().person.as_str(), "gao-yun");
    let fact = Fact::CaseErased(CaseErased {
        case: CASE,
        agreed: "lin-zhiyuan".parse().unwrap(),
    });
    assert_eq!(order.facts().unwrap(), [fact]);
}

fn order(data: &Path, words: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shouwen-server"))
        .args(words)
        .args(["--demo", "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn by_the_program_s_orders_a_customer_is_found_and_erased_and_the_chains_verify() {
    let (folder, dist) = (tempfile::tempdir().unwrap(), dist());
    let data = folder.path().join("data");
    let program = Program::start(Program::command(&data, dist.path()));
    let mut wang = Device::sign_in(program.address, 1, "wang-jianguo", "100013");
    let acts = [
        record(&mut wang, CASE, NUMBER, PHONE),
        says(&mut wang, OTHER, WORDS),
        says(&mut wang, CASE, WORDS),
    ];
    wang.push(&acts);
    let table = said(&order(&data, &["admin", "cases-of"], "13800005678\n"));
    assert_eq!(table.lines().count(), 2, "{table}");
    let copy = folder.path().join("copy");
    let copy_of = ["admin", "copy-of", NUMBER, "--into", copy.to_str().unwrap()];
    said(&order(&data, &copy_of, ""));
    let text = std::fs::read_to_string(copy.join("cases.txt")).unwrap();
    assert!(text.contains(PHONE));
    let again = order(&data, &copy_of, "");
    assert!(String::from_utf8_lossy(&again.stderr).contains("Failed to write into"));
    let erase = [
        "admin",
        "erase",
        NUMBER,
        "--operator",
        "gao-yun",
        "--agreed",
        "lin-zhiyuan",
    ];
    let done = said(&order(&data, &erase, ""));
    assert_eq!(done, "Erased: 1, of which 1 had not been before\n");
    let done = said(&order(&data, &erase, ""));
    assert_eq!(done, "Erased: 1, of which 0 had not been before\n");
    assert_eq!(with_words(&wang.pull_all()), 1);

    let chains = folder.path().join("chains");
    said(&order(&data, &["export", chains.to_str().unwrap()], ""));
    let exported = std::fs::read(&chains).unwrap();
    assert!(holds(&exported, WORDS.as_bytes()) && !holds(&exported, PHONE.as_bytes()));
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verify_chains.py");
    let verified = Command::new("python3")
        .arg(program)
        .arg("chains")
        .arg(&chains)
        .output();
    let verified = said(&verified.unwrap());
    assert!(
        verified
            .trim_end()
            .ends_with("2 chains, 7 envelopes verify"),
        "{verified}"
    );
}
