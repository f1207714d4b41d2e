// The table: headings that sort and explain, one page of rows, a panel below the row that is open.
const RANK = { key: "", heading: say("rank"), meaning: say("rank_meaning"), unit: "", format: "integer" };
const [wordColumn, ...otherColumns] = columns;
const tableColumns = [wordColumn, RANK, ...otherColumns];
const meaningOf = (column) => [column.meaning, column.unit && `${say("unit")}: ${column.unit}`].filter(Boolean).join("\n");

function kind(column) {
  if (column === wordColumn) return "word left";
  if (column === RANK) return "rank";
  return ["text", "list"].includes(column.format) ? "left long" : column.format === "flag" ? "center" : null;
}

function drawHeadings() {
  byId("headings").replaceChildren(...tableColumns.map((column) => {
    const sorted = column.key === state.sort;
    const direction = sorted ? (state.ascending ? "ascending" : "descending") : null;
    const button = element("button", { type: "button", "data-key": column.key, onclick: () => sortBy(column.key) },
      column.heading, element("span", { class: "arrow", "aria-hidden": "true" }, sorted ? (state.ascending ? "↑" : "↓") : ""));
    giveTip(button, [meaningOf(column), say("sort_hint")].filter(Boolean).join("\n"));
    return element("th", { scope: "col", class: kind(column), "aria-sort": direction }, button);
  }));
}

function sortBy(key) {
  const ascending = key === state.sort ? !state.ascending : risesFirst(key);
  Object.assign(state, { sort: key, ascending, page: 0 });
  update();
  const button = [...byId("headings").querySelectorAll("button")].find((b) => b.dataset.key === key);
  if (button) button.focus();
}

function drawRows(rows) {
  const pages = Math.max(Math.ceil(rows.length / state.size), 1);
  state.page = Math.min(state.page, pages - 1);
  const visible = rows.slice(state.page * state.size, (state.page + 1) * state.size);
  const body = document.createDocumentFragment();
  for (const row of visible) {
    body.append(rowElement(row));
    if (row === state.open) body.append(detailElement(row));
  }
  if (!visible.length) {
    body.append(element("tr", {}, element("td", { colspan: tableColumns.length, class: "left none" }, say("nothing_fits"))));
  }
  byId("rows").replaceChildren(body);
  byId("shown").textContent = say(rows.length === size ? "shown_all" : "shown", { n: grouped(rows.length), all: grouped(size) });
  byId("page").textContent = say("page_of", { n: grouped(state.page + 1), all: grouped(pages) });
  byId("previous").disabled = state.page === 0;
  byId("next").disabled = state.page >= pages - 1;
}

function rowElement(row) {
  const open = row === state.open;
  return element("tr", { class: open ? "row open" : "row", "data-row": row }, ...tableColumns.map((column) => {
    if (column === wordColumn) {
      return element("th", { scope: "row", class: kind(column) },
        element("button", { type: "button", lang: "zh-Hans", "aria-expanded": String(open), "aria-controls": `detail-${row}` }, words[row]));
    }
    const value = column === RANK ? row + 1 : values(column.key)[row];
    const text = shown(column, value);
    if (column.key === "known" && value !== null) {
      return element("td", { class: "center" }, element("span", { class: value ? "badge" : "badge new" }, text));
    }
    if (column.format === "cluster" && value !== null) return element("td", {}, swatch(groupOf(row)), text);
    const classes = [kind(column), value === null ? "none" : null].filter(Boolean).join(" ");
    return element("td", { class: classes || null, title: value !== null && ["text", "list"].includes(column.format) ? text : null }, text);
  }));
}

function detailElement(row) {
  return element("tr", { class: "detail", id: `detail-${row}` }, element("td", { colspan: tableColumns.length }, contextPanel(row)));
}

function toggle(row) {
  const before = state.open === null ? null : byId("rows").querySelector(`tr[data-row="${state.open}"]`);
  if (before) {
    before.nextElementSibling.remove();
    before.classList.remove("open");
    before.querySelector("th button").setAttribute("aria-expanded", "false");
  }
  state.open = state.open === row ? null : row;
  const now = state.open === null ? null : byId("rows").querySelector(`tr[data-row="${row}"]`);
  if (now) {
    now.after(detailElement(row));
    now.classList.add("open");
    now.querySelector("th button").setAttribute("aria-expanded", "true");
  }
  redrawPlots();  // the open row is marked
  writeAddress();
}

byId("rows").addEventListener("click", (event) => {
  const row = event.target.closest("tr.row");
  if (row && !String(getSelection())) toggle(+row.dataset.row);
});

byId("rows").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches("th button")) return;
  const buttons = [...byId("rows").querySelectorAll("th button")];
  const next = buttons[buttons.indexOf(event.target) + step];
  if (next) { event.preventDefault(); next.focus(); }
});

// On paper many columns are set small, so that none is lost.
byId("table").classList.toggle("many", tableColumns.length > 12);

byId("legend").append(...columns.flatMap((column) => [
  element("dt", {}, column.heading), element("dd", {}, meaningOf(column).replace("\n", " ") || "—"),
]));
