// The embedded table: columns of values, read once.
const data = JSON.parse(byId("data").textContent);
const columns = data.columns;
const columnOf = Object.fromEntries(columns.map((column) => [column.key, column]));
const words = data.values[columns[0].key] || [];
const size = words.length;
const values = (key) => data.values[key] || null;
const hasNew = (values("known") || []).some((flag) => flag === 0);
const isNew = (row) => values("known") !== null && values("known")[row] === 0;
const fold = (text) => text.normalize("NFKC").toLowerCase();
const lengths = words.map((word) => [...word].length);
let folded = null;
const listKeys = columns.filter((column) => column.format === "list").map((column) => column.key);
// What a search looks at: the word, and its other spellings on lines of their own.
const foldedWords = () => folded || (folded = words.map((word, row) => fold([word, ...((values("variants") || [])[row] || [])].join("\n"))));
const rowOf = new Map();
words.forEach((word, row) => { if (!rowOf.has(word)) rowOf.set(word, row); });

for (const column of columns) {
  if (column.format === "number") column.decimals = decimalsFor(values(column.key) || []);
}

const freedom = (row) => {
  const sides = [values("left_entropy"), values("right_entropy")].filter(Boolean).map((side) => side[row]);
  return sides.length && sides.every((side) => side !== null) ? Math.min(...sides) : null;
};
