//! The one-way loop: commands in, state out. The only writer of state.
//!
//! A page sends a command; the rules decide; the log stores; the board shows. What a person sees as
//! saved is on disk. Start at [`Desk::send`].

mod access;
mod amends;
#[cfg(feature = "bench")]
mod bench;
mod board;
mod enrolment;
mod erasure;
mod files;
mod lease;
mod lock;
mod looks;
mod lookup;
mod pin_reset;
mod records;
mod rescue;
mod retention;
mod session;
mod site;
mod unsigned;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures::StreamExt;
use futures::channel::mpsc::unbounded;
use futures::future::{join, join_all};
use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::case::Folded;
use shouwen_domain::envelope::{ClockEvidence, Envelope, Stamp};
use shouwen_domain::event::{Content, Event, Fact};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId};
use shouwen_domain::limits;
use shouwen_domain::moment::Moment;
use shouwen_domain::summary::Summary;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Case, Command, Refusal, Rules, decide};
use shouwen_store::{
    Append, Conflict, Cursor, Fault, Head, History, Log, NamedRecord, OwnFate, Projection, Section,
    Standing, WriteError,
};
use shouwen_store_indexeddb::{ContentKey, SealedLog};
use shouwen_sync::client::{Client, Elapsed, Status};

use crate::browser;
use crate::browser::keys::SigningKey;
use crate::browser::seal::Seal;
use crate::browser::tabs::{Said, Tabs};
use crate::sync_pump::Wake;
use crate::wording::Language;

use lock::Keys;
use lookup::Rows;
use records::Records;

pub use amends::author;
pub use board::Board;
pub use enrolment::{ContactError, Enrolment, JoinError};
pub use erasure::Erasures;
pub use files::{FileDesk, FileWake};
pub use lookup::Found;
pub use pin_reset::ResetError;
pub use rescue::RescueError;
pub use retention::{Looked, OutOfScope};
pub use session::{Reset, Session, SignInError};
pub use site::TextsError;
pub use unsigned::Unsigned;

const DATABASE: &str = "shouwen";
/// How often `now` moves on.
const TICK_MS: u32 = 10_000;
/// Somebody else acted at the same instant: decide again, this often at most.
const MAX_TRIES: u32 = 8;

/// State and the way to change it. `Copy`: hand it around freely.
#[derive(Clone, Copy)]
pub struct Desk {
    inner: StoredValue<Rc<Inner>, LocalStorage>,
    board: RwSignal<Board>,
    now: RwSignal<Moment>,
    rules: RwSignal<Option<Arc<Rules>>>,
    session: RwSignal<Option<Session>>,
    /// Who was signed in when this device was locked.
    last_here: RwSignal<Option<PersonId>>,
    enrolment: RwSignal<Option<Enrolment>>,
    standing: RwSignal<Standing>,
    unsigned: RwSignal<Unsigned>,
    sync: RwSignal<Sync>,
    language: RwSignal<Language>,
    toasts: RwSignal<u32>,
    update_ready: RwSignal<bool>,
    token: RwSignal<Option<String>>,
    invitation: RwSignal<Option<String>>,
    revoked: RwSignal<bool>,
    erasures: RwSignal<Erasures>,
    fault: RwSignal<Option<Fault>>,
}

struct Inner {
    log: Rc<SealedLog>,
    device: Cell<ThisDevice>,
    /// None where the browser cannot keep one.
    key: Option<SigningKey>,
    keys: Keys,
    /// None: it was not read yet.
    lease: Cell<Option<lease::Running>>,
    /// Which texts are in force, as head office said last.
    texts_in_force: Cell<Option<Hash>>,
    /// Whose PIN was entered wrongly, how often, and when that was noticed here.
    waits: RefCell<BTreeMap<PersonId, (u32, Elapsed)>>,
    tabs: Tabs,
    /// With which the next letter to head office is sealed.
    next_seal: RefCell<Option<Seal>>,
    rows: RefCell<Rows>,
    /// Server minus device, and when that was measured.
    clock: Cell<Option<(i64, Elapsed)>>,
    wake_pump: Box<dyn Fn(Wake)>,
}

/// What the sync line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sync {
    pub status: Status,
    /// When head office last answered, by this device's clock.
    pub heard_at: Option<Moment>,
    /// Whether the open cases have been read; none: until the pump has looked.
    pub knows_open: Option<bool>,
}

/// Why an action was not stored. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    Refused(Refusal),
    /// A newer version of the app wrote this case: it is shown, not acted on.
    NeedsNewerVersion,
    TooLarge {
        limit_bytes: usize,
    },
    /// Other tabs kept being first.
    Busy,
    NotSignedIn,
    /// This browser cannot sign.
    NoKey,
    /// The case has moved on: what was done then does not fit any more.
    DoesNotFit,
    /// The customer's data was erased: nothing is to be kept of them any more.
    Erased,
    Fault(Fault),
}

/// Everything there is about one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    pub id: CaseId,
    pub folded: Folded,
    pub history: History,
}

impl CaseFile {
    pub fn envelopes(&self) -> Vec<Envelope> {
        self.history
            .counting()
            .map(|it| it.envelope.clone())
            .collect()
    }
}

impl Desk {
    /// Opens the log and everything the first screen needs. Its signals live as long as `owner`.
    pub async fn open(owner: &Owner, wake_pump: impl Fn(Wake) + 'static) -> Result<Self, Fault> {
        let fault = owner.with(|| RwSignal::new(None));
        // A newer version of the app in another tab needed the database: this page has to be opened again.
        let on_superseded = move || fault.set(Some(Fault::ConnectionLost));
        let content = ContentKey::default();
        let (log, key) = join(
            SealedLog::open(DATABASE, content.clone(), on_superseded),
            SigningKey::open(),
        )
        .await;
        let log = Rc::new(log?);
        let records = Records::read(&log, &Records::AT_OPENING).await?;
        let device = this_device(&log, &records).await?;
        let desk = owner.with(|| Self::new(log, content, device, key.ok(), fault, wake_pump));
        desk.know_enrolment(&records);
        desk.notice_lost_key().await?;
        desk.know_lease(&records).await?;
        desk.know_texts(&records)?;
        desk.know_erasures(Erasures::of(&records));
        desk.know_access(&records).await?;
        if desk.is_locked() {
            desk.load_standing().await?;
            desk.take_up_box(&records).await?;
            desk.count_unsigned().await?;
        }
        Ok(desk)
    }

    fn new(
        log: Rc<SealedLog>,
        content: ContentKey,
        device: ThisDevice,
        key: Option<SigningKey>,
        fault: RwSignal<Option<Fault>>,
        wake_pump: impl Fn(Wake) + 'static,
    ) -> Self {
        let language = browser::preferences::language();
        let now = RwSignal::new(browser::now());
        let heard = RwSignal::new(0_u32);
        let (say, mut said) = unbounded();
        // The desk lives as long as the page.
        let tabs = Tabs::open(move |it| drop(say.unbounded_send(it)));
        let wake_pump = Box::new(wake_pump);
        let inner = Rc::new(Inner {
            log,
            device: Cell::new(device),
            key,
            keys: Keys::new(content),
            lease: Cell::default(),
            texts_in_force: Cell::default(),
            waits: RefCell::default(),
            tabs,
            next_seal: RefCell::default(),
            rows: RefCell::default(),
            clock: Cell::new(None),
            wake_pump,
        });
        let desk = Self {
            inner: StoredValue::new_local(inner),
            board: RwSignal::new(Board::default()),
            now,
            rules: RwSignal::new(None),
            session: RwSignal::new(None),
            last_here: RwSignal::new(None),
            enrolment: RwSignal::new(None),
            standing: RwSignal::new(Standing::default()),
            unsigned: RwSignal::new(Unsigned::default()),
            sync: RwSignal::new(Sync {
                status: Status::Idle { since: None },
                heard_at: None,
                knows_open: None,
            }),
            language: RwSignal::new(language),
            toasts: RwSignal::new(0),
            update_ready: RwSignal::new(false),
            token: RwSignal::new(None),
            invitation: RwSignal::new(browser::take_invitation()),
            revoked: RwSignal::new(false),
            erasures: RwSignal::new(Erasures::default()),
            fault,
        };
        let tick = move || {
            desk.tick();
            desk.lock_if_idle();
            spawn_local(async move {
                if let Err(fault) = desk.count_lease().await {
                    desk.report(fault);
                }
            });
        };
        gloo::timers::callback::Interval::new(TICK_MS, tick).forget();
        desk.watch_over_keys();
        spawn_local(async move {
            while let Some(it) = said.next().await {
                desk.hear(it, heard);
            }
        });
        Effect::new(move |before: Option<()>| {
            heard.track();
            if before.is_some() {
                spawn_local(async move {
                    if let Err(fault) = desk.load_access().await {
                        desk.report(fault);
                    }
                    desk.catch_up().await;
                });
            }
        });
        desk
    }

    pub fn board(self) -> ReadSignal<Board> {
        self.board.read_only()
    }

    /// The device's time, moved on every few seconds and at every act.
    pub fn now(self) -> ReadSignal<Moment> {
        self.now.read_only()
    }

    /// None until this device has once had its site's texts.
    pub fn rules(self) -> ReadSignal<Option<Arc<Rules>>> {
        self.rules.read_only()
    }

    pub fn session(self) -> ReadSignal<Option<Session>> {
        self.session.read_only()
    }

    /// Who was signed in when this device was locked: asked for their PIN first.
    pub fn last_here(self) -> ReadSignal<Option<PersonId>> {
        self.last_here.read_only()
    }

    pub fn standing(self) -> ReadSignal<Standing> {
        self.standing.read_only()
    }

    pub fn sync(self) -> ReadSignal<Sync> {
        self.sync.read_only()
    }

    pub fn language(self) -> ReadSignal<Language> {
        self.language.read_only()
    }

    /// Counts up with every saved action.
    pub fn toasts(self) -> ReadSignal<u32> {
        self.toasts.read_only()
    }

    pub fn update_ready(self) -> ReadSignal<bool> {
        self.update_ready.read_only()
    }

    pub fn fault(self) -> ReadSignal<Option<Fault>> {
        self.fault.read_only()
    }

    pub fn set_language(self, language: Language) {
        browser::preferences::set_language(language);
        self.language.set(language);
    }

    pub fn say_update_ready(self) {
        self.update_ready.set(true);
    }

    pub fn tick(self) {
        self.now.set(browser::now());
    }

    /// Obeys a command, durably, or says why not. `None`: a new case.
    pub async fn send(self, case: Option<CaseId>, command: Command) -> Result<CaseId, SendError> {
        let rules = self.rules.get_untracked().ok_or(SendError::NotSignedIn)?;
        let session = self.session.get_untracked().ok_or(SendError::NotSignedIn)?;
        let is_new = case.is_none();
        let id = case.unwrap_or_else(|| CaseId::from_random(browser::random()));
        for _ in 0..MAX_TRIES {
            // Nobody has anything yet of what has no name.
            let history = if is_new {
                History::default()
            } else {
                self.log().history(id).await.map_err(SendError::Fault)?
            };
            let tried = self.try_send(id, history, command.clone(), &rules, &session);
            match tried.await {
                Ok(()) => return Ok(id),
                Err(TryError::Behind) => self.catch_up().await,
                Err(TryError::Final(error)) => return Err(error),
            }
        }
        Err(SendError::Busy)
    }

    async fn try_send(
        self,
        id: CaseId,
        history: History,
        mut command: Command,
        rules: &Rules,
        session: &Session,
    ) -> Result<(), TryError> {
        let now = browser::now();
        let envelopes: Vec<Envelope> = history.counting().map(|it| it.envelope.clone()).collect();
        let folded = Case::fold(&envelopes);
        if !folded.is_understood() {
            return Err(SendError::NeedsNewerVersion.into());
        }
        if let Command::Record(form) = &mut command {
            form.number = self.next_number(now, rules)?;
        }
        let acting = Acting {
            rules,
            person: &session.person,
            now,
            evidence: Evidence::default(),
        };
        let events = decide(folded.case.as_ref(), command, acting).map_err(SendError::Refused)?;
        if events.is_empty() {
            return Ok(());
        }
        let acted = Acted {
            case: id,
            events: &events,
            version: history.version,
            envelopes,
            at: now,
        };
        self.append(acted, rules, session, |_| true).await?;
        Ok(())
    }

    /// Seals, signs and stores what was done, if the case `fits` afterwards; whether it did.
    async fn append(
        self,
        acted: Acted<'_>,
        rules: &Rules,
        session: &Session,
        fits: impl Fn(&Folded) -> bool,
    ) -> Result<bool, TryError> {
        let Acted {
            case,
            events,
            version,
            mut envelopes,
            at,
        } = acted;
        let inner = self.inner.get_value();
        if !self.is_unlocked_by(&session.person) {
            return Err(SendError::NotSignedIn.into());
        }
        let persons_key = self.signing_key_of(&session.person);
        let mut events = events.to_vec();
        if self.erasures.with_untracked(|it| it.at(case)).is_some() {
            // What is done counts, and no word of it is kept.
            if events
                .iter()
                .any(|it| matches!(it.fact, Fact::PhotoAdded(_)))
            {
                return Err(SendError::Erased.into());
            }
            for it in &mut events {
                it.content = Content::default();
            }
        }
        let (person, key) = (&session.person, persons_key.as_ref());
        let signing = self.seal_and_sign(case, rules, person, at, &events, key);
        let (envelope, letter) = self.with_letter(signing).await?;
        envelopes.push(envelope.clone());
        envelopes.sort_by_key(Envelope::order);
        let folded = Case::fold(&envelopes);
        if !fits(&folded) {
            return Ok(false);
        }
        let summary = Summary::of(&folded, &envelopes, rules);
        // What concerns the site as a whole is in no list.
        if summary.is_none() && case != CaseId::SITE {
            return Err(SendError::Busy.into());
        }
        let append = Append {
            envelope,
            expected_version: version,
            projection: summary.as_ref().map_or_else(
                || Projection {
                    due: None,
                    body: Vec::new(),
                },
                projection,
            ),
        };
        let has_content = append.envelope.has_content();
        let standing = self.store(append, letter).await?;
        // Whoever looks is told once: of the act, and that it is now.
        self.tick();
        self.standing.set(standing);
        if let Some(summary) = summary {
            self.board.update(|it| it.put(summary));
        }
        self.toasts.update(|it| *it += 1);
        self.wrote();
        inner.tabs.tell(&Said::Changed);
        if has_content {
            spawn_local(async move {
                if let Err(fault) = self.erase_if_ordered(case).await {
                    self.report(fault);
                }
            });
        }
        (inner.wake_pump)(Wake::Sent);
        Ok(true)
    }

    /// Behind the head, by the device and whoever acts. Without their key it is theirs by claim.
    async fn seal_and_sign(
        self,
        case: CaseId,
        rules: &Rules,
        person: &PersonId,
        at: Moment,
        events: &[Event],
        persons_key: Option<&SigningKey>,
    ) -> Result<Envelope, SendError> {
        let inner = self.inner.get_value();
        let key = inner.key.as_ref().ok_or(SendError::NoKey)?;
        let stamp = self.stamp(case, rules, person, at, self.standing.get_untracked());
        let sealed = match persons_key {
            Some(_) => Envelope::seal(stamp, events),
            None => Envelope::seal_claimed(stamp, events),
        };
        // The only thing that can be wrong with what `decide` answered is its size.
        let mut envelope = sealed.map_err(|_| SendError::TooLarge {
            limit_bytes: limits::ENVELOPE_BYTES,
        })?;
        if persons_key.is_none() && !envelope.may_be_claimed() {
            return Err(SendError::Refused(Refusal::NeedsSignature));
        }
        let signing = [Some(key), persons_key].into_iter().flatten().map(|key| {
            let message = envelope.to_be_signed(key.public());
            async move { (key, key.sign(&message).await) }
        });
        for (key, signature) in join_all(signing).await {
            let signature = signature.map_err(|_| SendError::NoKey)?;
            envelope = envelope.with_signature(key.public(), signature);
        }
        Ok(envelope)
    }

    /// Where the connection to the log was lost, the act may be stored all the same: whoever was told that it
    /// failed would do it a second time.
    async fn store(self, append: Append, letter: Option<Vec<u8>>) -> Result<Standing, WriteError> {
        let log = self.log();
        let answer = log.append_with(append.clone(), letter.clone()).await;
        if answer != Err(WriteError::Fault(Fault::ConnectionLost)) {
            return answer;
        }
        let header = append.envelope.header();
        let (case, id) = (header.case, header.id);
        let history = log.history(case).await?;
        let is_stored = history
            .entries
            .iter()
            .any(|it| it.envelope.header().id == id);
        if is_stored {
            Ok(log.opening(0).await?.standing)
        } else {
            log.append_with(append, letter).await
        }
    }

    fn stamp(
        self,
        case: CaseId,
        rules: &Rules,
        person: &PersonId,
        now: Moment,
        standing: Standing,
    ) -> Stamp {
        let inner = self.inner.get_value();
        let device = inner.device.get();
        let head = standing.head.beyond(device.behind);
        Stamp {
            id: EnvelopeId::from_random(browser::random()),
            site: rules.directory.site.clone(),
            case,
            person: person.clone(),
            device: device.id,
            chain: head.chain.max(1),
            sequence: head.sequence + 1,
            previous: head.hash,
            counter: head.counter + 1,
            at: now,
            clock: inner
                .clock
                .get()
                .map(|(offset_ms, measured)| ClockEvidence {
                    offset_ms,
                    age_s: u32::try_from(browser::elapsed().0.saturating_sub(measured.0) / 1000)
                        .unwrap_or(u32::MAX),
                }),
            last_receipt: standing.last_receipt,
            rules: rules.hashes(),
            facts_salt: Salt(browser::random()),
            content_salt: Salt(browser::random()),
        }
    }

    /// Of a case that is recorded next.
    fn next_number(self, now: Moment, rules: &Rules) -> Result<String, SendError> {
        let code = self
            .enrolment
            .with_untracked(|it| it.as_ref().map(Enrolment::code));
        let code = code.ok_or(SendError::NotSignedIn)?;
        let head = self.head();
        let code = if self.is_certified() {
            code
        } else {
            // Nobody is given a code with a zero in it: these are not those of what this device was.
            format!("{code}0{}", head.chain)
        };
        Ok(case_number(now, rules, &code, head.sequence + 1))
    }

    /// The other tabs look at the log again.
    fn tell_tabs(self) {
        self.inner.get_value().tabs.tell(&Said::Changed);
    }

    /// Everything about a case, read from the log.
    pub async fn case_file(self, id: CaseId) -> Result<Option<CaseFile>, Fault> {
        let history = self.log().history(id).await?;
        if history.version == 0 {
            return Ok(None);
        }
        let folded = Case::fold(history.counting().map(|it| &it.envelope));
        Ok(Some(CaseFile {
            id,
            folded,
            history,
        }))
    }

    /// What became of this device's acts, newest first.
    pub async fn fates(self, limit: usize) -> Result<Vec<OwnFate>, Fault> {
        self.log().fates(limit).await
    }

    pub async fn drafts(self, of: &PersonId) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let records = self.log().records(&[Section::Drafts]).await?;
        let of_this = |it: NamedRecord| {
            let (owner, draft) = it.name.split_once('/')?;
            (owner == of.as_str()).then(|| (draft.to_owned(), it.record))
        };
        Ok(records.into_iter().filter_map(of_this).collect())
    }

    pub async fn draft(self, of: &PersonId, draft: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.log()
            .get(Section::Drafts, &draft_name(of, draft))
            .await
    }

    pub async fn keep_draft(self, of: &PersonId, draft: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.log()
            .put(Section::Drafts, &draft_name(of, draft), bytes)
            .await?;
        self.wrote();
        Ok(())
    }

    pub async fn drop_draft(self, of: &PersonId, draft: &str) -> Result<(), Fault> {
        self.log()
            .remove(Section::Drafts, &draft_name(of, draft))
            .await
    }

    /// For the pump.
    pub fn device(self) -> DeviceId {
        self.inner.get_value().device.get().id
    }

    /// The end of the chain in which this device writes.
    fn head(self) -> Head {
        let device = self.inner.get_value().device.get();
        self.standing.get_untracked().head.beyond(device.behind)
    }

    /// None where this browser cannot keep one.
    fn key(self) -> Option<SigningKey> {
        self.inner.get_value().key.clone()
    }

    /// For the pump, which stores what it receives.
    pub fn log(self) -> Rc<SealedLog> {
        self.inner.get_value().log.clone()
    }

    /// For the pumps: of the contact that is open.
    pub fn token(self) -> ReadSignal<Option<String>> {
        self.token.read_only()
    }

    pub fn set_token(self, token: String) {
        self.token.set(Some(token));
    }

    pub fn set_sync(self, client: &Client) {
        self.sync.update(|it| {
            it.status = client.status();
            it.knows_open = Some(client.knows_open());
        });
    }

    /// Head office answered with its time.
    pub fn heard(self, server_now: Moment) {
        let now = browser::now();
        let offset_ms = server_now.unix_ms() - now.unix_ms();
        self.inner
            .get_value()
            .clock
            .set(Some((offset_ms, browser::elapsed())));
        self.sync.update(|it| it.heard_at = Some(now));
    }

    /// Something was stored by the pump.
    pub fn stored(self, standing: Standing, summaries: Vec<Summary>) {
        self.standing.set(standing);
        if !summaries.is_empty() {
            self.board
                .update(|board| summaries.into_iter().for_each(|it| board.put(it)));
        }
        self.inner.get_value().tabs.tell(&Said::Changed);
    }

    /// What could not be written before can be written again.
    fn wrote(self) {
        if self.fault.with_untracked(Option::is_some) {
            self.fault.set(None);
        }
    }

    /// That it is locked is no fault of the device, and seen.
    pub fn report(self, fault: Fault) {
        if fault != Fault::Locked {
            self.fault.set(Some(fault));
        }
    }

    pub fn cursor(self) -> Cursor {
        self.standing.get_untracked().cursor
    }
}

/// What somebody did to a case.
struct Acted<'a> {
    case: CaseId,
    events: &'a [Event],
    /// The version on which it was decided.
    version: u32,
    /// What counts in the case so far.
    envelopes: Vec<Envelope>,
    at: Moment,
}

enum TryError {
    /// Another tab or the pump was first: read again, decide again.
    Behind,
    Final(SendError),
}

impl From<SendError> for TryError {
    fn from(error: SendError) -> Self {
        Self::Final(error)
    }
}

impl From<Fault> for TryError {
    fn from(fault: Fault) -> Self {
        Self::Final(SendError::Fault(fault))
    }
}

impl From<WriteError> for TryError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Conflict(
                Conflict::Case { .. }
                | Conflict::Head { .. }
                | Conflict::Cursor { .. }
                | Conflict::Fence { .. }
                | Conflict::Unsettled { .. },
            ) => Self::Behind,
            WriteError::Fault(fault) => fault.into(),
        }
    }
}

/// What lists show of a case; none where nothing records it yet.
pub fn summarize(envelopes: &[Envelope], rules: &Rules) -> Option<Summary> {
    Summary::of(&Case::fold(envelopes), envelopes, rules)
}

pub fn projection(summary: &Summary) -> Projection {
    Projection {
        due: summary.due(),
        body: summary.to_bytes(),
    }
}

/// "0713-K7-018": date, the device's short code, and its own count, which is the act's place in its chain.
fn case_number(now: Moment, rules: &Rules, code: &str, count: u64) -> String {
    let date = rules.zone().local(now).date().format("%m%d");
    format!("{date}-{code}-{count:03}")
}

fn draft_name(of: &PersonId, draft: &str) -> String {
    format!("{of}/{draft}")
}

const DEVICE: &str = "device";

/// Who this device is.
#[derive(Debug, Clone, Copy)]
struct ThisDevice {
    id: DeviceId,
    /// It writes in no chain up to this one: those are of what it was before it lost its key.
    behind: u32,
}

impl ThisDevice {
    fn read(record: &[u8]) -> Option<Self> {
        let (id, behind) = record.split_at_checked(16)?;
        let behind = match behind {
            [] => 0,
            it => u32::from_be_bytes(it.try_into().ok()?),
        };
        Some(Self {
            id: DeviceId::from_random(id.try_into().ok()?),
            behind,
        })
    }
}

async fn this_device(log: &SealedLog, records: &Records) -> Result<ThisDevice, Fault> {
    match records
        .get(Section::Settings, DEVICE)
        .and_then(ThisDevice::read)
    {
        Some(it) => Ok(it),
        None => another_device(log, 0).await,
    }
}

/// A new id for this device, with chains of its own.
async fn another_device(log: &SealedLog, behind: u32) -> Result<ThisDevice, Fault> {
    let bits: [u8; 16] = browser::random();
    let record = [&bits[..], &behind.to_be_bytes()].concat();
    log.put(Section::Settings, DEVICE, &record).await?;
    Ok(ThisDevice {
        id: DeviceId::from_random(bits),
        behind,
    })
}
