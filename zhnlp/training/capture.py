"""Intermediate tensors: of modules by name, or anything a forward pass records."""

from __future__ import annotations

import difflib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor, nn

WHAT = ("output", "input", "attr")
_active: ContextVar[tuple[Callable[[str, Any], None], ...]] = ContextVar("active captures", default=())


@contextmanager
def capture(
    model: nn.Module,
    patterns: str | Iterable[str] = (),
    what: str = "output",
    *,
    detach: bool = True,
    cpu: bool = False,
) -> Iterator[OrderedDict[str, Any]]:
    """Keep what modules of ``model`` get or give while the context is open, by name, in order of the calls.

    Args:
        patterns: names as in ``model.named_modules()``; ``*`` stands for one part (``encoder.layer.*.attention``),
            ``**`` for any number. None at all: only what `record` gives.
        what: "output", "input" (one positional argument as it is, more as a tuple, keywords as a dict) or "attr": the
            last part of the pattern is an attribute that the module sets in its forward pass.
        detach: cut tensors off the graph; False keeps it, to differentiate.
        cpu: copy them to memory.

    Tensors inside tuples, dicts and model outputs are treated alike.  A second call of the same name in the context
    becomes ``name#2``.  Hooks are gone after the context, whatever happens.

    Raises:
        ValueError: a pattern fits no module, or ``what`` is unknown.
        AttributeError: a module has no such attribute after its forward pass.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        >>> with capture(net, "*") as seen:
        ...     _ = net(torch.zeros(5, 2))
        >>> {name: tuple(value.shape) for name, value in seen.items()}
        {'0': (5, 3), '1': (5, 3), '2': (5, 1)}

    Source: 苏剑林, https://kexue.fm/archives/6575
    """
    if what not in WHAT:
        raise ValueError(f"what got {what!r}: expected one of {', '.join(WHAT)}")
    seen: OrderedDict[str, Any] = OrderedDict()

    def keep(name: str, value: Any) -> None:
        number, free = 1, name
        while free in seen:
            number += 1
            free = f"{name}#{number}"
        seen[free] = _copied(value, detach, cpu)

    handles = []
    token = _active.set((*_active.get(), keep))
    try:
        for name, module, attribute in _chosen(model, patterns, what):
            handles.append(_hook(module, name, what, attribute, keep))
        yield seen
    finally:
        _active.reset(token)
        for handle in handles:
            handle.remove()


def record(name: str, tensor: Any) -> Any:
    """Give ``tensor`` to the open `capture` contexts under ``name``, and return it; nothing happens where none is open.

    Example:
        >>> import torch
        >>> def attention(scores):
        ...     return record("weights", scores.softmax(-1)).sum()
        >>> with capture(nn.Identity()) as seen:
        ...     _ = attention(torch.zeros(4))
        >>> seen["weights"].tolist()
        [0.25, 0.25, 0.25, 0.25]
    """
    for keep in _active.get():
        keep(name, tensor)
    return tensor


def _chosen(
    model: nn.Module, patterns: str | Iterable[str], what: str
) -> list[tuple[str, nn.Module, str | None]]:
    modules = dict(model.named_modules())
    chosen: dict[str, tuple[str, nn.Module, str | None]] = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        path, attribute = pattern, None
        if what == "attr":
            path, _, attribute = pattern.rpartition(".")
        fits = re.compile(_expression(path)).fullmatch
        names = [name for name in modules if fits(name) and (name or not path)]  # the model itself is ""
        if not names:
            raise ValueError(_no_module(path, list(modules)))
        for name in names:
            key = name if attribute is None else f"{name}.{attribute}".lstrip(".")
            chosen[key] = (key, modules[name], attribute)
    return list(chosen.values())


def _expression(path: str) -> str:
    parts = {"**": ".*", "*": r"[^.]*"}
    return "".join(parts.get(piece, re.escape(piece)) for piece in re.split(r"(\*\*|\*)", path))


def _no_module(path: str, names: list[str]) -> str:
    deeper = re.compile(r"(?:.*\.)?" + _expression(path)).fullmatch
    found = [name for name in names if deeper(name)]
    if found:
        return f"no module is called {path!r}, but {found[0]!r} is: expected the full name. Next: '**{path}'"
    near = difflib.get_close_matches(path, names, n=3, cutoff=0.3) or names[1:4]
    return (
        f"no module is called {path!r}: expected a name of model.named_modules(), like {', '.join(map(repr, near))}; "
        "* stands for one part, ** for any number"
    )


def _hook(module: nn.Module, name: str, what: str, attribute: str | None, keep: Callable[[str, Any], None]):
    if what == "input":

        def before(_module: nn.Module, args: tuple, kwargs: dict) -> None:
            keep(name, {**dict(enumerate(args)), **kwargs} if kwargs else args[0] if len(args) == 1 else args)

        return module.register_forward_pre_hook(before, with_kwargs=True)

    def after(_module: nn.Module, _args: tuple, output: Any) -> None:
        keep(name, output if attribute is None else _attribute(_module, attribute, name))

    return module.register_forward_hook(after)


def _attribute(module: nn.Module, attribute: str, name: str) -> Any:
    if not hasattr(module, attribute):
        raise AttributeError(
            f"{name}: {type(module).__name__} has no attribute {attribute!r} after its forward pass: expected one that "
            f"forward sets (self.{attribute} = …). Next: call record({attribute!r}, tensor) there instead"
        )
    return getattr(module, attribute)


def _copied(value: Any, detach: bool, cpu: bool) -> Any:
    if isinstance(value, Tensor):
        value = value.detach() if detach else value
        return value.cpu() if cpu else value
    if isinstance(value, dict):  # model outputs are dicts, too
        return {key: _copied(item, detach, cpu) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return (
            type(value)(_copied(item, detach, cpu) for item in value)
            if type(value) in (tuple, list)
            else tuple(_copied(item, detach, cpu) for item in value)
        )
    return value
