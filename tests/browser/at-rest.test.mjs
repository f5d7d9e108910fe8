// What lies on a device: sealed, opened by the PIN of whoever works there, and shut again when nobody does.

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import * as app from "./support.mjs";

const IDLE = "05:05";
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const FOUR = [app.PATROL, app.TECHNICIAN, app.HEAD_OF_ENGINEERING, app.ADMINISTRATOR];
const WRONG = "000000";

app.journey("four people share a tablet without a network, and each finds their own drafts", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const page = await app.signedIn(tablet, server, FOUR[0]);
  for (const name of FOUR.slice(1)) await app.switchPerson(page, server, name);
  await app.untilCached(page);
  await app.untilDelivered(page);
  await server.kill();
  for (const name of FOUR) {
    await app.switchPerson(page, server, name);
    await page.goto("/record");
    await app.fillForm(page, { category: "other", matter: `${name}记到一半` });
    await app.until("the draft is kept", () => app.isStored(page, `${name}记到一半`));
  }
  const took = [];
  for (const name of FOUR) {
    await page.goto("/");
    await leave(page);
    await app.choosePerson(page, name);
    await page.locator("#pin").fill(server.pin(name));
    const pressed = performance.now();
    await page.locator(".sign-in-pin button[type=submit]").click();
    await page.getByTestId("person").waitFor();
    took.push(performance.now() - pressed);
    const drafts = page.getByTestId("drafts").locator(".case-row");
    await drafts.first().waitFor();
    assert.deepEqual(await drafts.locator(".case-row-what").allTextContents(), [`${name}记到一半`]);
    await page.reload();
    await drafts.first().waitFor();
  }
  console.log(`from the PIN to the list: ${took.map(Math.round).join(", ")} ms`);
});

app.journey("a device that nobody touches locks itself in every tab, and what it had not sent goes out all the same", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const device = await stage.device(server, { viewport: app.TABLET });
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await app.untilDelivered(page);
  const second = await device.newPage();
  await second.clock.install();
  await second.goto("/");
  await second.getByTestId("person").waitFor();
  await server.kill();
  const id = await app.record(page, app.LEAK, "keep");
  await second.getByText(app.LEAK.matter).first().waitFor();
  assert.ok(await app.isStored(page, app.LEAK.phone));

  await second.clock.fastForward(IDLE);
  for (const tab of [page, second]) {
    await tab.locator("#pin").waitFor();
    assert.equal(await tab.getByText(app.LEAK.matter).count(), 0);
  }
  assert.equal(await app.isStored(page, app.LEAK.phone), false, "nobody has the keys");
  await page.reload();
  await page.locator("#pin").waitFor();

  await server.start();
  await app.until("its letter is gone", async () => (await app.recordsOf(page, "letters")).length === 0, 90_000);
  const office = await app.signedIn(await stage.device(server), server, app.ADMINISTRATOR);
  await office.goto("/?show=site");
  await office.locator(`.case-row[href="/case/${id}"]`).waitFor();
  assert.equal(await page.getByText(app.LEAK.matter).count(), 0, "nothing is shown meanwhile");

  await app.unlock(page, server, app.PATROL);
  await page.getByText(app.LEAK.matter).first().waitFor();
  await app.untilDelivered(page);
  await second.getByText(app.LEAK.matter).first().waitFor();
});

for (const locale of ["zh-CN", "en"]) {
  app.journey(`wrong PINs cost time, then the ring, and head office gives another, ${locale}`, async (stage) => {
    stage.expectNoNetwork();
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const device = await stage.device(server, { locale });
    const page = await app.signedIn(device, server, app.PATROL);
    await app.untilCached(page);
    await app.record(page, app.LEAK, "keep");
    await app.untilDelivered(page);
    await server.kill();
    await page.goto("/");
    await leave(page);
    await page.clock.install();
    await app.choosePerson(page, app.PATROL);
    const miss = async (said) => {
      await app.enterPin(page, WRONG);
      await untilTold(page, said);
    };
    for (const n of [9, 8, 7, 6, 5]) await miss(say("sign_in.wrong", { n }));
    const wait = (n) => say("sign_in.wait", { n });
    await app.enterPin(page, server.pin(app.PATROL));
    await untilTold(page, wait(1));
    await page.clock.fastForward("00:50");
    await page.reload();
    await app.choosePerson(page, app.PATROL);
    await app.enterPin(page, server.pin(app.PATROL));
    await untilTold(page, wait(1));
    await page.clock.fastForward("01:01");
    await miss(say("sign_in.wrong", { n: 4 }));
    for (const [n, minutes] of [[3, 5], [2, 15], [1, 60]]) {
      await miss(wait(minutes));
      await page.clock.fastForward(minutes * 60_000 + 1_000);
      await miss(say("sign_in.wrong", { n }));
    }
    await miss(wait(60));
    await page.clock.fastForward("01:00:01");
    await miss(say("sign_in.locked"));
    await app.enterPin(page, server.pin(app.PATROL));
    await untilTold(page, say("sign_in.locked"));
    const rings = (await app.recordsOf(page, "named")).filter((it) => it.length > 60 && it.length < 160);
    assert.equal(rings.length, 0, "no ring is left to try PINs on");

    await server.start();
    await app.enterPin(page, server.pin(app.PATROL));
    await page.getByText(app.LEAK.matter).first().waitFor();
  });
}

app.journey("PINs are tried by one tab at a time, so that no miss is lost", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await server.kill();
  await leave(page);
  const second = await device.newPage();
  await second.goto("/");
  await second.evaluate(() => {
    navigator.locks.request("shouwen-pin", () => new Promise((resolve) => (window.release = resolve)));
  });
  await app.choosePerson(page, app.PATROL);
  await app.enterPin(page, WRONG);
  const waits = () => second.evaluate(async () => (await navigator.locks.query()).pending.length);
  await app.until("it waits for the other tab", async () => (await waits()) === 1);
  await page.getByText(say("sign_in.checking")).waitFor();
  await second.evaluate(() => window.release());
  await untilTold(page, say("sign_in.wrong", { n: 9 }));
});

app.journey("after a week without head office nobody reads, and what is unsent is kept, delivered, and read again", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await app.untilDelivered(page);
  await server.kill();
  const id = await app.record(page, app.LEAK, "keep");
  await page.clock.install();
  await page.clock.setSystemTime(Date.now() + WEEK_MS + 60_000);
  await page.clock.fastForward(11_000);
  await page.locator("#pin").waitFor();
  await app.enterPin(page, server.pin(app.PATROL));
  await untilTold(page, say("sign_in.lease_over"));

  // A clock that is set back gains nothing.
  const back = await device.newPage();
  await back.goto("/");
  await page.close();
  await back.locator("#pin").waitFor();
  await app.enterPin(back, server.pin(app.PATROL));
  await untilTold(back, say("sign_in.lease_over"));

  await server.start();
  await app.unlock(back, server, app.PATROL);
  await app.untilDelivered(back);
  await app.openCase(back, id);
  assert.ok(await app.isStored(back, app.LEAK.phone), "it is read again");
});

app.journey("a device that is let in no more loses its rings before anything else", async (stage) => {
  stage.expectNoNetwork();
  stage.expectRefusal();
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await app.untilDelivered(page);
  await server.kill();
  const id = await app.record(page, app.LEAK, "keep");
  await device.route("**/api/rescue", (route) => route.abort());
  const table = await server.order("admin", "devices", "--demo");
  const code = table.trim().split("\n")[1].split(/\s+/)[0];
  await server.order("admin", "revoke", "--demo", "--device", code);
  await server.start();
  await page.bringToFront();
  await page.getByText(app.LEAK.matter).first().waitFor({ state: "detached", timeout: 90_000 });
  await app.until("the rings are gone", async () => (await ringNames(page)).length === 0);
  assert.equal((await app.recordsOf(page, "letters")).length, 1, "what is unsent waits");
  assert.equal(await app.isStored(page, app.LEAK.phone), false);

  await device.unroute("**/api/rescue");
  await page.locator("#join-code").waitFor({ timeout: 90_000 });
  assert.match(await server.order("admin", "release", "--demo", code), /^Passed on: 1$/m);
  const office = await app.signedIn(await stage.device(server), server, app.ADMINISTRATOR);
  await office.goto("/?show=site");
  await office.locator(`.case-row[href="/case/${id}"]`).waitFor({ timeout: 60_000 });
});

app.journey("whoever copies the folder of a locked device reads no word that was typed on it", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const profile = await stage.folder("profile");
  const { context, page } = await stage.process(server, profile, { viewport: app.TABLET });
  await page.goto(server.joining);
  await app.signIn(page, app.PATROL, server.pin(app.PATROL));
  await app.untilCached(page);
  await app.untilDelivered(page);
  const canaries = {};
  // Too much by chance for the database's compression to break them up.
  const digits = () => `13${randomInt(1e8, 1e9)}`;
  const canary = (name) => (canaries[name] = name.endsWith("phone") ? digits() : randomBytes(18).toString("base64url"));
  const control = randomBytes(18).toString("base64url");

  await app.record(page, filled(canary, "sent"), "keep");
  await app.act(page, "answer-at-once", { text: canary("act") });
  await app.untilDelivered(page);
  await server.kill();
  await app.record(page, filled(canary, "unsent"), "keep");
  await page.goto("/record");
  await app.fillForm(page, filled(canary, "draft"));
  await app.until("the draft is kept", () => app.isStored(page, canaries["draft remark"]));
  await page.goto("/search");
  await page.locator("input[type=search]").fill(canary("search"));
  for (const it of ["sent matter", "unsent phone", "act", "draft customer"]) {
    assert.ok(await app.isStored(page, canaries[it]), `${it} is on the device`);
  }
  await page.goto("/");
  await leave(page);
  const blank = await app.blankPage(context);
  await blank.evaluate(storePlainly, control);
  await context.close();

  const found = await searched(profile, { ...canaries, control, "control in wide letters": wide(control) });
  assert.deepEqual(Object.keys(found).filter((it) => it.startsWith("control")), ["control"], "the search finds what is plain");
  delete found.control;
  assert.deepEqual(found, {});
});

/** Every field of the form, with words of their own. */
function filled(canary, name) {
  const texts = ["matter", "address", "customer", "phone", "remark"];
  return { category: "other", ...Object.fromEntries(texts.map((it) => [it, canary(`${name} ${it}`)])) };
}

/** In which files of a folder words stand, in letters of one byte or of two. */
async function searched(folder, words) {
  const found = {};
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((it) => it.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    for (const [name, text] of Object.entries(words)) {
      const forms = typeof text === "string" ? [Buffer.from(text), wide(text)] : [text];
      if (forms.some((it) => bytes.includes(it))) (found[name] ??= []).push(path.slice(folder.length));
    }
  }
  return found;
}

function wide(text) {
  return Buffer.from(text, "utf16le");
}

/** As an app would that seals nothing. */
function storePlainly(text) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("control", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("words");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("words", "readwrite");
      transaction.objectStore("words").put(new TextEncoder().encode(text), 1);
      transaction.oncomplete = () => resolve();
    };
  });
}

/** Under which names the rings of people lie. */
async function ringNames(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open("shouwen");
        opening.onsuccess = () => {
          const asked = opening.result.transaction("named").objectStore("named").getAllKeys();
          asked.onsuccess = () => {
            opening.result.close();
            resolve(asked.result.filter((it) => it.startsWith("session/")));
          };
        };
      }),
  );
}

async function leave(page) {
  await page.getByTestId("person").click();
  await page.locator(".menu-item").first().click();
  await page.locator(".person").first().waitFor();
}

async function untilTold(page, text) {
  await page.getByRole("alert").getByText(text, { exact: true }).waitFor();
}
