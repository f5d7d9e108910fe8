// Takes the main screens in every size, appearance and language; for eyes, not a test.
//
//   SHOUWEN_URL=http://127.0.0.1:8080 node tests/browser/screenshots.mjs OUT
//
// The server has to be a fresh demonstration. Whoever signs in here records cases there. After `cargo xtask demo`
// its cases stand at every stage, and every sheet that somebody can open is taken as well, on a phone and a tablet.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import * as app from "./support.mjs";

const URL_OF_SERVER = process.env.SHOUWEN_URL ?? "http://127.0.0.1:8080";
const OUT = process.argv[2];
const PIN_OF_PATROL = "100013";
const SIZES = [
  { width: 390, height: 844 },
  { width: 360, height: 640 },
  { width: 1024, height: 768 },
  { width: 1440, height: 900 },
];
const [PHONE, , TABLET] = SIZES;
/** Who opens sheets, with their PIN. */
const PEOPLE = [
  ["林志远", "100001"],
  ["高芸", "100002"],
  ["刘敏", "100003"],
  ["张晓燕", "100004"],
  ["李娜", "100005"],
  ["陈工", "100008"],
  ["赵军", "100009"],
  ["钱伟", "100010"],
  [app.PATROL, PIN_OF_PATROL],
  ["徐文博", "100021"],
];
/** Acts that open a sheet; the others are done with one tap. */
const ASKING = new Set([
  "hand-over", "answer-at-once", "name-handler", "return", "reply", "tell", "visit", "confirm-asked", "consent",
  "waive-visit", "report-to-coordination", "name-lead", "answer-as-leader", "instruct", "check-result", "publish-answer",
  "report-to-authority", "tell-delay", "reply-outer", "emergency-passed-on", "emergency-on-site", "emergency-rescuer",
  "emergency-director", "emergency-over",
]);
const GUARDED = new Set(["answer-at-once", "reply", "tell", "return"]);
const CASES = [
  [app.LEAK, "hand-over"],
  [{ category: "lift", matter: "电梯停在3层，门打不开", address: "2-1", customer: "李先生", phone: "13900139000" }, "hand-over"],
  [{ category: "parking", matter: "车位被占", address: "地下车库 B2-118", customer: "陈女士", phone: "13700137000" }, "keep"],
  [{ category: "order-noise", matter: "夜间施工噪音", address: "5-1-702", customer: "", phone: "", remark: "客人不愿留姓名" }, "keep"],
  [{ category: "fees", matter: "想知道今年物业费怎么交、可不可以分期", address: "1-2-301", customer: "孙先生", phone: "13600136000" }, "keep"],
];

if (!OUT) {
  console.error("Usage: SHOUWEN_URL=http://127.0.0.1:8080 node tests/browser/screenshots.mjs OUT");
  process.exit(2);
}

await mkdir(OUT, { recursive: true });
const browser = await chromium.launch(app.launchOptions());
try {
  for (const locale of ["zh-CN", "en"]) {
    await takeAll(browser, locale);
    await takeSheets(browser, locale);
  }
} finally {
  await browser.close();
}

async function takeAll(browser, locale) {
  const device = await browser.newContext({ baseURL: URL_OF_SERVER, locale, viewport: SIZES[0] });
  const page = await device.newPage();
  await page.goto("/");
  await page.locator("#join-code").waitFor();
  await inEverySize(page, locale, "0-join");
  await page.locator("#join-code").fill(app.DEMO_CODE);
  await page.locator(".join-form button[type=submit]").click();
  await page.locator(".person").first().waitFor();
  await inEverySize(page, locale, "1-sign-in");
  await app.choosePerson(page, app.PATROL);
  await page.locator("#pin").waitFor();
  await inEverySize(page, locale, "2-pin");
  await app.enterPin(page, PIN_OF_PATROL);
  await page.getByTestId("person").waitFor();
  await inEverySize(page, locale, "3-empty-list");

  const ids = [];
  for (const [fields, next] of CASES) ids.push(await app.record(page, fields, next));
  await page.goto("/record");
  await app.fillForm(page, { ...app.LEAK, phone: "123" });
  await page.locator('[data-next="keep"]').click();
  await page.locator("#phone-error").waitFor();
  await inEverySize(page, locale, "5-record-form");
  await page.goto("/");
  await page.locator(".case-row").nth(CASES.length - 1).waitFor();
  await inEverySize(page, locale, "4-list");

  await app.openCase(page, ids[0]);
  const reckoning = app.dueCard(page, "reply");
  await reckoning.locator("summary").click();
  await inEverySize(page, locale, "6-case-with-reckoning", reckoning);
  await app.openCase(page, ids[2]);
  await app.press(page, "hand-over");
  await page.locator("dialog.sheet[open]").waitFor();
  await inEverySize(page, locale, "7-sheet");
  for (const path of ["/search", "/more"]) {
    await page.goto(path);
    await page.getByTestId("person").waitFor();
    await inEverySize(page, locale, `8-${path.slice(1)}`);
  }
  await device.close();
}

/** Every act that asks for something, each once: whoever can do it opens its sheet, and closes it again. */
async function takeSheets(browser, locale) {
  const seen = new Set();
  const take = async (page, screen) => {
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    for (const size of [PHONE, TABLET]) {
      await page.setViewportSize(size);
      await page.screenshot({ path: join(OUT, `${screen}-${size.width}x${size.height}-${locale}.png`) });
    }
  };
  for (const [name, pin] of PEOPLE) {
    const device = await browser.newContext({ baseURL: URL_OF_SERVER, locale, viewport: TABLET });
    const page = await device.newPage();
    await page.goto(`/#join=${app.DEMO_CODE}`);
    await app.signIn(page, name, pin);
    // All cases are there, so that none is drawn anew under the hand.
    await page.locator('.sync-line[data-sync="synced"]').waitFor({ timeout: 120_000 });
    await take(page, `9-list-${pin}`);
    await page.goto("/?show=site");
    await page.locator(".case-row").first().waitFor();
    const cases = await page.locator('.case-row[href^="/case/"]').evaluateAll((all) => all.map((it) => it.pathname));
    for (const path of new Set(cases)) {
      await page.goto(path);
      await page.locator(".case-head").waitFor();
      const joined = page.locator('.note a[href^="/case/"]');
      if ((await joined.count()) > 0 && !seen.has("joined")) {
        seen.add("joined");
        await take(page, "9-joined");
      }
      const acts = await page.locator("button[data-act]:enabled").evaluateAll((all) => all.map((it) => it.dataset.act));
      for (const act of acts.filter((it) => ASKING.has(it) && !seen.has(it))) {
        seen.add(act);
        await page.setViewportSize(TABLET);
        await app.press(page, act);
        const sheet = page.locator(`dialog[data-act="${act}"]`);
        await sheet.waitFor();
        await take(page, `9-sheet-${act}`);
        const text = sheet.locator("#act-text");
        if (GUARDED.has(act)) {
          await text.fill("您好，这个不归我们管，我也不清楚。");
          await sheet.locator(".phrase").first().waitFor();
          await take(page, `9-sheet-${act}-phrase`);
          await text.fill("");
        }
        await sheet.locator(".sheet-close").click();
        await sheet.waitFor({ state: "detached" });
      }
    }
    if (pin === PIN_OF_PATROL) await takeDialogs(page, take);
    await device.close();
  }
  console.log(locale, "sheets nobody could open:", [...ASKING].filter((it) => !seen.has(it)).join(" ") || "none");
}

async function takeDialogs(page, take) {
  await page.goto("/");
  await page.locator(".emergency").click();
  await page.locator("dialog.sheet[open]").waitFor();
  await take(page, "9-emergency");
  await page.keyboard.press("Escape");
  await page.getByTestId("person").click();
  await take(page, "9-person-menu");
  await page.goto("/search");
  for (const query of ["", "装修", "停车", "王"]) {
    await page.locator("#search").fill(query);
    await page.locator('.field-hint[role="status"]').waitFor();
    await take(page, `9-search-${query || "empty"}`);
  }
}

async function inEverySize(page, locale, screen, inView) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await inView?.evaluate((it) => it.scrollIntoView());
      const name = `${screen}-${size.width}x${size.height}-${colorScheme}-${locale}.png`;
      await page.screenshot({ path: join(OUT, name) });
    }
  }
}
