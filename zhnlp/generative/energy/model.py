"""Energy-based models: low where data are, high where the model's own samples are, so that e^{−U} becomes their density.

Source: https://kexue.fm/archives/6612; Du and Mordatch 2019, arXiv 1903.08689
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from zhnlp.generative.energy.langevin import Langevin
from zhnlp.generative.energy.networks import EnergyNetwork
from zhnlp.generative.energy.quadrature import LogProbGrid, log_prob_grid
from zhnlp.generative.energy.replay import ReplayBuffer
from zhnlp.generative.energy.score_matching import denoising_score_matching
from zhnlp.generative.model import GenerativeModel

OBJECTIVES = ("langevin", "score")


class EBM(GenerativeModel):
    """q(x) = e^{−U(x)} / Z.  The loss U(data) − U(samples) has the gradient of −log-likelihood; samples come by Langevin.

    Args:
        shape: of one example.
        energy: U of one's own, (B, *shape) → (B,); None for `EnergyNetwork` with the four next arguments.
        preset, hidden, depth: of the network.
        spectral_norm: bound the slope of U; steadier for images, too flat for thin densities in the plane.
        sampler: of training; `sample` and `restore` take more of its steps.
        buffer_size: chains that are kept between steps.
        reinit: share of them that starts anew.
        l2: weight of U² of data and samples, which keeps energies near 0.
        low, high: box of uniform starts.
        objective: "langevin", or "score" for denoising score matching, which is stable and needs no samples, and learns the density of
            data with noise ``sigma``.
        sigma: of that noise, in units of the data.

    Example:
        >>> ebm = EBM((2,), hidden=16, buffer_size=100)
        >>> ebm.energy(torch.zeros(3, 2)).shape, ebm.sample(4, steps=5, seed=0).shape
        (torch.Size([3]), torch.Size([4, 2]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        energy: nn.Module | None = None,
        preset: str = "mlp",
        hidden: int = 128,
        depth: int = 2,
        spectral_norm: bool = False,
        sampler: Langevin | dict[str, Any] | None = None,
        buffer_size: int = 5000,
        reinit: float = 0.05,
        l2: float = 0.1,
        low: float = -1.0,
        high: float = 1.0,
        objective: str = "langevin",
        sigma: float = 0.1,
    ):
        super().__init__(shape)
        if objective not in OBJECTIVES:
            raise ValueError(f"objective got {objective!r}: expected {' or '.join(map(repr, OBJECTIVES))}")
        if not l2 >= 0 or not sigma > 0:
            raise ValueError(
                f"got l2={l2}, sigma={sigma}: expected a weight of 0 or more and a noise above 0"
            )
        self.objective, self.l2, self.sigma = objective, l2, sigma
        self.sampler = Langevin(**sampler) if isinstance(sampler, dict) else sampler or Langevin()
        self.network = energy or EnergyNetwork(
            self.shape, preset=preset, hidden=hidden, depth=depth, spectral=spectral_norm
        )
        self.buffer = ReplayBuffer(buffer_size, self.shape, reinit=reinit, low=low, high=high)

    # --- learning --------------------------------------------------------------------------------------------------

    def energy(self, x: Tensor) -> Tensor:
        """U(x), (B,) nats up to a constant: low for data."""
        return self.network(x)

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``, with mean energies of data and of samples; in evaluation the buffer stays as it is."""
        if self.objective == "score":
            loss = denoising_score_matching(self.energy, x, self.sigma)
            return {"loss": loss, "energy_data": self.energy(x).mean().detach()}
        places, starts = self.buffer.draw(len(x))
        with self.frozen():
            samples = self.sampler(self.energy, starts)
        if self.training:
            self.buffer.put(places, samples)
        energies = self.energy(torch.cat([x, samples]))
        data, drawn = energies.split(len(x))
        loss = data.mean() - drawn.mean() + self.l2 * (data.square().mean() + drawn.square().mean())
        return {"loss": loss, "energy_data": data.mean().detach(), "energy_samples": drawn.mean().detach()}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Weights without gradients in evaluation mode, in which spectral norms stand still: what sampling needs."""
        was, learning = self.training, [p for p in self.parameters() if p.requires_grad]
        self.eval()
        for parameter in learning:
            parameter.requires_grad_(False)
        try:
            with torch.nn.utils.parametrize.cached():
                yield
        finally:
            for parameter in learning:
                parameter.requires_grad_(True)
            self.train(was)

    # --- what was learned --------------------------------------------------------------------------------------------

    def sample(self, n: int, *, seed: int | None = None, steps: int = 1000, start: str = "uniform") -> Tensor:
        """``n`` examples (n, *shape) after ``steps`` of Langevin from "uniform" noise or from chains of the "buffer".

        Raises:
            ValueError: another start.
        """
        if start not in ("uniform", "buffer"):
            raise ValueError(f'start got {start!r}: expected "uniform" or "buffer"')
        with self.drawing(seed), self.frozen():
            if start == "uniform":
                x = self.buffer.fresh(n)
            else:
                x = self.buffer.chains[torch.randint(len(self.buffer.chains), (n,), device=self.device)]
            return self.sampler(self.energy, x, steps=steps) if steps else x

    def chains(self, n: int, *, seed: int | None = None, steps: int = 200, every: int = 10) -> Tensor:
        """The way of ``n`` chains from uniform noise, (K, n, *shape), the start first."""
        with self.drawing(seed), self.frozen():
            return self.sampler.path(self.energy, self.buffer.fresh(n), steps=steps, every=every)

    def restore(self, x: Tensor, mask: Tensor, *, seed: int | None = None, steps: int = 500) -> Tensor:
        """``x`` (B, *shape) with the numbers outside of ``mask`` drawn anew, given those inside.

        Args:
            mask: True where x is known; (B, *shape) or what broadcasts to it.

        Raises:
            ValueError: the mask is no mask of booleans, or does not fit.
        """
        if mask.dtype != torch.bool:
            raise ValueError(
                f"mask has dtype {mask.dtype}: expected booleans, True where x is known. Next: mask.bool()"
            )
        try:
            mask = mask.to(self.device).expand(x.shape)
        except RuntimeError as error:
            raise ValueError(
                f"mask {tuple(mask.shape)} does not fit x {tuple(x.shape)}: expected the same shape, or one that broadcasts"
            ) from error
        x = x.to(self.device)
        with self.drawing(seed), self.frozen():
            start = torch.where(mask, x, self.buffer.fresh(len(x)))
            return self.sampler(self.energy, start, steps=steps, known=(mask, x))

    def ood_score(self, x: Tensor, *, batch_size: int = 1000) -> Tensor:
        """U(x), (B,): the higher, the less like the data."""
        with self.drawing(None):
            return torch.cat([self.energy(part) for part in x.to(self.device).split(batch_size)])

    def log_prob_grid(
        self, low: float | None = None, high: float | None = None, *, resolution: int = 200
    ) -> LogProbGrid:
        """The normalised log-density of a model of the plane on a square, half as large again as the box of noise unless given.

        Raises:
            ValueError: examples are not two numbers.
        """
        if self.shape != (2,):
            raise ValueError(
                f"an example has shape {self.shape}: expected (2,), since quadrature is for the plane. "
                "Next: ood_score(x), which needs no normaliser"
            )
        low = 1.5 * self.buffer.low if low is None else low
        high = 1.5 * self.buffer.high if high is None else high
        with self.drawing(None):
            return log_prob_grid(self.energy, low, high, resolution=resolution, device=self.device)

    def log_prob(self, x: Tensor, *, grid: LogProbGrid | None = None) -> Tensor:
        """(B,) nats, −U(x) − ln Z, of a model of the plane; ``grid`` has Z, and is computed where it is not given."""
        grid = self.log_prob_grid() if grid is None else grid
        return -self.energy(x) - grid.log_normaliser
