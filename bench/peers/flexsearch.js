// FlexSearch over pairs of characters, as one would search Chinese text with it.

import { Index } from "flexsearch";
import { search } from "./searching.js";

const pairs = (text) => {
  const all = [...text.toLowerCase()];
  return all.length < 2 ? all : all.slice(1).map((it, n) => all[n] + it);
};

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
