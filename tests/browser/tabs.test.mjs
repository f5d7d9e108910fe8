// Two tabs of one browser share a device: they agree without being reloaded, and neither loses an act.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

/** Long enough for anything that another tab does to arrive. */
const NOTICED_MS = 10_000;

app.journey("what one tab saves shows in the other without a reload", async (stage) => {
  const { first, second } = await twoTabs(stage);
  await first.bringToFront();
  const id = await app.record(first, app.LEAK, "keep");
  await second.locator(`.case-row[href="/case/${id}"]`).waitFor();

  await second.locator(`.case-row[href="/case/${id}"]`).click();
  await second.locator(".case-head").waitFor();
  await first.bringToFront();
  await app.act(first, "answer-at-once", { text: "已关总阀，换了垫片" });
  await second.getByText("已关总阀，换了垫片").waitFor();
  await second.locator('.case-head .badge[data-status="done"]').waitFor();
  await assertDelivered(first, second, 2);
});

app.journey("of two tabs that end one case at once, one does, and nothing is lost or doubled", async (stage) => {
  const { first, second } = await twoTabsOnOneAct(stage);
  await Promise.all([submit(first), submit(second)]);
  for (const page of [first, second]) await page.locator('.case-head .badge[data-status="done"]').waitFor();
  await assertDelivered(first, second, 2);
});

app.journey("the tab that came second is told why its act was not saved", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const { first, second } = await twoTabsOnOneAct(stage);
  await Promise.all([submit(first), submit(second)]);
  for (const page of [first, second]) await page.locator('.case-head .badge[data-status="done"]').waitFor();
  const told = (page) => page.getByText(say("refusal.closed")).waitFor({ timeout: NOTICED_MS });
  await Promise.any([told(first), told(second)]);
});

app.journey("a sheet stays open with its words when a receipt arrives meanwhile", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await server.kill();
  await app.record(page, app.LEAK, "keep");
  await prepare(page, "answer-at-once", "已关总阀");
  await server.start();
  await app.untilDelivered(page);
  assert.equal(await page.locator("#act-text").inputValue({ timeout: NOTICED_MS }), "已关总阀");
});

app.journey("an opened reckoning stays open when a receipt arrives meanwhile", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await server.kill();
  await app.record(page, app.LEAK, "keep");
  await app.dueCard(page, "transfer").locator("summary").click();
  await server.start();
  await app.untilDelivered(page);
  await page.locator('.timeline-item[data-fate="accepted"]').first().waitFor();
  assert.equal(await page.locator("details.reckoning[open]").count(), 1);
});

app.journey("tabs that save different cases at once leave no gap in the device's chain", async (stage) => {
  const { first, second } = await twoTabs(stage);
  const n = 5;
  for (let i = 1; i <= n; i++) {
    await Promise.all([
      app.record(first, { ...app.LEAK, category: "other", matter: `第一页第${i}件` }, "keep"),
      app.record(second, { ...app.LEAK, category: "other", matter: `第二页第${i}件` }, "keep"),
    ]);
  }
  await assertDelivered(first, second, 2 * n);
  await first.goto("/");
  const rows = first.locator(".case-row[href^='/case/']");
  await rows.nth(2 * n - 1).waitFor();
  assert.equal(await rows.count(), 2 * n);
});

app.journey("a person who leaves in one tab has left in the other after a reload", async (stage) => {
  const { first, second } = await twoTabs(stage);
  await first.bringToFront();
  await first.getByTestId("person").click();
  await first.locator(".menu-item").first().click();
  await first.locator(".person").first().waitFor();
  await second.reload();
  await second.locator(".person").first().waitFor();
});

async function twoTabs(stage) {
  const server = await stage.server();
  const device = await stage.device(server, { viewport: app.TABLET });
  const first = await app.signedIn(device, server, app.PATROL);
  const second = await device.newPage();
  await second.goto("/");
  await second.getByTestId("person").waitFor();
  return { first, second };
}

async function twoTabsOnOneAct(stage) {
  const { first, second } = await twoTabs(stage);
  await first.bringToFront();
  const id = await app.record(first, app.LEAK, "keep");
  await app.untilDelivered(first);
  await app.openCase(second, id);
  await prepare(first, "answer-at-once", "第一页的答复");
  await prepare(second, "answer-at-once", "第二页的答复");
  return { first, second };
}

async function prepare(page, name, text) {
  await page.bringToFront();
  await app.press(page, name);
  await page.locator(`dialog[data-act="${name}"] #act-text`).fill(text);
}

/** Not by a click, which would wait its turn: both forms go out before either tab hears of the other. */
async function submit(page) {
  await page.locator("dialog.sheet[open] form").evaluate((form) => form.requestSubmit());
}

/** Nothing is owed, every act of the device was taken, and there are as many as were saved. */
async function assertDelivered(first, second, n_acts) {
  await Promise.all([app.untilDelivered(first), app.untilDelivered(second)]);
  await first.bringToFront();
  await first.goto("/more");
  const fates = first.locator("li[data-fate]");
  await fates.first().waitFor();
  const found = await fates.evaluateAll((items) => items.map((it) => it.dataset.fate));
  assert.deepEqual(found, Array(n_acts).fill("accepted"));
}
