// Times the steps of examples/obligations.rs, built for wasm.
import { readFile } from "node:fs/promises";

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {});
const step = () => {
  const start = performance.now();
  instance.exports.main(0, 0);
  return performance.now() - start;
};
const said = (what, ms, n) => console.log(`${what}: ${((ms * 1e6) / n).toFixed(0)} ns each, ${ms.toFixed(1)} ms in all`);
const nCases = 100_000;
step();
said("a case of 40 handovers folded", step(), 1_000);
said("every obligation of a case reckoned", step(), nCases);
step();
said("verdicts of a case on a tick", step(), nCases);
