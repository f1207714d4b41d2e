"""Whitening: sentence vectors with mean 0 and covariance I, and the k directions that vary most.

N vectors, D dimensions.

Source: 苏剑林, https://kexue.fm/archives/8069, https://kexue.fm/archives/8321
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from zhnlp.nn.losses.cosine import unit

FORMAT = "zhnlp whitening 1"


class Whitening:
    """y = (x - μ)W with W = U Λ^(-1/2), learnt from vectors in any number of parts, in float64.

    Learn it on training text, never on the texts of a test.  It helps vectors that were not trained to be compared, and hurts
    those that were.

    Args:
        k: directions kept, those of the largest variance first; None for all D.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0], [2.0, 4.0]])
        >>> whitening = Whitening().partial_fit(x[:3]).partial_fit(x[3:])
        >>> torch.cov(whitening.transform(x).T).round(decimals=4).abs()
        tensor([[1., 0.],
                [0., 1.]])
    """

    def __init__(self, k: int | None = None):
        if k is not None and (k != int(k) or k < 1):
            raise ValueError(f"got k={k!r}: expected a whole number of 1 or more, or None for all directions")
        self.k = k
        self.count = 0
        self.mean = torch.empty(0, dtype=torch.float64)
        self.scatter = torch.empty(0, 0, dtype=torch.float64)
        self._kernel: Tensor | None = None

    def fit(self, vectors: Tensor) -> Whitening:
        """Forget what was learnt, and learn from ``vectors`` (N, D)."""
        self.__init__(self.k)
        return self.partial_fit(vectors)

    def partial_fit(self, vectors: Tensor) -> Whitening:
        """Learn from a further part (N, D) of any float type.

        Raises:
            ValueError: no (N, D) of finite numbers, or D is another than before.
        """
        vectors = _finite(vectors, self.mean.numel() if self.count else None)
        if len(vectors) == 0:
            return self
        vectors = vectors.detach().to("cpu", torch.float64)
        mean = vectors.mean(0)
        centred = vectors - mean
        return self._merge(len(vectors), mean, centred.T @ centred)

    def merge(self, other: Whitening) -> Whitening:
        """Learn what ``other`` learnt, as if its vectors had been given here: for parts that several processes read."""
        if other.count and self.count and other.mean.shape != self.mean.shape:
            raise ValueError(
                f"got statistics of {other.mean.numel()} dimensions: expected {self.mean.numel()}"
            )
        return self._merge(other.count, other.mean, other.scatter) if other.count else self

    def _merge(self, count: int, mean: Tensor, scatter: Tensor) -> Whitening:
        """Chan's update: the sum of both scatters, and what the means differ by."""
        if self.count == 0:
            self.mean, self.scatter = torch.zeros_like(mean), torch.zeros_like(scatter)
        total = self.count + count
        step = mean - self.mean
        self.scatter = self.scatter + scatter + torch.outer(step, step) * (self.count * count / total)
        self.mean = self.mean + step * (count / total)
        self.count, self._kernel = total, None
        return self

    @property
    def covariance(self) -> Tensor:
        """(D, D) in float64, with N - 1 in the denominator."""
        self._needs(2)
        return self.scatter / (self.count - 1)

    @property
    def kernel(self) -> Tensor:
        """W (D, k) in float64; in each column the entry that is largest in absolute value is positive.

        Raises:
            ValueError: fewer than k directions vary.
        """
        if self._kernel is None:
            values, axes = torch.linalg.eigh(self.covariance)
            values, axes = values.flip(0), axes.flip(1)
            rank = int((values > values[0] * 1e-10).sum()) if values[0] > 0 else 0
            k = len(values) if self.k is None else self.k
            if k > rank:
                raise ValueError(
                    f"{self.count} vectors of {len(values)} dimensions vary in {rank} directions: expected {k} or more. "
                    f"Next: Whitening(k={rank}) or fewer, or more vectors than dimensions"
                    if rank
                    else f"all {self.count} vectors are the same: expected different ones. The encoder may have collapsed"
                )
            axes = axes[:, :k]
            largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
            self._kernel = axes * largest.sign() / values[:k].sqrt()
        return self._kernel

    def transform(self, vectors: Tensor, *, normalize: bool = False) -> Tensor:
        """(N, k) of (N, D), on their device, in float32, or float64 where they are that.

        Args:
            vectors: (N, D).
            normalize: each result has length 1, so that inner products are cosines.

        Raises:
            ValueError: nothing was learnt, fewer than k directions vary, or no (N, D) of finite numbers.
        """
        kernel = self.kernel
        vectors = _finite(vectors, len(kernel))
        dtype = torch.promote_types(vectors.dtype, torch.float32)
        mean, kernel = (value.to(vectors.device, dtype) for value in (self.mean, kernel))
        with torch.autocast(vectors.device.type, enabled=False):
            found = (vectors.to(dtype) - mean) @ kernel
            return unit(found) if normalize else found

    def save(self, path: str | Path) -> None:
        """Write the statistics as one safetensors file: `load` gives the same kernel, and can learn on."""
        from safetensors.torch import save_file

        self._needs(1)
        path = Path(path)
        unfinished = path.with_name(path.name + ".unfinished")
        metadata = {"format": FORMAT, "count": str(self.count), "k": "" if self.k is None else str(self.k)}
        save_file(
            {"mean": self.mean.contiguous(), "scatter": self.scatter.contiguous()}, unfinished, metadata
        )
        unfinished.replace(path)  # a kill in between leaves no half file under the name

    @classmethod
    def load(cls, path: str | Path) -> Whitening:
        """What `save` wrote.  Raises ValueError where the file is something else."""
        from safetensors import safe_open

        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"{path} holds no whitening: expected a file that Whitening.save wrote")
            found = cls(int(metadata["k"]) if metadata["k"] else None)
            found.count = int(metadata["count"])
            found.mean, found.scatter = file.get_tensor("mean"), file.get_tensor("scatter")
        return found

    def _needs(self, vectors: int) -> None:
        if self.count < vectors:
            raise ValueError(
                f"learnt from {self.count} vectors: expected {vectors} or more. Next: fit or partial_fit"
            )


def _finite(vectors: Tensor, dim: int | None) -> Tensor:
    vectors = torch.as_tensor(vectors)
    if (
        vectors.ndim != 2
        or not vectors.is_floating_point()
        or (vectors.size(1) != dim if dim else vectors.size(1) == 0)
    ):
        raise ValueError(
            f"got vectors {tuple(vectors.shape)} of {vectors.dtype}: expected floats (N, {dim or 'D'})"
        )
    bad = ~vectors.isfinite().all(1)
    if bad.any():
        raise ValueError(
            f"vector {int(bad.nonzero()[0])} (counted from 0) has NaN or infinite numbers: expected finite ones. "
            "An encoder in float16 that overflows is the usual cause; next: encode in float32 or bfloat16"
        )
    return vectors
