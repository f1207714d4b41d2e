"""Fit the weights of the default scorer of domain terms on the two development domains, and print them.

    python pipelines/fit_term_score.py                   # laws and LCTT articles against news; some 2 minutes
    python pipelines/fit_term_score.py --strength 0.01

Features: `zhnlp.mining.terms.scorers.log_odds.features`.  Labels: whether THUOCL's list of the domain has the candidate.
Each domain has its own intercept; laws count twice, since THUOCL IT has three times as many terms.  Candidates that the
default rules reject take part, so the scorer does not depend on the rules.  Candidates that are not listed are sampled
(seed) and weighed up.  Uses only development data: corpora/law, corpora/it, corpora/news of the public sets.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

from harness.data import news_text
from harness.domains import SOURCES, is_term_like, open_domain

from zhnlp.mining.terms.miner import DomainTermMiner
from zhnlp.mining.terms.scorers.log_odds import features

SHARES = {"law": 2.0, "it": 1.0}
SHOWN = 5000  # candidates of each domain above a score of 0


def main() -> None:
    """Mine, fit, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strength", type=float, default=0.003, help="C of the logistic regression")
    parser.add_argument("--sample", type=int, default=40_000, help="unlisted candidates of a domain")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workdir", type=Path, help="folder for the unpacked texts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fit(options, options.workdir or Path(folder))


def fit(options: argparse.Namespace, folder: Path) -> None:
    """Fit and print weights as they stand in log_odds.py."""
    random = np.random.default_rng(options.seed)
    reference = news_text(folder).path
    everything, rows, labels, weights, domains = {}, [], [], [], []
    for place, name in enumerate(SOURCES):
        domain = open_domain(name, folder)
        miner = DomainTermMiner(reference, examples=False)
        miner.fit(domain.text.path).freeze()
        columns = features(miner.candidates.statistics)
        matrix = np.stack(list(columns.values()), axis=1)
        gold = set(domain.gold)
        terms = miner.trie.words(miner.candidates.nodes)
        listed = np.array([term in gold for term in terms])
        other = np.flatnonzero([term not in gold and is_term_like(term) for term in terms])
        chosen = random.choice(other, min(options.sample, other.size), replace=False)
        some = np.concatenate([np.flatnonzero(listed), chosen])
        share = SHARES[name] * 1000 / listed.sum()
        rows.append(matrix[some])
        labels.append(listed[some])
        weights.append(share * np.where(listed[some], 1.0, other.size / chosen.size))
        domains.append(np.full(some.size, place))
        everything[name] = matrix
        print(f"{name}: {listed.size:,} candidates, {listed.sum():,} listed", file=sys.stderr)
    matrix, domain = np.concatenate(rows), np.concatenate(domains)
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0) + 1e-9
    intercepts = 3.0 * (domain[:, None] == np.arange(len(SOURCES)))
    model = LogisticRegression(C=options.strength, max_iter=1000)
    model.fit(
        np.hstack([(matrix - mean) / spread, intercepts]), np.concatenate(labels), np.concatenate(weights)
    )
    found = (model.coef_[0][: mean.size] / spread).round(2)
    cuts = [np.sort(matrix @ found)[-SHOWN] for matrix in everything.values()]
    print(f"INTERCEPT = {-np.mean(cuts):.1f}")
    print("WEIGHTS: dict[str, float] = {")
    for name, weight in zip(columns, found):
        print(f'    "{name}": {weight:g},')
    print("}")


if __name__ == "__main__":
    main()
