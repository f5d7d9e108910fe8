//! A case as the plain document that every page in `bench/peers` keeps, and as acts of the domain.
//!
//! What the domain has no place for stands in the remark of its record, or behind the words of an act.

use serde::{Deserialize, Serialize};
use shouwen_domain::command::{Circumstances, Next, RecordForm};
use shouwen_domain::envelope::{Envelope, Stamp};
use shouwen_domain::event::{AgreedBecause, Channel, ContactLogged, Content, Event, Fact, Kind};
use shouwen_domain::event::{AnsweredAtOnce, Closed, Ending, TimeAgreed};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, CategoryId, DeviceId, EnvelopeId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::signature::{Algorithm, SecretKey};
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Command, Rules, decide};
use shouwen_store::{Head, History};
use shouwen_sync::message::{Bytes, Cursor, Page, PageEntry};

use crate::browser;

/// Stands between the words of an act and what else is to be said of it.
const BESIDE: char = '\u{1f}';
const CONTACT: &str = "contact";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub id: String,
    site: String,
    dept: String,
    responsible: String,
    status: Status,
    opened_at: i64,
    due_at: i64,
    updated_at: i64,
    category: String,
    room: String,
    phone: String,
    text: String,
    events: Vec<Said>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Closed,
}

/// What somebody did about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    at: i64,
    by: String,
    kind: String,
    note: String,
}

#[derive(Debug, Deserialize)]
pub struct Change {
    due_at: i64,
    updated_at: i64,
    event: Said,
}

/// Of a document, what its acts do not say by themselves.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Besides {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dept: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responsible: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
}

/// Whoever wrote a page of a pull.
pub struct OtherDevice {
    id: DeviceId,
    key: SecretKey,
    head: Head,
}

/// The 32 hexadecimal digits in it, else what it hashes to.
pub fn case_id(id: &str) -> CaseId {
    let digits = id.replace('-', "");
    digits.parse().unwrap_or_else(|_| {
        let Hash(hash) = Hash::of(id.as_bytes());
        let half = hash.first_chunk().expect("a hash has 32 bytes");
        CaseId::from_random(*half)
    })
}

impl Document {
    /// Its record, and all else about it as one act with that.
    pub fn record(&self, here: &PersonId, rules: &Rules) -> Result<(Command, Vec<Event>), String> {
        let form = self.form(here, rules)?;
        let said = self.events.iter().map(|it| it.contact(None));
        let besides = [self.agreed()].into_iter().chain(said).chain(self.end());
        Ok((Command::Record(Box::new(form)), besides.collect()))
    }

    fn form(&self, here: &PersonId, rules: &Rules) -> Result<RecordForm, String> {
        let asked_at = Moment::from_unix_ms(self.opened_at);
        let responsible = self.responsible.parse().ok();
        let known = responsible.filter(|it| rules.directory.person(it).is_some());
        let first = known.unwrap_or_else(|| here.clone());
        let department = rules.directory.person(&first).map(|it| &it.department);
        // One that may be answered at once, and needs not be handed on.
        let kept = rules.pack.categories.iter().filter(|it| {
            matches!(it.kind, Kind::Complaint | Kind::ServiceRequest)
                && it.department.as_ref() == department
        });
        let named = kept.clone().find(|it| it.id.as_str() == self.category);
        let category = named.or_else(|| kept.clone().next());
        let category = &category
            .ok_or("the pack has no category that stays in the department")?
            .id;
        let besides = Besides {
            id: unless(&self.id, &hyphened(case_id(&self.id))),
            site: unless(&self.site, rules.directory.site.as_str()),
            dept: unless(&self.dept, department.map_or("", |it| it.as_str())),
            responsible: unless(&self.responsible, first.as_str()),
            category: unless(&self.category, category.as_str()),
        };
        // What is recorded late needs some remark.
        let remark = serde_json::to_string(&besides).map_err(|error| error.to_string())?;
        Ok(RecordForm {
            number: String::new(),
            channel: Channel::Phone,
            asked_at,
            asked: vec![first],
            category: CategoryId::clone(category),
            matter: self.text.clone(),
            customer: "住户".to_owned(),
            phone: self.phone.clone(),
            address: self.room.clone(),
            remark,
            next: Next::Keep,
            more: Circumstances::default(),
        })
    }

    fn agreed(&self) -> Event {
        agreed(self.due_at)
    }

    fn end(&self) -> Vec<Event> {
        if self.status == Status::Open {
            return Vec::new();
        }
        let answered = Fact::AnsweredAtOnce(AnsweredAtOnce::default());
        let closed = Fact::Closed(Closed {
            ending: Ending::AnsweredAtOnce,
            phrases: Vec::new(),
        });
        [answered, closed]
            .map(|it| Event::new(it, Content::default()))
            .to_vec()
    }
}

impl Said {
    /// In the words of an act; `in_act` says who acts when.
    fn words(&self, in_act: Option<(i64, &str)>, updated_at: Option<i64>) -> String {
        let says_all = in_act == Some((self.at, &self.by)) && self.kind == CONTACT;
        let later = updated_at.filter(|it| *it != self.at);
        if says_all && later.is_none() {
            return self.note.clone();
        }
        let mut words = [&self.note, &self.at.to_string(), &self.by, &self.kind]
            .map(String::as_str)
            .join(&BESIDE.to_string());
        if let Some(at) = later {
            words.push(BESIDE);
            words.push_str(&at.to_string());
        }
        words
    }

    fn contact(&self, in_act: Option<(i64, &str)>) -> Event {
        let fact = Fact::ContactLogged(ContactLogged {});
        Event::new(fact, Content::text(self.words(in_act, None)))
    }

    /// With when the case was changed, where that is another time.
    fn read(words: &str, envelope: &Envelope) -> (Self, Option<i64>) {
        let header = envelope.header();
        let mut parts = words.split(BESIDE);
        let mut next = || parts.next().map(ToOwned::to_owned);
        let note = next().unwrap_or_default();
        let at = next().and_then(|it| it.parse().ok());
        let said = Self {
            at: at.unwrap_or_else(|| header.at.unix_ms()),
            by: next().unwrap_or_else(|| header.person.to_string()),
            kind: next().unwrap_or_else(|| CONTACT.to_owned()),
            note,
        };
        (said, next().and_then(|it| it.parse().ok()))
    }
}

impl Change {
    /// What the app would do, with another time agreed in the same act.
    pub fn act(&self) -> (Command, Vec<Event>) {
        let text = self.event.words(None, Some(self.updated_at));
        (Command::LogContact { text }, vec![agreed(self.due_at)])
    }
}

impl OtherDevice {
    pub fn new() -> Self {
        let key = SecretKey::from_bytes(Algorithm::Ed25519, &browser::random::<32>());
        Self {
            id: DeviceId::from_random(browser::random()),
            key: key.expect("any 32 bytes are a key"),
            head: Head::default(),
        }
    }

    /// The record and an act for each event; what ends it is part of the last one.
    pub fn acts(
        &mut self,
        document: &Document,
        here: &PersonId,
        rules: &Rules,
    ) -> Result<Vec<Envelope>, String> {
        let case = case_id(&document.id);
        let mut form = document.form(here, rules)?;
        form.number = format!("{:05}", self.head.sequence + 1);
        let person = form.asked[0].clone();
        let at = Moment::from_unix_ms(document.opened_at);
        let acting = Acting {
            rules,
            person: &person,
            now: at,
            evidence: Evidence::default(),
        };
        let command = Command::Record(Box::new(form));
        let mut recorded = decide(None, command, acting).map_err(|it| it.to_string())?;
        recorded.push(document.agreed());
        let mut acts = Vec::with_capacity(document.events.len());
        let n_events = document.events.len();
        for (n, it) in document.events.iter().enumerate() {
            let by: PersonId = it.by.parse().unwrap_or_else(|_| person.clone());
            let mut events = if n == 0 {
                std::mem::take(&mut recorded)
            } else {
                Vec::new()
            };
            events.push(it.contact(Some((it.at, by.as_str()))));
            if n + 1 == n_events {
                events.extend(document.end());
            }
            acts.push((events, by, Moment::from_unix_ms(it.at)));
        }
        if acts.is_empty() {
            recorded.extend(document.end());
            acts.push((recorded, person, at));
        }
        acts.into_iter()
            .map(|(events, by, at)| self.act(case, by, at, &events, rules))
            .collect()
    }

    fn act(
        &mut self,
        case: CaseId,
        person: PersonId,
        at: Moment,
        events: &[Event],
        rules: &Rules,
    ) -> Result<Envelope, String> {
        let head = Head {
            chain: self.head.chain.max(1),
            ..self.head
        };
        let stamp = Stamp {
            id: EnvelopeId::from_random(browser::random()),
            site: rules.directory.site.clone(),
            case,
            person,
            device: self.id,
            chain: head.chain,
            sequence: head.sequence + 1,
            previous: head.hash,
            counter: head.counter + 1,
            at,
            clock: None,
            last_receipt: None,
            rules: rules.hashes(),
            facts_salt: Salt(browser::random()),
            content_salt: Salt(browser::random()),
        };
        let envelope = Envelope::seal(stamp, events).map_err(|it| it.to_string())?;
        // The person's own signature is as long as the device's.
        let envelope = envelope.signed(&self.key).signed(&self.key);
        self.head = head
            .followed_by(&envelope)
            .map_err(|it| format!("{it:?}"))?;
        Ok(envelope)
    }
}

/// A page of these, behind which nothing new is to be asked for: head office's own feed goes on where it was.
pub fn page(envelopes: &[Envelope]) -> Page {
    let arrived = browser::now();
    let entries = envelopes.iter().map(|it| PageEntry {
        arrived,
        envelope: Bytes(it.to_bytes()),
    });
    Page {
        entries: entries.collect(),
        from: Cursor::default(),
        next: Cursor::default(),
        more: false,
        server_now: arrived,
        after: None,
        n_left: 0,
    }
}

/// None where the case has no record.
pub fn read(history: &History, rules: &Rules) -> Option<Document> {
    let mut document: Option<Document> = None;
    for entry in history.counting() {
        let envelope = &entry.envelope;
        for Event { fact, content } in envelope.events().ok()? {
            if let Fact::Recorded(it) = &fact {
                let besides = content.text.as_deref().unwrap_or("{}");
                let besides: Besides = serde_json::from_str(besides).ok()?;
                let or = |said: Option<String>, else_: &str| said.unwrap_or(else_.to_owned());
                document = Some(Document {
                    id: besides.id.unwrap_or(hyphened(envelope.header().case)),
                    site: or(besides.site, rules.directory.site.as_str()),
                    dept: or(besides.dept, it.department.as_str()),
                    responsible: or(besides.responsible, it.first_responder.as_str()),
                    status: Status::Open,
                    opened_at: it.asked_at.unix_ms(),
                    due_at: it.asked_at.unix_ms(),
                    updated_at: it.asked_at.unix_ms(),
                    category: or(besides.category, it.category.as_str()),
                    room: content.address.clone().unwrap_or_default(),
                    phone: content.phone.clone().unwrap_or_default(),
                    text: content.matter.clone().unwrap_or_default(),
                    events: Vec::new(),
                });
            }
            let Some(document) = &mut document else {
                continue;
            };
            if let Fact::TimeAgreed(it) = &fact {
                document.due_at = it.at.unix_ms();
            } else if let Fact::ContactLogged(_) = &fact {
                let words = content.text.as_deref().unwrap_or_default();
                let (said, updated_at) = Said::read(words, envelope);
                document.updated_at = updated_at.unwrap_or(said.at);
                document.events.push(said);
            } else if let Fact::Closed(_) = &fact {
                document.status = Status::Closed;
            }
        }
    }
    document
}

fn agreed(due_at: i64) -> Event {
    let fact = Fact::TimeAgreed(TimeAgreed {
        at: Moment::from_unix_ms(due_at),
        because: AgreedBecause::CustomersWish,
        customer_until: None,
    });
    Event::new(fact, Content::default())
}

fn unless(said: &str, known: &str) -> Option<String> {
    (said != known).then(|| said.to_owned())
}

/// As a UUID is written.
fn hyphened(id: CaseId) -> String {
    let digits = id.to_string();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|it| &digits[it]);
    parts.join("-")
}
