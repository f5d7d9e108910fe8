//! What the benchmarks measure with: many cases alike, each of about 1 KB of Chinese text with five small acts, one in fifty
//! open, all of one person. The same seed and time of head office give the same cases.

use shouwen_domain::case::Case;
use shouwen_domain::command::{Circumstances, Command, Next, RecordForm};
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::{AgreedBecause, Channel, Kind};
use shouwen_domain::id::{CaseId, CategoryId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Rules, decide};
use shouwen_store::Head;

use crate::OUR_MESSAGES;
use crate::chance::Chance;
use crate::customer::Customer;
use crate::device::{Device, DeviceError};
use crate::message;
use crate::office::Office;
use crate::replay::{Count, ReplayError, Site};
use crate::words;

/// A device writes so many at most.
const CASES_A_DEVICE: usize = 10_000;
/// They were asked within so many days.
const DAYS: u32 = 140;
/// One in so many is open: those that came last.
const OPEN_ONE_IN: usize = 50;
const TEXT_CHARS: usize = 320;
/// So many acts are handed in at once.
const ACTS_A_PUSH: usize = 500;
const MINUTES_A_DAY: u32 = 1_440;

/// Has devices write `n_cases` and hand them in.
pub fn write(
    site: &Site,
    office: &Office,
    n_cases: usize,
    seed: u64,
) -> Result<Count, ReplayError> {
    let sentences = sentences();
    let mut count = Count::default();
    for (nth, first) in (0..n_cases).step_by(CASES_A_DEVICE).enumerate() {
        let n_here = CASES_A_DEVICE.min(n_cases - first);
        let (mut device, mut writer) = begin(site, office, &sentences, seed, nth as u64)?;
        for n in 0..n_here {
            let envelopes = writer.case(&mut device, n, n_here)?;
            count.n_cases += 1;
            count.n_acts += envelopes;
            if writer.written.len() >= ACTS_A_PUSH {
                device.hand_in(office, &std::mem::take(&mut writer.written))?;
            }
        }
        device.hand_in(office, &writer.written)?;
    }
    Ok(count)
}

/// A device with so many cases that it has not handed in, by pushes.
pub fn written(
    site: &Site,
    office: &Office,
    n_cases: usize,
    seed: u64,
    nth: u64,
) -> Result<(Device, Vec<Vec<Envelope>>), ReplayError> {
    let sentences = sentences();
    let (mut device, mut writer) = begin(site, office, &sentences, seed, nth)?;
    for n in 0..n_cases {
        writer.case(&mut device, n, n_cases)?;
    }
    let pushes = writer.written.chunks(ACTS_A_PUSH).map(<[_]>::to_vec);
    Ok((device, pushes.collect()))
}

fn begin<'a>(
    site: &'a Site,
    office: &Office,
    sentences: &'a [String],
    seed: u64,
    nth: u64,
) -> Result<(Device, Writer<'a>), ReplayError> {
    let mut chance = Chance::apart(seed, nth);
    let device = site.device(office, Chance::new(chance.bits()))?;
    let writer = Writer {
        rules: &site.rules,
        sentences,
        chance,
        now: site.now,
        head: Head::default(),
        written: Vec::new(),
    };
    Ok((device, writer))
}

struct Writer<'a> {
    rules: &'a Rules,
    sentences: &'a [String],
    chance: Chance,
    now: Moment,
    head: Head,
    written: Vec<Envelope>,
}

impl Writer<'_> {
    /// The `n`th of so many, in the order in which they were asked.
    fn case(
        &mut self,
        device: &mut Device,
        n: usize,
        n_cases: usize,
    ) -> Result<usize, DeviceError> {
        let share = |whole: u32, part: usize| {
            let minutes = u64::from(whole) * part as u64 / n_cases as u64;
            u32::try_from(minutes).expect("a part is no more than the whole")
        };
        let ago = share(DAYS * MINUTES_A_DAY, n_cases - n) + 15;
        let asked_at = before(self.now, ago);
        let is_open = n >= n_cases - n_cases / OPEN_ONE_IN;
        let id = CaseId::from_random(self.chance.id());
        let form = self.form(device, n, asked_at);
        let due = if is_open {
            self.now + Minutes(self.chance.between(30, 10 * MINUTES_A_DAY))
        } else {
            asked_at + Minutes(MINUTES_A_DAY)
        };
        let agreed = Command::AgreeTime {
            at: due,
            because: AgreedBecause::CustomersWish,
            text: self.say(&words::SLIP),
        };
        let last = if is_open {
            self.contact()
        } else {
            Command::AnswerAtOnce {
                text: self.say(&words::ANSWERED_AT_ONCE),
            }
        };
        let record = Command::Record(Box::new(form));
        let commands = [record, agreed, self.contact(), self.contact(), last];
        let n_acts = commands.len();
        let mut so_far: Vec<Envelope> = Vec::new();
        for (minutes, command) in (2..).step_by(2).zip(commands) {
            let at = asked_at + Minutes(minutes);
            let folded = Case::fold(&so_far);
            let person = device.person().clone();
            let acting = Acting {
                rules: self.rules,
                person: &person,
                now: at,
                evidence: Evidence::default(),
            };
            let events = decide(folded.case.as_ref(), command, acting)
                .map_err(|refusal| DeviceError::Refused { person, refusal })?;
            let envelope = device.sealed(id, &events, at, self.rules, self.head)?;
            let follows = Head {
                chain: self.head.chain.max(1),
                ..self.head
            };
            self.head = follows
                .followed_by(&envelope)
                .expect("it was sealed behind this head");
            so_far.push(envelope);
        }
        self.written.append(&mut so_far);
        Ok(n_acts)
    }

    fn form(&mut self, device: &Device, n: usize, asked_at: Moment) -> RecordForm {
        let date = self.rules.zone().local(asked_at).date().format("%m%d");
        let buildings = &self.rules.directory.buildings;
        let customer = Customer::of(&n.to_string(), buildings, self.chance.bits());
        RecordForm {
            number: format!("{date}-{}-{:05}", device.code(), n + 1),
            channel: Channel::Phone,
            asked_at,
            asked: vec![device.person().clone()],
            category: self.category(),
            matter: self.text(),
            customer: customer.name,
            phone: customer.phone,
            address: customer.address,
            remark: String::new(),
            next: Next::Keep,
            more: Circumstances::default(),
        }
    }

    /// One that may be answered at once.
    fn category(&mut self) -> CategoryId {
        let may = |kind| matches!(kind, Kind::Complaint | Kind::ServiceRequest);
        let categories = self.rules.pack.categories.iter();
        let found: Vec<_> = categories.filter(|it| may(it.kind)).collect();
        self.chance.pick(&found).id.clone()
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        while text.chars().count() < TEXT_CHARS {
            text.push_str(self.chance.pick::<String>(self.sentences));
        }
        text
    }

    fn contact(&mut self) -> Command {
        Command::LogContact {
            text: self.say(&words::SLIP),
        }
    }

    fn say(&mut self, from: &[&str]) -> String {
        (*self.chance.pick(from)).to_owned()
    }
}

/// What people write, by sentences.
fn sentences() -> Vec<String> {
    let ours = message::read("messages.jsonl", OUR_MESSAGES.as_bytes(), usize::MAX)
        .expect("our own messages can be read");
    ours.messages
        .into_iter()
        .flat_map(|it| [Some(it.text), it.reply])
        .flatten()
        .collect()
}

fn before(moment: Moment, minutes: u32) -> Moment {
    Moment::from_unix_ms(moment.unix_ms() - i64::from(minutes) * 60_000)
}
