"""The engine "dgcnn": the network of posts 5409 (words) and 6906 (characters), from scratch, small enough for any machine.

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zhnlp.checkpoints.quantized import FILE as INT8
from zhnlp.checkpoints.quantized import load_state
from zhnlp.checkpoints.quantized import save as save_int8
from zhnlp.models.bars import no_bars
from zhnlp.models.dgcnn_reader import FORMS, DGCNNConfig, DGCNNReader, register
from zhnlp.models.fused_dgcnn import FusedDGCNN
from zhnlp.models.loading import choose_device
from zhnlp.reading.coverage import COLUMNS
from zhnlp.reading.engines.base import Engine, Row, Tokens, padded, span_labels
from zhnlp.reading.examples import Example
from zhnlp.reading.token_features import HAND, TokenFeatures, comparable
from zhnlp.reading.word_vectors import WordKnowledge, learn_words
from zhnlp.text.characters import code_points
from zhnlp.text.width import fold_characters
from zhnlp.training.seeds import own_randomness

PADDING, UNKNOWN, FIRST = 0, 1, 2  # ids; of words: 1 for an unknown one, 2 for one with a vector
MIN_COUNT = 16  # the post's, for 240,000 questions
LEAST_COUNT, QUESTIONS_FOR_ONE = 2, 2000
KNOWLEDGE, VOCABULARY, FULL = "words.safetensors", "characters.json", "model.safetensors"


class DGCNNEngine(Engine):
    """Gated dilated convolutions over characters or words.

    Args:
        network: of the same sizes.
        characters: those with an id, from 2 on; "" for the form that reads words.
        knowledge: words with vectors; None for none.
        form: "6906" or "5409".

    Example:
        >>> rows = [Example("谁写的", ("曹雪芹写的",), ((0, 0, 3),))]
        >>> engine = DGCNNEngine.new(None, rows, words=None, min_count=1, hidden_size=8)
        >>> engine.logits([Row(engine.read("谁写的", ["曹雪芹写的"])[0], 0, 5)])[0].start.shape
        (5,)
    """

    name: ClassVar[str] = "dgcnn"
    rate: float = 1e-3
    schedule: ClassVar[str] = "two-stage"
    max_question = 64
    blank = UNKNOWN

    def __init__(self, network: DGCNNReader, characters: str, knowledge: WordKnowledge | None, form: str):
        register()
        self.network, self.characters, self.knowledge, self.form = network, characters, knowledge, form
        self._fused: FusedDGCNN | None = None
        codes = code_points(characters or "\0")  # the form that reads words asks for none
        order = np.argsort(codes)
        self._codes, self._code_ids = codes[order], order.astype(np.int32) + FIRST

    @classmethod
    def new(
        cls,
        model: str | Path | None = None,
        examples: Sequence[Example] = (),
        *,
        seed: int = 0,
        device: Any = None,
        form: str = "6906",
        words: Any = "passages",
        min_count: int | None = None,
        hand_features: bool | None = None,
        coverage: bool = False,
        **config: Any,
    ) -> DGCNNEngine:
        """Untrained, with the characters of questions and passages.

        Args:
            model: None to begin from nothing, or what `save` wrote, whose vocabulary and sizes then count.
            form: "6906" (characters, mixed embedding) or "5409" (words, hand features, positions).
            words: `WordKnowledge`, a file of it, texts to learn it from, "passages" to learn it from those of the examples, or None
                for a network without words ("6906" only).
            min_count: occurrences of a character below which it has no id; None for 16 as in the post, of fewer questions one for each
                2,000, at least 2.
            hand_features: whether the network is given the eight of post 5409; None for what the form has.
            coverage: whether it is told how much of the question each passage has, see `zhnlp.reading.coverage`; needs words.
            **config: of `DGCNNConfig`, such as ``hidden_size``, ``passage_rates``, ``span_kind``.

        Raises:
            ValueError: the form is not known, it needs words and has none, or a size cannot be.
        """
        if model is not None:
            return cls.load(Path(model), device=device)
        given = FORMS.get(form, {}).get("features", 0) if hand_features is None else HAND * hand_features
        config["features"] = given + COLUMNS * coverage
        texts = list(dict.fromkeys(text for example in examples for text in example.passages))
        knowledge = _knowledge(words, texts, seed)
        if form == "5409" and knowledge is None:
            raise ValueError(
                'form="5409" reads words: expected words=, such as a file of WordKnowledge, not None'
            )
        if coverage and knowledge is None:
            raise ValueError("coverage=True weighs words by their counts: expected words=, not None")
        if min_count is None:
            min_count = max(LEAST_COUNT, min(MIN_COUNT, len(examples) // QUESTIONS_FOR_ONE))
        characters = (
            "" if form == "5409" else _frequent([*texts, *(one.question for one in examples)], min_count)
        )
        if knowledge is not None:
            config |= {"words": len(knowledge.words), "word_size": knowledge.rows.shape[1]}
        size = FIRST + (len(characters) or 1)
        made = DGCNNConfig.of_form(form, vocab_size=size, **config)
        with own_randomness(seed):
            network = DGCNNReader(made)
        if knowledge is not None:
            network.embedding.set_words(knowledge.rows)
        return cls(network.to(choose_device(device)).eval(), characters, knowledge, form)

    @classmethod
    def options(cls) -> set[str]:
        sizes = DGCNNConfig.arguments() - {"vocab_size", "words", "word_size", "features"}
        return super().options() | sizes | {"words"}

    def again(self, seed: int) -> DGCNNEngine:
        other = super().again(seed)
        with own_randomness(seed):
            network = DGCNNReader(self.network.config)
        if self.knowledge is not None:
            network.embedding.set_words(self.knowledge.rows)
        other.network = network.to(self.device).eval()
        return other

    # --- texts -----------------------------------------------------------------------------------------------------

    def tokens(self, text: str) -> Tokens:
        if self.form == "5409":
            spans = self.knowledge.spans(text)
            words = np.array([self.knowledge.number(text[start:end]) for start, end in spans], np.int32)
            return Tokens(
                np.where(words > 0, FIRST, UNKNOWN).astype(np.int32),
                words,
                np.array(spans, np.int32).reshape(-1, 2),
            )
        return self.tokens_of([text])[0]

    def tokens_of(self, texts: Sequence[str]) -> list[Tokens]:
        """Characters of several texts are looked up together, and cut into words together: no word goes over a line end."""
        if self.form == "5409":
            return super().tokens_of(texts)
        joined = "\n".join(texts)
        ids = self._ids_of(fold_characters(joined))
        places = np.arange(len(joined), dtype=np.int32)
        offsets = np.stack((places, places + 1), 1)
        words = cut = None
        if self.knowledge is not None:
            spans = self.knowledge.cut(joined)
            words = self.knowledge.numbers.of(joined, spans).astype(np.int32)
            starts = [start for start, _ in spans]
        made, first = [], 0
        for text in texts:
            part = slice(first, first + len(text))
            if words is not None:
                low, high = bisect_left(starts, part.start), bisect_left(starts, part.stop)
                cut = [(start - first, end - first) for start, end in spans[low:high]]
            made.append(Tokens(ids[part], None if words is None else words[part], offsets[: len(text)], cut))
            first = part.stop + 1
        return made

    def _ids_of(self, folded: str) -> np.ndarray:
        """(L,) int32 ids of characters."""
        codes = code_points(folded)
        place = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        known = self._codes[place] == codes
        return np.where(known, self._code_ids[place], UNKNOWN).astype(np.int32)

    def features(
        self, question: str, asked: Tokens, passages: Sequence[str], tokens: Sequence[Tokens]
    ) -> Sequence[np.ndarray | None]:
        """The eight hand features of each word or character, and what its passage has of the question."""
        beside = self.beside
        if not beside.size:
            return [None] * len(passages)
        if self.form == "6906":
            return beside.of_characters(question, asked.cut, passages, [one.cut for one in tokens])
        mine = [comparable(question[a:b]) for a, b in asked.offsets.tolist()]
        cut = [
            [comparable(text[a:b]) for a, b in one.offsets.tolist()] for text, one in zip(passages, tokens)
        ]
        return beside.of_units(mine, cut)

    @property
    def beside(self) -> TokenFeatures:
        """What the network has features of."""
        count = self.network.config.features
        return TokenFeatures(count >= HAND, self.knowledge if count % HAND else None)

    # --- batches ---------------------------------------------------------------------------------------------------

    def begin(self, row: Row) -> int:
        return 0

    def batch(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        questions = [row.reading.question for row in rows]
        parts = [slice(row.first, row.last) for row in rows]
        passages = [row.reading.passage for row in rows]
        ids = [tokens.ids[part] for tokens, part in zip(passages, parts)]
        made = {
            "question_ids": padded([tokens.ids for tokens in questions]),
            "question_mask": padded([np.ones(len(tokens), np.int64) for tokens in questions]),
            "passage_ids": padded(ids),
            "passage_mask": padded([np.ones(len(row), np.int64) for row in ids]),
        }
        if self.knowledge is not None:
            made["question_words"] = padded([tokens.words for tokens in questions])
            made["passage_words"] = padded([tokens.words[part] for tokens, part in zip(passages, parts)])
        if self.network.config.features:
            rows_of = [row.reading.features[part] for row, part in zip(rows, parts)]
            made["features"] = padded(rows_of, torch.float32)
        if rows[0].spans is not None:
            size = made["passage_ids"].shape[1]
            made["labels"] = torch.from_numpy(np.stack([span_labels(row, size) for row in rows]))
        return made

    def run(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """On a CPU by a fused network, made anew whenever a weight has changed."""
        if self.device.type != "cpu":
            return super().run(batch)
        if self._fused is None or not self._fused.is_of(self.network):
            self._fused = FusedDGCNN(self.network)
        return self._fused(**batch)

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, folder: Path, int8: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if int8:
            save_int8(self.network, folder)
        else:
            with no_bars():
                self.network.save_pretrained(folder)
        (folder / (FULL if int8 else INT8)).unlink(missing_ok=True)
        kept = {"form": self.form, "characters": self.characters}
        if self.knowledge is not None:
            kept |= {"words": self.knowledge.words, "counts": self.knowledge.counts}
        (folder / VOCABULARY).write_text(json.dumps(kept, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, device: Any = None) -> DGCNNEngine:
        """As `save` wrote it.

        Raises:
            FileNotFoundError: a file is missing.
        """
        register()
        if not (folder / VOCABULARY).is_file():
            raise FileNotFoundError(
                f"{folder} has no {VOCABULARY}: expected a folder that PassageReader.save wrote"
            )
        kept = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        if (folder / INT8).is_file():
            network = DGCNNReader(DGCNNConfig.from_pretrained(folder))
            network.load_state_dict(load_state(folder))
        else:
            with no_bars():
                network = DGCNNReader.from_pretrained(folder, use_safetensors=True)
        knowledge = None
        if "words" in kept:
            knowledge = WordKnowledge(kept["words"], kept["counts"], network.embedding.vectors[1:].numpy())
        return cls(
            network.float().to(choose_device(device)).eval(), kept["characters"], knowledge, kept["form"]
        )


def _frequent(texts: Iterable[str], min_count: int) -> str:
    """Characters by falling count, then code."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(fold_characters(text))
    kept = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return "".join(character for character, count in kept if count >= min_count)


def _knowledge(words: Any, passages: list[str], seed: int) -> WordKnowledge | None:
    if words is None or isinstance(words, WordKnowledge):
        return words
    if isinstance(words, str) and words == "passages":
        few = sum(map(len, passages)) < 100_000
        return learn_words(passages, min_count=1 if few else 5, seed=seed)
    if isinstance(words, (str, Path)):
        return WordKnowledge.load(words)
    return learn_words(words, seed=seed)
