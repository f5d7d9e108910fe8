// Whatever somebody types is text on every screen that shows it.

import assert from "node:assert/strict";
import * as app from "./support.mjs";

/** Each way in which a text has become a program somewhere; all of them would mark the page. */
const HOSTILE = [
  "<img src=x onerror=\"window.marked='img'\">",
  "<svg onload=\"window.marked='svg'\"></svg>",
  "</textarea></script><script>window.marked='script'</script>",
  "\"><b data-marked onmouseover=\"window.marked='b'\">",
  "javascript:window.marked='link'",
  "{{constructor.constructor('window.marked=1')()}}",
];
/** What turns a text's direction, cuts lines or hides, and what a table would take for a formula. */
const ODD = ["\u202e\u2066אבג", "\u0000\u0007\u200b", "=HYPERLINK(\"http://x\",\"y\")", "@SUM(A1)", "😀👨‍👩‍👧‍👦"];

app.journey("what is typed into a field is shown as it was typed, and never run", async (stage) => {
  const server = await stage.server();
  const tablet = await stage.device(server, { viewport: app.TABLET });
  const page = await app.signedIn(tablet, server, app.PATROL);
  const words = (n) => HOSTILE[n % HOSTILE.length];
  const fields = {
    category: app.LEAK.category,
    matter: words(0),
    customer: words(1),
    phone: app.LEAK.phone,
    address: words(3),
    remark: HOSTILE.concat(ODD).join(" "),
  };
  await page.goto("/record");
  await app.fillForm(page, { category: fields.category });
  for (const [id, text] of Object.entries(fields)) {
    if (id !== "category") await page.locator(`#${id}`).fill(text);
  }
  // A draft comes back as it was typed.
  await app.until("the draft is kept", () => app.isStored(page, ODD[0]));
  await page.reload();
  await page.locator("#matter").waitFor();
  assert.equal(await page.locator("#matter").inputValue(), fields.matter);
  await page.locator('[data-next="hand-over"]').click();
  const id = await app.untilOnCase(page);
  await assertShown(page, [fields.matter, fields.customer, fields.address]);
  await app.untilDelivered(page);

  const desk = await stage.device(server, { viewport: app.TABLET, locale: "en" });
  const office = await app.signedIn(desk, server, app.HEAD_OF_ENGINEERING);
  await office.locator(`.case-row[href="/case/${id}"]`).first().waitFor();
  await assertShown(office, [fields.matter]);
  await app.openCase(office, id);
  await assertShown(office, [fields.matter, fields.customer, fields.address]);
  await app.act(office, "return", { text: words(2) });
  await assertShown(office, [words(2)]);
  await app.untilDelivered(office);

  await app.openCase(page, id);
  await page.getByText(words(2), { exact: false }).first().waitFor();
  await assertShown(page, [words(2)]);
  await page.goto("/search");
  await page.locator("input[type=search]").fill(fields.matter.slice(0, 8));
  await page.locator(`.case-row[href="/case/${id}"]`).first().waitFor();
  await assertShown(page, [fields.matter]);
  await page.locator("input[type=search]").fill(words(5));
  await assertNothingRan(page);
  // On paper as well.
  await app.openCase(page, id);
  await page.emulateMedia({ media: "print" });
  await assertShown(page, [fields.matter, words(2)]);
  // What is looked for would be found.
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<b data-marked></b>"));
  await assert.rejects(assertNothingRan(page));
});

app.journey("what an address says is shown as text or not at all", async (stage) => {
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  for (const it of HOSTILE) {
    const said = encodeURIComponent(it);
    for (const address of [`/case/${said}`, `/search?q=${said}`, `/?show=${said}`, `/record?draft=${said}`, `/${said}`]) {
      await page.goto(address);
      await page.locator("main").first().waitFor();
      await assertNothingRan(page);
    }
  }
});

async function assertShown(page, texts) {
  const shown = await page.evaluate(() => document.body.innerText);
  const plain = (it) => it.replace(/\s+/g, " ");
  for (const it of texts) assert.ok(plain(shown).includes(plain(it)), `${it} is not shown in: ${shown}`);
  await assertNothingRan(page);
}

/** A refused script would stand in the console too, and fail the journey. */
async function assertNothingRan(page) {
  const found = await page.evaluate(() => {
    const links = [...document.querySelectorAll("a[href], [src], form[action]")];
    const isProgram = (it) => /^\s*javascript:/i.test(it.getAttribute("href") ?? it.getAttribute("src") ?? it.action ?? "");
    return {
      marked: window.marked ?? null,
      elements: document.querySelectorAll("[data-marked], img[src=x], svg[onload], [onerror], [onmouseover]").length,
      links: links.filter(isProgram).length,
    };
  });
  assert.deepEqual(found, { marked: null, elements: 0, links: 0 });
}
