import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from zhnlp.nn.bilstm import BiLSTM, reversal


def mask_of(lengths, longest=None):
    return (torch.arange(longest or max(lengths)) < torch.tensor(lengths)[:, None]).long()


def test_it_is_the_lstm_of_torch_over_packed_rows():
    torch.manual_seed(0)
    ours, theirs = BiLSTM(5, 3), nn.LSTM(5, 3, batch_first=True, bidirectional=True)
    theirs.load_state_dict(
        {
            **ours.ahead.state_dict(),
            **{f"{name}_reverse": value for name, value in ours.back.state_dict().items()},
        }
    )
    x, lengths = torch.randn(4, 7, 5), [7, 1, 4, 6]
    packed = pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    expected, _ = pad_packed_sequence(theirs(packed)[0], batch_first=True)
    torch.testing.assert_close(ours(x, mask_of(lengths)), expected)


@torch.no_grad()
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 3))
def test_what_stands_in_the_padding_changes_nothing(lengths, more):
    torch.manual_seed(1)
    lstm, mask = BiLSTM(4, 2), mask_of(lengths, 6 + more)
    x = torch.randn(len(lengths), 6 + more, 4)
    found = lstm(x, mask)
    torch.testing.assert_close(lstm(x.masked_fill(mask[..., None] == 0, 1e3), mask), found)
    torch.testing.assert_close(lstm(x[:, :6], mask[:, :6]), found[:, :6])
    assert float(found[mask == 0].abs().sum()) == 0


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_reversing_twice_changes_nothing(lengths):
    order = reversal(mask_of(lengths, 9))
    places = torch.arange(9).expand_as(order)
    assert torch.equal(order.gather(1, order), places)
    assert [row[:length].tolist() for row, length in zip(order, lengths)] == [
        list(range(length))[::-1] for length in lengths
    ]


def test_no_gradient_reaches_the_padding():
    x = torch.randn(2, 4, 3, requires_grad=True)
    BiLSTM(3, 2)(x, mask_of([4, 2])).square().sum().backward()
    seen = x.grad.abs().sum(-1) > 0
    assert seen.tolist() == [[True] * 4, [True, True, False, False]]
