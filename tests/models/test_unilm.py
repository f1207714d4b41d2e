"""UniLM: the prefix mask in training, and decoding from cached sources, for every family of BERT's layout."""

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.models.roformer import RoFormerForMaskedLM
from zhnlp.models.unilm import UniLM
from zhnlp.nn.masks import additive, padding, prefix

SIZES = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 24,
}
FAMILIES = {
    "bert": lambda: transformers.BertForMaskedLM(transformers.BertConfig(**SIZES)),
    "ernie": lambda: transformers.ErnieForMaskedLM(transformers.ErnieConfig(**SIZES)),
    "roberta": lambda: transformers.RobertaForMaskedLM(
        transformers.RobertaConfig(**SIZES, max_position_embeddings=66, type_vocab_size=1, pad_token_id=1)
    ),
    "electra": lambda: transformers.ElectraForMaskedLM(transformers.ElectraConfig(**SIZES, embedding_size=8)),
    "roformer": lambda: transformers.RoFormerForMaskedLM(
        transformers.RoFormerConfig(**SIZES, embedding_size=8, max_position_embeddings=64)
    ),
    "our roformer": lambda: RoFormerForMaskedLM(
        transformers.RoFormerConfig(**SIZES, embedding_size=16, max_position_embeddings=64)
    ),
}


@pytest.fixture(params=FAMILIES, scope="module")
def model(request):
    torch.manual_seed(3)
    network = FAMILIES[request.param]()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:  # else all positions look alike at the beginning
                parameter.add_(0.1 * torch.randn_like(parameter))
    return UniLM(network.eval()).eval()


def rows(sources, targets, pad):
    """Ids, segments and mask of [2] source [3] target, filled up with ``pad``."""
    ids = [[2, *source, 3, *target] for source, target in zip(sources, targets)]
    longest = max(map(len, ids))
    filled = torch.tensor([row + [pad] * (longest - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    segments = torch.tensor(
        [
            [0] * (len(source) + 2) + [1] * len(target) + [0] * (longest - len(source) - 2 - len(target))
            for source, target in zip(sources, targets)
        ]
    )
    return filled, segments, mask


SOURCES = [[5, 6, 7, 8, 9], [10, 11], [12, 13, 14, 15, 16, 17, 18, 19]]
TARGETS = [[20, 21, 22], [23, 24, 25], [26, 27, 28]]


def full_logits(model, sources, targets):
    """Logits (N, T + 1, V) at the end of the source and at each target token, without any cache."""
    ids, segments, mask = rows(sources, targets, model.config.pad_token_id)
    logits = model(ids, segments, mask)["logits"].view(*ids.shape, -1)
    return torch.stack(
        [
            row[len(source) + 1 : len(source) + 2 + len(target)]
            for row, source, target in zip(logits, sources, targets)
        ]
    )


def start(model, sources):
    ids, _, mask = rows(sources, [[]] * len(sources), model.config.pad_token_id)
    return model.start(ids, mask)


@torch.no_grad()
def test_cached_steps_equal_the_whole_row(model):
    cache, expected = start(model, SOURCES), full_logits(model, SOURCES, TARGETS)
    tokens = [[3, *target] for target in TARGETS]
    for place in range(4):
        found = model.step(torch.tensor([row[place] for row in tokens])[:, None], cache)
        cache = found.cache
        torch.testing.assert_close(found.logits, expected[:, place], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_hypotheses_of_a_source_in_any_order_and_number(model):
    """Rows repeated, mixed and left out between the steps read what they would have read alone."""
    history = [[], [], []]
    owners = [0, 1, 2]
    cache, token = start(model, SOURCES), torch.full((3, 1), 3)
    for step, (rows_, new) in enumerate(
        [
            ([0, 0, 1, 1, 2, 2], [20, 21, 22, 23, 24, 25]),
            ([1, 0, 4, 4, 5], [26, 27, 28, 29, 30]),
            ([4, 0, 3], [31, 32, 33]),
        ]
    ):
        found = model.step(token, cache)
        if step:
            expected = torch.stack(
                [full_logits(model, [SOURCES[o]], [h])[0, -1] for o, h in zip(owners, history)]
            )
            torch.testing.assert_close(found.logits, expected, atol=1e-5, rtol=1e-4)
        cache = found.cache.select(torch.tensor(rows_))
        owners, history = [owners[r] for r in rows_], [[*history[r], n] for r, n in zip(rows_, new)]
        token = torch.tensor(new)[:, None]
    assert len(cache) == 3
    assert len(cache.mask) == len(set(owners))  # a source that nothing is left of is gone


@torch.no_grad()
def test_attention_of_a_step_is_shared_out_over_the_real_source(model):
    cache = start(model, SOURCES)
    model.step(torch.full((3, 1), 3), cache)
    share = model.step(torch.tensor([[20], [21], [22]]), cache).attention
    assert share.shape == (3, 10)
    torch.testing.assert_close(share.sum(1), torch.ones(3))
    assert float(share[1, 4:].max()) < 1e-6  # [2, 10, 11, 3] and padding


def test_later_target_tokens_have_no_gradient_and_the_source_sees_no_target():
    torch.manual_seed(0)
    network = FAMILIES["bert"]().eval()
    ids, segments, mask = rows([[5, 6, 7]], [[8, 9, 10]], 0)
    embeds = network.get_input_embeddings()(ids).detach().requires_grad_()
    fourd = additive(prefix(segments) & padding(mask), torch.float32)
    logits = network(inputs_embeds=embeds, attention_mask=fourd, token_type_ids=segments).logits[0]
    of_target = torch.autograd.grad(logits[5].sum(), embeds, retain_graph=True)[0][0].abs().sum(-1)  # at 8
    assert bool((of_target[:6] > 0).all()) and bool((of_target[6:] == 0).all())
    of_source = torch.autograd.grad(logits[1].sum(), embeds)[0][0].abs().sum(-1)  # at 5
    assert bool((of_source[:5] > 0).all()) and bool((of_source[5:] == 0).all())


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(4, 39), min_size=1, max_size=9), min_size=1, max_size=4))
def test_padding_changes_nothing(sources):
    torch.manual_seed(1)
    model = UniLM(FAMILIES["our roformer"]().eval())
    targets = [source[:2] for source in sources]
    with torch.no_grad():
        ids, segments, mask = rows(sources, targets, 0)
        together = model(ids, segments, mask)["logits"].view(*ids.shape, -1)
        for number, (source, target) in enumerate(zip(sources, targets)):
            one = rows([source], [target], 0)
            alone = model(*one)["logits"]
            torch.testing.assert_close(together[number, : one[0].shape[1]], alone, atol=1e-5, rtol=1e-4)


def test_loss_is_the_mean_over_labels():
    torch.manual_seed(2)
    model = UniLM(FAMILIES["bert"]().eval())
    ids, segments, mask = rows([[5, 6]], [[7, 3]], 0)
    labels = torch.tensor([[-100, -100, -100, 7, 3, -100]])
    found = model(ids, segments, mask, labels)
    likely = found["logits"].log_softmax(-1)
    assert found["logits"].shape == (2, 40)
    torch.testing.assert_close(found["loss"], -(likely[0, 7] + likely[1, 3]) / 2)


def test_a_tied_weight_is_kept_once(tmp_path):
    from safetensors.torch import load_file, save_file

    model = UniLM(FAMILIES["bert"]())
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    other = UniLM(FAMILIES["bert"]())
    other.load_state_dict(load_file(tmp_path / "model.safetensors"), strict=False)
    ids, segments, mask = rows([[5, 6]], [[7, 3]], 0)
    torch.testing.assert_close(other.eval()(ids, segments, mask), model.eval()(ids, segments, mask))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            lambda: transformers.GPT2LMHeadModel(
                transformers.GPT2Config(vocab_size=9, n_embd=8, n_layer=1, n_head=2)
            ),
            "encoder.layer",
        ),
        (lambda: transformers.BertModel(transformers.BertConfig(**SIZES)), "no head for masked tokens"),
        (
            lambda: transformers.RoFormerForMaskedLM(transformers.RoFormerConfig(**SIZES, rotary_value=True)),
            "rotary_value",
        ),
    ],
)
def test_other_layouts_are_refused(network, said):
    with pytest.raises(TypeError, match=said):
        UniLM(network())
