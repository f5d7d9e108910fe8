//! Whether bytes are CBOR in its deterministic form (RFC 8949, 4.2.1), of the kinds that are stored here.
//!
//! One form for one thing: what two programs take for the same has the same bytes, and so the same hash.

/// Deeper than anything that is written, and shallow enough for every stack.
const MAX_DEPTH: u32 = 16;

/// Whether `bytes` are one item from the first byte to the last.
pub fn is_deterministic(bytes: &[u8]) -> bool {
    matches!(item(bytes, MAX_DEPTH), Some([]))
}

/// What stands behind an item; none where it is not in that form.
fn item(bytes: &[u8], depth: u32) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    let (first, rest) = bytes.split_first()?;
    let (major, short) = (first >> 5, first & 0x1f);
    if major == 7 {
        // False, true and null.
        return matches!(short, 20..=22).then_some(rest);
    }
    let (value, mut rest) = argument(short, rest)?;
    match major {
        0 | 1 => Some(rest),
        2 | 3 => {
            let (text, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
            let is_text = major == 2 || std::str::from_utf8(text).is_ok();
            is_text.then_some(rest)
        }
        4 => {
            for _ in 0..value {
                rest = item(rest, depth)?;
            }
            Some(rest)
        }
        5 => {
            let mut before: &[u8] = &[];
            for _ in 0..value {
                let behind = item(rest, depth)?;
                let key = rest.get(..rest.len() - behind.len())?;
                if key <= before {
                    return None;
                }
                before = key;
                rest = item(behind, depth)?;
            }
            Some(rest)
        }
        _ => None,
    }
}

/// The number in a head, if it takes no more bytes than it must.
fn argument(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let n_bytes = match short {
        0..24 => return Some((short.into(), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(n_bytes)?;
    let value = bytes.iter().fold(0, |it, byte| it << 8 | u64::from(*byte));
    let least = match n_bytes {
        1 => 24,
        2 => 1 << 8,
        4 => 1 << 16,
        _ => 1 << 32,
    };
    (value >= least).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(is_good: bool, hex: &[&str]) {
        for hex in hex {
            let bytes: Vec<u8> = (0..hex.len() / 2)
                .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
                .collect();
            assert_eq!(is_deterministic(&bytes), is_good, "{hex}");
        }
    }

    #[test]
    fn the_one_form_passes() {
        check(
            true,
            &[
                "00",
                "17",
                "1818",
                "190100",
                "1a00010000",
                "1b0000000100000000",
                "20",
                "3818",
                "40",
                "4101",
                "60",
                "63e6b0b4",
                "80",
                "820102",
                "a0",
                "a201020304",
                "a2010220f6",
                "f4",
                "f5",
                "f6",
            ],
        );
    }

    #[test]
    fn every_other_form_does_not() {
        check(
            false,
            &[
                "",
                "1800",
                "1817",
                "190001",
                "1a00000001",
                "1b0000000000000001", // longer than need be
                "5800",
                "9800",
                "b800", // lengths too
                "5f4101ff",
                "9f01ff",
                "bf0102ff", // of no said length
                "a203040102",
                "a201020103",
                "a220020102", // out of order, twice
                "c001",
                "f7",
                "f97e00",
                "e0",
                "f800", // tags, floats, other simple values
                "0000",
                "41",
                "8201",
                "a101",
                "61ff", // too much, too little, no text
            ],
        );
        let nested = |n: usize| [vec![0x81; n], vec![0]].concat();
        assert!(is_deterministic(&nested(15)));
        assert!(!is_deterministic(&nested(16)));
    }
}
