//! Unsent work leaves this device as a sealed file, and comes in by any other.

use futures::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::certificate::Subject;
use shouwen_domain::envelope::{Envelope, Fate};
use shouwen_domain::signature::{Context, PublicKey};
use shouwen_store::{Fault, Log};
use shouwen_sync::message::{Bytes, Pushed, Rescue};

use super::Desk;
use super::amends::author;
use super::enrolment::{ContactError, Enrolment};
use crate::browser;
use crate::browser::file;
use crate::browser::http::{self, HttpError};
use crate::browser::seal::Seal;

/// One file stays well below what one request may hold.
const FILE_BYTES: usize = 3 * 1024 * 1024;
/// What a log gives at one time.
const READ_BYTES: usize = 256 * 1024;

/// Why no file was made, or what was brought did not come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RescueError {
    /// Everything here is at head office.
    NothingUnsent,
    NotEnrolled,
    /// This browser cannot seal, or not save files.
    Browser,
    /// The file cannot be read, or is for another head office or site.
    NotForUs,
    NoNetwork,
    Fault(Fault),
}

impl From<Fault> for RescueError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What became of a file that was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    pub n: usize,
    pub n_accepted: usize,
}

impl Desk {
    /// Saves what head office does not have yet as files that only head office opens; how many acts they hold.
    /// It stays here as well, and is sent when there is a network: it comes in once all the same.
    pub async fn save_unsent(self) -> Result<usize, RescueError> {
        let unsent = self.unsent().await?;
        if unsent.is_empty() {
            return Err(RescueError::NothingUnsent);
        }
        let mut withdrawals = self.taken_back().await?;
        let parts = in_parts(&unsent);
        let n_parts = parts.len();
        for (n, envelopes) in (1..).zip(parts) {
            let device = envelopes.first().map(|it| it.header().device);
            let (theirs, others) = withdrawals.into_iter().partition(|it| author(it) == device);
            withdrawals = others;
            let sealed = self.sealed_rescue(envelopes, theirs, None).await?;
            let name = self.file_name(n, n_parts);
            file::save(&name, &sealed.0).map_err(|_| RescueError::Browser)?;
        }
        Ok(unsent.len())
    }

    /// Envelopes and statements of one device, this one or what it was before, as any device may bring them to head
    /// office. `epoch`: for which one they are meant, if not for whichever opens it.
    pub async fn sealed_rescue(
        self,
        envelopes: &[Envelope],
        withdrawals: Vec<Bytes>,
        epoch: Option<u64>,
    ) -> Result<Bytes, RescueError> {
        let seal = Seal::new(&self.intake().await?, Context::Rescue).await;
        let seal = seal.map_err(|_| RescueError::Browser)?;
        self.rescue(seal, envelopes, withdrawals, epoch).await
    }

    /// To whom is sealed what nobody but head office is to open.
    async fn intake(self) -> Result<PublicKey, RescueError> {
        let keys = self.enrolled()?.keys(&Subject::Intake).await;
        keys.into_iter().last().ok_or(RescueError::NotEnrolled)
    }

    /// The one that was made ready when the last letter was written, or another.
    async fn seal_for_letter(self) -> Result<Seal, RescueError> {
        let to = self.intake().await?;
        let ready = self.inner.with_value(|it| it.next_seal.take());
        if let Some(seal) = ready.filter(|it| it.is_to(&to)) {
            return Ok(seal);
        }
        let seal = Seal::new(&to, Context::Rescue).await;
        seal.map_err(|_| RescueError::Browser)
    }

    /// For the next letter, while nobody waits for it.
    fn make_seal_ready(self) {
        spawn_local(async move {
            if let Ok(seal) = self.seal_for_letter().await {
                self.inner.with_value(|it| it.next_seal.replace(Some(seal)));
            }
        });
    }

    fn enrolled(self) -> Result<Enrolment, RescueError> {
        let enrolment = self.enrolment.get_untracked();
        enrolment.ok_or(RescueError::NotEnrolled)
    }

    async fn rescue(
        self,
        seal: Seal,
        envelopes: &[Envelope],
        withdrawals: Vec<Bytes>,
        epoch: Option<u64>,
    ) -> Result<Bytes, RescueError> {
        let enrolment = self.enrolled()?;
        let device = envelopes.first().map(|it| it.header().device);
        let device = device.or_else(|| withdrawals.first().and_then(author));
        let certificate = device.and_then(|it| enrolment.certificate_of(it));
        let rescue = Rescue {
            certificate: certificate.ok_or(RescueError::NotEnrolled)?.clone(),
            envelopes: envelopes.iter().map(|it| Bytes(it.to_bytes())).collect(),
            withdrawals,
            epoch,
        };
        let bytes = minicbor::to_vec(&rescue).expect("writing to a vector cannot fail");
        let sealed = seal.seal(&bytes).await;
        let sealed = sealed.map_err(|_| RescueError::Browser)?;
        Ok(Bytes(sealed.to_bytes()))
    }

    /// An act, and what a locked device sends in its place, which it cannot read then. None: there is nobody to seal to.
    pub(super) async fn with_letter<E>(
        self,
        act: impl Future<Output = Result<Envelope, E>>,
    ) -> Result<(Envelope, Option<Vec<u8>>), E> {
        let (act, seal) = join(act, self.seal_for_letter()).await;
        self.make_seal_ready();
        let act = act?;
        let Ok(seal) = seal else {
            return Ok((act, None));
        };
        let letter = self.rescue(seal, std::slice::from_ref(&act), Vec::new(), None);
        let letter = letter.await.ok().map(|it| it.0);
        Ok((act, letter))
    }

    /// Every own envelope without a receipt, of all chains.
    async fn unsent(self) -> Result<Vec<Envelope>, Fault> {
        let log = self.log();
        let unsettled: Vec<_> = log
            .fates(usize::MAX)
            .await?
            .into_iter()
            .filter(|it| it.fate.is_none())
            .map(|it| (it.chain, it.sequence))
            .collect();
        let (mut places, mut unsent) = (unsettled, Vec::new());
        places.sort_unstable();
        let mut places = places.into_iter().peekable();
        while let Some(&(chain, sequence)) = places.peek() {
            let some = log
                .own_after(chain, sequence.saturating_sub(1), READ_BYTES)
                .await?;
            let Some(last) = some.last().map(|it| it.header().sequence) else {
                return Err(Fault::Corrupt {
                    what: format!("act {sequence} of chain {chain} is missing"),
                });
            };
            for it in some {
                let place = (chain, it.header().sequence);
                if places.next_if_eq(&place).is_some() {
                    unsent.push(it);
                }
            }
            // Whatever was asked for up to there is taken.
            while places.next_if(|it| it.0 == chain && it.1 <= last).is_some() {}
        }
        Ok(unsent)
    }

    fn file_name(self, n: usize, n_parts: usize) -> String {
        let now = browser::now();
        let rules = self.rules.get_untracked();
        let date = rules.map_or_else(String::new, |it| {
            it.zone().local(now).format("%Y%m%d-%H%M").to_string()
        });
        let part = if n_parts == 1 {
            String::new()
        } else {
            format!("-{n}")
        };
        format!("shouwen-{}-{date}{part}.rescue", self.code())
    }

    /// Brings such a file to head office.
    pub async fn bring(self, bytes: &[u8]) -> Result<Brought, RescueError> {
        let contact = self.contact(false).await.map_err(|error| match error {
            ContactError::NotEnrolled | ContactError::NoKey => RescueError::NotEnrolled,
            ContactError::Http(_) | ContactError::NotHeadOffice => RescueError::NoNetwork,
            ContactError::Fault(fault) => RescueError::Fault(fault),
        })?;
        let answer = http::post_bytes("/api/rescue", Some(&contact.token), bytes).await;
        let answer = answer.map_err(|error| match error {
            HttpError::Status {
                status: 400 | 403 | 413,
                ..
            } => RescueError::NotForUs,
            HttpError::Network | HttpError::Malformed | HttpError::Status { .. } => {
                RescueError::NoNetwork
            }
        })?;
        let pushed: Pushed = minicbor::decode(&answer).map_err(|_| RescueError::NoNetwork)?;
        let receipts = pushed.receipts;
        if !self.are_believed(&receipts).await {
            return Err(RescueError::NoNetwork);
        }
        let accepted = receipts.iter().filter(|it| it.fate == Fate::Accepted);
        Ok(Brought {
            n_accepted: accepted.count(),
            n: receipts.len(),
        })
    }
}

/// In files of a size that head office takes at one time, each of one device.
fn in_parts(envelopes: &[Envelope]) -> Vec<&[Envelope]> {
    let mut parts = Vec::new();
    for of_one in envelopes.chunk_by(|a, b| a.header().device == b.header().device) {
        let (mut from, mut n_bytes) = (0, 0);
        for (n, it) in of_one.iter().enumerate() {
            let bytes = it.to_bytes().len();
            if n > from && n_bytes + bytes > FILE_BYTES {
                parts.push(&of_one[from..n]);
                (from, n_bytes) = (n, 0);
            }
            n_bytes += bytes;
        }
        parts.push(&of_one[from..]);
    }
    parts
}
