//! What the command line orders of who may come in, with servers running or not.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::{self, Write};
use std::path::Path;
use std::sync::Arc;

use fast_qr::QRBuilder;
use shouwen_domain::directory::Directory;
use shouwen_domain::event::{AccessDecided, CaseErased, Fact, Holder, Look, Looked};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId, SiteId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::site as domain;

use crate::arguments::{LooksOf, ToErase, Whom};
use crate::customer::{self, CaseName, Found, Term};
use crate::invitation::{Code, Kind};
use crate::keys::{Keys, Rotation};
use crate::pin::{self, HashedPin};
use crate::server::{self, StartError};
use crate::site::{Site, Sites, WhichSite};
use crate::storage::access::DeviceState;
use crate::storage::chains::{self, Verified};
use crate::storage::db::Db;
use crate::storage::looks::{self, Record};
use crate::storage::orders::{self, Order, OrdersFile, Replay};
use crate::storage::{Address, Fault, Storage, access, feed, log};

const PIN_CHARACTERS: usize = 6;
const PIN_BYTES: usize = 128;

/// The database, the sites it is for, and head office's keys.
pub struct Office {
    pub sites: Sites,
    pub storage: Storage,
    pub keys: Arc<Keys>,
    pub orders: OrdersFile,
}

/// A code, and how long it is good for.
pub struct Invitation {
    pub code: Code,
    pub lasts: Minutes,
    pub site: SiteId,
}

/// A device, in one of the chains that it wrote.
pub struct Device {
    pub state: DeviceState,
    pub is_let_in: bool,
}

/// Why an order was not obeyed. Nothing of it was done.
#[derive(Debug)]
pub enum AdminError {
    NoSuchPerson(PersonId),
    Site(WhichSite),
    BadPin,
    NoSuchDevice {
        site: SiteId,
        code: String,
    },
    NoSuchCase {
        site: SiteId,
        case: CaseName,
    },
    /// Two are to stand for it.
    OnePerson(PersonId),
    /// Whoever agrees to an erasure works at the site.
    NotOfSite {
        site: SiteId,
        person: PersonId,
    },
    /// Nothing was asked for.
    NoTerms,
    /// It was ordered, and what it deleted may still lie in the database's files.
    NotSwept(Fault),
    Storage(Fault),
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPerson(person) => write!(f, "No site here has a person \"{person}\""),
            Self::Site(error) => error.fmt(f),
            Self::NoSuchDevice { site, code } => write!(
                f,
                "The site \"{site}\" has no device \"{code}\"; `admin devices` lists them"
            ),
            Self::NoSuchCase { site, case } => {
                let name = match case {
                    CaseName::Number(it) => it.clone(),
                    CaseName::Id(it) => it.to_string(),
                };
                write!(
                    f,
                    "The site \"{site}\" has no case \"{name}\" at head office; `admin cases-of` finds a customer's"
                )
            }
            Self::OnePerson(person) => write!(
                f,
                "An erasure takes two people, and \"{person}\" is named as both: --operator orders it, --agreed agrees"
            ),
            Self::NotOfSite { site, person } => write!(
                f,
                "The directory of the site \"{site}\" has no person \"{person}\" who could agree"
            ),
            Self::NoTerms => {
                f.write_str("Nothing was asked for: give phone numbers or names, one a line")
            }
            Self::NotSwept(fault) => write!(
                f,
                "It was ordered and erased, but deleted bytes may still lie in the database's files; give the order again: {fault}"
            ),
            Self::BadPin => write!(
                f,
                "A PIN has at least {PIN_CHARACTERS} characters and at most {PIN_BYTES} bytes"
            ),
            Self::Storage(fault) => fault.fmt(f),
        }
    }
}

impl Error for AdminError {}

impl From<Fault> for AdminError {
    fn from(fault: Fault) -> Self {
        Self::Storage(fault)
    }
}

impl Office {
    /// What a server made when it started here, and nothing else: neither database nor keys are made.
    pub async fn open(
        sites: Sites,
        data: &Path,
        database: Option<Address>,
        keys: &Path,
    ) -> Result<Self, StartError> {
        let opened = Keys::open_existing(keys)?;
        let storage = server::open_existing_database(data, database).await?;
        if let Err(error) = server::bind(&storage, &opened).await {
            storage.close().await;
            return Err(error);
        }
        Ok(Self {
            sites,
            storage,
            keys: Arc::new(opened),
            orders: OrdersFile::beside(keys),
        })
    }

    /// What was ordered here, for a database that lost it.
    pub fn replay(&self, now: Moment) -> Replay {
        Replay {
            keys: Arc::clone(&self.keys),
            file: self.orders.clone(),
            now,
        }
    }

    /// `is_linked`: for a link and a QR code, not to be typed.
    pub async fn invite(
        &self,
        to: Option<&SiteId>,
        is_linked: bool,
        now: Moment,
    ) -> Result<Invitation, AdminError> {
        let site = self.site(to)?.directory.site.clone();
        let kind = if is_linked { Kind::Linked } else { Kind::Typed };
        let code = Code::new(kind);
        let (hash, ends) = (code.hash(), now + kind.lasts());
        self.write(&site, move |db, site| {
            access::invite(db, site, &hash, ends, now)
        })
        .await?;
        Ok(Invitation {
            code,
            lasts: kind.lasts(),
            site,
        })
    }

    pub async fn set_pin(&self, person: &PersonId, pin: &str) -> Result<(), AdminError> {
        if pin.chars().count() < PIN_CHARACTERS || pin.len() > PIN_BYTES {
            return Err(AdminError::BadPin);
        }
        let site = self
            .sites
            .of_person(person)
            .ok_or_else(|| AdminError::NoSuchPerson(person.clone()))?;
        let (person, hashed) = (person.clone(), HashedPin::of(pin));
        self.write(&site.directory.site, move |db, site| {
            access::set_pin(db, site, &person, &hashed)
        })
        .await
    }

    pub async fn devices(&self, to: Option<&SiteId>) -> Result<Vec<Device>, AdminError> {
        let site = self.site(to)?.directory.site.clone();
        let of = site.clone();
        let read = self.storage.read(&site, move |db| {
            let ordered = orders::site(db, &of)?;
            let devices = access::devices(db, &of)?.into_iter();
            let devices = devices.filter(|it| it.device != DeviceId::HEAD_OFFICE);
            let device = |state: DeviceState| Device {
                is_let_in: ordered.lets_in_device(state.device),
                state,
            };
            Ok(devices.map(device).collect())
        });
        Ok(read.await?)
    }

    /// Lets a person or a device in no more, or in again; whether that is anything new.
    pub async fn decide_access(
        &self,
        whom: &Whom,
        may_enter: bool,
        now: Moment,
    ) -> Result<bool, AdminError> {
        let (site, holder) = match (&whom.person, &whom.device) {
            (Some(person), _) => {
                let site = self.sites.of_person(person);
                let site = site.ok_or_else(|| AdminError::NoSuchPerson(person.clone()))?;
                (site, Holder::Person(person.clone()))
            }
            (None, code) => {
                let site = self.site(whom.to.as_ref())?;
                let code = code.clone().unwrap_or_default();
                let device = self.device(&site.directory.site, &code).await?;
                (site, Holder::Device(device))
            }
        };
        let order = Order {
            id: EnvelopeId::from_random(pin::random()),
            fact: Fact::AccessDecided(AccessDecided {
                whom: holder.clone(),
                may_enter,
            }),
            operator: whom.operator.clone(),
            rules: site.hashes,
            at: now,
        };
        let is_so = move |it: &domain::Site| it.revoked.contains(&holder) != may_enter;
        self.give(&site.directory.site, order, is_so).await
    }

    /// Who looked at what, and the directory in which they stand. A case that is looked for and that nobody looked at has
    /// no records.
    pub async fn looks(&self, of: &LooksOf) -> Result<(Vec<Record>, &Directory), AdminError> {
        let directory = &self.site(of.to.as_ref())?.directory;
        let (site, of_site) = (&directory.site, directory.site.clone());
        let read = move |db: &dyn Db| looks::records(db, &of_site);
        let mut records = self.storage.read(site, read).await?;
        if let Some(person) = &of.person {
            records.retain(|it| it.person == *person);
        }
        if let Some(case) = &of.case {
            // Who took all of them along took that one too.
            records.retain(|it| {
                it.case
                    .as_ref()
                    .is_none_or(|it| it.id.to_string() == *case || it.number.as_ref() == Some(case))
            });
        }
        Ok((records, directory))
    }

    /// Passes on what a device brought after it or its people were let in no more; how many acts.
    pub async fn release(&self, to: Option<&SiteId>, code: &str) -> Result<usize, AdminError> {
        let site = self.site(to)?.directory.site.clone();
        let device = self.device(&site, code).await?;
        self.write(&site, move |db, site| {
            let n = log::release(db, site, device)?;
            feed::follow(db, site)?;
            Ok(n)
        })
        .await
    }

    /// Whether every chain of a site is one, and its author's.
    pub async fn verify_chains(&self, to: Option<&SiteId>) -> Result<Verified, AdminError> {
        let site = self.site(to)?.directory.site.clone();
        let of = site.clone();
        let read = self.storage.read(&site, move |db| chains::verify(db, &of));
        Ok(read.await?)
    }

    /// The cases of a site that hold one of these lines.
    pub async fn cases_of(
        &self,
        to: Option<&SiteId>,
        lines: &str,
    ) -> Result<BTreeMap<CaseId, Found>, AdminError> {
        let site = self.site(to)?.directory.site.clone();
        let terms: Vec<Term> = lines.lines().filter_map(Term::read).collect();
        if terms.is_empty() {
            return Err(AdminError::NoTerms);
        }
        let of = site.clone();
        let read = self
            .storage
            .read(&site, move |db| customer::cases(db, &of, &terms));
        Ok(read.await?)
    }

    /// All that is held of these cases; that it leaves is on record first.
    pub async fn copy_of(
        &self,
        to: Option<&SiteId>,
        cases: &[CaseName],
        operator: &PersonId,
        now: Moment,
    ) -> Result<customer::Copy, AdminError> {
        let site = self.site(to)?;
        let id = site.directory.site.clone();
        let cases = self.cases(&id, cases).await?;
        for case in &cases {
            let order = Order {
                id: looks::new_id(),
                fact: Fact::Looked(Looked {
                    case: Some(*case),
                    how: Look::Exported,
                }),
                operator: operator.clone(),
                rules: site.hashes,
                at: now,
            };
            self.give(&id, order, |_| false).await?;
        }
        let (of, directory, zone) = (id.clone(), site.directory.clone(), site.zone.clone());
        let read = self.storage.read(&id, move |db| {
            let minute = |it| zone.local(it).format("%Y-%m-%d %H:%M").to_string();
            customer::copy(db, &of, &directory, &cases, minute)
        });
        Ok(read.await?)
    }

    /// Erases the words of these cases for good; which of them nobody had erased before.
    pub async fn erase(&self, what: &ToErase, now: Moment) -> Result<BTreeSet<CaseId>, AdminError> {
        let site = self.site(what.to.as_ref())?;
        let id = site.directory.site.clone();
        let ToErase {
            operator, agreed, ..
        } = what;
        if operator == agreed {
            return Err(AdminError::OnePerson(agreed.clone()));
        }
        if site.directory.person(agreed).is_none() {
            return Err(AdminError::NotOfSite {
                site: id,
                person: agreed.clone(),
            });
        }
        let mut ordered = BTreeSet::new();
        for case in self.cases(&id, &what.cases).await? {
            let order = Order {
                id: EnvelopeId::from_random(pin::random()),
                fact: Fact::CaseErased(CaseErased {
                    case,
                    agreed: agreed.clone(),
                }),
                operator: operator.clone(),
                rules: site.hashes,
                at: now,
            };
            if self
                .give(&id, order, move |it| it.erased.contains_key(&case))
                .await?
            {
                ordered.insert(case);
            }
        }
        // Also where all was ordered before: that may not have come so far.
        self.storage.sweep().await.map_err(AdminError::NotSwept)?;
        Ok(ordered)
    }

    async fn give(
        &self,
        site: &SiteId,
        order: Order,
        is_so: impl Fn(&domain::Site) -> bool + Clone + Send + 'static,
    ) -> Result<bool, AdminError> {
        let (keys, file) = (Arc::clone(&self.keys), self.orders.clone());
        self.write(site, move |db, site| {
            orders::give(db, site, &keys, &file, &order, is_so.clone())
        })
        .await
    }

    async fn cases(
        &self,
        site: &SiteId,
        names: &[CaseName],
    ) -> Result<BTreeSet<CaseId>, AdminError> {
        let (of, names) = (site.clone(), names.to_vec());
        let read = self
            .storage
            .read(site, move |db| customer::named(db, &of, &names));
        read.await?.map_err(|case| AdminError::NoSuchCase {
            site: site.clone(),
            case,
        })
    }

    async fn device(&self, site: &SiteId, code: &str) -> Result<DeviceId, AdminError> {
        let (site, code) = (site.clone(), code.to_uppercase());
        let found = {
            let (of, code) = (site.clone(), code.clone());
            self.storage
                .read(&site, move |db| access::device_of_code(db, &of, &code))
                .await?
        };
        found.ok_or(AdminError::NoSuchDevice { site, code })
    }

    fn site(&self, named: Option<&SiteId>) -> Result<&Site, AdminError> {
        self.sites.meant(named).map_err(AdminError::Site)
    }

    /// A server may not have started with this site yet.
    async fn write<T: Send + 'static>(
        &self,
        site: &SiteId,
        what: impl Fn(&dyn Db, &SiteId) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, AdminError> {
        let held = site.clone();
        let written = self.storage.write(site, move |db| {
            log::add_site(db, &held)?;
            what(db, &held)
        });
        Ok(written.await?)
    }
}

/// For the terminal.
pub fn rotation_text(rotated: Rotation) -> String {
    let day = |it: Moment| {
        let at = chrono::DateTime::from_timestamp_millis(it.unix_ms()).unwrap_or_default();
        at.format("%Y-%m-%d").to_string()
    };
    match rotated {
        Rotation::Done { since } => format!(
            "Renewed: those of {} sign nothing more and are still believed. Keep a copy of the file apart from the database.\n",
            day(since)
        ),
        Rotation::Young { since } => {
            format!(
                "The working keys are of {} and were left alone.\n",
                day(since)
            )
        }
    }
}

/// For the terminal.
pub fn verified_text(verified: &Verified) -> String {
    const SHOWN: usize = 20;
    let Verified {
        n_chains,
        n_envelopes,
        n_behind_gaps,
        wrong,
    } = verified;
    let counts = format!("{n_chains} chains, {n_envelopes} envelopes");
    if wrong.is_empty() {
        let waiting = match n_behind_gaps {
            0 => String::new(),
            n => format!("; {n} of them wait for others before them"),
        };
        return format!("Every link, hash and signature verifies: {counts}{waiting}\n");
    }
    let mut text = format!("{} of {counts} are not what they have to be:", wrong.len());
    for it in wrong.iter().take(SHOWN) {
        let _ = write!(text, "\n  {it}");
    }
    if wrong.len() > SHOWN {
        let _ = write!(text, "\n  and {} more", wrong.len() - SHOWN);
    }
    text
}

/// For the terminal.
pub fn invitation_text(invitation: &Invitation, base: Option<&str>) -> String {
    let Invitation { code, lasts, site } = invitation;
    let good = format!("It lets one device join the site \"{site}\"");
    match base {
        None => format!(
            "Type this code on the new device:\n\n  {code}\n\n{good} within {} minutes.\n",
            lasts.0
        ),
        Some(base) => {
            let link = code.link(base);
            let qr = QRBuilder::new(link.as_str()).build();
            let qr = qr.map_or_else(|_| String::new(), |it| format!("{}\n\n", it.to_str()));
            format!(
                "Open this link on the new device, or take a picture of it with that device:\n\n{qr}  {link}\n\n{good} within {} hours.\n",
                lasts.0 / 60
            )
        }
    }
}

/// For the terminal: a line a chain.
pub fn device_table(devices: &[Device]) -> String {
    let mut table = String::new();
    let mut line = |cells: [&str; 5]| {
        let [code, written, arrived, last, access] = cells;
        let _ = writeln!(
            table,
            "{code:<8}{written:>8}{arrived:>9}  {last:<18}{access}"
        );
    };
    line(["code", "written", "arrived", "last arrival", ""]);
    for Device { state, is_let_in } in devices {
        let last = state.last_arrival.map_or_else(String::new, minute);
        let access = match (is_let_in, state.erased) {
            (true, _) => String::new(),
            (false, None) => "let in no more".to_owned(),
            (false, Some(at)) => format!("let in no more, erased {}", minute(at)),
        };
        line([
            &state.code,
            &state.announced.to_string(),
            &state.arrived.to_string(),
            &last,
            &access,
        ]);
    }
    table
}

/// For the terminal: a line a case, and no word of what it holds.
pub fn case_table(cases: &BTreeMap<CaseId, Found>) -> String {
    let mut table = String::new();
    let _ = writeln!(
        table,
        "{:<14}{:<34}{:<19}{:>5}{:>10}  lines",
        "number", "id", "asked", "acts", "pictures"
    );
    for (case, it) in cases {
        let asked = it.asked_at.map_or_else(String::new, minute);
        let lines: Vec<String> = it.terms.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            table,
            "{:<14}{:<34}{asked:<19}{:>5}{:>10}  {}",
            it.number.as_deref().unwrap_or("?"),
            case.to_string(),
            it.n_envelopes,
            it.n_pictures,
            lines.join(",")
        );
    }
    table
}

/// For the terminal: a line a record. The ids of staff, and their names where the directory still has them.
pub fn look_table(records: &[Record], directory: &Directory) -> String {
    let mut table = String::new();
    for it in records {
        let how = match it.how {
            Look::Opened => "opened",
            Look::Unmasked => "unmasked",
            Look::Printed => "printed",
            Look::Exported => "exported",
        };
        let case = it.case.as_ref().map_or_else(
            || "all cases".to_owned(),
            |it| {
                let number = it.number.as_deref().unwrap_or("not arrived");
                format!("{number} {}", it.id)
            },
        );
        let name = directory.person(&it.person).map_or("", |it| &it.name);
        let _ = writeln!(
            table,
            "{}  {:<10}{:<4}{} {name}  {case}",
            minute(it.at),
            how,
            it.device.as_deref().unwrap_or("HQ"),
            it.person,
        );
    }
    table
}

/// In UTC.
fn minute(at: Moment) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at.unix_ms()).unwrap_or_default();
    at.format("%Y-%m-%d %H:%MZ").to_string()
}
