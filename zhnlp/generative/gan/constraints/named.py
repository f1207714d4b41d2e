"""A penalty by its name."""

from __future__ import annotations

import difflib
from typing import Any

from zhnlp.generative.gan.constraints.base import Penalty
from zhnlp.generative.gan.constraints.div import DivPenalty
from zhnlp.generative.gan.constraints.one_centred import OneCentredPenalty, OneSidedPenalty
from zhnlp.generative.gan.constraints.zero_centred import R1, R2, ZeroCentredPenalty

PENALTIES: dict[str, type[Penalty]] = {
    "gp": OneCentredPenalty,
    "gp-one-sided": OneSidedPenalty,
    "gp0": ZeroCentredPenalty,
    "r1": R1,
    "r2": R2,
    "div": DivPenalty,
}


def penalty(name: str, **options: Any) -> Penalty:
    """The penalty called ``name``: gp, gp-one-sided, gp0 (weight, at), r1, r2 (gamma) or div (k, p, at).

    Raises:
        ValueError: no penalty has this name, or it takes no such option.

    Example:
        >>> penalty("div", at="both")
        DivPenalty(k=2, p=6, at='both')
    """
    if name not in PENALTIES:
        near = difflib.get_close_matches(name, PENALTIES, n=1, cutoff=0)
        raise ValueError(
            f"no penalty is called {name!r}: expected {', '.join(PENALTIES)}. Next: try {near[0]!r}"
        )
    try:
        return PENALTIES[name](**options)
    except TypeError as error:
        raise ValueError(
            f"penalty {name!r} does not take {', '.join(options)}: {error}. Next: weight and at for gp, gamma for r1, k, p and at for div"
        ) from None
