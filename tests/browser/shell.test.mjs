// Around the app: how it is served, installed, updated, opened by a browser that cannot run it, and entered.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from "node:zlib";
import { Network } from "./chaos/network.mjs";
import * as app from "./support.mjs";
import { addMissing, copyOfDist, publishVersion } from "./versions.mjs";

/** Whoever joins asks for the site's texts at the first contacts as well, for so long at most. */
const BY_ITSELF_MS = 3_000;

app.journey("the app can be installed: its manifest and icons answer", async (stage) => {
  const server = await stage.server();
  const answer = await fetch(`${server.url}/manifest.webmanifest`);
  assert.match(answer.headers.get("content-type"), /^application\/manifest\+json/);
  const manifest = await answer.json();
  assert.equal(manifest.display, "standalone");
  assert.equal(manifest.start_url, "/");
  const sizes = manifest.icons.map((it) => it.sizes);
  for (const needed of ["192x192", "512x512"]) assert.ok(sizes.includes(needed), sizes.join());
  for (const icon of manifest.icons) {
    const found = await fetch(new URL(icon.src, `${server.url}/`));
    assert.equal(found.status, 200, icon.src);
    assert.equal(found.headers.get("content-type"), icon.type);
  }

  const device = await stage.device(server);
  const page = await device.newPage();
  await page.goto("/");
  const browser = await device.newCDPSession(page);
  assert.deepEqual((await browser.send("Page.getAppManifest")).errors, []);
});

test("nobody drives what people get: that is built apart, to be measured", async () => {
  const files = (await readdir(app.DIST)).filter((it) => /\.(js|wasm|html)$/.test(it));
  assert.ok(files.some((it) => it.endsWith(".wasm")), files.join());
  for (const it of files) assert.ok(!(await readFile(join(app.DIST, it))).includes("__bench"), it);
});

app.journey("no script may run that the app did not bring as a file", async (stage) => {
  const server = await stage.server();
  for (const path of ["/", "/case/any", "/sw.js", "/healthz", "/api/site", "/missing.js"]) {
    const { headers } = await fetch(server.url + path);
    const policy = headers.get("content-security-policy");
    const words = policy.split(/[\s;]+/);
    assert.ok(words.includes("'self'"), path);
    assert.ok(!words.includes("'unsafe-eval'"), path);
    assert.ok(!words.includes("'unsafe-inline'"), path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
  }

  const device = await stage.device(server);
  stage.expect(/Content Security Policy|'unsafe-inline'/);
  const page = await device.newPage();
  await page.goto("/");
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.head.append(script);
    return Boolean(window.ran);
  });
  assert.equal(ran, false);
});

app.journey("the program is sent as small as the browser can read it", async (stage) => {
  const dist = await copyOfDist(stage);
  const wasm = (await readdir(dist)).find((it) => it.endsWith(".wasm"));
  const whole = await readFile(join(dist, wasm));
  await addMissing(join(dist, `${wasm}.gz`), () => gzipSync(whole, { level: 1 }));
  await addMissing(join(dist, `${wasm}.br`), () => quickBrotli(whole));
  const server = await stage.server({ dist });

  const same = (it) => it;
  const variants = [
    ["gzip, deflate, br, zstd", "br", brotliDecompressSync],
    ["gzip", "gzip", gunzipSync],
    ["identity", undefined, same],
  ];
  for (const [accepted, sent, unpacked] of variants) {
    const { headers, body } = await fetchRaw(`${server.url}/${wasm}`, { "accept-encoding": accepted });
    assert.equal(headers["content-encoding"], sent);
    assert.equal(headers["content-type"], "application/wasm");
    assert.match(headers["cache-control"], /immutable/);
    assert.ok(unpacked(body).equals(whole), `${accepted} unpacks to the same program`);
  }
  const worker = await fetchRaw(`${server.url}/sw.js`, {});
  assert.equal(worker.headers["cache-control"], "no-cache");
});

for (const locale of ["zh-CN", "en"]) {
  app.journey(`a new version waits until somebody says so, ${locale}`, async (stage) => {
    const say = await app.wordsOf(locale);
    const dist = await copyOfDist(stage);
    const server = await stage.server({ dist });
    const device = await stage.device(server, { locale });
    const page = await app.signedIn(device, server, app.PATROL);
    await app.untilCached(page);
    const [first] = await cacheNames(page);

    await publishVersion(dist, "second");
    await page.evaluate(askForUpdate);
    const banner = page.locator('.banner[data-kind="info"]');
    await banner.waitFor();
    assert.equal(await banner.locator(".banner-text").innerText(), say("update.ready"));

    await page.reload();
    await banner.waitFor();
    assert.equal(await isSecondVersion(page), false, "a reload changes nothing");
    assert.deepEqual(await cacheNames(page), [first, `${first}-second`]);

    await page.evaluate(keepAsking);
    await banner.getByRole("button", { name: say("update.now") }).click();
    await page.locator('html > head > meta[name="second"]').waitFor({ state: "attached" });
    await page.getByTestId("person").waitFor();
    assert.equal(await page.locator('.banner[data-kind="info"]').count(), 0);
    await app.until("the older one is gone", async () => (await cacheNames(page)).length === 1);
    assert.deepEqual(await cacheNames(page), [`${first}-second`]);
  });
}

/** As a device does that delivers a morning's work: a version that is to go must not be started anew by that. */
function keepAsking() {
  setInterval(() => fetch("/healthz").catch(() => {}), 5);
}

app.journey("the program is loaded once: by the first visit, and by each opening", async (stage) => {
  const server = await stage.server();
  const network = new Network(server.url, 1);
  await network.open();
  try {
    const device = await stage.device({ url: network.url });
    const page = await device.newPage();
    await page.goto("/");
    await app.untilCached(page);
    const files = await page.evaluate(namesOfProgram);
    assert.equal(files.length, 2, files.join());
    for (const file of files) {
      const { size } = await stat(join(app.DIST, `${file}.br`));
      assert.equal(network.n_bytes.get(`/${file}`), size, file);
    }
    await page.reload();
    await page.locator(".boot").waitFor({ state: "detached" });
    assert.deepEqual(await page.evaluate(namesOfProgram), files);
  } finally {
    network.close();
  }
});

/** Of each time that the page asked for a file named by its hash, script or program. */
function namesOfProgram() {
  const asked = performance.getEntriesByType("resource").map((it) => new URL(it.name).pathname.slice(1));
  return asked.filter((it) => /-[0-9a-f]+(_bg)?\.(js|wasm)$/.test(it)).sort();
}

app.journey("a version that comes while another takes over keeps what it has of the program", async (stage) => {
  const dist = await copyOfDist(stage);
  const server = await stage.server({ dist });
  const network = new Network(server.url, 1);
  await network.open();
  try {
    const device = await stage.device({ url: network.url });
    const page = await app.signedIn(device, server, app.PATROL);
    await app.untilCached(page);
    const [first] = await cacheNames(page);
    await publishVersion(dist, "second");
    await page.evaluate(askForUpdate);
    const banner = page.locator('.banner[data-kind="info"]').getByRole("button");
    await banner.waitFor();

    await publishVersion(dist, "third");
    const held = network.hold("/start.js");
    page.evaluate(askForUpdate).catch(() => {});
    await held.asked;
    await banner.click();
    await page.locator('html > head > meta[name="second"]').waitFor({ state: "attached" });
    await page.getByTestId("person").waitFor();
    held.release();
    await banner.waitFor();
    assert.deepEqual(await cacheNames(page), [`${first}-second`, `${first}-second-third`]);
  } finally {
    network.close();
  }
});

app.journey("a program that the browser threw away comes back with the network", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  const [first] = await cacheNames(page);
  const whole = await page.evaluate(bytesCached, first);
  await page.evaluate((name) => caches.delete(name), first);
  await page.reload();
  await app.until("all of it is kept again", async () => (await page.evaluate(bytesCached, first)) === whole);
  await server.kill();
  await page.reload();
  await page.getByTestId("person").waitFor();
});

app.journey("where a file of the program is missing and there is no network, the others stay", async (stage) => {
  stage.expectNoNetwork();
  const server = await stage.server();
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  await server.kill();
  const n_kept = await page.evaluate(async () => {
    const [name] = await caches.keys();
    const cache = await caches.open(name);
    await cache.delete("/manifest.webmanifest");
    await fetch("/manifest.webmanifest", { cache: "reload" }).catch(() => {});
    return (await cache.keys()).length;
  });
  assert.ok(n_kept > 0);
  await page.reload();
  await page.getByTestId("person").waitFor();
});

app.journey("a new version that arrives damaged leaves the running one whole", async (stage) => {
  stage.expectNoNetwork();
  stage.expect(/integrity/);
  const dist = await copyOfDist(stage);
  const server = await stage.server({ dist });
  const device = await stage.device(server);
  const page = await app.signedIn(device, server, app.PATROL);
  await app.untilCached(page);
  const before = await cacheNames(page);

  await publishVersion(dist, "second");
  for (const packed of ["start.js.br", "start.js.gz"]) await rm(join(dist, packed), { force: true });
  await writeFile(join(dist, "start.js"), "// half an upload");
  const state = await page.evaluate(untilUpdateEnds);
  assert.equal(state, "redundant");
  assert.deepEqual(await cacheNames(page), before);
  await server.kill();
  await page.reload();
  await page.getByTestId("person").waitFor();
  assert.equal(await page.locator('.banner[data-kind="info"]').count(), 0);
});

app.journey("a file that the browser has damaged is loaded anew, though head office calls it unchanged", async (stage) => {
  stage.expect(/integrity/);
  const dist = await copyOfDist(stage);
  const server = await stage.server({ dist });
  const network = new Network(server.url, 1);
  await network.open();
  try {
    for (const packed of ["start.js.br", "start.js.gz"]) await rm(join(dist, packed), { force: true });
    const file = join(dist, "start.js");
    const whole = await readFile(file);
    const { mtime } = await stat(file);
    const serve = async (content) => {
      await writeFile(file, content);
      await utimes(file, mtime, mtime);
    };

    const damaged = `${whole}// too much`;
    await serve(damaged);
    const device = await stage.device({ url: network.url });
    const page = await device.newPage();
    await page.goto("/");
    // By the page, and by the worker, which refuses it.
    await app.until("it was loaded twice", () => network.n_bytes.get("/start.js") === 2 * damaged.length);
    await serve(whole);
    await page.reload();
    await app.untilCached(page);
    assert.equal(await page.evaluate(() => fetch("/start.js").then((it) => it.text())), whole.toString());
  } finally {
    network.close();
  }
});

for (const [what, breakBrowser] of [
  ["has no WebAssembly", () => delete window.WebAssembly],
  ["has an older WebAssembly", () => (WebAssembly.validate = () => false)],
  ["has no layers in CSS", () => delete window.CSSLayerBlockRule],
]) {
  app.journey(`a browser that ${what} is asked to be updated, in both languages`, async (stage) => {
    const page = await openedIn(stage, breakBrowser);
    const text = await page.locator(".plain-page[role=alert]").innerText();
    assert.match(text, /请更新浏览器/);
    assert.match(text, /Please update your browser/);
    assert.equal(await page.locator(".boot").count(), 0);
  });
}

app.journey("a window that keeps nothing says so", async (stage) => {
  const page = await openedIn(stage, () => Object.defineProperty(window, "indexedDB", { value: undefined }));
  const text = await page.locator(".plain-page[role=alert]").innerText();
  assert.match(text, /这个窗口不能保存内容/);
  assert.match(text, /This window cannot keep data/);
});

app.journey("an address that is no page leads to the work list", async (stage) => {
  const server = await stage.server();
  const page = await app.signedIn(await stage.device(server), server, app.PATROL);
  await page.goto("/no/such/page");
  await page.locator(".empty-state").first().waitFor();
  assert.equal(page.url(), `${server.url}/`);
});

app.journey("without JavaScript the page says what to do", async (stage) => {
  const server = await stage.server();
  const device = await stage.device(server, { javaScriptEnabled: false });
  const page = await device.newPage();
  await page.goto("/");
  await page.getByRole("heading", { name: "请打开 JavaScript" }).waitFor();
  await page.getByRole("heading", { name: "Please allow JavaScript" }).waitFor();
});

for (const locale of ["zh-CN", "en"]) {
  app.journey(`a wrong PIN is named, with the network and without, ${locale}`, async (stage) => {
    stage.expectRefusal();
    stage.expectNoNetwork();
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const device = await stage.device(server, { locale });
    const page = await device.newPage();
    await page.goto(server.joining);
    await app.choosePerson(page, app.PATROL);
    await app.enterPin(page, "12345");
    await untilTold(page, say("sign_in.digits"));
    await app.enterPin(page, "999999");
    await untilTold(page, say("sign_in.wrong_online"));
    await app.enterPin(page, server.pin(app.PATROL));
    await page.getByTestId("person").waitFor();

    await leave(page);
    await server.kill();
    await app.choosePerson(page, app.PATROL);
    await app.enterPin(page, "999999");
    await untilTold(page, say("sign_in.wrong", { n: 9 }));
    await app.enterPin(page, "888888");
    await untilTold(page, say("sign_in.wrong", { n: 8 }));
  });

  app.journey(`signing in without a network works the second time, not the first, ${locale}`, async (stage) => {
    stage.expectNoNetwork();
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const device = await stage.device(server, { locale });
    const page = await app.signedIn(device, server, app.PATROL);
    await app.untilCached(page);
    await server.kill();
    await leave(page);
    await page.reload();

    await app.choosePerson(page, app.TECHNICIAN);
    await app.enterPin(page, server.pin(app.TECHNICIAN));
    await untilTold(page, say("sign_in.needs_network", { name: app.TECHNICIAN }));

    await page.getByRole("button", { name: say("sign_in.other") }).click();
    await app.signIn(page, app.PATROL, server.pin(app.PATROL));
  });

  app.journey(`a device that never heard of its site says so and tries again, ${locale}`, async (stage) => {
    stage.expectNoNetwork();
    const say = await app.wordsOf(locale);
    const server = await stage.server();
    const device = await stage.device(server, { locale });
    let asked = 0;
    await device.route("**/api/site", (route) => {
      asked = Date.now();
      return route.abort();
    });
    const page = await device.newPage();
    await page.goto(server.joining);
    await page.getByText(say("sign_in.no_site")).waitFor();
    await app.until("only a press asks again", () => Date.now() - asked > BY_ITSELF_MS);
    await device.unroute("**/api/site");
    await page.getByRole("button", { name: say("sign_in.retry") }).click();
    await app.signIn(page, app.PATROL, server.pin(app.PATROL));
  });
}

async function openedIn(stage, breakBrowser) {
  const server = await stage.server();
  const device = await stage.device(server);
  await device.addInitScript(breakBrowser);
  const page = await device.newPage();
  await page.goto("/");
  return page;
}

async function untilTold(page, text) {
  await page.getByRole("alert").getByText(text, { exact: true }).waitFor();
}

async function leave(page) {
  await page.getByTestId("person").click();
  await page.locator(".menu-item").first().click();
  await page.locator(".person").first().waitFor();
}

async function cacheNames(page) {
  return (await page.evaluate(() => caches.keys())).sort();
}

async function isSecondVersion(page) {
  return (await page.locator('meta[name="second"]').count()) > 0;
}

/** How much a cache holds; one that is being filled may name a file before it has all of it. */
async function bytesCached(name) {
  if (!(await caches.has(name))) return 0;
  const cache = await caches.open(name);
  const files = await Promise.all((await cache.keys()).map((it) => cache.match(it)));
  const bodies = await Promise.all(files.filter(Boolean).map((it) => it.arrayBuffer()));
  return bodies.reduce((sum, it) => sum + it.byteLength, 0);
}

async function askForUpdate() {
  await (await navigator.serviceWorker.getRegistration()).update();
}

async function untilUpdateEnds() {
  const registration = await navigator.serviceWorker.getRegistration();
  const found = new Promise((resolve) => (registration.onupdatefound = () => resolve(registration.installing)));
  registration.update().catch(() => {});
  const worker = await found;
  if (worker.state === "installing") await new Promise((resolve) => (worker.onstatechange = resolve));
  return worker.state;
}

function quickBrotli(bytes) {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
}

/** As it comes over the line; `fetch` would unpack it. */
async function fetchRaw(url, headers) {
  const [response] = await once(get(url, { headers }), "response");
  const parts = [];
  for await (const part of response) parts.push(part);
  return { headers: response.headers, body: Buffer.concat(parts) };
}
