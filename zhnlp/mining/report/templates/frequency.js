// How often in the domain against how often in the reference; what the reference lacks has a band of its own.
const PER = 1e6;

function frequencyPlot(rows, width) {
  const { domain, reference } = data.totals;
  const rate = domain > 0 && reference > 0;  // else counts as they are
  const here = (row) => values("count")[row] * (rate ? PER / domain : 1);
  const there = (row) => values("reference_count")[row] * (rate ? PER / reference : 1);
  const kept = rows.filter((row) => values("count")[row] > 0 && values("reference_count")[row] !== null).sort((a, b) => a - b);
  const drawn = kept.slice(0, MOST_POINTS);
  if (!drawn.length) return null;
  const met = drawn.filter((row) => there(row) > 0);
  const inner = Math.max(width - MARGIN.left - MARGIN.right, 100);
  const band = met.length === drawn.length ? 0 : met.length ? Math.min(Math.max(inner * 0.16, 56), 170) : inner;
  const span = (numbers) => {
    let low = Infinity, high = 0;
    for (const n of numbers) { low = Math.min(low, n); high = Math.max(high, n); }
    return high ? { low: low / 1.5, high: high * 1.6, log: true } : { low: 1, high: 10, log: true, ticks: [] };
  };
  const named = (key) => (width < 460 ? say(key) : say(rate ? "axis_rate" : "axis_log", { name: say(key) }));
  const { svg, toX, toY, box } = chart(width, { ...span(met.map(there)), band, name: named("axis_reference") }, { ...span(drawn.map(here)), name: named("axis_domain") }, say("plot_frequency"), 620);
  if (rate && met.length) drawRatios(svg, toX, toY, { ...box, left: box.left + band });
  const scatter = (row) => ((row * 0.6180339887) % 1) * (band - 22) + 11;  // spread evenly across the band, the same each time
  const points = drawn.map((row) => ({ row, x: there(row) > 0 ? toX(there(row)) : box.left + scatter(row), y: toY(here(row)) }));
  drawPoints(svg, points);
  const big = Math.round((width * (box.bottom - box.top)) / 11000);
  namePoints(svg, openFirst(points), box, Math.min(Math.max(big, 8), 60));
  const told = (key, count, at) => `${columnOf[key].heading} ${grouped(count)}${rate ? ` (${say("per_million", { n: tickText(at) })})` : ""}`;
  pick(svg, points, (row) => [told("count", values("count")[row], here(row)), told("reference_count", values("reference_count")[row], there(row)),
    rate && there(row) > 0 ? say("times", { n: tickText(here(row) / there(row)) }) : null].filter(Boolean).join("\n"), say("plot_frequency"));
  const caption = say("caption_frequency", { n: grouped(drawn.length), all: grouped(rows.length) });
  return { drawing: svg, caption: band ? `${caption} ${say("caption_band", { n: grouped(drawn.length - met.length) })}` : caption };
}

// Lines of equal ratio: as frequent here as there, 10 times, 100 times, 1,000 times.
function drawRatios(svg, toX, toY, box) {
  const back = (v) => (v - toX(1)) / (toX(10) - toX(1));  // log₁₀ of the frequency at a place
  const marks = [];
  let last = Infinity;  // where the label to the right begins
  for (const power of [0, 1, 2, 3, 4]) {
    const yAt = (x) => toY(10 ** (back(x) + power));
    const slope = (yAt(box.right) - yAt(box.left)) / (box.right - box.left);
    const xAt = (y) => box.left + (y - yAt(box.left)) / slope;
    const from = Math.max(box.left, xAt(box.bottom)), to = Math.min(box.right, xAt(box.top));
    if (to - from < 30) continue;
    marks.push(shape("line", { class: power ? "ratio" : "ratio even", x1: from, y1: yAt(from), x2: to, y2: yAt(to) }));
    const label = `${grouped(10 ** power)}×`, end = to - 4;
    const y = Math.max(yAt(end) - 4, box.top + 10);
    if (end > last - 8 && y < box.top + 24) continue;
    last = end - 6.5 * label.length;
    marks.push(shape("text", { class: "ratio", x: end, y, "text-anchor": "end" }, label));
  }
  svg.append(...marks);
}
