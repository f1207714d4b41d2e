"""Which keys a query sees: the patterns that have a computation of their own.

L positions; i the position of a query, j that of a key.  A pattern is a value: it compares, hashes, and goes through json.

Source: 苏剑林, https://kexue.fm/archives/6853
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from torch import Tensor

from zhnlp.nn import masks


@dataclass(frozen=True)
class Pattern:
    """What `sparse_attention` takes; one of the classes below."""

    def mask(self, length: int, *, device: Any = None) -> Tensor:
        """The pattern as a mask of `zhnlp.nn.masks`: (1, 1, L, L)."""
        raise NotImplementedError

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        """Whether queries at ``i`` see keys at ``j``, without global tokens; the two broadcast."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Kind and numbers, as json has them.

        Example:
            >>> LocalGlobal(256).to_dict()
            {'kind': 'LocalGlobal', 'radius': 256, 'positions': [0]}
        """
        values = {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }
        return {"kind": type(self).__name__, **values}


@dataclass(frozen=True)
class Local(Pattern):
    """Keys at most ``radius`` away: abs(i - j) ≤ radius, so up to 2 · radius + 1 of them.

    Raises:
        TypeError, ValueError: the radius is no whole number of 0 or more.

    Example:
        >>> Local(1).mask(3).int()[0, 0].tolist()
        [[1, 1, 0], [1, 1, 1], [0, 1, 1]]
    """

    radius: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", masks.check_whole(self.radius, "radius", 0))

    def mask(self, length: int, *, device: Any = None) -> Tensor:
        return masks.local(length, self.radius, device=device)

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        return (i - j).abs() <= self.radius


@dataclass(frozen=True)
class Atrous(Pattern):
    """Keys a multiple of ``rate`` away, the query's own too: about L / rate of them.

    Raises:
        TypeError, ValueError: the rate is no whole number of 1 or more.

    Example:
        >>> Atrous(2).mask(3).int()[0, 0].tolist()
        [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    """

    rate: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", masks.check_whole(self.rate, "rate", 1))

    def mask(self, length: int, *, device: Any = None) -> Tensor:
        return masks.atrous(length, self.rate, device=device)

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        return (i - j) % self.rate == 0


@dataclass(frozen=True)
class Sparse(Pattern):
    """The Sparse Transformer's two patterns in one softmax: keys near by, or a multiple of ``rate`` away, each once.

    Args:
        rate: 1 or more.
        radius: 0 or more; None for the rate.

    Raises:
        TypeError, ValueError: they are no such whole numbers.

    Example:
        >>> Sparse(3, 1).mask(7).int()[0, 0, 0].tolist()
        [1, 1, 0, 1, 0, 0, 1]

    Source: 苏剑林, https://kexue.fm/archives/6853; Child et al. 2019, https://arxiv.org/abs/1904.10509
    """

    rate: int
    radius: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", masks.check_whole(self.rate, "rate", 1))
        radius = self.rate if self.radius is None else self.radius
        object.__setattr__(self, "radius", masks.check_whole(radius, "radius", 0))

    def mask(self, length: int, *, device: Any = None) -> Tensor:
        return masks.sparse(length, self.rate, self.radius, device=device)

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        return ((i - j).abs() <= self.radius) | ((i - j) % self.rate == 0)


@dataclass(frozen=True)
class LocalGlobal(Pattern):
    """Keys at most ``radius`` away, and global tokens, which see all and are seen by all.

    Args:
        radius: 0 or more.
        positions: of the tokens that are global in every text; (0,) is ``[CLS]``.  Those behind the end count for nothing.
            Tokens that are global in some texts only, such as a question's, are marked in the call.

    Raises:
        TypeError, ValueError: they are no whole numbers of 0 or more.

    Example:
        >>> LocalGlobal(0).mask(3).int()[0, 0].tolist()
        [[1, 1, 1], [1, 1, 0], [1, 0, 1]]

    Source: Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
    """

    radius: int
    positions: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", masks.check_whole(self.radius, "radius", 0))
        try:
            places = sorted({masks.check_whole(place, "positions", 0) for place in self.positions})
        except TypeError:
            raise TypeError(
                f"positions got {self.positions!r}: expected whole numbers, such as (0,)"
            ) from None
        object.__setattr__(self, "positions", tuple(places))

    def mask(self, length: int, *, device: Any = None) -> Tensor:
        return masks.local(length, self.radius, device=device) | masks.global_tokens(
            self.marks(length, device=device)
        )

    def marks(self, length: int, *, device: Any = None) -> Tensor:
        """The global positions of a text as bools: (1, L)."""
        marks = masks.bidirectional(1, length, device=device)[0, 0].logical_not()
        marks[:, [place for place in self.positions if place < length]] = True
        return marks

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        return (i - j).abs() <= self.radius


KINDS = {kind.__name__: kind for kind in (Local, Atrous, Sparse, LocalGlobal)}


def pattern_from_dict(values: Mapping[str, Any]) -> Pattern:
    """The pattern that ``to_dict`` wrote.

    Raises:
        ValueError: the kind is not known, or numbers are missing or too many.

    Example:
        >>> pattern_from_dict({"kind": "Atrous", "rate": 4})
        Atrous(rate=4)
    """
    kind = KINDS.get(values.get("kind"))
    if kind is None:
        raise ValueError(f"pattern got kind {values.get('kind')!r}: expected one of {', '.join(KINDS)}")
    numbers = {name: value for name, value in values.items() if name != "kind"}
    try:
        return kind(**numbers)
    except TypeError as error:
        wanted = ", ".join(field.name for field in fields(kind))
        raise ValueError(f"pattern {kind.__name__} got {numbers}: expected {wanted} ({error})") from None
