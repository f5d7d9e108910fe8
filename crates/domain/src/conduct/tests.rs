//! The guard on tables of words, on invented replies, and on arbitrary text.

use std::fmt::Write as _;
use std::sync::LazyLock;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::pack::{Pack, Text};

static SHIPPED: LazyLock<PhraseGuard> = LazyLock::new(|| {
    let text = include_str!("../../../../packs/property-service.toml");
    let pack = Pack::parse("property-service.toml", text).unwrap_or_else(|error| panic!("{error}"));
    PhraseGuard::new(&pack.phrases)
});

/// A guard of phrases without exceptions.
fn guard(forbidden: &[&str]) -> PhraseGuard {
    let phrase = |it: &&str| Phrase {
        kind: PhraseKind::Dismissive,
        forbidden: (*it).to_owned(),
        unless: Vec::new(),
        instead: Text {
            zh: "我来核实。".to_owned(),
            en: "Let me see.".to_owned(),
        },
    };
    PhraseGuard::new(&forbidden.iter().map(phrase).collect::<Vec<_>>())
}

/// What is found, as it stands in the text; what is quoted in brackets.
fn found(guard: &PhraseGuard, text: &str) -> Vec<String> {
    let word = |it: Finding| {
        let word = &text[it.range];
        if it.quoted {
            format!("[{word}]")
        } else {
            word.to_owned()
        }
    };
    guard.findings(text).into_iter().map(word).collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(found(&SHIPPED, text), expected, "{text}");
}

#[test]
fn a_phrase_is_found_whatever_stands_between_its_letters() {
    for text in [
        "不知道",
        "不 知 道",
        "不，知道",
        "不-知-道",
        "不·知*道",
        "不、知……道",
        "不\u{3000}知\t道",
        "不\u{200b}知\u{fe0f}道",
        "不😀知\u{1f468}\u{200d}道",
        "不知\n道",
        "不。知。道",
        "不!知？道",
        "不（知）道",
        "不“知”道",
    ] {
        check(&format!("这个我{text}。"), &[text]);
    }
    check(
        "不\u{336}知\u{336}道\u{336}。",
        &["不\u{336}知\u{336}道\u{336}"],
    );
}

#[test]
fn a_sentence_end_parts_the_letters_of_a_phrase() {
    for text in [
        "能不能办？不。知道后告诉您。",
        "有没有？没。人来了。",
        "要不；知道了。",
        "要不\n\n知道了",
        "要不. 知道了",
        "不1知1道",
        "不太知道",
    ] {
        check(text, &[]);
    }
}

#[test]
fn a_phrase_is_found_in_every_width_case_and_form() {
    for text in [
        "不歸我管",
        "沒辦法",
        "說過多少遍",
        "規定就是這樣",
        "關我什麼事",
        "全額退款",
        "\u{f967}知道",
        "没\u{2f08}",
        "⾃己去找",
        "Ｉ ｄｏｎ＇ｔ ｋｎｏｗ",
        "I DON’T KNOW",
        "i dont know",
        "ⓝⓞⓣ ⓜⓨ ⓙⓞⓑ",
        "𝐧𝐨𝐭 𝐦𝐲 𝐣𝐨𝐛",
        "not\nmy job",
    ] {
        check(text, &[text]);
    }
}

#[test]
fn a_latin_phrase_is_a_whole_word() {
    check("no idea", &["no idea"]);
    check("casino ideas", &[]);
    check("ca\u{200b}no idea", &[]);
    check("no ideas", &[]);
    check("我no idea啊", &["no idea"]);
    check("no idea2", &[]);
}

#[test]
fn of_phrases_that_overlap_the_longest_is_found() {
    check("没人管", &["没人管"]);
    check("保证赔偿", &["保证赔偿"]);
    let guard = guard(&["ab", "bcd", "de", "cd"]);
    assert_eq!(found(&guard, "a b c d e"), ["b c d"]);
    assert_eq!(found(&guard, "a b, d e"), ["a b", "d e"]);
    let guard = self::guard(&["甲乙丙丁", "乙丙"]);
    assert_eq!(found(&guard, "甲乙丙戊"), ["乙丙"]);
}

#[test]
fn a_quotation_is_found_and_does_not_count() {
    for text in [
        "他说“不知道”。",
        "他说「不知道」。",
        "他说『不知道』。",
        "他说‘不知道’。",
        "他说\"不知道\"。",
        "他说＂不知道＂。",
        "他说“保安讲‘不知道’就走了”。",
        "“你好。「不知道」。再见。”",
        "“写在\n\n两段里：不知道”",
    ] {
        check(text, &["[不知道]"]);
    }
    check("《不知道》", &["不知道"]);
    check("“你好”不知道“再见”", &["不知道"]);
    check("\"你好\"不知道\"再见\"", &["不知道"]);
    check("“在不”知道", &[]);
    check("don’t worry, I don’t know", &["I don’t know"]);
    check("他说‘you don’t answer, no idea’", &["[no idea]"]);
}

#[test]
fn a_forgotten_mark_quotes_its_sentence_alone() {
    check("他说“没人管", &["[没人管]"]);
    check("他说“没人管。我不知道。", &["[没人管]", "不知道"]);
    check("他说\"没人管\n我不知道。", &["[没人管]", "不知道"]);
    check("他说“没人管“，我不知道。", &["[没人管]", "不知道"]);
    check(
        "他说“没人管。这里。“急什么”。不知道。",
        &["[没人管]", "[急什么]", "不知道"],
    );
    check(
        "他说\"没人管。不知道。\"急什么\"。不知道。",
        &["[没人管]", "不知道", "[急什么]", "不知道"],
    );
    check(
        "5\"的水管。不知道。\n\n\"急什么\"不知道",
        &["不知道", "[急什么]", "不知道"],
    );
    check("不知道”，不知道", &["不知道", "不知道"]);
    check(
        "5\"的水管。不知道。\n\n5\"的水管。不知道。",
        &["不知道", "不知道"],
    );
}

#[test]
fn reported_speech_does_not_count_up_to_the_end_of_its_sentence() {
    for text in [
        "客人说：没人管",
        "客人说：\n没人管",
        "业主说没人管",
        "業主說没人管",
        "对方称没人管",
        "业主王女士来电反映，小区没人管",
        "3栋业主打电话来说：我家漏水，没人管",
        "业主说我家没人管",
        "业主说：家里漏水，我找谁，没人管",
        "The customer said: 没人管",
    ] {
        check(text, &["[没人管]"]);
        check(&format!("{text}。我不知道。"), &["[没人管]", "不知道"]);
    }
}

#[test]
fn the_writer_speaks_again() {
    check("业主说没人管，我不知道。", &["[没人管]", "不知道"]);
    check("业主说“没人管”，这个不知道。", &["[没人管]", "不知道"]);
    check("业主说：“没人管”，这个不知道。", &["[没人管]", "不知道"]);
    check("业主说的我不知道。", &["不知道"]);
    check("业主说得对，没人管。", &["没人管"]);
    check("我跟业主说不知道。", &["不知道"]);
    check("已给3栋2单元业主回复：不知道。", &["不知道"]);
    check("业主您好，不知道。", &["不知道"]);
    check("业主您说过，不知道。", &["不知道"]);
    check("业主，我说不知道。", &["不知道"]);
    check("业主的车位今天已经重新划线，工程部说不知道。", &["不知道"]);
    check("保安说不知道。", &["不知道"]);
    check("业主来电。表示不知道。", &["不知道"]);
}

#[test]
fn an_exception_is_innocent_and_nothing_else() {
    check("没人受伤", &[]);
    check("沒 人 受 傷", &[]);
    check("没人受伤，也没人管", &["没人管"]);
    check("没人，受伤了", &["没人"]);
    check("没人“受伤”了", &["没人"]);
    check("没人。受伤", &["没人"]);
    check("没人受", &["没人"]);
    check("不一定赔，一定赔", &["一定赔"]);
}

#[test]
fn what_counts_is_summed_by_phrase() {
    let guard = &*SHIPPED;
    let counted = guard.counted("不清楚，我们赔。不知道，不知道。业主说不知道。“没办法”");
    let counted: Vec<_> = counted
        .iter()
        .map(|it| (it.kind, it.forbidden, it.n_times))
        .collect();
    assert_eq!(
        counted,
        [
            (PhraseKind::Dismissive, "不知道", 2),
            (PhraseKind::Dismissive, "不清楚", 1),
            (PhraseKind::Promise, "我们赔", 1),
        ]
    );
}

#[test]
fn a_better_sentence_before_a_mark_makes_no_new_phrase() {
    let guard = &*SHIPPED;
    let text = "我赔您“没时间";
    assert_eq!(found(guard, text), ["我赔您", "[没时间]"]);
    for finding in guard.findings(text) {
        for language in [Language::Chinese, Language::English] {
            let replaced = guard.replace(text, &finding, language);
            assert_eq!(guard.findings(&replaced).len(), 1, "{replaced}");
        }
    }
}

fn check_replaced(text: &str, language: Language, expected: Expect) {
    let guard = &*SHIPPED;
    let finding = &guard.findings(text)[0];
    expected.assert_eq(&guard.replace(text, finding, language));
}

#[test]
fn the_better_sentence_takes_the_place_of_the_clause() {
    check_replaced(
        "您好，这个我不知道～～。明天见",
        Language::Chinese,
        expect!["您好，请稍等，我马上为您核实，最晚……给您答复。明天见"],
    );
    check_replaced(
        "楼上不肯，我也没办法，您看呢？",
        Language::Chinese,
        expect!["楼上不肯，目前的情况是……，可以这样处理：……，您看呢？"],
    );
    check_replaced(
        "您好：\n这个不，归我管\n谢谢",
        Language::Chinese,
        expect!["您好：\n这件事由……部门负责，我来为您联系，并跟到有结果。\n谢谢"],
    );
    check_replaced(
        "“急什么”！",
        Language::Chinese,
        expect!["“理解您着急，目前进展是……，下一步是……”！"],
    );
    check_replaced(
        "他喊“急什么”不停",
        Language::Chinese,
        expect!["他喊“理解您着急，目前进展是……，下一步是……”不停"],
    );
    check_replaced(
        "Hello, that's not my job. Bye",
        Language::English,
        expect![
            "Hello, The … department handles this. I will contact them for you and follow it through. Bye"
        ],
    );
    check_replaced(
        "不知道",
        Language::English,
        expect!["Let me find out. You will have an answer by …"],
    );
}

/// One line of `replies.txt`.
struct Reply {
    judged: &'static str,
    counted: &'static str,
    text: &'static str,
}

fn replies() -> Vec<Reply> {
    include_str!("replies.txt")
        .lines()
        .filter(|it| !it.is_empty() && !it.starts_with('#'))
        .map(|line| {
            let [judged, counted, text] =
                line.splitn(3, '|').map(str::trim).collect::<Vec<_>>()[..]
            else {
                panic!("{line}");
            };
            Reply {
                judged,
                counted,
                text,
            }
        })
        .collect()
}

#[test]
fn replies_are_judged_as_the_table_says() {
    let guard = &*SHIPPED;
    let mut sums = [(0, 0, 0); 2];
    let mut differing = String::new();
    for reply in replies() {
        let counted = guard.counted(reply.text);
        let words: Vec<_> = counted.iter().map(|it| it.forbidden).collect();
        assert_eq!(words.join(" "), reply.counted, "{}", reply.text);
        for (kind, sums) in [PhraseKind::Dismissive, PhraseKind::Promise]
            .into_iter()
            .zip(&mut sums)
        {
            let name = match kind {
                PhraseKind::Dismissive => "dismissive",
                PhraseKind::Promise => "promise",
            };
            let is = reply.judged == name || reply.judged == "both";
            let said = counted.iter().any(|it| it.kind == kind);
            match (is, said) {
                (true, true) => sums.0 += 1,
                (false, true) => sums.1 += 1,
                (true, false) => sums.2 += 1,
                (false, false) => continue,
            }
            if is != said {
                let how = if said { "too much" } else { "missed" };
                writeln!(differing, "{name}, {how}: {}", reply.text).unwrap();
            }
        }
    }
    for (name, (right, too_much, missed)) in ["dismissive", "promise"].iter().zip(sums) {
        writeln!(
            differing,
            "{name}: {right} right, {too_much} too much, {missed} missed"
        )
        .unwrap();
    }
    expect![[r"
        dismissive, too much: 客人问：这个归谁管？不归我管的事找谁？我已告知是供水公司，电话96510。
        dismissive, too much: 我们到场时车库里没人，车已经开走，我们联系了车主。
        dismissive, too much: 昨晚巡查，天台没人逗留，门已上锁。
        dismissive, too much: 我们都不知道您遇到这样的事，非常抱歉，现在就处理。
        dismissive, too much: 经走访，邻居们都不清楚是谁堆放的，我们继续调监控。
        promise, too much: 押金符合条件的一定退，条件见第五条。
        dismissive, missed: 这事你得问开发商，跟物业说没意义。
        dismissive, missed: 爱修不修，反正已经报了。
        dismissive, missed: 我哪知道什么时候修好。
        dismissive, missed: 别打电话了，打了也白打。
        dismissive, missed: 谁让你买顶楼的。
        dismissive, missed: 您好，业主说的情况已收到，他反映属实，但不归我们管。
        promise, missed: 损失全部由我们来承担，您报个数。
        promise, missed: 明天下班前绝对给您弄好，弄不好我负责。
        dismissive: 34 right, 5 too much, 6 missed
        promise: 10 right, 1 too much, 2 missed
    "]]
    .assert_eq(&differing);
}

#[test]
fn the_work_grows_with_the_text_alone() {
    let guard = &*SHIPPED;
    let many: Vec<String> = (0..2_000)
        .map(|it| format!("不{}归{it}", "我".repeat(it % 30)))
        .collect();
    let many = self::guard(&many.iter().map(String::as_str).collect::<Vec<_>>());
    let nested = self::guard(&["a", "aa", "aaa", "aaaa"]);
    let shapes = [
        "不归我们不归我",
        "没人",
        "a",
        "业主说",
        "“‘「『",
        "\"",
        "不我我我我我我我",
        "，\n",
    ];
    for shape in shapes {
        for (guard, most) in [(guard, 4), (&many, 4), (&nested, 6)] {
            for n in [1_000, 10_000] {
                let text = shape.repeat(n);
                let n_letters = Reading::of(&text).letters.len();
                let (_, n_steps) = guard.findings_and_steps(&text);
                assert!(
                    n_steps <= most * n_letters,
                    "{shape} {n}: {n_steps} steps for {n_letters}"
                );
            }
        }
    }
}

/// Text of the pieces that matter most, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let guard = &*SHIPPED;
    let mut pieces: Vec<String> = guard
        .phrases
        .iter()
        .flat_map(|it| it.unless.iter().chain([&it.forbidden]).cloned())
        .collect();
    let signs = "“”‘’「」『』\"，。；：？\n 不知没人归我管a'’.业说\u{200b}\u{fe0f}😀";
    pieces.extend(signs.chars().map(String::from));
    pieces.extend(["业主", "客人说：", "的", "\n\n", "我", "您"].map(str::to_owned));
    let words = prop::sample::select(pieces);
    prop::collection::vec(words, 0..24).prop_map(|it| it.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![pieces(), any::<String>(), "\\PC*"]
}

/// The number of a phrase of the shipped pack.
fn a_phrase() -> impl Strategy<Value = usize> {
    0..SHIPPED.phrases.len()
}

/// A letter in one of the forms it is read in.
fn disguised(letter: char) -> impl Strategy<Value = char> {
    const TRADITIONAL: &str =
        "归歸说說过過没沒办辦关關样樣这這负負责責无無与與么麼业業赔賠偿償额額退退证證问問题題为爲";
    let mut forms = vec![letter];
    let traditional: Vec<char> = TRADITIONAL.chars().collect();
    forms.extend(
        traditional
            .chunks(2)
            .filter(|it| it[0] == letter)
            .map(|it| it[1]),
    );
    if letter.is_ascii_graphic() {
        forms.push(letter.to_ascii_uppercase());
        forms.extend(char::from_u32(u32::from(letter) + 0xfee0));
    }
    prop::sample::select(forms)
}

fn between() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "", "", " ", "，", "-", "·", "、", "\u{3000}", "\u{200b}", "\u{fe0f}", "*", "😀", "\n",
        "～", "（", "…", "_", "\u{301}",
    ])
}

fn disguised_phrase() -> impl Strategy<Value = (usize, String)> {
    a_phrase().prop_flat_map(|phrase| {
        let forbidden = SHIPPED.phrases[phrase].forbidden.clone();
        let letters: Vec<_> = forbidden
            .chars()
            .filter(|it| it.is_alphanumeric())
            .enumerate()
            .map(|(at, letter)| {
                let before = if at == 0 {
                    Just("").boxed()
                } else {
                    between().boxed()
                };
                (before, disguised(letter))
            })
            .collect();
        letters.prop_map(move |it| {
            let mut text = String::new();
            for (before, letter) in it {
                text.push_str(before);
                text.push(letter);
            }
            (phrase, text)
        })
    })
}

proptest! {
    #[test]
    fn findings_stand_in_order_on_characters_of_any_text(text in any_text()) {
        let mut behind = 0;
        for finding in SHIPPED.findings(&text) {
            prop_assert!(behind <= finding.range.start && finding.range.start < finding.range.end);
            behind = finding.range.end;
            prop_assert!(text.get(finding.range).is_some());
        }
    }

    #[test]
    fn no_disguise_hides_a_phrase((phrase, text) in disguised_phrase()) {
        let guard = &*SHIPPED;
        let findings = guard.findings(&text);
        prop_assert_eq!(findings.len(), 1, "{}", text);
        prop_assert_eq!(findings[0].phrase, phrase);
        prop_assert!(!findings[0].quoted);
        prop_assert!(findings[0].range == (0..text.len()), "{} {:?}", text, findings);
    }

    #[test]
    fn nothing_counts_that_stands_wholly_in_marks(text in any_text()) {
        let inside: String = text.chars().filter(|it| !"“”＂\"".contains(*it)).collect();
        prop_assert_eq!(SHIPPED.counted(&format!("“{inside}”")), []);
    }

    #[test]
    fn replacing_leaves_one_finding_less(text in any_text()) {
        let guard = &*SHIPPED;
        let findings = guard.findings(&text);
        for finding in &findings {
            for language in [Language::Chinese, Language::English] {
                let replaced = guard.replace(&text, finding, language);
                prop_assert!(guard.findings(&replaced).len() < findings.len(), "{} -> {}", text, replaced);
            }
        }
    }
}
