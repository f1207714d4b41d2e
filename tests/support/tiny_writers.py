"""Writers of a second: a network over rows as UniLM's, one encoder-decoder, and their batches."""

import torch
from torch import nn
from torch.nn import functional as F

CLS, SEP, WORDS = 2, 3, range(5, 40)


class TinyWriter(nn.Module):
    """Rows ``[CLS] source [SEP] target [SEP]``, read from left to right; logits at the places with labels only."""

    def __init__(self, seed=0, dropout=0.1):
        super().__init__()
        torch.manual_seed(seed)
        self.words = nn.Embedding(40, 16)
        self.reader = nn.GRU(16, 16, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(16, 40)

    def get_input_embeddings(self):
        return self.words

    def forward(self, input_ids, segments, attention_mask, labels):
        hidden = self.dropout(self.reader(self.words(input_ids))[0])
        logits = self.out(hidden[labels != -100])
        return {"loss": F.cross_entropy(logits, labels[labels != -100]), "logits": logits}


class Successor(nn.Module):
    """Predicts the number that follows, wherever there is a label; ``every`` gives logits (B, L, V)."""

    def __init__(self, every=False, certainty=9.0):
        super().__init__()
        self.every, self.certainty, self.passes = every, certainty, 0
        self.words = nn.Embedding(40, 1)

    def forward(self, input_ids, segments, attention_mask, labels=None):
        self.passes += 1
        self.had_gradients = torch.is_grad_enabled()
        logits = self.certainty * F.one_hot((input_ids + 1) % 40, 40).float()
        return {"logits": logits if self.every or labels is None else logits[labels != -100]}


def tiny_bart(seed=0, dropout=0.1):
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(seed)
    sizes = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in {"layers": 1, "attention_heads": 2, "ffn_dim": 32}.items()
    }
    ids = {"pad_token_id": 0, "bos_token_id": CLS, "eos_token_id": SEP, "decoder_start_token_id": SEP}
    return BartForConditionalGeneration(
        BartConfig(
            vocab_size=40,
            d_model=16,
            dropout=dropout,
            max_position_embeddings=32,
            attn_implementation="eager",
            **sizes,
            **ids,
        )
    )


def padded(rows, value):
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


def pairs(count=16, seed=0):
    """Sources with targets that are their beginnings."""
    generator = torch.Generator().manual_seed(seed)
    sources = [
        torch.randint(5, 40, (4 + number % 3,), generator=generator).tolist() for number in range(count)
    ]
    return [(source, source[: 2 + number % 2]) for number, source in enumerate(sources)]


def unilm_batch(items):
    """Pairs as rows with segments."""
    ids = [[CLS, *source, SEP, *target, SEP] for source, target in items]
    segments = [[0] * (len(source) + 2) + [1] * (len(target) + 1) for source, target in items]
    labels = [[-100] * (len(source) + 1) + [*target, SEP, -100] for source, target in items]
    return {
        "input_ids": padded(ids, 0),
        "segments": padded(segments, 0),
        "attention_mask": padded([[1] * len(row) for row in ids], 0),
        "labels": padded(labels, -100),
    }


def bart_batch(items):
    """Pairs for an encoder and a decoder."""
    return {
        "input_ids": padded([[CLS, *source, SEP] for source, _ in items], 0),
        "attention_mask": padded([[1] * (len(source) + 2) for source, _ in items], 0),
        "decoder_input_ids": padded([[SEP, *target] for _, target in items], 0),
        "labels": padded([[*target, SEP] for _, target in items], -100),
    }


WRITERS = {"unilm": (TinyWriter, unilm_batch), "bart": (tiny_bart, bart_batch)}
