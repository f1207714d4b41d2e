// Below an open row: the word in its lines, and in the lines of other words.
const MORE_LINES = 8;
const contexts = data.contexts;
const contextsOf = new Map();
contexts.row.forEach((row, i) => contextsOf.set(row, [...(contextsOf.get(row) || []), i]));

function line(i) {
  return { before: contexts.before[i], hit: contexts.hit[i], after: contexts.after[i], document: contexts.document[i] };
}

function otherLines(row, own) {
  const word = words[row];
  const seen = new Set(own.map((l) => nearby(l)));
  const found = [];
  for (let i = 0; i < contexts.row.length && found.length < MORE_LINES; i++) {
    if (contexts.row[i] === row) continue;
    const text = contexts.before[i] + contexts.hit[i] + contexts.after[i];
    const at = text.indexOf(word);
    if (at < 0) continue;
    const other = { before: text.slice(0, at), hit: word, after: text.slice(at + word.length), document: contexts.document[i] };
    if (!seen.has(nearby(other))) { seen.add(nearby(other)); found.push(other); }
  }
  return found;
}

// The same place, cut elsewhere, is the same line.
const nearby = (l) => `${l.document} ${l.before.slice(-8)}|${l.after.slice(0, 8)}`;

function lineItem(l) {
  return element("li", {},
    element("p", { lang: "zh-Hans" }, l.before, element("mark", {}, l.hit), l.after),
    l.document === null ? null : element("small", {}, say("document", { n: l.document })),
    copyButton("copy", say("copy_line"), l.before + l.hit + l.after));
}

function copyButton(label, description, text) {
  const button = element("button", { type: "button", "aria-label": description === say(label) ? null : description }, say(label));
  button.addEventListener("click", async () => {
    await copyText(text);
    button.textContent = say("copied");
    announce(`${say("copied")}: ${text}`);
    setTimeout(() => { button.textContent = say(label); }, 1500);
  });
  return button;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // pages from a file or without permission
    const area = element("textarea", { class: "unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function contextPanel(row) {
  const own = (contextsOf.get(row) || []).map(line);
  const others = otherLines(row, own);
  const panel = element("div", { class: "inner" },
    element("div", { class: "head" },
      element("strong", { lang: "zh-Hans" }, words[row]), copyButton("copy_word", say("copy_word"), words[row])),
    ...relations(row),
    element("h3", {}, say("contexts")),
    own.length ? element("ul", {}, ...own.map(lineItem)) : element("p", { class: "none" }, say("no_context")));
  if (others.length) panel.append(element("h3", {}, say("contexts_also")), element("ul", {}, ...others.map(lineItem)));
  return panel;
}
