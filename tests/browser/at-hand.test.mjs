// What is at hand while somebody works: better words for a reply, whom one stands in for, answers without a network.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

const DEPUTY_OF_ENGINEERING = "赵军";
const FEES = { category: "fees", matter: "物业费算错了", address: "1-2-301", customer: "孙先生", phone: "13600136000" };

for (const locale of ["zh-CN", "en"]) {
  app.journey(`a dismissing phrase is pointed out and replaced with one tap, or sent all the same, ${locale}`, async (stage) => {
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const page = await app.signedIn(await stage.device(server, { locale }), server, app.PATROL);
    await app.record(page, app.LEAK, "keep");
    await app.press(page, "answer-at-once");
    const text = page.locator("#act-text");
    const sheet = page.locator('dialog[data-act="answer-at-once"]');
    const phrase = sheet.locator(".phrase");

    await text.fill("业主说“没人管，不清楚找谁”，已受理。");
    assert.equal(await phrase.count(), 0, "a customer's words are not pointed out");
    const reply = "您好，这个我不清楚，师傅明天到。";
    await text.fill(reply);
    const why = say("phrases.dismissive", { phrase: "不清楚" });
    await phrase.getByText(why, { exact: true }).waitFor();
    await sheet.getByText(say("phrases.counted"), { exact: true }).waitFor();
    assert.equal(await sheet.locator(".phrases").getAttribute("aria-live"), "polite");
    assert.match(await text.getAttribute("aria-describedby"), /\bact-text-phrases\b/);

    const better = await phrase.locator(".phrase-sentence").innerText();
    await phrase.locator(".phrase-instead").click();
    await phrase.waitFor({ state: "detached" });
    assert.equal(await text.inputValue(), `您好，${better}师傅明天到。`);
    assert.ok(await text.evaluate((it) => it === document.activeElement), "the cursor is back in the text");

    await page.getByRole("button", { name: say("phrases.undo") }).click();
    await phrase.getByText(why, { exact: true }).waitFor();
    assert.equal(await text.inputValue(), reply);
    await sheet.locator("button[type=submit]").click();
    await sheet.waitFor({ state: "detached" });
    await page.locator('.case-head .badge[data-status="done"]').waitFor();
    await page.getByText(reply, { exact: true }).waitFor();
    await app.untilDelivered(page);
  });
}

app.journey("in matters of money a promise is pointed out, and not sent until it is changed", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const page = await app.signedIn(await stage.device(server), server, app.PATROL);
  await page.goto("/record");
  await app.fillForm(page, FEES);
  const next = page.locator('[data-next="answer"]');
  await next.click();
  const answer = page.locator("#answer");
  await answer.fill("多收的我们赔给您。");
  const promise = page.locator('.phrase[data-kind="promise"]');
  await promise.getByText(say("phrases.promise", { phrase: "我们赔" }), { exact: true }).waitFor();
  assert.equal(await page.getByText(say("phrases.counted")).count(), 0);
  await next.click();
  await page.getByText(say("refusal.promise", { phrase: "我们赔" })).waitFor();
  await promise.locator(".phrase-instead").click();
  await promise.waitFor({ state: "detached" });
  await next.click();
  await app.untilOnCase(page);
  await page.locator('.case-head .badge[data-status="done"]').waitFor();

  await page.goto("/record");
  await app.fillForm(page, app.LEAK);
  await next.click();
  await answer.fill("我不清楚，我们赔给您。");
  await page.locator('.phrase[data-kind="dismissive"]').waitFor();
  assert.equal(await promise.count(), 0, "a leak is no matter of money");
});

app.journey("a deputy finds what the principal owes on the own list, and signs for them", async (stage) => {
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const patrol = await app.signedIn(await stage.device(server), server, app.PATROL);
  const id = await app.record(patrol, app.LEAK, "hand-over");
  await app.untilDelivered(patrol);

  const tablet = await stage.device(server, { viewport: app.TABLET });
  const office = await app.signedIn(tablet, server, app.HEAD_OF_ENGINEERING);
  const row = office.locator(`.case-row[href="/case/${id}"]`);
  await row.click();
  await app.act(office, "name-handler", { person: "qian-wei" });
  await app.untilDelivered(office);
  await app.switchPerson(office, server, app.TECHNICIAN);
  await app.openCase(office, id);
  await app.act(office, "reply", { text: "换了角阀，不漏了" });
  await app.untilDelivered(office);

  await app.switchPerson(office, server, DEPUTY_OF_ENGINEERING);
  const task = say("work.as_deputy", { who: app.HEAD_OF_ENGINEERING, task: say("task.sign_result") });
  assert.equal(await row.locator(".case-row-do").innerText(), task);
  await row.click();
  const card = app.dueCard(office, "sign_result");
  await card.getByText(say("due.as_deputy"), { exact: true }).waitFor();
  const first = office.locator(".due-card").first();
  assert.equal(await first.getAttribute("data-deadline"), "sign_result", "what one is to do stands first");
  await office.locator('.action-bar button[data-act="sign-result"]').click();
  await card.waitFor({ state: "detached" });
  await app.untilDelivered(office);
});

app.journey("answers, procedures and departments are found without a network and copied with one tap", async (stage) => {
  stage.expectNoNetwork();
  const say = await app.wordsOf("zh-CN");
  const server = await stage.server();
  const permissions = ["clipboard-read", "clipboard-write"];
  const phone = await stage.device(server, { permissions });
  const page = await app.signedIn(phone, server, app.PATROL);
  const id = await app.record(page, { ...app.LEAK, matter: "门禁卡失灵" }, "keep");
  await app.untilCached(page);
  await app.untilDelivered(page);
  await server.kill();
  await phone.setOffline(true);

  await page.goto("/search");
  await page.getByRole("heading", { name: say("answers.courtesies") }).waitFor();
  await page.getByRole("heading", { name: "服务公约" }).first().waitFor();
  await page.locator("#search").fill("门禁卡");
  const answer = page.locator(".answer").filter({ hasText: "门禁卡丢了怎么补" });
  await answer.locator("button").click();
  await answer.locator('[data-copied="true"]').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.startsWith("本人带身份证到客服部"), copied);
  assert.ok(copied.includes("0571-0000 1001"), copied);
  await page.locator(`.case-row[href="/case/${id}"]`).waitFor();

  await page.locator("#search").fill("3-2-1502");
  await page.locator('[data-testid="answers"]').waitFor({ state: "detached" });
  await page.locator(`.case-row[href="/case/${id}"]`).waitFor();
  await page.locator("#search").fill("工程部");
  await page.locator(".answer").filter({ hasText: "2号楼地下一层" }).first().waitFor();
});
