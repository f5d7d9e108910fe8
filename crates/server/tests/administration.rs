//! The orders about sites, people, keys and chains as they are typed, and a running server that has to notice.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, params_from_iter};
use shouwen_domain::envelope::Fate;
use shouwen_server::arguments::Whom;
use shouwen_sync::message::{Bytes, Enrolled, Pushed, Rescue, SignedIn, SiteTexts};
use support::{
    Device, Running, another_site, bytes, device_key, enrol_message, get, intake, post, seal, until,
};
use tempfile::TempDir;

/// A data folder, and a folder of sites.
struct Home(Arc<TempDir>);

impl Home {
    fn new() -> Self {
        let home = Self(Arc::new(tempfile::tempdir().unwrap()));
        std::fs::create_dir(home.sites()).unwrap();
        home
    }

    fn sites(&self) -> PathBuf {
        self.0.path().join("sites")
    }

    /// As it lies in the folder of sites.
    fn directory(&self) -> String {
        std::fs::read_to_string(self.sites().join("cuihu.toml")).unwrap()
    }

    fn file(&self, text: &str) -> PathBuf {
        let path = self.0.path().join("offered.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn serve(&self) -> Running {
        Running::start_watching(Arc::clone(&self.0), &self.sites())
    }

    fn admin<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Result<String, String> {
        self.admin_told(words, "")
    }

    /// What was printed, on success to the one side, on failure to the other.
    fn admin_told<S: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = S>,
        input: &str,
    ) -> Result<String, String> {
        let mut program = Command::new(env!("CARGO_BIN_EXE_shouwen-server"))
            .arg("admin")
            .args(words)
            .arg("--site")
            .arg(self.sites())
            .arg("--data")
            .arg(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = program.stdin.take().unwrap();
        // Whoever refuses may be gone before it read anything.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = program.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }

    fn enrol_site(&self, text: &str) -> Result<String, String> {
        self.admin([OsStr::new("enrol-site"), self.file(text).as_os_str()])
    }

    fn enrol_mei(&self, words: &[&str]) -> Result<String, String> {
        self.admin([&["enrol-person", "mei-lan"], words].concat())
    }

    /// A device with its code, on which nobody has signed in.
    fn joined(&self, server: &Running, number: u8) -> Device {
        let invited = self.admin(["invite"]).unwrap();
        let code = invited.lines().nth(2).unwrap().trim().to_owned();
        let message = bytes(&enrol_message(number, &code));
        let enrolled: Enrolled = post(server.address, "/api/enrol", None, &message).message();
        Device::with(server.address, number, enrolled)
    }
}

fn texts(device: &Device) -> String {
    let token = format!("Bearer {}", device.token);
    let answer = get(device.address, "/api/site", &[("authorization", &token)]);
    answer.message::<SiteTexts>().directory.text
}

const MEI: [&str; 12] = [
    "--name",
    "梅兰",
    "--number",
    "0801",
    "--position",
    "管家",
    "--position-en",
    "Housekeeper",
    "--rank",
    "1",
    "--department",
    "service",
];

#[test]
fn a_site_and_its_people_are_enrolled_while_a_server_runs() {
    let home = Home::new();
    let server = home.serve();
    let enrolled = "Enrolled: the site \"cuihu\"\n".to_owned();
    assert_eq!(home.enrol_site(&another_site()), Ok(enrolled));
    let again = "Nothing is new of the site \"cuihu\"\n".to_owned();
    assert_eq!(home.enrol_site(&another_site()), Ok(again));

    // Head office lets a device in as soon as the server has noticed.
    let message = |code: &str| bytes(&enrol_message(1, code));
    let invited = home.admin(["invite"]).unwrap();
    let code = invited.lines().nth(2).unwrap().trim().to_owned();
    until(|| post(server.address, "/api/enrol", None, &message(&code)).status == 200);
    let device = home.joined(&server, 2);
    assert!(!texts(&device).contains("mei-lan"));

    let lacks = home.enrol_mei(&MEI[..4]).unwrap_err();
    let expected = "error: \"mei-lan\" is new to the site: give --position, --position-en, --rank, --department too\n";
    assert_eq!(lacks, expected);
    let before = home.directory();
    let said = home.enrol_mei(&MEI).unwrap();
    assert_eq!(said, "Enrolled: \"mei-lan\" at the site \"cuihu\"\n");
    let after = home.directory();
    let written = "\n[[person]]\nid = \"mei-lan\"\nname = \"梅兰\"\nnumber = \"0801\"\n\
                   position = { zh = \"管家\", en = \"Housekeeper\" }\nrank = 1\ndepartment = \"service\"\n";
    assert_eq!(after.replace(written, ""), before);
    until(|| texts(&device).contains("mei-lan"));
    home.admin_told(["set-pin", "mei-lan"], "300001\n").unwrap();
    assert_eq!(device.try_pin("mei-lan", "300001").status, 200);

    let said = home.enrol_mei(&MEI).unwrap();
    let nothing = "Nothing is new of \"mei-lan\" at the site \"cuihu\"\n";
    assert_eq!((said.as_str(), home.directory()), (nothing, after));
    let moved = home
        .enrol_mei(&["--department", "finance", "--rank", "2"])
        .unwrap();
    assert_eq!(
        moved,
        "Changed of \"mei-lan\" at the site \"cuihu\": rank, department\n"
    );
    until(|| texts(&device).contains("rank = 2\ndepartment = \"finance\"\n"));
}

#[test]
fn what_does_not_hold_together_is_not_enrolled_and_a_server_goes_on_as_before() {
    let home = Home::new();
    home.enrol_site(&another_site()).unwrap();
    let server = home.serve();
    let device = home.joined(&server, 1);
    let directory = home.directory();
    let refused = |words: &[&str], with: &str| {
        let said = home.enrol_mei(words).unwrap_err();
        assert!(said.contains(with), "{said}");
        assert_eq!(home.directory(), directory);
    };
    refused(&[&MEI[..11], &["kitchen"]].concat(), "\"kitchen\"");
    refused(&[&MEI[..], &["--deputy", "nobody"]].concat(), "\"nobody\"");
    refused(
        &[&MEI[..], &["--to", "lanting"]].concat(),
        "no site \"lanting\"",
    );
    // Whoever works at one site cannot work at another under the same id.
    let twice = another_site().replace("\"cuihu\"", "\"nanyuan\"");
    let said = home.enrol_site(&twice).unwrap_err();
    assert!(
        said.contains("\"cuihu\" and \"nanyuan\" both have a person"),
        "{said}"
    );
    let said = home.enrol_site("[site]\n").unwrap_err();
    assert!(said.contains("offered.toml, line 1"), "{said}");
    assert_eq!(std::fs::read_dir(home.sites()).unwrap().count(), 1);

    // Somebody edits by hand, and errs.
    std::fs::write(home.sites().join("cuihu.toml"), "[site").unwrap();
    let mended = directory.replace("rank = 6", "rank = 7");
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(texts(&device), directory);
    }
    std::fs::write(home.sites().join("cuihu.toml"), &mended).unwrap();
    until(|| texts(&device) == mended);
}

#[test]
fn renewed_keys_are_used_at_once_and_those_of_before_are_still_worth_what_they_were() {
    let home = Home::new();
    home.enrol_site(&another_site()).unwrap();
    let server = home.serve();
    home.admin_told(["set-pin", "b-wang-jianguo"], "200013")
        .unwrap();
    home.admin_told(["set-pin", "b-lin-zhiyuan"], "200001")
        .unwrap();
    let mut device = home
        .joined(&server, 1)
        .signed_in("b-wang-jianguo", "200013");
    let first = device.write(1);
    let receipts = device.push(std::slice::from_ref(&first));
    let (key_before, intake_before) = (device.office_key(), intake(&device));
    let content_key = |it: &Device| {
        let signed_in: SignedIn = it.try_pin("b-wang-jianguo", "200013").message();
        signed_in.content_key
    };
    let content_before = content_key(&device);
    let by = |whom: &str| Whom {
        device: None,
        person: Some(whom.parse().unwrap()),
        to: None,
        operator: "head-office".parse().unwrap(),
    };
    assert!(server.decide_access(&by("b-liu-min"), false));

    // The server's own were made by a clock that stands in July.
    let said = home.admin(["rotate-keys"]).unwrap();
    assert!(said.starts_with("Renewed: those of 2026-07-13 "), "{said}");
    let said = home.admin(["rotate-keys"]).unwrap();
    assert!(said.ends_with(" and were left alone.\n"), "{said}");

    // The token was sealed by the key of before, and a new contact brings the new one.
    until(|| device.post("/api/push", &device.message(&[])).status == 401);
    device.come_in();
    assert_ne!(device.office_key(), key_before);
    assert_ne!(intake(&device), intake_before);
    let second = device.write(2);
    let receipts_since = device.push(&[second]);
    assert!(receipts_since[0].verify(&device.office_key()).is_ok());
    assert!(receipts[0].verify(&key_before).is_ok());
    assert_eq!(content_key(&device), content_before);
    // A letter that was sealed before, brought since.
    let third = device.write(3);
    let rescue = Rescue {
        certificate: device.enrolled.certificate.clone(),
        envelopes: vec![Bytes(third)],
        withdrawals: Vec::new(),
        epoch: None,
    };
    let sealed = seal(&rescue, &intake_before).to_bytes();
    let brought: Pushed =
        post(device.address, "/api/rescue", Some(&device.token), &sealed).message();
    assert_eq!(brought.receipts[0].fate, Fate::Accepted);

    // Orders of before and since are one chain, whatever of it a database lost.
    assert!(server.decide_access(&by("b-zhou-qiang"), false));
    let server = server.restart();
    assert!(!server.decide_access(&by("b-liu-min"), false));
    assert!(!server.decide_access(&by("b-zhou-qiang"), false));
    let said = home.admin(["verify-chains"]).unwrap();
    assert_eq!(
        said,
        "Every link, hash and signature verifies: 2 chains, 5 envelopes\n"
    );
}

#[test]
fn chains_are_followed_and_what_was_changed_in_them_is_named() {
    let home = Home::new();
    home.enrol_site(&another_site()).unwrap();
    let mut server = home.serve();
    home.admin_told(["set-pin", "b-wang-jianguo"], "200013")
        .unwrap();
    let mut device = home
        .joined(&server, 1)
        .signed_in("b-wang-jianguo", "200013");
    let envelopes: Vec<_> = (1..=6).map(|n| device.write(n)).collect();
    device.push(&envelopes[..4]);
    device.push(&envelopes[5..]);
    let said = home.admin(["verify-chains"]).unwrap();
    let expected = "Every link, hash and signature verifies: 1 chains, 5 envelopes; 1 of them wait for others before them\n";
    assert_eq!(said, expected);
    server.stop();
    let code = device.code();
    let of_another = device_key(2).public().to_cose_key();
    let finds = |sql: &str, what: &str| {
        let whole = std::fs::read(server.database()).unwrap();
        let database = Connection::open(server.database()).unwrap();
        let mut change = database.prepare(sql).unwrap();
        let n_taken = change.parameter_count();
        change
            .execute(params_from_iter([&of_another].into_iter().take(n_taken)))
            .unwrap();
        let said = home.admin(["verify-chains"]).unwrap_err();
        let expected = format!("\n  envelope {what}");
        assert!(said.contains(&expected.replace("CODE", &code)), "{said}");
        std::fs::write(server.database(), whole).unwrap();
    };
    finds(
        "UPDATE envelope SET bytes = (SELECT bytes FROM envelope WHERE sequence = 2) WHERE sequence = 3",
        "3 of chain 1 of device CODE is not the one that was taken in",
    );
    finds(
        "DELETE FROM envelope WHERE sequence = 2",
        "3 of chain 1 of device CODE follows on one that is missing",
    );
    finds(
        "DELETE FROM envelope WHERE sequence >= 4",
        "4 of chain 1 of device CODE is the last and is missing",
    );
    finds(
        "UPDATE envelope SET previous = (SELECT hash FROM envelope WHERE sequence = 1) WHERE sequence = 3",
        "3 of chain 1 of device CODE does not follow on the one before it",
    );
    finds(
        "UPDATE device SET key = ?1",
        "1 of chain 1 of device CODE is not its author's: Unsigned",
    );
    finds(
        "DELETE FROM signer",
        "1 of chain 1 of device CODE is not its author's: NotByPerson",
    );
}
