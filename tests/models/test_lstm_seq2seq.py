"""The network of post 5861: against a plain writing of its formulas, its cached steps, and what it must not see."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSeq2SeqLM

from zhnlp.models.lstm_seq2seq import LSTMSeq2SeqConfig, LSTMSeq2SeqLM, register

SIZES = {"vocab_size": 40, "hidden_size": 16, "num_heads": 4, "modulation_size": 6}
SOURCES = [[5, 6, 7, 8, 9], [10, 11], [12, 13, 14, 15, 16, 17, 12, 19]]
TARGETS = [[20, 21, 22], [23, 24, 25], [26, 27, 28]]
BEGIN, PAD = 2, 0


def made(**options):
    torch.manual_seed(3)
    model = LSTMSeq2SeqLM(LSTMSeq2SeqConfig(**SIZES | options)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))  # else biases and the prior are 0
    return model


def rows(lists, more=0):
    """Ids and mask of lists, filled up."""
    longest = max(map(len, lists)) + more
    ids = torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in lists])
    return ids, torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in lists])


def full_logits(model, sources, targets, more=0):
    """Logits (N, T + 1, V) at the beginning and at each target token, without any cache."""
    tokens = torch.tensor([[BEGIN, *target] for target in targets])
    return model(*rows(sources, more), tokens)["logits"].view(*tokens.shape, -1)


def cell(lstm, x, state):
    """One step of an LSTM, gates in the order of torch: input, forget, new, output."""
    hidden, memory = state
    gates = lstm.weight_ih_l0 @ x + lstm.bias_ih_l0 + lstm.weight_hh_l0 @ hidden + lstm.bias_hh_l0
    add, keep, new, out = gates.chunk(4)
    memory = keep.sigmoid() * memory + add.sigmoid() * new.tanh()
    return out.sigmoid() * memory.tanh(), memory


def run(lstm, xs):
    state, outputs = (torch.zeros(lstm.hidden_size),) * 2, []
    for x in xs:
        state = cell(lstm, x, state)
        outputs.append(state[0])
    return outputs


def formulas(model, source, target):
    """Logits (T, V) of one pair, token by token, as the post writes them."""
    table, xs = model.embedding.weight, [model.embedding.weight[token] for token in source]
    for norm, both in zip(model.encoder_norms, model.encoder):
        xs = [F.layer_norm(x, x.shape, norm.weight, norm.bias) for x in xs]
        xs = [torch.cat(pair) for pair in zip(run(both.ahead, xs), run(both.back, xs[::-1])[::-1])]
    source_states = torch.stack(xs)  # (S, D)
    largest = source_states.max(0).values
    ys = [table[token] for token in target]
    for number, norm in enumerate(model.decoder_norms):
        ys = [F.layer_norm(y, y.shape) * (1 + norm.gain(largest)) + norm.bias(largest) for y in ys]
        if number < 2:
            ys = run(model.decoder[number], ys)
    heads = model.config.num_heads
    key, value = (
        (source_states @ layer.weight.T).chunk(heads, 1)
        for layer in (model.attention.key, model.attention.value)
    )
    logits = []
    for y in ys:
        queries = (model.attention.query.weight @ y).chunk(heads)
        seen = [(k @ q / len(q) ** 0.5).softmax(0) @ v for q, k, v in zip(queries, key, value)]
        out = model.output(F.leaky_relu(model.transform(torch.cat([y, *seen])), 0.2))
        there = torch.tensor([float(token in source) for token in range(len(table))])
        logits.append((out + model.prior.log_scale.exp() * there + model.prior.shift) / 2)
    return torch.stack(logits)


@torch.no_grad()
def test_it_is_what_the_formulas_say():
    model = made()
    found = full_logits(model, SOURCES, TARGETS)
    for logits, source, target in zip(found, SOURCES, TARGETS):
        torch.testing.assert_close(logits, formulas(model, source, [BEGIN, *target]), atol=1e-5, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("options", [{}, {"copy_prior": False}])
def test_cached_steps_equal_the_whole_row(options):
    model = made(**options)
    cache, expected = model.start(*rows(SOURCES)), full_logits(model, SOURCES, TARGETS)
    tokens = torch.tensor([[BEGIN, *target] for target in TARGETS])
    for place in range(4):
        found = model.step(tokens[:, place : place + 1], cache)
        cache = found.cache
        torch.testing.assert_close(found.logits, expected[:, place], atol=1e-5, rtol=1e-4)
    at_once = model.step(tokens, model.start(*rows(SOURCES)))  # a beginning that is given
    torch.testing.assert_close(at_once.logits, expected[:, 3], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_hypotheses_of_a_source_in_any_order_and_number():
    """Rows repeated, mixed and left out between the steps read what they would have read alone."""
    model = made()
    history, owners = [[], [], []], [0, 1, 2]
    cache, token = model.start(*rows(SOURCES)), torch.full((3, 1), BEGIN)
    for picked, new in (
        ([0, 0, 1, 1, 2, 2], [20, 21, 22, 23, 24, 25]),
        ([1, 0, 4, 4, 5], [26, 27, 28, 29, 30]),
        ([4, 0, 3], [31, 32, 33]),
        ([2, 0], [34, 35]),
    ):
        found = model.step(token, cache)
        expected = [full_logits(model, [SOURCES[own]], [past])[0, -1] for own, past in zip(owners, history)]
        torch.testing.assert_close(found.logits, torch.stack(expected), atol=1e-5, rtol=1e-4)
        assert (found.attention > 0).sum(1).tolist() == [len(SOURCES[own]) for own in owners]
        cache = found.cache.select(torch.tensor(picked))
        owners, history = (
            [owners[row] for row in picked],
            [[*history[row], one] for row, one in zip(picked, new)],
        )
        token = torch.tensor(new)[:, None]
    assert len(cache) == 2
    assert len(cache.keys) == len(cache.prior) == len(set(owners))  # a source that nothing is left of is gone


@torch.no_grad()
def test_a_step_leaves_the_cache_it_was_given_as_it_was():
    model = made()
    cache, token = model.start(*rows(SOURCES)), torch.full((3, 1), BEGIN)
    cache = model.step(token, cache).cache
    first = model.step(token + 20, cache)
    model.step(token + 21, first.cache)
    torch.testing.assert_close(model.step(token + 20, cache).logits, first.logits)


@torch.no_grad()
def test_hypotheses_share_what_was_read():
    model = made()
    cache = model.start(*rows(SOURCES))
    assert cache.select(torch.arange(3).repeat_interleave(4)).keys.data_ptr() == cache.keys.data_ptr()


@torch.no_grad()
def test_attention_of_a_step_is_shared_out_over_the_real_source():
    model = made()
    share = model.step(torch.full((3, 1), BEGIN), model.start(*rows(SOURCES))).attention
    assert share.shape == (3, 8)
    torch.testing.assert_close(share.sum(1), torch.ones(3))
    assert float(share[1, 2:].max()) == 0


@settings(max_examples=20)
@given(
    st.lists(st.lists(st.integers(4, 39), min_size=1, max_size=9), min_size=1, max_size=4), st.integers(0, 3)
)
def test_padding_and_other_rows_change_nothing(sources, more):
    model = made()
    targets = [[source[0], 7] for source in sources]
    with torch.no_grad():
        together = full_logits(model, sources, targets, more)
        for logits, source, target in zip(together, sources, targets):
            torch.testing.assert_close(
                logits, full_logits(model, [source], [target])[0], atol=1e-5, rtol=1e-4
            )


def test_later_target_tokens_have_no_gradient_and_the_whole_source_has():
    model, given_ = made(), []
    model.embedding.register_forward_hook(lambda *call: given_.append(call[2]))
    logits = full_logits(model, [[5, 6, 7]], [[8, 9, 10]])[0]
    source, target = torch.autograd.grad(logits[2].sum(), given_)  # in the order in which they are read
    assert (target[0].abs().sum(-1) > 0).tolist() == [True, True, True, False]
    assert (source[0].abs().sum(-1) > 0).all()


@torch.no_grad()
def test_logits_at_the_start_by_hand():
    """s = t = 0: the mean of what the network says and of 1 for each token of the source."""
    torch.manual_seed(0)
    model = LSTMSeq2SeqLM(LSTMSeq2SeqConfig(**SIZES | {"vocab_size": 6})).eval()
    sources, targets = [[4, 5, 4], [3]], [[5], [3]]
    with_prior = full_logits(model, sources, targets)
    model.prior = None
    alone = full_logits(model, sources, targets)
    chi = torch.tensor([[0.0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 0, 0]])
    torch.testing.assert_close(with_prior, (alone + chi[:, None]) / 2)


def test_loss_is_the_mean_over_labels():
    model = made()
    labels = torch.tensor([[6, -100, 3], [7, 3, -100]])
    tokens = torch.tensor([[BEGIN, 6, 1], [BEGIN, 7, PAD]])
    found = model(*rows([[5, 6], [7]]), tokens, labels)
    everywhere = model(*rows([[5, 6], [7]]), tokens)["logits"].view(2, 3, -1)
    torch.testing.assert_close(found["logits"], everywhere[labels != -100])
    likely = everywhere.log_softmax(-1)
    expected = -(likely[0, 0, 6] + likely[0, 2, 3] + likely[1, 0, 7] + likely[1, 1, 3]) / 4
    torch.testing.assert_close(found["loss"], expected)


@pytest.mark.parametrize("options", [{}, {"copy_prior": False}])
def test_every_parameter_learns_and_twice_differentiated(options):
    """A gradient penalty on the embeddings asks for the second derivative."""
    model = made(dropout=0.0, **options)
    loss = model(*rows(SOURCES), torch.tensor(TARGETS), torch.tensor(TARGETS))["loss"]
    (gradient,) = torch.autograd.grad(loss, [model.embedding.weight], create_graph=True)
    (loss + gradient.square().sum()).backward()
    assert [name for name, one in model.named_parameters() if not float(one.grad.abs().sum()) > 0] == []


def test_dropout_is_for_training():
    """Before each of the four LSTMs and before the vocabulary."""
    model, tokens, places = made(dropout=0.5), torch.tensor(TARGETS), []
    still = [model(*rows(SOURCES), tokens)["logits"] for _ in range(2)]
    assert torch.equal(*still)
    model.train()
    model.dropout.register_forward_hook(lambda *call: places.append(float((call[2] == 0).float().mean())))
    assert not torch.equal(*(model(*rows(SOURCES), tokens)["logits"] for _ in range(2)))
    assert len(places) == 2 * 5 and min(places) > 0.3


@torch.no_grad()
def test_in_half_precision():
    model = made()
    expected = full_logits(model, SOURCES, TARGETS)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(full_logits(model, SOURCES, TARGETS).float(), expected, atol=0.1, rtol=0.1)
        step = model.step(torch.full((3, 1), BEGIN), model.start(*rows(SOURCES)))
    torch.testing.assert_close(step.logits.float(), expected[:, 0], atol=0.1, rtol=0.1)


@torch.no_grad()
def test_a_source_without_a_token_gives_numbers():
    model = made()
    ids, mask = torch.zeros((1, 1), dtype=torch.long), torch.zeros((1, 1), dtype=torch.long)
    found = model.step(torch.tensor([[BEGIN]]), model.start(ids, mask))
    assert bool(found.logits.isfinite().all()) and float(found.logits.abs().max()) < 100


@torch.no_grad()
@pytest.mark.parametrize("options", [{}, {"copy_prior": False}])
def test_a_saved_network_says_the_same(tmp_path, options):
    register()
    model = made(dropout=0.3, **options)
    model.save_pretrained(tmp_path)
    again = AutoModelForSeq2SeqLM.from_pretrained(tmp_path)
    assert isinstance(again, LSTMSeq2SeqLM) and again.config.dropout == 0.3
    assert torch.equal(full_logits(again, SOURCES, TARGETS), full_logits(model, SOURCES, TARGETS))


def test_the_sizes_of_the_post():
    model = LSTMSeq2SeqLM(LSTMSeq2SeqConfig(vocab_size=50))
    shapes = {name: tuple(one.shape) for name, one in model.named_parameters()}
    assert shapes["embedding.weight"] == shapes["output.weight"] == (50, 128)
    assert shapes["encoder.1.back.weight_ih_l0"] == (4 * 64, 128)
    assert shapes["decoder.1.weight_ih_l0"] == (4 * 128, 128)
    assert shapes["decoder_norms.2.gain.0.weight"] == (32, 128)
    assert shapes["transform.weight"] == (128, 256)
    assert model.attention.heads == 8
    assert not model.prior.log_scale.any() and not model.prior.shift.any()


def test_padding_before_tokens_is_refused():
    model = made()
    with pytest.raises(ValueError, match="padding before tokens"):
        model.start(torch.tensor([[0, 5]]), torch.tensor([[0, 1]]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hidden_size": 15, "num_heads": 5}, "hidden_size=15"),
        ({"hidden_size": 16, "num_heads": 3}, "num_heads=3"),
        ({"dropout": 1.0}, "dropout=1.0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        LSTMSeq2SeqConfig(**options)
