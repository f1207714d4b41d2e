// What the reader asked for: filters, order, page; kept in the address so that a view can be handed on.
const START = { query: "", onlyNew: false, from: null, to: null, minimum: {}, clusters: [], sort: "", ascending: true, page: 0, size: 50, open: null };
const state = structuredClone(START);
const orders = new Map();

function order(key, ascending) {
  const name = `${key} ${ascending}`;
  if (!orders.has(name)) {
    const rows = Array.from({ length: size }, (_, row) => row);
    if (key === "") {
      if (!ascending) rows.reverse();
    } else {
      const format = columnOf[key].format;
      const column = format === "list" ? values(key).map((list) => list && list.length) : values(key);
      const sign = ascending ? 1 : -1;
      const text = ["word", "text", "cluster"].includes(format);
      const collator = text ? new Intl.Collator(["zh-Hans", "en"], { numeric: true }) : null;
      const compare = text ? collator.compare : (a, b) => a - b;
      rows.sort((a, b) => {
        const x = column[a], y = column[b];
        if (x === null || y === null) return (x === null) - (y === null) || a - b;
        return sign * compare(x, y) || a - b;
      });
    }
    orders.set(name, rows);
  }
  return orders.get(name);
}

// Rows that pass, in the order asked for. Blanks in the query separate parts that must all occur.
function visibleRows() {
  const parts = fold(state.query).split(/\s+/).filter(Boolean);
  const texts = parts.length ? foldedWords() : null;
  const least = Object.entries(state.minimum).filter(([key, bound]) => bound !== null && values(key));
  const from = state.from ?? 0, to = state.to ?? Infinity;
  return order(state.sort, state.ascending).filter((row) =>
    (!state.onlyNew || isNew(row)) &&
    inClusters(row) &&
    lengths[row] >= from && lengths[row] <= to &&
    least.every(([key, bound]) => values(key)[row] !== null && values(key)[row] >= bound) &&
    parts.every((part) => texts[row].includes(part)));
}

const numberOrNull = (text) => (text === null || text.trim() === "" || !Number.isFinite(+text) ? null : +text);

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  Object.assign(state, structuredClone(START));
  state.query = asked.get("q") || "";
  state.onlyNew = hasNew && asked.get("new") === "1";
  state.from = numberOrNull(asked.get("from"));
  state.to = numberOrNull(asked.get("to"));
  for (const column of columns) {
    if (column.minimum) state.minimum[column.key] = numberOrNull(asked.get(`min.${column.key}`));
  }
  state.clusters = clusterKey ? asked.getAll("cluster") : [];
  if (columnOf[asked.get("sort")]) state.sort = asked.get("sort");
  state.ascending = asked.has("order") ? asked.get("order") !== "down" : risesFirst(state.sort);
  state.page = Math.max((numberOrNull(asked.get("page")) || 1) - 1, 0);
  if (["25", "50", "100", "500"].includes(asked.get("rows"))) state.size = +asked.get("rows");
  const open = numberOrNull(asked.get("open"));
  state.open = open !== null && Number.isInteger(open) && open >= 1 && open <= size ? open - 1 : null;
}

function writeAddress() {
  const asked = new URLSearchParams();
  if (state.query) asked.set("q", state.query);
  if (state.onlyNew) asked.set("new", "1");
  if (state.from !== null) asked.set("from", state.from);
  if (state.to !== null) asked.set("to", state.to);
  for (const [key, bound] of Object.entries(state.minimum)) if (bound !== null) asked.set(`min.${key}`, bound);
  for (const name of state.clusters) asked.append("cluster", name);
  if (state.sort || !state.ascending) {
    if (state.sort) asked.set("sort", state.sort);
    asked.set("order", state.ascending ? "up" : "down");
  }
  if (state.page) asked.set("page", state.page + 1);
  if (state.size !== START.size) asked.set("rows", state.size);
  if (state.open !== null) asked.set("open", state.open + 1);
  const hash = asked.toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

// Words and ranks are read from the front, numbers from the largest.
const risesFirst = (key) => key === "" || ["word", "text", "flag", "cluster"].includes(columnOf[key].format);
