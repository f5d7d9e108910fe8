//! A PostgreSQL for tests: started here on a port of its own and gone with the last test that uses
//! it, or the one that `SHOUWEN_TEST_DATABASE` names. Each test gets a schema of its own in it.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use shouwen_server::storage::Address;
use tempfile::TempDir;

/// Starting takes a second; a busy machine may take its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A schema of one test's own, dropped with it.
pub struct Database {
    /// Held until the schema is dropped.
    _cluster: Option<Arc<Cluster>>,
    url: String,
    schema: String,
    /// Where the address is a superuser's.
    becomes: Option<&'static str>,
}

const ORDINARY: &str = "shouwen_test";

impl Database {
    pub fn fresh() -> Self {
        match std::env::var("SHOUWEN_TEST_DATABASE") {
            Ok(url) if !url.is_empty() => Self::in_schema(url, None),
            _ => {
                let cluster = Cluster::shared();
                Self::in_schema(cluster.url(), Some(cluster))
            }
        }
    }

    /// As an ordinary account: row security does not hold for others.
    fn in_schema(url: String, cluster: Option<Arc<Cluster>>) -> Self {
        static N_MADE: AtomicU32 = AtomicU32::new(0);
        let n = N_MADE.fetch_add(1, Ordering::SeqCst);
        let schema = format!("test_{}_{n}", std::process::id());
        let mut database = Self {
            _cluster: cluster,
            url,
            schema,
            becomes: None,
        };
        if database.is_superuser() {
            database.order_if_new(&format!("CREATE ROLE {ORDINARY} LOGIN"));
            database.becomes = Some(ORDINARY);
        }
        let owner = database.becomes.unwrap_or("CURRENT_USER");
        let schema = &database.schema;
        database.order(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"));
        database.order(&format!("CREATE SCHEMA {schema} AUTHORIZATION {owner}"));
        database
    }

    fn is_superuser(&self) -> bool {
        let mut client = self.connect_as_named();
        let sql = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
        client.query_one(sql, &[]).unwrap().get(0)
    }

    /// Another test program may be first.
    fn order_if_new(&self, sql: &str) {
        let mut client = self.connect_as_named();
        if let Err(error) = client.batch_execute(sql) {
            let code = error.code().map(postgres::error::SqlState::code);
            assert!(matches!(code, Some("42710" | "23505")), "{error}");
        }
    }

    /// With the schema in it.
    pub fn url(&self) -> String {
        let mark = if self.url.contains('?') { '&' } else { '?' };
        let role = self
            .becomes
            .map_or_else(String::new, |it| format!("%20-c%20role%3D{it}"));
        let schema = &self.schema;
        format!(
            "{}{mark}options=-c%20search_path%3D{schema}{role}",
            self.url
        )
    }

    pub fn address(&self) -> Address {
        self.url().parse().unwrap()
    }

    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// A connection beside those of the server.
    pub fn connect(&self) -> Client {
        Client::connect(&self.url(), NoTls).unwrap()
    }

    /// The same without the schema, and as whoever the address names.
    pub fn connect_as_named(&self) -> Client {
        Client::connect(&self.url, NoTls).unwrap()
    }

    pub fn order(&self, sql: &str) {
        self.connect_as_named().batch_execute(sql).unwrap();
    }

    /// Where it listens, for a proxy in between.
    pub fn socket(&self) -> SocketAddr {
        let config: postgres::Config = self.url.parse().unwrap();
        let host = match &config.get_hosts()[0] {
            postgres::config::Host::Tcp(host) => host.clone(),
            #[cfg(unix)]
            postgres::config::Host::Unix(_) => "127.0.0.1".to_owned(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        std::net::ToSocketAddrs::to_socket_addrs(&(host.as_str(), port))
            .unwrap()
            .next()
            .unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(&self.url, NoTls) {
            let schema = &self.schema;
            let _ = client.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"));
        }
    }
}

/// A PostgreSQL of the tests' own.
pub struct Cluster {
    port: u16,
    folder: TempDir,
    stop: Mutex<Option<mpsc::Sender<()>>>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Cluster {
    /// One for all tests that run at a time.
    fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = shared.upgrade() {
            return cluster;
        }
        let cluster = Arc::new(Self::start());
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let data = folder.path().join("data");
        let mut initdb = as_postgres(&program("initdb"));
        initdb.arg("--pgdata").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        run(&mut initdb);
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let cluster = Self {
            port,
            folder,
            stop: Mutex::new(None),
            keeper: Mutex::new(None),
        };
        cluster.run_again();
        // As docs/running.md has it: an ordinary account to which the database belongs.
        let mut client = Client::connect(&cluster.url_of("postgres"), NoTls).unwrap();
        for order in [
            "CREATE ROLE shouwen LOGIN",
            "CREATE DATABASE shouwen OWNER shouwen",
        ] {
            client.batch_execute(order).unwrap();
        }
        cluster
    }

    pub fn url(&self) -> String {
        self.url_of("shouwen")
    }

    fn url_of(&self, account: &str) -> String {
        format!("postgres://{account}@127.0.0.1:{}/{account}", self.port)
    }

    /// Starts it on the data that is there.
    pub fn run_again(&self) {
        let data = self.folder.path().join("data");
        let mut command = as_postgres(&program("postgres"));
        command
            .arg("-D")
            .arg(&data)
            .args(["-p", &self.port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            // What is killed here are processes, and never the machine.
            "fsync=off",
        ] {
            command.args(["-c", setting]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let (stop, told) = mpsc::channel();
        // On Linux it ends with the thread that started it, so that thread stays: a test program that is
        // killed leaves nothing running.
        let keeper = std::thread::spawn(move || {
            let mut child = command.spawn().unwrap();
            let _ = told.recv();
            end(&mut child);
        });
        *self.stop.lock().unwrap() = Some(stop);
        *self.keeper.lock().unwrap() = Some(keeper);
        let started = Instant::now();
        while Client::connect(&self.url_of("postgres"), NoTls).is_err() {
            assert!(started.elapsed() < PATIENCE, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All its processes at once, without a word to anybody.
    pub fn stop(&self) {
        drop(self.stop.lock().unwrap().take());
        if let Some(keeper) = self.keeper.lock().unwrap().take() {
            keeper.join().unwrap();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An immediate shutdown: connections are cut, and the next start recovers from the log.
fn end(child: &mut Child) {
    let _ = Command::new("kill")
        .args(["-QUIT", &child.id().to_string()])
        .status();
    let _ = child.wait();
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
    command.current_dir("/");
    command
}

/// On PATH, or where Debian puts it.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = debian.filter_map(|it| Some(it.ok()?.path().join("bin")));
    std::env::split_paths(&path)
        .chain(debian)
        .map(|folder| folder.join(name))
        .find(|it| it.is_file())
        .unwrap_or_else(|| {
            panic!(
                "There is no {name}: `cargo xtask setup` installs PostgreSQL, or \
                 SHOUWEN_TEST_DATABASE names one that runs"
            )
        })
}

fn run(command: &mut Command) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let _ = child.stderr.take().unwrap().read_to_string(&mut said);
    assert!(child.wait().unwrap().success(), "{command:?}: {said}");
}
