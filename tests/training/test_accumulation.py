"""Accumulation equals the large batch: post 6794's checks, ragged groups, tokens, BatchNorm, clipping, two processes.

Run: pytest tests/training/test_accumulation.py
"""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import digits, mlp, weights
from torch.nn import functional as F

from zhnlp.training.accumulation import GradAccumulator

SUPPORT = Path(__file__).parents[1] / "support"


def accumulated(model, optimizer, x, y, sizes, steps, **options):
    """Micro-batches of these sizes, one after the other; the last group may be incomplete."""
    accumulator = GradAccumulator(optimizer, steps, **options)
    begin = 0
    for size in sizes:
        rows = slice(begin, begin + size)
        with accumulator.micro(n_items=size) as micro:
            micro.backward(F.cross_entropy(model(x[rows]), y[rows]))
        accumulator.step()
        begin += size
    accumulator.flush()
    return accumulator


def large(model, optimizer, x, y, sizes, max_norm=None):
    begin = 0
    for size in sizes:
        optimizer.zero_grad()
        F.cross_entropy(model(x[begin : begin + size]), y[begin : begin + size]).backward()
        if max_norm:
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        begin += size


def difference(
    dtype, micro, steps, groups, *, optimizer=torch.optim.Adam, max_norm=None, weight="mean", batch_norm=False
):
    x, y, *_ = digits(train=sum(groups), dtype=dtype)
    models = [mlp(64, 32, 10, dtype=dtype, batch_norm=batch_norm) for _ in range(2)]
    optimizers = [optimizer(model.parameters(), lr=1e-2) for model in models]
    accumulated(models[0], optimizers[0], x, y, micro, steps, max_norm=max_norm, weight=weight)
    large(models[1], optimizers[1], x, y, groups, max_norm)
    return (weights(models[0]) - weights(models[1])).abs().max().item()


# Adam divides by √v, which blows rounding up where a gradient is all but zero; SGD shows the gradients themselves.
@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_ten_of_ten_are_one_hundred(optimizer, dtype, limit):
    if optimizer is torch.optim.Adam:

        def optimizer(parameters, lr):
            return torch.optim.Adam(parameters, lr=1e-3, eps=1e-4)

    assert difference(dtype, [10] * 100, 10, [100] * 10, optimizer=optimizer) < limit


def test_twenty_effective_steps_in_float64():
    assert difference(torch.float64, [5] * 200, 10, [50] * 20) < 1e-12


@pytest.mark.parametrize("max_norm", [None, 0.1])
def test_ragged_groups_and_token_weights(max_norm):
    micro = [10, 7, 3, 20, 1, 9, 5, 5, 2]
    for dtype, limit in ((torch.float32, 1e-5), (torch.float64, 1e-12)):
        found = difference(
            dtype, micro, 4, [40, 20, 2], max_norm=max_norm, weight="tokens", optimizer=torch.optim.SGD
        )
        assert found < limit
    wrong = difference(torch.float64, micro, 4, [40, 20, 2], optimizer=torch.optim.SGD)
    assert wrong > 1e-5  # a plain mean of unequal batches is another gradient


def test_a_last_incomplete_group_is_weighed_by_its_own_number():
    assert difference(torch.float64, [10] * 13, 5, [50, 50, 30], optimizer=torch.optim.SGD) < 1e-12


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(1, 4))
def test_any_cut_into_micro_batches_gives_the_mean_of_the_items(sizes, steps):
    values = torch.arange(sum(sizes), dtype=torch.float64)
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    accumulator = GradAccumulator(torch.optim.SGD([weight], lr=1.0), steps, weight="tokens")
    wanted = begin = taken = group = 0
    for size in sizes:
        chunk = values[begin : begin + size]
        with accumulator.micro(n_items=size) as micro:
            micro.backward((weight * chunk).mean())
        group, begin, taken = group + 1, begin + size, taken + size
        if accumulator.step():
            wanted -= values[begin - taken : begin].mean().item()
            group = taken = 0
    if accumulator.flush():
        wanted -= values[begin - taken :].mean().item()
    assert weight.item() == pytest.approx(wanted, abs=1e-9)


def test_the_loss_may_be_given_at_once():
    weight = torch.nn.Parameter(torch.zeros(1))
    accumulator = GradAccumulator(torch.optim.SGD([weight], lr=1.0), 2)
    stepped = []
    for slope in (1.0, 3.0, 5.0):
        with accumulator.micro(weight * slope, 1):
            pass
        stepped.append(accumulator.step())
    assert stepped == [False, True, False] and weight.item() == -2
    assert accumulator.flush() and not accumulator.flush()
    assert weight.item() == -7 and weight.grad is None


def test_batch_norm_is_not_the_large_batch_and_warns():
    with pytest.warns(UserWarning, match="batch statistics") as caught:
        found = difference(
            torch.float32, [10] * 40, 10, [100] * 4, optimizer=torch.optim.SGD, batch_norm=True
        )
    assert found > 1e-4 and len(caught) == 1
    model = mlp(64, 8, 10, batch_norm=True).eval()
    x, y, *_ = digits(train=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        accumulated(model, torch.optim.SGD(model.parameters(), lr=0.1), x, y, [10, 10], 2)
        plain = mlp(64, 8, 10)
        accumulated(plain, torch.optim.SGD(plain.parameters(), lr=0.1), x, y, [10, 10], 2)


def test_clipping_is_of_the_sum():
    weight = torch.nn.Parameter(torch.zeros(2))
    accumulator = GradAccumulator(torch.optim.SGD([weight], lr=1.0), 2, max_norm=1.0)
    for slope in ([6.0, 0.0], [0.0, 8.0]):
        with accumulator.micro() as micro:
            micro.backward((weight * torch.tensor(slope)).sum())
        accumulator.step()
    assert accumulator.norm.item() == pytest.approx(5.0)  # (3, 4)
    assert weight.tolist() == pytest.approx([-0.6, -0.8], abs=1e-5)


def test_micro_batches_without_a_token():
    weight = torch.nn.Parameter(torch.zeros(1))
    accumulator = GradAccumulator(torch.optim.SGD([weight], lr=1.0), 2, weight="tokens")
    for loss, count in ((weight.sum() * float("nan"), 0), (weight.sum() * 3, 4)):
        with accumulator.micro(loss, count):
            pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert accumulator.step()
    assert weight.item() == -3


def test_a_loss_scaler_is_undone_before_the_step():
    weight = torch.nn.Parameter(torch.zeros(1))
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    accumulator = GradAccumulator(torch.optim.SGD([weight], lr=1.0), 2, max_norm=10.0, scaler=scaler)
    for slope in (2.0, 4.0):
        with accumulator.micro(weight * slope):
            pass
        accumulator.step()
    assert weight.item() == -3 and accumulator.norm.item() == pytest.approx(3)


def test_batch_1_noise_is_gone_after_as_many_steps():
    """Spec: the final train loss of 64 accumulated is below that of batch 1 after equal optimizer steps, 3 of 3 seeds."""
    for seed in range(3):
        x, y, *_ = digits(seed, train=1000)
        losses = {}
        for name, steps in (("batch 1", 1), ("accumulated", 64)):
            model = mlp(64, 32, 10, seed=seed)
            rows = torch.randint(1000, (60 * steps,), generator=torch.Generator().manual_seed(seed))
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            accumulated(model, optimizer, x[rows], y[rows], [1] * len(rows), steps)
            losses[name] = F.cross_entropy(model(x), y).item()
        assert losses["accumulated"] < losses["batch 1"], (seed, losses)


@pytest.mark.long
def test_two_processes_are_one(tmp_path):
    """DDP by gloo: no_sync within a group, token counts over both, a flushed rest synchronized by hand."""
    file = tmp_path / "weights.pt"
    ran = subprocess.run(
        [sys.executable, SUPPORT / "accumulate_in_two.py", file],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    x, y, *_ = digits(train=60, dtype=torch.float64)
    model = mlp(64, 8, 10, dtype=torch.float64)
    large(model, torch.optim.SGD(model.parameters(), lr=0.1), x, y, [40, 20])
    found = torch.load(file, weights_only=True)
    assert (found["weights"] - weights(model)).abs().max() < 1e-12
    assert (
        found["all_reduces"] == 1
    )  # of the full group, in its last micro-batch; the rest is averaged by hand


def test_refusals():
    model = mlp(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for options, message in (
        ({"steps": 0}, "steps got 0: expected a whole number of micro-batches"),
        ({"steps": 2, "weight": "sum"}, "weight got 'sum'"),
        ({"steps": 2, "max_norm": 0}, "max_norm got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            GradAccumulator(optimizer, **options)
    accumulator = GradAccumulator(optimizer, 1, weight="tokens")
    loss = model(torch.ones(1, 4)).sum()
    with pytest.raises(ValueError, match="weight='tokens' expects how many items"), accumulator.micro(loss):
        pass
    with pytest.raises(ValueError, match="a micro-batch has no loss"), accumulator.micro(n_items=1):
        pass
    with accumulator.micro(loss, 1):
        pass
    with pytest.raises(ValueError, match="a group of 1 micro-batches is full"), accumulator.micro(loss, 1):
        pass
    accumulator.step()
    with pytest.raises(ValueError, match="back-propagated twice"), accumulator.micro(n_items=1) as micro:
        micro.backward(model(torch.ones(1, 4)).sum())
        micro.backward(model(torch.ones(1, 4)).sum())
