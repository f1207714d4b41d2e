"""Are x and y independent?  A test by permutations, which is exact, and one by a gamma distribution, which is quick."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.stats import gamma
from torch import Tensor
from tqdm import tqdm

from zhnlp.generative.theory.hsic.estimator import ESTIMATORS, check_count, grams
from zhnlp.generative.theory.hsic.kernels import Kernel, centre, u_centre

METHODS = ("permutation", "gamma")


@dataclass(frozen=True, eq=False)
class HSICTest:
    """What a test found.

    Attributes:
        statistic: HSIC, as `hsic` gives it.
        p_value: how often independent pairs would have as much, in (0, 1] by permutation.
        method: "permutation" or "gamma".
        null: the statistics of permuted pairs, (P,), or None.
    """

    statistic: float
    p_value: float
    method: str
    null: Tensor | None


def hsic_test(
    x: Tensor,
    y: Tensor,
    method: str = "permutation",
    *,
    kernel: Kernel | tuple[Kernel, Kernel] = "rbf",
    bandwidth: float | str | tuple[float | str, float | str] = "median",
    estimator: str = "biased",
    permutations: int = 500,
    seed: int = 0,
    progress: bool = False,
) -> HSICTest:
    """Test whether the pairs of x and y are independent; a p-value below .05 says, at that risk, that they are not.

    By permutation the p-value is (1 + how many permuted statistics reach ours) / (1 + permutations), so 19 permutations
    are the fewest that can come to .05.  The gamma distribution has the mean and variance of n·HSIC under independence;
    it is an approximation that gets better with n, and conservative in many dimensions.

    Args:
        x, y: (n, d) and (n, e); see `hsic`, as for kernel, bandwidth and estimator.  Computed in float64.
        method: "permutation", or "gamma" (n ≥ 6, the biased estimator).
        permutations: of y, n² operations each.
        seed: of the permutations.
        progress: a bar on stderr.

    Raises:
        ValueError: as `hsic`; an unknown method; no permutation; gamma with the unbiased estimator.

    Example:
        >>> x = torch.linspace(-1, 1, 60)
        >>> hsic_test(x, x**2, permutations=99).p_value, hsic_test(x, x**2, "gamma").p_value < 1e-6
        (0.01, True)

    Source: https://kexue.fm/archives/6910; Gretton et al. 2007, "A kernel statistical test of independence"
    """
    if method not in METHODS:
        raise ValueError(f"method got {method!r}: expected {' or '.join(METHODS)}")
    if estimator not in ESTIMATORS:
        raise ValueError(f"estimator got {estimator!r}: expected {' or '.join(ESTIMATORS)}")
    if permutations < 1:
        raise ValueError(f"permutations got {permutations}: expected 1 or more, 19 for a p-value of .05")
    with torch.no_grad():
        first, second = (matrix.double() for matrix in grams(x, y, kernel, bandwidth))
        if method == "gamma":
            if estimator != "biased":
                raise ValueError(
                    'gamma approximates the biased estimator: pass estimator="biased", or permute'
                )
            return _gamma(first, second)
        return _permutation(first, second, estimator, permutations, seed, progress)


def _permutation(first, second, estimator, permutations, seed, progress) -> HSICTest:
    n = len(first)
    check_count(n, 4 if estimator == "unbiased" else 2, estimator)
    if estimator == "biased":
        centred, scale = centre(first), (n - 1) ** 2
    else:
        centred, scale = u_centre(first), n * (n - 3)
    ours = ((centred * second).sum() / scale).item()
    random = torch.Generator().manual_seed(seed)
    null = torch.empty(permutations, dtype=torch.float64)
    for number in tqdm(range(permutations), desc="hsic_test", unit="permutation", disable=not progress):
        order = torch.randperm(n, generator=random).to(second.device)
        null[number] = (centred * second[order][:, order]).sum() / scale
    rounding = 1e-12 * max(abs(ours), null.abs().max().item())  # sums in another order: a tie is a tie
    reached = int((null >= ours - rounding).sum())
    return HSICTest(ours, (1 + reached) / (1 + permutations), "permutation", null)


def _gamma(first: Tensor, second: Tensor) -> HSICTest:
    n = len(first)
    check_count(n, 6, "the gamma approximation")
    a, b = centre(first), centre(second)
    product = a * b
    statistic = product.sum().item() / (n - 1) ** 2
    means = [(matrix.trace() / n - _off_diagonal(matrix).mean()).item() for matrix in (first, second)]
    mean = means[0] * means[1] / n  # of tr(KJLJ)/n² where independent: tr Cxx · tr Cyy / n
    spread = (_off_diagonal(product) ** 2).mean().item()
    variance = spread * 2 * (n - 4) * (n - 5) / (n * (n - 1) * (n - 2) * (n - 3))
    if mean <= 1e-12 or variance <= 1e-24:  # one of them is constant
        return HSICTest(statistic, 1.0, "gamma", None)
    p_value = float(gamma.sf(product.sum().item() / n**2, mean**2 / variance, scale=variance / mean))
    return HSICTest(statistic, p_value, "gamma", None)


def _off_diagonal(matrix: Tensor) -> Tensor:
    n = len(matrix)
    return matrix[~torch.eye(n, dtype=torch.bool, device=matrix.device)]
