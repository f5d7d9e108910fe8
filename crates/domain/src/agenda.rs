//! What is open of a case, reckoned once and judged as often as the clock ticks.
//!
//! Reckoning walks a calendar; judging compares moments. A list keeps an [`Agenda`] for each case, fills
//! it anew when the case, its evidence or the texts change, and asks it on every tick without allocating.
//!
//! ```
//! use shouwen_domain::agenda::Agenda;
//! use shouwen_domain::verdict::{Evidence, Verdict};
//! # use shouwen_domain::calendar::Calendar;
//! # use shouwen_domain::command::{Circumstances, Command, Next, RecordForm};
//! # use shouwen_domain::directory::Directory;
//! # use shouwen_domain::envelope::{Envelope, Stamp};
//! # use shouwen_domain::event::Channel;
//! # use shouwen_domain::hash::Salt;
//! # use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId};
//! # use shouwen_domain::moment::{Minutes, Moment};
//! # use shouwen_domain::pack::Pack;
//! # use shouwen_domain::zone::Zones;
//! # use shouwen_domain::{Acting, Case, Rules, decide};
//! # macro_rules! shipped {
//! #     ($file:literal) => { include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/", $file)) };
//! # }
//! # let rules = Rules::try_new(
//! #     Pack::parse("property-service.toml", shipped!("property-service.toml"))?,
//! #     Calendar::parse(&[("2026.json", shipped!("calendars/cn/2026.json"))])?,
//! #     &Zones::parse(shipped!("zones.toml"))?,
//! #     Directory::parse("demo-site.toml", shipped!("demo-site.toml"))?,
//! # )?;
//! # let guard: PersonId = "wang-jianguo".parse()?;
//! # let asked_at = Moment::from_unix_ms(1_784_280_000_000);
//! # let form = RecordForm {
//! #     number: "0717-K7-001".to_owned(), channel: Channel::Met, asked_at, asked: vec![guard.clone()],
//! #     category: "water-leak".parse()?, matter: "厨房天花板滴水".to_owned(), customer: "李女士".to_owned(),
//! #     phone: "13800005678".to_owned(), address: "3-2-1502".to_owned(), remark: String::new(),
//! #     next: Next::Keep, more: Circumstances::default(),
//! # };
//! # let acting = Acting { rules: &rules, person: &guard, now: asked_at, evidence: Evidence::default() };
//! # let events = decide(None, Command::Record(Box::new(form)), acting)?;
//! # let stamp = Stamp {
//! #     id: EnvelopeId::from_random([1; 16]), site: rules.directory.site.clone(),
//! #     case: CaseId::from_random([2; 16]), person: guard.clone(), device: DeviceId::from_random([3; 16]),
//! #     chain: 1, sequence: 1, previous: None, counter: 1, at: asked_at, clock: None, last_receipt: None,
//! #     rules: rules.hashes(), facts_salt: Salt([4; 16]), content_salt: Salt([5; 16]),
//! # };
//! # let envelopes = [Envelope::seal(stamp, &events)?];
//! # let case = Case::fold(&envelopes).case.ok_or("nothing was recorded")?;
//! // A guard was asked about a leak on Friday, 17 July 2026, 17:20, and keeps the case.
//! let agenda = Agenda::of(&case, &rules, &Evidence::default());
//! let due = agenda.next_due().ok_or("nothing is due")?;
//! assert_eq!(due, asked_at + Minutes(60), "T1: within an hour");
//!
//! // A timer is set to the moment just after; until then nothing is late.
//! let just_after = agenda.next_transition(asked_at).ok_or("nothing will change")?;
//! let mut verdicts = Vec::new();
//! agenda.verdicts_into(due, None, &mut verdicts);
//! assert!(verdicts.iter().all(|(_, it)| *it == Verdict::Running));
//! verdicts.clear();
//! agenda.verdicts_into(just_after, None, &mut verdicts);
//! assert!(verdicts.iter().any(|(_, it)| *it == Verdict::Late));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::case::Case;
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::rules::Rules;
use crate::verdict::{Evidence, Slip, Terms, Verdict};

/// The open obligations of one case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agenda {
    lines: Vec<Line>,
}

/// One open obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its place among [`Case::obligations`].
    pub obligation: u32,
    pub deadline: DeadlineId,
    /// None: it cannot be reckoned, see [`Rules::terms`] for why.
    pub terms: Option<Terms>,
}

impl Agenda {
    /// Reckons all that is open.
    pub fn of(case: &Case, rules: &Rules, evidence: &Evidence<'_>) -> Self {
        let mut agenda = Self::default();
        agenda.refill(case, rules, evidence);
        agenda
    }

    /// Reckons anew, in the room that is there already.
    pub fn refill(&mut self, case: &Case, rules: &Rules, evidence: &Evidence<'_>) {
        self.lines.clear();
        let open = (0..)
            .zip(&case.obligations)
            .filter(|(_, it)| it.end.is_none());
        self.lines.extend(open.map(|(obligation, it)| Line {
            obligation,
            deadline: it.deadline,
            terms: rules.terms(case, it, evidence).ok(),
        }));
    }

    /// In the order it arose.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The earliest due moment, past ones included.
    pub fn next_due(&self) -> Option<Moment> {
        self.lines
            .iter()
            .filter_map(|it| it.terms)
            .map(|it| it.due)
            .min()
    }

    /// From which moment on, later than `now`, some verdict is another: for a timer.
    pub fn next_transition(&self, now: Moment) -> Option<Moment> {
        let after = |at: Moment| Moment::from_unix_ms(at.unix_ms().saturating_add(1));
        self.lines
            .iter()
            .filter_map(|it| it.terms)
            .flat_map(|it| {
                let until = match it.slip {
                    Slip::Arrived { until, .. } => until,
                    Slip::AtHand | Slip::UnderWay(_) => it.latest(),
                };
                [after(it.latest()), after(until)]
            })
            .filter(|it| *it > now)
            .min()
    }

    /// The verdict on each line that can be reckoned, put behind what is in `out`.
    pub fn verdicts_into(
        &self,
        now: Moment,
        heard_until: Option<Moment>,
        out: &mut Vec<(u32, Verdict)>,
    ) {
        let judged = |it: &Line| {
            let verdict = it.terms?.open(now, heard_until);
            Some((it.obligation, verdict))
        };
        out.extend(self.lines.iter().filter_map(judged));
    }
}
