//! A text as the guard reads it: its letters, what stands between them, its quotation marks.
//!
//! Letters are folded, so that width, case, traditional forms and invisible characters make no difference.

use super::characters;

pub(super) struct Reading {
    pub(super) letters: Vec<Letter>,
    pub(super) marks: Vec<Mark>,
}

/// A letter or digit of any script.
pub(super) struct Letter {
    pub(super) folded: char,
    /// Where it begins in the text, in bytes.
    pub(super) start: usize,
    /// Where it ends, with what is glued to it.
    pub(super) end: usize,
    /// What stands between the letter before and this one.
    pub(super) gap: Gap,
    /// A quotation mark stands there too.
    pub(super) marked: bool,
}

impl Letter {
    /// A comma, what is stronger, or a quotation mark stands before it.
    pub(super) fn begins_clause(&self) -> bool {
        self.marked || self.gap >= Gap::Comma
    }
}

/// What stands between two letters, from less to more; of several, the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    Nothing,
    /// Spaces, symbols, emoji, punctuation of no weight.
    Filler,
    Comma,
    LineBreak,
    /// Above a line break, because what was announced may follow on the next line.
    Colon,
    /// Also a blank line.
    SentenceEnd,
}

impl Gap {
    pub(super) const fn ends_a_line_or_sentence(self) -> bool {
        matches!(self, Self::LineBreak | Self::SentenceEnd)
    }
}

pub(super) struct Mark {
    pub(super) kind: MarkKind,
    /// The number of the letter that follows.
    pub(super) before: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    Opens(Pair),
    Closes(Pair),
    /// `"`, which does both.
    Straight,
    /// A blank line, behind which a straight mark begins anew.
    Paragraph,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    /// “ ”
    Double,
    /// ‘ ’
    Single,
    /// 「 」
    Corner,
    /// 『 』
    WhiteCorner,
}

impl Pair {
    pub(super) const ALL: [Self; 4] = [Self::Double, Self::Single, Self::Corner, Self::WhiteCorner];
}

/// What one character is.
enum Sign {
    Letter(char),
    /// Invisible, or a part of the letter before.
    Glued,
    Between(Gap),
    Quotation(MarkKind),
}

impl Reading {
    pub(super) fn of(text: &str) -> Self {
        let mut letters: Vec<Letter> = Vec::new();
        let mut marks = Vec::new();
        let (mut gap, mut marked, mut n_line_breaks) = (Gap::Nothing, false, 0);
        let mut previous = None;
        let mut characters = text.char_indices().peekable();
        while let Some((start, character)) = characters.next() {
            let end = start + character.len_utf8();
            let next = characters.peek().map(|it| it.1);
            match sign(character, previous, next) {
                Sign::Letter(folded) => {
                    letters.push(Letter {
                        folded,
                        start,
                        end,
                        gap,
                        marked,
                    });
                    (gap, marked, n_line_breaks) = (Gap::Nothing, false, 0);
                }
                Sign::Glued => {
                    if let Some(letter) = letters.last_mut().filter(|it| it.end == start) {
                        letter.end = end;
                    }
                }
                Sign::Between(between) => {
                    if between == Gap::LineBreak {
                        n_line_breaks += 1;
                    }
                    gap = gap.max(between);
                    if n_line_breaks == 2 {
                        gap = Gap::SentenceEnd;
                        marks.push(Mark {
                            kind: MarkKind::Paragraph,
                            before: letters.len(),
                        });
                    }
                }
                Sign::Quotation(kind) => {
                    gap = gap.max(Gap::Filler);
                    marked = true;
                    marks.push(Mark {
                        kind,
                        before: letters.len(),
                    });
                }
            }
            previous = Some(character);
        }
        Self { letters, marks }
    }
}

/// The letters of a text alone, as they are compared.
pub(crate) fn folded_letters(text: &str) -> Vec<char> {
    Reading::of(text)
        .letters
        .iter()
        .map(|it| it.folded)
        .collect()
}

/// Where a clause that ends at `end` goes on to: behind its own mark, if it has one.
pub(super) fn behind_the_mark(text: &str, end: usize) -> usize {
    let mut previous = None;
    let mut behind = end;
    let mut characters = text[end..].chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        match sign(character, previous, next) {
            Sign::Glued | Sign::Between(Gap::Nothing | Gap::Filler) => {
                behind += character.len_utf8();
            }
            Sign::Between(Gap::Comma | Gap::Colon | Gap::SentenceEnd) => {
                return behind + character.len_utf8();
            }
            Sign::Letter(_) | Sign::Between(Gap::LineBreak) | Sign::Quotation(_) => break,
        }
        previous = Some(character);
    }
    end
}

fn sign(character: char, previous: Option<char>, next: Option<char>) -> Sign {
    if is_glued(character) {
        return Sign::Glued;
    }
    let folded = fold(character);
    match folded {
        '“' => Sign::Quotation(MarkKind::Opens(Pair::Double)),
        '”' => Sign::Quotation(MarkKind::Closes(Pair::Double)),
        '‘' => Sign::Quotation(MarkKind::Opens(Pair::Single)),
        '’' => {
            let in_word = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
            if in_word(previous) && in_word(next) {
                Sign::Between(Gap::Filler)
            } else {
                Sign::Quotation(MarkKind::Closes(Pair::Single))
            }
        }
        '「' | '｢' | '﹁' => Sign::Quotation(MarkKind::Opens(Pair::Corner)),
        '」' | '｣' | '﹂' => Sign::Quotation(MarkKind::Closes(Pair::Corner)),
        '『' | '﹃' => Sign::Quotation(MarkKind::Opens(Pair::WhiteCorner)),
        '』' | '﹄' => Sign::Quotation(MarkKind::Closes(Pair::WhiteCorner)),
        '"' => Sign::Quotation(MarkKind::Straight),
        '。' | '｡' | '!' | '?' | ';' | '‼' | '⁇' | '⁈' | '⁉' | '\u{2029}' => {
            Sign::Between(Gap::SentenceEnd)
        }
        '.' if next.is_none_or(char::is_whitespace) => Sign::Between(Gap::SentenceEnd),
        '\n' | '\u{2028}' => Sign::Between(Gap::LineBreak),
        ':' | '∶' | '﹕' => Sign::Between(Gap::Colon),
        ',' | '、' | '､' | '﹐' | '﹑' => Sign::Between(Gap::Comma),
        _ if folded.is_alphanumeric() => Sign::Letter(folded),
        _ => Sign::Between(Gap::Filler),
    }
}

/// One form for width, case, circled and mathematical letters, traditional characters, compatibility ideographs.
/// The character as it is compared.
pub(crate) fn fold(character: char) -> char {
    let code = u32::from(character);
    let from = |first: char, offset: u32| char::from_u32(u32::from(first) + offset);
    let plain = match code {
        0xff01..=0xff5e => from('!', code - 0xff01),
        0x24b6..=0x24e9 => from('a', (code - 0x24b6) % 26),
        0x1d400..=0x1d6a3 => from('a', (code - 0x1d400) % 26),
        0x1f130..=0x1f149 => from('a', code - 0x1f130),
        0x2460..=0x2468 => from('1', code - 0x2460),
        0x1d7ce..=0x1d7ff => from('0', (code - 0x1d7ce) % 10),
        _ => characters::plain(character),
    }
    .unwrap_or(character);
    plain.to_ascii_lowercase()
}

/// Zero-width and directional characters, variation selectors, combining marks, blank Hangul letters.
const fn is_glued(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{300}'..='\u{36f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
