// What one would pick instead, with the same cases in real Chromium: `node bench/peers.mjs`. See README.md.

import assert from "node:assert/strict";
import { arch, cpus } from "node:os";
import * as app from "../tests/browser/support.mjs";
import { cases } from "./cases.mjs";
import { COLD, PEERS, SETTLED_MS, SHOWN_MS, serve, summed, watchRows } from "./pages.mjs";

/** Of the demonstration, in whose department all the cases are. */
const HEAD_OF_SERVICE = { id: "liu-min", name: "刘敏" };
const DRIVEN = new URL("target/bench/dist", app.ROOT).pathname;

/** What a pull brings at once. */
const PAGE = 500;
const AT_ONCE = 10_000;
const N_ROWS = 50;
const N_SAVES = 20;
const N_CHANGES = 20;
const WHOLE_MS = 1_800_000;

const options = Object.fromEntries(process.argv.slice(2).map((it) => it.replace(/^--/, "").split("=")));
const size = Number(options.size ?? 10_000);
const nRounds = Number(options.n ?? 5);
const ALL = ["app", ...PEERS];
const peers = (options.only ?? ALL.join()).split(",");
// One case in fifty is open.
const isPossible = size >= N_ROWS * 50 && nRounds >= 1 && peers.every((it) => ALL.includes(it));
assert.ok(isPossible, `--size=10000 --n=5 --only=${ALL.join()}`);

const stage = new app.Stage();

/** A browser of its own for each peer. */
class Device {
  #name;
  #server;
  #url;
  #context;
  #meta;
  #took = new Map();

  static async of(name) {
    const it = new Device();
    it.#name = name;
    if (name === "app") it.#server = await stage.server({ dist: DRIVEN });
    it.#url = it.#server ? `${it.#server.url}/` : await serve(name);
    const profile = await stage.folder(`peer-${name}`);
    ({ context: it.#context } = await stage.process({ url: it.#url }, profile, { args: COLD }));
    it.#context.setDefaultTimeout(WHOLE_MS);
    await it.#context.addInitScript(watchRows, N_ROWS);
    if (it.#server) await it.#join();
    const page = await it.#driven("relaxed");
    it.#meta = await page.evaluate(() => window.__bench.meta);
    await page.close();
    return it;
  }

  /** A device of the demonstration's, without a network from then on: what it saves stays here. */
  async #join() {
    const page = await this.#context.newPage();
    await page.goto(`${this.#url}?person=${HEAD_OF_SERVICE.id}&pin=${this.#server.pin(HEAD_OF_SERVICE.name)}${this.#server.joining.slice(1)}`);
    await page.waitForFunction(() => window.__bench);
    await page.evaluate(() => window.__bench.open({ durability: "strict" }));
    await app.untilCached(page);
    await app.until("all of the demonstration is read", () => page.locator('.sync-line[data-sync="synced"]').count());
    await this.#context.setOffline(true);
    await page.close();
  }

  async round(known, saves) {
    if (!this.#took.size) await this.#loadAll(known);
    await this.#open();
    for (const durability of this.#meta.durabilities) {
      const page = await this.#driven(durability);
      // Each once: the second time they would be known. What is recorded is open.
      const fresh = saves.map((it) => ({ ...it, id: `${durability}-${it.id}`, status: "open" }));
      this.#note(`save one, ${durability}, ms`, await page.evaluate(saveEach, fresh));
      this.#note(`change one and list anew, ${durability}, ms`, await page.evaluate(changeOne, [N_CHANGES, N_ROWS]));
      await page.close();
    }
  }

  async #loadAll(known) {
    const page = await this.#driven("relaxed");
    let took_ms = 0;
    for (let n = 0; n < known.length; n += AT_ONCE) {
      took_ms += await page.evaluate(loadPages, [known.slice(n, n + AT_ONCE), PAGE]);
    }
    assert.ok((await page.evaluate(() => window.__bench.count())) >= known.length);
    const due = (await page.evaluate((n) => window.__bench.due(n), N_ROWS)).map((it) => it.due_at);
    assert.ok(due.length === N_ROWS && due.every((it, n) => it >= (due[n - 1] ?? 0)), "the most urgent come first");
    this.#note("load, cases/s", [(known.length / took_ms) * 1_000]);
    await page.close();
  }

  async #open() {
    const page = await this.#context.newPage();
    await page.waitForTimeout(SETTLED_MS);
    await page.goto(this.#url, { waitUntil: "commit" });
    await page.waitForTimeout(SHOWN_MS);
    this.#note("open, fifty on the screen, ms", [await page.evaluate(() => window.shown)]);
    await page.close();
  }

  async #driven(durability) {
    const page = await this.#context.newPage();
    await page.goto(`${this.#url}?durability=${durability}`);
    // A device on which nobody had a hand for a while has locked itself.
    if (this.#server) await app.unlock(page, this.#server, HEAD_OF_SERVICE.name);
    await page.waitForFunction(() => window.__bench);
    return page;
  }

  #note(what, figures) {
    this.#took.set(what, [...(this.#took.get(what) ?? []), ...figures]);
  }

  report() {
    console.log([this.#name, this.#meta.version, `${size} cases`].filter(Boolean).join(", "));
    const short = (it) => (it >= 100 ? Math.round(it) : it.toFixed(1));
    for (const [what, figures] of this.#took) {
      const { least, median, p95, most } = summed(figures);
      console.log(`  ${what}: median ${short(median)}, p95 ${short(p95)}, ${short(least)} to ${short(most)}`);
    }
  }
}

try {
  const known = cases(size, 1, Date.now());
  const devices = [];
  for (const name of peers) devices.push(await Device.of(name));
  const spins = [];
  for (let round = 0; round < nRounds; round++) {
    const saves = cases(N_SAVES, 2 + round, Date.now());
    // Whoever comes first finds the machine as the last one left it.
    for (const it of round % 2 ? devices.toReversed() : devices) {
      spins.push(spin());
      await it.round(known, saves);
    }
  }
  for (const it of devices) it.report();
  const { least, median, most } = summed(spins);
  const [cpu] = cpus();
  console.log(`${cpus().length} × ${cpu.model}, ${arch()}: the same spin took ${least} to ${most} ms, median ${median}`);
} finally {
  await stage.close();
}

async function loadPages([all, page]) {
  const pages = [];
  for (let n = 0; n < all.length; n += page) pages.push(all.slice(n, n + page));
  // What head office would have written beforehand.
  for (const it of pages) await window.__bench.prepare?.(it);
  const begun = performance.now();
  for (const it of pages) await window.__bench.bulk(it);
  return performance.now() - begun;
}

async function saveEach(all) {
  const took = [];
  for (const it of all) {
    const begun = performance.now();
    await window.__bench.logOne(it);
    took.push(performance.now() - begun);
  }
  return took;
}

async function changeOne([times, nRows]) {
  const took = [];
  for (let n = 0; n < times; n++) {
    const [most] = await window.__bench.due(nRows);
    const at = Date.now();
    const event = { at, by: "liu-min", kind: "contact", note: "已联系，明天上门" };
    const begun = performance.now();
    await window.__bench.update(most.id, { due_at: most.due_at + 86_400_000, updated_at: at, event });
    await window.__bench.show();
    took.push(performance.now() - begun);
  }
  return took;
}

/** A fixed piece of work, in milliseconds: how much it differs, the machine does. */
function spin() {
  const begun = performance.now();
  let it = 1;
  for (let n = 0; n < 50_000_000; n++) it = (Math.imul(it, 1_664_525) + 1_013_904_223) | 0;
  assert.equal(it, -288_021_375);
  return Math.round(performance.now() - begun);
}
