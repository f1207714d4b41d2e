"""simulate(): every torch optimizer, step for step; starts that do not feel each other; stopping; refusals.

Run: pytest tests/generative/theory/dynamics/test_simulate.py
"""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.generative.theory.dynamics import (
    Beale,
    DoubleWell,
    Quadratic,
    Rosenbrock,
    path_difference,
    simulate,
)

SGD, Adam = torch.optim.SGD, torch.optim.Adam
FACTORIES = {
    "sgd": partial(SGD, lr=1e-3),
    "momentum": partial(SGD, lr=1e-3, momentum=0.9),
    "nesterov": partial(SGD, lr=1e-3, momentum=0.9, nesterov=True),
    "adam": partial(Adam, lr=0.01),
    "adamw": partial(torch.optim.AdamW, lr=0.01, weight_decay=0.1),
    "rmsprop": partial(torch.optim.RMSprop, lr=0.01),
    "adagrad": partial(torch.optim.Adagrad, lr=0.1),
    "adadelta": torch.optim.Adadelta,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "rprop": torch.optim.Rprop,
    "asgd": partial(torch.optim.ASGD, lr=1e-3),
    "lbfgs": partial(torch.optim.LBFGS, lr=0.1, max_iter=2),
    "adafactor": torch.optim.Adafactor,
}


def hand_written(factory, loss, x0, steps):
    """The training loop that everybody writes."""
    x = torch.nn.Parameter(torch.tensor(x0, dtype=torch.float64))
    optimizer, seen = factory([x]), [x.detach().clone()]

    def closure():
        optimizer.zero_grad()
        value = loss(x)
        value.backward()
        return value

    for _ in range(steps):
        optimizer.step(closure)
        seen.append(x.detach().clone())
    return torch.stack(seen)


# by hand ----------------------------------------------------------------------------------------------------


def test_gradient_descent_by_hand():
    path = simulate(partial(SGD, lr=0.25), Quadratic([2.0]), [8.0], 3)
    assert path.positions[:, 0].tolist() == [8.0, 4.0, 2.0, 1.0]  # 1 - lr λ = 1/2
    assert path.losses.tolist() == [64.0, 16.0, 4.0, 1.0]
    assert path.velocities[:, 0].tolist() == [0.0, -4.0, -2.0, -1.0]
    assert path.times.tolist() == [0, 1, 2, 3] and len(path) == 4
    assert path.iterations is None and not path.diverged


def test_heavy_ball_by_hand():
    """p = β p - γ ∇L, x = x + p, as the post writes it."""
    path = simulate(partial(SGD, lr=0.25, momentum=0.5), Quadratic([1.0]), [16.0], 3)
    # p: -4, -2 - 3, -2.5 - 7 / 4
    assert path.velocities[:, 0].tolist() == [0.0, -4.0, -5.0, -4.25]
    assert path.positions[:, 0].tolist() == [16.0, 12.0, 7.0, 2.75]


def test_a_loss_written_in_a_line_will_do():
    path = simulate(partial(SGD, lr=0.5), lambda x: x[0] ** 2 / 2 + x[1] ** 2, [4.0, 1.0], 1)
    assert path.final.tolist() == [2.0, 0.0]


# against the loop, and properties ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FACTORIES)
@pytest.mark.parametrize("loss", [Rosenbrock(), Beale()], ids=["rosenbrock", "beale"])
def test_every_optimizer_walks_as_in_a_training_loop(name, loss):
    path = simulate(FACTORIES[name], loss, [-0.5, 0.4], 20)
    assert torch.equal(path.positions, hand_written(FACTORIES[name], loss, [-0.5, 0.4], 20))
    assert torch.allclose(path.losses, loss(path.positions), rtol=1e-12)
    assert path.losses[-1] < path.losses[0]


@pytest.mark.parametrize("name", FACTORIES)
def test_starts_do_not_feel_each_other(name):
    starts = [[-0.5, 0.4], [1.5, 1.0], [0.0, -1.0]]
    together = simulate(FACTORIES[name], Rosenbrock(), starts, 15)
    assert together.positions.shape == (16, 3, 2) and together.losses.shape == (16, 3)
    for number, start in enumerate(starts):
        alone = simulate(FACTORIES[name], Rosenbrock(), start, 15)
        assert torch.allclose(together.start(number).positions, alone.positions, rtol=0, atol=1e-12)
        assert torch.allclose(together.start(number).losses, alone.losses, rtol=1e-9)


@pytest.mark.parametrize("name", ["sgd", "lbfgs"])
def test_a_list_of_one_start_keeps_its_dimension(name):
    assert simulate(FACTORIES[name], Rosenbrock(), [[-0.5, 0.4]], 2).positions.shape == (3, 1, 2)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.1, 10), min_size=1, max_size=4),
    st.floats(0.01, 1.9),
    st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3),
)
def test_gradient_descent_on_a_quadratic_is_a_power(spectrum, share, x0):
    lr = share / max(spectrum)
    path = simulate(partial(SGD, lr=lr), Quadratic(spectrum), [x0] * len(spectrum), 12)
    factor = 1 - lr * torch.tensor(spectrum, dtype=torch.float64)
    assert torch.allclose(path.final, x0 * factor**12, rtol=1e-9, atol=1e-12)
    assert (path.losses.diff() <= 1e-12).all()  # below 2 / L the loss never rises


def test_the_start_is_not_changed():
    x0 = torch.tensor([1.0, 2.0])
    simulate(partial(SGD, lr=0.1), Quadratic([1.0, 1.0]), x0, 5)
    assert x0.tolist() == [1.0, 2.0] and not x0.requires_grad


# stopping ---------------------------------------------------------------------------------------------------


def test_stops_at_the_first_step_within_tolerance():
    path = simulate(partial(SGD, lr=0.5), Quadratic([1.0]), [8.0], 100, tolerance=0.1)
    assert path.iterations.item() == 4 and len(path) == 5  # 1/16 ≤ 0.1 < 1/8


def test_each_start_has_its_own_count_and_its_own_nearest_minimum():
    path = simulate(partial(SGD, lr=0.01), DoubleWell(), [[-3.0], [0.5], [1.0], [0.0]], 400, tolerance=1e-3)
    assert path.iterations[2] == 0 and path.iterations[3] == -1  # at the minimum; on the barrier for ever
    for number, minimum in ((0, -1.0), (1, 1.0)):
        error = (path.positions[:, number, 0] - minimum).abs()
        first = path.iterations[number].item()
        assert error[first] <= 1e-3 * error[0] < error[first - 1]


def test_divergence_is_said_and_ends_the_run():
    path = simulate(partial(SGD, lr=0.1), DoubleWell(), [[0.5], [40.0]], 50)
    assert path.diverged.tolist() == [False, True]
    assert len(path) == 51 and path.losses[-1, 0] < 0.1
    alone = simulate(partial(SGD, lr=0.1), DoubleWell(), [40.0], 50)
    assert alone.diverged and len(alone) < 12


# comparing paths --------------------------------------------------------------------------------------------


def test_path_difference_by_hand():
    short, long = (simulate(partial(SGD, lr=lr), Quadratic([1.0]), [8.0], 1) for lr in (0.25, 0.5))
    assert path_difference(short, long) == 0.5  # 6 against 4, which came 4 far
    assert path_difference(long, long) == 0


# refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x0": 3.0}, r"x0 got shape \(\): expected \(d,\)"),
        ({"x0": [[[1.0]]]}, r"x0 got shape \(1, 1, 1\)"),
        ({"x0": [float("inf")]}, "infinities or NaN"),
        ({"x0": [1.0, 2.0]}, r"expected \(\.\.\., 1\)"),
        ({"steps": 0}, "steps got 0: expected 1 or more"),
        ({"tolerance": 0.0}, "tolerance got 0.0"),
        ({"tolerance": 0.1, "minima": [1.0, 2.0]}, "minima got 2 coordinates and x0 1"),
        ({"tolerance": 0.1, "loss_fn": lambda x: (x**2).sum(-1)}, "pass minima="),
        ({"loss_fn": lambda x: x**2}, r"loss_fn gave shape \(1,\) for points \(1,\): expected a tensor \(\)"),
        ({"loss_fn": lambda x: 3.0}, "loss_fn gave float"),
        ({"loss_fn": lambda x: torch.tensor(x.norm().item())}, "a loss without a gradient"),
    ],
)
def test_what_cannot_be_simulated_is_refused(options, message):
    options = {"loss_fn": Quadratic([1.0]), "x0": [1.0], "steps": 3} | options
    with pytest.raises(ValueError, match=message):
        simulate(partial(SGD, lr=0.1), **options)


def test_a_factory_that_makes_no_optimizer_is_refused():
    with pytest.raises(TypeError, match="optimizer_factory gave NoneType"):
        simulate(lambda parameters: None, Quadratic([1.0]), [1.0], 1)


def test_a_sum_over_all_starts_is_refused():
    with pytest.raises(ValueError, match=r"expected a tensor \(2,\), one loss for each point"):
        simulate(partial(SGD, lr=0.1), lambda x: (x**2).sum(), [[1.0], [2.0]], 1)


def test_paths_that_cannot_be_compared_are_refused():
    short, long = (simulate(partial(SGD, lr=0.1), Quadratic([1.0]), [1.0], steps) for steps in (1, 2))
    with pytest.raises(ValueError, match="simulate both without"):
        path_difference(short, long)
    still = simulate(partial(SGD, lr=0.1), Quadratic([1.0]), [0.0], 1)
    with pytest.raises(ValueError, match="stands still"):
        path_difference(short, still)
    with pytest.raises(IndexError, match="one start only"):
        short.start(0)
