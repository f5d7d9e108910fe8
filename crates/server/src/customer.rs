//! What is held of a customer: looked for by their phone or name, and copied out for them to read.
//!
//! Nothing is kept by customer, so whoever looks reads the site's whole log. What was asked for is repeated nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::str::FromStr;

use shouwen_domain::chunk::n_chunks;
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::{Content, Event, Fact};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, PersonId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_domain::repeat::phone_digits;
use shouwen_domain::site::Erasure;

use crate::storage::db::Db;
use crate::storage::{Fault, files, log, orders};

/// A phone number or words, by which cases are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    words: String,
    phone: Option<String>,
}

/// As staff name a case, or by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseName {
    Number(String),
    Id(CaseId),
}

/// A case, as far as it takes to know which one it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// None: nothing that records it has arrived.
    pub number: Option<String>,
    pub asked_at: Option<Moment>,
    pub n_envelopes: u64,
    pub n_pictures: u64,
    /// Which of the terms it holds, from 1.
    pub terms: BTreeSet<usize>,
}

/// What is held of a case, to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub text: String,
    /// Name and bytes of each picture.
    pub pictures: Vec<(String, Vec<u8>)>,
}

impl Term {
    /// None where nothing is asked for.
    pub fn read(line: &str) -> Option<Self> {
        let words = plain(line);
        // A name with some digits in it is no phone.
        let is_number = !words.is_empty()
            && words
                .chars()
                .all(|it| "+-()".contains(it) || it.is_ascii_digit());
        let phone = phone_digits(line).filter(|_| is_number);
        (!words.is_empty()).then_some(Self { words, phone })
    }

    fn is_in(&self, said: &str) -> bool {
        let said = plain(said);
        match &self.phone {
            Some(phone) => digits(&said).contains(phone),
            None => said.contains(&self.words),
        }
    }

    fn is_in_any(&self, content: &Content) -> bool {
        fields(content).into_iter().any(|(_, it)| self.is_in(it))
    }
}

impl FromStr for CaseName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::Number(text.trim().to_owned()), Self::Id))
    }
}

/// However it was typed: without spaces, in half width, in small letters.
fn plain(text: &str) -> String {
    let half_width = |it: char| match u32::from(it) {
        0xff01..=0xff5e => char::from_u32(u32::from(it) - 0xfee0).unwrap_or(it),
        _ => it,
    };
    let letters = text
        .chars()
        .filter(|it| !it.is_whitespace())
        .map(half_width);
    letters.flat_map(char::to_lowercase).collect()
}

/// Digits with nothing but dashes between them stand together.
fn digits(plain: &str) -> String {
    plain.chars().filter(|it| !"-()".contains(*it)).collect()
}

/// With what each is called on paper.
fn fields(content: &Content) -> Vec<(&'static str, &str)> {
    let Content {
        matter,
        customer,
        phone,
        address,
        text,
    } = content;
    let named = [
        ("姓名", customer),
        ("电话", phone),
        ("地址", address),
        ("诉求", matter),
        ("说明", text),
    ];
    named
        .into_iter()
        .filter_map(|(name, it)| Some((name, it.as_deref()?)))
        .collect()
}

/// Every case of a site with what it holds of these terms; without any, all of them.
pub fn cases(db: &dyn Db, site: &SiteId, terms: &[Term]) -> Result<BTreeMap<CaseId, Found>, Fault> {
    let mut found = BTreeMap::<CaseId, Found>::new();
    log::each(db, site, |envelope| {
        let header = envelope.header();
        if header.case == CaseId::SITE {
            return;
        }
        let it = found.entry(header.case).or_default();
        it.n_envelopes += 1;
        for Event { fact, content } in envelope.events().unwrap_or_default() {
            if let Fact::Recorded(record) = &fact {
                it.number = Some(record.number.clone());
                it.asked_at = Some(record.asked_at);
            }
            it.n_pictures += u64::from(matches!(fact, Fact::PhotoAdded(_)));
            let here = (1..)
                .zip(terms)
                .filter(|(_, term)| term.is_in_any(&content));
            it.terms.extend(here.map(|(n, _)| n));
        }
    })?;
    if !terms.is_empty() {
        found.retain(|_, it| !it.terms.is_empty());
    }
    Ok(found)
}

/// Each case by its name; the first that there is not.
pub fn named(
    db: &dyn Db,
    site: &SiteId,
    names: &[CaseName],
) -> Result<Result<BTreeSet<CaseId>, CaseName>, Fault> {
    let known = cases(db, site, &[])?;
    let id = |name: &CaseName| match name {
        CaseName::Id(id) => known.contains_key(id).then_some(*id),
        CaseName::Number(number) => {
            let mut known = known.iter();
            let found = known.find(|(_, it)| it.number.as_ref() == Some(number));
            found.map(|(id, _)| *id)
        }
    };
    Ok(names
        .iter()
        .map(|it| id(it).ok_or_else(|| it.clone()))
        .collect())
}

/// All that is held of these cases, in the order in which it was written; `minute`: a moment on the clock of the site.
pub fn copy(
    db: &dyn Db,
    site: &SiteId,
    directory: &Directory,
    cases: &BTreeSet<CaseId>,
    minute: impl Fn(Moment) -> String,
) -> Result<Copy, Fault> {
    let mut envelopes: Vec<Envelope> = Vec::new();
    log::each(db, site, |it| {
        if cases.contains(&it.header().case) {
            envelopes.push(it);
        }
    })?;
    envelopes.sort_by_key(|it| (it.header().case, it.order()));
    let erased = orders::site(db, site)?.erased;
    let who = |id: &PersonId| {
        let person = directory.people.get(id);
        person.map_or_else(|| id.to_string(), |it| format!("{} ({id})", it.name))
    };
    let (mut text, mut pictures) = (String::new(), BTreeMap::new());
    for of_case in envelopes.chunk_by(|a, b| a.header().case == b.header().case) {
        write_case(
            &mut text,
            of_case,
            erased.get(&of_case[0].header().case),
            who,
            &minute,
            |hash| {
                if !pictures.contains_key(hash)
                    && let Some(it) = picture(db, site, hash)?
                {
                    pictures.insert(*hash, it);
                }
                Ok(pictures
                    .get(hash)
                    .map(|it: &(String, Vec<u8>)| it.0.clone()))
            },
        )?;
    }
    Ok(Copy {
        text,
        pictures: pictures.into_values().collect(),
    })
}

fn write_case(
    text: &mut String,
    envelopes: &[Envelope],
    erasure: Option<&Erasure>,
    who: impl Fn(&PersonId) -> String,
    minute: impl Fn(Moment) -> String,
    mut picture: impl FnMut(&Hash) -> Result<Option<String>, Fault>,
) -> Result<(), Fault> {
    let mut line = |it: String| {
        let _ = writeln!(text, "{it}");
    };
    line(format!("== {}", envelopes[0].header().case));
    if let Some(it) = erasure {
        line(format!("客户信息已于 {} 删除", minute(it.at)));
    }
    for envelope in envelopes {
        let header = envelope.header();
        line(format!("\n{} {}", minute(header.at), who(&header.person)));
        for Event { fact, content } in envelope.events().unwrap_or_default() {
            if let Fact::Recorded(it) = &fact {
                line(format!("  编号: {}", it.number));
                line(format!("  提出时间: {}", minute(it.asked_at)));
                line(format!("  类别: {}", it.category));
            }
            for (name, said) in fields(&content) {
                line(format!("  {name}: {}", said.replace('\n', "\n    ")));
            }
            if let Fact::PhotoAdded(it) = &fact {
                let name = picture(&it.photo)?;
                line(format!(
                    "  图片: {}",
                    name.unwrap_or_else(|| "（无）".to_owned())
                ));
            }
        }
    }
    line(String::new());
    Ok(())
}

/// A picture that is here as a whole, and what its file is to be called.
fn picture(db: &dyn Db, site: &SiteId, hash: &Hash) -> Result<Option<(String, Vec<u8>)>, Fault> {
    let mut bytes = Vec::new();
    let mut n_left = 1;
    for n in 0.. {
        if n == n_left {
            break;
        }
        let Some(chunk) = files::chunk(db, site, hash, n)? else {
            return Ok(None);
        };
        n_left = n_chunks(chunk.n_bytes).unwrap_or_default();
        bytes.extend(chunk.bytes);
    }
    let ending = match bytes.first() {
        Some(0x89) => "png",
        Some(b'R') => "webp",
        Some(_) | None => "jpg",
    };
    Ok(Some((format!("{hash}.{ending}"), bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(term: &str, said: &str) -> bool {
        Term::read(term).is_some_and(|it| it.is_in(said))
    }

    #[test]
    fn a_phone_is_found_however_it_was_written_and_inside_of_words() {
        for said in [
            "13800005678",
            "138-0000-5678",
            "+86 138 0000 5678",
            "请打１３８ ００００５６７８，李女士",
        ] {
            assert!(holds("138 0000 5678", said), "{said}");
            assert!(holds("+86-13800005678", said), "{said}");
        }
        for said in ["13800005679", "1380000567", "138", ""] {
            assert!(!holds("13800005678", said), "{said}");
        }
    }

    #[test]
    fn a_name_is_found_in_any_field_and_nothing_finds_nothing() {
        assert!(holds("李女士", "李 女士"));
        assert!(holds("Ms Li", "said by ms li, twice"));
        assert!(!holds("李女士", "李先生"));
        assert!(holds("3-2-1502", "３-２-1502 室"));
        assert_eq!(Term::read(" \u{3000}\n"), None);
    }

    #[test]
    fn a_case_is_named_by_its_number_or_its_id() {
        let id = CaseId::from_random([0xa5; 16]);
        assert_eq!(id.to_string().parse(), Ok(CaseName::Id(id)));
        let number = CaseName::Number("0713-K7-018".to_owned());
        assert_eq!("0713-K7-018".parse(), Ok(number));
    }
}
