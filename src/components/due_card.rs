//! What is due, in words; why it is due then opens inside it.

use leptos::prelude::*;
use shouwen_domain::Case;
use shouwen_domain::case::{Obligation, Owed};
use shouwen_domain::reckoning::ReckoningError;

use super::icon::Icon;
use crate::desk::Desk;
use crate::say;
use crate::wording::time::{self, Urgency};
use crate::wording::{self, act};

#[component]
pub fn DueCard(case: StoredValue<Case>, obligation: Obligation) -> impl IntoView {
    let desk = expect_context::<Desk>();
    move || {
        let language = desk.language().get();
        let rules = desk.rules().get()?;
        let now = desk.now().get();
        let what = act::task(language, obligation.deadline);
        let deadline = rules.pack.deadline(obligation.deadline);
        let title = language.of(&deadline.name).to_owned();
        let who = match &obligation.owed_by.person {
            Some(it) => wording::person(&rules.directory, it),
            None => wording::department(language, &rules.directory, &obligation.owed_by.department),
        };
        let owed_by = say!(language, "due.owed_by", who = who);
        let due = case.with_value(|it| rules.due(it, &obligation));
        let view = match due {
            Ok(due) => {
                let left = format!("{} {what}", time::left(language, due.at, now, rules.zone()));
                let urgency = if is_for_me(desk, &obligation.owed_by) {
                    Urgency::of(due.at, now, rules.zone()).slug()
                } else {
                    "waiting"
                };
                let at = time::day_and_time(language, due.at, now, rules.zone());
                let by = say!(
                    language,
                    "due.by_rule",
                    time = at,
                    rule = deadline.rule,
                    title = title
                );
                let steps = due.steps.iter().map(|it| time::step(language, it));
                let steps = steps
                    .map(|it| {
                        view! {
                            <li class="reckoning-step" data-step=it.skipped.then_some("skipped")>
                                <span class="reckoning-at">{it.at}</span>
                                <span class="reckoning-what">{it.what}</span>
                            </li>
                        }
                    })
                    .collect_view();
                let end = time::date_and_time(language, rules.zone().local(due.at));
                let year = rules.zone().local(due.at).date().format("%Y").to_string();
                let provisional = due.provisional.then(|| {
                    view! { <p class="due-card-by">{say!(language, "due.provisional", year = year)}</p> }
                });
                let rule = rules
                    .pack
                    .rule(deadline.rule)
                    .map(|it| language.of(&it.sentence).to_owned());
                let source = say!(
                    language,
                    "due.source",
                    pack = language.of(&rules.pack.name),
                    version = rules.pack.version,
                    rule = deadline.rule
                );
                view! {
                    <section class="due-card" data-urgency=urgency data-deadline=obligation.deadline.key()
                        data-due=due.at.unix_ms().to_string()>
                        <p class="due-card-left">{left}</p>
                        <p class="due-card-by">{by}</p>
                        <p class="due-card-by">{owed_by}</p>
                        {provisional}
                        <details class="reckoning">
                            <summary class="reckoning-summary">{say!(language, "due.why")}<Icon name="chevron-down" /></summary>
                            <ol class="reckoning-steps">
                                {steps}
                                <li class="reckoning-step" data-step="due">
                                    <span class="reckoning-at">{end}</span>
                                    <span class="reckoning-what">{say!(language, "step.due")}</span>
                                </li>
                            </ol>
                            <p class="reckoning-source">{rule}</p>
                            <p class="reckoning-source">{source}</p>
                        </details>
                    </section>
                }
                .into_any()
            }
            Err(error) => {
                let year = match &error {
                    ReckoningError::MissingYear(it) => it.0.to_string(),
                    ReckoningError::StartOutOfRange
                    | ReckoningError::NoDays
                    | ReckoningError::BeyondHorizon => rules
                        .zone()
                        .local(obligation.since)
                        .date()
                        .format("%Y")
                        .to_string(),
                };
                view! {
                    <section class="due-card" data-urgency="calm" data-deadline=obligation.deadline.key()>
                        <p class="due-card-left">{what}</p>
                        <p class="due-card-by">{say!(language, "left.unknown", year = year)}</p>
                        <p class="due-card-by">{owed_by}</p>
                    </section>
                }
                .into_any()
            }
        };
        Some(view)
    }
}

/// Whether this person is to do it; what others owe is shown more quietly.
fn is_for_me(desk: Desk, owed_by: &Owed) -> bool {
    let (Some(session), Some(rules)) = (desk.session().get(), desk.rules().get()) else {
        return false;
    };
    match &owed_by.person {
        Some(person) => *person == session.person,
        None => rules
            .directory
            .person(&session.person)
            .is_some_and(|it| it.department == owed_by.department),
    }
}
