// Devices in real browsers go on working while browsers, storage, tabs, versions, network and server fail under them.
// In the end everything is well again, and what any page called saved is at head office, once, and on every device.

import * as app from "../support.mjs";
import { copyOfDist, publishVersion } from "../versions.mjs";
import { Chance, delay } from "./chance.mjs";
import { Device } from "./device.mjs";
import { Ledger, atHeadOffice, isIdle, onDevice } from "./ledger.mjs";

/** With everything well again; a device may have put off its next try by five minutes. */
const DELIVERED_WITHIN_MS = 400_000;
/** Longer than everything within it may take by itself. */
const ACT_LASTS_MS = 180_000;
const PEOPLE = app.SEE_THE_SITE;
/** What the browser reports where the network or the server is away, or the app is told no. */
const AMID_FAILURES = [
  /^Failed to load resource:/,
  /^Failed to fetch|NetworkError|ERR_/,
  /service ?worker|ServiceWorker|fetching the script|script resource is behind|The user aborted|InvalidStateError/i,
];

/**
 * Lets things fail for so long, checks, and answers with figures. With `acts` those happen, each at least once, and no
 * others. `isTold`: in the end the browsers say that the network is back, or else nobody touches anything. On a slow
 * machine `most_server_kills` keep a new version from being fetched in vain for ever.
 */
export async function chaos(stage, options) {
  const { seed, n_devices, lasts_ms, acts, isTold = false, most_server_kills = Infinity, say = () => {} } = options;
  for (const pattern of AMID_FAILURES) stage.expect(pattern);
  const dist = await copyOfDist(stage);
  const server = await stage.server({ dist });
  const pins = new Map(PEOPLE.map((it) => [it, server.pin(it)]));
  const run = {
    stage,
    server,
    seed,
    say,
    most_server_kills,
    ledger: new Ledger(),
    pin: (person) => pins.get(person),
    publish: publisher(dist),
    counts: {
      server_kills: 0,
      kills: 0,
      clears: 0,
      saved_after_clear: 0,
      two_tabs: 0,
      freezes: 0,
      passed_by: 0,
      sleeps: 0,
      updates: 0,
      updates_late: 0,
      declined: 0,
      stumbles: 0,
    },
  };
  const devices = [];
  for (let n = 1; n <= n_devices; n++) {
    const device = new Device(run, n, PEOPLE[(n - 1) % PEOPLE.length], new Chance(seed * 1_000 + n));
    devices.push(device);
    await device.open();
  }
  try {
    const wedged = await amidFailures(run, devices, { lasts_ms, acts });
    return await settled(run, devices, wedged, isTold);
  } finally {
    devices.forEach((it) => it.close());
  }
}

async function amidFailures(run, devices, { lasts_ms, acts }) {
  const { say } = run;
  const end = performance.now() + lasts_ms;
  const isOver = () => performance.now() > end;
  const wedged = new Set();
  let isLived = false;
  const lives = devices.map(async (device) => {
    const names = acts ?? Object.keys(device.acts);
    while (true) {
      for (const name of device.chance.shuffled(names)) {
        if (isOver() && !acts) return;
        say(`device ${device.number}: ${name}`);
        try {
          await inTimeOrNot(device.acts[name]());
        } catch (error) {
          run.counts.stumbles += 1;
          // Whoever reads the figures judges whether the app or the machine was too slow.
          console.log(`device ${device.number} was restarted, since ${name} came to nothing: ${error.message}`);
          try {
            await device.kill().catch(() => {});
            await device.start();
          } catch (error) {
            say(`device ${device.number} is wedged: ${error.message}`);
            wedged.add(device.number);
            return;
          }
        }
      }
      if (isOver()) return;
    }
  });
  const lived = Promise.all(lives).finally(() => (isLived = true));
  await Promise.all([lived, killNowAndThen(run, () => isLived)]);
  return wedged;
}

/** What a browser never answers would last for ever; its end is that of the browser, which is started again. */
async function inTimeOrNot(act) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the browser does not answer")), ACT_LASTS_MS);
  });
  try {
    await Promise.race([act, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** As when the power fails, and comes back. */
async function killNowAndThen({ server, seed, counts, most_server_kills }, isOver) {
  const chance = new Chance(seed);
  while (!isOver() && counts.server_kills < most_server_kills) {
    await delay(1_000 + chance.below(5_000));
    await server.kill();
    counts.server_kills += 1;
    await delay(chance.below(1_500));
    await server.start();
  }
}

async function settled(run, devices, wedged, isTold) {
  const { ledger, server, stage, counts, say } = run;
  const began = performance.now();
  let longest_ms = 0;
  const alive = devices.filter((it) => !wedged.has(it.number));
  const inTime = (what, device, condition) =>
    app.until(what, condition, DELIVERED_WITHIN_MS - (performance.now() - began)).then(
      () => (longest_ms = Math.max(longest_ms, performance.now() - began)),
      (error) => {
        say(`device ${device.number} is wedged: ${error.message}`);
        wedged.add(device.number);
      },
    );
  await Promise.all(alive.map((it) => it.heal({ isTold })));
  await Promise.all(alive.map((it) => inTime("everything is sent", it, () => isIdle(it.page))));
  const exports = await stage.folder("export");
  const found = await atHeadOffice(server, exports);
  const hasAll = async (page) => {
    const here = await onDevice(page);
    return [...found.keys()].every((it) => here.has(it));
  };
  await Promise.all(
    alive.map((it) => inTime("everything is read", it, async () => (await isIdle(it.page)) && (await hasAll(it.page)))),
  );

  // Somebody new reads what head office passes on: neither what is held, nor anything twice.
  const newcomer = await stage.device(server, { viewport: app.TABLET });
  const page = await app.signedIn(newcomer, server, app.ADMINISTRATOR);
  await app.until("a new device reads everything", () => hasAll(page)).catch(() => {});
  const passedOn = await onDevice(page);
  await page.goto("/more");
  const shown = page.locator(".fact-value").filter({ hasText: /件/ });
  const n_cases = Number((await shown.first().innerText()).match(/\d+/)[0]);
  const n_recorded = [...found.keys()].filter((it) => ledger.records.has(it)).length;

  const saved = [...ledger.saved.keys()];
  const lost = saved.filter((it) => !passedOn.has(it) && !ledger.cleared.has(it));
  const doubled = [...found].filter(([, n]) => n > 1).map(([mark]) => mark);
  if (n_cases !== n_recorded) doubled.push(`${n_cases} cases for ${n_recorded} records`);
  return {
    figures: {
      saved: saved.length,
      unsure: ledger.unsure.size,
      unsure_arrived: [...ledger.unsure].filter((it) => found.has(it)).length,
      ...counts,
      cuts: devices.reduce((sum, it) => sum + it.network.n_cuts, 0),
      cleared_unsent: ledger.cleared.size,
      lost: lost.length,
      doubled: doubled.length,
      wedged: wedged.size,
      longest_wait_s: Number((longest_ms / 1_000).toFixed(1)),
    },
    lost,
    doubled,
    wedged: [...wedged],
  };
}

/** Publishes one version at a time. */
function publisher(dist) {
  let n = 0;
  let last = Promise.resolve();
  return () => {
    const name = `version-${++n}`;
    last = last.then(() => publishVersion(dist, name));
    return last.then(() => name);
  };
}
