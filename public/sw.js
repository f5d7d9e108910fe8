// Keeps the program, and only the program, on the device. No record, photo or answer ever enters
// Cache storage: those live in IndexedDB, sealed.
//
// The build fills in both values below. A file is a path, or { path, integrity } with an SRI digest;
// with one, a login page of a hotel network or half an upload can never pass for the program.

const VERSION = /*PRECACHE_VERSION*/"";
const FILES = /*PRECACHE_FILES*/[];

const CACHE_PREFIX = "shouwen-";
const CACHE_NAME = CACHE_PREFIX + VERSION;
const ENTRY = "/index.html";

const entries = FILES.map((file) => (typeof file === "string" ? { path: file } : file));
const paths = new Set(entries.map((entry) => entry.path));

// Who has worked here in the last minutes is asked for no PIN when a page is loaded anew.
const KEYS_LAST_MS = 5 * 60 * 1000;

let refilling = null;

// Of whoever is signed in: keys of WebCrypto that cannot be taken out. They are stored nowhere, and go when this worker
// is stopped, which a browser does some half minute after the last page was closed.
let kept = null;

self.addEventListener("install", (event) => {
  passBy(event);
  event.waitUntil(fill());
});

// Where a browser can be told so, what only head office answers never comes through here. That is quicker, and a version
// that is to go is not started once more by it: Chromium would then let it stay for five minutes.
function passBy(event) {
  const toNetwork = (pathname) => ({ condition: { urlPattern: { pathname } }, source: "network" });
  // A browser that cannot asks for each of them, and hears the same.
  event.addRoutes?.(["/api/*", "/healthz"].map(toNetwork)).catch(() => {});
}

self.addEventListener("message", (event) => {
  const { type, keys } = event.data ?? {};
  if (type === "take-over") self.skipWaiting();
  if (type === "keep") kept = { keys, at: Date.now() };
  if (type === "drop") kept = null;
  if (type === "keys") event.ports[0].postMessage(keptLately());
});

function keptLately() {
  const age = Date.now() - kept?.at;
  if (!(age >= 0 && age < KEYS_LAST_MS)) kept = null;
  return kept?.keys ?? null;
}

self.addEventListener("activate", (event) => {
  event.waitUntil(deleteOlder().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const path = pathToServe(event.request);
  if (path) event.respondWith(fromCache(path, event));
});

// All or nothing. Another version's cache is never touched here, so a failed update leaves the
// running one whole; the browser asks again later. Begun anew, so that the order of caches is that of installing.
async function fill() {
  if (entries.length === 0) return;
  await caches.delete(CACHE_NAME);
  try {
    const cache = await caches.open(CACHE_NAME);
    await Promise.all(entries.map((entry) => add(cache, entry)));
  } catch (error) {
    await caches.delete(CACHE_NAME);
    throw error;
  }
}

// What the page has just loaded comes from the browser's own cache, once head office has said that it is still the same.
// Where that holds something else under this name, all of it is asked for anew.
async function add(cache, entry) {
  const response = await load(entry, "no-cache").catch(() => load(entry, "reload"));
  await cache.put(entry.path, response);
}

async function load({ path, integrity }, cache) {
  const response = await fetch(path, { cache, credentials: "same-origin", integrity: integrity ?? "" });
  if (!response.ok || response.redirected) {
    throw new Error(`Failed to fetch ${path}: status ${response.status}${response.redirected ? ", redirected" : ""}`);
  }
  return response;
}

// In the order in which caches were made, those behind its own belong to versions that came meanwhile: one may wait
// already, or be filling its cache.
async function deleteOlder() {
  const names = (await caches.keys()).filter((name) => name.startsWith(CACHE_PREFIX));
  const older = names.slice(0, Math.max(names.indexOf(CACHE_NAME), 0));
  await Promise.all(older.map((name) => caches.delete(name)));
}

// The precached path that answers this request, or null where the network answers.
function pathToServe(request) {
  if (request.method !== "GET") return null;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return null;
  if (url.pathname.startsWith("/api/") || url.pathname === "/healthz") return null;
  if (paths.has(url.pathname)) return url.pathname;
  if (request.mode === "navigate" && paths.has(ENTRY)) return ENTRY;
  return null;
}

async function fromCache(path, event) {
  // Opening it would make an empty one where it was lost.
  const response = await caches.match(path, { cacheName: CACHE_NAME, ignoreVary: true });
  if (response) return response;
  event.waitUntil(refill());
  return fetch(event.request);
}

// A browser may throw a cache away, or somebody clear it. What is there stays, and by its digest what comes is of this
// version; head office may serve a newer one by now, which has a cache of its own. Once in a worker's life, which is short.
function refill() {
  refilling ??= caches.open(CACHE_NAME).then((cache) => Promise.allSettled(entries.map((entry) => add(cache, entry))));
  return refilling;
}
