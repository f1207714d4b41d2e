"""What models make of the masks: every attention kernel reads each of them alike, and as drawn.

Run: pytest tests/nn/test_mask_kernels.py
"""

import pytest
import torch
from small_models import make_model

from zhnlp.models.roformer import encode
from zhnlp.nn.masks import (
    additive,
    atrous,
    bidirectional,
    causal,
    documents,
    global_tokens,
    local,
    padding,
    permutation,
    prefix,
    sparse,
)

LENGTH = 7
SEGMENTS = torch.tensor([[0, 0, 0, 0, 1, 1, 1]])
RANKS = torch.tensor([[3, 0, 6, 2, 5, 1, 4]])
RIGHT, LEFT = torch.tensor([[1, 1, 1, 1, 1, 0, 0]]), torch.tensor([[0, 0, 1, 1, 1, 1, 1]])
MASKS = {
    "bidirectional": bidirectional(LENGTH),
    "causal": causal(LENGTH),
    "prefix": prefix(SEGMENTS),
    "permutation": permutation(RANKS),
    "strict permutation": permutation(RANKS, strict=True),
    "padding": padding(RIGHT),
    "padding of everything": padding(0 * RIGHT),
    "local": local(LENGTH, 2),
    "dilated": local(LENGTH, 4) & atrous(LENGTH, 2),
    "atrous": atrous(LENGTH, 3),
    "sparse": sparse(LENGTH, 2),
    "local and global": local(LENGTH, 1) | global_tokens(1 - RIGHT),
    "documents": documents(SEGMENTS) & causal(LENGTH),
    "padded prefix": prefix(SEGMENTS) & padding(RIGHT),
    "causal, padded on the left": causal(LENGTH) & padding(LEFT),
}
KINDS = [
    "bert",
    "llama",
    "gpt-neox",
]  # without GPT-2, whose eager kernel adds a causal mask of its own in transformers 5.0


def some_ids(rows=1, length=LENGTH, seed=0):
    return torch.randint(5, 60, (rows, length), generator=torch.Generator().manual_seed(seed))


def seen_by(forward):
    """(L, L) of bools: whether the output at i moves when the token at j is another.  One batch, a row for each j."""
    ids = some_ids().repeat(LENGTH + 1, 1)
    ids[range(LENGTH), range(LENGTH)] += 1
    with torch.no_grad():
        outputs = forward(ids)  # (L + 1, L, V)
    return ((outputs[:-1] - outputs[-1]).abs().amax(-1) > 1e-5).T


def expected_of(mask):
    """A query sees what the mask says, all where that is nothing, and itself past the attention."""
    seen = mask.expand(1, 1, LENGTH, LENGTH)[0, 0]
    return seen | ~seen.any(-1, keepdim=True) | torch.eye(LENGTH, dtype=torch.bool)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
class TestEveryMask:
    @pytest.mark.parametrize("kernel", ["eager", "sdpa"])
    @pytest.mark.parametrize("kind", KINDS)
    def test_one_layer_sees_what_is_drawn(self, kind, kernel, mask):
        model = make_model(kind, num_hidden_layers=1, attn_implementation=kernel)
        seen = seen_by(lambda ids: model(ids, attention_mask=additive(mask)).logits)
        assert seen.equal(expected_of(mask))

    def test_one_layer_of_our_roformer_too(self, mask):
        model = make_model("roformer", num_hidden_layers=1).roformer
        assert seen_by(lambda ids: encode(model, ids, additive(mask))).equal(expected_of(mask))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    @pytest.mark.parametrize("kind", KINDS)
    def test_both_kernels_give_the_same_logits(self, kind, dtype, mask):
        eager, sdpa = (
            make_model(kind, attn_implementation=kernel, initializer_range=0.1).to(dtype)
            for kernel in ("eager", "sdpa")
        )
        assert (eager.config._attn_implementation, sdpa.config._attn_implementation) == ("eager", "sdpa")
        ids, floats = some_ids(3), additive(mask, dtype)
        with torch.no_grad():
            one, other = eager(ids, attention_mask=floats).logits, sdpa(ids, attention_mask=floats).logits
        tolerance = 1e-5 if dtype == torch.float32 else 0.05
        torch.testing.assert_close(one, other, atol=tolerance, rtol=tolerance)

    def test_our_roformer_is_the_stock_one(self, mask):
        model, ids = make_model("roformer").roformer, some_ids(3)
        with torch.no_grad():
            stock = model.encoder(model.embeddings(ids), attention_mask=additive(mask))[0]
            torch.testing.assert_close(encode(model, ids, additive(mask)), stock, atol=1e-4, rtol=1e-4)

    @pytest.mark.parametrize("kernel", ["eager", "sdpa"])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
    def test_no_nan_in_logits_or_gradients(self, kernel, dtype, mask):
        """All scores are about -70: beside the least float16 that is -inf."""
        model = make_model("bert", attn_implementation=kernel, initializer_range=0.02).train()
        for layer in model.bert.encoder.layer:
            layer.attention.self.query.bias.data.fill_(5)
            layer.attention.self.key.bias.data.fill_(-5)
        logits = model.to(dtype)(some_ids(2), attention_mask=additive(mask, dtype)).logits
        assert logits.isfinite().all()
        logits.float().square().mean().backward()
        assert all(weight.grad.isfinite().all() for weight in model.parameters() if weight.grad is not None)


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", [*KINDS, "gpt2"])
def test_it_is_what_models_make_of_an_attention_mask_themselves(kind, kernel):
    model, ids = make_model(kind, attn_implementation=kernel), some_ids(2)
    attention_mask = torch.cat((torch.ones_like(RIGHT), RIGHT))
    mask = padding(attention_mask) if kind == "bert" else causal(LENGTH) & padding(attention_mask)
    with torch.no_grad():
        theirs = model(ids, attention_mask=attention_mask).logits
        torch.testing.assert_close(
            model(ids, attention_mask=additive(mask)).logits, theirs, atol=1e-5, rtol=1e-5
        )


class TestPrefix:
    def test_gradients_reach_no_later_target_and_no_source_row_the_target(self):
        model = make_model("bert")
        embedded = model.get_input_embeddings()(some_ids()).detach().requires_grad_()
        logits = model(inputs_embeds=embedded, attention_mask=additive(prefix(SEGMENTS))).logits[0]
        reached = torch.stack(
            [
                torch.autograd.grad(row.square().sum(), embedded, retain_graph=True)[0][0].abs().amax(-1) > 0
                for row in logits
            ]
        )
        source = int((SEGMENTS == 0).sum())
        assert not reached[:source, source:].any() and not reached[source:, source:].triu(1).any()
        assert reached[:, :source].all() and reached[source:, source:].tril().sum() == 6

    def test_the_source_is_read_as_if_it_stood_alone(self):
        model, ids, source = make_model("bert"), some_ids(), int((SEGMENTS == 0).sum())
        with torch.no_grad():
            whole = model(ids, attention_mask=additive(prefix(SEGMENTS))).logits
            alone = model(ids[:, :source]).logits
        torch.testing.assert_close(whole[:, :source], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
def test_permuted_tokens_and_positions_with_a_causal_mask_are_a_permutation_mask(kernel):
    model = make_model("bert", attn_implementation=kernel, initializer_range=0.1)
    ids, order = some_ids(2), torch.stack([RANKS[0].argsort(), torch.arange(LENGTH).flip(0)])
    with torch.no_grad():
        masked = model(ids, attention_mask=additive(permutation(order.argsort(-1)))).logits
        permuted = model(
            ids.gather(1, order), position_ids=order, attention_mask=additive(causal(LENGTH))
        ).logits
    rows = torch.arange(2)[:, None]
    torch.testing.assert_close(masked[rows, order], permuted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
@pytest.mark.parametrize("pads", [(3, 0), (0, 3), (2, 1)], ids=["left", "right", "both"])
@pytest.mark.parametrize(
    "scheme",
    [
        lambda segments: bidirectional(len(segments)),
        lambda segments: causal(len(segments)),
        lambda segments: sparse(len(segments), 2),
        lambda segments: prefix(segments),
    ],
    ids=["bidirectional", "causal", "sparse", "prefix"],
)
def test_padding_changes_no_real_position(scheme, pads, kernel):
    model = make_model("bert", attn_implementation=kernel)
    ids, segments = some_ids(2), SEGMENTS[0]
    padded_ids = torch.nn.functional.pad(ids, pads)
    mask = scheme(torch.nn.functional.pad(segments, pads)) & padding((padded_ids != 0).long())
    positions = (torch.arange(padded_ids.shape[1]) - pads[0]).clamp_min(0)[None]
    with torch.no_grad():
        alone = model(ids, attention_mask=additive(scheme(segments))).logits
        padded = model(padded_ids, position_ids=positions, attention_mask=additive(mask)).logits
    torch.testing.assert_close(padded[:, pads[0] : pads[0] + LENGTH], alone, atol=1e-4, rtol=1e-4)


def test_new_queries_on_a_cache_go_on_where_the_whole_text_would():
    model = make_model("gpt2")
    ids = some_ids(2)
    with torch.no_grad():
        whole = model(ids, attention_mask=additive(causal(LENGTH))).logits
        cache = model(ids[:, :4], attention_mask=additive(causal(4)), use_cache=True).past_key_values
        rest = model(ids[:, 4:], attention_mask=additive(causal(3, LENGTH)), past_key_values=cache).logits
    torch.testing.assert_close(rest, whole[:, 4:], atol=1e-4, rtol=1e-4)
