// A device's network to head office: whole, bad, without answers for the app's own questions, or none at all.

import { once } from "node:events";
import { createServer, request } from "node:http";
import { Chance } from "./chance.mjs";

/** Of so many questions one is cut while the network is bad. */
const CUT_ONE_OF = 3;
/** The longest piece of a question or answer that still gets through before a cut. */
const MOST_BYTES = 3_000;

/**
 * - `whole`: everything gets through;
 * - `bad`: of three questions one is cut, on the way there or on the way back;
 * - `files`: the program gets through, what the app asks head office does not;
 * - `none`: nobody answers.
 */
export class Network {
  state = "whole";
  n_cuts = 0;
  /** How many bytes head office answered with, by what was asked for. */
  n_bytes = new Map();
  #far;
  #proxy;
  #chance;
  #held = new Map();

  constructor(far, seed) {
    this.#far = new URL(far);
    this.#chance = new Chance(seed);
  }

  async open() {
    this.#proxy = createServer((question, answer) => this.#pass(question, answer));
    this.#proxy.listen(0, "127.0.0.1");
    await once(this.#proxy, "listening");
    this.url = `http://127.0.0.1:${this.#proxy.address().port}`;
  }

  /** Ends what is under way wherever it is. */
  become(state) {
    this.state = state;
    if (state !== "whole") this.#proxy.closeAllConnections();
  }

  /** Lets nothing of this path through until `release` is called; `asked`: the first question for it came. */
  hold(path) {
    const held = {};
    held.asked = new Promise((resolve) => (held.came = resolve));
    held.released = new Promise((resolve) => (held.release = resolve));
    this.#held.set(path, held);
    const release = () => {
      this.#held.delete(path);
      held.release();
    };
    return { asked: held.asked, release };
  }

  close() {
    this.#proxy.close();
    this.#proxy.closeAllConnections();
  }

  async #pass(question, answer) {
    const held = this.#held.get(question.url);
    held?.came();
    await held?.released;
    const isOurs = question.url.startsWith("/api/");
    if (this.state === "none" || (this.state === "files" && isOurs)) {
      question.socket.destroy();
      return;
    }
    const cuts = { there: Infinity, back: Infinity };
    if (this.state === "bad" && isOurs && this.#chance.below(CUT_ONE_OF) === 0) {
      cuts[this.#chance.one(["there", "back"])] = this.#chance.below(MOST_BYTES);
    }
    const { hostname, port } = this.#far;
    const { method, url: path, headers } = question;
    const far = request({ hostname, port, method, path, headers, agent: false });
    const end = () => {
      far.destroy();
      question.socket.destroy();
    };
    const cut = () => {
      this.n_cuts += 1;
      end();
    };
    far.on("error", end);
    far.on("response", (answered) => {
      answer.writeHead(answered.statusCode, answered.headers);
      answered.on("error", end);
      answered.on("data", (bytes) => this.n_bytes.set(path, (this.n_bytes.get(path) ?? 0) + bytes.length));
      pipe(answered, answer, cuts.back, cut);
    });
    question.on("error", end);
    answer.on("error", end);
    // Whoever asked is gone; head office may have taken in what was asked.
    answer.on("close", () => far.destroy());
    pipe(question, far, cuts.there, cut);
  }
}

/** Passes so many bytes on, and cuts then; a shorter message is cut at its end. */
function pipe(from, to, most, cut) {
  let n_left = most;
  from.on("data", (bytes) => {
    if (n_left < 0) return;
    to.write(bytes.subarray(0, Math.min(n_left, bytes.length)));
    n_left -= bytes.length;
    if (n_left <= 0) cut();
  });
  from.on("end", () => (most === Infinity ? to.end() : cut()));
}
