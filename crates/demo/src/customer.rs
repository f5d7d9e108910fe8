//! Invented customers: the same one for the same user, a room that the directory has, a number that nobody has.

use shouwen_domain::directory::Building;
use shouwen_domain::hash::Hash;

use crate::chance::Chance;

const SURNAMES: [&str; 24] = [
    "陈", "林", "黄", "吴", "徐", "沈", "朱", "胡", "何", "罗", "梁", "宋", "郑", "谢", "韩", "唐",
    "冯", "董", "程", "曹", "袁", "许", "傅", "曾",
];
const GIVEN: [&str; 30] = [
    "子涵", "雨桐", "志强", "秀兰", "建华", "丽娟", "俊杰", "晓东", "玉梅", "海燕", "文静", "伟",
    "芳", "国平", "思远", "佳怡", "明辉", "红", "永康", "春梅", "浩然", "雪", "立新", "美玲",
    "振宇", "慧", "德明", "婉清", "一鸣", "桂英",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub name: String,
    pub phone: String,
    /// Empty where the site has no buildings.
    pub address: String,
}

impl Customer {
    pub fn of(user: &str, buildings: &[Building], seed: u64) -> Self {
        let Hash(hash) = Hash::of(user.as_bytes());
        let (head, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
        let mut chance = Chance::apart(seed, u64::from_be_bytes(*head));
        Self {
            name: format!("{}{}", chance.pick(&SURNAMES), chance.pick(&GIVEN)),
            // No area or network gives out a number with four zeros here.
            phone: format!("199 0000 {:04}", chance.between(0, 9_999)),
            address: if buildings.is_empty() {
                String::new()
            } else {
                room(chance.pick(buildings).clone(), &mut chance)
            },
        }
    }
}

/// "3-2-1502": building, unit, floor and room.
fn room(building: Building, chance: &mut Chance) -> String {
    let digits: String = building
        .name
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let name = if digits.is_empty() {
        building.name.as_str()
    } else {
        &digits
    };
    let (unit, floor, room) = (
        chance.between(1, building.units),
        chance.between(1, building.floors),
        chance.between(1, building.rooms),
    );
    format!("{name}-{unit}-{floor}{room:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_is_one_customer_in_a_room_that_exists() {
        let building = Building {
            name: "3栋".to_owned(),
            units: 2,
            floors: 18,
            rooms: 4,
        };
        let buildings = [building];
        let mut names = std::collections::BTreeSet::new();
        for n in 0..500 {
            let user = format!("u{n}");
            let it = Customer::of(&user, &buildings, 1);
            assert_eq!(it, Customer::of(&user, &buildings, 1));
            let parts: Vec<u32> = it
                .address
                .split('-')
                .map(|it| it.parse().unwrap())
                .collect();
            let [3, 1..=2, room] = parts[..] else {
                panic!("{}", it.address)
            };
            assert!((1..=18).contains(&(room / 100)) && (1..=4).contains(&(room % 100)));
            assert!(it.phone.starts_with("199 0000 "));
            names.insert(it.name);
        }
        assert!(names.len() > 200);
    }
}
