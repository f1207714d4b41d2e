"""Folders of conditional generators: a causal model as everybody loads it, and beside it what makes it conditional.

``config.json``, ``model.safetensors`` and the tokenizer are those of transformers; read without zhnlp they write as if no condition
was given.  ``condition.safetensors`` holds the projections and the conditions, ``conditional.json`` the labels.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.conditional.attributes import Attributes

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from zhnlp.models.conditional import ConditionalLM

FILE = "conditional.json"
WEIGHTS = "condition.safetensors"
FULL = "model.safetensors"
VERSION = 1


@dataclass
class Parts:
    """A conditional model, its tokenizer and labels, and the characters of a text that it was trained on."""

    module: ConditionalLM
    tokenizer: PreTrainedTokenizerFast
    attributes: Attributes
    max_length: int

    def vector(self, label: Any) -> Tensor:
        """The condition (1, C) that a label stands for; None is that of nothing said.

        Raises:
            ValueError: the label is not known; the message lists those that are.
        """
        given = self.attributes.tensors([self.attributes.row(label)], self.module.device)
        return self.module.conditions(given).detach()


def is_conditional(folder: str | Path) -> bool:
    """Whether a folder holds a conditional generator."""
    return (Path(folder) / FILE).is_file()


def save_conditional(parts: Parts, folder: str | Path, *, int8: bool = False) -> Path:
    """Write everything to a folder, which may be a new one.

    Args:
        int8: each row of the network's weights in 8 bits, which only zhnlp reads: a quarter of the size.

    Raises:
        FileExistsError: ``folder`` is a file.
    """
    from safetensors.torch import save_file

    from zhnlp.checkpoints.quantized import FILE as INT8
    from zhnlp.checkpoints.quantized import save as save_int8
    from zhnlp.models.bars import no_bars
    from zhnlp.nn.conditional_norm import plain_norms
    from zhnlp.text.files import atomic_file

    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: expected the name of a folder, which may be a new one")
    module, network = parts.module, parts.module.network
    with plain_norms(network), no_bars():
        if int8:
            save_int8(network, folder)
        else:
            network.save_pretrained(folder)
    (folder / (FULL if int8 else INT8)).unlink(missing_ok=True)
    parts.tokenizer.save_pretrained(folder)
    state = {name: value.detach().cpu().contiguous() for name, value in module.own_state().items()}
    with atomic_file(folder / WEIGHTS) as temporary:
        save_file(state, temporary)
    kept = {
        "version": VERSION,
        "condition_size": module.conditions.size,
        "max_length": parts.max_length,
        "classes": parts.attributes.classes,
        "vectors": parts.attributes.vectors,
    }
    (folder / FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return folder


def load_conditional(folder: str | Path, *, device: Any = None, dtype: Any = None) -> Parts:
    """As `save_conditional` wrote it, in evaluation mode.

    Args:
        device, dtype: as of `zhnlp.models.loading.load_model`.

    Raises:
        ValueError: the folder holds no conditional generator, one of another version, or files that do not fit each other.
    """
    from safetensors.torch import load_file

    from zhnlp import tokenizers
    from zhnlp.checkpoints.header import read_header
    from zhnlp.models.conditional import ConditionalLM
    from zhnlp.models.loading import load_model

    folder = Path(folder)
    if not is_conditional(folder):
        raise ValueError(
            f"{folder} has no {FILE}: expected a folder that ConditionalGenerator.save wrote. Next: ConditionalGenerator({str(folder)!r})"
            ".fit(texts, labels) begins from a plain model"
        )
    kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
    if kept.get("version") != VERSION:
        raise ValueError(
            f"{folder / FILE} is of version {kept.get('version')!r}: expected {VERSION}. Likely another version of zhnlp wrote it"
        )
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f"{folder} lacks {WEIGHTS}, which {FILE} tells of. Next: copy the folder again")
    attributes = Attributes(kept["classes"], kept["vectors"])
    tokenizer = tokenizers.load(folder)
    network = load_model(folder, "causal-lm", device=device, dtype=dtype, check=False)
    tokenizers.repair(tokenizer, network)
    module = ConditionalLM(network, attributes.conditions(kept["condition_size"]))
    read_header(folder / WEIGHTS)
    module.load_own(load_file(folder / WEIGHTS))
    return Parts(module.eval(), tokenizer, attributes, kept["max_length"])
