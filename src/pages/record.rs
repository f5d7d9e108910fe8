//! The record form. Every key is kept in a draft; the draft's clock runs from the asking (I1).

use chrono::NaiveDateTime;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use minicbor::{Decode, Encode};
use shouwen_domain::Command;
use shouwen_domain::Rules;
use shouwen_domain::command::{Circumstances, Explained, Next, RecordForm};
use shouwen_domain::event::{Channel, Content, Field, PhotoAdded};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DepartmentId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Kept;
use shouwen_domain::summary::Particulars;

use crate::browser;
use crate::components::choice::Choice;
use crate::components::field::{Input, TextField};
use crate::components::frame::Frame;
use crate::components::icon::Icon;
use crate::components::photos::PhotoPicker;
use crate::components::phrases::Guard;
use crate::desk::{Desk, FileDesk, SendError};
use crate::pages::fault::send_error_words;
use crate::say;
use crate::wording::{self, Language, act, refusal, time};

/// A form that is being filled in, as it is kept on the device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Draft {
    /// When it was begun, which is when the customer asked unless somebody says otherwise.
    #[n(1)]
    begun: Moment,
    #[n(2)]
    channel: Option<Channel>,
    /// As typed; empty: when the draft was begun.
    #[n(3)]
    asked_at: String,
    #[n(4)]
    asked: Vec<PersonId>,
    #[n(5)]
    category: String,
    #[n(6)]
    matter: String,
    #[n(7)]
    customer: String,
    #[n(8)]
    phone: String,
    #[n(9)]
    address: String,
    #[n(10)]
    remark: String,
    #[n(11)]
    answer: String,
    #[n(12)]
    not_accepted: bool,
    #[n(13)]
    photos: Vec<PhotoAdded>,
}

impl Draft {
    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }
}

/// The form's fields, each a signal; together they make a draft or a command.
#[derive(Clone, Copy)]
struct Form {
    /// Who records.
    author: Signal<Option<PersonId>>,
    /// The author signs nothing here: in their name alone a new matter is taken down, and no more.
    unsigned: bool,
    /// Nobody is signed in.
    locked: bool,
    begun: RwSignal<Moment>,
    channel: RwSignal<Channel>,
    asked_at: RwSignal<String>,
    asked: RwSignal<Vec<PersonId>>,
    category: RwSignal<String>,
    matter: RwSignal<String>,
    customer: RwSignal<String>,
    phone: RwSignal<String>,
    address: RwSignal<String>,
    remark: RwSignal<String>,
    answer: RwSignal<String>,
    accepted: RwSignal<bool>,
    photos: RwSignal<Vec<PhotoAdded>>,
    /// Photos that are still being made small.
    busy: RwSignal<u32>,
}

impl Form {
    fn of(draft: Draft, author: Signal<Option<PersonId>>, unsigned: bool, locked: bool) -> Self {
        Self {
            author,
            unsigned,
            locked,
            begun: RwSignal::new(draft.begun),
            channel: RwSignal::new(draft.channel.unwrap_or(Channel::Met)),
            asked_at: RwSignal::new(draft.asked_at),
            asked: RwSignal::new(draft.asked),
            category: RwSignal::new(draft.category),
            matter: RwSignal::new(draft.matter),
            customer: RwSignal::new(draft.customer),
            phone: RwSignal::new(draft.phone),
            address: RwSignal::new(draft.address),
            remark: RwSignal::new(draft.remark),
            answer: RwSignal::new(draft.answer),
            accepted: RwSignal::new(!draft.not_accepted),
            photos: RwSignal::new(draft.photos),
            busy: RwSignal::new(0),
        }
    }

    fn draft(self) -> Draft {
        Draft {
            begun: self.begun.get_untracked(),
            channel: Some(self.channel.get_untracked()),
            asked_at: self.asked_at.get_untracked(),
            asked: self.asked.get_untracked(),
            category: self.category.get_untracked(),
            matter: self.matter.get_untracked(),
            customer: self.customer.get_untracked(),
            phone: self.phone.get_untracked(),
            address: self.address.get_untracked(),
            remark: self.remark.get_untracked(),
            answer: self.answer.get_untracked(),
            not_accepted: !self.accepted.get_untracked(),
            photos: self.photos.get_untracked(),
        }
    }

    /// When the customer asked. What cannot be read as a time counts as when the draft was begun.
    fn asked_moment(self, rules: &Rules) -> Moment {
        let typed = NaiveDateTime::parse_from_str(&self.asked_at.get(), "%Y-%m-%dT%H:%M");
        typed.map_or(self.begun.get(), |it| rules.zone().moment(it))
    }

    fn content(self) -> Content {
        let said = |it: RwSignal<String>| Some(it.get()).filter(|it| !it.trim().is_empty());
        Content {
            matter: said(self.matter),
            customer: said(self.customer),
            phone: said(self.phone),
            address: said(self.address),
            text: None,
        }
    }
}

/// What is wrong with the form itself, before any rule is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FormError {
    NoCategory,
    WrongPhone,
    Send(SendError),
}

#[component]
pub fn RecordPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let query = use_query_map();
    let name = Memo::new(move |_| query.read().get_str("draft").map(ToOwned::to_owned));
    let title = Signal::derive(move || say!(words.get(), "record.title"));
    let drafts = LocalResource::new(move || {
        let me = desk.session().get().map(|it| it.person);
        let name = name.get();
        async move {
            let kept = match &me {
                Some(me) => desk.drafts(me).await.unwrap_or_default(),
                None => Vec::new(),
            };
            let asked_for = name.and_then(|name| kept.into_iter().find(|it| it.0 == name));
            asked_for.and_then(|(name, bytes)| Some((name, Draft::of_bytes(&bytes)?)))
        }
    });
    let author = Signal::derive(move || desk.session().get().map(|it| it.person));
    let navigate = use_navigate();
    let done = Callback::new(move |case: CaseId| {
        let options = NavigateOptions {
            replace: true,
            ..Default::default()
        };
        navigate(&format!("/case/{case}"), options);
    });
    let form = move || {
        drafts.get().map(|kept| {
            let (name, draft) = kept.unwrap_or_else(new_draft);
            let unsigned = desk
                .session()
                .with_untracked(|it| it.as_ref().is_some_and(|it| !it.signs));
            view! { <RecordForm name draft author unsigned locked=false done /> }
        })
    };
    view! {
        <Frame title task=true>
            <div class="page">{form}</div>
        </Frame>
    }
    .into_any()
}

/// The form for whoever is not signed in.
#[component]
pub fn UnsignedForm(author: PersonId, done: Callback<CaseId>) -> impl IntoView {
    let files = expect_context::<FileDesk>();
    on_cleanup(move || files.forget_unread());
    let (name, draft) = new_draft();
    let author = Signal::stored(Some(author));
    view! { <RecordForm name draft author unsigned=true locked=true done /> }
}

fn new_draft() -> (String, Draft) {
    let name = format!("{:016x}", browser::random_u64());
    (
        name,
        Draft {
            begun: browser::now(),
            ..Draft::default()
        },
    )
}

#[component]
fn RecordForm(
    name: String,
    draft: Draft,
    author: Signal<Option<PersonId>>,
    unsigned: bool,
    locked: bool,
    done: Callback<CaseId>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let form = Form::of(draft, author, unsigned, locked);
    let name = StoredValue::new(name);
    let error = RwSignal::new(None::<FormError>);
    let at_once = RwSignal::new(!form.answer.get_untracked().is_empty());
    let kept = RwSignal::new(false);
    let keep = Callback::new(move |()| {
        let Some(author) = author.get_untracked() else {
            return;
        };
        error.set(None);
        let bytes = minicbor::to_vec(form.draft()).expect("writing to a vector cannot fail");
        spawn_local(async move {
            match desk.keep_draft(&author, &name.get_value(), &bytes).await {
                Ok(()) => {
                    if kept.try_set(true).is_none() && !locked {
                        browser::replace_address(&format!("/record?draft={}", name.get_value()));
                    }
                }
                Err(fault) => desk.report(fault),
            }
        });
    });
    Effect::new(move |_| {
        if error.read().is_some() {
            browser::focus_first(".field[data-invalid] .input");
        }
    });
    let label = move |key: &'static str| {
        Signal::derive(move || rust_i18n::t!(key, locale = words.get().code()).into_owned())
    };
    let channels = Signal::derive(move || {
        Channel::ALL
            .map(|it| (it, act::channel(words.get(), it)))
            .to_vec()
    });
    let error_of = move |wanted: Field| {
        Signal::derive(move || match (error.get(), desk.rules().get()) {
            (Some(FormError::WrongPhone), _) if wanted == Field::CustomerPhone => {
                Some(say!(words.get(), "record.phone_wrong"))
            }
            (Some(FormError::NoCategory), _) if wanted == Field::Category => {
                Some(say!(words.get(), "record.category_missing"))
            }
            (Some(FormError::Send(SendError::Refused(it))), Some(rules))
                if refusal::concerns(&it) == Some(wanted) =>
            {
                Some(refusal::refusal(words.get(), &it, &rules))
            }
            _ => None,
        })
    };
    let other_error = move || match (error.get()?, desk.rules().get()) {
        (FormError::Send(it), rules) => {
            let shown_at_field =
                matches!(&it, SendError::Refused(it) if refusal::concerns(it).is_some());
            (!shown_at_field).then(|| send_error_words(words.get(), &it, rules.as_deref()))
        }
        (FormError::NoCategory | FormError::WrongPhone, _) => None,
    };
    let late_hint = Signal::derive(move || {
        let Some(rules) = desk.rules().get() else {
            return String::new();
        };
        let allowed = rules.pack.late_record_after;
        let is_late = desk.now().get() > form.asked_moment(&rules) + allowed;
        if is_late {
            say!(words.get(), "record.late_hint", n = allowed.0)
        } else {
            String::new()
        }
    });
    let clock = move || {
        let rules = desk.rules().get()?;
        Some(time::day_and_time(
            words.get(),
            form.asked_moment(&rules),
            desk.now().get(),
            rules.zone(),
        ))
    };
    let incomplete = move || missing_words(desk, form, at_once.get());
    let sensitive = Signal::derive(move || is_sensitive(desk, form));
    view! {
        <form class="form" data-columns="2" data-draft=name.get_value() on:submit=|ev| ev.prevent_default()>
            <Choice legend=label("record.channel") name="channel" options=channels chosen=form.channel changed=keep />
            <TextField id="address" label=label("record.address") hint=label("record.address_hint") value=form.address changed=keep />
            <TextField id="customer" label=label("record.customer") value=form.customer changed=keep />
            <TextField id="phone" kind=Input::Phone label=label("record.phone") value=form.phone
                error=error_of(Field::CustomerPhone) changed=keep />
            <CategorySelect form keep error=error_of(Field::Category) />
            <TextField id="matter" kind=Input::Long label=label("record.matter") value=form.matter error=error_of(Field::Matter) changed=keep />
            <PhotoPicker photos=form.photos busy=form.busy changed=keep />
            <Asked form keep />
            <TextField id="asked-at" kind=Input::DateTime label=label("record.asked_at") value=form.asked_at changed=keep
                hint=Signal::derive(move || clock().unwrap_or_default()) />
            <TextField id="remark" label=label("record.remark") hint=late_hint value=form.remark error=error_of(Field::Text) changed=keep />
            <div class="field" data-wide="" hidden=move || !at_once.get()>
                <TextField id="answer" kind=Input::Long label=label("record.answer") hint=label("record.answer_hint") value=form.answer changed=keep
                    guard=Some(Guard { sensitive, counted: true }) />
            </div>
            <label class="check-row" hidden=unsigned>
                <input class="check" type="checkbox" prop:checked=form.accepted
                    on:change:target=move |ev| { form.accepted.set(ev.target().checked()); keep.run(()); } />
                {label("record.explained")}
            </label>
        </form>
        <Personal />
        <div class="action-bar">
            <p class="why" role="status">{move || other_error().or_else(incomplete).or_else(|| {
                kept.get().then(|| say!(words.get(), "record.draft_kept"))
            })}</p>
            <Buttons form name error at_once done />
        </div>
    }
    .into_any()
}

/// What is kept of a customer, what for and how long, as the pack says it.
#[component]
fn Personal() -> impl IntoView {
    let desk = expect_context::<Desk>();
    move || {
        let (language, rules) = (desk.language().get(), desk.rules().get()?);
        let personal = rules.pack.personal.as_ref()?;
        let line = |it: &Kept| {
            let lasts = say!(language, "personal.kept", n = it.days);
            let purpose = format!("{} · {lasts}", language.of(&it.purpose));
            view! {
                <div class="fact">
                    <dt class="fact-name">{act::personal(language, it.field)}</dt>
                    <dd class="fact-value">{purpose}</dd>
                </div>
            }
        };
        let lines = personal.fields.iter().map(line).collect_view();
        let on_devices = say!(
            language,
            "personal.on_devices",
            n = personal.on_devices_days
        );
        Some(view! {
            <details class="case-part" data-testid="personal">
                <summary class="reckoning-summary">{say!(language, "personal.title")}<Icon name="chevron-down" /></summary>
                <dl class="facts">{lines}</dl>
                <p class="timeline-who">{on_devices}</p>
            </details>
        })
    }
}

#[component]
fn Buttons(
    form: Form,
    name: StoredValue<String>,
    error: RwSignal<Option<FormError>>,
    at_once: RwSignal<bool>,
    done: Callback<CaseId>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let files = expect_context::<FileDesk>();
    let send = Action::new_local(move |next: &Next| {
        let next = next.clone();
        async move {
            match record(desk, files, form, next).await {
                Ok(case) => {
                    // The draft has become the case; should the device die here, it comes up again as a draft.
                    if let Some(author) = form.author.get_untracked()
                        && let Err(fault) = desk.drop_draft(&author, &name.get_value()).await
                    {
                        desk.report(fault);
                    }
                    done.run(case);
                }
                Err(it) => error.set(Some(it)),
            }
        }
    });
    // A photo that is not small yet would be left behind.
    let waits = move || send.pending().get() || form.busy.get() != 0;
    let answer = move |_| {
        if !at_once.get_untracked() {
            at_once.set(true);
            return;
        }
        send.dispatch(Next::AnswerAtOnce {
            text: form.answer.get_untracked(),
        });
    };
    let proper = Memo::new(move |_| proper_department(desk, form).filter(|_| !form.unsigned));
    let keep = move |_| {
        send.dispatch(Next::Keep);
    };
    let hand_over = move |_| {
        if let Some(to) = proper.get_untracked() {
            let explained = if form.accepted.get_untracked() {
                Explained::Accepted
            } else {
                Explained::NotAccepted
            };
            send.dispatch(Next::HandOver {
                to,
                explained,
                text: String::new(),
            });
        }
    };
    let to = move || {
        let rules = desk.rules().get()?;
        let name = wording::department(words.get(), &rules.directory, &proper.get()?);
        Some(say!(words.get(), "record.hand_over", to = name))
    };
    let kind = move || {
        if proper.get().is_some() {
            "secondary"
        } else {
            "primary"
        }
    };
    view! {
        <button class="button" data-kind=move || if at_once.get() { "primary" } else { "secondary" } type="button"
            data-next="answer" disabled=waits hidden=form.unsigned on:click=answer>
            {move || say!(words.get(), "record.at_once")}
        </button>
        <button class="button" data-kind=kind type="button" data-next="keep" disabled=waits
            hidden=move || at_once.get() on:click=keep>
            {move || if form.unsigned { say!(words.get(), "unsigned.keep") } else { say!(words.get(), "record.keep") }}
        </button>
        <button class="button" data-kind="primary" type="button" data-next="hand-over" disabled=waits
            hidden=move || at_once.get() || proper.get().is_none() on:click=hand_over>{to}</button>
    }
}

async fn record(desk: Desk, files: FileDesk, form: Form, next: Next) -> Result<CaseId, FormError> {
    let rules = desk
        .rules()
        .get_untracked()
        .ok_or(FormError::Send(SendError::NotSignedIn))?;
    let author = form
        .author
        .get_untracked()
        .ok_or(FormError::Send(SendError::NotSignedIn))?;
    let category = form
        .category
        .get_untracked()
        .parse()
        .map_err(|_| FormError::NoCategory)?;
    let phone = form.phone.get_untracked();
    let phone = match phone.trim() {
        "" => String::new(),
        typed => wording::phone(typed).ok_or(FormError::WrongPhone)?,
    };
    let others = form.asked.get_untracked();
    let asked = std::iter::once(author.clone()).chain(others).collect();
    let mut filled = RecordForm {
        number: String::new(),
        channel: form.channel.get_untracked(),
        asked_at: untrack(|| form.asked_moment(&rules)),
        asked,
        category,
        matter: form.matter.get_untracked(),
        customer: form.customer.get_untracked(),
        phone,
        address: form.address.get_untracked(),
        remark: form.remark.get_untracked(),
        next,
        more: Circumstances {
            photos: form.photos.get_untracked(),
            ..Circumstances::default()
        },
    };
    // The words are saved whatever becomes of the photos.
    filled.more.photos = match files.owe(filled.more.photos).await {
        Ok(photos) => photos,
        Err(fault) => {
            desk.report(fault);
            Vec::new()
        }
    };
    let recorded = if form.locked {
        desk.record_unsigned(&author, filled).await
    } else {
        desk.send(None, Command::Record(Box::new(filled))).await
    };
    let case = recorded.map_err(FormError::Send)?;
    files.sent().await;
    Ok(case)
}

/// The department whose matter it is, where that is not one's own.
fn proper_department(desk: Desk, form: Form) -> Option<DepartmentId> {
    let (rules, author) = (desk.rules().get()?, form.author.get()?);
    let mine = &rules.directory.person(&author)?.department;
    let category = rules.pack.category(&form.category.get().parse().ok()?)?;
    category.department.clone().filter(|it| it != mine)
}

/// A matter of money or law (I15).
fn is_sensitive(desk: Desk, form: Form) -> bool {
    let (rules, category) = (desk.rules().get(), form.category.get().parse().ok());
    let found = rules
        .zip(category)
        .and_then(|(rules, id)| rules.pack.category(&id).map(|it| it.sensitive));
    found.unwrap_or(false)
}

/// What is still missing, if the form were filed now (I1).
fn missing_words(desk: Desk, form: Form, at_once: bool) -> Option<String> {
    let rules = desk.rules().get()?;
    let required = &rules.pack.required_fields;
    let required = if at_once {
        &required.answered_at_once
    } else {
        &required.otherwise
    };
    let content = form.content();
    let missing: Vec<Field> = required
        .iter()
        .copied()
        .filter(|it| shouwen_domain::decide::is_missing(&content, *it))
        .collect();
    if missing.is_empty() || content == Content::default() {
        return None;
    }
    let words = desk.language().get();
    Some(say!(
        words,
        "record.incomplete",
        fields = refusal::fields(words, &missing)
    ))
}

#[component]
fn CategorySelect(form: Form, keep: Callback<()>, error: Signal<Option<String>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let options = move || {
        let language = words.get();
        let rules = desk.rules().get();
        let categories = rules.iter().flat_map(|it| it.pack.categories.clone());
        categories
            .map(|it| {
                let word = format!(
                    "{} · {}",
                    act::kind(language, it.kind),
                    language.of(&it.name)
                );
                let id = it.id.to_string();
                let chosen = id == form.category.get_untracked();
                view! { <option value=id selected=chosen>{word}</option> }
            })
            .collect_view()
    };
    let choose = move |id: String| {
        form.category.set(id);
        keep.run(());
    };
    view! {
        <div class="field" data-invalid=move || error.get().map(|_| "")>
            <label class="field-label" for="category">{move || say!(words.get(), "record.category")}</label>
            <select class="input" id="category" on:change:target=move |ev| choose(ev.target().value())>
                <option value="">{move || say!(words.get(), "record.category_choose")}</option>
                {options}
            </select>
            <p class="field-error" role="alert" hidden=move || error.read().is_none()>{error}</p>
        </div>
    }
}

/// F2: who else was asked together.
#[component]
fn Asked(form: Form, keep: Callback<()>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let others = move || {
        let me = form.author.get();
        let rules = desk.rules().get();
        let people = rules
            .iter()
            .flat_map(|it| it.directory.people.values().cloned().collect::<Vec<_>>());
        let rest =
            people.filter(|it| Some(&it.id) != me.as_ref() && !form.asked.read().contains(&it.id));
        let language = words.get();
        rest.map(|it| {
            let word = format!("{} · {}", it.name, language.of(&it.position));
            view! { <option value=it.id.to_string()>{word}</option> }
        })
        .collect_view()
    };
    let add = move |id: String| {
        if let Ok(id) = id.parse() {
            form.asked.update(|it| it.push(id));
            keep.run(());
        }
    };
    let named = move || {
        let rules = desk.rules().get();
        let chosen = form.asked.get();
        chosen
            .into_iter()
            .map(|id| {
                let name = rules.as_ref().map(|it| wording::person(&it.directory, &id)).unwrap_or_default();
                let remove = move |_| {
                    form.asked.update(|it| it.retain(|other| *other != id));
                    keep.run(());
                };
                view! {
                    <button class="chip" type="button" aria-pressed="true" on:click=remove
                        aria-label=move || format!("{} {name}", say!(words.get(), "record.remove"))>{name.clone()}" ×"</button>
                }
            })
            .collect_view()
    };
    view! {
        <div class="field">
            <label class="field-label" for="asked">{move || say!(words.get(), "record.asked")}</label>
            <p class="field-hint">{move || say!(words.get(), "record.asked_hint")}</p>
            <div class="chips" hidden=move || form.asked.read().is_empty()>{named}</div>
            <select class="input" id="asked" on:change:target=move |ev| { add(ev.target().value()); ev.target().set_value(""); }>
                <option value="">{move || say!(words.get(), "record.add_person")}</option>
                {others}
            </select>
        </div>
    }
    .into_any()
}

/// Forms begun and not filed, for the work list.
#[component]
pub fn DraftRows() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let files = expect_context::<FileDesk>();
    let words = desk.language();
    let dropped = RwSignal::new(0_u32);
    let drafts = LocalResource::new(move || {
        let me = desk.session().get().map(|it| it.person);
        desk.toasts().track();
        dropped.track();
        async move {
            let Some(me) = me else { return Vec::new() };
            let kept = desk.drafts(&me).await.unwrap_or_default();
            let forms = kept.into_iter().filter(|it| !it.0.starts_with("act-"));
            forms
                .filter_map(|(name, bytes)| Some((name, Draft::of_bytes(&bytes)?)))
                .collect::<Vec<_>>()
        }
    });
    let discard = move |name: String, photos: Vec<Hash>| {
        let Some(session) = desk.session().get_untracked() else {
            return;
        };
        spawn_local(async move {
            let mut done = desk.drop_draft(&session.person, &name).await;
            for it in photos {
                done = done.and(files.discard(it).await);
            }
            if let Err(fault) = done {
                desk.report(fault);
            }
            dropped.update(|it| *it += 1);
        });
    };
    let row = move |(name, draft): (String, Draft)| {
        let begun = draft_time(desk, words.get(), &draft);
        let photos: Vec<Hash> = draft.photos.iter().map(|it| it.photo).collect();
        let said = Particulars {
            matter: draft.matter,
            customer: draft.customer,
            phone: draft.phone,
            address: draft.address,
        };
        let said = said.masked();
        let what = [said.matter, said.address]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(" · ");
        let href = format!("/record?draft={name}");
        view! {
            <li class="work-group-item">
                <a class="case-row" data-urgency="waiting" href=href>
                    <span class="case-row-left">{begun}</span>
                    <span class="case-row-what">{what}</span>
                </a>
                <button class="button" data-kind="quiet" type="button" on:click=move |_| discard(name.clone(), photos.clone())>
                    {move || say!(words.get(), "record.discard")}
                </button>
            </li>
        }
    };
    move || {
        let drafts = drafts.get().filter(|it| !it.is_empty())?;
        let n = drafts.len();
        Some(view! {
            <section class="work-group" data-urgency="waiting" data-testid="drafts">
                <h2 class="work-group-title">{say!(words.get(), "group.drafts")}" "<span class="work-group-count">{n}</span></h2>
                <ul class="work-group-rows">{drafts.into_iter().map(row).collect_view()}</ul>
            </section>
        })
    }
}

fn draft_time(desk: Desk, language: Language, draft: &Draft) -> String {
    let time = desk
        .rules()
        .get()
        .map(|rules| time::day_and_time(language, draft.begun, desk.now().get(), rules.zone()));
    say!(language, "work.draft", time = time.unwrap_or_default())
}
