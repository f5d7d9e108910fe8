//! The stored form of everything that lasts, one file each in `golden/`.
//!
//! Each value is written and compared with its file; then the file is read and gives the value. A
//! file that changes is data on devices that reads differently: a new form gets a new key, a new
//! kind of fact and a file of its own. `UPDATE_EXPECT=1` writes what is missing.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

use std::fmt::{Debug, Write as _};

use expect_test::{expect, expect_file};
use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode, Encoder};
use shouwen_domain::envelope::{
    ClockEvidence, Envelope, Fate, Header, HeldReason, Receipt, RefusedReason, RuleHashes, Stamp,
};
use shouwen_domain::event::{
    AnsweredAtOnce, Asked, Channel, Closed, Contact, Content, Ending, Event, Fact, Field, Finding,
    HandedOver, HandlerNamed, Kind, Outcome, ReasonExplained, Received, Recorded, Replied,
    ResultTold, Returned, Visited,
};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::DeadlineId;
use shouwen_domain::summary::{SUMMARY_FORMAT, Summary, Task};

/// 2026-07-13 09:06 in Shanghai.
const ASKED_AT: Moment = Moment::from_unix_ms(1_783_904_760_000);

/// One value for each kind of fact; a kind left out does not compile.
macro_rules! one_fact_of_each_kind {
    ($($kind:ident: $value:expr,)+) => {
        fn facts() -> Vec<Fact> {
            vec![$(Fact::$kind($value)),+]
        }

        fn kind(fact: &Fact) -> &'static str {
            match fact {
                $(Fact::$kind(_) => stringify!($kind)),+
            }
        }
    };
}

one_fact_of_each_kind! {
    Recorded: recorded(),
    AnsweredAtOnce: AnsweredAtOnce {},
    ReasonExplained: ReasonExplained { understood: false, supervisor_told: Some(slug("chen-my")) },
    HandedOver: handed_over(),
    Received: Received { department: slug("engineering") },
    HandlerNamed: HandlerNamed { handler: slug("liu-q") },
    Returned: Returned { from: slug("engineering"), to: slug("service") },
    Replied: Replied { department: slug("engineering"), outcome: Outcome::PlainAnswer },
    ResultTold: ResultTold { how: Contact::Message },
    Visited: Visited { how: Contact::InPerson, finding: Finding::NotSatisfied },
    Closed: Closed { ending: Ending::NotReached },
}

/// Every choice of an enum without fields with the number it is stored as; a choice left out does
/// not compile.
macro_rules! numbers {
    ($name:ident: $($choice:ident),+) => {{
        let mut lines = String::new();
        for choice in [$($name::$choice),+] {
            match choice {
                $($name::$choice)|+ => (),
            }
            let bytes = minicbor::to_vec(choice).unwrap();
            assert_eq!(minicbor::decode::<$name>(&bytes).unwrap(), choice);
            writeln!(lines, "{} {}::{choice:?}", hex(&bytes), stringify!($name)).unwrap();
        }
        lines
    }};
}

#[test]
fn every_kind_of_fact() {
    for fact in facts() {
        kept_as_cbor(&format!("Fact-{}", kind(&fact)), &fact);
    }
}

#[test]
fn a_fact_without_its_optional_fields() {
    let record = Recorded {
        proper: None,
        missing: Vec::new(),
        supervisor: None,
        ..recorded()
    };
    kept_as_cbor("Fact-Recorded-least", &Fact::Recorded(record));
}

#[test]
fn every_choice_keeps_its_number() {
    let numbers = [
        numbers!(Channel: Counter, Phone, Letter, Message, Met, FromAbove),
        numbers!(Kind: Enquiry, Complaint, ServiceRequest, Formality, Suggestion, Report, Inspection),
        numbers!(Field: Matter, CustomerName, CustomerPhone, CustomerAddress, Category, Channel, Text),
        numbers!(Outcome: Solved, PlainAnswer),
        numbers!(Contact: Call, InPerson, Message),
        numbers!(Finding: Satisfied, NotSatisfied, NotReached),
        numbers!(Ending: AnsweredAtOnce, Told, Satisfied, NotReached),
        numbers!(
            DeadlineId: Transfer,
            AssignHandler,
            Reply,
            ReturnSlip,
            TellResult,
            ReturnVisit,
            RetryVisit,
            Sign,
            Close
        ),
    ];
    expect![[r"
        00 Channel::Counter
        01 Channel::Phone
        02 Channel::Letter
        03 Channel::Message
        04 Channel::Met
        05 Channel::FromAbove
        00 Kind::Enquiry
        01 Kind::Complaint
        02 Kind::ServiceRequest
        03 Kind::Formality
        04 Kind::Suggestion
        05 Kind::Report
        06 Kind::Inspection
        00 Field::Matter
        01 Field::CustomerName
        02 Field::CustomerPhone
        03 Field::CustomerAddress
        04 Field::Category
        05 Field::Channel
        06 Field::Text
        00 Outcome::Solved
        01 Outcome::PlainAnswer
        00 Contact::Call
        01 Contact::InPerson
        02 Contact::Message
        00 Finding::Satisfied
        01 Finding::NotSatisfied
        02 Finding::NotReached
        00 Ending::AnsweredAtOnce
        01 Ending::Told
        02 Ending::Satisfied
        03 Ending::NotReached
        00 DeadlineId::Transfer
        01 DeadlineId::AssignHandler
        02 DeadlineId::Reply
        03 DeadlineId::ReturnSlip
        04 DeadlineId::TellResult
        05 DeadlineId::ReturnVisit
        06 DeadlineId::RetryVisit
        07 DeadlineId::Sign
        08 DeadlineId::Close
    "]]
    .assert_eq(&numbers.concat());
}

#[test]
fn content() {
    kept_as_cbor("Content", &words());
    kept_as_cbor("Content-empty", &Content::default());
}

#[test]
fn a_header_with_all_its_fields() {
    let header = Header {
        algorithm: Some(-19),
        ..with_words().header().clone()
    };
    kept_as_cbor("Header", &header);
}

#[test]
fn an_envelope_with_content() {
    kept_as_envelope("Envelope", &with_words());
}

#[test]
fn an_envelope_without_content() {
    let stamp = Stamp {
        previous: None,
        clock: None,
        last_receipt: None,
        ..stamp()
    };
    let told = Fact::ResultTold(ResultTold { how: Contact::Call });
    let envelope = Envelope::seal(stamp, &[Event::new(told, Content::default())]).unwrap();
    kept_as_envelope("Envelope-without-content", &envelope);
}

#[test]
fn an_envelope_whose_content_was_erased() {
    let whole = with_words();
    let (whole_bytes, header_and_facts) = (whole.to_bytes(), length_of_header_and_facts(&whole));
    let mut bytes = whole_bytes[..header_and_facts].to_vec();
    bytes.extend([0xf6, 0xf6, 0x80]); // null, null, []
    let erased = Envelope::from_bytes(&bytes).unwrap();
    assert!(erased.is_erased());
    assert_eq!(erased.hash(), whole.hash());
    kept_as_envelope("Envelope-erased", &erased);
}

#[test]
fn an_envelope_with_a_signature() {
    let mut bytes = with_words().to_bytes();
    assert_eq!(bytes.pop(), Some(0x80)); // []
    bytes.extend([0x81, 0x44, 0xd2, 0x84, 0x43, 0xa1]); // [h'd28443a1'], four bytes of some signature
    kept_as_envelope("Envelope-signed", &Envelope::from_bytes(&bytes).unwrap());
}

/// A fate or reason left out does not compile.
#[test]
fn a_receipt_of_every_fate() {
    use HeldReason::{CounterLeap, Fork, Gap, UnknownFormat};
    use RefusedReason::{Malformed, NotYours, TooLarge};
    let held = [Gap, Fork, UnknownFormat, CounterLeap].map(Fate::Held);
    let refused = [Malformed, TooLarge, NotYours].map(Fate::Refused);
    for fate in [&[Fate::Accepted], &held[..], &refused].concat() {
        let file = match fate {
            Fate::Accepted => "Receipt-Accepted".to_owned(),
            Fate::Held(reason @ (Gap | Fork | UnknownFormat | CounterLeap)) => {
                format!("Receipt-Held-{reason:?}")
            }
            Fate::Refused(reason @ (Malformed | TooLarge | NotYours)) => {
                format!("Receipt-Refused-{reason:?}")
            }
        };
        kept_as_cbor(&file, &receipt(fate));
    }
}

#[test]
fn a_receipt_without_its_optional_fields() {
    let receipt = Receipt {
        backed_up_to: None,
        signature: None,
        ..receipt(Fate::Accepted)
    };
    kept_as_cbor("Receipt-least", &receipt);
}

#[test]
fn a_summary() {
    let task = Task {
        deadline: DeadlineId::Transfer,
        department: slug("service"),
        person: Some(slug("wang-jg")),
        due: Some(Moment::from_unix_ms(ASKED_AT.unix_ms() + 3_600_000)),
        provisional: false,
    };
    let unreckoned = Task {
        deadline: DeadlineId::Reply,
        person: None,
        due: None,
        provisional: true,
        ..task.clone()
    };
    let summary = Summary {
        format: SUMMARY_FORMAT,
        case: CaseId::from_random([0x07; 16]),
        version: 3,
        number: recorded().number,
        category: recorded().category,
        kind: recorded().kind,
        asked_at: ASKED_AT,
        first_responder: slug("wang-jg"),
        department: slug("service"),
        holder: slug("engineering"),
        handler: Some(slug("liu-q")),
        tasks: vec![task, unreckoned],
        ending: Some(Ending::Satisfied),
        address: "3-2-1502".to_owned(),
        matter: "厨房天花板滴水".to_owned(),
        n_without_effect: 1,
        needs_newer_version: true,
        changed_at: ASKED_AT,
        rules: 0x0123_4567_89ab_cdef,
    };
    kept("Summary", &summary, Summary::to_bytes, |bytes| {
        Summary::from_bytes(bytes).unwrap()
    });
}

fn kept_as_cbor<T>(file: &str, value: &T)
where
    T: Debug + PartialEq + Encode<()> + for<'b> Decode<'b, ()>,
{
    kept(
        file,
        value,
        |it| minicbor::to_vec(it).unwrap(),
        |bytes| minicbor::decode(bytes).unwrap(),
    );
}

fn kept_as_envelope(file: &str, value: &Envelope) {
    kept(file, value, Envelope::to_bytes, |bytes| {
        Envelope::from_bytes(bytes).unwrap()
    });
}

fn kept<T: Debug + PartialEq>(
    file: &str,
    value: &T,
    write: impl Fn(&T) -> Vec<u8>,
    read: impl Fn(&[u8]) -> T,
) {
    let golden = expect_file![format!("golden/{file}.txt")];
    let bytes = write(value);
    golden.assert_eq(&format!("{}\n\n{}\n", hex(&bytes), diagnostic(&bytes)));
    assert_eq!(read(&from_hex(&golden.data())), *value, "{file}");
}

/// 32 bytes a line.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (n, byte) in bytes.iter().enumerate() {
        let separator = if n > 0 && n % 32 == 0 { "\n" } else { "" };
        write!(text, "{separator}{byte:02x}").unwrap();
    }
    text
}

/// What stands before the empty line.
fn from_hex(page: &str) -> Vec<u8> {
    let digits: String = page.lines().take_while(|it| !it.is_empty()).collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// CBOR for a reader (RFC 8949, 8), and a check that it is deterministic (4.2.1): written once more
/// with the shortest heads and definite lengths it is the same, and keys ascend.
fn diagnostic(bytes: &[u8]) -> String {
    let mut input = Decoder::new(bytes);
    let mut again = Encoder::new(Vec::new());
    let text = item(&mut input, &mut again);
    assert_eq!(
        hex(&again.into_writer()),
        hex(bytes),
        "not the shortest form"
    );
    text
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the format has a few of CBOR's types, the others fail the test"
)]
fn item(input: &mut Decoder<'_>, again: &mut Encoder<Vec<u8>>) -> String {
    match input.datatype().unwrap() {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            let n = input.u64().unwrap();
            again.u64(n).unwrap();
            n.to_string()
        }
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            let n = input.i64().unwrap();
            again.i64(n).unwrap();
            n.to_string()
        }
        Type::Bool => {
            let it = input.bool().unwrap();
            again.bool(it).unwrap();
            it.to_string()
        }
        Type::Null => {
            input.null().unwrap();
            again.null().unwrap();
            "null".to_owned()
        }
        Type::String => {
            let text = input.str().unwrap();
            again.str(text).unwrap();
            format!("{text:?}")
        }
        Type::Bytes => {
            let bytes = input.bytes().unwrap();
            again.bytes(bytes).unwrap();
            if holds_cbor(bytes) {
                format!("<<{}>>", diagnostic(bytes))
            } else {
                format!("h'{}'", hex(bytes))
            }
        }
        Type::Array => {
            let n = input.array().unwrap().unwrap();
            again.array(n).unwrap();
            let items: Vec<_> = (0..n).map(|_| item(input, again)).collect();
            block('[', &items, ']')
        }
        Type::Map => {
            let n = input.map().unwrap().unwrap();
            again.map(n).unwrap();
            let mut last = None;
            let mut entries = Vec::new();
            for _ in 0..n {
                let key = input.u64().unwrap();
                assert!(last < Some(key), "key {key} after {last:?}");
                last = Some(key);
                again.u64(key).unwrap();
                entries.push(format!("{key}: {}", item(input, again)));
            }
            block('{', &entries, '}')
        }
        other => panic!("{other} has no place in the stored form"),
    }
}

/// A byte string that is an array or a map from its first byte to its last.
fn holds_cbor(bytes: &[u8]) -> bool {
    let mut input = Decoder::new(bytes);
    matches!(input.datatype(), Ok(Type::Array | Type::Map))
        && input.skip().is_ok()
        && input.position() == bytes.len()
}

/// On one line where it fits.
fn block(open: char, items: &[String], close: char) -> String {
    let line = items.join(", ");
    if line.len() <= 80 && !line.contains('\n') {
        return format!("{open}{line}{close}");
    }
    let lines = items.join(",\n").replace('\n', "\n  ");
    format!("{open}\n  {lines}\n{close}")
}

fn slug<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn recorded() -> Recorded {
    Recorded {
        number: "0713-K7-018".to_owned(),
        channel: Channel::Met,
        asked_at: ASKED_AT,
        asked: vec![
            Asked {
                person: slug("wang-jg"),
                rank: 2,
            },
            Asked {
                person: slug("zhao-l"),
                rank: 1,
            },
        ],
        first_responder: slug("wang-jg"),
        department: slug("service"),
        category: slug("water-leak"),
        kind: Kind::ServiceRequest,
        proper: Some(slug("engineering")),
        missing: vec![Field::CustomerName, Field::CustomerPhone],
        supervisor: Some(slug("chen-my")),
    }
}

fn handed_over() -> HandedOver {
    HandedOver {
        from: slug("service"),
        to: slug("engineering"),
        supervisor_told: Some(slug("chen-my")),
    }
}

fn words() -> Content {
    Content {
        matter: Some("厨房天花板滴水".to_owned()),
        customer: Some("李女士".to_owned()),
        phone: Some("13800005678".to_owned()),
        address: Some("3-2-1502".to_owned()),
        text: Some("已请工程部上门。".to_owned()),
    }
}

fn stamp() -> Stamp {
    Stamp {
        id: EnvelopeId::from_random([0x0e; 16]),
        site: slug("jinhua-garden"),
        case: CaseId::from_random([0x07; 16]),
        person: slug("wang-jg"),
        device: DeviceId::from_random([0x0d; 16]),
        chain: 1,
        sequence: 1_000,
        previous: Some(Hash([0x01; 32])),
        counter: 70_000,
        at: ASKED_AT,
        clock: Some(ClockEvidence {
            offset_ms: -1_250,
            age_s: 300,
        }),
        last_receipt: Some(Hash([0x02; 32])),
        rules: RuleHashes {
            pack: Hash([0x03; 32]),
            calendar: Hash([0x04; 32]),
            zones: Hash([0x05; 32]),
            directory: Hash([0x06; 32]),
        },
        facts_salt: Salt([0x11; 16]),
        content_salt: Salt([0x12; 16]),
    }
}

/// Two events, the second without words.
fn with_words() -> Envelope {
    let events = [
        Event::new(Fact::Recorded(recorded()), words()),
        Event::new(Fact::HandedOver(handed_over()), Content::default()),
    ];
    Envelope::seal(stamp(), &events).unwrap()
}

/// Where the content begins in the bytes of an envelope.
fn length_of_header_and_facts(envelope: &Envelope) -> usize {
    let bytes = envelope.to_bytes();
    let mut input = Decoder::new(&bytes);
    input.array().unwrap();
    for _ in ["header", "facts", "facts salt"] {
        input.skip().unwrap();
    }
    input.position()
}

fn receipt(fate: Fate) -> Receipt {
    Receipt {
        device: DeviceId::from_random([0x0d; 16]),
        chain: 1,
        sequence: 1_000,
        hash: Hash([0x08; 32]),
        fate,
        at: ASKED_AT,
        epoch: 2,
        backed_up_to: Some(990),
        signature: Some(vec![0xd2, 0x84, 0x43, 0xa1]),
    }
}
