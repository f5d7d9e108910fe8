//! Search as one types, over every case on the device, open or closed, and over what pack and directory say (L3).
//! Before anything is typed, the common texts are at hand (L2). Nothing typed leaves the page.

use leptos::prelude::*;
use shouwen_domain::summary::Summary;

use crate::components::answer_card::AnswerCard;
use crate::components::case_row::what;
use crate::components::frame::Frame;
use crate::desk::{Desk, Found};
use crate::pages::fault::fault_words;
use crate::say;
use crate::wording::answers::{self, Answer};
use crate::wording::{act, time};

/// Results shown at most.
const N_FOUND: usize = 50;
/// Answers shown before "show more", so that cases are in sight.
const N_KNOWN: usize = 3;
#[component]
pub fn SearchPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let text = RwSignal::new(String::new());
    let title = Signal::derive(move || say!(words.get(), "search.title"));
    desk.read_rows();
    let found = LocalResource::new(move || {
        let typed = text.get();
        async move {
            let is_asked = || text.try_with_untracked(|it| *it == typed) == Some(true);
            desk.look_up(&typed, N_FOUND, is_asked).await
        }
    });
    let known = Memo::new(move |_| {
        let (rules, me) = (desk.rules().get(), desk.session().get());
        let found = rules
            .zip(me)
            .map(|(rules, me)| answers::search(words.get(), &rules, &me.person, &text.read()));
        found.unwrap_or_default()
    });
    let is_empty = Memo::new(move |_| text.read().trim().is_empty());
    let told = move || match found.get() {
        None => say!(words.get(), "search.searching"),
        Some(Ok(None)) => say!(words.get(), "search.hint"),
        Some(Ok(Some(it))) => {
            let n = it.rows.len() + known.read().len();
            if n == 0 {
                say!(words.get(), "search.none", text = text.get_untracked())
            } else if it.more {
                say!(words.get(), "search.more")
            } else {
                say!(words.get(), "search.n", n = n)
            }
        }
        Some(Err(fault)) => fault_words(words.get(), &fault),
    };
    let cases = move || {
        let found = found.get()?.ok().flatten()?;
        (!found.rows.is_empty()).then(|| view! { <Cases found /> })
    };
    let at_hand = move || is_empty.get().then(|| view! { <AtHand text /> });
    view! {
        <Frame title>
            <div class="page">
                <div class="field">
                    <label class="field-label" for="search">{move || say!(words.get(), "search.label")}</label>
                    <input class="input" id="search" type="search" autocomplete="off" enterkeyhint="search"
                        prop:value=text on:input:target=move |ev| text.set(ev.target().value()) />
                    <p class="field-hint" role="status">{told}</p>
                </div>
                <Known known />
                {cases}
                {at_hand}
            </div>
        </Frame>
    }
    .into_any()
}

/// What pack and directory say of it; a few, then all.
#[component]
fn Known(known: Memo<Vec<Answer>>) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let all = RwSignal::new(false);
    // Asked anew, it is few again.
    Effect::new(move |_| {
        known.track();
        all.set(false);
    });
    let shown = move || {
        let n = if all.get() { usize::MAX } else { N_KNOWN };
        known.get().into_iter().take(n).collect::<Vec<_>>()
    };
    let n_more = move || known.read().len().saturating_sub(N_KNOWN);
    let more = move || {
        (n_more() > 0 && !all.get()).then(|| {
            view! {
                <button class="button" data-kind="quiet" type="button" on:click=move |_| all.set(true)>
                    {say!(words.get(), "answers.more", n = n_more())}
                </button>
            }
        })
    };
    let is_empty = Memo::new(move |_| known.read().is_empty());
    move || {
        (!is_empty.get()).then(|| {
            view! {
                <section class="answers" data-testid="answers">
                    <h2 class="case-part-title">{move || say!(words.get(), "answers.title")}</h2>
                    {move || shown().into_iter().map(|answer| view! { <AnswerCard answer /> }).collect_view()}
                    {more}
                </section>
            }
        })
    }
}

/// What is at hand before anything is typed (L2, L3).
#[component]
fn AtHand(text: RwSignal<String>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let section = move |title: String, all: Vec<Answer>| {
        (!all.is_empty()).then(|| {
            let cards = all
                .into_iter()
                .map(|answer| view! { <AnswerCard answer /> })
                .collect_view();
            view! { <section class="answers"><h2 class="case-part-title">{title}</h2>{cards}</section> }
        })
    };
    move || {
        let (language, rules) = (words.get(), desk.rules().get()?);
        let chip = |name: String| {
            let asked = name.clone();
            view! { <button class="chip" type="button" on:click=move |_| text.set(asked.clone())>{name}</button> }
        };
        let procedures = answers::procedures(language, &rules);
        let procedures = (!procedures.is_empty()).then(|| {
            let title = say!(language, "answers.procedures");
            let chips = procedures.into_iter().map(chip).collect_view();
            view! {
                <section class="answers"><h2 class="case-part-title">{title}</h2><div class="chips">{chips}</div></section>
            }
        });
        let courtesy = answers::courtesy(language, &rules);
        let pledge = answers::pledge(language, &rules);
        let common = answers::common(language, &rules);
        Some(view! {
            {section(say!(language, "answers.common"), common)}
            {procedures}
            {section(say!(language, "answers.courtesies"), courtesy)}
            {section(say!(language, "answers.pledge"), pledge.into_iter().collect())}
        })
    }
}

#[component]
fn Cases(found: Found) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let row = move |it: Summary| {
        let rules = desk.rules().get();
        let language = words.get();
        let state = match (it.ending, it.first().and_then(|it| it.due), &rules) {
            (Some(ending), _, _) => act::ending(language, ending),
            (None, Some(due), Some(rules)) => {
                time::left(language, due, desk.now().get(), rules.zone())
            }
            (None, _, _) => String::new(),
        };
        let urgency = if it.ending.is_some() { "done" } else { "calm" };
        let href = format!("/case/{}", it.case);
        let erased = it.is_erased.then(|| {
            view! { <span class="case-row-note">{say!(language, "case.erased_note")}</span> }
        });
        view! {
            <li class="work-group-item">
                <a class="case-row" data-urgency=urgency href=href>
                    <span class="case-row-left">{state}</span>
                    <span class="case-row-what">{what(&it)}</span>
                    <span class="case-row-note">{it.number.clone()}</span>
                    {erased}
                </a>
            </li>
        }
    };
    view! {
        <section class="answers" data-testid="cases">
            <h2 class="case-part-title">{move || say!(words.get(), "answers.cases")}</h2>
            <ul class="work-group-rows">{found.rows.into_iter().map(row).collect_view()}</ul>
        </section>
    }
}
