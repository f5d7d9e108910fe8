//! `POST /api/rescue`: unsent work that left its device as a sealed file, brought by any device.
//!
//! Who carries it and who wrote it differ: the file holds the certificate of the device that wrote it, and
//! its envelopes are judged as if that device had pushed them. So it comes in once, however often and by
//! whomever it is brought, and by the device itself as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::id::DeviceId;
use shouwen_domain::sealing::Sealed;
use shouwen_domain::signature::Context;
use shouwen_sync::message::{Bytes, Push, Pushed, Rescue};
use shouwen_sync::server::Sender;

use super::answer::{Cbor, Declined, Octets};
use super::contact::read_withdrawals;
use super::openapi::{Answered, Bodied, Guarded, Message, Proven};
use super::{Bringing, Office, read_all};
use crate::storage::{access, contact, feed, log};

/// Unsent work that left its device as a sealed file.
#[utoipa::path(
    post, path = "/api/rescue",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied, Proven),
    security(("token" = [])),
)]
pub async fn rescue(
    State(office): State<Arc<Office>>,
    Bringing(carrier): Bringing,
    Octets(body): Octets,
) -> Result<Cbor<Pushed>, Declined> {
    let malformed = |what: &str| Declined::Malformed(what.to_owned());
    let sealed: Sealed =
        minicbor::decode(&body).map_err(|_| malformed("This is no rescue file"))?;
    if sealed.format != Sealed::FORMAT {
        return Err(malformed("A newer version of the app wrote this file"));
    }
    let opened = office
        .keys()
        .unseal(&sealed, Context::Rescue)
        .ok_or_else(|| malformed("The file is damaged, or for another head office"))?;
    let rescue: Rescue =
        minicbor::decode(&opened).map_err(|_| malformed("The file holds no envelopes"))?;
    let (author, code) = office
        .keys()
        .device(&rescue.certificate.0)
        .ok_or(Declined::NotEnrolled)?;
    if author.site != carrier.site {
        return Err(malformed("The file is of another site"));
    }
    let now = office.clock.now();
    let withdrawals = read_withdrawals(&author, rescue.withdrawals)?;
    let device = author.device;
    let chains =
        tokio::task::spawn_blocking(move || by_chain(device, rescue.envelopes, rescue.epoch));
    let chains = chains.await.map_err(|_| Declined::Storage)?;
    let chains = read_all(&office, &author, chains).await?;
    let sender = Sender {
        site: author.site.clone(),
        device: author.device,
    };
    let (receipts, epoch) = office
        .storage
        .write(&carrier.site, move |db| {
            log::hold_site(db, &sender.site)?;
            contact::keep_device(db, &author, access::FIRST_CHAIN, &code, now)?;
            let (mut receipts, mut epoch) = if withdrawals.is_empty() {
                (Vec::new(), log::epoch(db, &sender.site)?)
            } else {
                contact::withdraw(db, &author, &withdrawals, now)?
            };
            for (push, arrivals) in &chains {
                // Each push here is of one chain.
                if let Ok((more, now_in)) = log::take_in(db, &sender, push, arrivals, now)? {
                    receipts.extend(more);
                    epoch = now_in;
                }
            }
            feed::follow(db, &sender.site)?;
            Ok((receipts, epoch))
        })
        .await?;
    office.news.look();
    tracing::info!(n = receipts.len(), "a rescue file came in");
    Ok(Cbor(Pushed {
        receipts: office.keys().sign_together(receipts),
        epoch,
        server_now: now,
    }))
}

/// One push for each chain, with what cannot even be read in the first.
fn by_chain(device: DeviceId, envelopes: Vec<Bytes>, epoch: Option<u64>) -> Vec<Push> {
    let mut chains: BTreeMap<u32, Push> = BTreeMap::new();
    for bytes in envelopes {
        let header = Envelope::from_bytes(&bytes.0).ok();
        let header = header.as_ref().map(Envelope::header);
        let (chain, sequence) = header.map_or((1, 0), |it| (it.chain, it.sequence));
        let push = chains.entry(chain).or_insert_with(|| Push {
            device,
            chain,
            head: 0,
            envelopes: Vec::new(),
            epoch,
        });
        push.head = push.head.max(sequence);
        push.envelopes.push(bytes);
    }
    chains.into_values().collect()
}
