"""How a gradient passes a rounding that has none.

Source: 苏剑林, https://kexue.fm/archives/6760 (straight through), https://kexue.fm/archives/10489;
Fifty et al. 2024, https://arxiv.org/abs/2410.06424 (rotation)
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import normalize

from zhnlp.nn.gumbel import straight_through

__all__ = ["rotated", "straight_through"]


def rotated(rounded: Tensor, z: Tensor) -> Tensor:
    """The values of ``rounded`` (..., D), as z turned and stretched by a map that counts as constant.

    The gradient is turned with z: what is at an angle to the code stays at that angle to z, so that points on either side
    of a code are pushed apart or together, which `straight_through` does not do.

    Example:
        >>> import torch
        >>> z = torch.tensor([1.0, 0.0], requires_grad=True)
        >>> y = rotated(torch.tensor([0.0, 2.0]), z)
        >>> y.detach().round(decimals=4), torch.autograd.grad(y[1], z)[0].round(decimals=4)
        (tensor([0., 2.]), tensor([2., 0.]))
    """
    with_grad = z
    z, rounded = z.detach(), rounded.detach()
    begin, end = normalize(z, dim=-1), normalize(rounded, dim=-1)
    middle = normalize(begin + end, dim=-1)
    stretch = rounded.norm(dim=-1, keepdim=True) / z.norm(dim=-1, keepdim=True).clamp(min=1e-6)

    def along(direction: Tensor) -> Tensor:
        return (with_grad * direction).sum(-1, keepdim=True)

    turned = with_grad - 2 * along(middle) * middle + 2 * along(begin) * end
    return stretch * turned
