//! Faults in the reader's words, and the plain page where the log cannot be opened at all.

use leptos::prelude::*;
use shouwen_domain::Rules;
use shouwen_store::Fault;

use crate::browser;
use crate::desk::SendError;
use crate::say;
use crate::wording::{Language, refusal};

pub fn fault_words(language: Language, fault: &Fault) -> String {
    match fault {
        Fault::QuotaExceeded => say!(language, "fault.quota"),
        Fault::Blocked => say!(language, "fault.blocked"),
        Fault::ConnectionLost => say!(language, "fault.lost"),
        Fault::NewerSchema { .. } => say!(language, "fault.newer"),
        Fault::Corrupt { what } => say!(language, "fault.corrupt", what = what),
        Fault::Cleared => say!(language, "fault.cleared"),
        Fault::Locked => say!(language, "fault.locked"),
        Fault::Unavailable(what) => say!(language, "fault.unavailable", what = what),
        Fault::Other(what) => say!(language, "fault.other", what = what),
    }
}

/// Why an action was not stored.
pub fn send_error_words(language: Language, error: &SendError, rules: Option<&Rules>) -> String {
    match (error, rules) {
        (SendError::Refused(it), Some(rules)) => refusal::refusal(language, it, rules),
        (SendError::Refused(it), None) => it.to_string(),
        (SendError::NeedsNewerVersion, _) => say!(language, "case.newer"),
        (SendError::TooLarge { limit_bytes }, _) => {
            say!(language, "fault.too_large", limit = limit_bytes / 1024)
        }
        (SendError::Busy, _) => say!(language, "fault.busy"),
        (SendError::NotSignedIn, _) => say!(language, "sync.signed_out"),
        (SendError::NoKey, _) => say!(language, "fault.no_key"),
        (SendError::Erased, _) => say!(language, "fault.erased"),
        (SendError::DoesNotFit, _) => say!(language, "fault.does_not_fit"),
        (SendError::Fault(it), _) => fault_words(language, it),
    }
}

/// The log cannot be opened: says why, and that nothing is lost.
#[component]
pub fn FaultPage(fault: Fault) -> impl IntoView {
    let language = browser::preferences::language();
    let again = |_| {
        let _ = browser::window().location().reload();
    };
    view! {
        <main class="sign-in" data-testid="storage-fault">
            <h1 class="sign-in-title">{say!(language, "fault.storage_title")}</h1>
            <p role="alert">{fault_words(language, &fault)}</p>
            <p>{say!(language, "fault.nothing_lost")}</p>
            <button class="button" data-kind="primary" on:click=again>{say!(language, "fault.retry")}</button>
        </main>
    }
}
