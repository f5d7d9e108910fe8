//! The assessment table (A10): what may follow from which breach, against whom, decided by whom.

use crate::rule::RuleId;

/// A table without lines proposes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssessmentTable {
    pub unit: Unit,
    /// How far it is put into practice (G1).
    pub practice: Practice,
    pub rules: Vec<AssessmentRule>,
    /// A proposal undecided for so many days of 24 hours lapses (A10).
    pub lapse_after_days: u32,
}

impl AssessmentTable {
    pub fn rule(&self, id: RuleId) -> Option<&AssessmentRule> {
        self.rules.iter().find(|it| it.rule == id)
    }
}

/// What amounts count (A10).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// 绩效分: where a new site starts.
    #[default]
    Points,
    Yuan,
}

/// How far the rules are put into practice (G1), the mildest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Practice {
    /// Counted, and no amount anywhere.
    #[default]
    Observe,
    /// People are warned.
    Remind,
    /// Penalties are proposed.
    Assess,
}

/// One line: what a breach of `rule` may lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssessmentRule {
    /// A1 to A9, or another rule that the pack lets count.
    pub rule: RuleId,
    /// Decided within these ends, both included; both 0: no amount, it is counted.
    pub least: u32,
    pub most: u32,
    /// For the head of the department (A4).
    pub head: Option<u32>,
    /// Criticism of the department in the bulletin.
    pub bulletin: bool,
    /// A recommendation to personnel (A4).
    pub off_post: bool,
    pub decided_by: Decider,
    pub against: Against,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// The head of the department of the person concerned.
    Supervisor,
    /// 质检部
    Quality,
    Director,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    Person,
    Department,
    /// The amount is the person's, the bulletin the department's.
    Both,
}

/// D2's own table (§5 and 11 to 13): its figures in yuan stand for points as well.
///
/// A2 is not in it: its rules for serious incidents are the pack's to carry. A8 names no figure: the pack's.
///
/// ```
/// use shouwen_domain::assessment::{Decider, regulation};
/// use shouwen_domain::rule::RuleId;
///
/// let table = regulation();
/// let press = table.iter().find(|it| it.rule == RuleId::A6).unwrap();
/// assert_eq!((press.least, press.most, press.decided_by), (50, 200, Decider::Director));
/// ```
pub fn regulation() -> Vec<AssessmentRule> {
    let line = |rule, (least, most), bulletin, decided_by, against| AssessmentRule {
        rule,
        least,
        most,
        head: None,
        bulletin,
        off_post: false,
        decided_by,
        against,
    };
    let by_degree = AssessmentRule {
        head: Some(50),
        off_post: true,
        ..line(RuleId::A4, (0, 0), true, Decider::Director, Against::Both)
    };
    vec![
        line(
            RuleId::A1,
            (20, 20),
            false,
            Decider::Supervisor,
            Against::Person,
        ),
        line(RuleId::A3, (50, 50), true, Decider::Director, Against::Both),
        by_degree,
        line(RuleId::A5, (30, 50), true, Decider::Quality, Against::Both),
        line(
            RuleId::A6,
            (50, 200),
            false,
            Decider::Director,
            Against::Person,
        ),
        line(RuleId::A7, (50, 50), true, Decider::Director, Against::Both),
        line(RuleId::A8, (0, 0), true, Decider::Director, Against::Both),
        line(
            RuleId::A9,
            (0, 0),
            false,
            Decider::Supervisor,
            Against::Person,
        ),
    ]
}
