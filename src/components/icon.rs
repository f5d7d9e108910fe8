//! One outlined set, always beside a word.

use leptos::prelude::*;

#[component]
pub fn Icon(
    /// A symbol of `public/icons.svg`.
    name: &'static str,
) -> impl IntoView {
    view! { <svg class="icon" aria-hidden="true"><use href=format!("/icons.svg#{name}")></use></svg> }
}
