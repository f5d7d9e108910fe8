//! Whom head office lets in no more: what this device does then.
//!
//! It closes for reading at once, in every tab, and destroys the rings; sends what it had not sent, which lies here sealed
//! to head office; erases what it holds, and says so.

use leptos::prelude::*;
use shouwen_domain::id::PersonId;
use shouwen_domain::signature::Context;
use shouwen_store::{Fault, Files, Log, Section};
use shouwen_store_indexeddb::IndexedDb;
use shouwen_sync::message::{Contacted, Erased};

use super::Desk;
use super::records::Records;
use crate::browser::http;
use crate::browser::keys::SigningKey;
use crate::browser::tabs::Said;
use crate::browser::{self, preferences};
use crate::sync_pump::Wake;

const REVOKED: &str = "revoked";
/// Whether or not head office hears of it, everything is gone by then.
const TRIES_TO_TELL: u32 = 5;
const BETWEEN_TRIES_MS: u64 = 2_000;
/// Head office takes so many photos of a site a day, and no more.
const PHOTOS_WAIT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

impl Desk {
    /// Head office lets this device in no more.
    pub fn is_revoked(self) -> ReadSignal<bool> {
        self.revoked.read_only()
    }

    pub(super) async fn load_access(self) -> Result<(), Fault> {
        let records = Records::read(&self.log(), &Records::OF_ACCESS).await?;
        self.know_access(&records).await
    }

    pub(super) async fn know_access(self, records: &Records) -> Result<(), Fault> {
        let is_revoked = records.get(Section::Settings, REVOKED).is_some();
        if self.revoked.get_untracked() != is_revoked {
            self.revoked.set(is_revoked);
        }
        self.know_session(records).await
    }

    /// Does what a contact said of who may come in.
    pub async fn obey(self, answer: &Contacted) -> Result<(), Fault> {
        let was_revoked = self.revoked.get_untracked();
        if answer.revoked && !was_revoked {
            let told = browser::now().unix_ms().to_be_bytes();
            self.log().put(Section::Settings, REVOKED, &told).await?;
            self.revoked.set(true);
            self.destroy_rings().await?;
        }
        if let Some(certificate) = &answer.certificate {
            let before = self.people();
            self.adopt_certificate(certificate.clone()).await?;
            let still = self.people();
            for person in before.difference(&still) {
                self.close_for(person).await?;
            }
        }
        if was_revoked && !answer.revoked {
            self.log().remove(Section::Settings, REVOKED).await?;
            self.revoked.set(false);
        }
        if was_revoked != answer.revoked || answer.certificate.is_some() {
            self.tell_tabs();
        }
        Ok(())
    }

    /// This person gets in only by asking head office, which will say no.
    async fn close_for(self, person: &PersonId) -> Result<(), Fault> {
        self.forget_person(person).await?;
        let is_here = |it: &super::Session| it.person == *person;
        if self
            .session
            .with_untracked(|it| it.as_ref().is_some_and(is_here))
        {
            self.sign_out().await?;
        }
        Ok(())
    }

    /// Whether this device, which is let in no more, may erase what it holds: head office has its photos, or would not take
    /// them for a week. Nobody opens them here.
    pub async fn may_erase(self) -> Result<bool, Fault> {
        let log = self.log();
        if log.owed_files(1).await?.is_empty() {
            return Ok(true);
        }
        let told = log.get(Section::Settings, REVOKED).await?;
        let told = told.and_then(|it| Some(i64::from_be_bytes(it.try_into().ok()?)));
        let waited_ms = browser::now().unix_ms() - told.unwrap_or_default();
        Ok(waited_ms >= PHOTOS_WAIT_MS)
    }

    /// The last photo was brought; where this device is let in no more, nothing holds up the erasure.
    pub fn photos_are_brought(self) {
        if self.revoked.get_untracked() {
            (self.inner.get_value().wake_pump)(Wake::Sent);
        }
    }

    /// Erases everything that this device holds, and tells head office. To be called once nothing is owed; the page
    /// begins anew afterwards, as that of a device that never joined.
    pub async fn erase(self, token: &str) -> Result<(), Fault> {
        let (device, key) = (self.device(), self.key());
        IndexedDb::delete(super::DATABASE).await?;
        preferences::note_erasure(true);
        self.inner.get_value().tabs.tell(&Said::Erased);
        if let Some(key) = key {
            tell(token, device, &key).await;
        }
        SigningKey::forget().await;
        browser::begin_anew();
        Ok(())
    }
}

async fn tell(token: &str, device: shouwen_domain::id::DeviceId, key: &SigningKey) {
    let at = browser::now();
    let Ok(body) = key.say(Context::Erased, &Erased { device, at }).await else {
        return;
    };
    for _ in 0..TRIES_TO_TELL {
        if http::post_bytes("/api/erased", Some(token), &body)
            .await
            .is_ok()
        {
            return;
        }
        browser::sleep_ms(BETWEEN_TRIES_MS).await;
    }
}
