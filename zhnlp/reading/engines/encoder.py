"""The engine "encoder": any encoder, such as the shipped masked language model, under the head of a reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from torch import Tensor

from zhnlp.checkpoints.quantized import FILE as INT8
from zhnlp.checkpoints.quantized import load_state
from zhnlp.checkpoints.quantized import save as save_int8
from zhnlp.models.bars import no_bars
from zhnlp.models.extractive_reader import ExtractiveReader, drop, reader_over
from zhnlp.models.loading import choose_device, load_model
from zhnlp.reading.engines.base import Engine, Row, Tokens, padded, span_labels
from zhnlp.reading.engines.dgcnn import FIRST, PADDING, UNKNOWN, DGCNNEngine
from zhnlp.reading.examples import Example
from zhnlp.reading.token_features import HAND, TokenFeatures
from zhnlp.reading.word_vectors import WordKnowledge
from zhnlp.text.width import fold_characters
from zhnlp.training.learning_rates import fine_tuning_rate
from zhnlp.training.seeds import own_randomness

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

DEFAULT, FULL, KNOWLEDGE = "zhnlp-mlm-small", "model.safetensors", "words.json"
DGCNN_RATE = 1e-3  # of a DGCNN over the encoder, which begins from nothing
CHARACTERS = "embedding.characters.weight"
SPECIAL = 3  # [CLS] question [SEP] passage [SEP]


class EncoderEngine(Engine):
    """[CLS] question [SEP] passage [SEP] through an encoder.

    Args:
        network, tokenizer: that fit each other.
        beside: what a DGCNN is told of each character besides; its features are as many as the network has.
        knowledge: words with vectors for a DGCNN; None for none.

    Raises:
        ValueError: the tokenizer has no [CLS] or [SEP].
    """

    name: ClassVar[str] = "encoder"
    schedule: ClassVar[str] = "linear"
    max_question = 64
    begun = False  # from a DGCNN that had learnt

    def __init__(
        self,
        network: ExtractiveReader,
        tokenizer: PreTrainedTokenizerFast,
        beside: TokenFeatures | None = None,
        knowledge: WordKnowledge | None = None,
    ):
        if None in (tokenizer.cls_token_id, tokenizer.sep_token_id):
            raise ValueError(
                "the tokenizer has no [CLS] or no [SEP]: expected that of a BERT-like model. Next: tokenizers.load(name)"
            )
        self.network, self.tokenizer = network, tokenizer
        self.beside, self.knowledge = TokenFeatures() if beside is None else beside, knowledge
        self.rate = fine_tuning_rate(network.body)
        if self.sizes is not None:
            self.body_rate, self.rate = self.rate, DGCNN_RATE
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
        dgcnn: bool | str | Path = False,
        hand_features: bool = False,
        coverage: bool = False,
        words: Any = None,
    ) -> EncoderEngine:
        """From an encoder: a shipped name, a folder or a Hub id (None: zhnlp-mlm-small); the examples are not looked at.

        Args:
            span_kind: "softmax" or "sigmoid", see `AnswerHead`.
            dropout: of the encoder and its states.
            dgcnn: whether a whole DGCNN (6906) reads the encoder's states, in place of the head alone: a small encoder does not find out
                from some thousand questions what it is told there.  Or the folder of a DGCNN reader that this begins from, with
                all that it is told, states counting nothing at first.
            hand_features: whether it is told what each token has in common with the question, see `zhnlp.reading.features`.
            coverage: whether it is told how much of the question each passage has, see `zhnlp.reading.coverage`; needs words.
            words: `WordKnowledge` or a file of it, whose vectors its embedding has besides; None for none.

        Raises:
            ValueError: coverage without words, any of the three without ``dgcnn`` or with a folder, or a folder of another reader.
        """
        from zhnlp import tokenizers

        begun = None if isinstance(dgcnn, bool) else _trained(Path(dgcnn))
        if begun is not None:
            if hand_features or coverage or words is not None:
                raise ValueError(
                    f"dgcnn={str(dgcnn)!r} brings its own features and words: expected none beside it"
                )
            words, span_kind = begun.knowledge, begun.span_kind
            hand_features, coverage = begun.beside.hand, begun.beside.knowledge is not None
        if coverage and words is None:
            raise ValueError("coverage=True weighs words by their counts: expected words=, not None")
        if not dgcnn and (hand_features or words is not None):
            raise ValueError("hand_features= and words= are for a DGCNN: expected dgcnn=True beside them")
        knowledge = WordKnowledge.load(words) if isinstance(words, (str, Path)) else words
        beside = TokenFeatures(hand_features, knowledge if coverage else None)
        name = DEFAULT if model is None else model
        tokenizer = tokenizers.load(name)
        body = load_model(name, "encoder", device="cpu", dtype="float32", check=False)
        sizes = begun.network.config.sizes() if begun else {"features": beside.size} if dgcnn else None
        if knowledge is not None:
            sizes |= {"words": len(knowledge.words), "word_size": knowledge.rows.shape[1]}
        with own_randomness(seed):
            network = reader_over(body, span_kind, dropout, dgcnn=sizes)
        if knowledge is not None:
            network.dgcnn.embedding.set_words(knowledge.rows)
        if begun is not None:
            _begin(network, begun, tokenizer)
        tokenizers.repair(tokenizer, network)
        made = cls(network.to(choose_device(device)).eval(), tokenizer, beside, knowledge)
        made.begun = begun is not None
        return made

    def again(self, seed: int) -> EncoderEngine:
        other = super().again(seed)
        if self.begun:  # nothing of it was drawn
            return other
        network = self.network
        with own_randomness(seed):
            fresh = reader_over(network.body, self.span_kind, network.dropout.p, dgcnn=self.sizes)
        if self.knowledge is not None:
            fresh.dgcnn.embedding.set_words(self.knowledge.rows)
        other.network = fresh.to(self.device).eval()
        return other

    @property
    def body(self) -> PreTrainedModel:
        return self.network.body

    @property
    def sizes(self) -> dict[str, Any] | None:
        """Of the DGCNN; None where there is none."""
        return getattr(self.network.config, "reading_dgcnn", None)

    def most(self, question: Tokens) -> int | None:
        limit = getattr(self.network.config, "max_position_embeddings", None)
        return None if limit is None else limit - SPECIAL - len(question)

    def tokens(self, text: str) -> Tokens:
        found = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = np.array(found["offset_mapping"], np.int32).reshape(-1, 2)
        ids = np.array(found["input_ids"], np.int32)
        if self.knowledge is None:
            return Tokens(ids, None, offsets)
        cut = self.knowledge.cut(text)
        words = self.knowledge.numbers.of(text, cut).astype(np.int32)  # of characters
        return Tokens(ids, words[offsets[:, 0]], offsets, cut)

    def features(
        self, question: str, asked: Tokens, passages: Sequence[str], tokens: Sequence[Tokens]
    ) -> Sequence[np.ndarray | None]:
        """Of each token those of its first character."""
        if not self.beside.size:
            return [None] * len(passages)
        rows = self.beside.of_characters(question, asked.cut, passages, [one.cut for one in tokens])
        return [row[one.offsets[:, 0]] for row, one in zip(rows, tokens)]

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
        if self.sizes is not None:
            asked = [np.pad(np.ones(len(row.reading.question), np.int64), (1, 0)) for row in rows]
            made["question_mask"] = F.pad(
                padded(asked), (0, made["input_ids"].shape[1] - max(map(len, asked)))
            )
        if self.knowledge is not None:
            made["words"] = padded([self._words(row) for row in rows])
        if self.beside.size:
            made["features"] = padded([self._features(row) for row in rows], torch.float32)
        if rows[0].spans is not None:
            size = made["input_ids"].shape[1]
            labels = [span_labels(row, size, self.begin(row)) for row in rows]
            made["labels"] = torch.from_numpy(np.stack(labels))
        return made

    def _words(self, row: Row) -> np.ndarray:
        """Numbers of the words of question and passage, 0 for [CLS] and [SEP]."""
        question, passage = row.reading.question.words, row.reading.passage.words[row.first : row.last]
        return np.concatenate(([0], question, [0], passage, [0]))

    def _features(self, row: Row) -> np.ndarray:
        """The features of a row where its passage stands, 0 elsewhere."""
        part = row.reading.features[row.first : row.last]
        return np.pad(part, ((self.begin(row), 1), (0, 0)))

    def save(self, folder: Path, int8: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if int8:
            save_int8(self.network, folder)
        else:
            with no_bars():
                self.network.save_pretrained(folder)
        (folder / (FULL if int8 else INT8)).unlink(missing_ok=True)
        self.tokenizer.save_pretrained(folder)
        if self.knowledge is None:
            (folder / KNOWLEDGE).unlink(missing_ok=True)
        else:  # their vectors are the network's
            kept = {"words": self.knowledge.words, "counts": self.knowledge.counts}
            (folder / KNOWLEDGE).write_text(json.dumps(kept, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, device: Any = None) -> EncoderEngine:
        """As `save` wrote it."""
        from safetensors.torch import load_file

        from zhnlp import tokenizers

        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        network = ExtractiveReader(config)
        state = load_state(folder) if (folder / INT8).is_file() else load_file(folder / FULL)
        network.load_state_dict(state, strict=False)
        knowledge = None
        if (folder / KNOWLEDGE).is_file():
            kept = json.loads((folder / KNOWLEDGE).read_text(encoding="utf-8"))
            vectors = network.dgcnn.embedding.vectors[1:].numpy()
            knowledge = WordKnowledge(kept["words"], kept["counts"], vectors)
        features = (getattr(config, "reading_dgcnn", None) or {}).get("features", 0)
        beside = TokenFeatures(features >= HAND, knowledge if features % HAND else None)
        tokenizer = tokenizers.load(folder, check=False)
        return cls(drop(network, 0.1).float().to(choose_device(device)).eval(), tokenizer, beside, knowledge)


def _trained(folder: Path) -> DGCNNEngine:
    """The network of a reader of characters."""
    from zhnlp.reading.files import FILE, load_reader

    if not (folder / FILE).is_file():
        raise ValueError(
            f"dgcnn={str(folder)!r} has no {FILE}: expected a folder that PassageReader.save wrote"
        )
    found = load_reader(folder, device="cpu").engines[0]
    if not isinstance(found, DGCNNEngine) or found.form != "6906":
        raise ValueError(f'dgcnn={str(folder)!r} is another reader: expected engine="dgcnn", form="6906"')
    return found


def _begin(network: ExtractiveReader, begun: DGCNNEngine, tokenizer: PreTrainedTokenizerFast) -> None:
    """Give the DGCNN the weights of another one; tokens that it has no character for begin as its unknown one."""
    state = begun.network.state_dict()
    characters = state.pop(CHARACTERS)
    known = {character: number for number, character in enumerate(begun.characters, FIRST)}
    ids = torch.full((network.config.vocab_size,), UNKNOWN)
    for token, number in tokenizer.get_vocab().items():
        ids[number] = known.get(fold_characters(token), UNKNOWN)
    ids[tokenizer.pad_token_id or 0] = PADDING
    network.dgcnn.load_state_dict({**state, CHARACTERS: characters[ids]})
    torch.nn.init.zeros_(network.of_states.weight)
    torch.nn.init.zeros_(network.of_states.bias)
