//! Which category of the pack a text belongs to: a table of words, counted.

use shouwen_domain::id::CategoryId;
use shouwen_domain::pack::Pack;

/// The category whose words stand in the text most often wins, among equals the one that comes first here.
const WORDS: [(&str, &[&str]); 24] = [
    (
        "water-leak",
        &[
            "漏水",
            "渗水",
            "水管",
            "停水",
            "下水道",
            "堵塞",
            "水压",
            "污水",
            "返水",
            "供水",
            "自来水",
        ],
    ),
    ("lift", &["电梯", "困梯", "轿厢", "加装电梯"]),
    (
        "power-lighting",
        &[
            "停电",
            "跳闸",
            "路灯",
            "照明",
            "灯不亮",
            "声控灯",
            "供电",
            "电线",
            "电压",
        ],
    ),
    (
        "heating-cooling",
        &["暖气", "供暖", "空调", "地暖", "燃气", "天然气"],
    ),
    ("door-access", &["门禁", "对讲", "单元门", "刷脸", "刷卡"]),
    (
        "fire-safety",
        &[
            "消防",
            "灭火器",
            "着火",
            "火灾",
            "烟雾",
            "楼道堆",
            "飞线充电",
            "电动车充电",
        ],
    ),
    (
        "outer-wall",
        &["外墙", "墙皮", "脱落", "瓷砖", "屋面", "楼顶渗"],
    ),
    ("falling-objects", &["高空抛物", "扔下", "楼上扔"]),
    (
        "renovation-permit",
        &["装修手续", "装修押金", "装修申请", "开工证"],
    ),
    (
        "renovation-nuisance",
        &["装修", "电钻", "施工噪音", "敲墙", "承重墙", "违建"],
    ),
    ("garage", &["车库", "道闸", "地下室", "抬杆"]),
    (
        "parking",
        &["停车", "车位", "占位", "乱停", "违停", "挪车", "停放"],
    ),
    (
        "order-noise",
        &[
            "噪音",
            "扰民",
            "噪声",
            "广场舞",
            "喧哗",
            "夜宵摊",
            "喇叭",
            "治安",
        ],
    ),
    (
        "cleaning",
        &["垃圾", "保洁", "卫生", "脏", "异味", "臭味", "清运", "环境"],
    ),
    (
        "greenery",
        &["绿化", "树", "草坪", "蚊", "老鼠", "虫", "白蚁"],
    ),
    ("pets", &["狗", "宠物", "遛犬", "犬", "猫"]),
    ("neighbours", &["邻居", "邻里", "楼上住户", "隔壁"]),
    ("access-cards", &["出入证", "办卡", "门禁卡", "补卡"]),
    (
        "utility-bills",
        &["水费", "电费", "水电费", "抄表", "水表", "电表"],
    ),
    (
        "fees",
        &[
            "物业费",
            "收费",
            "费用",
            "缴费",
            "发票",
            "退费",
            "维修基金",
            "公摊",
        ],
    ),
    (
        "public-facilities",
        &[
            "健身",
            "滑梯",
            "长椅",
            "道路",
            "路面",
            "井盖",
            "围栏",
            "公共设施",
            "栏杆",
            "护栏",
        ],
    ),
    (
        "parcels-conveniences",
        &["快递", "邮政", "代收", "外卖", "班车", "公交"],
    ),
    (
        "staff-conduct",
        &["态度", "推诿", "不作为", "敷衍", "辱骂", "工作人员"],
    ),
    (
        "praise-suggestions",
        &["表扬", "感谢信", "建议", "锦旗", "点赞"],
    ),
];

const OTHERWISE: &str = "other";

/// The pack's category for a text; whatever it cannot tell is "other".
pub fn of(text: &str, pack: &Pack) -> CategoryId {
    let mut best: Option<(usize, &CategoryId)> = None;
    for (slug, words) in WORDS {
        let n: usize = words.iter().map(|it| text.matches(it).count()).sum();
        let known = pack.categories.iter().find(|it| it.id.as_str() == slug);
        if let Some(category) = known.filter(|_| n > best.map_or(0, |it| it.0)) {
            best = Some((n, &category.id));
        }
    }
    let otherwise = pack
        .categories
        .iter()
        .find(|it| it.id.as_str() == OTHERWISE);
    best.map(|it| it.1)
        .or(otherwise.map(|it| &it.id))
        .or(pack.categories.last().map(|it| &it.id))
        .expect("a pack without categories is refused when read")
        .clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack() -> Pack {
        Pack::parse("pack", include_str!("../../../packs/property-service.toml")).unwrap()
    }

    #[test]
    fn every_row_is_a_category_of_the_pack() {
        let pack = pack();
        for (slug, _) in WORDS {
            assert!(pack.category(&slug.parse().unwrap()).is_some(), "{slug}");
        }
    }

    #[test]
    fn a_text_goes_where_its_words_point() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(of(text, &pack()).as_str(), expected);
        }
        check("厨房水管漏水，已经淹到楼下", "water-leak");
        check("电梯又停了", "lift");
        check("装修手续怎么办", "renovation-permit");
        check("楼上装修电钻声太大", "renovation-nuisance");
        check("请问几点开会", "other");
    }
}
