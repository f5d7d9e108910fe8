//! From a listening socket to requests: how many connections, how long handshake and head may take, and how they end.
//!
//! What an answer says is none of its business.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request};
use axum::response::IntoResponse;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use shouwen_domain::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Sleep, timeout};
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use crate::api::network;
use crate::bounds::Bounds;
use crate::limiter::{Limiter, Places};
use crate::tls::Tls;

/// While the system has no room for another connection.
const NO_ROOM_LASTS: Duration = Duration::from_secs(1);

/// After the last answer, for what is still being sent.
const LINGERS: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 2 * limits::BATCH_BYTES;

pub struct Connections {
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    places: Arc<Places<IpAddr>>,
    tls: Option<Arc<Tls>>,
}

impl Connections {
    /// Behind a proxy every connection is the proxy's, which counts for itself how many one address has.
    pub fn new(
        listener: TcpListener,
        router: Router,
        bounds: Bounds,
        behind_proxy: bool,
        tls: Option<Arc<Tls>>,
    ) -> Self {
        let of_address = if behind_proxy {
            bounds.connections
        } else {
            bounds.connections_of_address
        };
        Self {
            listener,
            router,
            places: Arc::new(Places::new(of_address, bounds.connections)),
            bounds,
            tls,
        }
    }

    /// Answers until `stop`, and lets what is under way end.
    pub async fn answer(self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let ending = GracefulShutdown::new();
        let (going_on, ended) = watch::channel(());
        let mut complaints = Limiter::new(1, Duration::from_secs(60));
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => break,
            };
            let (stream, peer) = match accepted {
                Ok(it) => it,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => {
                    tracing::error!(%error, "no connection can be taken");
                    tokio::time::sleep(NO_ROOM_LASTS).await;
                    continue;
                }
            };
            let Some(place) = self.places.take(network(peer.ip())) else {
                if complaints.take((), Instant::now()).is_ok() {
                    tracing::warn!("too many connections at one time; those above are closed");
                }
                continue;
            };
            let (router, bounds, watcher) = (self.router.clone(), self.bounds, ending.watcher());
            let (tls, ended) = (self.tls.clone(), ended.clone());
            tokio::spawn(async move {
                let _place = place;
                let _ = stream.set_nodelay(true);
                let stream = Patient::new(stream, bounds.answer_rests);
                match tls {
                    None => speak_http(stream, peer, router, bounds, watcher).await,
                    Some(tls) => {
                        if let Some(stream) = greet(&tls, stream, bounds, ended).await {
                            speak_http(stream, peer, router, bounds, watcher).await;
                        }
                    }
                }
            });
        }
        drop(self.listener);
        drop(going_on);
        ending.shutdown().await;
    }
}

/// The handshake, which may take no longer than a head; it is given up where the server stops.
async fn greet(
    tls: &Arc<Tls>,
    stream: Patient<TcpStream>,
    bounds: Bounds,
    mut ended: watch::Receiver<()>,
) -> Option<TlsStream<Patient<TcpStream>>> {
    tokio::select! {
        greeted = timeout(bounds.head_lasts, tls.greet(stream)) => greeted.ok().flatten(),
        _ = ended.changed() => None,
    }
}

/// Requests one after the other, until either side has enough. How a connection ended is nobody's news.
async fn speak_http<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    bounds: Bounds,
    watcher: Watcher,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        let has_come = Arc::new(AtomicBool::new(request.body().is_end_stream()));
        let mut request = request.map(|body| {
            Body::new(Coming {
                body,
                has_come: Arc::clone(&has_come),
            })
        });
        request.extensions_mut().insert(ConnectInfo(peer));
        async move {
            let mut response = router.oneshot(request).await.into_response();
            // The line ends with this answer, and whoever is not told sends the next request into it.
            if !has_come.load(Ordering::Relaxed) {
                let headers = response.headers_mut();
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_lasts)
        .max_headers(Bounds::HEAD_FIELDS)
        .max_buf_size(Bounds::HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let _ = watcher.watch(connection).await;
}

/// A body that tells whether all of it was read.
struct Coming {
    body: Incoming,
    has_come: Arc<AtomicBool>,
}

impl HttpBody for Coming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.has_come.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
    ]
    .contains(&error.kind())
}

/// A stream that fails where the other side takes nothing for too long.
struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs while something waits to be taken.
    waits: Option<Pin<Box<Sleep>>>,
    /// Runs once everything was said.
    lingers: Option<Pin<Box<Sleep>>>,
    n_thrown: usize,
}

impl<S> Patient<S> {
    const fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            waits: None,
            lingers: None,
            n_thrown: 0,
        }
    }

    fn watched<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.waits = None;
            return polled;
        }
        let patience = self.patience;
        let waits = self
            .waits
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(waits.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watched(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.watched(polled, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingers.is_none() {
            let polled = Pin::new(&mut self.stream).poll_shutdown(context);
            ready!(self.watched(polled, context))?;
            self.lingers = Some(Box::pin(tokio::time::sleep(LINGERS)));
        }
        self.poll_linger(context).map(Ok)
    }
}

impl<S: AsyncRead + Unpin> Patient<S> {
    /// Whoever is answered before everything was sent, and finds the line closed in the middle of sending, never reads
    /// the answer: so what still comes is thrown away for a while.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut room = [0; 8 * 1024];
        loop {
            let lingers = self.lingers.as_mut();
            if lingers.is_none_or(|it| it.as_mut().poll(context).is_ready()) {
                return Poll::Ready(());
            }
            let mut thrown = ReadBuf::new(&mut room);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut thrown));
            self.n_thrown += thrown.filled().len();
            let is_over = read.is_err() || thrown.filled().is_empty();
            if is_over || self.n_thrown > LINGER_BYTES {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_of_an_answer_is_given_up_and_who_is_slow_is_not() {
        let (ours, mut theirs) = duplex(8);
        let mut patient = Patient::new(ours, PATIENCE);
        let slow = async {
            let mut taken = [0; 8];
            for _ in 0..4 {
                tokio::time::sleep(PATIENCE / 2).await;
                theirs.read_exact(&mut taken).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(patient.write_all(&[0; 32]), slow);
        written.unwrap();
        let error = patient.write_all(&[0; 32]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_on_which_nothing_is_to_be_said_may_rest() {
        let (ours, mut theirs) = duplex(8);
        let mut patient = Patient::new(ours, PATIENCE);
        for _ in 0..3 {
            patient.write_all(&[0; 8]).await.unwrap();
            let mut taken = [0; 8];
            theirs.read_exact(&mut taken).await.unwrap();
            tokio::time::sleep(PATIENCE * 2).await;
        }
    }
}
