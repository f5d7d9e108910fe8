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
