//! A text as pairs of neighbouring characters: Chinese needs no dictionary that way, and a slip of one character
//! spoils two pairs and not the sentence.

use super::customer::half_width;

/// Two neighbouring characters, the first in the high half.
pub(super) type Pair = u64;

/// Words in which any matter is put, and which say nothing of it. They part what stands to their sides.
///
/// The rarity of pairs teaches the same after some hundred cases; a new site does not have them.
const FRAMING: [&str; 34] = [
    "尊敬",
    "书记",
    "领导",
    "您好",
    "你好",
    "咨询",
    "请问",
    "询问",
    "想问",
    "求问",
    "反映",
    "投诉",
    "举报",
    "建议",
    "希望",
    "请求",
    "恳请",
    "恳求",
    "求助",
    "强烈",
    "关于",
    "相关问题",
    "有关问题",
    "问题",
    "情况",
    "事宜",
    "事项",
    "是否",
    "能否",
    "如何",
    "怎么",
    "为什么",
    "为何",
    "谢谢",
];

/// The characters of `text` in their plain form; `None` where punctuation, space or a framing word parts them.
pub(super) fn letters(text: &str) -> Vec<Option<char>> {
    let plain: Vec<char> = text
        .chars()
        .map(|character| {
            let half = half_width(character);
            half.to_lowercase().next().unwrap_or(half)
        })
        .collect();
    let mut letters = Vec::with_capacity(plain.len());
    let mut rest = plain.as_slice();
    while let Some(&character) = rest.first() {
        let framing = FRAMING
            .iter()
            .filter_map(|word| starts_with(rest, word))
            .max();
        if let Some(length) = framing {
            letters.extend(std::iter::repeat_n(None, length));
            rest = rest.get(length..).unwrap_or_default();
        } else {
            letters.push(character.is_alphanumeric().then_some(character));
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    letters
}

/// The length of `word` in characters, if `text` begins with it.
fn starts_with(text: &[char], word: &str) -> Option<usize> {
    let mut length = 0;
    for expected in word.chars() {
        if text.get(length) != Some(&expected) {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// The pair at each place of [`letters`], where there is one.
pub(super) fn pairs(letters: &[Option<char>]) -> impl Iterator<Item = Option<Pair>> {
    letters.windows(2).map(|two| match *two {
        [Some(first), Some(second)] => {
            Some(u64::from(u32::from(first)) << 32 | u64::from(u32::from(second)))
        }
        _ => None,
    })
}

/// The pairs of a text, each once, in order of their characters.
pub(super) fn set_of_pairs(letters: &[Option<char>]) -> Vec<Pair> {
    let mut set: Vec<Pair> = pairs(letters).flatten().collect();
    set.sort_unstable();
    set.dedup();
    set
}

/// The opening of a text that came without a subject, up to the end of its first sentence.
///
/// Forty characters: what a subject line takes at most; further on, people tell the story and no longer the matter.
pub(super) fn opening(text: &str) -> &str {
    const LONGEST: usize = 40;
    let text = text.trim_start();
    let end = text
        .char_indices()
        .enumerate()
        .find(|&(n, (_, character))| {
            n >= LONGEST
                || (n >= LONGEST / 4 && matches!(character, '。' | '！' | '？' | '!' | '?' | '\n'))
        })
        .map_or(text.len(), |(_, (at, _))| at);
    text.get(..end).unwrap_or(text)
}
