//! The rules of the first-inquiry responsibility system: who answers for a case, and by when.
//!
//! Pure by construction. Nothing here reads a clock, draws a random number or
//! performs I/O: time and identifiers arrive as arguments.
//!
//! A case from the asking to who owes what: [`decide()`] obeys a [`Command`] with events, an
//! [`Envelope`](envelope::Envelope) keeps them, [`Case::fold`] reads all envelopes of a case in whatever order they
//! came, and [`explain`](explain::explain) says who answers for it, what is due by when, and under which rule.
//!
//! ```
//! # use std::error::Error;
//! use shouwen_domain::command::{Circumstances, Explained, Next, RecordForm};
//! use shouwen_domain::envelope::{Envelope, Stamp};
//! use shouwen_domain::event::Channel;
//! use shouwen_domain::explain::{Library, Reckoned, View, explain};
//! use shouwen_domain::hash::Salt;
//! use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId};
//! use shouwen_domain::moment::{Minutes, Moment};
//! use shouwen_domain::site::Site;
//! use shouwen_domain::verdict::{Evidence, Verdict};
//! use shouwen_domain::{Acting, Case, Command, Refusal, Rules, decide};
//! # use shouwen_domain::{calendar::Calendar, directory::Directory, pack::Pack, zone::Zones};
//! # macro_rules! shipped {
//! #     ($file:literal) => { include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/", $file)) };
//! # }
//! # fn main() -> Result<(), Box<dyn Error>> {
//! # let rules = Rules::try_new(
//! #     Pack::parse("property-service.toml", shipped!("property-service.toml"))?,
//! #     Calendar::parse(&[("2026.json", shipped!("calendars/cn/2026.json"))])?,
//! #     &Zones::parse(shipped!("zones.toml"))?,
//! #     Directory::parse("demo-site.toml", shipped!("demo-site.toml"))?,
//! # )?;
//! // Friday, 17 July 2026, 17:20 in Shanghai: a resident meets a guard; it drips from the ceiling.
//! let asked_at = Moment::from_unix_ms(1_784_280_000_000);
//! let guard: PersonId = "wang-jianguo".parse()?;
//! let form = RecordForm {
//!     number: "0717-K7-001".to_owned(),
//!     channel: Channel::Met,
//!     asked_at,
//!     asked: vec![guard.clone()],
//!     category: "water-leak".parse()?,
//!     matter: "厨房天花板滴水".to_owned(),
//!     customer: "李女士".to_owned(),
//!     phone: "13800005678".to_owned(),
//!     address: "3-2-1502".to_owned(),
//!     remark: String::new(),
//!     next: Next::HandOver {
//!         to: "engineering".parse()?,
//!         explained: Explained::Accepted,
//!         text: String::new(),
//!     },
//!     more: Circumstances::default(),
//! };
//! let now = asked_at + Minutes(5);
//! let acting = Acting { rules: &rules, person: &guard, now, evidence: Evidence::default() };
//! let events = decide(None, Command::Record(Box::new(form)), acting)?;
//!
//! let stamp = Stamp {
//!     id: EnvelopeId::from_random([1; 16]),
//!     site: rules.directory.site.clone(),
//!     case: CaseId::from_random([2; 16]),
//!     person: guard.clone(),
//!     device: DeviceId::from_random([3; 16]),
//!     chain: 1,
//!     sequence: 1,
//!     previous: None,
//!     counter: 1,
//!     at: now,
//!     clock: None,
//!     last_receipt: None,
//!     rules: rules.hashes(),
//!     facts_salt: Salt([4; 16]),
//!     content_salt: Salt([5; 16]),
//! };
//! let envelopes = vec![Envelope::seal(stamp, &events)?];
//! let case = Case::fold(&envelopes).case.ok_or("nothing was recorded")?;
//! assert_eq!(case.responder.person, guard);
//!
//! // What the rules do not allow is refused, with who may.
//! let refused = decide(Some(&case), Command::Receive, acting);
//! let department = "engineering".parse()?;
//! assert_eq!(refused, Err(Refusal::NotYourDepartment { department }));
//!
//! let library = Library { site: &Site::default(), texts: &[&rules] };
//! let evidence = Evidence::default();
//! let then = explain(&envelopes, now, View::Done, &evidence, &library).ok_or("not recorded by then")?;
//! assert_eq!(then.hands.department, "engineering".parse()?);
//! let owed: Vec<String> = then
//!     .owed
//!     .iter()
//!     .filter_map(|it| match &it.reckoned {
//!         Reckoned::By { rule, verdict: Verdict::Running, .. } => Some(format!("{:?} {rule}", it.deadline)),
//!         _ => None,
//!     })
//!     .collect();
//! assert_eq!(owed, ["Customer T10", "Sign T6", "AssignHandler T2", "Reply T3"]);
//! # Ok(())
//! # }
//! ```

pub mod case;
pub mod command;
pub mod decide;
pub mod draft;
pub mod envelope;
pub mod event;
pub mod summary;

pub mod agenda;
pub mod explain;
pub mod holds;
pub mod ladder;
pub mod retention;
pub mod verdict;

pub mod assessment;
pub mod conduct;

pub mod directory;
pub mod document;
pub mod looks;
pub mod pack;
pub mod rule;
pub mod rules;
pub mod scope;
pub mod site;

pub mod repeat;
pub mod search;

pub mod calendar;
pub mod hours;
pub mod moment;
pub mod reckoning;
pub mod zone;

pub mod at_rest;
pub mod certificate;
pub mod chunk;
mod deterministic;
pub mod hash;
pub mod id;
pub mod limits;
pub mod sealing;
pub mod signature;

pub use case::Case;
pub use command::Command;
pub use decide::{Acting, Refusal, decide};
pub use rules::Rules;
