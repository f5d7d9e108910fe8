//! Who may come in: people by their PINs, devices by their keys.

use shouwen_domain::certificate::Signers;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, PersonId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_domain::signature::PublicKey;

use crate::pin::HashedPin;

use super::db::Db;
use super::{Fault, log};

pub fn pin(db: &dyn Db, site: &SiteId, person: &PersonId) -> Result<Option<HashedPin>, Fault> {
    let found = db.query_first(
        "SELECT hashed FROM pin WHERE site = $1 AND person = $2",
        &[site.into(), person.into()],
    )?;
    let stored = found.map(|mut row| row.take(0)).transpose()?;
    Ok(stored.map(HashedPin::from_stored))
}

pub fn set_pin(
    db: &dyn Db,
    site: &SiteId,
    person: &PersonId,
    pin: &HashedPin,
) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO pin (site, person, hashed) VALUES ($1, $2, $3)
         ON CONFLICT (site, person) DO UPDATE SET hashed = excluded.hashed",
        &[site.into(), person.into(), pin.as_str().into()],
    )?;
    Ok(())
}

/// For who has none yet; a PIN that another process set meanwhile stays.
pub fn set_first_pin(
    db: &dyn Db,
    site: &SiteId,
    person: &PersonId,
    pin: &HashedPin,
) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO pin (site, person, hashed) VALUES ($1, $2, $3) ON CONFLICT (site, person) DO NOTHING",
        &[site.into(), person.into(), pin.as_str().into()],
    )?;
    Ok(())
}

/// Keeps the device's key, and gives it its short code, which it keeps for ever.
pub fn enrol(
    db: &dyn Db,
    site: &SiteId,
    device: DeviceId,
    key: &PublicKey,
) -> Result<Result<String, NotEnrolled>, Fault> {
    // Two processes would give the same code out.
    log::hold_site(db, site)?;
    let known = chains(db, site, device)?;
    if known.iter().any(|it| it.key.is_some_and(|it| it != *key)) {
        return Ok(Err(NotEnrolled::Taken));
    }
    if let Some(first) = known.into_iter().next() {
        db.execute(
            "UPDATE device SET key = $1 WHERE site = $2 AND device = $3",
            &[
                key.to_cose_key().as_slice().into(),
                site.into(),
                (&device).into(),
            ],
        )?;
        return Ok(Ok(first.code));
    }
    let code = next_code(db, site)?;
    add_chain(db, site, device, FIRST_CHAIN, &code, key)?;
    Ok(Ok(code))
}

/// Keeps the hash of a code, and forgets those that have ended.
pub fn invite(
    db: &dyn Db,
    site: &SiteId,
    code: &Hash,
    ends: Moment,
    now: Moment,
) -> Result<(), Fault> {
    db.execute(
        "DELETE FROM invitation WHERE site = $1 AND ends_ms <= $2",
        &[site.into(), now.unix_ms().into()],
    )?;
    db.execute(
        "INSERT INTO invitation (site, hash, ends_ms) VALUES ($1, $2, $3)",
        &[site.into(), code.into(), ends.unix_ms().into()],
    )?;
    Ok(())
}

/// The site that a code leads to, whether or not it still does.
pub fn invited_to(db: &dyn Db, code: &Hash) -> Result<Option<SiteId>, Fault> {
    let found = db.query_first(
        "SELECT site FROM invitation WHERE hash = $1",
        &[code.into()],
    )?;
    found.map(|mut row| row.take(0)).transpose()
}

/// Why a device does not join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEnrolled {
    /// No such invitation, or one that has ended or was used by another device.
    WrongCode,
    /// Another key is enrolled under this device's id.
    Taken,
}

/// Uses a code up for this device, and enrols it. A device that got no answer may ask again.
pub fn redeem(
    db: &dyn Db,
    site: &SiteId,
    code: &Hash,
    device: DeviceId,
    key: &PublicKey,
    now: Moment,
) -> Result<Result<String, NotEnrolled>, Fault> {
    // Of two devices with one code, one comes first.
    log::hold_site(db, site)?;
    let good = db.query_first(
        "SELECT site FROM invitation
         WHERE site = $1 AND hash = $2 AND ends_ms > $3 AND (device IS NULL OR device = $4)",
        &[
            site.into(),
            code.into(),
            now.unix_ms().into(),
            (&device).into(),
        ],
    )?;
    if good.is_none() {
        return Ok(Err(NotEnrolled::WrongCode));
    }
    let enrolled = enrol(db, site, device, key)?;
    if enrolled.is_ok() {
        db.execute(
            "UPDATE invitation SET device = $1 WHERE site = $2 AND hash = $3",
            &[(&device).into(), site.into(), code.into()],
        )?;
    }
    Ok(enrolled)
}

/// All keys with which people ever signed on a device, each person's in the order in which they came.
pub fn signers(db: &dyn Db, site: &SiteId, device: DeviceId) -> Result<Signers, Fault> {
    let rows = db.query(
        "SELECT person, key FROM signer WHERE site = $1 AND device = $2 ORDER BY since_ms, key",
        &[site.into(), (&device).into()],
    )?;
    let mut signers = Signers::default();
    for mut row in rows {
        let key: Vec<u8> = row.take(1)?;
        let key = PublicKey::from_cose_key(&key).map_err(|it| Fault::Database(it.to_string()))?;
        signers.add(row.take(0)?, key);
    }
    Ok(signers)
}

/// Keeps those that are not known yet: of a person who signs in, or of a certificate that outlived the database.
pub fn keep_signers(
    db: &dyn Db,
    site: &SiteId,
    device: DeviceId,
    signers: &Signers,
    now: Moment,
) -> Result<(), Fault> {
    for (n, (person, key)) in (0_i64..).zip(signers.iter()) {
        // Each behind the one before it.
        let since = now.unix_ms() + n;
        db.execute(
            "INSERT INTO signer (site, device, person, key, since_ms) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (site, device, person, key) DO NOTHING",
            &[
                site.into(),
                (&device).into(),
                person.into(),
                key.to_cose_key().as_slice().into(),
                since.into(),
            ],
        )?;
    }
    Ok(())
}

/// Keeps what a device signed of what it erased.
pub fn keep_erasure(
    db: &dyn Db,
    site: &SiteId,
    device: DeviceId,
    at: Moment,
    statement: &[u8],
) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO erasure (site, device, at_ms, statement) VALUES ($1, $2, $3, $4)
         ON CONFLICT (site, device, at_ms) DO NOTHING",
        &[
            site.into(),
            (&device).into(),
            at.unix_ms().into(),
            statement.into(),
        ],
    )?;
    Ok(())
}

/// How a device stands with head office, chain by chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceState {
    pub device: DeviceId,
    pub chain: u32,
    pub code: String,
    /// The highest sequence that it says it has written.
    pub announced: u64,
    /// Up to where it arrived without a gap.
    pub arrived: u64,
    pub last_arrival: Option<Moment>,
    pub erased: Option<Moment>,
}

pub fn devices(db: &dyn Db, site: &SiteId) -> Result<Vec<DeviceState>, Fault> {
    let rows = db.query(
        "SELECT device.device, device.chain, device.code, chain.announced, chain.head_sequence,
             (SELECT max(arrived_ms) FROM envelope
              WHERE envelope.site = device.site AND envelope.device = device.device AND envelope.chain = device.chain),
             (SELECT max(at_ms) FROM erasure
              WHERE erasure.site = device.site AND erasure.device = device.device)
         FROM device LEFT JOIN chain
             ON chain.site = device.site AND chain.device = device.device AND chain.chain = device.chain
         WHERE device.site = $1 ORDER BY device.device, device.chain",
        &[site.into()],
    )?;
    let moment = |it: Option<i64>| it.map(Moment::from_unix_ms);
    rows.into_iter()
        .map(|mut row| {
            Ok(DeviceState {
                device: row.take(0)?,
                chain: row.take(1)?,
                code: row.take(2)?,
                announced: row.take::<Option<u64>>(3)?.unwrap_or(0),
                arrived: row.take::<Option<u64>>(4)?.unwrap_or(0),
                last_arrival: moment(row.take(5)?),
                erased: moment(row.take(6)?),
            })
        })
        .collect()
}

/// The device in one of whose chains case numbers carry this code.
pub fn device_of_code(db: &dyn Db, site: &SiteId, code: &str) -> Result<Option<DeviceId>, Fault> {
    let found = db.query_first(
        "SELECT device FROM device WHERE site = $1 AND code = $2",
        &[site.into(), code.into()],
    )?;
    let device = found.map(|mut row| row.take(0)).transpose()?;
    Ok(device.filter(|it| *it != DeviceId::HEAD_OFFICE))
}

pub const FIRST_CHAIN: u32 = 1;

/// A chain in which a device writes, with the short code of its case numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceChain {
    pub chain: u32,
    pub code: String,
    /// None until a device of before signs in with one.
    pub key: Option<PublicKey>,
}

pub fn chains(db: &dyn Db, site: &SiteId, device: DeviceId) -> Result<Vec<DeviceChain>, Fault> {
    let rows = db.query(
        "SELECT chain, code, key FROM device WHERE site = $1 AND device = $2 ORDER BY chain",
        &[site.into(), (&device).into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let key: Option<Vec<u8>> = row.take(2)?;
            let key = key.map(|it| PublicKey::from_cose_key(&it));
            Ok(DeviceChain {
                chain: row.take(0)?,
                code: row.take(1)?,
                key: key
                    .transpose()
                    .map_err(|it| Fault::Database(it.to_string()))?,
            })
        })
        .collect()
}

pub fn add_chain(
    db: &dyn Db,
    site: &SiteId,
    device: DeviceId,
    chain: u32,
    code: &str,
    key: &PublicKey,
) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO device (site, device, chain, code, key) VALUES ($1, $2, $3, $4, $5)",
        &[
            site.into(),
            (&device).into(),
            chain.into(),
            code.into(),
            key.to_cose_key().as_slice().into(),
        ],
    )?;
    Ok(())
}

/// A short code that nobody on the site has.
pub fn next_code(db: &dyn Db, site: &SiteId) -> Result<String, Fault> {
    let n_codes: u32 = db
        .query_first(
            "UPDATE site SET n_codes = n_codes + 1 WHERE site = $1 RETURNING n_codes",
            &[site.into()],
        )?
        .ok_or_else(|| Fault::Database(format!("the database has no site \"{site}\"")))?
        .take(0)?;
    Ok(code(n_codes - 1))
}

/// A device brought its code back: whoever comes later gets codes behind it.
pub fn leave_out_code(db: &dyn Db, site: &SiteId, brought: &str) -> Result<(), Fault> {
    /// More devices than a site ever had.
    const MOST: u32 = 100_000;
    let Some(n) = (0..MOST).find(|it| code(*it) == brought) else {
        return Ok(());
    };
    db.execute(
        "UPDATE site SET n_codes = $1 WHERE site = $2 AND n_codes < $1",
        &[(n + 1).into(), site.into()],
    )?;
    Ok(())
}

/// Binds a database to the keys that it is used with first; whether it belongs to these.
pub fn belongs_to(db: &dyn Db, root: &Hash) -> Result<bool, Fault> {
    db.execute(
        "UPDATE server SET root = $1 WHERE root IS NULL",
        &[root.into()],
    )?;
    let bound: Option<Hash> = db
        .query_first("SELECT root FROM server", &[])?
        .map_or(Ok(None), |mut row| row.take(0))?;
    Ok(bound.as_ref() == Some(root))
}

/// The code of a site's `n`th device: a letter and a digit while they last, then more digits. Letters
/// and digits that are mistaken for one another are left out, and neighbours do not look alike.
fn code(n: u32) -> String {
    const LETTERS: &[u8; 23] = b"KTBWFMRCXHPDYAVGNEZJSLU";
    const DIGITS: &[u8; 8] = b"72594638";
    let n_letters = 23;
    let mut rest = n;
    let mut n_digits = 1;
    while rest >= n_letters * 8_u32.pow(n_digits) {
        rest -= n_letters * 8_u32.pow(n_digits);
        n_digits += 1;
    }
    let mut code = String::from(char::from(LETTERS[(rest % n_letters) as usize]));
    // Shifted by the letter's place, so that the first devices differ in both.
    let mut digits = rest / n_letters + rest % n_letters;
    for _ in 0..n_digits {
        code.push(char::from(DIGITS[(digits % 8) as usize]));
        digits /= 8;
    }
    code
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_short_and_never_given_twice() {
        assert_eq!(
            (0..6).map(code).collect::<Vec<_>>(),
            ["K7", "T2", "B5", "W9", "F4", "M6"]
        );
        let codes: BTreeSet<_> = (0..20_000).map(code).collect();
        assert_eq!(codes.len(), 20_000);
        assert!((0..184).all(|n| code(n).len() == 2));
    }
}
