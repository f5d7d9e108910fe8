//! Phones and rooms as people write them, brought to one form so that two spellings are found equal.

/// A phone number without country code, spaces or dashes; `None` where it names nobody.
///
/// Full-width digits count as digits. Fewer than five digits, or one digit throughout
/// (`00000000`, typed to get past the field), identify no customer.
///
/// ```
/// # use shouwen_domain::repeat::phone_digits;
/// assert_eq!(phone_digits("+86 138-0571 2345").as_deref(), Some("13805712345"));
/// assert_eq!(phone_digits("0571-8888 1234").as_deref(), Some("057188881234"));
/// assert_eq!(phone_digits("0000-0000"), None);
/// ```
pub fn phone_digits(written: &str) -> Option<String> {
    let digits: String = written
        .chars()
        .map(half_width)
        .filter(char::is_ascii_digit)
        .collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    let national = digits
        .strip_prefix("86")
        .filter(|rest| rest.len() >= LANDLINE_WITH_AREA)
        .unwrap_or(digits);
    let first = national.chars().next()?;
    let names_somebody = national.len() >= SHORTEST_PHONE && national.chars().any(|d| d != first);
    names_somebody.then(|| national.to_owned())
}

const SHORTEST_PHONE: usize = 5;
/// Shorter remainders are themselves numbers that begin with 86.
const LANDLINE_WITH_AREA: usize = 9;

/// A room: its numbers from the building inwards, and the compound if it was named.
///
/// ```
/// # use shouwen_domain::repeat::Room;
/// let room = Room::parse("3-2-1502").unwrap();
/// assert_eq!(Some(&room), Room::parse("3栋2单元1502").as_ref());
/// assert_eq!(Some(&room), Room::parse("3幢2单元1502室").as_ref());
/// assert!(room.is_same(&Room::parse("阳光花园３栋２单元１５０２").unwrap()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    pub(super) numbers: String,
    compound: String,
}

impl Room {
    /// `None` unless building and room are both there: `1502` alone may be in any building.
    pub fn parse(written: &str) -> Option<Self> {
        let mut numbers: Vec<String> = Vec::new();
        let mut compound = String::new();
        let mut in_number = false;
        for character in written.chars().map(half_width) {
            if character.is_ascii_alphanumeric() {
                if !in_number {
                    numbers.push(String::new());
                }
                if let Some(number) = numbers.last_mut() {
                    number.push(character.to_ascii_lowercase());
                }
                in_number = true;
            } else {
                in_number = false;
                if numbers.is_empty() && character.is_alphanumeric() {
                    compound.push(character);
                }
            }
        }
        for number in &mut numbers {
            let significant = number.trim_start_matches('0');
            if significant.len() < number.len() && !significant.is_empty() {
                *number = significant.to_owned();
            }
        }
        (numbers.len() >= 2).then(|| Self {
            numbers: numbers.join("-"),
            compound,
        })
    }

    /// Equal numbers, and no two compounds named that differ.
    pub fn is_same(&self, other: &Self) -> bool {
        self.numbers == other.numbers
            && (self.compound.is_empty()
                || other.compound.is_empty()
                || self.compound == other.compound)
    }
}

/// Input methods leave digits and letters in their full-width form.
pub(super) fn half_width(character: char) -> char {
    const FULL_TO_HALF: u32 = 0xFEE0;
    match character {
        '\u{FF01}'..='\u{FF5E}' => {
            char::from_u32(u32::from(character) - FULL_TO_HALF).unwrap_or(character)
        }
        '\u{3000}' => ' ',
        other => other,
    }
}
