//! What holds for every path under `/api`, before anything else is asked: whose page sends, how often, how
//! long it may take, and that no answer is kept on the way.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use shouwen_domain::id::DeviceId;
use shouwen_sync::message::MEDIA_TYPE;
use tokio::time::timeout;

use super::Office;
use super::answer::Declined;
use crate::bounds::Bounds;
use crate::limiter::Limiter;

const MINUTE: Duration = Duration::from_secs(60);

/// How often one asks, whatever it is.
pub struct Rates {
    address: Mutex<Limiter<IpAddr>>,
    device: Mutex<Limiter<DeviceId>>,
}

impl Rates {
    pub fn new(bounds: &Bounds) -> Self {
        let limiter = |n| Limiter::new(n, MINUTE);
        Self {
            address: Mutex::new(limiter(bounds.requests_of_address_a_minute)),
            device: Mutex::new(Limiter::new(bounds.requests_of_device_a_minute, MINUTE)),
        }
    }

    /// Whoever bears a token of this device.
    pub fn device(&self, device: DeviceId) -> Result<(), Declined> {
        take(&self.device, device)
    }
}

fn take<K: Ord + Clone>(limiter: &Mutex<Limiter<K>>, key: K) -> Result<(), Declined> {
    let mut limiter = limiter.lock().unwrap_or_else(PoisonError::into_inner);
    limiter.take(key, Instant::now()).map_err(Declined::wait)
}

pub async fn guard(
    State(office): State<Arc<Office>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let address = office.gate.address(peer, request.headers());
    let may_pass = take(&office.rates.address, address)
        .and_then(|()| is_our_page(request.method(), request.headers()))
        .and_then(|()| is_plain(request.headers()));
    let mut response = match may_pass {
        Ok(()) => timeout(office.bounds.request_lasts, next.run(request))
            .await
            .unwrap_or_else(|_| Declined::TooSlow.into_response()),
        Err(declined) => declined.into_response(),
    };
    // A site's texts are asked about each time; nothing else is kept at all.
    let kept = response.headers().get(CACHE_CONTROL);
    if kept.is_none_or(|it| it != KEPT_BUT_ASKED_ABOUT) {
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

pub const KEPT_BUT_ASKED_ABOUT: &str = "private, no-cache";

/// A page of another site cannot send in a person's name: there are no cookies. That nothing changes when it tries
/// is checked all the same, by what a form cannot send and a browser says.
fn is_our_page(method: &Method, headers: &HeaderMap) -> Result<(), Declined> {
    let from = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if from.is_some_and(|it| it != b"same-origin" && it != b"none") {
        return Err(Declined::ForeignPage);
    }
    let is_cbor = headers.get(CONTENT_TYPE).is_some_and(|it| it == MEDIA_TYPE);
    if method.is_safe() || is_cbor || headers.contains_key(AUTHORIZATION) {
        Ok(())
    } else {
        Err(Declined::ForeignPage)
    }
}

/// Nothing that comes in is inflated here.
fn is_plain(headers: &HeaderMap) -> Result<(), Declined> {
    let encoding = headers.get(CONTENT_ENCODING);
    if encoding.is_none_or(|it| it.as_bytes().eq_ignore_ascii_case(b"identity")) {
        Ok(())
    } else {
        Err(Declined::Encoded)
    }
}
