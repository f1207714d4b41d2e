"""The GRU of post 5743: packed sequences as oracle, padding, saving, the Auto classes.

Run: pytest tests/models/test_gru_encoder.py
"""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence
from transformers import AutoModel

from zhnlp.models.gru_encoder import GRUEncoder, GRUEncoderConfig, register
from zhnlp.models.loading import load_model
from zhnlp.nn.pooling import pool

CONFIG = GRUEncoderConfig(vocab_size=20, embedding_size=5, hidden_size=7)
LENGTHS = [4, 1, 6]


@pytest.fixture
def batch():
    torch.manual_seed(0)
    ids = torch.randint(2, 20, (3, 6))
    mask = (torch.arange(6) < torch.tensor(LENGTHS)[:, None]).long()
    return ids * mask, mask


def test_the_last_state_is_that_of_packed_sequences(batch):
    ids, mask = batch
    model = GRUEncoder(CONFIG).eval()
    packed = pack_padded_sequence(model.embedding(ids), LENGTHS, batch_first=True, enforce_sorted=False)
    wanted = model.gru(packed)[1][0]  # (B, D)
    torch.testing.assert_close(pool(model(ids, mask)[0], mask, "last"), wanted)


def test_padding_of_any_length_changes_nothing(batch):
    ids, mask = batch
    model = GRUEncoder(CONFIG).eval()
    longer = [torch.nn.functional.pad(part, (0, 9)) for part in batch]
    torch.testing.assert_close(
        pool(model(*longer)[0], longer[1], "last"), pool(model(ids, mask)[0], mask, "last")
    )
    assert not model(ids, mask)[0][mask == 0].any()


def test_padding_on_the_left_is_refused():
    with pytest.raises(ValueError, match="padding before characters"):
        GRUEncoder(CONFIG)(torch.ones(1, 3).long(), torch.tensor([[0, 1, 1]]))


def test_saved_and_loaded_by_both_doors(batch, tmp_path):
    model = GRUEncoder(CONFIG).eval()
    model.save_pretrained(tmp_path)
    register()
    for again in (load_model(tmp_path, "encoder", check=False), AutoModel.from_pretrained(tmp_path)):
        assert torch.equal(again(*batch)[0], model(*batch)[0])


def corrected(**options):
    torch.manual_seed(1)
    return GRUEncoder(GRUEncoderConfig(20, 6, 6, state_size=4, **options)).eval()


def test_corrected_characters_are_what_the_formula_says(batch):
    ids, mask = batch
    model = corrected()
    torch.nn.init.uniform_(model.character_weight.weight)
    for row, length in zip(range(3), LENGTHS):
        text = ids[row : row + 1, :length]
        unit = torch.nn.functional.layer_norm(model.embedding(text), (6,))
        wanted = model.character_weight(text) * (unit + model.map(model.gru(unit)[0]))
        torch.testing.assert_close(model(ids, mask)[0][row, :length], wanted[0])
    assert not model(ids, mask)[0][mask == 0].any()


def test_corrected_characters_without_the_gru_are_a_weighted_bag():
    model = corrected()
    torch.nn.init.zeros_(model.map.weight)
    one, other = (
        pool(model(ids)[0], torch.ones_like(ids)) for ids in torch.tensor([[[5, 6, 7]], [[7, 5, 6]]])
    )
    torch.testing.assert_close(one, other)


def test_corrected_characters_drop_out_in_training_alone(batch):
    model = corrected(embedding_dropout=0.5)
    assert torch.equal(model(*batch)[0], model(*batch)[0])
    model.train()
    assert not torch.equal(model(*batch)[0], model(*batch)[0])


def test_corrected_characters_learn_everywhere_and_are_saved(batch, tmp_path):
    model = corrected(learn_embeddings=True)
    model(*batch)[0].square().sum().backward()
    assert all(parameter.grad.any() for parameter in model.parameters())
    still = [name for name, parameter in corrected().named_parameters() if not parameter.requires_grad]
    assert still == ["embedding.weight"]
    model.save_pretrained(tmp_path)
    assert torch.equal(load_model(tmp_path, "encoder", check=False)(*batch)[0], model(*batch)[0])


def test_states_that_cannot_be_added():
    with pytest.raises(ValueError, match="the other two equal, since states are added"):
        GRUEncoderConfig(embedding_size=5, hidden_size=6, state_size=3)


def test_sizes_of_the_post():
    model = GRUEncoder(GRUEncoderConfig(vocab_size=1000))
    assert sum(p.numel() for p in model.parameters()) == 1000 * 128 + 3 * 128 * (128 + 128 + 2)
    assert not model.embedding.weight[0].any()


def test_every_parameter_learns(batch):
    model = GRUEncoder(CONFIG)
    pool(model(*batch)[0], batch[1], "last").sum().backward()
    assert all(parameter.grad.any() for parameter in model.parameters())


def test_a_size_that_cannot_be():
    with pytest.raises(ValueError, match="expected sizes of 1 or more"):
        GRUEncoderConfig(hidden_size=0)
