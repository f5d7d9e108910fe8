//! `repeats FILE...`: how well repeats of an earlier matter are recognised in messages whose matters are known.
//!
//! A line is `{"id", "user", "time", "subject", "text", "cluster"}`; messages of one matter have one `cluster`, those
//! of none or null, or alone in theirs, are the others. They are fed in order of time, each asked for before it is
//! known. `--list` also prints each alarm and each repeat that was not offered.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks by printing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;
use shouwen_domain::moment::Moment;
use shouwen_domain::repeat::{Candidate, Known, Matter, Query, Repeats};

const N_SHOWN: usize = 5;

fn main() -> ExitCode {
    let (options, files): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|it| it.starts_with("--"));
    if files.is_empty() || options.iter().any(|it| it != "--list") {
        eprintln!("Usage: repeats [--list] FILE...");
        return ExitCode::FAILURE;
    }
    let mut messages = Vec::new();
    let mut sound = true;
    for file in &files {
        match std::fs::read_to_string(file) {
            Ok(text) => {
                for (line, written) in (1..).zip(text.lines()) {
                    match message(written) {
                        Ok(Some(it)) => messages.push(it),
                        Ok(None) => {}
                        Err(why) => {
                            eprintln!("{file}, line {line}, {why}");
                            sound = false;
                        }
                    }
                }
            }
            Err(error) => {
                eprintln!("{file} cannot be read: {error}");
                sound = false;
            }
        }
    }
    messages.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
    let figures = measure(&messages, !options.is_empty());
    println!("{figures}");
    if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Message {
    id: String,
    user: String,
    time: Moment,
    subject: String,
    text: String,
    cluster: Option<String>,
}

/// `None` for an empty line; an error begins with the field.
fn message(written: &str) -> Result<Option<Message>, String> {
    if written.trim().is_empty() {
        return Ok(None);
    }
    let value: Value = serde_json::from_str(written)
        .map_err(|error| format!("the line as a whole: not JSON: {error}"))?;
    let word = |field: &str| match value.get(field) {
        Some(Value::String(it)) => Ok(it.clone()),
        Some(Value::Number(it)) => Ok(it.to_string()),
        Some(other) => Err(format!("{field}: expected text, found {other}")),
        None => Err(format!("{field}: missing")),
    };
    let time = word("time")?;
    let time = time
        .parse::<DateTime<chrono::Utc>>()
        .or_else(|_| time.parse::<NaiveDateTime>().map(|it| it.and_utc()))
        .map_err(|_| format!("time: {time:?} is not like 2019-05-29T16:51:26"))?;
    let cluster = match value.get("cluster") {
        None | Some(Value::Null) => None,
        Some(_) => Some(word("cluster")?),
    };
    Ok(Some(Message {
        id: word("id")?,
        user: word("user")?,
        time: Moment::from_unix_ms(time.timestamp_millis()),
        subject: word("subject")?,
        text: word("text")?,
        cluster: cluster.filter(|it| !it.is_empty()),
    }))
}

/// Counts of messages.
#[derive(Default)]
struct Figures {
    repeats: u32,
    first: u32,
    among: u32,
    found: u32,
    others: u32,
    alarms: u32,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = |part: u32, of: u32| {
            let percent = f64::from(part) * 100.0 / f64::from(of.max(1));
            format!("{percent:.1}% ({part}/{of})")
        };
        write!(
            to,
            "recall@1 {} recall@{N_SHOWN} {} found {} alarms {}",
            share(self.first, self.repeats),
            share(self.among, self.repeats),
            share(self.found, self.repeats),
            share(self.alarms, self.others),
        )
    }
}

fn measure(messages: &[Message], list: bool) -> Figures {
    let mut sizes: BTreeMap<&str, u32> = BTreeMap::new();
    for cluster in messages.iter().filter_map(|it| it.cluster.as_deref()) {
        *sizes.entry(cluster).or_default() += 1;
    }
    let cluster_of = |it: &Message| {
        let cluster = it.cluster.clone()?;
        sizes
            .get(cluster.as_str())
            .is_some_and(|&n| n > 1)
            .then_some(cluster)
    };
    let mut figures = Figures::default();
    let mut repeats = Repeats::default();
    let mut met = BTreeSet::new();
    for (place, it) in messages.iter().enumerate() {
        let matter = Matter {
            person: &it.user,
            subject: &it.subject,
            text: &it.text,
            ..Matter::at(it.time)
        };
        let found = repeats.candidates(&Query { case: None, matter }, N_SHOWN);
        let cluster = cluster_of(it);
        let right = |candidate: &Candidate<usize>| {
            cluster.is_some() && messages.get(candidate.case).and_then(cluster_of) == cluster
        };
        let offered = found.first().is_some_and(|it| it.confident);
        let missed = if cluster.as_ref().is_some_and(|it| met.contains(it)) {
            let first = found.first().is_some_and(right);
            figures.repeats += 1;
            figures.first += u32::from(first);
            figures.among += u32::from(found.iter().any(right));
            figures.found += u32::from(first && offered);
            (!(first && offered)).then_some("not offered")
        } else {
            figures.others += 1;
            figures.alarms += u32::from(offered);
            offered.then_some("alarm")
        };
        if let (true, Some(missed)) = (list, missed) {
            let first = found.first();
            let earlier = first.and_then(|it| messages.get(it.case));
            println!(
                "{missed}: {} {} <> {} {} {:?}",
                it.id,
                it.subject,
                earlier.map_or("-", |it| it.id.as_str()),
                earlier.map_or("-", |it| it.subject.as_str()),
                first.map(|it| (it.score, &it.because)),
            );
        }
        repeats.insert(Known {
            case: place,
            matter,
        });
        met.extend(cluster);
    }
    figures
}
