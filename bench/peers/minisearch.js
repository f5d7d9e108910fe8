// MiniSearch over pairs of characters, as one would search Chinese text with it.

import MiniSearch from "minisearch";
import { search } from "./searching.js";

const pairs = (text) => {
  const all = [...text];
  return all.length < 2 ? all : all.slice(1).map((it, n) => all[n] + it);
};

let index;
let texts;

search({
  name: "minisearch",

  build(cases) {
    index = new MiniSearch({ fields: ["text"], tokenize: pairs, searchOptions: { combineWith: "AND" } });
    texts = cases.map((it) => `${it.room} ${it.text}`);
    index.addAll(texts.map((text, id) => ({ id, text })));
  },

  find(typed, n) {
    const wanted = typed.toLowerCase();
    const may = index.search(wanted);
    return may.filter((it) => texts[it.id].toLowerCase().includes(wanted)).slice(0, n);
  },
});
