"""Word discovery algorithms, one a file; each turns counted n-grams into `Candidates`."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any

from zhnlp.mining.methods.base import Candidates, Method


def _known() -> dict[str, type[Method]]:
    from zhnlp.mining.methods.boundary_entropy import BoundaryEntropy
    from zhnlp.mining.methods.language_model import LanguageModel
    from zhnlp.mining.methods.min_entropy import MinEntropy
    from zhnlp.mining.methods.ngram import Ngram
    from zhnlp.mining.methods.pmi_cut import PmiCut

    return {method.name: method for method in (Ngram, MinEntropy, BoundaryEntropy, PmiCut, LanguageModel)}


def method_names() -> list[str]:
    """Names that ``method=`` takes, the default first.

    Example:
        >>> method_names()
        ['ngram', 'min-entropy', 'boundary-entropy', 'pmi-cut', 'lm']
    """
    return list(_known())


def make_method(name: str, **options: Any) -> Method:
    """The method called ``name`` with its own options.

    Raises:
        ValueError: the name is not known.
        TypeError: the method has no such option.
    """
    known = _known()
    name = name.replace("_", "-")
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0)
        order = near + [other for other in known if other not in near]
        raise ValueError(f"method={name!r} is not known: expected one of {', '.join(map(repr, order))}")
    fields = [field.name for field in dataclasses.fields(known[name])]
    wrong = [option for option in options if option not in fields]
    if wrong:
        raise TypeError(f"method {name!r} has no option {wrong[0]!r}: it takes {', '.join(fields) or 'none'}")
    return known[name](**options)


__all__ = ["Candidates", "Method", "make_method", "method_names"]
