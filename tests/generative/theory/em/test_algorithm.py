"""EM over every model: the likelihood never falls, and the bound is what it says; hard, annealed, weighted, refused.

Run: pytest tests/generative/theory/em/test_algorithm.py
"""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans

from zhnlp.generative.theory.em import (
    EM,
    PLSA,
    BernoulliMixture,
    CoinMixture,
    GaussianMixture,
    MultinomialMixture,
)

RANDOM = np.random.default_rng(0)
BLOBS = np.concatenate([RANDOM.normal(m, 1, (40, 2)) for m in (0, 2, 5)])
WORDS = RANDOM.multinomial(20, RANDOM.dirichlet(np.full(8, 0.4), 3)[RANDOM.integers(3, size=40)])
MODELS = [
    ("full", GaussianMixture(3), BLOBS),
    ("diagonal", GaussianMixture(3, "diagonal"), BLOBS),
    ("spherical", GaussianMixture(3, "spherical"), BLOBS),
    ("floor", GaussianMixture(3, floor=0.8), BLOBS),
    ("bernoulli", BernoulliMixture(3), BLOBS > 2),
    ("coins", CoinMixture(20), RANDOM.binomial(20, RANDOM.choice([0.3, 0.6], 60))),
    (
        "coins-weights",
        CoinMixture(20, learn_weights=True),
        RANDOM.binomial(20, RANDOM.choice([0.3, 0.6], 60)),
    ),
    ("multinomial", MultinomialMixture(3), WORDS),
    ("plsa", PLSA(3), PLSA.occurrences(WORDS[:8])[0]),
]
every_model = pytest.mark.parametrize(
    ("model", "x"), [pair[1:] for pair in MODELS], ids=[m[0] for m in MODELS]
)


def fit(*arguments, sample_weight=None, **options):
    x = options.pop("x")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "EM stopped at")
        return EM(*arguments, **{"max_iterations": 80} | options).fit(x, sample_weight=sample_weight)


@every_model
def test_the_likelihood_never_falls(model, x):
    for history in fit(model, x=x, restarts=3, tolerance=1e-12).histories_:
        assert len(history) > 3
        assert np.diff(history.log_likelihood).min() >= -1e-9


@every_model
def test_joint_kl_minus_marginal_kl_is_the_mean_posterior_kl(model, x):
    history = fit(model, x=x).history_
    gap = np.array(history.log_likelihood) - history.bound
    assert np.allclose(gap[1:], history.posterior_kl[1:], atol=1e-8)
    assert np.allclose(history.bound_after, history.log_likelihood, atol=1e-8)
    assert (np.array(history.bound[1:]) >= np.array(history.bound_after[:-1]) - 1e-9).all()  # the M step


@every_model
def test_hard_em_lifts_the_likelihood_of_choices(model, x):
    em = fit(model, x=x, hard=True)
    assert em.converged_ and np.diff(em.history_.bound_after).min() >= -1e-9


@every_model
def test_weights_of_two_change_nothing(model, x):
    once, twice = (fit(model, x=x, sample_weight=w, max_iterations=9) for w in (None, np.full(len(x), 2)))
    assert twice.log_likelihood_ == pytest.approx(once.log_likelihood_)


def test_a_weight_repeats_its_row():
    heads, times = np.array([5, 9, 8, 4, 7]), np.array([1, 3, 0, 2, 1])
    weighted = fit(CoinMixture(10), x=heads, sample_weight=times)
    repeated = fit(CoinMixture(10), x=np.repeat(heads, times))
    assert weighted.model_.biases_ == pytest.approx(repeated.model_.biases_)


@every_model
def test_scikit_learn_surface(model, x):
    em = clone(EM(model, max_iterations=50, tolerance=1e-3)).fit(x)
    shares = em.predict_proba(x)
    assert shares.sum(1) == pytest.approx(1) and (shares.argmax(1) == em.predict(x)).all()
    assert em.score(x) == pytest.approx(em.log_likelihood_) == pytest.approx(em.score_samples(x).mean())
    assert not hasattr(em.model, "weights_") and em.get_params()["model"] is em.model


class Centres:
    """K-means as a model of nothing but means."""

    def __init__(self, means):
        self.means = means.copy()

    def log_joint(self, x):
        return -np.square(x[:, None] - self.means).sum(-1)

    def m_step(self, x, responsibilities):
        self.means = responsibilities.T @ x / responsibilities.sum(0)[:, None]


def test_hard_em_of_bare_means_is_k_means():
    em = EM(Centres(BLOBS[[0, 1, 2]]), hard=True, tolerance=0).fit(BLOBS)
    theirs = KMeans(3, init=BLOBS[[0, 1, 2]], n_init=1, algorithm="lloyd", tol=0).fit(BLOBS)
    assert np.allclose(em.model_.means, theirs.cluster_centers_)
    assert -len(BLOBS) * em.history_.bound_after[-1] == pytest.approx(theirs.inertia_)


def test_same_seed_same_fit_and_the_best_of_restarts():
    first, again, other = (fit(GaussianMixture(4), x=BLOBS, restarts=4, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.model_.means_, again.model_.means_)
    assert not np.array_equal(first.model_.means_, other.model_.means_)
    ends = [history.log_likelihood[-1] for history in first.histories_]
    assert first.log_likelihood_ == max(ends) > min(ends)


def test_annealing_escapes_a_bad_start():
    x = np.concatenate([np.random.default_rng(0).normal(m, 0.3, (50, 1)) for m in (0, 4, 8)])
    start = Centres(np.array([[-0.5], [0.0], [6.0]]))
    plain, annealed = (
        fit(start, x=x, anneal=betas, max_iterations=500) for betas in ((), (0.02, 0.05, 0.1, 0.3))
    )
    assert plain.model_.means.max() < 7
    assert np.sort(annealed.model_.means, axis=None) == pytest.approx([0, 4, 8], abs=0.2)
    betas = annealed.history_.beta
    assert betas == sorted(betas) and betas[-1] == 1
    assert np.diff(annealed.history_.log_likelihood[betas.index(1.0) :]).min() >= -1e-9


def test_an_empty_component_keeps_its_place_without_weight():
    model = GaussianMixture(2, means=[[0.0, 0.0], [500.0, 500.0]], covariances=np.stack([np.eye(2)] * 2))
    em = EM(model, hard=True).fit(BLOBS)
    assert em.model_.weights_.tolist() == [1, 0] and em.model_.means_[1].tolist() == [500, 500]
    assert np.isfinite(em.score(BLOBS))


def test_too_few_iterations_are_said():
    with pytest.warns(UserWarning, match="still gaining more than"):
        assert not EM(GaussianMixture(3), max_iterations=1).fit(BLOBS).converged_


class Broken(Centres):
    def __init__(self, joint):
        self.joint = joint

    def log_joint(self, x):
        return self.joint


@pytest.mark.parametrize(
    ("em", "error", "message"),
    [
        (EM(CoinMixture(10), restarts=0), ValueError, "restarts got 0"),
        (EM(CoinMixture(10), tolerance=-1), ValueError, "tolerance got -1"),
        (EM(CoinMixture(10), anneal=(0.5, 0.2)), ValueError, "numbers that rise"),
        (EM(CoinMixture(10), anneal=(0.5,), hard=True), ValueError, "expected one of them"),
        (EM(Centres(BLOBS[:2]), restarts=2), ValueError, "has no start"),
        (EM(Broken(np.zeros(3))), ValueError, r"expected \(n, K\)"),
        (EM(Broken(np.full((3, 2), np.nan))), ValueError, "NaN in 3 of 3 rows"),
        (EM(Broken(np.full((3, 2), -np.inf))), FloatingPointError, "give the model a floor"),
    ],
    ids=["restarts", "tolerance", "anneal", "both", "start", "shape", "nan", "impossible"],
)
def test_refusals(em, error, message):
    with pytest.raises(error, match=message):
        em.fit([1, 2, 3])


def test_refusals_of_data_and_order():
    em = EM(CoinMixture(10))
    with pytest.raises(ValueError, match="expected one row or more"):
        em.fit([])
    with pytest.raises(ValueError, match="no model yet"):
        em.predict([1])
    with pytest.raises(ValueError, match="expected 3 numbers from 0"):
        em.fit([1, 2, 3], sample_weight=[1, -1, 1])
