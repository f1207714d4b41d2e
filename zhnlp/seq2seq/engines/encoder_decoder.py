"""The engine "encoder-decoder": mT5, T5, BART and their kin, which learnt to write from what they read.

Source: 苏剑林, https://kexue.fm/archives/7867, https://kexue.fm/archives/8209; Xue et al. 2020, https://arxiv.org/abs/2010.11934
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from zhnlp.models.encoder_decoder import EncoderDecoder
from zhnlp.models.loading import load_model
from zhnlp.seq2seq.copy_slots import SLOTS, CopySlots
from zhnlp.seq2seq.engines.base import LOADING, Engine, padded
from zhnlp.seq2seq.slot_embeddings import add_slots
from zhnlp.seq2seq.source import Source, SourceReader, check_lengths
from zhnlp.tokenizers import load
from zhnlp.tokenizers.untruncated import untruncated
from zhnlp.training.learning_rates import fine_tuning_rate
from zhnlp.training.seeds import own_randomness

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.decoding.step import Step

T5_RATE = 2e-4  # T5 and its kin learn at rates that would wreck a BERT


class EncoderDecoderEngine(Engine):
    """An encoder-decoder of transformers with its own tokenizer.

    Sources are framed by the special tokens that the tokenizer puts around a text.  The decoder begins with the
    configuration's start and, where it is another, the token that texts begin with, as BART learnt it.

    Args:
        network, tokenizer: of transformers.
        max_source, max_target: tokens of an article and of a title.

    Raises:
        TypeError: the network is no encoder-decoder.
        ValueError: the lengths do not fit its positions, or nothing says how a title begins or ends.
    """

    name: ClassVar[str] = "encoder-decoder"

    def __init__(
        self,
        network: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        *,
        max_source: int,
        max_target: int,
    ):
        self.module = EncoderDecoder(network)
        self.rate = T5_RATE if "t5" in network.config.model_type else fine_tuning_rate(network)
        self.front, self.back = _frame(tokenizer)
        self.prefix, self.end = _prefix(network, tokenizer, self.front), _end(tokenizer)
        check_lengths(max_source, max_target, None, 0)
        limit = getattr(network.config, "max_position_embeddings", None)
        framed = max_source + len(self.front) + len(self.back), max_target + len(self.prefix)
        if limit is not None and max(framed) > limit:
            raise ValueError(
                f"max_source={max_source} and max_target={max_target} need {framed[0]:,} and {framed[1]:,} positions, the model has "
                f"{limit:,} for each. Next: max_source={min(max_source, limit - framed[0] + max_source)}, "
                f"max_target={min(max_target, limit - len(self.prefix))}"
            )
        _tell(network, self.prefix, self.end)
        slots = CopySlots.of(tokenizer)
        self.reader = SourceReader(tokenizer, slots, max_source=max_source, max_target=max_target)
        self._no_text = _no_text(network, tokenizer, slots)

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
        copy_slots: int = SLOTS,
        revision: str | None = None,
    ) -> EncoderDecoderEngine:
        """From an encoder-decoder: a folder or a Hub id; the pairs are not looked at.

        Args:
            copy_slots: tokens that stand for what the vocabulary cannot write, 0 to 16; none where it writes everything.
            revision: branch, tag or commit of the Hub.

        Raises:
            ValueError: there is no model.
        """
        if model is None:
            raise ValueError(
                "the engine 'encoder-decoder' begins from a checkpoint: expected a folder or a Hub id. Next: model='google/mt5-small', or "
                "engine='unilm', which has one"
            )
        tokenizer = load(model, revision=revision)
        network = load_model(model, "seq2seq-lm", revision=revision, device=device, **LOADING)
        with own_randomness(seed):
            add_slots(network, tokenizer, copy_slots)
        return cls(network, tokenizer, max_source=max_source, max_target=max_target)

    @classmethod
    def load(
        cls, folder: Path, *, max_source: int, max_target: int, device: Any = None
    ) -> EncoderDecoderEngine:
        """As `save` wrote it."""
        network = load_model(folder, "seq2seq-lm", device=device, **LOADING)
        return cls(network, load(folder), max_source=max_source, max_target=max_target)

    def batch(self, pairs: Sequence[tuple[list[int], list[int]]]) -> dict[str, Tensor]:
        ids = [[*self.front, *source, *self.back] for source, _ in pairs]
        unasked = [-100] * (len(self.prefix) - 1)
        return {
            **self._sources(ids),
            "decoder_input_ids": padded([[*self.prefix, *target] for _, target in pairs], self._pad),
            "labels": padded([[*unasked, *self.labels_of(target)] for _, target in pairs], -100),
        }

    def begin(self, sources: Sequence[Source]) -> tuple[Step, Tensor, Any]:
        ids = self._sources([[*self.front, *source.ids, *self.back] for source in sources])
        cache = self.module.start(*(tensor.to(self.device) for tensor in ids.values()))
        prefix = torch.tensor(self.prefix, device=self.device).expand(len(sources), -1)
        if prefix.shape[1] > 1:
            cache = self.module.step(prefix[:, :-1], cache).cache
        return self.module.step, prefix[:, -1:], cache

    def forbidden(self, source: Source) -> list[int]:
        return [*super().forbidden(source), *self._no_text]

    @property
    def network(self) -> PreTrainedModel:
        return self.module.network

    @property
    def _pad(self) -> int:
        """What rows are filled up with; nothing reads it."""
        return self.tokenizer.pad_token_id or 0

    def _sources(self, ids: list[list[int]]) -> dict[str, Tensor]:
        ids = [row or [self._pad] for row in ids]
        return {
            "input_ids": padded(ids, self._pad),
            "attention_mask": padded([[1] * len(row) for row in ids], 0),
        }


def _frame(tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[int]]:
    """The special tokens that a tokenizer puts before and behind a text."""
    with untruncated(tokenizer) as backend:
        bare, whole = (backend.encode("的", add_special_tokens=special).ids for special in (False, True))
    begin = next(place for place in range(len(whole)) if whole[place : place + len(bare)] == bare)
    return whole[:begin], whole[begin + len(bare) :]


def _prefix(network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, front: list[int]) -> list[int]:
    """What the decoder reads before its first word.

    Padding as the start, which is T5's, gives way to the token that texts begin with (T5-PEGASUS).
    """
    places = [
        (network.config, "decoder_start_token_id"),
        (network.generation_config, "decoder_start_token_id"),
    ]
    places += [(tokenizer, "bos_token_id"), (tokenizer, "cls_token_id")]
    found = [one for one in (getattr(owner, role, None) for owner, role in places) if one is not None]
    if not found:
        raise ValueError(
            "nothing says how a title begins: expected config.decoder_start_token_id, or a tokenizer with bos or [CLS]. Next: "
            "network.config.decoder_start_token_id = tokenizer.pad_token_id, where it is a T5"
        )
    start = found[0]
    return front if front and start in (front[0], tokenizer.pad_token_id) else [start, *front]


def _end(tokenizer: PreTrainedTokenizerFast) -> int:
    end = tokenizer.sep_token_id if tokenizer.eos_token_id is None else tokenizer.eos_token_id
    if end is None:
        raise ValueError(
            "nothing says how a title ends: the tokenizer has neither eos nor [SEP]. Next: tokenizer.eos_token = '</s>'"
        )
    return end


def _tell(network: PreTrainedModel, prefix: list[int], end: int) -> None:
    """So that transformers' own ``generate`` begins and ends titles as they were learnt."""
    network.config.decoder_start_token_id = prefix[0]
    settings = network.generation_config
    settings.decoder_start_token_id, settings.eos_token_id = prefix[0], end
    settings.forced_bos_token_id = prefix[1] if len(prefix) == 2 else None


def _no_text(network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, slots: CopySlots) -> list[int]:
    """Ids that stand for no text: rows of the embedding that pad it, and sentinels that no role of the tokenizer names."""
    pieces = tokenizer.get_vocab()
    rows = network.get_output_embeddings().weight.shape[0]
    added = tokenizer.backend_tokenizer.get_added_tokens_decoder().items()
    sentinels = {number for number, token in added if token.special}
    sentinels |= {number for piece, number in pieces.items() if "<extra_id_" in piece}  # plain pieces of mT5
    named = {*tokenizer.all_special_ids, *slots.ids}
    return sorted({*range(rows)} - {*pieces.values()} | (sentinels - named))
