"""The engine "encoder": any encoder, such as the shipped masked language model, under the head of a reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
import transformers
from torch import Tensor, nn

from zhnlp.checkpoints.quantized import FILE as INT8
from zhnlp.checkpoints.quantized import load_state
from zhnlp.checkpoints.quantized import save as save_int8
from zhnlp.models.bars import no_bars
from zhnlp.models.extractive_reader import ExtractiveReader, reader_over
from zhnlp.models.loading import choose_device, load_model
from zhnlp.nn.answer_head import AnswerHead
from zhnlp.reading.engines.base import Engine, Row, Tokens, padded, span_labels
from zhnlp.reading.examples import Example
from zhnlp.training.learning_rates import fine_tuning_rate
from zhnlp.training.seeds import own_randomness

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

DEFAULT, FULL = "zhnlp-mlm-small", "model.safetensors"
SPECIAL = 3  # [CLS] question [SEP] passage [SEP]


class EncoderEngine(Engine):
    """[CLS] question [SEP] passage [SEP] through an encoder.

    Args:
        network, tokenizer: that fit each other.

    Raises:
        ValueError: the tokenizer has no [CLS] or [SEP].
    """

    name: ClassVar[str] = "encoder"
    schedule: ClassVar[str] = "linear"
    max_question = 64

    def __init__(self, network: ExtractiveReader, tokenizer: PreTrainedTokenizerFast):
        if None in (tokenizer.cls_token_id, tokenizer.sep_token_id):
            raise ValueError(
                "the tokenizer has no [CLS] or no [SEP]: expected that of a BERT-like model. Next: tokenizers.load(name)"
            )
        self.network, self.tokenizer = network, tokenizer
        self.rate = fine_tuning_rate(network)
        mask, unknown = tokenizer.mask_token_id, tokenizer.unk_token_id
        self.blank = unknown if mask is None else mask
        self.padding = tokenizer.pad_token_id or 0

    @classmethod
    def new(
        cls,
        model: str | Path | None = None,
        examples: Sequence[Example] = (),
        *,
        seed: int = 0,
        device: Any = None,
        span_kind: str = "softmax",
        dropout: float = 0.1,
    ) -> EncoderEngine:
        """From an encoder: a shipped name, a folder or a Hub id (None: zhnlp-mlm-small); the examples are not looked at.

        Args:
            span_kind: "softmax" or "sigmoid", see `AnswerHead`.
            dropout: of all layers.
        """
        from zhnlp import tokenizers

        name = DEFAULT if model is None else model
        tokenizer = tokenizers.load(name)
        body = load_model(name, "encoder", device="cpu", dtype="float32", check=False)
        with own_randomness(seed):
            network = reader_over(body, span_kind, dropout)
        tokenizers.repair(tokenizer, network)
        return cls(network.to(choose_device(device)).eval(), tokenizer)

    def again(self, seed: int) -> EncoderEngine:
        other = super().again(seed)
        head, config = self.network.head, self.network.config
        with own_randomness(seed):
            other.network.head = AnswerHead(config.hidden_size, head.kind).to(self.device)
        return other

    def most(self, question: Tokens) -> int | None:
        limit = getattr(self.network.config, "max_position_embeddings", None)
        return None if limit is None else limit - SPECIAL - len(question)

    def tokens(self, text: str) -> Tokens:
        found = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = np.array(found["offset_mapping"], np.int32).reshape(-1, 2)
        return Tokens(np.array(found["input_ids"], np.int32), None, offsets)

    def begin(self, row: Row) -> int:
        return len(row.reading.question) + 2

    def batch(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        first, end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        ids, types, passage = [], [], []
        for row in rows:
            question, part = row.reading.question.ids, row.reading.passage.ids[row.first : row.last]
            before = self.begin(row)
            ids.append(np.concatenate(([first], question, [end], part, [end])).astype(np.int64))
            types.append(np.repeat([0, 1], [before, len(part) + 1]))
            passage.append(np.repeat([0, 1, 0], [before, len(part), 1]))
        made = {
            "input_ids": padded(ids, value=self.padding),
            "attention_mask": padded([np.ones(len(row), np.int64) for row in ids]),
            "token_type_ids": padded(types),
            "passage_mask": padded(passage),
        }
        if rows[0].spans is not None:
            size = made["input_ids"].shape[1]
            labels = [span_labels(row, size, self.begin(row)) for row in rows]
            made["labels"] = torch.from_numpy(np.stack(labels))
        return made

    def save(self, folder: Path, int8: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if int8:
            save_int8(self.network, folder)
        else:
            with no_bars():
                self.network.save_pretrained(folder)
        (folder / (FULL if int8 else INT8)).unlink(missing_ok=True)
        self.tokenizer.save_pretrained(folder)

    @classmethod
    def load(cls, folder: Path, *, device: Any = None) -> EncoderEngine:
        """As `save` wrote it."""
        from safetensors.torch import load_file

        from zhnlp import tokenizers

        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        network = ExtractiveReader(config)
        state = load_state(folder) if (folder / INT8).is_file() else load_file(folder / FULL)
        network.load_state_dict(state, strict=False)
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.1
        return cls(network.float().to(choose_device(device)).eval(), tokenizers.load(folder, check=False))
