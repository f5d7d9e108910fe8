//! The service worker: registers it, says when a new version waits, and lets it keep the keys of whoever is signed in.

use std::cell::Cell;

use futures::channel::mpsc::UnboundedSender;
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    MessageChannel, MessageEvent, ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration,
};

const ASK_AGAIN_AFTER_MS: u64 = 2_000;

thread_local! {
    /// A version that is to go stays for as long as it is given something to do.
    static IS_GIVING_OVER: Cell<bool> = const { Cell::new(false) };
}

/// Registers the worker and calls `ready` whenever a new version has filled its cache and waits.
pub fn register(ready: impl Fn() + Clone + 'static) {
    let Some(container) = container() else { return };
    spawn_local(async move {
        let Ok(registration) = JsFuture::from(container.register("/sw.js")).await else {
            return;
        };
        let registration: ServiceWorkerRegistration = registration.unchecked_into();
        watch(&registration, ready);
    });
}

fn watch(registration: &ServiceWorkerRegistration, ready: impl Fn() + Clone + 'static) {
    if registration.waiting().is_some() && is_controlled() {
        ready();
    }
    let found = {
        let registration = registration.clone();
        Closure::<dyn Fn()>::new(move || {
            let Some(installing) = registration.installing() else {
                return;
            };
            let ready = ready.clone();
            let worker = installing.clone();
            let changed = Closure::<dyn Fn()>::new(move || {
                if worker.state() == web_sys::ServiceWorkerState::Installed && is_controlled() {
                    ready();
                }
            });
            installing.set_onstatechange(Some(changed.as_ref().unchecked_ref()));
            changed.forget();
        })
    };
    registration.set_onupdatefound(Some(found.as_ref().unchecked_ref()));
    found.forget();
}

/// Gives every version of the worker the keys, in memory only, for a page that is loaded anew; none: to drop them.
pub async fn keep(keys: Option<&JsValue>) {
    for worker in workers().await {
        let is_to_go =
            IS_GIVING_OVER.get() && worker.state() == web_sys::ServiceWorkerState::Activated;
        let message = match keys {
            Some(_) if is_to_go => continue,
            Some(keys) => message("keep", keys),
            None => message("drop", &JsValue::UNDEFINED),
        };
        // A worker that is gone keeps nothing.
        let _ = worker.post_message(&message);
    }
}

/// Asks every version of the worker for the keys that it keeps; how many answers will come.
pub async fn ask(answers: &UnboundedSender<Option<JsValue>>) -> usize {
    let mut n_asked = 0;
    for worker in workers().await {
        let Ok(channel) = MessageChannel::new() else {
            continue;
        };
        let answers = answers.clone();
        let heard = Closure::once_into_js(move |it: MessageEvent| {
            let keys = it.data();
            // Whoever asked may have had an answer already.
            let _ = answers.unbounded_send(keys.is_object().then_some(keys));
        });
        channel.port1().set_onmessage(Some(heard.unchecked_ref()));
        let ports = Array::of1(&channel.port2());
        let message = message("keys", &JsValue::UNDEFINED);
        if worker
            .post_message_with_transferable(&message, &ports)
            .is_ok()
        {
            n_asked += 1;
        }
    }
    n_asked
}

async fn workers() -> Vec<ServiceWorker> {
    let Some(container) = container() else {
        return Vec::new();
    };
    let Ok(registration) = JsFuture::from(container.get_registration()).await else {
        return Vec::new();
    };
    let Ok(registration) = registration.dyn_into::<ServiceWorkerRegistration>() else {
        return Vec::new();
    };
    let workers = [
        registration.active(),
        registration.waiting(),
        registration.installing(),
    ];
    workers.into_iter().flatten().collect()
}

fn message(what: &str, keys: &JsValue) -> Object {
    let message = Object::new();
    let _ = Reflect::set(&message, &"type".into(), &what.into());
    let _ = Reflect::set(&message, &"keys".into(), keys);
    message
}

/// Lets the waiting version take over, and reloads the page when it has. A newer one may come to wait in its place
/// meanwhile: whichever waits is asked until the page goes.
pub fn take_over() {
    let Some(container) = container() else { return };
    IS_GIVING_OVER.set(true);
    let reload = Closure::<dyn Fn()>::new(|| {
        let _ = super::window().location().reload();
    });
    container.set_oncontrollerchange(Some(reload.as_ref().unchecked_ref()));
    reload.forget();
    spawn_local(async move {
        loop {
            let Ok(registration) = JsFuture::from(container.get_registration()).await else {
                return;
            };
            let registration: ServiceWorkerRegistration = registration.unchecked_into();
            if let Some(waiting) = registration.waiting() {
                let _ = waiting.post_message(&message("take-over", &JsValue::UNDEFINED));
            }
            super::sleep_ms(ASK_AGAIN_AFTER_MS).await;
        }
    });
}

fn is_controlled() -> bool {
    container().is_some_and(|it| it.controller().is_some())
}

/// None outside a secure context.
fn container() -> Option<ServiceWorkerContainer> {
    let navigator = super::window().navigator();
    let has = Reflect::has(&navigator, &"serviceWorker".into()).unwrap_or(false);
    has.then(|| navigator.service_worker())
}
