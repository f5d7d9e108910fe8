//! The site's texts on the device: fetched when there is a network, kept, and read at opening.

use std::fmt;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use minicbor::{Decode, Decoder, Encode};
use shouwen_domain::Rules;
use shouwen_domain::calendar::Calendar;
use shouwen_domain::directory::Directory;
use shouwen_domain::pack::Pack;
use shouwen_domain::zone::Zones;
use shouwen_store::{Fault, Log, Section};
use shouwen_sync::message::SiteTexts;

use super::records::Records;
use super::{ContactError, Desk};
use crate::browser;
use crate::browser::http::{self, HttpError};

const NAME: &str = "site";

/// Why the device has no texts of its site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextsError {
    NoAnswer(HttpError),
    /// This device has not joined, cannot sign, or whoever answers is not its head office.
    NotLetIn,
    /// A text is wrong: file, line, field and what was expected.
    Wrong(String),
    Fault(Fault),
}

impl From<ContactError> for TextsError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Http(error) => Self::NoAnswer(error),
            ContactError::NotEnrolled | ContactError::NoKey | ContactError::NotHeadOffice => {
                Self::NotLetIn
            }
            ContactError::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl Desk {
    pub(super) fn know_texts(self, records: &Records) -> Result<(), Fault> {
        let Some(bytes) = records.get(Section::Texts, NAME) else {
            return Ok(());
        };
        if let Some(rules) = as_read(bytes) {
            self.rules.set(Some(Arc::new(rules)));
            return Ok(());
        }
        let texts: SiteTexts = minicbor::decode(bytes).map_err(|error| Fault::Corrupt {
            what: format!("the site's texts: {error}"),
        })?;
        let rules = read(&texts).map_err(|what| Fault::Corrupt { what })?;
        let record = to_keep(&texts, &rules);
        spawn_local(async move {
            if let Err(fault) = self.log().put(Section::Texts, NAME, &record).await {
                self.report(fault);
            }
        });
        self.rules.set(Some(Arc::new(rules)));
        Ok(())
    }

    /// Texts that are wrong are said; that there is no network is no news.
    pub fn report_texts(self, error: TextsError) {
        match error {
            TextsError::NoAnswer(_) | TextsError::NotLetIn => {}
            TextsError::Wrong(what) => self.report(Fault::Corrupt { what }),
            TextsError::Fault(fault) => self.report(fault),
        }
    }

    /// Whether others than these are in force, as far as it was said.
    pub fn lacks_texts(self) -> bool {
        let in_force = self.inner.with_value(|it| it.texts_in_force.get());
        let known = self
            .rules
            .with_untracked(|it| it.as_ref().map(|it| it.hashes().as_one()));
        in_force.is_none() || in_force != known
    }

    /// Asks head office for the texts in force, and adopts what is new. What cannot be read is not adopted.
    pub async fn fetch_texts(self) -> Result<(), TextsError> {
        let texts = self.ask_for_texts().await?;
        let rules = read(&texts).map_err(TextsError::Wrong)?;
        let known = self
            .rules
            .with_untracked(|it| it.as_ref().map(|it| it.hashes()));
        if known == Some(rules.hashes()) {
            return Ok(());
        }
        self.log()
            .put(Section::Texts, NAME, &to_keep(&texts, &rules))
            .await
            .map_err(TextsError::Fault)?;
        self.rules.set(Some(Arc::new(rules)));
        if self.is_locked() {
            return Ok(());
        }
        // Open deadlines are reckoned anew under what is in force.
        self.load_board().await.map_err(TextsError::Fault)
    }
}

impl Desk {
    async fn ask_for_texts(self) -> Result<SiteTexts, TextsError> {
        let path = "/api/site";
        let token = self.token_or_contact().await?;
        let asked = http::get(path, &token).await;
        if let Err(HttpError::Status { status: 401, .. }) = asked {
            let token = self.new_token().await?;
            return http::get(path, &token).await.map_err(TextsError::NoAnswer);
        }
        asked.map_err(TextsError::NoAnswer)
    }
}

/// Behind the texts, what one build of the program read from them: to read them was a quarter of an opening.
#[derive(Encode, Decode)]
#[cbor(map)]
struct AsRead<'a> {
    #[b(1)]
    build: &'a str,
    #[cbor(b(2), with = "minicbor::bytes")]
    rules: &'a [u8],
}

fn to_keep(texts: &SiteTexts, rules: &Rules) -> Vec<u8> {
    let mut record = minicbor::to_vec(texts).expect("writing to a vector cannot fail");
    if let Some(build) = browser::build() {
        let as_read = AsRead {
            build: &build,
            rules: &rules.to_bytes(),
        };
        minicbor::encode(as_read, &mut record).expect("writing to a vector cannot fail");
    }
    record
}

/// None: it was kept by another build, which may understand the texts otherwise.
fn as_read(record: &[u8]) -> Option<Rules> {
    let mut decoder = Decoder::new(record);
    decoder.skip().ok()?;
    let found: AsRead<'_> = decoder.decode().ok()?;
    let is_ours = browser::build().is_some_and(|it| it == found.build);
    is_ours.then(|| Rules::from_bytes(found.rules)).flatten()
}

fn read(texts: &SiteTexts) -> Result<Rules, String> {
    fn said(error: impl fmt::Display) -> String {
        error.to_string()
    }
    let files: Vec<(&str, &str)> = texts
        .calendar
        .iter()
        .map(|it| (it.name.as_str(), it.text.as_str()))
        .collect();
    Rules::try_new(
        Pack::parse(&texts.pack.name, &texts.pack.text).map_err(said)?,
        Calendar::parse(&files).map_err(said)?,
        &Zones::parse(&texts.zones.text).map_err(said)?,
        Directory::parse(&texts.directory.name, &texts.directory.text).map_err(said)?,
    )
    .map_err(said)
}
