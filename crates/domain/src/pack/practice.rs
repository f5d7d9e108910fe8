//! How far and how the rules are put into practice: stages (G1), the ladder (C4), samples (V3, C5), questions (G3).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{Pack, Text};
use crate::id::DepartmentId;
use crate::moment::Minutes;
use crate::reckoning::Limit;
use crate::rule::RuleId;

/// How far a rule is put into practice (G1), the mildest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Counted only; no amount on any screen.
    #[default]
    Observe,
    /// People are warned.
    Remind,
    /// Penalties are proposed.
    Assess,
}

/// Stages by rule and department; without any, everything is at *observe*.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stages {
    pub default: Stage,
    pub(super) rules: BTreeMap<RuleId, Stage>,
    pub(super) departments: BTreeMap<DepartmentId, Stage>,
    pub(super) department_rules: BTreeMap<(DepartmentId, RuleId), Stage>,
}

impl Pack {
    /// At which stage a rule stands for a department (G1).
    ///
    /// What is said of this very rule in this very department holds. Else, of what is said of the rule and of the
    /// department, the milder: a department that is still spared stays spared, and a rule that is still tried out
    /// is tried out everywhere. Else the default.
    pub fn stage(&self, rule: RuleId, department: &DepartmentId) -> Stage {
        let stages = &self.stages;
        if let Some(exact) = stages.department_rules.get(&(department.clone(), rule)) {
            return *exact;
        }
        let of_either = [stages.rules.get(&rule), stages.departments.get(department)];
        of_either
            .into_iter()
            .flatten()
            .min()
            .copied()
            .unwrap_or(stages.default)
    }
}

/// How long after its due moment an open obligation climbs (C4), reckoned in each limit's own time; none: at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    pub supervisor: Option<Limit>,
    pub director: Option<Limit>,
}

/// How the sample of spot checks is drawn (V3, V6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpotChecks {
    /// Of the closed cases, in percent.
    pub share_percent: u32,
    /// How many times as likely as an ordinary case one whose return visit was waived is drawn.
    pub waived: u32,
    pub not_reached: u32,
    /// One visited by somebody who finds everybody satisfied.
    pub always_satisfied: u32,
    /// From so many return visits in a row, all satisfied, somebody counts as finding everybody satisfied.
    pub always_satisfied_from: u32,
}

/// Cases of one matter (C5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedMatters {
    /// Up to so many complainants, each is visited; above, by sample.
    pub visit_all_up_to: u32,
    /// So many cases of one matter within the time tell the director.
    pub tell_director_from: u32,
    pub tell_director_within: Minutes,
}

/// A question by which staff confirm having understood the rules (G3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The rule it asks about, whose text is shown after a wrong answer.
    pub rule: RuleId,
    pub question: Text,
    pub choices: Vec<Text>,
    /// From 0.
    pub right: usize,
}
