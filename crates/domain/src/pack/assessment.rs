//! The assessment table (A): what a breach may lead to, against whom, and who decides. Nothing here is a penalty:
//! the rules propose, a person decides.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{Pack, Stage, Text};
use crate::id::DepartmentId;
use crate::rule::RuleId;

/// A pack without one proposes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessments {
    pub unit: AmountUnit,
    /// A proposal that nobody decided on lapses after so many days (A10).
    pub lapse_after_days: u32,
    /// A1 to A9 where they are in use; one that is not here is off.
    pub(super) table: BTreeMap<RuleId, Assessment>,
}

/// What amounts count (A10).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AmountUnit {
    /// 绩效分, where a new site starts: fines on wages are not lawful everywhere.
    #[default]
    Points,
    /// The regulation's yuan, under the company's own adopted rule.
    Yuan { own_rule: Text },
}

/// A line of the assessment table, as the pack has it (A10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    pub against: Against,
    pub decided_by: Decider,
    pub consequence: Consequence,
    /// A4's second case, which the regulation blanks out; none: off until the pack names it.
    pub further_case: Option<Text>,
}

/// Whom a line can be held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Against {
    Person,
    Department,
    /// The person and the department.
    Both,
}

/// Who decides on a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decider {
    /// The head of the department that it is against.
    Supervisor,
    Quality,
    Director,
}

/// What may follow from a breach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Consequence {
    /// Verified and counted, and no more (A9).
    Counted,
    /// On record and not to be decided: the rules that it falls under are not in the pack (A2).
    Recorded,
    Penalty(Penalty),
}

/// What may be decided: an amount within a range, criticism in the bulletin, a word to personnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Penalty {
    /// For the person.
    pub amount: Option<Amount>,
    /// For the head of the department (A4).
    pub head_amount: Option<Amount>,
    /// Criticism of the department in the bulletin.
    pub bulletin: bool,
    /// A recommendation to personnel (A4).
    pub off_post: bool,
    /// The rules for serious incidents, by name (A2).
    pub under: Option<Text>,
}

/// Decided within these ends, both included; a fixed amount has equal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub least: u32,
    pub most: u32,
}

impl Pack {
    /// What the pack sets for A1 to A9, whatever the stage; none where it is off.
    pub fn assessment(&self, rule: RuleId) -> Option<&Assessment> {
        self.assessments.table.get(&rule)
    }

    /// A4's further case, where it is in use.
    pub fn further_case(&self) -> Option<&Text> {
        self.assessment(RuleId::A4)?.further_case.as_ref()
    }

    /// What may be proposed against somebody of `department` (G1): nothing before the stage *assess*, so that
    /// no amount can appear on a screen.
    pub fn proposable(&self, rule: RuleId, department: &DepartmentId) -> Option<&Assessment> {
        self.assessment(rule)
            .filter(|_| self.stage(rule, department) == Stage::Assess)
    }
}
