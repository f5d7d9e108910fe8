// Devices that fail, are cloned, or listen: nothing is lost, nothing doubled, and news comes by itself.

import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as app from "./support.mjs";

app.journey("unsent work leaves a phone as a file that a neighbour hands in, once", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server, { acceptDownloads: true });
  const page = await app.signedIn(phone, server, app.PATROL);
  await app.untilCached(page);
  await app.untilDelivered(page);
  await server.kill();
  const id = await app.record(page, app.LEAK, "keep");
  await page.goto("/more");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: say("rescue.save") }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^shouwen-[A-Z]\d-\d{8}-\d{4}\.rescue$/);
  const file = join(await stage.folder("rescue"), download.suggestedFilename());
  await download.saveAs(file);
  const bytes = await readFile(file);
  assert.ok(!bytes.includes(Buffer.from(app.LEAK.matter)), "nobody on the way reads it");
  await phone.close();

  await server.start();
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  for (const time of ["first", "again"]) {
    await office.goto("/more");
    await office.getByTestId("rescue").locator("input[type=file]").setInputFiles(file);
    const said = office.getByText(say("rescue.brought", { n: 1, accepted: 1 }));
    await said.waitFor({ timeout: 60_000 });
    await app.openCase(office, id);
    const recorded = office.locator(".timeline-item").filter({ hasText: app.PATROL });
    await recorded.first().waitFor({ timeout: 60_000 });
    assert.equal(await recorded.count(), 1, time);
  }
});

app.journey("a file that was changed is refused in words", async (stage) => {
  stage.expectRefusal();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const page = await app.signedIn(await stage.device(server), server, app.PATROL);
  await page.goto("/more");
  const file = { name: "some.rescue", mimeType: "application/octet-stream", buffer: Buffer.from("no file") };
  await page.getByTestId("rescue").locator("input[type=file]").setInputFiles(file);
  await page.getByText(say("rescue.not_for_us")).waitFor();
});

app.journey("a cloned phone goes on in a chain of its own, and both deliver everything", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const profile = await stage.folder("profile");
  const first = await stage.process(server, profile);
  await first.page.goto(server.joining);
  await app.signIn(first.page, app.PATROL, server.pin(app.PATROL));
  await app.record(first.page, app.LEAK, "keep");
  await app.untilDelivered(first.page);
  await app.untilCached(first.page);
  await first.context.close();
  const copy = join(await stage.folder("copy"), "profile");
  await cp(profile, copy, { recursive: true });

  await server.kill();
  const numbers = [];
  const pages = [];
  for (const folder of [profile, copy]) {
    const { page } = await stage.process(server, folder);
    await page.goto("/");
    await app.unlock(page, server, app.PATROL);
    await app.record(page, { ...app.LEAK, matter: `在${pages.length + 1}号手机上记的` }, "keep");
    pages.push(page);
  }
  await server.start();
  for (const page of pages) await app.untilDelivered(page, 180_000).catch(() => {});
  // One of the two wrote on where the other was first: its act is held, and its next ones are in another chain.
  for (const page of pages) {
    await app.record(page, { ...app.LEAK, matter: "之后又记的" }, "keep");
    numbers.push(await page.locator(".case-head").innerText());
  }
  const codes = numbers.map((it) => it.match(/\d{4}-([A-Z]\d+)-\d{3}/)?.[1]);
  assert.ok(codes.every(Boolean), numbers.join("\n"));
  assert.notEqual(codes[0], codes[1], "each has case numbers of its own");
  // One that was written where the other was first is held for a person, and every other one is delivered.
  const held = [];
  for (const page of pages) {
    await app.untilDelivered(page, 180_000);
    await page.goto("/more");
    const latest = page.locator('.timeline-item[data-fate="accepted"]').filter({ hasText: "之后又记的" });
    await latest.first().waitFor({ timeout: 60_000 });
    held.push(await page.getByRole("button", { name: say("sync.take_back") }).count());
  }
  assert.deepEqual(held.sort(), [0, 1], "a fork is held and shown");

  // Whoever wrote it takes it back and submits it again.
  for (const page of pages) {
    const takeBack = page.getByRole("button", { name: say("sync.take_back") });
    if ((await takeBack.count()) === 0) continue;
    await takeBack.click();
    await page.getByText(say("refused_fate.withdrawn")).waitFor({ timeout: 60_000 });
  }
});

app.journey("what another device writes is shown by itself", async (stage) => {
  const server = await stage.server();
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.HEAD_OF_ENGINEERING);
  await app.untilDelivered(office);
  const phone = await stage.device(server);
  const patrol = await app.signedIn(phone, server, app.PATROL);
  const id = await app.record(patrol, app.LEAK, "hand-over");
  // While the stream is open the tablet asks every five minutes only.
  await office.locator(`.case-row[href="/case/${id}"]`).first().waitFor({ timeout: 60_000 });
});
