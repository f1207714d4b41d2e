"""Where a decoder's inputs are found: by hand, padding, special tokens, a refusal.

Run: pytest tests/training/regularizers/test_decoder_inputs.py
"""

import pytest
import torch
from tiny_writers import bart_batch, tiny_bart, unilm_batch
from torch import nn

from zhnlp.training.regularizers.decoder_inputs import DecoderInputs

PAIRS = [([11, 12, 13], [21, 22]), ([14], [23])]


def test_rows_with_segments_by_hand():
    batch = unilm_batch(PAIRS)
    found = DecoderInputs.of(batch)
    assert found.name == "input_ids" and found.ids is batch["input_ids"]
    assert found.target.long().tolist() == [[0, 0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0, 0, 0]]
    assert found.frame.tolist() == [2, 3]
    ids, real = found.sequence
    assert ids[real].tolist() == [2, 11, 12, 13, 3, 21, 22, 3, 2, 14, 3, 23, 3]


def test_a_row_that_was_cut_has_no_word_for_its_frame():
    cut = {name: value[:1, :-1] for name, value in unilm_batch(PAIRS).items()}
    found = DecoderInputs.of(cut)
    assert found.ids[found.target].tolist() == [21, 22] and found.frame.tolist() == [2, 3]


def test_rows_padded_on_the_left_are_the_same():
    short = {name: value[1:].roll(3, 1) for name, value in unilm_batch(PAIRS).items()}
    found = DecoderInputs.of(short)
    assert short["input_ids"][0, :3].tolist() == [0, 0, 0]
    assert found.ids[found.target].tolist() == [23, 3] and found.frame.tolist() == [2, 3]


def test_a_decoder_by_hand():
    batch = bart_batch(PAIRS)
    found = DecoderInputs.of(batch)
    assert found.name == "decoder_input_ids"
    assert found.target.tolist() == [[True, True, True], [True, True, False]]  # by the labels
    ids, real = found.sequence
    assert ids[real].tolist() == [2, 11, 12, 13, 3, 3, 21, 22, 2, 14, 3, 3, 23]
    batch["labels"][0, 1] = -100  # an unknown word in the middle is read all the same
    assert DecoderInputs.of(batch).target.tolist() == [[True, True, True], [True, True, False]]
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    assert DecoderInputs.of({**batch, "decoder_attention_mask": mask}).target.long().tolist() == mask.tolist()
    assert DecoderInputs.of({"decoder_input_ids": batch["decoder_input_ids"]}).target.all()


def test_special_tokens_are_those_of_the_frame_the_configuration_and_the_caller():
    found = DecoderInputs.of(bart_batch(PAIRS))
    assert found.special(nn.Identity()).tolist() == [3]
    assert found.special(tiny_bart(), [7]).tolist() == [0, 2, 3, 7]


def test_a_batch_without_is_refused_by_what_it_has():
    with pytest.raises(
        ValueError,
        match="no inputs of a decoder: got input_ids, labels, expected decoder_input_ids, or input_ids, seg",
    ):
        DecoderInputs.of({"input_ids": torch.ones(1, 2), "labels": torch.ones(1)})
    with pytest.raises(ValueError, match="got Tensor"):
        DecoderInputs.of(torch.ones(1, 2))


def test_the_source_of_an_lstm_has_other_names():
    batch = {
        "source_ids": torch.tensor([[5, 6, 0]]),
        "source_mask": torch.tensor([[1, 1, 0]]),
        "decoder_input_ids": torch.tensor([[2, 7]]),
        "labels": torch.tensor([[7, 3]]),
    }
    ids, real = DecoderInputs.of(batch).sequence
    assert ids[real].tolist() == [5, 6, 2, 7]
