//! A disk of which nobody reads anything without the key: seals what goes to another disk, opens what comes from there.
//!
//! A sealed record is a byte that no CBOR begins with, and behind it what [`at_rest`] says. What was written before there
//! was a key is still read. Sealing is done before a transaction and opening after it.
//!
//! While the key is away, three things are written all the same, and not read: what somebody records then, its photos and
//! its draft. They go into the device's *box*: sealed to a public key whose other half lies under the content key, behind
//! another byte that no CBOR begins with.
//!
//! Plain stay: where the log stands, which guards every write; small named records but drafts; what is known of files,
//! but not their bytes; and letters, which are sealed to head office. In none of them are words of customers.

use shouwen_domain::at_rest;
use shouwen_store::{Fault, Section};

use crate::disk::{Committed, Disk, Guard, Key, Lying, Read, Store, Write};

/// Reserved in CBOR (RFC 8949, 3.3), so that no record of the older, plain form begins with it.
const SEALED: u8 = 0xfe;
/// Reserved as well: put into the device's box while the key was away.
const BOXED: u8 = 0xfd;

/// AES-256-GCM with the device's content key, as long as that is there.
#[expect(
    async_fn_in_trait,
    reason = "a log lives in one thread; nothing here needs to be Send"
)]
pub trait Cipher {
    fn is_locked(&self) -> bool;

    /// For each its nonce and, behind it, what it came to.
    ///
    /// # Errors
    /// [`Fault::Locked`] where there is no key.
    async fn seal(&self, messages: &[Message<'_>]) -> Result<Vec<Vec<u8>>, Fault>;

    /// The other way; none where somebody changed it, or it was sealed with another key.
    ///
    /// # Errors
    /// [`Fault::Locked`] where there is no key.
    async fn open(&self, messages: &[Message<'_>]) -> Result<Vec<Option<Vec<u8>>>, Fault>;

    /// As [`Cipher::seal`] without the key, which opens them.
    ///
    /// # Errors
    /// [`Fault::Locked`] where this device has no box.
    async fn put_in_box(&self, messages: &[Message<'_>]) -> Result<Vec<Vec<u8>>, Fault>;

    /// As [`Cipher::open`].
    ///
    /// # Errors
    /// As there.
    async fn take_from_box(&self, messages: &[Message<'_>]) -> Result<Vec<Option<Vec<u8>>>, Fault>;
}

/// Bytes, and what they are bound to.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    pub bytes: &'a [u8],
    pub bound_to: Vec<u8>,
}

/// Another disk, sealed.
#[derive(Debug, Clone)]
pub struct Sealing<D, C> {
    disk: D,
    cipher: C,
}

impl<D, C> Sealing<D, C> {
    pub const fn new(disk: D, cipher: C) -> Self {
        Self { disk, cipher }
    }

    /// The disk under it.
    pub const fn under(&self) -> &D {
        &self.disk
    }

    pub const fn cipher(&self) -> &C {
        &self.cipher
    }
}

impl<D: Disk, C: Cipher> Sealing<D, C> {
    async fn sealed(&self, writes: &[Write]) -> Result<Vec<Write>, Fault> {
        let messages: Vec<Message<'_>> = writes
            .iter()
            .filter_map(|it| match it {
                Write::Put(store, key, record) if is_sealed(*store, key) => Some(Message {
                    bytes: record,
                    bound_to: bound_to(*store, key),
                }),
                Write::Put(..) | Write::Delete(..) | Write::DeleteRange { .. } => None,
            })
            .collect();
        if messages.is_empty() {
            return Ok(writes.to_vec());
        }
        let is_away = self.cipher.is_locked();
        if is_away && !writes.iter().all(goes_into_the_box) {
            return Err(Fault::Locked);
        }
        let (mark, sealed) = if is_away {
            (BOXED, self.cipher.put_in_box(&messages).await?)
        } else {
            (SEALED, self.cipher.seal(&messages).await?)
        };
        let mut sealed = sealed.into_iter();
        let sealed = writes.iter().map(|it| match it {
            Write::Put(store, key, _) if is_sealed(*store, key) => {
                let body = sealed.next().expect("one for each message");
                let record = [&[mark], body.as_slice()].concat();
                Write::Put(*store, key.clone(), record)
            }
            Write::Put(..) | Write::Delete(..) | Write::DeleteRange { .. } => it.clone(),
        });
        Ok(sealed.collect())
    }

    async fn opened(&self, records: &mut [(Store, Key, Vec<u8>)]) -> Result<(), Fault> {
        for mark in [SEALED, BOXED] {
            let is_marked = |it: &&mut (Store, Key, Vec<u8>)| {
                is_sealed(it.0, &it.1) && it.2.first() == Some(&mark)
            };
            let mut sealed: Vec<_> = records.iter_mut().filter(is_marked).collect();
            if sealed.is_empty() {
                continue;
            }
            let messages: Vec<Message<'_>> = sealed
                .iter()
                .map(|(store, key, record)| Message {
                    bytes: &record[1..],
                    bound_to: bound_to(*store, key),
                })
                .collect();
            let opened = if mark == BOXED {
                self.cipher.take_from_box(&messages).await?
            } else {
                self.cipher.open(&messages).await?
            };
            for ((store, key, record), opened) in sealed.iter_mut().zip(opened) {
                *record = opened.ok_or_else(|| Fault::Corrupt {
                    what: format!("what is sealed as {} {key}", store.name()),
                })?;
            }
        }
        Ok(())
    }
}

impl<D: Disk, C: Cipher> Disk for Sealing<D, C> {
    async fn read(&self, reads: &[Read]) -> Result<Vec<Vec<Vec<u8>>>, Fault> {
        if self.cipher.is_locked() && reads.iter().any(reads_sealed) {
            return Err(Fault::Locked);
        }
        let is_range = |it: &&Read| !matches!(it, Read::One(..)) && reads_sealed(it);
        let keys = reads.iter().filter(is_range);
        let keys = keys.map(|it| Read::Keys(Box::new(it.clone())));
        let asked: Vec<Read> = reads.iter().cloned().chain(keys).collect();
        let mut answers = self.disk.read(&asked).await?;
        let mut keys = answers.split_off(reads.len()).into_iter();

        let mut counts = Vec::with_capacity(reads.len());
        let mut records = Vec::new();
        for (read, found) in reads.iter().zip(answers) {
            counts.push(found.len());
            match read {
                Read::One(store, key) => {
                    records.extend(found.into_iter().map(|it| (*store, key.clone(), it)));
                }
                _ if is_range(&read) => {
                    let keys = keys.next().expect("asked for each range");
                    let keys = keys.iter().map(|it| read.key_of(it));
                    let found = keys.zip(found);
                    records.extend(found.map(|(key, it)| (read.store(), key, it)));
                }
                Read::From { .. } | Read::Named { .. } | Read::Keys(_) => {
                    let nowhere = Key::Number(0);
                    // In a store that is plain, it does not matter where.
                    records.extend(
                        found
                            .into_iter()
                            .map(|it| (Store::Files, nowhere.clone(), it)),
                    );
                }
            }
        }
        self.opened(&mut records).await?;
        let mut records = records.into_iter().map(|it| it.2);
        Ok(counts
            .into_iter()
            .map(|n| records.by_ref().take(n).collect())
            .collect())
    }

    async fn as_it_lies(&self, store: Store, key: Key) -> Result<Option<Lying>, Fault> {
        let found = self.disk.as_it_lies(store, key.clone()).await?;
        let record = match found {
            Some(Lying::Plain(record)) if is_sealed(store, &key) => record,
            it => return Ok(it),
        };
        match record.first() {
            Some(&SEALED) => Ok(Some(Lying::Sealed(record[1..].to_vec()))),
            // Nobody else opens what is in the box.
            Some(&BOXED) => {
                let opened = self.read(&[Read::One(store, key)]).await?.concat();
                Ok(opened.into_iter().next().map(Lying::Plain))
            }
            _ => Ok(Some(Lying::Plain(record))),
        }
    }

    async fn names(&self, store: Store, prefix: &str) -> Result<Vec<String>, Fault> {
        self.disk.names(store, prefix).await
    }

    async fn commit(&self, guard: Guard<'_>, writes: &[Write]) -> Result<Committed, Fault> {
        let writes = self.sealed(writes).await?;
        self.disk.commit(guard, &writes).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), Fault> {
        let writes = self.sealed(writes).await?;
        self.disk.write(&writes).await
    }
}

/// Whether records lie here sealed.
fn is_sealed(store: Store, key: &Key) -> bool {
    match store {
        Store::Journal
        | Store::Blocks
        | Store::Hot
        | Store::Directory
        | Store::Outbox
        | Store::Chunks => true,
        // What became of this device's envelopes; the others guard writes, byte for byte.
        Store::Meta => *key == Key::Number(1),
        Store::Named => matches!(key, Key::Name(it) if is_draft(it)),
        Store::Files | Store::Letters => false,
    }
}

/// Whether it is written while the key is away: an act with nothing before it, a photo or a draft, and what is plain.
fn goes_into_the_box(write: &Write) -> bool {
    match write {
        Write::Put(store, key, _) => {
            matches!(store, Store::Journal | Store::Chunks | Store::Named)
                || !is_sealed(*store, key)
        }
        Write::Delete(..) | Write::DeleteRange { .. } => true,
    }
}

fn is_draft(name: &str) -> bool {
    let of_section = name.strip_prefix(Section::Drafts.slug());
    of_section.is_some_and(|it| it.starts_with('/'))
}

/// Whether what it asks for can only be answered with the key.
fn reads_sealed(read: &Read) -> bool {
    match read {
        Read::One(store, key) => is_sealed(*store, key),
        Read::From { store, .. } => is_sealed(*store, &Key::Number(0)),
        Read::Named { store, prefix } => is_sealed(*store, &Key::Name(prefix.clone())),
        Read::Keys(_) => false,
    }
}

fn bound_to(store: Store, key: &Key) -> Vec<u8> {
    at_rest::bound_to(store.name(), &key.to_bytes())
}
