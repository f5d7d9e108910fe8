// Somebody restores head office from an old copy while ten devices live. They are left alone: how long until
// everything of everybody is at head office again, and on every device?

import assert from "node:assert/strict";
import { join } from "node:path";
import * as app from "../support.mjs";
import { Chance, delay } from "./chance.mjs";
import { Ledger, atHeadOffice, isIdle, onDevice } from "./ledger.mjs";

const N_DEVICES = 10;
/** Acts of each device that the copy has, and that it has not. */
const N_BEFORE = 10;
const N_SINCE = 40;
const BACK_WITHIN_MS = 15 * 60_000;
const PEOPLE = app.SEE_THE_SITE;

/** Answers with how long it took; throws where not everything came back. `down_s`: how long nobody answers. */
export async function restored(stage, { seed, down_s, say = () => {} }) {
  stage.expectNoNetwork();
  const server = await stage.server();
  const ledger = new Ledger();
  const exports = await stage.folder("export");
  const pages = [];
  for (let n = 1; n <= N_DEVICES; n++) {
    const device = await stage.device(server, { viewport: app.TABLET });
    const page = await app.signedIn(device, server, PEOPLE[n % PEOPLE.length]);
    pages.push(page);
  }
  const chance = new Chance(seed);
  const everybody = (what) => Promise.all(pages.map((page, n) => what(page, n + 1)));
  const work = (n_acts) =>
    everybody(async (page, n) => {
      for (let i = 0; i < n_acts; i++) {
        await record(page, ledger, n);
        await delay(chance.below(100));
      }
      await app.untilDelivered(page);
    });
  await work(N_BEFORE);
  const copy = join(await stage.folder("copy"), "old.backup");
  await server.order("backup", copy);
  say(`the copy has ${(await atHeadOffice(server, exports)).size} acts`);
  await work(N_SINCE);
  const n_missing = (found) => [...ledger.saved.keys()].filter((it) => !found.has(it)).length;
  assert.equal(n_missing(await atHeadOffice(server, exports)), 0, "everything was at head office");
  await everybody((page) => app.until("everybody has read everything", () => hasAll(page, ledger), BACK_WITHIN_MS));
  // Acts of which nobody at head office has heard, besides.
  const killed = performance.now();
  await server.kill();
  await everybody((page, n) => record(page, ledger, n));
  await server.order("restore", copy, "--replace");
  const found = await atHeadOffice(server, exports);
  const n_forgotten = n_missing(found);
  say(`${ledger.saved.size} acts, of which the restored server has ${found.size}`);
  await delay(down_s * 1_000);

  await server.start();
  const began = performance.now();
  const away_s = Number(((began - killed) / 1_000).toFixed(1));
  const since = () => Number(((performance.now() - began) / 1_000).toFixed(1));
  const end = began + BACK_WITHIN_MS;
  let at_head_office_s;
  const has = pages.map(() => false);
  for (;;) {
    if (at_head_office_s === undefined && n_missing(await atHeadOffice(server, exports)) === 0) {
      at_head_office_s = since();
      say(`${at_head_office_s} s: everything is at head office`);
    }
    for (const [n, page] of pages.entries()) {
      if (has[n] || at_head_office_s === undefined) continue;
      has[n] = (await isIdle(page)) && (await hasAll(page, ledger));
      if (has[n]) say(`${since()} s: device ${n + 1} has everything and owes nothing`);
    }
    if (has.every(Boolean)) break;
    assert.ok(performance.now() < end, `after ${since()} s not everything is back`);
    await delay(500);
  }
  const everywhere_s = since();
  const twice = [...(await atHeadOffice(server, exports))].filter(([, n]) => n > 1);
  assert.deepEqual(twice, [], "nothing came twice");
  // A new device reads the restored feed: it has everything only if that is passed on.
  const newcomer = await stage.device(server, { viewport: app.TABLET });
  const page = await app.signedIn(newcomer, server, app.ADMINISTRATOR);
  await app.until("a new device reads everything", () => hasAll(page, ledger), 120_000);
  const acts = ledger.saved.size;
  return { devices: N_DEVICES, acts, forgotten: n_forgotten, away_s, at_head_office_s, everywhere_s };
}

async function record(page, ledger, device) {
  const mark = ledger.next(device, "record");
  await page.locator('.tab-bar a[href="/record"]').click();
  await app.fillForm(page, { category: "other", matter: `水管 ${mark}`, remark: "客人不愿留姓名" });
  await page.locator('[data-next="keep"]').click();
  await app.untilOnCase(page);
  ledger.noteSaved(mark);
}

async function hasAll(page, ledger) {
  const here = await onDevice(page);
  return [...ledger.saved.keys()].every((it) => here.has(it));
}
