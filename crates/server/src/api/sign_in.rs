//! `POST /api/sign-in`: a PIN, on a device that is enrolled, for a certificate that names the person as well.
//!
//! Neither the answer nor its time tells an unknown person from a wrong PIN.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::PersonId;
use shouwen_domain::signature::PublicKey;
use shouwen_sync::message::{Bytes, SignIn, SignedIn};
use tokio::sync::Semaphore;

use super::Office;
use super::answer::{Cbor, Declined};
use super::openapi::{Answered, Bodied, Guarded, Message, Proven};
use crate::keys::{Bearer, CERTIFICATE_BYTES};
use crate::limiter::Limiter;
use crate::pin::{self, HashedPin};
use crate::storage::{access, orders};

pub const BODY_BYTES: usize = CERTIFICATE_BYTES + 1024;
const PIN_BYTES: usize = 128;
/// PINs tried at one time: each takes 19 MiB.
const AT_ONCE: usize = 2;

/// Who may try a PIN or a code, and how often.
pub struct Gate {
    behind_proxy: bool,
    tries: Mutex<Tries>,
    places: Semaphore,
    /// Tried in place of the one that an unknown person does not have.
    nobodys_pin: HashedPin,
}

struct Tries {
    /// By person and address, the limit that people meet.
    one_door: Limiter<(PersonId, IpAddr)>,
    /// One address through many people; an office shares one.
    address: Limiter<IpAddr>,
    /// One person from many addresses.
    person: Limiter<PersonId>,
    /// Codes of invitations, from one address.
    code: Limiter<IpAddr>,
}

impl Gate {
    pub fn new(behind_proxy: bool) -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            behind_proxy,
            tries: Mutex::new(Tries {
                one_door: Limiter::new(5, MINUTE),
                address: Limiter::new(60, MINUTE),
                person: Limiter::new(100, 60 * MINUTE),
                code: Limiter::new(5, MINUTE),
            }),
            places: Semaphore::new(AT_ONCE),
            nobodys_pin: HashedPin::of(&Hash(pin::random()).to_string()),
        }
    }

    fn take(&self, person: &PersonId, address: IpAddr) -> Result<(), Declined> {
        let now = Instant::now();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries
            .one_door
            .take((person.clone(), address), now)
            .and_then(|()| tries.address.take(address, now))
            .and_then(|()| tries.person.take(person.clone(), now))
            .map_err(Declined::wait)
    }

    fn passed(&self, person: PersonId, address: IpAddr) {
        self.tries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .one_door
            .forget(&(person, address));
    }

    pub fn take_code(&self, address: IpAddr) -> Result<(), Declined> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = tries.code.take(address, Instant::now());
        taken.map_err(Declined::wait)
    }

    pub fn code_passed(&self, address: IpAddr) {
        self.tries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .code
            .forget(&address);
    }

    async fn is_right(&self, stored: Option<HashedPin>, pin: String) -> bool {
        let Ok(_place) = self.places.acquire().await else {
            return false;
        };
        let is_known = stored.is_some();
        let hashed = stored.unwrap_or_else(|| self.nobodys_pin.clone());
        let matches = tokio::task::spawn_blocking(move || hashed.matches(&pin))
            .await
            .unwrap_or(false);
        matches && is_known
    }

    pub fn address(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let told = headers.get_all("x-forwarded-for").iter().next_back();
        let told = told
            .filter(|_| self.behind_proxy)
            .and_then(|it| it.to_str().ok());
        let told = told.and_then(|it| it.rsplit(',').next()?.trim().parse().ok());
        network(told.unwrap_or(peer.ip()))
    }
}

/// Of IPv6 the network: whoever has one address there has them all.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() & !u128::from(u64::MAX)).into(),
        it @ IpAddr::V4(_) => it,
    }
}

/// A person signs in on a device that is enrolled.
#[utoipa::path(
    post, path = "/api/sign-in",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied, Proven),
)]
pub async fn sign_in(
    State(office): State<Arc<Office>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    bearer: Bearer,
    headers: HeaderMap,
    Cbor(SignIn {
        person,
        pin,
        certificate,
        key,
        first_certificate,
    }): Cbor<SignIn>,
) -> Result<Cbor<SignedIn>, Declined> {
    if pin.len() > PIN_BYTES {
        return Err(Declined::Malformed(format!(
            "A PIN has at most {PIN_BYTES} bytes"
        )));
    }
    let key = PublicKey::from_cose_key(&key.0).map_err(|it| Declined::Malformed(it.to_string()))?;
    // The certificate knows the code of the chain in which the device writes by now.
    let (mut who, code) = office
        .keys()
        .device(&certificate.0)
        .filter(|(it, _)| {
            (&it.site, it.device, it.key) == (&bearer.site, bearer.device, bearer.key)
        })
        .ok_or(Declined::NotEnrolled)?;
    let address = office.gate.address(peer, &headers);
    office.gate.take(&person, address)?;
    let works_here = office
        .sites()
        .get(&who.site)
        .is_some_and(|it| it.directory.person(&person).is_some());
    let stored = if works_here {
        let (site, person) = (who.site.clone(), person.clone());
        office
            .storage
            .read(&who.site, move |db| access::pin(db, &site, &person))
            .await?
    } else {
        None
    };
    if !office.gate.is_right(stored, pin).await {
        return Err(Declined::WrongPin);
    }
    office.gate.passed(person.clone(), address);
    let (site, asked) = (who.site.clone(), person.clone());
    let lets_in = office.storage.read(&who.site, move |db| {
        Ok(orders::site(db, &site)?.lets_in(&asked))
    });
    if !lets_in.await? {
        return Err(Declined::Revoked);
    }
    let content_key = match first_certificate {
        None => Some(office.keys().content_key(&who.site, who.device)),
        Some(it) => content_key_of_first(&office, &who, &it).await?,
    };
    who.people.insert(person.clone());
    who.signers.add(person, key);
    who.signers = who.signers.latest();
    let now = office.clock.now();
    let (site, device, signers) = (who.site.clone(), who.device, who.signers.clone());
    office
        .storage
        .write(&who.site, move |db| {
            access::keep_signers(db, &site, device, &signers, now)
        })
        .await?;
    Ok(Cbor(SignedIn {
        certificate: Bytes(office.keys().certify(&who, &code, now)),
        server_now: now,
        content_key: content_key.map(|it| Bytes(it.to_vec())),
    }))
}

/// Of what the device was before it lost its key: whoever gets in with a PIN here would get in there as well, unless
/// that one is let in no more.
async fn content_key_of_first(
    office: &Office,
    who: &Bearer,
    certificate: &Bytes,
) -> Result<Option<[u8; 32]>, Declined> {
    let first = office.keys().device(&certificate.0).map(|(it, _)| it);
    let first = first
        .filter(|it| it.site == who.site)
        .ok_or(Declined::NotEnrolled)?;
    let (site, device) = (first.site.clone(), first.device);
    Ok(office
        .with_those_let_in(first)
        .await?
        .map(|_| office.keys().content_key(&site, device)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_counts_as_one_address_and_a_proxy_is_believed_only_when_it_is_expected() {
        let peer: SocketAddr = "[2001:db8::1:2:3:4]:80".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().unwrap());
        let shown = |behind_proxy| Gate::new(behind_proxy).address(peer, &headers).to_string();
        assert_eq!(shown(false), "2001:db8::");
        assert_eq!(shown(true), "2.2.2.2");
    }
}
