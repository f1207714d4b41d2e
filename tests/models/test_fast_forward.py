"""Our forward passes against transformers' own classes on the same weights, and what each position can see."""

import pytest
import torch
import transformers

from zhnlp.models import gpt_neox, roformer

VOCABULARY = 40


def roformer_config(**changes):
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return transformers.RoFormerConfig(
        **{"vocab_size": VOCABULARY, "max_position_embeddings": 32, **shape, **changes}
    )


def gpt_neox_config(**changes):
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    rope = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}
    ends = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    return transformers.GPTNeoXConfig(
        **{"vocab_size": VOCABULARY, "rope_parameters": rope, **ends, **shape, **changes}
    )


def pair(ours, theirs, config):
    """Our class and transformers' with the same random weights, all of them moved away from their start."""
    torch.manual_seed(0)
    mine, other = ours(config).eval(), theirs(config).eval()
    with torch.no_grad():
        for weight in mine.parameters():
            if weight.requires_grad:
                weight.add_(torch.randn_like(weight) * 0.1)
    assert set(mine.state_dict()) == set(other.state_dict())
    other.load_state_dict(mine.state_dict())
    return mine, other


def batch():
    torch.manual_seed(1)
    ids = torch.randint(5, VOCABULARY, (3, 12))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    mask[2, 10:] = 0
    labels = ids.clone()
    labels[torch.rand(ids.shape) < 0.6] = -100
    labels[mask == 0] = -100
    return ids, mask, labels


def gradients(model, loss):
    return torch.autograd.grad(loss, [weight for weight in model.parameters() if weight.requires_grad])


def test_a_roformer_that_turns_its_values_is_the_stock_one():
    config = roformer_config(rotary_value=True)
    mine, other = pair(roformer.RoFormerForMaskedLM, transformers.RoFormerForMaskedLM, config)
    ids, mask, labels = batch()
    torch.testing.assert_close(
        mine(ids, attention_mask=mask, labels=labels).loss,
        other(ids, attention_mask=mask, labels=labels).loss,
    )
    with pytest.raises(ValueError, match="rotary_value=True is not computed here"):
        roformer.encode(mine.roformer, ids)


@pytest.mark.parametrize(
    "changes", [{}, {"embedding_size": 8}, {"hidden_act": "relu", "num_attention_heads": 4}]
)
def test_roformer_is_transformers_roformer(changes):
    mine, other = pair(
        roformer.RoFormerForMaskedLM, transformers.RoFormerForMaskedLM, roformer_config(**changes)
    )
    ids, mask, labels = batch()
    types = (torch.arange(12) > 5).long().expand(3, 12)
    with torch.no_grad():
        hidden = roformer.encode(mine.roformer, ids, mask, types)
        stock = other.roformer(ids, attention_mask=mask, token_type_ids=types).last_hidden_state
    torch.testing.assert_close(hidden[mask == 1], stock[mask == 1], atol=1e-5, rtol=1e-5)
    loss = mine(ids, attention_mask=mask, token_type_ids=types, labels=labels).loss
    theirs = other(ids, attention_mask=mask, token_type_ids=types, labels=labels).loss
    torch.testing.assert_close(loss, theirs, atol=1e-5, rtol=1e-5)
    unused = {"allow_unused": True}
    names = [name for name, weight in mine.named_parameters() if weight.requires_grad]
    ours = torch.autograd.grad(loss, [dict(mine.named_parameters())[name] for name in names], **unused)
    stock = torch.autograd.grad(theirs, [dict(other.named_parameters())[name] for name in names], **unused)
    for name, a, b in zip(names, ours, stock):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_gpt_neox_is_transformers_gpt_neox(parallel, padded):
    config = gpt_neox_config(use_parallel_residual=parallel)
    mine, other = pair(gpt_neox.GPTNeoXForCausalLM, transformers.GPTNeoXForCausalLM, config)
    ids, mask, _ = batch()
    mask = mask if padded else None
    labels = ids if mask is None else ids.masked_fill(mask == 0, -100)
    loss = mine(ids, attention_mask=mask, labels=labels).loss
    theirs = other(ids, attention_mask=mask, labels=labels).loss
    torch.testing.assert_close(loss, theirs, atol=1e-5, rtol=1e-5)
    for a, b in zip(gradients(mine, loss), gradients(other, theirs)):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_without_labels_they_are_the_stock_models():
    ids, mask, _ = batch()
    for ours, theirs, config in (
        (roformer.RoFormerForMaskedLM, transformers.RoFormerForMaskedLM, roformer_config()),
        (gpt_neox.GPTNeoXForCausalLM, transformers.GPTNeoXForCausalLM, gpt_neox_config()),
    ):
        mine, other = pair(ours, theirs, config)
        with torch.no_grad():
            torch.testing.assert_close(
                mine(ids, attention_mask=mask).logits, other(ids, attention_mask=mask).logits
            )


def test_a_causal_model_does_not_see_what_comes_later():
    model = gpt_neox.GPTNeoXForCausalLM(gpt_neox_config()).eval()
    ids, _, _ = batch()
    changed = ids.clone()
    changed[:, 7:] = 5
    with torch.no_grad():
        before, after = (gpt_neox.encode(model.gpt_neox, x) for x in (ids, changed))
    assert torch.equal(before[:, :7], after[:, :7])
    assert not torch.allclose(before[:, 7], after[:, 7])


def test_padding_is_not_seen():
    ids, mask, _ = batch()
    changed = ids.masked_fill(mask == 0, 9)
    first = roformer.RoFormerForMaskedLM(roformer_config()).eval()
    second = gpt_neox.GPTNeoXForCausalLM(gpt_neox_config()).eval()
    with torch.no_grad():
        for encode, model in ((roformer.encode, first.roformer), (gpt_neox.encode, second.gpt_neox)):
            before, after = encode(model, ids, mask), encode(model, changed, mask)
            assert torch.equal(before[mask == 1], after[mask == 1])


def test_a_mask_of_one_s_own_decides_who_sees_whom():
    """A prefix mask: the first four positions see each other, the others only what stands before them."""
    model = roformer.RoFormerForMaskedLM(roformer_config()).eval()
    ids, _, _ = batch()
    place = torch.arange(12)
    allowed = (place[None] <= place[:, None]) | (place[None] < 4)
    mask = torch.zeros(12, 12).masked_fill(~allowed, torch.finfo(torch.float32).min)[None, None]
    changed = ids.clone()
    changed[:, 3], changed[:, 9] = 5, 6
    with torch.no_grad():
        before, after = (roformer.encode(model.roformer, x, mask) for x in (ids, changed))
        one = roformer.encode(model.roformer, torch.cat((ids[:, :9], changed[:, 9:]), 1), mask)
    assert not torch.allclose(before[:, 0], after[:, 0])  # position 0 sees position 3 …
    assert torch.equal(before[:, :9], one[:, :9])  # … and nothing sees position 9 before it


def test_saved_by_us_it_loads_with_transformers(tmp_path):
    model = roformer.RoFormerForMaskedLM(roformer_config()).eval()
    model.save_pretrained(tmp_path)
    stock = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path).eval()
    assert type(stock) is transformers.RoFormerForMaskedLM
    ids, mask, _ = batch()
    with torch.no_grad():
        torch.testing.assert_close(
            stock(ids, attention_mask=mask).logits, model(ids, attention_mask=mask).logits
        )


def test_partial_rotary_falls_back_to_the_stock_forward():
    rope = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25}
    config = gpt_neox_config(rope_parameters=rope)
    mine, other = pair(gpt_neox.GPTNeoXForCausalLM, transformers.GPTNeoXForCausalLM, config)
    ids, _, _ = batch()
    torch.testing.assert_close(mine(ids, labels=ids).loss, other(ids, labels=ids).loss)


@pytest.mark.parametrize(
    ("model", "config"),
    [(roformer.RoFormerForMaskedLM, roformer_config()), (gpt_neox.GPTNeoXForCausalLM, gpt_neox_config())],
)
def test_a_batch_without_a_label_is_refused(model, config):
    ids, _, _ = batch()
    with pytest.raises(ValueError, match="no position has a label"):
        model(config)(ids, labels=torch.full_like(ids, -100))


def test_a_text_beyond_the_positions_is_refused():
    model = roformer.RoFormerForMaskedLM(roformer_config(max_position_embeddings=8))
    with pytest.raises(ValueError, match=r"the batch has 12 positions, the model 8"):
        model(batch()[0], labels=batch()[2])
