// What people were told is saved, what head office has of it, and what a device has.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as app from "../support.mjs";

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
  const stores = ["journal", "segments", "outbox"];
  const records = (await app.everything(page)).filter((it) => stores.includes(it.at.split(" ")[0]));
  return new Set(records.flatMap((it) => it.record.match(new RegExp(MARK.source, "g")) ?? []));
}

/** Nothing is owed, and the app believes to have read everything. */
export async function isIdle(page) {
  // Somebody holds it, or it would lock itself.
  await page.mouse.move(Math.random() * 100, Math.random() * 100);
  return (await page.locator('.sync-line[data-owed="0"][data-sync="synced"]').count()) > 0;
}
