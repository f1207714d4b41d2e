"""What the few-shot benchmarks are made of: the peer gives our numbers, candidates are scored as a classifier would.

Run: pytest tests/benchmarks/test_few_shot.py
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import template_rank  # noqa: E402
import zero_shot_speed  # noqa: E402

from zhnlp.few_shot import PromptClassifier  # noqa: E402
from zhnlp.few_shot.network import Network  # noqa: E402

TEXTS = ["味道很好，下次还来。", "又脏又贵，太失望了。", "一般。"]


def test_the_peer_gives_our_log_odds():
    exact = zero_shot_speed.ours("zhnlp-mlm-small", "float32", "none")(TEXTS)
    for batch_size in (None, 2):
        theirs = zero_shot_speed.fill_mask("zhnlp-mlm-small", "float32", batch_size)(TEXTS)
        assert theirs == pytest.approx(exact, abs=1e-3)
    calibrated = zero_shot_speed.ours("zhnlp-mlm-small", "float32", "content-free")(TEXTS)
    assert np.ptp(calibrated - exact) == pytest.approx(0, abs=1e-6) and abs(calibrated - exact).min() > 0.01


def test_the_best_run_counts_and_the_first_warms_up():
    calls = {"a": 0, "b": 0}

    def run(name):
        def count(texts):
            calls[name] += 1
            return np.full(len(texts), calls[name])

        return count

    wall, cpu, odds = zero_shot_speed.measure({name: run(name) for name in calls}, TEXTS, repeats=2)
    assert calls == {"a": 3, "b": 3} and wall.keys() == cpu.keys() == odds.keys()
    assert odds["a"].tolist() == [3, 3, 3]


def test_candidates_are_scored_as_a_classifier_would():
    labels = {"正面": ["好", "喜欢"], "负面": ["差"]}
    templates = ["{text}。总之，很{mask}。", "很{mask}。{text}"]
    data = template_rank.Data(labels, "sentiment", TEXTS, TEXTS[::-1], ["正面", "负面", "正面"], [0, 0, 1])
    rows = [{"template": template, "labels": labels} for template in templates]
    hits = template_rank.hits_of(rows, data, Network(dtype="float32", max_length=128))
    for row, hit in zip(rows, hits):
        classifier = PromptClassifier(row["template"], labels, dtype="float32", max_length=128)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert hit.tolist() == template_rank.ensemble_hits(classifier, data).tolist()


def test_the_spread_is_that_of_parts():
    hits = np.array([True, True, False, False, True, False])
    assert template_rank.fold_spread(hits, [0, 0, 1, 1, 2, 2]) == pytest.approx(np.std([1, 0, 0.5], ddof=1))
