//! Whom head office lets in no more: what they get, and what becomes of what they still bring.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use shouwen_domain::certificate::{Certificate, Subject};
use shouwen_domain::envelope::{Envelope, Fate, HeldReason, Receipt};
use shouwen_domain::event::{AccessDecided, Content, Event, Fact, Holder};
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::{Concerned, Scope};
use shouwen_domain::signature::{Context, Signed};
use shouwen_server::admin;
use shouwen_server::arguments::Whom;
use shouwen_server::clock::Clock;
use shouwen_server::storage::{backup, orders};
use shouwen_sync::message::{Bytes, Erased, FailureCode, SignedIn};
use support::{Device, NEWS, Running, START_MS, bytes, get, post};

const REVOKED: (u16, FailureCode) = (403, FailureCode::Revoked);
const HELD: Fate = Fate::Held(HeldReason::Revoked);

fn device(code: &str) -> Whom {
    Whom {
        person: None,
        device: Some(code.to_owned()),
        to: None,
        operator: "gao-yun".parse().unwrap(),
    }
}

fn person(id: &str) -> Whom {
    Whom {
        person: Some(id.parse().unwrap()),
        device: None,
        ..device("")
    }
}

fn fates(receipts: &[Receipt]) -> Vec<Fate> {
    receipts.iter().map(|it| it.fate).collect()
}

#[test]
fn a_device_that_is_let_in_no_more_reads_nothing_and_what_it_brings_waits() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let (before, after) = (wang.write(1), wang.write(1));
    assert_eq!(
        fates(&wang.push(std::slice::from_ref(&before))),
        [Fate::Accepted]
    );
    assert!(server.decide_access(&device(&wang.code()), false));
    assert!(
        !server.decide_access(&device(&wang.code().to_lowercase()), false),
        "once"
    );

    // With the token of before.
    let pull = wang.post("/api/pull", &wang.pull_message(NEWS));
    assert_eq!(pull.declined(), REVOKED);
    let token = format!("Bearer {}", wang.token);
    for path in [
        "/api/site",
        "/api/live",
        &format!("/api/files/{}/0", "0".repeat(64)),
    ] {
        let answer = get(server.address, path, &[("authorization", &token)]);
        assert_eq!(answer.declined(), REVOKED, "{path}");
    }
    assert_eq!(wang.try_pin("wang-jianguo", "100013").declined(), REVOKED);
    let contacted = wang.contact(false);
    assert!(contacted.revoked);
    assert_eq!(contacted.scope, Scope::Of(Concerned::default()));
    wang.token = contacted.token;
    let pull = wang.post("/api/pull", &wang.pull_message(NEWS));
    assert_eq!(pull.declined(), REVOKED);

    assert_eq!(
        fates(&wang.push(&[before.clone(), after.clone()])),
        [Fate::Accepted, HELD]
    );
    assert_eq!(li.pull_all().len(), 2, "the order and what came before it");
    let n = server
        .block_on(server.office().release(None, &wang.code()))
        .unwrap();
    assert_eq!(n, 1);
    assert_eq!(fates(&wang.push(&[before, after])), [Fate::Accepted; 2]);
    assert_eq!(li.pull_all().len(), 3);
    assert!(!li.contact(false).revoked);

    assert!(server.decide_access(&device(&wang.code()), true));
    assert!(!wang.contact(false).revoked);
}

#[test]
fn a_device_signs_that_it_erased_what_it_held() {
    let server = Running::start();
    let mut wang = server.wang();
    server.decide_access(&device(&wang.code()), false);
    wang.token = wang.contact(false).token;
    let said = Erased {
        device: wang.id,
        at: Moment::from_unix_ms(START_MS),
    };
    let signed = |context| Signed::by(&wang.key, context, bytes(&said)).to_bytes();
    let send = |body: &[u8]| post(server.address, "/api/erased", Some(&wang.token), body);
    let wrong = send(&signed(Context::Contact));
    assert_eq!(wrong.declined(), (400, FailureCode::Malformed));
    assert_eq!(send(&signed(Context::Erased)).status, 200);
    assert_eq!(
        send(&signed(Context::Erased)).status,
        200,
        "an answer may be lost"
    );
    let devices = server.block_on(server.office().devices(None)).unwrap();
    let table = admin::device_table(&devices);
    let line = table
        .lines()
        .find(|it| it.starts_with(&wang.code()))
        .unwrap();
    assert!(
        line.ends_with("let in no more, erased 2026-07-13 01:00Z"),
        "{table}"
    );
}

#[test]
fn a_person_who_is_let_in_no_more_is_gone_from_every_device_and_the_others_stay() {
    let server = Running::start();
    let chen = Device::of(server.address, 1, "chen-gong", "100008", None);
    let theirs = Some(chen.enrolled.certificate.clone());
    let mut both = Device::of(server.address, 1, "li-na", "100005", theirs);
    assert!(server.decide_access(&person("li-na"), false));

    let stale = both.post("/api/pull", &both.pull_message(NEWS));
    assert_eq!(
        stale.declined(),
        (401, FailureCode::NotSignedIn),
        "contact anew"
    );
    let contacted = both.contact(false);
    assert!(!contacted.revoked);
    assert_eq!(contacted.scope, chen.scope);
    let certificate = Certificate::from_bytes(&contacted.certificate.unwrap().0).unwrap();
    let Subject::Device { people, code, .. } = &certificate.claims().subject else {
        panic!("{certificate:?}")
    };
    assert_eq!((people.len(), code), (1, &chen.code()));
    assert!(people.contains(&"chen-gong".parse().unwrap()));
    both.token = contacted.token;
    both.scope = contacted.scope;
    let hers = both.post("/api/pull", &both.pull_message(NEWS));
    assert_eq!(
        hers.declined(),
        (401, FailureCode::NotSignedIn),
        "her signature reads nothing"
    );
    both.person = "chen-gong".to_owned();
    both.token = both.contact(false).token;
    assert_eq!(both.post("/api/pull", &both.pull_message(NEWS)).status, 200);

    both.person = "li-na".to_owned();
    let by_li = both.write(1);
    both.person = "chen-gong".to_owned();
    let by_chen = both.write(1);
    assert_eq!(fates(&both.push(&[by_li, by_chen])), [HELD, Fate::Accepted]);
    let wrong = both.try_pin("li-na", "000000");
    assert_eq!(wrong.declined(), (401, FailureCode::WrongPin));
    assert_eq!(both.try_pin("li-na", "100005").declined(), REVOKED);

    assert!(server.decide_access(&person("li-na"), true));
    let again: SignedIn = both.try_pin("li-na", "100005").message();
    both.enrolled.certificate = again.certificate;
    assert_eq!(both.contact(false).scope, {
        let theirs = Device::of(server.address, 2, "li-na", "100005", None).scope;
        let (Scope::Of(mut one), Scope::Of(other)) = (chen.scope, theirs) else {
            panic!("neither sees the site")
        };
        one.departments.extend(other.departments);
        one.people.extend(other.people);
        Scope::Of(one)
    });
}

#[test]
fn an_older_copy_of_the_database_lets_nobody_in_again() {
    let mut server = Running::start();
    let wang = server.wang();
    let copy = server.database().with_file_name("it.backup");
    let now = server.clock.now();
    server
        .block_on(backup::take(&server.storage, &copy, now))
        .unwrap();
    server.decide_access(&device(&wang.code()), false);
    server.decide_access(&person("li-na"), false);
    server.decide_access(&person("ma-jie"), false);
    server.decide_access(&person("ma-jie"), true);
    server
        .block_on(backup::restore(
            &server.storage,
            &copy,
            true,
            Some(server.office().replay(now)),
        ))
        .unwrap();
    // At once, with servers running.
    assert!(wang.contact(false).revoked);
    assert_eq!(
        support::try_pin(server.address, 2, "li-na", "100005").declined(),
        REVOKED
    );
    assert_eq!(
        support::try_pin(server.address, 2, "ma-jie", "100006").status,
        200
    );
    // And on a database that is new altogether, with what lies beside the keys.
    server.stop();
    std::fs::remove_file(server.database()).unwrap();
    server = server.restart();
    let wang = Device {
        address: server.address,
        ..wang
    };
    assert!(wang.contact(false).revoked);
}

#[test]
fn a_new_database_is_given_the_orders_of_every_site_each_its_own() {
    let mut server = Running::start_two_sites();
    for revoked in ["b-li-na", "li-na", "b-ma-jie"] {
        assert!(server.decide_access(&person(revoked), false));
    }
    server.stop();
    std::fs::remove_file(server.database()).unwrap();
    let server = server.restart();
    for (name, revoked) in [
        ("cuihu", &["b-li-na", "b-ma-jie"][..]),
        ("lanting", &["li-na"]),
    ] {
        let id = name.parse().unwrap();
        let read = server
            .storage
            .read(&id, |db| orders::site(db, &name.parse().unwrap()));
        let site = server.block_on(read);
        let expected = revoked.iter().map(|it| Holder::Person(it.parse().unwrap()));
        assert_eq!(site.unwrap().revoked, expected.collect(), "{name}");
    }
}

#[test]
fn an_order_that_was_cut_off_by_the_power_was_not_given_and_the_next_one_is() {
    let mut server = Running::start();
    server.decide_access(&person("li-na"), false);
    server.stop();
    let file = server.database().with_file_name("keys.orders");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, [&whole[..], &whole[..whole.len() / 2]].concat()).unwrap();
    let server = server.restart();
    server.decide_access(&person("ma-jie"), false);
    let server = server.restart();
    for (number, who, pin) in [(1, "li-na", "100005"), (2, "ma-jie", "100006")] {
        assert_eq!(
            support::try_pin(server.address, number, who, pin).declined(),
            REVOKED
        );
    }
}

#[test]
fn an_order_holds_whatever_became_of_whoever_gave_it() {
    let server = Running::start();
    let by_gao = |id: &str| Whom {
        operator: "gao-yun".parse().unwrap(),
        ..person(id)
    };
    assert!(server.decide_access(&by_gao("gao-yun"), false));
    assert!(server.decide_access(&by_gao("li-na"), false));
    let server = server.restart();
    for (number, who, pin) in [(1, "li-na", "100005"), (2, "ma-jie", "100006")] {
        let status = support::try_pin(server.address, number, who, pin).status;
        assert_eq!(status, if who == "li-na" { 403 } else { 200 });
    }
}

#[test]
fn nobody_but_head_office_orders_that() {
    let server = Running::start();
    let wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let fact = Fact::AccessDecided(AccessDecided {
        whom: Holder::Device(li.id),
        may_enter: false,
    });
    let stamp = wang.stamp();
    let envelope = Envelope::seal(stamp, &[Event::new(fact, Content::default())]).unwrap();
    let envelope = wang.signed(envelope).to_bytes();
    wang.push(&[envelope]);
    assert!(!li.contact(false).revoked);
    // Nor does a device pass for head office.
    let mut message = support::enrol_message(3, &server.invite(false));
    message.device = shouwen_domain::id::DeviceId::HEAD_OFFICE;
    message.key = Bytes(wang.key.public().to_cose_key());
    let answer = post(server.address, "/api/enrol", None, &bytes(&message));
    assert_eq!(answer.declined(), (409, FailureCode::DeviceTaken));
}
