//! Is this an earlier matter again? Finds it among the cases known, and says why (I9, C5).
//!
//! Decides nothing for the person at the desk: it ranks earlier cases, and marks the first as *confident* where it is
//! worth offering unasked, as "second complaint of …".
//!
//! # What makes two cases one matter
//!
//! Sharing many words is not enough: two long letters share their manners, and two of one district its streets. What
//! tells is **mutual coverage**: the heading of each (its subject, else its opening) is said again in the other.
//! Coverage counts pairs of characters, each by how rare it is among the cases known, so that a compound's name weighs
//! and `相关` does not. It is taken both ways and the lesser counts, which leaves out the short heading that any text
//! covers. Two whole texts that cover each other are one letter sent twice, whatever their headings.
//!
//! # When it is confident
//!
//! The evidence for the first candidate has three parts, and one bar:
//!
//! 1. **mutual coverage**;
//! 2. **support**: earlier cases that are alike to the candidate *and* to this one. A matter that several complained
//!    of is known by what all of them say. (A margin to the second candidate would work against just these: in a
//!    matter of twenty cases the second is as near as the first.)
//! 3. **the same customer**, by person, phone or room: people seldom have two matters that sound alike.
//!
//! A heading of few or common words is weighed as if it were longer, so that two people who wrote 噪音 and no more are
//! not taken for one matter; and a customer who is known but speaks of something else is listed, not offered.
//!
//! # The same on every device
//!
//! Everything is counted in whole numbers, and nothing depends on the order in which cases came in: the same cases
//! give the same answer.
//!
//! ```
//! use shouwen_domain::moment::Moment;
//! use shouwen_domain::repeat::{Known, Matter, Query, Repeats, Signal};
//!
//! let mut repeats = Repeats::default();
//! for (case, text) in [
//!     (1, "3栋电梯半夜发出异响，已经一周了"),
//!     (2, "地下车库入口道闸坏了，进不去"),
//!     (3, "请问装修押金怎么退"),
//! ] {
//!     let matter = Matter { phone: "138 0571 2345", text, ..Matter::at(Moment::from_unix_ms(0)) };
//!     repeats.insert(Known { case, matter });
//! }
//!
//! let asked = Matter {
//!     phone: "+86 13805712345",
//!     text: "3栋电梯半夜又发出异响，吵得睡不着",
//!     ..Matter::at(Moment::from_unix_ms(86_400_000))
//! };
//! let found = repeats.candidates(&Query { case: None, matter: asked }, 5);
//! assert_eq!(found[0].case, 1);
//! assert!(found[0].confident);
//! assert!(found[0].because.contains(&Signal::SamePhone));
//! ```

mod customer;
mod packed;
#[cfg(test)]
mod tests;
mod words;

use std::cmp::Reverse;
use std::collections::BTreeMap;

pub use customer::{Room, phone_digits};
use packed::Packed;
use words::Pair;

use crate::moment::Moment;

/// What is compared of a case. An empty text means that it is not known.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    pub asked_at: Moment,
    /// As written: `3栋2单元1502`, `3-2-1502`.
    pub room: &'a str,
    /// As written: with or without +86, spaces, dashes.
    pub phone: &'a str,
    /// The customer, where they are known by name or number.
    pub person: &'a str,
    /// The pack's id of the category.
    pub category: &'a str,
    /// A line that says what it is about; without one the opening of the text stands for it.
    pub subject: &'a str,
    pub text: &'a str,
}

impl Matter<'_> {
    /// A matter of which nothing is known but when it was asked.
    pub const fn at(asked_at: Moment) -> Self {
        Self {
            asked_at,
            room: "",
            phone: "",
            person: "",
            category: "",
            subject: "",
            text: "",
        }
    }
}

/// A case as it enters the index.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a, Case> {
    pub case: Case,
    pub matter: Matter<'a>,
}

/// What to find the earlier cases of.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a, Case> {
    /// The case itself, if it is in the index already; it is never its own candidate.
    pub case: Option<Case>,
    pub matter: Matter<'a>,
}

/// An earlier case that may be the same matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<Case> {
    pub case: Case,
    /// What the ranking goes by: mutual coverage in thousandths, and a bonus each for customer and category.
    pub score: u32,
    /// To be offered unasked. Only ever the first candidate.
    pub confident: bool,
    pub because: Vec<Signal>,
}

/// Why a case is a candidate, in the order in which a person would say it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    SamePerson,
    SamePhone,
    SameRoom,
    SameCategory,
    SimilarText {
        /// The weightiest runs of characters that both have, at most three.
        shared: Vec<String>,
    },
    /// Further earlier cases that seem to be of the same matter (C5).
    Joined {
        n_cases: u32,
    },
    /// Asked within the last 30 days.
    Recent {
        days: u32,
    },
}

/// Cases known, arranged so that a repeat is found among a hundred thousand in milliseconds.
///
/// Cases are known by `Case`, whatever the caller names them by. Inserting one a second time changes nothing, and none
/// is taken out: where a case's words are erased, the index is built anew from what is left.
///
/// About 600 bytes for a case of 200 characters, after [`Repeats::shrink`]; the texts themselves are not kept.
#[derive(Debug, Clone)]
pub struct Repeats<Case> {
    entries: Vec<Entry<Case>>,
    places: BTreeMap<Case, u32>,
    numbers: BTreeMap<Pair, u32>,
    pairs: Vec<Places>,
    persons: BTreeMap<String, Packed>,
    phones: BTreeMap<String, Packed>,
    categories: BTreeMap<String, Packed>,
    rooms: BTreeMap<String, Vec<(u32, Room)>>,
}

#[derive(Debug, Clone)]
struct Entry<Case> {
    case: Case,
    asked_at: Moment,
    heading: Packed,
    whole: Packed,
}

/// Where a pair of characters occurs.
#[derive(Debug, Clone, Default)]
struct Places {
    anywhere: Packed,
    in_heading: Packed,
}

/// A text to compare: the numbers of its pairs in rising order.
struct Profile {
    heading: Vec<u32>,
    whole: Vec<u32>,
    heading_weight: u32,
    whole_weight: u32,
}

/// Evidence, in thousandths, from which a candidate is offered: near half of both headings covered, or a quarter and
/// the same customer, or a third and several cases in support. Lower, false offers grow faster than repeats found.
const CONFIDENT: u32 = 460;
/// Same customer: less than half of what an offer takes, so never enough alone.
const CUSTOMER_BONUS: u32 = 200;
/// Categories are few and guessed at intake: between equals it decides, no more.
const CATEGORY_BONUS: u32 = 20;
/// The least coverage that is worth showing for a stranger.
const WORTH_SHOWING: u32 = 100;
/// Alike enough to be counted as a further case of the matter.
const JOINED: u32 = 250;
/// How many of those behind the first may support it; their five best agreements are averaged, absent ones as none.
/// One alone may share the street with both; five do not share only that.
const N_ASKED_FOR_SUPPORT: usize = 7;
const N_SUPPORTERS: u32 = 5;
/// A heading weighs at least as much as this many pairs never met: a short one is no proof by being covered.
const LEAST_HEADING: u32 = 10;
/// Candidates that are compared in full.
const N_COMPARED: usize = 100;
/// Pairs found in more than one of 16 cases, and in more than 1,000, are not followed to candidates. Such a pair has
/// under 4 bits of weight where a rare one has 16: it cannot make a candidate by itself, and is counted all the same
/// once one is compared.
const COMMON: (u32, u32) = (1_000, 16);
const N_SHARED_SHOWN: usize = 3;
const RECENT_DAYS: i64 = 30;
/// One bit of rarity in fixed point.
const BIT: u32 = 256;

impl<Case> Default for Repeats<Case> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            places: BTreeMap::new(),
            numbers: BTreeMap::new(),
            pairs: Vec::new(),
            persons: BTreeMap::new(),
            phones: BTreeMap::new(),
            categories: BTreeMap::new(),
            rooms: BTreeMap::new(),
        }
    }
}

impl<Case: Copy + Ord> Repeats<Case> {
    /// Takes a case in. One that is known already stays as it is.
    pub fn insert(&mut self, known: Known<'_, Case>) {
        let Known { case, matter } = known;
        let place = self.n_cases();
        if self.places.contains_key(&case) {
            return;
        }
        self.places.insert(case, place);
        let (heading, whole) = texts(&matter);
        let whole = self.take_in(&whole, place, |places| &mut places.anywhere);
        let heading = self.take_in(&heading, place, |places| &mut places.in_heading);
        self.entries.push(Entry {
            case,
            asked_at: matter.asked_at,
            heading,
            whole,
        });
        for (known_by, word) in [
            (&mut self.persons, plain(matter.person)),
            (&mut self.categories, plain(matter.category)),
            (&mut self.phones, phone_digits(matter.phone)),
        ] {
            if let Some(word) = word {
                known_by.entry(word).or_default().push(place);
            }
        }
        if let Some(room) = Room::parse(matter.room) {
            let of_number = self.rooms.entry(room.numbers.clone()).or_default();
            of_number.push((place, room));
        }
    }

    /// Earlier cases that may be the same matter, the likeliest first, at most `limit`.
    ///
    /// *Earlier* is by `asked_at`: cases asked at the same moment count, later ones do not, so a record that comes in
    /// late is compared with what lay before it. Equal scores: the later asked first, then by `Case`.
    pub fn candidates(&self, query: &Query<'_, Case>, limit: usize) -> Vec<Candidate<Case>> {
        let matter = &query.matter;
        let (heading, whole) = texts(matter);
        let asked = self.profile(&heading, &whole);
        let same = Same::find(self, matter);

        let mut places = self.nearest(&asked, query);
        places.extend(
            same.customers()
                .filter(|&place| self.may_answer(place, query)),
        );
        places.sort_unstable();
        places.dedup();

        let mut ranked: Vec<Ranked> = places
            .into_iter()
            .map(|place| {
                let profile = self.profile_of(place);
                let coverage = self.coverage(&asked, &profile);
                let score = coverage + same.bonus(place);
                Ranked {
                    place,
                    profile,
                    coverage,
                    score,
                }
            })
            .filter(|it| it.coverage >= WORTH_SHOWING || same.is_customer(it.place))
            .collect();
        ranked.sort_by_key(|it| {
            let entry = self.entry(it.place);
            (Reverse(it.score), Reverse(entry.asked_at), entry.case)
        });

        let support = self.support(&ranked);
        let letters = words::letters(&format!("{}\n{}", matter.subject, matter.text));
        ranked
            .iter()
            .take(limit)
            .enumerate()
            .map(|(n, it)| Candidate {
                case: self.entry(it.place).case,
                score: it.score,
                confident: n == 0 && it.score + support.evidence >= CONFIDENT,
                because: self.because(
                    query,
                    it,
                    &same,
                    &letters,
                    if n == 0 { support.n_cases } else { 0 },
                ),
            })
            .collect()
    }

    /// How many cases are known.
    pub fn n_cases(&self) -> u32 {
        u32::try_from(self.entries.len()).expect("a site has fewer than 2³² cases")
    }

    /// Frees what was reserved for growth: once after loading, where memory is scarce.
    pub fn shrink(&mut self) {
        self.entries.shrink_to_fit();
        self.pairs.shrink_to_fit();
        for entry in &mut self.entries {
            entry.heading.shrink();
            entry.whole.shrink();
        }
        for places in &mut self.pairs {
            places.anywhere.shrink();
            places.in_heading.shrink();
        }
    }

    /// Bytes of the texts' part of the index, which is nearly all of it; what the allocator adds is not counted.
    pub fn n_bytes(&self) -> usize {
        let lists = self
            .pairs
            .iter()
            .map(|it| it.anywhere.n_bytes() + it.in_heading.n_bytes());
        let entries = self
            .entries
            .iter()
            .map(|it| it.heading.n_bytes() + it.whole.n_bytes());
        lists.chain(entries).sum::<usize>()
            + self.pairs.capacity() * size_of::<Places>()
            + self.entries.capacity() * size_of::<Entry<Case>>()
            + self.numbers.len() * (size_of::<Pair>() + size_of::<u32>())
    }

    fn take_in(
        &mut self,
        pairs: &[Pair],
        place: u32,
        list: impl Fn(&mut Places) -> &mut Packed,
    ) -> Packed {
        let mut numbers: Vec<u32> = pairs
            .iter()
            .map(|&pair| {
                let next = u32::try_from(self.pairs.len())
                    .expect("there are fewer than 2³² pairs of characters met");
                let number = *self.numbers.entry(pair).or_insert(next);
                if number == next {
                    self.pairs.push(Places::default());
                }
                number
            })
            .collect();
        numbers.sort_unstable();
        let mut packed = Packed::default();
        for number in numbers {
            packed.push(number);
            if let Some(places) = self.pairs.get_mut(number as usize) {
                list(places).push(place);
            }
        }
        packed.shrink();
        packed
    }

    fn profile(&self, heading: &[Pair], whole: &[Pair]) -> Profile {
        let known = |pairs: &[Pair]| {
            let mut numbers: Vec<u32> = pairs
                .iter()
                .filter_map(|it| self.numbers.get(it).copied())
                .collect();
            numbers.sort_unstable();
            let n_unknown = u32::try_from(pairs.len() - numbers.len()).unwrap_or(u32::MAX);
            let weight = self.weight_of(&numbers) + n_unknown * self.rarity(0);
            (numbers, weight)
        };
        let (heading, heading_weight) = known(heading);
        let (whole, whole_weight) = known(whole);
        Profile {
            heading,
            whole,
            heading_weight,
            whole_weight,
        }
    }

    fn profile_of(&self, place: u32) -> Profile {
        let entry = self.entry(place);
        let heading: Vec<u32> = entry.heading.iter().collect();
        let whole: Vec<u32> = entry.whole.iter().collect();
        Profile {
            heading_weight: self.weight_of(&heading),
            whole_weight: self.weight_of(&whole),
            heading,
            whole,
        }
    }

    /// The cases whose headings and texts answer each other best, before the full comparison.
    fn nearest(&self, asked: &Profile, query: &Query<'_, Case>) -> Vec<u32> {
        let most = COMMON.0.max(self.n_cases() / COMMON.1);
        let mut met = vec![0_u32; self.entries.len()];
        let mut follow = |numbers: &[u32], list: fn(&Places) -> &Packed| {
            for places in numbers.iter().filter_map(|&it| self.pairs.get(it as usize)) {
                if places.anywhere.len() <= most {
                    let weight = self.rarity(places.anywhere.len());
                    for place in list(places).iter() {
                        if let Some(met) = met.get_mut(place as usize) {
                            *met += weight;
                        }
                    }
                }
            }
        };
        follow(&asked.heading, |places| &places.anywhere);
        follow(&asked.whole, |places| &places.in_heading);

        let mut nearest: Vec<(Reverse<u32>, Reverse<Moment>, Case, u32)> = (0..)
            .zip(&met)
            .filter(|&(place, &met)| met > 0 && self.may_answer(place, query))
            .map(|(place, &met)| {
                let entry = self.entry(place);
                (Reverse(met), Reverse(entry.asked_at), entry.case, place)
            })
            .collect();
        if nearest.len() > N_COMPARED {
            nearest.select_nth_unstable(N_COMPARED);
            nearest.truncate(N_COMPARED);
        }
        nearest.into_iter().map(|(.., place)| place).collect()
    }

    fn may_answer(&self, place: u32, query: &Query<'_, Case>) -> bool {
        let entry = self.entry(place);
        entry.asked_at <= query.matter.asked_at && query.case != Some(entry.case)
    }

    /// Mutual coverage in thousandths: of the headings, or of the whole texts if that is more.
    fn coverage(&self, one: &Profile, other: &Profile) -> u32 {
        let least = LEAST_HEADING * self.rarity(0);
        let there = self.shared(&one.heading, &other.whole);
        let back = self.shared(&other.heading, &one.whole);
        let of_headings = thousandths(there, one.heading_weight.max(least))
            .min(thousandths(back, other.heading_weight.max(least)));
        let longer = one.whole_weight.max(other.whole_weight).max(least);
        of_headings.max(thousandths(self.shared(&one.whole, &other.whole), longer))
    }

    /// The weight of what two rising lists have in common.
    fn shared(&self, one: &[u32], other: &[u32]) -> u32 {
        let mut other = other.iter().copied().peekable();
        one.iter()
            .filter(|&&number| {
                while other.next_if(|&it| it < number).is_some() {}
                other.peek() == Some(&number)
            })
            .map(|&number| self.weight(number))
            .sum()
    }

    fn weight_of(&self, numbers: &[u32]) -> u32 {
        numbers.iter().map(|&it| self.weight(it)).sum()
    }

    fn weight(&self, number: u32) -> u32 {
        self.pairs
            .get(number as usize)
            .map_or(0, |it| self.rarity(it.anywhere.len()))
    }

    /// How much it says that a pair occurs which `n_cases` have, in [`BIT`]s.
    fn rarity(&self, n_cases: u32) -> u32 {
        log2(self.n_cases() + 2).saturating_sub(log2(n_cases + 1))
    }

    /// What others say for the first: how alike they are to it and to what was asked, whichever is less.
    fn support(&self, ranked: &[Ranked]) -> Support {
        let Some((first, others)) = ranked.split_first() else {
            return Support::default();
        };
        let mut alike: Vec<u32> = others
            .iter()
            .take(N_ASKED_FOR_SUPPORT)
            .map(|it| it.coverage.min(self.coverage(&first.profile, &it.profile)))
            .collect();
        alike.sort_unstable_by_key(|&it| Reverse(it));
        let joined = alike.iter().filter(|&&it| it >= JOINED).count();
        Support {
            evidence: alike.iter().take(N_SUPPORTERS as usize).sum::<u32>() / N_SUPPORTERS,
            n_cases: u32::try_from(joined).unwrap_or(u32::MAX),
        }
    }

    fn because(
        &self,
        query: &Query<'_, Case>,
        it: &Ranked,
        same: &Same,
        letters: &[Option<char>],
        n_joined: u32,
    ) -> Vec<Signal> {
        let mut because = Vec::new();
        for (places, signal) in [
            (&same.person, Signal::SamePerson),
            (&same.phone, Signal::SamePhone),
            (&same.room, Signal::SameRoom),
            (&same.category, Signal::SameCategory),
        ] {
            if places.binary_search(&it.place).is_ok() {
                because.push(signal);
            }
        }
        if it.coverage >= WORTH_SHOWING {
            because.push(Signal::SimilarText {
                shared: self.shared_runs(letters, &it.profile),
            });
        }
        if n_joined > 0 {
            because.push(Signal::Joined { n_cases: n_joined });
        }
        let minutes = query
            .matter
            .asked_at
            .minutes_since(self.entry(it.place).asked_at);
        let days = minutes / (24 * 60);
        if days <= RECENT_DAYS {
            because.push(Signal::Recent {
                days: u32::try_from(days).unwrap_or(0),
            });
        }
        because
    }

    /// The weightiest runs of what was asked whose every pair the candidate has.
    fn shared_runs(&self, letters: &[Option<char>], candidate: &Profile) -> Vec<String> {
        let mut runs: Vec<(u32, String)> = Vec::new();
        let mut run = (0, String::new());
        for (place, pair) in words::pairs(letters).enumerate() {
            let number = pair.and_then(|it| self.numbers.get(&it)).copied();
            let shared = number.filter(|it| candidate.whole.binary_search(it).is_ok());
            if let Some(number) = shared {
                let next = if run.1.is_empty() {
                    place..place + 2
                } else {
                    place + 1..place + 2
                };
                run.1
                    .extend(letters.get(next).into_iter().flatten().flatten());
                run.0 += self.weight(number);
            } else if !run.1.is_empty() {
                runs.push(std::mem::take(&mut run));
            }
        }
        runs.push(run);
        runs.sort_by(|one, other| (Reverse(one.0), &one.1).cmp(&(Reverse(other.0), &other.1)));
        let mut shown: Vec<String> = Vec::new();
        for (_, run) in runs {
            if shown.len() < N_SHARED_SHOWN
                && !run.is_empty()
                && !shown.iter().any(|it| it.contains(&run))
            {
                shown.push(run);
            }
        }
        shown
    }

    fn entry(&self, place: u32) -> &Entry<Case> {
        self.entries
            .get(place as usize)
            .expect("a place is given out with its entry and none is taken back")
    }
}

struct Ranked {
    place: u32,
    profile: Profile,
    coverage: u32,
    score: u32,
}

#[derive(Default)]
struct Support {
    evidence: u32,
    n_cases: u32,
}

/// Where the one asking was met before, and their category; each in rising order.
struct Same {
    person: Vec<u32>,
    phone: Vec<u32>,
    room: Vec<u32>,
    category: Vec<u32>,
}

impl Same {
    fn find<Case>(repeats: &Repeats<Case>, matter: &Matter<'_>) -> Self {
        let places = |known_by: &BTreeMap<String, Packed>, word: Option<String>| {
            word.and_then(|it| known_by.get(&it))
                .map_or_else(Vec::new, |it| it.iter().collect())
        };
        let room = Room::parse(matter.room).map_or_else(Vec::new, |room| {
            let of_number = repeats.rooms.get(&room.numbers).into_iter().flatten();
            of_number
                .filter(|(_, it)| it.is_same(&room))
                .map(|&(place, _)| place)
                .collect()
        });
        Self {
            person: places(&repeats.persons, plain(matter.person)),
            phone: places(&repeats.phones, phone_digits(matter.phone)),
            room,
            category: places(&repeats.categories, plain(matter.category)),
        }
    }

    fn customers(&self) -> impl Iterator<Item = u32> + '_ {
        [&self.person, &self.phone, &self.room]
            .into_iter()
            .flatten()
            .copied()
    }

    fn is_customer(&self, place: u32) -> bool {
        [&self.person, &self.phone, &self.room]
            .iter()
            .any(|it| it.binary_search(&place).is_ok())
    }

    fn bonus(&self, place: u32) -> u32 {
        let customer = if self.is_customer(place) {
            CUSTOMER_BONUS
        } else {
            0
        };
        let category = if self.category.binary_search(&place).is_ok() {
            CATEGORY_BONUS
        } else {
            0
        };
        customer + category
    }
}

/// The pairs of the heading, and of heading and text together.
fn texts(matter: &Matter<'_>) -> (Vec<Pair>, Vec<Pair>) {
    let subject = words::letters(matter.subject);
    let text = words::letters(matter.text);
    let heading = if matter.subject.trim().is_empty() {
        words::set_of_pairs(&words::letters(words::opening(matter.text)))
    } else {
        words::set_of_pairs(&subject)
    };
    let both: Vec<Option<char>> = subject.into_iter().chain([None]).chain(text).collect();
    (heading, words::set_of_pairs(&both))
}

fn plain(word: &str) -> Option<String> {
    let word = word.trim();
    (!word.is_empty()).then(|| word.to_owned())
}

fn thousandths(part: u32, whole: u32) -> u32 {
    let thousandths = u64::from(part) * 1_000 / u64::from(whole.max(1));
    u32::try_from(thousandths).unwrap_or(u32::MAX)
}

/// The binary logarithm in [`BIT`]s, straight between powers of two: whole numbers are the same on every machine.
fn log2(number: u32) -> u32 {
    let number = number.max(1);
    let whole = number.ilog2();
    let fraction = (u64::from(number) << (32 - whole)) & u64::from(u32::MAX);
    whole * BIT + u32::try_from(fraction >> 24).unwrap_or(0)
}
