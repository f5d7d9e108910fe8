//! What is read of a whole site for its administrators: who looked at what, and whether its chains are whole.

use shouwen_domain::event::{AnsweredAtOnce, Fact, Look, Looked};
use shouwen_domain::id::CaseId;
use shouwen_server::storage::{access, chains, looks};

use shouwen_sync::message::Cursor;

use super::chain::{Chain, key, signatories};
use super::{Home, Process, now, site};

on_both_engines! {
    looks_are_found_and_handed_out_to_nobody
    chains_are_followed_through_every_lot
    ;
}

const CASE: CaseId = CaseId::from_random([5; 16]);

fn looked(chain: &mut Chain, how: Look) -> Vec<u8> {
    let day = chrono::DateTime::from_timestamp_millis(0).unwrap();
    let fact = Fact::Looked(Looked {
        case: Some(CASE),
        how,
    });
    chain.act(CaseId::of_looks(day.date_naive()), "li-na", fact, "")
}

impl Process {
    /// Devices whose codes stand in case numbers.
    fn enrol(&self, chain: &Chain) {
        let sender = chain.sender.clone();
        let enrolled = self.write(&chain.sender.site.to_string(), move |db| {
            let (site, device) = (&sender.site, sender.device);
            let code = access::enrol(db, site, device, &key().public())?;
            access::keep_signers(db, site, device, &signatories().people, now())?;
            Ok(code)
        });
        assert!(enrolled.unwrap().is_ok());
    }
}

fn looks_are_found_and_handed_out_to_nobody(home: &Home) {
    let process = home.open();
    let (mut li, mut neighbour) = (Chain::new("lanting", 1), Chain::new("cuihu", 2));
    process.enrol(&li);
    process.enrol(&neighbour);
    let of_case = li.act(
        CASE,
        "li-na",
        Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
        "",
    );
    let acts = [
        of_case.clone(),
        looked(&mut li, Look::Opened),
        looked(&mut li, Look::Printed),
    ];
    process.push(&li, &acts);
    let of_another_site = looked(&mut neighbour, Look::Exported);
    process.push(&neighbour, &[of_another_site]);
    let found = process.read_of("lanting", |db| looks::records(db, &site("lanting")));
    let found = found.unwrap();
    let how: Vec<Look> = found.iter().map(|it| it.how).collect();
    assert_eq!(how, [Look::Opened, Look::Printed]);
    assert!(
        found
            .iter()
            .all(|it| it.device.is_some() && it.arrived == now())
    );
    assert!(
        found
            .iter()
            .all(|it| it.case.as_ref().is_some_and(|it| it.id == CASE))
    );
    let page = process.page("lanting", Cursor::default());
    let handed_out: Vec<_> = page.entries.iter().map(|it| &it.envelope.0).collect();
    assert_eq!(handed_out, [&of_case]);
}

fn chains_are_followed_through_every_lot(home: &Home) {
    let process = home.open();
    let (mut li, mut wang) = (Chain::new("lanting", 1), Chain::new("lanting", 2));
    process.enrol(&li);
    process.enrol(&wang);
    let acts = li.write_some(600);
    process.push(&li, &acts);
    let first = wang.write_some(2);
    process.push(&wang, &first);
    wang.write("lost");
    let behind = wang.write("far");
    process.push(&wang, &[behind]);
    let verified = process.read_of("lanting", |db| chains::verify(db, &site("lanting")));
    let verified = verified.unwrap();
    assert_eq!(verified.wrong, []);
    assert_eq!(
        (
            verified.n_chains,
            verified.n_envelopes,
            verified.n_behind_gaps
        ),
        (2, 603, 1)
    );
    let changed = process.write("lanting", |db| {
        db.execute(
            "UPDATE envelope SET bytes = $1 WHERE sequence = 400",
            &[(&[1_u8][..]).into()],
        )
    });
    changed.unwrap();
    let verified = process.read_of("lanting", |db| chains::verify(db, &site("lanting")));
    let wrong: Vec<String> = verified
        .unwrap()
        .wrong
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(wrong.len(), 1);
    assert!(
        wrong[0].starts_with("envelope 400 of chain 1 of device "),
        "{}",
        wrong[0]
    );
}
