"""Learning rates by depth: embeddings learn slowest, the head fastest."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


def layer_wise_groups(
    model: nn.Module, lr: float, decay: float = 0.9, weight_decay: float = 0.01
) -> list[dict[str, Any]]:
    """Parameter groups for torch.optim with rate lr · decay^(levels above): the head has ``lr``, embeddings the least.

    Levels from the bottom: embeddings 0, the blocks 1 … n in order (an encoder's, then a decoder's), what comes after the
    last block (final norm, pooler, head) n + 1.  Biases and norms (fewer than two dimensions) get no weight decay.

    Args:
        model: a transformers model, or any with its blocks in an nn.ModuleList.
        lr: of the head, > 0.
        decay: factor a level, in (0, 1]; 1 gives one rate to all.
        weight_decay: of matrices.

    Returns:
        Groups {"params", "lr", "weight_decay", "name"} from the bottom up; frozen parameters are left out.

    Raises:
        ValueError: decay or lr is out of its range, or the model has no list of blocks.

    Example:
        >>> model = nn.Sequential()
        >>> model.words, model.blocks = nn.Embedding(5, 2), nn.ModuleList(nn.Linear(2, 2, bias=False) for _ in range(2))
        >>> model.head = nn.Linear(2, 3, bias=False)
        >>> [(group["name"], group["lr"]) for group in layer_wise_groups(model, lr=1.0, decay=0.5)]
        [('embeddings', 0.125), ('block 1', 0.25), ('block 2', 0.5), ('head', 1.0)]

    Source: Howard and Ruder 2018, https://arxiv.org/abs/1801.06146; Clark et al. 2020, https://arxiv.org/abs/2003.10555
    """
    if not 0 < decay <= 1:
        raise ValueError(f"decay got {decay!r}: expected a factor a level in (0, 1]")
    if not lr > 0:
        raise ValueError(f"lr got {lr!r}: expected a learning rate above 0")
    levels = parameter_levels(model)
    top = max(level for _, level in levels) if levels else 0
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for parameter, level in levels:
        plain = parameter.ndim < 2
        name = {0: "embeddings", top: "head"}.get(level, f"block {level}")
        group = groups.setdefault(
            (level, plain),
            {
                "params": [],
                "lr": lr * decay ** (top - level),
                "weight_decay": 0.0 if plain else weight_decay,
                "name": f"{name}, no decay" if plain else name,
            },
        )
        group["params"].append(parameter)
    return [groups[key] for key in sorted(groups)]


def parameter_levels(model: nn.Module) -> list[tuple[Tensor, int]]:
    """(parameter, level from the bottom) of all that are trained, each once; tied weights stand at the lowest."""
    lists = _block_lists(model)
    depth = sum(len(module) for _, module in lists)
    starts, begun = {}, 0
    for name, module in lists:
        starts[name] = begun
        begun += len(module)
    embeddings = {
        parameter
        for module in model.modules()
        if isinstance(module, nn.Embedding)
        for parameter in module.parameters()
    }
    levels, reached = [], 0
    for name, parameter in model.named_parameters():
        home = next((prefix for prefix in starts if name.startswith(f"{prefix}.")), None)
        if home is not None:
            level = reached = starts[home] + int(name[len(home) + 1 :].split(".", 1)[0]) + 1
        elif parameter in embeddings or reached == 0:
            level = 0
        else:
            level = depth + 1 if reached == depth else reached
        if parameter.requires_grad:
            levels.append((parameter, level))
    return levels


def _block_lists(model: nn.Module) -> list[tuple[str, nn.ModuleList]]:
    """The outermost lists of blocks, in order; small lists (heads, experts) are none."""
    outer: list[tuple[str, nn.ModuleList]] = []
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{other}.") for other, _ in outer)
        if isinstance(module, nn.ModuleList) and len(module) and not inside:
            outer.append((name, module))
    sizes = {name: sum(parameter.numel() for parameter in module.parameters()) for name, module in outer}
    if not any(sizes.values()):
        raise ValueError(
            f"{type(model).__name__} has no nn.ModuleList of blocks: expected a transformers model, or layers kept in one. "
            "Next: write the parameter groups by hand, [{'params': …, 'lr': …}, …]"
        )
    return [(name, module) for name, module in outer if sizes[name] * 10 >= max(sizes.values())]
