"""Questions made of open text: a clause with a word, number or title taken out, which is the answer; for lack of people's questions.

Source: the cloze of reading comprehension is that of Hermann et al. 2015, https://arxiv.org/abs/1506.03340
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from zhnlp.reading.examples import Example

CLAUSE = re.compile(r"[^。！？；!?;\n]{8,70}[。！？；!?;]?")
_DATE = r"\d{1,4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日"
_NUMBER = r"\d[\d.,]*(?:％|%|个|人|米|公里|千米|平方公里|公顷|吨|公斤|元|万元|亿元|万|亿|岁|倍|次|层|种|集|分钟|小时)?"
KINDS: dict[str, tuple[re.Pattern[str], tuple[str, ...]]] = {
    "date": (re.compile(_DATE), ("什么时候", "哪一年", "何时")),
    "number": (re.compile(_NUMBER), ("多少", "几")),
    "title": (re.compile(r"《[^《》\n]{1,20}》"), ("哪部作品", "什么")),
    "quoted": (re.compile(r"(?<=[“「『])[^“”「」『』\n]{2,16}(?=[”」』])"), ("什么", "哪一个")),
}  # what is taken out, and what is asked in its place; the first kind that fits counts
_WORD = ("什么", "谁", "哪个")


class Cloze(NamedTuple):
    """A span of a text that can be asked for, and of which kind it is."""

    start: int
    end: int
    kind: str


def cloze_questions(
    texts: Iterable[str],
    words: Callable[[str], Sequence[tuple[int, int]]],
    rarity: Callable[[str], float],
    *,
    per_text: int = 2,
    rare: float = 10.5,
    dropped: float = 0.15,
    passage: tuple[int, int] = (150, 500),
    seed: int = 0,
) -> Iterator[Example]:
    """Questions about passages of texts, the answer a date, number, title, quotation or rare word of a clause.

    A passage is ``passage`` characters of a text, from a clause's start on; of its clauses ``per_text`` are asked about.  The
    rest of a clause stays as it is but for some words, so that its place is not given away by equal strings alone.

    Args:
        texts: longer than the shortest passage; others are left out.
        words: the words of a text as spans, such as `WordKnowledge.cut`.
        rarity: of a word, in nats, such as `WordKnowledge.rarity`.
        per_text: questions of a text at most.
        rare: rarity from which on a word of two characters or more can be asked for.
        dropped: share of the other words that the question leaves out.
        passage: characters of a passage, the fewest and the most.
        seed: of what is drawn; each text has its own draws, whatever the others.

    Raises:
        ValueError: a number out of its range.

    Example:
        >>> text = "水电站在河的上游。它于1998年建成，供电给三个县。" * 3
        >>> found = next(cloze_questions([text], lambda text: [], lambda word: 0.0, per_text=1, passage=(20, 200)))
        >>> found.question, found.texts
        ('它于什么时候建成，供电给三个县？', ('1998年',))
    """
    if per_text < 1 or not 0 <= dropped < 1 or not 1 <= passage[0] <= passage[1]:
        raise ValueError(
            f"per_text={per_text!r}, dropped={dropped!r}, passage={passage!r} is not possible: expected 1 or more, a share below 1, and "
            "the fewest and the most characters"
        )
    for number, text in enumerate(texts):
        if len(text) >= passage[0]:
            rng = np.random.default_rng((seed, number))
            yield from _of_text(text, words, rarity, per_text, rare, dropped, passage, rng)


def answers_of(
    text: str, words: Sequence[tuple[int, int]], rarity: Callable[[str], float], rare: float
) -> list[Cloze]:
    """What can be asked for in a text, in order, none over another.

    Example:
        >>> answers_of("1998年建成水电站", [(5, 7), (7, 10)], {"建成": 5.0, "水电站": 11.0}.get, 9.0)
        [Cloze(start=0, end=5, kind='date'), Cloze(start=7, end=10, kind='word')]
    """
    taken = np.zeros(len(text), bool)
    found = []
    for kind, (pattern, _) in KINDS.items():
        for match in pattern.finditer(text):
            start, end = match.span()
            if not taken[start:end].any():
                taken[start:end] = True
                found.append(Cloze(start, end, kind))
    for start, end in words:
        if end - start >= 2 and not taken[start:end].any() and rarity(text[start:end]) >= rare:
            found.append(Cloze(start, end, "word"))
    return sorted(found)


def _of_text(
    text: str,
    words: Callable[[str], Sequence[tuple[int, int]]],
    rarity: Callable[[str], float],
    per_text: int,
    rare: float,
    dropped: float,
    passage: tuple[int, int],
    rng: np.random.Generator,
) -> Iterator[Example]:
    clauses = [match.span() for match in CLAUSE.finditer(text)]
    begins = [start for start, _ in clauses if len(text) - start >= passage[0]]
    if not begins:
        return
    first = begins[int(rng.integers(len(begins)))]
    context = text[first : first + int(rng.integers(passage[0], passage[1] + 1))]
    cut = list(words(context))
    inside = [match.span() for match in CLAUSE.finditer(context)]
    possible = answers_of(context, cut, rarity, rare)
    asked = 0
    for place in rng.permutation(len(inside)).tolist():
        start, end = inside[place]
        own = [one for one in possible if start <= one.start and one.end <= end]
        if not own or asked == per_text:
            continue
        chosen = own[int(rng.integers(len(own)))]
        answer = context[chosen.start : chosen.end]
        question = _question(context, (start, end), chosen, cut, dropped, rng)
        if answer in question:  # it would ask for what it says
            continue
        asked += 1
        yield Example(question, (context,), ((0, chosen.start, chosen.end),), texts=(answer,))


def _question(
    context: str,
    clause: tuple[int, int],
    chosen: Cloze,
    words: Sequence[tuple[int, int]],
    dropped: float,
    rng: np.random.Generator,
) -> str:
    start, end = clause
    ways = _WORD if chosen.kind == "word" else KINDS[chosen.kind][1]
    kept = np.ones(end - start, bool)
    for a, b in words:
        outside = b <= chosen.start or a >= chosen.end
        if start <= a and b <= end and outside and rng.random() < dropped:
            kept[a - start : b - start] = False
    before = (context[place] for place in range(start, chosen.start) if kept[place - start])
    behind = (context[place] for place in range(chosen.end, end) if kept[place - start])
    text = "".join(before) + ways[int(rng.integers(len(ways)))] + "".join(behind)
    return text.strip().rstrip("。！？；!?;，,") + "？"
