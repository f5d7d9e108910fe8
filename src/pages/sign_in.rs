//! Who is at the device: choose the person, then the PIN. Works without a network from the second time on.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::directory::Person;
use shouwen_domain::id::PersonId;

use crate::browser::preferences;
use crate::components::icon::Icon;
use crate::components::join_form::{JoinAgain, JoinForm};
use crate::desk::{Desk, SignInError, TextsError};
use crate::pages::fault::fault_words;
use crate::pages::unsigned::{Step, UnsignedEntry, UnsignedPage};
use crate::say;
use crate::wording::Language;

const PIN_DIGITS: usize = 6;

#[component]
pub fn SignInPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let chosen = RwSignal::new(desk.last_here().get_untracked());
    let has_joined = Memo::new(move |_| desk.has_joined());
    let has_texts = Memo::new(move |_| desk.rules().read().is_some());
    let step = RwSignal::new(None::<Step>);
    let sign_in = move || {
        view! {
            <main class="sign-in">
                {move || match (has_joined.get(), has_texts.get(), chosen.get()) {
                    (false, _, _) => view! { <Join /> }.into_any(),
                    (true, false, _) => view! { <FetchTexts /> }.into_any(),
                    (true, true, None) => view! { <People chosen step /> }.into_any(),
                    (true, true, Some(person)) => view! { <Pin person chosen /><UnsignedEntry step /> }.into_any(),
                }}
            </main>
        }
    };
    move || match step.get() {
        Some(at) => view! { <UnsignedPage at step /> }.into_any(),
        None => sign_in().into_any(),
    }
}

/// Before everything else: which site this device is of.
#[component]
fn Join() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let was_erased = preferences::was_erased();
    let words = desk.language();
    view! {
        <p class="banner" data-kind="info" role="status" hidden=!was_erased>{move || say!(words.get(), "join.erased")}</p>
        <h1 class="sign-in-title">{move || say!(words.get(), "join.title")}</h1>
        <p class="sign-in-site">{move || say!(words.get(), "join.hint")}</p>
        <JoinForm />
        <OtherLanguage />
    }
    .into_any()
}

#[component]
fn OtherLanguage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    view! {
        <button class="button" data-kind="quiet" type="button" on:click=move |_| desk.set_language(words.get().other())>
            <Icon name="languages" />{move || say!(words.get(), "menu.language")}
        </button>
    }
}

/// The very first time: the site's texts have to come from head office.
#[component]
fn FetchTexts() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let fetch = Action::new_local(move |(): &()| desk.fetch_texts());
    fetch.dispatch(());
    let state = move || match fetch.value().get() {
        Some(Err(TextsError::NoAnswer(_) | TextsError::NotLetIn)) => {
            say!(words.get(), "sign_in.no_site")
        }
        Some(Err(TextsError::Wrong(what))) => say!(words.get(), "fault.texts", what = what),
        Some(Err(TextsError::Fault(fault))) => fault_words(words.get(), &fault),
        Some(Ok(())) | None => say!(words.get(), "sign_in.loading"),
    };
    let failed = move || matches!(fetch.value().get(), Some(Err(_)));
    view! {
        <h1 class="sign-in-title">{move || say!(words.get(), "app.name")}</h1>
        <p role="status">{state}</p>
        <button class="button" data-kind="primary" hidden=move || !failed() disabled=fetch.pending()
            on:click=move |_| { fetch.dispatch(()); }>
            {move || say!(words.get(), "sign_in.retry")}
        </button>
    }
}

#[component]
fn People(chosen: RwSignal<Option<PersonId>>, step: RwSignal<Option<Step>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    // News of the directory is welcome and not waited for.
    spawn_local(async move {
        let _ = desk.fetch_texts().await;
    });
    let site = move || {
        desk.rules()
            .get()
            .map(|it| words.get().of(&it.directory.name).to_owned())
    };
    view! {
        <h1 class="sign-in-title">{move || say!(words.get(), "sign_in.title")}</h1>
        <p class="sign-in-site">{site}</p>
        <JoinAgain />
        <UnsignedEntry step />
        <PersonList chosen=Callback::new(move |it| chosen.set(Some(it))) />
        <OtherLanguage />
    }
    .into_any()
}

/// Everybody of the site, by department.
#[component]
pub fn PersonList(chosen: Callback<PersonId>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let people = move || {
        let language = words.get();
        let rules = desk.rules().get();
        let people: Vec<(Person, String)> = rules
            .iter()
            .flat_map(|rules| {
                rules.directory.departments.iter().flat_map(|department| {
                    let name = language.of(&department.name).to_owned();
                    rules
                        .directory
                        .staff(&department.id)
                        .into_iter()
                        .map(move |it| (it.clone(), name.clone()))
                })
            })
            .collect();
        people
            .into_iter()
            .map(|(person, department)| {
                let first: String = person.name.chars().take(1).collect();
                let post = format!("{department} · {}", language.of(&person.position));
                let id = person.id.clone();
                view! {
                    <li>
                        <button class="person" type="button" data-person=person.id.to_string()
                            on:click=move |_| chosen.run(id.clone())>
                            <span class="avatar" aria-hidden="true">{first}</span>
                            <span class="person-name">{person.name}</span>
                            <span class="person-post">{post}</span>
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    view! { <ul class="person-list">{people}</ul> }
}

/// What a browser offers to keep nowhere: kept with it, a PIN would let anybody in who holds the device. Of "off" most take no
/// notice.
pub const PIN_AUTOCOMPLETE: &str = "one-time-code";

#[component]
fn Pin(person: PersonId, chosen: RwSignal<Option<PersonId>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let pin = RwSignal::new(String::new());
    let digits = RwSignal::new(false);
    let known = {
        let person = person.clone();
        Memo::new(move |_| {
            desk.rules()
                .get()
                .and_then(|it| it.directory.person(&person).cloned())
        })
    };
    let name = move || known.get().map(|it| it.name).unwrap_or_default();
    let post = move || {
        let (person, rules) = known.get().zip(desk.rules().get())?;
        let department = rules.directory.department(&person.department)?;
        Some(format!(
            "{} · {}",
            words.get().of(&department.name),
            words.get().of(&person.position)
        ))
    };
    let enter = Action::new_local(move |pin: &String| desk.sign_in(person.clone(), pin.clone()));
    let submit = move || {
        let typed = pin.get_untracked();
        digits.set(!is_pin(&typed));
        if is_pin(&typed) && !enter.pending().get_untracked() {
            enter.dispatch(typed);
            pin.set(String::new());
        }
    };
    let press = move |digit: u32| {
        digits.set(false);
        pin.update(|it| {
            if it.len() < PIN_DIGITS {
                it.push_str(&digit.to_string());
            }
        });
        if pin.read_untracked().len() == PIN_DIGITS {
            submit();
        }
    };
    let error = move || {
        if digits.get() {
            return Some(say!(words.get(), "sign_in.digits"));
        }
        enter
            .value()
            .get()
            .and_then(Result::err)
            .map(|it| error_words(words.get(), &it, &name()))
    };
    let key = move |digit: u32| view! { <button class="key" type="button" on:click=move |_| press(digit)>{digit}</button> };
    view! {
        <h1 class="sign-in-title">{name}</h1>
        <p class="sign-in-site">
            {post}" · "
            <button class="button" data-kind="quiet" type="button" on:click=move |_| chosen.set(None)>
                {move || say!(words.get(), "sign_in.other")}
            </button>
        </p>
        <form class="sign-in-pin" on:submit=move |ev| { ev.prevent_default(); submit(); }>
            <div class="field" data-invalid=move || error().map(|_| "")>
                <label class="field-label" for="pin">{move || say!(words.get(), "sign_in.pin")}</label>
                <input class="input pin-input" id="pin" type="password" inputmode="none" autocomplete=PIN_AUTOCOMPLETE maxlength="6"
                    prop:value=pin on:input:target=move |ev| { digits.set(false); pin.set(ev.target().value()); } />
                <p class="field-error" role="alert" hidden=move || error().is_none()>{error}</p>
                <p class="field-hint" role="status" hidden=move || !enter.pending().get()>
                    {move || say!(words.get(), "sign_in.checking")}
                </p>
            </div>
            <div class="keypad">
                {(1..=9).map(key).collect_view()}
                <button class="key" data-kind="clear" type="button" on:click=move |_| pin.set(String::new())>
                    {move || say!(words.get(), "sign_in.clear")}
                </button>
                {key(0)}
                <button class="key" data-kind="back" type="button" on:click=move |_| pin.update(|it| { it.pop(); })
                    aria-label=move || say!(words.get(), "sign_in.back")><Icon name="backspace" /></button>
            </div>
            <button class="button" data-kind="primary" type="submit" disabled=enter.pending()>
                {move || say!(words.get(), "sign_in.enter")}
            </button>
        </form>
    }
    .into_any()
}

pub fn is_pin(typed: &str) -> bool {
    typed.len() == PIN_DIGITS && typed.bytes().all(|it| it.is_ascii_digit())
}

pub fn error_words(language: Language, error: &SignInError, name: &str) -> String {
    match error {
        SignInError::WrongPin { n_left: Some(n) } => say!(language, "sign_in.wrong", n = n),
        SignInError::WrongPin { n_left: None } => say!(language, "sign_in.wrong_online"),
        SignInError::NeedsNetwork => say!(language, "sign_in.needs_network", name = name),
        SignInError::Locked => say!(language, "sign_in.locked"),
        SignInError::Wait { minutes } => say!(language, "sign_in.wait", n = minutes),
        SignInError::LeaseOver => say!(language, "sign_in.lease_over"),
        SignInError::TooManyTries => say!(language, "sign_in.too_many"),
        SignInError::Server(why) => say!(language, "sign_in.fault", why = format!("{why:?}")),
        SignInError::NoCrypto => say!(language, "fault.no_key"),
        SignInError::Revoked => say!(language, "sign_in.revoked", name = name),
        SignInError::NotEnrolled => say!(language, "sign_in.device_unknown"),
        SignInError::OtherOffice => say!(language, "sign_in.other_office"),
        SignInError::Fault(fault) => fault_words(language, fault),
    }
}
