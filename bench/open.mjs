// From the opening of a page to its fifty most urgent rows, with few and with many cases stored: `node bench/open.mjs`. See README.md.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as app from "../tests/browser/support.mjs";
import { cases } from "./cases.mjs";
import { COLD, DIRECTOR, SETTLED_MS, SHOWN_MS, serve, summed, watchRows } from "./pages.mjs";

const DEMO = new URL("target/release/shouwen-demo", app.ROOT).pathname;
const N_ROWS = 50;
const MANY_TO_FEW = 1.15;
const USED_MS = 10_000;
const WHOLE_FEED_MS = 1_800_000;

const options = Object.fromEntries(process.argv.slice(2).map((it) => it.replace(/^--/, "").split("=")));
const sizes = (options.sizes ?? "10000,100000").split(",").map(Number);
const nRounds = Number(options.n ?? 7);
assert.ok(sizes.every((it) => it > 0) && nRounds >= 1, "--sizes=10000,100000 --n=7 --keep=FOLDER");

const stage = new app.Stage();
let failed = true;
try {
  const raw = await serve("raw", { port: options.keep ? 19_999 : 0 });
  const stored = [];
  for (const size of sizes) stored.push(...(await fill(size, raw)));
  const took = new Map(stored.map((it) => [it.name, []]));
  for (let n = 0; n <= nRounds; n++) {
    for (const it of stored) {
      const ms = await it.open();
      // The first round is to warm up.
      if (n > 0) took.get(it.name).push(ms);
    }
  }
  const medians = new Map();
  for (const [name, all] of took) {
    const { median, p95, all: sorted } = summed(all);
    medians.set(name, median);
    console.log(`${name}: median ${Math.round(median)} ms, p95 ${Math.round(p95)} ms, ${sorted.map(Math.round).join(" ")}`);
  }
  const ratio = medians.get(appOf(sizes.at(-1))) / medians.get(appOf(sizes[0]));
  console.log(`${sizes.at(-1)} cases to ${sizes[0]}: ${ratio.toFixed(2)}, budget ${MANY_TO_FEW}`);
  failed = ratio > MANY_TO_FEW;
} finally {
  await stage.close();
}
process.exitCode = failed ? 1 : 0;

function appOf(size) {
  return `app, ${size} cases`;
}

/** A device of whoever has so many cases, and a page by hand with as many, in one browser. */
async function fill(size, raw) {
  const kept = options.keep ? join(options.keep, String(size)) : await stage.folder("bench");
  const [data, profile] = [join(kept, "data"), join(kept, "profile")];
  await mkdir(data, { recursive: true });
  // What a browser keeps, it keeps of an address.
  const server = await stage.server({ data, ...(options.keep && { port: 20_000 + size / 1_000 }) });
  const { stdout } = await promisify(execFile)(DEMO, ["--server", server.url, "--workload", String(size)]);
  console.log(stdout.trim());
  const { context, page } = await stage.process(server, profile, { args: COLD });
  context.setDefaultTimeout(WHOLE_FEED_MS);
  await context.addInitScript(watchRows, N_ROWS);
  await page.goto(server.joining);
  const begun = performance.now();
  await page.locator(".person").or(page.locator("#pin")).first().waitFor();
  if (await page.locator("#pin").count()) await app.unlock(page, server, DIRECTOR.name);
  else await app.signIn(page, DIRECTOR.name, server.pin(DIRECTOR.name));
  await app.untilCached(page);
  await untilAllIsRead(page);
  console.log(`${size} cases read in ${Math.round((performance.now() - begun) / 1_000)} s`);
  // As on any later day: the program comes from the worker's cache, and what the first reading left to do is done.
  await page.reload();
  await page.waitForTimeout(USED_MS);

  const hand = await context.newPage();
  await hand.goto(raw);
  await hand.waitForFunction(() => window.__bench);
  const nThere = await hand.evaluate(() => window.__bench.count());
  const all = nThere < size ? cases(size, 1, Date.now()) : [];
  for (let n = nThere; n < size; n += 10_000) {
    await hand.evaluate((some) => window.__bench.bulk(some), all.slice(n, n + 10_000));
  }
  await hand.close();
  await page.close();
  const open = async (url) => {
    const page = await context.newPage();
    await page.waitForTimeout(SETTLED_MS);
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForTimeout(SHOWN_MS);
    if (await page.locator("#pin").count()) {
      // Nobody had a page open for a while, and the keys are gone.
      await app.unlock(page, server, DIRECTOR.name);
      await page.goto(url, { waitUntil: "commit" });
      await page.waitForTimeout(SHOWN_MS);
    }
    const ms = await page.evaluate(() => window.shown);
    await page.close();
    return ms;
  };
  return [
    { name: appOf(size), open: () => open(server.url) },
    { name: `by hand, ${size} cases`, open: () => open(raw) },
  ];
}

/** The pump has nothing to do, and goes on having nothing to do. */
async function untilAllIsRead(page) {
  let idle_ms = 0;
  await app.until("all of it is read", async () => {
    await page.waitForTimeout(500);
    // A device on which nobody has a hand locks itself, and reads no further.
    await page.mouse.move(1, 1 + (Date.now() % 100));
    idle_ms = (await page.locator('.sync-line[data-sync="synced"]').count()) ? idle_ms + 500 : 0;
    return idle_ms > 8_000;
  }, WHOLE_FEED_MS);
}
