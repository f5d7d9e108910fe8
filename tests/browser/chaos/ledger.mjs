// What people were told is saved, what head office has of it, and what a device has.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

const MARK = /#d\d+-\d+#/g;

/** Every act carries a mark in its words that no other has. */
export class Ledger {
  /** Mark to the device whose page called it saved. */
  saved = new Map();
  /** Marks of acts of which nobody was told anything, since the browser died meanwhile, or that were declined. */
  unsure = new Set();
  /** Saved, not yet with head office, and cleared by the owner of the device. */
  cleared = new Set();
  /** Marks of acts that make a case. */
  records = new Set();
  #n = 0;

  next(device, kind) {
    const mark = `#d${device}-${++this.#n}#`;
    if (kind === "record") this.records.add(mark);
    this.unsure.add(mark);
    return mark;
  }

  noteSaved(mark) {
    if (!this.unsure.delete(mark)) return;
    this.saved.set(mark, Number(mark.match(/\d+/)[0]));
  }

  savedOn(device) {
    return [...this.saved].filter(([, on]) => on === device).map(([mark]) => mark);
  }
}

/** Each mark with how many envelopes of head office have it, by the program's own export. */
export async function atHeadOffice(server, folder) {
  const file = join(folder, "chains");
  await server.order("export", file);
  const text = await readFile(file, "latin1");
  await rm(file);
  const found = new Map();
  for (const [mark] of text.matchAll(MARK)) found.set(mark, (found.get(mark) ?? 0) + 1);
  return found;
}

/** The marks in a device's log; drafts and other named records do not count. */
export async function onDevice(page) {
  const found = await page.evaluate(async (pattern) => {
    const opened = indexedDB.open("shouwen");
    const database = await new Promise((resolve, reject) => {
      opened.onsuccess = () => resolve(opened.result);
      opened.onerror = () => reject(opened.error);
    });
    const names = ["journal", "segments", "outbox"];
    const transaction = database.transaction(names);
    const all = names.map(
      (name) =>
        new Promise((resolve) => {
          const asked = transaction.objectStore(name).getAll();
          asked.onsuccess = () => resolve(asked.result);
        }),
    );
    const records = (await Promise.all(all)).flat();
    database.close();
    const words = new TextDecoder("latin1");
    return [...new Set(records.flatMap((it) => words.decode(it).match(new RegExp(pattern, "g")) ?? []))];
  }, MARK.source);
  return new Set(found);
}

/** Nothing is owed, and the app believes to have read everything. */
export async function isIdle(page) {
  return (await page.locator('.sync-line[data-owed="0"][data-sync="synced"]').count()) > 0;
}
