"""Greedy search and sampling on a small language: scores, seeds, rows that leave.

Run: pytest tests/decoding/test_token_by_token.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_language import END, ToyLanguage

from zhnlp.decoding import PerRow, StepOutput, generate
from zhnlp.decoding.coverage import coverage_penalty
from zhnlp.decoding.random_streams import uniforms

PREFIX = torch.tensor([(1, 2), (3, 4), (2, 2), (4, 1), (1, 2)])


def greedy_by_hand(language, prefix, longest):
    text = list(prefix)
    while len(text) < len(prefix) + longest:
        text.append(int(language.table[text[-2], text[-1]].argmax()))
        if text[-1] == END:
            break
    return text[len(prefix) :]


@given(st.integers(0, 100), st.integers(1, 8))
def test_greedy_is_the_loop_by_hand(seed, longest):
    language = ToyLanguage(seed)
    found = generate(language.step, PREFIX, end=END, max_new_tokens=longest, length_penalty=0.5, coverage=0.2)
    for prefix, [one] in zip(PREFIX.tolist(), found):
        text = greedy_by_hand(language, prefix, longest)
        short = coverage_penalty(language.attended(prefix, text)[None]).item()
        assert one.tokens == [word for word in text if word != END] and one.ended == (text[-1] == END)
        assert one.log_probability == pytest.approx(language.log_p(prefix, text), abs=1e-4)
        assert one.score == pytest.approx(one.log_probability / len(text) ** 0.5 - 0.2 * short, abs=1e-4)


def test_rows_leave_when_they_have_ended():
    language = ToyLanguage(1)
    found = generate(language.step, PREFIX, end=END, max_new_tokens=12, sample=True, seed=1)
    lengths = [len(one.tokens) + one.ended for [one] in found]
    assert len(set(lengths)) > 1
    assert language.rows == [sum(length > t for length in lengths) for t in range(max(lengths))]


def test_the_prefix_is_read_once_for_all_samples():
    language = ToyLanguage(1)
    generate(language.step, PREFIX, end=None, max_new_tokens=3, sample=True, num_return=4, seed=1)
    assert language.rows == [5, 20, 20]


@settings(max_examples=30)
@given(st.integers(0, 2**64 - 1), st.integers(1, 3))
def test_seeds_repeat_and_a_row_has_its_own_numbers(seed, samples):
    language = ToyLanguage(0, sharpness=0.5)
    options = {"end": END, "max_new_tokens": 9, "sample": True, "num_return": samples}
    found = generate(language.step, PREFIX, seed=seed, **options)
    torch.manual_seed(5)
    assert generate(language.step, PREFIX, seed=seed, **options) == found
    others = PREFIX.clone()
    others[0], others[3:] = torch.tensor((4, 4)), torch.tensor((2, 1))
    assert (
        generate(language.step, others[:4], seed=seed, **options)[1:3] == found[1:3]
    )  # whoever is beside them
    own = PerRow(range(7, 12))
    together = generate(language.step, PREFIX, seed=own, **options)
    for row, one in enumerate(own):
        assert generate(language.step, PREFIX[row : row + 1], seed=one, **options) == [together[row]]


def test_the_same_prefix_twice_is_written_twice():
    """Rows 0 and 4 are the same text."""
    found = generate(
        ToyLanguage(0, sharpness=0.1).step, PREFIX, end=None, max_new_tokens=20, sample=True, seed=1
    )
    assert found[0][0].tokens != found[4][0].tokens


def test_more_room_draws_the_same_beginning():
    options = {"end": None, "sample": True, "seed": 3}
    short = generate(ToyLanguage().step, PREFIX, max_new_tokens=5, **options)
    long = generate(ToyLanguage().step, PREFIX, max_new_tokens=40, **options)
    assert [one.tokens for [one] in short] == [one.tokens[:5] for [one] in long]


def test_without_a_seed_torch_s_generator_gives_one():
    def drawn():
        return generate(ToyLanguage().step, PREFIX, end=None, max_new_tokens=9, sample=True)

    torch.manual_seed(0)
    first, second = drawn(), drawn()
    torch.manual_seed(0)
    assert drawn() == first != second


def test_with_a_seed_torch_s_generator_stays():
    before = torch.random.get_rng_state()
    generate(ToyLanguage().step, PREFIX, end=None, max_new_tokens=9, sample=True, seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_numbers_are_uniform():
    drawn = uniforms(0, rows=50, samples=2, length=100)
    assert drawn.shape == (100, 100) and drawn.min() >= 0 and drawn.max() < 1
    assert drawn.mean().item() == pytest.approx(0.5, abs=0.02) and len(drawn.unique()) == 10_000


def test_samples_are_sorted_by_their_score():
    for group in generate(
        ToyLanguage().step, PREFIX, end=END, max_new_tokens=9, sample=True, num_return=7, seed=1
    ):
        assert len(group) == 7 and [one.score for one in group] == sorted(
            (one.score for one in group), reverse=True
        )


def test_a_row_is_written_to_its_own_limit():
    language = ToyLanguage()
    found = generate(language.step, PREFIX, end=None, max_new_tokens=PerRow([3, 1, 4, 1, 5]))
    assert [len(one.tokens) for [one] in found] == [3, 1, 4, 1, 5] and language.rows == [5, 3, 3, 2, 1]


@pytest.mark.parametrize(
    "broken, said",
    [
        (torch.nan, "nan or infinite logits"),
        (torch.inf, "nan or infinite logits"),
        (None, "logits of -inf only"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"sample": True}, {"beams": 2}])
def test_broken_logits_are_refused(broken, said, options):
    def step(tokens, cache):
        logits = torch.zeros(len(tokens), 5)
        if cache == 1:
            logits[2:4] = -torch.inf if broken is None else logits[2:4].index_fill(1, torch.tensor(3), broken)
        return StepOutput(logits, 0 if cache is None else cache + 1)

    with pytest.raises(
        ValueError, match=f"the model gives {said} for token 3 of row {1 if 'beams' in options else 2}"
    ):
        generate(step, PREFIX, end=None, max_new_tokens=9, seed=0, **options)


def test_minus_infinity_is_a_token_that_cannot_come():
    def step(tokens, cache):
        return StepOutput(torch.tensor([[-torch.inf, 0.0, -torch.inf]]).expand(len(tokens), -1), None)

    for options in ({}, {"sample": True, "top_k": 2}, {"beams": 2}):
        [[one]] = generate(step, torch.tensor([[1]]), end=0, max_new_tokens=4, **options)
        assert one.tokens == [1, 1, 1, 1] and one.log_probability == 0


def test_logits_of_a_wrong_shape_are_refused():
    with pytest.raises(TypeError, match=r"the step gives logits \(5, 2, 7\) for 5 rows: expected \(N, V\)"):
        generate(
            lambda tokens, cache: StepOutput(torch.zeros(5, 2, 7), None), PREFIX, end=0, max_new_tokens=3
        )


def test_no_token_left_is_refused():
    for options in ({}, {"sample": True}):
        with pytest.raises(
            ValueError, match=r"no token may follow the 1 that row 2 has written: .*no_repeat_ngram"
        ):
            generate(
                ToyLanguage().step,
                PREFIX,
                end=None,
                max_new_tokens=4,
                no_repeat_ngram=1,
                count_prefix=False,
                allowed=PerRow([[1, 2, 3, 4], [1, 2, 3, 4], [3], [1, 2, 3, 4], [1, 2, 3, 4]]),
                **options,
            )


def test_coverage_needs_attention():
    for beams in (1, 2):
        with pytest.raises(
            ValueError, match="coverage= needs the attention of each step, and this step gives none"
        ):
            generate(
                lambda tokens, cache: StepOutput(torch.zeros(len(tokens), 5), None),
                PREFIX,
                end=0,
                max_new_tokens=3,
                coverage=0.1,
                beams=beams,
            )


def test_the_logits_of_the_model_stay_as_they_are():
    kept = torch.randn(5, 5)

    def step(tokens, cache):
        return StepOutput(kept[: len(tokens)], None)

    before = kept.clone()
    for beams in (1, 2):
        generate(step, PREFIX, end=None, max_new_tokens=1, beams=beams, forbidden=[3], repetition_penalty=2.0)
    assert torch.equal(kept, before)


def test_a_processor_sees_tokens_and_scores():
    """Only words that are one more than the last."""
    seen = []

    def one_more(tokens, scores):
        seen.append(tokens.tolist())
        return torch.full_like(scores, -torch.inf).scatter(1, (tokens[:, -1:] + 1) % 5, 0.0)

    for options in ({}, {"sample": True}, {"beams": 3}):
        [[one]] = generate(
            ToyLanguage().step,
            torch.tensor([(4, 1)]),
            end=None,
            max_new_tokens=4,
            processors=[one_more],
            **options,
        )
        assert one.tokens == [2, 3, 4, 0]
    assert seen[:2] == [[[4, 1]], [[4, 1, 2]]]
