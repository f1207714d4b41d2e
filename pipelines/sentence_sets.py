"""What a sentence encoder may learn from: sentences and pairs of openly licensed text, without the texts of any test.

A sentence that stands in a test or development set, alone or within a longer text, is left out; so is a pair with such a
sentence on either side.  Texts are compared in half width and lower case, without blanks and final marks.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from pretrain import documents
from public_data import data_folder, lines, stop
from titles import titled

from zhnlp.text.holdout import held_out
from zhnlp.text.sentences import split_sentences
from zhnlp.text.width import fold_characters

Pairs = list[tuple[str, str]]
SHORTEST, LONGEST = 6, 64  # characters of a sentence
LOOKED_AT = 2000  # characters of a document
EACH = 6  # sentences drawn from one document, at most
TESTS = (
    "similarity/*/dev.*",
    "similarity/*/test.*",
    "reading/*/dev.*",
    "titles/csl/merged.dev.*",
    "few_shot/fewclue/*/dev*",
    "few_shot/fewclue/*/test*",
    "few_shot/sentiment/valid.*",
    "few_shot/sentiment/test.*",
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FINAL = "。！？；，、：.!?;,:…“”\"'"


def plain(text: str) -> str:
    """A text as it is compared.

    Example:
        >>> plain("ＡＰＰ 退款。") == plain("app退款")
        True
    """
    return "".join(fold_characters(text).lower().split()).strip(_FINAL)


def kept_out(data: str | Path | None = None) -> set[str]:
    """Every text of the tests and development sets, whole and sentence by sentence, as `plain` has it."""
    folder, found = data_folder(data), set()
    files = sorted(file for pattern in TESTS for file in folder.glob(pattern))
    if not files:
        stop(
            f"{folder} has no test sets, so nothing could be kept out. Pass --data FOLDER, or set ZHNLP_DATA."
        )
    for file in files:
        for line in lines(file):
            row = json.loads(line) if ".jsonl" in file.name else line.split("\t")
            for text in _texts(row):
                found.add(plain(text))
                found.update(plain(text[start:end]) for start, end in split_sentences(text))
    return found - {""}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def sentences(text: str, out: set[str]) -> list[str | None]:
    """The sentences of a text, in order; None in place of one that is too short or long, hardly Chinese, or kept ``out``."""
    found: list[str | None] = []
    for start, end in split_sentences(text):
        one = text[start:end]
        fits = SHORTEST <= len(one) <= LONGEST and 2 * len(_HAN.findall(one)) >= len(one)
        found.append(one if fits and plain(one) not in out else None)
    return found


def open_sentences(
    data: str | Path | None, count: int, out: set[str], seed: int = 0
) -> tuple[list[str], Pairs]:
    """Different sentences, ``count`` at most, and as many pairs that follow each other in a paragraph; half of ``open_general``."""
    texts: dict[str, None] = {}
    neighbours: dict[str, Pairs] = {}
    for part, name in enumerate(("open_general", "open")):
        wanted, pairs, chosen = count * (part + 1) // 2, [], random.Random(seed)
        rows = list(documents(data_folder(data) / f"pretrain/{name}.txt.xz"))
        chosen.shuffle(rows)
        for document in rows:
            if len(texts) >= wanted and len(pairs) >= count // 2:
                break
            if held_out(document):
                continue
            begin = chosen.randrange(max(1, len(document) - LOOKED_AT))
            found = [sentences(one, out) for one in document[begin : begin + LOOKED_AT].split("\n")]
            found[0] = found[0][1 if begin else 0 :]  # which may be cut, as may the last
            if begin + LOOKED_AT < len(document):
                del found[-1][-1:]
            alone = [one for row in found for one in row if one is not None]
            for one in chosen.sample(alone, min(EACH, len(alone))):
                if len(texts) < wanted:
                    texts.setdefault(one)
            both = [
                pair for row in found for pair in pairwise(row) if None not in pair and pair[0] != pair[1]
            ]
            pairs += chosen.sample(both, min(EACH, len(both)))
        neighbours[name] = pairs[: count // 2]
    return list(texts), [pair for pairs in neighbours.values() for pair in pairs]


def title_pairs(data: str | Path | None, out: set[str]) -> Pairs:
    """Titles with the sentence of their text that shares most of their bigrams, the title itself aside."""
    found = []
    for one in titled(data):
        if one.held_out or plain(one.title) in out:
            continue
        best = _nearest(one.title, sentences(one.text[:LOOKED_AT], out))
        if best is not None:
            found.append((one.title, best))
    return found


def question_pairs(data: str | Path | None, out: set[str]) -> Pairs:
    """Questions of CMRC's train set with the sentence in which their answer stands."""
    path, found = data_folder(data) / "reading/cmrc2018/train.jsonl.xz", []
    for row in map(json.loads, lines(path)):
        answers, question, text = row["answers"], row["question"].strip(), row["context"]
        answer = (answers["text"] if isinstance(answers, dict) else [one["text"] for one in answers])[0]
        right = [one for one in sentences(text, out) if one and answer in one]
        best = _nearest(question, right)
        if best is not None and plain(question) not in out:
            found.append((question, best))
    return found


def _nearest(text: str, others: Iterable[str | None]) -> str | None:
    grams = {text[n : n + 2] for n in range(len(text) - 1)}
    shared = {one: sum(gram in one for gram in grams) for one in others if one and plain(one) != plain(text)}
    best = max(shared, key=shared.__getitem__, default=None)
    return best if best is not None and shared[best] else None
