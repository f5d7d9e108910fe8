//! Drives the client of files with the network and the store, beside the pump of words and after it.
//!
//! Two windows that pump at once do no harm: head office says what it lacks before anything is sent.

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::hash::Hash;
use shouwen_store::{Fault, FileChunk, FileNote, FileState, Files, Taken};
use shouwen_sync::client::{Failure, Trigger};
use shouwen_sync::files::{Client, Decline, Here, Input, Kept, Todo};
use shouwen_sync::message::files::{GivenChunk, Offer, Offered, PutChunk};
use shouwen_sync::message::{Bytes, FailureCode};

use crate::browser;
use crate::browser::http::{self, HttpError};
use crate::desk::{Desk, FileDesk, FileWake};
use crate::sync_pump::{self, Wake};

/// The longest sleep without looking at the client again.
const MAX_SLEEP_MS: u64 = 60_000;

enum Heard {
    Browser(Wake),
    Files(FileWake),
    Words {
        owed: bool,
        epoch: u64,
    },
    /// The pump of words has a token, or another one.
    Contact,
}

/// The pump's ear: give the sender to whoever has something to say.
pub fn channel() -> (UnboundedSender<FileWake>, UnboundedReceiver<FileWake>) {
    unbounded()
}

/// Listens and pumps until the page is closed.
pub fn start(desk: Desk, files: FileDesk, wake: UnboundedReceiver<FileWake>) {
    let (browser_says, browser_heard) = sync_pump::channel();
    sync_pump::listen(&browser_says);
    let (words_say, words_heard) = unbounded();
    let in_contact = words_say.clone();
    Effect::new(move |_| {
        let standing = desk.standing().read();
        // The pump ends with the page; nobody is left to hear.
        let _ = words_say.unbounded_send(Heard::Words {
            // While nobody is signed in, receipts wait for somebody who can read what they are for.
            owed: standing.n_owed > 0 && !desk.has_brought_letters().get(),
            epoch: standing.cursor.epoch,
        });
    });
    Effect::new(move |_| {
        if desk.token().read().is_some() {
            let _ = in_contact.unbounded_send(Heard::Contact);
        }
    });
    let heard = futures::stream::select(
        words_heard,
        futures::stream::select(browser_heard.map(Heard::Browser), wake.map(Heard::Files)),
    );
    spawn_local(async move {
        files.look().await;
        let pump = Pump {
            desk,
            files,
            client: Client::default(),
        };
        pump.run(heard.boxed_local()).await;
    });
}

struct Pump {
    desk: Desk,
    files: FileDesk,
    client: Client,
}

impl Pump {
    async fn run(mut self, mut heard: futures::stream::LocalBoxStream<'static, Heard>) {
        if !browser::is_online() {
            self.tell(Input::WentOffline);
        }
        self.tell(Input::Trigger(Trigger::Visible));
        loop {
            while let Some(todo) = self.client.poll() {
                let wanted = wanted_in(&todo);
                let input = self.perform(todo).await;
                self.tell(input);
                if let Some(hash) = wanted {
                    self.files.set_coming(hash, self.client.progress(hash));
                }
                // What was said meanwhile counts before the next step.
                while let Some(Some(it)) = heard.next().now_or_never() {
                    self.hear(it);
                }
            }
            let now = browser::elapsed().0;
            let until = self
                .client
                .next_timeout()
                .map_or(MAX_SLEEP_MS, |it| it.0.saturating_sub(now))
                .min(MAX_SLEEP_MS);
            let timer = browser::sleep_ms(until).boxed_local();
            match select(heard.next(), timer).await {
                Either::Left((Some(it), _)) => self.hear(it),
                Either::Left((None, _)) => return,
                Either::Right(_) => self.tell(Input::Trigger(Trigger::Timer)),
            }
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Words { owed, epoch } => self.tell(Input::Words { owed, epoch }),
            Heard::Files(FileWake::Owed) => self.tell(Input::Trigger(Trigger::Sent)),
            Heard::Files(FileWake::Wanted(hash)) => self.tell(Input::Wanted(hash)),
            Heard::Contact => self.tell(Input::InContact),
            Heard::Browser(Wake::Online) => self.tell(Input::Trigger(Trigger::Online)),
            Heard::Browser(Wake::Offline) => self.tell(Input::WentOffline),
            Heard::Browser(Wake::Visible) => {
                self.tell(Input::Trigger(Trigger::Visible));
                // Another tab may have sent or fetched meanwhile.
                let files = self.files;
                spawn_local(async move { files.look().await });
            }
            Heard::Browser(
                Wake::Sent
                | Wake::SignedIn
                | Wake::Locked
                | Wake::Hidden
                | Wake::News
                | Wake::Silence { .. },
            ) => {}
        }
    }

    fn tell(&mut self, input: Input) {
        self.client
            .handle(input, browser::elapsed(), browser::random_u64());
    }

    async fn perform(&self, todo: Todo) -> Input {
        let log = self.desk.log();
        let done = match todo {
            Todo::LoadOwed { limit } => log
                .owed_files(limit)
                .await
                .map(|it| Input::Owed(offered(&it))),
            Todo::LoadElsewhere { epoch, limit } => log
                .kept_elsewhere(epoch, limit)
                .await
                .map(|it| Input::Elsewhere(offered(&it))),
            Todo::Offer(offer) => return self.offer(&offer).await,
            Todo::Send { file, n } => return self.send(file, n).await,
            Todo::Settle { epoch, has, lacks } => {
                let settled = log.settle_files(epoch, &has, &lacks).await;
                self.files.look().await;
                if self.files.totals().get_untracked().n_owed == 0 {
                    self.desk.photos_are_brought();
                }
                settled.map(|()| Input::Settled)
            }
            Todo::Look(hash) => self.look(hash).await,
            Todo::Fetch { hash, n } => return self.fetch(hash, n).await,
            Todo::Keep { hash, n, chunk } => self.keep(hash, n, chunk).await,
        };
        done.unwrap_or_else(|fault| {
            self.desk.report(fault);
            Input::Failed(Failure::Storage)
        })
    }

    fn token(&self) -> Option<String> {
        self.desk.token().get_untracked()
    }

    async fn offer(&self, offer: &Offer) -> Input {
        let Some(token) = self.token() else {
            return Input::Failed(Failure::SignedOut);
        };
        let answer = http::post("/api/files/lacking", Some(&token), offer).await;
        answer.map_or_else(declined, Input::Answered)
    }

    async fn send(&self, file: Offered, n: u32) -> Input {
        let Some(token) = self.token() else {
            return Input::Failed(Failure::SignedOut);
        };
        // A file that cannot be read here is passed over; it is no reason to alarm anybody.
        let here = match self.desk.log().chunk(file.hash, n).await {
            Ok(Some(here)) => here,
            // Put into this device's box while nobody was signed in: it waits for somebody, and the others go.
            Err(Fault::Locked) => return Input::Declined(Decline::NotTaken),
            Ok(None) | Err(_) => return Input::Failed(Failure::Storage),
        };
        let chunk = PutChunk {
            n_bytes: file.n_bytes,
            bytes: Bytes(here.bytes),
            is_sealed: here.is_sealed,
            first_certificate: self.desk.first_certificate().filter(|_| here.is_sealed),
        };
        let answer = http::put(&path(file.hash, n), &token, &chunk).await;
        answer.map_or_else(declined, Input::ChunkTaken)
    }

    async fn look(&self, hash: Hash) -> Result<Input, Fault> {
        self.files.make_room().await?;
        Ok(Input::Looked(match self.files.state(hash).await? {
            FileState::Absent => Here::Nothing,
            FileState::Arriving { n_bytes, missing } => Here::Part { n_bytes, missing },
            FileState::Draft | FileState::Owed | FileState::Kept => Here::Whole,
        }))
    }

    async fn fetch(&self, hash: Hash, n: u32) -> Input {
        let Some(token) = self.token() else {
            return Input::Failed(Failure::SignedOut);
        };
        let answer = http::get(&path(hash, n), &token).await;
        answer.map_or_else(declined, Input::Fetched)
    }

    async fn keep(&self, hash: Hash, n: u32, chunk: GivenChunk) -> Result<Input, Fault> {
        let log = self.desk.log();
        let chunk = FileChunk {
            hash,
            n,
            n_bytes: chunk.n_bytes,
            bytes: chunk.bytes.0,
            at: browser::now(),
            epoch: chunk.epoch,
        };
        let needed = u64::from(chunk.n_bytes);
        let taken = match log.take_chunk(chunk.clone()).await {
            Err(Fault::QuotaExceeded) if log.evict_files(needed).await? > 0 => {
                log.take_chunk(chunk).await
            }
            taken => taken,
        };
        let kept = match taken {
            Ok(Taken::More { missing }) => Kept::More { missing },
            Ok(Taken::Whole) => Kept::Whole,
            Ok(Taken::Wrong) => Kept::Wrong,
            // Words still have room, or the next act says that they have not.
            Err(Fault::QuotaExceeded) => Kept::NoRoom,
            Err(fault) => return Err(fault),
        };
        if !matches!(kept, Kept::More { .. }) {
            self.files.look().await;
        }
        Ok(Input::Kept(kept))
    }
}

/// The file that somebody waits for.
fn wanted_in(todo: &Todo) -> Option<Hash> {
    match todo {
        Todo::Look(hash) | Todo::Fetch { hash, .. } | Todo::Keep { hash, .. } => Some(*hash),
        Todo::LoadOwed { .. }
        | Todo::LoadElsewhere { .. }
        | Todo::Offer(_)
        | Todo::Send { .. }
        | Todo::Settle { .. } => None,
    }
}

fn path(hash: Hash, n: u32) -> String {
    format!("/api/files/{hash}/{n}")
}

fn offered(notes: &[FileNote]) -> Vec<Offered> {
    let offered = |it: &FileNote| Offered {
        hash: it.hash,
        n_bytes: it.n_bytes,
    };
    notes.iter().map(offered).collect()
}

/// What head office's no means for one file, or for all.
fn declined(error: HttpError) -> Input {
    let code = match error {
        HttpError::Status { code, .. } => code,
        HttpError::Network | HttpError::Malformed => None,
    };
    match code {
        Some(FailureCode::WrongBytes) => Input::Declined(Decline::WrongBytes),
        Some(FailureCode::NotAPicture | FailureCode::TooLarge) => {
            Input::Declined(Decline::NotTaken)
        }
        Some(FailureCode::NotHere) => Input::Declined(Decline::NotHere),
        Some(
            FailureCode::Malformed
            | FailureCode::WrongPin
            | FailureCode::NotSignedIn
            | FailureCode::TooManyTries
            | FailureCode::Storage
            | FailureCode::FilesOfTheDay
            | FailureCode::NotEnrolled
            | FailureCode::WrongCode
            | FailureCode::Revoked
            | FailureCode::DeviceTaken
            | FailureCode::TooSlow
            | FailureCode::Encoded
            | FailureCode::ForeignPage,
        )
        | None => Input::Failed(error.failure()),
    }
}
