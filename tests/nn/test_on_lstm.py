import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from zhnlp.nn.on_lstm import ONLSTM, cumax, split_distances
from zhnlp.nn.on_lstm_scan import level_sums

SIZES = {"input_size": 3, "hidden_size": 8, "num_layers": 2}


def made(levels=4, dtype=torch.float64, **options):
    """An ON-LSTM whose master gates are far from their start, where all are nearly alike."""
    torch.manual_seed(0)
    lstm = ONLSTM(**SIZES | options, levels=levels).to(dtype)
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            parameter.mul_(4 if name.startswith("master") else 2)
    return lstm


def formulas(lstm, x, state=None):
    """The post's equations, one row, one step and one gate after the other: output, state, gates, as the layer has them."""
    size, levels = lstm.hidden_size, lstm.levels
    outputs, hiddens, cells, gates = [], [], [], []
    for row in range(len(x)):
        y, ends, kept = list(x[row]), [], []
        for layer in range(lstm.num_layers):
            part = {name: getattr(lstm, f"{name}_l{layer}") for name in lstm._shapes(0)}
            h, c = (
                torch.zeros(size, dtype=x.dtype) if state is None else one[layer, row]
                for one in (state or (None,) * 2)
            )
            seen, forgets = [], []
            for y_t in y:
                logits = part["weight_ih"] @ y_t + part["bias_ih"] + part["weight_hh"] @ h + part["bias_hh"]
                i, f, g, o = logits.view(4, size)
                i, f, o, g = i.sigmoid(), f.sigmoid(), o.sigmoid(), g.tanh()
                master = part["master_ih"] @ y_t + part["master_hh"] @ h + part["master_bias"]
                share_in, share_forget = master.view(2, levels).softmax(-1)
                forget = torch.stack([share_forget[: k + 1].sum() for k in range(levels)])
                start = 0 if lstm.master == "post" else 1
                let_in = torch.stack([share_in[k + start :].sum() for k in range(levels)])
                forgets.append(forget)
                forget, let_in = (one.repeat_interleave(size // levels) for one in (forget, let_in))
                omega = forget * let_in
                c = omega * (f * c + i * g) + (forget - omega) * c + (let_in - omega) * g
                h = o * c.tanh()
                seen.append(h)
            y = seen
            ends.append((h, c))
            kept.append(torch.stack(forgets))
        outputs.append(torch.stack(y))
        hiddens.append(torch.stack([h for h, _ in ends]))
        cells.append(torch.stack([c for _, c in ends]))
        gates.append(torch.stack(kept))
    return torch.stack(outputs), (torch.stack(hiddens, 1), torch.stack(cells, 1)), torch.stack(gates, 1)


@pytest.mark.parametrize("master", ["post", "paper"])
@pytest.mark.parametrize("levels", [2, 4, 8])
def test_it_is_what_the_formulas_say(levels, master):
    lstm, x = made(levels, master=master), torch.randn(2, 5, 3, dtype=torch.float64)
    state = tuple(torch.randn(2, 2, 8, dtype=torch.float64) for _ in range(2))
    for given_ in (None, state):
        torch.testing.assert_close(lstm.with_gates(x, given_), formulas(lstm, x, given_))
        torch.testing.assert_close(lstm(x, given_), formulas(lstm, x, given_)[:2])


@pytest.mark.parametrize("batch_first", [True, False])
def test_one_level_is_the_lstm_of_torch(batch_first):
    torch.manual_seed(0)
    ours = ONLSTM(**SIZES, levels=1, batch_first=batch_first)
    theirs = nn.LSTM(**SIZES, batch_first=batch_first)
    missing = ours.load_state_dict(theirs.state_dict(), strict=False)
    assert not missing.unexpected_keys and all("master" in name for name in missing.missing_keys)
    x = torch.randn(5, 9, 3)
    state = tuple(torch.randn(2, 5 if batch_first else 9, 8) for _ in range(2))
    for given_ in (None, state):
        torch.testing.assert_close(ours(x, given_), theirs(x, given_), atol=1e-6, rtol=1e-6)
    gradients = [
        torch.autograd.grad(lstm(x)[0].square().sum(), [*lstm.parameters()][:4], allow_unused=True)
        for lstm in (ours, theirs)
    ]
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", [{}, {"master": "paper"}, {"levels": 1}, {"levels": 8, "hidden_size": 8}])
def test_gradients_are_those_of_differences(options):
    lstm = made(**{"levels": 2, "hidden_size": 4} | options)
    names = [name for name, _ in lstm.named_parameters()]
    size = lstm.hidden_size
    x = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    state = [torch.randn(2, 2, size, dtype=torch.float64, requires_grad=True) for _ in range(2)]

    def run(x, hidden, cell, *values):
        return torch.func.functional_call(lstm, dict(zip(names, values)), (x, (hidden, cell)))[0:2][0], *(
            torch.func.functional_call(lstm, dict(zip(names, values)), (x, (hidden, cell)))[1]
        )

    assert torch.autograd.gradcheck(run, (x, *state, *lstm.parameters()), fast_mode=True)


def test_gradients_are_those_of_the_formulas():
    """Each part of the output alone: the other gradients arrive as zeros."""
    lstm, x = made(), torch.randn(2, 5, 3, dtype=torch.float64)
    state = [torch.randn(2, 2, 8, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    for pick in (lambda out: out[0][:, 2], lambda out: out[1][0][1], lambda out: out[1][1][0]):
        leaves = [*state, *lstm.parameters()]
        found, expected = (
            torch.autograd.grad(pick(run(x, tuple(state))).square().sum(), leaves, allow_unused=True)
            for run in (lstm, lambda *given_: formulas(lstm, *given_))
        )
        for one, other in zip(found, expected):
            torch.testing.assert_close(
                torch.zeros(()) if one is None else one.sum(),
                torch.zeros(()) if other is None else other.sum(),
                check_dtype=False,
            )
            if one is not None and other is not None:
                torch.testing.assert_close(one, other)


@given(st.integers(1, 9), st.floats(0, 60), st.integers(0, 99))
def test_master_gates_rise_from_0_to_1(levels, scale, seed):
    gates = cumax(scale * torch.randn(7, levels, generator=torch.Generator().manual_seed(seed)))
    assert bool((gates >= 0).all() and (gates <= 1).all() and (gates.diff() >= 0).all())
    torch.testing.assert_close(gates[:, -1], torch.ones(7))


@settings(max_examples=20)
@given(st.sampled_from([1, 2, 4, 8]), st.floats(0, 60), st.integers(0, 99))
def test_gates_of_the_layer_rise_within_0_and_1(levels, scale, seed):
    torch.manual_seed(seed)
    lstm = ONLSTM(3, 8, levels=levels)
    with torch.no_grad():
        gates = lstm.with_gates(scale * torch.randn(3, 6, 3))[2]
    assert gates.shape == (1, 3, 6, levels)
    assert bool((gates >= 0).all() and (gates <= 1).all() and (gates.diff() >= 0).all())
    distances = split_distances(gates)
    assert bool((distances >= 0).all() and (distances < 1).all())


def test_sums_make_the_gates_of_the_shares():
    shares = torch.randn(5, 2, 4).softmax(-1)
    for strict, expected in (
        (False, shares[:, 0].flip(-1).cumsum(-1).flip(-1)),
        (True, 1 - shares[:, 0].cumsum(-1)),
    ):
        sums = level_sums(4, 8, strict=strict)
        torch.testing.assert_close(shares[:, 0] @ sums[0], expected.repeat_interleave(2, -1))
        torch.testing.assert_close(shares[:, 1] @ sums[1], shares[:, 1].cumsum(-1).repeat_interleave(2, -1))


def test_hard_gates_cut_the_cell_into_three_segments():
    """Master gates that are steps: below the first nothing is kept, above the second nothing is written, between is an LSTM.

    Forgotten are the levels below 1 of 4, written those up to 2: level 0 is the new candidate, 1 and 2 an LSTM, 3 the past.
    """
    torch.manual_seed(0)
    lstm, plain = ONLSTM(3, 8, levels=4).double(), nn.LSTM(3, 8, batch_first=True).double()
    lstm.load_state_dict(plain.state_dict(), strict=False)
    with torch.no_grad():
        for name in ("master_ih_l0", "master_hh_l0", "master_bias_l0"):
            getattr(lstm, name).zero_()
        lstm.master_bias_l0[2] = lstm.master_bias_l0[4 + 1] = 1000
    x, state = torch.randn(2, 1, 3).double(), tuple(torch.randn(1, 2, 8).double() for _ in range(2))
    cell, kept = lstm(x, state)[1][1][0], state[1][0]
    candidate = (
        x[:, 0] @ plain.weight_ih_l0.T
        + plain.bias_ih_l0
        + state[0][0] @ plain.weight_hh_l0.T
        + plain.bias_hh_l0
    )
    candidate = candidate.chunk(4, -1)[2].tanh()
    torch.testing.assert_close(cell[:, :2], candidate[:, :2])
    torch.testing.assert_close(cell[:, 2:6], plain(x, state)[1][1][0][:, 2:6])
    torch.testing.assert_close(cell[:, 6:], kept[:, 6:])


def test_a_sequence_in_two_parts_is_the_whole():
    lstm, x = made(), torch.randn(3, 7, 3, dtype=torch.float64)
    output, state, gates = lstm.with_gates(x)
    first, between, one = lstm.with_gates(x[:, :4])
    second, after, other = lstm.with_gates(x[:, 4:], between)
    torch.testing.assert_close((torch.cat((first, second), 1), after), (output, state))
    torch.testing.assert_close(torch.cat((one, other), 2), gates)


def test_steps_made_together_change_nothing(monkeypatch):
    """The factors of the backward pass are made for several steps at once, the last time for fewer."""
    lstm, x = made(), torch.randn(3, 7, 3, dtype=torch.float64)
    found = []
    for together in (1, 3 * 8 * 3, 10**9):
        monkeypatch.setattr("zhnlp.nn.on_lstm_scan._TOGETHER", together)
        found.append(torch.autograd.grad(lstm(x)[0].square().sum(), [*lstm.parameters()]))
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(found[0], found[2])


def test_dropconnect_leaves_out_recurrent_weights_of_training_alone():
    lstm, x = made(dropconnect=0.5), torch.randn(2, 6, 3, dtype=torch.float64)
    without = made()
    assert not torch.equal(lstm(x)[0], lstm(x)[0])
    torch.manual_seed(3)
    first = lstm(x[:, :1])[0]
    torch.testing.assert_close(first[:, 0], without(x[:, :1])[0][:, 0])  # h₋₁ is 0: nothing to leave out
    torch.manual_seed(3)
    lstm(x)[0].sum().backward()
    unlearnt = [
        float((lstm.get_parameter(f"{name}_hh_l1").grad == 0).double().mean())
        for name in ("weight", "master")
    ]
    assert all(0.3 < share < 0.7 for share in unlearnt)
    torch.testing.assert_close(lstm.eval()(x)[0], without(x)[0])


def test_dropout_is_between_layers_alone():
    x = torch.randn(2, 6, 3)
    assert torch.equal(*(made(dropout=0.5, num_layers=1, dtype=torch.float32)(x)[0] for _ in range(2)))
    lstm = made(dropout=0.5, dtype=torch.float32)
    assert not torch.equal(lstm(x)[0], lstm(x)[0])
    gates = lstm.with_gates(x)[2]
    torch.testing.assert_close(gates[0], lstm.eval().with_gates(x)[2][0])


@pytest.mark.parametrize("way", ["autocast", "weights"])
def test_in_half_precision(way):
    lstm, x = made(dtype=torch.float32), torch.randn(3, 12, 3)
    expected = lstm(x)[0]
    learnt = torch.autograd.grad(expected.square().sum(), [*lstm.parameters()])
    low = copy.deepcopy(lstm)
    if way == "weights":
        low, x = low.bfloat16(), x.bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=way == "autocast"):
        output, (hidden, cell) = low(x)
    assert output.dtype == hidden.dtype == cell.dtype == x.dtype
    torch.testing.assert_close(output.float(), expected, atol=0.05, rtol=0.05)
    output.float().square().sum().backward()
    for one, other in zip(low.parameters(), learnt):
        assert F.cosine_similarity(one.grad.float().flatten(), other.flatten(), 0) > 0.99


def test_a_second_derivative_is_refused():
    lstm, x = made(), torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(lstm(x)[0].sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_every_parameter_learns():
    lstm = made()
    lstm(torch.randn(2, 5, 3, dtype=torch.float64))[0].square().sum().backward()
    assert [name for name, one in lstm.named_parameters() if not float(one.grad.abs().sum()) > 0] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"levels": 3}, "levels=3"),
        ({"levels": 0}, "levels=0"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"dropconnect": -0.1}, "dropconnect=-0.1"),
        ({"master": "author"}, "expected 'post' or 'paper'"),
        ({"master": "paper", "levels": 1}, "one level would never be written"),
    ],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        ONLSTM(**SIZES | {"levels": 4} | options)


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 4), (2, 0, 3), (0, 5, 3)])
def test_another_input_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(batch, length, features\) with 3 features"):
        made()(torch.zeros(shape))


def test_another_state_is_refused():
    with pytest.raises(ValueError, match=r"state is \[\(1, 2, 8\), \(1, 2, 8\)\]: .* = \(2, 2, 8\)"):
        made()(torch.zeros(2, 5, 3), (torch.zeros(1, 2, 8),) * 2)
