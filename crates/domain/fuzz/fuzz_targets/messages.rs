//! Every body that head office or a device takes from the network: a message or an error, never a panic; what is
//! read is written and read again as the same; and a push is judged whatever it holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minicbor::{Decode, Encode};
use shouwen_domain::certificate::{Certificate, Signers};
use shouwen_domain::envelope::Receipt;
use shouwen_domain::moment::Moment;
use shouwen_domain::sealing::Sealed;
use shouwen_domain::signature::{Algorithm, Context, SecretKey, Signed};
use shouwen_sync::message::{
    Challenge, Contact, Contacted, Enrol, Enrolled, Erased, Failure, Page, Pull, Push, Pushed, Rescue, SignIn, SignedIn,
    SiteTexts, Withdraw, Withdrawal,
};
use shouwen_sync::server::{ChainState, Sender, Signatories, judge, read};

fn same_again<T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> Option<T> {
    let message: T = minicbor::decode(bytes).ok()?;
    let written = minicbor::to_vec(&message).expect("what was read can be written");
    let again: T = minicbor::decode(&written).expect("what was written can be read");
    assert_eq!(again, message);
    Some(message)
}

fuzz_target!(|input: &[u8]| {
    let Some((which, bytes)) = input.split_first() else { return };
    let key = SecretKey::from_bytes(Algorithm::Ed25519, &[7; 32]).expect("any 32 bytes are a key").public();
    match which % 19 {
        0 => drop(same_again::<SignIn>(bytes)),
        1 => drop(same_again::<SignedIn>(bytes)),
        2 => drop(same_again::<Challenge>(bytes)),
        3 => drop(same_again::<Contact>(bytes)),
        4 => drop(same_again::<Contacted>(bytes)),
        5 => drop(same_again::<Pull>(bytes)),
        6 => drop(same_again::<Page>(bytes)),
        7 => drop(same_again::<Pushed>(bytes)),
        8 => drop(same_again::<Withdraw>(bytes)),
        9 => drop(same_again::<Withdrawal>(bytes)),
        10 => drop(same_again::<Rescue>(bytes)),
        11 => drop(same_again::<Sealed>(bytes)),
        12 => drop(same_again::<SiteTexts>(bytes)),
        13 => {
            if let Ok(certificate) = Certificate::from_bytes(bytes) {
                assert!(certificate.verified(&key).is_err(), "nobody has that key");
                assert_eq!(Certificate::from_bytes(&certificate.to_bytes()), Ok(certificate));
            }
            if let Ok(signed) = Signed::from_bytes(bytes) {
                assert!(signed.verified(Context::Contact, &key).is_err(), "nobody has that key");
            }
        }
        14 => drop(same_again::<Enrol>(bytes)),
        15 => drop(same_again::<Enrolled>(bytes)),
        16 => drop(same_again::<Erased>(bytes)),
        17 => {
            drop(same_again::<Receipt>(bytes));
            drop(same_again::<Failure>(bytes));
        }
        _ => {
            let Some(push) = same_again::<Push>(bytes) else { return };
            let sender = Sender { site: "north".parse().expect("a slug"), device: push.device };
            let arrivals = read(&push, &Signatories { device: key, people: Signers::default() });
            let Ok(judgement) = judge(&sender, push.chain, &arrivals, ChainState::default(), Moment::from_unix_ms(0))
            else {
                return;
            };
            assert_eq!(judgement.verdicts.len(), push.envelopes.len(), "a fate for every envelope");
            let receipts = judgement.receipts(&sender, push.chain, Moment::from_unix_ms(0), 1, None);
            assert_eq!(receipts.len(), push.envelopes.len());
        }
    }
});
