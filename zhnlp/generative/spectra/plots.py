"""Pictures of spectra: one of each class, and which wavelengths decided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.generative.plots import new_figure, save
from zhnlp.generative.spectra.preprocessing import resample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zhnlp.generative.spectra.classifier import SpectrumClassifier


def plot_spectra(
    spectra: Any,
    names: list[str],
    path: str | Path | None = None,
    *,
    wavelengths: Any = None,
    unit: str = "Å",
) -> Figure:
    """One spectrum above the other, each divided by its mean; (N, L) with a name each."""
    spectra = np.asarray(spectra, dtype=float)
    figure, axes = new_figure(7, 1.3 * len(spectra) + 0.5, len(spectra), 1)
    x = np.arange(spectra.shape[1]) if wavelengths is None else wavelengths
    for place, flux, name in zip(np.atleast_1d(axes), spectra, names):
        place.plot(x, flux / flux.mean(), linewidth=0.6)
        place.set_ylabel(name, fontsize=8)
        place.tick_params(labelsize=7)
    np.atleast_1d(axes)[-1].set_xlabel(f"wavelength, {unit}" if wavelengths is not None else "place")
    return save(figure, path)


def plot_saliency(
    model: SpectrumClassifier,
    spectrum: Any,
    path: str | Path | None = None,
    *,
    wavelengths: Any = None,
    target: Any = None,
    unit: str = "Å",
) -> Figure:
    """A spectrum coloured by `saliency`: red wavelengths speak for the class, blue ones against it."""
    from matplotlib.collections import LineCollection

    from zhnlp.generative.spectra.explanation import saliency

    flux = np.asarray(spectrum, dtype=float)
    target = model.predict(flux.reshape(1, -1))[0] if target is None else target
    shares, gap = saliency(model, flux, target)
    flux = resample(flux.reshape(1, -1), len(shares))[0]
    x = (
        np.arange(len(flux))
        if wavelengths is None
        else resample(np.reshape(wavelengths, (1, -1)), len(flux))[0]
    )
    figure, axes = new_figure(7, 2.8)
    ends = np.stack([np.stack([x[:-1], flux[:-1]], 1), np.stack([x[1:], flux[1:]], 1)], 1)
    smooth = np.convolve(shares, np.ones(5) / 5, "same")
    limit = float(np.abs(smooth).max()) or 1.0
    lines = LineCollection(ends, cmap="coolwarm", linewidth=1.4)
    lines.set_array(smooth[:-1])
    lines.set_clim(-limit, limit)
    axes.add_collection(lines)
    axes.autoscale()
    figure.colorbar(lines, ax=axes, label="nats")
    axes.set_title(f"{target}: {gap:+.2f} nats against a flat spectrum", fontsize=9)
    axes.set_xlabel(f"wavelength, {unit}" if wavelengths is not None else "place")
    return save(figure, path)
