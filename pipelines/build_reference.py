"""Count the general text whose counts ship with the package (`zhnlp/mining/terms/data/general.npz`).

    python pipelines/build_reference.py                          # a minute; pretrain/open_general of the public sets
    python pipelines/build_reference.py --min-count 20 --out workdir/small.npz

Product manuals, of which the set has many, are left out: they would make the terms of computing look general.  What is
written are counts of n-grams of up to ``--max-length`` symbols that occur ``--min-count`` times or more; rarer ones,
and with them the texts, cannot be read from it.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from pretrain import documents
from public_data import data_folder

from zhnlp.mining.terms.reference import ReferenceCounts

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "pretrain/open_general.txt.xz"
MANUALS = re.compile("Dynamics 365|TiDB|Commerce 总部|[Oo]I Wiki")
DESCRIPTION = (
    "general modern Chinese: spoken transcripts, everyday and counselling dialogue, stories, essays and fiction, government "
    "reports, textbooks, reviews, encyclopedia samples (CC0, CC BY, CC BY-SA, MIT, Apache-2.0, public domain)"
)


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--min-count", type=int, default=8)
    parser.add_argument("--max-length", type=int, default=6)
    parser.add_argument("--out", type=Path, default=ROOT / "zhnlp/mining/terms/data/general.npz")
    parser.add_argument("--manuals", action="store_true", help="keep product manuals")
    options = parser.parse_args()
    every = list(documents(data_folder() / SOURCE))
    kept = [text for text in every if options.manuals or not MANUALS.search(text)]
    counts = ReferenceCounts.from_corpus(kept, min_count=options.min_count, max_length=options.max_length)
    counts.source = DESCRIPTION
    counts.save(options.out)
    print(
        f"{len(kept):,} of {len(every):,} documents, {counts.total:,} symbols, "
        f"{counts.ngrams.symbol.size:,} n-grams → {options.out}, {options.out.stat().st_size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
