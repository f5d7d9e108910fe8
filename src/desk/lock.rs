//! The keys of whoever is signed in: in the memory of this page, of the other tabs and of the service worker, and
//! nowhere else. Without them nothing that is stored here is read.

use std::cell::{Cell, RefCell};

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::{Either, select};
use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::id::PersonId;
use shouwen_domain::moment::Moment;
use shouwen_store::{Fault, Section};
use shouwen_store_indexeddb::ContentKey;
use shouwen_sync::client::Elapsed;
use wasm_bindgen::JsValue;

use super::records::Records;
use super::{Board, Desk};
use crate::browser;
use crate::browser::keys::SigningKey;
use crate::browser::ring::Unlocked;
use crate::browser::tabs::Said;
use crate::browser::worker;
use crate::sync_pump::Wake;

/// After so long without a hand on it, in any tab, the device locks itself.
const IDLE_MS: u64 = 5 * 60 * 1_000;
/// Other tabs are told this often at most that somebody works in this one.
const SAY_BUSY_EVERY_MS: u64 = 15_000;
/// A service worker is stopped half a minute after it was last spoken to, and forgets.
const KEEP_EVERY_MS: u32 = 20_000;
/// Tabs that live answer within this, a worker that has to be started within that.
const TABS_ANSWER_MS: u64 = 250;
const WORKERS_ANSWER_MS: u64 = 1_500;

/// The keys while they are here, and when somebody last did something.
pub(super) struct Keys {
    content: ContentKey,
    unlocked: RefCell<Option<Unlocked>>,
    active: Cell<(Elapsed, Moment)>,
    said_busy: Cell<Elapsed>,
    /// Nobody's keys are here, and head office has every letter that lies here.
    brought_letters: RwSignal<bool>,
    /// Who waits for another tab to answer.
    asking: RefCell<Option<UnboundedSender<Option<JsValue>>>>,
}

impl Keys {
    pub(super) fn new(content: ContentKey) -> Self {
        Self {
            content,
            unlocked: RefCell::default(),
            active: Cell::new((browser::elapsed(), browser::now())),
            said_busy: Cell::new(Elapsed(0)),
            brought_letters: RwSignal::new(false),
            asking: RefCell::default(),
        }
    }

    pub(super) fn content(&self) -> ContentKey {
        self.content.clone()
    }

    fn touch(&self) {
        self.active.set((browser::elapsed(), browser::now()));
    }

    /// By the clock that only goes forward, or by the wall: the former stands still while some devices sleep.
    fn is_idle(&self) -> bool {
        let (elapsed, wall) = self.active.get();
        let by_wall = browser::now().unix_ms() - wall.unix_ms();
        let by_wall = u64::try_from(by_wall).unwrap_or_default();
        let here = browser::elapsed().0.saturating_sub(elapsed.0);
        here.max(by_wall) >= IDLE_MS
    }

    fn person(&self) -> Option<String> {
        let unlocked = self.unlocked.borrow();
        unlocked.as_ref().map(|it| it.person.clone())
    }
}

impl Desk {
    /// Whether nobody's keys are here: nothing that is sealed can be read or written.
    pub fn is_locked(self) -> bool {
        self.inner.get_value().keys.unlocked.borrow().is_none()
    }

    /// Whether these are the keys of that person.
    pub(super) fn is_unlocked_by(self, person: &PersonId) -> bool {
        self.inner.get_value().keys.person().as_deref() == Some(person.as_str())
    }

    /// Whose keys are here, and with which they sign, where head office has certified it.
    pub(super) fn reader(self) -> Option<(PersonId, SigningKey)> {
        let inner = self.inner.get_value();
        let unlocked = inner.keys.unlocked.borrow();
        let unlocked = unlocked.as_ref()?;
        Some((unlocked.person.parse().ok()?, unlocked.signing.clone()?))
    }

    /// Whether head office gives whoever is signed in what is new.
    pub fn is_given_news(self) -> bool {
        self.reader().is_some()
    }

    /// With which that person signs, while they are signed in and head office has certified it.
    pub(super) fn signing_key_of(self, person: &PersonId) -> Option<SigningKey> {
        let inner = self.inner.get_value();
        let unlocked = inner.keys.unlocked.borrow();
        let theirs = unlocked.as_ref().filter(|it| it.person == person.as_str());
        let theirs = theirs.filter(|_| self.is_certified());
        theirs.and_then(|it| it.signing.clone())
    }

    /// Locks itself when nobody works here, and keeps the keys where a page that is loaded anew finds them.
    pub(super) fn watch_over_keys(self) {
        browser::on_activity(move || {
            let inner = self.inner.get_value();
            inner.keys.touch();
            let now = browser::elapsed();
            if now.0.saturating_sub(inner.keys.said_busy.get().0) >= SAY_BUSY_EVERY_MS {
                inner.keys.said_busy.set(now);
                inner.tabs.tell(&Said::Busy);
            }
        });
        browser::on_sight(move || self.lock_if_idle());
        gloo::timers::callback::Interval::new(KEEP_EVERY_MS, move || self.share_keys()).forget();
    }

    pub(super) fn lock_if_idle(self) {
        if !self.is_locked() && self.inner.get_value().keys.is_idle() {
            self.lock();
        }
    }

    /// Gives the keys to the service worker.
    pub fn share_keys(self) {
        let inner = self.inner.get_value();
        let unlocked = inner.keys.unlocked.borrow().clone();
        if let Some(unlocked) = unlocked
            && !inner.keys.is_idle()
        {
            spawn_local(async move { worker::keep(Some(&unlocked.to_js())).await });
        }
    }

    /// Whoever signs in next has to enter their PIN, in every tab.
    pub fn lock(self) {
        self.inner.get_value().tabs.tell(&Said::Lock);
        self.lock_here();
        spawn_local(worker::keep(None));
    }

    /// Drops the keys, and all that was read with them.
    pub(super) fn lock_here(self) {
        let inner = self.inner.get_value();
        inner.keys.content.set(None);
        if inner.keys.unlocked.take().is_none() {
            return;
        }
        self.session.set(None);
        inner.log.forget();
        self.set_brought_letters(false);
        self.board.set(Board::default());
        self.forget_rows();
        (inner.wake_pump)(Wake::Locked);
    }

    /// Nobody is at the device, or somebody else: nothing of before is shown any more.
    pub(super) fn shut(self) {
        self.lock_here();
        if self.session.with_untracked(Option::is_some) {
            self.session.set(None);
        }
    }

    /// From here on what is stored can be read.
    pub(super) async fn unlock(self, unlocked: Unlocked) -> Result<(), Fault> {
        let inner = self.inner.get_value();
        inner.keys.touch();
        self.set_brought_letters(false);
        inner.keys.content.set(Some(unlocked.content.clone()));
        inner.keys.unlocked.replace(Some(unlocked));
        let loaded = self.open_what_lies_here().await;
        if loaded.is_err() {
            self.lock_here();
        }
        loaded
    }

    /// Nobody is signed in, and head office has every letter that lies here.
    pub fn has_brought_letters(self) -> ReadSignal<bool> {
        self.inner.get_value().keys.brought_letters.read_only()
    }

    /// For the pump.
    pub fn set_brought_letters(self, has: bool) {
        let brought = self.inner.get_value().keys.brought_letters;
        if brought.get_untracked() != has {
            brought.set(has);
        }
    }

    async fn open_what_lies_here(self) -> Result<(), Fault> {
        let records = Records::read(&self.log(), &[Section::Settings]).await?;
        self.take_up_box(&records).await?;
        self.obey_older_orders(&records).await?;
        self.load_board().await?;
        self.unsigned_is_seen(&records).await
    }

    /// The keys of this person, where another tab or the service worker has them.
    pub(super) async fn keys_kept_elsewhere(self, person: &PersonId) -> Option<Unlocked> {
        let inner = self.inner.get_value();
        let (say, mut answers) = unbounded();
        inner.keys.asking.replace(Some(say.clone()));
        inner.tabs.tell(&Said::Ask);
        let mut n_to_come = worker::ask(&say).await + 1;
        spawn_local(async move {
            browser::sleep_ms(TABS_ANSWER_MS).await;
            // Whoever asked may have had an answer.
            let _ = say.unbounded_send(None);
        });
        let mut too_late = Box::pin(browser::sleep_ms(WORKERS_ANSWER_MS));
        let mut found = None;
        while n_to_come > 0 && found.is_none() {
            match select(answers.next(), too_late.as_mut()).await {
                Either::Left((Some(answer), _)) => {
                    n_to_come -= usize::from(answer.is_none());
                    let keys = answer.as_ref().and_then(Unlocked::read);
                    found = keys.filter(|it| it.person == person.as_str());
                }
                Either::Left((None, _)) | Either::Right(_) => break,
            }
        }
        inner.keys.asking.take();
        found
    }

    /// What another tab said.
    pub(super) fn hear(self, said: Said, changed: RwSignal<u32>) {
        let inner = self.inner.get_value();
        match said {
            Said::Changed => changed.update(|it| *it += 1),
            Said::Busy => inner.keys.touch(),
            Said::Lock => self.lock_here(),
            Said::Erased => browser::begin_anew(),
            Said::Ask => {
                if let Some(unlocked) = inner.keys.unlocked.borrow().as_ref()
                    && !inner.keys.is_idle()
                {
                    inner.tabs.tell(&Said::Keys(unlocked.to_js()));
                }
            }
            Said::Keys(keys) => {
                if let Some(asking) = inner.keys.asking.borrow().as_ref() {
                    let _ = asking.unbounded_send(Some(keys));
                }
            }
        }
    }
}
