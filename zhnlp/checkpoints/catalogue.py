"""Which models ship with the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhnlp.checkpoints.card import Card, read_card

HERE = Path(__file__).parent
MARKS = ("config.json", "character_ngrams.json")  # what the folder of a model has one of


@dataclass(frozen=True)
class ShippedModel:
    """A model of the package: its name, what it does, where it lies and how large it is.

    Attributes:
        name: as ``pipeline(task, model=name)`` takes it.
        task: a name of ``pipeline.tasks()``.
        folder: configuration, weights, tokenizer and card.
        bytes: of all its files.
        card: the fields of the card's head.
    """

    name: str
    task: str
    folder: Path
    bytes: int
    card: dict[str, Any]

    @property
    def licence(self) -> str:
        """Licence of the weights, as the card has it."""
        return str(self.card.get("licence", self.card.get("license", "not said")))

    @property
    def scores(self) -> dict[str, Any]:
        """What was measured, by name."""
        return dict(self.card.get("scores") or {})

    def read_card(self) -> Card:
        """The whole card."""
        return read_card(self.folder)


def shipped(folder: Path = HERE) -> list[ShippedModel]:
    """The models that ship, by name.

    Example:
        >>> all(model.bytes < 32e6 for model in shipped())
        True
    """
    return [_describe(place) for place in sorted(folder.iterdir()) if _holds_model(place)]


def find(name: str, folder: Path = HERE) -> Path | None:
    """The folder of the shipped model ``name``, or None.

    Example:
        >>> find("no-such-model") is None
        True
    """
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        return None
    place = folder / name
    return place if _holds_model(place) else None


def _holds_model(place: Path) -> bool:
    return any((place / name).is_file() for name in MARKS)


def _describe(folder: Path) -> ShippedModel:
    fields = read_card(folder).fields if (folder / "README.md").is_file() else {}
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    task = str(fields.get("task", fields.get("pipeline_tag", "not said")))
    return ShippedModel(folder.name, task, folder, size, fields)
