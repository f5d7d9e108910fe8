//! What one act asks for before it is done: departments, people, words. Yields the command.

use leptos::prelude::*;
use shouwen_domain::command::Explained;
use shouwen_domain::event::{Contact, Finding, Outcome};
use shouwen_domain::id::{DepartmentId, PersonId};
use shouwen_domain::pack::DeadlineId;
use shouwen_domain::{Case, Command, decide};

use super::choice::Choice;
use super::field::{Input, TextField};
use super::icon::Icon;
use crate::desk::Desk;
use crate::say;
use crate::wording::{Language, act};

/// The acts of the main path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    HandOver,
    Receive,
    NameHandler,
    Return,
    Reply,
    Tell,
    Visit,
    Close,
    AnswerAtOnce,
}

impl Act {
    pub const ALL: [Self; 9] = [
        Self::HandOver,
        Self::AnswerAtOnce,
        Self::Receive,
        Self::NameHandler,
        Self::Reply,
        Self::Return,
        Self::Tell,
        Self::Visit,
        Self::Close,
    ];

    /// What is likely next where this is owed.
    pub const fn for_deadline(deadline: DeadlineId) -> Self {
        match deadline {
            DeadlineId::Transfer | DeadlineId::ReturnSlip => Self::HandOver,
            DeadlineId::AssignHandler => Self::NameHandler,
            DeadlineId::Reply => Self::Reply,
            DeadlineId::TellResult => Self::Tell,
            DeadlineId::ReturnVisit | DeadlineId::RetryVisit => Self::Visit,
            DeadlineId::Sign => Self::Receive,
            DeadlineId::Close => Self::Close,
        }
    }

    pub fn word(self, language: Language) -> String {
        match self {
            Self::HandOver => say!(language, "act.hand_over"),
            Self::Receive => say!(language, "act.receive"),
            Self::NameHandler => say!(language, "act.name_handler"),
            Self::Return => say!(language, "act.return"),
            Self::Reply => say!(language, "act.reply"),
            Self::Tell => say!(language, "act.tell"),
            Self::Visit => say!(language, "act.visit"),
            Self::Close => say!(language, "act.close"),
            Self::AnswerAtOnce => say!(language, "act.answer_at_once"),
        }
    }

    /// For `data-act` and the names of drafts.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::HandOver => "hand-over",
            Self::Receive => "receive",
            Self::NameHandler => "name-handler",
            Self::Return => "return",
            Self::Reply => "reply",
            Self::Tell => "tell",
            Self::Visit => "visit",
            Self::Close => "close",
            Self::AnswerAtOnce => "answer-at-once",
        }
    }

    /// The command, where the act needs nothing but the person's word: done with one tap.
    pub const fn plain_command(self) -> Option<Command> {
        match self {
            Self::Receive => Some(Command::Receive),
            Self::Close => Some(Command::Close),
            Self::HandOver
            | Self::NameHandler
            | Self::Return
            | Self::Reply
            | Self::Tell
            | Self::Visit
            | Self::AnswerAtOnce => None,
        }
    }

    /// A command of this kind with everything filled in, to ask the rules whether it is possible at all.
    pub fn probe(self, me: &PersonId, elsewhere: &DepartmentId) -> Command {
        let text = || "…".to_owned();
        match self {
            Self::HandOver => Command::HandOver {
                to: elsewhere.clone(),
                explained: Explained::Accepted,
                text: text(),
            },
            Self::Receive => Command::Receive,
            Self::NameHandler => Command::NameHandler {
                handler: me.clone(),
            },
            Self::Return => Command::Return { opinion: text() },
            Self::Reply => Command::Reply {
                outcome: Outcome::Solved,
                text: text(),
                told: None,
                suggestion: None,
            },
            Self::Tell => Command::TellResult {
                how: Contact::Call,
                text: text(),
            },
            Self::Visit => Command::Visit {
                how: Contact::Call,
                finding: Finding::Satisfied,
                phone: String::new(),
                words: text(),
            },
            Self::Close => Command::Close,
            Self::AnswerAtOnce => Command::AnswerAtOnce { text: text() },
        }
    }
}

/// Everything any act may ask for. Lives as long as the sheet.
#[derive(Clone, Copy)]
struct Fields {
    department: RwSignal<String>,
    person: RwSignal<String>,
    text: RwSignal<String>,
    accepted: RwSignal<bool>,
    told: RwSignal<bool>,
    outcome: RwSignal<Outcome>,
    contact: RwSignal<Contact>,
    finding: RwSignal<Finding>,
}

impl Fields {
    /// None: something that has to be chosen is not.
    fn command(self, act: Act) -> Option<Command> {
        let text = self.text.get_untracked();
        Some(match act {
            Act::HandOver => Command::HandOver {
                to: self.department.get_untracked().parse().ok()?,
                explained: if self.accepted.get_untracked() {
                    Explained::Accepted
                } else {
                    Explained::NotAccepted
                },
                text,
            },
            Act::Receive => Command::Receive,
            Act::NameHandler => Command::NameHandler {
                handler: self.person.get_untracked().parse().ok()?,
            },
            Act::Return => Command::Return { opinion: text },
            Act::Reply => Command::Reply {
                outcome: self.outcome.get_untracked(),
                text,
                told: self.told.get_untracked().then_some(Contact::InPerson),
                suggestion: None,
            },
            Act::Tell => Command::TellResult {
                how: self.contact.get_untracked(),
                text,
            },
            Act::Visit => {
                let (how, finding) = (self.contact.get_untracked(), self.finding.get_untracked());
                Command::Visit {
                    how,
                    finding,
                    phone: String::new(),
                    words: text,
                }
            }
            Act::Close => Command::Close,
            Act::AnswerAtOnce => Command::AnswerAtOnce { text },
        })
    }
}

#[component]
pub fn ActSheet(
    act: Act,
    case: StoredValue<Case>,
    /// What was typed and not sent the last time.
    kept: String,
    /// The words changed: keep them.
    #[prop(into)]
    changed: Callback<String>,
    #[prop(into)] done: Callback<Command>,
    #[prop(into)] cancel: Callback<()>,
    /// Why the last try was refused.
    #[prop(into)]
    refused: Signal<Option<String>>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let fields = Fields {
        department: RwSignal::new(suggested_department(desk, case)),
        person: RwSignal::new(String::new()),
        text: RwSignal::new(kept),
        accepted: RwSignal::new(true),
        told: RwSignal::new(false),
        outcome: RwSignal::new(Outcome::Solved),
        contact: RwSignal::new(Contact::Call),
        finding: RwSignal::new(Finding::Satisfied),
    };
    let not_chosen = RwSignal::new(false);
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    let submit = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        match fields.command(act) {
            Some(command) => {
                not_chosen.set(false);
                done.run(command);
            }
            None => not_chosen.set(true),
        }
    };
    let error = move || {
        let missing = not_chosen.get().then(|| say!(words.get(), "act.choose"));
        missing.or_else(|| refused.get())
    };
    view! {
        <dialog class="sheet" node_ref=dialog data-act=act.slug() aria-labelledby="act-title" on:close=move |_| cancel.run(())>
            <form on:submit=submit>
                <header class="sheet-head">
                    <h2 class="sheet-title" id="act-title">{move || act.word(words.get())}</h2>
                    <button class="sheet-close" type="button" on:click=move |_| cancel.run(())
                        aria-label=move || say!(words.get(), "act.cancel")><Icon name="x" /></button>
                </header>
                <div class="sheet-body form">
                    {questions(act, desk, case, fields, changed)}
                    <p class="field-error" role="alert" hidden=move || error().is_none()>{error}</p>
                </div>
                <div class="action-bar">
                    <p class="why">{move || signs_as(desk)}</p>
                    <button class="button" data-kind="primary" type="submit">{move || confirm_word(act, desk, fields)}</button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}

fn questions(
    act: Act,
    desk: Desk,
    case: StoredValue<Case>,
    fields: Fields,
    changed: Callback<String>,
) -> AnyView {
    let words = desk.language();
    let label = move |key: &'static str| {
        Signal::derive(move || rust_i18n::t!(key, locale = words.get().code()).into_owned())
    };
    let long = move |key: &'static str| {
        let keep = move || changed.run(fields.text.get_untracked());
        view! { <TextField id="act-text" label=label(key) kind=Input::Long value=fields.text changed=keep /> }
    };
    let contacts = move || {
        let options = Signal::derive(move || {
            [Contact::Call, Contact::InPerson, Contact::Message]
                .map(|it| (it, act::contact(words.get(), it)))
                .to_vec()
        });
        view! { <Choice legend=label("act.how") name="how" options chosen=fields.contact /> }
    };
    match act {
        Act::HandOver => view! {
            <DepartmentSelect case fields />
            <ExplainedCheck case fields />
            {long("act.reason")}
        }
        .into_any(),
        Act::NameHandler => view! { <PersonSelect case fields /> }.into_any(),
        Act::Return => long("act.opinion").into_any(),
        Act::AnswerAtOnce => long("record.answer").into_any(),
        Act::Reply => {
            let options = Signal::derive(move || {
                let language = words.get();
                vec![
                    (Outcome::Solved, say!(language, "act.solved")),
                    (Outcome::PlainAnswer, say!(language, "act.plain_answer")),
                ]
            });
            let may_tell = case.with_value(|it| may_tell(desk, it));
            view! {
                <Choice legend=label("act.outcome") name="outcome" options chosen=fields.outcome />
                {long("act.result")}
                {may_tell.then(|| view! { <Check label=label("act.told_now") value=fields.told /> })}
            }
            .into_any()
        }
        Act::Tell => view! { {contacts()} {long("act.text")} }.into_any(),
        Act::Visit => {
            let options = Signal::derive(move || {
                let language = words.get();
                vec![
                    (Finding::Satisfied, say!(language, "act.satisfied")),
                    (Finding::NotSatisfied, say!(language, "act.not_satisfied")),
                    (Finding::NotReached, say!(language, "act.not_reached")),
                ]
            });
            view! {
                {contacts()}
                <Choice legend=label("act.finding") name="finding" options chosen=fields.finding />
                {long("act.words")}
            }
            .into_any()
        }
        Act::Receive | Act::Close => ().into_any(),
    }
}

#[component]
fn Check(#[prop(into)] label: Signal<String>, value: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="check-row">
            <input class="check" type="checkbox" prop:checked=value on:change:target=move |ev| value.set(ev.target().checked()) />
            {label}
        </label>
    }
}

/// I3: whether the customer accepted why there is no answer at once. Only the first responder's side asks.
#[component]
fn ExplainedCheck(case: StoredValue<Case>, fields: Fields) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let is_own = case.with_value(|it| matches!(it.stage, shouwen_domain::case::Stage::Own));
    let label = Signal::derive(move || say!(words.get(), "record.explained"));
    let not_accepted =
        move || (!fields.accepted.get()).then(|| say!(words.get(), "record.not_accepted"));
    is_own.then(|| view! { <Check label value=fields.accepted /> <p class="note" data-kind="soon" hidden=move || fields.accepted.get()>{not_accepted}</p> })
}

#[component]
fn DepartmentSelect(case: StoredValue<Case>, fields: Fields) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let holder = case.with_value(|it| it.holder().clone());
    let options = move || {
        let language = words.get();
        let rules = desk.rules().get();
        let departments = rules
            .iter()
            .flat_map(|it| it.directory.departments.clone())
            .filter(|it| it.id != holder);
        departments
            .map(|it| {
                let id = it.id.to_string();
                let chosen = id == fields.department.get_untracked();
                view! { <option value=id selected=chosen>{language.of(&it.name).to_owned()}</option> }
            })
            .collect_view()
    };
    view! {
        <div class="field">
            <label class="field-label" for="act-department">{move || say!(words.get(), "act.to")}</label>
            <select class="input" id="act-department" on:change:target=move |ev| fields.department.set(ev.target().value())>
                <option value="">{move || say!(words.get(), "act.choose")}</option>
                {options}
            </select>
        </div>
    }
}

#[component]
fn PersonSelect(case: StoredValue<Case>, fields: Fields) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let holder = case.with_value(|it| it.holder().clone());
    let options = move || {
        let language = words.get();
        let rules = desk.rules().get();
        let staff = rules.iter().flat_map(|it| {
            it.directory
                .staff(&holder)
                .into_iter()
                .cloned()
                .collect::<Vec<_>>()
        });
        staff
            .map(|it| {
                let word = format!(
                    "{} · {} · {}",
                    it.name,
                    it.number,
                    language.of(&it.position)
                );
                view! { <option value=it.id.to_string()>{word}</option> }
            })
            .collect_view()
    };
    view! {
        <div class="field">
            <label class="field-label" for="act-person">{move || say!(words.get(), "act.who")}</label>
            <select class="input" id="act-person" on:change:target=move |ev| fields.person.set(ev.target().value())>
                <option value="">{move || say!(words.get(), "act.choose")}</option>
                {options}
            </select>
        </div>
    }
}

/// The department whose matter it is, unless it is there already.
fn suggested_department(desk: Desk, case: StoredValue<Case>) -> String {
    let known = desk.rules().get_untracked();
    case.with_value(|case| {
        let proper = case
            .record
            .proper
            .as_ref()
            .filter(|it| *it != case.holder());
        let exists = |it: &&DepartmentId| {
            known
                .as_ref()
                .is_some_and(|rules| rules.directory.department(it).is_some())
        };
        proper
            .filter(exists)
            .map(ToString::to_string)
            .unwrap_or_default()
    })
}

/// F4: the first responder or the head of the handling department.
fn may_tell(desk: Desk, case: &Case) -> bool {
    let (Some(session), Some(rules)) =
        (desk.session().get_untracked(), desk.rules().get_untracked())
    else {
        return false;
    };
    let me = rules.directory.person(&session.person);
    me.is_some_and(|me| decide::may_tell(case, case.holder(), me, &rules).is_ok())
}

/// Signing and handing over say exactly what they do.
fn confirm_word(act: Act, desk: Desk, fields: Fields) -> String {
    let language = desk.language().get();
    let to = desk.rules().get().and_then(|rules| {
        let id: DepartmentId = fields.department.get().parse().ok()?;
        rules
            .directory
            .department(&id)
            .map(|it| language.of(&it.name).to_owned())
    });
    match (act, to) {
        (Act::HandOver, Some(to)) => say!(language, "act.confirm_hand_over", to = to),
        _ => act.word(language),
    }
}

fn signs_as(desk: Desk) -> Option<String> {
    let (session, rules) = (desk.session().get()?, desk.rules().get()?);
    let person = rules.directory.person(&session.person)?;
    Some(say!(
        desk.language().get(),
        "act.signs_as",
        name = person.name,
        number = person.number
    ))
}
