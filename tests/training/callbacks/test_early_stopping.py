"""Early stopping: on any metric, in either direction, as if there had been no restart.

Run: pytest tests/training/callbacks/test_early_stopping.py
"""

from types import SimpleNamespace

import pytest
from trainings import rows, trained
from transformers import TrainerControl

from zhnlp.training.callbacks import EarlyStopping
from zhnlp.training.callbacks.early_stopping import infer_direction


def stopped_after(values, **options):
    """How many evaluations there were before it stopped; None if it did not."""
    callback, control = EarlyStopping(**options), TrainerControl()
    for number, value in enumerate(values, start=1):
        state = SimpleNamespace(global_step=number)
        callback.on_evaluate(None, state, control, metrics={callback.metric: value})
        if control.should_training_stop:
            return number
    return None


def test_by_hand():
    assert stopped_after([3, 2, 2, 1, 1.5, 1.2, 0.9], patience=2) == 6
    assert stopped_after([3, 2, 1, 0], patience=1) is None
    assert stopped_after([0.1, 0.2, 0.3, 0.25], metric="accuracy", patience=1) == 4
    assert stopped_after([3, 2.95, 2.9], patience=2, min_gain=0.2) == 3
    assert stopped_after([1, 2, 1], metric="eval_temperature", direction="max", patience=1) == 3
    assert stopped_after([1, float("nan"), float("nan")], patience=2) == 3


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("loss", "min"), ("eval_news_loss", "min"), ("perplexity", "min"), ("bits_per_character", "min"),
        ("f1", "max"), ("eval_f1_macro", "max"), ("rouge_l", "max"), ("accuracy_held_out", "max"), ("score", "max"),
    ],
)  # fmt: skip
def test_direction_by_name(metric, direction):
    assert infer_direction(metric) == direction


def test_it_stops_a_training_and_a_resumed_one_at_the_same_step(tmp_path):
    options = {"eval_strategy": "steps", "eval_steps": 2, "save_strategy": "steps", "save_steps": 2}

    def stopping():
        return [EarlyStopping(patience=2, min_gain=1.0)]  # no evaluation gains a nat here

    whole = trained(tmp_path, callbacks=stopping(), **options)
    assert whole.state.global_step == 6
    for step in (4, 6):
        resumed = trained(tmp_path, resume=tmp_path / f"checkpoint-{step}", callbacks=stopping(), **options)
        assert resumed.state.global_step == 6


def test_one_of_several_evaluation_sets_has_the_metric(tmp_path):
    options = {
        "eval_strategy": "steps",
        "eval_steps": 2,
        "eval_dataset": {"a": rows(8), "b": rows(8, seed=3)},
    }
    stopping = EarlyStopping("eval_b_loss", patience=9)
    trained(tmp_path, callbacks=[stopping], **options)
    assert stopping.best < 100 and stopping.best_step == 10
    with pytest.raises(
        ValueError, match=r"'eval_loss', which no evaluation returned: they have .*eval_a_loss.*eval_b_loss"
    ):
        trained(tmp_path, callbacks=[EarlyStopping()], **options)


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="eval_strategy is 'no'"):
        trained(tmp_path, callbacks=[EarlyStopping()])
    with pytest.raises(ValueError, match=r"more or less of 'warmth' is better"):
        EarlyStopping("warmth")
    with pytest.raises(ValueError, match="patience is 0"):
        EarlyStopping(patience=0)
    with pytest.raises(ValueError, match="direction is 'up'"):
        EarlyStopping("warmth", direction="up")
