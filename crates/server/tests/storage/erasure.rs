//! Cases that head office erased: their words and pictures are in nothing that is stored or given out.

use std::cell::Cell;
use std::sync::Arc;

use shouwen_domain::envelope::{Envelope, Fate, HeldReason, RuleHashes};
use shouwen_domain::event::{AnsweredAtOnce, CaseErased, Fact, PhotoAdded, PhotoSource};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, EnvelopeId};
use shouwen_server::keys::Keys;
use shouwen_server::storage::orders::{self, Order, OrdersFile, Replay};
use shouwen_server::storage::{backup, files};

use super::chain::Chain;
use super::files::{chunk, lacking, offered, photo, put, put_all, whole};
use super::{Home, Process, now, site};

on_both_engines! {
    the_words_of_an_erased_case_are_nowhere_and_the_others_stay
    what_comes_late_or_was_held_is_passed_on_without_its_words
    pictures_of_an_erased_case_are_gone_and_do_not_come_again
    an_older_copy_does_not_bring_the_words_back
    ;
}

const ERASED: CaseId = CaseId::from_random([5; 16]);
const KEPT: CaseId = CaseId::from_random([6; 16]);
const WORDS: &str = "李女士的电话";

/// Head office's keys, and the file of orders beside them.
struct Office {
    replay: Replay,
    n_given: Cell<u128>,
    _folder: tempfile::TempDir,
}

impl Office {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        Self {
            replay: Replay {
                keys: Arc::new(Keys::open(&keys, now()).unwrap()),
                file: OrdersFile::beside(&keys),
                now: now(),
            },
            n_given: Cell::default(),
            _folder: folder,
        }
    }

    /// Whether nobody had ordered it before.
    fn erase(&self, process: &Process, case: CaseId) -> bool {
        let none = Hash([0; 32]);
        let order = Order {
            id: EnvelopeId::from_random(self.n_given.replace(self.n_given.get() + 1).to_be_bytes()),
            fact: Fact::CaseErased(CaseErased {
                case,
                agreed: "lin-zhiyuan".parse().unwrap(),
            }),
            operator: "gao-yun".parse().unwrap(),
            rules: RuleHashes {
                pack: none,
                calendar: none,
                zones: none,
                directory: none,
            },
            at: now(),
        };
        let Replay { keys, file, .. } = self.replay.clone();
        let given = process.write("lanting", move |db| {
            let is_so = |it: &shouwen_domain::site::Site| it.erased.contains_key(&case);
            orders::give(db, &site("lanting"), &keys, &file, &order, is_so)
        });
        given.unwrap()
    }
}

fn says(chain: &mut Chain, case: CaseId) -> Vec<u8> {
    let fact = Fact::AnsweredAtOnce(AnsweredAtOnce::default());
    chain.act(case, "li-na", fact, WORDS)
}

fn shows(chain: &mut Chain, case: CaseId, photo: &[u8]) -> Vec<u8> {
    let fact = Fact::PhotoAdded(PhotoAdded {
        photo: Hash::of(photo),
        source: PhotoSource::Camera,
        taken_at: None,
        placed: false,
    });
    chain.act(case, "li-na", fact, WORDS)
}

impl Process {
    /// How many envelopes with the words are in the database, whatever became of them.
    fn n_with_words(&self) -> usize {
        let rows =
            self.read(|db| db.query("SELECT bytes FROM envelope WHERE bytes IS NOT NULL", &[]));
        let mut found = 0;
        for mut row in rows.unwrap() {
            let bytes: Vec<u8> = row.take(0).unwrap();
            found += usize::from(has_words(&bytes));
        }
        found
    }

    fn erased_in_feed(&self) -> Vec<Envelope> {
        let feed = self.feed("lanting").into_iter();
        let read = feed.map(|it| Envelope::from_bytes(&it).unwrap());
        read.filter(|it| it.header().case == ERASED).collect()
    }
}

fn has_words(bytes: &[u8]) -> bool {
    bytes.windows(WORDS.len()).any(|it| it == WORDS.as_bytes())
}

fn the_words_of_an_erased_case_are_nowhere_and_the_others_stay(home: &Home) {
    let (one, other, office) = (home.open(), home.open(), Office::open());
    let mut li = Chain::new("lanting", 1);
    let acts = [
        says(&mut li, ERASED),
        says(&mut li, KEPT),
        says(&mut li, ERASED),
    ];
    let receipts = one.push(&li, &acts);
    let mut neighbour = Chain::new("cuihu", 2);
    let of_another_site = says(&mut neighbour, ERASED);
    one.push(&neighbour, &[of_another_site]);
    assert_eq!(one.n_with_words(), 4);
    assert!(office.erase(&one, ERASED));
    assert!(!office.erase(&other, ERASED), "once");
    assert_eq!(
        other.n_with_words(),
        2,
        "another case's, and another site's"
    );
    let hashes: Vec<Hash> = other.erased_in_feed().iter().map(Envelope::hash).collect();
    assert_eq!(hashes, [receipts[0].hash, receipts[2].hash]);
    assert_eq!(other.push(&li, &acts), receipts, "what is pushed again");
    assert_eq!(other.n_with_words(), 2);
}

fn what_comes_late_or_was_held_is_passed_on_without_its_words(home: &Home) {
    let (process, office) = (home.open(), Office::open());
    let mut li = Chain::new("lanting", 1);
    let acts = [
        says(&mut li, KEPT),
        says(&mut li, ERASED),
        says(&mut li, ERASED),
    ];
    let gap = Fate::Held(HeldReason::Gap);
    assert_eq!(process.fates(&li, &acts[1..2]), [gap]);
    office.erase(&process, ERASED);
    assert_eq!(process.n_with_words(), 0, "held");
    assert_eq!(process.fates(&li, &acts[2..]), [gap]);
    assert_eq!(process.n_with_words(), 0, "held since");
    assert_eq!(process.fates(&li, &acts[..1]), [Fate::Accepted]);
    assert_eq!(process.fates(&li, &acts), [Fate::Accepted; 3]);
    assert_eq!(process.n_with_words(), 1);
    let given = process.erased_in_feed();
    assert_eq!(given.len(), 2);
    assert!(given.iter().all(Envelope::is_erased));
}

fn pictures_of_an_erased_case_are_gone_and_do_not_come_again(home: &Home) {
    let (process, office) = (home.open(), Office::open());
    let [sent, late, shared, early] = [1, 2, 3, 4].map(|it| photo(it, 2));
    let mut li = Chain::new("lanting", 1);
    let acts = [
        shows(&mut li, ERASED, &sent),
        shows(&mut li, ERASED, &late),
        shows(&mut li, ERASED, &shared),
        shows(&mut li, KEPT, &shared),
    ];
    process.push(&li, &acts);
    put_all(&process, "lanting", &sent);
    put_all(&process, "lanting", &shared);
    put(&process, "lanting", chunk(&late, 0));
    put_all(&process, "lanting", &early);
    office.erase(&process, ERASED);
    let is_here = |bytes: &[u8]| whole(&process, "lanting", bytes).is_some();
    assert!(!is_here(&sent) && is_here(&shared) && is_here(&early));
    let taken = files::Put::Stored { missing: vec![] };
    for (photo, n) in [(&sent, 0), (&late, 0), (&late, 1)] {
        assert_eq!(put(&process, "lanting", chunk(photo, n)), taken);
    }
    assert!(!is_here(&late));
    let asked = [offered(&sent), offered(&late)];
    assert_eq!(
        lacking(&process, "lanting", &asked),
        [],
        "nobody wants them"
    );
    let act = shows(&mut li, ERASED, &early);
    assert_eq!(process.fates(&li, &[act]), [Fate::Accepted]);
    assert!(!is_here(&early), "it came before its act");
    let rows = process.read(|db| db.query("SELECT DISTINCT hash FROM file_chunk", &[]));
    assert_eq!(rows.unwrap().len(), 1);
}

fn an_older_copy_does_not_bring_the_words_back(home: &Home) {
    let (process, office) = (home.open(), Office::open());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.backup");
    let (mut li, photo) = (Chain::new("lanting", 1), photo(1, 2));
    let acts = [shows(&mut li, ERASED, &photo), says(&mut li, KEPT)];
    process.push(&li, &acts);
    put_all(&process, "lanting", &photo);
    let block_on = |what| process.runtime.block_on(what);
    block_on(backup::take(&process.storage, &file, now())).unwrap();
    office.erase(&process, ERASED);
    // Without the orders, what is in the copy is what comes back.
    let restore = |orders| {
        let restored = backup::restore(&process.storage, &file, true, orders);
        process.runtime.block_on(restored).unwrap();
        let is_here = whole(&process, "lanting", &photo).is_some();
        (process.n_with_words(), is_here)
    };
    assert_eq!(restore(None), (2, true));
    let replay = office.replay.clone();
    let again = process.write_everywhere(move |db| replay.everywhere(db));
    assert_eq!(again, Ok(true), "a server that starts");
    assert_eq!(process.n_with_words(), 1);
    assert_eq!(restore(Some(office.replay.clone())), (1, false));
    assert!(process.erased_in_feed().iter().all(Envelope::is_erased));
    put(&process, "lanting", chunk(&photo, 0));
    put(&process, "lanting", chunk(&photo, 1));
    assert_eq!(whole(&process, "lanting", &photo), None);
    let (again, elsewhere) = (folder.path().join("again"), Home::sqlite());
    let other = elsewhere.open();
    block_on(backup::take(&process.storage, &again, now())).unwrap();
    let moved = backup::restore(&other.storage, &again, false, None);
    other.runtime.block_on(moved).unwrap();
    assert_eq!(
        other.n_with_words(),
        1,
        "a copy taken since is whole, and without them"
    );
}
