// Whom head office lets in no more: a device delivers what it owes and erases what it holds; a person is gone from
// every device.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

app.journey("a device that was taken out of service closes, delivers what it owes, and erases what it holds", async (stage) => {
  stage.expectNoNetwork();
  stage.expectRefusal();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await app.record(page, app.LEAK, "keep");
  await app.untilDelivered(page);
  const [code] = await devices(server);
  await server.kill();
  const words = "没有网络时记的漏水";
  const id = await app.record(page, { ...app.LEAK, matter: words }, "keep");
  for (const it of [words, app.LEAK.phone, app.PATROL]) {
    assert.ok(await app.isStored(page, it), `the search finds ${it}`);
  }

  await server.order("admin", "revoke", "--demo", "--device", code);
  await server.start();
  await page.bringToFront();
  await page.getByText(say("join.erased")).waitFor({ timeout: 120_000 });
  await page.locator("#join-code").waitFor();
  for (const it of [words, app.LEAK.phone, app.PATROL]) {
    assert.equal(await app.isStored(page, it), false, `${it} is still here`);
  }
  assert.match(await server.order("admin", "devices", "--demo"), new RegExp(`${code} .*let in no more, erased 20`));

  const office = await app.signedIn(await stage.device(server), server, app.ADMINISTRATOR);
  await office.goto("/?show=site");
  await office.locator('.case-row[href^="/case/"]').first().waitFor();
  assert.equal(await office.locator(`.case-row[href="/case/${id}"]`).count(), 0, "it waits for somebody to decide");
  assert.match(await server.order("admin", "release", "--demo", code), /^Passed on: 1$/m);
  await office.locator(`.case-row[href="/case/${id}"]`).waitFor({ timeout: 60_000 });
});

app.journey("a device that is taken out of service while it is used closes within moments, in every tab", async (stage) => {
  stage.expectRefusal();
  const server = await stage.server();
  const device = await stage.device(server, { viewport: app.TABLET });
  const first = await app.signedIn(device, server, app.PATROL);
  await app.record(first, app.LEAK, "keep");
  await app.untilDelivered(first);
  const second = await device.newPage();
  await second.goto("/");
  await second.getByText(app.LEAK.matter).first().waitFor();
  const [code] = await devices(server);
  await server.order("admin", "revoke", "--demo", "--device", code);
  for (const tab of [first, second]) {
    await tab.getByText(app.LEAK.matter).first().waitFor({ state: "detached", timeout: 60_000 });
  }
  await second.locator("#join-code").waitFor({ timeout: 60_000 });
});

app.journey("a person who is let in no more is out on a shared tablet, and the others work on", async (stage) => {
  stage.expectRefusal();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const page = await app.signedIn(tablet, server, app.PATROL);
  await app.untilDelivered(page);
  await app.switchPerson(page, server, app.TECHNICIAN);
  await app.untilDelivered(page);
  await server.order("admin", "revoke", "--demo", "--person", "qian-wei");
  await page.locator(".person").first().waitFor({ timeout: 60_000 });
  await app.choosePerson(page, app.TECHNICIAN);
  await app.enterPin(page, server.pin(app.TECHNICIAN));
  await page.getByRole("alert").getByText(say("sign_in.revoked", { name: app.TECHNICIAN })).waitFor();
  await page.getByRole("button", { name: say("sign_in.other") }).click();
  await app.signIn(page, app.PATROL, server.pin(app.PATROL));
  await app.record(page, app.LEAK, "keep");
  await app.untilDelivered(page);
});

/** The short codes of the devices that joined. */
async function devices(server) {
  const table = await server.order("admin", "devices", "--demo");
  return table.trim().split("\n").slice(1).map((it) => it.split(/\s+/)[0]);
}
