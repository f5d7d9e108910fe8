//! TLS on the connections: a certificate and its key out of two files, read again while the server runs.
//!
//! Which connections are taken, and how long a handshake may last, is decided in `connections`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shouwen_domain::moment::{Minutes, Moment};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;
use webpki::{EndEntityCert, KeyUsage};

use crate::clock::Clock;

/// How often the files are looked at, at most: when somebody connects.
const LOOKS_EVERY: Duration = Duration::from_secs(60);
/// Whoever renews certificates by a timer has done it by then.
const ENDS_SOON: Minutes = Minutes(14 * 24 * 60);

/// Where the two are, in PEM. Behind the certificate stand those that lead from it to one that browsers know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

pub struct Tls {
    files: Files,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    pair: Pair,
    looked: Instant,
    said_that_it_ends: bool,
}

/// What the files held, and what it came to.
struct Pair {
    read: [Vec<u8>; 2],
    config: Arc<ServerConfig>,
    ends: Moment,
}

impl Tls {
    pub fn open(files: &Files, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let read = read(files)?;
        Ok(Self {
            state: Mutex::new(State {
                pair: pair(files, read, clock.now())?,
                looked: Instant::now(),
                said_that_it_ends: false,
            }),
            files: files.clone(),
            clock,
        })
    }

    /// The handshake with somebody who connected; none where it fails, which is nobody's news.
    pub async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
        self: &Arc<Self>,
        stream: S,
    ) -> Option<TlsStream<S>> {
        let now = Instant::now();
        if self.takes_a_look(now) {
            let tls = Arc::clone(self);
            let _ = tokio::task::spawn_blocking(move || tls.look()).await;
        }
        let config = Arc::clone(&self.state().pair.config);
        TlsAcceptor::from(config).accept(stream).await.ok()
    }

    /// Whether it is time, for one who asks.
    fn takes_a_look(&self, now: Instant) -> bool {
        let mut state = self.state();
        let is_time = now.saturating_duration_since(state.looked) >= LOOKS_EVERY;
        if is_time {
            state.looked = now;
        }
        is_time
    }

    /// Goes on with what the files hold by now, if it can be used. Of two files the first may be new already, and the
    /// second not yet.
    fn look(&self) {
        let now = self.clock.now();
        let found = read(&self.files).and_then(|read| {
            let is_known = self.state().pair.read == read;
            Ok((!is_known).then_some(pair(&self.files, read, now)?))
        });
        let mut state = self.state();
        match found {
            Ok(None) => {}
            Ok(Some(pair)) => {
                state.pair = pair;
                state.said_that_it_ends = false;
                tracing::info!("the certificate was read anew");
            }
            Err(error) => {
                tracing::warn!(%error, "the certificate of before stays in use");
            }
        }
        if state.pair.ends < now + ENDS_SOON && !state.said_that_it_ends {
            state.said_that_it_ends = true;
            tracing::warn!("the certificate ends on {}", shown(state.pair.ends));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(files: &Files) -> Result<[Vec<u8>; 2], TlsError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| TlsError::File {
            path: path.to_owned(),
            error,
        })
    };
    Ok([read(&files.certificate)?, read(&files.key)?])
}

fn pair(files: &Files, read: [Vec<u8>; 2], now: Moment) -> Result<Pair, TlsError> {
    let of_certificate = |what: String| TlsError::Certificate {
        path: files.certificate.clone(),
        what,
    };
    let chain = CertificateDer::pem_slice_iter(&read[0])
        .collect::<Result<Vec<_>, _>>()
        .map_err(|it| of_certificate(it.to_string()))?;
    let Some(leaf) = chain.first() else {
        return Err(of_certificate("there is none in it, in PEM".to_owned()));
    };
    let (begins, ends) = validity(leaf).map_err(|it| of_certificate(it.to_string()))?;
    if now < begins {
        let begins = shown(begins);
        return Err(of_certificate(format!("it begins on {begins} only")));
    }
    if ends < now {
        return Err(of_certificate(format!("it ended on {}", shown(ends))));
    }
    let of_key = |what: String| TlsError::Key {
        files: files.clone(),
        what,
    };
    let key = PrivateKeyDer::from_pem_slice(&read[1])
        .map_err(|_| of_key("there is none in it, in PEM and without a password".to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("ring knows both")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| {
            let is_of_another = matches!(error, rustls::Error::InconsistentKeys(_));
            of_key(if is_of_another {
                "it does not belong to the certificate".to_owned()
            } else {
                error.to_string()
            })
        })?;
    // No more than `connections` speaks.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Pair {
        read,
        config: Arc::new(config),
        ends,
    })
}

/// From when until when. Asked of what checks certificates for clients, far before and far behind: nothing else here
/// reads them.
fn validity(leaf: &CertificateDer<'_>) -> Result<(Moment, Moment), webpki::Error> {
    let certificate = EndEntityCert::try_from(leaf)?;
    let judged = |at_s: u64| {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at_s));
        let usage = KeyUsage::server_auth();
        certificate.verify_for_usage(&[], &[], &[], at, usage, None, None)
    };
    let moment = |it: UnixTime| {
        let ms = i64::try_from(it.as_secs()).unwrap_or(i64::MAX / 1_000);
        Moment::from_unix_ms(ms.saturating_mul(1_000))
    };
    let begins = match judged(0) {
        Err(webpki::Error::CertNotValidYet { not_before, .. }) => moment(not_before),
        _ => Moment::from_unix_ms(0),
    };
    match judged(u64::MAX) {
        Err(webpki::Error::CertExpired { not_after, .. }) => Ok((begins, moment(not_after))),
        Err(error) => Err(error),
        Ok(_) => Err(webpki::Error::InvalidCertValidity),
    }
}

/// In UTC.
fn shown(at: Moment) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at.unix_ms()).unwrap_or_default();
    at.format("%Y-%m-%d %H:%MZ").to_string()
}

/// Why there is no TLS.
#[derive(Debug)]
pub enum TlsError {
    File { path: PathBuf, error: io::Error },
    Certificate { path: PathBuf, what: String },
    Key { files: Files, what: String },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => {
                write!(f, "The file {} cannot be read: {error}", path.display())
            }
            Self::Certificate { path, what } => write!(
                f,
                "The certificate in {} cannot be used: {what}",
                path.display()
            ),
            Self::Key { files, what } => write!(
                f,
                "The key in {} cannot be used with the certificate in {}: {what}",
                files.key.display(),
                files.certificate.display()
            ),
        }
    }
}

impl std::error::Error for TlsError {}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use tempfile::TempDir;

    use super::*;

    /// 2026-07-13T01:00:00Z
    const NOW: Moment = Moment::from_unix_ms(1_783_904_400_000);

    struct StandingClock;

    impl Clock for StandingClock {
        fn now(&self) -> Moment {
            NOW
        }
    }

    fn files(folder: &TempDir) -> Files {
        Files {
            certificate: folder.path().join("certificate.pem"),
            key: folder.path().join("key.pem"),
        }
    }

    /// A certificate for these years, and its key.
    fn made(from: i32, to: i32) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        [certificate.pem(), key.serialize_pem()]
    }

    fn write(files: &Files, [certificate, key]: [&str; 2]) {
        std::fs::write(&files.certificate, certificate).unwrap();
        std::fs::write(&files.key, key).unwrap();
    }

    fn open(files: &Files) -> Result<Tls, String> {
        Tls::open(files, Arc::new(StandingClock)).map_err(|it| it.to_string())
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_file_and_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        let refused = |holding: Option<[&str; 2]>, named: &Path, why: &str| {
            if let Some(it) = holding {
                write(&files, it);
            }
            let said = open(&files).map(|_| ()).unwrap_err();
            let is_named = said.contains(&named.display().to_string());
            assert!(is_named && said.contains(why), "{said}");
        };
        refused(None, &files.certificate, "cannot be read");
        let [certificate, key] = made(2026, 2027);
        let ([_, other_key], [ended, ended_key]) = (made(2026, 2027), made(2025, 2026));
        let [begins_later, its_key] = made(2027, 2028);
        let file = files.certificate.as_path();
        refused(Some(["", &key]), file, "there is none in it");
        refused(Some([&key, &key]), file, "there is none in it");
        refused(
            Some([&ended, &ended_key]),
            file,
            "it ended on 2026-01-01 00:00Z",
        );
        refused(
            Some([&begins_later, &its_key]),
            file,
            "it begins on 2027-01-01 00:00Z only",
        );
        refused(Some([&certificate, ""]), &files.key, "there is none in it");
        let unfit = "it does not belong to the certificate";
        refused(Some([&certificate, &other_key]), &files.key, unfit);
        write(&files, [&certificate, &key]);
        open(&files).unwrap();
    }

    #[test]
    fn a_pair_that_was_replaced_is_used_once_both_files_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        let [certificate, key] = made(2026, 2027);
        write(&files, [&certificate, &key]);
        let tls = open(&files).unwrap();
        let config = || Arc::clone(&tls.state().pair.config);
        let first = config();
        tls.look();
        assert!(Arc::ptr_eq(&first, &config()), "nothing was replaced");
        let [next, next_key] = made(2026, 2028);
        write(&files, [&next, &key]);
        tls.look();
        assert!(Arc::ptr_eq(&first, &config()), "half of it is there");
        write(&files, [&next, &next_key]);
        tls.look();
        assert!(!Arc::ptr_eq(&first, &config()));
        let second = config();
        std::fs::remove_file(&files.key).unwrap();
        tls.look();
        assert!(Arc::ptr_eq(&second, &config()), "what is gone was read");
    }

    #[test]
    fn the_files_are_looked_at_once_a_minute_whoever_connects() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        let [certificate, key] = made(2026, 2027);
        write(&files, [&certificate, &key]);
        let tls = open(&files).unwrap();
        let start = tls.state().looked;
        let after = |s| tls.takes_a_look(start + Duration::from_secs(s));
        assert_eq!(
            [after(59), after(60), after(61), after(119), after(120)],
            [false, true, false, false, true]
        );
    }
}
