// IndexedDB by hand, as one would write it in an afternoon: one record a case, an index for what is open by when it is due.

import { serve } from "./page.js";

const PAGE = 1_000;

let database;
let strictness;
let texts;

const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const done = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });

const writing = (durability) => database.transaction("cases", "readwrite", { durability });
const reading = () => database.transaction("cases").objectStore("cases");

await serve({
  meta: { name: "raw", durabilities: ["strict", "relaxed"] },

  async open({ durability }) {
    strictness = durability;
    const opening = indexedDB.open("raw", 1);
    opening.onupgradeneeded = () => {
      const cases = opening.result.createObjectStore("cases", { keyPath: "id" });
      cases.createIndex("due", ["status", "due_at"]);
      cases.createIndex("updated", "updated_at");
    };
    database = await answer(opening);
  },

  async bulk(cases) {
    for (let n = 0; n < cases.length; n += PAGE) {
      const write = writing("relaxed");
      for (const it of cases.slice(n, n + PAGE)) write.objectStore("cases").put(it);
      await done(write);
    }
  },

  async logOne(it) {
    const write = writing(strictness);
    write.objectStore("cases").add(it);
    await done(write);
  },

  async update(id, { due_at, updated_at, event }) {
    const write = writing(strictness);
    const cases = write.objectStore("cases");
    const found = await answer(cases.get(id));
    cases.put({ ...found, due_at, updated_at, events: [...found.events, event] });
    await done(write);
  },

  due(k) {
    return answer(reading().index("due").getAll(IDBKeyRange.bound(["open", 0], ["open", Infinity]), k));
  },

  since: (at) => answer(reading().index("updated").getAll(IDBKeyRange.lowerBound(at, true))),

  // All texts in memory, once somebody looks for one.
  async search(typed, n) {
    texts ??= (await answer(reading().getAll())).map((it) => `${it.room} ${it.text}`.toLowerCase());
    const wanted = typed.toLowerCase();
    const found = [];
    for (const [at, text] of texts.entries()) {
      if (text.includes(wanted) && found.push(at) === n) break;
    }
    return found;
  },

  count: () => answer(reading().count()),
});
