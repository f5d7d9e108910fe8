//! A device's chain for tests of the storage, pushed without HTTP in between.

use shouwen_domain::certificate::Signers;
use shouwen_domain::envelope::{Envelope, RuleHashes, Stamp};
use shouwen_domain::event::{AnsweredAtOnce, Content, Event, Fact};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::moment::Moment;
use shouwen_domain::signature::{Algorithm, SecretKey};
use shouwen_sync::message::{Bytes, Push};
use shouwen_sync::server::{Sender, Signatories};

/// One key signs for all of them, devices and people: whose it is, is looked at elsewhere.
pub fn key() -> SecretKey {
    SecretKey::from_bytes(Algorithm::Ed25519, &[7; 32]).unwrap()
}

pub fn signatories() -> Signatories {
    let mut people = Signers::default();
    for person in PEOPLE {
        people.add(person.parse().unwrap(), key().public());
    }
    Signatories {
        device: key().public(),
        people,
    }
}

/// Who acts here.
const PEOPLE: [&str; 3] = ["li-na", "wang-jianguo", "zhao-min"];

/// A device of the site `site`, and how far it has written.
#[derive(Clone)]
pub struct Chain {
    pub sender: Sender,
    sequence: u64,
    previous: Option<Hash>,
}

impl Chain {
    pub fn new(site: &str, device: u8) -> Self {
        let sender = Sender {
            site: site.parse().unwrap(),
            device: DeviceId::from_random([device; 16]),
        };
        Self {
            sender,
            sequence: 0,
            previous: None,
        }
    }

    /// The next envelope, with `text` in it.
    pub fn write(&mut self, text: &str) -> Vec<u8> {
        let fact = Fact::AnsweredAtOnce(AnsweredAtOnce::default());
        self.act(CaseId::from_random([1; 16]), "li-na", fact, text)
    }

    /// What this person does in this case.
    pub fn act(&mut self, case: CaseId, person: &str, fact: Fact, text: &str) -> Vec<u8> {
        let none = Hash([0; 32]);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(self.sequence + 1).to_be_bytes());
        id[8] = self.sender.device.bytes()[0];
        let stamp = Stamp {
            id: EnvelopeId::from_random(id),
            site: self.sender.site.clone(),
            case,
            person: person.parse().unwrap(),
            device: self.sender.device,
            chain: 1,
            sequence: self.sequence + 1,
            previous: self.previous,
            counter: self.sequence + 1,
            at: Moment::from_unix_ms(0),
            clock: None,
            last_receipt: None,
            rules: RuleHashes {
                pack: none,
                calendar: none,
                zones: none,
                directory: none,
            },
            facts_salt: Salt([1; 16]),
            content_salt: Salt([2; 16]),
        };
        let event = Event::new(fact, Content::text(text));
        let envelope = Envelope::seal(stamp, &[event]).unwrap().signed(&key());
        self.sequence += 1;
        self.previous = Some(envelope.hash());
        envelope.to_bytes()
    }

    pub fn write_some(&mut self, n: usize) -> Vec<Vec<u8>> {
        (0..n).map(|it| self.write(&format!("{it}"))).collect()
    }

    pub fn push(&self, envelopes: &[Vec<u8>]) -> Push {
        Push {
            device: self.sender.device,
            chain: 1,
            head: self.sequence,
            epoch: None,
            envelopes: envelopes.iter().cloned().map(Bytes).collect(),
        }
    }
}
