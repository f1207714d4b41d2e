"""Lookahead: the identities of post 6869, state that round-trips, Trainer, GradScaler, schedulers.

Run: pytest tests/training/optimizers/test_lookahead.py
"""

import copy
import io

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import arguments, bert_rows, digits, mlp, tiny_bert, weights
from torch.nn import functional as F

from zhnlp.training.optimizers import Lookahead


def train(model, optimizer, steps, start=0):
    x, y, *_ = digits(train=256)
    for step in range(start, start + steps):
        rows = slice(step % 8 * 32, step % 8 * 32 + 32)
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    return weights(model)


def sgd(model, lr=0.125, momentum=0.9):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_alpha_1_is_the_inner_optimizer_bit_for_bit(k, momentum):
    plain, ahead = mlp(64, 16, 10), mlp(64, 16, 10)
    wanted = train(plain, sgd(plain, momentum=momentum), 11)
    got = train(ahead, Lookahead(sgd(ahead, momentum=momentum), k=k, alpha=1.0), 11)
    assert got.equal(wanted)


def test_alpha_0_leaves_the_slow_weights():
    model = mlp(64, 16, 10)
    before = weights(model)
    optimizer = Lookahead(sgd(model), k=4, alpha=0.0)
    moved = train(model, optimizer, 6)  # within the second cycle
    assert not moved.equal(before)
    with optimizer.slow_weights():
        assert weights(model).equal(before)
    assert weights(model).equal(moved)
    assert train(model, optimizer, 2, start=6).equal(before)


def test_k_1_is_sgd_with_rate_times_alpha():
    plain, ahead = mlp(64, 16, 10), mlp(64, 16, 10)
    wanted = train(plain, sgd(plain, lr=0.1 * 0.3, momentum=0), 20)
    got = train(ahead, Lookahead(sgd(ahead, lr=0.1, momentum=0), k=1, alpha=0.3), 20)
    assert torch.allclose(got, wanted, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 6),
    st.floats(0, 1),
    st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=14),
)
def test_slow_weights_follow_the_formula(k, alpha, gradients):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = Lookahead(torch.optim.SGD([weight], lr=1.0), k=k, alpha=alpha)
    slow = fast = 0.0
    for number, gradient in enumerate(gradients, 1):
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        fast -= gradient
        if number % k == 0:
            slow = fast = slow + alpha * (fast - slow)
        assert weight.item() == pytest.approx(fast, abs=1e-9)
        with optimizer.slow_weights():
            assert weight.item() == pytest.approx(slow, abs=1e-9)


@pytest.mark.parametrize("pullback", ["none", "reset", "pullback"])
@pytest.mark.parametrize("make", [sgd, lambda model: torch.optim.AdamW(model.parameters(), lr=1e-2)])
@pytest.mark.parametrize("steps", [5, 7])  # between and within cycles
def test_state_dict_continues_bit_for_bit(pullback, make, steps):
    model = mlp(64, 16, 10)
    optimizer = Lookahead(make(model), k=5, pullback=pullback)
    train(model, optimizer, steps)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(model)
    again = Lookahead(make(other), k=5, pullback=pullback)
    again.load_state_dict(torch.load(file, weights_only=True))
    assert train(other, again, 9, start=steps).equal(train(model, optimizer, 9, start=steps))


def test_pullback_by_hand():
    """Momentum .5, gradients -1: velocities -1, -1.5; the cycle of two ends with momentum 0, half, or all of it."""
    for pullback, wanted in {"none": -1.5, "reset": 0.0, "pullback": -0.75}.items():
        weight = torch.nn.Parameter(torch.zeros(1))
        optimizer = Lookahead(torch.optim.SGD([weight], lr=1.0, momentum=0.5), k=2, pullback=pullback)
        for _ in range(2):
            weight.grad = torch.tensor([-1.0])
            optimizer.step()
        assert optimizer.state[weight]["momentum_buffer"].item() == wanted
        assert weight.item() == 1.25  # half of 1 + 1.5


def test_schedulers_groups_and_closures_reach_the_inner_optimizer():
    model = mlp(64, 16, 10)
    optimizer = Lookahead(sgd(model, lr=1.0))
    assert isinstance(optimizer, torch.optim.Optimizer)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer.add_param_group({"params": [weight], "lr": 0.25})

    def closure():
        optimizer.zero_grad()
        loss = weight.sum() + model(torch.ones(1, 64)).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).requires_grad
    assert weight.item() == 0.75
    scheduler.step()
    assert optimizer.inner.param_groups[0]["lr"] == 0.5
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert optimizer.param_groups is optimizer.inner.param_groups and optimizer.state is optimizer.inner.state


def test_grad_scaler_skips_infinite_gradients():
    model = mlp(64, 16, 10)
    optimizer = Lookahead(sgd(model), k=2)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    before = weights(model)
    scaler.scale(model(torch.ones(2, 64)).sum() * float("inf")).backward()
    scaler.step(optimizer)
    scaler.update()
    assert weights(model).equal(before) and optimizer.steps_in_cycle == 0 and scaler.get_scale() == 4.0
    optimizer.zero_grad()
    scaler.scale(model(torch.ones(2, 64)).sum()).backward()
    scaler.step(optimizer)
    assert optimizer.steps_in_cycle == 1 and not weights(model).equal(before)


def test_trainer_resumes_within_a_cycle(tmp_path):
    from transformers import Trainer, get_constant_schedule

    def trainer(folder, steps, **options):
        model = tiny_bert()
        optimizer = Lookahead(torch.optim.AdamW(model.parameters(), lr=1e-3), k=4)
        return Trainer(
            model,
            arguments(folder, max_steps=steps, **options),
            train_dataset=bert_rows(),
            optimizers=(optimizer, get_constant_schedule(optimizer)),
        )

    whole = trainer(tmp_path / "whole", 9)
    whole.train()
    trainer(tmp_path / "parts", 9, save_strategy="steps", save_steps=6).train()
    rest = trainer(tmp_path / "parts", 9)
    rest.train(resume_from_checkpoint=str(tmp_path / "parts/checkpoint-6"))
    assert weights(rest.model).equal(weights(whole.model))
    assert whole.optimizer.optimizer.steps_in_cycle == 1


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"k": 2.5}, {"alpha": 1.1}, {"alpha": -0.1}, {"pullback": "slow"}]
)
def test_wrong_options_are_refused(options):
    name, value = next(iter(options.items()))
    with pytest.raises(ValueError, match=f"{name} got {value!r}: expected"):
        Lookahead(sgd(mlp(4, 2)), **options)


def test_a_state_without_slow_weights_is_refused():
    model = mlp(4, 2)
    with pytest.raises(ValueError, match=r"no 'lookahead': it was written without Lookahead"):
        Lookahead(sgd(model)).load_state_dict(sgd(model).state_dict())
    with pytest.raises(TypeError, match=r"got Sequential: expected a torch.optim.Optimizer"):
        Lookahead(model)
    other = Lookahead(sgd(mlp(4, 3)))
    other.inner.zero_grad()
    mine = Lookahead(sgd(model))
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    mine.step()
    with pytest.raises(ValueError, match=r"slow weights number 0 have the shape \(2, 4\)"):
        other.load_extra_state(mine.extra_state())
