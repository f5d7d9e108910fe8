// The customer's signature: drawn on the screen, kept without a network, seen elsewhere when asked for.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

/** 李, roughly, in parts of the pad. */
const STROKES = [
  [[0.25, 0.3], [0.4, 0.28], [0.55, 0.3]],
  [[0.4, 0.15], [0.4, 0.35], [0.4, 0.5]],
  [[0.4, 0.3], [0.32, 0.42], [0.22, 0.5]],
  [[0.4, 0.3], [0.48, 0.42], [0.58, 0.5]],
  [[0.3, 0.55], [0.5, 0.55], [0.42, 0.65], [0.4, 0.85], [0.34, 0.8]],
  [[0.25, 0.7], [0.55, 0.7]],
];

app.journey("a customer signs on the screen without a network, and another device shows it when asked", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server, { hasTouch: true });
  const page = await app.signedIn(phone, server, app.PATROL);
  await app.untilCached(page);
  await app.untilDelivered(page);

  await server.kill();
  await page.locator('.tab-bar a[href="/record"]').click();
  await app.fillForm(page, app.LEAK);
  const pad = await open(page);
  await draw(page, strokeOfFinger);
  assert.equal(await inked(page, 0.75), 0, "the palm has drawn");
  await pad.locator('[data-pad="done"]').click();
  const picked = page.locator('.photo-picker .photo[data-signature] .photo-frame[data-state="here"]');
  const hash = await picked.getAttribute("data-photo");
  await drawnIn(picked.locator("img"));
  const stored = Buffer.from((await app.recordsOf(page, "chunks")).join(""), "latin1");
  assert.ok(stored.includes("PNG\r\n"), "a PNG is stored");
  assert.ok(stored.length <= 40 * 1024, `${stored.length} bytes are stored`);
  await page.locator('[data-next="keep"]').click();
  const id = await app.untilOnCase(page);
  const shown = page.locator('[data-testid="signatures"] .photo');
  await shown.locator(`.photo-frame[data-photo="${hash}"][data-state="owed"]`).waitFor();
  assert.equal(await page.locator('[data-testid="photos"]').count(), 0, "a signature is no photo");
  const before = say("signature.before", { who: app.PATROL });
  assert.ok((await shown.locator(".photo-caption").innerText()).includes(before));
  await page.locator(".timeline-what").getByText(say("event.signature_added")).waitFor();

  await server.start();
  await page.locator('.sync-line[data-owed="0"][data-owed-photos="0"]').waitFor({ timeout: 120_000 });
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  await app.openCase(office, id);
  const there = office.locator(`[data-testid="signatures"] .photo-frame[data-photo="${hash}"]`);
  await there.locator(".photo-fetch").click();
  await there.locator("img").waitFor();
  await drawnIn(there.locator("img"));
  await there.locator(".photo-open").click();
  await office.locator("dialog[open]").getByText(say("signature.title")).waitFor();
});

app.journey("only what was drawn is kept: not a blank pad, a slip of the finger, or what was cancelled", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const page = await app.signedIn(tablet, server, app.PATROL);
  const id = await app.record(page, app.LEAK, "keep");
  await app.press(page, "add-photos");
  const sheet = page.locator('dialog[data-act="add-photos"]');
  const pad = await open(page);
  const done = pad.locator('[data-pad="done"]');
  assert.ok(await done.isDisabled(), "nothing is drawn");
  await stroke(page, [[0.5, 0.5]]);
  assert.ok(await done.isDisabled(), "a dot is no signature");
  await draw(page);
  assert.ok(await done.isEnabled());
  await pad.locator('[data-pad="clear"]').click();
  await pad.getByText(say("signature.empty")).waitFor();
  assert.ok(await done.isDisabled(), "it was cleared");
  assert.equal(await inked(page), 0);

  await draw(page);
  await page.keyboard.press("Escape");
  await pad.waitFor({ state: "detached" });
  assert.ok(await sheet.isVisible(), "only the pad was cancelled");
  await open(page);
  assert.equal(await inked(page), 0, "a pad begins blank");
  await draw(page);
  await pad.locator('[data-pad="cancel"]').click();
  await pad.waitFor({ state: "detached" });
  assert.equal(await sheet.locator(".photo").count(), 0);

  // Signing again takes the place of what was signed; a pad that is made smaller meanwhile shows all of it.
  await sign(page);
  const picked = sheet.locator('.photo[data-signature] .photo-frame[data-state="here"]');
  const first = await picked.getAttribute("data-photo");
  await open(page);
  await draw(page);
  await page.setViewportSize(app.PHONE);
  await app.until("all of it is shown on the smaller pad", () => fits(page));
  await stroke(page, [[0.6, 0.2], [0.9, 0.8]]);
  await pad.locator('[data-pad="done"]').click();
  await pad.waitFor({ state: "detached" });
  await sheet.locator(`.photo-frame:not([data-photo="${first}"])[data-state="here"] img`).waitFor();
  assert.equal(await sheet.locator(".photo").count(), 1);
  const second = await picked.getAttribute("data-photo");
  await sheet.locator("button[type=submit]").click();
  await sheet.waitFor({ state: "detached" });
  await app.openCase(page, id);
  await page.locator(`[data-testid="signatures"] .photo-frame[data-photo="${second}"] img`).waitFor();
  await page.locator('.sync-line[data-owed="0"][data-owed-photos="0"]').waitFor({ timeout: 120_000 });
});

async function sign(page) {
  const pad = await open(page);
  await draw(page);
  await pad.locator('[data-pad="done"]').click();
  await pad.waitFor({ state: "detached" });
}

async function open(page) {
  await page.locator('[data-photos="signature"]').click();
  const pad = page.getByTestId("signature-pad");
  await pad.waitFor();
  // It has slid into its place.
  await pad.evaluate((it) => Promise.all(it.getAnimations().map((animation) => animation.finished)));
  return pad;
}

async function draw(page, by = stroke) {
  for (const points of STROKES) await by(page, points);
  await page.locator(".signature-pad[data-drawn]").waitFor();
}

async function stroke(page, points) {
  const [first, ...others] = await onScreen(page, points);
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const point of others) await page.mouse.move(...point, { steps: 8 });
  await page.mouse.up();
}

/** A finger, while the palm lies in the lower right corner and moves along. */
async function strokeOfFinger(page, points) {
  const hand = await page.context().newCDPSession(page);
  const touch = (type, points) => {
    const touchPoints = points.map(([x, y], id) => ({ x, y, id }));
    return hand.send("Input.dispatchTouchEvent", { type, touchPoints });
  };
  const [palm, ...places] = await onScreen(page, [[0.9, 0.9], ...points]);
  const shaking = (i) => [palm[0] + 10 * (i % 2), palm[1]];
  await touch("touchStart", [places[0]]);
  await touch("touchStart", [places[0], palm]);
  for (const [i, place] of places.entries()) await touch("touchMove", [place, shaking(i)]);
  await touch("touchEnd", []);
  await hand.detach();
}

async function onScreen(page, points) {
  const box = await page.locator(".signature-pad").boundingBox();
  return points.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height]);
}

/** How many pixels of the pad have ink, right of and below so much of it. */
function inked(page, from = 0) {
  return page.locator(".signature-pad").evaluate((pad, from) => {
    const place = [from * pad.width, from * pad.height, (1 - from) * pad.width, (1 - from) * pad.height];
    const { data } = pad.getContext("2d").getImageData(...place.map(Math.round));
    return data.filter((it, i) => i % 4 === 3 && it > 0).length;
  }, from);
}

/** Whether the pad has the pixels of its place, and no ink runs out of it. */
function fits(page) {
  return page.locator(".signature-pad").evaluate((pad) => {
    const { data } = pad.getContext("2d").getImageData(pad.width - 1, 0, 1, pad.height);
    return pad.width === pad.clientWidth && data.every((it) => it === 0);
  });
}

/** That a picture is black on white, and cut to what was drawn. */
async function drawnIn(image) {
  await image.waitFor();
  const found = await image.evaluate(async (it) => {
    await it.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [it.naturalWidth, it.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(it, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const rows = Array.from({ length: canvas.height }, (_, y) => data.subarray(y * canvas.width * 4, (y + 1) * canvas.width * 4));
    const isInk = (it, i) => i % 4 === 0 && it < 128;
    return {
      opaque: data.every((it, i) => i % 4 !== 3 || it === 255),
      inkedRows: rows.filter((it) => it.some(isInk)).length / rows.length,
      ink: data.filter(isInk).length / (data.length / 4),
    };
  });
  assert.ok(found.opaque, "it lies on white");
  assert.ok(found.ink > 0.005 && found.ink < 0.3, `${found.ink} of it is ink`);
  assert.ok(found.inkedRows > 0.8, `it is cut to what was drawn: ${found.inkedRows} of its rows have ink`);
}
