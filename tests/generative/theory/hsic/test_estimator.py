"""HSIC against its definition in loops, covariance, hyppo; gradients; edge cases.

Run: pytest tests/generative/theory/hsic/test_estimator.py
"""

from itertools import permutations

import pytest
import torch
from dependent_pairs import normal

from zhnlp.generative.theory.hsic import gram, hsic


def biased_by_loops(kx, ky):
    """The three expectations of the post, over all pairs, triples and quadruples, with the factor of (n − 1)²."""
    n = len(kx)
    first = sum(kx[i, j] * ky[i, j] for i in range(n) for j in range(n)) / n**2
    second = sum(kx[i, j] * ky[i, q] for i in range(n) for j in range(n) for q in range(n)) / n**3
    third = kx.sum() * ky.sum() / n**4
    return (first - 2 * second + third) * n**2 / (n - 1) ** 2


def unbiased_by_loops(kx, ky):
    """The same expectations over different indices only."""
    fours = list(permutations(range(len(kx)), 4))
    return sum(kx[i, j] * (ky[i, j] - 2 * ky[i, q] + ky[q, r]) for i, j, q, r in fours) / len(fours)


@pytest.mark.parametrize("kernel", ["rbf", "laplace", "linear"])
@pytest.mark.parametrize(
    ("estimator", "loops"), [("biased", biased_by_loops), ("unbiased", unbiased_by_loops)]
)
def test_the_definition(kernel, estimator, loops):
    x = normal(8, 2)
    y = x[:, :1] ** 2 + 0.3 * normal(8, 1, seed=1)
    kx, ky = (gram(values, kernel).numpy() for values in (x, y))
    assert hsic(x, y, kernel, estimator=estimator).item() == pytest.approx(loops(kx, ky), abs=1e-12)


def test_by_hand_for_two_pairs():
    x = torch.tensor([0.0, 2.0], dtype=torch.float64)  # K = L = ((1, 1/e), (1/e, 1)), JKJ = (1 − 1/e)/2 · ±1
    expected = (1 - torch.exp(torch.tensor(-1.0, dtype=torch.float64))) ** 2
    assert torch.allclose(hsic(x, x), expected)


def test_linear_hsic_is_the_squared_norm_of_the_covariance():
    x, y = normal(60, 3) + 5, normal(60, 2, seed=1)
    y = y + x[:, :2]
    covariance = (x - x.mean(0)).mT @ (y - y.mean(0)) / 59
    assert hsic(x, y, "linear").item() == pytest.approx(covariance.square().sum().item(), abs=1e-8)


def test_the_unbiased_estimator_is_0_on_average():
    values = torch.stack(
        [
            hsic(normal(20, 2, seed=seed), normal(20, 1, seed=seed + 10_000), estimator="unbiased")
            for seed in range(500)
        ]
    )
    assert values.mean().abs() < 2 * values.std() / 500**0.5
    assert values.min() < 0
    biased = [hsic(normal(20, 2, seed=seed), normal(20, 1, seed=seed + 10_000)) for seed in range(20)]
    assert min(biased) > 0


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize("kernel", ["rbf", "laplace", "linear"])
def test_normalised_is_1_with_itself_and_unchanged_by_shifts(kernel, estimator):
    x, y = normal(30, 2), normal(30, 2, seed=1)
    options = {"kernel": kernel, "estimator": estimator, "normalized": True}
    assert hsic(x, x, **options).item() == pytest.approx(1)
    assert hsic(x, y, **options).item() == pytest.approx(hsic(y, x, **options).item())
    assert hsic(x, y, **options).item() == pytest.approx(hsic(7 * x - 3, y + 2, **options).item())


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize("kernel", ["rbf", "laplace", "linear"])
def test_gradients(kernel, estimator, normalized):
    x, y = normal(7, 2).requires_grad_(), normal(7, 1, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, y: hsic(x, y, kernel, 1.3, estimator, normalized), (x, y))


def test_as_a_loss_it_makes_features_independent_of_a_label():
    labels = torch.arange(60) % 2
    z = (normal(60, 2, dtype=torch.float32) + 2 * labels[:, None]).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=0.05)
    before = hsic(z, labels, ("rbf", "delta"), normalized=True).item()
    for _ in range(100):
        optimizer.zero_grad()
        hsic(z, labels, ("rbf", "delta"), (1.0, "median")).backward()
        optimizer.step()
    after = hsic(z, labels, ("rbf", "delta"), normalized=True).item()
    assert before > 0.3 and after < 0.1 * before


def test_a_constant_depends_on_nothing_and_is_said():
    for normalized in (False, True):
        x = torch.ones(10, 2, requires_grad=True)
        with pytest.warns(UserWarning, match="all rows of x are equal"):
            value = hsic(x, normal(10, 1).float(), normalized=normalized)
        value.backward()
        assert value.item() == pytest.approx(0, abs=1e-9) and x.grad.isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": torch.ones(5)}, "x has 4 rows and y 5"),
        ({"estimator": "mean"}, "expected biased or unbiased"),
        ({"kernel": ("rbf", "rbf", "rbf")}, "got 3 kernels"),
        ({"x": torch.arange(3.0), "y": torch.arange(3.0), "estimator": "unbiased"}, "needs 4 or more"),
    ],
    ids=["lengths", "estimator", "kernels", "few"],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        hsic(**{"x": torch.arange(4.0), "y": torch.arange(4.0)} | options)


@pytest.mark.long  # hyppo compiles for minutes
@pytest.mark.parametrize("bias", [True, False])
def test_normalised_is_the_statistic_of_hyppo(bias):
    hyppo = pytest.importorskip("hyppo.independence")
    x = normal(50, 3)
    y = x[:, :2] ** 2 + 0.5 * normal(50, 2, seed=1)
    theirs = float(hyppo.Hsic(bias=bias, gamma=1 / 1.4**2).statistic(x.numpy(), y.numpy()))
    ours = hsic(x, y, bandwidth=1.4, estimator="biased" if bias else "unbiased", normalized=True).item()
    assert ours == pytest.approx(theirs**2 if bias else theirs, abs=1e-10)  # the biased one is a root there
