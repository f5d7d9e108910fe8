// Dexie, as its documentation has it.

import Dexie from "dexie";
import { serve } from "./page.js";

let database;

await serve({
  meta: { name: "Dexie", version: Dexie.semVer, durabilities: ["strict", "relaxed"] },

  async open({ durability }) {
    database = new Dexie("dexie", { chromeTransactionDurability: durability });
    database.version(1).stores({ cases: "id, [status+due_at], updated_at" });
    await database.open();
  },

  async bulk(cases) {
    await database.cases.bulkPut(cases);
  },

  async logOne(it) {
    await database.cases.add(it);
  },

  async update(id, { due_at, updated_at, event }) {
    await database.transaction("rw", database.cases, async () => {
      const found = await database.cases.get(id);
      await database.cases.put({ ...found, due_at, updated_at, events: [...found.events, event] });
    });
  },

  due(k) {
    const [first, last] = [Dexie.minKey, Dexie.maxKey].map((it) => ["open", it]);
    return database.cases.where("[status+due_at]").between(first, last).limit(k).toArray();
  },

  since: (at) => database.cases.where("updated_at").above(at).toArray(),

  count: () => database.cases.count(),
});
