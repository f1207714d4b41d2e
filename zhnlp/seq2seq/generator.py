"""`TitleGenerator`: fine-tune a small model on articles with their titles, and write titles with it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from zhnlp.checkpoints.catalogue import find
from zhnlp.checkpoints.locate import locate
from zhnlp.mining.progress import Progress
from zhnlp.seq2seq.pairs import read_pairs

if TYPE_CHECKING:
    from zhnlp.seq2seq.engines.base import Engine

ENGINES = ("unilm", "lstm", "encoder-decoder")
FILE = "titles.json"
VERSION = 1
HELD_OUT, MOST_HELD_OUT, LEAST = (
    0.05,
    200,
    40,
)  # pairs that `fit` keeps out to choose by; none of fewer than LEAST


class Title(TypedDict):
    """A title and its score: the mean log-probability of its tokens (nats, 0 or less) under the length penalty."""

    title: str
    score: float


class TitleGenerator:
    """Write titles of articles with a network that learnt it from pairs.

    Args:
        model: what training begins from: for "unilm" a masked language model (None: zhnlp-mlm-small), for "encoder-decoder" a
            T5, mT5 or BART of the Hub; a shipped name, folder or Hub id. Or a folder that `save` wrote, ready to generate.
        engine: "unilm" (a masked language model with a prefix mask), "lstm" (the network of post 5861, from scratch) or
            "encoder-decoder".
        max_source: tokens of an article that are read; longer ones are cut at the end of a sentence.
        max_target: tokens of a title at most.
        seed: of training and of sampling.
        device: such as "cpu"; None for the GPU where there is one.
        progress: bars and samples on stderr; None on a terminal only.
        **engine_options: of the engine, such as ``keep_tokens`` and ``copy_slots`` ("unilm"), ``min_count`` and ``copy_prior``
            ("lstm").

    Example:
        >>> pairs = [("今天上午变压器检修完毕。天气很好。", "变压器检修"), ("昨天下午线路巡视结束。天气不好。", "线路巡视")] * 8
        >>> generator = TitleGenerator(max_source=24, max_target=6, progress=False).fit(pairs, epochs=12, batch_size=4)
        >>> generator.generate("今天上午变压器检修完毕。天气很好。")["title"]
        '变压器检修'

    Source: 苏剑林, https://kexue.fm/archives/5861, https://kexue.fm/archives/6933, https://kexue.fm/archives/7259
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        engine: str = "unilm",
        max_source: int = 256,
        max_target: int = 32,
        seed: int = 0,
        device: Any = None,
        progress: bool | None = None,
        **engine_options: Any,
    ):
        if engine not in ENGINES:
            raise ValueError(
                f"engine={engine!r} is not known: expected one of {', '.join(map(repr, ENGINES))}"
            )
        _check_options(engine, engine_options)
        self.seed, self.device, self.progress = seed, device, progress
        self.model, self.engine_name, self._options = model, engine, engine_options
        self.max_source, self.max_target = max_source, max_target
        self.history_: list[dict[str, float]] = []
        self._engine: Engine | None = None
        known = None if model is None else find(str(model)) or Path(model)
        if known is not None and (known / FILE).is_file():
            self._read(known)

    # --- learning --------------------------------------------------------------------------------------------------

    def fit(
        self,
        pairs: Any,
        valid: Any = None,
        *,
        fields: Sequence[str] | None = None,
        out: str | Path | None = None,
        **training: Any,
    ) -> TitleGenerator:
        """Train on articles and titles; begins from ``model`` each time. Returns the generator.

        Args:
            pairs: see `read_pairs`.
            valid: pairs to choose the best pass by, and when to stop; None holds out a twentieth of ``pairs`` (200 at most, none
                of fewer than 40); False trains on all of them to the end.
            fields: names of the columns of article and title.
            out: folder for checkpoints and a log; a killed training continues there.
            **training: of `TitleTraining`: ``epochs``, ``batch_size``, ``learning_rate``, ``patience``, ``regularizers`` …

        Raises:
            ValueError: there are no pairs, or a setting is out of its range.
        """
        from zhnlp.seq2seq.training import TitleTraining, train

        articles, titles = read_pairs(pairs, fields)
        if valid is None:
            (articles, titles), held_out = _split(articles, titles, self.seed)
        else:
            held_out = ([], []) if valid is False else read_pairs(valid, fields)
        engine = self._new(articles, titles)
        settings = TitleTraining(
            **{
                "learning_rate": engine.rate,
                "seed": self.seed,
                "progress": self.progress,
                "out": None if out is None else Path(out),
                **training,
            }
        )
        self._engine = engine
        self.history_ = train(
            engine,
            engine.pairs(articles, titles),
            engine.pairs(*held_out),
            settings,
            score=lambda: self._scored(*held_out),
            show=lambda count: self._shown(*held_out, count),
        )
        return self

    def _scored(self, articles: list[str], titles: list[str]) -> dict[str, float]:
        from zhnlp.metrics.titles import evaluate_titles

        written = [one["title"] for one in self.generate(articles, num_beams=1)]
        found = evaluate_titles(written, titles, samples=0)
        return {name: found[name] for name in ("rouge_l", "rouge_1", "rouge_2", "bleu")}

    def _shown(self, articles: list[str], titles: list[str], count: int) -> list[str]:
        written = self.generate(articles[:count], num_beams=1)
        return [f"{one['title']}  |  {title}" for one, title in zip(written, titles)]

    # --- writing ---------------------------------------------------------------------------------------------------

    def generate(self, texts: Any, **decoding: Any) -> Any:
        """Titles of an article, a list of them, or an iterator (then a generator in the same order).

        Args:
            texts: articles.
            **decoding: ``num_beams``, ``num_return``, ``length_penalty``, ``no_repeat_ngram``, ``coverage``, ``min_length``,
                ``max_length``, ``sample``, ``temperature``, ``top_k``, ``top_p``, ``forced``, ``forbidden``, ``seed``; see
                `zhnlp.seq2seq.writing.Writing`.

        Returns:
            ``{"title", "score"}`` for each article, best first in a list where ``num_return`` is above 1.

        Raises:
            NotFittedError: nothing was trained or loaded.
            ValueError: an article without a character that the network knows.
        """
        from zhnlp.seq2seq.writing import Writing, write

        writing = Writing(**{"max_length": self.max_target, "seed": self.seed, **decoding})
        if isinstance(texts, str):
            return next(iter(write(self.engine, [texts], writing)))
        if isinstance(texts, (list, tuple)):
            with Progress(self.progress).stage("title", len(texts), "text") as bar:
                return list(write(self.engine, texts, writing, bar))
        return write(self.engine, texts, writing)

    def score(self, pairs: Any, *, fields: Sequence[str] | None = None) -> list[float]:
        """The log-probability of each title given its article, its end included, in nats.

        Args:
            pairs: see `read_pairs`.
        """
        from zhnlp.seq2seq.writing import score_titles

        return score_titles(self.engine, *read_pairs(pairs, fields))

    def evaluate(
        self,
        pairs: Any,
        *,
        fields: Sequence[str] | None = None,
        metrics: dict[str, Any] | None = None,
        **decoding: Any,
    ) -> dict[str, Any]:
        """Write a title for each article and compare it with the right one: ROUGE-L, ROUGE-1, ROUGE-2, BLEU and more.

        Args:
            pairs: see `read_pairs`.
            metrics: options of `zhnlp.metrics.evaluate_titles`.
            **decoding: of `generate`.
        """
        from zhnlp.metrics import evaluate_titles

        articles, titles = read_pairs(pairs, fields)
        written = [one["title"] for one in self.generate(articles, **{**decoding, "num_return": 1})]
        return evaluate_titles(written, titles, articles, **(metrics or {}))

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path, *, int8: bool = False) -> Path:
        """Write network (safetensors), tokenizer and ``titles.json``; ``TitleGenerator(folder)`` loads them.

        Args:
            int8: store each row of the weights in 8 bits: a quarter of the size, titles all but the same.

        Raises:
            NotFittedError: nothing was trained or loaded.
            FileExistsError: ``folder`` is a file.
        """
        folder = Path(folder)
        if folder.exists() and not folder.is_dir():
            raise FileExistsError(
                f"{folder} is a file: expected the name of a folder, which may be a new one"
            )
        self.engine.save(folder, int8)
        kept = {
            "version": VERSION,
            "engine": self.engine.name,
            "max_source": self.max_source,
            "max_target": self.max_target,
        }
        (folder / FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return folder

    @property
    def engine(self) -> Engine:
        """The network with its reader.

        Raises:
            NotFittedError: nothing was trained or loaded.
        """
        if self._engine is None and self.model is not None:
            folder = locate(self.model)  # of the Hub
            if (folder / FILE).is_file():
                self._read(folder)
        if self._engine is None:
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"this generator has learnt nothing yet: expected fit(pairs) first, or a folder that save wrote. {self.model or 'The model'} "
                "alone writes no titles"
            )
        return self._engine

    def _read(self, folder: Path) -> None:
        from zhnlp.seq2seq.engines import engine_class

        kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if kept.get("version") != VERSION or kept.get("engine") not in ENGINES:
            raise ValueError(
                f"{folder / FILE} is of version {kept.get('version')!r}, engine {kept.get('engine')!r}: expected {VERSION} and one of "
                f"{', '.join(ENGINES)}. Likely another version of zhnlp wrote it"
            )
        self.engine_name = kept["engine"]
        self.max_source, self.max_target = kept["max_source"], kept["max_target"]
        self._engine = engine_class(self.engine_name).load(
            folder, max_source=self.max_source, max_target=self.max_target, device=self.device
        )

    def _new(self, articles: list[str], titles: list[str]) -> Engine:
        from zhnlp.seq2seq.engines import engine_class

        return engine_class(self.engine_name).new(
            self.model,
            articles,
            titles,
            max_source=self.max_source,
            max_target=self.max_target,
            device=self.device,
            seed=self.seed,
            **self._options,
        )


def _check_options(engine: str, options: dict[str, Any]) -> None:
    """Refuse options that the engine does not have.

    Raises:
        TypeError: there is one; the message names those there are.
    """
    if not options:
        return
    from zhnlp.seq2seq.engines import engine_class

    parameters = inspect.signature(engine_class(engine).new).parameters.values()
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return
    own = {one.name for one in parameters} - {
        "model",
        "articles",
        "titles",
        "max_source",
        "max_target",
        "seed",
        "device",
    }
    if unknown := sorted(options.keys() - own):
        raise TypeError(
            f"the engine {engine!r} has no option {', '.join(unknown)}: expected {', '.join(sorted(own))}, max_source, max_target, seed, "
            "device or progress"
        )


def _split(
    articles: list[str], titles: list[str], seed: int
) -> tuple[tuple[list[str], list[str]], tuple[list[str], list[str]]]:
    """(articles, titles) to train on, and those held out."""
    import numpy as np

    count = 0 if len(articles) < LEAST else min(MOST_HELD_OUT, round(HELD_OUT * len(articles)))
    order = np.random.default_rng(seed).permutation(len(articles)).tolist()
    parts = [sorted(order[count:]), sorted(order[:count])]
    kept, held_out = (([articles[n] for n in part], [titles[n] for n in part]) for part in parts)
    return kept, held_out
