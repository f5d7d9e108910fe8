// Head office says for how long it is not to be asked, and this device keeps to it.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

const WAIT_S = 120;

for (const status of [429, 503]) {
  app.journey(`a device that is put off waits as long, whoever looks or acts meanwhile, and delivers then, ${status}`, async (stage) => {
    stage.expectRefusal();
    stage.expect(/responded with a status of 503/);
    const server = await stage.server();
    const device = await stage.device(server);
    const page = await app.signedIn(device, server, app.PATROL);
    await app.untilCached(page);
    await app.untilDelivered(page);
    await page.goto("/record");
    await page.clock.install();
    await page.evaluate(notePushes);
    const headers = { "retry-after": String(WAIT_S) };
    await device.route("**/api/push", (route) => route.fulfill({ status, headers }));
    await app.fillForm(page, app.LEAK);
    await page.locator('[data-next="keep"]').click();
    await app.untilOnCase(page);
    const pushes = () => page.evaluate(() => window.pushes);
    await app.until("it was put off", async () => (await pushes()).length === 1);
    await page.clock.fastForward((WAIT_S - 20) * 1_000);
    await page.evaluate(() => {
      window.dispatchEvent(new Event("online"));
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await app.act(page, "report-to-coordination", { text: "还在滴水" });
    await device.unroute("**/api/push");
    await app.until("it is delivered", async () => {
      await page.clock.fastForward(1_000);
      return (await app.owed(page)) === 0;
    });
    const [first, second] = await pushes();
    assert.ok(second - first >= WAIT_S * 1_000, `it came again after ${second - first} ms`);
  });
}

/** When, by the page's own clock. */
function notePushes() {
  window.pushes = [];
  const { fetch } = window;
  window.fetch = (...asked) => {
    const url = asked[0].url ?? String(asked[0]);
    if (url.endsWith("/api/push")) window.pushes.push(performance.now());
    return fetch(...asked);
  };
}
