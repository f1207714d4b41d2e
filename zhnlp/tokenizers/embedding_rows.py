"""How many rows an embedding has: asked of a model, a configuration, or a folder whose weights stay on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

# How input embeddings are called, over all architectures of transformers that write Chinese.
_NAMES = (
    "word_embeddings.weight",
    "word_embedding.weight",
    "embed_tokens.weight",
    "tok_embeddings.weight",
    "embed_in.weight",
    "wte.weight",
    "shared.weight",
    "token_embedding.weight",
)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt", "*.h5")


class Rows(NamedTuple):
    """A number of rows and where it was read."""

    rows: int
    source: str


def embedding_rows(model: Any) -> Rows | None:
    """The rows of the input embedding of a model, a configuration or a folder; None where nothing tells.

    Of a folder the header of its safetensors files is read, else ``vocab_size`` of its config.json. A pickle is
    never opened.

    Raises:
        FileNotFoundError: no such folder, or one that holds neither.
        ValueError: a safetensors file is truncated.

    Example:
        >>> from transformers import BertConfig
        >>> embedding_rows(BertConfig(vocab_size=21128))
        Rows(rows=21128, source='the configuration')
    """
    if isinstance(model, (str, Path)):
        return _rows_of_folder(Path(model).expanduser())
    if hasattr(model, "get_input_embeddings"):
        weight = getattr(model.get_input_embeddings(), "weight", None)
        if weight is not None:
            return Rows(int(weight.shape[0]), "the model")
        model = model.config
    size = _vocab_size(model.to_dict() if hasattr(model, "to_dict") else dict(model))
    return None if size is None else Rows(size, "the configuration")


def _rows_of_folder(folder: Path) -> Rows | None:
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}: expected one with config.json and safetensors files")
    index = folder / "model.safetensors.index.json"
    files = sorted(folder.glob("*.safetensors"))
    if index.is_file():
        weights = json.loads(index.read_text("utf-8"))["weight_map"]
        files = sorted({folder / file for name, file in weights.items() if name.endswith(_NAMES)})
    for file in files:
        if file.is_file() and (rows := _rows_of_file(file)) is not None:
            return Rows(rows, file.name)
    config = folder / "config.json"
    if config.is_file():
        size = _vocab_size(json.loads(config.read_text("utf-8")))
        return None if size is None else Rows(size, "config.json")
    pickles = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    raise FileNotFoundError(
        f"{folder} says nothing of an embedding: expected *.safetensors or config.json, "
        + (
            f"found the pickle {pickles[0]}, which is never opened. Next: convert it to safetensors where it was made"
            if pickles
            else f"found {_listing(folder)}"
        )
    )


def _rows_of_file(file: Path) -> int | None:
    from zhnlp.checkpoints.header import read_header

    tensors = read_header(file).tensors
    found = {name: tensor["shape"][0] for name, tensor in tensors.items() if name.endswith(_NAMES)}
    return found[min(found, key=len)] if found else None


def _vocab_size(config: dict[str, Any]) -> int | None:
    for fields in (config, config.get("text_config") or {}):
        if isinstance(size := fields.get("vocab_size"), int):
            return size
    return None


def _listing(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "") if names else "nothing"
