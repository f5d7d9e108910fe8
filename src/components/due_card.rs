//! What is due, in words; why it is due then opens inside it.

use std::sync::Arc;

use leptos::prelude::*;
use shouwen_domain::case::{Obligation, Owed};
use shouwen_domain::pack::DeadlineId;
use shouwen_domain::reckoning::{Due, Limit, ReckoningError, Step};
use shouwen_domain::{Case, Rules};

use super::act_sheet::Act;
use super::case_row::Hand;
use super::icon::Icon;
use crate::desk::Desk;
use crate::say;
use crate::wording::time::{self, Urgency};
use crate::wording::{self, Language, act};

#[component]
pub fn DueCard(case: StoredValue<Case>, obligation: Obligation) -> impl IntoView {
    let desk = expect_context::<Desk>();
    // Not drawn anew by the clock: only the words of time left follow it, so what was opened stays open.
    move || {
        let rules = desk.rules().get()?;
        let due = case.with_value(|it| rules.due(it, &obligation));
        let obligation = obligation.clone();
        Some(match due {
            Ok(due) => {
                let limit = case.with_value(|it| limit(&rules, it, &obligation));
                view! { <Reckoned due limit obligation rules /> }.into_any()
            }
            Err(error) => view! { <NotReckoned error obligation rules /> }.into_any(),
        })
    }
}

#[component]
fn Reckoned(
    due: Due,
    limit: Option<Limit>,
    obligation: Obligation,
    rules: Arc<Rules>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let (at, deadline, zone) = (due.at, obligation.deadline, rules.zone().clone());
    let hand = {
        let obligation = obligation.clone();
        Memo::new(move |_| Hand::of_obligation(&obligation, desk).unwrap_or(Hand::Others))
    };
    let urgency = {
        let zone = zone.clone();
        move || match hand.get() {
            Hand::Mine | Hand::Deputy => Urgency::of(at, desk.now().get(), &zone).slug(),
            Hand::Others => "waiting",
        }
    };
    let left = move || {
        let left = time::left(words.get(), at, desk.now().get(), &zone);
        format!("{left} {}", act::task(words.get(), deadline))
    };
    let by = {
        let rules = Arc::clone(&rules);
        move || {
            let (language, rule) = (words.get(), rules.pack.deadline(deadline));
            let time = time::day_and_time(language, at, desk.now().get(), rules.zone());
            say!(
                language,
                "due.by_rule",
                time = time,
                rule = rule.rule,
                title = language.of(&rule.name)
            )
        }
    };
    let who = owed_by_words(obligation.owed_by, Arc::clone(&rules));
    let as_deputy = move || {
        (hand.get() == Hand::Deputy)
            .then(|| view! { <p class="due-card-by">{say!(words.get(), "due.as_deputy")}</p> })
    };
    let no_act = {
        let rules = Arc::clone(&rules);
        move || {
            let is_for_me = Act::for_deadline(deadline).is_none() && hand.get() == Hand::Mine;
            let rule = rules.pack.rule(rules.pack.deadline(deadline).rule);
            let (language, rule) = (words.get(), rule.filter(|_| is_for_me)?);
            let rule = language.of(&rule.sentence);
            let said = say!(language, "case.no_action", rule = rule);
            Some(view! { <p class="due-card-by">{said}</p> })
        }
    };
    view! {
        <section class="due-card" data-urgency=urgency data-deadline=deadline.key() data-due=at.unix_ms().to_string()>
            <p class="due-card-left">{left}</p>
            <p class="due-card-by">{by}</p>
            <p class="due-card-by">{move || who(words.get())}</p>
            {as_deputy}
            {no_act}
            <Reckoning due limit deadline rules />
        </section>
    }
}

/// T10: by when the customer has a result, whoever has the case; the reckoning opens inside.
#[component]
pub fn CustomersClock(case: StoredValue<Case>, obligation: Obligation) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    move || {
        let rules = desk.rules().get()?;
        let due = case.with_value(|it| rules.due(it, &obligation)).ok()?;
        let limit = case.with_value(|it| limit(&rules, it, &obligation));
        let (at, zone) = (due.at, rules.zone().clone());
        let urgency = {
            let zone = zone.clone();
            move || Urgency::of(at, desk.now().get(), &zone).slug()
        };
        let left = move || time::left(words.get(), at, desk.now().get(), &zone);
        Some(view! {
            <section class="customers-clock" data-urgency=urgency data-due=at.unix_ms().to_string()>
                <p class="customers-clock-words">
                    <span class="customers-clock-name">{move || say!(words.get(), "case.customers_clock")}</span>
                    <span class="customers-clock-left">{left}</span>
                </p>
                <Reckoning due limit deadline=obligation.deadline rules />
            </section>
        })
    }
}

/// What the pack gives for an obligation; none where its moment was set by hand.
fn limit(rules: &Rules, case: &Case, obligation: &Obligation) -> Option<Limit> {
    if obligation.until.is_some() {
        return None;
    }
    let pack = rules.pack_of(case);
    if obligation.deadline == DeadlineId::Reply {
        return pack
            .reply_limit(&case.record.category, case.record.difficulty)
            .copied();
    }
    pack.deadline(obligation.deadline).limit
}

/// The ladder from the start to the due moment, each rung with what follows from it.
#[component]
fn Reckoning(
    due: Due,
    limit: Option<Limit>,
    deadline: DeadlineId,
    rules: Arc<Rules>,
) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let steps = {
        let rules = Arc::clone(&rules);
        move || {
            let language = words.get();
            let rungs = due
                .steps
                .iter()
                // The due moment is the last rung of all, below the clock time given.
                .filter(|it| !matches!(it, Step::DueAt { .. }))
                .map(|it| time::step(language, it))
                .map(|it| {
                    view! {
                        <li class="reckoning-step" data-step=it.skipped.then_some("skipped")>
                            <span class="reckoning-at">{it.at}</span>
                            <span class="reckoning-what">{it.what}</span>
                        </li>
                    }
                });
            let clock = limit
                .and_then(|it| time::clock_span(language, it))
                .map(|what| {
                    view! {
                        <li class="reckoning-step">
                            <span class="reckoning-at"></span>
                            <span class="reckoning-what">{what}</span>
                        </li>
                    }
                });
            view! {
                {rungs.collect_view()}
                {clock}
                <li class="reckoning-step" data-step="due">
                    <span class="reckoning-at">{time::date_and_time(language, rules.zone().local(due.at))}</span>
                    <span class="reckoning-what">{say!(language, "step.due")}</span>
                </li>
            }
        }
    };
    let deadline = rules.pack.deadline(deadline).rule;
    let source = move || {
        let language = words.get();
        let sentence = rules
            .pack
            .rule(deadline)
            .map(|it| language.of(&it.sentence).to_owned());
        let (pack, version) = (language.of(&rules.pack.name), rules.pack.version);
        let source = say!(
            language,
            "due.source",
            pack = pack,
            version = version,
            rule = deadline
        );
        view! { <p class="reckoning-source">{sentence}</p> <p class="reckoning-source">{source}</p> }
    };
    let why = move || say!(words.get(), "due.why");
    view! {
        <details class="reckoning">
            <summary class="reckoning-summary">{why}<Icon name="chevron-down" /></summary>
            <ol class="reckoning-steps">{steps}</ol>
            {source}
        </details>
    }
}

#[component]
fn NotReckoned(error: ReckoningError, obligation: Obligation, rules: Arc<Rules>) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let deadline = obligation.deadline;
    let year = rules.zone().local(obligation.since).date();
    let why = move |language| match &error {
        ReckoningError::StandsStill { left_ms, .. } => {
            let left = time::span_ms(language, *left_ms);
            say!(language, "step.stands_still", left = left)
        }
        ReckoningError::MissingYear(it) => say!(language, "left.unknown", year = it.0),
        ReckoningError::StartOutOfRange
        | ReckoningError::NoDays
        | ReckoningError::NoLimit
        | ReckoningError::BeyondHorizon => {
            say!(language, "left.unknown", year = year.format("%Y"))
        }
    };
    let who = owed_by_words(obligation.owed_by, rules);
    view! {
        <section class="due-card" data-urgency="calm" data-deadline=deadline.key()>
            <p class="due-card-left">{move || act::task(words.get(), deadline)}</p>
            <p class="due-card-by">{move || why(words.get())}</p>
            <p class="due-card-by">{move || who(words.get())}</p>
        </section>
    }
}

fn owed_by_words(owed_by: Owed, rules: Arc<Rules>) -> impl Fn(Language) -> String + Send {
    move |language| {
        let who = match &owed_by.person {
            Some(it) => wording::person(&rules.directory, it),
            None => wording::department(language, &rules.directory, &owed_by.department),
        };
        say!(language, "due.owed_by", who = who)
    }
}
