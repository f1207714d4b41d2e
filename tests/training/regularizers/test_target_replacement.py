"""Random target replacement: rates, where tokens come from, what never changes, refusals.

Run: pytest tests/training/regularizers/test_target_replacement.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_writers import Successor, bart_batch, tiny_bart, unilm_batch

from zhnlp.training.regularizers import RandomTargetReplacement

SOURCE, TARGET = list(range(5, 15)), list(range(20, 40))  # 20 different words of the target


def changed(part, batch, model=None):
    return part.inputs(Successor() if model is None else model, batch)


@pytest.mark.parametrize(("make", "first"), [(unilm_batch, 12), (bart_batch, 1)])
def test_rates(make, first):
    """Half of the rows are left alone; in the others three tokens of ten are drawn anew, one of them in twenty the same."""
    torch.manual_seed(0)
    batch = make([(SOURCE, TARGET)] * 4000)
    name = "input_ids" if first == 12 else "decoder_input_ids"
    before = batch[name][:, first : first + 20]
    after = changed(RandomTargetReplacement(), batch)[name][:, first : first + 20]
    differs = before != after
    assert differs.any(1).float().mean().item() == pytest.approx(0.5, abs=0.025)  # .7¹⁹ of the rows escape
    assert differs[differs.any(1)].float().mean().item() == pytest.approx(0.3 * 0.95, abs=0.01)
    drawn = torch.bincount(after[differs] - 20, minlength=20).float()
    assert (drawn / drawn.sum() - 1 / 20).abs().max() < 0.01  # all words alike
    every = changed(RandomTargetReplacement(1.0, 1.0), batch)[name][:, first : first + 20]
    assert (every != before).float().mean().item() == pytest.approx(0.95, abs=0.005)


def test_sequence_and_vocabulary():
    torch.manual_seed(0)
    batch = unilm_batch([(SOURCE, TARGET)] * 500)
    target = batch["segments"] == 1
    for source, keep, wanted in (
        ("target", True, {*TARGET}),
        ("target", False, {*TARGET, 3}),
        ("sequence", True, {*SOURCE, *TARGET}),
        ("sequence", False, {*SOURCE, *TARGET, 2, 3}),
        ("vocab", True, {*range(40)} - {2, 3, 30}),
        ("vocab", False, {*range(40)}),
    ):
        part = RandomTargetReplacement(
            1, 1, source=source, keep_special=keep, special_ids=[30] if source == "vocab" else []
        )
        ids = changed(part, batch)["input_ids"]
        words = target & (batch["input_ids"] != 3) & (batch["input_ids"] != 30)
        assert {*ids[words].tolist()} == wanted, (source, keep)
        assert torch.equal(ids[~target], batch["input_ids"][~target])
        last = ids[:, -1]  # [SEP]
        assert bool((last == 3).all()) is keep


def test_the_start_of_a_decoder_stays_and_words_of_the_source_may_come():
    torch.manual_seed(0)
    batch = bart_batch([(SOURCE, TARGET)] * 300)
    ids = changed(RandomTargetReplacement(1, 1, source="sequence"), batch, tiny_bart())["decoder_input_ids"]
    assert (ids[:, 0] == 3).all() and {*ids[:, 1:].flatten().tolist()} == {*SOURCE, *TARGET}
    bare = changed(RandomTargetReplacement(1, 1, keep_special=False), batch, tiny_bart())["decoder_input_ids"]
    assert (bare[:, 0] != 3).any()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(5, 39), min_size=1, max_size=6), st.lists(st.integers(5, 39), max_size=6)
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["target", "sequence", "vocab"]),
    st.sampled_from([unilm_batch, bart_batch]),
)
def test_only_words_of_the_target_change_and_nothing_else(items, source, make):
    batch = make(items)
    kept = {name: value.clone() for name, value in batch.items()}
    after = changed(RandomTargetReplacement(1, 1, source=source, special_ids=[0, 2]), batch)
    assert all(torch.equal(batch[name], kept[name]) for name in kept)  # the batch itself is left alone
    name = "input_ids" if make is unilm_batch else "decoder_input_ids"
    assert after.keys() == kept.keys() and all(
        after[other] is batch[other] for other in kept if other != name
    )
    for row, (of_source, target) in enumerate(items):
        begin = len(of_source) + 2 if make is unilm_batch else 1
        words = after[name][row, begin : begin + len(target)].tolist()
        pool = {"target": {*target}, "sequence": {*of_source, *target}, "vocab": {1, *range(4, 40)}}[source]
        assert {*words} <= pool
        after[name][row, begin : begin + len(target)] = torch.tensor(target, dtype=torch.long)
    assert torch.equal(after[name], kept[name])


def test_nothing_changes_without_training():
    batch = unilm_batch([(SOURCE, TARGET)])
    assert changed(RandomTargetReplacement(1, 1), batch, Successor().eval()) is batch


def test_refusals():
    with pytest.raises(ValueError, match=r"p_token got 1\.5: expected a probability"):
        RandomTargetReplacement(p_token=1.5)
    with pytest.raises(ValueError, match="source got 'words': expected one of 'target', 'sequence', 'vocab'"):
        RandomTargetReplacement(source="words")
    with pytest.raises(ValueError, match="got input_ids, labels"):
        changed(RandomTargetReplacement(), {"input_ids": torch.ones(1, 2), "labels": torch.ones(1)})
