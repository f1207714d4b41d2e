"""Each mixture against scipy, scikit-learn or the figures of its article, and its refusals.

Run: pytest tests/generative/theory/em/test_models.py
"""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linear_sum_assignment
from sklearn import mixture
from sklearn.datasets import load_digits, load_iris
from sklearn.metrics import confusion_matrix

from zhnlp.generative.theory.em import (
    EM,
    PLSA,
    BernoulliMixture,
    CoinMixture,
    GaussianMixture,
    MultinomialMixture,
)
from zhnlp.generative.theory.em.multinomials import raised


@pytest.mark.parametrize("kind", ["full", "diagonal", "spherical"])
def test_gaussians_end_where_scikit_learn_does(kind):
    x = load_iris().data
    means, covariance = x[[0, 60, 120]], np.cov(x.T)
    theirs = mixture.GaussianMixture(
        3,
        covariance_type={"full": "full", "diagonal": "diag", "spherical": "spherical"}[kind],
        reg_covar=1e-6,
        tol=1e-9,
        max_iter=1000,
        means_init=means,
        weights_init=np.full(3, 1 / 3),
        precisions_init={
            "full": np.stack([np.linalg.inv(covariance)] * 3),
            "diagonal": np.tile(1 / np.diag(covariance), (3, 1)),
            "spherical": np.full(3, 4 / np.trace(covariance)),
        }[kind],
    ).fit(x)
    model = GaussianMixture(3, kind, means=means, covariances=np.stack([covariance] * 3))
    ours = EM(model, tolerance=1e-9, max_iterations=1000).fit(x)
    assert ours.log_likelihood_ == pytest.approx(theirs.score(x), abs=1e-4)
    assert len(x) * ours.log_likelihood_ == pytest.approx(len(x) * theirs.score(x), abs=1e-3 * len(x))
    assert (ours.predict(x) == theirs.predict(x)).mean() > 0.99
    assert ours.model_.weights_ == pytest.approx(theirs.weights_, abs=1e-3)


def test_gaussian_density_is_that_of_scipy():
    model = GaussianMixture(2, means=[[0, 0], [1, 2]], covariances=[[[2, 0.5], [0.5, 1]], [[1, 0], [0, 3]]])
    x = np.random.default_rng(0).normal(size=(5, 2))
    model.start(x, np.random.default_rng(0))
    for number in range(2):
        expected = stats.multivariate_normal(model.means[number], model.covariances[number]).logpdf(x)
        assert np.allclose(model.log_density(x)[:, number], expected)


def test_no_variance_gets_below_the_floor():
    x = np.column_stack([np.arange(10.0), np.zeros(10)])
    covariance = EM(GaussianMixture(1, floor=0.01)).fit(x).model_.covariances_[0]
    assert np.linalg.eigvalsh(covariance) == pytest.approx([0.01, x[:, 0].var()])


def test_coins_of_do_and_batzoglou():
    heads = [5, 9, 8, 4, 7]
    em = EM(CoinMixture(10, biases=(0.6, 0.5)), tolerance=1e-10).fit(heads)
    assert em.model_.biases_ == pytest.approx([0.80, 0.52], abs=0.005)
    first = EM(CoinMixture(10, biases=(0.6, 0.5)), max_iterations=1)
    with pytest.warns(UserWarning, match="EM stopped"):
        assert first.fit(heads).model_.biases_ == pytest.approx([0.71, 0.58], abs=0.005)  # as printed there
    assert em.score_samples([5]) == pytest.approx([np.log(stats.binom.pmf(5, 10, em.model_.biases_).mean())])


def test_bernoullis_find_digits():
    x, y = load_digits(return_X_y=True)
    em = EM(BernoulliMixture(10), restarts=5, tolerance=1e-5).fit(x > 7)
    table = confusion_matrix(y, em.predict(x > 7))
    assert table[linear_sum_assignment(-table)].sum() / len(y) >= 0.60


def test_bernoulli_and_multinomial_density_are_those_of_scipy():
    random = np.random.default_rng(0)
    x = random.integers(2, size=(4, 3)).astype(float)
    model = BernoulliMixture(2, probabilities=[[0.2, 0.5, 0.9], [0.4, 0.3, 0.6]])
    model.start(x, random)
    expected = [stats.bernoulli(p).logpmf(x).sum(1) for p in model.probabilities]
    assert np.allclose(model.log_density(x).T, expected)
    counts = random.multinomial(9, [0.2, 0.3, 0.5], 4).astype(float)
    model = MultinomialMixture(2, probabilities=[[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    model.start(counts, random)
    expected = [stats.multinomial(9, p).logpmf(counts) for p in model.probabilities]
    assert np.allclose(model.log_density(counts).T, expected)


def test_multinomials_recover_planted_topics():
    random = np.random.default_rng(0)
    topics = np.array([[0.7, 0.2, 0.05, 0.05], [0.05, 0.05, 0.2, 0.7]])
    which = random.integers(2, size=300)
    counts = np.stack([random.multinomial(30, topics[topic]) for topic in which])
    em = EM(MultinomialMixture(2), restarts=3).fit(counts)
    order = em.model_.probabilities_[:, 0].argsort()[::-1]
    assert em.model_.probabilities_[order] == pytest.approx(topics, abs=0.02)
    assert (order[which] == em.predict(counts)).mean() > 0.99


def test_the_floor_of_words_is_the_best_under_it():
    shares, floor = np.array([0.0, 0.02, 0.08, 0.9]), 0.05
    best = raised(shares, floor)
    assert best.min() == floor and best.sum() == pytest.approx(1)
    random = np.random.default_rng(0)
    others = 0.05 + 0.8 * random.dirichlet(np.ones(4), 2000)
    assert (others @ np.ones(4)) == pytest.approx(1)
    assert shares[1:] @ np.log(best[1:]) >= (np.log(others[:, 1:]) @ shares[1:]).max()


def test_plsa_explains_mixed_documents_that_one_topic_cannot():
    random = np.random.default_rng(0)
    topics = np.array([[0.5, 0.5, 0, 0, 0], [0, 0, 0.3, 0.3, 0.4]])
    shares = np.linspace(0, 1, 12)
    counts = np.stack([random.multinomial(400, np.array([s, 1 - s]) @ topics) for s in shares])
    pairs, times = PLSA.occurrences(counts)
    em = EM(PLSA(2), tolerance=1e-9, max_iterations=3000, restarts=2).fit(pairs, sample_weight=times)
    order = em.model_.words_[:, 0].argsort()[::-1]
    rebuilt = em.model_.topics_ @ em.model_.words_
    assert rebuilt == pytest.approx(counts / 400, abs=0.05)  # the product is unique, the factors nearly
    assert np.corrcoef(em.model_.topics_[:, order[0]], shares)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("model", "x", "message"),
    [
        (GaussianMixture(2, "tied"), [[0.0], [1.0]], "expected full, diagonal, spherical"),
        (GaussianMixture(2, floor=0), [[0.0], [1.0]], "expected a variance above 0"),
        (GaussianMixture(2), [0.0, 1.0], r"expected \(n, d\)"),
        (GaussianMixture(2), [[0.0], [np.nan]], "1 of 2 rows hold NaN"),
        (GaussianMixture(3), [[0.0], [1.0]], "got 2 rows for 3 components"),
        (GaussianMixture(0), [[0.0], [1.0]], "whole number from 1"),
        (GaussianMixture(2, means=[[0.0]]), [[0.0], [1.0]], r"means got shape \(1, 1\)"),
        (GaussianMixture(2, weights=[0.5, 0.6]), [[0.0], [1.0]], "the sum 1"),
        (BernoulliMixture(2), [[0, 2], [1, 0]], "Next: x > threshold"),
        (BernoulliMixture(2, floor=0.5), [[0, 1], [1, 0]], "between 0 and 0.5"),
        (CoinMixture(10), [3, 11], "heads a row, 0 to 10"),
        (CoinMixture(10, biases=[0.5, 1.5]), [3, 5], "expected probabilities"),
        (MultinomialMixture(2), [[0.5, 1.0], [1.0, 1.0]], "not tf-idf"),
        (MultinomialMixture(2, floor=0.6), [[1, 1], [1, 1]], "between 0 and 1/2"),
        (PLSA(2), [[0.5, 1.0]], r"PLSA\.occurrences"),
    ],
    ids=[
        "kind",
        "floor",
        "vector",
        "nan",
        "few",
        "none",
        "means",
        "weights",
        "bits",
        "half",
        "heads",
        "biases",
        "tfidf",
        "wide",
        "pairs",
    ],
)
def test_refusals(model, x, message):
    with pytest.raises(ValueError, match=message):
        EM(model).fit(x)


def test_plsa_refuses_a_word_it_never_saw():
    em = EM(PLSA(1)).fit(PLSA.occurrences([[1, 2], [3, 0]])[0])
    with pytest.raises(ValueError, match="beyond the fitted 2 and 2"):
        em.predict([[0, 2]])
