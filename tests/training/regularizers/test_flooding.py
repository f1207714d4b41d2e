"""Flooding: the pure function, per sample, the search for a level, the effect that post 7643 promises.

Run: pytest tests/training/regularizers/test_flooding.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import digits, mlp
from torch.nn import functional as F

from zhnlp.training.regularizers import FloodingLoss, find_flood_level, flood

losses = st.floats(0, 10, width=32)


@given(losses, losses)
def test_flood_is_never_below_the_level_and_the_loss_itself_above(loss, level):
    found = flood(torch.tensor(loss, dtype=torch.float64), level).item()
    assert found >= level
    if loss >= level:
        assert found == pytest.approx(loss)
    else:
        assert found - level == pytest.approx(level - loss)


@pytest.mark.parametrize(("loss", "slope"), [(0.5, 1.0), (0.1, -1.0)])
def test_the_gradient_turns_below_the_level(loss, slope):
    value = torch.tensor(loss, requires_grad=True)
    FloodingLoss(0.3)(value).backward()
    assert value.grad.item() == slope


def test_per_sample_in_a_trainer_s_terms():
    logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    labels = torch.tensor([0, 1])
    each = F.cross_entropy(logits, labels, reduction="none")
    part = FloodingLoss(0.4, per_sample=True)
    found = part.loss(None, {"labels": labels}, each.mean(), {"logits": logits})
    assert found.item() == pytest.approx(((0.8 - each[0]) + each[1]).item() / 2)
    assert FloodingLoss(0.4).loss(None, {}, each.mean()).item() == each.mean().item()


def test_level_0_changes_nothing():
    loss = torch.tensor(0.25)
    assert FloodingLoss(0.0)(loss) == loss


def test_find_flood_level():
    asked = []

    def validate(level):
        asked.append(level)
        return {0.0: 0.9, 0.1: 0.7, 0.2: 0.7, 0.3: float("nan")}[level]

    best, scores = find_flood_level(validate, [0.3, 0.2, 0.1])
    assert asked == [0.0, 0.1, 0.2, 0.3] and best == 0.1 and set(scores) == set(asked)
    assert find_flood_level(validate, [0.1, 0.2], higher_is_better=True)[0] == 0.0


def test_refusals():
    with pytest.raises(ValueError, match=r"level got -0.1: expected nats, 0 or more"):
        FloodingLoss(-0.1)
    with pytest.raises(ValueError, match="reduction='none'"):
        FloodingLoss(0.1, per_sample=True)(torch.tensor(0.5))
    with pytest.raises(ValueError, match=r"needs the logits \(B, C\) of a classifier"):
        FloodingLoss(0.1, per_sample=True).loss(None, {"labels": torch.ones(2)}, torch.tensor(0.5), None)
    with pytest.raises(ValueError, match="NaN for every level"):
        find_flood_level(lambda level: float("nan"), [0.1])
    with pytest.raises(ValueError, match=r"levels hold -1.0"):
        find_flood_level(lambda level: level, [-1])


def overfit(level, seed, epochs):
    """400 digits, a fifth of the labels random: (train loss, test loss, test accuracy)."""
    x, y, x_test, y_test = digits(seed, train=400)
    random = torch.Generator().manual_seed(seed)
    noisy = torch.rand(400, generator=random) < 0.2
    y = torch.where(noisy, torch.randint(10, (400,), generator=random), y)
    model, part = mlp(64, 256, 10, seed=seed), FloodingLoss(level)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    for _ in range(epochs):
        for rows in torch.randperm(400, generator=random).split(100):
            optimizer.zero_grad()
            part(F.cross_entropy(model(x[rows]), y[rows])).backward()
            optimizer.step()
    with torch.no_grad():
        logits = model(x_test)
        return (
            F.cross_entropy(model(x), y).item(),
            F.cross_entropy(logits, y_test).item(),
            (logits.argmax(1) == y_test).float().mean().item(),
        )


def mean(level, seeds, epochs):
    return torch.tensor([overfit(level, seed, epochs) for seed in seeds]).mean(0).tolist()


@pytest.mark.long
def test_flooding_helps_a_model_that_over_fits():
    """Spec: test loss with b = .3 at most .75 of the un-flooded, train loss within b ± .02; mean of three seeds."""
    train_loss, test_loss, _ = mean(0.3, range(3), 1500)
    _, plain_loss, _ = mean(0.0, range(3), 1500)
    assert train_loss == pytest.approx(0.3, abs=0.02)
    assert test_loss <= 0.75 * plain_loss


def test_the_loss_hovers_at_the_level():
    """One seed, a tenth of the epochs: below the level without flooding, at it with."""
    assert overfit(0.0, 0, 150)[0] < 0.5
    assert overfit(0.6, 0, 150)[0] == pytest.approx(0.6, abs=0.06)


@pytest.mark.slow
def test_flooding_hurts_a_model_that_does_not_over_fit_yet():
    """The counter-example of the docs: 150 epochs, un-flooded train loss .30, b = .5."""
    plain, flooded = mean(0.0, range(3), 150), mean(0.5, range(3), 150)
    assert flooded[1] > plain[1] and flooded[2] < plain[2]
