// Photos: taken without a network, sent after the words, cut and gone on with, seen elsewhere when asked for.

import assert from "node:assert/strict";
import { LATITUDE, photoOf } from "./camera.mjs";
import * as app from "./support.mjs";

app.journey("a photo taken without a network goes up after the words and is seen elsewhere when asked for", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server);
  const first = await app.signedIn(phone, server, app.PATROL);
  await app.untilCached(first);
  await app.untilDelivered(first);

  await server.kill();
  const id = await recordWithPhoto(first, await photoOf(first, { seed: 1 }));
  await first.close();
  const patrol = await phone.newPage();
  await app.openCase(patrol, id);
  await untilStates(patrol, ["owed"]);
  assert.equal(await patrol.locator(".photo-note").innerText(), say("photo.owed"));
  assert.equal(await app.owed(patrol), 1);

  const said = [];
  patrol.on("response", (it) => said.push(`${it.request().method()} ${new URL(it.url()).pathname}`));
  await server.start();
  await untilPhotosDelivered(patrol);
  await untilStates(patrol, ["here"]);
  const pushed = said.indexOf("POST /api/push");
  const offered = said.indexOf("POST /api/files/lacking");
  assert.ok(pushed >= 0 && pushed < offered, said.join("\n"));

  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  await app.openCase(office, id);
  await untilStates(office, ["away"]);
  assert.equal((await office.locator(".photo-fetch").innerText()).trim(), say("photo.fetch"));
  await office.locator(".photo-fetch").click();
  await untilStates(office, ["here"]);
  // It stays, and needs no network any more.
  await app.untilCached(office);
  await server.kill();
  await office.reload();
  await untilStates(office, ["here"]);
  await office.locator(".photo-open").click();
  await untilStates(office, ["here"], "dialog[open] ");
});

app.journey("photos arrive while nobody is signed in, and from a device that is let in no more", async (stage) => {
  stage.expectNoNetwork();
  stage.expectRefusal();
  const server = await stage.server();
  const phone = await stage.device(server);
  const page = await app.signedIn(phone, server, app.PATROL);
  await app.untilCached(page);
  await app.untilDelivered(page);

  await server.kill();
  const first = await recordWithPhoto(page, await photoOf(page, { seed: 1 }));
  await page.goto("/");
  await page.getByTestId("person").click();
  await page.locator(".menu-item").first().click();
  await page.locator(".person").first().waitFor();
  const waiting = async () => (await app.everything(page)).filter((it) => it.at.startsWith("files owed/"));
  assert.equal((await waiting()).length, 1);
  await server.start();
  await app.until("the photo was brought", async () => (await waiting()).length === 0, 120_000);
  assert.equal(await page.getByTestId("person").count(), 0, "nobody has signed in meanwhile");

  const office = await app.signedIn(await stage.device(server, { viewport: app.TABLET }), server, app.ADMINISTRATOR);
  await app.openCase(office, first);
  await office.locator(".photo-fetch").click();
  await untilStates(office, ["here"]);

  await app.signIn(page, app.PATROL, server.pin(app.PATROL));
  await app.untilDelivered(page);
  await server.kill();
  const second = await recordWithPhoto(page, await photoOf(page, { seed: 2 }));
  const [, code] = (await page.locator("body").innerText()).match(/\d{4}-(\w+)-\d{3}/);
  await server.order("admin", "revoke", "--demo", "--device", code);
  await server.start();
  await page.bringToFront();
  await page.locator("#join-code").waitFor({ timeout: 120_000 });
  assert.match(await server.order("admin", "release", "--demo", code), /^Passed on: 1$/m);
  await app.openCase(office, second);
  await office.locator(".photo-fetch").click();
  await untilStates(office, ["here"]);
});

app.journey("photos cut by a server that dies go on where they were", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const phone = await stage.device(server);
  const page = await app.signedIn(phone, server, app.PATROL);
  await app.untilDelivered(page);
  const taken = [];
  const cut = new Promise((resolve) => {
    page.on("response", (it) => {
      if (it.request().method() !== "PUT" || it.status() !== 200) return;
      taken.push(new URL(it.url()).pathname);
      if (taken.length === 3) resolve(server.kill());
    });
  });
  await page.goto("/record");
  await app.fillForm(page, app.LEAK);
  const photos = [];
  for (const seed of [1, 2, 3]) photos.push(await photoOf(page, { seed }));
  await choose(page, photos);
  await untilStates(page, ["here", "here", "here"]);
  await page.locator('[data-next="keep"]').click();
  const id = await app.untilOnCase(page);
  await cut;
  const before = taken.length;
  assert.notEqual(await owedPhotos(page), 0, "the server died before all were there");
  await server.start();
  await page.reload();
  await untilPhotosDelivered(page);
  await untilStates(page, ["here", "here", "here"]);
  assert.ok(taken.length > before);
  assert.equal(new Set(taken).size, taken.length, "no chunk was taken twice");

  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  await app.openCase(office, id);
  await untilStates(office, ["away", "away", "away"]);
  await office.locator(".photo-fetch").evaluateAll((all) => all.forEach((it) => it.click()));
  await untilStates(office, ["here", "here", "here"]);
});

app.journey("what is stored is a small picture, upright, and nothing else that the camera wrote", async (stage) => {
  const server = await stage.server();
  const phone = await stage.device(server);
  const page = await app.signedIn(phone, server, app.PATROL);
  await page.goto("/record");
  // Lying on its side, as its camera notes.
  const photo = await photoOf(page, { seed: 1, width: 3_000, height: 2_000, orientation: 6 });
  assert.ok(photo.buffer.includes(LATITUDE) && photo.buffer.includes("Exif"), "the camera noted where it was");
  assert.ok(photo.buffer.length > 1_000_000, `a photo of ${photo.buffer.length} bytes is large`);
  await choose(page, [photo]);
  await untilStates(page, ["here"]);
  const image = page.locator(".photo-image");
  const size = await image.evaluate((it) => [it.naturalWidth, it.naturalHeight]);
  assert.ok(size[0] < size[1], `${size} is upright`);
  assert.ok(size[1] <= 1_600 && size[1] >= 640, `${size} is large enough to see something`);
  const stored = Buffer.from(await storedChunks(page), "latin1");
  assert.ok(stored.includes(Buffer.from([0xff, 0xd8, 0xff])), "a JPEG is stored");
  assert.ok(stored.length <= 301 * 1024, `${stored.length} bytes are stored`);
  for (const canary of [LATITUDE, "Exif", "GPS", "Canary"]) {
    assert.ok(!stored.includes(canary), `${canary} is gone`);
  }
});

app.journey("photos are put to a case as an act, and one of them is taken out before", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server);
  const page = await app.signedIn(phone, server, app.PATROL);
  const id = await app.record(page, app.LEAK, "keep");
  await app.press(page, "add-photos");
  const sheet = page.locator('dialog[data-act="add-photos"]');
  await choose(page, [await photoOf(page, { seed: 1 }), await photoOf(page, { seed: 2 })]);
  await untilStates(page, ["here", "here"], "dialog ");
  await sheet.locator(".photo-remove").first().click();
  await untilStates(page, ["here"], "dialog ");
  const kept = await sheet.locator(".photo-frame").getAttribute("data-photo");
  // What was chosen is there again when the sheet was closed by mistake.
  await sheet.locator(".sheet-close").click();
  await sheet.waitFor({ state: "detached" });
  await untilDraftNames(page, kept);
  await page.reload();
  await app.press(page, "add-photos");
  await untilStates(page, ["here"], "dialog ");
  await sheet.locator("button[type=submit]").click();
  await sheet.waitFor({ state: "detached" });
  await untilStates(page, ["here"], '[data-testid="photos"] ');
  const source = say("event.photo_added", { source: say("photo_source.album") });
  await page.locator(".timeline-what").getByText(source).waitFor();
  await untilPhotosDelivered(page);
  assert.equal(await storedFiles(page), 1, "what was taken out is gone");
  await app.openCase(page, id);
  await untilStates(page, ["here"]);
});

app.journey("what is no picture, or one too many, is not taken, and the words are saved", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server);
  const page = await app.signedIn(phone, server, app.PATROL);
  await page.goto("/record");
  await app.fillForm(page, app.LEAK);
  await choose(page, [{ name: "photo.jpg", mimeType: "image/jpeg", buffer: Buffer.from("<svg onload='alert(1)'/>") }]);
  await untilSaid(page, say("photo.unreadable"));
  const photos = [];
  for (let seed = 1; seed <= 10; seed++) photos.push(await photoOf(page, { seed, width: 60, height: 40 }));
  await choose(page, photos);
  await untilStates(page, Array(9).fill("here"));
  await untilSaid(page, say("refusal.too_many_photos", { n: 9 }));
  await page.locator('[data-next="keep"]').click();
  await app.untilOnCase(page);
  await untilStates(page, Array(9).fill("here"));
  await untilPhotosDelivered(page);
});

app.journey("where the device has no room for a photo, it says so and saves the words", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server);
  await phone.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...words) {
      if (this.name === "chunks") throw new DOMException("The disk is full", "QuotaExceededError");
      return put.apply(this, words);
    };
  });
  const page = await app.signedIn(phone, server, app.PATROL);
  await page.goto("/record");
  await app.fillForm(page, app.LEAK);
  await choose(page, [await photoOf(page, { seed: 1 })]);
  await untilSaid(page, say("photo.not_stored", { why: say("fault.quota") }));
  await page.locator('[data-next="keep"]').click();
  await app.untilOnCase(page);
  await app.untilDelivered(page);
});

app.journey("where room is short, what head office has goes first and comes again", async (stage) => {
  const server = await stage.server();
  const phone = await stage.device(server);
  const page = await app.signedIn(phone, server, app.PATROL);
  await page.goto("/record");
  await app.fillForm(page, app.LEAK);
  await choose(page, [await photoOf(page, { seed: 1 }), await photoOf(page, { seed: 2 })]);
  await untilStates(page, ["here", "here"]);
  await page.locator('[data-next="keep"]').click();
  const id = await app.untilOnCase(page);
  await untilPhotosDelivered(page);

  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  await app.openCase(office, id);
  await untilStates(office, ["away", "away"]);
  await office.locator(".photo-fetch").first().click();
  await untilStates(office, ["here", "away"]);
  await office.evaluate(() => {
    navigator.storage.estimate = async () => ({ quota: 1_000, usage: 999 });
  });
  await office.locator(".photo-fetch").click();
  await untilStates(office, ["here", "here"]);
  await office.reload();
  await untilStates(office, ["away", "here"]);
  await office.locator(".photo-fetch").click();
  await untilStates(office, ["here", "here"]);
});

async function recordWithPhoto(page, photo) {
  await page.reload();
  await page.getByTestId("person").waitFor();
  await page.locator('.tab-bar a[href="/record"]').click();
  await app.fillForm(page, app.LEAK);
  await choose(page, [photo], "camera");
  await untilStates(page, ["here"]);
  await untilDraftNames(page, await page.locator(".photo-frame").getAttribute("data-photo"));
  await page.reload();
  await untilStates(page, ["here"]);
  await page.locator('[data-next="keep"]').click();
  return app.untilOnCase(page);
}

function choose(page, photos, from = "album") {
  return page.locator(`input[data-photos="${from}"]`).setInputFiles(photos);
}

/** Until the photos in sight stand so, one after the other. */
async function untilStates(page, states, within = "") {
  await page.waitForFunction(
    ([selector, states]) => {
      const found = [...document.querySelectorAll(selector)];
      const drawn = (it) => {
        const image = it.querySelector("img");
        return !image || (image.complete && image.naturalWidth > 0);
      };
      return found.map((it) => it.dataset.state).join() === states && found.every(drawn);
    },
    [`${within}.photo-frame`, states.join()],
    { timeout: 60_000 },
  );
}

async function untilDraftNames(page, hash) {
  const bytes = Buffer.from(hash, "hex").toString("latin1");
  await app.until("the draft names the photo", async () => (await app.recordsOf(page, "named")).some((it) => it.includes(bytes)));
}

async function untilSaid(page, words) {
  await page.getByTestId("photo-said").getByText(words).waitFor();
}

async function untilPhotosDelivered(page) {
  await page.locator('.sync-line[data-owed="0"][data-owed-photos="0"]').waitFor({ timeout: 120_000 });
}

async function owedPhotos(page) {
  return Number(await page.locator(".sync-line").getAttribute("data-owed-photos"));
}

/** All bytes of files on the device, one character each. */
async function storedChunks(page) {
  return (await app.recordsOf(page, "chunks")).join("");
}

async function storedFiles(page) {
  return (await app.recordsOf(page, "files")).length;
}
