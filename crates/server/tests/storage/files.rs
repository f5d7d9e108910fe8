//! Photos: what every storage has to do with them.

use shouwen_domain::chunk::n_chunks;
use shouwen_domain::hash::Hash;
use shouwen_domain::limits::CHUNK_BYTES;
use shouwen_domain::moment::Moment;
use shouwen_server::storage::Fault;
use shouwen_server::storage::files::{self, Chunk, NewChunk, Put};
use shouwen_sync::message::files::{LackingFile, Offered};

use super::{Home, Process, now, site};

on_both_engines! {
    a_file_is_whole_when_its_last_chunk_is_there_through_whichever_process
    chunks_that_come_again_or_in_any_order_are_kept_once
    what_does_not_make_up_the_file_is_thrown_away_whole
    a_wrong_length_does_not_keep_the_right_one_out
    what_is_lacking_is_told_file_by_file_and_chunk_by_chunk
    a_file_of_one_site_is_not_seen_by_another
    a_site_sends_so_much_a_day_and_no_more
    two_who_send_the_last_chunks_at_once_make_the_file_whole
    files_are_there_after_all_processes_went
    ;
}

const MOST: u64 = u64::MAX;

pub fn photo(name: u8, n_chunks: usize) -> Vec<u8> {
    vec![name; n_chunks * CHUNK_BYTES - usize::from(name)]
}

pub fn offered(bytes: &[u8]) -> Offered {
    Offered {
        hash: Hash::of(bytes),
        n_bytes: u32::try_from(bytes.len()).unwrap(),
    }
}

pub fn chunk(bytes: &[u8], n: u32) -> NewChunk {
    let part = bytes.chunks(CHUNK_BYTES).nth(n as usize).unwrap();
    NewChunk {
        hash: Hash::of(bytes),
        n,
        n_bytes: u32::try_from(bytes.len()).unwrap(),
        bytes: part.to_vec(),
    }
}

pub fn put(process: &Process, name: &str, chunk: NewChunk) -> Put {
    try_put(process, name, chunk, now(), MOST).unwrap()
}

fn try_put(
    process: &Process,
    name: &str,
    chunk: NewChunk,
    now: Moment,
    most: u64,
) -> Result<Put, Fault> {
    let site = site(name);
    process.write(name, move |db| files::put(db, &site, &chunk, now, most))
}

pub fn put_all(process: &Process, name: &str, bytes: &[u8]) {
    let n_chunks = n_chunks(offered(bytes).n_bytes).unwrap();
    for n in 0..n_chunks {
        put(process, name, chunk(bytes, n));
    }
    assert_eq!(whole(process, name, bytes).as_deref(), Some(bytes));
}

fn stored(missing: &[u32]) -> Put {
    Put::Stored {
        missing: missing.to_vec(),
    }
}

/// The file as it is given out.
pub fn whole(process: &Process, name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut found = Vec::new();
    let wanted = offered(bytes);
    for n in 0..n_chunks(wanted.n_bytes).unwrap() {
        let site = site(name);
        let given = process.read_of(name, move |db| files::chunk(db, &site, &wanted.hash, n));
        let Chunk { n_bytes, bytes } = given.unwrap()?;
        assert_eq!(n_bytes, wanted.n_bytes);
        found.extend(bytes);
    }
    Some(found)
}

pub fn lacking(process: &Process, name: &str, files: &[Offered]) -> Vec<LackingFile> {
    let (site, files) = (site(name), files.to_vec());
    let lacking = process.read_of(name, move |db| files::lacking(db, &site, &files));
    lacking.unwrap()
}

fn a_file_is_whole_when_its_last_chunk_is_there_through_whichever_process(home: &Home) {
    let (one, other) = (home.open(), home.open());
    let photo = photo(1, 3);
    assert_eq!(put(&one, "lanting", chunk(&photo, 0)), stored(&[1, 2]));
    assert_eq!(put(&other, "lanting", chunk(&photo, 2)), stored(&[1]));
    assert_eq!(whole(&one, "lanting", &photo), None);
    assert_eq!(put(&one, "lanting", chunk(&photo, 1)), stored(&[]));
    assert_eq!(whole(&other, "lanting", &photo), Some(photo));
}

fn chunks_that_come_again_or_in_any_order_are_kept_once(home: &Home) {
    let process = home.open();
    let photo = photo(1, 3);
    let mut left = vec![0, 1, 2];
    for n in [2, 2, 0, 2, 0, 1] {
        left.retain(|it| *it != n);
        assert_eq!(put(&process, "lanting", chunk(&photo, n)), stored(&left));
    }
    assert_eq!(put(&process, "lanting", chunk(&photo, 0)), stored(&[]));
    // What is whole is not written to again, whatever is sent in its name.
    let mut spoilt = chunk(&photo, 0);
    spoilt.bytes[5] ^= 1;
    assert_eq!(put(&process, "lanting", spoilt), stored(&[]));
    assert_eq!(whole(&process, "lanting", &photo), Some(photo));
    let rows = process.read(|db| db.query("SELECT n FROM file_chunk", &[]));
    assert_eq!(rows.unwrap().len(), 3);
}

fn what_does_not_make_up_the_file_is_thrown_away_whole(home: &Home) {
    let process = home.open();
    let photo = photo(1, 2);
    let mut spoilt = chunk(&photo, 0);
    spoilt.bytes[5] ^= 1;
    assert_eq!(put(&process, "lanting", spoilt), stored(&[1]));
    assert_eq!(put(&process, "lanting", chunk(&photo, 1)), Put::WrongBytes);
    assert_eq!(whole(&process, "lanting", &photo), None);
    for table in ["file", "file_chunk"] {
        let sql = format!("SELECT n_bytes FROM {table}")
            .replace("n_bytes FROM file_chunk", "n FROM file_chunk");
        let rows = process.read(move |db| db.query(&sql, &[])).unwrap();
        assert!(rows.is_empty(), "{table}");
    }
    put_all(&process, "lanting", &photo);
}

fn a_wrong_length_does_not_keep_the_right_one_out(home: &Home) {
    let process = home.open();
    let photo = photo(1, 3);
    let longer = NewChunk {
        n: 6,
        n_bytes: offered(&vec![0; 6 * CHUNK_BYTES + 9]).n_bytes,
        bytes: vec![0; 9],
        ..chunk(&photo, 0)
    };
    let its_first = NewChunk {
        n: 0,
        bytes: vec![0; CHUNK_BYTES],
        ..longer.clone()
    };
    put(&process, "lanting", longer);
    put(&process, "lanting", its_first);
    let all = LackingFile {
        hash: Hash::of(&photo),
        chunks: vec![0, 1, 2],
    };
    assert_eq!(lacking(&process, "lanting", &[offered(&photo)]), [all]);
    put_all(&process, "lanting", &photo);
}

fn what_is_lacking_is_told_file_by_file_and_chunk_by_chunk(home: &Home) {
    let process = home.open();
    let (has, part, new) = (photo(1, 1), photo(2, 3), photo(3, 2));
    put_all(&process, "lanting", &has);
    put(&process, "lanting", chunk(&part, 1));
    // As many as one question may name, so that every size of statement is met.
    let mut asked = vec![offered(&has), offered(&part)];
    asked.extend((4..64).map(|it| offered(&photo(it, 1))));
    asked.push(offered(&new));
    let answer = lacking(&process, "lanting", &asked);
    assert_eq!(answer.len(), asked.len() - 1);
    let of = |bytes: &[u8]| {
        let hash = Hash::of(bytes);
        let found = answer.iter().find(|it| it.hash == hash);
        found.map(|it| it.chunks.clone())
    };
    assert_eq!(of(&has), None);
    assert_eq!(of(&part), Some(vec![0, 2]));
    assert_eq!(of(&new), Some(vec![0, 1]));
    assert_eq!(of(&photo(30, 1)), Some(vec![0]));
    assert_eq!(lacking(&process, "lanting", &[]), []);
}

fn a_file_of_one_site_is_not_seen_by_another(home: &Home) {
    let process = home.open();
    let photo = photo(1, 2);
    put_all(&process, "lanting", &photo);
    assert_eq!(whole(&process, "cuihu", &photo), None);
    let lacks = lacking(&process, "cuihu", &[offered(&photo)]);
    assert_eq!(lacks[0].chunks, [0, 1]);
    put_all(&process, "cuihu", &photo);
    assert_eq!(whole(&process, "lanting", &photo), Some(photo));
}

fn a_site_sends_so_much_a_day_and_no_more(home: &Home) {
    let process = home.open();
    let (one, other) = (photo(1, 2), photo(2, 2));
    let most = one.len() as u64 + other.len() as u64 - 1;
    let day_ms = 24 * 60 * 60 * 1_000;
    let tomorrow = Moment::from_unix_ms(now().unix_ms() + day_ms);
    let put = |bytes: &[u8], n, now| try_put(&process, "lanting", chunk(bytes, n), now, most);
    assert_eq!(put(&one, 0, now()), Ok(stored(&[1])));
    assert_eq!(put(&other, 0, now()), Ok(Put::TooMuchToday));
    // What was begun goes on, and what is sent again does not count again.
    assert_eq!(put(&one, 0, now()), Ok(stored(&[1])));
    assert_eq!(put(&one, 1, now()), Ok(stored(&[])));
    assert_eq!(put(&other, 1, now()), Ok(Put::TooMuchToday));
    let elsewhere = try_put(&process, "cuihu", chunk(&other, 0), now(), most);
    assert_eq!(elsewhere, Ok(stored(&[1])));
    assert_eq!(put(&other, 0, tomorrow), Ok(stored(&[1])));
}

fn two_who_send_the_last_chunks_at_once_make_the_file_whole(home: &Home) {
    let processes = [home.open(), home.open()];
    for name in 1..=8 {
        let photo = photo(name, 2);
        let answers: Vec<Put> = std::thread::scope(|scope| {
            let sending: Vec<_> = (0..2)
                .map(|n| {
                    let (process, photo) = (&processes[n as usize], &photo);
                    scope.spawn(move || put(process, "lanting", chunk(photo, n)))
                })
                .collect();
            sending.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let is_whole = |it: &&Put| **it == stored(&[]);
        assert_eq!(answers.iter().filter(is_whole).count(), 1, "{answers:?}");
        assert_eq!(whole(&processes[0], "lanting", &photo), Some(photo));
    }
}

fn files_are_there_after_all_processes_went(home: &Home) {
    let (photo, part) = (photo(1, 3), photo(2, 2));
    let process = home.open();
    put_all(&process, "lanting", &photo);
    put(&process, "lanting", chunk(&part, 1));
    process.close();
    let process = home.open();
    assert_eq!(whole(&process, "lanting", &photo), Some(photo));
    let lacks = lacking(&process, "lanting", &[offered(&part)]);
    assert_eq!(lacks[0].chunks, [0]);
}
