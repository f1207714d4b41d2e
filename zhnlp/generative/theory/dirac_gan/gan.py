"""The Dirac GAN: data at 0, one generated point at θ, a critic T(x) = φ·x.  All of a GAN's dynamics in 2d numbers.

The critic goes up, dφ/dt = ∇ (its objective - its penalty); the generator goes down, dθ/dt = -∇ (its objective).

Source: https://kexue.fm/archives/6583; Mescheder, Geiger and Nowozin 2018, https://arxiv.org/abs/1801.04406
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from zhnlp.generative.theory.dirac_gan.losses import gan_loss
from zhnlp.generative.theory.dirac_gan.penalties import penalty
from zhnlp.generative.theory.dirac_gan.trajectory import DiracTrajectory, moving_average
from zhnlp.generative.theory.dynamics.ode import integrate

METHODS = ("ode", "simultaneous", "alternating")


class DiracGAN:
    """A GAN small enough to be read as a differential equation; its equilibrium is θ = φ = 0.

    Args:
        loss: ``vanilla`` (the post's, same as ``non-saturating``), ``saturating``, ``hinge``, ``lsgan``, ``wgan``,
            ``wgan-normalised``, ``qp``, or an f-GAN: ``tv``, ``kl``, ``reverse-kl``, ``neyman``, ``pearson``, ``hellinger``,
            ``jeffreys``, ``js``.  Real is high in all of them.
        reg: penalty of the critic: ``none``, ``gp(c)`` with a number c, ``r1``, ``r2``, ``l2``.
        dim: d ≥ 1.
        weight: λ of gp, weight · (|∇T| - c)²; of the others weight / 2 · |…|².
        qp: λ of the loss ``qp``.

    Raises:
        ValueError: there is no such loss or penalty; a number is out of range; a gradient penalty on a normalised
            critic, whose gradient always has length 1.

    Example:
        >>> gan = DiracGAN("wgan", "gp(0)", weight=0.25)
        >>> path = gan.trajectory(40)
        >>> bool(path.radius[-1] < 1e-4)
        True
        >>> [round(value, 3) for value in gan.eigenvalues().real.tolist()]
        [-0.25, -0.25, -0.25, -0.25]

    Source: https://kexue.fm/archives/6583
    """

    def __init__(
        self,
        loss: str = "vanilla",
        reg: str | None = "none",
        dim: int = 2,
        *,
        weight: float = 0.25,
        qp: float = 1.0,
    ):
        if dim < 1:
            raise ValueError(f"dim got {dim}: expected 1 coordinate or more")
        self.name, self.reg, self.dim = loss, reg or "none", dim
        self.loss, self.penalty = gan_loss(loss, qp=qp), penalty(reg, weight)
        if self.loss.normalised and self.reg not in ("none", "l2"):
            raise ValueError(
                f"reg got {reg!r} with {loss!r}: expected none or l2. A normalised critic has slope 1 everywhere, so a "
                "gradient penalty has no gradient"
            )

    def __repr__(self) -> str:
        return f"DiracGAN({self.name!r}, {self.reg!r}, dim={self.dim})"

    def score(self, phi: Tensor, x: Tensor) -> Tensor:
        """T(x) of points (..., d), (...)."""
        score = (phi * x).sum(-1)
        return score / torch.linalg.vector_norm(phi, dim=-1) if self.loss.normalised else score

    def critic_objective(self, phi: Tensor, theta: Tensor) -> Tensor:
        """What the critic raises, penalty taken off: (...) of φ and θ (..., d)."""
        real, fake = self.score(phi, torch.zeros_like(theta)), self.score(phi, theta)
        distance = torch.linalg.vector_norm(theta, dim=-1)
        return self.loss.critic(real, fake, distance) - self.penalty.value(phi)

    def generator_objective(self, phi: Tensor, theta: Tensor) -> Tensor:
        """What the generator lowers: (...) of φ and θ (..., d)."""
        return self.loss.generator(self.score(phi, torch.zeros_like(theta)), self.score(phi, theta))

    def critic_field(self, phi: Tensor, theta: Tensor) -> Tensor:
        """dφ/dt (..., d), in closed form."""
        slope = self.loss.critic_slope(self.score(phi, theta), torch.linalg.vector_norm(theta, dim=-1))
        towards = theta
        if self.loss.normalised:
            norm = torch.linalg.vector_norm(phi, dim=-1, keepdim=True)
            towards = theta / norm - (phi * theta).sum(-1, keepdim=True) * phi / norm**3
        return slope[..., None] * towards - self.penalty.gradient(phi)

    def generator_field(self, phi: Tensor, theta: Tensor) -> Tensor:
        """dθ/dt (..., d), in closed form."""
        uphill = phi
        if self.loss.normalised:
            uphill = phi / torch.linalg.vector_norm(phi, dim=-1, keepdim=True)
        return self.loss.generator_slope(self.score(phi, theta))[..., None] * uphill

    def field(self, phi: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
        """(dφ/dt, dθ/dt), both (..., d).

        Example:
            >>> phi, theta = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0])
            >>> [rate.tolist() for rate in DiracGAN("wgan", "l2", weight=0.5).field(phi, theta)]
            [[-0.5, -2.0], [1.0, 0.0]]
        """
        return self.critic_field(phi, theta), self.generator_field(phi, theta)

    def jacobian(self) -> Tensor:
        """Of the field at θ = φ = 0, coordinates (φ, θ): (2d, 2d) float64.

        Raises:
            ValueError: the field has no derivative there, as with a normalised critic or gp(c) of c > 0.
        """
        if self.loss.normalised or self.penalty.centre:
            raise ValueError(
                f"{self!r} has no Jacobian at the equilibrium: its field jumps at φ = 0, where φ/|φ| has no limit. "
                "Expected a critic that is not normalised and a penalty that is none, gp(0), r1, r2 or l2"
            )
        zero, one = torch.zeros((), dtype=torch.float64), torch.eye(self.dim, dtype=torch.float64)
        rate = self.penalty.weight * (1 if self.penalty.centre is None else 2)
        upper = torch.cat([-rate * one, self.loss.critic_slope(zero, zero) * one], 1)
        lower = torch.cat([self.loss.generator_slope(zero) * one, torch.zeros_like(one)], 1)
        return torch.cat([upper, lower])

    def update_matrix(self, method: str = "simultaneous", lr: float = 0.01) -> Tensor:
        """What one discrete step does near the equilibrium, (2d, 2d): it converges where all eigenvalues are below 1.

        Raises:
            ValueError: as `jacobian`; a method without steps; an lr that is not above 0.
        """
        if method == "ode":
            raise ValueError("method got 'ode': expected simultaneous or alternating, which have steps")
        _check(method, lr)
        jacobian = self.jacobian()
        eye, critic = torch.eye(2 * self.dim, dtype=torch.float64), jacobian.clone()
        if method == "simultaneous":
            return eye + lr * jacobian
        critic[self.dim :] = 0
        return (eye + lr * (jacobian - critic)) @ (eye + lr * critic)

    def eigenvalues(self, method: str = "ode", lr: float = 0.01) -> Tensor:
        """Of `jacobian`, or of `update_matrix` for a discrete method: (2d,) complex128.

        The flow converges where every real part is below 0, discrete steps where every modulus is below 1.

        Example:
            >>> wgan = DiracGAN("wgan", dim=1)
            >>> wgan.eigenvalues().imag.abs().tolist(), bool((wgan.eigenvalues("simultaneous").abs() > 1).all())
            ([1.0, 1.0], True)
        """
        return torch.linalg.eigvals(self.jacobian() if method == "ode" else self.update_matrix(method, lr))

    def trajectory(
        self,
        T: float,
        method: str = "ode",
        lr: float = 0.01,
        *,
        start: Sequence[float] | Tensor | None = None,
        ema_decay: float | None = None,
    ) -> DiracTrajectory:
        """The path up to time T, with T / lr + 1 moments.

        Args:
            T: length of time > 0.
            method: ``ode``, solved to a relative 1e-8; ``simultaneous``, Euler steps of length lr; ``alternating``, where the
                generator's step sees the critic's new φ.
            lr: length of a step; of the ode, distance of the moments kept.
            start: (φ, θ), 2d numbers; the post's (0.1, 0.2, 0.2, 0.1) unless given, in other dimensions likewise.
            ema_decay: keep a moving average of θ, over the moments; in [0, 1).

        Raises:
            ValueError: a number out of range, an unknown method, a start of another length.
            RuntimeError: the flow explodes.
        """
        _check(method, lr)
        if not (math.isfinite(T) and lr <= T):
            raise ValueError(f"T got {T}: expected a length of time of at least one step, {lr:g}")
        state = self._start(start)
        times = lr * torch.arange(round(T / lr) + 1, dtype=torch.float64)
        if method == "ode":
            states = integrate(lambda y: torch.stack(self.field(*y)), state, times, rtol=1e-8, atol=1e-10)
        else:
            states = self._steps(state, len(times) - 1, lr, method == "alternating")
        phi, theta = states.unbind(1)
        average = None if ema_decay is None else moving_average(theta, ema_decay)
        return DiracTrajectory(times, phi, theta, average)

    def _steps(self, state: Tensor, steps: int, lr: float, alternating: bool) -> Tensor:
        states = state.expand(steps + 1, 2, self.dim).clone()
        phi, theta = state
        for n in range(1, steps + 1):
            seen = phi
            phi = phi + lr * self.critic_field(phi, theta)
            theta = theta + lr * self.generator_field(phi if alternating else seen, theta)
            states[n, 0], states[n, 1] = phi, theta
        return states

    def _start(self, start: Sequence[float] | Tensor | None) -> Tensor:
        """(2, d): φ and θ."""
        if start is None:
            phi = torch.tensor([0.1, 0.2], dtype=torch.float64).repeat(self.dim)[: self.dim]
            return torch.stack([phi, 0.3 - phi])
        state = torch.as_tensor(start, dtype=torch.float64)
        if state.numel() != 2 * self.dim or not state.isfinite().all():
            raise ValueError(
                f"start got {state.tolist()}: expected {2 * self.dim} finite numbers, φ and then θ, {self.dim} each"
            )
        return state.reshape(2, self.dim).clone()


def _check(method: str, lr: float) -> None:
    if method not in METHODS:
        raise ValueError(f"method got {method!r}: expected one of {', '.join(METHODS)}")
    if not (lr > 0 and math.isfinite(lr)):
        raise ValueError(f"lr got {lr}: expected a step above 0")
