//! Who may come in: people by their PINs, devices by their keys.

use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, PersonId, SiteId};
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

/// Another key is enrolled under this device's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken;

/// Keeps the device's key, and gives it its short code, which it keeps for ever.
pub fn enrol(
    db: &dyn Db,
    site: &SiteId,
    device: DeviceId,
    key: &PublicKey,
) -> Result<Result<String, Taken>, Fault> {
    // Two processes would give the same code out.
    log::hold_site(db, site)?;
    let known = chains(db, site, device)?;
    if known.iter().any(|it| it.key.is_some_and(|it| it != *key)) {
        return Ok(Err(Taken));
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
