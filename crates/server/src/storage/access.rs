//! Who may come in: PINs, devices with their short codes, and tokens.

use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, PersonId, SiteId};
use shouwen_domain::moment::Moment;

use crate::pin::HashedPin;

use super::db::Db;
use super::{Fault, log};

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub site: SiteId,
    pub person: PersonId,
    pub device: DeviceId,
}

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
    // Who knew the old one comes in no more.
    db.execute(
        "DELETE FROM token WHERE site = $1 AND person = $2",
        &[site.into(), person.into()],
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

/// The device's short code, given out at its first sign-in and kept for ever.
pub fn device_code(db: &dyn Db, site: &SiteId, device: DeviceId) -> Result<String, Fault> {
    let known = || {
        db.query_first(
            "SELECT code FROM device WHERE site = $1 AND device = $2",
            &[site.into(), (&device).into()],
        )?
        .map(|mut row| row.take(0))
        .transpose()
    };
    if let Some(code) = known()? {
        return Ok(code);
    }
    // Two processes would count the same devices and give the same code out.
    log::hold_site(db, site)?;
    if let Some(code) = known()? {
        return Ok(code);
    }
    let n_before = db
        .query_first(
            "SELECT count(*) FROM device WHERE site = $1",
            &[site.into()],
        )?
        .map_or(Ok(0), |mut row| row.take(0))?;
    let code = code(n_before);
    db.execute(
        "INSERT INTO device (site, device, code) VALUES ($1, $2, $3)",
        &[site.into(), (&device).into(), code.as_str().into()],
    )?;
    Ok(code)
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

pub fn give_token(db: &dyn Db, token: Hash, bearer: &Bearer, ends: Moment) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO token (site, hash, person, device, ends_ms) VALUES ($1, $2, $3, $4, $5)",
        &[
            (&bearer.site).into(),
            (&token).into(),
            (&bearer.person).into(),
            (&bearer.device).into(),
            ends.unix_ms().into(),
        ],
    )?;
    Ok(())
}

pub fn forget_ended_tokens(db: &dyn Db, site: &SiteId, now: Moment) -> Result<(), Fault> {
    db.execute(
        "DELETE FROM token WHERE site = $1 AND ends_ms <= $2",
        &[site.into(), now.unix_ms().into()],
    )?;
    Ok(())
}

/// None where the token is unknown or has ended.
pub fn bearer(db: &dyn Db, token: Hash, now: Moment) -> Result<Option<Bearer>, Fault> {
    let found = db.query_first(
        "SELECT site, person, device FROM token WHERE hash = $1 AND ends_ms > $2",
        &[(&token).into(), now.unix_ms().into()],
    )?;
    found
        .map(|mut row| {
            Ok(Bearer {
                site: row.take(0)?,
                person: row.take(1)?,
                device: row.take(2)?,
            })
        })
        .transpose()
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
