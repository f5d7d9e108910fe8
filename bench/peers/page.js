// What every peer's page does: opens its store, shows the fifty most urgent cases, and lets itself be driven.

const N_ROWS = 50;

export async function serve(driver) {
  const durability = new URLSearchParams(location.search).get("durability") ?? "strict";
  await driver.open({ durability });
  window.__bench = { ...driver, show: () => show(driver) };
  await show(driver);
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
