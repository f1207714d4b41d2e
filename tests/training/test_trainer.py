"""The trainer: what can be repeated, what evaluations leave alone, how losses are weighed, what it refuses.

Run: pytest tests/training/test_trainer.py
"""

import random

import numpy as np
import pytest
import torch
from small_models import make_model
from trainings import distance, labelled, make_trainer, rows, same_bits, trained, weights_of
from transformers import DefaultDataCollator, set_seed

from zhnlp.training import TokenBudgetBatches
from zhnlp.training.regularizers import FGM, FloodingLoss, Regularizer, regularized_backward

SGD = {"optim": "sgd", "lr_scheduler_type": "constant", "learning_rate": 0.1, "max_grad_norm": 0}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """10 steps in epochs of 5, a checkpoint every 2."""
    return trained(tmp_path_factory.mktemp("unbroken"), save_strategy="steps", save_steps=2)


# --- repeated and resumed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [2, 4, 8])
def test_resumed_within_an_epoch_is_bit_for_bit_the_unbroken_run(unbroken, step, tmp_path):
    """With dropout, random masks in the collator, a warmed-up Adam and a falling rate."""
    resumed = trained(tmp_path, resume=f"{unbroken.args.output_dir}/checkpoint-{step}")
    assert resumed.state.global_step == 10 and same_bits(unbroken, resumed)


def test_resumed_at_the_end_of_an_epoch(tmp_path):
    options = {"save_strategy": "epoch", "max_steps": 10, "gradient_accumulation_steps": 2}
    whole = trained(tmp_path / "whole", **options)  # epochs of 3 steps, the last of one batch
    resumed = trained(tmp_path / "again", resume=tmp_path / "whole/checkpoint-6", **options)
    assert whole.state.epoch > 3 and same_bits(whole, resumed)


def test_another_seed_is_another_training_and_the_same_one_the_same(unbroken, tmp_path):
    torch.rand(3)  # what came before does not matter
    assert same_bits(unbroken, trained(tmp_path / "same"))
    assert not same_bits(unbroken, trained(tmp_path / "other", seed=43))


def test_evaluations_and_workers_leave_the_training_as_it_is(unbroken, tmp_path):
    evaluated = trained(tmp_path / "eval", eval_strategy="steps", eval_steps=3, eval_on_start=True)
    assert [entry["step"] for entry in evaluated.state.log_history if "eval_loss" in entry] == [
        0,
        3,
        6,
        9,
        10,
    ]
    assert same_bits(unbroken, evaluated)
    assert same_bits(unbroken, trained(tmp_path / "workers", dataloader_num_workers=2))


def test_evaluate_leaves_all_generators_and_gives_the_same_each_time(tmp_path):
    trainer = make_trainer(tmp_path)
    set_seed(5)
    expected = random.random(), np.random.rand(), float(torch.rand(()))
    set_seed(5)
    first = trainer.evaluate()["eval_loss"]
    assert (random.random(), np.random.rand(), float(torch.rand(()))) == expected
    assert trainer.evaluate()["eval_loss"] == first
    set_seed(5)
    trainer.predict(rows(8))
    assert random.random() == expected[0]


def test_a_finished_training_does_not_step_again(unbroken, tmp_path):
    again = trained(tmp_path, resume=f"{unbroken.args.output_dir}/checkpoint-10")
    assert again.state.global_step == 10 and same_bits(unbroken, again)


def test_resume_asks_for_a_whole_checkpoint(tmp_path):
    with pytest.raises(ValueError, match="holds no whole checkpoint"):
        make_trainer(tmp_path).train(resume_from_checkpoint=True)
    with pytest.raises(ValueError, match="it is not there"):
        make_trainer(tmp_path).train(resume_from_checkpoint=tmp_path / "checkpoint-3")
    options = {"save_strategy": "steps", "save_steps": 2, "max_steps": 4}
    whole = trained(tmp_path, resume="auto", **options)  # nothing there: from the beginning
    weights = tmp_path / "checkpoint-4/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    with pytest.raises(ValueError, match=r"model.safetensors is truncated: .* bytes, expected "):
        make_trainer(tmp_path).train(resume_from_checkpoint=weights.parent)
    with pytest.warns(UserWarning, match="checkpoint-4 is skipped"):
        resumed = trained(tmp_path, resume=True, **options)
    assert same_bits(whole, resumed)


def test_rotation_keeps_the_newest(tmp_path):
    trained(tmp_path, save_strategy="steps", save_steps=2, save_total_limit=2)
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == ["checkpoint-10", "checkpoint-8"]
    assert not [*tmp_path.glob("checkpoint-*/INCOMPLETE")]


# --- the loss of a step ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_accumulation_equals_the_large_batch(kind, tmp_path):
    """Also where rows ask different numbers of labels, and the model (bert) ignores num_items_in_batch; post 6794."""
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if kind == "bert" else {}
    options = {**SGD, "data": labelled(), "collate": DefaultDataCollator(), "max_steps": 5}
    large, small = (
        trained(
            tmp_path / str(size),
            model=make_model(kind, **still).double(),
            per_device_train_batch_size=size,
            gradient_accumulation_steps=8 // size,
            **options,
        )
        for size in (8, 2)
    )
    assert (
        distance(large, weights_of(make_trainer(tmp_path, model=make_model(kind, **still).double()))) > 1e-3
    )
    assert distance(large, small) < (1e-12 if kind == "bert" else 1e-6)  # llama's loss is computed in float32
    losses = [
        [entry["loss"] for entry in each.state.log_history if "loss" in entry] for each in (large, small)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-9)


def test_a_loss_function_may_divide_by_the_number_it_is_given(tmp_path):
    """The convention of transformers' ``compute_loss_func``."""

    def summed(outputs, labels, num_items_in_batch=None):
        return (
            torch.nn.functional.cross_entropy(
                outputs["logits"].flatten(0, 1), labels.flatten(), reduction="sum"
            )
            / num_items_in_batch
        )

    options = {**SGD, "data": labelled(), "collate": DefaultDataCollator(), "max_steps": 3}
    own = trained(tmp_path / "own", compute_loss_func=summed, gradient_accumulation_steps=2, **options)
    plain = trained(tmp_path / "plain", gradient_accumulation_steps=2, **options)
    assert distance(own, plain) < 1e-6


def test_a_micro_batch_without_labels_counts_nothing(tmp_path):
    data = labelled(16)
    for row in data[8:]:
        row["labels"] = torch.full_like(row["labels"], -100)
    options = {
        **SGD,
        "collate": DefaultDataCollator(),
        "max_steps": 1,
        "train_sampling_strategy": "sequential",
    }
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    half = trained(tmp_path / "a", model=make_model("bert", **still), data=data[:8], **options)
    both = trained(
        tmp_path / "b", model=make_model("bert", **still), data=data, gradient_accumulation_steps=2, **options
    )
    assert distance(half, both) < 1e-7


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_nothing_but_batches_without_labels_leaves_the_weights(kind, tmp_path):
    """Also in rows of one token, which a causal model has no label for."""
    data = [{"input_ids": torch.tensor([7]), "labels": torch.tensor([-100 if kind == "bert" else 7])}] * 8
    options = {**SGD, "data": data, "collate": DefaultDataCollator(), "max_steps": 2, "regularizers": [FGM()]}
    model = make_model(kind)
    begun = {name: value.clone() for name, value in model.state_dict().items()}
    assert same_bits(begun, trained(tmp_path, model=model, **options))


class Noted(Regularizer):
    """Writes down what it is asked."""

    def __init__(self, name, notes):
        self.name, self.notes = name, notes

    def loss(self, model, inputs, loss, outputs=None):
        self.notes.append((self.name, "loss", outputs is not None and model.training))
        return loss

    def after_backward(self, model, inputs, compute_loss, scale):
        self.notes.append((self.name, "after", scale))


def test_regularizers_come_in_order_with_the_scale_of_the_step(tmp_path):
    notes = []
    parts = [Noted("a", notes), Noted("b", notes)]
    options = {"data": rows(8), "max_steps": 1, "per_device_train_batch_size": 4}
    trained(tmp_path, regularizers=parts, gradient_accumulation_steps=2, **options)
    assert [note[:2] for note in notes] == [("a", "loss"), ("b", "loss"), ("a", "after"), ("b", "after")] * 2
    assert all(note[2] is True for note in notes if note[1] == "loss")
    assert sum(note[2] for note in notes if note[:2] == ("a", "after")) == pytest.approx(1)


def test_regularizers_train_as_in_a_plain_loop(tmp_path):
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = make_model("bert", **still)
    batch = DefaultDataCollator()(labelled(8))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for _ in range(2):

        def compute_loss():
            outputs = model(**batch)
            return outputs.loss, outputs

        regularized_backward(model, batch, compute_loss, [FloodingLoss(6.0), FGM(0.5)])
        optimizer.step()
        optimizer.zero_grad()
    options = {"data": labelled(8), "max_steps": 2, "train_sampling_strategy": "sequential"}
    collate = DefaultDataCollator()
    trainer, plain = (
        trained(
            tmp_path, model=make_model("bert", **still), regularizers=parts, collate=collate, **options, **SGD
        )
        for parts in ([FloodingLoss(6.0), FGM(0.5)], [])
    )
    assert distance(trainer, model.state_dict()) < 1e-6 < distance(trainer, plain)


def test_bf16_trains_float32_weights(unbroken, tmp_path):
    trainer = trained(tmp_path, bf16=True)
    assert {value.dtype for value in trainer.model.parameters()} == {torch.float32}
    assert 0 < distance(unbroken, trainer) < 0.1


def test_batches_of_a_token_budget(tmp_path):
    data = [{"input_ids": row["input_ids"][: 2 + number % 10]} for number, row in enumerate(labelled())]

    def collate(items):
        ids = torch.nn.utils.rnn.pad_sequence([item["input_ids"] for item in items], batch_first=True)
        seen.append(tuple(ids.shape))
        return {"input_ids": ids, "labels": ids.masked_fill(ids == 0, -100)}

    seen = []
    batches = TokenBudgetBatches([len(row["input_ids"]) for row in data], max_tokens=48)
    trainer = trained(tmp_path, data=data, collate=collate, batch_sampler=batches, num_train_epochs=2)
    assert trainer.state.global_step == 2 * len(batches) == len(seen)
    assert max(high * wide for high, wide in seen) <= 48
    assert sum(high for high, _ in seen) == 2 * len(data)


def test_lengths_are_grouped_by_the_samples_themselves(tmp_path):
    data = [{**row, "input_ids": row["input_ids"][: 2 + number % 10]} for number, row in enumerate(rows())]
    trainer = make_trainer(tmp_path, data=data, train_sampling_strategy="group_by_length")
    found = [
        [len(data[index]["input_ids"]) for index in batch]
        for batch in trainer.get_train_dataloader().batch_sampler
    ]
    assert sum(map(len, found)) == 40 and max(max(batch) - min(batch) for batch in found) <= 3
    with pytest.raises(ValueError, match="the lengths of the samples are not known"):
        make_trainer(
            tmp_path, data=[{"x": 1}], train_sampling_strategy="group_by_length"
        ).get_train_dataloader()


class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        yield from random.sample(rows(), 40)  # shuffled by a global generator


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_is_resumed_bit_for_bit(workers, tmp_path):
    options = {"data": Stream(), "save_strategy": "steps", "save_steps": 4, "dataloader_num_workers": workers}
    whole = trained(tmp_path / "a", data=Stream(), max_steps=8)
    trained(tmp_path / "b", **options | {"max_steps": 8})
    resumed = trained(tmp_path / "c", resume=tmp_path / "b/checkpoint-4", **options | {"max_steps": 8})
    assert same_bits(whole, resumed)


# --- refusals --------------------------------------------------------------------------------------------------


def test_a_stream_of_datasets_is_resumed_bit_for_bit_after_its_first_pass(tmp_path):
    """transformers would look for step 10 in the first pass, which has 3."""
    from datasets import Dataset

    def stream():
        table = Dataset.from_list([{"input_ids": row["input_ids"].tolist()} for row in rows(20)])
        return table.with_format("torch").to_iterable_dataset(num_shards=2).shuffle(seed=3, buffer_size=8)

    whole = trained(tmp_path / "whole", data=stream(), save_strategy="steps", save_steps=5)
    resumed = trained(tmp_path / "again", data=stream(), resume=tmp_path / "whole/checkpoint-5")
    assert same_bits(whole, resumed)


def test_no_data_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the training dataset is empty"):
        trained(tmp_path, data=[])
    with pytest.raises(ValueError, match="40 samples make no batch"):
        trained(tmp_path, per_device_train_batch_size=64, dataloader_drop_last=True)
    with pytest.raises(ValueError, match="the training stream gave nothing in pass 0"):
        trained(tmp_path, data=type("Nothing", (Stream,), {"__iter__": lambda self: iter(())})())


def test_missing_labels_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no labels to learn from: got input_ids, expected labels too"):
        trained(tmp_path, collate=DefaultDataCollator())


def test_a_loss_that_is_no_number_stops_with_its_step_and_cause(tmp_path):
    with pytest.raises(
        FloatingPointError, match=r"step [2-9] is nan, and the weights have grown to .* smaller learning rate"
    ):
        trained(tmp_path, **{**SGD, "learning_rate": 1e30})

    class Broken(Regularizer):
        def loss(self, model, inputs, loss, outputs=None):
            return loss / 0

    with pytest.raises(FloatingPointError, match="step 1 is inf though weights and inputs are sound"):
        trained(tmp_path, regularizers=[Broken()])


def test_fp16_on_a_cpu_is_refused(tmp_path):
    with pytest.raises(ValueError, match="fp16 needs a GPU: expected one, got the cpu"):
        make_trainer(tmp_path, fp16=True)


def test_starting_anew_beside_checkpoints_is_said(unbroken, caplog):
    import transformers

    transformers.logging.enable_propagation()
    try:
        make_trainer(unbroken.args.output_dir)._checkpoint_to_resume(None)
    finally:
        transformers.logging.disable_propagation()
    assert "holds checkpoints of an earlier training" in caplog.text
