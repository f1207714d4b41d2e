// Elements: made here and nowhere else, so that text is always text and never markup.
const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

function shape(name, attributes = {}, ...children) {
  return furnish(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function later(run, milliseconds) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(run, milliseconds); };
}

function announce(text) {
  byId("announce").textContent = "";
  setTimeout(() => { byId("announce").textContent = text; }, 50);
}
