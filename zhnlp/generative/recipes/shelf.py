"""Which recipes there are, found by post or by name; none is imported before it runs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.resources import files

from zhnlp.generative.recipes.card import Card

PACKAGE = "zhnlp.generative.recipes"


@dataclass(frozen=True)
class Shelved:
    """A recipe that can be run: ``main(argv)`` trains, measures, draws and returns its claims.

    Attributes:
        name: of its module, such as "vae_5253".
        card: what it says of itself.
    """

    name: str
    card: Card

    def main(self) -> Callable[[Sequence[str] | None], list[dict]]:
        """The function that runs it.

        Raises:
            ImportError: something that it needs is not installed.
        """
        try:
            return import_module(f"{PACKAGE}.{self.name}").main
        except ModuleNotFoundError as error:
            raise ImportError(
                f'the recipe {self.name} needs {error.name}. Next: pip install "zhnlp[plot,generative]"'
            ) from error


def recipes() -> list[Shelved]:
    """Every recipe, by post, then by name.

    Example:
        >>> [(one.card.post, one.name) for one in recipes()][:3]
        [(5239, 'em_5239'), (5253, 'vae_5253'), (5505, 'spectra_5505')]
    """
    found = []
    for file in files(PACKAGE).iterdir():
        name, _, ending = file.name.rpartition(".")
        if ending == "py" and name.rpartition("_")[2].isdigit():
            doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
            found.append(Shelved(name, Card.of(doc or "")))
    return sorted(found, key=lambda one: (one.card.post, one.name))


def find(wanted: str) -> list[Shelved]:
    """The recipes of a post, "5253", or the one of a name, "vae_5253".

    A post that no recipe is about, but which some speak of, gives those.

    Raises:
        ValueError: there is none.

    Example:
        >>> [one.name for one in find("6705")], [one.name for one in find("5343")]
        (['discrete_vae_6705', 'estimators_6705'], ['vae_5253'])
    """
    every = recipes()
    for fits in (
        lambda one: wanted == one.name,
        lambda one: wanted == str(one.card.post),
        lambda one: wanted in map(str, one.card.posts),
    ):
        if found := [one for one in every if fits(one)]:
            return found
    known = [str(one.card.post) for one in every] + [one.name for one in every]
    near = get_close_matches(wanted, known, 1)
    raise ValueError(
        f"there is no recipe of {wanted!r}{f', did you mean {near[0]!r}?' if near else ''}: expected a post or a name that "
        "the list has. Next: zhnlp generative list"
    )
