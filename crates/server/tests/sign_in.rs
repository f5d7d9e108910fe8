//! Which devices join, who is let in on them, and what a token is good for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;

use shouwen_domain::certificate::Certificate;
use shouwen_domain::scope::{Concerned, Scope};
use shouwen_domain::signature::{Context, Signed};
use shouwen_server::arguments::Whom;
use shouwen_server::clock::Clock;
use shouwen_server::invitation::Code;
use shouwen_server::storage::backup;
use shouwen_sync::message::{
    Bytes, Contact, Enrol, Enrolled, FailureCode, Reading, SignIn, SignedIn, SiteTexts,
};
use support::{
    Answer, Device, NEWS, Running, bytes, device_id, device_key, enrol_message, get, persons_key,
    post, try_pin,
};

#[test]
fn the_right_pin_is_answered_with_a_certificate_of_the_device_s_key_and_code() {
    let server = Running::start();
    let wang = server.wang();
    assert_eq!(wang.enrolled.site.as_str(), "lanting");
    assert_eq!(wang.enrolled.server_now.unix_ms(), support::START_MS);
    let certificate = Certificate::from_bytes(&wang.enrolled.certificate.0).unwrap();
    let claims = certificate.verified(&wang.office_key()).unwrap();
    assert_eq!(claims.key, wang.key.public());
    let li = server.device(2, "li-na", "100005");
    assert_ne!(li.code(), wang.code());
    let again = server.device(1, "li-na", "100005");
    assert_eq!(again.code(), wang.code());
}

/// What a device is answered that brings a code.
fn enrol(server: &Running, number: u8, code: &str) -> Answer {
    let message = bytes(&enrol_message(number, code));
    post(server.address, "/api/enrol", None, &message)
}

const WRONG_CODE: (u16, FailureCode) = (403, FailureCode::WrongCode);

#[test]
fn a_code_lets_one_device_join_and_that_one_again_where_it_got_no_answer() {
    let server = Running::start();
    let code = server.invite(false);
    let enrolled = enrol(&server, 1, &code.to_lowercase().replace('-', " "));
    let device = Device::with(server.address, 1, enrolled.message());
    assert_eq!(device.enrolled.site.as_str(), "lanting");
    let nothing = Concerned::default();
    assert_eq!(
        device.scope,
        Scope::Of(nothing),
        "nobody has signed in on it"
    );
    assert_eq!(device.try_pin("wang-jianguo", "100013").status, 200);
    assert_eq!(enrol(&server, 2, &code).declined(), WRONG_CODE);
    let again: Enrolled = enrol(&server, 1, &code).message();
    let again = Device::with(server.address, 1, again);
    assert_eq!(again.code(), device.code());
}

#[test]
fn a_code_ends_after_a_quarter_of_an_hour_and_a_link_after_a_day() {
    const MINUTE_MS: i64 = 60 * 1000;
    let server = Running::start();
    let (typed, linked) = (server.invite(false), server.invite(true));
    server.clock.pass_ms(15 * MINUTE_MS - 1);
    assert_eq!(enrol(&server, 1, &typed).status, 200);
    let typed = server.invite(false);
    server.clock.pass_ms(15 * MINUTE_MS);
    assert_eq!(enrol(&server, 2, &typed).declined(), WRONG_CODE);
    server.clock.pass_ms((24 * 60 - 30) * MINUTE_MS);
    assert_eq!(enrol(&server, 2, &linked).status, 200);
    let linked = server.invite(true);
    server.clock.pass_ms(24 * 60 * MINUTE_MS);
    assert_eq!(enrol(&server, 3, &linked).declined(), WRONG_CODE);
}

#[test]
fn the_sixth_wrong_code_within_a_minute_has_to_wait() {
    let server = Running::start();
    let good = server.invite(false);
    for wrong in ["0000-0000-0000", "", "no code", "0000-0000-0001", "李"] {
        assert_eq!(enrol(&server, 1, wrong).declined(), WRONG_CODE, "{wrong}");
    }
    let sixth = enrol(&server, 1, &good);
    assert_eq!(sixth.declined(), (429, FailureCode::TooManyTries));
    let wait: u64 = sixth.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[test]
fn a_code_does_not_stand_in_the_database_nor_come_back_with_a_copy_of_it() {
    let mut server = Running::start();
    let code = server.invite(true);
    let hash = Code::read(&code).unwrap().hash();
    let copy = server.database().with_file_name("it.backup");
    server
        .block_on(backup::take(&server.storage, &copy, server.clock.now()))
        .unwrap();
    server.stop();
    let holds = |file: &Path, it: &[u8]| {
        let stored = std::fs::read(file).unwrap();
        stored.windows(it.len()).any(|at| at == it)
    };
    let plain = code.replace('-', "");
    let wal = server.database().with_extension("sqlite3-wal");
    let files = [server.database(), wal];
    let files: Vec<_> = files.iter().filter(|it| it.exists()).collect();
    assert!(
        files.iter().any(|it| holds(it, &hash.0)),
        "what is looked for can be found"
    );
    assert!(!files.iter().any(|it| holds(it, plain.as_bytes())));
    assert!(!holds(&copy, &hash.0));
}

#[test]
fn another_key_under_the_same_device_is_turned_away() {
    let server = Running::start();
    let wang = server.wang();
    let code = server.invite(false);
    let other = Enrol {
        key: Bytes(device_key(2).public().to_cose_key()),
        ..enrol_message(1, &code)
    };
    let answer = post(server.address, "/api/enrol", None, &bytes(&other));
    assert_eq!(answer.declined(), (409, FailureCode::DeviceTaken));
    // The code is not used up by that: the device comes again under another id.
    let other = Enrol {
        device: device_id(2),
        ..other
    };
    let answer = post(server.address, "/api/enrol", None, &bytes(&other));
    assert_eq!(answer.status, 200);
    let no_key = Enrol {
        key: Bytes(b"key".to_vec()),
        ..other
    };
    let answer = post(server.address, "/api/enrol", None, &bytes(&no_key));
    assert_eq!(answer.declined(), (400, FailureCode::Malformed));
    assert_eq!(wang.contact(false).scope, wang.scope);
}

#[test]
fn nobody_signs_in_on_a_device_that_did_not_join() {
    let server = Running::start();
    let wang = server.wang();
    let message = SignIn {
        person: "li-na".parse().unwrap(),
        pin: "100005".to_owned(),
        certificate: wang.enrolled.certificate.clone(),
        key: Bytes(persons_key("li-na").public().to_cose_key()),
        first_certificate: None,
    };
    let answer = post(server.address, "/api/sign-in", None, &bytes(&message));
    assert_eq!(answer.declined(), (401, FailureCode::NotSignedIn));
    let self_made = SignIn {
        certificate: Bytes(b"none".to_vec()),
        ..message
    };
    let answer = wang.post("/api/sign-in", &self_made);
    assert_eq!(answer.declined(), (403, FailureCode::NotEnrolled));
}

#[test]
fn everybody_on_a_device_is_given_one_content_key_and_a_device_that_lost_its_key_the_one_of_before()
{
    let server = Running::start();
    let wang = server.wang();
    let key = |device: &Device, person: &str, pin: &str, first: Option<&Device>| {
        let message = SignIn {
            person: person.parse().unwrap(),
            pin: pin.to_owned(),
            certificate: device.enrolled.certificate.clone(),
            key: Bytes(persons_key(person).public().to_cose_key()),
            first_certificate: first.map(|it| it.enrolled.certificate.clone()),
        };
        let answer: SignedIn = device.post("/api/sign-in", &message).message();
        answer.content_key.map(|it| it.0)
    };
    let first = key(&wang, "wang-jianguo", "100013", None);
    assert_eq!(first.as_ref().map(Vec::len), Some(32));
    assert_eq!(key(&wang, "li-na", "100005", None), first);
    let later = server.device(2, "li-na", "100005");
    assert_ne!(key(&later, "li-na", "100005", None), first);
    assert_eq!(key(&later, "li-na", "100005", Some(&wang)), first);

    let revoked = Whom {
        person: None,
        device: Some(wang.code()),
        to: None,
        operator: "gao-yun".parse().unwrap(),
    };
    assert!(server.decide_access(&revoked, false));
    assert_eq!(key(&later, "li-na", "100005", Some(&wang)), None);
    assert_ne!(key(&later, "li-na", "100005", None), None);
}

#[test]
fn a_contact_needs_the_device_s_key_its_certificate_and_a_fresh_challenge() {
    let server = Running::start();
    let wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let said = wang.contact_message(false);
    assert_eq!(wang.send_contact(&said, &wang.key).status, 200);
    let not_enrolled = (403, FailureCode::NotEnrolled);
    assert_eq!(wang.send_contact(&said, &li.key).declined(), not_enrolled);
    let with_other_certificate = Contact {
        certificate: li.enrolled.certificate.clone(),
        ..said.clone()
    };
    let answer = wang.send_contact(&with_other_certificate, &li.key);
    assert_eq!(answer.declined(), not_enrolled);
    let self_made = Contact {
        certificate: Bytes(
            Certificate::issue(
                &wang.key,
                Certificate::from_bytes(&wang.enrolled.certificate.0)
                    .unwrap()
                    .claims()
                    .clone(),
            )
            .to_bytes(),
        ),
        ..said.clone()
    };
    let answer = wang.send_contact(&self_made, &wang.key);
    assert_eq!(answer.declined(), not_enrolled);
    let made_up = Contact {
        nonce: Bytes(vec![0; 56]),
        ..said.clone()
    };
    let answer = wang.send_contact(&made_up, &wang.key);
    assert_eq!(answer.declined(), (401, FailureCode::NotSignedIn));
    server.clock.pass_ms(2 * 60 * 1000);
    let answer = wang.send_contact(&said, &wang.key);
    assert_eq!(answer.declined(), (401, FailureCode::NotSignedIn));
}

type Falsified<'a> = (&'a str, Box<dyn Fn(&mut Contact) + 'a>);

#[test]
fn without_a_persons_signature_a_contact_brings_and_does_not_read() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let photo = "/api/files/".to_owned() + &"0".repeat(64) + "/0";
    let read = |token: &str, device: &Device| {
        let mut device = device.clone();
        device.token = token.to_owned();
        let token = format!("Bearer {token}");
        let headers = [("authorization", token.as_str())];
        let pulled = device.post("/api/pull", &device.pull_message(NEWS));
        let photo = get(server.address, &photo, &headers);
        let texts = get(server.address, "/api/site", &headers);
        assert_eq!(texts.status, 200, "the texts are everybody's on the device");
        (pulled.status, photo.status)
    };
    assert_eq!(read(&wang.token, &wang), (200, 404));

    let falsified: [Falsified<'_>; 5] = [
        ("nobody signs", Box::new(|it| it.reading = None)),
        (
            "somebody who never signed in there",
            Box::new(|it| it.reading = Some(wang.reading("li-na", &it.nonce))),
        ),
        (
            "with another's key",
            Box::new(|it| {
                let reading = Reading {
                    person: "wang-jianguo".parse().unwrap(),
                    device: wang.id,
                    nonce: it.nonce.clone(),
                };
                let key = persons_key("li-na");
                let signed = Signed::by(&key, Context::Reading, bytes(&reading));
                it.reading = Some(Bytes(signed.to_bytes()));
            }),
        ),
        (
            "of an earlier contact",
            Box::new(|it| it.reading = wang.contact_message(false).reading),
        ),
        (
            "on another device",
            Box::new(|it| it.reading = Some(li.reading("wang-jianguo", &it.nonce))),
        ),
    ];
    let mut last = String::new();
    for (what, falsify) in falsified {
        let mut said = wang.contact_message(false);
        falsify(&mut said);
        let contacted = wang.contacted(&said);
        assert_eq!(contacted.scope, wang.scope, "{what}: nothing is let go of");
        assert_eq!(read(&contacted.token, &wang), (401, 401), "{what}");
        last = contacted.token;
    }
    wang.token = last;
    let envelope = wang.write(3);
    assert_eq!(wang.push(&[envelope]).len(), 1, "it brings");
}

#[test]
fn a_wrong_pin_and_an_unknown_person_get_the_same_answer() {
    let server = Running::start();
    let wrong = try_pin(server.address, 1, "li-na", "000000");
    let unknown = try_pin(server.address, 1, "nobody", "100005");
    assert_eq!(wrong.declined(), (401, FailureCode::WrongPin));
    assert_eq!(wrong.body, unknown.body);
}

#[test]
fn the_sixth_try_within_a_minute_has_to_wait_and_others_have_not() {
    let server = Running::start();
    for _ in 0..5 {
        assert_eq!(try_pin(server.address, 1, "li-na", "000000").status, 401);
    }
    let sixth = try_pin(server.address, 1, "li-na", "100005");
    assert_eq!(sixth.declined(), (429, FailureCode::TooManyTries));
    let wait: u64 = sixth.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(try_pin(server.address, 1, "ma-jie", "100006").status, 200);
}

#[test]
fn without_a_good_token_nothing_is_taken_or_given() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(1);
    let push = bytes(&wang.message(&[envelope]));
    let pull = bytes(&wang.pull_message(NEWS));
    for token in [None, Some("0".repeat(64)), Some(String::new())] {
        let token = token.as_deref();
        assert_eq!(
            post(server.address, "/api/push", token, &push).declined(),
            (401, FailureCode::NotSignedIn)
        );
        assert_eq!(
            post(server.address, "/api/pull", token, &pull).declined(),
            (401, FailureCode::NotSignedIn)
        );
    }
    assert!(wang.pull_all().is_empty());
}

#[test]
fn a_token_is_of_one_device() {
    let server = Running::start();
    let mut other = server.device(2, "li-na", "100005");
    let stolen = Device {
        token: server.wang().token,
        ..other.clone()
    };
    let envelope = other.write(1);
    let refused = stolen.post("/api/push", &stolen.message(&[envelope]));
    assert_eq!(refused.declined(), (401, FailureCode::NotSignedIn));
    assert_eq!(
        stolen
            .post("/api/pull", &stolen.pull_message(NEWS))
            .declined(),
        (401, FailureCode::NotSignedIn)
    );
}

#[test]
fn a_token_ends_after_ten_minutes_and_another_contact_gives_another() {
    const MINUTE_MS: i64 = 60 * 1000;
    let server = Running::start();
    let mut wang = server.wang();
    let ask = |wang: &Device| wang.post("/api/pull", &wang.pull_message(NEWS)).status;
    server.clock.pass_ms(10 * MINUTE_MS - 1);
    assert_eq!(ask(&wang), 200);
    server.clock.pass_ms(1);
    assert_eq!(ask(&wang), 401);
    wang.token = wang.contact(false).token;
    assert_eq!(ask(&wang), 200);
}

#[test]
fn tokens_pins_and_secret_keys_do_not_stand_in_the_database() {
    let mut server = Running::start();
    let wang = server.wang();
    server.stop();
    let stored = std::fs::read(server.database()).unwrap();
    let holds = |it: &[u8]| stored.windows(it.len()).any(|at| at == it);
    assert!(holds(b"wang-jianguo"), "what is looked for can be found");
    assert!(holds(&wang.key.public().to_cose_key()));
    assert!(!holds(wang.token.as_bytes()));
    assert!(!holds(b"100013"));
    let keys = std::fs::read(server.database().with_file_name("keys")).unwrap();
    let secrets = keys.windows(34).filter(|it| it.starts_with(&[0x58, 0x20]));
    assert!(secrets.map(|it| &it[2..]).all(|it| !holds(it)));
}

#[test]
fn a_database_is_not_served_with_other_keys() {
    let mut server = Running::start();
    server.stop();
    std::fs::remove_file(server.database().with_file_name("keys")).unwrap();
    let refused = server.try_restart().map(|_| ()).unwrap_err();
    assert!(refused.contains("belongs to other keys"), "{refused}");
}

#[test]
fn the_site_s_texts_come_once_and_are_kept() {
    let server = Running::start();
    let stranger = get(server.address, "/api/site", &[]);
    assert_eq!(stranger.declined(), (401, FailureCode::NotSignedIn));
    let token = format!("Bearer {}", Device::enrol(server.address, 1).token);
    let authorization = ("authorization", token.as_str());
    let answer = get(server.address, "/api/site", &[authorization]);
    let texts: SiteTexts = answer.message();
    assert_eq!(texts.site.as_str(), "lanting");
    assert!(texts.directory.text.contains("王建国"));
    let known = ("if-none-match", answer.header("etag"));
    let again = get(server.address, "/api/site", &[authorization, known]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    let bad = get(
        server.address,
        "/api/site",
        &[("authorization", "Bearer 1")],
    );
    assert_eq!(bad.declined(), (401, FailureCode::NotSignedIn));
}
