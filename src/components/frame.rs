//! What is around every page: title, sync line, emergency, person, tabs; and the word that all is saved.

use gloo::timers::callback::Timeout;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;
use shouwen_sync::client::{Progress, Status};

use super::emergency::Emergency;
use super::icon::Icon;
use super::pin_reset::PinNotice;
use crate::browser;
use crate::desk::{Desk, FileDesk};
use crate::say;
use crate::wording::{self, time};

/// How long "saved" stays.
const TOAST_MS: u32 = 2_500;

#[component]
pub fn Frame(
    #[prop(into)] title: Signal<String>,
    /// On a phone the page is a task with the bottom edge for its own action, and a way back.
    #[prop(into, optional)]
    task: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    view! {
        <div class="app" data-focus=move || task.get().then_some("task")>
            <a class="skip-link" href="#main">{move || say!(words.get(), "app.skip")}</a>
            <header class="app-bar">
                {move || task.get().then(|| view! { <Back /> })}
                <h1 class="app-bar-title">{title}</h1>
                <SyncLine />
                <Emergency />
                <PersonMenu />
            </header>
            <main class="app-main" id="main">
                <Notices />
                {children()}
            </main>
            <TabBar />
        </div>
    }
}

#[component]
fn Back() -> impl IntoView {
    let words = expect_context::<Desk>().language();
    view! {
        <a class="app-bar-back" href="/">
            <Icon name="chevron-left" />
            <span class="visually-hidden">{move || say!(words.get(), "case.back")}</span>
        </a>
    }
}

/// How things stand with head office, in a few words.
#[component]
fn SyncLine() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let files = expect_context::<FileDesk>();
    let state = Memo::new(move |_| {
        let n_owed = n_acts_owed(desk);
        if desk.fault().read().is_some() {
            return "fault";
        }
        match desk.sync().get().status {
            Status::Offline => "offline",
            Status::Idle { .. } | Status::Sending | Status::Receiving if n_owed == 0 => "synced",
            Status::Loading(_) if n_owed == 0 => "loading",
            Status::Idle { .. }
            | Status::Sending
            | Status::Receiving
            | Status::Loading(_)
            | Status::Waiting { .. }
            | Status::SignedOut => "waiting",
        }
    });
    view! {
        <p class="sync-line" role="status" data-sync=state data-owed=move || desk.standing().read().n_owed.to_string()
            data-owed-photos=move || files.totals().read().n_owed.to_string()>
            <a class="sync-line-link" href="/more"><span class="sync-line-mark"></span>{move || sync_words(desk, files)}</a>
        </p>
    }
}

/// Whatever somebody looked at goes along and is not counted.
fn n_acts_owed(desk: Desk) -> u64 {
    let standing = desk.standing().get();
    standing.n_owed - standing.n_looks_owed
}

fn sync_words(desk: Desk, files: FileDesk) -> String {
    let language = desk.language().get();
    let n_photos = files.totals().read().n_owed;
    let n = n_acts_owed(desk);
    if desk.fault().read().is_some() {
        return say!(language, "sync.fault");
    }
    let sync = desk.sync().get();
    if n == 0 && n_photos > 0 && !matches!(sync.status, Status::SignedOut) {
        return say!(language, "sync.photos", n = n_photos);
    }
    let synced = || match (sync.heard_at, desk.rules().get()) {
        (Some(at), Some(rules)) => {
            say!(
                language,
                "sync.synced",
                time = time::clock(rules.zone().local(at))
            )
        }
        _ => say!(language, "sync.never"),
    };
    match sync.status {
        Status::Offline if n == 0 => say!(language, "sync.offline"),
        Status::Offline => {
            format!(
                "{} · {}",
                say!(language, "sync.waiting", n = n),
                say!(language, "sync.offline")
            )
        }
        Status::SignedOut => say!(language, "sync.signed_out"),
        Status::Sending if n > 0 => say!(language, "sync.sending", n = n),
        Status::Receiving if n == 0 => say!(language, "sync.receiving"),
        Status::Waiting { .. } if n > 0 => say!(language, "sync.retry", n = n),
        Status::Idle { .. } | Status::Receiving | Status::Loading(_) | Status::Waiting { .. }
            if n > 0 =>
        {
            say!(language, "sync.waiting", n = n)
        }
        Status::Loading(Progress::Open { n_left: None }) => say!(language, "sync.receiving"),
        Status::Loading(Progress::Open { n_left: Some(n) }) => {
            say!(language, "sync.loading_open", n = n)
        }
        Status::Loading(Progress::History { percent }) => {
            say!(language, "sync.loading_history", percent = percent)
        }
        Status::Waiting { .. } => say!(language, "sync.offline"),
        Status::Idle { .. } | Status::Sending | Status::Receiving => synced(),
    }
}

#[component]
fn PersonMenu() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let name = move || {
        let (session, rules) = (desk.session().get(), desk.rules().get());
        session
            .zip(rules)
            .map(|(session, rules)| wording::person(&rules.directory, &session.person))
    };
    let switch = move |_| {
        spawn_local(async move {
            if let Err(fault) = desk.sign_out().await {
                desk.report(fault);
            }
        });
    };
    view! {
        <details class="menu">
            <summary class="menu-button" data-testid="person">{name}<Icon name="chevron-down" /></summary>
            <div class="menu-list">
                <button class="menu-item" type="button" on:click=switch>
                    <Icon name="user" />{move || say!(words.get(), "menu.switch")}
                </button>
                <button class="menu-item" type="button" on:click=move |_| desk.set_language(words.get().other())>
                    <Icon name="languages" />{move || say!(words.get(), "menu.language")}
                </button>
            </div>
        </details>
    }
}

/// What must not be missed: a fault of the store, an update that waits.
#[component]
fn Notices() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let fault = move || {
        desk.fault().get().map(|it| {
            let text = crate::pages::fault::fault_words(words.get(), &it);
            view! { <div class="banner" data-kind="fault" role="alert"><Icon name="alert" /><p class="banner-text">{text}</p></div> }
        })
    };
    let is_switching = RwSignal::new(false);
    let switch = move |_| {
        is_switching.set(true);
        browser::worker::take_over();
    };
    let said = move || {
        if is_switching.get() {
            say!(words.get(), "update.switching")
        } else {
            say!(words.get(), "update.ready")
        }
    };
    let update = move || {
        desk.update_ready().get().then(|| {
            view! {
                <div class="banner" data-kind="info">
                    <Icon name="info" />
                    <p class="banner-text" role="status">{said}</p>
                    <Show when=move || !is_switching.get()>
                        <button class="button" data-kind="quiet" on:click=switch>
                            {say!(words.get(), "update.now")}
                        </button>
                    </Show>
                </div>
            }
        })
    };
    view! { {fault} {update} <PinNotice /> }
}

#[component]
fn TabBar() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let path = use_location().pathname;
    let current = move |here: &'static str| {
        let path = path.read();
        let is_here = if here == "/" {
            *path == "/" || path.starts_with("/case")
        } else {
            path.starts_with(here)
        };
        is_here.then_some("page")
    };
    view! {
        <nav class="tab-bar">
            <a class="tab" href="/" aria-current=move || current("/")>
                <Icon name="list" /><span class="tab-word">{move || say!(words.get(), "tab.work")}</span>
            </a>
            <a class="tab" href="/record" aria-current=move || current("/record")>
                <Icon name="record" /><span class="tab-word">{move || say!(words.get(), "tab.record")}</span>
            </a>
            <a class="tab" href="/search" aria-current=move || current("/search")>
                <Icon name="search" /><span class="tab-word">{move || say!(words.get(), "tab.search")}</span>
            </a>
            <a class="tab" href="/more" aria-current=move || current("/more")>
                <Icon name="more" /><span class="tab-word">{move || say!(words.get(), "tab.more")}</span>
            </a>
        </nav>
    }
}

/// "Saved", for a moment, after it is on disk. Stands outside the pages, so that going on to the next one leaves it.
#[component]
pub fn Toast() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let shown = RwSignal::new(false);
    Effect::new(move |before: Option<u32>| {
        let n = desk.toasts().get();
        if before.is_some_and(|it| it != n) {
            shown.set(true);
            Timeout::new(TOAST_MS, move || {
                if desk.toasts().get_untracked() == n {
                    shown.try_set(false);
                }
            })
            .forget();
        }
        n
    });
    view! {
        <div class="toast-area" role="status">
            {move || shown.get().then(|| view! { <p class="toast"><Icon name="check" />{say!(words.get(), "toast.saved")}</p> })}
        </div>
    }
}
