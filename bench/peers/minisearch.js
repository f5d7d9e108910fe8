// MiniSearch over pairs of characters, as one would search Chinese text with it.

import MiniSearch from "minisearch";
import { pairs, search } from "./searching.js";

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
