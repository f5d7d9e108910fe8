// Takes the main screens in every size, appearance and language; for eyes, not a test.
//
//   SHOUWEN_URL=http://127.0.0.1:8080 node tests/browser/screenshots.mjs OUT
//
// The server has to be a fresh demonstration. Whoever signs in here records cases there.

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
  for (const locale of ["zh-CN", "en"]) await takeAll(browser, locale);
} finally {
  await browser.close();
}

async function takeAll(browser, locale) {
  const device = await browser.newContext({ baseURL: URL_OF_SERVER, locale, viewport: SIZES[0] });
  const page = await device.newPage();
  await page.goto("/");
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
