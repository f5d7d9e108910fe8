//! Many words looked for in one pass (Aho and Corasick, 1975): the work grows with the text and not with the words.

/// A tree of words, with a way back from every place to the longest other beginning that was read as well.
#[derive(Debug, Clone)]
pub(super) struct Search {
    places: Vec<Place>,
}

#[derive(Debug, Clone, Default)]
struct Place {
    /// In order of the letter.
    next: Vec<(char, usize)>,
    /// The place of the longest proper ending of what was read that some word begins with.
    back: usize,
    /// The next place on the way back at which a word ends; 0 if there is none.
    back_to_word: usize,
    /// The words that end here.
    words: Vec<usize>,
    depth: usize,
}

/// A word, and the letters it was found in.
pub(super) struct Hit {
    pub(super) word: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Search {
    /// Words are numbered in their order; an empty one is never found.
    pub(super) fn new(words: impl IntoIterator<Item = Vec<char>>) -> Self {
        let mut search = Self {
            places: vec![Place::default()],
        };
        for (number, word) in words.into_iter().enumerate() {
            if word.is_empty() {
                continue;
            }
            let end = word
                .into_iter()
                .fold(0, |place, letter| search.grow(place, letter));
            search.places[end].words.push(number);
        }
        search.link();
        search
    }

    fn grow(&mut self, place: usize, letter: char) -> usize {
        let new = self.places.len();
        let next = &mut self.places[place].next;
        match next.binary_search_by_key(&letter, |it| it.0) {
            Ok(at) => next[at].1,
            Err(at) => {
                next.insert(at, (letter, new));
                let depth = self.places[place].depth + 1;
                self.places.push(Place {
                    depth,
                    ..Place::default()
                });
                new
            }
        }
    }

    /// Shorter beginnings first, so that every way back is known before it is needed.
    fn link(&mut self) {
        let mut order = vec![0];
        let mut at = 0;
        while let Some(&place) = order.get(at) {
            at += 1;
            for (letter, next) in self.places[place].next.clone() {
                order.push(next);
                if place == 0 {
                    continue;
                }
                let back = self.step(self.places[place].back, letter, &mut 0);
                self.places[next].back = back;
                self.places[next].back_to_word = if self.places[back].words.is_empty() {
                    self.places[back].back_to_word
                } else {
                    back
                };
            }
        }
    }

    fn step(&self, mut place: usize, letter: char, n_steps: &mut usize) -> usize {
        loop {
            *n_steps += 1;
            let next = &self.places[place].next;
            if let Ok(at) = next.binary_search_by_key(&letter, |it| it.0) {
                return next[at].1;
            }
            if place == 0 {
                return 0;
            }
            place = self.places[place].back;
        }
    }

    /// Reports every word wherever it stands, and returns the steps that took: at most two a letter and one a hit.
    pub(super) fn each(
        &self,
        letters: impl Iterator<Item = char>,
        mut report: impl FnMut(Hit),
    ) -> usize {
        let mut n_steps = 0;
        let mut place = 0;
        for (number, letter) in letters.enumerate() {
            place = self.step(place, letter, &mut n_steps);
            let mut ending = place;
            while ending != 0 {
                let Place {
                    words,
                    depth,
                    back_to_word,
                    ..
                } = &self.places[ending];
                for &word in words {
                    n_steps += 1;
                    report(Hit {
                        word,
                        start: number + 1 - depth,
                        end: number + 1,
                    });
                }
                ending = *back_to_word;
            }
        }
        n_steps
    }
}
