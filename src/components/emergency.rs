//! I14: whom to ring first, from every screen, signed in or not; the form comes after.

use leptos::prelude::*;

use super::icon::Icon;
use crate::desk::Desk;
use crate::say;

#[component]
pub fn Emergency(
    /// Below is a form already, to which one comes back.
    #[prop(optional)]
    recording: bool,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    let calls = move || {
        let language = words.get();
        let rules = desk.rules().get();
        let departments = rules.iter().flat_map(|it| it.directory.departments.clone());
        departments
            .map(|it| {
                let place = language.of(&it.place).to_owned();
                let name = language.of(&it.name).to_owned();
                let call = format!("tel:{}", it.phone.replace(' ', ""));
                view! {
                    <li class="call-row">
                        <span class="call-name">{name}</span>
                        <span class="call-role">{place}</span>
                        <a class="button" data-kind="danger" href=call><Icon name="phone" />{it.phone}</a>
                    </li>
                }
            })
            .collect_view()
    };
    let word = move || say!(words.get(), "emergency.record");
    let record = if recording {
        view! { <button class="button" data-kind="secondary" type="button" on:click=move |_| close()>{word}</button> }.into_any()
    } else {
        view! { <a class="button" data-kind="secondary" href="/record" on:click=move |_| close()>{word}</a> }.into_any()
    };
    view! {
        <button class="emergency" type="button" on:click=open>
            <Icon name="siren" />{move || say!(words.get(), "emergency.word")}
        </button>
        <dialog class="sheet" node_ref=dialog aria-labelledby="emergency-title">
            <header class="sheet-head">
                <h2 class="sheet-title" id="emergency-title">{move || say!(words.get(), "emergency.title")}</h2>
                <button class="sheet-close" type="button" on:click=move |_| close()
                    aria-label=move || say!(words.get(), "emergency.close")><Icon name="x" /></button>
            </header>
            <div class="sheet-body">
                <p>{move || say!(words.get(), "emergency.text")}</p>
                <ol class="call-list">{calls}</ol>
            </div>
            <div class="action-bar">
                {record}
            </div>
        </dialog>
    }
    .into_any()
}
