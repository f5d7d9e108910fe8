//! Phrases that are pointed out while a text is being written, each with a better sentence to take (L1, I15).
//!
//! It hinders nobody: only in matters of money or law a promise is refused, and that by the rules when it is sent.

use leptos::prelude::*;
use shouwen_domain::Rules;
use shouwen_domain::document::Language as TextLanguage;
use shouwen_domain::pack::{Phrase, PhraseKind};

use crate::desk::Desk;
use crate::say;

/// How a text is read while it is written.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// A matter of money or law: promises are pointed out too (I15).
    pub sensitive: Signal<bool>,
    /// What is sent all the same goes on record (L1).
    pub counted: bool,
}

/// A phrase that stands in the text, in nobody else's mouth.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pointed {
    /// Its number among the pack's.
    number: usize,
    phrase: Phrase,
}

#[component]
pub fn Phrases(
    /// Unique on the page.
    id: String,
    guard: Guard,
    value: RwSignal<String>,
    /// Takes the bettered text.
    changed: Callback<String>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    // What stood there before the last tap, as long as nothing more was typed.
    let undo = RwSignal::new(None::<(String, String)>);
    let pointed = Memo::new(move |_| {
        let rules = desk.rules().get();
        rules.map_or_else(Vec::new, |it| {
            pointed_out(&it, &value.read(), guard.sensitive.get())
        })
    });
    let replace = move |number: usize| {
        if let Some(rules) = desk.rules().get_untracked() {
            let before = value.get_untracked();
            let after = bettered(&rules, &before, number);
            undo.set(Some((after.clone(), before)));
            changed.run(after);
        }
    };
    let row = move |Pointed { number, phrase }: Pointed| {
        let Phrase {
            kind,
            forbidden,
            instead,
            ..
        } = phrase;
        let language = language_of(&forbidden);
        let (instead, code) = match language {
            TextLanguage::Chinese => (instead.zh, "zh-CN"),
            TextLanguage::English => (instead.en, "en"),
        };
        let why = move || match kind {
            PhraseKind::Dismissive => {
                say!(words.get(), "phrases.dismissive", phrase = forbidden)
            }
            PhraseKind::Promise => say!(words.get(), "phrases.promise", phrase = forbidden),
        };
        let slug = match kind {
            PhraseKind::Dismissive => "dismissive",
            PhraseKind::Promise => "promise",
        };
        view! {
            <div class="phrase" data-kind=slug>
                <p class="phrase-why">{why}</p>
                <button class="phrase-instead" type="button" on:click=move |_| replace(number)>
                    <span class="phrase-sentence" lang=code>{instead}</span>
                    <span class="phrase-take">{move || say!(words.get(), "phrases.take")}</span>
                </button>
            </div>
        }
    };
    let on_record = move || {
        let dismisses = |it: &Pointed| it.phrase.kind == PhraseKind::Dismissive;
        (guard.counted && pointed.read().iter().any(dismisses)).then(|| {
            view! { <p class="phrase-note">{say!(words.get(), "phrases.counted")}</p> }
        })
    };
    let taken_back = move || {
        let (after, before) = undo.get()?;
        (*value.read() == after).then(|| {
            view! {
                <p class="phrase-undo">
                    {say!(words.get(), "phrases.taken")}
                    <button class="button" data-kind="quiet" type="button" on:click=move |_| changed.run(before.clone())>
                        {say!(words.get(), "phrases.undo")}
                    </button>
                </p>
            }
        })
    };
    view! {
        <div class="phrases" id=id aria-live="polite">
            <For each=move || pointed.get() key=|it| it.number children=row />
            {on_record}
            {taken_back}
        </div>
    }
    .into_any()
}

/// Each phrase once, in the order of the text.
fn pointed_out(rules: &Rules, text: &str, sensitive: bool) -> Vec<Pointed> {
    let guard = rules.guard();
    let mut pointed: Vec<Pointed> = Vec::new();
    for finding in guard.findings(text) {
        let counts = !finding.quoted && (sensitive || finding.kind == PhraseKind::Dismissive);
        if counts && pointed.iter().all(|it| it.number != finding.phrase) {
            pointed.push(Pointed {
                number: finding.phrase,
                phrase: guard.phrase(&finding).clone(),
            });
        }
    }
    pointed
}

/// The text with the better sentence wherever the phrase stood.
fn bettered(rules: &Rules, text: &str, number: usize) -> String {
    let guard = rules.guard();
    let mut text = text.to_owned();
    // Each time there is one less: no better sentence holds a phrase.
    while let Some(finding) = guard
        .findings(&text)
        .into_iter()
        .find(|it| it.phrase == number && !it.quoted)
    {
        let language = language_of(&guard.phrase(&finding).forbidden);
        text = guard.replace(&text, &finding, language);
    }
    text
}

/// The reply is answered in its own language, whatever the interface speaks.
const fn language_of(phrase: &str) -> TextLanguage {
    if phrase.is_ascii() {
        TextLanguage::English
    } else {
        TextLanguage::Chinese
    }
}
