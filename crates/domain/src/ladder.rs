//! How what is overdue climbs: handler, supervisor, director (C4), each at a moment of the pack's `[escalation]`.

use crate::case::{Case, Obligation, Owed};
use crate::id::PersonId;
use crate::moment::{Minutes, Moment};
use crate::reckoning::{Limit, ReckoningError};
use crate::rules::Rules;

/// Who is told, from the bottom up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Whoever owes it, from the due moment on.
    Handler,
    /// The head of the department that owes it.
    Supervisor,
    Director,
}

/// One step up of something overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    pub step: Step,
    pub at: Moment,
    pub is_reached: bool,
    /// Who is told. None: the directory names nobody who is there.
    pub who: Option<PersonId>,
}

/// The rungs of an obligation that is due at `due`, the lowest first, by the case's own pack (G4). They climb only while
/// it is open. Under a pack without an escalation it stays with whoever owes it.
///
/// Whoever is absent is stood in for by their deputy (AB角), and where the deputy is absent too, the
/// next above is told instead. A head who owes it, or whom the matter concerns (I11), is no supervisor of it: that is the
/// director.
///
/// ```
/// use shouwen_domain::ladder::{Step, rungs};
/// # use shouwen_domain::calendar::Calendar;
/// # use shouwen_domain::command::{Circumstances, Command, Next, RecordForm};
/// # use shouwen_domain::directory::Directory;
/// # use shouwen_domain::envelope::{Envelope, Stamp};
/// # use shouwen_domain::event::Channel;
/// # use shouwen_domain::hash::Salt;
/// # use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId};
/// # use shouwen_domain::moment::{Minutes, Moment};
/// # use shouwen_domain::pack::Pack;
/// # use shouwen_domain::verdict::Evidence;
/// # use shouwen_domain::zone::Zones;
/// # use shouwen_domain::{Acting, Case, Rules, decide};
/// # macro_rules! shipped {
/// #     ($file:literal) => { include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/", $file)) };
/// # }
/// # let rules = Rules::try_new(
/// #     Pack::parse("property-service.toml", shipped!("property-service.toml"))?,
/// #     Calendar::parse(&[("2026.json", shipped!("calendars/cn/2026.json"))])?,
/// #     &Zones::parse(shipped!("zones.toml"))?,
/// #     Directory::parse("demo-site.toml", shipped!("demo-site.toml"))?,
/// # )?;
/// # let guard: PersonId = "wang-jianguo".parse()?;
/// # let asked_at = Moment::from_unix_ms(1_784_280_000_000);
/// # let form = RecordForm {
/// #     number: "0717-K7-001".to_owned(), channel: Channel::Met, asked_at, asked: vec![guard.clone()],
/// #     category: "water-leak".parse()?, matter: "厨房天花板滴水".to_owned(), customer: "李女士".to_owned(),
/// #     phone: "13800005678".to_owned(), address: "3-2-1502".to_owned(), remark: String::new(),
/// #     next: Next::Keep, more: Circumstances::default(),
/// # };
/// # let acting = Acting { rules: &rules, person: &guard, now: asked_at, evidence: Evidence::default() };
/// # let events = decide(None, Command::Record(Box::new(form)), acting)?;
/// # let stamp = Stamp {
/// #     id: EnvelopeId::from_random([1; 16]), site: rules.directory.site.clone(),
/// #     case: CaseId::from_random([2; 16]), person: guard.clone(), device: DeviceId::from_random([3; 16]),
/// #     chain: 1, sequence: 1, previous: None, counter: 1, at: asked_at, clock: None, last_receipt: None,
/// #     rules: rules.hashes(), facts_salt: Salt([4; 16]), content_salt: Salt([5; 16]),
/// # };
/// # let envelopes = [Envelope::seal(stamp, &events)?];
/// # let case = Case::fold(&envelopes).case.ok_or("nothing was recorded")?;
/// // A guard was asked about a leak on Friday, 17 July 2026, 17:20, and keeps the case.
/// let transfer = &case.obligations[0];
/// let due = rules.due_at(&case, transfer, transfer.since)?;
/// let found = rungs((&case, transfer), due, due.after_ms(1), &rules, |_| false)?;
/// assert_eq!((found[0].step, found[0].who.as_ref(), found[0].is_reached), (Step::Handler, Some(&guard), true));
///
/// // The supervisor is told at once too, the director later.
/// let higher: Vec<_> = found[1..].iter().map(|it| (it.step, it.is_reached)).collect();
/// assert_eq!(higher, [(Step::Supervisor, true), (Step::Director, false)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A moment that cannot be reckoned, such as in a past year without a calendar.
pub fn rungs(
    (case, obligation): (&Case, &Obligation),
    due: Moment,
    now: Moment,
    rules: &Rules,
    is_absent: impl Fn(&PersonId) -> bool,
) -> Result<Vec<Rung>, ReckoningError> {
    let posts = Posts {
        rules,
        owed: &obligation.owed_by,
        concerns: &case.record.concerns,
        is_absent: &is_absent,
    };
    let is_open = obligation.end.is_none();
    let rung = |step, at, who| Rung {
        step,
        at,
        is_reached: is_open && now > at,
        who,
    };
    let mut rungs = vec![rung(Step::Handler, due, posts.handler())];
    if let Some(escalation) = rules.pack_of(case).escalation {
        let hours_of = &obligation.owed_by.department;
        let after = |limit: Option<Limit>| match limit {
            None => Ok(due),
            Some(limit) => rules.after(case, hours_of, due, &limit),
        };
        let supervisor_at = after(escalation.supervisor)?.max(due);
        let director_at = after(escalation.director)?.max(supervisor_at);
        rungs.push(rung(Step::Supervisor, supervisor_at, posts.supervisor()));
        rungs.push(rung(Step::Director, director_at, posts.director()));
    }
    Ok(rungs)
}

struct Posts<'a, F> {
    rules: &'a Rules,
    owed: &'a Owed,
    concerns: &'a [PersonId],
    is_absent: &'a F,
}

impl<F: Fn(&PersonId) -> bool> Posts<'_, F> {
    fn handler(&self) -> Option<PersonId> {
        match &self.owed.person {
            Some(person) => self
                .someone(person, |it| !(self.is_absent)(it))
                .or_else(|| self.supervisor()),
            None => self.supervisor(),
        }
    }

    fn supervisor(&self) -> Option<PersonId> {
        let head = self
            .rules
            .directory
            .department(&self.owed.department)
            .map(|it| &it.head)
            .filter(|it| self.owed.person.as_ref() != Some(it) && !self.concerns.contains(it));
        head.and_then(|it| self.there(it))
            .filter(|it| self.owed.person.as_ref() != Some(it))
            .or_else(|| self.director())
    }

    fn director(&self) -> Option<PersonId> {
        self.rules
            .directory
            .director
            .as_ref()
            .and_then(|it| self.there(it))
    }

    /// The person or the deputy, whoever is there and not concerned.
    fn there(&self, person: &PersonId) -> Option<PersonId> {
        self.someone(person, |it| {
            !(self.is_absent)(it) && !self.concerns.contains(it)
        })
    }

    fn someone(&self, person: &PersonId, may: impl Fn(&PersonId) -> bool) -> Option<PersonId> {
        let deputy = || self.rules.directory.person(person)?.deputy.as_ref();
        Some(person)
            .filter(|it| may(it))
            .or_else(|| deputy().filter(|it| may(it)))
            .cloned()
    }
}

/// When somebody is warned of what is due at `due`: so many minutes before, never before it arose.
///
/// ```
/// use shouwen_domain::ladder::warnings;
/// use shouwen_domain::moment::{Minutes, Moment};
///
/// let since = Moment::from_unix_ms(0);
/// let due = since + Minutes(60);
/// let at: Vec<_> = warnings(since, due, &[Minutes(25), Minutes(90), Minutes(5)]).collect();
/// assert_eq!(at, [since + Minutes(35), since + Minutes(55)]);
/// ```
pub fn warnings(
    since: Moment,
    due: Moment,
    before: &[Minutes],
) -> impl Iterator<Item = Moment> + '_ {
    before
        .iter()
        .map(move |it| due - *it)
        .filter(move |it| *it >= since)
}
