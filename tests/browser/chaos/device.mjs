// A device with a person at it who goes on working whatever happens: a browser process over a profile of its own,
// behind a network of its own. What the page called saved goes into the ledger.

import { readFile, readdir } from "node:fs/promises";
import * as app from "../support.mjs";
import { delay } from "./chance.mjs";
import { atHeadOffice } from "./ledger.mjs";
import { Network } from "./network.mjs";

/** An act that is not called saved by then was not done; the words are in the form still. */
const SAVED_WITHIN_MS = 15_000;
/** With everything well again; whoever cannot go on by then is wedged. */
const USABLE_WITHIN_MS = 120_000;
/** For the other tab, while one is frozen. */
const PASSED_BY_WITHIN_MS = 20_000;
/** For a new version to be fetched from a server that dies again and again. */
const UPDATED_WITHIN_MS = 60_000;
const LONGEST_FREEZE_MS = 4_000;

export class Device {
  #run;
  #profile;
  #context;
  #onSaved = () => {};
  /** Its storage was cleared, and it has not been set up again. */
  #isBare = true;

  constructor(run, number, person, chance) {
    this.#run = run;
    this.number = number;
    this.person = person;
    this.chance = chance;
    this.network = new Network(run.server.url, run.seed * 100 + number);
  }

  /** What may happen on it, once each in every round. */
  get acts() {
    return {
      record: () => this.#record(this.page),
      answer: () => this.#answer(this.page),
      "killed while saving": () => this.#killedWhileSaving(),
      "killed when it said saved": () => this.#killedWhenSaved(),
      "killed while sending": () => this.#killedWhileSending(),
      "storage cleared": () => this.#cleared(),
      "two tabs": () => this.#twoTabs(),
      "a tab frozen": () => this.#frozen(),
      "the whole device asleep": () => this.#asleep(),
      "a new version": () => this.#updated(),
      "a bad network": () => this.network.become("bad"),
      "no network": () => this.network.become("none"),
      "flight mode": () => this.#flown(),
      "a good network": () => this.network.become("whole"),
    };
  }

  async open() {
    await this.network.open();
    this.#profile = await this.#run.stage.folder(`device${this.number}`);
    await this.start();
    await this.#setUp();
  }

  /** As on its first day: until it opens without a network. */
  async #setUp() {
    const isCached = () => this.page.evaluate(() => navigator.serviceWorker.controller?.state === "activated");
    do await this.#comeBack(this.page);
    while (!(await app.until("the program is kept", isCached, 10_000).then(() => true, () => false)));
    this.#isBare = false;
  }

  /** Starts the browser over the profile as it is. */
  async start() {
    const { stage } = this.#run;
    const { context, page } = await stage.process({ url: this.network.url }, this.#profile, { viewport: app.TABLET });
    await context.exposeBinding("noteSaved", (_, mark) => this.#noteSaved(mark));
    await context.addInitScript(watchToasts);
    this.#context = context;
    this.page = page;
    await this.#comeBack(page);
  }

  /** As when the system needs the memory. */
  async kill() {
    this.#run.counts.kills += 1;
    await app.killBrowser(this.#profile);
  }

  /** Everything well again, one tab left, and nobody touches it any more. Told so, the app does not wait its turn. */
  async heal({ isTold }) {
    if (isTold) await this.#context.setOffline(true);
    await this.#joinNetwork();
    for (const page of this.#context.pages()) if (page !== this.page) await page.close();
    await this.page.bringToFront();
  }

  close() {
    this.network.close();
  }

  #noteSaved(mark) {
    this.#run.ledger.noteSaved(mark);
    this.#onSaved(mark);
  }

  /** Until the app can be worked with, as whoever holds the device would go about it. */
  async #comeBack(page) {
    const end = performance.now() + USABLE_WITHIN_MS;
    for (;;) {
      try {
        await page.goto("/");
        const found = page.locator('[data-testid="person"], .person, #pin, #join-code, [data-testid="storage-fault"]').first();
        await found.waitFor({ timeout: 10_000 });
        if (await page.locator("#join-code").count()) await this.#join(page);
        if (await page.locator(".person, #pin").count()) await this.#signIn(page);
        await page.getByTestId("person").waitFor({ timeout: 1_000 });
        return;
      } catch (error) {
        if (page.isClosed()) throw error;
        if (performance.now() > end) throw new Error(`wedged: ${error.message}`);
        // Without its program, or its site, it begins like a new device: with a network.
        if (this.#isBare) await this.#joinNetwork();
        await delay(300);
      }
    }
  }

  /** What was cleared is a new device. */
  async #join(page) {
    await this.#joinNetwork();
    await page.locator("#join-code").fill(app.DEMO_CODE);
    await page.locator(".join-form button[type=submit]").click();
    await page.locator(".person").first().waitFor({ timeout: 8_000 });
  }

  /** Needs head office where the device does not know the person any more; else the PIN opens what lies here. */
  async #signIn(page) {
    if (await page.locator(".person").count()) {
      await this.#joinNetwork();
      await app.choosePerson(page, this.person);
    }
    await app.enterPin(page, this.#run.pin(this.person));
    await page.getByTestId("person").waitFor({ timeout: 8_000 });
  }

  async #joinNetwork() {
    this.network.become("whole");
    await this.#context.setOffline(false);
  }

  /** Fills the form and presses the button; whether it was saved is another matter. */
  async #file(page) {
    const mark = this.#run.ledger.next(this.number, "record");
    // By the app's own way, or as somebody who opens it anew; only the first once its storage is gone.
    const link = page.locator('.tab-bar a[href="/record"]');
    const isOpen = (await link.count()) > 0 && (this.#isBare || this.chance.below(2) === 0);
    await (isOpen ? link.click() : page.goto("/record"));
    await app.fillForm(page, { category: "other", matter: `水管 ${mark}`, remark: "客人不愿留姓名" });
    await page.evaluate((mark) => (window.acting = mark), mark);
    await page.locator('[data-next="keep"]').click();
    return mark;
  }

  async #isFiled(page, mark) {
    const saved = page.waitForURL(/\/case\/[^/?]+$/, { timeout: SAVED_WITHIN_MS }).then(() => true);
    const fault = page.locator('.banner[data-kind="fault"]').waitFor({ timeout: SAVED_WITHIN_MS }).then(() => false);
    return this.#isSaved(page, mark, [saved, fault]);
  }

  /** Whichever the page shows first. */
  async #isSaved(page, mark, [saved, fault]) {
    const is = await Promise.any([saved, fault]).catch((error) => {
      if (page.isClosed()) throw error.errors[0];
      return false;
    });
    if (is) this.#noteSaved(mark);
    else await this.#tellDeclined(page);
    return is;
  }

  async #record(page) {
    return this.#isFiled(page, await this.#file(page));
  }

  /** Answers one of the cases on the list, which somebody else may be about to answer as well. */
  async #answer(page) {
    await page.goto("/");
    const rows = page.locator('.case-row[href^="/case/"]');
    const n = Math.min(await rows.count(), 10);
    if (n === 0) return this.#record(page);
    await rows.nth(this.chance.below(n)).click();
    await page.locator(".case-head").waitFor();
    if ((await page.locator('button[data-act="answer-at-once"]').count()) === 0) return this.#record(page);
    await app.press(page, "answer-at-once");
    const sheet = page.locator('dialog[data-act="answer-at-once"]');
    const mark = this.#run.ledger.next(this.number, "answer");
    await sheet.locator("#act-text").fill(`已关总阀 ${mark}`);
    await page.evaluate((mark) => (window.acting = mark), mark);
    await sheet.locator("button[type=submit]").click();
    const saved = sheet.waitFor({ state: "detached", timeout: SAVED_WITHIN_MS }).then(() => true);
    const refused = sheet.locator("[role=alert]").waitFor({ timeout: SAVED_WITHIN_MS }).then(() => false);
    return this.#isSaved(page, mark, [saved, refused]);
  }

  async #tellDeclined(page) {
    const told = await page.locator(".why, [role=alert], .sign-in-title").allInnerTexts();
    this.#run.say(`device ${this.number} was told: ${told.filter(Boolean).join(" | ")}`);
    this.#run.counts.declined += 1;
  }

  async #killedWhileSaving() {
    await this.#file(this.page);
    await delay(this.chance.below(150));
    await this.kill();
    await this.start();
  }

  async #killedWhenSaved() {
    const saved = new Promise((resolve) => (this.#onSaved = resolve));
    await this.#file(this.page);
    await Promise.race([saved, delay(SAVED_WITHIN_MS)]);
    this.#onSaved = () => {};
    await delay(this.chance.below(30));
    await this.kill();
    await this.start();
  }

  async #killedWhileSending() {
    this.network.become(this.chance.one(["whole", "bad"]));
    await this.#record(this.page);
    await delay(this.chance.below(300));
    await this.kill();
    await this.start();
  }

  /** Whoever clears what the app stored loses what was not sent, and nothing else. */
  async #cleared() {
    const { ledger, counts, server, stage } = this.#run;
    const isUnsent = this.chance.below(2) === 0;
    this.network.become(isUnsent ? "none" : "whole");
    for (let n = 0; n <= this.chance.below(2); n++) await this.#record(this.page);
    if (!isUnsent) await app.untilDelivered(this.page, USABLE_WITHIN_MS);
    const n_owed = await app.owed(this.page);
    const before = ledger.savedOn(this.number);
    const browser = await this.#context.newCDPSession(this.page);
    const storageTypes = this.chance.one(["indexeddb", "all"]);
    await browser.send("Storage.clearDataForOrigin", { origin: this.network.url, storageTypes });
    this.#isBare = true;
    counts.clears += 1;
    const found = await atHeadOffice(server, await stage.folder("export"));
    const gone = before.filter((it) => !found.has(it) && !ledger.cleared.has(it));
    // What head office has said it has, nobody can clear.
    if (gone.length <= n_owed) gone.forEach((it) => ledger.cleared.add(it));
    // The page that stands there still: what it calls saved has to be.
    if (this.chance.below(2) && (await this.#record(this.page))) counts.saved_after_clear += 1;
    await this.#setUp();
    await this.#record(this.page);
  }

  async #twoTabs() {
    const second = await this.#secondTab();
    for (let n = 0; n < 2; n++) {
      await Promise.all([this.#record(this.page), this.chance.below(2) ? this.#record(second) : this.#answer(second)]);
    }
    this.#run.counts.two_tabs += 1;
    await this.#leaveOne(second);
  }

  /** The tab that pumps stops in the middle of a save; another goes on. */
  async #frozen() {
    const second = await this.#secondTab();
    const owner = this.page;
    await owner.bringToFront();
    const mark = await this.#file(owner);
    await delay(this.chance.below(100));
    const thaw = await (this.chance.below(2) ? this.#freeze(owner) : this.#stop(owner));
    this.#run.counts.freezes += 1;
    const until = delay(this.chance.below(LONGEST_FREEZE_MS));
    try {
      await second.bringToFront();
      await this.#record(second);
      if (this.network.state === "whole") {
        await app.untilDelivered(second, PASSED_BY_WITHIN_MS).then(() => (this.#run.counts.passed_by += 1), () => {});
      }
      await until;
    } finally {
      await thaw();
    }
    await this.#isFiled(owner, mark);
    await owner.bringToFront();
    await this.#record(owner);
    await this.#leaveOne(this.chance.one([owner, second]));
  }

  /** As the browser freezes a tab that nobody looks at. */
  async #freeze(page) {
    const browser = await this.#context.newCDPSession(page);
    await browser.send("Page.setWebLifecycleState", { state: "frozen" });
    return () => browser.send("Page.setWebLifecycleState", { state: "active" });
  }

  /** Stops the tab's process wherever it is. */
  async #stop(page) {
    const pid = await this.#rendererOf(page);
    process.kill(pid, "SIGSTOP");
    const wakes = setTimeout(() => process.kill(pid, "SIGCONT"), LONGEST_FREEZE_MS);
    return () => {
      clearTimeout(wakes);
      process.kill(pid, "SIGCONT");
    };
  }

  /** The renderer that works when the page is made to. */
  async #rendererOf(page) {
    const leader = await app.browserOf(this.#profile);
    const before = await workOfRenderers(leader);
    await page.evaluate(() => {
      const end = performance.now() + 120;
      while (performance.now() < end);
    });
    const after = await workOfRenderers(leader);
    const worked = (pid) => after.get(pid) - (before.get(pid) ?? 0);
    return [...after.keys()].reduce((one, other) => (worked(other) > worked(one) ? other : one));
  }

  async #asleep() {
    await this.#file(this.page);
    await delay(this.chance.below(60));
    const leader = await app.browserOf(this.#profile);
    process.kill(-leader, "SIGSTOP");
    this.#run.counts.sleeps += 1;
    await delay(500 + this.chance.below(LONGEST_FREEZE_MS));
    process.kill(-leader, "SIGCONT");
    await this.page.waitForURL(/\/case\/[^/?]+$/, { timeout: SAVED_WITHIN_MS }).catch(() => {});
  }

  /** A new version comes while work is unsent, and takes over. */
  async #updated() {
    const { counts, publish } = this.#run;
    this.network.become("files");
    await this.#record(this.page);
    if (!(await this.page.evaluate(() => Boolean(navigator.serviceWorker.controller)))) await this.#comeBack(this.page);
    const version = await publish();
    const mark = this.page.locator(`html > head > meta[name="${version}"]`);
    const offer = this.page.locator('.banner[data-kind="info"]').getByRole("button");
    const isNew = () => mark.waitFor({ state: "attached", timeout: 3_000 }).then(() => true, () => false);
    const end = performance.now() + UPDATED_WITHIN_MS;
    let is = false;
    // What is offered first may be a version that came before this one.
    while (!is && performance.now() < end) {
      await this.page.evaluate(askForUpdate);
      await delay(300);
      if ((await offer.count()) === 0) continue;
      await offer.click();
      is = await isNew();
      // It may be reloading still.
      await this.page.waitForLoadState();
    }
    counts[is ? "updates" : "updates_late"] += 1;
    if (!is) this.#run.say(`device ${this.number} waits for ${version}: ${await this.page.evaluate(stateOfWorkers)}`);
    await this.#comeBack(this.page);
    await this.#record(this.page);
    this.network.become("whole");
  }

  async #flown() {
    await this.#context.setOffline(true);
    await this.#record(this.page);
    await this.#context.setOffline(false);
  }

  async #secondTab() {
    const second = await this.#context.newPage();
    await this.#comeBack(second);
    return second;
  }

  async #leaveOne(page) {
    if (page === this.page) this.page = this.#context.pages().find((it) => it !== page);
    await page.close();
    await this.page.bringToFront();
  }
}

/** Tells of each toast that comes up while somebody waits for one. */
function watchToasts() {
  const isToast = (it) => it instanceof Element && (it.matches(".toast") || it.querySelector(".toast") !== null);
  new MutationObserver((changes) => {
    if (!window.acting || !changes.some((it) => [...it.addedNodes].some(isToast))) return;
    window.noteSaved(window.acting);
    window.acting = null;
  }).observe(document, { childList: true, subtree: true });
}

/** The browser may take its time over the answer. */
async function askForUpdate() {
  const registration = await navigator.serviceWorker.getRegistration();
  const asked = registration?.update().catch(() => {});
  await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 3_000))]);
}

async function stateOfWorkers() {
  const { installing, waiting, active } = await navigator.serviceWorker.getRegistration();
  return JSON.stringify([installing?.state, waiting?.state, active?.state, await caches.keys()]);
}

/** Ticks of the processor that each renderer of a browser has had. */
async function workOfRenderers(leader) {
  const work = new Map();
  for (const pid of (await readdir("/proc")).filter((it) => /^\d+$/.test(it))) {
    try {
      const [, , group, ...rest] = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ").at(-1).split(" ");
      if (Number(group) !== leader) continue;
      const words = await readFile(`/proc/${pid}/cmdline`, "utf8");
      if (words.includes("--type=renderer")) work.set(Number(pid), Number(rest[8]) + Number(rest[9]));
    } catch {
      // It ended meanwhile.
    }
  }
  return work;
}
