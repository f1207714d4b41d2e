"""Each constraint by hand, and against transformers' processors.

Run: pytest tests/decoding/constraints
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
)

from zhnlp.decoding import DecodingOptions, PerRow
from zhnlp.decoding.constraints.ngrams import block_repeated_ngrams
from zhnlp.decoding.constraints.repetition import penalise_repetition
from zhnlp.decoding.constraints.words import ForbiddenPhrases, TokenSet

rows = st.integers(1, 12).flatmap(
    lambda length: st.lists(
        st.lists(st.integers(0, 3), min_size=length, max_size=length), min_size=1, max_size=4
    )
)
INF = torch.inf


def blocked(scores):
    return [(row == -INF).nonzero()[:, 0].tolist() for row in scores]


def test_n_grams_by_hand():
    tokens = torch.tensor([[1, 2, 1, 3, 1], [-1, -1, 2, 2, 2]])
    assert blocked(block_repeated_ngrams(torch.zeros(2, 4), tokens, 1)) == [[1, 2, 3], [2]]
    assert blocked(block_repeated_ngrams(torch.zeros(2, 4), tokens, 2)) == [[2, 3], [2]]
    assert blocked(block_repeated_ngrams(torch.zeros(2, 4), tokens, 3)) == [[], [2]]
    assert blocked(block_repeated_ngrams(torch.zeros(2, 4), tokens, 6)) == [[], []]


def test_padding_matches_nothing():
    tokens = torch.tensor([[-1, -1, -1, 2]])
    for n in (2, 3, 4):
        assert blocked(block_repeated_ngrams(torch.zeros(1, 4), tokens, n)) == [[]]


@given(rows, st.integers(1, 4))
def test_n_grams_as_transformers(tokens, n):
    tokens, scores = torch.tensor(tokens), torch.zeros(len(tokens), 4)
    theirs = NoRepeatNGramLogitsProcessor(n)(tokens, scores)
    assert torch.equal(block_repeated_ngrams(scores.clone(), tokens, n), theirs)


@given(rows, st.sampled_from([0.5, 1.2, 3.0]), st.integers(0, 99))
def test_repetition_as_transformers(tokens, penalty, seed):
    tokens = torch.tensor(tokens)
    scores = torch.randn(len(tokens), 4, generator=torch.Generator().manual_seed(seed))
    theirs = RepetitionPenaltyLogitsProcessor(penalty)(tokens, scores.clone())
    torch.testing.assert_close(penalise_repetition(scores, tokens, penalty), theirs)


@given(rows, st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=3), min_size=1, max_size=4))
def test_forbidden_phrases_as_transformers(tokens, phrases):
    tokens, scores = torch.tensor(tokens), torch.zeros(len(tokens), 5)
    theirs = NoBadWordsLogitsProcessor(phrases)(tokens, scores)
    options = DecodingOptions(end=None, max_new_tokens=1, forbidden=phrases)
    ours = ForbiddenPhrases(options.forbidden, scores.device)(
        scores.clone(), tokens, torch.arange(len(tokens))
    )
    assert blocked(ours) == blocked(theirs)


def test_phrases_of_a_row_are_its_own():
    options = DecodingOptions(
        end=None, max_new_tokens=1, forbidden=PerRow([[(1, 2)], [(1, 3), (1, 1, 0)], []])
    )
    tokens = torch.tensor([[1, 1]] * 4)
    scores = ForbiddenPhrases(options.forbidden, tokens.device)(
        torch.zeros(4, 4), tokens, torch.tensor([0, 1, 2, 0])
    )
    assert blocked(scores) == [[2], [0, 3], [], [2]]


def test_tokens_of_a_row_are_its_own():
    def blocked_by(**options):
        words = TokenSet(DecodingOptions(end=0, max_new_tokens=1, **options), 5, 2, torch.device("cpu"))
        return blocked(words(torch.zeros(3, 5), torch.tensor([1, 0, 1]))) if words else None

    assert blocked_by(forbidden=[2, (3, 4)]) == [[2]] * 3
    assert blocked_by(allowed=[1, 4], forbidden=[4]) == [[2, 3, 4]] * 3  # the end is always allowed
    assert blocked_by(allowed=PerRow([[1], [2, 3]])) == [[1, 4], [2, 3, 4], [1, 4]]
    assert blocked_by(forbidden=PerRow([[1, 0], []]), allowed=[1, 2]) == [[3, 4], [0, 1, 3, 4], [3, 4]]
    assert blocked_by(forbidden=[(3, 4)]) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_minus_infinity_stays(dtype):
    scores = torch.tensor([[-INF, 1.0]], dtype=dtype)
    assert penalise_repetition(scores, torch.tensor([[0, 0]]), 2.0)[0, 0] == -INF
