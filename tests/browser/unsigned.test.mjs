// What is recorded where nobody is signed in: kept, delivered, and confirmed by whoever is named.

import assert from "node:assert/strict";
import { photoOf } from "./camera.mjs";
import * as app from "./support.mjs";

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

for (const [locale, viewport] of [["zh-CN", app.PHONE], ["en", app.TABLET]]) {
  app.journey(`what is recorded without signing in goes out, waits, and is confirmed, ${locale}`, async (stage) => {
    stage.expectNoNetwork();
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const device = await stage.device(server, { locale, viewport });
    const page = await app.signedIn(device, server, app.PATROL);
    await app.untilCached(page);
    await app.untilDelivered(page);
    await server.kill();
    await app.record(page, { ...app.LEAK, matter: "signed before" }, "keep");
    const deviceCode = (await page.locator(".case-head-number").innerText()).match(/\d{4}-(\S+)-\d+/)[1];

    await page.locator(".emergency").click();
    const numbers = await page.locator('dialog[open] a[href^="tel:"]').allInnerTexts();
    assert.ok(numbers.length > 0, "whom to ring");
    await page.locator("dialog[open] .sheet-close").click();
    await leave(page);

    await begin(page, app.PATROL);
    await shot(page, `unsigned-form-${locale}`);
    await app.fillForm(page, app.LEAK);
    await page.locator(".emergency").click();
    await shot(page, `unsigned-emergency-${locale}`);
    assert.deepEqual(await page.locator('dialog[open] a[href^="tel:"]').allInnerTexts(), numbers);
    await page.locator("dialog[open]").getByRole("button", { name: say("emergency.record") }).click();
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    assert.equal(await page.locator("#matter").inputValue(), app.LEAK.matter, "the form is as it was");
    await page.locator('input[data-photos="album"]').setInputFiles(await photoOf(page, { seed: 7 }));
    await page.locator(".photo-image").waitFor();
    assert.equal(await page.getByText("signed before").count(), 0);
    await page.locator('[data-next="keep"]').click();
    await page.getByTestId("unsigned-saved").waitFor();
    await shot(page, `unsigned-saved-${locale}`);
    await page.getByTestId("unsigned-back").click();
    const waiting = page.getByTestId("unsigned-waiting");
    await waiting.getByText(say("unsigned.waiting", { n: 1, unsent: 1 })).waitFor();
    assert.equal(await app.isStored(page, app.LEAK.matter), false, "nobody reads it here");
    await page.reload();
    await waiting.getByText(say("unsigned.waiting", { n: 1, unsent: 1 })).waitFor();
    await shot(page, `unsigned-waiting-${locale}`);
    assert.equal(await page.getByText(app.LEAK.matter).count(), 0);

    // Without a network it is there for whoever signs in, and can be confirmed.
    await app.signIn(page, app.PATROL, server.pin(app.PATROL));
    const row = page.locator(".case-row").filter({ hasText: app.LEAK.matter }).first();
    await row.getByText(say("unsigned.not_confirmed", { name: app.PATROL })).waitFor();
    await shot(page, `unsigned-list-${locale}`);
    await leave(page);

    await server.start();
    await page.locator('[data-testid="unsigned-waiting"][data-unsent="0"]').waitFor({ state: "attached" });
    await app.until("its letter is gone", async () => (await app.recordsOf(page, "letters")).length === 0, 90_000);
    const office = await app.signedIn(await stage.device(server, { locale, viewport }), server, app.ADMINISTRATOR);
    await office.goto("/?show=site");
    await office.locator(".case-row").filter({ hasText: app.LEAK.matter }).first().click();
    const who = say("unsigned.who_claimed", { name: app.PATROL });
    const where = say("unsigned.on_device", { code: deviceCode });
    await office.locator(".timeline-who").getByText(`${who} · ${where}`, { exact: true }).first().waitFor();
    await office.locator(".timeline").scrollIntoViewIfNeeded();
    await shot(office, `unsigned-timeline-${locale}`);
    const mark = office.getByTestId("claimed");
    await mark.getByText(say("unsigned.not_confirmed", { name: app.PATROL })).waitFor();

    await app.signIn(page, app.PATROL, server.pin(app.PATROL));
    await row.click();
    await page.getByTestId("claimed").waitFor();
    await page.locator(".photo-image").first().waitFor();
    await shot(page, `unsigned-case-${locale}`);
    await app.press(page, "confirm-asked");
    await page.locator('dialog[data-act="confirm-asked"]').getByText(say("unsigned.question")).waitFor();
    await shot(page, `unsigned-confirm-${locale}`);
    await page.locator('dialog[data-act="confirm-asked"] button[type=submit]').click();
    await page.getByTestId("claimed").waitFor({ state: "detached" });
    await app.untilDelivered(page);
    await mark.waitFor({ state: "detached" });
    // Head office has the photo as well.
    await page.locator('.photo-frame[data-state="here"]').first().waitFor({ timeout: 90_000 });
  });
}

app.journey("a device that opens for nobody any more still takes down what comes in, and delivers it while it is locked", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await app.untilDelivered(page);
  await server.kill();
  await page.clock.install();
  await page.clock.setSystemTime(Date.now() + WEEK_MS + 60_000);
  await page.clock.fastForward(11_000);
  await page.locator("#pin").waitFor();
  // In the name of a colleague who never signed in here.
  await begin(page, app.TECHNICIAN);
  await app.fillForm(page, app.LEAK);
  await page.locator('[data-next="keep"]').click();
  await page.getByTestId("unsigned-saved").waitFor();
  await page.reload();

  await server.start();
  const delivered = page.locator('[data-testid="unsigned-waiting"][data-unsent="0"]');
  await app.until("it is delivered", async () => {
    await page.clock.fastForward(60_000);
    return (await delivered.count()) > 0 && (await delivered.textContent()) !== "";
  }, 90_000);
  await app.until("its letter is gone", async () => (await app.recordsOf(page, "letters")).length === 0);
  const theirs = await app.signedIn(await stage.device(server), server, app.TECHNICIAN);
  await theirs.locator(".case-row").filter({ hasText: app.LEAK.matter }).first().waitFor();
});

app.journey("what was not recorded by whoever is named goes to their supervisor, who names the first responder", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const page = await app.signedIn(tablet, server, app.TECHNICIAN);
  await leave(page);
  await begin(page, app.TECHNICIAN);
  await app.fillForm(page, app.LEAK);
  await page.locator('[data-next="keep"]').click();
  await page.getByTestId("unsigned-back").click();
  await app.signIn(page, app.TECHNICIAN, server.pin(app.TECHNICIAN));
  await page.locator(".case-row").filter({ hasText: app.LEAK.matter }).first().click();
  const id = await app.untilOnCase(page);
  await app.act(page, "confirm-asked", { choices: [say("act.objects")], text: "我今天休息" });
  await page.getByTestId("claimed").getByText(say("unsigned.denied", { name: app.TECHNICIAN })).waitFor();
  await shot(page, "unsigned-denied");

  await app.switchPerson(page, server, app.HEAD_OF_ENGINEERING);
  await app.openCase(page, id);
  await app.press(page, "name-asked");
  const sheet = page.locator('dialog[data-act="name-asked"]');
  const option = sheet.locator("#act-person option").filter({ hasText: "赵军" });
  await sheet.locator("#act-person").selectOption(await option.getAttribute("value"));
  await sheet.locator("#act-text").fill("监控里客户问的是赵军");
  await shot(page, "unsigned-name-asked");
  await sheet.locator("button[type=submit]").click();
  await sheet.waitFor({ state: "detached" });
  await page.locator(".case-head-people").getByText("赵军").first().waitFor();
  await page.getByTestId("claimed").waitFor();
  await app.untilDelivered(page);
});

async function leave(page) {
  await page.goto("/");
  await page.getByTestId("person").click();
  await page.locator(".menu-item").first().click();
  await page.locator(".person").first().waitFor();
}

async function begin(page, name) {
  await page.getByTestId("record-unsigned").click();
  await page.getByTestId("unsigned-back").waitFor();
  await app.choosePerson(page, name);
  await page.locator("#matter").waitFor();
}

/** For whoever wants to look. */
async function shot(page, name) {
  const folder = process.env.SHOUWEN_SHOTS;
  if (folder) await page.screenshot({ animations: "disabled", path: `${folder}/${name}.png` });
}
