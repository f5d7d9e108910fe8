//! The app as the browser gets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{Answer, Running, get};

const WASM: &str = "/app-0123456789abcdef_bg.wasm";

fn is_start_page(answer: &Answer) -> bool {
    answer.status == 200
        && answer.body.starts_with(b"<!doctype html>")
        && answer.header("content-type") == "text/html"
}

#[test]
fn the_smallest_form_that_the_browser_takes_is_sent() {
    let server = Running::start();
    let ask = |accepted: &str| get(server.address, WASM, &[("accept-encoding", accepted)]);
    let check = |accepted, encoding, body: &[u8]| {
        let answer = ask(accepted);
        assert_eq!(answer.header("content-encoding"), encoding);
        assert_eq!(answer.body, body);
        assert_eq!(answer.header("content-type"), "application/wasm");
        assert_eq!(answer.header("vary"), "accept-encoding");
    };
    check("gzip, deflate, br", "br", b"as brotli");
    check("identity", "", b"\0asm plain");
    assert_eq!(ask("gzip").header("content-encoding"), "gzip");
}

#[test]
fn only_what_never_changes_is_kept_without_asking() {
    let server = Running::start();
    let kept = |path: &str| {
        get(server.address, path, &[])
            .header("cache-control")
            .to_owned()
    };
    assert_eq!(kept(WASM), "public, max-age=31536000, immutable");
    for path in [
        "/",
        "/index.html",
        "/sw.js",
        "/manifest.webmanifest",
        "/gone-0123456789abcdef.js",
    ] {
        assert_eq!(kept(path), "no-cache", "{path}");
    }
}

#[test]
fn a_page_of_the_app_is_the_start_page_and_a_missing_file_is_missing() {
    let server = Running::start();
    for path in ["/", "/cases/0713-K7-018", "/record?draft=1", "/apiary"] {
        assert!(is_start_page(&get(server.address, path, &[])), "{path}");
    }
    for path in [
        "/missing.js",
        "/icons/missing.png",
        "/..%2f..%2fetc/passwd.txt",
    ] {
        assert_eq!(get(server.address, path, &[]).status, 404, "{path}");
    }
    for path in ["/api", "/api/nothing", "/api/site/more"] {
        assert_eq!(get(server.address, path, &[]).status, 404, "{path}");
    }
    let manifest = get(server.address, "/manifest.webmanifest", &[]);
    assert_eq!(manifest.header("content-type"), "application/manifest+json");
}

#[test]
fn what_lies_in_the_folder_by_mistake_is_not_given_out() {
    let server = Running::start();
    let dist = server.dist.path();
    std::fs::create_dir(dist.join(".git")).unwrap();
    for name in [".env", ".git/config.txt", ".htpasswd.js"] {
        std::fs::write(dist.join(name), b"secret").unwrap();
    }
    for path in [
        "/.env",
        "/.git/config.txt",
        "/.htpasswd.js",
        "/%2eenv",
        "/.%65nv",
        "/%2e%67it/config.txt",
        "/x/../.env",
    ] {
        let answer = get(server.address, path, &[]);
        assert!(
            answer.status == 404 || is_start_page(&answer),
            "{path}: {answer:?}"
        );
    }
}

#[test]
fn health_is_told() {
    let server = Running::start();
    let answer = get(server.address, "/healthz", &[]);
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok\n"[..]));
}
