"""The development domains of domain terms: texts, gold lists, and how a ranked list is scored, for every system alike."""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from harness.data import TextFile, find, it_text, law_text
from harness.lexicons import HAN
from harness.report import RESULTS
from zhnlp.metrics import evaluate_terms, gold_words, occurring_terms

RANKS = (100, 500, 1000, 5000)
MIN_COUNT = 5
LENGTHS = range(2, 9)  # characters of a gold term
SOURCES = {"law": (law_text, "lexicons/thuocl/law.txt"), "it": (it_text, "lexicons/thuocl/IT.txt")}


def is_term_like(word: str) -> bool:
    """Whether a word has 2 to 8 characters, all Han, as every gold term has."""
    return len(word) in LENGTHS and HAN.fullmatch(word) is not None


@dataclass
class Domain:
    """A domain's text and the terms of its gold list that occur there, 2-8 Han, `MIN_COUNT` times as substrings."""

    name: str
    text: TextFile
    lexicon: list[str]
    gold: list[str] = field(init=False)

    def __post_init__(self):
        self.gold = occurring_terms(self.lexicon, self.text.path, min_count=MIN_COUNT)

    def candidates(self, ranked: list[str]) -> list[str]:
        """Those words of a ranked list that gold could have: 2-8 Han that occur often enough."""
        given = [word for word in dict.fromkeys(ranked) if is_term_like(word)]
        return occurring_terms(given, self.text.path, min_count=MIN_COUNT)

    def score(self, ranked: list[str]) -> dict:
        """Scores of the candidates of a ranked list."""
        listed = self.candidates(ranked)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lists shorter than 5,000
            scores = evaluate_terms(listed, self.gold, k=RANKS)
        return {
            "average_precision": scores["average_precision"],
            **{f"precision_{k}": scores["precision_at"][k] for k in RANKS},
            **{f"recall_{k}": scores["recall_at"][k] for k in RANKS},
            "recall": scores["recall"],
            "candidates": len(listed),
            "hits": scores["hits"],
            "gold": len(self.gold),
        }


def open_domain(name: str, folder: Path) -> Domain:
    """A development domain by name, its text written into ``folder``."""
    make_text, lexicon = SOURCES[name]
    return Domain(name, make_text(folder), gold_words(find(lexicon), max_length=LENGTHS[-1]))


def hand_check_path(domain: str) -> Path:
    """Where the judged top 100 of a domain lies."""
    return RESULTS / f"domain_terms_{domain}_top100.tsv"


def to_judge(domain: Domain, rows: list[dict], size: int = 100) -> list[dict]:
    """The terms among the first ``size`` of a table that the gold lexicon, whole, does not have."""
    lexicon = set(domain.lexicon)
    return [
        {"rank": rank, "term": row["term"], "count": row["count"]}
        for rank, row in enumerate(rows[:size], 1)
        if row["term"] not in lexicon
    ]


def write_hand_check(path: Path, rows: list[dict]) -> int:
    """Write the terms with an empty column to fill with 1 or 0; judgements made before stay.  How many are open."""
    before = read_hand_check(path) if path.is_file() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, ["term", "judged", "rank", "count"], delimiter="\t", lineterminator="\n"
        )
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, "judged": before.get(row["term"], "")})
    return sum(row["term"] not in before for row in rows)


def read_hand_check(path: Path) -> dict[str, int]:
    """Judged terms of a file: 1 is a term, 0 is not; those without a judgement are left out."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    judged = {row["term"]: row["judged"].strip() for row in rows if row["judged"].strip()}
    wrong = {term: mark for term, mark in judged.items() if mark not in ("0", "1")}
    if wrong:
        raise SystemExit(f"error: {path}: expected 1 (a term) or 0 (none) as judged, got {wrong}")
    return {term: int(mark) for term, mark in judged.items()}
