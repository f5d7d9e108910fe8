// FlexSearch over pairs of characters, as one would search Chinese text with it.

import { Index } from "flexsearch";
import { pairs, search } from "./searching.js";

let index;
let texts;

search({
  name: "flexsearch",

  build(cases) {
    index = new Index({ tokenize: "strict", encode: pairs });
    texts = cases.map((it) => `${it.room} ${it.text}`);
    texts.forEach((it, n) => index.add(n, it));
  },

  // Pairs that are found need not stand side by side: looked at once more.
  find(typed, n) {
    const wanted = typed.toLowerCase();
    const may = index.search(wanted, { limit: 10_000 });
    return may.filter((it) => texts[it].toLowerCase().includes(wanted)).slice(0, n);
  },
});
