// The device's storage refuses. The app says so, keeps what was typed, and goes on when it can.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

/** Well over what the app allows other pages to let go of the database. */
const NOTICED_MS = 20_000;

for (const locale of ["zh-CN", "en"]) {
  app.journey(`a browser that opens no database is told apart from lost data, ${locale}`, async (stage) => {
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const device = await stage.device(server, { locale });
    await device.addInitScript(refuseToOpen);
    const page = await device.newPage();
    await page.goto("/");
    await assertFaultPage(page, say, say("fault.unavailable", { what: "" }), "storage is switched off");
  });
}

app.journey("an older page that holds the database is named, and opening goes on once it is closed", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await device.newPage();
  await page.goto(server.joining);
  await page.locator(".person").first().waitFor();
  await page.goto("about:blank");
  const old = await app.blankPage(device);
  await old.evaluate(holdDatabase);
  const newer = await app.blankPage(device);
  await newer.evaluate(askForNewerVersion);
  await page.goto("/");
  await assertFaultPage(page, say, say("fault.blocked"));

  await newer.close();
  await old.close();
  await page.getByTestId("storage-fault").getByRole("button").click();
  await app.signIn(page, app.PATROL, server.pin(app.PATROL));
});

app.journey("a database of a newer version is left untouched", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.blankPage(device);
  await page.evaluate(makeNewerDatabase);
  await page.goto("/");
  await assertFaultPage(page, say, say("fault.newer"));
  assert.deepEqual(await page.evaluate(keptInNewerDatabase), { version: 4711, kept: "from a later year" });
});

app.journey("a full disk loses neither the text nor what was saved", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const device = await stage.device(server);
  await device.addInitScript(fillDiskOnDemand);
  const page = await app.signedIn(device, server, app.PATROL);
  const before = await app.record(page, { ...app.LEAK, matter: "先前的一件" }, "keep");
  await app.untilDelivered(page);

  await page.goto("/record");
  await page.evaluate(() => (window.diskIsFull = true));
  await app.fillForm(page, app.LEAK);
  await page.locator('[data-next="keep"]').click();
  await page.locator(".action-bar .why").getByText(say("fault.quota")).waitFor();
  assert.equal(await page.locator(".toast").count(), 0, "nothing is called saved");
  await assertTyped(page, app.LEAK);

  await page.evaluate(() => (window.diskIsFull = false));
  await page.locator('[data-next="keep"]').click();
  const after = await app.untilOnCase(page);
  await app.untilDelivered(page);
  for (const id of [before, after]) await app.openCase(page, id);
});

app.journey("a full disk loses no words of an act", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const device = await stage.device(server);
  await device.addInitScript(fillDiskOnDemand);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.record(page, app.LEAK, "keep");

  await page.evaluate(() => (window.diskIsFull = true));
  await app.press(page, "answer-at-once");
  const sheet = page.locator('dialog[data-act="answer-at-once"]');
  await sheet.locator("#act-text").fill("已关总阀");
  await sheet.locator("button[type=submit]").click();
  await sheet.getByText(say("fault.quota")).waitFor();
  assert.equal(await sheet.locator("#act-text").inputValue(), "已关总阀");

  await page.evaluate(() => (window.diskIsFull = false));
  await sheet.locator("button[type=submit]").click();
  await page.locator('.case-head .badge[data-status="done"]').waitFor();
  await app.untilDelivered(page);
});

app.journey("the fault's banner goes when there is room again", async (stage) => {
  const server = await stage.server();
  const device = await stage.device(server);
  await device.addInitScript(fillDiskOnDemand);
  const page = await app.signedIn(device, server, app.PATROL);
  await page.goto("/record");
  await page.evaluate(() => (window.diskIsFull = true));
  await page.locator("#matter").fill("厨房");
  const banner = page.locator('.banner[data-kind="fault"]');
  await banner.waitFor();

  await page.evaluate(() => (window.diskIsFull = false));
  await app.fillForm(page, app.LEAK);
  await page.locator('[data-next="keep"]').click();
  await app.untilOnCase(page);
  await banner.waitFor({ state: "detached", timeout: NOTICED_MS });
  await app.untilDelivered(page);
});

async function assertFaultPage(page, say, ...texts) {
  const fault = page.getByTestId("storage-fault");
  await fault.waitFor({ timeout: NOTICED_MS });
  const shown = await fault.innerText();
  for (const text of [say("fault.storage_title"), say("fault.nothing_lost"), ...texts]) {
    assert.ok(shown.includes(text), `${text} is missing in: ${shown}`);
  }
}

async function assertTyped(page, { category, ...texts }) {
  assert.equal(await page.locator("#category").inputValue(), category);
  for (const [id, text] of Object.entries(texts)) assert.equal(await page.locator(`#${id}`).inputValue(), text);
}

function refuseToOpen() {
  IDBFactory.prototype.open = () => {
    throw new DOMException("storage is switched off", "SecurityError");
  };
}

/** Without a `versionchange` listener a connection keeps its database from being upgraded. */
function holdDatabase() {
  return new Promise((resolve) => {
    const request = indexedDB.open("shouwen");
    request.onsuccess = () => {
      window.held = request.result;
      resolve();
    };
  });
}

function askForNewerVersion() {
  return new Promise((resolve) => {
    const request = indexedDB.open("shouwen", 4711);
    request.onblocked = () => resolve();
    request.onupgradeneeded = () => request.transaction.abort();
  });
}

function makeNewerDatabase() {
  return new Promise((resolve) => {
    const request = indexedDB.open("shouwen", 4711);
    request.onupgradeneeded = () => request.result.createObjectStore("future").put("from a later year", "kept");
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
  });
}

function keptInNewerDatabase() {
  return new Promise((resolve) => {
    const request = indexedDB.open("shouwen");
    request.onsuccess = () => {
      const { version } = request.result;
      const kept = request.result.transaction("future").objectStore("future").get("kept");
      kept.onsuccess = () => resolve({ version, kept: kept.result });
    };
  });
}

function fillDiskOnDemand() {
  window.diskIsFull = false;
  for (const name of ["put", "add"]) {
    const write = IDBObjectStore.prototype[name];
    IDBObjectStore.prototype[name] = function (...values) {
      if (window.diskIsFull) throw new DOMException("The disk is full", "QuotaExceededError");
      return write.apply(this, values);
    };
  }
}
