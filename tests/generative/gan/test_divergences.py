"""The table of 6016 against its definitions, and estimates from samples against quadrature.

Run: pytest tests/generative/gan/test_divergences.py
"""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import wrightomega
from torch.distributions import Normal

from zhnlp.generative.gan import FDivergence
from zhnlp.generative.gan.divergences import log_wright_omega, wright_omega
from zhnlp.generative.gan.divergences.rows import ROWS

NAMES = [*ROWS, "alpha:0.5", "alpha:-1", "alpha:3"]
P, Q = Normal(0.0, 1.0), Normal(0.7, 1.2)
TRUE = {  # of the specification
    "total-variation": 0.2590,
    "kl": 0.1997,
    "reverse-kl": 0.2827,
    "pearson": 0.3629,
    "hellinger": 0.1136,
    "js": 0.0542,
    "neyman": 1.671,
}
U = torch.logspace(-2, 2, 401, dtype=torch.float64)


# Wright's omega, Lambert's W -----------------------------------------------------------------------------------------


@given(st.floats(-700, 700))
def test_omega_is_scipys(y):
    ours = wright_omega(torch.tensor(y, dtype=torch.float64)).item()
    assert ours == pytest.approx(wrightomega(y), rel=1e-12)


def test_the_logarithm_of_omega_stays_exact_far_out():
    y = torch.tensor([-1e4, -50.0, 0.0, 1.0, 1e8], dtype=torch.float64)
    x = log_wright_omega(y)
    assert torch.allclose(x.exp() + x, y, rtol=1e-13)


def test_omega_has_first_and_second_derivatives():
    y = torch.tensor([-3.0, 0.0, 0.9, 1.1, 20.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(log_wright_omega, y)
    assert torch.autograd.gradgradcheck(log_wright_omega, y)


# each row against its definitions ------------------------------------------------------------------------------------


def raw_grid(name: str) -> torch.Tensor:
    reach = 3.0 if name.startswith("alpha") else 9.0
    return torch.linspace(-reach, reach, 200_001, dtype=torch.float64)


@pytest.mark.parametrize("name", NAMES)
def test_f_is_the_conjugate_of_its_conjugate(name):
    """f(u) = max over t of t u − g(t), on a grid of t inside the range."""
    divergence = FDivergence(name)
    t = divergence.activation(raw_grid(name))
    g = divergence.composed(raw_grid(name))
    for u in (0.2, 0.6, 1.0, 1.7, 4.0):
        best = (t * u - g).max().item()
        assert best == pytest.approx(divergence.f(torch.tensor(u, dtype=torch.float64)).item(), abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_conjugate_is_the_legendre_transform_at_the_slope(name):
    """g(f'(u)) = u f'(u) − f(u), and f' is autograd's slope of f."""
    divergence = FDivergence(name)
    u = U[U != 1].requires_grad_()
    (slope,) = torch.autograd.grad(divergence.f(u).sum(), u)
    assert torch.allclose(divergence.slope(u), slope, rtol=1e-8, atol=1e-10)
    legendre = u * slope - divergence.f(u)
    assert torch.allclose(divergence.conjugate(slope), legendre, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_activations_rise_and_stay_in_the_range(name):
    divergence = FDivergence(name)
    v = torch.linspace(-4, 4, 801, dtype=torch.float64)
    t = divergence.activation(v)
    low, high = divergence.range
    assert ((t > low) & (t < high)).all()
    assert (t.diff() > 0).all()  # real = high
    assert torch.allclose(divergence.composed(v), divergence.conjugate(t), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_f_is_convex_and_0_at_1(name):
    divergence = FDivergence(name)
    assert divergence.f(torch.ones(1, dtype=torch.float64)).abs().item() < 1e-12
    a, b = U[:-1], U[1:]
    middle = divergence.f((a + b) / 2)
    assert (middle <= (divergence.f(a) + divergence.f(b)) / 2 + 1e-12).all()


@pytest.mark.parametrize(("name", "true"), TRUE.items(), ids=list(TRUE))
def test_quadrature_gives_the_values_of_the_specification(name, true):
    assert FDivergence(name).exact(P.log_prob, Q.log_prob) == pytest.approx(true, rel=1e-3)


def test_kl_of_two_normals_is_torchs():
    true = torch.distributions.kl_divergence(P, Q).item()
    assert FDivergence("kl").exact(P.log_prob, Q.log_prob) == pytest.approx(true, abs=1e-5)


def test_js_and_hellinger_are_symmetric_and_bounded():
    far = Normal(60.0, 1.0)
    for name, bound in {"js": math.log(2), "hellinger": 2.0}.items():
        divergence = FDivergence(name)
        there, back = (
            divergence.exact(*pair) for pair in ((P.log_prob, Q.log_prob), (Q.log_prob, P.log_prob))
        )
        assert there == pytest.approx(back, abs=1e-6)
        apart = divergence.exact(P.log_prob, far.log_prob, limits=(-20, 80))
        assert apart == pytest.approx(bound, rel=1e-4)


def test_jeffreys_is_the_sum_of_both_kls():
    parts = [FDivergence(name).exact(P.log_prob, Q.log_prob) for name in ("kl", "reverse-kl", "jeffreys")]
    assert parts[0] + parts[1] == pytest.approx(parts[2], abs=1e-5)


def test_pearson_and_neyman_have_todays_names():
    """Trap of the post, which exchanges them: Pearson's χ² has the second distribution below, (p − q)²/q."""
    x = torch.linspace(-20, 20, 200_001, dtype=torch.float64)
    p, q = P.log_prob(x).exp(), Q.log_prob(x).exp()
    pearson = torch.trapezoid((p - q) ** 2 / q, x).item()
    neyman = torch.trapezoid((p - q) ** 2 / p, x).item()
    assert FDivergence("pearson").exact(P.log_prob, Q.log_prob) == pytest.approx(pearson, rel=1e-4)
    assert FDivergence("neyman").exact(P.log_prob, Q.log_prob) == pytest.approx(neyman, rel=1e-4)
    assert FDivergence("pearson").exact(Q.log_prob, P.log_prob) == pytest.approx(neyman, rel=1e-4)


@pytest.mark.parametrize("name", ["reverse-kl", "neyman", "hellinger"])
def test_the_activations_of_the_post_fall_so_that_real_would_be_low(name):
    """Trap: −eᵛ and 1 − eᵛ are onto the range too, but fall; ours are the same functions of −v."""
    published = {
        "reverse-kl": lambda v: -v.exp(),
        "neyman": lambda v: 1 - v.exp(),
        "hellinger": lambda v: 1 - v.exp(),
    }
    v = torch.linspace(-3, 3, 7, dtype=torch.float64)
    assert (published[name](v).diff() < 0).all()
    assert torch.allclose(FDivergence(name).activation(-v), published[name](v))


def test_alpha_divergences_meet_the_named_ones():
    u = U
    assert torch.allclose(FDivergence("alpha:2").f(u), FDivergence("pearson").f(u) / 2)
    assert torch.allclose(FDivergence("alpha:-1").f(u), FDivergence("neyman").f(u) / 2)
    assert torch.allclose(FDivergence("alpha:0.5").f(u), 2 * FDivergence("hellinger").f(u))
    nearly_kl = FDivergence("alpha:1.000001").f(u) - (FDivergence("kl").f(u) - (u - 1))
    assert nearly_kl.abs().max() < 2e-3


def test_the_bound_of_js_is_the_loss_of_a_gan():
    """With T = ½ log 2σ(v): bound = ½ (2 log 2 − non-saturating critic loss)."""
    from zhnlp.generative.gan.losses import NonSaturating

    real, fake = torch.randn(2, 50, generator=torch.Generator().manual_seed(0)).double()
    bound = FDivergence("js").lower_bound(real, fake)
    assert bound.item() == pytest.approx(math.log(2) - NonSaturating().critic(real, fake).item() / 2)


# estimates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kl", "js", "hellinger", "total-variation"])
def test_an_estimate_is_a_lower_bound_near_the_truth(name):
    random = torch.Generator().manual_seed(1)
    xp = torch.randn(6000, generator=random)
    xq = 0.7 + 1.2 * torch.randn(6000, generator=random)
    divergence = FDivergence(name)
    found = divergence.estimate(xp, xq, steps=250)
    true = divergence.exact(P.log_prob, Q.log_prob)
    assert found.value < true + 3 * found.standard_error
    assert found.value > true - 3 * found.standard_error - 0.03 * true


def test_estimates_do_not_see_what_is_not_there():
    """Trap: a critic that scores what it learnt from reports a divergence between two samples of one distribution."""
    random = torch.Generator().manual_seed(0)
    xp, xq = torch.randn(2, 60, 10, generator=random)
    found = FDivergence("kl").estimate(xp, xq, steps=200)
    assert found.value < 3 * found.standard_error

    from zhnlp.generative.gan.divergences import small_critic, train_critic

    kl = FDivergence("kl")
    torch.manual_seed(0)
    critic = small_critic(10)
    train_critic(
        critic,
        lambda c, real, fake, _: kl.critic_loss(c(real), c(fake)),
        xp,
        xq,
        steps=200,
        batch_size=64,
        rate=1e-2,
        seed=0,
    )
    with torch.no_grad():
        assert kl.lower_bound(critic(xp), critic(xq)) > 0.5


def test_the_same_seed_gives_the_same_estimate_and_leaves_random_numbers_alone():
    x = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = (
        FDivergence("js").estimate(x, x + 1, steps=20, seed=seed).value for seed in (3, 3, 4)
    )
    assert first == second != other
    assert torch.equal(torch.rand(1), expected)


@settings(deadline=None, max_examples=5)
@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_a_change_of_units_changes_no_estimate(scale, shift):
    x = torch.randn(200, generator=torch.Generator().manual_seed(0)).double()
    plain = FDivergence("js").estimate(x, x + 1, steps=5).value
    moved = FDivergence("js").estimate(scale * x + shift, scale * (x + 1) + shift, steps=5).value
    assert moved == pytest.approx(plain, abs=1e-4)


# refusals ------------------------------------------------------------------------------------------------------------


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match="try 'hellinger'"):
        FDivergence("helinger")
    with pytest.raises(ValueError, match="take 'kl'"):
        FDivergence("alpha:1")
    with pytest.raises(ValueError, match="alpha: and a number"):
        FDivergence("alpha:x")


def test_raw_outputs_are_refused_by_the_conjugate():
    with pytest.raises(ValueError, match=r"t got 3: .*range of f' of hellinger.*activation"):
        FDivergence("hellinger").conjugate(torch.tensor([0.5, 3.0]))


@pytest.mark.parametrize(
    ("xp", "xq", "message"),
    [
        (torch.zeros(10), torch.zeros(10, 2), r"of P have shape \(1,\), of Q \(2,\)"),
        (torch.zeros(3), torch.zeros(10), "4 samples or more"),
        (torch.tensor([0.0, 1.0, math.nan, 2.0]), torch.zeros(10), "xp holds numbers that are not finite"),
    ],
)
def test_unfit_samples_are_refused(xp, xq, message):
    with pytest.raises(ValueError, match=message):
        FDivergence("kl").estimate(xp, xq)


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="folds got 1"):
        FDivergence("kl").estimate(torch.zeros(10), torch.zeros(10), folds=1)
