//! Codes by which a device joins a site: used once, and only for a while.
//!
//! A short one is read from a screen and typed; a long one stands in an address, as a link or a QR code, behind the
//! `#`, which no browser sends to a server. Only the hash of either is stored.

use std::fmt;

use shouwen_domain::hash::Hash;
use shouwen_domain::moment::Minutes;

use crate::pin;

/// Crockford's base 32: what is mistaken for a digit is read as one.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP: usize = 4;

/// How a code reaches the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 60 bits, for a quarter of an hour.
    Typed,
    /// 130 bits, for a day.
    Linked,
}

impl Kind {
    const fn n_characters(self) -> usize {
        match self {
            Self::Typed => 12,
            Self::Linked => 26,
        }
    }

    pub const fn lasts(self) -> Minutes {
        match self {
            Self::Typed => Minutes(15),
            Self::Linked => Minutes(24 * 60),
        }
    }
}

/// A code as it is given out.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// # Panics
    ///
    /// When the machine has no randomness.
    pub fn new(kind: Kind) -> Self {
        let random: [u8; 26] = pin::random();
        let characters = random[..kind.n_characters()].iter();
        Self(
            characters
                .map(|it| char::from(ALPHABET[usize::from(it % 32)]))
                .collect(),
        )
    }

    /// What somebody typed or tapped: capitals or not, with or without hyphens and spaces, O for 0, I and L for 1,
    /// full width or not. None where it is no code of any kind.
    pub fn read(typed: &str) -> Option<Self> {
        let mut code = String::new();
        for it in typed.chars() {
            let narrow = match it {
                '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(it) - 0xfee0)?,
                it => it,
            };
            match narrow.to_ascii_uppercase() {
                '-' | '_' | '\u{2013}' | '\u{2014}' => {}
                it if it.is_whitespace() => {}
                'O' => code.push('0'),
                'I' | 'L' => code.push('1'),
                it if it.is_ascii() && ALPHABET.contains(&(it as u8)) => code.push(it),
                _ => return None,
            }
        }
        [Kind::Typed, Kind::Linked]
            .iter()
            .any(|it| it.n_characters() == code.len())
            .then_some(Self(code))
    }

    /// What is stored of it.
    pub fn hash(&self) -> Hash {
        Hash::of(self.0.as_bytes())
    }

    /// The address to open on the new device.
    pub fn link(&self, base: &str) -> String {
        format!("{}/#join={}", base.trim_end_matches('/'), self.0)
    }
}

/// In groups, to be read aloud.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, it) in self.0.chars().enumerate() {
            if n > 0 && n % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{it}")?;
        }
        Ok(())
    }
}

/// A secret until it was used.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        let code = Code("70K0A1JT4HRC".to_owned());
        assert_eq!(code.to_string(), "70K0-A1JT-4HRC");
        for typed in [
            "70K0-A1JT-4HRC",
            " 7ok0 aljt 4hrc",
            "７０Ｋ０－ａｉｊｔ－４ｈｒｃ",
            "70K0–A1JT—4HRC",
        ] {
            assert_eq!(Code::read(typed), Some(code.clone()), "{typed}");
        }
        for typed in [
            "",
            "70K0-A1JT-4HR",
            "70K0-A1JT-4HRCX",
            "70K0-A1JT-4HRU",
            "零0K0-A1JT-4HRC",
        ] {
            assert_eq!(Code::read(typed), None, "{typed}");
        }
    }

    #[test]
    fn codes_of_both_kinds_are_read_back_and_are_never_the_same() {
        let mut seen = BTreeSet::new();
        for _ in 0..500 {
            for kind in [Kind::Typed, Kind::Linked] {
                let code = Code::new(kind);
                assert_eq!(Code::read(&code.to_string()), Some(code.clone()));
                assert!(seen.insert(code.to_string()));
            }
        }
        let linked = Code::new(Kind::Linked);
        let link = linked.link("https://office.example/");
        let (_, code) = link.split_once("https://office.example/#join=").unwrap();
        assert_eq!(Code::read(code), Some(linked));
    }
}
