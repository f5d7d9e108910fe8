//! In whose hands a case was, and for how much working time: a department answers only for the time a
//! slip could have been in its hands (T10, A11).

use crate::case::Case;
use crate::envelope::Envelope;
use crate::id::DepartmentId;
use crate::moment::Moment;
use crate::reckoning::ReckoningError;
use crate::rules::Rules;
use crate::verdict::Evidence;

/// One stretch in a department's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub department: DepartmentId,
    /// When the case was passed on to it; for the first one, when the customer asked.
    pub from: Moment,
    /// From when on it could have been in its hands: head office had the slip. None: not known here yet.
    pub in_hands_from: Option<Moment>,
    /// When it was passed on or closed; none: it is there still.
    pub until: Option<Moment>,
    /// Working time in its hands in milliseconds, up to `now` where it is there still.
    pub working_ms: u64,
}

/// The hands that a case went through, in order. Between `from` and `in_hands_from` the slip lay in
/// the sender's phone and counts on nobody.
///
/// ```
/// use shouwen_domain::holds::holds;
/// use shouwen_domain::verdict::Evidence;
/// # use shouwen_domain::calendar::Calendar;
/// # use shouwen_domain::command::{Circumstances, Command, Next, RecordForm};
/// # use shouwen_domain::directory::Directory;
/// # use shouwen_domain::envelope::{Envelope, Stamp};
/// # use shouwen_domain::event::Channel;
/// # use shouwen_domain::hash::Salt;
/// # use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId};
/// # use shouwen_domain::moment::{Minutes, Moment};
/// # use shouwen_domain::pack::Pack;
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
/// let now = asked_at + Minutes(20);
/// let found = holds(&envelopes, &rules, &Evidence::default(), now)?;
/// assert_eq!((&found[0].department, found[0].from), (case.holder(), asked_at));
/// assert_eq!((found[0].until, found[0].working_ms), (None, 20 * 60_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A past year without a calendar.
pub fn holds(
    envelopes: &[Envelope],
    rules: &Rules,
    evidence: &Evidence<'_>,
    now: Moment,
) -> Result<Vec<Hold>, ReckoningError> {
    let mut holds: Vec<Hold> = Vec::new();
    let folded = Case::replay(envelopes, |case, envelope| {
        let header = envelope.header();
        let open = holds.last().filter(|it| it.until.is_none());
        if open.is_some_and(|it| case.closed_at.is_none() && it.department == *case.holder()) {
            return;
        }
        let is_first = holds.is_empty();
        if let Some(last) = holds.last_mut() {
            last.until.get_or_insert(header.at);
        }
        if case.closed_at.is_some() && !is_first {
            return;
        }
        let from = if is_first {
            case.record.asked_at
        } else {
            header.at
        };
        let in_hands_from = if is_first {
            Some(from)
        } else {
            evidence
                .of(header.id)
                .and_then(|it| it.arrived)
                .map(|it| it.max(from))
        };
        holds.push(Hold {
            department: case.holder().clone(),
            from,
            in_hands_from,
            until: case.closed_at,
            working_ms: 0,
        });
    });
    let Some(case) = &folded.case else {
        return Ok(holds);
    };
    for hold in &mut holds {
        if let Some(from) = hold.in_hands_from {
            hold.working_ms =
                rules.working_ms(case, &hold.department, from, hold.until.unwrap_or(now))?;
        }
    }
    Ok(holds)
}
