//! Every limit in one place, each with the unit in its name. Whoever reports one says the limit.

/// Characters in one text field.
pub const TEXT_CHARS: usize = 4_000;
/// Characters of a query that are looked for; whole questions are typed in (L3).
pub const QUERY_CHARS: usize = 200;
/// One envelope as stored and sent.
pub const ENVELOPE_BYTES: usize = 32 * 1024;
/// Room in an envelope for its signatures: the device's and the person's.
pub const SIGNATURES_BYTES: usize = 256;
/// People who may be named as asked together (F2).
pub const ASKED_PEOPLE: usize = 12;
/// A logical counter may be this far ahead of the highest one seen; beyond, the envelope is held.
pub const COUNTER_LEAP: u64 = 10_000;
/// One push or one answer, inflated.
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// One page of a pull, and what a device pushes at once: each costs a round trip and several transactions, whatever is in
/// it, and is sent anew where it does not arrive.
pub const PAGE_BYTES: usize = 512 * 1024;
/// One stored record: above 64 KiB Chromium moves a value into a file of its own.
pub const RECORD_BYTES: usize = 60 * 1024;
/// Photos put to a case at once, a signature counted among them: with its record, or by one visit to the photo sheet.
pub const PHOTOS: usize = 9;
/// One photo, shrunk on the device.
pub const FILE_BYTES: usize = 300 * 1024;
/// One piece of a file, on the wire and on the disk: one chunk is one stored record.
pub const CHUNK_BYTES: usize = 48 * 1024;
/// New photos that one site may send in a day (UTC).
pub const SITE_FILES_DAY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Days that a device keeps a case after its last change, at most and unless the pack says less: a yearly assessment has to
/// see the whole of its year, and takes a month to be decided.
pub const KEPT_DAYS: u32 = 400;
/// What a pack may ask for at least. Head office, which does not know by which pack a device goes, takes it that a case
/// which began before that may be gone there.
pub const LEAST_KEPT_DAYS: u32 = 30;
/// Days that a device keeps a copy, sealed to head office, of what it wrote in cases that it let go of, even
/// where a verified backup has it: a month's backups may turn out to be worth nothing.
pub const COPY_DAYS: u32 = 35;
