//! A case's whole way under each of the shipped packs: property service, treasury centre, general office.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]
#![expect(dead_code, reason = "of the shared office, only a part is used here")]

mod support;

use std::fmt::Write as _;

use shouwen_domain::calendar::Calendar;
use shouwen_domain::case::Stage;
use shouwen_domain::command::{Circumstances, Explained, Next, RecordForm};
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::{
    AgreedBecause, Channel, Contact, Ending, Field, Finding, Guidance, Outcome,
};
use shouwen_domain::pack::{DeadlineId, Pack};
use shouwen_domain::rule::RuleId;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::zone::Zones;
use shouwen_domain::{Acting, Case, Command, Refusal, Rules, decide};
use support::{at, person, seal};

const PROPERTY: &str = include_str!("../../../packs/property-service.toml");
const TREASURY: &str = include_str!("../../../packs/treasury-centre.toml");
const OFFICE: &str = include_str!("../../../packs/general-office.toml");

/// Two people in each of the pack's departments: `<department>-head` and `<department>-clerk`.
fn directory(pack: &Pack) -> Directory {
    let first = &pack.departments[0];
    let mut text = format!(
        "[site]\nid = \"site\"\nname = {{ zh = \"点\", en = \"Site\" }}\n\
         director = \"{first}-head\"\nquality = \"{first}\"\ncoordination = \"{first}\"\n"
    );
    for id in &pack.departments {
        writeln!(
            text,
            "[[department]]\nid = \"{id}\"\nname = {{ zh = \"{id}\", en = \"{id}\" }}\nphone = \"8001\"\n\
             place = {{ zh = \"大厅\", en = \"Hall\" }}\nhead = \"{id}-head\""
        )
        .unwrap();
        for (post, rank) in [("head", 5), ("clerk", 1)] {
            writeln!(
                text,
                "[[person]]\nid = \"{id}-{post}\"\nname = \"某\"\nnumber = \"{rank}\"\n\
                 position = {{ zh = \"员\", en = \"Clerk\" }}\nrank = {rank}\ndepartment = \"{id}\""
            )
            .unwrap();
        }
    }
    Directory::parse("site.toml", &text).unwrap()
}

struct Desk {
    rules: Rules,
    envelopes: Vec<Envelope>,
}

impl Desk {
    fn new(pack: &str) -> Self {
        let pack = Pack::parse("pack.toml", pack).unwrap();
        let directory = directory(&pack);
        let calendar = [(
            "2026.json",
            include_str!("../../../packs/calendars/cn/2026.json"),
        )];
        let zones = Zones::parse(include_str!("../../../packs/zones.toml")).unwrap();
        let calendar = Calendar::parse(&calendar).unwrap();
        Self {
            rules: Rules::try_new(pack, calendar, &zones, directory).unwrap(),
            envelopes: Vec::new(),
        }
    }

    fn case(&self) -> Case {
        Case::fold(&self.envelopes).case.unwrap()
    }

    fn try_order(&mut self, by: &str, now: &str, command: Command) -> Result<(), Refusal> {
        let who = person(by);
        let acting = Acting {
            rules: &self.rules,
            person: &who,
            now: at(now),
            evidence: Evidence::default(),
        };
        let before = Case::fold(&self.envelopes).case;
        let events = decide(before.as_ref(), command, acting)?;
        let n = u8::try_from(self.envelopes.len() + 1).unwrap();
        let previous = self.envelopes.last().map(Envelope::hash);
        self.envelopes
            .push(seal(&self.rules, n, by, at(now), &events, previous));
        Ok(())
    }

    fn order(mut self, by: &str, now: &str, command: Command) -> Self {
        assert_eq!(self.try_order(by, now, command), Ok(()));
        self
    }

    fn refused(mut self, by: &str, now: &str, command: Command, refusal: &Refusal) -> Self {
        assert_eq!(self.try_order(by, now, command).as_ref(), Err(refusal));
        self
    }

    fn owes(self, deadline: DeadlineId, rule: RuleId, due: &str) -> Self {
        let case = self.case();
        let owed = case.open_obligations().find(|it| it.deadline == deadline);
        let owed = owed.unwrap_or_else(|| panic!("{deadline:?} of {:?}", case.obligations));
        assert_eq!(self.rules.due(&case, owed).unwrap().at, at(due));
        let pack = self.rules.pack_of(&case);
        assert_eq!(pack.deadline(deadline).rule, rule);
        assert!(pack.rule(rule).is_some());
        self
    }

    fn ended(self, ending: Ending) {
        let case = self.case();
        assert_eq!((case.stage, case.ending), (Stage::Closed, Some(ending)));
    }
}

fn record(by: &str, category: &str, next: Next) -> Command {
    Command::Record(Box::new(RecordForm {
        number: "0713-K7-001".into(),
        channel: Channel::Counter,
        asked_at: at("2026-07-13 09:00"),
        asked: vec![person(by)],
        category: category.parse().unwrap(),
        matter: "办理一件事".into(),
        customer: "李女士".into(),
        phone: "13800005678".into(),
        address: String::new(),
        remark: "不方便留门牌".into(),
        next,
        more: Circumstances::default(),
    }))
}

fn hand_over(to: &str) -> Next {
    Next::HandOver {
        to: to.parse().unwrap(),
        explained: Explained::Accepted,
        text: String::new(),
    }
}

fn guide(to: &str) -> Next {
    Next::Guide {
        to: to.parse().unwrap(),
        how: Guidance::Taken,
    }
}

fn reply(text: &str) -> Command {
    Command::Reply {
        outcome: Outcome::Solved,
        text: text.into(),
        told: None,
        suggestion: None,
    }
}

fn tell() -> Command {
    Command::TellResult {
        how: Contact::Call,
        text: String::new(),
    }
}

fn visit() -> Command {
    Command::Visit {
        how: Contact::Call,
        finding: Finding::Satisfied,
        phone: "13800005678".into(),
        words: "已经好了".into(),
    }
}

#[test]
fn under_property_service_a_slip_goes_within_the_hour_and_is_answered_the_next_working_day() {
    let desk = Desk::new(PROPERTY).order(
        "service-clerk",
        "2026-07-13 09:00",
        record("service-clerk", "water-leak", Next::Keep),
    );
    assert_eq!(desk.case().record.missing, [Field::CustomerAddress]);
    let Next::HandOver {
        to,
        explained,
        text,
    } = hand_over("engineering")
    else {
        panic!()
    };
    desk.owes(DeadlineId::Transfer, RuleId::T1, "2026-07-13 10:00")
        .order(
            "service-clerk",
            "2026-07-13 09:10",
            Command::HandOver {
                to,
                explained,
                text,
            },
        )
        .owes(DeadlineId::Reply, RuleId::T3, "2026-07-14 18:00")
        .order("engineering-clerk", "2026-07-13 11:00", reply("已更换角阀"))
        .owes(DeadlineId::TellResult, RuleId::F4, "2026-07-13 12:00")
        .order("service-clerk", "2026-07-13 11:10", tell())
        .owes(DeadlineId::ReturnVisit, RuleId::V1, "2026-07-14 18:00")
        .order("service-clerk", "2026-07-14 09:00", visit())
        .order("service-clerk", "2026-07-14 09:01", Command::Close)
        .ended(Ending::Satisfied);
}

#[test]
fn under_the_treasurys_pack_no_slip_goes_and_the_client_is_taken_to_the_counter_group() {
    Desk::new(TREASURY)
        .refused(
            "reception-clerk",
            "2026-07-13 09:00",
            record("reception-clerk", "direct-payment", hand_over("funds")),
            &Refusal::NoSlips,
        )
        .order(
            "reception-clerk",
            "2026-07-13 09:00",
            record("reception-clerk", "direct-payment", Next::Keep),
        )
        .owes(DeadlineId::Transfer, RuleId::I10, "2026-07-13 09:30")
        .refused(
            "reception-clerk",
            "2026-07-13 09:02",
            Command::HandOver {
                to: "funds".parse().unwrap(),
                explained: Explained::Accepted,
                text: String::new(),
            },
            &Refusal::NoSlips,
        )
        .order(
            "reception-clerk",
            "2026-07-13 09:03",
            Command::Guide {
                to: "funds".parse().unwrap(),
                how: Guidance::Taken,
            },
        )
        .owes(DeadlineId::ReceiveGuided, RuleId::I10, "2026-07-13 09:18")
        .order("funds-clerk", "2026-07-13 09:05", Command::ReceiveGuided)
        .owes(DeadlineId::Reply, RuleId::I4, "2026-07-14 17:30")
        .order(
            "funds-clerk",
            "2026-07-13 09:20",
            Command::ContactOutside {
                contractor: None,
                reached: true,
                text: "代理银行：资金周四到".into(),
            },
        )
        .order(
            "funds-clerk",
            "2026-07-13 09:25",
            Command::AgreeTime {
                at: at("2026-07-16 10:00"),
                because: AgreedBecause::AwaitingOutside,
                text: "周四上午".into(),
            },
        )
        .owes(DeadlineId::AgreedTime, RuleId::I5, "2026-07-16 10:00")
        .order("funds-clerk", "2026-07-16 09:40", reply("已支付，回单已取"))
        .order("reception-clerk", "2026-07-16 10:00", tell())
        .order("reception-clerk", "2026-07-17 09:00", visit())
        .order("reception-clerk", "2026-07-17 09:01", Command::Close)
        .ended(Ending::Satisfied);
}

#[test]
fn under_the_treasurys_pack_whoever_received_a_client_in_error_gives_them_back_and_sends_no_slip() {
    let by_slip = |to: &str| Command::HandOver {
        to: to.parse().unwrap(),
        explained: Explained::Accepted,
        text: "应由二组核算".into(),
    };
    let guide = |to: &str| Command::Guide {
        to: to.parse().unwrap(),
        how: Guidance::Connected,
    };
    let desk = Desk::new(TREASURY)
        .order(
            "reception-clerk",
            "2026-07-13 09:00",
            record("reception-clerk", "voucher-review", Next::Keep),
        )
        .order("reception-clerk", "2026-07-13 09:02", guide("accounting-1"))
        .order(
            "accounting-1-clerk",
            "2026-07-13 09:04",
            Command::ReceiveGuided,
        )
        .refused(
            "accounting-1-clerk",
            "2026-07-13 09:06",
            by_slip("accounting-2"),
            &Refusal::NoSlips,
        )
        .order(
            "accounting-1-clerk",
            "2026-07-13 09:06",
            Command::Return {
                opinion: "该单位归二组核算".into(),
            },
        )
        .order("reception-clerk", "2026-07-13 09:08", guide("accounting-2"))
        .order(
            "accounting-2-clerk",
            "2026-07-13 09:10",
            Command::ReceiveGuided,
        )
        .owes(DeadlineId::Reply, RuleId::I4, "2026-07-14 17:30");
    let short_of = Command::GiveNotice {
        papers: vec!["contract".parse().unwrap(), "payee".parse().unwrap()],
        text: String::new(),
        clear: true,
    };
    let again_on_friday = Command::AgreeTime {
        at: at("2026-07-17 10:00"),
        because: AgreedBecause::PapersMissing,
        text: "周五上午补齐".into(),
    };
    desk.order("accounting-2-clerk", "2026-07-13 09:20", short_of)
        .order("accounting-2-clerk", "2026-07-13 09:21", again_on_friday)
        .owes(DeadlineId::AgreedTime, RuleId::I5, "2026-07-17 10:00")
        .order(
            "accounting-2-clerk",
            "2026-07-17 09:50",
            reply("审核通过，已送支付"),
        )
        .order("reception-clerk", "2026-07-17 10:00", tell())
        .order("reception-clerk", "2026-07-20 09:00", visit())
        .order("reception-clerk", "2026-07-20 09:01", Command::Close)
        .ended(Ending::Satisfied);
}

#[test]
fn a_case_that_was_opened_with_slips_keeps_them_when_the_pack_does_away_with_them() {
    let mut desk = Desk::new(PROPERTY).order(
        "service-clerk",
        "2026-07-13 09:00",
        record("service-clerk", "water-leak", Next::Keep),
    );
    let before = desk.rules.pack.clone();
    let without = PROPERTY
        .replace("max_moves = 3\n", "")
        .replace("[time]\n", "")
        .replace("id = \"property", "slips = false\nid = \"property")
        .replace("zone = \"Asia", "[time]\nzone = \"Asia");
    desk.rules = Desk::new(&without).rules.with_earlier([before]);
    let to_engineering = Command::HandOver {
        to: "engineering".parse().unwrap(),
        explained: Explained::Accepted,
        text: String::new(),
    };
    desk.order("service-clerk", "2026-07-13 09:10", to_engineering)
        .owes(DeadlineId::Reply, RuleId::T3, "2026-07-14 18:00");
}

#[test]
fn nobody_is_rung_in_the_night_whether_it_is_over_midnight_or_not() {
    let visited = |night: &str, now: &str| {
        let pack = PROPERTY.replace("20:30-08:30", night);
        let mut desk = Desk::new(&pack)
            .order(
                "service-clerk",
                "2026-07-13 09:00",
                record("service-clerk", "staff-conduct", hand_over("quality")),
            )
            .order("quality-clerk", "2026-07-13 09:30", reply("已核实并致歉"))
            .order("service-clerk", "2026-07-13 09:40", tell());
        desk.try_order("service-clerk", now, visit())
    };
    let until = |local: &str| Err(Refusal::Night { until: at(local) });
    for (now, expected) in [
        ("2026-07-13 20:29", Ok(())),
        ("2026-07-13 20:30", until("2026-07-14 08:30")),
        ("2026-07-14 08:29", until("2026-07-14 08:30")),
        ("2026-07-14 08:30", Ok(())),
    ] {
        assert_eq!(visited("20:30-08:30", now), expected, "{now}");
    }
    for (now, expected) in [
        ("2026-07-13 23:59", Ok(())),
        ("2026-07-14 01:00", until("2026-07-14 06:00")),
        ("2026-07-14 05:59", until("2026-07-14 06:00")),
        ("2026-07-14 06:00", Ok(())),
    ] {
        assert_eq!(visited("01:00-06:00", now), expected, "{now}");
    }
    assert_eq!(visited("01:00-06:00", "2026-07-14 00:59"), Ok(()));
}

#[test]
fn under_the_treasurys_pack_payroll_takes_its_own_time_and_data_has_a_second_check() {
    Desk::new(TREASURY)
        .order(
            "payroll-clerk",
            "2026-07-13 09:00",
            record("payroll-clerk", "payroll-change", Next::Keep),
        )
        .owes(DeadlineId::Reply, RuleId::I4, "2026-07-16 17:30");
    Desk::new(TREASURY)
        .order(
            "office-clerk",
            "2026-07-13 09:00",
            record("office-clerk", "data-request", Next::Keep),
        )
        .order(
            "office-clerk",
            "2026-07-13 10:00",
            reply("上半年支出表，共 3 张"),
        )
        .owes(DeadlineId::CheckResult, RuleId::I13, "2026-07-14 17:30")
        .refused(
            "office-clerk",
            "2026-07-13 10:10",
            Command::CheckResult {
                right: true,
                text: String::new(),
            },
            &Refusal::CheckerDidTheWork { rule: RuleId::I13 },
        );
}

#[test]
fn under_the_offices_pack_everything_missing_is_told_at_once_and_the_result_is_told() {
    let notice = |papers: &[&str]| Command::GiveNotice {
        papers: papers.iter().map(|it| it.parse().unwrap()).collect(),
        text: String::new(),
        clear: true,
    };
    let told = Command::Reply {
        outcome: Outcome::Solved,
        text: "证明已开好".into(),
        told: Some(Contact::InPerson),
        suggestion: None,
    };
    Desk::new(OFFICE)
        .order(
            "office-clerk",
            "2026-07-13 09:00",
            record("office-clerk", "certificates", Next::Keep),
        )
        .owes(DeadlineId::Reply, RuleId::I4, "2026-07-14 17:30")
        .refused(
            "office-clerk",
            "2026-07-13 09:05",
            notice(&["drawings"]),
            &Refusal::UnknownPaper {
                paper: "drawings".parse().unwrap(),
            },
        )
        .order(
            "office-clerk",
            "2026-07-13 09:05",
            notice(&["identity-card", "application"]),
        )
        .order("office-clerk", "2026-07-13 10:00", told)
        .order("office-clerk", "2026-07-13 10:01", Command::Close)
        .ended(Ending::Told);
}

#[test]
fn under_the_offices_pack_what_is_anothers_is_guided_or_passed_on() {
    for next in [hand_over("archive"), guide("archive")] {
        let mut desk = Desk::new(OFFICE).order(
            "reception-clerk",
            "2026-07-13 09:00",
            record("reception-clerk", "records-access", next.clone()),
        );
        if matches!(next, Next::Guide { .. }) {
            desk = desk.order("archive-clerk", "2026-07-13 09:05", Command::ReceiveGuided);
        }
        desk.order(
            "archive-clerk",
            "2026-07-13 11:00",
            reply("已查到，可来复印"),
        )
        .order("reception-clerk", "2026-07-13 11:10", tell())
        .order("reception-clerk", "2026-07-14 09:00", visit())
        .order("reception-clerk", "2026-07-14 09:01", Command::Close)
        .ended(Ending::Satisfied);
    }
}

#[test]
fn who_reports_a_wrong_need_not_say_who_they_are() {
    for (pack, category, department) in [
        (PROPERTY, "falling-objects", "security"),
        (TREASURY, "wrongdoing", "office"),
        (OFFICE, "report", "office"),
    ] {
        let Command::Record(mut form) =
            record(&format!("{department}-clerk"), category, Next::Keep)
        else {
            panic!()
        };
        (form.customer, form.phone) = (String::new(), String::new());
        let by = format!("{department}-clerk");
        let desk = Desk::new(pack).order(&by, "2026-07-13 09:00", Command::Record(form));
        assert_eq!(desk.case().record.missing, [], "{category}");
    }
}

#[test]
fn what_is_out_of_scope_is_referred_under_every_pack() {
    for (pack, category) in [
        (PROPERTY, "grid-power"),
        (TREASURY, "tax"),
        (OFFICE, "residence"),
    ] {
        let desk = Desk::new(pack);
        let by = format!("{}-clerk", desk.rules.pack.departments[0]);
        let body = desk
            .rules
            .pack
            .category(&category.parse().unwrap())
            .unwrap();
        let text = body.handled_by.as_ref().unwrap().name.zh.clone();
        desk.order(&by, "2026-07-13 09:00", record(&by, category, Next::Keep))
            .order(&by, "2026-07-13 09:05", Command::ReferOutside { text })
            .ended(Ending::ReferredOutside);
    }
}

#[test]
fn answered_at_once_closes_under_every_pack() {
    for pack in [PROPERTY, TREASURY, OFFICE] {
        let desk = Desk::new(pack);
        let by = format!("{}-clerk", desk.rules.pack.departments[0]);
        let next = Next::AnswerAtOnce {
            text: "在一楼大厅左手边".into(),
        };
        desk.order(&by, "2026-07-13 09:00", record(&by, "other", next))
            .ended(Ending::AnsweredAtOnce);
    }
}

#[test]
fn what_was_read_once_is_the_same_from_its_bytes() {
    for pack in [PROPERTY, TREASURY, OFFICE] {
        let rules = Desk::new(pack).rules;
        let bytes = rules.to_bytes();
        let again = Rules::from_bytes(&bytes).unwrap();
        assert_eq!(format!("{again:?}"), format!("{rules:?}"));
        let cut_short = &bytes[..bytes.len() - 1];
        assert!(Rules::from_bytes(cut_short).is_none());
        assert!(Rules::from_bytes(&[&bytes[..], &[0]].concat()).is_none());
    }
}
