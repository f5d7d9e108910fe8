//! What an envelope accepts and refuses: changed, erased, cut short, too large, from a newer version.

mod support;

use minicbor::{Decoder, Encoder};
use shouwen_domain::Case;
use shouwen_domain::case::WithoutEffect;
use shouwen_domain::envelope::{
    Envelope, EnvelopeError, Fate, Header, Receipt, RefusedReason, Stamp,
};
use shouwen_domain::event::{
    Channel, Content, Event, Fact, FurtherCaseReported, HandedOver, Kind, PhotoAdded, PhotoSource,
    Received, Recorded, Urgency, VOCABULARY,
};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::DeviceId;
use shouwen_domain::limits::{ENVELOPE_BYTES, SIGNATURES_BYTES};
use shouwen_domain::pack::Difficulty;
use shouwen_domain::signature::{Algorithm, SecretKey, SignatureError};
use support::{at, person, rules, seal};

const RECORDED_AT: &str = "2026-07-13 09:06";

/// The six parts of an envelope's bytes, to be put together wrongly.
#[derive(Clone)]
struct Parts {
    header: Vec<u8>,
    facts: Vec<u8>,
    facts_salt: Vec<u8>,
    content: Option<Vec<u8>>,
    content_salt: Option<Vec<u8>>,
}

impl Parts {
    fn of(envelope: &Envelope) -> Self {
        let bytes = envelope.to_bytes();
        let mut input = Decoder::new(&bytes);
        assert_eq!(input.array().expect("an array"), Some(6));
        let mut part = || input.bytes().expect("a byte string").to_vec();
        Self {
            header: part(),
            facts: part(),
            facts_salt: part(),
            content: Some(part()),
            content_salt: Some(part()),
        }
    }

    /// Read anew with `change` made to its header, so that only the change is wrong.
    fn with_header(self, change: impl FnOnce(&mut Header)) -> Self {
        let mut header = minicbor::decode(&self.header).expect("a header");
        change(&mut header);
        let header = minicbor::to_vec(header).expect("a vector takes everything");
        Self { header, ..self }
    }

    /// Other facts, and the header says so.
    fn with_facts(self, facts: Vec<u8>) -> Self {
        let salt = Salt(self.facts_salt.clone().try_into().expect("16 bytes"));
        let hash = Hash::salted(salt, &facts);
        let parts = self.with_header(|header| header.facts = hash);
        Self { facts, ..parts }
    }

    fn erased(self) -> Self {
        Self {
            content: None,
            content_salt: None,
            ..self
        }
    }

    fn bytes(&self) -> Vec<u8> {
        write(|e| {
            e.array(6)?
                .bytes(&self.header)?
                .bytes(&self.facts)?
                .bytes(&self.facts_salt)?;
            for part in [&self.content, &self.content_salt] {
                match part {
                    Some(bytes) => e.bytes(bytes)?,
                    None => e.null()?,
                };
            }
            e.array(0)?.ok()
        })
    }

    fn read(&self) -> Result<Envelope, EnvelopeError> {
        Envelope::from_bytes(&self.bytes())
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(what: impl FnOnce(&mut Encoder<Vec<u8>>) -> Written) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    what(&mut e).expect("a vector takes everything");
    e.into_writer()
}

fn recorded() -> Fact {
    Fact::Recorded(Recorded {
        number: "0713-K7-018".to_owned(),
        channel: Channel::Phone,
        asked_at: at(RECORDED_AT),
        asked: Vec::new(),
        first_responder: person("wang-jg"),
        department: "service".parse().expect("a slug"),
        category: "water-leak".parse().expect("a slug"),
        kind: Kind::ServiceRequest,
        proper: Some("engineering".parse().expect("a slug")),
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
    })
}

fn handed_over() -> Fact {
    let (from, to) = ("service".parse(), "engineering".parse());
    Fact::HandedOver(HandedOver::new(from.expect("a slug"), to.expect("a slug")))
}

fn words() -> Content {
    Content {
        matter: Some("厨房天花板滴水".to_owned()),
        customer: Some("李女士".to_owned()),
        ..Content::default()
    }
}

fn sealed_as(n: u8, fact: Fact) -> Envelope {
    let events = [Event::new(fact, words())];
    seal(&rules(), n, "wang-jg", at(RECORDED_AT), &events, None)
}

/// A record with its words.
fn sealed() -> Envelope {
    sealed_as(1, recorded())
}

/// An envelope as a newer version might write it: another vocabulary, an unknown kind of fact.
fn from_a_newer_version(n: u8) -> Parts {
    let unknown_fact = write(|e| {
        e.array(1)?; // facts
        e.array(2)?.u32(99)?; // kind
        e.array(1)?.map(1)?.u8(1)?.str("whatever this is")?.ok()
    });
    Parts::of(&sealed_as(n, handed_over()))
        .with_facts(unknown_fact)
        .with_header(|header| header.must_understand = VOCABULARY + 1)
}

/// The map with one more entry at its end, under a key that nobody knows.
fn with_an_unknown_key(map: &[u8]) -> Vec<u8> {
    let n = Decoder::new(map).map().expect("a map").expect("its length");
    assert!(n < 23, "a head of one byte");
    let mut more = map.to_vec();
    more[0] += 1;
    more.extend(write(|e| e.u8(99)?.array(1)?.str("new")?.ok()));
    more
}

fn stamp() -> Stamp {
    let header = sealed().header().clone();
    Stamp {
        id: header.id,
        site: header.site,
        case: header.case,
        person: header.person,
        device: header.device,
        chain: header.chain,
        sequence: header.sequence,
        previous: header.previous,
        counter: header.counter,
        at: header.at,
        clock: header.clock,
        last_receipt: header.last_receipt,
        rules: header.rules,
        facts_salt: Salt([1; 16]),
        content_salt: Salt([2; 16]),
    }
}

#[test]
fn an_envelope_survives_its_bytes() {
    let envelope = sealed();
    let read = Envelope::from_bytes(&envelope.to_bytes()).unwrap();
    assert_eq!(read, envelope);
    assert_eq!(read.hash(), envelope.hash());
    assert_eq!(read.events(), Ok(vec![Event::new(recorded(), words())]));
    assert!(!read.is_erased());
}

#[test]
fn the_same_act_is_written_the_same_every_time() {
    assert_eq!(sealed().to_bytes(), sealed().to_bytes());
}

#[test]
fn changed_facts_are_refused() {
    let mut parts = Parts::of(&sealed());
    *parts.facts.last_mut().unwrap() ^= 1;
    assert_eq!(parts.read(), Err(EnvelopeError::WrongFacts));

    let mut parts = Parts::of(&sealed());
    parts.facts_salt[0] ^= 1;
    assert_eq!(parts.read(), Err(EnvelopeError::WrongFacts));
}

#[test]
fn changed_content_is_refused() {
    let mut parts = Parts::of(&sealed());
    *parts.content.as_mut().unwrap().last_mut().unwrap() ^= 1;
    assert_eq!(parts.read(), Err(EnvelopeError::WrongContent));

    let mut parts = Parts::of(&sealed());
    parts.content_salt.as_mut().unwrap()[0] ^= 1;
    assert_eq!(parts.read(), Err(EnvelopeError::WrongContent));
}

#[test]
fn content_that_the_header_does_not_name_is_refused() {
    let parts = Parts::of(&sealed()).with_header(|header| header.content = None);
    assert_eq!(parts.read(), Err(EnvelopeError::WrongContent));
}

#[test]
fn whichever_byte_changes_it_is_refused_or_another_envelope() {
    let envelope = sealed();
    for at in 0..envelope.to_bytes().len() {
        for bits in [0x01, 0x20, 0xff] {
            let mut bytes = envelope.to_bytes();
            bytes[at] ^= bits;
            if let Ok(read) = Envelope::from_bytes(&bytes) {
                assert_ne!(read.hash(), envelope.hash(), "byte {at}, bits {bits:#x}");
            }
        }
    }
}

#[test]
fn erased_content_leaves_the_chain_whole_and_the_words_empty() {
    let erased = Parts::of(&sealed()).erased().read().unwrap();
    assert!(erased.is_erased());
    assert_eq!(erased.hash(), sealed().hash());
    assert_eq!(
        erased.events(),
        Ok(vec![Event::new(recorded(), Content::default())])
    );
    assert_eq!(Case::fold([&erased]), Case::fold([&sealed()]));
}

#[test]
fn content_is_erased_with_its_salt_or_not_at_all() {
    let whole = Parts::of(&sealed());
    let without_salt = Parts {
        content_salt: None,
        ..whole.clone()
    };
    let only_salt = Parts {
        content: None,
        ..whole
    };
    for parts in [without_salt, only_salt] {
        assert!(matches!(parts.read(), Err(EnvelopeError::Malformed { .. })));
    }
}

#[test]
fn contents_of_another_number_than_the_facts_are_malformed() {
    let two_facts = minicbor::to_vec([recorded(), handed_over()]).unwrap();
    let envelope = Parts::of(&sealed()).with_facts(two_facts).read().unwrap();
    let what = "2 facts with 1 contents".to_owned();
    let malformed = EnvelopeError::Malformed {
        at_byte: None,
        what,
    };
    assert_eq!(envelope.events(), Err(malformed));
}

#[test]
fn bytes_left_over_are_malformed_and_named() {
    let mut bytes = sealed().to_bytes();
    let length = bytes.len();
    bytes.push(0);
    let error = Envelope::from_bytes(&bytes).unwrap_err();
    assert!(
        matches!(error, EnvelopeError::Malformed { at_byte: Some(at), .. } if at == length),
        "{error:?}"
    );
    let text = error.to_string();
    let start = format!("The envelope is malformed at byte {length}: ");
    assert!(text.starts_with(&start), "{text}");
}

#[test]
fn cut_short_anywhere_it_is_malformed() {
    let bytes = sealed().to_bytes();
    for length in 0..bytes.len() {
        let read = Envelope::from_bytes(&bytes[..length]);
        assert!(
            matches!(read, Err(EnvelopeError::Malformed { .. })),
            "{length} bytes: {read:?}"
        );
    }
}

#[test]
fn up_to_the_limit_it_is_sealed_with_room_for_signatures_and_one_byte_more_is_refused() {
    let with_text = |n: usize| {
        let events = [Event::new(recorded(), Content::text("x".repeat(n)))];
        Envelope::seal(stamp(), &events)
    };
    let room = ENVELOPE_BYTES - SIGNATURES_BYTES;
    let overhead = with_text(30_000).unwrap().to_bytes().len() - 30_000;
    let largest = with_text(room - overhead).unwrap();
    assert_eq!(largest.to_bytes().len(), room);
    let keys = [Algorithm::Ed25519, Algorithm::Esp256]
        .map(|it| SecretKey::from_bytes(it, &[7; 32]).unwrap());
    let signed = keys.iter().fold(largest, Envelope::signed);
    let bytes = signed.to_bytes();
    assert!(bytes.len() <= ENVELOPE_BYTES);
    assert_eq!(Envelope::from_bytes(&bytes), Ok(signed));

    let too_large = EnvelopeError::TooLarge {
        bytes: ENVELOPE_BYTES + 1,
    };
    assert_eq!(with_text(room - overhead + 1), Err(too_large.clone()));
    let longer = vec![0; ENVELOPE_BYTES + 1];
    assert_eq!(Envelope::from_bytes(&longer), Err(too_large));
}

#[test]
fn a_signature_is_of_one_key_and_of_everything_in_the_header() {
    let key = SecretKey::from_bytes(Algorithm::Ed25519, &[7; 32]).unwrap();
    let other = SecretKey::from_bytes(Algorithm::Ed25519, &[8; 32]).unwrap();
    let signed = sealed().signed(&key);
    assert_eq!(signed.verify(&key.public()), Ok(()));
    assert_eq!(
        signed.verify(&other.public()),
        Err(SignatureError::OtherKey)
    );
    assert_eq!(
        sealed().verify(&key.public()),
        Err(SignatureError::OtherKey)
    );
    assert_eq!(signed.hash(), sealed().hash(), "the hash is without it");

    let moved = sealed_as(2, recorded());
    let signature = signed.signature_by(&key.public()).unwrap();
    let forged = moved.with_signature(&key.public(), signature);
    assert_eq!(forged.verify(&key.public()), Err(SignatureError::Wrong));
}

#[test]
fn another_form_of_the_same_is_malformed() {
    let bytes = sealed().to_bytes();
    assert_eq!(bytes[0], 0x86);
    // The length of the outer array in one byte more than it takes.
    let longer = [&[0x98, 0x06], &bytes[1..]].concat();
    assert!(matches!(
        Envelope::from_bytes(&longer),
        Err(EnvelopeError::Malformed { .. })
    ));
}

#[test]
fn erased_content_leaves_the_signature_good() {
    let key = SecretKey::from_bytes(Algorithm::Esp256, &[7; 32]).unwrap();
    let signed = sealed().signed(&key);
    let erased = Parts::of(&signed).erased().read().unwrap();
    let signature = signed.signature_by(&key.public()).unwrap();
    let erased = erased.with_signature(&key.public(), signature);
    assert!(erased.is_erased());
    assert_eq!(erased.verify(&key.public()), Ok(()));
}

#[test]
fn what_a_newer_version_wrote_is_read_and_not_acted_on() {
    let envelope = from_a_newer_version(1).read().unwrap();
    let not_understood = EnvelopeError::NotUnderstood {
        needs: VOCABULARY + 1,
        knows: VOCABULARY,
    };
    assert_eq!(envelope.facts(), Err(not_understood.clone()));
    assert_eq!(envelope.events(), Err(not_understood));
    let bytes = from_a_newer_version(1).bytes();
    assert_eq!(envelope.to_bytes(), bytes, "passed on as it came");
}

#[test]
fn what_came_later_asks_for_a_reader_that_knows_it_and_what_came_before_does_not() {
    let needs = |fact| {
        let later = Event::new(fact, Content::default());
        let events = [Event::new(recorded(), words()), later];
        let sealed = seal(&rules(), 1, "wang-jg", at(RECORDED_AT), &events, None);
        sealed.header().must_understand
    };
    let added = |source| {
        Fact::PhotoAdded(PhotoAdded {
            photo: Hash([0x55; 32]),
            source,
            taken_at: Some(at(RECORDED_AT)),
            placed: false,
        })
    };
    let further = Fact::FurtherCaseReported(FurtherCaseReported {
        department: "engineering".parse().unwrap(),
        person: None,
    });
    assert_eq!(needs(recorded()), 1);
    assert_eq!(needs(added(PhotoSource::Camera)), 2);
    assert_eq!(needs(added(PhotoSource::Album)), 2);
    assert_eq!(needs(further), 3);
    assert_eq!(needs(added(PhotoSource::Signature)), 4);
}

#[test]
fn a_case_that_a_newer_version_wrote_to_shows_the_rest() {
    let newer = from_a_newer_version(2).read().unwrap();
    let received = Fact::Received(Received {
        department: "engineering".parse().unwrap(),
        head: None,
    });
    let known = [
        sealed(),
        sealed_as(3, handed_over()),
        sealed_as(4, received),
    ];
    let [recorded, handed_over, received] = &known;

    let folded = Case::fold([recorded, &newer, handed_over, received]);

    assert_eq!(folded.case, Case::fold(&known).case);
    assert_eq!(folded.case.as_ref().unwrap().moves.len(), 1);
    let unreadable = WithoutEffect::Unreadable(newer.facts().unwrap_err());
    assert_eq!(folded.without_effect, [(newer.header().id, unreadable)]);
    assert!(!folded.is_understood());
    assert!(Case::fold(&known).is_understood());
}

#[test]
fn an_unknown_fact_of_the_known_vocabulary_is_malformed_and_shown() {
    let envelope = from_a_newer_version(1)
        .with_header(|header| header.must_understand = VOCABULARY)
        .read()
        .unwrap();
    let malformed = envelope.facts().unwrap_err();
    assert!(
        matches!(malformed, EnvelopeError::Malformed { .. }),
        "{malformed:?}"
    );
    let unreadable = WithoutEffect::Unreadable(malformed);
    let folded = Case::fold([&envelope]);
    assert_eq!(folded.without_effect, [(envelope.header().id, unreadable)]);
    assert!(!folded.is_understood());
}

#[test]
fn an_unknown_key_of_a_header_is_skipped_and_kept() {
    let known = Parts::of(&sealed());
    let more = Parts {
        header: with_an_unknown_key(&known.header),
        ..known
    };
    let envelope = more.read().unwrap();
    assert_eq!(envelope.header(), sealed().header());
    assert_eq!(envelope.to_bytes(), more.bytes());
    assert_ne!(envelope.hash(), sealed().hash());
}

#[test]
fn an_unknown_key_of_a_fact_or_of_content_is_skipped_and_kept() {
    let Fact::Recorded(record) = recorded() else {
        unreachable!("a record")
    };
    let record = with_an_unknown_key(&minicbor::to_vec(&record).unwrap());
    let mut facts = vec![0x81, 0x82, 0x00, 0x81]; // [[0, [record]]]
    facts.extend(record);
    let mut contents = vec![0x81]; // [words]
    contents.extend(with_an_unknown_key(&minicbor::to_vec(words()).unwrap()));

    let parts = Parts::of(&sealed()).with_facts(facts);
    let salt = Salt(parts.content_salt.clone().unwrap().try_into().unwrap());
    let hash = Hash::salted(salt, &contents);
    let parts = Parts {
        content: Some(contents),
        ..parts.with_header(|header| header.content = Some(hash))
    };
    let envelope = parts.read().unwrap();

    assert_eq!(envelope.events(), Ok(vec![Event::new(recorded(), words())]));
    assert_eq!(envelope.to_bytes(), parts.bytes());
}

/// Receipts of one answer, signed together by head office.
fn signed_together(n: u64) -> Vec<Receipt> {
    let key = SecretKey::from_bytes(Algorithm::Ed25519, &[0x22; 32]).expect("a key");
    let of_one = |sequence| Receipt {
        device: DeviceId::from_random([0x0d; 16]),
        chain: 1,
        sequence,
        hash: Hash::of(&sequence.to_be_bytes()),
        fate: Fate::Accepted,
        at: at(RECORDED_AT),
        epoch: 2,
        backed_up_to: None,
        signature: None,
        beside: None,
    };
    Receipt::signed_together((1..=n).map(of_one).collect(), &key)
}

#[test]
fn the_last_receipt_of_an_answer_vouches_for_those_before_it_and_for_no_others() {
    for n in 1..4 {
        let receipts = signed_together(n);
        assert_eq!(Receipt::vouched(&receipts), Some(vec![&receipts[..]]));
        let mut two_answers = receipts.clone();
        two_answers.extend(signed_together(2));
        let runs = Receipt::vouched(&two_answers).map(|it| it.len());
        assert_eq!(runs, Some(2));
    }
    assert_eq!(Receipt::vouched(&[]), Some(Vec::new()));
    let receipts = signed_together(3);
    assert_eq!(
        Receipt::vouched(&receipts[..2]),
        None,
        "the last is missing"
    );
    assert_eq!(
        Receipt::vouched(&receipts[1..]),
        None,
        "the first is missing"
    );
    let mut turned = receipts.clone();
    turned.swap(0, 1);
    assert_eq!(Receipt::vouched(&turned), None, "another order");
    for change in [
        |it: &mut Receipt| it.fate = Fate::Refused(RefusedReason::Unsigned),
        |it: &mut Receipt| it.sequence += 1,
        |it: &mut Receipt| it.hash = Hash([0; 32]),
        |it: &mut Receipt| it.epoch += 1,
        |it: &mut Receipt| it.backed_up_to = Some(1),
    ] {
        let mut changed = receipts.clone();
        change(&mut changed[1]);
        assert_eq!(Receipt::vouched(&changed), None);
    }
}

#[test]
fn what_a_receipt_vouches_for_is_signed_with_it() {
    let key = SecretKey::from_bytes(Algorithm::Ed25519, &[0x22; 32]).expect("a key");
    let mut receipts = signed_together(3);
    let last = receipts.pop().expect("the last");
    assert_eq!(last.verify(&key.public()), Ok(()));
    let alone = Receipt {
        beside: None,
        ..last
    };
    assert_eq!(alone.verify(&key.public()), Err(SignatureError::Wrong));
}
