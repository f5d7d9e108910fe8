//! How long a device that hears nothing of head office may still be read: seven days.
//!
//! Counted by the wall and by the clock that only goes forward, whichever went further, so that setting the clock back
//! gains nothing. After that the app opens for nobody until head office was met; what is unsent is kept, and sent then.

use leptos::prelude::*;
use minicbor::{Decode, Encode};
use shouwen_domain::moment::Moment;
use shouwen_store::{Fault, Log, Section};
use shouwen_sync::client::Elapsed;

use super::Desk;
use super::records::Records;
use crate::browser;

const NAME: &str = "lease";
const LASTS_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// How often what has passed is written down.
const KEEP_EVERY_MS: u64 = 10 * 60 * 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Lease {
    /// When head office was last heard, by the wall.
    #[n(1)]
    heard_at: Moment,
    /// How much has passed since, as far as anybody noticed.
    #[n(2)]
    passed_ms: u64,
}

impl Lease {
    fn of(records: &Records) -> Option<Self> {
        minicbor::decode(records.get(Section::Settings, NAME)?).ok()
    }
}

/// The lease as this page knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    lease: Lease,
    /// When this page learned it.
    since: Elapsed,
}

impl Running {
    fn passed_ms(self) -> u64 {
        let here_ms = browser::elapsed().0.saturating_sub(self.since.0);
        let by_wall = browser::now().unix_ms() - self.lease.heard_at.unix_ms();
        (self.lease.passed_ms + here_ms).max(u64::try_from(by_wall).unwrap_or_default())
    }
}

impl Desk {
    pub(super) async fn know_lease(self, records: &Records) -> Result<(), Fault> {
        match Lease::of(records) {
            Some(lease) => self.run_lease(lease),
            // From before there was one, or of a device that has not joined yet.
            None => self.keep_lease().await?,
        }
        Ok(())
    }

    /// Head office has just been heard.
    pub(super) async fn keep_lease(self) -> Result<(), Fault> {
        let heard_at = browser::now();
        self.write_lease(Lease {
            heard_at,
            passed_ms: 0,
        })
        .await
    }

    /// Writes down now and then how much has passed; locks where it was too much.
    pub(super) async fn count_lease(self) -> Result<(), Fault> {
        let Some(running) = self.inner.get_value().lease.get() else {
            return Ok(());
        };
        let ends_now = !self.is_locked() && running.passed_ms() >= LASTS_MS;
        if ends_now {
            self.lock();
        }
        if !ends_now && browser::elapsed().0.saturating_sub(running.since.0) < KEEP_EVERY_MS {
            return Ok(());
        }
        // Another tab may have met head office meanwhile.
        let bytes = self.log().get(Section::Settings, NAME).await?;
        let stored = bytes.and_then(|it| minicbor::decode::<Lease>(&it).ok());
        let lease = match stored {
            Some(it) if it.heard_at == running.lease.heard_at => Lease {
                passed_ms: running.passed_ms().max(it.passed_ms),
                ..it
            },
            Some(it) => it,
            None => running.lease,
        };
        self.write_lease(lease).await
    }

    /// As it lies on the disk: another tab may have met head office.
    pub(super) fn lease_is_over(self, records: &Records) -> bool {
        let stored = Lease::of(records);
        let known = self.inner.get_value().lease.get();
        let running = match (stored, known) {
            (Some(it), Some(known)) if it.heard_at == known.lease.heard_at => known,
            (Some(lease), _) => Running {
                lease,
                since: browser::elapsed(),
            },
            (None, _) => return false,
        };
        running.passed_ms() >= LASTS_MS
    }

    async fn write_lease(self, lease: Lease) -> Result<(), Fault> {
        let bytes = minicbor::to_vec(lease).expect("writing to a vector cannot fail");
        self.log().put(Section::Settings, NAME, &bytes).await?;
        self.run_lease(lease);
        Ok(())
    }

    fn run_lease(self, lease: Lease) {
        let since = browser::elapsed();
        self.inner
            .get_value()
            .lease
            .set(Some(Running { lease, since }));
    }
}
