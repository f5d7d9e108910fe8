// A device lets go of a case that is long over: its words leave the disk, and what this device wrote comes back from
// a sealed copy when head office has lost everything.

import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as app from "./support.mjs";

const DAY_MS = 86_400_000;
const KEPT_DAYS = 400;
const ANSWER = "阀门已当场拧紧，水停了";

app.journey("what was let go of comes back to a head office that lost everything, from a sealed copy", async (stage) => {
  stage.expectNoNetwork();
  const data = await stage.folder("data");
  const server = await stage.server({ data });
  const phone = await stage.device(server);
  const first = await app.signedIn(phone, server, app.PATROL);
  const id = await app.record(first, app.LEAK, "keep");
  await app.act(first, "answer-at-once", { text: ANSWER });
  await first.locator('.case-head .badge[data-status="done"]').waitFor();
  await app.untilDelivered(first);
  assert.ok((await recordsWith(first, ANSWER)).length > 0, "the search finds words");
  await first.close();

  // More than a year later.
  const page = await phone.newPage();
  await page.clock.install({ time: Date.now() + (KEPT_DAYS + 1) * DAY_MS });
  await page.goto("/");
  await app.unlock(page, server, app.PATROL);
  await page.locator('.sync-line[data-sync="synced"]').waitFor({ timeout: 60_000 });
  await app.until("the case is let go of", async () => {
    // Somebody works here meanwhile.
    await page.mouse.move(Math.random() * 100, Math.random() * 100);
    await page.clock.fastForward(61_000);
    return (await recordsWith(page, ANSWER)).length === 0;
  });
  for (const words of [app.LEAK.matter, app.LEAK.customer, app.LEAK.phone]) {
    assert.deepEqual(await recordsWith(page, words), [], words);
  }
  assert.equal((await names(page, "copies/")).length, 1);

  await server.kill();
  const database = (await readdir(data)).filter((it) => it.includes("sqlite") || it.includes(".db"));
  assert.ok(database.length > 0, (await readdir(data)).join());
  for (const it of database) await rm(join(data, it));
  await server.start();
  await page.reload();
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  const answer = office.getByText(ANSWER, { exact: true });
  await app.until("head office passes it on", async () => {
    await office.goto(`/case/${id}`);
    return answer.waitFor({ timeout: 5_000 }).then(() => true, () => false);
  }, 120_000);
});

/** The keys of all stored records that have these words. */
async function recordsWith(page, words) {
  const wanted = Buffer.from(words).toString("latin1");
  const records = await app.everything(page);
  return records.filter((it) => it.record.includes(wanted)).map((it) => it.at);
}

async function names(page, prefix) {
  const records = await app.everything(page);
  return records.map((it) => it.at).filter((it) => it.startsWith(`named ${prefix}`));
}
