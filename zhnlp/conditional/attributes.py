"""Labels as users give them, and as the tensors of `zhnlp.nn.conditions`.

A label is a str, an int, a vector, None for nothing said, or a dict of attribute → such a value.  Labels that are no dict belong to
the attribute "label".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import torch

    from zhnlp.nn.conditions import Conditions

Class: TypeAlias = str | int
Row: TypeAlias = dict[
    str, Any
]  # attribute → number of a class, or list of floats; what is not there is not said

ONE = "label"  # the attribute of labels that are no dict
LISTED = 12  # labels that a message names


@dataclass(frozen=True)
class Attributes:
    """What texts may be conditioned on.

    Attributes:
        classes: attribute → its labels, sorted.
        vectors: attribute → numbers of a vector.

    Example:
        >>> attributes = Attributes.of(["正面", "负面", None, "正面"])
        >>> attributes.classes, attributes.row("正面"), attributes.row(None)
        ({'label': ['正面', '负面']}, {'label': 0}, {})
        >>> several = Attributes.of([{"星": 5, "类": "书"}, {"星": 1}])
        >>> several.row({"星": 5}), several.row("书")
        ({'星': 1}, {'类': 0})
    """

    classes: dict[str, list[Class]]
    vectors: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, labels: Iterable[Any]) -> Attributes:
        """Those that labels have.

        Raises:
            ValueError: nothing is said of any text, or an attribute has labels and vectors, or vectors of several sizes.
            TypeError: a label of another kind.
        """
        classes: dict[str, set[Class]] = {}
        vectors: dict[str, set[int]] = {}
        for label in labels:
            for name, value in _parts(label).items():
                if isinstance(value, list):
                    vectors.setdefault(name, set()).add(len(value))
                else:
                    classes.setdefault(name, set()).add(value)
        if not classes and not vectors:
            raise ValueError(
                "no text has a label: expected a str, an int, a vector or a dict for most of them"
            )
        if both := classes.keys() & vectors.keys():
            raise ValueError(f"{min(both)!r} has labels and vectors: expected one kind for all texts")
        if uneven := [name for name, sizes in vectors.items() if len(sizes) > 1]:
            sizes = ", ".join(map(str, sorted(vectors[uneven[0]])))
            raise ValueError(f"{uneven[0]!r} has vectors of {sizes} numbers: expected one size for all texts")
        ordered = {
            name: sorted(classes[name], key=lambda one: (isinstance(one, str), one))
            for name in sorted(classes)
        }
        return cls(ordered, {name: min(vectors[name]) for name in sorted(vectors)})

    @property
    def names(self) -> list[str]:
        """All attributes."""
        return [*self.classes, *self.vectors]

    def row(self, label: Any) -> Row:
        """What a label says, by attribute; a label without attribute is looked up in all of them.

        Raises:
            ValueError: an attribute or label that is not known; the message lists the known ones.
            TypeError: a label of another kind.
        """
        found: Row = {}
        for name, value in _parts(label).items():
            if name not in self.names and (name != ONE or isinstance(label, Mapping)):
                raise ValueError(
                    f"attribute {name!r} is not known: expected {', '.join(map(repr, self.names))}. {self.known()}"
                )
            if isinstance(value, list):
                found |= self._vector(name, value)
            else:
                found |= self._class(name if name in self.classes else None, value)
        return found

    def rows(self, labels: Sequence[Any]) -> list[Row]:
        """`row` of each; the message of an error says which it was."""
        rows = []
        for number, label in enumerate(labels):
            try:
                rows.append(self.row(label))
            except (ValueError, TypeError) as error:
                raise type(error)(f"label {number} (counted from 0): {error}") from None
        return rows

    def tensors(self, rows: Sequence[Row], device: Any = None) -> dict[str, torch.Tensor]:
        """Attribute → what `Conditions` takes, for a batch."""
        import torch

        from zhnlp.nn.conditions import NOTHING

        found = {name: torch.tensor([row.get(name, NOTHING) for row in rows]) for name in self.classes}
        for name, size in self.vectors.items():
            found[name] = torch.tensor(
                [row.get(name, [math.nan] * size) for row in rows], dtype=torch.float32
            )
        return {name: value.to(device) for name, value in found.items()}

    def conditions(self, size: int) -> Conditions:
        """A module that makes vectors of ``size`` features of them, not trained yet."""
        from zhnlp.nn.conditions import Conditions

        return Conditions({name: len(known) for name, known in self.classes.items()}, self.vectors, size=size)

    def known(self) -> str:
        """The labels there are, for messages."""
        said = []
        for name, labels in self.classes.items():
            more = f" and {len(labels) - LISTED} more" if len(labels) > LISTED else ""
            said.append(f"{name}: {', '.join(map(repr, labels[:LISTED]))}{more}")
        said += [f"{name}: a vector of {size} numbers" for name, size in self.vectors.items()]
        return "Known: " + "; ".join(said)

    def _class(self, name: str | None, value: Class) -> Row:
        for exact in (True, False):  # a command line gives "5" for 5
            homes = [
                (one, number)
                for one, labels in self.classes.items()
                if name in (None, one)
                for number, label in enumerate(labels)
                if (label == value if exact else str(label) == str(value))
            ]
            if len(homes) == 1:
                return dict(homes)
            if homes:
                raise ValueError(
                    f"{value!r} is a label of {', '.join(repr(one) for one, _ in homes)}: expected {{attribute: label}}"
                )
        raise ValueError(f"the label {value!r} is not known. {self.known()}")

    def _vector(self, name: str, value: list[float]) -> Row:
        if name not in self.vectors and len(self.vectors) == 1 and name == ONE:
            name = next(iter(self.vectors))
        if self.vectors.get(name) != len(value):
            raise ValueError(f"a vector of {len(value)} numbers is no condition of {name!r}. {self.known()}")
        return {name: value}


def _parts(label: Any) -> dict[str, Any]:
    """Attribute → class or list of floats, without what is not said."""
    if not isinstance(label, Mapping):
        label = {ONE: label}
    parts = {}
    for name, value in label.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"an attribute is called {name!r}: expected a str")
        if (plain := _plain(value)) is not None:
            parts[name] = plain
    return parts


def _plain(value: Any) -> Any:
    """A str, an int, a list of floats, or None."""
    if hasattr(value, "tolist"):  # of numpy or torch
        value = value.tolist()
    if isinstance(value, float) and math.isnan(value):  # what a table has where nothing stands
        return None
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, (int, float)) for one in value):
        if not all(map(math.isfinite, value)):
            raise ValueError(f"the vector {str(value)[:60]} holds nan or infinity: expected numbers")
        return [float(one) for one in value]
    raise TypeError(
        f"got the label {value!r:.60} ({type(value).__name__}): expected a str, an int, a vector of numbers, None, or a dict of such"
    )
