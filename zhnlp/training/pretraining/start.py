"""Where a character model starts from: embeddings from co-occurrence and frequencies as output bias, or a trained model.

Co-occurrence is worth 0.4 nats early in training: the network does not have to find out which characters are alike and
common.  V vocabulary, D hidden.

Source: positive PMI and its singular vectors: Levy and Goldberg 2014; https://kexue.fm/archives/5617
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_WINDOW = 3  # neighbours on each side, weighted by 1/distance


def log_unigrams(ids: np.ndarray, size: int) -> Tensor:
    """ln of the smoothed share of each token, (V,) float32, in nats.

    Example:
        >>> log_unigrams(np.array([0, 0, 1]), 2).exp().tolist()
        [0.625, 0.375]
    """
    counts = np.bincount(ids, minlength=size) + 0.5
    return torch.from_numpy(np.log(counts / counts.sum()).astype(np.float32))


def ppmi_embeddings(ids: np.ndarray, size: int, width: int, *, spread: float = 0.04, seed: int = 0) -> Tensor:
    """Embeddings (V, D) from a truncated SVD of the positive PMI of tokens that stand near each other.

    Args:
        ids: a stretch of text, (T,); some millions are enough.
        size: V.
        width: D; where V gives fewer directions, the rest are small noise.
        spread: standard deviation of the result.
        seed: of the randomised SVD.

    Raises:
        ValueError: there are fewer than two tokens.
    """
    from scipy.sparse import coo_matrix
    from sklearn.utils.extmath import randomized_svd

    if len(ids) < 2:
        raise ValueError(f"there are {len(ids)} tokens: expected a stretch of text, some millions are enough")
    together = 0
    for distance in range(1, min(_WINDOW, len(ids) - 1) + 1):
        near = coo_matrix(
            (np.full(len(ids) - distance, 1 / distance), (ids[:-distance], ids[distance:])),
            shape=(size, size),
        ).tocsr()
        together = together + near + near.T
    together = together.tocoo()
    share = np.asarray(together.sum(0)).ravel()
    value = np.log(together.data * share.sum() / (share[together.row] * share[together.col]))
    above = value > 0
    ppmi = coo_matrix((value[above], (together.row[above], together.col[above])), shape=(size, size)).tocsr()
    rank = min(width, size - 1)
    left, strength, _ = randomized_svd(ppmi, rank, random_state=seed)
    vectors = np.random.default_rng(seed).normal(0, 1e-3, (size, width))
    vectors[:, :rank] += left * np.sqrt(strength)
    return torch.from_numpy((vectors * (spread / vectors.std())).astype(np.float32))


@torch.no_grad()
def start_from_counts(model: nn.Module, ids: np.ndarray, *, seed: int = 0) -> None:
    """Set input embeddings and output bias of a transformers language model from a stretch of text.

    Tokens that do not occur, such as [MASK], start near zero.
    """
    embedding = model.get_input_embeddings().weight
    size, width = embedding.shape
    embedding.copy_(ppmi_embeddings(ids, size, width, seed=seed))
    bias = getattr(model.get_output_embeddings(), "bias", None)
    if bias is not None:
        bias.copy_(log_unigrams(ids, size))


def vocabulary_of(name: str) -> list[str]:
    """The entries of a model's tokenizer in the order of their ids, for the tokens of a training that begins from it.

    Args:
        name: shipped name, folder or Hub id.

    Example:
        >>> vocabulary_of("zhnlp-mlm-small")[:3]
        ['[PAD]', '[UNK]', '[CLS]']
    """
    from zhnlp.tokenizers import load

    ids = load(name, check=False).get_vocab()
    return sorted(ids, key=ids.__getitem__)


@torch.no_grad()
def start_from_model(model: nn.Module, tokenizer: Any, name: str, head: str) -> dict[str, Any]:
    """Copy the weights of a trained model into ``model``; returns tokens, seconds, steps and hardware from its card, if any.

    Args:
        tokenizer: of the training to come.
        name: shipped name, folder or Hub id.
        head: of `zhnlp.models.loading.load_model`.

    Raises:
        ValueError: its vocabulary or a shape differs.
    """
    from zhnlp.checkpoints.card import read_card
    from zhnlp.checkpoints.locate import locate
    from zhnlp.models.loading import load_model
    from zhnlp.tokenizers import load

    if load(name, check=False).get_vocab() != tokenizer.get_vocab():
        raise ValueError(
            f"training cannot begin from {name}: its vocabulary is another than that of the tokens to train on. Next: "
            "tokens of the text that it was trained on, or a training without start"
        )
    given, own = (
        load_model(name, head, device="cpu", dtype=torch.float32, check=False).state_dict(),
        model.state_dict(),
    )
    for key in sorted(own.keys() | given.keys()):
        shapes = [tuple(found[key].shape) if key in found else None for found in (given, own)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"training cannot begin from {name}: {key} is {shapes[0]} there and {shapes[1]} in the plan. Next: the "
                "layers, width and heads that it has"
            )
    model.load_state_dict(given)
    folder = locate(name)
    fields = read_card(folder).fields if (folder / "README.md").is_file() else {}
    return {key: fields[key] for key in ("tokens", "seconds", "steps", "hardware") if key in fields}
