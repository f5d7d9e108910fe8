//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, Value};

pub const USAGE: &str = "\
Usage: cargo xtask demo [options]

  --messages FILE.jsonl  messages to replay, one JSON object a line; without it, a few dozen of our own
  --server ADDRESS       head office with the demonstration site (http://127.0.0.1:8080)
  --weeks N              they are asked within the last so many weeks, 1 to 52 (3)
  --limit N              only the first so many lines
  --seed N               another seed, other lives (1)
  --again                add to the cases that are there already
  --workload N           in place of messages, N cases as the benchmarks want them: 1 KB of text and five acts each,
                         one in fifty open, all of the lowest staff number
  --pushing N            in place of messages, N devices that push 500 such cases each at once, and how long it took
  --reading N            in place of messages, N new devices that read everything at once, and how long it took
  --pin-base N           the PIN of the lowest staff number; the others count up from it (100001)
  --help";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    pub messages: Option<PathBuf>,
    pub server: String,
    pub weeks: u32,
    pub limit: usize,
    pub seed: u64,
    pub again: bool,
    pub pin_base: u32,
    pub workload: Option<usize>,
    pub pushing: Option<usize>,
    pub reading: Option<usize>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            messages: None,
            server: "http://127.0.0.1:8080".to_owned(),
            weeks: 3,
            limit: usize::MAX,
            seed: 1,
            again: false,
            pin_base: 100_001,
            workload: None,
            pushing: None,
            reading: None,
        }
    }
}

/// None: somebody asks for help.
pub fn parse(
    words: impl IntoIterator<Item = OsString>,
) -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::ValueExt;
    let mut found = Arguments::default();
    let mut parser = lexopt::Parser::from_args(words);
    while let Some(word) = parser.next()? {
        match word {
            Long("messages") => found.messages = Some(parser.value()?.into()),
            Long("server") => found.server = parser.value()?.string()?,
            Long("weeks") => found.weeks = parser.value()?.parse()?,
            Long("limit") => found.limit = parser.value()?.parse()?,
            Long("seed") => found.seed = parser.value()?.parse()?,
            Long("again") => found.again = true,
            Long("pin-base") => found.pin_base = parser.value()?.parse()?,
            Long("workload") => found.workload = Some(parser.value()?.parse()?),
            Long("pushing") => found.pushing = Some(parser.value()?.parse()?),
            Long("reading") => found.reading = Some(parser.value()?.parse()?),
            Long("help") | Short('h') => return Ok(None),
            Short(_) | Long(_) | Value(_) => return Err(word.unexpected()),
        }
    }
    if !(1..=52).contains(&found.weeks) {
        return Err(format!("--weeks is {}; expected 1 to 52", found.weeks).into());
    }
    if found.limit == 0 {
        return Err("--limit is 0; expected at least 1".into());
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Arguments>, String> {
        parse(words.iter().map(OsString::from)).map_err(|it| it.to_string())
    }

    #[test]
    fn options_replace_the_defaults() {
        let found = read(&["--messages", "a.jsonl", "--weeks=2", "--again"])
            .unwrap()
            .unwrap();
        assert_eq!(found.messages, Some("a.jsonl".into()));
        assert_eq!(
            (found.weeks, found.again, found.pin_base),
            (2, true, 100_001)
        );
        assert_eq!(read(&["--help"]), Ok(None));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert_eq!(
            read(&["--weeks", "0"]).unwrap_err(),
            "--weeks is 0; expected 1 to 52"
        );
        assert_eq!(
            read(&["--limit", "0"]).unwrap_err(),
            "--limit is 0; expected at least 1"
        );
        assert_eq!(
            read(&["--msgs", "x"]).unwrap_err(),
            "invalid option '--msgs'"
        );
    }
}
