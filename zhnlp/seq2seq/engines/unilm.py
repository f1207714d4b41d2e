"""The engine "unilm": a masked language model writes, because its mask lets the source see no target.

Source: 苏剑林, https://kexue.fm/archives/6933
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from zhnlp.models.loading import load_model
from zhnlp.models.unilm import UniLM
from zhnlp.seq2seq.copy_slots import SLOTS, CopySlots
from zhnlp.seq2seq.engines.base import LOADING, Engine, padded
from zhnlp.seq2seq.slot_embeddings import add_slots
from zhnlp.seq2seq.source import Source, SourceReader, check_lengths
from zhnlp.tokenizers import load, prune
from zhnlp.training.learning_rates import fine_tuning_rate
from zhnlp.training.seeds import own_randomness

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.decoding.step import Step

DEFAULT = "zhnlp-mlm-small"
SPECIAL_TOKENS = 3  # [CLS] source [SEP] target [SEP]


class UniLMEngine(Engine):
    """A masked language model of BERT's layout with its head, and a prefix mask.

    Args:
        network, tokenizer: of transformers.
        max_source, max_target: tokens of an article and of a title.

    Raises:
        TypeError: the network is not laid out as BERT.
        ValueError: the lengths do not fit its positions, or the tokenizer has no [CLS] or [SEP].
    """

    name: ClassVar[str] = "unilm"

    def __init__(
        self,
        network: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        *,
        max_source: int,
        max_target: int,
    ):
        limit = getattr(network.config, "max_position_embeddings", None)
        check_lengths(max_source, max_target, limit, SPECIAL_TOKENS)
        if None in (tokenizer.cls_token_id, tokenizer.sep_token_id):
            raise ValueError(
                "the tokenizer has no [CLS] or no [SEP]: expected that of a BERT-like model. Next: tokenizers.load(name)"
            )
        self.module = UniLM(network)
        self.rate = fine_tuning_rate(network)
        self.end = tokenizer.sep_token_id
        slots = CopySlots.of(tokenizer)
        self.reader = SourceReader(tokenizer, slots, max_source=max_source, max_target=max_target)

    @classmethod
    def new(
        cls,
        model: str | Path | None = None,
        articles: Sequence[str] = (),
        titles: Sequence[str] = (),
        *,
        max_source: int,
        max_target: int,
        seed: int = 0,
        device: Any = None,
        keep_tokens: str | bool = "auto",
        copy_slots: int = SLOTS,
        pretrained: bool = True,
    ) -> UniLMEngine:
        """From a masked language model: a shipped name, a folder or a Hub id; the pairs are not looked at.

        Args:
            pretrained: False begins from random weights, to see what the pre-training is worth.
            keep_tokens: leave out pieces of the vocabulary that no Chinese text is cut into (post 6933); "auto" where the
                tokenizer is a WordPiece that has such.
            copy_slots: tokens that stand for what the vocabulary cannot write, 0 to 16.
        """
        name = DEFAULT if model is None else model
        tokenizer = load(name)
        network = load_model(name, "masked-lm", device=device, **LOADING)
        if not pretrained:
            with own_randomness(seed):
                network = type(network)(network.config).to(network.device)
        if keep_tokens is True or (keep_tokens == "auto" and _has_idle_pieces(tokenizer)):
            tokenizer, network = prune(tokenizer, network, "keep_tokens")
        add_slots(network, tokenizer, copy_slots)
        return cls(network, tokenizer, max_source=max_source, max_target=max_target)

    @classmethod
    def load(cls, folder: Path, *, max_source: int, max_target: int, device: Any = None) -> UniLMEngine:
        """As `save` wrote it."""
        network = load_model(folder, "masked-lm", device=device, **LOADING)
        return cls(network, load(folder), max_source=max_source, max_target=max_target)

    def batch(self, pairs: Sequence[tuple[list[int], list[int]]]) -> dict[str, Tensor]:
        tokenizer = self.tokenizer
        cls_id, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
        ids, segments, labels = [], [], []
        for source, target in pairs:
            before = [cls_id, *source, sep]
            ids.append([*before, *target, sep])
            segments.append([0] * len(before) + [1] * (len(target) + 1))
            labels.append([-100] * (len(before) - 1) + [*self.labels_of(target), -100])
        return {
            "input_ids": padded(ids, tokenizer.pad_token_id),
            "segments": padded(segments, 0),
            "attention_mask": padded([[1] * len(row) for row in ids], 0),
            "labels": padded(labels, -100),
        }

    def begin(self, sources: Sequence[Source]) -> tuple[Step, Tensor, Any]:
        tokenizer, device = self.tokenizer, self.device
        ids = [[tokenizer.cls_token_id, *source.ids, self.end] for source in sources]
        mask = padded([[1] * len(row) for row in ids], 0).to(device)
        cache = self.module.start(padded(ids, tokenizer.pad_token_id).to(device), mask)
        return self.module.step, torch.full((len(sources), 1), self.end, device=device), cache

    @property
    def network(self) -> PreTrainedModel:
        return self.module.network


def _has_idle_pieces(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Whether it is a WordPiece with Chinese continuations such as ##我, into which no Chinese text is cut."""
    return any(
        piece.startswith("##") and "\u4e00" <= piece[2:3] <= "\u9fff" for piece in tokenizer.get_vocab()
    )
