// Chance that a seed decides: what fails, and when. What the machine makes of it is its own affair.

export class Chance {
  #state;

  constructor(seed) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x2545f491) >>> 0 || 1;
  }

  below(n) {
    let it = this.#state;
    it ^= it << 13;
    it ^= it >>> 17;
    it ^= it << 5;
    this.#state = it >>> 0;
    return this.#state % n;
  }

  one(of) {
    return of[this.below(of.length)];
  }

  shuffled(of) {
    const left = [...of];
    return of.map(() => left.splice(this.below(left.length), 1)[0]);
  }
}

/** A moment at which something fails; nothing waits for it to pass. */
export function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
