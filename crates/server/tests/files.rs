//! Photos over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use shouwen_domain::at_rest;
use shouwen_domain::event::{Fact, HandedOver, PhotoAdded, PhotoSource};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::CaseId;
use shouwen_domain::limits::{CHUNK_BYTES, FILE_BYTES};
use shouwen_sync::message::files::{
    ChunkTaken, GivenChunk, Lacking, OFFERED_FILES, Offer, Offered, PutChunk,
};
use shouwen_sync::message::{Bytes, FailureCode, SignedIn};
use support::{Answer, Device, Program, Running, bytes, dist, get, post, put};

/// As a JPEG begins.
fn photo(name: u8, n_bytes: usize) -> Vec<u8> {
    let begins = [0xff, 0xd8, 0xff, 0xe0, name];
    let all = begins.into_iter().chain((0..=250).cycle());
    all.take(n_bytes).collect()
}

fn offered(photo: &[u8]) -> Offered {
    Offered {
        hash: Hash::of(photo),
        n_bytes: u32::try_from(photo.len()).unwrap(),
    }
}

fn path(photo: &[u8], n: usize) -> String {
    format!("/api/files/{}/{n}", Hash::of(photo))
}

fn chunk(photo: &[u8], n: usize) -> PutChunk {
    PutChunk {
        n_bytes: offered(photo).n_bytes,
        bytes: Bytes(photo.chunks(CHUNK_BYTES).nth(n).unwrap().to_vec()),
        is_sealed: false,
        first_certificate: None,
    }
}

fn send(device: &Device, photo: &[u8], n: usize) -> Answer {
    send_as(device, &path(photo, n), &chunk(photo, n))
}

fn send_as(device: &Device, path: &str, chunk: &PutChunk) -> Answer {
    let token = Some(device.token.as_str());
    put(device.address, path, token, &bytes(chunk))
}

fn send_all(device: &Device, photo: &[u8]) {
    for n in 0..photo.chunks(CHUNK_BYTES).len() {
        send(device, photo, n).message::<ChunkTaken>();
    }
}

fn lacking(device: &Device, photos: &[&[u8]]) -> Lacking {
    let files = photos.iter().map(|it| offered(it)).collect();
    offer(device, Offer { files }).message()
}

fn offer(device: &Device, offer: Offer) -> Answer {
    let token = Some(device.token.as_str());
    post(device.address, "/api/files/lacking", token, &bytes(&offer))
}

fn fetch(device: &Device, photo: &[u8], n: usize) -> Answer {
    let bearer = format!("Bearer {}", device.token);
    let headers = [("authorization", bearer.as_str())];
    get(device.address, &path(photo, n), &headers)
}

const CASE: CaseId = CaseId::from_random([1; 16]);

/// That this photo belongs to the case.
fn added(photo: &[u8]) -> Fact {
    Fact::PhotoAdded(PhotoAdded {
        photo: Hash::of(photo),
        source: PhotoSource::Camera,
        taken_at: None,
        placed: false,
    })
}

#[test]
fn a_photo_is_given_to_whoever_sees_a_case_that_it_belongs_to() {
    let server = Running::start();
    let of = |number, person, pin| Device::of(server.address, number, person, pin, None);
    let (mut li, chen) = (of(1, "li-na", "100005"), of(2, "chen-gong", "100008"));
    let photo = photo(1, 100);
    send_all(&li, &photo);
    let not_here = (404, FailureCode::NotHere);
    assert_eq!(fetch(&li, &photo, 0).declined(), not_here, "of no case");
    li.act(CASE, added(&photo));
    assert_eq!(fetch(&li, &photo, 0).status, 200);
    assert_eq!(fetch(&chen, &photo, 0).declined(), not_here);
    // Another case that they see does not help.
    let other = CaseId::from_random([2; 16]);
    let over = |to: &str| {
        let to = to.parse().unwrap();
        Fact::HandedOver(HandedOver::new("service".parse().unwrap(), to))
    };
    li.act(other, over("engineering"));
    assert_eq!(fetch(&chen, &photo, 0).declined(), not_here);
    li.act(CASE, over("engineering"));
    assert_eq!(fetch(&chen, &photo, 0).status, 200);
    let site = server.device(3, "ma-jie", "100006");
    assert_eq!(fetch(&site, &photo, 0).status, 200, "who sees the site");
}

#[test]
fn a_photo_of_one_device_is_fetched_by_another() {
    let server = Running::start();
    let (mut wang, li) = (server.wang(), server.device(2, "li-na", "100005"));
    let photo = photo(1, FILE_BYTES);
    wang.act(CASE, added(&photo));
    let n_chunks = photo.chunks(CHUNK_BYTES).len();
    let before = lacking(&wang, &[&photo]);
    assert_eq!(before.files[0].chunks.len(), n_chunks);
    for n in 0..n_chunks {
        assert_eq!(
            fetch(&li, &photo, 0).declined(),
            (404, FailureCode::NotHere)
        );
        let taken: ChunkTaken = send(&wang, &photo, n).message();
        assert_eq!(taken.missing.len(), n_chunks - 1 - n);
        assert_eq!((taken.hash, taken.epoch), (Hash::of(&photo), before.epoch));
    }
    assert_eq!(lacking(&wang, &[&photo]).files, []);
    let mut fetched = Vec::new();
    for n in 0..n_chunks {
        let answer = fetch(&li, &photo, n);
        assert_eq!(answer.header("content-disposition"), "attachment");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let given: GivenChunk = answer.message();
        assert_eq!(given.n_bytes as usize, FILE_BYTES);
        fetched.extend(given.bytes.0);
    }
    assert!(fetched == photo);
    let beyond = fetch(&li, &photo, n_chunks);
    assert_eq!(beyond.declined(), (404, FailureCode::NotHere));
}

#[test]
fn only_pictures_are_taken() {
    let server = Running::start();
    let wang = server.wang();
    for text in [
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        "<!doctype html><script>alert(1)</script>",
        "GIF89a",
    ] {
        let answer = send(&wang, text.as_bytes(), 0);
        assert_eq!(answer.declined(), (415, FailureCode::NotAPicture));
        let lacks = lacking(&wang, &[text.as_bytes()]);
        assert_eq!(lacks.files[0].chunks, [0]);
    }
    // Not behind other chunks either.
    let mut hidden = photo(1, CHUNK_BYTES + 10);
    hidden[..5].copy_from_slice(b"<svg ");
    send(&wang, &hidden, 1).message::<ChunkTaken>();
    let answer = send(&wang, &hidden, 0);
    assert_eq!(answer.declined(), (415, FailureCode::NotAPicture));
    let answer = fetch(&wang, &hidden, 0);
    assert_eq!(answer.declined(), (404, FailureCode::NotHere));
}

#[test]
fn bytes_that_are_not_those_of_the_hash_are_thrown_away() {
    let server = Running::start();
    let wang = server.wang();
    let photo = photo(1, CHUNK_BYTES + 10);
    let mut spoilt = chunk(&photo, 0);
    spoilt.bytes.0[100] ^= 1;
    send_as(&wang, &path(&photo, 0), &spoilt).message::<ChunkTaken>();
    let answer = send(&wang, &photo, 1);
    assert_eq!(answer.declined(), (422, FailureCode::WrongBytes));
    assert_eq!(lacking(&wang, &[&photo]).files[0].chunks, [0, 1]);
    send_all(&wang, &photo);
    assert_eq!(lacking(&wang, &[&photo]).files, []);
}

/// As the chunk lies on a device with this content key.
fn sealed(key: &[u8], photo: &[u8], n: usize) -> PutChunk {
    let plain = chunk(photo, n);
    let record = at_rest::record(&at_rest::Chunk {
        bytes: plain.bytes.0.clone(),
    });
    let name = at_rest::chunk_name(Hash::of(photo), u32::try_from(n).unwrap());
    let aad = at_rest::bound_to(at_rest::CHUNKS, name.as_bytes());
    let (nonce, msg) = ([7; at_rest::NONCE_BYTES], record.as_slice());
    let cipher = Aes256Gcm::new_from_slice(key).unwrap();
    let body = cipher.encrypt(&nonce.into(), Payload { msg, aad: &aad });
    PutChunk {
        bytes: Bytes([nonce.as_slice(), &body.unwrap()].concat()),
        is_sealed: true,
        ..plain
    }
}

#[test]
fn a_device_on_which_nobody_is_signed_in_brings_photos_as_they_lie() {
    let server = Running::start();
    let wang = server.wang();
    let key = |device: &Device| {
        let answer: SignedIn = device.try_pin(&device.person, "100013").message();
        answer.content_key.unwrap().0
    };
    let key_of_first = key(&wang);
    let photo = photo(1, 2 * CHUNK_BYTES + 5);
    let n_chunks = photo.chunks(CHUNK_BYTES).len();
    let wrong = (422, FailureCode::WrongBytes);
    let mut another_key = key_of_first.clone();
    another_key[0] ^= 1;
    for (what, chunk) in [
        ("sealed with another key", sealed(&another_key, &photo, 0)),
        ("of another place", sealed(&key_of_first, &photo, 1)),
        (
            "not sealed at all",
            PutChunk {
                is_sealed: true,
                ..chunk(&photo, 0)
            },
        ),
    ] {
        let answer = send_as(&wang, &path(&photo, 0), &chunk);
        assert_eq!(answer.declined(), wrong, "{what}");
    }
    send_as(&wang, &path(&photo, 0), &sealed(&key_of_first, &photo, 0)).message::<ChunkTaken>();

    let mut again = server.device(2, "wang-jianguo", "100013");
    let mut of_first = sealed(&key_of_first, &photo, 1);
    assert_eq!(
        send_as(&again, &path(&photo, 1), &of_first).declined(),
        wrong,
        "another device's"
    );
    of_first.first_certificate = Some(wang.enrolled.certificate.clone());
    send_as(&again, &path(&photo, 1), &of_first).message::<ChunkTaken>();
    again.token = again.without_reader().token;
    for n in 2..n_chunks {
        let chunk = PutChunk {
            first_certificate: of_first.first_certificate.clone(),
            ..sealed(&key_of_first, &photo, n)
        };
        send_as(&again, &path(&photo, n), &chunk).message::<ChunkTaken>();
    }
    assert_eq!(
        lacking(&wang, &[&photo]).files,
        [],
        "the whole is what its hash says"
    );
}

#[test]
fn what_cannot_be_a_chunk_is_malformed() {
    let server = Running::start();
    let wang = server.wang();
    let photo = photo(1, 100);
    let right = chunk(&photo, 0);
    let malformed = (400, FailureCode::Malformed);
    for (n_bytes, length) in [(101, 100), (100, 99), (0, 0), (u32::MAX, 100)] {
        let chunk = PutChunk {
            n_bytes,
            bytes: Bytes(vec![0xff; length]),
            ..right.clone()
        };
        let answer = send_as(&wang, &path(&photo, 0), &chunk);
        assert_eq!(answer.declined(), malformed);
    }
    for path in [
        path(&photo, 1),
        path(&photo, 0).replace("/api/files/", "/api/files/00"),
        path(&photo, 0)
            .to_uppercase()
            .replace("/API/FILES", "/api/files"),
    ] {
        assert_eq!(
            send_as(&wang, &path, &right).declined(),
            malformed,
            "{path}"
        );
    }
    let huge = PutChunk {
        bytes: Bytes(vec![0xff; 2 * CHUNK_BYTES]),
        ..right
    };
    let answer = send_as(&wang, &path(&photo, 0), &huge);
    assert_eq!(answer.declined(), (413, FailureCode::TooLarge));
    let nothing = Offered {
        n_bytes: 0,
        ..offered(&photo)
    };
    let files = vec![nothing];
    assert_eq!(offer(&wang, Offer { files }).declined(), malformed);
    let files = vec![offered(&photo); OFFERED_FILES + 1];
    let answer = offer(&wang, Offer { files });
    assert_eq!(answer.declined(), (413, FailureCode::TooLarge));
    let files = (0..OFFERED_FILES).map(|_| offered(&photo)).collect();
    assert_eq!(offer(&wang, Offer { files }).status, 200);
}

#[test]
fn nobody_sees_or_sends_a_photo_without_a_token() {
    let server = Running::start();
    let wang = server.wang();
    let photo = photo(1, 100);
    send_all(&wang, &photo);
    let address = server.address;
    let files = vec![offered(&photo)];
    for answer in [
        get(address, &path(&photo, 0), &[]),
        get(
            address,
            &path(&photo, 0),
            &[("authorization", "Bearer none")],
        ),
        put(address, &path(&photo, 0), None, &bytes(&chunk(&photo, 0))),
        post(
            address,
            "/api/files/lacking",
            None,
            &bytes(&Offer { files }),
        ),
    ] {
        assert_eq!(answer.declined(), (401, FailureCode::NotSignedIn));
    }
}

#[test]
fn a_photo_cut_by_a_server_that_died_goes_on_where_it_was() {
    let (data, dist) = (tempfile::tempdir().unwrap(), dist());
    let photo = photo(1, FILE_BYTES);
    let mut server = Program::start(Program::command(data.path(), dist.path()));
    let wang = Device::sign_in(server.address, 1, "wang-jianguo", "100013");
    for n in 0..4 {
        send(&wang, &photo, n).message::<ChunkTaken>();
    }
    server.kill_9();
    let server = Program::start(Program::command(data.path(), dist.path()));
    let mut wang = Device {
        address: server.address,
        ..wang
    };
    wang.token = wang.contact(false).token;
    let lacks = lacking(&wang, &[&photo]);
    assert_eq!(lacks.files[0].chunks, [4, 5, 6]);
    for n in 4..7 {
        send(&wang, &photo, n).message::<ChunkTaken>();
    }
    assert_eq!(lacking(&wang, &[&photo]).files, []);
}

#[test]
fn a_full_disk_takes_no_chunk_and_says_so() {
    let server = Running::start();
    let wang = server.wang();
    let photo = photo(1, FILE_BYTES);
    server.limit_pages(1);
    let answer = (0..7).map(|n| send(&wang, &photo, n).declined());
    assert!(
        answer
            .into_iter()
            .all(|it| it == (503, FailureCode::Storage))
    );
    server.limit_pages(1_000_000);
    send_all(&wang, &photo);
    assert_eq!(lacking(&wang, &[&photo]).files, []);
}
