//! Every scenario in `scenarios/`, and the table in `RULES.md` that leads from each rule to code and scenario.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first thing that is wrong"
)]

mod language;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use language::Scenario;
use shouwen_domain::rule::RuleId;

fn all() -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files = Vec::new();
    files_in(&root, &mut files);
    files.sort();
    let mut scenarios = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a scenario is a text");
        let name = path
            .strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .expect("it lies in the crate")
            .display()
            .to_string();
        match language::read(&name, &text) {
            Ok(read) => scenarios.extend(read),
            Err(error) => panic!("{error}"),
        }
    }
    scenarios
}

fn files_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the scenarios are there") {
        let path = entry.expect("a folder is readable").path();
        if path.is_dir() {
            files_in(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn every_scenario_holds() {
    let scenarios = all();
    let wrong: Vec<String> = scenarios
        .iter()
        .filter_map(|it| {
            let error = language::run(it).err()?;
            Some(format!("{error}\n    在场景：{}", it.title))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} 个场景里 {} 个不成立\n{}",
        scenarios.len(),
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_title_is_there_once() {
    let mut titles = BTreeSet::new();
    for scenario in all() {
        assert!(
            titles.insert(scenario.title.clone()),
            "{}：两个场景都叫“{}”",
            scenario.file,
            scenario.title
        );
    }
}

fn check_error(lines: &str, expected: &Expect) {
    let text = format!("场景：试\n规则：T1\n{lines}\n");
    let error = match language::read("试.txt", &text) {
        Ok(read) => read.iter().find_map(|it| language::run(it).err()),
        Err(error) => Some(error),
    };
    expected.assert_eq(&error.unwrap_or_default());
}

#[test]
fn what_is_wrong_in_a_scenario_is_said_with_its_line() {
    let recorded = "07-13 周一 09:06 王建国 登记：漏水，3-2-1502 李女士 13800005678 “滴水”";
    check_error(
        "07-13 周二 09:06 王建国 登记：漏水 “滴水”",
        &expect!["试.txt:3: 2026-07-13 是周一"],
    );
    check_error(
        "09:06 王建国 登记：漏水 “滴水”",
        &expect!["试.txt:3: 第一个时间要写日期和星期"],
    );
    check_error(
        &format!("{recorded}\n09:10 王建国 转给 工程部"),
        &expect!["试.txt:4: 不认识的动作“转给 工程部”"],
    );
    check_error(
        &format!("{recorded}\n09:10 王五 转交 工程部"),
        &expect!["试.txt:4: 这里应是姓名，写的是“王五 转交 工程部”"],
    );
    check_error(
        &format!("{recorded}\n09:10 王建国 转交 工程部 马上"),
        &expect!["试.txt:4: 看不懂“马上”"],
    );
    check_error(
        &format!("{recorded}\n09:10 王建国 签收"),
        &expect!["试.txt:4: 上一步被拒绝：没有处理单（T6）"],
    );
    check_error(
        &format!("{recorded}\n那么 拒绝：没有处理单（T6）"),
        &expect!["试.txt:4: 上一步没有被拒绝"],
    );
    check_error(
        &format!("{recorded}\n那么 王建国 应在 07-13 周一 11:06 前 转交（T1）"),
        &expect![[r"
            试.txt:4: 没有“王建国 应在 07-13 周一 11:06 前 转交（T1）”；有的是：
            - 王建国 应在 07-13 周一 10:06 前 转交（T1）
            - 王建国 应在 07-15 周三 18:00 前 客户得到结果（T10）"]],
    );
    check_error(
        &format!("{recorded}\n09:10 王建国 转交 工程部（离线）\n09:20 王建国 告知结果"),
        &expect!["试.txt:5: 王建国还离线：写上（离线），或先“同步”"],
    );
    check_error(
        "规则包改：max_moves = 99 → max_moves = 1",
        &expect!["试.txt:3: “max_moves = 99”在原文里有 0 处，应恰好一处"],
    );
}

/// One row of `RULES.md`.
struct Row<'a> {
    rule: RuleId,
    code: Vec<&'a str>,
    shown_by: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// None: a line that is no row of a rule.
    fn read(line: &'a str) -> Option<Self> {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [rule, _, code, shown_by] = cells.try_into().ok()?;
        Some(Self {
            rule: rule.parse().ok()?,
            code: quoted(code),
            shown_by: quoted(shown_by),
        })
    }
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn is_a_word_of(text: &str, word: &str) -> bool {
    let is_inside = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|it| it.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|it| it.chars().next());
        !is_inside(before) && !is_inside(after)
    })
}

#[test]
fn the_table_of_rules_leads_somewhere() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(crate_root.join("RULES.md")).expect("the table is there");
    let rows: Vec<Row<'_>> = table.lines().filter_map(Row::read).collect();
    let rules: Vec<RuleId> = rows.iter().map(|it| it.rule).collect();
    assert_eq!(rules, RuleId::ALL, "every rule once, in order");
    let scenarios = all();
    let mut named = BTreeSet::new();
    for Row {
        rule,
        code,
        shown_by,
    } in &rows
    {
        assert!(!shown_by.is_empty(), "{rule}: no scenario shows it");
        match code[..] {
            [file, item] => {
                let text = fs::read_to_string(crate_root.join(file));
                let text = text.unwrap_or_else(|_| panic!("{rule}: there is no {file}"));
                assert!(is_a_word_of(&text, item), "{rule}: {file} has no {item}");
            }
            _ => panic!("{rule}: the code names a file and an item"),
        }
        for file in shown_by {
            named.insert((*file).to_owned());
            assert!(
                scenarios
                    .iter()
                    .any(|it| it.file == *file && it.rules.contains(rule)),
                "{rule}: no scenario in {file} names it"
            );
        }
    }
    let nameless: BTreeSet<&String> = scenarios
        .iter()
        .map(|it| &it.file)
        .filter(|it| !named.contains(*it))
        .collect();
    assert!(nameless.is_empty(), "no rule leads to {nameless:?}");
}
