//! What a site adopts, who confirms it, and that a case keeps the rules under which it was opened (G3, G4).
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

mod support;

use shouwen_domain::command::{Circumstances, Next, RecordForm};
use shouwen_domain::decide::Post;
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{Envelope, Stamp};
use shouwen_domain::event::{
    AccessDecided, CaseErased, Channel, Content, Event, Fact, Holder, Look, Looked,
};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::looks::Glance;
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::{DeadlineId, Pack};
use shouwen_domain::reckoning::Limit;
use shouwen_domain::rule::RuleId;
use shouwen_domain::scope::{Concerned, Scope};
use shouwen_domain::site::{Erasure, Site, SiteCommand, Standing, decide_site};
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Case, Command, Refusal, Rules, decide};
use support::{at, person, rules, rules_with, seal};

const FIRST: &str = "2026-07-13 09:00";
const CHANGE: &str = "2026-07-20 00:00";

/// The shipped pack, with half an hour for passing on.
fn stricter() -> Pack {
    rules_with(|text| {
        text.replace("version = 1\n", "version = 2\n")
            .replace("limit = \"1h clock\"", "limit = \"30min clock\"")
            .replace("起 1 小时内", "起 30 分钟内")
    })
    .pack
}

/// The small site, with posts.
fn with_posts(edit: impl Fn(&str) -> String) -> Directory {
    let text = include_str!("support/small-site.toml")
        .replace("director = \"sun-li\"", "director = \"li-na\"")
        .replace("quality = \"quality\"", "quality = \"security\"");
    Directory::parse("small-site.toml", &edit(&text)).unwrap()
}

/// One site's log.
struct Log {
    rules: Rules,
    envelopes: Vec<Envelope>,
}

impl Log {
    fn new() -> Self {
        let mut rules = rules().with_earlier([stricter()]);
        rules.directory = with_posts(str::to_owned);
        Self {
            rules,
            envelopes: Vec::new(),
        }
    }

    fn site(&self) -> Site {
        Site::fold(&self.envelopes)
    }

    fn try_order(&mut self, by: &str, now: &str, command: SiteCommand) -> Result<usize, Refusal> {
        let who = person(by);
        let acting = Acting {
            rules: &self.rules,
            person: &who,
            now: at(now),
            evidence: Evidence::default(),
        };
        let events = decide_site(&self.site(), command, acting)?;
        if !events.is_empty() {
            let n = u8::try_from(self.envelopes.len() + 1).unwrap();
            self.envelopes
                .push(seal_for_site(&self.rules, n, by, at(now), &events));
        }
        Ok(events.len())
    }

    fn order(mut self, by: &str, now: &str, command: SiteCommand) -> Self {
        assert_eq!(self.try_order(by, now, command), Ok(1));
        self
    }

    fn changes_nothing(mut self, by: &str, now: &str, command: SiteCommand) -> Self {
        assert_eq!(self.try_order(by, now, command), Ok(0));
        self
    }

    fn refused(mut self, by: &str, now: &str, command: SiteCommand, refusal: &Refusal) -> Self {
        assert_eq!(self.try_order(by, now, command).as_ref(), Err(refusal));
        self
    }
}

fn seal_for_site(rules: &Rules, n: u8, by: &str, at: Moment, events: &[Event]) -> Envelope {
    seal_on(DeviceId::from_random([1; 16]), rules, n, by, at, events)
}

fn seal_on(
    device: DeviceId,
    rules: &Rules,
    n: u8,
    by: &str,
    at: Moment,
    events: &[Event],
) -> Envelope {
    seal_under(CaseId::SITE, device, rules, n, by, at, events)
}

fn seal_under(
    case: CaseId,
    device: DeviceId,
    rules: &Rules,
    n: u8,
    by: &str,
    at: Moment,
    events: &[Event],
) -> Envelope {
    let stamp = Stamp {
        id: EnvelopeId::from_random([n; 16]),
        site: rules.directory.site.clone(),
        case,
        person: person(by),
        device,
        chain: 1,
        sequence: n.into(),
        previous: None,
        counter: n.into(),
        at,
        clock: None,
        last_receipt: None,
        rules: rules.hashes(),
        facts_salt: Salt([n; 16]),
        content_salt: Salt([!n; 16]),
    };
    Envelope::seal(stamp, events).unwrap()
}

fn adopt(pack: Hash, from: &str) -> SiteCommand {
    SiteCommand::Adopt {
        pack: Some(pack),
        calendar: None,
        directory: None,
        from: at(from),
    }
}

fn shipped() -> Hash {
    rules().pack.hash()
}

fn answers(pack: Hash, answers: &[usize]) -> SiteCommand {
    SiteCommand::ConfirmRules {
        pack,
        answers: answers.to_vec(),
    }
}

const RIGHT: [usize; 3] = [1, 0, 2];

/// Both packs adopted: the shipped one at once, the stricter one from the change on.
fn both() -> Log {
    Log::new()
        .order("li-na", FIRST, adopt(shipped(), FIRST))
        .order(
            "li-na",
            "2026-07-14 10:00",
            adopt(stricter().hash(), CHANGE),
        )
}

#[test]
fn head_office_lets_somebody_in_no_more_and_in_again_and_no_device_does() {
    let li = Holder::Person(person("li-na"));
    let phone = Holder::Device(DeviceId::from_random([7; 16]));
    let order = |device, n, whom: &Holder, may_enter| {
        let fact = Fact::AccessDecided(AccessDecided {
            whom: whom.clone(),
            may_enter,
        });
        let event = Event::new(fact, Content::default());
        seal_on(device, &rules(), n, "gao-yun", at(FIRST), &[event])
    };
    let office = DeviceId::HEAD_OFFICE;
    let shut_out = [
        order(office, 1, &li, false),
        order(office, 2, &phone, false),
    ];
    let site = Site::fold(&shut_out);
    assert!(!site.lets_in(&person("li-na")) && site.lets_in(&person("gao-yun")));
    assert!(!site.lets_in_device(DeviceId::from_random([7; 16])));
    assert!(site.lets_in_device(DeviceId::from_random([1; 16])));
    let again = [&shut_out[..], &[order(office, 3, &li, true)]].concat();
    assert!(Site::fold(&again).lets_in(&person("li-na")));
    let forged = order(DeviceId::from_random([1; 16]), 4, &phone, true);
    let site = Site::fold(&[&shut_out[..], std::slice::from_ref(&forged)].concat());
    assert!(!site.lets_in_device(DeviceId::from_random([7; 16])));
    assert_eq!(site.not_read, [forged.header().id]);
}

#[test]
fn the_first_order_of_head_office_erases_a_case_for_good_and_nobody_elses_does() {
    let rules = rules();
    let (_, recorded) = recorded(&rules, FIRST);
    let [recorded] = recorded.try_into().unwrap();
    let case = recorded.header().case;
    let order = |device, n, case, by: &str, when: &str, agreed: &str| {
        let agreed = person(agreed);
        let fact = Fact::CaseErased(CaseErased { case, agreed });
        let event = Event::new(fact, Content::default());
        seal_on(device, &rules, n, by, at(when), &[event])
    };
    let office = DeviceId::HEAD_OFFICE;
    let forged = order(
        DeviceId::from_random([1; 16]),
        1,
        case,
        "li-na",
        FIRST,
        "gao-yun",
    );
    let site = Site::fold([&forged]);
    assert_eq!((site.erased.len(), site.not_read.len()), (0, 1));
    assert_eq!(site.kept(recorded.clone()), recorded);

    let orders = [
        order(office, 1, case, "gao-yun", FIRST, "li-na"),
        order(office, 2, case, "li-na", CHANGE, "gao-yun"),
        order(office, 3, CaseId::SITE, "gao-yun", CHANGE, "li-na"),
    ];
    let site = Site::fold(&orders);
    let erasure = Erasure {
        at: at(FIRST),
        by: person("gao-yun"),
        agreed: person("li-na"),
    };
    assert_eq!(
        site.erased.into_iter().collect::<Vec<_>>(),
        [(case, erasure)]
    );
    let site = Site::fold(&orders);
    let kept = site.kept(recorded.clone());
    assert!(recorded.has_content() && kept.is_erased());
    assert_eq!(Case::fold([&kept]), Case::fold([&recorded]));
    assert_eq!(site.kept(orders[0].clone()), orders[0]);
}

#[test]
fn a_supervisor_gives_another_pin_and_it_is_on_record_whose_it_was() {
    let reset = |of: &str| SiteCommand::ResetPin { person: person(of) };
    let not_theirs = |department: &str| Refusal::NotSupervisor {
        department: department.parse().unwrap(),
    };
    let site = Log::new()
        .refused(
            "liu-wei",
            FIRST,
            reset("chen-gong"),
            &not_theirs("engineering"),
        )
        .refused(
            "chen-gong",
            FIRST,
            reset("chen-gong"),
            &not_theirs("engineering"),
        )
        .refused(
            "chen-gong",
            FIRST,
            reset("wang-jianguo"),
            &not_theirs("security"),
        )
        .refused("li-na", FIRST, reset("li-na"), &not_theirs("service"))
        .refused(
            "chen-gong",
            FIRST,
            reset("nobody"),
            &Refusal::UnknownPerson {
                person: person("nobody"),
            },
        )
        .order("chen-gong", FIRST, reset("liu-wei"))
        .order("li-na", FIRST, reset("chen-gong"))
        .site();
    let said: Vec<_> = site
        .pin_resets
        .iter()
        .map(|it| (it.by.as_str(), it.person.as_str(), it.at))
        .collect();
    assert_eq!(
        said,
        [
            ("chen-gong", "liu-wei", at(FIRST)),
            ("li-na", "chen-gong", at(FIRST))
        ]
    );
    assert_eq!(site.not_read, []);
}

#[test]
fn a_pack_is_in_force_from_its_date_on() {
    let site = both().site();
    let in_force = |moment| site.pack_at(at(moment));
    assert_eq!(in_force("2026-07-13 08:59"), None);
    assert_eq!(in_force("2026-07-13 09:00"), Some(shipped()));
    assert_eq!(in_force("2026-07-19 23:59"), Some(shipped()));
    assert_eq!(in_force(CHANGE), Some(stricter().hash()));
}

#[test]
fn of_two_packs_for_one_date_the_one_adopted_last_holds() {
    let site = both()
        .order("li-na", "2026-07-15 10:00", adopt(shipped(), CHANGE))
        .site();
    assert_eq!(site.pack_at(at(CHANGE)), Some(shipped()));
}

#[test]
fn a_calendar_adopted_alone_leaves_the_pack_in_force() {
    let calendar = Hash::of(b"2027");
    let site = both()
        .order(
            "li-na",
            "2026-07-21 10:00",
            SiteCommand::Adopt {
                pack: None,
                calendar: Some(calendar),
                directory: None,
                from: at("2026-07-22 00:00"),
            },
        )
        .site();
    assert_eq!(
        site.pack_at(at("2026-08-01 00:00")),
        Some(stricter().hash())
    );
    assert_eq!(site.calendar_at(at("2026-08-01 00:00")), Some(calendar));
    assert_eq!(site.directory_at(at("2026-08-01 00:00")), None);
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let mut log = both().order(
        "wang-jianguo",
        "2026-07-14 11:00",
        answers(shipped(), &RIGHT),
    );
    let site = log.site();
    log.envelopes.reverse();
    log.envelopes.extend(log.envelopes.clone());
    assert_eq!(log.site(), site);
}

#[test]
fn only_director_and_quality_adopt_and_never_backwards() {
    let adopter = Refusal::NotAdopter {
        may: vec![person("li-na"), person("zhao-qiang")],
    };
    let past = at("2026-07-13 08:59");
    Log::new()
        .refused("chen-gong", FIRST, adopt(shipped(), FIRST), &adopter)
        .refused("wang-jianguo", FIRST, adopt(shipped(), FIRST), &adopter)
        .refused(
            "li-na",
            FIRST,
            adopt(shipped(), "2026-07-13 08:59"),
            &Refusal::ImpossibleTime { at: past },
        )
        .refused(
            "li-na",
            FIRST,
            adopt(Hash::of(b"never seen"), FIRST),
            &Refusal::UnknownPack {
                pack: Hash::of(b"never seen"),
            },
        )
        .order("zhao-qiang", FIRST, adopt(shipped(), FIRST))
        .changes_nothing("li-na", FIRST, adopt(shipped(), FIRST))
        .changes_nothing(
            "li-na",
            FIRST,
            SiteCommand::Adopt {
                pack: None,
                calendar: None,
                directory: None,
                from: at(FIRST),
            },
        );
    assert_eq!(adopter.rule(), Some(RuleId::G4));
}

#[test]
fn the_directors_deputy_adopts_and_a_site_without_posts_cannot() {
    let mut log = Log::new();
    log.rules.directory =
        with_posts(|text| text.replace("deputy = \"wu-yue\"", "deputy = \"zhang-min\""));
    let log = log.order("zhang-min", FIRST, adopt(shipped(), FIRST));
    let mut postless = log;
    postless.rules.directory = with_posts(|text| {
        text.replace("director = \"li-na\"\n", "")
            .replace("quality = \"security\"\n", "")
    });
    assert_eq!(
        postless.try_order("li-na", FIRST, adopt(shipped(), FIRST)),
        Err(Refusal::NoPost {
            post: Post::Director
        })
    );
}

#[test]
fn a_change_of_the_pack_asks_again_before_it_applies() {
    let now = at("2026-07-14 11:00");
    let patrol = person("wang-jianguo");
    let (old, new) = (shipped(), stricter().hash());
    let log = both();
    assert_eq!(log.site().outstanding(&patrol, now), [old, new]);
    let log = log.order("wang-jianguo", "2026-07-14 11:00", answers(old, &RIGHT));
    assert_eq!(log.site().outstanding(&patrol, now), [new]);
    let log = log.order("wang-jianguo", "2026-07-14 11:05", answers(new, &RIGHT));
    assert_eq!(log.site().outstanding(&patrol, now), []);
    assert_eq!(
        log.site()
            .outstanding(&person("chen-gong"), at("2026-08-01 08:00")),
        [new],
        "nobody is asked for a pack that is past"
    );
    let directory = &log.rules.directory;
    let confirmed: Vec<_> = log
        .site()
        .confirmed(new, directory)
        .into_iter()
        .cloned()
        .collect();
    assert_eq!(confirmed, [patrol]);
}

#[test]
fn answers_count_when_all_are_right_and_every_try_is_on_record() {
    let pack = shipped();
    let patrol = person("wang-jianguo");
    let log = both()
        .refused(
            "wang-jianguo",
            "2026-07-14 11:00",
            answers(pack, &[1, 0]),
            &Refusal::AnswersMissing {
                given: 2,
                needed: 3,
            },
        )
        .refused(
            "wang-jianguo",
            "2026-07-14 11:00",
            answers(Hash::of(b"other"), &RIGHT),
            &Refusal::UnknownPack {
                pack: Hash::of(b"other"),
            },
        )
        .order(
            "wang-jianguo",
            "2026-07-14 11:00",
            answers(pack, &[1, 2, 9]),
        );
    assert_eq!(
        log.site().standing(&patrol, pack),
        Standing::NotUnderstood {
            n_right: 1,
            n_questions: 3
        }
    );
    assert!(
        log.site()
            .outstanding(&patrol, at(CHANGE))
            .contains(&stricter().hash())
    );
    let log = log
        .order("wang-jianguo", "2026-07-14 11:02", answers(pack, &RIGHT))
        .changes_nothing(
            "wang-jianguo",
            "2026-07-14 11:03",
            answers(pack, &[0, 0, 0]),
        );
    assert_eq!(
        log.site().standing(&patrol, pack),
        Standing::Confirmed {
            at: at("2026-07-14 11:02")
        }
    );
    assert_eq!(log.site().confirmations.len(), 2);
}

#[test]
fn whoever_objects_says_why_and_is_not_asked_again() {
    let object = |text: &str| SiteCommand::Object {
        pack: shipped(),
        text: text.to_owned(),
    };
    let log = both()
        .refused(
            "wang-jianguo",
            "2026-07-14 11:00",
            object("  "),
            &Refusal::ReasonMissing { rule: RuleId::G3 },
        )
        .order(
            "wang-jianguo",
            "2026-07-14 11:00",
            object("夜班一个人，一小时做不到"),
        );
    let patrol = person("wang-jianguo");
    let site = log.site();
    assert!(matches!(
        site.standing(&patrol, shipped()),
        Standing::Objects { .. }
    ));
    assert!(!site.outstanding(&patrol, at(FIRST)).contains(&shipped()));
    let words = log.envelopes.last().unwrap().events().unwrap();
    assert_eq!(
        words[0].content.text.as_deref(),
        Some("夜班一个人，一小时做不到")
    );
    let later = log.order(
        "wang-jianguo",
        "2026-07-15 11:00",
        answers(shipped(), &RIGHT),
    );
    assert!(matches!(
        later.site().standing(&patrol, shipped()),
        Standing::Confirmed { .. }
    ));
}

fn form(asked_at: &str) -> RecordForm {
    RecordForm {
        number: "0713-K7-001".into(),
        channel: Channel::Met,
        asked_at: at(asked_at),
        asked: vec![person("wang-jianguo")],
        category: "water-leak".parse().unwrap(),
        matter: "厨房天花板滴水".into(),
        customer: "李女士".into(),
        phone: "13800005678".into(),
        address: "3-2-1502".into(),
        remark: String::new(),
        next: Next::Keep,
        more: Circumstances::default(),
    }
}

/// Recorded under `rules`, folded.
fn recorded(rules: &Rules, asked_at: &str) -> (Case, Vec<Envelope>) {
    let who = person("wang-jianguo");
    let acting = Acting {
        rules,
        person: &who,
        now: at(asked_at),
        evidence: Evidence::default(),
    };
    let command = Command::Record(Box::new(form(asked_at)));
    let events = decide(None, command, acting).unwrap();
    let envelopes = vec![seal(rules, 1, "wang-jianguo", at(asked_at), &events, None)];
    (Case::fold(&envelopes).case.unwrap(), envelopes)
}

fn transfer_due(rules: &Rules, case: &Case) -> Moment {
    let owed = case
        .open_obligations()
        .find(|it| it.deadline == DeadlineId::Transfer)
        .unwrap();
    rules.due(case, owed).unwrap().at
}

#[test]
fn a_case_keeps_the_pack_under_which_it_was_opened_and_so_does_its_explanation() {
    let before = rules();
    let after = rules_with(|_| stricter().text().to_owned()).with_earlier([before.pack.clone()]);
    assert_ne!(before.hashes().pack, after.hashes().pack);

    let (old_case, envelopes) = recorded(&before, "2026-07-19 23:50");
    let (new_case, _) = recorded(&after, "2026-07-20 09:00");
    assert_eq!(transfer_due(&after, &new_case), at("2026-07-20 09:30"));
    assert_eq!(
        transfer_due(&after, &old_case),
        transfer_due(&before, &old_case),
        "what was owed under the old rules stays as it was"
    );

    let why = |rules: &Rules, case: &Case| {
        let pack = rules.pack_of(case);
        let deadline = pack.deadline(DeadlineId::Transfer);
        let Some(Limit::ClockMinutes { minutes, .. }) = deadline.limit else {
            panic!("{deadline:?}")
        };
        let text = pack.rule(deadline.rule).unwrap().sentence.zh.clone();
        (minutes.0, text.contains("30 分钟"))
    };
    assert_eq!(why(&after, &old_case), (60, false));
    assert_eq!(why(&after, &new_case), (30, true));

    let who = person("wang-jianguo");
    let acting = Acting {
        rules: &after,
        person: &who,
        now: at("2026-07-20 08:40"),
        evidence: Evidence::default(),
    };
    let later = decide(
        Some(&old_case),
        Command::AnswerAtOnce {
            text: "已拧紧角阀".into(),
        },
        acting,
    )
    .unwrap();
    let last = seal(
        &after,
        2,
        "wang-jianguo",
        at("2026-07-20 08:40"),
        &later,
        Some(envelopes[0].hash()),
    );
    let folded = Case::fold([&envelopes[0], &last]).case.unwrap();
    assert_eq!(
        folded.pack,
        before.hashes().pack,
        "acting later changes nothing"
    );
}

#[test]
fn events_of_a_case_and_of_the_site_do_not_mix() {
    let (_, envelopes) = recorded(&rules(), FIRST);
    let site = Site::fold(&envelopes);
    assert_eq!((site.adoptions.len(), site.not_read.len()), (0, 1));
    assert_eq!(Case::fold(&both().envelopes).case, None);
}

#[test]
fn a_look_is_on_record_once_a_person_case_day_and_kind() {
    let rules = rules();
    let device = DeviceId::from_random([1; 16]);
    let (me, other) = (person("liu-wei"), person("li-na"));
    let now = at("2026-07-13 09:00");
    let (case, another) = (CaseId::from_random([7; 16]), CaseId::from_random([8; 16]));
    let day = rules.zone().local(now).date();
    let look = Glance {
        person: &me,
        case,
        how: Look::Opened,
        day,
    };
    let event = look.to_record([], [], rules.zone()).expect("the first");
    let place = look.place();
    assert!(place.is_of_looks());
    let kept = [seal_under(
        place,
        device,
        &rules,
        1,
        "liu-wei",
        now,
        &[event],
    )];
    let is_new = |look: &Glance<'_>| look.to_record(&kept, [], rules.zone()).is_some();
    assert!(!is_new(&look), "how often does not count");
    let person = &other;
    assert!(is_new(&Glance { person, ..look }));
    assert!(is_new(&Glance {
        case: another,
        ..look
    }));
    assert!(is_new(&Glance {
        how: Look::Unmasked,
        ..look
    }));

    // Whoever acted that day had opened it; to unmask it is another thing.
    let act = [seal_under(case, device, &rules, 2, "liu-wei", now, &[])];
    let is_new = |look: &Glance<'_>| look.to_record([], &act, rules.zone()).is_some();
    assert!(!is_new(&look));
    assert!(is_new(&Glance { person, ..look }));
    assert!(is_new(&Glance {
        how: Look::Unmasked,
        ..look
    }));
    let tomorrow = Glance {
        day: day.succ_opt().unwrap(),
        ..look
    };
    assert!(is_new(&tomorrow));
    assert_ne!(tomorrow.place(), place);
}

#[test]
fn a_look_concerns_nobody_and_changes_neither_case_nor_site() {
    let rules = rules();
    let looked = Looked {
        case: Some(CaseId::from_random([7; 16])),
        how: Look::Opened,
    };
    let look = [Event::new(Fact::Looked(looked), Content::default())];
    let now = at("2026-07-13 09:00");
    let day = rules.zone().local(now).date();
    let device = DeviceId::HEAD_OFFICE;
    let place = CaseId::of_looks(day);
    let kept = seal_under(place, device, &rules, 1, "li-na", now, &look);
    let concerned = Concerned::by(&kept);
    assert!(concerned.is_nobody());
    assert!(!Scope::Site.sees(&concerned));
    assert!(!Scope::of([&person("xu-an"), &person("li-na")], &rules.directory).sees(&concerned));
    assert_eq!(Site::fold([&kept]), Site::default());
    assert_eq!(Case::fold([&kept]).case, None);

    // Wherever somebody puts one, it is no act.
    let case = CaseId::from_random([7; 16]);
    let stray = seal_under(case, device, &rules, 1, "li-na", now, &look);
    assert!(!Concerned::by(&stray).is_nobody());
    assert_eq!(Case::fold([&stray]).case, None);
    assert!(!CaseId::SITE.is_of_looks() && !case.is_of_looks());
}
