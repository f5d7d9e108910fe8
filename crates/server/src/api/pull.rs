//! `POST /api/pull`: pages of the feed as the device's people may see it, signed, and compressed where that is
//! understood. A block of history that is complete never changes: it is made up once and kept for whoever asks next.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use shouwen_domain::id::SiteId;
use shouwen_domain::scope::Scope;
use shouwen_domain::signature::Context;
use shouwen_sync::feed::block_end;
use shouwen_sync::message::{Ask, Page, Pull};

use super::answer::{self, Cbor, Declined};
use super::openapi::{Answered, Bodied, Guarded, Message, Proven};
use super::{Office, Reader};
use crate::keys::Bearer;
use crate::storage::{feed, orders};

/// Blocks of history in memory, all sites together.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
const KEPT_BLOCKS: usize = 4_096;
/// Below this, compressing costs more than it saves.
const WORTH_COMPRESSING_BYTES: usize = 1_024;
/// How long somebody who asks waits while a restored log is looked through.
const PATIENCE: Duration = Duration::from_secs(5);

/// Complete blocks of history, compressed.
pub struct Blocks(Cache<Block, Bytes, BySize>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Block {
    site: SiteId,
    /// In the form in which it also travels.
    scope: Vec<u8>,
    epoch: u64,
    /// How many orders there were: one may have taken words out of it since.
    n_orders: u64,
    from: u64,
}

#[derive(Clone)]
struct BySize;

impl Weighter<Block, Bytes> for BySize {
    fn weight(&self, _: &Block, bytes: &Bytes) -> u64 {
        bytes.len() as u64
    }
}

impl Default for Blocks {
    fn default() -> Self {
        Self(Cache::with_weighter(KEPT_BLOCKS, KEPT_BYTES, BySize))
    }
}

/// A page of the feed.
#[utoipa::path(
    post, path = "/api/pull",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied, Proven),
    security(("token" = [])),
)]
pub async fn pull(
    State(office): State<Arc<Office>>,
    Reader(bearer): Reader,
    headers: HeaderMap,
    Cbor(pull): Cbor<Pull>,
) -> Result<Response, Declined> {
    if pull.device != bearer.device {
        return Err(Declined::NotSignedIn("The token belongs to another device"));
    }
    let scope = office.scope(&bearer)?;
    if pull.scope != scope {
        return Err(Declined::NotSignedIn(
            "What this device may read is another by now",
        ));
    }
    let inflated = !takes_gzip(&headers);
    let block = match pull.ask {
        Ask::History { from } => Some(Block {
            n_orders: office.n_orders(&bearer.site).await?,
            site: bearer.site.clone(),
            scope: minicbor::to_vec(&scope).expect("writing to memory cannot fail"),
            epoch: from.epoch,
            from: from.position,
        }),
        Ask::Open { .. } | Ask::News { .. } => None,
    };
    if let Some(kept) = block.as_ref().and_then(|it| office.blocks.0.get(it)) {
        return answered(kept, inflated).await;
    }
    let (page, followed) = read(&office, &bearer.site, &scope, pull.ask).await?;
    let is_complete = block
        .as_ref()
        .is_some_and(|it| page.from.epoch == it.epoch && block_end(it.from) <= followed);
    let signing = Arc::clone(&office);
    let body = tokio::task::spawn_blocking(move || {
        let payload = minicbor::to_vec(page).expect("writing to memory cannot fail");
        let signed = signing.keys().sign(Context::Page, payload);
        if signed.len() < WORTH_COMPRESSING_BYTES || (inflated && !is_complete) {
            Body::Plain(signed)
        } else {
            Body::Compressed(compressed(&signed))
        }
    })
    .await
    .map_err(|_| Declined::Storage)?;
    match body {
        Body::Plain(body) => Ok(response(body.into())),
        Body::Compressed(body) => {
            let body = Bytes::from(body);
            if let Some(block) = block.filter(|_| is_complete) {
                office.blocks.0.insert(block, body.clone());
            }
            answered(body, inflated).await
        }
    }
}

enum Body {
    Plain(Vec<u8>),
    Compressed(Vec<u8>),
}

/// The page, and up to where the log is followed.
async fn read(
    office: &Arc<Office>,
    site: &SiteId,
    scope: &Scope,
    ask: Ask,
) -> Result<(Page, u64), Declined> {
    let found = || {
        let (read, scope, now) = (site.clone(), scope.clone(), office.clock.now());
        office.storage.read(site, move |db| {
            let end = feed::ends(db, &read)?;
            Ok((feed::page(db, &read, &scope, ask, now)?, end))
        })
    };
    let (mut page, mut end) = found().await?;
    if end.followed < end.last {
        office.follow(site, Some(PATIENCE)).await?;
        (page, end) = found().await?;
    }
    if let Ok(page) = page {
        return Ok((page, end.followed));
    }
    tracing::warn!(
        "a device has read further than the log goes: the log was restored, and begins a new epoch"
    );
    let renewed = site.clone();
    office
        .storage
        .write_everywhere(move |db| feed::renew_epoch(db, &renewed, ask))
        .await?;
    let (page, end) = found().await?;
    let page = page.map_err(|_| Declined::Storage)?;
    Ok((page, end.followed))
}

impl Office {
    /// What the people of a device may read, by the directory in force.
    pub fn scope(&self, bearer: &Bearer) -> Result<Scope, Declined> {
        let sites = self.sites();
        let site = sites.get(&bearer.site);
        let site = site.ok_or(Declined::NotSignedIn("This site is not served here"))?;
        Ok(Scope::of(&bearer.people, &site.directory))
    }

    async fn n_orders(&self, site: &SiteId) -> Result<u64, Declined> {
        let of = site.clone();
        let read = self.storage.read(site, move |db| orders::n_given(db, &of));
        Ok(read.await?)
    }

    /// Follows a site's log to its end, or for so long.
    pub async fn follow(&self, site: &SiteId, patience: Option<Duration>) -> Result<(), Declined> {
        let began = Instant::now();
        while patience.is_none_or(|it| began.elapsed() < it) {
            let followed = site.clone();
            let more = self
                .storage
                .write(site, move |db| feed::follow(db, &followed))
                .await?;
            if !more {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let taken = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|it| it.to_str().ok());
    taken
        .flat_map(|it| it.split(','))
        .any(|it| it.trim().split(';').next() == Some("gzip"))
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes)
        .and_then(|()| gzip.finish())
        .expect("writing to memory cannot fail")
}

async fn answered(body: Bytes, inflated: bool) -> Result<Response, Declined> {
    if !inflated {
        let mut response = response(body);
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, gzip);
        return Ok(response);
    }
    let plain = tokio::task::spawn_blocking(move || {
        let mut plain = Vec::new();
        GzDecoder::new(body.as_ref())
            .read_to_end(&mut plain)
            .map(|_| plain)
    });
    let plain = plain.await.map_err(|_| Declined::Storage)?;
    Ok(response(plain.map_err(|_| Declined::Storage)?.into()))
}

fn response(body: Bytes) -> Response {
    ([(CACHE_CONTROL, "no-store")], answer::cbor(body)).into_response()
}
