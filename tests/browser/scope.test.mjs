// A device has the cases of its people's departments, and of nobody else.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as app from "./support.mjs";

const LAMP = { ...app.LEAK, category: "parking", matter: "消防通道被三轮车堵住", address: "5-1-0301" };

app.journey("a device has the cases of its people's departments, each as a whole, and no others", async (stage) => {
  const server = await stage.server();
  const patrol = await app.signedIn(await stage.device(server), server, app.PATROL);
  const kept = await app.record(patrol, LAMP, "keep");
  const passedOn = await app.record(patrol, app.LEAK, "hand-over");
  await app.untilDelivered(patrol);

  const tablet = await stage.device(server, { viewport: app.TABLET });
  const engineering = await app.signedIn(tablet, server, app.HEAD_OF_ENGINEERING);
  await engineering.locator(`.case-row[href="/case/${passedOn}"]`).waitFor({ timeout: 120_000 });
  await engineering.locator('.sync-line[data-sync="synced"]').waitFor({ timeout: 120_000 });
  assert.ok(await app.isStored(engineering, app.LEAK.matter), "the search finds what is there");
  assert.ok(!(await app.isStored(engineering, LAMP.matter)), "another department's words are not on this device");
  await engineering.goto(`/case/${kept}`);
  await engineering.locator(".empty-state").waitFor();

  // Somebody of that department signs in on the same tablet: then it is theirs as well.
  await app.switchPerson(engineering, server, app.PATROL);
  await engineering.locator(`.case-row[href="/case/${kept}"]`).waitFor({ timeout: 120_000 });
  await app.openCase(engineering, kept);
  await engineering.getByText(LAMP.matter).first().waitFor();
});

app.journey("an empty list says that nothing is to do only once the open cases are here", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const phone = await stage.device(server);
  await phone.route("**/api/pull", (route) => route.abort());
  const page = await app.signedIn(phone, server, app.PATROL);
  await page.locator('.empty-state[data-all-here="false"]').waitFor();
  await phone.unroute("**/api/pull");
  await page.locator('.empty-state[data-all-here="true"]').waitFor();
});

const HEAD_OF_SECURITY = "周强";
// More than a device lets go of at one time.
const N_OTHERS = 33;

app.journey("who moves to another department keeps what names them, and the rest is gone from the device", async (stage) => {
  stage.expectNoNetwork();
  stage.expectRefusal();
  const server = await stage.server();
  const phone = await stage.device(server);
  const patrol = await app.signedIn(phone, server, app.PATROL);
  const own = await app.record(patrol, app.LEAK, "keep");
  await app.untilDelivered(patrol);
  const head = await app.signedIn(await stage.device(server), server, HEAD_OF_SECURITY);
  for (let n = 1; n <= N_OTHERS; n += 1) await app.record(head, { ...LAMP, address: `5-1-${100 + n}` }, "keep");
  const others = await app.record(head, LAMP, "keep");
  await app.untilDelivered(head);
  await app.until("the colleague's last case is here", () => app.isStored(patrol, LAMP.address), 120_000);

  await server.kill();
  const text = await readFile(new URL("packs/demo-site.toml", app.ROOT), "utf8");
  const [before, after] = text.split('id = "wang-jianguo"');
  const site = join(await stage.folder("site"), "moved.toml");
  await writeFile(site, `${before}id = "wang-jianguo"${after.replace('department = "security"', 'department = "cleaning"')}`);
  await server.start({ site });
  await patrol.reload();
  await app.until("all of them are gone", async () => !(await app.isStored(patrol, LAMP.matter)), 60_000);
  assert.ok(await app.isStored(patrol, app.LEAK.matter));
  await app.openCase(patrol, own);
  await patrol.goto(`/case/${others}`);
  await patrol.locator(".empty-state").waitFor();
});
