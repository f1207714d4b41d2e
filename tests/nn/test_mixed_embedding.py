"""The mixed embedding: the formula, what is trained, saving, refusals.

Run: pytest tests/nn/test_mixed_embedding.py
"""

import pytest
import torch

from zhnlp.mining.terms.vectors import WordVectors
from zhnlp.nn.mixed_embedding import MixedEmbedding
from zhnlp.tokenizers.words import JiebaWords, WordNumbers

ROWS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])


def made():
    torch.manual_seed(0)
    embedding = MixedEmbedding(9, 4, words=2, word_size=3)
    embedding.set_words(ROWS)
    return embedding


def test_it_is_the_sum_and_no_word_adds_nothing():
    embedding = made().eval()
    found = embedding(torch.tensor([[5, 6, 7]]), torch.tensor([[1, 2, 0]]))[0]
    own = embedding.characters.weight[[5, 6, 7]]
    torch.testing.assert_close(found[0], own[0] + embedding.project.weight[:, 0])
    torch.testing.assert_close(found[1], own[1] + 2 * embedding.project.weight[:, 1])
    torch.testing.assert_close(found[2], own[2])
    torch.testing.assert_close(embedding(torch.tensor([[5, 6, 7]]))[0], own)


def test_word_vectors_are_frozen_and_all_else_learns():
    embedding = made()
    assert [name for name, _ in embedding.named_parameters()] == ["characters.weight", "project.weight"]
    embedding(torch.tensor([[5, 0]]), torch.tensor([[1, 0]])).sum().backward()
    assert embedding.project.weight.grad.abs().sum() > 0
    assert embedding.characters.weight.grad.abs().sum(1).nonzero()[:, 0].tolist() == [5]


def test_the_vectors_are_saved_with_the_weights():
    other = MixedEmbedding(9, 4, words=2, word_size=3)
    other.load_state_dict(made().state_dict())
    assert torch.equal(other.vectors[1:], ROWS) and other.vectors[0].abs().sum() == 0


def test_training_drops_features_of_the_sum():
    embedding = MixedEmbedding(3, 1000, dropout=0.5)
    share = (embedding.train()(torch.tensor([[1]])) == 0).float().mean()
    assert 0.4 < share < 0.6


def test_characters_of_a_text_get_the_vector_of_their_word():
    vectors = WordVectors(["电网", "检修"], torch.eye(2, 3).numpy())
    words = torch.from_numpy(WordNumbers(vectors.words, JiebaWords()).of("电网要检修"))[None]
    embedding = MixedEmbedding(9, 4, words=len(vectors), word_size=vectors.dim).eval()
    embedding.set_words(vectors.rows)
    added = embedding(torch.full((1, 5), 3), words) - embedding(torch.full((1, 5), 3))
    expected = embedding.project.weight.T[[0, 0, 2, 1, 1]]
    expected[2] = 0
    torch.testing.assert_close(added[0], expected)


def test_without_words_it_is_an_embedding():
    embedding = MixedEmbedding(9, 4).eval()
    embedding.set_words(torch.zeros(0, 0))
    ids = torch.tensor([[1, 2]])
    torch.testing.assert_close(embedding(ids, torch.tensor([[0, 0]])), embedding.characters(ids))


@pytest.mark.parametrize("rows", [torch.zeros(3, 3), torch.zeros(2, 4), torch.zeros(2)])
def test_vectors_of_another_shape_are_refused(rows):
    with pytest.raises(ValueError, match=r"rows got shape .*: expected \(2, 3\), a vector for each word"):
        made().set_words(rows)
    with pytest.raises(ValueError, match="not finite"):
        made().set_words(ROWS / 0)
