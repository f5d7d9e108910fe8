//! Search over every case on the device, open or closed, as one types. Nothing typed leaves the page.

use leptos::prelude::*;
use shouwen_domain::summary::Summary;
use shouwen_store::{Fault, Log};

use crate::components::case_row::what;
use crate::components::frame::Frame;
use crate::desk::Desk;
use crate::pages::fault::fault_words;
use crate::say;
use crate::wording::{self, act, time};

/// Results shown at most.
const N_FOUND: usize = 50;
/// Rows read at a time.
const N_PAGE: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Found {
    rows: Vec<Summary>,
    more: bool,
}

#[component]
pub fn SearchPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let text = RwSignal::new(String::new());
    let title = Signal::derive(move || say!(words.get(), "search.title"));
    let found = LocalResource::new(move || {
        let text = text.get().trim().to_lowercase();
        async move {
            if text.is_empty() {
                Ok(None)
            } else {
                find(desk, text).await.map(Some)
            }
        }
    });
    let results = move || {
        match found.get() {
        None => view! { <p class="field-hint">{say!(words.get(), "search.searching")}</p> }.into_any(),
        Some(Ok(None)) => view! { <p class="field-hint">{say!(words.get(), "search.hint")}</p> }.into_any(),
        Some(Ok(Some(it))) if it.rows.is_empty() => {
            view! { <p class="field-hint">{say!(words.get(), "search.none", text = text.get_untracked())}</p> }.into_any()
        }
        Some(Ok(Some(it))) => view! { <Results found=it /> }.into_any(),
        Some(Err(fault)) => view! { <p role="alert">{fault_words(words.get(), &fault)}</p> }.into_any(),
    }
    };
    view! {
        <Frame title>
            <div class="page">
                <div class="field">
                    <label class="field-label" for="search">{move || say!(words.get(), "search.label")}</label>
                    <input class="input" id="search" type="search" autocomplete="off" enterkeyhint="search"
                        on:input:target=move |ev| text.set(ev.target().value()) />
                </div>
                <div aria-live="polite">{results}</div>
            </div>
        </Frame>
    }
    .into_any()
}

#[component]
fn Results(found: Found) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let n = found.rows.len();
    let more = found
        .more
        .then(|| view! { <p class="field-hint">{move || say!(words.get(), "search.more")}</p> });
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
        view! {
            <li class="work-group-item">
                <a class="case-row" data-urgency=urgency href=href>
                    <span class="case-row-left">{state}</span>
                    <span class="case-row-what">{what(&it)}</span>
                    <span class="case-row-note">{it.number.clone()}</span>
                </a>
            </li>
        }
    };
    view! {
        <p class="field-hint">{move || say!(words.get(), "search.n", n = n)}</p>
        <ul class="work-group-rows">{found.rows.into_iter().map(row).collect_view()}</ul>
        {more}
    }
}

async fn find(desk: Desk, text: String) -> Result<Found, Fault> {
    let rules = desk.rules().get_untracked();
    let mut found = Found::default();
    let mut after = None;
    loop {
        let page = desk.log().rows(after, N_PAGE).await?;
        for summary in page
            .rows
            .iter()
            .filter_map(|it| Summary::from_bytes(&it.body))
        {
            let category = rules
                .as_ref()
                .and_then(|it| it.pack.category(&summary.category));
            let category = category
                .map(|it| format!("{} {}", it.name.zh, it.name.en))
                .unwrap_or_default();
            let person = rules
                .as_ref()
                .map(|it| wording::person(&it.directory, &summary.first_responder));
            let all = [
                &summary.number,
                &summary.matter,
                &summary.address,
                &category,
                &person.unwrap_or_default(),
            ];
            if all.iter().any(|it| it.to_lowercase().contains(&text)) {
                if found.rows.len() == N_FOUND {
                    found.more = true;
                    return Ok(found);
                }
                found.rows.push(summary);
            }
        }
        if page.next.is_none() {
            return Ok(found);
        }
        after = page.next;
    }
}
