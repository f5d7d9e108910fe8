// Further versions of the app to serve: the same program, each with a mark of its own on its page.

import { createHash } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { DIST } from "./support.mjs";

export async function copyOfDist(stage) {
  const copy = await stage.folder("dist");
  await cp(DIST, copy, { recursive: true });
  return copy;
}

/** Puts a version of this name in the place of what is served; its page says so in a `meta`. */
export async function publishVersion(dist, name) {
  const pageFile = join(dist, "index.html");
  const before = await readFile(pageFile);
  const after = Buffer.from(before.toString().replace("<head>", `<head><meta name="${name}">`));
  await writeFile(pageFile, after);
  for (const [ending, packed] of [[".gz", gzipSync], [".br", brotliCompressSync]]) {
    await replaceExisting(pageFile + ending, () => packed(after));
  }
  const workerFile = join(dist, "sw.js");
  const worker = (await readFile(workerFile, "utf8"))
    .replace(/const VERSION = "([^"]+)"/, `const VERSION = "$1-${name}"`)
    .replace(digest(before), digest(after));
  await writeFile(workerFile, worker);
  for (const [ending, packed] of [[".gz", gzipSync], [".br", brotliCompressSync]]) {
    await replaceExisting(workerFile + ending, () => packed(worker));
  }
}

export async function addMissing(file, content) {
  if (!(await exists(file))) await writeFile(file, content());
}

async function replaceExisting(file, content) {
  if (await exists(file)) await writeFile(file, content());
}

async function exists(file) {
  return readFile(file).then(() => true, () => false);
}

function digest(bytes) {
  return `sha256-${createHash("sha256").update(bytes).digest("base64")}`;
}
