//! A whole run against the real server, in this process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::TcpListener;
use std::sync::Arc;

use shouwen_demo::arguments::Arguments;
use shouwen_demo::replay::Count;
use shouwen_demo::run;
use shouwen_server::bounds::Bounds;
use shouwen_server::clock::SystemClock;
use shouwen_server::site::SiteFiles;
use shouwen_server::{Server, Settings};
use tempfile::TempDir;
use tokio::runtime::Runtime;

struct Running {
    address: String,
    _runtime: Runtime,
    _folders: [TempDir; 2],
}

fn server() -> Running {
    let (data, dist) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(dist.path().join("index.html"), "<!doctype html>").unwrap();
    let settings = Settings {
        listen: "127.0.0.1:0".to_owned(),
        data: data.path().to_owned(),
        database: None,
        keys: data.path().join("keys"),
        dist: dist.path().to_owned(),
        sites: SiteFiles {
            demo: true,
            ..SiteFiles::default()
        },
        tls: None,
        behind_proxy: false,
        bounds: Bounds::default(),
        clock: Arc::new(SystemClock),
    };
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(settings)).unwrap();
    let address = format!("http://{}", server.address());
    runtime.spawn(server.run(std::future::pending()));
    Running {
        address,
        _runtime: runtime,
        _folders: [data, dist],
    }
}

fn wish(server: &str) -> Arguments {
    Arguments {
        server: server.to_owned(),
        limit: 12,
        ..Arguments::default()
    }
}

fn ran(wish: &Arguments) -> (Count, String) {
    let mut out = Vec::new();
    let count = run(wish, &mut out).unwrap();
    (count, String::from_utf8(out).unwrap())
}

fn refused(wish: &Arguments) -> String {
    let mut out = Vec::new();
    let error = run(wish, &mut out).unwrap_err().to_string();
    assert_eq!(out, b"");
    error
}

#[test]
fn a_workload_is_of_one_person_and_one_case_in_fifty_is_open() {
    let server = server();
    let workload = Arguments {
        workload: Some(200),
        ..wish(&server.address)
    };
    let (written, said) = ran(&workload);
    assert!(said.contains("has 200 cases with 1000 acts"), "{said}");
    assert_eq!((written.n_cases, written.n_acts), (200, 1_000));
    let (held, said) = ran(&workload);
    assert!(said.contains("nothing was sent"), "{said}");
    assert_eq!(
        (held.n_cases, held.n_acts, held.n_without_effect),
        (200, 1_000, 0)
    );
    assert_eq!(held.open.values().sum::<usize>(), 4);
}

#[test]
fn a_run_fills_the_site_once_and_again_only_when_told_to() {
    let server = server();
    let wish = wish(&server.address);
    let (first, said) = ran(&wish);
    assert_eq!((first.n_cases, first.n_without_effect), (12, 0), "{said}");
    let (second, said) = ran(&wish);
    assert_eq!(second, first, "{said}");
    assert!(
        said.contains("Nothing was sent; --again adds 12 more cases."),
        "{said}"
    );
    let (third, said) = ran(&Arguments {
        again: true,
        ..wish
    });
    assert_eq!((third.n_cases, third.n_without_effect), (24, 0), "{said}");
}

#[test]
fn a_wrong_pin_is_said_with_whose_it_is() {
    let server = server();
    let wish = Arguments {
        pin_base: 200_001,
        ..wish(&server.address)
    };
    let error = refused(&wish);
    assert!(
        error.starts_with("The server does not take 200001 as the PIN of 林志远"),
        "{error}"
    );
}

#[test]
fn a_broken_line_is_said_before_anybody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.jsonl");
    let right = include_str!("../messages.jsonl").lines().next().unwrap();
    let wrong = right
        .replace("d001", "d002")
        .replace("\"time\": \"2026-", "\"time\": \"26-");
    std::fs::write(&path, format!("{right}\n{wrong}\n")).unwrap();
    let wish = Arguments {
        messages: Some(path.clone()),
        ..wish("http://127.0.0.1:9")
    };
    assert_eq!(
        refused(&wish),
        format!(
            "{}, line 2: `time` is not like 2011-10-31T16:38:21",
            path.display()
        )
    );
}

#[test]
fn a_server_that_does_not_answer_is_named_with_what_to_do() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let address = format!("http://{nobody}");
    let error = refused(&wish(&address));
    assert!(
        error.starts_with(&format!("No answer from {address} (")),
        "{error}"
    );
    assert!(error.contains("cargo xtask run"), "{error}");
    let error = refused(&wish("https://demo.example"));
    assert!(
        error.starts_with("https://demo.example is not a plain address"),
        "{error}"
    );
}
