//! Which letters of a text are somebody else's words: between quotation marks, or reported ("业主说……").

use super::reading::{Gap, Letter, MarkKind, Pair, Reading};

/// Who is quoted without cost. Colleagues are not among them: passing on their "不知道" dismisses the customer too.
pub(super) const SPEAKERS: [&str; 20] = [
    "客人",
    "客户",
    "业主",
    "住户",
    "租户",
    "租客",
    "顾客",
    "对方",
    "家属",
    "居民",
    "访客",
    "投诉人",
    "来电人",
    "来访人",
    "报修人",
    "customer",
    "resident",
    "owner",
    "tenant",
    "caller",
];

pub(super) const SAYINGS: [&str; 22] = [
    "说", "讲", "称", "表示", "反映", "反馈", "问", "抱怨", "认为", "觉得", "回复", "答复", "回答",
    "告诉", "告知", "原话", "强调", "留言", "said", "says", "asked", "wrote",
];

/// So many letters may stand between the one who speaks and the saying ("业主王女士来电反映").
const MOST_LETTERS_BETWEEN: usize = 8;

/// Where those who speak and their sayings were found.
pub(super) struct Cues {
    /// For each letter, where a speaker that ends just before it begins.
    speaker_before: Vec<Option<usize>>,
    /// For each letter, where a saying that begins with it ends.
    saying_until: Vec<Option<usize>>,
}

impl Cues {
    pub(super) fn new(n_letters: usize) -> Self {
        Self {
            speaker_before: vec![None; n_letters + 1],
            saying_until: vec![None; n_letters + 1],
        }
    }

    pub(super) fn speaker(&mut self, start: usize, end: usize) {
        self.speaker_before[end] = Some(start);
    }

    pub(super) fn saying(&mut self, start: usize, end: usize) {
        self.saying_until[start] = Some(end);
    }
}

/// For each letter, in how many quotations it stands.
pub(super) fn depths(reading: &Reading) -> Vec<u32> {
    let n_letters = reading.letters.len();
    let mut begin = vec![0_u32; n_letters + 1];
    let mut end = vec![0_u32; n_letters + 1];
    for (from, to) in marked(reading) {
        begin[from] += 1;
        end[to] += 1;
    }
    let mut depth = 0;
    (0..n_letters)
        .map(|at| {
            depth = depth + begin[at] - end[at];
            depth
        })
        .collect()
}

/// From which letter to before which the quotations go, in no order.
fn marked(reading: &Reading) -> Vec<(usize, usize)> {
    let ends = line_or_sentence_ends(&reading.letters);
    let mut quotations = Vec::new();
    let mut straight = Vec::new();
    let mut open = Pair::ALL.map(|_| Vec::new());
    for mark in &reading.marks {
        match mark.kind {
            MarkKind::Opens(pair) => open[pair as usize].push(mark.before),
            MarkKind::Closes(pair) => {
                if let Some(opened) = open[pair as usize].pop() {
                    quotations.push((opened, mark.before));
                }
            }
            MarkKind::Straight => straight.push(mark.before),
            MarkKind::Paragraph => pair_straight(&mut straight, &ends, &mut quotations),
        }
    }
    pair_straight(&mut straight, &ends, &mut quotations);
    for unclosed in open {
        pair_within_sentences(&unclosed, &ends, &mut quotations);
    }
    quotations
}

/// The straight marks of a paragraph: two and two, unless one is missing.
fn pair_straight(marks: &mut Vec<usize>, ends: &[usize], quotations: &mut Vec<(usize, usize)>) {
    if marks.len().is_multiple_of(2) {
        quotations.extend(marks.chunks_exact(2).map(|it| (it[0], it[1])));
    } else {
        pair_within_sentences(marks, ends, quotations);
    }
    marks.clear();
}

/// Where a closing mark was forgotten (or an opening one typed instead), a quotation ends with its sentence at the latest.
fn pair_within_sentences(marks: &[usize], ends: &[usize], quotations: &mut Vec<(usize, usize)>) {
    let mut marks = marks.iter().copied().peekable();
    while let Some(opened) = marks.next() {
        let end = ends[opened];
        let closed = marks.next_if(|it| *it <= end);
        quotations.push((opened, closed.unwrap_or(end)));
    }
}

/// For each letter, and behind the last one, the next one that begins a line or sentence.
fn line_or_sentence_ends(letters: &[Letter]) -> Vec<usize> {
    let mut ends = vec![letters.len(); letters.len() + 1];
    for at in (1..letters.len()).rev() {
        ends[at - 1] = if letters[at].gap.ends_a_line_or_sentence() {
            at
        } else {
            ends[at]
        };
    }
    ends
}

/// For each letter, whether it is reported speech without marks: from the saying to the end of the sentence or line.
/// Without a colon, the writer speaks again from a comma and 我 on.
pub(super) fn reported(letters: &[Letter], cues: &Cues) -> Vec<bool> {
    let mut speaker: Option<usize> = None;
    let mut begins: Option<usize> = None;
    let mut speech: Option<Speech> = None;
    let one = |(at, letter): (usize, &Letter)| {
        if letter.gap.ends_a_line_or_sentence() {
            (speaker, begins, speech) = (None, None, None);
        }
        if cues.speaker_before[at].is_some_and(|start| !is_spoken_to(letters, start)) {
            speaker = Some(at);
        }
        if begins == Some(at) {
            begins = None;
            speech = Speech::beginning_with(letter);
        } else if speech == Some(Speech::Indirect) && letter.gap == Gap::Comma && is_writer(letter)
        {
            speech = None;
        }
        if speech.is_some() {
            return true;
        }
        if is_writer(letter) || matches!(letter.folded, '您' | '你') {
            speaker = None;
        }
        if speaker.is_some_and(|end| at - end <= MOST_LETTERS_BETWEEN) {
            begins = begins.or(cues.saying_until[at]);
        }
        false
    };
    letters.iter().enumerate().map(one).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speech {
    /// Word for word: after a colon, or where it goes on with 我.
    Direct,
    Indirect,
}

impl Speech {
    /// None for "业主说的……", "业主说得对", and where marks say what is quoted.
    fn beginning_with(letter: &Letter) -> Option<Self> {
        match (letter.gap, letter.folded) {
            _ if letter.marked => None,
            (Gap::Colon, _) | (_, '我') => Some(Self::Direct),
            (Gap::Nothing, '的' | '得') => None,
            _ => Some(Self::Indirect),
        }
    }
}

const fn is_writer(letter: &Letter) -> bool {
    matches!(letter.folded, '我' | '咱')
}

/// "跟业主说", "给3栋业主回复": the writer speaks.
fn is_spoken_to(letters: &[Letter], speaker: usize) -> bool {
    const MOST_LETTERS_OF_AN_ADDRESS: usize = 12;
    letters[..speaker]
        .iter()
        .rev()
        .take(MOST_LETTERS_OF_AN_ADDRESS)
        .map(|it| it.folded)
        .find(|it| {
            let is_of_an_address = matches!(
                it,
                '0'..='9'
                    | '栋'
                    | '幢'
                    | '号'
                    | '楼'
                    | '座'
                    | '单'
                    | '元'
                    | '室'
                    | '户'
                    | '这'
                    | '该'
                    | '位'
            );
            !is_of_an_address
        })
        .is_some_and(|it| matches!(it, '跟' | '对' | '向' | '和' | '与' | '给' | '复' | '诉'))
}
