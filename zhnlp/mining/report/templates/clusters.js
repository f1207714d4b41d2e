// Clusters: the largest have a colour and a shape of their own, the others share one, and so do rows without.
const COLOURS = 8;
const OTHER = "*", NONE = "-";  // in the address; a cluster's own name is written "=name"
const clusterKey = (columns.find((column) => column.format === "cluster") || {}).key || null;

const clusters = [];
const clusterNamed = new Map();
if (clusterKey) {
  values(clusterKey).forEach((value, row) => {
    if (value === null) return;
    const name = `=${value}`;
    if (!clusterNamed.has(name)) {
      clusters.push({ name, label: String(value), rows: [] });
      clusterNamed.set(name, clusters[clusters.length - 1]);
    }
    clusterNamed.get(name).rows.push(row);
  });
  clusters.sort((a, b) => b.rows.length - a.rows.length || a.rows[0] - b.rows[0]);
  clusters.forEach((cluster, i) => { cluster.group = i < COLOURS ? String(i) : OTHER; });
}

const clusterOf = (row) => (clusterKey && values(clusterKey)[row] !== null ? clusterNamed.get(`=${values(clusterKey)[row]}`) : null);
const groupOf = (row) => { const cluster = clusterOf(row); return cluster ? cluster.group : NONE; };
const groupClass = (group) => ({ [OTHER]: "other", [NONE]: "none" }[group] || `g${group}`);

function inClusters(row) {
  if (!state.clusters.length) return true;
  const cluster = clusterOf(row);
  return state.clusters.includes(cluster ? cluster.group : NONE) || (cluster !== null && state.clusters.includes(cluster.name));
}

// A mark as a path around (x, y): one shape a group, so that colour is not all that tells them apart.
function markPath(group, x, y, r) {
  const at = (points) => `M${points.map(([dx, dy]) => `${(x + dx * r).toFixed(1)} ${(y + dy * r).toFixed(1)}`).join("L")}Z`;
  const corners = {
    1: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
    2: [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
    3: [[0, -1.3], [1.2, 0], [0, 1.3], [-1.2, 0]],
    4: [[0, 1.2], [1.1, -0.8], [-1.1, -0.8]],
    5: [[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]],
    6: [[-0.6, -1.05], [0.6, -1.05], [1.2, 0], [0.6, 1.05], [-0.6, 1.05], [-1.2, 0]],
    7: [[-1.2, -0.5], [1.2, -0.5], [1.2, 0.5], [-1.2, 0.5]],
  }[group];
  if (corners) return at(corners);
  const small = group === OTHER || group === NONE ? r * 0.75 : r;
  return `M${(x - small).toFixed(1)} ${y.toFixed(1)}a${small} ${small} 0 1 0 ${2 * small} 0a${small} ${small} 0 1 0 ${-2 * small} 0Z`;
}

function swatch(group) {
  return shape("svg", { class: "swatch", viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" },
    shape("path", { class: groupClass(group), d: markPath(group, 0, 0, 5) }));
}

// What a cluster is called: its best words.
const bestWords = (cluster, n) => cluster.rows.slice(0, n).map((row) => words[row]).join(data.language === "zh" ? "、" : ", ");

function clusterLegend() {
  const others = clusters.filter((cluster) => cluster.group === OTHER);
  const without = clusterKey ? values(clusterKey).filter((value) => value === null).length : 0;
  const entries = clusters.slice(0, COLOURS).map((cluster) => [cluster.group, bestWords(cluster, 2), cluster.rows.length]);
  if (others.length) {
    entries.push([OTHER, say("other_clusters", { n: grouped(others.length) }), others.reduce((sum, cluster) => sum + cluster.rows.length, 0)]);
  }
  if (without) entries.push([NONE, say("no_cluster"), without]);
  return element("div", { class: "groups", role: "group", "aria-label": say("cluster_legend") }, ...entries.map(([group, text, n]) => {
    const button = element("button", { type: "button", class: "chip", "data-group": group, "aria-pressed": "false" },
      swatch(group), element("span", { lang: "zh-Hans", class: "name" }, text), element("small", {}, grouped(n)));
    button.addEventListener("click", () => {
      const rest = state.clusters.filter((name) => name !== group);
      filterBy({ clusters: rest.length < state.clusters.length ? rest : [...rest, group] });
    });
    return button;
  }));
}

// Among the filters: which clusters are shown, and a way back to all.
function drawClusterFilter() {
  const button = byId("cluster-filter");
  button.hidden = !state.clusters.length;
  for (const entry of document.querySelectorAll(".groups button")) {
    entry.setAttribute("aria-pressed", String(state.clusters.includes(entry.dataset.group)));
  }
  const names = state.clusters.map((name) => {
    if (name === OTHER) return say("other");
    if (name === NONE) return say("no_cluster");
    const cluster = clusterNamed.get(name) || clusters.find((one) => one.group === name);
    return cluster ? bestWords(cluster, 1) : name;
  });
  button.textContent = `${say("cluster_filter", { names: names.join(data.language === "zh" ? "、" : ", ") })} ✕`;
}
byId("cluster-filter").addEventListener("click", () => filterBy({ clusters: [] }));
