// The map of clusters: words that mean alike lie together.
const MOST_STRETCH = 1.7;  // of one axis against the other
const NAMES_EACH = 5;  // of a cluster, unless it is alone

// Lowest and highest value but for one in a hundred, with some room.
function reach(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length / 200);
  const low = sorted[cut], high = sorted[sorted.length - 1 - cut];
  return [low - (high - low) * 0.04, high + (high - low) * 0.04];
}

function mapPlot(rows, width) {
  const { x: xs, y: ys } = data.places;
  const placed = (row) => xs[row] !== null && ys[row] !== null;
  const all = words.map((_, row) => row).filter(placed);
  const bright = new Set(rows);
  const fits = all.filter((row) => bright.has(row));
  const drawn = fits.slice(0, MOST_POINTS);
  if (!all.length) return null;
  const [left, right] = reach(all.map((row) => xs[row])), [bottom, top] = reach(all.map((row) => ys[row]));
  const height = Math.round(Math.min(Math.max(width * 0.62, 300), 640));
  const box = { left: 0, right: width - 16, top: 6, bottom: height };
  const room = 18;
  const wide = right > left ? (width - 2 * room) / (right - left) : 1, tall = top > bottom ? (height - 2 * room) / (top - bottom) : 1;
  const inside = (at, end) => Math.min(Math.max(at, 6), end - 6);  // the few that lie far out stand at the edge
  const toX = (x) => inside(width / 2 + (x - (left + right) / 2) * Math.min(wide, tall * MOST_STRETCH), width);
  const toY = (y) => inside(height / 2 - (y - (bottom + top) / 2) * Math.min(tall, wide * MOST_STRETCH), height);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
  const point = (row) => ({ row, x: toX(xs[row]), y: toY(ys[row]) });
  if (fits.length < all.length) {
    for (const row of all.filter((one) => !bright.has(one)).slice(0, MOST_POINTS)) {
      const { x, y } = point(row);
      svg.append(shape("circle", { class: "faint", cx: x.toFixed(1), cy: y.toFixed(1), r: 1.6 }));
    }
  }
  const points = drawn.map(point);
  const radius = points.length > 1000 ? 2.8 : points.length > 200 ? 3.6 : 4.6;
  for (const { row, x, y } of [...points].reverse()) {  // the best on top
    svg.append(shape("path", { class: `point ${groupClass(groupOf(row))}`, d: markPath(groupOf(row), x, y, radius) }));
  }
  namePoints(svg, openFirst(byTurns(points)), box, Math.min(Math.max(Math.round((width * height) / 9000), 10), 70), points);
  pick(svg, points, (row) => {
    const cluster = clusterOf(row);
    return cluster ? say("cluster_is", { name: cluster.label, words: bestWords(cluster, 3) }) : clusterKey ? say("no_cluster") : "";
  }, say("plot_map"));
  return { drawing: svg, caption: say("caption_map", { n: grouped(drawn.length), all: grouped(rows.length) }) };
}

// The best word of each cluster, large clusters first, then the second best of each; words without one if all are.
function byTurns(points) {
  const turns = new Map();
  const taken = points.map((point) => {
    const cluster = clusterOf(point.row);
    const turn = cluster ? turns.get(cluster.name) || 0 : Infinity;
    if (cluster) turns.set(cluster.name, turn + 1);
    return { point, turn, size: cluster ? cluster.rows.length : 0 };
  });
  const several = turns.size > 1;
  return taken.filter(({ turn }) => (several ? turn < NAMES_EACH : turns.size === 0 || turn < Infinity)).sort((a, b) => (a.turn === b.turn ? b.size - a.size : a.turn - b.turn) || a.point.row - b.point.row).map((one) => one.point);
}
