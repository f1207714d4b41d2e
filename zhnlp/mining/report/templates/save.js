// The filtered list as a file, in the order on the screen.
const cell = (value) => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

function csvText(rows) {
  const lines = [columns.map((column) => cell(column.key)).join(",")];
  for (const row of rows) {
    lines.push(columns.map((column) => {
      const value = values(column.key)[row];
      if (value === null) return "";
      return cell(column.format === "flag" ? Boolean(value) : column.format === "list" ? value.join("|") : value);
    }).join(","));
  }
  return `\ufeff${lines.join("\r\n")}\r\n`;  // the mark lets spreadsheets see UTF-8
}

const wordText = (rows) => rows.map((row) => `${words[row]}\n`).join("");

function save(text, ending, type) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = element("a", { href: address, download: `${data.name}.${ending}` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

byId("save-csv").addEventListener("click", () => save(csvText(visibleRows()), "csv", "text/csv"));
byId("save-txt").addEventListener("click", () => save(wordText(visibleRows()), "txt", "text/plain"));
