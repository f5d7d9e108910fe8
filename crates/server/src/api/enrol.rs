//! `POST /api/enrol`: an invitation, and the device's key, for a certificate.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use shouwen_domain::id::DeviceId;
use shouwen_domain::signature::PublicKey;
use shouwen_sync::message::{Bytes, Enrol, Enrolled};

use super::Office;
use super::answer::{Cbor, Declined};
use super::openapi::{Answered, Bodied, Failure, Guarded, Message};
use crate::demo;
use crate::invitation::Code;
use crate::keys::{Bearer, CERTIFICATE_BYTES};
use crate::storage::access::{self, NotEnrolled};

pub const BODY_BYTES: usize = CERTIFICATE_BYTES + 1024;

/// A device joins the site of an invitation.
#[utoipa::path(
    post, path = "/api/enrol",
    request_body(content = Message, content_type = "application/cbor"),
    responses(
        Answered,
        Guarded,
        Bodied,
        (status = 409, description = "Another key is enrolled under this device's id", content_type = "application/cbor", body = Failure),
    ),
)]
pub async fn enrol(
    State(office): State<Arc<Office>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Cbor(Enrol {
        code,
        device,
        key,
        certificate,
    }): Cbor<Enrol>,
) -> Result<Cbor<Enrolled>, Declined> {
    if device == DeviceId::HEAD_OFFICE {
        return Err(Declined::DeviceTaken);
    }
    let key = PublicKey::from_cose_key(&key.0).map_err(|it| Declined::Malformed(it.to_string()))?;
    let address = office.gate.address(peer, &headers);
    office.gate.take_code(address)?;
    let code = Code::read(&code).ok_or(Declined::WrongCode)?.hash();
    let now = office.clock.now();
    let standing = office.demo.clone().filter(|_| code == demo::code().hash());
    let is_standing = standing.is_some();
    let site = match standing {
        Some(site) => Some(site),
        None => {
            office
                .storage
                .read_everywhere(move |db| access::invited_to(db, &code))
                .await?
        }
    };
    let site = site
        .filter(|it| office.sites().get(it).is_some())
        .ok_or(Declined::WrongCode)?;
    let joined = {
        let site = site.clone();
        office
            .storage
            .write(&site.clone(), move |db| {
                if is_standing {
                    access::enrol(db, &site, device, &key)
                } else {
                    access::redeem(db, &site, &code, device, &key, now)
                }
            })
            .await?
    };
    let short_code = joined.map_err(|it| match it {
        NotEnrolled::WrongCode => Declined::WrongCode,
        NotEnrolled::Taken => Declined::DeviceTaken,
    })?;
    office.gate.code_passed(address);
    let before = certificate.and_then(|it| office.keys().device(&it.0));
    let before = before.filter(|(it, _)| (&it.site, it.device, it.key) == (&site, device, key));
    let who = Bearer {
        site,
        device,
        key,
        people: [].into(),
        signers: before.map(|(it, _)| it.signers).unwrap_or_default(),
        reads: false,
    };
    tracing::info!(code = short_code, "a device was enrolled");
    Ok(Cbor(Enrolled {
        certificate: Bytes(office.keys().certify(&who, &short_code, now)),
        site: who.site,
        office: office.keys().public(),
        server_now: now,
    }))
}
