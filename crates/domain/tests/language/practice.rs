//! Claims of what is derived beside the case itself: phrases, words at hand, bulletins, sheets, the ladder, repeats,
//! verdicts, and any past moment.

use shouwen_domain::Case;
use shouwen_domain::assessment::{
    FieldId, Figures, Judged, Row, SectionId, Sheet, SheetKind, Value, bulletin, judge, sheet,
};
use shouwen_domain::case::{Obligation, TraceKind};
use shouwen_domain::document::Language;
use shouwen_domain::envelope::{Envelope, RuleHashes};
use shouwen_domain::explain::{Explanation, Library, Moved, Reckoned, View, explain};
use shouwen_domain::id::{CaseId, PersonId};
use shouwen_domain::ladder::rungs;
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Found;
use shouwen_domain::reckoning::Standing;
use shouwen_domain::repeat::{Candidate, Known, Matter, Query, Repeats};
use shouwen_domain::summary::Particulars;
use shouwen_domain::verdict::{Evidence, Verdict, Witness};

use super::assessed::period;
use super::claims::{among, is, same};
use super::line::{Line, written};
use super::words::{CHANNELS, CONTACTS, ENDINGS, FINDINGS, OUTCOMES, word_of};
use super::world::World;

const SHEETS: &[(&str, SheetKind)] = &[
    ("登记表", SheetKind::Record),
    ("处理单", SheetKind::Slip),
    ("告知单", SheetKind::Notice),
];

const SHEET_FIELDS: &[(&str, FieldId)] = &[
    ("编号", FieldId::Number),
    ("客户", FieldId::Customer),
    ("地址", FieldId::Address),
    ("电话", FieldId::Phone),
    ("事情", FieldId::Matter),
    ("渠道", FieldId::Channel),
    ("转往", FieldId::PassedOnTo),
    ("首问责任人", FieldId::FirstResponder),
    ("转交期限", FieldId::TransferDue),
    ("接收人", FieldId::ReceivedBy),
    ("承办人", FieldId::Handler),
    ("答复期限", FieldId::ReplyDue),
    ("退回意见", FieldId::ReturnOpinion),
    ("转出签字", FieldId::DispatchSignature),
    ("收单签字", FieldId::ReceiptSignature),
    ("处理结果", FieldId::Outcome),
    ("怎么处理", FieldId::WhatWasDone),
    ("经办签字", FieldId::HandlerSignature),
    ("主管签字", FieldId::HeadSignature),
    ("告知主管", FieldId::SupervisorInformed),
    ("主任批示", FieldId::DirectorsInstruction),
    ("回访结果", FieldId::Finding),
    ("客户原话", FieldId::CustomersWords),
    ("结局", FieldId::Ending),
    ("依据", FieldId::Basis),
    ("条件", FieldId::Conditions),
    ("步骤", FieldId::Steps),
    ("收费", FieldId::Fee),
    ("办理时间", FieldId::TimeLimit),
    ("材料", FieldId::Paper),
    ("缺", FieldId::Missing),
    ("还缺", FieldId::AlsoMissing),
    ("咨询电话", FieldId::QuestionsPhone),
    ("投诉电话", FieldId::ComplaintsPhone),
    ("客户签字", FieldId::CustomerSignature),
];

impl World {
    /// None: it is no claim of these.
    pub fn claim_of_practice(&self, mut line: Line<'_>) -> Option<Result<(), String>> {
        if line.take("写") {
            return Some(self.claim_of_phrases(line));
        }
        if line.take("发出的忌语") {
            return Some(self.claim_of_sent_phrases(line));
        }
        if line.take("礼貌用语") || line.take("服务公约") {
            return Some(self.claim_of_words(line));
        }
        if line.take("查") {
            return Some(self.claim_of_search(line));
        }
        if line.take("通报") {
            return Some(self.claim_of_bulletin(line));
        }
        if let Some(kind) = line.word(SHEETS) {
            return Some(self.claim_of_sheet(kind, line));
        }
        if line.take("像是") || line.take("不像") || line.take("可能有关：") {
            return Some(self.claim_of_repeat(line));
        }
        if line.take("判定 ") {
            return Some(self.claim_of_verdict(line));
        }
        if line.take("回看") {
            return Some(self.claim_of_the_past(line));
        }
        if line.rest().contains(" 上报：") || line.rest().contains(" 已报到：") {
            return Some(self.claim_of_ladder(line));
        }
        None
    }

    /// `写“…”：提示 不归我管` · `写“…”：没有提示` · `写“…”：改成“…”`
    fn claim_of_phrases(&self, mut line: Line<'_>) -> Result<(), String> {
        let text = line.quote().ok_or("这里应是“原话”")?;
        line.need("：")?;
        let guard = self.site.rules.guard();
        let findings: Vec<_> = guard
            .findings(&text)
            .into_iter()
            .filter(|it| !it.quoted)
            .collect();
        if line.take("改成") {
            let first = findings.first().ok_or("没有提示")?;
            let better = guard.replace(&text, first, Language::Chinese);
            return same(&line.said(), &better);
        }
        let found: Vec<&str> = findings.iter().map(|it| &text[it.range.clone()]).collect();
        if line.take("没有提示") {
            line.end()?;
            return same("", &found.join("、"));
        }
        line.need("提示")?;
        same(line.rest(), &found.join("、"))
    }

    /// `发出的忌语 2 个，违规待核实：张敏`
    fn claim_of_sent_phrases(&self, mut line: Line<'_>) -> Result<(), String> {
        let case = self.case()?;
        let (mut n, mut by) = (0, Vec::new());
        for trace in &case.assessments.traces {
            if let TraceKind::Phrases(phrases) = trace.kind {
                n += phrases;
                by.push(self.site.person(&trace.by));
            }
        }
        let claimed = line.number()?;
        line.need("个")?;
        is(usize::try_from(claimed) == Ok(n), &format!("是 {n} 个"))?;
        if line.take("，说的是") {
            return same(line.rest(), &by.join("、"));
        }
        line.end()
    }

    /// `礼貌用语“接听电话”：“…”` · `服务公约第 3 条：“…”`
    fn claim_of_words(&self, mut line: Line<'_>) -> Result<(), String> {
        let pack = &self.site.rules.pack;
        let found = if line.take("第") {
            let nth = usize::try_from(line.number()?).map_err(|it| it.to_string())?;
            line.need("条")?;
            let pledge = pack.pledge.as_ref().ok_or("没有服务公约")?;
            pledge.lines.get(nth - 1).map(|it| it.zh.clone())
        } else {
            let when = line.quote().ok_or("这里应是“场合”")?;
            let courtesy = pack.courtesy.iter().find(|it| it.when.zh == when);
            courtesy.map(|it| it.say.zh.clone())
        };
        line.need("：")?;
        let claimed = line.quote().ok_or("这里应是“原文”")?;
        line.end()?;
        same(&claimed, &found.unwrap_or_else(|| "没有".to_owned()))
    }

    /// `查“门卡丢了”：先是 答案“…”` · `查“…”：有 部门“客服部”，大堂，8001` · `查“…”：没有结果`
    fn claim_of_search(&self, mut line: Line<'_>) -> Result<(), String> {
        let words = line.quote().ok_or("这里应是“要查的话”")?;
        line.need("：")?;
        let rules = &self.site.rules;
        let hits: Vec<String> = rules
            .pack
            .search(&rules.directory, &words)
            .iter()
            .map(|it| self.found(&it.found))
            .collect();
        if line.take("没有结果") {
            line.end()?;
            return is(hits.is_empty(), &hits.join("\n- "));
        }
        if line.take("先是") {
            let first = hits.first().map_or("没有结果", String::as_str);
            return same(line.rest(), first);
        }
        line.need("有")?;
        among(line.rest(), &hits)
    }

    fn found(&self, found: &Found) -> String {
        let pack = &self.site.rules.pack;
        let category = |id| pack.category(id).ok_or("？");
        match found {
            Found::Answer(nth) => {
                let answer = &pack.answers[*nth];
                format!("答案“{}”：“{}”", answer.question.zh, answer.answer.zh)
            }
            Found::Category(id) => {
                let of = category(id).expect("the pack has what it found");
                let steps: Vec<&str> = of.steps.iter().map(|it| it.zh.as_str()).collect();
                if steps.is_empty() {
                    format!("类别“{}”", of.name.zh)
                } else {
                    format!("办事“{}”：{}", of.name.zh, steps.join("→"))
                }
            }
            Found::Paper(id, paper) => {
                let of = category(id).expect("the pack has what it found");
                let paper = of.papers.iter().find(|it| it.id == *paper);
                let paper = paper.map_or("？", |it| it.name.zh.as_str());
                format!("材料“{paper}”（{}）", of.name.zh)
            }
            Found::Department(id) => {
                let of = self.site.rules.directory.department(id);
                of.map_or_else(String::new, |it| {
                    format!("部门“{}”，{}，{}", it.name.zh, it.place.zh, it.phone)
                })
            }
            Found::Rule(id) => format!("规则 {id}"),
        }
    }

    /// `通报2026-07：全部 收到 6、…` · `通报2026-07：不公布数字` · `通报2026-07：看不出客户`
    fn claim_of_bulletin(&self, mut line: Line<'_>) -> Result<(), String> {
        let period = period(&mut line)?;
        let cases = self.all_cases();
        let published = self.in_context(|context| bulletin(&cases, period, context));
        if line.take("不公布数字") {
            line.end()?;
            let hidden = published.total.is_none() && published.rows.is_empty();
            return is(hidden, "公布了数字");
        }
        let sheet = Sheet::of_bulletin(&published);
        if line.take("看不出客户") {
            line.end()?;
            return self.names_nobody(&sheet);
        }
        let rows: Vec<String> = published
            .total
            .iter()
            .map(|it| (Row::Total, *it))
            .chain(published.rows.iter().cloned())
            .map(|(row, it)| self.figures(&row, it))
            .collect();
        among(line.rest(), &rows)
    }

    fn figures(&self, row: &Row, it: Figures) -> String {
        let row = match row {
            Row::Total => "全部".to_owned(),
            Row::Department(id) => self.site.department(id),
            Row::Others => "其他部门".to_owned(),
        };
        format!(
            "{row} 收到 {}、告知 {}、按时 {}、满意 {}、超时 {}",
            it.n_in, it.n_answered, it.n_on_time, it.n_satisfied, it.n_overdue
        )
    }

    /// Neither a name nor a phone nor a room nor a word of any customer.
    fn names_nobody(&self, sheet: &Sheet) -> Result<(), String> {
        let printed = format!("{:?}", sheet.sections);
        for it in self.all_particulars() {
            for text in [it.customer, it.phone, it.address, it.matter] {
                if !text.is_empty() && printed.contains(&text) {
                    return Err(format!("看得出“{text}”"));
                }
            }
        }
        Ok(())
    }

    /// `登记表 电话：138…` · `处理单 主管签字：空着` · `处理单 遮掩后 电话：138****5678` · `处理单 第 2 次转手 接收人：…`
    fn claim_of_sheet(&self, kind: SheetKind, mut line: Line<'_>) -> Result<(), String> {
        let case = self.case()?;
        let rules = &self.site.rules;
        let mut printed = sheet(kind, &case, &self.envelopes(), rules).ok_or("没有这张单子")?;
        if line.take("遮掩后") {
            printed = printed.masked();
        }
        let movements = |it: &&shouwen_domain::assessment::Section| it.id == SectionId::Movement;
        let sections: Vec<_> = if line.take("第") {
            let nth = usize::try_from(line.number()?).map_err(|it| it.to_string())?;
            line.need("次转手")?;
            let nth = printed.sections.iter().filter(movements).nth(nth - 1);
            nth.into_iter().collect()
        } else {
            printed.sections.iter().collect()
        };
        let field = line.need_word(SHEET_FIELDS)?;
        line.need("：")?;
        let found: Vec<String> = sections
            .into_iter()
            .flat_map(|it| &it.fields)
            .filter(|(id, _)| *id == field)
            .map(|(_, value)| self.printed(value, &case))
            .collect();
        let found = if found.is_empty() {
            "没有这一栏".to_owned()
        } else {
            found.join("；")
        };
        same(line.rest(), &found)
    }

    fn printed(&self, value: &Value, case: &Case) -> String {
        let signed =
            |who: &PersonId, at: Moment| format!("{} {}", self.site.person(who), written(at));
        match value {
            Value::Blank => "空着".to_owned(),
            Value::Text(it) | Value::Words(it) => it.clone(),
            Value::CustomerName(it) | Value::CustomerPhone(it) | Value::CustomerAddress(it) => {
                it.clone()
            }
            Value::PackText(it) => it.zh.clone(),
            Value::Person(it) => self.site.person(it),
            Value::People(it) => {
                let names: Vec<String> = it.iter().map(|it| self.site.person(it)).collect();
                names.join("、")
            }
            Value::Department(it) => self.site.department(it),
            Value::Moment(it) => written(*it),
            Value::Drawn(Some(_), who, at) => format!("屏幕签名 {}", signed(who, *at)),
            Value::Drawn(None, who, at) => format!("屏幕签名（不附图） {}", signed(who, *at)),
            Value::Signed(who, at) | Value::Informed(who, at) => signed(who, *at),
            Value::Channel(it) => word_of(CHANNELS, it).to_owned(),
            Value::Outcome(it) => word_of(OUTCOMES, it).to_owned(),
            Value::Contact(it) => word_of(CONTACTS, it).to_owned(),
            Value::Finding(it) => word_of(FINDINGS, it).to_owned(),
            Value::Ending(it) => word_of(ENDINGS, it).to_owned(),
            Value::Paper(it) => {
                let pack = self.site.rules.pack_of(case);
                let papers = pack.categories.iter().flat_map(|it| &it.papers);
                let paper = papers.into_iter().find(|paper| paper.id == *it);
                paper.map_or("？", |it| it.name.zh.as_str()).to_owned()
            }
            other @ (Value::Category(_)
            | Value::Urgency(_)
            | Value::Month(..)
            | Value::Count(_)
            | Value::Criticism(..)) => format!("{other:?}"),
        }
    }

    /// `像是【甲】的重复` · `不像哪件的重复` · `可能有关：【甲】、【乙】`
    fn claim_of_repeat(&self, line: Line<'_>) -> Result<(), String> {
        let candidates = self.candidates()?;
        let name = |it: &Candidate<CaseId>| format!("【{}】", self.name_of(it.case));
        let mut line = line;
        let confident = candidates.first().filter(|it| it.confident);
        if line.take("哪件的重复") {
            line.end()?;
            return is(confident.is_none(), &confident.map_or(String::new(), name));
        }
        if let Some(claimed) = line.rest().strip_suffix("的重复") {
            return same(claimed, &confident.map_or_else(|| "没有".to_owned(), name));
        }
        let all: Vec<String> = candidates.iter().map(name).collect();
        let all = if all.is_empty() {
            "没有".to_owned()
        } else {
            all.join("、")
        };
        same(line.rest(), &all)
    }

    fn candidates(&self) -> Result<Vec<Candidate<CaseId>>, String> {
        let own = self.case()?.id;
        let known: Vec<(Case, Particulars)> = self
            .all_cases()
            .into_iter()
            .map(|it| {
                let particulars = Particulars::of(&self.envelopes_of(it.id));
                (it, particulars)
            })
            .collect();
        let mut repeats = Repeats::default();
        for (case, it) in &known {
            repeats.insert(Known {
                case: case.id,
                matter: matter(case, it),
            });
        }
        let (case, it) = known
            .iter()
            .find(|(case, _)| case.id == own)
            .ok_or("没有这件事")?;
        let query = Query {
            case: Some(own),
            matter: matter(case, it),
        };
        Ok(repeats.candidates(&query, 5))
    }

    /// `判定 答复客户：按时` · `…：不怪接单人，算到 07-15 周三 18:00` · `…：说不清`
    fn claim_of_verdict(&self, mut line: Line<'_>) -> Result<(), String> {
        let what = line.until(&['：']);
        line.need("：")?;
        let case = self.case()?;
        let owed = self.owed_last(&case, what)?;
        let envelopes = self.envelopes();
        let acts = self.witnesses(&envelopes);
        let verdict = self
            .site
            .rules
            .verdict(
                &case,
                owed,
                self.now.ok_or("还没有时间")?,
                &self.evidence(&acts),
            )
            .map_err(|it| it.to_string())?;
        same(line.rest(), &self.verdict_in_words(verdict))
    }

    /// As head office judges it with all it knows at the moment of the last act.
    pub fn judged(&self, case: &Case, it: &Obligation) -> Judged {
        let envelopes = self.envelopes_of(case.id);
        let acts = self.witnesses(&envelopes);
        let now = self.now.unwrap_or_default();
        judge(case, it, &self.site.rules, now, &self.evidence(&acts))
    }

    fn verdict_in_words(&self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Met => "按时".to_owned(),
            Verdict::Missed => "错过".to_owned(),
            Verdict::CannotBeTold { .. } => "说不清".to_owned(),
            Verdict::Excused { until, .. } => format!("不怪接单人，算到 {}", written(until)),
            Verdict::NotYetJudged { waits_for } => {
                format!("待判，等{}的送达", self.author(waits_for))
            }
            Verdict::Running => "未到期".to_owned(),
            Verdict::Late => "已到期，还没听全".to_owned(),
            Verdict::Lifted => "不用办了".to_owned(),
        }
    }

    fn owed_last<'a>(&self, case: &'a Case, what: &str) -> Result<&'a Obligation, String> {
        case.obligations
            .iter()
            .rev()
            .find(|it| self.site.deadline(it.deadline) == what)
            .ok_or_else(|| format!("没有“{what}”"))
    }

    pub fn evidence<'a>(&self, acts: &'a [Witness<'a>]) -> Evidence<'a> {
        Evidence {
            acts,
            heard_until: self.now.filter(|_| self.is_everybody_heard()),
        }
    }

    pub fn witnesses<'a>(&self, envelopes: &'a [Envelope]) -> Vec<Witness<'a>> {
        envelopes
            .iter()
            .map(|it| Witness::of(it, None, self.arrived(it.header().id)))
            .collect()
    }

    /// `答复客户 上报：刘伟 07-14 周二 18:00、…` · `陈工不在 答复客户 上报：…` · `答复客户 已报到：陈工`
    fn claim_of_ladder(&self, mut line: Line<'_>) -> Result<(), String> {
        let mut absent = Vec::new();
        let mut ahead = line;
        if let Some(person) = self.site.take_person(&mut ahead)
            && ahead.take("不在")
        {
            absent.push(person);
            line = ahead;
        }
        let what = line.until(&[' ']);
        let case = self.case()?;
        let owed = self.owed_last(&case, what)?;
        let rules = &self.site.rules;
        let due = rules.due(&case, owed).map_err(|it| it.to_string())?.at;
        let now = self.now.ok_or("还没有时间")?;
        let found = rungs((&case, owed), due, now, rules, |it| absent.contains(it))
            .map_err(|it| it.to_string())?;
        let who = |it: &Option<PersonId>| {
            it.as_ref()
                .map_or_else(|| "没有人".to_owned(), |it| self.site.person(it))
        };
        line = Line::new(line.rest());
        if line.take("已报到：") {
            let reached: Vec<String> = found
                .iter()
                .filter(|it| it.is_reached)
                .map(|it| who(&it.who))
                .collect();
            return same(line.rest(), &reached.join("、"));
        }
        line.need("上报：")?;
        let found: Vec<String> = found
            .iter()
            .map(|it| format!("{} {}", who(&it.who), written(it.at)))
            .collect();
        same(line.rest(), &found.join("、"))
    }

    /// `回看07-13 周一 10:00：首问责任人 王建国，在手 工程部` · `回看…：刘伟 应在 … 前 …（T3），规则包第 1 版，日历第 1 版`
    fn claim_of_the_past(&self, mut line: Line<'_>) -> Result<(), String> {
        let at = line.need_time(self.now)?;
        let view = if line.take("总部所知") {
            View::KnownAtHeadOffice
        } else {
            View::Done
        };
        line.need("：")?;
        let envelopes = self.envelopes();
        let acts = self.witnesses(&envelopes);
        let texts = self.all_rules();
        let library = Library {
            site: &self.adopted(),
            texts: &texts,
        };
        let found = explain(&envelopes, at, view, &self.evidence(&acts), &library);
        if line.take("还没有登记") {
            line.end()?;
            return is(found.is_none(), "已经登记");
        }
        let found = found.ok_or("那时还没有登记")?;
        if line.rest().starts_with("首问责任人") {
            return same(line.rest(), &self.stood(&found));
        }
        if let Some((what, moves)) = line.rest().split_once(" 改过：") {
            return same(moves, &self.moves(&found, what)?);
        }
        let owed: Vec<String> = found
            .owed
            .iter()
            .map(|it| {
                let (due, rule, verdict) = match &it.reckoned {
                    Reckoned::By {
                        rule, due, verdict, ..
                    } => (
                        written(due.at),
                        rule.to_string(),
                        self.verdict_in_words(*verdict),
                    ),
                    Reckoned::Not { rule, .. } => {
                        ("？".to_owned(), rule.to_string(), "算不出".to_owned())
                    }
                    Reckoned::TextsNotAtHand => {
                        ("？".to_owned(), "？".to_owned(), "规则不在手".to_owned())
                    }
                };
                let who = it.owed_by.person.as_ref().map_or_else(
                    || self.site.department(&it.owed_by.department),
                    |it| self.site.person(it),
                );
                let name = self.site.deadline(it.deadline);
                let (pack, calendar) = self.editions(it.texts);
                format!(
                    "{who} 应在 {due} 前 {name}（{rule}），{verdict}，规则包第 {pack} 版，日历第 {calendar} 版"
                )
            })
            .collect();
        among(line.rest(), &owed)
    }

    /// `02-13 周五 20:00 由 02-14 周六 18:00 改为 02-24 周二 18:00，因 02-14`
    fn moves(&self, found: &Explanation, what: &str) -> Result<String, String> {
        let owing = found
            .owed
            .iter()
            .rev()
            .find(|it| self.site.deadline(it.deadline) == what)
            .ok_or_else(|| format!("没有“{what}”"))?;
        let due = |it: Standing| match it {
            Standing::Due { at, .. } => written(at),
            Standing::Paused { .. } => "暂停".to_owned(),
        };
        let moves: Vec<String> = owing
            .moved
            .iter()
            .map(|Moved { at, changed }| {
                let days: Vec<String> = changed
                    .because
                    .iter()
                    .map(|it| it.date.format("%m-%d").to_string())
                    .collect();
                let (before, after) = (due(changed.before), due(changed.after));
                let at = written(*at);
                format!("{at} 由 {before} 改为 {after}，因 {}", days.join("、"))
            })
            .collect();
        Ok(if moves.is_empty() {
            "没有改过".to_owned()
        } else {
            moves.join("；")
        })
    }

    fn stood(&self, it: &Explanation) -> String {
        let hands = it.hands.person.as_ref().map_or_else(
            || self.site.department(&it.hands.department),
            |it| self.site.person(it),
        );
        format!(
            "首问责任人 {}，在手 {hands}",
            self.site.person(&it.first_responder.person)
        )
    }

    /// Which pack and which calendar in the order in which the site had them, from 1; 0: neither known here.
    fn editions(&self, texts: RuleHashes) -> (usize, usize) {
        let place = |found: Option<usize>| found.map_or(0, |it| it + 1);
        let rules = self.all_rules();
        let mut packs = Vec::new();
        let mut calendars = Vec::new();
        for hashes in rules.iter().map(|it| it.hashes()) {
            if !packs.contains(&hashes.pack) {
                packs.push(hashes.pack);
            }
            if !calendars.contains(&hashes.calendar) {
                calendars.push(hashes.calendar);
            }
        }
        (
            place(packs.iter().position(|it| *it == texts.pack)),
            place(calendars.iter().position(|it| *it == texts.calendar)),
        )
    }
}

fn matter<'a>(case: &'a Case, it: &'a Particulars) -> Matter<'a> {
    Matter {
        room: &it.address,
        phone: &it.phone,
        person: &it.customer,
        category: case.record.category.as_str(),
        text: &it.matter,
        ..Matter::at(case.record.asked_at)
    }
}
