//! A real server on a port of its own, a device that speaks to it over HTTP, and the real program.
//!
//! Each test file takes what it needs of it.
#![allow(
    dead_code,
    reason = "every test file is a program of its own and uses a part"
)]

pub mod socket;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use aes_gcm::aead::Aead;
use aes_gcm::{Aes128Gcm, KeyInit};
use minicbor::{Decode, Encode};
use shouwen_domain::certificate::{Certificate, Subject};
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{Envelope, Receipt, RuleHashes, Stamp};
use shouwen_domain::event::{
    AnsweredAtOnce, Channel, Content, Event, Fact, Kind, Recorded, Urgency,
};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Difficulty;
use shouwen_domain::scope::Scope;
use shouwen_domain::sealing::{MessageKey, Sealed};
use shouwen_domain::signature::{Algorithm, Context, PublicKey, SecretKey, Signed};
use shouwen_server::arguments::Whom;
use shouwen_server::bounds::Bounds;
use shouwen_server::clock::Clock;
use shouwen_server::keys::Keys;
use shouwen_server::site::SiteFiles;
use shouwen_server::storage::Storage;
use shouwen_server::storage::orders::OrdersFile;
use shouwen_server::{Server, Settings, admin, demo, tls};
use shouwen_sync::message::{
    Ask, Bytes, Challenge, Contact, Contacted, Cursor, Enrol, Enrolled, Failure, FailureCode,
    OfficeKeys, Page, Pull, Push, Pushed, Reading, Rescue, SignIn, SignedIn, Stated, Withdraw,
    Withdrawal,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// 2026-07-13T01:00:00Z
pub const START_MS: i64 = 1_783_904_400_000;

/// A clock that stands until a test moves it.
#[derive(Debug, Clone)]
pub struct HeldClock(Arc<AtomicI64>);

impl HeldClock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START_MS)))
    }

    pub fn pass_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Moment {
        Moment::from_unix_ms(self.0.load(Ordering::SeqCst))
    }
}

/// A dist folder with as much of an app as tests look at.
pub fn dist() -> TempDir {
    let dist = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(dist.path().join(name), text).unwrap();
    write("index.html", b"<!doctype html><title>app</title>");
    write("sw.js", b"// worker");
    write("manifest.webmanifest", b"{}");
    write("app-0123456789abcdef_bg.wasm", b"\0asm plain");
    write("app-0123456789abcdef_bg.wasm.br", b"as brotli");
    write("app-0123456789abcdef_bg.wasm.gz", b"as gzip");
    dist
}

/// The demonstration's site alone.
pub fn demo_site() -> SiteFiles {
    SiteFiles {
        demo: true,
        ..SiteFiles::default()
    }
}

/// And another, with a file of its own in a folder of sites.
fn two_sites(data: &Path) -> SiteFiles {
    let folder = data.join("sites");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("another-site.toml"), another_site()).unwrap();
    SiteFiles {
        directories: vec![folder],
        ..demo_site()
    }
}

/// The directory of a site with the demonstration's people under ids of their own.
pub fn another_site() -> String {
    let first = Directory::parse("demo-site.toml", demo::directory().text()).unwrap();
    let mut text = demo::directory().text().replace("lanting", "cuihu");
    for person in first.people.keys() {
        text = text.replace(&format!("\"{person}\""), &format!("\"b-{person}\""));
    }
    text
}

/// A server inside the test's own process.
pub struct Running {
    pub address: SocketAddr,
    pub storage: Storage,
    pub clock: HeldClock,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<tokio::task::JoinHandle<()>>,
    data: Arc<TempDir>,
    sites: SiteFiles,
    pub dist: TempDir,
}

impl Running {
    pub fn start() -> Self {
        Self::start_with(Bounds::default())
    }

    /// With bounds of its own.
    pub fn start_with(bounds: Bounds) -> Self {
        Self::try_start_on(Arc::new(tempfile::tempdir().unwrap()), bounds).unwrap()
    }

    /// The demonstration's site and another, in which 王建国's namesake has the PIN 200013.
    pub fn start_two_sites() -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let sites = two_sites(data.path());
        let running = Self::try_start(data, sites, Bounds::default()).unwrap();
        let office = running.office();
        let namesake = "b-wang-jianguo".parse().unwrap();
        running
            .block_on(office.set_pin(&namesake, "200013"))
            .unwrap();
        running
    }

    /// The sites of this folder, whose files are looked at again and again.
    pub fn start_watching(data: Arc<TempDir>, folder: &Path) -> Self {
        let sites = SiteFiles {
            directories: vec![folder.to_owned()],
            ..SiteFiles::default()
        };
        let bounds = Bounds {
            files_rest: Duration::from_millis(20),
            ..Bounds::default()
        };
        Self::try_start(data, sites, bounds).unwrap()
    }

    /// That namesake on a device of the other site.
    pub fn namesake(&self, number: u8) -> Device {
        let office = self.office();
        let site = "cuihu".parse().unwrap();
        let invited = self.block_on(office.invite(Some(&site), false, self.clock.now()));
        let code = invited.unwrap().code.to_string();
        let message = bytes(&enrol_message(number, &code));
        let enrolled = post(self.address, "/api/enrol", None, &message).message();
        Device::with(self.address, number, enrolled).signed_in("b-wang-jianguo", "200013")
    }

    fn start_on(data: Arc<TempDir>) -> Self {
        Self::try_start_on(data, Bounds::default()).unwrap()
    }

    fn try_start_on(data: Arc<TempDir>, bounds: Bounds) -> Result<Self, String> {
        Self::try_start(data, demo_site(), bounds)
    }

    /// Over TLS.
    pub fn start_tls(tls: tls::Files, bounds: Bounds) -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        Self::try_start_with(data, demo_site(), bounds, Some(tls)).unwrap()
    }

    fn try_start(data: Arc<TempDir>, sites: SiteFiles, bounds: Bounds) -> Result<Self, String> {
        Self::try_start_with(data, sites, bounds, None)
    }

    fn try_start_with(
        data: Arc<TempDir>,
        sites: SiteFiles,
        bounds: Bounds,
        tls: Option<tls::Files>,
    ) -> Result<Self, String> {
        let (dist, clock) = (dist(), HeldClock::new());
        let runtime = Runtime::new().unwrap();
        let settings = Settings {
            listen: "127.0.0.1:0".to_owned(),
            tls,
            data: data.path().to_owned(),
            database: None,
            keys: data.path().join("keys"),
            dist: dist.path().to_owned(),
            sites: sites.clone(),
            behind_proxy: false,
            bounds,
            clock: Arc::new(clock.clone()),
        };
        let server = runtime
            .block_on(Server::start(settings))
            .map_err(|it| it.to_string())?;
        let (address, storage) = (server.address(), server.storage());
        let (stop, told) = oneshot::channel::<()>();
        let ended = runtime.spawn(async {
            server.run(async { told.await.unwrap_or_default() }).await;
        });
        Ok(Self {
            address,
            storage,
            clock,
            runtime,
            stop: Some(stop),
            ended: Some(ended),
            data,
            sites,
            dist,
        })
    }

    /// Stops in order and starts again on the same data.
    pub fn restart(mut self) -> Self {
        self.stop();
        Self::try_start(
            Arc::clone(&self.data),
            self.sites.clone(),
            Bounds::default(),
        )
        .unwrap()
    }

    /// On the same data, if the server will have it.
    pub fn try_restart(mut self) -> Result<Self, String> {
        self.stop();
        Self::try_start_on(Arc::clone(&self.data), Bounds::default())
    }

    /// Another process on the same database.
    pub fn start_beside(&self) -> Self {
        Self::start_on(Arc::clone(&self.data))
    }

    pub fn stop(&mut self) {
        if let (Some(stop), Some(ended)) = (self.stop.take(), self.ended.take()) {
            stop.send(()).unwrap();
            self.runtime.block_on(ended).unwrap();
        }
    }

    pub fn database(&self) -> std::path::PathBuf {
        self.data.path().join("shouwen.sqlite3")
    }

    pub fn block_on<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    /// A code as head office gives it out.
    pub fn invite(&self, is_linked: bool) -> String {
        let office = self.office();
        let invited = self.block_on(office.invite(None, is_linked, self.clock.now()));
        invited.unwrap().code.to_string()
    }

    /// Who orders things of this server.
    pub fn office(&self) -> admin::Office {
        let keys = self.data.path().join("keys");
        admin::Office {
            sites: self.sites.read().unwrap().sites().unwrap(),
            storage: self.storage.clone(),
            orders: OrdersFile::beside(&keys),
            keys: Arc::new(Keys::open(&keys, self.clock.now()).unwrap()),
        }
    }

    /// Lets somebody in no more, or in again.
    pub fn decide_access(&self, whom: &Whom, may_enter: bool) -> bool {
        let decided = self.office();
        let decided = self.block_on(decided.decide_access(whom, may_enter, self.clock.now()));
        decided.unwrap()
    }

    pub fn limit_pages(&self, n_pages: u32) {
        self.runtime
            .block_on(self.storage.limit_pages(n_pages))
            .unwrap();
    }

    pub fn device(&self, number: u8, person: &str, pin: &str) -> Device {
        Device::sign_in(self.address, number, person, pin)
    }

    /// 王建国 on his own device.
    pub fn wang(&self) -> Device {
        self.device(1, "wang-jianguo", "100013")
    }
}

/// Waits for what another thread is about to do.
#[track_caller]
pub fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The program itself, started as a person would.
pub struct Program {
    pub child: Child,
    pub address: SocketAddr,
}

impl Program {
    pub fn command(data: &Path, dist: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shouwen-server"));
        command
            .args(["--listen", "127.0.0.1:0", "--demo", "--data"])
            .arg(data)
            .arg("--dist")
            .arg(dist);
        command
    }

    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let (_, address) = line.trim().split_once("://").unwrap();
        let address = address.parse().unwrap();
        Self { child, address }
    }

    /// As pulling the plug does, as far as a program can tell: no handler runs.
    pub fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    pub fn message<T: for<'b> Decode<'b, ()>>(&self) -> T {
        assert_eq!(
            (self.status, self.header("content-type")),
            (200, "application/cbor")
        );
        minicbor::decode(&self.body).unwrap()
    }

    pub fn declined(&self) -> (u16, FailureCode) {
        let failure: Failure = minicbor::decode(&self.body).unwrap();
        (self.status, failure.code)
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}

fn answer(response: ureq::http::Response<ureq::Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let mut bytes = Vec::new();
    body.into_reader().read_to_end(&mut bytes).unwrap();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: bytes,
    }
}

pub fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = agent().get(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request.call().unwrap())
}

pub fn post(address: SocketAddr, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
    let mut request = agent()
        .post(format!("http://{address}{path}"))
        .header("content-type", "application/cbor");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    answer(request.send(body).unwrap())
}

pub fn put(address: SocketAddr, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
    let mut request = agent()
        .put(format!("http://{address}{path}"))
        .header("content-type", "application/cbor");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    answer(request.send(body).unwrap())
}

/// What is new to somebody who never read.
pub const NEWS: Ask = Ask::News {
    cursor: Cursor {
        epoch: 0,
        position: 0,
    },
    below: 0,
};

pub fn bytes(message: &impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(message).unwrap()
}

/// On a device that is enrolled with the demonstration's code.
pub fn try_pin(address: SocketAddr, number: u8, person: &str, pin: &str) -> Answer {
    Device::enrol(address, number).try_pin(person, pin)
}

/// The one that stands, by which any device joins the demonstration.
pub fn demo_code() -> String {
    demo::code().to_string()
}

/// What a device sends that joins.
pub fn enrol_message(number: u8, code: &str) -> Enrol {
    Enrol {
        code: code.to_owned(),
        device: device_id(number),
        key: Bytes(device_key(number).public().to_cose_key()),
        certificate: None,
    }
}

pub fn device_id(number: u8) -> DeviceId {
    DeviceId::from_random([number; 16])
}

pub fn device_key(number: u8) -> SecretKey {
    SecretKey::from_bytes(Algorithm::Ed25519, &[number; 32]).unwrap()
}

/// With which somebody signs, here the same on each device.
pub fn persons_key(person: &str) -> SecretKey {
    let Hash(bytes) = Hash::of(person.as_bytes());
    SecretKey::from_bytes(Algorithm::Ed25519, &bytes).unwrap()
}

/// A device with its chain.
#[derive(Debug, Clone)]
pub struct Device {
    pub address: SocketAddr,
    pub id: DeviceId,
    pub key: SecretKey,
    pub enrolled: Enrolled,
    pub token: String,
    /// What it may read, as it was told.
    pub scope: Scope,
    pub person: String,
    pub chain: u32,
    pub sequence: u64,
    pub previous: Option<Hash>,
}

impl Device {
    /// A device on which the director signed in as well, and which so sees the site.
    pub fn sign_in(address: SocketAddr, number: u8, person: &str, pin: &str) -> Self {
        let director: SignedIn = try_pin(address, number, "lin-zhiyuan", "100001").message();
        Self::of(address, number, person, pin, Some(director.certificate))
    }

    /// A device that is one person's alone, or theirs beside those of the certificate.
    pub fn of(
        address: SocketAddr,
        number: u8,
        person: &str,
        pin: &str,
        certificate: Option<Bytes>,
    ) -> Self {
        let mut device = Self::enrol(address, number);
        if let Some(it) = certificate {
            device.enrolled.certificate = it;
        }
        device.signed_in(person, pin)
    }

    pub fn signed_in(mut self, person: &str, pin: &str) -> Self {
        let signed_in: SignedIn = self.try_pin(person, pin).message();
        self.enrolled.certificate = signed_in.certificate;
        person.clone_into(&mut self.person);
        self.come_in();
        self
    }

    /// A device on which nobody has signed in.
    pub fn enrol(address: SocketAddr, number: u8) -> Self {
        let message = enrol_message(number, &demo_code());
        Self::with(
            address,
            number,
            post(address, "/api/enrol", None, &bytes(&message)).message(),
        )
    }

    /// A device with what it was answered.
    pub fn with(address: SocketAddr, number: u8, enrolled: Enrolled) -> Self {
        let mut device = Self {
            address,
            id: device_id(number),
            key: device_key(number),
            enrolled,
            token: String::new(),
            scope: Scope::Site,
            person: "nobody".to_owned(),
            chain: 1,
            sequence: 0,
            previous: None,
        };
        device.come_in();
        device
    }

    /// A new contact.
    pub fn come_in(&mut self) {
        let contacted = self.contact(false);
        self.enrolled
            .office
            .certificates
            .clone_from(&contacted.certificates);
        (self.token, self.scope) = (contacted.token, contacted.scope);
    }

    pub fn try_pin(&self, person: &str, pin: &str) -> Answer {
        let message = SignIn {
            person: person.parse().unwrap(),
            pin: pin.to_owned(),
            certificate: self.enrolled.certificate.clone(),
            key: Bytes(persons_key(person).public().to_cose_key()),
            first_certificate: None,
        };
        self.post("/api/sign-in", &message)
    }

    /// Where its chain ends, as it says.
    pub fn stated(&self) -> Stated {
        Stated {
            chain: self.chain,
            sequence: self.sequence,
            hash: self.previous,
        }
    }

    /// Opens a contact as a device does.
    pub fn contact(&self, forked: bool) -> Contacted {
        self.contacted(&self.contact_message(forked))
    }

    /// What head office answers while nobody is signed in.
    pub fn without_reader(&self) -> Contacted {
        self.contacted(&Contact {
            reading: None,
            ..self.contact_message(false)
        })
    }

    /// What head office answers to this.
    pub fn contacted(&self, said: &Contact) -> Contacted {
        let answer = self.send_contact(said, &self.key);
        let body = Signed::from_bytes(&answer.body).unwrap();
        let contacted: Contacted = minicbor::decode(body.unverified()).unwrap();
        // It may be signed with a key that it brings, and for which the root vouches.
        let office = OfficeKeys {
            root: self.enrolled.office.root.clone(),
            certificates: contacted.certificates.clone(),
        };
        let mut keys = office.certified(&Subject::Office).into_iter();
        assert!(keys.any(|it| body.verified(Context::Contacted, &it).is_ok()));
        assert_eq!(contacted.nonce, said.nonce);
        contacted
    }

    pub fn contact_message(&self, forked: bool) -> Contact {
        let challenge: Challenge =
            post(self.address, "/api/challenge", None, &bytes(&())).message();
        Contact {
            device: self.id,
            certificate: self.enrolled.certificate.clone(),
            head: self.stated(),
            reading: Some(self.reading(&self.person, &challenge.nonce)),
            nonce: challenge.nonce,
            forked,
        }
    }

    /// That this person reads, signed with the key with which they sign.
    pub fn reading(&self, person: &str, nonce: &Bytes) -> Bytes {
        let reading = Reading {
            person: person.parse().unwrap(),
            device: self.id,
            nonce: nonce.clone(),
        };
        let signed = Signed::by(&persons_key(person), Context::Reading, bytes(&reading));
        Bytes(signed.to_bytes())
    }

    pub fn send_contact(&self, said: &Contact, key: &SecretKey) -> Answer {
        let signed = Signed::by(key, Context::Contact, bytes(said));
        post(self.address, "/api/contact", None, &signed.to_bytes())
    }

    /// Head office's key in use, as its root says.
    pub fn office_key(&self) -> PublicKey {
        let keys = self.enrolled.office.certified(&Subject::Office);
        *keys.last().unwrap()
    }

    /// The short code in its certificate.
    pub fn code(&self) -> String {
        let certificate = Certificate::from_bytes(&self.enrolled.certificate.0).unwrap();
        match &certificate.claims().subject {
            Subject::Device { code, .. } => code.clone(),
            other @ (Subject::Office | Subject::Intake) => {
                panic!("a device's certificate says {other:?}")
            }
        }
    }

    /// By the device, and by whoever signed in on it last.
    pub fn signed(&self, envelope: Envelope) -> Envelope {
        envelope
            .signed(&self.key)
            .signed(&persons_key(&self.person))
    }

    /// Pushes the next envelope, in this case and with this fact.
    pub fn act(&mut self, case: CaseId, fact: Fact) -> Vec<u8> {
        let mut stamp = self.stamp();
        stamp.case = case;
        let event = Event::new(fact, Content::text("字".repeat(100)));
        let envelope = self.signed(Envelope::seal(stamp, &[event]).unwrap());
        self.sequence += 1;
        self.previous = Some(envelope.hash());
        let bytes = envelope.to_bytes();
        self.push(std::slice::from_ref(&bytes));
        bytes
    }

    /// Takes one of its envelopes back.
    pub fn withdraw(&self, envelope: &[u8]) -> Answer {
        let envelope = Envelope::from_bytes(envelope).unwrap();
        let what = Withdrawal {
            device: self.id,
            chain: envelope.header().chain,
            sequence: envelope.header().sequence,
            hash: envelope.hash(),
        };
        let signed = Signed::by(&self.key, Context::Withdrawal, bytes(&what));
        self.post(
            "/api/withdraw",
            &Withdraw {
                device: self.id,
                withdrawals: vec![Bytes(signed.to_bytes())],
            },
        )
    }

    /// The next envelope of the chain in the name of somebody who is not signed in.
    pub fn claim(&mut self, person: &str, case: CaseId, events: &[Event]) -> Vec<u8> {
        let stamp = Stamp {
            person: person.parse().unwrap(),
            case,
            ..self.stamp()
        };
        let claimed = Envelope::seal_claimed(stamp, events).unwrap();
        let claimed = claimed.signed(&self.key);
        self.sequence += 1;
        self.previous = Some(claimed.hash());
        claimed.to_bytes()
    }

    /// What the next envelope says; a test may falsify it.
    pub fn stamp(&self) -> Stamp {
        let hash = Hash::of(b"rules");
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(self.sequence + 1).to_be_bytes());
        id[8] = self.id.bytes()[0];
        Stamp {
            id: EnvelopeId::from_random(id),
            site: self.enrolled.site.clone(),
            case: CaseId::from_random([7; 16]),
            person: self.person.parse().unwrap(),
            device: self.id,
            chain: self.chain,
            sequence: self.sequence + 1,
            previous: self.previous,
            counter: self.sequence + 1,
            at: Moment::from_unix_ms(START_MS),
            clock: None,
            last_receipt: None,
            rules: RuleHashes {
                pack: hash,
                calendar: hash,
                zones: hash,
                directory: hash,
            },
            facts_salt: Salt([1; 16]),
            content_salt: Salt([2; 16]),
        }
    }

    /// The next envelope of the chain, with `n_chars` characters of text.
    pub fn write(&mut self, n_chars: usize) -> Vec<u8> {
        let event = Event::new(
            Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
            Content::text("字".repeat(n_chars)),
        );
        let envelope = Envelope::seal(self.stamp(), &[event]).unwrap();
        let envelope = self.signed(envelope);
        self.sequence += 1;
        self.previous = Some(envelope.hash());
        envelope.to_bytes()
    }

    pub fn post(&self, path: &str, message: &impl Encode<()>) -> Answer {
        post(self.address, path, Some(&self.token), &bytes(message))
    }

    pub fn message(&self, envelopes: &[Vec<u8>]) -> Push {
        let envelopes = envelopes.iter().cloned().map(Bytes).collect();
        Push {
            device: self.id,
            chain: self.chain,
            head: self.sequence,
            epoch: None,
            envelopes,
        }
    }

    pub fn push(&self, envelopes: &[Vec<u8>]) -> Vec<Receipt> {
        self.post("/api/push", &self.message(envelopes))
            .message::<Pushed>()
            .receipts
    }

    pub fn pull_message(&self, ask: Ask) -> Pull {
        Pull {
            device: self.id,
            scope: self.scope.clone(),
            ask,
        }
    }

    pub fn ask(&self, ask: Ask) -> Page {
        let answer = self.post("/api/pull", &self.pull_message(ask));
        assert_eq!(answer.status, 200);
        self.read_page(&answer.body)
    }

    /// A page that head office signed.
    pub fn read_page(&self, body: &[u8]) -> Page {
        let signed = Signed::from_bytes(body).unwrap();
        let page = signed.verified(Context::Page, &self.office_key()).unwrap();
        minicbor::decode(page).unwrap()
    }

    /// What came behind the cursor; in another epoch from the beginning.
    pub fn pull(&self, cursor: Cursor) -> Page {
        let page = self.ask(Ask::News { cursor, below: 0 });
        if page.from.epoch == cursor.epoch {
            return page;
        }
        let cursor = page.from;
        self.ask(Ask::News { cursor, below: 0 })
    }

    /// Everything there is, page by page.
    pub fn pull_all(&self) -> Vec<Vec<u8>> {
        let mut cursor = Cursor::default();
        let mut found = Vec::new();
        loop {
            let page = self.pull(cursor);
            found.extend(page.entries.into_iter().map(|it| it.envelope.0));
            if !page.more {
                return found;
            }
            cursor = page.next;
        }
    }
}

/// A matter of engineering's that this person was asked.
pub fn matter(asked: &str) -> Event {
    let recorded = Recorded {
        number: "0713-K7-001".to_owned(),
        channel: Channel::Met,
        asked_at: Moment::from_unix_ms(START_MS),
        asked: Vec::new(),
        first_responder: asked.parse().unwrap(),
        department: "engineering".parse().unwrap(),
        category: "water-leak".parse().unwrap(),
        kind: Kind::ServiceRequest,
        proper: None,
        missing: Vec::new(),
        supervisor: None,
        urgency: Urgency::Ordinary,
        late: false,
        missing_because: None,
        public_area: false,
        under_14: false,
        concerns: Vec::new(),
        asked_before: None,
        repeats: None,
        outer: None,
        due_by: None,
        difficulty: Difficulty::Ordinary,
        emergency: None,
        sensitive: false,
        needs_rescuer: false,
        unnamed: false,
    };
    let content = Content {
        matter: Some("厨房漏水".to_owned()),
        ..Content::default()
    };
    Event::new(Fact::Recorded(recorded), content)
}

/// To which a device seals by now.
pub fn intake(device: &Device) -> PublicKey {
    let keys = device.enrolled.office.certified(&Subject::Intake);
    *keys.last().unwrap()
}

/// Seals as a browser does: the curve and the cipher by other hands than head office's.
pub fn seal(rescue: &Rescue, to: &PublicKey) -> Sealed {
    let passing = p256::SecretKey::from_slice(&[0x42; 32]).unwrap();
    let recipient = p256::PublicKey::from_sec1_bytes(&to.to_raw()).unwrap();
    let shared = p256::ecdh::diffie_hellman(passing.to_nonzero_scalar(), recipient.as_affine());
    let agreed: [u8; 32] = (*shared.raw_secret_bytes()).into();
    let encapsulated = passing.public_key().to_sec1_bytes().to_vec();
    assert_eq!(encapsulated.len(), 65, "an uncompressed point");
    let info = Context::Rescue.text().as_bytes();
    let message = MessageKey::derive(&agreed, &encapsulated, to, info).unwrap();
    let cipher = Aes128Gcm::new(&message.key.into());
    let ciphertext = cipher
        .encrypt(&message.nonce.into(), bytes(rescue).as_slice())
        .unwrap();
    Sealed {
        format: Sealed::FORMAT,
        to: to.kid().to_vec(),
        encapsulated,
        ciphertext,
    }
}

/// What receipts say, whatever signature they bear: it is another one each time.
pub fn said(receipts: &[Receipt]) -> Vec<Hash> {
    receipts.iter().map(Receipt::hash).collect()
}
