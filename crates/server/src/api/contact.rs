//! `POST /api/challenge`, `/api/contact` and `/api/withdraw`: a device proves its key, learns how things
//! stand, and takes back what was not passed on.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use shouwen_domain::moment::Moment;
use shouwen_domain::signature::{Context, Signed};
use shouwen_sync::message::{
    Bytes, Challenge, Contact, Contacted, Erased, NewChain, Pushed, Reading, Withdraw, Withdrawal,
};

use super::answer::{self, Cbor, Declined, Ignored, Octets};
use super::openapi::{Answered, Bodied, Guarded, Message, Proven};
use super::{Bringing, Office};
use crate::keys::{Bearer, CERTIFICATE_BYTES, TOKEN_LASTS};
use crate::storage::{access, contact};

pub const BODY_BYTES: usize = CERTIFICATE_BYTES + 1024;
/// Statements in one request.
const WITHDRAWALS: usize = 256;

/// Something new to sign.
#[utoipa::path(
    post, path = "/api/challenge",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied),
)]
pub async fn challenge(State(office): State<Arc<Office>>, _: Ignored) -> Cbor<Challenge> {
    let nonce = Bytes(office.keys().challenge(office.clock.now()));
    Cbor(Challenge { nonce })
}

/// A device proves its key, and gets a token.
#[utoipa::path(
    post, path = "/api/contact",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied, Proven),
)]
pub async fn contact(
    State(office): State<Arc<Office>>,
    Octets(body): Octets,
) -> Result<Response, Declined> {
    let malformed = |what: String| Declined::Malformed(what);
    let signed = Signed::from_bytes(&body).map_err(|it| malformed(it.to_string()))?;
    let said: Contact =
        minicbor::decode(signed.unverified()).map_err(|it| malformed(it.to_string()))?;
    let now = office.clock.now();
    let keys = office.keys();
    let (who, code) = keys
        .device(&said.certificate.0)
        .filter(|(it, _)| it.device == said.device && office.sites().get(&it.site).is_some())
        .ok_or(Declined::NotEnrolled)?;
    signed
        .verified(Context::Contact, &who.key)
        .map_err(|_| Declined::NotEnrolled)?;
    if !keys.is_recent_challenge(&said.nonce.0, now) {
        return Err(Declined::NotSignedIn("The challenge has ended"));
    }
    let let_in = office.with_those_let_in(who.clone()).await?;
    let revoked = let_in.is_none();
    let let_in = let_in.unwrap_or_else(|| Bearer {
        people: [].into(),
        ..who.clone()
    });
    let let_in = Bearer {
        reads: reads(&said, &let_in),
        ..let_in
    };
    let has_fewer = let_in.people != who.people;
    let who = let_in;
    let met = meet(&office, &who, &code, &said, now).await?;
    let new_chain = met.new_chain.map(|(chain, code)| NewChain {
        chain,
        certificate: Bytes(keys.certify(&who, &code, now)),
    });
    if new_chain.is_some() {
        tracing::info!("a device's chain goes on elsewhere; it writes in a new one");
    }
    let answer = Contacted {
        device: who.device,
        nonce: said.nonce,
        token: keys.token(&who, now),
        lasts_s: TOKEN_LASTS.0 * 60,
        epoch: met.epoch,
        server_now: now,
        backed_up: met.backed_up,
        new_chain,
        certificates: keys.public().certificates,
        scope: office.scope(&who)?,
        revoked,
        certificate: has_fewer.then(|| Bytes(keys.certify(&who, &code, now))),
        texts: office.sites().get(&who.site).map(|it| it.hashes.as_one()),
    };
    let payload = minicbor::to_vec(answer).expect("writing to memory cannot fail");
    let body = keys.sign(Context::Contacted, payload);
    Ok(([(CACHE_CONTROL, "no-store")], answer::cbor(body)).into_response())
}

/// Whether one of the people of this device signed that they read.
fn reads(said: &Contact, who: &Bearer) -> bool {
    let read = || {
        let signed = Signed::from_bytes(&said.reading.as_ref()?.0).ok()?;
        let reading: Reading = minicbor::decode(signed.unverified()).ok()?;
        let keys = who.signers.of(&reading.person);
        let is_theirs = keys
            .iter()
            .any(|it| signed.verified(Context::Reading, it).is_ok());
        let is_of_this = reading.device == said.device && reading.nonce == said.nonce;
        Some(is_theirs && is_of_this && who.people.contains(&reading.person))
    };
    read().unwrap_or(false)
}

async fn meet(
    office: &Office,
    who: &Bearer,
    code: &str,
    said: &Contact,
    now: Moment,
) -> Result<contact::Met, Declined> {
    let (head, forked) = (said.head, said.forked);
    let asked = who.clone();
    let seen = office
        .storage
        .read(&who.site, move |db| {
            contact::look(db, &asked, &head, forked)
        })
        .await?;
    let met = if let Some(met) = seen {
        met
    } else {
        let (asked, code) = (who.clone(), code.to_owned());
        office
            .storage
            .write(&who.site, move |db| {
                contact::meet(db, &asked, &code, &head, forked, now)
            })
            .await?
    };
    met.map_err(|contact::OtherKey| Declined::NotEnrolled)
}

/// A device takes back what was not passed on.
#[utoipa::path(
    post, path = "/api/withdraw",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied, Proven),
    security(("token" = [])),
)]
pub async fn withdraw(
    State(office): State<Arc<Office>>,
    Bringing(bearer): Bringing,
    Cbor(withdraw): Cbor<Withdraw>,
) -> Result<Cbor<Pushed>, Declined> {
    if withdraw.device != bearer.device {
        return Err(Declined::NotSignedIn("The token belongs to another device"));
    }
    if withdraw.withdrawals.len() > WITHDRAWALS {
        return Err(Declined::TooLarge);
    }
    let statements = read_withdrawals(&bearer, withdraw.withdrawals)?;
    let (now, site) = (office.clock.now(), bearer.site.clone());
    let (receipts, epoch) = office
        .storage
        .write(&site, move |db| {
            contact::withdraw(db, &bearer, &statements, now)
        })
        .await?;
    Ok(Cbor(Pushed {
        receipts: office.keys().sign_together(receipts),
        epoch,
        server_now: now,
    }))
}

/// A device that was let in no more holds nothing any longer, and says so.
#[utoipa::path(
    post, path = "/api/erased",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied, Proven),
    security(("token" = [])),
)]
pub async fn erased(
    State(office): State<Arc<Office>>,
    Bringing(bearer): Bringing,
    Octets(body): Octets,
) -> Result<Cbor<()>, Declined> {
    let malformed = |what: String| Declined::Malformed(what);
    let signed = Signed::from_bytes(&body).map_err(|it| malformed(it.to_string()))?;
    let said = signed
        .verified(Context::Erased, &bearer.key)
        .map_err(|it| malformed(it.to_string()))?;
    let said: Erased = minicbor::decode(said).map_err(|it| malformed(it.to_string()))?;
    if said.device != bearer.device {
        return Err(malformed("It is about another device".to_owned()));
    }
    let (site, now) = (bearer.site, office.clock.now());
    office
        .storage
        .write(&site.clone(), move |db| {
            access::keep_erasure(db, &site, bearer.device, now, &body)
        })
        .await?;
    tracing::info!("a device says that it erased what it held");
    Ok(Cbor(()))
}

/// Statements that the device signed about itself.
pub fn read_withdrawals(
    who: &Bearer,
    statements: Vec<Bytes>,
) -> Result<Vec<(Withdrawal, Vec<u8>)>, Declined> {
    let read = |it: Bytes| {
        let signed = Signed::from_bytes(&it.0).map_err(|it| it.to_string())?;
        let said = signed
            .verified(Context::Withdrawal, &who.key)
            .map_err(|it| it.to_string())?;
        let what: Withdrawal = minicbor::decode(said).map_err(|it| it.to_string())?;
        if what.device == who.device {
            Ok((what, it.0))
        } else {
            Err("It is about another device".to_owned())
        }
    };
    statements
        .into_iter()
        .enumerate()
        .map(|(n, it)| read(it).map_err(|why| format!("Withdrawal {}: {why}", n + 1)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Declined::Malformed)
}
