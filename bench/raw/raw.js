// IndexedDB by hand, as one would write it in an afternoon: one record a case, an index for what is open by when it is due.

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

async function open() {
  const opening = indexedDB.open("raw", 1);
  opening.onupgradeneeded = () => {
    const cases = opening.result.createObjectStore("cases", { keyPath: "id" });
    cases.createIndex("due", ["status", "due_at"]);
    cases.createIndex("updated", "updated_at");
  };
  return answer(opening);
}

const database = await open();

async function bulk(cases) {
  for (let n = 0; n < cases.length; n += 1_000) {
    const writing = database.transaction("cases", "readwrite", { durability: "relaxed" });
    for (const it of cases.slice(n, n + 1_000)) writing.objectStore("cases").put(it);
    await done(writing);
  }
}

async function due(k) {
  const index = database.transaction("cases").objectStore("cases").index("due");
  return answer(index.getAll(IDBKeyRange.bound(["open", 0], ["open", Infinity]), k));
}

const count = () => answer(database.transaction("cases").objectStore("cases").count());

async function show() {
  const rows = (await due(50)).map((it) => {
    const row = document.createElement("li");
    row.className = "case-row";
    for (const text of [it.room, it.category, it.text.slice(0, 60), new Date(it.due_at).toLocaleString("zh-CN")]) {
      row.append(Object.assign(document.createElement("p"), { textContent: text }));
    }
    return row;
  });
  document.querySelector("#list").replaceChildren(...rows);
}

window.__bench = { bulk, due, count };
await show();
