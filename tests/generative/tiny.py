"""Two of the smallest generative models, for the tests of what all have in common."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import softplus

from zhnlp.generative.adversarial import AdversarialModel
from zhnlp.generative.model import GenerativeModel


class Gaussian(GenerativeModel):
    """One mean, variance 1; the loss is half the squared distance."""

    def __init__(self, shape=(2,), start: float = 0.0, noise: float = 0.0, network: nn.Module | None = None):
        super().__init__(shape)
        self.mean = nn.Parameter(torch.full(self.shape, start))
        self.noise, self.network = noise, network

    def loss(self, x, y=None):
        distance = (x - self.mean + self.noise * torch.randn_like(x)).square().flatten(1).sum(1).mean()
        return {"loss": distance / 2, "distance": distance.sqrt()}

    def sample(self, n, *, seed=None):
        with self.drawing(seed):
            return self.mean + torch.randn(n, *self.shape)


class Labelled(Gaussian):
    takes_labels = True


class Line(AdversarialModel):
    """A critic w·x and a generator z + b, in the plane."""

    def __init__(self, shape=(2,)):
        super().__init__(shape)
        self.critic = nn.Linear(2, 1)
        self.shift = nn.Linear(2, 2)

    def fake(self, n):
        return self.shift(torch.randn(n, 2))

    def critic_loss(self, x, y=None):
        with torch.no_grad():
            fake = self.fake(len(x))
        gap = self.critic(x) - self.critic(fake)
        return {"loss": softplus(-gap).mean() + 0.1 * self.critic.weight.square().sum(), "gap": gap.mean()}

    def generator_loss(self, x, y=None):
        fake = self.fake(len(x))
        return {"loss": -self.critic(fake).mean(), "fake": fake}

    def critic_modules(self):
        return [self.critic]

    def generator_modules(self):
        return [self.shift]

    def sample(self, n, *, seed=None):
        with self.drawing(seed):
            return self.fake(n)
