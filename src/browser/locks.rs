//! One tab at a time: Web Locks.

use futures::channel::oneshot;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;

/// Held until it is dropped, or the page is closed.
#[must_use]
pub struct Held(Option<Function>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits until no other tab holds the lock of this name. Where the browser has none, nothing is held.
pub async fn exclusive(name: &str) -> Held {
    let mut release = None;
    let released = Promise::new(&mut |resolve, _| release = Some(resolve));
    let (say, granted) = oneshot::channel::<()>();
    let grant = Closure::once_into_js(move |_: JsValue| {
        // Whoever waited may be gone; then nobody releases it but the page's end.
        let _ = say.send(());
        released
    });
    let asked = || {
        let locks = Reflect::get(&super::window().navigator(), &"locks".into())?;
        let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
        request.call2(&locks, &name.into(), &grant)
    };
    if asked().is_ok() {
        let _ = granted.await;
    }
    Held(release)
}
