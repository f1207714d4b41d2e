"""What a text is conditioned on, as one vector: classes by an embedding, vectors by a linear map, several at once by their sum.

N rows, C features of the condition, K classes, V features of a given vector.

The sum and not the concatenation: an attribute more changes no size of the network, one of which nothing is said adds its null
vector as any other does, and with C no less than all classes together nothing is lost, as each may have directions of its own.

Source: 苏剑林, https://kexue.fm/archives/7124; Ho and Salimans 2022, https://arxiv.org/abs/2207.12598 (the null condition)
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

NOTHING = -1  # the class of a row of which nothing is said; for a vector it is nan


class ClassCondition(nn.Module):
    """One of K classes, a row of a table; the last row is for nothing said.

    Args:
        classes: K.
        size: C.
    """

    def __init__(self, classes: int, size: int):
        super().__init__()
        self.table = nn.Embedding(classes + 1, size)
        nn.init.normal_(self.table.weight, std=size**-0.5)  # length about 1, whatever C is

    @property
    def null(self) -> Tensor:
        """(C,) of nothing said."""
        return self.table.weight[-1]

    def forward(self, given: Tensor) -> Tensor:
        """(N, C) of numbers of classes (N,), `NOTHING` where none is said.

        Raises:
            ValueError: a number beyond K - 1 or below `NOTHING`.
        """
        last = self.table.num_embeddings - 1
        if given.numel() and not bool(((given >= NOTHING) & (given < last)).all()):
            raise ValueError(
                f"class {int(given.max())} or {int(given.min())} is out of range: expected 0 to {last - 1}, or {NOTHING} for nothing said"
            )
        return self.table(given.masked_fill(given == NOTHING, last))

    def forget(self, given: Tensor, rows: Tensor) -> Tensor:
        """Numbers without those of the rows (N,) that are true."""
        return given.masked_fill(rows, NOTHING)

    @torch.no_grad()
    def shift(self) -> None:
        """Take the null vector off all rows, itself among them."""
        self.table.weight -= self.null.clone()


class VectorCondition(nn.Module):
    """A vector of V numbers by a linear map; rows of nan are for nothing said.

    Args:
        features: V.
        size: C.
    """

    def __init__(self, features: int, size: int):
        super().__init__()
        self.linear = nn.Linear(features, size)
        self.null = nn.Parameter(size**-0.5 * torch.randn(size))

    def forward(self, given: Tensor) -> Tensor:
        """(N, C) of vectors (N, V).

        Raises:
            ValueError: vectors of another size.
        """
        if given.ndim != 2 or given.shape[1] != self.linear.in_features:
            raise ValueError(
                f"vectors are {tuple(given.shape)}: expected rows of {self.linear.in_features} numbers"
            )
        said = ~given.isnan().any(-1, keepdim=True)
        mapped = self.linear(given.nan_to_num(0.0).to(self.linear.weight.dtype))
        return torch.where(said, mapped, self.null.to(mapped.dtype))

    def forget(self, given: Tensor, rows: Tensor) -> Tensor:
        """Vectors without those of the rows (N,) that are true."""
        return given.masked_fill(rows[:, None], torch.nan)

    @torch.no_grad()
    def shift(self) -> None:
        """Take the null vector off what the map gives, and off itself."""
        self.linear.bias -= self.null
        self.null.zero_()


class Conditions(nn.Module):
    """Attributes by name, as one vector a row.

    Args:
        classes: attribute → K.
        vectors: attribute → V.
        size: C.

    Raises:
        ValueError: there is no attribute, one is both, or a number is below 1.

    Example:
        >>> conditions = Conditions({"mood": 2, "topic": 3}, {"image": 5}, size=8)
        >>> given = {"mood": torch.tensor([0, 1]), "image": torch.randn(2, 5)}  # of the topic nothing is said
        >>> conditions(given).shape
        torch.Size([2, 8])
        >>> torch.allclose(conditions({"mood": torch.tensor([-1])}), conditions.null()[None])
        True
    """

    def __init__(
        self, classes: Mapping[str, int], vectors: Mapping[str, int] | None = None, *, size: int = 64
    ):
        super().__init__()
        vectors = vectors or {}
        sizes = [*classes.items(), *vectors.items()]
        if not sizes or classes.keys() & vectors.keys() or size < 1 or any(one < 1 for _, one in sizes):
            raise ValueError(
                f"classes={dict(classes)}, vectors={dict(vectors)}, size={size} are no conditions: expected an attribute or more, each "
                "with 1 or more classes or features"
            )
        self.size = size
        self.names = [name for name, _ in sizes]
        parts = [ClassCondition(count, size) for count in classes.values()]
        parts += [VectorCondition(count, size) for count in vectors.values()]
        self.parts = nn.ModuleList(parts)  # by number, as a name may hold a point

    def forward(self, given: Mapping[str, Tensor], *, drop: float = 0.0) -> Tensor:
        """The vectors (N, C).

        Args:
            given: attribute → numbers of classes (N,), -1 for nothing said, or vectors (N, V), nan for nothing said; an attribute
                that is not there says nothing.
            drop: chance of a row to lose all attributes, and of each attribute of several to be lost by itself, in [0, 1]: so the
                network also learns what it is to write when nothing, or not everything, is said.

        Raises:
            ValueError: no attribute is given, or one that is not known.
        """
        if not given or given.keys() - set(self.names):
            raise ValueError(
                f"conditions are {', '.join(map(repr, given)) or 'none'}: expected some of {', '.join(map(repr, self.names))}"
            )
        first = next(iter(given.values()))
        rows, total = len(first), None
        lost = torch.rand(rows, device=first.device) < drop if drop else None
        for name, part in zip(self.names, self.parts):
            if name not in given:
                one = part.null.expand(rows, -1)
            else:
                values = given[name]
                if lost is not None:
                    alone = torch.rand(rows, device=first.device) < (drop if len(self.parts) > 1 else 0.0)
                    values = part.forget(values, lost | alone)
                one = part(values)
            total = one if total is None else total + one
        return total

    def null(self) -> Tensor:
        """The vector (C,) of nothing said."""
        return torch.stack([part.null for part in self.parts]).sum(0)

    def shift(self) -> Tensor:
        """Make zero the null vectors of all attributes, by taking them off; their sum (C,) before."""
        before = self.null().detach().clone()
        for part in self.parts:
            part.shift()
        return before
