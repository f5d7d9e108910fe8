//! Head office lets this device in no more: nothing of it is shown, and what it had not sent is on its way.

use leptos::prelude::*;

use crate::desk::{Desk, FileDesk};
use crate::say;

#[component]
pub fn RevokedPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let files = expect_context::<FileDesk>();
    let words = desk.language();
    let n_left = move || desk.standing().read().n_owed + files.totals().read().n_owed;
    let state = move || {
        let words = words.get();
        match n_left() {
            0 => say!(words, "revoked.erasing"),
            n => say!(words, "revoked.sending", n = n),
        }
    };
    view! {
        <main class="sign-in" data-testid="revoked">
            <h1 class="sign-in-title">{move || say!(words.get(), "revoked.title")}</h1>
            <p role="alert">{move || say!(words.get(), "revoked.why")}</p>
            <p role="status">{state}</p>
        </main>
    }
    .into_any()
}
