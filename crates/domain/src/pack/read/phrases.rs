//! The phrases of a reply that are pointed out (L1, I15): each with a better sentence, and read so that it can be found.

use std::collections::BTreeSet;

use super::{text, word};
use crate::conduct::{PhraseGuard, folded_letters};
use crate::document::{Item, Table};
use crate::pack::{PackError, PackProblem, Phrase, PhraseKind, Text};

/// Both lists, one after the other, and none of their phrases twice.
pub(super) fn phrases(root: &Table<'_>) -> Result<Vec<Phrase>, PackError> {
    let lists = [
        (root.need("phrases")?, PhraseKind::Dismissive),
        (root.need("promises")?, PhraseKind::Promise),
    ];
    let mut phrases = Vec::new();
    let mut instead = Vec::new();
    let mut known = BTreeSet::new();
    for (list, kind) in &lists {
        for item in list.list()? {
            let table = item.table(&["forbidden", "unless", "instead"])?;
            let phrase = phrase(&table, *kind, &mut known)?;
            phrases.push(phrase);
            instead.push(table.need("instead")?);
        }
    }
    let guard = PhraseGuard::new(&phrases);
    for (item, phrase) in instead.iter().zip(&phrases) {
        no_phrase_in_its_place(item, &phrase.instead, &guard)?;
    }
    Ok(phrases)
}

fn phrase(
    table: &Table<'_>,
    kind: PhraseKind,
    known: &mut BTreeSet<Vec<char>>,
) -> Result<Phrase, PackError> {
    let item = table.need("forbidden")?;
    let forbidden = with_letters(&item)?;
    if !known.insert(folded_letters(&forbidden)) {
        return Err(item.wrong(PackProblem::Duplicate { found: forbidden }));
    }
    Ok(Phrase {
        kind,
        unless: table
            .get("unless")
            .map_or(Ok(Vec::new()), |it| unless(&it, &forbidden))?,
        forbidden,
        instead: text(&table.need("instead")?)?,
    })
}

/// Each holds the phrase and more, or it would never or always hold.
fn unless(item: &Item<'_>, phrase: &str) -> Result<Vec<String>, PackError> {
    let mut exceptions: Vec<String> = Vec::new();
    let letters = folded_letters(phrase);
    for item in item.list()? {
        let exception = with_letters(&item)?;
        let found = folded_letters(&exception);
        if found.len() <= letters.len() || !found.windows(letters.len()).any(|it| it == letters) {
            return Err(item.wrong(PackProblem::NoException {
                found: exception,
                phrase: phrase.to_owned(),
            }));
        }
        if exceptions.iter().any(|it| folded_letters(it) == found) {
            return Err(item.wrong(PackProblem::Duplicate { found: exception }));
        }
        exceptions.push(exception);
    }
    if exceptions.is_empty() {
        Err(item.wrong(PackProblem::Empty))
    } else {
        Ok(exceptions)
    }
}

fn no_phrase_in_its_place(
    item: &Item<'_>,
    instead: &Text,
    guard: &PhraseGuard,
) -> Result<(), PackError> {
    let table = item.table(&["zh", "en"])?;
    for (key, sentence) in [("zh", &instead.zh), ("en", &instead.en)] {
        if let Some(finding) = guard.findings(sentence).first() {
            return Err(table.need(key)?.wrong(PackProblem::HoldsPhrase {
                phrase: guard.phrase(finding).forbidden.clone(),
            }));
        }
    }
    Ok(())
}

/// What is found by its letters must have some.
fn with_letters(item: &Item<'_>) -> Result<String, PackError> {
    let found = word(item)?;
    if folded_letters(&found).is_empty() {
        Err(item.wrong(PackProblem::Malformed {
            found,
            example: "不知道",
        }))
    } else {
        Ok(found)
    }
}
