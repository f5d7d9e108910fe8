//! The site that benches reckon for: shipped texts, and cases with many handovers, made without chance.

use shouwen_domain::Case;
use shouwen_domain::agenda::Agenda;
use shouwen_domain::calendar::Calendar;
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{Envelope, Stamp};
use shouwen_domain::event::{
    AgreedBecause, Channel, Consented, Content, Event, Fact, HandedOver, HandlerNamed, Kind,
    PauseReason, ReasonExplained, Received, Recorded, Request, Requested, Returned, Urgency,
};
use shouwen_domain::hash::Salt;
use shouwen_domain::id::{CaseId, DepartmentId, DeviceId, EnvelopeId, PersonId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::pack::{Difficulty, Pack};
use shouwen_domain::rules::Rules;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::zone::Zones;

/// The shipped pack, its text first changed by `edit`.
pub fn rules(edit: impl Fn(&str) -> String) -> Rules {
    let years = [
        (
            "2025.json",
            include_str!("../../../../packs/calendars/cn/2025.json"),
        ),
        (
            "2026.json",
            include_str!("../../../../packs/calendars/cn/2026.json"),
        ),
    ];
    let pack = edit(include_str!("../../../../packs/property-service.toml"));
    let directory = include_str!("../../../../packs/demo-site.toml");
    Rules::try_new(
        Pack::parse("property-service.toml", &pack).expect("the shipped pack can be read"),
        Calendar::parse(&years).expect("the shipped years can be read"),
        &Zones::parse(include_str!("../../../../packs/zones.toml"))
            .expect("the shipped zones can be read"),
        Directory::parse("demo-site.toml", directory).expect("the shipped directory can be read"),
    )
    .expect("the zone table has the pack's zone")
}

fn person(id: &str) -> PersonId {
    id.parse().expect("a slug")
}

fn department(id: &str) -> DepartmentId {
    id.parse().expect("a slug")
}

const AWAY: [&str; 3] = ["engineering", "security", "cleaning"];

/// Where one case is at while it is written down.
struct Writer<'a> {
    rules: &'a Rules,
    seed: u32,
    now: Moment,
    envelopes: Vec<Envelope>,
}

impl Writer<'_> {
    fn act(&mut self, by: &str, facts: Vec<Fact>) -> EnvelopeId {
        let n = self.envelopes.len() as u64 + 1;
        let bits = u128::from(self.seed) << 64 | u128::from(n);
        let id = EnvelopeId::from_random(bits.to_be_bytes());
        let events: Vec<Event> = facts
            .into_iter()
            .map(|it| Event::new(it, Content::default()))
            .collect();
        let stamp = Stamp {
            id,
            site: self.rules.directory.site.clone(),
            case: CaseId::from_random((u128::from(self.seed) + 1).to_be_bytes()),
            person: person(by),
            device: DeviceId::from_random([1; 16]),
            chain: 1,
            sequence: n,
            previous: self.envelopes.last().map(Envelope::hash),
            counter: n,
            at: self.now,
            clock: None,
            last_receipt: None,
            rules: self.rules.hashes(),
            facts_salt: Salt([1; 16]),
            content_salt: Salt([2; 16]),
        };
        self.envelopes
            .push(Envelope::seal(stamp, &events).expect("small enough"));
        self.now = self.now + Minutes(7 + self.seed % 11);
        id
    }
}

/// An open case that was handed over `n_handovers` times, every third time back with an opinion; paused once.
pub fn envelopes(rules: &Rules, seed: u32, n_handovers: u32) -> Vec<Envelope> {
    let asked_at = Moment::from_unix_ms(1_783_900_000_000) + Minutes(seed % 43_200);
    let mut writer = Writer {
        rules,
        seed,
        now: asked_at + Minutes(3),
        envelopes: Vec::new(),
    };
    writer.act("zhang-xiaoyan", vec![Fact::Recorded(recorded(asked_at))]);
    let mut from = "service";
    for n in 0..n_handovers {
        let to = AWAY[((seed + n) % 3) as usize];
        let to = if to == from { "quality" } else { to };
        let explained = Fact::ReasonExplained(ReasonExplained {
            understood: true,
            supervisor_told: None,
        });
        let slip = HandedOver {
            sender_head: Some(person("liu-min")),
            ..HandedOver::new(department(from), department(to))
        };
        writer.act("zhang-xiaoyan", vec![explained, Fact::HandedOver(slip)]);
        let received = Fact::Received(Received {
            department: department(to),
            head: Some(person("chen-gong")),
        });
        let named = Fact::HandlerNamed(HandlerNamed {
            handler: person("qian-wei"),
        });
        writer.act("zhao-jun", vec![received, named]);
        from = to;
        if n % 3 == 1 && n + 1 < n_handovers {
            writer.act(
                "zhao-jun",
                vec![Fact::Returned(Returned {
                    from: department(from),
                    to: department("service"),
                    sender_head: None,
                })],
            );
            from = "service";
        }
    }
    let pause = match seed % 3 {
        0 => return writer.envelopes,
        1 => Request::Pause(
            PauseReason::PartsOrContractor,
            Some(writer.now + Minutes(600)),
        ),
        _ => Request::AgreedTime(writer.now + Minutes(900), AgreedBecause::CustomersWish),
    };
    let request = writer.act(
        "qian-wei",
        vec![Fact::Requested(Requested {
            request: pause,
            of: person("chen-gong"),
            of_department: department("engineering"),
        })],
    );
    let granted = Consented {
        request,
        granted: true,
        customer_until: None,
        postponed_before: None,
    };
    writer.act("chen-gong", vec![Fact::Consented(granted)]);
    writer.envelopes
}

fn recorded(asked_at: Moment) -> Recorded {
    Recorded {
        number: "0713-K7-018".to_owned(),
        channel: Channel::Phone,
        asked_at,
        asked: Vec::new(),
        first_responder: person("zhang-xiaoyan"),
        department: department("service"),
        category: "water-leak".parse().expect("a slug"),
        kind: Kind::ServiceRequest,
        proper: Some(department("engineering")),
        missing: Vec::new(),
        supervisor: Some(person("liu-min")),
        urgency: Urgency::Ordinary,
        late: false,
        missing_because: None,
        public_area: false,
        under_14: false,
        concerns: Vec::new(),
        asked_before: None,
        repeats: None,
        outer: None,
        due_by: None,
        difficulty: Difficulty::Ordinary,
        emergency: None,
        sensitive: false,
        needs_rescuer: false,
        unnamed: false,
    }
}

pub const N_CASES: usize = 100_000;

/// Cases that differ; the rest are these again. Together they are well above what a cache holds.
const N_DISTINCT: usize = 5_000;

pub const NOW: Moment = Moment::from_unix_ms(1_784_500_000_000);

/// Open cases under two packs, each handed over six times.
pub struct Office {
    rules: [Rules; 2],
    cases: Vec<Case>,
}

impl Office {
    pub fn new() -> Self {
        let rules = [
            rules(str::to_owned),
            rules(|it| {
                it.replacen(
                    "limit = \"1 working day\"",
                    "limit = \"9 working hours\"",
                    1,
                )
                .replacen("\"08:30-18:00\"", "\"08:30-12:00\", \"13:30-18:00\"", 1)
            }),
        ];
        let cases = (0..N_DISTINCT)
            .map(|i| {
                let seed = u32::try_from(i).expect("a few thousand");
                let folded = Case::fold(&envelopes(&rules[i % 2], seed, 6));
                assert!(folded.without_effect.is_empty(), "{folded:?}");
                folded.case.expect("it was recorded")
            })
            .collect();
        Self { rules, cases }
    }

    pub fn case(&self, i: usize) -> (&Case, &Rules) {
        (&self.cases[i % N_DISTINCT], &self.rules[i % N_DISTINCT % 2])
    }

    pub fn agendas(&self) -> Vec<Agenda> {
        (0..N_CASES)
            .map(|i| {
                let (case, rules) = self.case(i);
                Agenda::of(case, rules, &Evidence::default())
            })
            .collect()
    }
}
