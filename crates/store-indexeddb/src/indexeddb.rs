//! The disk that is IndexedDB.
//!
//! `rexie` lays out the stores. Records go over a connection of this module's own, because only there
//! a transaction can be asked to be strictly durable. Inside a transaction nothing but its own
//! requests is awaited, or the browser would commit it half done.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Promise, Reflect, Uint8Array};
use shouwen_store::Fault;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{
    IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest,
    IdbTransaction, IdbVersionChangeEvent,
};

use crate::Engine;
use crate::disk::{Committed, Disk, Guard, Key, Read, Store, Write};

/// What each version of the schema adds. Stores are never removed: a version that is not needed any
/// more stays in the list.
pub(crate) const MIGRATIONS: [&[Store]; 3] = [
    &[
        Store::Meta,
        Store::Journal,
        Store::Blocks,
        Store::Hot,
        Store::Directory,
        Store::Outbox,
        Store::Named,
    ],
    &[Store::Files, Store::Chunks],
    &[Store::Letters],
];

/// How long other tabs have to let go of an older version.
const BLOCKED_AFTER_MS: i32 = 5_000;

/// The log in the browser.
pub type IndexedDbLog = Engine<IndexedDb>;

#[wasm_bindgen]
extern "C" {
    /// A connection whose transactions take options, which `web_sys` has only for unstable APIs.
    #[wasm_bindgen(extends = IdbDatabase)]
    #[derive(Debug, Clone)]
    pub(crate) type Connection;

    #[wasm_bindgen(method, catch, js_name = transaction)]
    fn transaction_with(
        this: &Connection,
        stores: &Array,
        mode: &str,
        options: &JsValue,
    ) -> Result<Transaction, JsValue>;

    #[wasm_bindgen(extends = IdbTransaction)]
    #[derive(Debug, Clone)]
    type Transaction;

    /// Saves waiting until it is noticed that no request follows.
    #[wasm_bindgen(method, catch)]
    fn commit(this: &Transaction) -> Result<(), JsValue>;

    #[wasm_bindgen(method, getter)]
    fn durability(this: &Transaction) -> Option<String>;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &js_sys::Function, after_ms: i32);
}

impl IndexedDbLog {
    /// Opens the log of this name, and makes or upgrades it where needed.
    ///
    /// `on_superseded` is called when a newer version of the app, in another tab, needs the database: this
    /// tab has let go of it, and what it does from then on fails with [`Fault::NewerSchema`].
    ///
    /// # Errors
    /// [`Fault::Blocked`] where a tab holds an older version and does not let go, [`Fault::NewerSchema`]
    /// where a newer version wrote it, [`Fault::Unavailable`] where the browser gives no database.
    pub async fn open(name: &str, on_superseded: impl Fn() + 'static) -> Result<Self, Fault> {
        Ok(Self::new(IndexedDb::open(name, on_superseded).await?))
    }
}

/// One connection to one database.
pub struct IndexedDb {
    name: String,
    link: Rc<Link>,
    events: Events,
    is_strict: Cell<Option<bool>>,
    n_reads: Cell<u64>,
    #[cfg(test)]
    pub(crate) loses_answer: Cell<bool>,
}

struct Link {
    connection: RefCell<Option<Connection>>,
    /// Another tab deleted the database: this one makes no new one.
    is_deleted: Cell<bool>,
    on_superseded: Box<dyn Fn()>,
}

/// Told by the browser about the connection; kept for as long as it lives.
struct Events {
    version_change: Closure<dyn FnMut(IdbVersionChangeEvent)>,
    close: Closure<dyn FnMut()>,
}

/// When a transaction may happen.
#[derive(Clone, Copy)]
enum OnlyIf<'a> {
    Always,
    Holds(Guard<'a>),
}

impl IndexedDb {
    pub(crate) async fn open(
        name: &str,
        on_superseded: impl Fn() + 'static,
    ) -> Result<Self, Fault> {
        let link = Rc::new(Link {
            connection: RefCell::default(),
            is_deleted: Cell::default(),
            on_superseded: Box::new(on_superseded),
        });
        let let_go = |link: &Rc<Link>| {
            let link = Rc::clone(link);
            move || link.connection.take()
        };
        let events = Events {
            version_change: Closure::new({
                let (link, let_go) = (Rc::clone(&link), let_go(&link));
                move |event: IdbVersionChangeEvent| {
                    link.is_deleted.set(event.new_version().is_none());
                    if let Some(connection) = let_go() {
                        connection.close();
                        (link.on_superseded)();
                    }
                }
            }),
            close: Closure::new({
                let let_go = let_go(&link);
                move || drop(let_go())
            }),
        };
        let disk = Self {
            name: name.to_owned(),
            link,
            events,
            is_strict: Cell::default(),
            n_reads: Cell::default(),
            #[cfg(test)]
            loses_answer: Cell::default(),
        };
        disk.connect().await?;
        Ok(disk)
    }

    /// Deletes a database with all that it holds. Every tab that has it open is told, and closes it.
    pub async fn delete(name: &str) -> Result<(), Fault> {
        let request = factory()?.delete_database(name).map_err(fault)?;
        answer_to(&request).await.map_err(fault)?;
        Ok(())
    }

    /// Whether the last write was strictly durable; none where nothing was written yet, or where the
    /// browser does not tell.
    pub fn is_strict(&self) -> Option<bool> {
        self.is_strict.get()
    }

    /// Records and ranges asked for so far.
    pub fn n_reads(&self) -> u64 {
        self.n_reads.get()
    }

    /// Lets go of the database; the next read or write opens it again.
    pub fn close(&self) {
        if let Some(connection) = self.link.connection.take() {
            connection.close();
        }
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        if self.link.is_deleted.get() {
            return Err(Fault::Cleared);
        }
        let connection = open_newest(&self.name, &MIGRATIONS, BLOCKED_AFTER_MS).await?;
        connection.set_onversionchange(Some(self.events.version_change.as_ref().unchecked_ref()));
        connection.set_onclose(Some(self.events.close.as_ref().unchecked_ref()));
        self.link.connection.replace(Some(connection.clone()));
        Ok(connection)
    }

    /// Begins a transaction; opens the database again, once, where the connection was lost.
    async fn begin(&self, stores: &[Store], mode: &str) -> Result<Transaction, Fault> {
        let stores: Array = stores
            .iter()
            .map(|it| JsValue::from_str(it.name()))
            .collect();
        let options = js_sys::Object::new();
        if mode == "readwrite" {
            Reflect::set(&options, &"durability".into(), &"strict".into()).map_err(fault)?;
        }
        let begin = |it: &Connection| it.transaction_with(&stores, mode, &options);
        let connection = self.link.connection.borrow().clone();
        if let Some(Ok(transaction)) = connection.as_ref().map(begin) {
            return Ok(transaction);
        }
        self.close();
        begin(&self.connect().await?).map_err(|error| {
            self.close();
            let fault = fault(error);
            if matches!(fault, Fault::Other(_)) {
                Fault::ConnectionLost
            } else {
                fault
            }
        })
    }

    /// What an error means for whoever was writing or reading.
    fn failed(&self, error: JsValue) -> Fault {
        let fault = fault(error);
        if fault == Fault::ConnectionLost {
            self.close();
        }
        fault
    }

    async fn transact(&self, only_if: OnlyIf<'_>, writes: &[Write]) -> Result<Committed, Fault> {
        let mut stores: Vec<Store> = writes.iter().map(Write::store).collect();
        if matches!(only_if, OnlyIf::Holds(_)) {
            stores.push(Store::Meta);
        }
        stores.sort_unstable();
        stores.dedup();
        let transaction = self.begin(&stores, "readwrite").await?;
        self.is_strict
            .set(transaction.durability().map(|it| it == "strict"));
        let end = end_of(&transaction);

        let answer = self.request(&transaction, only_if, writes).await;
        match answer {
            Ok(Committed::Stored) => {
                let _ = transaction.commit();
                let lost = || JsError::new("the connection was closed").into();
                end.await
                    .map_err(|reason| self.failed(reason.unwrap_or_else(lost)))?;
                #[cfg(test)]
                if self.loses_answer.take() {
                    return Err(Fault::ConnectionLost);
                }
                Ok(Committed::Stored)
            }
            Ok(Committed::Moved) => {
                let _ = transaction.abort();
                let _ = end.await;
                Ok(Committed::Moved)
            }
            Err(error) => {
                // What ended the transaction says more than the request that fell with it.
                let _ = transaction.abort();
                let reason = end.await.err().flatten();
                Err(self.failed(reason.unwrap_or(error)))
            }
        }
    }

    /// Asks for everything at once. What guards it is the first request, so that there is time to abort:
    /// the transaction cannot end before the last request was heard.
    async fn request(
        &self,
        transaction: &Transaction,
        only_if: OnlyIf<'_>,
        writes: &[Write],
    ) -> Result<Committed, JsValue> {
        let asked = match only_if {
            OnlyIf::Holds(guard) => {
                self.n_reads.set(self.n_reads.get() + 1);
                let meta = transaction.object_store(Store::Meta.name())?;
                Some((guard.expected, answer_to(&meta.get(&number(guard.key))?)))
            }
            OnlyIf::Always => None,
        };
        let mut runs = writes.chunk_by(Write::is_next_to);
        let written = runs.try_for_each(|run| write_run(run, transaction));
        if let Some((expected, found)) = asked {
            // Heard even where a write could not be asked for: nothing is left to answer alone.
            let found = found.await;
            written?;
            let found = found?;
            let found = (!found.is_undefined()).then(|| Uint8Array::new(&found).to_vec());
            if found.as_deref() != expected {
                return Ok(Committed::Moved);
            }
        } else {
            written?;
        }
        Ok(Committed::Stored)
    }
}

impl Disk for IndexedDb {
    async fn read(&self, reads: &[Read]) -> Result<Vec<Vec<Vec<u8>>>, Fault> {
        // The browser has no transaction without a store.
        if reads.is_empty() {
            return Ok(Vec::new());
        }
        let mut stores: Vec<Store> = reads.iter().map(Read::store).collect();
        stores.sort_unstable();
        stores.dedup();
        let transaction = self.begin(&stores, "readonly").await?;
        self.n_reads.set(self.n_reads.get() + reads.len() as u64);
        let asked: Result<Vec<_>, JsValue> = reads
            .chunk_by(Read::is_next_to)
            .map(|run| ask(run, &transaction))
            .collect();
        let mut answers = Vec::new();
        for asked in asked.map_err(|error| self.failed(error))? {
            let answer = asked.answers().await;
            answers.extend(answer.map_err(|error| self.failed(error))?);
        }
        Ok(answers)
    }

    async fn names(&self, store: Store, prefix: &str) -> Result<Vec<String>, Fault> {
        let transaction = self.begin(&[store], "readonly").await?;
        let request = || {
            let range = names_with(prefix)?;
            let store = transaction.object_store(store.name())?;
            store.get_all_keys_with_key(&range)
        };
        let answer = request()
            .map(|it| answer_to(&it))
            .map_err(|error| self.failed(error))?;
        let names = answer.await.map_err(|error| self.failed(error))?;
        Ok(Array::from(&names)
            .iter()
            .filter_map(|it| it.as_string())
            .collect())
    }

    async fn commit(&self, guard: Guard<'_>, writes: &[Write]) -> Result<Committed, Fault> {
        self.transact(OnlyIf::Holds(guard), writes).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), Fault> {
        self.transact(OnlyIf::Always, writes).await.map(drop)
    }
}

impl Drop for IndexedDb {
    fn drop(&mut self) {
        if let Some(connection) = self.link.connection.take() {
            connection.set_onversionchange(None);
            connection.set_onclose(None);
            connection.close();
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no key comes near 2^53")]
fn number(key: u64) -> JsValue {
    JsValue::from_f64(key as f64)
}

fn names_with(prefix: &str) -> Result<IdbKeyRange, JsValue> {
    IdbKeyRange::bound(&prefix.into(), &format!("{prefix}\u{ffff}").into())
}

fn js_key(key: &Key) -> JsValue {
    match key {
        Key::Number(it) => number(*it),
        Key::Name(it) => it.into(),
    }
}

fn key(it: &JsValue) -> Key {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers below 2^53 went in"
    )]
    it.as_f64().map_or_else(
        || Key::Name(it.as_string().unwrap_or_default()),
        |it| Key::Number(it as u64),
    )
}

/// Reads [next to](Read::is_next_to) one another, asked for together: the browser charges by the request.
enum Asked<'a, F> {
    One(&'a Read, F),
    /// The records of these numbers that are there, and which those are.
    Run {
        first: u64,
        n: usize,
        records: F,
        numbers: F,
    },
}

fn ask<'a>(
    run: &'a [Read],
    transaction: &Transaction,
) -> Result<Asked<'a, impl Future<Output = Result<JsValue, JsValue>> + use<>>, JsValue> {
    let ends = run.first().zip(run.last());
    let ends = ends.and_then(|(first, last)| first.number().zip(last.number()));
    Ok(match ends {
        Some(((store, first), (_, last))) if first < last => {
            let range = IdbKeyRange::bound(&number(first), &number(last))?;
            let store = transaction.object_store(store.name())?;
            Asked::Run {
                first,
                n: run.len(),
                records: answer_to(&store.get_all_with_key(&range)?),
                numbers: answer_to(&store.get_all_keys_with_key(&range)?),
            }
        }
        _ => Asked::One(&run[0], answer_to(&run[0].request(transaction)?)),
    })
}

impl<F: Future<Output = Result<JsValue, JsValue>>> Asked<'_, F> {
    /// One for each read.
    async fn answers(self) -> Result<Vec<Vec<Vec<u8>>>, JsValue> {
        let (first, n, found, numbers) = match self {
            Self::One(read, answer) => return Ok(vec![read.records(&answer.await?)]),
            Self::Run {
                first,
                n,
                records,
                numbers,
            } => (first, n, records.await?, numbers.await?),
        };
        let mut answers = vec![Vec::new(); n];
        for (number, record) in Array::from(&numbers).iter().zip(records(&found)) {
            if let Key::Number(it) = key(&number)
                && let Some(answer) = usize::try_from(it - first)
                    .ok()
                    .and_then(|at| answers.get_mut(at))
            {
                answer.push(record);
            }
        }
        Ok(answers)
    }
}

fn records(answer: &JsValue) -> Vec<Vec<u8>> {
    let bytes = |it: JsValue| Uint8Array::new(&it).to_vec();
    Array::from(answer).iter().map(bytes).collect()
}

impl Read {
    /// Where it reads one record under a number.
    const fn number(&self) -> Option<(Store, u64)> {
        match self {
            Self::One(store, Key::Number(it)) => Some((*store, *it)),
            Self::One(_, Key::Name(_)) | Self::From { .. } | Self::Named { .. } | Self::Keys(_) => {
                None
            }
        }
    }

    /// Whether the other one reads the record under the next number.
    fn is_next_to(&self, other: &Self) -> bool {
        let next = self.number().map(|(store, it)| (store, it + 1));
        next.is_some() && next == other.number()
    }

    fn request(&self, transaction: &Transaction) -> Result<IdbRequest, JsValue> {
        let store = transaction.object_store(self.store().name())?;
        Ok(match self {
            Self::One(_, key) => store.get(&js_key(key))?,
            Self::From { first, limit, .. } => {
                let range = IdbKeyRange::lower_bound(&number(*first))?;
                match limit {
                    Some(limit) => store.get_all_with_key_and_limit(&range, *limit)?,
                    None => store.get_all_with_key(&range)?,
                }
            }
            Self::Named { prefix, .. } => store.get_all_with_key(&names_with(prefix)?.into())?,
            Self::Keys(of) => match of.as_ref() {
                Self::From { first, limit, .. } => {
                    let range = IdbKeyRange::lower_bound(&number(*first))?;
                    match limit {
                        Some(limit) => store.get_all_keys_with_key_and_limit(&range, *limit)?,
                        None => store.get_all_keys_with_key(&range)?,
                    }
                }
                Self::Named { prefix, .. } => {
                    store.get_all_keys_with_key(&names_with(prefix)?.into())?
                }
                Self::One(_, key) => store.get_all_keys_with_key(&js_key(key))?,
                Self::Keys(of) => of.request(transaction)?,
            },
        })
    }

    fn records(&self, answer: &JsValue) -> Vec<Vec<u8>> {
        let bytes = |it: JsValue| Uint8Array::new(&it).to_vec();
        match self {
            Self::One(..) if answer.is_undefined() => Vec::new(),
            Self::One(..) => vec![bytes(answer.clone())],
            Self::From { .. } | Self::Named { .. } => records(answer),
            Self::Keys(_) => {
                let keys = Array::from(answer);
                keys.iter().map(|it| key(&it).to_bytes()).collect()
            }
        }
    }
}

/// Asks for writes [next to](Write::is_next_to) one another in one request.
fn write_run(run: &[Write], transaction: &Transaction) -> Result<(), JsValue> {
    match (run.first(), run.last()) {
        (
            Some(&Write::Delete(store, Key::Number(first))),
            Some(&Write::Delete(_, Key::Number(last))),
        ) if first < last => Write::DeleteRange { store, first, last }.request(transaction),
        _ => run.iter().try_for_each(|it| it.request(transaction)),
    }
}

impl Write {
    /// Whether both delete, the other one under the next number.
    fn is_next_to(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Delete(store, Key::Number(it)), Self::Delete(of, Key::Number(next))) => {
                store == of && it + 1 == *next
            }
            _ => false,
        }
    }

    fn request(&self, transaction: &Transaction) -> Result<(), JsValue> {
        let store: IdbObjectStore = transaction.object_store(self.store().name())?;
        match self {
            Self::Put(_, key, record) => {
                store.put_with_key(&Uint8Array::from(record.as_slice()), &js_key(key))?
            }
            Self::Delete(_, key) => store.delete(&js_key(key))?,
            Self::DeleteRange { first, last, .. } => {
                store.delete(&IdbKeyRange::bound(&number(*first), &number(*last))?.into())?
            }
        };
        Ok(())
    }
}

/// What a request brings. The listeners are the promise's own functions: what waits for it runs while
/// the transaction is still active.
pub(crate) fn answer_to(
    request: &IdbRequest,
) -> impl Future<Output = Result<JsValue, JsValue>> + use<> {
    let settled = Promise::new(&mut |resolve, _| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&resolve));
    });
    let request = request.clone();
    async move {
        JsFuture::from(settled).await?;
        match request.error()? {
            Some(error) => Err(error.into()),
            None => request.result(),
        }
    }
}

/// Ready when the transaction is on the disk, or did not happen: then with the reason, if there is one.
fn end_of(transaction: &Transaction) -> impl Future<Output = Result<(), Option<JsValue>>> + use<> {
    let settled = Promise::new(&mut |resolve, _| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&resolve));
    });
    let transaction = transaction.clone();
    async move {
        let event: web_sys::Event = JsFuture::from(settled).await?.unchecked_into();
        if event.type_() == "complete" {
            Ok(())
        } else {
            Err(transaction.error().map(JsValue::from))
        }
    }
}

/// Plain data from what the browser threw.
pub(crate) fn fault(error: JsValue) -> Fault {
    let text = |name: &str| {
        Reflect::get(&error, &name.into())
            .ok()
            .and_then(|it| it.as_string())
    };
    let name = text("name").unwrap_or_default();
    let message = text("message").unwrap_or_else(|| format!("{error:?}"));
    match name.as_str() {
        "QuotaExceededError" => Fault::QuotaExceeded,
        // The browser closed the connection under the transaction, or its database process is gone.
        "InvalidStateError" | "AbortError" => Fault::ConnectionLost,
        _ if message.to_lowercase().contains("connection") => Fault::ConnectionLost,
        "SecurityError" => Fault::Unavailable(message),
        _ if name.is_empty() => Fault::Other(message),
        _ => Fault::Other(format!("{name}: {message}")),
    }
}

/// A connection to the newest version that this build knows.
pub(crate) async fn open_newest(
    name: &str,
    migrations: &[&[Store]],
    blocked_after_ms: i32,
) -> Result<Connection, Fault> {
    let known = u32::try_from(migrations.len()).expect("few migrations");
    let factory = factory()?;
    // Twice: what is too old is upgraded in between. Thrice: another tab may upgrade as well.
    for _ in 0..3 {
        let connection = open_as_it_is(&factory, name, blocked_after_ms).await?;
        let found = connection.as_ref().map_or(0, version);
        match connection {
            Some(connection) if found == known => return Ok(connection),
            Some(connection) => connection.close(),
            None => {}
        }
        if found > known {
            return Err(Fault::NewerSchema { found, known });
        }
        upgrade(name, migrations, blocked_after_ms).await?;
    }
    Err(Fault::Unavailable(
        "the database was closed again and again".to_owned(),
    ))
}

pub(crate) fn factory() -> Result<IdbFactory, Fault> {
    let missing = || Fault::Unavailable("indexedDB is missing".to_owned());
    let factory = Reflect::get(&js_sys::global(), &"indexedDB".into()).map_err(|_| missing())?;
    factory.dyn_into().map_err(|_| missing())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "versions are small whole numbers"
)]
fn version(connection: &Connection) -> u32 {
    connection.version() as u32
}

/// A connection to whatever version there is; none where there is no database, and none is made.
///
/// While another tab waits to upgrade, no connection is given out: that is [`Fault::Blocked`] as well.
pub(crate) async fn open_as_it_is(
    factory: &IdbFactory,
    name: &str,
    blocked_after_ms: i32,
) -> Result<Option<Connection>, Fault> {
    let unavailable = |error: JsValue| {
        let fault = fault(error);
        let is_full = fault == Fault::QuotaExceeded;
        if is_full {
            fault
        } else {
            Fault::Unavailable(fault.to_string())
        }
    };
    let request: IdbOpenDbRequest = factory.open(name).map_err(unavailable)?;
    let is_new = Rc::new(Cell::new(false));
    let abort = Closure::<dyn FnMut()>::new({
        let (request, is_new) = (request.clone(), Rc::clone(&is_new));
        move || {
            is_new.set(true);
            if let Some(transaction) = request.transaction() {
                let _ = transaction.abort();
            }
        }
    });
    request.set_onupgradeneeded(Some(abort.as_ref().unchecked_ref()));
    let is_awaited = Rc::new(Cell::new(true));
    let opened = future_to_promise({
        let is_awaited = Rc::clone(&is_awaited);
        async move {
            let answer = answer_to(&request).await;
            drop(abort);
            match answer {
                Ok(connection) => {
                    if !is_awaited.get() {
                        connection.unchecked_ref::<IdbDatabase>().close();
                    }
                    Ok(connection)
                }
                Err(_) if is_new.get() => Ok(JsValue::NULL),
                Err(error) => Err(error),
            }
        }
    });
    let opened = within(opened, blocked_after_ms).await;
    is_awaited.set(false);
    let opened = opened.map_err(unavailable)?.ok_or(Fault::Blocked)?;
    Ok((!opened.is_null()).then(|| opened.unchecked_into()))
}

/// Brings the schema to the newest version. Waits for other tabs to let go, but not for ever.
async fn upgrade(name: &str, migrations: &[&[Store]], blocked_after_ms: i32) -> Result<(), Fault> {
    let version = u32::try_from(migrations.len()).expect("few migrations");
    let mut builder = rexie::Rexie::builder(name).version(version);
    for store in migrations.iter().copied().flatten() {
        builder = builder.add_object_store(rexie::ObjectStore::new(store.name()));
    }
    // Goes on by itself when the time is over, and lets go of the database in any case.
    let upgraded = future_to_promise(async move {
        match builder.build().await {
            Ok(database) => {
                database.close();
                Ok(JsValue::NULL)
            }
            Err(error) => Ok(format!("{error:?}").into()),
        }
    });
    let outcome = within(upgraded, blocked_after_ms).await.map_err(fault)?;
    match outcome.ok_or(Fault::Blocked)?.as_string() {
        None => Ok(()),
        // A tab with a newer version was quicker; looking again tells.
        Some(error) if error.contains("VersionError") => Ok(()),
        Some(error) if error.contains("QuotaExceededError") => Err(Fault::QuotaExceeded),
        Some(error) => Err(Fault::Unavailable(error)),
    }
}

/// What a promise brings; none where that takes too long. It must not bring `undefined`.
async fn within(promise: Promise, at_most_ms: i32) -> Result<Option<JsValue>, JsValue> {
    let too_late = Promise::new(&mut |resolve, _| set_timeout(&resolve, at_most_ms));
    let first = JsFuture::from(Promise::race(&Array::of2(&promise, &too_late))).await?;
    Ok((!first.is_undefined()).then_some(first))
}
