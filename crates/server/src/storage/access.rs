//! Who may come in: PINs, devices with their short codes, and tokens.

use rusqlite::{Connection, OptionalExtension, params};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, PersonId, SiteId};
use shouwen_domain::moment::Moment;

use crate::pin::HashedPin;

use super::Fault;

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub site: SiteId,
    pub person: PersonId,
    pub device: DeviceId,
}

pub fn pin(db: &Connection, site: &SiteId, person: &PersonId) -> Result<Option<HashedPin>, Fault> {
    let stored = db
        .prepare_cached("SELECT hashed FROM pin WHERE site = ? AND person = ?")?
        .query_row([site.as_str(), person.as_str()], |row| row.get(0))
        .optional()?;
    Ok(stored.map(HashedPin::from_stored))
}

pub fn set_pin(
    db: &Connection,
    site: &SiteId,
    person: &PersonId,
    pin: &HashedPin,
) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO pin (site, person, hashed) VALUES (?, ?, ?)
         ON CONFLICT (site, person) DO UPDATE SET hashed = excluded.hashed",
    )?
    .execute([site.as_str(), person.as_str(), pin.as_str()])?;
    // Who knew the old one comes in no more.
    db.prepare_cached("DELETE FROM token WHERE site = ? AND person = ?")?
        .execute([site.as_str(), person.as_str()])?;
    Ok(())
}

/// The device's short code, given out at its first sign-in and kept for ever.
pub fn device_code(db: &Connection, site: &SiteId, device: DeviceId) -> Result<String, Fault> {
    let known = db
        .prepare_cached("SELECT code FROM device WHERE site = ? AND device = ?")?
        .query_row(params![site.as_str(), device.bytes()], |row| row.get(0))
        .optional()?;
    if let Some(code) = known {
        return Ok(code);
    }
    let n_before: u32 = db
        .prepare_cached("SELECT count(*) FROM device WHERE site = ?")?
        .query_row([site.as_str()], |row| row.get(0))?;
    let code = code(n_before);
    db.prepare_cached("INSERT INTO device (site, device, code) VALUES (?, ?, ?)")?
        .execute(params![site.as_str(), device.bytes(), code])?;
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

pub fn give_token(
    db: &Connection,
    token: Hash,
    bearer: &Bearer,
    ends: Moment,
) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO token (hash, site, person, device, ends_ms) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![
        token.0,
        bearer.site.as_str(),
        bearer.person.as_str(),
        bearer.device.bytes(),
        ends.unix_ms()
    ])?;
    Ok(())
}

pub fn forget_ended_tokens(db: &Connection, now: Moment) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM token WHERE ends_ms <= ?")?
        .execute([now.unix_ms()])?;
    Ok(())
}

/// None where the token is unknown or has ended.
pub fn bearer(db: &Connection, token: Hash, now: Moment) -> Result<Option<Bearer>, Fault> {
    let found = db
        .prepare_cached("SELECT site, person, device FROM token WHERE hash = ? AND ends_ms > ?")?
        .query_row(params![token.0, now.unix_ms()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, [u8; 16]>(2)?,
            ))
        })
        .optional()?;
    Ok(found.and_then(|(site, person, device)| {
        Some(Bearer {
            site: site.parse().ok()?,
            person: person.parse().ok()?,
            device: DeviceId::from_random(device),
        })
    }))
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
