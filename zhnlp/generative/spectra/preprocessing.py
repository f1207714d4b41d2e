"""From raw fluxes to what a network reads: one length, one scale, perhaps a first difference beside it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

SCALES = ("l2", "standard", "continuum", "none")


class SpectrumPreprocessor:
    """Turn spectra (N, L) into channels (N, C, length), float32.

    Spectra that are constant, or hold values that are no finite numbers, have no shape to read: they become zeros and are counted in
    a warning.

    Args:
        length: wavelengths to resample to, by linear interpolation; None keeps those there are.
        scale: "l2" (norm √length), "standard" (mean 0, variance 1), "continuum" (divided by a running median, less 1), "none".
        difference: a second channel with the difference of neighbours, scaled alike.
        window: wavelengths of the running median.

    Raises:
        ValueError: an argument, or the shape of the spectra, is not possible.

    Example:
        >>> SpectrumPreprocessor(length=50, difference=True)(np.random.default_rng(0).random((3, 80))).shape
        (3, 2, 50)
    """

    def __init__(
        self, length: int | None = None, *, scale: str = "l2", difference: bool = True, window: int = 101
    ):
        if scale not in SCALES or (length is not None and length < 2) or window < 1:
            raise ValueError(
                f"got length={length}, scale={scale!r}, window={window}: expected 2 or more, one of {', '.join(SCALES)}, 1 or more"
            )
        self.length, self.scale, self.difference, self.window = length, scale, difference, window

    @property
    def channels(self) -> int:
        """C."""
        return 2 if self.difference else 1

    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {
            "length": self.length,
            "scale": self.scale,
            "difference": self.difference,
            "window": self.window,
        }

    def unreadable(self, spectra: Any) -> np.ndarray:
        """(N,) whether a spectrum is constant or not finite."""
        spectra = _rows(spectra)
        return ~np.isfinite(spectra).all(1) | (np.ptp(np.nan_to_num(spectra), axis=1) == 0)

    def __call__(self, spectra: Any) -> np.ndarray:
        spectra = _rows(spectra)
        bad = self.unreadable(spectra)
        if bad.any():
            warnings.warn(
                f"{int(bad.sum()):,} of {len(bad):,} spectra are constant or hold values that are no finite numbers, first row "
                f"{int(np.flatnonzero(bad)[0])}: they were read as zeros",
                stacklevel=2,
            )
        spectra = np.where(bad[:, None], 0.0, spectra)
        if self.length is not None and self.length != spectra.shape[1]:
            spectra = resample(spectra, self.length)
        channels = [self._scaled(spectra)]
        if self.difference:
            change = np.diff(channels[0], axis=1, prepend=channels[0][:, :1])
            norm = np.sqrt((change**2).mean(1, keepdims=True))
            channels.append(np.divide(change, norm, out=np.zeros_like(change), where=norm > 0))
        made = np.stack(channels, 1).astype(np.float32)
        made[bad] = 0
        return made

    def _scaled(self, spectra: np.ndarray) -> np.ndarray:
        if self.scale == "none":
            return spectra
        if self.scale == "continuum":
            from scipy.ndimage import median_filter

            level = median_filter(spectra, size=(1, min(self.window, spectra.shape[1])), mode="nearest")
            return np.divide(spectra, level, out=np.ones_like(spectra), where=np.abs(level) > 1e-12) - 1
        centre = spectra.mean(1, keepdims=True) if self.scale == "standard" else 0.0
        size = np.sqrt(((spectra - centre) ** 2).mean(1, keepdims=True))
        return np.divide(spectra - centre, size, out=np.zeros_like(spectra), where=size > 0)


def resample(spectra: Any, length: int) -> np.ndarray:
    """(N, L) → (N, length) by linear interpolation, ends kept.

    Example:
        >>> resample([[0.0, 1.0, 2.0]], 5).tolist()
        [[0.0, 0.5, 1.0, 1.5, 2.0]]
    """
    spectra = _rows(spectra)
    places = np.linspace(0, spectra.shape[1] - 1, length)
    low = np.minimum(places.astype(int), max(0, spectra.shape[1] - 2))
    share = places - low
    return spectra[:, low] * (1 - share) + spectra[:, np.minimum(low + 1, spectra.shape[1] - 1)] * share


def _rows(spectra: Any) -> np.ndarray:
    spectra = np.asarray(spectra, dtype=float)
    if spectra.ndim != 2 or not spectra.size:
        raise ValueError(
            f"spectra have shape {spectra.shape}: expected (N, L), one row a spectrum. Next: spectra.reshape(1, -1) for one"
        )
    return spectra
