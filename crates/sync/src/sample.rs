//! Envelopes for tests.

use shouwen_domain::certificate::Signers;
use shouwen_domain::envelope::{Envelope, RuleHashes, Stamp};
use shouwen_domain::event::{
    AnsweredAtOnce, Channel, Content, Event, Fact, Kind, PhotoAdded, PhotoSource, Recorded, Urgency,
};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Difficulty;
use shouwen_domain::signature::{Algorithm, SecretKey};

use crate::server::Signatories;

pub const PHONE: DeviceId = DeviceId::from_random([7; 16]);

pub fn sealed(
    chain: u32,
    sequence: u64,
    previous: Option<Hash>,
    change: impl FnOnce(&mut Stamp),
) -> Envelope {
    let mut stamp = stamp(chain, sequence, previous);
    change(&mut stamp);
    Envelope::seal(stamp, &[answer()])
        .unwrap()
        .signed(&key())
        .signed(&persons_key())
}

fn stamp(chain: u32, sequence: u64, previous: Option<Hash>) -> Stamp {
    let none = Hash([0; 32]);
    let mut bits = [0; 16];
    bits[..8].copy_from_slice(&sequence.to_be_bytes());
    Stamp {
        id: EnvelopeId::from_random(bits),
        site: "north".parse().unwrap(),
        case: CaseId::from_random([1; 16]),
        person: "kim".parse().unwrap(),
        device: PHONE,
        chain,
        sequence,
        previous,
        counter: sequence,
        at: Moment::from_unix_ms(0),
        clock: None,
        last_receipt: None,
        rules: RuleHashes {
            pack: none,
            calendar: none,
            zones: none,
            directory: none,
        },
        facts_salt: Salt([0; 16]),
        content_salt: Salt([0; 16]),
    }
}

/// In somebody's name while nobody is signed in.
pub fn claimed(sequence: u64, previous: Option<Hash>, of: &str, events: &[Event]) -> Envelope {
    claimed_in("north", sequence, previous, of, events)
}

pub fn claimed_in(
    site: &str,
    sequence: u64,
    previous: Option<Hash>,
    of: &str,
    events: &[Event],
) -> Envelope {
    let stamp = Stamp {
        site: site.parse().unwrap(),
        person: of.parse().unwrap(),
        ..stamp(1, sequence, previous)
    };
    Envelope::seal_claimed(stamp, events)
        .unwrap()
        .signed(&key())
}

pub fn answer() -> Event {
    let answered = Fact::AnsweredAtOnce(AnsweredAtOnce::default());
    Event::new(answered, Content::text("at the door"))
}

pub fn matter() -> Event {
    let recorded = Recorded {
        number: "0713-K7-001".to_owned(),
        channel: Channel::Met,
        asked_at: Moment::from_unix_ms(0),
        asked: Vec::new(),
        first_responder: "kim".parse().unwrap(),
        department: "service".parse().unwrap(),
        category: "leak".parse().unwrap(),
        kind: Kind::ServiceRequest,
        proper: None,
        missing: Vec::new(),
        supervisor: None,
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
    };
    let content = Content {
        matter: Some("a leak".to_owned()),
        ..Content::default()
    };
    Event::new(Fact::Recorded(recorded), content)
}

pub fn photo() -> Event {
    let added = PhotoAdded {
        photo: Hash([5; 32]),
        source: PhotoSource::Camera,
        taken_at: None,
        placed: false,
    };
    Event::new(Fact::PhotoAdded(added), Content::default())
}

/// The phone's.
pub fn key() -> SecretKey {
    SecretKey::from_bytes(Algorithm::Ed25519, &[7; 32]).unwrap()
}

/// With which each of the samples' people signs on it.
pub fn persons_key() -> SecretKey {
    SecretKey::from_bytes(Algorithm::Esp256, &[8; 32]).unwrap()
}

pub fn signatories() -> Signatories {
    let mut people = Signers::default();
    for person in ["kim", "li-na", "wang"] {
        people.add(person.parse().unwrap(), persons_key().public());
    }
    Signatories {
        device: key().public(),
        people,
    }
}

/// An unbroken chain of `n` envelopes.
pub fn chain(n: u64) -> Vec<Envelope> {
    let mut chain: Vec<Envelope> = Vec::new();
    for sequence in 1..=n {
        chain.push(sealed(
            1,
            sequence,
            chain.last().map(Envelope::hash),
            |_| {},
        ));
    }
    chain
}
