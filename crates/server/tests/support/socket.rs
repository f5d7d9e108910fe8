//! Bytes on a socket, for requests that no client would send.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::Answer;

/// Nothing here waits that long; a server that does not answer fails the test.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends the bytes as they are, and reads until the server closes.
pub fn ask(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = connect(address);
    stream.write_all(request).unwrap();
    read(&mut stream)
}

/// One answer, behind which the server closes.
pub fn read(stream: &mut impl Read) -> Answer {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        // What it did not read of the request is thrown back at us.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    parse(&bytes).unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = ureq::http::HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        headers.append(
            ureq::http::HeaderName::from_bytes(name.as_bytes()).ok()?,
            value.trim().parse().ok()?,
        );
    }
    Some(Answer {
        status,
        headers,
        body: bytes[end + 4..].to_vec(),
    })
}

/// Sends a little at a time for as long as the server listens; what it said in the end, if anything.
pub fn drip(stream: &mut TcpStream, drop: &[u8]) -> Option<Answer> {
    const PAUSE: Duration = Duration::from_millis(20);
    stream.set_read_timeout(Some(PAUSE)).unwrap();
    let mut said = Vec::new();
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        let mut part = [0; 4_096];
        match stream.read(&mut part) {
            Ok(0) => return parse(&said),
            Ok(n) => said.extend_from_slice(&part[..n]),
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(_) => return parse(&said),
        }
        // Whether it is still taken is seen by what comes back.
        let _ = stream.write_all(drop);
    }
    panic!("the server listens for ever");
}

/// Whether the server closes without a word.
pub fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 1]) {
        Ok(n) => n == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}
