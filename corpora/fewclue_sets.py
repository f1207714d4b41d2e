"""FewCLUE, nine tasks in five folds: rows of a task as texts and labels, or as a table for classifiers.

    python corpora/fewclue_sets.py --task eprstmt --split train_0 --out workdir/few.tsv
    python corpora/fewclue_sets.py --task tnews --split unlabeled --out workdir/headlines.txt
    python corpora/fewclue_sets.py --check

A split is train_0 … train_4, dev_0 … dev_4, test_public or unlabeled.  One with labels is written as
``text<TAB>label`` (pairs: ``text_a<TAB>text_b<TAB>label``), one without as texts.  ``--check`` compares the sizes of
all files that are there with the paper's.  Rows of a file may be sorted by their label: draw a sample, never take the first.
Public set: few_shot/fewclue/<task>/*.jsonl.xz, research use only.

Source: https://arxiv.org/abs/2107.07498
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from public_data import command, data_folder, records, stop, write

FOLDER = "few_shot/fewclue"
FOLDS = 5
IDIOM = "#idiom#"
NEWS = {
    **{100: "故事", 101: "文化", 102: "娱乐", 103: "体育", 104: "财经", 106: "房产", 107: "汽车"},
    **{
        108: "教育",
        109: "科技",
        110: "军事",
        112: "旅游",
        113: "国际",
        114: "股票",
        115: "农业",
        116: "电竞",
    },
}  # the names that the set itself gives its numbers


@dataclass(frozen=True)
class Task:
    """One task: where it lies, what a row says, and how many rows the paper counts.

    ``example(row)`` is a text, a pair ``{"text_a", "text_b"}``, or for "chid" a pair with the blank between its two
    texts; ``label(row)`` the right class, for "chid" the number of the right candidate.
    """

    name: str
    folder: str
    sizes: dict[str, int]
    classes: int
    example: Callable[[dict], Any]
    label: Callable[[dict], Any]
    choice: bool = False


@dataclass
class Split:
    """Rows of one file: examples, their labels (empty where the file has none), and for "chid" the candidates."""

    examples: list
    labels: list
    candidates: list[list[str]] | None = None

    def __len__(self) -> int:
        return len(self.examples)


def _pair(first: str, second: str) -> dict[str, str]:
    return {"text_a": first, "text_b": second}


def _pronoun(row: dict) -> dict[str, str]:
    """The text, and what is claimed of it."""
    target = row["target"]
    return _pair(row["text"], f"“{target['span2_text']}”指的是“{target['span1_text']}”")


def _gap(row: dict) -> dict[str, str]:
    before, gap, after = row["content"].partition(IDIOM)
    if not gap:
        stop(f"a row of chid has no {IDIOM}: {row['content'][:60]!r}.")
    return _pair(before, after)


def _same(row: dict) -> Any:
    return row["label"]


def _sizes(train: int, dev: int, test: int, unlabelled: int) -> dict[str, int]:
    return {"train": train, "dev": dev, "test_public": test, "unlabeled": unlabelled}


TASKS = {
    task.name: task
    for task in (
        Task("eprstmt", "eprstmt", _sizes(32, 32, 610, 19565), 2, lambda row: row["sentence"], _same),
        Task("csldcp", "csldcp", _sizes(536, 536, 1784, 18111), 67, lambda row: row["content"], _same),
        Task(
            "tnews",
            "tnews",
            _sizes(240, 240, 2010, 20000),
            15,
            lambda row: row["sentence"],
            lambda row: NEWS[int(row["label"])],
        ),
        Task(
            "iflytek",
            "iflytek",
            _sizes(928, 690, 1749, 7558),
            119,
            lambda row: row["sentence"],
            lambda row: row["label_des"],
        ),
        Task(
            "ocnli",
            "ocnli",
            _sizes(32, 32, 2520, 20000),
            3,
            lambda row: _pair(row["sentence1"], row["sentence2"]),
            _same,
        ),
        Task(
            "bustm",
            "bustm",
            _sizes(32, 32, 1772, 4251),
            2,
            lambda row: _pair(row["sentence1"], row["sentence2"]),
            _same,
        ),
        Task("chid", "chid", _sizes(42, 42, 2002, 7585), 7, _gap, lambda row: row["answer"], choice=True),
        Task(
            "csl",
            "csl",
            _sizes(32, 32, 2828, 19841),  # test_public has 2,838 lines, ten more than the paper counts
            2,
            lambda row: _pair(row["abst"], "、".join(row["keyword"])),
            _same,
        ),
        Task("wsc", "cluewsc", _sizes(32, 32, 976, 0), 2, _pronoun, _same),
    )
}


def path_of(task: str, split: str, data: str | Path | None = None) -> Path | None:
    """The file of a split, packed or not; None where it is not there."""
    folder = data_folder(data) / FOLDER / TASKS[task].folder
    return next(
        (
            path
            for ending in (".jsonl.xz", ".jsonl", ".json")
            if (path := folder / (split + ending)).is_file()
        ),
        None,
    )


def load(task: str, split: str, data: str | Path | None = None) -> Split:
    """The rows of a split; rows without a label (``unlabeled``) have none.

    Raises:
        SystemExit: no such file, or rows of another form (exit code 2).
    """
    path, kind = path_of(task, split, data), TASKS[task]
    if path is None:
        folder = data_folder(data) / FOLDER / kind.folder
        stop(f"no {split}.jsonl.xz in {folder}. Pass --data FOLDER, or set ZHNLP_DATA.")
    rows = list(records(path))
    bare = split == "unlabeled"
    try:
        rows = [row for row in rows if bare or row.get("label", row.get("answer")) != "-"]
        found = Split(
            [kind.example(row) for row in rows],
            [] if bare else [kind.label(row) for row in rows],
            [list(row["candidates"]) for row in rows] if kind.choice else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        stop(
            f"{path}: a row is not of {task} ({type(error).__name__}: {error}). Likely a file of another task."
        )
    return found


def size_of(task: str, split: str) -> int:
    """Rows that the paper counts in a split."""
    return TASKS[task].sizes[split.partition("_")[0] if split[-1].isdigit() else split]


def check(data: str | Path | None = None) -> list[str]:
    """What differs from the paper's sizes among the files that are there: a line each; [] where nothing does."""
    wrong = []
    names = [f"{part}_{fold}" for part in ("train", "dev") for fold in range(FOLDS)]
    for task in TASKS:
        for split in [*names, "test_public", "unlabeled"]:
            if path_of(task, split, data) is None:
                continue
            found, expected = len(load(task, split, data)), size_of(task, split)
            if found != expected:
                wrong.append(f"{task} {split}: {found:,} rows, the paper has {expected:,}")
    return wrong


def main() -> int:
    """Read one split, write it; or compare all sizes."""
    parser = command(__doc__)
    parser.add_argument("--task", choices=TASKS, default="eprstmt", help="which task (default: %(default)s)")
    parser.add_argument("--split", default="train_0", help="which file (default: %(default)s)")
    parser.add_argument(
        "--check", action="store_true", help="compare the sizes of all files with the paper's"
    )
    options = parser.parse_args()
    if options.inputs:
        stop(
            "fewclue_sets.py reads whole task folders: name them with --data, the file with --task and --split."
        )
    if options.check:
        wrong = check(options.data)
        print("\n".join(wrong) or "all files that are there have the paper's sizes")
        return 1 if wrong else 0
    found = load(options.task, options.split, options.data)
    if found.candidates is not None:
        rows = (
            json.dumps(
                {**example, "candidates": words, **({"answer": answer} if found.labels else {})},
                ensure_ascii=False,
            )
            for example, words, answer in zip(
                found.examples, found.candidates, found.labels or found.examples
            )
        )
        return write(rows, options)
    cells = [list(row.values()) if isinstance(row, dict) else [row] for row in found.examples]
    if found.labels:
        cells = [[*row, str(label)] for row, label in zip(cells, found.labels)]
    return write(("\t".join(" ".join(cell.split()) for cell in row) for row in cells), options)


if __name__ == "__main__":
    sys.exit(main())
