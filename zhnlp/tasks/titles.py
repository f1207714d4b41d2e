"""pipeline("title-generation"): titles of articles, and a generator of one's own from articles with titles."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.mining.progress import Progress
from zhnlp.tasks.base import Pipeline

if TYPE_CHECKING:
    from zhnlp.seq2seq import TitleGenerator

_WRITING = (
    *("num_beams", "num_return", "min_length", "max_length", "length_penalty", "no_repeat_ngram", "coverage"),
    *("forced", "forbidden", "sample", "temperature", "top_k", "top_p", "repetition_penalty", "batch_size"),
)


class TitleGeneration(Pipeline):
    """Write the title of an article.

    Args:
        model: shipped name, the folder that ``save`` wrote, or a Hub id of such; None for zhnlp-title-small, where this installation has it. With
            ``fit`` also what the training begins from: see `zhnlp.seq2seq.TitleGenerator`.
        engine: of a generator that is to be trained: "unilm", "lstm" or "encoder-decoder".
        num_beams, num_return, min_length, max_length, length_penalty, no_repeat_ngram, coverage, forced, forbidden, sample,
            temperature, top_k, top_p, repetition_penalty, batch_size: how titles are written, see `zhnlp.seq2seq.Writing`.
        seed: of ``fit`` and of what is drawn.
        device: such as "cpu" or "cuda:0"; None for the GPU where there is one.
        progress: bars on stderr; None for a terminal only.
        **options: of `zhnlp.seq2seq.TitleGenerator`, for ``fit``: ``max_source``, ``max_target`` …

    One article gives ``{"title", "score"}``, or with ``num_return`` above 1 a list of them, best first; a list gives a list, an
    iterator a generator in the same order.  ``score`` is the log-probability of the title in nats over its length to the
    power of ``length_penalty``.  Long articles are cut at the end of a sentence.  [UNK] is never written; names, numbers and
    characters that the vocabulary lacks are copied from the article as they stand there.

    ``fit(pairs, valid=None)`` learns from articles with titles, ``evaluate(pairs)`` scores by ROUGE and BLEU, ``save(folder)``
    keeps it.  ``pipe.generator`` is the `zhnlp.seq2seq.TitleGenerator`.

    Raises:
        NotFittedError: a model that writes no titles yet, and no ``fit``.
        ValueError: an option out of its range, or a blank article.

    Example:
        >>> from zhnlp import pipeline
        >>> pairs = [("今天上午变压器检修完毕。", "变压器检修"), ("昨天下午线路巡视结束。", "线路巡视")] * 8
        >>> pipe = pipeline("title-generation", engine="unilm", max_source=24, max_target=6, progress=False)
        >>> _ = pipe.fit(pairs, epochs=12, batch_size=4)
        >>> pipe("今天上午变压器检修完毕。")["title"]
        '变压器检修'

    Source: 苏剑林, https://kexue.fm/archives/5861, https://kexue.fm/archives/6933
    """

    task = "title-generation"
    default = "zhnlp-title-small"

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        engine: str | None = None,
        seed: int = 0,
        device: Any = None,
        progress: bool | None = None,
        **options: Any,
    ):
        from zhnlp.seq2seq import TitleGenerator, Writing

        self.writing = {name: options.pop(name) for name in _WRITING if name in options}
        Writing(**self.writing)  # what is out of range is said now
        self.progress = Progress(progress)
        self.generator: TitleGenerator = TitleGenerator(
            model, engine=engine or "unilm", seed=seed, device=device, progress=progress, **options
        )
        self._shipped = model is None and engine is None

    def __call__(self, texts: Any, **writing: Any) -> Any:
        """The title of an article, a list or tuple of articles, or an iterator of them.

        Args:
            **writing: for this call, as of the class; and ``seed``.

        Raises:
            TypeError: what was given is no text.
        """
        if isinstance(texts, (bytes, Path, dict)) or not isinstance(texts, Iterable):
            raise TypeError(
                f"{self.task} got {type(texts).__name__}: expected a str or an iterable of str. Next: read files with "
                "zhnlp.Corpus.from_paths(...)"
            )
        if hasattr(texts, "tolist"):  # numpy, pandas
            texts = texts.tolist()
        self._load()
        return self.generator.generate(texts, **{**self.writing, **writing})

    def fit(self, pairs: Any, valid: Any = None, **training: Any) -> TitleGeneration:
        """Learn from articles with titles; see `TitleGenerator.fit`. Returns the pipeline."""
        self.generator.fit(pairs, valid, **training)
        self._shipped = False
        return self

    def evaluate(self, pairs: Any, **options: Any) -> dict[str, Any]:
        """ROUGE-L, ROUGE-1, ROUGE-2, BLEU and more of the titles written for articles whose right one is known."""
        self._load()
        return self.generator.evaluate(pairs, **{**self.writing, **options})

    def save(self, folder: str | Path) -> Path:
        """Write everything to a folder, which ``pipeline(task, model=folder)`` reads."""
        self._load()
        return self.generator.save(folder)

    def _load(self) -> None:
        """The model that ships, at the first call, where none was named or trained."""
        if not self._shipped:
            return
        from zhnlp.checkpoints.catalogue import find
        from zhnlp.seq2seq import TitleGenerator
        from zhnlp.tasks.model import say_default

        folder = find(self.default)
        if folder is None:
            raise FileNotFoundError(
                f"{self.task} has the default model {self.default}, which this installation lacks. Next: model=folder of a generator "
                "that save wrote, or engine='unilm' and fit(pairs)"
            )
        say_default(self.task, self.default)
        made = self.generator
        self.generator = TitleGenerator(folder, seed=made.seed, device=made.device, progress=made.progress)
        self._shipped = False
