//! Who answered for a case at a past moment, what was due by when, under which rule and texts, and with
//! which verdict: values, no words. Start at [`explain`].

use crate::case::{Case, End, Folded, Obligation, Owed, Parallel, Rerouted, Responder, Stage};
use crate::envelope::{Envelope, RuleHashes};
use crate::id::{CaseId, DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::reckoning::{Changed, Due, ReckoningError};
use crate::rule::RuleId;
use crate::rules::Rules;
use crate::site::Site;
use crate::verdict::{Evidence, Verdict};

/// Whose past it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What had been done by then, wherever it was known.
    Done,
    /// What had arrived at head office by then.
    KnownAtHeadOffice,
}

/// How a case stood at a moment, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub case: CaseId,
    pub at: Moment,
    /// Who answers for the case (F1, F3).
    pub first_responder: Responder,
    /// In whose hands it is; a slip counts as handed over from its issue, signed for or not.
    pub hands: Owed,
    /// Where it stands, with whether the slip was signed for.
    pub stage: Stage,
    pub handler: Option<PersonId>,
    /// The lead that coordination named (C1).
    pub lead: Option<DepartmentId>,
    /// The post on duty that has what the first responder owed (F7).
    pub on_duty: Option<PersonId>,
    /// A shift handover that is not signed for yet: from whom, to whom (F7).
    pub shift: Option<(PersonId, PersonId)>,
    pub owed: Vec<Owing>,
    pub parallels: Vec<Parallel>,
    pub rerouted: Vec<Rerouted>,
}

/// One obligation as it stood then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    pub deadline: DeadlineId,
    pub since: Moment,
    /// The act by which it arose.
    pub arose: EnvelopeId,
    pub end: Option<End>,
    pub owed_by: Owed,
    /// The texts that it is reckoned by: the pack under which the case was opened (G4); the calendar of
    /// the act that ended it, or the one in force while it is open.
    pub texts: RuleHashes,
    pub reckoned: Reckoned,
    /// How changes of the calendar moved its due moment while it was open, the first first.
    pub moved: Vec<Moved>,
}

/// The site adopted another calendar, and what was open was reckoned anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub at: Moment,
    /// From when to when, and which days differ.
    pub changed: Changed,
}

/// By when it was due, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reckoned {
    By {
        rule: RuleId,
        due: Due,
        verdict: Verdict,
        /// Who owed it when it fell due.
        answerable: Owed,
    },
    Not {
        rule: RuleId,
        error: ReckoningError,
    },
    /// The texts are named, and not among those at hand.
    TextsNotAtHand,
}

impl Case {
    /// The case as it stood at a moment: folded from what had been done by then, by the devices' clocks.
    pub fn at(envelopes: &[Envelope], moment: Moment) -> Folded {
        Self::fold(envelopes.iter().filter(|it| it.header().at <= moment))
    }

    /// The case as head office knew it at a moment: folded from what had arrived by then.
    pub fn known_at(envelopes: &[Envelope], moment: Moment, evidence: &Evidence<'_>) -> Folded {
        Self::fold(
            envelopes
                .iter()
                .filter(|it| had_arrived(it, moment, evidence)),
        )
    }
}

fn had_arrived(envelope: &Envelope, moment: Moment, evidence: &Evidence<'_>) -> bool {
    evidence
        .of(envelope.header().id)
        .and_then(|it| it.arrived)
        .is_some_and(|it| it <= moment)
}

/// What an explanation is read from beside the case: which texts held when is the site's and the acts' to say, so they
/// come in any order.
#[derive(Debug, Clone, Copy)]
pub struct Library<'a> {
    /// What the site adopted (G4).
    pub site: &'a Site,
    /// The texts at hand; each act names its own by hash.
    pub texts: &'a [&'a Rules],
}

impl<'a> Library<'a> {
    fn find(&self, case: &Case, texts: RuleHashes) -> Option<&'a Rules> {
        self.texts.iter().copied().find(|it| {
            let has = it.hashes();
            has.calendar == texts.calendar && has.zones == texts.zones && it.knows_pack_of(case)
        })
    }

    /// In force at a moment: the calendar that the site had adopted, else that of the last act on the case.
    fn in_force(&self, at: Moment, by_then: &[Envelope]) -> Option<RuleHashes> {
        let last = by_then.iter().max_by_key(|it| it.order())?.header().rules;
        Some(RuleHashes {
            calendar: self.site.calendar_at(at).unwrap_or(last.calendar),
            ..last
        })
    }
}

/// The case as it stood `at` a past moment: who answered for it, what was due by when, under which rule, pack and
/// calendar, and with which verdict. None: the case was not recorded by then.
///
/// ```
/// # use shouwen_domain::event::Channel;
/// use shouwen_domain::explain::{Library, Reckoned, View, explain};
/// use shouwen_domain::moment::{Minutes, Moment};
/// use shouwen_domain::pack::DeadlineId;
/// use shouwen_domain::rule::RuleId;
/// use shouwen_domain::site::Site;
/// use shouwen_domain::verdict::Evidence;
/// # use shouwen_domain::calendar::Calendar;
/// # use shouwen_domain::command::{Circumstances, Command, Next, RecordForm};
/// # use shouwen_domain::directory::Directory;
/// # use shouwen_domain::envelope::{Envelope, Stamp};
/// # use shouwen_domain::hash::Salt;
/// # use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
/// # use shouwen_domain::pack::Pack;
/// # use shouwen_domain::zone::Zones;
/// # use shouwen_domain::{Acting, Rules, decide};
/// # let rules = Rules::try_new(
/// #     Pack::parse("", include_str!("../../../packs/property-service.toml"))?,
/// #     Calendar::parse(&[("2026.json", include_str!("../../../packs/calendars/cn/2026.json"))])?,
/// #     &Zones::parse(include_str!("../../../packs/zones.toml"))?,
/// #     Directory::parse("", include_str!("../tests/support/small-site.toml"))?,
/// # )?;
/// # let person = "wang-jianguo".parse()?;
/// // Friday 13 February 2026, 17:55: before a make-up Saturday and nine days of holiday.
/// let asked_at = Moment::from_unix_ms(1_770_976_500_000);
/// # let form = RecordForm {
/// #     number: "0713-K7-018".to_owned(), channel: Channel::Met, asked_at, asked: vec![person],
/// #     category: "water-leak".parse()?, matter: "厨房天花板滴水".to_owned(), customer: "李女士".to_owned(),
/// #     phone: "13800005678".to_owned(), address: "3-2-1502".to_owned(), remark: String::new(),
/// #     next: Next::Keep, more: Circumstances::default(),
/// # };
/// # let person = "wang-jianguo".parse()?;
/// # let acting = Acting { rules: &rules, person: &person, now: asked_at, evidence: Evidence::default() };
/// # let events = decide(None, Command::Record(Box::new(form)), acting)?;
/// # let stamp = Stamp {
/// #     id: EnvelopeId::from_random([1; 16]), site: rules.directory.site.clone(),
/// #     case: CaseId::from_random([7; 16]), person: person.clone(), device: DeviceId::from_random([1; 16]),
/// #     chain: 1, sequence: 1, previous: None, counter: 1, at: asked_at, clock: None, last_receipt: None,
/// #     rules: rules.hashes(), facts_salt: Salt([0; 16]), content_salt: Salt([0; 16]),
/// # };
/// # let envelopes = [Envelope::seal(stamp, &events)?];
/// // `envelopes`: a leak that a patrol officer was asked about then.
/// let library = Library { site: &Site::default(), texts: &[&rules] };
/// let then = asked_at + Minutes(30);
/// let found = explain(&envelopes, then, View::Done, &Evidence::default(), &library).unwrap();
/// assert_eq!(found.first_responder.person.as_str(), "wang-jianguo");
/// let transfer = found.owed.iter().find(|it| it.deadline == DeadlineId::Transfer).unwrap();
/// assert_eq!(transfer.texts, rules.hashes());
/// let Reckoned::By { rule, due, .. } = &transfer.reckoned else { unreachable!() };
/// assert_eq!((*rule, due.at), (RuleId::T1, asked_at + Minutes(60)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain(
    envelopes: &[Envelope],
    at: Moment,
    view: View,
    evidence: &Evidence<'_>,
    library: &Library<'_>,
) -> Option<Explanation> {
    let by_then: Vec<Envelope> = envelopes
        .iter()
        .filter(|it| match view {
            View::Done => it.header().at <= at,
            View::KnownAtHeadOffice => had_arrived(it, at, evidence),
        })
        .cloned()
        .collect();
    let folded = Case::fold(&by_then);
    let case = folded.case?;
    let in_force = library.in_force(at, &by_then)?;
    let owed = case
        .obligations
        .iter()
        .map(|it| {
            let texts = texts_of(&case, it, &by_then, in_force);
            Owing {
                deadline: it.deadline,
                since: it.since,
                arose: it.arose,
                end: it.end,
                owed_by: it.owed_by.clone(),
                texts,
                reckoned: match library.find(&case, texts) {
                    Some(rules) => reckoned(&case, it, at, evidence, rules),
                    None => Reckoned::TextsNotAtHand,
                },
                moved: moved(&case, it, at, &by_then, library),
            }
        })
        .collect();
    Some(Explanation {
        case: case.id,
        at,
        hands: case.hands(),
        handler: case.handler().cloned(),
        lead: case.coordination.lead.clone(),
        on_duty: on_duty(&case).cloned(),
        shift: case
            .consents
            .shifts
            .last()
            .map(|it| (it.from.clone(), it.to.clone())),
        owed,
        parallels: Case::parallels(&by_then),
        rerouted: folded.rerouted,
        stage: case.stage,
        first_responder: case.responder,
    })
}

/// Whoever has by a shift what the first responder owed and owes no more.
fn on_duty(case: &Case) -> Option<&PersonId> {
    let responder = &case.responder.person;
    case.open_obligations()
        .find(|it| {
            it.owed_by.person.as_ref() != Some(responder)
                && it
                    .before
                    .iter()
                    .any(|(was, _)| was.person.as_ref() == Some(responder))
        })
        .and_then(|it| it.owed_by.person.as_ref())
}

/// A deadline keeps the calendar it was judged by; an open one is reckoned by the one in force.
fn texts_of(
    case: &Case,
    obligation: &Obligation,
    envelopes: &[Envelope],
    in_force: RuleHashes,
) -> RuleHashes {
    let header = |fits: &dyn Fn(&Envelope) -> bool| {
        envelopes
            .iter()
            .find(|it| fits(it))
            .map(|it| it.header().rules)
    };
    let ended = match obligation.end {
        None => None,
        Some(End::Met { by, .. }) => header(&|it| it.header().id == by),
        Some(End::Lifted { at }) => header(&|it| it.header().at == at),
    };
    RuleHashes {
        pack: case.pack,
        ..ended.unwrap_or(in_force)
    }
}

/// Calendars adopted after it arose and before it ended, each held against the one before it.
fn moved(
    case: &Case,
    obligation: &Obligation,
    at: Moment,
    by_then: &[Envelope],
    library: &Library<'_>,
) -> Vec<Moved> {
    let Some(arose) = by_then
        .iter()
        .map(Envelope::header)
        .find(|it| it.id == obligation.arose)
    else {
        return Vec::new();
    };
    let open = Obligation {
        judged_by: None,
        ..obligation.clone()
    };
    let mut texts = arose.rules;
    let mut moved = Vec::new();
    let was_open = |from: &Moment| {
        arose.at <= *from && *from <= at && obligation.end.is_none_or(|end| *from < end.at())
    };
    for from in library.site.calendars_adopted().filter(was_open) {
        let next = RuleHashes {
            calendar: library.site.calendar_at(from).unwrap_or(texts.calendar),
            ..texts
        };
        let both = library.find(case, texts).zip(library.find(case, next));
        let changed = both.and_then(|(old, new)| new.re_reckoned(old, case, &open).ok().flatten());
        moved.extend(changed.map(|changed| Moved { at: from, changed }));
        texts = next;
    }
    moved
}

fn reckoned(
    case: &Case,
    obligation: &Obligation,
    at: Moment,
    evidence: &Evidence<'_>,
    rules: &Rules,
) -> Reckoned {
    let rule = rules.pack_of(case).deadline(obligation.deadline).rule;
    let both = rules.due(case, obligation).and_then(|due| {
        let verdict = rules.verdict(case, obligation, at, evidence)?;
        Ok((due, verdict))
    });
    match both {
        Ok((due, verdict)) => Reckoned::By {
            rule,
            answerable: obligation.owed_at(due.at).clone(),
            due,
            verdict,
        },
        Err(error) => Reckoned::Not { rule, error },
    }
}

/// Something that happened to an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    pub at: Moment,
    /// Its place among [`Case::obligations`].
    pub obligation: usize,
    pub what: Change,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Arose,
    /// To somebody else, by a succession or a shift (F3, F7).
    Moved,
    Met,
    Lifted,
    /// And it was open still.
    FellDue,
}

/// What happened to the obligations of a case and what will, if nobody does anything: in the order of time.
///
/// What cannot be reckoned has no moment at which it falls due.
pub fn timeline(case: &Case, rules: &Rules) -> Vec<Transition> {
    let mut transitions: Vec<Transition> = case
        .obligations
        .iter()
        .enumerate()
        .flat_map(|(obligation, it)| {
            changes(case, it, rules)
                .map(move |(at, what)| Transition {
                    at,
                    obligation,
                    what,
                })
                .collect::<Vec<_>>()
        })
        .collect();
    transitions.sort_by_key(|it| (it.at, it.what, it.obligation));
    transitions
}

fn changes<'a>(
    case: &Case,
    obligation: &'a Obligation,
    rules: &Rules,
) -> impl Iterator<Item = (Moment, Change)> + use<'a> {
    let end = obligation.end.map(|it| match it {
        End::Met { at, .. } => (at, Change::Met),
        End::Lifted { at } => (at, Change::Lifted),
    });
    let due = rules
        .due_at(case, obligation, obligation.since)
        .ok()
        .filter(|due| end.is_none_or(|(ended_at, _)| *due < ended_at))
        .map(|due| (due, Change::FellDue));
    let moved = obligation.before.iter().map(|(_, at)| (*at, Change::Moved));
    std::iter::once((obligation.since, Change::Arose))
        .chain(moved)
        .chain(end)
        .chain(due)
}
