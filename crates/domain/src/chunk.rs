//! How a file is cut into chunks: the same on the disk, on the wire and at head office.

use crate::limits;

/// How many chunks a file of this length has; none where it is empty or longer than a file may be.
pub const fn n_chunks(n_bytes: u32) -> Option<u32> {
    if n_bytes == 0 || n_bytes as usize > limits::FILE_BYTES {
        return None;
    }
    Some(n_bytes.div_ceil(CHUNK_BYTES))
}

/// How long a chunk of a file of this length is; none where there is no such chunk or no such file.
pub const fn chunk_bytes(n_bytes: u32, n: u32) -> Option<usize> {
    match n_chunks(n_bytes) {
        Some(n_chunks) if n < n_chunks - 1 => Some(CHUNK_BYTES as usize),
        Some(n_chunks) if n == n_chunks - 1 => Some((n_bytes - n * CHUNK_BYTES) as usize),
        Some(_) | None => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a chunk is small")]
const CHUNK_BYTES: u32 = limits::CHUNK_BYTES as u32;

const _: () = assert!(
    limits::CHUNK_BYTES + 1024 <= limits::RECORD_BYTES,
    "a chunk with its wrapping is one stored record"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunks_of_every_length_make_up_the_whole() {
        let most = u32::try_from(limits::FILE_BYTES).expect("a file is small");
        for n_bytes in [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, most] {
            let n_chunks = n_chunks(n_bytes).expect("a file");
            let lengths: Vec<usize> = (0..n_chunks)
                .map(|n| chunk_bytes(n_bytes, n).expect("a chunk"))
                .collect();
            assert_eq!(lengths.iter().sum::<usize>(), n_bytes as usize);
            assert!(
                lengths
                    .iter()
                    .all(|it| (1..=limits::CHUNK_BYTES).contains(it))
            );
            assert_eq!(chunk_bytes(n_bytes, n_chunks), None);
            assert_eq!(chunk_bytes(n_bytes, u32::MAX), None);
        }
        assert_eq!((n_chunks(0), n_chunks(most + 1)), (None, None));
        assert_eq!((chunk_bytes(0, 0), chunk_bytes(most + 1, 0)), (None, None));
    }
}
