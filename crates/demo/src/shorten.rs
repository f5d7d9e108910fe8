//! Texts cut to what a field holds: between characters, with a mark of how much is left out.

use shouwen_domain::limits;

/// Two texts and what goes with them fit into one envelope: a form and its answer.
const TEXT_BYTES: usize = (limits::ENVELOPE_BYTES - 4 * 1024) / 2;

/// The text, and whether it was cut.
pub fn to_limits(text: &str) -> (String, bool) {
    to(text, limits::TEXT_CHARS, TEXT_BYTES)
}

fn to(text: &str, max_chars: usize, max_bytes: usize) -> (String, bool) {
    let n_chars = text.chars().count();
    if n_chars <= max_chars && text.len() <= max_bytes {
        return (text.to_owned(), false);
    }
    let mark = |n_kept: usize| format!("……（原文共{n_chars}字，此处略去{}字）", n_chars - n_kept);
    // The mark for nothing kept is the longest there is.
    let (mark_chars, mark_bytes) = (mark(0).chars().count(), mark(0).len());
    let fits = |(n, (start, it)): &(usize, (usize, char))| {
        n + 1 + mark_chars <= max_chars && start + it.len_utf8() + mark_bytes <= max_bytes
    };
    let kept: String = text
        .char_indices()
        .enumerate()
        .take_while(fits)
        .map(|(_, (_, it))| it)
        .collect();
    let n_kept = kept.chars().count();
    (kept + &mark(n_kept), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(to_limits("漏水"), ("漏水".to_owned(), false));
        let full = "字".repeat(limits::TEXT_CHARS);
        assert_eq!(to_limits(&full), (full, false));
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_says_so() {
        let (text, cut) = to(&"漏".repeat(60), 40, 1_000);
        assert!(cut && text.chars().count() <= 40);
        let n_kept = text.chars().take_while(|it| *it == '漏').count();
        assert!(
            text.ends_with(&format!("……（原文共60字，此处略去{}字）", 60 - n_kept)),
            "{text}"
        );
    }

    #[test]
    fn characters_of_four_bytes_fit_into_an_envelope_too() {
        let (text, cut) = to_limits(&"🏠".repeat(limits::TEXT_CHARS));
        assert!(cut && text.len() <= TEXT_BYTES);
    }
}
