//! Everything put together: from settings to a server that answers until it is told to stop.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{self, Next};
use axum::response::Response;
use shouwen_domain::id::{PersonId, SiteId};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::api::{self, Office};
use crate::app_files::AppFiles;
use crate::bounds::Bounds;
use crate::clock::Clock;
use crate::connections::Connections;
use crate::demo;
use crate::keys::{Keys, KeysError};
use crate::pin::HashedPin;
use crate::site::{SiteError, SiteFiles, Sites};
use crate::storage::orders::{OrdersFile, Replay};
use crate::storage::{Address, Fault, OpenError, Place, Storage, access, log};
use crate::tls::{self, Tls, TlsError};
use crate::watch::Watch;

/// What is under way when the server is told to stop may still end by itself.
const STOPPING_LASTS: Duration = Duration::from_secs(10);

const HEADERS: [(HeaderName, &str); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
         connect-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), serial=(), \
         display-capture=(), browsing-topics=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// A browser that was here over TLS asks in plain no more. Not said in plain, where nobody could believe it.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub struct Settings {
    /// A port of 0 takes any that is free.
    pub listen: String,
    /// Without it only this machine is answered, or a proxy.
    pub tls: Option<tls::Files>,
    pub data: PathBuf,
    /// Where the database is, unless it is SQLite in the data folder.
    pub database: Option<Address>,
    /// The file of head office's keys; made if missing.
    pub keys: PathBuf,
    pub dist: PathBuf,
    /// Whoever of the demonstration's site has no PIN gets the one that is printed, and every device may join it.
    pub sites: SiteFiles,
    pub behind_proxy: bool,
    pub bounds: Bounds,
    pub clock: Arc<dyn Clock>,
}

pub struct Server {
    address: SocketAddr,
    office: Arc<Office>,
    watching: JoinHandle<()>,
    connections: Connections,
}

impl Server {
    /// Opens everything and listens; requests are answered once it runs.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let files = AppFiles::open(&settings.dist).ok_or(StartError::NoApp(settings.dist))?;
        // First of what lasts: a start that fails here has changed nothing.
        let listening = async {
            TcpListener::bind(&settings.listen)
                .await
                .and_then(|it| Ok((it.local_addr()?, it)))
        };
        let (address, listener) = listening.await.map_err(|error| StartError::Listen {
            address: settings.listen.clone(),
            error,
        })?;
        let tls = settings.tls.as_ref();
        let tls = tls.map(|it| Tls::open(it, Arc::clone(&settings.clock)));
        let tls = tls.transpose()?.map(Arc::new);
        let is_private = settings.behind_proxy || address.ip().to_canonical().is_loopback();
        if tls.is_none() && !is_private {
            return Err(StartError::Plain { address });
        }
        let texts = settings.sites.read()?;
        let sites = texts.sites()?;
        let storage = open_database(&settings.data, settings.database).await?;
        add_sites(&storage, &sites).await?;
        let keys = Keys::open(&settings.keys, settings.clock.now())?;
        bind(&storage, &keys).await?;
        let keys = Arc::new(keys);
        let replay = Replay {
            keys: Arc::clone(&keys),
            file: OrdersFile::beside(&settings.keys),
            now: settings.clock.now(),
        };
        // A database that was put back learns what was ordered since, before anybody is answered.
        let has_erased = storage
            .write_everywhere(move |db| replay.everywhere(db))
            .await?;
        if has_erased {
            tracing::warn!("what an older copy brought back was erased again");
            storage.sweep().await?;
        }
        reconsider(&storage, &sites).await?;
        let is_demo = settings.sites.demo;
        if is_demo {
            set_demo_pins(&storage, &sites).await?;
        }
        let demo = is_demo.then(|| demo_site(&sites)).flatten();
        let office = Arc::new(Office::new(
            sites,
            storage,
            keys,
            settings.clock,
            settings.behind_proxy,
            demo,
            settings.bounds,
        ));
        tokio::spawn(follow(Arc::clone(&office)));
        let watch = Watch::new(Arc::clone(&office), settings.sites, texts, settings.keys);
        let watching = tokio::spawn(watch.run(settings.bounds.files_rest));
        let router = api::router(Arc::clone(&office))
            .fallback(move |request| files.answer(request))
            .layer(middleware::map_response(with_headers))
            .layer(middleware::map_response_with_state(
                tls.is_some(),
                with_https_only,
            ))
            .layer(middleware::from_fn(logged));
        let (bounds, behind_proxy) = (settings.bounds, settings.behind_proxy);
        Ok(Self {
            address,
            office,
            watching,
            connections: Connections::new(listener, router, bounds, behind_proxy, tls),
        })
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn storage(&self) -> Storage {
        self.office.storage.clone()
    }

    pub fn sites(&self) -> Arc<Sites> {
        self.office.sites()
    }

    /// Answers until `stop`, lets what is under way end, and closes the database.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let (tell, told) = oneshot::channel();
        let news = Arc::clone(&self.office.news);
        let stop = async move {
            stop.await;
            // Whoever listens would listen for minutes.
            news.end();
            let _ = tell.send(());
        };
        let out_of_patience = async {
            let _ = told.await;
            tokio::time::sleep(STOPPING_LASTS).await;
        };
        tokio::select! {
            () = self.connections.answer(stop) => {}
            () = out_of_patience => {
                tracing::warn!("requests that were still under way are cut off");
            }
        }
        self.watching.abort();
        self.office.storage.clone().close().await;
    }
}

/// Those that the database does not know yet.
pub async fn add_sites(storage: &Storage, sites: &Sites) -> Result<(), Fault> {
    for site in sites.iter() {
        let site = site.directory.site.clone();
        storage
            .write(&site.clone(), move |db| log::add_site(db, &site))
            .await?;
    }
    Ok(())
}

/// The database alone, with the server running or not; makes it where there is none.
pub async fn open_database(
    folder: &Path,
    database: Option<Address>,
) -> Result<Storage, StartError> {
    if database.is_none() {
        make_folder(folder).map_err(|error| StartError::Folder {
            folder: folder.to_owned(),
            error,
        })?;
    }
    let place = place(folder, database);
    let opened = Storage::open(&place).await;
    opened.map_err(|error| StartError::Database { place, error })
}

/// The database alone, which has to be there.
pub async fn open_existing_database(
    folder: &Path,
    database: Option<Address>,
) -> Result<Storage, StartError> {
    let place = place(folder, database);
    let opened = Storage::open_existing(&place).await;
    opened.map_err(|error| StartError::Database { place, error })
}

fn place(folder: &Path, database: Option<Address>) -> Place {
    database.map_or_else(|| Place::Folder(folder.to_owned()), Place::PostgreSql)
}

/// A database is used with the keys of its first start: devices would believe no others.
pub async fn bind(storage: &Storage, keys: &Keys) -> Result<(), StartError> {
    let root = keys.root_print();
    let belongs = storage
        .write_everywhere(move |db| access::belongs_to(db, &root))
        .await?;
    if belongs {
        Ok(())
    } else {
        Err(StartError::OtherKeys)
    }
}

/// What an older version held for its format is judged by this one.
async fn reconsider(storage: &Storage, sites: &Sites) -> Result<(), StartError> {
    for site in sites.iter().map(|it| it.directory.site.clone()) {
        let n_judged = storage
            .write(&site.clone(), move |db| log::reconsider(db, &site))
            .await?;
        if n_judged > 0 {
            tracing::info!(
                n_judged,
                "envelopes that an older version could not read were judged"
            );
        }
    }
    Ok(())
}

/// What a database of before, or one that was restored, lacks: see `storage::feed`. Whoever asks meanwhile is
/// answered with what is there.
async fn follow(office: Arc<Office>) {
    let sites = office.sites();
    let sites = sites.iter().map(|it| it.directory.site.clone());
    for site in sites.collect::<Vec<_>>() {
        if office.follow(&site, None).await.is_err() {
            tracing::warn!(
                "the log of a site was not looked through at the start; it is when somebody asks"
            );
        }
    }
}

/// Makes the folder for the server's eyes only, and tries whether it can be written.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let trial = folder.join(".written-at-start");
    std::fs::write(&trial, b"")?;
    std::fs::remove_file(trial)
}

fn demo_site(sites: &Sites) -> Option<SiteId> {
    let mut sites = sites.iter().map(|it| &it.directory);
    sites.find(|it| demo::is_demo(it)).map(|it| it.site.clone())
}

async fn set_demo_pins(storage: &Storage, sites: &Sites) -> Result<(), StartError> {
    let Some(site) = sites.iter().find(|it| demo::is_demo(&it.directory)) else {
        return Ok(());
    };
    let (id, pins) = (site.directory.site.clone(), demo::pins(&site.directory));
    let missing = storage
        .read(&site.directory.site, move |db| {
            let is_missing = |it: &(PersonId, String)| {
                Ok(access::pin(db, &id, &it.0)?.is_none().then(|| it.clone()))
            };
            pins.iter()
                .filter_map(|it| is_missing(it).transpose())
                .collect::<Result<Vec<_>, Fault>>()
        })
        .await?;
    let hashing = missing.into_iter().map(|(person, pin)| {
        let hashing = tokio::task::spawn_blocking(move || HashedPin::of(&pin));
        (person, hashing)
    });
    for (person, hashed) in hashing.collect::<Vec<_>>() {
        let hashed = hashed.await.map_err(|_| Fault::Closed)?;
        let site = site.directory.site.clone();
        storage
            .write(&site.clone(), move |db| {
                access::set_first_pin(db, &site, &person, &hashed)
            })
            .await?;
    }
    Ok(())
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn with_https_only(State(is_tls): State<bool>, mut response: Response) -> Response {
    if is_tls {
        let headers = response.headers_mut();
        headers.insert(STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    response
}

/// One line a request: which path of ours, what came of it, how long it took. Nobody's name, token,
/// address, or what they asked for.
async fn logged(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let path = path.as_ref().map_or("app file", MatchedPath::as_str);
    let status = response.status().as_u16();
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if path.starts_with("/api") {
        tracing::info!(%method, path, status, took_ms, "answered");
    } else {
        tracing::debug!(%method, path, status, took_ms, "answered");
    }
    response
}

/// Why a server does not start, or an order is not begun.
#[derive(Debug)]
pub enum StartError {
    Folder {
        folder: PathBuf,
        error: io::Error,
    },
    Database {
        place: Place,
        error: OpenError,
    },
    NoApp(PathBuf),
    Listen {
        address: String,
        error: io::Error,
    },
    /// Other machines could ask there, and anybody between could read and change what they say.
    Plain {
        address: SocketAddr,
    },
    Tls(TlsError),
    Site(SiteError),
    Keys(KeysError),
    /// The database belongs to other keys.
    OtherKeys,
    Storage(Fault),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { folder, error } => {
                write!(
                    f,
                    "The data folder {} cannot be written: {error}",
                    folder.display()
                )
            }
            Self::Database { place, error } => match place {
                Place::Folder(folder) => write!(
                    f,
                    "The database in {} cannot be opened: {error}",
                    folder.display()
                ),
                Place::PostgreSql(address) => write!(f, "{address} cannot be opened: {error}"),
            },
            Self::NoApp(dist) => write!(
                f,
                "There is no index.html in {}: build the app with `cargo xtask build`, or name its folder with --dist",
                dist.display()
            ),
            Self::Listen { address, error } if error.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "Another program listens on {address} already: name another address with --listen"
                )
            }
            Self::Listen { address, error } => write!(f, "Failed to listen on {address}: {error}"),
            Self::Plain { address } => write!(
                f,
                "Other machines can reach {address}, and nothing said there would be encrypted: give --tls-certificate and \
                 --tls-key, or --behind-proxy where a proxy that ends TLS stands in front, or listen on 127.0.0.1"
            ),
            Self::Tls(error) => error.fmt(f),
            Self::Site(error) => error.fmt(f),
            Self::Keys(error) => error.fmt(f),
            Self::OtherKeys => {
                f.write_str("This database belongs to other keys: name their file with --keys")
            }
            Self::Storage(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl From<TlsError> for StartError {
    fn from(error: TlsError) -> Self {
        Self::Tls(error)
    }
}

impl From<KeysError> for StartError {
    fn from(error: KeysError) -> Self {
        Self::Keys(error)
    }
}

impl From<SiteError> for StartError {
    fn from(error: SiteError) -> Self {
        Self::Site(error)
    }
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        Self::Storage(fault)
    }
}
