"""`PassageReader`: learn to find answers in passages, and find them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.mining.progress import Progress
from zhnlp.reading.asked import asked
from zhnlp.reading.engines import check_options
from zhnlp.reading.examples import Example, read_examples
from zhnlp.reading.files import ENGINES, Kept, folder_of, load_reader, save_reader
from zhnlp.reading.holding_out import LEAST, Parts, fold_parts, hold_out
from zhnlp.reading.no_answer import NoAnswer, fit_no_answer
from zhnlp.reading.wrong_passages import with_wrong_passages, wrong_passages

if TYPE_CHECKING:
    from zhnlp.reading.answering import Answering, ReadAnswer
    from zhnlp.reading.engines.base import Engine

LONGEST = 12  # characters of an answer in the posts; of longer ones what holds 98 in 100 of those learnt from


class PassageReader:
    """Answer questions from passages, with the place of the answer, or say that there is none.

    Args:
        model: what training begins from: for "encoder" a shipped name, folder or Hub id (None: zhnlp-mlm-small); for "dgcnn" None.
            Or a folder that `save` wrote, ready to answer, from which `fit` learns on.
        engine: "dgcnn" (the networks of posts 5409 and 6906, from scratch) or "encoder" (any encoder under the same head).
        seed: of training.
        device: such as "cpu"; None for the GPU where there is one.
        progress: bars and samples on stderr; None on a terminal only.
        **engine_options: of the engine, such as ``form``, ``words`` and ``hidden_size`` ("dgcnn"), ``span_kind`` (both).

    Example:
        >>> rows = [{"question": f"{who}在哪里上班？", "context": f"{who}住在城东，{who}在{where}上班。", "answer": where}
        ...         for who in ("小王", "老李", "阿明", "小张") for where in ("银行", "学校", "医院", "电厂")]
        >>> reader = PassageReader(words=None, hidden_size=32, min_count=1, progress=False)
        >>> reader = reader.fit(rows, epochs=30, batch_size=8, learning_rate=5e-3)
        >>> found = reader.answer("老李在哪里上班？", context="老李住在城东，老李在学校上班。")
        >>> found["answer"], found["start"], found["end"]
        ('学校', 10, 12)

    Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        engine: str = "dgcnn",
        seed: int = 0,
        device: Any = None,
        progress: bool | None = None,
        **engine_options: Any,
    ):
        if engine not in ENGINES:
            raise ValueError(
                f"engine={engine!r} is not known: expected one of {', '.join(map(repr, ENGINES))}"
            )
        check_options(engine, engine_options)
        self.model, self.engine_name, self._options = model, engine, engine_options
        self.seed, self.device, self.progress = seed, device, progress
        self.history_: list[dict[str, float]] = []
        self.max_answer_length = LONGEST
        self.window = 512
        self.calibration: NoAnswer | None = None
        self._engines: list[Engine] = []
        if (folder := folder_of(model)) is not None:
            self._take(load_reader(folder, device=device))

    # --- learning --------------------------------------------------------------------------------------------------

    def fit(
        self,
        examples: Any,
        valid: Any = None,
        *,
        labels: str = "given",
        wrong: int = 0,
        alone: float = 0.0,
        folds: int | None = None,
        out: str | Path | None = None,
        **training: Any,
    ) -> PassageReader:
        """Train on questions with passages and answers; begins from ``model`` each time. Returns the reader.

        Args:
            examples: a file or dicts, see `zhnlp.reading.examples.read_examples`.
            valid: questions to choose the best pass by; None holds out a tenth (500 at most, none of fewer than 40), whole passages
                together; False trains on all of them to the end.
            labels: "given" or "all", see `read_examples`.
            wrong: passages of other questions that each question is given besides, see `with_wrong_passages`: for readers of what a
                search finds, of which every other row is then drawn.  They are held out with their question, and calibrate too.
            alone: share of the questions that get none, for a reader that is to be as good at a passage alone.
            folds: train so many members, each without its share of the questions, which chooses its best pass; `answer` averages
                their chances. None for one network.
            out: folder for checkpoints and a log; a killed training continues there.
            **training: of `ReadingTraining`: ``epochs``, ``batch_size``, ``learning_rate``, ``schedule``, ``ema``, ``patience``,
                ``augmentation`` …

        Raises:
            ValueError: no question has an answer, or a setting is out of its range.
        """
        rows = with_wrong_passages(read_examples(examples, labels), wrong, alone=alone, seed=self.seed)
        if wrong:
            training.setdefault("augmentation", {"absent": 0.5})
        parts = self._parts(rows, valid, folds)
        self.calibration = None
        lengths = [end - start for row in rows for _, start, end in row.places]
        self.max_answer_length = (
            max(LONGEST, int(np.ceil(np.percentile(lengths, 98)))) if lengths else LONGEST
        )
        first = self._new(rows)
        self.history_, members = (
            [],
            [first if folds is None else first.again(self.seed + number) for number in range(len(parts))],
        )
        for number, (engine, part) in enumerate(zip(members, parts)):
            folder = None if out is None else Path(out) if folds is None else Path(out) / f"member-{number}"
            self.history_ += self._learn(engine, part, self.seed + number, folder, training)
        self._engines = members
        held_out = [] if folds is not None else parts[0][1]
        if sum(bool(row.places) for row in held_out) >= LEAST // 2:
            self.calibrate(held_out)
        return self

    def _parts(self, rows: list[Example], valid: Any, folds: int | None) -> list[Parts]:
        """Of each network the questions that it learns from, and those that choose its best pass."""
        if folds is not None:
            if valid is not None:
                raise ValueError(
                    "got folds and valid: expected one of them, as each fold holds out its own questions"
                )
            return fold_parts(rows, folds, self.seed)
        if valid is None:
            return [hold_out(rows, self.seed)]
        return [(rows, [] if valid is False else read_examples(valid))]

    def _learn(
        self, engine: Engine, part: Parts, seed: int, out: Path | None, training: dict[str, Any]
    ) -> list[dict[str, float]]:
        from zhnlp.reading.answering import answers
        from zhnlp.reading.learning import learn

        how, known = self._how(engine, threshold=0.0, no_answer=1.0), {}

        def answered(rows: Sequence[Example]) -> list[str]:
            questions, passages = [row.question for row in rows], [row.passages for row in rows]
            return [one["answer"] for one in answers([engine], questions, passages, how, known=known)]

        options = {"seed": seed, "out": out, "progress": self.progress, "training": training}
        return learn(engine, part, answered, known=known, **options)

    def calibrate(self, examples: Any, *, seed: int | None = None) -> PassageReader:
        """Learn the chance of "no answer" from held-out questions: each with its passages, and without those that answer it.

        Where no passage is left, as many of other questions take their place.  What is calibrated are the odds that the likeliest
        passage has an answer, or for "sigmoid" those of the best span.

        Raises:
            ValueError: no question has an answer, or nobody else has passages without it.
        """
        rows = [row for row in read_examples(examples) if row.places]
        wrong = wrong_passages(rows, self.seed if seed is None else seed)
        if not rows or not wrong:
            raise ValueError(
                f"{len(rows):,} questions have an answer, {len(wrong):,} can be given passages without it: expected some of both"
            )
        put = [(row.question, list(row.passages)) for row in rows] + wrong
        self.calibration = None
        found = self.answer(
            [question for question, _ in put],
            passages=[passages for _, passages in put],
            threshold=0.0,
            no_answer=1.0,
        )
        odds = [1 / one["no_answer"] - 1 for one in found]
        self.calibration = fit_no_answer(odds, [True] * len(rows) + [False] * len(wrong))
        return self

    # --- answering -------------------------------------------------------------------------------------------------

    def answer(
        self,
        question: str | Sequence[str],
        *,
        context: str | Sequence[str] | None = None,
        passages: Sequence[Any] | None = None,
        top_k: int = 5,
        threshold: float | None = None,
        max_answer_length: int | None = None,
        vote: str = "smooth_square",
        no_answer: float = 0.5,
        progress: bool | None = None,
        **reading: Any,
    ) -> Any:
        """The answer of a question, or of each of a list.

        Args:
            question: one, or a list.
            context: the passage; of a list of questions one for all, or one for each.
            passages: of a question a list of texts; of a list of questions a list of such lists.
            top_k: candidates given beside the answer.
            threshold: chances of a start and an end must be above it; None for what the head has: .1 of sigmoids, 0 of softmax.
            max_answer_length: characters of the longest answer; None for what was learnt.
            vote: rule over passages: "smooth_square", "square", "sum", "max" or "mean".
            no_answer: chance of no answer above which "" is given, where the reader is calibrated (`fit` does with 20 held-out
                questions or more); 1 never says "" where there is a candidate.
            progress: a bar over a list; None as the reader.
            **reading: ``window``, ``stride`` of `Answering`.

        Returns:
            ``{"answer", "start", "end", "passage", "score", "no_answer", "candidates"}``, see `ReadAnswer`;
            ``passages[passage][start:end] == answer``.  A list of them for a list.

        Raises:
            NotFittedError: nothing was trained or loaded.
            TypeError, ValueError: texts that are none, or do not fit each other.

        Example:
            ``reader.answer("谁写的红楼梦？", passages=["红楼梦是曹雪芹写的。", "作者：曹雪芹（清）"])``
        """
        from zhnlp.reading.answering import answers

        questions, texts = asked(question, context, passages)
        how = self._how(
            self.engines[0],
            threshold=threshold,
            max_answer_length=max_answer_length,
            vote=vote,
            top_k=top_k,
            no_answer=no_answer,
            **reading,
        )
        made: list[ReadAnswer] = []
        with Progress(self.progress if progress is None else progress).stage(
            "answer", len(questions), "question"
        ) as bar:
            for one in answers(self.engines, questions, texts, how, self.calibration):
                made.append(one)
                bar.advance(1)
        return made[0] if isinstance(question, str) else made

    def evaluate(
        self,
        examples: Any,
        *,
        metrics: dict[str, Any] | None = None,
        progress: bool | None = None,
        **answering: Any,
    ) -> dict[str, Any]:
        """Answer questions and compare with the right answers: EM and F1 of CMRC2018, see `zhnlp.metrics.evaluate_reading`.

        Args:
            examples: see `read_examples`; questions without an answer are left out.
            metrics: options of `evaluate_reading`.
            **answering: of `answer`; by default something is answered always.
        """
        from zhnlp.metrics import evaluate_reading

        rows = [row for row in read_examples(examples) if row.texts]
        found = self.answer(
            [row.question for row in rows],
            passages=[list(row.passages) for row in rows],
            progress=progress,
            **{"threshold": 0.0, "no_answer": 1.0, **answering},
        )
        return evaluate_reading(
            [one["answer"] for one in found], [list(row.texts) for row in rows], **(metrics or {})
        )

    def _how(self, engine: Engine, **given: Any) -> Answering:
        from zhnlp.reading.answering import Answering

        given = {name: value for name, value in given.items() if value is not None}
        given.setdefault("threshold", 0.1 if engine.span_kind == "sigmoid" else 0.0)
        given.setdefault("max_answer_length", self.max_answer_length)
        given.setdefault("window", self.window)
        given.setdefault("stride", max(1, given["window"] // 2))
        return Answering(**given)

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path, *, int8: bool = False) -> Path:
        """Write networks (safetensors), vocabularies and ``reader.json``; ``PassageReader(folder)`` loads them.

        Args:
            int8: store each row of the weights in 8 bits: a quarter of the size.

        Raises:
            NotFittedError: nothing was trained or loaded.
            FileExistsError: ``folder`` is a file.
        """
        kept = Kept(self.engines, self.max_answer_length, self.window, self.calibration)
        return save_reader(kept, folder, int8=int8)

    @property
    def engines(self) -> list[Engine]:
        """The networks with their reading of texts; several where folds were trained.

        Raises:
            NotFittedError: nothing was trained or loaded.
        """
        if not self._engines and self.model is not None:
            folder = folder_of(self.model, hub=True)
            if folder is not None:
                self._take(load_reader(folder, device=self.device))
        if not self._engines:
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"this reader has learnt nothing yet: expected fit(examples) first, or a folder that save wrote. {self.model or 'The network'} "
                "alone finds no answers"
            )
        return self._engines

    def _take(self, kept: Kept) -> None:
        self._engines, self.engine_name = kept.engines, kept.engines[0].name
        self.max_answer_length, self.window = kept.max_answer_length, kept.window
        self.calibration = kept.calibration

    def _new(self, rows: list[Example]) -> Engine:
        from zhnlp.reading.engines import engine_class

        kind, folder = engine_class(self.engine_name), folder_of(self.model)
        if folder is not None:  # a reader learns on
            return kind.load(folder, device=self.device)
        return kind.new(self.model, rows, seed=self.seed, device=self.device, **self._options)
