// One tooltip for the whole page: on hover, on focus, gone with Escape.
const tip = byId("tip");

function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(Math.max(x - box.width / 2, 8), innerWidth - box.width - 8);
  const below = y + 18 + box.height < innerHeight;
  tip.style.left = `${Math.max(left, 8)}px`;
  tip.style.top = `${Math.max(below ? y + 14 : y - box.height - 14, 4)}px`;
}

const hideTip = () => { tip.hidden = true; };

function giveTip(node, text) {
  const show = () => {
    const box = node.getBoundingClientRect();
    showTip(text, box.left + box.width / 2, box.bottom - 8);
  };
  node.setAttribute("aria-description", text);
  node.addEventListener("mouseenter", show);
  node.addEventListener("focus", () => { if (node.matches(":focus-visible")) show(); });
  for (const leave of ["mouseleave", "blur", "click"]) node.addEventListener(leave, hideTip);
}

document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", hideTip, { passive: true });
