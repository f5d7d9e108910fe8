//! Devices push and pull while everything around them fails: the real program is killed without a word, its
//! database is killed and started again, the network is cut in the middle of bodies, the disk is full,
//! backups are taken and an old one is put back. In the end nothing is lost, nothing doubled, nothing
//! wedged, and no receipt contradicts another.
//!
//! A few seconds each in the tests of every change; `cargo xtask chaos --minutes N` gives it longer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "a longer run says what it did")]
#![cfg(target_os = "linux")]

#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "every test program uses a part")]
mod postgres;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use minicbor::Decode;
use postgres::{Cluster, Database};
use shouwen_domain::envelope::{Envelope, Fate, Receipt};
use shouwen_domain::signature::{Context, Signed};
use shouwen_sync::message::{Ask, Challenge, Contact, Contacted, Cursor, Pull, Pushed};
use support::{Device, Program, bytes, dist};
use tempfile::TempDir;

const DEVICES: u8 = 6;
/// Whoever waits longer for a receipt than this, with everything well again, is wedged.
const PATIENCE: Duration = Duration::from_secs(120);
/// Envelopes in one push.
const BATCH: usize = 40;

/// Chance, a little: what it decides is when something fails.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What happened in a run.
#[derive(Debug, Default)]
struct Counts {
    kills: AtomicU64,
    database_kills: AtomicU64,
    cuts: AtomicU64,
    full_disks: AtomicU64,
    backups: AtomicU64,
    restores: AtomicU64,
    failed_requests: AtomicU64,
    longest_ms: AtomicU64,
}

fn count(it: &AtomicU64) {
    it.fetch_add(1, Ordering::SeqCst);
}

/// Where the devices' words go: programs on one database, each behind a network that may be cut.
struct Rig {
    folder: TempDir,
    dist: TempDir,
    /// None: SQLite in the folder.
    database_url: Option<String>,
    cluster: Option<Cluster>,
    _database: Option<Database>,
    programs: Vec<Mutex<Option<Program>>>,
    ports: Vec<u16>,
    networks: Vec<SocketAddr>,
    is_calm: Arc<AtomicBool>,
    counts: Arc<Counts>,
}

impl Rig {
    fn sqlite() -> Self {
        Self::new(None, None, None, 1)
    }

    /// Two programs on a PostgreSQL that is killed as well, unless it is one that the environment names.
    fn postgresql() -> Self {
        if std::env::var("SHOUWEN_TEST_DATABASE").is_ok_and(|it| !it.is_empty()) {
            let database = Database::fresh();
            return Self::new(Some(database.url()), None, Some(database), 2);
        }
        let cluster = Cluster::start();
        Self::new(Some(cluster.url()), Some(cluster), None, 2)
    }

    fn new(
        database_url: Option<String>,
        cluster: Option<Cluster>,
        database: Option<Database>,
        n_programs: usize,
    ) -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap();
        let held: Vec<_> = (0..n_programs).map(|_| free()).collect();
        let ports: Vec<u16> = held
            .iter()
            .map(|it| it.local_addr().unwrap().port())
            .collect();
        drop(held);
        let (is_calm, counts) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(Counts::default()),
        );
        let networks = ports
            .iter()
            .map(|port| network(*port, Arc::clone(&is_calm), Arc::clone(&counts)))
            .collect();
        let rig = Self {
            folder: tempfile::tempdir().unwrap(),
            dist: dist(),
            database_url,
            cluster,
            _database: database,
            programs: ports.iter().map(|_| Mutex::new(None)).collect(),
            ports,
            networks,
            is_calm,
            counts,
        };
        for n in 0..n_programs {
            rig.start(n);
        }
        rig
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where the database is, as orders of the program are told.
    fn place(&self) -> [std::ffi::OsString; 2] {
        match &self.database_url {
            Some(url) => ["--database".into(), url.into()],
            None => ["--data".into(), self.data().into()],
        }
    }

    /// Starts a program; again, while its database does not let it.
    fn start(&self, n: usize) {
        let plain = Program::command(&self.data(), self.dist.path());
        let began = Instant::now();
        loop {
            // Whose files may not grow is told so, and not ended.
            let mut command = Command::new("sh");
            command
                .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
                .arg(plain.get_program())
                .args(plain.get_args())
                .args(["--listen", &format!("127.0.0.1:{}", self.ports[n])])
                .arg("--keys")
                .arg(self.folder.path().join("keys"))
                .args(self.place())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let mut line = String::new();
            let _ = BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line);
            if let Some(address) = line.trim().strip_prefix("Listening on http://") {
                let address = address.parse().unwrap();
                *self.programs[n].lock().unwrap() = Some(Program { child, address });
                return;
            }
            let _ = child.wait();
            assert!(began.elapsed() < PATIENCE, "the program does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn kill(&self, n: usize) {
        if let Some(mut program) = self.programs[n].lock().unwrap().take() {
            program.kill_9();
            count(&self.counts.kills);
        }
    }

    /// For a moment no file of the program may grow.
    fn fill_disk(&self, n: usize) {
        let program = self.programs[n].lock().unwrap();
        let limit = |size: &str| {
            if let Some(program) = &*program {
                let pid = format!("--pid={}", program.child.id());
                let _ = Command::new("prlimit")
                    .args([pid, format!("--fsize={size}:")])
                    .status();
            }
        };
        limit("4096");
        count(&self.counts.full_disks);
        std::thread::sleep(Duration::from_millis(150));
        limit("unlimited");
    }

    /// Whether the program did what it was ordered.
    fn order(&self, order: &str, more: &[&str]) -> bool {
        Command::new(env!("CARGO_BIN_EXE_shouwen-server"))
            .arg(order)
            .arg(self.folder.path().join("it.backup"))
            .args(more)
            .args(self.place())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    /// Lets things fail for so long.
    fn rage(&self, lasts: Duration, chance: &mut Chance) {
        let began = Instant::now();
        let mut has_restored = false;
        for step in 0_u64.. {
            if began.elapsed() >= lasts {
                break;
            }
            let n = usize::try_from(chance.below(self.programs.len() as u64)).unwrap();
            if step % 8 == 4 && self.cluster.is_none() && self.database_url.is_none() {
                self.fill_disk(n);
            }
            if step % 8 == 6
                && let Some(cluster) = &self.cluster
            {
                cluster.stop();
                cluster.run_again();
                count(&self.counts.database_kills);
            }
            self.kill(n);
            self.start(n);
            if step % 8 == 1 && self.order("backup", &[]) {
                count(&self.counts.backups);
            }
            let has_backup = self.counts.backups.load(Ordering::SeqCst) > 0;
            if began.elapsed() > lasts / 2 && has_backup && !has_restored {
                has_restored = self.order("restore", &["--replace"]);
                self.counts
                    .restores
                    .fetch_add(has_restored.into(), Ordering::SeqCst);
            }
            std::thread::sleep(Duration::from_millis(chance.below(150)));
        }
    }
}

/// A network in front of a port: of three connections one is cut somewhere in what is sent or answered.
fn network(port: u16, is_calm: Arc<AtomicBool>, counts: Arc<Counts>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut chance = Chance(u64::from(port) | 1);
        for near in listener.incoming() {
            let Ok(near) = near else { continue };
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else {
                continue;
            };
            let mut cuts = [u64::MAX; 2];
            if !is_calm.load(Ordering::SeqCst) && chance.below(3) == 0 {
                let way = usize::try_from(chance.below(2)).unwrap();
                cuts[way] = chance.below(6_000);
            }
            let ways = [
                (near.try_clone().unwrap(), far.try_clone().unwrap()),
                (far, near),
            ];
            for ((from, to), cut) in ways.into_iter().zip(cuts) {
                let counts = Arc::clone(&counts);
                std::thread::spawn(move || pass(from, to, cut, &counts));
            }
        }
    });
    address
}

/// Passes so many bytes on, and cuts both ways then.
fn pass(mut from: TcpStream, mut to: TcpStream, mut n_left: u64, counts: &Counts) {
    let mut buffer = [0; 4096];
    while let Ok(n) = from.read(&mut buffer)
        && n > 0
    {
        let n = usize::try_from(n_left).map_or(n, |left| n.min(left));
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
        n_left -= n as u64;
        if n_left == 0 {
            count(&counts.cuts);
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// A device with all that it wrote, as one keeps it until a backup has it, and what it was told.
struct Held<'a> {
    rig: &'a Rig,
    device: Device,
    chance: Chance,
    written: Vec<Vec<u8>>,
    /// How many of them have a receipt of this epoch.
    n_settled: usize,
    epoch: u64,
    receipts: BTreeMap<u64, Receipt>,
    cursor: Cursor,
    feed: Vec<Vec<u8>>,
}

impl<'a> Held<'a> {
    fn new(rig: &'a Rig, number: u8) -> Self {
        let address = rig.programs[0].lock().unwrap().as_ref().unwrap().address;
        Self {
            rig,
            device: Device::sign_in(address, number, "wang-jianguo", "100013"),
            chance: Chance(0x9e37_79b9 * (u64::from(number) + 1)),
            written: Vec::new(),
            n_settled: 0,
            epoch: 0,
            receipts: BTreeMap::new(),
            cursor: Cursor::default(),
            feed: Vec::new(),
        }
    }

    /// Over whichever network; none where anything went wrong on the way.
    fn post(&mut self, path: &str, token: Option<&str>, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let n = self.chance.below(self.rig.networks.len() as u64);
        let network = self.rig.networks[usize::try_from(n).unwrap()];
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(40)))
            .build()
            .into();
        let mut request = agent
            .post(format!("http://{network}{path}"))
            .header("content-type", "application/cbor");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.send(body).ok()?;
        let body = response.body_mut().read_to_vec().ok()?;
        Some((response.status().as_u16(), body))
    }

    /// Asks with the token, and for a new one where it ended.
    fn ask<T: for<'b> Decode<'b, ()>>(&mut self, path: &str, body: &[u8]) -> Option<T> {
        Some(minicbor::decode(&self.ask_for_bytes(path, body)?).unwrap())
    }

    fn ask_for_bytes(&mut self, path: &str, body: &[u8]) -> Option<Vec<u8>> {
        let token = self.device.token.clone();
        let answered = self.post(path, Some(&token), body);
        match answered {
            Some((200, body)) => return Some(body),
            Some((401, _)) => {
                if let Some(token) = self.contact() {
                    self.device.token = token;
                }
            }
            Some((status, body)) => {
                assert!([408, 503].contains(&status), "{path}: {status} {body:02x?}");
            }
            None => {}
        }
        count(&self.rig.counts.failed_requests);
        let wait = self.chance.below(60);
        std::thread::sleep(Duration::from_millis(wait));
        None
    }

    fn contact(&mut self) -> Option<String> {
        let (200, body) = self.post("/api/challenge", None, b"")? else {
            return None;
        };
        let challenge: Challenge = minicbor::decode(&body).unwrap();
        let said = Contact {
            device: self.device.id,
            certificate: self.device.enrolled.certificate.clone(),
            head: self.device.stated(),
            forked: false,
            reading: Some(self.device.reading(&self.device.person, &challenge.nonce)),
            nonce: challenge.nonce,
        };
        let signed = Signed::by(&self.device.key, Context::Contact, bytes(&said));
        let (200, body) = self.post("/api/contact", None, &signed.to_bytes())? else {
            return None;
        };
        let office = self.device.office_key();
        let signed = Signed::from_bytes(&body).unwrap();
        let told = signed.verified(Context::Contacted, &office).unwrap();
        Some(minicbor::decode::<Contacted>(told).unwrap().token)
    }

    fn write(&mut self) {
        for _ in 0..=self.chance.below(4) {
            let n_chars = usize::try_from(1 + self.chance.below(300)).unwrap();
            let envelope = self.device.write(n_chars);
            self.written.push(envelope);
        }
    }

    /// Pushes until everything has its receipt.
    fn settle(&mut self) {
        let began = Instant::now();
        while self.n_settled < self.written.len() {
            assert!(began.elapsed() < PATIENCE, "a device is wedged");
            let lot = self.written[self.n_settled..].iter().take(BATCH);
            let lot: Vec<_> = lot.cloned().collect();
            let message = bytes(&self.device.message(&lot));
            let Some(pushed) = self.ask::<Pushed>("/api/push", &message) else {
                continue;
            };
            if pushed.epoch != self.epoch {
                // The log was lost or restored: everything once more.
                self.epoch = pushed.epoch;
                self.n_settled = 0;
                self.receipts.clear();
                continue;
            }
            assert_eq!(pushed.receipts.len(), lot.len());
            for (receipt, envelope) in pushed.receipts.into_iter().zip(&lot) {
                self.note(receipt, envelope);
            }
            self.n_settled += lot.len();
        }
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap();
        self.rig
            .counts
            .longest_ms
            .fetch_max(took_ms, Ordering::SeqCst);
    }

    /// What is told of one envelope stays so, as long as the epoch does.
    fn note(&mut self, receipt: Receipt, envelope: &[u8]) {
        assert_eq!(receipt.hash, Envelope::from_bytes(envelope).unwrap().hash());
        assert_eq!(receipt.fate, Fate::Accepted);
        assert_eq!(receipt.epoch, self.epoch);
        if let Some(before) = self.receipts.get(&receipt.sequence) {
            assert_eq!(
                (before.hash, before.fate, before.at),
                (receipt.hash, receipt.fate, receipt.at)
            );
            assert!(before.backed_up_to <= receipt.backed_up_to);
        }
        self.receipts.insert(receipt.sequence, receipt);
    }

    /// Whether the page had anything new.
    fn pull(&mut self) -> Option<bool> {
        let message = Pull {
            device: self.device.id,
            scope: self.device.scope.clone(),
            ask: Ask::News {
                cursor: self.cursor,
                below: 0,
            },
        };
        let body = self.ask_for_bytes("/api/pull", &bytes(&message))?;
        let page = self.device.read_page(&body);
        if page.from.epoch != self.cursor.epoch {
            self.feed.clear();
            self.cursor = page.from;
            return Some(true);
        }
        assert_eq!(page.from, self.cursor);
        let n_new = page.entries.len() as u64;
        assert_eq!(page.next.position, page.from.position + n_new, "no gap");
        self.cursor = page.next;
        self.feed
            .extend(page.entries.into_iter().map(|it| it.envelope.0));
        Some(n_new > 0)
    }

    fn live_until(&mut self, ends: &AtomicBool) {
        while !ends.load(Ordering::SeqCst) {
            self.write();
            self.settle();
            self.pull();
            if self.chance.below(10) == 0 {
                // As after a crash between a receipt and its being noted.
                self.n_settled -= usize::try_from(self.chance.below(9))
                    .unwrap()
                    .min(self.n_settled);
            }
        }
    }

    /// With everything well again: the rest, and everything once more to compare what is told.
    fn finish(&mut self) {
        self.settle();
        self.n_settled = 0;
        self.settle();
    }

    fn read_to_the_end(&mut self) {
        let began = Instant::now();
        while self.pull() != Some(false) {
            assert!(began.elapsed() < PATIENCE, "a device cannot read");
        }
    }
}

fn run(rig: &Rig, name: &str) {
    let seconds = std::env::var("SHOUWEN_CHAOS_SECONDS").map_or(4, |it| it.parse().unwrap());
    let mut devices: Vec<_> = (1..=DEVICES).map(|n| Held::new(rig, n)).collect();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for device in &mut devices {
            let is_over = &is_over;
            scope.spawn(move || device.live_until(is_over));
        }
        let lasts = Duration::from_secs(seconds);
        rig.rage(lasts, &mut Chance(0x2545_f491_4f6c_dd1d));
        rig.is_calm.store(true, Ordering::SeqCst);
        is_over.store(true, Ordering::SeqCst);
    });
    std::thread::scope(|scope| {
        for device in &mut devices {
            scope.spawn(|| device.finish());
        }
    });
    for device in &mut devices {
        device.read_to_the_end();
    }
    let feed = &devices[0].feed;
    let n_written = devices.iter().map(|it| it.written.len()).sum::<usize>();
    let different: BTreeSet<_> = feed.iter().collect();
    assert_eq!((feed.len(), different.len()), (n_written, n_written));
    for device in &devices {
        assert!(device.feed == *feed, "every device reads the same");
        let own: BTreeSet<_> = device.written.iter().collect();
        let in_feed = feed.iter().filter(|it| own.contains(it));
        assert!(
            in_feed.eq(device.written.iter()),
            "a chain is whole and in order"
        );
    }
    println!(
        "{name}: {n_written} envelopes, none lost, none doubled; {:?}",
        rig.counts
    );
    assert!(rig.counts.kills.load(Ordering::SeqCst) > 0);
}

#[test]
fn nothing_is_lost_on_sqlite() {
    run(&Rig::sqlite(), "SQLite, one program");
}

#[test]
fn nothing_is_lost_on_postgresql() {
    run(&Rig::postgresql(), "PostgreSQL, two programs");
}
