//! One line, read from the left: words of a fixed list, quotes, numbers, times. What is left over is an error.

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use shouwen_domain::moment::Moment;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("周一", Weekday::Mon),
    ("周二", Weekday::Tue),
    ("周三", Weekday::Wed),
    ("周四", Weekday::Thu),
    ("周五", Weekday::Fri),
    ("周六", Weekday::Sat),
    ("周日", Weekday::Sun),
];

const HOUR_MS: i64 = 3_600_000;
/// The small site is in Shanghai, which knows no summer time.
const OFFSET_HOURS: i64 = 8;

#[derive(Clone, Copy)]
pub struct Line<'a> {
    rest: &'a str,
}

impl<'a> Line<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text.trim() }
    }

    pub const fn rest(&self) -> &'a str {
        self.rest
    }

    pub fn take(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    pub fn need(&mut self, word: &str) -> Result<(), String> {
        if self.take(word) {
            Ok(())
        } else {
            Err(format!("这里应是“{word}”，写的是“{}”", self.rest))
        }
    }

    /// One of a list, the longest that fits.
    pub fn word<T: Copy>(&mut self, list: &[(&str, T)]) -> Option<T> {
        let (word, value) = list
            .iter()
            .filter(|(word, _)| self.rest.starts_with(word))
            .max_by_key(|(word, _)| word.len())?;
        self.take(word);
        Some(*value)
    }

    pub fn need_word<T: Copy>(&mut self, list: &[(&str, T)]) -> Result<T, String> {
        self.word(list).ok_or_else(|| {
            let words: Vec<&str> = list.iter().map(|(word, _)| *word).collect();
            format!("这里应是 {} 之一，写的是“{}”", words.join("、"), self.rest)
        })
    }

    /// `“…”`
    pub fn quote(&mut self) -> Option<String> {
        let (quoted, rest) = self.rest.strip_prefix('“')?.split_once('”')?;
        self.rest = rest.trim_start();
        Some(quoted.to_owned())
    }

    /// `“…”`, or nothing said.
    pub fn said(&mut self) -> String {
        self.quote().unwrap_or_default()
    }

    /// `【…】`
    pub fn name(&mut self) -> Option<String> {
        let (name, rest) = self.rest.strip_prefix('【')?.split_once('】')?;
        self.rest = rest.trim_start();
        Some(name.to_owned())
    }

    /// Everything up to `stop`, which stays.
    pub fn until(&mut self, stop: &[char]) -> &'a str {
        let (text, rest) = self
            .rest
            .split_at(self.rest.find(stop).unwrap_or(self.rest.len()));
        self.rest = rest;
        text.trim()
    }

    pub fn number(&mut self) -> Result<u32, String> {
        let digits = self
            .rest
            .find(|it: char| !it.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(digits);
        let number = number
            .parse()
            .map_err(|_| format!("这里应是数字，写的是“{}”", self.rest))?;
        self.rest = rest.trim_start();
        Ok(number)
    }

    /// `02-13 周五 17:55`, `2027-01-04 周一 09:00`, or `17:55` of the same day as `before`.
    pub fn time(&mut self, before: Option<Moment>) -> Result<Option<Moment>, String> {
        let mut line = *self;
        let date = match line.date()? {
            Some(date) => date,
            None if line.begins_with_a_clock() => match before {
                Some(before) => local(before).date(),
                None => return Err("第一个时间要写日期和星期".to_owned()),
            },
            None => return Ok(None),
        };
        if line.rest.starts_with(|it: char| it.is_ascii_digit()) {
            let time = line
                .clock()
                .ok_or_else(|| format!("这里应是 17:55 这样的时间，写的是“{}”", line.rest))?;
            *self = line;
            return Ok(Some(moment(date.and_time(time))));
        }
        Err(format!("日期之后应是时间，写的是“{}”", line.rest))
    }

    pub fn need_time(&mut self, before: Option<Moment>) -> Result<Moment, String> {
        self.time(before)?
            .ok_or_else(|| format!("这里应是时间，写的是“{}”", self.rest))
    }

    fn date(&mut self) -> Result<Option<NaiveDate>, String> {
        let word = self.rest.split(' ').next().unwrap_or_default();
        let full = match word.len() {
            5 => format!("2026-{word}"),
            10 => word.to_owned(),
            _ => return Ok(None),
        };
        let Ok(date) = NaiveDate::parse_from_str(&full, "%Y-%m-%d") else {
            return Ok(None);
        };
        self.take(word);
        let weekday = self.need_word(&WEEKDAYS)?;
        if weekday != date.weekday() {
            return Err(format!("{full} 是{}", weekday_of(date)));
        }
        Ok(Some(date))
    }

    fn begins_with_a_clock(mut self) -> bool {
        self.clock().is_some()
    }

    fn clock(&mut self) -> Option<NaiveTime> {
        let time = NaiveTime::parse_from_str(self.rest.get(..5)?, "%H:%M").ok()?;
        let word = self.rest.get(..5)?;
        self.take(word);
        Some(time)
    }

    pub fn end(&self) -> Result<(), String> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(format!("看不懂“{}”", self.rest))
        }
    }
}

fn weekday_of(date: NaiveDate) -> &'static str {
    WEEKDAYS
        .iter()
        .find(|(_, it)| *it == date.weekday())
        .map_or("", |(word, _)| word)
}

fn moment(local: NaiveDateTime) -> Moment {
    Moment::from_unix_ms(local.and_utc().timestamp_millis() - OFFSET_HOURS * HOUR_MS)
}

fn local(at: Moment) -> NaiveDateTime {
    chrono::DateTime::from_timestamp_millis(at.unix_ms())
        .unwrap_or_default()
        .naive_utc()
        + Duration::hours(OFFSET_HOURS)
}

/// As a scenario writes it.
pub fn written(at: Moment) -> String {
    let at = local(at);
    let year = if at.year() == 2026 {
        String::new()
    } else {
        format!("{}-", at.year())
    };
    format!(
        "{year}{} {} {}",
        at.format("%m-%d"),
        weekday_of(at.date()),
        at.format("%H:%M")
    )
}
