//! The assessment table (A10): what may follow from which breach, against whom, decided by whom.

pub use crate::pack::{Against, Decider};
use crate::pack::{AmountUnit, Assessment, Consequence, Pack};
use crate::rule::RuleId;

/// A table without lines proposes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssessmentTable {
    pub unit: Unit,
    pub rules: Vec<AssessmentRule>,
    /// A proposal undecided for so many days of 24 hours lapses (A10).
    pub lapse_after_days: u32,
}

impl AssessmentTable {
    /// What a pack lets follow from which breach. What is only on record (A2, until the pack carries its rules) has no line.
    ///
    /// ```
    /// use shouwen_domain::assessment::{AssessmentTable, Decider};
    /// use shouwen_domain::pack::Pack;
    /// use shouwen_domain::rule::RuleId;
    ///
    /// let text = include_str!("../../../../packs/property-service.toml");
    /// let table = AssessmentTable::of(&Pack::parse("property-service.toml", text)?);
    /// let press = table.rule(RuleId::A6).unwrap();
    /// assert_eq!((press.least, press.most, press.decided_by), (50, 200, Decider::Director));
    /// # Ok::<(), shouwen_domain::pack::PackError>(())
    /// ```
    pub fn of(pack: &Pack) -> Self {
        Self {
            unit: match pack.assessments.unit {
                AmountUnit::Points => Unit::Points,
                AmountUnit::Yuan { .. } => Unit::Yuan,
            },
            rules: RuleId::ALL
                .iter()
                .filter_map(|rule| AssessmentRule::of(*rule, pack.assessment(*rule)?))
                .collect(),
            lapse_after_days: pack.assessments.lapse_after_days,
        }
    }

    /// The line of a rule; none: nothing follows from it.
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

impl AssessmentRule {
    fn of(rule: RuleId, it: &Assessment) -> Option<Self> {
        let counted = Self {
            rule,
            least: 0,
            most: 0,
            head: None,
            bulletin: false,
            off_post: false,
            decided_by: it.decided_by,
            against: it.against,
        };
        match &it.consequence {
            Consequence::Recorded => None,
            Consequence::Counted => Some(counted),
            Consequence::Penalty(penalty) => Some(Self {
                least: penalty.amount.map_or(0, |it| it.least),
                most: penalty.amount.map_or(0, |it| it.most),
                head: penalty.head_amount.map(|it| it.most),
                bulletin: penalty.bulletin,
                off_post: penalty.off_post,
                ..counted
            }),
        }
    }
}
