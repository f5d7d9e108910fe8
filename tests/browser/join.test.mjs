// A device joins a site: by a code that is typed, by a link, and once more where it lost its key.

import assert from "node:assert/strict";
import { selfMade } from "./certificate.mjs";
import { readQr } from "./qr.mjs";
import * as app from "./support.mjs";

for (const locale of ["zh-CN", "en"]) {
  app.journey(`a new device joins by a code that is typed, and no other device by the same one, ${locale}`, async (stage) => {
    stage.expectRefusal();
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const code = await server.invite();
    const page = await (await stage.device(server, { locale })).newPage();
    await page.goto("/");
    await page.getByRole("heading", { name: say("join.title") }).waitFor();
    assert.equal(await page.locator(".person").count(), 0, "nobody's name is shown to a stranger");
    await join(page, "");
    await untilTold(page, say("join.empty"));
    await join(page, "0000-0000-0000");
    await untilTold(page, say("join.wrong"));
    await join(page, code.toLowerCase().replaceAll("-", " "));
    await app.signIn(page, app.PATROL, server.pin(app.PATROL));
    await page.reload();
    await page.getByTestId("person").waitFor();

    const other = await (await stage.device(server, { locale })).newPage();
    await other.goto("/");
    await join(other, code);
    await untilTold(other, say("join.wrong"));
  });
}

for (const isSecure of [false, true]) {
  const over = isSecure ? "TLS with a certificate of the office's own" : "this machine's own network";
  app.journey(`a new device joins by a photographed QR code, once, and works without a network, over ${over}`, async (stage) => {
    stage.expectRefusal();
    stage.expectNoNetwork();
    const say = await app.wordsOf("zh-CN");
    const tls = isSecure ? await selfMade(await stage.folder("tls")) : undefined;
    const server = await stage.server({ tls });
    const said = await server.inviting("--link", server.url);
    const link = readQr(said);
    assert.ok(said.split("\n").includes(`  ${link}`), `${link} is not the one in ${said}`);
    const page = await (await stage.device(server)).newPage();
    await page.goto(link);
    await page.locator(".person").first().waitFor();
    assert.equal(page.url(), `${server.url}/`, "the code does not stay in its address");
    assert.equal(await page.evaluate(() => isSecureContext && location.protocol), isSecure ? "https:" : "http:");
    await page.reload();
    await app.signIn(page, app.PATROL, server.pin(app.PATROL));
    await app.untilCached(page);
    await app.record(page, app.LEAK, "keep");
    await app.untilDelivered(page);

    // A photo of the screen is of no use to anybody else.
    const other = await (await stage.device(server)).newPage();
    await other.goto(link);
    await untilTold(other, say("join.wrong"));
    assert.equal(await other.locator(".person").count(), 0);

    await server.kill();
    await page.reload();
    await app.record(page, { ...app.LEAK, matter: "没有网络时记的" }, "keep");
    await server.start();
    await app.untilDelivered(page);
  });
}

app.journey("a link that is opened in a tab which is open already joins as well", async (stage) => {
  const server = await stage.server();
  const link = await server.invite("--link", server.url);
  const page = await (await stage.device(server)).newPage();
  await page.goto("/");
  await page.locator("#join-code").waitFor();
  await page.evaluate((link) => void (location.href = link), link);
  await page.locator(".person").first().waitFor();
});

app.journey("without a network a new device says that joining needs one", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const page = await (await stage.device(server)).newPage();
  await page.goto("/");
  await page.locator("#join-code").waitFor();
  await app.untilCached(page);
  await server.kill();
  await join(page, app.DEMO_CODE);
  await untilTold(page, say("join.needs_network"));
});

app.journey("a device that lost its key joins again, and what it had not sent arrives", async (stage) => {
  stage.expectNoNetwork();
  stage.expectRefusal();
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  const sent = await app.record(page, app.LEAK, "keep");
  await app.untilDelivered(page);
  await server.kill();
  const unsent = await app.record(page, { ...app.LEAK, matter: "没有网络时记的" }, "keep");
  await page.goto("about:blank");
  const blank = await app.blankPage(device);
  await blank.evaluate(loseKey);
  await blank.close();

  // A new matter can be taken down before somebody has an invitation.
  const between = await app.record(page, { ...app.LEAK, matter: "换了密钥之后记的" }, "keep");
  await page.goto("/more");
  const again = page.getByTestId("join-again");
  await again.waitFor();
  await server.start();
  await again.locator("#join-code").fill(await server.invite());
  await again.locator("button[type=submit]").click();
  await app.signIn(page, app.PATROL, server.pin(app.PATROL));
  await app.untilDelivered(page);
  const after = await app.record(page, { ...app.LEAK, matter: "重新加入之后记的" }, "keep");
  await app.untilDelivered(page);
  const office = await app.signedIn(await stage.device(server), server, app.ADMINISTRATOR);
  await page.goto("/");
  await office.goto("/?show=site");
  for (const id of [sent, unsent, between, after]) {
    for (const at of [page, office]) await at.locator(`.case-row[href="/case/${id}"]`).waitFor();
  }
});

// Waits for whoever holds the keys still: a page that was left goes a moment later.
function loseKey() {
  return new Promise((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase("shouwen-keys");
    deleting.onsuccess = () => resolve();
    deleting.onerror = () => reject(deleting.error);
  });
}

async function join(page, code) {
  await page.locator("#join-code").fill(code);
  await page.locator(".join-form button[type=submit]").click();
}

async function untilTold(page, text) {
  await page.getByRole("alert").getByText(text, { exact: true }).waitFor();
}
