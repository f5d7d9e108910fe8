//! How much one caller may ask of the server. Far above what devices do, which a test can lower.

use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// From the first byte of a connection or the end of the last answer to the end of the next request's head;
    /// for the handshake of TLS as well.
    pub head_lasts: Duration,
    /// How long the first bytes of a body may be on their way; each [`Bounds::BODY_PACE`] bytes get a second more.
    pub body_starts: Duration,
    /// A request from its head to its answer. A batch over a poor line takes its time; who takes longer sends
    /// less at once.
    pub request_lasts: Duration,
    /// How long the other side may take nothing of an answer.
    pub answer_rests: Duration,
    pub connections: usize,
    /// A building is one address; a browser opens six connections at most.
    pub connections_of_address: usize,
    /// Streams of news; one is what a device needs, and on a phone those of lost networks linger.
    pub streams_of_device: usize,
    pub requests_of_address_a_minute: u32,
    pub requests_of_device_a_minute: u32,
    /// How long sites and keys are taken for what they were when their files were last read.
    pub files_rest: Duration,
}

impl Bounds {
    pub const BODY_PACE: u32 = 512;
    pub const HEAD_BYTES: usize = 32 * 1024;
    pub const HEAD_FIELDS: usize = 64;
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head_lasts: Duration::from_secs(30),
            body_starts: Duration::from_secs(20),
            request_lasts: Duration::from_secs(120),
            answer_rests: Duration::from_secs(60),
            connections: 4_096,
            connections_of_address: 1_024,
            streams_of_device: 16,
            requests_of_address_a_minute: 60_000,
            requests_of_device_a_minute: 6_000,
            files_rest: Duration::from_secs(15),
        }
    }
}
