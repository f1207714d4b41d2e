"""The reviews of post 7764 (https://kexue.fm/archives/7764) as texts, or as a table for classifiers.

    python corpora/sentiment.py --split train --out workdir/reviews.txt
    python corpora/sentiment.py --split train --labels 168 --out workdir/few.tsv

Reads ``text<TAB>label`` (1 = positive, 0 = negative; public set: few_shot/sentiment/*.tsv.xz, research use only).  With
``--labels N`` the first N rows are written as ``text<TAB>label``; the first 168 of train are those the post calls labelled.
"""

from __future__ import annotations

import sys
from pathlib import Path

from public_data import command, data_folder, inputs, lines, stop, write

SIZES = {"train": (8_588, 8_295), "valid": (1_037, 1_074), "test": (1_052, 1_059)}  # positive, negative
LABELLED = 168  # one in a hundred of train
FOLDER = "few_shot/sentiment"


def reviews(path: Path) -> tuple[list[str], list[int]]:
    """Texts and labels (1 positive, 0 negative) of a file; exits 2 at a row that has none."""
    texts, labels = [], []
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        text, tab, label = line.rpartition("\t")
        if not tab or label not in ("0", "1"):
            stop(f"{path}, line {number}: expected text<TAB>0 or 1, got {line[-60:]!r}.")
        texts.append(text)
        labels.append(int(label))
    return texts, labels


def load(split: str, data: str | Path | None = None) -> tuple[list[str], list[int]]:
    """Texts and labels of "train", "valid" or "test" of the public set, as many as the post says.

    Raises:
        SystemExit: the file is missing, or of another size (exit code 2).
    """
    path = data_folder(data) / FOLDER / f"{split}.tsv.xz"
    if not path.is_file():
        stop(f"no file {path}. Pass --data FOLDER, or set ZHNLP_DATA.")
    texts, labels = reviews(path)
    found = (sum(labels), len(labels) - sum(labels))
    if found != SIZES[split]:
        stop(
            f"{path} has {found} positive and negative reviews: expected {SIZES[split]}. Likely another set."
        )
    return texts, labels


def main() -> int:
    """Read the reviews, write texts, or some of them with labels."""
    parser = command(__doc__)
    parser.add_argument("--split", choices=SIZES, default="train", help="which part (default: %(default)s)")
    parser.add_argument("--labels", type=int, metavar="N", help="write the first N rows as text<TAB>label")
    options = parser.parse_args()
    if options.labels is None:
        paths = inputs(options, f"{FOLDER}/{options.split}.tsv.xz")
        return write((text for path in paths for text in reviews(path)[0]), options)
    if options.labels < 1:
        stop(f"got --labels {options.labels}: expected at least 1.")
    if options.format != "txt" or options.characters is not None:
        stop("--labels writes whole rows of text<TAB>label: leave --format and --characters out.")
    rows = [
        row for path in inputs(options, f"{FOLDER}/{options.split}.tsv.xz") for row in zip(*reviews(path))
    ]
    return write((f"{' '.join(text.split())}\t{label}" for text, label in rows[: options.labels]), options)


if __name__ == "__main__":
    sys.exit(main())
