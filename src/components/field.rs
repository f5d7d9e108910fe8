//! A labelled field that reports every key.

use leptos::prelude::*;

use super::phrases::{Guard, Phrases};

/// What sort of text a field takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Input {
    #[default]
    Line,
    Phone,
    /// Several lines.
    Long,
    DateTime,
}

/// Label, hint, control and error of one text.
#[component]
pub fn TextField(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(into, optional)] hint: Signal<String>,
    #[prop(optional)] kind: Input,
    value: RwSignal<String>,
    #[prop(into, optional)] error: Signal<Option<String>>,
    /// Called at every key.
    #[prop(optional, into)]
    changed: Option<Callback<()>>,
    /// Points out what should not be said, below several lines.
    #[prop(optional_no_strip)]
    guard: Option<Guard>,
) -> impl IntoView {
    let keep = move |text: String| {
        value.set(text);
        if let Some(changed) = changed {
            changed.run(());
        }
    };
    let invalid = move || error.get().map(|_| "true");
    let described = match guard {
        Some(_) => format!("{id}-hint {id}-phrases {id}-error"),
        None => format!("{id}-hint {id}-error"),
    };
    let lines = NodeRef::<leptos::html::Textarea>::new();
    let phrases = guard.map(|guard| {
        // The button that was tapped goes with its phrase: the cursor goes back into the text.
        let better = move |text: String| {
            keep(text);
            if let Some(lines) = lines.get_untracked() {
                // A field that cannot take the cursor is one that nobody writes in.
                let _ = lines.focus();
            }
        };
        view! { <Phrases id=format!("{id}-phrases") guard value changed=Callback::new(better) /> }
    });
    let control = match kind {
        Input::Long => view! {
            <textarea class="input" id=id rows="4" autocomplete="off" node_ref=lines aria-describedby=described aria-invalid=invalid
                prop:value=value on:input:target=move |ev| keep(ev.target().value())></textarea>
        }
        .into_any(),
        Input::Line | Input::Phone | Input::DateTime => {
            let (type_, mode) = match kind {
                Input::Phone => ("tel", "tel"),
                Input::DateTime => ("datetime-local", "text"),
                Input::Line | Input::Long => ("text", "text"),
            };
            view! {
                <input class="input" id=id type=type_ inputmode=mode autocomplete="off" aria-describedby=described
                    aria-invalid=invalid prop:value=value on:input:target=move |ev| keep(ev.target().value()) />
            }
            .into_any()
        }
    };
    view! {
        <div class="field" data-invalid=invalid data-wide=(kind == Input::Long).then_some("")>
            <label class="field-label" for=id>{label}</label>
            <p class="field-hint" id=format!("{id}-hint") hidden=move || hint.read().is_empty()>{hint}</p>
            {control}
            {phrases}
            <p class="field-error" id=format!("{id}-error") role="alert" hidden=move || error.read().is_none()>{error}</p>
        </div>
    }
}
