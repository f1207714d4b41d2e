"""A map of an index: questions on a plane, near where their vectors are near, as data, as a picture and as a page.

Source: van der Maaten and Hinton 2008, Visualizing Data using t-SNE
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.mining.terms.map import place_words
from zhnlp.text.files import atomic_file, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zhnlp.similarity.faq_index import FAQIndex

_WRITTEN = 40  # questions whose text stands in a picture


@dataclass(frozen=True)
class FAQMap:
    """Where each question stands, ``x`` and ``y`` from -1 to 1, with its id, question and answer."""

    points: list[dict[str, Any]]
    of: int
    """Questions of the index; more than there are points, where only some were placed."""

    def plot(self, path: str | Path | None = None, *, title: str = "") -> Figure:
        """Draw the points, those of one id in one colour; the first questions with their text, if a font writes it.

        Raises:
            ImportError: matplotlib is missing.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError('plots need matplotlib. Next: pip install "zhnlp[plot]"') from error
        from zhnlp.metrics.confusion_plot import font_for

        shown = self.points[:_WRITTEN]
        font = font_for("".join(point["question"] for point in shown) + title)
        figure = Figure(figsize=(9, 9), layout="constrained")
        axes = figure.add_subplot()
        colours = [f"C{number % 10}" for number in self._groups()]
        axes.scatter(*([point[axis] for point in self.points] for axis in "xy"), c=colours, s=12)
        if font:
            for point in shown:
                axes.annotate(
                    point["question"][:16], (point["x"], point["y"]), (3, 3), textcoords="offset points", fontsize=7,
                    fontfamily=font,
                )  # fmt: skip
            axes.set_title(title, fontfamily=font)
        axes.set_xticks([])
        axes.set_yticks([])
        if path is not None:
            with atomic_file(path) as temporary:
                figure.savefig(temporary, dpi=150, format=Path(path).suffix[1:] or "png")
        return figure

    def to_html(self, title: str = "FAQ") -> str:
        """A page that needs nothing else: a point shows its question and answer when the pointer is on it, and a box finds."""
        rows = [
            {
                "x": point["x"],
                "y": point["y"],
                "g": group,
                "t": f"{point['question']}\n{point['answer'] or ''}",
            }
            for point, group in zip(self.points, self._groups())
        ]
        data = json.dumps(rows, ensure_ascii=False).replace("<", "\\u003c")
        return (
            _PAGE.replace("TITLE", html.escape(title))
            .replace("COUNT", f"{len(rows):,}")
            .replace("DATA", data)
        )

    def save(self, path: str | Path) -> None:
        """Write the page (.html), the picture (.png, .svg, .pdf) or the points (.jsonl).

        Raises:
            ValueError: another ending.
        """
        ending = Path(path).suffix.lower()
        if ending == ".html":
            write_whole(path, self.to_html())
        elif ending == ".jsonl":
            write_whole(path, "".join(json.dumps(point, ensure_ascii=False) + "\n" for point in self.points))
        elif ending in (".png", ".svg", ".pdf"):
            self.plot(path)
        else:
            raise ValueError(f"{path} ends in {ending!r}: expected .html, .png, .svg, .pdf or .jsonl")

    def _groups(self) -> list[int]:
        numbers: dict[Any, int] = {}
        return [numbers.setdefault(point["id"], len(numbers)) for point in self.points]


def map_faq(index: FAQIndex, *, most: int = 2_000, seed: int = 0) -> FAQMap:
    """Place the questions of an index: by t-SNE from 30 on, else by their two main directions.

    Args:
        index: with questions in it.
        most: questions placed; a sample where there are more, in their order.
        seed: of sample and t-SNE.

    Raises:
        ValueError: the index is empty.

    Example:
        >>> from zhnlp.similarity import FAQIndex
        >>> index = FAQIndex()
        >>> index.add(["怎么退款", "明天下雨"])
        2
        >>> [(point["question"], point["x"]) for point in map_faq(index).points]
        [('怎么退款', -1.0), ('明天下雨', 1.0)]
    """
    if not len(index):
        raise ValueError("the index is empty: expected questions in it. Next: index.add(questions, answers)")
    rows = np.flatnonzero(index.keep)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    places = place_words(index.vectors.exact(rows), seed=seed)
    points = [{**index.entries[row], "x": float(x), "y": float(y)} for row, (x, y) in zip(rows, places)]
    return FAQMap(points, len(index))


_PAGE = """<!doctype html>
<html lang="zh"><meta charset="utf-8"><title>TITLE</title>
<style>
body { font: 14px sans-serif; margin: 1em } svg { width: min(90vw, 90vh); border: 1px solid #ccc }
#tip { position: fixed; background: #fffd; border: 1px solid #999; padding: .3em .6em; white-space: pre-wrap; max-width: 30em;
  pointer-events: none; display: none } circle.off { opacity: .08 }
</style>
<h1>TITLE</h1><p>COUNT <input id="find" placeholder="…"></p>
<svg viewBox="-1.05 -1.05 2.1 2.1"></svg><div id="tip"></div>
<script>
const points = DATA, svg = document.querySelector("svg"), tip = document.getElementById("tip");
for (const p of points) {
  const c = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  c.setAttribute("cx", p.x); c.setAttribute("cy", -p.y); c.setAttribute("r", 0.012);
  c.setAttribute("fill", `hsl(${p.g * 137.5 % 360} 65% 45%)`);
  c.onmousemove = e => { tip.textContent = p.t; tip.style.display = "block"; tip.style.left = e.clientX + 12 + "px";
    tip.style.top = e.clientY + 12 + "px"; };
  c.onmouseleave = () => tip.style.display = "none";
  p.circle = c; svg.append(c);
}
document.getElementById("find").oninput = e => {
  for (const p of points) p.circle.classList.toggle("off", !p.t.includes(e.target.value));
};
</script></html>
"""
