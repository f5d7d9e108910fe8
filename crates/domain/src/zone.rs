//! Civil time of a place. The rules are data of ours with a version, the same on device and server:
//! what the device believes about its zone is never asked.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use crate::document::{Document, DocumentError, Item, Problem, Unit};
use crate::hash::Hash;
use crate::moment::Moment;

/// What is wrong with a zone table, and where.
pub type ZoneError = DocumentError;

/// The zones of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zones {
    zones: BTreeMap<String, Zone>,
    version: u32,
}

impl Zones {
    /// # Errors
    ///
    /// The first thing that is wrong, with its line and field.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        let document = Document::parse("zones.toml", text)?;
        let root = document.table(&["version", "zones"])?;
        let version = root.need("version")?.integer(1..u32::MAX, Unit::Times)?;
        let mut zones = BTreeMap::new();
        for item in root.need("zones")?.list()? {
            let zone = Zone::read(&item, version)?;
            if let Some(zone) = zones.insert(zone.name.clone(), zone) {
                return Err(item.wrong(Problem::Duplicate { found: zone.name }));
            }
        }
        Ok(Self { zones, version })
    }

    /// A zone by its IANA name.
    pub fn get(&self, name: &str) -> Option<&Zone> {
        self.zones.get(name)
    }

    /// The IANA names of all zones.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.zones.keys().map(String::as_str)
    }

    /// The version of the table.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// SHA-256 of all zones in order.
    pub fn hash(&self) -> Hash {
        Hash::of(
            self.zones
                .values()
                .map(Zone::canonical)
                .collect::<String>()
                .as_bytes(),
        )
    }
}

/// Seasons that go on are given to the end of this year.
const LAST_YEAR: i32 = 2060;

/// One zone: its offsets from UTC and when they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    name: String,
    version: u32,
    /// East of UTC, before the first change.
    offset_s: i32,
    /// In order; each differs from the one before it.
    changes: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Change {
    at: Moment,
    offset_s: i32,
}

impl Zone {
    /// A place without summer time, `offset_s` seconds east of UTC.
    ///
    /// ```
    /// use shouwen_domain::moment::Moment;
    /// use shouwen_domain::zone::Zone;
    ///
    /// let shanghai = Zone::fixed("Asia/Shanghai", 8 * 3600);
    /// assert_eq!(shanghai.local(Moment::from_unix_ms(0)).to_string(), "1970-01-01 08:00:00");
    /// ```
    pub fn fixed(name: &str, offset_s: i32) -> Self {
        Self {
            name: name.to_owned(),
            version: 0,
            offset_s,
            changes: Vec::new(),
        }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the table it comes from.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What a clock on the wall shows.
    pub fn local(&self, moment: Moment) -> NaiveDateTime {
        let offset_ms = self.offset_ms(moment);
        let utc = DateTime::from_timestamp_millis(moment.unix_ms())
            .map_or(NaiveDateTime::MAX, |it| it.naive_utc());
        utc.checked_add_signed(TimeDelta::milliseconds(offset_ms))
            .unwrap_or(NaiveDateTime::MAX)
    }

    /// When a clock on the wall shows `local`: the first time if it does so twice (back in autumn); if it never
    /// does (forward in spring), as much later as the clock is put forward.
    pub fn moment(&self, local: NaiveDateTime) -> Moment {
        self.moment_of_ms(local.and_utc().timestamp_millis())
    }

    /// [`Self::local`] in milliseconds, as if it were UTC.
    pub(crate) fn local_ms(&self, moment: Moment) -> i64 {
        moment.unix_ms().saturating_add(self.offset_ms(moment))
    }

    /// [`Self::moment`] of milliseconds, as if they were UTC.
    pub(crate) fn moment_of_ms(&self, local_ms: i64) -> Moment {
        let (mut low, mut high) = (0, self.changes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let Change { at, offset_s } = self.changes[middle];
            // Until then the clock before the change, or the one that skips, is the one to read.
            let offset_s = offset_s.max(self.offset_s_after(middle));
            if local_ms < at.unix_ms() + i64::from(offset_s) * 1000 {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Moment::from_unix_ms(local_ms - i64::from(self.offset_s_after(low)) * 1000)
    }

    fn offset_ms(&self, moment: Moment) -> i64 {
        let n_past = self.changes.partition_point(|it| it.at <= moment);
        i64::from(self.offset_s_after(n_past)) * 1000
    }

    fn offset_s_after(&self, n_changes: usize) -> i32 {
        n_changes
            .checked_sub(1)
            .map_or(self.offset_s, |i| self.changes[i].offset_s)
    }

    /// SHA-256 of name, version, and changes.
    pub fn hash(&self) -> Hash {
        Hash::of(self.canonical().as_bytes())
    }

    fn canonical(&self) -> String {
        let mut text = format!("{} {} {}\n", self.name, self.version, self.offset_s);
        for Change { at, offset_s } in &self.changes {
            let _ = writeln!(text, "{} {offset_s}", at.unix_ms());
        }
        text
    }

    fn read(item: &Item<'_>, version: u32) -> Result<Self, ZoneError> {
        let table = item.table(&["name", "offset", "changes", "seasons"])?;
        let name = table.need("name")?;
        if name.text()?.trim().is_empty() {
            return Err(name.wrong(Problem::Empty));
        }
        let mut changes: Vec<Change> = Vec::new();
        for item in table
            .get("changes")
            .map_or(Ok(Vec::new()), |it| it.list())?
        {
            let change = item.table(&["at", "offset"])?;
            let at = change.need("at")?;
            let change = Change {
                at: read_instant(&at)?,
                offset_s: read_offset_s(&change.need("offset")?)?,
            };
            if changes.last().is_some_and(|it| it.at >= change.at) {
                return Err(at.wrong(Problem::NotInOrder));
            }
            changes.push(change);
        }
        for item in table
            .get("seasons")
            .map_or(Ok(Vec::new()), |it| it.list())?
        {
            changes.extend(read_seasons(&item)?);
        }
        changes.sort_by_key(|it| it.at);
        if let Some(pair) = changes.windows(2).find(|it| it[0].at == it[1].at) {
            let found = DateTime::from_timestamp_millis(pair[0].at.unix_ms())
                .map_or_else(String::new, |it| it.to_rfc3339());
            return Err(item.wrong(Problem::Duplicate { found }));
        }
        let offset_s = read_offset_s(&table.need("offset")?)?;
        let mut before = offset_s;
        changes.retain(|it| std::mem::replace(&mut before, it.offset_s) != it.offset_s);
        Ok(Self {
            name: name.text()?.to_owned(),
            version,
            offset_s,
            changes,
        })
    }
}

/// Two changes a year.
fn read_seasons(item: &Item<'_>) -> Result<Vec<Change>, ZoneError> {
    const YEARS: std::ops::Range<u32> = 1970..LAST_YEAR.unsigned_abs();
    let table = item.table(&["from", "until", "summer", "starts", "winter", "ends"])?;
    let from = table.need("from")?.integer(YEARS, Unit::Times)?;
    let until = table
        .get("until")
        .map_or(Ok(YEARS.end), |it| it.integer(from..YEARS.end, Unit::Times))?;
    let summer = read_offset_s(&table.need("summer")?)?;
    let winter = read_offset_s(&table.need("winter")?)?;
    let starts = read_yearly(&table.need("starts")?)?;
    let ends = read_yearly(&table.need("ends")?)?;
    Ok((from.cast_signed()..=until.cast_signed())
        .flat_map(|year| {
            [
                Change {
                    at: starts.in_year(year, winter),
                    offset_s: summer,
                },
                Change {
                    at: ends.in_year(year, summer),
                    offset_s: winter,
                },
            ]
        })
        .collect())
}

/// The same day of every year, such as `Oct Sun>=8 02:00`, in the manner of the tz database.
#[derive(Debug, Clone, Copy)]
struct Yearly {
    month: u32,
    weekday: Weekday,
    /// None: the last one of the month.
    on_or_after: Option<u32>,
    minute_of_day: i64,
    is_utc: bool,
}

impl Yearly {
    fn parse(text: &str) -> Option<Self> {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let [month, day, time] = text.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
        let (weekday, on_or_after) = match day.split_once(">=") {
            Some((weekday, day)) => {
                let day: u32 = day.parse().ok()?;
                (
                    weekday,
                    Some(day).filter(|it| (1..=25).contains(it))?.into(),
                )
            }
            None => (day.strip_prefix("last")?, None),
        };
        let (clock, is_utc) = time
            .strip_suffix('u')
            .map_or((time, false), |it| (it, true));
        let clock = NaiveTime::parse_from_str(clock, "%H:%M").ok()?;
        Some(Self {
            month,
            weekday: weekday.parse().ok()?,
            on_or_after,
            minute_of_day: (clock - NaiveTime::MIN).num_minutes(),
            is_utc,
        })
    }

    /// `before_s`: how far from UTC the clock is that is changed.
    fn in_year(self, year: i32, before_s: i32) -> Moment {
        let day = |month, day| {
            NaiveDate::from_ymd_opt(year, month, day)
                .expect("every month has 25 days, and years have four digits")
        };
        let earliest = match (self.on_or_after, self.month) {
            (Some(it), month) => day(month, it),
            (None, 12) => day(12, 25),
            (None, month) => day(month + 1, 1) - Days::new(7),
        };
        let wait = self.weekday.days_since(earliest.weekday());
        let date = earliest + Days::new(wait.into());
        let local_ms = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
            + self.minute_of_day * 60_000;
        let offset_s = if self.is_utc { 0 } else { before_s };
        Moment::from_unix_ms(local_ms - i64::from(offset_s) * 1000)
    }
}

fn read_yearly(item: &Item<'_>) -> Result<Yearly, ZoneError> {
    let found = item.text()?;
    Yearly::parse(found).ok_or_else(|| {
        item.wrong(Problem::Malformed {
            found: found.to_owned(),
            example: "Oct Sun>=8 02:00",
        })
    })
}

fn read_instant(item: &Item<'_>) -> Result<Moment, ZoneError> {
    let found = item.instant()?;
    match DateTime::parse_from_rfc3339(&found) {
        Ok(it) => Ok(Moment::from_unix_ms(it.timestamp_millis())),
        Err(_) => Err(item.wrong(Problem::Malformed {
            found,
            example: "2026-03-29T01:00:00Z",
        })),
    }
}

/// `+08:00` in seconds; no place is more than 18 hours from UTC.
fn read_offset_s(item: &Item<'_>) -> Result<i32, ZoneError> {
    let found = item.text()?;
    let seconds = || {
        let sign = match found.get(..1)? {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let (hours, minutes) = found.get(1..)?.split_once(':')?;
        let number = |it: &str| {
            (it.len() == 2 && it.bytes().all(|b| b.is_ascii_digit()))
                .then(|| it.parse::<i32>().ok())?
        };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)
    };
    seconds().ok_or_else(|| {
        item.wrong(Problem::Malformed {
            found: found.to_owned(),
            example: "+08:00",
        })
    })
}

/// The zones that come with the product, for the tests of this crate.
#[cfg(test)]
pub(crate) fn shipped() -> Zones {
    Zones::parse(include_str!("../../../packs/zones.toml")).unwrap()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn instant(text: &str) -> Moment {
        Moment::from_unix_ms(
            DateTime::parse_from_rfc3339(text)
                .unwrap()
                .timestamp_millis(),
        )
    }

    fn check(zone: &str, utc: &str, local: &str) {
        let zones = shipped();
        let zone = zones.get(zone).unwrap();
        let local: NaiveDateTime = local.parse().unwrap();
        assert_eq!(zone.local(instant(utc)), local, "{utc}");
        assert_eq!(zone.moment(local), instant(utc), "{local}");
    }

    #[test]
    fn shanghai_is_eight_hours_ahead_all_year() {
        check(
            "Asia/Shanghai",
            "2026-02-14T09:40:00Z",
            "2026-02-14T17:40:00",
        );
        check(
            "Asia/Shanghai",
            "2026-07-13T16:00:00.001Z",
            "2026-07-14T00:00:00.001",
        );
    }

    #[test]
    fn berlin_changes_twice_a_year() {
        check(
            "Europe/Berlin",
            "2026-03-29T00:59:59Z",
            "2026-03-29T01:59:59",
        );
        check(
            "Europe/Berlin",
            "2026-03-29T01:00:00Z",
            "2026-03-29T03:00:00",
        );
        check(
            "Europe/Berlin",
            "2026-10-24T22:00:00Z",
            "2026-10-25T00:00:00",
        );
        check(
            "Europe/Berlin",
            "2026-10-25T02:00:00Z",
            "2026-10-25T03:00:00",
        );
        check(
            "Europe/Berlin",
            "2030-12-01T00:00:00Z",
            "2030-12-01T01:00:00",
        );
    }

    #[test]
    fn a_time_shown_twice_is_the_first_and_one_never_shown_is_moved_forward() {
        let zones = shipped();
        let berlin = zones.get("Europe/Berlin").unwrap();
        let moment = |local: &str| berlin.moment(local.parse().unwrap());
        assert_eq!(
            moment("2026-10-25T02:30:00"),
            instant("2026-10-25T00:30:00Z")
        );
        assert_eq!(
            berlin.local(instant("2026-10-25T01:30:00Z")),
            "2026-10-25T02:30:00".parse().unwrap()
        );
        assert_eq!(
            moment("2026-03-29T02:00:00"),
            instant("2026-03-29T01:00:00Z")
        );
        assert_eq!(
            moment("2026-03-29T02:30:00"),
            instant("2026-03-29T01:30:00Z")
        );
    }

    #[test]
    fn the_other_half_of_the_world_has_its_summer_in_winter() {
        check(
            "Australia/Sydney",
            "2026-01-15T00:00:00Z",
            "2026-01-15T11:00:00",
        );
        check(
            "Australia/Sydney",
            "2026-04-04T15:59:59Z",
            "2026-04-05T02:59:59",
        );
        check(
            "Australia/Sydney",
            "2026-04-04T17:00:00Z",
            "2026-04-05T03:00:00",
        );
        check(
            "Australia/Sydney",
            "2026-10-03T16:00:00Z",
            "2026-10-04T03:00:00",
        );
        check(
            "America/Santiago",
            "2016-01-18T17:00:00Z",
            "2016-01-18T14:00:00",
        );
        check(
            "Australia/Lord_Howe",
            "2026-10-03T15:30:00Z",
            "2026-10-04T02:30:00",
        );
    }

    #[test]
    fn a_season_ended_by_law_does_not_come_back() {
        check(
            "America/Los_Angeles",
            "2006-04-02T10:00:00Z",
            "2006-04-02T03:00:00",
        );
        check(
            "America/Los_Angeles",
            "2007-03-11T10:00:00Z",
            "2007-03-11T03:00:00",
        );
        check(
            "Europe/Moscow",
            "2010-07-01T08:00:00Z",
            "2010-07-01T12:00:00",
        );
        check(
            "Europe/Moscow",
            "2026-07-01T09:00:00Z",
            "2026-07-01T12:00:00",
        );
    }

    #[test]
    fn every_quarter_of_an_hour_of_a_year_comes_back() {
        let zones = shipped();
        let berlin = zones.get("Europe/Berlin").unwrap();
        let twice = instant("2026-10-25T01:00:00Z")..instant("2026-10-25T02:00:00Z");
        let mut at = instant("2026-01-01T00:00:00Z");
        while at < instant("2027-01-01T00:00:00Z") {
            if !twice.contains(&at) {
                assert_eq!(berlin.moment(berlin.local(at)), at);
            }
            at = at + crate::moment::Minutes(15);
        }
    }

    #[test]
    fn a_moment_beyond_all_calendars_does_not_panic() {
        let zones = shipped();
        assert_eq!(
            zones
                .get("Asia/Shanghai")
                .unwrap()
                .local(Moment::from_unix_ms(i64::MAX)),
            NaiveDateTime::MAX
        );
    }

    #[test]
    fn hashes_follow_the_content() {
        let text = include_str!("../../../packs/zones.toml");
        let later =
            Zones::parse(&text.replacen("Mar lastSun 01:00u", "Mar lastSun 02:00u", 1)).unwrap();
        let shanghai = |zones: &Zones| zones.get("Asia/Shanghai").unwrap().hash();
        assert_ne!(shipped().hash(), later.hash());
        assert_eq!(shanghai(&shipped()), shanghai(&later));
    }

    #[test]
    fn a_zone_says_its_name_and_the_version_of_its_table() {
        let zones = Zones::parse("version = 7\n[[zones]]\nname = \"A\"\noffset = \"+01:00\"\n");
        let zones = zones.unwrap();
        assert_eq!(zones.version(), 7);
        let zone = zones.get("A").unwrap();
        assert_eq!((zone.name(), zone.version()), ("A", 7));
    }

    fn check_error(text: &str, expected: Expect) {
        expected.assert_eq(&Zones::parse(text).unwrap_err().to_string());
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_field() {
        let text = "version = 1\n[[zones]]\nname = \"A\"\noffset = \"+01:00\"\nchanges = [\n  { at = 2026-03-29T01:00:00Z, offset = \"+02:00\" },\n]\n";
        assert!(Zones::parse(text).is_ok());
        check_error(
            &text.replace("+02:00", "+2"),
            expect![[
                r#"zones.toml, line 6, column 41, zones[1].changes[1].offset: "+2" is not of the form "+08:00""#
            ]],
        );
        check_error(
            &text.replace("+02:00", "+2:00"),
            expect![[
                r#"zones.toml, line 6, column 41, zones[1].changes[1].offset: "+2:00" is not of the form "+08:00""#
            ]],
        );
        check_error(
            &text.replace("+02:00", "+02:60"),
            expect![[
                r#"zones.toml, line 6, column 41, zones[1].changes[1].offset: "+02:60" is not of the form "+08:00""#
            ]],
        );
        check_error(
            &text.replace("00Z", "00"),
            expect![[
                r#"zones.toml, line 6, column 10, zones[1].changes[1].at: "2026-03-29T01:00:00" is not of the form "2026-03-29T01:00:00Z""#
            ]],
        );
        check_error(
            &text.replace("2026-03-29T01:00:00Z", "\"2026\""),
            expect![
                "zones.toml, line 6, column 10, zones[1].changes[1].at: Expected a date with time, found a text in quotes"
            ],
        );
        check_error(
            &text.replace("name", "nmae"),
            expect![
                "zones.toml, line 3, column 1, zones[1].nmae: This key is not known here; expected name, offset, changes, seasons"
            ],
        );
        check_error(
            &text.replace("offset = \"+01:00\"", ""),
            expect!["zones.toml, line 2, column 1, zones[1].offset: This key is missing"],
        );
        let again = "  { at = 2026-03-29T01:00:00Z, offset = \"+01:00\" },\n]";
        check_error(
            &text.replace("\n]", &format!("\n{again}")),
            expect![
                "zones.toml, line 7, column 10, zones[1].changes[2].at: This must come after the one before it"
            ],
        );
        check_error(
            &format!("{text}[[zones]]\nname = \"A\"\noffset = \"+01:00\"\n"),
            expect![[r#"zones.toml, line 8, column 1, zones[2]: "A" stands here twice"#]],
        );
    }

    #[test]
    fn what_is_wrong_with_a_season_is_said() {
        let text = "version = 1\n[[zones]]\nname = \"A\"\noffset = \"+01:00\"\nseasons = [\n  { from = 2000, summer = \"+02:00\", starts = \"Mar lastSun 01:00u\", winter = \"+01:00\", ends = \"Oct Sun>=1 03:00\" },\n]\n";
        assert!(Zones::parse(text).is_ok());
        check_error(
            &text.replace("lastSun", "Sunday"),
            expect![[
                r#"zones.toml, line 6, column 46, zones[1].seasons[1].starts: "Mar Sunday 01:00u" is not of the form "Oct Sun>=8 02:00""#
            ]],
        );
        check_error(
            &text.replace(">=1", ">=26"),
            expect![[
                r#"zones.toml, line 6, column 94, zones[1].seasons[1].ends: "Oct Sun>=26 03:00" is not of the form "Oct Sun>=8 02:00""#
            ]],
        );
        check_error(
            &text.replace("2000", "2061"),
            expect![
                "zones.toml, line 6, column 12, zones[1].seasons[1].from: 2061 is outside 1970 to 2060"
            ],
        );
        check_error(
            &text.replace(
                "seasons",
                "changes = [{ at = 2020-03-29T01:00:00Z, offset = \"+03:00\" }]\nseasons",
            ),
            expect![[
                r#"zones.toml, line 2, column 1, zones[1]: "2020-03-29T01:00:00+00:00" stands here twice"#
            ]],
        );
    }
}
