//! Acts and claims of assessment (A, V3): what waits to be verified, what is proposed, stated and decided, the sums,
//! the praise, and the drawn sample.

use shouwen_domain::assessment::{
    Account, Context, Decider, Ground, Line as Sum, Member, Nonce, Period, Praise, PraiseGround,
    Proposal, SeedError, Unit, breaches, draw_seed, population_root, praise, proposals, sample,
    sums,
};
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::Judgement;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DepartmentId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::{Case, Command};

use super::claims::{among, is, same};
use super::line::{Line, written};
use super::words::{FIELDS, Words, word_of};
use super::world::World;

const DECIDERS: Words<Decider> = &[
    ("主管", Decider::Supervisor),
    ("质检", Decider::Quality),
    ("主任", Decider::Director),
];
const UNITS: Words<Unit> = &[("分", Unit::Points), ("元", Unit::Yuan)];
const PRAISE: Words<PraiseGround> = &[
    ("结果按时", PraiseGround::OnTime),
    ("客户满意", PraiseGround::Satisfied),
    ("登记完整", PraiseGround::CompleteRecord),
    ("客户表扬", PraiseGround::ByCustomer),
    ("同事表扬", PraiseGround::ByColleague),
];
/// Who commits to a nonce before the month begins, and the nonce.
const PARTIES: [(&str, Nonce); 2] = [("总部", Nonce([1; 32])), ("员工代表", Nonce([2; 32]))];

impl World {
    pub fn assessment(
        &mut self,
        line: &mut Line<'_>,
        now: Moment,
    ) -> Result<Option<Command>, String> {
        Ok(Some(if line.take("反映争吵") {
            Command::ReportQuarrel {
                person: self.site.need_person(line)?,
                text: line.said(),
            }
        } else if line.take("记录批评") {
            Command::RecordCriticism {
                department: self.site.need_department(line)?,
                person: self.site.take_person(line),
                said_at: {
                    line.need("，")?;
                    line.need_time(Some(now))?
                },
                text: line.said(),
            }
        } else if line.take("转达客户表扬") {
            Command::Praise {
                person: self.site.need_person(line)?,
                by_customer: true,
                text: line.said(),
            }
        } else if line.take("表扬") {
            Command::Praise {
                person: self.site.need_person(line)?,
                by_customer: false,
                text: line.said(),
            }
        } else if line.take("抽查：") {
            Command::SpotCheck {
                seed: self.seed.ok_or("还没有抽签")?,
                handling_true: line.need_word(&[("处理属实", true), ("处理不实", false)])?,
                visit_true: {
                    line.take("，");
                    line.word(&[("回访属实", true), ("回访不实", false)])
                },
                customer_asked: {
                    line.take("，");
                    line.take("问过客户")
                },
                text: line.said(),
            }
        } else if line.take("情况说明") {
            Command::State {
                proposal: self.need_proposal(line)?.key,
                again: self.all_cases(),
                text: line.said(),
            }
        } else if line.take("不认定") {
            self.decision(line, Judgement::Dismissed)?
        } else if line.take("认定") {
            self.decision(line, Judgement::Upheld)?
        } else {
            return Ok(None);
        }))
    }

    /// `认定 A3 刘伟 50 分、部门通报 “…”`
    fn decision(&mut self, line: &mut Line<'_>, judgement: Judgement) -> Result<Command, String> {
        let proposal = self.need_proposal(line)?;
        let (mut amount, mut bulletin, mut off_post) = (None, false, false);
        loop {
            if line.take("部门通报") {
                bulletin = true;
            } else if line.take("建议调岗") {
                off_post = true;
            } else if line.rest().starts_with(|it: char| it.is_ascii_digit()) {
                amount = Some(line.number()?);
                line.need(word_of(UNITS, &proposal.unit))?;
            } else {
                break;
            }
            line.take("、");
        }
        Ok(Command::Assess {
            proposal: proposal.key,
            again: self.all_cases(),
            judgement,
            amount,
            bulletin,
            off_post,
            text: line.said(),
        })
    }

    /// `A3 刘伟`, `A3 工程部`: what is or once was proposed.
    fn need_proposal(&mut self, line: &mut Line<'_>) -> Result<Proposal, String> {
        let rule = line.until(&[' ']).to_owned();
        line.take(" ");
        let person = self.site.take_person(line);
        let department = match &person {
            Some(_) => None,
            None => Some(self.site.need_department(line)?),
        };
        self.note_proposals()?;
        self.seen
            .iter()
            .rev()
            .find(|it| {
                it.rule.as_str() == rule
                    && it.person == person
                    && department.as_ref().is_none_or(|of| *of == it.department)
            })
            .cloned()
            .ok_or_else(|| "没有这条考核建议".to_owned())
    }

    /// What is proposed now, kept for what is said of it later.
    fn note_proposals(&mut self) -> Result<Vec<Proposal>, String> {
        let case = self.case()?;
        let found = self.in_context(|context| proposals(&case, context));
        for it in &found {
            if !self.seen.contains(it) {
                self.seen.push(it.clone());
            }
        }
        Ok(found)
    }

    /// With all that head office knows at the moment of the last act.
    pub fn in_context<T>(&self, of: impl FnOnce(Context<'_>) -> T) -> T {
        let again = self.all_cases();
        of(Context {
            rules: &self.site.rules,
            now: self.now.unwrap_or_default(),
            verdict: &|case, it| self.judged(case, it),
            again: &again,
        })
    }

    /// None: it is no claim of these.
    pub fn claim_of_assessment(&mut self, mut line: Line<'_>) -> Option<Result<(), String>> {
        if line.take("待核实：") {
            return Some(self.claim_of_breach(line));
        }
        if line.rest() == "没有待核实" {
            return Some(
                self.breaches()
                    .and_then(|it| is(it.is_empty(), &it.join("\n- "))),
            );
        }
        if line.rest() == "没有考核建议" {
            return Some(self.proposes_exactly(Vec::new()));
        }
        if line.take("考核 ") {
            return Some(self.claim_of_proposal(line));
        }
        if line.take("合计") {
            return Some(self.claim_of_sums(line));
        }
        if line.take("表扬：") {
            return Some(self.claim_of_praise(line));
        }
        if line.take("抽签") {
            return Some(self.claim_of_draw(line));
        }
        None
    }

    /// `待核实：L1 王建国：忌语 1 个`
    fn claim_of_breach(&self, line: Line<'_>) -> Result<(), String> {
        among(line.rest(), &self.breaches()?)
    }

    fn breaches(&self) -> Result<Vec<String>, String> {
        let case = self.case()?;
        Ok(self
            .in_context(|context| breaches(&case, context))
            .iter()
            .map(|it| {
                let who = match &it.account {
                    Account::Staff { department, person } => {
                        self.member(person.as_ref(), department)
                    }
                    Account::Contract(department) => {
                        format!("{}（合同）", self.site.department(department))
                    }
                };
                format!("{} {who}：{}", it.rule, self.ground(&it.ground))
            })
            .collect())
    }

    fn member(&self, person: Option<&PersonId>, department: &DepartmentId) -> String {
        person.map_or_else(
            || self.site.department(department),
            |it| self.site.person(it),
        )
    }

    fn ground(&self, ground: &Ground) -> String {
        match ground {
            Ground::Missed(deadline) => format!("{}超时", self.site.deadline(*deadline)),
            Ground::Phrases(n) => format!("忌语 {n} 个"),
            Ground::Refused => "拒收".to_owned(),
            Ground::Wrangled => "互相推".to_owned(),
            Ground::Quarrel => "争吵".to_owned(),
            Ground::Criticised => "受批评".to_owned(),
            Ground::ComplainedAgain(case) => format!("客户再来【{}】", self.name_of(*case)),
            Ground::OwnWorkPassedOn => "自己的事转出去，误了时间".to_owned(),
            Ground::InsistedOnWrongDepartment => "明知转错还转，误了时间".to_owned(),
            Ground::Incomplete { missing, explained } => {
                let missing: Vec<&str> = missing.iter().map(|it| word_of(FIELDS, it)).collect();
                let why = if *explained { "，有说明" } else { "" };
                format!("登记缺{}{why}", missing.join("、"))
            }
            Ground::SecondTrip => "没告知全，客户多跑".to_owned(),
            Ground::WastedVisit => "约好的时间客户白跑".to_owned(),
            Ground::FoundOtherwise => "抽查不实".to_owned(),
            Ground::Unrecorded => "问过没有登记".to_owned(),
            Ground::FurtherCase => "规则包写明的情形".to_owned(),
        }
    }

    /// The block `那么 全部考核建议：`, a line each: `A3 刘伟，50 分，主任定：答复客户超时`.
    pub fn proposes_exactly(&mut self, mut claimed: Vec<String>) -> Result<(), String> {
        let mut found: Vec<String> = self
            .note_proposals()?
            .iter()
            .map(|it| self.proposal(it))
            .collect();
        found.sort();
        claimed.sort();
        is(
            found == claimed,
            &format!("全部考核建议是：\n- {}", found.join("\n- ")),
        )
    }

    fn proposal(&self, it: &Proposal) -> String {
        let unit = word_of(UNITS, &it.unit);
        let amount = it.amount.map(|(least, most)| {
            if least == most {
                format!("{least} {unit}")
            } else {
                format!("{least}–{most} {unit}")
            }
        });
        let mut consequences: Vec<String> = amount.into_iter().collect();
        if it.bulletin {
            consequences.push("部门通报".to_owned());
        }
        if it.off_post {
            consequences.push("建议调岗".to_owned());
        }
        if consequences.is_empty() {
            consequences.push("计数".to_owned());
        }
        format!(
            "{} {}，{}，{}定：{}",
            it.rule,
            self.member(it.person.as_ref(), &it.department),
            consequences.join("、"),
            word_of(DECIDERS, &it.decided_by),
            self.ground(&it.ground),
        )
    }

    /// `考核 A3 刘伟 可说明到 07-17 周五 18:00，08-13 周四 18:00 失效` · `考核 A3 刘伟 的证据：王建国 07-13 周一 09:06、…`
    fn claim_of_proposal(&mut self, mut line: Line<'_>) -> Result<(), String> {
        let proposal = self.need_proposal(&mut line)?;
        if line.take("的证据：") {
            let evidence: Vec<String> = proposal.evidence.iter().map(|it| self.made(*it)).collect();
            return same(line.rest(), &evidence.join("、"));
        }
        let state_by = proposal.state_by.map_or_else(|| "？".to_owned(), written);
        let lapses_at = written(proposal.lapses_at);
        same(
            line.rest(),
            &format!("可说明到 {state_by}，{lapses_at} 失效"),
        )
    }

    /// `合计2026-07：刘伟 A3 认定 1 件，50 分` · `合计2026-07：没有`
    fn claim_of_sums(&self, mut line: Line<'_>) -> Result<(), String> {
        let period = period(&mut line)?;
        let cases = self.all_cases();
        let sums = self.in_context(|context| sums(&cases, period, context));
        let found: Vec<String> = sums
            .lines
            .iter()
            .map(|((member, rule), it)| format!("{} {rule} {}", self.of(member), summed(it)))
            .collect();
        if line.take("没有") {
            line.end()?;
            return is(found.is_empty(), &found.join("\n- "));
        }
        among(line.rest(), &found)
    }

    fn of(&self, member: &Member) -> String {
        match member {
            Member::Person(it) => self.site.person(it),
            Member::Department(it) => self.site.department(it),
        }
    }

    /// `表扬：刘伟 结果按时、王建国 客户满意` · `表扬：没有`
    fn claim_of_praise(&self, line: Line<'_>) -> Result<(), String> {
        let case = self.case()?;
        let given: Vec<String> = self
            .in_context(|context| praise(&case, context))
            .iter()
            .map(
                |Praise {
                     person,
                     department,
                     ground,
                     ..
                 }| {
                    let who = self.member(person.as_ref(), department);
                    format!("{who} {}", word_of(PRAISE, ground))
                },
            )
            .collect();
        let given = if given.is_empty() {
            "没有".to_owned()
        } else {
            given.join("、")
        };
        same(line.rest(), &given)
    }

    /// `抽签2026-07，亮底 总部、员工代表：抽中 4 件` · `…：没有种子，员工代表没有亮底`
    fn claim_of_draw(&mut self, mut line: Line<'_>) -> Result<(), String> {
        let month = line.until(&['，']);
        let period = period_of(month)?;
        line.need("，亮底")?;
        let site = self.site.rules.directory.site.clone();
        let commitments = PARTIES.map(|(party, nonce)| nonce.commit(&site, period, party));
        let mut revealed = Vec::new();
        while let Some((party, nonce)) = PARTIES.iter().find(|(party, _)| line.take(party)) {
            let other = line.take("（换了底）");
            let shown = if other { Nonce([9; 32]) } else { *nonce };
            revealed.push(((*party).to_owned(), shown));
            line.take("、");
        }
        line.need("：")?;
        let closed: Vec<_> = self
            .all_cases()
            .into_iter()
            .filter(|it| it.closed_at.is_some())
            .collect();
        let last = |it: &Case| {
            let envelopes = self.envelopes_of(it.id);
            let last = envelopes.iter().max_by_key(|it| it.order());
            (it.id, last.map_or(Hash::of(b""), Envelope::hash))
        };
        let root = population_root(closed.iter().map(last));
        let found = match draw_seed(&site, period, root, &commitments, &revealed) {
            Ok(seed) => {
                let rule = self.site.rules.pack.spot_checks.ok_or("规则包没有抽查")?;
                let drawn = sample(&closed, rule, seed);
                let reversed: Vec<_> = closed.iter().rev().cloned().collect();
                is(drawn == sample(&reversed, rule, seed), "换个次序抽得不一样")?;
                self.seed = Some(seed);
                format!("抽中 {} 件", drawn.len())
            }
            Err(SeedError::OneParty) => "没有种子，只有一方".to_owned(),
            Err(SeedError::PartyTwice { party }) => format!("没有种子，{party}写了两次"),
            Err(SeedError::NotRevealed { party }) => format!("没有种子，{party}没有亮底"),
            Err(SeedError::OtherNonce { party }) => {
                format!("没有种子，{party}亮的底和封存的不一样")
            }
        };
        same(line.rest(), &found)
    }
}

fn summed(it: &Sum) -> String {
    let mut parts = Vec::new();
    if !it.upheld.is_empty() {
        parts.push(format!("认定 {} 件", it.upheld.len()));
    }
    if !it.dismissed.is_empty() {
        parts.push(format!("不认定 {} 件", it.dismissed.len()));
    }
    for (unit, amount) in &it.amounts {
        parts.push(format!("{amount} {}", word_of(UNITS, unit)));
    }
    if !it.bulletins.is_empty() {
        parts.push(format!("通报 {} 件", it.bulletins.len()));
    }
    if !it.off_post.is_empty() {
        parts.push(format!("建议调岗 {} 件", it.off_post.len()));
    }
    parts.join("，")
}

/// `2026-07：`
pub fn period(line: &mut Line<'_>) -> Result<Period, String> {
    let month = line.until(&['：']);
    line.need("：")?;
    period_of(month)
}

fn period_of(month: &str) -> Result<Period, String> {
    let (year, month) = month.split_once('-').ok_or("月份要写成 2026-07")?;
    Ok(Period {
        year: year.parse().map_err(|_| "年份不对")?,
        month: month.parse().map_err(|_| "月份不对")?,
    })
}
