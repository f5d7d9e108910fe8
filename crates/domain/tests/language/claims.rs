//! What follows: each claim is checked against the case as head office has it.

use shouwen_domain::Case;
use shouwen_domain::case::{Claim, End, Obligation, OneMatter, Stage, WithoutEffect};
use shouwen_domain::decide::may_see;
use shouwen_domain::event::{Fact, Field};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::PersonId;

use super::line::{Line, written};
use super::words::{self, ENDINGS, FIELDS, PAUSES, word_of};
use super::world::{World, rule_of};

impl World {
    pub fn claim(&mut self, mut line: Line<'_>) -> Result<(), String> {
        if line.take("拒绝：") {
            let refusal = self.refused.take().ok_or("上一步没有被拒绝")?;
            let said = words::refusal(&refusal, &self.site);
            return same(line.rest(), &format!("{said}（{}）", rule_of(&refusal)));
        }
        self.nothing_refused_unsaid()?;
        if line.take("草稿") {
            return self.claim_of_draft(line);
        }
        let derived = self
            .claim_of_practice(line)
            .or_else(|| self.claim_of_adoption(line))
            .or_else(|| self.claim_of_assessment(line));
        if let Some(done) = derived {
            return done;
        }
        if line.take("没有变化") {
            line.end()?;
            return is(self.last.is_empty(), "有变化");
        }
        if line.take("这时是") {
            let name = line.name().ok_or("这里应是【事项】")?;
            self.named_case(&name)?;
            self.current = name;
            return line.end();
        }
        if let Some(done) = self.claim_of_standing(line)? {
            return Ok(done);
        }
        self.claim_of_history(line)
    }

    fn claim_of_draft(&self, mut line: Line<'_>) -> Result<(), String> {
        let draft = self.draft.as_ref().ok_or("没有起草")?;
        if line.take("缺：") {
            return same(line.rest(), &fields(&draft.missing));
        }
        if line.take("还不能登记") {
            line.end()?;
            return is(!draft.can_be_filed(), "可以登记");
        }
        if line.take("可以登记") {
            line.end()?;
            return is(draft.can_be_filed(), "还不能登记");
        }
        if line.take("补录从") {
            let from = written(draft.late_after);
            return same(line.rest(), &format!("{from} 起"));
        }
        let owed: Vec<String> = draft
            .owed
            .iter()
            .map(|it| {
                self.owed(
                    it.owed_by.person.as_ref(),
                    &it.owed_by.department,
                    it.deadline,
                    it.due.as_ref().ok().map(|it| it.at),
                )
            })
            .collect();
        if line.take("全部待办：") {
            return same(line.rest(), &owed.join("；"));
        }
        among(line.rest(), &owed)
    }

    /// Who has it, who answers, how it stands.
    fn claim_of_standing(&self, mut line: Line<'_>) -> Result<Option<()>, String> {
        let case = self.case()?;
        let site = &self.site;
        let found = if line.take("首问责任人仍是") || line.take("首问责任人是") {
            same(line.rest(), &site.person(&case.responder.person))
        } else if line.take("首问部门是") {
            same(line.rest(), &site.department(&case.responder.department))
        } else if line.take("首问责任人的主管是") {
            let supervisor = case.responder.supervisor.as_ref();
            same(
                line.rest(),
                &supervisor.map_or_else(|| "无".to_owned(), |it| site.person(it)),
            )
        } else if line.take("在手：") {
            same(line.rest(), &site.department(case.holder()))
        } else if line.take("承办人是") {
            let handler = case.handler();
            same(
                line.rest(),
                &handler.map_or_else(|| "无".to_owned(), |it| site.person(it)),
            )
        } else if line.take("阶段：") {
            same(line.rest(), stage(&case))
        } else if line.take("结局：") {
            let ending = case.ending.as_ref();
            same(
                line.rest(),
                ending.map_or("还没有", |it| word_of(ENDINGS, it)),
            )
        } else if line.take("登记人：") {
            same(line.rest(), claimed(&case))
        } else if line.take("缺：") {
            same(line.rest(), &fields(&case.intake.missing))
        } else if line.take("不缺项") {
            same(&fields(&case.intake.missing), "")
        } else if line.take("是补录") {
            is(case.record.late, "不是补录")
        } else if line.take("不是补录") {
            is(!case.record.late, "是补录")
        } else if line.take("没有待办") {
            self.owes_exactly(Vec::new())
        } else if line.take("矛盾已升级") {
            is(case.coordination.escalated_at.is_some(), "没有升级")
        } else if line.take("主办部门是") {
            let lead = case.coordination.lead.as_ref();
            same(
                line.rest(),
                &lead.map_or_else(|| "无".to_owned(), |it| site.department(it)),
            )
        } else if line.take("理由成立：") {
            let upheld = case.moves.iter().filter(|it| it.upheld);
            let upheld: Vec<String> = upheld.map(|it| site.department(&it.from)).collect();
            same(line.rest(), &upheld.join("、"))
        } else if line.take("外包单位在办") {
            let last = case.moves.last();
            is(last.is_some_and(|it| it.contractor), "不是外包单位")
        } else if line.take("客户等到") {
            let expected = case.coordination.expected_at.map(written);
            same(line.rest(), &expected.unwrap_or_default())
        } else if line.take("计时暂停中") {
            let now = self.now.ok_or("还没有时间")?;
            is(case.pause_at(now).is_some(), "计时没有暂停")
        } else if line.take("计时没有暂停") {
            let now = self.now.ok_or("还没有时间")?;
            is(case.pause_at(now).is_none(), "计时暂停中")
        } else if line.take("暂停原因：") {
            let reason = case.pause_reason();
            same(
                line.rest(),
                reason.as_ref().map_or("无", |it| word_of(PAUSES, it)),
            )
        } else if line.take("重复于") {
            let name = line.name().ok_or("这里应是【事项】")?;
            is(
                case.intake.repeats == Some(self.named_case(&name)?),
                "不是它的重复",
            )
        } else if let Some(person) = self.seen_by(&mut line)? {
            let (person, sees) = person;
            is(may_see(&case, &person) == sees, "正好相反")
        } else {
            return Ok(None);
        };
        found.map(Some)
    }

    /// `马春 看得到`, `马春 看不到`
    fn seen_by(&self, line: &mut Line<'_>) -> Result<Option<(PersonId, bool)>, String> {
        let mut ahead = *line;
        let Some(person) = self.site.take_person(&mut ahead) else {
            return Ok(None);
        };
        let Some(sees) = ahead.word(&[("看得到", true), ("看不到", false)]) else {
            return Ok(None);
        };
        ahead.end()?;
        *line = ahead;
        Ok(Some((person, sees)))
    }

    /// What was counted, done, missed; and what is owed.
    #[expect(clippy::too_many_lines, reason = "one branch a word")]
    fn claim_of_history(&self, mut line: Line<'_>) -> Result<(), String> {
        let case = self.case()?;
        for (word, n_found) in counts(&case) {
            if line.rest().starts_with(&format!("{word} ")) && !line.rest().contains('已') {
                line.need(word)?;
                let claimed = line.number()?;
                line.need("次")?;
                line.end()?;
                return is(
                    usize::try_from(claimed) == Ok(n_found),
                    &format!("{word} {n_found} 次"),
                );
            }
        }
        if line.take("未生效：") {
            return self.claim_of_no_effect(line);
        }
        if line.take("同一件事主任应在") {
            let all = self.all_cases();
            let told = OneMatter::of(&case, &all).director_told(&self.site.rules);
            let told = told.map_or_else(
                || "不用".to_owned(),
                |it| {
                    let who = it.director.map(|it| self.site.person(&it));
                    let (at, n) = (written(it.at), it.n_complaints);
                    format!("{at} 知道，{n} 件，告诉{}", who.unwrap_or_default())
                },
            );
            return same(line.rest(), &told);
        }
        if line.take("要回访的并案有") {
            let n = self.joined_with(case.id).filter(Case::needs_visit).count();
            return same(line.rest(), &format!("{n} 件"));
        }
        if line.take("已告诉主管") {
            let told = self.last.iter().find_map(|it| supervisor_told(&it.fact));
            return same(
                line.rest(),
                &told.map_or_else(|| "无".to_owned(), |it| self.site.person(it)),
            );
        }
        if line.take("没有告知过：") {
            let trip = case.intake.second_trips.last().ok_or("客户没有再来")?;
            let pack = self.site.rules.pack_of(&case);
            let papers: Vec<&str> = pack
                .categories
                .iter()
                .flat_map(|it| &it.papers)
                .filter(|it| trip.untold.contains(&it.id))
                .map(|it| it.name.zh.as_str())
                .collect();
            let untold = if trip.untold_else {
                vec!["其他"]
            } else {
                papers
            };
            return same(line.rest(), &untold.join("、"));
        }
        if line.take("照片") {
            let name = line.name().ok_or("这里应是【照片】")?;
            let photo = Hash::of(name.as_bytes());
            let photo = case
                .intake
                .photos
                .iter()
                .find(|it| it.photo == photo)
                .ok_or("没有这张照片")?;
            line.need("提示：")?;
            let all = self.all_cases();
            let doubts: Vec<&str> = case
                .photo_doubts(photo, &all)
                .into_iter()
                .map(words::doubt)
                .collect();
            return same(line.rest(), &doubts.join("、"));
        }
        if let Some(claimed) = line.rest().strip_prefix("没有这件待办：") {
            let open = case
                .open_obligations()
                .any(|it| self.site.deadline(it.deadline) == claimed);
            return is(!open, "有这件待办");
        }
        if let Some((what, how)) = line.rest().split_once(" 已") {
            return self.claim_of_end(&case, what, how);
        }
        if let Some((what, who)) = line.rest().split_once(" 错过时在 ") {
            let missed = case
                .obligations
                .iter()
                .rev()
                .find(|it| self.site.deadline(it.deadline) == what)
                .ok_or("没有这件待办")?;
            let due = self.due(&case, missed)?;
            let owed = missed.owed_at(due);
            let person = owed.person.as_ref();
            let found = person.map_or_else(
                || self.site.department(&owed.department),
                |it| self.site.person(it),
            );
            return same(who, &format!("{found} 名下"));
        }
        let open: Vec<String> = case
            .open_obligations()
            .map(|it| self.obligation(&case, it))
            .collect();
        among(line.rest(), &open)
    }

    fn due(&self, case: &Case, it: &Obligation) -> Result<shouwen_domain::moment::Moment, String> {
        self.site
            .rules
            .due(case, it)
            .map(|it| it.at)
            .map_err(|it| it.to_string())
    }

    /// `转交 已在 02-13 周五 17:58 完成`, `…完成，超时`, `签收 已取消`
    fn claim_of_end(&self, case: &Case, what: &str, how: &str) -> Result<(), String> {
        let found = case
            .obligations
            .iter()
            .rev()
            .find(|it| self.site.deadline(it.deadline) == what)
            .ok_or_else(|| format!("没有“{what}”"))?;
        let found = match found.end {
            None => format!("{what} 还没有完成"),
            Some(End::Lifted { .. }) => format!("{what} 已取消"),
            Some(End::Met { at, .. }) => {
                let late = at > self.due(case, found)?;
                let late = if late { "，超时" } else { "" };
                format!("{what} 已在 {} 完成{late}", written(at))
            }
        };
        same(&format!("{what} 已{how}"), &found)
    }

    /// `未生效：赵强，已在工程部`, `未生效：没有`
    fn claim_of_no_effect(&self, line: Line<'_>) -> Result<(), String> {
        let found: Vec<String> = self
            .folded_on(None)
            .without_effect
            .iter()
            .map(|(id, why)| match why {
                WithoutEffect::Parallel(why) => {
                    format!("{}，{}", self.author(*id), words::refusal(why, &self.site))
                }
                WithoutEffect::Unreadable(error) => error.to_string(),
            })
            .collect();
        let found = if found.is_empty() {
            "没有".to_owned()
        } else {
            found.join("；")
        };
        same(line.rest(), &found)
    }
}

fn supervisor_told(fact: &Fact) -> Option<&PersonId> {
    if let Fact::ReasonExplained(it) = fact {
        it.supervisor_told.as_ref()
    } else {
        fact.supervisor_told()
    }
}

const fn claimed(case: &Case) -> &'static str {
    match case.claim {
        None => "本人登录",
        Some(Claim::Open) => "待确认",
        Some(Claim::Confirmed { .. }) => "已确认",
        Some(Claim::Denied { .. }) => "已否认",
    }
}

fn stage(case: &Case) -> &'static str {
    match case.stage {
        Stage::Own => "在首问部门",
        Stage::Passed { received: true, .. } => "已签收",
        Stage::Passed {
            received: false, ..
        } => "已转出",
        Stage::Coordinating { .. } => "协调中",
        Stage::Joined { .. } => "已并案",
        Stage::Replied => "有结果",
        Stage::Closed => "已办结",
    }
}

fn counts(case: &Case) -> [(&'static str, usize); 10] {
    let n = |it: u32| usize::try_from(it).unwrap_or(usize::MAX);
    [
        ("转手", case.moves.len()),
        ("退回", case.n_returns()),
        ("不满意", n(case.verification.n_unsatisfied)),
        ("重开", n(case.verification.n_reopened)),
        ("客户来联系", n(case.intake.n_contacts)),
        ("给客户凭据", n(case.intake.n_takeaways)),
        ("告知找谁", n(case.intake.n_whom_told)),
        ("联系外部", case.intake.outside_contacts.len()),
        ("报牵头", n(case.coordination.n_reported)),
        ("反映推诿", case.assessments.reports.len()),
    ]
}

fn fields(missing: &[Field]) -> String {
    let words: Vec<&str> = missing.iter().map(|it| word_of(FIELDS, it)).collect();
    words.join("、")
}

pub fn same(claimed: &str, found: &str) -> Result<(), String> {
    is(claimed == found, &format!("是“{found}”，不是“{claimed}”"))
}

pub fn is(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}

pub fn among(claimed: &str, found: &[String]) -> Result<(), String> {
    is(
        found.iter().any(|it| it == claimed),
        &format!("没有“{claimed}”；有的是：\n- {}", found.join("\n- ")),
    )
}
