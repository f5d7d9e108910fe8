// Started by `cargo xtask chaos --browser`; `chaos.test.mjs` plays some seconds of it in every run of the tests.
//
// node tests/browser/chaos.mjs [--minutes N] [--seed S] [--devices N] [--acts NAME,NAME] [--only run|restore]
//     [--down SECONDS] [--talk]

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { restored } from "./chaos/restore.mjs";
import { chaos } from "./chaos/run.mjs";
import { Stage } from "./support.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "4" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    devices: { type: "string", default: "4" },
    acts: { type: "string" },
    only: { type: "string" },
    down: { type: "string", default: "20" },
    talk: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const began = performance.now();
const say = (text) => {
  if (values.talk) console.log(`${((performance.now() - began) / 1_000).toFixed(1)} s  ${text}`);
};
const parts = { run: amidFailures, restore };
assert.ok(!values.only || parts[values.only], `--only takes ${Object.keys(parts).join(" or ")}`);
for (const [name, part] of Object.entries(parts)) {
  if (values.only && values.only !== name) continue;
  const stage = new Stage();
  try {
    await part(stage);
    assert.deepEqual(stage.troubles(), [], "the browser or the server reported errors");
  } finally {
    await stage.close();
  }
}

async function amidFailures(stage) {
  const n_devices = Number(values.devices);
  console.log(`Browsers amid failures: ${n_devices} devices, ${values.minutes} min, seed ${seed}`);
  const lasts_ms = Number(values.minutes) * 60_000;
  const { figures, ...wrong } = await chaos(stage, { seed, n_devices, lasts_ms, acts: values.acts?.split(","), say });
  console.log(figures);
  assert.deepEqual(wrong, { lost: [], doubled: [], wedged: [] });
}

async function restore(stage) {
  console.log("Head office restored from an old copy, ten browsers left alone");
  console.log(await restored(stage, { seed, down_s: Number(values.down), say }));
}
