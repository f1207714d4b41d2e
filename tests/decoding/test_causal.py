"""Causal models of transformers: the same texts and scores as its own ``generate``, and as a model that reads all anew.

Run: pytest tests/decoding/test_causal.py
"""

import pytest
import torch
import transformers
from small_models import make_model

from zhnlp.decoding import CausalStep, PerRow, StepOutput, generate

ENDS = [3, 7]  # two, so that random weights reach one
PROMPT = 5
SMALL = {"vocab_size": 12, "hidden_size": 16, "num_attention_heads": 2, "tie_word_embeddings": False}


def gpt2(seed):
    """Twelve tokens, so that texts end and repeat."""
    return make_model("gpt2", seed, initializer_range=0.6, **SMALL)


def prompts(seed, rows=3):
    return torch.randint(4, 12, (rows, PROMPT), generator=torch.Generator().manual_seed(seed))


def theirs(model, ids, mask=None, *, beams=1, **options):
    """Their texts up to the end, and scores (of beams), a list for each row."""
    output = model.generate(
        ids,
        attention_mask=torch.ones_like(ids) if mask is None else mask,
        do_sample=False,
        eos_token_id=ENDS,
        pad_token_id=0,
        num_beams=beams,
        num_return_sequences=beams,
        return_dict_in_generate=True,
        output_scores=True,
        **options,
    )
    texts = []
    for row in output.sequences[:, ids.shape[1] :].tolist():
        ends = [place for place, token in enumerate(row) if token in ENDS]
        texts.append(row[: min([*ends, options["max_new_tokens"]])])
    scores = [None] * len(texts) if beams == 1 else output.sequences_scores.tolist()
    pairs = list(zip(texts, scores))
    return [pairs[at : at + beams] for at in range(0, len(pairs), beams)]


def compare(ours, theirs):
    for group, other in zip(ours, theirs, strict=True):
        assert [one.tokens for one in group] == [text for text, _ in other]
        if other[0][1] is not None:
            assert [one.score for one in group] == pytest.approx([score for _, score in other], abs=1e-4)


@pytest.mark.parametrize("beams", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_are_those_of_transformers(seed, beams):
    model, ids = gpt2(seed), prompts(seed)
    ended = 0
    for penalty in (0.6, 1.0, 1.4) if beams > 1 else (1.0,):
        more = {"length_penalty": penalty} if beams > 1 else {}
        ours = generate(
            CausalStep(model), ids, end=ENDS, max_new_tokens=12, beams=beams, num_return=beams, **more
        )
        compare(ours, theirs(model, ids, beams=beams, max_new_tokens=12, **more))
        ended += sum(one.ended for group in ours for one in group)
    assert ended or beams == 1


@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize(
    "options, named",
    [
        ({"no_repeat_ngram": 2}, {"no_repeat_ngram_size": 2}),
        ({"repetition_penalty": 1.7}, {"repetition_penalty": 1.7}),
        ({"min_new_tokens": 6}, {"min_new_tokens": 6}),
        ({"forbidden": [5, (6, 7)]}, {"bad_words_ids": [[5], [6, 7]]}),
        ({"early_stopping": True}, {"early_stopping": True}),
        (
            {"early_stopping": "never", "length_penalty": 1.2},
            {"early_stopping": "never", "length_penalty": 1.2},
        ),
        (
            {"no_repeat_ngram": 3, "repetition_penalty": 0.8, "length_penalty": 0.0},
            {"no_repeat_ngram_size": 3, "repetition_penalty": 0.8, "length_penalty": 0.0},
        ),
    ],
)
def test_options_do_what_they_do_in_transformers(options, named, beams):
    if beams == 1 and ("early_stopping" in options or "length_penalty" in options):
        return
    for seed in (3, 4):
        model, ids = gpt2(seed), prompts(seed)
        ours = generate(
            CausalStep(model), ids, end=ENDS, max_new_tokens=10, beams=beams, num_return=beams, **options
        )
        compare(ours, theirs(model, ids, beams=beams, max_new_tokens=10, **named))


FAMILIES = {
    "gpt2": {},
    "gpt-neox": {},
    "llama": {"num_key_value_heads": 2},
}


def family(kind):
    if kind != "mistral":
        return make_model(kind, 1, initializer_range=0.6, **SMALL, **FAMILIES[kind])
    torch.manual_seed(1)
    sizes = {
        **SMALL,
        "num_hidden_layers": 2,
        "num_key_value_heads": 1,
        "intermediate_size": 32,
        "sliding_window": 4,
    }
    ends = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0, "initializer_range": 0.6}
    return transformers.MistralForCausalLM(transformers.MistralConfig(**sizes, **ends)).eval()


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("kind", [*FAMILIES, "mistral"])
def test_padded_prompts_of_every_family(kind, beams):
    model, ids = family(kind), prompts(7)
    mask = torch.tensor([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 1]])
    ids = ids * mask
    step, options = (
        CausalStep(model, mask),
        {"end": ENDS, "max_new_tokens": 9, "beams": beams, "num_return": beams},
    )
    ours = generate(step, ids, prefix_mask=mask, **options)
    compare(ours, theirs(model, ids, mask, beams=beams, max_new_tokens=9))
    for row, real in enumerate(mask.sum(1).tolist()):
        [alone] = generate(CausalStep(model), ids[row : row + 1, -real:], **options)
        assert [one.tokens for one in alone] == [one.tokens for one in ours[row]]
        assert [one.score for one in alone] == pytest.approx([one.score for one in ours[row]], abs=1e-4)


class Rereading:
    """The same model without a cache: it reads every text anew."""

    def __init__(self, model):
        self.model = model

    def __call__(self, tokens, cache):
        whole = tokens if cache is None else torch.cat([cache, tokens], dim=1)
        return StepOutput(self.model(input_ids=whole, use_cache=False).logits[:, -1], whole)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beams": 4, "num_return": 4, "no_repeat_ngram": 3},
        {"sample": True, "num_return": 3, "top_k": 6, "top_p": 0.9, "seed": 1},
        {"beams": 4, "forced": [(5, 6), (8,)]},
    ],
)
@pytest.mark.parametrize("kind", ["gpt2", "mistral"])
def test_cached_is_uncached(kind, options):
    model, ids = family(kind), prompts(2, rows=4)
    options = {"end": ENDS, "max_new_tokens": PerRow([8, 12, 3, 10]), **options}
    cached, uncached = (generate(step, ids, **options) for step in (CausalStep(model), Rereading(model)))
    for ours, other in zip(cached, uncached, strict=True):
        assert [one.tokens for one in ours] == [one.tokens for one in other]
        assert [one.score for one in ours] == pytest.approx([one.score for one in other], abs=1e-4)


def test_sampling_alone_and_in_a_batch():
    model, ids = family("gpt-neox"), prompts(4, rows=4)
    options = {"end": ENDS, "max_new_tokens": 12, "sample": True, "top_k": 8, "top_p": 0.95}
    together = generate(CausalStep(model), ids, seed=PerRow([5, 6, 7, 8]), **options)
    for row in range(4):
        [[alone]] = generate(CausalStep(model), ids[row : row + 1], seed=5 + row, **options)
        assert alone.tokens == together[row][0].tokens


def test_only_new_tokens_are_read():
    model, seen = gpt2(0), []
    model.register_forward_pre_hook(
        lambda module, args, given: seen.append(given["input_ids"].shape), with_kwargs=True
    )
    generate(CausalStep(model), prompts(0), end=None, max_new_tokens=4, beams=3)
    assert seen == [(3, PROMPT), (9, 1), (9, 1), (9, 1)]


def test_a_model_in_training_is_refused():
    with pytest.raises(ValueError, match=r"GPT2LMHeadModel is in training mode.*Next: model.eval\(\)"):
        CausalStep(gpt2(0).train())


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"mask is \(3, 2\) where the prefix is \(3, 5\)"):
        generate(CausalStep(gpt2(0), torch.tensor([[0, 1]] * 3)), prompts(0), end=ENDS, max_new_tokens=2)
