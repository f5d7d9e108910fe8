//! The guard of a reply: which of a pack's phrases it holds (L1, I15), whether they are the writer's own words, and what
//! to say instead.
//!
//! Start at [`PhraseGuard::findings`]. It reads text while it is typed, so the work grows with the text alone, however
//! many phrases there are. It judges words and not meaning: what is innocent is for the pack to name.
//!
//! - A phrase is found by its letters and digits. Width, case (of English letters), traditional characters, compatibility
//!   forms of one character, invisible characters and whatever stands between the letters make no difference ("不，知 道",
//!   "不歸我管"); rare ideographs are compared as they are. English phrases are found as whole words.
//! - A sentence end or a blank line between the letters parts them, unless it stands between all letters of a phrase of
//!   three or more: "不。知。道" is the phrase, "有没有？没。人来了" is not.
//! - Where phrases overlap, the longest is found.
//! - An exception (`unless`) holds only within a clause, with no comma or quotation mark inside it: "没人，受伤了" is no
//!   "没人受伤".
//! - A quotation stands between “ ”, ‘ ’, 「 」, 『 』 or straight double marks, not in 《 》; or it follows one who is quoted
//!   and a saying ("业主说……") to the end of the sentence. A mark that is never closed quotes its sentence alone.

mod characters;
mod quotation;
mod reading;
mod search;

use std::ops::Range;

use self::quotation::{Cues, SAYINGS, SPEAKERS};
use self::reading::{Gap, Letter, Reading, behind_the_mark};
pub(crate) use self::reading::{fold, folded_letters};
use self::search::{Hit, Search};
use crate::document::Language;
use crate::pack::{Phrase, PhraseKind};

/// A pack's phrases, made ready once to be looked for in many texts.
///
/// ```
/// use shouwen_domain::conduct::PhraseGuard;
/// use shouwen_domain::pack::Pack;
///
/// let text = include_str!("../../../packs/property-service.toml");
/// let pack = Pack::parse("property-service.toml", text)?;
/// let guard = PhraseGuard::new(&pack.phrases);
///
/// let reply = "您好，这个不歸我們管。";
/// let findings = guard.findings(reply);
/// assert_eq!(&reply[findings[0].range.clone()], "不歸我們管");
/// assert_eq!(guard.phrase(&findings[0]).forbidden, "不归我们管");
/// # Ok::<(), shouwen_domain::pack::PackError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PhraseGuard {
    phrases: Vec<Phrase>,
    search: Search,
    words: Vec<Word>,
}

/// A phrase in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its number among the phrases, from 0; see [`PhraseGuard::phrase`].
    pub phrase: usize,
    pub kind: PhraseKind,
    /// In bytes of the text, from the first letter to the last.
    pub range: Range<usize>,
    /// Somebody else's words: neither pointed out nor counted.
    pub quoted: bool,
}

/// What a reply is answerable for, without a word of the reply itself: fit to be written down as a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'g> {
    pub kind: PhraseKind,
    /// As the pack has it.
    pub forbidden: &'g str,
    pub n_times: u32,
}

/// What the search looks for.
#[derive(Debug, Clone)]
enum Word {
    Phrase {
        phrase: usize,
        bounds: Bounds,
    },
    /// An exception, with the letters of it at which the phrase begins.
    Unless {
        phrase: usize,
        offsets: Vec<usize>,
        bounds: Bounds,
    },
    /// One who is quoted, or a saying.
    Cue {
        speaks: bool,
        bounds: Bounds,
    },
}

/// Whether a word begins and ends in Latin letters or digits, and so must not be part of a longer one.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    begins_latin: bool,
    ends_latin: bool,
}

impl Bounds {
    fn of(letters: &[char]) -> Self {
        let latin = |it: Option<&char>| it.is_some_and(char::is_ascii_alphanumeric);
        Self {
            begins_latin: latin(letters.first()),
            ends_latin: latin(letters.last()),
        }
    }

    fn hold(self, reading: &Reading, start: usize, end: usize) -> bool {
        let parted = |at: usize| {
            let letters = &reading.letters;
            at == 0
                || letters.get(at).is_none_or(|next| {
                    next.gap > Gap::Nothing
                        || !next.folded.is_ascii_alphanumeric()
                        || !letters[at - 1].folded.is_ascii_alphanumeric()
                })
        };
        (!self.begins_latin || parted(start)) && (!self.ends_latin || parted(end))
    }
}

/// A phrase in the letters of a text, before it is known whether another overlaps it.
struct Candidate {
    phrase: usize,
    start: usize,
    end: usize,
}

impl PhraseGuard {
    /// A phrase without a letter is never found; a pack that was read has none.
    pub fn new(phrases: &[Phrase]) -> Self {
        let mut words = Vec::new();
        let mut searched = Vec::new();
        for (phrase, it) in phrases.iter().enumerate() {
            let forbidden = folded_letters(&it.forbidden);
            if forbidden.is_empty() {
                continue;
            }
            for unless in &it.unless {
                let unless = folded_letters(unless);
                words.push(Word::Unless {
                    phrase,
                    offsets: offsets(&unless, &forbidden),
                    bounds: Bounds::of(&unless),
                });
                searched.push(unless);
            }
            words.push(Word::Phrase {
                phrase,
                bounds: Bounds::of(&forbidden),
            });
            searched.push(forbidden);
        }
        let speakers = SPEAKERS.map(|it| (it, true));
        let sayings = SAYINGS.map(|it| (it, false));
        for (cue, speaks) in speakers.into_iter().chain(sayings) {
            let cue = folded_letters(cue);
            let bounds = Bounds::of(&cue);
            words.push(Word::Cue { speaks, bounds });
            searched.push(cue);
        }
        Self {
            phrases: phrases.to_vec(),
            search: Search::new(searched),
            words,
        }
    }

    /// # Panics
    ///
    /// If the finding is another guard's.
    pub fn phrase(&self, finding: &Finding) -> &Phrase {
        &self.phrases[finding.phrase]
    }

    /// The phrases in a text, in the order of the text; none overlap.
    ///
    /// ```
    /// # use shouwen_domain::{conduct::PhraseGuard, pack::Pack};
    /// # let text = include_str!("../../../packs/property-service.toml");
    /// # let guard = PhraseGuard::new(&Pack::parse("", text)?.phrases);
    /// let quoted: Vec<bool> = guard
    ///     .findings("业主说“没人管”，这个我也不知道。")
    ///     .iter()
    ///     .map(|it| it.quoted)
    ///     .collect();
    /// assert_eq!(quoted, [true, false]);
    /// assert_eq!(guard.findings("经核实，现场没人受伤。"), []);
    /// # Ok::<(), shouwen_domain::pack::PackError>(())
    /// ```
    pub fn findings(&self, text: &str) -> Vec<Finding> {
        self.findings_and_steps(text).0
    }

    /// Also how many steps that took.
    fn findings_and_steps(&self, text: &str) -> (Vec<Finding>, usize) {
        let reading = Reading::of(text);
        let letters = &reading.letters;
        let parts = Parts::of(&reading);
        let mut cues = Cues::new(letters.len());
        let mut candidates = Vec::new();
        let mut excused = vec![Vec::new(); letters.len()];
        let report = |Hit { word, start, end }: Hit| match &self.words[word] {
            Word::Phrase { phrase, bounds } => {
                if parts.make_a_phrase(start, end) && bounds.hold(&reading, start, end) {
                    candidates.push(Candidate {
                        phrase: *phrase,
                        start,
                        end,
                    });
                }
            }
            Word::Unless {
                phrase,
                offsets,
                bounds,
            } => {
                if parts.are_one(start, end) && bounds.hold(&reading, start, end) {
                    for offset in offsets {
                        excused[start + offset].push(*phrase);
                    }
                }
            }
            Word::Cue { speaks, bounds } => {
                if parts.are_one(start, end) && bounds.hold(&reading, start, end) {
                    if *speaks {
                        cues.speaker(start, end);
                    } else {
                        cues.saying(start, end);
                    }
                }
            }
        };
        let n_steps = self.search.each(letters.iter().map(|it| it.folded), report);
        let depths = quotation::depths(&reading);
        let reported = quotation::reported(letters, &cues);
        candidates.retain(|it| {
            !excused[it.start].contains(&it.phrase) && depths[it.start] == depths[it.end - 1]
        });
        let findings = longest(candidates, letters.len())
            .into_iter()
            .map(|Candidate { phrase, start, end }| Finding {
                phrase,
                kind: self.phrases[phrase].kind,
                range: letters[start].start..letters[end - 1].end,
                quoted: depths[start] > 0 || reported[start],
            })
            .collect();
        (findings, n_steps)
    }

    /// What counts of a text, in the order of the phrases: all that is not quoted.
    ///
    /// ```
    /// # use shouwen_domain::{conduct::PhraseGuard, pack::Pack};
    /// # let text = include_str!("../../../packs/property-service.toml");
    /// # let guard = PhraseGuard::new(&Pack::parse("", text)?.phrases);
    /// let counted = guard.counted("客人问“谁负责”。我不清楚，真的不清楚。");
    /// assert_eq!((counted[0].forbidden, counted[0].n_times), ("不清楚", 2));
    /// # Ok::<(), shouwen_domain::pack::PackError>(())
    /// ```
    pub fn counted(&self, text: &str) -> Vec<Counted<'_>> {
        let mut n_times = vec![0; self.phrases.len()];
        for finding in self.findings(text).iter().filter(|it| !it.quoted) {
            n_times[finding.phrase] += 1;
        }
        self.phrases
            .iter()
            .zip(n_times)
            .filter(|it| it.1 > 0)
            .map(|(phrase, n_times)| Counted {
                kind: phrase.kind,
                forbidden: &phrase.forbidden,
                n_times,
            })
            .collect()
    }

    /// The text with the better sentence in place of the clause that holds the finding, which is there no more.
    ///
    /// # Panics
    ///
    /// If the finding is not one of this guard in this text.
    ///
    /// ```
    /// # use shouwen_domain::{conduct::PhraseGuard, document::Language, pack::Pack};
    /// # let text = include_str!("../../../packs/property-service.toml");
    /// # let guard = PhraseGuard::new(&Pack::parse("", text)?.phrases);
    /// let reply = "您好，这个我不清楚，师傅明天到。";
    /// let finding = &guard.findings(reply)[0];
    /// assert_eq!(
    ///     guard.replace(reply, finding, Language::Chinese),
    ///     "您好，这一点我需要核实，弄清后马上联系您。师傅明天到。"
    /// );
    /// # Ok::<(), shouwen_domain::pack::PackError>(())
    /// ```
    pub fn replace(&self, text: &str, finding: &Finding, language: Language) -> String {
        let instead = &self.phrase(finding).instead;
        let instead = match language {
            Language::Chinese => &instead.zh,
            Language::English => &instead.en,
        };
        let clause = clause(text, &finding.range);
        let end = if instead.ends_with(['。', '！', '？', '.', '!', '?']) {
            behind_the_mark(text, clause.end)
        } else {
            clause.end
        };
        [&text[..clause.start], instead, &text[end..]].concat()
    }
}

/// Where the clause around a range of bytes begins and ends: at commas, colons, sentence ends, lines, quotation marks.
fn clause(text: &str, range: &Range<usize>) -> Range<usize> {
    let letters = Reading::of(text).letters;
    let mut first = letters.partition_point(|it| it.start < range.start);
    while first > 0 && !letters[first].begins_clause() {
        first -= 1;
    }
    let mut behind = letters.partition_point(|it| it.start < range.end);
    while behind < letters.len() && !letters[behind].begins_clause() {
        behind += 1;
    }
    letters[first].start..letters[behind - 1].end
}

/// How often letters are parted up to each letter, so that a stretch is looked up and not walked.
struct Parts {
    n_sentence_ends: Vec<usize>,
    /// Commas, what is stronger, and quotation marks.
    n_clause_ends: Vec<usize>,
}

impl Parts {
    fn of(reading: &Reading) -> Self {
        let count = |parts: fn(&Letter) -> bool| {
            reading
                .letters
                .iter()
                .scan(0, |n, it| {
                    *n += usize::from(parts(it));
                    Some(*n)
                })
                .collect()
        };
        Self {
            n_sentence_ends: count(|it| it.gap >= Gap::SentenceEnd),
            n_clause_ends: count(Letter::begins_clause),
        }
    }

    /// Not across a sentence end, unless the letters are spelled out with one after each.
    fn make_a_phrase(&self, start: usize, end: usize) -> bool {
        let n_gaps = end - 1 - start;
        let n_ends = self.n_sentence_ends[end - 1] - self.n_sentence_ends[start];
        n_ends == 0 || (n_ends == n_gaps && n_gaps > 1)
    }

    fn are_one(&self, start: usize, end: usize) -> bool {
        self.n_clause_ends[end - 1] == self.n_clause_ends[start]
    }
}

/// Of those that overlap the longest, of equals the first; in the order of the text, as they come for each length.
fn longest(candidates: Vec<Candidate>, n_letters: usize) -> Vec<Candidate> {
    let mut by_length: Vec<Vec<Candidate>> = Vec::new();
    for it in candidates {
        let length = it.end - it.start;
        if by_length.len() <= length {
            by_length.resize_with(length + 1, Vec::new);
        }
        by_length[length].push(it);
    }
    let mut taken = vec![false; n_letters];
    let mut at_letter: Vec<Option<Candidate>> = Vec::new();
    at_letter.resize_with(n_letters, || None);
    for it in by_length.into_iter().rev().flatten() {
        // No longer than those before it, it overlaps them at one of its own ends, if at all.
        if !taken[it.start] && !taken[it.end - 1] {
            taken[it.start..it.end].fill(true);
            let start = it.start;
            at_letter[start] = Some(it);
        }
    }
    at_letter.into_iter().flatten().collect()
}

/// Where `part` begins in `whole`.
fn offsets(whole: &[char], part: &[char]) -> Vec<usize> {
    whole
        .windows(part.len())
        .enumerate()
        .filter(|(_, it)| *it == part)
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests;
