//! What people do: one line, one command.

use shouwen_domain::Command;
use shouwen_domain::command::{Circumstances, Explained, Next, RecordForm};
use shouwen_domain::draft::Draft;
use shouwen_domain::event::{Channel, OuterTicket, PhotoAdded, Request, Urgency};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CategoryId, DepartmentId, EmergencyId, PaperId, PersonId, ShiftId};
use shouwen_domain::moment::Moment;

use super::line::Line;
use super::words::{
    AGREED, CHANNELS, CONTACTS, DEADLINE_IN_GENERAL, DIFFICULTIES, FATES, FINDINGS, GUIDANCE,
    MISSING_BECAUSE, OUTCOMES, OUTER, PAUSES, SIGNINGS, SOURCES, STEPS, SUCCESSIONS, TAKEAWAYS,
    URGENCIES, WAIVED,
};
use super::world::World;

use shouwen_domain::event::{AgreedBecause, Contact, Outcome};

impl World {
    /// `02-13 周五 17:58 王建国 【甲】 转交 工程部（离线）`
    pub fn act(&mut self, mut line: Line<'_>) -> Result<(), String> {
        let (text, offline) = match line.rest().strip_suffix("（离线）") {
            Some(text) => (text, true),
            None => (line.rest(), false),
        };
        line = Line::new(text);
        let at = line.need_time(self.now)?;
        self.now = Some(at);
        let at = self.later(at);
        let person = self.site.need_person(&mut line)?;
        if let Some(name) = line.name() {
            self.current = name;
        }
        if line.take("断网") {
            line.end()?;
            self.go_offline(&person);
            return Ok(());
        }
        if line.take("同步") {
            line.end()?;
            self.sync(&person);
            return Ok(());
        }
        let now = self.clock_of(&person, at);
        if line.take("起草：") {
            let form = self.form(&mut line, &person, now);
            line.end()?;
            self.draft = Some(
                form.standing(&person, &self.site.rules)
                    .map_err(|it| it.to_string())?,
            );
            return Ok(());
        }
        if let Some(command) = self.practice(&mut line, now)? {
            line.end()?;
            return self.order_for_site(&person, now, command);
        }
        self.is_claimed = line.take("未登录");
        let command = if line.take("登记：") {
            self.record(&mut line, &person, now)?
        } else {
            self.command(&mut line, &person, now)?
        };
        line.end()?;
        self.order(&person, at, offline, command)
    }

    fn command(
        &mut self,
        line: &mut Line<'_>,
        person: &PersonId,
        now: Moment,
    ) -> Result<Command, String> {
        if let Some(command) = self.intake(line, now)? {
            return Ok(command);
        }
        if let Some(command) = self.transfer(line, person, now)? {
            return Ok(command);
        }
        if let Some(command) = self.coordination(line, now)? {
            return Ok(command);
        }
        if let Some(command) = self.assessment(line, now)? {
            return Ok(command);
        }
        verification(line)?.ok_or_else(|| format!("不认识的动作“{}”", line.rest()))
    }

    #[expect(clippy::too_many_lines, reason = "one branch a word")]
    fn intake(&self, line: &mut Line<'_>, now: Moment) -> Result<Option<Command>, String> {
        Ok(Some(if line.take("当场答复") {
            Command::AnswerAtOnce { text: line.said() }
        } else if line.take("补登") {
            let (address, customer, phone) = particulars(line.until(&['，']));
            line.take("，");
            Command::CompleteForm {
                customer,
                phone,
                address,
                missing_because: line.word(MISSING_BECAUSE),
            }
        } else if line.take("确认被问") {
            Command::ConfirmAsked {
                agrees: true,
                text: line.said(),
            }
        } else if line.take("否认被问") {
            Command::ConfirmAsked {
                agrees: false,
                text: line.said(),
            }
        } else if let Some(how) = line.word(GUIDANCE) {
            Command::Guide {
                to: self.site.need_department(line)?,
                how,
            }
        } else if line.take("已接待") {
            Command::ReceiveGuided
        } else if line.take("告知找谁") {
            Command::TellWhomToSee {
                department: self.site.need_department(line)?,
            }
        } else if line.take("告知归外单位") {
            Command::ReferOutside { text: line.said() }
        } else if line.take("一次告知：") {
            Command::GiveNotice {
                papers: self.papers(line)?,
                text: line.said(),
                clear: line.take("，已清楚"),
            }
        } else if line.take("客户再来：") {
            Command::RecordSecondTrip {
                papers: self.papers(line)?,
                in_vain: false,
                text: line.said(),
            }
        } else if line.take("客户白跑") {
            Command::RecordSecondTrip {
                papers: Vec::new(),
                in_vain: true,
                text: line.said(),
            }
        } else if line.take("联系外部") {
            Command::ContactOutside {
                contractor: self.site.take_department(line),
                text: line.said(),
                reached: !line.take("，没联系上"),
            }
        } else if line.take("约定") {
            Command::AgreeTime {
                at: line.need_time(Some(now))?,
                because: agreed_because(line)?,
                text: line.said(),
            }
        } else if line.take("标为重复") {
            let name = line.name().ok_or("这里应是【事项】")?;
            Command::MarkRepeat {
                earlier: Some(self.named_case(&name)?),
            }
        } else if line.take("不是重复") {
            Command::MarkRepeat { earlier: None }
        } else if line.take("给客户") {
            Command::GiveTakeaway {
                form: line.need_word(TAKEAWAYS)?,
            }
        } else if line.take("复核") {
            Command::CheckResult {
                right: line.need_word(&[("无误", true), ("有误", false)])?,
                text: line.said(),
            }
        } else if line.take("定级") {
            let urgency = line.need_word(URGENCIES)?;
            Command::SetUrgency {
                urgency,
                emergency: self.emergency(line, urgency)?,
                reason: line.said(),
            }
        } else if line.take("紧急步骤") {
            Command::EmergencyStep {
                step: line.need_word(STEPS)?,
                done_at: line.time(Some(now))?.unwrap_or(now),
            }
        } else if line.take("发现违法") {
            Command::FindIllegalAct { text: line.said() }
        } else if line.take("报告主管部门") {
            Command::ReportToAuthority { text: line.said() }
        } else if line.take("公开答复") {
            Command::PublishAnswer {
                published: true,
                text: line.said(),
            }
        } else if line.take("不公开") {
            Command::PublishAnswer {
                published: false,
                text: line.said(),
            }
        } else if line.take("照片") {
            let name = line.name().ok_or("这里应是【照片】")?;
            let source = line.need_word(SOURCES)?;
            let taken_at = line.time(Some(now))?;
            Command::AddPhotos {
                photos: vec![PhotoAdded {
                    photo: Hash::of(name.as_bytes()),
                    source,
                    taken_at,
                    placed: line.take("有定位"),
                }],
            }
        } else if line.take("说明原因") {
            Command::Explain {
                text: line.said(),
                explained: explained(line),
            }
        } else if line.take("客户又来联系") {
            Command::LogContact { text: line.said() }
        } else {
            return Ok(None);
        }))
    }

    fn transfer(
        &self,
        line: &mut Line<'_>,
        person: &PersonId,
        now: Moment,
    ) -> Result<Option<Command>, String> {
        Ok(Some(if line.take("转交") {
            let (to, explained, text) = self.handed_over(line)?;
            Command::HandOver {
                to,
                explained,
                text,
            }
        } else if line.rest() == "签收" {
            line.take("签收");
            Command::Receive
        } else if line.take("指定承办") {
            Command::NameHandler {
                handler: self.site.need_person(line)?,
            }
        } else if line.take("退回") {
            Command::Return {
                opinion: line.said(),
            }
        } else if line.take("答复") {
            let text = line.said();
            let (mut outcome, mut told, mut suggestion) = (Outcome::Solved, None, None);
            while line.take("，") {
                if line.take("已告知") {
                    told = Some(line.word(CONTACTS).unwrap_or(Contact::Call));
                } else if let Some(fate) = line.word(FATES) {
                    suggestion = Some(fate);
                } else {
                    outcome = line.need_word(OUTCOMES)?;
                }
            }
            Command::Reply {
                outcome,
                text,
                told,
                suggestion,
            }
        } else if line.take("告知结果") {
            Command::TellResult {
                how: line.word(CONTACTS).unwrap_or(Contact::Call),
                text: line.said(),
            }
        } else if line.take("签字") {
            Command::Sign {
                what: line.need_word(SIGNINGS)?,
            }
        } else if line.take("反映推诿") {
            Command::ReportShirking {
                department: self.site.need_department(line)?,
                person: self.site.take_person(line),
                text: line.said(),
            }
        } else if line.take("交班给") {
            Command::PassShift {
                to: self.site.need_person(line)?,
                shift: shift(line, person),
            }
        } else if line.take("接班于") {
            let from = self.site.need_person(line)?;
            Command::TakeShift {
                shift: shift(line, &from),
            }
        } else if line.take("移交责任给") {
            Command::Succeed {
                to: self.site.need_person(line)?,
                reason: {
                    line.need("，")?;
                    line.need_word(SUCCESSIONS)?
                },
                text: line.said(),
            }
        } else if line.take("接受移交") {
            Command::AcceptSuccession
        } else if line.take("申请") {
            Command::Ask {
                request: request(line, now)?,
                text: line.said(),
            }
        } else if line.take("同意") {
            self.consent(line, true)?
        } else if line.take("不同意") {
            self.consent(line, false)?
        } else if line.take("恢复计时") {
            Command::Resume
        } else if line.take("告知延期") {
            Command::TellDelay {
                how: line.word(CONTACTS).unwrap_or(Contact::Call),
                text: line.said(),
            }
        } else {
            return Ok(None);
        }))
    }

    fn coordination(&self, line: &mut Line<'_>, now: Moment) -> Result<Option<Command>, String> {
        Ok(Some(if line.take("报牵头部门") {
            Command::ReportToCoordination { text: line.said() }
        } else if line.take("指定主办") {
            let lead = self.site.need_department(line)?;
            let mut upheld = Vec::new();
            if line.take("，理由成立：") {
                upheld.push(self.site.need_department(line)?);
                while line.take("、") {
                    upheld.push(self.site.need_department(line)?);
                }
            }
            Command::NameLead {
                lead,
                upheld,
                text: line.said(),
            }
        } else if line.take("请示") {
            let leader = self.site.need_person(line)?;
            line.need("，答应客户")?;
            let expected_at = line.need_time(Some(now))?;
            Command::PutToLeader {
                leader,
                expected_at,
                text: line.said(),
            }
        } else if line.take("领导答复") {
            Command::AnswerAsLeader { text: line.said() }
        } else if line.take("报主任") {
            Command::Escalate { text: line.said() }
        } else if line.take("批示") {
            Command::Instruct {
                department: self.site.take_department(line),
                text: line.said(),
            }
        } else if line.take("并入") {
            let name = line.name().ok_or("这里应是【事项】")?;
            Command::Join {
                main: self.named_case(&name)?,
            }
        } else if line.take("取用结果") {
            let name = line.name().ok_or("这里应是【事项】")?;
            let main = self.named_case(&name)?;
            let main = self
                .folded_case(Some(main), None)
                .case
                .ok_or("主事项还没有登记")?;
            Command::TakeOverResult {
                joined: self.joined_with(main.id).collect(),
                main: Box::new(main),
            }
        } else if line.take("签收上级工单") {
            Command::SignOuter
        } else if line.take("回复上级") {
            Command::ReplyOuter { text: line.said() }
        } else if line.take("上级延期") {
            Command::ExtendOuter {
                limit: line.need_word(OUTER)?,
                until: {
                    line.need("到")?;
                    line.need_time(Some(now))?
                },
                text: line.said(),
            }
        } else if line.take("上级退件") {
            Command::RejectOutside {
                reply_by: line.time(Some(now))?,
                text: line.said(),
            }
        } else {
            return Ok(None);
        }))
    }

    fn consent(&self, line: &mut Line<'_>, granted: bool) -> Result<Command, String> {
        let case = self.case()?;
        let asked = case
            .consents
            .requests
            .iter()
            .rev()
            .find(|it| it.is_open())
            .or_else(|| case.consents.requests.last())
            .ok_or("没有申请")?;
        Ok(Command::Consent {
            request: asked.envelope,
            granted,
            text: line.said(),
        })
    }

    fn handed_over(
        &self,
        line: &mut Line<'_>,
    ) -> Result<(DepartmentId, Explained, String), String> {
        let to = self.site.need_department(line)?;
        let text = line.said();
        Ok((to, explained(line), text))
    }

    fn papers(&self, line: &mut Line<'_>) -> Result<Vec<PaperId>, String> {
        let case = self.case()?;
        let pack = self.site.rules.pack_of(&case);
        let known: Vec<(&str, &PaperId)> = pack
            .categories
            .iter()
            .filter(|it| it.id == case.record.category)
            .flat_map(|it| &it.papers)
            .map(|it| (it.name.zh.as_str(), &it.id))
            .collect();
        let mut papers = Vec::new();
        while let Some(paper) = line.word(&known) {
            papers.push(paper.clone());
            line.take("、");
        }
        Ok(papers)
    }

    fn emergency(
        &self,
        line: &mut Line<'_>,
        urgency: Urgency,
    ) -> Result<Option<EmergencyId>, String> {
        if urgency != Urgency::Emergency {
            return Ok(None);
        }
        let known: Vec<(&str, &EmergencyId)> = self
            .site
            .rules
            .pack
            .emergencies
            .iter()
            .map(|it| (it.name.zh.as_str(), &it.id))
            .collect();
        line.need_word(&known).map(|it| Some(it.clone()))
    }

    /// A category by one of the words of its name.
    fn category(&self, line: &mut Line<'_>) -> Option<CategoryId> {
        let words: Vec<(&str, &CategoryId)> = self
            .site
            .rules
            .pack
            .categories
            .iter()
            .flat_map(|it| {
                let parts = it.name.zh.split('、').map(|part| (part, &it.id));
                parts.chain([(it.name.zh.as_str(), &it.id)])
            })
            .collect();
        line.word(&words).cloned()
    }

    fn record(
        &self,
        line: &mut Line<'_>,
        person: &PersonId,
        now: Moment,
    ) -> Result<Command, String> {
        let mut remark = String::new();
        let mut next = Next::Keep;
        let mut form = self.form(line, person, now);
        while line.take("；") {
            if line.take("备注") {
                remark = line.said();
            } else if line.take("转交") {
                let (to, explained, text) = self.handed_over(line)?;
                next = Next::HandOver {
                    to,
                    explained,
                    text,
                };
            } else if line.take("当场答复") {
                next = Next::AnswerAtOnce { text: line.said() };
            } else if let Some(how) = line.word(GUIDANCE) {
                next = Next::Guide {
                    to: self.site.need_department(line)?,
                    how,
                };
            } else {
                self.circumstance(line, &mut form, now)?;
            }
        }
        Ok(Command::Record(Box::new(RecordForm {
            number: "0713-K7-001".to_owned(),
            channel: form.channel.unwrap_or(Channel::Met),
            asked_at: form.asked_at,
            asked: form.asked,
            category: form.category.ok_or("登记要写类别")?,
            matter: form.matter,
            customer: form.customer,
            phone: form.phone,
            address: form.address,
            remark,
            next,
            more: form.more,
        })))
    }

    /// `漏水，3-2-1502 李女士 13800005678 “厨房天花板滴水”；问的是 赵强`
    fn form(&self, line: &mut Line<'_>, person: &PersonId, now: Moment) -> Draft {
        let category = self.category(line);
        line.take("，");
        let (address, customer, phone) = particulars(line.until(&['“', '；']));
        let mut form = Draft {
            channel: Some(Channel::Met),
            asked_at: now,
            asked: vec![person.clone()],
            category,
            matter: line.said(),
            customer,
            phone,
            address,
            more: Circumstances::default(),
        };
        loop {
            let mut ahead = *line;
            if !ahead.take("；") || self.circumstance(&mut ahead, &mut form, now).is_err() {
                break;
            }
            *line = ahead;
        }
        form
    }

    fn circumstance(
        &self,
        line: &mut Line<'_>,
        form: &mut Draft,
        now: Moment,
    ) -> Result<(), String> {
        let more = &mut form.more;
        if line.take("问的是") {
            form.asked = self.people(line)?;
        } else if line.take("没有点名") {
            form.asked = Vec::new();
        } else if line.take("涉及") {
            more.concerns = self.people(line)?;
        } else if line.take("之前问过") {
            let before = self.site.need_person(line)?;
            let recorded_as = match line.name() {
                Some(name) => Some(self.named_case(&name)?),
                None => None,
            };
            more.asked_before = Some((before, recorded_as));
        } else if line.take("渠道") {
            form.channel = Some(line.need_word(CHANNELS)?);
        } else if line.take("难度") {
            more.difficulty = line.need_word(DIFFICULTIES)?;
        } else if line.take("公共区域") {
            more.public_area = true;
        } else if line.take("未满14岁") {
            more.under_14 = true;
        } else if line.take("重复") {
            let name = line.name().ok_or("这里应是【事项】")?;
            more.repeats = Some(self.named_case(&name)?);
        } else if let Some(because) = line.word(MISSING_BECAUSE) {
            more.missing_because = Some(because);
        } else if line.take("最晚") {
            more.due_by = Some(line.need_time(Some(now))?);
        } else if line.take("上级工单") {
            more.outer = Some(outer(line, now)?);
        } else if let Some(urgency) = line.word(URGENCIES) {
            more.urgency = urgency;
            more.emergency = self.emergency(line, urgency)?;
        } else {
            form.asked_at = line.need_time(Some(now))?;
            line.need("问的")?;
        }
        Ok(())
    }

    pub fn people(&self, line: &mut Line<'_>) -> Result<Vec<PersonId>, String> {
        let mut people = vec![self.site.need_person(line)?];
        while line.take("、") {
            people.push(self.site.need_person(line)?);
        }
        Ok(people)
    }
}

fn verification(line: &mut Line<'_>) -> Result<Option<Command>, String> {
    Ok(Some(if line.take("回访") {
        visit(line)?
    } else if line.take("免回访") {
        Command::WaiveVisit {
            because: line.need_word(WAIVED)?,
            text: line.said(),
        }
    } else if line.take("办结") {
        Command::Close
    } else if line.take("终结") {
        Command::Terminate { text: line.said() }
    } else if line.take("重开") {
        Command::Reopen { text: line.said() }
    } else {
        return Ok(None);
    }))
}

/// `回访 满意 当面 “原话”`; where nothing else is said, the number called and the customer's words are on record.
fn visit(line: &mut Line<'_>) -> Result<Command, String> {
    let finding = line.need_word(FINDINGS)?;
    let how = line.word(CONTACTS).unwrap_or(Contact::Call);
    let words = line.quote();
    let (mut phone, mut words) = (
        "13800005678".to_owned(),
        words.unwrap_or_else(|| "（客户原话）".to_owned()),
    );
    while line.take("，") {
        if line.take("没记号码") {
            phone.clear();
        } else {
            line.need("没记原话")?;
            words.clear();
        }
    }
    Ok(Command::Visit {
        how,
        finding,
        phone,
        words,
    })
}

fn request(line: &mut Line<'_>, now: Moment) -> Result<Request, String> {
    Ok(if line.take("暂停") {
        let reason = line.need_word(PAUSES)?;
        let until = if line.take("到") {
            Some(line.need_time(Some(now))?)
        } else {
            None
        };
        Request::Pause(reason, until)
    } else if line.take("延期") {
        let deadline = line.need_word(DEADLINE_IN_GENERAL)?;
        line.need("到")?;
        Request::Extension(deadline, line.need_time(Some(now))?)
    } else if line.take("办结时限") {
        Request::Completion(line.need_time(Some(now))?)
    } else if line.take("改约到") {
        let at = line.need_time(Some(now))?;
        Request::AgreedTime(at, agreed_because(line)?)
    } else {
        line.need("移交责任")?;
        Request::Succession
    })
}

fn explained(line: &mut Line<'_>) -> Explained {
    if line.take("，客户不接受") {
        Explained::NotAccepted
    } else {
        Explained::Accepted
    }
}

fn agreed_because(line: &mut Line<'_>) -> Result<AgreedBecause, String> {
    line.need("，")?;
    line.need_word(AGREED)
}

fn outer(line: &mut Line<'_>, now: Moment) -> Result<OuterTicket, String> {
    let mut ticket = OuterTicket {
        number: line.until(&['，', '；']).to_owned(),
        sender: "12345".to_owned(),
        sign_by: None,
        return_by: None,
        reply_by: None,
    };
    while line.take("，") {
        let limit = line.need_word(OUTER)?;
        let until = Some(line.need_time(Some(now))?);
        match limit {
            shouwen_domain::event::OuterLimit::Sign => ticket.sign_by = until,
            shouwen_domain::event::OuterLimit::Return => ticket.return_by = until,
            shouwen_domain::event::OuterLimit::Reply => ticket.reply_by = until,
        }
    }
    Ok(ticket)
}

/// One shift handover of a person; its name, if it has one, tells it from the person's others.
fn shift(line: &mut Line<'_>, from: &PersonId) -> ShiftId {
    let name = line.name().unwrap_or_default();
    let Hash(bytes) = Hash::of(format!("{from}{name}").as_bytes());
    let (head, _) = bytes.split_at(16);
    ShiftId::from_random(head.try_into().expect("a hash has more than 16 bytes"))
}

/// Address, name and phone, told apart by their form: `3-2-1502`, `在北门`; `李女士`; `13800005678`.
fn particulars(text: &str) -> (String, String, String) {
    let (mut address, mut customer, mut phone) = (String::new(), String::new(), String::new());
    for word in text.split_whitespace() {
        let is_digits = |it: &str| it.chars().all(|it| it.is_ascii_digit());
        if let Some(place) = word.strip_prefix('在') {
            place.clone_into(&mut address);
        } else if is_digits(word) {
            word.clone_into(&mut phone);
        } else if word.contains('-') {
            word.clone_into(&mut address);
        } else {
            word.clone_into(&mut customer);
        }
    }
    (address, customer, phone)
}
