//! A device joins a site: a code that is typed, or that came with the address.

use gloo::events::EventListener;
use leptos::prelude::*;
use shouwen_sync::client::Status;

use crate::browser;
use crate::desk::{Desk, JoinError};
use crate::pages::fault::fault_words;
use crate::say;
use crate::wording::Language;

/// Where head office knew this device before, and does not any more, or will not once it is met: it lost its key.
#[component]
pub fn JoinAgain() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let is_unknown =
        Memo::new(move |_| desk.is_uncertified() || desk.sync().get().status == Status::SignedOut);
    move || {
        is_unknown.get().then(|| {
            view! {
                <section class="case-part" data-testid="join-again">
                    <p class="banner" data-kind="warn" role="alert">{move || say!(words.get(), "join.again")}</p>
                    <JoinForm />
                </section>
            }
        })
    }
}

#[component]
pub fn JoinForm() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let code = RwSignal::new(desk.take_invitation().unwrap_or_default());
    let empty = RwSignal::new(false);
    let join = Action::new_local(move |code: &String| desk.join(code.clone()));
    let submit = move || {
        let typed = code.get_untracked();
        empty.set(typed.trim().is_empty());
        if !empty.get_untracked() && !join.pending().get_untracked() {
            join.dispatch(typed);
        }
    };
    if !code.read_untracked().is_empty() {
        submit();
    }
    // A link that is opened in this very tab.
    let link = EventListener::new(&browser::window(), "hashchange", move |_| {
        if let Some(it) = browser::take_invitation() {
            code.set(it);
            submit();
        }
    });
    let link = StoredValue::new_local(link);
    on_cleanup(move || link.dispose());
    let error = move || {
        let words = words.get();
        if empty.get() {
            return Some(say!(words, "join.empty"));
        }
        let failed = join.value().get()?.err()?;
        Some(error_words(words, &failed))
    };
    view! {
        <form class="join-form" on:submit=move |ev| { ev.prevent_default(); submit(); }>
            <div class="field" data-invalid=move || error().map(|_| "")>
                <label class="field-label" for="join-code">{move || say!(words.get(), "join.code")}</label>
                <input class="input code-input" id="join-code" type="text" autocomplete="off" autocapitalize="characters"
                    spellcheck="false" placeholder="0000-0000-0000" prop:value=code
                    on:input:target=move |ev| { empty.set(false); code.set(ev.target().value()); } />
                <p class="field-error" role="alert" hidden=move || error().is_none()>{error}</p>
                <p class="field-hint" role="status" hidden=move || !join.pending().get()>
                    {move || say!(words.get(), "join.joining")}
                </p>
            </div>
            <button class="button" data-kind="primary" type="submit" disabled=join.pending()>
                {move || say!(words.get(), "join.enter")}
            </button>
        </form>
    }
    .into_any()
}

fn error_words(language: Language, error: &JoinError) -> String {
    match error {
        JoinError::WrongCode => say!(language, "join.wrong"),
        JoinError::TooManyTries => say!(language, "join.too_many"),
        JoinError::NeedsNetwork => say!(language, "join.needs_network"),
        JoinError::NoKey => say!(language, "fault.no_key"),
        JoinError::OtherOffice => say!(language, "join.other_office"),
        JoinError::Server(why) => say!(language, "join.fault", why = format!("{why:?}")),
        JoinError::Fault(fault) => fault_words(language, fault),
    }
}
