//! Chinese words for the closed lists, and for what a rule refuses.

use shouwen_domain::Refusal;
use shouwen_domain::case::PhotoDoubt;
use shouwen_domain::decide::Post;
use shouwen_domain::event::{
    AgreedBecause, Channel, Contact, EmergencyStep, Ending, Field, Finding, Guidance,
    MissingBecause, Outcome, OuterLimit, PauseReason, PhotoSource, Signing, SuccessionReason,
    SuggestionFate, Takeaway, Urgency, WaivedBecause,
};
use shouwen_domain::pack::{DeadlineId, Difficulty};

use super::line::written;
use super::world::Site;

pub type Words<T> = &'static [(&'static str, T)];

pub const CHANNELS: Words<Channel> = &[
    ("来访", Channel::Counter),
    ("来电", Channel::Phone),
    ("来信", Channel::Letter),
    ("微信", Channel::Message),
    ("当面", Channel::Met),
    ("上级转办", Channel::FromAbove),
];
pub const CONTACTS: Words<Contact> = &[
    ("电话", Contact::Call),
    ("当面", Contact::InPerson),
    ("微信", Contact::Message),
    ("客户自己来", Contact::ByCustomer),
];
pub const FINDINGS: Words<Finding> = &[
    ("满意", Finding::Satisfied),
    ("不满意", Finding::NotSatisfied),
    ("联系不上", Finding::NotReached),
];
pub const OUTCOMES: Words<Outcome> = &[
    ("已解决", Outcome::Solved),
    ("明确答复", Outcome::PlainAnswer),
];
pub const FATES: Words<SuggestionFate> = &[
    ("已采纳", SuggestionFate::Changed),
    ("未采纳", SuggestionFate::NothingChanged),
    ("已转有关部门", SuggestionFate::PassedOn),
];
pub const URGENCIES: Words<Urgency> = &[
    ("一般", Urgency::Ordinary),
    ("加急", Urgency::Urgent),
    ("紧急", Urgency::Emergency),
];
pub const STEPS: Words<EmergencyStep> = &[
    ("已通知", EmergencyStep::PassedOn),
    ("到场", EmergencyStep::OnSite),
    ("救援到场", EmergencyStep::RescuerOnSite),
    ("已报主任", EmergencyStep::DirectorTold),
    ("险情解除", EmergencyStep::DangerOver),
];
pub const DIFFICULTIES: Words<Difficulty> = &[
    ("简单", Difficulty::Simple),
    ("一般", Difficulty::Ordinary),
    ("复杂", Difficulty::Complex),
];
pub const MISSING_BECAUSE: Words<MissingBecause> = &[
    ("客户不愿说", MissingBecause::Declined),
    ("不知道是谁", MissingBecause::NotKnown),
];
pub const GUIDANCE: Words<Guidance> = &[("带到", Guidance::Taken), ("接通", Guidance::Connected)];
pub const SUCCESSIONS: Words<SuccessionReason> = &[
    ("请假", SuccessionReason::Leave),
    ("离职", SuccessionReason::Resignation),
    ("指错", SuccessionReason::WronglyNamed),
];
pub const PAUSES: Words<PauseReason> = &[
    ("等客户方便", PauseReason::CustomersAppointment),
    ("等配件或外单位", PauseReason::PartsOrContractor),
    ("不可抗力", PauseReason::ForceMajeure),
];
pub const AGREED: Words<AgreedBecause> = &[
    ("等外部", AgreedBecause::AwaitingOutside),
    ("缺材料", AgreedBecause::PapersMissing),
    ("客户要求", AgreedBecause::CustomersWish),
];
pub const SIGNINGS: Words<Signing> = &[
    ("收单", Signing::Receipt),
    ("转出", Signing::Dispatch),
    ("结果", Signing::Result),
    ("明确答复", Signing::PlainAnswer),
];
pub const TAKEAWAYS: Words<Takeaway> = &[
    ("纸条", Takeaway::Paper),
    ("二维码", Takeaway::Qr),
    ("短信", Takeaway::Text),
];
pub const SOURCES: Words<PhotoSource> = &[
    ("相机", PhotoSource::Camera),
    ("相册", PhotoSource::Album),
    ("客户签名", PhotoSource::Signature),
];
pub const WAIVED: Words<WaivedBecause> = &[
    ("客户谢绝", WaivedBecause::CustomerDeclined),
    ("不在抽样", WaivedBecause::NotInSample),
    ("不知道是谁", WaivedBecause::Unnamed),
];
pub const OUTER: Words<OuterLimit> = &[
    ("签收", OuterLimit::Sign),
    ("退回", OuterLimit::Return),
    ("回复", OuterLimit::Reply),
];
pub const ENDINGS: Words<Ending> = &[
    ("当场办结", Ending::AnsweredAtOnce),
    ("已告知", Ending::Told),
    ("满意", Ending::Satisfied),
    ("未联系上", Ending::NotReached),
    ("免回访", Ending::Waived),
    ("告知归外单位", Ending::ReferredOutside),
    ("终结", Ending::Terminated),
];
pub const FIELDS: Words<Field> = &[
    ("事情", Field::Matter),
    ("姓名", Field::CustomerName),
    ("电话", Field::CustomerPhone),
    ("地址", Field::CustomerAddress),
    ("类别", Field::Category),
    ("渠道", Field::Channel),
    ("文字", Field::Text),
];
pub const DEADLINE_IN_GENERAL: Words<DeadlineId> = &[
    ("答复", DeadlineId::Reply),
    ("办结时限", DeadlineId::Completion),
    ("回访", DeadlineId::ReturnVisit),
    ("转交", DeadlineId::Transfer),
];

pub fn word_of<T: PartialEq>(list: &[(&'static str, T)], value: &T) -> &'static str {
    list.iter()
        .find(|(_, it)| it == value)
        .map_or("？", |(word, _)| word)
}

pub fn doubt(doubt: PhotoDoubt) -> &'static str {
    match doubt {
        PhotoDoubt::FromAlbum => "相册照片",
        PhotoDoubt::WithoutTime => "没有拍摄时间",
        PhotoDoubt::WithoutPlace => "没有定位",
        PhotoDoubt::OlderThanHandover => "早于转交",
        PhotoDoubt::UsedElsewhere { .. } => "别处用过",
    }
}

/// What a refusal says, without its rule.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what no scenario meets has no words here"
)]
pub fn refusal(refusal: &Refusal, site: &Site) -> String {
    let fixed = match refusal {
        Refusal::NotRecorded => "还没有登记",
        Refusal::AlreadyRecorded => "已经登记过",
        Refusal::Closed => "已办结",
        Refusal::NotClosed => "还没有办结",
        Refusal::SameDepartment => "已在本部门",
        Refusal::NoSlips => "这里不用处理单",
        Refusal::NoSlip => "没有处理单",
        Refusal::AlreadyReceived => "已经签收",
        Refusal::NotReceived => "还没有签收",
        Refusal::AlreadyReplied => "已经答复",
        Refusal::NoResult => "还没有结果",
        Refusal::NotTold => "还没有告知客户",
        Refusal::AlreadyTold => "已经告知过客户",
        Refusal::NotVisited => "还没有回访",
        Refusal::PlainAnswerUnsigned => "明确答复还没有主管签字",
        Refusal::NotChecked => "还没有第二人复核",
        Refusal::NotClear => "客户还没有说清楚了",
        Refusal::VisitorDidTheWork => "办事的人不能自己回访",
        Refusal::CheckerDidTheWork { .. } => "办事的人不能自己复核",
        Refusal::NothingMissing => "没有缺项",
        Refusal::OpinionMissing => "须写明意见",
        Refusal::ReasonMissing { .. } => "须写明理由",
        Refusal::NobodyAsked => "没有写问的是谁",
        Refusal::AskedLater => "询问时间在将来",
        Refusal::NameWhoWasAsked => "须指明问的是谁",
        Refusal::NeedsSignature => "须本人登录办理",
        Refusal::ImpossibleTime { .. } => "时间不对",
        Refusal::NotGuided => "没有引导",
        Refusal::AwaitingLeader => "领导还没有答复",
        Refusal::InDanger => "险情还没有解除",
        Refusal::SameUrgency => "紧急程度没有变",
        Refusal::SameResponder => "就是首问责任人",
        Refusal::BreachUndecided => "有违规待核实",
        Refusal::ShiftPassedAlready => "已经交过班",
        Refusal::NoSuchShift => "没有这个班",
        Refusal::Paused => "已经暂停",
        Refusal::NotPaused => "没有暂停",
        Refusal::RequestOpen => "同样的申请还没有批",
        Refusal::NoRequest => "没有待批的申请",
        Refusal::NeedsConsent => "再改要申请",
        Refusal::CannotPause => "不能暂停或延期",
        Refusal::NotCoordinating => "不在协调中",
        Refusal::AlreadyEscalated => "已报主任",
        Refusal::NoJoining => "这里不并案",
        Refusal::JoinedToItself => "不能并入自己",
        Refusal::IsJoined { .. } => "已并案",
        Refusal::NotJoined { .. } => "没有并案",
        Refusal::CustomerSatisfied => "客户已经满意",
        Refusal::NotFromAbove => "不是上级工单",
        Refusal::SuggestionFateMissing => "须说明建议的结果",
        Refusal::InScope { .. } => "属本单位受理范围",
        _ => "",
    };
    if !fixed.is_empty() {
        return fixed.to_owned();
    }
    match refusal {
        Refusal::PassedOn { to } => format!("已在{}", site.department(to)),
        Refusal::NotYours { may } if may.is_empty() => "不由本人办".to_owned(),
        Refusal::NotYours { may } => {
            let may: Vec<String> = may.iter().map(|it| site.person(it)).collect();
            format!("只能由{}办", may.join("、"))
        }
        Refusal::NotYourDepartment { department } => {
            format!("只能由{}办", site.department(department))
        }
        Refusal::NotSupervisor { department } => {
            format!("只能由{}主管办", site.department(department))
        }
        Refusal::LoweringIsForSupervisors { department } => {
            format!("降级只能由{}主管办", site.department(department))
        }
        Refusal::NoPost { post: it } => format!("没有设{}", post(*it)),
        Refusal::Concerned { person } => format!("事涉{}", site.person(person)),
        Refusal::NotInDepartment { person, department } => {
            format!("{}不在{}", site.person(person), site.department(department))
        }
        Refusal::Missing { field } => format!("缺{}", word_of(FIELDS, field)),
        Refusal::ChildsData { field } => format!("儿童不记{}", word_of(FIELDS, field)),
        Refusal::LateWithoutReason { allowed } => {
            format!("超过 {} 分钟的补录须写明原因", allowed.0)
        }
        Refusal::TryAgain { tried, needed } => format!("联系了 {tried} 次，要 {needed} 次"),
        Refusal::MoreRounds { done, needed } => format!("不满意 {done} 次，要 {needed} 次"),
        Refusal::NotOwed { deadline } => format!("没有“{}”这件待办", site.deadline(*deadline)),
        Refusal::Night { until } => format!("夜间不打电话，{} 以后再打", written(*until)),
        Refusal::Expired { due } => format!("期限 {} 已过", written(*due)),
        Refusal::PostponedEnough { limit } => format!("暂停和改约最多 {limit} 次"),
        Refusal::PastOuterLimit { until } => format!("上级的时限 {} 在前", written(*until)),
        Refusal::TooLateToReturn { until } => format!("退回期限 {} 已过", written(*until)),
        other => refusal_of_a_form(other).unwrap_or_else(|| refusal_of_a_decision(other, site)),
    }
}

const fn post(post: Post) -> &'static str {
    match post {
        Post::Director => "主任",
        Post::Quality => "质检部",
        Post::Coordination => "牵头部门",
        Post::DirectorsDeputy => "主任的B角",
    }
}

/// What a form or a visit lacks, and what is promised.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what no scenario meets has no words here"
)]
fn refusal_of_a_form(refusal: &Refusal) -> Option<String> {
    Some(match refusal {
        Refusal::Incomplete { missing } => {
            let missing: Vec<&str> = missing.iter().map(|it| word_of(FIELDS, it)).collect();
            format!("缺{}，须写明原因", missing.join("、"))
        }
        Refusal::VisitLacks {
            field: Field::CustomerPhone,
        } => "回访须记拨打的号码".to_owned(),
        Refusal::VisitLacks { .. } => "回访须记客户原话".to_owned(),
        Refusal::Promise { phrase } => format!("不能承诺“{phrase}”"),
        _ => return None,
    })
}

/// Why nothing is decided, confirmed or adopted.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what no scenario meets has no words here"
)]
fn refusal_of_a_decision(refusal: &Refusal, site: &Site) -> String {
    match refusal {
        Refusal::NotAssessed => "还没有实行考核".to_owned(),
        Refusal::AlreadyDecided => "已经定过".to_owned(),
        Refusal::NoProposal => "没有这条考核建议".to_owned(),
        Refusal::OutOfRange { least, most } => format!("只能定 {least} 到 {most}"),
        Refusal::MayStillState { until } => format!("本人可说明到 {}", written(*until)),
        Refusal::Lapsed { at } => format!("{} 已失效", written(*at)),
        Refusal::NotAdopter { may } => {
            let may: Vec<String> = may.iter().map(|it| site.person(it)).collect();
            format!("只能由{}启用", may.join("、"))
        }
        Refusal::UnknownPack { .. } => "没有这份规则包".to_owned(),
        Refusal::AnswersMissing { given, needed } => format!("有 {needed} 题，答了 {given} 题"),
        other => format!("{other:?}"),
    }
}
