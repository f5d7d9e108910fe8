// The pages that are measured beside the app, each made of what one would pick instead; `npm ci --prefix bench/peers` first.

import { once } from "node:events";
import { createServer } from "node:http";

export const PEERS = ["raw", "dexie", "rxdb", "pouchdb"];
/** Pages that only search. */
export const SEARCHERS = ["flexsearch", "minisearch"];
/** Of the demonstration, with the lowest staff number: all the cases that head office is filled with are theirs. */
export const DIRECTOR = { id: "lin-zhiyuan", name: "林志远" };
const FOLDER = new URL("peers/", import.meta.url);

/** What a pull brings at once. */
export const PAGE = 500;

/** Serves a peer's page on this port, or on any, and `cases` to whoever pulls; what is pushed is read and forgotten. */
export async function serve(peer, { port = 0, cases = [] } = {}) {
  const program = await bundled(peer);
  const page = `<!doctype html>
<html lang="zh-CN">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <title>${peer}</title>
  <link rel="icon" href="data:," />
  <ol id="list"></ol>
  <script type="module" src="/program.js"></script>
</html>`;
  const server = createServer(async (request, answer) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname === "/pull") {
      const from = Number(url.searchParams.get("from"));
      return answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(cases.slice(from, from + PAGE)));
    }
    if (url.pathname === "/push") {
      const parts = [];
      for await (const it of request) parts.push(it);
      JSON.parse(Buffer.concat(parts).toString());
      return answer.writeHead(204).end();
    }
    const [body, type] = request.url === "/program.js" ? [program, "text/javascript"] : [page, "text/html"];
    answer.writeHead(200, { "content-type": type, "cache-control": "max-age=3600" }).end(body);
  });
  server.listen(port, "127.0.0.1").unref();
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}/`;
}

async function bundled(peer) {
  const { build } = await import(new URL("node_modules/esbuild/lib/main.js", FOLDER));
  const { outputFiles } = await build({
    entryPoints: [new URL(`${peer}.js`, FOLDER).pathname],
    bundle: true,
    minify: true,
    format: "esm",
    target: "chrome120",
    write: false,
  });
  return outputFiles[0].contents;
}

/** Given to every page before its own scripts: notes how long after it was asked for so many rows were on the screen. */
export function watchRows(nRows) {
  window.shown = new Promise((resolve) => {
    const look = () => {
      if (document.querySelectorAll(".case-row").length < nRows) return;
      watching.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    };
    const watching = new MutationObserver(look);
    watching.observe(document, { childList: true, subtree: true });
  });
}

/** V8 would give a page what the last one in the same process compiled, until that is swept up: some were quick, others not. */
export const COLD = ["--js-flags=--no-wasm-native-module-cache"];
/** A new tab of Chromium's draws a page of its own first, which would take the processor beside ours. */
export const SETTLED_MS = 1_500;
/** What drives the browser asks the page nothing meanwhile: its first question alone takes the page twenty milliseconds. */
export const SHOWN_MS = 2_000;

/** The median of several figures, and what all of them say. */
export function summed(figures) {
  const all = [...figures].sort((a, b) => a - b);
  const at = (share) => all[Math.min(all.length - 1, Math.floor(all.length * share))];
  return { least: all[0], median: at(0.5), p95: at(0.95), most: all.at(-1), all };
}
