//! A site with every post, the commands of its staff, and one case as it happens.

pub use std::collections::BTreeMap;

pub use shouwen_domain::assessment::{
    Account, Context, Ground, Judged, Proposal, Unit, breaches, judge, proposals, questions,
};
pub use shouwen_domain::calendar::Calendar;
pub use shouwen_domain::case::{End, Obligation};
pub use shouwen_domain::command::{Circumstances, Explained, Next, RecordForm};
pub use shouwen_domain::directory::Directory;
pub use shouwen_domain::envelope::{ClockEvidence, Envelope, Stamp};
pub use shouwen_domain::event::{
    AgreedBecause, Channel, Contact, Event, Fact, Finding, Joined, Judgement, MissingBecause,
    Outcome,
};
pub use shouwen_domain::hash::{Hash, Salt};
pub use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId};
pub use shouwen_domain::moment::Moment;
pub use shouwen_domain::pack::{DeadlineId, Pack};
pub use shouwen_domain::rule::RuleId;
pub use shouwen_domain::verdict::{Evidence, Witness};
pub use shouwen_domain::zone::Zones;
pub use shouwen_domain::{Acting, Case, Command, Refusal, Rules, decide};

pub fn rules() -> Rules {
    rules_with(str::to_owned)
}

/// The shipped texts, the pack's first changed by `edit`, at the stage *assess*.
pub fn rules_with(edit: impl Fn(&str) -> String) -> Rules {
    rules_at("assess", edit)
}

/// The same at a stage of the practice (G1).
pub fn rules_at(stage: &str, edit: impl Fn(&str) -> String) -> Rules {
    let pack = edit(include_str!("../../../../packs/property-service.toml"));
    let pack = pack.replace("default = \"observe\"", &format!("default = \"{stage}\""));
    let calendar = [
        (
            "2025.json",
            include_str!("../../../../packs/calendars/cn/2025.json"),
        ),
        (
            "2026.json",
            include_str!("../../../../packs/calendars/cn/2026.json"),
        ),
    ];
    Rules::try_new(
        Pack::parse("property-service.toml", &pack).unwrap(),
        Calendar::parse(&calendar).unwrap(),
        &Zones::parse(include_str!("../../../../packs/zones.toml")).unwrap(),
        Directory::parse("site.toml", include_str!("site.toml")).unwrap(),
    )
    .unwrap()
}

/// A civil time in Shanghai, such as "2026-02-13 16:30".
pub fn at(local: &str) -> Moment {
    let local = chrono::NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    Moment::from_unix_ms((local.and_utc().timestamp() - 8 * 3600) * 1000)
}

pub fn person(id: &str) -> PersonId {
    id.parse().unwrap()
}

/// One case as it happens, and what is looked at in it.
pub struct Story {
    pub rules: Rules,
    pub id: CaseId,
    pub envelopes: Vec<Envelope>,
    /// Whether it is known where acts are decided that head office had everything at once and everybody was heard.
    pub all_known: bool,
    /// Nobody is signed in.
    pub is_claimed: bool,
}

impl Story {
    pub fn new(n: u8) -> Self {
        Self {
            rules: rules(),
            id: CaseId::from_random([n; 16]),
            envelopes: Vec::new(),
            all_known: true,
            is_claimed: false,
        }
    }

    pub fn case(&self) -> Case {
        Case::fold(&self.envelopes).case.unwrap()
    }

    pub fn try_order(&mut self, by: &str, now: &str, command: Command) -> Result<(), Refusal> {
        let who = person(by);
        let arrived = |it| Witness::of(it, None, Some(it.header().at));
        let acts: Vec<Witness<'_>> = self.envelopes.iter().map(arrived).collect();
        let known = Evidence {
            acts: &acts,
            heard_until: Some(at(now)),
        };
        let acting = Acting {
            rules: &self.rules,
            person: &who,
            now: at(now),
            evidence: if self.all_known {
                known
            } else {
                Evidence::default()
            },
        };
        let case = Case::fold(&self.envelopes).case;
        let events = decide(case.as_ref(), command, acting)?;
        self.write(by, now, &events);
        Ok(())
    }

    pub fn write(&mut self, by: &str, now: &str, events: &[Event]) {
        let n = u8::try_from(self.envelopes.len() + 1).unwrap();
        let mut id = [n; 16];
        id[0] = self.id.bytes()[0];
        let stamp = Stamp {
            id: EnvelopeId::from_random(id),
            site: self.rules.directory.site.clone(),
            case: self.id,
            person: person(by),
            device: DeviceId::from_random([1; 16]),
            chain: 1,
            sequence: n.into(),
            previous: self.envelopes.last().map(Envelope::hash),
            counter: n.into(),
            at: at(now),
            clock: Some(ClockEvidence {
                offset_ms: 0,
                age_s: 0,
            }),
            last_receipt: None,
            rules: self.rules.hashes(),
            facts_salt: Salt([n; 16]),
            content_salt: Salt([!n; 16]),
        };
        let sealed = if self.is_claimed {
            Envelope::seal_claimed(stamp, events)
        } else {
            Envelope::seal(stamp, events)
        };
        self.envelopes.push(sealed.unwrap());
    }

    pub fn order(mut self, by: &str, now: &str, command: Command) -> Self {
        if let Err(refusal) = self.try_order(by, now, command) {
            panic!("{by} at {now}: {refusal}");
        }
        self
    }

    pub fn refused(mut self, by: &str, now: &str, command: Command, refusal: &Refusal) -> Self {
        assert_eq!(self.try_order(by, now, command).as_ref(), Err(refusal));
        self
    }

    pub fn recorded(self, by: &str, asked: &str, now: &str) -> Self {
        self.order(by, now, Command::Record(Box::new(form(asked, now))))
    }

    /// Recorded in somebody's name while nobody was signed in.
    pub fn claimed(mut self, of: &str, asked: &str, now: &str) -> Self {
        self.is_claimed = true;
        let mut recorded = self.recorded(of, asked, now);
        recorded.is_claimed = false;
        recorded
    }

    /// Recorded by the guard and handed to engineering within minutes.
    pub fn handed_over(n: u8) -> Self {
        Self::new(n)
            .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
            .order("wang-jianguo", "2026-07-13 09:08", hand_over("engineering"))
    }

    pub fn handled(n: u8) -> Self {
        Self::handed_over(n).order("chen-gong", "2026-07-13 09:15", name_handler("liu-wei"))
    }

    /// Answered a day late by the handler.
    pub fn answered_late(n: u8) -> Self {
        Self::answered_late_under(n, rules())
    }

    pub fn answered_late_under(n: u8, rules: Rules) -> Self {
        let story = Self {
            rules,
            ..Self::new(n)
        };
        story
            .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
            .order("wang-jianguo", "2026-07-13 09:08", hand_over("engineering"))
            .order("chen-gong", "2026-07-13 09:15", name_handler("liu-wei"))
            .order("liu-wei", "2026-07-15 10:00", reply())
    }

    /// Answered in time, told, and satisfied.
    pub fn solved(n: u8) -> Self {
        Self::handled(n)
            .order("liu-wei", "2026-07-13 11:00", reply())
            .order("wang-jianguo", "2026-07-13 11:10", tell())
            .order(
                "wang-jianguo",
                "2026-07-14 09:00",
                visit(Finding::Satisfied),
            )
            .order("wang-jianguo", "2026-07-14 09:01", Command::Close)
    }

    /// The customer comes again with it.
    pub fn again(n: u8, of: &Self, now: &str) -> Self {
        let mut form = form("zhang-min", now);
        form.more.repeats = Some(of.id);
        Self::new(n).order("zhang-min", now, Command::Record(Box::new(form)))
    }

    pub fn look<T>(
        &self,
        now: &str,
        verdict: impl Fn(&Case, &Rules, Moment, &Obligation) -> Judged,
        again: &[Case],
        of: impl Fn(&Case, Context<'_>) -> T,
    ) -> T {
        let case = self.case();
        let now = at(now);
        let context = Context {
            rules: &self.rules,
            now,
            verdict: &|case, it| verdict(case, &self.rules, now, it),
            again,
        };
        of(&case, context)
    }

    pub fn proposals(&self, now: &str, again: &[&Self]) -> Vec<Proposal> {
        let again: Vec<Case> = again.iter().map(|it| it.case()).collect();
        self.look(now, exact, &again, proposals)
    }

    /// Rule, department, person of what is proposed.
    #[track_caller]
    pub fn proposed(self, now: &str, again: &[&Self], expected: &[(RuleId, &str, &str)]) -> Self {
        let found = named(&self.proposals(now, again));
        assert_eq!(found, owned(expected));
        self
    }

    pub fn only(&self, now: &str, again: &[&Self]) -> Proposal {
        let found = self.proposals(now, again);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    pub fn grounds(&self, now: &str) -> Vec<(RuleId, Ground)> {
        let found = self.look(now, exact, &[], breaches);
        found.into_iter().map(|it| (it.rule, it.ground)).collect()
    }
}

pub fn named(found: &[Proposal]) -> Vec<(RuleId, String, String)> {
    found
        .iter()
        .map(|it| {
            let person = it.person.as_ref().map_or("", |it| it.as_str());
            (it.rule, it.department.to_string(), person.to_owned())
        })
        .collect()
}

pub fn owned(expected: &[(RuleId, &str, &str)]) -> Vec<(RuleId, String, String)> {
    expected
        .iter()
        .map(|(rule, department, person)| (*rule, (*department).into(), (*person).into()))
        .collect()
}

/// The verdict where every clock is right and head office had everything at once.
pub fn exact(case: &Case, rules: &Rules, now: Moment, it: &Obligation) -> Judged {
    let due = rules.due(case, it).unwrap().at;
    match it.end {
        Some(End::Met { at, .. }) if at <= due => Judged::Met,
        None if now <= due => Judged::Open,
        Some(End::Lifted { at }) if at <= due => Judged::Open,
        Some(_) | None => Judged::Missed,
    }
}

/// A phone whose clock is two hours wrong, which nobody can tell from the outside.
pub fn two_hours_unsure(case: &Case, rules: &Rules, now: Moment, it: &Obligation) -> Judged {
    let due = rules.due(case, it).unwrap().at;
    let at = it.end.map_or(now, End::at);
    if (at.unix_ms() - due.unix_ms()).abs() <= 2 * 3_600_000 {
        Judged::CannotBeTold
    } else {
        exact(case, rules, now, it)
    }
}

pub fn form(asked: &str, asked_at: &str) -> RecordForm {
    RecordForm {
        number: "0713-K7-001".into(),
        channel: Channel::Counter,
        asked_at: at(asked_at),
        asked: vec![person(asked)],
        category: "water-leak".parse().unwrap(),
        matter: "厨房天花板滴水，李女士电话138 0000 5678".into(),
        customer: "李女士".into(),
        phone: "13800005678".into(),
        address: "3-2-1502".into(),
        remark: String::new(),
        next: Next::Keep,
        more: Circumstances::default(),
    }
}

pub fn hand_over(to: &str) -> Command {
    Command::HandOver {
        to: to.parse().unwrap(),
        explained: Explained::Accepted,
        text: "本部门解决不了".into(),
    }
}

pub fn send_back() -> Command {
    Command::Return {
        opinion: "不属本部门".into(),
    }
}

pub fn name_handler(handler: &str) -> Command {
    Command::NameHandler {
        handler: person(handler),
    }
}

pub fn reply() -> Command {
    Command::Reply {
        outcome: Outcome::Solved,
        text: "已更换角阀".into(),
        told: None,
        suggestion: None,
    }
}

pub fn tell() -> Command {
    Command::TellResult {
        how: Contact::Call,
        text: String::new(),
    }
}

pub fn visit(finding: Finding) -> Command {
    Command::Visit {
        how: Contact::Call,
        finding,
        phone: "13800005678".into(),
        words: "谢谢".into(),
    }
}

pub fn shirking(department: &str, who: Option<&str>) -> Command {
    Command::ReportShirking {
        department: department.parse().unwrap(),
        person: who.map(person),
        text: "不肯接单".into(),
    }
}

pub fn name_lead(lead: &str, upheld: &[&str]) -> Command {
    Command::NameLead {
        lead: lead.parse().unwrap(),
        upheld: upheld.iter().map(|it| it.parse().unwrap()).collect(),
        text: "由该部门主办".into(),
    }
}

pub fn uphold(proposal: Hash, amount: Option<u32>, bulletin: bool) -> Command {
    Command::Assess {
        proposal,
        again: Vec::new(),
        judgement: Judgement::Upheld,
        amount,
        bulletin,
        off_post: false,
        text: "经核实".into(),
    }
}

pub fn dismiss(proposal: Hash) -> Command {
    Command::Assess {
        proposal,
        again: Vec::new(),
        judgement: Judgement::Dismissed,
        amount: None,
        bulletin: false,
        off_post: false,
        text: "情有可原".into(),
    }
}

pub fn say(proposal: Hash) -> Command {
    Command::State {
        proposal,
        again: Vec::new(),
        text: "当天抢修爆管".into(),
    }
}
