//! What a new version of a pack changes, field by field, for a preview before it is adopted (G4).

use std::collections::BTreeMap;

use super::Pack;
use crate::document::leaves;

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As an error names it, such as `deadlines.reply.limit`; entries of lists go by their words.
    pub field: String,
    /// None: it is new.
    pub old: Option<String>,
    /// None: it is gone.
    pub new: Option<String>,
}

impl Pack {
    /// What changes from `old` to `new`, by field; how a text is laid out and its comments are no change.
    pub fn diff(old: &Self, new: &Self) -> Vec<Change> {
        let old = leaves(&old.id, old.text());
        let new = leaves(&new.id, new.text());
        let gone_or_changed = old.iter().filter_map(|(field, was)| {
            let is = new.get(field);
            (is != Some(was)).then(|| (field.clone(), (Some(was.clone()), is.cloned())))
        });
        let added = new
            .iter()
            .filter(|(field, _)| !old.contains_key(*field))
            .map(|(field, is)| (field.clone(), (None, Some(is.clone()))));
        let changes: BTreeMap<_, _> = gone_or_changed.chain(added).collect();
        changes
            .into_iter()
            .map(|(field, (old, new))| Change { field, old, new })
            .collect()
    }
}
