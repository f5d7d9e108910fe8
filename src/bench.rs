//! What the benchmarks drive: this app's desk, log and pump, by plain documents. Built only with the feature `bench`.
//!
//! `window.__bench` is the form that every page in `bench/peers` has; `bench/README.md` describes it.

mod document;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use js_sys::{JSON, Object, Promise, Reflect};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shouwen_domain::id::PersonId;
use shouwen_domain::summary::Summary;
use shouwen_store::Log;
use shouwen_sync::message::Page;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::future_to_promise;

use crate::browser;
use crate::desk::Desk;
use crate::sync_pump::Reader;
use document::{Change, Document, OtherDevice, case_id};

/// How often is looked whether something is done that takes seconds.
const LOOK_EVERY_MS: u64 = 5;

/// So many found cases are asked for.
const N_FOUND: usize = 20;

type Done<T> = LocalBoxFuture<'static, Result<T, String>>;

/// What it is driven with, beside the desk.
struct Bench {
    desk: Desk,
    reader: RefCell<Option<Reader>>,
    others: RefCell<Option<OtherDevice>>,
    /// Pages that were made beforehand, by their first document.
    prepared: RefCell<BTreeMap<String, Page>>,
}

#[derive(Serialize)]
struct Meta {
    name: &'static str,
    version: &'static str,
    durabilities: [&'static str; 1],
}

/// Only one durability is to be had: another one is refused.
#[derive(Deserialize)]
struct Opening {
    durability: Option<String>,
}

#[derive(Deserialize)]
struct Whole {
    n: u64,
}

/// Lets the page be driven.
pub fn offer(desk: Desk) {
    let bench = Rc::new(Bench {
        desk,
        reader: RefCell::default(),
        others: RefCell::default(),
        prepared: RefCell::default(),
    });
    let target = Object::new();
    let meta = Meta {
        name: "app",
        version: env!("CARGO_PKG_VERSION"),
        durabilities: ["strict"],
    };
    set(&target, "meta", &to_js(&meta));
    let offer = Offer {
        target: &target,
        bench: &bench,
    };
    offer.one("open", |bench, it: Opening| Box::pin(bench.open(it)));
    offer.one("prepare", |bench, it: Vec<Document>| {
        Box::pin(async move { bench.prepare(&it) })
    });
    offer.one("bulk", |bench, it| Box::pin(bench.bulk(it)));
    offer.one("logOne", |bench, it| Box::pin(bench.log_one(it)));
    offer.two("update", |bench, id, it| Box::pin(bench.update(id, it)));
    offer.one("due", |bench, k| Box::pin(bench.due(k)));
    offer.one("search", |bench, it| Box::pin(bench.search(it)));
    offer.two("pull", |bench, _: String, it| Box::pin(bench.pull(it)));
    offer.one("push", |bench, _: String| Box::pin(bench.push()));
    offer.none("flush", |bench| Box::pin(bench.flush()));
    offer.none("count", |bench| {
        Box::pin(async move { Ok(bench.desk.standing().get_untracked().n_cases) })
    });
    offer.none("show", |_| {
        Box::pin(async {
            leptos::task::tick().await;
            Ok(())
        })
    });
    set(browser::window().as_ref(), "__bench", &target);
}

impl Bench {
    /// Whoever the address names joins and signs in, unless somebody is signed in.
    async fn open(self: Rc<Self>, how: Opening) -> Result<(), String> {
        if how.durability.is_some_and(|it| it != "strict") {
            return Err("every write of this app is strict".to_owned());
        }
        let desk = self.desk;
        if desk.session().get_untracked().is_some() {
            return Ok(());
        }
        if !desk.is_enrolled() {
            let code = desk.take_invitation().ok_or("open the link to join with")?;
            desk.join(code).await.map_err(said)?;
        }
        let asked = |name| browser::asked(name).ok_or(format!("the address has no ?{name}="));
        let person: PersonId = asked("person")?.parse().map_err(said)?;
        desk.sign_in(person, asked("pin")?).await.map_err(said)
    }

    /// Makes the page of these documents, so that [`Bench::bulk`] has only to read it.
    fn prepare(&self, documents: &[Document]) -> Result<(), String> {
        let Some(first) = documents.first() else {
            return Ok(());
        };
        let page = self.page(documents)?;
        self.prepared.borrow_mut().insert(first.id.clone(), page);
        Ok(())
    }

    fn page(&self, documents: &[Document]) -> Result<Page, String> {
        let rules = self.desk.rules().get_untracked().ok_or("nobody joined")?;
        let session = self.desk.session().get_untracked();
        let here = session.ok_or("nobody is signed in")?.person;
        let mut others = self.others.borrow_mut();
        let others = others.get_or_insert_with(OtherDevice::new);
        let mut envelopes = Vec::new();
        for it in documents {
            let acts = others.acts(it, &here, &rules);
            envelopes.extend(acts.map_err(|why| format!("case {}: {why}", it.id))?);
        }
        Ok(document::page(&envelopes))
    }

    /// What other devices did, as a page of a pull.
    async fn bulk(self: Rc<Self>, documents: Vec<Document>) -> Result<(), String> {
        let Some(first) = documents.first() else {
            return Ok(());
        };
        let prepared = self.prepared.borrow_mut().remove(&first.id);
        let page = prepared.map_or_else(|| self.page(&documents), Ok)?;
        self.reader().await?;
        let mut reader = self.reader.take().ok_or("read one page at a time")?;
        let read = reader.take_in(page).await;
        self.reader.replace(Some(reader));
        read
    }

    async fn reader(&self) -> Result<(), String> {
        if self.reader.borrow().is_none() {
            let reader = Reader::open(self.desk).await.map_err(said)?;
            self.reader.replace(Some(reader));
        }
        Ok(())
    }

    /// What became of the journal when the pump last had nothing else to do.
    async fn flush(self: Rc<Self>) -> Result<(), String> {
        self.reader().await?;
        let mut reader = self.reader.take().ok_or("one at a time")?;
        reader.compact().await;
        self.reader.replace(Some(reader));
        Ok(())
    }

    async fn log_one(self: Rc<Self>, document: Document) -> Result<(), String> {
        let rules = self.desk.rules().get_untracked().ok_or("nobody joined")?;
        let session = self.desk.session().get_untracked();
        let here = session.ok_or("nobody is signed in")?.person;
        let (command, besides) = document.record(&here, &rules)?;
        let case = case_id(&document.id);
        let sent = self.desk.send_with(case, command, besides).await;
        sent.map_err(said)
    }

    async fn update(self: Rc<Self>, id: String, change: Change) -> Result<(), String> {
        let (command, besides) = change.act();
        let sent = self.desk.send_with(case_id(&id), command, besides).await;
        sent.map_err(said)
    }

    /// The most urgent open cases, whole.
    async fn due(self: Rc<Self>, k: usize) -> Result<Vec<Document>, String> {
        let mut rows: Vec<Summary> = self.desk.board().with_untracked(|board| {
            let open = board.rows().filter(|it| it.due().is_some());
            open.cloned().collect()
        });
        rows.sort_by_key(|it| (it.due(), it.case));
        rows.truncate(k);
        let wanted: BTreeSet<_> = rows.iter().map(|it| it.case).collect();
        let histories = self.desk.log().histories(&wanted).await.map_err(said)?;
        let rules = self.desk.rules().get_untracked().ok_or("nobody joined")?;
        let whole = rows
            .iter()
            .filter_map(|it| histories.get(&it.case))
            .map(|it| document::read(it, &rules).ok_or("a case without its record".to_owned()));
        whole.collect()
    }

    /// The first cases that are meant by what was typed.
    async fn search(self: Rc<Self>, typed: String) -> Result<Vec<String>, String> {
        let found = self.desk.look_up(&typed, N_FOUND, || true).await;
        let rows = found.map_err(said)?.unwrap_or_default().rows;
        Ok(rows.iter().map(|it| it.matter.clone()).collect())
    }

    /// Joins, signs in, and reads until so many cases are here.
    async fn pull(self: Rc<Self>, whole: Whole) -> Result<(), String> {
        let desk = self.desk;
        self.open(Opening { durability: None }).await?;
        while desk.standing().get_untracked().n_cases < whole.n {
            browser::sleep_ms(LOOK_EVERY_MS).await;
        }
        Ok(())
    }

    /// Until head office has what was done here.
    async fn push(self: Rc<Self>) -> Result<(), String> {
        while self.desk.standing().get_untracked().n_owed > 0 {
            browser::sleep_ms(LOOK_EVERY_MS).await;
        }
        Ok(())
    }
}

/// Puts functions onto the object that is driven.
struct Offer<'a> {
    target: &'a Object,
    bench: &'a Rc<Bench>,
}

impl Offer<'_> {
    fn none<T: Serialize + 'static>(
        &self,
        name: &str,
        does: impl Fn(Rc<Bench>) -> Done<T> + 'static,
    ) {
        let bench = self.bench.clone();
        let function = move || promise(Ok(does(bench.clone())));
        let closure = Closure::<dyn Fn() -> Promise>::new(function);
        set(self.target, name, &closure.into_js_value());
    }

    fn one<A: DeserializeOwned + 'static, T: Serialize + 'static>(
        &self,
        name: &str,
        does: impl Fn(Rc<Bench>, A) -> Done<T> + 'static,
    ) {
        let bench = self.bench.clone();
        let function = move |it: JsValue| promise(read(&it).map(|it| does(bench.clone(), it)));
        let closure = Closure::<dyn Fn(JsValue) -> Promise>::new(function);
        set(self.target, name, &closure.into_js_value());
    }

    fn two<A: DeserializeOwned + 'static, B: DeserializeOwned + 'static, T: Serialize + 'static>(
        &self,
        name: &str,
        does: impl Fn(Rc<Bench>, A, B) -> Done<T> + 'static,
    ) {
        let bench = self.bench.clone();
        let function = move |one: JsValue, two: JsValue| {
            let both = read(&one).and_then(|one| Ok((one, read(&two)?)));
            promise(both.map(|(one, two)| does(bench.clone(), one, two)))
        };
        let closure = Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(function);
        set(self.target, name, &closure.into_js_value());
    }
}

fn promise<T: Serialize + 'static>(begun: Result<Done<T>, String>) -> Promise {
    future_to_promise(async move {
        let done = match begun {
            Ok(doing) => doing.await,
            Err(why) => Err(why),
        };
        done.map(|it| to_js(&it))
            .map_err(|why| js_sys::Error::new(&why).into())
    })
}

fn set(target: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(target, &name.into(), value).expect("a plain object takes whatever it is given");
}

fn read<T: DeserializeOwned>(value: &JsValue) -> Result<T, String> {
    let text = JSON::stringify(value).ok().and_then(|it| it.as_string());
    serde_json::from_str(&text.unwrap_or_default()).map_err(said)
}

fn to_js<T: Serialize>(it: &T) -> JsValue {
    let text = serde_json::to_string(it).expect("nothing here has keys that JSON lacks");
    JSON::parse(&text).expect("it was written as JSON")
}

fn said(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
