"""Exponential moving average of a model's weights, with a swap for evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

FORMAT = "zhnlp-ema"


class EMA:
    """Shadow weights Θ ← a Θ + (1 − a) θ, beginning at θ; training itself is not touched.

    Parameters and buffers (BatchNorm statistics) are averaged, whole numbers copied.  Shadows of float16 and bfloat16 are
    kept in float32, where small steps are not lost.

    Args:
        model: the plain module, not a DistributedDataParallel around it.
        decay: a in [0, 1): about 1 / (1 − a) updates count.
        warmup: use min(a, (1 + n) / (10 + n)) at update n, counted from 0; without it a decay of .9999 is useless in runs
            of a few thousand steps.
        update_after: calls of `update` during which the shadow is the model itself.
        every: average at every so many calls only.

    Raises:
        ValueError: an argument is out of its range, or a loaded state belongs to another model.
        RuntimeError: `update` or `applied` while the average is in the model.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.zeros_(layer.weight)
        >>> ema = EMA(layer, decay=0.5, warmup=False)
        >>> _ = nn.init.ones_(layer.weight)
        >>> ema.update()
        >>> with ema.applied():
        ...     print(layer.weight.item())
        0.5
        >>> layer.weight.item()
        1.0

    Source: 苏剑林, https://kexue.fm/archives/6575
    """

    def __init__(
        self,
        model: nn.Module,
        decay: float = 0.9999,
        warmup: bool = True,
        update_after: int = 0,
        every: int = 1,
    ):
        if not 0 <= decay < 1:
            raise ValueError(f"decay got {decay!r}: expected a number in [0, 1), usually .99 to .9999")
        if update_after < 0 or every < 1:
            raise ValueError(
                f"update_after, every got {update_after!r}, {every!r}: expected update_after >= 0 and every >= 1"
            )
        if isinstance(model, nn.parallel.DistributedDataParallel):
            raise ValueError(
                "EMA got a DistributedDataParallel model: expected the module inside. Next: model.module"
            )
        self.model, self.decay, self.warmup = model, decay, warmup
        self.update_after, self.every = update_after, every
        self.calls = self.updates = 0
        self._kept: dict[str, Tensor] | None = None
        self.shadow = {name: _wide(value) for name, value in self._live().items()}

    def _live(self) -> dict[str, Tensor]:
        """Parameters and buffers, tied ones once."""
        live = dict(self.model.named_parameters())
        live.update(self.model.named_buffers())
        return {name: value.detach() for name, value in live.items()}

    @property
    def active(self) -> bool:
        """Whether the average is in the model now."""
        return self._kept is not None

    def decay_now(self) -> float:
        """The decay of the next update."""
        return min(self.decay, (1 + self.updates) / (10 + self.updates)) if self.warmup else self.decay

    @torch.no_grad()
    def update(self) -> None:
        """Call after every optimizer step."""
        if self.active:
            raise RuntimeError(
                "EMA.update() while its weights are in the model: expected it after applied() ended"
            )
        self.calls += 1
        if self.calls <= self.update_after:
            self._follow(0.0)
        elif (self.calls - self.update_after) % self.every == 0:
            self._follow(self.decay_now())
            self.updates += 1

    def _follow(self, decay: float) -> None:
        average = get_ema_multi_avg_fn(decay)
        pairs: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
        for name, value in self._live().items():
            shadow = self.shadow[name]
            if decay == 0 or not value.is_floating_point():
                shadow.copy_(value)
                continue
            shadows, values = pairs.setdefault((shadow.device, shadow.dtype), ([], []))
            shadows.append(shadow)
            values.append(value.to(shadow))
        for shadows, values in pairs.values():
            average(shadows, values, None)

    @contextmanager
    def applied(self) -> Iterator[nn.Module]:
        """The model with averaged weights; afterwards with its own again, bit for bit."""
        self.swap_in()
        try:
            yield self.model
        finally:
            self.swap_out()

    @torch.no_grad()
    def swap_in(self) -> None:
        """Put the average into the model; `applied` is the safer way."""
        if self.active:
            raise RuntimeError(
                "EMA weights are in the model already: expected applied() to end before the next"
            )
        live = self._live()
        self._kept = {name: value.clone() for name, value in live.items()}
        for name, value in live.items():
            value.copy_(self.shadow[name])

    @torch.no_grad()
    def swap_out(self) -> None:
        """Put the model's own weights back; nothing happens where they are in it."""
        if self._kept is not None:
            for name, value in self._live().items():
                value.copy_(self._kept[name])
            self._kept = None

    def copy_to_model(self) -> None:
        """Overwrite the model's own weights with the average, for good."""
        self.swap_out()
        self.swap_in()
        self._kept = None

    def state_dict(self) -> dict[str, Any]:
        """``calls``, ``updates`` and ``shadow``: name → tensor, not copied."""
        return {"calls": self.calls, "updates": self.updates, "shadow": dict(self.shadow)}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        shadow = state["shadow"]
        other = sorted(set(shadow) ^ set(self.shadow)) or [
            name for name, value in self.shadow.items() if value.shape != shadow[name].shape
        ]
        if other:
            raise ValueError(
                f"the averaged weights belong to another model: {len(other)} names or shapes differ, first {other[0]!r}. "
                "Expected the model that they were written with"
            )
        for name, value in self.shadow.items():
            value.copy_(shadow[name])
        self.calls, self.updates = int(state["calls"]), int(state["updates"])

    def save(self, path: str | Path) -> None:
        """Write the state as one safetensors file."""
        from safetensors.torch import save_file

        path = Path(path)
        unfinished = path.with_name(path.name + ".unfinished")
        tensors = {name: value.contiguous() for name, value in self.shadow.items()}
        metadata = {"format": FORMAT, "calls": str(self.calls), "updates": str(self.updates)}
        save_file(tensors, unfinished, metadata)
        unfinished.replace(path)  # a kill in between leaves no half file under the name

    def load(self, path: str | Path) -> None:
        """Read what `save` wrote.  Raises ValueError where the file is something else."""
        from safetensors import safe_open

        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"{path} holds no averaged weights: expected a file that EMA.save wrote")
            shadow = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        self.load_state_dict({**metadata, "shadow": shadow})


def _wide(value: Tensor) -> Tensor:
    narrow = value.dtype in (torch.float16, torch.bfloat16)
    return value.to(torch.float32) if narrow else value.clone()
