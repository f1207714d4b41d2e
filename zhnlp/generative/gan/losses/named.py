"""A loss by its name."""

from __future__ import annotations

import difflib

from zhnlp.generative.gan.losses.base import AdversarialLoss
from zhnlp.generative.gan.losses.f_gan import FLoss
from zhnlp.generative.gan.losses.hinge import Hinge
from zhnlp.generative.gan.losses.least_squares import LeastSquares
from zhnlp.generative.gan.losses.non_saturating import NonSaturating
from zhnlp.generative.gan.losses.saturating import Saturating
from zhnlp.generative.gan.losses.wasserstein import Wasserstein

LOSSES = {kind.name: kind for kind in (NonSaturating, Saturating, Hinge, LeastSquares, Wasserstein)}
SHORT = {"lsgan": "least-squares", "wgan": "wasserstein", "vanilla": "non-saturating"}


def adversarial_loss(name: str) -> AdversarialLoss:
    """The loss called ``name``: one of `LOSSES`, or "f:NAME" with any f-divergence, "f-saturating:NAME" for its plain game.

    Raises:
        ValueError: no loss has this name.

    Example:
        >>> adversarial_loss("hinge"), adversarial_loss("f:js")
        (Hinge(), FLoss('js', saturating=False))
    """
    kind, _, divergence = name.partition(":")
    if kind in ("f", "f-saturating") and divergence:
        return FLoss(divergence, saturating=kind == "f-saturating")
    name = SHORT.get(name, name)
    if name not in LOSSES:
        near = difflib.get_close_matches(name, [*LOSSES, *SHORT], n=1, cutoff=0)
        raise ValueError(
            f"no loss is called {name!r}: expected {', '.join(LOSSES)}, f:DIVERGENCE or f-saturating:DIVERGENCE. "
            f"Next: try {near[0]!r}"
        )
    return LOSSES[name]()
