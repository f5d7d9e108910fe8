//! What became of one's acts, how the device stands, how the app looks, whom to ring.

use leptos::prelude::*;
use shouwen_domain::envelope::Fate;
use shouwen_store::{Fault, OwnFate};
use web_sys::{Event, File, HtmlInputElement};

use crate::browser;
use crate::browser::preferences::{self, Theme};
use crate::components::frame::Frame;
use crate::components::icon::Icon;
use crate::components::join_form::JoinAgain;
use crate::components::pin_reset::PinReset;
use crate::desk::{Desk, RescueError, SendError};
use crate::pages::fault::{fault_words, send_error_words};
use crate::say;
use crate::wording::{Language, act, time};

/// Acts listed, and besides them every one that needs a person.
const N_FATES: usize = 30;
/// As many as a log remembers: records of reading stand between them.
const N_FATES_READ: usize = 100;

#[component]
pub fn MorePage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let title = Signal::derive(move || say!(words.get(), "more.title"));
    view! {
        <Frame title>
            <div class="page">
                <JoinAgain />
                <Fates />
                <Unsent />
                <PinReset />
                <Display />
                <Device />
            </div>
        </Frame>
    }
    .into_any()
}

#[component]
fn Fates() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let said = RwSignal::new(0_u32);
    let fates = LocalResource::new(move || {
        desk.standing().track();
        said.track();
        with_what_was_said(desk)
    });
    let failed = RwSignal::new(None::<String>);
    let line = move |(it, is_settled): (OwnFate, bool)| {
        let rules = desk.rules().get()?;
        let at = time::day_and_time(words.get(), it.at, desk.now().get(), rules.zone());
        let summary = desk
            .board()
            .read()
            .get(it.case)
            .map(crate::components::case_row::what);
        let what = if it.case.is_of_looks() {
            say!(words.get(), "event.looked").into_any()
        } else {
            let summary = summary.unwrap_or_else(|| it.sequence.to_string());
            view! { <a href=format!("/case/{}", it.case)>{summary}</a> }.into_any()
        };
        let reason = act::fate_reason(words.get(), it.fate)
            .map(|it| view! { <p class="timeline-who">{it}</p> });
        Some(view! {
            <li class="timeline-item" data-fate=act::fate_slug(it.fate)>
                <time class="timeline-at">{at}</time>
                <div class="timeline-body">
                    <p class="timeline-what">{what}</p>
                    {reason}
                    {amend(desk, it, is_settled, failed, said)}
                </div>
                <span class="timeline-fate">{act::fate(words.get(), it.fate)}</span>
            </li>
        })
    };
    move || {
        let fates = fates.get()?.ok().filter(|it| !it.is_empty())?;
        let lines = fates.into_iter().map(line).collect_view();
        Some(view! {
            <section class="case-part">
                <h2 class="case-part-title">{say!(words.get(), "sync.what_became")}</h2>
                <p role="alert">{move || failed.get()}</p>
                <ol class="timeline">{lines}</ol>
            </section>
        })
    }
}

/// Own acts, and of each whether somebody has said what is to become of it.
async fn with_what_was_said(desk: Desk) -> Result<Vec<(OwnFate, bool)>, Fault> {
    let mut lines = Vec::new();
    // What somebody looked at is none of their acts.
    let is_act = |it: &OwnFate| !it.case.is_of_looks() || it.needs_a_person();
    let fates = desk.fates(N_FATES_READ).await?.into_iter().filter(is_act);
    for (n, it) in fates.enumerate() {
        if n >= N_FATES && !it.needs_a_person() {
            continue;
        }
        lines.push((it, desk.is_settled(it).await?));
    }
    Ok(lines)
}

/// What a person can do about an act that was held or refused.
fn amend(
    desk: Desk,
    it: OwnFate,
    is_settled: bool,
    failed: RwSignal<Option<String>>,
    said: RwSignal<u32>,
) -> Option<AnyView> {
    let words = desk.language();
    let is_over = match it.fate? {
        Fate::Accepted => return None,
        Fate::Held(_) if is_settled => {
            return Some(
                view! { <p class="timeline-who">{say!(words.get(), "sync.asked_back")}</p> }
                    .into_any(),
            );
        }
        Fate::Refused(_) if is_settled => return None,
        Fate::Held(_) => false,
        Fate::Refused(_) => true,
    };
    let done = move |result: Result<(), SendError>| {
        let rules = desk.rules().get_untracked();
        let words = words.get_untracked();
        said.update(|it| *it += 1);
        failed.set(
            result
                .err()
                .map(|it| send_error_words(words, &it, rules.as_deref())),
        );
    };
    let take_back = Action::new_local(move |(): &()| async move { done(desk.take_back(it).await) });
    let do_again = Action::new_local(move |(): &()| async move { done(desk.do_again(it).await) });
    let again = (is_over && !it.case.is_of_looks()).then(|| {
        view! {
            <button class="button" type="button" disabled=do_again.pending() on:click=move |_| { do_again.dispatch(()); }>
                {say!(words.get(), "sync.do_again")}
            </button>
        }
    });
    Some(
        view! {
            <div class="chips">
                {again}
                <button class="button" data-kind="quiet" type="button" disabled=take_back.pending() on:click=move |_| { take_back.dispatch(()); }>
                    {say!(words.get(), "sync.take_back")}
                </button>
            </div>
        }
        .into_any(),
    )
}

/// The way out for work that has not reached head office, and in for what somebody brings.
#[component]
fn Unsent() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let said = RwSignal::new(None::<String>);
    let save = Action::new_local(move |(): &()| async move {
        let result = desk.save_unsent().await;
        let words = words.get_untracked();
        said.set(Some(match result {
            Ok(n) => say!(words, "rescue.saved", n = n),
            Err(error) => rescue_words(words, &error),
        }));
    });
    let bring = Action::new_local(move |file: &File| {
        let file = file.clone();
        async move {
            let result = match browser::file::read(&file).await {
                Ok(bytes) => desk.bring(&bytes).await,
                Err(_) => Err(RescueError::NotForUs),
            };
            let words = words.get_untracked();
            said.set(Some(match result {
                Ok(it) => say!(words, "rescue.brought", n = it.n, accepted = it.n_accepted),
                Err(error) => rescue_words(words, &error),
            }));
        }
    });
    let chosen = move |event: leptos::ev::Targeted<Event, HtmlInputElement>| {
        let input = event.target();
        if let Some(file) = input.files().and_then(|it| it.get(0)) {
            bring.dispatch_local(file);
        }
        // The same file may be chosen again.
        input.set_value("");
    };
    let owed = move || match desk.standing().get().n_owed {
        0 => say!(words.get(), "rescue.none_owed"),
        n => say!(words.get(), "rescue.n_owed", n = n),
    };
    let has_owed = move || desk.standing().get().n_owed > 0;
    view! {
        <section class="case-part" data-testid="rescue">
            <h2 class="case-part-title">{move || say!(words.get(), "rescue.title")}</h2>
            <p>{owed}</p>
            <p class="timeline-who">{move || say!(words.get(), "rescue.why")}</p>
            <div class="chips">
                <Show when=has_owed>
                    <button class="button" type="button" disabled=save.pending() on:click=move |_| { save.dispatch_local(()); }>
                        {move || say!(words.get(), "rescue.save")}
                    </button>
                </Show>
                <label class="button" data-kind="quiet">
                    {move || say!(words.get(), "rescue.bring")}
                    <input class="visually-hidden" type="file" accept=".rescue" disabled=bring.pending() on:change:target=chosen />
                </label>
            </div>
            <p role="status">{move || said.get()}</p>
        </section>
    }
    .into_any()
}

fn rescue_words(language: Language, error: &RescueError) -> String {
    match error {
        RescueError::NothingUnsent => say!(language, "rescue.nothing"),
        RescueError::NotEnrolled => say!(language, "rescue.not_enrolled"),
        RescueError::Browser => say!(language, "rescue.browser"),
        RescueError::NotForUs => say!(language, "rescue.not_for_us"),
        RescueError::NoNetwork => say!(language, "rescue.no_network"),
        RescueError::Fault(fault) => fault_words(language, fault),
    }
}

#[component]
fn Display() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let theme = RwSignal::new(preferences::theme());
    let large = RwSignal::new(preferences::is_text_large());
    let choose = move |it: Theme| {
        preferences::set_theme(it);
        theme.set(it);
    };
    let resize = move |it: bool| {
        preferences::set_text_large(it);
        large.set(it);
    };
    let chip = move |it: Theme, word: fn(Language) -> String| {
        view! {
            <button class="chip" type="button" aria-pressed=move || (theme.get() == it).to_string() on:click=move |_| choose(it)>
                {move || word(words.get())}
            </button>
        }
    };
    view! {
        <section class="case-part">
            <h2 class="case-part-title">{move || say!(words.get(), "more.display")}</h2>
            <div class="chips">
                {chip(Theme::System, |it| say!(it, "menu.theme_auto"))}
                {chip(Theme::Light, |it| say!(it, "menu.theme_light"))}
                {chip(Theme::Dark, |it| say!(it, "menu.theme_dark"))}
            </div>
            <div class="chips">
                <button class="chip" type="button" aria-pressed=move || (!large.get()).to_string() on:click=move |_| resize(false)>
                    {move || say!(words.get(), "menu.text_normal")}
                </button>
                <button class="chip" type="button" aria-pressed=move || large.get().to_string() on:click=move |_| resize(true)>
                    {move || say!(words.get(), "menu.text_large")}
                </button>
                <button class="chip" type="button" aria-pressed="false" on:click=move |_| desk.set_language(words.get().other())>
                    <Icon name="languages" />{move || say!(words.get(), "menu.language")}
                </button>
            </div>
        </section>
    }
}

#[component]
fn Device() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let kept = LocalResource::new(browser::storage_is_kept);
    let label = move |key: &'static str| {
        move || rust_i18n::t!(key, locale = words.get().code()).into_owned()
    };
    let fact = move |name: &'static str, value: AnyView| {
        view! { <div class="fact"><dt class="fact-name">{label(name)}</dt><dd class="fact-value">{value}</dd></div> }
    };
    let site = move || {
        desk.rules()
            .get()
            .map(|it| words.get().of(&it.directory.name).to_owned())
    };
    let pack = move || {
        let rules = desk.rules().get()?;
        let version = say!(words.get(), "more.version", version = rules.pack.version);
        Some(format!("{} · {version}", words.get().of(&rules.pack.name)))
    };
    let device = move || desk.code();
    let stored = move || {
        let standing = desk.standing().get();
        say!(
            words.get(),
            "more.stored",
            n = standing.n_cases,
            open = standing.n_open
        )
    };
    let storage = move || {
        kept.get().map(|it| {
            if it {
                say!(words.get(), "more.persisted")
            } else {
                say!(words.get(), "more.not_persisted")
            }
        })
    };
    let departments = move || {
        let language = words.get();
        let rules = desk.rules().get();
        let all = rules.iter().flat_map(|it| it.directory.departments.clone());
        all.map(|it| {
            let call = format!("tel:{}", it.phone.replace(' ', ""));
            view! {
                <li class="call-row">
                    <span class="call-name">{language.of(&it.name).to_owned()}</span>
                    <span class="call-role">{language.of(&it.place).to_owned()}</span>
                    <a class="button" data-kind="quiet" href=call><Icon name="phone" />{it.phone}</a>
                </li>
            }
        })
        .collect_view()
    };
    view! {
        <section class="case-part">
            <h2 class="case-part-title">{label("more.people")}</h2>
            <ol class="call-list">{departments}</ol>
        </section>
        <section class="case-part">
            <h2 class="case-part-title">{label("more.storage")}</h2>
            <dl class="facts">
                {fact("more.site", site.into_any())}
                {fact("more.pack", pack.into_any())}
                {fact("more.device", device.into_any())}
                {fact("more.storage", view! { {stored}" · "{storage} }.into_any())}
            </dl>
        </section>
    }
    .into_any()
}
