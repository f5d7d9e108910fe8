// A customer's data, erased on request: gone from every device that reads the order, also from one that was away with words
// and a photo of its own, and the case goes on.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { photoOf } from "./camera.mjs";
import * as app from "./support.mjs";

const OTHER = { ...app.LEAK, category: "other", matter: "大堂灯不亮", customer: "周先生", phone: "13911112222" };
const SAID = "赵女士说水还在滴";
const BEGUN = "给赵女士回电时说的话";
const LATER = "又问了赵女士一次";
const OF_HER = [app.LEAK.matter, app.LEAK.customer, app.LEAK.phone];

app.journey("words and a photo of a customer go from a device that comes back after the erasure, and the case goes on", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server);
  const page = await app.signedIn(phone, server, app.PATROL);
  await app.untilCached(page);
  const other = await app.record(page, OTHER, "keep");
  const id = await app.record(page, app.LEAK, "keep");
  const number = await numberOn(page);
  await app.untilDelivered(page);
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  await app.openCase(office, id);
  await office.getByText(app.LEAK.matter).first().waitFor();

  // Away: an act, a photo, and something half written.
  await phone.setOffline(true);
  await app.press(page, "answer-at-once");
  await page.locator("dialog #act-text").fill(BEGUN);
  await app.until("the draft is kept", () => app.isStored(page, BEGUN));
  await page.locator('dialog[data-act] .sheet-close').click();
  await app.act(page, "report-to-coordination", { text: SAID });
  await addPhoto(page, await photoOf(page, { seed: 1 }));
  await page.goto("/");
  for (const it of [...OF_HER, SAID, BEGUN]) assert.ok(await app.isStored(page, it), `the search finds ${it}`);
  assert.notEqual((await app.recordsOf(page, "chunks")).length, 0, "the photo is here");

  const request = join(await stage.folder("request"), "request.txt");
  await writeFile(request, `${app.LEAK.phone}\n`);
  const table = await server.order("admin", "cases-of", request, "--demo");
  assert.deepEqual(table.match(/^\d{4}-\S+-\d+/gm), [number], table);
  await erase(server, number);

  await office.getByTestId("erased").waitFor({ timeout: 60_000 });
  assert.equal(await office.getByText(app.LEAK.matter).count(), 0);
  await phone.setOffline(false);
  await app.openCase(page, id);
  const notice = page.getByTestId("erased");
  await notice.waitFor({ timeout: 60_000 });
  // The words go before the order with its date is stored.
  await notice.getByText(/客户信息已于.+依申请删除/).waitFor();
  assert.ok((await notice.innerText()).includes(say("case.erased_goes_on")));
  await app.untilDelivered(page);
  for (const it of [...OF_HER, SAID, BEGUN]) {
    assert.equal(await page.getByText(it).count(), 0, `${it} is shown`);
    assert.equal(await app.isStored(page, it), false, `${it} is on the phone`);
    assert.equal(await app.isStored(office, it), false, `${it} is on the tablet`);
  }
  assert.deepEqual(await app.recordsOf(page, "chunks"), [], "the photo is gone");
  assert.deepEqual(await app.recordsOf(page, "letters"), []);
  for (const it of [page, office]) assert.ok(await app.isStored(it, OTHER.phone), "another customer's stay");

  // What is done in it counts, and no word of it is kept.
  const led = say("event.lead_named", { lead: "工程部" });
  await app.act(office, "name-lead", { department: "engineering", text: LATER });
  await app.untilDelivered(office);
  assert.equal(await office.locator('button[data-act="add-photos"]').count(), 0);
  await page.getByText(led).first().waitFor();
  for (const it of [page, office]) assert.equal(await app.isStored(it, LATER), false);
  const row = page.locator(`.case-row[href="/case/${id}"]`).first();
  await page.goto("/search");
  await page.locator("input[type=search]").fill(number);
  await row.waitFor();
  assert.ok((await row.innerText()).includes(say("case.erased_note")));
  await app.openCase(page, other);
  await page.locator(".case-head-title").getByText(OTHER.matter).waitFor();
  await app.act(page, "answer-at-once", { text: "已换灯泡" });
  await app.untilDelivered(page);
  await office.goto(`/case/${id}`);
  await office.locator('.timeline-item[data-fate="accepted"]').nth(3).waitFor();
});

app.journey("words that lie on a device again after the erasure go before anything is shown", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server);
  const page = await app.signedIn(phone, server, app.PATROL);
  await app.untilCached(page);
  const id = await app.record(page, app.LEAK, "keep");
  await app.untilDelivered(page);
  const blank = await app.blankPage(phone);
  await blank.evaluate(copyLog);
  await erase(server, await numberOn(page));
  await page.getByTestId("erased").waitFor({ timeout: 60_000 });
  assert.equal(await app.isStored(page, app.LEAK.matter), false);

  await page.close();
  await server.kill();
  await blank.evaluate(putLogBack);
  assert.ok(await app.isStored(blank, app.LEAK.matter), "it lies here again");
  await phone.addInitScript(watchFor, app.LEAK.matter);
  const again = await phone.newPage();
  await again.goto("/");
  await app.unlock(again, server, app.PATROL);
  await again.locator(`.case-row[href="/case/${id}"]`).getByText(say("case.erased_note")).waitFor();
  assert.equal(await again.evaluate(() => window.wasShown), false);
  assert.equal(await app.isStored(again, app.LEAK.matter), false);
});

async function numberOn(page) {
  return (await page.locator(".case-head-number").innerText()).match(/\d{4}-\S+-\d+/)[0];
}

async function erase(server, number) {
  const order = ["admin", "erase", number, "--operator", "gao-yun", "--agreed", "lin-zhiyuan", "--demo"];
  assert.equal(await server.order(...order), "Erased: 1, of which 1 had not been before\n");
}

/** All that is stored but the settings, which know of the erasure. */
function copyLog() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("shouwen");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const stores = [...database.objectStoreNames].filter((it) => it !== "named");
      const reading = database.transaction(stores);
      window.copied = stores.map((store) => {
        const from = reading.objectStore(store);
        return { store, keys: from.getAllKeys(), records: from.getAll() };
      });
      reading.oncomplete = () => {
        database.close();
        resolve();
      };
    };
  });
}

function putLogBack() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("shouwen");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const writing = opening.result.transaction(window.copied.map((it) => it.store), "readwrite");
      for (const { store, keys, records } of window.copied) {
        const to = writing.objectStore(store);
        to.clear();
        keys.result.forEach((key, n) => to.put(records.result[n], key));
      }
      writing.onerror = () => reject(writing.error);
      writing.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });
}

function watchFor(words) {
  window.wasShown = false;
  new MutationObserver(() => {
    window.wasShown ||= document.body?.innerText.includes(words) ?? false;
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

async function addPhoto(page, photo) {
  await app.press(page, "add-photos");
  const sheet = page.locator('dialog[data-act="add-photos"]');
  await sheet.waitFor();
  await sheet.locator("input[type=file]").first().setInputFiles([photo]);
  await sheet.locator(".photo-frame").first().waitFor();
  await sheet.locator("button[type=submit]").click();
  await sheet.waitFor({ state: "detached" });
}
