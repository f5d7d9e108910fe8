//! What people write when a message brings no words of its own. None of the pack's forbidden phrases is among it.

use shouwen_domain::event::Contact;

pub const RECORDED_LATE: [&str; 4] = [
    "客户下班后留言，上班后补录。",
    "当时正在现场处理别的事项，回到岗位后补录。",
    "夜间收到，交接班时补录。",
    "现场没有带手机，记在本上，随后补录。",
];
pub const NO_PHONE: [&str; 2] = [
    "客户不愿留电话，约好到服务中心听结果。",
    "客户说微信联系即可，未留电话。",
];
pub const SLIP: [&str; 6] = [
    "已向客户说明需要贵部门处理，请尽快安排。",
    "客户比较着急，请先联系客户再上门。",
    "请现场查看后反馈结果。",
    "已告知客户大致的答复时间，请跟进。",
    "情况如登记内容，请承办。",
    "",
];
pub const NOT_OURS: [&str; 4] = [
    "现场看过，不属本部门的设备，建议转给对口部门承办。",
    "查过记录，这一项由别的部门负责，意见如上。",
    "需要先由对口部门核实原因，本部门随后配合。",
    "经核实不在本部门职责内，附上现场情况供参考。",
];
pub const ANSWERED_AT_ONCE: [&str; 6] = [
    "已当面说明办理流程和所需材料，客户表示清楚。",
    "已查到记录并告诉客户，客户没有别的问题。",
    "已现场处理好，客户确认。",
    "已告知办公时间、地点和联系电话。",
    "已解释相关规定，并把书面说明发给客户。",
    "已陪同客户到窗口办妥。",
];
pub const SOLVED: [&str; 8] = [
    "已到现场处理，恢复正常，客户在场确认。",
    "更换了损坏的配件，试用正常。",
    "已清理干净，并调整了每天的巡查安排。",
    "已与当事人沟通，对方同意改正，后续继续关注。",
    "已核对账目，差额会在下一期账单中调整。",
    "已安排专人跟进，今天处理完毕。",
    "现场排查后找到原因，已修复。",
    "已补办完成，客户可以到前台领取。",
];
pub const PLAIN_ANSWER: [&str; 4] = [
    "经核实，这一项由市政部门负责，已把受理电话和办理方式告诉客户。",
    "需要业主共同决定才能实施，已说明程序和下一次征求意见的时间。",
    "目前的条件下还不能实施，原因和替代办法已书面答复。",
    "属于开发商保修范围，已代为报修，并告知预计时间。",
];
pub const REWORKED: [&str; 4] = [
    "再次到现场检查，返工处理完毕，请回访。",
    "换了处理办法，这次观察一段时间没有再出现。",
    "主管一起到场，已按客户意见重新处理。",
    "补充说明了依据，并留下书面答复。",
];
pub const TOLD: [(Contact, &str); 5] = [
    (Contact::Call, "电话告知结果，客户表示知道了。"),
    (Contact::Call, "已把处理结果告诉客户。"),
    (Contact::InPerson, "上门告知，客户当面确认。"),
    (Contact::Message, "已发消息说明处理情况。"),
    (Contact::Message, ""),
];
pub const SATISFIED: [&str; 5] = [
    "问题解决了，谢谢。",
    "处理得很快，满意。",
    "可以，没有别的问题。",
    "师傅态度很好。",
    "希望以后也能这样及时。",
];
pub const NOT_SATISFIED: [&str; 4] = [
    "昨晚又出现了同样的问题。",
    "只处理了一半，还要再来看看。",
    "答复太笼统，希望说明具体时间。",
    "现场没有清理干净。",
];
pub const PAUSED: [&str; 3] = [
    "配件要订货，到货后马上装，已告知客户。",
    "维保单位约了时间上门，等他们到场。",
    "需要厂家带专用工具来，已联系好。",
];
pub const AGREED: [&str; 2] = [
    "客户白天上班，约好下班前在家等。",
    "客户要先与家人商量，约好再上门。",
];
pub const TO_COORDINATION: [&str; 2] = [
    "退回的意见有道理，两个部门都沾边，请牵头部门定由谁主办。",
    "现场涉及几个部门的设备，请牵头部门协调。",
];
pub const LEAD: [&str; 2] = [
    "按设备台账由该部门主办，其他部门配合。",
    "经现场核对，以该部门为主，有事随时报。",
];
/// What customers say in an emergency, and which of the pack's list it is.
pub const EMERGENCIES: [(&str, &str); 3] = [
    ("困在电梯", "stuck-in-lift"),
    ("水管爆", "burst-main"),
    ("着火了", "fire"),
];
pub const NOT_REACHED: [(Contact, &str); 4] = [
    (Contact::Call, "电话无人接听，已发短信。"),
    (Contact::Call, "客户说正在开会，请改天再打。"),
    (Contact::InPerson, "上门时家中没有回应，留了便条。"),
    (Contact::Message, "消息未读，明天再联系。"),
];

#[cfg(test)]
mod tests {
    use shouwen_domain::conduct::PhraseGuard;
    use shouwen_domain::pack::Pack;

    use super::*;

    #[test]
    fn nobody_says_what_is_forbidden() {
        let pack =
            Pack::parse("pack", include_str!("../../../packs/property-service.toml")).unwrap();
        let guard = PhraseGuard::new(&pack.phrases);
        let all: Vec<&str> = [
            &RECORDED_LATE[..],
            &NO_PHONE,
            &SLIP,
            &NOT_OURS,
            &ANSWERED_AT_ONCE,
            &SOLVED,
            &PLAIN_ANSWER,
            &REWORKED,
            &PAUSED,
            &AGREED,
            &TO_COORDINATION,
            &LEAD,
        ]
        .concat();
        let told = TOLD.iter().map(|it| it.1);
        for text in all.into_iter().chain(told) {
            assert_eq!(guard.findings(text), [], "{text}");
        }
    }
}
