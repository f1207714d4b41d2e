"""Which wavelengths decided: integrated gradients of a class's log-odds over a spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from zhnlp.attribution.path_integral import integrated_gradients

if TYPE_CHECKING:
    from zhnlp.generative.spectra.classifier import SpectrumClassifier


def saliency(
    model: SpectrumClassifier, spectrum: Any, target: Any = None, *, steps: int = 64
) -> tuple[np.ndarray, float]:
    """The share of every wavelength that the network reads in the log-probability of a class, against a spectrum of zeros.

    The channels of a wavelength (flux and difference) are added up; above 0 it speaks for the class.

    Args:
        spectrum: (L,) fluxes.
        target: a class; None for the predicted one.
        steps: points of the quadrature.

    Returns:
        (length,) shares in nats, and the difference that they add up to.

    Raises:
        ValueError: the class is not known.

    Source: Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365
    """
    spectrum = np.asarray(spectrum, dtype=float).reshape(1, -1)
    target = model.predict(spectrum)[0] if target is None else target
    found = np.flatnonzero(model.classes_ == target)
    if not len(found):
        raise ValueError(f"target={target!r} is no class: expected one of {model.classes_.tolist()}")
    x = torch.from_numpy(model._preprocessor()(spectrum))[0]
    network = model.network_.eval()
    x = x.to(next(network.parameters()).device)

    def log_probability(rows: torch.Tensor) -> torch.Tensor:
        return network(rows).log_softmax(-1)[:, int(found[0])]

    baseline = torch.zeros_like(x)
    (shares,) = integrated_gradients(log_probability, [x], [baseline], steps=steps)
    with torch.no_grad():
        gap = log_probability(torch.stack([x, baseline])).diff().neg()
    return shares.sum(0).cpu().numpy(), float(gap)
