//! What happened to a case, oldest first; each line ends with what became of it.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use shouwen_domain::Rules;
use shouwen_domain::assessment::masked_contacts;
use shouwen_domain::case::WithoutEffect;
use shouwen_domain::envelope::{Envelope, Fate};
use shouwen_domain::event::{Event, Fact};
use shouwen_domain::id::{DeviceId, EnvelopeId};
use shouwen_domain::summary::Particulars;

use crate::desk::{CaseFile, Desk};
use crate::say;
use crate::wording::{self, Language, act, fact, refusal, time};

#[component]
pub fn Timeline(
    file: Signal<Option<CaseFile>>,
    /// By which words about the customer are found and masked.
    particulars: StoredValue<Particulars>,
    #[prop(into)] masked: Signal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let device = desk.device();
    move || {
        let (rules, file) = (desk.rules().get()?, file.get()?);
        let words = Words {
            language: desk.language().get(),
            rules: &rules,
            device,
            masked: masked.get().then(|| particulars.get_value()),
        };
        let mut day = String::new();
        let mut lines = Vec::new();
        let fates: BTreeMap<_, _> = file
            .history
            .receipts
            .iter()
            .map(|it| ((it.chain, it.sequence), it.fate))
            .collect();
        let without_effect: BTreeMap<EnvelopeId, &WithoutEffect> = file
            .folded
            .without_effect
            .iter()
            .map(|(id, why)| (*id, why))
            .collect();
        for envelope in file.history.entries.iter().map(|it| &it.envelope) {
            let header = envelope.header();
            let date = time::date(words.language, rules.zone().local(header.at).date());
            if date != day {
                lines.push(view! { <li class="timeline-day">{date.clone()}</li> }.into_any());
                day = date;
            }
            let fate = words.fate(
                envelope,
                fates.get(&(header.chain, header.sequence)).copied(),
            );
            let why = without_effect.get(&header.id).copied();
            lines.extend(words.lines(envelope, fate, why));
        }
        Some(view! { <ol class="timeline">{lines}</ol> })
    }
}

struct Words<'a> {
    language: Language,
    rules: &'a Rules,
    device: DeviceId,
    /// Whose name and number are masked.
    masked: Option<Particulars>,
}

impl Words<'_> {
    /// Others' acts came from head office; one's own have a receipt, or wait for it.
    fn fate(&self, envelope: &Envelope, receipt: Option<Fate>) -> Option<Fate> {
        if envelope.header().device == self.device {
            receipt
        } else {
            Some(Fate::Accepted)
        }
    }

    fn lines(
        &self,
        envelope: &Envelope,
        fate: Option<Fate>,
        why: Option<&WithoutEffect>,
    ) -> Vec<AnyView> {
        let Ok(events) = envelope.events() else {
            return vec![self.line(
                envelope,
                say!(self.language, "event.unreadable"),
                String::new(),
                fate,
                None,
            )];
        };
        let mut events: Vec<_> = events
            .iter()
            .map(|it| (it, fact::fact(self.language, &it.fact, self.rules)))
            .collect();
        // Nine photos are one line.
        events.dedup_by(|a, b| matches!(a.0.fact, Fact::PhotoAdded(_)) && a.1 == b.1);
        let last = events.len().saturating_sub(1);
        let mut said = BTreeSet::new();
        let lines = events.into_iter().enumerate().map(|(i, (event, what))| {
            let mut text = self.text(envelope, event);
            // The same words are shown once an act.
            if !text.is_empty() && !said.insert(text.clone()) {
                text = String::new();
            }
            let note = (i == last).then(|| self.note(fate, why)).flatten();
            self.line(envelope, what, text, fate, note)
        });
        lines.collect()
    }

    fn text(&self, envelope: &Envelope, event: &Event) -> String {
        if envelope.is_erased() && matches!(event.fact, Fact::Recorded(_)) {
            return say!(self.language, "case.erased");
        }
        let text = event.content.text.clone().unwrap_or_default();
        match &self.masked {
            Some(known) => masked_contacts(&text, known),
            None => text,
        }
    }

    fn note(&self, fate: Option<Fate>, why: Option<&WithoutEffect>) -> Option<String> {
        match why {
            Some(WithoutEffect::Parallel(it)) => {
                let reason = refusal::refusal(self.language, it, self.rules);
                Some(format!(
                    "{} · {reason}",
                    say!(self.language, "case.parallel")
                ))
            }
            Some(WithoutEffect::Unreadable(_)) => Some(say!(self.language, "event.unreadable")),
            None => act::fate_reason(self.language, fate),
        }
    }

    fn line(
        &self,
        envelope: &Envelope,
        what: String,
        text: String,
        fate: Option<Fate>,
        note: Option<String>,
    ) -> AnyView {
        let header = envelope.header();
        let at = time::clock(self.rules.zone().local(header.at));
        let who = wording::person(&self.rules.directory, &header.person);
        let who = if header.claimed {
            let claimed = say!(self.language, "unsigned.who_claimed", name = who);
            let on = device_code(envelope);
            let on = on.map(|it| say!(self.language, "unsigned.on_device", code = it));
            [Some(claimed), on]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · ")
        } else {
            who
        };
        let paragraph = |text: String| view! { <p class="timeline-who">{text}</p> };
        let text = (!text.is_empty()).then(|| paragraph(text));
        view! {
            <li class="timeline-item" data-fate=act::fate_slug(fate)>
                <time class="timeline-at">{at}</time>
                <div class="timeline-body">
                    <p class="timeline-what">{what}</p>
                    {text}
                    <p class="timeline-who">{who}</p>
                    {note.map(paragraph)}
                </div>
                <span class="timeline-fate">{act::fate(self.language, fate)}</span>
            </li>
        }
        .into_any()
    }
}

/// The short code of the device on which a new matter was written.
fn device_code(envelope: &Envelope) -> Option<String> {
    let events = envelope.events().ok()?;
    events.iter().find_map(|it| {
        if let Fact::Recorded(record) = &it.fact {
            wording::device_code(&record.number).map(ToOwned::to_owned)
        } else {
            None
        }
    })
}
