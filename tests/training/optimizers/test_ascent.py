"""Two-rate ascent: the expansion of post 7643, schedulers, state.

Run: pytest tests/training/optimizers/test_ascent.py
"""

import copy
import math

import pytest
import torch

from zhnlp.training.optimizers import AlternatingAscent


def loss_of(point):
    x, y = point
    return torch.sin(x) * torch.exp(0.5 * y) + 0.25 * x**2 * y**2 + 0.1 * y**4


def start():
    return torch.nn.Parameter(torch.tensor([0.7, -0.4], dtype=torch.float64))


def two_steps(down, up):
    point = start()
    optimizer = AlternatingAscent(torch.optim.SGD([point], lr=9.0), down, up)
    for _ in range(2):
        optimizer.zero_grad()
        loss_of(point).backward()
        optimizer.step()
    return point.detach()


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adagrad])
def test_weight_decay_is_a_term_of_the_loss(kind):
    """Also in the ascents, where decay alone would go on falling."""
    ends = []
    for decay in (0.5, 0.0):
        point = start()
        optimizer = AlternatingAscent(kind([point], lr=9.0, weight_decay=decay), 0.1, 0.05)
        for _ in range(4):
            optimizer.zero_grad()
            (loss_of(point) + (0.5 - decay) / 2 * point.square().sum()).backward()
            optimizer.step()
        assert optimizer.param_groups[0]["weight_decay"] == decay
        ends.append(point.detach())
    assert torch.allclose(ends[0], ends[1], atol=1e-14)


def gradient_and_penalty():
    point = start()
    (gradient,) = torch.autograd.grad(loss_of(point), point, create_graph=True)
    (of_square,) = torch.autograd.grad(gradient.square().sum(), point)
    return point.detach(), gradient.detach(), of_square


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_two_steps_are_a_gradient_penalty(share):
    """The relative error of (ε₁ ε₂ / 2) ∇‖g‖² falls with ε, slope 1."""
    point, gradient, of_square = gradient_and_penalty()
    errors = []
    for down in (0.1, 0.01, 0.001):
        up = share * down
        moved = two_steps(down, up) - point + (down - up) * gradient
        wanted = -down * up / 2 * of_square
        errors.append(((moved - wanted).norm() / wanted.norm()).item())
    assert errors[2] < 0.01
    slope = math.log10(errors[1] / errors[2])
    assert slope == pytest.approx(1.0, abs=0.1)


def test_gradients_and_rates_come_back():
    weight = torch.nn.Parameter(torch.zeros(2))
    with pytest.warns(UserWarning, match="Adam averages gradients"):
        optimizer = AlternatingAscent(torch.optim.Adam([weight]), 0.5, 0.25)
    weight.grad = torch.tensor([1.0, -2.0])
    optimizer.step()
    assert optimizer.ascending
    optimizer.step()
    assert weight.grad.tolist() == [1.0, -2.0]
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_a_scheduler_changes_both_rates_and_after_waits():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = AlternatingAscent(torch.optim.SGD([weight], lr=1.0), 1.0, 0.5, after=2)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    places = []
    for _ in range(5):
        weight.grad = torch.tensor([-1.0])
        optimizer.step()
        scheduler.step()
        places.append(weight.item())
    assert places == [1, 1.5, 1.75, 1.75 - 0.125 / 2, 1.75 - 0.125 / 2 + 0.0625]


def test_state_keeps_the_turn():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = AlternatingAscent(torch.optim.SGD([weight], lr=1.0), 1.0, 0.5)
    weight.grad = torch.tensor([-1.0])
    optimizer.step(lambda: torch.tensor(1.0))
    again = AlternatingAscent(torch.optim.SGD([weight], lr=1.0), 1.0, 0.5)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert again.ascending
    again.step()
    assert weight.item() == 0.5


@pytest.mark.parametrize(("down", "up"), [(0.0, 0.0), (0.1, 0.2), (0.1, -0.1), (float("nan"), 0.1)])
def test_wrong_rates_are_refused(down, up):
    with pytest.raises(ValueError, match="0 <= eps_up <= eps_down"):
        AlternatingAscent(torch.optim.SGD([start()], lr=1.0), down, up)
