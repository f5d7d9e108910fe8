//! How the person likes to see the app: applied before the first paint, so kept in local storage.
//! Nothing personal is stored here.

use crate::wording::Language;

/// Light, dark, or as the system is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

const THEME: &str = "shouwen-theme";
const TEXT: &str = "shouwen-text";
const LANGUAGE: &str = "shouwen-language";
const ERASED: &str = "shouwen-erased";

pub fn theme() -> Theme {
    match read(THEME).as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

pub fn set_theme(theme: Theme) {
    write(THEME, theme.word());
    mark("data-theme", theme.word());
}

pub fn is_text_large() -> bool {
    read(TEXT).is_some()
}

pub fn set_text_large(large: bool) {
    let word = large.then_some("large");
    write(TEXT, word);
    mark("data-text", word);
}

/// What was chosen, else what the browser prefers, Chinese where it prefers neither.
pub fn language() -> Language {
    let preferred = || super::window().navigator().language().unwrap_or_default();
    let code = read(LANGUAGE).unwrap_or_else(preferred);
    if code.starts_with("en") {
        Language::English
    } else {
        Language::Chinese
    }
}

pub fn set_language(language: Language) {
    write(LANGUAGE, Some(language.code()));
    show_language(language);
}

/// Tells screen readers and fonts which language the page is in.
pub fn show_language(language: Language) {
    mark("lang", Some(language.code()));
}

/// Whether head office had this device erase what it held; whoever opens it next is told.
pub fn was_erased() -> bool {
    read(ERASED).is_some()
}

pub fn note_erasure(was_erased: bool) {
    write(ERASED, was_erased.then_some("1"));
}

fn read(key: &str) -> Option<String> {
    super::window().local_storage().ok()??.get_item(key).ok()?
}

fn write(key: &str, value: Option<&str>) {
    let Ok(Some(storage)) = super::window().local_storage() else {
        return;
    };
    // Without room or permission the choice holds until the page is closed.
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

fn mark(attribute: &str, value: Option<&str>) {
    let Some(root) = super::document().document_element() else {
        return;
    };
    let _ = match value {
        Some(value) => root.set_attribute(attribute, value),
        None => root.remove_attribute(attribute),
    };
}
