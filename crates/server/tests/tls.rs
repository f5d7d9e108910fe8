//! Over TLS: who is believed, who is not, and what whoever speaks something else gets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use shouwen_server::bounds::Bounds;
use shouwen_server::tls::Files;
use support::socket::{connect, drip, is_closed, read};
use support::{Answer, Program, Running, dist, get};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

/// A root of one's own, and files with a certificate that it gave to `localhost`.
struct Authority {
    root: CertificateDer<'static>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &root).unwrap();
        let authority = Self {
            root: root.der().clone(),
            folder: tempfile::tempdir().unwrap(),
        };
        let files = authority.files();
        std::fs::write(files.certificate, leaf.pem()).unwrap();
        std::fs::write(files.key, key.serialize_pem()).unwrap();
        authority
    }

    fn files(&self) -> Files {
        Files {
            certificate: self.folder.path().join("certificate.pem"),
            key: self.folder.path().join("key.pem"),
        }
    }

    fn start(&self, bounds: Bounds) -> Running {
        Running::start_tls(self.files(), bounds)
    }

    /// Somebody who believes this root and no other.
    fn client(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn stream(address: SocketAddr, config: ClientConfig) -> Stream {
    let name = "localhost".try_into().unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(connection, connect(address))
}

fn ask(stream: &mut Stream, path: &str) -> std::io::Result<Answer> {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )?;
    Ok(read(stream))
}

#[test]
fn whoever_believes_its_root_is_answered_in_either_version() {
    let authority = Authority::new();
    let server = authority.start(Bounds::default());
    for version in [&TLS12, &TLS13] {
        let mut client = authority.client(&[version]);
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut stream = stream(server.address, client);
        let answer = ask(&mut stream, "/healthz").unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok\n"[..]));
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
    }
}

#[test]
fn whoever_believes_another_root_breaks_off() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = authority.start(Bounds::default());
    let mut stream = stream(server.address, other.client(&[&TLS13]));
    let error = ask(&mut stream, "/healthz").unwrap_err();
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
}

#[test]
fn that_only_https_is_to_be_asked_is_said_over_tls_alone() {
    let authority = Authority::new();
    let server = authority.start(Bounds::default());
    let name = "strict-transport-security";
    for path in ["/healthz", "/", "/api/site", "/api/nothing"] {
        let mut stream = stream(server.address, authority.client(&[&TLS13]));
        let answer = ask(&mut stream, path).unwrap();
        assert_eq!(answer.header(name), "max-age=31536000", "{path}");
        let plain = Running::start();
        assert_eq!(get(plain.address, path, &[]).header(name), "", "{path}");
    }
}

#[test]
fn whoever_speaks_plain_http_is_told_nothing() {
    let server = Authority::new().start(Bounds::default());
    let mut stream = connect(server.address);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    // An alert of TLS at most: seven bytes.
    assert!(said.len() <= 7, "{:?}", String::from_utf8_lossy(&said));
    assert!(said.is_empty() || said[0] == 21, "{said:?}");
}

#[test]
fn a_handshake_that_does_not_end_is_cut_and_its_place_is_free_again() {
    let authority = Authority::new();
    let server = authority.start(Bounds {
        head_lasts: Duration::from_millis(200),
        connections_of_address: 1,
        ..Bounds::default()
    });
    // The first bytes of a greeting of 512.
    let begun = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
    for (begun, drop) in [(&[][..], &[][..]), (&begun, &[]), (&begun, &[0])] {
        let mut silent = until_taken(server.address);
        silent.write_all(begun).unwrap();
        assert!(drip(&mut silent, drop).is_none(), "{begun:?}");
    }
    let until = Instant::now() + Duration::from_secs(30);
    let answered = std::iter::from_fn(|| (Instant::now() < until).then_some(())).any(|()| {
        let mut stream = stream(server.address, authority.client(&[&TLS13]));
        let asked = write!(
            stream,
            "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        );
        asked.is_ok() && read(&mut stream).status == 200
    });
    assert!(answered);
}

/// A connection that is not closed at once: the place of the one before may still be held for a moment.
fn until_taken(address: SocketAddr) -> TcpStream {
    let mut tries = (0..1_000).map(|_| {
        let stream = connect(address);
        stream
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        stream
    });
    let taken = tries.find_map(|mut it| match it.read(&mut [0; 1]) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Some(it),
        _ => None,
    });
    taken.expect("a place is free in the end")
}

#[test]
fn a_stop_does_not_wait_for_whoever_greets_and_says_no_more() {
    let mut server = Authority::new().start(Bounds::default());
    let mut silent = connect(server.address);
    silent.write_all(&[22, 3, 1]).unwrap();
    // It is taken once another is answered behind it.
    drop(connect(server.address));
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(is_closed(&mut silent));
}

#[test]
fn the_program_answers_other_machines_over_tls_or_behind_a_proxy_only() {
    let (folder, dist, authority) = (tempfile::tempdir().unwrap(), dist(), Authority::new());
    let data = folder.path().join("data");
    let files = authority.files();
    let command = |listen: &str| {
        let mut command = Program::command(&data, dist.path());
        command.args(["--listen", listen]);
        command
    };
    let said = |mut command: Command| {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut answering = String::new();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.take(1).read_to_string(&mut answering).unwrap();
        let _ = child.kill();
        assert_eq!(answering, "", "it says where it listens");
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let refused = said(command(listen));
        assert!(refused.contains("--tls-certificate"), "{refused}");
        assert!(refused.contains("--behind-proxy"), "{refused}");
        assert!(!data.exists(), "nothing was begun");
    }
    let mut wrong = command("0.0.0.0:0");
    wrong.arg("--tls-certificate").arg(&files.key);
    wrong.arg("--tls-key").arg(&files.key);
    let refused = said(wrong);
    assert!(refused.contains("there is none in it, in PEM"), "{refused}");
    assert!(!data.exists(), "nothing was begun");

    let mut proxied = command("0.0.0.0:0");
    proxied.arg("--behind-proxy");
    let proxied = Program::start(proxied);
    let port = proxied.address.port();
    assert_eq!(
        get(([127, 0, 0, 1], port).into(), "/healthz", &[]).status,
        200
    );
    drop(proxied);
    let mut open = command("0.0.0.0:0");
    open.env("SHOUWEN_TLS_CERTIFICATE", &files.certificate);
    open.env("SHOUWEN_TLS_KEY", &files.key);
    let open = Program::start(open);
    let address = ([127, 0, 0, 1], open.address.port()).into();
    let mut stream = stream(address, authority.client(&[&TLS13]));
    assert_eq!(ask(&mut stream, "/healthz").unwrap().status, 200);
}
