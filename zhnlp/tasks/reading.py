"""pipeline("reading-comprehension"): answers from passages with their places, and a reader of one's own from examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.mining.progress import Progress
from zhnlp.tasks.base import Pipeline
from zhnlp.tasks.batching import windows

if TYPE_CHECKING:
    from zhnlp.reading import PassageReader

DEFAULT = "zhnlp-reader-small"  # what reads where no model is named
_ANSWERING = ("top_k", "threshold", "max_answer_length", "vote", "no_answer", "window", "stride")
_FIRST, _LAST = 8, 256  # questions of a stream that are read together


class ReadingComprehension(Pipeline):
    """Find the answer of a question in passages, with its place, or say that there is none.

    Args:
        model: shipped name, the folder that ``save`` wrote, or a Hub id of such; None for zhnlp-reader-small, where this installation has it. With
            ``engine`` and ``fit`` what the training begins from: see `zhnlp.reading.PassageReader`.
        engine: of a reader that is to be trained: "dgcnn" or "encoder".
        top_k, threshold, max_answer_length, vote, no_answer, window, stride: how answers are chosen, see `PassageReader.answer`.
        seed: of ``fit``.
        device: such as "cpu" or "cuda:0"; None for the GPU where there is one.
        progress: bars on stderr; None for a terminal only.
        **options: of `PassageReader`, for ``fit``: ``form``, ``words``, ``hidden_size`` …

    ``pipe(question=…, context=text)`` or ``pipe(question=…, passages=[text, …])`` gives ``{"answer", "start", "end", "passage",
    "score", "no_answer", "candidates"}`` with ``passages[passage][start:end] == answer``.  Where nothing is found ``answer`` is "",
    ``passage`` None and ``score`` the chance that there is none.  A list of questions gives a list, an iterator of them (with an
    iterator of contexts or of lists of passages beside it) a generator in the same order.

    ``fit(examples, valid=None)`` learns from questions with passages and answers, ``evaluate(examples)`` gives EM and F1 of
    CMRC2018, ``save(folder)`` keeps it.  ``pipe.reader`` is the `zhnlp.reading.PassageReader`.

    Raises:
        NotFittedError: a model that finds no answers yet, and no ``fit``.
        ValueError: an option out of its range, or a blank question.

    Example:
        >>> from zhnlp import pipeline
        >>> rows = [{"question": f"{who}在哪里上班？", "context": f"{who}住在城东，{who}在{where}上班。", "answer": where}
        ...         for who in ("小王", "老李", "阿明", "小张") for where in ("银行", "学校", "医院", "电厂")]
        >>> pipe = pipeline("reading-comprehension", engine="dgcnn", words=None, hidden_size=32, min_count=1, progress=False)
        >>> _ = pipe.fit(rows, epochs=30, batch_size=8, learning_rate=5e-3)
        >>> found = pipe(question="老李在哪里上班？", context="老李住在城东，老李在学校上班。")
        >>> found["answer"], found["start"], found["end"], found["passage"]
        ('学校', 10, 12, 0)

    Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
    """

    task = "reading-comprehension"
    default = DEFAULT

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
        from zhnlp.reading import PassageReader
        from zhnlp.reading.answering import Answering

        self.answering = {name: options.pop(name) for name in _ANSWERING if name in options}
        given = {name: value for name, value in self.answering.items() if value is not None}
        if "window" in given:
            given.setdefault("stride", 1)
        Answering(**given)  # what is out of range is said now
        self.progress = Progress(progress)
        self.reader: PassageReader = PassageReader(
            model, engine=engine or "dgcnn", seed=seed, device=device, progress=progress, **options
        )
        self._shipped = model is None and engine is None

    def __call__(
        self, question: Any, *, context: Any = None, passages: Any = None, **answering: Any
    ) -> Any:
        """The answer of a question, of a list or tuple of questions, or of an iterator of them.

        Args:
            context: the passage; of several questions one for all, or one for each.
            passages: of one question a list of texts; of several questions such a list for each.
            **answering: for this call, as of the class.

        Raises:
            TypeError: what was given is no text.
            ValueError: both or neither of context and passages, or other numbers of them than of questions.
        """
        if isinstance(question, (bytes, Path, dict)) or not isinstance(question, Iterable):
            raise TypeError(
                f"{self.task} got {type(question).__name__} as question: expected a str or an iterable of str. "
                "Next: pipe(question=…, context=…)"
            )
        question, context, passages = map(_listed, (question, context, passages))
        if (context is None) == (passages is None):
            raise ValueError("got both context and passages, or neither: expected one of them")
        self._load()
        how = {**self.answering, **answering}
        if isinstance(question, (str, list, tuple)):
            if not isinstance(context, str) and context is not None:
                context = list(context)
            return self.reader.answer(question, context=context, passages=passages, **how)
        return self._stream(question, context, passages, how)

    def _stream(self, questions: Any, context: Any, passages: Any, how: dict[str, Any]) -> Iterator[Any]:
        if isinstance(context, str):
            pairs: Iterator[Any] = ((question, [context]) for question in questions)
        elif context is not None:
            pairs = ((question, [one]) for question, one in zip(questions, context, strict=True))
        else:
            pairs = zip(questions, passages, strict=True)
        pairs = ((question, list(texts) if _several(texts) else texts) for question, texts in pairs)
        for window in windows(pairs, first=_FIRST, last=_LAST, size=_size):
            asked, texts = zip(*window)
            yield from self.reader.answer(list(asked), passages=list(texts), progress=False, **how)

    def fit(self, examples: Any, valid: Any = None, **training: Any) -> ReadingComprehension:
        """Learn from questions with passages and answers; see `PassageReader.fit`. Returns the pipeline."""
        self.reader.fit(examples, valid, **training)
        self._shipped = False
        return self

    def evaluate(self, examples: Any, **options: Any) -> dict[str, Any]:
        """EM and F1 of CMRC2018 of the answers found for questions whose right ones are known; something is answered always."""
        self._load()
        kept = {name: value for name, value in self.answering.items() if name not in ("threshold", "no_answer")}
        return self.reader.evaluate(examples, **{**kept, **options})

    def save(self, folder: str | Path, **options: Any) -> Path:
        """Write everything to a folder, which ``pipeline(task, model=folder)`` reads; ``int8=True`` for a quarter of the size."""
        self._load()
        return self.reader.save(folder, **options)

    def _load(self) -> None:
        """The model that ships, at the first call, where none was named or trained."""
        if not self._shipped:
            return
        from zhnlp.checkpoints.catalogue import find
        from zhnlp.reading import PassageReader
        from zhnlp.tasks.model import say_default

        folder = find(self.default)
        if folder is None:
            raise FileNotFoundError(
                f"{self.task} has the default model {self.default}, which this installation lacks. Next: model=folder of a reader "
                "that save wrote, or engine='dgcnn' and fit(examples)"
            )
        say_default(self.task, self.default)
        made = self.reader
        self.reader = PassageReader(folder, seed=made.seed, device=made.device, progress=made.progress)
        self._shipped = False


def _listed(given: Any) -> Any:
    """Arrays and columns of numpy, pandas and datasets as lists."""
    return given.tolist() if hasattr(given, "tolist") else given


def _several(texts: Any) -> bool:
    return isinstance(texts, Iterable) and not isinstance(texts, (str, bytes))


def _size(pair: Any) -> int:
    question, texts = pair
    return len(question) + sum(len(text) for text in texts if isinstance(text, str)) if _several(texts) else 1
