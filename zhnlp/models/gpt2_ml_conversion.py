"""Weights of GPT2_ML by the names that TensorFlow gave them → a model that loads anywhere.

TensorFlow's dense kernels are (in, out), those of PyTorch (out, in): they are turned.

Source: 苏剑林, https://kexue.fm/archives/7292
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from zhnlp.models.gpt2_ml import GPT2MLConfig, GPT2MLForCausalLM

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCOPE = "newslm"
HEAD_SIZE = 64  # features of a head in every size that was published
_EMBEDDINGS = {
    "word_embed": "tokens.weight",
    "pos_embed": "positions.weight",
    "LayerNorm_embed_norm/gamma": "norm.weight",
    "LayerNorm_embed_norm/beta": "norm.bias",
}
_DENSE = {
    "query_layer": "query",
    "key_layer": "key",
    "value_layer": "value",
    "context_projection_layer": "projection",
    "intermediate": "intermediate",
    "output": "output",
}
_NORMS = {"LayerNorm_mlp_ln0": "norm_before", "LayerNorm_mlp_ln1": "norm_after"}
_PARTS = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
_OF_TRAINING = re.compile(
    r"(^|/)(global_step|(beta[12]_)power|adam_[mv]|adafactor_\w+|v[rc]?|m)$", re.IGNORECASE
)
_ENDINGS = re.compile(r"\.(index|meta|data-\d+-of-\d+)$")


def torch_name(variable: str) -> str | None:
    """The name in `GPT2MLForCausalLM` of a variable of the original; None for one that only the training needed.

    Raises:
        ValueError: the original has no such variable.

    Example:
        >>> torch_name("newslm/layer07/LayerNorm_mlp_ln0/gamma"), torch_name("global_step")
        ('model.layers.7.norm_before.weight', None)
    """
    name = variable.removesuffix(":0").removeprefix(f"{SCOPE}/")
    scope, _, rest = name.partition("/")
    if scope == "embeddings" and rest in _EMBEDDINGS:
        return f"model.{_EMBEDDINGS[rest]}"
    module, _, part = rest.partition("/")
    layer = re.fullmatch(r"layer(\d+)", scope)
    if layer and (
        (module in _DENSE and part in ("kernel", "bias")) or (module in _NORMS and part in ("gamma", "beta"))
    ):
        return f"model.layers.{int(layer[1])}.{(_DENSE | _NORMS)[module]}.{_PARTS[part]}"
    if _OF_TRAINING.search(name):
        return None
    raise ValueError(
        f"{variable} is no variable of GPT2_ML: expected such as {SCOPE}/layer00/query_layer/kernel. Likely the checkpoint "
        "of another network"
    )


def convert(variables: Mapping[str, NDArray], *, num_attention_heads: int | None = None) -> GPT2MLForCausalLM:
    """The model of a mapping from TensorFlow's names to arrays, in float32; its sizes are those of the arrays.

    Args:
        variables: what only the training needed may be among them.
        num_attention_heads: None for heads of 64 features, as in every size that was published.

    Raises:
        ValueError: a variable is missing, of the wrong shape, not finite, or none of GPT2_ML.
    """
    found, homes = {}, {}
    for variable in variables:
        name = torch_name(variable)
        if name in found:
            raise ValueError(f"{homes[name]} and {variable} are the same variable: expected one of them")
        if name is not None:
            found[name], homes[name] = variable, variable
    config = _config(variables, found, num_attention_heads)
    with torch.device("meta"):
        model = GPT2MLForCausalLM(config)
    wanted = {name: weight.shape for name, weight in model.named_parameters()}
    if missing := [name for name in wanted if name not in found]:
        raise ValueError(
            f"{len(missing):,} of {len(wanted):,} variables are missing, {missing[0]} first: expected all of a checkpoint. "
            "Likely a part of it, or a file that was cut off"
        )
    state = {}
    for name, variable in found.items():
        state[name] = _tensor(np.asarray(variables[variable]), variable, name)
        if state[name].shape != wanted[name]:
            raise ValueError(
                f"{variable} has the shape {tuple(np.shape(variables[variable]))}, and {name} is {tuple(wanted[name])}: "
                "expected the arrays of one checkpoint"
            )
    model.load_state_dict(state, strict=False, assign=True)  # the head is the embedding
    model.tie_weights()
    return model.eval()


def _tensor(array: NDArray, variable: str, name: str) -> Tensor:
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"{variable} ({array.dtype}) holds what is no finite number: expected floats")
    turned = array.T if variable.removesuffix(":0").endswith("/kernel") else array
    return torch.from_numpy(np.ascontiguousarray(turned, dtype=np.float32))


def _config(variables: Mapping[str, Any], found: Mapping[str, str], heads: int | None) -> GPT2MLConfig:
    """The sizes, read from shapes."""

    def shape(name: str) -> tuple[int, ...]:
        if name not in found:
            raise ValueError(
                f"{name} is missing among {len(variables):,} variables: expected the checkpoint of GPT2_ML, such as "
                f"{SCOPE}/embeddings/word_embed"
            )
        return np.shape(variables[found[name]])

    (words, size), (places, _) = shape("model.tokens.weight"), shape("model.positions.weight")
    layers = {int(name.split(".")[2]) for name in found if name.startswith("model.layers.")}
    if layers != set(range(len(layers))) or not layers:
        raise ValueError(
            f"there are the layers {sorted(layers)}: expected 0 and those that follow. Likely a part of a checkpoint"
        )
    if heads is None and size % HEAD_SIZE:
        raise ValueError(
            f"the hidden size {size} is no multiple of {HEAD_SIZE}, the features of a head in the published sizes: expected "
            "num_attention_heads="
        )
    return GPT2MLConfig(
        vocab_size=words,
        hidden_size=size,
        num_hidden_layers=len(layers),
        num_attention_heads=size // HEAD_SIZE if heads is None else heads,
        intermediate_size=shape("model.layers.0.intermediate.bias")[0],
        max_position_embeddings=places,
        bos_token_id=None,
        eos_token_id=None,
    )


class _Checkpoint(Mapping):
    """A checkpoint of TensorFlow, whose arrays are read one at a time."""

    def __init__(self, prefix: str):
        try:
            from tensorflow.train import load_checkpoint
        except ImportError:
            raise ImportError(
                f"{prefix} is a checkpoint of TensorFlow, which only TensorFlow reads. Next: pip install 'zhnlp[tensorflow]', "
                "or where it is installed write its variables to an .npz"
            ) from None
        self.reader = load_checkpoint(prefix)
        self.names = self.reader.get_variable_to_shape_map()

    def __getitem__(self, name: str) -> NDArray:
        return self.reader.get_tensor(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def read_variables(path: str | Path) -> Mapping[str, NDArray]:
    """The variables of an .npz (names → arrays) or of a TensorFlow checkpoint, by name; arrays are read when asked for.

    Args:
        path: a .npz; or of a checkpoint its prefix, one of its files (``model.ckpt-220000.index``), or the folder with it.

    Raises:
        FileNotFoundError: there is neither.
        ImportError: TensorFlow is needed; the message names the extra.
        ValueError: the .npz is broken, or the folder holds not just one checkpoint; also at a variable that is a pickle,
            which is never opened.
    """
    path = Path(path).expanduser()
    if path.suffix == ".npz" and path.is_file():
        try:
            return np.load(path, allow_pickle=False)
        except (ValueError, OSError, EOFError, BadZipFile) as error:
            raise ValueError(
                f"{path} is no .npz of plain arrays ({error}): expected that of numpy.savez"
            ) from None
    prefix = _only_prefix(path) if path.is_dir() else _ENDINGS.sub("", str(path))
    if not Path(f"{prefix}.index").is_file():
        raise FileNotFoundError(
            f"{path} is neither an .npz nor a TensorFlow checkpoint: expected {prefix}.index beside its .data files"
        )
    return _Checkpoint(prefix)


def _only_prefix(folder: Path) -> str:
    found = sorted(str(file)[: -len(".index")] for file in folder.glob("*.index"))
    if len(found) != 1:
        raise ValueError(
            f"{folder} holds {len(found)} checkpoints (*.index): expected one. Next: name it, such as {folder}/model.ckpt"
        )
    return found[0]
