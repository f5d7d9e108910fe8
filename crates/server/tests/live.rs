//! What a device hears while it listens.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use support::{Device, Running, get};

/// Long enough for the slowest machine; nothing here waits that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The positions that a device hears of, until the server lets it go.
fn listen(device: &Device) -> Receiver<u64> {
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let response = agent
        .get(format!("http://{}/api/live", device.address))
        .header("authorization", format!("Bearer {}", device.token))
        .call()
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (tell, heard) = channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        for line in lines.map_while(Result::ok) {
            if let Some(position) = line.strip_prefix("data:") {
                tell.send(position.trim().parse().unwrap()).unwrap();
            }
        }
    });
    heard
}

#[test]
fn who_listens_hears_of_what_others_push_through_this_process_and_another() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let heard = listen(&li);
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(0), "how things stand");
    let first = wang.write(1);
    wang.push(&[first]);
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(1));
    let beside = server.start_beside();
    wang.address = beside.address;
    let second = wang.write(1);
    wang.push(&[second]);
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(2));
}

#[test]
fn a_server_that_stops_lets_go_who_listens() {
    let mut server = Running::start();
    let heard = listen(&server.wang());
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(0));
    server.stop();
    assert!(heard.recv_timeout(PATIENCE).is_err());
}

#[test]
fn nobody_listens_without_a_token() {
    let server = Running::start();
    assert_eq!(get(server.address, "/api/live", &[]).status, 401);
}
