// Names for some points, the first of the list first, where they cover neither each other nor many points.
const NAME_HEIGHT = 15;
const CELL = 8;  // pixels of the grid on which points are counted

const nameWidth = (word) => [...word].reduce((wide, c) => wide + (c < "\u2e80" ? 7.2 : 12.4), 0);

function namePoints(svg, points, box, most, all = points) {
  const crowd = new Map();
  const place = (x, y) => `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`;
  for (const { x, y } of all) crowd.set(place(x, y), (crowd.get(place(x, y)) || 0) + 1);
  const covered = (area) => {
    let n = 0;
    for (let x = area.left; x <= area.right; x += CELL) for (let y = area.top; y <= area.bottom; y += CELL) n += crowd.get(place(x, y)) || 0;
    return n;
  };
  const apart = (a, b) => a.left > b.right + 4 || a.right < b.left - 4 || a.top > b.bottom + 1 || a.bottom < b.top - 1;
  const taken = [];
  let named = 0;
  for (const { row, x, y } of points) {
    if (named >= most) break;
    const word = [...words[row]].length > 16 ? `${[...words[row]].slice(0, 15).join("")}…` : words[row];
    const wide = nameWidth(word), tall = NAME_HEIGHT;
    const dot = { left: x - 4, right: x + 4, top: y - 4, bottom: y + 4 };
    if (taken.some((area) => !apart(area, dot) && area.word)) continue;
    const free = [[6, -tall / 2], [-6 - wide, -tall / 2], [-wide / 2, -tall - 4], [-wide / 2, 5], [5, -tall - 2], [5, 3]]
      .map(([dx, dy]) => ({ left: x + dx, right: x + dx + wide, top: y + dy, bottom: y + dy + tall, word }))
      .filter((area) => area.left >= box.left + 2 && area.right <= box.right + 16 && area.top >= box.top - 6 && area.bottom <= box.bottom - 1)
      .filter((area) => taken.every((other) => apart(area, other)));
    if (!free.length) continue;
    const best = free.map((area, i) => [covered(area) + i * 0.4, area]).sort((a, b) => a[0] - b[0])[0][1];
    taken.push(best, dot);
    named++;
    svg.append(shape("text", { class: "word", x: best.left.toFixed(1), y: (best.top + 12).toFixed(1), lang: "zh-Hans" }, word));
  }
}
