"""Forced phrases: the automaton by hand, what is said when they do not fit, and that more beams find better texts.

Run: pytest tests/decoding/test_forced_beams.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toy_language import END, ToyLanguage, holds

from zhnlp.decoding import DecodingOptions, PerRow, generate
from zhnlp.decoding.candidates import Candidates
from zhnlp.decoding.constraints.forced import ForcedPhrases, Progress
from zhnlp.decoding.forced_beams import ForcedBeams

phrases = st.lists(
    st.lists(st.integers(1, 2), min_size=1, max_size=4).map(tuple), min_size=1, max_size=3, unique=True
)


@given(phrases, st.lists(st.integers(1, 3), max_size=12))
def test_progress_is_what_stands_in_the_text(phrases, text):
    forced = ForcedPhrases(phrases)
    progress = forced.start
    for token in text:
        progress = forced.advance(progress, token)
    for phrase, begun in zip(phrases, progress.begun):
        if holds(text, phrase):
            assert begun == len(phrase)
        else:
            ends = [n for n in range(len(phrase)) if tuple(text[len(text) - n :]) == phrase[:n]]
            assert begun == max(ends)
    assert progress.met + progress.missing == sum(map(len, phrases))
    assert (progress.missing == 0) == all(holds(text, phrase) for phrase in phrases)


@given(phrases, st.lists(st.integers(1, 3), max_size=6), st.integers(0, 4), st.randoms(use_true_random=False))
def test_feasible_tokens_always_lead_to_the_end(phrases, text, spare, chance):
    forced = ForcedPhrases(phrases)
    progress = forced.start
    for token in text:
        progress = forced.advance(progress, token)
    for left in range(progress.missing + spare, 0, -1):
        feasible = forced.feasible_tokens(progress, left)
        progress = forced.advance(progress, chance.choice([1, 2, 3] if feasible is None else feasible))
    assert progress.missing == 0


@pytest.mark.parametrize(
    "beams, met, ends, may_end, going",
    [
        (4, [0, 0, 0, 0, 1, 1, 1], [], [], [4, 5, 0, 1]),  # two banks of two places, the further one first
        (4, [0, 0, 0, 0, 1], [], [], [4, 0, 1, 2]),  # a place that the further one does not fill
        (2, [0, 1, 2, 0], [], [], [2, 1]),  # three banks for two places
        (1, [0, 1, 2, 0], [], [], [0]),  # for one place the best
        (4, [0, 2, 2, 2, 1], [1, 2], [1, 2], [3, 4, 0]),  # what ends goes no further
        (2, [2, 2, 2, 2], [1, 3], [1], [0, 2]),  # of the last four the fourth is too bad to end
    ],
)
def test_places_in_the_beam_by_hand(beams, met, ends, may_end, going):
    """Candidates from best to worst, of which some may end, have so many forced tokens of two."""
    forced = ForcedBeams(DecodingOptions(end=END, max_new_tokens=9, forced=[(1,), (2,)]), 1)
    forced._after = [[Progress((), one, 2 - one) for one in met]]
    values = -torch.arange(1.0, len(met) + 1)[None]
    finished = torch.tensor([[n in ends for n in range(len(met))]])
    found = Candidates(values, torch.zeros_like(finished), torch.zeros_like(finished))
    accepted, kept = forced.choose(found, finished, beams)
    assert accepted[0].nonzero()[:, 0].tolist() == may_end
    assert kept[0, : len(going)].tolist() == going


def test_overlapping_phrases_share_tokens():
    forced = ForcedPhrases([(1, 2), (2, 3)])
    progress = forced.start
    for token in (1, 2, 3):
        progress = forced.advance(progress, token)
    assert progress.missing == 0


def test_a_phrase_that_does_not_fit_is_said():
    with pytest.warns(
        UserWarning, match=r"rows 1 do not hold all their forced phrases within max_new_tokens"
    ):
        found = generate(
            ToyLanguage().step,
            torch.tensor([(1, 2), (3, 4)]),
            end=END,
            max_new_tokens=3,
            beams=4,
            forced=PerRow([[(1, 2, 3)], [(1, 2, 3, 4)]]),
        )
    assert found[0][0].tokens == [1, 2, 3] and len(found[1]) == 1 and not found[1][0].ended


def test_more_beams_find_no_worse_a_text_on_the_whole():
    scores = {beams: [] for beams in (1, 4, 16, 64)}
    for seed in range(12):
        for beams, own in scores.items():
            [[one]] = generate(
                ToyLanguage(seed).step,
                torch.tensor([(1, 2)]),
                end=END,
                max_new_tokens=7,
                beams=beams,
                forced=[(3, 1), (4,)],
            )
            own.append(one.score)
    means = [sum(own) for own in scores.values()]
    assert means == sorted(means) and means[0] < means[-1]


def test_a_hypothesis_is_never_there_twice():
    [found] = generate(
        ToyLanguage().step,
        torch.tensor([(1, 2)]),
        end=END,
        max_new_tokens=8,
        beams=8,
        num_return=8,
        forced=[(3,), (1, 1)],
    )
    assert len({tuple(one.tokens) for one in found}) == len(found) == 8
