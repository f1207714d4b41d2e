"""Titles from an engine: articles of like length together, each read once, the order kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from zhnlp.decoding import DecodingOptions, PerRow, generate
from zhnlp.training.seeds import derive_seed

if TYPE_CHECKING:
    from zhnlp.decoding import Hypothesis
    from zhnlp.mining.progress import Progress
    from zhnlp.seq2seq.engines.base import Engine
    from zhnlp.seq2seq.source import Source

WINDOW = 1024  # articles that are sorted by length together
FIRST_WINDOW = 32  # of an iterator: its first titles do not wait for many articles
POSITIONS = {"cpu": 8_192}  # of sources read together
POSITIONS_ELSEWHERE = 131_072
HYPOTHESES = 256  # written together


@dataclass(frozen=True)
class Writing:
    """How titles are written.

    Attributes:
        num_beams: hypotheses kept; 1 takes the likeliest token each time.
        num_return: titles for each article, at most ``num_beams`` unless ``sample``.
        min_length, max_length: tokens of a title, its end not counted.
        length_penalty: the score is the sum of log p over length to this power: 0 favours short titles, 1 and more long ones.
        no_repeat_ngram: no n-gram of this length comes twice; 0: any may.
        coverage: weight of a penalty for parts of the article that nothing attended to.
        forced: strings that must stand in the title.
        forbidden: strings that must not.
        sample: draw instead of searching, with ``temperature``, ``top_k`` (0: all) and ``top_p``.
        repetition_penalty: above 1 makes tokens that were written already less likely.
        seed: of what is drawn; a title does not depend on the articles beside it.
    """

    num_beams: int = 3
    num_return: int = 1
    min_length: int = 1
    max_length: int = 32
    length_penalty: float = 1.0
    no_repeat_ngram: int = 0
    coverage: float = 0.0
    forced: Sequence[str] = ()
    forbidden: Sequence[str] = ()
    sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0
    batch_size: int = field(default=32)

    def __post_init__(self):
        for name in ("forced", "forbidden"):
            value = getattr(self, name)
            if isinstance(value, str):
                object.__setattr__(self, name, (value,))
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ValueError(f"batch_size={self.batch_size!r} is not possible: expected 1 or more")
        self.options(0, [[]], PerRow([self.seed]))  # what is out of range is said now

    def options(
        self, end: int, forbidden: Sequence[Sequence[Any]], seeds: PerRow, forced: Sequence[Any] = ()
    ) -> DecodingOptions:
        """Those of the decoder for a batch."""
        return DecodingOptions(
            end=end,
            max_new_tokens=self.max_length + 1,
            min_new_tokens=self.min_length,
            beams=1 if self.sample else self.num_beams,
            num_return=self.num_return,
            length_penalty=self.length_penalty,
            no_repeat_ngram=self.no_repeat_ngram,
            coverage=self.coverage,
            repetition_penalty=self.repetition_penalty,
            forced=forced,
            forbidden=PerRow(forbidden),
            count_prefix=False,
            sample=self.sample,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            seed=seeds,
        )


def write(
    engine: Engine, texts: Iterable[str], writing: Writing, progress: Progress | None = None
) -> Iterator[Any]:
    """A title for each article, or a list of ``num_return`` of them, in the order of the articles.

    Raises:
        TypeError: an article is no str.
        ValueError: an article without a character that the network can read.
    """
    texts, number = iter(texts), 0
    size = WINDOW if progress is not None else FIRST_WINDOW
    while window := list(islice(texts, size)):
        size = WINDOW
        found: list[Any] = [None] * len(window)
        sources = _read(engine, window, number)
        for rows in _batches(engine, sources, writing):
            written = _write(engine, [sources[row] for row in rows], [number + row for row in rows], writing)
            for row, titles in zip(rows, written):
                found[row] = titles if writing.num_return > 1 else titles[0]
            if progress is not None:
                progress.advance(len(rows))
        number += len(window)
        yield from found


def _read(engine: Engine, texts: Sequence[Any], first: int) -> list[Source]:
    for number, text in enumerate(texts, first):
        if not isinstance(text, str):
            raise TypeError(f"article {number} is {type(text).__name__}: expected str")
        if not text or text.isspace():
            raise ValueError(f"article {number} is blank: expected a text. Next: leave it out")
    return engine.reader.read(texts)


def _batches(engine: Engine, sources: Sequence[Source], writing: Writing) -> Iterator[list[int]]:
    """Numbers of sources of like length."""
    order = sorted(range(len(sources)), key=lambda row: len(sources[row].ids))
    room = POSITIONS.get(engine.device.type, POSITIONS_ELSEWHERE)
    copies = writing.num_return if writing.sample else writing.num_beams
    most = max(1, min(writing.batch_size, HYPOTHESES // copies))
    batch: list[int] = []
    for row in order:
        if batch and (len(batch) == most or (len(batch) + 1) * (len(sources[row].ids) + 2) > room):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


@torch.inference_mode()
def _write(engine: Engine, sources: list[Source], numbers: list[int], writing: Writing) -> list[list[dict]]:
    step, first, cache = engine.begin(sources)
    banned = [_ids(engine, text) for text in writing.forbidden]
    options = writing.options(
        engine.end,
        [[*engine.forbidden(source), *banned] for source in sources],
        PerRow(derive_seed(writing.seed, "title", number) for number in numbers),
        [_ids(engine, text) for text in writing.forced],
    )
    found = generate(step, first, cache=cache, options=options)
    return [[_title(engine, source, one) for one in row] for source, row in zip(sources, found)]


def _title(engine: Engine, source: Source, found: Hypothesis) -> dict[str, Any]:
    return {"title": engine.reader.text(found.tokens, source), "score": found.score}


def _ids(engine: Engine, text: str) -> list[int]:
    """A string as ids of tokens that can be written.

    Raises:
        ValueError: the vocabulary lacks a character of it.
    """
    tokenizer = engine.tokenizer
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if not ids or tokenizer.unk_token_id in ids:
        raise ValueError(f"{text!r} cannot be written with this vocabulary: expected characters that it has")
    return ids


@torch.inference_mode()
def score_titles(
    engine: Engine, articles: Sequence[str], titles: Sequence[str], *, batch_size: int = 32
) -> list[float]:
    """Σ log p of the tokens of each title and its end, in nats; tokens that cannot be written do not count."""
    pairs = engine.pairs(articles, titles)
    order = sorted(range(len(pairs)), key=lambda row: engine.length(pairs[row]))
    scores = [0.0] * len(pairs)
    for begin in range(0, len(order), batch_size):
        rows = order[begin : begin + batch_size]
        batch = engine.batch([(pairs[row][0].ids, pairs[row][1]) for row in rows])
        batch = {name: value.to(engine.device) for name, value in batch.items()}
        asked = batch["labels"] != -100
        logits = engine.module(**batch)["logits"].float()  # (M, V), row by row
        likely = -F.cross_entropy(logits, batch["labels"][asked], reduction="none")
        for row, part in zip(rows, likely.split(asked.sum(1).tolist())):
            scores[row] = float(part.sum())
    return scores
