//! Acts and claims of putting the rules into practice (G): stages, depth, what people confirmed, what was adopted.

use shouwen_domain::assessment::{Depth, Member, NextStep, Ratio, depth};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::PersonId;
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Stage;
use shouwen_domain::rule::RuleId;
use shouwen_domain::site::{SiteCommand, Standing};

use super::claims::same;
use super::line::{Line, written};
use super::words::{Words, word_of};
use super::world::World;

const STAGES: Words<Stage> = &[
    ("观察", Stage::Observe),
    ("提醒", Stage::Remind),
    ("考核", Stage::Assess),
];
const NEXT_STEPS: Words<NextStep> = &[
    ("先登记第一件", NextStep::Begin),
    ("凡问必登", NextStep::RecordEveryContact),
    ("填全登记表", NextStep::CompleteForms),
    ("按时转交", NextStep::PassOnInTime),
    ("按时答复", NextStep::AnswerInTime),
    ("按时回访", NextStep::VisitAgain),
    ("保持", NextStep::KeepOn),
];

impl World {
    /// None: it is no act of these.
    pub fn practice(
        &self,
        line: &mut Line<'_>,
        now: Moment,
    ) -> Result<Option<SiteCommand>, String> {
        let pack = self.site.rules.hashes().pack;
        Ok(Some(if line.take("确认规则") {
            let mut answers = Vec::new();
            while line.rest().starts_with(|it: char| it.is_ascii_digit()) {
                let choice = usize::try_from(line.number()?).map_err(|it| it.to_string())?;
                answers.push(choice.checked_sub(1).ok_or("选项从 1 数起")?);
                line.take("、");
            }
            SiteCommand::ConfirmRules { pack, answers }
        } else if line.take("对规则提出异议") {
            SiteCommand::Object {
                pack,
                text: line.said(),
            }
        } else if line.take("启用没见过的规则包") {
            SiteCommand::Adopt {
                pack: Some(Hash::of(b"")),
                calendar: None,
                directory: None,
                from: now,
            }
        } else if line.take("启用规则包，从") {
            SiteCommand::Adopt {
                pack: Some(pack),
                calendar: None,
                directory: None,
                from: line.need_time(Some(now))?,
            }
        } else {
            return Ok(None);
        }))
    }

    /// None: it is no claim of these.
    pub fn claim_of_adoption(&self, mut line: Line<'_>) -> Option<Result<(), String>> {
        if line.take("落实 ") {
            return Some(self.claim_of_depth(line));
        }
        if line.take("实行 ") {
            return Some(self.claim_of_stage(line));
        }
        let person = self.site.take_person(&mut line)?;
        line.take("对规则：")
            .then(|| same(line.rest(), &self.standing(&person)))
    }

    fn standing(&self, person: &PersonId) -> String {
        let pack = self.site.rules.hashes().pack;
        match self.adopted().standing(person, pack) {
            Standing::NotYet => "还没有确认".to_owned(),
            Standing::NotUnderstood {
                n_right,
                n_questions,
            } => format!("{n_questions} 题对 {n_right} 题"),
            Standing::Confirmed { at } => format!("{} 已确认", written(at)),
            Standing::Objects { at, .. } => format!("{} 有异议", written(at)),
        }
    }

    /// `实行 A3 工程部：考核`
    fn claim_of_stage(&self, mut line: Line<'_>) -> Result<(), String> {
        let rule: RuleId = line.until(&[' ']).parse().map_err(|it| format!("{it}"))?;
        line = Line::new(line.rest());
        let department = self.site.need_department(&mut line)?;
        line.need("：")?;
        let stage = self.site.rules.pack.stage(rule, &department);
        same(line.rest(), word_of(STAGES, &stage))
    }

    /// `落实 王建国：登记 2/2，填全 1/2，转交 1/1，答复 0/0，回访 1/1，下一步 填全登记表`
    fn claim_of_depth(&self, mut line: Line<'_>) -> Result<(), String> {
        let member = match self.site.take_person(&mut line) {
            Some(person) => Member::Person(person),
            None => Member::Department(self.site.need_department(&mut line)?),
        };
        line.need("：")?;
        let cases = self.all_cases();
        let found = self.in_context(|context| depth(&member, &cases, context));
        same(line.rest(), &in_words(&found))
    }
}

fn in_words(it: &Depth) -> String {
    let share = |name: &str, Ratio { n, of }: Ratio| format!("{name} {n}/{of}");
    let shares = [
        share("登记", it.recorded),
        share("填全", it.complete),
        share("转交", it.transferred),
        share("答复", it.replied),
        share("回访", it.visited),
    ];
    let next = word_of(NEXT_STEPS, &it.next_step());
    format!("{}，下一步 {next}", shares.join("，"))
}
