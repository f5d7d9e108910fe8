// Reads a QR code off a terminal, where it stands whole and straight: what corrects errors is passed over (ISO/IEC 18004).

import assert from "node:assert/strict";

// For each level by its two bits: for versions 1 to 6, codewords that correct a block, and blocks.
const CORRECTING = [
  [[10, 1], [16, 1], [26, 1], [18, 2], [24, 2], [16, 4]], // M
  [[7, 1], [10, 1], [15, 1], [20, 1], [26, 1], [18, 2]], // L
  [[17, 1], [28, 1], [22, 2], [16, 4], [22, 4], [28, 4]], // H
  [[13, 1], [22, 1], [18, 2], [26, 2], [18, 4], [24, 4]], // Q
];
const MASKS = [
  (x, y) => (x + y) % 2,
  (_, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];
const BYTES = 4;

/** The text in the one code that stands between other lines. */
export function readQr(printed) {
  const dark = modules(printed);
  const n = dark.length;
  const version = (n - 17) / 4;
  assert.ok(version >= 2 && version <= 6 && Number.isInteger(version), `a code of ${n} modules a side`);
  const { level, mask } = format(dark);
  const codewords = bytesOf(bits(dark, mask));
  return text(data(codewords, CORRECTING[level][version - 1]));
}

/** Two rows a line, in half blocks; around the code is a light frame. */
function modules(printed) {
  const lines = printed.split("\n").filter((it) => /[█▀▄]/.test(it));
  const width = Math.max(...lines.map((it) => it.length));
  const rows = lines.flatMap((line) => {
    const characters = [...line.padEnd(width)];
    return [characters.map((it) => "█▀".includes(it)), characters.map((it) => "█▄".includes(it))];
  });
  // What is above the frame may be the half of a line.
  const light = rows[1][0];
  const top = rows.findIndex((row) => row.includes(light) && row.includes(!light));
  const left = rows[top].findIndex((it) => it !== light);
  // The corners above are dark.
  const n = rows[top].findLastIndex((it) => it !== light) - left + 1;
  return rows.slice(top, top + n).map((row) => row.slice(left, left + n).map((it) => it !== light));
}

function format(dark) {
  const places = [0, 1, 2, 3, 4, 5, 7, 8].map((y) => [8, y]).concat([7, 5, 4, 3, 2, 1, 0].map((x) => [x, 8]));
  const read = places.reduce((sum, [x, y], n) => sum | (Number(dark[y][x]) << n), 0) ^ 0x5412;
  return { level: read >> 13, mask: (read >> 10) & 7 };
}

/** In pairs of columns from the right, up and down. */
function bits(dark, mask) {
  const n = dark.length;
  const isAligning = (it) => Math.abs(it - (n - 7)) <= 2;
  const isPattern = (x, y) =>
    (y < 9 && (x < 9 || x >= n - 8)) || (x < 9 && y >= n - 8) || x === 6 || y === 6 || (isAligning(x) && isAligning(y));
  const found = [];
  for (let right = n - 1; right > 0; right -= right === 8 ? 3 : 2) {
    const isUp = ((right + 1) & 2) === 0;
    for (let step = 0; step < n; step++) {
      const y = isUp ? n - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (!isPattern(x, y)) found.push(dark[y][x] !== (MASKS[mask](x, y) === 0));
      }
    }
  }
  return found;
}

function bytesOf(bits) {
  const byte = (n) => bits.slice(8 * n, 8 * n + 8).reduce((sum, it) => 2 * sum + Number(it), 0);
  return Array.from({ length: Math.floor(bits.length / 8) }, (_, n) => byte(n));
}

/** Blocks take turns; the last ones have one more. */
function data(codewords, [nCorrecting, nBlocks]) {
  const shortest = Math.floor(codewords.length / nBlocks) - nCorrecting;
  const nShort = nBlocks - (codewords.length % nBlocks);
  const blocks = Array.from({ length: nBlocks }, () => []);
  const taken = codewords.values();
  for (let place = 0; place <= shortest; place++) {
    blocks.forEach((block, n) => {
      if (place < shortest || n >= nShort) block.push(taken.next().value);
    });
  }
  return blocks.flat();
}

function text(bytes) {
  const half = (n) => (n % 2 ? bytes[(n - 1) / 2] & 15 : bytes[n / 2] >> 4);
  const byte = (n) => 16 * half(n) + half(n + 1);
  assert.equal(half(0), BYTES, "a code of bytes");
  return Buffer.from(Array.from({ length: byte(1) }, (_, n) => byte(3 + 2 * n))).toString("utf8");
}
