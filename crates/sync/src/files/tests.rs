//! What the client of files does next, case by case, and that nothing gets lost whatever the network does.

use std::collections::BTreeSet;

use proptest::prelude::*;
use shouwen_domain::limits::CHUNK_BYTES;

use super::*;
use crate::message::Bytes;
use crate::message::files::LackingFile;

/// A client with its clock and its chance in the test's hand.
struct Bench {
    client: Client,
    now: u64,
}

const OWED: Todo = Todo::LoadOwed {
    limit: OFFERED_FILES,
};

impl Bench {
    /// Awake with nothing to do.
    fn idle() -> Self {
        let mut bench = Self {
            client: Client::default(),
            now: 0,
        };
        assert_eq!(bench.feed(Input::Trigger(Trigger::Visible)), None);
        let elsewhere = Todo::LoadElsewhere {
            epoch: 1,
            limit: OFFERED_FILES,
        };
        assert_eq!(bench.words(false, 1), Some(OWED));
        assert_eq!(bench.feed(Input::Owed(Vec::new())), Some(elsewhere));
        assert_eq!(bench.feed(Input::Elsewhere(Vec::new())), Some(OWED));
        assert_eq!(bench.feed(Input::Owed(Vec::new())), None);
        assert_eq!(bench.client.next_timeout(), None);
        bench
    }

    /// Sending the first chunk of the first of these, all of which head office lacks.
    fn sending(files: &[Offered]) -> Self {
        let mut bench = Self::idle();
        let todo = bench.offering(files);
        assert_eq!(todo, Some(offer(files)));
        let todo = bench.feed(Input::Answered(lacking(files)));
        assert_eq!(todo, Some(send(files[0], 0)));
        bench
    }

    fn offering(&mut self, files: &[Offered]) -> Option<Todo> {
        assert_eq!(self.feed(Input::Trigger(Trigger::Sent)), Some(OWED));
        self.feed(Input::Owed(files.to_vec()))
    }

    fn feed(&mut self, input: Input) -> Option<Todo> {
        self.client.handle(input, Elapsed(self.now), 0);
        let todo = self.client.poll();
        assert_eq!(self.client.poll(), None);
        todo
    }

    fn words(&mut self, owed: bool, epoch: u64) -> Option<Todo> {
        self.feed(Input::Words { owed, epoch })
    }

    /// Sleeps until the client wants to be woken.
    fn sleep(&mut self) -> Option<Todo> {
        self.now = self.client.next_timeout().expect("something is due").0;
        self.feed(Input::Trigger(Trigger::Timer))
    }
}

fn file(name: u8, n_chunks: usize) -> (Offered, Vec<u8>) {
    let bytes = vec![name; n_chunks * CHUNK_BYTES - usize::from(name)];
    let offered = Offered {
        hash: Hash::of(&bytes),
        n_bytes: u32::try_from(bytes.len()).unwrap(),
    };
    (offered, bytes)
}

fn chunk(bytes: &[u8], n: u32) -> Vec<u8> {
    let chunk = bytes.chunks(CHUNK_BYTES).nth(n as usize);
    chunk.expect("a chunk").to_vec()
}

fn given(bytes: &[u8], n: u32) -> GivenChunk {
    GivenChunk {
        n_bytes: u32::try_from(bytes.len()).unwrap(),
        bytes: Bytes(chunk(bytes, n)),
        epoch: 1,
    }
}

fn offer(files: &[Offered]) -> Todo {
    Todo::Offer(Offer {
        files: files.to_vec(),
    })
}

fn send(file: Offered, n: u32) -> Todo {
    Todo::Send { file, n }
}

fn lacking(files: &[Offered]) -> Lacking {
    let files = files.iter().map(|it| LackingFile {
        hash: it.hash,
        chunks: (0..n_chunks(it.n_bytes).unwrap()).collect(),
    });
    Lacking {
        files: files.collect(),
        epoch: 1,
    }
}

fn taken(file: Offered, missing: &[u32]) -> Input {
    Input::ChunkTaken(ChunkTaken {
        hash: file.hash,
        missing: missing.to_vec(),
        epoch: 1,
    })
}

fn settle(has: &[Offered], lacks: &[Offered]) -> Todo {
    let hashes = |it: &[Offered]| it.iter().map(|it| it.hash).collect();
    Todo::Settle {
        epoch: 1,
        has: hashes(has),
        lacks: hashes(lacks),
    }
}

#[test]
fn nothing_is_sent_while_words_are_owed() {
    let mut bench = Bench::idle();
    assert_eq!(bench.words(true, 1), None);
    assert_eq!(bench.feed(Input::Trigger(Trigger::Sent)), None);
    assert_eq!(bench.client.next_timeout(), None);
    // In the middle of a file, words go first as well.
    assert_eq!(bench.words(false, 1), Some(OWED));
    let (one, _) = file(1, 2);
    bench.feed(Input::Owed(vec![one]));
    assert_eq!(bench.words(true, 1), None);
    assert_eq!(bench.feed(Input::Answered(lacking(&[one]))), None);
    assert_eq!(bench.words(false, 1), Some(send(one, 0)));
    assert_eq!(bench.words(true, 1), None);
    assert_eq!(bench.feed(taken(one, &[1])), None);
    assert_eq!(bench.words(false, 1), Some(send(one, 1)));
}

#[test]
fn only_the_chunks_that_head_office_lacks_are_sent() {
    let (has, part, new) = (file(1, 1).0, file(2, 5).0, file(3, 1).0);
    let mut bench = Bench::idle();
    let files = [has, part, new];
    assert_eq!(bench.offering(&files), Some(offer(&files)));
    let mut answer = lacking(&[part, new]);
    answer.files[0].chunks = vec![2, 4];
    let todo = bench.feed(Input::Answered(answer));
    assert_eq!(todo, Some(settle(&[has], &[])));
    assert_eq!(bench.feed(Input::Settled), Some(send(part, 2)));
    assert_eq!(bench.feed(taken(part, &[4])), Some(send(part, 4)));
    assert_eq!(bench.feed(taken(part, &[])), Some(settle(&[part], &[])));
    assert_eq!(bench.feed(Input::Settled), Some(send(new, 0)));
    assert_eq!(bench.feed(taken(new, &[])), Some(settle(&[new], &[])));
    assert_eq!(bench.feed(Input::Settled), Some(OWED));
    assert_eq!(bench.feed(Input::Owed(Vec::new())), None);
}

#[test]
fn after_a_cut_head_office_is_asked_again() {
    let (one, _) = file(1, 4);
    let mut bench = Bench::sending(&[one]);
    assert_eq!(bench.feed(taken(one, &[1, 2, 3])), Some(send(one, 1)));
    assert_eq!(bench.feed(Input::Failed(Failure::Network)), None);
    assert_eq!(bench.sleep(), Some(OWED));
    assert_eq!(bench.feed(Input::Owed(vec![one])), Some(offer(&[one])));
    let mut answer = lacking(&[one]);
    answer.files[0].chunks = vec![2, 3];
    let todo = bench.feed(Input::Answered(answer));
    assert_eq!(todo, Some(send(one, 2)), "the answer to chunk 1 was lost");
    // No answer at all counts as a cut.
    let sent_at = bench.now;
    assert_eq!(bench.sleep(), None);
    assert_eq!(bench.now, sent_at + ANSWER_MS);
    assert_eq!(bench.sleep(), Some(OWED));
}

#[test]
fn an_answer_that_is_none_is_not_believed() {
    let (one, _) = file(1, 2);
    let other = file(2, 2).0;
    let wrong: [fn(&mut Lacking); 4] = [
        |it| it.files[0].hash = Hash::of(b"another"),
        |it| it.files[0].chunks.clear(),
        |it| it.files[0].chunks = vec![2],
        |it| it.files[0].chunks = vec![1, 1],
    ];
    for spoil in wrong {
        let mut bench = Bench::idle();
        bench.offering(&[one]);
        let mut answer = lacking(&[one]);
        spoil(&mut answer);
        assert_eq!(bench.feed(Input::Answered(answer)), None);
        assert_eq!(bench.sleep(), Some(OWED));
    }
    for answer in [taken(other, &[]), taken(one, &[2]), taken(one, &[1, 0])] {
        let mut bench = Bench::sending(&[one]);
        assert_eq!(bench.feed(answer), None);
        assert!(matches!(bench.sleep(), Some(Todo::LoadOwed { .. })));
    }
}

#[test]
fn a_file_that_head_office_will_not_take_lets_the_others_go_first() {
    let (bad, good) = (file(1, 1).0, file(2, 1).0);
    let mut bench = Bench::sending(&[bad, good]);
    let declined = Input::Declined(Decline::NotTaken);
    assert_eq!(bench.feed(declined.clone()), Some(send(good, 0)));
    assert_eq!(bench.feed(taken(good, &[])), Some(settle(&[good], &[])));
    let wider = Todo::LoadOwed {
        limit: OFFERED_FILES + 1,
    };
    assert_eq!(bench.feed(Input::Settled), Some(wider.clone()));
    assert_eq!(bench.feed(Input::Owed(vec![bad])), None);
    assert_eq!(bench.sleep(), Some(wider));
    assert_eq!(bench.now, BACKOFF_MAX_MS);
    assert_eq!(bench.feed(Input::Owed(vec![bad])), Some(offer(&[bad])));
}

#[test]
fn wrong_bytes_are_sent_again_a_few_times() {
    let (bad, good) = (file(1, 1).0, file(2, 1).0);
    let mut bench = Bench::sending(&[bad, good]);
    for n in 1..=TRIES {
        let todo = bench.feed(Input::Declined(Decline::WrongBytes));
        let limit = OFFERED_FILES + 1;
        assert_eq!(todo, Some(Todo::LoadOwed { limit }));
        let todo = bench.feed(Input::Owed(vec![bad, good]));
        if n < TRIES {
            assert_eq!(todo, Some(offer(&[bad, good])));
            bench.feed(Input::Answered(lacking(&[bad, good])));
        } else {
            assert_eq!(todo, Some(offer(&[good])));
        }
    }
}

#[test]
fn a_file_that_the_server_chokes_on_lets_the_others_go_first() {
    for why in [Failure::Server, Failure::Storage, Failure::Malformed] {
        let (bad, good) = (file(1, 1).0, file(2, 1).0);
        let mut bench = Bench::sending(&[bad, good]);
        for _ in 1..TRIES {
            assert_eq!(bench.feed(Input::Failed(why)), None);
            bench.sleep();
            bench.feed(Input::Owed(vec![bad, good]));
            bench.feed(Input::Answered(lacking(&[bad, good])));
        }
        assert_eq!(bench.feed(Input::Failed(why)), None);
        bench.sleep();
        let todo = bench.feed(Input::Owed(vec![bad, good]));
        assert_eq!(todo, Some(offer(&[good])));
    }
}

#[test]
fn head_office_is_left_alone_for_as_long_as_it_asks_and_the_file_is_not_passed_over() {
    let (one, other) = (file(1, 1).0, file(2, 1).0);
    let mut bench = Bench::sending(&[one, other]);
    for _ in 0..=TRIES {
        let busy = Failure::Busy { retry_after_s: 60 };
        let until = bench.now + 60_000;
        assert_eq!(bench.feed(Input::Failed(busy)), None);
        bench.now = until - 1;
        for trigger in [Trigger::Sent, Trigger::Visible, Trigger::Timer] {
            assert_eq!(bench.feed(Input::Trigger(trigger)), None, "{trigger:?}");
            assert_eq!(bench.client.next_timeout(), Some(Elapsed(until)));
        }
        assert_eq!(bench.feed(Input::InContact), None);
        assert_eq!(bench.sleep(), Some(OWED));
        assert_eq!(bench.now, until);
        assert_eq!(
            bench.feed(Input::Owed(vec![one, other])),
            Some(offer(&[one, other]))
        );
        let todo = bench.feed(Input::Answered(lacking(&[one, other])));
        assert_eq!(todo, Some(send(one, 0)));
    }
}

#[test]
fn a_server_that_never_has_enough_lets_the_others_go_first() {
    let (bad, good) = (file(1, 2).0, file(2, 1).0);
    let mut bench = Bench::sending(&[bad, good]);
    let mut n_sent = 1;
    while bench.feed(taken(bad, &[0, 1])) == Some(send(bad, 0)) {
        n_sent += 1;
    }
    assert_eq!(n_sent, 2 * TRIES);
    assert_eq!(bench.feed(taken(good, &[])), Some(settle(&[good], &[])));
}

#[test]
fn a_restored_head_office_is_offered_all_that_is_kept() {
    let (there, gone) = (file(1, 1).0, file(2, 1).0);
    let mut bench = Bench::idle();
    assert_eq!(bench.words(false, 2), Some(OWED));
    let elsewhere = Todo::LoadElsewhere {
        epoch: 2,
        limit: OFFERED_FILES,
    };
    let todo = bench.feed(Input::Owed(Vec::new()));
    assert_eq!(todo, Some(elsewhere.clone()));
    let todo = bench.feed(Input::Elsewhere(vec![there, gone]));
    assert_eq!(todo, Some(offer(&[there, gone])));
    let answer = Lacking {
        epoch: 2,
        ..lacking(&[gone])
    };
    let todo = bench.feed(Input::Answered(answer.clone()));
    let settled = Todo::Settle {
        epoch: 2,
        has: vec![there.hash],
        lacks: vec![gone.hash],
    };
    assert_eq!(todo, Some(settled));
    assert_eq!(bench.feed(Input::Settled), Some(OWED));
    assert_eq!(bench.feed(Input::Owed(vec![gone])), Some(offer(&[gone])));
    assert_eq!(bench.feed(Input::Answered(answer)), Some(send(gone, 0)));
    let whole = ChunkTaken {
        hash: gone.hash,
        missing: Vec::new(),
        epoch: 2,
    };
    bench.feed(Input::ChunkTaken(whole));
    assert_eq!(bench.feed(Input::Settled), Some(OWED));
    assert_eq!(bench.feed(Input::Owed(Vec::new())), Some(elsewhere));
    assert_eq!(bench.feed(Input::Elsewhere(Vec::new())), Some(OWED));
    assert_eq!(bench.feed(Input::Owed(Vec::new())), None);
    // The feed may still be read under the epoch before: nothing begins anew.
    assert_eq!(bench.words(false, 2), None);
}

#[test]
fn a_head_office_restored_while_the_store_is_read_is_offered_all_as_well() {
    let mut bench = Bench::idle();
    bench.words(false, 2);
    let elsewhere = |epoch| Todo::LoadElsewhere {
        epoch,
        limit: OFFERED_FILES,
    };
    let todo = bench.feed(Input::Owed(Vec::new()));
    assert_eq!(todo, Some(elsewhere(2)));
    assert_eq!(bench.words(false, 3), None);
    assert_eq!(bench.feed(Input::Elsewhere(Vec::new())), Some(OWED));
    let todo = bench.feed(Input::Owed(Vec::new()));
    assert_eq!(todo, Some(elsewhere(3)));
}

#[test]
fn a_wanted_file_comes_chunk_by_chunk_and_before_what_is_sent() {
    let (one, bytes) = file(1, 3);
    let hash = one.hash;
    let (mine, _) = file(2, 2);
    let mut bench = Bench::sending(&[mine]);
    assert_eq!(bench.feed(Input::Wanted(hash)), None);
    assert_eq!(bench.feed(taken(mine, &[1])), Some(Todo::Look(hash)));
    let coming = |n_here, n_chunks| Some(Progress::Coming { n_here, n_chunks });
    assert_eq!(bench.client.progress(hash), coming(0, 0));
    let fetch = |n| Some(Todo::Fetch { hash, n });
    assert_eq!(bench.feed(Input::Looked(Here::Nothing)), fetch(0));
    let chunk = given(&bytes, 0);
    let keep = Todo::Keep {
        hash,
        n: 0,
        chunk: chunk.clone(),
    };
    assert_eq!(bench.feed(Input::Fetched(chunk)), Some(keep));
    let missing = vec![1, 2];
    let more = Input::Kept(Kept::More { missing });
    assert_eq!(bench.feed(more), fetch(1));
    assert_eq!(bench.client.progress(hash), coming(1, 3));
    bench.feed(Input::Fetched(given(&bytes, 1)));
    let more = Input::Kept(Kept::More { missing: vec![2] });
    assert_eq!(bench.feed(more), fetch(2));
    bench.feed(Input::Fetched(given(&bytes, 2)));
    assert_eq!(bench.feed(Input::Kept(Kept::Whole)), Some(send(mine, 1)));
    assert_eq!(bench.client.progress(hash), None);
}

#[test]
fn a_fetch_that_was_cut_goes_on_with_what_is_missing() {
    let (one, bytes) = file(1, 3);
    let hash = one.hash;
    let mut bench = Bench::idle();
    bench.words(true, 1);
    assert_eq!(bench.feed(Input::Wanted(hash)), Some(Todo::Look(hash)));
    let part = Here::Part {
        n_bytes: one.n_bytes,
        missing: vec![2],
    };
    let fetch = Some(Todo::Fetch { hash, n: 2 });
    assert_eq!(bench.feed(Input::Looked(part)), fetch);
    let (n_here, n_chunks) = (2, 3);
    let progress = bench.client.progress(hash);
    assert_eq!(progress, Some(Progress::Coming { n_here, n_chunks }));
    assert_eq!(bench.feed(Input::Failed(Failure::Network)), None);
    assert_eq!(bench.sleep(), fetch);
    bench.feed(Input::Fetched(given(&bytes, 2)));
    assert_eq!(bench.feed(Input::Kept(Kept::Whole)), None);
}

#[test]
fn whoever_wants_what_cannot_be_had_is_told_why() {
    let (one, bytes) = file(1, 1);
    let hash = one.hash;
    let spoilt = GivenChunk {
        n_bytes: one.n_bytes + 1,
        ..given(&bytes, 0)
    };
    for (answer, kept, n_times, why) in [
        (
            Input::Declined(Decline::NotHere),
            None,
            1,
            Progress::NotThere,
        ),
        (
            Input::Failed(Failure::Server),
            None,
            TRIES,
            Progress::GaveUp,
        ),
        (Input::Fetched(spoilt), None, TRIES, Progress::GaveUp),
        (
            Input::Fetched(given(&bytes, 0)),
            Some(Kept::Wrong),
            TRIES,
            Progress::GaveUp,
        ),
        (
            Input::Fetched(given(&bytes, 0)),
            Some(Kept::NoRoom),
            1,
            Progress::NoRoom,
        ),
    ] {
        let mut bench = Bench::idle();
        bench.feed(Input::Wanted(hash));
        let mut todo = bench.feed(Input::Looked(Here::Nothing));
        for n in 1..=n_times {
            assert_eq!(todo, Some(Todo::Fetch { hash, n: 0 }), "try {n}");
            todo = bench.feed(answer.clone());
            if let Some(kept) = &kept {
                todo = bench.feed(Input::Kept(kept.clone()));
            }
            if todo.is_none() && n < n_times {
                todo = bench.sleep();
            }
        }
        assert_eq!((todo, bench.client.progress(hash)), (None, Some(why)));
        // Asking again begins anew.
        assert_eq!(bench.feed(Input::Wanted(hash)), Some(Todo::Look(hash)));
        assert_eq!(bench.feed(Input::Looked(Here::Whole)), None);
        assert_eq!(bench.client.progress(hash), None);
    }
}

#[test]
fn a_head_office_that_says_another_length_each_time_is_given_up() {
    let mut bench = Bench::idle();
    let hash = Hash::of(b"a photo");
    bench.feed(Input::Wanted(hash));
    bench.feed(Input::Looked(Here::Nothing));
    let mut n_kept = 0;
    let said = (1..10).find(|n| {
        let chunk = GivenChunk {
            n_bytes: u32::try_from(3 * CHUNK_BYTES).unwrap() + n,
            bytes: Bytes(vec![0; CHUNK_BYTES]),
            epoch: 1,
        };
        let is_kept = bench.feed(Input::Fetched(chunk)).is_some();
        if is_kept {
            n_kept += 1;
            bench.feed(Input::Kept(Kept::More { missing: vec![0] }));
        }
        !is_kept
    });
    assert_eq!((said, n_kept), (Some(TRIES + 1), TRIES));
    assert_eq!(bench.client.progress(hash), Some(Progress::GaveUp));
}

#[test]
fn a_file_that_cannot_be_had_holds_up_no_other() {
    let (bad, (good, bytes)) = (file(1, 1).0, file(2, 1));
    let mut bench = Bench::idle();
    bench.feed(Input::Wanted(bad.hash));
    bench.feed(Input::Wanted(good.hash));
    let todo = bench.feed(Input::Looked(Here::Nothing));
    let (hash, n) = (bad.hash, 0);
    assert_eq!(todo, Some(Todo::Fetch { hash, n }));
    let todo = bench.feed(Input::Declined(Decline::NotHere));
    assert_eq!(todo, Some(Todo::Look(good.hash)));
    bench.feed(Input::Looked(Here::Nothing));
    bench.feed(Input::Fetched(given(&bytes, 0)));
    assert_eq!(bench.feed(Input::Kept(Kept::Whole)), None);
}

#[test]
fn a_token_that_has_ended_waits_for_another() {
    for why in [Failure::SignedOut, Failure::NotEnrolled] {
        let (one, _) = file(1, 2);
        let mut bench = Bench::sending(&[one]);
        assert_eq!(bench.feed(Input::Failed(why)), None);
        assert_eq!(bench.client.next_timeout(), None);
        assert_eq!(bench.feed(Input::Trigger(Trigger::Sent)), None);
        assert_eq!(bench.feed(Input::InContact), Some(send(one, 0)));
        bench.feed(Input::Wanted(one.hash));
        bench.feed(taken(one, &[1]));
        bench.feed(Input::Looked(Here::Nothing));
        assert_eq!(bench.feed(Input::Failed(why)), None);
        let (hash, n) = (one.hash, 0);
        let fetch = Some(Todo::Fetch { hash, n });
        assert_eq!(bench.feed(Input::InContact), fetch);
    }
}

#[test]
fn without_a_network_nothing_is_tried() {
    let mut bench = Bench::idle();
    bench.feed(Input::WentOffline);
    assert_eq!(bench.feed(Input::Trigger(Trigger::Sent)), None);
    assert_eq!(bench.feed(Input::Wanted(Hash::of(b"a"))), None);
    assert_eq!(bench.client.next_timeout(), None);
    let look = Todo::Look(Hash::of(b"a"));
    assert_eq!(bench.feed(Input::Trigger(Trigger::Online)), Some(look));
}

/// A device's store and a head office, as plain as they come, and a network that loses answers.
struct World {
    client: Client,
    now: u64,
    /// What this device made or fetched, and the epoch of the head office known to have it.
    here: BTreeMap<Hash, (Vec<u8>, Option<u64>)>,
    arriving: BTreeMap<Hash, BTreeMap<u32, Vec<u8>>>,
    there: BTreeMap<Hash, Vec<u8>>,
    parts: BTreeMap<Hash, BTreeMap<u32, Vec<u8>>>,
    epoch: u64,
    /// Whatever was ever asked for here.
    wanted: BTreeSet<Hash>,
}

#[derive(Debug, Clone, Copy)]
enum Luck {
    Well,
    RequestLost,
    AnswerLost,
    ServerFails,
    /// What is given has a bit turned.
    Spoilt,
    /// The server restarts without what was not whole.
    PartsLost,
    /// The server is restored from before it had anything.
    Restored,
    /// The page is closed and opened again.
    Reloaded,
    WordsOwed,
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        8 => Just(Luck::Well),
        2 => Just(Luck::RequestLost),
        2 => Just(Luck::AnswerLost),
        1 => Just(Luck::ServerFails),
        1 => Just(Luck::Spoilt),
        1 => Just(Luck::PartsLost),
        1 => Just(Luck::Restored),
        1 => Just(Luck::Reloaded),
        1 => Just(Luck::WordsOwed),
    ]
}

impl World {
    fn new(made: &[(Offered, Vec<u8>)], foreign: &[(Offered, Vec<u8>)]) -> Self {
        let bytes = |(offered, bytes): &(Offered, Vec<u8>)| (offered.hash, bytes.clone());
        let mut world = Self {
            client: Client::default(),
            now: 0,
            here: BTreeMap::new(),
            arriving: BTreeMap::new(),
            there: foreign.iter().map(bytes).collect(),
            parts: BTreeMap::new(),
            epoch: 1,
            wanted: foreign.iter().map(|it| it.0.hash).collect(),
        };
        for (hash, bytes) in made.iter().map(bytes) {
            world.here.insert(hash, (bytes, None));
        }
        world.open();
        world
    }

    fn open(&mut self) {
        self.client = Client::default();
        self.tell(Input::Trigger(Trigger::Visible));
        for it in self.wanted.clone() {
            self.tell(Input::Wanted(it));
        }
    }

    fn tell(&mut self, input: Input) {
        self.client.handle(input, Elapsed(self.now), self.now);
    }

    fn notes(&self, fits: impl Fn(Option<u64>) -> bool, limit: usize) -> Vec<Offered> {
        let fitting = self.here.iter().filter(|(_, (_, epoch))| fits(*epoch));
        fitting
            .map(|(hash, (bytes, _))| Offered {
                hash: *hash,
                n_bytes: u32::try_from(bytes.len()).unwrap(),
            })
            .take(limit)
            .collect()
    }

    /// What the server misses of a file, and the whole once it misses nothing.
    fn missing(&mut self, file: Offered) -> Vec<u32> {
        if self.there.contains_key(&file.hash) {
            return Vec::new();
        }
        let part = self.parts.entry(file.hash).or_default();
        (0..n_chunks(file.n_bytes).unwrap())
            .filter(|it| !part.contains_key(it))
            .collect()
    }

    fn put(&mut self, file: Offered, n: u32, bytes: Vec<u8>) -> Input {
        self.parts.entry(file.hash).or_default().insert(n, bytes);
        let missing = self.missing(file);
        if missing.is_empty() && !self.there.contains_key(&file.hash) {
            let part = self.parts.remove(&file.hash).expect("chunks");
            let whole: Vec<u8> = part.into_values().flatten().collect();
            if Hash::of(&whole) != file.hash {
                return Input::Declined(Decline::WrongBytes);
            }
            self.there.insert(file.hash, whole);
        }
        Input::ChunkTaken(ChunkTaken {
            hash: file.hash,
            missing,
            epoch: self.epoch,
        })
    }

    fn perform(&mut self, todo: Todo, luck: Luck) -> Input {
        let is_sent = matches!(
            todo,
            Todo::Offer(_) | Todo::Send { .. } | Todo::Fetch { .. }
        );
        if is_sent && matches!(luck, Luck::RequestLost) {
            return Input::Failed(Failure::Network);
        }
        if is_sent && matches!(luck, Luck::ServerFails) {
            return Input::Failed(Failure::Server);
        }
        let is_spoilt = matches!(luck, Luck::Spoilt);
        let answer = match todo {
            Todo::LoadOwed { limit } => Input::Owed(self.notes(|it| it.is_none(), limit)),
            Todo::LoadElsewhere { epoch, limit } => {
                let elsewhere = |it: Option<u64>| it.is_some_and(|it| it != epoch);
                Input::Elsewhere(self.notes(elsewhere, limit))
            }
            Todo::Offer(offer) => {
                let mut files = Vec::new();
                for it in offer.files {
                    let chunks = self.missing(it);
                    if !chunks.is_empty() {
                        let hash = it.hash;
                        files.push(LackingFile { hash, chunks });
                    }
                }
                let epoch = self.epoch;
                Input::Answered(Lacking { files, epoch })
            }
            Todo::Send { file, n } => {
                let mut bytes = chunk(&self.here[&file.hash].0, n);
                bytes[0] ^= u8::from(is_spoilt);
                self.put(file, n, bytes)
            }
            Todo::Settle { epoch, has, lacks } => {
                for it in has {
                    self.here.get_mut(&it).expect("a file").1 = Some(epoch);
                }
                for it in lacks {
                    self.here.get_mut(&it).expect("a file").1 = None;
                }
                Input::Settled
            }
            Todo::Look(hash) => Input::Looked(match self.arriving.get(&hash) {
                _ if self.here.contains_key(&hash) => Here::Whole,
                Some(part) if !part.is_empty() => {
                    let whole = &self.there.get(&hash);
                    match whole {
                        Some(whole) => Here::Part {
                            n_bytes: u32::try_from(whole.len()).unwrap(),
                            missing: missing_of(whole, part),
                        },
                        None => Here::Nothing,
                    }
                }
                _ => Here::Nothing,
            }),
            Todo::Fetch { hash, n } => match self.there.get(&hash) {
                None => Input::Declined(Decline::NotHere),
                Some(whole) => {
                    let mut given = given(whole, n);
                    given.epoch = self.epoch;
                    given.bytes.0[0] ^= u8::from(is_spoilt);
                    Input::Fetched(given)
                }
            },
            Todo::Keep { hash, n, chunk } => {
                let part = self.arriving.entry(hash).or_default();
                part.insert(n, chunk.bytes.0);
                let length = vec![0; chunk.n_bytes as usize];
                let missing = missing_of(&length, part);
                Input::Kept(if missing.is_empty() {
                    let part = self.arriving.remove(&hash).expect("chunks");
                    let whole: Vec<u8> = part.into_values().flatten().collect();
                    if Hash::of(&whole) == hash {
                        self.here.insert(hash, (whole, Some(chunk.epoch)));
                        Kept::Whole
                    } else {
                        Kept::Wrong
                    }
                } else {
                    Kept::More { missing }
                })
            }
        };
        if is_sent && matches!(luck, Luck::AnswerLost) {
            return Input::Failed(Failure::Network);
        }
        answer
    }

    fn step(&mut self, luck: Luck) {
        match luck {
            Luck::PartsLost => self.parts.clear(),
            Luck::Restored => {
                self.epoch += 1;
                self.there.clear();
                self.parts.clear();
            }
            Luck::Reloaded => self.open(),
            Luck::Well
            | Luck::RequestLost
            | Luck::AnswerLost
            | Luck::ServerFails
            | Luck::Spoilt
            | Luck::WordsOwed => {}
        }
        let (owed, epoch) = (matches!(luck, Luck::WordsOwed), self.epoch);
        self.tell(Input::Words { owed, epoch });
        if let Some(todo) = self.client.poll() {
            assert!(
                !owed || !matches!(todo, Todo::Send { .. }),
                "words go first"
            );
            let input = self.perform(todo, luck);
            self.tell(input);
            return;
        }
        if let Some(at) = self.client.next_timeout() {
            self.now = self.now.max(at.0);
        }
        self.tell(Input::Trigger(Trigger::Timer));
    }
}

fn missing_of(whole: &[u8], part: &BTreeMap<u32, Vec<u8>>) -> Vec<u32> {
    let n_chunks = u32::try_from(whole.chunks(CHUNK_BYTES).len()).unwrap();
    (0..n_chunks).filter(|it| !part.contains_key(it)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is lost, spoilt, restored or closed: when that is over, head office has every file that was
    /// made here, and whoever wanted one has it, in a bounded number of steps.
    #[test]
    fn every_file_gets_there_once_the_network_is_well(
        fortunes in proptest::collection::vec(luck(), 0..150),
        n_made in 0..4_u8,
        n_foreign in 0..3_u8,
    ) {
        let made: Vec<_> = (1..=n_made).map(|it| file(it, 1 + usize::from(it) % 3)).collect();
        let foreign: Vec<_> = (11..11 + n_foreign).map(|it| file(it, 2)).collect();
        let mut world = World::new(&made, &foreign);
        for luck in fortunes {
            world.step(luck);
        }
        // Others fill up a restored head office with what this device never had.
        for (offered, bytes) in &foreign {
            world.there.insert(offered.hash, bytes.clone());
        }
        for it in world.wanted.clone() {
            world.tell(Input::Wanted(it));
        }
        world.tell(Input::Trigger(Trigger::Online));
        let mut n_steps = 0;
        loop {
            world.step(Luck::Well);
            let all_there = made.iter().all(|it| world.there.get(&it.0.hash) == Some(&it.1));
            let all_here = foreign.iter().all(|it| world.here.contains_key(&it.0.hash));
            let all_known = world.here.values().all(|it| it.1 == Some(world.epoch));
            if all_there && all_here && all_known {
                break;
            }
            n_steps += 1;
            prop_assert!(n_steps < 200, "not there after {n_steps} steps");
        }
        for (hash, (bytes, _)) in &world.here {
            prop_assert_eq!(Hash::of(bytes), *hash);
        }
    }
}
