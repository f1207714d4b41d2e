"""Data of the companion's recipes: points in the plane, digits of scikit-learn, and image files of the public sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def ring(
    n: int, generator: torch.Generator | None = None, *, modes: int = 8, radius: float = 2.0, sd: float = 0.05
) -> Tensor:
    """``n`` points (n, 2) of a ring of Gaussians; with the generator of a batch it draws fresh ones.

    Example:
        >>> ring(3, torch.Generator().manual_seed(0)).shape
        torch.Size([3, 2])
    """
    angles = torch.randint(modes, (n,), generator=generator) * (2 * torch.pi / modes)
    centres = radius * torch.stack([angles.cos(), angles.sin()], 1)
    return centres + sd * torch.randn(n, 2, generator=generator)


def ring_centres(modes: int = 8, radius: float = 2.0) -> Tensor:
    """(modes, 2)."""
    angles = torch.arange(modes) * (2 * torch.pi / modes)
    return radius * torch.stack([angles.cos(), angles.sin()], 1)


def moons(n: int, seed: int = 0, *, noise: float = 0.05) -> tuple[Tensor, Tensor]:
    """Two half moons, each coordinate with mean 0 and variance 1: (n, 2), labels (n,)."""
    from sklearn.datasets import make_moons

    points, labels = make_moons(n, noise=noise, random_state=seed)
    points = (points - points.mean(0)) / points.std(0)
    return torch.as_tensor(points).float(), torch.as_tensor(labels)


def digits(*, test: float = 0.2, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The 1,797 digits of scikit-learn (1, 8, 8) in [0, 1]: train, its labels, test, its labels, shares of classes kept.

    Example:
        >>> x, y, x_test, y_test = digits()
        >>> tuple(x.shape), len(x_test), float(x.max())
        ((1437, 1, 8, 8), 360, 1.0)
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(
        images / 16, labels, test_size=test, random_state=seed, stratify=labels
    )
    parts = [torch.as_tensor(part).float().reshape(-1, 1, 8, 8) for part in (x, x_test)]
    return parts[0], torch.as_tensor(y), parts[1], torch.as_tensor(y_test)


def images(path: str | Path) -> tuple[Tensor, Tensor]:
    """A file with ``images`` (N, H, W) uint8 and ``labels`` (N,), as (N, 1, H, W) in [0, 1], and labels.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there: expected an .npz with images and labels. Next: --data, or ZHNLP_DATA=folder"
        )
    with np.load(path, allow_pickle=False) as held:
        if {"images", "labels"} - set(held.files):
            raise ValueError(f"{path} holds {', '.join(held.files)}: expected images and labels")
        pixels, labels = held["images"], held["labels"]
    return torch.as_tensor(pixels).float().unsqueeze(1) / 255, torch.as_tensor(labels.astype(np.int64))
