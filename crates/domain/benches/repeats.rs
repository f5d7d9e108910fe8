//! Recognising a repeat among 100,000 cases of about 200 characters: taking one in, and asking.
//!
//! Texts come from a seeded list of words of our own: a rare name each (compound, shop, street), a matter, and talk.

#![expect(
    clippy::print_stdout,
    reason = "the 95th percentile and the memory are printed beside the timings"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock; the rules measured do not"
)]

use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use shouwen_domain::moment::Moment;
use shouwen_domain::repeat::{Known, Matter, Query, Repeats};

const N_CASES: u32 = 100_000;
const N_CHARACTERS: usize = 200;

const MATTERS: [&str; 16] = [
    "电梯半夜异响停运",
    "地下车库渗水积水",
    "楼道堆放杂物",
    "夜间施工噪音扰民",
    "自来水发黄有异味",
    "停车费乱收取",
    "垃圾站臭味熏天",
    "外墙瓷砖脱落",
    "单元门禁失灵",
    "装修押金迟迟不退",
    "绿化带被占用",
    "路灯长期不亮",
    "餐饮油烟直排",
    "消防通道被堵",
    "暖气温度不达标",
    "快递柜占用过道",
];
const TALK: [&str; 24] = [
    "我们多次向物业反映都没有结果",
    "希望尽快派人来看一看",
    "家里有老人和孩子实在受不了",
    "前台登记以后就没有下文",
    "师傅来过一次说要等配件",
    "邻居们也都有意见",
    "昨天晚上又发生了一次",
    "到底什么时候能够解决",
    "打电话总是没有人接",
    "上个月已经说过这件事",
    "影响正常的生活和休息",
    "请给一个明确的答复",
    "照片已经发到群里",
    "保安说不归他们管",
    "每天早上七点就开始",
    "雨天的时候特别严重",
    "业主委员会也去沟通过",
    "合同里写得清清楚楚",
    "费用我们一直按时交纳",
    "周末两天都是这样",
    "走廊尽头的那一家",
    "靠近东门的位置",
    "存在很大的安全隐患",
    "不想再拖下去了",
];

struct Seed(u64);

impl Seed {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit as u64)).expect("it is below a usize")
    }

    /// A name of three characters out of the common ones.
    fn name(&mut self) -> String {
        (0..3)
            .filter_map(|_| char::from_u32(0x4E00 + u32::try_from(self.below(3_000)).ok()?))
            .collect()
    }

    fn text(&mut self, names: &[String]) -> String {
        let name = &names[self.below(names.len())];
        let mut text = format!(
            "{name}小区{}栋{}，",
            1 + self.below(40),
            MATTERS[self.below(MATTERS.len())]
        );
        while text.chars().count() < N_CHARACTERS {
            text.push_str(TALK[self.below(TALK.len())]);
            text.push_str(&names[self.below(names.len())]);
            text.push('，');
        }
        text
    }
}

fn matter(text: &str, minute: u32) -> Matter<'_> {
    Matter {
        text,
        ..Matter::at(Moment::from_unix_ms(i64::from(minute) * 60_000))
    }
}

fn bench(criterion: &mut Criterion) {
    let mut seed = Seed(20_260_401);
    let names: Vec<String> = (0..20_000).map(|_| seed.name()).collect();
    let texts: Vec<String> = (0..N_CASES).map(|_| seed.text(&names)).collect();
    let started = Instant::now();
    let mut repeats = Repeats::default();
    for (case, text) in (0..).zip(&texts) {
        repeats.insert(Known {
            case,
            matter: matter(text, case),
        });
    }
    println!("{N_CASES} cases taken in within {:?}", started.elapsed());
    repeats.shrink();
    println!("{} bytes a case", repeats.n_bytes() / N_CASES as usize);

    let asked: Vec<String> = (0..200).map(|_| seed.text(&names)).collect();
    let mut times: Vec<_> = asked
        .iter()
        .map(|text| {
            let started = Instant::now();
            let found = repeats.candidates(
                &Query {
                    case: None,
                    matter: matter(text, N_CASES),
                },
                5,
            );
            std::hint::black_box(found);
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "a query takes {:?} at the median, {:?} at the 95th percentile",
        times[99], times[189]
    );

    let mut next = asked.iter().cycle();
    criterion.bench_function("ask among 100,000", |it| {
        it.iter(|| {
            let text = next.next().expect("a cycle does not end");
            repeats.candidates(
                &Query {
                    case: None,
                    matter: matter(text, N_CASES),
                },
                5,
            )
        });
    });
    let mut case = N_CASES;
    criterion.bench_function("take one in", |it| {
        it.iter(|| {
            let text = next.next().expect("a cycle does not end");
            repeats.insert(Known {
                case,
                matter: matter(text, case),
            });
            case += 1;
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
