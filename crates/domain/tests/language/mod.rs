//! The language of the scenarios: lines that a property manager reads, run against the rules.
//!
//! A file holds scenarios. Each has a title, the rules it shows, what is unlike the small site, and then acts and
//! claims in the order of time:
//!
//! ```text
//! 场景：周五下班前五分钟的漏水
//! 规则：T1、T3
//! 02-13 周五 17:55 王建国 登记：漏水，3-2-1502 李女士 13800005678 “厨房天花板滴水”
//! 17:58 王建国 转交 工程部
//! 那么 工程部 应在 02-14 周六 18:00 前 答复客户（T3）
//! ```
//!
//! Times are civil times of the site; a weekday that does not fit its date is an error, a time without a date is of
//! the day before it in the text. Acts are those of `acts.rs`, claims those of `claims.rs`, words those of `words.rs`.
//! An act that is refused has to be followed by `那么 拒绝：…`. Everybody has a device of their own: `（离线）` at the
//! end of an act keeps it there until `同步`, and `王建国的手机快3小时` makes its clock wrong.

mod acts;
mod assessed;
mod claims;
mod line;
mod practice;
mod practised;
mod words;
mod world;

use std::collections::BTreeSet;

use shouwen_domain::rule::RuleId;

use line::Line;
use world::World;

/// A scenario as read: its title, the rules it shows, and its lines with their numbers.
pub struct Scenario {
    pub file: String,
    pub title: String,
    pub rules: BTreeSet<RuleId>,
    lines: Vec<(usize, String)>,
}

/// Reads the scenarios of one file.
pub fn read(file: &str, text: &str) -> Result<Vec<Scenario>, String> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        let wrong = |what: &str| format!("{file}:{number}: {what}");
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        if let Some(title) = line.strip_prefix("场景：") {
            scenarios.push(Scenario {
                file: file.to_owned(),
                title: title.to_owned(),
                rules: BTreeSet::new(),
                lines: Vec::new(),
            });
            continue;
        }
        let scenario = scenarios
            .last_mut()
            .ok_or_else(|| wrong("文件要以“场景：标题”开头"))?;
        match line.strip_prefix("规则：") {
            Some(rules) => {
                for rule in rules.split('、') {
                    let rule = rule.parse().map_err(|it| wrong(&format!("{it}")))?;
                    if !scenario.rules.insert(rule) {
                        return Err(wrong(&format!("{rule} 写了两次")));
                    }
                }
            }
            None if scenario.rules.is_empty() => {
                return Err(wrong("标题之后要有“规则：”一行，列出这个场景说明的规则"));
            }
            None => scenario.lines.push((number, line.to_owned())),
        }
    }
    Ok(scenarios)
}

/// Claims of all there is, a line each.
type Block = fn(&mut World, Vec<String>) -> Result<(), String>;

const BLOCKS: [(&str, Block); 2] = [
    ("那么 全部待办：", |world, claimed| {
        world.owes_exactly(claimed)
    }),
    ("那么 全部考核建议：", World::proposes_exactly),
];

/// Runs a scenario to its end, or to the first line that does not hold.
pub fn run(scenario: &Scenario) -> Result<(), String> {
    let mut world = World::new();
    let mut lines = scenario.lines.iter().peekable();
    while let Some((number, text)) = lines.next() {
        let at = |error: String| format!("{}:{number}: {error}", scenario.file);
        if let Some((n_times, minutes)) = repeated(text).map_err(at)? {
            let mut block = Vec::new();
            while let Some(line) = lines.next_if(|(_, it)| it.starts_with("- ")) {
                block.push(line);
            }
            for turn in 0..n_times {
                world.shift_by = i64::from(turn) * minutes;
                for (number, text) in &block {
                    let text = text
                        .trim_start_matches("- ")
                        .replace('#', &(turn + 1).to_string());
                    world.line(&text).map_err(|it| {
                        format!("{}:{number}: 第 {} 次：{it}", scenario.file, turn + 1)
                    })?;
                }
            }
            world.shift_by = 0;
            continue;
        }
        if let Some((_, check)) = BLOCKS.iter().find(|(title, _)| text == *title) {
            let mut claimed = Vec::new();
            while let Some((_, line)) = lines.next_if(|(_, it)| it.starts_with("- ")) {
                claimed.push(line.trim_start_matches("- ").to_owned());
            }
            check(&mut world, claimed).map_err(at)?;
            continue;
        }
        world.line(text).map_err(at)?;
    }
    world.nothing_refused_unsaid().map_err(|it| {
        let last = scenario.lines.last().map_or(0, |(number, _)| *number);
        format!("{}:{last}: {it}", scenario.file)
    })
}

/// `反复 40 次，每次晚 10 分钟：`
fn repeated(text: &str) -> Result<Option<(u32, i64)>, String> {
    let mut line = Line::new(text);
    if !line.take("反复") {
        return Ok(None);
    }
    let n_times = line.number()?;
    line.need("次，每次晚")?;
    let minutes = line.number()?;
    line.need("分钟：")?;
    line.end()?;
    Ok(Some((n_times, i64::from(minutes))))
}
