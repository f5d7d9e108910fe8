// A forgotten PIN where there is no network: a supervisor gives another one on the device.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

const NEW_PIN = "246810";

for (const [locale, viewport] of [["zh-CN", app.PHONE], ["en", app.TABLET]]) {
  app.journey(`a supervisor gives a colleague another PIN without a network, ${locale}`, async (stage) => {
    stage.expectNoNetwork();
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const device = await stage.device(server, { locale, viewport });
    const page = await app.signedIn(device, server, app.TECHNICIAN);
    await app.switchPerson(page, server, app.HEAD_OF_ENGINEERING);
    await app.untilCached(page);
    const known = await app.record(page, app.LEAK, "keep");
    await app.untilDelivered(page);
    await server.kill();

    await page.goto("/more");
    await reset(page, app.TECHNICIAN, "000000");
    await page.getByRole("alert").getByText(say("pin.own_wrong", { why: say("sign_in.wrong", { n: 9 }) })).waitFor();
    await reset(page, app.TECHNICIAN, server.pin(app.HEAD_OF_ENGINEERING));
    await page.getByTestId("pin-is-reset").waitFor();
    await page.getByTestId("pins-given").getByText(app.TECHNICIAN).waitFor();
    await page.getByTestId("pin-reset").scrollIntoViewIfNeeded();
    await shot(page, `pin-reset-${locale}`);

    // The old PIN opens nothing any more; the new one opens what lies here, and signs nothing.
    await leave(page);
    await app.choosePerson(page, app.TECHNICIAN);
    await noPinIsKept(page, 1);
    await app.enterPin(page, server.pin(app.TECHNICIAN));
    await page.getByRole("alert").getByText(say("sign_in.wrong", { n: 9 })).waitFor();
    await app.enterPin(page, NEW_PIN);
    await page.getByTestId("person").waitFor();
    const notice = page.getByTestId("pin-notice");
    await notice.getByText(app.HEAD_OF_ENGINEERING).waitFor();
    await notice.getByText(say("pin.signs_nothing")).waitFor();
    await shot(page, `pin-notice-${locale}`);
    await app.openCase(page, known);
    await page.reload();
    await notice.waitFor();

    await page.goto("/record");
    await app.fillForm(page, { ...app.LEAK, matter: "电梯异响" });
    assert.equal(await page.locator('[data-next="hand-over"]').isVisible(), false);
    await page.locator('[data-next="keep"]').click();
    await app.untilOnCase(page);
    await page.getByTestId("claimed").getByText(say("unsigned.not_confirmed", { name: app.TECHNICIAN })).waitFor();
    await app.press(page, "confirm-asked");
    const sheet = page.locator('dialog[data-act="confirm-asked"]');
    await sheet.locator("button[type=submit]").click();
    await sheet.getByText(say("refusal.needs_signature")).waitFor();
    await shot(page, `pin-refused-${locale}`);

    // Signed in at head office they sign again, and are told once more who it was.
    await server.start();
    await app.untilDelivered(page);
    await leave(page);
    await app.signIn(page, app.TECHNICIAN, server.pin(app.TECHNICIAN));
    await notice.getByText(app.HEAD_OF_ENGINEERING).waitFor();
    assert.equal(await notice.getByText(say("pin.signs_nothing")).count(), 0);
    await notice.locator("button").click();
    await notice.waitFor({ state: "detached" });
    await page.locator(".case-row").filter({ hasText: "电梯异响" }).first().click();
    await app.press(page, "confirm-asked");
    await sheet.locator("button[type=submit]").click();
    await page.getByTestId("claimed").waitFor({ state: "detached" });
    await app.untilDelivered(page);

    // It is on record at head office whose PIN it was, and shown to them on any device.
    const elsewhere = await app.signedIn(await stage.device(server, { locale, viewport }), server, app.TECHNICIAN);
    await elsewhere.goto("/more");
    await elsewhere.getByTestId("pins-given").getByText(app.HEAD_OF_ENGINEERING).waitFor();
  });
}

async function reset(page, name, ownPin) {
  const person = page.locator("#reset-person");
  const option = await person.locator("option").filter({ hasText: name }).getAttribute("value");
  await person.selectOption(option);
  await noPinIsKept(page, 2);
  await page.locator("#reset-pin").fill(NEW_PIN);
  await page.locator("#reset-own-pin").fill(ownPin);
  await page.getByTestId("pin-reset").locator("button[type=submit]").click();
}

/** By the browser: it would let anybody in who holds the device. */
async function noPinIsKept(page, nFields) {
  const kept = await page.locator("input[type=password]").evaluateAll((all) => all.map((it) => it.autocomplete));
  assert.deepEqual(kept, Array(nFields).fill("one-time-code"));
}

async function leave(page) {
  await page.goto("/");
  await page.getByTestId("person").click();
  await page.locator(".menu-item").first().click();
  await page.locator(".person").first().waitFor();
}

/** For whoever wants to look. */
async function shot(page, name) {
  const folder = process.env.SHOUWEN_SHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}
