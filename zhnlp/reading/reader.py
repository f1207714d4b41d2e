"""`PassageReader`: learn to find answers in passages, and find them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.checkpoints.catalogue import find
from zhnlp.checkpoints.locate import locate
from zhnlp.mining.progress import Progress
from zhnlp.reading.examples import Example, read_examples
from zhnlp.reading.no_answer import NoAnswer, fit_no_answer

if TYPE_CHECKING:
    from zhnlp.reading.answering import Answering, ReadAnswer
    from zhnlp.reading.engines.base import Engine

ENGINES = ("dgcnn", "encoder")
FILE = "reader.json"
VERSION = 1
HELD_OUT, MOST_HELD_OUT, LEAST = 0.1, 500, 40  # questions that `fit` keeps out; none of fewer than LEAST
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
        _check_options(engine, engine_options)
        self.model, self.engine_name, self._options = model, engine, engine_options
        self.seed, self.device, self.progress = seed, device, progress
        self.history_: list[dict[str, float]] = []
        self.max_answer_length = LONGEST
        self.window = 512
        self.calibration: NoAnswer | None = None
        self._calibrated: str | None = None  # rule of votes
        self._engines: list[Engine] = []
        known = None if model is None else find(str(model)) or Path(model)
        if known is not None and (known / FILE).is_file():
            self._read(known)

    # --- learning --------------------------------------------------------------------------------------------------

    def fit(
        self,
        examples: Any,
        valid: Any = None,
        *,
        labels: str = "given",
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
            folds: train so many members, each without its share of the questions, which chooses its best pass; `answer` averages
                their chances. None for one network.
            out: folder for checkpoints and a log; a killed training continues there.
            **training: of `ReadingTraining`: ``epochs``, ``batch_size``, ``learning_rate``, ``schedule``, ``ema``, ``patience``,
                ``augmentation`` …

        Raises:
            ValueError: no question has an answer, or a setting is out of its range.
        """
        rows = read_examples(examples, labels)
        if folds is not None and (
            isinstance(folds, bool) or not isinstance(folds, int) or not 2 <= folds <= len(rows)
        ):
            raise ValueError(
                f"folds={folds!r} is not possible: expected 2 to {len(rows):,}, the number of questions"
            )
        if folds is not None and valid is not None:
            raise ValueError(
                "got folds and valid: expected one of them, as each fold holds out its own questions"
            )
        self.calibration = self._calibrated = None
        lengths = [end - start for row in rows for _, start, end in row.places]
        self.max_answer_length = (
            max(LONGEST, int(np.ceil(np.percentile(lengths, 98)))) if lengths else LONGEST
        )
        first = self._new(rows)
        parts: list[tuple[list[Example], list[Example]]]
        if folds is not None:
            parts = _folds(rows, folds, self.seed)
        elif valid is None:
            parts = [_split(rows, self.seed)]
        else:
            parts = [(rows, [] if valid is False else read_examples(valid))]
        trained, self.history_ = [], []
        for number, (kept, held_out) in enumerate(parts):
            engine = first if folds is None else first.again(self.seed + number)
            folder = None if out is None else Path(out) if folds is None else Path(out) / f"member-{number}"
            self._engines = [engine]
            self.history_ += self._train(engine, kept, held_out, folder, self.seed + number, training)
            trained.append(engine)
        self._engines = trained
        held_out = [] if folds is not None else parts[0][1]
        if sum(bool(row.places) for row in held_out) >= LEAST // 2:
            self.calibrate(held_out)
        return self

    def _train(
        self,
        engine: Engine,
        rows: list[Example],
        held_out: list[Example],
        out: Path | None,
        seed: int,
        training: dict[str, Any],
    ) -> list[dict[str, float]]:
        from zhnlp.reading.rows import items
        from zhnlp.reading.training import ReadingTraining, train

        settings = ReadingTraining(
            **{
                "learning_rate": engine.rate,
                "schedule": engine.schedule,
                "seed": seed,
                "progress": self.progress,
                "out": out,
                **training,
            }
        )
        with Progress(self.progress).stage("read questions", len(rows), "question") as bar:
            learnt = items(engine, rows, bar)
        scored = [row for row in held_out if row.texts]
        held_out = held_out if scored else []  # nothing to choose by
        return train(
            engine,
            learnt,
            items(engine, held_out),
            settings,
            score=lambda: self._scored(scored),
            show=lambda count: self._shown(scored[:count]),
        )

    def _scored(self, rows: list[Example]) -> dict[str, float]:
        found = self.evaluate(rows, metrics={"samples": 0}, progress=False)
        return {name: found[name] for name in ("f1", "em")}

    def _shown(self, rows: list[Example]) -> list[str]:
        found = self.answer(
            [row.question for row in rows],
            passages=[row.passages for row in rows],
            threshold=0.0,
            no_answer=1.0,
            progress=False,
        )
        return [f"{row.question}  {one['answer']}  |  {row.texts[0]}" for row, one in zip(rows, found)]

    def calibrate(
        self, examples: Any, *, vote: str = "smooth_square", seed: int | None = None
    ) -> PassageReader:
        """Learn the chance of "no answer" from held-out questions: each with its passages, and with as many of other questions.

        Raises:
            ValueError: no question has an answer, or nobody else has passages without it.
        """
        rows = [row for row in read_examples(examples) if row.places]
        rng = np.random.default_rng(self.seed if seed is None else seed)
        texts = list(dict.fromkeys(text for row in rows for text in row.passages))
        wrong = []
        for row in rows:
            fit = [text for text in texts if not any(answer in text for answer in row.texts)]
            if fit:
                chosen = rng.choice(len(fit), size=min(len(row.passages), len(fit)), replace=False)
                wrong.append((row.question, [fit[number] for number in chosen]))
        if not rows or not wrong:
            raise ValueError(
                f"{len(rows):,} questions have an answer, {len(wrong):,} can be given passages without it: expected some of both"
            )
        asked = [(row.question, list(row.passages)) for row in rows] + wrong
        self.calibration = None
        found = self.answer(
            [question for question, _ in asked],
            passages=[passages for _, passages in asked],
            threshold=0.0,
            no_answer=1.0,
            vote=vote,
        )
        best = [one["candidates"][0]["score"] if one["candidates"] else 0.0 for one in found]
        self.calibration = fit_no_answer(best, [True] * len(rows) + [False] * len(wrong))
        self._calibrated = vote
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

        questions, texts = _asked(question, context, passages)
        how = self._how(
            threshold=threshold,
            max_answer_length=max_answer_length,
            vote=vote,
            top_k=top_k,
            no_answer=no_answer,
            **reading,
        )
        calibration = self.calibration if vote == self._calibrated else None
        made: list[ReadAnswer] = []
        with Progress(self.progress if progress is None else progress).stage(
            "answer", len(questions), "question"
        ) as bar:
            for one in answers(self.engines, questions, texts, how, calibration):
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

    def _how(self, **given: Any) -> Answering:
        from zhnlp.reading.answering import Answering

        if given["threshold"] is None:
            given["threshold"] = 0.1 if self.engines[0].span_kind == "sigmoid" else 0.0
        if given["max_answer_length"] is None:
            given["max_answer_length"] = self.max_answer_length
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
        folder, engines = Path(folder), self.engines
        if folder.exists() and not folder.is_dir():
            raise FileExistsError(
                f"{folder} is a file: expected the name of a folder, which may be a new one"
            )
        for number, engine in enumerate(engines):
            engine.save(_member(folder, number), int8)
        kept = {
            "version": VERSION,
            "engine": engines[0].name,
            "members": len(engines),
            "max_answer_length": self.max_answer_length,
            "window": self.window,
            "vote": self._calibrated,
            "no_answer": None if self.calibration is None else self.calibration.to_dict(),
        }
        (folder / FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return folder

    @property
    def engines(self) -> list[Engine]:
        """The networks with their reading of texts; several where folds were trained.

        Raises:
            NotFittedError: nothing was trained or loaded.
        """
        if not self._engines and self.model is not None:
            folder = locate(self.model)  # of the Hub
            if (folder / FILE).is_file():
                self._read(folder)
        if not self._engines:
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"this reader has learnt nothing yet: expected fit(examples) first, or a folder that save wrote. {self.model or 'The network'} "
                "alone finds no answers"
            )
        return self._engines

    def _read(self, folder: Path) -> None:
        from zhnlp.reading.engines import engine_class

        kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if kept.get("version") != VERSION or kept.get("engine") not in ENGINES:
            raise ValueError(
                f"{folder / FILE} is of version {kept.get('version')!r}, engine {kept.get('engine')!r}: expected {VERSION} and one of "
                f"{', '.join(ENGINES)}. Likely another version of zhnlp wrote it"
            )
        self.engine_name = kept["engine"]
        self.max_answer_length, self.window = kept["max_answer_length"], kept["window"]
        self._calibrated = kept["vote"]
        self.calibration = None if kept["no_answer"] is None else NoAnswer.from_dict(kept["no_answer"])
        kind = engine_class(self.engine_name)
        self._engines = [
            kind.load(_member(folder, number), device=self.device) for number in range(kept["members"])
        ]

    def _new(self, rows: list[Example]) -> Engine:
        from zhnlp.reading.engines import engine_class

        kind, model = engine_class(self.engine_name), self.model
        known = None if model is None else find(str(model)) or Path(model)
        if known is not None and (known / FILE).is_file():  # a reader learns on
            return kind.load(known, device=self.device)
        return kind.new(model, rows, seed=self.seed, device=self.device, **self._options)


def _member(folder: Path, number: int) -> Path:
    """The first network lies in the folder itself, further ones inside."""
    return folder / f"member-{number}" if number else folder


def _check_options(engine: str, options: dict[str, Any]) -> None:
    """Refuse options that the engine does not have.

    Raises:
        TypeError: there is one; the message names those there are.
    """
    if not options:
        return
    from zhnlp.reading.engines import engine_class

    own = engine_class(engine).options()
    if unknown := sorted(options.keys() - own):
        raise TypeError(
            f"the engine {engine!r} has no option {', '.join(unknown)}: expected {', '.join(sorted(own))}, seed, device or progress"
        )


def _asked(question: Any, context: Any, passages: Any) -> tuple[list[str], list[list[str]]]:
    """Questions, and of each its passages.

    Raises:
        TypeError: a question or passage is no str.
        ValueError: both or neither of context and passages, other numbers of them, or a blank question.
    """
    if (context is None) == (passages is None):
        raise ValueError("got both context and passages, or neither: expected one of them")
    single = isinstance(question, str)
    questions = [question] if single else list(question)
    if context is not None:
        if isinstance(context, str):
            texts = [[context]] * len(questions)
        else:
            texts = [[one] for one in context]
            if single:
                raise TypeError("context is a list for one question: expected a str. Next: passages=[…]")
    else:
        if isinstance(passages, str):
            raise TypeError("passages is one str: expected a list. Next: context=…")
        texts = [list(passages)] if single else [list(one) for one in passages]
        if not single and any(isinstance(one, str) for one in passages):
            raise TypeError(
                "passages is a list of str for a list of questions: expected a list of lists, one for each question"
            )
    if len(texts) != len(questions):
        raise ValueError(
            f"got {len(questions):,} questions and passages for {len(texts):,}: expected as many, in the same order"
        )
    for one, of_question in zip(questions, texts):
        if not isinstance(one, str) or not all(isinstance(text, str) for text in of_question):
            raise TypeError(f"question {one!r:.60} or one of its passages is no str: expected texts")
        if not one.strip():
            raise ValueError("a question is blank: expected some text")
    return questions, texts


def _split(rows: list[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Questions to train on, and those held out; questions of one passage are on one side."""
    count = 0 if len(rows) < LEAST else min(MOST_HELD_OUT, round(HELD_OUT * len(rows)))
    held: list[int] = []
    for group in _by_passage(rows, seed):
        if len(held) + len(group) > count:
            break
        held += group
    chosen = set(held)
    return (
        [row for number, row in enumerate(rows) if number not in chosen],
        [row for number, row in enumerate(rows) if number in chosen],
    )


def _folds(rows: list[Example], folds: int, seed: int) -> list[tuple[list[Example], list[Example]]]:
    """For each fold the questions to train on and those held out."""
    fold_of = {}
    for number, group in enumerate(_by_passage(rows, seed)):
        fold_of |= dict.fromkeys(group, number % folds)
    if len(set(fold_of.values())) < folds:
        fold_of = {number: number % folds for number in range(len(rows))}  # all of one passage
    return [
        (
            [row for number, row in enumerate(rows) if fold_of[number] != fold],
            [row for number, row in enumerate(rows) if fold_of[number] == fold],
        )
        for fold in range(folds)
    ]


def _by_passage(rows: list[Example], seed: int) -> list[list[int]]:
    """Numbers of questions with the same first passage, the groups in an order of the seed."""
    groups: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row.passages[0] if row.passages else "", []).append(number)
    order = np.random.default_rng(seed).permutation(len(groups))
    listed = list(groups.values())
    return [listed[number] for number in order]
