// What every journey needs: the real server, a real browser, devices to hold, and hands to work them.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readlink, rm } from "node:fs/promises";
import { get } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const ROOT = new URL("../../", import.meta.url);
const SERVER = process.env.SHOUWEN_SERVER ?? new URL("target/debug/shouwen-server", ROOT).pathname;
const CHROMIUM = process.env.SHOUWEN_CHROMIUM ?? "/usr/bin/chromium";
export const DIST = process.env.SHOUWEN_DIST ?? new URL("dist", ROOT).pathname;

export const PHONE = { width: 390, height: 844 };
export const TABLET = { width: 1024, height: 768 };
/** With which every device joins the demonstration. */
export const DEMO_CODE = "DEMO-DEMO-DEMO";
export const PATROL = "王建国";
export const HEAD_OF_ENGINEERING = "陈工";
export const TECHNICIAN = "钱伟";
/** Of the coordinating department and of quality control, who see every case. */
export const ADMINISTRATOR = "高芸";
export const SEE_THE_SITE = [ADMINISTRATOR, "潘悦", "徐文博"];

const PATIENCE_MS = 30_000;
const TEST_LASTS_MS = 420_000;
// The second one where a page that was just opened was about to fetch the service worker.
const NO_NETWORK = /^Failed to load resource: net::ERR_|^An unknown error occurred when fetching the script\.$/;
const SAID_NO = /^Failed to load resource: the server responded with a status of 4/;

/** A test with a stage of its own; any error that the browser or the server reports fails it. */
export function journey(name, body, options = {}) {
  test(name, { timeout: TEST_LASTS_MS, ...options }, async () => {
    const stage = new Stage();
    try {
      await body(stage);
      assert.deepEqual(stage.troubles(), [], "the browser or the server reported errors");
    } catch (error) {
      console.error(`${name}, when it failed:\n${await stage.seen()}`);
      throw error;
    } finally {
      await stage.close();
    }
  });
}

/** Everything that a test starts, so that all of it ends. */
export class Stage {
  #servers = [];
  #contexts = [];
  #browser;
  #folders = [];
  #troubles = [];
  #expected = [];

  async server(options = {}) {
    const data = await this.folder("data");
    const server = new Server({ port: await freePort(), data, dist: DIST, ...options });
    this.#servers.push(server);
    await server.start();
    return server;
  }

  async browser() {
    this.#browser ??= await chromium.launch(launchOptions(this.#believed()));
    return this.#browser;
  }

  /** The certificates that the servers gave themselves, as an office tells its devices to believe them. */
  #believed() {
    return this.#servers.flatMap((it) => it.tls?.keyHash ?? []);
  }

  /** A device of its own: nothing is shared with another one but the server. */
  async device(server, { viewport = PHONE, locale = "zh-CN", ...options } = {}) {
    const browser = await this.browser();
    const context = await browser.newContext({ viewport, locale, baseURL: server.url, ...options });
    return this.adopt(context);
  }

  /** A browser process of its own over a profile that outlives it. */
  async process(server, profile, { viewport = PHONE, locale = "zh-CN", args = [] } = {}) {
    const options = { ...launchOptions(this.#believed()), viewport, locale, baseURL: server.url };
    options.args.push(...args);
    const context = this.adopt(await chromium.launchPersistentContext(profile, options));
    return { context, page: context.pages()[0] ?? (await context.newPage()) };
  }

  adopt(context) {
    context.setDefaultTimeout(PATIENCE_MS);
    context.on("console", (message) => {
      if (message.type() === "error") this.#report(message.text());
    });
    context.on("weberror", (error) => this.#report(String(error.error()?.stack ?? error.error())));
    this.#contexts.push(context);
    return context;
  }

  async folder(name) {
    const folder = await mkdtemp(join(tmpdir(), `shouwen-${name}-`));
    this.#folders.push(folder);
    return folder;
  }

  /** The test takes the network away. */
  expectNoNetwork() {
    this.expect(NO_NETWORK);
  }

  /** The test provokes a refusal by the server. */
  expectRefusal() {
    this.expect(SAID_NO);
  }

  expect(pattern) {
    this.#expected.push(pattern);
  }

  troubles() {
    const unexpected = (it) => !this.#expected.some((pattern) => pattern.test(it));
    return [...this.#troubles, ...this.#servers.flatMap((it) => it.errors)].filter(unexpected);
  }

  /** What every page shows and what was reported, for whoever looks for the cause of a failure. */
  async seen() {
    const pages = this.#contexts.flatMap((it) => it.pages());
    const shown = pages.map(async (page) => {
      const text = page.locator("body").innerText({ timeout: 2_000 });
      return `${page.url()}\n${await text.catch((error) => error.message)}`;
    });
    return [...(await Promise.all(shown)), ...this.troubles()].join("\n---\n");
  }

  async close() {
    await Promise.allSettled(this.#contexts.map((it) => it.close()));
    await this.#browser?.close();
    await Promise.all(this.#servers.map((it) => it.kill()));
    await Promise.all(this.#folders.map((it) => rm(it, { recursive: true, force: true, maxRetries: 5 })));
  }

  #report(text) {
    this.#troubles.push(text);
  }
}

/** The real program over a folder of its own; its address stays the same when it is started again. */
class Server {
  errors = [];
  #log = [];
  #process;
  #printed = "";
  #data;
  #words;

  /** `tls`: a certificate, as `selfMade` makes it. */
  constructor({ port, data, dist, tls }) {
    this.#data = data;
    this.tls = tls;
    this.url = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
    this.#words = ["--listen", `127.0.0.1:${port}`, "--data", data, "--dist", dist, "--demo"];
    if (tls) this.#words.push("--tls-certificate", tls.certificate, "--tls-key", tls.key);
  }

  /** `site`: a directory in place of the demonstration's, whose PINs are kept. */
  async start({ site } = {}) {
    const words = site ? [...this.#words.filter((it) => it !== "--demo"), "--site", site] : this.#words;
    if (!site) this.#printed = "";
    const process = spawn(SERVER, words, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = process;
    process.stdout.setEncoding("utf8").on("data", (text) => (this.#printed += text));
    this.#collectErrors(process);
    await this.#untilItAnswers();
  }

  /** As when the power fails. */
  async kill() {
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, "exit");
    process.kill("SIGKILL");
    await ended;
  }

  /** Has the program do something with its database, beside the server or without it. */
  async order(...words) {
    const { stdout } = await promisify(execFile)(SERVER, [...words, "--data", this.#data]);
    return stdout;
  }

  /** Until it has noticed something by itself, and logged it. */
  async hasLogged(words) {
    await until(`the server logs "${words}"`, () => this.#log.some((it) => it.includes(words)));
  }

  /** The path with which a device joins the demonstration, wherever it reaches the server. */
  get joining() {
    const path = this.#printed.match(/open https?:\/\/[^/]+(\/#join=\S+)/)?.[1];
    assert.ok(path, "the server prints no link to join with");
    return path;
  }

  /** A code, as head office gives it out: to be typed, or as a link. */
  async invite(...words) {
    const said = await this.inviting(...words);
    const code = said.match(words.includes("--link") ? /http\S+#join=\S+/ : /[0-9A-Z]{4}(-[0-9A-Z]{4}){2}/)?.[0];
    assert.ok(code, `no code in: ${said}`);
    return code;
  }

  /** The same with everything that the terminal shows. */
  inviting(...words) {
    return this.order("admin", "invite", "--demo", ...words);
  }

  /** A person's PIN, from the table that the server prints. */
  pin(name) {
    const line = this.#printed.split("\n").find((it) => it.trim().startsWith(`${name} `));
    const pin = line?.trim().split(/\s+/).at(-1);
    assert.match(pin ?? "", /^\d{6}$/, `the table names no PIN of ${name}`);
    return pin;
  }

  #collectErrors(process) {
    let rest = "";
    process.stderr.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      this.#log.push(...lines);
      this.errors.push(...lines.filter((it) => it.includes('"level":"ERROR"') || it.startsWith("error:")));
    });
  }

  async #untilItAnswers() {
    await until("the server answers", async () => {
      assert.equal(this.#process.exitCode, null, `the server ended: ${this.errors.join("\n")}`);
      return /PIN\n(?:.+\n)+\n/.test(this.#printed) && (await answers(`${this.url}/healthz`, this.tls));
    });
  }
}

async function answers(url, tls) {
  try {
    if (!tls) return (await fetch(url)).ok;
    const [answer] = await once(get(url, { ca: tls.pem, agent: false }), "response");
    answer.resume();
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}

export async function until(what, condition, patience_ms = PATIENCE_MS) {
  const end = performance.now() + patience_ms;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

export function launchOptions(keyHashes = []) {
  return {
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...(keyHashes.length ? [`--ignore-certificate-errors-spki-list=${keyHashes}`] : []),
    ],
  };
}

/** Kills a browser process over a profile at once, with everything that it started. */
export async function killBrowser(profile) {
  const pid = await browserOf(profile);
  process.kill(-pid, "SIGKILL");
  await until("the browser is gone", () => !isRunning(pid));
}

/** The process over a profile, which leads a process group of its own. */
export async function browserOf(profile) {
  // Chromium notes its host and process here.
  return Number((await readlink(join(profile, "SingletonLock"))).split("-").at(-1));
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What the app says, in one of its languages. */
export async function wordsOf(locale) {
  const code = locale.startsWith("en") ? "en" : "zh-CN";
  const file = new URL(`src/wording/locales/${code}.json`, ROOT);
  const words = JSON.parse(await readFile(file, "utf8"));
  return (key, values = {}) => {
    const found = key.split(".").reduce((part, name) => part?.[name], words);
    assert.equal(typeof found, "string", `${code}.json has no ${key}`);
    return found.replace(/%\{(\w+)\}/g, (_, name) => values[name]);
  };
}

/** A page of the app's origin with nothing in it. */
export async function blankPage(device) {
  const page = await device.newPage();
  const body = '<!doctype html><link rel="icon" href="data:,"><title>blank</title>';
  await page.route("**/blank", (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto("/blank");
  return page;
}

export async function choosePerson(page, name) {
  await page.locator(".person").filter({ has: page.getByText(name, { exact: true }) }).click();
}

export async function enterPin(page, pin) {
  await page.locator("#pin").fill(pin);
  await page.locator(".sign-in-pin button[type=submit]").click();
}

/** Where the browser was ended, nobody has the keys any more: who was here is asked for the PIN. */
export async function unlock(page, server, name) {
  const person = page.getByTestId("person");
  await page.locator("#pin").or(person).first().waitFor();
  if (await person.count()) return;
  await enterPin(page, server.pin(name));
  await person.waitFor();
}

export async function signIn(page, name, pin) {
  await choosePerson(page, name);
  await enterPin(page, pin);
  await page.getByTestId("person").waitFor();
}

/** Opens the app on a device and signs a person in. */
export async function signedIn(device, server, name) {
  const page = await device.newPage();
  await page.goto(server.joining);
  await signIn(page, name, server.pin(name));
  return page;
}

export async function switchPerson(page, server, name) {
  await page.goto("/");
  await page.getByTestId("person").click();
  await page.locator(".menu-item").first().click();
  await signIn(page, name, server.pin(name));
}

/** Until the program stands in the device's cache and a worker serves it from there. */
export async function untilCached(page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
}

export const LEAK = {
  category: "water-leak",
  matter: "厨房漏水",
  address: "3-2-1502",
  customer: "赵女士",
  phone: "13800138000",
};

export async function fillForm(page, { category, ...texts }) {
  if (category) await page.locator("#category").selectOption(category);
  for (const [id, text] of Object.entries(texts)) await page.locator(`#${id}`).fill(text);
}

/** Records a case and returns its id; `next` is what happens to it at once. */
export async function record(page, fields, next) {
  await page.goto("/record");
  await fillForm(page, fields);
  await page.locator(`[data-next="${next}"]`).click();
  return untilOnCase(page);
}

export async function untilOnCase(page) {
  await page.waitForURL(/\/case\/[^/?]+$/);
  await page.locator(".case-head").waitFor();
  return new URL(page.url()).pathname.split("/").at(-1);
}

export async function openCase(page, id) {
  await page.goto(`/case/${id}`);
  await page.locator(".case-head").waitFor();
}

/** Presses an act's button, wherever it stands. */
export async function press(page, act) {
  const button = page.locator(`button[data-act="${act}"]`);
  await button.waitFor({ state: "attached" });
  if (!(await button.isVisible())) await page.locator('[data-testid="other-acts"] > summary').click();
  await button.click();
}

/** Presses an act's button, fills what it asks for, and signs. */
export async function act(page, name, { text, person, department, choices = [] } = {}) {
  await press(page, name);
  const sheet = page.locator(`dialog[data-act="${name}"]`);
  await sheet.waitFor();
  if (department) await sheet.locator("#act-department").selectOption(department);
  if (person) await sheet.locator("#act-person").selectOption(person);
  for (const choice of choices) await sheet.getByRole("radio", { name: choice, exact: true }).check();
  if (text) await sheet.locator("#act-text").fill(text);
  await sheet.locator("button[type=submit]").click();
  await sheet.waitFor({ state: "detached" });
}

/** Until head office has answered for everything that was saved on the device. */
export async function untilDelivered(page, patience_ms = 120_000) {
  await page.locator('.sync-line[data-owed="0"]').waitFor({ timeout: patience_ms });
}

export async function owed(page) {
  return Number(await page.locator(".sync-line").getAttribute("data-owed"));
}

export function dueCard(page, deadline) {
  return page.locator(`.due-card[data-deadline="${deadline}"]`);
}

/** When something is due, in milliseconds since 1970. */
export async function due(page, deadline) {
  return Number(await dueCard(page, deadline).getAttribute("data-due"));
}

/**
 * What a store on the device holds, or all of them, each record as one character a byte: opened with the keys of whoever is
 * signed in, which the service worker keeps, or as it lies there.
 */
export async function recordsOf(page, store, { sealed = false } = {}) {
  return (await page.evaluate(openedRecords, [store, sealed])).map((it) => it.record);
}

/** All of them, each with its store and key. */
export function everything(page) {
  return page.evaluate(openedRecords, [null, false]);
}

async function openedRecords([only, sealed]) {
  const answer = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const keptBy = (worker) =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = (event) => resolve(event.data);
      worker.postMessage({ type: "keys" }, [port2]);
    });
  const text = new TextEncoder();
  const boundTo = (store, key) => {
    const number = new Uint8Array(8);
    if (typeof key === "number") new DataView(number.buffer).setBigUint64(0, BigInt(key));
    const parts = [text.encode(`shouwen/record/1\0${store}\0`), typeof key === "number" ? number : text.encode(key)];
    return new Uint8Array(parts.flatMap((it) => [...it]));
  };
  const registration = await navigator.serviceWorker?.getRegistration();
  const workers = [registration?.active, registration?.waiting, registration?.installing].filter(Boolean);
  const keys = sealed ? [] : (await Promise.all(workers.map(keptBy))).filter(Boolean);
  // What lies plainly may begin with any byte.
  const isPlain = (store, key) =>
    ["files", "letters"].includes(store) ||
    (store === "meta" && key !== 1) ||
    (store === "named" && !key.startsWith("drafts/"));
  const opened = async (store, key, record) => {
    if (record[0] !== 0xfe || isPlain(store, key) || keys.length === 0) return record;
    const additionalData = boundTo(store, key);
    const algorithm = { name: "AES-GCM", iv: record.slice(1, 13), additionalData };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, keys[0].content, record.slice(13)));
  };
  const database = await answer(indexedDB.open("shouwen"));
  const all = [];
  for (const store of only ? [only] : [...database.objectStoreNames]) {
    const from = database.transaction(store).objectStore(store);
    const [keys, records] = await Promise.all([answer(from.getAllKeys()), answer(from.getAll())]);
    const bytes = await Promise.all(records.map((it, n) => opened(store, keys[n], it)));
    const characters = (it) => Array.from(it, (byte) => String.fromCharCode(byte)).join("");
    all.push(...bytes.map((it, n) => ({ at: `${store} ${keys[n]}`, record: characters(it) })));
  }
  database.close();
  return all;
}

/** Whether words stand in anything that the device stores. */
export async function isStored(page, words) {
  const wanted = Buffer.from(words).toString("latin1");
  return (await recordsOf(page)).some((it) => it.includes(wanted));
}

/** A civil time of the site, as an instant: China knows no other offset. */
export function siteTime(civil) {
  return Date.parse(`${civil.replace(" ", "T")}:00+08:00`);
}
