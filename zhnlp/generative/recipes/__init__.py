"""Recipes: each trains, measures and draws what a post claims, in minutes.

    zhnlp generative list
    zhnlp generative run 5253 --out folder

    card.py      what a recipe's docstring says: title, command, claim, minutes, posts
    shelf.py     which recipes there are
    recipe.py    what they share: options, claims against bars, files, pictures
    machine.py   where and when one ran
    NAME_POST.py the recipes

Each writes ``table.md``, ``figures.json`` and pictures into its folder; `pipelines/generative/build_posts.py` makes pages of them.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Card": "card",
        "Recipe": "recipe",
        "Shelved": "shelf",
        "find": "shelf",
        "machine": "machine",
        "parser": "recipe",
        "recipes": "shelf",
    },
)
