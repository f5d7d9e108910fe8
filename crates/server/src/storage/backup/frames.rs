//! A backup's outermost form: frames, each a CBOR array of a payload and of the hash over the hash
//! before and the payload. So no bit can change, no frame can go missing or move, without the next
//! hash telling it; a file that ends early lacks its last part.

use std::io::{self, BufRead, Write};

use minicbor::Encoder;
use sha2::{Digest, Sha256};
use shouwen_domain::hash::Hash;

use super::BackupError;

/// No frame is larger; a damaged length makes nobody reserve more.
const LARGEST: u64 = 64 << 20;

pub struct Writer<W> {
    to: W,
    hash: Hash,
}

impl<W: Write> Writer<W> {
    pub const fn new(to: W) -> Self {
        Self {
            to,
            hash: Hash([0; 32]),
        }
    }

    pub fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        self.hash = next_hash(self.hash, payload);
        self.to.write_all(&before(payload.len() as u64))?;
        self.to.write_all(payload)?;
        self.to.write_all(&BETWEEN)?;
        self.to.write_all(&self.hash.0)
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.to.flush()?;
        Ok(self.to)
    }
}

/// Where a frame stands in its file, and what it holds.
pub struct Frame {
    pub from: u64,
    pub to: u64,
    pub payload: Vec<u8>,
}

pub struct Reader<R> {
    from: R,
    offset: u64,
    hash: Hash,
}

impl<R: BufRead> Reader<R> {
    pub const fn new(from: R) -> Self {
        Self {
            from,
            offset: 0,
            hash: Hash([0; 32]),
        }
    }

    /// Of all that was read.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The next frame, found whole; none at the end of the file.
    pub fn read(&mut self) -> Result<Option<Frame>, BackupError> {
        let from = self.offset;
        let is_over = self.from.fill_buf().map(<[u8]>::is_empty);
        match is_over {
            Ok(true) => return Ok(None),
            Ok(false) => {}
            Err(error) => return Err(self.damaged(from, &error.to_string())),
        }
        let mut head = [0; 2];
        self.exact(from, &mut head)?;
        // The number of bytes that the length takes, as CBOR's byte strings say it.
        let n_more = match head[1] {
            0x40..=0x57 => 0,
            0x58 => 1,
            0x59 => 2,
            0x5a => 4,
            _ => return Err(self.damaged(from, "no frame begins here")),
        };
        let mut length = [0; 4];
        self.exact(from, &mut length[4 - n_more..])?;
        let length = match n_more {
            0 => u64::from(head[1] - 0x40),
            _ => u64::from(u32::from_be_bytes(length)),
        };
        if head[0] != 0x82 || length > LARGEST || before(length).len() != 2 + n_more {
            return Err(self.damaged(from, "no frame begins here"));
        }
        let size = usize::try_from(length).expect("a frame is far smaller than memory");
        let mut payload = vec![0; size];
        self.exact(from, &mut payload)?;
        let mut tail = [0; 34];
        self.exact(from, &mut tail)?;
        let hash = next_hash(self.hash, &payload);
        if tail[..2] != BETWEEN || tail[2..] != hash.0 {
            return Err(self.damaged(from, "its hash is another"));
        }
        self.hash = hash;
        Ok(Some(Frame {
            from,
            to: self.offset,
            payload,
        }))
    }

    fn exact(&mut self, from: u64, into: &mut [u8]) -> Result<(), BackupError> {
        let mut n_read = 0;
        while n_read < into.len() {
            match self.from.read(&mut into[n_read..]) {
                Ok(0) => return Err(self.damaged(from, "the file ends here")),
                Ok(n) => {
                    n_read += n;
                    self.offset += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.damaged(from, &error.to_string())),
            }
        }
        Ok(())
    }

    fn damaged(&self, from: u64, what: &str) -> BackupError {
        BackupError::Damaged {
            from,
            to: self.offset,
            what: what.to_owned(),
        }
    }
}

/// The head of the hash's byte string.
const BETWEEN: [u8; 2] = [0x58, 32];

/// What stands before a payload of this length: the array's head and the byte string's.
fn before(length: u64) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    let done = e.array(2).and_then(|it| it.bytes_len(length)).is_ok();
    debug_assert!(done, "writing to memory cannot fail");
    e.into_writer()
}

fn next_hash(hash: Hash, payload: &[u8]) -> Hash {
    let mut digest = Sha256::new();
    digest.update(hash.0);
    digest.update(payload);
    Hash(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(payloads: &[&[u8]]) -> Vec<u8> {
        let mut frames = Writer::new(Vec::new());
        for payload in payloads {
            frames.write(payload).unwrap();
        }
        frames.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut frames = Reader::new(bytes);
        let mut found = Vec::new();
        while let Some(frame) = frames.read().ok()? {
            found.push(frame.payload);
        }
        Some(found)
    }

    #[test]
    fn payloads_of_every_length_come_back() {
        let lengths = [0, 1, 23, 24, 255, 256, 65_535, 65_536];
        let payloads = lengths.map(|it| vec![7; it]);
        let bytes = written(&payloads.each_ref().map(Vec::as_slice));
        assert_eq!(read(&bytes), Some(payloads.to_vec()));
    }

    #[test]
    fn a_frame_that_is_missing_moved_or_doubled_is_told_by_the_next() {
        let whole = written(&[b"one", b"two", b"six"]);
        let frames: Vec<_> = whole.chunks(whole.len() / 3).collect();
        let put = |order: &[usize]| {
            let bytes: Vec<_> = order.iter().map(|it| frames[*it]).collect();
            read(&bytes.concat())
        };
        assert!(put(&[0, 1, 2]).is_some());
        for order in [&[0, 2][..], &[1, 2], &[1, 0, 2], &[0, 0, 1, 2]] {
            assert_eq!(put(order), None);
        }
    }

    #[test]
    fn a_length_is_written_in_one_way() {
        let bytes = written(&[b"one"]);
        let longer = [b"\x82\x58\x03", &bytes[2..]].concat();
        assert_eq!((read(&bytes).is_some(), read(&longer)), (true, None));
    }
}
