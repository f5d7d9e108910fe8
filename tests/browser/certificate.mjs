// A certificate that a server gives itself, as an office without a name of its own has it (RFC 5280).

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

const DAY_MS = 24 * 60 * 60 * 1_000;
const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));

/** Files with a certificate for 127.0.0.1 and its key, and by what Chromium is told to believe it. */
export async function selfMade(folder) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = publicKey.export({ type: "spki", format: "der" });
  const der = signed(privateKey, key);
  const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
  const base64 = der.toString("base64").replace(/.{64}/g, "$&\n");
  const pem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  await writeFile(files.certificate, pem);
  await writeFile(files.key, privateKey.export({ type: "pkcs8", format: "pem" }));
  return { ...files, pem, keyHash: createHash("sha256").update(key).digest("base64") };
}

function signed(privateKey, key) {
  const name = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from("Shouwen test")))));
  const time = (ms) => der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
  const lasts = sequence(time(Date.now() - DAY_MS), time(Date.now() + 30 * DAY_MS));
  const address = der(0x87, Buffer.from([127, 0, 0, 1]));
  const alternatives = sequence(oid("551d11"), der(0x04, sequence(address)));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    name,
    lasts,
    name,
    key,
    der(0xa3, sequence(alternatives)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", body, privateKey)]);
  return sequence(body, ECDSA_WITH_SHA256, der(0x03, signature));
}

function sequence(...parts) {
  return der(0x30, Buffer.concat(parts));
}

function oid(hex) {
  return der(0x06, Buffer.from(hex, "hex"));
}

function der(tag, value) {
  const n = value.length;
  const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}
