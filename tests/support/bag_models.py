"""A language model that can be reckoned by hand: what it says anywhere is the sum of what each token of the text says.

It knows no positions.  B texts, L tokens, V vocabulary.
"""

from types import SimpleNamespace

import torch
from torch import nn
from transformers import BertTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bag_tokenizer(characters):
    """BERT's tokenizer over some characters."""
    return BertTokenizer(vocab={token: number for number, token in enumerate([*SPECIAL, *characters])})


class BagModel(nn.Module):
    """Logits (B, L, V): ``bias`` plus, for each token of the text, its row of ``votes``.

    Args:
        bias: token → logit, 0 for others.
        votes: token → {token: what it adds}.
    """

    def __init__(self, tokenizer, bias, votes=None):
        super().__init__()
        ids = tokenizer.get_vocab()
        self.bias = nn.Parameter(torch.zeros(len(ids)))
        self.votes = nn.Embedding(len(ids), len(ids))
        nn.init.zeros_(self.votes.weight)
        with torch.no_grad():
            for token, value in bias.items():
                self.bias[ids[token]] = value
            for token, row in (votes or {}).items():
                for other, value in row.items():
                    self.votes.weight[ids[token], ids[other]] = value
        self.config = SimpleNamespace(vocab_size=len(ids))
        self.config.get_text_config = lambda: self.config

    @property
    def base_model(self):
        return self

    @property
    def device(self):
        return self.bias.device

    @property
    def dtype(self):
        return self.bias.dtype

    def get_input_embeddings(self):
        return self.votes

    def forward(self, input_ids=None, attention_mask=None, inputs_embeds=None):
        said = self.votes(input_ids) if inputs_embeds is None else inputs_embeds
        summed = (said * attention_mask[..., None]).sum(1, keepdim=True) + self.bias  # (B, 1, V)
        return SimpleNamespace(logits=summed.expand(-1, said.shape[1], -1))
