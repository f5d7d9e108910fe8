//! The small site with its people, each with a device of their own, and head office between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use shouwen_domain::assessment::Proposal;
use shouwen_domain::calendar::Calendar;
use shouwen_domain::case::{Folded, Obligation};
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{ClockEvidence, Envelope, Stamp};
use shouwen_domain::event::Event;
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DepartmentId, DeviceId, EnvelopeId, PersonId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::pack::{DeadlineId, Pack};
use shouwen_domain::reckoning::{Due, ReckoningError, Standing};
use shouwen_domain::site::{self, SiteCommand, decide_site};
use shouwen_domain::summary::Particulars;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::zone::Zones;
use shouwen_domain::{Acting, Case, Command, Refusal, Rules, decide};

use super::line::{Line, written};
use super::words;

/// Read once for all scenarios.
static SHIPPED: OnceLock<Rules> = OnceLock::new();

/// The texts of the site, as they are now.
struct Texts {
    pack: String,
    directory: String,
    year: String,
}

/// Names for what ids mean.
pub struct Site {
    pub rules: Rules,
    /// Everybody who ever worked here, by name.
    people: BTreeMap<PersonId, String>,
}

impl Site {
    pub fn person(&self, id: &PersonId) -> String {
        self.people
            .get(id)
            .cloned()
            .unwrap_or_else(|| id.to_string())
    }

    pub fn department(&self, id: &DepartmentId) -> String {
        self.rules
            .directory
            .department(id)
            .map_or_else(|| id.to_string(), |it| it.name.zh.clone())
    }

    pub fn deadline(&self, id: DeadlineId) -> String {
        self.rules.pack.deadline(id).name.zh.clone()
    }

    pub fn take_person(&self, line: &mut Line<'_>) -> Option<PersonId> {
        let names: Vec<(&str, &PersonId)> = self
            .people
            .iter()
            .map(|(id, name)| (name.as_str(), id))
            .collect();
        line.word(&names).cloned()
    }

    pub fn need_person(&self, line: &mut Line<'_>) -> Result<PersonId, String> {
        self.take_person(line)
            .ok_or_else(|| format!("这里应是姓名，写的是“{}”", line.rest()))
    }

    pub fn take_department(&self, line: &mut Line<'_>) -> Option<DepartmentId> {
        let names: Vec<(&str, &DepartmentId)> = self
            .rules
            .directory
            .departments
            .iter()
            .map(|it| (it.name.zh.as_str(), &it.id))
            .collect();
        line.word(&names).cloned()
    }

    pub fn need_department(&self, line: &mut Line<'_>) -> Result<DepartmentId, String> {
        self.take_department(line)
            .ok_or_else(|| format!("这里应是部门，写的是“{}”", line.rest()))
    }
}

/// What one device knows, by place in the world's log.
#[derive(Default)]
struct Device {
    known: BTreeSet<usize>,
    offline: bool,
    /// How much its clock is ahead.
    ahead_ms: i64,
    /// When it last met head office, in true time, and the offset that it measured then.
    met: Option<(Moment, i64)>,
}

pub struct World {
    texts: Texts,
    earlier: Vec<Pack>,
    pub site: Site,
    log: Vec<Envelope>,
    office: BTreeSet<usize>,
    /// When head office had each envelope, by its place in the log.
    arrivals: BTreeMap<usize, Moment>,
    /// What held before.
    past: Vec<Rules>,
    devices: BTreeMap<PersonId, Device>,
    cases: BTreeMap<String, CaseId>,
    /// The case that acts and claims without a name are about.
    pub current: String,
    /// Whoever acts is not signed in.
    pub is_claimed: bool,
    /// True time of the last act.
    pub now: Option<Moment>,
    /// Minutes by which a repeated block is later this time.
    pub shift_by: i64,
    /// The refusal of the last act, until a claim names it.
    pub refused: Option<Refusal>,
    /// What a draft as typed last gives.
    pub draft: Option<shouwen_domain::draft::Standing>,
    /// The events of the last act.
    pub last: Vec<Event>,
    /// What was ever proposed at the time of an act or a claim about it.
    pub seen: Vec<Proposal>,
    /// By which the last sample was drawn.
    pub seed: Option<Hash>,
}

impl World {
    pub fn new() -> Self {
        let texts = Texts {
            pack: include_str!("../../../../packs/property-service.toml").to_owned(),
            directory: include_str!("../support/small-site.toml").to_owned(),
            year: include_str!("../../../../packs/calendars/cn/2026.json").to_owned(),
        };
        let mut people = BTreeMap::new();
        let rules = SHIPPED
            .get_or_init(|| rules_of(&texts, &[]).expect("the shipped texts are right"))
            .clone();
        note_people(&mut people, &rules);
        let mut world = Self {
            texts,
            earlier: Vec::new(),
            site: Site { rules, people },
            log: Vec::new(),
            office: BTreeSet::new(),
            arrivals: BTreeMap::new(),
            past: Vec::new(),
            devices: BTreeMap::new(),
            cases: BTreeMap::new(),
            current: String::new(),
            is_claimed: false,
            now: None,
            shift_by: 0,
            refused: None,
            draft: None,
            last: Vec::new(),
            seen: Vec::new(),
            seed: None,
        };
        world
            .adopt()
            .expect("a director adopts what the site begins with");
        world
    }

    /// One line of a scenario.
    pub fn line(&mut self, text: &str) -> Result<(), String> {
        let mut line = Line::new(text);
        for (word, change) in [
            ("规则包改：", Self::change_pack as Change),
            ("名录改：", Self::change_directory),
            ("日历改：", Self::change_calendar),
        ] {
            if line.take(word) {
                return change(self, line);
            }
        }
        if line.take("那么 ") {
            return self.claim(line);
        }
        self.nothing_refused_unsaid()?;
        let mut wrong_clock = line;
        if let Some(person) = self.site.take_person(&mut wrong_clock)
            && wrong_clock.take("的手机")
        {
            return self.set_clock(person, wrong_clock);
        }
        self.act(line)
    }

    pub fn nothing_refused_unsaid(&self) -> Result<(), String> {
        match &self.refused {
            Some(refusal) => Err(format!(
                "上一步被拒绝：{}（{}）",
                words::refusal(refusal, &self.site),
                rule_of(refusal)
            )),
            None => Ok(()),
        }
    }

    fn change_pack(&mut self, line: Line<'_>) -> Result<(), String> {
        let earlier = self.site.rules.pack.clone();
        changed(&mut self.texts.pack, line)?;
        self.earlier.push(earlier);
        self.reread()
    }

    fn change_directory(&mut self, mut line: Line<'_>) -> Result<(), String> {
        if let Some(person) = self.site.take_person(&mut line) {
            line.need("离开")?;
            line.end()?;
            self.texts.directory = without(&self.texts.directory, &person);
        } else {
            changed(&mut self.texts.directory, line)?;
        }
        self.reread()
    }

    /// `2026-02-23 上班`, `2026-07-14 放假`
    fn change_calendar(&mut self, mut line: Line<'_>) -> Result<(), String> {
        let date = line.until(&[' ']).to_owned();
        line = Line::new(line.rest());
        let off = line.need_word(&[("放假", true), ("上班", false)])?;
        line.end()?;
        let day = |off: bool| format!("\"date\": \"{date}\", \"isOffDay\": {off}");
        if self.texts.year.contains(&day(!off)) {
            self.texts.year = self.texts.year.replace(&day(!off), &day(off));
        } else {
            let begin = "\"days\": [";
            let new = format!("{begin}\n    {{\"name\": \"调整\", {}}},", day(off));
            self.texts.year = self.texts.year.replacen(begin, &new, 1);
        }
        self.reread()
    }

    fn reread(&mut self) -> Result<(), String> {
        let now = rules_of(&self.texts, &self.earlier)?;
        let was = std::mem::replace(&mut self.site.rules, now);
        self.past.push(was);
        // Whatever holds, the calendars of all times are at hand.
        let all = self.all_rules();
        let calendars: Vec<Calendar> = all.iter().map(|it| it.calendar.clone()).collect();
        let all = self.past.iter_mut().chain([&mut self.site.rules]);
        for rules in all {
            *rules = rules.clone().with_calendars(calendars.clone());
        }
        note_people(&mut self.site.people, &self.site.rules);
        self.adopt()
    }

    /// From the last act on, the texts as they are now.
    fn adopt(&mut self) -> Result<(), String> {
        let hashes = self.site.rules.hashes();
        let from = self.now.unwrap_or_default();
        let director = self.site.rules.directory.director.clone();
        let by = director.expect("the small site has a director");
        let texts = SiteCommand::Adopt {
            pack: Some(hashes.pack),
            calendar: Some(hashes.calendar),
            directory: Some(hashes.directory),
            from,
        };
        self.order_for_site(&by, from, texts)?;
        self.nothing_refused_unsaid()
    }

    /// `快3小时`, `慢20分钟`, `准了`
    fn set_clock(&mut self, person: PersonId, mut line: Line<'_>) -> Result<(), String> {
        let sign = line.need_word(&[("快", 1), ("慢", -1), ("准了", 0)])?;
        let ahead_ms = if sign == 0 {
            0
        } else {
            let n = i64::from(line.number()?);
            sign * n * line.need_word(&[("小时", 3_600_000), ("分钟", 60_000)])?
        };
        line.end()?;
        self.devices.entry(person).or_default().ahead_ms = ahead_ms;
        Ok(())
    }

    pub fn clock_of(&self, person: &PersonId, at: Moment) -> Moment {
        let ahead = self.devices.get(person).map_or(0, |it| it.ahead_ms);
        Moment::from_unix_ms(at.unix_ms() + ahead)
    }

    /// Brings a device and head office together.
    pub fn sync(&mut self, person: &PersonId) {
        let now = self.now.map(|it| self.later(it));
        let device = self.devices.entry(person.clone()).or_default();
        device.offline = false;
        if let Some(now) = now {
            for place in device.known.difference(&self.office) {
                self.arrivals.insert(*place, now);
            }
            device.met = Some((now, -device.ahead_ms));
        }
        self.office.append(&mut device.known.clone());
        device.known.clone_from(&self.office);
    }

    /// What a device knows of its own clock.
    fn clock_evidence(&self, person: &PersonId) -> Option<ClockEvidence> {
        let (met_at, offset_ms) = self.devices.get(person)?.met?;
        let now = self.later(self.now?);
        let age_ms = now.unix_ms() - met_at.unix_ms();
        Some(ClockEvidence {
            offset_ms,
            age_s: u32::try_from(age_ms / 1_000).unwrap_or_default(),
        })
    }

    pub fn go_offline(&mut self, person: &PersonId) {
        let is_offline = self.devices.get(person).is_some_and(|it| it.offline);
        if !is_offline {
            self.sync(person);
            self.devices.entry(person.clone()).or_default().offline = true;
        }
    }

    /// What `person` orders at the true time `at`; a refusal waits for the claim that names it.
    pub fn order(
        &mut self,
        person: &PersonId,
        at: Moment,
        offline: bool,
        command: Command,
    ) -> Result<(), String> {
        if offline {
            self.go_offline(person);
        } else {
            self.go_online(person)?;
        }
        let now = self.clock_of(person, at);
        let id = self.case_id();
        let case = self.folded_on(Some(person)).case;
        let envelopes = self.envelopes();
        let acts = self.witnesses(&envelopes);
        let acting = Acting {
            rules: &self.site.rules,
            person,
            now,
            evidence: self.evidence(&acts),
        };
        let decided = decide(case.as_ref(), command, acting);
        self.keep(person, id, now, decided)?;
        if !offline {
            self.sync(person);
        }
        Ok(())
    }

    /// What concerns no single case.
    pub fn order_for_site(
        &mut self,
        person: &PersonId,
        now: Moment,
        command: SiteCommand,
    ) -> Result<(), String> {
        self.go_online(person)?;
        let acting = Acting {
            rules: &self.site.rules,
            person,
            now,
            evidence: Evidence::default(),
        };
        let decided = decide_site(&self.adopted(), command, acting);
        self.keep(person, CaseId::SITE, now, decided)?;
        self.sync(person);
        Ok(())
    }

    fn go_online(&mut self, person: &PersonId) -> Result<(), String> {
        if self.devices.get(person).is_some_and(|it| it.offline) {
            return Err(format!(
                "{}还离线：写上（离线），或先“同步”",
                self.site.person(person)
            ));
        }
        self.sync(person);
        Ok(())
    }

    fn keep(
        &mut self,
        person: &PersonId,
        case: CaseId,
        now: Moment,
        decided: Result<Vec<Event>, Refusal>,
    ) -> Result<(), String> {
        match decided {
            Ok(events) => {
                if !events.is_empty() {
                    let envelope = self.sealed(person, case, now, &events)?;
                    let place = self.log.len();
                    self.log.push(envelope);
                    let device = self.devices.entry(person.clone()).or_default();
                    device.known.insert(place);
                }
                self.last = events;
            }
            Err(refusal) => self.refused = Some(refusal),
        }
        Ok(())
    }

    fn sealed(
        &self,
        person: &PersonId,
        case: CaseId,
        at: Moment,
        events: &[Event],
    ) -> Result<Envelope, String> {
        let number = self.log.len() as u64 + 1;
        let device = self.devices.get(person);
        let counter = device
            .into_iter()
            .flat_map(|it| &it.known)
            .map(|place| self.log[*place].header().counter)
            .max()
            .unwrap_or_default()
            + 1;
        let stamp = Stamp {
            id: EnvelopeId::from_random(random(number)),
            site: self.site.rules.directory.site.clone(),
            case,
            person: person.clone(),
            device: DeviceId::from_random([1; 16]),
            chain: 1,
            sequence: number,
            previous: None,
            counter,
            at,
            clock: self.clock_evidence(person),
            last_receipt: None,
            rules: self.site.rules.hashes(),
            facts_salt: Salt(random(number)),
            content_salt: Salt(random(number)),
        };
        let sealed = if self.is_claimed {
            Envelope::seal_claimed(stamp, events)
        } else {
            Envelope::seal(stamp, events)
        };
        sealed.map_err(|it| it.to_string())
    }

    /// The id of the current case, drawn when it is first named.
    pub fn case_id(&mut self) -> CaseId {
        let next = self.cases.len() as u64 + 1000;
        *self
            .cases
            .entry(self.current.clone())
            .or_insert_with(|| CaseId::from_random(random(next)))
    }

    pub fn named_case(&self, name: &str) -> Result<CaseId, String> {
        self.cases
            .get(name)
            .copied()
            .ok_or_else(|| format!("没有叫【{name}】的事项"))
    }

    /// The current case as a device has it, or head office.
    pub fn folded_on(&self, person: Option<&PersonId>) -> Folded {
        let id = self.cases.get(&self.current).copied();
        self.folded_case(id, person)
    }

    pub fn folded_case(&self, id: Option<CaseId>, person: Option<&PersonId>) -> Folded {
        let nothing = BTreeSet::new();
        let known = match person {
            Some(person) => self.devices.get(person).map_or(&nothing, |it| &it.known),
            None => &self.office,
        };
        Case::fold(
            known
                .iter()
                .map(|place| &self.log[*place])
                .filter(|it| Some(it.header().case) == id),
        )
    }

    pub fn case(&self) -> Result<Case, String> {
        self.folded_on(None)
            .case
            .ok_or_else(|| "这件事还没有登记".to_owned())
    }

    pub fn all_cases(&self) -> Vec<Case> {
        self.cases
            .values()
            .filter_map(|id| self.folded_case(Some(*id), None).case)
            .collect()
    }

    /// All cases that were joined with `main`.
    pub fn joined_with(&self, main: CaseId) -> impl Iterator<Item = Case> {
        self.all_cases()
            .into_iter()
            .filter(move |it| it.coordination.main == Some(main))
    }

    /// What head office has of the current case.
    pub fn envelopes(&self) -> Vec<Envelope> {
        self.cases
            .get(&self.current)
            .map_or_else(Vec::new, |id| self.envelopes_of(*id))
    }

    pub fn envelopes_of(&self, case: CaseId) -> Vec<Envelope> {
        self.office
            .iter()
            .map(|place| &self.log[*place])
            .filter(|it| it.header().case == case)
            .cloned()
            .collect()
    }

    pub fn all_particulars(&self) -> impl Iterator<Item = Particulars> {
        self.cases
            .values()
            .map(|id| Particulars::of(&self.envelopes_of(*id)))
    }

    pub fn name_of(&self, case: CaseId) -> &str {
        self.cases
            .iter()
            .find(|(_, id)| **id == case)
            .map_or("？", |(name, _)| name)
    }

    pub fn arrived(&self, id: EnvelopeId) -> Option<Moment> {
        let place = self.log.iter().position(|it| it.header().id == id)?;
        self.arrivals.get(&place).copied()
    }

    pub fn is_everybody_heard(&self) -> bool {
        self.devices.values().all(|it| !it.offline)
    }

    /// All that ever held here, the oldest first.
    pub fn all_rules(&self) -> Vec<&Rules> {
        self.past.iter().chain([&self.site.rules]).collect()
    }

    /// What the site adopted, and who confirmed it, as head office has it.
    pub fn adopted(&self) -> site::Site {
        site::Site::fold(&self.envelopes_of(CaseId::SITE))
    }

    /// `王建国 07-13 周一 09:06`
    pub fn made(&self, id: EnvelopeId) -> String {
        let found = self.log.iter().find(|it| it.header().id == id);
        found.map_or_else(String::new, |it| {
            format!("{} {}", self.author(id), written(it.header().at))
        })
    }

    /// Who made an envelope, for what did not count.
    pub fn author(&self, id: EnvelopeId) -> String {
        self.log
            .iter()
            .find(|it| it.header().id == id)
            .map_or_else(String::new, |it| self.site.person(&it.header().person))
    }

    /// `工程部 应在 02-14 周六 18:00 前 答复客户（T3）`
    pub fn obligation(&self, case: &Case, it: &Obligation) -> String {
        let due = self.site.rules.due(case, it);
        let standing = match &due {
            Ok(Due {
                at, provisional, ..
            }) => Ok(Standing::Due {
                at: *at,
                provisional: *provisional,
            }),
            Err(ReckoningError::StandsStill { since, left_ms }) => Ok(Standing::Paused {
                since: *since,
                left_ms: *left_ms,
            }),
            Err(error) => Err(error.clone()),
        };
        assert_eq!(
            self.site.rules.standing(case, it),
            standing,
            "what is reckoned without its steps is the same"
        );
        self.owed(
            it.owed_by.person.as_ref(),
            &it.owed_by.department,
            it.deadline,
            due.ok().map(|it| it.at),
        )
    }

    pub fn owed(
        &self,
        person: Option<&PersonId>,
        department: &DepartmentId,
        deadline: DeadlineId,
        due: Option<Moment>,
    ) -> String {
        let who = person.map_or_else(
            || self.site.department(department),
            |it| self.site.person(it),
        );
        let rule = self.site.rules.pack.deadline(deadline).rule;
        let due = due.map_or_else(|| "？".to_owned(), written);
        let name = self.site.deadline(deadline);
        format!("{who} 应在 {due} 前 {name}（{rule}）")
    }

    pub fn owes_exactly(&self, mut claimed: Vec<String>) -> Result<(), String> {
        let case = self.case()?;
        let mut open: Vec<String> = case
            .open_obligations()
            .map(|it| self.obligation(&case, it))
            .collect();
        open.sort();
        claimed.sort();
        if open == claimed {
            Ok(())
        } else {
            Err(format!("全部待办是：\n- {}", open.join("\n- ")))
        }
    }

    pub fn later(&self, at: Moment) -> Moment {
        at + Minutes(u32::try_from(self.shift_by).unwrap_or_default())
    }
}

type Change = fn(&mut World, Line<'_>) -> Result<(), String>;

pub fn rule_of(refusal: &Refusal) -> String {
    refusal
        .rule()
        .map_or_else(|| "无".to_owned(), |it| it.to_string())
}

fn random(number: u64) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

fn note_people(people: &mut BTreeMap<PersonId, String>, rules: &Rules) {
    let now = rules.directory.people.values();
    people.extend(now.map(|it| (it.id.clone(), it.name.clone())));
}

/// `这样写 → 改成这样`, exactly once in the text; `↵` is the end of a line.
fn changed(text: &mut String, line: Line<'_>) -> Result<(), String> {
    let (from, to) = line
        .rest()
        .split_once(" → ")
        .ok_or_else(|| "要写“原文 → 新文”".to_owned())?;
    let (from, to) = (from.replace('↵', "\n"), to.replace('↵', "\n"));
    let n_found = text.matches(&from).count();
    if n_found != 1 {
        return Err(format!("“{from}”在原文里有 {n_found} 处，应恰好一处"));
    }
    *text = text.replace(&from, &to);
    Ok(())
}

/// The directory after somebody left.
fn without(directory: &str, person: &PersonId) -> String {
    let id = format!("id = \"{person}\"\n");
    directory
        .split("[[person]]\n")
        .filter(|it| !it.starts_with(&id))
        .collect::<Vec<_>>()
        .join("[[person]]\n")
}

fn rules_of(texts: &Texts, earlier: &[Pack]) -> Result<Rules, String> {
    let before = include_str!("../../../../packs/calendars/cn/2025.json");
    let years = [("2025.json", before), ("2026.json", texts.year.as_str())];
    let calendar = Calendar::parse(&years).map_err(|it| it.to_string())?;
    let zones =
        Zones::parse(include_str!("../../../../packs/zones.toml")).map_err(|it| it.to_string())?;
    Rules::try_new(
        Pack::parse("property-service.toml", &texts.pack).map_err(|it| it.to_string())?,
        calendar,
        &zones,
        Directory::parse("small-site.toml", &texts.directory).map_err(|it| it.to_string())?,
    )
    .map(|it| it.with_earlier(earlier.iter().cloned()))
    .map_err(|it| it.to_string())
}
