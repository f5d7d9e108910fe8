// What the app says is due, against the table of the specification, with the clock in the test's hand.

import assert from "node:assert/strict";
import { daysToNextWorkingDay, publishedDays } from "./calendar.mjs";
import * as app from "./support.mjs";

const MATTER = { ...app.LEAK, category: "heating-cooling" };

/**
 * "One working day" read as the Civil Code does. The office opens at 08:30, so an hour that starts off duty
 * runs from 08:45.
 */
const TABLE = [
  { asked: "2026-02-13 16:30", handOverBy: "2026-02-13 17:30", answerBy: "2026-02-14 18:00" },
  { asked: "2026-02-14 17:40", handOverBy: "2026-02-14 18:40", answerBy: "2026-02-24 18:00" },
  { asked: "2026-02-14 20:00", handOverBy: "2026-02-24 09:45", answerBy: "2026-02-24 18:00" },
  { asked: "2026-02-18 10:00", handOverBy: "2026-02-24 09:45", answerBy: "2026-02-24 18:00" },
  { asked: "2026-07-11 11:00", handOverBy: "2026-07-13 09:45", answerBy: "2026-07-13 18:00" },
];

app.journey("every row of the table is due when the table says", async (stage) => {
  const server = await stage.server();
  const device = await stage.device(server);
  await device.clock.setFixedTime(app.siteTime(TABLE[0].asked));
  const page = await app.signedIn(device, server, app.PATROL);
  for (const { asked, handOverBy, answerBy } of TABLE) {
    await device.clock.setFixedTime(app.siteTime(asked));
    // By then the device has locked itself.
    await page.goto("/");
    await app.unlock(page, server, app.PATROL);
    await app.record(page, MATTER, "keep");
    await assertDue(page, "transfer", handOverBy, asked);
    await app.record(page, MATTER, "hand-over");
    await assertDue(page, "reply", answerBy, asked);
    await assertDue(page, "sign", answerBy, asked);
  }
  await app.untilDelivered(page);
});

for (const locale of ["zh-CN", "en"]) {
  app.journey(`the reckoning names every day of the holiday that it skips, ${locale}`, async (stage) => {
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const device = await stage.device(server, { locale });
    await device.clock.setFixedTime(app.siteTime("2026-02-14 17:40"));
    const page = await app.signedIn(device, server, app.PATROL);
    await app.record(page, MATTER, "hand-over");

    const card = app.dueCard(page, "reply");
    await card.locator("summary").click();
    const expected = await expectedSteps(say);
    const steps = card.locator(".reckoning-step");
    assert.deepEqual((await steps.allInnerTexts()).map(lines), expected);
    await app.untilDelivered(page);
  });
}

async function assertDue(page, deadline, civil, asked) {
  await app.dueCard(page, deadline).waitFor();
  const found = new Date(await app.due(page, deadline)).toISOString();
  assert.equal(found, new Date(app.siteTime(civil)).toISOString(), `${deadline} of what was asked at ${asked}`);
}

/** From the slip on the make-up Saturday to the Tuesday after the Spring Festival. */
async function expectedSteps(say) {
  const days = await publishedDays();
  const passed = daysToNextWorkingDay(days, "2026-02-14");
  const skipped = passed.slice(0, -1);
  assert.equal(skipped.length, 9, "the Spring Festival of 2026 has nine days");
  return [
    [dateAndTime(say, "2026-02-14", "17:40"), say("step.started")],
    [date(say, "2026-02-14"), say("step.receipt_day")],
    ...skipped.map((it) => [
      date(say, it),
      say("step.skipped", { day: say("day.holiday", { name: days.get(it).name }) }),
    ]),
    [date(say, passed.at(-1)), say("step.counted", { day: say("day.workday"), n: 1 })],
    [shortDate(say, passed.at(-1)), say("step.closing", { time: "18:00" })],
    [dateAndTime(say, passed.at(-1), "18:00"), say("step.due")],
  ];
}

function parts(say, civil) {
  const [, month, day] = civil.split("-");
  const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
  const weekday = say(`weekday.${weekdays[new Date(`${civil}T00:00:00Z`).getUTCDay()]}`);
  return { month, day, weekday };
}

function date(say, civil) {
  return say("date.long", parts(say, civil));
}

function shortDate(say, civil) {
  return say("date.short", parts(say, civil));
}

function dateAndTime(say, civil, time) {
  return say("date.with_time", { ...parts(say, civil), time });
}

function lines(text) {
  return text.split("\n").map((it) => it.trim()).filter((it) => it);
}
