"""Scheduled sampling: the second pass's inputs by hand, both forms of logits, schedules, draws, refusals.

Run: pytest tests/training/regularizers/test_scheduled_sampling.py
"""

import math

import pytest
import torch
from tiny_writers import Successor, bart_batch, tiny_bart, unilm_batch

from zhnlp.training.regularizers import ScheduledSampling

PAIRS = [([11, 12, 13], [21, 22, 30]), ([14], [16, 17])]


def at_the_end(**options):
    """All that can be is replaced."""
    part = ScheduledSampling(rate=1.0, steps=1, **options)
    part.load_state_dict({"seen": 1})
    return part


@pytest.mark.parametrize("every", [False, True])
def test_rows_by_hand(every):
    """[SEP] = 3 predicts 4, a word the next number; the last [SEP] stays."""
    batch = unilm_batch(PAIRS)
    found = at_the_end().inputs(Successor(every), batch)
    assert found["input_ids"].tolist() == [
        [2, 11, 12, 13, 3, 4, 22, 23, 3],
        [2, 14, 3, 4, 17, 3, 0, 0, 0],
    ]
    assert found["labels"] is batch["labels"] and batch["input_ids"][0, 5] == 21


def test_what_has_no_label_has_no_prediction_and_special_tokens_are_not_read():
    batch = unilm_batch(PAIRS)
    batch["labels"][0, 5] = -100  # at 21, where 22 was to be written
    part = at_the_end(special_ids=[23])
    assert part.inputs(Successor(), batch)["input_ids"][0].tolist() == [2, 11, 12, 13, 3, 4, 22, 30, 3]
    batch["labels"][0, 5], batch["input_ids"][0, 6] = 22, 25
    assert at_the_end().inputs(Successor(), batch)["input_ids"][0, 5:8].tolist() == [4, 22, 26]


def test_a_decoder_reads_what_the_first_pass_would_write():
    model, batch = tiny_bart(dropout=0.0).train(), bart_batch(PAIRS)
    with torch.no_grad():
        written = model(**batch).logits.argmax(-1)
    wanted = batch["decoder_input_ids"].clone()
    for row, (_, target) in enumerate(PAIRS):
        for place in range(len(target)):
            if written[row, place] > 3 and written[row, place] != 0:
                wanted[row, place + 1] = written[row, place]
    assert not torch.equal(wanted, batch["decoder_input_ids"])
    assert torch.equal(at_the_end().inputs(model, batch)["decoder_input_ids"], torch.as_tensor(wanted))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_probability_rises_and_no_pass_is_run_while_it_is_0():
    part, model, batch = ScheduledSampling(0.4, steps=4), Successor(), unilm_batch(PAIRS)
    rising = []
    for _ in range(6):
        rising.append(part.probability)
        found = part.inputs(model, batch)
        if not rising[-1]:
            assert found is batch and model.passes == 0
    assert rising == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.4])
    assert model.passes == 5 and not model.had_gradients
    assert part.state_dict() == {"seen": 6}
    model.eval()
    assert part.inputs(model, batch) is batch and part.state_dict() == {"seen": 6}
    for name, begin, middle in (
        ("exponential", 0.0, 1 - math.exp(-2.5)),
        ("sigmoid", 1 / (1 + math.exp(5)), 0.5),
    ):
        part, found = ScheduledSampling(1.0, steps=10, schedule=name), []
        for seen in (0, 5, 10, 10_000):
            part.load_state_dict({"seen": seen})
            found.append(part.probability)
        assert found[:2] == pytest.approx([begin, middle]) and 0.99 < found[2] < found[3] <= 1


def test_the_share_of_replaced_tokens_is_the_probability():
    torch.manual_seed(0)
    part = ScheduledSampling(0.5, steps=10)
    part.load_state_dict({"seen": 5})
    batch = unilm_batch([([11], [21, 31])] * 8000)  # predicted 4 and 22
    differs = part.inputs(Successor(), batch)["input_ids"] != batch["input_ids"]
    assert differs[:, [0, 1, 2, 5]].sum() == 0
    assert differs[:, 3:5].float().mean(0).tolist() == pytest.approx([0.25, 0.25], abs=0.015)


def test_tokens_are_drawn_from_the_distribution():
    """The next number against 39 others, with logit ln 39 more than they: half of the draws."""
    torch.manual_seed(0)
    batch = unilm_batch([([11], [21, 31])] * 8000)
    found = at_the_end(sample=True).inputs(Successor(certainty=math.log(39)), batch)["input_ids"]
    assert (found[:, 3] == 4).float().mean().item() == pytest.approx(0.5, abs=0.02)
    assert len(found[:, 3].unique()) == 38  # all but [CLS] and [SEP]


def test_a_batch_without_labels_or_with_none_that_counts():
    batch = unilm_batch(PAIRS)
    labels = batch.pop("labels")
    assert at_the_end().inputs(Successor(), batch)["input_ids"][0].tolist() == [
        2,
        11,
        12,
        13,
        3,
        4,
        22,
        23,
        3,
    ]
    for sample in (False, True):
        nothing = {**batch, "labels": torch.full_like(labels, -100)}
        assert torch.equal(
            at_the_end(sample=sample).inputs(Successor(), nothing)["input_ids"], batch["input_ids"]
        )


def test_refusals():
    with pytest.raises(ValueError, match="rate, steps got 2, 0"):
        ScheduledSampling(2, 0)
    with pytest.raises(
        ValueError, match="schedule got 'square': expected one of 'linear', 'exponential', 'sigmoid'"
    ):
        ScheduledSampling(schedule="square")
    with pytest.raises(ValueError, match="got input_ids, labels"):
        at_the_end().inputs(Successor(), {"input_ids": torch.ones(1, 2), "labels": torch.ones(1)})

    class Pooled(Successor):
        def forward(self, *args, **inputs):
            return {"logits": torch.zeros(2, 40)}

    with pytest.raises(ValueError, match=r"logits \(2, 40\) for 7 labels in \(2, 9\) and inputs \(2, 9\)"):
        at_the_end().inputs(Pooled(), unilm_batch(PAIRS))
