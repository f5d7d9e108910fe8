// The same cases for whatever is measured beside the app: about 1 KB of Chinese text with five small events, one in fifty open.

const SENTENCES = [
  "厨房洗菜盆下面的水管接头一直滴水，柜子已经泡了，麻烦派人来看看。",
  "二单元左边的电梯关门的时候哐当响，老人坐着害怕。",
  "新搬来的，想问一下物业费可以手机上交吗，发票怎么开？",
  "楼道里的声控灯坏了一个星期，晚上上下楼看不见台阶。",
  "地下车库入口的道闸经常不抬杆，早上排队排到马路上。",
  "楼上装修每天早上七点就开始打孔，孩子没法休息。",
  "垃圾桶旁边的污水流到了路面上，夏天味道很大。",
];
const DAY_MS = 86_400_000;

/** A generator that gives the same numbers for the same seed. */
function chance(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let it = Math.imul(state ^ (state >>> 15), state | 1);
    it ^= it + Math.imul(it ^ (it >>> 7), it | 61);
    return ((it ^ (it >>> 14)) >>> 0) % below;
  };
}

export function cases(n_cases, seed, now) {
  const draw = chance(seed);
  const hex = (n) => Array.from({ length: n }, () => draw(16).toString(16)).join("");
  return Array.from({ length: n_cases }, (_, n) => {
    const opened_at = now - Math.round(((n_cases - n) / n_cases) * 140 * DAY_MS);
    const status = n >= n_cases - n_cases / 50 ? "open" : "closed";
    const due_at = status === "open" ? now + draw(10 * DAY_MS) : opened_at + DAY_MS;
    let text = "";
    while (text.length < 320) text += SENTENCES[draw(SENTENCES.length)];
    const events = Array.from({ length: 5 }, (_, m) => {
      return { at: opened_at + m * 120_000, by: "liu-min", kind: "contact", note: SENTENCES[draw(7)].slice(0, 12) };
    });
    return {
      id: `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
      site: "lanting",
      dept: "service",
      responsible: "liu-min",
      status,
      opened_at,
      due_at,
      updated_at: events.at(-1).at,
      category: "neighbours",
      room: `${1 + draw(9)}-${1 + draw(3)}-${1 + draw(18)}0${1 + draw(4)}`,
      phone: `199 0000 ${String(draw(10_000)).padStart(4, "0")}`,
      text,
      events,
    };
  });
}
