//! Callers who take more than their share: of time, of room, of requests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use shouwen_server::bounds::Bounds;
use shouwen_sync::message::FailureCode;
use support::socket::{ask, connect, drip, is_closed, read};
use support::{Answer, NEWS, Running, bytes, get, post};

const SHORT: Duration = Duration::from_millis(200);

fn live(address: SocketAddr, token: &str) -> TcpStream {
    let mut stream = connect(address);
    write!(
        stream,
        "GET /api/live HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    stream
}

#[test]
fn a_head_that_does_not_end_is_cut() {
    let server = Running::start_with(Bounds {
        head_lasts: SHORT,
        ..Bounds::default()
    });
    for begun in ["", "GE", "GET / HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = connect(server.address);
        stream.write_all(begun.as_bytes()).unwrap();
        let drop = if begun.ends_with("\r\n") {
            "a: b\r\n"
        } else {
            ""
        };
        assert!(drip(&mut stream, drop.as_bytes()).is_none(), "{begun:?}");
    }
    // The same between two requests.
    let mut stream = connect(server.address);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    assert_eq!(drip(&mut stream, b"").unwrap().status, 200);
}

#[test]
fn a_body_that_trickles_is_cut_and_one_at_the_pace_of_a_poor_line_is_not() {
    let server = Running::start_with(Bounds {
        body_starts: SHORT,
        ..Bounds::default()
    });
    let begin = |n_bytes: usize| {
        let mut stream = connect(server.address);
        write!(
            stream,
            "POST /api/contact HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: {n_bytes}\r\n\
             connection: close\r\n\r\n"
        )
        .unwrap();
        stream
    };
    let slow = drip(&mut begin(4_000), b"\x01").unwrap();
    assert_eq!(slow.declined(), (408, FailureCode::TooSlow));
    // Two seconds' worth of bytes have come; a pause of twice what a body has to start with is no matter.
    let mut stream = begin(2_048);
    stream.write_all(&[0; 1_024]).unwrap();
    stream.set_read_timeout(Some(SHORT * 2)).unwrap();
    assert!(
        std::io::Read::read(&mut stream, &mut [0]).is_err(),
        "nothing is said yet"
    );
    stream.set_read_timeout(None).unwrap();
    stream.write_all(&[0; 1_024]).unwrap();
    assert_eq!(read(&mut stream).declined(), (400, FailureCode::Malformed));
}

#[test]
fn a_line_on_which_an_answer_overtook_the_body_is_said_to_end() {
    let server = Running::start();
    let ask_slowly = |line: &str| {
        let mut stream = connect(server.address);
        write!(
            stream,
            "POST {line} HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: 1\r\n\r\n"
        )
        .unwrap();
        std::thread::sleep(SHORT / 4);
        stream.write_all(&bytes(&())).unwrap();
        read_head(&mut stream)
    };
    // Nobody is let in, so the body is not waited for.
    let declined = ask_slowly("/api/push");
    assert!(declined.starts_with("HTTP/1.1 401"), "{declined}");
    assert!(declined.contains("connection: close"), "{declined}");
    // Whoever reads what comes goes on with the same line.
    let answered = ask_slowly("/api/challenge");
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    assert!(!answered.contains("connection: close"), "{answered}");
}

/// The head of an answer, in small letters but for the first line.
fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        std::io::Read::read_exact(stream, &mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn a_request_that_lasts_too_long_is_ended() {
    let server = Running::start_with(Bounds {
        request_lasts: SHORT,
        ..Bounds::default()
    });
    let mut stream = connect(server.address);
    stream
        .write_all(
            b"POST /api/contact HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: 9\r\n\
              connection: close\r\n\r\n",
        )
        .unwrap();
    let answer = read(&mut stream);
    assert_eq!(answer.declined(), (408, FailureCode::TooSlow));
}

#[test]
fn a_body_that_is_too_long_is_declined_before_it_comes() {
    let server = Running::start();
    let token = server.wang().token;
    let hash = "0".repeat(64);
    let chunk = format!("PUT /api/files/{hash}/0");
    for (line, limit) in [
        ("POST /api/enrol", 13 << 10),
        ("POST /api/sign-in", 13 << 10),
        ("POST /api/erased", 13 << 10),
        ("POST /api/contact", 13 << 10),
        ("POST /api/withdraw", 4 << 20),
        ("POST /api/rescue", 4 << 20),
        ("POST /api/push", 4 << 20),
        ("POST /api/pull", 4 << 20),
        ("POST /api/files/lacking", 64 * 64),
        (chunk.as_str(), (60 << 10) + 36 + 256),
    ] {
        let head = format!(
            "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/cbor\r\n\
             authorization: Bearer {token}\r\n"
        );
        // Said at the beginning: nothing of it has to come.
        let said = format!("{head}content-length: {}\r\n\r\n", limit + 1);
        let too_large = (413, FailureCode::TooLarge);
        let answer = ask(server.address, said.as_bytes());
        assert_eq!(answer.declined(), too_large, "{line}");
        // Not said: as soon as it is too much, without its end.
        let part = vec![0; limit + 1];
        let head = format!(
            "{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n",
            part.len()
        );
        let answer = ask(server.address, &[head.as_bytes(), &part].concat());
        assert_eq!(answer.declined(), too_large, "{line}");
    }
}

#[test]
fn a_body_that_nests_too_deep_is_declined_on_every_path_that_takes_one() {
    let server = Running::start();
    let token = server.wang().token;
    for path in [
        "/api/enrol",
        "/api/sign-in",
        "/api/erased",
        "/api/contact",
        "/api/withdraw",
        "/api/rescue",
        "/api/push",
        "/api/pull",
        "/api/files/lacking",
    ] {
        // An unknown field, which is passed over.
        let deep = [&[0xa1, 0x18, 0x63][..], &[0x81; 16], &[0]].concat();
        let answer = post(server.address, path, Some(&token), &deep);
        assert_eq!(answer.declined(), (400, FailureCode::Malformed), "{path}");
        assert!(
            String::from_utf8_lossy(&answer.body).contains("nests too deep"),
            "{path}"
        );
    }
}

#[test]
fn a_head_of_too_many_bytes_or_fields_is_declined() {
    let server = Running::start();
    let head =
        |fields: &str| format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n");
    let many = "a: b\r\n".repeat(Bounds::HEAD_FIELDS);
    let long = format!("a: {}\r\n", "b".repeat(2 * Bounds::HEAD_BYTES));
    for (why, fields) in [("many", many), ("long", long)] {
        let answer = ask(server.address, head(&fields).as_bytes());
        assert_eq!(answer.status, 431, "{why}");
    }
    let fair = "a: b\r\n".repeat(Bounds::HEAD_FIELDS - 2);
    assert_eq!(ask(server.address, head(&fair).as_bytes()).status, 200);
}

#[test]
fn connections_above_those_of_one_address_are_closed_until_another_ends() {
    let server = Running::start_with(Bounds {
        connections_of_address: 2,
        ..Bounds::default()
    });
    let open = || {
        let mut stream = connect(server.address);
        // It is there once it answers.
        let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        (asked.is_ok() && !is_closed(&mut stream)).then_some(stream)
    };
    let first = open().unwrap();
    let _second = open().unwrap();
    assert!(open().is_none());
    drop(first);
    // The server sees that it ended a moment later.
    let again = (0..1_000).find_map(|_| open());
    assert!(again.is_some());
}

#[test]
fn a_device_listens_to_so_many_streams_and_others_to_theirs() {
    let server = Running::start_with(Bounds {
        streams_of_device: 1,
        ..Bounds::default()
    });
    let (wang, li) = (server.wang(), server.device(2, "li-na", "100005"));
    let mut first = live(server.address, &wang.token);
    assert!(!is_closed(&mut first));
    let second = read(&mut live(server.address, &wang.token));
    assert_eq!(second.declined(), (429, FailureCode::TooManyTries));
    assert_ne!(second.header("retry-after"), "");
    assert!(!is_closed(&mut live(server.address, &li.token)));
}

fn is_told_to_wait(answer: &Answer) {
    assert_eq!(answer.declined(), (429, FailureCode::TooManyTries));
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[test]
fn an_address_that_asks_too_often_has_to_wait_on_every_path() {
    let n = 10;
    let server = Running::start_with(Bounds {
        requests_of_address_a_minute: n,
        ..Bounds::default()
    });
    for _ in 0..n {
        get(server.address, "/api/nothing", &[]);
    }
    for path in [
        "/api",
        "/api/nothing",
        "/api/site",
        "/api/live",
        "/api/files/0/0",
    ] {
        is_told_to_wait(&get(server.address, path, &[]));
    }
    for path in [
        "/api/enrol",
        "/api/sign-in",
        "/api/erased",
        "/api/challenge",
        "/api/contact",
        "/api/withdraw",
        "/api/rescue",
        "/api/push",
        "/api/pull",
        "/api/files/lacking",
    ] {
        is_told_to_wait(&post(server.address, path, None, b""));
    }
    // Whoever looks whether it is well, and whoever wants the app, may.
    assert_eq!(get(server.address, "/healthz", &[]).status, 200);
    assert_eq!(get(server.address, "/", &[]).status, 200);
}

#[test]
fn a_device_that_asks_too_often_has_to_wait_and_its_words_get_no_fate() {
    let server = Running::start_with(Bounds {
        // Two people sign in on each first.
        requests_of_device_a_minute: 6,
        ..Bounds::default()
    });
    let (mut wang, li) = (server.wang(), server.device(2, "li-na", "100005"));
    for _ in 0..4 {
        assert_eq!(wang.post("/api/pull", &wang.pull_message(NEWS)).status, 200);
    }
    let envelope = wang.write(1);
    is_told_to_wait(&wang.post("/api/push", &wang.message(&[envelope])));
    let token = format!("Bearer {}", wang.token);
    is_told_to_wait(&get(
        server.address,
        "/api/live",
        &[("authorization", &token)],
    ));
    assert!(
        li.pull_all().is_empty(),
        "another device reads on, and nothing was taken"
    );
    let body = bytes(&wang.pull_message(NEWS));
    let nobody = post(server.address, "/api/pull", Some("0"), &body);
    assert_eq!(nobody.declined(), (401, FailureCode::NotSignedIn));
}
