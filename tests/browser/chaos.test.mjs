// Some seconds of `cargo xtask chaos --browser`: everything that it lets fail happens once.

import assert from "node:assert/strict";
import * as app from "./support.mjs";
import { chaos } from "./chaos/run.mjs";

app.journey("amid failures nothing that was called saved is lost, doubled or stuck", async (stage) => {
  const acts = ["killed when it said saved", "storage cleared", "a tab frozen", "a new version"];
  const { figures, ...wrong } = await chaos(stage, { seed: 7, n_devices: 1, lasts_ms: 0, acts, isTold: true });
  assert.deepEqual(wrong, { lost: [], doubled: [], wedged: [] }, JSON.stringify(figures));
  assert.ok(figures.saved > 0);
});
