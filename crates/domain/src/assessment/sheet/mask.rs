//! Masking of what is said of a customer: rather a digit too few than one too many.
//!
//! Two measures: whatever leaves the house or hangs on a board shows no room either ([`masked_words`]); a colleague, who
//! has to find the place, sees everything but names and phone numbers ([`masked_contacts`]).

use crate::summary::Particulars;

const STARS: &str = "****";

/// ```
/// use shouwen_domain::assessment::masked_phone;
///
/// assert_eq!(masked_phone("+86 138-0000-5678"), "138****5678");
/// assert_eq!(masked_phone("0755-26001234"), "****1234");
/// assert_eq!(masked_phone("8001"), "****");
/// ```
pub fn masked_phone(phone: &str) -> String {
    let digits: String = phone.chars().filter_map(digit).collect();
    let mobile = digits
        .strip_prefix("86")
        .filter(|it| it.len() == 11)
        .unwrap_or(&digits);
    let last = mobile.get(mobile.len().saturating_sub(4)..).unwrap_or("");
    match mobile.len() {
        11 if mobile.starts_with('1') => format!("{}{STARS}{last}", &mobile[..3]),
        7.. => format!("{STARS}{last}"),
        _ => STARS.to_owned(),
    }
}

/// ```
/// use shouwen_domain::assessment::masked_name;
///
/// assert_eq!(masked_name("李女士"), "李**");
/// assert_eq!(masked_name(""), "");
/// ```
pub fn masked_name(name: &str) -> String {
    name.trim()
        .chars()
        .next()
        .map_or_else(String::new, |first| format!("{first}**"))
}

/// At most the building is left.
///
/// ```
/// use shouwen_domain::assessment::masked_address;
///
/// assert_eq!(masked_address("3-2-1502"), "3-****");
/// assert_eq!(masked_address("3栋2单元1502"), "3栋****");
/// assert_eq!(masked_address("1502室"), "****");
/// assert_eq!(masked_address("三栋二单元"), "****");
/// ```
pub fn masked_address(address: &str) -> String {
    if address.trim().is_empty() {
        return String::new();
    }
    let is_digit = |it: char| digit(it).is_some();
    let building = address.find(is_digit).and_then(|start| {
        let rest = address.get(start..)?;
        let end = start + rest.find(|it| !is_digit(it))?;
        let after = end + address.get(end..)?.find(is_digit)?;
        let n_digits = address.get(start..end)?.chars().count();
        (n_digits <= 2).then(|| address.get(..after)).flatten()
    });
    format!("{}{STARS}", building.unwrap_or(""))
}

/// What is known of the customer, every phone number and every room in somebody's words.
pub fn masked_words(text: &str, known: &Particulars) -> String {
    let address = (known.address.trim(), masked_address(&known.address));
    let text = without_contact(&replaced(text, address), known);
    without_numbers(&text, masked_number)
}

/// The customer's name and every phone number in somebody's words; where they are wanted stays.
///
/// ```
/// use shouwen_domain::assessment::masked_contacts;
/// use shouwen_domain::summary::Particulars;
///
/// let known = Particulars { customer: "李女士".to_owned(), ..Particulars::default() };
/// assert_eq!(
///     masked_contacts("李女士 138-0000-5678，12-2-1502 漏水", &known),
///     "李** 138****5678，12-2-1502 漏水"
/// );
/// ```
pub fn masked_contacts(text: &str, known: &Particulars) -> String {
    without_numbers(&without_contact(text, known), masked_phone_number)
}

impl Particulars {
    /// As whoever has no part in the case sees them: no name, no phone number.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self {
            matter: masked_contacts(&self.matter, self),
            customer: masked_name(&self.customer),
            phone: if self.phone.is_empty() {
                String::new()
            } else {
                masked_phone(&self.phone)
            },
            address: masked_contacts(&self.address, self),
        }
    }
}

fn without_contact(text: &str, known: &Particulars) -> String {
    let phone = (known.phone.trim(), masked_phone(&known.phone));
    let name = (known.customer.trim(), masked_name(&known.customer));
    replaced(&replaced(text, phone), name)
}

fn replaced(text: &str, (secret, masked): (&str, String)) -> String {
    if secret.is_empty() {
        text.to_owned()
    } else {
        text.replace(secret, &masked)
    }
}

/// Digits with single separators between them are one number.
fn without_numbers(text: &str, masked: fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut number = String::new();
    for it in text.chars().chain(['\n']) {
        let follows_digit = number
            .chars()
            .last()
            .is_some_and(|last| digit(last).is_some());
        let continues = digit(it).is_some()
            || (matches!(it, '-' | '－') && follows_digit)
            || (it == ' ' && follows_digit && !is_date(&groups(&number)));
        if continues {
            number.push(it);
            continue;
        }
        if !number.is_empty() {
            let bare = number.trim_end_matches(['-', ' ', '－']);
            out.push_str(&masked(bare));
            out.push_str(number.get(bare.len()..).unwrap_or(""));
            number.clear();
        }
        out.push(it);
    }
    out.pop();
    out
}

fn masked_number(number: &str) -> String {
    let groups = groups(number);
    let n_digits: usize = groups.iter().sum();
    let is_room = groups.len() > 1 && matches!(groups.last(), Some(3..=4)) && n_digits < 7;
    match n_digits {
        7.. if !is_date(&groups) => masked_phone(number),
        _ if is_room => masked_address(number),
        _ => number.to_owned(),
    }
}

fn masked_phone_number(number: &str) -> String {
    let groups = groups(number);
    // 12-2-1502
    let is_room = matches!(groups.as_slice(), [1..=2, 1..=2, 3..=4]);
    if groups.iter().sum::<usize>() >= 7 && !is_room && !is_date(&groups) {
        masked_phone(number)
    } else {
        number.to_owned()
    }
}

/// How many digits each part of a number has.
fn groups(number: &str) -> Vec<usize> {
    number
        .split(['-', ' ', '－'])
        .map(|it| it.chars().count())
        .collect()
}

const fn is_date(groups: &[usize]) -> bool {
    matches!(groups, [4, 1..=2, 1..=2])
}

fn digit(it: char) -> Option<char> {
    match it {
        '0'..='9' => Some(it),
        '０'..='９' => char::from_u32(u32::from(it) - 0xFF10 + u32::from('0')),
        _ => None,
    }
}
