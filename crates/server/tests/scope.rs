//! What a device is given, by who signed in on it: over HTTP, as signed pages.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::Read;

use flate2::read::GzDecoder;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::{AnsweredAtOnce, Closed, Ending, Fact, HandedOver};
use shouwen_domain::id::CaseId;
use shouwen_domain::scope::{Concerned, Scope};
use shouwen_sync::message::{Ask, BLOCK_POSITIONS, Cursor, FailureCode, Page};
use support::{Device, NEWS, Running, bytes};

const fn case(n: u8) -> CaseId {
    CaseId::from_random([n; 16])
}

fn said() -> Fact {
    Fact::AnsweredAtOnce(AnsweredAtOnce::default())
}

fn handed_over(to: &str) -> Fact {
    let from = "service".parse().unwrap();
    Fact::HandedOver(HandedOver::new(from, to.parse().unwrap()))
}

fn envelopes(page: Page) -> Vec<Vec<u8>> {
    page.entries.into_iter().map(|it| it.envelope.0).collect()
}

/// Of li-na in customer service, and of a colleague in engineering.
fn two(server: &Running) -> (Device, Device) {
    let service = Device::of(server.address, 1, "li-na", "100005", None);
    let engineering = Device::of(server.address, 2, "chen-gong", "100008", None);
    (service, engineering)
}

#[test]
fn a_department_gets_the_cases_that_concern_it_each_as_a_whole() {
    let server = Running::start();
    let (mut li, chen) = two(&server);
    let first = li.act(case(1), said());
    let other = li.act(case(2), said());
    assert_eq!(li.pull_all(), [first.clone(), other.clone()]);
    assert!(chen.pull_all().is_empty());
    let before = chen.pull(Cursor::default()).next;
    assert_eq!(before.position, 2, "it has read what it does not see");
    let over = li.act(case(1), handed_over("engineering"));
    let ask = Ask::News {
        cursor: before,
        below: 0,
    };
    assert_eq!(envelopes(chen.ask(ask)), [first.clone(), over.clone()]);
    assert_eq!(chen.pull_all(), [first, over]);
    assert_eq!(li.pull_all().len(), 3);
}

#[test]
fn whoever_signs_in_beside_others_adds_what_they_see() {
    let server = Running::start();
    let (mut li, chen) = two(&server);
    let first = li.act(case(1), handed_over("cleaning"));
    let scope = |it: &Device| it.scope.clone();
    let of = |departments: &[&str], people: &[&str]| {
        Scope::Of(Concerned {
            departments: departments.iter().map(|it| it.parse().unwrap()).collect(),
            people: people.iter().map(|it| it.parse().unwrap()).collect(),
            everybody: false,
        })
    };
    assert_eq!(scope(&chen), of(&["engineering"], &["chen-gong"]));
    let both = Device::of(
        server.address,
        2,
        "zhang-xiaoyan",
        "100004",
        Some(chen.enrolled.certificate.clone()),
    );
    assert_eq!(
        scope(&both),
        of(&["engineering", "service"], &["chen-gong", "zhang-xiaoyan"])
    );
    assert_eq!(both.code(), chen.code());
    assert_eq!(both.pull_all(), [first]);
    // A token of before does not widen by itself, and what a device says of its scope counts for nothing.
    let stretched = Device {
        token: chen.token.clone(),
        ..both.clone()
    };
    let refused = stretched.post("/api/pull", &stretched.pull_message(NEWS));
    assert_eq!(refused.declined(), (401, FailureCode::NotSignedIn));
    // Nor does the certificate of another device.
    let mut with_theirs = chen.clone();
    with_theirs.enrolled.certificate = li.enrolled.certificate.clone();
    let refused = with_theirs.try_pin("chen-gong", "100008");
    assert_eq!(refused.declined(), (403, FailureCode::NotEnrolled));
    assert_eq!(
        Device::sign_in(server.address, 3, "li-na", "100005").scope,
        Scope::Site
    );
}

#[test]
fn open_cases_come_first_and_without_those_that_were_closed() {
    let server = Running::start();
    let (mut li, chen) = two(&server);
    for n in 1..=3 {
        let record = Fact::Reopened(shouwen_domain::event::Reopened {});
        li.act(case(n), record);
        li.act(case(n), handed_over("engineering"));
    }
    let closed = Fact::Closed(Closed {
        ending: Ending::Told,
        phrases: Vec::new(),
    });
    li.act(case(2), closed);
    li.act(case(4), said());
    let ask = |at, after| Ask::Open { at, after };
    let page = chen.ask(ask(None, None));
    let cases: Vec<_> = page
        .entries
        .iter()
        .map(|it| Envelope::from_bytes(&it.envelope.0).unwrap().header().case)
        .collect();
    assert_eq!(cases, [case(1), case(1), case(3), case(3)]);
    assert_eq!(
        (page.more, page.n_left, page.after),
        (false, 0, Some(case(3)))
    );
    assert_eq!((page.from, page.from.position), (page.next, 8));
    let rest = chen.ask(ask(Some(page.from), Some(case(1))));
    assert_eq!(rest.entries.len(), 2);
    // Nothing that happens in between is missed: what was given out goes on behind the position that was named.
    let since = li.act(case(3), said());
    let ask = Ask::News {
        cursor: page.next,
        below: 0,
    };
    assert_eq!(envelopes(chen.ask(ask)), [since]);
}

#[test]
fn a_block_of_history_is_made_up_once_and_compressed_for_whoever_takes_it_so() {
    let server = Running::start();
    let (mut li, _) = two(&server);
    let n = usize::try_from(BLOCK_POSITIONS).unwrap() + 3;
    let written: Vec<_> = (0..n).map(|_| li.write(30)).collect();
    li.push(&written);
    let epoch = li.pull(Cursor::default()).next.epoch;
    let at = |position| Ask::History {
        from: Cursor { epoch, position },
    };
    let mut found = Vec::new();
    let mut position = 0;
    while position < BLOCK_POSITIONS {
        let page = li.ask(at(position));
        position = page.next.position;
        assert_eq!(page.more, position < BLOCK_POSITIONS);
        found.extend(envelopes(page));
    }
    assert_eq!(found, written[..n - 3]);
    assert_eq!(envelopes(li.ask(at(BLOCK_POSITIONS))), written[n - 3..]);
    let ask = |encoding: &str| {
        let request = ureq::post(format!("http://{}/api/pull", server.address))
            .header("content-type", "application/cbor")
            .header("authorization", format!("Bearer {}", li.token))
            .header("accept-encoding", encoding);
        let mut response = request.send(&bytes(&li.pull_message(at(0)))[..]).unwrap();
        let encoding = response.headers().get("content-encoding").cloned();
        (response.body_mut().read_to_vec().unwrap(), encoding)
    };
    let (plain, encoding) = ask("identity");
    assert!(encoding.is_none());
    let (packed, encoding) = ask("br, gzip;q=0.8");
    assert_eq!(encoding.unwrap(), "gzip");
    assert!(packed.len() < plain.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    // The same page to the letter, signature too: it was not made up again.
    assert!(unpacked == plain);
    server.clock.pass_ms(60_000);
    assert!(ask("identity").0 == plain);
    li.read_page(&plain);
}
