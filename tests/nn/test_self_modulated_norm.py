import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.nn.self_modulated_norm import SelfModulatedNorm, modulate


def test_by_hand():
    """One feature of condition, one hidden: γ(2) = (3, 0) · relu(2), β(2) = (0, 1) + (1, 1) · relu(-2)."""
    norm = SelfModulatedNorm(2, 1, hidden=1)
    with torch.no_grad():
        for layer, weight, bias in (
            (norm.gain[0], [[1.0]], [0.0]),
            (norm.gain[2], [[3.0], [0.0]], [0.0, 0.0]),
            (norm.bias[0], [[-1.0]], [0.0]),
            (norm.bias[2], [[1.0], [1.0]], [0.0, 1.0]),
        ):
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.copy_(torch.tensor(bias))
    found = norm(torch.tensor([10.0, 30.0]), torch.tensor([2.0]))  # LN is (-1, 1)
    torch.testing.assert_close(found, torch.tensor([-1.0 * (1 + 6), 1.0 * (1 + 0) + 1]))


def test_where_the_condition_says_nothing_it_is_a_plain_norm():
    norm, x = SelfModulatedNorm(8, 3), torch.randn(2, 5, 8)
    for net in (norm.gain, norm.bias):
        torch.nn.init.zeros_(net[2].weight)
        torch.nn.init.zeros_(net[2].bias)
    torch.testing.assert_close(norm(x, torch.randn(2, 1, 3)), F.layer_norm(x, (8,)))


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 1000))
def test_a_row_depends_on_its_own_condition_alone(rows, places, seed):
    torch.manual_seed(seed)
    norm, x, condition = SelfModulatedNorm(6, 3), torch.randn(rows, places, 6), torch.randn(rows, 1, 3)
    together = norm(x, condition)
    for row in range(rows):
        torch.testing.assert_close(together[row], norm(x[row], condition[row]), atol=1e-6, rtol=1e-5)


def test_the_modulation_can_be_computed_before():
    norm, x, condition = SelfModulatedNorm(6, 3), torch.randn(4, 6), torch.randn(4, 3)
    torch.testing.assert_close(modulate(x, *norm.modulation(condition)), norm(x, condition))


def test_gradients_reach_condition_and_parameters():
    norm = SelfModulatedNorm(6, 3)
    x, condition = torch.randn(4, 6, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    norm(x, condition).square().sum().backward()
    for leaf in (x, condition, *norm.parameters()):
        assert float(leaf.grad.abs().sum()) > 0
