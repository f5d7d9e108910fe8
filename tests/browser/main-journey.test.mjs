// One case from the asking to its end, over two devices and a server that dies in the middle.

import assert from "node:assert/strict";
import { closingOfNextWorkingDay, daysToNextWorkingDay, dateOf, publishedDays } from "./calendar.mjs";
import * as app from "./support.mjs";

const DEPARTMENT = { "zh-CN": "工程部", en: "Engineering" };

for (const locale of ["zh-CN", "en"]) {
  app.journey(`a case recorded without a network is answered and closed on two devices, ${locale}`, async (stage) => {
    stage.expectNoNetwork();
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const phone = await stage.device(server, { locale });
    const first = await app.signedIn(phone, server, app.PATROL);
    await app.untilCached(first);
    await app.untilDelivered(first);

    await server.kill();
    const handedOver = await recordWithoutServer(first, say, locale);
    const patrol = await reopen(phone, first, handedOver.id, say);

    await server.start();
    await app.untilDelivered(patrol);

    const tablet = await stage.device(server, { locale, viewport: app.TABLET });
    const office = await app.signedIn(tablet, server, app.HEAD_OF_ENGINEERING);
    await nameHandler(office, handedOver, say);
    await replyAsTechnician(office, server, handedOver.id);
    await tellAndVisit(patrol, handedOver.id, say);
    await seeItClosed(office, handedOver.id, say);
  });
}

async function recordWithoutServer(page, say, locale) {
  await page.reload();
  await page.getByTestId("person").waitFor();
  await page.locator('.tab-bar a[href="/record"]').click();
  await app.fillForm(page, app.LEAK);
  const button = page.locator('[data-next="hand-over"]');
  assert.equal(await button.innerText(), say("record.hand_over", { to: DEPARTMENT[locale] }));
  const earliest = Date.now();
  await button.click();
  const id = await app.untilOnCase(page);
  return { id, earliest, latest: Date.now() };
}

async function reopen(phone, before, id, say) {
  await before.close();
  const page = await phone.newPage();
  await app.openCase(page, id);
  await assertIsThere(page, id, say);
  return page;
}

async function assertIsThere(page, id, say) {
  assert.ok((await page.locator(".case-head-title").innerText()).includes(app.LEAK.matter));
  const slip = page.locator(".slip").first();
  assert.ok((await slip.innerText()).includes(say("case.not_signed")));
  const line = page.locator(".sync-line");
  assert.match(await line.getAttribute("data-sync"), /^(waiting|offline)$/);
  assert.equal(await app.owed(page), 1);
  await page.goto("/");
  await page.locator(`.case-row[href="/case/${id}"]`).first().waitFor();
}

async function nameHandler(page, { id, earliest, latest }, say) {
  await page.locator(`.case-row[href="/case/${id}"]`).first().click();
  await app.dueCard(page, "reply").waitFor();
  const days = await publishedDays();
  const expected = [earliest, latest].map((it) => closingOfNextWorkingDay(days, it));
  assert.ok(expected.includes(await app.due(page, "reply")), "the answer is due at the next working day's closing");
  await assertReckoning(page, days, latest, say);

  await app.act(page, "name-handler", { person: "qian-wei" });
  await page.locator(".case-head-people").getByText(app.TECHNICIAN).waitFor();
  await app.untilDelivered(page);
}

async function assertReckoning(page, days, handedOver, say) {
  const card = app.dueCard(page, "reply");
  assert.equal((await card.locator("summary").innerText()).trim(), say("due.why"));
  await card.locator("summary").click();
  const steps = await card.locator(".reckoning-step").allInnerTexts();
  assert.ok(steps.some((it) => it.includes(say("step.receipt_day"))), steps.join("\n"));
  assert.ok(steps.at(-1).includes(say("step.due")), steps.join("\n"));
  const skipped = await card.locator('.reckoning-step[data-step="skipped"]').count();
  assert.equal(skipped, daysToNextWorkingDay(days, dateOf(handedOver)).length, "the day of receipt and every day off");
  assert.match(await card.locator(".reckoning-source").last().innerText(), /T3/);
}

async function replyAsTechnician(page, server, id) {
  await app.switchPerson(page, server, app.TECHNICIAN);
  await app.openCase(page, id);
  await app.act(page, "reply", { text: "换了角阀，不漏了" });
  await app.untilDelivered(page);
}

async function tellAndVisit(page, id, say) {
  await app.openCase(page, id);
  await page.getByText("换了角阀，不漏了").waitFor({ timeout: 120_000 });
  await app.act(page, "tell", { text: "已告知修好" });
  await app.act(page, "visit", { text: "谢谢，好了", choices: [say("act.satisfied")] });
  await app.press(page, "close");
  await page.locator('.case-head .badge[data-status="done"]').waitFor();
  await app.untilDelivered(page);
}

async function seeItClosed(page, id, say) {
  await app.openCase(page, id);
  const badge = page.locator('.case-head .badge[data-status="done"]');
  await badge.waitFor({ timeout: 120_000 });
  assert.equal(await badge.innerText(), say("ending.satisfied"));
}
