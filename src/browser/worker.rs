//! The service worker: registers it, and says when a new version waits.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration};

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

/// Lets the waiting version take over, and reloads the page when it has.
pub fn take_over() {
    let Some(container) = container() else { return };
    let reload = Closure::<dyn Fn()>::new(|| {
        let _ = super::window().location().reload();
    });
    container.set_oncontrollerchange(Some(reload.as_ref().unchecked_ref()));
    reload.forget();
    spawn_local(async move {
        let Ok(registration) = JsFuture::from(container.get_registration()).await else {
            return;
        };
        let registration: ServiceWorkerRegistration = registration.unchecked_into();
        if let Some(waiting) = registration.waiting() {
            let message = Object::new();
            let _ = Reflect::set(&message, &"type".into(), &"take-over".into());
            let _ = waiting.post_message(&message);
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
