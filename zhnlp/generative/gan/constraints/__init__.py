"""What keeps a critic from rising without end: penalties on the gradients of its scores, clipped or normalised weights.

    gradients.py      ‖∇ₓ score‖² of every row on its own
    points.py         where gradients are taken: between real and fake, at either, at both, anywhere
    base.py           the protocol of a penalty
    one_centred.py    WGAN-GP, and its one-sided form
    zero_centred.py   gradients pulled to 0: GP-0, R1, R2
    div.py            WGAN-div
    clip.py           weights in a box
    spectral.py       layers of spectral norm 1
    named.py          a penalty by its name

Source: https://kexue.fm/archives/6280, https://kexue.fm/archives/4439, https://kexue.fm/archives/6051, https://kexue.fm/archives/6139
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "R1": "zero_centred",
        "R2": "zero_centred",
        "DivPenalty": "div",
        "OneCentredPenalty": "one_centred",
        "OneSidedPenalty": "one_centred",
        "Penalty": "base",
        "ZeroCentredPenalty": "zero_centred",
        "clip_weights": "clip",
        "penalty": "named",
        "penalty_points": "points",
        "spectral_normalised": "spectral",
        "squared_gradient_norms": "gradients",
    },
)
