"""Votes over passages: questions of CMRC2018 dev with their own paragraph among nine of other documents.

    python pipelines/multi_passage.py --models workdir/train_reader/dgcnn-10142-30-0   # a reader that `save` wrote; several may be named
    python pipelines/multi_passage.py --models my-reader --limit 50 --part 25         # to try
    python pipelines/multi_passage.py --models my-reader --table                      # only the table of what is there
    python pipelines/multi_passage.py --models nearest-clause                         # without a reader: the clause that shares most

The nine are those that BM25 (characters and pairs, no model) finds nearest to the question in other documents.  Each question is
read with its ten passages (own one in a place drawn with seed 0), and without its own one: with the nine, and with a tenth in its
place, so that the number of passages says nothing.  EM and F1 are of the first, something being answered always; the AUROC is that of
questions with their paragraph against those without, by the reader's `no_answer`, and by the best score of each rule.  All rules count
the same spans; "max" is the single best span.  A distractor may hold
the answer's string too (share in the table), and then a vote for it is right.

Every part of --part questions is a line of --out at once, and what is there is not read again.  Public sets: reading/cmrc2018
(ZHNLP_DATA, else ../shared/data).

Source: https://kexue.fm/archives/5409 (the vote Σs² / (1 + Σs))
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from few_shot_jobs import Results, default_out, digest, sample, table
from title_jobs import count
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from public_data import data_folder, stop

from zhnlp.metrics.reading import evaluate_reading
from zhnlp.reading import RULES, PassageReader, PassageSearch, vote_score

RECIPE = 2  # part of every key
CANDIDATES = 1000  # answers of a question that are told apart
SIMPLE = "nearest-clause"
CLAUSE = re.compile(r"[^，。！？；：、,!?;:\s]+")


class Question(NamedTuple):
    """A question of the set: its document is the paragraph's."""

    id: str
    document: str
    text: str
    context: str
    answers: list[str]


def questions(data: str | None, most: int | None) -> list[Question]:
    """The questions of dev, at most so many, drawn with seed 0."""
    path = data_folder(data) / "reading" / "cmrc2018" / "dev.jsonl.xz"
    if not path.is_file():
        stop(f"no file {path}. Pass --data FOLDER, or set ZHNLP_DATA.")
    with lzma.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        Question(
            str(row["id"]),
            row.get("title") or str(row.get("context_id", row["context"])),
            row["question"],
            row["context"],
            [one["text"] for one in row["answers"]],
        )
        for row in rows
    ]


def distractors(asked: Sequence[Question], everything: Sequence[Question], number: int) -> list[list[str]]:
    """For each question the ``number`` nearest paragraphs of other documents, best first.

    Raises:
        ValueError: there are not as many other documents.
    """
    owner = {one.context: one.document for one in everything}
    contexts = list(owner)
    search = PassageSearch(contexts)
    found = []
    for one in asked:
        ranked = [place for place, _ in search.best(one.text, len(contexts))]
        nearest = [contexts[place] for place in ranked if owner[contexts[place]] != one.document]
        if len(nearest) < number:
            seen = {*nearest, one.context}
            more = (text for text in contexts if text not in seen and owner[text] != one.document)
            nearest += [text for text, _ in zip(more, range(number - len(nearest)))]
        if len(nearest) < number:
            raise ValueError(f"{one.id} has {len(nearest)} paragraphs of other documents: expected {number}")
        found.append(nearest[:number])
    return found


def ranked(found: dict[str, Any], rule: str) -> tuple[str, float]:
    """The best answer by a rule, and its score; "" and 0 where there is no candidate."""
    best = ("", 0.0, 0.0)
    for one in found["candidates"]:
        scores = [place["score"] for place in one["support"]]
        score = vote_score(scores, rule)
        if (score, scores[0]) > best[1:]:
            best = (one["answer"], score, scores[0])
    return best[:2]


def read_part(
    reader: PassageReader | NearestClause, asked: Sequence[Question], others: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Of each question the answers, their scores, and the best scores without its own paragraph, by rule."""
    drawn = random.Random(0)
    own, nine, ten = [], [], []
    for one, texts in zip(asked, others):
        place = drawn.randrange(len(texts))
        own.append([*texts[:-1][:place], one.context, *texts[:-1][place:]])
        nine.append(list(texts[:-1]))
        ten.append(list(texts))
    rows: dict[str, Any] = {rule: {"em": [], "f1": [], "own": [], "nine": [], "ten": []} for rule in RULES}
    found = {}
    for name, passages in (("own", own), ("nine", nine), ("ten", ten)):
        found[name] = reader.answer(
            [one.text for one in asked],
            passages=passages,
            threshold=0.0,
            no_answer=1.0,
            top_k=CANDIDATES,
            progress=False,
        )
    for rule, row in rows.items():
        answers = []
        for name, results in found.items():
            best = [ranked(one, rule) for one in results]
            row[name] = [round(score, 6) for _, score in best]
            answers = [text for text, _ in best] if name == "own" else answers
        scored = evaluate_reading(answers, [one.answers for one in asked], samples=0, items=True)
        row["em"] = [item["em"] for item in scored["items"]]
        row["f1"] = [round(item["f1"], 6) for item in scored["items"]]
    single = reader.answer(
        [one.text for one in asked],
        context=[one.context for one in asked],
        threshold=0.0,
        no_answer=1.0,
        progress=False,
    )
    alone = evaluate_reading(
        [one["answer"] for one in single], [one.answers for one in asked], samples=0, items=True
    )
    held = [
        any(answer in text for answer in one.answers for text in texts[:-1])
        for one, texts in zip(asked, others)
    ]
    return {
        "rules": rows,
        "no_answer": {name: [one["no_answer"] for one in results] for name, results in found.items()},
        "alone": {name: [round(item[name], 6) for item in alone["items"]] for name in ("em", "f1")},
        "held": held,
    }


class NearestClause:
    """The simple thing: of all clauses of the passages the one that BM25 finds nearest to the question is the answer."""

    def answer(self, questions: Sequence[str], **given: Any) -> list[dict[str, Any]]:
        """As `PassageReader.answer` gives it; scores s of BM25 become s / (s + 10)."""
        passages = given.get("passages") or [[text] for text in given["context"]]
        return [self._one(*both) for both in zip(questions, passages)]

    def _one(self, question: str, passages: Sequence[str]) -> dict[str, Any]:
        found = [clause for text in passages for clause in CLAUSE.findall(text)]
        place, score = (PassageSearch(found).best(question, 1) or [(0, 0.0)])[0]
        score /= score + 10
        best = {"answer": found[place], "support": [{"score": score}]}
        return {"answer": found[place], "no_answer": 1 - score, "candidates": [best]}


def key_of(model: str, asked: Sequence[Question], part: int, options: argparse.Namespace) -> dict:
    """What identifies a part."""
    return {
        "recipe": RECIPE,
        "model": model,
        "weights": None if model == SIMPLE else digest(model),
        "part": part,
        "first": asked[0].id,
        "questions": len(asked),
        "passages": options.passages,
    }


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """How often one of the first is above one of the second, ties for half.

    Example:
        >>> auroc([0.9, 0.5], [0.5, 0.1])
        0.875
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score([1] * len(positive) + [0] * len(negative), [*positive, *negative]))


def report(lines: dict[str, list[dict]]) -> str:
    """The table: a row for each rule of each model, and the own paragraph alone."""
    body = []
    for model, parts in lines.items():
        if not parts:
            continue
        name = Path(model).name
        for rule in RULES:
            pooled = {
                key: [value for part in parts for value in part["rules"][rule][key]]
                for key in ("em", "f1", "own", "nine", "ten")
            }
            body.append(
                [
                    f"{name}, {rule}" + (" (the single best span)" if rule == "max" else ""),
                    f"{100 * fmean(pooled['em']):.2f}",
                    f"{100 * fmean(pooled['f1']):.2f}",
                    f"{auroc(pooled['own'], pooled['nine']):.3f}",
                    f"{auroc(pooled['own'], pooled['ten']):.3f}",
                ]
            )
        absent = {
            key: [-value for part in parts for value in part["no_answer"][key]]
            for key in ("own", "nine", "ten")
        }
        aurocs = [f"{auroc(absent['own'], absent[key]):.3f}" for key in ("nine", "ten")]
        body.append([f"{name}, no_answer", "", "", *aurocs])
        alone = {key: [value for part in parts for value in part["alone"][key]] for key in ("em", "f1")}
        body.append(
            [
                f"{name}, own paragraph alone",
                *(f"{100 * fmean(alone[key]):.2f}" for key in ("em", "f1")),
                "",
                "",
            ]
        )
    head = ["ten passages", "EM", "F1", "AUROC, removed", "AUROC, replaced"]
    held = [value for parts in lines.values() for part in parts for value in part["held"]]
    share = f" The answer's string stands in a distractor too of {fmean(held):.1%} of them." if held else ""
    number = max((sum(len(part["held"]) for part in parts) for parts in lines.values()), default=0)
    return f"{table(head, body)}\n\n{number:,} questions of CMRC2018 dev.{share}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--models", nargs="+", required=True, help=f"folders or names of readers, or {SIMPLE}")
    add("--passages", type=count, default=10, help="of each question (default: %(default)s)")
    add("--part", type=count, default=200, help="questions of a line (default: %(default)s)")
    add("--limit", type=count, help="questions at most")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add(
        "--out",
        type=Path,
        default=default_out("multi_passage"),
        help="lines of results (default: %(default)s)",
    )
    add("--table", action="store_true", help="only print the table of what is there")
    return made


def main() -> None:
    """Read what is missing, print the table."""
    options = parser().parse_args()
    everything = questions(options.data, None)
    chosen = [everything[number] for number in sample(everything, options.limit, 0)]
    parts = [chosen[first : first + options.part] for first in range(0, len(chosen), options.part)]
    results, lines = Results(options.out), {}
    for model in options.models:
        lines[model] = []
        reader: PassageReader | NearestClause | None = None
        for number, asked in enumerate(tqdm(parts, file=sys.stderr, unit="part", desc=Path(model).name)):
            key = key_of(model, asked, number, options)
            line = results.find(key)
            if line is None and not options.table:
                reader = reader or (
                    NearestClause() if model == SIMPLE else PassageReader(model, progress=False)
                )
                others = distractors(asked, everything, options.passages)
                line = results.get(key, partial(read_part, reader, asked, others))
            if line is not None:
                lines[model].append(line)
    text = report(lines)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
