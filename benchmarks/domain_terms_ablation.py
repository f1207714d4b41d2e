"""What each group of features gives the default scorer of domain terms: its weights at 0, all others as they are.

    python benchmarks/domain_terms_ablation.py --workdir /tmp/terms --save      # 3 minutes

Development domains and gold as in domain_terms_quality.py; without word vectors; lists of the best 30,000.  Weights are not
fitted anew, so a group whose work others could take over looks more needed than it is.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from unittest import mock

from harness.data import news_text
from harness.domains import SOURCES, open_domain
from harness.own_terms import mine_terms
from harness.report import Report, command

from zhnlp.mining.terms.scorers import log_odds

GROUPS = {
    "contrast with the reference": ("contrast", "head contrast", "least contrast"),
    "frequency": ("frequency",),
    "dispersion": ("burstiness", "one or two documents"),
    "freedom of the ends": ("right entropy", "freedom", "inner freedom"),
    "nesting in longer n-grams": ("goes on", "absorbed", "nested"),
    "number of words": ("one word", "three words or more", "four words or more"),
    "partners of its words": ("first partners", "last partners"),
    "classes of its words": ("begins with", "ends with"),
    "dictionary": ("listed", "is "),
}
TOP = 30_000


def without(names: tuple[str, ...]) -> dict[str, float]:
    """The weights without those whose names begin so."""
    return {name: weight for name, weight in log_odds.WEIGHTS.items() if not name.startswith(names)}


def main() -> int:
    """Measure every group on both domains."""
    parser = command(__doc__)
    options = parser.parse_args()
    report = Report(
        "domain_terms_ablation",
        {
            "task": "task",
            "system": "system",
            "AP, %": lambda line: 100 * line["average_precision"],
            "P@1,000": "precision_1000",
            "P@5,000": "precision_5000",
        },
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.workdir or Path(temporary)
        reference = news_text(folder).path
        for name in SOURCES:
            domain = open_domain(name, folder)
            miner, _ = mine_terms(domain.text.path, reference, vectors=False, examples=False)
            for group, names in {"nothing": (), **GROUPS}.items():
                kept = without(names) if names else log_odds.WEIGHTS
                with mock.patch.object(log_odds, "WEIGHTS", kept):
                    scores = domain.score(miner.ranking("log_odds", TOP))
                report.add(
                    task=f"terms of {name}", system=f"without {group}", **domain.text.facts(), **scores
                )
    report.finish(options.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
