//! The device's side of files: what to do next so that every photo made here reaches head office, and what
//! somebody wants to see comes from there.
//!
//! Fed like [`crate::client::Client`], and holds nothing that must survive either: which files are owed, and
//! which chunks of an arriving one are here, the store knows. Words go first: nothing is sent while any are
//! owed. Head office says what it lacks before anything is sent, so that whatever was cut goes on where it
//! was; its word on what is missing counts, and it never has a file before it says that the whole is right.
//! One file that cannot be sent or fetched never holds up another.

use std::collections::{BTreeMap, VecDeque};

use shouwen_domain::chunk::{chunk_bytes, n_chunks};
use shouwen_domain::hash::Hash;

use crate::client::{ANSWER_MS, BACKOFF_MAX_MS, Elapsed, Failure, Lane, Trigger};
use crate::message::files::{ChunkTaken, GivenChunk, Lacking, OFFERED_FILES, Offer, Offered};

/// What is wrong with one file is tried this often before others go first, or a person is told.
pub const TRIES: u32 = 3;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Trigger(Trigger),
    WentOffline,
    /// There is a token, or another one.
    InContact,
    /// Whether words are owed, and the epoch of the feed as far as it was read; zero: never.
    Words {
        owed: bool,
        epoch: u64,
    },
    /// Somebody wants to see this file.
    Wanted(Hash),
    /// To [`Todo::LoadOwed`], oldest first.
    Owed(Vec<Offered>),
    /// To [`Todo::LoadElsewhere`], oldest first.
    Elsewhere(Vec<Offered>),
    /// To [`Todo::Offer`].
    Answered(Lacking),
    /// To [`Todo::Send`].
    ChunkTaken(ChunkTaken),
    /// To [`Todo::Settle`].
    Settled,
    /// To [`Todo::Look`].
    Looked(Here),
    /// To [`Todo::Fetch`].
    Fetched(GivenChunk),
    /// To [`Todo::Keep`].
    Kept(Kept),
    /// To [`Todo::Send`] or [`Todo::Fetch`]: head office's word on this file.
    Declined(Decline),
    /// To whatever is under way.
    Failed(Failure),
}

/// What is here of a file that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Here {
    Nothing,
    Part { n_bytes: u32, missing: Vec<u32> },
    Whole,
}

/// What became of a chunk that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    More {
        missing: Vec<u32>,
    },
    Whole,
    /// The whole was not what its hash says, and was thrown away.
    Wrong,
    NoRoom,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decline {
    /// What was sent is not what its hash says; head office threw it away.
    WrongBytes,
    /// It will not take this file, however often it is sent.
    NotTaken,
    /// It does not have this file.
    NotHere,
}

/// What to do next. Each is answered by one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Todo {
    /// Read the oldest files that are owed.
    LoadOwed {
        limit: usize,
    },
    /// Read the oldest files that are kept and not known to be at a head office of this epoch.
    LoadElsewhere {
        epoch: u64,
        limit: usize,
    },
    Offer(Offer),
    /// Read this chunk and send it.
    Send {
        file: Offered,
        n: u32,
    },
    /// Store that a head office of this epoch has, or lacks, these.
    Settle {
        epoch: u64,
        has: Vec<Hash>,
        lacks: Vec<Hash>,
    },
    /// Read what is here of this file.
    Look(Hash),
    Fetch {
        hash: Hash,
        n: u32,
    },
    /// Store this chunk, and check the whole with the last one.
    Keep {
        hash: Hash,
        n: u32,
        chunk: GivenChunk,
    },
}

/// How far a wanted file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many chunks of so many; none: not known yet.
    Coming { n_here: u32, n_chunks: u32 },
    /// Whoever made it has not sent it yet.
    NotThere,
    /// What came was wrong again and again, or head office could not.
    GaveUp,
    /// The device has no room for it.
    NoRoom,
}

/// The device's side of files.
#[derive(Debug, Clone)]
pub struct Client {
    step: Step,
    /// When the step under way counts as failed.
    deadline: Elapsed,
    next: Option<Todo>,
    /// Until when head office is left alone, since it said so.
    quiet_until: Option<Elapsed>,
    push: Lane,
    fetch: Lane,
    words_owed: bool,
    /// Of the feed, as last told. It lags behind what head office says of itself here.
    feed_epoch: u64,
    /// Of the head office last heard of; zero: none yet.
    epoch: u64,
    /// The epoch of which head office is known to have all that is kept here.
    swept: u64,
    sending: VecDeque<Sending>,
    /// What went wrong with files that are sent, and until when others go first.
    trouble: BTreeMap<Hash, Trouble>,
    wanted: VecDeque<Want>,
    ended: BTreeMap<Hash, Progress>,
    online: bool,
    in_contact: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Rest,
    LoadingOwed,
    LoadingElsewhere { epoch: u64 },
    Offering { files: Vec<Offered>, is_sweep: bool },
    Sending { n: u32 },
    Settling { has: Vec<Hash> },
    Looking,
    Fetching { n: u32 },
    Keeping,
}

#[derive(Debug, Clone)]
struct Sending {
    file: Offered,
    missing: Vec<u32>,
    /// Chunks that may still be sent before it counts as trouble.
    n_left: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Trouble {
    n_times: u32,
    until: Option<Elapsed>,
}

#[derive(Debug, Clone)]
struct Want {
    hash: Hash,
    /// None: nobody looked yet what is here.
    missing: Option<Vec<u32>>,
    /// Zero: not known yet.
    n_bytes: u32,
    n_troubles: u32,
}

impl Want {
    const fn new(hash: Hash) -> Self {
        Self {
            hash,
            missing: None,
            n_bytes: 0,
            n_troubles: 0,
        }
    }

    fn progress(&self) -> Progress {
        let n_chunks = n_chunks(self.n_bytes).unwrap_or_default();
        let n_missing = self
            .missing
            .as_ref()
            .map_or(n_chunks, |it| u32::try_from(it.len()).unwrap_or(u32::MAX));
        Progress::Coming {
            n_here: n_chunks.saturating_sub(n_missing),
            n_chunks,
        }
    }
}

impl Default for Client {
    /// Does nothing before its first trigger.
    fn default() -> Self {
        let mut push = Lane::default();
        push.wanted = true;
        Self {
            step: Step::Rest,
            deadline: Elapsed(0),
            next: None,
            quiet_until: None,
            push,
            fetch: Lane::default(),
            words_owed: true,
            feed_epoch: 0,
            epoch: 0,
            swept: 0,
            sending: VecDeque::new(),
            trouble: BTreeMap::new(),
            wanted: VecDeque::new(),
            ended: BTreeMap::new(),
            online: true,
            in_contact: true,
        }
    }
}

impl Client {
    /// Takes in what happened. `chance` is 64 random bits, for waiting times that differ between devices.
    pub fn handle(&mut self, input: Input, now: Elapsed, chance: u64) {
        self.quiet_until = self.quiet_until.filter(|it| now < *it);
        match input {
            Input::Trigger(it) => self.trigger(it, now, chance),
            Input::WentOffline => self.online = false,
            Input::InContact => {
                self.in_contact = true;
                self.hurry();
            }
            Input::Words { owed, epoch } => self.words(owed, epoch),
            Input::Wanted(hash) => self.want(hash),
            Input::Owed(files) => self.owed(files, now),
            Input::Elsewhere(files) => self.elsewhere(files, now),
            Input::Answered(answer) => self.answered(&answer, now, chance),
            Input::ChunkTaken(answer) => self.chunk_taken(answer, now, chance),
            Input::Settled => self.settled(),
            Input::Looked(here) => self.looked(here),
            Input::Fetched(chunk) => self.fetched(chunk, now, chance),
            Input::Kept(kept) => self.kept(kept),
            Input::Declined(why) => self.declined(why, now, chance),
            Input::Failed(why) => self.failed(why, now, chance),
        }
        self.advance(now);
    }

    /// What is to be done, once.
    pub fn poll(&mut self) -> Option<Todo> {
        self.next.take()
    }

    /// When to come back with [`Trigger::Timer`], if nothing happens before.
    pub fn next_timeout(&self) -> Option<Elapsed> {
        if self.step != Step::Rest {
            return Some(self.deadline);
        }
        if !self.online || !self.in_contact {
            return None;
        }
        let push = self.push.wakes_at().filter(|_| !self.words_owed);
        let next = [push, self.fetch.wakes_at()].into_iter().flatten().min();
        self.quiet_until.or(next)
    }

    /// Of a file that was wanted; none once it is here.
    pub fn progress(&self, hash: Hash) -> Option<Progress> {
        let wanted = self.wanted.iter().find(|it| it.hash == hash);
        wanted
            .map(Want::progress)
            .or_else(|| self.ended.get(&hash).copied())
    }

    fn trigger(&mut self, trigger: Trigger, now: Elapsed, chance: u64) {
        match trigger {
            Trigger::Sent => self.push.wanted = true,
            // News is of words.
            Trigger::News => {}
            // Some browsers forget to say that they are online again: looking is worth a try.
            Trigger::Online | Trigger::Visible => {
                self.online = true;
                self.hurry();
            }
            Trigger::Timer => {
                if self.step != Step::Rest && self.deadline <= now {
                    self.failed(Failure::Network, now, chance);
                }
            }
        }
    }

    fn hurry(&mut self) {
        for it in self.trouble.values_mut() {
            it.until = None;
        }
        self.push.hurry();
        if !self.wanted.is_empty() {
            self.fetch.hurry();
        }
    }

    fn words(&mut self, owed: bool, epoch: u64) {
        self.push.wanted |= self.words_owed && !owed;
        self.words_owed = owed;
        // What nobody was told yet waits as well.
        if owed && self.next.is_some() && !self.is_fetching() {
            self.next = None;
            self.step = Step::Rest;
            self.push.wanted = true;
        }
        if epoch != self.feed_epoch {
            self.feed_epoch = epoch;
            self.meet_epoch(epoch);
        }
    }

    /// A server of another epoch lost its files or was restored from a backup: whatever is here is offered again.
    fn meet_epoch(&mut self, epoch: u64) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.sending.clear();
            self.push.wanted = true;
        }
    }

    const fn is_fetching(&self) -> bool {
        matches!(
            self.step,
            Step::Looking | Step::Fetching { .. } | Step::Keeping
        )
    }

    fn want(&mut self, hash: Hash) {
        self.ended.remove(&hash);
        if self.wanted.iter().all(|it| it.hash != hash) {
            self.wanted.push_back(Want::new(hash));
        }
        self.fetch.hurry();
    }

    fn advance(&mut self, now: Elapsed) {
        let may_ask = self.online && self.in_contact && self.quiet_until.is_none();
        if self.step != Step::Rest || !may_ask {
            return;
        }
        if let Some(want) = self.wanted.front()
            && self.fetch.is_ready(now)
        {
            self.fetch.begin();
            let hash = want.hash;
            match want.missing.as_deref() {
                None => self.begin(Step::Looking, now, Todo::Look(hash)),
                Some(missing) => {
                    // Of what nobody knows the length, the first chunk tells.
                    let n = missing.first().copied().unwrap_or_default();
                    self.begin(Step::Fetching { n }, now, Todo::Fetch { hash, n });
                }
            }
        } else if self.push.is_ready(now) && !self.words_owed {
            self.push.begin();
            if let Some(it) = self.sending.front() {
                let (file, n) = (it.file, it.missing.first().copied().unwrap_or_default());
                self.begin(Step::Sending { n }, now, Todo::Send { file, n });
            } else {
                // As many more as are passed over, so that these hide none behind them.
                let limit = OFFERED_FILES + self.trouble.len();
                self.begin(Step::LoadingOwed, now, Todo::LoadOwed { limit });
            }
        }
    }

    fn begin(&mut self, step: Step, now: Elapsed, todo: Todo) {
        self.step = step;
        self.deadline = now.after(ANSWER_MS);
        self.next = Some(todo);
    }

    fn owed(&mut self, mut files: Vec<Offered>, now: Elapsed) {
        if self.step != Step::LoadingOwed {
            return;
        }
        self.step = Step::Rest;
        self.trouble
            .retain(|hash, _| files.iter().any(|it| it.hash == *hash));
        let waits = |it: &Trouble| it.until.filter(|it| *it > now);
        files.retain(|it| self.trouble.get(&it.hash).and_then(waits).is_none());
        files.truncate(OFFERED_FILES);
        if !files.is_empty() {
            self.offer(files, false, now);
        } else if self.epoch != 0 && self.swept != self.epoch {
            let epoch = self.epoch;
            let limit = OFFERED_FILES;
            let todo = Todo::LoadElsewhere { epoch, limit };
            self.begin(Step::LoadingElsewhere { epoch }, now, todo);
        } else {
            self.push.succeed();
            self.push.due = self.trouble.values().filter_map(waits).min();
        }
    }

    fn elsewhere(&mut self, mut files: Vec<Offered>, now: Elapsed) {
        let Step::LoadingElsewhere { epoch } = self.step else {
            return;
        };
        self.step = Step::Rest;
        files.truncate(OFFERED_FILES);
        if files.is_empty() {
            self.swept = epoch;
            self.push.wanted = true;
        } else {
            self.offer(files, true, now);
        }
    }

    fn offer(&mut self, files: Vec<Offered>, is_sweep: bool, now: Elapsed) {
        let offer = Offer {
            files: files.clone(),
        };
        self.begin(Step::Offering { files, is_sweep }, now, Todo::Offer(offer));
    }

    fn answered(&mut self, answer: &Lacking, now: Elapsed, chance: u64) {
        let Step::Offering { files, is_sweep } = &self.step else {
            return;
        };
        let (is_sweep, mut has) = (*is_sweep, files.clone());
        let mut lacking = VecDeque::new();
        for it in &answer.files {
            let Some(place) = has.iter().position(|offered| offered.hash == it.hash) else {
                return self.failed(Failure::Malformed, now, chance);
            };
            let file = has.remove(place);
            if it.chunks.is_empty() || !are_chunks_of(file, &it.chunks) {
                return self.failed(Failure::Malformed, now, chance);
            }
            lacking.push_back(Sending {
                file,
                missing: it.chunks.clone(),
                n_left: n_chunks(file.n_bytes).unwrap_or_default() * TRIES,
            });
        }
        self.push.succeed();
        self.meet_epoch(answer.epoch);
        let has: Vec<Hash> = has.iter().map(|it| it.hash).collect();
        if is_sweep {
            let lacks = lacking.iter().map(|it| it.file.hash).collect();
            self.settle(has, lacks, now);
        } else {
            self.sending = lacking;
            if has.is_empty() {
                self.step = Step::Rest;
                self.push.wanted = true;
            } else {
                self.settle(has, Vec::new(), now);
            }
        }
    }

    fn settle(&mut self, has: Vec<Hash>, lacks: Vec<Hash>, now: Elapsed) {
        let todo = Todo::Settle {
            epoch: self.epoch,
            has: has.clone(),
            lacks,
        };
        self.begin(Step::Settling { has }, now, todo);
    }

    fn settled(&mut self) {
        if let Step::Settling { has } = &self.step {
            for it in has {
                self.trouble.remove(it);
            }
            self.step = Step::Rest;
            self.push.wanted = true;
        }
    }

    fn chunk_taken(&mut self, answer: ChunkTaken, now: Elapsed, chance: u64) {
        let Step::Sending { .. } = self.step else {
            return;
        };
        let sent = self.sending.front().map(|it| it.file);
        let is_right =
            |file: &Offered| answer.hash == file.hash && are_chunks_of(*file, &answer.missing);
        let Some(file) = sent.filter(is_right) else {
            return self.failed(Failure::Malformed, now, chance);
        };
        self.push.succeed();
        if answer.missing.is_empty() {
            self.sending.pop_front();
            self.meet_epoch(answer.epoch);
            return self.settle(vec![file.hash], Vec::new(), now);
        }
        self.step = Step::Rest;
        self.push.wanted = true;
        if let Some(it) = self.sending.front_mut() {
            it.missing = answer.missing;
            it.n_left = it.n_left.saturating_sub(1);
            if it.n_left == 0 {
                self.set_aside(file.hash, now);
            }
        }
        self.meet_epoch(answer.epoch);
    }

    /// Others go first for a while.
    fn set_aside(&mut self, hash: Hash, now: Elapsed) {
        self.sending.retain(|it| it.file.hash != hash);
        let trouble = self.trouble.entry(hash).or_default();
        trouble.n_times = 0;
        trouble.until = Some(now.after(BACKOFF_MAX_MS));
    }

    /// Counts what went wrong with the file that is being sent, and sets it aside when that is enough.
    fn count_trouble(&mut self, now: Elapsed) {
        let Some(hash) = self.sending.front().map(|it| it.file.hash) else {
            return;
        };
        let trouble = self.trouble.entry(hash).or_default();
        trouble.n_times += 1;
        if trouble.n_times >= TRIES {
            self.set_aside(hash, now);
        }
    }

    fn looked(&mut self, here: Here) {
        if self.step != Step::Looking {
            return;
        }
        self.step = Step::Rest;
        self.fetch.wanted = true;
        match here {
            Here::Whole => self.end(None),
            Here::Nothing => self.go_on(0, Vec::new()),
            Here::Part { n_bytes, missing } => self.go_on(n_bytes, missing),
        }
    }

    fn go_on(&mut self, n_bytes: u32, missing: Vec<u32>) {
        if let Some(want) = self.wanted.front_mut() {
            want.n_bytes = n_bytes;
            want.missing = Some(missing);
        }
    }

    /// The file that was looked for first is here, or nobody looks any more, and why.
    fn end(&mut self, why: Option<Progress>) {
        if let (Some(want), Some(why)) = (self.wanted.pop_front(), why) {
            self.ended.insert(want.hash, why);
        }
        self.fetch.wanted = !self.wanted.is_empty();
    }

    fn fetched(&mut self, chunk: GivenChunk, now: Elapsed, chance: u64) {
        let Step::Fetching { n } = self.step else {
            return;
        };
        if chunk_bytes(chunk.n_bytes, n) != Some(chunk.bytes.0.len()) {
            return self.failed(Failure::Malformed, now, chance);
        }
        self.fetch.succeed();
        self.meet_epoch(chunk.epoch);
        let Some(want) = self.wanted.front_mut() else {
            return;
        };
        let hash = want.hash;
        if want.n_bytes != chunk.n_bytes && want.n_bytes != 0 {
            // It was said to be of another length before.
            self.step = Step::Rest;
            self.fetch.wanted = true;
            self.count_want();
        }
        if let Some(want) = self.wanted.front_mut().filter(|it| it.hash == hash) {
            want.n_bytes = chunk.n_bytes;
            self.begin(Step::Keeping, now, Todo::Keep { hash, n, chunk });
        }
    }

    fn kept(&mut self, kept: Kept) {
        if self.step != Step::Keeping {
            return;
        }
        self.step = Step::Rest;
        self.fetch.wanted = true;
        match kept {
            Kept::More { missing } => {
                if let Some(want) = self.wanted.front_mut() {
                    want.missing = Some(missing);
                }
            }
            Kept::Whole => self.end(None),
            Kept::NoRoom => self.end(Some(Progress::NoRoom)),
            Kept::Wrong => {
                self.go_on(0, Vec::new());
                self.count_want();
            }
        }
    }

    /// Counts what went wrong with the file that is being fetched, and gives up when that is enough.
    fn count_want(&mut self) {
        if let Some(want) = self.wanted.front_mut() {
            want.n_troubles += 1;
            if want.n_troubles >= TRIES {
                self.end(Some(Progress::GaveUp));
            }
        }
    }

    fn declined(&mut self, why: Decline, now: Elapsed, chance: u64) {
        match (&self.step, why) {
            (Step::Sending { .. }, Decline::WrongBytes) => {
                self.step = Step::Rest;
                self.push.wanted = true;
                self.push.succeed();
                self.count_trouble(now);
                self.sending.clear();
            }
            (Step::Sending { .. }, Decline::NotTaken) => {
                self.step = Step::Rest;
                self.push.wanted = true;
                self.push.succeed();
                if let Some(it) = self.sending.front() {
                    self.set_aside(it.file.hash, now);
                }
            }
            (Step::Fetching { .. }, Decline::NotHere) => {
                self.step = Step::Rest;
                self.fetch.succeed();
                self.end(Some(Progress::NotThere));
            }
            _ => self.failed(Failure::Malformed, now, chance),
        }
    }

    fn failed(&mut self, why: Failure, now: Elapsed, chance: u64) {
        if self.step == Step::Rest {
            return;
        }
        let is_fetching = self.is_fetching();
        let step = std::mem::replace(&mut self.step, Step::Rest);
        self.next = None;
        // The pump of words will bring another token.
        if matches!(why, Failure::SignedOut | Failure::NotEnrolled) {
            let lane = if is_fetching {
                &mut self.fetch
            } else {
                &mut self.push
            };
            lane.wanted = true;
            self.in_contact = false;
            return;
        }
        let quiet_until = why.quiet_ms(chance).map(|ms| now.after(ms));
        self.quiet_until = quiet_until.or(self.quiet_until);
        let is_of_the_file = match why {
            Failure::Server | Failure::TooLarge | Failure::Malformed => true,
            Failure::Storage => matches!(step, Step::Sending { .. }),
            Failure::Network | Failure::Busy { .. } | Failure::SignedOut | Failure::NotEnrolled => {
                false
            }
        };
        if is_fetching {
            self.fetch.fail(why, now, chance);
            if is_of_the_file {
                self.count_want();
            }
        } else {
            self.push.fail(why, now, chance);
            if is_of_the_file && matches!(step, Step::Sending { .. }) {
                self.count_trouble(now);
            }
            // What head office lacks is asked anew.
            self.sending.clear();
        }
    }
}

/// Whether a file has all these chunks, each named once and by number.
fn are_chunks_of(file: Offered, chunks: &[u32]) -> bool {
    let n_chunks = n_chunks(file.n_bytes).unwrap_or_default();
    chunks.is_sorted_by(|a, b| a < b) && chunks.iter().all(|it| *it < n_chunks)
}

#[cfg(test)]
mod tests;
