//! The photos on this device: kept, named by acts, shown, asked for.
//!
//! A photo is on the disk before the act that names it, and neither waits for the network.

use std::collections::BTreeMap;
use std::rc::Rc;

use leptos::prelude::*;
use shouwen_domain::event::PhotoAdded;
use shouwen_domain::hash::Hash;
use shouwen_store::{Fault, FileState, FileTotals, Files, Hold};
use shouwen_store_indexeddb::{Cipher, SealedLog};
use shouwen_sync::files::Progress;

use super::Desk;
use crate::browser;
use crate::browser::photo::free_bytes;

/// With less than this left on the device, what head office has goes, oldest first.
const LOW_BYTES: u64 = 64 * 1024 * 1024;

/// What wakes the pump of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileWake {
    /// Something new is owed.
    Owed,
    Wanted(Hash),
}

/// The files and what is known of them. `Copy`: hand it around freely.
#[derive(Clone, Copy)]
pub struct FileDesk {
    log: StoredValue<Rc<SealedLog>, LocalStorage>,
    wake: StoredValue<Box<dyn Fn(FileWake)>, LocalStorage>,
    totals: RwSignal<FileTotals>,
    coming: RwSignal<BTreeMap<Hash, Progress>>,
    /// Counts up whenever a file came, went up or went away.
    changes: RwSignal<u32>,
    /// Photos that were taken while nothing stored can be read, to be seen by whoever takes them.
    unread: StoredValue<BTreeMap<Hash, Vec<u8>>, LocalStorage>,
}

impl FileDesk {
    /// Its signals live as long as the current owner.
    pub fn new(desk: Desk, wake: impl Fn(FileWake) + 'static) -> Self {
        Self {
            log: StoredValue::new_local(desk.log()),
            wake: StoredValue::new_local(Box::new(wake)),
            totals: RwSignal::new(FileTotals::default()),
            coming: RwSignal::new(BTreeMap::new()),
            changes: RwSignal::new(0),
            unread: StoredValue::new_local(BTreeMap::new()),
        }
    }

    /// How much lies here, as last looked.
    pub fn totals(self) -> ReadSignal<FileTotals> {
        self.totals.read_only()
    }

    pub fn changes(self) -> ReadSignal<u32> {
        self.changes.read_only()
    }

    /// How far the files have come that somebody asked for and that are not here yet.
    pub fn coming(self) -> ReadSignal<BTreeMap<Hash, Progress>> {
        self.coming.read_only()
    }

    /// Stores a photo that no act names yet.
    pub async fn keep(self, bytes: &[u8]) -> Result<Hash, Fault> {
        self.make_room().await?;
        let log = self.log.get_value();
        let stored = match log.put_file(bytes, Hold::Draft, browser::now()).await {
            Err(Fault::QuotaExceeded) if log.evict_files(LOW_BYTES).await? > 0 => {
                log.put_file(bytes, Hold::Draft, browser::now()).await
            }
            stored => stored,
        };
        if let Ok(hash) = &stored
            && log.disk().cipher().is_locked()
        {
            self.unread
                .update_value(|it| drop(it.insert(*hash, bytes.to_vec())));
        }
        self.look().await;
        stored
    }

    /// Whoever took them has left.
    pub fn forget_unread(self) {
        self.unread.set_value(BTreeMap::new());
    }

    /// Throws away a photo that somebody took out again. One that an act named before stays.
    pub async fn discard(self, hash: Hash) -> Result<(), Fault> {
        if self.state(hash).await? == FileState::Draft {
            self.forget(hash).await?;
        }
        Ok(())
    }

    /// Throws away what is here of a file that head office has, or that no act names.
    pub async fn forget(self, hash: Hash) -> Result<(), Fault> {
        self.log.get_value().discard_file(hash).await?;
        self.look().await;
        Ok(())
    }

    /// Before an act: the photos that it may name, which are those that are on the disk. They are owed from
    /// here on.
    pub async fn owe(self, photos: Vec<PhotoAdded>) -> Result<Vec<PhotoAdded>, Fault> {
        let log = self.log.get_value();
        let mut here = Vec::with_capacity(photos.len());
        for it in photos {
            if log.owe_file(it.photo).await? {
                here.push(it);
            }
        }
        Ok(here)
    }

    /// After an act: there may be something to send.
    pub async fn sent(self) {
        self.look().await;
        self.wake.with_value(|it| it(FileWake::Owed));
    }

    pub async fn state(self, hash: Hash) -> Result<FileState, Fault> {
        self.log.get_value().file_state(hash).await
    }

    /// The bytes, where all of them are here.
    pub async fn bytes(self, hash: Hash) -> Result<Option<Vec<u8>>, Fault> {
        match self.log.get_value().file(hash).await {
            Err(Fault::Locked) => Ok(self.unread.with_value(|it| it.get(&hash).cloned())),
            read => read,
        }
    }

    /// Asks head office for a file.
    pub fn want(self, hash: Hash) {
        let (n_here, n_chunks) = (0, 0);
        self.set_coming(hash, Some(Progress::Coming { n_here, n_chunks }));
        self.wake.with_value(|it| it(FileWake::Wanted(hash)));
    }

    /// For the pump.
    pub fn set_coming(self, hash: Hash, progress: Option<Progress>) {
        if self.coming.with_untracked(|it| it.get(&hash).copied()) != progress {
            self.coming.update(|it| match progress {
                Some(progress) => drop(it.insert(hash, progress)),
                None => drop(it.remove(&hash)),
            });
        }
    }

    /// Looks again at what lies here, and lets whoever shows it look again.
    pub async fn look(self) {
        if let Ok(totals) = self.log.get_value().file_totals().await {
            self.totals.set(totals);
        }
        self.changes.update(|it| *it += 1);
    }

    /// Throws away what head office has where the device is nearly full.
    pub async fn make_room(self) -> Result<(), Fault> {
        if let Some(free) = free_bytes().await
            && free < LOW_BYTES
        {
            self.log.get_value().evict_files(LOW_BYTES - free).await?;
        }
        Ok(())
    }
}
