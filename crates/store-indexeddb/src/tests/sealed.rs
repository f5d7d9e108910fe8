//! The suite over a disk of maps that is sealed, and what nobody may do to it without being noticed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use aes_gcm::aead::{Aead, Nonce, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use shouwen_domain::at_rest;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::moment::Moment;
use shouwen_store::suite::{self, Fixture};
use shouwen_store::{
    Conflict, Fault, Files, Hold, Log, Section, WriteError, event_log_suite, file_suite,
};

use super::{Failure, Maps};
use crate::disk::{Key, Store};
use crate::sealing::{Cipher, Message, Sealing};
use crate::{ChainPlace, Engine};

type Sealed = Engine<Sealing<Maps, Aes>>;

/// A real cipher, and nonces that count up.
#[derive(Clone, Default)]
pub(super) struct Aes {
    cipher: Rc<RefCell<Option<Aes256Gcm>>>,
    n_sealed: Rc<Cell<u64>>,
    has_box: Rc<Cell<bool>>,
}

impl Aes {
    fn with(key: [u8; 32]) -> Self {
        Self {
            cipher: Rc::new(RefCell::new(Some(Aes256Gcm::new(&key.into())))),
            ..Self::default()
        }
    }

    fn cipher(&self) -> Result<Aes256Gcm, Fault> {
        self.cipher.borrow().clone().ok_or(Fault::Locked)
    }

    fn lock(&self) {
        self.cipher.take();
    }

    fn unlock(&self, key: [u8; 32]) {
        self.cipher.replace(Some(Aes256Gcm::new(&key.into())));
    }
}

/// Stands for the two halves of a box: whoever has the content key opens it.
fn of_the_box() -> Aes {
    Aes::with([9; 32])
}

fn nonce(bytes: &[u8]) -> Nonce<Aes256Gcm> {
    Nonce::<Aes256Gcm>::try_from(bytes).expect("12 bytes")
}

impl Cipher for Aes {
    fn is_locked(&self) -> bool {
        self.cipher.borrow().is_none()
    }

    async fn seal(&self, messages: &[Message<'_>]) -> Result<Vec<Vec<u8>>, Fault> {
        let cipher = self.cipher()?;
        let seal = |it: &Message<'_>| {
            self.n_sealed.set(self.n_sealed.get() + 1);
            let mut number = [0; 12];
            number[..8].copy_from_slice(&self.n_sealed.get().to_be_bytes());
            let (msg, aad) = (it.bytes, it.bound_to.as_slice());
            let body = cipher.encrypt(&nonce(&number), Payload { msg, aad });
            [number.as_slice(), &body.expect("sealed")].concat()
        };
        Ok(messages.iter().map(seal).collect())
    }

    async fn open(&self, messages: &[Message<'_>]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let cipher = self.cipher()?;
        let open = |it: &Message<'_>| {
            let (number, msg) = it.bytes.split_at_checked(12)?;
            let aad = it.bound_to.as_slice();
            cipher.decrypt(&nonce(number), Payload { msg, aad }).ok()
        };
        Ok(messages.iter().map(open).collect())
    }

    async fn put_in_box(&self, messages: &[Message<'_>]) -> Result<Vec<Vec<u8>>, Fault> {
        if !self.has_box.get() {
            return Err(Fault::Locked);
        }
        of_the_box().seal(messages).await
    }

    async fn take_from_box(&self, messages: &[Message<'_>]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        self.cipher()?;
        of_the_box().open(messages).await
    }
}

pub(super) struct OverSealedMaps {
    pub(super) maps: Maps,
    cipher: Aes,
}

impl Default for OverSealedMaps {
    fn default() -> Self {
        Self {
            maps: Maps::default(),
            cipher: Aes::with([7; 32]),
        }
    }
}

impl Fixture for OverSealedMaps {
    type Log = Sealed;

    async fn open(&self) -> Sealed {
        Engine::new(Sealing::new(self.maps.clone(), self.cipher.clone()))
    }

    async fn after_a_crash(&self) -> Sealed {
        let maps = Maps::holding(self.maps.records.borrow().clone());
        Engine::new(Sealing::new(maps, self.cipher.clone()))
    }

    fn fill_up(&self, log: &Sealed) -> bool {
        let full = Failure::Before(Fault::QuotaExceeded);
        log.disk().under().failure.replace(Some(full));
        true
    }

    fn lose_next_answer(&self, log: &Sealed) -> bool {
        let lost = Failure::AnswerLost;
        log.disk().under().failure.replace(Some(lost));
        true
    }
}

event_log_suite!(OverSealedMaps::default());
file_suite!(OverSealedMaps::default());

const WORDS: &[u8] = b"words that somebody typed";

/// Acts that lie in the journal, in blocks, among the open rows and in the outbox; a draft and a photo.
async fn filled(log: &Sealed) {
    suite::load(log, 100, 40).await;
    for n in 0..40 {
        suite::act(log, suite::case(n), (n % 2 == 0).then_some(1)).await;
    }
    let fence = log.take_over().await.expect("a fence");
    while log.compact(fence).await.expect("a step").more {}
    let owed = log.owed(usize::MAX).await.expect("what is owed");
    let receipts: Vec<_> = owed.iter().take(20).map(suite::accepted).collect();
    log.settle(fence, &receipts).await.expect("settled");
    while log.compact(fence).await.expect("a step").more {}
    suite::act(log, suite::case(1), Some(1)).await;
    let draft = log.put(Section::Drafts, "wang/a", WORDS).await;
    draft.expect("stored");
    let photo = log.put_file(WORDS, Hold::Owed, Moment::default()).await;
    photo.expect("stored");
}

#[test]
fn every_record_that_may_hold_words_is_sealed() {
    suite::block_on(async {
        let fixture = OverSealedMaps::default();
        filled(&fixture.open().await).await;
        let records = fixture.maps.records.borrow();
        let mut sealed: Vec<Store> = Vec::new();
        for ((store, key), record) in records.iter() {
            let holds = |it: &[u8]| record.windows(it.len()).any(|at| at == it);
            assert!(!holds(WORDS), "{store:?} {key}");
            for n in 0..100 {
                assert!(!holds(suite::case(n).bytes()), "{store:?} {key}, case {n}");
            }
            sealed.extend((record[0] == 0xfe).then_some(*store));
        }
        sealed.dedup();
        let all = [
            Store::Meta,
            Store::Journal,
            Store::Blocks,
            Store::Hot,
            Store::Directory,
            Store::Outbox,
            Store::Named,
            Store::Chunks,
        ];
        assert_eq!(sealed, all);
        let nonces = records.values().filter(|it| it[0] == 0xfe);
        let nonces: Vec<&[u8]> = nonces.map(|it| &it[1..13]).collect();
        let n_nonces = nonces.len();
        let different: std::collections::BTreeSet<_> = nonces.into_iter().collect();
        assert_eq!(different.len(), n_nonces);
    });
}

#[test]
fn without_the_key_nothing_sealed_is_read_or_written_and_the_rest_is() {
    suite::block_on(async {
        let fixture = OverSealedMaps::default();
        filled(&fixture.open().await).await;
        let append = suite::next(&fixture.open().await, suite::case(2), Some(1)).await;
        let before = fixture.maps.records.borrow().clone();
        fixture.cipher.lock();
        let log = fixture.open().await;
        assert_eq!(log.opening(1).await.err(), Some(Fault::Locked));
        assert_eq!(log.rows(None, 1).await.err(), Some(Fault::Locked));
        assert_eq!(log.history(suite::case(1)).await.err(), Some(Fault::Locked));
        assert_eq!(log.owed(1).await.err(), Some(Fault::Locked));
        assert_eq!(log.fates(1).await.err(), Some(Fault::Locked));
        assert_eq!(log.append(append).await, Err(Fault::Locked.into()));
        let draft = log.get(Section::Drafts, "wang/a").await;
        assert_eq!(draft, Err(Fault::Locked));
        let draft = log.put(Section::Drafts, "wang/b", WORDS).await;
        assert_eq!(draft, Err(Fault::Locked));
        let photo = shouwen_domain::hash::Hash::of(WORDS);
        assert_eq!(log.file(photo).await, Err(Fault::Locked));
        assert_eq!(*fixture.maps.records.borrow(), before);

        let empty = OverSealedMaps::default();
        empty.cipher.lock();
        let opening = empty.open().await.opening(1).await;
        assert_eq!(opening.err(), Some(Fault::Locked));

        let totals = log.file_totals().await.expect("totals");
        assert_eq!(totals.n_owed, 1);
        let put = log.put(Section::Settings, "a", b"plain").await;
        put.expect("stored");
        let got = log.get(Section::Settings, "a").await;
        assert_eq!(got, Ok(Some(b"plain".to_vec())));
        assert_eq!(log.list(Section::Drafts).await.map(|it| it.len()), Ok(1));
    });
}

#[test]
fn a_photo_is_given_as_it_lies_without_the_key_and_opened_by_whoever_has_it() {
    suite::block_on(async {
        let key = [7; 32];
        let fixture = OverSealedMaps {
            cipher: Aes::with(key),
            ..OverSealedMaps::default()
        };
        filled(&fixture.open().await).await;
        fixture.cipher.lock();
        let photo = shouwen_domain::hash::Hash::of(WORDS);
        let here = fixture.open().await.chunk(photo, 0).await;
        let here = here.expect("no fault").expect("a chunk");
        assert!(here.is_sealed);
        let message = Message {
            bytes: &here.bytes,
            bound_to: at_rest::bound_to(at_rest::CHUNKS, at_rest::chunk_name(photo, 0).as_bytes()),
        };
        let opened = Aes::with(key).open(&[message]).await.expect("a key");
        let record = opened[0].as_ref().expect("sealed with it");
        let chunk = at_rest::chunk_in(record).expect("a chunk");
        assert_eq!(chunk.bytes, WORDS);
    });
}

#[test]
fn a_record_that_was_changed_or_put_in_another_s_place_is_named() {
    suite::block_on(async {
        let fixture = OverSealedMaps::default();
        let log = fixture.open().await;
        for n in 1..=3 {
            suite::act(&log, suite::case(n), Some(n)).await;
        }
        let key = |n| (Store::Journal, Key::Number(n));
        let whole = fixture.maps.records.borrow()[&key(2)].clone();
        let put = |it: &[u8]| {
            let mut records = fixture.maps.records.borrow_mut();
            records.insert(key(2), it.to_vec());
        };
        let told = || async { fixture.open().await.opening(1).await.err() };
        let corrupt = |what: &str| {
            Some(Fault::Corrupt {
                what: what.to_owned(),
            })
        };
        for at in 1..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            put(&changed);
            assert_eq!(told().await, corrupt("what is sealed as journal 2"), "{at}");
        }
        for short in [1, 5, 13, whole.len() - 1] {
            put(&whole[..short]);
            assert_eq!(told().await, corrupt("what is sealed as journal 2"));
        }
        let another = fixture.maps.records.borrow()[&key(3)].clone();
        put(&another);
        assert_eq!(told().await, corrupt("what is sealed as journal 2"));
        put(&whole);
        assert_eq!(told().await, None);

        let hot = (Store::Hot, Key::Number(2));
        fixture.maps.records.borrow_mut().insert(hot.clone(), whole);
        let read = crate::disk::Read::One(hot.0, hot.1);
        let told = crate::disk::Disk::read(log.disk(), &[read]).await.err();
        assert_eq!(told, corrupt("what is sealed as hot 2"));

        let other = Engine::new(Sealing::new(fixture.maps.clone(), Aes::with([8; 32])));
        assert!(matches!(other.opening(1).await, Err(Fault::Corrupt { .. })));
    });
}

#[test]
fn what_was_written_before_there_was_a_key_is_read_and_sealed_when_it_is_written_again() {
    suite::block_on(async {
        let fixture = OverSealedMaps::default();
        let before = Engine::new(fixture.maps.clone());
        suite::load(&before, 100, 40).await;
        suite::act(&before, suite::case(1), Some(1)).await;
        before
            .put(Section::Drafts, "wang/a", WORDS)
            .await
            .expect("stored");
        let seen = suite::see(&before).await;

        let log = fixture.open().await;
        suite::assert_same(&suite::see(&log).await, &seen);
        let draft = log.get(Section::Drafts, "wang/a").await;
        assert_eq!(draft, Ok(Some(WORDS.to_vec())));
        let is_sealed = |store, key| fixture.maps.records.borrow()[&(store, key)][0] == 0xfe;
        let draft = Key::named(Section::Drafts, "wang/a");
        assert!(!is_sealed(Store::Named, draft.clone()));
        log.put(Section::Drafts, "wang/a", WORDS)
            .await
            .expect("stored");
        assert!(is_sealed(Store::Named, draft));
        let fence = log.take_over().await.expect("a fence");
        while log.compact(fence).await.expect("a step").more {}
        assert!(is_sealed(Store::Hot, Key::Number(0)));
        suite::assert_same(&suite::see(&fixture.open().await).await, &seen);
    });
}

#[test]
fn a_letter_is_stored_with_its_act_read_without_the_key_and_gone_with_the_receipt() {
    suite::block_on(async {
        let fixture = OverSealedMaps::default();
        let log = fixture.open().await;
        let mut envelopes = Vec::new();
        for n in 1..=3_u8 {
            let append = suite::next(&log, suite::case(n.into()), Some(1)).await;
            envelopes.push(append.envelope.clone());
            let sealed = log.append_with(append, Some(vec![n])).await;
            assert_eq!(sealed.expect("stored").n_owed, u64::from(n));
            let stores = fixture.maps.last_writes.borrow();
            let stores: Vec<Store> = stores.iter().map(crate::disk::Write::store).collect();
            assert_eq!(stores, [Store::Letters, Store::Journal, Store::Meta]);
        }
        let fence = log.take_over().await.expect("a fence");
        let receipts = [suite::accepted(&envelopes[1])];
        log.settle(fence, &receipts).await.expect("settled");

        fixture.cipher.lock();
        let log = fixture.open().await;
        assert_eq!(log.standing().await.map(|it| it.n_owed), Ok(2));
        let (mut after, mut found) = (None, Vec::new());
        while let Some((place, letter)) = log.letter_after(after).await.expect("letters") {
            found.push((place.sequence, letter));
            after = Some(place);
        }
        assert_eq!(found, [(1, vec![1]), (3, vec![3])]);
        log.drop_letter(after.expect("a letter"))
            .await
            .expect("gone");
        let last = log.letter_after(Some(ChainPlace::of(&envelopes[0]))).await;
        assert_eq!(last, Ok(None));
    });
}

#[test]
fn the_letter_of_an_act_goes_with_its_words_and_the_act_is_still_owed() {
    suite::block_on(async {
        let fixture = OverSealedMaps::default();
        let log = fixture.open().await;
        for n in 1..=3_u8 {
            let append = suite::next_saying(&log, suite::case(n.into()), Some(1), 9).await;
            let sealed = log.append_with(append, Some(vec![n])).await;
            sealed.expect("stored");
        }
        let fence = log.take_over().await.expect("a fence");
        let erased = suite::erase(&log, fence, &[suite::case(2)]).await;
        assert_eq!(erased.expect("erased").n_owed, 3);
        let (mut after, mut found) = (None, Vec::new());
        while let Some((place, letter)) = log.letter_after(after).await.expect("letters") {
            found.push(letter);
            after = Some(place);
        }
        assert_eq!(found, [vec![1], vec![3]]);
        let owed = log.owed(usize::MAX).await.expect("what is owed");
        let has_content: Vec<_> = owed.iter().map(Envelope::has_content).collect();
        assert_eq!(has_content, [true, false, true]);
    });
}

#[test]
fn what_is_recorded_while_the_key_is_away_is_there_when_it_is_back() {
    suite::block_on(async {
        let fixture = OverSealedMaps::default();
        filled(&fixture.open().await).await;
        fixture.cipher.lock();
        let log = fixture.open().await;
        let standing = log.standing().await.expect("a standing");
        let append = suite::first(standing.head, suite::case(777), Some(1));
        let unread = log.append_unread(&append, Some(vec![1])).await;
        assert_eq!(unread, Err(Fault::Locked.into()), "there is no box");

        fixture.cipher.has_box.set(true);
        let stored = log.append_unread(&append, Some(vec![1])).await;
        let stored = stored.expect("stored");
        assert_eq!(stored.n_owed, standing.n_owed + 1);
        assert_eq!(stored.n_cases, standing.n_cases + 1);
        // Whoever lost the answer asks again; whoever was second has to follow.
        let again = log.append_unread(&append, Some(vec![1])).await;
        assert_eq!(again, Ok(stored));
        let second = suite::first(standing.head, suite::case(778), Some(1));
        let second = log.append_unread(&second, None).await;
        assert!(matches!(
            second,
            Err(WriteError::Conflict(Conflict::Head { .. }))
        ));
        let draft = log.put(Section::Drafts, "wang/b", WORDS).await;
        draft.expect("stored");
        let photo = [WORDS, b"seen"].concat();
        let hash = log.put_file(&photo, Hold::Draft, Moment::default()).await;
        let hash = hash.expect("stored");
        assert_eq!(log.owe_file(hash).await, Ok(true));
        assert_eq!(log.owe_file(hash).await, Ok(true));
        let nowhere = shouwen_domain::hash::Hash::of(b"nowhere");
        assert_eq!(log.owe_file(nowhere).await, Ok(false));
        // Nothing else goes in, and nothing comes out.
        let hot = crate::disk::Write::Put(Store::Hot, Key::Number(9), WORDS.to_vec());
        let written = crate::disk::Disk::write(log.disk(), &[hot]).await;
        assert_eq!(written, Err(Fault::Locked));
        assert_eq!(log.history(suite::case(777)).await, Err(Fault::Locked));
        assert_eq!(log.file(hash).await, Err(Fault::Locked));
        for ((store, key), record) in fixture.maps.records.borrow().iter() {
            let holds = |it: &[u8]| record.windows(it.len()).any(|at| at == it);
            assert!(!holds(WORDS), "{store:?} {key}");
            assert!(!holds(suite::case(777).bytes()), "{store:?} {key}");
        }

        fixture.cipher.unlock([7; 32]);
        let log = fixture.open().await;
        let found = log.history(suite::case(777)).await.expect("a history");
        assert_eq!(found.version, 1);
        assert_eq!(found.entries[0].envelope, append.envelope);
        let rows = log.opening(usize::MAX).await.expect("rows").rows;
        assert!(rows.iter().any(|it| it.case == suite::case(777)));
        assert_eq!(log.file(hash).await, Ok(Some(photo)));
        let draft = log.get(Section::Drafts, "wang/b").await;
        assert_eq!(draft, Ok(Some(WORDS.to_vec())));
        let owed = log.owed(usize::MAX).await.expect("what is owed");
        assert_eq!(owed.last(), Some(&append.envelope));
        // Put away, it is sealed as everything else, and the rest is as it was.
        let fence = log.take_over().await.expect("a fence");
        while log.compact(fence).await.expect("a step").more {}
        let records = fixture.maps.records.borrow().clone();
        assert!(
            records
                .iter()
                .all(|((store, _), it)| *store != Store::Journal || it[0] != 0xfd)
        );
    });
}
