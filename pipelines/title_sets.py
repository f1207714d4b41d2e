"""Articles with titles of the public sets, and how they are split."""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from public_data import data_folder, stop

Pairs = list[tuple[str, str]]
TEST, VALID = 1000, 500  # news items, the last by date and those before them


def rows(name: str, data: str | Path | None = None) -> list[dict]:
    """The rows of a packed .jsonl of the public sets; exits 2 where it is missing."""
    path = data_folder(data) / name
    if not path.is_file():
        stop(f"no file {path}. Pass --data FOLDER, or set ZHNLP_DATA.")
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def news(data: str | Path | None = None) -> dict[str, Pairs]:
    """Train, valid and test of the broadcast news, in the order of their dates."""
    items = sorted(rows("corpora/news.jsonl.xz", data), key=lambda item: item["date"])
    pairs = [(item["content"].strip(), item["title"].strip()) for item in items]
    pairs = [(article, title) for article, title in pairs if article and title]
    return {
        "train": pairs[: -TEST - VALID],
        "valid": pairs[-TEST - VALID : -TEST],
        "test": pairs[-TEST:],
    }


def csl(data: str | Path | None = None) -> Pairs:
    """Abstracts of scientific articles with their titles (dev of CSL)."""
    return [(row["abstract"], row["title"]) for row in rows("titles/csl/merged.dev.jsonl.xz", data)]
