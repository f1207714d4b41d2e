"""Small problems that need no data: digits of scikit-learn, documents with Zipf words, networks for them."""

from itertools import pairwise

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn


def digits(seed=0, train=1000, dtype=torch.float32):
    """(x, y, x_test, y_test): 8 × 8 pixels in [0, 1], shuffled."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    x, y = torch.tensor(x[order] / 16, dtype=dtype), torch.tensor(y[order])
    return x[:train], y[:train], x[train:], y[train:]


def mlp(*widths, seed=0, dtype=torch.float32, batch_norm=False):
    torch.manual_seed(seed)
    layers = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), *([nn.BatchNorm1d(after)] if batch_norm else []), nn.ReLU()]
    return nn.Sequential(*layers[: -2 if batch_norm else -1]).to(dtype)


def zipf_documents(count, words=2000, length=20, classes=4, seed=0):
    """(ids (N, L), labels): words by Zipf's law; every fifth is drawn from the words of the document's class."""
    random = np.random.default_rng(seed)
    chance = 1 / np.arange(1, words + 1)
    labels = random.integers(classes, size=count)
    ids = random.choice(words, size=(count, length), p=chance / chance.sum())
    topical = random.random((count, length)) < 0.2
    ids = np.where(topical, ids // classes * classes + labels[:, None], ids).clip(max=words - 1)
    return torch.tensor(ids), torch.tensor(labels)


class Bag(nn.Module):
    """Mean of word vectors, then one layer."""

    def __init__(self, words=2000, width=32, classes=4, seed=0, sparse=False):
        super().__init__()
        torch.manual_seed(seed)
        self.words = nn.Embedding(words, width, sparse=sparse)
        self.out = nn.Linear(width, classes)

    def forward(self, ids):  # (B, L)
        return self.out(self.words(ids).mean(1))


def tiny_bert(seed=0, dropout=0.1, labels=2):
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(seed)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=60,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=16,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            num_labels=labels,
            attn_implementation="eager",
        )
    )


def bert_rows(count=24, seed=0):
    random = torch.Generator().manual_seed(seed)
    return [
        {
            "input_ids": torch.randint(60, (8,), generator=random),
            "attention_mask": torch.ones(8, dtype=torch.long),
            "labels": int(torch.randint(2, (), generator=random)),
        }
        for _ in range(count)
    ]


def arguments(folder, **options):
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(folder),
        **{
            "per_device_train_batch_size": 4,
            "max_steps": 8,
            "save_strategy": "no",
            "report_to": "none",
            "use_cpu": True,
            "disable_tqdm": True,
            "seed": 3,
            "logging_strategy": "no",
            **options,
        },
    )


def weights(model):
    """Parameters as one vector."""
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).clone()
