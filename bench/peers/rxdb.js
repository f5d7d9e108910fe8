// RxDB over its free storage, which is Dexie; it has no say in durability.

import { createRxDatabase } from "rxdb/plugins/core";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import { RXDB_VERSION } from "rxdb/plugins/utils";
import { serve } from "./page.js";

const text = (maxLength) => ({ type: "string", maxLength });
const moment = { type: "number", minimum: 0, maximum: 8.64e15, multipleOf: 1 };
const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: text(48),
    site: text(32),
    dept: text(32),
    responsible: text(32),
    status: text(8),
    opened_at: moment,
    due_at: moment,
    updated_at: moment,
    category: text(32),
    room: text(32),
    phone: text(32),
    text: { type: "string" },
    events: { type: "array", items: { type: "object" } },
  },
  required: ["id", "status", "due_at", "updated_at"],
  indexes: [["status", "due_at"], "updated_at"],
};

let cases;

await serve({
  meta: { name: "RxDB", version: RXDB_VERSION, durabilities: ["relaxed"] },

  async open() {
    const database = await createRxDatabase({ name: "rxdb", storage: getRxStorageDexie(), multiInstance: false });
    ({ cases } = await database.addCollections({ cases: { schema: SCHEMA } }));
  },

  async bulk(all) {
    const { error } = await cases.bulkInsert(all);
    if (error.length) throw new Error(`${error.length} cases were not stored`);
  },

  async logOne(it) {
    await cases.insert(it);
  },

  async update(id, { due_at, updated_at, event }) {
    const found = await cases.findOne(id).exec();
    await found.incrementalModify((it) => ({ ...it, due_at, updated_at, events: [...it.events, event] }));
  },

  async due(k) {
    const query = { selector: { status: "open" }, sort: [{ status: "asc" }, { due_at: "asc" }], limit: k };
    return (await cases.find(query).exec()).map((it) => it.toJSON());
  },

  async since(at) {
    const query = { selector: { updated_at: { $gt: at } }, sort: [{ updated_at: "asc" }] };
    return (await cases.find(query).exec()).map((it) => it.toJSON());
  },

  count: () => cases.count().exec(),
});
