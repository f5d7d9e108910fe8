//! Unsent work that left a device as a sealed file and comes in by another.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use shouwen_domain::envelope::Fate;
use shouwen_domain::sealing::Sealed;
use shouwen_sync::message::{Bytes, FailureCode, Pushed, Rescue};
use support::{Answer, Device, Running, intake, post, said, seal};

fn rescue_of(device: &Device, envelopes: &[Vec<u8>]) -> Rescue {
    Rescue {
        certificate: device.enrolled.certificate.clone(),
        envelopes: envelopes.iter().cloned().map(Bytes).collect(),
        withdrawals: Vec::new(),
        epoch: None,
    }
}

fn bring(carrier: &Device, sealed: &Sealed) -> Answer {
    post(
        carrier.address,
        "/api/rescue",
        Some(&carrier.token),
        &sealed.to_bytes(),
    )
}

#[test]
fn what_a_neighbour_brings_comes_in_once_and_the_author_gets_the_same_receipts() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let envelopes = [wang.write(1), wang.write(2), wang.write(3)];
    let sealed = seal(&rescue_of(&wang, &envelopes), &intake(&wang));
    assert!(
        !sealed.ciphertext.windows(3).any(|it| it == "字".as_bytes()),
        "nobody on the way reads it"
    );
    let first: Pushed = bring(&li, &sealed).message();
    assert!(first.receipts.iter().all(|it| it.fate == Fate::Accepted));
    assert!(first.receipts.iter().all(|it| it.device == wang.id));
    let second: Pushed = bring(&li, &sealed).message();
    assert_eq!(said(&second.receipts), said(&first.receipts));
    assert_eq!(li.pull_all(), envelopes);
    // The phone comes back from the dead and pushes the same.
    assert_eq!(said(&wang.push(&envelopes)), said(&first.receipts));
    assert_eq!(wang.contact(false).new_chain, None);
    assert_eq!(li.pull_all(), envelopes);
}

#[test]
fn a_file_that_was_changed_or_is_for_somebody_else_is_refused_and_said() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let envelope = wang.write(1);
    let sealed = seal(&rescue_of(&wang, &[envelope]), &intake(&wang));
    let malformed = (400, FailureCode::Malformed);
    let mut changed = sealed.clone();
    changed.ciphertext[7] ^= 1;
    assert_eq!(bring(&li, &changed).declined(), malformed);
    let elsewhere = Running::start();
    let other = elsewhere.wang();
    assert_eq!(bring(&other, &sealed).declined(), malformed);
    let answer = post(server.address, "/api/rescue", Some(&li.token), b"no file");
    assert_eq!(answer.declined(), malformed);
    let answer = post(server.address, "/api/rescue", None, &sealed.to_bytes());
    assert_eq!(answer.declined(), (401, FailureCode::NotSignedIn));
    assert!(li.pull_all().is_empty());
}

#[test]
fn a_carrier_cannot_put_words_into_the_author_s_mouth() {
    let server = Running::start();
    let mut wang = server.wang();
    let mut li = server.device(2, "li-na", "100005");
    let [by_wang, by_li] = [wang.write(1), li.write(1)];
    let mixed = rescue_of(&wang, &[by_wang.clone(), by_li]);
    let pushed: Pushed = bring(&li, &seal(&mixed, &intake(&wang))).message();
    let accepted = pushed
        .receipts
        .iter()
        .filter(|it| it.fate == Fate::Accepted)
        .count();
    assert_eq!(accepted, 1);
    assert_eq!(li.pull_all(), [by_wang]);
}

#[test]
fn what_is_meant_for_a_head_office_of_another_epoch_is_not_taken() {
    let server = Running::start();
    let mut wang = server.wang();
    let li = server.device(2, "li-na", "100005");
    let envelopes = [wang.write(1)];
    let rescue = |epoch| Rescue {
        epoch,
        ..rescue_of(&wang, &envelopes)
    };
    let before: Pushed = bring(&li, &seal(&rescue(Some(7)), &intake(&wang))).message();
    assert!(before.receipts.is_empty());
    assert!(li.pull_all().is_empty());
    let now: Pushed = bring(&li, &seal(&rescue(Some(before.epoch)), &intake(&wang))).message();
    assert_eq!(now.receipts.len(), 1);
    assert_eq!(li.pull_all(), envelopes);
}
