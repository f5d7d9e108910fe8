//! How many envelopes a second a storage takes in: `throughput PLACE [DEVICES [SITES [BATCH [SECONDS]]]]`,
//! where PLACE is a folder for SQLite or a `postgres://` URL. The database should be an empty one.
//!
//! Without HTTP in between, and with every device pushing as soon as it has its receipts. Where the
//! database fails, as when it is killed meanwhile, a device pushes again; at the end each envelope has
//! to be in its feed once.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "../tests/storage/chain.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod chain;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chain::Chain;
use shouwen_domain::id::SiteId;
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::Scope;
use shouwen_server::storage::{Place, Storage, feed, log};
use shouwen_sync::message::{Ask, Cursor, Page};
use shouwen_sync::server::read;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: u64| words.get(at).map_or(or, |it| it.parse().unwrap());
    let place = words.first().expect("the first word is a folder or a URL");
    let (devices, sites) = (number(1, 32), number(2, 8));
    let (batch, seconds) = (usize::try_from(number(3, 1)).unwrap(), number(4, 5));
    let place = if place.starts_with("postgres") {
        Place::PostgreSql(place.parse().unwrap())
    } else {
        std::fs::create_dir_all(place).unwrap();
        Place::Folder(PathBuf::from(place))
    };
    let storage = Storage::open(&place).await.unwrap();
    for n in 0..sites {
        let site: SiteId = format!("site-{n}").parse().unwrap();
        let id = site.clone();
        let adding = storage.write(&id, move |db| log::add_site(db, &site));
        adding.await.unwrap();
    }
    let ends = Instant::now() + Duration::from_secs(seconds);
    let [n_envelopes, n_faults, slowest_ms]: [&AtomicU64; 3] =
        std::array::from_fn(|_| &*Box::leak(Box::default()));
    let pushing = (0..devices).map(|n| {
        let storage = storage.clone();
        tokio::spawn(async move {
            let mut chain = Chain::new(&format!("site-{}", n % sites), u8::try_from(n).unwrap());
            while Instant::now() < ends {
                let envelopes: Vec<_> = (0..batch).map(|_| chain.write(&"字".repeat(60))).collect();
                let began = Instant::now();
                loop {
                    let (sender, push) = (chain.sender.clone(), chain.push(&envelopes));
                    let arrivals = read(&push, &chain::signatories());
                    let taking = storage.write(&chain.sender.site, move |db| {
                        let now = Moment::from_unix_ms(0);
                        let taken_in = log::take_in(db, &sender, &push, &arrivals, now)?;
                        feed::follow(db, &sender.site)?;
                        Ok(taken_in)
                    });
                    match taking.await {
                        Ok(taken) => {
                            assert_eq!(taken.unwrap().0.len(), batch);
                            break;
                        }
                        Err(fault) => {
                            if n_faults.fetch_add(1, Ordering::Relaxed) == 0 {
                                println!("the first fault: {fault}");
                            }
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    }
                }
                let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap();
                slowest_ms.fetch_max(took_ms, Ordering::Relaxed);
                n_envelopes.fetch_add(batch as u64, Ordering::Relaxed);
            }
        })
    });
    for one in pushing.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    let mut n_found = 0;
    for n in 0..sites {
        let site: SiteId = format!("site-{n}").parse().unwrap();
        let mut cursor = Cursor {
            epoch: epoch(&storage, &site).await,
            position: 0,
        };
        loop {
            let page = page(&storage, &site, cursor).await;
            n_found += page.entries.len() as u64;
            assert_eq!(
                page.next.position,
                cursor.position + page.entries.len() as u64
            );
            cursor = page.next;
            if !page.more {
                break;
            }
        }
    }
    assert_eq!(n_found, n_envelopes.load(Ordering::Relaxed), "each once");
    let n_pulls = pulls_in_a_second(&storage, devices, sites).await;
    storage.close().await;
    println!(
        "{devices} devices on {sites} sites, {batch} a push: {} envelopes a second, slowest push {} ms, {} faults",
        n_envelopes.load(Ordering::Relaxed) / seconds,
        slowest_ms.load(Ordering::Relaxed),
        n_faults.load(Ordering::Relaxed)
    );
    println!("{n_pulls} pulls a second that find one envelope");
}

async fn epoch(storage: &Storage, site: &SiteId) -> u64 {
    let of = site.clone();
    let reading = storage.read(site, move |db| log::epoch(db, &of));
    reading.await.unwrap()
}

async fn page(storage: &Storage, site: &SiteId, cursor: Cursor) -> Page {
    let (of, now) = (site.clone(), Moment::from_unix_ms(0));
    let ask = Ask::News { cursor, below: 0 };
    let reading = storage.read(site, move |db| feed::page(db, &of, &Scope::Site, ask, now));
    reading.await.unwrap().unwrap()
}

async fn pulls_in_a_second(storage: &Storage, devices: u64, sites: u64) -> u64 {
    let ends = Instant::now() + Duration::from_secs(1);
    let pulling = (0..devices).map(|n| {
        let storage = storage.clone();
        let site: SiteId = format!("site-{}", n % sites).parse().unwrap();
        tokio::spawn(async move {
            let epoch = epoch(&storage, &site).await;
            let at = site.clone();
            let last = storage.read(&site, move |db| {
                let rows = db.query(
                    "SELECT last_position FROM site WHERE site = $1",
                    &[(&at).into()],
                )?;
                rows.into_iter().next().unwrap().take::<u64>(0)
            });
            let position = last.await.unwrap() - 1;
            let mut n_pulls = 0;
            while Instant::now() < ends {
                let found = page(&storage, &site, Cursor { epoch, position }).await;
                assert_eq!(found.entries.len(), 1);
                n_pulls += 1;
            }
            n_pulls
        })
    });
    let mut n_pulls = 0;
    for one in pulling.collect::<Vec<_>>() {
        n_pulls += one.await.unwrap();
    }
    n_pulls
}
