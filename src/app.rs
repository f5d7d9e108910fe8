//! Wires the edge, provides the desk, routes.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::hooks::use_navigate;
use leptos_router::path;
use shouwen_store::Fault;

use crate::browser;
use crate::components::frame::Toast;
use crate::desk::{Desk, FileDesk};
use crate::files_pump;
use crate::pages::case::CasePage;
use crate::pages::fault::FaultPage;
use crate::pages::more::MorePage;
use crate::pages::record::RecordPage;
use crate::pages::revoked::RevokedPage;
use crate::pages::search::SearchPage;
use crate::pages::sign_in::SignInPage;
use crate::pages::work::{NothingChosen, WorkPage};
use crate::sync_pump::{self, Wake};

/// Starts the app in the page.
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        browser::show_fault(&info.to_string());
    }));
    browser::preferences::show_language(browser::preferences::language());
    mount_to_body(App);
    for boot in browser::document()
        .query_selector(".boot")
        .into_iter()
        .flatten()
    {
        boot.remove();
    }
}

/// How far opening has come.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one, and it is opened once"
)]
#[derive(Clone)]
enum Opening {
    Waiting,
    Ready(Desk, FileDesk),
    Failed(Fault),
}

#[component]
fn App() -> impl IntoView {
    let owner = Owner::current().expect("a component has an owner");
    let opening = RwSignal::new_local(Opening::Waiting);
    spawn_local(async move {
        let (wake, heard) = sync_pump::channel();
        let sent = wake.clone();
        let wake_pump = move |what: Wake| {
            // The pump ends with the page; nobody is left to hear.
            let _ = sent.unbounded_send(what);
        };
        match Desk::open(&owner, wake_pump).await {
            Ok(desk) => {
                let (wake_files, files_heard) = files_pump::channel();
                let files = owner.with(|| {
                    FileDesk::new(desk, move |what| {
                        let _ = wake_files.unbounded_send(what);
                    })
                });
                opening.set(Opening::Ready(desk, files));
                browser::drawn().await;
                // A browser compiles a function when it is first called, and nobody waits for this one.
                let begin: Box<dyn FnOnce()> = Box::new(move || {
                    sync_pump::start(desk, wake, heard);
                    files_pump::start(desk, files, files_heard);
                    browser::worker::register(move || {
                        desk.say_update_ready();
                        desk.share_keys();
                    });
                    fetch_texts_in_contact(desk);
                    #[cfg(feature = "bench")]
                    crate::bench::offer(desk);
                });
                owner.with(begin);
                browser::keep_storage().await;
            }
            Err(fault) => opening.set(Opening::Failed(fault)),
        }
    });
    move || match opening.get() {
        Opening::Waiting => ().into_any(),
        Opening::Ready(desk, files) => view! { <Site desk files /> }.into_any(),
        Opening::Failed(fault) => view! { <FaultPage fault /> }.into_any(),
    }
}

/// News of the site's texts, at each contact with head office.
fn fetch_texts_in_contact(desk: Desk) {
    Effect::new(move |_| {
        if desk.token().read().is_some() && desk.lacks_texts() {
            spawn_local(async move {
                if let Err(error) = desk.fetch_texts().await {
                    desk.report_texts(error);
                }
            });
        }
    });
}

#[component]
fn Site(desk: Desk, files: FileDesk) -> impl IntoView {
    provide_context(desk);
    provide_context(files);
    let is_signed_in =
        Memo::new(move |_| desk.session().read().is_some() && desk.rules().read().is_some());
    move || {
        if desk.is_revoked().get() {
            view! { <RevokedPage /> }.into_any()
        } else if is_signed_in.get() {
            view! { <SignedIn /> }.into_any()
        } else {
            view! { <SignInPage /> }.into_any()
        }
    }
}

/// An address of nothing leads to the work list, once this is drawn: the router cannot be told while it draws.
#[component]
fn Elsewhere() -> impl IntoView {
    let navigate = use_navigate();
    Effect::new(move |_| {
        let options = NavigateOptions {
            replace: true,
            ..NavigateOptions::default()
        };
        navigate("/", options);
    });
}

#[component]
fn SignedIn() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=|| view! { <Elsewhere /> }>
                <ParentRoute path=path!("") view=WorkPage>
                    <Route path=path!("") view=NothingChosen />
                    <Route path=path!("case/:id") view=CasePage />
                </ParentRoute>
                <Route path=path!("record") view=RecordPage />
                <Route path=path!("search") view=SearchPage />
                <Route path=path!("more") view=MorePage />
            </Routes>
            <Toast />
        </Router>
    }
    .into_any()
}
