//! What is printed, what hangs on a board, what the customer takes along, and what a photo says of itself.

use std::fmt::Write;

use expect_test::{Expect, expect};
use shouwen_domain::assessment::{
    FieldId, PhotoNote, Sheet, SheetKind, Value, masked_address, masked_words, photo_notes, sheet,
    takeaway,
};
use shouwen_domain::event::{Content, NoticeGiven, PhotoAdded, PhotoSource, QuarrelReported};
use shouwen_domain::summary::Particulars;

use crate::story::*;

fn check(sheet: &Sheet, expected: Expect) {
    let mut out = String::new();
    for section in &sheet.sections {
        writeln!(out, "{:?}", section.id).unwrap();
        for (field, value) in &section.fields {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "only times and blanks are shown otherwise than they are"
            )]
            match value {
                Value::Blank => writeln!(out, "  {field:?} ____").unwrap(),
                Value::Moment(at) => writeln!(out, "  {field:?} {}", local(*at)).unwrap(),
                Value::Signed(by, at) => {
                    writeln!(out, "  {field:?} signed {by} {}", local(*at)).unwrap();
                }
                Value::Informed(who, at) => {
                    writeln!(out, "  {field:?} informed {who} {}", local(*at)).unwrap();
                }
                value => writeln!(out, "  {field:?} {value:?}").unwrap(),
            }
        }
    }
    expected.assert_eq(&out);
}

fn local(at: Moment) -> String {
    let local = rules().zone().local(at);
    local.format("%Y-%m-%d %H:%M").to_string()
}

fn put(name: &[u8], source: PhotoSource, taken: &str) -> Command {
    Command::AddPhotos {
        photos: vec![PhotoAdded {
            photo: Hash::of(name),
            source,
            taken_at: Some(at(taken)),
            placed: false,
        }],
    }
}

fn made(kind: SheetKind, story: &Story) -> Sheet {
    sheet(kind, &story.case(), &story.envelopes, &story.rules).unwrap()
}

#[test]
fn a_record_form_has_its_fields_in_the_printed_order() {
    check(
        &made(SheetKind::Record, &Story::handed_over(1)),
        expect![[r#"
            Head
              Number Text("0713-K7-001")
              AskedAt 2026-07-13 09:06
              RecordedAt 2026-07-13 09:06
              Channel Channel(Counter)
            Customer
              Customer CustomerName("李女士")
              Capacity ____
              Address CustomerAddress("3-2-1502")
              Phone CustomerPhone("13800005678")
            Matter
              Matter Words("厨房天花板滴水，李女士电话138 0000 5678")
              Category Category(CategoryId("water-leak"))
              Urgency Urgency(Ordinary)
              PapersReceived ____
            Answer
              AnsweredAtOnce ____
              PassedOnTo Department(DepartmentId("engineering"))
              FirstResponder Person(PersonId("wang-jianguo"))
              FirstResponderDepartment Department(DepartmentId("security"))
              OthersAsked People([])
              CustomerSignature ____
        "#]],
    );
}

#[test]
fn a_record_form_shows_the_first_signature_that_the_customer_drew() {
    let before = Story::handed_over(1);
    let value = |story: &Story| {
        let printed = made(SheetKind::Record, story);
        printed.value(FieldId::CustomerSignature).cloned()
    };
    let photographed = before.order(
        "wang-jianguo",
        "2026-07-13 09:09",
        put(b"leak", PhotoSource::Camera, "2026-07-13 09:09"),
    );
    assert_eq!(value(&photographed), Some(Value::Blank));
    let signed = photographed
        .order(
            "wang-jianguo",
            "2026-07-13 09:12",
            put(b"first", PhotoSource::Signature, "2026-07-13 09:10"),
        )
        .order(
            "liu-wei",
            "2026-07-13 10:00",
            put(b"second", PhotoSource::Signature, "2026-07-13 10:00"),
        );
    let first = Value::Drawn(
        Some(Hash::of(b"first")),
        person("wang-jianguo"),
        at("2026-07-13 09:10"),
    );
    assert_eq!(value(&signed), Some(first));
}

#[test]
fn a_slip_shows_both_ends_of_every_movement_and_the_visit() {
    check(
        &made(SheetKind::Slip, &Story::solved(1)),
        expect![[r#"
        Head
          Number Text("0713-K7-001")
          AskedAt 2026-07-13 09:06
          RecordedAt 2026-07-13 09:06
          Channel Channel(Counter)
          FirstResponder Person(PersonId("wang-jianguo"))
          TransferDue 2026-07-13 10:06
        Customer
          Customer CustomerName("李女士")
          Capacity ____
          Address CustomerAddress("3-2-1502")
          Phone CustomerPhone("13800005678")
        Movement
          SendingDepartment Department(DepartmentId("security"))
          SentBy Person(PersonId("wang-jianguo"))
          SentAt 2026-07-13 09:08
          ReceivingDepartment Department(DepartmentId("engineering"))
          ReceivedBy Person(PersonId("chen-gong"))
          ReceivedAt 2026-07-13 09:15
          Handler Person(PersonId("liu-wei"))
          HandlerNamedAt 2026-07-13 09:15
          ReplyDue 2026-07-14 18:00
          ReturnOpinion Words("本部门解决不了")
          DispatchSignature signed wang-jianguo 2026-07-13 09:08
          ReceiptSignature signed chen-gong 2026-07-13 09:15
        Result
          WhatWasDone Words("已更换角阀")
          Outcome Outcome(Solved)
          ToldBy Person(PersonId("wang-jianguo"))
          ToldAt 2026-07-13 11:10
          ToldHow Contact(Call)
          HandlerSignature signed liu-wei 2026-07-13 11:00
          HeadSignature ____
          Ending Ending(Satisfied)
        Opinions
          CoordinatorsOpinion ____
          DirectorsInstruction ____
          SupervisorInformed informed zhao-qiang 2026-07-13 09:08
        ReturnVisit
          VisitedBy Person(PersonId("wang-jianguo"))
          VisitedHow Contact(Call)
          VisitedAt 2026-07-14 09:00
          Finding Finding(Satisfied)
          CustomersWords Words("谢谢")
    "#]],
    );
}

#[test]
fn each_movement_names_the_handler_of_its_own_time() {
    let moved = Story::handled(1)
        .order(
            "chen-gong",
            "2026-07-13 09:30",
            Command::HandOver {
                to: "cleaning".parse().unwrap(),
                explained: Explained::Accepted,
                text: "是地漏返水，请清掏".into(),
            },
        )
        .order("sun-guilan", "2026-07-13 09:40", name_handler("sun-guilan"));
    let slip = made(SheetKind::Slip, &moved);
    let handlers: Vec<_> = slip
        .sections
        .iter()
        .flat_map(|it| &it.fields)
        .filter(|(field, _)| matches!(field, FieldId::Handler | FieldId::ReturnOpinion))
        .map(|(_, value)| value.clone())
        .collect();
    assert_eq!(
        handlers,
        [
            Value::Person(person("liu-wei")),
            Value::Words("本部门解决不了".to_owned()),
            Value::Person(person("sun-guilan")),
            Value::Words("是地漏返水，请清掏".to_owned()),
        ]
    );
    let at_once = Story::handed_over(2)
        .order("chen-gong", "2026-07-13 09:30", hand_over("cleaning"))
        .order("sun-guilan", "2026-07-13 09:30", name_handler("sun-guilan"));
    let first = made(SheetKind::Slip, &at_once);
    assert_eq!(first.value(FieldId::Handler), Some(&Value::Blank));
    let phone = slip.value(FieldId::Phone);
    assert_eq!(phone, Some(&Value::CustomerPhone("13800005678".to_owned())));
    assert_eq!(slip.value(FieldId::Paper), None, "a slip has no such field");
}

#[test]
fn a_notice_lists_all_that_is_missing() {
    let mut permit = form("zhang-min", "2026-07-13 09:00");
    permit.category = "access-cards".parse().unwrap();
    let story = Story::new(1)
        .order(
            "zhang-min",
            "2026-07-13 09:00",
            Command::Record(Box::new(permit)),
        )
        .order(
            "zhang-min",
            "2026-07-13 09:05",
            Command::GiveNotice {
                papers: vec!["identity-card".parse().unwrap(), "photo".parse().unwrap()],
                text: "押金五十元".into(),
                clear: true,
            },
        );
    check(
        &made(SheetKind::Notice, &story),
        expect![[r#"
            Head
              Number Text("0713-K7-001")
              AskedAt 2026-07-13 09:00
              RecordedAt 2026-07-13 09:00
              Channel Channel(Counter)
            Matter
              Category Category(CategoryId("access-cards"))
              Basis ____
              Conditions PackText(Text { zh: "业主、租户或经业主同意的常住人员。", en: "Owners, tenants, and residents with the owner's consent." })
              Paper Paper(PaperId("identity-card"))
              Paper Paper(PaperId("ownership"))
              Paper Paper(PaperId("photo"))
              Steps PackText(Text { zh: "提交材料", en: "Hand in the papers" })
              Steps PackText(Text { zh: "核对住户信息", en: "The residents' list is checked" })
              Steps PackText(Text { zh: "当场制卡、试卡", en: "The card is made and tried on the spot" })
              Fee PackText(Text { zh: "每户首套免费，补办按公示标准收取工本费。", en: "The first set of a home is free; a replacement costs what is posted." })
              TimeLimit 2026-07-15 18:00
            Papers
              Missing Paper(PaperId("identity-card"))
              Missing Paper(PaperId("photo"))
              AlsoMissing Words("押金五十元")
            Contact
              FirstResponder signed zhang-min 2026-07-13 09:05
              QuestionsPhone Text("8001")
              ComplaintsPhone Text("8005")
              CustomerSignature ____
        "#]],
    );
    let none = Story::handed_over(2);
    assert_eq!(
        sheet(
            SheetKind::Notice,
            &none.case(),
            &none.envelopes,
            &none.rules
        ),
        None
    );
}

#[test]
fn a_notice_leaves_blank_what_the_pack_does_not_say_and_takes_no_other_words() {
    let mut story = Story::handed_over(1);
    let notice = Fact::NoticeGiven(NoticeGiven {
        papers: Vec::new(),
        clear: true,
        more: true,
    });
    let quarrel = Fact::QuarrelReported(QuarrelReported {
        person: person("liu-wei"),
        department: "engineering".parse().unwrap(),
    });
    let events = [
        Event::new(notice, Content::text("需开卧室门锁")),
        Event::new(quarrel, Content::text("与业主争吵")),
    ];
    story.write("wang-jianguo", "2026-07-13 09:30", &events);
    let notice = made(SheetKind::Notice, &story);
    for blank in [FieldId::Basis, FieldId::Steps, FieldId::Fee] {
        assert_eq!(notice.value(blank), Some(&Value::Blank), "{blank:?}");
    }
    assert_eq!(
        notice.value(FieldId::AlsoMissing),
        Some(&Value::Words("需开卧室门锁".to_owned()))
    );
}

#[test]
fn on_a_board_nobody_is_recognised() {
    let picture = format!("{:?}", Hash::of(b"drawn"));
    let signed = Story::solved(1).order(
        "wang-jianguo",
        "2026-07-14 09:30",
        put(b"drawn", PhotoSource::Signature, "2026-07-14 09:29"),
    );
    let drawn = made(SheetKind::Record, &signed);
    assert!(format!("{drawn:?}").contains(&picture));
    assert!(!format!("{:?}", drawn.masked()).contains(&picture));
    for kind in [SheetKind::Record, SheetKind::Slip] {
        let shown = format!("{:?}", made(kind, &signed).masked());
        for secret in ["13800005678", "138 0000", "女士", "1502", "3-2"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(
            shown.contains("138****5678") && shown.contains("李**"),
            "{shown}"
        );
    }
}

#[test]
fn numbers_in_words_are_masked_and_dates_are_not() {
    let check = |text: &str, expected: &str| {
        assert_eq!(masked_words(text, &Particulars::default()), expected);
    };
    check("请打１３８００００５６７８。", "请打138****5678。");
    check("座机 0755-26001234 找他", "座机 ****1234 找他");
    check("座机 07552600123 找他", "座机 ****0123 找他");
    check("押金 1500 元", "押金 1500 元");
    check(
        "2026-07-13 09:06 到 5-1-302 查看",
        "2026-07-13 09:06 到 5-**** 查看",
    );
    check("换了 2 个角阀，共 45 元", "换了 2 个角阀，共 45 元");
    check("", "");
    assert_eq!(masked_address("12号楼A座1502（近5号门）"), "12号楼A座****");
    assert_eq!(masked_address("  "), "");
}

#[test]
fn a_colleague_sees_where_it_is_and_neither_name_nor_number() {
    let said = Particulars {
        matter: "李女士 138 0000 5678 说 12-2-1502 漏水，2026-07-13 起".to_owned(),
        customer: "李女士".to_owned(),
        phone: "138 0000 5678".to_owned(),
        address: "12-2-1502 李女士".to_owned(),
    };
    let masked = Particulars {
        matter: "李** 138****5678 说 12-2-1502 漏水，2026-07-13 起".to_owned(),
        customer: "李**".to_owned(),
        phone: "138****5678".to_owned(),
        address: "12-2-1502 李**".to_owned(),
    };
    assert_eq!(said.masked(), masked);
    assert_eq!(Particulars::default().masked(), Particulars::default());
}

#[test]
fn a_customer_takes_along_number_name_next_step_and_phone() {
    let story = Story::handed_over(1);
    let found = takeaway(&story.case(), &story.rules);
    assert_eq!(found.number, "0713-K7-001");
    assert_eq!(found.first_responder_name, "王建国");
    assert_eq!(
        found.next_step,
        Some((DeadlineId::Reply, at("2026-07-14 18:00")))
    );
    assert_eq!(found.result_by, Some(at("2026-07-15 18:00")));
    assert_eq!(found.complaints_phone, "8005");
    let replied = Story::handled(3).order("liu-wei", "2026-07-13 11:00", reply());
    assert_eq!(
        takeaway(&replied.case(), &replied.rules).next_step,
        Some((DeadlineId::TellResult, at("2026-07-13 12:00"))),
        "and not the visit that comes later"
    );
    let solved = Story::solved(2);
    assert_eq!(takeaway(&solved.case(), &solved.rules).next_step, None);
}

#[test]
fn a_photo_is_pointed_out_where_it_may_mislead() {
    let photo = |name: &[u8], source, taken: Option<&str>, placed| Command::AddPhotos {
        photos: vec![PhotoAdded {
            photo: Hash::of(name),
            source,
            taken_at: taken.map(at),
            placed,
        }],
    };
    let story = Story::handed_over(1)
        .order(
            "liu-wei",
            "2026-07-13 10:00",
            photo(b"good", PhotoSource::Camera, Some("2026-07-13 09:08"), true),
        )
        .order(
            "liu-wei",
            "2026-07-13 10:01",
            photo(b"old", PhotoSource::Album, Some("2026-07-13 09:07"), false),
        )
        .order(
            "liu-wei",
            "2026-07-13 10:02",
            photo(b"used", PhotoSource::Camera, None, true),
        )
        .order(
            "liu-wei",
            "2026-07-13 10:03",
            photo(b"drawn", PhotoSource::Signature, None, false),
        );
    let found = photo_notes(&story.case(), |it| *it == Hash::of(b"used"));
    assert_eq!(
        found,
        [
            (
                Hash::of(b"old"),
                vec![
                    PhotoNote::FromAlbum,
                    PhotoNote::OlderThanHandover,
                    PhotoNote::NoPlace
                ]
            ),
            (
                Hash::of(b"used"),
                vec![PhotoNote::NoTime, PhotoNote::UsedElsewhere]
            ),
        ]
    );
}
