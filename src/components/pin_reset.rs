//! Another PIN for a colleague who forgot theirs, without a network; and what is said to whoever was given one.

use leptos::prelude::*;
use shouwen_domain::id::PersonId;
use shouwen_domain::site::PinReset as Given;

use super::icon::Icon;
use crate::desk::{Desk, ResetError};
use crate::pages::fault::send_error_words;
use crate::pages::sign_in::{PIN_AUTOCOMPLETE, error_words, is_pin};
use crate::say;
use crate::wording::{self, Language, time};

#[component]
pub fn PinReset() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let may = Memo::new(move |_| desk.may_reset());
    let given = LocalResource::new(move || {
        desk.standing().track();
        desk.pins_given()
    });
    let words = desk.language();
    let line = move |it: Given| {
        let rules = desk.rules().get()?;
        let name = |it: &PersonId| wording::person(&rules.directory, it);
        let at = time::date_and_time(words.get(), rules.zone().local(it.at));
        let said = say!(
            words.get(),
            "pin.given",
            name = name(&it.person),
            by = name(&it.by),
            time = at
        );
        Some(view! { <li>{said}</li> })
    };
    let lines = move || {
        given
            .get()
            .map(|it| it.into_iter().rev().map(line).collect_view())
    };
    let is_empty = move || given.read().as_ref().is_none_or(Vec::is_empty);
    view! {
        <section class="case-part" data-testid="pin-reset" hidden=move || may.read().is_empty() && is_empty()>
            <h2 class="case-part-title">{move || say!(words.get(), "pin.title")}</h2>
            {move || (!may.read().is_empty()).then(|| view! { <ResetForm may=may.get() /> })}
            <ul data-testid="pins-given">{lines}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn ResetForm(may: Vec<PersonId>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let person = RwSignal::new(String::new());
    let (pin, own_pin) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let wrong = RwSignal::new(false);
    let reset = Action::new_local(move |(person, pin, own): &(PersonId, String, String)| {
        desk.reset_pin(person.clone(), pin.clone(), own.clone())
    });
    let submit = move || {
        let (given, own) = (pin.get_untracked(), own_pin.get_untracked());
        let chosen = person.get_untracked().parse().ok();
        let chosen = chosen.filter(|_| is_pin(&given) && is_pin(&own));
        wrong.set(chosen.is_none());
        if let Some(chosen) = chosen {
            reset.dispatch((chosen, given, own));
            pin.set(String::new());
            own_pin.set(String::new());
        }
    };
    let people = move || {
        let (rules, language) = (desk.rules().get(), words.get());
        may.iter()
            .filter_map(|id| {
                let it = rules.as_ref()?.directory.person(id)?.clone();
                let word = format!("{} · {}", it.name, language.of(&it.position));
                Some(view! { <option value=it.id.to_string()>{word}</option> })
            })
            .collect_view()
    };
    let error = move || {
        if wrong.get() {
            return Some(say!(words.get(), "pin.incomplete"));
        }
        let rules = desk.rules().get();
        let error = reset.value().get()?.err()?;
        Some(match error {
            ResetError::OwnPin(it) => {
                let why = error_words(words.get(), &it, "");
                say!(words.get(), "pin.own_wrong", why = why)
            }
            ResetError::Send(it) => send_error_words(words.get(), &it, rules.as_deref()),
        })
    };
    let is_done = move || matches!(reset.value().get(), Some(Ok(()))) && !wrong.get();
    let field = move |id: &'static str, label: &'static str, value: RwSignal<String>| {
        view! {
            <div class="field">
                <label class="field-label" for=id>{move || rust_i18n::t!(label, locale = words.get().code()).into_owned()}</label>
                <input class="input" id=id type="password" inputmode="numeric" autocomplete=PIN_AUTOCOMPLETE maxlength="6"
                    prop:value=value on:input:target=move |ev| value.set(ev.target().value()) />
            </div>
        }
    };
    view! {
        <form class="form" on:submit=move |ev| { ev.prevent_default(); submit(); }>
            <p class="field-hint" data-wide="">{move || say!(words.get(), "pin.hint")}</p>
            <div class="field">
                <label class="field-label" for="reset-person">{move || say!(words.get(), "pin.person")}</label>
                <select class="input" id="reset-person" on:change:target=move |ev| person.set(ev.target().value())>
                    <option value="">{move || say!(words.get(), "pin.choose")}</option>
                    {people}
                </select>
            </div>
            {field("reset-pin", "pin.new", pin)}
            {field("reset-own-pin", "pin.own", own_pin)}
            <p class="field-error" role="alert" hidden=move || error().is_none()>{error}</p>
            <p role="status" data-testid="pin-is-reset" hidden=move || !is_done()>{move || say!(words.get(), "pin.done")}</p>
            <button class="button" data-kind="secondary" type="submit" disabled=reset.pending()>
                {move || say!(words.get(), "pin.reset")}
            </button>
        </form>
    }
    .into_any()
}

/// To whoever was given another PIN, and to whoever signs nothing here.
#[component]
pub fn PinNotice() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let said = move || {
        let (session, rules) = (desk.session().get()?, desk.rules().get()?);
        let told = session.reset.map(|it| {
            let by = wording::person(&rules.directory, &it.by);
            let at = time::date_and_time(words.get(), rules.zone().local(it.at));
            say!(words.get(), "pin.told", by = by, time = at)
        });
        let signs_nothing = (!session.signs).then(|| say!(words.get(), "pin.signs_nothing"));
        let all: Vec<String> = told.into_iter().chain(signs_nothing).collect();
        (!all.is_empty()).then(|| (all.join(separator(words.get())), session.signs))
    };
    let seen = Action::new_local(move |(): &()| desk.reset_is_seen());
    move || {
        said().map(|(text, may_go)| {
            view! {
                <div class="banner" data-kind="warn" data-testid="pin-notice">
                    <Icon name="alert" /><p class="banner-text">{text}</p>
                    {may_go.then(|| view! {
                        <button class="button" data-kind="quiet" on:click=move |_| { seen.dispatch(()); }>
                            {move || say!(words.get(), "pin.seen")}
                        </button>
                    })}
                </div>
            }
        })
    }
}

const fn separator(language: Language) -> &'static str {
    match language {
        Language::English => " ",
        Language::Chinese => "",
    }
}
