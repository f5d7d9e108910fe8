//! One case: who answers, what is due and why, what happened, and what this person may do now.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_params_map;
use shouwen_domain::case::{End, Move, Obligation, Stage};
use shouwen_domain::id::{CaseId, PersonId};
use shouwen_domain::summary::{Particulars, Task};
use shouwen_domain::{Acting, Case, Command, Refusal, Rules, decide};
use shouwen_store::Fault;

use crate::components::act_sheet::{Act, ActSheet};
use crate::components::due_card::DueCard;
use crate::components::icon::Icon;
use crate::components::timeline::Timeline;
use crate::desk::{CaseFile, Desk};
use crate::pages::fault::{fault_words, send_error_words};
use crate::say;
use crate::wording::{self, Language, act, refusal, time};

#[component]
pub fn CasePage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params
            .read()
            .get_str("id")
            .and_then(|it| it.parse::<CaseId>().ok())
    });
    let version = Memo::new(move |_| {
        id.get()
            .and_then(|it| desk.board().read().get(it).map(|it| it.version))
    });
    let file = LocalResource::new(move || {
        let id = id.get();
        // A memo that nobody reads follows nothing: `track` alone would not do.
        version.get();
        // A receipt changes the fate of an act, not the version of the case.
        desk.standing().track();
        async move {
            match id {
                Some(id) => desk.case_file(id).await,
                None => Ok(None),
            }
        }
    });
    view! {
        <section class="pane-case" data-testid="case">
            {move || file.get().map(|it| shown(id.get(), it))}
        </section>
    }
    .into_any()
}

fn shown(id: Option<CaseId>, file: Result<Option<CaseFile>, Fault>) -> AnyView {
    match (id, file) {
        (Some(id), Ok(Some(file))) => match file.folded.case.clone() {
            Some(case) => view! { <CaseView id case file /> }.into_any(),
            None => view! { <Timeline file /> }.into_any(),
        },
        (_, Ok(_)) => view! { <NotFound /> }.into_any(),
        (_, Err(fault)) => {
            let words = expect_context::<Desk>().language();
            view! { <p role="alert">{move || fault_words(words.get(), &fault)}</p> }.into_any()
        }
    }
}

#[component]
fn NotFound() -> impl IntoView {
    let words = expect_context::<Desk>().language();
    view! {
        <div class="empty-state">
            <h2 class="empty-state-title">{move || say!(words.get(), "case.not_found")}</h2>
            <p class="empty-state-text">{move || say!(words.get(), "case.not_found_text")}</p>
            <a class="button" data-kind="secondary" href="/">{move || say!(words.get(), "case.back")}</a>
        </div>
    }
}

#[component]
fn CaseView(id: CaseId, case: Case, file: CaseFile) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let newer = !file.folded.is_understood();
    let particulars = Particulars::of(&file.envelopes());
    let moves = case.moves.clone();
    let mut open: Vec<_> = case.open_obligations().cloned().collect();
    if let Some(rules) = desk.rules().get_untracked() {
        open.sort_by_key(|it| {
            rules
                .due(&case, it)
                .map_or(i64::MAX, |due| due.at.unix_ms())
        });
    }
    let case = StoredValue::new(case);
    let due = open
        .into_iter()
        .map(|obligation| view! { <DueCard case obligation /> })
        .collect_view();
    view! {
        <Head case particulars=particulars.clone() />
        {newer.then(|| view! {
            <div class="banner" data-kind="warn"><Icon name="alert" /><p class="banner-text">{move || say!(words.get(), "case.newer")}</p></div>
        })}
        {due}
        <What case particulars />
        <Slips moves />
        <Done case />
        <section class="case-part">
            <h3 class="case-part-title">{move || say!(words.get(), "case.history")}</h3>
            <Timeline file />
        </section>
        {(!newer).then(|| view! { <Acts id case /> })}
    }
    .into_any()
}

#[component]
fn Head(case: StoredValue<Case>, particulars: Particulars) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let title = [
        particulars.matter,
        particulars.address,
        particulars.customer,
    ];
    let title = title
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>();
    let title = shortened(&title.join(" · "));
    let name = move |id: &PersonId| {
        desk.rules()
            .get()
            .map(|it| wording::person(&it.directory, id))
            .unwrap_or_default()
    };
    let first = move || case.with_value(|it| name(&it.record.first_responder));
    let handler = move || {
        case.with_value(|it| match &it.stage {
            Stage::Passed {
                handler: Some(handler),
                ..
            } => name(handler),
            Stage::Passed { handler: None, .. } => say!(words.get(), "case.nobody"),
            Stage::Own | Stage::Replied | Stage::Closed => it.result.as_ref().map_or_else(
                || name(&it.record.first_responder),
                |result| name(&result.by),
            ),
        })
    };
    let holder = move || {
        let rules = desk.rules().get()?;
        Some(case.with_value(|it| wording::department(words.get(), &rules.directory, it.holder())))
    };
    let status = move || case.with_value(|it| status(words.get(), it));
    view! {
        <header class="case-head">
            <p class="case-head-number">
                {case.with_value(|it| it.record.number.clone())}" "
                <span class="badge" data-status=case.with_value(status_slug)>{status}</span>
            </p>
            <h2 class="case-head-title">{title}</h2>
            <dl class="case-head-people">
                <div><dt>{move || say!(words.get(), "case.first_responder")}</dt><dd>{first}</dd></div>
                <div><dt>{move || say!(words.get(), "case.handler")}</dt><dd>{handler}</dd></div>
                <div><dt>{move || say!(words.get(), "case.holder")}</dt><dd>{holder}</dd></div>
            </dl>
        </header>
    }
}

/// Characters of a heading.
const TITLE_CHARS: usize = 60;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TITLE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn status(language: Language, case: &Case) -> String {
    match (&case.stage, case.ending) {
        (_, Some(ending)) => act::ending(language, ending),
        (Stage::Own, None) => say!(language, "status.own"),
        (
            Stage::Passed {
                received: false, ..
            },
            None,
        ) => say!(language, "status.passed"),
        (Stage::Passed { handler: None, .. }, None) => say!(language, "status.received"),
        (Stage::Passed { .. }, None) => say!(language, "status.handling"),
        (Stage::Replied, None) => say!(language, "status.replied"),
        (Stage::Closed, None) => say!(language, "status.closed"),
    }
}

const fn status_slug(case: &Case) -> &'static str {
    match &case.stage {
        Stage::Own | Stage::Replied => "open",
        Stage::Passed {
            received: false, ..
        } => "waiting",
        Stage::Passed { .. } => "soon",
        Stage::Closed => "done",
    }
}

#[component]
fn What(case: StoredValue<Case>, particulars: Particulars) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let label = move |key: &'static str| {
        move || rust_i18n::t!(key, locale = words.get().code()).into_owned()
    };
    let category = move || {
        let rules = desk.rules().get()?;
        case.with_value(|it| {
            let kind = act::kind(words.get(), it.record.kind);
            let name = rules
                .pack
                .category(&it.record.category)
                .map(|it| words.get().of(&it.name).to_owned());
            Some(format!(
                "{kind} · {}",
                name.unwrap_or_else(|| it.record.category.to_string())
            ))
        })
    };
    let asked = move || {
        let rules = desk.rules().get()?;
        Some(case.with_value(|it| {
            time::date_and_time(words.get(), rules.zone().local(it.record.asked_at))
        }))
    };
    let channel = move || case.with_value(|it| act::channel(words.get(), it.record.channel));
    let missing = case.with_value(|it| it.record.missing.clone());
    let incomplete = (!missing.is_empty()).then(|| {
        view! {
            <p class="note" data-kind="soon">
                {move || say!(words.get(), "case.incomplete", fields = refusal::fields(words.get(), &missing))}
            </p>
        }
    });
    let call = (!particulars.phone.is_empty()).then(|| {
        let href = format!("tel:{}", particulars.phone);
        view! {
            {wording::masked_phone(&particulars.phone)}" "
            <a class="button" data-kind="quiet" href=href><Icon name="phone" />{label("case.call")}</a>
        }
    });
    let fact = |name: &'static str, value: AnyView| {
        view! { <div class="fact"><dt class="fact-name">{label(name)}</dt><dd class="fact-value">{value}</dd></div> }
    };
    view! {
        <section class="case-part">
            <h3 class="case-part-title">{label("case.what")}</h3>
            {incomplete}
            <dl class="facts">
                {fact("record.matter", particulars.matter.clone().into_any())}
                {fact("record.address", particulars.address.clone().into_any())}
                {fact("record.customer", particulars.customer.clone().into_any())}
                {fact("record.phone", call.into_any())}
                {fact("case.category", category.into_any())}
                {fact("case.channel", channel.into_any())}
                {fact("case.asked_at", asked.into_any())}
            </dl>
        </section>
    }
    .into_any()
}

/// The slip's movements, signed at both ends; until the other side signs, it has not left (T6).
#[component]
fn Slips(moves: Vec<Move>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    if moves.is_empty() {
        return ().into_any();
    }
    let slips = move || {
        let rules = desk.rules().get()?;
        let slips = moves
            .iter()
            .enumerate()
            .map(|(i, it)| slip(words.get(), &rules, i + 1, it));
        Some(slips.collect_view())
    };
    view! {
        <section class="case-part">
            <h3 class="case-part-title">{move || say!(words.get(), "case.slips")}</h3>
            {slips}
        </section>
    }
    .into_any()
}

fn slip(language: Language, rules: &Rules, n: usize, it: &Move) -> AnyView {
    let signed = |at| {
        say!(
            language,
            "case.signed",
            time = time::date_and_time(language, rules.zone().local(at))
        )
    };
    let sender = format!(
        "{} · {}",
        wording::person(&rules.directory, &it.by),
        wording::department(language, &rules.directory, &it.from)
    );
    let to = wording::department(language, &rules.directory, &it.to);
    let (receiver, taken) = match &it.received {
        Some((who, at)) => (
            format!("{} · {to}", wording::person(&rules.directory, who)),
            signed(*at),
        ),
        None => (to, say!(language, "case.not_signed")),
    };
    let title = if it.returned {
        format!(
            "{} · {}",
            say!(language, "case.slip", n = n),
            say!(language, "case.returned_slip")
        )
    } else {
        say!(language, "case.slip", n = n)
    };
    let is_signed = it.received.is_some();
    view! {
        <article class="slip" data-status=if is_signed { "done" } else { "waiting" }>
            <h4 class="slip-title">{title}</h4>
            <div class="slip-ends">
                <div class="slip-end" data-signed="">
                    <p class="slip-side">{say!(language, "case.sent")}</p>
                    <p class="slip-who">{sender}</p>
                    <p class="slip-when">{signed(it.at)}</p>
                </div>
                <div class="slip-end" data-signed=is_signed.then_some("")>
                    <p class="slip-side">{say!(language, "case.received")}</p>
                    <p class="slip-who">{receiver}</p>
                    <p class="slip-when">{taken}</p>
                </div>
            </div>
        </article>
    }
    .into_any()
}

/// Proof at a glance: what was owed and when it was done.
#[component]
fn Done(case: StoredValue<Case>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let lines = move || {
        let rules = desk.rules().get()?;
        let lines = case.with_value(|it| {
            it.obligations
                .iter()
                .filter_map(|done| done_line(words.get(), &rules, it, done))
                .collect::<Vec<_>>()
        });
        let lines = lines.into_iter().map(|(what, when)| {
            view! { <div class="fact"><dt class="fact-name">{what}</dt><dd class="fact-value">{when}</dd></div> }
        });
        Some(lines.collect_view())
    };
    let any = case.with_value(|it| {
        it.obligations
            .iter()
            .any(|it| matches!(it.end, Some(End::Met { .. })))
    });
    any.then(|| {
        view! {
            <section class="case-part">
                <h3 class="case-part-title">{move || say!(words.get(), "case.done_tasks")}</h3>
                <dl class="facts">{lines}</dl>
            </section>
        }
    })
}

fn done_line(
    language: Language,
    rules: &Rules,
    case: &Case,
    done: &Obligation,
) -> Option<(String, String)> {
    let Some(End::Met { at }) = done.end else {
        return None;
    };
    let time = time::date_and_time(language, rules.zone().local(at));
    let late = rules
        .due(case, done)
        .ok()
        .map(|due| at.minutes_since(due.at))
        .filter(|it| *it > 0);
    let when = match late {
        Some(minutes) => say!(
            language,
            "case.met_late",
            time = time,
            span = time::span(language, minutes)
        ),
        None => say!(language, "case.met", time = time),
    };
    Some((act::task(language, done.deadline), when))
}

/// What may be done now: the likely next act first, the others behind it, the impossible ones with their reason.
#[component]
fn Acts(id: CaseId, case: StoredValue<Case>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let open = RwSignal::new(None::<(Act, String)>);
    let refused = RwSignal::new(None::<String>);
    let possible = Memo::new(move |_| case.with_value(|case| possible(desk, case)));
    let send = Action::new_local(move |(act, command): &(Act, Command)| {
        let (act, command) = (*act, command.clone());
        async move {
            match desk.send(Some(id), command).await {
                Ok(_) => {
                    forget(desk, id, act).await;
                    open.try_set(None);
                    refused.try_set(None);
                }
                Err(error) => {
                    let rules = desk.rules().get_untracked();
                    let language = desk.language().get_untracked();
                    refused.try_set(Some(send_error_words(language, &error, rules.as_deref())));
                }
            }
        }
    });
    let start = move |act: Act| {
        refused.set(None);
        if act.is_plain() {
            let command = if act == Act::Close {
                Command::Close
            } else {
                Command::Receive
            };
            send.dispatch((act, command));
            return;
        }
        spawn_local(async move {
            let kept = kept_words(desk, id, act).await;
            open.try_set(Some((act, kept)));
        });
    };
    let next = Memo::new(move |_| case.with_value(|case| likely_next(desk, case, &possible.get())));
    let button = move |act: Act, kind: &'static str| {
        view! {
            <button class="button" data-kind=kind type="button" data-act=act.slug() disabled=send.pending()
                on:click=move |_| start(act)>{move || act.word(words.get())}</button>
        }
    };
    let others = move || {
        let next = next.get();
        possible.get().into_iter().filter(|(act, _)| Some(*act) != next).map(|(act, why)| match why {
            None => button(act, "secondary").into_any(),
            Some(why) => {
                let reason = desk.rules().get().map(|it| refusal::refusal(words.get(), &why, &it.directory));
                view! {
                    <div class="stack">
                        <button class="button" data-kind="secondary" type="button" disabled>{act.word(words.get())}</button>
                        <p class="why">{reason}</p>
                    </div>
                }
                .into_any()
            }
        })
        .collect_view()
    };
    let sheet = move || {
        open.get().map(|(act, kept)| {
            let changed = move |text: String| keep_words(desk, id, act, text);
            let done = move |command: Command| {
                send.dispatch((act, command));
            };
            view! { <ActSheet act case kept changed done cancel=move |()| { open.set(None); refused.set(None); } refused /> }
        })
    };
    let closed = case.with_value(|it| it.ending.is_some());
    (!closed).then(|| view! {
        {sheet}
        <details class="case-part" data-testid="other-acts">
            <summary class="reckoning-summary">{move || say!(words.get(), "act.more")}<Icon name="chevron-down" /></summary>
            <div class="stack">{others}</div>
        </details>
        {move || {
            let why = refused.get().filter(|_| open.read().is_none());
            (next.get().is_some() || why.is_some()).then(|| view! {
                <div class="action-bar">
                    <p class="why" role="alert">{why}</p>
                    {next.get().map(|act| button(act, "primary"))}
                </div>
            })
        }}
    })
}

/// Every act with the rule's reason where it is not possible now.
fn possible(desk: Desk, case: &Case) -> Vec<(Act, Option<Refusal>)> {
    let (Some(session), Some(rules)) = (desk.session().get(), desk.rules().get()) else {
        return Vec::new();
    };
    let elsewhere = rules
        .directory
        .departments
        .iter()
        .map(|it| &it.id)
        .find(|it| *it != case.holder());
    let Some(elsewhere) = elsewhere.cloned() else {
        return Vec::new();
    };
    let acting = Acting {
        rules: &rules,
        person: &session.person,
        now: desk.now().get(),
    };
    let ask = |act: Act| decide(Some(case), act.probe(&session.person, &elsewhere), acting).err();
    Act::ALL.into_iter().map(|act| (act, ask(act))).collect()
}

/// What the most urgent obligation of this person asks for, else closing, where that is possible.
fn likely_next(desk: Desk, case: &Case, possible: &[(Act, Option<Refusal>)]) -> Option<Act> {
    let may = |act: &Act| possible.iter().any(|(it, why)| it == act && why.is_none());
    let (session, rules) = (desk.session().get()?, desk.rules().get()?);
    let me = rules.directory.person(&session.person)?;
    let board = desk.board().read();
    let tasks: &[Task] = board.get(case.id).map_or(&[], |it| &it.tasks);
    let mine = tasks
        .iter()
        .filter(|it| it.is_for(&me.id, &me.department))
        .map(|it| Act::for_deadline(it.deadline));
    // Naming a handler signs for the slip as well: the one tap that does both comes first.
    mine.chain([Act::Close]).find(may)
}

fn draft_name(id: CaseId, act: Act) -> String {
    format!("act-{id}-{}", act.slug())
}

async fn kept_words(desk: Desk, id: CaseId, act: Act) -> String {
    let Some(session) = desk.session().get_untracked() else {
        return String::new();
    };
    let kept = desk.draft(&session.person, &draft_name(id, act)).await;
    kept.ok()
        .flatten()
        .and_then(|it| String::from_utf8(it).ok())
        .unwrap_or_default()
}

fn keep_words(desk: Desk, id: CaseId, act: Act, text: String) {
    let Some(session) = desk.session().get_untracked() else {
        return;
    };
    spawn_local(async move {
        if let Err(fault) = desk
            .keep_draft(&session.person, &draft_name(id, act), text.as_bytes())
            .await
        {
            desk.report(fault);
        }
    });
}

async fn forget(desk: Desk, id: CaseId, act: Act) {
    let Some(session) = desk.session().get_untracked() else {
        return;
    };
    if let Err(fault) = desk.drop_draft(&session.person, &draft_name(id, act)).await {
        desk.report(fault);
    }
}
