// The working days of China, reckoned here once more from the published lists: what the app shows is
// compared with this and not with itself.

import { readdir, readFile } from "node:fs/promises";

const LISTS = new URL("../../packs/calendars/cn/", import.meta.url);
const DAY_MS = 86_400_000;
/** China's offset, all year round. */
const OFFSET_MS = 8 * 3_600_000;

export async function publishedDays() {
  const files = (await readdir(LISTS)).filter((it) => it.endsWith(".json"));
  const lists = await Promise.all(files.map(async (it) => JSON.parse(await readFile(new URL(it, LISTS), "utf8"))));
  return new Map(lists.flatMap((it) => it.days).map((it) => [it.date, it]));
}

/** "2026-02-14" of an instant, at the site. */
export function dateOf(unix_ms) {
  return new Date(unix_ms + OFFSET_MS).toISOString().slice(0, 10);
}

export function isWorkingDay(days, date) {
  const published = days.get(date);
  if (published) return !published.isOffDay;
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday !== 0 && weekday !== 6;
}

/** The dates after `from` up to the next working day, which is the last of them. */
export function daysToNextWorkingDay(days, from) {
  const passed = [];
  for (let at = Date.parse(`${from}T00:00:00Z`) + DAY_MS; ; at += DAY_MS) {
    const date = new Date(at).toISOString().slice(0, 10);
    passed.push(date);
    if (isWorkingDay(days, date)) return passed;
  }
}

/** One working day as the Civil Code counts it: closing time of the next working day. */
export function closingOfNextWorkingDay(days, unix_ms, closing = "18:00") {
  const date = daysToNextWorkingDay(days, dateOf(unix_ms)).at(-1);
  return Date.parse(`${date}T${closing}:00+08:00`);
}
