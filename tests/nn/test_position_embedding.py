import math

import pytest
import torch

from zhnlp.nn.position_embedding import sinusoidal_positions


def test_by_the_formula():
    found = sinusoidal_positions(50, 6)
    for place in (0, 1, 49):
        for pair in range(3):
            angle = place / 10000 ** (2 * pair / 6)
            assert found[place, 2 * pair] == pytest.approx(math.sin(angle), abs=1e-6)
            assert found[place, 2 * pair + 1] == pytest.approx(math.cos(angle), abs=1e-6)


def test_products_depend_on_the_distance_alone():
    rows = sinusoidal_positions(200, 128).double()
    products = rows @ rows.T
    for distance in (0, 1, 7, 40):
        line = products.diagonal(distance)
        torch.testing.assert_close(line, line[:1].expand_as(line), rtol=0, atol=1e-4)


def test_odd_sizes_are_refused():
    with pytest.raises(ValueError, match="size=3 is odd"):
        sinusoidal_positions(2, 3)
