"""The engine "lstm": the network of post 5861, trained from scratch on pairs alone, for machines without a GPU.

Source: 苏剑林, https://kexue.fm/archives/5861
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from zhnlp.models.loading import choose_device, load_model
from zhnlp.models.lstm_seq2seq import LSTMSeq2SeqConfig, LSTMSeq2SeqLM, register
from zhnlp.seq2seq.copy_slots import SLOTS, CopySlots
from zhnlp.seq2seq.engines.base import Engine, padded
from zhnlp.seq2seq.source import Source, SourceReader, check_lengths
from zhnlp.tokenizers import load
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
from zhnlp.training.seeds import own_randomness

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from zhnlp.decoding.step import Step

MIN_COUNT = 32  # the post's, for 800,000 pairs
LEAST_COUNT, PAIRS_FOR_ONE = 2, 500  # of few pairs: one for so many, but not less than that


class LSTMEngine(Engine):
    """An LSTM with attention and a copy prior; its vocabulary comes from the training pairs.

    Args:
        network, tokenizer: of the same size.
        max_source, max_target: tokens of an article and of a title.

    Raises:
        ValueError: the lengths are no whole numbers, the sizes differ, or the tokenizer lacks a special token.

    Example:
        >>> engine = LSTMEngine.new(None, ["电网今天检修"], ["检修"], min_count=1, hidden_size=16, num_heads=2)
        >>> batch = engine.collate(engine.pairs(["电网今天检修"], ["检修"]))
        >>> engine.module(**batch)["logits"].shape[0]  # 检, 修 and the end
        3
    """

    name: ClassVar[str] = "lstm"
    rate: float = 3e-3  # where it falls to zero; the post keeps 1e-3 throughout

    def __init__(
        self, network: LSTMSeq2SeqLM, tokenizer: PreTrainedTokenizerFast, *, max_source: int, max_target: int
    ):
        check_lengths(max_source, max_target, None, 0)
        needed = ("pad_token", "unk_token", "cls_token", "sep_token")
        if lacking := [name for name in needed if getattr(tokenizer, name) is None]:
            raise ValueError(
                f"the tokenizer has no {', '.join(lacking)}: expected one of tokenizers.chinese.build_tokenizer"
            )
        if len(tokenizer) != network.config.vocab_size:
            raise ValueError(
                f"the tokenizer has {len(tokenizer):,} tokens, the network {network.config.vocab_size:,}: expected the same. "
                "A file of another training was likely put into the folder"
            )
        register()
        self.module = network
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
        max_source: int = 400,
        max_target: int = 64,
        seed: int = 0,
        device: Any = None,
        min_count: int | None = None,
        latin_pieces: int = 500,
        copy_prior: bool = True,
        copy_slots: int = SLOTS,
        **config: Any,
    ) -> LSTMEngine:
        """Untrained, with the vocabulary of articles and titles.

        Args:
            model: None to begin from nothing, or what `save` wrote, whose vocabulary and sizes then count.
            min_count: occurrences of a character below which it is left to copy slots; None for 32 as in the post, and for
                fewer than 16,000 pairs one for each 500, at least 2.
            latin_pieces: pieces of Latin words, beside the letters; 0 spells every word as the post does.
            copy_prior: whether tokens of the article are preferred from the beginning.
            copy_slots: tokens that stand for what the vocabulary cannot write, 0 to 16.
            **config: of `LSTMSeq2SeqConfig`, such as ``hidden_size`` and ``dropout``.

        Raises:
            ValueError: the pairs hold no text, a size cannot be, or the model is of another kind.
        """
        if model is not None:
            return cls.load(model, max_source=max_source, max_target=max_target, device=device)
        if min_count is None:
            min_count = min(MIN_COUNT, max(LEAST_COUNT, len(articles) // PAIRS_FOR_ONE))
        vocabulary = train_char_vocab(
            chain(articles, titles), min_count=min_count, min_sign=min_count, latin_pieces=latin_pieces
        )
        tokenizer = build_tokenizer(vocabulary)
        CopySlots.add(tokenizer, copy_slots)
        made = LSTMSeq2SeqConfig(
            vocab_size=len(tokenizer),
            copy_prior=copy_prior,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
            **config,
        )
        with own_randomness(seed):
            network = LSTMSeq2SeqLM(made)
        return cls(network.to(choose_device(device)), tokenizer, max_source=max_source, max_target=max_target)

    @classmethod
    def load(cls, folder: str | Path, *, max_source: int, max_target: int, device: Any = None) -> LSTMEngine:
        """As `save` wrote it.

        Raises:
            ValueError: the folder holds another kind of network.
        """
        register()
        network = load_model(folder, "seq2seq-lm", dtype="float32", device=device, check=False)
        if not isinstance(network, LSTMSeq2SeqLM):
            raise ValueError(
                f"{folder} holds a model of the kind {network.config.model_type}: expected {LSTMSeq2SeqConfig.model_type}. Likely another "
                "engine saved it"
            )
        # No check of the tokenizer: a small field need not have the commonest characters.
        tokenizer = load(folder, check=False)
        return cls(network, tokenizer, max_source=max_source, max_target=max_target)

    def batch(self, pairs: Sequence[tuple[list[int], list[int]]]) -> dict[str, Tensor]:
        sources, targets = zip(*pairs)
        begin, pad = self.tokenizer.cls_token_id, self.tokenizer.pad_token_id
        return {
            **self._read(sources),
            "decoder_input_ids": padded([[begin, *target] for target in targets], pad),
            "labels": padded([self.labels_of(target) for target in targets], -100),
        }

    def begin(self, sources: Sequence[Source]) -> tuple[Step, Tensor, Any]:
        read = {name: part.to(self.device) for name, part in self._read([one.ids for one in sources]).items()}
        first = torch.full((len(sources), 1), self.tokenizer.cls_token_id, device=self.device)
        return self.module.step, first, self.module.start(**read)

    @property
    def network(self) -> LSTMSeq2SeqLM:
        return self.module

    def _read(self, sources: Sequence[list[int]]) -> dict[str, Tensor]:
        """Sources as the network reads them; one without a token is a row of padding."""
        pad = self.tokenizer.pad_token_id
        return {
            "source_ids": padded([ids or [pad] for ids in sources], pad),
            "source_mask": padded([[1] * len(ids) or [0] for ids in sources], 0),
        }
