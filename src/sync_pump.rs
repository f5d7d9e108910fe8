//! Drives the sync client with the network and the log. Knows no page and no rule.
//!
//! Woken after a send, on coming online, on becoming visible, and by the client's own timer. The tab that
//! somebody looks at pumps: it takes over when it becomes visible, and the log's fencing number keeps a
//! frozen tab from writing behind its back.

use std::collections::{BTreeMap, BTreeSet};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use gloo::events::EventListener;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::envelope::{Envelope, EnvelopeError, Fate, Receipt};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::CaseId;
use shouwen_domain::scope::{Concerned, Scope};
use shouwen_domain::signature::Context;
use shouwen_domain::summary::Summary;
use shouwen_domain::{Case, Rules};
use shouwen_store::{
    CaseIn, Conflict, Cursor, Entry, Fault, Fence, Files, Log, NamedRecord, RowMark, Section,
    TakeIn, WriteError,
};
use shouwen_sync::client::{
    BACKOFF_MIN_MS, Client, Elapsed, Failure, Input, Load, Loads, Place, Start, Todo, Trigger,
    may_be_released,
};
use shouwen_sync::message::{
    self, Ask, BackedUp, Bytes, NewChain, Page, PageEntry, Pull, Push, Pushed, Withdraw,
};

use crate::browser;
use crate::browser::http::{self, HttpError};
use crate::browser::live::Listening;
use crate::desk::{
    ContactError, Desk, Erasures, Looked, OutOfScope, RescueError, author, projection,
};

/// Writes since the last compaction from which the next one is worth it.
const JOURNAL_IS_LONG: u64 = 64;
/// It is not put away while somebody works: nothing was saved for so long.
const QUIET_MS: u64 = 1_000;
/// So long a page is read at a time before somebody else has a turn.
const PIECE_MS: u64 = 8;
/// The longest sleep without looking at the client again.
const MAX_SLEEP_MS: u64 = 60_000;
/// Own acts looked through for one that waits for another.
const N_FATES: usize = 1;
const FILLED: &str = "filled";
/// What of everything was read, stored with the page that it tells of.
const LOAD: &str = "load";
/// Two windows side by side take over from one another; a write tries this often before it waits its turn.
const MAX_TAKE_OVERS: u32 = 8;
/// What may go is looked for so long after the page was opened, and from the end of one time to the next.
const LET_GO_EVERY_MS: u64 = 60 * 60 * 1_000;
const FIRST_LET_GO_MS: u64 = 60_000;
/// In between whoever works here gets a turn.
const LET_GO_PAUSE_MS: u64 = 100;

/// How often a locked device asks head office who may come in.
const LOCKED_EVERY_MS: u64 = 5 * 60 * 1_000;
/// What it waits after failures doubles so often.
const LOCKED_MAX_DOUBLINGS: u32 = 8;
/// Statements in one request.
const WITHDRAWALS: usize = 256;

/// What wakes the pump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    Sent,
    SignedIn,
    /// Nobody's keys are here any more.
    Locked,
    Online,
    Offline,
    Visible,
    Hidden,
    /// Head office has something new.
    News,
    /// The stream of this number has ended, or was not begun: then head office may have said for how long not.
    Silence {
        n: u32,
        retry_after_s: Option<u64>,
    },
}

/// The pump's ear: give the sender to whoever has something to say.
pub fn channel() -> (UnboundedSender<Wake>, UnboundedReceiver<Wake>) {
    unbounded()
}

/// Listens to the browser and pumps until the page is closed.
pub fn start(desk: Desk, wake: UnboundedSender<Wake>, heard: UnboundedReceiver<Wake>) {
    listen(&wake);
    spawn_local(async move {
        match Pump::open(desk, wake).await {
            Ok(pump) => pump.run(heard).await,
            Err(fault) => desk.report(fault),
        }
    });
}

/// Tells what the browser says of network and window.
pub fn listen(wake: &UnboundedSender<Wake>) {
    let say = |wake: &UnboundedSender<Wake>, what: Wake| {
        // The pump ends with the page; nobody is left to hear.
        let _ = wake.unbounded_send(what);
    };
    let (online, offline, visible) = (wake.clone(), wake.clone(), wake.clone());
    let window = browser::window();
    EventListener::new(&window, "online", move |_| say(&online, Wake::Online)).forget();
    EventListener::new(&window, "offline", move |_| say(&offline, Wake::Offline)).forget();
    EventListener::new(&browser::document(), "visibilitychange", move |_| {
        say(
            &visible,
            if browser::is_visible() {
                Wake::Visible
            } else {
                Wake::Hidden
            },
        );
    })
    .forget();
}

/// Reads pages that come from elsewhere than head office, by the pump's own way.
#[cfg(feature = "bench")]
pub struct Reader(Pump);

#[cfg(feature = "bench")]
impl Reader {
    pub async fn open(desk: Desk) -> Result<Self, Fault> {
        Ok(Self(Pump::open(desk, channel().0).await?))
    }

    /// Where this device reads on stays as it is.
    pub async fn take_in(&mut self, page: Page) -> Result<(), String> {
        for _ in 0..MAX_TAKE_OVERS {
            let here = to_message(self.0.desk.cursor());
            let page = Page {
                from: here,
                next: here,
                ..page.clone()
            };
            match self.0.store(page, BTreeSet::new(), None).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(_)) => self.0.desk.catch_up().await,
                Err(Trouble::Failure(why)) => return Err(format!("{why:?}")),
                Err(Trouble::Fault(fault)) => return Err(format!("{fault:?}")),
            }
        }
        Err("others kept being first".to_owned())
    }

    pub async fn compact(&mut self) {
        self.0.compact().await;
    }
}

struct Pump {
    desk: Desk,
    client: Client,
    fence: Option<Fence>,
    /// Of the contact that is open.
    token: Option<String>,
    /// How far a verified backup reaches, as the contact said.
    backed_up: Vec<BackedUp>,
    /// What may be read, as told with it.
    scope: Option<Scope>,
    /// When to look next for cases to let go of, and where among the rows.
    let_go_at: Elapsed,
    /// Not before then is the journal put away.
    compact_at: Elapsed,
    looked_to: Option<RowMark>,
    /// The page behind the one that is stored.
    ahead: Option<Ahead>,
    wake: UnboundedSender<Wake>,
    /// While head office is listened to.
    listening: Option<Listening>,
    n_listened: u32,
    /// Not before then again.
    listen_at: Elapsed,
}

/// A page that is asked for in a contact.
#[derive(Clone, PartialEq, Eq)]
struct Asking {
    token: String,
    body: Vec<u8>,
}

impl Asking {
    async fn answer(&self) -> Result<Vec<u8>, HttpError> {
        http::post_bytes("/api/pull", Some(&self.token), &self.body).await
    }
}

struct Ahead {
    asking: Asking,
    answer: oneshot::Receiver<Result<Vec<u8>, HttpError>>,
}

impl Pump {
    async fn open(desk: Desk, wake: UnboundedSender<Wake>) -> Result<Self, Fault> {
        let client = new_client(&desk).await?;
        let first_ms = if client.has_others() {
            0
        } else {
            FIRST_LET_GO_MS
        };
        Ok(Self {
            desk,
            client,
            fence: None,
            token: None,
            backed_up: Vec::new(),
            scope: None,
            let_go_at: Elapsed(browser::elapsed().0 + first_ms),
            compact_at: Elapsed(0),
            looked_to: None,
            ahead: None,
            wake,
            listening: None,
            n_listened: 0,
            listen_at: Elapsed(0),
        })
    }

    async fn run(mut self, mut heard: UnboundedReceiver<Wake>) {
        self.tell_where_we_are();
        loop {
            if self.desk.is_locked() {
                if !self.bring_letters_while_locked(&mut heard).await {
                    return;
                }
                match new_client(&self.desk).await {
                    Ok(client) => self.client = client,
                    Err(fault) => self.desk.report(fault),
                }
                self.tell_where_we_are();
            }
            while let Some(todo) = self.client.poll() {
                let input = self.perform(todo).await;
                self.tell(input);
                if self.desk.is_locked() {
                    break;
                }
                // What was said meanwhile counts before the next step.
                while let Ok(wake) = heard.try_recv() {
                    self.wake(wake).await;
                }
            }
            if self.desk.is_locked() {
                continue;
            }
            self.compact().await;
            self.let_go().await;
            let now = browser::elapsed().0;
            let let_go_at = self.may_let_go().then_some(self.let_go_at);
            let compact_at = self.may_compact().then_some(self.compact_at);
            let next = self.client.next_timeout().into_iter();
            let next = next.chain(let_go_at).chain(compact_at);
            let until = next.map(|it| it.0.saturating_sub(now)).min();
            let until = until.map_or(MAX_SLEEP_MS, |it| it.min(MAX_SLEEP_MS));
            let timer = browser::sleep_ms(until).boxed_local();
            match select(heard.next(), timer).await {
                Either::Left((Some(wake), _)) => self.wake(wake).await,
                Either::Left((None, _)) => return,
                Either::Right(_) => self.tell(Input::Trigger(Trigger::Timer)),
            }
        }
    }

    fn tell_where_we_are(&mut self) {
        if !browser::is_online() {
            self.tell(Input::WentOffline);
        }
        self.tell(if browser::is_visible() {
            Input::Trigger(Trigger::Visible)
        } else {
            Input::Hidden
        });
    }

    /// Nobody's keys are here, so nothing is pushed and nothing read. What head office lacks lies here sealed to it, and
    /// is brought; it says who may come in. Whether somebody has signed in; else the page is closed.
    async fn bring_letters_while_locked(&mut self, heard: &mut UnboundedReceiver<Wake>) -> bool {
        self.stop_listening();
        self.fence = None;
        // It is full of words.
        self.ahead = None;
        let mut n_failures = 0;
        let mut quiet_until = Elapsed(0);
        while self.desk.is_locked() {
            let mut wait_ms = LOCKED_EVERY_MS;
            let quiet_ms = quiet_until.0.saturating_sub(browser::elapsed().0);
            if quiet_ms > 0 {
                wait_ms = quiet_ms;
            } else if browser::is_online() && self.desk.is_enrolled() {
                match self.bring_letters().await {
                    Ok(()) => n_failures = 0,
                    Err(trouble) => {
                        let quiet_ms = match trouble {
                            Trouble::Failure(why) => why.quiet_ms(browser::random_u64()),
                            Trouble::Fault(fault) => {
                                self.desk.report(fault);
                                None
                            }
                        };
                        n_failures = (n_failures + 1).min(LOCKED_MAX_DOUBLINGS);
                        let most_ms = BACKOFF_MIN_MS << n_failures;
                        wait_ms = BACKOFF_MIN_MS + browser::random_u64() % most_ms;
                        if let Some(quiet_ms) = quiet_ms {
                            quiet_until = Elapsed(browser::elapsed().0 + quiet_ms);
                            wait_ms = wait_ms.max(quiet_ms);
                        }
                    }
                }
            }
            let mut timer = browser::sleep_ms(wait_ms).boxed_local();
            while self.desk.is_locked() {
                match select(heard.next(), &mut timer).await {
                    Either::Left((Some(Wake::Online | Wake::Visible | Wake::Sent), _))
                    | Either::Right(_) => break,
                    Either::Left((Some(_), _)) => {}
                    Either::Left((None, _)) => return false,
                }
            }
        }
        true
    }

    /// One contact, and every letter that lies here; a device that is let in no more erases itself then.
    async fn bring_letters(&mut self) -> Result<(), Trouble> {
        let log = self.desk.log();
        self.desk.load_standing().await?;
        let mut next = log.letter_after(None).await?;
        let has_photos = !log.owed_files(1).await?.is_empty();
        if next.is_none() && !has_photos && !browser::is_visible() {
            return Ok(());
        }
        self.contact(false).await?;
        if next.is_some() {
            for some in self.desk.taken_back().await?.chunks(WITHDRAWALS) {
                self.withdraw(some.to_vec()).await?;
            }
        }
        let mut all_taken = true;
        while let Some((place, letter)) = next {
            if !self.desk.is_locked() {
                return Ok(());
            }
            let has = |it: &Receipt| (it.chain, it.sequence) == (place.chain, place.sequence);
            match self.hand_in(&Bytes(letter)).await {
                Ok(Input::HandedIn(answer)) if answer.receipts.iter().any(has) => {
                    log.drop_letter(place).await?;
                    self.desk.count_unsigned().await?;
                }
                // One that cannot be taken holds up nobody behind it.
                Ok(_) | Err(Trouble::Failure(Failure::Server | Failure::Malformed)) => {
                    all_taken = false;
                }
                Err(trouble) => return Err(trouble),
            }
            next = log.letter_after(Some(place)).await?;
        }
        if !all_taken {
            return Err(Trouble::Failure(Failure::Server));
        }
        self.desk.set_brought_letters(true);
        self.erase_where_told().await;
        Ok(())
    }

    async fn wake(&mut self, wake: Wake) {
        match wake {
            Wake::Sent => {
                self.compact_at = Elapsed(browser::elapsed().0 + QUIET_MS);
                self.tell(Input::Trigger(Trigger::Sent));
            }
            Wake::SignedIn => self.tell(Input::SignedIn),
            Wake::Online => self.tell(Input::Trigger(Trigger::Online)),
            Wake::Offline => {
                self.stop_listening();
                self.tell(Input::WentOffline);
            }
            Wake::Visible => {
                if let Err(fault) = self.reread().await {
                    self.desk.report(fault);
                }
                self.tell(Input::Trigger(Trigger::Visible));
            }
            Wake::Hidden => {
                self.stop_listening();
                self.tell(Input::Hidden);
            }
            Wake::News => self.tell(Input::Trigger(Trigger::News)),
            Wake::Silence { n, retry_after_s } if n == self.n_listened => {
                let busy = retry_after_s.map(|retry_after_s| Failure::Busy { retry_after_s });
                if let Some(ms) = busy.and_then(|it| it.quiet_ms(browser::random_u64())) {
                    self.listen_at = Elapsed(browser::elapsed().0 + ms);
                }
                self.stop_listening();
            }
            Wake::Silence { .. } | Wake::Locked => {}
        }
    }

    /// What another tab may have changed.
    async fn reread(&mut self) -> Result<(), Fault> {
        let (load, held) = (load_of(&self.desk).await?, held(&self.desk).await?);
        self.tell(Input::Reread { load, held });
        Ok(())
    }

    fn tell(&mut self, input: Input) {
        let had_others = self.client.has_others();
        self.client
            .handle(input, browser::elapsed(), browser::random_u64());
        if self.client.has_others() && !had_others {
            self.let_go_at = browser::elapsed();
        }
        self.desk.set_sync(&self.client);
    }

    async fn perform(&mut self, todo: Todo) -> Input {
        let done = match todo {
            Todo::Contact { forked } => self.contact(forked).await,
            Todo::StartChain(chain) => self.start_chain(chain).await,
            Todo::LoadWithdrawals => self.withdrawals().await,
            Todo::Withdraw(withdrawals) => self.withdraw(withdrawals).await,
            Todo::LoadCopy { after } => self.copy_after(&after).await,
            Todo::HandIn(copy) => self.hand_in(&copy).await,
            Todo::LoadOwed { max_bytes } => self.owed(max_bytes).await,
            Todo::LoadOwn { after, max_bytes } => self.own_after(after, max_bytes).await,
            Todo::Push(push) => self.push(push).await,
            Todo::Settle(receipts) => self.settle(receipts).await,
            Todo::KeepEpoch(epoch) => self.keep_epoch(epoch).await,
            Todo::Pull(ask) => self.pull(ask).await,
            Todo::TakeIn { page, loads } => self.take_in(page, &loads).await,
            // The session wakes the pump when somebody has signed in.
            Todo::SignInAgain => return Input::Failed(Failure::NotEnrolled),
        };
        match done {
            Ok(input) => input,
            Err(Trouble::Failure(why)) => Input::Failed(why),
            Err(Trouble::Fault(fault)) => {
                self.desk.report(fault);
                Input::Failed(Failure::Storage)
            }
        }
    }

    /// Listens where somebody looks and nobody listens yet.
    fn listen(&mut self) {
        let Some(token) = self.token.clone().filter(|_| browser::is_visible()) else {
            return;
        };
        if self.listening.is_some() || browser::elapsed() < self.listen_at {
            return;
        }
        let say = |wake: &UnboundedSender<Wake>, what: Wake| {
            // The pump ends with the page; nobody is left to hear.
            let _ = wake.unbounded_send(what);
        };
        self.n_listened = self.n_listened.wrapping_add(1);
        let n = self.n_listened;
        let (heard, ended) = (self.wake.clone(), self.wake.clone());
        self.listening = browser::live::listen(
            "/api/live",
            &token,
            move || say(&heard, Wake::News),
            move |retry_after_s| say(&ended, Wake::Silence { n, retry_after_s }),
        );
        self.tell(Input::Live(self.listening.is_some()));
    }

    fn stop_listening(&mut self) {
        if self.listening.take().is_some() {
            self.tell(Input::Live(false));
        }
    }

    async fn contact(&mut self, forked: bool) -> Result<Input, Trouble> {
        let answer = self.desk.contact(forked).await?;
        self.desk.heard(answer.server_now);
        self.desk.obey(&answer).await?;
        self.token = Some(answer.token.clone());
        self.desk
            .drop_copies(&answer.backed_up, answer.server_now)
            .await?;
        self.backed_up.clone_from(&answer.backed_up);
        if self.scope.as_ref() != Some(&answer.scope) {
            self.scope = Some(answer.scope.clone());
            self.looked_to = None;
        }
        self.desk.set_token(answer.token.clone());
        Ok(Input::Contacted(answer))
    }

    async fn start_chain(&mut self, chain: NewChain) -> Result<Input, Trouble> {
        // The new short code first: numbers with it begin anew, with the old one they would come again.
        self.desk.adopt_chain(&chain).await?;
        for _ in 0..MAX_TAKE_OVERS {
            let fence = self.fence().await?;
            match self.desk.log().start_chain(fence, chain.chain).await {
                Ok(standing) => {
                    self.desk.stored(standing, Vec::new());
                    return Ok(Input::ChainStarted);
                }
                Err(error) => self.overtaken_or(error)?,
            }
        }
        Err(Trouble::Failure(Failure::Storage))
    }

    async fn withdrawals(&self) -> Result<Input, Trouble> {
        Ok(Input::Withdrawals(self.desk.taken_back().await?))
    }

    async fn withdraw(&self, withdrawals: Vec<Bytes>) -> Result<Input, Trouble> {
        let mut answered: Option<Pushed> = None;
        for of_one in withdrawals.chunk_by(|a, b| author(a) == author(b)) {
            let device = of_one.first().and_then(author);
            let answer = if device == Some(self.desk.device()) {
                let withdraw = Withdraw {
                    device: self.desk.device(),
                    withdrawals: of_one.to_vec(),
                };
                let answer = http::post("/api/withdraw", Some(&self.token()?), &withdraw).await?;
                self.believed(answer).await?
            } else {
                let sealed = self.desk.sealed_rescue(&[], of_one.to_vec(), None);
                self.bring(&sealed.await?).await?
            };
            let before = answered.map_or_else(Vec::new, |it| it.receipts);
            answered = Some(Pushed {
                receipts: [before, answer.receipts].concat(),
                ..answer
            });
        }
        let answer = answered.ok_or(Trouble::Failure(Failure::Malformed))?;
        Ok(Input::WithdrawAnswered(answer))
    }

    async fn copy_after(&self, name: &str) -> Result<Input, Trouble> {
        Ok(Input::Copy(self.desk.copy_after(name).await?))
    }

    async fn hand_in(&self, copy: &Bytes) -> Result<Input, Trouble> {
        Ok(Input::HandedIn(self.bring(copy).await?))
    }

    /// A rescue file.
    async fn bring(&self, sealed: &Bytes) -> Result<Pushed, Trouble> {
        let answer = http::post_bytes("/api/rescue", Some(&self.token()?), &sealed.0).await;
        let answer = answer.map_err(|error| match error {
            // Not this device is unknown, but whoever wrote the copy.
            HttpError::Status { status: 403, .. } => Trouble::Failure(Failure::Server),
            HttpError::Network | HttpError::Malformed | HttpError::Status { .. } => error.into(),
        })?;
        let answer = minicbor::decode(&answer).map_err(|_| Trouble::Failure(Failure::Malformed))?;
        self.believed(answer).await
    }

    /// Where head office signed for all of its receipts; an answer without is none.
    async fn believed(&self, answer: Pushed) -> Result<Pushed, Trouble> {
        if !self.desk.are_believed(&answer.receipts).await {
            return Err(Trouble::Failure(Failure::Malformed));
        }
        self.desk.heard(answer.server_now);
        Ok(answer)
    }

    async fn owed(&self, max_bytes: usize) -> Result<Input, Trouble> {
        let envelopes = self.desk.log().owed(max_bytes).await?;
        let head = self.head();
        Ok(Input::Owed { envelopes, head })
    }

    async fn own_after(&self, after: Place, max_bytes: usize) -> Result<Input, Trouble> {
        let (chain, sequence) = (after.chain, after.sequence);
        let log = self.desk.log();
        let envelopes = log.own_after(chain, sequence, max_bytes).await?;
        let head = self.head();
        Ok(Input::Owed { envelopes, head })
    }

    fn head(&self) -> Place {
        let head = self.desk.standing().get_untracked().head;
        Place {
            chain: head.chain,
            sequence: head.sequence,
        }
    }

    async fn push(&self, push: Push) -> Result<Input, Trouble> {
        if push.device != self.desk.device() {
            return self.push_former(&push).await;
        }
        let answer: Pushed = http::post("/api/push", Some(&self.token()?), &push).await?;
        Ok(Input::PushAnswered(self.believed(answer).await?))
    }

    /// What this device wrote before it lost its key, as a rescue file: head office takes from nobody what another device
    /// wrote in another way.
    async fn push_former(&self, push: &Push) -> Result<Input, Trouble> {
        let envelopes = push.envelopes.iter().map(|it| Envelope::from_bytes(&it.0));
        let envelopes: Result<Vec<Envelope>, _> = envelopes.collect();
        let envelopes = envelopes.map_err(|_| Trouble::Failure(Failure::Malformed))?;
        let sealed = self.desk.sealed_rescue(&envelopes, Vec::new(), push.epoch);
        let answer = self.bring(&sealed.await?).await?;
        Ok(Input::PushAnswered(answer))
    }

    async fn pull(&mut self, ask: Ask) -> Result<Input, Trouble> {
        // Whoever signs nothing here, since a supervisor gave them their PIN, is given nothing new.
        if !self.desk.is_given_news() {
            return Err(Trouble::Failure(Failure::Server));
        }
        let asking = self.asking(ask)?;
        let ahead = self.ahead.take_if(|it| it.asking == asking);
        let ahead = match ahead {
            Some(it) => it.answer.await.ok().and_then(Result::ok),
            None => None,
        };
        // What it says of the time was true when it came.
        let is_fresh = ahead.is_none();
        let answer = match ahead {
            Some(it) => it,
            None => asking.answer().await?,
        };
        let page: Option<Page> = self.desk.signed_by_office(Context::Page, &answer).await;
        let page = page.ok_or(Trouble::Failure(Failure::Malformed))?;
        // A block of history may have been made up some time ago.
        if is_fresh && !matches!(ask, Ask::History { .. }) {
            self.desk.heard(page.server_now);
        }
        Ok(Input::PullAnswered(page))
    }

    fn asking(&self, ask: Ask) -> Result<Asking, Trouble> {
        let scope = self.scope.clone();
        let pull = Pull {
            device: self.desk.device(),
            scope: scope.ok_or(Trouble::Failure(Failure::SignedOut))?,
            ask,
        };
        Ok(Asking {
            token: self.token()?,
            body: minicbor::to_vec(&pull).expect("writing to a vector cannot fail"),
        })
    }

    /// Has the page sent that will be asked for behind this one, while this one is stored. It waits for nothing: news
    /// are asked for when their time has come.
    fn ask_ahead(&mut self, loads: &Loads) {
        let next = loads.after.ask(false);
        // History has time until somebody looks.
        let next = next.filter(|it| !matches!(it, Ask::History { .. }) || browser::is_visible());
        let Some(Ok(asking)) = next.map(|it| self.asking(it)) else {
            return;
        };
        if self.ahead.as_ref().is_some_and(|it| it.asking == asking) {
            return;
        }
        let (answered, answer) = oneshot::channel();
        let sent = asking.clone();
        // Whoever asked may ask for something else by then.
        spawn_local(async move { drop(answered.send(sent.answer().await)) });
        self.ahead = Some(Ahead { asking, answer });
    }

    fn token(&self) -> Result<String, Trouble> {
        self.token
            .clone()
            .ok_or(Trouble::Failure(Failure::SignedOut))
    }

    async fn settle(&mut self, receipts: Vec<Receipt>) -> Result<Input, Trouble> {
        for _ in 0..MAX_TAKE_OVERS {
            let fence = self.fence().await?;
            match self.desk.log().settle(fence, &receipts).await {
                Ok(standing) => {
                    self.desk.stored(standing, Vec::new());
                    self.leave_out_refused(&receipts).await?;
                    self.desk.forget_what_came_to_nothing(&receipts).await?;
                    return Ok(Input::Settled);
                }
                Err(error) => self.overtaken_or(error)?,
            }
        }
        Err(Trouble::Failure(Failure::Storage))
    }

    /// What head office refused counts in its case no more: the rows of those cases are made anew.
    async fn leave_out_refused(&mut self, receipts: &[Receipt]) -> Result<(), Trouble> {
        let refused: BTreeSet<Hash> = receipts
            .iter()
            .filter(|it| matches!(it.fate, Fate::Refused(_)))
            .map(|it| it.hash)
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        let fates = self.desk.fates(receipts.len()).await?;
        let cases: BTreeSet<CaseId> = fates
            .iter()
            .filter(|it| matches!(it.fate, Some(Fate::Refused(_))))
            .map(|it| it.case)
            .collect();
        let mut here = self.desk.cursor();
        for _ in 0..MAX_TAKE_OVERS {
            let nothing_new = Page {
                entries: Vec::new(),
                from: to_message(here),
                next: to_message(here),
                more: false,
                server_now: browser::now(),
                after: None,
                n_left: 0,
            };
            match self.store(nothing_new, cases.clone(), None).await? {
                Ok(_) => return Ok(()),
                Err(cursor) => here = cursor,
            }
        }
        Err(Trouble::Failure(Failure::Storage))
    }

    async fn keep_epoch(&self, epoch: u64) -> Result<Input, Trouble> {
        self.desk
            .log()
            .put(Section::Settings, FILLED, &epoch.to_le_bytes())
            .await?;
        Ok(Input::EpochKept)
    }

    /// Stores the page with what has been read then, unless another tab has read on meanwhile.
    async fn take_in(&mut self, page: Page, loads: &Loads) -> Result<Input, Trouble> {
        self.ask_ahead(loads);
        match self.store(page, BTreeSet::new(), Some(loads)).await? {
            Ok(cursor) => {
                self.listen();
                Ok(Input::TakenIn {
                    cursor: to_message(cursor),
                })
            }
            Err(cursor) => {
                let load = load_of(&self.desk).await?;
                if load != loads.before {
                    // Another tab may have read in another scope.
                    self.looked_to = None;
                }
                Ok(Input::Conflict {
                    cursor: to_message(cursor),
                    load,
                })
            }
        }
    }

    /// A page, and besides its cases those whose rows are to be made anew. Where the log has read to, then or because
    /// another tab has read on or something was saved here meanwhile.
    async fn store(
        &mut self,
        page: Page,
        besides: BTreeSet<CaseId>,
        loads: Option<&Loads>,
    ) -> Result<Result<Cursor, Cursor>, Trouble> {
        let Some(rules) = self.desk.rules().get_untracked() else {
            return Err(Trouble::Failure(Failure::Storage));
        };
        let (from, to) = (from_message(page.from), from_message(page.next));
        // Head office passes on only what it could read.
        let mut arrived = Vec::with_capacity(page.entries.len());
        let mut piece = Piece::begin();
        for entry in page.entries {
            let entry = read_entry(entry).map_err(|_| Trouble::Failure(Failure::Malformed))?;
            arrived.push(entry);
            piece.breathe().await;
        }
        // Before the order is stored, what it is about has gone.
        let known = self.desk.load_erasures().await?;
        let erasures = known.with_orders(arrived.iter().map(|it| &it.envelope));
        let ordered = erasures.beyond(&known);
        self.erase_words(&ordered).await?;
        let besides = besides.into_iter().chain(ordered.iter().copied()).collect();
        let (cases, summaries) = self.folded(arrived, besides, &rules, &erasures).await?;
        let orders = (!ordered.is_empty()).then(|| erasures.record());
        let named = loads.iter().map(|it| NamedRecord {
            section: Section::Settings,
            name: LOAD.to_owned(),
            record: it.after.to_bytes(),
        });
        let page = TakeIn {
            from,
            to,
            cases,
            named: named.chain(orders).collect(),
        };
        for _ in 0..MAX_TAKE_OVERS {
            let fence = self.fence().await?;
            // Only the owner stores pages: what it says now, it says until somebody takes over.
            if let Some(loads) = loads
                && load_of(&self.desk).await? != loads.before
            {
                return Ok(Err(self.desk.cursor()));
            }
            match self.desk.log().take_in(fence, &page).await {
                Ok(standing) => {
                    self.desk.stored(standing, summaries);
                    self.desk.know_erasures(erasures);
                    // Another tab may have acted without knowing of it.
                    self.erase_words(&ordered).await?;
                    return Ok(Ok(standing.cursor));
                }
                Err(WriteError::Conflict(Conflict::Cursor { found })) => return Ok(Err(found)),
                Err(WriteError::Conflict(Conflict::Case { .. })) => {
                    return Ok(Err(self.desk.cursor()));
                }
                Err(error) => self.overtaken_or(error)?,
            }
        }
        Err(Trouble::Failure(Failure::Storage))
    }

    async fn erase_words(&mut self, cases: &BTreeSet<CaseId>) -> Result<(), Trouble> {
        for &case in cases {
            let mut is_done = false;
            for _ in 0..MAX_TAKE_OVERS {
                let fence = self.fence().await?;
                match self.desk.erase_words(fence, case).await {
                    Ok(()) => {
                        is_done = true;
                        break;
                    }
                    Err(error) => self.overtaken_or(error)?,
                }
            }
            if !is_done {
                return Err(Trouble::Failure(Failure::Storage));
            }
        }
        Ok(())
    }

    /// Every case of a page with what is known of it, folded by the same function as one's own acts.
    async fn folded(
        &self,
        page: Vec<Entry>,
        besides: BTreeSet<CaseId>,
        rules: &Rules,
        erasures: &Erasures,
    ) -> Result<(Vec<CaseIn>, Vec<Summary>), Trouble> {
        let mut arrived: BTreeMap<CaseId, Vec<Entry>> =
            besides.into_iter().map(|it| (it, Vec::new())).collect();
        for Entry {
            envelope,
            arrived: at,
        } in page
        {
            let case = envelope.header().case;
            arrived.entry(case).or_default().push(Entry {
                envelope: erasures.kept(envelope),
                arrived: at,
            });
        }
        let wanted = arrived.keys().copied().collect();
        let mut histories = self.desk.log().histories(&wanted).await?;
        let (mut cases, mut summaries) = (Vec::new(), Vec::new());
        let mut piece = Piece::begin();
        for (case, entries) in arrived {
            piece.breathe().await;
            let history = histories.remove(&case).unwrap_or_default();
            if history.version == 0 && entries.is_empty() {
                // An order is about a case that is not here.
                continue;
            }
            let known = history.counting().chain(&entries);
            let mut envelopes: Vec<&Envelope> = known.map(|it| &it.envelope).collect();
            envelopes.sort_by_key(|it| it.order());
            envelopes.dedup_by_key(|it| it.order());
            let folded = Case::fold(envelopes.iter().copied());
            let summary = Summary::of(&folded, &envelopes, rules);
            // Acts whose record has not arrived yet wait in the log without a row of their own.
            let projection = summary.as_ref().map_or(
                shouwen_store::Projection {
                    due: None,
                    body: Vec::new(),
                },
                projection,
            );
            cases.push(CaseIn {
                case,
                expected_version: history.version,
                entries,
                projection,
            });
            summaries.extend(summary);
        }
        Ok((cases, summaries))
    }

    /// Puts the journal away when it has grown long and nothing else is to do.
    async fn compact(&mut self) {
        if browser::elapsed() < self.compact_at || !self.may_compact() {
            return;
        }
        // Where nothing comes of it, it is tried again then.
        self.compact_at = Elapsed(browser::elapsed().0 + MAX_SLEEP_MS);
        let Ok(fence) = self.fence().await else {
            return;
        };
        loop {
            match self.desk.log().compact(fence).await {
                Ok(step) if step.more => {}
                Ok(_) => break,
                Err(error) => {
                    match self.overtaken_or(error) {
                        Ok(()) => self.compact_at = Elapsed(browser::elapsed().0 + QUIET_MS),
                        Err(Trouble::Fault(fault)) => self.desk.report(fault),
                        Err(Trouble::Failure(_)) => {}
                    }
                    break;
                }
            }
        }
        self.desk.catch_up().await;
    }

    /// Head office lets this device in no more, and has every act that could be sent.
    async fn erase_where_told(&mut self) {
        let is_told = self.desk.is_revoked().get_untracked();
        let Some(token) = self.token.clone().filter(|_| is_told) else {
            return;
        };
        let erased = match self.desk.may_erase().await {
            Ok(true) => self.desk.erase(&token).await,
            Ok(false) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = erased {
            self.desk.report(fault);
        }
    }

    fn may_compact(&self) -> bool {
        let n_journal = self.desk.standing().get_untracked().n_journal;
        n_journal >= JOURNAL_IS_LONG && browser::is_visible()
    }

    fn may_let_go(&self) -> bool {
        let n_owed = self.desk.standing().get_untracked().n_owed;
        self.client.is_at_rest() && n_owed == 0 && browser::is_visible()
    }

    /// Lets go of some of what this device can do without, while somebody looks and nothing else is to do: what is
    /// long over, and what is of a wider scope than it has now.
    async fn let_go(&mut self) {
        if browser::elapsed() < self.let_go_at || !self.may_let_go() {
            return;
        }
        // Where nothing comes of it, it is tried again then.
        self.let_go_at = Elapsed(browser::elapsed().0 + FIRST_LET_GO_MS);
        let Ok(fence) = self.fence().await else {
            return;
        };
        let scope = self.scope.clone().filter(|_| self.client.has_others());
        let out_of_scope =
            scope.map(|scope| move |it: &[Envelope]| !scope.sees(&Concerned::by_all(it)));
        let out_of_scope = out_of_scope.as_ref().map(|it| it as OutOfScope<'_>);
        let (after, backed_up) = (self.looked_to, &self.backed_up);
        let looked = self
            .desk
            .let_go_of_some(fence, after, backed_up, out_of_scope);
        let pause_ms = match looked.await {
            Ok(Looked::UpTo(mark)) => {
                self.looked_to = mark;
                LET_GO_PAUSE_MS
            }
            Ok(Looked::Through) => {
                self.looked_to = None;
                self.tell(Input::Swept);
                LET_GO_EVERY_MS
            }
            Ok(Looked::NobodyToSealTo) => LET_GO_EVERY_MS,
            Err(error) => {
                if let Err(Trouble::Fault(fault)) = self.overtaken_or(error) {
                    self.desk.report(fault);
                }
                return;
            }
        };
        self.let_go_at = Elapsed(browser::elapsed().0 + pause_ms);
    }

    async fn fence(&mut self) -> Result<Fence, Trouble> {
        if let Some(fence) = self.fence {
            return Ok(fence);
        }
        if !browser::is_visible() {
            return Err(Trouble::Failure(Failure::Storage));
        }
        let fence = self.desk.log().take_over().await?;
        self.fence = Some(fence);
        self.reread().await?;
        Ok(fence)
    }

    /// Another window took over: this one takes over again for its next write, which does no harm, since
    /// receipts repeat and a page is only taken at the cursor. Anything else is trouble.
    fn overtaken_or(&mut self, error: WriteError) -> Result<(), Trouble> {
        match error {
            WriteError::Conflict(_) => {
                self.fence = None;
                Ok(())
            }
            WriteError::Fault(fault) => Err(Trouble::Fault(fault)),
        }
    }
}

/// From what the log says.
async fn new_client(desk: &Desk) -> Result<Client, Fault> {
    let filled = desk.log().get(Section::Settings, FILLED).await?;
    let filled = filled
        .and_then(|it| it.try_into().ok())
        .map(u64::from_le_bytes);
    Ok(Client::new(Start {
        device: desk.device(),
        cursor: to_message(desk.cursor()),
        load: load_of(desk).await?,
        filled: filled.unwrap_or_default(),
        held: held(desk).await?,
    }))
}

async fn load_of(desk: &Desk) -> Result<Load, Fault> {
    let bytes = desk.log().get(Section::Settings, LOAD).await?;
    Ok(bytes.map_or_else(Load::default, |it| Load::from_bytes(&it)))
}

/// The oldest own envelope that is held and may be released.
async fn held(desk: &Desk) -> Result<Option<Place>, Fault> {
    if desk.is_locked() {
        return Ok(None);
    }
    let fates = desk.log().fates(N_FATES).await?.into_iter();
    let held = fates.filter(|it| it.fate.is_some_and(may_be_released));
    let places = held.map(|it| Place {
        chain: it.chain,
        sequence: it.sequence,
    });
    Ok(places.min())
}

enum Trouble {
    Failure(Failure),
    Fault(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<RescueError> for Trouble {
    fn from(error: RescueError) -> Self {
        match error {
            RescueError::Fault(fault) => Self::Fault(fault),
            RescueError::NotEnrolled
            | RescueError::Browser
            | RescueError::NothingUnsent
            | RescueError::NotForUs
            | RescueError::NoNetwork => Self::Failure(Failure::Server),
        }
    }
}

impl From<ContactError> for Trouble {
    fn from(error: ContactError) -> Self {
        Self::Failure(match error {
            ContactError::NotEnrolled => Failure::NotEnrolled,
            ContactError::NoKey => Failure::Storage,
            ContactError::Http(error) => return error.into(),
            ContactError::NotHeadOffice => Failure::Malformed,
            ContactError::Fault(fault) => return fault.into(),
        })
    }
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        Self::Failure(error.failure())
    }
}

/// Longer work, done in pieces: whoever taps meanwhile waits for no more than one.
struct Piece {
    begun: Elapsed,
}

impl Piece {
    fn begin() -> Self {
        Self {
            begun: browser::elapsed(),
        }
    }

    async fn breathe(&mut self) {
        // Nobody taps what is out of sight, and there a turn may take a minute.
        if browser::elapsed().0 - self.begun.0 >= PIECE_MS && browser::is_visible() {
            browser::breathe().await;
            self.begun = browser::elapsed();
        }
    }
}

fn read_entry(entry: PageEntry) -> Result<Entry, EnvelopeError> {
    Ok(Entry {
        envelope: Envelope::from_bytes(&entry.envelope.0)?,
        arrived: Some(entry.arrived),
    })
}

const fn to_message(cursor: Cursor) -> message::Cursor {
    message::Cursor {
        epoch: cursor.epoch,
        position: cursor.position,
    }
}

const fn from_message(cursor: message::Cursor) -> Cursor {
    Cursor {
        epoch: cursor.epoch,
        position: cursor.position,
    }
}
