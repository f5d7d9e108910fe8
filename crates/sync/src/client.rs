//! The device's side: what to do next so that everything saved here reaches head office, and back.
//!
//! Feed it with [`Client::handle`], ask [`Client::poll`] what to do, do it, and feed it the answer; wake
//! it at [`Client::next_timeout`] with [`Trigger::Timer`]. It holds nothing that must survive: what is
//! owed, the cursor, the epoch and the receipts live in the log, and a new client starts from those.
//!
//! Everything begins with a contact: the device proves its key, says where its chain ends, and learns
//! whether that chain goes on elsewhere, in which case it writes in a new one. A contact lasts some
//! minutes and is renewed by itself.
//!
//! One thing is under way at a time, and only the answer to that may be fed: one that comes after its
//! deadline is dropped. Pushing and pulling fail each for itself, so trouble with one never
//! holds up the other, and an envelope that gets no answer is passed over by those behind it.

mod load;

use shouwen_domain::envelope::{Envelope, Fate, HeldReason, Receipt};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::DeviceId;
use shouwen_domain::limits;
use shouwen_domain::scope::Scope;

use crate::message::{Ask, Bytes, Contacted, Cursor, NewChain, Page, Push, Pushed};
pub use load::{Load, Loads, Progress};

/// Milliseconds of a clock that only goes forward, from any beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elapsed(pub u64);

impl Elapsed {
    pub(crate) const fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// The shortest wait after a failure.
pub const BACKOFF_MIN_MS: u64 = 1_000;
/// The longest wait after failures, and until an envelope without an answer is tried again.
pub const BACKOFF_MAX_MS: u64 = 5 * 60 * 1_000;
/// How often to look for news while somebody looks, give or take a tenth.
pub const PULL_EVERY_MS: u64 = 30_000;
/// The same while head office tells of news by itself: only for what it may have failed to tell.
pub const PULL_EVERY_LIVE_MS: u64 = 5 * 60 * 1_000;
/// After this long a thing to do counts as failed.
pub const ANSWER_MS: u64 = 60_000;
/// One push, where the network bears it.
pub const PUSH_BYTES: usize = limits::PAGE_BYTES;
/// On a bad network, where only what was answered is progress, a push is not made smaller than this.
const SMALL_PUSH_BYTES: usize = 64 * 1024;

/// What a client starts from, all of it read from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub device: DeviceId,
    pub cursor: Cursor,
    /// What the last [`Todo::TakeIn`] stored with its page.
    pub load: Load,
    /// What [`Todo::KeepEpoch`] stored last, or zero.
    pub filled: u64,
    /// The oldest own envelope whose receipt says that it is held and [may be released](may_be_released).
    pub held: Option<Place>,
}

/// Whether asking again may find an envelope released that was held: the gap before it was filled, or the
/// server upgraded.
pub const fn may_be_released(fate: Fate) -> bool {
    matches!(
        fate,
        Fate::Held(HeldReason::Gap | HeldReason::UnknownFormat | HeldReason::Revoked)
    )
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Trigger(Trigger),
    /// Nobody looks: retries go on, news is not asked for.
    Hidden,
    WentOffline,
    SignedIn,
    /// What the log says anew, since another tab may have gone on: what of everything was read, and [`Start::held`].
    Reread {
        load: Load,
        held: Option<Place>,
    },
    /// All that is here was looked through, and what is not of this device's scope let go of.
    Swept,
    /// Whether head office tells of news by itself.
    Live(bool),
    /// To [`Todo::Contact`], and proved to be head office's.
    Contacted(Contacted),
    /// To [`Todo::StartChain`].
    ChainStarted,
    /// To [`Todo::LoadWithdrawals`]: those that head office may not have yet, all of them.
    Withdrawals(Vec<Bytes>),
    /// To [`Todo::Withdraw`].
    WithdrawAnswered(Pushed),
    /// To [`Todo::LoadOwed`] or [`Todo::LoadOwn`]: envelopes of one chain by sequence, and the place of
    /// the last one that was written here.
    Owed {
        envelopes: Vec<Envelope>,
        head: Place,
    },
    /// To [`Todo::LoadCopy`]: its name and what lies there; none: there is no further one.
    Copy(Option<(String, Bytes)>),
    /// To [`Todo::HandIn`].
    HandedIn(Pushed),
    /// To [`Todo::Push`].
    PushAnswered(Pushed),
    /// To [`Todo::Settle`].
    Settled,
    /// To [`Todo::KeepEpoch`].
    EpochKept,
    /// To [`Todo::Pull`].
    PullAnswered(Page),
    /// To [`Todo::TakeIn`]: stored, and where the log has read to.
    TakenIn {
        cursor: Cursor,
    },
    /// To [`Todo::TakeIn`]: another tab was first, or something was saved here. How far the log has read, by both.
    Conflict {
        cursor: Cursor,
        load: Load,
    },
    /// To whatever is under way.
    Failed(Failure),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Something was saved here.
    Sent,
    Online,
    Visible,
    /// Head office has something new.
    News,
    Timer,
}

/// Why something could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// No answer.
    Network,
    /// The server answered that it cannot (5xx, 429).
    Server,
    /// The same, and for how long it is not to be asked (429 or 503 with `Retry-After`).
    Busy { retry_after_s: u64 },
    /// The token has ended (401): contact anew.
    SignedOut,
    /// Head office does not know this device: somebody has to sign in (403).
    NotEnrolled,
    /// The push is larger than somebody on the way allows (413).
    TooLarge,
    /// An answer that is none.
    Malformed,
    /// The device's own log could not read or write.
    Storage,
}

impl Failure {
    /// For how long head office is to be left alone, since it said so: what it may ask for is bounded, so that a
    /// wrong answer keeps nobody away. `chance` spreads those who were all told the same.
    pub const fn quiet_ms(self, chance: u64) -> Option<u64> {
        match self {
            Self::Busy { retry_after_s } => {
                let asked_ms = retry_after_s.saturating_mul(1_000);
                let ms = asked_ms.saturating_add(chance % (asked_ms / 10 + 1));
                Some(if ms < BACKOFF_MAX_MS {
                    ms
                } else {
                    BACKOFF_MAX_MS
                })
            }
            Self::Network
            | Self::Server
            | Self::SignedOut
            | Self::NotEnrolled
            | Self::TooLarge
            | Self::Malformed
            | Self::Storage => None,
        }
    }
}

/// What to do next. Each is answered by one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Todo {
    /// Open a contact. `forked`: head office holds envelopes of the chain this device writes in as a fork.
    Contact {
        forked: bool,
    },
    /// Write in this chain from now on.
    StartChain(NewChain),
    /// Read what this device takes back.
    LoadWithdrawals,
    /// Send them; those of what it was before it lost its key in a rescue file.
    Withdraw(Vec<Bytes>),
    /// Read the oldest envelopes without a receipt.
    LoadOwed {
        max_bytes: usize,
    },
    /// Read this device's own envelopes behind `after` in its chain, with a receipt or without.
    LoadOwn {
        after: Place,
        max_bytes: usize,
    },
    /// Read the first copy behind this name of what this device wrote in cases that it let go of.
    LoadCopy {
        after: String,
    },
    /// Bring it to head office as a rescue file.
    HandIn(Bytes),
    /// Send it; what names another device, as a rescue file: this one wrote it before it lost its key.
    Push(Push),
    /// Store these receipts.
    Settle(Vec<Receipt>),
    /// Store that a server of this epoch has everything: [`Start::filled`] of the next client.
    KeepEpoch(u64),
    Pull(Ask),
    /// Store this page, the cursor behind it, and what of everything was read then, in one transaction; if the log
    /// says of that something else than before, that is a conflict.
    TakeIn {
        page: Page,
        loads: Box<Loads>,
    },
    /// Ask a person to sign in; answered by [`Input::SignedIn`], whenever that is.
    SignInAgain,
}

/// A place in this device's chains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub chain: u32,
    pub sequence: u64,
}

impl Place {
    fn after(self) -> Self {
        Self {
            sequence: self.sequence + 1,
            ..self
        }
    }

    fn before(self) -> Self {
        Self {
            sequence: self.sequence.saturating_sub(1),
            ..self
        }
    }
}

/// For the line that says how things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing to do since then, when the server was last heard; none: not heard yet.
    Idle {
        since: Option<Elapsed>,
    },
    Sending,
    Receiving,
    /// What was there before this device came.
    Loading(Progress),
    Waiting {
        retry_at: Elapsed,
        why: Failure,
    },
    Offline,
    SignedOut,
}

/// The device's side of the protocol.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "things of the world that are so or not, each for itself"
)]
pub struct Client {
    device: DeviceId,
    cursor: Cursor,
    load: Load,
    /// The same as the log has it.
    stored: Load,
    /// Something new is asked for before history is.
    news: bool,
    /// The epoch of the server that is known to have everything; zero: none yet.
    filled: u64,
    /// The epoch that a walk over all own envelopes fills up.
    filling: Option<u64>,
    /// While one is filled up: the last copy that was handed in, before the walk; none: all were.
    copies: Option<String>,
    step: Step,
    /// When the step under way counts as failed.
    deadline: Elapsed,
    next: Option<Todo>,
    /// Until when head office is left alone, since it said so, and what it said.
    quiet: Option<(Elapsed, Failure)>,
    contact: Lane,
    /// Until when the contact lasts; none: it has to be opened.
    in_contact_until: Option<Elapsed>,
    /// The epoch of the server that the contact is with.
    contact_epoch: u64,
    /// What may be read, as told at the last contact.
    scope: Option<Scope>,
    /// Of the chain that this device writes in, head office holds something as a fork.
    forked: bool,
    withdraw: Lane,
    push: Lane,
    pull: Lane,
    /// Where pushing goes on; none: with the oldest that is owed.
    walk: Option<Place>,
    /// When to come back to those that were passed over, and why they were.
    revisit: Option<(Elapsed, Failure)>,
    /// The oldest that was held and may be released, and when to ask again: by then it may have been.
    recheck: Option<(Elapsed, Place)>,
    n_max: usize,
    /// Since the last page was taken in.
    n_conflicts: u32,
    online: bool,
    visible: bool,
    live: bool,
    signed_in: bool,
    heard: Option<Elapsed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Rest,
    Contacting,
    StartingChain,
    LoadingWithdrawals,
    Withdrawing,
    SettlingWithdrawn,
    LoadingCopy,
    HandingIn(String),
    /// Behind this place, or what is owed.
    Loading(Option<Place>),
    Pushing(Batch),
    Settling {
        all_answered: bool,
        gap: Option<Place>,
        batch: Batch,
    },
    KeepingEpoch(u64),
    Pulling(Ask),
    /// As asked for, with whether more of it is there and what will have been read then.
    TakingIn(Ask, bool, Load),
}

/// Which lane's patience a failure is about.
enum LaneOf {
    Contact,
    Withdraw,
    Push,
    Pull,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Batch {
    /// This one, or what it was before it lost its key.
    device: DeviceId,
    chain: u32,
    sent: Vec<(u64, Hash)>,
    n_bytes: usize,
    last: Place,
    /// Whether it is of the chain that this device writes in.
    is_current: bool,
    /// Where the walk stood when it was loaded; if it stands elsewhere now, it began anew meanwhile.
    walk: Option<Place>,
}

/// Pushing or pulling, with its own patience.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lane {
    pub(crate) wanted: bool,
    /// When it becomes wanted by itself.
    pub(crate) due: Option<Elapsed>,
    n_failures: u32,
    retry: Option<(Elapsed, Failure)>,
}

impl Lane {
    pub(crate) fn is_ready(&self, now: Elapsed) -> bool {
        (self.wanted || self.due.is_some_and(|it| it <= now))
            && self.retry.is_none_or(|(at, _)| at <= now)
    }

    pub(crate) fn begin(&mut self) {
        self.wanted = false;
        self.due = None;
    }

    pub(crate) fn succeed(&mut self) {
        self.n_failures = 0;
        self.retry = None;
    }

    /// Full jitter: anything up to twice as long as the last time.
    pub(crate) fn fail(&mut self, why: Failure, now: Elapsed, chance: u64) {
        self.wanted = true;
        self.n_failures = self.n_failures.saturating_add(1);
        let most = BACKOFF_MIN_MS
            .checked_shl(self.n_failures.min(16))
            .map_or(BACKOFF_MAX_MS, |it| it.min(BACKOFF_MAX_MS));
        self.retry = Some((
            now.after(BACKOFF_MIN_MS + chance % (most - BACKOFF_MIN_MS + 1)),
            why,
        ));
    }

    pub(crate) fn hurry(&mut self) {
        self.wanted = true;
        self.succeed();
    }

    pub(crate) fn wakes_at(&self) -> Option<Elapsed> {
        match self.retry {
            Some((at, _)) if self.wanted || self.due.is_some() => Some(at),
            _ => self.due,
        }
    }
}

impl Client {
    /// Does nothing before its first trigger.
    pub fn new(start: Start) -> Self {
        let wanted = Lane {
            wanted: true,
            ..Lane::default()
        };
        Self {
            device: start.device,
            cursor: start.cursor,
            stored: start.load.clone(),
            load: start.load,
            news: true,
            filled: start.filled,
            filling: None,
            copies: None,
            step: Step::Rest,
            deadline: Elapsed(0),
            next: None,
            quiet: None,
            contact: Lane::default(),
            in_contact_until: None,
            contact_epoch: 0,
            scope: None,
            forked: false,
            withdraw: wanted.clone(),
            push: wanted.clone(),
            pull: wanted,
            walk: None,
            revisit: None,
            recheck: start.held.map(|it| (Elapsed(0), it)),
            n_max: usize::MAX,
            n_conflicts: 0,
            online: true,
            visible: false,
            live: false,
            signed_in: true,
            heard: None,
        }
    }

    /// Takes in what happened. `chance` is 64 random bits, for waiting times that differ between devices.
    pub fn handle(&mut self, input: Input, now: Elapsed, chance: u64) {
        self.quiet = self.quiet.filter(|(until, _)| now < *until);
        match input {
            Input::Trigger(it) => self.trigger(it, now, chance),
            Input::Hidden => {
                self.visible = false;
                self.pull.due = None;
            }
            Input::WentOffline => self.online = false,
            Input::Live(live) => {
                self.live = live;
                if !live && self.visible {
                    // What was not told is looked for.
                    self.pull.due = Some(now.after(chance % BACKOFF_MIN_MS));
                }
            }
            Input::SignedIn => {
                self.signed_in = true;
                // Whoever came may read more.
                self.in_contact_until = None;
                self.hurry();
            }
            Input::Reread { load, held } => {
                if !matches!(self.step, Step::Pulling(_) | Step::TakingIn(..)) {
                    self.reread(load);
                }
                let (at, oldest) = self.recheck.unzip();
                let oldest = oldest.into_iter().chain(held).min();
                self.recheck = oldest.map(|it| (at.unwrap_or_default(), it));
            }
            Input::Swept => self.load.swept(),
            Input::Contacted(answer) => self.contacted(answer, now),
            Input::ChainStarted => {
                if self.step == Step::StartingChain {
                    self.step = Step::Rest;
                }
            }
            Input::Withdrawals(them) => self.withdrawals(them, now),
            Input::WithdrawAnswered(answer) => self.withdraw_answered(answer, now, chance),
            Input::Owed { envelopes, head } => self.loaded(&envelopes, head, now),
            Input::Copy(copy) => self.copy_loaded(copy, now),
            Input::HandedIn(answer) => self.handed_in(&answer, now),
            Input::PushAnswered(answer) => self.push_answered(answer, now, chance),
            Input::Settled => self.settled(now),
            Input::EpochKept => {
                if let Step::KeepingEpoch(epoch) = self.step {
                    self.filled = epoch;
                    self.step = Step::Rest;
                }
            }
            Input::PullAnswered(page) => self.pull_answered(page, now, chance),
            Input::TakenIn { cursor } => self.taken_in(cursor, now, chance),
            Input::Conflict { cursor, load } => self.conflict(cursor, load, now, chance),
            Input::Failed(why) => self.failed(why, now, chance),
        }
        self.advance(now);
    }

    /// What is to be done, once.
    pub fn poll(&mut self) -> Option<Todo> {
        self.next.take()
    }

    /// When to come back with [`Trigger::Timer`], if nothing happens before.
    pub fn next_timeout(&self) -> Option<Elapsed> {
        if self.step != Step::Rest {
            return Some(self.deadline);
        }
        if !self.online || !self.signed_in {
            return None;
        }
        if let Some((until, _)) = self.quiet {
            return Some(until);
        }
        let revisit = self.revisit.map(|(at, _)| at);
        let recheck = self
            .recheck
            .filter(|_| self.walk.is_none())
            .map(|(at, _)| at);
        let lanes = [&self.withdraw, &self.push, &self.pull];
        let push = self
            .push
            .wakes_at()
            .filter(|_| !self.has_to_tell_before_it_fills());
        let wakes = [self.withdraw.wakes_at(), push, self.pull.wakes_at()];
        let next = wakes.into_iter().chain([revisit, recheck]).flatten().min();
        match self.contact.retry {
            // Without a contact nothing can be done before the next try to open one.
            Some((at, _)) if lanes.into_iter().any(|it| it.wanted) => Some(at),
            Some((at, _)) => next.map(|it| it.max(at)),
            None => next,
        }
    }

    /// A restored server would pass on once more what was taken back, were that pushed before it is told.
    fn has_to_tell_before_it_fills(&self) -> bool {
        self.filling.is_some() && self.walk.is_some() && self.withdraw.wanted
    }

    fn is_in_contact(&self, now: Elapsed) -> bool {
        self.in_contact_until.is_some_and(|it| now < it)
    }

    /// Whether nothing is under way, and head office is known to have what this device ever brought: the moment
    /// to let go of something.
    pub fn is_at_rest(&self) -> bool {
        self.step == Step::Rest
            && self.heard.is_some()
            && self.filling.is_none()
            && self.filled == self.contact_epoch
            && self.load.is_done()
    }

    /// Whether the open cases have been read, so that an empty list says that nothing is to do.
    pub const fn knows_open(&self) -> bool {
        self.load.is_current()
    }

    /// Whether cases may be here that are not of this device's scope, so that they are to be let go of.
    pub const fn has_others(&self) -> bool {
        self.load.has_others()
    }

    pub fn status(&self) -> Status {
        if !self.signed_in {
            return Status::SignedOut;
        }
        if !self.online {
            return Status::Offline;
        }
        match self.step {
            Step::Pushing(_) | Step::HandingIn(_) | Step::Settling { .. } | Step::Withdrawing => {
                return Status::Sending;
            }
            Step::Pulling(_) | Step::TakingIn(..) if self.load.is_done() => {
                return Status::Receiving;
            }
            Step::Pulling(_)
            | Step::TakingIn(..)
            | Step::Rest
            | Step::Contacting
            | Step::StartingChain
            | Step::LoadingWithdrawals
            | Step::SettlingWithdrawn
            | Step::LoadingCopy
            | Step::Loading(_)
            | Step::KeepingEpoch(_) => {}
        }
        let waits = [&self.contact, &self.push, &self.withdraw, &self.pull].map(|it| it.retry);
        let waits = [self.quiet].into_iter().chain(waits).flatten();
        match waits.chain(self.revisit).next() {
            Some((retry_at, why)) => Status::Waiting { retry_at, why },
            None => match self.load.progress().filter(|_| self.heard.is_some()) {
                Some(it) => Status::Loading(it),
                None => Status::Idle { since: self.heard },
            },
        }
    }

    fn trigger(&mut self, trigger: Trigger, now: Elapsed, chance: u64) {
        match trigger {
            Trigger::Sent => {
                self.push.wanted = true;
                self.withdraw.wanted = true;
            }
            Trigger::Online => {
                self.online = true;
                self.hurry();
            }
            // Some browsers forget to say that they are online again: looking is worth a try.
            Trigger::Visible => {
                self.online = true;
                self.visible = true;
                self.hurry();
            }
            Trigger::News => {
                self.news |= self.visible;
                self.pull.wanted |= self.visible;
            }
            Trigger::Timer => {
                if self.step != Step::Rest && self.deadline <= now {
                    self.failed(Failure::Network, now, chance);
                }
                if self.revisit.is_some_and(|(at, _)| at <= now) {
                    self.start_over();
                }
            }
        }
    }

    fn hurry(&mut self) {
        self.start_over();
        self.recheck = self.recheck.map(|(_, place)| (Elapsed(0), place));
        self.contact.succeed();
        self.withdraw.hurry();
        self.push.hurry();
        self.news = true;
        self.pull.hurry();
    }

    /// Begins again with those that were passed over.
    fn start_over(&mut self) {
        if self.revisit.take().is_some() {
            self.walk = self.filling.map(|_| Place::default());
            self.copies = self.filling.map(|_| String::new());
            self.push.wanted = true;
        }
    }

    fn advance(&mut self, now: Elapsed) {
        let may_ask = self.online && self.signed_in && self.quiet.is_none();
        if self.step != Step::Rest || !may_ask {
            return;
        }
        if let Some((_, place)) = self
            .recheck
            .filter(|(at, _)| *at <= now && self.walk.is_none())
        {
            self.recheck = Some((now.after(BACKOFF_MAX_MS), place));
            self.walk = Some(place.before());
            self.push.wanted = true;
        }
        let lanes = [&self.withdraw, &self.push, &self.pull];
        if !lanes.into_iter().any(|it| it.is_ready(now)) {
            return;
        }
        if !self.is_in_contact(now) {
            if self.contact.retry.is_none_or(|(at, _)| at <= now) {
                let forked = self.forked;
                self.begin(Step::Contacting, now, Todo::Contact { forked });
            }
        } else if self.withdraw.is_ready(now) {
            self.withdraw.begin();
            self.begin(Step::LoadingWithdrawals, now, Todo::LoadWithdrawals);
        } else if self.push.is_ready(now) && !self.has_to_tell_before_it_fills() {
            self.push.begin();
            if let Some(after) = self.copies.clone() {
                return self.begin(Step::LoadingCopy, now, Todo::LoadCopy { after });
            }
            self.begin(
                Step::Loading(self.walk),
                now,
                match self.walk {
                    None => Todo::LoadOwed {
                        max_bytes: PUSH_BYTES,
                    },
                    Some(after) => Todo::LoadOwn {
                        after,
                        max_bytes: PUSH_BYTES,
                    },
                },
            );
        } else if self.pull.is_ready(now) {
            self.news |= self.pull.due.is_some_and(|it| it <= now);
            self.pull.begin();
            if self.scope.is_none() {
                // Now and then it asks whether it may read by now.
                self.in_contact_until = None;
                self.pull.succeed();
                self.pull.due = Some(now.after(BACKOFF_MAX_MS));
            } else if let Some(ask) = self.load.ask(self.news) {
                self.news &= !matches!(ask, Ask::News { .. });
                self.begin(Step::Pulling(ask), now, Todo::Pull(ask));
            }
        }
    }

    fn begin(&mut self, step: Step, now: Elapsed, todo: Todo) {
        self.step = step;
        self.deadline = now.after(ANSWER_MS);
        self.next = Some(todo);
    }

    fn contacted(&mut self, answer: Contacted, now: Elapsed) {
        if self.step != Step::Contacting {
            return;
        }
        self.step = Step::Rest;
        self.contact.succeed();
        self.forked = false;
        self.heard = Some(now);
        // Renewed early enough that what is under way then still ends within it.
        let lasts_ms = u64::from(answer.lasts_s) * 1_000;
        self.in_contact_until = Some(now.after(lasts_ms.saturating_sub(ANSWER_MS).max(1)));
        self.contact_epoch = answer.epoch;
        self.meet_epoch(answer.epoch);
        // Until somebody has signed in on a device, it sends and does not read.
        self.scope = Some(answer.scope).filter(|it| !it.is_nobodys());
        self.meet_scope();
        if let Some(new_chain) = answer.new_chain {
            self.begin(Step::StartingChain, now, Todo::StartChain(new_chain));
        }
    }

    fn reread(&mut self, load: Load) {
        self.stored = load.clone();
        self.load = load;
        self.meet_scope();
    }

    /// What was read is of the scope and the log that the contact is with, or is read anew.
    fn meet_scope(&mut self) {
        if let Some(scope) = &self.scope {
            self.load.meet(scope, self.contact_epoch);
            self.pull.wanted |= !self.load.is_current();
        }
    }

    fn withdrawals(&mut self, them: Vec<Bytes>, now: Elapsed) {
        if self.step != Step::LoadingWithdrawals {
            return;
        }
        self.step = Step::Rest;
        if them.is_empty() {
            return self.withdraw.succeed();
        }
        self.begin(Step::Withdrawing, now, Todo::Withdraw(them));
    }

    fn withdraw_answered(&mut self, answer: Pushed, now: Elapsed, chance: u64) {
        if self.step != Step::Withdrawing {
            return;
        }
        // Some may be of what this device was before: the log knows its own.
        let receipts = answer.receipts;
        if receipts.is_empty() {
            return self.failed(Failure::Malformed, now, chance);
        }
        self.withdraw.succeed();
        self.heard = Some(now);
        self.meet_epoch(answer.epoch);
        self.begin(Step::SettlingWithdrawn, now, Todo::Settle(receipts));
    }

    /// Copies go before what is still in the log: they stand before it in their chains, for the most part.
    fn copy_loaded(&mut self, copy: Option<(String, Bytes)>, now: Elapsed) {
        if self.step != Step::LoadingCopy {
            return;
        }
        self.step = Step::Rest;
        if let Some((name, sealed)) = copy {
            self.begin(Step::HandingIn(name), now, Todo::HandIn(sealed));
        } else {
            self.copies = None;
            self.push.wanted = true;
        }
    }

    fn handed_in(&mut self, answer: &Pushed, now: Elapsed) {
        let Step::HandingIn(name) = &self.step else {
            return;
        };
        self.copies = Some(name.clone());
        self.step = Step::Rest;
        self.push.succeed();
        self.push.wanted = true;
        self.heard = Some(now);
        self.meet_epoch(answer.epoch);
    }

    fn loaded(&mut self, envelopes: &[Envelope], head: Place, now: Elapsed) {
        let Step::Loading(walk) = self.step else {
            return;
        };
        self.step = Step::Rest;
        let Some(first) = envelopes.first() else {
            // It may have begun anew meanwhile, and then with the copies.
            if walk == self.walk && self.copies.is_none() {
                self.nothing_loaded(head, now);
            } else {
                self.push.wanted = true;
            }
            return;
        };
        let (device, chain) = (first.header().device, first.header().chain);
        let is_current = head.chain == chain && device == self.device;
        let mut batch = Batch {
            device,
            chain,
            sent: Vec::new(),
            n_bytes: 0,
            last: Place { chain, sequence: 0 },
            is_current,
            walk,
        };
        let mut bytes = Vec::new();
        for it in envelopes
            .iter()
            .take_while(|it| it.header().chain == chain && it.header().device == device)
            .take(self.n_max)
        {
            batch.sent.push((it.header().sequence, it.hash()));
            batch.last.sequence = it.header().sequence;
            let envelope = it.to_bytes();
            batch.n_bytes += envelope.len();
            bytes.push(Bytes(envelope));
        }
        let head = if is_current {
            head.sequence.max(batch.last.sequence)
        } else {
            batch.last.sequence
        };
        let push = Push {
            device,
            chain,
            head,
            envelopes: bytes,
            epoch: Some(self.contact_epoch),
        };
        self.begin(Step::Pushing(batch), now, Todo::Push(push));
    }

    /// The end of a chain, of a walk, or of what is owed.
    fn nothing_loaded(&mut self, head: Place, now: Elapsed) {
        let Some(walk) = &mut self.walk else {
            return self.push.succeed();
        };
        if walk.chain < head.chain {
            let next = Place {
                chain: walk.chain + 1,
                sequence: 0,
            };
            let first = next.after();
            self.recheck = self
                .recheck
                .map(|(at, it)| (at, if it > *walk { it.max(first) } else { it }));
            *walk = next;
            self.push.wanted = true;
        } else if self.revisit.is_none() {
            // What was saved meanwhile stands behind the walk or is owed: ask once more.
            self.walk = None;
            self.push.wanted = true;
            self.recheck = self.recheck.filter(|(_, it)| *it <= head);
            if let Some(epoch) = self.filling.take() {
                self.begin(Step::KeepingEpoch(epoch), now, Todo::KeepEpoch(epoch));
            }
        } else {
            self.push.succeed();
        }
    }

    fn push_answered(&mut self, answer: Pushed, now: Elapsed, chance: u64) {
        let Step::Pushing(batch) = &self.step else {
            return;
        };
        let batch = batch.clone();
        if answer.receipts.is_empty() && answer.epoch != self.contact_epoch {
            self.step = Step::Rest;
            self.push.wanted = true;
            return self.meet_epoch(answer.epoch);
        }
        let (device, chain) = (batch.device, batch.chain);
        let mut unanswered = batch.sent.clone();
        let mut believed = answer.receipts;
        believed.retain(|it| {
            let seat = unanswered
                .iter()
                .position(|sent| *sent == (it.sequence, it.hash));
            match seat {
                Some(seat) if it.device == device && it.chain == chain => {
                    unanswered.remove(seat);
                    true
                }
                _ => false,
            }
        });
        if believed.is_empty() {
            return self.failed(Failure::Malformed, now, chance);
        }
        self.push.succeed();
        self.heard = Some(now);
        self.meet_epoch(answer.epoch);
        let held = |it: &&Receipt| may_be_released(it.fate);
        let is_fork = |it: &Receipt| it.fate == Fate::Held(HeldReason::Fork);
        if batch.is_current && believed.iter().any(is_fork) {
            // The chain goes on elsewhere: a new one is needed before anything else is written.
            self.forked = true;
            self.in_contact_until = None;
        }
        let gap = believed.iter().find(held).map(|it| Place {
            chain,
            sequence: it.sequence,
        });
        let all_answered = unanswered.is_empty();
        self.begin(
            Step::Settling {
                all_answered,
                gap,
                batch,
            },
            now,
            Todo::Settle(believed),
        );
    }

    fn settled(&mut self, now: Elapsed) {
        if self.step == Step::SettlingWithdrawn {
            self.step = Step::Rest;
            return;
        }
        let Step::Settling {
            all_answered,
            gap,
            ref batch,
        } = self.step
        else {
            return;
        };
        let (last, walk) = (batch.last, batch.walk);
        self.step = Step::Rest;
        self.push.wanted = true;
        self.n_max = self.n_max.saturating_mul(2);
        self.note_gap(
            gap,
            walk.filter(|_| all_answered && walk == self.walk),
            last,
            now,
        );
        if walk != self.walk {
            return;
        }
        if !all_answered {
            self.pass_over(last, Failure::Malformed, now);
        } else if walk.is_some() {
            self.walk = Some(last);
        }
    }

    /// Remembers the oldest that may be released, and forgets those before it as the walk has passed them.
    fn note_gap(&mut self, gap: Option<Place>, walk: Option<Place>, last: Place, now: Elapsed) {
        let passed =
            |(_, oldest): (Elapsed, Place)| walk.is_some_and(|it| it < oldest) && oldest <= last;
        self.recheck = match (gap, self.recheck) {
            (Some(gap), Some(recheck)) if !passed(recheck) => Some((recheck.0, recheck.1.min(gap))),
            (Some(gap), _) => Some((now.after(BACKOFF_MAX_MS), gap)),
            (None, Some(recheck)) if passed(recheck) => Some((recheck.0, last.after())),
            (None, recheck) => recheck,
        };
    }

    /// Goes on behind `last` and comes back later.
    fn pass_over(&mut self, last: Place, why: Failure, now: Elapsed) {
        self.walk = Some(last);
        self.revisit.get_or_insert((now.after(BACKOFF_MAX_MS), why));
    }

    /// A server of another epoch lost its log or was restored from a backup: whatever this device wrote
    /// is pushed again, receipt or not.
    fn meet_epoch(&mut self, epoch: u64) {
        if epoch != self.contact_epoch {
            // It may not know in which chains this device writes, and give them to a clone.
            self.in_contact_until = None;
        }
        if epoch != self.filled && self.filling != Some(epoch) {
            self.filling = Some(epoch);
            self.copies = Some(String::new());
            self.walk = Some(Place::default());
            self.push.wanted = true;
            // What was taken back is told first, so that nobody passes it on when it comes again.
            self.withdraw.wanted = true;
        }
    }

    fn pull_answered(&mut self, page: Page, now: Elapsed, chance: u64) {
        let Step::Pulling(ask) = self.step else {
            return;
        };
        if page.from.epoch != self.contact_epoch {
            // Restored since the contact: it is opened anew, and then everything is read anew.
            self.step = Step::Rest;
            self.pull.wanted = true;
            return self.meet_epoch(page.from.epoch);
        }
        if !load::answers(ask, &page) {
            return self.failed(Failure::Malformed, now, chance);
        }
        self.heard = Some(now);
        let more = page.more;
        let mut load = self.load.clone();
        let next = load.take(ask, &page);
        // Another tab may have read further.
        let next =
            next.filter(|it| it.epoch != self.cursor.epoch || it.position > self.cursor.position);
        let next = next.unwrap_or(self.cursor);
        let from = if next.epoch == self.cursor.epoch {
            self.cursor
        } else {
            Cursor {
                position: 0,
                ..next
            }
        };
        let page = Page { from, next, ..page };
        let loads = Box::new(Loads {
            before: self.stored.clone(),
            after: load.clone(),
        });
        self.begin(
            Step::TakingIn(ask, more, load),
            now,
            Todo::TakeIn { page, loads },
        );
    }

    fn taken_in(&mut self, cursor: Cursor, now: Elapsed, chance: u64) {
        self.cursor = cursor;
        let Step::TakingIn(ask, more, ref load) = self.step else {
            return;
        };
        let load = load.clone();
        self.step = Step::Rest;
        let was_current = self.load.is_current();
        self.stored = load.clone();
        self.load = load;
        self.n_conflicts = 0;
        self.pull.succeed();
        self.news |= matches!(ask, Ask::News { .. }) && more;
        self.news |= !was_current && self.load.is_current();
        // History has time until somebody looks.
        self.pull.wanted |=
            self.news || !self.load.is_current() || (self.visible && !self.load.is_done());
        if self.visible {
            let every_ms = if self.live {
                PULL_EVERY_LIVE_MS
            } else {
                PULL_EVERY_MS
            };
            let spread = chance % (every_ms / 5 + 1);
            self.pull.due = Some(now.after(every_ms - every_ms / 10 + spread));
        }
    }

    fn conflict(&mut self, cursor: Cursor, load: Load, now: Elapsed, chance: u64) {
        if !matches!(self.step, Step::TakingIn(..)) {
            return;
        }
        // A page may also meet something that was saved here meanwhile: once, asking again is enough.
        let again = self.cursor != cursor || self.stored != load || self.n_conflicts == 0;
        self.cursor = cursor;
        self.reread(load);
        self.n_conflicts = self.n_conflicts.saturating_add(1);
        if again {
            self.step = Step::Rest;
            self.news = true;
            self.pull.wanted = true;
        } else {
            self.failed(Failure::Storage, now, chance);
        }
    }

    fn failed(&mut self, why: Failure, now: Elapsed, chance: u64) {
        if self.step == Step::Rest {
            return;
        }
        let step = std::mem::replace(&mut self.step, Step::Rest);
        self.next = None;
        let quiet = why.quiet_ms(chance).map(|ms| (now.after(ms), why));
        self.quiet = quiet.or(self.quiet);
        let lane_of = match step {
            Step::Rest => LaneOf::Pull,
            Step::Pulling(ask) | Step::TakingIn(ask, ..) => {
                self.news |= matches!(ask, Ask::News { .. });
                LaneOf::Pull
            }
            Step::Contacting => LaneOf::Contact,
            Step::StartingChain => {
                self.in_contact_until = None;
                LaneOf::Contact
            }
            Step::LoadingWithdrawals | Step::Withdrawing | Step::SettlingWithdrawn => {
                LaneOf::Withdraw
            }
            // The log may have stored the receipts all the same.
            Step::Settling { gap, ref batch, .. } => {
                self.note_gap(gap, None, batch.last, now);
                LaneOf::Push
            }
            Step::LoadingCopy | Step::HandingIn(_) | Step::Loading(_) | Step::Pushing(_) => {
                LaneOf::Push
            }
            Step::KeepingEpoch(epoch) => {
                self.filling = Some(epoch);
                self.walk = Some(Place::default());
                LaneOf::Push
            }
        };
        let lane = match lane_of {
            LaneOf::Contact => &mut self.contact,
            LaneOf::Withdraw => &mut self.withdraw,
            LaneOf::Push => &mut self.push,
            LaneOf::Pull => &mut self.pull,
        };
        if why == Failure::NotEnrolled {
            lane.wanted = true;
            self.in_contact_until = None;
            self.signed_in = false;
            self.next = Some(Todo::SignInAgain);
            return;
        }
        if why == Failure::SignedOut {
            self.in_contact_until = None;
        }
        if let Step::HandingIn(name) = &step
            && is_about_what_was_sent(why)
        {
            // It must not stop those behind it.
            self.copies = Some(name.clone());
            self.revisit.get_or_insert((now.after(BACKOFF_MAX_MS), why));
        }
        // An envelope that the server chokes on must not stop those behind it: halve until it is alone.
        if let Step::Pushing(batch) = step {
            match why {
                Failure::TooLarge | Failure::Server | Failure::Malformed => {
                    self.n_max = (batch.sent.len() / 2).max(1);
                    if batch.sent.len() == 1 && batch.walk == self.walk {
                        self.pass_over(batch.last, why, now);
                    }
                    if why == Failure::TooLarge {
                        self.push.wanted = true;
                        return;
                    }
                }
                Failure::Network if batch.n_bytes > SMALL_PUSH_BYTES => {
                    self.n_max = (batch.sent.len() / 2).max(1);
                }
                Failure::Network
                | Failure::Busy { .. }
                | Failure::SignedOut
                | Failure::NotEnrolled
                | Failure::Storage => {}
            }
            self.push.fail(why, now, chance);
        } else {
            lane.fail(why, now, chance);
        }
    }
}

/// Whether it may be for what was sent that it was not taken.
const fn is_about_what_was_sent(why: Failure) -> bool {
    match why {
        Failure::TooLarge | Failure::Server | Failure::Malformed => true,
        Failure::Network
        | Failure::Busy { .. }
        | Failure::SignedOut
        | Failure::NotEnrolled
        | Failure::Storage => false,
    }
}

#[cfg(test)]
mod tests;
