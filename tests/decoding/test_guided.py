"""Conditions and guidance in the decoder: by hand, against reading everything anew, at scales 0 and 1, in batches.

Run: pytest tests/decoding/test_guided.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_models import make_model

from zhnlp.decoding import CausalStep, Conditioned, Guided, PerRow, StepOutput, generate
from zhnlp.decoding.guided import guide
from zhnlp.nn.conditional_norm import conditional_norms, swap_norms

ENDS = [3, 7]
SMALL = {"vocab_size": 12, "hidden_size": 16, "num_attention_heads": 2, "tie_word_embeddings": False}
WAYS = [
    {},
    {"beams": 4, "num_return": 4},
    {"beams": 3, "forced": [(5, 6)]},
    {"sample": True, "num_return": 3, "top_k": 6, "top_p": 0.9, "seed": 1},
]


def conditional(kind="gpt-neox"):
    heads = {"num_key_value_heads": 2} if kind == "llama" else {}
    model = make_model(kind, 1, initializer_range=0.6, **SMALL, **heads)
    condition = swap_norms(model, 4)
    torch.manual_seed(2)
    for norm in conditional_norms(model).values():
        norm.modulation.weight.data = 0.3 * torch.randn_like(norm.modulation.weight)
    return model, condition


def prompts(rows=4):
    return torch.randint(4, 12, (rows, 5), generator=torch.Generator().manual_seed(3))


class Rereading:
    """A guided model without a cache, by the formula."""

    def __init__(self, model, condition, vector, null, scale):
        self.model, self.condition, self.vector, self.null, self.scale = model, condition, vector, null, scale

    def __call__(self, tokens, cache):
        whole, vector = (
            (tokens, self.vector) if cache is None else (torch.cat([cache[0], tokens], 1), cache[1])
        )
        said = []
        for one in (vector, self.null.expand_as(vector)):
            with self.condition.given(one):
                said.append(self.model(input_ids=whole, use_cache=False).logits[:, -1].log_softmax(-1))
        log_p = said[1] + self.scale * (said[0] - said[1])
        return StepOutput(log_p.log_softmax(-1), (whole, vector))


def same(ours, theirs):
    for group, other in zip(ours, theirs, strict=True):
        assert [one.tokens for one in group] == [one.tokens for one in other]
        assert [one.score for one in group] == pytest.approx([one.score for one in other], abs=1e-3)


def steps(model, condition, vector, scale, mask=None):
    asked = Conditioned(CausalStep(model, mask), condition, vector)
    without = Conditioned(CausalStep(model, mask), condition, torch.zeros_like(vector))
    return asked, without, Guided(asked, without, scale)


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("kind", ["gpt2", "gpt-neox", "llama"])
def test_cached_is_the_formula_without_a_cache(kind, options):
    model, condition = conditional(kind)
    vector = torch.randn(4, 4)
    options = {"end": ENDS, "max_new_tokens": PerRow([8, 12, 3, 10]), **options}
    *_, guided = steps(model, condition, vector, 1.7)
    same(
        generate(guided, prompts(), **options),
        generate(Rereading(model, condition, vector, torch.zeros(4), 1.7), prompts(), **options),
    )


@pytest.mark.parametrize("options", WAYS)
def test_scale_1_is_the_asked_model_and_0_the_null_model_exactly(options):
    model, condition = conditional()
    vector, options = torch.randn(4, 4), {"end": ENDS, "max_new_tokens": 9, **options}
    for scale in (0.0, 1.0):
        asked, without, guided = steps(model, condition, vector, scale)
        found, expected = (
            generate(one, prompts(), **options) for one in (guided, asked if scale else without)
        )
        assert found == expected


@pytest.mark.parametrize("options", WAYS)
def test_a_row_alone_and_among_others_is_the_same(options):
    model, condition = conditional()
    vector, mask = torch.randn(3, 4), torch.tensor([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 1]])
    ids, options = prompts(3) * mask, {"end": ENDS, "max_new_tokens": 9, **options}
    seed = {"seed": PerRow([4, 5, 6])} if options.get("sample") else {}
    together = generate(
        steps(model, condition, vector, 2.5, mask)[2], ids, prefix_mask=mask, **options | seed
    )
    for row, real in enumerate(mask.sum(1).tolist()):
        own = {"seed": PerRow([4 + row])} if seed else {}
        alone = steps(model, condition, vector[row : row + 1], 2.5)[2]
        same(generate(alone, ids[row : row + 1, -real:], **options | own), [together[row]])


@given(
    st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    st.floats(-3, 6),
    st.floats(-50, 50),
)
def test_guided_logits_are_the_formula_and_constants_do_not_count(asked, null, scale, constant):
    asked, null = (torch.tensor(one, dtype=torch.float32) for one in (asked, null))
    p, q = asked.double().log_softmax(-1), null.double().log_softmax(-1)
    expected = (q + scale * (p - q)).softmax(-1).float()
    torch.testing.assert_close(guide(asked, null, scale).softmax(-1), expected, atol=2e-4, rtol=1e-3)
    moved = guide(asked + constant, null - constant, scale).softmax(-1)
    torch.testing.assert_close(moved, expected, atol=2e-3, rtol=1e-2)


def test_the_asked_gets_likelier_with_the_scale():
    """p_asked = (.6, .4), p_null = (.5, .5): p(0) rises from .5 over .6 to 1."""
    asked, null = torch.tensor([0.6, 0.4]).log(), torch.tensor([0.5, 0.5]).log()
    found = [float(guide(asked, null, scale).softmax(-1)[0]) for scale in (-1, 0, 1, 2, 10)]
    expected = [4 / (4 + 6), 0.5, 0.6, 0.36 / 0.52, 1 / (1 + (2 / 3) ** 10)]
    assert found == pytest.approx(expected, abs=1e-6)


def test_what_either_forbids_stays_forbidden():
    asked, null = torch.tensor([0.0, 1.0, -torch.inf]), torch.tensor([-torch.inf, 1.0, -torch.inf])
    assert guide(asked, null, 2.0).tolist() == [-torch.inf, 1.0, -torch.inf]


def test_refusals():
    model, condition = conditional()
    asked, without, _ = steps(model, condition, torch.randn(4, 4), 2.0)
    for scale in (float("nan"), True, "2"):
        with pytest.raises(ValueError, match="expected a finite number"):
            Guided(asked, without, scale)
    with pytest.raises(ValueError, match="4 conditions for 2 rows"):
        generate(asked, prompts(2), end=ENDS, max_new_tokens=2)

    def other(tokens, cache):
        return StepOutput(torch.zeros(len(tokens), 5), None)

    with pytest.raises(ValueError, match=r"\(4, 12\) and \(4, 5\): expected the same vocabulary"):
        generate(Guided(asked, other, 2.0), prompts(), end=ENDS, max_new_tokens=2)
