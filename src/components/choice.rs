//! One of a few, all in sight.

use leptos::prelude::*;

/// Real radio buttons in a fieldset.
#[component]
pub fn Choice<T>(
    #[prop(into)] legend: Signal<String>,
    /// Unique on the page: the radio buttons' name.
    name: &'static str,
    /// Each with its word.
    #[prop(into)]
    options: Signal<Vec<(T, String)>>,
    chosen: RwSignal<T>,
    /// Called after a choice.
    #[prop(optional, into)]
    changed: Option<Callback<()>>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let one = move |(value, word): (T, String)| {
        let choose = move |_| {
            chosen.set(value);
            if let Some(changed) = changed {
                changed.run(());
            }
        };
        view! {
            <label class="choice">
                <input class="choice-input" type="radio" name=name prop:checked=move || chosen.get() == value on:change=choose />
                <span class="choice-word">{word}</span>
            </label>
        }
    };
    view! {
        <fieldset class="choice-group">
            <legend class="field-label">{legend}</legend>
            <div class="choices">{move || options.get().into_iter().map(one).collect_view()}</div>
        </fieldset>
    }
}
