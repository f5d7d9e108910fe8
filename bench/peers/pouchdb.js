// PouchDB over its IndexedDB adapter, the quicker of its two where much is stored; it has no say in durability.

import PouchDB from "pouchdb-browser";
import indexeddb from "pouchdb-adapter-indexeddb";
import find from "pouchdb-find";
import { serve } from "./page.js";

PouchDB.plugin(indexeddb).plugin(find);

let database;

const document = ({ id, ...it }) => ({ _id: id, ...it });
const plain = ({ _id, _rev, ...it }) => ({ id: _id, ...it });

await serve({
  meta: { name: "PouchDB", version: PouchDB.version, durabilities: ["relaxed"] },

  async open() {
    database = new PouchDB("pouchdb", { adapter: "indexeddb", auto_compaction: true });
    await database.createIndex({ index: { fields: ["status", "due_at"] } });
    await database.createIndex({ index: { fields: ["updated_at"] } });
  },

  async bulk(cases) {
    const failed = (await database.bulkDocs(cases.map(document))).filter((it) => it.error);
    if (failed.length) throw new Error(`${failed.length} cases were not stored`);
  },

  async logOne(it) {
    await database.put(document(it));
  },

  async update(id, { due_at, updated_at, event }) {
    const found = await database.get(id);
    await database.put({ ...found, due_at, updated_at, events: [...found.events, event] });
  },

  async due(k) {
    const selector = { status: "open", due_at: { $gte: 0 } };
    const { docs } = await database.find({ selector, sort: ["status", "due_at"], limit: k });
    return docs.map(plain);
  },

  async since(at) {
    const { docs } = await database.find({ selector: { updated_at: { $gt: at } }, limit: Number.MAX_SAFE_INTEGER });
    return docs.map(plain);
  },

  // The indexes are documents too.
  count: async () => (await database.info()).doc_count - 2,
});
