"""What critic and generator lower, one idea a file.  Scores are (B,) or (B, 1), raw, real = high; all results are 0-d means.

    non_saturating.py   the original GAN, generator −log D
    saturating.py       the original game, generator log(1 − D)
    hinge.py            margins of 1
    least_squares.py    LSGAN, with its three targets
    wasserstein.py      plain differences of means
    f_gan.py            any f-divergence by name
    base.py             the protocol; named.py: a loss by its name

An energy, as 6612 has it, is −score.

Source: https://kexue.fm/archives/6016, https://kexue.fm/archives/6280, https://kexue.fm/archives/5716
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "AdversarialLoss": "base",
        "FLoss": "f_gan",
        "Hinge": "hinge",
        "LeastSquares": "least_squares",
        "NonSaturating": "non_saturating",
        "Saturating": "saturating",
        "Wasserstein": "wasserstein",
        "adversarial_loss": "named",
    },
)
