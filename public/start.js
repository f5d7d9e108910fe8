// Starts the app. A file of its own, because the content security policy allows no inline script.
// The build writes the hashed names into this script's own element.
//
// It runs as soon as it is there, while the page is still being read: the program compiles and the databases open meanwhile.

const ahead = begin();
// What it came to is said below.
ahead.catch(() => {});
if (document.readyState === "loading") {
  await new Promise((read) => document.addEventListener("readystatechange", read, { once: true }));
}
// By now boot-check.js has run, which says whether this browser can.
const boot = window.shouwenBoot;
if (!boot?.blocked) {
  try {
    const { init, program } = await ahead;
    await init({ module_or_path: program });
    boot?.started();
  } catch (error) {
    boot?.fault(error);
  }
}

async function begin() {
  try {
    for (const name of ["shouwen-keys", "shouwen"]) openAhead(name);
  } catch {
    // Where none may be opened, the app says so.
  }
  const { js, wasm } = document.querySelector("script[data-js][data-wasm]").dataset;
  // Where it is not sent as what it is, the glue knows another way.
  const compiled = WebAssembly.compileStreaming(fetch(wasm)).catch(() => wasm);
  const [program, { default: init }] = await Promise.all([compiled, import(js)]);
  return { init, program };
}

// Who opens a database that is open has it at once. None is made here, and none is held that somebody has to change.
function openAhead(name) {
  const HELD_MS = 3_000;
  const request = indexedDB.open(name);
  request.onupgradeneeded = () => request.transaction.abort();
  request.onerror = (event) => event.preventDefault();
  request.onsuccess = () => {
    const database = request.result;
    database.onversionchange = () => database.close();
    setTimeout(() => database.close(), HELD_MS);
  };
}
