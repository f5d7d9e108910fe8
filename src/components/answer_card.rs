//! One text at hand: to read out, to copy with one tap, to ring about (L2, L3).

use gloo::timers::callback::Timeout;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::icon::Icon;
use crate::browser;
use crate::desk::Desk;
use crate::say;
use crate::wording::answers::Answer;

/// How long the button says what became of it.
const SAID_MS: u32 = 2_500;

#[component]
pub fn AnswerCard(answer: Answer) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let was_copied = RwSignal::new(None::<bool>);
    let copied = answer.copied();
    let copy = move |_| {
        let text = copied.clone();
        spawn_local(async move {
            let done = browser::copy(&text).await;
            was_copied.try_set(Some(done));
            Timeout::new(SAID_MS, move || {
                was_copied.try_set(None);
            })
            .forget();
        });
    };
    let word = move || match was_copied.get() {
        None => say!(words.get(), "answers.copy"),
        Some(true) => say!(words.get(), "answers.copied"),
        Some(false) => say!(words.get(), "answers.not_copied"),
    };
    let Answer {
        kind,
        title,
        text,
        phone,
        ..
    } = answer;
    let named = title.clone();
    let ring = phone.map(|it| {
        let href = format!("tel:{}", it.replace(' ', ""));
        let name = format!("{} {it}", say!(words.get_untracked(), "case.call"));
        view! {
            <a class="button" data-kind="quiet" href=href aria-label=name>
                <Icon name="phone" />{move || say!(words.get(), "case.call")}
            </a>
        }
    });
    view! {
        <article class="answer">
            <p class="answer-kind">{kind}</p>
            <h3 class="answer-title">{title}</h3>
            <p class="answer-text">{text}</p>
            <div class="answer-do">
                {ring}
                <button class="button" data-kind="quiet" type="button" data-copied=move || was_copied.get().map(|it| it.to_string())
                    on:click=copy>
                    {word}<span class="visually-hidden">" "{named}</span>
                </button>
                <span class="visually-hidden" role="status">{move || was_copied.get().map(|_| word())}</span>
            </div>
        </article>
    }
    .into_any()
}
