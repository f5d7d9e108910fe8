// What is known of a customer: masked for whoever has no part in the case, shown at a tap, and who looked is on record.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

const SAID = { ...app.LEAK, matter: "赵女士 138 0013 8000 说厨房漏水" };
const CONTACT = ["赵女士", "13800138000", "138 0013 8000"];

app.journey("a colleague sees name and number at a tap, and whoever answers for the case at once", async (stage) => {
  const server = await stage.server();
  const phone = await stage.device(server);
  const patrol = await app.signedIn(phone, server, app.PATROL);
  const id = await app.record(patrol, SAID, "keep");
  await call(patrol).waitFor();
  assert.match(await patrol.locator(".case-head-title").innerText(), /赵女士/);
  assert.equal(await show(patrol).count(), 0, "there is nothing to tap");
  await patrol.goto("/");
  const row = patrol.locator(`.case-row[href="/case/${id}"]`).first();
  await row.waitFor();
  assertMasked(await row.innerHTML(), "a list");
  assert.match(await row.innerText(), /3-2-1502/, "where it is");
  await app.untilDelivered(patrol);

  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  await app.openCase(office, id);
  await show(office).waitFor();
  assertMasked(await office.locator("body").innerHTML(), "the case");
  assert.match(await office.locator("body").innerText(), /138\*\*\*\*8000/);
  assert.equal(await call(office).count(), 0);
  await show(office).click();
  await call(office).waitFor();
  assert.match(await office.locator(".case-head-title").innerText(), /赵女士/);
  await app.openCase(office, id);
  await show(office).waitFor();
});

function call(page) {
  return page.locator(`a[href="tel:${app.LEAK.phone}"]`);
}

function show(page) {
  return page.getByTestId("show-contact");
}

function assertMasked(shown, where) {
  for (const it of CONTACT) assert.ok(!shown.includes(it), `${it} in ${where}`);
}

app.journey("who looked is on record at head office, without a network as well, and in no case", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server);
  const patrol = await app.signedIn(phone, server, app.PATROL);
  const id = await app.record(patrol, SAID, "keep");
  await app.untilDelivered(patrol);
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  await office.locator('.sync-line[data-sync="synced"]').waitFor();
  await app.openCase(office, id);
  await app.untilCached(office);
  const looks = () => server.order("admin", "looks", "--demo", "--case", id);
  await app.until("the opening is at head office", async () => (await looks()).includes("opened"));

  await server.kill();
  await office.reload();
  await show(office).click();
  await call(office).waitFor();
  await office.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  await app.until("the looks are kept", async () => (await app.owed(office)) === 2);
  // Opened again: once a day.
  await office.goto("/");
  await app.openCase(office, id);
  await call(office).or(show(office)).first().waitFor();
  assert.equal(await app.owed(office), 2);
  assert.doesNotMatch(await office.locator(".sync-line").innerText(), /\d+ 条/, "nobody counts them among their acts");
  await office.goto("/more");
  await office.getByTestId("rescue").waitFor();
  assert.equal(await office.getByText(say("event.looked")).count(), 0);

  await server.start();
  await app.untilDelivered(office);
  const said = await looks();
  const lines = said.trim().split("\n").map((it) => it.split(/\s+/));
  assert.deepEqual(
    lines.map((it) => it[2]),
    ["opened", "unmasked", "printed"],
    said,
  );
  assert.ok(said.split("\n").every((it) => it === "" || it.includes("gao-yun 高芸")), said);
  assertMasked(said, "what head office is told");
  assert.match(said, /\d{4}-K\d+-\d{3}/, "by its number");
  // The first responder wrote in it that day: there is nothing else to say of them.
  assert.equal((await app.owed(patrol)), 0);
  await app.openCase(patrol, id);
  assert.equal(await patrol.locator(".timeline-item").count(), 1, "the case is as it was");
});
