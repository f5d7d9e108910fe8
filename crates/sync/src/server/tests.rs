//! Judgement of a push, case by case.

use minicbor::Encoder;
use shouwen_domain::envelope::{HeldReason::*, RefusedReason::*};
use shouwen_domain::signature::{Algorithm, SecretKey};

use super::*;
use crate::message::Bytes;
use crate::sample::{
    PHONE, answer, chain, claimed, claimed_in, key, matter, persons_key, photo, sealed, signatories,
};

const ACCEPTED: Fate = Fate::Accepted;

/// Head office with a log of one chain, judging and writing down.
#[derive(Default)]
struct Office {
    state: ChainState,
    feed: Vec<u64>,
}

impl Office {
    fn push(&mut self, envelopes: &[Vec<u8>]) -> Vec<Receipt> {
        self.push_to(Version::OURS, envelopes)
    }

    fn push_to(&mut self, version: Version, envelopes: &[Vec<u8>]) -> Vec<Receipt> {
        let sender = Sender {
            site: "north".parse().unwrap(),
            device: PHONE,
        };
        let push = Push {
            device: PHONE,
            chain: 1,
            head: 0,
            epoch: None,
            envelopes: envelopes.iter().cloned().map(Bytes).collect(),
        };
        let now = Moment::from_unix_ms(5);
        let judgement = judge(
            &sender,
            1,
            &version.read(&push, &signatories()),
            self.state.clone(),
            now,
        )
        .unwrap();
        for verdict in &judgement.verdicts {
            match verdict {
                Verdict::Store(it) => self.state.known.push(it.clone()),
                Verdict::Mended(it) => self.write_down(std::slice::from_ref(it)),
                Verdict::Known(_) | Verdict::TurnAway { .. } => {}
            }
        }
        self.write_down(&judgement.released);
        self.state.head = judgement.head;
        let accepted = self.state.known.iter().filter(|it| it.fate == ACCEPTED);
        self.state.highest_counter = accepted.map(|it| it.counter).max().unwrap_or_default();
        self.feed
            .extend(judgement.passed_on().iter().map(|it| it.0));
        judgement.receipts(&sender, 1, now, 1, None)
    }

    fn write_down(&mut self, new: &[Known]) {
        for it in new {
            let mut rows = self.state.known.iter_mut();
            rows.find(|row| row.hash == it.hash).unwrap().fate = it.fate;
        }
    }

    /// The server starts in this version's form, with the bytes that it kept.
    fn upgrade(&mut self, bytes: &[Vec<u8>]) {
        let held = self
            .state
            .known
            .iter()
            .filter(|it| it.fate == Fate::Held(UnknownFormat))
            .map(|it| {
                let mut arrivals = bytes.iter().map(|it| Arrival::read(it, &signatories()));
                (
                    it.clone(),
                    arrivals.find(|read| read.hash == it.hash).unwrap(),
                )
            })
            .collect::<Vec<_>>();
        let new = reconsider(
            self.state.head,
            &held,
            self.state.highest_counter,
            &self.state.revoked,
        );
        self.write_down(&new);
        self.feed.extend(passed_on(&new).iter().map(|it| it.0));
    }

    /// Somebody decides that what waits for that counts; how many.
    fn release(&mut self) -> usize {
        let waiting: Vec<_> = self
            .state
            .known
            .iter()
            .filter(|it| it.fate == Fate::Held(Revoked))
            .cloned()
            .collect();
        let new = release(self.state.head, &waiting, self.state.highest_counter);
        self.write_down(&new);
        self.feed.extend(passed_on(&new).iter().map(|it| it.0));
        new.len()
    }

    fn fates(&self) -> Vec<Fate> {
        let mut known = self.state.known.clone();
        known.sort_by_key(|it| it.sequence);
        known.iter().map(|it| it.fate).collect()
    }
}

/// The version before the one that can read this build's envelopes.
const OLDER: Version = Version { format: FORMAT - 1 };

/// Each push with the fates it is answered by, then the sequences in the feed.
#[track_caller]
fn check(pushes: &[(&[&Envelope], &[Fate])], feed: &[u64]) {
    let mut office = Office::default();
    for (envelopes, fates) in pushes {
        let bytes: Vec<_> = envelopes.iter().map(|it| it.to_bytes()).collect();
        let receipts = office.push(&bytes);
        assert_eq!(
            receipts.iter().map(|it| it.fate).collect::<Vec<_>>(),
            *fates
        );
        for (receipt, envelope) in receipts.iter().zip(*envelopes) {
            assert_eq!(
                (receipt.sequence, receipt.hash),
                (envelope.header().sequence, envelope.hash())
            );
        }
    }
    assert_eq!(office.feed, feed);
}

#[test]
fn a_chain_is_accepted_once_however_often_it_comes() {
    let c = chain(3);
    let (a, b, c) = (&c[0], &c[1], &c[2]);
    check(
        &[
            (&[a, b], &[ACCEPTED, ACCEPTED]),
            (&[a, b, c], &[ACCEPTED, ACCEPTED, ACCEPTED]),
            (&[c, c], &[ACCEPTED, ACCEPTED]),
        ],
        &[1, 2, 3],
    );
}

#[test]
fn a_gap_is_held_and_released_when_it_is_filled() {
    let c = chain(4);
    check(
        &[
            (&[&c[3]], &[Fate::Held(Gap)]),
            (&[&c[1]], &[Fate::Held(Gap)]),
            (&[&c[0]], &[ACCEPTED]),
            (&[&c[2]], &[ACCEPTED]),
            (&[&c[3], &c[1]], &[ACCEPTED, ACCEPTED]),
        ],
        &[1, 2, 3, 4],
    );
    check(&[(&[&c[2], &c[1], &c[0]], &[ACCEPTED; 3])], &[1, 2, 3]);
}

#[test]
fn every_branch_of_a_fork_is_kept() {
    let c = chain(3);
    let other = sealed(1, 2, Some(c[0].hash()), |it| it.counter = 9);
    let behind_other = sealed(1, 3, Some(other.hash()), |_| {});
    check(
        &[
            (&[&c[0], &c[1]], &[ACCEPTED, ACCEPTED]),
            (
                &[&other, &behind_other],
                &[Fate::Held(Fork), Fate::Held(Fork)],
            ),
            (&[&c[2]], &[ACCEPTED]),
            (&[&other], &[Fate::Held(Fork)]),
        ],
        &[1, 2, 3],
    );
}

#[test]
fn a_branch_does_not_wait_for_the_chain_to_fill_its_gap() {
    let c = chain(2);
    let other = sealed(1, 2, Some(c[0].hash()), |it| it.counter = 9);
    let behind_other = sealed(1, 3, Some(other.hash()), |_| {});
    let far_behind = sealed(1, 4, Some(behind_other.hash()), |_| {});
    check(
        &[
            (&[&c[0], &c[1]], &[ACCEPTED, ACCEPTED]),
            (&[&far_behind], &[Fate::Held(Gap)]),
            (
                &[&behind_other, &other],
                &[Fate::Held(Fork), Fate::Held(Fork)],
            ),
            (&[&far_behind], &[Fate::Held(Fork)]),
        ],
        &[1, 2],
    );
    // Also where what stands between was refused.
    let stray = sealed(1, 3, Some(other.hash()), |it| {
        it.site = "south".parse().unwrap();
    });
    let behind_stray = sealed(1, 4, Some(stray.hash()), |_| {});
    check(
        &[
            (&[&c[0], &c[1]], &[ACCEPTED, ACCEPTED]),
            (
                &[&other, &stray, &behind_stray],
                &[Fate::Held(Fork), Fate::Refused(NotYours), Fate::Held(Fork)],
            ),
        ],
        &[1, 2],
    );
}

#[test]
fn a_leap_of_the_counter_is_held_without_holding_those_behind_it() {
    let first = sealed(1, 1, None, |it| it.counter = limits::COUNTER_LEAP + 1);
    let second = sealed(1, 2, Some(first.hash()), |it| {
        it.counter = limits::COUNTER_LEAP;
    });
    check(
        &[(&[&first, &second], &[Fate::Held(CounterLeap), ACCEPTED])],
        &[2],
    );
}

#[test]
fn the_token_says_who_pushes_and_not_the_envelope() {
    let elsewhere = sealed(1, 1, None, |it| it.site = "south".parse().unwrap());
    let behind = sealed(1, 2, Some(elsewhere.hash()), |_| {});
    let stranger = sealed(4, 3, Some(behind.hash()), |it| {
        it.device = DeviceId::from_random([9; 16]);
    });
    check(
        &[(
            &[&elsewhere, &behind, &stranger],
            &[Fate::Refused(NotYours), ACCEPTED, Fate::Refused(NotYours)],
        )],
        &[2],
    );
}

#[test]
fn what_is_malformed_or_too_large_is_refused_and_those_behind_it_are_not() {
    let c = chain(3);
    let large = enlarge(&c[1]);
    let mut office = Office::default();
    let fates: Vec<_> = office.push(&[
        break_words(&c[0]),
        large,
        c[2].to_bytes(),
        b"rubbish".to_vec(),
    ]);
    let fates: Vec<_> = fates.iter().map(|it| (it.sequence, it.fate)).collect();
    assert_eq!(
        fates,
        [
            (1, Fate::Refused(Malformed)),
            (2, Fate::Refused(TooLarge)),
            (3, ACCEPTED),
            (0, Fate::Refused(Malformed))
        ]
    );
    assert_eq!(office.feed, [3]);
}

/// With the header of before, and other words than that says.
fn break_words(envelope: &Envelope) -> Vec<u8> {
    let mut broken = envelope.to_bytes();
    let at = broken.windows(11).position(|it| it == b"at the door");
    broken[at.unwrap()] = b'A';
    broken
}

#[test]
fn what_came_damaged_is_taken_when_it_comes_as_it_was_written() {
    let c = chain(3);
    let by_nobody = Envelope::from_bytes(&without_signatures(&c[1])).unwrap();
    let spoilt = [
        (break_words(&c[1]), Malformed),
        (enlarge(&c[1]), TooLarge),
        (without_signatures(&c[1]), Unsigned),
        (by_nobody.signed(&key()).to_bytes(), NotByPerson),
    ];
    for (spoilt, why) in spoilt {
        let mut office = Office::default();
        let first = office.push(&[c[0].to_bytes(), spoilt.clone(), c[2].to_bytes()]);
        assert_eq!(first[1].fate, Fate::Refused(why));
        assert_eq!(office.feed, [1, 3]);
        assert_eq!(office.push(&bytes(&c[1..2]))[0].fate, ACCEPTED);
        assert_eq!(office.feed, [1, 3, 2]);
        assert_eq!(office.push(&[spoilt])[0].fate, ACCEPTED);
        assert_eq!(office.push(&bytes(&c)).len(), 3);
        assert_eq!(office.feed, [1, 3, 2]);
    }
}

#[test]
fn what_came_damaged_waits_for_its_gap_and_for_whom_it_is_by_as_any_other() {
    let c = chain(3);
    let mut office = Office::default();
    office.push(&[break_words(&c[2])]);
    assert_eq!(office.push(&bytes(&c[2..]))[0].fate, Fate::Held(Gap));
    office.push(&bytes(&c[..2]));
    assert_eq!(office.feed, [1, 2, 3]);

    let mut office = Office::default();
    office.push(&[break_words(&c[0])]);
    office.state.revoked.device = true;
    assert_eq!(office.push(&bytes(&c[..1]))[0].fate, Fate::Held(Revoked));
    office.release();
    assert_eq!(office.feed, [1]);

    let mut office = Office::default();
    office.push(&[break_words(&c[0])]);
    office.state.withdrawn.insert((1, c[0].hash()));
    assert!(matches!(
        office.push(&bytes(&c[..1]))[0].fate,
        Fate::Refused(_)
    ));
    assert_eq!(office.feed, [0; 0]);
}

#[test]
fn an_unknown_format_is_held_whatever_stands_behind_its_header() {
    let first = chain(1).remove(0);
    let mut header = Encoder::new(Vec::new());
    header.map(8).unwrap().u8(1).unwrap().u8(2).unwrap();
    header
        .u8(5)
        .unwrap()
        .str("north")
        .unwrap()
        .u8(8)
        .unwrap()
        .bytes(PHONE.bytes())
        .unwrap();
    header
        .u8(9)
        .unwrap()
        .u8(1)
        .unwrap()
        .u8(10)
        .unwrap()
        .u8(2)
        .unwrap();
    header
        .u8(11)
        .unwrap()
        .bytes(&first.hash().0)
        .unwrap()
        .u8(12)
        .unwrap()
        .u8(2)
        .unwrap();
    header.u8(99).unwrap().str("news").unwrap();
    let mut newer = Encoder::new(Vec::new());
    newer
        .array(2)
        .unwrap()
        .bytes(header.writer())
        .unwrap()
        .str("something else")
        .unwrap();
    let mut bytes = newer.into_writer();
    let behind = sealed(1, 3, Some(Hash::of(header.writer())), |_| {});
    let mut office = Office::default();
    let receipts = office.push(&[first.to_bytes(), bytes.clone(), behind.to_bytes()]);
    let fates: Vec<_> = receipts.iter().map(|it| it.fate).collect();
    assert_eq!(fates, [ACCEPTED, Fate::Held(UnknownFormat), ACCEPTED]);
    assert_eq!(office.feed, [1, 3]);

    bytes.resize(limits::ENVELOPE_BYTES + 1, 0);
    assert_eq!(Arrival::read(&bytes, &signatories()).flaw, Some(TooLarge));
}

fn bytes(envelopes: &[Envelope]) -> Vec<Vec<u8>> {
    envelopes.iter().map(Envelope::to_bytes).collect()
}

#[test]
fn what_an_older_server_held_for_its_format_is_released_when_it_is_upgraded() {
    let chain = bytes(&chain(3));
    let mut office = Office::default();
    office.push_to(OLDER, &chain);
    assert_eq!(office.fates(), [Fate::Held(UnknownFormat); 3]);
    office.upgrade(&chain);
    assert_eq!(office.fates(), [ACCEPTED; 3]);
    assert_eq!(office.feed, [1, 2, 3]);
    // Whoever asks again hears the same, and nothing is passed on twice.
    let receipts = office.push(&chain);
    assert!(receipts.iter().all(|it| it.fate == ACCEPTED));
    assert_eq!(office.feed, [1, 2, 3]);
}

#[test]
fn one_of_several_servers_that_is_newer_releases_what_is_pushed_to_it_again() {
    let chain = bytes(&chain(3));
    let mut office = Office::default();
    office.push_to(OLDER, &chain[..2]);
    let receipts = office.push(&chain[1..]);
    assert!(receipts.iter().all(|it| it.fate == ACCEPTED));
    assert_eq!(office.feed, [2, 3]);
    // What was accepted stays so, whatever an older one could read of it.
    let receipts = office.push_to(OLDER, &chain);
    let fates: Vec<_> = receipts.iter().map(|it| it.fate).collect();
    assert_eq!(fates, [Fate::Held(UnknownFormat), ACCEPTED, ACCEPTED]);
}

#[test]
fn what_an_older_server_could_not_read_is_read_before_it_counts() {
    let chain = chain(3);
    let mut bytes = bytes(&chain);
    *bytes[1].last_mut().unwrap() ^= 0xff;
    let mut office = Office::default();
    office.push_to(OLDER, &bytes[1..]);
    // The gap is filled by the newer server before it looked at what the older one held.
    office.push(&bytes[..1]);
    assert_eq!(
        office.fates(),
        [
            ACCEPTED,
            Fate::Held(UnknownFormat),
            Fate::Held(UnknownFormat)
        ]
    );
    office.upgrade(&bytes);
    assert_eq!(
        office.fates(),
        [ACCEPTED, Fate::Refused(NotByPerson), ACCEPTED]
    );
    assert_eq!(office.feed, [1, 3]);
}

#[test]
fn what_an_older_server_held_behind_a_gap_waits_for_that_after_the_upgrade() {
    let chain = bytes(&chain(3));
    let mut office = Office::default();
    office.push_to(OLDER, &chain[1..]);
    office.upgrade(&chain);
    assert_eq!(office.fates(), [Fate::Held(Gap); 2]);
    office.push(&chain[..1]);
    assert_eq!(office.fates(), [ACCEPTED; 3]);
    assert_eq!(office.feed, [1, 2, 3]);
}

#[test]
fn a_leap_and_a_branch_that_an_older_server_held_are_held_after_the_upgrade() {
    let first = sealed(1, 1, None, |_| {});
    let behind = |counter| sealed(1, 2, Some(first.hash()), |it| it.counter = counter);
    let (leaps, branch) = (behind(limits::COUNTER_LEAP * 2), behind(2));
    let elsewhere = sealed(1, 2, Some(branch.hash()), |it| it.counter = 3);
    let bytes = bytes(&[elsewhere, first, leaps, branch]);
    let mut office = Office::default();
    office.push_to(OLDER, &bytes);
    office.upgrade(&bytes);
    assert_eq!(
        office.fates(),
        [
            ACCEPTED,
            Fate::Held(Fork),
            Fate::Held(CounterLeap),
            Fate::Held(Fork)
        ]
    );
    assert_eq!(office.feed, [1]);
}

#[test]
fn what_comes_from_whom_head_office_lets_in_no_more_waits_and_holds_nobody_up() {
    let by = |person: &str, sequence, previous| {
        sealed(1, sequence, previous, |it| {
            it.person = person.parse().unwrap();
        })
    };
    let a = by("li-na", 1, None);
    let b = by("wang", 2, Some(a.hash()));
    let c = by("li-na", 3, Some(b.hash()));
    let d = by("wang", 4, Some(c.hash()));
    let [a, b, c, d] = [a, b, c, d].map(|it| it.to_bytes());
    let mut office = Office::default();
    office.push(std::slice::from_ref(&a));
    office.state.revoked.people = ["li-na".parse().unwrap()].into();
    // Beyond a gap as well, which is filled afterwards.
    office.push(&[c.clone(), d.clone()]);
    let (held, gap) = (Fate::Held(Revoked), Fate::Held(Gap));
    assert_eq!(office.fates(), [ACCEPTED, held, gap]);
    office.push(&[a.clone(), b.clone()]);
    assert_eq!(office.fates(), [ACCEPTED, ACCEPTED, held, ACCEPTED]);
    assert_eq!(office.feed, [1, 2, 4]);
    let again = office.push(&[a, b, c, d]);
    assert_eq!(again[2].fate, held, "asking does not let it in");
    assert_eq!(office.release(), 1);
    assert_eq!(office.fates(), [ACCEPTED; 4]);
    assert_eq!(office.feed, [1, 2, 4, 3]);
    assert_eq!(office.release(), 0);
}

#[test]
fn a_branch_and_a_gap_stay_what_they_are_whoever_is_let_in_no_more() {
    let first = sealed(1, 1, None, |_| {});
    let one = sealed(1, 2, Some(first.hash()), |it| it.counter = 5);
    let other = sealed(1, 2, Some(first.hash()), |it| it.counter = 6);
    let far = sealed(1, 9, Some(Hash([9; 32])), |_| {});
    let mut office = Office::default();
    office.state.revoked.device = true;
    office.push(&bytes(&[first, one]));
    office.push(&bytes(&[other, far]));
    let held = Fate::Held(Revoked);
    assert_eq!(office.fates(), [held, held, Fate::Held(Fork), held]);
    assert_eq!(office.release(), 3);
    let after = [ACCEPTED, ACCEPTED, Fate::Held(Fork), Fate::Held(Gap)];
    assert_eq!(office.fates(), after);
}

#[test]
fn what_an_older_server_held_of_whom_is_let_in_no_more_waits_after_the_upgrade() {
    let envelopes = bytes(&chain(2));
    let mut office = Office::default();
    office.push_to(OLDER, &envelopes);
    office.state.revoked.device = true;
    office.upgrade(&envelopes);
    assert_eq!(office.fates(), [Fate::Held(Revoked); 2]);
    assert_eq!(office.release(), 2);
    assert_eq!(office.feed, [1, 2]);
}

#[test]
fn a_push_of_two_chains_is_taken_back_to_its_sender() {
    let sender = Sender {
        site: "north".parse().unwrap(),
        device: PHONE,
    };
    let arrival = Arrival::read(&sealed(2, 1, None, |_| {}).to_bytes(), &signatories());
    let answer = judge(
        &sender,
        1,
        &[arrival],
        ChainState::default(),
        Moment::from_unix_ms(0),
    );
    assert_eq!(answer, Err(MixedChains));
}

/// The same header with more behind it than an envelope may have.
fn enlarge(envelope: &Envelope) -> Vec<u8> {
    let mut bytes = envelope.to_bytes();
    bytes.resize(limits::ENVELOPE_BYTES + 1, 0);
    bytes
}

#[test]
fn what_its_device_did_not_sign_is_refused_and_those_behind_it_are_not() {
    let first = sealed(1, 1, None, |_| {});
    let bare = Envelope::from_bytes(&without_signatures(&sealed(
        1,
        2,
        Some(first.hash()),
        |_| {},
    )));
    let other = SecretKey::from_bytes(Algorithm::Ed25519, &[8; 32]).unwrap();
    let forged = bare.unwrap().signed(&other).signed(&persons_key());
    let behind = sealed(1, 3, Some(forged.hash()), |_| {});
    check(
        &[(
            &[&first, &forged, &behind],
            &[ACCEPTED, Fate::Refused(Unsigned), ACCEPTED],
        )],
        &[1, 3],
    );
}

#[test]
fn what_its_person_did_not_sign_on_that_device_is_refused() {
    let first = sealed(1, 1, None, |_| {});
    // Whoever has the device's key alone, and writes in another's name.
    let bare = sealed(1, 2, Some(first.hash()), |_| {});
    let bare = Envelope::from_bytes(&without_signatures(&bare)).unwrap();
    let by_device_alone = bare.signed(&key());
    let behind = sealed(1, 3, Some(by_device_alone.hash()), |_| {});
    // Whoever has a person's key on the device, and writes in the name of one who never signed in there.
    let of_a_stranger = sealed(1, 4, Some(behind.hash()), |it| {
        it.person = "zhao-min".parse().unwrap();
    });
    let refused = Fate::Refused(NotByPerson);
    check(
        &[(
            &[&first, &by_device_alone, &behind, &of_a_stranger],
            &[ACCEPTED, refused, ACCEPTED, refused],
        )],
        &[1, 3],
    );
}

#[test]
fn in_a_claimed_name_a_new_matter_is_taken_down_and_nothing_else() {
    let new_matter = claimed(1, None, "zhao-min", &[matter()]);
    let answers_as_well = claimed(2, Some(new_matter.hash()), "kim", &[matter(), answer()]);
    let answers = claimed(3, Some(answers_as_well.hash()), "kim", &[answer()]);
    // Nobody's key is needed, and nobody's makes more of it.
    let with_a_key = claimed(4, Some(answers.hash()), "kim", &[answer()]).signed(&persons_key());
    let again = claimed(5, Some(with_a_key.hash()), "kim", &[matter(), photo()]);
    let refused = Fate::Refused(NotByPerson);
    let all: [&[&Envelope]; 2] = [
        &[&new_matter, &answers_as_well, &answers, &with_a_key, &again],
        &[&new_matter, &again],
    ];
    check(
        &[
            (all[0], &[ACCEPTED, refused, refused, refused, ACCEPTED]),
            // Once more, and they are known.
            (all[1], &[ACCEPTED, ACCEPTED]),
        ],
        &[1, 5],
    );
}

#[test]
fn what_is_claimed_has_its_devices_signature_all_the_same() {
    let unsigned = claimed(1, None, "kim", &[matter()]);
    let unsigned = Envelope::from_bytes(&without_signatures(&unsigned)).unwrap();
    let by_the_person_alone = unsigned.clone().signed(&persons_key());
    let by_another_device =
        unsigned.signed(&SecretKey::from_bytes(Algorithm::Ed25519, &[9; 32]).unwrap());
    for it in [by_the_person_alone, by_another_device] {
        check(&[(&[&it], &[Fate::Refused(Unsigned)])], &[]);
    }
}

#[test]
fn a_claim_of_another_site_or_of_whom_head_office_lets_in_no_more_is_not_passed_on() {
    let foreign = claimed_in("south", 1, None, "kim", &[matter()]);
    check(&[(&[&foreign], &[Fate::Refused(NotYours)])], &[]);
    let mut office = Office::default();
    office.state.revoked.people.insert("kim".parse().unwrap());
    let of_kim = claimed(1, None, "kim", &[matter()]);
    let receipts = office.push(&[of_kim.to_bytes()]);
    assert_eq!(receipts[0].fate, Fate::Held(Revoked));
}

#[test]
fn what_a_person_signed_with_the_key_before_is_theirs() {
    let mut by = signatories();
    let next = SecretKey::from_bytes(Algorithm::Ed25519, &[9; 32]).unwrap();
    by.people.add("kim".parse().unwrap(), next.public());
    let bytes = sealed(1, 1, None, |_| {}).to_bytes();
    assert_eq!(Arrival::read(&bytes, &by).flaw, None);
    // A key signs for whom it was certified.
    by.people = Signers::default();
    by.people
        .add("li-na".parse().unwrap(), persons_key().public());
    assert_eq!(Arrival::read(&bytes, &by).flaw, Some(NotByPerson));
}

#[test]
fn a_push_is_read_as_each_of_its_envelopes_is_read_alone() {
    let by = signatories();
    let envelopes = chain(6);
    let mut bytes: Vec<Vec<u8>> = envelopes.iter().map(Envelope::to_bytes).collect();
    let alone = |bytes: &[Vec<u8>]| -> Vec<Arrival> {
        bytes.iter().map(|it| Arrival::read(it, &by)).collect()
    };
    let together = |bytes: &[Vec<u8>]| {
        let push = Push {
            device: envelopes[0].header().device,
            chain: 1,
            head: 6,
            envelopes: bytes.iter().cloned().map(Bytes).collect(),
            epoch: None,
        };
        read(&push, &by)
    };
    assert!(together(&bytes).iter().all(|it| it.flaw.is_none()));
    assert_eq!(together(&bytes), alone(&bytes));
    // The last byte of an envelope is of its person's signature; a hundred before it, the device's.
    for (from_end, why) in [(1, NotByPerson), (101, Unsigned)] {
        let mut changed = bytes.clone();
        let at = changed[2].len() - from_end;
        changed[2][at] ^= 1;
        let read = together(&changed);
        assert_eq!(read, alone(&changed));
        let flaws: Vec<_> = read.iter().filter_map(|it| it.flaw).collect();
        assert_eq!(flaws, [why]);
    }
    // Somebody unknown, whose device's signature is wrong as well: the device's is what counts.
    bytes[1] = claimed(2, Some(envelopes[0].hash()), "nobody", &[answer()]).to_bytes();
    let at = bytes[1].len() - 1;
    bytes[1][at] ^= 1;
    bytes[3] = without_signatures(&envelopes[3]);
    bytes[4] = b"no envelope".to_vec();
    assert_eq!(together(&bytes), alone(&bytes));
}

/// The same without the array of signatures at its end.
fn without_signatures(envelope: &Envelope) -> Vec<u8> {
    let bytes = envelope.to_bytes();
    let mut d = Decoder::new(&bytes);
    d.array().unwrap();
    (0..5).for_each(|_| d.skip().unwrap());
    [&bytes[..d.position()], &[0x80]].concat()
}

#[test]
fn what_was_taken_back_before_it_came_is_refused_for_that_whatever_else_is_wrong_with_it() {
    let stray = sealed(1, 1, None, |it| it.site = "south".parse().unwrap());
    let mut office = Office::default();
    office.state.withdrawn.insert((1, stray.hash()));
    let receipts = office.push(&[stray.to_bytes()]);
    assert_eq!(receipts[0].fate, Fate::Refused(Withdrawn));
}

#[test]
fn what_is_taken_back_is_never_passed_on_whichever_comes_first() {
    let c = chain(3);
    let place = (2, c[1].hash());
    let mut office = Office::default();
    office.state.withdrawn.insert(place);
    let fates = |receipts: Vec<Receipt>| receipts.iter().map(|it| it.fate).collect::<Vec<_>>();
    let pushed: Vec<_> = c.iter().map(Envelope::to_bytes).collect();
    let withdrawn = Fate::Refused(Withdrawn);
    assert_eq!(fates(office.push(&pushed)), [ACCEPTED, withdrawn, ACCEPTED]);
    assert_eq!(office.feed, [1, 3]);

    let mut office = Office::default();
    assert_eq!(fates(office.push(&pushed[1..])), [Fate::Held(Gap); 2]);
    let known = withdraw(&office.state.known[0]);
    assert_eq!(known.fate, withdrawn);
    office.state.known[0] = known;
    office.state.withdrawn.insert(place);
    assert_eq!(fates(office.push(&pushed)), [ACCEPTED, withdrawn, ACCEPTED]);
    assert_eq!(office.feed, [1, 3]);

    let mut accepted = office.state.known[2].clone();
    accepted.fate = ACCEPTED;
    assert_eq!(withdraw(&accepted).fate, ACCEPTED, "it was passed on");
}

#[test]
fn a_chain_that_another_device_continued_goes_on_elsewhere() {
    let head = |sequence, hash| {
        Some(Head {
            sequence,
            hash: Hash([hash; 32]),
        })
    };
    let stated = Stated {
        chain: 1,
        sequence: 5,
        hash: Some(Hash([1; 32])),
    };
    let (fork, gap) = (Fate::Held(Fork), Fate::Held(Gap));
    for (known, fate, forked, elsewhere) in [
        (None, None, false, false),
        (head(4, 2), None, false, false),
        (head(4, 2), Some(gap), false, false),
        (head(5, 1), Some(ACCEPTED), false, false),
        (head(6, 2), Some(ACCEPTED), false, true),
        (head(5, 2), None, false, true),
        // Of two at one place the one that was taken back is not the chain's.
        (head(5, 2), Some(Fate::Refused(Withdrawn)), false, true),
        (head(4, 2), Some(fork), false, true),
        (None, None, true, true),
    ] {
        assert_eq!(
            goes_on_elsewhere(&stated, forked, known, fate),
            elsewhere,
            "{known:?} {fate:?}"
        );
    }
    let nothing = Stated::default();
    assert!(goes_on_elsewhere(&nothing, false, head(1, 1), None));
    assert!(!goes_on_elsewhere(&nothing, false, None, None));
}
