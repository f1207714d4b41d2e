"""torch.optim by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import torch


def optimizer_by_name(name: str, parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """The optimizer of torch.optim that is called ``name``, in any case.

    Args:
        parameters: parameters or groups, e.g. of `layer_wise_groups`.
        options: of the class: lr, betas, momentum …

    Raises:
        ValueError: there is no such optimizer; the nearest names are listed.

    Example:
        >>> optimizer_by_name("sgd", [torch.nn.Parameter(torch.zeros(2))], lr=0.1).__class__.__name__
        'SGD'
    """
    known = {
        entry.__name__.lower(): entry
        for entry in vars(torch.optim).values()
        if isinstance(entry, type)
        and issubclass(entry, torch.optim.Optimizer)
        and entry is not torch.optim.Optimizer
    }
    if name.lower() not in known:
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or sorted(known)
        raise ValueError(
            f"no optimizer is called {name!r} in torch.optim: expected one like {', '.join(known[key].__name__ for key in near)}"
        )
    return known[name.lower()](parameters, **options)
