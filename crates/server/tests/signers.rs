//! Whose act it is: an envelope bears the signature of its person on that device, or does not count.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use shouwen_domain::Case;
use shouwen_domain::case::Claim;
use shouwen_domain::certificate::{Certificate, Signers, Subject};
use shouwen_domain::envelope::{Envelope, Fate, RefusedReason};
use shouwen_domain::event::{AnsweredAtOnce, Content, Event, Fact};
use shouwen_domain::id::{CaseId, SiteId};
use shouwen_domain::signature::SecretKey;
use shouwen_server::storage::access;
use shouwen_sync::message::{Bytes, SignIn, SignedIn};
use support::{
    Device, Running, bytes, demo_code, device_key, enrol_message, matter, persons_key, post,
};

const REFUSED: Fate = Fate::Refused(RefusedReason::NotByPerson);

/// The next envelope of the device, in this person's name, signed by these; what became of it.
fn push_as(device: &mut Device, person: &str, by: &[&SecretKey]) -> Fate {
    person.clone_into(&mut device.person);
    let event = Event::new(
        Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
        Content::text("x"),
    );
    let envelope = Envelope::seal(device.stamp(), &[event]).unwrap();
    let envelope = by.iter().fold(envelope, |it, key| it.signed(key));
    device.sequence += 1;
    device.previous = Some(envelope.hash());
    device.push(&[envelope.to_bytes()])[0].fate
}

/// The next envelope of the device, in the name of somebody who is not signed in; what became of it.
fn claim(device: &mut Device, person: &str, case: u8, events: &[Event]) -> Fate {
    let envelope = device.claim(person, CaseId::from_random([case; 16]), events);
    device.push(&[envelope])[0].fate
}

/// Somebody signs in, and signs with this key from now on.
fn sign_in_with(device: &mut Device, person: &str, pin: &str, key: &SecretKey) {
    let message = SignIn {
        person: person.parse().unwrap(),
        pin: pin.to_owned(),
        certificate: device.enrolled.certificate.clone(),
        key: Bytes(key.public().to_cose_key()),
        first_certificate: None,
    };
    let signed_in: SignedIn = device.post("/api/sign-in", &message).message();
    device.enrolled.certificate = signed_in.certificate;
    device.token = device.contact(false).token;
}

#[test]
fn a_colleague_s_name_on_an_act_is_refused() {
    let server = Running::start();
    let mut tablet = server.device(1, "wang-jianguo", "100013");
    sign_in_with(&mut tablet, "li-na", "100005", &persons_key("li-na"));
    let key = tablet.key.clone();
    let [wangs, lis] = ["wang-jianguo", "li-na"].map(persons_key);
    assert_eq!(push_as(&mut tablet, "li-na", &[&key]), REFUSED);
    assert_eq!(push_as(&mut tablet, "li-na", &[&key, &wangs]), REFUSED);
    let unsigned = Fate::Refused(RefusedReason::Unsigned);
    assert_eq!(push_as(&mut tablet, "li-na", &[&lis]), unsigned);
    assert_eq!(push_as(&mut tablet, "li-na", &[&key, &lis]), Fate::Accepted);
    // Who never signed in there signs nothing there, with whatever key.
    let chens = persons_key("chen-gong");
    assert_eq!(push_as(&mut tablet, "chen-gong", &[&key, &chens]), REFUSED);
    let wangs_own = push_as(&mut tablet, "wang-jianguo", &[&wangs, &key]);
    assert_eq!(wangs_own, Fate::Accepted);
}

#[test]
fn in_the_name_of_whoever_is_not_there_a_new_matter_is_taken_down_and_nothing_else() {
    let server = Running::start();
    let mut tablet = server.device(1, "wang-jianguo", "100013");
    let answer = Event::new(
        Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
        Content::text("x"),
    );
    // Who never signed in there, whoever is signed in, and whom nobody knows.
    for (case, person) in [(21, "chen-gong"), (22, "wang-jianguo"), (23, "nobody")] {
        let fate = claim(&mut tablet, person, case, &[matter(person)]);
        assert_eq!(fate, Fate::Accepted, "{person}");
        // Of what is there by then nothing is answered.
        let answers = claim(&mut tablet, person, case, std::slice::from_ref(&answer));
        assert_eq!(answers, REFUSED, "{person}");
        let both = [matter(person), answer.clone()];
        assert_eq!(claim(&mut tablet, person, case + 10, &both), REFUSED);
    }
    // It is for whoever is named, and their department.
    let chens = server.device(2, "chen-gong", "100008");
    let found = chens.pull_all();
    let claimed: Vec<_> = found
        .iter()
        .map(|it| Envelope::from_bytes(it).unwrap())
        .filter(|it| it.header().claimed && it.header().person.as_str() == "chen-gong")
        .collect();
    assert_eq!(claimed.len(), 1);
    let folded = Case::fold(&claimed).case.unwrap();
    assert_eq!(folded.claim, Some(Claim::Open));
    assert!(!folded.asked_to_confirm().is_empty());
}

#[test]
fn what_somebody_signed_before_they_got_another_key_is_theirs() {
    let server = Running::start();
    let mut tablet = server.device(1, "li-na", "100005");
    let (key, before, after) = (tablet.key.clone(), persons_key("li-na"), device_key(77));
    let mut long_ago = tablet.clone();
    sign_in_with(&mut tablet, "li-na", "100005", &after);
    for it in [&before, &after] {
        assert_eq!(push_as(&mut tablet, "li-na", &[&key, it]), Fate::Accepted);
    }
    // A device that did not hear of the other key signs with the one that it has.
    (long_ago.sequence, long_ago.previous) = (tablet.sequence, tablet.previous);
    let fate = push_as(&mut long_ago, "li-na", &[&key, &before]);
    assert_eq!(fate, Fate::Accepted);
}

#[test]
fn what_somebody_signed_with_a_key_that_their_certificate_names_no_more_is_theirs() {
    let server = Running::start();
    let mut tablet = server.device(1, "li-na", "100005");
    let (key, first) = (tablet.key.clone(), persons_key("li-na"));
    for n in 77..80 {
        sign_in_with(&mut tablet, "li-na", "100005", &device_key(n));
    }
    let certificate = Certificate::from_bytes(&tablet.enrolled.certificate.0).unwrap();
    let Subject::Device { signers, .. } = &certificate.claims().subject else {
        panic!("it is a device's")
    };
    assert!(
        !signers
            .of(&"li-na".parse().unwrap())
            .contains(&first.public())
    );
    let fate = push_as(&mut tablet, "li-na", &[&key, &first]);
    assert_eq!(fate, Fate::Accepted);
    let never = persons_key("chen-gong");
    assert_eq!(push_as(&mut tablet, "li-na", &[&key, &never]), REFUSED);
}

fn forget_signers(server: &Running, site: &SiteId) {
    let forgotten = server.storage.write(site, |db| {
        db.execute("DELETE FROM signer WHERE device IS NOT NULL", &[])
    });
    server.block_on(forgotten).unwrap();
}

#[test]
fn a_key_comes_back_with_its_device_to_a_database_that_does_not_know_it() {
    let server = Running::start();
    let mut tablet = server.device(1, "li-na", "100005");
    let site = tablet.enrolled.site.clone();
    let known = || {
        let (asked, device) = (site.clone(), tablet.id);
        let read = server
            .storage
            .read(&site, move |db| access::signers(db, &asked, device));
        server.block_on(read).unwrap()
    };
    let (lis, li_na) = (persons_key("li-na"), "li-na".parse().unwrap());
    assert_eq!(known().of(&li_na), [lis.public()]);
    forget_signers(&server, &site);
    assert_eq!(known(), Signers::default());
    let token = tablet.contact(false).token;
    assert_eq!(known().of(&li_na), [lis.public()]);
    tablet.token = token;
    let key = tablet.key.clone();
    assert_eq!(push_as(&mut tablet, "li-na", &[&key, &lis]), Fate::Accepted);
}

#[test]
fn a_device_that_joins_once_more_brings_with_which_keys_people_signed() {
    let server = Running::start();
    let mut tablet = server.device(1, "li-na", "100005");
    let (key, lis) = (tablet.key.clone(), persons_key("li-na"));
    let mut join_with = |certificate: Option<Bytes>| {
        let mut message = enrol_message(1, &demo_code());
        message.certificate = certificate;
        forget_signers(&server, &tablet.enrolled.site);
        let answer = post(server.address, "/api/enrol", None, &bytes(&message));
        tablet.enrolled = answer.message();
        tablet.token = tablet.contact(false).token;
        push_as(&mut tablet, "li-na", &[&key, &lis])
    };
    let certificate = server.device(1, "li-na", "100005").enrolled.certificate;
    assert_eq!(join_with(Some(certificate.clone())), Fate::Accepted);
    assert_eq!(join_with(None), REFUSED);
    // Another device's says nothing of this one.
    let other = server.device(2, "li-na", "100005").enrolled.certificate;
    assert_eq!(join_with(Some(other)), REFUSED);
    assert_eq!(join_with(Some(certificate)), Fate::Accepted);
}
