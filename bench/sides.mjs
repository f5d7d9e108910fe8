// The app beside what one would pick instead, with the same cases in real Chromium: `cargo xtask bench`. See README.md.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { arch, cpus } from "node:os";
import { promisify } from "node:util";
import * as app from "../tests/browser/support.mjs";
import { cases } from "./cases.mjs";
import { COLD, DIRECTOR, PAGE, PEERS, SEARCHERS, SETTLED_MS, SHOWN_MS, serve, summed, watchRows } from "./pages.mjs";

/** The app as it is built to be driven. */
const DRIVEN = new URL("target/bench/dist", app.ROOT).pathname;
const DEMO = new URL("target/release/shouwen-demo", app.ROOT).pathname;
/** Of the demonstration, in whose department the cases are. */
const HEAD_OF_SERVICE = { id: "liu-min", name: "刘敏" };
const ALL = ["app", ...PEERS, ...SEARCHERS];
const AT_ONCE = 10_000;
const N_ROWS = 50;
/** Devices that ask head office at once. */
const N_READING = 10;
const N_PUSHING = 8;
const N_SAVES = 20;
const N_CHANGES = 20;
/** Cases that are looked for, each with so many characters one after the other. */
const N_SOUGHT = 12;
const TYPED = 4;
const N_FOUND = 20;
const WHOLE_MS = 1_800_000;

const options = Object.fromEntries(process.argv.slice(2).map((it) => it.replace(/^--/, "").split("=")));
const size = Number(options.size ?? 10_000);
const nPulled = Number(options.pulled ?? 10_000);
const nPushed = Number(options.pushed ?? 1_000);
const nRounds = Number(options.n ?? 5);
const names = (options.only ?? ALL.join()).split(",");
// One case in fifty is open.
const isPossible = size >= N_ROWS * 50 && nRounds >= 1 && names.every((it) => ALL.includes(it));
assert.ok(isPossible, `--size=10000 --pulled=10000 --pushed=1000 --n=5 --only=${ALL.join()} --json=FILE`);

const stage = new app.Stage();

/** One of what is measured, in a browser of its own. */
class Side {
  #context;
  #took = new Map();
  meta;

  static async of(name) {
    const it = name === "app" ? new App() : SEARCHERS.includes(name) ? new Searcher() : new Peer();
    it.name = name;
    await it.begin();
    const profile = await stage.folder(`side-${name}`);
    ({ context: it.#context } = await stage.process({ url: it.url }, profile, { args: COLD }));
    it.#context.setDefaultTimeout(WHOLE_MS);
    await it.#context.addInitScript(watchRows, N_ROWS);
    await it.settle(it.#context);
    const page = await it.#driven("relaxed");
    it.meta = await page.evaluate(() => window.__bench.meta);
    await page.close();
    return it;
  }

  async round(known, saves, nth) {
    if (this.isInMemory) return this.#search(known, nth);
    if (!this.#took.size) await this.#loadAll(known);
    await this.#open();
    for (const durability of this.meta.durabilities) {
      // Each once: the second time they would be known. What is recorded is open.
      const fresh = saves.map((it) => ({ ...it, id: `${durability}-${it.id}`, status: "open" }));
      const form = await this.#driven(durability, this.form);
      this.#note(`W1 save one, ${durability}, ms`, await form.evaluate(saveEach, fresh));
      await form.close();
      const list = await this.#driven(durability);
      this.#note(`W4 change one and list anew, ${durability}, ms`, await list.evaluate(changeOne, [N_CHANGES, N_ROWS]));
      await list.close();
    }
    await this.#search(known, nth);
    if (nPulled) this.#note(`W5 a new device pulls ${nPulled}, cases/s`, [await this.#pull()]);
    for (const [what, figures] of await this.besides(nth)) this.#note(what, figures);
    if (nPushed) this.#note(`W6 a device pushes ${nPushed}, cases/s`, [await this.#push(nth)]);
  }

  async #loadAll(known) {
    const page = await this.#driven("relaxed");
    const before = await page.evaluate(bytesStored);
    let took_ms = 0;
    for (let n = 0; n < known.length; n += AT_ONCE) {
      await page.mouse.move(1, 1 + (n % 97));
      took_ms += await page.evaluate(loadPages, [known.slice(n, n + AT_ONCE), PAGE]);
    }
    assert.ok((await page.evaluate(() => window.__bench.count())) >= known.length);
    const due = (await page.evaluate((n) => window.__bench.due(n), N_ROWS)).map((it) => it.due_at);
    assert.ok(due.length === N_ROWS && due.every((it, n) => it >= (due[n - 1] ?? 0)), "the most urgent come first");
    await page.evaluate(() => window.__bench.flush());
    this.#note(`W2 load ${size}, cases/s`, [(known.length / took_ms) * 1_000]);
    this.#note("W7 on disk, bytes a case", [((await page.evaluate(bytesStored)) - before) / known.length]);
    await page.close();
  }

  async #open() {
    const page = await this.#context.newPage();
    await page.waitForTimeout(SETTLED_MS);
    await page.goto(this.url, { waitUntil: "commit" });
    await page.waitForTimeout(SHOWN_MS);
    this.#note(`W3 open with ${size}, fifty on the screen, ms`, [await page.evaluate(() => window.shown)]);
    await page.close();
  }

  /** On a page of its own: what is in memory for it has to come there first. */
  async #search(known, nth) {
    const page = await this.#driven(this.meta.durabilities[0]);
    if (this.isInMemory) await page.evaluate((all) => window.__bench.bulk(all), known);
    if (await page.evaluate(() => "search" in window.__bench)) {
      const first = await page.evaluate(searchEach, [[known[0].text.slice(0, TYPED)], N_FOUND]);
      this.#note(`W9 search ${size}, the first answer, ms`, first);
      const seek = cases(N_SOUGHT, 4 + nth, Date.now()).flatMap((it, n) => {
        const what = n % 4 ? it.text.slice(n * 3, n * 3 + TYPED) : it.room;
        return Array.from({ length: what.length - 1 }, (_, m) => what.slice(0, m + 2));
      });
      this.#note(`W9 search ${size}, a key, ms`, await page.evaluate(searchEach, [seek, N_FOUND]));
    }
    await page.close();
  }

  async #driven(durability, path = "") {
    const page = await this.#context.newPage();
    await page.goto(`${this.url}${path}?durability=${durability}`);
    await this.unlock(page);
    await page.waitForFunction(() => window.__bench);
    return page;
  }

  async #pull() {
    const device = await stage.device({ url: this.url });
    device.setDefaultTimeout(WHOLE_MS);
    const page = await this.newcomer(device);
    const took_ms = await page.evaluate(pullAll, [this.url, nPulled]);
    await device.close();
    return (nPulled / took_ms) * 1_000;
  }

  async #push(nth) {
    const device = await stage.device({ url: this.url });
    device.setDefaultTimeout(WHOLE_MS);
    await this.settle(device);
    const page = await device.newPage();
    await page.goto(`${this.url}${this.form ?? ""}?durability=strict`);
    await this.unlock(page);
    await page.waitForFunction(() => window.__bench);
    const made = cases(nPushed, 1_000 + nth, Date.now()).map((it) => ({ ...it, status: "open" }));
    await page.evaluate(saveEach, made);
    await page.evaluate(pushAll, [this.url, this.isOffline]);
    if (this.isOffline) await device.setOffline(false);
    const took_ms = await page.evaluate(() => window.pushed);
    await device.close();
    return (nPushed / took_ms) * 1_000;
  }

  #note(what, figures) {
    this.#took.set(what, [...(this.#took.get(what) ?? []), ...figures]);
  }

  report() {
    const took = [...this.#took].map(([what, figures]) => {
      const { least, median, p95, most } = summed(figures);
      return { what, least, median, p95, most, n: figures.length };
    });
    return { name: this.name, version: this.meta.version, took };
  }
}

class Peer extends Side {
  async begin() {
    this.url = await serve(this.name, { cases: cases(nPulled, 3, Date.now()) });
  }

  async settle() {}
  async unlock() {}
  async besides() {
    return [];
  }

  async newcomer(device) {
    const page = await device.newPage();
    await page.goto(`${this.url}?durability=relaxed`);
    await page.waitForFunction(() => window.__bench);
    return page;
  }
}

/** Only searches. */
class Searcher extends Peer {
  isInMemory = true;
}

/** A device of the demonstration's, without a network once it is settled: what it saves stays there. */
class App extends Side {
  form = "record";
  isOffline = true;
  #server;
  #full;
  #pushedTo;

  async begin() {
    this.#server = await stage.server({ dist: DRIVEN });
    this.url = `${this.#server.url}/`;
    if (!nPulled) return;
    this.#full = await stage.server({ dist: DRIVEN });
    await demo(this.#full, "--workload", nPulled);
    this.#pushedTo = await stage.server({ dist: DRIVEN });
  }

  /** What head office bears, the devices beside it on the same cores. */
  async besides(nth) {
    if (!nPulled) return [];
    const read = await demo(this.#full, "--reading", N_READING, "--seed", 100 + nth);
    const pushed = await demo(this.#pushedTo, "--pushing", N_PUSHING, "--seed", 100 + nth);
    return [
      [`S1 head office takes pushes of 500 acts by ${N_PUSHING} devices at once, acts/s`, [figure(pushed, /(\d+) a second/)]],
      [`S2 ${N_READING} new devices read ${nPulled} cases at once, each, ms`, [figure(read, /median (\d+) ms/)]],
    ];
  }

  async settle(context) {
    const page = await context.newPage();
    await page.goto(joining(this.#server, HEAD_OF_SERVICE));
    await page.waitForFunction(() => window.__bench);
    await page.evaluate(() => window.__bench.open({ durability: "strict" }));
    await app.untilCached(page);
    await app.until("all of the demonstration is read", () => page.locator('.sync-line[data-sync="synced"]').count());
    await context.setOffline(true);
    await page.close();
  }

  /** A device on which nobody had a hand for a while has locked itself. */
  async unlock(page) {
    const person = page.getByTestId("person");
    await page.locator("#pin").or(person).or(page.locator("form")).first().waitFor();
    if (await page.locator("#pin").count()) await app.enterPin(page, this.#server.pin(HEAD_OF_SERVICE.name));
  }

  async newcomer(device) {
    const page = await device.newPage();
    await page.goto(joining(this.#full, DIRECTOR));
    await page.waitForFunction(() => window.__bench);
    return page;
  }
}

async function demo(server, ...words) {
  return (await promisify(execFile)(DEMO, ["--server", server.url, ...words.map(String)])).stdout;
}

function figure(said, where) {
  const found = where.exec(said);
  assert.ok(found, `no ${where} in: ${said}`);
  return Number(found[1]);
}

function joining(server, { id, name }) {
  return `${server.url}/?person=${id}&pin=${server.pin(name)}${server.joining.slice(1)}`;
}

try {
  const known = cases(size, 1, Date.now());
  const sides = [];
  for (const name of names) sides.push(await Side.of(name));
  const spins = [];
  for (let round = 0; round < nRounds; round++) {
    const saves = cases(N_SAVES, 2 + round, Date.now());
    // Whoever comes first finds the machine as the last one left it.
    for (const it of round % 2 ? sides.toReversed() : sides) {
      spins.push(spin());
      await it.round(known, saves, round);
    }
  }
  const [cpu] = cpus();
  const { least, median, most } = summed(spins);
  const found = {
    machine: `${cpus().length} × ${cpu.model.trim()}, ${arch()}`,
    browser: (await stage.browser()).version(),
    date: new Date().toISOString().slice(0, 10),
    rounds: nRounds,
    spin: { least, median, most },
    sides: sides.map((it) => it.report()),
  };
  if (options.json) await writeFile(options.json, `${JSON.stringify(found, null, 2)}\n`);
  else print(found);
} finally {
  await stage.close();
}

function print({ machine, browser, spin, sides }) {
  const short = (it) => (it >= 100 ? Math.round(it) : it.toFixed(1));
  for (const { name, version, took } of sides) {
    console.log([name, version].filter(Boolean).join(", "));
    for (const { what, least, median, p95, most } of took) {
      console.log(`  ${what}: median ${short(median)}, p95 ${short(p95)}, ${short(least)} to ${short(most)}`);
    }
  }
  console.log(`${machine}, Chromium ${browser}: the same spin took ${spin.least} to ${spin.most} ms, median ${spin.median}`);
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

async function bytesStored() {
  return (await navigator.storage.estimate()).usageDetails?.indexedDB ?? 0;
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

async function searchEach([all, n]) {
  const took = [];
  for (const it of all) {
    const begun = performance.now();
    await window.__bench.search(it, n);
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

async function pullAll([url, n]) {
  const begun = performance.now();
  await window.__bench.pull(url, { n });
  return performance.now() - begun;
}

/** Begins as soon as there is a network, where there was none. */
function pushAll([url, wasOffline]) {
  const online = new Promise((resolve) => (wasOffline ? addEventListener("online", resolve, { once: true }) : resolve()));
  const push = async () => {
    const begun = performance.now();
    await window.__bench.push(url);
    return performance.now() - begun;
  };
  window.pushed = online.then(push);
}

/** A fixed piece of work, in milliseconds: how much it differs, the machine does. */
function spin() {
  const begun = performance.now();
  let it = 1;
  for (let n = 0; n < 50_000_000; n++) it = (Math.imul(it, 1_664_525) + 1_013_904_223) | 0;
  assert.equal(it, -288_021_375);
  return Math.round(performance.now() - begun);
}
