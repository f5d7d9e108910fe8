//! The suite in a real browser, and what only a browser can do to a log.

use std::cell::Cell;
use std::rc::Rc;

use shouwen_domain::moment::Moment;
use shouwen_store::suite::{self, Fixture};
use shouwen_store::{Fault, FileState, Files, Hold, Log, Section, event_log_suite, file_suite};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use crate::disk::Store;
use crate::indexeddb::{MIGRATIONS, answer_to, factory, fault, open_as_it_is, open_newest};
use crate::{ContentKey, IndexedDb, IndexedDbLog, SealedLog};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
export function fill_up_once() {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function () {
        IDBObjectStore.prototype.put = put;
        throw new DOMException("The disk is full", "QuotaExceededError");
    };
}
export function open_version(name, version) {
    return new Promise((resolve, reject) => {
        const request = indexedDB.open(name, version);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
}
export function error_of(name, message) {
    return new DOMException(message, name);
}
"#)]
extern "C" {
    fn fill_up_once();
    fn open_version(name: &str, version: u32) -> js_sys::Promise;
    fn error_of(name: &str, message: &str) -> JsValue;
}

/// A database of its own.
struct Browser {
    name: String,
}

impl Browser {
    fn new() -> Self {
        let name = format!("log-{}", js_sys::Math::random());
        Self { name }
    }
}

impl Fixture for Browser {
    type Log = IndexedDbLog;

    async fn open(&self) -> IndexedDbLog {
        IndexedDbLog::open(&self.name, || {})
            .await
            .expect("a database")
    }

    async fn after_a_crash(&self) -> IndexedDbLog {
        self.open().await
    }

    fn fill_up(&self, _: &IndexedDbLog) -> bool {
        fill_up_once();
        true
    }

    fn lose_next_answer(&self, log: &IndexedDbLog) -> bool {
        log.disk().loses_answer.set(true);
        true
    }
}

event_log_suite!(
    #[wasm_bindgen_test]
    Browser::new()
);
file_suite!(
    #[wasm_bindgen_test]
    Browser::new()
);

/// A database of its own, sealed.
struct SealedBrowser {
    name: String,
    key: ContentKey,
}

impl SealedBrowser {
    fn new() -> Self {
        Self {
            name: Browser::new().name,
            key: ContentKey::default(),
        }
    }
}

impl Fixture for SealedBrowser {
    type Log = SealedLog;

    async fn open(&self) -> SealedLog {
        let key = ContentKey::import(&[7; 32]).await.expect("WebCrypto");
        self.key.set(Some(key));
        SealedLog::open(&self.name, self.key.clone(), || {})
            .await
            .expect("a database")
    }

    async fn after_a_crash(&self) -> SealedLog {
        self.open().await
    }

    fn fill_up(&self, _: &SealedLog) -> bool {
        fill_up_once();
        true
    }

    fn lose_next_answer(&self, log: &SealedLog) -> bool {
        log.disk().under().loses_answer.set(true);
        true
    }
}

mod sealed {
    use super::*;

    event_log_suite!(
        #[wasm_bindgen_test]
        SealedBrowser::new()
    );
    file_suite!(
        #[wasm_bindgen_test]
        SealedBrowser::new()
    );

    #[wasm_bindgen_test]
    async fn a_key_that_is_dropped_shuts_what_it_sealed_and_another_one_does_not_open_it() {
        let browser = SealedBrowser::new();
        let log = browser.open().await;
        suite::act(&log, suite::case(1), Some(1)).await;
        browser.key.set(None);
        log.forget();
        assert_eq!(log.opening(1).await, Err(Fault::Locked));
        assert_eq!(log.standing().await.map(|it| it.n_cases), Ok(1));
        let other = ContentKey::import(&[8; 32]).await.expect("WebCrypto");
        browser.key.set(Some(other));
        let what = "what is sealed as journal 1".to_owned();
        assert_eq!(log.opening(1).await, Err(Fault::Corrupt { what }));
        let plain = IndexedDbLog::open(&browser.name, || {}).await;
        let refused = plain.expect("a database").opening(1).await;
        assert!(matches!(refused, Err(Fault::Corrupt { .. })));
        assert_eq!(
            browser
                .open()
                .await
                .opening(1)
                .await
                .map(|it| it.rows.len()),
            Ok(1)
        );
    }
}

#[wasm_bindgen_test]
async fn a_tab_whose_database_was_deleted_makes_no_new_one() {
    let browser = Browser::new();
    let log = browser.open().await;
    suite::act(&log, suite::case(1), Some(1)).await;
    IndexedDb::delete(&browser.name).await.expect("deleted");
    assert_eq!(
        log.put(Section::Settings, "a", b"b").await,
        Err(Fault::Cleared)
    );
    let factory = factory().expect("IndexedDB");
    let found = open_as_it_is(&factory, &browser.name, 3_000).await;
    assert!(found.expect("no fault").is_none());
}

/// The schema as a later version of the app may have it.
fn later() -> Vec<&'static [Store]> {
    let mut migrations = MIGRATIONS.to_vec();
    migrations.push(&[]);
    migrations
}

async fn open_raw(name: &str, version: u32) -> web_sys::IdbDatabase {
    let opened = JsFuture::from(open_version(name, version)).await;
    opened.expect("a database").unchecked_into()
}

#[wasm_bindgen_test]
async fn every_write_is_strictly_durable() {
    let log = Browser::new().open().await;
    assert_eq!(log.disk().is_strict(), None);
    suite::act(&log, suite::case(1), Some(1)).await;
    assert_eq!(log.disk().is_strict(), Some(true));

    let log = Browser::new().open().await;
    log.put(Section::Drafts, "a", b"words")
        .await
        .expect("stored");
    assert_eq!(log.disk().is_strict(), Some(true));
}

#[wasm_bindgen_test]
async fn a_newer_database_is_left_alone() {
    let browser = Browser::new();
    open_raw(&browser.name, 7).await.close();
    let refused = IndexedDbLog::open(&browser.name, || {}).await.err();
    assert_eq!(refused, Some(Fault::NewerSchema { found: 7, known: 3 }));
    let database = open_raw(&browser.name, 7).await;
    assert_eq!(database.object_store_names().length(), 0);
    database.close();
}

#[wasm_bindgen_test]
async fn a_log_from_before_there_were_files_keeps_what_it_has_and_takes_files() {
    let browser = Browser::new();
    let before = open_newest(&browser.name, &MIGRATIONS[..1], 3_000).await;
    let before = before.expect("a database of the first version");
    assert_eq!(before.object_store_names().length(), 7);
    let store = Store::Named.name();
    let transaction =
        before.transaction_with_str_and_mode(store, web_sys::IdbTransactionMode::Readwrite);
    let transaction = transaction.expect("a transaction");
    let record = js_sys::Uint8Array::from(&b"words"[..]);
    let put = transaction
        .object_store(store)
        .and_then(|it| it.put_with_key(&record, &"drafts/a".into()))
        .expect("a request");
    answer_to(&put).await.expect("stored");
    before.close();

    let log = browser.open().await;
    assert_eq!(
        log.get(Section::Drafts, "a").await,
        Ok(Some(b"words".to_vec()))
    );
    let put = log
        .put_file(b"a photo", Hold::Owed, Moment::default())
        .await;
    let hash = put.expect("stored");
    assert_eq!(log.file_state(hash).await, Ok(FileState::Owed));
    assert_eq!(log.disk().is_strict(), Some(true));
}

#[wasm_bindgen_test]
async fn looking_makes_no_database() {
    let browser = Browser::new();
    let factory = factory().expect("IndexedDB");
    for _ in 0..2 {
        let found = open_as_it_is(&factory, &browser.name, 3_000)
            .await
            .expect("no fault");
        assert!(found.is_none());
    }
}

#[wasm_bindgen_test]
async fn a_tab_that_does_not_let_go_is_named() {
    let browser = Browser::new();
    let log = browser.open().await;
    suite::act(&log, suite::case(1), Some(1)).await;
    drop(log);
    let stubborn = open_raw(&browser.name, 3).await;
    // The second time, the first one's upgrade is still waiting.
    for _ in 0..2 {
        let refused = open_newest(&browser.name, &later(), 200).await.err();
        assert_eq!(refused, Some(Fault::Blocked));
    }
    stubborn.close();
    let upgraded = open_newest(&browser.name, &later(), 3_000)
        .await
        .expect("upgraded");
    assert_eq!(upgraded.object_store_names().length(), 10);
    upgraded.close();
}

#[wasm_bindgen_test]
async fn a_tab_lets_go_for_a_newer_version_and_says_so() {
    let browser = Browser::new();
    let superseded = Rc::new(Cell::new(0));
    let count = Rc::clone(&superseded);
    let log = IndexedDbLog::open(&browser.name, move || count.set(count.get() + 1)).await;
    let log = log.expect("a database");
    suite::act(&log, suite::case(1), Some(1)).await;

    let upgraded = open_newest(&browser.name, &later(), 3_000)
        .await
        .expect("upgraded");
    assert_eq!(superseded.get(), 1);
    let refused = Fault::NewerSchema { found: 4, known: 3 };
    assert_eq!(log.opening(1).await, Err(refused.clone()));
    assert_eq!(log.put(Section::Drafts, "a", b"words").await, Err(refused));
    // What was stored went through the upgrade.
    let store = Store::Journal.name();
    let transaction = upgraded.transaction_with_str(store).expect("a transaction");
    let count = transaction
        .object_store(store)
        .and_then(|it| it.count())
        .expect("a request");
    let counted = answer_to(&count).await.expect("a count");
    assert_eq!(counted.as_f64(), Some(1.0));
    upgraded.close();
}

#[wasm_bindgen_test]
async fn a_lost_connection_is_opened_again() {
    let log = Browser::new().open().await;
    suite::act(&log, suite::case(1), Some(1)).await;
    log.disk().close();
    assert_eq!(log.opening(5).await.expect("an opening").rows.len(), 1);
    log.disk().close();
    suite::act(&log, suite::case(1), Some(2)).await;
}

#[wasm_bindgen_test]
fn what_a_browser_throws_becomes_plain_data() {
    let quota = fault(error_of("QuotaExceededError", "Encountered full disk"));
    assert_eq!(quota, Fault::QuotaExceeded);
    let safari = "Connection to Indexed Database server lost. Refresh the page to try again";
    assert_eq!(
        fault(error_of("UnknownError", safari)),
        Fault::ConnectionLost
    );
    let closing = error_of("InvalidStateError", "The database connection is closing.");
    assert_eq!(fault(closing), Fault::ConnectionLost);
    let private = error_of("SecurityError", "Not allowed here");
    assert_eq!(
        fault(private),
        Fault::Unavailable("Not allowed here".to_owned())
    );
    let other = fault(error_of("DataError", "No key"));
    assert_eq!(other, Fault::Other("DataError: No key".to_owned()));
}

#[wasm_bindgen_test]
async fn opening_reads_as_little_of_ten_thousand_cases_as_of_one() {
    let few = Browser::new();
    suite::act(&few.open().await, suite::case(1), Some(1)).await;
    let many = Browser::new();
    let started = js_sys::Date::now();
    suite::load(&many.open().await, 10_000, 200).await;
    let loaded_ms = js_sys::Date::now() - started;

    let mut n_reads = Vec::new();
    for browser in [&few, &many] {
        let log = browser.open().await;
        let started = js_sys::Date::now();
        let opening = log.opening(50).await.expect("an opening");
        let opened_ms = js_sys::Date::now() - started;
        wasm_bindgen_test::console_log!(
            "{} cases open in {opened_ms} ms (loaded in {loaded_ms} ms)",
            opening.standing.n_cases
        );
        assert!(
            opening
                .rows
                .is_sorted_by_key(|it| it.due.map(Moment::unix_ms))
        );
        n_reads.push(log.disk().n_reads());
    }
    // The standing, the journal, the first page of open rows.
    assert_eq!(n_reads, [3, 3]);
}

#[wasm_bindgen_test]
async fn what_is_put_into_the_box_comes_out_with_the_content_key_alone() {
    let browser = Browser::new();
    let of = |byte: u8| async move { ContentKey::import(&[byte; 32]).await.expect("a key") };
    let key = ContentKey::default();
    assert_eq!(key.new_box().await, Err(Fault::Locked));
    key.set(Some(of(7).await));
    let stored = key.new_box().await.expect("a box");
    key.take_up_box(&stored).await.expect("taken up");
    let log = SealedLog::open(&browser.name, key.clone(), || {}).await;
    let log = log.expect("a database");
    suite::act(&log, suite::case(1), Some(1)).await;
    key.set(None);
    log.forget();

    let head = log.standing().await.expect("a standing").head;
    let append = suite::first(head, suite::case(2), Some(2));
    let unread = log.append_unread(&append, None).await;
    unread.expect("stored");
    assert_eq!(log.history(suite::case(2)).await, Err(Fault::Locked));
    let photo = vec![5; 100_000];
    let hash = log.put_file(&photo, Hold::Draft, Moment::default()).await;
    let hash = hash.expect("stored");
    assert_eq!(log.owe_file(hash).await, Ok(true));

    // As a page that was opened while the device was locked.
    let later = ContentKey::default();
    later.take_up_box(&stored).await.expect("taken up");
    assert!(later.has_box());
    let log = SealedLog::open(&browser.name, later.clone(), || {}).await;
    let log = log.expect("a database");
    later.set(Some(of(8).await));
    assert!(matches!(
        later.take_up_box(&stored).await,
        Err(Fault::Corrupt { .. })
    ));
    later.set(Some(of(7).await));
    later.take_up_box(&stored).await.expect("opened");
    let history = log.history(suite::case(2)).await.expect("a history");
    assert_eq!(history.entries[0].envelope, append.envelope);
    assert_eq!(log.file(hash).await, Ok(Some(photo)));
}
