//! Recording for whoever is not signed in: in whose name, the form, and that it is saved. Shows nothing of any case.

use leptos::prelude::*;
use shouwen_domain::id::PersonId;

use crate::browser;
use crate::components::emergency::Emergency;
use crate::components::icon::Icon;
use crate::desk::Desk;
use crate::pages::record::UnsignedForm;
use crate::pages::sign_in::PersonList;
use crate::say;
use crate::wording;

/// How far somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Choose,
    Record(PersonId),
    Saved(PersonId),
}

/// `step`: none once somebody goes back to where one signs in.
#[component]
pub fn UnsignedPage(at: Step, step: RwSignal<Option<Step>>) -> impl IntoView {
    // Each of these is a page of its own, from its top.
    browser::scroll_to_top();
    match at {
        Step::Choose => view! { <Choose step /> }.into_any(),
        Step::Record(author) => view! { <Record author step /> }.into_any(),
        Step::Saved(author) => view! { <Saved author step /> }.into_any(),
    }
}

/// Where one signs in: the way to record all the same, and how much waits.
#[component]
pub fn UnsignedEntry(step: RwSignal<Option<Step>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    if !desk.has_box() {
        return ().into_any();
    }
    view! {
        <div class="unsigned">
            <button class="button" data-kind="secondary" type="button" data-testid="record-unsigned"
                on:click=move |_| step.set(Some(Step::Choose))>
                <Icon name="pencil" />{move || say!(words.get(), "unsigned.title")}
            </button>
            <Waiting />
        </div>
    }
    .into_any()
}

/// How much waits for those in whose name it was recorded.
#[component]
fn Waiting() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let said = move || {
        let (waiting, language) = (desk.unsigned().get(), desk.language().get());
        match (waiting.n, waiting.n_unsent) {
            (0, _) => None,
            (n, 0) => Some(say!(language, "unsigned.sent", n = n)),
            (n, unsent) => Some(say!(language, "unsigned.waiting", n = n, unsent = unsent)),
        }
    };
    view! {
        <p class="field-hint" role="status" data-testid="unsigned-waiting"
            data-unsent=move || desk.unsigned().read().n_unsent.to_string()>{said}</p>
    }
}

#[component]
fn Choose(step: RwSignal<Option<Step>>) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let chosen = Callback::new(move |author| step.set(Some(Step::Record(author))));
    view! {
        <main class="sign-in">
            <h1 class="sign-in-title">{move || say!(words.get(), "unsigned.who")}</h1>
            <p class="sign-in-site">{move || say!(words.get(), "unsigned.hint")}</p>
            <PersonList chosen />
            <BackToSignIn step />
        </main>
    }
    .into_any()
}

#[component]
fn Record(author: PersonId, step: RwSignal<Option<Step>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let name = name_of(desk, author.clone());
    let saved = {
        let author = author.clone();
        Callback::new(move |_| step.set(Some(Step::Saved(author.clone()))))
    };
    view! {
        <div class="app" data-focus="task">
            <header class="app-bar">
                <h1 class="app-bar-title">{move || say!(words.get(), "unsigned.bar")}</h1>
                <Emergency recording=true />
            </header>
            <main class="app-main" id="main">
                <div class="page">
                    <div class="banner" data-kind="info">
                        <p class="banner-text">{move || say!(words.get(), "unsigned.as", name = name.get())}</p>
                        <BackToSignIn step />
                    </div>
                    <UnsignedForm author done=saved />
                </div>
            </main>
        </div>
    }
    .into_any()
}

#[component]
fn Saved(author: PersonId, step: RwSignal<Option<Step>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let name = name_of(desk, author);
    view! {
        <main class="sign-in" data-testid="unsigned-saved">
            <h1 class="sign-in-title" role="status">{move || say!(words.get(), "unsigned.saved")}</h1>
            <p class="sign-in-site">{move || say!(words.get(), "unsigned.saved_hint", name = name.get())}</p>
            <Waiting />
            <BackToSignIn step />
        </main>
    }
    .into_any()
}

#[component]
fn BackToSignIn(step: RwSignal<Option<Step>>) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    view! {
        <button class="button" data-kind="quiet" type="button" data-testid="unsigned-back" on:click=move |_| step.set(None)>
            {move || say!(words.get(), "unsigned.back")}
        </button>
    }
}

fn name_of(desk: Desk, person: PersonId) -> Memo<String> {
    Memo::new(move |_| {
        let rules = desk.rules().get();
        rules.map_or_else(String::new, |it| wording::person(&it.directory, &person))
    })
}
