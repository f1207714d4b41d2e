// Controls and state, tied together.
let current = [];

function update() {
  current = visibleRows();
  drawHeadings();
  drawRows(current);
  drawClusterFilter();
  writeAddress();
  redrawPlots();
}

const redrawPlots = later(() => drawPlots(current), 120);

function showControls() {
  byId("query").value = state.query;
  byId("only-new").checked = state.onlyNew;
  byId("length-from").value = state.from ?? "";
  byId("length-to").value = state.to ?? "";
  byId("size").value = String(state.size);
  for (const input of byId("minimums").querySelectorAll("input")) input.value = state.minimum[input.dataset.key] ?? "";
}

function filterBy(changes) {
  Object.assign(state, changes, { page: 0 });
  update();
}

// From a plot or another row to the row; filters that hide it are lifted.
function findWord(row) {
  if (!current.includes(row)) {
    const { sort, ascending, size } = state;
    Object.assign(state, structuredClone(START), { sort, ascending, size });
    showControls();
  }
  Object.assign(state, { page: Math.floor(visibleRows().indexOf(row) / state.size), open: row });
  update();
  const found = byId("rows").querySelector(`tr[data-row="${row}"]`);
  found.querySelector("button").focus({ preventScroll: true });
  found.scrollIntoView({ block: "center" });
}

function turn(step) {
  state.page += step;
  update();
  document.querySelector(".scroll.table").scrollTop = 0;
}

// While an input method is composing, the box holds half a syllable: wait for the characters.
byId("query").addEventListener("input", (event) => { if (!event.isComposing) filterBy({ query: byId("query").value }); });
byId("query").addEventListener("compositionend", () => filterBy({ query: byId("query").value }));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("only-new").addEventListener("change", () => filterBy({ onlyNew: byId("only-new").checked }));
byId("length-from").addEventListener("input", () => filterBy({ from: numberOrNull(byId("length-from").value) }));
byId("length-to").addEventListener("input", () => filterBy({ to: numberOrNull(byId("length-to").value) }));
byId("size").addEventListener("change", () => filterBy({ size: +byId("size").value }));
byId("previous").addEventListener("click", () => turn(-1));
byId("next").addEventListener("click", () => turn(1));
byId("reset").addEventListener("click", () => {
  Object.assign(state, structuredClone(START));
  showControls();
  update();
});

for (const column of columns.filter((c) => c.minimum)) {
  const input = element("input", { type: "number", step: "any", inputmode: "decimal", "data-key": column.key });
  input.addEventListener("input", () => filterBy({ minimum: { ...state.minimum, [column.key]: numberOrNull(input.value) } }));
  byId("minimums").append(element("label", {}, element("span", {}, say("at_least", { heading: column.heading })), input));
}
byId("only-new-label").hidden = !hasNew;

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches && event.target.matches("input, select, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && size) {
    event.preventDefault();
    byId("query").focus();
  }
});

// A link to a section is not a view.
function readView() {
  const hash = location.hash.slice(1);
  if (hash && byId(hash)) return;
  readAddress();
  showControls();
  update();
}

if (size) {
  readAddress();
  showControls();
  update();
  addEventListener("hashchange", readView);
  let width = 0;
  new ResizeObserver(() => {
    const now = byId("plot-grid").clientWidth;
    if (now !== width) { width = now; redrawPlots(); }
  }).observe(byId("plot-grid"));
  const legend = document.querySelector(".legend");
  let screen = null;  // paper gets up to 1,000 rows and the legend; afterwards all is as it was
  addEventListener("beforeprint", () => {
    screen = { size: state.size, page: state.page, legend: legend.open };
    Object.assign(state, { size: 1000, page: 0 });
    legend.open = true;
    drawRows(current);
  });
  addEventListener("afterprint", () => {
    Object.assign(state, { size: screen.size, page: screen.page });
    legend.open = screen.legend;
    drawRows(current);
  });
}
