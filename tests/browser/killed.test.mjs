// The browser dies at the worst moment. What it had said is saved, is saved.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

const N_KILLS = 50;
const MAX_DELAY_MS = 30;

app.journey("what was saved survives fifty deaths of the browser", async (stage) => {
  stage.expectNoNetwork();
  const { server, profile, life } = await preparedProfile(stage);
  // Without a server nothing can come back from there.
  await server.kill();
  let { page } = life;
  const saved = [];
  for (let n = 1; n <= N_KILLS; n++) {
    const matter = `第${n}件`;
    await saveAndKill(page, matter, profile);
    saved.push(matter);
    ({ page } = await stage.process(server, profile));
    await page.goto("/");
    // With the browser the keys are gone.
    await app.unlock(page, server, app.PATROL);
    await assertAllThere(page, saved);
  }
  await server.start();
  await app.untilDelivered(page, 180_000);
}, { timeout: 900_000 });

app.journey("what was typed and not yet recorded survives the browser's death", async (stage) => {
  const { server, profile, life } = await preparedProfile(stage);
  await life.page.goto("/record");
  await app.fillForm(life.page, app.LEAK);
  await app.until("it is stored", () => app.isStored(life.page, app.LEAK.phone));
  await app.killBrowser(profile);

  const { page } = await stage.process(server, profile);
  await page.goto("/");
  await app.unlock(page, server, app.PATROL);
  await page.getByTestId("drafts").locator(".case-row").click();
  for (const [id, text] of Object.entries(app.LEAK)) {
    await page.waitForFunction(([id, text]) => document.getElementById(id)?.value === text, [id, text]);
  }
});

app.journey("words typed into an act survive the browser's death", async (stage) => {
  const { server, profile, life } = await preparedProfile(stage);
  const id = await app.record(life.page, app.LEAK, "keep");
  await app.press(life.page, "answer-at-once");
  await life.page.locator("#act-text").fill("已关总阀");
  await app.until("it is stored", () => app.isStored(life.page, "已关总阀"));
  await app.killBrowser(profile);

  const { page } = await stage.process(server, profile);
  await page.goto(`/case/${id}`);
  await app.unlock(page, server, app.PATROL);
  await page.locator(".case-head").waitFor();
  await app.press(page, "answer-at-once");
  assert.equal(await page.locator("#act-text").inputValue(), "已关总阀");
});

app.journey("a save is written by a strict transaction", async (stage) => {
  const server = await stage.server();
  const device = await stage.device(server);
  await device.addInitScript(watchTransactions);
  const page = await app.signedIn(device, server, app.PATROL);
  await page.goto("/record");
  await app.fillForm(page, app.LEAK);
  await app.until("it is stored", () => app.isStored(page, app.LEAK.phone));
  await page.evaluate(() => window.writes.splice(0));
  await page.locator('[data-next="keep"]').click();
  await app.untilOnCase(page);
  await app.untilDelivered(page);
  const writes = await page.evaluate(() => window.writes);
  assert.ok(writes.length > 0, "saving writes");
  assert.deepEqual(writes.filter((it) => it.durability !== "strict"), []);
});

async function preparedProfile(stage) {
  const server = await stage.server();
  const profile = await stage.folder("profile");
  const life = await stage.process(server, profile);
  await life.page.goto(server.joining);
  await app.signIn(life.page, app.PATROL, server.pin(app.PATROL));
  await app.untilCached(life.page);
  await app.untilDelivered(life.page);
  return { server, profile, life };
}

async function saveAndKill(page, matter, profile) {
  await page.locator('.tab-bar a[href="/record"]').click();
  await app.fillForm(page, { category: "other", matter, remark: "客人不愿留姓名" });
  const shown = untilToast(page);
  await page.locator('[data-next="keep"]').click();
  await shown;
  await delay(Math.random() * MAX_DELAY_MS);
  await app.killBrowser(profile);
}

/** Sees even a toast that is gone with the next page. */
function untilToast(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const look = () => document.querySelector(".toast") && resolve();
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
      }),
  );
}

/** The moment of death is what is tried here; nothing waits for the time to pass. */
function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function assertAllThere(page, saved) {
  const rows = page.locator(".case-row[href^='/case/'] .case-row-what");
  await rows.nth(saved.length - 1).waitFor({ state: "attached" });
  const found = await rows.allTextContents();
  assert.deepEqual(found.sort(), [...saved].sort());
}

function watchTransactions() {
  window.writes = [];
  const open = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (stores, mode, ...rest) {
    const transaction = open.call(this, stores, mode, ...rest);
    if (mode === "readwrite") window.writes.push({ stores: [stores].flat(), durability: transaction.durability });
    return transaction;
  };
}
