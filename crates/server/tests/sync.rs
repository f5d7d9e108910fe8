//! Pushing and pulling over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use minicbor::{Decoder, Encoder};
use shouwen_domain::certificate::Certificate;
use shouwen_domain::envelope::{Envelope, Fate, HeldReason, Receipt, RefusedReason};
use shouwen_domain::event::{AnsweredAtOnce, Content, Event, Fact};
use shouwen_domain::id::CaseId;
use shouwen_domain::limits;
use shouwen_sync::message::{Cursor, FailureCode, Push, Pushed};
use support::{Device, NEWS, Running, bytes, post, said};

fn fates(device: &Device, envelopes: &[Vec<u8>]) -> Vec<Fate> {
    device
        .push(envelopes)
        .into_iter()
        .map(|it| it.fate)
        .collect()
}

#[test]
fn a_repeated_push_gets_the_same_receipts_and_is_stored_once() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelopes = [wang.write(10), wang.write(10)];
    let first = wang.push(&envelopes);
    assert!(first.iter().all(|it| it.fate == Fate::Accepted));
    server.clock.pass_ms(60_000);
    assert_eq!(said(&wang.push(&envelopes)), said(&first));
    assert_eq!(wang.pull_all(), envelopes);
}

#[test]
fn an_envelope_twice_in_one_batch_is_one() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(10);
    let receipts = wang.push(&[envelope.clone(), envelope.clone()]);
    let [one, other] = [0, 1].map(|it: usize| (receipts[it].hash, receipts[it].fate));
    assert_eq!(one, other);
    assert_eq!(wang.pull_all(), [envelope]);
}

#[test]
fn pages_hold_as_much_as_fits_and_leave_nothing_out() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelopes: Vec<_> = (0..150).map(|_| wang.write(3_000)).collect();
    wang.push(&envelopes);
    let first = wang.pull(Cursor::default());
    assert!(first.more);
    assert!(
        bytes(&first).len() <= limits::PAGE_BYTES + 256,
        "{}",
        bytes(&first).len()
    );
    assert_eq!(first.next.position, first.entries.len() as u64);
    assert_eq!(wang.pull_all(), envelopes);
    let end = wang.pull(Cursor {
        position: 150,
        ..first.next
    });
    assert_eq!(
        (end.entries.len(), end.next.position, end.more),
        (0, 150, false)
    );
}

#[test]
fn two_devices_see_each_other_s_acts_in_one_order() {
    let server = Running::start();
    let (mut wang, mut li) = (server.wang(), server.device(2, "li-na", "100005"));
    let mut expected = Vec::new();
    for _ in 0..3 {
        for device in [&mut wang, &mut li] {
            let envelope = device.write(5);
            device.push(std::slice::from_ref(&envelope));
            expected.push(envelope);
        }
    }
    assert_eq!(wang.pull_all(), expected);
    assert_eq!(li.pull_all(), expected);
}

#[test]
fn many_devices_at_once_lose_nothing_and_leave_no_gap() {
    let server = Running::start();
    let devices: Vec<_> = (1..=8)
        .map(|it| server.device(it, "li-na", "100005"))
        .collect();
    std::thread::scope(|scope| {
        for mut device in devices.clone() {
            scope.spawn(move || {
                for _ in 0..10 {
                    let envelope = device.write(5);
                    assert_eq!(fates(&device, &[envelope]), [Fate::Accepted]);
                }
            });
        }
    });
    let page = devices[0].pull(Cursor::default());
    assert_eq!(
        (page.entries.len(), page.next.position, page.more),
        (80, 80, false)
    );
}

#[test]
fn what_waits_for_a_gap_is_passed_on_when_it_is_filled() {
    let server = Running::start();
    let mut wang = server.wang();
    let [first, second, third] = [wang.write(1), wang.write(1), wang.write(1)];
    assert_eq!(
        fates(&wang, &[second.clone(), third.clone()]),
        [Fate::Held(HeldReason::Gap); 2]
    );
    assert!(wang.pull_all().is_empty());
    let server = server.restart();
    wang.address = server.address;
    assert_eq!(fates(&wang, std::slice::from_ref(&first)), [Fate::Accepted]);
    assert_eq!(fates(&wang, std::slice::from_ref(&third)), [Fate::Accepted]);
    assert_eq!(wang.pull_all(), [first, second, third]);
}

#[test]
fn a_copied_device_loses_nothing_and_is_held() {
    let server = Running::start();
    let mut wang = server.wang();
    let mut copy = wang.clone();
    let mine = wang.write(1);
    let theirs = copy.write(2);
    assert_eq!(fates(&wang, std::slice::from_ref(&mine)), [Fate::Accepted]);
    assert_eq!(
        fates(&copy, std::slice::from_ref(&theirs)),
        [Fate::Held(HeldReason::Fork)]
    );
    assert_eq!(wang.pull_all(), [mine]);
}

#[test]
fn another_s_device_or_site_is_refused() {
    let server = Running::start();
    let mut wang = server.wang();
    let mut li = server.device(2, "li-na", "100005");
    let refused = Fate::Refused(RefusedReason::NotYours);
    let foreign = li.write(1);
    assert_eq!(fates(&wang, &[foreign]), [refused]);
    wang.enrolled.site = "cuihu".parse().unwrap();
    let elsewhere = wang.write(1);
    assert_eq!(fates(&wang, &[elsewhere]), [refused]);
    assert!(wang.pull_all().is_empty());
}

#[test]
fn a_bad_envelope_does_not_block_the_good_one_beside_it() {
    let server = Running::start();
    let mut wang = server.wang();
    let good = wang.write(1);
    let receipts = wang.push(&[b"no envelope".to_vec(), good.clone()]);
    assert_eq!(receipts[0].fate, Fate::Refused(RefusedReason::Malformed));
    assert_eq!(receipts[1].fate, Fate::Accepted);
    assert_eq!(wang.pull_all(), [good]);
}

#[test]
fn a_body_that_is_no_message_is_declined() {
    let server = Running::start();
    let wang = server.wang();
    let token = Some(wang.token.as_str());
    for path in ["/api/push", "/api/pull"] {
        for body in [&b""[..], b"\xa1\x01", b"{\"device\":1}"] {
            assert_eq!(
                post(server.address, path, token, body).declined(),
                (400, FailureCode::Malformed),
                "{path}"
            );
        }
    }
    let mut longer = bytes(&wang.pull_message(NEWS));
    longer.push(0);
    assert_eq!(
        post(server.address, "/api/pull", token, &longer).declined(),
        (400, FailureCode::Malformed)
    );
    assert_eq!(
        post(server.address, "/api/nothing", token, b"").declined(),
        (404, FailureCode::Malformed)
    );
}

#[test]
fn a_push_of_two_chains_is_declined_as_a_whole() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(1);
    let push = Push {
        chain: 2,
        ..wang.message(&[envelope])
    };
    assert_eq!(
        wang.post("/api/push", &push).declined(),
        (400, FailureCode::Malformed)
    );
}

#[test]
fn more_than_a_batch_may_hold_is_declined() {
    let server = Running::start();
    let wang = server.wang();
    let body = vec![0; limits::BATCH_BYTES + 1];
    let answer = post(server.address, "/api/push", Some(&wang.token), &body);
    assert_eq!(answer.declined(), (413, FailureCode::TooLarge));
    let many = wang.message(&vec![Vec::new(); limits::BATCH_BYTES / 256 + 1]);
    assert_eq!(
        wang.post("/api/push", &many).declined(),
        (413, FailureCode::TooLarge)
    );
}

/// The header's bytes with `key` (an unsigned number) set to `value`, in an envelope around them that its
/// device signed.
fn written_with(device: &Device, envelope: &[u8], key: u8, value: u8) -> Vec<u8> {
    let mut d = Decoder::new(envelope);
    d.array().unwrap();
    let mut header = d.bytes().unwrap().to_vec();
    let rest = d.position();
    (0..4).for_each(|_| d.skip().unwrap());
    let signatures = d.position();
    // The header is a map with small keys in order; keys 1 and 2 come first, with values below 24.
    let at = usize::from(key) * 2;
    assert_eq!(header[at - 1], key);
    header[at] = value;
    let mut e = Encoder::new(Vec::new());
    e.array(6).unwrap().bytes(&header).unwrap();
    let mut bytes = e.into_writer();
    bytes.extend_from_slice(&envelope[rest..signatures]);
    bytes.push(0x80); // no signature yet
    let unsigned = Envelope::from_bytes(&bytes).unwrap();
    device.signed(unsigned).to_bytes()
}

#[test]
fn a_later_format_is_kept_and_held() {
    let server = Running::start();
    let mut wang = server.wang();
    let later = wang.write(1);
    let later = written_with(&wang, &later, 1, 2);
    let held = [Fate::Held(HeldReason::UnknownFormat)];
    assert_eq!(fates(&wang, std::slice::from_ref(&later)), held);
    assert_eq!(fates(&wang, std::slice::from_ref(&later)), held);
    assert!(wang.pull_all().is_empty());
    let stored = std::fs::read(server.database().with_extension("sqlite3-wal")).unwrap();
    assert!(
        stored.windows(later.len()).any(|it| it == later),
        "its bytes are kept"
    );
}

#[test]
fn a_later_vocabulary_is_handed_on_for_devices_to_show() {
    let server = Running::start();
    let mut wang = server.wang();
    let later = wang.write(1);
    let later = written_with(&wang, &later, 2, 9);
    assert_eq!(fates(&wang, std::slice::from_ref(&later)), [Fate::Accepted]);
    assert_eq!(wang.pull_all(), [later]);
}

#[test]
fn a_leap_of_the_counter_is_held() {
    let server = Running::start();
    let wang = server.wang();
    let mut stamp = wang.stamp();
    stamp.counter = limits::COUNTER_LEAP + 1;
    stamp.case = CaseId::from_random([3; 16]);
    let event = Event::new(
        Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
        Content::default(),
    );
    let leap = Envelope::seal(stamp, &[event]).unwrap();
    let leap = wang.signed(leap).to_bytes();
    assert_eq!(fates(&wang, &[leap]), [Fate::Held(HeldReason::CounterLeap)]);
}

#[test]
fn a_cursor_of_another_epoch_starts_anew() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(1);
    wang.push(std::slice::from_ref(&envelope));
    let page = wang.pull(Cursor {
        epoch: 1,
        position: 1,
    });
    assert_eq!((page.from.position, page.entries.len()), (0, 1));
    assert_eq!(page.from.epoch, page.next.epoch);
    let nothing = wang.pull(page.next);
    assert_eq!((nothing.from, nothing.entries.len()), (page.next, 0));
}

#[test]
fn a_log_that_fell_back_begins_a_new_epoch() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(1);
    wang.push(std::slice::from_ref(&envelope));
    let before = wang.pull(Cursor::default()).next;
    let page = wang.pull(Cursor {
        position: 500,
        ..before
    });
    assert_ne!(page.next.epoch, before.epoch);
    assert_eq!((page.from.position, page.entries.len()), (0, 1));
    assert_eq!(wang.push(&[envelope])[0].epoch, page.next.epoch);
}

#[test]
fn everything_is_there_after_a_restart() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelopes = [wang.write(1), wang.write(1)];
    let receipts = wang.push(&envelopes);
    let server = server.restart();
    wang.address = server.address;
    assert_eq!(said(&wang.push(&envelopes)), said(&receipts));
    assert_eq!(wang.pull_all(), envelopes);
}

#[test]
fn what_the_device_did_not_sign_is_refused() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let own = wang.write(1);
    let forged = written_with(&li, &own, 1, 1);
    let unsigned = [Fate::Refused(RefusedReason::Unsigned)];
    assert_eq!(fates(&wang, &[forged]), unsigned);
    assert!(wang.pull_all().is_empty());
}

#[test]
fn the_receipts_of_an_answer_are_signed_together_by_head_office() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelopes = [wang.write(1), b"no envelope".to_vec(), wang.write(1)];
    let receipts = wang.push(&envelopes);
    let runs = Receipt::vouched(&receipts).expect("each is vouched for");
    assert_eq!(runs, [&receipts[..]]);
    assert_eq!(receipts[2].verify(&wang.office_key()), Ok(()));
    let other = Receipt {
        fate: Fate::Held(HeldReason::Gap),
        ..receipts[2].clone()
    };
    assert!(other.verify(&wang.office_key()).is_err());
}

#[test]
fn two_phones_with_one_chain_both_go_on_and_nothing_is_lost() {
    let server = Running::start();
    let mut phone = server.wang();
    let common = phone.write(1);
    phone.push(std::slice::from_ref(&common));
    let mut clone = phone.clone();
    let (one, other) = (phone.write(1), clone.write(2));
    assert_eq!(fates(&phone, std::slice::from_ref(&one)), [Fate::Accepted]);
    // The clone is at the same place with another hash: it hears so at its next contact, or by its fate.
    let new_chain = clone.contact(false).new_chain.unwrap();
    assert_eq!(new_chain.chain, 2);
    let held = [Fate::Held(HeldReason::Fork)];
    assert_eq!(fates(&clone, std::slice::from_ref(&other)), held);
    let another = clone.contact(true).new_chain.unwrap();
    assert_eq!(another.chain, 3, "none is given out twice");
    assert_ne!(
        Certificate::from_bytes(&another.certificate.0),
        Certificate::from_bytes(&new_chain.certificate.0),
        "each has case numbers of its own"
    );
    assert_eq!(phone.contact(false).new_chain, None, "the first goes on");

    (clone.chain, clone.sequence, clone.previous) = (another.chain, 0, None);
    assert_eq!(clone.contact(false).new_chain, None);
    let behind = clone.write(3);
    assert_eq!(
        fates(&clone, std::slice::from_ref(&behind)),
        [Fate::Accepted]
    );
    assert_eq!(phone.pull_all(), [common, one, behind]);
}

#[test]
fn a_phone_that_was_put_back_goes_on_in_a_new_chain() {
    let server = Running::start();
    let mut phone = server.wang();
    let older = phone.clone();
    let envelope = phone.write(1);
    phone.push(&[envelope]);
    assert_eq!(older.contact(false).new_chain.unwrap().chain, 2);
    assert_eq!(phone.contact(false).new_chain, None);
}

#[test]
fn what_is_taken_back_is_not_passed_on_and_what_was_passed_on_stays() {
    let server = Running::start();
    let mut wang = server.wang();
    let [first, second, third] = [1, 2, 3].map(|n| wang.write(n));
    assert_eq!(
        fates(&wang, &[second.clone(), third.clone()]),
        [Fate::Held(HeldReason::Gap); 2]
    );
    let withdrawn = Fate::Refused(RefusedReason::Withdrawn);
    let taken_back = |it: &[u8]| {
        let pushed: Pushed = wang.withdraw(it).message();
        pushed.receipts[0].fate
    };
    assert_eq!(taken_back(&second), withdrawn);
    assert_eq!(taken_back(&second), withdrawn, "again");
    assert_eq!(fates(&wang, std::slice::from_ref(&first)), [Fate::Accepted]);
    assert_eq!(taken_back(&first), Fate::Accepted, "it was passed on");
    let now = [withdrawn, Fate::Accepted];
    assert_eq!(fates(&wang, &[second, third.clone()]), now);
    assert_eq!(wang.pull_all(), [first, third]);
}

#[test]
fn a_withdrawal_is_of_its_own_device_and_signed() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(1);
    let li = server.device(2, "li-na", "100005");
    let as_wang = Device {
        key: li.key.clone(),
        ..wang.clone()
    };
    let malformed = (400, FailureCode::Malformed);
    assert_eq!(as_wang.withdraw(&envelope).declined(), malformed);
    let with_li_s_token = Device {
        token: li.token.clone(),
        ..wang.clone()
    };
    assert_eq!(with_li_s_token.withdraw(&envelope).status, 401);
    assert_eq!(fates(&wang, &[envelope]), [Fate::Accepted]);
}

#[test]
fn a_server_that_lost_its_database_knows_its_devices_by_their_certificates() {
    let mut server = Running::start();
    let mut wang = server.wang();
    let envelopes = [wang.write(1), wang.write(2)];
    wang.push(&envelopes);
    let before = wang.contact(false).epoch;
    server.stop();
    for suffix in ["sqlite3", "sqlite3-wal", "sqlite3-shm"] {
        let _ = std::fs::remove_file(server.database().with_extension(suffix));
    }
    let server = server.try_restart().unwrap();
    wang.address = server.address;
    let contact = wang.contact(false);
    assert_ne!(contact.epoch, before);
    assert_eq!(contact.new_chain, None);
    wang.token = contact.token;
    assert_eq!(fates(&wang, &envelopes), [Fate::Accepted; 2]);
    assert_eq!(wang.pull_all(), envelopes);
}

#[test]
fn what_came_damaged_is_passed_on_when_it_comes_as_it_was_written() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let [first, second] = [wang.write(1), wang.write(2)];
    let mut damaged = first.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let refused = Fate::Refused(RefusedReason::NotByPerson);
    let fates_then = fates(&wang, &[damaged.clone(), second.clone()]);
    assert_eq!(fates_then, [refused, Fate::Accepted]);
    assert_eq!(li.pull_all(), std::slice::from_ref(&second));
    assert_eq!(fates(&wang, std::slice::from_ref(&first)), [Fate::Accepted]);
    assert_eq!(li.pull_all(), [second, first]);
    assert_eq!(fates(&wang, &[damaged]), [Fate::Accepted]);
}
