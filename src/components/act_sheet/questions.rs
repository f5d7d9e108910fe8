//! What the sheet asks, act by act.

use leptos::prelude::*;
use shouwen_domain::case::Stage;
use shouwen_domain::event::{
    Contact, Finding, Kind, Outcome, PhotoAdded, SuggestionFate, WaivedBecause,
};
use shouwen_domain::id::DepartmentId;
use shouwen_domain::{Case, decide};

use super::Fields;
use super::act::{Act, open_request};
use crate::components::choice::Choice;
use crate::components::field::{Input, TextField};
use crate::components::photos::PhotoPicker;
use crate::components::phrases::Guard;
use crate::desk::Desk;
use crate::say;
use crate::wording::{self, Language, act};

pub fn questions(
    act: Act,
    desk: Desk,
    fields: Fields,
    changed: Callback<String>,
    photographed: Callback<Vec<PhotoAdded>>,
) -> AnyView {
    let ask = Ask {
        desk,
        fields,
        changed,
    };
    match act {
        Act::HandOver => view! {
            <DepartmentSelect fields label=ask.label("act.to") none=ask.label("act.choose") not_the_holder=true />
            <ExplainedCheck fields />
            {ask.long("act.reason")}
        }
        .into_any(),
        Act::NameHandler => view! { <PersonSelect fields everybody=false /> }.into_any(),
        Act::AddPhotos => {
            let changed = move |()| photographed.run(fields.photos.get_untracked());
            view! { <PhotoPicker photos=fields.photos busy=fields.busy changed /> }.into_any()
        }
        Act::Return => ask.guarded("act.opinion", false),
        Act::AnswerAtOnce => ask.guarded("record.answer", true),
        Act::Reply => view! { <ResultQuestions ask /> }.into_any(),
        Act::Tell => view! { {ask.contacts()} {ask.guarded("act.text", true)} }.into_any(),
        Act::TellDelay => view! { {ask.contacts()} {ask.guarded("act.text", false)} }.into_any(),
        Act::ReplyOuter => ask.guarded("act.text", false),
        Act::Visit => {
            let options = ask.options(|language| {
                vec![
                    (Finding::Satisfied, say!(language, "act.satisfied")),
                    (Finding::NotSatisfied, say!(language, "act.not_satisfied")),
                    (Finding::NotReached, say!(language, "act.not_reached")),
                ]
            });
            view! {
                {ask.contacts()}
                <Choice legend=ask.label("act.finding") name="finding" options chosen=fields.finding />
                {ask.phone()}
                {ask.long("act.words")}
            }
            .into_any()
        }
        Act::ConfirmAsked => view! {
            {ask.yes_or_no(ask.asked_question(), "act.agrees", "act.objects")}
            {ask.long("act.objection")}
        }
        .into_any(),
        Act::NameAsked => view! {
            <PersonSelect fields everybody=true />
            {ask.long("act.named_because")}
        }
        .into_any(),
        Act::Consent => view! {
            <RequestWords fields />
            {ask.yes_or_no("task.consent", "act.grant", "act.withhold")}
            {ask.long("act.consent_text")}
        }
        .into_any(),
        Act::WaiveVisit => view! { {ask.reasons_to_waive()} {ask.long("act.words")} }.into_any(),
        Act::ReportToCoordination => ask.long("act.beyond_us"),
        Act::NameLead => view! {
            <DepartmentSelect fields label=ask.label("act.lead") none=ask.label("act.choose") not_the_holder=false />
            <UpheldChecks fields />
            {ask.long("act.lead_reason")}
        }
        .into_any(),
        Act::AnswerAsLeader => ask.guarded("act.leader_text", false),
        Act::Instruct => view! {
            {ask.long("act.instruction")}
            <DepartmentSelect fields label=ask.label("act.instruct_to") none=ask.label("act.as_it_is") not_the_holder=true />
        }
        .into_any(),
        Act::CheckResult => view! {
            {ask.yes_or_no("task.check_result", "act.right", "act.wrong")}
            {ask.long("act.checked")}
        }
        .into_any(),
        Act::PublishAnswer => view! {
            {ask.yes_or_no("task.publish_answer", "act.published", "act.not_published")}
            {ask.long("act.publication")}
        }
        .into_any(),
        Act::ReportToAuthority => ask.long("act.authority"),
        Act::Emergency(_) => view! {
            <TextField id="act-done-at" label=ask.label("act.done_at") kind=Input::DateTime value=fields.done_at />
        }
        .into_any(),
        Act::Receive
        | Act::Close
        | Act::Sign(_)
        | Act::AcceptSuccession
        | Act::TakeShift
        | Act::ReceiveGuided
        | Act::Resume
        | Act::SignOuter => ().into_any(),
    }
}

/// The parts that several acts ask with.
#[derive(Clone, Copy)]
struct Ask {
    desk: Desk,
    fields: Fields,
    changed: Callback<String>,
}

impl Ask {
    fn label(self, key: &'static str) -> Signal<String> {
        let words = self.desk.language();
        Signal::derive(move || rust_i18n::t!(key, locale = words.get().code()).into_owned())
    }

    /// Among ourselves, or in the customer's own words.
    fn long(self, key: &'static str) -> AnyView {
        self.text(key, None)
    }

    /// What a customer hears or what stands for it (L1); `counted`: sent all the same it goes on record.
    fn guarded(self, key: &'static str, counted: bool) -> AnyView {
        let sensitive = self.fields.case.with_value(|it| it.record.sensitive);
        let sensitive = Signal::stored(sensitive);
        self.text(key, Some(Guard { sensitive, counted }))
    }

    fn text(self, key: &'static str, guard: Option<Guard>) -> AnyView {
        let Self {
            fields, changed, ..
        } = self;
        let keep = move || changed.run(fields.text.get_untracked());
        view! { <TextField id="act-text" label=self.label(key) kind=Input::Long value=fields.text changed=keep guard /> }
            .into_any()
    }

    /// Where the customer is called (V6).
    fn phone(self) -> AnyView {
        let fields = self.fields;
        let label = self.label("act.visit_phone");
        let is_call = move || fields.contact.get() == Contact::Call;
        (move || {
            is_call().then(|| {
                view! { <TextField id="act-phone" label kind=Input::Phone value=fields.phone /> }
            })
        })
        .into_any()
    }

    fn options<T: Send + Sync + 'static>(
        self,
        of: impl Fn(Language) -> Vec<(T, String)> + Send + Sync + 'static,
    ) -> Signal<Vec<(T, String)>> {
        let words = self.desk.language();
        Signal::derive(move || of(words.get()))
    }

    fn contacts(self) -> AnyView {
        let options = self.options(|language| {
            [Contact::Call, Contact::InPerson, Contact::Message]
                .map(|it| (it, act::contact(language, it)))
                .to_vec()
        });
        view! { <Choice legend=self.label("act.how") name="how" options chosen=self.fields.contact /> }
            .into_any()
    }

    /// Only those that this case allows.
    fn reasons_to_waive(self) -> AnyView {
        let fields = self.fields;
        let (outside_sample, unnamed) = fields
            .case
            .with_value(|it| (it.coordination.is_outside_sample, it.is_unnamed()));
        let options = self.options(move |language| {
            let fits = [
                (WaivedBecause::CustomerDeclined, true),
                (WaivedBecause::NotInSample, outside_sample),
                (WaivedBecause::Unnamed, unnamed),
            ];
            fits.into_iter()
                .filter(|(_, fits)| *fits)
                .map(|(it, _)| (it, act::waived_because(language, it)))
                .collect()
        });
        view! { <Choice legend=self.label("act.because") name="because" options chosen=fields.because /> }
            .into_any()
    }

    /// What somebody who is named says yes or no to (F6).
    fn asked_question(self) -> &'static str {
        let me = self.desk.session().get_untracked().map(|it| it.person);
        let is_claimed = self
            .fields
            .case
            .with_value(|it| me.is_some_and(|me| it.is_only_claimed_of(&me)));
        if is_claimed {
            "unsigned.question"
        } else {
            "act.asked_question"
        }
    }

    fn yes_or_no(self, legend: &'static str, yes: &'static str, no: &'static str) -> AnyView {
        let options = self.options(move |language| {
            let say = |key| rust_i18n::t!(key, locale = language.code()).into_owned();
            vec![(true, say(yes)), (false, say(no))]
        });
        view! { <Choice legend=self.label(legend) name="yes" options chosen=self.fields.yes /> }
            .into_any()
    }
}

#[component]
fn ResultQuestions(ask: Ask) -> impl IntoView {
    let Ask { desk, fields, .. } = ask;
    let options = ask.options(|language| {
        vec![
            (Outcome::Solved, say!(language, "act.solved")),
            (Outcome::PlainAnswer, say!(language, "act.plain_answer")),
        ]
    });
    let is_suggestion = fields
        .case
        .with_value(|it| it.record.kind == Kind::Suggestion);
    let fates = ask.options(|language| {
        [
            SuggestionFate::Changed,
            SuggestionFate::NothingChanged,
            SuggestionFate::PassedOn,
        ]
        .map(|it| (it, act::suggestion_fate(language, it)))
        .to_vec()
    });
    let may_tell = fields.case.with_value(|it| may_tell(desk, it));
    view! {
        <Choice legend=ask.label("act.outcome") name="outcome" options chosen=fields.outcome />
        {is_suggestion.then(|| view! {
            <Choice legend=ask.label("act.suggestion") name="suggestion" options=fates chosen=fields.suggestion />
        })}
        {ask.guarded("act.result", true)}
        {may_tell.then(|| view! { <Check label=ask.label("act.told_now") value=fields.told /> })}
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
fn ExplainedCheck(fields: Fields) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let is_own = fields.case.with_value(|it| matches!(it.stage, Stage::Own));
    let label = Signal::derive(move || say!(words.get(), "record.explained"));
    let not_accepted =
        move || (!fields.accepted.get()).then(|| say!(words.get(), "record.not_accepted"));
    is_own.then(|| view! { <Check label value=fields.accepted /> <p class="note" data-kind="soon" hidden=move || fields.accepted.get()>{not_accepted}</p> })
}

/// What is asked for, and by whom.
#[component]
fn RequestWords(fields: Fields) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let what = move || {
        let (rules, me) = (desk.rules().get()?, desk.session().get()?.person);
        let language = words.get();
        fields.case.with_value(|case| {
            let made = open_request(case, &me)?;
            Some(format!(
                "{} · {}",
                wording::person(&rules.directory, &made.by),
                act::request(language, made.request, &rules)
            ))
        })
    };
    view! {
        <dl class="facts">
            <div class="fact">
                <dt class="fact-name">{move || say!(words.get(), "act.consent_to")}</dt>
                <dd class="fact-value">{what}</dd>
            </div>
        </dl>
    }
}

/// A7: whose ground for returning the slip holds.
#[component]
fn UpheldChecks(fields: Fields) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let mut returned: Vec<DepartmentId> = fields.case.with_value(|it| {
        let returns = it.moves.iter().filter(|it| it.returned);
        returns.map(|it| it.from.clone()).collect()
    });
    returned.sort();
    returned.dedup();
    let check = move |id: DepartmentId| {
        let name = {
            let id = id.clone();
            move || {
                let rules = desk.rules().get()?;
                Some(wording::department(words.get(), &rules.directory, &id))
            }
        };
        let set = move |holds: bool| {
            fields.upheld.update(|it| {
                it.retain(|it| *it != id);
                if holds {
                    it.push(id.clone());
                }
            });
        };
        view! {
            <label class="check-row">
                <input class="check" type="checkbox" on:change:target=move |ev| set(ev.target().checked()) />
                {name}
            </label>
        }
    };
    (!returned.is_empty()).then(|| {
        view! {
            <fieldset class="choice-group">
                <legend class="field-label">{move || say!(words.get(), "act.upheld")}</legend>
                {returned.into_iter().map(check).collect_view()}
            </fieldset>
        }
    })
}

#[component]
fn DepartmentSelect(
    fields: Fields,
    label: Signal<String>,
    /// What stands there while none is chosen.
    none: Signal<String>,
    not_the_holder: bool,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let holder = fields.case.with_value(|it| it.holder().clone());
    let options = move || {
        let language = words.get();
        let rules = desk.rules().get();
        let departments = rules
            .iter()
            .flat_map(|it| it.directory.departments.clone())
            .filter(|it| !not_the_holder || it.id != holder);
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
            <label class="field-label" for="act-department">{label}</label>
            <select class="input" id="act-department" on:change:target=move |ev| fields.department.set(ev.target().value())>
                <option value="">{none}</option>
                {options}
            </select>
        </div>
    }
}

#[component]
fn PersonSelect(fields: Fields, everybody: bool) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let holder = fields.case.with_value(|it| it.holder().clone());
    let label = move || {
        if everybody {
            say!(words.get(), "act.was_asked")
        } else {
            say!(words.get(), "act.who")
        }
    };
    let options = move || {
        let language = words.get();
        let rules = desk.rules().get();
        let staff = rules.iter().flat_map(|it| {
            let people = if everybody {
                it.directory.people.values().collect()
            } else {
                it.directory.staff(&holder)
            };
            people.into_iter().cloned().collect::<Vec<_>>()
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
            <label class="field-label" for="act-person">{label}</label>
            <select class="input" id="act-person" on:change:target=move |ev| fields.person.set(ev.target().value())>
                <option value="">{move || say!(words.get(), "act.choose")}</option>
                {options}
            </select>
        </div>
    }
}

/// The department whose matter it is: to hand over to, unless it is there already, or to lead.
pub fn suggested_department(act: Act, desk: Desk, case: StoredValue<Case>) -> String {
    let known = desk.rules().get_untracked();
    case.with_value(|case| {
        let proper =
            case.record.proper.as_ref().filter(|it| {
                act == Act::NameLead || (act == Act::HandOver && *it != case.holder())
            });
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
