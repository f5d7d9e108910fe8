//! One outlined set, always beside a word.

use leptos::prelude::*;

#[component]
pub fn Icon(
    /// A symbol of `style/icons.svg`, which stands in the page.
    name: &'static str,
) -> impl IntoView {
    view! { <svg class="icon" aria-hidden="true"><use href=format!("#icon-{name}")></use></svg> }
}
