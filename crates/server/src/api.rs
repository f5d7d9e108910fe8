//! The paths under `/api`, as `shouwen_sync::message` describes them, and `/healthz`.
//!
//! Site and device come from the token, never from what a request says about itself.

mod answer;
mod contact;
mod enrol;
mod files;
mod guard;
mod live;
mod openapi;
mod pull;
mod rescue;
mod sign_in;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use shouwen_domain::id::{DeviceId, SiteId};
use shouwen_domain::limits;
use shouwen_sync::message::{Push, Pushed};
use shouwen_sync::server::{self as protocol, Arrival, Sender, Signatories};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::bounds::Bounds;
use crate::clock::Clock;
use crate::keys::{Bearer, Keys};
use crate::limiter::Places;
use crate::news::News;
use crate::site::Sites;
use crate::storage::{Fault, Storage, access, feed, log, orders};

use answer::{Cbor, Declined};
use guard::Rates;
use openapi::{Answered, Bodied, Document, Guarded, Message, Proven};
use pull::Blocks;
use sign_in::Gate;
pub use sign_in::network;

/// More envelopes than this cannot be real ones in a batch of its size: a header alone is larger.
const PUSH_ENVELOPES: usize = limits::BATCH_BYTES / 256;

/// What answering needs.
pub struct Office {
    sites: ArcSwap<Sites>,
    pub storage: Storage,
    keys: ArcSwap<Keys>,
    pub news: Arc<News>,
    pub clock: Arc<dyn Clock>,
    /// The demonstration's site, which everybody may join.
    demo: Option<SiteId>,
    gate: Gate,
    rates: Rates,
    streams: Arc<Places<DeviceId>>,
    bounds: Bounds,
    blocks: Blocks,
}

impl Office {
    pub fn new(
        sites: Sites,
        storage: Storage,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        behind_proxy: bool,
        demo: Option<SiteId>,
        bounds: Bounds,
    ) -> Self {
        Self {
            sites: ArcSwap::from_pointee(sites),
            news: News::start(storage.clone()),
            storage,
            keys: ArcSwap::new(keys),
            clock,
            demo,
            gate: Gate::new(behind_proxy),
            rates: Rates::new(&bounds),
            // Connections are bounded together; streams only for each device.
            streams: Arc::new(Places::new(bounds.streams_of_device, usize::MAX)),
            bounds,
            blocks: Blocks::default(),
        }
    }

    /// As their files say by now.
    pub fn sites(&self) -> Arc<Sites> {
        self.sites.load_full()
    }

    /// As their file says by now.
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    pub fn use_sites(&self, sites: Sites) {
        self.sites.store(Arc::new(sites));
    }

    pub fn use_keys(&self, keys: Keys) {
        self.keys.store(Arc::new(keys));
    }
}

pub fn router(office: Arc<Office>) -> Router {
    let (router, _) = routes();
    router
        .layer(middleware::from_fn_with_state(
            Arc::clone(&office),
            guard::guard,
        ))
        .route("/healthz", get(health))
        .with_state(office)
}

/// Every path under `/api`, and the document that describes them.
fn routes() -> (Router<Arc<Office>>, Document) {
    let (router, document) = OpenApiRouter::with_openapi(openapi::beginning())
        .routes(routes!(enrol::enrol).layer(DefaultBodyLimit::max(enrol::BODY_BYTES)))
        .routes(routes!(sign_in::sign_in).layer(DefaultBodyLimit::max(sign_in::BODY_BYTES)))
        .routes(routes!(contact::challenge).layer(DefaultBodyLimit::max(contact::BODY_BYTES)))
        .routes(routes!(contact::contact).layer(DefaultBodyLimit::max(contact::BODY_BYTES)))
        .routes(routes!(contact::withdraw))
        .routes(routes!(contact::erased).layer(DefaultBodyLimit::max(contact::BODY_BYTES)))
        .routes(routes!(rescue::rescue))
        .routes(routes!(site))
        .routes(routes!(push))
        .routes(routes!(pull::pull))
        .routes(routes!(files::lacking).layer(DefaultBodyLimit::max(files::OFFER_BODY_BYTES)))
        .routes(
            routes!(files::get, files::put).layer(DefaultBodyLimit::max(files::CHUNK_BODY_BYTES)),
        )
        .routes(routes!(live::live))
        .routes(routes!(openapi::document))
        .split_for_parts();
    let document = document
        .to_json()
        .expect("it holds texts and numbers alone");
    let document = Document(document.into());
    let router = router
        .route("/api", any(nothing_here))
        .route("/api/", any(nothing_here))
        .route("/api/{*path}", any(nothing_here))
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(limits::BATCH_BYTES))
        .layer(Extension(document.clone()));
    (router, document)
}

async fn nothing_here() -> Response {
    (
        StatusCode::NOT_FOUND,
        Declined::Malformed("There is no such path".to_owned()),
    )
        .into_response()
}

async fn not_so() -> Response {
    (
        StatusCode::METHOD_NOT_ALLOWED,
        Declined::Malformed("This path takes another method".to_owned()),
    )
        .into_response()
}

async fn health(State(office): State<Arc<Office>>) -> (StatusCode, &'static str) {
    if office.storage.is_well().await {
        (StatusCode::OK, "ok\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        )
    }
}

/// The texts that the rules of the site are read from.
#[utoipa::path(
    get, path = "/api/site",
    responses(Answered, Guarded, Proven, (status = 304, description = "They are as the If-None-Match says")),
    security(("token" = [])),
)]
async fn site(
    State(office): State<Arc<Office>>,
    bearer: Bearer,
    headers: HeaderMap,
) -> Result<Response, Declined> {
    let sites = office.sites();
    let texts = sites
        .get(&bearer.site)
        .ok_or(Declined::NotSignedIn("This site is not served here"))?
        .texts();
    let head = [
        (ETAG, texts.etag.as_str()),
        (CACHE_CONTROL, guard::KEPT_BUT_ASKED_ABOUT),
        (VARY, "authorization"),
    ];
    let asked = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|it| it.to_str().ok());
    let is_known = asked
        .flat_map(|it| it.split(','))
        .any(|it| it.trim().trim_start_matches("W/") == texts.etag);
    Ok(if is_known {
        (StatusCode::NOT_MODIFIED, head).into_response()
    } else {
        (head, answer::cbor(texts.body.clone())).into_response()
    })
}

/// What a device wrote, in the order of its chain.
#[utoipa::path(
    post, path = "/api/push",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied, Proven),
    security(("token" = [])),
)]
async fn push(
    State(office): State<Arc<Office>>,
    Bringing(bearer): Bringing,
    Cbor(push): Cbor<Push>,
) -> Result<Cbor<Pushed>, Declined> {
    if push.device != bearer.device {
        return Err(Declined::NotSignedIn("The token belongs to another device"));
    }
    if push.envelopes.len() > PUSH_ENVELOPES {
        return Err(Declined::TooLarge);
    }
    let mut read = read_all(&office, &bearer, vec![push]).await?;
    let (push, arrivals) = read.pop().ok_or(Declined::Storage)?;
    let sender = Sender {
        site: bearer.site,
        device: bearer.device,
    };
    let now = office.clock.now();
    let (receipts, epoch) = office
        .storage
        .write(&sender.site.clone(), move |db| {
            let taken_in = log::take_in(db, &sender, &push, &arrivals, now)?;
            feed::follow(db, &sender.site)?;
            Ok(taken_in)
        })
        .await?
        .map_err(|_| {
            Declined::Malformed("The push holds envelopes of several chains".to_owned())
        })?;
    office.news.look();
    Ok(Cbor(Pushed {
        receipts: office.keys().sign_together(receipts),
        epoch,
        server_now: now,
    }))
}

/// Reads what one device wrote. Its certificate names the last keys of each person: whose act none of those signed is looked
/// for among all that head office ever certified there.
async fn read_all(
    office: &Office,
    author: &Bearer,
    pushes: Vec<Push>,
) -> Result<Vec<(Push, Vec<Arrival>)>, Declined> {
    let read = async |pushes: Vec<Push>, by: Signatories| {
        let read = move |push: Push| {
            let arrivals = protocol::read(&push, &by);
            (push, arrivals)
        };
        let reading =
            tokio::task::spawn_blocking(move || pushes.into_iter().map(read).collect::<Vec<_>>());
        reading.await.map_err(|_| Declined::Storage)
    };
    let mut by = author.signatories();
    let found = read(pushes, by.clone()).await?;
    let mut arrivals = found.iter().flat_map(|it| &it.1);
    if !arrivals.any(Arrival::is_by_no_key_of_its_person) {
        return Ok(found);
    }
    let (site, device) = (author.site.clone(), author.device);
    let ever = office
        .storage
        .read(&author.site, move |db| access::signers(db, &site, device));
    by.people.extend(&ever.await?);
    read(found.into_iter().map(|it| it.0).collect(), by).await
}

/// Whoever is let in, with those of its people who are.
impl FromRequestParts<Arc<Office>> for Bearer {
    type Rejection = Declined;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<Office>) -> Result<Self, Declined> {
        let bearer = bearer(&parts.headers, office)?;
        let found = office.with_those_let_in(bearer).await?;
        found.ok_or(Declined::Revoked)
    }
}

/// Whoever is let in, and somebody who signed in there reads.
pub struct Reader(pub Bearer);

impl FromRequestParts<Arc<Office>> for Reader {
    type Rejection = Declined;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<Office>) -> Result<Self, Declined> {
        let bearer = Bearer::from_request_parts(parts, office).await?;
        if bearer.reads {
            Ok(Self(bearer))
        } else {
            Err(Declined::NotSignedIn(
                "Nobody signed for this contact, so nothing is read in it",
            ))
        }
    }
}

/// A device that brings what it holds: also one that is let in no more.
pub struct Bringing(pub Bearer);

impl FromRequestParts<Arc<Office>> for Bringing {
    type Rejection = Declined;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<Office>) -> Result<Self, Declined> {
        bearer(&parts.headers, office).map(Self)
    }
}

impl Office {
    /// Without the people whom head office lets in no more; none where it does not let the device in.
    async fn with_those_let_in(&self, mut bearer: Bearer) -> Result<Option<Bearer>, Fault> {
        let site = bearer.site.clone();
        let read = self
            .storage
            .read(&bearer.site, move |db| orders::site(db, &site));
        let site = read.await?;
        bearer.people.retain(|it| site.lets_in(it));
        Ok(site.lets_in_device(bearer.device).then_some(bearer))
    }
}

fn bearer(headers: &HeaderMap, office: &Office) -> Result<Bearer, Declined> {
    let ended = Declined::NotSignedIn("The token is unknown or has ended");
    let Some(sent) = headers.get(AUTHORIZATION) else {
        return Err(Declined::NotSignedIn("A token is needed"));
    };
    let Some(token) = sent.to_str().ok().and_then(|it| it.strip_prefix("Bearer ")) else {
        return Err(ended);
    };
    let found = office.keys().bearer(token, office.clock.now());
    // A site that is served here no more lets nobody in.
    let is_served = |it: &Bearer| office.sites().get(&it.site).is_some();
    let bearer = found.filter(is_served).ok_or(ended)?;
    office.rates.device(bearer.device)?;
    Ok(bearer)
}
