import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.models.gpt_neox.modeling_gpt_neox import apply_rotary_pos_emb

from zhnlp.nn.rotary import rotary_angles, turn


def test_one_pair_turns_by_its_position_in_radians():
    cos, sin = rotary_angles(3, 2)
    turned = turn(torch.tensor([1.0, 0.0]).repeat(3, 1), cos, sin)
    expected = torch.tensor([[1.0, 0.0], [0.5403, 0.8415], [-0.4161, 0.9093]])
    torch.testing.assert_close(turned, expected, atol=1e-4, rtol=0)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 20))
def test_products_depend_on_the_distance_alone(a, b, shift):
    cos, sin = rotary_angles(64, 8)
    query, key = torch.linspace(-1, 1, 8), torch.linspace(2, -1, 8)

    def product(i, j):
        return turn(query, cos[i], sin[i]) @ turn(key, cos[j], sin[j])

    torch.testing.assert_close(product(a, b), product(a + shift, b + shift), atol=1e-4, rtol=1e-4)


def test_it_is_the_turn_of_transformers():
    torch.manual_seed(0)
    query, key = torch.randn(2, 3, 5, 8), torch.randn(2, 3, 5, 8)  # (B, H, L, d)
    cos, sin = rotary_angles(5, 8)
    theirs = apply_rotary_pos_emb(query, key, cos[None], sin[None])
    torch.testing.assert_close(turn(query, cos, sin), theirs[0])
    torch.testing.assert_close(turn(key, cos, sin), theirs[1])


def test_gradients_of_first_and_second_order():
    torch.manual_seed(0)
    cos, sin = (angle.double() for angle in rotary_angles(3, 4))
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: turn(x, cos, sin), x)
    assert torch.autograd.gradgradcheck(lambda x: turn(x, cos, sin).pow(3), x)


def test_an_odd_head_is_refused():
    with pytest.raises(ValueError, match=r"a head has 5 features: expected an even number"):
        rotary_angles(4, 5)
