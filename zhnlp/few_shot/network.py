"""The language model behind a classifier: one copy to read with, fresh copies to train, and what a training hands back."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

DEFAULT = "zhnlp-mlm-small"
_checked: set[Path] = set()  # folders whose head was looked at in this process


@dataclass
class FittedWeights:
    """The weights that a training changed, and no others.

    Attributes:
        model: the network in float32 and evaluation mode; None where the base stayed as it is (P-tuning).
        soft_rows: (K, D) embeddings of the soft tokens in float32, those of the first template first; None for none.
    """

    model: PreTrainedModel | None = None
    soft_rows: Tensor | None = None


class Network:
    """A masked or causal language model with its tokenizer, by name or as it is.

    Args:
        model: shipped name, folder, Hub id, or a model of transformers; None for zhnlp-mlm-small.
        tokenizer: of a model that was given as such; None for the one beside the files.
        device: such as "cpu" or "cuda:0"; None for the GPU where there is one, or where a given model lies.
        dtype: to read in, such as "float32"; None for bfloat16 where the processor has it, else float32.
        max_length: tokens of a text at most; None for as many as the model takes.

    Raises:
        TypeError: a model without its tokenizer.
        ValueError: the model is neither a masked nor a causal language model; or ``max_length`` is below 1.

    Example:
        >>> network = Network("zhnlp-mlm-small", device="cpu")
        >>> network.causal, network.limit
        (False, 512)
    """

    def __init__(
        self,
        model: str | Path | PreTrainedModel | None = None,
        tokenizer: PreTrainedTokenizerFast | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        max_length: int | None = None,
    ):
        from zhnlp.models.length_limit import check_max_length
        from zhnlp.models.loading import choose_device, dtype_of

        check_max_length(max_length)
        self._given = DEFAULT if model is None else model
        self.by_name = isinstance(self._given, (str, Path))
        if not self.by_name and tokenizer is None:
            raise TypeError(
                f"got the model {type(model).__name__} without tokenizer=: expected both, or a name or folder"
            )
        self.device = choose_device(device if device is not None or self.by_name else self._given.device)
        self._dtype = dtype_of(dtype) if isinstance(dtype, str) else dtype
        self._given_tokenizer, self._max_length = tokenizer, max_length
        self._readers: dict[Any, PreTrainedModel] = {}
        self.causal = _is_causal(self._config, self.name)

    @property
    def name(self) -> str:
        """The model: its name, folder or class."""
        return str(self._given) if self.by_name else type(self._given).__name__

    @property
    def own_tokenizer(self) -> bool:
        """Whether the tokenizer is the one beside the files of the model."""
        return self._given_tokenizer is None

    @cached_property
    def folder(self) -> Path:
        """The folder with the files of a model that was given by its name."""
        from zhnlp.checkpoints.locate import locate

        return locate(self._given)

    @cached_property
    def _config(self) -> Any:
        if not self.by_name:
            return self._given.config
        from transformers import AutoConfig

        if not (self.folder / "config.json").is_file():
            raise FileNotFoundError(
                f"{self.name} has no config.json: expected the folder of a language model. Next: the folder of save_pretrained"
            )
        return AutoConfig.from_pretrained(self.folder, trust_remote_code=False)

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer, repaired and checked where it was loaded here."""
        from zhnlp import tokenizers

        if self._given_tokenizer is not None:
            return self._given_tokenizer
        return tokenizers.load(self.folder)

    @property
    def limit(self) -> int:
        """Tokens that a text may have, special ones included."""
        from zhnlp.models.length_limit import length_limit

        return length_limit(self.tokenizer, self._config, self._max_length)

    def reader(self, *, exact: bool = False) -> PreTrainedModel:
        """The model in evaluation mode, as fast as it reads; ``exact`` for float32."""
        import torch

        from zhnlp.models.inference import speed_up
        from zhnlp.models.precision import fast_dtype

        dtype = torch.float32 if exact else self._dtype or fast_dtype(self.device)
        if dtype not in self._readers:
            if self.by_name:
                model = speed_up(self._load(dtype))
            elif (self._given.device, self._given.dtype) == (self.device, dtype):
                model = self._given
            else:
                model = speed_up(copy.deepcopy(self._given).to(device=self.device, dtype=dtype))
            self._readers[dtype] = model.eval()
        return self._readers[dtype]

    def trainable(self) -> PreTrainedModel:
        """A fresh copy of the model in float32 and evaluation mode; what is done to it changes nothing here."""
        import torch

        if self.by_name:
            return self._load(torch.float32)
        return copy.deepcopy(self._given).to(device=self.device, dtype=torch.float32).eval()

    def holding(self, model: PreTrainedModel | None) -> Network:
        """A network like this one that holds ``model``; None gives this one."""
        if model is None:
            return self
        return Network(
            model, self.tokenizer, device=self.device, dtype=self._dtype, max_length=self._max_length
        )

    def _load(self, dtype: torch.dtype) -> PreTrainedModel:
        from zhnlp import tokenizers
        from zhnlp.models.loading import load_model

        head = "causal-lm" if self.causal else "masked-lm"
        model = load_model(self.folder, head, device=self.device, dtype=dtype, check=False)
        tokenizers.repair(self.tokenizer, model)
        self._check_head(model)
        return model

    def _check_head(self, model: PreTrainedModel) -> None:
        """Warn once of a model from elsewhere whose masked-language-model head looks random."""
        from zhnlp.checkpoints.catalogue import find
        from zhnlp.few_shot.head_check import check_head

        known = find(str(self._given)) is not None or (self.folder / "prompt.json").is_file()  # ours
        if self.causal or known or self.folder in _checked:
            return
        _checked.add(self.folder)
        check_head(model, self.tokenizer, name=self.name)


def _is_causal(config: Any, name: str) -> bool:
    """Whether a configuration is that of a model that only sees what came before."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    written = (getattr(config, "architectures", None) or [""])[0]
    if written.endswith(("ForCausalLM", "LMHeadModel")) or getattr(config, "is_decoder", False):
        return True
    if type(config) in MODEL_FOR_MASKED_LM_MAPPING:
        return False
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return True
    raise ValueError(
        f"{name} is of the kind {getattr(config, 'model_type', type(config).__name__)}: expected a masked or a causal language model. "
        "Next: model='zhnlp-mlm-small'"
    )
