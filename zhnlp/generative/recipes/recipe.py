"""What the recipes share: options, the table of claims against bars, the JSON file, pictures.

    options = parser(__doc__).parse_args(argv)
    recipe = Recipe(__doc__, options)
    recipe.claim("gap of the LP", 3e-17, "< 1e-9")
    recipe.claim("W₁ by a critic", [1.01, 1.02, 1.0], "0.9 – 1.02")      # one figure for each seed
    recipe.picture(figure, "plan", "How the mass moves")
    return recipe.finish()

What a recipe's docstring has to hold is in `card.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from zhnlp.generative.recipes.card import Card
from zhnlp.generative.recipes.claims import meets, table, written
from zhnlp.generative.recipes.machine import machine


def parser(doc: str, *, seeds: int = 3) -> argparse.ArgumentParser:
    """A parser of ``--out``, ``--seeds`` and ``--quick``.

    Args:
        doc: docstring of the recipe.
        seeds: default number of seeds.
    """
    command = Card.of(doc).command
    made = argparse.ArgumentParser(
        prog=command, description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.set_defaults(usual_seeds=seeds)
    folder = f"workdir/generative/{command.split()[-1]}"
    made.add_argument(
        "--out",
        type=Path,
        default=Path(folder),
        help="folder of table, figures and pictures (default: %(default)s)",
    )
    made.add_argument(
        "--seeds", type=_count, default=seeds, help="how many, counted from 0 (default: %(default)s)"
    )
    made.add_argument("--quick", action="store_true", help="smaller, to try it: figures are not the recipe's")
    return made


class Recipe:
    """Claims with their figures, and pictures; `finish` prints and writes them.

    Attributes:
        claims: one dict a row: claim, figure (the mean over seeds), seeds (every one), bar, met.
        pictures: dicts of file and caption.

    Raises:
        ValueError: the docstring is no card.
    """

    def __init__(self, doc: str, options: argparse.Namespace):
        self.card = Card.of(doc)
        self.quick, self.seeds, self.out = options.quick, options.seeds, options.out
        self.command = self.card.command
        if self.seeds != options.usual_seeds:
            self.command += f" --seeds {self.seeds}"
        if self.quick:
            self.command += " --quick"
        self.claims, self.pictures, self._began = [], [], time.perf_counter()

    def claim(
        self, claim: str, figure: float | Sequence[float], bar: str = "", *, met: bool | None = None
    ) -> bool | None:
        """Add a row; returns whether the figure meets the bar.

        Args:
            claim: what is measured, with its unit.
            figure: a number, or one for each seed; the bar is held against their mean.
            bar: "< 1e-9", "≥ 0.6", "0.95 – 1.15", "0.8 ± 0.005"; another text, or none, is written as it is.
            met: says it for a bar that is another text.
        """
        seeds = [float(each) for each in (figure if isinstance(figure, Sequence) else [figure])]
        if not seeds:
            raise ValueError(f"{claim!r} got no figure: expected a number, or one for each seed")
        mean = fmean(seeds)
        met = meets(mean, bar) if met is None else bool(met)
        self.claims.append({"claim": claim, "figure": mean, "seeds": seeds, "bar": bar, "met": met})
        print(f"{claim}: {written(seeds)} ({bar or 'no bar'})", file=sys.stderr, flush=True)
        return met

    def picture(self, figure, name: str, caption: str) -> Path:
        """Write a matplotlib figure as ``<out>/<name>.png``."""
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / f"{name}.png"
        figure.savefig(path, dpi=120)
        self.pictures.append({"file": path.name, "caption": caption})
        print(f"wrote {path}", file=sys.stderr, flush=True)
        return path

    def finish(self) -> list[dict]:
        """Print the table, write ``table.md`` and ``figures.json``; returns the claims."""
        seconds = time.perf_counter() - self._began
        where = machine()
        note = f"{self.seeds} seed{'s' * (self.seeds > 1)}, {seconds:.0f} s on {where['cores']} cores, {where['date']}"
        text = f"# {self.card.title}\n\n{self.card.address}\n\n{table(self.claims)}\n\n{note}{', --quick' * self.quick}\n"
        print(text, end="", flush=True)
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "table.md").write_text(text, encoding="utf-8")
        kept = {
            "post": self.card.post,
            "posts": list(self.card.posts),
            "title": self.card.title,
            "address": self.card.address,
            "claimed": self.card.claim,
            "command": self.command,
            "quick": self.quick,
            "seeds": self.seeds,
            "seconds": round(seconds, 1),
            "machine": where,
            "claims": self.claims,
            "pictures": self.pictures,
        }
        (self.out / "figures.json").write_text(
            json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        return self.claims


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}: expected a whole number of seeds from 1")
    return count
