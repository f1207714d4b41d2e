"""Checkpoints at a quarter of their size: int8 matrices with one scale a row, the rest fp16, as one safetensors file.

A row w of R columns is stored as q = round(w / s) in -127…127 with s = max|w| / 127 rounded up to fp16, so that
|w - s q| ≤ s / 2.  Vectors (biases, norms) are fp16.  Tables that are computed and never learnt stay as they are.
Weights that the model ties are stored once and are one tensor again after loading.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zhnlp.checkpoints.header import read_header
from zhnlp.text.files import atomic_file

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FORMAT = "zhnlp-int8"
FILE = "model.int8.safetensors"  # another name than transformers looks for, which would read int8 as weights
_SCALE = ".scale"
COMPUTED = ("embed_positions", "inv_freq")  # parts of the names of tables that are computed


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of ``weight`` (R, …) as int8 in -127…127 with fp16 scales (R,); zero rows have scale 0.

    Raises:
        ValueError: a weight is not finite, or a row is too large for an fp16 scale (beyond 8.3e6).

    Example:
        >>> q, scale = quantize(torch.tensor([[1.27, -0.635], [0.0, 0.0]]))
        >>> q.tolist()
        [[127, -63], [0, 0]]
    """
    weight = weight.detach().float()
    if not torch.isfinite(weight).all():
        raise ValueError(
            "a weight is not finite: expected numbers. Next: train with a lower rate, or clip gradients"
        )
    rows = weight.flatten(1)
    exact = rows.abs().amax(1) / 127
    scale = exact.half()
    scale = torch.where(
        scale.float() < exact, torch.nextafter(scale, torch.full_like(scale, torch.inf)), scale
    )
    if not torch.isfinite(scale).all():
        raise ValueError(
            f"a weight is {exact.max() * 127:.3g}: expected less than 8.3e6, which fp16 scales reach"
        )
    divisor = scale.float().masked_fill(scale == 0, 1)[:, None]
    return (rows / divisor).round().clamp(-127, 127).to(torch.int8).view(weight.shape), scale


def dequantize(q: Tensor, scale: Tensor) -> Tensor:
    """The float32 weights of int8 rows ``q`` (R, …) and their scales (R,).

    Example:
        >>> dequantize(torch.tensor([[127, 0]], dtype=torch.int8), torch.tensor([0.5])).tolist()
        [[63.5, 0.0]]
    """
    return q.float() * scale.float().view(-1, *[1] * (q.dim() - 1))


def save_state(
    state: dict[str, Tensor], path: str | Path, *, computed: Sequence[str] = COMPUTED, **metadata: str
) -> Path:
    """Write a state dict as one int8 file.

    Args:
        state: name -> tensor; tensors that share memory are stored once.
        path: the file to write.
        computed: parts of names; tensors with such a name keep their own dtype and every bit.
        **metadata: more to say in the header.

    Raises:
        ValueError: a weight is not finite or too large, or a name ends in ``.scale``.
    """
    from safetensors.torch import save_file

    tensors: dict[str, Tensor] = {}
    tied: dict[str, str] = {}
    seen: dict[tuple, str] = {}
    for name, value in state.items():
        if name.endswith(_SCALE):
            raise ValueError(
                f"the weight {name} ends in {_SCALE}: expected another name, which is kept for scales"
            )
        place = (value.data_ptr(), value.shape, value.stride(), value.dtype)
        if value.numel() and seen.setdefault(place, name) != name:
            tied[name] = seen[place]
        elif not value.is_floating_point() or any(part in name for part in computed):
            tensors[name] = value.detach().cpu().contiguous()
        elif value.dim() >= 2:
            try:
                tensors[name], tensors[name + _SCALE] = (part.cpu() for part in quantize(value))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        else:
            tensors[name] = _half(name, value)
    header = {"format": FORMAT, "tied": json.dumps(tied), **metadata}
    with atomic_file(path) as temporary:
        save_file(tensors, temporary, header)
    return Path(path)


def save(model: PreTrainedModel, folder: str | Path, *, computed: Sequence[str] = COMPUTED) -> Path:
    """Write a model as int8: config.json (generation_config.json too, if it generates) and model.int8.safetensors.

    `load_state` and `zhnlp.models.loading.load_model` read it.  The tokenizer and the card are saved apart.

    Raises:
        ValueError: as `save_state`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    architecture = type(model).__name__
    model.config.architectures = [architecture]
    model.config.save_pretrained(folder)
    if model.can_generate():
        model.generation_config.save_pretrained(folder)
    save_state(model.state_dict(), folder / FILE, computed=computed, architecture=architecture)
    return folder


def is_quantized(folder: str | Path) -> bool:
    """Whether the weights in ``folder`` (or the file itself) are int8 of this module.

    Raises:
        ValueError: the file is truncated or no safetensors file.
    """
    path = _file(folder)
    return path.is_file() and read_header(path).metadata.get("format") == FORMAT


def load_state(folder: str | Path) -> dict[str, Tensor]:
    """The float32 state dict of an int8 checkpoint; tied names hold the same tensor.

    Raises:
        ValueError: the file is truncated, or holds something else.
        FileNotFoundError: no such file.
    """
    from safetensors.torch import load_file

    path = _file(folder)
    metadata = read_header(path).metadata
    if metadata.get("format") != FORMAT:
        raise ValueError(
            f"{path} says format {metadata.get('format')!r}: expected {FORMAT!r}. "
            "Next: zhnlp.models.loading.load_model reads both"
        )
    tensors = load_file(path)
    state = {}
    for name, value in tensors.items():
        if name.endswith(_SCALE):
            continue
        if name + _SCALE in tensors:
            value = dequantize(value, tensors[name + _SCALE])
        state[name] = value.float() if value.is_floating_point() else value
    state.update((alias, state[name]) for alias, name in json.loads(metadata.get("tied", "{}")).items())
    return state


def _file(folder: str | Path) -> Path:
    path = Path(folder)
    return path / FILE if path.is_dir() else path


def _half(name: str, value: Tensor) -> Tensor:
    half = value.detach().cpu().to(torch.float16, copy=True).contiguous()
    if not torch.isfinite(half).all():
        raise ValueError(
            f"{name}: a value is not finite in fp16: expected |value| < 65,504. Next: name it in computed="
        )
    return half
