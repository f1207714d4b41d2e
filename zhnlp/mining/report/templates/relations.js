// Below an open row: the words it is bound to, each a way to its own row.
const MOST_CHIPS = 24;

// Longer words of the list in which a word stands, from the lists of what stands in them.
const containers = new Map();
(values("nested") || []).forEach((list, row) => {
  for (const word of list || []) if (word !== words[row]) containers.set(word, [...(containers.get(word) || []), words[row]]);
});

function chips(list) {
  const shownOnes = list.slice(0, MOST_CHIPS).map((word) => {
    const row = rowOf.get(word);
    if (row === undefined) return element("span", { class: "chip", lang: "zh-Hans" }, word);
    return element("button", { type: "button", class: "chip", lang: "zh-Hans", onclick: () => findWord(row) }, word);
  });
  const rest = list.length - shownOnes.length;
  return element("p", { class: "chips" }, ...shownOnes, rest ? element("span", { class: "none" }, say("more", { n: grouped(rest) })) : null);
}

function relations(row) {
  const parts = [];
  const add = (heading, list, extra = null) => { if (list.length) parts.push(element("h3", {}, heading, extra), chips(list)); };
  for (const key of listKeys) {
    add(columnOf[key].heading, values(key)[row] || []);
    if (key === "nested") add(say("part_of"), containers.get(words[row]) || []);
  }
  const cluster = clusterOf(row);
  if (cluster) {
    const button = element("button", { type: "button", onclick: () => filterBy({ clusters: [cluster.group === OTHER ? cluster.name : cluster.group] }) }, say("only_cluster", { n: grouped(cluster.rows.length) }));
    add(say("same_cluster", { name: cluster.label }), cluster.rows.filter((other) => other !== row).map((other) => words[other]), button);
  }
  return parts;
}
