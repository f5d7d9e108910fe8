//! `cargo run --release -p shouwen-sim -- --seeds 1000 --from 0`, or `--seed 42 --trace` to see one.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use shouwen_sim::{Plant, run};

struct Wish {
    from: u64,
    n_seeds: u64,
    trace: bool,
    plant: Option<Plant>,
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let answer = match wish(std::env::args().skip(1)) {
        Ok(wish) => play(&wish, &mut out),
        Err(what) => writeln!(out, "{what}\nUsage: shouwen-sim [--seeds N] [--from SEED] [--seed SEED] [--trace] [--plant NAME]")
            .map(|()| ExitCode::from(2)),
    };
    answer.unwrap_or(ExitCode::FAILURE)
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

fn play(wish: &Wish, out: &mut impl Write) -> io::Result<ExitCode> {
    let begin = Instant::now();
    let (mut n_steps, mut n_saved, mut n_crashes, mut n_restores, mut slowest_ms) = (0, 0, 0, 0, 0);
    for seed in wish.from..wish.from.saturating_add(wish.n_seeds) {
        let mut lines = Ok(());
        let end = run(seed, wish.plant, &mut |at_ms, what: &dyn Display| {
            if wish.trace && lines.is_ok() {
                lines = writeln!(out, "{at_ms:>8} {what}");
            }
        });
        lines?;
        match end {
            Ok(it) => {
                n_steps += it.n_steps;
                n_saved += it.n_saved;
                n_crashes += it.n_crashes;
                n_restores += it.n_restores;
                slowest_ms = slowest_ms.max(it.settled_after_ms);
            }
            Err(violation) => {
                let plant = wish
                    .plant
                    .map_or(String::new(), |it| format!(" --plant {}", it.slug()));
                writeln!(out, "{violation}")?;
                writeln!(
                    out,
                    "Replay: cargo run --release -p shouwen-sim -- --seed {seed} --trace{plant}"
                )?;
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = wish.n_seeds as f64 / seconds;
    writeln!(
        out,
        "{} seeds in {seconds:.1} s, {rate:.0} seeds/s: {n_saved} envelopes saved and none lost, {n_crashes} crashes, \
         {n_restores} restores, {n_steps} steps, settled {:.1} s after the storm at the latest",
        wish.n_seeds,
        std::time::Duration::from_millis(slowest_ms).as_secs_f64(),
    )?;
    Ok(ExitCode::SUCCESS)
}
