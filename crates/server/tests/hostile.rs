//! Who means harm, over real sockets: what exactly they get.
//!
//! What `sync`, `sign_in`, `scope`, `files`, `rescue`, `connections` and `headers` show already is not here again:
//! forged signatures, repeats, copies of a device, stolen and ended tokens, limits, other sites' pages.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use shouwen_domain::envelope::{Envelope, Fate, HeldReason, RefusedReason};
use shouwen_domain::event::{AnsweredAtOnce, Content, Event, Fact};
use shouwen_domain::hash::Hash;
use shouwen_domain::scope::Scope;
use shouwen_sync::message::{Ask, Bytes, Cursor, FailureCode, Page, Pull, SignIn};
use support::socket::ask;
use support::{Answer, Device, NEWS, Running, bytes, get, persons_key, post};

fn raw(server: &Running, head: &str, body: &[u8]) -> Answer {
    let head = format!(
        "{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    ask(server.address, &[head.as_bytes(), body].concat())
}

fn fates(device: &Device, envelopes: &[Vec<u8>]) -> Vec<Fate> {
    device
        .push(envelopes)
        .into_iter()
        .map(|it| it.fate)
        .collect()
}

/// A sign-in under any name, whether it can be one or not.
fn signing_in_as(device: &Device, name: &str) -> Vec<u8> {
    let message = bytes(&SignIn {
        person: "li-na".parse().unwrap(),
        pin: "100005".to_owned(),
        certificate: device.enrolled.certificate.clone(),
        key: Bytes(persons_key("li-na").public().to_cose_key()),
        first_certificate: None,
    });
    let real = bytes(&"li-na");
    let at = message
        .windows(real.len())
        .position(|it| it == real)
        .unwrap();
    [&message[..at], &bytes(&name), &message[at + real.len()..]].concat()
}

/// Two devices of a site each, on one server.
fn of_two_sites(server: &Running) -> (Device, Device) {
    let here = server.wang();
    let there = server.namesake(9);
    (here, there)
}

#[test]
fn a_changed_token_is_no_token_wherever_it_was_changed() {
    let server = Running::start();
    let wang = server.wang();
    let body = bytes(&wang.pull_message(NEWS));
    let refused = (401, FailureCode::NotSignedIn);
    let mut token = wang.token.clone().into_bytes();
    for n in 0..token.len() {
        let kept = token[n];
        token[n] = if kept == b'0' { b'1' } else { b'0' };
        let changed = std::str::from_utf8(&token).unwrap();
        let answer = post(server.address, "/api/pull", Some(changed), &body);
        assert_eq!(answer.declined(), refused, "digit {n}");
        token[n] = kept;
    }
    for changed in [
        &wang.token[..wang.token.len() - 2],
        &format!("{}00", wang.token),
        &format!("{0} {0}", wang.token),
    ] {
        let answer = post(server.address, "/api/pull", Some(changed), &body);
        assert_eq!(answer.declined(), refused, "{changed}");
    }
    assert_eq!(
        post(server.address, "/api/pull", Some(&wang.token), &body).status,
        200
    );
}

#[test]
fn a_challenge_s_nonce_is_no_token() {
    let server = Running::start();
    let nonce = server.wang().contact_message(false).nonce.0;
    let token = nonce.iter().map(|it| format!("{it:02x}"));
    let token = token.collect::<Vec<_>>().concat();
    let answer = get(
        server.address,
        "/api/live",
        &[("authorization", &format!("Bearer {token}"))],
    );
    assert_eq!(answer.declined(), (401, FailureCode::NotSignedIn));
}

#[test]
fn a_chain_whose_links_were_put_in_another_order_is_not_taken_for_the_true_one() {
    let server = Running::start();
    let mut wang = server.wang();
    let first = wang.write(1);
    assert_eq!(fates(&wang, std::slice::from_ref(&first)), [Fate::Accepted]);
    // Says that it follows something else than what stands before it.
    let mut stamp = wang.stamp();
    stamp.previous = Some(Hash::of(b"another"));
    let event = Event::new(
        Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
        Content::text("x"),
    );
    let elsewhere = wang.signed(Envelope::seal(stamp, &[event]).unwrap());
    assert_eq!(
        fates(&wang, &[elsewhere.to_bytes()]),
        [Fate::Held(HeldReason::Fork)]
    );
    // The true ones, sent from last to first, stand in their own order.
    let rest: Vec<_> = (0..3).map(|_| wang.write(1)).collect();
    let turned: Vec<_> = rest.iter().rev().cloned().collect();
    wang.push(&turned);
    assert_eq!(wang.pull_all(), [&[first][..], &rest].concat());
}

#[test]
fn an_envelope_with_a_changed_byte_gets_no_position_wherever_it_was_changed() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(1);
    let step = envelope.len() / 60;
    let changed: Vec<_> = (0..envelope.len())
        .step_by(step)
        .map(|n| {
            let mut it = envelope.clone();
            it[n] ^= 1;
            it
        })
        .collect();
    for fate in fates(&wang, &changed) {
        assert!(
            matches!(
                fate,
                Fate::Refused(
                    RefusedReason::Malformed | RefusedReason::NotYours | RefusedReason::Unsigned
                ) | Fate::Held(HeldReason::UnknownFormat)
            ),
            "{fate:?}"
        );
    }
    assert!(wang.pull_all().is_empty());
}

#[test]
fn a_cursor_of_another_site_shows_nothing_of_it() {
    let server = Running::start_two_sites();
    let (mut here, there) = of_two_sites(&server);
    for _ in 0..3 {
        let envelope = here.write(1);
        here.push(&[envelope]);
    }
    let cursor = here.pull(Cursor::default()).next;
    assert_eq!(cursor.position, 3);
    let refused = (401, FailureCode::NotSignedIn);
    for ask in [
        Ask::News { cursor, below: 0 },
        Ask::Open {
            at: Some(cursor),
            after: None,
        },
        Ask::History { from: cursor },
    ] {
        let page: Page = there.ask(ask);
        assert!(page.entries.is_empty());
        assert_ne!(
            page.from.epoch, cursor.epoch,
            "each site has epochs of its own"
        );
    }
    // Nor by saying that it is the other device, or with what that one may read.
    let as_here = Pull {
        device: here.id,
        scope: Scope::Site,
        ask: NEWS,
    };
    assert_eq!(there.post("/api/pull", &as_here).declined(), refused);
    let as_director = Pull {
        device: there.id,
        scope: Scope::Site,
        ask: NEWS,
    };
    assert_eq!(there.post("/api/pull", &as_director).declined(), refused);
    // Nor can it write there.
    let mut stranger = there.clone();
    stranger.enrolled.site = here.enrolled.site.clone();
    let envelope = stranger.write(1);
    assert_eq!(
        fates(&there, &[envelope]),
        [Fate::Refused(RefusedReason::NotYours)]
    );
    assert_eq!(here.pull_all().len(), 3);
}

#[test]
fn a_department_gets_no_more_by_asking_for_more() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(1);
    wang.push(&[envelope]);
    let chen = Device::of(server.address, 3, "chen-gong", "100008", None);
    assert!(matches!(chen.scope, Scope::Of(_)), "{:?}", chen.scope);
    for scope in [Scope::Site, wang.scope.clone()] {
        let more = Pull {
            device: chen.id,
            scope,
            ask: NEWS,
        };
        assert_eq!(
            chen.post("/api/pull", &more).declined(),
            (401, FailureCode::NotSignedIn)
        );
    }
    assert!(chen.pull_all().is_empty());
}

#[test]
fn a_compressed_body_is_not_inflated() {
    let server = Running::start();
    let wang = server.wang();
    // 64 MiB of nothing, in 64 KiB.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    for (encoding, path) in [
        ("gzip", "/api/push"),
        ("br", "/api/pull"),
        ("deflate", "/api/sign-in"),
        ("zstd", "/api/contact"),
        ("gzip, identity", "/api/rescue"),
        ("x", "/api/challenge"),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/cbor\r\n\
             content-encoding: {encoding}",
            wang.token
        );
        let answer = raw(&server, &head, &bomb);
        assert_eq!(answer.declined(), (415, FailureCode::Encoded), "{encoding}");
    }
    // Without saying so it is a body that is no message.
    let answer = post(server.address, "/api/push", Some(&wang.token), &bomb);
    assert_eq!(answer.declined(), (400, FailureCode::Malformed));
}

#[test]
fn no_path_leads_out_of_the_folder_or_round_the_token() {
    let server = Running::start();
    let beside = server.dist.path().with_extension("txt");
    std::fs::write(&beside, b"secret").unwrap();
    let name = beside.file_name().unwrap().to_str().unwrap();
    let mut paths = Vec::new();
    for up in [
        "..",
        "%2e%2e",
        ".%2e",
        "%2E.",
        "%252e%252e",
        "..%00",
        "..;",
        "....",
        "%c0%ae%c0%ae",
        "%uff0e%uff0e",
    ] {
        for slash in ["/", "%2f", "%252f", "\\", "%5c", "//", "/./"] {
            paths.push(format!("/{up}{slash}{name}"));
            paths.push(format!("/icons/{up}{slash}{up}{slash}{name}"));
        }
    }
    for path in [
        format!("//{name}"),
        format!("/{}", beside.display()),
        format!("/{name}%00.js"),
        format!("/index.html%00/../{name}"),
        format!("/C:\\{name}"),
        format!("http://elsewhere/../{name}"),
        format!("http://elsewhere/%2e%2e/{name}"),
        "/../../../../../../etc/passwd".to_owned(),
        "/..%2f..%2f..%2f..%2fetc%2fpasswd".to_owned(),
        "/%2fetc%2fpasswd".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        paths.push(path);
    }
    for path in paths {
        let answer = raw(&server, &format!("GET {path} HTTP/1.1"), b"");
        let is_app = answer.status == 200 && answer.body.starts_with(b"<!doctype html>");
        assert!(
            is_app || [400, 404].contains(&answer.status),
            "{path}: {answer:?}"
        );
    }
    std::fs::remove_file(&beside).unwrap();

    // A path that only looks like one of ours is none of ours: nothing is given without a token.
    for (path, status) in [
        ("/api/live", 401),
        ("/api//live", 404),
        ("/api/live/", 404),
        ("/api/./live", 404),
        ("/api/x/../live", 404),
        ("/api/%6cive", 404),
        ("/api/live%00", 404),
        ("/api/live?token=1", 401),
        ("http://elsewhere/api/live", 401),
        ("/api/files/../live", 401),
        ("/api/files/%ff/%ff", 401),
        ("/API/live", 200),
        ("/%61pi/live", 200),
    ] {
        let answer = raw(&server, &format!("GET {path} HTTP/1.1"), b"");
        assert_eq!(answer.status, status, "{path}");
        // What is no path of the API is a page of the app.
        assert_eq!(
            answer.body.starts_with(b"<!doctype html>"),
            status == 200,
            "{path}"
        );
    }
}

#[test]
fn a_request_of_two_lengths_is_not_read_in_two_ways() {
    let server = Running::start();
    let twice = "POST /api/challenge HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/cbor\r\n";
    for lengths in [
        "content-length: 1\r\ncontent-length: 2\r\n",
        "content-length: -1\r\n",
        "content-length: 1 2\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: chunked, gzip\r\n",
    ] {
        let answer = ask(
            server.address,
            format!("{twice}{lengths}\r\n0\r\n\r\n").as_bytes(),
        );
        assert_eq!(answer.status, 400, "{lengths}");
    }
}

#[test]
fn a_name_of_a_person_is_nothing_but_a_name() {
    let server = Running::start();
    let device = Device::enrol(server.address, 1);
    for name in [
        "x' OR '1'='1",
        "../../keys",
        "li-na\0",
        "%",
        "李娜",
        &"a".repeat(3_000),
    ] {
        let message = signing_in_as(&device, name);
        let answer = post(
            server.address,
            "/api/sign-in",
            Some(&device.token),
            &message,
        );
        let (status, code) = answer.declined();
        assert!(
            [(400, FailureCode::Malformed), (401, FailureCode::WrongPin)].contains(&(status, code)),
            "{name:?}: {status} {code:?}"
        );
    }
}
