"""Scorers by hand on toy statistics and a toy pair of corpora, G² against scipy, and what every scorer must hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.terms import DomainTermMiner
from zhnlp.mining.terms.reference import ReferenceCounts
from zhnlp.mining.terms.scorers import SCORERS, LogOdds, Scorer, make_scorer, toy_statistics
from zhnlp.mining.terms.scorers.log_odds import WEIGHTS, features
from zhnlp.mining.terms.word_classes import WordClass


def score(name, **columns):
    return make_scorer(name).score(toy_statistics(**columns))


# by hand ----------------------------------------------------------------------------------------------------


def test_ratio_by_hand():
    # totals 100 and 200: there = 0, 4 / 2, 20 / 2; t = 8, 6, 12; m = 26 / 3
    found = score("ratio", count=[8, 4, 2], reference_count=[0, 4, 20], total=100, reference_total=200)
    m = 26 / 3
    assert found == pytest.approx([(8 + m / 2) / (8 + m), (4 + m / 2) / (6 + m), (2 + m / 2) / (12 + m)])


def test_ratio_of_equal_rates_is_one_half():
    found = score("ratio", count=[7, 1, 300], reference_count=[21, 3, 900], total=1000, reference_total=3000)
    assert found == pytest.approx([0.5] * 3, abs=1e-12)


def test_ratio_goes_from_one_half_to_one_with_the_count():
    counts = np.array([0, 1, 10, 100, 10_000, 10**9])
    # many others hold the mean in place
    found = score("ratio", count=[*counts, *[50] * 10**6], reference_count=[0] * 6 + [50] * 10**6)[:6]
    assert found[0] == 0.5 and (np.diff(found) > 0).all()
    assert found[1] < 0.501 and 0.9 < found[4] < found[5] < 1


def test_weirdness_by_hand():
    found = score("weirdness", count=[8, 4], reference_count=[0, 3], total=200, reference_total=1000)
    assert found == pytest.approx([(8 / 200) / (1 / 1000), (4 / 200) / (4 / 1000)])


def test_tf_idf_by_hand():
    found = score("tf_idf", document_count=[9, 1, 4], reference_count=[0, 0, 9], reference_total=1000)
    expected = [math.log(10) * math.log(1000), math.log(2) * math.log(1000), math.log(5) * math.log(100)]
    assert found == pytest.approx(expected)
    assert score("tf_idf", document_count=[9], reference_count=[1000])[0] == 0.0  # never below


def test_c_value_of_a_transformer_inside_a_main_transformer():
    """变压器 10 times, 6 of them in 主变压器 and 2 in 变压器油."""
    found = score("c_value", count=[10, 6, 2], length=[3, 4, 4], containers=[2, 0, 0], inside=[8, 0, 0])
    assert found == pytest.approx([math.log2(3) * (10 - 8 / 2), 2 * 6, 2 * 2])


def test_log_likelihood_by_hand():
    # 8 of 100 here, 2 of 300 there: rate 10 / 400
    cells = [(8, 2.5), (2, 7.5), (92, 97.5), (298, 292.5)]
    g2 = 2 * sum(o * math.log(o / e) for o, e in cells)
    found = score("log_likelihood", count=[8], reference_count=[2], total=100, reference_total=300)
    assert found == pytest.approx([g2])


# G² against scipy -------------------------------------------------------------------------------------------

totals = st.integers(1, 10**7)


@settings(max_examples=150, deadline=None)
@given(totals, totals, st.data())
def test_log_likelihood_equals_scipy_with_a_sign(total, reference_total, data):
    stats = pytest.importorskip("scipy.stats")
    here = data.draw(st.integers(0, total))
    there = data.draw(st.integers(0, reference_total))
    found = score(
        "log_likelihood", count=[here], reference_count=[there], total=total, reference_total=reference_total
    )[0]
    table = np.array([[here, there], [total - here, reference_total - there]])
    if (table.sum(1) == 0).any():
        assert found == 0.0
        return
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert abs(found) == pytest.approx(expected, rel=1e-6, abs=1e-6 + 1e-13 * (total + reference_total))
    if abs(found) > 1e-3:
        assert (found > 0) == (here * reference_total > there * total)


# what all hold ----------------------------------------------------------------------------------------------

counts = st.integers(1, 10**6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(counts, st.integers(0, 10**7), st.integers(2, 12)), min_size=1, max_size=8))
def test_every_score_is_finite_and_rises_as_the_reference_count_falls(rows):
    count, reference_count, length = map(list, zip(*rows))
    size = {"total": 10**8, "reference_total": 10**8, "length": length}
    documents = [max(1, c // 3) for c in count]
    columns = {"count": count, "document_count": documents, **size}
    for name in SCORERS:
        found = score(name, **columns, reference_count=reference_count)
        assert found.shape == (len(rows),) and found.dtype == np.float64
        assert np.isfinite(found).all(), name
        without = score(name, **columns, reference_count=[0] * len(rows))
        if name != "ratio":  # its mean goes with the counts of all candidates
            assert (without >= found).all(), name


@pytest.mark.parametrize("name", SCORERS)
def test_no_candidates_have_no_scores(name):
    assert score(name, count=[]).shape == (0,)


@pytest.mark.parametrize("name", SCORERS)
def test_an_empty_reference_and_domain_divide_by_nothing(name):
    with np.errstate(all="raise"):
        found = score(name, total=0, reference_total=0)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", ["ratio", "log_likelihood", "weirdness", "tf_idf", "log_odds"])
def test_a_word_of_the_domain_only_is_first_and_not_last(name):
    """The published code of post 6540 gave such words no score, and so the last places."""
    here, there = [50, 50, 50, 50], [0, 5, 50, 500]
    found = score(name, count=here, reference_count=there, document_count=[50] * 4)
    assert np.argsort(-found).tolist() == [0, 1, 2, 3]
    assert name != "ratio" or found[0] > 0.5


def test_boilerplate_of_one_document_sinks():
    """Both occur 40 times here and never elsewhere; one of them in a single document."""
    found = score("tf_idf", count=[40, 40], reference_count=[0, 0], document_count=[40, 1])
    assert found[0] > 5 * found[1]
    found = score("log_odds", count=[40, 40], reference_count=[0, 0], document_count=[3, 2])
    assert found[0] > found[1]


# the default ------------------------------------------------------------------------------------------------


def rich_statistics(**changes):
    """A candidate of two words where every feature has room to move."""
    columns = {
        "total": 10**6,
        "reference_total": 10**6,
        "count": 60,
        "document_count": 20,
        "reference_count": 9,
        "length": 4,
        "left_entropy": 1.5,
        "right_entropy": 1.2,
        "inner_left_entropy": 1.0,
        "right_extension": 20,
        "absorbed": 0,
        "inside": 30,
        "units": 2,
        "first_class": int(WordClass.NOUN),
        "last_class": int(WordClass.NOUN),
        "own_class": int(WordClass.UNLISTED),
        "first_contrast": 0.5,
        "last_contrast": 1.0,
        "first_partners": 4,
        "last_partners": 4,
    }
    columns |= changes
    return toy_statistics(**{k: v if k.endswith("total") else [v] for k, v in columns.items()})


MOVES = {  # a change that raises this feature (and at most those named behind it)
    "contrast": {"reference_count": 2},
    "burstiness": {"document_count": 10},
    "one or two documents": ({"document_count": 2}, "burstiness"),
    "right entropy": {"right_entropy": 1.4, "left_entropy": 1.2},
    "freedom": ({"left_entropy": 1.15}, None),
    "inner freedom": {"inner_left_entropy": 1.8},
    "goes on": {"right_extension": 40},
    "absorbed": {"absorbed": 1},
    "nested": {"inside": 90},
    "head contrast": ({"last_contrast": 2.0}, "least contrast"),
    "least contrast": {"first_contrast": 0.9},
    "first partners": {"first_partners": 40},
    "last partners": {"last_partners": 40},
    "listed": {"own_class": int(WordClass.IDIOM)},
    "three words or more": {"units": 3},
}


@pytest.mark.parametrize("name", MOVES)
def test_a_feature_moves_the_score_by_its_weight(name):
    change, *beside = MOVES[name] if isinstance(MOVES[name], tuple) else (MOVES[name],)
    before, after = rich_statistics(), rich_statistics(**change)
    moved = {key: (features(after)[key] - features(before)[key])[0] for key in WEIGHTS}
    if None not in beside:
        assert moved[name] > 0
    assert {key for key, by in moved.items() if by} <= {name, *beside}
    by = (LogOdds().score(after) - LogOdds().score(before))[0]
    assert by == pytest.approx(sum(WEIGHTS[key] * moved[key] for key in moved))
    if not beside:
        assert by * WEIGHTS[name] > 0


@pytest.mark.parametrize("kind", ["FUNCTION", "NUMBER", "PLACE", "VERB", "NAME", "UNLISTED"])
def test_a_class_counts_at_the_ends_of_several_words_and_of_a_listed_whole(kind):
    plain = LogOdds().score(rich_statistics())[0]
    number = int(WordClass[kind])
    for end in ("first", "last"):
        name = f"{'begins' if end == 'first' else 'ends'} with {kind.lower()}"
        found = LogOdds().score(rich_statistics(**{f"{end}_class": number}))[0]
        assert found - plain == pytest.approx(WEIGHTS[name]) and WEIGHTS[name] < 0
        alone = rich_statistics(units=1, **{f"{end}_class": number})
        assert features(alone)[name][0] == 0  # one word: its class is that of the whole
    if kind != "UNLISTED":
        found = LogOdds().score(rich_statistics(own_class=number))[0]
        assert found - plain == pytest.approx(WEIGHTS["listed"] + WEIGHTS[f"is {kind.lower()}"])


def test_every_weight_is_of_a_feature_and_every_feature_has_a_weight():
    assert WEIGHTS.keys() == features(rich_statistics()).keys()
    assert all(math.isfinite(weight) and weight for weight in WEIGHTS.values())


def test_frequency_is_a_rate():
    """The same text twice as long, with twice the counts, scores as before where no smoothing is felt."""
    one = rich_statistics(count=6000, reference_count=900, document_count=2000)
    two = rich_statistics(
        **{"count": 12000, "reference_count": 900, "document_count": 4000, "total": 2 * 10**6},
        **{"right_extension": 40, "inside": 60},
    )
    for name in ("frequency", "contrast", "burstiness"):
        assert features(one)[name] == pytest.approx(features(two)[name], abs=1e-3), name


# names ------------------------------------------------------------------------------------------------------


def test_scorers_are_made_by_name_or_given():
    assert [make_scorer(name).name for name in SCORERS] == list(SCORERS)
    assert make_scorer("log-likelihood").name == "log_likelihood"
    given_scorer = LogOdds()
    assert make_scorer(given_scorer) is given_scorer
    with pytest.raises(ValueError, match=r"scorer='weirdnes' is not known: expected one of 'weirdness'"):
        make_scorer("weirdnes")
    with pytest.raises(TypeError, match="has no score"):
        Scorer.score(type("Nothing", (Scorer,), {"name": "nothing"})(), toy_statistics())
    with pytest.raises(TypeError, match="no statistic called 'counts'"):
        toy_statistics(counts=[1])


# a toy pair of corpora --------------------------------------------------------------------------------------


def test_a_toy_pair_of_corpora_end_to_end():
    domain = ["变压器漏油。", "检修变压器。", "变压器油。", "今天下雨。", "主变压器。", "主变压器停运。"] * 4
    general = ["今天下雨。", "今天下雪。", "明天下雨。", "变压器。"] * 4
    reference = ReferenceCounts.from_corpus(general, min_count=1)
    miner = DomainTermMiner(reference, min_count=8, rules=[], progress=False).fit(domain)
    rows = {row["term"]: row for row in miner.freeze()}
    row = rows["变压器"]
    total, other = count_ngrams(encode_texts(domain)).total, reference.total
    assert (row["count"], row["reference_count"], row["document_count"]) == (20, 4, 20)
    assert row["weirdness"] == pytest.approx((20 / total) / (5 / other), abs=1e-6)
    assert row["tf_idf"] == pytest.approx(math.log(21) * math.log(other / 5), abs=1e-6)
    # containers among the candidates: 主变压器 (8 times); nothing else that holds 变压器 occurs 8 times
    assert row["c_value"] == pytest.approx(math.log2(3) * (20 - 8), abs=1e-6)
    assert rows["主变压器"]["c_value"] == pytest.approx(2 * 8, abs=1e-6)
    assert rows["主变压器"]["nested"] == ["变压器"]
    g2 = score("log_likelihood", count=[20], reference_count=[4], total=total, reference_total=other)
    assert row["log_likelihood"] == pytest.approx(g2[0], abs=1e-6)
