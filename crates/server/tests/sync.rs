//! Pushing and pulling over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use minicbor::{Decoder, Encoder};
use shouwen_domain::envelope::{Envelope, Fate, HeldReason, RefusedReason};
use shouwen_domain::event::{AnsweredAtOnce, Content, Event, Fact};
use shouwen_domain::id::CaseId;
use shouwen_domain::limits;
use shouwen_sync::message::{Cursor, FailureCode, Pull, Push};
use support::{Device, Running, bytes, post};

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
    assert_eq!(wang.push(&envelopes), first);
    assert_eq!(wang.pull_all(), envelopes);
}

#[test]
fn an_envelope_twice_in_one_batch_is_one() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(10);
    let receipts = wang.push(&[envelope.clone(), envelope.clone()]);
    assert_eq!(receipts[0], receipts[1]);
    assert_eq!(wang.pull_all(), [envelope]);
}

#[test]
fn pages_hold_as_much_as_fits_and_leave_nothing_out() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelopes: Vec<_> = (0..40).map(|_| wang.write(3_000)).collect();
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
        position: 40,
        ..first.next
    });
    assert_eq!(
        (end.entries.len(), end.next.position, end.more),
        (0, 40, false)
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
    wang.signed_in.site = "cuihu".parse().unwrap();
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
    let token = Some(wang.signed_in.token.as_str());
    for path in ["/api/push", "/api/pull"] {
        for body in [&b""[..], b"\xa1\x01", b"{\"device\":1}"] {
            assert_eq!(
                post(server.address, path, token, body).declined(),
                (400, FailureCode::Malformed),
                "{path}"
            );
        }
    }
    let mut longer = bytes(&Pull {
        device: wang.id,
        cursor: Cursor::default(),
    });
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
    let answer = post(
        server.address,
        "/api/push",
        Some(&wang.signed_in.token),
        &body,
    );
    assert_eq!(answer.declined(), (413, FailureCode::TooLarge));
    let many = wang.message(&vec![Vec::new(); limits::BATCH_BYTES / 256 + 1]);
    assert_eq!(
        wang.post("/api/push", &many).declined(),
        (413, FailureCode::TooLarge)
    );
}

/// The header's bytes with `key` (an unsigned number) set to `value`, in an envelope around them.
fn falsified(envelope: &[u8], key: u8, value: u8) -> Vec<u8> {
    let mut d = Decoder::new(envelope);
    d.array().unwrap();
    let mut header = d.bytes().unwrap().to_vec();
    let rest = d.position();
    // The header is a map with small keys in order; keys 1 and 2 come first, with values below 24.
    let at = usize::from(key) * 2;
    assert_eq!(header[at - 1], key);
    header[at] = value;
    let mut e = Encoder::new(Vec::new());
    e.array(6).unwrap().bytes(&header).unwrap();
    let mut bytes = e.into_writer();
    bytes.extend_from_slice(&envelope[rest..]);
    bytes
}

#[test]
fn a_later_format_is_kept_and_held() {
    let server = Running::start();
    let mut wang = server.wang();
    let later = falsified(&wang.write(1), 1, 2);
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
    let later = falsified(&wang.write(1), 2, 9);
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
    let leap = Envelope::seal(stamp, &[event]).unwrap().to_bytes();
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
    assert_eq!(wang.push(&envelopes), receipts);
    assert_eq!(wang.pull_all(), envelopes);
}
