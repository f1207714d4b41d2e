// Numbers and labels for the reader.
const grouped = (n) => Math.round(n).toLocaleString("en-US");

function say(key, values = {}) {
  return (data.labels[key] || key).replace(/\{(\w+)\}/g, (slot, name) => (name in values ? values[name] : slot));
}

// Decimals that suit a whole column, so that its numbers align.
function decimalsFor(values) {
  const sizes = values.filter((v) => v !== null && v !== 0).map(Math.abs).sort((a, b) => a - b);
  if (!sizes.length) return 0;
  const middle = sizes[sizes.length >> 1];
  return middle >= 1000 ? 0 : middle >= 100 ? 1 : middle >= 0.1 ? 2 : 4;
}

function decimal(value, decimals) {
  if (value !== 0 && Math.abs(value) < 0.5 * 10 ** -decimals) return value.toExponential(1);
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function shown(column, value) {
  if (value === null) return "—";
  if (column.format === "integer") return grouped(value);
  if (column.format === "number") return decimal(value, column.decimals);
  if (column.format === "flag") {
    return column.key === "known" ? say(value ? "known" : "new") : say(value ? "yes" : "no");
  }
  if (column.format === "list") return value.join(data.language === "zh" ? "、" : ", ");
  return String(value);
}

// A tick of an axis: 0.5, 1,200, 3.4M.
function tickText(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  if (size >= 1e3) return grouped(value);
  return size !== 0 && size < 1e-3 ? value.toExponential(0) : String(+value.toPrecision(3));
}
