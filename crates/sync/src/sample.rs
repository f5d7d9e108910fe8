//! Envelopes for tests.

use shouwen_domain::certificate::Signers;
use shouwen_domain::envelope::{Envelope, RuleHashes, Stamp};
use shouwen_domain::event::{AnsweredAtOnce, Content, Event, Fact};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::moment::Moment;
use shouwen_domain::signature::{Algorithm, SecretKey};

use crate::server::Signatories;

pub const PHONE: DeviceId = DeviceId::from_random([7; 16]);

pub fn sealed(
    chain: u32,
    sequence: u64,
    previous: Option<Hash>,
    change: impl FnOnce(&mut Stamp),
) -> Envelope {
    let none = Hash([0; 32]);
    let mut bits = [0; 16];
    bits[..8].copy_from_slice(&sequence.to_be_bytes());
    let mut stamp = Stamp {
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
    };
    change(&mut stamp);
    Envelope::seal(
        stamp,
        &[Event::new(
            Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
            Content::text("at the door"),
        )],
    )
    .unwrap()
    .signed(&key())
    .signed(&persons_key())
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
