//! What a device keeps of its own envelopes after it let go of their case: sealed to head office, to fill up
//! a head office that was restored from an old backup.
//!
//! A copy is one stored record. Its sealed part is what `POST /api/rescue` takes, so that nobody but head
//! office reads it, and it goes back as it lies there.

use minicbor::{Decode, Encode};
use shouwen_domain::envelope::Envelope;
use shouwen_domain::limits;
use shouwen_domain::moment::Moment;
use shouwen_domain::retention::is_old_copy;

use crate::client::Place;
use crate::message::{BackedUp, Bytes};

/// Room in a record for what stands around the envelopes: certificate, withdrawals, places, the sealing.
const AROUND_BYTES: usize = 8 * 1024;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Copy {
    /// The bytes of a [`Sealed`](shouwen_domain::sealing::Sealed) [`Rescue`](crate::message::Rescue).
    #[n(1)]
    pub sealed: Bytes,
    /// Chain and sequence of each envelope in it.
    #[n(2)]
    pub places: Vec<(u32, u64)>,
    /// When the last of them was made, or arrived at head office.
    #[n(3)]
    pub newest: Moment,
}

impl Copy {
    /// Whether nobody needs it any longer: a verified backup has all of it, and has had for long enough to be
    /// known to be good.
    pub fn is_over(&self, backed_up: &[BackedUp], now: Moment) -> bool {
        let is_backed_up =
            |&(chain, sequence): &(u32, u64)| is_in_backup(Place { chain, sequence }, backed_up);
        is_old_copy(self.newest, now) && self.places.iter().all(is_backed_up)
    }
}

/// An own envelope of a case that is about to be let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    pub envelope: Envelope,
    /// When head office had it.
    pub arrived: Option<Moment>,
}

impl Own {
    pub fn place(&self) -> Place {
        let header = self.envelope.header();
        Place {
            chain: header.chain,
            sequence: header.sequence,
        }
    }

    /// By whichever clock is later: that of the device may have been wrong.
    pub fn newest(&self) -> Moment {
        self.envelope
            .header()
            .at
            .max(self.arrived.unwrap_or_default())
    }

    /// Whether it has to be copied before it goes.
    pub fn needs_copy(&self, backed_up: &[BackedUp], now: Moment) -> bool {
        !is_old_copy(self.newest(), now) || !is_in_backup(self.place(), backed_up)
    }
}

/// As many groups as there have to be records, each in the order of chain and sequence.
pub fn in_records(mut own: Vec<Own>) -> Vec<Vec<Own>> {
    own.sort_by_key(Own::place);
    let mut records: Vec<Vec<Own>> = Vec::new();
    let mut n_bytes = 0;
    for it in own {
        let more = it.envelope.to_bytes().len();
        match records.last_mut() {
            Some(record) if n_bytes + more <= limits::RECORD_BYTES - AROUND_BYTES => {
                n_bytes += more;
                record.push(it);
            }
            Some(_) | None => {
                n_bytes = more;
                records.push(vec![it]);
            }
        }
    }
    records
}

fn is_in_backup(place: Place, backed_up: &[BackedUp]) -> bool {
    backed_up
        .iter()
        .any(|it| it.chain == place.chain && place.sequence <= it.sequence)
}

#[cfg(test)]
mod tests {
    use shouwen_domain::moment::Minutes;

    use super::*;
    use crate::sample::{chain, sealed};

    const DAY: Minutes = Minutes(24 * 60);
    const MADE: Moment = Moment::from_unix_ms(1_783_915_200_000);

    fn later(days: u32) -> Moment {
        (0..days).fold(MADE, |at, _| at + DAY)
    }

    fn up_to(sequence: u64) -> Vec<BackedUp> {
        let of = |chain, sequence| BackedUp { chain, sequence };
        vec![of(1, sequence), of(2, 3)]
    }

    fn copy(places: &[(u32, u64)]) -> Copy {
        Copy {
            sealed: Bytes(Vec::new()),
            places: places.to_vec(),
            newest: MADE,
        }
    }

    #[test]
    fn a_copy_is_over_once_all_of_it_is_backed_up_and_old() {
        let it = copy(&[(1, 4), (1, 9), (2, 3)]);
        assert!(it.is_over(&up_to(9), later(36)));
        assert!(!it.is_over(&up_to(8), later(36)), "one is not backed up");
        assert!(!it.is_over(&up_to(9), later(35)), "the backup is young");
        assert!(!it.is_over(&[], later(9_999)), "there is no backup");
        let elsewhere = copy(&[(3, 1)]);
        assert!(!elsewhere.is_over(&up_to(9), later(36)), "another chain");
    }

    #[test]
    fn what_is_backed_up_and_old_needs_no_copy() {
        let own = |arrived| Own {
            envelope: sealed(1, 5, None, |it| it.at = MADE),
            arrived,
        };
        assert!(!own(None).needs_copy(&up_to(5), later(36)));
        assert!(own(None).needs_copy(&up_to(4), later(36)));
        assert!(own(None).needs_copy(&up_to(5), later(35)));
        let arrived = own(Some(later(30)));
        assert!(
            arrived.needs_copy(&up_to(5), later(36)),
            "it was long on its way"
        );
    }

    #[test]
    fn copies_come_in_order_and_fit_into_records() {
        let large = |sequence| Own {
            envelope: sealed(2, sequence, None, |_| {}),
            arrived: None,
        };
        let n = 300;
        let mut own: Vec<Own> = chain(n)
            .into_iter()
            .map(|envelope| Own {
                envelope,
                arrived: None,
            })
            .collect();
        own.reverse();
        own.insert(7, large(1));
        let records = in_records(own);
        assert!(records.len() > 1);
        let places: Vec<Place> = records.iter().flatten().map(Own::place).collect();
        assert_eq!(places.len() as u64, n + 1);
        assert!(places.is_sorted());
        for it in &records {
            let n_bytes: usize = it.iter().map(|it| it.envelope.to_bytes().len()).sum();
            assert!(n_bytes <= limits::RECORD_BYTES - AROUND_BYTES, "{n_bytes}");
        }
        let fewest = records.len() - 1;
        let whole: usize = records
            .iter()
            .flatten()
            .map(|it| it.envelope.to_bytes().len())
            .sum();
        assert!(whole > fewest * (limits::RECORD_BYTES - AROUND_BYTES - 1_000));
        assert_eq!(in_records(Vec::new()), Vec::<Vec<Own>>::new());
    }
}
