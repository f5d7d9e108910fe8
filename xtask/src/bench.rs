//! The app beside what one would pick instead, in one run on one machine; what must not get worse stands in
//! `bench/budgets.toml`. A run takes the machine for itself, so it is no part of `test`.

use std::{fmt::Write as _, fs};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{app, setup, shell};

const OURS: &str = "app";
const RESULTS: &str = "bench/RESULTS.md";
const BUDGETS: &str = "bench/budgets.toml";

/// What is to be reached, and what is until then.
#[derive(Debug, PartialEq)]
struct Budget {
    /// How the driver calls it.
    what: String,
    /// Which figure of it.
    of: Share,
    /// Beside which side; none: what it is by itself.
    to: Option<String>,
    /// The ratio, ours to theirs, or ours alone.
    goal: Bound,
    /// What a change may not break while the goal is not reached.
    held_at: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Share {
    Median,
    P95,
}

impl Share {
    const fn key(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::P95 => "p95",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(it) => ratio <= it,
            Self::AtLeast(it) => ratio >= it,
        }
    }

    const fn at(self, value: f64) -> Self {
        match self {
            Self::AtMost(_) => Self::AtMost(value),
            Self::AtLeast(_) => Self::AtLeast(value),
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(it) => format!("≤ {it}"),
            Self::AtLeast(it) => format!("≥ {it}"),
        }
    }
}

/// Measures, and says what came of it. `--check`: a budget that is not held is an error; `--json FILE`: the figures;
/// everything else goes to `bench/sides.mjs`. A run of everything is written into `bench/RESULTS.md`.
pub fn run(args: &[&str]) -> Result<()> {
    let mut checks = false;
    let mut json = None;
    let mut others = Vec::new();
    let mut words = args.iter();
    while let Some(&word) = words.next() {
        match word {
            "--check" => checks = true,
            "--json" => json = Some(words.next().context("--json needs a file")?),
            _ if word.starts_with("--") && !word.contains('=') => {
                let value = words.next();
                others.push(format!(
                    "{word}={}",
                    value.with_context(|| format!("{word} needs a value"))?
                ));
            }
            _ => others.push(word.to_owned()),
        }
    }
    let is_whole = others.iter().all(|it| it.starts_with("--n="));
    let found = measure(&others)?;
    if let Some(json) = json {
        fs::write(json, &found).with_context(|| format!("Failed to write {json}"))?;
    }
    let found: Value = serde_json::from_str(&found).context("The driver wrote no JSON")?;
    let budgets = fs::read_to_string(shell::workspace_root().join(BUDGETS))
        .with_context(|| format!("Failed to read {BUDGETS}"))?;
    let budgets = budgets_of(&budgets)?;
    let (table, broken) = (table(&found, &budgets)?, broken(&found, &budgets, is_whole));
    println!("{table}");
    if is_whole {
        fs::write(shell::workspace_root().join(RESULTS), &table)
            .with_context(|| format!("Failed to write {RESULTS}"))?;
    }
    if checks && !broken.is_empty() {
        bail!("Not held: {}.", broken.join("; "));
    }
    Ok(())
}

fn measure(options: &[String]) -> Result<String> {
    setup::node_packages("bench/peers")?;
    app::build(app::Profile::Bench)?;
    shell::run(shell::command("cargo").args([
        "build",
        "--quiet",
        "--release",
        "--package=shouwen-server",
        "--package=shouwen-demo",
    ]))?;
    let browser = setup::browser()?;
    let target = shell::workspace_root().join("target");
    let json = target.join("bench/found.json");
    shell::run(
        shell::command("node")
            .arg("bench/sides.mjs")
            .arg(format!("--json={}", json.display()))
            .args(options)
            .env("SHOUWEN_SERVER", target.join("release/shouwen-server"))
            .env("SHOUWEN_CHROMIUM", browser.chromium),
    )?;
    fs::read_to_string(&json).with_context(|| format!("Failed to read {}", json.display()))
}

fn budgets_of(text: &str) -> Result<Vec<Budget>> {
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("{BUDGETS} is no TOML"))?;
    let all = table.get("budget").and_then(toml::Value::as_array);
    let all = all.with_context(|| format!("{BUDGETS} has no [[budget]]"))?;
    all.iter().map(budget).collect()
}

fn budget(it: &toml::Value) -> Result<Budget> {
    let text = |key: &str| {
        let found = it.get(key).and_then(toml::Value::as_str);
        found
            .map(ToOwned::to_owned)
            .with_context(|| format!("A budget in {BUDGETS} has no {key}: {it:?}"))
    };
    let number = |key: &str| it.get(key).and_then(toml::Value::as_float);
    let goal = match (number("at_most"), number("at_least")) {
        (Some(it), None) => Bound::AtMost(it),
        (None, Some(it)) => Bound::AtLeast(it),
        _ => bail!("A budget in {BUDGETS} needs at_most or at_least, with a point in it: {it:?}"),
    };
    let of = match it.get("of").and_then(toml::Value::as_str) {
        None | Some("median") => Share::Median,
        Some("p95") => Share::P95,
        Some(other) => {
            bail!("A budget in {BUDGETS} is of \"{other}\"; expected median or p95: {it:?}")
        }
    };
    Ok(Budget {
        what: text("what")?,
        of,
        to: it.get("to").map(|_| text("to")).transpose()?,
        goal,
        held_at: number("held_at"),
    })
}

/// The median of one figure on one side.
fn figure<'a>(found: &'a Value, side: &str, what: &str) -> Option<&'a Value> {
    let mut sides = found["sides"].as_array()?.iter();
    let side = sides.find(|it| it["name"] == side)?;
    side["took"]
        .as_array()?
        .iter()
        .find(|it| it["what"] == what)
}

/// None where this run did not measure both.
fn ratio(found: &Value, it: &Budget) -> Option<f64> {
    let read = |side: &str, what: &str| figure(found, side, what)?[it.of.key()].as_f64();
    let ours = read(OURS, &it.what)?;
    let Some(to) = &it.to else {
        return Some(ours);
    };
    // Who has no say in durability is measured as it comes.
    let theirs = read(to, &it.what).or_else(|| read(to, &it.what.replace("strict", "relaxed")))?;
    Some(ours / theirs)
}

/// Of a run of everything also what it did not measure.
fn broken(found: &Value, budgets: &[Budget], is_whole: bool) -> Vec<String> {
    let said = budgets.iter().filter_map(|it| {
        let beside = it
            .to
            .as_ref()
            .map_or_else(String::new, |to| format!(" to {to}"));
        let name = format!("{}{beside}", it.what);
        let Some(ratio) = ratio(found, it) else {
            return is_whole.then(|| format!("{name}: not measured"));
        };
        let held = it.held_at.map_or(it.goal, |held| it.goal.at(held));
        let is_broken = !it.goal.holds(ratio) && !held.holds(ratio);
        is_broken.then(|| format!("{name}: {ratio:.2}"))
    });
    said.collect()
}

fn table(found: &Value, budgets: &[Budget]) -> Result<String> {
    let sides = found["sides"]
        .as_array()
        .context("The driver measured nothing")?;
    let mut whats: Vec<&str> = Vec::new();
    for it in sides
        .iter()
        .filter_map(|it| it["took"].as_array())
        .flatten()
    {
        let what = it["what"].as_str().context("a figure has no name")?;
        if !whats.contains(&what) {
            whats.push(what);
        }
    }
    whats.sort_unstable();
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let mut out = String::from("# Measured\n\n");
    let (spin, rounds) = (&found["spin"], &found["rounds"]);
    writeln!(
        out,
        "{}, {}, Chromium {}, {rounds} alternating rounds; the same spin between them took {} to {} ms, median {}.\n\
         Medians, behind them p95. `cargo xtask bench` writes this; README.md says what is measured.\n",
        text(&found["date"]),
        text(&found["machine"]),
        text(&found["browser"]),
        spin["least"],
        spin["most"],
        spin["median"],
    )?;
    let names: Vec<String> = sides
        .iter()
        .map(|it| format!("{} {}", text(&it["name"]), text(&it["version"])))
        .collect();
    writeln!(
        out,
        "| | {} |",
        names
            .iter()
            .map(|it| it.trim())
            .collect::<Vec<_>>()
            .join(" | ")
    )?;
    writeln!(out, "|---|{}", "---|".repeat(names.len()))?;
    for what in whats {
        write!(out, "| {what} |")?;
        for side in sides {
            let name = side["name"].as_str().unwrap_or_default();
            match figure(found, name, what) {
                Some(it) => write!(out, " {} ({}) |", short(&it["median"]), short(&it["p95"]))?,
                None => out.push_str(" |"),
            }
        }
        out.push('\n');
    }
    out.push_str(
        "\n| budget | beside | ratio or figure | goal | held at |\n|---|---|---|---|---|\n",
    );
    for it in budgets {
        let ratio = ratio(found, it);
        let mark = match ratio {
            Some(ratio) if it.goal.holds(ratio) => "reached, ",
            _ => "",
        };
        let ratio = ratio.map_or_else(|| "not measured".to_owned(), |it| format!("{it:.2}"));
        let held = it
            .held_at
            .map_or_else(String::new, |held| it.goal.at(held).words());
        writeln!(
            out,
            "| {}, {} | {} | {ratio} | {mark}{} | {held} |",
            it.what,
            it.of.key(),
            it.to.as_deref().unwrap_or_default(),
            it.goal.words()
        )?;
    }
    Ok(out)
}

fn short(it: &Value) -> String {
    match it.as_f64() {
        Some(it) if it >= 100.0 => format!("{it:.0}"),
        Some(it) => format!("{it:.1}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ours: f64, theirs: f64) -> Value {
        let side = |name: &str, what: &str, median: f64| serde_json::json!({ "name": name, "version": "1", "took": [{ "what": what, "median": median, "p95": median }] });
        serde_json::json!({
            "date": "2026-11-30", "machine": "m", "browser": "1", "rounds": 5,
            "spin": { "least": 1, "median": 1, "most": 1 },
            "sides": [side("app", "a save, strict, ms", ours), side("raw", "a save, relaxed, ms", theirs)],
        })
    }

    fn save(more: &str) -> Vec<Budget> {
        let text = format!("[[budget]]\nwhat = \"a save, strict, ms\"\nto = \"raw\"\n{more}");
        budgets_of(&text).expect("a budget")
    }

    #[test]
    fn a_budget_holds_or_says_by_how_much_it_does_not() {
        let at_most = save("at_most = 2.0");
        assert!(broken(&found(2.0, 1.0), &at_most, true).is_empty());
        assert_eq!(
            broken(&found(2.1, 1.0), &at_most, true),
            ["a save, strict, ms to raw: 2.10"]
        );
        let at_least = save("at_least = 2.0");
        assert!(broken(&found(2.0, 1.0), &at_least, true).is_empty());
        assert_eq!(broken(&found(1.9, 1.0), &at_least, true).len(), 1);
    }

    #[test]
    fn a_figure_may_be_held_by_itself_and_by_its_p95() {
        let alone = "[[budget]]\nwhat = \"a save, strict, ms\"\nof = \"p95\"\nat_most = 30.0";
        let alone = budgets_of(alone).expect("a budget");
        let mut measured = found(20.0, 1.0);
        assert!(broken(&measured, &alone, true).is_empty());
        measured["sides"][0]["took"][0]["p95"] = 31.0.into();
        assert_eq!(
            broken(&measured, &alone, true),
            ["a save, strict, ms: 31.00"]
        );
    }

    #[test]
    fn what_is_not_reached_is_held_where_it_is() {
        let held = save("at_most = 2.0\nheld_at = 3.0");
        assert!(broken(&found(3.0, 1.0), &held, true).is_empty());
        assert_eq!(broken(&found(3.1, 1.0), &held, true).len(), 1);
        let table = table(&found(3.0, 1.0), &held).expect("a table");
        assert!(
            table.contains("| a save, strict, ms, median | raw | 3.00 | ≤ 2 | ≤ 3 |"),
            "{table}"
        );
    }

    #[test]
    fn what_a_whole_run_did_not_measure_is_not_held() {
        let another = save("at_most = 2.0").into_iter().map(|it| Budget {
            to: Some("nobody".to_owned()),
            ..it
        });
        let another: Vec<Budget> = another.collect();
        let found = found(1.0, 1.0);
        assert_eq!(
            broken(&found, &another, true),
            ["a save, strict, ms to nobody: not measured"]
        );
        assert!(broken(&found, &another, false).is_empty());
    }

    #[test]
    fn the_budgets_that_are_kept_can_be_read() {
        let text = fs::read_to_string(shell::workspace_root().join(BUDGETS)).expect("the file");
        assert!(!budgets_of(&text).expect("budgets").is_empty());
    }

    #[test]
    fn a_budget_that_lacks_something_is_an_error_that_names_it() {
        let error = budgets_of("[[budget]]\nto = \"raw\"\nat_most = 1.0").expect_err("no what");
        assert!(error.to_string().contains("has no what"), "{error}");
        let text = "[[budget]]\nwhat = \"a\"\nof = \"p90\"\nat_most = 1.0";
        let error = budgets_of(text).expect_err("no such figure");
        assert!(error.to_string().contains("is of \"p90\""), "{error}");
        let error = budgets_of("[[budget]]\nwhat = \"a\"\nto = \"raw\"").expect_err("no bound");
        assert!(
            error.to_string().contains("needs at_most or at_least"),
            "{error}"
        );
    }
}
