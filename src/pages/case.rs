//! One case: who answers, what is due and why, what happened, and what this person may do now.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shouwen_domain::case::{Claim, End, Move, Obligation, Stage};
use shouwen_domain::decide::is_answerable;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::{Look, Urgency};
use shouwen_domain::id::{CaseId, PersonId};
use shouwen_domain::pack::DeadlineId;
use shouwen_domain::summary::Particulars;
use shouwen_domain::{Case, Rules};
use shouwen_store::Fault;

use crate::components::case_row::Hand;
use crate::components::due_card::{CustomersClock, DueCard};
use crate::components::icon::Icon;
use crate::components::photos::Photos;
use crate::components::timeline::Timeline;
use crate::desk::{CaseFile, Desk, FileDesk};
use crate::pages::fault::fault_words;
use crate::say;
use crate::wording::{self, Language, act, refusal, time};

mod acts;

use acts::{Acts, Begun, BegunSheet};

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
    // Never another case than the one asked for.
    let shown = Memo::new(move |_| match file.get()? {
        Ok(Some(file)) if Some(file.id) != id.get() => None,
        file => Some(file),
    });
    // Drawn anew only when the case has changed: a receipt changes a line of the timeline, and what was
    // opened stays open.
    let drawn = Memo::new(move |_| {
        shown
            .get()
            .map(|it| it.map(|file| file.map(|it| Drawn::of(&it))))
    });
    let file = Signal::derive(move || shown.get().and_then(Result::ok).flatten());
    let begun = Begun::new(desk, expect_context::<FileDesk>());
    let opened = Memo::new(move |_| {
        let is_there = drawn.with(|it| matches!(it, Some(Ok(Some(_)))));
        id.get().filter(|_| is_there)
    });
    let look = move |how: Look| {
        if let Some(case) = opened.get_untracked() {
            desk.look(case, how);
        }
    };
    Effect::new(move |_| {
        opened.track();
        look(Look::Opened);
    });
    let printed = window_event_listener_untyped("beforeprint", move |_| look(Look::Printed));
    on_cleanup(move || printed.remove());
    let unmasked = RwSignal::new(false);
    Effect::new(move |_| {
        if unmasked.get() {
            look(Look::Unmasked);
        }
    });
    Effect::new(move |before: Option<Option<CaseId>>| {
        let id = id.get();
        if before.is_some_and(|it| it != id) {
            begun.clear();
            unmasked.set(false);
        }
        id
    });
    view! {
        <section class="pane-case" data-testid="case">
            {move || drawn.get().map(|it| view_of(it, file, begun, unmasked))}
        </section>
        <BegunSheet begun />
    }
    .into_any()
}

/// What a case looks like, apart from the fates of its acts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Drawn {
    /// None where nothing records it (yet).
    case: Option<Case>,
    particulars: Particulars,
    needs_newer_version: bool,
    /// Somebody's words in it are gone for good.
    is_erased: bool,
}

impl Drawn {
    fn of(file: &CaseFile) -> Self {
        let envelopes = file.envelopes();
        Self {
            case: file.folded.case.clone(),
            particulars: Particulars::of(&envelopes),
            is_erased: envelopes.iter().any(Envelope::is_erased),
            needs_newer_version: !file.folded.is_understood(),
        }
    }
}

fn view_of(
    drawn: Result<Option<Drawn>, Fault>,
    file: Signal<Option<CaseFile>>,
    begun: Begun,
    unmasked: RwSignal<bool>,
) -> AnyView {
    match drawn {
        Ok(Some(drawn)) => view! { <CaseView drawn file begun unmasked /> }.into_any(),
        Ok(None) => view! { <NotFound /> }.into_any(),
        Err(fault) => {
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
fn CaseView(
    drawn: Drawn,
    file: Signal<Option<CaseFile>>,
    begun: Begun,
    /// Whoever has no part in the case asked for the customer's name and number.
    unmasked: RwSignal<bool>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let Drawn {
        case,
        particulars,
        needs_newer_version: newer,
        is_erased,
    } = drawn;
    let particulars = StoredValue::new(particulars);
    let Some(case) = case else {
        return view! { <Timeline file particulars masked=true /> }.into_any();
    };
    let is_erased = is_erased || desk.erasures().read_untracked().at(case.id).is_some();
    let moves = case.moves.clone();
    let mut open: Vec<_> = case.open_obligations().cloned().collect();
    if let Some(rules) = desk.rules().get_untracked() {
        // One's own duty first, then whom one stands in for; each by the time left.
        open.sort_by_key(|it| {
            let due = rules
                .due(&case, it)
                .map_or(i64::MAX, |due| due.at.unix_ms());
            (
                untrack(|| Hand::of_obligation(it, desk)).unwrap_or(Hand::Others),
                due,
            )
        });
    }
    let case = StoredValue::new(case);
    let masked = Memo::new(move |_| !unmasked.get() && !case.with_value(|it| is_for_me(desk, it)));
    let shown = Memo::new(move |_| {
        particulars.with_value(|it| {
            if masked.get() {
                it.masked()
            } else {
                it.clone()
            }
        })
    });
    // The customer's clock asks for no act of its own (T10): it stands beside what is to be done.
    let (customers, tasks): (Vec<_>, Vec<_>) = open
        .into_iter()
        .partition(|it| it.deadline == DeadlineId::Customer);
    let customers = customers
        .into_iter()
        .map(|obligation| view! { <CustomersClock case obligation /> })
        .collect_view();
    let due = tasks
        .into_iter()
        .map(|obligation| view! { <DueCard case obligation /> })
        .collect_view();
    view! {
        <Head case shown />
        {newer.then(|| view! {
            <div class="banner" data-kind="warn"><Icon name="alert" /><p class="banner-text">{move || say!(words.get(), "case.newer")}</p></div>
        })}
        {is_erased.then(|| view! { <Erased case /> })}
        <Claimed case />
        <Standing case />
        {due}
        {customers}
        <What case shown masked unmasked is_erased />
        {(!is_erased).then(|| view! { <Photos case /> })}
        <Slips moves />
        <Done case />
        <section class="case-part">
            <h3 class="case-part-title">{move || say!(words.get(), "case.history")}</h3>
            <Timeline file particulars masked />
        </section>
        {(!newer).then(|| view! { <Acts case begun /> })}
    }
    .into_any()
}

fn is_for_me(desk: Desk, case: &Case) -> bool {
    let (Some(rules), Some(session)) = (desk.rules().get(), desk.session().get()) else {
        return false;
    };
    let me = rules.directory.person(&session.person);
    me.is_some_and(|me| is_answerable(case, me, &rules.directory))
}

#[component]
fn Head(case: StoredValue<Case>, shown: Memo<Particulars>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let title = move || {
        let it = shown.get();
        let title = [it.matter, it.address, it.customer];
        let title = title
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>();
        shortened(&title.join(" · "))
    };
    let name = move |id: &PersonId| {
        desk.rules()
            .get()
            .map(|it| wording::person(&it.directory, id))
            .unwrap_or_default()
    };
    let first = move || case.with_value(|it| name(&it.responder.person));
    let handler = move || {
        case.with_value(|it| match &it.stage {
            Stage::Passed {
                handler: Some(handler),
                ..
            } => name(handler),
            Stage::Passed { handler: None, .. } | Stage::Coordinating { .. } => {
                say!(words.get(), "case.nobody")
            }
            Stage::Own | Stage::Joined { .. } | Stage::Replied | Stage::Closed => it
                .result
                .as_ref()
                .map_or_else(|| name(&it.responder.person), |result| name(&result.by)),
        })
    };
    let holder = move || {
        let rules = desk.rules().get()?;
        Some(case.with_value(|it| wording::department(words.get(), &rules.directory, it.holder())))
    };
    let status = move || case.with_value(|it| act::status(words.get(), it));
    let urgency = case.with_value(|it| it.urgency);
    let urgency = (urgency != Urgency::Ordinary).then(|| {
        view! { <span class="badge" data-status="late">{move || act::urgency(words.get(), urgency)}</span> }
    });
    let escalated = case.with_value(|it| it.coordination.escalated_at.is_some()).then(|| {
        view! { <span class="badge" data-status="soon">{move || say!(words.get(), "case.escalated")}</span> }
    });
    view! {
        <header class="case-head">
            <p class="case-head-number">
                {case.with_value(|it| it.record.number.clone())}" "
                <span class="badge" data-status=case.with_value(status_slug)>{status}</span>
                {urgency.map(|it| (" ", it))}
                {escalated.map(|it| (" ", it))}
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

/// In whose name it was recorded while nobody was signed in, until they or a supervisor confirm it (F6).
#[component]
fn Claimed(case: StoredValue<Case>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let said = move || {
        let (rules, language) = (desk.rules().get()?, desk.language().get());
        let name = case.with_value(|it| wording::person(&rules.directory, &it.recorded_by));
        match case.with_value(|it| it.claim.clone())? {
            Claim::Open => Some(say!(language, "unsigned.not_confirmed", name = name)),
            Claim::Denied { .. } => Some(say!(language, "unsigned.denied", name = name)),
            Claim::Confirmed { .. } => None,
        }
    };
    move || {
        said().map(|it| {
            view! {
                <div class="banner" data-kind="warn" data-testid="claimed">
                    <Icon name="alert" /><p class="banner-text">{it}</p>
                </div>
            }
        })
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

const fn status_slug(case: &Case) -> &'static str {
    match &case.stage {
        Stage::Own | Stage::Replied => "open",
        Stage::Passed {
            received: false, ..
        }
        | Stage::Coordinating { .. }
        | Stage::Joined { .. } => "waiting",
        Stage::Passed { .. } => "soon",
        Stage::Closed => "done",
    }
}

/// Why nothing is said of the customer, and what that means for whoever goes on with the case.
#[component]
fn Erased(case: StoredValue<Case>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let id = case.with_value(|it| it.id);
    let since = move || {
        let (at, rules) = (desk.erasures().read().at(id)?, desk.rules().get()?);
        let date = time::date(words.get(), rules.zone().local(at).date());
        Some(say!(words.get(), "case.erased_on", date = date))
    };
    let since = move || since().unwrap_or_else(|| say!(words.get(), "case.erased_note"));
    let is_open = case.with_value(|it| it.ending.is_none());
    let goes_on = is_open.then(|| {
        view! { <p class="banner-text">{move || say!(words.get(), "case.erased_goes_on")}</p> }
    });
    view! {
        <div class="banner" data-kind="info" data-testid="erased">
            <Icon name="alert" />
            <div><p class="banner-text">{since}</p>{goes_on}</div>
        </div>
    }
}

/// Why nothing seems to move: the clock is paused, or another case is handled for this one.
#[component]
fn Standing(case: StoredValue<Case>) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let paused = case.with_value(Case::pause_reason);
    let paused = paused.map(|reason| {
        let reason = move || act::pause_reason(words.get(), reason);
        view! { <p class="note" data-kind="soon">{move || say!(words.get(), "case.paused", reason = reason())}</p> }
    });
    let main = case.with_value(|it| match &it.stage {
        Stage::Joined { main } => Some(*main),
        Stage::Own
        | Stage::Passed { .. }
        | Stage::Coordinating { .. }
        | Stage::Replied
        | Stage::Closed => None,
    });
    let joined = main.map(|main| {
        view! {
            <p class="note">
                {move || say!(words.get(), "case.joined")}" "
                <a href=format!("/case/{main}")>{move || say!(words.get(), "case.see_main")}</a>
            </p>
        }
    });
    view! { {paused} {joined} }
}

#[component]
fn What(
    case: StoredValue<Case>,
    shown: Memo<Particulars>,
    masked: Memo<bool>,
    unmasked: RwSignal<bool>,
    /// No field stands there empty.
    is_erased: bool,
) -> impl IntoView {
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
    // The number stands in the page only where it may be seen: a link to it is as good as the number.
    let call = move || {
        let href = format!("tel:{}", shown.read().phone);
        let is_there = !shown.read().phone.is_empty() && !masked.get();
        is_there.then(|| {
            view! { <a class="button" data-kind="quiet" href=href><Icon name="phone" />{label("case.call")}</a> }
        })
    };
    let show = move || {
        masked.get().then(|| {
            view! {
                <button class="button" data-kind="quiet" type="button" data-testid="show-contact" on:click=move |_| unmasked.set(true)>
                    {label("case.show_contact")}
                </button>
            }
        })
    };
    let of_customer = move |part: fn(&Particulars) -> &str| move || part(&shown.read()).to_owned();
    let has_contact =
        Memo::new(move |_| !shown.read().phone.is_empty() || !shown.read().customer.is_empty());
    let phone =
        move || view! { {of_customer(|it| &it.phone)}" "{call}{has_contact.get().then_some(show)} };
    let fact = |name: &'static str, value: AnyView| {
        view! { <div class="fact"><dt class="fact-name">{label(name)}</dt><dd class="fact-value">{value}</dd></div> }
    };
    view! {
        <section class="case-part">
            <h3 class="case-part-title">{label("case.what")}</h3>
            {incomplete}
            <dl class="facts">
                {(!is_erased).then(|| (
                    fact("record.matter", of_customer(|it| &it.matter).into_any()),
                    fact("record.address", of_customer(|it| &it.address).into_any()),
                    fact("record.customer", of_customer(|it| &it.customer).into_any()),
                    fact("record.phone", phone.into_any()),
                ))}
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
    let Some(End::Met { at, .. }) = done.end else {
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
