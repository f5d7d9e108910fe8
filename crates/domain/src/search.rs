//! Who looks for a case as they type, and which rows are meant (L3).
//!
//! A row is looked at as the bytes in which it is kept; only one that may be meant is read. So a hundred thousand of them
//! are gone through between two keys.

use std::collections::BTreeSet;

use memchr::memchr2_iter;
use memchr::memmem::Finder;

use crate::id::{CategoryId, PersonId};
use crate::rules::Rules;
use crate::summary::Summary;

/// Bytes that stand in every row that is meant.
enum Trace {
    /// They are the same however they are written, large or small.
    Exactly(Box<Finder<'static>>),
    /// ASCII, in either case.
    Ascii(Vec<u8>),
    /// Nothing is known of what the rows look like.
    None,
}

/// What somebody typed, in number, matter, address, category or the first responder's name.
pub struct Sought {
    /// In small letters.
    text: String,
    trace: Trace,
    /// Whose names hold it, by id.
    categories: BTreeSet<CategoryId>,
    people: BTreeSet<PersonId>,
    ids: Vec<Finder<'static>>,
    /// Whom the directory knows; the others stand under their ids.
    known: BTreeSet<PersonId>,
}

impl Sought {
    /// None where nothing was typed.
    pub fn new(typed: &str, rules: Option<&Rules>) -> Option<Self> {
        let text = typed.trim().to_lowercase();
        if text.is_empty() {
            return None;
        }
        let holds = |name: &str| name.to_lowercase().contains(&text);
        let categories = rules.iter().flat_map(|it| &it.pack.categories);
        let categories = categories.filter(|it| holds(&format!("{} {}", it.name.zh, it.name.en)));
        let categories: BTreeSet<_> = categories.map(|it| it.id.clone()).collect();
        let everybody = rules.iter().flat_map(|it| it.directory.people.values());
        let people = everybody.clone().filter(|it| holds(&it.name));
        let people: BTreeSet<_> = people.map(|it| it.id.clone()).collect();
        let ids = categories.iter().map(CategoryId::as_str);
        let ids = ids.chain(people.iter().map(PersonId::as_str));
        let ids = ids.map(|it| Finder::new(it.as_bytes()).into_owned());
        Some(Self {
            trace: Trace::of(&text),
            ids: ids.collect(),
            text,
            categories,
            people,
            known: everybody.map(|it| it.id.clone()).collect(),
        })
    }

    /// The row in these bytes, where it is meant.
    pub fn in_row(&self, bytes: &[u8]) -> Option<Summary> {
        let may_be_meant =
            self.trace.is_in(bytes) || self.ids.iter().any(|it| it.find(bytes).is_some());
        let summary = may_be_meant.then(|| Summary::from_bytes(bytes)).flatten()?;
        self.is_in(&summary).then_some(summary)
    }

    /// Whether a row is meant.
    fn is_in(&self, summary: &Summary) -> bool {
        let texts = [&summary.number, &summary.matter, &summary.address];
        let person = &summary.first_responder;
        texts
            .iter()
            .any(|it| it.to_lowercase().contains(&self.text))
            || self.categories.contains(&summary.category)
            || self.people.contains(person)
            || (!self.known.contains(person) && person.as_str().contains(&self.text))
    }
}

impl Trace {
    /// `text`: in small letters.
    fn of(text: &str) -> Self {
        let has_cases = |it: char| it.is_alphabetic() && !it.to_uppercase().eq([it]);
        if !text.chars().any(has_cases) {
            return Self::exactly(text);
        }
        if text.is_ascii() {
            return Self::Ascii(text.as_bytes().to_vec());
        }
        // The longest part without cases: of several scripts, mostly the telling one.
        let parts = text.split(has_cases).filter(|it| !it.is_empty());
        parts
            .max_by_key(|it| it.len())
            .map_or(Self::None, Self::exactly)
    }

    fn exactly(text: &str) -> Self {
        Self::Exactly(Box::new(Finder::new(text.as_bytes()).into_owned()))
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Exactly(it) => it.find(bytes).is_some(),
            Self::Ascii(it) => {
                let begins = memchr2_iter(it[0], it[0].to_ascii_uppercase(), bytes);
                let mut found = begins.filter_map(|at| bytes.get(at..at + it.len()));
                found.any(|found| found.eq_ignore_ascii_case(it))
            }
            Self::None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::event::Kind;
    use crate::id::CaseId;
    use crate::moment::Moment;
    use crate::pack::Pack;
    use crate::summary::SUMMARY_FORMAT;
    use crate::{calendar::Calendar, directory::Directory, zone::Zones};

    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        macro_rules! shipped {
            ($file:literal) => {
                include_str!(concat!("../../../packs/", $file))
            };
        }
        Rules::try_new(
            Pack::parse("property-service.toml", shipped!("property-service.toml")).unwrap(),
            Calendar::parse(&[("2026.json", shipped!("calendars/cn/2026.json"))]).unwrap(),
            &Zones::parse(shipped!("zones.toml")).unwrap(),
            Directory::parse("demo-site.toml", shipped!("demo-site.toml")).unwrap(),
        )
        .unwrap()
    });

    fn row(number: &str, matter: &str, address: &str, person: &str) -> Summary {
        Summary {
            format: SUMMARY_FORMAT,
            case: CaseId::from_random([7; 16]),
            version: 1,
            number: number.to_owned(),
            category: "water-leak".parse().unwrap(),
            kind: Kind::ServiceRequest,
            asked_at: Moment::from_unix_ms(0),
            first_responder: person.parse().unwrap(),
            department: "service".parse().unwrap(),
            holder: "service".parse().unwrap(),
            handler: None,
            tasks: Vec::new(),
            ending: None,
            address: address.to_owned(),
            matter: matter.to_owned(),
            n_without_effect: 0,
            needs_newer_version: false,
            changed_at: Moment::from_unix_ms(0),
            rules: 0,
            only_claimed_of: None,
            is_erased: false,
        }
    }

    fn finds(typed: &str, row: &Summary) -> bool {
        let sought = Sought::new(typed, Some(&RULES)).unwrap();
        let found = sought.in_row(&row.to_bytes());
        assert_eq!(found.as_ref(), found.as_ref().map(|_| row));
        found.is_some()
    }

    #[test]
    fn a_case_is_found_by_whatever_its_row_says() {
        let leak = row(
            "0717-K7-001",
            "厨房天花板滴水，TV 也湿了",
            "3-2-1502",
            "wang-jianguo",
        );
        for typed in [
            "天花板",
            "k7-0",
            "K7",
            "tv 也",
            "1502",
            " 滴水 ",
            "漏水",
            "leak",
            "王建国",
        ] {
            assert!(finds(typed, &leak), "{typed}");
        }
        for typed in ["电梯", "k8", "tv也", "1503", "wang-jianguo", "刘敏"] {
            assert!(!finds(typed, &leak), "{typed}");
        }
        // Whom the directory does not know stands under their id.
        assert!(finds("kim", &row("1", "灯", "1-1", "kim-min")));
        assert!(Sought::new(" ", None).is_none());
        assert!(Sought::new("x", None).unwrap().in_row(b"no row").is_none());
    }

    proptest! {
        #[test]
        fn what_is_passed_over_by_its_bytes_is_not_meant(
            number in "[0-9A-Ka-k-]{0,8}",
            matter in "[漏水电梯房aAbBéÉжЖ1-3 ]{0,24}",
            address in "[1-3栋a-cA-C-]{0,8}",
            typed in "[漏水电梯房aAbBéÉжЖ1-3栋kK -]{1,3}",
        ) {
            let row = row(&number, &matter, &address, "wang-jianguo");
            if let Some(sought) = Sought::new(&typed, Some(&RULES)) {
                let found = sought.in_row(&row.to_bytes()).is_some();
                prop_assert_eq!(found, sought.is_in(&row));
            }
        }
    }
}
