//! What every answer tells the browser, and which pages may ask at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{Read, Write};
use std::time::Duration;

use shouwen_server::bounds::Bounds;
use shouwen_sync::message::FailureCode;
use support::socket::{ask, connect};
use support::{Answer, NEWS, Running, bytes, get, post};

const WASM: &str = "/app-0123456789abcdef_bg.wasm";

/// `method path status`, in the words of the request, and what else is sent.
fn is_strict(asked: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'self';",
        "script-src 'self' 'wasm-unsafe-eval';",
        "object-src 'none';",
        "base-uri 'none';",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{asked}: {policy}");
    }
    for forbidden in ["'unsafe-eval'", "'unsafe-inline'", "http:", "https:", "*"] {
        assert!(!policy.contains(forbidden), "{asked}: {policy}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{asked}: {name}");
    }
    let permissions = answer.header("permissions-policy");
    assert!(permissions.contains("geolocation=()"), "{asked}");
    let no_store = if asked.contains(" /api/site ") && [200, 304].contains(&answer.status) {
        "private, no-cache"
    } else {
        "no-store"
    };
    if asked.contains(" /api") {
        assert_eq!(answer.header("cache-control"), no_store, "{asked}");
    }
    assert_eq!(answer.header("server"), "", "{asked}");
    assert_eq!(answer.header("access-control-allow-origin"), "", "{asked}");
}

#[test]
fn every_kind_of_answer_on_every_path_is_strict() {
    let server = Running::start();
    let token = server.wang().token;
    let authorization = format!("Bearer {token}");
    let site = get(
        server.address,
        "/api/site",
        &[("authorization", &authorization)],
    );
    let etag = site.header("etag");
    let cbor = "content-type: application/cbor\r\n";
    let bearer = format!("{cbor}authorization: {authorization}\r\n");
    let kept = format!("{bearer}if-none-match: {etag}\r\n");
    let long = format!("{bearer}content-length: 9999999\r\n");
    let file = format!("/api/files/{}/0", "0".repeat(64));
    let file = file.as_str();
    for (method, path, status, sent) in [
        ("GET", "/", 200, ""),
        ("HEAD", "/", 200, ""),
        ("GET", "/cases/1", 200, ""),
        ("GET", WASM, 200, ""),
        ("GET", WASM, 206, "range: bytes=0-3\r\n"),
        ("GET", WASM, 416, "range: bytes=900-\r\n"),
        ("GET", "/missing.js", 404, ""),
        ("GET", "/.env", 404, ""),
        ("POST", "/", 405, ""),
        ("GET", "/healthz", 200, ""),
        ("POST", "/healthz", 405, ""),
        ("GET", "/api/site", 200, &bearer),
        ("GET", "/api/site", 304, &kept),
        ("GET", "/api/site", 401, "authorization: Bearer 1\r\n"),
        ("POST", "/api/site", 405, cbor),
        ("GET", "/api", 404, ""),
        ("GET", "/api/", 404, ""),
        ("DELETE", "/api/nothing", 404, cbor),
        ("OPTIONS", "/api/push", 405, ""),
        ("GET", "/api/live", 401, ""),
        ("GET", "/api/openapi.json", 200, ""),
        ("POST", "/api/openapi.json", 405, cbor),
        ("POST", "/api/challenge", 200, cbor),
        ("GET", "/api/challenge", 405, ""),
        ("POST", "/api/enrol", 400, cbor),
        ("POST", "/api/enrol", 413, &long),
        ("POST", "/api/sign-in", 401, cbor),
        ("POST", "/api/sign-in", 400, &bearer),
        ("POST", "/api/erased", 401, cbor),
        ("POST", "/api/erased", 400, &bearer),
        ("POST", "/api/sign-in", 403, ""),
        ("POST", "/api/contact", 400, cbor),
        ("POST", "/api/contact", 413, &long),
        ("POST", "/api/withdraw", 401, cbor),
        ("POST", "/api/withdraw", 413, &long),
        ("POST", "/api/rescue", 401, cbor),
        ("POST", "/api/rescue", 400, &bearer),
        ("POST", "/api/push", 401, cbor),
        ("POST", "/api/push", 400, &bearer),
        (
            "POST",
            "/api/push",
            415,
            "content-type: application/cbor\r\ncontent-encoding: gzip\r\n",
        ),
        ("POST", "/api/pull", 401, cbor),
        ("POST", "/api/pull", 400, &bearer),
        ("POST", "/api/files/lacking", 401, cbor),
        ("POST", "/api/files/lacking", 400, &bearer),
        ("GET", file, 401, ""),
        ("GET", file, 404, &bearer),
        ("PUT", file, 401, cbor),
        ("PUT", file, 400, &bearer),
    ] {
        let length = if sent.contains("content-length") {
            ""
        } else {
            "content-length: 0\r\n"
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{sent}{length}\r\n"
        );
        let answer = ask(server.address, request.as_bytes());
        let asked = format!("{method} {path} {sent}");
        assert_eq!(answer.status, status, "{asked}");
        is_strict(&asked, &answer);
        // Served over plain http, it must not be asked for over https alone.
        assert_eq!(answer.header("strict-transport-security"), "", "{asked}");
    }
}

#[test]
fn what_is_cut_off_told_to_wait_or_cannot_be_stored_is_strict_as_well() {
    let short = Duration::from_millis(100);
    let server = Running::start_with(Bounds {
        request_lasts: short,
        requests_of_address_a_minute: 8,
        ..Bounds::default()
    });
    let waits = b"POST /api/contact HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/cbor\r\n\
                  content-length: 9\r\n\r\n";
    let answer = ask(server.address, waits);
    assert_eq!(answer.status, 408);
    is_strict("POST /api/contact 408", &answer);
    for _ in 0..7 {
        get(server.address, "/api/site", &[]);
    }
    let last = get(server.address, "/api/site", &[]);
    assert_eq!(last.status, 429);
    is_strict("GET /api/site 429", &last);
}

#[test]
fn a_page_and_a_stream_of_news_are_strict() {
    let server = Running::start();
    let wang = server.wang();
    let page = wang.post("/api/pull", &wang.pull_message(NEWS));
    assert_eq!(page.status, 200);
    is_strict("POST /api/pull", &page);
    let mut stream = connect(server.address);
    write!(
        stream,
        "GET /api/live HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        wang.token
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    for line in [
        "content-type: text/event-stream\r\n",
        "cache-control: no-store\r\n",
        "x-content-type-options: nosniff\r\n",
        "content-security-policy: default-src 'self';",
    ] {
        assert!(head.contains(line), "{head}");
    }
}

#[test]
fn a_page_of_another_site_may_not_ask() {
    let server = Running::start();
    let mut wang = server.wang();
    let token = wang.token.clone();
    let envelope = wang.write(1);
    let push = bytes(&wang.message(&[envelope]));
    let foreign = (403, FailureCode::ForeignPage);
    let try_it = |line: &str, fields: &str, body: &[u8]| {
        let head = format!(
            "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}content-length: {}\r\n\r\n",
            body.len()
        );
        ask(server.address, &[head.as_bytes(), body].concat())
    };
    // What a form or a simple request of another page can send, on every path that changes something.
    for line in [
        "POST /api/enrol",
        "POST /api/sign-in",
        "POST /api/erased",
        "POST /api/challenge",
        "POST /api/contact",
        "POST /api/withdraw",
        "POST /api/rescue",
        "POST /api/push",
        "POST /api/pull",
        "POST /api/files/lacking",
        "PUT /api/files/0/0",
        "POST /api/nothing",
    ] {
        for media_type in [
            "",
            "content-type: application/x-www-form-urlencoded\r\n",
            "content-type: multipart/form-data; boundary=x\r\n",
            "content-type: text/plain\r\n",
            "content-type: text/plain; application/cbor\r\n",
        ] {
            let answer = try_it(line, media_type, &push);
            assert_eq!(answer.declined(), foreign, "{line} {media_type}");
        }
    }
    // A browser says where a request comes from; then not even a token helps.
    let fields = |from: &str| {
        format!(
            "sec-fetch-site: {from}\r\ncontent-type: application/cbor\r\nauthorization: Bearer {token}\r\n"
        )
    };
    for from in ["cross-site", "same-site", "anything"] {
        for line in ["POST /api/push", "GET /api/site", "GET /api/live"] {
            assert_eq!(
                try_it(line, &fields(from), &push).declined(),
                foreign,
                "{from} {line}"
            );
        }
    }
    assert!(wang.pull_all().is_empty());
    assert_eq!(
        try_it("POST /api/push", &fields("same-origin"), &push).status,
        200
    );
    assert_eq!(wang.pull_all().len(), 1);
    // Another page may lead somebody to the app.
    assert_eq!(
        try_it("GET /", "sec-fetch-site: cross-site\r\n", b"").status,
        200
    );
    let empty = post(server.address, "/api/challenge", None, b"");
    assert_eq!(empty.status, 200);
}

#[test]
fn a_path_takes_the_methods_that_its_description_names_and_no_others() {
    let server = Running::start();
    let document = get(server.address, "/api/openapi.json", &[]);
    let document: serde_json::Value = serde_json::from_slice(&document.body).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let place = path.replace("{hash}", &"0".repeat(64)).replace("{n}", "0");
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"] {
            let request = format!(
                "{method} {place} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/cbor\r\n\
                 content-length: 0\r\n\r\n"
            );
            let answer = ask(server.address, request.as_bytes());
            let is_named = item.get(method.to_lowercase()).is_some();
            assert_eq!(
                answer.status != 405,
                is_named,
                "{method} {path}: {}",
                answer.status
            );
            if answer.status == 405 {
                let named = item.as_object().unwrap().keys();
                assert!(
                    named
                        .into_iter()
                        .all(|it| answer.header("allow").contains(&it.to_uppercase())),
                    "{method} {path}: {}",
                    answer.header("allow")
                );
            }
        }
    }
}
