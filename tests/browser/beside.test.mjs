// What stands beside the main path: coordination names the lead, and a head signs after the end.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

app.journey("coordination names the lead, and the head signs for a result after the case is closed", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const phone = await stage.device(server);
  const patrol = await app.signedIn(phone, server, app.PATROL);
  const id = await app.record(patrol, app.LEAK, "keep");
  await app.act(patrol, "report-to-coordination", { text: "水管和墙面都有问题，涉及两个部门" });
  await patrol.locator(".case-head .badge").getByText(say("status.coordinating")).waitFor();
  await patrol.locator(".customers-clock").waitFor();
  await app.untilDelivered(patrol);

  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.ADMINISTRATOR);
  await app.openCase(office, id);
  await app.act(office, "name-lead", { department: "engineering", text: "水管在先，由工程部主办" });
  await app.untilDelivered(office);
  await app.switchPerson(office, server, app.HEAD_OF_ENGINEERING);
  await app.openCase(office, id);
  await app.act(office, "name-handler", { person: "qian-wei" });
  await app.untilDelivered(office);
  await app.switchPerson(office, server, app.TECHNICIAN);
  await app.openCase(office, id);
  await app.act(office, "reply", { text: "换了角阀，不漏了" });
  await app.untilDelivered(office);

  await app.openCase(patrol, id);
  await patrol.getByText("换了角阀，不漏了").waitFor({ timeout: 120_000 });
  await app.act(patrol, "tell", { text: "已告知修好" });
  await app.act(patrol, "visit", { text: "好了", choices: [say("act.satisfied")] });
  await app.press(patrol, "close");
  await patrol.locator('.case-head .badge[data-status="done"]').waitFor();
  await app.untilDelivered(patrol);
  await patrol.goto("/");
  await patrol.locator(".empty-state").first().waitFor();

  await app.switchPerson(office, server, app.HEAD_OF_ENGINEERING);
  const row = office.locator(`.case-row[href="/case/${id}"]`);
  await office.locator('.case-row[href^="/case/"]').getByText(say("task.sign_result")).waitFor({ timeout: 120_000 });
  await row.click();
  await app.dueCard(office, "sign_result").waitFor();
  await office.locator('.case-head .badge[data-status="done"]').waitFor({ timeout: 120_000 });
  await app.press(office, "sign-result");
  await app.dueCard(office, "sign_result").waitFor({ state: "detached" });
  await app.untilDelivered(office);
  await office.goto("/");
  await office.locator(".empty-state").first().waitFor();
  assert.equal(await row.count(), 0);
});
