"""Sequence classifiers of one or two layers, 32 wide, with random or planted knowledge."""

import random

import torch
import transformers
from small_models import CHARACTERS, VOCABULARY, make_tokenizer

SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "initializer_range": 0.2,
}
KINDS = {
    "bert": ("Bert", {}),
    "roformer": ("RoFormer", {"embedding_size": 16}),
    "roberta": ("Roberta", {}),
    "electra": ("Electra", {"embedding_size": 16}),
    "gpt2": ("GPT2", {"pad_token_id": None, "n_layer": 1, "n_head": 4, "n_embd": 32, "n_positions": 64}),
}


def make_classifier(kind="bert", seed=0, num_labels=3, **changes):
    """A classifier whose outputs differ from token to token, in evaluation mode, and its tokenizer."""
    torch.manual_seed(seed)
    name, more = KINDS[kind]
    labels = dict(enumerate(("负面", "中性", "正面", "其他")[:num_labels]))
    config = getattr(transformers, f"{name}Config")(**{**SIZES, **more, "id2label": labels, **changes})
    model = getattr(transformers, f"{name}ForSequenceClassification")(config).eval()
    return model, make_tokenizer(causal=kind == "gpt2")


def planted_texts(count, seed, keywords="电气", length=(6, 14)):
    """Texts of random characters, each with one keyword; the label is which one."""
    draw = random.Random(seed)
    others = [character for character in CHARACTERS if character not in keywords and character not in "，。"]
    texts, labels = [], []
    for _ in range(count):
        characters = draw.choices(others, k=draw.randint(*length))
        label = draw.randrange(len(keywords))
        characters.insert(draw.randrange(len(characters) + 1), keywords[label])
        texts.append("".join(characters))
        labels.append(label)
    return texts, labels


def train_planted(seed=0, steps=150, keywords="电气"):
    """A BERT of one layer that has learnt to look for the keywords."""
    model, tokenizer = make_classifier("bert", seed, num_labels=len(keywords), num_hidden_layers=1)
    texts, labels = planted_texts(32 * steps, seed + 1, keywords)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(steps):
        chosen = slice(32 * step, 32 * step + 32)
        rows = tokenizer(texts[chosen], padding=True, return_tensors="pt")
        loss = model(**rows, labels=torch.tensor(labels[chosen])).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval(), tokenizer
