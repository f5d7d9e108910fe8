//! Messages become cases with a believable life, and reach head office the way a device's acts do.
//!
//! First all messages are read and checked ([`message`]), then everybody's acts are decided ([`plan`],
//! [`life`]), then each person's device does them and brings itself level ([`replay`]). It asks no clock of
//! its own for when things happen: head office says what now is. Start at [`run`].

pub mod arguments;
pub mod load;
pub mod message;
pub mod plan;
pub mod replay;
pub mod workload;

pub mod life;

mod asking;
mod category;
mod chance;
mod customer;
mod device;
pub mod office;
mod shorten;
mod words;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use arguments::Arguments;
use message::{MessageError, Messages};
use office::{Office, OfficeError};
use plan::{PlanError, Setting, plan};
use replay::{Count, Onlooker, ReplayError};

/// Of our own invention.
const OUR_MESSAGES: &str = include_str!("../messages.jsonl");
/// Each device that pushes has so many.
const CASES_PUSHED: usize = 500;
/// How often the terminal hears how far it has come.
const ACTS_A_LINE: usize = 500;

#[derive(Debug)]
pub enum DemoError {
    File {
        path: PathBuf,
        error: io::Error,
    },
    Messages(MessageError),
    Plan(PlanError),
    Replay(ReplayError),
    /// The terminal is gone.
    Output(io::Error),
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "{} cannot be read: {error}", path.display()),
            Self::Messages(error) => error.fmt(f),
            Self::Plan(error) => error.fmt(f),
            Self::Replay(error) => error.fmt(f),
            Self::Output(error) => write!(f, "Failed to write: {error}"),
        }
    }
}

impl std::error::Error for DemoError {}

impl From<MessageError> for DemoError {
    fn from(error: MessageError) -> Self {
        Self::Messages(error)
    }
}

impl From<PlanError> for DemoError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

impl From<ReplayError> for DemoError {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

impl From<OfficeError> for DemoError {
    fn from(error: OfficeError) -> Self {
        Self::Replay(error.into())
    }
}

impl From<io::Error> for DemoError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Does all of it, and tells `out`. The answer is what the site holds afterwards.
pub fn run(wish: &Arguments, out: &mut impl Write) -> Result<Count, DemoError> {
    if let Some(n_cases) = wish.workload {
        return write_workload(wish, n_cases, out);
    }
    if wish.pushing.is_some() || wish.reading.is_some() {
        return measure(wish, out);
    }
    let begin = Instant::now();
    let Messages { messages, unused } = read(wish)?;
    for (key, n) in &unused {
        writeln!(
            out,
            "Nothing is made of `{key}`, which stands on {n} lines."
        )?;
    }
    let office = Office::at(&wish.server)?;
    let mut onlooker = Onlooker::sign_in(&office, wish.pin_base, wish.seed)?;
    let before = onlooker.count()?;
    if before.n_cases > 0 && !wish.again {
        writeln!(out, "{} holds {before}.", office.address())?;
        writeln!(
            out,
            "Nothing was sent; --again adds {} more cases.",
            messages.len()
        )?;
        return Ok(before);
    }
    let setting = Setting {
        seed: wish.seed,
        weeks: wish.weeks,
        now: onlooker.site.now,
    };
    let plan = plan(&messages, setting, &onlooker.site.rules)?;
    let n_acts = plan.acts().len();
    writeln!(
        out,
        "{} messages become cases with {n_acts} acts.",
        messages.len()
    )?;
    if plan.n_shortened > 0 {
        writeln!(
            out,
            "{} texts were longer than a field holds; each says at its end how much is left out.",
            plan.n_shortened
        )?;
    }
    let mut told = Ok(());
    onlooker.replay(&office, &plan, wish.seed, |n| {
        if n % ACTS_A_LINE == 0 && told.is_ok() {
            told = writeln!(out, "{n} of {n_acts} acts");
        }
    })?;
    told?;
    let after = onlooker.count()?;
    writeln!(
        out,
        "{} holds {after}. Read back and checked; it took {:.1} s.",
        office.address(),
        begin.elapsed().as_secs_f64()
    )?;
    Ok(after)
}

/// What head office bears, said to `out`.
fn measure(wish: &Arguments, out: &mut impl Write) -> Result<Count, DemoError> {
    let office = Office::at(&wish.server)?;
    let onlooker = Onlooker::sign_in(&office, wish.pin_base, wish.seed)?;
    if let Some(n_devices) = wish.reading {
        let took = load::read(
            &onlooker.site,
            &office,
            n_devices,
            onlooker.count()?.n_acts,
            wish.seed,
        )?;
        writeln!(out, "{n_devices} new devices read everything: {took}")?;
    }
    if let Some(n_devices) = wish.pushing {
        let took = load::push(&onlooker.site, &office, n_devices, CASES_PUSHED, wish.seed)?;
        writeln!(out, "{n_devices} devices push: {took}")?;
    }
    Ok(onlooker.count()?)
}

fn write_workload(
    wish: &Arguments,
    n_cases: usize,
    out: &mut impl Write,
) -> Result<Count, DemoError> {
    let begin = Instant::now();
    let office = Office::at(&wish.server)?;
    let onlooker = Onlooker::sign_in(&office, wish.pin_base, wish.seed)?;
    let before = onlooker.count()?;
    if before.n_cases > 0 {
        writeln!(
            out,
            "{} holds {before}: nothing was sent.",
            office.address()
        )?;
        return Ok(before);
    }
    let count = workload::write(&onlooker.site, &office, n_cases, wish.seed)?;
    writeln!(
        out,
        "{} has {n_cases} cases with {} acts; it took {:.1} s.",
        office.address(),
        count.n_acts,
        begin.elapsed().as_secs_f64()
    )?;
    Ok(count)
}

fn read(wish: &Arguments) -> Result<Messages, DemoError> {
    let Some(path) = &wish.messages else {
        return Ok(message::read(
            "messages.jsonl",
            OUR_MESSAGES.as_bytes(),
            wish.limit,
        )?);
    };
    let path: &Path = path;
    let bytes = std::fs::read(path).map_err(|error| DemoError::File {
        path: path.to_owned(),
        error,
    })?;
    Ok(message::read(
        &path.display().to_string(),
        &bytes,
        wish.limit,
    )?)
}
