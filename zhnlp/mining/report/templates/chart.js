// Axes: a drawing area with linear or logarithmic scales, ticks and names.
const MARGIN = { left: 60, right: 24, top: 12, bottom: 42 };

function scale(low, high, start, end, log) {
  const f = log ? Math.log10 : (v) => v;
  const [a, b] = [f(low), f(high)];
  return (value) => start + ((f(value) - a) / (b - a || 1)) * (end - start);
}

function linearTicks(low, high, wanted) {
  const raw = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9) + 1e-12; i++) ticks.push(+(i * step).toPrecision(12));
  return ticks;
}

function logTicks(low, high, wanted) {
  const decades = Math.log10(high / low);
  const factors = decades > wanted * 0.8 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
  const every = Math.max(Math.ceil(decades / wanted), 1);
  const ticks = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
    if (e % every) continue;
    for (const factor of factors) {
      const tick = +`${factor}e${e}`;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

// A chart: x and y are {low, high, name, log, ticks}; returns the drawing and its two scales.
// x.band: pixels kept at the left for what is 0 on a logarithmic scale.
function chart(width, x, y, summary, tallest = 340) {
  const height = Math.round(Math.min(Math.max(width * 0.62, 220), tallest));
  const box = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": summary });
  const band = x.band || 0;
  const toX = scale(x.low, x.high, box.left + band, box.right, x.log);
  const toY = scale(y.low, y.high, box.bottom, box.top, y.log);
  const ticksOf = (axis, wanted) => axis.ticks || (axis.log ? logTicks : linearTicks)(axis.low, axis.high, wanted);
  if (band) {
    const middle = box.left + band / 2;
    svg.append(
      shape("rect", { class: "band", x: box.left, y: box.top, width: band, height: box.bottom - box.top }),
      shape("text", { x: middle, y: box.bottom + 17, "text-anchor": "middle" }, "0"));
  }
  for (const tick of ticksOf(y, 5)) {
    const at = Math.round(toY(tick)) + 0.5;
    svg.append(
      shape("line", { class: "grid", x1: box.left, x2: box.right, y1: at, y2: at }),
      shape("text", { x: box.left - 7, y: at + 4, "text-anchor": "end" }, tickText(tick)));
  }
  for (const tick of ticksOf(x, Math.max(Math.floor((width - band) / 80), 3))) {
    const at = Math.round(toX(tick)) + 0.5;
    svg.append(
      shape("line", { class: "axis", x1: at, x2: at, y1: box.bottom, y2: box.bottom + 4 }),
      shape("text", { x: at, y: box.bottom + 17, "text-anchor": "middle" }, tickText(tick)));
  }
  svg.append(
    shape("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom + 0.5, y2: box.bottom + 0.5 }),
    shape("text", { x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, x.name),
    shape("text", { transform: `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, y.name));
  return { svg, toX, toY, box };
}

// Follow the pointer: nearest(x, y) gives {x, y, text, click} in the chart's own pixels, or null.
// Where there are stops, the arrow keys go from one such point to the next, and Enter clicks.
function follow(svg, nearest, stops = []) {
  const ring = shape("circle", { class: "focus", r: 5, visibility: "hidden" });
  svg.append(ring);
  const find = (event) => {
    const area = svg.getBoundingClientRect();
    const ratio = svg.viewBox.baseVal.width / area.width;
    return { area, ratio, hit: nearest((event.clientX - area.left) * ratio, (event.clientY - area.top) * ratio) };
  };
  const leave = () => { hideTip(); ring.setAttribute("visibility", "hidden"); };
  svg.addEventListener("pointermove", (event) => {
    const { area, ratio, hit } = find(event);
    if (!hit) { leave(); return; }
    ring.setAttribute("cx", hit.x);
    ring.setAttribute("cy", hit.y);
    ring.setAttribute("visibility", hit.ring === false ? "hidden" : "visible");
    svg.style.cursor = hit.click ? "pointer" : "default";
    showTip(hit.text, area.left + hit.x / ratio, area.top + hit.y / ratio);
  });
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("click", (event) => {
    const { hit } = find(event);
    if (hit && hit.click) { leave(); hit.click(); }
  });
  if (stops.length) walkStops(svg, ring, stops, leave);
}

function walkStops(svg, ring, stops, leave) {
  let at = -1;
  for (const [name, value] of Object.entries({ tabindex: 0, role: "application", "aria-roledescription": say("plot") })) svg.setAttribute(name, value);
  svg.setAttribute("aria-description", say("keys_hint"));
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", (event) => {
    const last = stops.length - 1;
    const next = { ArrowRight: Math.min(at + 1, last), ArrowDown: Math.min(at + 1, last), ArrowLeft: Math.max(at - 1, 0), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      at = next;
      const stop = stops[at](), area = svg.getBoundingClientRect(), ratio = svg.viewBox.baseVal.width / area.width;
      ring.setAttribute("cx", stop.x);
      ring.setAttribute("cy", stop.y);
      ring.setAttribute("visibility", "visible");
      showTip(stop.text, area.left + stop.x / ratio, area.top + stop.y / ratio);
      announce(stop.text);
    } else if ((event.key === "Enter" || event.key === " ") && at >= 0) {
      event.preventDefault();
      leave();
      stops[at]().click();
    }
  });
}
