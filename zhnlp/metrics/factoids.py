"""Short answers to factual questions, scored as SogouQA and WebQA are in posts 5409 and 6906, with synonyms.

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906 (the evaluation script of the competition)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zhnlp.metrics.bootstrap import bootstrap_interval
from zhnlp.metrics.short_answers import listed_answers

# Signs of the script; 々 is among them, so that 天天 and 天々 differ by a character.
SIGNS = (
    "`^~<=>|_-,;:!?/.'\"()[]{}@$*\\&#%+…‰※•—‖‘’“”№←↑→↓∴∨∵∶∩∈∑√∞≯≡≮≤≥≈≌⊥⊙⌒□◆◇◎●★☆♀♂¨°·§¤±\u3000、。〃々〈〉《》"
    "「」『』【】〓〔〕〖〗÷×′▲″△∠≠■ˇˉ￣￥＿！＄（），．：；？～﹑￠"
)

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_WIDTH = {0x3000: " ", **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}}
_BLANKED = dict.fromkeys(map(ord, SIGNS), " ")
_BLANKS = dict.fromkeys(map(ord, " \t\n\r\f\v"))


def evaluate_factoids(
    predictions: Iterable[str],
    answers: Iterable[str | Sequence[str]],
    *,
    confidence: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
    items: bool = False,
) -> dict[str, Any]:
    """Half exact match, half F1 of characters, of the best synonym; an empty answer scores 0.

    Width, the case of a to z, signs and blanks do not count.  Parts between blanks and signs may also stand in another order
    than those of the first right answer (刘备 关羽 张飞).

    Args:
        predictions: one answer a question; "" for none.
        answers: of each the right one, or a list of it and its synonyms (see `read_synonyms`).
        confidence: share of the resamples inside the interval, in (0, 1).
        samples: resamples of the bootstrap; 0 for no interval.
        seed: of the resamples.
        items: give the scores of each question too.

    Returns:
        ``primary_metric`` (always ``"score"``); ``score``, mean of ``accuracy`` and ``f1``, all in [0, 1]; ``interval``,
        ``[low, high]`` of the score, None with ``samples=0``; ``confidence``, ``samples``, ``seed``; ``questions``, their
        number; ``empty``, the share of empty predictions.  Where asked for ``items``, a list of ``{"exact", "f1", "synonym"}``,
        the last the number of the right answer with the best F1, -1 where it is 0.

    Raises:
        TypeError, ValueError: see `zhnlp.metrics.short_answers.listed_answers`.

    Example:
        >>> score = evaluate_factoids(["華特．迪士尼", "五十六", ""], ["華特迪士尼", ["56个", "五十六个"], "天"])
        >>> [round(score[name], 3) for name in ("accuracy", "f1", "score")]  # (1 + 0 + 0) / 3, (1 + 6/7 + 0) / 3
        [0.333, 0.619, 0.476]
    """
    given, right = listed_answers(predictions, answers)
    rows = [_scored(text, texts) for text, texts in zip(given, right)]
    halves = [(row["exact"] + row["f1"]) / 2 for row in rows]
    options = {"confidence": confidence, "samples": samples, "seed": seed}
    found = {
        "primary_metric": "score",
        "score": sum(halves) / len(rows),
        "accuracy": sum(row["exact"] for row in rows) / len(rows),
        "f1": sum(row["f1"] for row in rows) / len(rows),
        "interval": list(bootstrap_interval(halves, **options)) if samples else None,
        **options,
        "questions": len(rows),
        "empty": sum(not text.strip() for text in given) / len(rows),
    }
    if items:
        found["items"] = rows
    return found


def plain(text: str) -> str:
    """The text in half-width lower case without signs and blanks.

    Example:
        >>> plain("ＧＰＵ（Nvidia）， 0.6度")
        'gpunvidia06度'
    """
    return text.translate(_WIDTH).translate(_LOWER).translate(_BLANKED).translate(_BLANKS)


def read_synonyms(path: str | Path) -> dict[str, list[str]]:
    """Right answers of each question from lines ``question<TAB>answer<TAB>a|b|c``: the answer first, then its synonyms.

    Raises:
        ValueError: a line of another form, or a question twice.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "synonyms").write_text("10000\\t林海音\\t林海音|含英\\n", encoding="utf-8")
        ...     read_synonyms(f"{folder}/synonyms")
        {'10000': ['林海音', '含英']}
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(Path(path).read_text("utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        fields = line.strip().split("\t")
        if len(fields) != 3 or fields[0] in found:
            why = "its question stands above too" if len(fields) == 3 else f"it has {len(fields)} fields"
            raise ValueError(
                f"{path}, line {number}: {why}: expected question<TAB>answer<TAB>a|b|c, each question once"
            )
        found[fields[0]] = list(dict.fromkeys((fields[1], *fields[2].split("|"))))
    return found


def right_answers(questions: Iterable[str], synonyms: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The right answers of questions by their names, for `evaluate_factoids`.

    Raises:
        KeyError: a question that ``synonyms`` lacks.
    """
    found = []
    for name in questions:
        if name not in synonyms:
            raise KeyError(
                f"no right answer for question {name!r}: there are {len(synonyms):,} questions in the synonyms"
            )
        found.append(list(synonyms[name]))
    return found


def _scored(prediction: str, answers: Sequence[str]) -> dict[str, Any]:
    if not prediction.strip():
        return {"exact": 0.0, "f1": 0.0, "synonym": -1}
    ours, theirs = plain(prediction), [plain(answer) for answer in answers]
    exact = ours in (*theirs, *answers) or _parts(prediction) == _parts(answers[0])
    scores = [_f1(ours, answer) for answer in theirs]
    best = max(range(len(scores)), key=scores.__getitem__)
    return {"exact": float(exact), "f1": scores[best], "synonym": best if scores[best] else -1}


def _f1(ours: str, theirs: str) -> float:
    """Of the characters in any order, each as often as it stands in both."""
    shared = (Counter(ours) & Counter(theirs)).total()
    return 2 * shared / (len(ours) + len(theirs)) if shared else 0.0


def _parts(text: str) -> set[str]:
    """What stands between blanks and signs, the empty part where two of them meet included."""
    return set(map(plain, text.strip().translate(_BLANKED).translate(_LOWER).split(" ")))
