"""Made-up spectra of stars, galaxies, quasars and things too faint to tell, with lines where physics has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CLASSES = ("star", "galaxy", "qso", "unknown")
SHARES = (0.70, 0.09, 0.04, 0.17)
LOWEST, HIGHEST = 3690.0, 9100.0  # Å, of LAMOST's low-resolution spectra
BALMER = (6562.8, 4861.3, 4340.5, 4101.7)
METALS = (3933.7, 3968.5, 4304.4, 5175.4, 5269.5, 5892.9, 8542.1, 8662.1)  # Ca, G band, Mg, Fe, Na, Ca
NEBULAR = {3727.4: 1.0, 4861.3: 0.6, 4958.9: 0.5, 5006.8: 1.2, 6562.8: 1.5, 6583.4: 0.6, 6716.4: 0.4}
BROAD = {1215.7: 2.0, 1549.1: 1.2, 1908.7: 0.8, 2798.8: 0.9, 4861.3: 0.5, 6562.8: 1.0}


def make_spectra(
    n: int,
    length: int = 650,
    *,
    shares: Sequence[float] = SHARES,
    snr: tuple[float, float] = (2.0, 20.0),
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``n`` spectra (n, length), their classes (n,) as numbers into `CLASSES`, and the wavelengths (length,) in Å.

    Stars are black bodies with Balmer or metal lines; galaxies old stars with lines of gas, moved by a redshift; quasars power laws
    with broad lines; the unknown are any of these so faint that noise is most of it.

    Args:
        shares: of the classes, made to sum to 1; every class gets one spectrum at least.
        snr: lowest and highest signal-to-noise ratio a wavelength, drawn uniformly; the unknown have 0.1 to 0.6.
        seed: of everything.

    Example:
        >>> flux, classes, wavelengths = make_spectra(100, seed=1)
        >>> flux.shape, np.bincount(classes).tolist()
        ((100, 650), [70, 9, 4, 17])
    """
    if n < len(CLASSES) or len(shares) != len(CLASSES) or min(shares) <= 0 or not 0 < snr[0] <= snr[1]:
        raise ValueError(
            f"got n={n}, shares={tuple(shares)}, snr={snr}: expected {len(CLASSES)} spectra or more, as many shares above 0, "
            "and a rising pair above 0"
        )
    random = np.random.default_rng(seed)
    wavelengths = np.linspace(LOWEST, HIGHEST, length)
    makers = (_star, _galaxy, _quasar)
    counts = _counts(n, shares)
    classes = random.permutation(np.repeat(np.arange(len(CLASSES)), counts))
    flux = np.empty((n, length))
    for row, kind in enumerate(classes):
        known = kind if kind < len(makers) else random.integers(len(makers))
        clean = makers[known](wavelengths, random)
        clean /= clean.mean()
        ratio = random.uniform(*snr) if kind < len(makers) else random.uniform(0.1, 0.6)
        flux[row] = (clean + random.normal(0, 1 / ratio, length)) * 10 ** random.uniform(0, 4)
    return flux, classes, wavelengths


def _counts(n: int, shares: Sequence[float]) -> np.ndarray:
    exact = np.asarray(shares) / sum(shares) * n
    counts = np.maximum(1, np.floor(exact).astype(int))
    while counts.sum() < n:
        counts[np.argmax(exact - counts)] += 1
    while counts.sum() > n:
        counts[np.argmax(counts)] -= 1
    return counts


def _black_body(wavelengths: np.ndarray, kelvin: float) -> np.ndarray:
    metres = wavelengths * 1e-10
    exponent = 1.438777e-2 / (metres * kelvin)
    radiance = 1 / (metres**5 * np.expm1(exponent))
    return radiance / radiance.mean()


def _line(wavelengths: np.ndarray, centre: float, width: float) -> np.ndarray:
    return np.exp(-0.5 * ((wavelengths - centre) / width) ** 2)


def _star(wavelengths: np.ndarray, random: np.random.Generator) -> np.ndarray:
    kelvin = np.exp(random.uniform(np.log(3500), np.log(20000)))
    flux = _black_body(wavelengths, kelvin)
    hot = 1 / (1 + np.exp(-(kelvin - 7000) / 1000))
    for centre in BALMER:
        flux *= 1 - hot * random.uniform(0.3, 0.6) * _line(wavelengths, centre, random.uniform(10, 25))
    for centre in METALS:
        flux *= 1 - (1 - hot) * random.uniform(0.15, 0.5) * _line(wavelengths, centre, random.uniform(6, 14))
    return flux


def _galaxy(wavelengths: np.ndarray, random: np.random.Generator) -> np.ndarray:
    stretch = 1 + random.uniform(0.02, 0.35)
    rest = wavelengths / stretch
    flux = _black_body(rest, random.uniform(4000, 5500))
    flux *= 1 - 0.35 / (1 + np.exp((rest - 4000) / 40))  # the break at 4,000 Å
    for centre in METALS:
        flux *= 1 - random.uniform(0.1, 0.35) * _line(rest, centre, random.uniform(10, 18))
    strength = random.uniform(0.1, 1.0)
    for centre, height in NEBULAR.items():
        flux += strength * height * random.uniform(0.6, 1.4) * _line(rest, centre, random.uniform(5, 9))
    return flux


def _quasar(wavelengths: np.ndarray, random: np.random.Generator) -> np.ndarray:
    rest = wavelengths / (1 + random.uniform(0.5, 3.0))
    flux = (wavelengths / 6000) ** random.uniform(-2.0, -0.5)
    for centre, height in BROAD.items():
        flux += (
            height * random.uniform(0.5, 1.3) * _line(rest, centre, random.uniform(15, 40) * centre / 2000)
        )
    return flux
