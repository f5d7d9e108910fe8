// What every peer's page does: opens its store, shows the fifty most urgent cases, and lets itself be driven.

const N_ROWS = 50;
/** What is brought to the server at once. */
const PUSHED = 500;

export async function serve(driver) {
  const durability = new URLSearchParams(location.search).get("durability") ?? "strict";
  await driver.open({ durability });
  const more = { show: () => show(driver), pull: (url, { n }) => pull(driver, url, n), push: (url) => push(driver, url) };
  window.__bench = { flush: async () => {}, ...more, ...driver };
  await show(driver);
}

/** As one would, without a protocol of one's own: page by page, each stored before the next. */
async function pull(driver, url, n) {
  for (let read = 0; read < n; ) {
    const cases = await (await fetch(`${url}pull?from=${read}`)).json();
    if (!cases.length) throw new Error(`only ${read} cases are there`);
    await driver.bulk(cases);
    read += cases.length;
  }
}

/** What was changed since the last time. */
async function push(driver, url) {
  const mark = Number(localStorage.getItem("pushed") ?? 0);
  const cases = await driver.since(mark);
  for (let n = 0; n < cases.length; n += PUSHED) {
    const body = JSON.stringify(cases.slice(n, n + PUSHED));
    const { ok } = await fetch(`${url}push`, { method: "POST", body });
    if (!ok) throw new Error("the server did not take it");
  }
  localStorage.setItem("pushed", Math.max(mark, ...cases.map((it) => it.updated_at)));
}

async function show(driver) {
  const rows = (await driver.due(N_ROWS)).map((it) => {
    const row = document.createElement("li");
    row.className = "case-row";
    for (const text of [it.room, it.category, it.text.slice(0, 60), new Date(it.due_at).toLocaleString("zh-CN")]) {
      row.append(Object.assign(document.createElement("p"), { textContent: text }));
    }
    return row;
  });
  document.querySelector("#list").replaceChildren(...rows);
}
