"""EMA of weights: closed form, swap, parity with torch, Trainer and checkpoints.

Run: pytest tests/training/callbacks/test_ema.py
"""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import arguments, bert_rows, digits, mlp, tiny_bert, weights
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from zhnlp.training.callbacks import EMA, EMACallback


def put(model, value):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)


def train(model, steps, after=lambda: None, lr=0.5, size=8, seed=0):
    x, y, *_ = digits(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    random = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = torch.randint(len(y), (size,), generator=random)
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
        after()
    return weights(model)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 0.999), st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=12))
def test_closed_form(decay, values):
    layer = nn.Linear(1, 1, bias=False).double()
    put(layer, 2.0)
    ema = EMA(layer, decay, warmup=False)
    for value in values:
        put(layer, value)
        ema.update()
    n = len(values)
    wanted = decay**n * 2 + (1 - decay) * sum(decay ** (n - i) * value for i, value in enumerate(values, 1))
    assert ema.shadow["weight"].item() == pytest.approx(wanted, abs=1e-6)


def test_constant_weights_stay_constant():
    model = mlp(4, 3, 2, batch_norm=True)
    ema = EMA(model, 0.9)
    for _ in range(20):
        ema.update()
    assert all(value.equal(model.state_dict()[name]) for name, value in ema.shadow.items())


def test_warm_up_update_after_and_every_by_hand():
    layer = nn.Linear(1, 1, bias=False)
    put(layer, 0.0)
    ema = EMA(layer, 0.9999, warmup=True, update_after=2, every=2)
    seen = []
    for value in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        put(layer, value)
        ema.update()
        seen.append(ema.shadow["weight"].item())
    # two calls follow; then every second one averages, with a = 1/10 and 2/11
    first = 0.1 * 2 + 0.9 * 4
    assert seen == pytest.approx([1, 2, 2, first, first, 2 / 11 * first + 9 / 11 * 6])
    assert ema.updates == 2 and ema.decay_now() == 3 / 12


def test_parity_with_torch_averaged_model():
    model = mlp(64, 16, 10)
    torch_s = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.95))
    torch_s.update_parameters(model)  # its first call copies, ours begins with a copy
    ours = EMA(model, 0.95, warmup=False)

    def both():
        ours.update()
        torch_s.update_parameters(model)

    train(model, 25, both)
    for name, value in torch_s.module.named_parameters():
        assert value.equal(ours.shadow[name])


def test_the_swap_and_training_are_bit_identical():
    plain = train(mlp(64, 16, 10), 30)
    model = mlp(64, 16, 10)
    ema = EMA(model, 0.9)

    def after():
        ema.update()
        own = weights(model)
        with ema.applied() as averaged:
            assert averaged is model and not weights(model).equal(own)
        assert weights(model).equal(own)

    assert train(model, 30, after).equal(plain)
    with pytest.raises(KeyError), ema.applied():
        raise KeyError
    assert weights(model).equal(plain)
    ema.copy_to_model()
    assert not weights(model).equal(plain) and not ema.active


def test_buffers_whole_numbers_and_narrow_weights():
    model = mlp(4, 3, 2, batch_norm=True)
    model[0].weight.data = model[0].weight.data.to(torch.bfloat16)
    ema = EMA(model, 0.999, warmup=False)
    start = model[0].weight.detach().float().clone()
    with torch.no_grad():
        model[0].weight += 1
        model[1].running_mean += 1
        model[1].num_batches_tracked += 7
    ema.update()
    assert ema.shadow["0.weight"].dtype == torch.float32
    assert torch.allclose(
        ema.shadow["0.weight"] - start, torch.tensor(0.001), atol=2e-5
    )  # bfloat16 would stand still
    assert torch.allclose(ema.shadow["1.running_mean"], torch.full((3,), 0.001))
    assert ema.shadow["1.num_batches_tracked"] == 7
    with ema.applied():
        assert model[0].weight.dtype == torch.bfloat16


def test_state_and_file_continue_exactly(tmp_path):
    model = mlp(64, 16, 10)
    ema = EMA(model, 0.99)
    train(model, 10, ema.update)
    ema.save(tmp_path / "ema.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["ema.safetensors"]
    twins = [copy.deepcopy(model) for _ in range(2)]
    from_file, from_state = (EMA(twin, 0.99) for twin in twins)
    from_file.load(tmp_path / "ema.safetensors")
    from_state.load_state_dict(ema.state_dict())
    for twin, average in ((model, ema), (twins[0], from_file), (twins[1], from_state)):
        train(twin, 5, average.update, seed=1)
    for name, value in ema.shadow.items():
        assert value.equal(from_file.shadow[name]) and value.equal(from_state.shadow[name])


def test_digits_average_is_better_and_steadier():
    """Spec: SGD .5, batch 8, evaluations after epoch 3: mean at least .005 above the raw one, deviation at most .6 of it."""
    for seed in range(2):
        _, _, x, y = digits(seed)
        model = mlp(64, 64, 10, seed=seed)
        ema = EMA(model, 0.99, warmup=True)
        raw, averaged, steps = [], [], 0

        def accuracy(model=model, x=x, y=y):
            return (model(x).argmax(1) == y).float().mean().item()

        def after(ema=ema, raw=raw, averaged=averaged, accuracy=accuracy):
            nonlocal steps
            ema.update()
            steps += 1
            if steps > 3 * 125 and steps % 25 == 0:
                raw.append(accuracy())
                with ema.applied():
                    averaged.append(accuracy())

        train(model, 10 * 125, after, seed=seed)
        raw, averaged = torch.tensor(raw), torch.tensor(averaged)
        assert averaged.mean() >= raw.mean() + 0.005
        assert averaged.std() <= 0.6 * raw.std()


def trainer(folder, steps, callback, kind=None, **options):
    import transformers

    return (kind or transformers.Trainer)(
        tiny_bert(),
        arguments(folder, max_steps=steps, **options),
        train_dataset=bert_rows(),
        eval_dataset=options.pop("eval_dataset", bert_rows(8, seed=1)),
        callbacks=[callback],
    )


def test_trainer_resumes_exactly_and_saves_its_own_weights(tmp_path):
    options = {"save_strategy": "steps", "save_steps": 5, "eval_strategy": "steps", "eval_steps": 5}
    whole = trainer(tmp_path / "whole", 8, EMACallback(0.9), **options)
    whole.train()
    rest = trainer(
        tmp_path / "rest", 8, EMACallback(0.9, resume_from=tmp_path / "whole/checkpoint-5"), **options
    )
    rest.train(resume_from_checkpoint=str(tmp_path / "whole/checkpoint-5"))
    wanted, got = (run.callback_handler.callbacks[_place(run)].ema for run in (whole, rest))
    assert wanted.updates == got.updates == 8
    assert all(value.equal(got.shadow[name]) for name, value in wanted.shadow.items())
    assert weights(rest.model).equal(weights(whole.model))
    with safe_open(tmp_path / "whole/checkpoint-8/model.safetensors", framework="pt") as file:
        assert file.get_tensor("classifier.weight").equal(whole.model.classifier.weight)
    assert not whole.model._forward_pre_hooks and not whole.model._state_dict_pre_hooks


def _place(some_trainer):
    return next(
        place
        for place, entry in enumerate(some_trainer.callback_handler.callbacks)
        if isinstance(entry, EMACallback)
    )


def test_trainer_evaluates_with_the_average(tmp_path):
    """Also where there are several evaluation sets, and weights saved at the same step are the model's own."""
    import transformers

    class Spy(transformers.TrainerCallback):
        def __init__(self):
            self.losses = []

        def on_evaluate(self, args, state, control, metrics=None, model=None, **kwargs):
            self.losses.append({key: value for key, value in metrics.items() if key.endswith("loss")})

    callback, spy = EMACallback(0.8, warmup=False), Spy()
    sets = {"a": bert_rows(8, seed=1), "b": bert_rows(8, seed=2)}
    options = {"save_strategy": "steps", "save_steps": 6, "eval_strategy": "steps", "eval_steps": 6}
    run = transformers.Trainer(
        tiny_bert(),
        arguments(tmp_path, max_steps=6, learning_rate=1e-2, **options),
        train_dataset=bert_rows(),
        eval_dataset=sets,
        callbacks=[callback, spy],
    )
    run.train()
    own = weights(run.model)
    raw = {key: value for key, value in run.evaluate().items() if key.endswith("loss")}
    with callback.evaluating():
        averaged = {key: value for key, value in run.evaluate().items() if key.endswith("loss")}
    assert weights(run.model).equal(own)
    seen = {key: value for losses in spy.losses[:2] for key, value in losses.items()}
    assert set(seen) == {"eval_a_loss", "eval_b_loss"}
    for key, value in seen.items():
        assert value == pytest.approx(averaged[key], abs=1e-6)
        assert abs(value - raw[key]) > 1e-5
    with safe_open(tmp_path / "checkpoint-6/model.safetensors", framework="pt") as file:
        assert file.get_tensor("classifier.weight").equal(run.model.classifier.weight)


def test_evaluate_and_predict_see_the_average(tmp_path):
    """Of the best checkpoint, where that is loaded."""
    from zhnlp.training import Trainer

    callback = EMACallback(0.8, warmup=False)
    options = {"save_strategy": "steps", "save_steps": 2, "eval_strategy": "steps", "eval_steps": 2}
    best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": True}
    run = trainer(tmp_path, 4, callback, Trainer, learning_rate=1e-2, **options, **best)
    assert run.evaluate()["eval_loss"] > 0  # before training there is no average
    run.train()
    seen = [entry["eval_loss"] for entry in run.state.log_history if "eval_loss" in entry]
    own = weights(run.model)
    assert run.state.best_model_checkpoint.endswith("checkpoint-2") and seen[0] > seen[1]
    assert run.evaluate()["eval_loss"] == pytest.approx(seen[0], abs=1e-6)
    assert run.predict(bert_rows(8, seed=1)).metrics["test_loss"] == pytest.approx(seen[0], abs=1e-6)
    assert weights(run.model).equal(own)
    raw = F.cross_entropy(
        torch.tensor(super(Trainer, run).predict(bert_rows(8, seed=1)).predictions),
        torch.tensor([row["labels"] for row in bert_rows(8, seed=1)]),
    )
    assert abs(float(raw) - seen[0]) > 1e-5


def test_the_average_may_stay_at_the_end(tmp_path):
    callback = EMACallback(0.8, warmup=False, at_end="average")
    run = trainer(tmp_path, 4, callback)
    run.train()
    assert run.model.classifier.weight.equal(callback.ema.shadow["classifier.weight"])


def test_refusals(tmp_path):
    for options, message in (
        ({"decay": 1.0}, r"decay got 1.0: expected a number in \[0, 1\)"),
        ({"every": 0}, "expected update_after >= 0 and every >= 1"),
    ):
        with pytest.raises(ValueError, match=message):
            EMA(mlp(2, 2), **options)
        with pytest.raises(ValueError, match=message):
            EMACallback(**options)
    with pytest.raises(ValueError, match="at_end got 'ema'"):
        EMACallback(at_end="ema")
    ema = EMA(mlp(2, 2))
    with ema.applied():
        with pytest.raises(RuntimeError, match="while its weights are in the model"):
            ema.update()
        with pytest.raises(RuntimeError, match="in the model already"):
            ema.swap_in()
    with pytest.raises(
        ValueError, match=r"belong to another model: 2 names or shapes differ, first '0.weight'"
    ):
        EMA(mlp(2, 3)).load_state_dict(ema.state_dict())
    run = trainer(tmp_path, 4, EMACallback(0.9), save_strategy="steps", save_steps=2)
    run.train()
    (tmp_path / "checkpoint-2/ema.safetensors").unlink()
    again = trainer(tmp_path, 4, EMACallback(0.9))
    with pytest.raises(FileNotFoundError, match=r"checkpoint-2 has no ema.safetensors"):
        again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
