// Some seconds of `cargo xtask chaos --browser`: everything that it lets fail happens once.

import assert from "node:assert/strict";
import * as app from "./support.mjs";
import { chaos } from "./chaos/run.mjs";

app.journey("amid failures nothing that was called saved is lost, doubled or stuck", async (stage) => {
  const acts = ["killed when it said saved", "storage cleared", "a tab frozen", "a new version"];
  const options = { seed: 7, n_devices: 1, lasts_ms: 0, acts, isTold: true, most_server_kills: 3 };
  const { figures, ...wrong } = await chaos(stage, options);
  assert.deepEqual(wrong, { lost: [], doubled: [], wedged: [] }, JSON.stringify(figures));
  assert.ok(figures.saved > 0);
});
