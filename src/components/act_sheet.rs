//! What one act asks for before it is done: departments, people, words. Yields the command.

mod act;
mod questions;

use leptos::prelude::*;
use shouwen_domain::command::Explained;
use shouwen_domain::event::{
    Contact, Finding, Outcome, PhotoAdded, SuccessionReason, SuggestionFate, WaivedBecause,
};
use shouwen_domain::id::DepartmentId;
use shouwen_domain::moment::Moment;
use shouwen_domain::{Case, Command};

pub use act::Act;
use questions::questions;

use super::icon::Icon;
use crate::desk::Desk;
use crate::say;

const DATE_TIME: &str = "%Y-%m-%dT%H:%M";

/// What a sheet begins with.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// What was typed and not sent the last time.
    pub words: String,
    /// The customer's, as recorded.
    pub phone: String,
    /// Taken and not sent the last time.
    pub photos: Vec<PhotoAdded>,
}

/// Everything any act may ask for. Lives as long as the sheet.
#[derive(Clone, Copy)]
struct Fields {
    case: StoredValue<Case>,
    department: RwSignal<String>,
    person: RwSignal<String>,
    text: RwSignal<String>,
    /// The number to be called: the customer's, as recorded (V6).
    phone: RwSignal<String>,
    accepted: RwSignal<bool>,
    told: RwSignal<bool>,
    outcome: RwSignal<Outcome>,
    suggestion: RwSignal<SuggestionFate>,
    contact: RwSignal<Contact>,
    finding: RwSignal<Finding>,
    /// Agrees, consents, found right, published.
    yes: RwSignal<bool>,
    because: RwSignal<WaivedBecause>,
    upheld: RwSignal<Vec<DepartmentId>>,
    done_at: RwSignal<String>,
    photos: RwSignal<Vec<PhotoAdded>>,
    /// Photos that are still being made small.
    busy: RwSignal<u32>,
}

impl Fields {
    fn new(act: Act, desk: Desk, case: StoredValue<Case>, kept: Kept) -> Self {
        let rules = desk.rules().get_untracked();
        let now = desk.now().get_untracked();
        let is_night = rules
            .as_ref()
            .is_some_and(|it| it.night_until(now).is_some());
        let local = rules.map(|it| it.zone().local(now).format(DATE_TIME).to_string());
        Self {
            case,
            department: RwSignal::new(questions::suggested_department(act, desk, case)),
            person: RwSignal::new(String::new()),
            text: RwSignal::new(kept.words),
            phone: RwSignal::new(kept.phone),
            accepted: RwSignal::new(true),
            told: RwSignal::new(false),
            outcome: RwSignal::new(Outcome::Solved),
            suggestion: RwSignal::new(SuggestionFate::Changed),
            // F7: at night nobody is rung.
            contact: RwSignal::new(if is_night {
                Contact::Message
            } else {
                Contact::Call
            }),
            finding: RwSignal::new(Finding::Satisfied),
            yes: RwSignal::new(true),
            because: RwSignal::new(WaivedBecause::CustomerDeclined),
            upheld: RwSignal::new(Vec::new()),
            done_at: RwSignal::new(local.unwrap_or_default()),
            photos: RwSignal::new(kept.photos),
            busy: RwSignal::new(0),
        }
    }

    /// None: something that has to be chosen is not.
    fn command(self, act: Act, desk: Desk) -> Option<Command> {
        let text = self.text.get_untracked();
        let yes = self.yes.get_untracked();
        let department = || self.department.get_untracked().parse().ok();
        Some(match act {
            Act::HandOver => Command::HandOver {
                to: department()?,
                explained: if self.accepted.get_untracked() {
                    Explained::Accepted
                } else {
                    Explained::NotAccepted
                },
                text,
            },
            Act::NameHandler => Command::NameHandler {
                handler: self.person.get_untracked().parse().ok()?,
            },
            Act::Return => Command::Return { opinion: text },
            Act::Reply => Command::Reply {
                outcome: self.outcome.get_untracked(),
                text,
                told: self.told.get_untracked().then_some(Contact::InPerson),
                suggestion: Some(self.suggestion.get_untracked()),
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
                    phone: if how == Contact::Call {
                        self.phone.get_untracked()
                    } else {
                        String::new()
                    },
                    words: text,
                }
            }
            Act::AnswerAtOnce => Command::AnswerAtOnce { text },
            Act::ConfirmAsked => Command::ConfirmAsked { agrees: yes, text },
            Act::NameAsked => Command::Succeed {
                to: self.person.get_untracked().parse().ok()?,
                reason: SuccessionReason::WronglyNamed,
                text,
            },
            Act::Consent => {
                let me = desk.session().get_untracked()?.person;
                let request = self
                    .case
                    .with_value(|it| act::open_request(it, &me).map(|it| it.envelope))?;
                Command::Consent {
                    request,
                    granted: yes,
                    text,
                }
            }
            Act::WaiveVisit => Command::WaiveVisit {
                because: self.because.get_untracked(),
                text,
            },
            Act::ReportToCoordination => Command::ReportToCoordination { text },
            Act::NameLead => Command::NameLead {
                lead: department()?,
                upheld: self.upheld.get_untracked(),
                text,
            },
            Act::AnswerAsLeader => Command::AnswerAsLeader { text },
            Act::Instruct => Command::Instruct {
                department: department(),
                text,
            },
            Act::CheckResult => Command::CheckResult { right: yes, text },
            Act::PublishAnswer => Command::PublishAnswer {
                published: yes,
                text,
            },
            Act::ReportToAuthority => Command::ReportToAuthority { text },
            Act::TellDelay => Command::TellDelay {
                how: self.contact.get_untracked(),
                text,
            },
            Act::ReplyOuter => Command::ReplyOuter { text },
            Act::Emergency(step) => Command::EmergencyStep {
                step,
                done_at: self.done_at(desk)?,
            },
            Act::AddPhotos => Command::AddPhotos {
                photos: Some(self.photos.get_untracked()).filter(|it| !it.is_empty())?,
            },
            Act::Receive
            | Act::Close
            | Act::Sign(_)
            | Act::AcceptSuccession
            | Act::TakeShift
            | Act::ReceiveGuided
            | Act::Resume
            | Act::SignOuter => return self.case.with_value(|it| act.plain_command(it)),
        })
    }

    /// Minutes are typed: within the minute of the asking it is the asking.
    fn done_at(self, desk: Desk) -> Option<Moment> {
        let rules = desk.rules().get_untracked()?;
        let typed = self.done_at.get_untracked();
        let typed = chrono::NaiveDateTime::parse_from_str(&typed, DATE_TIME).ok()?;
        let at = rules.zone().moment(typed);
        let asked_at = self.case.with_value(|it| it.record.asked_at);
        Some(if asked_at.unix_ms() - at.unix_ms() < 60_000 {
            at.max(asked_at)
        } else {
            at
        })
    }
}

#[component]
pub fn ActSheet(
    act: Act,
    case: StoredValue<Case>,
    kept: Kept,
    /// The words changed: keep them.
    #[prop(into)]
    changed: Callback<String>,
    /// There is a photo more or less: keep them.
    #[prop(into)]
    photographed: Callback<Vec<PhotoAdded>>,
    #[prop(into)] done: Callback<Command>,
    #[prop(into)] cancel: Callback<()>,
    /// Why the last try was refused.
    #[prop(into)]
    refused: Signal<Option<String>>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let fields = Fields::new(act, desk, case, kept);
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
        match fields.command(act, desk) {
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
                    {questions(act, desk, fields, changed, photographed)}
                    <p class="field-error" role="alert" hidden=move || error().is_none()>{error}</p>
                </div>
                <div class="action-bar">
                    <p class="why">{move || signs_as(desk)}</p>
                    <button class="button" data-kind="primary" type="submit" disabled=move || fields.busy.get() != 0>{move || confirm_word(act, desk, fields)}</button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
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
