//! `cargo xtask sim`: thousands of seeds, or one of them step by step.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use shouwen_sim::{Plan, Plant, Report, many, play, shrink, story};

const USAGE: &str = "\
Usage: cargo xtask sim [--seeds N] [--from SEED] [--seed SEED [--trace]] [--plant NAME | list]

  --seeds N      so many seeds (1000)
  --from SEED    beginning here (0)
  --seed SEED    this one only; --trace shows every step
  --plant NAME   with a bug planted, which has to be found

A seed that breaks a law is cut down to the few things that it takes, and its story is printed.
The bugs that can be planted:
";

struct Wish {
    from: u64,
    n_seeds: u64,
    trace: bool,
    plant: Option<Plant>,
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_help = args.iter().any(|it| it == "--help" || it == "-h");
    let is_list = args.windows(2).any(|it| it == ["--plant", "list"]);
    let done = if is_list {
        write!(out, "{}", plants()).map(|()| ExitCode::SUCCESS)
    } else if is_help {
        write!(out, "{USAGE}{}", plants()).map(|()| ExitCode::SUCCESS)
    } else {
        match wish(args.into_iter()) {
            Ok(wish) => go(&wish, &mut out),
            Err(what) => write!(out, "{what}\n{USAGE}{}", plants()).map(|()| ExitCode::from(2)),
        }
    };
    done.unwrap_or(ExitCode::FAILURE)
}

fn plants() -> String {
    let widest = Plant::ALL
        .iter()
        .map(|it| it.slug().len())
        .max()
        .unwrap_or(0);
    let line = |it: &Plant| format!("  {:widest$} {}\n", it.slug(), it.what());
    Plant::ALL.iter().map(line).collect()
}

fn wish(mut args: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish {
        from: 0,
        n_seeds: 1_000,
        trace: false,
        plant: None,
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| {
            text.parse()
                .map_err(|_| format!("\"{text}\" is not a number"))
        };
        match arg.as_str() {
            "--seeds" => wish.n_seeds = number(value()?)?,
            "--from" => wish.from = number(value()?)?,
            "--seed" => (wish.from, wish.n_seeds) = (number(value()?)?, 1),
            "--trace" => wish.trace = true,
            "--plant" => wish.plant = Some(value()?.parse()?),
            _ => return Err(format!("Unknown argument {arg}")),
        }
    }
    Ok(wish)
}

fn go(wish: &Wish, out: &mut impl Write) -> io::Result<ExitCode> {
    if wish.trace {
        return trace(wish, out);
    }
    let begin = Instant::now();
    let seeds = wish.from..wish.from.saturating_add(wish.n_seeds);
    let (report, violation) = many(seeds, wish.plant);
    let Some(violation) = violation else {
        let seconds = begin.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
        let rate = wish.n_seeds as f64 / seconds;
        let Report {
            n_steps,
            n_devices,
            n_saved,
            n_decided,
            n_without_effect,
            n_crashes,
            n_restores,
            n_clones,
            n_forked,
            n_taken_back,
            n_let_go,
            n_released,
            n_moves,
            n_revoked,
            n_erased,
            n_rejoined,
            n_new_keys,
            n_brought,
            n_forged,
            n_looks,
            n_unsigned,
            n_confirmed,
            n_out_of_scope,
            n_of_history,
            settled_after_ms,
        } = report;
        writeln!(
            out,
            "{} seeds in {seconds:.1} s, {rate:.0} seeds/s: {n_devices} devices saved {n_saved} envelopes and none was \
             lost; {n_decided} were decided by the rules, {n_without_effect} stayed without effect; {n_crashes} crashes, \
             {n_restores} restores, {n_clones} clones with {n_forked} forks, {n_taken_back} acts taken back, {n_let_go} cases let go of, {n_released} held for their format and released; \
             {n_moves} moves to another department, {n_revoked} let in no more for a while, {n_erased} cases erased, {n_rejoined} devices that lost their key with {n_brought} envelopes of before, {n_new_keys} new keys of people, {n_forged} written in a colleague's name, {n_looks} records of who looked at what, {n_unsigned} with nobody signed in and {n_confirmed} times confirmed or denied, {n_of_history} envelopes of history, {n_out_of_scope} left out where they may not be read; \
             {n_steps} steps; settled {:.1} s \
             after the storm at the latest",
            wish.n_seeds,
            Duration::from_millis(settled_after_ms).as_secs_f64(),
        )?;
        return Ok(ExitCode::SUCCESS);
    };
    writeln!(out, "{violation}\n\nCut down to what it takes:")?;
    let (plan, _) = shrink(&Plan::drawn(violation.seed), wish.plant, &violation);
    let plant = wish.plant;
    let planted = plant.map_or(String::new(), |it| format!(" --plant {}", it.slug()));
    writeln!(
        out,
        "{}\nEvery step of the whole run: cargo xtask sim --seed {} --trace{planted}",
        story(&plan, plant),
        violation.seed
    )?;
    Ok(ExitCode::FAILURE)
}

fn trace(wish: &Wish, out: &mut impl Write) -> io::Result<ExitCode> {
    for seed in wish.from..wish.from.saturating_add(wish.n_seeds) {
        let mut lines = Ok(());
        let end = play(&Plan::drawn(seed), wish.plant, &mut |line| {
            if lines.is_ok() {
                lines = writeln!(out, "{:>8} {}", line.at_ms, line.what);
            }
        });
        lines?;
        if let Err(violation) = end {
            writeln!(out, "{violation}")?;
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
