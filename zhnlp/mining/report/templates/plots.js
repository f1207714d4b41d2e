// The plots, drawn anew from the rows that pass the filters.
const MOST_POINTS = 3000;
const NAMED_POINTS = 14;

// Stacked bars; bins are {low, high, known, new, text}.
function bars(width, bins, x, summary) {
  const most = Math.max(...bins.map((bin) => bin.known + bin.new), 1);
  const { svg, toX, toY, box } = chart(width, x, { low: 0, high: most * 1.06, name: say("axis_words"), ticks: linearTicks(0, most, Math.min(5, most)) }, summary);
  for (const bin of bins) {
    const left = toX(bin.low) + 0.5, wide = Math.max(toX(bin.high) - toX(bin.low) - 1, 1);
    let from = 0;
    for (const part of ["known", "new"]) {
      if (!bin[part]) continue;
      const tall = Math.max(toY(from) - toY(from + bin[part]), 1);
      svg.append(shape("rect", { class: part, x: left, y: toY(from) - tall, width: wide, height: tall }));
      from += bin[part];
    }
  }
  follow(svg, (at) => {
    const bin = bins.find((b) => at >= toX(b.low) && at < toX(b.high));
    return bin && bin.known + bin.new ? { x: (toX(bin.low) + toX(bin.high)) / 2, y: Math.min(toY(bin.known + bin.new), box.bottom - 20), text: bin.text, ring: false } : null;
  });
  return svg;
}

function binText(head, bin) {
  const all = `${head}\n${grouped(bin.known + bin.new)} ${say("axis_words")}`;
  return hasNew ? `${all}: ${grouped(bin.new)} ${say("new")}, ${grouped(bin.known)} ${say("known")}` : all;
}

function scorePlot(rows, width) {
  const scores = values("score");
  const kept = rows.filter((row) => scores[row] !== null);
  if (!kept.length) return null;
  const sorted = kept.map((row) => scores[row]).sort((a, b) => a - b);
  let low = sorted[0], high = sorted[sorted.length - 1];
  const log = low > 0 && high / sorted[sorted.length >> 1] > 20;
  if (low === high) { low -= 0.5; high += 0.5; }
  const n = Math.min(Math.max(Math.round(width / 14), 8), 48, Math.ceil(2 * Math.sqrt(kept.length)) + 4);
  const [f, back] = log ? [Math.log10, (v) => 10 ** v] : [(v) => v, (v) => v];
  const step = (f(high) - f(low)) / n;
  const bins = Array.from({ length: n }, (_, i) => ({ low: back(f(low) + i * step), high: back(f(low) + (i + 1) * step), known: 0, new: 0 }));
  for (const row of kept) {
    bins[Math.min(Math.max(Math.floor((f(scores[row]) - f(low)) / step), 0), n - 1)][isNew(row) ? "new" : "known"]++;
  }
  for (const bin of bins) bin.text = binText(`${say("axis_score")} ${tickText(bin.low)} – ${tickText(bin.high)}`, bin);
  const name = log ? say("axis_log", { name: say("axis_score") }) : say("axis_score");
  return { drawing: bars(width, bins, { low, high, log, name }, say("plot_score")), caption: say("caption_score", { n: grouped(kept.length) }) };
}

function lengthPlot(rows, width) {
  if (!rows.length) return null;
  const most = rows.reduce((longest, row) => Math.max(longest, lengths[row]), 1);
  const last = Math.min(most, 16);
  const bins = Array.from({ length: last }, (_, i) => ({ low: i + 0.5, high: i + 1.5, known: 0, new: 0 }));
  for (const row of rows) bins[Math.min(lengths[row], last) - 1][isNew(row) ? "new" : "known"]++;
  bins.forEach((bin, i) => { bin.text = binText(`${say("length")} ${i + 1}${i + 1 === last && most > last ? "+" : ""}`, bin); });
  const ticks = bins.map((_, i) => i + 1);
  const x = { low: 0.5, high: last + 0.5, name: say("axis_length"), ticks };
  return { drawing: bars(width, bins, x, say("plot_length")), caption: say("caption_length", { n: grouped(rows.length) }) };
}

function zipfPlot(rows, width) {
  const counts = values("count");
  const sorted = rows.filter((row) => counts[row] > 0).sort((a, b) => counts[b] - counts[a] || a - b);
  if (sorted.length < 2) return null;
  const high = counts[sorted[0]], low = counts[sorted[sorted.length - 1]];
  const { svg, toX, toY, box } = chart(width,
    { low: 1, high: sorted.length, log: true, name: say("axis_rank") },
    { low: Math.max(low * 0.9, 0.5), high: high * 1.15, log: true, name: say("axis_count") }, say("plot_zipf"));
  const ranks = new Set([1, sorted.length]);
  for (let i = 0; i <= 400; i++) ranks.add(Math.round(sorted.length ** (i / 400)));
  const path = [...ranks].sort((a, b) => a - b).map((rank) => `${toX(rank).toFixed(1)} ${toY(counts[sorted[rank - 1]]).toFixed(1)}`);
  svg.append(shape("path", { class: "curve", d: `M${path.join("L")}` }));
  follow(svg, (at) => {
    const share = Math.min(Math.max((at - box.left) / (box.right - box.left), 0), 1);
    const rank = Math.min(Math.max(Math.round(sorted.length ** share), 1), sorted.length);
    const row = sorted[rank - 1];
    return { x: toX(rank), y: toY(counts[row]), text: `${words[row]}\n${say("rank")} ${grouped(rank)}, ${columnOf.count.heading} ${grouped(counts[row])}`, click: () => findWord(row) };
  });
  return { drawing: svg, caption: say("caption_zipf", { n: grouped(sorted.length) }) };
}

function scatterPlot(rows, width) {
  const pmi = values("pmi");
  const drawn = rows.filter((row) => pmi[row] !== null && freedom(row) !== null).sort((a, b) => a - b).slice(0, MOST_POINTS);
  if (drawn.length < 2) return null;
  const reach = (numbers) => {
    let low = Infinity, high = -Infinity;
    for (const v of numbers) { low = Math.min(low, v); high = Math.max(high, v); }
    const room = (high - low || 1) * 0.04;
    return { low: low >= 0 && low < room * 8 ? 0 : low - room, high: high + room };
  };
  const { svg, toX, toY, box } = chart(width,
    { ...reach(drawn.map((row) => pmi[row])), name: say("axis_pmi") },
    { ...reach(drawn.map(freedom)), name: width < 380 ? say("axis_entropy").replace(/[:：].*/, "") : say("axis_entropy") }, say("plot_scatter"));
  const points = drawn.map((row) => ({ row, x: toX(pmi[row]), y: toY(freedom(row)) }));
  drawPoints(svg, points);
  namePoints(svg, openFirst(points), box, NAMED_POINTS, points);
  const freedomName = say("axis_entropy").replace(/[:：].*/, "");
  pick(svg, points, (row) => `${columnOf.pmi.heading} ${decimal(pmi[row], 2)}, ${freedomName} ${decimal(freedom(row), 2)}`, say("plot_scatter"));
  return { drawing: svg, caption: say("caption_scatter", { n: grouped(drawn.length), all: grouped(rows.length) }) };
}

// Points of words, the new ones on top.
function drawPoints(svg, points) {
  const radius = points.length > 1000 ? 2.2 : points.length > 200 ? 3 : 4;
  for (const fresh of [false, true]) {
    for (const point of points) {
      if (isNew(point.row) !== fresh) continue;
      svg.append(shape("circle", { class: fresh ? "point new" : "point known", cx: point.x.toFixed(1), cy: point.y.toFixed(1), r: radius }));
    }
  }
}

// The open row first, so that it gets its name.
const openFirst = (points) => [...points.filter((point) => point.row === state.open), ...points.filter((point) => point.row !== state.open)];

// The point nearest to the pointer tells its word and facts, and leads to its row; the row that is open has a ring.
function pick(svg, points, facts, label) {
  const hit = (point) => ({ x: point.x, y: point.y, text: [words[point.row], facts(point.row)].filter(Boolean).join("\n"), click: () => findWord(point.row) });
  const open = points.find((point) => point.row === state.open);
  if (open) svg.append(shape("circle", { class: "focus", cx: open.x.toFixed(1), cy: open.y.toFixed(1), r: 7 }));
  follow(svg, (x, y) => {
    let best = null, least = 24 * 24;
    for (const point of points) {
      const away = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (away < least) { least = away; best = point; }
    }
    return best ? hit(best) : null;
  }, points.map((point) => () => hit(point)));
  svg.setAttribute("aria-label", label);
}

const PLOTS = [
  { key: "frequency", needs: ["count", "reference_count"], draw: frequencyPlot, keys: true, hint: true, wide: true },
  { key: "map", needs: [], when: () => data.places.x, draw: mapPlot, legend: () => (clusterKey ? clusterLegend() : ""), hint: true, wide: true },
  { key: "score", needs: ["score"], draw: scorePlot, keys: true },
  { key: "scatter", needs: ["pmi", "left_entropy", "right_entropy"], draw: scatterPlot, keys: true, hint: true },
  { key: "zipf", needs: ["count"], draw: zipfPlot },
  { key: "length", needs: [], draw: lengthPlot, keys: true },
].filter((plot) => plot.needs.every(values) && (!plot.when || plot.when()));

for (const plot of PLOTS) {
  plot.body = element("div");
  plot.caption = element("figcaption");
  const keys = element("p", { class: "keys", "aria-hidden": "true" });
  if (plot.keys && hasNew) keys.append(element("span", { class: "key new" }, say("new")), element("span", { class: "key" }, say("known")));
  const head = [element("h3", {}, say(`plot_${plot.key}`)), plot.legend ? plot.legend() : keys];
  byId("plot-grid").append(element("figure", { id: `plot-${plot.key}`, class: plot.wide ? "wide" : null }, ...head, plot.body, plot.caption));
}

function drawPlots(rows) {
  for (const plot of PLOTS) {
    const width = Math.max(Math.floor(plot.body.clientWidth), 240);
    const made = plot.draw(rows, width);
    plot.body.replaceChildren(made ? made.drawing : element("p", { class: "none" }, say("nothing_to_draw")));
    plot.caption.textContent = made ? made.caption + (plot.hint ? ` ${say("point_hint")}` : "") : "";
  }
}
