//! What this person may do with a case now, and the sheet that asks for what an act needs.
//!
//! The sheet belongs to the page, not to the case as drawn: news of the case that arrives while somebody
//! writes draws the case anew and leaves the sheet alone.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::event::{Look, PhotoAdded};
use shouwen_domain::id::CaseId;
use shouwen_domain::summary::{Particulars, Task};
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Case, Command, Refusal, decide};
use shouwen_store::Fault;

use crate::components::act_sheet::{Act, ActSheet, Kept};
use crate::components::case_row::Hand;
use crate::components::icon::Icon;
use crate::desk::{Desk, FileDesk, SendError};
use crate::pages::fault::send_error_words;
use crate::say;
use crate::wording::refusal;

/// An act that asks for something first.
#[derive(Clone)]
struct Opened {
    act: Act,
    case: Case,
    kept: Kept,
}

/// What was begun on this page, whatever case is drawn.
#[derive(Clone, Copy)]
pub struct Begun {
    /// Large as it is, it lies elsewhere.
    desk: StoredValue<Desk>,
    open: RwSignal<Option<Opened>>,
    refused: RwSignal<Option<String>>,
    send: Action<(CaseId, Act, Command), ()>,
}

impl Begun {
    pub fn new(desk: Desk, files: FileDesk) -> Self {
        let open = RwSignal::new(None);
        let refused = RwSignal::new(None);
        let send = Action::new_local(move |(id, act, command): &(CaseId, Act, Command)| {
            let (id, act, command) = (*id, *act, command.clone());
            async move {
                let is_erased = desk.erasures().with_untracked(|it| it.at(id).is_some());
                let sent = match with_photos_owed(files, command).await {
                    _ if is_erased && act == Act::AddPhotos => Err(SendError::Erased),
                    Ok(command) => desk.send(Some(id), command).await,
                    Err(fault) => Err(SendError::Fault(fault)),
                };
                match sent {
                    Ok(_) => {
                        files.sent().await;
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
        Self {
            desk: StoredValue::new(desk),
            open,
            refused,
            send,
        }
    }

    /// Another case is looked at.
    pub fn clear(self) {
        self.open.set(None);
        self.refused.set(None);
    }

    fn start(self, act: Act, case: &Case) {
        self.refused.set(None);
        if let Some(command) = act.plain_command(case) {
            self.send.dispatch((case.id, act, command));
            return;
        }
        let desk = self.desk.get_value();
        if act == Act::Visit && !untrack(|| super::is_for_me(desk, case)) {
            // The sheet shows whom to call.
            desk.look(case.id, Look::Unmasked);
        }
        let case = case.clone();
        spawn_local(async move {
            let kept = Kept {
                words: kept_words(desk, case.id, act).await,
                phone: if act == Act::Visit {
                    recorded_phone(desk, case.id).await
                } else {
                    String::new()
                },
                photos: kept_photos(desk, case.id, act).await,
            };
            self.open.try_set(Some(Opened { act, case, kept }));
        });
    }
}

/// The sheet of the act that was begun, if any.
#[component]
pub fn BegunSheet(begun: Begun) -> impl IntoView {
    let desk = begun.desk.get_value();
    move || {
        let Opened { act, case, kept } = begun.open.get()?;
        let id = case.id;
        let case = StoredValue::new(case);
        let changed = move |text: String| keep(desk, id, act, text.into_bytes());
        let photographed = move |photos: Vec<PhotoAdded>| {
            let photos = minicbor::to_vec(photos).expect("writing to a vector cannot fail");
            keep(desk, id, act, photos);
        };
        let done = move |command: Command| {
            begun.send.dispatch((id, act, command));
        };
        let cancel = move |()| begun.clear();
        Some(
            view! { <ActSheet act case kept changed photographed done cancel refused=begun.refused /> },
        )
    }
}

/// The likely next act first, the others behind it, the impossible ones with their reason.
#[component]
pub fn Acts(case: StoredValue<Case>, begun: Begun) -> impl IntoView {
    let desk = begun.desk.get_value();
    let words = desk.language();
    let possible = Memo::new(move |_| case.with_value(|case| possible(desk, case)));
    let next = Memo::new(move |_| case.with_value(|case| likely_next(desk, case, &possible.get())));
    let button = move |act: Act, kind: &'static str| {
        let start = move |_| case.with_value(|it| begun.start(act, it));
        view! {
            <button class="button" data-kind=kind type="button" data-act=act.slug() disabled=begun.send.pending()
                on:click=start>{move || act.word(words.get())}</button>
        }
    };
    let others = move || {
        let next = next.get();
        let others = possible
            .get()
            .into_iter()
            .filter(|(act, _)| Some(*act) != next);
        let others = others.map(|(act, why)| match why {
            None => button(act, "secondary").into_any(),
            Some(why) => view! { <Impossible act why /> }.into_any(),
        });
        others.collect_view()
    };
    let bar = move || {
        let why = begun.refused.get().filter(|_| begun.open.read().is_none());
        (next.get().is_some() || why.is_some()).then(|| {
            view! {
                <div class="action-bar">
                    <p class="why" role="alert">{why}</p>
                    {next.get().map(|act| button(act, "primary"))}
                </div>
            }
        })
    };
    // Past the end little is left to do, mostly nothing.
    let has_others = Memo::new(move |_| {
        let next = next.get();
        possible.read().iter().any(|(act, _)| Some(*act) != next)
    });
    let others = move || {
        has_others.get().then(|| view! {
            <details class="case-part" data-testid="other-acts">
                <summary class="reckoning-summary">{move || say!(words.get(), "act.more")}<Icon name="chevron-down" /></summary>
                <div class="stack">{others}</div>
            </details>
        })
    };
    view! {
        {others}
        {bar}
    }
}

#[component]
fn Impossible(act: Act, why: Refusal) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let reason = move || {
        desk.rules()
            .get()
            .map(|it| refusal::refusal(words.get(), &why, &it))
    };
    view! {
        <div class="stack">
            <button class="button" data-kind="secondary" type="button" disabled>{move || act.word(words.get())}</button>
            <p class="why">{reason}</p>
        </div>
    }
}

/// Every act of the main path with the rule's reason where it is not possible now, and what is possible beside it.
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
        evidence: Evidence::default(),
    };
    let ask = |act: Act| {
        let command = act.probe(case, &session.person, &elsewhere, acting.now)?;
        Some((act, decide(Some(case), command, acting).err()))
    };
    let is_closed = case.ending.is_some();
    // Of a customer whose data was erased nothing is kept any more.
    let is_erased = desk.erasures().read().at(case.id).is_some();
    let main = Act::MAIN.into_iter().filter(|_| !is_closed);
    let beside = Act::BESIDE.into_iter().filter_map(ask);
    main.filter_map(ask)
        .chain(beside.filter(|(_, why)| why.is_none()))
        .filter(|(act, _)| !is_erased || *act != Act::AddPhotos)
        .collect()
}

/// What the most urgent obligation of this person asks for, else of whom they stand in for, else closing, where that is possible.
fn likely_next(desk: Desk, case: &Case, possible: &[(Act, Option<Refusal>)]) -> Option<Act> {
    let may = |act: &Act| possible.iter().any(|(it, why)| it == act && why.is_none());
    let (session, rules) = (desk.session().get()?, desk.rules().get()?);
    let me = rules.directory.person(&session.person)?;
    let board = desk.board().read();
    let tasks: &[Task] = board.get(case.id).map_or(&[], |it| &it.tasks);
    let directory = &rules.directory;
    let of = |hand: Hand| {
        let held = tasks
            .iter()
            .filter(move |it| Hand::of(it, me, directory) == hand);
        held.filter_map(|it| Act::for_deadline(it.deadline))
    };
    // Naming a handler signs for the slip as well: the one tap that does both comes first.
    of(Hand::Mine)
        .chain(of(Hand::Deputy))
        .chain([Act::Close])
        .find(may)
}

/// Photos are owed before the act that names them.
async fn with_photos_owed(files: FileDesk, command: Command) -> Result<Command, Fault> {
    if let Command::AddPhotos { photos } = command {
        let photos = files.owe(photos).await?;
        return Ok(Command::AddPhotos { photos });
    }
    Ok(command)
}

fn draft_name(id: CaseId, act: Act) -> String {
    format!("act-{id}-{}", act.slug())
}

async fn kept(desk: Desk, id: CaseId, act: Act) -> Option<Vec<u8>> {
    let person = desk.session().get_untracked()?.person;
    let kept = desk.draft(&person, &draft_name(id, act)).await;
    kept.ok().flatten()
}

async fn kept_words(desk: Desk, id: CaseId, act: Act) -> String {
    let words = kept(desk, id, act).await.filter(|_| act != Act::AddPhotos);
    words
        .and_then(|it| String::from_utf8(it).ok())
        .unwrap_or_default()
}

async fn kept_photos(desk: Desk, id: CaseId, act: Act) -> Vec<PhotoAdded> {
    let photos = kept(desk, id, act).await.filter(|_| act == Act::AddPhotos);
    photos
        .and_then(|it| minicbor::decode(&it).ok())
        .unwrap_or_default()
}

async fn recorded_phone(desk: Desk, id: CaseId) -> String {
    let file = desk.case_file(id).await.ok().flatten();
    file.map_or_else(String::new, |it| Particulars::of(&it.envelopes()).phone)
}

fn keep(desk: Desk, id: CaseId, act: Act, draft: Vec<u8>) {
    let Some(session) = desk.session().get_untracked() else {
        return;
    };
    if desk.erasures().with_untracked(|it| it.at(id).is_some()) {
        return;
    }
    spawn_local(async move {
        if let Err(fault) = desk
            .keep_draft(&session.person, &draft_name(id, act), &draft)
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
