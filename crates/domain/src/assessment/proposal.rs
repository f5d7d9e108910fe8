//! What the rules propose to an entitled person, and where it stands (A10).

use std::collections::BTreeSet;

use super::{
    Account, Against, AssessmentRule, Breach, Context, Decider, Ground, Part, Unit, breaches,
};
use crate::case::{Case, Obligation, Owed};
use crate::event::Judgement;
use crate::hash::Hash;
use crate::id::{CaseId, DepartmentId, EnvelopeId, PersonId};
use crate::moment::{Minutes, Moment};
use crate::pack::DeadlineId;
use crate::pack::Stage;
use crate::rule::RuleId;

/// One line of the assessment table, held against one person or department on evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Over case, rule, person, department and the envelopes that prove it: the same on every device, in whatever
    /// order they came.
    pub key: Hash,
    pub case: CaseId,
    pub rule: RuleId,
    pub person: Option<PersonId>,
    pub department: DepartmentId,
    /// Both ends included, in `unit`; none: no amount follows.
    pub amount: Option<(u32, u32)>,
    pub unit: Unit,
    /// Criticism of the department in the bulletin may follow.
    pub bulletin: bool,
    /// A recommendation to personnel may follow (A4).
    pub off_post: bool,
    pub decided_by: Decider,
    pub ground: Ground,
    /// Never empty.
    pub evidence: Vec<EnvelopeId>,
    pub proposed_at: Moment,
    /// Until when the person concerned may state their side; none: it cannot be reckoned yet.
    pub state_by: Option<Moment>,
    pub lapses_at: Moment,
    /// The other sides, decided alike (A7).
    pub sides: Vec<Hash>,
    /// The rule that was broken, where that is not the line itself.
    pub(super) broken: Option<RuleId>,
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Open,
    /// By the entitled person, or settled with another decision of the same case, rule and person.
    Decided,
    /// Nobody decided in time.
    Lapsed,
    /// Another of the same rule against the same person comes first in this case.
    Waiting,
    /// At this stage nothing is proposed (G1).
    NotAssessed,
}

/// What is proposed now: undecided, not lapsed, at the stage *assess*, one of a kind for each person and case.
///
/// ```
/// use shouwen_domain::assessment::{Context, judge, proposals};
/// use shouwen_domain::verdict::{Evidence, Witness};
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
/// let now = asked_at + Minutes(3_000);
/// // What head office knows: when it had each envelope, and that it has heard from everybody since.
/// let acts: Vec<_> = envelopes.iter().map(|it| Witness::of(it, None, Some(it.header().at))).collect();
/// let evidence = Evidence { acts: &acts, heard_until: Some(now) };
/// let context = Context {
///     rules: &rules,
///     now,
///     verdict: &|case, it| judge(case, it, &rules, now, &evidence),
///     again: &[],
/// };
/// assert!(rules.has_undecided_breach(&case, now, &evidence), "the hour passed");
/// assert!(proposals(&case, context).is_empty(), "a new site observes and proposes nothing (G1)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn proposals(case: &Case, context: Context<'_>) -> Vec<Proposal> {
    let all = all(case, context);
    all.iter()
        .filter(|it| standing(it, &all, case, context) == Standing::Open)
        .cloned()
        .collect()
}

/// Whatever the table lets follow, at whatever stage and however it stands, by when it was proposed.
pub(crate) fn all(case: &Case, context: Context<'_>) -> Vec<Proposal> {
    // C5: one handling, one assessment, on the case that is handled for all. G4: and by its own pack, or none.
    if case.coordination.main.is_some() || !context.rules.knows_pack_of(case) {
        return Vec::new();
    }
    let table = context.rules.assessments(case);
    let breaches = breaches(case, context);
    let mut seen = BTreeSet::new();
    let mut proposals: Vec<Proposal> = breaches
        .iter()
        .filter_map(|it| of_breach(it, table.rule(it.rule)?, case, context))
        .filter(|it| seen.insert(it.key))
        .collect();
    let n_sides = breaches.iter().filter(|it| it.rule == RuleId::A7).count();
    alike(&mut proposals, n_sides);
    proposals
}

/// A7: each side names the others and bears no more than all of them can; if one cannot be held to it, none is.
fn alike(proposals: &mut Vec<Proposal>, n_sides: usize) {
    let sides: Vec<(Hash, Option<(u32, u32)>)> = proposals
        .iter()
        .filter(|it| it.rule == RuleId::A7)
        .map(|it| (it.key, it.amount))
        .collect();
    if sides.len() != n_sides {
        proposals.retain(|it| it.rule != RuleId::A7);
    }
    let all_have_amounts = sides.iter().all(|(_, amount)| amount.is_some());
    for it in proposals.iter_mut().filter(|it| it.rule == RuleId::A7) {
        it.amount = it.amount.filter(|_| all_have_amounts);
        it.sides = sides
            .iter()
            .map(|(key, _)| *key)
            .filter(|key| *key != it.key)
            .collect();
    }
}

/// Where `it` stands among `all` of its case.
pub(crate) fn standing(
    it: &Proposal,
    all: &[Proposal],
    case: &Case,
    context: Context<'_>,
) -> Standing {
    let decisions = &case.assessments.decisions;
    let is_same = |rule, person: &Option<PersonId>, department: &DepartmentId| {
        rule == it.rule && *person == it.person && *department == it.department
    };
    let is_decided = |key| decisions.iter().any(|made| made.proposal == key);
    let is_upheld = decisions.iter().any(|made| {
        made.judgement == Judgement::Upheld && is_same(made.rule, &made.person, &made.department)
    });
    if is_decided(it.key) || is_upheld {
        return Standing::Decided;
    }
    if context.now > it.lapses_at {
        return Standing::Lapsed;
    }
    let sides = all.iter().filter(|other| it.sides.contains(&other.key));
    if !sides.chain([it]).all(|it| is_assessed(it, case, context)) {
        return Standing::NotAssessed;
    }
    let comes_first = all
        .iter()
        .filter(|other| is_same(other.rule, &other.person, &other.department))
        .find(|other| !is_decided(other.key) && context.now <= other.lapses_at);
    if comes_first.is_some_and(|first| first.key != it.key) {
        Standing::Waiting
    } else {
        Standing::Open
    }
}

/// G1: at the stage *assess* stand both the line and the rule that was broken.
fn is_assessed(it: &Proposal, case: &Case, context: Context<'_>) -> bool {
    let pack = context.rules.pack_of(case);
    [Some(it.rule), it.broken]
        .into_iter()
        .flatten()
        .all(|rule| pack.stage(rule, &it.department) == Stage::Assess)
}

fn of_breach(
    breach: &Breach,
    line: &AssessmentRule,
    case: &Case,
    context: Context<'_>,
) -> Option<Proposal> {
    // What somebody said could not be had is counted and held against nobody (I1).
    if matches!(
        breach.ground,
        Ground::Incomplete {
            explained: true,
            ..
        }
    ) {
        return None;
    }
    let Account::Staff { department, person } = &breach.account else {
        return None;
    };
    let person = match line.against {
        Against::Person => Some(person.as_ref()?),
        Against::Department => None,
        Against::Both => person.as_ref(),
    };
    let amount = (line.most > 0 && person.is_some()).then_some((line.least, line.most));
    let (amount, bulletin, off_post) = match breach.part {
        Part::Whole => (amount, line.bulletin, line.off_post),
        Part::Department => (None, line.bulletin, false),
        Part::Head => (line.head.map(|it| (it, it)), false, false),
        Part::Person => (amount, false, line.off_post),
    };
    let bulletin = bulletin && line.against != Against::Person;
    let only_counts = line.most == 0 && !line.bulletin && !line.off_post && line.head.is_none();
    if amount.is_none() && !bulletin && !off_post && !only_counts {
        return None;
    }
    let proposed_at = breach.at;
    let table = context.rules.assessments(case);
    let lapse = Minutes(table.lapse_after_days.saturating_mul(24 * 60));
    Some(Proposal {
        key: key(case.id, breach.rule, person, department, &breach.proof),
        case: case.id,
        rule: breach.rule,
        person: person.cloned(),
        department: department.clone(),
        amount,
        unit: table.unit,
        bulletin,
        off_post,
        decided_by: line.decided_by,
        ground: breach.ground.clone(),
        evidence: breach.evidence.clone(),
        proposed_at,
        state_by: state_by(case, department, person, proposed_at, context),
        lapses_at: proposed_at + lapse,
        sides: Vec::new(),
        broken: breach.broken,
    })
}

/// By which a proposal is recognised again.
pub(super) fn key(
    case: CaseId,
    rule: RuleId,
    person: Option<&PersonId>,
    department: &DepartmentId,
    proof: &BTreeSet<EnvelopeId>,
) -> Hash {
    let proof: Vec<EnvelopeId> = proof.iter().copied().collect();
    let named = (case, rule, person, department, proof);
    Hash::of(&minicbor::to_vec(named).expect("writing to a vector cannot fail"))
}

/// A10: 情况说明 within the pack's time from the proposal.
fn state_by(
    case: &Case,
    department: &DepartmentId,
    person: Option<&PersonId>,
    proposed_at: Moment,
    context: Context<'_>,
) -> Option<Moment> {
    let statement = Obligation {
        deadline: DeadlineId::State,
        owed_by: Owed {
            department: department.clone(),
            person: person.cloned(),
        },
        since: proposed_at,
        arose: EnvelopeId::from_random([0; 16]),
        until: None,
        before: Vec::new(),
        end: None,
        judged_by: None,
    };
    context.rules.due(case, &statement).ok().map(|due| due.at)
}
