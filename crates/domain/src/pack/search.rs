//! Looking things up on the device, without a network (L3): by words, Chinese or English, ranked.
//!
//! One pass over all texts. Chinese has no spaces, so a run of it is looked for whole, and by each two characters
//! that stand side by side; a word of letters and digits by its beginning. Width, case and traditional characters make
//! no difference.

use super::{Category, Pack, Text};
use crate::conduct::fold;
use crate::directory::Directory;
use crate::id::{CategoryId, DepartmentId, PaperId};
use crate::limits;
use crate::rule::RuleId;

/// Where in pack and directory an answer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The place of it in [`Pack::answers`].
    Answer(usize),
    /// A category: a procedure with its steps and papers, or whose matter it is.
    Category(CategoryId),
    Paper(CategoryId, PaperId),
    /// Name, place and phone are in the directory.
    Department(DepartmentId),
    Rule(RuleId),
}

/// Something found, and how well it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub found: Found,
    /// A higher one fits better; of no meaning across queries.
    pub score: u32,
}

/// How much a match says, by where it stands.
const NAME: u32 = 8;
const WORD: u32 = 6;
const BODY: u32 = 2;

/// How many times better the best hit may be than one that is still shown: whole questions are typed in, and most
/// of their words say nothing.
const WORTH_SHOWING: u32 = 4;

impl Pack {
    /// What fits `query`, the best first; of equals in the order of the pack. Nothing for an empty query.
    pub fn search(&self, directory: &Directory, query: &str) -> Vec<Hit> {
        let terms = terms(query);
        let mut hits = Vec::new();
        let mut add = |found: Found, fields: &[(u32, &str)]| {
            if let Some(score) = score(&terms, fields) {
                hits.push(Hit { found, score });
            }
        };
        for (i, it) in self.answers.iter().enumerate() {
            let mut fields = both(NAME, &it.question).to_vec();
            fields.extend(both(BODY, &it.answer));
            fields.extend(it.words.iter().map(|it| (WORD, it.as_str())));
            add(Found::Answer(i), &fields);
        }
        for it in &self.categories {
            add(Found::Category(it.id.clone()), &category_fields(it));
            for paper in &it.papers {
                add(
                    Found::Paper(it.id.clone(), paper.id.clone()),
                    &both(NAME, &paper.name),
                );
            }
        }
        for it in &directory.departments {
            let mut fields = both(NAME, &it.name).to_vec();
            fields.extend(both(WORD, &it.place));
            fields.push((NAME, &it.phone));
            let theirs = |category: &&Category| category.department.as_ref() == Some(&it.id);
            for category in self.categories.iter().filter(theirs) {
                fields.extend(both(BODY, &category.name));
                fields.extend(category.scope.iter().flat_map(|it| both(BODY, it)));
            }
            add(Found::Department(it.id.clone()), &fields);
        }
        for (id, it) in self.rules() {
            let mut fields = both(NAME, &it.title).to_vec();
            fields.extend(both(BODY, &it.sentence));
            fields.push((NAME, id.as_str()));
            add(Found::Rule(id), &fields);
        }
        let best = hits.iter().map(|it| it.score).max().unwrap_or_default();
        hits.retain(|it| it.score * WORTH_SHOWING >= best);
        hits.sort_by_key(|it| std::cmp::Reverse(it.score));
        hits
    }
}

fn both(weight: u32, text: &Text) -> [(u32, &str); 2] {
    [(weight, &text.zh), (weight, &text.en)]
}

fn category_fields(category: &Category) -> Vec<(u32, &str)> {
    let mut fields = both(NAME, &category.name).to_vec();
    let body = [
        &category.scope,
        &category.basis,
        &category.conditions,
        &category.fee,
    ];
    fields.extend(body.into_iter().flatten().flat_map(|it| both(BODY, it)));
    fields.extend(category.steps.iter().flat_map(|it| both(BODY, it)));
    fields.extend(category.papers.iter().flat_map(|it| both(BODY, &it.name)));
    fields.extend(category.words.iter().map(|it| (WORD, it.as_str())));
    if let Some(body) = &category.handled_by {
        fields.extend(both(WORD, &body.name));
    }
    fields
}

/// A run of Chinese or a word of letters and digits, as it is compared.
struct Term {
    whole: String,
    /// Two Chinese characters side by side each; none for one character or a word.
    pairs: Vec<String>,
}

fn terms(query: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    let mut run = String::new();
    let mut run_is_word = false;
    let query = query.chars().take(limits::QUERY_CHARS);
    for c in query.map(fold).chain([' ']) {
        let is_word = c.is_ascii_alphanumeric();
        let ends = !c.is_alphanumeric() || is_word != run_is_word;
        if ends && !run.is_empty() {
            terms.push(term(std::mem::take(&mut run), run_is_word));
        }
        if c.is_alphanumeric() {
            run_is_word = is_word;
            run.push(c);
        }
    }
    terms
}

fn term(whole: String, is_word: bool) -> Term {
    let chars: Vec<char> = whole.chars().collect();
    let pairs = if is_word || chars.len() < 3 {
        Vec::new()
    } else {
        chars.windows(2).map(|it| it.iter().collect()).collect()
    };
    Term { whole, pairs }
}

/// None where nothing of any term is found.
fn score(terms: &[Term], fields: &[(u32, &str)]) -> Option<u32> {
    let fields: Vec<(u32, String)> = fields
        .iter()
        .map(|(weight, text)| (*weight, text.chars().map(fold).collect()))
        .collect();
    let best = |part: &str| {
        fields
            .iter()
            .filter(|(_, text)| holds(text, part))
            .map(|(weight, _)| *weight)
            .max()
    };
    let of_term = |term: &Term| match best(&term.whole) {
        Some(weight) => weight * u32::try_from(term.whole.chars().count()).unwrap_or(u32::MAX),
        None => term.pairs.iter().filter_map(|it| best(it)).sum(),
    };
    let score: u32 = terms.iter().map(of_term).sum();
    (score > 0).then_some(score)
}

/// A word of letters and digits counts where a word begins.
fn holds(text: &str, part: &str) -> bool {
    if !part.is_ascii() {
        return text.contains(part);
    }
    text.match_indices(part).any(|(at, _)| {
        text[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_ascii_alphanumeric())
    })
}
